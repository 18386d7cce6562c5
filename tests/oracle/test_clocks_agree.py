"""The clocks agree with an independent recount: random stories, every day of twenty years, and what must not matter."""

from __future__ import annotations

import bisect
import datetime
import random
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from hopenow.clocks import DEFAULT, Clockwork, Policies, derive, read_case
from hopenow.clocks.rulebook import rulebook
from tests.oracle.clocks import (
    SATURDAY_TO_FRIDAY,
    STATUTORY,
    SUNDAY_TO_MONDAY,
    cal,
    counts,
    holidays,
    recount,
    xhol,
)
from tests.oracle.clocks_agreement import differences
from tests.oracle.clocks_stories import random_story

OBSERVED = (STATUTORY, SUNDAY_TO_MONDAY, SATURDAY_TO_FRIDAY)
POLICIES = {name: DEFAULT.with_(observed_holidays=name) for name in OBSERVED}
FROM, UNTIL = date(2014, 1, 10), date(2034, 12, 31)

COUNTED = {
    5: ("NE-1", "NE-7", "NE-8", "RI-1", "RI-4", "RI-5", "LM-2", "LM-6"),
    7: ("NE-2",),
    10: ("RI-2", "TR-2"),
    15: ("NE-6",),
    20: ("ER-1",),
    30: ("NE-3", "NE-5", "RI-3", "RI-6"),
}
"""Days without holidays, Saturdays and Sundays, by length, as the reference's tables have them."""
CALENDAR = {
    "EI-1": 36, "EI-3": 45, "EI-4": 180, "EI-5": 180, "EI-6": 45, "EI-7": 45, "EI-8": 45, "EI-10": 45, "CC-1": 45,
    "LM-3": 30, "EV-1": 30, "EV-2": 30, "RS-1": 14, "RS-2": 7, "RS-4": 14, "FC-1": 120, "AP-1": 14, "AP-3": 30,
    "TR-5": 30, "TR-6": 30, "NE-9": 60, "PP-9": 5, "TN-1": -15, "TN-2": 15, "FP-1": 45, "FP-2": 30, "ES-2": 30,
    "ES-3": 30, "PC-2": 5, "MT-1": 30,
}  # fmt: skip


IN_FORCE_FROM = {
    **dict.fromkeys(
        ("EI-5", "EI-6", "EI-7", "EI-8", "EI-10", "EV-2", "LM-6", "TR-2", "TR-5", "TR-6"), date(2017, 10, 19)
    ),
    "RI-6": date(2018, 4, 19),
}
"""Rules that came with the amendments of 2016 (the reference's section 0.1); all others from the beginning."""


def every_day() -> list[date]:
    """Every day of the sweeps."""
    return [FROM + timedelta(days=number) for number in range((UNTIL - FROM).days + 1)]


def compare(first: int, count: int) -> None:
    """Compare a run of random stories, the three policies on holidays in turn."""
    for seed in range(first, first + count):
        story, as_of = random_story(seed)
        found = list(differences(story, as_of, POLICIES[OBSERVED[seed % 3]]))
        assert not found, f"story {seed} as of {as_of}:\n" + "\n".join(found)


# --- random stories -------------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(4))
def test_random_stories_agree(part: int) -> None:
    """Every duty's days, shield, right and tier."""
    compare(part * 1_000, 1_000)


@pytest.mark.long
@pytest.mark.parametrize("part", range(10))
def test_a_hundred_thousand_stories_agree(part: int) -> None:
    """The same, at length."""
    compare(1_000_000 + part * 10_000, 10_000)


def test_the_stories_reach_every_rule() -> None:
    """An agreement about nothing would be worth nothing."""
    rules: set[str] = set()
    tiers: set[str | None] = set()
    for seed in range(1_500):
        story, as_of = random_story(seed)
        own = recount(story["loan"], story["events"], as_of)
        assert own.days_delinquent is not None
        rules |= {owed.rule for owed in own.owed} | {x.rule for x in own.shields} | {x.rule for x in own.chances}
        tiers |= set(own.tiers.values())
    wanted = [
        "EI-1",
        "EI-3",
        "EI-5",
        "EI-6",
        "EI-7",
        "EI-8",
        "EI-10",
        "CC-1",
        "LM-1",
        "LM-2",
        "LM-3",
        "LM-6",
        "EV-1",
        "RS-1",
        "RS-2",
        "AP-1",
        "AP-3",
        "TR-2",
        "TR-5",
        "TR-6",
        "FC-1",
        "FC-2",
        "FC-3",
        "NE-1",
        "NE-2",
        "NE-3",
        "NE-4",
        "NE-5",
        "NE-6",
        "NE-8",
        "NE-9",
        "NE-10",
        "RI-1",
        "RI-2",
        "RI-3",
        "RI-5",
        "RI-6",
        "PP-9",
        "TN-1",
        "TN-2",
        "TN-3",
        "FP-1",
        "FP-2",
        "FP-3",
        "ER-1",
        "ES-2",
        "ES-3",
        "PC-2",
        "PC-5",
        "MT-1",
        "PS-2",
    ]
    assert not set(wanted) - rules
    assert tiers == {"T1", "T2", "T3", "T4", None}


