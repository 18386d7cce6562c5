"""Housing counseling: open to every homeowner on every day; never a no."""

from __future__ import annotations

import datetime

import polars as pl
import pytest

from hopenow.programs.housing_counseling import OPTION, PROGRAM
from hopenow.review import Settings, explain, review_canonical
from hopenow.tapes.synthetic import synthetic_delinquent

NAME = "housing_counseling"
ONLY = Settings(programs=(NAME,))


@pytest.mark.parametrize("day", ["1995-01-01", "2007-10-28", "2007-10-29", "2026-11-25"])
def test_nobody_is_ruled_out(day: str) -> None:
    facts = synthetic_delinquent(300, seed=3, unknown=0.5).with_columns(
        pl.lit(datetime.date.fromisoformat(day)).alias("evaluation_date")
    )
    found = review_canonical(facts, ONLY)
    assert found.height == 300
    assert found["housing_counseling__status"].unique().to_list() == ["eligible"]
    assert found["investor_known"].all()


def test_a_loan_of_which_nothing_is_known_has_it() -> None:
    facts = pl.DataFrame({"loan_id": ["1"], "evaluation_date": [datetime.date(2026, 11, 25)]})
    (found,) = explain(facts, ONLY)
    (option,) = found.options
    assert (option.status, option.kind, option.questions) == ("eligible", "help", ())
    assert found.foreclosure is None


def test_no_rule_can_rule_out() -> None:
    assert OPTION.kind == "help"
    assert all(rule.effect != "deny" for rule in OPTION.law.rules.values())


def test_before_the_regulation_it_is_marked_as_not_established() -> None:
    facts = pl.DataFrame({"loan_id": ["1", "2"], "evaluation_date": [datetime.date(2007, 10, day) for day in (28, 29)]})
    marks = review_canonical(facts, ONLY)["housing_counseling__verification"].to_list()
    assert marks == ["unverified", "secondary"]


def test_it_says_where_to_call_and_that_it_is_free() -> None:
    facts = pl.DataFrame({"loan_id": ["1"], "evaluation_date": [datetime.date(2026, 11, 25)]})
    said = {item.id: item for item in explain(facts, ONLY)[0].options[0].process}
    assert "800-569-4287" in said["HC-FIND"].says
    assert "free" in said["HC-FREE"].says
    assert "45 days" in said["HC-NOTICE"].says
    assert all(item.citation.verification != "unverified" for item in said.values())


def test_it_is_the_only_option_of_its_program() -> None:
    assert PROGRAM.options == (OPTION,)
    assert PROGRAM.orders == {"standard": (NAME,)}
