"""The FHA law files: whole, used, dated; what is in force the day before and the day after each change."""

from __future__ import annotations

import datetime
import importlib.resources
from itertools import pairwise
from pathlib import Path

import pytest

from hopenow.errors import LawError
from hopenow.facts import schema
from hopenow.facts.derived import DERIVED
from hopenow.law import segments
from hopenow.law.segments import FIRST_DAY
from hopenow.programs.base import Option
from hopenow.programs.fha import PROGRAM
from hopenow.review import review_canonical
from hopenow.review.plan import intervals
from tests.programs.fha.loans import FHA, OFFERED, frame, words

DAY = datetime.timedelta(days=1)
OPTIONS = [pytest.param(option, id=option.id) for option in PROGRAM.options]
STARTS = [
    pytest.param(option, item.rule_set.id, item.start, id=f"{option.id}-{item.rule_set.id}")
    for option in PROGRAM.options
    for item in segments(option.law, "fha")
    if item.rule_set.start == item.start
]
ENDS = [
    pytest.param(option, item.rule_set.id, item.end, id=f"{option.id}-{item.rule_set.id}")
    for option in PROGRAM.options
    for item in segments(option.law, "fha")
    if item.rule_set.end == item.end
]
ADOPTABLE = [
    pytest.param(option, rule_set, id=f"{option.id}-{rule_set.id}")
    for option in PROGRAM.options
    for rule_set in option.law.rule_sets
    if rule_set.optional_from is not None
]


@pytest.mark.parametrize("option", OPTIONS)
def test_rules_and_law_file_agree(option: Option) -> None:
    assert set(option.rules) == set(option.law.rules)


def test_every_option_is_ranked_in_every_order() -> None:
    for order in PROGRAM.orders.values():
        assert sorted(order) == sorted(OFFERED)
    assert set(PROGRAM.orders) == set(PROGRAM.order_sources)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_parameter_is_used(option: Option) -> None:
    folder = Path(str(importlib.resources.files("hopenow.programs.fha")))
    source = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    text = " ".join(f"{rule.says} {rule.change}" for rule in option.law.rules.values())
    text += " ".join(term.says for term in option.law.process.values())
    assert [name for name in option.law.parameters if f'"{name}"' not in source and f"{{{name}}}" not in text] == []


@pytest.mark.parametrize("option", OPTIONS)
def test_every_rule_leads_back_to_facts(option: Option) -> None:
    known = set(schema()) | set(DERIVED)
    for other in PROGRAM.options:
        known |= {f"{other.id}__{name}" for name in other.columns} | {f"{other.id}__met"}
    for interval in intervals(PROGRAM):
        planned = next(item for item in interval.options if item.option is option)
        for rule in planned.rules:
            assert set(rule.columns) <= known, rule.id
            assert rule.facts, rule.id


@pytest.mark.parametrize("option", OPTIONS)
def test_every_segment_has_rules(option: Option) -> None:
    for item in segments(option.law, "fha"):
        assert item.rules, (option.id, item.start)


def test_intervals_cover_every_day_once() -> None:
    found = intervals(PROGRAM)
    assert found[-1].end == datetime.date.max
    for earlier, later in pairwise(found):
        assert later.start - earlier.end == DAY


def rule_set_on(option: Option, day: datetime.date, adopted: dict[str, datetime.date] | None = None) -> str:
    """Return the rule set of an option on a day, or why there is none."""
    interval = next(item for item in intervals(PROGRAM, adopted) if item.start <= day <= item.end)
    planned = next(item for item in interval.options if item.option is option)
    return planned.state if planned.segment is None else planned.rule_set.id


@pytest.mark.parametrize(("option", "rule_set", "start"), STARTS)
def test_begins_on_its_day(option: Option, rule_set: str, start: datetime.date) -> None:
    assert rule_set_on(option, start) == rule_set
    assert rule_set_on(option, start - DAY) != rule_set
    assert start > FIRST_DAY


@pytest.mark.parametrize(("option", "rule_set", "end"), ENDS)
def test_ends_on_its_day(option: Option, rule_set: str, end: datetime.date) -> None:
    assert rule_set_on(option, end) == rule_set
    assert rule_set_on(option, end + DAY) != rule_set


@pytest.mark.parametrize(("option", "rule_set"), ADOPTABLE)
def test_may_be_adopted_early(option: Option, rule_set: object) -> None:
    optional, name = rule_set.optional_from, rule_set.id  # type: ignore[attr-defined]
    assert rule_set_on(option, optional, {name: optional}) == name
    assert rule_set_on(option, optional - DAY, {name: optional}) != name
    with pytest.raises(LawError, match="could not be adopted"):
        rule_set_on(option, optional, {name: optional - DAY})


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2008-03-01", set()),
        ("2009-06-01", set()),
        ("2012-07-01", {"fha_hamp_combination"}),
        ("2016-01-01", {"fha_hamp_partial_claim", "fha_hamp_modification", "fha_hamp_combination"}),
        (
            "2021-08-01",
            {
                "fha_hamp_partial_claim",
                "fha_hamp_modification",
                "fha_hamp_combination",
                "fha_covid_partial_claim",
                "fha_covid_modification",
                "fha_covid_advance_modification",
            },
        ),
        (
            "2026-11-23",
            {"fha_partial_claim", "fha_modification", "fha_combination", "fha_payment_supplement"},
        ),
    ],
)
def test_programs_of_each_day(day: str, expected: set[str]) -> None:
    plain = {"reinstatement", "fha_repayment_plan", "fha_forbearance", "fha_pre_foreclosure_sale", "fha_deed_in_lieu"}
    found = words(review_canonical(frame({"evaluation_date": datetime.date.fromisoformat(day)}), FHA))
    in_force = {
        name
        for name in OFFERED
        if found[f"{name}__rule_set"][0] not in {"ENDED", "NOT-YET-IN-FORCE", "NOT-COVERED"}
    }
    assert in_force - plain == expected
    assert plain <= in_force


def test_supplement_is_open_where_only_the_servicer_knows() -> None:
    """Between the first and the mandatory day the answer depends on the servicer: not determined, not a no."""
    found = words(
        review_canonical(
            frame(*({"evaluation_date": datetime.date(2024, *day)} for day in ((4, 30), (5, 1), (12, 31)))), FHA
        )
    )
    assert found["fha_payment_supplement__status"].to_list() == ["ineligible", "not_determined", "not_determined"]


@pytest.mark.parametrize("option", OPTIONS)
def test_weak_sources_are_marked(option: Option) -> None:
    """Nothing that rests on a weak source, or on this project's own reading, passes for more."""
    values = [value for item in option.law.parameters.values() for value in item.values]
    sources = [source for item in option.law.rules.values() for source in item.sources]
    terms = [source for item in option.law.process.values() for source in item.sources]
    for item in (*values, *sources, *terms, *option.law.rule_sets):
        if item.cite.split("#")[0] in {"WEAK", "PRACTICE", "FORUM"}:
            assert item.verification == "unverified", item
        if item.cite.split("#")[0].endswith("-S") or item.cite.startswith("HB-"):
            assert item.verification != "verified", item


def test_no_fact_file_is_left_unread() -> None:
    """Every FHA fact is asked for by some rule or used by some terms."""
    folder = Path(str(importlib.resources.files("hopenow.programs.fha")))
    source = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    assert [name for name in schema() if name.startswith("fha_") and f'"{name}"' not in source] == []
