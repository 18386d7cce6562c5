"""Who may see a case, from whom they got it, and who looked."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest

from tests.web.people import homeowner, opened
from tests.web.signin.acts import link, signed_in

pytestmark = pytest.mark.usefixtures("platform")
PAGES = ("people", "people/organization", "people/person", "looked", "successor")


@pytest.fixture
def told(platform: None) -> Any:
    return opened({"servicer": "First Servicing", "first_due": "2026-01-01", "payment": "1500.00"})


def email_of(actor: Any) -> str:
    from hopenow.web.acting import serving
    from hopenow.web.people.models import Person

    with serving("accounts"):
        return str(Person.objects.get(id=actor.person).email)


def offered(told: Any, guest: Any, new_browser: Any, outbox: list[Any], **other: Any) -> str:
    given = {
        "email": email_of(guest),
        "relation": "representative",
        "scopes": ["documents", "facts"],
        "reason": "to help me with the papers",
        **other,
    }
    answer = signed_in(new_browser(), told.homeowner).post(f"/cases/{told.case}/people/person", given)
    assert answer.status_code == 302, answer.content.decode()
    return link(outbox[-1])


def sees(actor: Any, case: uuid.UUID) -> set[str]:
    from hopenow.web.acting import acting
    from hopenow.web.cases.models import Case, CaseKey

    with acting(actor):
        found = {"status"} if Case.objects.filter(id=case).exists() else set()
        return found | ({"facts"} if CaseKey.objects.filter(case_id=case).exists() else set())


def test_a_person_sees_the_case_once_they_have_accepted(told: Any, new_browser: Any, outbox: list[Any]) -> None:
    from hopenow.web.acting import acting
    from hopenow.web.cases.models import Event, Grant

    guest, thief = homeowner(), homeowner()
    path = offered(told, guest, new_browser, outbox)
    assert outbox[-1].to == [email_of(guest)]
    assert sees(guest, told.case) == set()
    other = signed_in(new_browser(), thief)
    assert other.get(path).status_code == other.post(path).status_code == 404
    browser = signed_in(new_browser(), guest)
    page = browser.get(path).content.decode()
    assert "Ana Ruiz wants to share" in page
    assert "Authorized representative" in page
    answer = browser.post(path)
    assert answer["Location"] == f"/cases/{told.case}/"
    assert browser.get(answer["Location"]).status_code == 200
    assert sees(guest, told.case) == {"status", "facts"}
    with acting(told.homeowner):
        grant = Grant.objects.get(case_id=told.case, grantee=guest.person)
        event = Event.objects.get(id=grant.event)
        assert event.person == told.homeowner.person, "it is the homeowner's act"
        assert grant.reason == event.details["reason"] == "to help me with the papers"
    # Once.
    assert browser.get(path).status_code == 404
    # And taken back at once.
    signed_in(new_browser(), told.homeowner).post(f"/cases/{told.case}/people/{grant.id}/withdraw")
    assert sees(guest, told.case) == set()
    assert browser.get(f"/cases/{told.case}/").status_code == 404


@pytest.mark.parametrize("how", ["expired", "taken back", "its day is over"])
def test_an_offer_that_is_over_does_not_work(told: Any, new_browser: Any, outbox: list[Any], how: str) -> None:
    from django.utils import timezone

    from hopenow.web.acting import serving
    from hopenow.web.people.models import CaseInvitation

    guest = homeowner()
    path = offered(told, guest, new_browser, outbox)
    with serving("accounts"):
        invitation = CaseInvitation.objects.get().id
        if how == "expired":
            CaseInvitation.objects.update(expires_at=timezone.now() - datetime.timedelta(seconds=1))
        elif how == "its day is over":
            CaseInvitation.objects.update(share_until=timezone.now().date() - datetime.timedelta(days=1))
    if how == "taken back":
        url = f"/cases/{told.case}/people/invitations/{invitation}/withdraw"
        assert signed_in(new_browser(), told.servicer).post(url).status_code == 302
        assert signed_in(new_browser(), guest).get(path).status_code == 200, "only its giver takes it back"
        signed_in(new_browser(), told.homeowner).post(url)
    signed_in(new_browser(), guest).post(path)
    assert sees(guest, told.case) == set()


def test_what_a_giver_lost_meanwhile_is_not_given(told: Any, new_browser: Any, outbox: list[Any]) -> None:
    from hopenow.web.acting import acting
    from hopenow.web.cases.models import Grant

    co_borrower, guest = homeowner(), homeowner()
    accepted = offered(told, co_borrower, new_browser, outbox, relation="co_borrower")
    signed_in(new_browser(), co_borrower).post(accepted)
    given = {"email": email_of(guest), "relation": "representative", "scopes": ["facts"], "reason": "to help"}
    browser = signed_in(new_browser(), co_borrower)
    assert browser.post(f"/cases/{told.case}/people/person", given).status_code == 302
    path = link(outbox[-1])
    # More than one has cannot be given.
    too_much = browser.post(f"/cases/{told.case}/people/person", given | {"scopes": ["identity"]})
    assert "cannot share what is not shared" in too_much.content.decode()
    with acting(told.homeowner):
        theirs = Grant.objects.get(case_id=told.case, grantee=co_borrower.person).id
    signed_in(new_browser(), told.homeowner).post(f"/cases/{told.case}/people/{theirs}/withdraw")
    answer = signed_in(new_browser(), guest).post(path)
    assert answer.status_code in (200, 404)
    assert sees(guest, told.case) == set()


def test_a_homeowner_shares_with_an_organization_and_takes_it_back(told: Any, new_browser: Any) -> None:
    from hopenow.web.acting import acting
    from hopenow.web.cases.models import Grant

    browser = signed_in(new_browser(), told.homeowner)
    given = {
        "organization": str(told.stranger.organization),
        "scopes": ["facts"],
        "reason": "they take over the loan",
        "until": "2999-01-01",
    }
    assert browser.post(f"/cases/{told.case}/people/organization", given | {"until": "2001-01-01"}).status_code == 200
    assert sees(told.stranger, told.case) == set()
    assert browser.post(f"/cases/{told.case}/people/organization", given).status_code == 302
    assert sees(told.stranger, told.case) == {"status", "facts"}
    page = browser.get(f"/cases/{told.case}/people").content.decode()
    assert "they take over the loan" in page
    assert "January 1, 2999" in page
    with acting(told.homeowner):
        counselor = Grant.objects.get(case_id=told.case, grantee=told.counselor.organization).id
        servicer = Grant.objects.get(case_id=told.case, grantee=told.servicer.organization).id
    browser.post(f"/cases/{told.case}/people/{counselor}/withdraw")
    assert sees(told.counselor, told.case) == set()
    assert "Who could see it before" in browser.get(f"/cases/{told.case}/people").content.decode()
    refused = browser.post(f"/cases/{told.case}/people/{servicer}/withdraw", follow=True).content.decode()
    assert "your servicer must see the case" in refused
    assert "facts" in sees(told.servicer, told.case)


@pytest.mark.parametrize("who", ["servicer", "counselor"])
def test_others_cannot_share_or_take_back(told: Any, new_browser: Any, outbox: list[Any], who: str) -> None:
    from hopenow.web.acting import acting
    from hopenow.web.cases.models import Grant

    browser = signed_in(new_browser(), getattr(told, who))
    common = {"scopes": ["status"], "reason": "because I can"}
    person = {**common, "email": "a@example.org", "relation": "representative"}
    organization = {**common, "organization": str(told.stranger.organization)}
    assert browser.post(f"/cases/{told.case}/people/person", person).status_code == 200
    assert browser.post(f"/cases/{told.case}/people/organization", organization).status_code == 200
    with acting(told.homeowner):
        own = Grant.objects.get(case_id=told.case, grantee=told.counselor.organization).id
    browser.post(f"/cases/{told.case}/people/{own}/withdraw")
    assert outbox == []
    assert sees(told.stranger, told.case) == set()
    assert sees(told.counselor, told.case) == {"status"}


@pytest.mark.parametrize("who", ["stranger", "neighbor"])
@pytest.mark.parametrize("page", PAGES)
def test_nobody_else_sees_these_pages(told: Any, new_browser: Any, who: str, page: str) -> None:
    browser = signed_in(new_browser(), getattr(told, who))
    assert browser.get(f"/cases/{told.case}/{page}").status_code == 404
    assert browser.post(f"/cases/{told.case}/people/{uuid.uuid4()}/withdraw").status_code == 404


@pytest.mark.parametrize("who", ["homeowner", "servicer", "counselor"])
def test_parties_see_who_sees_and_who_looked(told: Any, new_browser: Any, who: str) -> None:
    browser = signed_in(new_browser(), getattr(told, who))
    for page in PAGES:
        assert browser.get(f"/cases/{told.case}/{page}").status_code == 200


def test_every_look_at_a_name_is_on_record_and_the_homeowner_sees_it(told: Any, new_browser: Any) -> None:
    from hopenow.web.acting import acting
    from hopenow.web.cases.models import Reading

    signed_in(new_browser(), told.servicer).get(f"/cases/{told.case}/")
    # Nothing sensitive is shared with the counselor, so there is nothing to record.
    signed_in(new_browser(), told.counselor).get(f"/cases/{told.case}/")
    page = signed_in(new_browser(), told.homeowner).get(f"/cases/{told.case}/looked").content.decode()
    assert page.count("Name, address of the home, loan number") == 1
    assert "Somebody of First Servicing, First Servicing" in page
    with acting(told.homeowner):
        (row,) = Reading.objects.filter(case_id=told.case)
        assert row.person_id == told.servicer.person
        assert row.organization == told.servicer.organization
        assert row.request


def test_a_look_cannot_be_recorded_for_another_or_taken_out(told: Any) -> None:
    from django.db import DatabaseError, connection

    from hopenow.web.acting import Actor, acting
    from hopenow.web.cases.reading import NAMES, looked

    with acting(told.servicer):
        looked(told.servicer, told.case, NAMES)
    with pytest.raises(ValueError, match="not something"), acting(told.servicer):
        looked(told.servicer, told.case, "everything")
    with pytest.raises(DatabaseError, match="row-level security"), acting(told.servicer):
        looked(Actor(told.homeowner.person), told.case, NAMES)
    for statement in ("DELETE FROM cases_reading", "UPDATE cases_reading SET what = 'x'"):
        with (
            pytest.raises(DatabaseError, match=r"denied|only grows"),
            acting(told.servicer),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_an_offer_is_in_nobody_elses_sight(told: Any, new_browser: Any, outbox: list[Any]) -> None:
    from django.db import connection

    from hopenow.web.acting import acting

    offered(told, homeowner(), new_browser, outbox)
    for who, count in (("homeowner", 1), ("servicer", 0), ("counselor", 0), ("stranger", 0), ("neighbor", 0)):
        with acting(getattr(told, who)), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM people_caseinvitation")
            assert cursor.fetchone() == (count,), who


def test_a_successor_is_let_in_after_the_servicer_confirmed_them(
    told: Any, new_browser: Any, outbox: list[Any]
) -> None:
    from hopenow.web.acting import acting
    from hopenow.web.cases.models import Event, Grant

    widow = homeowner()
    servicer = signed_in(new_browser(), told.servicer)
    path = f"/cases/{told.case}"
    given = {"email": email_of(widow), "relation": "successor", "scopes": ["facts"], "reason": "confirmed successor"}
    early = servicer.post(f"{path}/people/person", given).content.decode()
    assert "No successor is confirmed" in early
    for kind in ("successor_inquired", "successor_documents_listed", "successor_confirmed"):
        page = servicer.get(f"{path}/successor").content.decode()
        assert f"{path}/tell/{kind}" in page, "the next step is offered"
        with acting(told.homeowner):
            about = Event.objects.filter(case_id=told.case, kind="successor_inquired").first()
        form = {"day": "2026-02-03", **({"about": str(about.id)} if about else {})}
        answer = servicer.post(f"{path}/tell/{kind}", form)
        assert answer.status_code == 302, answer.content.decode()
    assert servicer.post(f"{path}/people/person", given | {"relation": "representative"}).status_code == 200
    assert outbox == []
    assert servicer.post(f"{path}/people/person", given).status_code == 302
    assert sees(widow, told.case) == set()
    assert signed_in(new_browser(), widow).post(link(outbox[-1])).status_code == 302
    assert sees(widow, told.case) == {"status", "facts"}
    with acting(told.homeowner):
        grant = Grant.objects.get(case_id=told.case, grantee=widow.person)
        assert grant.relation == "successor"
        assert Event.objects.get(id=grant.event).organization == told.servicer.organization
