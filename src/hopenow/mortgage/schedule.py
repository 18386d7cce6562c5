"""Full amortization schedules: every installment of one loan, exact to the cent.

The ledger is the one a servicer keeps: each month's interest is rounded half-up to the cent, the payment
is level and rounded, and the last installment takes whatever is left. The principal parts therefore
always add up to the balance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

from hopenow.dates import add_months
from hopenow.errors import InputError
from hopenow.mortgage import exact

__all__ = ["COLUMNS", "ArmTerms", "OddFirstPeriod", "arm_rates", "reset_rate", "schedule"]

COLUMNS = pl.Schema(
    {
        "installment": pl.Int64,
        "due_date": pl.Date,
        "rate": pl.Int64,
        "payment": pl.Int64,
        "interest": pl.Int64,
        "principal": pl.Int64,
        "balance": pl.Int64,
    }
)
"""Columns of a schedule: rate in millionths per year, money in cents, balance after the installment."""

EIGHTH = 1_250
"""An eighth of a percent, millionths."""


# ----------------------------------------------------------------------------------------------------
# Adjustable rates
# ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class ArmTerms:
    """How an adjustable rate resets. All rates in millionths per year.

    Attributes:
        margin: added to the index.
        lifetime_cap: the rate never exceeds this.
        lifetime_floor: the rate never falls below this.
        periodic_cap: largest move at a reset, up or down; None for no limit.
        first_cap: largest move at the first reset; None to use the periodic cap.
        round_to: the sum of index and margin is rounded to a multiple of this; 1 for no rounding.
        rounding: to the nearest multiple (a half goes up), or always up.
    """

    margin: int
    lifetime_cap: int
    lifetime_floor: int = 0
    periodic_cap: int | None = None
    first_cap: int | None = None
    round_to: int = EIGHTH
    rounding: Literal["nearest", "up"] = "nearest"

    def __post_init__(self) -> None:
        findings = []
        if self.round_to < 1:
            findings.append(f"round_to is {self.round_to}; it must be at least 1 millionth")
        if self.lifetime_floor < 0 or self.lifetime_cap < self.lifetime_floor:
            limits = f"{self.lifetime_floor} to {self.lifetime_cap}"
            findings.append(
                f"lifetime_floor to lifetime_cap is {limits}; they must be at least 0 and in order"
            )
        for name, cap in (("periodic_cap", self.periodic_cap), ("first_cap", self.first_cap)):
            if cap is not None and cap < 0:
                findings.append(f"{name} is {cap}; it must be at least 0, or None for no limit")
        if findings:
            raise InputError("the terms of the adjustable rate cannot be used", findings)


def reset_rate(current: int, index: int, terms: ArmTerms, *, first: bool = False) -> int:
    """Rate after a reset: index plus margin, rounded, then held within the caps and the floor.

    Args:
        current: rate before the reset, millionths per year.
        index: value of the index that the note names, millionths per year.
        terms: caps, floor and rounding.
        first: whether this is the loan's first reset, which may have its own cap.

    Returns:
        Millionths per year.
    """
    raw = index + terms.margin
    if terms.rounding == "nearest":
        multiple = (2 * raw + terms.round_to) // (2 * terms.round_to)
    else:
        multiple = -(-raw // terms.round_to)
    rate = multiple * terms.round_to
    cap = terms.first_cap if first and terms.first_cap is not None else terms.periodic_cap
    if cap is not None:
        rate = min(max(rate, current - cap), current + cap)
    return min(max(rate, terms.lifetime_floor), terms.lifetime_cap)


def arm_rates(rate: int, terms: ArmTerms, indexes: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Turn index values into the rate steps that :func:`schedule` takes.

    Args:
        rate: rate before the first reset, millionths per year.
        terms: caps, floor and rounding.
        indexes: pairs of first installment at the new rate and index value, in order.

    Returns:
        Pairs of first installment and rate.
    """
    steps: list[tuple[int, int]] = []
    for installment, index in indexes:
        rate = reset_rate(rate, index, terms, first=not steps)
        steps.append((installment, rate))
    return steps


