"""What holds for every option of every program of the registry; a program that is added later is tested too.

A loan's answer depends on nothing but the loan: not on its place, not on the other loans, not on how many there are.
What is in force on a day is what the law file says of that day, on each day on which something changes, on the day
before and on the day after.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hopenow.law import FIRST_DAY, OptionLaw, RuleSet, Value
from hopenow.law.model import engine_value
from hopenow.programs.base import Program, column
from hopenow.programs.registry import PROGRAMS, program
from hopenow.review import Settings, explain, review_canonical
from hopenow.review.plan import intervals
from tests.programs.random_facts import DAY, days_of, edges_of, random_loans

COUNT, SINGLES = 400, 12


@functools.cache
def loans(name: str) -> pl.DataFrame:
    return random_loans(program(name), COUNT, seed=20261125)


def reviewed(name: str, facts: pl.DataFrame) -> pl.DataFrame:
    result = review_canonical(facts, Settings(programs=(name,)))
    return result.with_columns(pl.selectors.enum().cast(pl.String), pl.selectors.categorical().cast(pl.String))


@functools.cache
def whole(name: str) -> pl.DataFrame:
    return reviewed(name, loans(name))


def agree(one: pl.DataFrame, other: pl.DataFrame) -> None:
    """Frames with the same answers; a smaller batch may lack columns that are null in all of it."""
    shared = [item for item in one.columns if item in other.columns]
    assert_frame_equal(one.select(shared), other.select(shared), check_dtypes=False)
    for item in set(one.columns) ^ set(other.columns):
        frame = one if item in one.columns else other
        assert frame[item].null_count() == frame.height, item


@pytest.mark.parametrize("name", PROGRAMS)
def test_random_facts_reach_every_option(name: str) -> None:
    """The tests below say nothing of an option that no loan comes near."""
    result = reviewed(name, random_loans(program(name), 2_500, seed=7))
    for option in program(name).options:
        sets = set(result[column(option.id, "rule_set")].drop_nulls().to_list())
        assert sets & {item.id for item in option.law.rule_sets}, option.id
        statuses = set(result[column(option.id, "status")].drop_nulls().to_list())
        assert statuses & {"eligible", "conditional"} or option.kind == "finding", option.id


@pytest.mark.parametrize("name", PROGRAMS)
def test_batch_equals_singles(name: str) -> None:
    facts, result = loans(name), whole(name)
    for place in range(0, COUNT, COUNT // SINGLES):
        loan = facts["loan_id"][place]
        agree(reviewed(name, facts[place : place + 1]), result.filter(pl.col("loan_id") == loan))


@pytest.mark.parametrize("name", PROGRAMS)
def test_row_order_and_batch_size_change_nothing(name: str) -> None:
    facts, result = loans(name), whole(name).sort("loan_id")
    agree(reviewed(name, facts.reverse()).sort("loan_id"), result)
    pieces = [reviewed(name, facts[start : start + 130]) for start in range(0, COUNT, 130)]
    agree(pl.concat(pieces, how="diagonal_relaxed").sort("loan_id"), result)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_answer_can_be_told(name: str) -> None:
    for explained in explain(loans(name)[:8], Settings(programs=(name,))):
        for option in explained.options:
            said = [step.text for step in option.steps] + [rule.says for rule in option.rules]
            assert not any("{" in text for text in said), option.id


# --- effective dates ----------------------------------------------------------------------------------------------


def rule_set_on(law: OptionLaw, who: str, day: datetime.date) -> RuleSet | None:
    """The rule set of a day, read off the file without the engine."""
    found = [
        item
        for item in law.rule_sets
        if who in item.authorities and (item.start or FIRST_DAY) <= day <= (item.end or datetime.date.max)
    ]
    assert len(found) <= 1, (law.option, day)
    return found[0] if found else None


def value_on(values: list[Value], who: str, rule_set: str, day: datetime.date) -> Value | None:
    """The value of a day, read off the file without the engine."""
    found = [
        item
        for item in values
        if who in item.authorities
        and (not item.rule_sets or rule_set in item.rule_sets)
        and (item.start or FIRST_DAY) <= day <= (item.end or datetime.date.max)
    ]
    assert len(found) <= 1, (rule_set, day)
    return found[0] if found else None


def each_edge() -> Iterator[Any]:
    for name in PROGRAMS:
        for option in program(name).options:
            near = {day for edge in edges_of(option) for day in (edge - DAY, edge, edge + DAY)}
            if near:
                yield pytest.param(name, option.id, sorted(near), id=f"{name}-{option.id}")


@pytest.mark.parametrize(("name", "option", "days"), list(each_edge()))
def test_law_of_the_day(name: str, option: str, days: list[datetime.date]) -> None:
    """The plan holds the rule set, the rules and the value of each figure that the file gives for the day."""
    loaded = program(name)
    for day in days:
        interval = next(item for item in intervals(loaded) if item.start <= day <= item.end)
        planned = next(item for item in interval.options if item.option.id == option)
        law = planned.option.law
        expected = rule_set_on(law, name, day)
        assert (planned.segment is None) is (expected is None), day
        if planned.segment is None or expected is None:
            assert planned.state in {"not_yet", "ended", "not_covered"}, day
            continue
        assert planned.rule_set.id == expected.id, day
        for figure, entry in law.parameters.items():
            value = value_on(entry.values, name, expected.id, day)
            assert (figure in planned.parameters) is (value is not None), (figure, day)
            if value is not None:
                assert planned.parameters.value(figure) == engine_value(value.value, entry.unit), (figure, day)
        rules = {
            rule
            for rule, entry in law.rules.items()
            if (not entry.rule_sets or expected.id in entry.rule_sets)
            and any(name in source.authorities for source in entry.sources)
        }
        assert {rule.id for rule in planned.rules} == rules, day


@pytest.mark.parametrize("name", PROGRAMS)
def test_answer_of_the_day(name: str) -> None:
    """One loan on each such day of the program: each option answers under the rule set of that day, or says why not."""
    loaded, days = program(name), days_of(program(name))
    if not days:
        pytest.skip(f"nothing of {name} ever changes")
    own = reviewed(name, loans(name)).filter(pl.col("program") == name)["loan_id"][0]
    loan = loans(name).filter(pl.col("loan_id") == own).drop("evaluation_date")
    facts = loan.join(pl.DataFrame({"evaluation_date": days}), how="cross").with_columns(
        (pl.lit("D") + pl.int_range(pl.len()).cast(pl.String)).alias("loan_id")
    )
    answers = reviewed(name, facts).filter(pl.col("program") == name)
    offered = [day for day in days if offers(loaded, day)]
    assert set(answers["evaluation_date"]) <= set(offered)
    assert answers.height > 0
    for row in answers.iter_rows(named=True):
        for option in loaded.options:
            expected = rule_set_on(option.law, name, row["evaluation_date"])
            got = row[column(option.id, "rule_set")]
            if expected is None:
                assert got in {"NOT-YET-IN-FORCE", "ENDED", "NOT-COVERED"}, (option.id, row["evaluation_date"])
                assert row[column(option.id, "status")] in {"ineligible", "not_determined"}
                assert all(row[column(option.id, term)] is None for term in option.columns)
            else:
                assert got == expected.id, (option.id, row["evaluation_date"])


def offers(loaded: Program, day: datetime.date) -> bool:
    return any(
        rule_set_on(option.law, loaded.id, day) is not None for option in loaded.options if option.kind != "finding"
    )
