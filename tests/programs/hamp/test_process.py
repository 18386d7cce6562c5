"""Clocks of the HAMP process as dates."""

from __future__ import annotations

import datetime

import pytest

from hopenow.errors import CoverageError
from hopenow.programs.hamp import process

DAY = datetime.date


def test_application_clocks() -> None:
    received = DAY(2012, 6, 25)
    # Independence Day is no business day.
    assert process.acknowledge_by(received) == DAY(2012, 7, 10)
    assert process.decide_by(received) == DAY(2012, 7, 25)
    assert process.letter_by(DAY(2012, 7, 25)) == DAY(2012, 8, 8)


def test_dispute_and_sale() -> None:
    notice = DAY(2012, 8, 1)
    assert process.dispute_by(notice) == process.no_sale_until(notice) == DAY(2012, 8, 31)
    sale = DAY(2012, 9, 12)
    # Labor Day, 2012-09-03, lies between.
    assert process.stop_sale_by(sale) == process.certify_sale_from(sale) == DAY(2012, 8, 31)


@pytest.mark.parametrize(
    ("notice", "expected"),
    [
        (DAY(2012, 6, 14), (DAY(2012, 7, 1),)),
        (DAY(2012, 6, 15), (DAY(2012, 7, 1),)),
        (DAY(2012, 6, 16), (DAY(2012, 8, 1), DAY(2012, 7, 1))),
        (DAY(2012, 12, 31), (DAY(2013, 2, 1), DAY(2013, 1, 1))),
    ],
)
def test_trial_dates(notice: DAY, expected: tuple[DAY, ...]) -> None:
    assert process.trial_effective_dates(notice) == expected


def test_permanent_date_and_interim_month() -> None:
    assert process.permanent_from(DAY(2012, 10, 1), 3) == DAY(2013, 1, 1)
    assert process.permanent_from(DAY(2012, 10, 1), 3, interim_month=True) == DAY(2013, 2, 1)


def test_cap_of_a_late_conversion() -> None:
    assert process.late_conversion_cap(DAY(2010, 6, 15), 1_250) == 50_000
    with pytest.raises(CoverageError, match="survey"):
        process.late_conversion_cap(DAY(1960, 1, 1), 1_250)


def test_reports() -> None:
    assert process.setup_report_by(DAY(2012, 9, 1)) == DAY(2012, 9, 7)
    assert process.monthly_report_by(DAY(2012, 7, 20)) == DAY(2012, 8, 6)


@pytest.mark.parametrize("day", [DAY(2009, 4, 5), DAY(2017, 1, 1)])
def test_outside_the_program_is_refused(day: DAY) -> None:
    with pytest.raises(CoverageError, match="HAMP process"):
        process.decide_by(day)
