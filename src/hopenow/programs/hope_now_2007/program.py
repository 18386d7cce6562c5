"""The alliance's own programs of 2007 to 2009 as one program, by default or under other documented readings."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.errors import InputError
from hopenow.law import OptionLaw
from hopenow.law.loader import read_strict
from hopenow.law.model import Value
from hopenow.programs.base import Program
from hopenow.programs.hope_now_2007 import fast_track, lifeline, streamlined_modification
from hopenow.programs.hope_now_2007.common import NAME, PACKAGE, law

c = pl.col


@functools.cache
def readings() -> Mapping[str, tuple[Value, ...]]:
    """Return the switches of the fast-track test (C1 to C5) with every documented reading, the default first."""
    content: dict[str, list[dict[str, Any]]] = read_strict(importlib.resources.files(PACKAGE).joinpath("readings.yaml"))
    return {
        name: tuple(Value.model_validate({"for": NAME, **entry}) for entry in entries)
        for name, entries in content.items()
    }


def _read_as(base: OptionLaw, chosen: Mapping[str, object]) -> OptionLaw:
    findings, parameters = [], dict(base.parameters)
    for name, value in chosen.items():
        if name not in readings():
            findings.append(f"{name}: no such switch; there are {', '.join(readings())}")
            continue
        # True equals one in Python; a reading must be of the documented type as well.
        found = [item for item in readings()[name] if type(item.value) is type(value) and item.value == value]
        if not found:
            known = ", ".join(repr(item.value) for item in readings()[name])
            findings.append(f"{name}: {value!r} is not a documented reading; there are {known}")
            continue
        parameters[name] = parameters[name].model_copy(update={"values": found})
    if findings:
        raise InputError("the readings cannot be used", findings)
    return base.model_copy(update={"parameters": parameters})


def _applies() -> pl.Expr:
    """Return which loans the program looks at.

    On a day on which any of its rules was in force: every loan, since Project Lifeline was open to all and the
    Streamlined Modification Program to the enterprises' loans. On other days only pooled adjustable loans, for which
    the answer is that the framework is not in force.
    """
    sets = [
        item
        for option in (fast_track.OPTION, lifeline.OPTION, streamlined_modification.OPTION)
        for item in option.law.rule_sets
    ]
    first = min(item.start for item in sets if item.start is not None)
    last = max(item.end for item in sets if item.end is not None)
    in_force = c("evaluation_date").is_between(first, last)
    pooled = (c("investor") == "private_label") & (c("amortization_type") == "adjustable")
    # Whose rules they are does not depend on the investor; that the investor is unknown is still said.
    known = pl.when(c("investor").is_not_null()).then(True)
    return pl.when(in_force).then(known).otherwise(pooled)


def program_with(**chosen: object) -> Program:
    """Return the program under other readings of the five points on which the sources conflict.

    Args:
        chosen: switch to reading, for example ``max_60_in_12m=0`` or ``f1_score="origination"``; see :func:`readings`.
            A switch left out keeps its default.

    Raises:
        InputError: an unknown switch or an undocumented reading; with every finding.
    """
    return Program(
        id=NAME,
        title="HOPE NOW programs of 2007 to 2009",
        applies=_applies(),
        options=(
            fast_track.option(_read_as(law(fast_track.NAME), chosen)),
            streamlined_modification.OPTION,
            lifeline.OPTION,
        ),
        orders={"standard": (fast_track.NAME, streamlined_modification.NAME, lifeline.NAME)},
        order=pl.lit("standard"),
        order_sources={"standard": {"cite": "PRACTICE", "verification": "unverified"}},
    )
