"""Running cases and comparing what comes out, figure by figure."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import polars as pl

from hopenow.conformance.explained import Explained, read_explained
from hopenow.conformance.files import Case, own_cases, read_file
from hopenow.conformance.handler import Handler
from hopenow.conformance.kinds import KINDS, PER_UNIT, Field, difference, nearest
from hopenow.conformance.registry import handlers_of
from hopenow.conformance.rules import Day, day_of
from hopenow.conformance.runs import Run
from hopenow.errors import HopeNowError, InputError
from hopenow.programs.conventional.common import law

__all__ = ["CaseResult", "Difference", "run", "run_case"]

_DEFECTS = (ArithmeticError, AssertionError, LookupError, TypeError, ValueError, pl.exceptions.PolarsError)

Status = Literal["passed", "explained", "failed", "error", "no figures"]


@dataclasses.dataclass(frozen=True)
class Difference:
    """A figure that came out otherwise than the case says.

    Attributes:
        figure: the output; with the investor in front where a case is run for two.
        expected: as the case prints it.
        got: what was worked out, as text.
        reading: why the difference is accepted; empty where it is not.
    """

    figure: str
    expected: str
    got: str
    reading: str = ""


@dataclasses.dataclass(frozen=True)
class CaseResult:
    """What came of one case.

    Attributes:
        id: the case.
        file: the file it stands in.
        option: its option.
        status: passed; explained: every difference is listed with the reading behind it; failed; error: the
            case itself is not in order or could not be run; no figures: the case states none, so nothing was compared.
        compared: figures compared.
        differences: figures that came out otherwise.
        notes: what was supposed, chosen or left open.
        errors: what is wrong with the case.
        caveats: the case's own; they never change the status.
    """

    id: str
    file: str
    option: str
    status: Status
    compared: int = 0
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong: it passed, differs only in ways that are explained, or states no figure."""
        return self.status in {"passed", "explained", "no figures"}

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return dataclasses.asdict(self)


def run(paths: Iterable[Path | str] = (), *, explained: Path | None = None) -> list[CaseResult]:
    """Run worked-case files.

    Args:
        paths: JSON or YAML files; none runs the cases that ship with the package.
        explained: file of accepted differences; by default the project's own where it is there.

    Returns:
        One result per case, in the order of the files.

    Raises:
        InputError: a file cannot be read, or is not a worked-case file.
    """
    from hopenow.conformance import regulation_x  # needs CaseResult

    accepted = read_explained(explained)
    results: list[CaseResult] = []
    for path in map(Path, list(paths) or own_cases()):
        if regulation_x.holds(path):
            results += regulation_x.run_dated(path)
        else:
            results += [run_case(case, accepted) for case in read_file(path)]
    return results


def run_case(case: Case, explained: Sequence[Explained] = ()) -> CaseResult:
    """Run one case; what is wrong with the case is in the result, never raised.

    Args:
        case: the case.
        explained: accepted differences.
    """

    def erred(errors: Iterable[str]) -> CaseResult:
        return CaseResult(case.id, case.file, case.option, "error", errors=tuple(errors), caveats=case.caveats)

    if case.defects:
        return erred(case.defects)
    try:
        handled = handlers_of(case)
    except InputError as error:
        return erred(str(error).splitlines())
    outputs = _flat(case.outputs)
    defects: dict[str, None] = {}
    read: list[dict[str, Any]] = []
    for _, handler in handled:
        values, unreadable = _values(handler, case)
        read.append(values)
        found = [*_unknown(handler, case, outputs), *_missing(handler, case), *unreadable]
        found += [*_unreadable(handler, case, outputs, _count(handler, case)), *_loose(handler, case, outputs)]
        defects |= dict.fromkeys(found)
    if defects:
        return erred(defects)
    differences: list[Difference] = []
    notes: list[str] = []
    for (who, handler), values in zip(handled, read, strict=True):
        try:
            made, own = _run(handler, case, who, values, outputs)
        except HopeNowError as error:
            return erred(str(error).splitlines())
        except _DEFECTS as error:
            # A defect of the program; one case must not keep the others from being run.
            return erred([f"a defect of Hope Now, please report it: {type(error).__name__}: {error}"])
        prefix = f"{who}: " if len(handled) > 1 and who else ""
        differences += [dataclasses.replace(item, figure=prefix + item.figure) for item in made]
        notes += [f"{prefix}{note}" for note in own if f"{prefix}{note}" not in notes]
    differences = [_explained(case, item, explained) for item in differences]
    notes += _stale(case, differences, explained)
    open_ones = [item for item in differences if not item.reading]
    status: Status = "failed" if open_ones else "explained" if differences else "passed"
    return CaseResult(
        case.id,
        case.file,
        case.option,
        status,
        len(outputs) * len(handled),
        tuple(differences),
        tuple(notes),
        (),
        case.caveats,
    )


