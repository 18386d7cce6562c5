"""From the outside's conventions to canonical facts, with findings for all that cannot be understood.

Outside, money is dollars, rates are percent, dates are ISO (or MM/DD/YYYY, never DD/MM/YYYY), flags are yes
or no, choices are words, and an empty cell is "not known". Inside, see `hopenow.facts.schema`. Nothing is
ever rounded here: a value that is not exact in engine units is not understood.

Two phases: *shape* (can each cell be read?) and *logic* (does the row hold together? see
`hopenow.facts.logic`). An unreadable cell counts as unknown (warning) unless the fact is required (error:
the row is skipped, with its reason).
"""

from __future__ import annotations

import datetime
import difflib
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, Protocol

import polars as pl

from hopenow.errors import InputError
from hopenow.facts.findings import (
    COUNT_COLUMNS,
    FindingCounts,
    FindingRule,
    add_counts,
    count_findings,
    join_findings,
)
from hopenow.facts.logic import (
    DUPLICATE,
    EVALUATION_DAY,
    FIRST_DAY,
    FIRST_EVALUATION,
    LAST_DAY,
    LAST_EVALUATION,
    RANGE,
    broken_rules,
    out_of_range,
    range_words,
)
from hopenow.facts.schema import NEVER, Fact, schema

NULL_WORDS: Final = frozenset({"", "null", "na", "n/a", "#n/a", "nan", "none", "unknown", "-", "."})
"""Words that mean "not known", in any case; a choice spelled like one (bankruptcy: none) stays a choice."""

YES: Final = frozenset({"true", "t", "yes", "y", "1", "1.0"})
NO: Final = frozenset({"false", "f", "no", "n", "0", "0.0"})

_ROW = "row"
_SPACES = " \t\r\n\u00a0"
_SUGGESTED_VALUES = 200
_INT64_DIGITS = 18
_REPEATS = 4
"""Texts that come at least so often, on average, are read once each."""

Extra = Literal["refuse", "ignore"]

# --- rules of phase one ---------------------------------------------------------------------------


def _shape(name: str, severity: Literal["error", "warning"], words: str, remedy: str) -> FindingRule:
    return FindingRule(f"SHAPE-{name}", "shape", severity, words, remedy)


_UNKNOWN = "Correct it; until then the field counts as unknown."
REQUIRED: Final = _shape(
    "REQUIRED", "error", "A required field is filled in.", "Fill it in; without it the row is skipped."
)
MONEY: Final = _shape(
    "MONEY", "warning", "Money is dollars with at most two decimals, such as 1234.56.", _UNKNOWN
)
RATE: Final = _shape(
    "RATE", "warning", "A rate is percent per year with at most four decimals, such as 4.75.", _UNKNOWN
)
WHOLE: Final = _shape("WHOLE-NUMBER", "warning", "Months, days and counts are whole numbers.", _UNKNOWN)
DATE: Final = _shape("DATE", "warning", "A date is YYYY-MM-DD (or MM/DD/YYYY).", _UNKNOWN)
FILLER: Final = _shape(
    "DATE-FILLER",
    "warning",
    "1900-01-01, 1899-12-30 and 9999-12-31 are fillers, not dates.",
    "Leave the cell empty if the date is not known; write never if the event is known not to have happened.",
)
FLAG: Final = _shape("FLAG", "warning", "A flag is yes or no (also true/false, y/n, 1/0).", _UNKNOWN)
CHOICE: Final = _shape("CHOICE", "warning", "The value is one of the listed words.", _UNKNOWN)
PATTERN: Final = _shape("PATTERN", "warning", "The text has the form that its fact asks for.", _UNKNOWN)
ZEROS: Final = _shape(
    "LEADING-ZEROS",
    "warning",
    "Codes keep their leading zeros.",
    "The zeros that a spreadsheet dropped were put back; export the column as text.",
)
SCIENTIFIC: Final = _shape(
    "SCIENTIFIC-ID",
    "error",
    "A loan number is not in scientific notation (1.00667E+11), which has lost digits.",
    "Export the loan numbers again, as text.",
)

SHAPE_RULES: Final = (REQUIRED, SCIENTIFIC, MONEY, RATE, WHOLE, DATE, FILLER, FLAG, CHOICE, PATTERN, ZEROS)

_BY_TYPE: Final[Mapping[str, FindingRule]] = {
    "money": MONEY,
    "rate": RATE,
    "months": WHOLE,
    "days": WHOLE,
    "count": WHOLE,
    "date": DATE,
    "flag": FLAG,
    "choice": CHOICE,
    "choices": CHOICE,
    "text": PATTERN,
}

# --- what goes in and comes out -------------------------------------------------------------------

