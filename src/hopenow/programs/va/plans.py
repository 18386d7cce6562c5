"""Repayment plan and special forbearance (38 CFR 36.4301)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.facts.derived import add_months, end_of_month
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step
from hopenow.programs.installments import fewest_months, part, parts, past_due, period
from hopenow.programs.va import common
from hopenow.programs.va.common import law

c = pl.col
REPAYMENT_RULES = RuleTable()
FORBEARANCE_RULES = RuleTable()


# --- repayment plan -------------------------------------------------------------------------------


@REPAYMENT_RULES("VA-RP-1")
def old_enough(p: Parameters) -> pl.Expr:
    """Far enough past due."""
    return c("days_delinquent") >= p["least_days_delinquent"]


@REPAYMENT_RULES("VA-RP-2")
def long_enough(p: Parameters) -> pl.Expr:
    """The plan the household can pay is long enough (the plan is never made shorter)."""
    return pl.coalesce(c("va_repayment_plan__months"), pl.lit(p["least_months"], pl.Int32)) >= p["least_months"]


@REPAYMENT_RULES("VA-RP-4")
def affordable(p: Parameters) -> pl.Expr:
    """The household can pay it."""
    return c("va_repayment_plan__affordable")


@REPAYMENT_RULES("VA-RP-3")
@FORBEARANCE_RULES("VA-SF-2")
def documented(p: Parameters) -> pl.Expr:
    """The agreement is in writing."""
    return c("va_written_agreement")


def repayment_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Find the shortest plan the household can pay, and the long plans of 2026 where they are looked at."""
    late = [c("late_charges").fill_null(0)] if p["include_late_charges"] else []
    payment, least = c("contractual_payment"), p["least_months"]
    frame = frame.with_columns(past_due(*late).alias("_arrears"))
    room = c("monthly_capacity") - payment
    fewest = fewest_months(c("_arrears"), room)
    needed = pl.when(fewest.is_not_null()).then(pl.max_horizontal(fewest, pl.lit(least, pl.Int64)))
    fits = (
        pl.when(room.is_null() | c("_arrears").is_null())
        .then("can_afford_repayment_plan")
        .when((room <= 0) & (c("_arrears") > 0))
        .then(False)
        .when(c("_arrears") == 0)
        .then(room >= 0)
        .otherwise(needed <= c("remaining_term"))
    )
    frame = frame.with_columns(
        pl.when(needed <= c("remaining_term")).then(needed).cast(pl.Int32).alias("_months"), fits.alias("_fits")
    )
    return frame.select(
        c("_arrears").alias("arrears"),
        c("_months").alias("months"),
        *parts(c("_arrears"), c("_months"), payment, part(c("_arrears"), c("_months"))),
        (payment + part(c("_arrears"), pl.lit(least, pl.Int64))).alias("payment_in_shortest_plan"),
        *_long_plans(p, payment),
        c("_fits").alias("affordable"),
        *period(c("_months")),
        payment.alias("payment_after"),
    )


def _long_plans(p: Parameters, payment: pl.Expr) -> list[pl.Expr]:
    names = {"first_long_plan": "payment_in_first_long_plan", "second_long_plan": "payment_in_second_long_plan"}
    if not all(name in p for name in names):
        return [pl.lit(None, pl.Int64).alias(column) for column in names.values()]
    looked_at = common.handbook_in_use(p, "handbook_from") & (c("note_rate") < c("va_maximum_rate__rate"))
    return [
        pl.when(looked_at).then(payment + part(c("_arrears"), pl.lit(p[name], pl.Int64))).alias(column)
        for name, column in names.items()
    ]


