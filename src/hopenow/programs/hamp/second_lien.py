"""2MP: the second lien follows the modified first lien."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step
from hopenow.programs.hamp.common import law

c = pl.col
NAME = "second_lien_modification"
RULES = RuleTable()


@RULES("HAMP-2MP-LIEN")
def second_lien(p: Parameters) -> pl.Expr:
    """The loan is a second lien."""
    return c("lien_position") == 2


@RULES("HAMP-2MP-FIRST")
def first_modified(p: Parameters) -> pl.Expr:
    """The first lien is modified under HAMP."""
    return c("hamp_first_lien_modified")


@RULES("HAMP-2MP-SERVICER")
def participating(p: Parameters) -> pl.Expr:
    """The servicer takes part."""
    return c("hamp_second_lien_participating")


def same_share(amount: str) -> pl.Expr:
    """Return the second lien's least amount for an amount of the first lien, half up."""
    whole = c("hamp_first_lien_balance")
    return pl.when(whole > 0).then((2 * c("interest_bearing_balance") * c(amount) + whole) // (2 * whole))


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Compute rates and the least principal forborne and forgiven."""
    first, cap = c("hamp_first_lien_rate"), c("hamp_first_lien_rate_cap")
    known = first.is_not_null() & cap.is_not_null()
    risen = pl.max_horizontal(first, pl.min_horizontal(first + p["first_lien_rise"], cap))
    start = (
        pl.when(c("interest_only"))
        .then(pl.lit(p["second_rate_interest_only"], pl.Int64))
        .when(~c("interest_only"))
        .then(pl.lit(p["second_rate_amortizing"], pl.Int64))
    )
    return frame.select(
        start.alias("rate"),
        pl.when(known).then(risen).alias("rate_after_fixed_years"),
        pl.when(known).then(pl.max_horizontal(first, cap)).alias("final_rate"),
        same_share("hamp_first_lien_forborne").alias("forborne_at_least"),
        same_share("hamp_first_lien_forgiven").alias("forgiven_at_least"),
    )


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the rates and the principal."""

    def of(name: str) -> Any:
        return row[f"{NAME}__{name}"]

    return [
        Step(
            "Rate in the first years",
            "by whether the loan amortizes",
            of("rate"),
            "rate",
            ("second_rate_amortizing", "second_rate_interest_only", "second_fixed_years"),
        ),
        Step(
            "Rate in the year after",
            "the first lien's rate of that year",
            of("rate_after_fixed_years"),
            "rate",
            ("first_lien_rise",),
        ),
        Step("Final rate", "the first lien's cap, or its rate where that is higher", of("final_rate"), "rate"),
        Step("Principal forborne, at least", "same share as on the first lien", of("forborne_at_least"), "money"),
        Step("Principal forgiven, at least", "same share as on the first lien", of("forgiven_at_least"), "money"),
    ]


OPTION = Option(
    id=NAME,
    kind="keep",
    law=law("second_lien"),
    rules=RULES,
    terms=terms,
    columns={
        "rate": "rate",
        "rate_after_fixed_years": "rate",
        "final_rate": "rate",
        "forborne_at_least": "money",
        "forgiven_at_least": "money",
    },
    needs=(
        "interest_bearing_balance",
        "interest_only",
        "hamp_first_lien_rate",
        "hamp_first_lien_rate_cap",
        "hamp_first_lien_balance",
        "hamp_first_lien_forborne",
        "hamp_first_lien_forgiven",
    ),
    steps=steps,
)
