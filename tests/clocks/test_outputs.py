"""The clocks in words, as data, as a calendar, as a picture and as pages."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import Any

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.clocks import story
from hopenow.clocks import Clockwork, derive, due_counts, law_files, read_case, read_cases, rulebook, simulate, what_if
from hopenow.clocks.calendar_file import calendar, entries, read_back
from hopenow.clocks.page import by_day, by_rule, page, pick, portfolio_page, portfolio_text, said
from hopenow.clocks.result import Bar, Status
from hopenow.clocks.shown import (
    BARRED,
    MARKED,
    SCHEMA,
    data,
    left,
    open_duties,
    open_rights,
    text,
    what_if_data,
    what_if_text,
)
from hopenow.clocks.shown_reference import clocks_reference, events, policies, rules, schema, template
from hopenow.clocks.timeline import first_shown, marks, spans, timeline
from tests.clocks.stories import make_case, row

jsonschema: Any = pytest.importorskip("jsonschema")

AS_OF = datetime.date(2026, 6, 12)
ROWS = [
    row("live_contact_made", "2026-02-03", told_of_help=True),
    row("early_notice_sent", "2026-02-20"),
    row("first_filing_made", "2026-05-08"),
    row("sale_scheduled", "2026-05-20", sale_date="2026-09-15", id="sale"),
    row("application_received", "2026-05-26", id="app"),
    row("acknowledgment_sent", "2026-06-05", complete=False, missing=["income"], reasonable_date="2026-07-01"),
    row("error_notice_received", "2026-06-08", id="err", error="other"),
]


def clock(rows: list[dict[str, Any]] | None = None, as_of: datetime.date = AS_OF) -> Clockwork:
    return derive(make_case(ROWS if rows is None else rows, first_due="2026-01-01", payment="1250.00"), as_of)


def one_line(words: str) -> str:
    return " ".join(words.split())


# --- text ---------------------------------------------------------------------------------------------


def test_text_says_where_the_case_stands() -> None:
    said_ = one_line(text(clock()))
    assert "162 days delinquent: 6 payments are unpaid, the oldest from January 1, 2026" in said_
    assert "A foreclosure sale is set for Tuesday, September 15, 2026 (in 95 days)" in said_
    assert "No rule here bars foreclosure today" in said_
    assert "What would protect: send a complete application" in said_
    assert "June 8, 2026 is day 0; plus 5 days without holidays and weekends is June 15, 2026" in said_
    assert "Send the missing papers: last day Wednesday, July 1, 2026 (in 19 days)" in said_
    assert "notice of error" in said_.split("What can be done:")[1]
    assert ".." not in said_.replace("...", "")


def test_overdue_duties_come_first_then_by_day() -> None:
    duties = open_duties(clock())
    order = [duty.status for duty in duties]
    assert order == sorted(order, key=[Status.OVERDUE, Status.DUE_TODAY, Status.OPEN].index)
    for status in set(order):
        days = [duty.due or datetime.date.max for duty in duties if duty.status is status]
        assert days == sorted(days)


def test_a_shield_is_told_with_why_and_what_ends_it() -> None:
    said_ = one_line(text(clock([*ROWS, row("application_complete", "2026-06-10")])))
    assert "No one may ask for a foreclosure judgment, and the home may not be sold." in said_
    assert "since June 10, 2026" in said_
    assert "Ends:" in said_


def test_readers_see_what_concerns_them() -> None:
    found = clock()
    assert {duty.who for duty in open_duties(found, "homeowner")} <= {"homeowner"}
    assert "What the homeowner may do" not in text(found, "servicer")
    assert open_rights(found, "servicer") == []
    assert "What the homeowner may do" in text(found, "homeowner")


def test_every_open_item_is_in_the_text_with_rule_and_mark() -> None:
    found = clock()
    said_ = one_line(text(found))
    items: list[Any] = [*open_duties(found), *open_rights(found), *found.shield, *found.breaches]
    for item in items:
        assert f"{item.legal.rule}, {item.legal.cite}; {MARKED[item.legal.verification]}" in said_


def test_lines_fit_the_width() -> None:
    assert max(map(len, text(clock(), width=60).splitlines())) <= 60


def test_a_case_without_events_is_told() -> None:
    assert "Nothing is due." in text(derive(read_case({"case": "E", "loan": {}, "events": []}), AS_OF))


def test_left() -> None:
    assert [left(days) for days in (None, 0, 1, 2, -1)] == [
        "the law names no last day",
        "today",
        "in 1 day",
        "in 2 days",
        "1 day overdue",
    ]


def test_what_if_tells_what_is_won_and_what_is_added() -> None:
    found = what_if(clock().case, [row("application_complete", "2026-06-19")], AS_OF)
    said_ = one_line(what_if_text(found))
    assert "WON: No one may ask for a foreclosure judgment" in said_
    assert "ADDED: Servicer (First), by Friday, June 26, 2026" in said_
    assert "used on June 19, 2026" in said_
    assert what_if_data(found)["after"]["hypothetical"] is True
    json.dumps(what_if_data(found))


def test_a_what_if_that_changes_nothing_says_so() -> None:
    found = what_if(clock().case, [row("note_made", "2026-06-12")], AS_OF)
    assert one_line(what_if_text(found)).count("Nothing would change.") == 3


# --- JSON ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", ["all", "homeowner", "servicer", "counselor"])
def test_json_has_the_shape_of_its_schema(reader: Any) -> None:
    made = json.loads(json.dumps(data([clock(), clock([])], reader)))
    jsonschema.Draft202012Validator(schema()).validate(made)
    assert made["schema"] == SCHEMA
    assert [event["id"] for event in made["cases"][0]["events"]][4] == "app"


@settings(max_examples=15)
@given(
    seed=st.integers(0, 5_000),
    days=st.integers(-300, 300),
    programs=st.sampled_from([sorted(file.programs) for file in law_files().values()]),
    state=st.sampled_from([*(state for file in law_files().values() for state in file.states), None]),
)
def test_any_story_comes_out_in_every_way(seed: int, days: int, programs: list[str], state: str | None) -> None:
    told = story(seed)
    told["loan"] |= {"programs": programs, "state": state}
    found = derive(read_case(told), datetime.date(2026, 5, 1) + datetime.timedelta(days=days))
    jsonschema.Draft202012Validator(schema()).validate(json.loads(json.dumps(data([found]))))
    assert text(found)
    assert len(read_back(calendar([found]))) == len(entries(found))
    assert "</html>" in page(found)


def test_every_bar_has_words() -> None:
    assert {value for name, value in vars(Bar).items() if name.isupper()} <= set(BARRED)


# --- calendar -----------------------------------------------------------------------------------------


def test_calendar_has_an_entry_for_every_day_to_act() -> None:
    found = clock()
    dated = [item.due for item in open_duties(found) if item.due] + [
        item.until for item in open_rights(found) if item.until
    ]
    assert sorted(day for day, _, _ in read_back(calendar([found])).values()) == sorted(dated)


def test_calendar_entries_carry_counting_law_and_mark() -> None:
    for entry in entries(clock()):
        assert re.search(r"Legal basis: .+ \(.+; (verified|secondary|unverified)", entry.description)
        assert "Counted: " in entry.description
        assert len(set(entries(clock()))) == len(entries(clock()))


def test_calendar_is_all_day_and_reminds_of_rights() -> None:
    parsed = icalendar.Calendar.from_ical(calendar([clock()]))
    events_: list[Any] = list(parsed.walk("VEVENT"))
    rights = [event for event in events_ if "right" in event.categories]
    assert rights
    for event in rights:
        assert not isinstance(event.decoded("dtstart"), datetime.datetime)
        triggers = [alarm.decoded("trigger").days for alarm in event.walk("VALARM")]
        assert triggers == [-7, -2]
    overdue = [event for event in events_ if str(event["summary"]).startswith("OVERDUE")]
    assert overdue
    assert not any(event.walk("VALARM") for event in overdue)


def test_an_entry_keeps_its_uid_when_more_happens() -> None:
    before = {entry.uid for entry in entries(clock())}
    later = clock([*ROWS, row("note_made", "2026-06-12")], AS_OF + datetime.timedelta(days=1))
    assert before == {entry.uid for entry in entries(later)}
    assert calendar([clock()]) == calendar([clock()])


def test_a_shield_that_will_end_is_in_the_calendar() -> None:
    found = clock([], datetime.date(2026, 2, 1))
    ends = [entry for entry in entries(found) if entry.kind == "protection"]
    assert [entry.day for entry in ends] == [found.shield[0].until or found.shield[0].expected]
    assert [entry for entry in entries(found, "servicer") if entry.kind == "protection"] == []


def test_calendars_of_two_cases_do_not_clash() -> None:
    other = derive(read_case({"case": "U", "loan": {"first_due": "2026-01-01"}, "events": []}), AS_OF)
    assert len(read_back(calendar([clock(), other]))) == len(entries(clock())) + len(entries(other))


# --- picture and page ---------------------------------------------------------------------------------


def test_the_picture_is_drawn_from_its_tables() -> None:
    found = clock()
    drawn = timeline(found)
    assert drawn.wide.count("<rect") + drawn.wide.count("<path") == len(spans(found)) + len(
        re.findall(r'fill="#162e51"', drawn.wide)
    )
    assert "<script" not in drawn.wide + drawn.narrow
    assert [mark.number for mark in marks(found)] == list(range(1, 8))
    assert all(span.end is None or span.end >= span.start for span in spans(found))


def test_days_long_past_are_not_drawn() -> None:
    found = derive(read_case(story(3)), datetime.date(2026, 5, 23))
    assert min(mark.day for mark in marks(found)) >= first_shown(found)
    assert "The picture begins on" in page(found)


def test_page_is_self_contained_and_escapes() -> None:
    case = read_case(
        {"case": "<b>&", "loan": {"servicer": "<script>x</script>", "first_due": "2026-01-01"}, "events": []}
    )
    made = page(derive(case, AS_OF))
    assert "<script" not in made
    assert not re.findall(r'(?:src|href)="(?!#)', made)
    assert "default-src 'none'" in made


def test_page_holds_every_open_item() -> None:
    found = clock()
    made = page(found)
    items: list[Any] = [*open_duties(found), *open_rights(found), *found.breaches]
    for item in items:
        assert f"{item.legal.rule}, " in made
    assert made.count('<svg xmlns="http://www.w3.org/2000/svg"') == 2


# --- portfolio ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def portfolio() -> Any:
    cases = [read_case(story(seed)) for seed in range(40)]
    return simulate(cases, datetime.date(2026, 5, 23))


@pytest.mark.parametrize("due", ["today", "week", "overdue", "all"])
def test_what_is_picked_agrees_with_the_counts(portfolio: Any, due: str) -> None:
    counts = due_counts(portfolio)
    wanted = {
        "today": counts["due_today"],
        "week": counts["due_this_week"],
        "overdue": counts["overdue"],
        "all": portfolio.height,
    }
    picked = pick(portfolio, due)
    assert picked.height == wanted[due]
    assert by_rule(picked)["total"].sum() == picked.height
    assert by_day(picked)["duties"].sum() == picked["due"].is_not_null().sum()
    assert picked["due"].drop_nulls().is_sorted()
    assert picked["title"].null_count() == 0
    day = datetime.date(2026, 5, 23)
    assert "</html>" in portfolio_page(picked, day, 40, said(due, None))
    assert f"{picked.height:,} duties" in portfolio_text(picked, day, 40, said(due, "servicer"), 5)


def test_a_party_is_picked(portfolio: Any) -> None:
    assert pick(portfolio, "all", "homeowner").height == portfolio.filter(portfolio["who"] == "homeowner").height


# --- reference ----------------------------------------------------------------------------------------


def test_every_rule_is_listed_with_citation_and_mark() -> None:
    listed = {item["rule"] for item in rules()}
    assert set(rulebook().ids) <= listed
    assert all(version["cite"] and version["verification"] for item in rules() for version in item["versions"])
    page_ = clocks_reference()
    assert all(f"`{name}`" in page_ for name in [*listed, *(item["name"] for item in policies())])
    assert all(f"`{event['kind']}`" in page_ for event in events())


def test_the_starter_file_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(template(), encoding="utf-8")
    (case,) = read_cases(path)
    assert derive(case, datetime.date(2026, 3, 5)).facts.applications
