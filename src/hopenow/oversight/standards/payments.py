"""The payments that Regulation Z has a lender work with, 12 CFR 1026.43(c)(5) and (e)(2)(iv).

Array functions take contiguous int64 arrays of equal length: cents, millionths, months; -1 is "no answer" (as in the
kernels). Rounding is to the cent; the commentary's own examples are rounded to the dollar.
"""

from __future__ import annotations

import datetime

import numpy as np
import numpy.typing as npt

from hopenow.dates import add_months
from hopenow.mortgage.kernels import (
    balance_after,
    balance_after_array,
    interest,
    interest_array,
    payment,
    payment_array,
)

__all__ = [
    "balloon_payment",
    "first_five_years_end",
    "highest_rate_payments",
    "level_payment",
    "recast_payments",
    "repayment_payments",
]

Ints = npt.NDArray[np.int64]


def level_payment(amount: int, rate: int, months: int) -> int:
    """Return the substantially equal monthly payment that repays an amount, cents."""
    return payment(amount, rate, months)


def first_five_years_end(first_due: datetime.date, months: int) -> datetime.date:
    """Return the end of the first five years (``months``) after the first regular payment's due date."""
    return add_months(first_due, months)


def balloon_payment(amount: int, rate: int, amortization: int, number: int) -> int:
    """Return a balloon that falls due with payment ``number``, that month's interest included, cents.

    Args:
        amount: cents.
        rate: millionths per year.
        amortization: months over which the regular payment would repay the loan.
        number: place of the balloon among the payments.
    """
    left = balance_after(amount, rate, payment(amount, rate, amortization), number - 1)
    return left + interest(left, rate, 1)


def repayment_payments(
    amount: Ints,
    rate: Ints,
    term: Ints,
    amortization: Ints,
    interest_only: Ints,
    balloon: npt.NDArray[np.bool_],
    counts: npt.NDArray[np.bool_],
) -> Ints:
    """Return the payment for the ability to repay, 1026.43(c)(5).

    Args:
        amount: cents.
        rate: the greater of the fully indexed rate and the rate at the start, millionths.
        term: number of payments.
        amortization: months over which the regular payment would repay the loan.
        interest_only: months in which only interest is paid.
        balloon: whether the last payment is a balloon.
        counts: whether that balloon counts: it falls due within the months of the rule, or the loan is higher-priced.

    Returns:
        Cents: the level payment; for an interest-only loan the payment after it ends; for a balloon loan the largest
        payment that counts.
    """
    level = payment_array(amount, rate, amortization)
    after = payment_array(amount, rate, np.where(interest_only > 0, np.maximum(term - interest_only, 1), amortization))
    regular = np.where(interest_only > 0, after, level)
    left = balance_after_array(amount, rate, level, np.maximum(term - 1, 0))
    last = np.where(left >= 0, left + interest_array(np.maximum(left, 0), rate, np.ones_like(left)), -1)
    return np.where(
        balloon & counts & (interest_only == 0), last, np.where(balloon & (interest_only == 0), level, regular)
    )


def highest_rate_payments(amount: Ints, highest: Ints, term: Ints) -> Ints:
    """Return the payment on the whole amount over the whole term at the highest rate of the first five years.

    This is the second method of 1026.43(e)(2)(iv)(B); a lender may use it for any loan.
    """
    return payment_array(amount, highest, term)


def recast_payments(amount: Ints, rate: Ints, highest: Ints, term: Ints, paid: Ints) -> Ints:
    """Return the payment on what is left, over what is left, once the highest rate applies.

    This is the first method of 1026.43(e)(2)(iv)(A).

    Args:
        amount: cents.
        rate: rate until then, millionths.
        highest: highest rate of the first five years, millionths.
        term: number of payments.
        paid: payments made before the highest rate applies.
    """
    left = balance_after_array(amount, rate, payment_array(amount, rate, term), paid)
    return payment_array(np.maximum(left, 0), highest, np.maximum(term - paid, 1))
