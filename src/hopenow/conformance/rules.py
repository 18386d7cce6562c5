"""Which rules a case is run under: rule set and day, and readings that differ from the default."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Mapping, Sequence
from typing import Any

from hopenow.conformance.kinds import nearest
from hopenow.errors import InputError, LawError
from hopenow.law import OptionLaw, Segment, segments
from hopenow.law.model import ParameterLaw, Value
from hopenow.programs.base import Option, Program
from hopenow.programs.conventional.common import law
from hopenow.programs.registry import program

__all__ = ["Day", "day_of", "mode_readings", "reading_program"]


@dataclasses.dataclass(frozen=True)
class Day:
    """The day whose rules a case is run under.

    Attributes:
        date: the evaluation date.
        segment: the rules in force.
        adopted: rule-set id to adoption date, where the rule set was still optional.
        supposed: whether the case gives no date, so that the rule set chose it.
    """

    date: datetime.date
    segment: Segment
    adopted: Mapping[str, datetime.date]
    supposed: bool


def day_of(name: str, who: str, versions: Sequence[str], written: str, date: datetime.date | None) -> Day:
    """Find the day and the rules for a case.

    Args:
        name: law file of the option.
        who: program id.
        versions: ids under which the rule set may be known in that file.
        written: the version as the case writes it.
        date: the evaluation date, where the case gives one.

    Raises:
        InputError: no such rule set, or it is not in force on the date.
    """
    found = law(name)
    wanted = {item.id: item for item in found.rule_sets if item.id in versions and who in item.authorities}
    if not wanted:
        known = sorted({item.id for item in found.rule_sets if who in item.authorities})
        raise InputError(
            f"{found.title} of {who} has no rule version {written!r}{nearest(written, known)} "
            f"(known: {', '.join(known)})"
        )
    own = [part for part in segments(found, who) if part.rule_set.id in wanted]
    if date is None:
        return Day(own[-1].start, own[-1], {}, True)
    for part in own:
        if part.start <= date <= part.end:
            return Day(date, part, {}, False)
    for item in wanted.values():
        if item.optional_from is not None and item.start is not None and item.optional_from <= date < item.start:
            adopted = {item.id: date}
            parts = [part for part in segments(found, who, adopted) if part.start <= date <= part.end]
            return Day(date, parts[0], adopted, False)
    raise InputError(
        f"rule version {written} of {found.title} is not in force on {date}: {own[0].start} to {_end(own[-1].end)}"
    )


def _end(date: datetime.date) -> str:
    return "today" if date == datetime.date.max else str(date)


def mode_readings(option: str, rule_set: str, mode: str) -> dict[str, Any]:
    """Return the readings that a ``target_mode`` stands for: the mode, and the reduction that goes with it.

    The law states both for each investor; a case may ask for the reading of the other one.

    Raises:
        InputError: no such mode.
    """
    entry = law(option).parameters.get("target_mode")
    if entry is None:
        raise InputError(f"{law(option).title} has no target_mode")
    if mode not in entry.choices:
        raise InputError(
            f"unknown target_mode {mode!r}{nearest(mode, entry.choices)} (known: {', '.join(entry.choices)})"
        )
    using = [item for item in entry.values if item.value == mode]
    using.sort(key=lambda item: rule_set not in item.rule_sets)
    for item in using:
        for reduction in law(option).parameters["payment_reduction"].values:
            same_set = not reduction.rule_sets or set(reduction.rule_sets) & set(item.rule_sets)
            if same_set and set(reduction.authorities) & set(item.authorities):
                return {"target_mode": mode, "payment_reduction": reduction.value}
    return {"target_mode": mode}


def reading_program(who: str, readings: Mapping[str, Any]) -> Program:
    """Return a program with parameters read differently.

    Args:
        who: program id.
        readings: ``option.parameter`` to published value; it holds on every day and is marked unverified.

    Raises:
        InputError: no such option or parameter, or a value that the parameter does not allow.
    """
    flat = tuple(sorted((name, tuple(value) if isinstance(value, list) else value) for name, value in readings.items()))
    return _reading_program(who, flat)


@functools.cache
def _reading_program(who: str, readings: tuple[tuple[str, Any], ...]) -> Program:
    # Kept for good: the review keeps its plans by the identity of a program.
    original = program(who)
    wanted: dict[str, dict[str, Any]] = {}
    for name, value in readings:
        option, _, parameter = name.partition(".")
        wanted.setdefault(option, {})[parameter] = value
    known = {option.id: option for option in original.options}
    for option in wanted:
        if option not in known:
            raise InputError(f"a reading is named option.parameter; no option {option!r}{nearest(option, list(known))}")
    return dataclasses.replace(
        original, options=tuple(_read(item, who, wanted.get(item.id, {})) for item in original.options)
    )


def _read(option: Option, who: str, readings: Mapping[str, Any]) -> Option:
    if not readings:
        return option
    changed = dict(option.law.parameters)
    for name, value in readings.items():
        if name not in changed:
            raise InputError(f"{option.id} has no parameter {name!r}{nearest(name, list(changed))}")
        changed[name] = _fixed(changed[name], option.law, who, name, value)
    return dataclasses.replace(option, law=option.law.model_copy(update={"parameters": changed}))


def _fixed(entry: ParameterLaw, found: OptionLaw, who: str, name: str, value: Any) -> ParameterLaw:
    own = next((item for item in reversed(entry.values) if who in item.authorities), entry.values[-1])
    reading = {
        "for": (who,),
        "value": value,
        "cite": own.cite,
        "verification": "unverified",
        "note": "A reading chosen for this run",
    }
    others = [item for item in entry.values if who not in item.authorities]
    try:
        return ParameterLaw(
            meaning=entry.meaning,
            unit=entry.unit,
            choices=entry.choices,
            values=[*others, Value.model_validate(reading)],
        )
    except (ValueError, LawError) as error:
        raise InputError(f"{found.option}.{name} cannot be read as {value!r}: {_first(error)}") from None


def _first(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[2].strip() if len(lines) > 2 else lines[0]