def repayment_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show how the plan follows from arrears and capacity."""

    def of(name: str) -> Any:
        return row[f"va_repayment_plan__{name}"]

    unpaid = row["months_delinquent"]
    found = [
        Step(
            "Arrears",
            f"unpaid payments: {'not known' if unpaid is None else unpaid}",
            of("arrears"),
            "money",
            ("include_late_charges",),
        ),
        Step("Capacity", "the most the household says it can pay each month", row["monthly_capacity"], "money"),
        Step("Length", "fewest months within the capacity", of("months"), "months", ("least_months",)),
        Step(
            "Part of the arrears", "arrears divided by the months, rounded up to the cent", of("installment"), "money"
        ),
        Step("Payment during the plan", "regular payment plus that part", of("payment"), "money"),
        Step(
            "In the shortest plan",
            "payment if the plan were as short as allowed",
            of("payment_in_shortest_plan"),
            "money",
            ("least_months",),
        ),
    ]
    for name in ("first_long_plan", "second_long_plan"):
        if of(f"payment_in_{name}") is not None:
            text = "the present rate is below the highest modified rate, so this plan is looked at too"
            found.append(Step(f"In a plan of {p[name]} months", text, of(f"payment_in_{name}"), "money", (name,)))
    found.append(Step("Loan current by", "end of the plan", of("end"), "date"))
    return found


REPAYMENT = Option(
    id="va_repayment_plan",
    kind="keep",
    law=law("va_repayment_plan", handbook_2026=()),
    rules=REPAYMENT_RULES,
    terms=repayment_terms,
    columns={
        "arrears": "money",
        "months": "months",
        "installment": "money",
        "last_installment": "money",
        "payment": "money",
        "payment_in_shortest_plan": "money",
        "payment_in_first_long_plan": "money",
        "payment_in_second_long_plan": "money",
        "affordable": "flag",
        "start": "date",
        "end": "date",
        "payment_after": "money",
    },
    needs=("months_delinquent", "contractual_payment", "monthly_capacity", "remaining_term"),
    additive=("borrower_contribution",),
    steps=repayment_steps,
)


# --- special forbearance --------------------------------------------------------------------------


@FORBEARANCE_RULES("VA-SF-1")
def far_enough_past_due(p: Parameters) -> pl.Expr:
    """Far enough past due."""
    return c("days_delinquent") >= p["least_days_delinquent"]


@FORBEARANCE_RULES("VA-SF-3")
def repaid_afterwards(p: Parameters) -> pl.Expr:
    """It is agreed how the missed payments are made up."""
    return c("can_reinstate") | c("can_afford_repayment_plan")


def forbearance_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Find the term and what will be past due at its end."""
    months = pl.max_horizontal(c("requested_forbearance_months"), pl.lit(p["least_months"], pl.Int32)).cast(pl.Int32)
    unpaid = (c("months_delinquent") + months).cast(pl.Int32)
    return frame.select(
        months.alias("months"),
        add_months(c("evaluation_date"), 1).alias("start"),
        end_of_month(c("evaluation_date"), months).alias("end"),
        unpaid.alias("payments_unpaid_at_end"),
        (unpaid.cast(pl.Int64) * c("contractual_payment")).alias("arrears_at_end"),
    )


def forbearance_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the term and what is owed after it."""

    def of(name: str) -> Any:
        return row[f"va_special_forbearance__{name}"]

    return [
        Step("Length", "as asked for, or the shortest", of("months"), "months", ("least_months",)),
        Step("Begins", "first day", of("start"), "date"),
        Step("Ends", "last day", of("end"), "date"),
        Step("Payments unpaid at the end", "if none is made until then", of("payments_unpaid_at_end"), "count"),
        Step("Past due at the end", "to be paid at once or in a repayment plan", of("arrears_at_end"), "money"),
    ]


FORBEARANCE = Option(
    id="va_special_forbearance",
    kind="keep",
    law=law("va_special_forbearance"),
    rules=FORBEARANCE_RULES,
    terms=forbearance_terms,
    columns={
        "months": "months",
        "start": "date",
        "end": "date",
        "payments_unpaid_at_end": "count",
        "arrears_at_end": "money",
    },
    needs=("months_delinquent", "contractual_payment"),
    steps=forbearance_steps,
)