def _flat(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return outputs with those of an inner mapping under ``outer.inner``."""
    flat: dict[str, Any] = {}
    for name, value in outputs.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": item for inner, item in value.items()}
        else:
            flat[name] = value
    return flat


def _unknown(handler: Handler, case: Case, outputs: Mapping[str, Any]) -> list[str]:
    inputs = [*handler.inputs, *(pattern.shown for pattern in handler.input_patterns)]
    results = [*handler.outputs, *(pattern.shown for pattern in handler.output_patterns)]
    found = [f"unknown input {name!r}{nearest(name, inputs)}" for name in case.inputs if handler.input(name) is None]
    return found + [
        f"unknown output {name!r}{nearest(name, results)}" for name in outputs if handler.output(name) is None
    ]


def _missing(handler: Handler, case: Case) -> list[str]:
    return [
        f"the input {' or '.join(names)} is missing"
        for names in handler.needs
        if all(case.inputs.get(name) is None for name in names)
    ]


def _values(handler: Handler, case: Case) -> tuple[dict[str, Any], list[str]]:
    values, defects = {}, []
    for name, raw in case.inputs.items():
        field = handler.input(name)
        if field is not None:
            try:
                values[name] = [field.read(item) for item in raw] if _several(field, raw) else field.read(raw)
            except InputError as error:
                defects.append(f"input {name}: {error}")
    counts = {
        len(raw)
        for name, raw in case.inputs.items()
        if (field := handler.input(name)) is not None and _several(field, raw)
    }
    if len(counts) > 1 or 0 in counts:
        defects.append("inputs with several values must all have the same number of them, and at least one")
    return values, defects


def _several(field: Field, raw: Any) -> bool:
    """Whether a list stands where one value is wanted."""
    return isinstance(raw, list) and field.many == "one" and field.kind not in {"structure", "codes"}


def _each(handler: Handler, case: Case, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one set of values for each of the several that a case gives."""
    several = {
        name for name in values if (field := handler.input(name)) is not None and _several(field, case.inputs[name])
    }
    count = max((len(values[name]) for name in several), default=0)
    if not several:
        return [dict(values)]
    return [
        {name: value[place] if name in several else value for name, value in values.items()} for place in range(count)
    ]


def _expected(field: Field, expected: Any, place: int, count: int) -> Any:
    """Return what a case expects of one of several runs: its own entry, or the one value for all."""
    if not isinstance(expected, list):
        return expected
    own_lists = field.many == "list" or field.kind == "codes"
    if own_lists and not all(isinstance(item, list) for item in expected):
        return expected
    if len(expected) != count:
        raise InputError(f"{len(expected)} values are expected for {count} inputs")
    return expected[place]


def _unreadable(handler: Handler, case: Case, outputs: Mapping[str, Any], count: int) -> list[str]:
    defects = []
    for name, raw in outputs.items():
        field = handler.output(name)
        if field is not None:
            try:
                for place in range(max(count, 1)):
                    field.read(_expected(field, raw, place, count) if count else raw)
            except InputError as error:
                defects.append(f"output {name}: {error}")
    return defects


def _run(
    handler: Handler, case: Case, who: str | None, values: Mapping[str, Any], outputs: Mapping[str, Any]
) -> tuple[list[Difference], list[str]]:
    sets = _each(handler, case, values)
    several = _count(handler, case)
    found: dict[Difference, None] = {}
    notes: list[str] = []
    for place, own in enumerate(sets):
        for dated in _on_each_day(handler, case, own, notes):
            made = Run(case, who, dated, tuple(outputs), _day(handler, case, who, dated))
            got = handler.compute(made)
            notes += [note for note in made.notes if note not in notes]
            for name, expected in outputs.items():
                field = _output(handler, name)
                wanted = _expected(field, expected, place, len(sets)) if several else expected
                leeway = _tolerance(case, field, name)
                other = difference(field, wanted, got.get(name), official=case.official, tolerance=leeway)
                if other is not None:
                    found[Difference(f"{name}[{place + 1}]" if several else name, *other)] = None
    return list(found), notes


def _on_each_day(
    handler: Handler, case: Case, values: Mapping[str, Any], notes: list[str]
) -> Iterable[Mapping[str, Any]]:
    """Return the values for each day on which a case is run: both ends of its rules where it names no day."""
    undated = handler.law is None and all(values.get(name) is None for name in handler.dated_by)
    if not (undated and handler.dated_by and case.effective):
        return [values]
    note = f"run on {' and on '.join(str(day) for day in case.effective)}, the ends of the rules it is about"
    if note not in notes:
        notes.append(note)
    return [{**values, handler.dated_by[0]: day} for day in case.effective]


_ANY_MONEY = "amount"


def _tolerance(case: Case, field: Field, name: str) -> Fraction | None:
    """Return how far an output may be off; its own name goes before the end of a name, and that before ``amount``."""
    if name in case.tolerance:
        return case.tolerance[name]
    fitting = [key for key in case.tolerance if name.endswith(f"_{key}")]
    if fitting:
        return case.tolerance[max(fitting, key=len)]
    return case.tolerance.get(_ANY_MONEY) if field.kind in {"money", "payment"} else None


def _loose(handler: Handler, case: Case, outputs: Mapping[str, Any]) -> list[str]:
    """Name tolerances that no output of the case can use."""
    fields = {name: field for name in outputs if (field := handler.output(name)) is not None}
    found = []
    for key in case.tolerance:
        meant = [name for name in fields if name == key or name.endswith(f"_{key}")]
        meant += [name for name, field in fields.items() if key == _ANY_MONEY and field.kind in {"money", "payment"}]
        if not meant:
            found.append(f"tolerance of {key!r}: the case has no such output{nearest(key, list(outputs))}")
        found += [
            f"tolerance of {key!r}: {name} is {fields[name].kind}, which is the same or not"
            for name in meant
            if fields[name].kind not in PER_UNIT
        ]
    return found


def _output(handler: Handler, name: str) -> Field:
    field = handler.output(name)
    if field is None:
        raise InputError(f"unknown output {name!r}")
    return field


def _count(handler: Handler, case: Case) -> int:
    """Number of runs of a case that gives several values; 0 where it gives one of each."""
    return max(
        (
            len(raw)
            for name, raw in case.inputs.items()
            if (field := handler.input(name)) is not None and _several(field, raw)
        ),
        default=0,
    )


def _day(handler: Handler, case: Case, who: str | None, values: Mapping[str, Any]) -> Day | None:
    if handler.law is None:
        free = handler.prose_version or (not case.rule_version and (handler.program or handler.programs))
        if not free and case.rule_version not in handler.labels:
            raise _no_version(handler, case)
        return None
    if who is None:
        raise InputError(f"{case.option} needs an investor: FNMA or FHLMC")
    date = next((day for name in handler.dated_by if (day := _as_day(values.get(name))) is not None), None)
    if case.rule_version in handler.labels:
        versions = tuple(item.id for item in law(handler.law).rule_sets)
    else:
        versions = handler.versions.get(case.rule_version, (case.rule_version,))
        if handler.labels and not {item.id for item in law(handler.law).rule_sets} & set(versions):
            raise _no_version(handler, case)
    return day_of(handler.law, who, versions, case.rule_version, date)


def _as_day(value: Any) -> datetime.date | None:
    """Return a date, or the first one of a list (of lists)."""
    while isinstance(value, list) and value:
        value = value[0]
    try:
        return None if value is None or isinstance(value, bool) else KINDS["date"].read(value)
    except InputError:
        return None


def _no_version(handler: Handler, case: Case) -> InputError:
    known = [*handler.labels, *handler.versions]
    return InputError(
        f"{case.option} has no rule version {case.rule_version!r}{nearest(case.rule_version, known)} "
        f"(known: {', '.join(known)})"
    )


def _explained(case: Case, found: Difference, explained: Sequence[Explained]) -> Difference:
    """Attach the reading; only to exactly the difference that was explained."""
    for item in explained:
        if (item.id, item.figure, item.expected, item.got) == (
            case.id,
            found.figure,
            found.expected,
            found.got,
        ):
            return dataclasses.replace(found, reading=item.reading)
    return found


def _stale(case: Case, differences: Sequence[Difference], explained: Sequence[Explained]) -> list[str]:
    used = {item.figure for item in differences if item.reading}
    return [
        f"an explained difference in {item.figure} no longer occurs as explained; take it off the list"
        for item in explained
        if item.id == case.id and item.figure not in used
    ]
