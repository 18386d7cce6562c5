"""Kinds of events, the day of receipt, what-if, portfolios, and what a clockwork shows."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import polars as pl
import pytest

from hopenow.clocks import DEFAULT, Event, Status, due_counts, event_kinds, shields, simulate, what_if
from hopenow.clocks.derive import derive
from hopenow.clocks.events import _load, loan_fields
from hopenow.clocks.simulate import DUTY_COLUMNS, PROTECTION_COLUMNS
from hopenow.clocks.state import FOLDED, UNFOLDED
from hopenow.errors import InputError
from tests.clocks.stories import make_case, row, told

JAN = "2026-01-01"
RECEIVED = {"kind": "application_received", "id": "a"}


def test_every_kind_of_event_is_folded_or_said_not_to_be() -> None:
    assert set(event_kinds()) == FOLDED | UNFOLDED
    assert not FOLDED & UNFOLDED


def test_loan_facts_match_their_class() -> None:
    case = make_case([], first_due=JAN)
    assert set(loan_fields()) == set(case.loan.__dataclass_fields__)
    for name, spec in loan_fields().items():
        if spec.default is not None:
            assert getattr(make_case([]).loan, name) == spec.default


@pytest.mark.parametrize(
    ("at", "zone", "day"),
    [
        ("2026-03-03T04:30:00+00:00", "America/New_York", "2026-03-02"),
        ("2026-03-03T05:30:00+00:00", "America/New_York", "2026-03-03"),
        ("2026-03-03T07:30:00+00:00", "America/Los_Angeles", "2026-03-02"),
        ("2026-03-02T23:59:59", "America/Chicago", "2026-03-02"),
        # Daylight saving time begins on March 8, 2026.
        ("2026-03-09T04:30:00+00:00", "America/New_York", "2026-03-09"),
    ],
)
def test_the_day_is_the_servicers(at: str, zone: str, day: str) -> None:
    case = make_case([{**RECEIVED, "at": at}], time_zone=zone)
    assert case.events[0].day == datetime.date.fromisoformat(day)


def test_late_evenings_are_a_policy() -> None:
    from hopenow.clocks import read_case

    content = {"case": "A", "loan": {}, "events": [{**RECEIVED, "at": "2026-03-02T17:00:00"}]}
    assert read_case(content).events[0].day == datetime.date(2026, 3, 2)
    late = DEFAULT.with_(late_evening="close_of_business")
    assert read_case(content, policies=late).events[0].day == datetime.date(2026, 3, 3)
    assert read_case(content, policies=late.with_(closing_hour=18)).events[0].day == datetime.date(2026, 3, 2)
    sent = {"case": "A", "events": [{"kind": "early_notice_sent", "at": "2026-03-02T20:00:00"}]}
    assert read_case(sent, policies=late).events[0].day == datetime.date(2026, 3, 2)


def test_moments_order_the_events_of_a_day() -> None:
    rows = [
        {"kind": "first_filing_made", "at": "2026-03-02T15:00:00-05:00", "id": "filed"},
        {"kind": "application_received", "at": "2026-03-02T09:00:00-05:00", "id": "app"},
        {"kind": "application_complete", "at": "2026-03-02T10:00:00-05:00", "id": "complete"},
    ]
    case = make_case(rows, first_due="2025-06-01")
    assert [event.id for event in case.events] == ["app", "complete", "filed"]
    assert "FC-2" in {breach.legal.rule for breach in derive(case, datetime.date(2026, 3, 3)).breaches}


def test_events_after_the_day_are_future_and_not_counted() -> None:
    clock = told(
        [row("live_contact_made", "2026-02-03"), row("payment_received", "2026-02-20")], "2026-02-10", first_due=JAN
    )
    assert [event.kind for event in clock.clockwork.future] == ["payment_received"]
    assert clock.facts.days_delinquent == 40


# --- what if -----------------------------------------------------------------------------------------------


def test_what_if_the_application_arrives_on_friday() -> None:
    case = make_case([row("application_received", "2026-05-04", id="app")], first_due=JAN)
    asked = [row("application_complete", "2026-05-08")]
    found = what_if(case, asked, datetime.date(2026, 5, 5))
    assert found.after.as_of == found.before.as_of == datetime.date(2026, 5, 8)
    assert [(change.kind, change.after.legal.rule) for change in found.protections if change.after] == [
        ("added", "FC-2")
    ]
    added = found.protections[0].after
    assert added is not None
    assert added.hypothetical
    assert found.after.hypothetical
    assert not found.before.hypothetical
    assert {change.after.legal.rule for change in found.duties if change.kind == "added" and change.after} == {
        "LM-6",
        "EV-1",
    }
    # The case itself is as it was.
    assert len(case.events) == 1


def test_what_if_with_events_and_refusals() -> None:
    case = make_case([row("application_received", "2026-05-04", id="app")], first_due=JAN)
    event = Event("payment_received", datetime.date(2026, 5, 5), "p", details={"installments": 5})
    found = what_if(case, [event], datetime.date(2026, 5, 5))
    assert {change.kind for change in found.protections} == {"added", "removed"}
    assert found.after.facts.days_delinquent == 0
    with pytest.raises(InputError, match="at least one event"):
        what_if(case, [], datetime.date(2026, 5, 5))
    with pytest.raises(InputError, match="UNKNOWN-KIND"):
        what_if(case, [row("letter_lost", "2026-05-05")], datetime.date(2026, 5, 5))
    with pytest.raises(InputError, match="RESPONSE-BEFORE-OFFER"):
        what_if(case, [row("offer_accepted", "2026-05-06")], datetime.date(2026, 5, 5))
    with pytest.raises(InputError, match="ID-TWICE"):
        what_if(case, [Event("note_made", datetime.date(2026, 5, 5), "app")], datetime.date(2026, 5, 5))


def test_rows_of_what_if_get_ids_of_their_own() -> None:
    case = make_case([row("note_made", "2026-05-04", id="what-if-1")], first_due=JAN)
    found = what_if(case, [row("note_made", "2026-05-05")], datetime.date(2026, 5, 5))
    assert found.after.case.events[-1].id == "what-if-1-again"
    assert (found.protections, found.duties, found.rights) == ((), (), ())


# --- portfolios ----------------------------------------------------------------------------------------------


def test_due_counts() -> None:
    cases = [make_case([], first_due=due) for due in ("2026-01-01", "2026-01-02", "2026-01-05", "2026-01-20")]
    day = datetime.date(2026, 2, 6)
    frame = simulate(cases, day)
    contacts = frame.filter(pl.col("rule") == "EI-1")
    assert contacts["status"].to_list()[:3] == ["due today", "open", "open"]
    assert due_counts(contacts) == {"overdue": 0, "due_today": 1, "due_this_week": 3}
    late = simulate(cases, day + datetime.timedelta(days=10)).filter(pl.col("rule") == "EI-1")
    assert due_counts(late)["overdue"] == 3


def test_empty_portfolios_have_their_columns() -> None:
    day = datetime.date(2026, 2, 6)
    assert simulate([], day).schema == pl.Schema(DUTY_COLUMNS)
    assert shields([], day).schema == pl.Schema(PROTECTION_COLUMNS)
    some = simulate([make_case([], first_due=JAN)], day, everything=True)
    assert some.schema == pl.Schema(DUTY_COLUMNS)
    assert shields([make_case([], first_due=JAN)], day).schema == pl.Schema(PROTECTION_COLUMNS)


# --- what is shown -----------------------------------------------------------------------------------------------


def test_plain_data_is_json_and_carries_marks_and_policies() -> None:
    clock = told([row("application_received", "2026-05-04", id="app")], "2026-05-06", first_due=JAN)
    data = json.loads(json.dumps(clock.clockwork.as_dict()))
    duty = next(item for item in data["duties"] if item["legal"]["rule"] == "LM-2")
    assert duty["due"] == "2026-05-11"
    assert duty["legal"]["verification"] == "verified"
    assert duty["legal"]["policies"] == ["observed_holidays"]
    assert duty["status"] == "open"
    assert duty["events"] == ["app"]
    assert data["policies"]["observed_holidays"]["verification"] == "unverified"


def test_next_names_who_must_act_and_by_when() -> None:
    clock = told([row("application_received", "2026-05-04", id="app")], "2026-05-06", first_due="2026-05-01")
    step = next(step for step in clock.clockwork.next if step.rule == "LM-2")
    assert (step.who, step.name, step.by, step.days_left) == ("servicer", "First", datetime.date(2026, 5, 11), 5)


def test_a_target_is_never_a_breach() -> None:
    clock = told([row("application_received", "2026-05-04", id="app")], "2026-06-06", first_due="2026-05-01")
    assert clock.duty("LM-1").status is Status.OVERDUE
    assert "LM-1" not in clock.broken()
    assert clock.duty("LM-1").legal.verification == "unverified"


def test_breaches_say_what_to_do() -> None:
    clock = told([], "2026-02-10", first_due=JAN)
    breach = clock.clockwork.breaches[0]
    assert breach.legal.rule == "EI-1"
    assert breach.days_late == 4
    assert "notice of error" in breach.remedy


def test_a_broken_table_is_refused() -> None:
    from pydantic import TypeAdapter

    from hopenow.clocks.events import EventKind
    from hopenow.errors import LawError

    with pytest.raises(LawError, match=r"events\.yaml"):
        _load("events.yaml", dict[str, int])
    adapter = TypeAdapter(EventKind)
    for bad in (
        {"means": "x", "who": "anyone", "opens": "a", "of": "b"},
        {"means": "x", "who": "anyone", "fields": {"day": {"type": "date", "means": "x"}}},
        {"means": "x", "who": "anyone", "fields": {"a": {"type": "choice", "means": "x"}}},
        {"means": "x", "who": "anyone", "fields": {"a": {"type": "text", "means": "x", "choices": ["b"]}}},
        {"means": "x", "who": "anyone", "color": "red"},
    ):
        with pytest.raises(ValueError, match="validation error"):
            adapter.validate_python(bad)


def test_the_example_of_the_page_runs(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (repository / "docs" / "clocks.md").read_text(encoding="utf-8")
    example = page.split("```python\n", 1)[1].split("```", 1)[0]
    exec(compile(example, "docs/clocks.md", "exec"), {})  # noqa: S102 - the page's own example
    shown = capsys.readouterr().out
    assert "2026-05-11 servicer Send the written acknowledgment" in shown
