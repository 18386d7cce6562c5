"""Flex Modification and its disaster variant: one terms waterfall, two sets of criteria."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.facts import NEVER
from hopenow.facts.derived import day_of_month, month_end, month_index, month_start, months_since
from hopenow.law import Parameters
from hopenow.mortgage import kernels
from hopenow.programs.base import Option, RuleTable, Step, TermType, column
from hopenow.programs.conventional import common
from hopenow.programs.conventional import flex_kernel as fk
from hopenow.programs.conventional.common import law

c = pl.col
RULES = RuleTable()
DISASTER_RULES = RuleTable()

WHOLE = fk.WHOLE
MODES = {"two_decimal": fk.TWO_DECIMAL, "strict_cent": fk.STRICT_CENT, "at_least": fk.AT_LEAST}
ROUNDING = {"half_up": kernels.HALF_UP, "floor": kernels.FLOOR}
BOUNDS = ("none", "payment target", "property value", "share of the balance")


# --- rules ----------------------------------------------------------------------------------------


@RULES("FM-2")
def delinquent_or_about_to_be(p: Parameters) -> pl.Expr:
    """Delinquent enough, or in imminent default."""
    return (c("days_delinquent") >= p["least_days_delinquent"]) | c("imminent_default__met")


@RULES("FM-3")
def seasoned(p: Parameters) -> pl.Expr:
    """The loan is old enough."""
    return c("months_since_origination") >= p["least_months_since_origination"]


@RULES("FM-4")
def few_modifications(p: Parameters) -> pl.Expr:
    """Not modified too often."""
    return c("prior_modifications") < p["modifications_below"]


@RULES("FM-5")
def no_recent_failed_trial(p: Parameters) -> pl.Expr:
    """No recent failed trial."""
    return common.months_before("last_failed_trial_date") >= p["months_since_failed_trial"]


@RULES("FM-6")
def no_early_redefault(p: Parameters) -> pl.Expr:
    """No early redefault of an earlier Flex Modification that was not cured."""
    after = months_since(c("last_flex_modification_date"), c("flex_modification_redefault_date"))
    happened = (c("last_flex_modification_date") != NEVER) & (c("flex_modification_redefault_date") != NEVER)
    early = happened & (after >= 0) & (after < p["redefault_months"])
    return ~early | c("flex_modification_reinstated")


@RULES("FM-6-F")
def no_recent_redefault(p: Parameters) -> pl.Expr:
    """No redefault of an earlier Flex Modification shortly before the evaluation."""
    return common.months_before("flex_modification_redefault_date") >= p["redefault_months"]


@RULES("FM-8")
def package_or_far_behind(p: Parameters) -> pl.Expr:
    """The package is complete, or none is needed."""
    stepped = (
        (c("amortization_type") == "step_rate")
        & (common.months_before("last_rate_adjustment_date") < p["step_rate_window"])
        & (c("days_delinquent") >= p["least_days_delinquent"])
    )
    return (
        c("borrower_response_package_complete") | (c("days_delinquent") >= p["package_below_days"]) | stepped
    )


def _worth_offering(option: str) -> Callable[[Parameters], pl.Expr]:
    def worth_offering(p: Parameters) -> pl.Expr:
        """The target is met, or the payment does not rise."""
        return c(column(option, "offerable"))

    return worth_offering


def _leasehold(option: str) -> Callable[[Parameters], pl.Expr]:
    def leasehold_long_enough(p: Parameters) -> pl.Expr:
        """The ground lease outlasts the new maturity."""
        return ~c("leasehold") | (
            month_index(c("leasehold_end_date")) - month_index(c(column(option, "maturity_date")))
            >= p["leasehold_years_months"]
        )

    return leasehold_long_enough


for _name, _table in (("flex_modification", RULES), ("disaster_flex_modification", DISASTER_RULES)):
    _table("FM-1")(common.first_conventional_lien)
    _table("FM-7")(common.nothing_in_the_way)
    _table("FM-9")(_worth_offering(_name))
    _table("FM-10")(_leasehold(_name))
    _table("FM-11")(common.texas_lawful)
    _table("MI-1")(common.insurer_agrees)
    _table("VAL-1")(common.value_is_fresh)


@RULES("FM-12")
def escrowed(p: Parameters) -> pl.Expr:
    """An escrow account is in place."""
    return c("escrow_account")


@DISASTER_RULES("FM-12")
def escrowed_or_current(p: Parameters) -> pl.Expr:
    """An escrow account is in place, or taxes and insurance are current."""
    return c("escrow_account") | c("taxes_and_insurance_current")


DISASTER_RULES("FD-1")(common.disaster_hardship)
DISASTER_RULES("FD-2")(common.current_at_disaster)


@DISASTER_RULES("FD-3")
def far_enough_behind(p: Parameters) -> pl.Expr:
    """Enough installments are unpaid."""
    return c("months_delinquent") >= p["least_months_delinquent"]


# --- terms ----------------------------------------------------------------------------------------


def _scheduled(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Add the dates of trial and modification; the notice is taken to go out on the evaluation date."""
    wait = pl.when(day_of_month(c("evaluation_date")) <= p["notice_day"]).then(1).otherwise(2)
    months = (
        pl.when(c("days_delinquent") < p["trial_long_below_days"])
        .then(p["trial_months_long"])
        .when(c("days_delinquent").is_not_null())
        .then(p["trial_months"])
    )
    frame = frame.with_columns(
        (c("evaluation_month") - 1 + wait).alias("_start"), months.cast(pl.Int32).alias("trial_months")
    )
    frame = frame.with_columns((c("_start") + c("trial_months")).alias("_first"))
    return frame.with_columns(
        month_start(c("_start")).alias("trial_start"),
        month_end(c("_first") - 1).alias("trial_end"),
        month_start(c("_first")).alias("first_payment_date"),
        month_start(c("_first") - 1).alias("rate_change_date"),
    )


