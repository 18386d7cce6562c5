"""Plans that leave the note as it is: repayment agreement and special forbearance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.facts.derived import month_end, month_start
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step, column
from hopenow.programs.installments import fewest_months, part, parts
from hopenow.programs.usda.common import WHOLE, arrears, gated, law

c = pl.col
REPAYMENT, FORBEARANCE = "usda_repayment_agreement", "usda_special_forbearance"
REPAYMENT_RULES = RuleTable()
FORBEARANCE_RULES = RuleTable()


@REPAYMENT_RULES("USDA-R1")
def something_due(p: Parameters) -> pl.Expr:
    """Something is past due."""
    return c("months_delinquent") >= 1


@REPAYMENT_RULES("USDA-R2")
def short_enough(p: Parameters) -> pl.Expr:
    """The shortest agreement that the household can pay is short enough."""
    # Where nothing is left after the regular payment, no number of months will do.
    affordable = c(column(REPAYMENT, "months_needed")) <= p["longest_months"]
    nothing_left = c("monthly_capacity") <= c("contractual_payment")
    owed = arrears() > 0
    return affordable.fill_null(pl.when(nothing_left & owed).then(False))


def repayment_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Find the shortest agreement within the capacity; without a known capacity, the longest one allowed."""
    left = c("monthly_capacity") - c("contractual_payment")
    frame = frame.select("contractual_payment", "evaluation_month", left.alias("left"), arrears().alias("arrears"))
    needed = pl.when(c("arrears") > 0).then(fewest_months(c("arrears"), c("left")))
    frame = frame.with_columns(needed.alias("needed"))
    months = pl.min_horizontal(pl.coalesce(c("needed"), pl.lit(p["longest_months"])), p["longest_months"])
    frame = frame.with_columns(pl.when(c("arrears") > 0).then(months).cast(pl.Int32).alias("months"))
    frame = frame.with_columns(part(c("arrears"), c("months")).alias("installment"))
    return frame.select(
        "arrears",
        c("needed").clip(upper_bound=WHOLE).cast(pl.Int32).alias("months_needed"),
        "months",
        *parts(c("arrears"), c("months"), c("contractual_payment"), c("installment")),
        pl.when(c("months") > 0).then(month_start(c("evaluation_month"))).alias("start"),
        pl.when(c("months") > 0).then(month_end(c("evaluation_month") + c("months") - 1)).alias("end"),
        c("contractual_payment").alias("payment_after"),
    )


def repayment_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show how the agreement follows from arrears and capacity."""

    def of(name: str) -> Any:
        return row[column(REPAYMENT, name)]

    return [
        Step("Arrears", "unpaid payments, costs and annual fees, less any contribution", of("arrears"), "money"),
        Step("Capacity", "the most the household can pay each month", row["monthly_capacity"], "money"),
        Step("Length", "fewest months that the household can pay", of("months"), "months", ("longest_months",)),
        Step("Installment", "arrears over the months, rounded up to the cent", of("installment"), "money"),
        Step("Payment", "regular payment plus installment", of("payment"), "money"),
        Step("Loan current by", "end of the agreement", of("end"), "date"),
    ]


@FORBEARANCE_RULES("USDA-F1")
def within_equivalent(p: Parameters) -> pl.Expr:
    """There is room for at least one more unpaid payment."""
    return c("months_delinquent") < p["most_payments"]


def forbearance_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Find the longest forbearance that the limit on unpaid payments allows."""
    behind = c("months_delinquent")
    left = (p["most_payments"] - behind).clip(lower_bound=0).cast(pl.Int32)
    frame = frame.with_columns(left.alias("_left"))
    months = pl.when(c("_left").is_not_null()).then(pl.min_horizontal("requested_forbearance_months", "_left"))
    frame = frame.with_columns(months.cast(pl.Int32).alias("_months"))
    given = c("_months") >= 1
    return frame.select(
        c("_left").alias("room"),
        c("_months").alias("months"),
        pl.when(given).then(month_start(c("evaluation_month"))).alias("start"),
        pl.when(given).then(month_end(c("evaluation_month") + c("_months") - 1)).alias("end"),
        ((behind + c("_months")).cast(pl.Int64) * c("contractual_payment")).alias("unpaid_at_end"),
        (p["most_payments"] * c("contractual_payment")).alias("limit"),
        (behind >= p["modification_from_months"]).alias("may_lead_to_modification"),
    )


def forbearance_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show which limit decides."""

    def of(name: str) -> Any:
        return row[column(FORBEARANCE, name)]

    return [
        Step("Room", "payments that may still go unpaid", of("room"), "months", ("most_payments",)),
        Step("Length", "as asked for, within the room", of("months"), "months"),
        Step("Unpaid at the end", "if nothing is paid meanwhile", of("unpaid_at_end"), "money"),
        Step("Limit", "the equivalent in full payments", of("limit"), "money", ("most_payments",)),
        Step("Begins", "first day", of("start"), "date"),
        Step("Ends", "last day", of("end"), "date"),
        Step(
            "May lead into a modification",
            "when far enough behind",
            of("may_lead_to_modification"),
            "flag",
            ("modification_from_months",),
        ),
    ]


REPAYMENT_AGREEMENT = Option(
    id=REPAYMENT,
    kind="keep",
    law=law(REPAYMENT, gates=True),
    rules=gated(REPAYMENT_RULES),
    terms=repayment_terms,
    columns={
        "arrears": "money",
        "months_needed": "months",
        "months": "months",
        "installment": "money",
        "last_installment": "money",
        "payment": "money",
        "start": "date",
        "end": "date",
        "payment_after": "money",
    },
    needs=("months_delinquent", "contractual_payment", "monthly_capacity"),
    additive=("servicing_advances", "usda_past_due_annual_fees", "borrower_contribution"),
    steps=repayment_steps,
)
SPECIAL_FORBEARANCE = Option(
    id=FORBEARANCE,
    kind="keep",
    law=law(FORBEARANCE, gates=True),
    rules=gated(FORBEARANCE_RULES),
    terms=forbearance_terms,
    columns={
        "room": "months",
        "months": "months",
        "start": "date",
        "end": "date",
        "unpaid_at_end": "money",
        "limit": "money",
        "may_lead_to_modification": "flag",
    },
    needs=("months_delinquent", "contractual_payment"),
    steps=forbearance_steps,
)
