"""Plans under a private-label or portfolio profile that leave rate, term and principal alone.

Reinstatement (a right of the borrower, so it needs no profile), forbearance plan, repayment plan, deferral.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from hopenow.facts.derived import add_months
from hopenow.law import Parameters
from hopenow.mortgage import kernels
from hopenow.programs.base import Option, RuleTable, Step, StepsFunction, TermsFunction, column
from hopenow.programs.conventional import reinstatement as conventional
from hopenow.programs.installments import fewest_months, part, parts, past_due, period
from hopenow.programs.private_label.lookup import COMMON_COLUMNS, Lookup, law, shared_rules
from hopenow.programs.private_label.profile import Workout

c = pl.col
WHOLE = 1_000_000
FORBEARANCE = "portfolio_forbearance"
REPAYMENT = "portfolio_repayment_plan"
DEFERRAL = "portfolio_deferral"


def _steps(
    lookup: Lookup, workout: Workout, name: str, known: str, own: Callable[[Callable[[str], Any]], list[Step]]
) -> StepsFunction:
    """Return the steps: the clauses, then the option's own figures where column ``known`` is known."""

    def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
        """Show clauses and figures."""
        found = lookup.clause_steps(row, workout)
        if row[column(name, known)] is None:
            return found
        return found + own(lambda figure: row[column(name, figure)])

    return steps


# --- reinstatement --------------------------------------------------------------------------------


def reinstatement() -> Option:
    """Return reinstatement: the shared arithmetic under this program's own words."""
    rules = RuleTable()
    rules("PL-R-1")(conventional.can_pay)
    rules("PL-R-2")(conventional.something_due)
    shared = conventional.OPTION
    return Option(
        id=shared.id,
        kind=shared.kind,
        law=law("reinstatement", shared=False),
        rules=rules,
        terms=shared.terms,
        columns=shared.columns,
        needs=shared.needs,
        additive=shared.additive,
        steps=shared.steps,
    )


# --- forbearance plan -----------------------------------------------------------------------------


def _forbearance_terms(lookup: Lookup) -> TermsFunction:
    def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
        """Find the longest term within the profile's bounds and the request."""
        used = (
            pl.when(c("active_forbearance"))
            .then(c("forbearance_months_used"))
            .when(~c("active_forbearance"))
            .then(0)
        )
        power = "allow_forbearance_plan"
        room = lookup.figure(power, "longest_series") - used
        longest = lookup.figure(power, "longest_term")
        asked = pl.min_horizontal(
            pl.coalesce(c("requested_forbearance_months").cast(pl.Int64), longest), longest
        )
        months = pl.max_horizontal(pl.min_horizontal(asked, room), pl.lit(0, pl.Int64)).cast(pl.Int32)
        months = pl.when(room.is_not_null()).then(months)
        start = add_months(c("evaluation_date"), pl.lit(1, pl.Int32))
        going_on = c("active_forbearance") & (c("forbearance_months_used") > 0)
        start = (
            pl.when(going_on)
            .then(add_months(c("forbearance_start_date"), used.cast(pl.Int32)))
            .otherwise(start)
        )
        return frame.select(
            room.cast(pl.Int32).alias("room_in_series"),
            months.alias("months"),
            pl.when(months > 0).then(start).alias("start"),
            pl.when(months > 0).then(add_months(start, months - 1).dt.month_end()).alias("end"),
            *lookup.common_columns("forbearance"),
        )

    return terms


