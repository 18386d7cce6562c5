"""Modifications, alone and with a partial claim: one set of terms for the permanent and the historical options."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleFunction, RuleTable, Step, StepsFunction, TermsFunction, TermType, column
from hopenow.programs.fha import common
from hopenow.programs.fha import kernel as fk
from hopenow.programs.fha.common import CAPACITY, TRIAL_COLUMNS, WHOLE, law
from hopenow.programs.fha.partial_claim import trial_step

c = pl.col
ALONE = "fha_modification"
COMBINATION = "fha_combination"

COLUMNS: dict[str, TermType] = {
    "arrears": "money",
    "rate": "rate",
    "target_payment": "money",
    "term": "months",
    "new_balance": "money",
    "principal_and_interest": "money",
    "payment_change": "money",
    "payment_reduction": "ratio",
    "target_met": "flag",
    "payment_after": "money",
    **TRIAL_COLUMNS,
}
ALONE_COLUMNS: dict[str, TermType] = {**COLUMNS, "payment_at_first_term": "money", "payment_at_second_term": "money"}
CLAIM_COLUMNS: dict[str, TermType] = {
    **COLUMNS,
    "costs": "money",
    "capacity": "money",
    "claim_for_arrears": "money",
    "principal_deferred": "money",
    "claim_amount": "money",
    "claims_after": "money",
    "order_matters": "flag",
}
NEEDS = (
    "months_delinquent",
    "interest_bearing_balance",
    "note_rate",
    "monthly_principal_and_interest",
    "fha_market_rate__rate",
)


@dataclasses.dataclass(frozen=True)
class Goal:
    """What a modification aims at and at which rate.

    Attributes:
        target: largest principal and interest that reaches the goal, cents.
        rate: new rate, millionths.
    """

    target: Callable[[Parameters], pl.Expr]
    rate: Callable[[Parameters], pl.Expr]


def reduced_payment(p: Parameters) -> pl.Expr:
    """Return the largest principal and interest that is lower by the reduction aimed at (cents)."""
    return c("monthly_principal_and_interest") * (WHOLE - p["payment_reduction"]) // WHOLE


def market_rate(p: Parameters) -> pl.Expr:
    """Return the rate offered, or the highest allowed one."""
    return c("fha_market_rate__rate")


PAYMENT_GOAL = Goal(reduced_payment, market_rate)


def _terms_tried(p: Parameters) -> tuple[int, int]:
    """Return the two terms tried, in months; the second is 0 where there is only one."""
    if "term" in p:
        return p["term"], 0
    if "second_term" not in p:
        return p["first_term"], 0
    return p["first_term"], p["second_term"]


def _named(frame: pl.DataFrame, result: npt.NDArray[np.int64]) -> pl.DataFrame:
    """Add the kernel's figures under their names, null where there is no answer."""
    known = result[fk.STATE] != fk.NOT_KNOWN

    def figure(place: int, name: str) -> pl.Series:
        return pl.Series(name, result[place]).set(pl.Series(~known | (result[place] < 0)), None)

    return frame.with_columns(
        figure(fk.TERM, "_term").cast(pl.Int32),
        figure(fk.ARREARS_CLAIM, "_claim"),
        figure(fk.DEFERRED, "_deferred"),
        figure(fk.BALANCE, "_new_balance"),
        figure(fk.PAYMENT, "_payment"),
        figure(fk.FIRST_PAYMENT, "_at_first"),
        figure(fk.SECOND_PAYMENT, "_at_second"),
        pl.Series("_met", result[fk.STATE] == fk.REACHED).set(pl.Series(~known), None),
    )


