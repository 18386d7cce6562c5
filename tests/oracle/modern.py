"""The modern model again, to read: one loan, plain numbers, one future at a time.

Where the kernel runs one pass with running sums, this follows every month's group of borrowers by itself: those who
catch up, fall behind, pay off or lose the home, each with its own cash and its own discounting.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass
class Loan:
    """One loan under one set of terms; amounts in cents, rates monthly, chances as shares."""

    discount: float
    near: float
    later: float
    near_months: int
    value: float
    carry: float
    kept: float
    costs: float
    late: int
    to_sale: int
    lead: int
    reo: int
    paying: bool
    balance: float
    rate: float
    payment: float
    term: int
    forborne: float
    behind: float
    factor: float
    prepay: float
    extra: float
    extra_months: int
    missed: float
    advanced: float
    owed: float
    value_from: float
    value_effect: float
    prepay_full: float
    prepay_none: float


@dataclasses.dataclass
class Found:
    """What the loan brings."""

    paid: float = 0.0
    sold: float = 0.0
    balance_paying: float = 0.0
    balance_late: float = 0.0
    months_paying: float = 0.0
    months_late: float = 0.0
    advances: float = 0.0
    advanced_lost: float = 0.0
    lost: float = 0.0
    cured: float = 0.0
    lost_in: dict[int, float] = dataclasses.field(default_factory=dict)
    gone_in: dict[int, float] = dataclasses.field(default_factory=dict)

    def lost_by(self, month: int) -> float:
        """Return the chance that the home was lost by a month."""
        return sum(share for at, share in self.lost_in.items() if at <= month)

    def gone_by(self, month: int) -> float:
        """Return the chance that the loan was paid off by a month."""
        return sum(share for at, share in self.gone_in.items() if at <= month)


def price(loan: Loan, month: int) -> float:
    """Return the house price in a month over that of now."""
    level = 1.0
    for at in range(1, month + 1):
        level *= 1.0 + (loan.near if at <= loan.near_months else loan.later)
    return level


def at(values: Sequence[float], place: int) -> float:
    """Return a value of a list whose last one goes on."""
    return values[min(place, len(values) - 1)]


def value(loan: Loan, cure: Sequence[float], hazard: Sequence[float]) -> Found:
    """Return everything that the kernel returns."""
    found = Found()

    def now(month: int) -> float:
        return (1.0 + loan.discount) ** -month

    joins = {0: 1.0 if loan.paying else 0.0}
    if not loan.paying:
        late = 1.0
        for month in range(1, loan.to_sale + 1):
            unpaid = loan.late + month
            joins[month] = late * at(cure, unpaid)
            found.paid += joins[month] * min(unpaid, loan.late + loan.term) * loan.missed * now(month)
            found.cured += joins[month]
            late -= joins[month]
            found.months_late += late * now(month)
            found.balance_late += late * loan.owed * now(month)
            found.advances += late * unpaid * loan.advanced * now(month)
        unpaid, sale = loan.late + loan.to_sale, loan.to_sale + loan.reo
        net = loan.value * price(loan, sale) * loan.kept - loan.costs - loan.carry * (unpaid + loan.reo)
        net = min(max(net, 0.0), loan.owed * (1 + loan.rate * unpaid) + loan.forborne)
        found.sold += late * net * now(sale)
        for month in range(loan.to_sale + 1, sale + 1):
            found.months_late += late * now(month)
            found.balance_late += late * loan.owed * now(month)
            found.advances += late * unpaid * loan.advanced * now(month)
        found.advanced_lost += late * unpaid * loan.advanced * now(sale)
        found.lost += late
        found.lost_in[loan.to_sale] = late

    balance, paying, level = loan.balance, joins[0], 1.0
    for month in range(1, max(loan.term, 0 if loan.paying else loan.to_sale + 1) + 1):
        level *= 1.0 + (loan.near if month <= loan.near_months else loan.later)
        ratio = (balance + loan.forborne + loan.behind) / (loan.value * level)
        falls = at(hazard, month) * loan.factor * (1.0 + loan.value_effect * max(ratio - loan.value_from, 0.0))
        falls = paying * min(falls, 1.0)
        free = (loan.prepay_none - ratio) / (loan.prepay_none - loan.prepay_full)
        leaves = 1.0 if month >= loan.term else loan.prepay * min(max(free, 0.0), 1.0)
        stays = paying - falls
        due = min(loan.payment, balance * (1.0 + loan.rate))
        rest = balance * (1.0 + loan.rate) - due
        extra = loan.extra if month <= loan.extra_months else 0.0
        found.paid += stays * (due + extra + leaves * (rest + loan.forborne)) * now(month)
        found.balance_paying += stays * balance * now(month)
        found.months_paying += stays * now(month)
        found.gone_in[month] = stays * leaves
        # Those who fall behind for good this month.
        sale = month + loan.lead + loan.reo
        net = loan.value * price(loan, sale) * loan.kept - loan.costs - loan.carry * (loan.lead + loan.reo)
        net = min(max(net, 0.0), balance * (1.0 + loan.rate * loan.lead) + loan.forborne)
        found.sold += falls * net * now(sale)
        found.lost += falls
        found.lost_in[month + loan.lead] = found.lost_in.get(month + loan.lead, 0.0) + falls
        for later in range(1, loan.lead + loan.reo + 1):
            found.months_late += falls * now(month + later)
            found.balance_late += falls * balance * now(month + later)
            found.advances += falls * min(later, loan.lead) * loan.advanced * now(month + later)
        found.advanced_lost += falls * loan.lead * loan.advanced * now(sale)
        paying = stays * (1.0 - leaves) + joins.get(month, 0.0)
        balance = 0.0 if month >= loan.term else rest
    return found
