"""What must hold for every case: unrelated events change nothing, earned protections stay, transfers keep clocks."""

from __future__ import annotations

import datetime
import random
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from benchmarks.clocks import AS_OF, story
from hopenow.clocks import Case, Clockwork, Duty, Protection, derive, read_case, shields, simulate
from hopenow.clocks.derive import plain

SEEDS = st.integers(0, 5_000)
DAYS = st.dates(datetime.date(2025, 6, 1), datetime.date(2026, 11, 23))


def clockwork(content: dict[str, Any], as_of: datetime.date = AS_OF) -> Clockwork:
    return derive(read_case(content), as_of)


def items(found: Clockwork, without: frozenset[str] = frozenset()) -> dict[str, list[Any]]:
    """Everything a clockwork says, but for items that rest on some events."""

    def kept(listed: tuple[Any, ...]) -> list[Any]:
        return [plain(item) for item in listed if not without & set(item.events) and item.about not in without]

    return {
        "duties": kept(found.duties),
        "protections": kept(found.protections),
        "rights": kept(found.rights),
        "breaches": kept(found.breaches),
        "facts": [plain(found.facts)],
    }


def with_rows(content: dict[str, Any], *rows: dict[str, Any]) -> dict[str, Any]:
    """A story with further events, ids of the others unchanged."""
    case = read_case(content)
    listed = [{"kind": e.kind, "day": e.day, "id": e.id, "about": e.about, **_outside(e.details)} for e in case.events]
    return {**content, "events": [*listed, *rows]}


def _outside(details: Any) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in details.items()}


@given(seed=SEEDS, day=DAYS)
def test_unrelated_events_change_nothing(seed: int, day: datetime.date) -> None:
    content = with_rows(story(seed))
    before = items(clockwork(content))
    note = {"kind": "note_made", "day": day, "id": "new"}
    assert items(clockwork(with_rows(content, note))) == before
    letter = {"kind": "request_received", "day": day, "id": "new", "asks": "other"}
    assert items(clockwork(with_rows(content, letter)), frozenset({"new"})) == before


@given(seed=SEEDS, day=DAYS, later=st.integers(0, 200))
def test_a_later_sale_never_shortens_a_protection(seed: int, day: datetime.date, later: int) -> None:
    content = with_rows(story(seed))
    sales = [row for row in content["events"] if row["kind"] == "sale_scheduled"]
    if not sales or day <= sales[-1]["day"]:
        return
    moved = max(sales[-1]["sale_date"], day) + datetime.timedelta(days=later)
    after = clockwork(with_rows(content, {"kind": "sale_rescheduled", "day": day, "id": "new", "sale_date": moved}))
    _none_shorter(clockwork(content), after)


def _none_shorter(before: Clockwork, after: Clockwork) -> None:
    """Each protection is still there from its first day to its last; two with a gap may have become one without."""
    for old in before.protections:
        same = (old.legal.rule, old.bars, old.about)
        assert any(
            (new.legal.rule, new.bars, new.about) == same and new.start <= old.start and _end(new) >= _end(old)
            for new in after.protections
        ), same


def _end(item: Protection) -> datetime.date:
    return item.until or datetime.date.max


@given(seed=SEEDS, offset=st.integers(1, 120), sale=st.integers(0, 150), filing=st.booleans())
def test_the_tier_is_fixed_on_receipt(seed: int, offset: int, sale: int, filing: bool) -> None:
    content = with_rows(story(seed))
    before = clockwork(content).facts.applications[0]
    assert before.facially_complete is not None
    day = before.facially_complete + datetime.timedelta(days=offset)
    scheduled = any(row["kind"] == "sale_scheduled" for row in content["events"])
    kind = "sale_rescheduled" if scheduled else "sale_scheduled"
    rows = [{"kind": kind, "day": day, "id": "new", "sale_date": day + datetime.timedelta(days=sale)}]
    if filing and not any(row["kind"] == "first_filing_made" for row in content["events"]):
        rows.append({"kind": "first_filing_made", "day": day, "id": "filing"})
    after = clockwork(with_rows(content, *rows)).facts.applications[0]
    assert (after.tier, after.tests, after.days_before_sale) == (before.tier, before.tests, before.days_before_sale)


