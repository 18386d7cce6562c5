"""Payment deferral, after a passing hardship, a disaster, or (historically) the COVID-19 emergency.

All three move the missed installments to a balance that bears no interest; they differ in who may have it and how much.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from hopenow.facts.derived import add_months, month_index
from hopenow.law import Parameters
from hopenow.mortgage import kernels
from hopenow.programs.base import Option, RuleTable, Step, TermsFunction, TermType, column
from hopenow.programs.conventional import common
from hopenow.programs.conventional.common import law

c = pl.col
RULES = RuleTable()
DISASTER_RULES = RuleTable()
COVID_RULES = RuleTable()


def resolved(p: Parameters) -> pl.Expr:
    """The hardship is over."""
    return c("hardship_resolved")


def can_resume(p: Parameters) -> pl.Expr:
    """The borrower can make the regular payment again."""
    return c("can_resume_payment")


def nothing_quicker(p: Parameters) -> pl.Expr:
    """Neither reinstatement nor a repayment plan fits."""
    return ~c("can_reinstate") & ~c("repayment_plan__affordable")


def long_enough_to_run(p: Parameters) -> pl.Expr:
    """Enough months remain to maturity or projected payoff."""
    return c("months_to_payoff") > p["months_left_more_than"]


def months_in_range(p: Parameters) -> pl.Expr:
    """The number of unpaid installments lies between the limits."""
    return c("months_delinquent").is_between(p["least_months_delinquent"], p["most_months_delinquent"])


for _table in (RULES, DISASTER_RULES, COVID_RULES):
    _table("PD-1")(common.contact_made)
    _table("PD-3")(can_resume)
    _table("PD-4")(nothing_quicker)
    _table("PD-5")(common.first_conventional_lien)
for _table in (RULES, DISASTER_RULES):
    _table("PD-2")(resolved)
    _table("PD-10")(long_enough_to_run)
    _table("PD-11")(common.nothing_in_the_way)
    _table("MI-1")(common.insurer_agrees)
RULES("PD-7")(months_in_range)
RULES("PD-13")(common.texas_lawful)
DISASTER_RULES("DD-1")(common.disaster_hardship)
DISASTER_RULES("DD-2")(common.current_at_disaster)
DISASTER_RULES("DD-3")(months_in_range)
COVID_RULES("CD-3")(months_in_range)


@RULES("PD-6")
def seasoned(p: Parameters) -> pl.Expr:
    """The loan is old enough."""
    return c("months_since_origination") >= p["least_months_since_origination"]


@RULES("PD-8")
def deferrals_apart(p: Parameters) -> pl.Expr:
    """The last deferral is long enough ago."""
    return common.months_before("last_payment_deferral_date") >= p["months_between_deferrals"]


@RULES("PD-9")
def lifetime_limit(p: Parameters) -> pl.Expr:
    """The lifetime limit is kept, if need be by paying the allowed number of payments first."""
    over = c("deferred_months_used") + c("months_delinquent") - p["most_months_deferred"]
    # The last test follows from the first; it decides where the months used are not known.
    return (
        (over <= p["most_payments_first"])
        & (c("deferred_months_used") < p["most_months_deferred"])
        & (c("months_delinquent") <= p["most_months_deferred"] + p["most_payments_first"])
    )


@RULES("PD-12")
def no_recent_failure(p: Parameters) -> pl.Expr:
    """No recent failed trial and no recent modification."""
    return (common.months_before("last_failed_trial_date") >= p["months_since_failed_trial"]) & (
        common.months_before("last_modification_date") >= p["months_since_modification"]
    )


@RULES("PD-T4")
def no_payment_first(p: Parameters) -> pl.Expr:
    """No contractual payment has to come first."""
    return (c("months_delinquent") < p["most_months_delinquent"]) & (
        c("deferred_months_used") + c("months_delinquent") <= p["most_months_deferred"]
    )


@DISASTER_RULES("DD-4")
def first_for_this_disaster(p: Parameters) -> pl.Expr:
    """No deferral was given for the same disaster."""
    return ~c("disaster_deferral_this_event")


@DISASTER_RULES("DD-T2")
def no_payment_first_after_disaster(p: Parameters) -> pl.Expr:
    """No contractual payment has to come first."""
    return c("months_delinquent") < p["most_months_delinquent"]


def _emergency(p: Parameters) -> pl.Expr:
    return pl.lit(p.word("emergency_began")).str.to_date("%Y-%m-%d")


@COVID_RULES("CD-1")
def covid_hardship_over(p: Parameters) -> pl.Expr:
    """The hardship belongs to the emergency and is over."""
    return (c("evaluation_date") >= _emergency(p)) & c("hardship_resolved")


@COVID_RULES("CD-2")
def current_at_emergency(p: Parameters) -> pl.Expr:
    """The oldest unpaid installment was due after the emergency began, or not long before it."""
    unpaid_then = month_index(_emergency(p)) - month_index(c("next_due_date")) + 1
    return unpaid_then < p["months_delinquent_at_emergency_below"]


def _scheduled(frame: pl.DataFrame, count: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return scheduled principal (cents) of the next ``count`` installments, and which rows are known."""
    columns = ["interest_bearing_balance", "note_rate", "monthly_principal_and_interest"]
    known = frame.select(pl.all_horizontal(pl.col(columns).is_not_null())).to_series() & count.is_not_null()
    balance, rate, payment = (frame[name].fill_null(0).to_numpy() for name in columns)
    months = count.fill_null(0).cast(pl.Int64).to_numpy()
    return kernels.scheduled_principal_array(balance, rate, payment, months), known.to_numpy()


