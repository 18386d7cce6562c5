"""Reading worked-case files: JSON or YAML, strictly, with every defect of the file at once."""

from __future__ import annotations

import dataclasses
import importlib.resources
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from hopenow.conformance.kinds import nearest
from hopenow.errors import InputError

__all__ = ["INVESTORS", "Case", "own_cases", "read_file"]

INVESTORS: Mapping[str, str | None] = {"FNMA": "fannie_mae", "FHLMC": "freddie_mac", "generic": None}
"""Investor as a case names it to program id; ``generic`` has none."""

AUTHORITIES = ("official", "secondary", "project")

_FILE_KEYS = {"about", "conventions", "cases"}
_TEXTS = ("id", "investor", "option", "rule_version", "authority")
_OPTIONAL = {
    "rule_text": str,
    "target_mode": str,
    "readings": dict,
    "source": dict,
    "checks": list,
    "caveats": list,
}
_CASE_KEYS = {*_TEXTS, *_OPTIONAL, "inputs", "outputs"}


@dataclasses.dataclass(frozen=True)
class Case:
    """One worked case as written.

    Attributes:
        id: unique in its file.
        investors: program ids; ``(None,)`` for arithmetic that no investor's rules touch.
        option: which handler runs it.
        rule_version: rule set, or the label of a rule.
        official: whether the investor itself published it.
        target_mode: reading of the payment target; None where the case does not say.
        readings: further parameters read differently: ``option.parameter`` to published value.
        inputs: as written.
        outputs: as written; only these are asserted.
        source: where it comes from.
        caveats: what must not be concluded from it; shown, and never a reason to pass.
        defects: what is wrong with the case itself; it is then not run.
        file: the file's name.
    """

    id: str
    investors: tuple[str | None, ...] = (None,)
    option: str = ""
    rule_version: str = ""
    official: bool = False
    target_mode: str | None = None
    readings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    inputs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    outputs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    source: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    caveats: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    file: str = ""


class _Loader(yaml.SafeLoader):
    """YAML in which a key may stand only once."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    return _once(
        [
            (loader.construct_object(key, deep=True), loader.construct_object(value, deep=True))
            for key, value in node.value
        ]
    )


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def _once(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    counts = Counter(key for key, _ in pairs)
    twice = sorted(str(key) for key, count in counts.items() if count > 1)
    if twice:
        raise InputError(f"the key {', '.join(twice)} stands twice; keep one of them")
    return dict(pairs)


def own_cases() -> list[Path]:
    """Return the worked-case files that ship with the package."""
    folder = Path(str(importlib.resources.files("hopenow.conformance").joinpath("cases")))
    return sorted(path for path in folder.iterdir() if path.suffix in {".json", ".yaml"})


def read_file(path: Path) -> list[Case]:
    """Read a worked-case file.

    A defect of one case makes that case an error; a defect of the file refuses the file.

    Args:
        path: a ``.json``, ``.yaml`` or ``.yml`` file.

    Returns:
        The cases in the order of the file.

    Raises:
        InputError: the file cannot be read, or is not a worked-case file.
    """
    document = _document(path)
    if not isinstance(document, dict) or "cases" not in document:
        raise InputError(f"{path.name}: not a worked-case file; it needs the key 'cases' with a list of cases")
    findings = [
        f"unknown key {key!r}{nearest(str(key), sorted(_FILE_KEYS))}" for key in document if key not in _FILE_KEYS
    ]
    entries = document["cases"]
    if not isinstance(entries, list) or not entries:
        findings.append("'cases' must be a list of at least one case")
        entries = []
    cases = [_case(entry, place, path.name) for place, entry in enumerate(entries, start=1)]
    counts = Counter(case.id for case in cases)
    findings += [f"the id {name!r} stands {count} times; ids are unique" for name, count in counts.items() if count > 1]
    if findings:
        raise InputError(f"{path.name}: not a worked-case file", findings)
    return cases


def _document(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise InputError(f"{path}: cannot be read: {reason}") from None
    try:
        if path.suffix.lower() == ".json":
            return json.loads(text, object_pairs_hook=_once)
        if path.suffix.lower() in {".yaml", ".yml"}:
            return yaml.load(text, Loader=_Loader)  # noqa: S506  (a safe loader)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from None
    except (json.JSONDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path.name}: cannot be read: {error}") from None
    raise InputError(f"{path.name}: worked cases are JSON (.json) or YAML (.yaml, .yml)")


def _case(entry: Any, place: int, file: str) -> Case:
    if not isinstance(entry, dict):
        return Case(f"case {place}", defects=("a case is a mapping of keys to values",), file=file)
    defects = list(_defects(entry))
    name = entry.get("id")
    name = name if isinstance(name, str) and name else f"case {place}"
    if defects:
        return Case(name, defects=tuple(defects), file=file)
    return Case(
        id=name,
        investors=tuple(INVESTORS[part] for part in entry["investor"].split("/")),
        option=entry["option"],
        rule_version=entry["rule_version"],
        official=entry["authority"] == "official",
        target_mode=entry.get("target_mode"),
        readings=entry.get("readings", {}),
        inputs={str(key): value for key, value in entry["inputs"].items()},
        outputs={str(key): value for key, value in entry["outputs"].items()},
        source=entry.get("source", {}),
        caveats=tuple(str(item) for item in entry.get("caveats", [])),
        file=file,
    )


def _defects(entry: Mapping[Any, Any]) -> Iterable[str]:
    for key in entry:
        if key not in _CASE_KEYS:
            yield f"unknown key {key!r}{nearest(str(key), sorted(_CASE_KEYS))}"
    for key in _TEXTS:
        if key not in entry:
            yield f"the key {key!r} is missing"
        elif not isinstance(entry[key], str) or not entry[key]:
            yield f"{key!r} must be text, not {entry[key]!r}"
    for key, kind in _OPTIONAL.items():
        if key in entry and not isinstance(entry[key], kind):
            yield f"{key!r} must be {_SAID[kind]}, not {entry[key]!r}"
    for key in ("inputs", "outputs"):
        if key not in entry:
            yield f"the key {key!r} is missing"
        elif not isinstance(entry[key], dict) or not entry[key]:
            yield f"{key!r} must be a mapping with at least one entry"
    investor = entry.get("investor")
    if isinstance(investor, str):
        for part in investor.split("/"):
            if part not in INVESTORS:
                yield f"unknown investor {part!r}; known: {', '.join(INVESTORS)}; two as FHLMC/FNMA"
    authority = entry.get("authority")
    if isinstance(authority, str) and authority not in AUTHORITIES:
        yield f"unknown authority {authority!r}; known: {', '.join(AUTHORITIES)}"


_SAID: Mapping[type, str] = {str: "text", dict: "a mapping", list: "a list"}
