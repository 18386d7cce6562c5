"""Tier 1: the standard waterfall to a 31 % ratio, and its alternative with principal reduction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.facts.derived import add_months
from hopenow.law import Parameters
from hopenow.mortgage import kernels
from hopenow.programs.base import Option, RuleFunction, RuleTable, Step, TermType, column
from hopenow.programs.hamp import kernel as hk
from hopenow.programs.hamp import reduction
from hopenow.programs.hamp.common import (
    ADDITIVE,
    NEEDS,
    ROUNDING,
    SHARED,
    WHOLE,
    array,
    capitalization_steps,
    capitalized,
    closing_steps,
    counseled,
    escrow,
    figure_or,
    in_default,
    known,
    law,
    lives_there,
    nearest,
    only,
    ratio,
    remaining_term,
    schedule,
    survey_rate,
    terms_of,
    unless_restricted,
)

c = pl.col
NAME, PRA = "hamp_tier1", "hamp_tier1_pra"
COMMON = RuleTable()
STANDARD = RuleTable()
REDUCTION = reduction.rules(PRA, "hamp_npv_tier1_pra_positive")
HALF = 2

STATES = ("", "the property value is needed", "income, taxes and insurance are needed", "facts of the loan are missing")


# --- rules ----------------------------------------------------------------------------------------


@COMMON("HAMP-T1-ONCE")
def never_modified(p: Parameters) -> pl.Expr:
    """Nobody on the note was modified before."""
    return ~c("hamp_tier1_modified_before")


@COMMON("HAMP-T1-DEFAULT")
def delinquent_or_about_to_be(p: Parameters) -> pl.Expr:
    """Default, or imminent default."""
    return in_default(p)


@COMMON("HAMP-T1-HOME")
def owner_occupied(p: Parameters) -> pl.Expr:
    """The borrower lives there."""
    return lives_there()


def _excess(p: Parameters) -> pl.Expr:
    """Return the housing expense above the target, scaled: negative below, zero exactly at it."""
    return c("hamp_income__housing_expense") * WHOLE - c("hamp_income__income") * p["target_ratio"]


@COMMON("HAMP-T1-RATIO")
def not_below_target(p: Parameters) -> pl.Expr:
    """The ratio is not below the target."""
    return _excess(p) >= 0


def _not_at_target(option: str) -> RuleFunction:
    def not_at_target(p: Parameters) -> pl.Expr:
        """The ratio is not exactly the target, or that counts as above."""
        return c(column(option, "clear_of_target"))

    return not_at_target


def _reaches(option: str) -> RuleFunction:
    def reaches(p: Parameters) -> pl.Expr:
        """The steps come near the target without passing it."""
        return c(column(option, "reached"))

    return reaches


def _within_limit(option: str) -> RuleFunction:
    def within_limit(p: Parameters) -> pl.Expr:
        """Forbearance is within the limit, or the investor agrees to more."""
        within = ~c(column(option, "excessive")) | c("investor_consent")
        # Reading the figure marks the rule as no surer than the figure is.
        return within | pl.lit(figure_or(p, "forbearance_share", 0) < 0)

    return within_limit


@STANDARD("HAMP-T1-FLOOR")
def balance_covers_value(p: Parameters) -> pl.Expr:
    """With a negative value test the interest-bearing balance covers the value, where that rule is in force."""
    if "forbearance_share" in p:
        return pl.lit(True)
    floor = c("property_value") * p["forbearance_value_ratio"]
    covered = c(column(NAME, "interest_bearing_balance")) * WHOLE >= floor
    nothing_set_aside = c(column(NAME, "forborne")) == 0
    return c("hamp_npv_tier1_positive") | nothing_set_aside | covered


@STANDARD("HAMP-T1-NPV")
def worth_it(p: Parameters) -> pl.Expr:
    """The value test is positive, or the investor permits the offer."""
    return c("hamp_npv_tier1_positive") | c("investor_consent")


for _option, _rules in ((NAME, STANDARD), (PRA, REDUCTION)):
    _rules.update(COMMON)
    _rules["HAMP-T1-EQUAL"] = _not_at_target(_option)
    _rules["HAMP-T1-REACH"] = _reaches(_option)
    _rules["HAMP-T1-FORBEAR"] = _within_limit(_option)
    _rules["HAMP-T1-COUNSELING"] = counseled(_option, c(column(_option, "payment_after")), "hamp_income__income")
    _rules.update(SHARED)


def must_be_offered(p: Parameters) -> pl.Expr:
    """Test that Tier 1 is met and its underwriting passed without anybody's permission: then Tier 2 is not open."""
    return pl.all_horizontal(
        never_modified(p),
        owner_occupied(p),
        _excess(p) > 0,
        delinquent_or_about_to_be(p),
        c(column(NAME, "reached")),
        ~c(column(NAME, "excessive")),
        c("hamp_npv_tier1_positive"),
    )


