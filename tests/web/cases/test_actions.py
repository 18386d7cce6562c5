"""Actions: permission, refusal, one transaction, once only, and what is derived from them."""

from __future__ import annotations

import concurrent.futures
import datetime
import uuid
from typing import Any

import pytest

from hopenow.errors import InputError

pytestmark = pytest.mark.usefixtures("platform")

LOAN = {"servicer": "First Servicing", "first_due": "2026-01-01", "payment": "1500.00"}


@pytest.fixture
def told(platform: None) -> Any:
    from tests.web.people import opened

    return opened(LOAN)


def do(actor: Any, name: str, case: Any, key: str = "", **given: Any) -> Any:
    from hopenow.web.cases.actions import perform

    return perform(actor, name, case, given, key=key)


def tell(actor: Any, case: Any, kind: str, day: str, **other: Any) -> Any:
    return do(actor, "tell", case, kind=kind, day=day, **other)


def column(actor: Any, case: Any, name: str) -> Any:
    from hopenow.web.acting import acting
    from hopenow.web.cases.models import Case

    with acting(actor):
        return Case.objects.values_list(name, flat=True).get(id=case)


def count(actor: Any, case: Any) -> int:
    from hopenow.web.acting import acting
    from hopenow.web.cases.models import Event

    with acting(actor):
        return Event.objects.filter(case=case).count()


def test_a_case_opens_with_its_shares_and_the_case_key(told: Any) -> None:
    from hopenow.web.acting import acting
    from hopenow.web.cases import ledger
    from hopenow.web.cases.models import Event

    with acting(told.homeowner):
        events = list(Event.objects.filter(case=told.case))
        assert [event.kind for event in events] == ["case_opened", "share_given", "share_given", "share_given"]
        assert b"Ana Ruiz" not in bytes(events[0].private)
        assert "Ana Ruiz" not in str(events[0].details)
        opened = ledger.private(events[0], ledger.cipher(told.case))
    assert opened == {"borrower": "Ana Ruiz", "loan_number": "0012345"}
    with acting(told.counselor):
        first = Event.objects.filter(case=told.case).first()
        assert ledger.cipher(told.case) is None
        assert ledger.private(first, None) == {}


def test_events_move_the_case_and_its_next_deadline(told: Any) -> None:
    assert column(told.homeowner, told.case, "state") == "talking"
    tell(told.servicer, told.case, "application_received", "2026-03-02", details={"missing": ["pay stub"]})
    assert column(told.homeowner, told.case, "state") == "applying"
    from hopenow.web.acting import acting
    from hopenow.web.cases import projection

    with acting(told.homeowner):
        derived = projection.rebuilt(told.case, datetime.date(2026, 3, 3))
    assert derived["waiting_for"] == "servicer"
    assert derived["next_due"] is not None


def test_what_contradicts_the_ledger_is_refused_whole(told: Any) -> None:
    before = count(told.homeowner, told.case)
    with pytest.raises(InputError, match=r"appeal|decision|denial"):
        tell(told.homeowner, told.case, "appeal_received", "2026-03-02")
    assert count(told.homeowner, told.case) == before


def test_a_state_lets_only_its_own_events_through(told: Any) -> None:
    do(told.homeowner, "close_case", told.case, outcome="kept_home")
    with pytest.raises(InputError, match="not possible while"):
        tell(told.servicer, told.case, "application_received", "2026-03-02")
    do(told.homeowner, "reopen_case", told.case)
    tell(told.servicer, told.case, "application_received", "2026-03-02")


@pytest.mark.parametrize("who", ["stranger", "neighbor"])
def test_a_foreign_case_is_not_there(told: Any, who: str) -> None:
    from hopenow.web.cases.actions import ACTIONS, Refused

    for name in ACTIONS:
        if name != "open_case":
            with pytest.raises((Refused, InputError), match=r"no such case|missing or wrong"):
                do(getattr(told, who), name, told.case, **_SOMETHING.get(name, {}))


_SOMETHING: dict[str, dict[str, Any]] = {
    "tell": {"kind": "live_contact_made"},
    "share_case": {"grantee": str(uuid.uuid4()), "relation": "counselor", "scopes": ["status"], "reason": "help"},
    "withdraw_share": {"grant": str(uuid.uuid4())},
    "close_case": {"outcome": "unknown"},
    "give_loan_facts": {"loan": {"state": "OH"}},
}


