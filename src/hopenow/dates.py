"""Months between, day counting, delinquency counts and business days.

Every count is given twice: for one pair of ``datetime.date`` values, and as a Polars expression
(``*_expr``) over Date columns, null where a date is null. Both agree on every pair (the tests say so).

The delinquency counters all start from the **next due date**, the due date of the oldest unpaid
installment, and look at the loan at the **end** of the as-of day. They are different numbers; never mix
them, and store which one is meant. For a loan whose January 1 installment is unpaid (and a year that is not
a leap year):

=========== === === ==== =================== =====================================
as of       MBA OTS days unpaid installments why
=========== === === ==== =================== =====================================
January 1   0   0   0    1                   due, and not received that day
January 30  0   0   29   1
January 31  1   0   30   1                   MBA: the day before the next due date
February 1  1   1   31   2                   OTS: the corresponding day
February 28 2   1   58   2
March 1     2   2   59   3
=========== === === ==== =================== =====================================

Due dates are the next due date plus whole months, the day cut to the length of the month. A loan due on the
31st whose next due date falls in a shorter month has lost its day; nearly all loans are due on the first,
where this cannot matter.
"""

from __future__ import annotations

import calendar
import enum
import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

import holidays
import polars as pl

from hopenow.errors import CoverageError, InputError

__all__ = [
    "FEDERAL_OFFICES",
    "FEDERAL_RESERVE_BANKS",
    "STATUTORY_HOLIDAYS",
    "BusinessCalendar",
    "BusinessDayTable",
    "HolidayObservance",
    "add_months",
    "add_months_expr",
    "completed_months",
    "completed_months_expr",
    "days_delinquent",
    "days_delinquent_expr",
    "federal_holidays",
    "first_of_month",
    "first_of_month_expr",
    "first_of_next_month",
    "first_of_next_month_expr",
    "mba_months",
    "mba_months_expr",
    "month_end",
    "month_end_expr",
    "months_between",
    "months_between_expr",
    "ots_months",
    "ots_months_expr",
    "unpaid_installments",
    "unpaid_installments_expr",
]

Column = str | pl.Expr


def _expr(column: Column | date) -> pl.Expr:
    if isinstance(column, date):
        return pl.lit(column, dtype=pl.Date)
    return pl.col(column) if isinstance(column, str) else column


# ----------------------------------------------------------------------------------------------------
# Months
# ----------------------------------------------------------------------------------------------------
def add_months(day: date, months: int) -> date:
    """Move a date by whole months; a day that the month lacks becomes its last (January 31 to February 28).

    Raises:
        CoverageError: the result lies outside the years 1 to 9999.
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if not date.min.year <= year <= date.max.year:
        raise CoverageError(f"{day} moved by {months} months lies outside the calendar")
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_between(start: date, end: date) -> int:
    """Months from one calendar month to another, whatever the days: the difference of installment numbers.

    January 31 to February 1 is 1. Use :func:`completed_months` for time that has fully passed.
    """
    return (end.year - start.year) * 12 + end.month - start.month


def completed_months(start: date, end: date) -> int:
    """Whole months that have passed; negative before the start.

    The largest n with ``add_months(start, n) <= end``: January 31 to February 27 is 0, to
    February 28 (no leap year) it is 1; January 15 to January 14 is -1.
    """
    months = months_between(start, end)
    last = calendar.monthrange(end.year, end.month)[1]
    return months - (min(start.day, last) > end.day)


def first_of_month(day: date) -> date:
    """First day of the month that the date lies in."""
    return day.replace(day=1)


def first_of_next_month(day: date) -> date:
    """First day of the month after the one that the date lies in."""
    return add_months(day.replace(day=1), 1)


def month_end(day: date) -> date:
    """Last day of the month that the date lies in."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def add_months_expr(day: Column | date, months: int | str | pl.Expr) -> pl.Expr:
    """:func:`add_months` over columns: Date moved by an integer, a column or an expression."""
    if isinstance(months, int):
        return _expr(day).dt.offset_by(f"{months}mo")
    return _expr(day).dt.offset_by(pl.format("{}mo", _expr(months)))


def months_between_expr(start: Column | date, end: Column | date) -> pl.Expr:
    """:func:`months_between` over columns, Int64."""
    first, last = _expr(start), _expr(end)
    years = last.dt.year().cast(pl.Int64) - first.dt.year()
    return years * 12 + last.dt.month().cast(pl.Int64) - first.dt.month()


