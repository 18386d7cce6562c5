"""FHA-HAMP, of the past: first form of 2009 (modification with a claim), second form of 2013 with three variants."""

from __future__ import annotations

import polars as pl

from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleFunction, RuleTable, TermType, column
from hopenow.programs.fha import common, partial_claim
from hopenow.programs.fha.common import CAPACITY, WHOLE, law
from hopenow.programs.fha.modification import CLAIM_COLUMNS, Goal, alone_option, combined_terms, steps_of

c = pl.col
CLAIM = "fha_hamp_partial_claim"
ALONE = "fha_hamp_modification"
COMBINATION = "fha_hamp_combination"
CLAIM_RULES = RuleTable()
ALONE_RULES = RuleTable()
COMBINATION_RULES = RuleTable()
FIRST_FORM_COLUMNS: dict[str, TermType] = {
    "target_total": "money",
    "most_deferred": "money",
    "back_end_ratio": "ratio",
}


# --- goal -----------------------------------------------------------------------------------------


def target_total(p: Parameters) -> pl.Expr:
    """Return the target for the payment with escrow (cents, half-up)."""
    income = c("monthly_gross_income")

    def share(of: pl.Expr, name: str) -> pl.Expr:
        return (2 * of * p[name] + WHOLE) // (2 * WHOLE)

    most = share(income, "target_share")
    if "target_floor_share" not in p:
        return most
    floor = share(income, "target_floor_share")
    followed = share(c("contractual_payment"), "target_payment_share")
    known = income.is_not_null() & c("contractual_payment").is_not_null()
    return pl.when(known).then(pl.min_horizontal(most, pl.max_horizontal(floor, followed)))


def _target(p: Parameters) -> pl.Expr:
    return target_total(p) - c("monthly_escrow")


def highest_rate(p: Parameters) -> pl.Expr:
    """Return the highest rate of the first form: the month's average Treasury rate and a margin, not rounded."""
    return c("fha_treasury_rate") + p["rate_margin"]


def _rate(p: Parameters) -> pl.Expr:
    """Return the rate offered; in the first form the highest allowed one stands in."""
    offered = c("fha_modified_rate")
    return pl.coalesce(offered, highest_rate(p)) if "rate_margin" in p else offered


GOAL = Goal(_target, _rate)


# --- rules ----------------------------------------------------------------------------------------


def _old_enough(p: Parameters) -> pl.Expr:
    """The loan is old enough, with enough payments made."""
    return (c("months_since_origination") >= p["least_age_months"]) & (
        c("fha_payments_since_closing") >= p["least_payments"]
    )


def _far_apart(p: Parameters) -> pl.Expr:
    """The last FHA-HAMP option lies far enough back."""
    return common.months_before("fha_last_hamp_date") >= p["lookback_months"]


def _front_end(option: str) -> RuleFunction:
    def within_front_end(p: Parameters) -> pl.Expr:
        """The payment with escrow is small enough against income."""
        return c(column(option, "payment_after")) * WHOLE <= c("monthly_gross_income") * p["front_end_most"]

    return within_front_end


for _name, _table in ((CLAIM, CLAIM_RULES), (ALONE, ALONE_RULES), (COMBINATION, COMBINATION_RULES)):
    _table("FHA-H-G1")(common.default_or_imminent)
    _table("FHA-H-AGE")(_old_enough)
    _table("FHA-H-24")(_far_apart)
    _table("FHA-H-FRONT")(_front_end(_name))
    _table("FHA-H-SUSPENDED")(common.not_suspended)

CLAIM_RULES("FHA-H-RESUME")(common.can_resume)
CLAIM_RULES("FHA-H-FIT")(common.arrears_fit(CLAIM))


def _reaches_target(option: str) -> RuleFunction:
    def reaches_target(p: Parameters) -> pl.Expr:
        """The payment reaches the target."""
        for name in ("target_share", "target_floor_share", "target_payment_share", "term"):
            p.value(name)
        return c(column(option, "target_met"))

    return reaches_target


ALONE_RULES("FHA-H-TARGET")(_reaches_target(ALONE))
COMBINATION_RULES("FHA-H-TARGET")(_reaches_target(COMBINATION))


@COMBINATION_RULES("FHA-H-TARGET-09")
def fits_first_form(p: Parameters) -> pl.Expr:
    """Arrears and deferment fit into the limit."""
    p.value("target_share")
    return c(column(COMBINATION, "target_met")) & (c(column(COMBINATION, "arrears")) <= common.capacity(p))


@COMBINATION_RULES("FHA-H-BACK")
def within_back_end(p: Parameters) -> pl.Expr:
    """The target payment and other debts are small enough against income."""
    whole = c(column(COMBINATION, "target_total")) + c("fha_other_monthly_debt")
    return whole * WHOLE <= c("monthly_gross_income") * p["back_end_most"]


@COMBINATION_RULES("FHA-H-ARREARS")
def few_payments_behind(p: Parameters) -> pl.Expr:
    """The arrears are at most some monthly payments."""
    return c(column(COMBINATION, "arrears")) <= c("contractual_payment") * p["arrears_payments"]


@COMBINATION_RULES("FHA-H-RATE")
def rate_not_above(p: Parameters) -> pl.Expr:
    """The rate is not above the highest allowed one."""
    return pl.coalesce(c("fha_modified_rate"), highest_rate(p)) <= highest_rate(p)


# --- terms and options ----------------------------------------------------------------------------


def combination_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work the combination and add the first form's own figures."""
    found = combined_terms(GOAL)(frame, p)
    income = c("monthly_gross_income")
    whole = target_total(p) + c("fha_other_monthly_debt")
    own = frame.select(
        target_total(p).alias("target_total"),
        pl.when(income > 0).then((2 * whole * WHOLE + income) // (2 * income)).alias("back_end_ratio"),
    )
    most = (c("capacity") - c("arrears")).clip(lower_bound=0)
    return found.with_columns(most.alias("most_deferred")).hstack(own)


NEEDS = (
    "months_delinquent",
    "interest_bearing_balance",
    "note_rate",
    "monthly_principal_and_interest",
    "monthly_escrow",
    "monthly_gross_income",
    "fha_modified_rate",
)
PARTIAL_CLAIM = partial_claim.option_of(CLAIM, "hamp_partial_claim", CLAIM_RULES)
MODIFICATION = alone_option(ALONE, "hamp_modification", ALONE_RULES, GOAL, NEEDS)
COMBINED = Option(
    id=COMBINATION,
    kind="keep",
    law=law("hamp_combination"),
    rules=COMBINATION_RULES,
    terms=combination_terms,
    columns={**CLAIM_COLUMNS, **FIRST_FORM_COLUMNS},
    needs=(*NEEDS, *CAPACITY),
    additive=common.ADDITIVE,
    steps=steps_of(COMBINATION, with_claim=True),
)
