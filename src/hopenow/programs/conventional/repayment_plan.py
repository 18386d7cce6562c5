"""Repayment plan: the regular payment plus a part of the arrears until the loan is current."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.facts.derived import month_end, month_start
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step
from hopenow.programs.conventional.common import law
from hopenow.programs.installments import fewest_months, part, parts, past_due

c = pl.col
RULES = RuleTable()
WHOLE = 1_000_000


@RULES("RP-1")
def temporary_and_resolved(p: Parameters) -> pl.Expr:
    """The hardship was temporary and is over."""
    return (c("hardship_duration") == "temporary") & c("hardship_resolved")


@RULES("RP-1-C")
def capacity(p: Parameters) -> pl.Expr:
    """Some plan within the limits fits the household's capacity."""
    return c("repayment_plan__affordable")


@RULES("RP-2")
def within_payment_cap(p: Parameters) -> pl.Expr:
    """The shortest plan under the payment cap is short enough."""
    return c("repayment_plan__months") <= p["longest_plan"]


@RULES("RP-4")
def package(p: Parameters) -> pl.Expr:
    """The package is complete where the plan needs one."""
    small = (c("days_delinquent") <= p["package_after_days"]) & (
        c("repayment_plan__months") <= p["package_after_months"]
    )
    return (small & c("quality_right_party_contact")) | c("borrower_response_package_complete")


@RULES("RP-5")
def with_forbearance(p: Parameters) -> pl.Expr:
    """Forbearance and plan together are short enough."""
    together = c("forbearance_months_used") + c("repayment_plan__months")
    return ~c("active_forbearance") | (together <= p["longest_with_forbearance"])


@RULES("RP-6")
def something_due(p: Parameters) -> pl.Expr:
    """Something is past due."""
    return c("months_delinquent") >= 1


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Find the shortest plan within the payment cap and the stated capacity."""
    counted = {"late_charges": p["include_late_charges"], "servicing_advances": p["include_advances"]}
    arrears = past_due(*(c(name).fill_null(0) for name, counts in counted.items() if counts))
    payment, longest = c("contractual_payment"), p["longest_plan"]
    frame = frame.select(
        "contractual_payment",
        "monthly_capacity",
        "can_afford_repayment_plan",
        "evaluation_month",
        arrears.alias("arrears"),
        (payment * (p["highest_payment"] - WHOLE) // WHOLE).alias("room"),
    )
    room_in_capacity = pl.min_horizontal(c("room"), c("monthly_capacity") - payment)
    frame = frame.with_columns(
        fewest_months(c("arrears"), c("room")).alias("by_cap"),
        fewest_months(c("arrears"), room_in_capacity).alias("by_capacity"),
    )
    known = c("monthly_capacity").is_not_null()
    fits = (
        pl.when(c("by_cap") > longest)
        .then(False)
        .when(known & c("arrears").is_not_null())
        .then((c("by_capacity") <= longest).fill_null(False))
        # Arrears could only add a second reason to a household's own no.
        .when(c("arrears").is_not_null() | (~known & ~c("can_afford_repayment_plan")))
        .then(c("can_afford_repayment_plan"))
    )
    frame = frame.with_columns(
        pl.when(known & (c("by_capacity") <= longest))
        .then("by_capacity")
        .otherwise("by_cap")
        .cast(pl.Int32)
        .alias("months"),
        fits.alias("affordable"),
    )
    frame = frame.with_columns(part(c("arrears"), c("months")).alias("installment"))
    return frame.select(
        "arrears",
        "months",
        *parts(c("arrears"), c("months"), payment, c("installment")),
        "affordable",
        pl.when(c("months") > 0).then(month_start(c("evaluation_month"))).alias("start"),
        pl.when(c("months") > 0).then(month_end(c("evaluation_month") + c("months") - 1)).alias("end"),
        payment.alias("payment_after"),
    )


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show how the plan follows from arrears, cap and capacity."""
    return [
        Step(
            "Arrears",
            f"{row['months_delinquent']} unpaid payments and earlier late charges, less any contribution",
            row["repayment_plan__arrears"],
            "money",
            ("include_late_charges", "include_advances"),
        ),
        Step(
            "Capacity", "the most the household says it can pay each month", row["monthly_capacity"], "money"
        ),
        Step(
            "Length",
            "fewest months within the payment cap and the capacity",
            row["repayment_plan__months"],
            "months",
            ("highest_payment", "longest_plan"),
        ),
        Step(
            "Installment",
            "arrears divided by the months, rounded up to the cent",
            row["repayment_plan__installment"],
            "money",
        ),
        Step(
            "Payment during the plan",
            "regular payment plus installment",
            row["repayment_plan__payment"],
            "money",
            ("highest_payment",),
        ),
        Step("Loan current by", "end of the plan", row["repayment_plan__end"], "date"),
    ]


OPTION = Option(
    id="repayment_plan",
    kind="keep",
    law=law("repayment_plan"),
    rules=RULES,
    terms=terms,
    columns={
        "arrears": "money",
        "months": "months",
        "installment": "money",
        "last_installment": "money",
        "payment": "money",
        "affordable": "flag",
        "start": "date",
        "end": "date",
        "payment_after": "money",
    },
    needs=("months_delinquent", "contractual_payment"),
    additive=("late_charges", "borrower_contribution"),
    steps=steps,
)
