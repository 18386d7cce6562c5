"""Readings: points on which sources conflict or are silent, and the documented values that a run may choose.

What may be chosen stands in the law files themselves, as ``alternatives`` of a parameter, each with its own citation
and mark. Nothing else can be chosen. A reading is named ``program.parameter``; it holds for every option of the
program whose law lists it.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from hopenow.errors import InputError, LawError
from hopenow.law import OptionLaw, ParameterLaw, Value, Verification, cited, shown_value
from hopenow.law.loader import same
from hopenow.programs.base import Option, Program

_FLAGS = {"yes": True, "true": True, "no": False, "false": False}


@dataclasses.dataclass(frozen=True)
class Choice:
    """A documented value: as published and as shown, with source and mark."""

    value: object
    shown: str
    source: str
    url: str
    mark: Verification
    note: str


@dataclasses.dataclass(frozen=True)
class Reading:
    """A point that can be read in several documented ways.

    Attributes:
        program: program id.
        name: name of the parameter.
        meaning: what is decided.
        options: ids of the options for which it holds.
        chosen: what applies; several where the default differs with the version.
        alternatives: what may be chosen instead.
    """

    program: str
    name: str
    meaning: str
    options: tuple[str, ...]
    chosen: tuple[Choice, ...]
    alternatives: tuple[Choice, ...]

    @property
    def id(self) -> str:
        """Name by which a run chooses it."""
        return f"{self.program}.{self.name}"

    def as_dict(self) -> dict[str, Any]:
        """Return plain data; values as shown."""
        return {
            "id": self.id,
            "program": self.program,
            "name": self.name,
            "meaning": self.meaning,
            "options": list(self.options),
            "chosen": [_plain(item) for item in self.chosen],
            "alternatives": [_plain(item) for item in self.alternatives],
        }


def _plain(item: Choice) -> dict[str, str]:
    return {"value": item.shown, "source": item.source, "url": item.url, "mark": item.mark, "note": item.note}


@dataclasses.dataclass(frozen=True)
class Chosen:
    """A reading that a run chose: the point, what was taken, and what would have applied.

    Attributes:
        id: ``program.parameter``.
        program: program id.
        meaning: what is decided.
        options: ids of the options for which it holds.
        value: what was chosen, as shown.
        default: what would have applied, as shown.
        source: of the value chosen.
        url: public address of the source; empty where there is none.
        mark: how sure the value chosen is.
        note: remark of the law file on it.
    """

    id: str
    program: str
    meaning: str
    options: tuple[str, ...]
    value: str
    default: str
    source: str
    url: str
    mark: Verification
    note: str


def readings_of(program: Program) -> tuple[Reading, ...]:
    """Return the points of a program on which its law files list other documented readings.

    Raises:
        LawError: options of the program list different readings under one name.
    """
    found: dict[str, Reading] = {}
    for option in program.options:
        for name, parameter in option.law.parameters.items():
            reading = _reading(program.id, option, name, parameter)
            if reading is None:
                continue
            known = found.get(name)
            if known is None:
                found[name] = reading
            elif _says(known) != _says(reading):
                raise LawError(
                    f"{program.id}: {', '.join(known.options)} and {option.id} list different readings under the name "
                    f"{name}; name them differently"
                )
            else:
                found[name] = dataclasses.replace(known, options=(*known.options, option.id))
    return tuple(found.values())


def _says(reading: Reading) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(item.shown for item in reading.chosen), tuple(item.shown for item in reading.alternatives)


def _own(parameter: ParameterLaw, program: str) -> list[Value]:
    return [item for item in parameter.alternatives if program in item.authorities]


def _reading(program: str, option: Option, name: str, parameter: ParameterLaw) -> Reading | None:
    alternatives = _own(parameter, program)
    if not alternatives:
        return None
    covered = [value for item in alternatives for value in parameter.covered(item, program)]
    defaults = {_choice(option.law, parameter, value).shown: value for value in covered}
    return Reading(
        program=program,
        name=name,
        meaning=parameter.meaning,
        options=(option.id,),
        chosen=tuple(_choice(option.law, parameter, value) for value in defaults.values()),
        alternatives=tuple(_choice(option.law, parameter, item) for item in alternatives),
    )


def _choice(law: OptionLaw, parameter: ParameterLaw, value: Value) -> Choice:
    shown = shown_value(value.value, parameter.unit)
    return Choice(value.value, shown, *cited(law, value.cite), value.verification, value.note or "")


# --- choosing -------------------------------------------------------------------------------------


def parse_readings(texts: Iterable[str], programs: Mapping[str, Program]) -> dict[str, object]:
    """Return what ``name=value`` texts choose, by ``program.parameter``.

    Args:
        texts: ``program.parameter=value``; the program may be left out where only one has such a reading. Values are
            written as they are shown; ``_`` stands for a blank.
        programs: programs by id that may be meant.

    Raises:
        InputError: with every text that cannot be understood and what there is instead.
    """
    known = {reading.id: reading for item in programs.values() for reading in readings_of(item)}
    found: dict[str, object] = {}
    findings: list[str] = []
    for text in texts:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not (name and sign and value):
            findings.append(f"{text}: write it as name=value")
            continue
        ids = [name] if name in known else [item.id for item in known.values() if item.name == name]
        if len(ids) != 1:
            findings.append(f"{text}: {_which(name, ids, known)}")
        elif ids[0] in found:
            findings.append(f"{text}: {ids[0]} is given twice")
        else:
            try:
                found[ids[0]] = _read(known[ids[0]], value)
            except InputError as error:
                findings.append(f"{text}: {error}")
    if findings:
        raise InputError("the readings cannot be used", findings)
    return found


def _which(name: str, ids: list[str], known: Mapping[str, Reading]) -> str:
    if ids:
        return f"several programs have this reading; name one: {', '.join(ids)}"
    near = difflib.get_close_matches(name, [*known, *(item.name for item in known.values())], n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"no such reading; {hint}there are {', '.join(known) or 'none'}"


def _read(reading: Reading, text: str) -> object:
    """Return the value that a text stands for, the default included."""
    wanted = _written(text)
    for item in (*reading.alternatives, *reading.chosen):
        if wanted == _written(item.shown) or (isinstance(item.value, bool) and _FLAGS.get(wanted) is item.value):
            return item.value
    raise InputError(_undocumented(reading, repr(text)))


def _written(text: str) -> str:
    return " ".join(text.replace("_", " ").lower().split())


def _undocumented(reading: Reading, what: str) -> str:
    known = ", ".join(
        [f"{item.shown} (default)" for item in reading.chosen] + [item.shown for item in reading.alternatives]
    )
    return f"{what} is not a documented reading of {reading.id}; there are {known}"


def reread(program: Program, chosen: Mapping[str, object]) -> Program:
    """Return a program under other documented readings.

    Args:
        program: as its law files have it.
        chosen: name of the parameter to the published value; a default leaves things as they are.

    Returns:
        The same program where nothing changes. The same choice gives the same object, so that plans are kept.

    Raises:
        InputError: a reading or value that the law files do not list; with every finding.
    """
    known = {reading.name: reading for reading in readings_of(program)} if chosen else {}
    findings, taken = [], {}
    for name, value in chosen.items():
        if name not in known:
            findings.append(f"{name}: {_which(name, [], {item.name: item for item in known.values()})}")
        elif any(same(item.value, value) for item in known[name].alternatives):
            taken[name] = value
        elif not any(same(item.value, value) for item in known[name].chosen):
            findings.append(f"{name}: {_undocumented(known[name], repr(value))}")
    if findings:
        raise InputError("the readings cannot be used", findings)
    return _reread(program, taken) if taken else program


# The original is kept beside what was made of it: a place in memory alone may be used again. Values stand as text in
# the key: True and 1 are equal in Python.
_KEPT: dict[tuple[int, tuple[tuple[str, str], ...]], tuple[Program, Program]] = {}


def _reread(program: Program, taken: Mapping[str, object]) -> Program:
    key = (id(program), tuple(sorted((name, repr(value)) for name, value in taken.items())))
    if key not in _KEPT or _KEPT[key][0] is not program:
        options = tuple(
            dataclasses.replace(option, law=read_as(option.law, program.id, taken)) for option in program.options
        )
        _KEPT[key] = (program, dataclasses.replace(program, options=options))
    return _KEPT[key][1]


def read_as(law: OptionLaw, program: str, chosen: Mapping[str, object]) -> OptionLaw:
    """Return an option's law with documented alternatives in the place of the values that they cover.

    Parameters for which the law lists no such alternative stay as they are.
    """
    parameters = dict(law.parameters)
    for name, value in chosen.items():
        parameter = parameters.get(name)
        if parameter is None:
            continue
        found = next((item for item in _own(parameter, program) if same(item.value, value)), None)
        if found is not None:
            parameters[name] = _replaced(parameter, found, program)
    return law if parameters == law.parameters else law.model_copy(update={"parameters": parameters})


def _replaced(parameter: ParameterLaw, alternative: Value, program: str) -> ParameterLaw:
    """Put an alternative in the place of what it covers; dates and rule sets stay those of the law."""
    taken = {"value": alternative.value, "cite": alternative.cite, "verification": alternative.verification,
             "note": alternative.note}  # fmt: skip
    covered = [id(value) for value in parameter.covered(alternative, program)]
    values = []
    for value in parameter.values:
        if id(value) not in covered:
            values.append(value)
            continue
        others = tuple(name for name in value.authorities if name != program)
        if others:
            values.append(value.model_copy(update={"authorities": others}))
        values.append(value.model_copy(update={"authorities": (program,), **taken}))
    return parameter.model_copy(update={"values": values})


def chosen_readings(original: Program, chosen: Mapping[str, object]) -> tuple[Chosen, ...]:
    """Return what a run chose for a program, where it differs from the default.

    Args:
        original: the program as its law files have it.
        chosen: name of the parameter to the published value.
    """
    found = []
    for reading in readings_of(original) if chosen else ():
        if reading.name not in chosen:
            continue
        value = chosen[reading.name]
        taken = next((item for item in reading.alternatives if same(item.value, value)), None)
        if taken is not None:
            default = " or ".join(item.shown for item in reading.chosen)
            found.append(
                Chosen(
                    id=reading.id,
                    program=reading.program,
                    meaning=reading.meaning,
                    options=reading.options,
                    value=taken.shown,
                    default=default,
                    source=taken.source,
                    url=taken.url,
                    mark=taken.mark,
                    note=taken.note,
                )
            )
    return tuple(found)


def own_readings(chosen: Mapping[str, object], program: str) -> dict[str, object]:
    """Return, of choices by ``program.parameter``, those of one program by parameter."""
    prefix = f"{program}."
    return {name.removeprefix(prefix): value for name, value in chosen.items() if name.startswith(prefix)}
