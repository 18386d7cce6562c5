"""Series that others published: a reference beside our own figures, with breaks and every restatement kept."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import importlib.resources
import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from hopenow.errors import InputError, LawError
from hopenow.law import package_documents
from hopenow.law.loader import read_strict
from hopenow.oversight.metrics.registry import PACKAGE

__all__ = ["Published", "Series", "package_published", "read_published"]

SCHEMA: Final = pl.Schema(
    {
        "series": pl.String,
        "period": pl.String,
        "start": pl.Date,
        "end": pl.Date,
        "value": pl.Float64,
        "text": pl.String,
        "unit": pl.String,
        "published": pl.String,
        "source": pl.String,
        "url": pl.String,
        "note": pl.String,
        "restatement": pl.Int32,
        "latest": pl.Boolean,
        "breaks_before": pl.Int32,
    }
)
"""``restatement``: 0 for the first figure given for a period, 1 for the next, and so on. ``breaks_before``: breaks of
the series up to the period's beginning: only figures with the same number are comparable. An unreadable period has no
dates. ``text``: the figure as published; where that is a range (40-50), there is no ``value``."""

_FILE: Final = ("period", "measure", "value", "unit", "note", "source_title", "source_date", "source_url")
_RESTATED: Final = "_restated"
_RANGE: Final = r"^\s*[0-9.]+\s*-\s*[0-9.]+\s*$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _text(value: object) -> object:
    return value if isinstance(value, str) else str(value)


class Series(_Strict):
    """A published series: what it counts."""

    title: str
    unit: str
    extrapolated: bool
    metric: str | None = None


class _SeriesBreak(_Strict):
    series: str
    start: Annotated[datetime.date, Field(alias="from")]
    says: str
    cite: str


class _Value(_Strict):
    series: str
    period: Annotated[str, BeforeValidator(_text)]
    value: int | Decimal
    published: datetime.date
    source: str
    url: str = ""
    note: str = ""


class _Content(_Strict):
    series: dict[str, Series]
    breaks: tuple[_SeriesBreak, ...]
    values: tuple[_Value, ...]


@dataclasses.dataclass(frozen=True)
class Published:
    """Published figures.

    Attributes:
        values: see `SCHEMA`.
        series: what is known of each series; a file may have others.
        breaks: series, first day, and what changed.
    """

    values: pl.DataFrame
    series: dict[str, Series]
    breaks: tuple[tuple[str, datetime.date, str], ...]

    @property
    def restated(self) -> pl.DataFrame:
        """Periods with more than one figure, all figures kept."""
        many = self.values.filter(pl.col("restatement") > 0).select("series", "period").unique()
        return self.values.join(many, on=["series", "period"], how="semi").sort("series", "start", "restatement")


@functools.cache
def _content() -> _Content:
    read = read_strict(importlib.resources.files(PACKAGE).joinpath("published.yaml"))
    try:
        content = TypeAdapter(_Content).validate_python(read)
    except ValidationError as error:
        raise LawError(f"published.yaml: {error}") from None
    documents = package_documents(PACKAGE)
    used = [*(item.series for item in content.breaks), *(item.series for item in content.values)]
    unknown = set(used) - set(content.series)
    uncited = {item.cite for item in content.breaks} - set(documents)
    if unknown or uncited:
        raise LawError(
            f"published.yaml: unknown series {sorted(unknown)}; not in the table of documents {sorted(uncited)}"
        )
    return content


@functools.cache
def package_published() -> Published:
    """Return the few figures that come with the package."""
    content = _content()
    rows = [
        {
            "series": item.series,
            "period": item.period,
            "value": float(item.value),
            "text": str(item.value),
            "unit": content.series[item.series].unit,
            "published": item.published.isoformat(),
            "source": item.source,
            "url": item.url,
            "note": item.note,
        }
        for item in content.values
    ]
    return _published(rows)


def read_published(path: Path) -> Published:
    """Read a file of published figures.

    Args:
        path: CSV with the columns ``period``, ``measure``, ``value``, ``unit``, ``note``, ``source_title``,
            ``source_date`` and ``source_url``. A period is a year, ``2012-H1``, ``2012-Q3``, ``2012-07`` or two of them
            joined by ``..``. A measure that ends in ``_restated`` restates the measure without the ending.

    Raises:
        InputError: the file is not of that shape, or a value is not a number; with every finding.
    """
    if not path.is_file():
        raise InputError(f"{path} is not a file.")
    frame = pl.read_csv(path, infer_schema=False)
    missing = [f"column {name!r} is missing" for name in _FILE if name not in frame.columns]
    if missing:
        raise InputError(f"{path} is not a file of published figures", missing)
    values = frame["value"].str.strip_chars().cast(pl.Float64, strict=False)
    neither = values.is_null() & ~frame["value"].str.contains(_RANGE).fill_null(False)
    bad = frame.with_row_index("line", offset=2).filter(neither)
    if bad.height:
        findings = [
            f"line {line}: {value!r} is not a number" for line, value in bad.select("line", "value").iter_rows()
        ]
        raise InputError(f"{path}: values that cannot be read", findings)
    rows = [
        {
            "series": row["measure"].removesuffix(_RESTATED),
            "period": row["period"],
            "value": value,
            "text": row["value"],
            "unit": row["unit"],
            "published": _first_date(row["source_date"] or ""),
            "source": row["source_title"] or "",
            "url": row["source_url"] or "",
            "note": row["note"] or "",
        }
        for row, value in zip(frame.iter_rows(named=True), values, strict=True)
    ]
    return _published(rows)


def _first_date(text: str) -> str:
    return text.split(";")[0].strip()


def _published(rows: list[dict[str, object]]) -> Published:
    content = _content()
    breaks = tuple((item.series, item.start, item.says) for item in content.breaks)
    spans = [span(str(row["period"])) for row in rows]
    frame = pl.DataFrame(
        rows, schema={name: SCHEMA[name] for name in list(SCHEMA) if name in (rows[0] if rows else {})}
    )
    frame = frame.with_columns(
        pl.Series("start", [first for first, _ in spans], dtype=pl.Date),
        pl.Series("end", [last for _, last in spans], dtype=pl.Date),
    )
    number = pl.int_range(pl.len(), dtype=pl.Int32).over(["series", "period"])
    frame = frame.sort("series", "start", "published", maintain_order=True).with_columns(restatement=number)
    before = [
        sum(series == name and start is not None and start >= first for name, first, _ in breaks)
        for series, start in frame.select("series", "start").iter_rows()
    ]
    frame = frame.with_columns(
        latest=pl.col("restatement") == pl.col("restatement").max().over(["series", "period"]),
        breaks_before=pl.Series(before, dtype=pl.Int32),
    )
    return Published(frame.select(list(SCHEMA)), dict(content.series), breaks)


_YEAR: Final = re.compile(r"^(\d{4})(?:-(?:(\d{2})|Q([1-4])|H([12])))?(?:\s.*)?$")
_QUARTER, _HALF, _MONTHS = 3, 6, 12


def span(period: str) -> tuple[datetime.date | None, datetime.date | None]:
    """Return the first and last day of a period as published; None where it cannot be read."""
    first, _, last = period.partition("..")
    begin, end = _span(first.strip()), _span((last or first).strip())
    return (begin[0], end[1]) if begin is not None and end is not None else (None, None)


def _span(text: str) -> tuple[datetime.date, datetime.date] | None:
    found = _YEAR.match(text)
    if found is None:
        return None
    year, month, quarter, half = (int(part) if part else 0 for part in found.groups())
    start, length = (
        (month - 1, 1)
        if month
        else (_QUARTER * (quarter - 1), _QUARTER)
        if quarter
        else (_HALF * (half - 1), _HALF)
        if half
        else (0, _MONTHS)
    )
    if not 0 <= start < _MONTHS:
        return None
    after = year * _MONTHS + start + length
    following = datetime.date(after // _MONTHS, after % _MONTHS + 1, 1)
    return datetime.date(year, start + 1, 1), following - datetime.timedelta(days=1)