def _terms(with_lifetime_limit: bool) -> TermsFunction:
    def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
        """Move the deferrable installments and the advances to the deferred balance."""
        room = pl.lit(p["most_months_delinquent"], pl.Int32)
        if with_lifetime_limit:
            room = pl.min_horizontal(
                room, pl.lit(p["most_months_deferred"], pl.Int32) - c("deferred_months_used").fill_null(0)
            )
        count = pl.when(c("months_delinquent").is_not_null()).then(
            pl.max_horizontal(pl.min_horizontal(c("months_delinquent"), room), pl.lit(0, pl.Int32))
        )
        counted = frame.with_columns(count.alias("_count"))
        # Payments above the limits are made first, so the deferred ones are the last of those unpaid.
        counted = counted.with_columns((c("months_delinquent") - c("_count")).cast(pl.Int32).alias("_first"))
        paid, _ = _scheduled(counted, counted["_first"])
        principal, known = _scheduled(counted, counted["months_delinquent"])
        known &= (paid >= 0) & (principal >= paid)
        deferred = counted["_count"].cast(pl.Int64) * counted["monthly_principal_and_interest"]
        installment_part = pl.Series(deferred).set(pl.Series(~known), None)
        counted = counted.with_columns(
            installment_part.alias("_deferred"),
            pl.Series("_principal", principal - paid).set(pl.Series(~known), None),
            pl.Series("_paid", paid).set(pl.Series(~known), None),
        )
        advances = (
            c("escrow_advances").fill_null(0)
            + c("servicing_advances").fill_null(0)
            - c("borrower_contribution").fill_null(0)
        )
        shortage = (c("escrow_shortage").fill_null(0) * 2 + p["shortage_months"]) // (
            2 * p["shortage_months"]
        )
        added = c("_deferred") + advances
        interest_bearing = c("interest_bearing_balance") - c("_paid") - c("_principal")
        non_interest_bearing = c("deferred_balance").fill_null(0) + added
        wait = pl.lit(1 if p.word("effective") == "next_month" else 0, pl.Int32)
        effective = add_months(c("evaluation_date"), wait)
        return counted.select(
            c("_count").alias("payments_deferred"),
            c("_first").alias("payments_first"),
            c("_deferred").alias("deferred_installments"),
            c("_principal").alias("deferred_principal"),
            (c("_deferred") - c("_principal")).alias("deferred_interest"),
            pl.when(c("_deferred").is_not_null()).then(advances).alias("deferred_advances"),
            added.alias("deferred_amount"),
            interest_bearing.alias("interest_bearing_balance"),
            pl.when(c("_deferred").is_not_null()).then(non_interest_bearing).alias("deferred_balance"),
            (interest_bearing + non_interest_bearing).alias("gross_balance"),
            pl.when(c("_deferred").is_not_null()).then(shortage).alias("escrow_shortage_monthly"),
            pl.when(c("_deferred").is_not_null())
            .then(c("contractual_payment") + shortage)
            .alias("payment_after"),
            pl.when(c("_deferred").is_not_null()).then(effective).alias("effective_date"),
            add_months(c("next_due_date"), c("months_delinquent")).alias("next_due_date"),
            c("maturity_date").alias("maturity_date"),
            (c("remaining_term") - c("months_delinquent")).cast(pl.Int32).alias("remaining_term"),
        )

    return terms


