"""The private-label waterfall as a compiled kernel: whatever steps a profile allows, in the profile's order.

Units as in :mod:`hopenow.mortgage.kernels`: cents, millionths, months; -1 means "not known". Nothing here
knows a threshold: every figure of a profile comes in with ``law``, one int64 row per profile indexed by the
constants ``FLOOR`` to ``FOURTH``; the result goes out in ``out``, indexed by ``RATE`` to
``AFTER_FORGIVENESS``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hopenow.mortgage import kernels as k
from hopenow.mortgage._jit import i64, i64_in, i64_out, kernel, types

Integers = npt.NDArray[np.int64]

UNKNOWN = -1
WHOLE = 1_000_000

# Steps, numbered as in profile.STEPS.
RATE_CUT, TERM_EXTENSION, FORBEARANCE, FORGIVENESS = 0, 1, 2, 3

# Why there are no terms.
DETERMINED, NEEDS_VALUE, NEEDS_TARGET, NO_ANSWER = 0, 1, 2, 3

# Which bound decided an amount of principal.
NO_BOUND, BY_TARGET, BY_VALUE, BY_SHARE = 0, 1, 2, 3

# Places in a row of ``law``: figures, one flag per step, and the steps in their order.
(
    FLOOR, CUT, PART_CUT, FORBEAR_SHARE, FORBEAR_FLOOR, FORGIVE_SHARE, FORGIVE_FLOOR,
    ALLOW_RATE_CUT, ALLOW_TERM_EXTENSION, ALLOW_FORBEARANCE, ALLOW_FORGIVENESS, FIRST, SECOND, THIRD, FOURTH,
) = range(15)  # fmt: skip
LAW_WIDTH = FOURTH + 1

# Places in ``out``: the last four are the payment after each step, -1 where the step was not taken.
(
    RATE, CUTS, TERM, FORBORNE, FORBORNE_BOUND, FORGIVEN, FORGIVEN_BOUND, START, PAYMENT, MET, REFUSED, STATE,
    AFTER_RATE_CUT, AFTER_TERM_EXTENSION, AFTER_FORBEARANCE, AFTER_FORGIVENESS,
) = range(16)  # fmt: skip
WIDTH = AFTER_FORGIVENESS + 1

_nothing = types.void
_row = i64_in


@kernel(i64(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64_out))
def _principal(
    balance: int,
    gross: int,
    rate: int,
    term: int,
    target: int,
    value: int,
    share: int,
    floor: int,
    mode: int,
    place: int,
    out: Integers,
) -> int:
    """Return the principal (cents) to take from ``balance``: the least of what target, value and share allow.

    The amount goes to ``out[place]``, the bound that decided it to the place after.
    """
    by_target = max(balance - k.present_value(target, rate, term, mode), 0)
    by_value = max(balance - k.half_up(value * floor, WHOLE), 0)
    by_share = k.half_up(gross * share, WHOLE)
    amount = min(by_target, by_value, by_share)
    out[place] = amount
    if amount == by_target:
        out[place + 1] = BY_TARGET
    elif amount == by_value:
        out[place + 1] = BY_VALUE
    else:
        out[place + 1] = BY_SHARE
    return amount


@kernel(_nothing(i64, i64, i64, i64, i64, i64, _row, i64, i64_out))
def waterfall(
    gross: int,
    rate: int,
    term: int,
    longest: int,
    value: int,
    target: int,
    law: Integers,
    mode: int,
    out: Integers,
) -> None:
    """Take the profile's steps in its order, each only as far as the payment target asks.

    Args:
        gross: balance after capitalization, cents.
        rate: contract rate, millionths.
        term: remaining term, months.
        longest: longest term that the profile allows this loan, months (0 where it allows none).
        value: property value, cents, or -1.
        target: largest principal and interest that meets the target, cents, or -1.
        law: the profile's figures.
        mode: how the balance that a payment carries is rounded, as for the mortgage kernels.
        out: result; a step that is wanted but not allowed sets its bit in ``out[REFUSED]``.
    """
    payment = k.payment(gross, rate, term)
    if payment < 0:
        return
    if target == UNKNOWN:
        out[STATE] = NEEDS_TARGET
        return
    out[START] = payment
    balance, cuts, refused = gross, 0, 0
    for place in range(FIRST, LAW_WIDTH):
        if payment <= target:
            break
        step = law[place]
        if law[ALLOW_RATE_CUT + step] == 0:
            refused |= 1 << step
            continue
        if step == RATE_CUT:
            cuts = k.steps_to_reach(balance, rate, law[FLOOR], law[CUT], term, target, law[PART_CUT] == 1)
            rate = k.stepped_rate(rate, law[FLOOR], law[CUT], cuts)
        elif step == TERM_EXTENSION:
            reached = k.smallest_term_with_payment_at_most(balance, rate, target, term, max(longest, term))
            term = reached if reached > 0 else max(longest, term)
        elif value == UNKNOWN:
            out[STATE] = NEEDS_VALUE
            return
        elif step == FORBEARANCE:
            balance -= _principal(
                balance,
                gross,
                rate,
                term,
                target,
                value,
                law[FORBEAR_SHARE],
                law[FORBEAR_FLOOR],
                mode,
                FORBORNE,
                out,
            )
        else:
            balance -= _principal(
                balance,
                gross,
                rate,
                term,
                target,
                value,
                law[FORGIVE_SHARE],
                law[FORGIVE_FLOOR],
                mode,
                FORGIVEN,
                out,
            )
        payment = k.payment(balance, rate, term)
        out[AFTER_RATE_CUT + step] = payment
    out[RATE], out[CUTS], out[TERM], out[PAYMENT], out[REFUSED] = rate, cuts, term, payment, refused
    out[MET] = 1 if payment <= target else 0
    out[STATE] = DETERMINED


_matrix = types.Array(types.int64, 2, "C")
_table = types.Array(types.int64, 2, "C", readonly=True)


@kernel(_matrix(i64_in, i64_in, i64_in, i64_in, i64_in, i64_in, i64_in, _table, i64))
def terms_array(
    gross: Integers,
    rate: Integers,
    term: Integers,
    longest: Integers,
    value: Integers,
    target: Integers,
    profile: Integers,
    law: Integers,
    mode: int,
) -> Integers:
    """Run the waterfall over arrays of loans.

    Args:
        gross: see :func:`waterfall`; so for the arrays that follow.
        rate: see there.
        term: see there.
        longest: see there.
        value: see there.
        target: see there.
        profile: row of ``law`` for each loan, -1 where no profile is known.
        law: one row of figures for each profile.
        mode: see there.

    Returns:
        One row of ``WIDTH`` figures per loan. State 3, and -1 elsewhere, where profile, balance, rate or term
        is unknown.
    """
    result = np.full((gross.size, WIDTH), UNKNOWN, np.int64)
    for i in range(gross.size):
        out = result[i]
        out[STATE] = NO_ANSWER
        out[FORBORNE], out[FORBORNE_BOUND], out[FORGIVEN], out[FORGIVEN_BOUND] = 0, NO_BOUND, 0, NO_BOUND
        if profile[i] < 0 or gross[i] < 0 or rate[i] < 0 or term[i] <= 0:
            continue
        waterfall(gross[i], rate[i], term[i], longest[i], value[i], target[i], law[profile[i]], mode, out)
    return result
