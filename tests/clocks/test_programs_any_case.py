"""Program clocks and state overlays over any list of events: sound, only for their loans, only within their dates."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from hopenow.clocks import DEFAULT, Case, Clockwork, derive, law_files, rulebook, simulate
from hopenow.clocks.derive import plain
from hopenow.clocks.events import Event
from hopenow.clocks.families.programs import PROGRAMS
from hopenow.clocks.families.states import states_with_law
from tests.clocks.test_any_case import any_case

ERAS = [(2007, 2010), (2012, 2016), (2019, 2023), (2024, 2027)]
# What is owed before something else may be owed too late from the beginning.
BEFORE = {"TN-1", "TN-2", "VA-A30", "HN-P1", "FB-T6", "FHA-T8", "HAMP-16"}
DAY = datetime.timedelta(days=1)
ROLLED = DEFAULT.with_(roll_back="previous_business_day", observed_holidays="saturday_to_friday")


def as_of(case: Case) -> datetime.date:
    return case.events[-1].day + 40 * DAY if case.events else datetime.date(2026, 1, 1)


def rules_of(clockwork: Clockwork) -> set[str]:
    listed: list[Any] = [*clockwork.duties, *clockwork.protections, *clockwork.rights, *clockwork.breaches]
    return {item.legal.rule for item in listed}


def sound(clockwork: Clockwork) -> None:
    duties = [(duty.legal.rule, duty.about, duty.since, duty.due) for duty in clockwork.duties]
    assert len(duties) == len(set(duties))
    for shield in clockwork.protections:
        assert shield.start <= clockwork.as_of
        assert shield.until is None or shield.start <= shield.until
    for right in clockwork.rights:
        assert right.until is None or right.start <= right.until, right
        assert right.used is None or right.used <= clockwork.as_of
    for duty in clockwork.duties:
        assert duty.done is None or duty.done <= clockwork.as_of
        assert duty.due is None or duty.since <= duty.due or duty.legal.rule in BEFORE, duty


@pytest.mark.parametrize("program", [*PROGRAMS, "NJ", "CT", "MN", "CA"])
def test_any_case_is_sound(program: str) -> None:
    facts = {"programs": [program]} if program in PROGRAMS else {"state": program}
    for seed in range(6):
        for era in ERAS:
            case = any_case(seed, era, 60, of_programs=True, **facts)
            for policies in (DEFAULT, ROLLED):
                clockwork = derive(case, as_of(case), policies)
                assert "{0}" not in json.dumps(clockwork.as_dict())
                sound(clockwork)
            overdue = simulate([case], as_of(case), everything=True)["status"].to_list().count("overdue")
            assert overdue == sum(duty.status == "overdue" for duty in derive(case, as_of(case)).duties)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_s_clocks_come_only_for_its_loans_and_within_its_dates(program: str) -> None:
    own = {rule for file in law_files().values() if program in file.programs for rule in file.rules}
    met: set[str] = set()
    for seed in range(12):
        for era in ERAS:
            with_it = any_case(seed, era, 60, of_programs=True, programs=[program])
            without = Case(with_it.id, any_case(seed, era, 0).loan, with_it.events)
            plain_work, work = derive(without, as_of(without)), derive(with_it, as_of(with_it))
            assert not own & rules_of(plain_work)
            assert rules_of(work) - rules_of(plain_work) <= own
            # What every loan has stays as it is, item for item (breaches aside: they may be against more bars).
            kept = [plain(duty) for duty in work.duties if duty.legal.rule not in own]
            assert kept == [plain(duty) for duty in plain_work.duties]
            met |= own & rules_of(work)
            for duty in work.duties:
                if duty.legal.rule in own:
                    versions = rulebook().versions[duty.legal.rule]
                    assert versions[0].start <= duty.since.toordinal()
    # Freddie Mac's rules are mostly reference and notes.
    assert len(met) > len(own) * (0.1 if program == "freddie_mac" else 0.3), sorted(own - met)


def test_a_state_s_clocks_come_only_for_its_homes() -> None:
    own = {
        state: {r for f in law_files().values() if state in f.states for r in f.rules} for state in states_with_law()
    }
    assert set(own) == {"CA", "CT", "MN", "NJ"}
    for seed in range(8):
        base = any_case(seed, (2024, 2027), 60, of_programs=True)
        before = derive(base, as_of(base))
        assert not set().union(*own.values()) & rules_of(before)
        for state, rules in own.items():
            there = any_case(seed, (2024, 2027), 60, of_programs=True, state=state)
            assert rules_of(derive(there, as_of(there))) - rules_of(before) <= rules
        elsewhere = any_case(seed, (2024, 2027), 60, of_programs=True, state="WY")
        assert derive(elsewhere, as_of(elsewhere)).as_dict() == before.as_dict()


def test_an_unknown_program_is_said() -> None:
    case = any_case(1, (2024, 2027), 10, programs=["fnma", "fha"])
    notes = derive(case, as_of(case)).facts.notes
    assert any("'fnma'" in note and "fannie_mae" in note for note in notes)


@pytest.mark.parametrize("program", PROGRAMS)
def test_unrelated_events_change_no_program_clock(program: str) -> None:
    for seed in range(8):
        for era in ERAS:
            case = any_case(seed, era, 50, of_programs=True, programs=[program])
            day = as_of(case)
            before = derive(case, day)
            for kind in ("note_made", "request_received"):
                details = {"asks": "other"} if kind == "request_received" else {}
                new = Event(kind, datetime.date(era[1] - 1, 6, 15), "new", details=details)
                after = derive(case.with_events([new]), day)
                for listed in ("duties", "protections", "rights", "breaches"):
                    kept = [plain(i) for i in getattr(after, listed) if "new" not in i.events and i.about != "new"]
                    assert kept == [plain(item) for item in getattr(before, listed)], (seed, era, kind)
