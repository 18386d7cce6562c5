"""Mortgage arithmetic as compiled kernels on whole numbers, exact to the cent.

Units: money int64 cents, rates int64 millionths per year (4.75 % is 47_500), terms whole months. The
periodic rate is one twelfth of the yearly rate. Every function may be called from Python and from other
kernels; those named ``*_array`` loop over contiguous int64 arrays of equal length and leave nulls to the
caller.

Some arrays are worked 64 loans at a time, with the same results: see :mod:`hopenow.mortgage.lanes`.

Domain: balance and payment 0 to ``MAX_MONEY``, rate 0 to ``MAX_RATE``, term up to ``MAX_TERM``. Outside
it, and where there is no answer, the result is -1: no other result is negative. The checks also keep a
garbage slot under a null from looping.

How exactness is reached: of a level payment only the nearest cent is wanted. Ordinary float64 decides
it, except when the value lies within a hair of the rounding boundary (1e-5 of a cent, more for enormous
values). Those few are worked out again in double-double arithmetic (error-free transforms after Dekker
and Knuth, 106 bits), inside the kernel. A value within 1e-18 of the boundary after that counts as lying
exactly on it: true ties exist (100.50 over two months at 12 %), and the chance of a near miss that
close is one in 10**17.

Exact integer versions of all this, to read and to test against, are in :mod:`hopenow.mortgage.exact`.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hopenow.mortgage import lanes
from hopenow.mortgage._jit import f64, i64, i64_in, i64_out, kernel, types

__all__ = [
    "CEILING",
    "FLOOR",
    "HALF_UP",
    "MAX_MONEY",
    "MAX_RATE",
    "MAX_TERM",
    "balance_after",
    "balance_after_array",
    "balance_after_rounded",
    "balance_after_rounded_array",
    "cuts_to_reach",
    "half_up",
    "interest",
    "interest_array",
    "interest_days",
    "lane_decides",
    "lane_rate",
    "lane_rounded",
    "payment",
    "payment_array",
    "present_value",
    "present_value_array",
    "rate_for_payment",
    "rate_for_payment_array",
    "scheduled_principal",
    "scheduled_principal_array",
    "smallest_term_with_payment_at_most",
    "smallest_term_with_payment_at_most_array",
    "stepped_rate",
    "steps_to_reach",
    "steps_to_reach_array",
    "term_for_payment",
    "term_for_payment_array",
    "term_leaving_at_most",
]

Cents = npt.NDArray[np.int64]

MAX_MONEY = 10**11
"""Largest balance or payment, cents: a billion dollars, ten times what the facts allow."""
MAX_RATE = 1_000_000
"""Largest rate, millionths per year: 100 %."""
MAX_TERM = 12_000
"""Longest term, months; a payment that needs longer counts as never amortizing."""

HALF_UP = 0
FLOOR = 1
CEILING = 2

_YEAR = 12_000_000  # a yearly rate in millionths over this is the monthly rate
_HUGE = 10**12  # a rounded ledger that grows past this is abandoned before the integers overflow

_pair = types.UniTuple(f64, 2)  # type: ignore[no-untyped-call]


# ----------------------------------------------------------------------------------------------------
# Double-double arithmetic: a number is the unevaluated sum of two floats
# ----------------------------------------------------------------------------------------------------
@kernel(_pair(f64, f64))
def _two_sum(a: float, b: float) -> tuple[float, float]:
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


@kernel(_pair(f64, f64))
def _quick_two_sum(a: float, b: float) -> tuple[float, float]:
    total = a + b
    return total, b - (total - a)


@kernel(_pair(f64))
def _split(a: float) -> tuple[float, float]:
    scaled = 134217729.0 * a  # 2**27 + 1
    high = scaled - (scaled - a)
    return high, a - high


@kernel(_pair(f64, f64))
def _two_product(a: float, b: float) -> tuple[float, float]:
    product = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


@kernel(_pair(f64, f64, f64, f64))
def _add(a: float, a_low: float, b: float, b_low: float) -> tuple[float, float]:
    high, error = _two_sum(a, b)
    low, low_error = _two_sum(a_low, b_low)
    high, error = _quick_two_sum(high, error + low)
    return _quick_two_sum(high, error + low_error)


@kernel(_pair(f64, f64, f64, f64))
def _multiply(a: float, a_low: float, b: float, b_low: float) -> tuple[float, float]:
    high, error = _two_product(a, b)
    return _quick_two_sum(high, error + (a * b_low + a_low * b))


@kernel(_pair(f64, f64, f64, f64))
def _divide(a: float, a_low: float, b: float, b_low: float) -> tuple[float, float]:
    first = a / b
    high, low = _multiply(b, b_low, first, 0.0)
    rest, rest_low = _add(a, a_low, -high, -low)
    second = rest / b
    high, low = _multiply(b, b_low, second, 0.0)
    rest, rest_low = _add(rest, rest_low, -high, -low)
    third = rest / b
    high, low = _quick_two_sum(first, second)
    return _add(high, low, third, 0.0)


@kernel(_pair(i64))
def _from_integer(value: int) -> tuple[float, float]:
    high = float(value)
    return high, float(value - int(high))


@kernel(_pair(i64, i64))
def _discount(rate: int, term: int) -> tuple[float, float]:
    """Return 1 - (1 + i)**-n by repeated squaring; bounded by one, and no step cancels."""
    base, base_low = _divide(float(rate), 0.0, float(_YEAR + rate), 0.0)
    total, total_low = 0.0, 0.0
    while term > 0:
        if term & 1:
            rest, rest_low = _add(1.0, 0.0, -total, -total_low)
            part, part_low = _multiply(base, base_low, rest, rest_low)
            total, total_low = _add(total, total_low, part, part_low)
        rest, rest_low = _add(2.0, 0.0, -base, -base_low)
        base, base_low = _multiply(base, base_low, rest, rest_low)
        term >>= 1
    return total, total_low


@kernel(_pair(i64, i64))
def _growth(rate: int, term: int) -> tuple[float, float]:
    """Return (1 + i)**n - 1 by repeated squaring; every term is positive."""
    base, base_low = _divide(float(rate), 0.0, float(_YEAR), 0.0)
    total, total_low = 0.0, 0.0
    while term > 0:
        if term & 1:
            rest, rest_low = _add(1.0, 0.0, total, total_low)
            part, part_low = _multiply(base, base_low, rest, rest_low)
            total, total_low = _add(total, total_low, part, part_low)
        rest, rest_low = _add(2.0, 0.0, base, base_low)
        base, base_low = _multiply(base, base_low, rest, rest_low)
        term >>= 1
    return total, total_low


# ----------------------------------------------------------------------------------------------------
# Rounding
# ----------------------------------------------------------------------------------------------------
@kernel(i64(i64, i64))
def half_up(numerator: int, denominator: int) -> int:
    """Round a non-negative ratio of whole numbers half-up; twice the numerator must fit int64."""
    return (2 * numerator + denominator) // (2 * denominator)


@kernel(types.boolean(f64, f64, i64))
def _settled(value: float, slack: float, mode: int) -> bool:
    """Tell whether a float known to within ``slack`` decides its own rounding."""
    fraction = value - np.floor(value)
    if mode == HALF_UP:
        return bool(abs(fraction - 0.5) > slack)
    return bool(fraction > slack and 1.0 - fraction > slack)


@kernel(i64(f64, f64, f64, i64))
def _rounded(high: float, low: float, tie: float, mode: int) -> int:
    """Round a double-double; a distance to the boundary of at most ``tie`` counts as none."""
    if mode == HALF_UP:
        whole = math.floor(high)
        return int(whole) + (1 if ((high - whole) - 0.5) + low >= -tie else 0)
    whole = math.floor(high + 0.5)
    distance = (high - whole) + low
    if mode == FLOOR:
        return int(whole) - (1 if distance < -tie else 0)
    return int(whole) + (1 if distance > tie else 0)


@kernel(i64(f64, i64))
def _round_plain(value: float, mode: int) -> int:
    if mode == HALF_UP:
        return math.floor(value + 0.5)
    if mode == FLOOR:
        return math.floor(value)
    return math.ceil(value)


@kernel(types.boolean(i64, i64, i64))
def _outside(balance: int, rate: int, payment: int) -> bool:
    money_fits = 0 <= balance <= MAX_MONEY and 0 <= payment <= MAX_MONEY
    return not (money_fits and 0 <= rate <= MAX_RATE)


# ----------------------------------------------------------------------------------------------------
# Level payment and present value
# ----------------------------------------------------------------------------------------------------
@kernel(i64(i64, i64, i64, i64))
def _payment_settled(balance: int, rate: int, term: int, mode: int) -> int:
    top, top_low = _two_product(float(balance), float(rate))
    discount, discount_low = _discount(rate, term)
    bottom, bottom_low = _multiply(float(_YEAR), 0.0, discount, discount_low)
    high, low = _divide(top, top_low, bottom, bottom_low)
    return _rounded(high, low, 1e-18 + 1e-28 * high, mode)


@kernel(i64(i64, i64, i64, f64, i64))
def _payment(balance: int, rate: int, term: int, log_growth: float, mode: int) -> int:
    """Payment at a rate above zero; ``log_growth`` is log1p of the monthly rate, shared between calls."""
    exponent = float(term) * log_growth
    value = float(balance) * (float(rate) / _YEAR) / (1.0 - math.exp(-exponent))
    # Errors: a few units in the last place, and cancellation in 1 - exp(-x) where x is small. The 1e-5 alone
    # covers every ordinary loan. (expm1 would not cancel but takes three times as long.)
    if _settled(value, 1e-5 + value * (1e-14 + 1e-15 / exponent), mode):
        return _round_plain(value, mode)
    return _payment_settled(balance, rate, term, mode)


@kernel(i64(i64, i64, i64))
def interest(balance: int, rate: int, months: int) -> int:
    """Interest for whole months, computed on the product and rounded half-up once.

    Args:
        balance: cents.
        rate: millionths per year.
        months: 0 to ``MAX_TERM``.

    Returns:
        Cents; -1 outside the domain.
    """
    if _outside(balance, rate, 0) or months < 0 or months > MAX_TERM:
        return -1
    yearly = balance * rate
    whole = yearly // _YEAR
    return whole * months + half_up((yearly - whole * _YEAR) * months, _YEAR)


@kernel(i64(i64, i64, i64, i64))
def interest_days(balance: int, rate: int, days: int, basis: int) -> int:
    """Simple daily interest: balance times rate times days over the day basis, rounded half-up once.

    Args:
        balance: cents.
        rate: millionths per year.
        days: 0 to 366_000.
        basis: days in a year, 360 or 365 (366 for an actual-over-actual leap year).

    Returns:
        Cents; -1 outside the domain.
    """
    if _outside(balance, rate, 0):
        return -1
    if days < 0 or days > 366_000 or (basis != 360 and basis != 365 and basis != 366):
        return -1
    year = basis * 1_000_000
    yearly = balance * rate
    whole = yearly // year
    return whole * days + half_up((yearly - whole * year) * days, year)


@kernel(i64(i64, i64, i64))
def payment(balance: int, rate: int, term: int) -> int:
    """Level monthly payment of principal and interest, half-up to the cent, exact.

    Args:
        balance: cents.
        rate: millionths per year; zero spreads the balance evenly.
        term: months, 1 to ``MAX_TERM``.

    Returns:
        Cents; -1 outside the domain.
    """
    if _outside(balance, rate, 0) or term < 1 or term > MAX_TERM:
        return -1
    if rate == 0:
        return half_up(balance, term)
    if term == 1:
        return balance + half_up(balance * rate, _YEAR)
    return _payment(balance, rate, term, math.log1p(float(rate) / _YEAR), HALF_UP)


@kernel(i64(i64, i64, i64, i64))
def present_value(payment: int, rate: int, term: int, mode: int) -> int:
    """Balance that ``term`` level payments repay: the present value of the annuity, rounded once.

    Args:
        payment: cents a month.
        rate: millionths per year.
        term: months, 0 to ``MAX_TERM``.
        mode: ``HALF_UP`` (0), ``FLOOR`` (1) or ``CEILING`` (2).

    Returns:
        Cents; -1 outside the domain. Exact while the value is at most 10**13.
    """
    if _outside(0, rate, payment) or term < 0 or term > MAX_TERM:
        return -1
    if rate == 0 or term == 0:
        return payment * term
    monthly = float(rate) / _YEAR
    exponent = float(term) * math.log1p(monthly)
    value = float(payment) * (1.0 - math.exp(-exponent)) / monthly
    if _settled(value, 1e-5 + value * (1e-14 + 1e-15 / exponent), mode):
        return _round_plain(value, mode)
    discount, discount_low = _discount(rate, term)
    top, top_low = _from_integer(payment * _YEAR)
    top, top_low = _multiply(top, top_low, discount, discount_low)
    high, low = _divide(top, top_low, float(rate), 0.0)
    return _rounded(high, low, 1e-18 + 1e-28 * high, mode)


# ----------------------------------------------------------------------------------------------------
# Balances
# ----------------------------------------------------------------------------------------------------
@kernel(i64(i64, i64, i64, i64))
def balance_after(balance: int, rate: int, payment: int, months: int) -> int:
    """Balance after ``months`` payments on an **unrounded** ledger, rounded half-up once, at the end.

    This is the textbook balance. A servicer's ledger rounds interest every month: see
    :func:`balance_after_rounded`. A payment below the interest lets the balance grow.

    Args:
        balance: cents.
        rate: millionths per year.
        payment: cents a month.
        months: 0 to ``MAX_TERM``.

    Returns:
        Cents, 0 once repaid; -1 outside the domain or when the balance grows past 10**18 cents. Exact while
        (1 + i)**n is below a million (25 % for 55 years).
    """
    if _outside(balance, rate, payment) or months < 0 or months > MAX_TERM:
        return -1
    if rate == 0:
        return max(balance - payment * months, 0)
    drift = balance * rate - payment * _YEAR  # growth in the first month, in twelve-millionths of a cent
    # The limit keeps plain Python from raising; whatever grows that far is out of range below.
    growth = math.exp(min(float(months) * math.log1p(float(rate) / _YEAR), 700.0)) - 1.0
    level = float(drift) / float(rate)
    value = float(balance) + level * growth
    size = float(balance) + abs(level) * growth
    # Not "abs(value) >= 1e18": not-a-number must leave here too.
    if not (abs(value) < 1e18):
        return -1 if drift > 0 else 0
    slack = 1e-5 + size * 1e-13 + abs(level) * 1e-15
    if value < -slack:
        return 0
    if not _settled(value, slack, HALF_UP):
        exact_growth, exact_growth_low = _growth(rate, months)
        moved, moved_low = _from_integer(drift)
        moved, moved_low = _multiply(moved, moved_low, exact_growth, exact_growth_low)
        moved, moved_low = _divide(moved, moved_low, float(rate), 0.0)
        high, low = _add(float(balance), 0.0, moved, moved_low)
        return max(_rounded(high, low, 1e-18 + size * 1e-27, HALF_UP), 0)
    return max(_round_plain(value, HALF_UP), 0)


@kernel(i64(i64, i64, i64, i64))
def balance_after_rounded(balance: int, rate: int, payment: int, months: int) -> int:
    """Balance after ``months`` payments on a ledger that rounds each month's interest half-up to the cent.

    This is what a servicer's books show. The last payment takes only what is owed.

    Args:
        balance: cents.
        rate: millionths per year.
        payment: cents a month.
        months: 0 to ``MAX_TERM``.

    Returns:
        Cents, 0 once repaid; -1 outside the domain or when the balance grows past 10**12 cents.
    """
    if _outside(balance, rate, payment) or months < 0 or months > MAX_TERM:
        return -1
    for _ in range(months):
        balance += half_up(balance * rate, _YEAR) - payment
        if balance <= 0:
            return 0
        if balance > _HUGE:
            return -1
    return balance


@kernel(i64(i64, i64, i64, i64))
def scheduled_principal(balance: int, rate: int, payment: int, months: int) -> int:
    """Principal that the next ``months`` installments repay, on the ledger rounded every month.

    Args:
        balance: cents.
        rate: millionths per year.
        payment: cents a month.
        months: 0 to ``MAX_TERM``.

    Returns:
        Cents, at most the balance; -1 outside the domain or when the installments do not cover the interest
        in sum.
    """
    left = balance_after_rounded(balance, rate, payment, months)
    if left < 0 or left > balance:
        return -1
    return balance - left


# ----------------------------------------------------------------------------------------------------
# Searches: a closed form guesses, the exact rounded amount at the neighbors decides
# ----------------------------------------------------------------------------------------------------
@kernel(i64(f64))
def _guess_to_term(months: float) -> int:
    """Turn a guess from a closed form into a term; not-a-number and overflow mean "longer than any term"."""
    if not (months < float(MAX_TERM)):
        return MAX_TERM
    return max(math.ceil(months), 1)


@kernel(types.boolean(i64, i64, i64, f64, i64, i64))
def _pays_at_most(balance: int, rate: int, term: int, log_growth: float, limit: int, mode: int) -> bool:
    if rate == 0:
        if mode == CEILING:
            return (balance + term - 1) // term <= limit
        return half_up(balance, term) <= limit
    if term == 1 and mode == HALF_UP:
        return balance + half_up(balance * rate, _YEAR) <= limit
    return _payment(balance, rate, term, log_growth, mode) <= limit


@kernel(i64(i64, i64, i64, i64, i64, f64, i64))
def _smallest_term(balance: int, rate: int, limit: int, first: int, last: int, guess_limit: float, mode: int) -> int:
    """Smallest term in [first, last] whose payment, rounded by ``mode``, is at most ``limit``; -1 for none.

    The rounded payment never rises with the term, so three neighbors settle a good guess and bisection a
    bad one.
    """
    growth = math.log1p(float(rate) / _YEAR)
    if rate == 0:
        guess = _guess_to_term(float(balance) / guess_limit)
    else:
        share = float(balance) * (float(rate) / _YEAR) / guess_limit
        guess = MAX_TERM if share >= 1.0 else _guess_to_term(-math.log1p(-share) / growth)
    low, high = first, last  # the answer lies in [low, high], if there is one
    candidate = min(max(guess, low), high)
    if _pays_at_most(balance, rate, candidate, growth, limit, mode):
        high = candidate
        if candidate == first or not _pays_at_most(balance, rate, candidate - 1, growth, limit, mode):
            return candidate
        high = candidate - 1
    else:
        if candidate == last:
            return -1
        if _pays_at_most(balance, rate, candidate + 1, growth, limit, mode):
            return candidate + 1
        low = candidate + 1
        if not _pays_at_most(balance, rate, last, growth, limit, mode):
            return -1
    while low < high:
        middle = (low + high) // 2
        if _pays_at_most(balance, rate, middle, growth, limit, mode):
            high = middle
        else:
            low = middle + 1
    return low


@kernel(i64(i64, i64, i64, i64, i64))
def smallest_term_with_payment_at_most(balance: int, rate: int, target: int, first: int, last: int) -> int:
    """Smallest term from ``first`` to ``last`` whose payment, rounded to the cent, is at most ``target``.

    Args:
        balance: cents.
        rate: millionths per year.
        target: cents.
        first: shortest term allowed, months, at least 1.
        last: longest term allowed, months, at most ``MAX_TERM``.

    Returns:
        Months; -1 when no term in the range will do, the range is empty, or an argument is outside the
        domain.
    """
    if _outside(balance, rate, target) or first < 1 or last > MAX_TERM or first > last:
        return -1
    return _smallest_term(balance, rate, target, first, last, float(target) + 0.5, HALF_UP)


@kernel(i64(i64, i64, i64, i64))
def term_for_payment(balance: int, rate: int, payment: int, tolerance_millicents: int) -> int:
    """Months to amortize: the smallest term whose unrounded payment is at most the payment plus a tolerance.

    A payment rounded down to the cent falls short of its own term by a few thousandths of a cent, and the
    bare formula then answers one month too many. A tolerance of 500 thousandths of a cent covers any
    rounding of the payment, so that ``term_for_payment(b, r, payment(b, r, n), 500)`` never exceeds n;
    236,765.47 at 6.5 % with 1,580.17 gives 309 months although the formula says 309.0001. Zero asks for the
    bare ceiling.

    A balance from a ledger that rounded every month also carries the drift of that ledger, which counts for
    more the fewer months remain; :func:`term_leaving_at_most` allows for it.

    Args:
        balance: cents.
        rate: millionths per year.
        payment: cents a month.
        tolerance_millicents: thousandths of a cent by which the payment may fall short, 0 to 1_000_000.

    Returns:
        Months, 1 to ``MAX_TERM``; 0 for a zero balance; -1 when it never amortizes or an argument is
        outside the domain.
    """
    if _outside(balance, rate, payment):
        return -1
    if tolerance_millicents < 0 or tolerance_millicents > 1_000_000:
        return -1
    if balance == 0:
        return 0
    limit = payment * 1000 + tolerance_millicents
    if limit == 0:
        return -1
    return _smallest_term(balance * 1000, rate, limit, 1, MAX_TERM, float(limit), CEILING)


@kernel(i64(i64, i64, i64, i64))
def term_leaving_at_most(balance: int, rate: int, payment: int, residue: int) -> int:
    """Months to amortize: the smallest number of payments after which at most ``residue`` is left.

    The left-over is that of the unrounded ledger (:func:`balance_after`), and stands for what the last
    payment absorbs.

    Args:
        balance: cents.
        rate: millionths per year.
        payment: cents a month.
        residue: cents, at least 0.

    Returns:
        Months, 0 to ``MAX_TERM``; -1 when it never gets there or an argument is outside the domain.
    """
    if _outside(balance, rate, payment):
        return -1
    if residue < 0 or residue > MAX_MONEY:
        return -1
    if balance <= residue:
        return 0
    if balance * rate >= payment * _YEAR:  # the balance never falls
        return -1
    if rate == 0:
        guess = _guess_to_term(float(balance - residue) / float(payment))
    else:
        # log((P - R i) / (P - B i)) / log(1 + i), written so that low rates do not cancel.
        above = float(balance - residue) * float(rate) / float(payment * _YEAR - balance * rate)
        guess = _guess_to_term(math.log1p(above) / math.log1p(float(rate) / _YEAR))
    low, high = 1, MAX_TERM
    if balance_after(balance, rate, payment, guess) <= residue:
        if guess == 1 or balance_after(balance, rate, payment, guess - 1) > residue:
            return guess
        high = guess - 1
    else:
        if guess == MAX_TERM:
            return -1
        if balance_after(balance, rate, payment, guess + 1) <= residue:
            return guess + 1
        low = guess + 1
        if balance_after(balance, rate, payment, MAX_TERM) > residue:
            return -1
    while low < high:
        middle = (low + high) // 2
        if balance_after(balance, rate, payment, middle) <= residue:
            high = middle
        else:
            low = middle + 1
    return low


@kernel(i64(i64, i64, i64, i64))
def stepped_rate(start: int, floor: int, step: int, steps: int) -> int:
    """Rate after a number of cuts, never below the floor; a start already below the floor stays."""
    if start <= floor:
        return start
    return max(start - steps * step, floor)


@kernel(i64(i64, i64, i64, i64, i64, i64, i64, types.boolean))
def cuts_to_reach(
    balance: int, start: int, floor: int, step: int, term: int, above: int, target: int, allow_part_step: bool
) -> int:
    """Return what :func:`steps_to_reach` does, given the payment before any cut, ``above``, which misses the target."""
    last = (start - floor) // step
    if allow_part_step and last * step < start - floor:
        last += 1
    if last == 0:
        return 0
    lowest = payment(balance, stepped_rate(start, floor, step, last), term)
    if lowest > target:
        return last
    low, high = 0, last  # low misses the target, high meets it
    # The payment is nearly straight in the rate: the chord's guess and its neighbor end most searches.
    guess = int(float(last) * float(above - target) / float(above - lowest)) if above > lowest else 1
    for shift in range(2):
        candidate = guess + shift
        if low < candidate < high:
            if payment(balance, stepped_rate(start, floor, step, candidate), term) <= target:
                high = candidate
            else:
                low = candidate
    while high - low > 1:
        middle = (low + high) // 2
        if payment(balance, stepped_rate(start, floor, step, middle), term) <= target:
            high = middle
        else:
            low = middle
    return high


@kernel(i64(i64, i64, i64, i64, i64, i64, types.boolean))
def steps_to_reach(
    balance: int, start: int, floor: int, step: int, term: int, target: int, allow_part_step: bool
) -> int:
    """Smallest number of rate cuts that brings the payment to the target, or that reaches the floor.

    The rate after k cuts is :func:`stepped_rate`. When even the floor misses the target the answer is the
    number of cuts to the floor: compare the payment there.

    Args:
        balance: cents.
        start: rate before any cut, millionths per year.
        floor: lowest rate, millionths per year.
        step: size of a cut, millionths per year (0.125 % is 1_250).
        term: months.
        target: cents.
        allow_part_step: whether a last, smaller cut may land exactly on the floor. Without it the lowest
            rate is the last whole cut that is not below the floor.

    Returns:
        Cuts, 0 or more; -1 outside the domain.
    """
    if balance < 0 or balance > MAX_MONEY or start < 0 or start > MAX_RATE or floor < 0 or floor > MAX_RATE:
        return -1
    if step < 1 or term < 1 or term > MAX_TERM or target < 0 or target > MAX_MONEY:
        return -1
    before = payment(balance, start, term)
    if start <= floor or before <= target:
        return 0
    return cuts_to_reach(balance, start, floor, step, term, before, target, allow_part_step)


@kernel(i64(i64, i64, i64))
def rate_for_payment(balance: int, term: int, target: int) -> int:
    """Largest rate, in whole millionths, whose level payment rounded to the cent is at most ``target``.

    Args:
        balance: cents.
        term: months, 1 to ``MAX_TERM``.
        target: cents a month.

    Returns:
        Millionths per year, 0 to ``MAX_RATE``; -1 when even a zero rate asks for more, or outside the domain.
    """
    if payment(balance, 0, term) < 0 or payment(balance, 0, term) > target:
        return -1
    low, high = 0, MAX_RATE + 1  # low fits, high does not
    while high - low > 1:
        middle = (low + high) // 2
        if payment(balance, middle, term) <= target:
            low = middle
        else:
            high = middle
    return low


# ----------------------------------------------------------------------------------------------------
# Arrays
# ----------------------------------------------------------------------------------------------------
@kernel(f64(i64, i64, i64, i64))
def lane_rate(balance: int, rate: int, payment: int, term: int) -> float:
    """Return a loan's monthly rate for a sheet of :mod:`hopenow.mortgage.lanes`; not-a-number where it must decline."""
    if _outside(balance, rate, payment) or rate == 0 or term < 1 or term > MAX_TERM:
        return math.nan
    return float(rate) / _YEAR


