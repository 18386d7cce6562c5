"""Imminent default: the test that opens help to borrowers who are not yet far behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step
from hopenow.programs.conventional import common
from hopenow.programs.conventional.common import law

c = pl.col
RULES = RuleTable()
WHOLE = 1_000_000
CAUSES = ("death", "disability_or_illness", "divorce_or_separation", "separation_of_unrelated_borrowers")


@RULES("ID-DAYS")
def not_far_behind(p: Parameters) -> pl.Expr:
    """Not yet far behind."""
    return c("days_delinquent") < p["days_delinquent_below"]


@RULES("ID-HOME")
def lives_there(p: Parameters) -> pl.Expr:
    """The home is the principal residence."""
    return c("occupancy") == "principal_residence"


@RULES("ID-PACKAGE")
def package(p: Parameters) -> pl.Expr:
    """The package is complete and fresh."""
    return common.package_complete(p) & (c("documents_age_days") <= p["documents_at_most_days"])


@RULES("ID-RESERVES")
def low_reserves(p: Parameters) -> pl.Expr:
    """Reserves are low."""
    return c("liquid_reserves") < p["reserves_below"]


@RULES("ID-HARDSHIP")
def documented(p: Parameters) -> pl.Expr:
    """The hardship is documented."""
    return c("hardship_documented")


@RULES("ID-CAUSE")
def cause(p: Parameters) -> pl.Expr:
    """A listed cause, or low credit with late payments or high housing cost."""
    stepped = (c("amortization_type") == "step_rate") & (
        common.months_before("last_rate_adjustment_date") < p["step_rate_within"]
    )
    burdened = c("housing_expense") * WHOLE > p["housing_ratio_above"] * c("monthly_gross_income")
    weak = (
        (c("credit_score") <= p["score_at_most"])
        & (c("credit_score_age_days") <= p["score_at_most_days"])
        & ((c("thirty_day_lates_last_6_months") >= p["lates_at_least"]) | burdened)
    )
    return c("hardship_kind").is_in(CAUSES) | stepped | weak


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Compute the housing-expense ratio (millionths, half up)."""
    expense, income = c("housing_expense"), c("monthly_gross_income")
    return frame.select(
        pl.when(income > 0).then((2 * expense * WHOLE + income) // (2 * income)).alias("housing_ratio")
    )


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the ratio."""
    return [
        Step(
            "Housing expense to income",
            "principal, interest, taxes, insurance and dues over gross income",
            row["imminent_default__housing_ratio"],
            "ratio",
            ("housing_ratio_above",),
        )
    ]


OPTION = Option(
    id="imminent_default",
    kind="finding",
    law=law("imminent_default"),
    rules=RULES,
    terms=terms,
    columns={"housing_ratio": "ratio"},
    steps=steps,
)
