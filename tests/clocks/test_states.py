"""State overlays: each shape one day before, at, and after; a new state is a file and changes nothing else."""

from __future__ import annotations

import datetime
import importlib
from typing import Any

import pytest

from hopenow.clocks import DEFAULT, Status, law_files
from hopenow.clocks.families import states
from tests.clocks.stories import Told, row, told

SALE = [
    row("first_filing_made", "2026-10-05"),
    row("sale_scheduled", "2026-11-01", sale_date="2026-12-10"),
    row("sale_held", "2026-12-10"),
]


def at(state: str, rows: list[dict[str, Any]], as_of: str) -> Told:
    return told(rows, as_of, first_due="2026-05-01", state=state)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def test_mediation_in_new_jersey() -> None:
    rows = [row("complaint_served", "2026-10-05")]
    assert at("NJ", rows, "2026-12-03").right("NJ-MED").open
    right = at("NJ", rows, "2026-12-04").right("NJ-MED")
    assert (right.until, right.open, right.legal.verification) == (day("2026-12-04"), True, "secondary")
    assert not at("NJ", rows, "2026-12-05").right("NJ-MED").open
    used = [*rows, row("mediation_requested", "2026-12-04")]
    assert at("NJ", used, "2026-12-05").right("NJ-MED").used == day("2026-12-04")
    earlier = at("NJ", [row("complaint_served", "2026-09-23")], "2026-10-01").right("NJ-MED")
    assert earlier.legal.verification == "unverified"
    renter = told(rows, "2026-10-10", first_due="2026-05-01", state="NJ", principal_residence=False)
    assert "NJ-MED" not in {right.legal.rule for right in renter.rights}


def test_mediation_in_connecticut_has_no_known_last_day() -> None:
    right = at("CT", [row("complaint_served", "2026-10-05")], "2026-12-20").right("CT-MED")
    assert (right.until, right.open) == (None, True)
    assert "not known" in str(right.counted)


@pytest.mark.parametrize(("state", "rule", "last"), [("NJ", "NJ-RED", "2026-12-20"), ("MN", "MN-RED", "2027-06-08")])
def test_redemption(state: str, rule: str, last: str) -> None:
    right = at(state, SALE, last).right(rule)
    assert (right.until, right.open, right.legal.verification) == (day(last), True, "unverified")
    after = (day(last) + datetime.timedelta(days=1)).isoformat()
    assert not at(state, SALE, after).right(rule).open
    redeemed = [*SALE, row("home_redeemed", last)]
    assert at(state, redeemed, after).right(rule).used == day(last)


def test_adjournments_in_new_jersey() -> None:
    rows = SALE[:2]
    assert at("NJ", rows, "2026-11-05").right("NJ-ADJ").open
    once = [
        *rows,
        row("sale_adjourned", "2026-11-10", by="homeowner"),
        row("sale_adjourned", "2026-11-11", by="lender"),
    ]
    assert at("NJ", once, "2026-11-15").right("NJ-ADJ").open
    twice = [*once, row("sale_adjourned", "2026-11-12", by="homeowner")]
    assert not at("NJ", twice, "2026-11-15").right("NJ-ADJ").open


def test_contact_in_california() -> None:
    duty = at("CA", [], "2026-06-01").duty("CA-CON")
    assert (duty.due, duty.status) == (None, Status.OPEN)
    filed = row("first_filing_made", "2026-10-05")
    assert "CA-CON" in at("CA", [filed], "2026-10-10").broken()
    spoken = at("CA", [row("live_contact_made", "2026-10-05"), filed], "2026-10-10")
    assert "CA-CON" not in spoken.broken()
    assert "CA-CON" in at("CA", [filed, row("live_contact_made", "2026-10-06")], "2026-10-10").broken()


def test_elsewhere_nothing_comes() -> None:
    own = {rule for file in law_files().values() if file.states for rule in file.rules}
    for state in ("WY", "XX"):
        found = at(state, SALE, "2026-12-15")
        assert not own & ({r.legal.rule for r in found.rights} | found.rules())


def test_every_rule_of_a_state_has_a_shape_and_its_state_s_code() -> None:
    for file in law_files().values():
        for state in file.states:
            for rule in file.rules:
                code, shape = rule.split("-")
                assert code == state
                assert shape in states.SHAPES


def test_the_shape_of_a_notice_before_filing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state's notice bars the first filing for its days; no state here has one that the reference gives days for."""
    law = {
        "title": "Test",
        "document": "1024-2017",
        "states": ["ZZ"],
        "rules": {
            "ZZ-NOT": {
                "title": "Notice before foreclosure",
                "who": "servicer",
                "trigger": "foreclosure is intended",
                "must": "Wait after the notice",
                "length": 30,
                "day": "CAL",
                "cite": "test",
                "verification": "unverified",
                "versions": [{"from": datetime.date(2014, 1, 1)}],
            }
        },
    }
    rules = importlib.import_module("hopenow.clocks.rulebook")
    with_it = {**law_files(), "state_zz": rules.read_law("state_zz.yaml", law)}
    before = at("NJ", SALE, "2026-12-15").as_dict()
    monkeypatch.setattr(rules, "law_files", lambda: with_it)
    monkeypatch.setattr(states, "states_with_law", lambda: frozenset({"ZZ", "NJ"}))
    book = rules.Rulebook(DEFAULT)
    monkeypatch.setattr(importlib.import_module("hopenow.clocks.derive"), "rulebook", lambda policies: book)
    rows = [row("state_notice_sent", "2026-10-05")]
    assert at("ZZ", rows, "2026-11-04").shield_of("ZZ-NOT").in_force
    assert not at("ZZ", rows, "2026-11-05").shield_of("ZZ-NOT").in_force
    assert "ZZ-NOT" in at("ZZ", [*rows, row("first_filing_made", "2026-11-04")], "2026-11-10").broken()
    # The other states stay as they were.
    assert at("NJ", SALE, "2026-12-15").as_dict() == before
