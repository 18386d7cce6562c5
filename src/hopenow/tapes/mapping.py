"""The mapping file: which column of a tape is which fact, and how it is written there.

A mapping is a short YAML file (`hopenow tape inspect` writes a starter)::

    version: 1
    file:                       # all optional: what is left out is recognized
      delimiter: "|"
      encoding: utf-8
      has_header: true
      null_values: ["-9", "9999"]
    constants:                  # facts that are the same on every row
      evaluation_date: 2026-09-30
      investor: fannie_mae
    columns:                    # source column: fact, or fact and how it is written
      LOAN_NO: loan_id
      CURR_RATE: {fact: note_rate, unit: fraction}
      DUE: {fact: next_due_date, format: "%m%Y"}
      OCC: {fact: occupancy, values: {P: principal_residence, S: second_home, I: investment}}
    ignore: [SELLER_NAME]       # known, and not needed

Every key is checked; all that is wrong is reported at once, with the place where it stands.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, Literal

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from hopenow.errors import InputError
from hopenow.facts.ingest import MONEY_UNITS, RATE_UNITS, Reading, nearest_fact, to_canonical
from hopenow.facts.schema import Fact, schema


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class FileShape(_Strict):
    """How the file is written; None means that it is recognized from the file."""

    format: Literal["csv", "parquet"] | None = None
    delimiter: str | None = None
    encoding: str | None = None
    has_header: bool | None = None
    column_names: tuple[str, ...] = ()
    null_values: tuple[str, ...] = ()

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        named = {"tab": "\t", "\\t": "\t", "pipe": "|", "comma": ",", "semicolon": ";"}
        value = named.get(value, value) if value is not None else None
        if value is not None and (len(value) != 1 or not value.isascii() or value in '"\n\r'):
            raise ValueError("a delimiter is one character, such as , | ; or tab")
        return value


class ColumnMapping(_Strict):
    """One source column: the fact it holds and how it is written there."""

    fact: str
    unit: str | None = None
    date_format: str | None = Field(None, alias="format")
    values: dict[str, str] = Field(default_factory=dict)
    null_values: tuple[str, ...] = ()


class TapeMapping(_Strict):
    """A checked mapping file."""

    version: Literal["1"] = "1"
    file: FileShape = FileShape()
    constants: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, ColumnMapping] = Field(default_factory=dict)
    ignore: tuple[str, ...] = ()

    @property
    def facts(self) -> dict[str, str]:
        """Source column to fact."""
        return {column: mapped.fact for column, mapped in self.columns.items()}

    def readings(self) -> dict[str, Reading]:
        """How to read each mapped fact, where it differs from the usual."""
        shared = frozenset(self.file.null_values)
        return {
            mapped.fact: Reading(
                unit=mapped.unit,
                date_format=mapped.date_format,
                values=mapped.values,
                null_words=shared | frozenset(mapped.null_values),
            )
            for mapped in self.columns.values()
        }


def load_mapping(path: str | Path) -> TapeMapping:
    """Read and check a mapping file.

    Raises:
        InputError: the file cannot be read, or something in it is wrong; carries every finding.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text: save the mapping as UTF-8") from None
    return parse_mapping(text, str(path))


def parse_mapping(text: str, source: str = "mapping") -> TapeMapping:
    """Check the text of a mapping; ``source`` names it in messages.

    Raises:
        InputError: something in it is wrong; carries every finding.
    """
    document, findings = _document(text, source)
    mapping = _checked(document, findings)
    if findings:
        raise InputError(f"{source} cannot be used", findings, shown=100)
    return mapping


# --- reading --------------------------------------------------------------------------------------