@kernel(types.boolean(f64, i64))
def lane_decides(value: float, mode: int) -> bool:
    """Tell whether a value worked out on a sheet decides its own rounding; not-a-number never does."""
    return _settled(value, lanes.NEAR + value * lanes.RELATIVE, mode)


@kernel(i64(f64, i64))
def lane_rounded(value: float, mode: int) -> int:
    """Round a value for which :func:`lane_decides` says that it can be."""
    return _round_plain(value, mode)


@kernel(i64_out(i64_in, i64_in, i64_in))
def payment_array(balance: Cents, rate: Cents, term: Cents) -> Cents:
    """Apply :func:`payment` row by row."""
    out = np.empty(balance.size, dtype=np.int64)
    sheet = lanes.blank()
    for start in range(0, balance.size, lanes.LANES):
        count = min(lanes.LANES, balance.size - start)
        for lane in range(count):
            row = start + lane
            sheet[lanes.BALANCE + lane] = float(balance[row])
            sheet[lanes.MONTHLY + lane] = lane_rate(balance[row], rate[row], 0, term[row])
            sheet[lanes.FIRST + lane] = float(term[row])
        lanes.level(sheet)
        for lane in range(count):
            row, value = start + lane, sheet[lanes.VALUE + lane]
            if lane_decides(value, HALF_UP):
                out[row] = _round_plain(value, HALF_UP)
            else:
                out[row] = payment(balance[row], rate[row], term[row])
    return out


