"""Loans and terms in, values out: the kernel's table made from whole arrays, and its results put in words.

All arrays are engine units (cents, millionths a year, months). Values come out as floats in cents; whoever shows them
rounds once with :func:`hopenow.valuation.lanes.rounded_cents`.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hopenow.valuation.lanes import Floats
from hopenow.valuation.modern import kernel as k
from hopenow.valuation.modern.assumptions import Assumptions, Market

__all__ = ["HORIZONS", "Loans", "Terms", "Worth", "as_is", "build", "scheduled", "value_table", "worth"]

Ints = npt.NDArray[np.int64]

HORIZONS = (12, 24, 60)
"""Months at which is asked whether the homeowner is still there."""
BATCH = 65_536

_YEAR = 12
_ONE = 1_000_000.0


@dataclasses.dataclass(frozen=True, eq=False)
class Loans:
    """Loans as they are; arrays of one length.

    Attributes:
        late: installments due and unpaid.
        balance: that bears interest. deferred: that does not.
        rate: millionths a year. payment: principal and interest. term: months from the last paid installment.
        value: of the home. escrow: taxes, insurance and dues a month; -1 where unknown.
        state: place among the market's states.
    """

    late: Ints
    balance: Ints
    deferred: Ints
    rate: Ints
    payment: Ints
    term: Ints
    value: Ints
    escrow: Ints
    state: Ints

    @property
    def count(self) -> int:
        """How many."""
        return self.late.size


@dataclasses.dataclass(frozen=True, eq=False)
class Terms:
    """Terms for loans; arrays of one length, ``loan`` is the place of the loan.

    Attributes:
        paying: whether the loan counts as paying from the start.
        balance: that bears interest, once the loan pays. forborne: that does not, owed to the investor.
        behind: owed to others on the home (a partial claim).
        rate, payment, term: from then on.
        extra: on top in each of the first ``extra_months``.
    """

    loan: Ints
    paying: npt.NDArray[np.bool_]
    balance: Ints
    forborne: Ints
    behind: Ints
    rate: Ints
    payment: Ints
    term: Ints
    extra: Ints
    extra_months: Ints


@dataclasses.dataclass(frozen=True, eq=False)
class Worth:
    """What terms are worth under one case; floats in cents and chances, one for each of the terms.

    Attributes:
        investor: present value to the investor and whoever bears its losses together.
        servicer: present value of fees and other income less the costs.
        fees, late_income, cost, advances: its parts (the last two are costs, positive).
        home: chance, at each of `HORIZONS`, that the homeowner still has the home and the loan.
        paid_off: chance that the loan was paid off by then. lost: that the home was lost by then.
        lost_ever, cured: chances at any time.
    """

    investor: Floats
    servicer: Floats
    fees: Floats
    late_income: Floats
    cost: Floats
    advances: Floats
    home: Floats
    paid_off: Floats
    lost: Floats
    lost_ever: Floats
    cured: Floats


def scheduled(balance: Ints, rate: Ints, payment: Ints, months: Ints) -> Ints:
    """Return the balance after a number of payments, rounded to cents; never below zero."""
    monthly = rate / (_ONE * _YEAR)
    grown = np.power(1.0 + monthly, months)
    sums = np.where(monthly > 0.0, (grown - 1.0) / np.where(monthly > 0.0, monthly, 1.0), months)
    left = np.floor(balance * grown - payment * sums + 0.5)
    found: Ints = np.maximum(left, 0.0).astype(np.int64)
    return found


def as_is(loans: Loans) -> Terms:
    """Return the terms of each loan without help: late where it is late, and its own terms once it catches up."""
    none = np.zeros(loans.count, np.int64)
    return Terms(
        loan=np.arange(loans.count),
        paying=loans.late == 0,
        balance=scheduled(loans.balance, loans.rate, loans.payment, loans.late),
        forborne=loans.deferred,
        behind=none,
        rate=loans.rate,
        payment=loans.payment,
        term=np.maximum(loans.term - loans.late, 1),
        extra=none,
        extra_months=none,
    )


def build(loans: Loans, terms: Terms, a: Assumptions, m: Market) -> Floats:
    """Return the kernel's table for terms under one case.

    Args:
        loans: the loans.
        terms: terms for some of them.
        a: the case.
        m: its market.
    """
    at = terms.loan
    table = np.empty((k.FIELDS, at.size), np.float64)
    value = loans.value[at].astype(np.float64)
    late, owed, payment = loans.late[at], loans.balance[at], loans.payment[at].astype(np.float64)
    state = loans.state[at]
    known = loans.escrow[at].astype(np.float64)
    escrow = np.where(known >= 0, known, value * (a["escrow_yearly"] / _YEAR))
    rate = terms.rate / _ONE
    table[k.DISCOUNT] = (m.mortgage_rate[state] + a["discount_spread"]) / _YEAR
    table[k.NEAR], table[k.LATER] = m.near[state], m.later[state]
    table[k.VALUE] = value
    table[k.CARRY] = escrow + value * (a["upkeep_yearly"] / _YEAR)
    table[k.KEPT] = (1.0 - a["reo_discount"]) * (1.0 - a["selling_cost"])
    table[k.COSTS] = a["foreclosure_cost"]
    table[k.LATE] = late
    table[k.TO_SALE] = np.maximum(m.to_sale[state] - late, a.whole("least_months_to_sale"))
    table[k.LEAD] = m.to_sale[state]
    table[k.REO] = a["reo_months"]
    table[k.START] = terms.paying
    table[k.BALANCE] = terms.balance
    table[k.RATE] = rate / _YEAR
    table[k.PAYMENT] = terms.payment
    table[k.TERM] = terms.term
    table[k.FORBORNE] = terms.forborne
    table[k.BEHIND] = terms.behind
    cut = 1.0 - (terms.payment + terms.extra) / np.where(payment > 0.0, payment, 1.0)
    less = 1.0 - a["payment_effect"] * cut
    table[k.FACTOR] = np.minimum(np.maximum(less, a["payment_floor"]), a["payment_ceiling"])
    table[k.FACTOR] *= np.where(late == 0, a["current_factor"], 1.0)
    gain = 1.0 + a["prepay_incentive"] * (100.0 * (rate - m.mortgage_rate[state]))
    table[k.PREPAY] = np.minimum(a["prepay_monthly"] * np.maximum(gain, 0.0), a["prepay_most"])
    table[k.EXTRA], table[k.EXTRA_MONTHS] = terms.extra, terms.extra_months
    table[k.MISSED] = payment
    table[k.ADVANCED] = payment + escrow
    table[k.OWED] = owed
    return table


def _figures(a: Assumptions) -> Floats:
    found = np.zeros(k.FIGURES, np.float64)
    found[k.VALUE_FROM], found[k.VALUE_EFFECT] = a["value_from"], a["value_effect"]
    found[k.PREPAY_FULL], found[k.PREPAY_NONE] = a["prepay_full_below"], a["prepay_none_above"]
    found[k.NEAR_MONTHS] = a["price_window"]
    found[[k.FIRST, k.SECOND, k.THIRD]] = HORIZONS
    return found


def value_table(table: Floats, a: Assumptions, threads: int = 1, batch: int = BATCH) -> Floats:
    """Run the kernel; the result is the same for any number of threads and any batch.

    Returns:
        Array of shape (kernel.RESULTS, n).
    """
    out = np.empty((k.RESULTS, table.shape[1]), np.float64)
    arguments = (a.cure(), a.hazard(), _figures(a))
    # Loans that start late take a path of their own; blocks of one kind and like terms end together.
    order = np.lexsort((table[k.TO_SALE], table[k.TERM] // 24, table[k.START]))
    parts = [order[first : first + batch] for first in range(0, order.size, batch)]
    if threads == 1 or len(parts) < 2:
        for part in parts:
            k.value_block(table, *arguments, part, out)
        return out
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(k.value_block, table, *arguments, part, out) for part in parts]:
            done.result()
    return out


def worth(out: Floats, a: Assumptions) -> Worth:
    """Return what the kernel's results mean to the investor, the servicer and the homeowner."""
    fee = a["servicing_fee"] / _YEAR
    fees = fee * (out[k.BALANCE_PAYING] + a["fee_while_late"] * out[k.BALANCE_LATE])
    income = a["late_income_monthly"] * out[k.MONTHS_LATE]
    cost = a["cost_paying_yearly"] / _YEAR * out[k.MONTHS_PAYING] + a["cost_late_yearly"] / _YEAR * out[k.MONTHS_LATE]
    advances = a["advance_funding"] / _YEAR * out[k.ADVANCES] + a["advance_lost"] * out[k.ADVANCED_LOST]
    lost, gone = out[k.LOST_FIRST : k.LOST_THIRD + 1], out[k.GONE_FIRST : k.GONE_THIRD + 1]
    return Worth(
        investor=out[k.PAID] + out[k.SOLD] - fees,
        servicer=fees + income - cost - advances,
        fees=fees,
        late_income=income,
        cost=cost,
        advances=advances,
        home=np.clip(1.0 - lost - gone, 0.0, 1.0),
        paid_off=gone,
        lost=lost,
        lost_ever=out[k.LOST],
        cured=out[k.CURED],
    )


def mixed(share: float | Floats, first: Worth, second: Worth) -> Worth:
    """Return the expected worth of two outcomes of which the first has this chance."""
    names = [item.name for item in dataclasses.fields(Worth)]
    parts = {name: share * getattr(first, name) + (1.0 - share) * getattr(second, name) for name in names}
    return Worth(**parts)


def taken(item: Worth, places: Sequence[int] | Ints) -> Worth:
    """Return the worth of some of the terms."""
    return Worth(**{f.name: getattr(item, f.name)[..., places] for f in dataclasses.fields(Worth)})
