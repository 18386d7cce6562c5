"""From engine units to published ones: an Arrow table with exact decimal dollars and percents."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from hopenow.facts import schema
from hopenow.money import dollars_array, percent_array
from hopenow.programs.base import Program, TermType, column

REASON_COLUMNS = (
    "status",
    "failed",
    "conditions",
    "unknown",
    "missing",
    "estimated_without",
    "verification",
    "rule_set",
)


def term_types(programs: list[Program]) -> dict[str, TermType]:
    """Return the type of every term column of the programs."""
    return {
        column(option.id, name): kind
        for program in programs
        for option in program.options
        for name, kind in option.columns.items()
    }


def published(frame: pl.DataFrame, types: dict[str, TermType]) -> pa.Table:
    """Convert a frame of results or facts to an Arrow table in published units.

    Money becomes decimal64(15, 2) dollars, rates and ratios decimal64(9, 4) percent; the rest keeps its type. Amounts
    share memory with the frame.
    """
    facts = schema()
    arrays, names = [], []
    for series in frame.get_columns():
        kind = types.get(series.name) or (facts[series.name].type if series.name in facts else None)
        arrays.append(_array(series, kind))
        names.append(series.name)
    return pa.table(arrays, names=names)


def _array(series: pl.Series, kind: str | None) -> pa.Array:
    if kind not in {"money", "rate", "ratio"}:
        return series.to_arrow()
    values = series.rechunk()
    valid = None if values.null_count() == 0 else values.is_not_null().to_numpy()
    numbers = values.fill_null(0).to_numpy()
    if kind == "money":
        return dollars_array(numbers, valid)
    return percent_array(numbers, valid)
