"""Tier 2 (with and without principal reduction) and Streamline HAMP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from hopenow.facts import NEVER
from hopenow.facts.derived import add_months, months_since
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleFunction, RuleTable, Step, TermType, column
from hopenow.programs.hamp import kernel as hk
from hopenow.programs.hamp import reduction, tier1
from hopenow.programs.hamp.common import (
    ADDITIVE,
    NEEDS,
    SHARED,
    WHOLE,
    array,
    capitalization_steps,
    capitalized,
    closing_steps,
    counseled,
    escrow,
    in_default,
    known,
    law,
    lives_there,
    only,
    ratio,
    rounded_up,
    schedule,
    survey_rate,
    terms_of,
    unless_restricted,
    unpaid_principal,
)
from hopenow.programs.hamp.income import rent_counted

c = pl.col
NAME, PRA, STREAMLINED = "hamp_tier2", "hamp_tier2_pra", "hamp_streamline"
COMMON = RuleTable()
STANDARD = RuleTable()
REDUCTION = reduction.rules(PRA, "hamp_npv_tier2_pra_positive")
STREAMLINE_RULES = RuleTable()


# --- rules ----------------------------------------------------------------------------------------


def rented() -> pl.Expr:
    """Test for a rental property."""
    used = c("tenant_principal_residence") | c("hamp_rent_free_relative") | (c("vacant") & c("hamp_offered_for_rent"))
    return (c("occupancy") == "investment") & used


@COMMON("HAMP-T2-HOME")
def home_or_rental(p: Parameters) -> pl.Expr:
    """A principal residence or a rental property."""
    return lives_there() | rented()


@COMMON("HAMP-T2-REASON")
def tier1_not_open(p: Parameters) -> pl.Expr:
    """Tier 1 was not met, was tried in vain, or was lost long enough ago."""
    on_this_loan = c("hamp_tier1_modified_before") & c("hamp_tier1_on_this_loan")
    age = months_since(c("hamp_tier1_effective_date"), c("evaluation_date"))
    old_enough = (c("hamp_tier1_effective_date") != NEVER) & (age >= p["months_after_tier1"])
    lost = c("hamp_lost_good_standing") & (old_enough | c("hamp_change_in_circumstance"))
    return (on_this_loan & lost) | (~on_this_loan & (~tier1.must_be_offered(p) | c("hamp_tier1_trial_defaulted")))


@COMMON("HAMP-T2-ONCE")
def first_time(p: Parameters) -> pl.Expr:
    """The loan has had no Tier 2 before."""
    return ~c("hamp_tier2_before_on_loan")


@COMMON("HAMP-T2-DEFAULT")
def behind(p: Parameters) -> pl.Expr:
    """Far enough behind for the kind of property."""
    return (c("months_delinquent") >= p["rental_months_behind"]) | (lives_there() & in_default(p))


@COMMON("HAMP-T2-LIMIT")
def few_enough(p: Parameters) -> pl.Expr:
    """Not too many Tier 2 modifications of the person."""
    return c("hamp_tier2_modifications") < p["tier2_limit"]


@COMMON("HAMP-T2-RENTAL-CERT")
def rental_certified(p: Parameters) -> pl.Expr:
    """A rental property is certified."""
    return lives_there() | c("hamp_rental_certified")


@COMMON("HAMP-T2-RENT-CAUSE")
def cause_verified(p: Parameters) -> pl.Expr:
    """The cause of the hardship is verified where rent covers the payment."""
    short = rent_counted(c("hamp_subject_rent"), p, "rent_share") < c("hamp_income__housing_expense")
    return lives_there() | short | c("hamp_hardship_cause_verified")


def _cut_from(option: str, old: str) -> Callable[[Parameters], pl.Expr]:
    def lower(p: Parameters) -> pl.Expr:
        """The new payment is low enough."""
        return c(column(option, "principal_and_interest")) * WHOLE <= c(old) * (WHOLE - p["least_payment_cut"])

    return lower


def _after_trial(option: str) -> RuleFunction:
    lower = _cut_from(option, "hamp_failed_trial_payment")

    def lower_than_trial(p: Parameters) -> pl.Expr:
        """The new payment is also low enough beside that of a failed trial."""
        return ~c("hamp_tier1_trial_defaulted") | lower(p)

    return lower_than_trial


@COMMON("HAMP-T2-PAYMENT-2014")
def later_payment_test(p: Parameters) -> pl.Expr:
    """The payment test in force from 2014-07-01, whose figure is not public, is met."""
    return c("hamp_tier2_payment_test_met")


def _ratio_in_range(option: str) -> RuleFunction:
    def ratio_in_range(p: Parameters) -> pl.Expr:
        """The ratio after the modification lies in the range, ends included."""
        expense, income = (
            c(column(option, "housing_expense_after")) * WHOLE,
            c(column(option, "income_after")),
        )
        return (expense >= income * p["lowest_ratio"]) & (expense <= income * p["highest_ratio"])

    return ratio_in_range


def _some_expense(option: str) -> RuleFunction:
    def some_expense(p: Parameters) -> pl.Expr:
        """There is a housing expense."""
        return c(column(option, "housing_expense_after")) > 0

    return some_expense


@STANDARD("HAMP-T2-NPV")
def worth_it(p: Parameters) -> pl.Expr:
    """The value test is positive, or the investor permits the offer."""
    return c("hamp_npv_tier2_positive") | c("investor_consent")


for _option, _rules in ((NAME, STANDARD), (PRA, REDUCTION)):
    _rules.update(COMMON)
    _rules["HAMP-T2-PAYMENT"] = _cut_from(_option, "hamp_income__principal_and_interest")
    _rules["HAMP-T2-TRIAL"] = _after_trial(_option)
    _rules["HAMP-T2-RATIO"] = _ratio_in_range(_option)
    _rules["HAMP-T2-ZERO"] = _some_expense(_option)
    _after = column(_option, "housing_expense_after"), column(_option, "income_after")
    _rules["HAMP-T2-COUNSELING"] = counseled(_option, c(_after[0]), _after[1])
    _rules.update(SHARED)


@STREAMLINE_RULES("HAMP-SL-DAYS")
def far_behind(p: Parameters) -> pl.Expr:
    """Far enough behind."""
    return c("days_delinquent") >= p["streamline_days"]


@STREAMLINE_RULES("HAMP-SL-PACKAGE")
def no_package(p: Parameters) -> pl.Expr:
    """No complete application."""
    return ~c("borrower_response_package_complete")


@STREAMLINE_RULES("HAMP-SL-TESTS")
def tests_met(p: Parameters) -> pl.Expr:
    """The tests that are not public are met."""
    return c("hamp_streamline_tests_met")


STREAMLINE_RULES.update(SHARED)


# --- terms ----------------------------------------------------------------------------------------


def after_modification(payment: pl.Expr, p: Parameters) -> tuple[pl.Expr, pl.Expr]:
    """Return housing expense and income after the modification, for a residence or a rental property.

    Rent that counts less the whole payment adds to income where it is positive and to the expense where it is negative;
    the borrower's own rent or mortgage counts in full.
    """
    income, own, home = c("hamp_income__income"), c("hamp_own_housing_expense"), lives_there()
    net = rent_counted(c("hamp_subject_rent"), p, "rent_share") - payment
    expense_of_rental = own + pl.when(net < 0).then(-net).when(net >= 0).then(0)
    income_of_rental = income + pl.when(net > 0).then(net).when(net <= 0).then(0)
    return (
        pl.when(home).then(payment).when(~home).then(expense_of_rental),
        pl.when(home).then(income).when(~home).then(income_of_rental),
    )


def _terms(reduced: bool) -> Callable[[pl.DataFrame, Parameters], pl.DataFrame]:
    def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
        """Work the terms for every loan; null where the answer is not known."""
        frame = capitalized(frame.with_columns(schedule(p)), p)
        frame = frame.with_columns(survey_rate(frame, p["survey_days_after"]))
        rate = rounded_up(c("survey_rate"), p["rate_step"]) + p["risk_adjustment"]
        floor, limit = c("hamp_investor_rate_floor"), c("hamp_investor_longest_term").cast(pl.Int64)
        raised = pl.when((floor >= 0) & rate.is_not_null()).then(pl.max_horizontal(rate, floor))
        term = pl.lit(p["term"], pl.Int64)
        includes = reduced or bool(p["tier2_trigger_includes_capitalized"])
        frame = frame.with_columns(
            unless_restricted(rate, raised).alias("rate"),
            unless_restricted(term, pl.when(limit > 0).then(pl.min_horizontal(term, limit))).alias("term"),
            (c("gross_balance") if includes else unpaid_principal()).alias("_trigger"),
        )
        result = hk.tier2_array(
            array(frame, "gross_balance"),
            array(frame, "_trigger"),
            array(frame, "rate"),
            array(frame, "term"),
            array(frame, "property_value"),
            p["reduction_value_ratio"] if reduced else p["forbear_above"],
            p["forbear_share"],
        )
        known_answer = pl.Series("_known", result[hk.T2_STATE] == hk.DETERMINED)

        def figure(place: int, name: str) -> pl.Series:
            return pl.Series(name, np.ascontiguousarray(result[place])).set(~known_answer, None)

        taken = figure(hk.T2_TAKEN, "taken")
        nothing = pl.when(c("taken").is_not_null()).then(pl.lit(0, pl.Int64))
        frame = frame.with_columns(
            taken,
            figure(hk.T2_PAYMENT, "principal_and_interest"),
            pl.Series("state", result[hk.T2_STATE]).cast(pl.Int32),
            c("term").cast(pl.Int32),
        ).with_columns(
            (nothing if reduced else c("taken")).alias("forborne"),
            (c("taken") if reduced else nothing).alias("forgiven"),
            (c("principal_and_interest") + escrow()).alias("payment_after"),
        )
        expense, income = after_modification(c("payment_after"), p)
        frame = frame.with_columns(expense.alias("housing_expense_after"), income.alias("income_after"))
        old, new = c("hamp_income__principal_and_interest"), c("principal_and_interest")
        frame = frame.with_columns(
            ratio(c("housing_expense_after"), c("income_after")).alias("housing_ratio"),
            ratio(c("housing_expense_after") + c("hamp_debts__debts"), c("income_after")).alias("debt_ratio"),
            (old - new).alias("payment_change"),
            pl.when(old > 0).then((old - new) * WHOLE // old).alias("payment_reduction"),
            (c("gross_balance") - c("taken")).alias("interest_bearing_balance_after"),
            add_months(c("first_payment_date"), c("term") - 1).alias("maturity_date_after"),
        )
        return frame.select(*terms_of(COLUMNS), *(reduction.vesting(p) if reduced else ()))

    return terms


COLUMNS: dict[str, TermType] = {
    "arrearage": "money",
    "capitalized": "money",
    "gross_balance": "money",
    "survey_rate": "rate",
    "rate": "rate",
    "term": "months",
    "forborne": "money",
    "principal_and_interest": "money",
    "payment_change": "money",
    "payment_reduction": "ratio",
    "payment_after": "money",
    "housing_expense_after": "money",
    "income_after": "money",
    "housing_ratio": "ratio",
    "debt_ratio": "ratio",
    "interest_bearing_balance": "money",
    "deferred_balance": "money",
    "state": "count",
    "trial_start": "date",
    "trial_months": "months",
    "trial_payment": "money",
    "first_payment_date": "date",
    "effective_date": "date",
    "maturity_date": "date",
}
PRA_COLUMNS: dict[str, TermType] = {**COLUMNS, **reduction.COLUMNS}


# --- steps ----------------------------------------------------------------------------------------


def _steps(option: str) -> Callable[[Mapping[str, Any], Parameters], list[Step]]:
    def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
        """Show the terms, step by step."""
        of = {name: row[column(option, name)] for name in (PRA_COLUMNS if option == PRA else COLUMNS)}
        if of["gross_balance"] is None:
            return []
        found = [
            *capitalization_steps(of),
            Step(
                "Rate",
                "survey rate rounded up to the next step, plus the adjustment; fixed for life",
                of["rate"],
                "rate",
                known(p, "rate_step", "risk_adjustment"),
            ),
            Step("Term", "new term", of["term"], "months", known(p, "term")),
        ]
        if of["principal_and_interest"] is None:
            return [*found, Step("Not determined", tier1.STATES[of["state"] or 0])]
        if option == PRA:
            until = "down to the limit of loan to value, within the largest share"
            found.append(reduction.step(of, p, until, "forbear_share"))
        else:
            found.append(
                Step(
                    "Principal set aside without interest",
                    "down to the limit of loan to value, within the largest share",
                    of["forborne"],
                    "money",
                    known(p, "forbear_above", "forbear_share", "tier2_trigger_includes_capitalized"),
                )
            )
        return [
            *found,
            Step("New principal and interest", "each month", of["principal_and_interest"], "money"),
            Step(
                "Reduction",
                "of principal and interest",
                of["payment_reduction"],
                "ratio",
                known(p, "least_payment_cut"),
            ),
            Step("New payment", "with taxes, insurance, dues and shortage", of["payment_after"], "money"),
            Step(
                "Housing expense to income",
                "after the modification; a check, never a target",
                of["housing_ratio"],
                "ratio",
                known(p, "lowest_ratio", "highest_ratio", "rent_share"),
            ),
            *closing_steps(of),
        ]

    return steps


_LAW = law("tier2", rules_of=("shared",), figures_of=("tier1",))
_PRA_LAW = law("tier2_pra", rules_of=("shared", "tier2", "tier1_pra"), figures_of=("tier1",), without=("HAMP-T2-NPV",))
_STREAMLINE_LAW = law("streamline", rules_of=("shared",))
_NEEDS = (*NEEDS, "property_value", "hamp_income__income")

OPTION = Option(
    id=NAME,
    kind="keep",
    law=_LAW,
    rules=only(STANDARD, _LAW),
    terms=_terms(reduced=False),
    columns=COLUMNS,
    needs=(*_NEEDS, "occupancy", "hamp_subject_rent", "hamp_own_housing_expense"),
    additive=ADDITIVE,
    steps=_steps(NAME),
)
PRINCIPAL_REDUCTION = Option(
    id=PRA,
    kind="keep",
    law=_PRA_LAW,
    rules=only(REDUCTION, _PRA_LAW),
    terms=_terms(reduced=True),
    columns=PRA_COLUMNS,
    needs=(*_NEEDS, "occupancy", "hamp_subject_rent", "hamp_own_housing_expense"),
    additive=ADDITIVE,
    steps=_steps(PRA),
)
STREAMLINE = Option(
    id=STREAMLINED, kind="keep", law=_STREAMLINE_LAW, rules=only(STREAMLINE_RULES, _STREAMLINE_LAW)
)
