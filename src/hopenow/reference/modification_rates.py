"""Posted modification interest rate of Fannie Mae and Freddie Mac: what is known, when, and how surely.

The rate is known only in runs, with gaps between them. A date in a gap is refused with the covered ranges; no
neighboring rate is used and nothing is interpolated. For a caller whose answer does not depend on the exact
rate there is a lower bound (:func:`modification_rate_floor`) that rests on the weekly mortgage rate survey.
"""

from __future__ import annotations

import bisect
import datetime as dt
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal

import polars as pl
from pydantic import Field

from hopenow.errors import CoverageError, InputError, ReferenceDataError
from hopenow.reference.mortgage_rates import lowest_pmms_rate
from hopenow.reference.parameters import day as day_parameter
from hopenow.reference.parameters import number
from hopenow.reference.tables import (
    PACKAGE_FILES,
    VERIFICATION,
    VERIFICATION_WORDS,
    StrictModel,
    TableInfo,
    Verification,
    decimal_units,
    locate,
    package_file,
    read_text_csv,
    read_yaml,
    row_findings,
    stamp,
    verification_word,
)

_TABLE: Final = "modification_rates"
_SUBJECT: Final = "The posted modification interest rate"
_CSV_COLUMNS: Final = ("effective_from", "rate_percent", "source", "verification")

_Percent = Annotated[str, Field(pattern=r"^\d{1,2}\.\d{3}$")]


class _Source(StrictModel):
    citation: str
    address: str
    verification: Verification


class _Run(StrictModel):
    source: str
    covered_to: date | None
    rates: Annotated[dict[date, _Percent], Field(min_length=1)]


class _Observation(StrictModel):
    date: dt.date
    precision: Literal["day", "month"]
    begins: bool
    rate: _Percent
    says: str
    source: str


class _Table(StrictModel):
    title: str
    unit: Literal["percent per year"]
    edition: str
    note: str
    sources: dict[str, _Source]
    runs: tuple[_Run, ...]
    observations: tuple[_Observation, ...]


@dataclass(frozen=True, slots=True)
class RateFact:
    """A modification interest rate that is known for a day.

    Attributes:
        rate_ppm: millionths per year (6.625 % is 66,250).
        effective_from: day on which it took effect; None where a source only says that it was in force.
        source: citation.
        verification: how sure it is.
        kind: ``posted`` in a run of postings, or ``observation`` for a single sighting.
    """

    rate_ppm: int
    effective_from: date | None
    source: str
    verification: Verification
    kind: Literal["posted", "observation"] = "posted"


@dataclass(frozen=True, slots=True)
class RateFloor:
    """A bound that no rate posted for a day can have been below.

    Attributes:
        rate_ppm: the bound, millionths per year.
        basis: ``posted`` where the rate itself is known, else ``survey``.
        explanation: how the bound was made, in words.
        verification: of the bound; never better than ``unverified`` when it rests on the survey.
    """

    rate_ppm: int
    basis: Literal["posted", "survey"]
    explanation: str
    verification: Verification


@dataclass(frozen=True, slots=True)
class RateSegment:
    """One rate and the days, both included, for which it is known to hold."""

    valid_from: date
    valid_to: date
    fact: RateFact


@dataclass(frozen=True, eq=False)
class ModificationRates:
    """Every known rate in order of days, without overlaps; and observations too vague to answer for a day."""

    info: TableInfo
    segments: tuple[RateSegment, ...]
    starts: tuple[date, ...]
    monthly_observations: tuple[tuple[date, RateFact], ...]

    @property
    def covered(self) -> tuple[tuple[date, date], ...]:
        """The covered ranges, joined where one segment follows another without a day between."""
        ranges: list[tuple[date, date]] = []
        for segment in self.segments:
            if ranges and ranges[-1][1] + timedelta(days=1) == segment.valid_from:
                ranges[-1] = (ranges[-1][0], segment.valid_to)
            else:
                ranges.append((segment.valid_from, segment.valid_to))
        return tuple(ranges)