def _array(frame: pl.DataFrame, name: str) -> npt.NDArray[np.int64]:
    return np.ascontiguousarray(frame[name].cast(pl.Int64).fill_null(fk.UNKNOWN).to_numpy())


def _capitalized(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Add interest, the balance after capitalization and its ratio to the value."""
    # The rate changes a month before the first payment; the last installment was paid a month before the next is due.
    until = c("_first") if p.word("interest_through") == "rate_change" else c("evaluation_month")
    frame = frame.with_columns((until - (c("next_due_month") - 1)).alias("interest_months"))
    computed = kernels.interest_array(
        _array(frame, "interest_bearing_balance"),
        _array(frame, "note_rate"),
        _array(frame, "interest_months"),
    )
    interest = pl.Series("_interest", computed)
    advances = (
        c("escrow_advances").fill_null(0)
        + c("servicing_advances").fill_null(0)
        - c("borrower_contribution").fill_null(0)
        - c("buydown_funds").fill_null(0)
    )
    frame = frame.with_columns(interest.set(interest < 0, None)).with_columns(
        pl.coalesce(c("accrued_interest"), c("_interest")).alias("delinquent_interest"),
        advances.alias("_advances"),
    )
    frame = frame.with_columns((c("delinquent_interest") + c("_advances")).alias("arrearage"))
    frame = frame.with_columns(
        (c("interest_bearing_balance") + c("_nib") + c("arrearage")).alias("gross_balance")
    )
    return frame.with_columns((c("gross_balance") * WHOLE // c("valuation__value")).alias("loan_to_value"))


def _starting_rate(p: Parameters) -> pl.Expr:
    """Return the rate after the second step: the contract rate if final, else by the posted rate within the ceiling."""
    posted = c("modification_interest_rate")
    raised = pl.when(c("note_rate").is_not_null()).then(pl.max_horizontal(c("note_rate"), posted))
    open_rate: pl.Expr = raised
    if p.word("waterfall") == "in_full":
        high = (c("gross_balance") * WHOLE >= p["rate_cut_from"] * c("valuation__value")) | (c("_any") == 1)
        open_rate = pl.when(high).then(posted).when(~high).then(raised)
    known = posted.is_not_null() & c("rate_ceiling").is_not_null() & c("note_rate").is_not_null()
    capped = pl.when(known).then(pl.min_horizontal(open_rate, c("rate_ceiling")))
    return pl.when(c("rate_is_final")).then(c("note_rate")).when(~c("rate_is_final")).then(capped)


def _starting_term(frame: pl.DataFrame, p: Parameters) -> pl.Series:
    """Return the months with which the waterfall starts."""
    contract = frame["remaining_term"].cast(pl.Int64)
    if p.word("starting_term") == "contract":
        return contract
    formula = pl.Series(
        kernels.term_for_payment_array(
            _array(frame, "interest_bearing_balance"),
            _array(frame, "note_rate"),
            _array(frame, "monthly_principal_and_interest"),
            p["starting_term_tolerance"],
        )
    )
    usable = (formula > 0) & (formula <= contract)
    return pl.select(pl.when(usable).then(formula).otherwise(contract)).to_series()


def _any_value(p: Parameters) -> pl.Expr:
    """Return 1 where the rate may be cut at any loan-to-value ratio (hardships of the COVID-19 emergency)."""
    began = p.word("rate_cut_at_any_value_from")
    if began == "never":
        return pl.lit(0, pl.Int64)
    start = pl.lit(began).str.to_date("%Y-%m-%d")
    return (c("next_due_date") >= start).fill_null(False).cast(pl.Int64)


def _ratio_target(p: Parameters) -> pl.Expr:
    """Return the payment that the housing-expense ratio allows, or why there is none."""
    if p["housing_ratio"] == 0:
        return pl.lit(fk.NO_RATIO, pl.Int64)
    room = c("monthly_gross_income") * p["housing_ratio"] // WHOLE - c("monthly_escrow_for_ratio")
    allowed = (
        pl.when(room.is_not_null()).then(pl.max_horizontal(room, pl.lit(0, pl.Int64))).otherwise(fk.NO_INCOME)
    )
    # Terms without a package are terms of a loan far behind; while that is open, a package is taken to come.
    applies = (c("days_delinquent") < p["housing_ratio_below_days"]) & c(
        "borrower_response_package_complete"
    ).fill_null(True)
    ratio = pl.when(applies).then(allowed).when(applies.is_null()).then(fk.NO_INCOME).otherwise(fk.NO_RATIO)
    return ratio.cast(pl.Int64)


def _figures_of_the_law(p: Parameters) -> tuple[int, ...]:
    return (
        p["payment_reduction"],
        MODES[p.word("target_mode")],
        p["rate_cut_from"],
        p["rate_step"],
        int(p["part_step"]),
        p["longest_term"],
        p["forbear_above"],
        p["forbear_floor"],
        p["forbear_share"],
        p["first_forbear_floor"],
        ROUNDING[p.word("balance_rounding")],
        ROUNDING[p.word("limit_rounding")],
    )


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work the waterfall for every loan; null where the answer is not known."""
    frame = _scheduled(frame, p).with_columns(c("deferred_balance").fill_null(0).alias("_nib"))
    frame = _capitalized(frame, p)
    frame = frame.with_columns(_any_value(p).alias("_any"), _ratio_target(p).alias("_ratio"))
    frame = frame.with_columns(_starting_rate(p).alias("starting_rate"))
    frame = frame.with_columns(_starting_term(frame, p).cast(pl.Int32).alias("starting_term"))
    posted = (
        pl.when(c("rate_is_final") | (p.word("waterfall") == "until_target"))
        .then(c("modification_interest_rate"))
        .otherwise(c("starting_rate"))
    )
    frame = frame.with_columns(posted.alias("_posted"))
    result = fk.terms_array(
        _array(frame, "gross_balance"),
        _array(frame, "starting_rate"),
        _array(frame, "_posted"),
        _array(frame, "modification_interest_rate_bound"),
        _array(frame, "starting_term"),
        _array(frame, "valuation__value"),
        _array(frame, "monthly_principal_and_interest"),
        _array(frame, "_any"),
        _array(frame, "_ratio"),
        _figures_of_the_law(p),
        1 if p.word("waterfall") == "until_target" else 0,
    )
    return _named(frame, result, p)


def _named(frame: pl.DataFrame, result: npt.NDArray[np.int64], p: Parameters) -> pl.DataFrame:
    """Name the figures of the kernel and add what follows from them."""
    state = pl.Series("state", result[fk.STATE])
    determined = state == fk.DETERMINED

    def figure(place: int, name: str, dtype: pl.DataType) -> pl.Series:
        return pl.Series(name, result[place]).set(~determined, None).cast(dtype)

    money, count = pl.Int64(), pl.Int32()
    bound = figure(fk.BOUND, "binding_limit", pl.UInt8()).cat.to(pl.Enum(BOUNDS))
    wide = frame.with_columns(
        figure(fk.RATE, "rate", money),
        figure(fk.RATE_STEPS, "rate_steps", count),
        figure(fk.TERM, "term", count),
        figure(fk.PAYMENT_BEFORE, "payment_before_forbearance", money),
        figure(fk.TARGET_PAYMENT, "target_payment", money),
        figure(fk.CAP_TARGET, "limit_by_target", money),
        figure(fk.CAP_VALUE, "limit_by_value", money),
        figure(fk.CAP_SHARE, "limit_by_share", money),
        figure(fk.FORBORNE, "forborne", money),
        figure(fk.PAYMENT, "principal_and_interest", money),
        figure(fk.MET, "target_met", pl.Int64()).cast(pl.Boolean),
        bound,
        state.cast(count),
    )
    # Income that is not known may lower the target below the one worked with; what misses that misses the other too.
    settled = c("_ratio") != fk.NO_INCOME
    wide = wide.with_columns(
        pl.when(settled).then("target_payment").alias("target_payment"),
        pl.when(settled | ~c("target_met")).then("target_met").alias("target_met"),
    )
    old, new = c("monthly_principal_and_interest"), c("principal_and_interest")
    lower = (new < old) | ((new == old) & (c("days_delinquent") >= p["strict_payment_below_days"]))
    shortage = (c("escrow_shortage").fill_null(0) * 2 + p["shortage_months"]) // (2 * p["shortage_months"])
    wide = wide.with_columns(
        (c("target_met") | lower).alias("offerable"),
        (old - new).alias("payment_change"),
        ((2 * (old - new) * WHOLE + old) // (2 * old)).alias("payment_reduction"),
        (c("gross_balance") - c("forborne")).alias("interest_bearing_balance_after"),
        pl.when(new.is_not_null()).then(shortage).alias("escrow_shortage_monthly"),
        month_start(c("_first") + c("term") - 1).alias("maturity_date_after"),
    )
    return wide.select(
        "interest_months",
        "delinquent_interest",
        "arrearage",
        "gross_balance",
        "loan_to_value",
        "starting_rate",
        "starting_term",
        "rate",
        "rate_steps",
        "term",
        "payment_before_forbearance",
        "target_payment",
        "limit_by_target",
        "limit_by_value",
        "limit_by_share",
        "binding_limit",
        "forborne",
        "principal_and_interest",
        "payment_change",
        "payment_reduction",
        "target_met",
        "offerable",
        "state",
        c("interest_bearing_balance_after").alias("interest_bearing_balance"),
        c("forborne").alias("deferred_balance"),
        "escrow_shortage_monthly",
        (new + c("monthly_escrow") + shortage).alias("payment_after"),
        "trial_start",
        "trial_end",
        "trial_months",
        (new + c("monthly_escrow") + shortage).alias("trial_payment"),
        "rate_change_date",
        "first_payment_date",
        c("first_payment_date").alias("effective_date"),
        c("maturity_date_after").alias("maturity_date"),
    )


COLUMNS: dict[str, TermType] = {
    "interest_months": "months",
    "delinquent_interest": "money",
    "arrearage": "money",
    "gross_balance": "money",
    "loan_to_value": "ratio",
    "starting_rate": "rate",
    "starting_term": "months",
    "rate": "rate",
    "rate_steps": "count",
    "term": "months",
    "payment_before_forbearance": "money",
    "target_payment": "money",
    "limit_by_target": "money",
    "limit_by_value": "money",
    "limit_by_share": "money",
    "binding_limit": "text",
    "forborne": "money",
    "principal_and_interest": "money",
    "payment_change": "money",
    "payment_reduction": "ratio",
    "target_met": "flag",
    "offerable": "flag",
    "state": "count",
    "interest_bearing_balance": "money",
    "deferred_balance": "money",
    "escrow_shortage_monthly": "money",
    "payment_after": "money",
    "trial_start": "date",
    "trial_end": "date",
    "trial_months": "months",
    "trial_payment": "money",
    "rate_change_date": "date",
    "first_payment_date": "date",
    "effective_date": "date",
    "maturity_date": "date",
}


# --- steps ----------------------------------------------------------------------------------------


def _steps(option: str) -> Callable[[Mapping[str, Any], Parameters], list[Step]]:
    def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
        """Show the waterfall, step by step."""

        def of(name: str) -> Any:
            return row[column(option, name)]

        if of("gross_balance") is None:
            return []
        found = [
            Step(
                "Interest past due",
                f"{of('interest_months')} months of interest at the contract rate, rounded once",
                of("delinquent_interest"),
                "money",
                ("interest_through",),
            ),
            Step(
                "Added to the balance",
                "interest and advances, less contributions; late charges and escrow shortage are never added",
                of("arrearage"),
                "money",
            ),
            Step(
                "Balance after capitalization",
                "interest-bearing and earlier deferred balance plus the amount added",
                of("gross_balance"),
                "money",
            ),
            Step(
                "Loan-to-value ratio",
                "balance after capitalization divided by the property value",
                of("loan_to_value"),
                "ratio",
                ("rate_cut_from", "forbear_above"),
            ),
            Step(
                "Payment target",
                "largest principal and interest that meets the reduction",
                of("target_payment"),
                "money",
                ("payment_reduction", "target_mode"),
            ),
            Step(
                "Starting rate",
                "contract rate, or for a rate that can still change the posted rate within its ceiling",
                of("starting_rate"),
                "rate",
            ),
        ]
        if of("rate") is None:
            found.append(
                Step(
                    "Not determined",
                    (
                        "",
                        "the property value is needed",
                        "the posted modification rate is needed",
                        "income is needed",
                        "balance, rate, term or payment is missing",
                    )[of("state") or 0],
                )
            )
            return found
        cuts = of("rate_steps")
        cut_text = (
            f"{cuts} cuts toward the posted rate"
            if cuts
            else ("set to the posted rate" if of("rate") != of("starting_rate") else "no cut")
        )
        found += [
            Step("Rate", cut_text, of("rate"), "rate", ("rate_cut_from", "rate_step", "part_step")),
            Step(
                "Term",
                f"extended from {of('starting_term')} months"
                if of("term") != of("starting_term")
                else "not extended",
                of("term"),
                "months",
                ("longest_term", "starting_term"),
            ),
            Step(
                "Payment before forbearance",
                "principal and interest at that rate and term",
                of("payment_before_forbearance"),
                "money",
            ),
        ]
        if of("forborne"):
            found.append(
                Step(
                    "Principal set aside without interest",
                    f"limited by the {of('binding_limit')}; due when the loan ends",
                    of("forborne"),
                    "money",
                    ("forbear_above", "forbear_floor", "forbear_share", "balance_rounding", "limit_rounding"),
                )
            )
        found += [
            Step("New principal and interest", "each month", of("principal_and_interest"), "money"),
            Step(
                "Reduction",
                "of the monthly principal and interest",
                of("payment_reduction"),
                "ratio",
                ("payment_reduction",),
            ),
            Step(
                "Trial payment",
                f"{of('trial_months')} payments from the start of the trial, with escrow and shortage",
                of("trial_payment"),
                "money",
                ("trial_months", "shortage_months"),
            ),
            Step("Trial begins", "first trial payment due", of("trial_start"), "date", ("notice_day",)),
            Step("First modified payment", "after the trial", of("first_payment_date"), "date"),
            Step("New maturity", "last modified payment", of("maturity_date"), "date"),
        ]
        return found

    return steps


NEEDS = (
    "interest_bearing_balance",
    "note_rate",
    "monthly_principal_and_interest",
    "remaining_term",
    "rate_is_final",
    "next_due_date",
    "valuation__value",
    "modification_interest_rate",
    "rate_ceiling",
)
ADDITIVE = ("escrow_advances", "servicing_advances", "deferred_balance", "escrow_shortage")


def _needs_of_the_ratio(p: Parameters) -> tuple[str, ...]:
    """Return what the housing-expense target needs, where there is one."""
    if p["housing_ratio"] == 0:
        return ()
    return ("monthly_gross_income", "monthly_taxes", "monthly_insurance", "borrower_response_package_complete")


def _option(name: str, rules: RuleTable) -> Option:
    return Option(
        id=name,
        kind="keep",
        law=law(name),
        rules=rules,
        terms=terms,
        columns=COLUMNS,
        needs=NEEDS,
        needs_under=_needs_of_the_ratio,
        additive=ADDITIVE,
        steps=_steps(name),
    )


OPTION = _option("flex_modification", RULES)
DISASTER = _option("disaster_flex_modification", DISASTER_RULES)
