"""Weekly mortgage rate survey: the table, its loader, and the latest rate on a day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopenow.errors import CoverageError, InputError, ReferenceDataError
from hopenow.reference import lowest_pmms_rate, pmms_rate, read_pmms_csv, reference_folder, survey_series
from hopenow.reference.mortgage_rates import RATE_SCHEMA, check_rate_frame
from hopenow.reference.tables import package_file

OWN_LAYOUT = (
    "date,pmms30,pmms30p,pmms15,pmms15p,pmms51,pmms51p,pmms51m,pmms51spread\n"
    "12/29/2022,6.42,0.8,5.68,0.8,5.52,0.3,,\n"
    "1/5/2023,6.48, ,5.73,,,,,\n"
    "1/12/2023, ,,,,,,,\n"
    "1/19/2023,6.15,,5.28,,,,,\n"
)


def test_package_table_has_the_schema() -> None:
    frame = pl.read_parquet(package_file("pmms_30yr.parquet"))
    check_rate_frame(frame, "pmms_30yr")
    assert frame["week"].to_list()[0] == date(2000, 1, 7)
    assert frame["rate_ppm"].is_between(20_000, 100_000).all()


def test_figures_agree_with_the_publisher(shared: Path) -> None:
    published = read_pmms_csv(shared / "data" / "pmms_30yr_weekly.csv", first_year=2000)
    assert published.equals(pl.read_parquet(package_file("pmms_30yr.parquet")))


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        (date(2012, 11, 21), 33_100),  # the low of 2012, as the press reported it
        (date(2021, 1, 7), 26_500),  # lowest of all
        (date(2021, 1, 13), 26_500),  # the day before the next survey
        (date(2023, 10, 26), 77_900),  # highest in two decades
    ],
)
def test_well_known_weeks(day: date, rate: int) -> None:
    assert pmms_rate(day).rate_ppm == rate


def test_the_answer_names_week_edition_and_verification() -> None:
    answer = pmms_rate(date(2021, 1, 9))
    assert answer.week == date(2021, 1, 7)
    assert "Freddie Mac" in answer.source
    assert "2025-12-31" in answer.source
    assert answer.verification == "secondary"


def test_the_day_before_the_first_and_after_the_last_are_refused() -> None:
    series = survey_series()
    assert pmms_rate(series.covered_from).week == series.weeks[0]
    assert pmms_rate(series.covered_to).week == series.weeks[-1]
    assert series.covered_to == date(2026, 1, 6)
    for day in (series.covered_from - timedelta(days=1), series.covered_to + timedelta(days=1)):
        with pytest.raises(CoverageError, match="covered: 2000-01-07 to 2026-01-06") as caught:
            pmms_rate(day)
        assert caught.value.asked == day


@given(st.dates(date(2000, 1, 7), date(2026, 1, 6)))
def test_the_latest_week_is_never_after_the_day_nor_old(day: date) -> None:
    age = (day - pmms_rate(day).week).days
    assert 0 <= age <= 14


@given(st.dates(date(2000, 3, 1), date(2026, 1, 6)), st.integers(0, 50))
def test_lowest_is_the_least_of_every_day(last: date, days: int) -> None:
    first = last - timedelta(days=days)
    each = [pmms_rate(first + timedelta(days=i)).rate_ppm for i in range(days + 1)]
    assert lowest_pmms_rate(first, last).rate_ppm == min(each)


def test_freddie_macs_own_layout(tmp_path: Path) -> None:
    (tmp_path / "PMMS_history.csv").write_text(OWN_LAYOUT)
    answer = pmms_rate(date(2023, 1, 18), tmp_path)
    assert (answer.rate_ppm, answer.week, answer.verification) == (64_800, date(2023, 1, 5), "verified")
    assert survey_series(tmp_path).info.edition == "file PMMS_history.csv, through 2023-01-19"


def test_a_folder_counts_for_everything_within_its_block(tmp_path: Path) -> None:
    (tmp_path / "PMMS_history.csv").write_text(OWN_LAYOUT)
    day = date(2023, 1, 18)
    before = pmms_rate(day)
    with reference_folder(tmp_path):
        assert pmms_rate(day) == pmms_rate(day, tmp_path)
        with reference_folder(None):
            assert pmms_rate(day) == pmms_rate(day, tmp_path)
    assert pmms_rate(day) == before != pmms_rate(day, tmp_path)


def test_the_st_louis_feds_layout(tmp_path: Path) -> None:
    (tmp_path / "MORTGAGE30US.csv").write_text(
        "observation_date,MORTGAGE30US\n2023-01-05,6.48\n2023-01-12,.\n"
    )
    assert pmms_rate(date(2023, 1, 6), tmp_path).verification == "secondary"
    assert survey_series(tmp_path).info.rows == 1


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("week,rate\n1/5/2023,6.48\n", "has the columns week, rate"),
        ("date,value\n5 Jan 2023,6.48\n", "row 2: '5 Jan 2023' is not a date"),
        ("date,value\n2023-01-05,0.6.4\n", "row 2: '0.6.4' is not a percent"),
        ("date,value\n2023-01-05,648\n", "row 2: '648' is not a percent"),
        ("date,value\n2023-01-05,6.4\n2023-01-05,6.5\n", "row 3: '2023-01-05' is given twice"),
        (
            "date,value\n2023-01-05,6.4\n2023-01-26,6.5\n",
            "row 3: '2023-01-26' comes more than two weeks after",
        ),
        ("date,value\n2023-01-05,\n", "the file has no rates"),
    ],
)
def test_a_bad_file_is_refused_with_its_row(tmp_path: Path, text: str, finding: str) -> None:
    path = tmp_path / "pmms_30yr.csv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_pmms_csv(path)
    assert finding in str(caught.value)


def test_a_workbook_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"PMMS_history\.csv"):
        read_pmms_csv(tmp_path / "historicalweeklydata.xlsx")


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"week": [date(2020, 1, 2)]}),
        pl.DataFrame(schema=RATE_SCHEMA),
        pl.DataFrame([(date(2020, 1, 2), 0)], schema=RATE_SCHEMA, orient="row"),
        pl.DataFrame([(date(2020, 1, 9), 1), (date(2020, 1, 2), 1)], schema=RATE_SCHEMA, orient="row"),
        pl.DataFrame([(date(2020, 1, 2), 1), (date(2020, 2, 2), 1)], schema=RATE_SCHEMA, orient="row"),
    ],
    ids=["columns", "empty", "zero", "order", "lost weeks"],
)
def test_an_unusable_table_is_refused(frame: pl.DataFrame) -> None:
    with pytest.raises(ReferenceDataError, match="here"):
        check_rate_frame(frame, "here")
