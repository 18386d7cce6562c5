"""Files in and out: one case as YAML or JSON, many loans as CSV or Parquet, and the empty template."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from hopenow.errors import HopeNowError, InputError
from hopenow.law.loader import read_strict
from hopenow.money import dollars_expr, percent_expr
from hopenow.valuation.hamp_npv.inputs import fields
from hopenow.valuation.hamp_npv.terms import SCENARIOS

__all__ = ["CASE_SUFFIXES", "TABLE_SUFFIXES", "Case", "in_dollars", "read_case", "read_table", "template"]

CASE_SUFFIXES = (".yaml", ".yml", ".json")
TABLE_SUFFIXES = (".csv", ".parquet")
CORRECTED, OTHER_TERMS = "corrected", "scenarios"
_MONEY = (
    "npv_unmodified",
    "npv_modified",
    "difference",
    "cure_unmodified",
    "default_value_unmodified",
    "cure_modified",
    "default_value_modified",
)


@dataclasses.dataclass(frozen=True)
class Case:
    """One loan's inputs, as printed in a notice; what the homeowner says instead; terms of other modifications."""

    loan: Mapping[str, object]
    corrected: Mapping[str, object]
    scenarios: Mapping[str, Mapping[str, object]]


def read_case(path: Path) -> Case:
    """Read one case.

    Args:
        path: YAML or JSON with the inputs by name; ``corrected`` and ``scenarios`` may hold more of them.

    Raises:
        InputError: with every finding.
    """
    content = _content(path)
    if not isinstance(content, dict) or not content:
        raise InputError(f"{path} must hold the inputs of one loan by name, such as `upb: 247000.00`")
    corrected, scenarios = content.pop(CORRECTED, None) or {}, content.pop(OTHER_TERMS, None) or {}
    findings = []
    if not isinstance(corrected, dict):
        findings.append(f"{CORRECTED} must hold inputs by name")
        corrected = {}
    if not isinstance(scenarios, dict) or not all(isinstance(item, dict) for item in scenarios.values()):
        findings.append(f"{OTHER_TERMS} must hold, for {', '.join(SCENARIOS)}, inputs by name")
        scenarios = {}
    for place, found in (("", content), (f"{CORRECTED}.", corrected), *((f"{k}.", v) for k, v in scenarios.items())):
        findings += [f"{place}{name} is no input of the NPV model" for name in found if name not in fields()]
        findings += [
            f"{place}{name} must be one value" for name, value in found.items() if isinstance(value, dict | list)
        ]
    if findings:
        raise InputError(f"{path} cannot be used:", findings)
    return Case(content, corrected, scenarios)


def _content(path: Path) -> Any:
    if path.suffix.lower() == ".json":
        try:
            return json.loads(
                path.read_text(encoding="utf-8-sig"), parse_float=str, parse_int=str, object_pairs_hook=_unique
            )
        except json.JSONDecodeError as error:
            raise InputError(f"{path}: line {error.lineno}: not JSON: {error.msg}") from None
        except UnicodeDecodeError:
            raise InputError(f"{path} is not UTF-8 text") from None
    try:
        return read_strict(path)
    except HopeNowError as error:
        raise InputError(str(error)) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"given twice: {', '.join(twice)}; keep one of each")
    return dict(pairs)


def read_table(path: Path) -> pl.DataFrame:
    """Read many loans; every cell of a CSV stays text, so that nothing is rounded on the way.

    Raises:
        InputError: the file cannot be read as a table.
    """
    try:
        if path.suffix.lower() == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{path} cannot be read as a table: {' '.join(str(error).split())}") from None


def in_dollars(frame: pl.DataFrame) -> pl.DataFrame:
    """Return results of :func:`hopenow.valuation.hamp_npv.run` in dollars and percent, for files."""
    return frame.with_columns(
        *(dollars_expr(name).cast(pl.Decimal(18, 2)).alias(name) for name in _MONEY),
        percent_expr("survey_rate").cast(pl.Decimal(18, 4)).alias("survey_rate"),
    )


def template() -> str:
    """Return an empty case as YAML, with the meaning of every input."""
    lines = [
        "# Inputs of the HAMP value test, by column of the model documentation. Money in dollars, rates in percent."
    ]
    for name, field in fields().items():
        optional = ", may be left out" if field.optional else ""
        lines += [f"# {field.column}: {field.says}{optional}", f"{name}:"]
    lines += [
        "# What should have been used instead, for any of the inputs above:",
        "# corrected:",
        "#   gross_income: 4100.00",
        "# Terms of the program's other modifications, where they are known:",
        "# scenarios:",
        "#   tier2: {upb_after: 250000.00, rate_after: 4.5, term_after: 480}",
    ]
    return "\n".join(lines) + "\n"