def _common_columns(p: Parameters) -> list[pl.Expr]:
    old, new = c("monthly_principal_and_interest"), c("_payment")
    change = old - new
    return [
        c("_arrears").alias("arrears"),
        c("_rate").alias("rate"),
        c("_target").alias("target_payment"),
        c("_term").alias("term"),
        c("_new_balance").alias("new_balance"),
        new.alias("principal_and_interest"),
        change.alias("payment_change"),
        pl.when(old > 0).then((2 * change * WHOLE + old) // (2 * old)).alias("payment_reduction"),
        c("_met").alias("target_met"),
        (new + c("monthly_escrow")).alias("payment_after"),
        *common.trial_terms(p),
    ]


def _prepared(frame: pl.DataFrame, p: Parameters, goal: Goal) -> pl.DataFrame:
    target = goal.target(p)
    floor = pl.when(target.is_not_null()).then(pl.max_horizontal(target, pl.lit(0, pl.Int64)))
    return common.with_arrears(frame, p).with_columns(floor.alias("_target"), goal.rate(p).alias("_rate"))


def alone_terms(goal: Goal) -> TermsFunction:
    """Return the terms of a modification without a claim."""

    def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
        """Capitalize the arrears and take the first term that reaches the target, else the longer one."""
        frame = _prepared(frame, p, goal)
        first, second = _terms_tried(p)
        balance = common.array(frame, "interest_bearing_balance")
        result = fk.terms_array(
            balance,
            common.array(frame, "_arrears"),
            balance,
            common.array(frame, "_rate"),
            common.array(frame, "_target"),
            first,
            second,
            1,
            fk.DEFERMENT_FIRST,
            0,
        )
        frame = _named(frame, result)
        return frame.select(
            *_common_columns(p),
            c("_at_first").alias("payment_at_first_term"),
            c("_at_second").alias("payment_at_second_term"),
        )

    return terms


def combined_terms(goal: Goal) -> TermsFunction:
    """Return the terms of a modification with a claim."""

    def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
        """Claim the arrears, then defer the principal that the target asks for, within the limit."""
        frame = _prepared(frame, p, goal).with_columns(common.capacity(p).alias("_capacity"))
        first, second = _terms_tried(p)
        balance, arrears = common.array(frame, "interest_bearing_balance"), common.array(frame, "_arrears")
        room, rate, target = (common.array(frame, name) for name in ("_capacity", "_rate", "_target"))

        def work(order: int) -> npt.NDArray[np.int64]:
            return fk.terms_array(balance, arrears, room, rate, target, first, second, p["balance_step"], order, 1)

        result = work(fk.DEFERMENT_FIRST)
        matters = pl.Series("_matters", np.zeros(frame.height, np.bool_))
        if second:
            other = work(fk.TERM_FIRST)
            differ = (result[: fk.PAYMENT + 1] != other[: fk.PAYMENT + 1]).any(axis=0)
            matters = pl.Series("_matters", differ)
            chosen = frame.select((c("fha_combination_order") == "term_first").fill_null(False)).to_series().to_numpy()
            result = np.where(chosen, other, result)
        unknown = pl.Series(result[fk.STATE] == fk.NOT_KNOWN)
        frame = _named(frame, result).with_columns(matters.set(unknown, None))
        claim = c("_claim") + c("_deferred")
        return frame.select(
            *_common_columns(p),
            c("_costs").alias("costs"),
            c("_capacity").alias("capacity"),
            c("_claim").alias("claim_for_arrears"),
            c("_deferred").alias("principal_deferred"),
            claim.alias("claim_amount"),
            (c("fha_capacity__used") + claim).alias("claims_after"),
            c("_matters").alias("order_matters"),
        )

    return terms


def steps_of(option: str, with_claim: bool) -> StepsFunction:
    """Return the steps of a modification, with or without a claim."""

    def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
        """Show how the terms follow."""

        def of(name: str) -> Any:
            return row[column(option, name)]

        def named(*names: str) -> tuple[str, ...]:
            return tuple(name for name in names if name in p)

        goal = named("payment_reduction", "target_share", "target_floor_share", "target_payment_share")
        terms = named("first_term", "second_term", "term", "longest_term")
        found = [
            Step("Past due", "counted without late charges", of("arrears"), "money", named("arrears_counted")),
            Step("Rate", "as offered, or the highest allowed", of("rate"), "rate", named("rate_margin")),
            Step("Target", "largest principal and interest that reaches the goal", of("target_payment"), "money", goal),
        ]
        if of("principal_and_interest") is None:
            return [*found, Step("Not determined", "balance, rate, arrears, income or the room for claims is missing")]
        if with_claim:
            found += [
                Step("Room for claims", "limit less earlier claims", of("capacity"), "money", ("cap_share",)),
                Step("Claim for what is past due", "the rest is added to the loan", of("claim_for_arrears"), "money"),
                Step(
                    "Principal set aside",
                    "what the target needs, within the room",
                    of("principal_deferred"),
                    "money",
                    ("balance_step",),
                ),
                Step("Partial claim", "second loan without interest", of("claim_amount"), "money"),
            ]
        missed = "the target is missed; this is the best that can be reached"
        met = "the target is reached" if of("target_met") else missed
        found += [
            Step("New balance", "bears interest", of("new_balance"), "money"),
            Step("Term", met, of("term"), "months", terms),
            Step("New principal and interest", "each month", of("principal_and_interest"), "money"),
            Step("Reduction", "of the monthly principal and interest", of("payment_reduction"), "ratio"),
            Step("Payment with escrow", "each month", of("payment_after"), "money"),
        ]
        return found + trial_step(row, option, p)

    return steps


def alone_option(
    name: str, file: str, rules: RuleTable, goal: Goal, needs: tuple[str, ...], shared: bool = False
) -> Option:
    """Return a modification without a claim."""
    return Option(
        id=name,
        kind="keep",
        law=law(file, shared=shared),
        rules=rules,
        terms=alone_terms(goal),
        columns=ALONE_COLUMNS,
        needs=needs,
        additive=common.ADDITIVE,
        steps=steps_of(name, with_claim=False),
    )


def combined_option(
    name: str, file: str, rules: RuleTable, goal: Goal, needs: tuple[str, ...], shared: bool = False
) -> Option:
    """Return a modification with a claim."""
    return Option(
        id=name,
        kind="keep",
        law=law(file, shared=shared),
        rules=rules,
        terms=combined_terms(goal),
        columns=CLAIM_COLUMNS,
        needs=needs,
        additive=common.ADDITIVE,
        steps=steps_of(name, with_claim=True),
    )


# --- the permanent options ------------------------------------------------------------------------

ALONE_RULES = common.gates(common.payment_fits(ALONE))
COMBINATION_RULES = common.gates(common.payment_fits(COMBINATION))


def _short_enough(option: str) -> RuleFunction:
    def short_enough(p: Parameters) -> pl.Expr:
        """The term is within the law's longest."""
        return c(column(option, "term")) <= p["longest_term"]

    return short_enough


for _name, _table in ((ALONE, ALONE_RULES), (COMBINATION, COMBINATION_RULES)):
    _table("FHA-M1")(common.rate_allowed)
    _table("FHA-M3")(_short_enough(_name))


def _reads_target(p: Parameters) -> None:
    """Note that a rule rests on the figures that the terms were worked out with."""
    for name in ("payment_reduction", "first_term", "second_term"):
        p.value(name)


@ALONE_RULES("FHA-M2")
def reaches_target(p: Parameters) -> pl.Expr:
    """The target is reached, or missing it is allowed."""
    _reads_target(p)
    return c(column(ALONE, "target_met")) | c("fha_modification_below_target_allowed")


@COMBINATION_RULES("FHA-C1")
def room_for_claim(p: Parameters) -> pl.Expr:
    """There is room for a claim."""
    return common.capacity(p) > 0


@COMBINATION_RULES("FHA-C2")
def reaches_target_with_claim(p: Parameters) -> pl.Expr:
    """The target is reached within the limit, or the best effort is allowed."""
    _reads_target(p)
    return c(column(COMBINATION, "target_met")) | c("fha_combination_best_effort_allowed")


@COMBINATION_RULES("FHA-C3")
def order_settled(p: Parameters) -> pl.Expr:
    """The order of the search is known, or makes no difference (else unknown)."""
    known = pl.when(c("fha_combination_order").is_not_null()).then(True)
    return ~c(column(COMBINATION, "order_matters")) | known


STANDALONE = alone_option(ALONE, "modification", ALONE_RULES, PAYMENT_GOAL, NEEDS, shared=True)
COMBINED = combined_option(
    COMBINATION, "combination", COMBINATION_RULES, PAYMENT_GOAL, (*NEEDS, *CAPACITY), shared=True
)
