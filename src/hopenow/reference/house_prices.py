"""FHFA all-transactions house price index, by state and by metropolitan area, and home values marked with it.

An index tells how prices in an area moved between two quarters, so only a ratio of two of its figures means
anything, and only within one edition: FHFA revises every quarter back to 1975 with each issue. A value marked
with an index is an estimate for an average home of the area, for screening; it is not a valuation.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hopenow.errors import CoverageError, InputError, ReferenceDataError
from hopenow.reference.parameters import number
from hopenow.reference.tables import (
    PACKAGE_FILES,
    VERIFICATION,
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

AreaKind = Literal["state", "metro"]

INDEX_SCHEMA: Final = {
    "area": pl.String,  # postal code of a state, or CBSA code of a metropolitan area or division
    "area_name": pl.String,  # null for states
    "quarter_start": pl.Date,
    "index_hundredths": pl.Int32,  # 100.00 is 10,000
}

MARK_STATUS: Final = pl.Enum(["same_quarter", "index", "carried_forward", "not_marked"])
"""How a value was marked: no need to; from published figures; with an index standing still; or not at all."""

MARK_REASONS: Final[dict[str, str]] = {
    "value_unknown": "The home's value is not known.",
    "value_date_unknown": "The date of the home's value is not known.",
    "as_of_unknown": "The date to mark the value to is not known.",
    "value_out_of_range": "The home's value is negative, or too large to be a home's.",
    "area_without_index": "There is no index for the home's state or metropolitan area.",
    "before_first_quarter": "A date lies before the first quarter of the index.",
    "missing_in_table": "The index has no figure for one of the quarters.",
    "beyond_carry_limit": "A date lies too far past the last quarter of the index.",
}
"""Why a value could not be marked, in plain words, by code."""

_REASON: Final = pl.Enum(list(MARK_REASONS))
_TABLES: Final[dict[AreaKind, str]] = {"state": "house_price_state", "metro": "house_price_metro"}
_AREA_PATTERN: Final[dict[AreaKind, str]] = {"state": r"^[A-Z]{2}$", "metro": r"^[0-9]{5}$"}
_UNKNOWN_QUARTER: Final = -1
_LARGEST_VALUE_CENTS: Final = 100_000_000_000  # the largest property value that the fact schema takes
_SOURCE: Final = {
    "state": "FHFA House Price Index, all transactions, states (fhfa.gov, hpi_at_state.csv)",
    "metro": "FHFA House Price Index, all transactions, metropolitan areas (fhfa.gov, hpi_at_metro.csv)",
}
_TITLE: Final = {
    "state": "House price index by state, quarterly",
    "metro": "House price index by metropolitan area, quarterly",
}

# What the lookup of one quarter in one area's series can come to; the words are keys of MARK_REASONS.
_FOUND, _NO_AREA, _BEFORE, _MISSING, _BEYOND = range(5)
_REASON_OF: Final = {
    _NO_AREA: "area_without_index",
    _BEFORE: "before_first_quarter",
    _MISSING: "missing_in_table",
    _BEYOND: "beyond_carry_limit",
}


@dataclass(frozen=True, slots=True)
class IndexRatio:
    """How an area's index moved between two quarters.

    Attributes:
        area: postal code of the state, or CBSA code.
        from_index: index in hundredths in ``from_quarter``.
        to_index: index in hundredths in ``to_quarter``.
        from_quarter: first day of the quarter used for the earlier figure.
        to_quarter: first day of the quarter used for the later figure.
        carried_quarters: how many quarters the asked dates lie past the last published one; 0 means published
            figures.
        source: publisher and edition.
        verification: of the figures; ``unverified`` when a figure was carried forward.
    """

    area: str
    from_index: int
    to_index: int
    from_quarter: date
    to_quarter: date
    carried_quarters: int
    source: str
    verification: Verification

    @property
    def fraction(self) -> Fraction:
        """The ratio, exact."""
        return Fraction(self.to_index, self.from_index)


@dataclass(frozen=True, eq=False)
class HousePriceIndex:
    """One edition of the index as a dense table: areas by quarters, 0 where there is no figure."""

    kind: AreaKind
    info: TableInfo
    areas: dict[str, int]
    names: tuple[str | None, ...]
    first_quarter: int
    figures: NDArray[np.int64]
    area_first: NDArray[np.int64]
    area_last: NDArray[np.int64]


def quarter_number(day: date) -> int:
    """Return the running number of a day's calendar quarter: 4 * year + 0 to 3."""
    return day.year * 4 + (day.month - 1) // 3