def read_modification_rates_csv(path: Path | str) -> pl.DataFrame:
    """Read a user's file of posted rates.

    Its header row is ``effective_from,rate_percent,source,verification``. One row for each change that was
    posted, dates as ``YYYY-MM-DD``, in any order. The rows extend the package's table.

    Args:
        path: the file, plain or gzip.

    Returns:
        Columns ``effective_from`` (Date), ``rate_ppm`` (Int64), ``source`` (String), ``verification``
        (String), by date.

    Raises:
        InputError: the file is not in that layout; carries every finding.
    """
    raw = read_text_csv(Path(path), has_header=True)
    if sorted(raw.columns[1:]) != sorted(_CSV_COLUMNS):
        raise InputError(
            f"{path} has the columns {', '.join(raw.columns[1:])}; expected {', '.join(_CSV_COLUMNS)}."
        )
    rows = raw.with_columns(
        pl.col(*_CSV_COLUMNS).str.strip_chars(),
    ).with_columns(
        day=pl.col("effective_from").str.to_date("%Y-%m-%d", strict=False),
        rate_ppm=decimal_units("rate_percent", 4),
    )
    findings = [
        *row_findings(rows, pl.col("day").is_null(), "is not a date like 2026-10-15", "effective_from"),
        *row_findings(rows, pl.col("day").is_duplicated(), "is given twice", "effective_from"),
        *row_findings(
            rows,
            ~pl.col("rate_ppm").is_between(1, 300_000),
            "is not a percent between 0 and 30 with at most four decimals",
            "rate_percent",
        ),
        *row_findings(rows, pl.col("source").str.len_chars() == 0, "is no source", "source"),
        *row_findings(
            rows,
            ~pl.col("verification").is_in(VERIFICATION_WORDS),
            f"is none of {', '.join(VERIFICATION_WORDS)}",
            "verification",
        ),
    ]
    if not rows.height:
        findings.append("the file has no rows")
    if findings:
        raise InputError(f"{path} is not a file of posted modification rates:", findings)
    return rows.select(pl.col("day").alias("effective_from"), "rate_ppm", "source", "verification").sort(
        "effective_from"
    )


def modification_rates(directory: Path | str | None = None) -> ModificationRates:
    """Return every rate known: the package's, extended by the user's file where there is one.

    Args:
        directory: the user's folder of newer files (see :mod:`hopenow.reference.tables`).

    Raises:
        ReferenceDataError: the folder or a table is damaged.
        InputError: the user's file is not in its layout, or contradicts a posted rate of the package.
    """
    path = locate(_TABLE, directory)
    return _load(path, stamp(path))


@functools.lru_cache(maxsize=8)
def _load(path: Path | None, _stamp: tuple[int, int]) -> ModificationRates:
    table = load_table(package_file(PACKAGE_FILES[_TABLE]))
    posted = _package_segments(table)
    edition, note, origin = table.edition, table.note, "package"
    if path is not None:
        own = read_modification_rates_csv(path)
        posted = _extend(posted, own, path)
        edition = f"{edition}; {path.name}, {own.height} rows"
        origin = f"package and {path}"
    segments, monthly, left_out = _with_observations(posted, table)
    if left_out:
        note = f"{note} {' '.join(left_out)}"
    words = {segment.fact.verification for segment in segments} | {fact.verification for _, fact in monthly}
    info = TableInfo(
        id=_TABLE,
        title=table.title,
        unit="millionths per year",
        source="Fannie Mae and Freddie Mac, as posted; sources stand beside each figure",
        edition=edition,
        verification=tuple(word for word in VERIFICATION_WORDS if word in words),
        first=min([segments[0].valid_from, *(day for day, _ in monthly)]),
        last=segments[-1].fact.effective_from or segments[-1].valid_from,
        rows=len(segments) + len(monthly),
        origin=origin,
        note=note,
    )
    return ModificationRates(info, segments, tuple(segment.valid_from for segment in segments), monthly)


def load_table(path: Path) -> _Table:
    """Read the package's YAML table and check what a schema cannot say.

    Raises:
        ReferenceDataError: it is not valid, names a source that it does not list, or has days out of order.
    """
    table = read_yaml(path, _Table)
    used = {run.source for run in table.runs} | {seen.source for seen in table.observations}
    findings = [f"{name} is not among the sources" for name in sorted(used - table.sources.keys())]
    findings += [f"the source {name} is not used" for name in table.sources if name not in used]
    ends: date | None = None
    for run in table.runs:
        days = list(run.rates)
        if days != sorted(days) or (ends is not None and days[0] <= ends):
            findings.append(f"the run from {days[0]} is not in order of days")
        if run.covered_to is not None and run.covered_to < days[-1]:
            findings.append(f"the run from {days[0]} is covered only to {run.covered_to}")
        if run.covered_to is None and run is not table.runs[-1]:
            findings.append(f"the run from {days[0]} has no end, but another follows it")
        ends = run.covered_to or days[-1]
    if findings:
        raise ReferenceDataError(f"{path} is not valid: {'; '.join(findings)}.")
    return table


def _ppm(percent: str) -> int:
    return int(Decimal(percent) * 10_000)  # three decimals of a percent, so this is a whole number


def _package_segments(table: _Table) -> tuple[RateSegment, ...]:
    segments: list[RateSegment] = []
    for run in table.runs:
        source = table.sources[run.source]
        last = run.covered_to or _open_end(max(run.rates))
        facts = [
            RateFact(_ppm(percent), since, source.citation, source.verification)
            for since, percent in run.rates.items()
        ]
        segments += _chain(facts, last, None)
    return tuple(segments)


