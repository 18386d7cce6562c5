"""The inputs of the HAMP NPV model: read from text, decimals or columns into whole units, with every defect noted.

Inside, money is whole cents, a percent is whole hundred-thousandths of a percent (so that 66.66661 percent is exact),
months and codes are whole numbers. A cell that cannot be read becomes unknown and leaves a finding.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import importlib.resources
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hopenow.errors import InputError, LawError
from hopenow.law import Verification
from hopenow.law.loader import read_strict
from hopenow.money import cents_expr

__all__ = ["PERCENT_UNITS", "Finding", "InputField", "Read", "fields", "read_inputs"]

PERCENT_UNITS = 100_000
"""Units of a percent in one percent."""

Kind = Literal["text", "whole", "money", "percent", "date", "flag"]
_Number = int | Decimal | None
ROW = "row"


class InputField(BaseModel):
    """One input of the model.

    Attributes:
        column: its column in the documentation, or the version that added it.
        kind: what it is.
        says: what it means.
        low: smallest allowed value, in the unit of the file.
        high: largest allowed value.
        above: it must be greater than this.
        longest: most characters.
        optional: it may be left out.
        otherwise: what counts where it is left out.
        may_change: a re-test may take a corrected value.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    column: str
    kind: Kind
    says: Annotated[str, Field(min_length=1)]
    low: _Number = None
    high: _Number = None
    above: _Number = None
    longest: int | None = None
    optional: bool = False
    otherwise: _Number = None
    may_change: bool = False

    def units(self, value: int | Decimal) -> int:
        """Return a limit in engine units."""
        scale = {"money": 100, "percent": PERCENT_UNITS}.get(self.kind, 1)
        return int(Decimal(value) * scale)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    cite: str
    verification: Verification
    inputs: dict[str, InputField]


@functools.cache
def fields() -> Mapping[str, InputField]:
    """Return every input by name, in the documentation's order."""
    path = importlib.resources.files(__package__ or "").joinpath("inputs.yaml")
    try:
        return _File.model_validate(read_strict(path)).inputs
    except ValidationError as error:
        raise LawError(f"inputs.yaml: {error}") from None


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something about one loan's inputs that a person has to look at.

    Attributes:
        row: place of the loan, from 0.
        code: run error of the model (``1`` to ``59``, ``a`` to ``g``), or a word of this project.
        field: the input it is about, or an empty text.
        says: what is wrong.
        value: what was found, as text.
    """

    row: int
    code: str
    field: str
    says: str
    value: str = ""

    def __str__(self) -> str:
        place = f"{self.field}: " if self.field else ""
        found = f" (found: {self.value})" if self.value else ""
        return f"{place}{self.says}{found}"


@dataclasses.dataclass(frozen=True, eq=False)
class Read:
    """Inputs read: one column for each input, in engine units, null where unknown; and what could not be read."""

    frame: pl.DataFrame
    findings: tuple[Finding, ...]


def read_inputs(loans: pl.DataFrame | Mapping[str, object] | Sequence[Mapping[str, object]]) -> Read:
    """Read inputs by name.

    Args:
        loans: a frame with one row for each loan, or one or more loans by name. Money is dollars, a percent is percent,
            both as text, decimals, integers, or floats that lie on a cent; dates are dates or ISO text; flags Y or N.

    Raises:
        InputError: no loan, or columns that are no inputs of the model.
    """
    if isinstance(loans, Mapping):
        loans = [loans]
    frame = loans if isinstance(loans, pl.DataFrame) else _frame(loans)
    known = fields()
    unknown = [name for name in frame.columns if name not in known]
    if unknown:
        raise InputError(
            "these are no inputs of the NPV model:",
            [f"{name}{_near(name, known)}" for name in unknown],
        )
    if frame.is_empty():
        raise InputError("there is no loan to test")
    columns, findings = [], []
    for name, field in known.items():
        if name not in frame.columns:
            columns.append(pl.Series(name, [None] * frame.height, _DTYPES[field.kind]))
            continue
        given = frame[name]
        read = frame.select(_expression(name, field.kind, given.dtype).alias(name)).to_series()
        columns.append(read)
        given_text = given.cast(pl.String)
        lost = read.is_null() & given_text.str.strip_chars().ne_missing("") & given.is_not_null()
        for row in lost.arg_true().to_list():
            findings.append(
                Finding(row, "unreadable", name, f"cannot be read as {_WORDS[field.kind]}", str(given[row]))
            )
    return Read(pl.DataFrame(columns), tuple(findings))


def _frame(loans: Iterable[Mapping[str, object]]) -> pl.DataFrame:
    rows = [dict(loan) for loan in loans]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pl.DataFrame({name: pl.Series([_cell(row.get(name)) for row in rows], dtype=pl.String) for name in names})


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    if isinstance(value, float):
        return repr(value)
    return str(value)


def _near(name: str, known: Mapping[str, InputField]) -> str:
    import difflib

    close = difflib.get_close_matches(name, list(known), 1)
    return f" (did you mean {close[0]}?)" if close else ""


_WORDS: dict[str, str] = {
    "text": "text",
    "whole": "a whole number",
    "money": "dollars and cents, such as 1234.56",
    "percent": "a percentage with at most five decimals, such as 6.5",
    "date": "a date such as 2010-03-01",
    "flag": "Y or N",
}
_DTYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "whole": pl.Int64(),
    "money": pl.Int64(),
    "percent": pl.Int64(),
    "date": pl.Date(),
    "flag": pl.Boolean(),
}
_NEAR = 1e-4  # how far a float may lie from a whole unit of percent and still be taken for it


def _expression(name: str, kind: Kind, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    text = column.cast(pl.String).str.strip_chars()
    if kind == "text":
        return pl.when(text != "").then(text)
    if kind == "money":
        return cents_expr(name, dtype)
    if kind == "percent":
        return _percent_units(column, dtype)
    if kind == "date":
        return column.cast(pl.Date) if dtype in (pl.Date, pl.Datetime) else text.str.to_date("%Y-%m-%d", strict=False)
    if kind == "flag":
        if dtype == pl.Boolean:
            return column
        word = text.str.to_lowercase()
        return (
            pl.when(word.is_in(["y", "yes", "true", "1"]))
            .then(True)
            .when(word.is_in(["n", "no", "false", "0"]))
            .then(False)
        )
    if dtype.is_float():
        return pl.when(column == column.round(0)).then(column).cast(pl.Int64, strict=False)
    return text.str.replace(r"\.0*$", "").cast(pl.Int64, strict=False)


def _percent_units(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Convert percent to Int64 hundred-thousandths of a percent; null where that is not exact."""
    if dtype.is_float():
        scaled = column.cast(pl.Float64) * PERCENT_UNITS
        nearest = scaled.round(0)
        return pl.when((scaled - nearest).abs() <= _NEAR).then(nearest).cast(pl.Int64, strict=False)
    text = column.cast(pl.String).str.strip_chars()
    readable = text.str.contains(r"^-?[0-9]*(\.[0-9]{0,5}0*)? ?%?$") & text.str.contains("[0-9]")
    bare = text.str.strip_chars_end("% ")
    units = bare.cast(pl.Decimal(20, 5), strict=False).to_physical()
    return pl.when(readable).then(units).cast(pl.Int64, strict=False)
