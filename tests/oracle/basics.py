"""Cents, rates and dates for the oracles: exact integers and fractions, loops instead of formulas.

Money is whole cents (``int``). Rates are percent a year (``Decimal``; strings and integers are converted).
Dates are ``datetime.date``; a date that is known never to have come is ``NEVER``.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

NEVER = date(1900, 1, 1)
"""An event that is known not to have happened. ``None`` means: not known whether it happened."""


# --- numbers --------------------------------------------------------------------------------------


def percent(value: Decimal | str | int) -> Decimal:
    """A rate in percent as ``Decimal``. Raises ``TypeError`` for binary floats."""
    if isinstance(value, (float, bool)):
        raise TypeError(f"a rate must be exact, not {value!r}")
    return Decimal(value)


def cents(dollars: str | int | Decimal) -> int:
    """Whole cents from decimal dollars; ``ValueError`` when there is a fraction of a cent."""
    if isinstance(dollars, (float, bool)):
        raise TypeError(f"money must be exact, not {dollars!r}")
    amount = Decimal(dollars) * 100
    if amount != int(amount):
        raise ValueError(f"{dollars} has a fraction of a cent")
    return int(amount)


def floor(value: Fraction) -> int:
    """The largest integer not above ``value``."""
    return value.numerator // value.denominator


def ceiling(value: Fraction) -> int:
    """The smallest integer not below ``value``."""
    return -(-value.numerator // value.denominator)


def half_up(value: Fraction) -> int:
    """The nearest integer; a half goes away from zero."""
    if value < 0:
        return -half_up(-value)
    return floor(value + Fraction(1, 2))


ROUND = {"half_up": half_up, "floor": floor, "ceiling": ceiling}


def share_percent(
    part: Fraction | int, whole: int = 1, places: int = 2, rounding: str = "half_up"
) -> Decimal:
    """``part / whole`` as percent with ``places`` decimals."""
    scaled = ROUND[rounding](Fraction(part) / whole * 100 * 10**places)
    return Decimal(scaled).scaleb(-places)


# --- loan arithmetic ------------------------------------------------------------------------------


def monthly(rate: Decimal | str | int) -> Fraction:
    """The monthly rate as an exact fraction: percent / 100 / 12."""
    return Fraction(percent(rate)) / 1200


def _ratio(rate: Decimal | str | int) -> tuple[int, int]:
    return monthly(rate).numerator, monthly(rate).denominator


def payment(balance: int, rate: Decimal | str | int, term: int) -> int:
    """Level monthly principal and interest in cents, half-up, for ``term`` months."""
    if term < 1:
        raise ValueError(f"a term of {term} months has no payment")
    p, q = _ratio(rate)
    if p == 0:
        return half_up(Fraction(balance, term))
    grown, plain = int((q + p) ** term), int(q**term)
    numerator, denominator = balance * p * grown, q * (grown - plain)
    return (2 * numerator + denominator) // (2 * denominator)


def present_value(installment: int, rate: Decimal | str | int, term: int, rounding: str = "half_up") -> int:
    """Balance in cents that ``term`` payments pay off, rounded ``half_up`` or ``floor``."""
    p, q = _ratio(rate)
    if p == 0:
        return installment * term
    grown, plain = int((q + p) ** term), int(q**term)
    return ROUND[rounding](Fraction(installment * q * (grown - plain), p * grown))


def months_to_amortize(balance: int, rate: Decimal | str | int, installment: int) -> Decimal | None:
    """Exact (fractional) number of payments that pay ``balance`` off; ``None`` when they never do."""
    i = monthly(rate)
    with localcontext() as context:
        context.prec = 50
        if i == 0:
            return Decimal(balance) / Decimal(installment) if installment > 0 else None
        left = 1 - Fraction(balance) * i / installment if installment > 0 else Fraction(-1)
        if left <= 0:
            return None
        ln_left = Decimal(left.numerator).ln() - Decimal(left.denominator).ln()
        growth = 1 + i
        return -ln_left / (Decimal(growth.numerator).ln() - Decimal(growth.denominator).ln())


def interest(balance: int, rate: Decimal | str | int, months: int) -> int:
    """Simple interest for whole months in cents, rounded once, half-up."""
    return half_up(balance * monthly(rate) * months)


# --- dates ----------------------------------------------------------------------------------------


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later; the last day of the month where that day does not exist."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month0 + 1, min(day.day, calendar.monthrange(year, month0 + 1)[1]))


def whole_months(start: date, end: date) -> int:
    """Whole months from ``start`` to ``end``, counted one by one; 0 when ``end`` comes first."""
    months = 0
    while add_months(start, months + 1) <= end:
        months += 1
    return months


def month_end(day: date) -> date:
    """The last day of the month of ``day``."""
    return add_months(day.replace(day=1), 1) - timedelta(days=1)


def due_dates_until(next_due: date, on: date) -> list[date]:
    """All monthly due dates from ``next_due`` to ``on``, both included."""
    found: list[date] = []
    while add_months(next_due, len(found)) <= on:
        found.append(add_months(next_due, len(found)))
    return found


def months_delinquent(next_due: date, on: date) -> int:
    """Unpaid installments on ``on``: due dates that have come since the oldest unpaid one."""
    return len(due_dates_until(next_due, on))


def bank_holidays(year: int) -> set[date]:
    """Closure days of the Federal Reserve Banks: a Sunday holiday moves to Monday, a Saturday one is lost."""

    def nth(month: int, weekday: int, n: int) -> date:
        days = [date(year, month, d) for d in range(1, calendar.monthrange(year, month)[1] + 1)]
        return [d for d in days if d.weekday() == weekday][n if n < 0 else n - 1]

    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    if year >= 2021:
        fixed.append(date(year, 6, 19))
    moved = {d + timedelta(days=1) if d.weekday() == 6 else d for d in fixed if d.weekday() != 5}
    return moved | {
        nth(1, 0, 3),  # Martin Luther King Jr.
        nth(2, 0, 3),  # Washington's Birthday
        nth(5, 0, -1),  # Memorial Day
        nth(9, 0, 1),  # Labor Day
        nth(10, 0, 2),  # Columbus Day
        nth(11, 3, 4),  # Thanksgiving
    }


def is_business_day(day: date) -> bool:
    """Neither weekend nor closure of the Federal Reserve Bank; Fannie Mae's own closures are not known."""
    return day.weekday() < 5 and day not in bank_holidays(day.year)


def add_business_days(day: date, count: int) -> date:
    """Step ``count`` business days forward (backward when negative); ``day`` itself is not counted."""
    step = timedelta(days=1 if count > 0 else -1)
    left = abs(count)
    while left:
        day += step
        left -= is_business_day(day)
    return day