# --- every day of twenty years --------------------------------------------------------------------


@pytest.mark.parametrize("observed", OBSERVED)
def test_every_day_without_holidays_and_weekends(observed: str) -> None:
    """Every start day of twenty-one years, every length, under each policy on observed holidays."""
    days = [date(2014, 1, 1) + timedelta(days=number) for number in range(365 * 22)]
    open_days = [day for day in days if counts(day, observed)]
    book = rulebook(POLICIES[observed])
    for day in every_day():
        place = bisect.bisect_right(open_days, day) - 1
        for length, rules in COUNTED.items():
            last = open_days[place + length].toordinal()
            for rule in rules:
                if day < IN_FORCE_FROM.get(rule, FROM):
                    assert rule not in book.at(day.toordinal())
                    continue
                assert book.rule(rule, day.toordinal()).after(day.toordinal()) == last, (rule, day)


@pytest.mark.parametrize("observed", OBSERVED)
def test_the_table_of_the_sweep_is_stepped_right(observed: str) -> None:
    """The sweep's short cut against plain stepping, with every holiday and the days around it as start."""
    book = rulebook(POLICIES[observed])
    for year in range(2015, 2035):
        for holiday in holidays(year, observed):
            for start in (holiday + timedelta(days=shift) for shift in range(-8, 3)):
                for length, rules in COUNTED.items():
                    rule = book.rule(rules[0], start.toordinal())
                    assert rule.after(start.toordinal()) == xhol(start, length, observed).toordinal()


@pytest.mark.parametrize("rule", CALENDAR)
def test_every_calendar_day(rule: str) -> None:
    """Nothing moves forward or back, over leap days and year ends."""
    book = rulebook()
    length = CALENDAR[rule]
    for day in every_day():
        if day < IN_FORCE_FROM.get(rule, FROM):
            assert rule not in book.at(day.toordinal())
            continue
        assert book.rule(rule, day.toordinal()).after(day.toordinal()) == (day + timedelta(days=length)).toordinal()


def test_juneteenth_counts_until_2020() -> None:
    """June 19 is a holiday of the statute from 2021 on."""
    book = rulebook()
    for year, last in ((2020, date(2020, 6, 23)), (2023, date(2023, 6, 26)), (2024, date(2024, 6, 24))):
        start = last - timedelta(days=7)
        assert xhol(start, 5) == date.fromordinal(book.rule("NE-1", start.toordinal()).after(start.toordinal()))
        assert (date(year, 6, 19) in holidays(year)) is (year >= 2021)


def test_leap_days_and_year_ends() -> None:
    """Examples in the words of the commentary: 30 days on January 31, 90 on April 1 of a common year."""
    for year, ninety in ((2023, date(2023, 4, 1)), (2024, date(2024, 3, 31))):
        assert cal(date(year, 1, 1), 30) == date(year, 1, 31)
        assert cal(date(year, 1, 1), 90) == ninety
        case = read_case({"case": "L", "loan": {"first_due": date(year, 1, 1)}, "events": []})
        assert derive(case, ninety).facts.days_delinquent == 90


# --- what must not matter, and what must stay ------------------------------------------------------


def items(clockwork: Clockwork) -> set[tuple[Any, ...]]:
    """What a clockwork says, without the words."""
    duties = {(x.legal.rule, x.about, x.since, x.due, x.not_before, x.status, x.done) for x in clockwork.duties}
    shields = {(x.legal.rule, x.bars, x.about, x.start, x.until, x.expected) for x in clockwork.protections}
    rights = {(x.legal.rule, x.kind, x.about, x.until) for x in clockwork.rights}
    tiers = {(x.id, x.state, x.tier, tuple(test.passed for test in x.tests)) for x in clockwork.facts.applications}
    return {*duties, *shields, *rights, *tiers, *((x.legal.rule, x.about, x.day) for x in clockwork.breaches)}


def with_events(story: Mapping[str, Any], *rows: dict[str, Any]) -> dict[str, Any]:
    """A story with more events, in order of days; new ones last within a day."""
    events = sorted([*story["events"], *rows], key=lambda row: row["day"])
    return {**story, "events": events}


