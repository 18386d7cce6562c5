"""The schema file: units, ranges, and what each fact says of itself."""

from __future__ import annotations

import polars as pl
import pytest

from hopenow.facts import NEVER, Fact, schema
from hopenow.facts.derived import DERIVED, base_facts, derive


@pytest.mark.parametrize("fact", schema().values(), ids=lambda fact: fact.name)
def test_fact_says_what_it_is(fact: Fact) -> None:
    assert fact.meaning.endswith(".")
    assert fact.ask.rstrip(")").endswith(("?", "."))
    assert fact.unit
    low, high = fact.canonical_range
    assert low is None or high is None or low < high
    if fact.type in {"money", "rate", "months", "days", "count"}:
        assert low is not None
        assert high is not None
    assert (fact.type in {"choice", "choices"}) == bool(fact.choices)
    assert not fact.never or fact.type == "date"
    assert fact.only_if is None or schema()[fact.only_if].type == "flag"


def test_never_lies_before_every_real_date() -> None:
    assert NEVER.year == 1900


def test_empty_frame_and_completion() -> None:
    frame = schema().complete(pl.DataFrame({"loan_id": ["1"], "extra": [1]}))
    assert set(schema()) < set(frame.columns)
    assert frame["extra"].to_list() == [1]
    assert schema().empty().height == 0


def test_derivations_never_overwrite() -> None:
    frame = (
        schema()
        .complete(pl.DataFrame({"loan_id": ["1"]}))
        .with_columns(
            pl.date(2026, 9, 15).alias("evaluation_date"),
            pl.lit(7, pl.Int32).alias("months_delinquent"),
            pl.lit("TX").alias("state"),
        )
    )
    row = derive(frame).row(0, named=True)
    assert row["months_delinquent"] == 7
    assert str(row["next_due_date"]) == "2026-03-01"
    assert row["days_delinquent"] == 198
    assert row["texas_50a6"] is None


def test_what_to_ask_for_a_derived_column() -> None:
    assert base_facts("months_since_origination") == ("origination_date", "evaluation_date")
    assert base_facts("months_delinquent") == ("months_delinquent",)
    assert base_facts("contractual_payment")[0] == "monthly_principal_and_interest"
    assert base_facts("no such column") == ()
    assert set(DERIVED) & set(schema()) >= {"months_delinquent", "next_due_date"}


def test_unknown_due_date_is_unknown_delinquency() -> None:
    frame = schema().complete(pl.DataFrame({"loan_id": ["1"]}))
    frame = frame.with_columns(pl.date(2026, 9, 15).alias("evaluation_date"))
    row = derive(frame).row(0, named=True)
    assert (row["months_delinquent"], row["days_delinquent"], row["next_due_date"]) == (None, None, None)
