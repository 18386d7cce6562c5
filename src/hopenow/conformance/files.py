"""Reading worked-case files: JSON or YAML, strictly, with every defect of the file at once."""

from __future__ import annotations

import dataclasses
import datetime
import importlib.resources
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from hopenow.conformance.kinds import KINDS, nearest
from hopenow.errors import InputError
from hopenow.programs.registry import PROGRAMS

__all__ = ["INVESTORS", "Case", "own_cases", "read_file"]

INVESTORS: Mapping[str, str | None] = {"FNMA": "fannie_mae", "FHLMC": "freddie_mac", "generic": None}
"""Investor as a case names it to program id; ``generic`` has none."""

AUTHORITIES = ("official", "secondary", "project", "derived")

_FILE_KEYS = {"about", "conventions", "cases"}
_TEXTS = ("id", "authority")
_OPTIONAL: Mapping[str, type | tuple[type, ...]] = {
    "investor": str,
    "program": str,
    "option": str,
    "group": str,
    "rule_version": str,
    "rule_text": str,
    "target_mode": str,
    "readings": dict,
    "tolerance": dict,
    "variants": list,
    "effective_from": (str, type(None)),
    "effective_to": (str, type(None)),
    "title": str,
    "verification": str,
    "rules": str,
    "rounding": str,
    "historical": bool,
    "source": dict,
    "checks": list,
    "caveats": list,
}
_CASE_KEYS = {*_TEXTS, *_OPTIONAL, "inputs", "outputs"}
_VARIANT_KEYS = {"name", "inputs", "outputs"}


