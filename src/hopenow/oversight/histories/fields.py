"""Loan-month files of any shape: the vocabulary, the mapping file, and the reading of columns.

A file whose columns are named as in ``fields.yaml`` needs no mapping. Any other is read through one::

    version: 1
    title: Servicer extract, 2009
    method: MBA                     # how lateness is counted: MBA or OTS
    columns:
      LOAN_NO: {field: loan_id}
      ASOF: {field: month, date_format: "%Y%m"}
      DLQ: {field: days_late, fillers: ["999"]}
      LIQ: {field: ended, values: {"": none, P: paid_off, F: foreclosure_sale, S: short_sale}}
      HINCP: {carry: income}        # a number of the loan's first row, for groups, matching and thresholds
    only: {LIEN: ["1"]}             # rows to look at; the rest is counted
    ignore: [SELLER_NAME]

Every key is checked, and everything wrong is said at once. A code that the mapping does not name is a finding with its
count, and so is a cell that cannot be read; both count as unknown.
"""

from __future__ import annotations

import functools
import importlib.resources
from pathlib import Path
from typing import Annotated, Final, Literal

import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from hopenow.errors import InputError, LawError
from hopenow.facts.findings import FindingRule
from hopenow.law.loader import read_strict
from hopenow.tapes.layouts import pack

__all__ = ["CELL", "CODE", "FIELDS_PACKAGE", "ColumnSpec", "FieldSpec", "MonthMapping", "expression", "fields", "own"]

FIELDS_PACKAGE: Final = "hopenow.oversight.histories"
Kind = Literal["id", "month", "whole", "rate", "money", "yes_no", "word", "name", "code"]

CELL: Final = FindingRule(
    "HIST-CELL", "shape", "warning", "The cell cannot be read.", "It is taken as unknown; correct it."
)
CODE: Final = FindingRule(
    "HIST-UNKNOWN-CODE",
    "shape",
    "warning",
    "The code is not in the mapping.",
    "It is taken as unknown; say in the mapping what it means.",
)

_YES: Final = ("y", "yes", "true", "t", "1")
_NO: Final = ("n", "no", "false", "f", "0")
_BLANK: Final = ("", "null", "na", "n/a", "nan", "unknown")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldSpec(_Strict):
    """Something that a loan-month file may hold."""

    name: str
    kind: Kind
    means: str
    to: str | None = None
    static: str | None = None
    required: bool = False
    per: int = 1
    values: dict[str, str] = Field(default_factory=dict)


def _text(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if value is None or isinstance(value, str | dict | list) else str(value)


def _texts(value: object) -> object:
    return tuple(_text(item) for item in value) if isinstance(value, list) else value


def _codes(value: object) -> object:
    return {_text(key): _text(item) for key, item in value.items()} if isinstance(value, dict) else value


class ColumnSpec(_Strict):
    """One source column: the field it holds, or the name under which its number is carried along."""

    field: str | None = None
    carry: str | None = None
    values: Annotated[dict[str, str], BeforeValidator(_codes)] = Field(default_factory=dict)
    fillers: Annotated[tuple[str, ...], BeforeValidator(_texts)] = ()
    date_format: str | None = None

    @model_validator(mode="after")
    def _one_use(self) -> ColumnSpec:
        if (self.field is None) == (self.carry is None):
            raise ValueError("a column has either a field or a name to be carried under")
        if self.field is not None and self.field not in fields():
            raise ValueError(f"{self.field!r} is not a field of loan-month files ({', '.join(fields())})")
        allowed = fields()[self.field].values if self.field is not None else {}
        wrong = sorted(set(self.values.values()) - set(allowed)) if allowed else []
        if wrong and self.field is not None and fields()[self.field].kind == "word":
            raise ValueError(f"{', '.join(wrong)}: {self.field} is one of {', '.join(allowed)}")
        return self


class MonthMapping(_Strict):
    """A checked mapping file."""

    version: Annotated[Literal["1"], BeforeValidator(_text)] = "1"
    title: str = "own columns"
    method: Literal["MBA", "OTS"] = "MBA"
    columns: dict[str, ColumnSpec]
    only: dict[str, Annotated[tuple[str, ...], BeforeValidator(_texts)]] = Field(default_factory=dict)
    null_values: Annotated[tuple[str, ...], BeforeValidator(_texts)] = ()
    ignore: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> MonthMapping:
        used = [spec.field for spec in self.columns.values() if spec.field is not None]
        twice = sorted({name for name in used if used.count(name) > 1})
        if twice:
            raise ValueError(f"mapped more than once: {', '.join(twice)}")
        lacking = [name for name, field in fields().items() if field.required and name not in used]
        if lacking:
            raise ValueError(f"no column holds {', '.join(lacking)}")
        late = [name for name in ("months_late", "days_late") if name in used]
        if len(late) != 1:
            raise ValueError("exactly one column holds months_late or days_late")
        return self

    @property
    def carried(self) -> tuple[str, ...]:
        """Names of the numbers carried along."""
        return tuple(spec.carry for spec in self.columns.values() if spec.carry is not None)


@functools.cache
def fields() -> dict[str, FieldSpec]:
    """Return the vocabulary by name.

    Raises:
        LawError: ``fields.yaml`` is not what it should be.
    """
    content = read_strict(importlib.resources.files(FIELDS_PACKAGE).joinpath("fields.yaml"))
    try:
        found = TypeAdapter(list[FieldSpec]).validate_python(content["fields"])
    except ValidationError as error:
        raise LawError(f"fields.yaml: {error}") from None
    return {field.name: field for field in found}


def load_mapping(path: Path) -> MonthMapping:
    """Read and check a mapping file.

    Raises:
        InputError: naming everything that is wrong.
    """
    if not path.is_file():
        raise InputError(f"{path} is not a file.")
    try:
        content = read_strict(path)
    except LawError as error:
        raise InputError(str(error)) from None
    try:
        return MonthMapping.model_validate(content)
    except ValidationError as error:
        findings = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
        raise InputError(f"{path} is not a mapping of loan-months", findings, shown=100) from None


def own(header: tuple[str, ...], name: str) -> MonthMapping:
    """Return the mapping of a file whose columns have the vocabulary's names; other columns are left aside.

    Raises:
        InputError: a column that is needed is missing.
    """
    known = {column: ColumnSpec(field=column) for column in header if column in fields()}
    if "months_late" in known:
        known.pop("days_late", None)
    try:
        return MonthMapping(title=name, columns=known)
    except ValidationError as error:
        findings = [item["msg"].removeprefix("Value error, ") for item in error.errors()]
        raise InputError(
            f"{name} is in none of the known layouts and does not have the columns of a loan-month file; "
            "name its columns in a mapping (--mapping)",
            findings,
            shown=100,
        ) from None


# --- reading columns ------------------------------------------------------------------------------


def expression(column: str, spec: ColumnSpec, dtype: pl.DataType, mapping: MonthMapping) -> pl.Expr:
    """Return a column as whole numbers in the reader's units (text for names, floats for carried numbers)."""
    source = pl.col(column)
    if spec.carry is not None:
        return _unfilled(source, spec, dtype, mapping).cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False)
    field = fields()[str(spec.field)]
    if field.kind in ("id", "name", "code"):
        return source.cast(pl.String).str.strip_chars().replace("", None)
    source = _unfilled(source, spec, dtype, mapping)
    if field.kind == "month":
        return _month(source, dtype, spec.date_format)
    if field.kind in ("money", "rate"):
        return _scaled(source, dtype, 2 if field.kind == "money" else 4)
    if field.kind == "whole":
        whole = _scaled(source, dtype, 0)
        if field.per > 1:
            whole = whole // field.per
        if field.to == "status" and mapping.method == "OTS":
            # A loan is 30 days late by the MBA's count one month before it is by the OTS's.
            whole = pl.when(whole >= 1).then(whole + 1).otherwise(whole)
        return whole
    text = source.cast(pl.String).str.strip_chars()
    return text.replace_strict(words(spec, field), default=None, return_dtype=pl.Int64)


