"""Freddie Mac Primary Mortgage Market Survey: weekly average rate of 30-year fixed-rate mortgages."""

from __future__ import annotations

import bisect
import functools
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from hopenow.errors import CoverageError, InputError, ReferenceDataError
from hopenow.reference.parameters import number
from hopenow.reference.tables import (
    PACKAGE_FILES,
    TableInfo,
    Verification,
    decimal_units,
    locate,
    package_file,
    read_series,
    read_text_csv,
    row_findings,
    stamp,
    verification_word,
)

RATE_SCHEMA: Final = {"week": pl.Date, "rate_ppm": pl.Int32}
"""The table: day of the survey's release, and the rate in millionths per year (6.15 % is 61,500)."""

_TABLE: Final = "pmms_30yr"
_DATE_COLUMNS: Final = ("date", "observation_date")
_RATE_COLUMNS: Final = ("pmms30", "mortgage30us", "value")
_LONGEST_STEP_DAYS: Final = 14  # a weekly series with a longer step has lost a week


@dataclass(frozen=True, slots=True)
class SurveyRate:
    """The survey's rate that was the latest one on a day.

    Attributes:
        rate_ppm: millionths per year.
        week: day on which it was released.
        source: publisher and edition.
        verification: how sure it is.
    """

    rate_ppm: int
    week: date
    source: str
    verification: Verification


@dataclass(frozen=True, eq=False)
class SurveySeries:
    """One edition of the series, in order of weeks."""

    info: TableInfo
    weeks: tuple[date, ...]
    rates: tuple[int, ...]

    @property
    def covered_from(self) -> date:
        """The first week."""
        return self.weeks[0]

    @property
    def covered_to(self) -> date:
        """The last day on which the newest week still counts as the latest."""
        return self.weeks[-1] + timedelta(days=number("pmms_last_week_valid_days"))


def read_pmms_csv(path: Path | str, *, first_year: int = 1971) -> pl.DataFrame:
    """Read a weekly file: Freddie Mac's own history or a plain list of dates and percents.

    Three layouts are known, told apart by their header row: Freddie Mac's ``PMMS_history.csv``
    (``date,pmms30,pmms30p,pmms15,...`` with dates like ``1/5/2023``; blank cells), the St. Louis Fed's
    ``MORTGAGE30US`` (``observation_date,MORTGAGE30US``), and ``date,value``. Dates may be ``YYYY-MM-DD`` or
    ``M/D/YYYY``. Weeks without a 30-year rate are left out. Freddie Mac's workbook
    (``historicalweeklydata.xlsx``) is not read: it holds the same figures.

    Args:
        path: the file, plain or gzip.
        first_year: earlier years are left out.

    Returns:
        A frame of :data:`RATE_SCHEMA` sorted by week.

    Raises:
        InputError: the file is in none of these layouts; carries every finding.
    """
    path = Path(path)
    if path.suffix.lower() in {".xls", ".xlsx"}:
        raise InputError(
            f"{path} is a workbook. Use Freddie Mac's PMMS_history.csv, which holds the same series."
        )
    raw = read_text_csv(path, has_header=True)
    names = {name.strip().lstrip("\ufeff").lower(): name for name in raw.columns}
    day = next((names[name] for name in _DATE_COLUMNS if name in names), None)
    rate = next((names[name] for name in _RATE_COLUMNS if name in names), None)
    if day is None or rate is None:
        raise InputError(
            f"{path} has the columns {', '.join(raw.columns[1:])}; "
            "expected a date and pmms30, MORTGAGE30US or value."
        )
    text = pl.col("day_text")
    rows = raw.select(
        "row",
        day_text=pl.col(day).str.strip_chars(),
        rate_text=pl.col(rate).fill_null("").str.strip_chars(),
    ).with_columns(
        week=pl.coalesce(
            text.str.to_date("%Y-%m-%d", strict=False), text.str.to_date("%m/%d/%Y", strict=False)
        ),
        rate_ppm=decimal_units("rate_text", 4),
    )
    rows = rows.filter(~pl.col("rate_text").is_in(["", "."]))
    findings = [
        *row_findings(rows, pl.col("week").is_null(), "is not a date", "day_text"),
        *row_findings(
            rows,
            ~pl.col("rate_ppm").is_between(1, 300_000),
            "is not a percent between 0 and 30 with at most four decimals",
            "rate_text",
        ),
        *row_findings(rows, pl.col("week").is_duplicated(), "is given twice", "day_text"),
    ]
    if not rows.height:
        findings.append("the file has no rates")
    ordered = rows.sort("week")
    step = (pl.col("week") - pl.col("week").shift(1)).dt.total_days().fill_null(0)
    findings += row_findings(
        ordered, step > _LONGEST_STEP_DAYS, "comes more than two weeks after the rate before it", "day_text"
    )
    if findings:
        raise InputError(f"{path} is not a weekly series of mortgage rates:", findings)
    return ordered.filter(pl.col("week").dt.year() >= first_year).select(
        "week", pl.col("rate_ppm").cast(pl.Int32)
    )


