"""Dates of the HAMP process, worked out from the clocks in ``process.yaml``; a due day is still in time."""

from __future__ import annotations

import datetime
import functools

from hopenow.dates import (
    FEDERAL_RESERVE_BANKS,
    STATUTORY_HOLIDAYS,
    BusinessCalendar,
    add_months,
    first_of_month,
    first_of_next_month,
)
from hopenow.errors import CoverageError
from hopenow.law import Parameters, Segment, segments
from hopenow.programs.hamp.common import NAME, law
from hopenow.reference import survey_series

_DAY = datetime.timedelta(days=1)
_CALENDARS = {"statutory": STATUTORY_HOLIDAYS, "federal_reserve_banks": FEDERAL_RESERVE_BANKS}


@functools.cache
def _segments() -> tuple[Segment, ...]:
    return tuple(segments(law("process"), NAME))


def on(day: datetime.date) -> Parameters:
    """Return the clocks in force on a day.

    Raises:
        CoverageError: the program did not exist on that day.
    """
    found = _segments()
    for item in found:
        if item.start <= day <= item.end:
            return item.parameters
    raise CoverageError("HAMP process", day, found[0].start, found[-1].end)


def _calendar(p: Parameters) -> BusinessCalendar:
    return _CALENDARS[p.word("business_calendar")]


def acknowledge_by(received: datetime.date) -> datetime.date:
    """Return the last day to acknowledge the first package."""
    p = on(received)
    return _calendar(p).add_business_days(received, p["acknowledge_days"])


def decide_by(received: datetime.date) -> datetime.date:
    """Return the last day for a trial, a denial or a notice of what is missing."""
    return received + on(received)["decide_days"] * _DAY


def letter_by(decided: datetime.date) -> datetime.date:
    """Return the last day for the letter after a decision."""
    p = on(decided)
    return _calendar(p).add_business_days(decided, p["letter_days"])


def dispute_by(notice: datetime.date) -> datetime.date:
    """Return the last day to dispute inputs of the value test."""
    return notice + on(notice)["dispute_days"] * _DAY


def no_sale_until(notice: datetime.date) -> datetime.date:
    """Return the last day on which a non-approval notice forbids a sale."""
    return notice + on(notice)["no_sale_days"] * _DAY


def stop_sale_by(sale: datetime.date) -> datetime.date:
    """Return the last day on which a request stops a scheduled sale."""
    p = on(sale)
    return _calendar(p).add_business_days(sale, -p["sale_request_days"])


def certify_sale_from(sale: datetime.date) -> datetime.date:
    """Return the first day on which the certification before a sale may be given."""
    p = on(sale)
    return _calendar(p).add_business_days(sale, -p["sale_certificate_days"])


def trial_effective_dates(notice: datetime.date) -> tuple[datetime.date, ...]:
    """Return the allowed first days of the trial; a second one (the earlier) needs the borrower's consent."""
    following = first_of_next_month(notice)
    if notice.day <= on(notice)["notice_by_day"]:
        return (following,)
    return (add_months(following, 1), following)


def permanent_from(trial_effective: datetime.date, trial_months: int, interim_month: bool = False) -> datetime.date:
    """Return the modification effective date: after the last trial month, one month later with the interim month."""
    return add_months(trial_effective, trial_months + (1 if interim_month else 0))


def late_conversion_cap(effective: datetime.date, step: int, issue: int | None = None) -> int:
    """Return the rate cap (millionths) of a conversion that was late by the servicer's fault.

    The first survey rate issued in the month before the effective date, rounded to the nearest step.

    Args:
        effective: modification effective date.
        step: rate step, millionths.
        issue: that survey rate, where it is known; else it is looked up.

    Raises:
        CoverageError: the series has no rate of that month.
    """
    if issue is None:
        issue = _first_issue(add_months(first_of_month(effective), -1))
    return (2 * issue + step) // (2 * step) * step


def _first_issue(month: datetime.date) -> int:
    series = survey_series()
    for week, rate in zip(series.weeks, series.rates, strict=True):
        if first_of_month(week) == month:
            return rate
    raise CoverageError("The weekly mortgage rate survey", month, series.covered_from, series.covered_to)


def setup_report_by(effective: datetime.date) -> datetime.date:
    """Return the last day to report the set-up of a loan: in the month of its effective date."""
    return _business_day_of(first_of_month(effective), on(effective))


def monthly_report_by(activity: datetime.date) -> datetime.date:
    """Return the last day to report a month's activity: in the month after it."""
    return _business_day_of(first_of_next_month(activity), on(activity))


def _business_day_of(month: datetime.date, p: Parameters) -> datetime.date:
    return _calendar(p).add_business_days(month - _DAY, p["report_business_day"])