@kernel(i64_out(i64_in, i64_in, i64_in, i64))
def present_value_array(payment: Cents, rate: Cents, term: Cents, mode: int) -> Cents:
    """Apply :func:`present_value` row by row; one rounding mode for all."""
    out = np.empty(payment.size, dtype=np.int64)
    for row in range(payment.size):
        out[row] = present_value(payment[row], rate[row], term[row], mode)
    return out


@kernel(i64_out(i64_in, i64_in, i64_in))
def interest_array(balance: Cents, rate: Cents, months: Cents) -> Cents:
    """Apply :func:`interest` row by row."""
    out = np.empty(balance.size, dtype=np.int64)
    for row in range(balance.size):
        out[row] = interest(balance[row], rate[row], months[row])
    return out


@kernel(i64_out(i64_in, i64_in, i64_in, i64_in))
def balance_after_array(balance: Cents, rate: Cents, payment: Cents, months: Cents) -> Cents:
    """Apply :func:`balance_after` row by row."""
    out = np.empty(balance.size, dtype=np.int64)
    for row in range(balance.size):
        out[row] = balance_after(balance[row], rate[row], payment[row], months[row])
    return out


@kernel(i64_out(i64_in, i64_in, i64_in, i64_in))
def balance_after_rounded_array(balance: Cents, rate: Cents, payment: Cents, months: Cents) -> Cents:
    """Apply :func:`balance_after_rounded` row by row."""
    out = np.empty(balance.size, dtype=np.int64)
    for row in range(balance.size):
        out[row] = balance_after_rounded(balance[row], rate[row], payment[row], months[row])
    return out