# --- terms ----------------------------------------------------------------------------------------


def figures_of_the_law(p: Parameters, reduction: bool) -> tuple[int, ...]:
    """Return the figures for the kernel."""
    return (
        p["rate_step"],
        ROUNDING[p.word("balance_rounding")],
        figure_or(p, "forbearance_share", hk.UNKNOWN),
        p["forbearance_value_ratio"],
        p["reduction_value_ratio"] if reduction else 0,
        p["rate_rise"],
        p["fixed_years"] * hk.YEAR,
    )


def _terms(reduced: bool) -> Callable[[pl.DataFrame, Parameters], pl.DataFrame]:
    def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
        """Work the waterfall for every loan; null where the answer is not known."""
        frame = capitalized(frame.with_columns(schedule(p)), p)
        frame = frame.with_columns(survey_rate(frame, p["survey_days_after"]))
        income = c("hamp_income__income")
        room = (income * p["target_ratio"] + WHOLE - 1) // WHOLE - escrow()
        longest = pl.lit(p["longest_term"], pl.Int64)
        allowed = longest
        if p.word("term_limit_treatment") == "extend_as_allowed":
            limit = c("hamp_investor_longest_term").cast(pl.Int64)
            allowed = pl.when(limit.is_not_null()).then(pl.min_horizontal(longest, limit))
        floor = pl.lit(p["lowest_rate"], pl.Int64)
        investor_floor = c("hamp_investor_rate_floor")
        raised = pl.when(investor_floor.is_not_null()).then(pl.max_horizontal(floor, investor_floor))
        frame = frame.with_columns(
            nearest(c("survey_rate"), p["rate_step"]).alias("rate_cap"),
            c("hamp_income__rate").alias("starting_rate"),
            remaining_term(p).cast(pl.Int32).alias("starting_term"),
            room.alias("target_payment"),
            unless_restricted(floor, raised).alias("_floor"),
            unless_restricted(longest, allowed).alias("_longest"),
            unless_restricted(pl.lit(0, pl.Int64), c("hamp_rate_cut_barred").cast(pl.Int64)).alias("_no_cut"),
        )
        result = hk.tier1_array(
            array(frame, "gross_balance"),
            array(frame, "starting_rate"),
            array(frame, "starting_term"),
            array(frame, "_floor"),
            array(frame, "_longest"),
            array(frame, "property_value"),
            array(frame, "target_payment"),
            np.ascontiguousarray(frame["target_payment"].is_not_null().cast(pl.Int64).to_numpy()),
            array(frame, "hamp_income__principal_and_interest"),
            array(frame, "rate_cap"),
            array(frame, "_no_cut"),
            figures_of_the_law(p, reduced),
        )
        return _named(frame, result, p, reduced)

    return terms


