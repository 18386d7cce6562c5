"""The Flex Modification waterfalls as compiled kernels.

Units as in :mod:`hopenow.mortgage.kernels`: cents, millionths, months; -1 means "not known". A waterfall looks at one
loan; :func:`terms_array` runs it over arrays, that of 2024 for 64 loans at a time (:mod:`hopenow.mortgage.lanes`), with
the same results. Nothing here knows a threshold: every figure of the law comes in with ``law``, a tuple indexed by the
constants ``REDUCTION`` to ``LIMIT_MODE``; the figures of a loan go out as a tuple indexed by ``RATE`` to
``TARGET_PAYMENT``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hopenow.mortgage import kernels as k
from hopenow.mortgage import lanes
from hopenow.mortgage._jit import f64_out, i64, i64_in, i64_out, kernel, types

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

# Places in the figures of a loan.
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
_table = types.Array(types.int64, 2, "C")
_part = types.Array(types.int64, 2, "A")  # of a table
_four = types.UniTuple(i64, 4)  # type: ignore[no-untyped-call]
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


@kernel(_flag(i64, i64, i64, i64))
def _workable(gross: int, rate: int, start_term: int, old: int) -> bool:
    """Tell whether balance, rate, term and old payment are known."""
    return gross >= 0 and rate >= 0 and start_term > 0 and old >= 0


@kernel(i64(i64, i64, i64))
def _binding(amount: int, by_target: int, by_value: int) -> int:
    """Tell which of the three limits an amount is; of equal ones the first."""
    if amount == by_target:
        return BY_TARGET
    return BY_VALUE if amount == by_value else BY_SHARE


@kernel(i64(i64, i64, i64, i64, i64, i64, i64, _law))
def _cuts(gross: int, rate: int, posted: int, term: int, value: int, payment: int, target: int, law: Law) -> int:
    """Return the number of cuts of a rate that may be cut; ``-NEEDS_VALUE`` or ``-NEEDS_RATE`` where it is open."""
    if value == UNKNOWN:
        return -NEEDS_VALUE
    if gross * WHOLE < law[CUT_FROM] * value:
        return 0
    if posted == UNKNOWN:
        return -NEEDS_RATE
    return k.cuts_to_reach(gross, rate, posted, law[STEP], term, payment, target, law[PART_STEP] == 1)


@kernel(_four(i64, i64, i64, _law))
def _set_aside(gross: int, value: int, by_target: int, law: Law) -> tuple[int, int, int, int]:
    """Return the principal to set aside, its limits by value and by share of the balance, and the limit that it is."""
    by_value = _above_value(gross, value, law[FORBEAR_FLOOR], law[LIMIT_MODE])
    by_share = _share(gross, law[FORBEAR_SHARE], law[LIMIT_MODE])
    if gross * WHOLE <= law[FORBEAR_ABOVE] * value:
        return 0, by_value, by_share, NONE
    amount = min(by_target, by_value, by_share)
    return amount, by_value, by_share, _binding(amount, by_target, by_value)


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
    payment = k.payment(gross, rate, start_term)
    steps = 0
    if payment > target and _may_cut(rate, posted, bound):
        steps = _cuts(gross, rate, posted, start_term, value, payment, target, law)
    if steps < 0:
        return _unanswered(-steps)
    if steps > 0:
        rate = k.stepped_rate(rate, posted, law[STEP], steps)
        payment = k.payment(gross, rate, start_term)
    term = start_term
    if payment > target:
        reached = k.smallest_term_with_payment_at_most(gross, rate, target, start_term, law[LONGEST])
        term = reached if reached > 0 else max(law[LONGEST], start_term)
        payment = k.payment(gross, rate, term)
    if payment <= target:
        return (rate, steps, term, payment, 0, 0, 0, 0, NONE, payment, 1, DETERMINED, target)
    if value == UNKNOWN:
        return _unanswered(NEEDS_VALUE)
    by_target = gross - k.present_value(target, rate, term, law[VALUE_MODE])
    amount, by_value, by_share, binding = _set_aside(gross, value, by_target, law)
    new = k.payment(gross - amount, rate, term)
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


# ----------------------------------------------------------------------------------------------------------------------
# The waterfall of 2024 for 64 loans at a time. A lane whose monthly rate is set to not-a-number declines: its loan is
# then worked alone. Each step is a function of its own, because between the steps on the sheet every call would have to
# save what the wide registers hold.
# ----------------------------------------------------------------------------------------------------------------------
GROSS, CONTRACT, POSTED, LOWEST, START, VALUE, OLD = range(7)  # places in ``loans``
TARGETS, RATES, CUTS = (place * lanes.LANES for place in range(3))  # rows of ``notes``

_loans = types.UniTuple(i64_in, OLD + 1)  # type: ignore[no-untyped-call]
Loans = tuple[Integers, ...]


@kernel(types.void(f64_out, i64_out, _loans, i64, i64, _law))
def _enter(sheet: lanes.Sheet, notes: Integers, loans: Loans, begin: int, count: int, law: Law) -> None:
    """Put loans into the lanes, with their payment targets."""
    for lane in range(count):
        row = np.uint64(begin + lane)  # never negative, so that no index is counted from the end
        gross, start, old = loans[GROSS][row], loans[START][row], loans[OLD][row]
        target = target_payment(old, law[REDUCTION], law[TARGET_MODE])
        notes[TARGETS + lane] = target
        sheet[lanes.BALANCE + lane] = float(gross)
        sheet[lanes.MONTHLY + lane] = k.lane_rate(gross, loans[CONTRACT][row], old, start)
        sheet[lanes.FIRST + lane] = float(start)
        sheet[lanes.LAST + lane] = float(max(law[LONGEST], start))
        sheet[lanes.LIMIT + lane] = float(target) + 0.5


@kernel(types.void(f64_out, i64_out, _loans, i64, i64, _law))
def _cut(sheet: lanes.Sheet, notes: Integers, loans: Loans, begin: int, count: int, law: Law) -> None:
    """Cut the rates of the loans whose payment over the starting term, on the sheet, misses the target."""
    for lane in range(count):
        row = np.uint64(begin + lane)
        rate = loans[CONTRACT][row]
        payment, steps = sheet[lanes.VALUE + lane], 0
        if not k.lane_decides(payment, k.HALF_UP):
            steps = UNKNOWN
        elif payment > sheet[lanes.LIMIT + lane] and _may_cut(rate, loans[POSTED][row], loans[LOWEST][row]):
            steps = _cuts(
                loans[GROSS][row],
                rate,
                loans[POSTED][row],
                loans[START][row],
                loans[VALUE][row],
                k.lane_rounded(payment, k.HALF_UP),
                notes[TARGETS + lane],
                law,
            )
        if steps < 0:
            sheet[lanes.MONTHLY + lane] = np.nan
        elif steps > 0:
            rate = k.stepped_rate(rate, loans[POSTED][row], law[STEP], steps)
            sheet[lanes.MONTHLY + lane] = k.lane_rate(0, rate, 0, 1)
        notes[RATES + lane] = rate
        notes[CUTS + lane] = steps


@kernel(types.void(_table, f64_out, i64_out, _loans, i64, i64, _law))
def _leave(
    result: Integers, sheet: lanes.Sheet, notes: Integers, loans: Loans, begin: int, count: int, law: Law
) -> None:
    """Set principal aside where the shortest term, on the sheet, misses the target, and write the figures down."""
    for lane in range(count):
        row = np.uint64(begin + lane)
        gross, value = loans[GROSS][row], loans[VALUE][row]
        monthly, repaid = sheet[lanes.MONTHLY + lane], sheet[lanes.REPAID + lane]
        unrounded = sheet[lanes.VALUE + lane]
        target = notes[TARGETS + lane]
        sure = sheet[lanes.SURE + lane] == 1.0 and k.lane_decides(unrounded, k.HALF_UP)
        amount, by_target, by_value, by_share, binding = 0, 0, 0, 0, NONE
        payment, new, met = 0, 0, 1
        if sure:
            payment = k.lane_rounded(unrounded, k.HALF_UP)
            new = payment
            if payment > target:
                worth = float(target) * repaid / monthly
                sure = value != UNKNOWN and k.lane_decides(worth, law[VALUE_MODE])
                by_target = gross - k.lane_rounded(worth, law[VALUE_MODE])
                amount, by_value, by_share, binding = _set_aside(gross, value, by_target, law)
                unrounded = float(gross - amount) * monthly / repaid
                sure = sure and k.lane_decides(unrounded, k.HALF_UP)
                new = k.lane_rounded(unrounded, k.HALF_UP)
                met = 1 if new <= target else 0
        if sure:
            result[RATE, row] = notes[RATES + lane]
            result[RATE_STEPS, row] = notes[CUTS + lane]
            result[TERM, row] = int(sheet[lanes.TERM + lane])
            result[PAYMENT_BEFORE, row] = payment
            result[FORBORNE, row] = amount
            result[CAP_TARGET, row] = by_target
            result[CAP_VALUE, row] = by_value
            result[CAP_SHARE, row] = by_share
            result[BOUND, row] = binding
            result[PAYMENT, row] = new
            result[MET, row] = met
            result[STATE, row] = DETERMINED
            result[TARGET_PAYMENT, row] = target
        else:
            found = _unanswered(NO_ANSWER)
            if _workable(gross, loans[CONTRACT][row], loans[START][row], loans[OLD][row]):
                found = step_waterfall(
                    gross,
                    loans[CONTRACT][row],
                    loans[POSTED][row],
                    loans[LOWEST][row],
                    loans[START][row],
                    value,
                    loans[OLD][row],
                    law,
                )
            for place in range(WIDTH):
                result[place, row] = found[place]


@kernel(types.void(_table, _loans, _law))
def _step_waterfalls(result: Integers, loans: Loans, law: Law) -> None:
    """Run :func:`step_waterfall` over arrays."""
    sheet = lanes.blank()
    notes = np.empty(3 * lanes.LANES, np.int64)
    for begin in range(0, loans[GROSS].size, lanes.LANES):
        count = min(lanes.LANES, loans[GROSS].size - begin)
        _enter(sheet, notes, loans, begin, count, law)
        lanes.level(sheet)
        _cut(sheet, notes, loans, begin, count, law)
        lanes.shortest(sheet)
        _leave(result, sheet, notes, loans, begin, count, law)


@kernel(_part(i64_in, i64_in, i64_in, i64_in, i64_in, i64_in, i64_in, i64_in, i64_in, _law, i64))
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
    # Rows of figures a power of two apart would all want the same few places of the cache: whole pages and a line more.
    result = np.empty((WIDTH, (gross.size + 511) // 512 * 512 + 8), np.int64)
    if stepwise == 1:
        _step_waterfalls(result, (gross, rate, posted, bound, start_term, value, old), law)
        return result[:, : gross.size]
    for row in range(gross.size):
        found = _unanswered(NO_ANSWER)
        if _workable(gross[row], rate[row], start_term[row], old[row]):
            found = full_waterfall(
                gross[row],
                rate[row],
                posted[row],
                bound[row],
                start_term[row],
                value[row],
                old[row],
                cut_any[row],
                ratio_target[row],
                law,
            )
        for place in range(WIDTH):
            result[place, row] = found[place]
    return result[:, : gross.size]
