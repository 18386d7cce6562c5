"""The same arithmetic in exact whole numbers and fractions: slow, to read and to test the kernels against.

Units as in :mod:`hopenow.mortgage.kernels`: cents, millionths per year, months. Nothing here is ever
rounded but the result. Arguments outside the domain raise; searches without an answer return -1, as the
kernels do.
"""

from __future__ import annotations

from fractions import Fraction

from hopenow.errors import InputError
from hopenow.money import half_up_div

__all__ = [
    "annuity_factor",
    "balance_after",
    "balance_after_rounded",
    "interest",
    "interest_days",
    "monthly_rate",
    "payment",
    "present_value",
    "rate_for_payment",
    "raw_payment",
    "scheduled_principal",
    "smallest_term_with_payment_at_most",
    "stepped_rate",
    "steps_to_reach",
    "term_for_payment",
    "term_leaving_at_most",
]

_LONGEST = 12_000


def _half_up(value: Fraction) -> int:
    return half_up_div(value.numerator, value.denominator)


def _demand(*, balance: int = 0, rate: int = 0, term: int = 1, months: int = 0, payment: int = 0) -> None:
    findings = [
        f"{name} is {value}; it must be at least {least}"
        for name, value, least in (
            ("balance", balance, 0),
            ("rate", rate, 0),
            ("term", term, 1),
            ("months", months, 0),
            ("payment", payment, 0),
        )
        if value < least
    ]
    if findings:
        raise InputError("the loan cannot be computed", findings)


def monthly_rate(rate: int) -> Fraction:
    """One twelfth of a yearly rate, as a fraction of one."""
    return Fraction(rate, 12_000_000)


def annuity_factor(rate: int, term: int) -> Fraction:
    """Present value of ``term`` payments of one: (1 - (1 + i)**-n) / i, or n at a zero rate."""
    if rate == 0:
        return Fraction(term)
    # With i = r / y in whole numbers: ((y + r)**n - y**n) * y / (r * (y + r)**n).
    grown = (12_000_000 + rate) ** term
    return Fraction((grown - 12_000_000**term) * 12_000_000, rate * grown)


def raw_payment(balance: int, rate: int, term: int) -> Fraction:
    """Level payment before rounding, cents."""
    _demand(balance=balance, rate=rate, term=term)
    return balance / annuity_factor(rate, term)


def payment(balance: int, rate: int, term: int) -> int:
    """Level monthly payment, half-up to the cent.

    Raises:
        InputError: a negative argument or a term below one.
    """
    _demand(balance=balance, rate=rate, term=term)
    if rate == 0:
        return half_up_div(balance, term)
    # Whole numbers and no common divisors: far quicker than Fraction, which reduces.
    grown = (12_000_000 + rate) ** term
    return half_up_div(balance * rate * grown, 12_000_000 * (grown - 12_000_000**term))


def present_value(payment: int, rate: int, term: int, mode: int = 0) -> int:
    """Balance that ``term`` payments repay; mode 0 half-up, 1 floor, 2 ceiling.

    Raises:
        InputError: a negative argument or an unknown mode.
    """
    _demand(payment=payment, rate=rate, months=term)
    value = payment * annuity_factor(rate, term)
    if mode == 0:
        return _half_up(value)
    if mode == 1:
        return value.numerator // value.denominator
    if mode == 2:
        return -(-value.numerator // value.denominator)
    raise InputError(f"rounding mode {mode} is unknown; use 0 half-up, 1 floor or 2 ceiling")


def interest(balance: int, rate: int, months: int) -> int:
    """Interest for whole months, rounded half-up once."""
    _demand(balance=balance, rate=rate, months=months)
    return half_up_div(balance * rate * months, 12_000_000)


def interest_days(balance: int, rate: int, days: int, basis: int) -> int:
    """Simple daily interest on a 360 or 365 day year, rounded half-up once."""
    _demand(balance=balance, rate=rate, months=days)
    return half_up_div(balance * rate * days, 1_000_000 * basis)


def balance_after(balance: int, rate: int, payment: int, months: int) -> int:
    """Balance after ``months`` payments on an unrounded ledger, rounded half-up once; 0 when repaid."""
    _demand(balance=balance, rate=rate, payment=payment, months=months)
    growth = (1 + monthly_rate(rate)) ** months
    paid = (growth - 1) / monthly_rate(rate) if rate else Fraction(months)
    return max(_half_up(balance * growth - payment * paid), 0)


def balance_after_rounded(balance: int, rate: int, payment: int, months: int) -> int:
    """Balance after ``months`` payments on a ledger whose interest is rounded every month; 0 when repaid."""
    _demand(balance=balance, rate=rate, payment=payment, months=months)
    for _ in range(months):
        balance = max(balance + interest(balance, rate, 1) - payment, 0)
    return balance


def scheduled_principal(balance: int, rate: int, payment: int, months: int) -> int:
    """Principal that the next installments repay on the rounded ledger; -1 when the balance grows."""
    repaid = balance - balance_after_rounded(balance, rate, payment, months)
    return repaid if repaid >= 0 else -1


def smallest_term_with_payment_at_most(balance: int, rate: int, target: int, first: int, last: int) -> int:
    """Smallest term from ``first`` to ``last`` whose rounded payment is at most ``target``; -1 for none."""
    for term in range(first, last + 1):
        if payment(balance, rate, term) <= target:
            return term
    return -1


def term_for_payment(balance: int, rate: int, payment: int, tolerance_millicents: int) -> int:
    """Smallest term whose unrounded payment is at most the payment plus a tolerance; -1 for none."""
    _demand(balance=balance, rate=rate, payment=payment)
    if balance == 0:
        return 0
    limit = payment + Fraction(tolerance_millicents, 1000)
    if limit <= balance * monthly_rate(rate):
        return -1
    low, high = 1, _LONGEST
    if raw_payment(balance, rate, high) > limit:
        return -1
    while low < high:
        middle = (low + high) // 2
        if raw_payment(balance, rate, middle) <= limit:
            high = middle
        else:
            low = middle + 1
    return low


def term_leaving_at_most(balance: int, rate: int, payment: int, residue: int) -> int:
    """Smallest number of payments that leaves at most ``residue`` on the unrounded ledger; -1 for never."""
    if balance <= residue:
        return 0
    left = Fraction(balance)
    for month in range(1, _LONGEST + 1):
        previous, left = left, left * (1 + monthly_rate(rate)) - payment
        if left <= 0 or _half_up(left) <= residue:
            return month
        if left >= previous:
            return -1
    return -1


def stepped_rate(start: int, floor: int, step: int, steps: int) -> int:
    """Rate after a number of cuts, never below the floor; a start already below the floor stays."""
    return max(start - steps * step, floor) if start > floor else start


def steps_to_reach(
    balance: int, start: int, floor: int, step: int, term: int, target: int, allow_part_step: bool
) -> int:
    """Smallest number of rate cuts that brings the payment to the target, or that reaches the floor."""
    steps = 0
    while payment(balance, stepped_rate(start, floor, step, steps), term) > target:
        left = stepped_rate(start, floor, step, steps) - floor
        if left <= 0 or (left < step and not allow_part_step):
            break
        steps += 1
    return steps


def rate_for_payment(balance: int, term: int, target: int) -> int:
    """Largest rate up to 100 % whose rounded payment is at most ``target``; -1 when zero is too much."""
    if payment(balance, 0, term) > target:
        return -1
    low, high = 0, 1_000_001
    while high - low > 1:
        middle = (low + high) // 2
        if payment(balance, middle, term) <= target:
            low = middle
        else:
            high = middle
    return low
