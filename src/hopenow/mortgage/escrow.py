"""Escrow account arithmetic of Regulation X: deposits, cushion, trial balance, surplus, shortage, deficiency.

Everything is whole cents. The figures of the rule (cushion, refund limit, days, installments) come in as
`EscrowRules`; this module holds none. The method is aggregate analysis, 12 CFR 1024.17(c), (d) and (f).

How a twelfth is rounded: a monthly deposit is rounded **down** to the cent, because the rule caps it at one
twelfth; so a year's deposits may be up to eleven cents under the year's bills. A cushion is rounded down too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

from hopenow.errors import InputError

__all__ = [
    "Bill",
    "Difference",
    "EscrowPlan",
    "EscrowRules",
    "Month",
    "Remedy",
    "analyze",
    "installments",
    "plan",
]

MONTHS = 12

Kind = Literal["surplus", "shortage", "deficiency"]


@dataclasses.dataclass(frozen=True)
class EscrowRules:
    """The figures of the escrow rule.

    Attributes:
        cushion_parts: the cushion may be at most one of so many parts of the year's bills.
        surplus_refund_from: a surplus of at least so many cents is refunded.
        refund_days: days in which it is refunded.
        lump_sum_days: days in which a small shortage or deficiency may be asked for at once.
        shortage_installments: least number of monthly parts for a shortage.
        deficiency_installments: least number of monthly parts for a deficiency.
    """

    cushion_parts: int
    surplus_refund_from: int
    refund_days: int
    lump_sum_days: int
    shortage_installments: int
    deficiency_installments: int


@dataclasses.dataclass(frozen=True)
class Bill:
    """Something that the servicer pays from the account.

    Attributes:
        name: what it is for.
        month: place of its month in the computation year; the first is 1.
        amount: cents.
    """

    name: str
    month: int
    amount: int


@dataclasses.dataclass(frozen=True)
class Month:
    """One month of the trial balance; all amounts in cents.

    Attributes:
        month: place in the computation year; 0 is the balance before the first deposit.
        deposit: paid in.
        disbursed: paid out.
        trial: running balance when the year starts at zero.
        adjusted: the same, raised so that the lowest month stands at zero.
        target: the same with the cushion: the most that the servicer may hold.
    """

    month: int
    deposit: int
    disbursed: int
    trial: int
    adjusted: int
    target: int


@dataclasses.dataclass(frozen=True)
class EscrowPlan:
    """A year's escrow account.

    Attributes:
        yearly_bills: cents.
        monthly_deposit: cents, one twelfth, rounded down.
        cushion: cents.
        lowest: lowest running balance of the year when it starts at zero, cents.
        lowest_month: its month.
        start: balance needed before the first deposit, with the cushion, cents.
        months: the trial balance, month 0 to 12.
    """

    yearly_bills: int
    monthly_deposit: int
    cushion: int
    lowest: int
    lowest_month: int
    start: int
    months: tuple[Month, ...]


@dataclasses.dataclass(frozen=True)
class Remedy:
    """One thing that the servicer may do about a difference.

    Attributes:
        act: ``refund``, ``refund_or_credit``, ``may_keep``, ``nothing``, ``lump_sum`` or ``installments``.
        days: within so many days; None where there is no limit of days.
        least_months: least number of equal monthly parts; None where it is not paid in parts.
        monthly: the largest monthly part over that least number, cents.
    """

    act: str
    days: int | None = None
    least_months: int | None = None
    monthly: int | None = None


@dataclasses.dataclass(frozen=True)
class Difference:
    """What an analysis found, and what may be done about it."""

    kind: Kind
    amount: int
    remedies: tuple[Remedy, ...]


def plan(bills: Sequence[Bill], rules: EscrowRules, cushion: int | None = None) -> EscrowPlan:
    """Project a year's account by aggregate analysis.

    Args:
        bills: what is paid in the twelve months; several may fall in one month.
        rules: figures of the rule.
        cushion: cents; None takes the most that the rule allows. The loan's papers or state law may allow less.

    Raises:
        InputError: a month outside the year, a negative amount, or a cushion above the limit; with every finding.
    """
    findings = [f"{bill.name}: month {bill.month} is not one of 1 to {MONTHS}" for bill in bills if _outside(bill)]
    findings += [f"{bill.name}: {bill.amount} cents is negative" for bill in bills if bill.amount < 0]
    yearly = sum(bill.amount for bill in bills)
    most = yearly // rules.cushion_parts
    kept = most if cushion is None else cushion
    if not 0 <= kept <= max(most, 0):
        findings.append(f"a cushion of {kept} cents is not between 0 and the limit of {most} cents")
    if findings:
        raise InputError("the escrow account cannot be projected", findings)
    deposit = yearly // MONTHS
    paid = [sum(bill.amount for bill in bills if bill.month == month) for month in range(1, MONTHS + 1)]
    running, balances = 0, [0]
    for out in paid:
        running += deposit - out
        balances.append(running)
    lowest = min(balances)
    months = tuple(
        Month(
            place,
            deposit if place else 0,
            paid[place - 1] if place else 0,
            value,
            value - lowest,
            value - lowest + kept,
        )
        for place, value in enumerate(balances)
    )
    return EscrowPlan(yearly, deposit, kept, lowest, balances.index(lowest), kept - lowest, months)


def _outside(bill: Bill) -> bool:
    return not 1 <= bill.month <= MONTHS


def analyze(
    balance: int, target: int, monthly_deposit: int, rules: EscrowRules, *, current: bool
) -> tuple[Difference, ...]:
    """Compare an account with its target and say what may be done.

    A balance below zero is a deficiency; what is then missing from zero to the target is a shortage. So the two
    never count the same cent twice.

    Args:
        balance: what is in the account, cents; negative when the servicer has advanced.
        target: what may be held at this point of the year, cents (`Month.target`).
        monthly_deposit: one month's escrow payment, cents: the dividing line between small and large.
        rules: figures of the rule.
        current: whether the borrower is current (every payment received within 30 days of its due date).

    Returns:
        No difference, one, or a deficiency and a shortage.
    """
    found: list[Difference] = []
    if balance > target:
        found.append(Difference("surplus", balance - target, _surplus(balance - target, rules, current)))
    if balance < 0:
        found.append(_owed("deficiency", -balance, monthly_deposit, rules, rules.deficiency_installments))
    shortage = target - max(balance, 0)
    if shortage > 0:
        found.append(_owed("shortage", shortage, monthly_deposit, rules, rules.shortage_installments))
    return tuple(found)


def _surplus(amount: int, rules: EscrowRules, current: bool) -> tuple[Remedy, ...]:
    if not current:
        return (Remedy("may_keep"),)
    act = "refund" if amount >= rules.surplus_refund_from else "refund_or_credit"
    return (Remedy(act, days=rules.refund_days if act == "refund" else None),)


def _owed(kind: Kind, amount: int, monthly_deposit: int, rules: EscrowRules, least: int) -> Difference:
    remedies = [Remedy("nothing")]
    if amount < monthly_deposit:
        remedies.append(Remedy("lump_sum", days=rules.lump_sum_days))
    remedies.append(Remedy("installments", least_months=least, monthly=installments(amount, least)[0]))
    return Difference(kind, amount, tuple(remedies))


def installments(amount: int, months: int) -> list[int]:
    """Split an amount into equal monthly parts that add up to it; odd cents go to the first months.

    Raises:
        InputError: fewer than one month, or a negative amount.
    """
    if months < 1 or amount < 0:
        raise InputError(f"{amount} cents cannot be split over {months} months")
    part, odd = divmod(amount, months)
    return [part + (1 if place < odd else 0) for place in range(months)]