def forbearance(lookup: Lookup) -> Option:
    """Return the forbearance plan under the given profiles."""
    rules = shared_rules(lookup, "forbearance")

    @rules("PL-F-1")
    def allowed(p: Parameters) -> pl.Expr:
        """The profile allows forbearance plans."""
        return lookup.allows("allow_forbearance_plan")

    @rules("PL-F-2")
    def temporary(p: Parameters) -> pl.Expr:
        """The hardship is temporary and not over."""
        return (c("hardship_duration") == "temporary") & ~c("hardship_resolved")

    @rules("PL-F-3")
    def room_left(p: Parameters) -> pl.Expr:
        """There is room in the series of terms (where plans are refused altogether, PL-F-1 says so)."""
        refused = ~lookup.allows("allow_forbearance_plan")
        return refused | (c(column(FORBEARANCE, "months")) >= 1)

    def own(of: Callable[[str], Any]) -> list[Step]:
        return [
            Step("Room in the series", "after the forbearance already used", of("room_in_series"), "months"),
            Step("Term offered", "within the request, one term and the series", of("months"), "months"),
            Step("Begins", "first day of the term", of("start"), "date"),
            Step("Ends", "last day of the term", of("end"), "date"),
        ]

    return Option(
        id=FORBEARANCE,
        kind="keep",
        law=law(FORBEARANCE),
        rules=rules,
        terms=_forbearance_terms(lookup),
        columns={
            "room_in_series": "months",
            "months": "months",
            "start": "date",
            "end": "date",
            **COMMON_COLUMNS,
        },
        needs=("investor_profile", "active_forbearance", "forbearance_months_used"),
        steps=_steps(lookup, "forbearance", FORBEARANCE, "months", own),
    )


# --- repayment plan -------------------------------------------------------------------------------


def _repayment_terms(lookup: Lookup) -> TermsFunction:
    def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
        """Find the shortest plan within the profile's largest payment and the household's capacity."""
        payment = c("contractual_payment")
        arrears = past_due(*([c("late_charges").fill_null(0)] if p["include_late_charges"] else []))
        largest = payment * lookup.figure("allow_repayment_plan", "highest_payment") // WHOLE
        room = pl.when(largest.is_not_null()).then(
            pl.min_horizontal(largest, c("monthly_capacity")) - payment
        )
        months = pl.when(arrears == 0).then(0).otherwise(fewest_months(arrears, room))
        longest = lookup.figure("allow_repayment_plan", "longest_plan")
        reachable = c("monthly_capacity").is_not_null()
        too_long = (months > longest) | (room <= 0)
        within = pl.when(too_long).then(False).when(~too_long & reachable).then(True)
        return frame.select(
            arrears.alias("arrears"),
            months.cast(pl.Int32).alias("months"),
            *parts(arrears, months, payment, part(arrears, months)),
            within.alias("affordable"),
            *period(months),
            pl.when(months.is_not_null()).then(payment).alias("payment_after"),
            *lookup.common_columns("repayment_plan"),
        )

    return terms


def repayment_plan(lookup: Lookup) -> Option:
    """Return the repayment plan under the given profiles."""
    rules = shared_rules(lookup, "repayment_plan")

    @rules("PL-P-1")
    def allowed(p: Parameters) -> pl.Expr:
        """The profile allows repayment plans."""
        return lookup.allows("allow_repayment_plan")

    @rules("PL-P-2")
    def resolved(p: Parameters) -> pl.Expr:
        """The hardship is over."""
        return c("hardship_resolved")

    @rules("PL-P-3")
    def something_due(p: Parameters) -> pl.Expr:
        """Something is past due."""
        return c("months_delinquent") >= 1

    @rules("PL-P-4")
    def plan_fits(p: Parameters) -> pl.Expr:
        """Some plan fits profile and household (where plans are refused altogether, PL-P-1 says so)."""
        return ~lookup.allows("allow_repayment_plan") | c(column(REPAYMENT, "affordable"))

    def own(of: Callable[[str], Any]) -> list[Step]:
        return [
            Step(
                "Arrears",
                "unpaid payments and late charges, less any contribution",
                of("arrears"),
                "money",
                ("include_late_charges",),
            ),
            Step(
                "Length",
                "fewest months within the profile's largest payment and the capacity",
                of("months"),
                "months",
            ),
            Step(
                "Installment",
                "arrears divided by the months, rounded up to the cent",
                of("installment"),
                "money",
            ),
            Step("Payment during the plan", "regular payment plus installment", of("payment"), "money"),
            Step("Loan current by", "end of the plan", of("end"), "date"),
        ]

    return Option(
        id=REPAYMENT,
        kind="keep",
        law=law(REPAYMENT),
        rules=rules,
        terms=_repayment_terms(lookup),
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
            **COMMON_COLUMNS,
        },
        needs=("investor_profile", "months_delinquent", "contractual_payment", "monthly_capacity"),
        additive=("late_charges", "borrower_contribution"),
        steps=_steps(lookup, "repayment_plan", REPAYMENT, "months", own),
    )


