"""The tools of the Streamlined Modification Program as a compiled kernel: any order, each as far as the target asks.

Units as in :mod:`hopenow.mortgage.kernels`: cents, millionths, months; -1 means "not known".
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hopenow.mortgage import kernels as k
from hopenow.mortgage._jit import i64, i64_in, i64_out, kernel, types

Integers = npt.NDArray[np.int64]

UNKNOWN = -1
LOWER_RATE, LONGER_TERM, SET_ASIDE = range(3)

# Places in a row of the result; the last three are the payment after each tool, -1 where it was not used.
START, RATE, TERM, FORBORNE, PAYMENT, MET, AFTER_RATE, AFTER_TERM, AFTER_PRINCIPAL = range(9)
WIDTH = AFTER_PRINCIPAL + 1


@kernel(i64(i64, i64, i64, i64, i64))
def lowered_rate(balance: int, rate: int, floor: int, term: int, target: int) -> int:
    """Return the highest rate down to the floor that meets the target; the floor where none does.

    A rate that is below the floor already stays.
    """
    if rate <= floor:
        return rate
    return min(max(k.rate_for_payment(balance, term, target), floor), rate)


@kernel(types.void(i64, i64, i64, i64, i64, i64, i64_in, i64, i64_out))
def tools(
    balance: int, rate: int, term: int, target: int, floor: int, longest: int, order: Integers, mode: int, out: Integers
) -> None:
    """Use the tools in an order until the payment meets the target.

    Args:
        balance: with what is past due, cents.
        rate: contract rate, millionths.
        term: months from the first modified payment to maturity.
        target: largest principal and interest, cents.
        floor: lowest rate, millionths.
        longest: longest term, months.
        order: the tools, first one first.
        mode: rounding of the balance that the target carries, as for the mortgage kernels.
        out: result; left alone where there is no payment to begin with.
    """
    payment = k.payment(balance, rate, term)
    if payment < 0:
        return
    out[START] = payment
    out[FORBORNE] = 0
    for place in range(order.size):
        if payment <= target:
            break
        tool = order[place]
        if tool == LOWER_RATE:
            rate = lowered_rate(balance, rate, floor, term, target)
        elif tool == LONGER_TERM:
            reached = k.smallest_term_with_payment_at_most(balance, rate, target, term, max(longest, term))
            term = reached if reached > 0 else max(longest, term)
        else:
            carried = min(k.present_value(target, rate, term, mode), balance)
            out[FORBORNE] += balance - carried
            balance = carried
        payment = k.payment(balance, rate, term)
        out[AFTER_RATE + tool] = payment
    out[RATE], out[TERM], out[PAYMENT] = rate, term, payment
    out[MET] = 1 if payment <= target else 0


_matrix = types.Array(types.int64, 2, "C")
_table = types.Array(types.int64, 2, "C", readonly=True)


@kernel(_matrix(i64_in, i64_in, i64_in, i64_in, i64_in, i64_in, _table, i64, i64))
def tools_array(
    balance: Integers,
    rate: Integers,
    term: Integers,
    target: Integers,
    floor: Integers,
    order: Integers,
    orders: Integers,
    longest: int,
    mode: int,
) -> Integers:
    """Run :func:`tools` over arrays of loans.

    Args:
        balance: see there; so for the arrays that follow.
        rate: see there.
        term: see there.
        target: see there.
        floor: see there.
        order: row of ``orders`` for each loan, -1 where the order is not known.
        orders: one row for each order of the tools.
        longest: see there.
        mode: see there.

    Returns:
        One row of ``WIDTH`` figures per loan; -1 where anything that is needed is unknown.
    """
    result = np.full((balance.size, WIDTH), UNKNOWN, np.int64)
    for i in range(balance.size):
        if balance[i] < 0 or rate[i] < 0 or term[i] <= 0:
            continue
        if target[i] < 0 or floor[i] < 0 or order[i] < 0:
            result[i, START] = k.payment(balance[i], rate[i], term[i])
            continue
        tools(balance[i], rate[i], term[i], target[i], floor[i], longest, orders[order[i]], mode, result[i])
    return result