def _open_end(since: date) -> date:
    return since + timedelta(days=number("modification_rate_last_posting_valid_days"))


def _chain(facts: Sequence[RateFact], last_day: date, longest_days: int | None) -> list[RateSegment]:
    """Let each posted rate hold until the next; where the next is too far away, only for the usual time."""
    segments = []
    for position, fact in enumerate(facts):
        since = _since(fact)
        until = last_day
        if position + 1 < len(facts):
            following = _since(facts[position + 1])
            until = following - timedelta(days=1)
            if longest_days is not None and (following - since).days > longest_days:
                until = _open_end(since)
        segments.append(RateSegment(since, until, fact))
    return segments


def _since(fact: RateFact) -> date:
    if fact.effective_from is None:  # cannot be: posted rates are dated
        raise ReferenceDataError("A posted modification rate has no date.")
    return fact.effective_from


def _extend(posted: Sequence[RateSegment], own: pl.DataFrame, path: Path) -> tuple[RateSegment, ...]:
    """Add the user's rows to the package's runs.

    A row inside a run must say what the run says. The package's runs keep their extent, with two exceptions:
    the last one, whose end is only presumed, ends where a newer row begins; and the last row of an earlier
    run reaches the user's next row if the user's file repeats it, because the file then says that nothing
    lies between.
    """
    facts = {
        since: RateFact(rate_ppm, since, source, verification_word(word, str(path)))
        for since, rate_ppm, source, word in own.iter_rows()
    }
    newest = posted[-1].valid_from
    findings: list[str] = []
    merged = {segment.valid_from: segment.fact for segment in posted}
    for since, fact in facts.items():
        held = next((s for s in posted if s.valid_from <= since <= s.valid_to and since <= newest), None)
        if held is None or (since == held.valid_from and _stronger(fact, held.fact)):
            merged[since] = fact
        if held is not None and held.fact.rate_ppm != fact.rate_ppm:
            findings.append(
                f"{since}: {_percent(fact.rate_ppm)} contradicts {_percent(held.fact.rate_ppm)}, "
                f"in force from {held.valid_from} ({held.fact.source})"
            )
    if findings:
        raise InputError(f"{path} contradicts posted modification rates of the package:", findings)

    days = sorted(merged)
    chained = _chain(
        [merged[d] for d in days], _open_end(days[-1]), number("modification_rate_longest_run_days")
    )
    joined = {segment.valid_from - timedelta(days=1) for segment in chained}
    fixed_end = {segment.valid_from: segment.valid_to for segment in posted[:-1]}
    return tuple(
        s
        if s.valid_from not in fixed_end or (s.valid_from in facts and s.valid_to in joined)
        else RateSegment(s.valid_from, fixed_end[s.valid_from], s.fact)
        for s in chained
    )


def _stronger(one: RateFact, other: RateFact) -> bool:
    return VERIFICATION_WORDS.index(one.verification) < VERIFICATION_WORDS.index(other.verification)


def _percent(rate_ppm: int) -> str:
    return f"{Decimal(rate_ppm) / 10_000:.3f} %"


def _with_observations(
    posted: Sequence[RateSegment], table: _Table
) -> tuple[tuple[RateSegment, ...], tuple[tuple[date, RateFact], ...], list[str]]:
    """Place each one-day observation in a gap; inside a run the run's rate holds, differences are noted."""
    segments, monthly, notes = list(posted), [], []
    for seen in table.observations:
        source = table.sources[seen.source]
        effective = seen.date if seen.begins else None
        text = f"{source.citation}: {seen.says}"
        fact = RateFact(_ppm(seen.rate), effective, text, source.verification, "observation")
        if seen.precision == "month":
            monthly.append((seen.date, fact))
            continue
        held = next((s for s in posted if s.valid_from <= seen.date <= s.valid_to), None)
        if held is None:
            segments.append(RateSegment(seen.date, seen.date, fact))
        elif held.fact.rate_ppm != fact.rate_ppm:
            notes.append(
                f"The observation of {seen.date} ({seen.rate} %) differs from the posted rate in use."
            )
    return tuple(sorted(segments, key=lambda s: s.valid_from)), tuple(monthly), notes


def modification_rate(day: date, directory: Path | str | None = None) -> RateFact:
    """Return the modification interest rate in force on a day.

    Args:
        day: the evaluation date.
        directory: the user's folder of newer files.

    Raises:
        CoverageError: no known rate covers the day; names every covered range.
    """
    rates = modification_rates(directory)
    fact = _fact_on(rates, day)
    if fact is None:
        ranges = ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in rates.covered)
        raise CoverageError(
            _SUBJECT,
            asked=day,
            hint=(
                f"Covered: {ranges}. Give the rate that was posted for the day, or put the missing rows "
                f"into {_TABLE}.csv ({', '.join(_CSV_COLUMNS)}) in the reference folder."
            ),
        )
    return fact


