"""One loan's facts from a small JSON or YAML file in published units."""

from __future__ import annotations

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from hopenow.errors import InputError
from hopenow.facts.ingest import to_canonical
from hopenow.portfolio.choices import today

SUFFIXES = frozenset({".json", ".yaml", ".yml"})


def read_loan(path: Path) -> tuple[pl.DataFrame, list[str], list[str]]:
    """Read a file of facts: ``note_rate: 4.25``, ``hardship_resolved: yes``; null or absent means not known.

    The loan number is by default the file's name, the evaluation date today.

    Args:
        path: JSON or YAML.

    Returns:
        The canonical frame of one row, what was taken for granted, and the warnings about the facts.

    Raises:
        InputError: with every finding, when the file or a required fact cannot be read.
    """
    content = _content(path)
    if not isinstance(content, dict) or not content:
        raise InputError(f"{path} must hold the facts of one loan by name, such as `note_rate: 4.25`")
    notes = []
    if not content.get("loan_id"):
        content["loan_id"] = path.stem
    if not content.get("evaluation_date"):
        content["evaluation_date"] = today().isoformat()
        notes.append(f"the file names no evaluation date; today's is taken ({content['evaluation_date']})")
    read = to_canonical(
        {str(name): [_text(name, value, path)] for name, value in content.items()}, canonical=False
    )
    lines = [
        (row["severity"], f"{row['field']}: {row['message']} (found: {row['value']})")
        for row in read.findings.iter_rows(named=True)
    ]
    if read.facts.is_empty():
        raise InputError(
            f"{path} cannot be reviewed", [line for severity, line in lines if severity == "error"]
        )
    return read.facts, notes, [line for severity, line in lines if severity == "warning"]


def _content(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".json":
            return json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=_unique)
        return yaml.load(text, Loader=_Loader)  # noqa: S506  (only text, lists and mappings)
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: line {error.lineno}: not JSON: {error.msg}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not YAML: {' '.join(str(error).split())}") from None


def _unique(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InputError(f"the fact {key!r} stands twice; keep one of them")
        found[key] = value
    return found


class _Loader(yaml.CBaseLoader):
    """YAML as plain text, so that nothing is rounded; without duplicate keys."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    return _unique(
        [
            (loader.construct_object(key, deep=True), loader.construct_object(value, deep=True))
            for key, value in node.value
        ]
    )


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def _text(name: object, value: Any, path: Path) -> str | None:
    if value is None or isinstance(value, bool):
        return None if value is None else ("yes" if value else "no")
    if isinstance(value, list):
        return ";".join(str(item) for item in value)
    if isinstance(value, dict):
        raise InputError(
            f"{path}: {name} must be one value, not a mapping; a file holds the facts of one loan"
        )
    return str(value)