def words(spec: ColumnSpec, field: FieldSpec) -> dict[str, int]:
    """Return each spelling that the column may hold, as the number that stands for its meaning."""
    if field.kind == "yes_no":
        own_words = field.values or {"Y": "Y", "N": "N"}
        spelled = dict.fromkeys(_YES, "yes") | dict.fromkeys(_NO, "no")
        spelled = {**spelled, **{word.upper(): sense for word, sense in spelled.items()}}
        spelled |= {word.capitalize(): sense for word, sense in spelled.items()}
        spelled |= spec.values
        return {word: pack(own_words["Y" if sense == "yes" else "N"]) for word, sense in spelled.items()}
    spelled = spec.values or {word: word for word in field.values}
    return {word: _number(field.values[sense]) for word, sense in spelled.items()}


def _number(code: str) -> int:
    return int(code) if code.isdigit() else pack(code)


def _unfilled(source: pl.Expr, spec: ColumnSpec, dtype: pl.DataType, mapping: MonthMapping) -> pl.Expr:
    fillers = [*spec.fillers, *mapping.null_values]
    if dtype == pl.String:
        blank = source.str.strip_chars().str.to_lowercase().is_in([*_BLANK, *(word.lower() for word in fillers)])
        keep = [word for word in spec.values if word.lower() in _BLANK]
        if keep:
            blank = blank & ~source.str.strip_chars().is_in(keep)
        return pl.when(~blank).then(source)
    return pl.when(~source.cast(pl.String).is_in(fillers)).then(source) if fillers else source


def _month(source: pl.Expr, dtype: pl.DataType, date_format: str | None) -> pl.Expr:
    if dtype == pl.String or (dtype.is_integer() and date_format is not None):
        text = source.cast(pl.String).str.strip_chars()
        # A month without its day is read as its first.
        day = text.str.slice(0, 7) + "-01" if date_format is None else text + " 01"
        source = day.str.to_date("%Y-%m-%d" if date_format is None else f"{date_format} %d", strict=False)
        if date_format is not None and "%d" in date_format:
            source = text.str.to_date(date_format, strict=False)
    elif dtype.is_integer():
        return source.cast(pl.Int64)
    return source.dt.year().cast(pl.Int64) * 12 + source.dt.month().cast(pl.Int64) - 1


def _scaled(source: pl.Expr, dtype: pl.DataType, places: int) -> pl.Expr:
    if dtype.is_integer():
        return source.cast(pl.Int64) * pl.lit(10**places)
    if dtype == pl.String:
        text = source.str.strip_chars().str.replace_all(",", "").str.strip_prefix("$").str.strip_suffix("%")
        source = text.cast(pl.Decimal(20, 8), strict=False)
        dtype = pl.Decimal(20, 8)
    if dtype.is_decimal():
        scaled = source.cast(pl.Decimal(20, 8)) * pl.lit(10**places)
        return scaled.cast(pl.Float64).round().cast(pl.Int64, strict=False)
    scaled = source.cast(pl.Float64) * float(10**places)
    nearest = scaled.round()
    return pl.when((scaled - nearest).abs() < 1e-4).then(nearest).cast(pl.Int64, strict=False)