class _TextLoader(yaml.CBaseLoader):
    """Reads every scalar as text, so that N stays a letter and 01 keeps its zero; refuses repeated keys."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.repeated: list[str] = []


def _unique_keys(loader: _TextLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    result: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        key = key if isinstance(key, Hashable) else str(key)
        if key in result:
            loader.repeated.append(
                f"line {key_node.start_mark.line + 1}: key {key!r} is there twice: remove one"
            )
            continue
        result[key] = loader.construct_object(value_node, deep=True)
    return result


_TextLoader.add_constructor("tag:yaml.org,2002:map", _unique_keys)


def _document(text: str, source: str) -> tuple[dict[str, Any], list[str]]:
    loader = _TextLoader(text)
    try:
        document = loader.get_single_data()
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        place = f" line {where.line + 1}" if where is not None else ""
        raise InputError(f"{source}{place} is not YAML: {getattr(error, 'problem', None) or error}") from None
    finally:
        loader.dispose()
    if not isinstance(document, dict):
        raise InputError(f"{source} is not a mapping: it needs the keys version, constants and columns")
    return {str(key): value for key, value in document.items()}, list(loader.repeated)


def _checked(document: dict[str, Any], findings: list[str]) -> TapeMapping:
    """Check each part by itself, so that one mistake does not hide the others."""
    columns = _section(document, "columns", findings)
    good = {
        name: column for name, raw in columns.items() if (column := _column(name, raw, findings)) is not None
    }
    constants = _section(document, "constants", findings)
    findings.extend(_constant_findings(constants))
    rest = {key: value for key, value in document.items() if key not in {"columns", "constants"}}
    try:
        frame = TapeMapping.model_validate(rest)
    except ValidationError as error:
        findings.extend(_pydantic_findings(error, "", TapeMapping))
        frame = TapeMapping()
    findings.extend(_file_findings(frame, good))
    findings.extend(_twice(columns, constants))
    findings.extend(_missing(columns, constants))
    texts = {str(name): str(value) for name, value in constants.items()}
    return frame.model_copy(update={"columns": good, "constants": texts})


def _section(document: dict[str, Any], name: str, findings: list[str]) -> dict[str, Any]:
    value = document.get(name) or {}
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}
    findings.append(f"{name}: write one `name: value` on each line")
    return {}


def _column(name: str, raw: Any, findings: list[str]) -> ColumnMapping | None:
    try:
        column = ColumnMapping.model_validate({"fact": raw} if isinstance(raw, str) else raw)
    except ValidationError as error:
        findings.extend(_pydantic_findings(error, f"columns.{name}", ColumnMapping))
        return None
    fact = schema().get(column.fact)
    if fact is None:
        findings.append(f"columns.{name}: {_unknown_fact(column.fact)}")
        return None
    wrong = list(_column_findings(column, fact))
    findings.extend(f"columns.{name}.{text}" for text in wrong)
    return None if wrong else column


def _unknown_fact(name: str) -> str:
    near = nearest_fact(name)
    return f"{name!r} is not a fact" + (
        f": did you mean {near!r}?" if near else ": see the reference page of facts"
    )


def _column_findings(column: ColumnMapping, fact: Fact) -> Iterator[str]:
    units = {"money": MONEY_UNITS, "rate": RATE_UNITS}.get(fact.type, ())
    if column.unit is not None and column.unit not in units:
        allowed = f"use {', '.join(units)}" if units else f"{fact.name} is in {fact.unit}; remove the unit"
        yield f"unit: {column.unit!r} does not fit {fact.name}: {allowed}"
    if column.date_format is not None:
        if fact.type != "date":
            yield f"format: {fact.name} is not a date; remove the format"
        elif not ({"%Y", "%y"} & _directives(column.date_format)) or not (
            {"%m", "%b", "%B", "%j"} & _directives(column.date_format)
        ):
            yield f"format: {column.date_format!r} has no year or no month: write for example %m/%d/%Y"
    if column.values and fact.type not in {"choice", "choices", "flag", "text"}:
        yield f"values: {fact.name} is a {fact.type}; only words can be translated"
    for source, word in column.values.items():
        if fact.type == "flag" and word.lower() not in {"yes", "no", "true", "false", ""}:
            yield f"values.{source}: {word!r} is not yes or no"
        if fact.type in {"choice", "choices"} and word and word not in fact.choices:
            yield f"values.{source}: {word!r} is not one of {', '.join(fact.choices)}"


def _directives(date_format: str) -> set[str]:
    return {
        date_format[place : place + 2] for place in range(len(date_format) - 1) if date_format[place] == "%"
    }


def _constant_findings(constants: dict[str, Any]) -> Iterator[str]:
    known = {}
    for name, value in constants.items():
        if name not in schema():
            yield f"constants.{name}: {_unknown_fact(name)}"
        elif not isinstance(value, str):
            yield f"constants.{name}: write a single value"
        else:
            known[name] = [value]
    if not known:
        return
    # One row, so that a constant is judged exactly as a cell would be.
    row = {"loan_id": ["1"], "evaluation_date": ["2000-01-01"], **known}
    for finding in to_canonical(row).findings.filter(_not_time()).iter_rows(named=True):
        if finding["field"] in known:
            yield f"constants.{finding['field']}: {finding['value']!r}: {finding['message']}"


def _not_time() -> pl.Expr:
    # The evaluation date may be a column: what only contradicts the stand-in date is no finding.
    return ~pl.col("rule").str.contains("EVALUATION|ORIGINATION|NEXT-DUE")


def _file_findings(mapping: TapeMapping, columns: dict[str, ColumnMapping]) -> Iterator[str]:
    shape = mapping.file
    if shape.column_names and shape.has_header:
        yield "file.column_names: only for files without a header; set has_header: false or remove the names"
    if shape.has_header is False and not shape.column_names and shape.format != "parquet":
        yield "file.column_names: a file without a header needs the names of its columns, in order"
    repeated = sorted({name for name in shape.column_names if shape.column_names.count(name) > 1})
    for name in repeated:
        yield f"file.column_names: {name!r} is there twice: give each column its own name"
    if shape.column_names:
        for name in columns:
            if name not in shape.column_names:
                yield f"columns.{name}: not among file.column_names"
    for name in mapping.ignore:
        if name in columns:
            yield f"ignore: {name!r} is also mapped: remove one"


def _twice(columns: dict[str, Any], constants: dict[str, Any]) -> Iterator[str]:
    places: dict[str, list[str]] = {}
    for name, raw in columns.items():
        fact = raw if isinstance(raw, str) else raw.get("fact") if isinstance(raw, dict) else None
        if isinstance(fact, str):
            places.setdefault(fact, []).append(f"columns.{name}")
    for name in constants:
        places.setdefault(name, []).append(f"constants.{name}")
    for fact, where in places.items():
        if len(where) > 1 and fact in schema():
            yield f"{fact} comes from {' and '.join(where)}: keep one"


def _missing(columns: dict[str, Any], constants: dict[str, Any]) -> Iterator[str]:
    given = {
        raw if isinstance(raw, str) else raw.get("fact")
        for raw in columns.values()
        if isinstance(raw, (str, dict))
    }
    for name, fact in schema().items():
        if fact.required and name not in given and name not in constants:
            yield f"{name} is missing: map a column to it, or give it under constants"


def _pydantic_findings(error: ValidationError, prefix: str, model: type[BaseModel]) -> Iterator[str]:
    allowed = ", ".join(info.alias or name for name, info in model.model_fields.items())
    for item in error.errors(include_url=False):
        path = ".".join(str(part) for part in item["loc"])
        place = ".".join(part for part in (prefix, path) if part) or "mapping"
        if item["type"] == "extra_forbidden":
            names = allowed if len(item["loc"]) == 1 else ", ".join(FileShape.model_fields)
            yield f"{place}: no such key; known keys: {names}"
        elif item["type"] == "missing":
            yield f"{place}: is missing"
        else:
            yield f"{place}: {item['msg'].removeprefix('Value error, ')}"
