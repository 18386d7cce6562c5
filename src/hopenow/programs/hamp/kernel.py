"""The HAMP waterfalls as compiled kernels.

Units as in :mod:`hopenow.mortgage.kernels`: cents, millionths, months; -1 means "not known". Nothing here knows a
threshold: every figure of the law comes in with ``law``, a tuple indexed by ``STEP`` to ``FIXED_MONTHS``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hopenow.mortgage import kernels as k
from hopenow.mortgage._jit import i64, i64_in, kernel, types

Integers = npt.NDArray[np.int64]

UNKNOWN = -1
WHOLE = 1_000_000
YEAR = 12

# Why there are no terms.
DETERMINED, NEEDS_VALUE, NEEDS_TARGET, NO_ANSWER = 0, 1, 2, 3

# Places in ``law``: size of a rate cut, rounding of a balance, share and loan to value of the forbearance limit, loan
# to value down to which principal is forgiven (0: none is), yearly rise of the rate, months before the first rise.
STEP, MODE, SHARE, VALUE_RATIO, REDUCE_TO, RISE, FIXED_MONTHS = range(7)

# Places in ``out``.
(
    STATE,
    FORGIVEN,
    START,
    CUTS,
    RATE,
    TERM,
    PAYMENT_BEFORE,
    FORBORNE,
    PAYMENT,
    REACHED,
    GUARDED,
    EXCESSIVE,
    FINAL_RATE,
    RISES,
    FIRST_STEP,
    LAST_STEP,
) = range(16)
WIDTH = LAST_STEP + 1

# Places in the result of the steps, and of the rate path.
L_CUTS, L_RATE, L_TERM, L_BEFORE, L_FORBORNE, L_PAYMENT, L_REACHED = range(7)
P_FINAL, P_RISES, P_FIRST, P_LAST = range(4)

_flag = types.boolean
_law = types.UniTuple(i64, FIXED_MONTHS + 1)  # type: ignore[no-untyped-call]
_figures = types.UniTuple(i64, WIDTH)  # type: ignore[no-untyped-call]
_ladder = types.UniTuple(i64, L_REACHED + 1)  # type: ignore[no-untyped-call]
_path = types.UniTuple(i64, P_LAST + 1)  # type: ignore[no-untyped-call]

Law = tuple[int, ...]
Figures = tuple[int, ...]


@kernel(_ladder(i64, i64, i64, i64, i64, i64, _flag, i64, i64))
def steps_above(
    balance: int, rate: int, term: int, floor: int, longest: int, target: int, no_cut: bool, step: int, mode: int
) -> Figures:
    """Take rate cut, term extension and forbearance, each as long as the payment does not fall below the target.

    Args:
        balance: interest-bearing balance, cents.
        rate: rate before any cut, millionths.
        term: remaining term, months.
        floor: lowest rate; the last cut lands exactly on it.
        longest: longest term, months; a longer remaining term is kept.
        target: smallest payment that keeps the ratio at the target, cents, above zero.
        no_cut: the rate may not be cut; that step is skipped.
        step: size of a cut.
        mode: rounding of the balance that the target carries.

    Returns:
        Figures by ``L_CUTS`` to ``L_REACHED``. Not reached: the payment is below the target before any step, or
        the first cut already takes it there.
    """
    payment = k.payment(balance, rate, term)
    cuts = 0
    reached = payment >= target
    at_floor = no_cut or rate <= floor
    if reached and not at_floor:
        # The last rung at or above the target comes one before the first rung below it.
        below = k.steps_to_reach(balance, rate, floor, step, term, target - 1, True)
        lowest = k.payment(balance, k.stepped_rate(rate, floor, step, below), term)
        cuts = below - 1 if lowest < target else below
        reached = cuts > 0
        rate = k.stepped_rate(rate, floor, step, cuts)
        payment = k.payment(balance, rate, term)
        at_floor = rate <= floor
    if reached and at_floor and term < longest:
        below = k.smallest_term_with_payment_at_most(balance, rate, target - 1, term + 1, longest)
        term = longest if below < 0 else below - 1
        payment = k.payment(balance, rate, term)
    before, forborne = payment, 0
    if reached and at_floor and term >= longest and payment > target:
        forborne = max(balance - k.present_value(target, rate, term, mode), 0)
        payment = k.payment(balance - forborne, rate, term)
    return (cuts, rate, term, before, forborne, payment, 1 if reached else 0)


@kernel(_ladder(i64, i64, i64, i64, i64, i64, _flag, i64, i64))
def steps_below(
    balance: int, rate: int, term: int, floor: int, longest: int, ceiling: int, no_cut: bool, step: int, mode: int
) -> Figures:
    """Take the same steps until the payment is at most a ceiling; arguments and result as for :func:`steps_above`."""
    cuts = 0
    if not no_cut:
        cuts = k.steps_to_reach(balance, rate, floor, step, term, ceiling, True)
        rate = k.stepped_rate(rate, floor, step, cuts)
    payment = k.payment(balance, rate, term)
    if payment > ceiling and term < longest:
        reached = k.smallest_term_with_payment_at_most(balance, rate, ceiling, term, longest)
        term = longest if reached < 0 else reached
        payment = k.payment(balance, rate, term)
    before, forborne = payment, 0
    if payment > ceiling:
        forborne = max(balance - k.present_value(ceiling, rate, term, mode), 0)
        payment = k.payment(balance - forborne, rate, term)
    return (cuts, rate, term, before, forborne, payment, 1)


@kernel(_path(i64, i64, i64, i64, i64, i64, i64))
def rate_path(balance: int, rate: int, term: int, payment: int, cap: int, rise: int, fixed: int) -> Figures:
    """Follow a rate below its cap: fixed for some months, then up by ``rise`` a year to the cap.

    The payment is worked out anew at each rise, from the balance of an unrounded ledger.

    Returns:
        Final rate, number of rises, payment after the first and after the last rise (-1 where there is none).
    """
    if cap < 0:
        return (UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)
    rises, first = 0, UNKNOWN
    left, months = term, fixed
    while rate < cap and left > months:
        balance = k.balance_after(balance, rate, payment, months)
        left -= months
        rate = min(rate + rise, cap)
        payment = k.payment(balance, rate, left)
        rises += 1
        if rises == 1:
            first = payment
        months = YEAR
    return (rate, rises, first, payment if rises > 0 else UNKNOWN)


@kernel(_figures(i64))
def _unanswered(state: int) -> Figures:
    """Return the answer that says only why there is none."""
    n = UNKNOWN
    return (state, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n)


@kernel(i64(i64, i64, i64, _law))
def excessive(gross: int, taken: int, value: int, law: Law) -> int:
    """Tell whether principal taken exceeds the limit: the greater of a share and what is above the value.

    Returns:
        0 or 1; -1 where that depends on the unknown value. No limit (share -1): 0.
    """
    if law[SHARE] < 0 or taken * WHOLE <= gross * law[SHARE]:
        return 0
    if value < 0:
        return UNKNOWN
    return 1 if (gross - taken) * WHOLE < value * law[VALUE_RATIO] else 0


@kernel(_figures(i64, i64, i64, i64, i64, i64, i64, i64, i64, _flag, _law))
def tier1(
    gross: int, rate: int, term: int, floor: int, longest: int, value: int, target: int, old: int, cap: int,
    no_cut: bool, law: Law,
) -> Figures:
    """Work the standard waterfall, or that of principal reduction where ``law[REDUCE_TO]`` is above zero.

    Args:
        gross: balance after capitalization, cents.
        rate: un-rounded starting rate, millionths.
        term: remaining term, months.
        floor: lowest rate.
        longest: longest term, months.
        value: property value, cents, or -1.
        target: smallest principal and interest that keeps the ratio at the target, cents; may be negative.
        old: principal and interest before the modification, cents.
        cap: rate cap, millionths, or -1.
        no_cut: the rate may not be cut.
        law: figures of the law.
    """
    start = k.payment(gross, rate, term)
    reduction = law[REDUCE_TO] > 0
    if reduction and value < 0:
        return _unanswered(NEEDS_VALUE)
    forgiven = 0
    if target <= 0:
        return (DETERMINED, 0, start, 0, rate, term, start, 0, start, 0, 0, 0, rate, 0, UNKNOWN, UNKNOWN)
    if reduction:
        by_target = gross - k.present_value(target, rate, term, law[MODE])
        by_value = gross - k.half_up(value * law[REDUCE_TO], WHOLE)
        forgiven = max(min(by_target, by_value), 0)
    balance = gross - forgiven
    payment = k.payment(balance, rate, term)
    found: Figures = (0, rate, term, payment, 0, payment, 1)
    if forgiven == 0 or payment > target:
        worked = steps_above(balance, rate, term, floor, longest, target, no_cut, law[STEP], law[MODE])
        # Where the first cut goes too far, principal reduction alone has brought the payment as near as it can.
        if forgiven == 0 or worked[L_REACHED] == 1:
            found = worked
    guarded = 0
    if found[L_REACHED] == 1 and found[L_PAYMENT] > old:
        guarded = 1
        found = steps_below(balance, rate, term, floor, longest, old, no_cut, law[STEP], law[MODE])
    new, final, months = found[L_PAYMENT], found[L_RATE], found[L_TERM]
    path = rate_path(balance - found[L_FORBORNE], final, months, new, cap, law[RISE], law[FIXED_MONTHS])
    over = excessive(gross, forgiven + found[L_FORBORNE], value, law)
    return (
        DETERMINED, forgiven, start, found[L_CUTS], final, months, found[L_BEFORE], found[L_FORBORNE], new,
        found[L_REACHED], guarded, over, path[P_FINAL], path[P_RISES], path[P_FIRST], path[P_LAST],
    )  # fmt: skip


_table = types.Array(types.int64, 2, "C")


@kernel(_table(i64_in, i64_in, i64_in, i64_in, i64_in, i64_in, i64_in, i64_in, i64_in, i64_in, i64_in, _law))
def tier1_array(
    gross: Integers, rate: Integers, term: Integers, floor: Integers, longest: Integers, value: Integers,
    target: Integers, target_known: Integers, old: Integers, cap: Integers, no_cut: Integers, law: Law,
) -> Integers:
    """Run :func:`tier1` over arrays; ``target_known`` 0 marks an unknown target, ``no_cut`` -1 an unknown flag.

    Returns:
        Figures by place, shape (``WIDTH``, loans).
    """
    result = np.empty((WIDTH, gross.size), np.int64)
    for i in range(gross.size):
        known = gross[i] >= 0 and rate[i] >= 0 and term[i] > 0 and floor[i] >= 0 and longest[i] > 0
        if not known or old[i] < 0 or no_cut[i] < 0:
            found = _unanswered(NO_ANSWER)
        elif target_known[i] == 0:
            found = _unanswered(NEEDS_TARGET)
        else:
            barred = no_cut[i] == 1
            found = tier1(
                gross[i], rate[i], term[i], floor[i], longest[i], value[i], target[i], old[i], cap[i], barred, law
            )
        for place in range(WIDTH):
            result[place, i] = found[place]
    return result


# Places in the result of Tier 2.
T2_STATE, T2_TAKEN, T2_PAYMENT = range(3)
T2_WIDTH = T2_PAYMENT + 1


@kernel(_table(i64_in, i64_in, i64_in, i64_in, i64_in, i64, i64))
def tier2_array(
    gross: Integers, trigger: Integers, rate: Integers, term: Integers, value: Integers, ratio: int, share: int
) -> Integers:
    """Work the terms of Tier 2 for arrays of loans.

    Args:
        gross: balance after capitalization, cents.
        trigger: balance whose ratio to the value decides whether principal is set aside, cents.
        rate: new rate, millionths.
        term: new term, months.
        value: property value, cents.
        ratio: loan to value above which, and down to which, principal is set aside.
        share: largest share of the balance set aside.

    Returns:
        State, principal set aside (or forgiven), principal and interest; shape (3, loans).
    """
    result = np.full((T2_WIDTH, gross.size), UNKNOWN, np.int64)
    for i in range(gross.size):
        result[T2_STATE, i] = NO_ANSWER
        if gross[i] < 0 or trigger[i] < 0 or rate[i] < 0 or term[i] <= 0:
            continue
        if value[i] < 0:
            result[T2_STATE, i] = NEEDS_VALUE
            continue
        taken = 0
        if trigger[i] * WHOLE > value[i] * ratio:
            above = gross[i] - k.half_up(value[i] * ratio, WHOLE)
            taken = max(min(above, k.half_up(gross[i] * share, WHOLE)), 0)
        result[T2_STATE, i] = DETERMINED
        result[T2_TAKEN, i] = taken
        result[T2_PAYMENT, i] = k.payment(gross[i] - taken, rate[i], term[i])
    return result
