"""Choices of a run as people write them (``hardship_resolved=true``), turned into settings of the engine."""

from __future__ import annotations

import dataclasses
import datetime
import difflib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from hopenow.errors import InputError
from hopenow.facts import schema
from hopenow.facts.ingest import nearest_fact, to_canonical
from hopenow.facts.logic import FIRST_EVALUATION, LAST_EVALUATION
from hopenow.portfolio.sources import At
from hopenow.programs.readings import parse_readings
from hopenow.programs.registry import ALL, PROGRAMS, program
from hopenow.review import Settings


def settings(
    *,
    assume: Iterable[str] = (),
    adopted: Iterable[str] = (),
    programs: Iterable[str] = (),
    profiles: Iterable[str | Path] = (),
    pool_used: Iterable[str] = (),
    reference_dir: str | Path | None = None,
    readings: Iterable[str] = (),
) -> Settings:
    """Return the settings of a run.

    Args:
        assume: ``fact=value`` in published units, taken where the fact is unknown.
        adopted: ``rule set=YYYY-MM-DD``, the day on which the servicer adopted a version early.
        programs: programs to look at; none means those that a loan's type and owner allow, ``all`` these and the ones
            open to anyone.
        profiles: files of private-label profiles.
        pool_used: ``profile=percent`` of the pool changed so far.
        reference_dir: folder of newer reference files.
        readings: ``program.parameter=value``, another documented reading.

    Raises:
        InputError: with every choice that cannot be understood.
    """
    defects: list[str] = []
    facts = _pairs(assume, "--assume", _assumption, defects)
    days = _pairs(adopted, "--adopted", _adoption, defects)
    used = _pairs(pool_used, "--pool-used", lambda name, text: text, defects)
    names = tuple(dict.fromkeys(programs))
    defects += [_unknown_program(name) for name in names if name not in PROGRAMS and name != ALL]
    if ALL in names and len(names) > 1:
        defects.append(f"--program {ALL}: it stands for every program; name no others beside it")
    folder = None if reference_dir is None else Path(reference_dir)
    if folder is not None and not folder.is_dir():
        defects.append(f"--reference {folder}: there is no such folder")
    if defects:
        raise InputError("the run cannot start as asked", defects)
    extra = {}
    files = tuple(profiles)
    if files or used:
        from hopenow.programs.private_label.profile import load_profiles
        from hopenow.programs.private_label.program import NAME, program_with

        extra[NAME] = program_with(load_profiles(files), used)
    made = Settings(assume=facts, adopted=days, programs=names, reference_dir=folder, extra_programs=extra)
    made.chosen()
    asked = tuple(readings)
    return dataclasses.replace(made, readings=parse_readings(asked, every_program(made))) if asked else made


def parse_at(text: str) -> At:
    """Return which months of a history to review.

    ``last`` and ``each`` are themselves; ``YYYY-MM`` is the last day of that month.

    Raises:
        InputError: it is none of these.
    """
    if text == "last":
        return "last"
    if text == "each":
        return "each"
    try:
        day = datetime.date.fromisoformat(text if len(text) > 7 else f"{text}-01")
    except ValueError:
        raise InputError(f"--at {text}: write last, each, or a month such as 2026-09") from None
    following = (day.replace(day=1) + datetime.timedelta(days=31)).replace(day=1)
    return following - datetime.timedelta(days=1)


def _pairs(
    texts: Iterable[str], option: str, read: Callable[[str, str], Any], defects: list[str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text in texts:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not (name and sign and value):
            defects.append(f"{option} {text}: write it as name=value")
            continue
        if name in found:
            defects.append(f"{option} {text}: {name} is given twice")
            continue
        try:
            found[name] = read(name, value)
        except InputError as error:
            defects.append(f"{option} {text}: {error}")
    return found


def _assumption(name: str, text: str) -> Any:
    facts = schema()
    if name not in facts:
        near = nearest_fact(name)
        raise InputError(
            f"no such fact{f'; did you mean {near}?' if near else ''} (`hopenow facts` lists them)"
        )
    if facts[name].required:
        raise InputError("this fact must stand on every row and cannot be assumed")
    return read_fact(name, text)


def today() -> datetime.date:
    """Return the local calendar day."""
    return datetime.datetime.now().astimezone().date()


def read_fact(name: str, text: str) -> Any:
    """Return a fact's canonical value from published text.

    Raises:
        InputError: the text cannot be read, or is out of range.
    """
    # At the first and at the last day that an evaluation may have: a date that fits one of them is a date.
    days = [FIRST_EVALUATION.isoformat(), LAST_EVALUATION.isoformat()]
    read = to_canonical({"loan_id": ["1", "2"], "evaluation_date": days, name: [text, text]}, canonical=False)
    found = [value for value in read.facts[name].to_list() if value is not None]
    if not found:
        messages = read.findings.filter(pl.col("field") == name)["message"].to_list()
        raise InputError(messages[0] if messages else f"{text!r} means not known; an assumption needs a value")
    return found[0]


def _adoption(name: str, text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise InputError("the day of adoption is written YYYY-MM-DD") from None


def _unknown_program(name: str) -> str:
    near = difflib.get_close_matches(name, PROGRAMS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(PROGRAMS)}, {ALL}"
    return f"--program {name}: no such program; {hint}"


def every_program(settings: Settings | None = None) -> Mapping[str, Any]:
    """Return every program by id, profiles of the settings included."""
    extra = settings.extra_programs if settings else {}
    return {name: extra.get(name) or program(name) for name in PROGRAMS}
