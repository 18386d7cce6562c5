"""The highest rate of a modified FHA loan, from the weekly survey of mortgage rates."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.errors import CoverageError
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step
from hopenow.programs.fha.common import law
from hopenow.reference import pmms_rate

c = pl.col
RULES = RuleTable()


@RULES("FHA-RATE")
def not_above(p: Parameters) -> pl.Expr:
    """The rate is not above the highest allowed one."""
    for name in ("margin", "rounding"):
        p.value(name)
    p.word("index")
    return c("fha_market_rate__rate") <= c("fha_market_rate__ceiling")


def _survey(day: datetime.date) -> int | None:
    try:
        return pmms_rate(day).rate_ppm
    except CoverageError:
        return None


def survey_rates(days: pl.Series) -> pl.Series:
    """Return the survey rate that was the latest one on each day (millionths); null where the table has none."""
    known = {day: _survey(day) for day in days.unique().drop_nulls().to_list()}
    return days.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.Int64)


def ceiling(index: pl.Expr, margin: int, step: int) -> pl.Expr:
    """Add the margin and round to the nearest multiple of ``step``, a half upward; 0 means no rounding.

    Null where it would make a difference whether the margin is added before or after rounding: no text says which.
    """
    if step == 0:
        return index + margin
    if margin % step:
        return pl.lit(None, pl.Int64)
    return (2 * (index + margin) + step) // (2 * step) * step


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Take the survey rate of the day and work out the highest rate."""
    frame = frame.select(
        "fha_modified_rate", "fha_survey_rate", survey_rates(frame["evaluation_date"]).alias("_table")
    )
    frame = frame.with_columns(pl.coalesce("fha_survey_rate", "_table").alias("index_rate")).with_columns(
        ceiling(c("index_rate"), p["margin"], p["rounding"]).alias("ceiling")
    )
    return frame.select(
        "index_rate", "ceiling", pl.coalesce(c("fha_modified_rate"), c("ceiling")).alias("rate")
    )


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show where the rate comes from."""
    given = "as offered" if row["fha_modified_rate"] is not None else "the highest allowed rate"
    return [
        Step("Survey rate", "latest weekly rate on the day of the offer", row["fha_market_rate__index_rate"], "rate"),
        Step(
            "Highest rate",
            "survey rate with the margin, rounded",
            row["fha_market_rate__ceiling"],
            "rate",
            ("index", "margin", "rounding"),
        ),
        Step("Rate taken", given, row["fha_market_rate__rate"], "rate"),
    ]


OPTION = Option(
    id="fha_market_rate",
    kind="finding",
    law=law("market_rate"),
    rules=RULES,
    terms=terms,
    columns={"index_rate": "rate", "ceiling": "rate", "rate": "rate"},
    needs=("fha_survey_rate",),
    steps=steps,
)
