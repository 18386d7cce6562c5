"""The Streamlined Modification Program of 2008: capitalize, then the tools until 38% of income is reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from hopenow.facts import schema
from hopenow.facts.derived import add_months, month_index
from hopenow.law import Parameters
from hopenow.mortgage import kernels
from hopenow.programs.base import Option, RuleTable, Step, TermType, column
from hopenow.programs.hope_now_2007 import streamlined_kernel as sk
from hopenow.programs.hope_now_2007.common import WHOLE, day, integers, law

c = pl.col
NAME = "streamlined_modification"
RULES = RuleTable()

TOOLS = {"rate": sk.LOWER_RATE, "term": sk.LONGER_TERM, "principal": sk.SET_ASIDE}


def _of(name: str) -> pl.Expr:
    return c(column(NAME, name))


# --- rules ----------------------------------------------------------------------------------------


@RULES("SMP-1")
def takes_part(p: Parameters) -> pl.Expr:
    """An enterprise's loan, or a portfolio loan whose lender takes part; not FHA or VA."""
    enterprise = c("investor").is_in(["fannie_mae", "freddie_mac"])
    portfolio = (c("investor") == "portfolio") & c("smp_lender_participates")
    return (enterprise | portfolio) & ~c("loan_type").is_in(["fha", "va"])


@RULES("SMP-2")
def made_early_enough(p: Parameters) -> pl.Expr:
    """Made early enough."""
    return c("origination_date") <= day(p.word("last_origination"))


@RULES("SMP-3")
def one_unit_home(p: Parameters) -> pl.Expr:
    """First lien on an owner's one-unit home."""
    return (c("lien_position") == 1) & (c("units") == 1) & (c("occupancy") == "principal_residence")


@RULES("SMP-4")
def missed_payments(p: Parameters) -> pl.Expr:
    """Enough missed payments."""
    return c("months_delinquent") >= p["least_missed"]


@RULES("SMP-5")
def little_equity(p: Parameters) -> pl.Expr:
    """Little equity, arrears counted: a no here is a no on either reading of the balance."""
    return _of("gross_balance") * WHOLE >= p["least_ltv"] * c("property_value")


@RULES("SMP-5-UPB")
def little_equity_before(p: Parameters) -> pl.Expr:
    """Little equity, arrears not counted."""
    owed = c("interest_bearing_balance") + c("deferred_balance").fill_null(0)
    return owed * WHOLE >= p["least_ltv"] * c("property_value")


@RULES("SMP-6")
def no_bankruptcy(p: Parameters) -> pl.Expr:
    """No open bankruptcy."""
    return c("bankruptcy") == "none"


@RULES("SMP-7")
def no_litigation(p: Parameters) -> pl.Expr:
    """No lawsuit."""
    return ~c("in_litigation")


@RULES("SMP-8")
def no_workout(p: Parameters) -> pl.Expr:
    """No other workout."""
    return ~pl.any_horizontal("active_trial", "active_repayment_plan", "active_forbearance", "approved_liquidation")


@RULES("SMP-9")
def hardship_shown(p: Parameters) -> pl.Expr:
    """Hardship shown."""
    return c("hardship_documented")


@RULES("SMP-10")
def not_deliberate(p: Parameters) -> pl.Expr:
    """No deliberate default."""
    return ~c("smp_deliberate_default")


def _room(p: Parameters) -> pl.Expr:
    """Return the principal and interest that fits the share of income, rounded down to the cent."""
    return c("monthly_gross_income") * p["housing_ratio"] // WHOLE - _other_costs()


def _other_costs() -> pl.Expr:
    """Return taxes, insurance (mortgage insurance too) and dues; written in facts, so that each can be asked for."""
    return (
        c("monthly_taxes")
        + c("monthly_insurance")
        + c("monthly_dues").fill_null(0)
        + c("monthly_mortgage_insurance").fill_null(0)
    )


@RULES("SMP-11")
def room_for_a_payment(p: Parameters) -> pl.Expr:
    """Some payment fits: no limit on principal set aside is known, so any room can be met."""
    return _room(p) > 0


@RULES("SMP-12")
def target_met(p: Parameters) -> pl.Expr:
    """The tools, as the servicer uses them, reach the target."""
    return _of("target_met")


