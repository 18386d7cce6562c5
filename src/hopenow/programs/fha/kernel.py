"""FHA modification terms as compiled kernels.

Units as in :mod:`hopenow.mortgage.kernels`: cents, millionths, months. -1 means "not known". No figure of the law is
known here: terms, target and capacity come in.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hopenow.mortgage import kernels as k
from hopenow.mortgage._jit import i64, i64_in, kernel, types

Integers = npt.NDArray[np.int64]
Figures = tuple[int, ...]

UNKNOWN = -1

# Whether there is an answer, and whether it reaches the target.
NOT_KNOWN, REACHED, BEST = 0, 1, 2

# Which is tried first: each term with the deferment it needs, or both terms without any.
DEFERMENT_FIRST, TERM_FIRST = 0, 1

# Places in a result.
(STATE, TERM, ARREARS_CLAIM, DEFERRED, BALANCE, PAYMENT, FIRST_PAYMENT, SECOND_PAYMENT) = range(8)
WIDTH = SECOND_PAYMENT + 1

_figures = types.UniTuple(i64, WIDTH)  # type: ignore[no-untyped-call]
_table = types.Array(types.int64, 2, "C")


@kernel(_figures(i64, i64, i64, i64, i64))
def standalone(balance: int, rate: int, target: int, first: int, second: int) -> Figures:
    """Spread a balance over the first of two terms whose payment is at most the target; else over the longer one.

    Args:
        balance: balance after capitalization, cents.
        rate: new rate, millionths.
        target: largest principal and interest that reaches the target, cents.
        first: term tried first, months.
        second: term tried next, months; 0 for none.

    Returns:
        Figures; nothing is claimed or deferred.
    """
    at_first = k.payment(balance, rate, first)
    at_second = k.payment(balance, rate, second) if second > 0 else UNKNOWN
    if at_first <= target:
        return (REACHED, first, 0, 0, balance, at_first, at_first, at_second)
    if second > 0:
        state = REACHED if at_second <= target else BEST
        return (state, second, 0, 0, balance, at_second, at_first, at_second)
    return (BEST, first, 0, 0, balance, at_first, at_first, at_second)


@kernel(i64(i64, i64, i64, i64))
def supported(target: int, rate: int, term: int, step: int) -> int:
    """Return the balance that a payment supports, rounded down to a multiple of ``step`` cents."""
    return k.present_value(target, rate, term, k.FLOOR) // step * step


@kernel(_figures(i64, i64, i64, i64, i64, i64, i64, i64, i64))
def combined(
    balance: int, arrears: int, capacity: int, rate: int, target: int, first: int, second: int, step: int, order: int
) -> Figures:
    """Pay arrears by a claim, then defer the principal that the target asks for, within the capacity.

    Args:
        balance: unpaid principal, cents.
        arrears: what is past due, cents.
        capacity: room left for claims, cents.
        rate: new rate, millionths.
        target: largest principal and interest that reaches the target, cents.
        first: term tried first, months.
        second: term tried next, months; 0 for none.
        step: the supported balance is rounded down to a multiple of this, cents.
        order: ``DEFERMENT_FIRST`` or ``TERM_FIRST``.

    Returns:
        Figures. Where no term reaches the target: the longer term with the whole capacity (state ``BEST``).
    """
    claim = min(arrears, capacity)
    gross = balance + arrears - claim
    last = second if second > 0 else first
    if order == TERM_FIRST:
        for turn in range(2):
            term = first if turn == 0 else second
            if term > 0 and gross <= supported(target, rate, term, step):
                paid = k.payment(gross, rate, term)
                return (REACHED, term, claim, 0, gross, paid, UNKNOWN, UNKNOWN)
    for turn in range(2):
        term = first if turn == 0 else second
        if term > 0:
            deferred = max(gross - supported(target, rate, term, step), 0)
            if claim + deferred <= capacity:
                paid = k.payment(gross - deferred, rate, term)
                return (REACHED, term, claim, deferred, gross - deferred, paid, UNKNOWN, UNKNOWN)
    deferred = min(capacity - claim, gross)
    paid = k.payment(gross - deferred, rate, last)
    return (BEST, last, claim, deferred, gross - deferred, paid, UNKNOWN, UNKNOWN)


@kernel(_table(i64_in, i64_in, i64_in, i64_in, i64_in, i64, i64, i64, i64, i64))
def terms_array(
    balance: Integers,
    arrears: Integers,
    capacity: Integers,
    rate: Integers,
    target: Integers,
    first: int,
    second: int,
    step: int,
    order: int,
    with_claim: int,
) -> Integers:
    """Work the terms of many loans.

    ``with_claim`` 1: :func:`combined`. 0: :func:`standalone` on balance and arrears together; capacity plays no part.

    Returns:
        Figures by place, shape (``WIDTH``, loans); state 0 and -1 elsewhere where an input is unknown.
    """
    result = np.full((WIDTH, balance.size), UNKNOWN, np.int64)
    for i in range(balance.size):
        result[STATE, i] = NOT_KNOWN
        if balance[i] < 0 or arrears[i] < 0 or rate[i] < 0 or target[i] < 0:
            continue
        if with_claim == 1:
            if capacity[i] < 0:
                continue
            found = combined(
                balance[i], arrears[i], capacity[i], rate[i], target[i], first, second, step, order
            )
        else:
            found = standalone(balance[i] + arrears[i], rate[i], target[i], first, second)
        for place in range(WIDTH):
            result[place, i] = found[place]
    return result
