"""HAMP computed a second time: slow, literal, in exact integers and fractions, without the engine.

Money is whole cents, rates are ``Decimal`` percent. The figures are those of MHA Handbook v4.0 (Chapter II): 31 %,
cuts of 0.125 to 2.000, 480 months, 30 % or value, 115 %. Amounts that the Handbook does not say how to round are
rounded half up.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from tests.oracle.basics import ceiling, half_up, monthly

Case = Mapping[str, Any]

STEP, FLOOR, LONGEST = Decimal("0.125"), Decimal(2), 480


@lru_cache(maxsize=400_000)
def annuity(rate: Decimal, term: int) -> Fraction:
    """Present value of ``term`` payments of one."""
    i = monthly(rate)
    if i == 0:
        return Fraction(term)
    grown, plain = (i.denominator + i.numerator) ** term, i.denominator**term
    return Fraction((grown - plain) * i.denominator, grown * i.numerator)


def level(balance: int, rate: Decimal, term: int) -> int:
    """Level payment in cents, half up."""
    factor = annuity(rate, term)
    numerator, denominator = balance * factor.denominator, factor.numerator
    return (2 * numerator + denominator) // (2 * denominator)


def carried(installment: int, rate: Decimal, term: int) -> int:
    """Balance that a payment repays, half up."""
    return half_up(installment * annuity(rate, term))


def ratio_kept(payment: int, case: Case) -> bool:
    """The ratio is not below 31 % with this principal and interest."""
    return (payment + case["escrow"]) * 100 >= 31 * case["income"]


def target(case: Case) -> int:
    """Smallest principal and interest in cents with which the ratio is not below 31 %."""
    return ceiling(Fraction(31 * case["income"], 100)) - case["escrow"]


def standard_steps(balance: int, rate: Decimal, term: int, case: Case) -> dict[str, Any] | None:
    """Steps 2 to 4 of the standard waterfall; None where the first rung already overshoots."""
    start, floor, longest = rate, case.get("floor", FLOOR), case.get("longest", LONGEST)
    if not ratio_kept(level(balance, rate, term), case):
        return None
    cuts = 0
    while not case.get("no_cut") and rate > floor:
        following = max(rate - STEP, floor)
        if not ratio_kept(level(balance, following, term), case):
            break
        rate, cuts = following, cuts + 1
    may_extend = case.get("no_cut") or rate <= floor
    if not may_extend and rate == start:
        return None
    if may_extend:
        while term < longest and ratio_kept(level(balance, rate, term + 1), case):
            term += 1
    payment = level(balance, rate, term)
    forborne = 0
    if may_extend and term >= longest and payment > target(case):
        forborne = balance - carried(target(case), rate, term)
    return {
        "cuts": cuts,
        "rate": rate,
        "term": term,
        "before": payment,
        "forborne": forborne,
        "payment": level(balance - forborne, rate, term),
    }


def held_steps(balance: int, rate: Decimal, term: int, case: Case) -> dict[str, Any]:
    """The same steps, run again until principal and interest is at most the old amount."""
    old, floor, longest = case["old"], case.get("floor", FLOOR), case.get("longest", LONGEST)
    cuts = 0
    while not case.get("no_cut") and rate > floor and level(balance, rate, term) > old:
        rate, cuts = max(rate - STEP, floor), cuts + 1
    while term < longest and level(balance, rate, term) > old:
        term += 1
    payment = level(balance, rate, term)
    forborne = balance - carried(old, rate, term) if payment > old else 0
    return {
        "cuts": cuts,
        "rate": rate,
        "term": term,
        "before": payment,
        "forborne": forborne,
        "payment": level(balance - forborne, rate, term),
    }


def rate_path(balance: int, rate: Decimal, term: int, payment: int, cap: Decimal) -> list[tuple[Decimal, int]]:
    """Rate and payment after each yearly rise, the first one after five years."""
    found: list[tuple[Decimal, int]] = []
    months = 60
    while rate < cap and term > months:
        i = monthly(rate)
        growth = (1 + i) ** months
        left = balance * growth - (payment * (growth - 1) / i if i else payment * months)
        balance = max(half_up(left), 0)
        term -= months
        rate = min(rate + 1, cap)
        payment = level(balance, rate, term)
        found.append((rate, payment))
        months = 12
    return found


def excessive(case: Case, taken: int) -> bool | None:
    """More than 30 % of the balance, and more than brings it to the value; None: the value is not known."""
    if case.get("no_limit") or Fraction(taken) <= Fraction(30 * case["gross"], 100):
        return False
    if case["value"] is None:
        return None
    return taken > case["gross"] - int(case["value"])


def tier1(case: Case, reduction: bool = False) -> dict[str, Any]:
    """The standard waterfall, or the one with principal reduction."""
    gross, rate, term = case["gross"], case["rate"], case["term"]
    if reduction and case["value"] is None:
        return {"state": "needs value"}
    start = level(gross, rate, term)
    if target(case) <= 0:
        return {"state": "determined", "reached": False, "start": start}
    forgiven = 0
    if reduction:
        to_ratio = gross - carried(target(case), rate, term)
        to_value = gross - half_up(Fraction(115 * case["value"], 100))
        forgiven = max(min(to_ratio, to_value), 0)
    balance = gross - forgiven
    payment = level(balance, rate, term)
    stays = {"cuts": 0, "rate": rate, "term": term, "before": payment, "forborne": 0, "payment": payment}
    found: dict[str, Any] | None = stays
    if forgiven == 0 or payment > target(case):
        found = standard_steps(balance, rate, term, case)
        if found is None and forgiven > 0:
            found = stays
    if found is None:
        return {"state": "determined", "reached": False, "start": start, "forgiven": forgiven}
    guarded = found["payment"] > case["old"]
    if guarded:
        found = held_steps(balance, rate, term, case)
    path = rate_path(balance - found["forborne"], found["rate"], found["term"], found["payment"], case["cap"])
    return {
        "state": "determined",
        "reached": True,
        "start": start,
        "forgiven": forgiven,
        **found,
        "guarded": guarded,
        "excessive": excessive(case, forgiven + found["forborne"]),
        "path": path,
    }


def rounded_up_eighth(rate: Decimal) -> Decimal:
    """The next multiple of 0.125, by counting up."""
    found = Decimal(0)
    while found < rate:
        found += STEP
    return found


def nearest_eighth(rate: Decimal) -> Decimal:
    """The nearest multiple of 0.125, halves up."""
    above = rounded_up_eighth(rate)
    return above if above - rate <= STEP / 2 else above - STEP


def tier2(case: Case, reduction: bool = False) -> dict[str, Any]:
    """Terms of Tier 2: rate from the survey plus an adjustment, 480 months, principal above 115 % of the value."""
    rate = rounded_up_eighth(case["survey"]) + case["adjustment"]
    gross, value = case["gross"], case["value"]
    trigger = gross if reduction else case["upb"]
    taken = 0
    if trigger * 100 > 115 * value:
        taken = max(min(gross - half_up(Fraction(115 * value, 100)), half_up(Fraction(30 * gross, 100))), 0)
    return {"rate": rate, "taken": taken, "payment": level(gross - taken, rate, LONGEST)}


def counted_income(case: Case) -> int:
    """Income by kind: net and untaxed income times 1.25, rent at 75 %, other property less its debt service."""

    def part(amount: int, percent: int) -> int:
        return half_up(Fraction(amount * percent, 100))

    other = part(case["other_rent"], 75) - case["other_debt_service"]
    return (
        case["gross_pay"]
        + part(case["net_pay"], 125)
        + part(case["untaxed"], 125)
        + case["support"]
        + case["passive"]
        + case["household"]
        + part(case["residence_rent"], 75)
        + max(other, 0)
    )