def survey_series(directory: Path | str | None = None) -> SurveySeries:
    """Return the series in use: the user's file where there is one, else the package's.

    Args:
        directory: the user's folder of newer files (see :mod:`hopenow.reference.tables`).

    Raises:
        ReferenceDataError: the folder or a table is damaged.
        InputError: the user's file is in no known layout.
    """
    path = locate(_TABLE, directory)
    return _load(path, stamp(path))


@functools.lru_cache(maxsize=4)
def _load(path: Path | None, _stamp: tuple[int, int]) -> SurveySeries:
    if path is not None and path.suffix.lower() != ".parquet":
        frame = read_pmms_csv(path)
        metadata = {
            "title": "Average rate of 30-year fixed-rate mortgages, weekly",
            "unit": "millionths per year",
            "source": "Freddie Mac Primary Mortgage Market Survey (freddiemac.com/pmms)",
            "edition": f"file {path.name}, through {frame['week'].to_list()[-1]}",
            "verification": "verified" if path.name.lower() == "pmms_history.csv" else "secondary",
        }
    else:
        frame, metadata = read_series(path or package_file(PACKAGE_FILES[_TABLE]))
    where = str(path or _TABLE)
    check_rate_frame(frame, where)
    weeks, rates = tuple(frame["week"].to_list()), tuple(frame["rate_ppm"].to_list())
    info = TableInfo(
        id=_TABLE,
        title=metadata["title"],
        unit=metadata["unit"],
        source=metadata["source"],
        edition=metadata["edition"],
        verification=(verification_word(metadata["verification"], where),),
        first=weeks[0],
        last=weeks[-1],
        rows=len(weeks),
        origin="package" if path is None else str(path),
        note=metadata.get("note", ""),
    )
    return SurveySeries(info, weeks, rates)


def check_rate_frame(frame: pl.DataFrame, where: str) -> None:
    """Refuse a frame that is not of :data:`RATE_SCHEMA`, or is not a weekly series in order.

    Raises:
        ReferenceDataError: wrong columns or types, no rows, nulls, rates that are not positive, or weeks out
            of order.
    """
    if dict(frame.schema) != RATE_SCHEMA:
        raise ReferenceDataError(f"{where} has the columns {dict(frame.schema)}; expected {RATE_SCHEMA}.")
    if not frame.height:
        raise ReferenceDataError(f"{where} has no rows.")
    step = (pl.col("week") - pl.col("week").shift(1)).dt.total_days()
    bad = frame.filter(
        pl.col("week").is_null()
        | (pl.col("rate_ppm").fill_null(0) <= 0)
        | ~step.is_between(1, _LONGEST_STEP_DAYS).fill_null(value=True)
    )
    if bad.height:
        raise ReferenceDataError(f"{where} has {bad.height} unusable rows, the first being {bad.row(0)}.")


def pmms_rate(day: date, directory: Path | str | None = None) -> SurveyRate:
    """Return the latest weekly 30-year fixed rate released on or before a day.

    Args:
        day: the day asked for.
        directory: the user's folder of newer files.

    Raises:
        CoverageError: the day lies before the first week, or so far past the last that a newer one must
            exist.
    """
    series = survey_series(directory)
    position = bisect.bisect_right(series.weeks, day) - 1
    if position < 0 or day > series.covered_to:
        raise CoverageError(
            "The weekly mortgage rate survey",
            asked=day,
            covered_from=series.covered_from,
            covered_to=series.covered_to,
            hint=f"In use: {series.info.edition}. A newer PMMS_history.csv may reach farther.",
        )
    source = f"{series.info.source}; {series.info.edition}"
    return SurveyRate(series.rates[position], series.weeks[position], source, series.info.verification[0])


def lowest_pmms_rate(first: date, last: date, directory: Path | str | None = None) -> SurveyRate:
    """Return the lowest weekly rate that was the latest one on any day from ``first`` to ``last``.

    Args:
        first: first day of the window.
        last: last day of the window, not before ``first``.
        directory: the user's folder of newer files.

    Raises:
        CoverageError: the window is not wholly covered.
    """
    start = pmms_rate(first, directory)
    pmms_rate(last, directory)
    series = survey_series(directory)
    low = bisect.bisect_left(series.weeks, start.week)
    high = bisect.bisect_right(series.weeks, last)
    position = min(range(low, high), key=lambda i: series.rates[i])
    return SurveyRate(series.rates[position], series.weeks[position], start.source, start.verification)
