"""FHA plans that leave the loan itself alone: reinstatement, repayment plan, forbearance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.facts import NEVER
from hopenow.facts.derived import add_months, end_of_month, months_since
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step
from hopenow.programs.conventional import reinstatement as conventional
from hopenow.programs.fha import common
from hopenow.programs.fha.common import law
from hopenow.programs.installments import fewest_months, part, parts, period

c = pl.col
REINSTATEMENT_RULES = RuleTable()
PLAN_RULES = RuleTable()
FORBEARANCE_RULES = RuleTable()

# --- reinstatement --------------------------------------------------------------------------------

REINSTATEMENT_RULES("FHA-R1")(conventional.can_pay)
REINSTATEMENT_RULES("FHA-R2")(conventional.something_due)


@REINSTATEMENT_RULES("FHA-T11")
def must_be_accepted(p: Parameters) -> pl.Expr:
    """No exception lets the servicer refuse a reinstatement after filing."""
    filed, earlier = c("fha_foreclosure_start_date"), c("fha_reinstated_after_filing_date")
    recent = (earlier != NEVER) & (months_since(earlier, filed) < p["years_between_months"])
    excepted = recent | c("fha_reinstatement_bars_foreclosure") | c("fha_reinstatement_hurts_lien")
    return (filed == NEVER) | ~excepted


_SHARED = conventional.OPTION
REINSTATEMENT = Option(
    id=_SHARED.id,
    kind=_SHARED.kind,
    law=law("reinstatement"),
    rules=REINSTATEMENT_RULES,
    terms=_SHARED.terms,
    columns=_SHARED.columns,
    needs=_SHARED.needs,
    additive=_SHARED.additive,
    steps=_SHARED.steps,
)


# --- repayment plan -------------------------------------------------------------------------------

PLAN_RULES("FHA-RP1")(common.something_due)


@PLAN_RULES("FHA-RP2")
def household_can_pay(p: Parameters) -> pl.Expr:
    """The household can pay the plan's payment."""
    return (c("monthly_capacity") > c("contractual_payment")) & (
        c("fha_repayment_plan__payment") <= c("monthly_capacity")
    )


@PLAN_RULES("FHA-RP3")
def short_enough(p: Parameters) -> pl.Expr:
    """The plan is within HUD's limit, once that is known."""
    return c("fha_repayment_plan__months") <= c("fha_longest_repayment_plan")


def plan_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Spread the arrears over the months asked for, or over the fewest that the household can pay."""
    frame = common.with_arrears(frame, p)
    arrears, payment = c("_arrears"), c("contractual_payment")
    surplus = c("monthly_capacity") - payment
    fewest = fewest_months(arrears, surplus)
    frame = frame.with_columns(
        pl.coalesce(c("fha_requested_plan_months").cast(pl.Int64), fewest).alias("_months"),
        fewest.alias("_fewest"),
    )
    months = pl.when(c("_months") >= 1).then(c("_months"))
    longest = c("fha_longest_repayment_plan")
    affordable = pl.when(surplus <= 0).then(False).otherwise(c("_fewest") <= longest)
    # An endless plan is none: arrears that no known limit can hold stay open.
    count = months.cast(pl.Int32, strict=False)
    return frame.select(
        arrears.alias("arrears"),
        count.alias("months"),
        *parts(arrears, months, payment, part(arrears, months, nearest=True)),
        pl.coalesce(affordable, c("can_afford_repayment_plan")).alias("affordable"),
        *period(count),
        payment.alias("payment_after"),
    )


def plan_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show how the plan follows from arrears and capacity."""

    def of(name: str) -> Any:
        return row[f"fha_repayment_plan__{name}"]

    return [
        Step("Arrears", "unpaid payments with escrow; no late charges", of("arrears"), "money", ("arrears_counted",)),
        Step("Capacity", "the most the household says it can pay each month", row["monthly_capacity"], "money"),
        Step("Length", "as asked for, or the fewest months that the household can pay", of("months"), "months"),
        Step("Installment", "arrears divided by the months, to the nearest cent", of("installment"), "money"),
        Step("Last installment", "takes the rounding difference", of("last_installment"), "money"),
        Step("Payment during the plan", "regular payment plus installment", of("payment"), "money"),
        Step("Loan current by", "end of the plan", of("end"), "date"),
    ]


REPAYMENT_PLAN = Option(
    id="fha_repayment_plan",
    kind="keep",
    law=law("repayment_plan"),
    rules=PLAN_RULES,
    terms=plan_terms,
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
    needs=("months_delinquent", "contractual_payment", "monthly_capacity", "fha_longest_repayment_plan"),
    additive=("fha_cancelled_foreclosure_costs", "borrower_contribution"),
    steps=plan_steps,
)


# --- forbearance ----------------------------------------------------------------------------------


@FORBEARANCE_RULES("FHA-F1")
def beyond_control(p: Parameters) -> pl.Expr:
    """The cause lies beyond the borrower's control."""
    return c("fha_hardship_beyond_control")


@FORBEARANCE_RULES("FHA-F2")
def not_over(p: Parameters) -> pl.Expr:
    """The hardship lasts."""
    return ~c("hardship_resolved")


def _asked() -> pl.Expr:
    return c("requested_forbearance_months").fill_null(1)


@FORBEARANCE_RULES("FHA-F3")
def within_limit(p: Parameters) -> pl.Expr:
    """The months asked for are within HUD's limit, once that is known."""
    return _asked() <= c("fha_longest_forbearance")


@FORBEARANCE_RULES("FHA-F4")
def within_older_limit(p: Parameters) -> pl.Expr:
    """The months asked for are within the older handbook's limits."""
    jobless = c("hardship_kind") == "unemployment"
    return (_asked() <= p["formal_months"]) | (jobless & (_asked() <= p["unemployment_months"]))


def forbearance_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Offer the months asked for, at most the limit; without a request, the limit."""
    limit = c("fha_longest_forbearance")
    if "formal_months" in p:
        limit = (
            pl.when(c("hardship_kind") == "unemployment")
            .then(p["unemployment_months"])
            .when(c("hardship_kind").is_not_null())
            .then(p["formal_months"])
        )
    known = pl.when(limit.is_not_null()).then(pl.min_horizontal(c("requested_forbearance_months"), limit))
    frame = frame.select("evaluation_date", known.cast(pl.Int32).alias("months"))
    return frame.select(
        "months",
        pl.when(c("months") >= 1).then(add_months(c("evaluation_date"), 1)).alias("start"),
        pl.when(c("months") >= 1).then(end_of_month(c("evaluation_date"), c("months"))).alias("end"),
    )


def forbearance_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the term."""
    figures = ("formal_months", "unemployment_months") if "formal_months" in p else ()
    return [
        Step("Length", "as asked for, at most the limit", row["fha_forbearance__months"], "months", figures),
        Step("Begins", "first day", row["fha_forbearance__start"], "date"),
        Step("Ends", "last day; another option follows", row["fha_forbearance__end"], "date"),
    ]


FORBEARANCE = Option(
    id="fha_forbearance",
    kind="keep",
    law=law("forbearance"),
    rules=FORBEARANCE_RULES,
    terms=forbearance_terms,
    columns={"months": "months", "start": "date", "end": "date"},
    needs=("fha_longest_forbearance", "hardship_kind"),
    steps=forbearance_steps,
)
