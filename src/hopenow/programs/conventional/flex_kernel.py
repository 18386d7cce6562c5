"""The Flex Modification waterfalls as compiled kernels.

Units as in :mod:`hopenow.mortgage.kernels`: cents, millionths, months; -1 means "not known". One call looks at one
loan; :func:`terms_array` runs it over arrays. Nothing here knows a threshold: every figure of the law comes in with
``law``, an int64 array indexed by the constants ``REDUCTION`` to ``LIMIT_MODE``; the result goes out in ``out``,
indexed by ``RATE`` to ``TARGET_PAYMENT``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import types

from hopenow.mortgage import kernels as k
from hopenow.mortgage._jit import i64, i64_in, kernel

Integers = npt.NDArray[np.int64]

UNKNOWN = -1
WHOLE = 1_000_000

# Readings of the payment target.
TWO_DECIMAL, STRICT_CENT, AT_LEAST = 0, 1, 2

# Why there are no terms.
DETERMINED, NEEDS_VALUE, NEEDS_RATE, NEEDS_INCOME, NO_ANSWER = 0, 1, 2, 3, 4

# Which bound decided the forborne amount.
NONE, BY_TARGET, BY_VALUE, BY_SHARE = 0, 1, 2, 3

# The housing-expense ratio does not apply, or income is not known.
NO_RATIO, NO_INCOME = -1, -2

# Places in ``law``.
(
    REDUCTION,
    TARGET_MODE,
    CUT_FROM,
    STEP,
    PART_STEP,
    LONGEST,
    FORBEAR_ABOVE,
    FORBEAR_FLOOR,
    FORBEAR_SHARE,
    FIRST_FLOOR,
    VALUE_MODE,
    LIMIT_MODE,
) = range(12)

# Places in ``out``.
(
    RATE,
    RATE_STEPS,
    TERM,
    PAYMENT_BEFORE,
    FORBORNE,
    CAP_TARGET,
    CAP_VALUE,
    CAP_SHARE,
    BOUND,
    PAYMENT,
    MET,
    STATE,
    TARGET_PAYMENT,
) = range(13)
WIDTH = TARGET_PAYMENT + 1

_flag = types.boolean
_law = types.UniTuple(i64, LIMIT_MODE + 1)  # type: ignore[no-untyped-call]
_figures = types.UniTuple(i64, WIDTH)  # type: ignore[no-untyped-call]

Law = tuple[int, ...]
Figures = tuple[int, ...]


@kernel(i64(i64, i64, i64))
def target_payment(old: int, reduction: int, mode: int) -> int:
    """Return the largest payment (cents) that meets a reduction given in millionths of the old payment.

    Two decimals: the reduction in percent, rounded half up to two decimals, must reach the given figure.
    Strict cent: the payment must lie below the rest. At least: the payment may equal the rest.
    """
    if mode == TWO_DECIMAL:
        # floor(x + 1/2) >= r  <=>  x >= r - 1/2, in hundredths of a percent.
        return (old * (20_000 - (2 * (reduction // 100) - 1))) // 20_000
    rest = old * (WHOLE - reduction)
    if mode == STRICT_CENT:
        return (rest - 1) // WHOLE
    return rest // WHOLE


@kernel(i64(i64, i64, i64))
def _share(amount: int, ratio: int, mode: int) -> int:
    """Return a share of an amount, rounded half up or down to the cent."""
    if mode == k.FLOOR:
        return (amount * ratio) // WHOLE
    return k.half_up(amount * ratio, WHOLE)


@kernel(i64(i64, i64, i64, i64))
def _above_value(gross: int, value: int, ratio: int, mode: int) -> int:
    """Return the part of a balance above a share of the value, rounded half up or down to the cent; never negative."""
    if mode == k.FLOOR:
        return max(gross - (value * ratio + WHOLE - 1) // WHOLE, 0)
    return max(gross - k.half_up(value * ratio, WHOLE), 0)


@kernel(_flag(i64, i64, i64))
def _may_cut(rate: int, posted: int, bound: int) -> bool:
    """Tell whether a posted rate below the contract rate is possible (it is certain when the posted rate is known)."""
    return rate > (bound if posted == UNKNOWN else posted)


@kernel(_figures(i64))
def _unanswered(state: int) -> Figures:
    """Return the answer that says only why there is none."""
    none = UNKNOWN
    return (none, none, none, none, none, none, none, none, none, none, none, state, none)


@kernel(i64(i64, i64, i64))
def _binding(amount: int, by_target: int, by_value: int) -> int:
    """Tell which of the three limits an amount is; of equal ones the first."""
    if amount == by_target:
        return BY_TARGET
    return BY_VALUE if amount == by_value else BY_SHARE


@kernel(_figures(i64, i64, i64, i64, i64, i64, i64, _law))
def step_waterfall(
    gross: int, rate: int, posted: int, bound: int, start_term: int, value: int, old: int, law: Law
) -> Figures:
    """Work the waterfall in force from December 2024: each step only until the payment target is met.

    Args:
        gross: balance after capitalization, cents.
        rate: rate after the second step, millionths.
        posted: posted modification rate, or -1; then ``bound`` is a rate below which no posted rate can have been,
            or -1.
        bound: see ``posted``.
        start_term: remaining term, months.
        value: property value, cents, or -1.
        old: principal and interest before the modification, cents.
        law: figures of the law.

    Returns:
        Figures; state 1 or 2 says that the answer depends on the value or on the posted rate.
    """
    target = target_payment(old, law[REDUCTION], law[TARGET_MODE])
    growth = k.log_growth(rate)
    payment = k.payment_at(gross, rate, start_term, growth)
    steps = 0
    if payment > target and _may_cut(rate, posted, bound):
        if value == UNKNOWN:
            return _unanswered(NEEDS_VALUE)
        if gross * WHOLE >= law[CUT_FROM] * value:
            if posted == UNKNOWN:
                return _unanswered(NEEDS_RATE)
            steps = k.cuts_to_reach(
                gross, rate, posted, law[STEP], start_term, payment, target, law[PART_STEP] == 1
            )
            rate = k.stepped_rate(rate, posted, law[STEP], steps)
            growth = k.log_growth(rate)
            payment = k.payment_at(gross, rate, start_term, growth)
    term = start_term
    if payment > target:
        reached = k.smallest_term_at(gross, rate, target, start_term, law[LONGEST], growth)
        term = reached if reached > 0 else max(law[LONGEST], start_term)
        payment = k.payment_at(gross, rate, term, growth)
    new, amount, binding = payment, 0, NONE
    by_target, by_value, by_share = 0, 0, 0
    if payment > target:
        if value == UNKNOWN:
            return _unanswered(NEEDS_VALUE)
        by_target = gross - k.present_value(target, rate, term, law[VALUE_MODE])
        by_value = _above_value(gross, value, law[FORBEAR_FLOOR], law[LIMIT_MODE])
        by_share = _share(gross, law[FORBEAR_SHARE], law[LIMIT_MODE])
        if gross * WHOLE > law[FORBEAR_ABOVE] * value:
            amount = min(by_target, by_value, by_share)
            binding = _binding(amount, by_target, by_value)
            new = k.payment_at(gross - amount, rate, term, growth)
    met = 1 if new <= target else 0
    return (rate, steps, term, payment, amount, by_target, by_value, by_share, binding, new, met, DETERMINED, target)


@kernel(_figures(i64, i64, i64, i64, i64, i64, i64, i64, i64, _law))
def full_waterfall(
    gross: int,
    rate: int,
    posted: int,
    bound: int,
    start_term: int,
    value: int,
    old: int,
    cut_any: int,
    ratio_target: int,
    law: Law,
) -> Figures:
    """Work the waterfall of 2017: rate, term and first forbearance in full, then more until the target is met.

    Args:
        gross: this and the others up to ``old``, and ``law``, as for :func:`step_waterfall`.
        rate: see there.
        posted: see there.
        bound: see there.
        start_term: see there.
        value: see there.
        old: see there.
        cut_any: 1 where the rate may be cut at any loan-to-value ratio.
        ratio_target: payment (cents) that the housing-expense ratio allows; -1 where it does not apply, -2 where
            income is not known (then state 3 unless income cannot matter).
        law: see there.

    Returns:
        Figures, as for :func:`step_waterfall`.
    """
    if value == UNKNOWN:
        return _unanswered(NEEDS_VALUE)
    high = gross * WHOLE >= law[CUT_FROM] * value
    if (high or cut_any == 1) and _may_cut(rate, posted, bound):
        if posted == UNKNOWN:
            return _unanswered(NEEDS_RATE)
        rate = posted
    term = max(law[LONGEST], start_term)
    target = target_payment(old, law[REDUCTION], law[TARGET_MODE])
    if ratio_target >= 0:
        target = min(target, ratio_target)
    payment = k.payment(gross, rate, term)
    new, amount, binding, state = payment, 0, NONE, DETERMINED
    by_target, by_value, by_share = 0, 0, 0
    if high:
        by_share = _share(gross, law[FORBEAR_SHARE], law[LIMIT_MODE])
        by_value = _above_value(gross, value, law[FORBEAR_FLOOR], law[LIMIT_MODE])
        amount = min(_above_value(gross, value, law[FIRST_FLOOR], law[LIMIT_MODE]), by_share)
        room = min(by_value, by_share)
        if amount > 0:
            binding = BY_SHARE if amount == by_share else BY_VALUE
            new = k.payment(gross - amount, rate, term)
        if new > target:
            by_target = gross - k.present_value(target, rate, term, law[VALUE_MODE])
            more = min(by_target, room)
            if more > amount:
                amount, binding = more, _binding(more, by_target, by_value)
                new = k.payment(gross - amount, rate, term)
        if ratio_target == NO_INCOME and amount < room:
            state = NEEDS_INCOME
    met = 1 if new <= target else 0
    return (rate, 0, term, payment, amount, by_target, by_value, by_share, binding, new, met, state, target)


_table = types.Array(types.int64, 2, "C")


@kernel(_table(i64_in, i64_in, i64_in, i64_in, i64_in, i64_in, i64_in, i64_in, i64_in, _law, i64))
def terms_array(
    gross: Integers,
    rate: Integers,
    posted: Integers,
    bound: Integers,
    start_term: Integers,
    value: Integers,
    old: Integers,
    cut_any: Integers,
    ratio_target: Integers,
    law: Law,
    stepwise: int,
) -> Integers:
    """Run a waterfall over arrays of loans; ``stepwise`` 1 chooses that of 2024, 0 that of 2017.

    Returns:
        Figures by place, shape (``WIDTH``, loans). State 4, and -1 elsewhere, where balance, rate, term or old payment
        is unknown.
    """
    result = np.empty((WIDTH, gross.size), np.int64)
    for i in range(gross.size):
        if gross[i] < 0 or rate[i] < 0 or start_term[i] <= 0 or old[i] < 0:
            found = _unanswered(NO_ANSWER)
        elif stepwise == 1:
            found = step_waterfall(gross[i], rate[i], posted[i], bound[i], start_term[i], value[i], old[i], law)
        else:
            found = full_waterfall(
                gross[i],
                rate[i],
                posted[i],
                bound[i],
                start_term[i],
                value[i],
                old[i],
                cut_any[i],
                ratio_target[i],
                law,
            )
        for place in range(WIDTH):
            result[place, i] = found[place]
    return result