def told(story: Mapping[str, Any], as_of: date, policies: Policies = DEFAULT) -> Clockwork:
    """Derive a story."""
    return derive(read_case(story), as_of, policies)


@pytest.mark.parametrize("seed", range(150))
def test_unrelated_events_change_nothing(seed: int) -> None:
    """A remark changes nothing; another thread adds its own items and leaves all others."""
    story, as_of = random_story(seed)
    rng = random.Random(seed)
    before = items(told(story, as_of))
    day = story["loan"]["first_due"] + timedelta(days=rng.randrange(500))
    remark = with_events(story, {"kind": "note_made", "day": day, "id": "other"})
    assert items(told(remark, as_of)) == before
    for kind, more in (
        ("request_received", {"asks": "other"}),
        ("payoff_requested", {}),
        ("nonconforming_payment_received", {}),
        ("escrow_surplus_found", {}),
        ("error_notice_received", {"error": "other"}),
    ):
        after = items(told(with_events(story, {"kind": kind, "day": day, "id": "other", **more}), as_of))
        assert before <= after
        assert all("other" in item for item in after - before)


FORECLOSURE = ("FC-2", "FC-3")


def shields(clockwork: Clockwork) -> dict[tuple[str, str], tuple[date, date]]:
    """Foreclosure shields: from, until (far away while open)."""
    return {
        (x.legal.rule, x.about): (x.start, x.until or datetime.date.max)
        for x in clockwork.protections
        if x.legal.rule in FORECLOSURE
    }


@pytest.mark.parametrize("seed", range(400))
def test_a_later_sale_takes_nothing_back(seed: int) -> None:
    """After completion, moving the sale leaves the tier, the tests and the shield; before it, it can only help."""
    story, as_of = random_story(seed)
    sales = [row for row in story["events"] if row["kind"] in ("sale_scheduled", "sale_rescheduled")]
    if not sales:
        return
    last, rng = sales[-1], random.Random(seed)
    limit = min(as_of, last["sale_date"])
    if limit <= last["day"]:
        return
    day = last["day"] + timedelta(days=rng.randrange((limit - last["day"]).days))
    later = last["sale_date"] + timedelta(days=rng.randrange(1, 200))
    moved = {"kind": "sale_rescheduled", "day": day, "id": "moved", "sale_date": later}
    before, after = told(story, as_of), told(with_events(story, moved), as_of)
    kept = shields(after)
    for name, (start, until) in shields(before).items():
        assert name in kept
        assert kept[name][0] <= start
        assert kept[name][1] >= until
    for old, new in zip(before.facts.applications, after.facts.applications, strict=True):
        if old.facially_complete and old.facially_complete <= day:
            assert (old.tier, [x.passed for x in old.tests]) == (new.tier, [x.passed for x in new.tests])


@pytest.mark.parametrize("seed", range(400))
def test_the_tier_is_fixed_on_receipt(seed: int) -> None:
    """Whatever happens later, the tier of the day of completion stays while the application stays complete."""
    story, _ = random_story(seed)
    for opened in (row for row in story["events"] if row["kind"] == "application_received"):
        tiers = set()
        for days in range(0, 400, 9):
            as_of = opened["day"] + timedelta(days=days)
            facts = {x.id: x for x in told(story, as_of).facts.applications}[opened["id"]]
            if facts.facially_complete and facts.tier:
                tiers.add((facts.facially_complete, facts.tier))
        assert len(tiers) <= 1 + any(row["kind"] == "information_requested" for row in story["events"])


@pytest.mark.parametrize("seed", range(300))
def test_a_transferred_file_keeps_its_clocks(seed: int) -> None:
    """A transfer after completion leaves tier, shields and rights, and takes no time of an answer away."""
    story, as_of = random_story(seed)
    if any(row["kind"] in ("servicing_transferred", "transfer_notice_sent") for row in story["events"]):
        return
    complete = [x.facially_complete for x in told(story, as_of).facts.applications if x.facially_complete]
    if not complete:
        return
    day = complete[0] + timedelta(days=random.Random(seed).randrange(0, 60))
    moved = with_events(story, {"kind": "servicing_transferred", "day": day, "id": "moved", "to": "Another"})
    before, after = told(story, as_of), told(moved, as_of)
    assert shields(before) == shields(after)
    assert [(x.tier, x.tests) for x in before.facts.applications] == [
        (x.tier, x.tests) for x in after.facts.applications
    ]
    rights = [{(x.kind, x.about, x.until) for x in clock.rights} for clock in (before, after)]
    assert rights[0] == rights[1]