def completed_months_expr(start: Column | date, end: Column | date) -> pl.Expr:
    """:func:`completed_months` over columns, Int64."""
    first, last = _expr(start), _expr(end)
    # The day is not reached when it comes after the end's day, unless the end is the last day of its month.
    short = (first.dt.day() > last.dt.day()) & (last != last.dt.month_end())
    return months_between_expr(first, last) - short.cast(pl.Int64)


def first_of_month_expr(day: Column | date) -> pl.Expr:
    """:func:`first_of_month` over a column."""
    return _expr(day).dt.month_start()


def first_of_next_month_expr(day: Column | date) -> pl.Expr:
    """:func:`first_of_next_month` over a column."""
    return _expr(day).dt.month_start().dt.offset_by("1mo")


def month_end_expr(day: Column | date) -> pl.Expr:
    """:func:`month_end` over a column."""
    return _expr(day).dt.month_end()


# ----------------------------------------------------------------------------------------------------
# Delinquency
# ----------------------------------------------------------------------------------------------------
def mba_months(next_due: date, as_of: date) -> int:
    """Months delinquent by the Mortgage Bankers Association's method, at the end of the as-of day.

    An installment is 30 days delinquent (one month) when it has not been received by the end of the day
    before the next due date. Due January 1 and unpaid: 1 from January 31, 2 from the last day of February.

    Args:
        next_due: due date of the oldest unpaid installment.
        as_of: the day looked at, its end.

    Returns:
        Months, 0 when the installment is not yet due.
    """
    return max(completed_months(next_due, as_of + timedelta(days=1)), 0)


def ots_months(next_due: date, as_of: date) -> int:
    """Months delinquent by the Office of Thrift Supervision's method, at the end of the as-of day.

    An installment is 30 days delinquent (one month) when it has not been received by the close of business
    on the corresponding day of the following month. Due January 1 and unpaid: 1 from February 1, so a
    report as of January 31, which shows one month by the MBA method, shows none by this one.

    Args:
        next_due: due date of the oldest unpaid installment.
        as_of: the day looked at, its end.

    Returns:
        Months, 0 when the installment is not yet due.
    """
    return max(completed_months(next_due, as_of), 0)


def days_delinquent(next_due: date, as_of: date) -> int:
    """Calendar days since the oldest unpaid due date, as Regulation X counts (12 CFR 1024.31).

    The due date itself is 0 and the day after it 1: due January 1, 30 on January 31 and, without a leap
    year, 90 on April 1. "More than 120 days delinquent" is first true on the due date plus 121 days.

    Args:
        next_due: due date of the oldest unpaid installment.
        as_of: the day looked at.

    Returns:
        Days, 0 when the installment is not yet due.
    """
    return max((as_of - next_due).days, 0)


def unpaid_installments(next_due: date, as_of: date) -> int:
    """Installments due on or before the as-of day and not paid: what it takes to bring the loan current.

    Args:
        next_due: due date of the oldest unpaid installment.
        as_of: the day looked at; an installment due on it counts.

    Returns:
        Installments, 0 when the oldest unpaid one is not yet due.
    """
    return max(completed_months(next_due, as_of) + 1, 0) if as_of >= next_due else 0


def mba_months_expr(next_due: Column | date, as_of: Column | date) -> pl.Expr:
    """:func:`mba_months` over columns, Int64."""
    return _at_least_zero(completed_months_expr(next_due, _expr(as_of).dt.offset_by("1d")))


def ots_months_expr(next_due: Column | date, as_of: Column | date) -> pl.Expr:
    """:func:`ots_months` over columns, Int64."""
    return _at_least_zero(completed_months_expr(next_due, as_of))


def days_delinquent_expr(next_due: Column | date, as_of: Column | date) -> pl.Expr:
    """:func:`days_delinquent` over columns, Int64."""
    return _at_least_zero((_expr(as_of) - _expr(next_due)).dt.total_days())


def unpaid_installments_expr(next_due: Column | date, as_of: Column | date) -> pl.Expr:
    """:func:`unpaid_installments` over columns, Int64."""
    return _at_least_zero(completed_months_expr(next_due, as_of) + 1)


def _at_least_zero(count: pl.Expr) -> pl.Expr:
    return count.clip(lower_bound=0)


# ----------------------------------------------------------------------------------------------------
# Business days
# ----------------------------------------------------------------------------------------------------
class HolidayObservance(enum.Enum):
    """On which day a federal holiday counts when it falls on a weekend."""

    STATUTORY = "statutory"
    """Only on its own date; nothing moves."""
    SUNDAY_TO_MONDAY = "sunday_to_monday"
    """A Sunday holiday moves to Monday, a Saturday holiday is lost: the Federal Reserve Banks."""
    SATURDAY_TO_FRIDAY = "saturday_to_friday"
    """As above, and a Saturday holiday moves to Friday: federal offices."""