@kernel(i64_out(i64_in, i64_in, i64_in, i64_in))
def scheduled_principal_array(balance: Cents, rate: Cents, payment: Cents, months: Cents) -> Cents:
    """Apply :func:`scheduled_principal` row by row."""
    out = np.empty(balance.size, dtype=np.int64)
    for row in range(balance.size):
        out[row] = scheduled_principal(balance[row], rate[row], payment[row], months[row])
    return out


@kernel(i64_out(i64_in, i64_in, i64_in, i64))
def term_for_payment_array(balance: Cents, rate: Cents, payment: Cents, tolerance_millicents: int) -> Cents:
    """Apply :func:`term_for_payment` row by row; one tolerance for all."""
    out = np.empty(balance.size, dtype=np.int64)
    sheet = lanes.blank()
    tolerable = 0 <= tolerance_millicents <= 1_000_000
    for start in range(0, balance.size, lanes.LANES):
        count = min(lanes.LANES, balance.size - start)
        for lane in range(count):
            row = start + lane
            usual = tolerable and balance[row] > 0 and payment[row] > 0
            sheet[lanes.BALANCE + lane] = float(balance[row] * 1000)
            sheet[lanes.MONTHLY + lane] = lane_rate(balance[row], rate[row], payment[row], 1 if usual else 0)
            sheet[lanes.FIRST + lane] = 1.0
            sheet[lanes.LAST + lane] = float(MAX_TERM)
            sheet[lanes.LIMIT + lane] = float(payment[row] * 1000 + tolerance_millicents)
        lanes.shortest(sheet)
        for lane in range(count):
            row = start + lane
            if sheet[lanes.SURE + lane] == 1.0:
                within = sheet[lanes.VALUE + lane] <= sheet[lanes.LIMIT + lane]
                out[row] = int(sheet[lanes.TERM + lane]) if within else -1
            else:
                out[row] = term_for_payment(balance[row], rate[row], payment[row], tolerance_millicents)
    return out


