from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopenow import dates
from hopenow.dates import (
    FEDERAL_OFFICES,
    FEDERAL_RESERVE_BANKS,
    STATUTORY_HOLIDAYS,
    BusinessCalendar,
    HolidayObservance,
    add_months,
    completed_months,
    days_delinquent,
    federal_holidays,
    mba_months,
    months_between,
    ots_months,
    unpaid_installments,
)
from hopenow.errors import CoverageError, InputError

DAYS = st.dates(date(1990, 1, 1), date(2080, 12, 31))
YEARS = range(2014, 2032)
CALENDARS = [STATUTORY_HOLIDAYS, FEDERAL_RESERVE_BANKS, FEDERAL_OFFICES]

PAIRS: list[tuple[Callable[[date, date], int], Callable[..., pl.Expr]]] = [
    (months_between, dates.months_between_expr),
    (completed_months, dates.completed_months_expr),
    (mba_months, dates.mba_months_expr),
    (ots_months, dates.ots_months_expr),
    (days_delinquent, dates.days_delinquent_expr),
    (unpaid_installments, dates.unpaid_installments_expr),
]


def test_months_are_cut_to_the_length_of_the_month() -> None:
    assert add_months(date(2025, 1, 31), 1) == date(2025, 2, 28)
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2025, 12, 15), 1) == date(2026, 1, 15)
    assert add_months(date(2025, 3, 31), -1) == date(2025, 2, 28)
    assert add_months(date(2026, 2, 1), 479) == date(2066, 1, 1)  # first due to maturity of a published case
    with pytest.raises(CoverageError, match="outside the calendar"):
        add_months(date(9999, 12, 1), 1)


def test_two_counts_of_months() -> None:
    assert (
        months_between(date(2025, 1, 31), date(2025, 2, 1)),
        completed_months(date(2025, 1, 31), date(2025, 2, 1)),
    ) == (1, 0)
    assert completed_months(date(2025, 1, 31), date(2025, 2, 27)) == 0
    assert completed_months(date(2025, 1, 31), date(2025, 2, 28)) == 1
    assert completed_months(date(2024, 1, 31), date(2024, 2, 28)) == 0
    assert completed_months(date(2025, 1, 15), date(2025, 1, 14)) == -1


@given(DAYS, st.integers(-1200, 1200))
def test_adding_months_completes_them(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert months_between(day, moved) == months
    assert completed_months(day, moved) == months
    assert completed_months(day, moved - timedelta(days=1)) == months - 1


def test_ends_of_months() -> None:
    assert dates.first_of_month(date(2024, 2, 29)) == date(2024, 2, 1)
    assert dates.first_of_next_month(date(2024, 12, 31)) == date(2025, 1, 1)
    assert dates.month_end(date(2024, 2, 1)) == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("as_of", "mba", "ots", "days", "unpaid"),
    [
        (date(2024, 12, 31), 0, 0, 0, 0),
        (date(2025, 1, 1), 0, 0, 0, 1),
        (date(2025, 1, 30), 0, 0, 29, 1),
        (date(2025, 1, 31), 1, 0, 30, 1),
        (date(2025, 2, 1), 1, 1, 31, 2),
        (date(2025, 2, 28), 2, 1, 58, 2),
        (date(2025, 3, 1), 2, 2, 59, 3),
        (date(2025, 4, 1), 3, 3, 90, 4),
    ],
)
def test_the_table_of_delinquency(as_of: date, mba: int, ots: int, days: int, unpaid: int) -> None:
    due = date(2025, 1, 1)
    counts = (
        mba_months(due, as_of),
        ots_months(due, as_of),
        days_delinquent(due, as_of),
        unpaid_installments(due, as_of),
    )
    assert counts == (mba, ots, days, unpaid)


def test_more_than_120_days_is_first_true_on_due_plus_121() -> None:
    due = date(2025, 1, 1)
    assert days_delinquent(due, date(2025, 5, 1)) == 120
    assert days_delinquent(due, date(2025, 5, 2)) == 121


@pytest.mark.parametrize(("scalar", "expression"), PAIRS, ids=lambda f: f.__name__)
@given(pairs=st.lists(st.tuples(DAYS, st.integers(-70, 900)), min_size=1, max_size=50))
def test_counts_agree_with_their_expressions(
    scalar: Callable[[date, date], int], expression: Callable[..., pl.Expr], pairs: list[tuple[date, int]]
) -> None:
    starts = [day for day, _ in pairs]
    ends = [day + timedelta(days=days) for day, days in pairs]
    frame = pl.DataFrame({"start": starts, "end": ends})
    result = frame.select(expression("start", "end").alias("n"))
    assert result.schema == {"n": pl.Int64}
    assert result["n"].to_list() == [scalar(start, end) for start, end in zip(starts, ends, strict=True)]
    fixed = frame.select(expression(pl.col("start"), ends[0]).alias("n"))["n"].to_list()
    assert fixed == [scalar(start, ends[0]) for start in starts]


@given(st.lists(st.tuples(DAYS, st.integers(-500, 500)), min_size=1, max_size=50))
def test_moves_agree_with_their_expressions(pairs: list[tuple[date, int]]) -> None:
    frame = pl.DataFrame({"day": [day for day, _ in pairs], "n": [n for _, n in pairs]})
    result = frame.select(
        by_column=dates.add_months_expr("day", "n"),
        by_number=dates.add_months_expr("day", -13),
        first=dates.first_of_month_expr("day"),
        following=dates.first_of_next_month_expr("day"),
        last=dates.month_end_expr("day"),
    )
    assert result.rows() == [
        (
            add_months(d, n),
            add_months(d, -13),
            dates.first_of_month(d),
            dates.first_of_next_month(d),
            dates.month_end(d),
        )
        for d, n in pairs
    ]