_DIGITS: Final[Mapping[str, int]] = {
    "dollars": 2,
    "cents": 0,
    "thousands": 5,
    "percent": 4,
    "fraction": 6,
    "basis_points": 2,
}
"""By how many decimal places a number in this unit is shifted to engine units."""

MONEY_UNITS: Final = ("dollars", "cents", "thousands")
RATE_UNITS: Final = ("percent", "fraction", "basis_points")


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read one column that does not follow the outside conventions.

    ``unit`` for money and rates; ``date_format`` as in `strptime` (a format without a day means the first
             of the month);
    ``values`` translates source words (compared after stripping, in any case) to the fact's own words;
               ``null_words``
    are further words for "not known".
    """

    unit: str | None = None
    date_format: str | None = None
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    null_words: frozenset[str] = frozenset()

    def digits(self, fact: Fact) -> int:
        """Return the decimal shift from the column's unit to the engine's."""
        default = {"money": "dollars", "rate": "percent"}.get(fact.type)
        return 0 if default is None else _DIGITS[self.unit or default]


_PLAIN: Final = Reading()


@dataclass(frozen=True, slots=True)
class Ingested:
    """The outcome of `to_canonical`.

    ``facts``     canonical frame of the rows to review: ``row`` (UInt32), then facts in the order of the
                  schema
    ``findings``  findings of both phases, in the order of rows, capped for each rule and field
    ``skipped``   rows not reviewed: ``row`` (UInt32), ``loan_id``, ``reason`` (ids of the broken rules,
                  separated by ;)
    ``counts``    how many findings there were in all, by rule and field
    ``read``      number of rows handed in; always ``facts.height + skipped.height``
    ``ignored``   columns that are not facts and were left aside on request
    """

    facts: pl.DataFrame
    findings: pl.DataFrame
    skipped: pl.DataFrame
    counts: pl.DataFrame
    read: int
    ignored: tuple[str, ...] = ()


def nearest_fact(name: str) -> str | None:
    """Return the fact whose name is most like ``name``, or None when none is close."""
    plain = "_".join(name.strip().lower().replace("-", " ").replace(".", " ").split())
    if plain in schema():
        return plain
    close = difflib.get_close_matches(plain, list(schema()), n=1, cutoff=0.6)
    return close[0] if close else None


def is_canonical(frame: object) -> bool:
    """Tell whether ``frame`` is already in engine units.

    Types alone cannot tell whole dollars from cents, so this asks for proof: every column is a fact with its
    canonical type (``row`` may be there too), and at least one is a choice stored with the schema's own list
    of words, which only this package writes.
    """
    if not isinstance(frame, pl.DataFrame) or not frame.columns:
        return False
    facts = schema()
    seen = set()
    for name, dtype in frame.schema.items():
        if name == _ROW and dtype.is_integer():
            continue
        if name not in facts or dtype != facts[name].dtype:
            return False
        seen.add(facts[name].type)
    return "choice" in seen


# --- the work -------------------------------------------------------------------------------------


class _Collector:
    """Gathers findings (capped), full counts, and for every skipped row its reasons."""

    def __init__(self, counter: FindingCounts, strict: bool) -> None:
        self.counter = counter
        self.strict = strict
        self.kept: list[pl.DataFrame] = []
        self.counted: list[pl.DataFrame] = []
        self.errors: list[pl.DataFrame] = []

    def add(self, findings: pl.DataFrame) -> None:
        if findings.is_empty():
            return
        if self.strict:
            findings = findings.with_columns(severity=pl.lit("error", findings.schema["severity"]))
        self.counted.append(count_findings(findings))
        self.errors.append(
            findings.filter(pl.col("severity") == "error").select(pl.col("row").cast(pl.UInt32), "rule")
        )
        self.kept.append(self.counter.keep(findings))

    def find(
        self,
        rule: FindingRule,
        frame: pl.DataFrame,
        where: pl.Expr | pl.Series,
        *,
        field: str,
        value: str | pl.Expr | None = None,
        message: str | pl.Expr | None = None,
    ) -> None:
        """Add the findings of a rule (see `FindingRule.find`); warnings beyond the cap are counted, not written."""
        cells = rule.cells(frame, field=field, value=value, message=message)
        hits = rule.hits(frame, where, cells)
        if hits.is_empty():
            return
        if self.strict or rule.severity == "error":
            self.add(hits.select(cells))
            return
        more = [[rule.phase], [rule.severity], [rule.id], [field], [hits.height]]
        self.counted.append(pl.DataFrame(more, schema=dict(COUNT_COLUMNS)))
        room = self.counter.count(rule, field, hits.height)
        if room:
            self.kept.append(hits.head(room).select(cells))

    def skipped(self) -> pl.DataFrame:
        """Rows with an error: ``row`` and ``reason``."""
        empty = pl.DataFrame(schema={_ROW: pl.UInt32, "reason": pl.String})
        errors = [frame for frame in self.errors if not frame.is_empty()]
        if not errors:
            return empty
        return (
            pl.concat(errors)
            .group_by("row")
            .agg(reason=pl.col("rule").unique(maintain_order=True).str.join(";"))
        )


def to_canonical(
    source: object,
    *,
    row_offset: int = 0,
    rows: pl.Series | None = None,
    readings: Mapping[str, Reading] | None = None,
    extra: Extra = "refuse",
    strict: bool = False,
    counter: FindingCounts | None = None,
    duplicates: Duplicates | None = None,
    canonical: bool | None = None,
) -> Ingested:
    """Turn any Arrow-compatible frame in outside conventions into canonical facts.

    Args:
        source: a Polars, PyArrow or pandas frame, or anything else with ``__arrow_c_stream__``; or a
            mapping of column name to values. Column names are fact names.
        row_offset: added to the 1-based position to make the row number.
        rows: row (line) numbers, if they are not consecutive; a column ``row`` in the source serves the
            same end.
        readings: fact name to `Reading`, for columns that do not follow the outside conventions.
        extra: ``refuse`` raises for a column that is not a fact; ``ignore`` leaves it aside and names it in
            the result.
        strict: every warning becomes an error, so that only flawless rows are reviewed.
        counter: caps and counts findings over several calls (one per file); a new one by default.
        duplicates: remembers loans over several calls; by default duplicates are looked for within this
            frame only.
        canonical: True says that the frame is in engine units, False that it is not; None asks
            `is_canonical`. A canonical frame is returned unchanged and unchecked.

    Raises:
        InputError: columns that are not facts, twice the same column, or ``loan_id`` or ``evaluation_date``
            missing; carries all of them.
    """
    frame = as_frame(source)
    if is_canonical(frame) if canonical is None else canonical:
        return _unchanged(frame)
    counter = FindingCounts() if counter is None else counter
    collector = _Collector(counter, strict)
    frame, numbers = _numbered(frame, rows, row_offset)
    frame, ignored = _known_columns(frame, extra)
    facts = _read_shapes(frame, numbers, readings or {}, collector)
    facts = _check_logic(facts, collector, duplicates or _Within())
    return _finish(facts, collector, ignored)


def check_canonical(
    facts: pl.DataFrame,
    *,
    counter: FindingCounts | None = None,
    duplicates: Duplicates | None = None,
    strict: bool = False,
) -> Ingested:
    """Run phase two alone on a canonical frame (for readers that make facts themselves).

    ``facts`` may have a column ``row``; otherwise rows are numbered from 1.
    """
    collector = _Collector(FindingCounts() if counter is None else counter, strict)
    rest, numbers = _numbered(facts, None, 0)
    checked = _check_logic(rest.clone().insert_column(0, numbers), collector, duplicates or _Within())
    return _finish(checked, collector, ())


def as_frame(source: object) -> pl.DataFrame:
    """Return an Arrow-compatible frame or a mapping of columns as a Polars frame, where possible uncopied."""
    if isinstance(source, pl.DataFrame):
        return source
    if isinstance(source, pl.LazyFrame):
        return source.collect()
    if isinstance(source, Mapping):
        return pl.DataFrame({str(name): values for name, values in source.items()}, strict=False)
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        loaded: Any = source
        return pl.DataFrame(loaded)
    raise InputError(
        f"cannot read facts from a {type(source).__name__}: hand in a Polars, PyArrow or pandas frame, "
        "or anything else that speaks the Arrow C stream interface"
    )


def _unchanged(frame: pl.DataFrame) -> Ingested:
    nothing = _Collector(FindingCounts(), strict=False)
    empty = nothing.skipped().insert_column(1, pl.Series("loan_id", [], pl.String))
    return Ingested(frame, join_findings([]), empty, add_counts([]), frame.height)


def _numbered(frame: pl.DataFrame, rows: pl.Series | None, offset: int) -> tuple[pl.DataFrame, pl.Series]:
    if rows is None and _ROW in frame.columns:
        rows, frame = frame[_ROW], frame.drop(_ROW)
    if rows is None:
        rows = pl.int_range(offset + 1, offset + frame.height + 1, dtype=pl.UInt32, eager=True)
    return frame, rows.cast(pl.UInt32).alias(_ROW)


def _known_columns(frame: pl.DataFrame, extra: Extra) -> tuple[pl.DataFrame, tuple[str, ...]]:
    names = [name.strip() for name in frame.columns]
    findings = [
        f"column {name!r} is there twice: remove one"
        for name in sorted({n for n in names if names.count(n) > 1})
    ]
    unknown = tuple(name for name in names if name not in schema())
    if extra == "refuse":
        findings += [_unknown_column(name) for name in unknown]
    findings += [
        f"column {name!r} is missing: it is required on every row"
        for name, fact in schema().items()
        if fact.required and name not in names
    ]
    if findings:
        raise InputError("name the columns like facts, or describe them in a mapping", findings)
    frame = frame.rename(dict(zip(frame.columns, names, strict=True)))
    return frame.drop(unknown), unknown if extra == "ignore" else ()


def _unknown_column(name: str) -> str:
    near = nearest_fact(name)
    hint = f"did you mean {near!r}?" if near else "see the list of facts"
    return f'column {name!r} is not a fact: {hint} (extra="ignore" leaves such columns aside)'


# --- phase one: shape -----------------------------------------------------------------------------


def _read_shapes(
    frame: pl.DataFrame, numbers: pl.Series, readings: Mapping[str, Reading], collector: _Collector
) -> pl.DataFrame:
    facts = [schema()[name] for name in schema() if name in frame.columns]
    types = frame.schema
    few = {fact.name: fact for fact in facts if fact.type in {"text", "choices"} and types[fact.name] == pl.String}
    quick = frame.with_columns(
        _quick(fact, types[fact.name], readings.get(fact.name, _PLAIN)).alias(fact.name)
        for fact in facts
        if fact.name not in few
    )
    quick = quick.with_columns(
        _by_spelling(frame[fact.name], _quick(fact, pl.String(), readings.get(fact.name, _PLAIN)))
        for fact in few.values()
    )
    loans = quick["loan_id"]
    columns = [numbers]
    for fact in facts:
        reader = _Column(fact, readings.get(fact.name, _PLAIN), numbers, loans, collector)
        columns.append(reader.settle(frame[fact.name], quick[fact.name]))
    return pl.DataFrame(columns)


def _by_spelling(text: pl.Series, read: pl.Expr) -> pl.Series:
    """Read each different text once where texts repeat."""
    spellings = text.unique().drop_nulls()
    if len(spellings) > len(text) // _REPEATS:
        return text.to_frame().select(read.alias(text.name)).to_series()
    known = spellings.to_frame().select(read.alias(text.name)).to_series()
    return known.gather(text.cast(pl.Enum(spellings)).to_physical())


def _quick(fact: Fact, dtype: pl.DataType, reading: Reading) -> pl.Expr:
    """Read the common spellings in one pass; null where the value is unknown or needs a second look."""
    column = pl.col(fact.name)
    if dtype == pl.Null or reading.values:
        return pl.lit(None, fact.dtype)
    if isinstance(dtype, (pl.Categorical, pl.Enum)):
        column, dtype = column.cast(pl.String), pl.String()
    if reading.null_words:
        # Before anything else: a filler such as -9 or 9999 would pass for a number.
        column = pl.when(~_is_blank(column.cast(pl.String).str.strip_chars(_SPACES), reading)).then(column)
    if fact.type in {"money", "rate"}:
        return _exact(column, dtype, reading.digits(fact))
    if fact.type in {"months", "days", "count"}:
        return _whole(column, dtype)
    if fact.type == "date":
        return _day(column, dtype, reading.date_format)
    if fact.type == "flag":
        return _yes_no(column, dtype)
    if fact.type == "choice":
        return column.cast(pl.String).cast(pl.Enum(fact.choices), strict=False)
    return _text(column, dtype, fact, reading)


def _exact(column: pl.Expr, dtype: pl.DataType, digits: int) -> pl.Expr:
    """Return number x 10^digits as Int64, or null where that is not a whole number or too large.

    Text and decimals are compared at six places beyond the unit, so that what a binary float left behind
    (188421.14000000001) is still read as what was meant; anything coarser is not exact.
    """
    unit = 10**digits
    if dtype.is_integer():
        wide = column.cast(pl.Int64, strict=False)
        return pl.when(wide.abs() < 10**17 // unit).then(wide * unit)
    if dtype.is_float():
        single = dtype == pl.Float32
        shifted = column.cast(pl.Float64) * unit
        near = shifted.round()
        # A single-precision float is trusted only where it can tell neighbors apart.
        slack = near.abs() * 2.0**-24 if single else 1e-6 + near.abs() * 2.0**-52
        limit = 2.0**22 if single else 2.0**52
        return pl.when(((shifted - near).abs() <= slack) & (near.abs() < limit)).then(near).cast(pl.Int64)
    if isinstance(dtype, pl.Decimal) and dtype.scale <= digits and dtype.precision <= _INT64_DIGITS - digits:
        scale: int = 10 ** (digits - dtype.scale)
        return column.to_physical().cast(pl.Int64) * scale
    if dtype == pl.String or dtype.is_decimal():
        fine = (
            column.cast(pl.Decimal(38, digits + 6), strict=False).to_physical().cast(pl.Int64, strict=False)
        )
        exact = fine % 1_000_000 == 0
        if dtype == pl.String:
            # 1.88421E+05 has lost digits on its way through a spreadsheet.
            exact &= ~column.str.contains("[eE]")
        return pl.when(exact).then(fine // 1_000_000)
    return pl.lit(None, pl.Int64)


def _whole(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.String or dtype.is_integer():
        return column.cast(pl.Int32, strict=False)
    if dtype.is_numeric():
        return _exact(column, dtype, 0).cast(pl.Int32, strict=False)
    return pl.lit(None, pl.Int32)


def _day(column: pl.Expr, dtype: pl.DataType, date_format: str | None) -> pl.Expr:
    if dtype == pl.Date:
        return column
    if isinstance(dtype, pl.Datetime):
        return column.dt.date()
    text = column if dtype == pl.String else column.cast(pl.String)
    return _parse_day(text, date_format or "%Y-%m-%d")


def _parse_day(text: pl.Expr, date_format: str) -> pl.Expr:
    if "%d" in date_format or "%j" in date_format:
        return text.str.to_date(date_format, strict=False)
    return ("01 " + text).str.to_date(f"%d {date_format}", strict=False)


def _yes_no(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Boolean:
        return column
    if dtype.is_numeric():
        return pl.when(column == 1).then(True).when(column == 0).then(False)
    text = column.cast(pl.String)
    yes = text.is_in(["true", "True", "TRUE", "yes", "Yes", "Y", "y", "1"])
    no = text.is_in(["false", "False", "FALSE", "no", "No", "N", "n", "0"])
    return pl.when(yes).then(True).when(no).then(False)


def _text(column: pl.Expr, dtype: pl.DataType, fact: Fact, reading: Reading) -> pl.Expr:
    if dtype.is_float():
        whole = column.cast(pl.Int64, strict=False)
        text = pl.when(whole.cast(pl.Float64) == column).then(whole).cast(pl.String)
    else:
        text = column.cast(pl.String)
    text = text.str.strip_chars(_SPACES)
    if fact.type == "choices":
        return pl.when(text.is_in(fact.choices)).then(text)
    if fact.pattern is not None:
        fits = text.str.contains(f"^(?:{fact.pattern})$")
        return pl.when(fits & ~_is_blank(text, reading)).then(text)
    return pl.when(~_is_blank(text, reading)).then(text)


def _is_blank(text: pl.Expr, reading: Reading) -> pl.Expr:
    words = NULL_WORDS | {word.strip().lower() for word in reading.null_words}
    longest = max(len(word.encode()) for word in words)
    return (text.str.len_bytes() <= longest) & text.str.to_lowercase().is_in(sorted(words))


class _Column:
    """The second look at one column: only cells that the first pass did not understand."""

    def __init__(
        self, fact: Fact, reading: Reading, numbers: pl.Series, loans: pl.Series, collector: _Collector
    ) -> None:
        self.fact = fact
        self.reading = reading
        self.numbers = numbers
        self.loans = loans
        self.collector = collector

    def settle(self, source: pl.Series, quick: pl.Series) -> pl.Series:
        """Return the canonical column, and report the cells that nobody can read."""
        if self.fact.type == "date":
            quick = self._plausible_days(quick)
            if self.fact.never and source.dtype == pl.String and self.reading == _PLAIN:
                quick = quick.zip_with((source != "never").fill_null(True), pl.Series([NEVER]))
        result = quick
        if quick.null_count() > source.null_count():
            result = self._second_look(source, quick)
        if self.fact.required and result.null_count():
            self._report(REQUIRED, result.is_null() & (source.is_null() | self._blank(source)), source)
        if self.fact.name == "loan_id" and source.dtype == pl.String:
            result = self._refuse_scientific(result)
        return result

    def _second_look(self, source: pl.Series, quick: pl.Series) -> pl.Series:
        places = (source.is_not_null() & quick.is_null()).arg_true()
        text = source.gather(places).cast(pl.String).str.strip_chars(_SPACES).alias("text")
        if source.dtype.is_float() and self.fact.type in {"money", "rate"}:
            # What a float shows is not what it was: its text must not be read in place of its value.
            answer = pl.repeat(None, len(text), dtype=pl.Int64, eager=True)
        else:
            answer = self._answer(text)
        blank = pl.DataFrame({"text": text}).select(_is_blank(pl.col("text"), self.reading)).to_series()
        answers = pl.DataFrame({"place": places, "text": text, "answer": answer, "blank": blank})
        if self.fact.type != "choice" or self.reading.null_words:
            # Only a choice may be spelled like a word for nothing (bankruptcy: none).
            answers = answers.with_columns(answer=pl.when(~pl.col("blank")).then(pl.col("answer")))
        bad = answers.filter(pl.col("answer").is_null() & ~pl.col("blank").fill_null(True))
        if not bad.is_empty():
            self._report_unreadable(bad)
        good = answers.filter(pl.col("answer").is_not_null())
        if _code_width(self.fact):
            self._report_zeros(good)
        if good.is_empty():
            return quick
        if self.fact.type == "choice":
            codes = quick.cast(pl.String).scatter(good["place"], good["answer"].cast(pl.String))
            return codes.cast(self.fact.dtype)
        return quick.clone().scatter(good["place"], good["answer"])

    def _answer(self, text: pl.Series) -> pl.Series:
        """Read stripped text, one answer in canonical type for each; null where it makes no sense."""
        translated = self._translate(text)
        kind = self.fact.type
        frame = pl.DataFrame({"text": translated})
        column = pl.col("text")
        if kind in {"money", "rate"}:
            return frame.select(
                _exact(_plain_number(column, kind), pl.String(), self.reading.digits(self.fact))
            ).to_series()
        if kind in {"months", "days", "count"}:
            return frame.select(
                _exact(_plain_number(column, kind), pl.String(), 0).cast(pl.Int32, strict=False)
            ).to_series()
        if kind == "date":
            return self._days(frame)
        return self._words(translated)

    def _translate(self, text: pl.Series) -> pl.Series:
        if not self.reading.values:
            return text
        table = {key.strip().lower(): value for key, value in self.reading.values.items()}
        return text.str.to_lowercase().replace_strict(table, default=text, return_dtype=pl.String)

    def _days(self, frame: pl.DataFrame) -> pl.Series:
        column = pl.col("text")
        tries = [
            _parse_day(column, self.reading.date_format or "%Y-%m-%d"),
            column.str.replace(r"[T ]00:00(:00(\.0+)?)?Z?$", "").str.to_date("%Y-%m-%d", strict=False),
        ]
        if self.reading.date_format is None:
            tries += [
                pl.when(column.str.contains(r"^\d{1,2}/\d{1,2}/\d{4}$"))
                .then(column)
                .str.to_date("%m/%d/%Y", strict=False),
                pl.when(column.str.contains(r"^(19|20)\d{6}(\.0)?$"))
                .then(column.str.slice(0, 8))
                .str.to_date("%Y%m%d", strict=False),
            ]
        days = frame.select(pl.coalesce(tries).alias("day")).to_series()
        days = self._plausible_days(days, report=False)
        if self.fact.never:
            never = frame["text"].str.to_lowercase() == "never"
            days = days.zip_with(~never.fill_null(False), pl.Series([NEVER]).new_from_index(0, len(days)))
        return days

    def _plausible_days(self, days: pl.Series, *, report: bool = True) -> pl.Series:
        """Drop fillers and impossible years; the caller's second look reports what is then unread."""
        low, high = days.min(), days.max()
        if not isinstance(low, datetime.date) or not isinstance(high, datetime.date):
            return days
        if low >= FIRST_DAY and high <= LAST_DAY:
            return days
        return days.set(~days.is_between(FIRST_DAY, LAST_DAY).fill_null(True), None)

    def _words(self, text: pl.Series) -> pl.Series:
        """Read flags, choices and patterned text through the distinct spellings, of which there are few."""
        distinct = text.drop_nulls().unique()
        read = {
            spelling: word for spelling in distinct.to_list() if (word := self._word(spelling)) is not None
        }
        kind = pl.Boolean() if self.fact.type == "flag" else pl.String()
        return (
            text.replace_strict(read, default=None, return_dtype=kind)
            if read
            else pl.Series([None] * len(text), dtype=kind)
        )

    def _word(self, spelling: str) -> str | bool | None:
        fact = self.fact
        if fact.type == "flag":
            lower = spelling.lower()
            return True if lower in YES else False if lower in NO else None
        if fact.type == "choice":
            return _choice(spelling, fact.choices)
        if fact.type == "choices":
            words = [_choice(part, fact.choices) for part in spelling.split(";") if part.strip()]
            known = [word for word in words if word is not None]
            return ";".join(dict.fromkeys(known)) if known and len(known) == len(words) else None
        return _patterned(fact, spelling)

    def _blank(self, source: pl.Series) -> pl.Series:
        text = pl.DataFrame({"text": source.cast(pl.String).str.strip_chars(_SPACES)})
        return text.select(_is_blank(pl.col("text"), self.reading).fill_null(True)).to_series()

    def _refuse_scientific(self, result: pl.Series) -> pl.Series:
        # Cheap test first: hardly any tape has such a number.
        if not result.str.contains("E+", literal=True).any():
            return result
        broken = result.str.contains(r"^[0-9](\.[0-9]+)?[eE]\+[0-9]{1,2}$").fill_null(False)
        self._report(SCIENTIFIC, broken, result)
        return result

    def _report_unreadable(self, bad: pl.DataFrame) -> None:
        found = pl.DataFrame(
            {
                _ROW: self.numbers.gather(bad["place"]),
                "loan_id": self.loans.gather(bad["place"]),
                "value": bad["text"],
            }
        )
        rule = _BY_TYPE[self.fact.type]
        if self.fact.required:
            rule = _as_error(rule)
        fillers = pl.col("value").str.contains(
            r"^(1900-01-01|1899-12-3[01]|9999-12-31|0?1/0?1/1900|12/31/9999)"
        )
        is_date = self.fact.type == "date" and not self.fact.required
        where = ~fillers if is_date else pl.lit(True)
        if is_date:
            self.collector.find(FILLER, found, fillers, field=self.fact.name, value="value")
        self.collector.find(rule, found, where, field=self.fact.name, value="value", message=self._message(bad["text"]))

    def _report_zeros(self, good: pl.DataFrame) -> None:
        short = good.filter(
            pl.col("text").str.replace(r"\.0$", "").str.len_chars() < pl.col("answer").str.len_chars()
        )
        places = short["place"]
        found = pl.DataFrame(
            {_ROW: self.numbers.gather(places), "loan_id": self.loans.gather(places), "value": short["text"]}
        )
        self.collector.find(ZEROS, found, pl.lit(True), field=self.fact.name, value="value")

    def _message(self, values: pl.Series) -> str | pl.Expr:
        fact = self.fact
        rule = _BY_TYPE[fact.type]
        remedy = REQUIRED.remedy if fact.required else rule.remedy
        if fact.type in {"choice", "choices"}:
            several = "one or more of, separated by ;" if fact.type == "choices" else "one of"
            start = f"{fact.name} is {several}: {', '.join(fact.choices)}."
            near = {
                v: w
                for v in values.unique().head(_SUGGESTED_VALUES).to_list()
                if (w := _near_choice(v, fact.choices))
            }
            if not near:
                return f"{start} {remedy}"
            hint = pl.col("value").replace_strict(
                {value: f" Did you mean {word}?" for value, word in near.items()},
                default="",
                return_dtype=pl.String,
            )
            return pl.lit(start) + hint + pl.lit(f" {remedy}")
        if fact.pattern is not None:
            return f"{_pattern_words(fact)} {remedy}"
        if fact.type == "date" and self.reading.date_format:
            return f"A date here is written {self.reading.date_format}. {remedy}"
        if fact.type in {"money", "rate"} and self.reading.unit:
            return f"{rule.words} The mapping says that the column is in {self.reading.unit}. {remedy}"
        return f"{rule.words} {remedy}"

    def _report(self, rule: FindingRule, where: pl.Series, source: pl.Series) -> None:
        if not where.any():
            return
        found = pl.DataFrame({_ROW: self.numbers, "loan_id": self.loans, "value": source.cast(pl.String)})
        message = f"{self.fact.name} is required. {rule.remedy}" if rule is REQUIRED else None
        self.collector.find(rule, found, where, field=self.fact.name, value="value", message=message)