@functools.cache
def federal_holidays(year: int, observance: HolidayObservance) -> frozenset[date]:
    """Days of a year that count as federal holidays.

    A holiday of January 1 next year that is observed on December 31 belongs to this year.

    Args:
        year: calendar year.
        observance: what happens to a holiday on a weekend.

    Raises:
        CoverageError: the year lies outside what the ``holidays`` library knows.
    """
    days = holidays.country_holidays("US", years=[year, year + 1], observed=False)
    first, last = days.start_year + 1, days.end_year - 1
    if not first <= year <= last:
        raise CoverageError(
            f"federal holidays are not known for {year}", None, date(first, 1, 1), date(last, 12, 31)
        )
    moved = (_observed(day, observance) for day in days)
    return frozenset(day for day in moved if day.year == year)


def _observed(day: date, observance: HolidayObservance) -> date:
    saturday, sunday = day.weekday() == 5, day.weekday() == 6
    if sunday and observance is not HolidayObservance.STATUTORY:
        return day + timedelta(days=1)
    if saturday and observance is HolidayObservance.SATURDAY_TO_FRIDAY:
        return day - timedelta(days=1)
    return day


@dataclass(frozen=True)
class BusinessCalendar:
    """Which days are business days.

    Attributes:
        name: words for a trace or a message.
        observance: what happens to a federal holiday on a weekend.
        closures: further days that do not count, for example an office closed for a storm.
        weekend: weekdays that never count, Monday is 0.
    """

    name: str
    observance: HolidayObservance
    closures: frozenset[date] = frozenset()
    weekend: frozenset[int] = field(default=frozenset({5, 6}))

    def __post_init__(self) -> None:
        if not self.weekend < frozenset(range(7)):
            raise InputError(
                f"weekend {sorted(self.weekend)} must be weekdays 0 to 6 and leave a day to work"
            )

    def with_closures(self, days: Iterable[date]) -> BusinessCalendar:
        """Return this calendar with further closure days."""
        return BusinessCalendar(self.name, self.observance, self.closures | frozenset(days), self.weekend)

    def is_holiday(self, day: date) -> bool:
        """Whether the day is a federal holiday or a closure, weekends aside."""
        return day in self.closures or day in federal_holidays(day.year, self.observance)

    def is_business_day(self, day: date) -> bool:
        """Whether the day counts.

        Raises:
            CoverageError: the year is outside the holiday calendar.
        """
        return not self.is_holiday(day) and day.weekday() not in self.weekend

    def next_business_day(self, day: date) -> date:
        """First business day after the day."""
        return self.add_business_days(day, 1)

    def previous_business_day(self, day: date) -> date:
        """Last business day before the day."""
        return self.add_business_days(day, -1)

    def on_or_after(self, day: date) -> date:
        """The day itself when it is a business day, else the next one."""
        return day if self.is_business_day(day) else self.next_business_day(day)

    def on_or_before(self, day: date) -> date:
        """The day itself when it is a business day, else the previous one."""
        return day if self.is_business_day(day) else self.previous_business_day(day)

    def add_business_days(self, day: date, count: int) -> date:
        """Move by business days; the starting day is day 0 and is never counted, business day or not.

        Five days from Monday 2026-10-05 by the Federal Reserve Banks' calendar is 2026-10-13: Columbus Day,
        the 12th, is left out. A count of 0 returns the day unchanged.
        """
        step = timedelta(days=1 if count > 0 else -1)
        for _ in range(abs(count)):
            day += step
            while not self.is_business_day(day):
                day += step
        return day

    def business_days_between(self, start: date, end: date) -> int:
        """Business days after the start up to and including the end; negative when the end comes first."""
        if end < start:
            return -self.business_days_between(end, start)
        days = (start + timedelta(days=n) for n in range(1, (end - start).days + 1))
        return sum(map(self.is_business_day, days))

    def is_business_day_expr(self, day: Column, years: range) -> pl.Expr:
        """:meth:`is_business_day` over a Date column; null outside the years.

        Args:
            day: column or expression.
            years: calendar years covered, contiguous.
        """
        source = _expr(day)
        off = pl.lit(self._holidays(years), dtype=pl.List(pl.Date))
        weekend = pl.lit([weekday + 1 for weekday in sorted(self.weekend)], dtype=pl.List(pl.Int8))
        counts = ~source.dt.weekday().is_in(weekend) & ~source.is_in(off)
        return pl.when(source.dt.year().is_between(years.start, years.stop - 1)).then(counts)

    def add_business_days_expr(self, day: Column, count: int | Column, years: range) -> pl.Expr:
        """:meth:`add_business_days` over a Date column; null when start or result lie outside the years.

        Args:
            day: column or expression.
            count: business days, at least 1; a number, column or expression.
            years: calendar years covered, contiguous.
        """
        source = _expr(day)
        number = pl.lit(count) if isinstance(count, int) else _expr(count)
        result = source.dt.add_business_days(
            number,
            week_mask=[weekday not in self.weekend for weekday in range(7)],
            holidays=self._holidays(years),
            # A start that is no business day counts as the business day before it, so that day 1 is the
            # next one.
            roll="backward",
        )
        covered = [end.dt.year().is_between(years.start, years.stop - 1) for end in (source, result)]
        return pl.when(*covered, number >= 1).then(result)

    def _holidays(self, years: range) -> list[date]:
        if years.step != 1 or not years:
            raise InputError(f"{years} must be a run of calendar years, such as range(2014, 2031)")
        days = set().union(*(federal_holidays(year, self.observance) for year in years))
        return sorted(days | self.closures)