# ----------------------------------------------------------------------------------------------------
# Schedules
# ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class OddFirstPeriod:
    """Interest period before the first installment, when it is not one month.

    Attributes:
        days: days of interest in the period, at simple daily interest; None when it is counted in months.
        months: whole months of interest in the period; None when it is counted in days.
        basis: days in a year for the daily interest, 360 or 365.
        absorb: False: the first payment rises or falls by the difference from a month's interest, so
            principal runs as in a regular schedule. True: the first payment stays level and principal
            takes the difference; it may turn negative in a long period.
    """

    days: int | None = None
    months: int | None = None
    basis: int = 365
    absorb: bool = False

    def __post_init__(self) -> None:
        if (self.days is None) == (self.months is None):
            raise InputError("the first period needs either days or months, not both and not neither")
        if (self.days or self.months or 0) < 0 or self.basis not in (360, 365, 366):
            raise InputError(
                "the first period needs at least 0 days or months and a basis of 360, 365 or 366 days"
            )

    def interest(self, balance: int, rate: int) -> int:
        """Interest of the first period, cents."""
        if self.days is not None:
            return exact.interest_days(balance, rate, self.days, self.basis)
        return exact.interest(balance, rate, self.months or 0)


def schedule(
    balance: int,
    rate: int,
    term: int,
    first_due: date,
    *,
    payment: int | None = None,
    rate_steps: Sequence[tuple[int, int]] = (),
    interest_only: int = 0,
    balloon: int | None = None,
    first_period: OddFirstPeriod | None = None,
) -> pl.DataFrame:
    """Every installment of a loan.

    The payment is level, and is worked out again over the remaining term whenever the rate changes and
    when the interest-only period ends.

    Args:
        balance: cents.
        rate: rate of the first installment, millionths per year.
        term: months of amortization; with an interest-only period, those months included.
        first_due: due date of the first installment; later ones fall on the same day of the month.
        payment: level payment, cents, until the first change of rate or the end of the interest-only
            period, in place of the computed one: the note's own payment.
        rate_steps: pairs of first installment (counted from 1) and new rate, in order. For an adjustable
            rate see :func:`arm_rates`.
        interest_only: number of installments that pay interest alone.
        balloon: installment at which the whole balance falls due; None for the end of the term.
        first_period: interest of the first period when it is not one month.

    Returns:
        Frame with :data:`COLUMNS`, one row per installment. It ends early when a rounded payment repays
        the balance before the term. Principal adds up to the balance, and the last balance is zero.

    Raises:
        InputError: naming every argument that cannot be used.
    """
    _check(balance, rate, term, payment, rate_steps, interest_only, balloon)
    changes = dict(rate_steps)
    rate = changes.pop(1, rate)
    last = min(term, balloon or term)
    level = exact.payment(balance, rate, term) if payment is None else payment
    rows: list[tuple[int, date, int, int, int, int, int]] = []
    for number in range(1, last + 1):
        if number in changes:
            rate = changes[number]
        if number in changes or (interest_only and number == interest_only + 1):
            level = exact.payment(balance, rate, term - number + 1)
        interest = exact.interest(balance, rate, 1)
        principal = 0 if number <= interest_only else level - interest
        if number == 1 and first_period is not None:
            regular, interest = interest, first_period.interest(balance, rate)
            if first_period.absorb and not interest_only:
                principal -= interest - regular
        if number == last or principal >= balance:
            principal = balance
        balance -= principal
        due = add_months(first_due, number - 1)
        rows.append((number, due, rate, interest + principal, interest, principal, balance))
        if balance == 0:
            break
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def _check(
    balance: int,
    rate: int,
    term: int,
    payment: int | None,
    rate_steps: Sequence[tuple[int, int]],
    interest_only: int,
    balloon: int | None,
) -> None:
    findings = []
    if balance < 0:
        findings.append(f"balance is {balance}; it must be at least 0 cents")
    if rate < 0 or any(step < 0 for _, step in rate_steps):
        findings.append("a rate is below zero; rates are millionths per year, at least 0")
    if term < 1:
        findings.append(f"term is {term}; it must be at least 1 month")
    if payment is not None and payment < 0:
        findings.append(f"payment is {payment}; it must be at least 0 cents")
    starts = [start for start, _ in rate_steps]
    if starts != sorted(set(starts)) or any(not 1 <= start <= term for start in starts):
        findings.append(
            f"rate steps start at installments {starts}; they must rise and lie within 1 to {term}"
        )
    if not 0 <= interest_only < max(term, 1):
        findings.append(
            f"interest_only is {interest_only}; it must leave at least one installment of the term {term}"
        )
    if balloon is not None and not 1 <= balloon <= term:
        findings.append(f"balloon is {balloon}; it must be an installment within 1 to {term}")
    if findings:
        raise InputError("the schedule cannot be computed", findings)
