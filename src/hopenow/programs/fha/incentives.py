"""Treasury's pay-for-performance incentive on FHA-HAMP modifications (also used for rural loans' own program)."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import polars as pl

from hopenow.facts import NEVER
from hopenow.law import Parameters
from hopenow.money import half_up_div
from hopenow.programs.base import Option, RuleTable, Step, column
from hopenow.programs.fha.common import WHOLE, law

c = pl.col
NAME = "fha_treasury_incentive"
MODIFIED = "fha_hamp_combination"
RULES = RuleTable()
MONTHS = 12


def _day(p: Parameters, name: str) -> pl.Expr:
    return pl.lit(p.word(name)).str.to_date("%Y-%m-%d")


def _happened_by(fact: str, day: pl.Expr) -> pl.Expr:
    return (c(fact) != NEVER) & (c(fact) <= day)


def _reduction() -> pl.Expr:
    return c("contractual_payment") - c(column(MODIFIED, "payment_after"))


@RULES("MHA-G1")
def in_time(p: Parameters) -> pl.Expr:
    """Origination, first trial payment and agreement lie early enough."""
    return (
        (c("origination_date") <= _day(p, "originated_by"))
        & _happened_by("fha_first_trial_payment_date", _day(p, "trial_by"))
        & _happened_by("fha_servicer_agreement_date", _day(p, "agreement_by"))
    )


@RULES("MHA-G2")
def payment_falls(p: Parameters) -> pl.Expr:
    """The payment falls enough."""
    return _reduction() * WHOLE >= c("contractual_payment") * p["least_reduction"]


@RULES("MHA-G3")
def target_reached(p: Parameters) -> pl.Expr:
    """From a day on, the income target must be reached (the evaluation date is taken for the effective day)."""
    return (c("evaluation_date") < _day(p, "target_needed_from")) | c(column(MODIFIED, "target_met"))


@RULES("MHA-G6")
def standing(p: Parameters) -> pl.Expr:
    """Good standing was never lost."""
    return c("fha_good_standing")


def annual_incentive(reduction: int, p: Parameters) -> int:
    """Return the incentive of a full year: the lesser of the largest amount and the share of the annualized reduction.

    Args:
        reduction: fall of the monthly payment, cents.
        p: parameters of the option.

    Returns:
        Cents, half-up (Making Home Affordable Handbook v3.3, chapter VI, 3.2.2).
    """
    return min(p["most_a_year"], half_up_div(max(reduction, 0) * MONTHS * p["share_of_reduction"], WHOLE))


def accrued_share(timely: int, good_standing: bool) -> Fraction:
    """Return the share of a year's incentive that is earned: the months paid on time, nothing without good standing.

    Raises:
        ValueError: a year does not have that many months.
    """
    if not 0 <= timely <= MONTHS:
        raise ValueError(f"{timely} timely payments in a year; give a number from 0 to {MONTHS}")
    return Fraction(timely, MONTHS) if good_standing else Fraction(0)


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work out the incentive of a full year and the part earned."""
    reduction = _reduction()
    half = (2 * reduction * MONTHS * p["share_of_reduction"] + WHOLE) // (2 * WHOLE)
    most = pl.lit(p["most_a_year"], pl.Int64)
    annual = pl.when(reduction > 0).then(pl.min_horizontal(half, most)).when(reduction <= 0).then(0)
    timely = c("fha_timely_payments_in_year").cast(pl.Int64)
    earned = (
        pl.when(c("fha_good_standing"))
        .then((2 * annual * timely + MONTHS) // (2 * MONTHS))
        .when(~c("fha_good_standing"))
        .then(0)
    )
    return frame.select(
        reduction.alias("payment_change"),
        annual.cast(pl.Int64).alias("annual_amount"),
        earned.cast(pl.Int64).alias("earned_in_year"),
    )


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show how the incentive follows."""

    def of(name: str) -> Any:
        return row[column(NAME, name)]

    figures = ("most_a_year", "share_of_reduction")
    return [
        Step("Payment falls by", "each month, mortgage insurance included", of("payment_change"), "money"),
        Step("Incentive of a full year", "the lesser of two limits", of("annual_amount"), "money", figures),
        Step("Earned", "for the months paid on time", of("earned_in_year"), "money"),
    ]


OPTION = Option(
    id=NAME,
    kind="finding",
    law=law("treasury_incentive"),
    rules=RULES,
    terms=terms,
    columns={"payment_change": "money", "annual_amount": "money", "earned_in_year": "money"},
    needs=("contractual_payment", column(MODIFIED, "payment_after")),
    steps=steps,
)