def _plain_number(text: pl.Expr, kind: str) -> pl.Expr:
    """Strip what people write around a number: $, thousands separators, parentheses, a percent sign.

    Commas count only where they stand before groups of three digits, so that 1234,56 is never read as
    123,456.
    """
    if kind == "rate":
        text = text.str.replace(r"\s*(%|percent)$", "")
    if kind == "money":
        text = text.str.replace(r"^(-?|\(?)\s*(?:US)?\$\s*", "${1}").str.replace(r"\s*USD$", "")
    text = text.str.replace(r"^\(([^()]+)\)$", "-${1}")
    grouped = text.str.contains(r"^-?\d{1,3}(,\d{3})+(\.\d*)?$")
    return pl.when(grouped).then(text.str.replace_all(",", "", literal=True)).otherwise(text)


def _choice(spelling: str, choices: Sequence[str]) -> str | None:
    word = "_".join(spelling.lower().replace("-", " ").replace("/", " ").replace("_", " ").split())
    return word if word in choices else None


def _near_choice(spelling: str, choices: Sequence[str]) -> str | None:
    close = difflib.get_close_matches("_".join(spelling.lower().split()), choices, n=1, cutoff=0.6)
    return close[0] if close else None


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _patterned(fact: Fact, spelling: str) -> str | None:
    """Return the text in its fact's form: capitals, leading zeros put back, a ZIP code cut to its start."""
    if fact.pattern is None:
        return spelling
    plain = spelling.removesuffix(".0").upper()
    if fact.name == "zip3" and _compiled(r"\d{5}(-?\d{4})?").fullmatch(plain):
        plain = plain[:3]
    width = _code_width(fact)
    if width and plain.isdecimal():
        plain = plain.zfill(width)
    return plain if _compiled(fact.pattern).fullmatch(plain) else None