def _fact_on(rates: ModificationRates, day: date) -> RateFact | None:
    position = bisect.bisect_right(rates.starts, day) - 1
    if position < 0 or day > rates.segments[position].valid_to:
        return None
    return rates.segments[position].fact


def modification_rate_floor(day: date, directory: Path | str | None = None) -> RateFloor:
    """Return a bound that no modification rate posted for a day can have been below.

    Where the rate is known it is the bound. In a gap the bound is the lowest weekly survey rate of the time
    before, less a margin (parameters ``modification_rate_floor_window_days`` and
    ``modification_rate_floor_margin``, both unverified). A fixed contract rate at or below the bound is
    therefore at or below every rate that could apply, and needs no exact rate.

    Args:
        day: the evaluation date.
        directory: the user's folder of newer files.

    Raises:
        CoverageError: the day lies before modification rates were posted, or the survey does not cover its
            window.
    """
    fact = _fact_on(modification_rates(directory), day)
    if fact is not None:
        return RateFloor(
            fact.rate_ppm, "posted", f"The posted rate itself ({fact.source}).", fact.verification
        )
    since = day_parameter("modification_rate_floor_since")
    if day < since:
        raise CoverageError(
            "A lower bound of the posted modification interest rate", asked=day, covered_from=since
        )
    window, margin = number("modification_rate_floor_window_days"), number("modification_rate_floor_margin")
    lowest = lowest_pmms_rate(day - timedelta(days=window), day, directory)
    return RateFloor(
        rate_ppm=lowest.rate_ppm - margin,
        basis="survey",
        explanation=(
            f"The lowest weekly 30-year rate of the {window} days before {day}, that of {lowest.week}, "
            f"less {margin} millionths ({lowest.source})."
        ),
        verification="unverified",
    )


def attach_modification_rate(
    frame: pl.DataFrame,
    date_col: str,
    *,
    into: str = "modification_rate",
    directory: Path | str | None = None,
) -> pl.DataFrame:
    """Add the rate in force on each row's date; null where none is known.

    Args:
        frame: any frame.
        date_col: a Date column.
        into: name of the new column, and prefix of those that explain it.
        directory: the user's folder of newer files.

    Returns:
        The frame with ``{into}`` (Int64, millionths per year), ``{into}_verification`` (Enum),
        ``{into}_effective_from`` (Date) and ``{into}_source`` (String).

    Raises:
        InputError: there is no such Date column.
    """
    rates = modification_rates(directory)

    def answer(day: date) -> tuple[object, ...]:
        fact = _fact_on(rates, day)
        return (
            (None,) * 4
            if fact is None
            else (fact.rate_ppm, fact.verification, fact.effective_from, fact.source)
        )

    schema: dict[str, type[pl.DataType] | pl.DataType] = {
        into: pl.Int64,
        f"{into}_verification": VERIFICATION,
        f"{into}_effective_from": pl.Date,
        f"{into}_source": pl.String,
    }
    return _attach(frame, date_col, answer, schema)


def attach_modification_rate_floor(
    frame: pl.DataFrame,
    date_col: str,
    *,
    into: str = "modification_rate_floor",
    directory: Path | str | None = None,
) -> pl.DataFrame:
    """Add the lower bound of the rate on each row's date; null where there is none.

    Args:
        frame: any frame.
        date_col: a Date column.
        into: name of the new column, and prefix of the one that says how sure it is.
        directory: the user's folder of newer files.

    Returns:
        The frame with ``{into}`` (Int64, millionths per year) and ``{into}_verification`` (Enum).

    Raises:
        InputError: there is no such Date column.
    """

    def answer(day: date) -> tuple[object, ...]:
        try:
            floor = modification_rate_floor(day, directory)
        except CoverageError:
            return None, None
        return floor.rate_ppm, floor.verification

    return _attach(frame, date_col, answer, {into: pl.Int64, f"{into}_verification": VERIFICATION})


def _attach(
    frame: pl.DataFrame,
    date_col: str,
    answer: Callable[[date], tuple[object, ...]],
    schema: Mapping[str, type[pl.DataType] | pl.DataType],
) -> pl.DataFrame:
    """Answer once for each different day, by the same function as for one loan, and join."""
    if frame.schema.get(date_col) != pl.Date:
        raise InputError(f"{date_col} must be a Date column; it is {frame.schema.get(date_col, 'missing')}.")
    days = frame[date_col].drop_nulls().unique().to_list()
    key = "__day"
    table = pl.DataFrame([(day, *answer(day)) for day in days], schema={key: pl.Date, **schema}, orient="row")
    clean = frame.drop(schema, strict=False)
    return clean.join(table, left_on=date_col, right_on=key, how="left", maintain_order="left")