def test_each_party_says_what_is_theirs_to_say(told: Any) -> None:
    from hopenow.web.cases.actions import Refused

    with pytest.raises(Refused, match="for the servicer to say"):
        tell(told.homeowner, told.case, "acknowledgment_sent", "2026-03-02", details={"complete": True})
    with pytest.raises(Refused, match="not something that you can do"):
        do(told.servicer, "share_case", told.case, **_SOMETHING["share_case"])


def test_an_observer_only_looks(told: Any) -> None:
    import dataclasses

    from hopenow.web.cases.actions import Refused

    with pytest.raises(Refused, match="role does not include"):
        tell(dataclasses.replace(told.servicer, role="observer"), told.case, "live_contact_made", "2026-03-02")


def test_nobody_shares_what_they_do_not_see(told: Any) -> None:
    from hopenow.web.cases.actions import Refused

    helper = told.neighbor
    do(
        told.homeowner,
        "share_case",
        told.case,
        grantee=helper.person,
        relation="representative",
        scopes=["status"],
        reason="my brother helps me",
    )
    with pytest.raises(Refused, match="cannot share what is not shared with you: identity"):
        do(helper, "share_case", told.case, **{**_SOMETHING["share_case"], "scopes": ["status", "identity"]})


def test_a_share_is_taken_back(told: Any) -> None:
    from hopenow.web.acting import acting
    from hopenow.web.cases.actions import Refused
    from hopenow.web.cases.models import Grant

    with acting(told.homeowner):
        grants = {grant.relation: grant.id for grant in Grant.objects.filter(case=told.case)}
    do(told.homeowner, "withdraw_share", told.case, grant=grants["counselor"])
    with pytest.raises(Refused, match="no such case"):
        tell(told.counselor, told.case, "help_requested", "2026-03-02")
    for relation in ("servicer", "borrower"):
        with pytest.raises(Refused, match="Take back a share"):
            do(told.homeowner, "withdraw_share", told.case, grant=grants[relation])


def test_a_request_sent_twice_is_done_once(told: Any) -> None:
    first = do(told.servicer, "tell", told.case, key="k1", kind="live_contact_made", day="2026-02-03")
    again = do(told.servicer, "tell", told.case, key="k1", kind="live_contact_made", day="2026-02-03")
    assert again.events == first.events
    assert (first.repeated, again.repeated) == (False, True)
    assert count(told.homeowner, told.case) == 5
    with pytest.raises(InputError, match="used for something else"):
        do(told.servicer, "tell", told.case, key="k1", kind="live_contact_made", day="2026-02-04")
    other = do(told.homeowner, "tell", told.case, key="k1", kind="help_requested", day="2026-02-03")
    assert not other.repeated


def test_a_failed_action_frees_its_key(told: Any) -> None:
    with pytest.raises(InputError):
        do(told.homeowner, "tell", told.case, key="k2", kind="appeal_received", day="2026-03-02")
    assert not do(told.homeowner, "tell", told.case, key="k2", kind="help_requested", day="2026-03-02").repeated


def test_two_at_once_lose_nothing(told: Any) -> None:
    from django.db import connection

    def one(number: int) -> Any:
        try:
            day = datetime.date(2026, 2, 1) + datetime.timedelta(days=number)
            return tell(told.servicer, told.case, "live_contact_attempted", day.isoformat())
        finally:
            connection.close()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        done = list(pool.map(one, range(12)))
    assert len({event for each in done for event in each.events}) == 12
    from hopenow.web.acting import acting
    from hopenow.web.cases.models import Event

    with acting(told.homeowner):
        numbers = list(Event.objects.filter(case=told.case).values_list("number", flat=True))
    assert numbers == list(range(1, 17))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"channel": "pigeon"},
        {"channel": "web", "loan": {"payment": "a lot"}},
        {"channel": "web", "surprise": 1},
        {"channel": "web", "loan": {"colour": "red"}},
    ],
)
def test_a_wrong_form_says_what_is_wrong(platform: None, given: dict[str, Any]) -> None:
    from tests.web.people import homeowner

    with pytest.raises(InputError):
        do(homeowner(), "open_case", None, **given)