def _code_width(fact: Fact) -> int | None:
    """Return how many digits a numeric code has, or None for other facts."""
    digits = _compiled(r"\[0-9\]\{(\d+)\}").fullmatch(fact.pattern or "")
    return int(digits.group(1)) if digits else None


def _pattern_words(fact: Fact) -> str:
    words = {"[A-Z]{2}": "two capital letters", "[0-9]{3}": "three digits", "[0-9]{5}": "five digits"}
    return f"{fact.name} is {words.get(fact.pattern or '', f'text of the form {fact.pattern}')}."


@functools.cache
def _as_error(rule: FindingRule) -> FindingRule:
    return FindingRule(rule.id, rule.phase, "error", rule.words, REQUIRED.remedy)


# --- phase two: logic -----------------------------------------------------------------------------


class Duplicates(Protocol):
    """Remembers which loans a tape has shown, over any number of calls (`hopenow.tapes.duplicates` has one)."""

    def repeated(self, loans: pl.DataFrame) -> pl.Series:
        """Tell for each row of ``loan_id`` and ``evaluation_date`` whether it was there before; remember it."""
        ...


class _Within:
    """Finds loans that are twice within one frame."""

    @staticmethod
    def repeated(loans: pl.DataFrame) -> pl.Series:
        return loans.select(~pl.struct(pl.all()).is_first_distinct()).to_series()