@dataclasses.dataclass(frozen=True)
class Case:
    """One worked case as written.

    Attributes:
        id: unique in its file.
        investors: program ids; ``(None,)`` for arithmetic that no investor's rules touch; none where the case leaves
            it to the option whose rules apply.
        program: whether the case names its program, so that ``option`` is an option of that program.
        option: which handler runs it.
        rule_version: rule set, or the label of a rule; empty where the case names none.
        effective: first and last day of the rules that the case is about, as far as it gives them.
        official: whether the investor itself published it.
        target_mode: reading of the payment target; None where the case does not say.
        readings: further parameters read differently: ``option.parameter`` to published value.
        tolerance: output, end of an output's name, or ``amount`` (any money) to how far apart two figures may be.
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
    program: bool = False
    effective: tuple[datetime.date, ...] = ()
    official: bool = False
    target_mode: str | None = None
    readings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    tolerance: Mapping[str, Fraction] = dataclasses.field(default_factory=dict)
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
    cases = [case for place, entry in enumerate(entries, start=1) for case in _cases(entry, place, path.name)]
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


def _cases(entry: Any, place: int, file: str) -> list[Case]:
    """Read an entry: one case, or one for each of its variants."""
    if not isinstance(entry, dict):
        return [Case(f"case {place}", defects=("a case is a mapping of keys to values",), file=file)]
    name = entry.get("id")
    name = name if isinstance(name, str) and name else f"case {place}"
    defects = tuple(_defects(entry))
    if defects:
        return [Case(name, defects=defects, file=file)]
    if "variants" not in entry:
        return [_case(entry, name, file)]
    found = []
    for number, variant in enumerate(entry["variants"], start=1):
        laid_over = {
            key: {**entry.get(key, {}), **variant.get(key, {})} for key in ("inputs", "outputs")
        }
        found.append(_case({**entry, **laid_over}, f"{name}/{variant.get('name', number)}", file))
    return found


def _case(entry: Mapping[str, Any], name: str, file: str) -> Case:
    days = (entry.get("effective_from"), entry.get("effective_to"))
    return Case(
        id=name,
        investors=_investors(entry),
        program="program" in entry,
        option=entry.get("option") or entry["group"],
        rule_version=entry.get("rule_version", ""),
        effective=tuple(KINDS["date"].read(day) for day in days if day is not None),
        official=entry["authority"] == "official",
        target_mode=entry.get("target_mode"),
        readings=entry.get("readings", {}),
        tolerance={key: Fraction(value) for key, value in entry.get("tolerance", {}).items()},
        inputs={str(key): value for key, value in entry["inputs"].items()},
        outputs={str(key): value for key, value in entry["outputs"].items()},
        source=entry.get("source", {}),
        caveats=tuple(str(item) for item in entry.get("caveats", [])),
        file=file,
    )


def _named_programs(text: str) -> list[str]:
    """Return the programs that a case names: ids, in any case of letters; a remark in parentheses is for people."""
    return [part.strip().lower() for part in text.partition("(")[0].split("/")]


def _investors(entry: Mapping[str, Any]) -> tuple[str | None, ...]:
    if "program" in entry:
        return tuple(_named_programs(entry["program"]))
    if "investor" in entry:
        return tuple(INVESTORS[part] for part in entry["investor"].split("/"))
    return ()


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
        if key in entry and (not isinstance(entry[key], kind) or entry[key] == ""):
            yield f"{key!r} must be {_said(kind)}, not {entry[key]!r}"
    if "option" not in entry and "group" not in entry:
        yield "the key 'option' is missing"
    yield from _defects_of_parties(entry)
    yield from _defects_of_figures(entry)
    yield from _defects_of_values(entry)


def _defects_of_parties(entry: Mapping[Any, Any]) -> Iterable[str]:
    investor, program, authority = (entry.get(key) for key in ("investor", "program", "authority"))
    if investor is not None and program is not None:
        yield "a case names an investor or a program, not both"
    if isinstance(investor, str):
        for part in investor.split("/"):
            if part not in INVESTORS:
                yield f"unknown investor {part!r}; known: {', '.join(INVESTORS)}; two as FHLMC/FNMA"
        if "rule_version" not in entry:
            yield "the key 'rule_version' is missing; only a case that names its program can do without"
    if isinstance(program, str):
        for part in _named_programs(program):
            if part not in PROGRAMS:
                yield f"unknown program {part!r}{nearest(part, PROGRAMS)} (known: {', '.join(PROGRAMS)})"
    if isinstance(authority, str) and authority not in AUTHORITIES:
        yield f"unknown authority {authority!r}; known: {', '.join(AUTHORITIES)}"


def _defects_of_figures(entry: Mapping[Any, Any]) -> Iterable[str]:
    variants = entry.get("variants")
    for key in ("inputs", "outputs"):
        if key not in entry and variants is None:
            yield f"the key {key!r} is missing"
        elif key in entry and (not isinstance(entry[key], dict) or not entry[key]):
            yield f"{key!r} must be a mapping with at least one entry"
    if isinstance(variants, list):
        if not variants:
            yield "'variants' must be a list of at least one variant"
        for number, variant in enumerate(variants, start=1):
            yield from _defects_of_variant(entry, variant, number)
        names = Counter(str(item["name"]) for item in variants if isinstance(item, dict) and "name" in item)
        yield from (f"the variant {name!r} stands {count} times" for name, count in names.items() if count > 1)


def _defects_of_variant(entry: Mapping[Any, Any], variant: Any, number: int) -> Iterable[str]:
    if not isinstance(variant, dict):
        yield f"variant {number} must be a mapping with inputs and outputs"
        return
    for key in variant:
        if key not in _VARIANT_KEYS:
            yield f"variant {number}: unknown key {key!r}{nearest(str(key), sorted(_VARIANT_KEYS))}"
    for key in ("inputs", "outputs"):
        if key not in variant and key not in entry:
            yield f"variant {number}: the key {key!r} is missing"
        elif key in variant and not isinstance(variant[key], dict):
            yield f"variant {number}: {key!r} must be a mapping"


def _defects_of_values(entry: Mapping[Any, Any]) -> Iterable[str]:
    for key in ("effective_from", "effective_to"):
        if isinstance(entry.get(key), str):
            try:
                KINDS["date"].read(entry[key])
            except InputError as error:
                yield f"{key}: {error}"
    tolerance = entry.get("tolerance")
    if isinstance(tolerance, dict):
        for key, value in tolerance.items():
            try:
                if not isinstance(value, str) or Fraction(value) < 0:
                    raise ValueError
            except (ValueError, ZeroDivisionError):
                yield f"tolerance of {key}: {value!r} is not a decimal string of zero or more, such as '0.005'"


_SAID: Mapping[type, str] = {str: "text", dict: "a mapping", list: "a list", bool: "true or false"}


def _said(kind: type | tuple[type, ...]) -> str:
    return "text or null" if isinstance(kind, tuple) else _SAID[kind]