@given(seed=SEEDS, offset=st.integers(0, 200))
def test_a_transferred_file_keeps_its_clocks(seed: int, offset: int) -> None:
    content = with_rows(story(seed))
    before = clockwork(content)
    application = before.facts.applications[0]
    assert application.facially_complete is not None
    day = application.facially_complete + datetime.timedelta(days=offset)
    after = clockwork(with_rows(content, {"kind": "servicing_transferred", "day": day, "id": "new", "to": "Third"}))
    _none_shorter(before, after)
    assert after.facts.applications == before.facts.applications
    assert after.facts.days_delinquent == before.facts.days_delinquent
    old = [(right.legal.rule, right.about, right.start, right.until, right.used) for right in before.rights]
    assert [(right.legal.rule, right.about, right.start, right.until, right.used) for right in after.rights] == old
    for rule in ("LM-2", "LM-6"):
        dues = [(duty.due, duty.status) for duty in before.duties if duty.legal.rule == rule]
        assert [(duty.due, duty.status) for duty in after.duties if duty.legal.rule == rule] == dues


@given(seed=SEEDS, days=st.integers(0, 60))
def test_deadlines_stand_still_while_nothing_happens(seed: int, days: int) -> None:
    content = story(seed)
    last = max(row["day"] for row in content["events"])
    soon = clockwork(content, last)
    late = clockwork(content, last + datetime.timedelta(days=days))
    known = {(duty.legal.rule, duty.about, duty.since): duty.due for duty in late.duties}
    for duty in soon.duties:
        if duty.due is not None:
            assert known[duty.legal.rule, duty.about, duty.since] == duty.due


@given(seed=SEEDS, shuffle=st.integers(0, 100))
def test_the_order_of_rows_of_different_days_does_not_matter(seed: int, shuffle: int) -> None:
    content = with_rows(story(seed))
    days = [row["day"] for row in content["events"]]
    by_day = {day: [row for row in content["events"] if row["day"] == day] for day in set(days)}
    order = sorted(by_day)
    random.Random(shuffle).shuffle(order)
    shuffled = {**content, "events": [row for day in order for row in by_day[day]]}
    assert items(clockwork(shuffled)) == items(clockwork(content))


def _dates(duty: Duty) -> tuple[datetime.date | None, ...]:
    return duty.since, duty.due, duty.not_before, duty.done


@settings(max_examples=25)
@given(seed=SEEDS, as_of=DAYS)
def test_a_portfolio_says_what_its_cases_say(seed: int, as_of: datetime.date) -> None:
    cases = [read_case(story(seed + number)) for number in range(3)]
    frame = simulate(cases, as_of, everything=True)
    single: list[tuple[Any, ...]] = []
    for case in cases:
        single += [
            (
                case.id,
                duty.legal.rule,
                duty.about,
                *_dates(duty),
                duty.status.value,
                duty.days_left,
                duty.who,
                duty.basis,
            )
            for duty in derive(case, as_of).duties
        ]
    columns = ["case", "rule", "about", "since", "due", "not_before", "done", "status", "days_left", "who", "basis"]
    key = str
    assert sorted(frame.select(columns).rows(), key=key) == sorted(single, key=key)
    open_only = simulate(cases, as_of)
    assert open_only.equals(frame.filter(frame["status"].is_in(["open", "due today", "overdue"])))
    shielded = shields(cases, as_of, everything=True)
    found = [
        (case.id, item.legal.rule, item.bars, item.about, item.start, item.until, item.expected, item.in_force)
        for case in cases
        for item in derive(case, as_of).protections
    ]
    columns = ["case", "rule", "bars", "about", "start", "until", "expected", "in_force"]
    assert sorted(shielded.select(columns).rows(), key=key) == sorted(found, key=key)
    assert shields(cases, as_of).height == shielded["in_force"].sum()


@given(seed=SEEDS)
def test_every_item_can_be_shown(seed: int) -> None:
    found = clockwork(story(seed))
    data = found.as_dict()
    for duty in found.duties:
        assert duty.legal.cite
        assert duty.counted
        assert "{" not in f"{duty.counted}{duty.why}{duty.what}"
    for shield in found.protections:
        assert "{" not in shield.why + shield.exits
    assert data["policies"]["observed_holidays"]["id"] == "OP-1"
    assert [step.by for step in found.next if step.by] == sorted(step.by for step in found.next if step.by)


def test_a_story_is_a_case_of_fifty_events() -> None:
    cases = [read_case(story(seed)) for seed in range(300)]
    assert {len(case.events) for case in cases} == {50}
    assert len({case.id for case in cases}) == 300
    assert all(isinstance(case, Case) for case in cases)