def _steps(option: str) -> Any:
    def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
        """Show how the deferred amount is made up."""

        def of(name: str) -> Any:
            return row[column(option, name)]

        return [
            Step(
                "Payments deferred",
                f"unpaid payments that may be deferred, out of {row['months_delinquent']}",
                of("payments_deferred"),
                "count",
                ("most_months_delinquent",),
            ),
            Step(
                "Payments to make first",
                "full payments that must arrive before the deferral",
                of("payments_first"),
                "count",
            ),
            Step(
                "Principal and interest deferred",
                "deferred payments times the monthly principal and interest",
                of("deferred_installments"),
                "money",
            ),
            Step(
                "Advances deferred",
                "escrow and servicing advances, less any contribution",
                of("deferred_advances"),
                "money",
            ),
            Step(
                "Moved to the end of the loan", "no interest is charged on it", of("deferred_amount"), "money"
            ),
            Step(
                "Interest-bearing balance",
                "falls by the principal part of the deferred payments",
                of("interest_bearing_balance"),
                "money",
            ),
            Step(
                "Deferred balance",
                "due at maturity, sale, refinance or payoff",
                of("deferred_balance"),
                "money",
            ),
            Step(
                "Escrow shortage per month",
                f"shortage spread over {p['shortage_months']} months",
                of("escrow_shortage_monthly"),
                "money",
                ("shortage_months",),
            ),
            Step(
                "Payment afterwards",
                "the regular payment, with the escrow shortage",
                of("payment_after"),
                "money",
            ),
            Step("Next payment due", "the loan is current", of("next_due_date"), "date"),
        ]

    return steps


COLUMNS: dict[str, TermType] = {
    "payments_deferred": "count",
    "payments_first": "count",
    "deferred_installments": "money",
    "deferred_principal": "money",
    "deferred_interest": "money",
    "deferred_advances": "money",
    "deferred_amount": "money",
    "interest_bearing_balance": "money",
    "deferred_balance": "money",
    "gross_balance": "money",
    "escrow_shortage_monthly": "money",
    "payment_after": "money",
    "effective_date": "date",
    "next_due_date": "date",
    "maturity_date": "date",
    "remaining_term": "months",
}
NEEDS = ("months_delinquent", "interest_bearing_balance", "note_rate", "monthly_principal_and_interest")
ADDITIVE = ("escrow_advances", "servicing_advances", "deferred_balance", "escrow_shortage")


def _option(name: str, rules: RuleTable, with_lifetime_limit: bool) -> Option:
    return Option(
        id=name,
        kind="keep",
        law=law(name),
        rules=rules,
        terms=_terms(with_lifetime_limit),
        columns=COLUMNS,
        needs=NEEDS,
        additive=ADDITIVE,
        steps=_steps(name),
    )


OPTION = _option("payment_deferral", RULES, True)
DISASTER = _option("disaster_payment_deferral", DISASTER_RULES, False)
COVID = _option("covid_payment_deferral", COVID_RULES, False)