@kernel(i64_out(i64_in, i64_in, i64_in, i64_in, i64_in))
def smallest_term_with_payment_at_most_array(
    balance: Cents, rate: Cents, target: Cents, first: Cents, last: Cents
) -> Cents:
    """Apply :func:`smallest_term_with_payment_at_most` row by row."""
    out = np.empty(balance.size, dtype=np.int64)
    sheet = lanes.blank()
    for start in range(0, balance.size, lanes.LANES):
        count = min(lanes.LANES, balance.size - start)
        for lane in range(count):
            row = start + lane
            shortest = first[row] if first[row] <= last[row] <= MAX_TERM else 0
            sheet[lanes.BALANCE + lane] = float(balance[row])
            sheet[lanes.MONTHLY + lane] = lane_rate(balance[row], rate[row], target[row], shortest)
            sheet[lanes.FIRST + lane] = float(first[row])
            sheet[lanes.LAST + lane] = float(last[row])
            sheet[lanes.LIMIT + lane] = float(target[row]) + 0.5
        lanes.shortest(sheet)
        for lane in range(count):
            row = start + lane
            if sheet[lanes.SURE + lane] == 1.0:
                within = sheet[lanes.VALUE + lane] <= sheet[lanes.LIMIT + lane]
                out[row] = int(sheet[lanes.TERM + lane]) if within else -1
            else:
                out[row] = smallest_term_with_payment_at_most(
                    balance[row], rate[row], target[row], first[row], last[row]
                )
    return out


@kernel(i64_out(i64_in, i64_in, i64_in, i64, i64_in, i64_in, types.boolean))
def steps_to_reach_array(
    balance: Cents, start: Cents, floor: Cents, step: int, term: Cents, target: Cents, allow_part_step: bool
) -> Cents:
    """Apply :func:`steps_to_reach` row by row; one size of cut and one part-step rule for all."""
    out = np.empty(balance.size, dtype=np.int64)
    for row in range(balance.size):
        out[row] = steps_to_reach(balance[row], start[row], floor[row], step, term[row], target[row], allow_part_step)
    return out


@kernel(i64_out(i64_in, i64_in, i64_in))
def rate_for_payment_array(balance: Cents, term: Cents, target: Cents) -> Cents:
    """Apply :func:`rate_for_payment` row by row."""
    out = np.empty(balance.size, dtype=np.int64)
    for row in range(balance.size):
        out[row] = rate_for_payment(balance[row], term[row], target[row])
    return out