def outside_text(fact: Fact, column: pl.Expr) -> pl.Expr:
    """Write a canonical column as outside text: dollars and cents, percent, ISO dates or "never"."""
    if fact.type == "money":
        sign = pl.when(column < 0).then(pl.lit("-")).otherwise(pl.lit(""))
        cents = (column.abs() % 100).cast(pl.String).str.zfill(2)
        return pl.format("{}{}.{}", sign, column.abs() // 100, cents)
    if fact.type == "rate":
        sign = pl.when(column < 0).then(pl.lit("-")).otherwise(pl.lit(""))
        decimals = (column.abs() % 10_000).cast(pl.String).str.zfill(4)
        return pl.format("{}{}.{}", sign, column.abs() // 10_000, decimals).str.replace(r"0{1,3}$", "")
    if fact.type == "date":
        return pl.when(column == NEVER).then(pl.lit("never")).otherwise(column.dt.to_string("%Y-%m-%d"))
    if fact.type == "flag":
        return pl.when(column).then(pl.lit("yes")).when(~column).then(pl.lit("no"))
    return column.cast(pl.String)


def _check_logic(facts: pl.DataFrame, collector: _Collector, duplicates: Duplicates) -> pl.DataFrame:
    known = schema()
    for name, where in out_of_range(facts).items():
        fact = known[name]
        message = f"{name} is {range_words(fact)}. {RANGE.remedy}"
        collector.find(RANGE, facts, where, field=name, value=outside_text(fact, pl.col(name)), message=message)
        facts = facts.with_columns(pl.when(~where.fill_null(False)).then(pl.col(name)).alias(name))
    if "evaluation_date" in facts.columns:
        wrong = ~pl.col("evaluation_date").is_between(FIRST_EVALUATION, LAST_EVALUATION)
        collector.find(EVALUATION_DAY, facts, wrong, field="evaluation_date")
    broken = broken_rules(facts)
    for cross, where in broken:
        text = outside_text(known[cross.field], pl.col(cross.field))
        collector.find(cross.rule, facts, where, field=cross.field, value=text)
    for cross, where in broken:
        keep = ~where.fill_null(False)
        facts = facts.with_columns(pl.when(keep).then(pl.col(name)).alias(name) for name in cross.forgets)
    if "loan_id" in facts.columns:
        keys = [name for name in ("loan_id", "evaluation_date") if name in facts.columns]
        sound = _without(facts.select(_ROW, *keys), collector.skipped())
        collector.find(DUPLICATE, sound, duplicates.repeated(sound.select(keys)), field="loan_id")
    return facts


def _without(facts: pl.DataFrame, skipped: pl.DataFrame) -> pl.DataFrame:
    return facts if skipped.is_empty() else facts.filter(~pl.col(_ROW).is_in(skipped[_ROW].implode()))


def _finish(facts: pl.DataFrame, collector: _Collector, ignored: Iterable[str]) -> Ingested:
    reasons = collector.skipped()
    read = facts.height
    loan = pl.col("loan_id") if "loan_id" in facts.columns else pl.lit(None, pl.String).alias("loan_id")
    if reasons.is_empty():
        skipped = reasons.insert_column(1, pl.Series("loan_id", [], pl.String))
    else:
        skipped = facts.select(_ROW, loan).join(reasons, on=_ROW, how="inner", maintain_order="left")
        facts = _without(facts, reasons)
    return Ingested(
        facts, join_findings(collector.kept), skipped, add_counts(collector.counted), read, tuple(ignored)
    )