def _named(frame: pl.DataFrame, result: npt.NDArray[np.int64], p: Parameters, reduced: bool) -> pl.DataFrame:
    """Name the figures of the kernel and add what follows from them."""
    state = pl.Series("state", result[hk.STATE])
    determined = state == hk.DETERMINED

    def figure(place: int, name: str, dtype: pl.DataType | None = None) -> pl.Series:
        values = pl.Series(name, np.ascontiguousarray(result[place]))
        return values.set(~determined | (values < 0), None).cast(dtype or pl.Int64())

    count, flag = pl.Int32(), pl.Boolean()
    wide = frame.with_columns(
        figure(hk.START, "payment_after_capitalization"),
        figure(hk.FORGIVEN, "forgiven"),
        figure(hk.CUTS, "rate_steps", count),
        figure(hk.RATE, "rate"),
        figure(hk.TERM, "term", count),
        figure(hk.PAYMENT_BEFORE, "payment_before_forbearance"),
        figure(hk.FORBORNE, "forborne"),
        figure(hk.PAYMENT, "principal_and_interest"),
        figure(hk.REACHED, "reached", flag),
        figure(hk.GUARDED, "guarded", flag),
        figure(hk.EXCESSIVE, "excessive", flag),
        figure(hk.FINAL_RATE, "final_rate"),
        figure(hk.RISES, "rate_rises", count),
        figure(hk.FIRST_STEP, "payment_after_first_rise"),
        figure(hk.LAST_STEP, "payment_after_last_rise"),
        state.cast(count),
    )
    old, new = c("hamp_income__principal_and_interest"), c("principal_and_interest")
    income, gross, value = c("hamp_income__income"), c("gross_balance"), c("property_value")
    limit = pl.lit(None, pl.Int64)
    if "forbearance_share" in p:
        share = (2 * gross * p["forbearance_share"] + WHOLE) // (2 * WHOLE)
        above = gross - (2 * value * p["forbearance_value_ratio"] + WHOLE) // (2 * WHOLE)
        limit = pl.when(above.is_not_null()).then(pl.max_horizontal(share, above))
    wide = wide.with_columns(
        limit.alias("forbearance_limit"),
        ((_excess(p) != 0) | pl.lit(bool(p["tier1_dti_equal_31"]))).alias("clear_of_target"),
        (gross - c("forgiven") - c("forborne")).alias("interest_bearing_balance_after"),
        (new + escrow()).alias("payment_after"),
    )
    before, after = c("hamp_income__housing_expense"), c("payment_after")
    cut = before - after
    limited = c("hamp_investor_longest_term")
    lasts = unless_restricted(c("term"), pl.when(limited > 0).then(pl.min_horizontal(c("term"), limited)))
    enough = cut * WHOLE >= before * p["incentive_reduction"]
    yearly = pl.min_horizontal(cut * (hk.YEAR // HALF), pl.lit(p["borrower_incentive_largest"], pl.Int64))
    wide = wide.with_columns(
        ratio(after, income).alias("housing_ratio"),
        ratio(after + c("hamp_debts__debts"), income).alias("debt_ratio"),
        (old - new).alias("payment_change"),
        pl.when(before > 0).then(cut * WHOLE // before).alias("payment_reduction"),
        pl.when(enough).then(yearly).when(~enough).then(0).alias("borrower_incentive_a_year"),
        lasts.cast(count).alias("months_to_maturity"),
    )
    balloon = pl.Series(
        "balloon",
        kernels.balance_after_array(
            array(wide, "interest_bearing_balance_after"),
            array(wide, "rate"),
            array(wide, "principal_and_interest"),
            array(wide, "months_to_maturity"),
        ),
    )
    wide = wide.with_columns(
        balloon.set(balloon < 0, None),
        pl.when(new.is_not_null()).then(c("trial_start")).alias("trial_start"),
        add_months(c("first_payment_date"), c("months_to_maturity") - 1).alias("maturity_date_after"),
    )
    short = c("months_to_maturity") < c("term")
    wide = wide.with_columns(pl.when(short).then(c("balloon")).when(~short).then(0).alias("balloon"))
    chosen = terms_of(COLUMNS)
    if reduced:
        flexible = (c("forgiven") * WHOLE >= gross * p["flexible_from"]).alias("steps_flexible")
        chosen += [*reduction.vesting(p), flexible]
    return wide.select(chosen)


COLUMNS: dict[str, TermType] = {
    "arrearage": "money",
    "capitalized": "money",
    "gross_balance": "money",
    "survey_rate": "rate",
    "rate_cap": "rate",
    "starting_rate": "rate",
    "starting_term": "months",
    "payment_after_capitalization": "money",
    "target_payment": "money",
    "rate": "rate",
    "rate_steps": "count",
    "term": "months",
    "payment_before_forbearance": "money",
    "forbearance_limit": "money",
    "forborne": "money",
    "excessive": "flag",
    "principal_and_interest": "money",
    "guarded": "flag",
    "reached": "flag",
    "clear_of_target": "flag",
    "payment_change": "money",
    "payment_reduction": "ratio",
    "payment_after": "money",
    "housing_ratio": "ratio",
    "debt_ratio": "ratio",
    "final_rate": "rate",
    "rate_rises": "count",
    "payment_after_first_rise": "money",
    "payment_after_last_rise": "money",
    "balloon": "money",
    "borrower_incentive_a_year": "money",
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
PRA_COLUMNS: dict[str, TermType] = {
    **COLUMNS,
    **reduction.COLUMNS,
    "steps_flexible": "flag",
}


# --- steps ----------------------------------------------------------------------------------------


def _rate_steps(of: Mapping[str, Any], p: Parameters) -> list[Step]:
    cuts = of["rate_steps"]
    text = "not cut" if not cuts else f"{cuts} cuts, the last one at or above the target ratio"
    found = [
        Step("Rate", text, of["rate"], "rate", known(p, "rate_step", "lowest_rate")),
        Step(
            "Term",
            f"extended from {of['starting_term']} months" if of["term"] != of["starting_term"] else "not extended",
            of["term"],
            "months",
            known(p, "longest_term", "term_limit_treatment", "remaining_term_from"),
        ),
        Step("Payment before forbearance", "principal and interest", of["payment_before_forbearance"], "money"),
    ]
    if of["forborne"]:
        over = of["excessive"]
        more = {True: "; more than the limit", False: "; within the limit", None: ""}[over]
        found.append(
            Step(
                "Principal set aside without interest",
                f"due at transfer, payoff or maturity{more}",
                of["forborne"],
                "money",
                known(p, "forbearance_share", "forbearance_value_ratio", "balance_rounding"),
            )
        )
    if of["guarded"]:
        found.append(
            Step(
                "Worked again",
                "the new payment would have exceeded the old one, so the old one was held as a ceiling",
                of["principal_and_interest"],
                "money",
                known(p, "guard_reading"),
            )
        )
    return found


def _path_steps(of: Mapping[str, Any], p: Parameters) -> list[Step]:
    if of["rate_cap"] is None:
        return [Step("Rate later", "the survey rate of the week is needed", None, "rate")]
    found = [Step("Rate cap", "survey rate, rounded to the nearest step", of["rate_cap"], "rate", ("rate_step",))]
    if not of["rate_rises"]:
        return [*found, Step("Rate later", "the rate stays for the life of the loan", of["rate"], "rate")]
    return [
        *found,
        Step(
            "Rate later",
            f"{of['rate_rises']} yearly rises after the fixed years, to",
            of["final_rate"],
            "rate",
            known(p, "fixed_years", "rate_rise"),
        ),
        Step("Payment after the first rise", "principal and interest", of["payment_after_first_rise"], "money"),
        Step("Payment after the last rise", "principal and interest", of["payment_after_last_rise"], "money"),
    ]


def _steps(option: str) -> Callable[[Mapping[str, Any], Parameters], list[Step]]:
    def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
        """Show the waterfall, step by step."""
        of = {name: row[column(option, name)] for name in (PRA_COLUMNS if option == PRA else COLUMNS)}
        if of["gross_balance"] is None:
            return []
        found = [
            *capitalization_steps(of),
            Step(
                "Payment target",
                "smallest principal and interest that does not take the ratio below the target",
                of["target_payment"],
                "money",
                known(p, "target_ratio", "tier1_dti_equal_31"),
            ),
            Step("Starting rate", "current rate, not rounded", of["starting_rate"], "rate"),
        ]
        if of["rate"] is None:
            return [*found, Step("Not determined", STATES[of["state"] or 0])]
        if option == PRA:
            until = "until the target ratio or the limit of loan to value, whichever comes first"
            found.append(reduction.step(of, p, until))
        if not of["reached"]:
            return [*found, Step("Not reached", "the first step would already take the ratio below the target")]
        return [
            *found,
            *_rate_steps(of, p),
            Step("New principal and interest", "each month", of["principal_and_interest"], "money"),
            Step("New payment", "with taxes, insurance, dues and shortage", of["payment_after"], "money"),
            Step("Housing expense to income", "after the modification", of["housing_ratio"], "ratio"),
            *_path_steps(of, p),
            Step(
                "Reward for paying on time",
                "each year, applied to the balance",
                of["borrower_incentive_a_year"],
                "money",
                known(p, "incentive_reduction", "borrower_incentive_largest"),
            ),
            *closing_steps(of),
        ]

    return steps


_LAW = law("tier1", rules_of=("shared",))
# The value test of the standard modification does not decide on the one with reduction.
_PRA_LAW = law("tier1_pra", rules_of=("shared", "tier1"), without=("HAMP-T1-NPV", "HAMP-T1-FLOOR"))

OPTION = Option(
    id=NAME,
    kind="keep",
    law=_LAW,
    rules=only(STANDARD, _LAW),
    terms=_terms(reduced=False),
    columns=COLUMNS,
    needs=(*NEEDS, "hamp_income__income", "property_value"),
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
    needs=(*NEEDS, "hamp_income__income", "property_value"),
    additive=ADDITIVE,
    steps=_steps(PRA),
)