class BusinessDayTable:
    """A calendar's business days over a run of years, as tables: an addition is two look-ups.

    Days are ordinals (``date.toordinal()``), so that a million clocks need no date objects. Agrees with
    :meth:`BusinessCalendar.add_business_days` on every day.

    Args:
        calendar: which days count.
        years: calendar years covered, contiguous.

    Raises:
        InputError: the years are no run of calendar years.
        CoverageError: a year lies outside the holiday calendar.
    """

    __slots__ = ("_before", "_days", "_first", "_last", "calendar")

    def __init__(self, calendar: BusinessCalendar, years: range) -> None:
        off = {day.toordinal() for day in calendar._holidays(years)}
        self.calendar = calendar
        self._first = date(years.start, 1, 1).toordinal()
        self._last = date(years.stop - 1, 12, 31).toordinal()
        # Ordinal 1 is a Monday, so (ordinal - 1) % 7 is the weekday with Monday as 0.
        self._days: list[int] = []
        # How many business days lie on or before each day of the run.
        self._before: list[int] = []
        for day in range(self._first, self._last + 1):
            if (day - 1) % 7 not in calendar.weekend and day not in off:
                self._days.append(day)
            self._before.append(len(self._days))

    def add(self, day: int, count: int) -> int:
        """Return the ordinal of the count-th business day after a day; the day itself is day 0.

        Args:
            day: ordinal, business day or not.
            count: at least 1.

        Raises:
            CoverageError: start or result lie outside the years.
        """
        if self._first <= day <= self._last and count > 0:
            index = self._before[day - self._first] + count - 1
            if index < len(self._days):
                return self._days[index]
        raise self._outside(day)

    def on_or_before(self, day: int) -> int:
        """Return the day itself when it is a business day, else the one before it.

        Raises:
            CoverageError: the day lies outside the years, or no business day of them comes before it.
        """
        if self._first <= day <= self._last and (index := self._before[day - self._first]):
            return self._days[index - 1]
        raise self._outside(day)

    def between(self, start: int, end: int) -> int:
        """Business days after the start up to and including the end, both ordinals, start first.

        Raises:
            CoverageError: a day lies outside the years.
        """
        for day in (start, end):
            if not self._first <= day <= self._last:
                raise self._outside(day)
        return self._before[end - self._first] - self._before[start - self._first]

    def _outside(self, day: int) -> CoverageError:
        first, last = date.fromordinal(self._first), date.fromordinal(self._last)
        asked = date.fromordinal(min(max(day, 1), date.max.toordinal()))
        return CoverageError(f"the table of {self.calendar.name}", asked, first, last)


STATUTORY_HOLIDAYS = BusinessCalendar("statutory federal holidays", HolidayObservance.STATUTORY)
"""Holidays on their own dates only: the earliest deadline where a rule is silent on observed days."""
FEDERAL_RESERVE_BANKS = BusinessCalendar("Federal Reserve Banks", HolidayObservance.SUNDAY_TO_MONDAY)
"""Days on which the Federal Reserve Bank of New York is open; for Fannie Mae add its own closures."""
FEDERAL_OFFICES = BusinessCalendar("federal offices", HolidayObservance.SATURDAY_TO_FRIDAY)
"""Days on which federal offices are open."""
