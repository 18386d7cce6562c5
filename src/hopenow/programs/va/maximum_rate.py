"""The highest rate of a VA modification (VA-M8): a finding on which the modifications rest."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step
from hopenow.programs.va.common import law
from hopenow.reference import survey_series

c = pl.col
RULES = RuleTable()
NAME = "va_maximum_rate"


@RULES("VA-IDX")
def index_known(p: Parameters) -> pl.Expr:
    """The survey rate of the pricing date is known."""
    return c("va_maximum_rate__survey_rate") > 0


def _survey(days: pl.Series) -> pl.DataFrame:
    """Return the latest weekly survey rate on each day and its week; null where the table has none."""
    series = survey_series()
    table = pl.DataFrame(
        {"week": series.weeks, "survey_rate": series.rates},
        schema={"week": pl.Date, "survey_rate": pl.Int64},
    ).set_sorted("week")
    asked = pl.DataFrame({"day": days}).with_row_index("row").sort("day")
    found = asked.join_asof(table.with_columns(survey_week="week"), left_on="day", right_on="week").sort("row")
    known = c("day") <= series.covered_to
    return found.select(pl.when(known).then("survey_rate"), pl.when(known).then("survey_week"))


def round_to_step(rate: pl.Expr, step: int, how: str) -> pl.Expr:
    """Round a rate to a multiple of ``step`` (millionths): to the nearest, a half up; or up."""
    if how == "up":
        return (rate + step - 1) // step * step
    return (2 * rate + step) // (2 * step) * step


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Find the survey rate of the pricing date and the highest rate."""
    pricing = frame.select(pl.coalesce("va_pricing_date", "evaluation_date").alias("pricing_date"))
    given = frame["va_survey_rate"].is_not_null()
    found = _survey(pricing["pricing_date"]).with_columns(
        pl.coalesce(frame["va_survey_rate"], c("survey_rate")).alias("survey_rate"),
        pl.when(given).then(None).otherwise("survey_week").alias("survey_week"),
    )
    wide = pl.concat(
        [frame.select("note_rate", "original_rate", "va_purchase_aid_law_forbids_rate_change"), pricing, found],
        how="horizontal",
    )

    def highest(rounded: pl.Expr) -> pl.Expr:
        by_index, by_existing = rounded + p["index_margin"], c("note_rate") + p["existing_margin"]
        both = pl.when(by_index.is_not_null() & by_existing.is_not_null()).then(
            pl.min_horizontal(by_index, by_existing)
        )
        return pl.when(c("va_purchase_aid_law_forbids_rate_change")).then("original_rate").otherwise(both)

    step = p["rate_step"]
    rounded = round_to_step(c("survey_rate"), step, p.word("index_rounding"))
    return wide.select(
        "pricing_date",
        "survey_week",
        "survey_rate",
        rounded.alias("rounded_rate"),
        (rounded + p["index_margin"]).alias("limit_by_survey"),
        (c("note_rate") + p["existing_margin"]).alias("limit_by_existing"),
        highest(rounded).alias("rate"),
        highest(round_to_step(c("survey_rate"), step, "up")).alias("rate_if_rounded_up"),
    )


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show how the limit follows from the survey and the present rate."""

    def of(name: str) -> Any:
        return row[f"va_maximum_rate__{name}"]

    week: datetime.date | None = of("survey_week")
    source = f"Freddie Mac's 30-year rate released on {week}" if week else "Freddie Mac's 30-year rate, as given"
    lower = "the lower of the two; the servicer may go lower"
    if row["va_purchase_aid_law_forbids_rate_change"]:
        lower = "the original rate: a home-buying aid law forbids a change"
    found = [
        Step("Pricing date", "day on which the agreement or the trial is approved", of("pricing_date"), "date"),
        Step("Survey rate", source, of("survey_rate"), "rate"),
        Step(
            "Rounded",
            f"to a multiple of the step: {p.word('index_rounding')}",
            of("rounded_rate"),
            "rate",
            ("rate_step", "index_rounding"),
        ),
        Step("Limit by the survey", "with the margin", of("limit_by_survey"), "rate", ("index_margin",)),
        Step("Limit by the present rate", "with the margin", of("limit_by_existing"), "rate", ("existing_margin",)),
        Step("Highest rate", lower, of("rate"), "rate"),
    ]
    if of("rate") != of("rate_if_rounded_up"):
        text = "the handbook of 2018 rounds up; the regulation governs"
        found.append(Step("If the survey rate were rounded up", text, of("rate_if_rounded_up"), "rate"))
    return found


OPTION = Option(
    id=NAME,
    kind="finding",
    law=law(NAME, regulation=()),
    rules=RULES,
    terms=terms,
    columns={
        "pricing_date": "date",
        "survey_week": "date",
        "survey_rate": "rate",
        "rounded_rate": "rate",
        "limit_by_survey": "rate",
        "limit_by_existing": "rate",
        "rate": "rate",
        "rate_if_rounded_up": "rate",
    },
    needs=("va_survey_rate", "note_rate"),
    steps=steps,
)