# --- terms ----------------------------------------------------------------------------------------


def _orders() -> tuple[list[str], np.ndarray[Any, np.dtype[np.int64]]]:
    """Return the names of the orders of the tools, and the tools of each."""
    names = list(schema()["smp_tool_order"].choices)
    return names, np.array([[TOOLS[tool] for tool in name.split("_")] for name in names], np.int64)


def _capitalized(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Add the dates, interest past due and the balance with it."""
    months = p["trial_months"]
    frame = frame.with_columns(
        add_months(c("evaluation_date"), 1).alias("trial_start"),
        add_months(c("evaluation_date"), months + 1).alias("first_payment_date"),
        add_months(c("evaluation_date"), months).alias("_rate_change"),
    )
    until = "_rate_change" if p.word("interest_through") == "rate_change" else "evaluation_date"
    frame = frame.with_columns(
        (month_index(c(until)) - month_index(c("last_paid_installment_date"))).alias("interest_months")
    )
    computed = pl.Series(
        "_interest",
        kernels.interest_array(
            integers(frame, "interest_bearing_balance"),
            integers(frame, "note_rate"),
            integers(frame, "interest_months"),
        ),
    )
    advances = (
        c("escrow_advances").fill_null(0)
        + c("servicing_advances").fill_null(0)
        - c("borrower_contribution").fill_null(0)
    )
    return frame.with_columns(computed.set(computed < 0, None)).with_columns(
        pl.coalesce("accrued_interest", "_interest").alias("delinquent_interest"),
        (pl.coalesce("accrued_interest", "_interest") + advances).alias("arrearage"),
        (month_index(c("maturity_date")) - month_index(c("first_payment_date")) + 1)
        .clip(lower_bound=1)
        .cast(pl.Int32)
        .alias("starting_term"),
    )


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work the tools for every loan whose servicer's order and floor are known; null elsewhere."""
    frame = _capitalized(frame, p)
    names, orders = _orders()
    # The balance that bears interest; one that was deferred earlier stays deferred.
    frame = frame.with_columns(
        (c("interest_bearing_balance") + c("arrearage")).alias("_bearing"),
        _room(p).clip(lower_bound=0).alias("target_payment"),
        c("smp_tool_order")
        .cast(pl.String)
        .replace_strict(names, list(range(len(names))), return_dtype=pl.Int64)
        .alias("_order"),
    )
    result = sk.tools_array(
        integers(frame, "_bearing"),
        integers(frame, "note_rate"),
        integers(frame, "starting_term"),
        integers(frame, "target_payment"),
        integers(frame, "smp_rate_floor"),
        integers(frame, "_order"),
        orders,
        p["longest_term"],
        kernels.FLOOR if p.word("balance_rounding") == "floor" else kernels.HALF_UP,
    )

    def figure(place: int, name: str) -> pl.Series:
        series = pl.Series(name, np.ascontiguousarray(result[:, place]))
        return series.set(series < 0, None)

    wide = frame.with_columns(
        figure(sk.START, "payment_after_capitalization"),
        figure(sk.RATE, "rate"),
        figure(sk.TERM, "term").cast(pl.Int32),
        figure(sk.FORBORNE, "forborne"),
        figure(sk.PAYMENT, "principal_and_interest"),
        figure(sk.MET, "target_met").cast(pl.Boolean),
        figure(sk.AFTER_RATE, "payment_after_rate"),
        figure(sk.AFTER_TERM, "payment_after_term"),
        figure(sk.AFTER_PRINCIPAL, "payment_after_principal"),
    )
    income, new = c("monthly_gross_income"), c("principal_and_interest")
    cost = (new + _other_costs()) * WHOLE
    deferred = c("deferred_balance").fill_null(0)
    return wide.select(
        "interest_months",
        "delinquent_interest",
        "arrearage",
        (c("_bearing") + deferred).alias("gross_balance"),
        pl.when(c("property_value") > 0)
        .then((c("_bearing") + deferred) * WHOLE // c("property_value"))
        .alias("loan_to_value"),
        "starting_term",
        "target_payment",
        "payment_after_capitalization",
        "rate",
        "payment_after_rate",
        "term",
        "payment_after_term",
        "forborne",
        "payment_after_principal",
        "principal_and_interest",
        "target_met",
        pl.when(income > 0).then((2 * cost + income) // (2 * income)).alias("housing_ratio"),
        (c("monthly_principal_and_interest") - new).alias("payment_change"),
        (c("_bearing") - c("forborne")).alias("interest_bearing_balance"),
        (deferred + c("forborne")).alias("deferred_balance"),
        (new + c("monthly_escrow")).alias("payment_after"),
        "trial_start",
        pl.when(c("trial_start").is_not_null()).then(p["trial_months"]).cast(pl.Int32).alias("trial_months"),
        "first_payment_date",
        add_months(c("first_payment_date"), c("term") - 1).alias("maturity_date"),
    )


COLUMNS: dict[str, TermType] = {
    "interest_months": "months",
    "delinquent_interest": "money",
    "arrearage": "money",
    "gross_balance": "money",
    "loan_to_value": "ratio",
    "starting_term": "months",
    "target_payment": "money",
    "payment_after_capitalization": "money",
    "rate": "rate",
    "payment_after_rate": "money",
    "term": "months",
    "payment_after_term": "money",
    "forborne": "money",
    "payment_after_principal": "money",
    "principal_and_interest": "money",
    "target_met": "flag",
    "housing_ratio": "ratio",
    "payment_change": "money",
    "interest_bearing_balance": "money",
    "deferred_balance": "money",
    "payment_after": "money",
    "trial_start": "date",
    "trial_months": "months",
    "first_payment_date": "date",
    "maturity_date": "date",
}


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the balance, the target and each tool in the servicer's order."""

    def of(name: str) -> Any:
        return row[column(NAME, name)]

    found = [
        Step(
            "Interest past due",
            "whole months at the contract rate, unless the servicer figured it",
            of("delinquent_interest"),
            "money",
            ("interest_through",),
        ),
        Step("Added to the balance", "interest and advances, less contributions", of("arrearage"), "money"),
        Step(
            "Balance after capitalization",
            "with a balance deferred earlier",
            of("gross_balance"),
            "money",
        ),
        Step("Loan-to-value ratio", "that balance over today's value", of("loan_to_value"), "ratio", ("least_ltv",)),
        Step(
            "Payment target",
            "the share of income less taxes, insurance and dues, rounded down",
            of("target_payment"),
            "money",
            ("housing_ratio",),
        ),
        Step(
            "Payment after capitalization",
            "at the contract rate over the rest of the term",
            of("payment_after_capitalization"),
            "money",
        ),
    ]
    if of("principal_and_interest") is None:
        missing = "income, balance, value, or the order and rate floor that the servicer used are missing"
        return [*found, Step("Not determined", missing)]
    shown = {
        "rate": Step("Rate", "lowered as far as the target asks", of("rate"), "rate"),
        "term": Step("Term", "lengthened as far as the target asks", of("term"), "months", ("longest_term",)),
        "principal": Step(
            "Principal set aside",
            "without interest; due when the loan ends, never forgiven",
            of("forborne"),
            "money",
            ("balance_rounding",),
        ),
    }
    found += [shown[tool] for tool in row["smp_tool_order"].split("_") if of(f"payment_after_{tool}") is not None]
    return [
        *found,
        Step("New principal and interest", "each month", of("principal_and_interest"), "money"),
        Step("Share of income", "with taxes, insurance and dues", of("housing_ratio"), "ratio", ("housing_ratio",)),
        Step("Trial begins", "first trial payment", of("trial_start"), "date", ("trial_months",)),
        Step("First modified payment", "after the trial", of("first_payment_date"), "date"),
        Step("New maturity", "last modified payment", of("maturity_date"), "date"),
    ]


OPTION = Option(
    id=NAME,
    kind="keep",
    law=law(NAME),
    rules=RULES,
    terms=terms,
    columns=COLUMNS,
    needs=(
        "interest_bearing_balance",
        "note_rate",
        "next_due_date",
        "maturity_date",
        "monthly_gross_income",
        "monthly_taxes",
        "monthly_insurance",
        "smp_tool_order",
        "smp_rate_floor",
    ),
    additive=("escrow_advances", "servicing_advances", "borrower_contribution"),
    steps=steps,
)