def quarter_start(quarter: int) -> date:
    """Return the first day of a quarter given by its running number."""
    return date(quarter // 4, quarter % 4 * 3 + 1, 1)


def quarter_label(quarter: int) -> str:
    """Return a quarter's name, for example ``2024Q4``."""
    return f"{quarter // 4}Q{quarter % 4 + 1}"


def read_fhfa_state(path: Path | str, *, first_year: int = 1975) -> pl.DataFrame:
    """Read FHFA's state file: ``state,year,quarter,index`` without a header row.

    Args:
        path: the file, plain or gzip.
        first_year: earlier years are left out.

    Returns:
        A frame of :data:`INDEX_SCHEMA`, sorted by area and quarter; rows without a figure are left out.

    Raises:
        InputError: the file is not in that layout; carries every finding.
    """
    return _read_fhfa(Path(path), "state", ["area", "year", "quarter", "index"], first_year)


def read_fhfa_metro(path: Path | str, *, first_year: int = 1975) -> pl.DataFrame:
    """Read FHFA's metropolitan file.

    Its layout is ``"name",cbsa,year,quarter,index,(standard error)`` without a header row, ``-`` for missing.

    Args:
        path: the file, plain or gzip.
        first_year: earlier years are left out.

    Returns:
        A frame of :data:`INDEX_SCHEMA`, sorted by area and quarter; rows without a figure are left out.

    Raises:
        InputError: the file is not in that layout; carries every finding.
    """
    columns = ["area_name", "area", "year", "quarter", "index", "standard_error"]
    return _read_fhfa(Path(path), "metro", columns, first_year)


def _read_fhfa(path: Path, kind: AreaKind, columns: list[str], first_year: int) -> pl.DataFrame:
    raw = read_text_csv(path, has_header=False)
    if raw.width != len(columns) + 1:
        raise InputError(f"{path} has {raw.width - 1} columns; FHFA's {kind} file has {len(columns)}.")
    raw = raw.rename(dict(zip(raw.columns[1:], columns, strict=True)))
    if raw.height and raw["year"][0].strip().lower() in {"year", "yr"}:  # some copies have a header row
        raw = raw.slice(1)
    rows = raw.with_columns(
        pl.col("area").str.strip_chars(),
        pl.lit(None, pl.String).alias("area_name")
        if kind == "state"
        else pl.col("area_name").str.strip_chars(),
        year_number=pl.col("year").str.strip_chars().cast(pl.Int32, strict=False),
        quarter_in_year=pl.col("quarter").str.strip_chars().cast(pl.Int32, strict=False),
        missing=pl.col("index").str.strip_chars().is_in(["-", "."]),
        hundredths=decimal_units("index", 2),
    )
    findings = [
        *row_findings(
            rows, ~pl.col("area").str.contains(_AREA_PATTERN[kind]), f"is not a {kind} code", "area"
        ),
        *row_findings(rows, ~pl.col("year_number").is_between(1975, 2200), "is not a year", "year"),
        *row_findings(rows, ~pl.col("quarter_in_year").is_between(1, 4), "is not a quarter", "quarter"),
        *row_findings(
            rows,
            ~(pl.col("missing") | pl.col("hundredths").is_between(1, 2**31 - 1).fill_null(value=False)),
            "is not a positive index with at most two decimals",
            "index",
        ),
        *row_findings(
            rows.with_columns(cell=pl.concat_str("area", "year", "quarter", separator=" ")),
            pl.struct("area", "year_number", "quarter_in_year").is_duplicated(),
            "is given twice",
            "cell",
        ),
    ]
    if not rows.height:
        findings.append("the file has no rows")
    if findings:
        raise InputError(f"{path} is not FHFA's {kind} file:", findings)
    return (
        rows.filter(~pl.col("missing"), pl.col("year_number") >= first_year)
        .select(
            "area",
            "area_name",
            pl.date("year_number", pl.col("quarter_in_year") * 3 - 2, 1).alias("quarter_start"),
            pl.col("hundredths").cast(pl.Int32).alias("index_hundredths"),
        )
        .sort("area", "quarter_start")
    )


def house_price_index(kind: AreaKind, directory: Path | str | None = None) -> HousePriceIndex:
    """Return the index in use: the user's file where there is one, else the package's.

    Args:
        kind: ``state`` or ``metro``.
        directory: the user's folder of newer files (see :mod:`hopenow.reference.tables`).

    Raises:
        ReferenceDataError: the folder or a table is damaged.
        InputError: the user's file is not in the publisher's layout.
    """
    if kind not in _TABLES:
        raise ReferenceDataError(f"{kind!r} is not a kind of area. Use state or metro.")
    path = locate(_TABLES[kind], directory)
    return _load(kind, path, stamp(path))


@functools.lru_cache(maxsize=8)
def _load(kind: AreaKind, path: Path | None, _stamp: tuple[int, int]) -> HousePriceIndex:
    table_id = _TABLES[kind]
    metadata: dict[str, str]
    if path is not None and path.suffix.lower() != ".parquet":
        frame = read_fhfa_state(path) if kind == "state" else read_fhfa_metro(path)
        metadata = {"title": _TITLE[kind], "unit": "index, hundredths", "source": _SOURCE[kind], "note": ""}
        last = quarter_label(quarter_number(frame["quarter_start"].unique().sort().to_list()[-1]))
        metadata |= {"edition": f"file {path.name}, through {last}", "verification": "verified"}
    else:
        frame, metadata = read_series(path or package_file(PACKAGE_FILES[table_id]))
    where = str(path or table_id)
    check_index_frame(frame, where)
    days = frame["quarter_start"].unique().sort().to_list()
    first, last_day = days[0], days[-1]
    info = TableInfo(
        id=table_id,
        title=metadata["title"],
        unit=metadata["unit"],
        source=metadata["source"],
        edition=metadata["edition"],
        verification=(verification_word(metadata["verification"], where),),
        first=first,
        last=last_day,
        rows=frame.height,
        origin="package" if path is None else str(path),
        note=metadata.get("note", ""),
    )
    return _dense(kind, info, frame, quarter_number(first), quarter_number(last_day))


def check_index_frame(frame: pl.DataFrame, where: str) -> None:
    """Refuse a frame that is not of :data:`INDEX_SCHEMA`, or that no index can be made of.

    Raises:
        ReferenceDataError: wrong columns or types, no rows, a null, a figure that is not positive, or a
            quarter given twice.
    """
    if dict(frame.schema) != INDEX_SCHEMA:
        raise ReferenceDataError(f"{where} has the columns {dict(frame.schema)}; expected {INDEX_SCHEMA}.")
    if not frame.height:
        raise ReferenceDataError(f"{where} has no rows.")
    bad = frame.filter(
        pl.col("area").is_null()
        | pl.col("quarter_start").is_null()
        | (pl.col("index_hundredths").fill_null(0) <= 0)
        | (pl.col("quarter_start").dt.day() != 1)
        | (pl.col("quarter_start").dt.month() % 3 != 1)
        | pl.struct("area", "quarter_start").is_duplicated()
    )
    if bad.height:
        raise ReferenceDataError(f"{where} has {bad.height} unusable rows, the first being {bad.row(0)}.")


def _dense(kind: AreaKind, info: TableInfo, frame: pl.DataFrame, first: int, last: int) -> HousePriceIndex:
    names = dict(frame.select("area", "area_name").unique("area").sort("area").iter_rows())
    areas = {area: position for position, area in enumerate(names)}
    row = frame["area"].replace_strict(areas, return_dtype=pl.Int64).to_numpy()
    column = frame.select(_quarter_expr("quarter_start")).to_series().cast(pl.Int64).to_numpy() - first
    figures = np.zeros((len(areas), last - first + 1), dtype=np.int64)
    figures[row, column] = frame["index_hundredths"].cast(pl.Int64).to_numpy()
    present = figures > 0
    return HousePriceIndex(
        kind=kind,
        info=info,
        areas=areas,
        names=tuple(names.values()),
        first_quarter=first,
        figures=figures,
        area_first=present.argmax(axis=1) + first,
        area_last=last - present[:, ::-1].argmax(axis=1),
    )


def _quarter_expr(column: str) -> pl.Expr:
    day = pl.col(column).dt
    return day.year().cast(pl.Int32) * 4 + (day.month().cast(pl.Int32) - 1) // 3


def index_ratio(
    area: str,
    from_date: date,
    to_date: date,
    *,
    max_carried_quarters: int | None = None,
    directory: Path | str | None = None,
) -> IndexRatio:
    """Return how an area's index moved from one date's quarter to another's.

    Args:
        area: two-letter postal code of a state, or five-digit CBSA code of a metropolitan area.
        from_date: any day of the first quarter.
        to_date: any day of the second quarter; may be the earlier one.
        max_carried_quarters: how far past the last published quarter a date may lie, the index standing
            still; None takes the parameter ``house_price_max_carried_quarters``.
        directory: the user's folder of newer files.

    Raises:
        ReferenceDataError: there is no index for the area.
        CoverageError: a date lies before the first quarter, or too far past the last, or its quarter has no
            figure.
    """
    index = house_price_index("metro" if area[:1].isdigit() else "state", directory)
    if area not in index.areas:
        raise ReferenceDataError(
            f"There is no {index.kind} house price index for {area!r} among the {len(index.areas)} areas of "
            f"the {index.info.edition}."
        )
    limit = _limit(max_carried_quarters)
    code = np.array([index.areas[area]])
    ends = [_lookup(index, code, np.array([quarter_number(day)]), limit) for day in (from_date, to_date)]
    for day, end in zip((from_date, to_date), ends, strict=True):
        if end.outcome[0] != _FOUND:
            raise CoverageError(
                f"The house price index of {area}",
                asked=day,
                covered_from=quarter_start(int(index.area_first[code[0]])),
                covered_to=_last_day(int(index.area_last[code[0]]) + limit),
                hint=(
                    f"{MARK_REASONS[_REASON_OF[int(end.outcome[0])]]} The last published quarter is "
                    f"{quarter_label(int(index.area_last[code[0]]))} ({index.info.edition}); "
                    "a newer file may reach farther."
                ),
            )
    carried = max(int(end.carried[0]) for end in ends)
    return IndexRatio(
        area=area,
        from_index=int(ends[0].figure[0]),
        to_index=int(ends[1].figure[0]),
        from_quarter=quarter_start(int(ends[0].quarter[0])),
        to_quarter=quarter_start(int(ends[1].quarter[0])),
        carried_quarters=carried,
        source=f"{index.info.source}; {index.info.edition}",
        verification="unverified" if carried else index.info.verification[0],
    )


def _limit(max_carried_quarters: int | None) -> int:
    limit = (
        number("house_price_max_carried_quarters") if max_carried_quarters is None else max_carried_quarters
    )
    if limit < 0:
        raise InputError(f"max_carried_quarters is {limit}; it cannot be negative.")
    return limit


def _last_day(quarter: int) -> date:
    return date.fromordinal(quarter_start(quarter + 1).toordinal() - 1)


@dataclass(frozen=True, eq=False)
class _Ends:
    """Figures for one end of each row's interval: which quarter was used, and what the lookup came to."""

    figure: NDArray[np.int64]
    quarter: NDArray[np.int64]
    carried: NDArray[np.int64]
    outcome: NDArray[np.int64]


def _lookup(
    index: HousePriceIndex, code: NDArray[np.integer[Any]], asked: NDArray[np.integer[Any]], limit: int
) -> _Ends:
    """Look up one quarter for each row; ``code`` is -1 where the area has no index."""
    known = code >= 0
    area = np.where(known, code, 0)
    last = index.area_last[area]
    quarter = np.minimum(asked, last)
    carried = np.where(known, asked - quarter, 0)
    before = quarter < index.area_first[area]
    column = np.where(before, 0, quarter - index.first_quarter)
    figure = index.figures[area, column]
    outcome = np.select(
        [~known, before, carried > limit, figure == 0], [_NO_AREA, _BEFORE, _BEYOND, _MISSING], _FOUND
    )
    return _Ends(figure, quarter, carried, outcome)


@dataclass(frozen=True, eq=False)
class _Span:
    """Both ends of each row's interval in one table."""

    start: _Ends
    end: _Ends
    carried: NDArray[np.int64]
    outcome: NDArray[np.int64]


def _span(
    index: HousePriceIndex,
    code: NDArray[np.integer[Any]],
    start: NDArray[np.integer[Any]],
    end: NDArray[np.integer[Any]],
    limit: int,
) -> _Span:
    first, second = _lookup(index, code, start, limit), _lookup(index, code, end, limit)
    outcome = np.where(first.outcome != _FOUND, first.outcome, second.outcome)
    return _Span(first, second, np.maximum(first.carried, second.carried), outcome)


def _codes(frame: pl.DataFrame, column: str, index: HousePriceIndex) -> NDArray[np.int32]:
    """Return the index position of each row's area; -1 where unknown."""
    text = frame[column].cast(pl.String)
    return text.replace_strict(index.areas, default=-1, return_dtype=pl.Int32).fill_null(-1).to_numpy()


def mark_value(
    frame: pl.DataFrame,
    value_col: str,
    value_date_col: str,
    as_of_col: str,
    state_col: str,
    metro_col: str | None = None,
    *,
    into: str = "marked_value",
    max_carried_quarters: int | None = None,
    directory: Path | str | None = None,
) -> pl.DataFrame:
    """Move home values from the date they were made to another date with the house price index.

    The metropolitan index is used where it has one for the home and it need not be carried farther than the
    state's; else the state's. Quarters past the last published one take the last figure
    (``carried_forward``), up to a limit. The result is rounded half up to the cent.

    Args:
        frame: one row for each home.
        value_col: value in cents (Int64).
        value_date_col: date of that value (Date).
        as_of_col: date to move it to (Date); may be the earlier one.
        state_col: two-letter postal code.
        metro_col: five-digit CBSA code; None uses the state's index for every row.
        into: name of the new column, and prefix of those that explain it.
        max_carried_quarters: limit of carrying forward; None takes the parameter
            ``house_price_max_carried_quarters``.
        directory: the user's folder of newer files.

    Returns:
        The frame with six more columns: ``{into}`` (Int64 cents, null where it could not be marked),
        ``{into}_status`` (:data:`MARK_STATUS`), ``{into}_basis`` (text: index, area, quarters),
        ``{into}_verification`` (of the figures; ``unverified`` when carried forward),
        ``{into}_carried_quarters`` (Int32), ``{into}_reason`` (a key of :data:`MARK_REASONS`, null where
        marked).

    Raises:
        InputError: a named column is missing or of another type.
    """
    _check_mark_columns(frame, value_col, value_date_col, as_of_col, state_col, metro_col)
    limit = _limit(max_carried_quarters)
    quarters = frame.select(
        start=_quarter_expr(value_date_col).fill_null(_UNKNOWN_QUARTER),
        end=_quarter_expr(as_of_col).fill_null(_UNKNOWN_QUARTER),
    )
    start, end = quarters["start"].to_numpy(), quarters["end"].to_numpy()
    value = frame[value_col].fill_null(-1).to_numpy()

    state = house_price_index("state", directory)
    state_code = _codes(frame, state_col, state)
    span = _span(state, state_code, start, end, limit)
    tables, code, use_metro = [state], state_code, np.zeros(frame.height, dtype=bool)
    if metro_col is not None:
        metro = house_price_index("metro", directory)
        metro_code = _codes(frame, metro_col, metro)
        local = _span(metro, metro_code, start, end, limit)
        use_metro = (local.outcome == _FOUND) & ((span.outcome != _FOUND) | (local.carried <= span.carried))
        span = _choose(use_metro, local, span)
        code = np.where(use_metro, metro_code, state_code)
        tables.append(metro)

    same = (start == end) & (start != _UNKNOWN_QUARTER)
    out_of_range = (value < 0) | (value > _LARGEST_VALUE_CENTS)
    reason = _reasons(frame, value_col, value_date_col, as_of_col, out_of_range, same, span.outcome)
    marked = reason.is_null().to_numpy()
    moved = marked & ~same
    result = _scale_cents(
        np.where(marked, value, 0), np.where(moved, span.end.figure, 1), np.where(moved, span.start.figure, 1)
    )
    carried = np.where(same | ~marked, 0, span.carried)
    rows = pl.DataFrame(
        {
            "marked": marked,
            "same": same,
            "result": result,
            "carried": carried.astype(np.int32),
            "table": use_metro.astype(np.int32),
            "code": code,
            "from": span.start.quarter.astype(np.int32),
            "to": span.end.quarter.astype(np.int32),
        }
    )
    status = (
        pl.when(~pl.col("marked"))
        .then(pl.lit("not_marked"))
        .when("same")
        .then(pl.lit("same_quarter"))
        .when(pl.col("carried") > 0)
        .then(pl.lit("carried_forward"))
        .otherwise(pl.lit("index"))
    )
    word = pl.col("table").replace_strict(
        {i: t.info.verification[0] for i, t in enumerate(tables)}, return_dtype=pl.String
    )
    columns = rows.select(
        pl.when("marked").then("result").alias(into),
        status.cast(MARK_STATUS).alias(f"{into}_status"),
        pl.lit(_basis(rows, tables)).alias(f"{into}_basis"),
        pl.when(pl.col("marked") & ~pl.col("same"))
        .then(pl.when(pl.col("carried") > 0).then(pl.lit("unverified")).otherwise(word))
        .cast(VERIFICATION)
        .alias(f"{into}_verification"),
        pl.when("marked").then("carried").alias(f"{into}_carried_quarters"),
        reason.alias(f"{into}_reason"),
    )
    return frame.with_columns(columns)


def _scale_cents(
    amounts: NDArray[np.int64], numerators: NDArray[np.int64], denominators: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Scale amounts by a ratio, half up.

    This is :func:`hopenow.money.half_up_div` for arrays of non-negative numbers. A value of a billion dollars
    times the largest index there could be for a century stays inside 63 bits.
    """
    return (2 * amounts * numerators + denominators) // (2 * denominators)


def _check_mark_columns(
    frame: pl.DataFrame,
    value_col: str,
    value_date_col: str,
    as_of_col: str,
    state_col: str,
    metro_col: str | None,
) -> None:
    wanted: dict[str, type[pl.DataType]] = {value_col: pl.Int64, value_date_col: pl.Date, as_of_col: pl.Date}
    findings = [
        f"column {name} is {frame.schema[name]}, expected {dtype}"
        for name, dtype in wanted.items()
        if name in frame.columns and frame.schema[name] != dtype
    ]
    names = [*wanted, state_col, *([] if metro_col is None else [metro_col])]
    findings += [f"column {name} is missing" for name in names if name not in frame.columns]
    if findings:
        raise InputError("The values cannot be marked with the house price index:", findings)


def _choose(first: NDArray[np.bool_], one: _Span, other: _Span) -> _Span:
    def pick(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where(first, left, right)

    def ends(left: _Ends, right: _Ends) -> _Ends:
        return _Ends(
            pick(left.figure, right.figure),
            pick(left.quarter, right.quarter),
            pick(left.carried, right.carried),
            pick(left.outcome, right.outcome),
        )

    return _Span(
        ends(one.start, other.start),
        ends(one.end, other.end),
        pick(one.carried, other.carried),
        pick(one.outcome, other.outcome),
    )


def _reasons(
    frame: pl.DataFrame,
    value_col: str,
    value_date_col: str,
    as_of_col: str,
    out_of_range: NDArray[np.bool_],
    same: NDArray[np.bool_],
    outcome: NDArray[np.int64],
) -> pl.Series:
    """Return why each row cannot be marked, null where it can; what the household must supply comes first."""
    flags = pl.DataFrame({"out": out_of_range, "same": same, "outcome": outcome}).with_columns(
        frame.select(
            value=pl.col(value_col).is_null(),
            dated=pl.col(value_date_col).is_null(),
            as_of=pl.col(as_of_col).is_null(),
        )
    )
    reason = (
        pl.when("value")
        .then(pl.lit("value_unknown"))
        .when("out")
        .then(pl.lit("value_out_of_range"))
        .when("dated")
        .then(pl.lit("value_date_unknown"))
        .when("as_of")
        .then(pl.lit("as_of_unknown"))
        .when(~pl.col("same"))
        .then(pl.col("outcome").replace_strict(_REASON_OF, default=None, return_dtype=pl.String))
    )
    return flags.select(reason.cast(_REASON).alias("reason")).to_series()


def _basis(rows: pl.DataFrame, tables: list[HousePriceIndex]) -> pl.Series:
    """Return the text that says which figures were used, like ``FHFA metro 37860, 2013Q3 to 2021Q3``."""
    areas = pl.Series([f"FHFA {table.kind} {area}, " for table in tables for area in table.areas])
    offsets = np.cumsum([0, *(len(table.areas) for table in tables)])[:-1]
    first = min(table.first_quarter for table in tables)
    last = max(int(table.area_last.max()) for table in tables)
    quarters = pl.Series([quarter_label(quarter) for quarter in range(first, last + 1)])
    figures_used = (rows["marked"] & ~rows["same"]).to_numpy()

    def positions(of: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        return np.where(figures_used, of, 0)

    text = pl.DataFrame(
        {
            "area": areas.gather(positions(rows["code"].to_numpy() + offsets[rows["table"].to_numpy()])),
            "from": quarters.gather(positions(rows["from"].to_numpy() - first)),
            "to": quarters.gather(positions(rows["to"].to_numpy() - first)),
            "used": figures_used,
            "same": rows["same"] & rows["marked"],
        }
    )
    return text.select(
        pl.when("used")
        .then(pl.concat_str("area", "from", pl.lit(" to "), "to"))
        .when("same")
        .then(pl.lit("same quarter: the value stands as given"))
        .alias("basis")
    ).to_series()