def test_unknown_dates_stay_unknown() -> None:
    frame = pl.DataFrame(
        {"a": [None, date(2025, 1, 1)], "b": [date(2025, 1, 1), None]}, schema={"a": pl.Date, "b": pl.Date}
    )
    for _, expression in PAIRS:
        assert frame.select(expression("a", "b")).to_series().to_list() == [None, None]
    for business in (
        FEDERAL_RESERVE_BANKS.is_business_day_expr("a", YEARS),
        FEDERAL_RESERVE_BANKS.add_business_days_expr("a", 1, YEARS),
    ):
        assert frame.select(business).to_series().to_list()[0] is None


def test_observance_decides_what_a_weekend_does_to_a_holiday() -> None:
    saturday, friday = date(2026, 7, 4), date(2026, 7, 3)
    assert [calendar.is_business_day(friday) for calendar in CALENDARS] == [True, True, False]
    assert not any(calendar.is_business_day(saturday) for calendar in CALENDARS)
    sunday, monday = date(2027, 7, 4), date(2027, 7, 5)
    assert [calendar.is_business_day(monday) for calendar in CALENDARS] == [True, False, False]
    assert not any(calendar.is_business_day(sunday) for calendar in CALENDARS)


def test_new_year_on_a_saturday_is_observed_in_the_old_year() -> None:
    assert date(2021, 12, 31) in federal_holidays(2021, HolidayObservance.SATURDAY_TO_FRIDAY)
    assert date(2021, 12, 31) not in federal_holidays(2021, HolidayObservance.SUNDAY_TO_MONDAY)
    assert not FEDERAL_OFFICES.is_business_day(date(2021, 12, 31))


def test_eleven_holidays_since_juneteenth() -> None:
    assert len(federal_holidays(2026, HolidayObservance.STATUTORY)) == 11
    assert len(federal_holidays(2020, HolidayObservance.STATUTORY)) == 10


def test_columbus_day_lengthens_the_acknowledgment() -> None:
    assert FEDERAL_RESERVE_BANKS.add_business_days(date(2026, 10, 5), 5) == date(2026, 10, 13)


def test_neighbors() -> None:
    bank = FEDERAL_RESERVE_BANKS
    saturday = date(2026, 10, 10)
    assert bank.next_business_day(saturday) == bank.on_or_after(saturday) == date(2026, 10, 13)
    assert bank.previous_business_day(saturday) == bank.on_or_before(saturday) == date(2026, 10, 9)
    assert bank.on_or_after(date(2026, 10, 9)) == bank.on_or_before(date(2026, 10, 9)) == date(2026, 10, 9)
    assert bank.add_business_days(saturday, 0) == saturday
    assert bank.add_business_days(saturday, -2) == date(2026, 10, 8)


def test_closures_and_weekends_can_be_changed() -> None:
    closed = FEDERAL_RESERVE_BANKS.with_closures([date(2026, 10, 13)])
    assert closed.add_business_days(date(2026, 10, 5), 5) == date(2026, 10, 14)
    assert FEDERAL_RESERVE_BANKS.is_business_day(date(2026, 10, 13))
    saturdays = BusinessCalendar("counter", HolidayObservance.STATUTORY, weekend=frozenset({6}))
    assert saturdays.is_business_day(date(2026, 10, 10))
    with pytest.raises(InputError, match="leave a day to work"):
        BusinessCalendar("never", HolidayObservance.STATUTORY, weekend=frozenset(range(7)))


def test_a_year_without_a_calendar_is_refused() -> None:
    with pytest.raises(CoverageError, match="to 2099-12-31"):
        FEDERAL_RESERVE_BANKS.is_business_day(date(2150, 1, 3))


@pytest.mark.parametrize("calendar", CALENDARS, ids=lambda c: c.name)
@given(day=st.dates(date(2014, 2, 1), date(2031, 10, 1)), count=st.integers(1, 40))
def test_business_days_agree_with_their_expressions(
    calendar: BusinessCalendar, day: date, count: int
) -> None:
    moved = calendar.add_business_days(day, count)
    assert calendar.business_days_between(day, moved) == count
    assert calendar.business_days_between(moved, day) == -count
    assert calendar.add_business_days(moved, -count) == calendar.on_or_before(
        day
    ) or not calendar.is_business_day(day)
    row = pl.DataFrame({"day": [day], "count": [count]}).select(
        is_one=calendar.is_business_day_expr("day", YEARS),
        by_number=calendar.add_business_days_expr("day", count, YEARS),
        by_column=calendar.add_business_days_expr("day", "count", YEARS),
    )
    assert row.rows() == [(calendar.is_business_day(day), moved, moved)]


def test_expressions_are_null_outside_their_years() -> None:
    frame = pl.DataFrame({"day": [date(2013, 12, 30), date(2031, 12, 31), date(2020, 1, 2)]})
    result = frame.select(
        one=FEDERAL_RESERVE_BANKS.is_business_day_expr("day", YEARS),
        moved=FEDERAL_RESERVE_BANKS.add_business_days_expr("day", 1, YEARS),
        zero=FEDERAL_RESERVE_BANKS.add_business_days_expr("day", 0, YEARS),
    )
    assert result.rows() == [(None, None, None), (True, None, None), (True, date(2020, 1, 3), None)]
    with pytest.raises(InputError, match="run of calendar years"):
        FEDERAL_RESERVE_BANKS.is_business_day_expr("day", range(2020, 2020))
