"""The Treasury's incentive for RD-HAMP modifications of 2009 to 2012 (MHA Handbook v3.3, chapter VI)."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import polars as pl

from hopenow.facts import NEVER
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step, column
from hopenow.programs.usda.common import WHOLE, law

c = pl.col
NAME = "rd_hamp_incentive"
RULES = RuleTable()
MONTHS = 12


def _by(name: str, limit: str) -> pl.Expr:
    day = pl.lit(limit).str.to_date("%Y-%m-%d")
    return (c(name) != NEVER) & (c(name) <= day)


@RULES("MHA-G1")
def in_time(p: Parameters) -> pl.Expr:
    """Loan, trial, agreement and affidavit were in time."""
    return (
        _by("origination_date", p.word("originated_by"))
        & _by("rd_hamp_first_trial_payment_date", p.word("first_trial_payment_by"))
        & _by("rd_hamp_servicer_agreement_date", p.word("servicer_agreement_by"))
        & c("rd_hamp_hardship_affidavit")
    )


def _fell(p: Parameters) -> pl.Expr:
    before = c("rd_hamp_payment_before")
    return (before - c("rd_hamp_payment_after")) * WHOLE >= p["least_reduction"] * before


@RULES("MHA-G2")
def reduced_enough(p: Parameters) -> pl.Expr:
    """The payment fell enough."""
    return _fell(p)


@RULES("MHA-G6")
def in_good_standing(p: Parameters) -> pl.Expr:
    """Good standing was never lost."""
    return c("rd_hamp_good_standing")


def share_of_year(timely: int, months: int = MONTHS) -> Fraction:
    """Return the share of a year's incentive that accrues (MHA-G4): months paid on time over the months of the year.

    Raises:
        ValueError: the counts do not fit.
    """
    if not 0 <= timely <= months or months < 1:
        raise ValueError(f"{timely} payments on time do not fit {months} months")
    return Fraction(timely, months)


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work out the year's most and what accrues of it, half-up to the cent."""
    reduction = (c("rd_hamp_payment_before") - c("rd_hamp_payment_after")).clip(lower_bound=0)
    half = (2 * reduction * MONTHS * p["share_of_reduction"] + WHOLE) // (2 * WHOLE)
    most = pl.when(half.is_not_null()).then(pl.min_horizontal(half, pl.lit(p["yearly_most"], pl.Int64)))
    earns = _fell(p) & c("rd_hamp_good_standing")
    frame = frame.with_columns(pl.when(_fell(p)).then(most).when(~_fell(p)).then(0).alias("_most"))
    accrued = (2 * c("_most") * c("rd_hamp_timely_payments") + MONTHS) // (2 * MONTHS)
    return frame.select(
        c("_most").alias("yearly_most"),
        c("rd_hamp_timely_payments").alias("months_paid_on_time"),
        pl.when(earns).then(accrued).when(~earns).then(0).cast(pl.Int64).alias("accrued"),
    )


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the year's incentive."""
    return [
        Step(
            "Most for the year",
            "the lesser of the yearly limit and the share of the annualized reduction",
            row[column(NAME, "yearly_most")],
            "money",
            ("yearly_most", "share_of_reduction", "least_reduction"),
        ),
        Step("Months paid on time", "in the year", row[column(NAME, "months_paid_on_time")], "count"),
        Step("Accrued", "for the months paid on time", row[column(NAME, "accrued")], "money"),
    ]


OPTION = Option(
    id=NAME,
    kind="finding",
    law=law(NAME),
    rules=RULES,
    terms=terms,
    columns={"yearly_most": "money", "months_paid_on_time": "count", "accrued": "money"},
    needs=("rd_hamp_payment_before", "rd_hamp_payment_after", "rd_hamp_timely_payments", "rd_hamp_good_standing"),
    steps=steps,
)