# --- deferral -------------------------------------------------------------------------------------


def _deferral_terms(lookup: Lookup) -> TermsFunction:
    def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
        """Move every unpaid installment, with advances, to the end of the loan, without interest."""
        columns = (
            "interest_bearing_balance",
            "note_rate",
            "monthly_principal_and_interest",
            "months_delinquent",
        )
        arrays = [
            np.ascontiguousarray(frame[name].cast(pl.Int64).fill_null(0).to_numpy()) for name in columns
        ]
        principal = pl.Series("_principal", kernels.scheduled_principal_array(*arrays))
        known = frame.select(pl.all_horizontal(c(name).is_not_null() for name in columns)).to_series()
        frame = frame.with_columns(principal.set(~known | (principal < 0), None))
        advances = (
            c("escrow_advances").fill_null(0)
            + c("servicing_advances").fill_null(0)
            - c("borrower_contribution").fill_null(0)
        )
        installments = c("months_delinquent").cast(pl.Int64) * c("monthly_principal_and_interest")
        open_to = lookup.allows("allow_deferral") & c("_principal").is_not_null()

        def given(value: pl.Expr) -> pl.Expr:
            return pl.when(open_to).then(value)

        return frame.select(
            given(c("months_delinquent")).alias("payments_deferred"),
            given(installments).alias("deferred_installments"),
            given(advances).alias("deferred_advances"),
            given(installments + advances).alias("deferred_amount"),
            given(c("interest_bearing_balance") - c("_principal")).alias("interest_bearing_balance"),
            given(c("deferred_balance").fill_null(0) + installments + advances).alias("deferred_balance"),
            given(c("contractual_payment")).alias("payment_after"),
            given(add_months(c("next_due_date"), c("months_delinquent"))).alias("next_due_date"),
            given(c("maturity_date")).alias("maturity_date"),
            *lookup.common_columns("deferral"),
        )

    return terms


def deferral(lookup: Lookup) -> Option:
    """Return the payment deferral under the given profiles."""
    rules = shared_rules(lookup, "deferral")

    @rules("PL-D-1")
    def allowed(p: Parameters) -> pl.Expr:
        """The profile allows deferrals."""
        return lookup.allows("allow_deferral")

    @rules("PL-D-2")
    def something_due(p: Parameters) -> pl.Expr:
        """Something is past due."""
        return c("months_delinquent") >= 1

    @rules("PL-D-3")
    def few_enough(p: Parameters) -> pl.Expr:
        """No more is past due than may be deferred (where none may be, PL-D-1 says so)."""
        most = lookup.figure("allow_deferral", "most_installments")
        return ~lookup.allows("allow_deferral") | (c("months_delinquent") <= most)

    @rules("PL-D-4")
    def can_go_on(p: Parameters) -> pl.Expr:
        """The hardship is over and the regular payment can be made again."""
        return c("hardship_resolved") & c("can_resume_payment")

    def own(of: Callable[[str], Any]) -> list[Step]:
        return [
            Step("Payments deferred", "unpaid payments", of("payments_deferred"), "count"),
            Step(
                "Principal and interest deferred",
                "without interest on it",
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
                "Deferred balance",
                "due at maturity, sale, refinance or payoff",
                of("deferred_balance"),
                "money",
            ),
            Step("Next payment due", "the loan is current", of("next_due_date"), "date"),
        ]

    return Option(
        id=DEFERRAL,
        kind="keep",
        law=law(DEFERRAL),
        rules=rules,
        terms=_deferral_terms(lookup),
        columns={
            "payments_deferred": "count",
            "deferred_installments": "money",
            "deferred_advances": "money",
            "deferred_amount": "money",
            "interest_bearing_balance": "money",
            "deferred_balance": "money",
            "payment_after": "money",
            "next_due_date": "date",
            "maturity_date": "date",
            **COMMON_COLUMNS,
        },
        needs=(
            "investor_profile",
            "months_delinquent",
            "interest_bearing_balance",
            "note_rate",
            "monthly_principal_and_interest",
        ),
        additive=("escrow_advances", "servicing_advances", "deferred_balance"),
        steps=_steps(lookup, "deferral", DEFERRAL, "payments_deferred", own),
    )
