"""The alliance's own programs of 2007 to 2009 as one program, by default or under other documented readings."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from hopenow.law import Value
from hopenow.programs.base import Program
from hopenow.programs.hope_now_2007 import fast_track, lifeline, streamlined_modification
from hopenow.programs.hope_now_2007.common import NAME, law
from hopenow.programs.readings import reread

c = pl.col


SWITCHES = ("max_60_in_12m", "f1_score", "f1_strictness", "equity", "affordability")
"""The five points of the fast-track test on which the sources conflict (C1 to C5)."""


def readings() -> Mapping[str, tuple[Value, ...]]:
    """Return the switches of the fast-track test (C1 to C5) with every documented reading, the default first."""
    parameters = law(fast_track.NAME).parameters
    return {name: (*parameters[name].values, *parameters[name].alternatives) for name in SWITCHES}


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
    """Return the program under other documented readings, such as those of the five points C1 to C5.

    Args:
        chosen: switch to reading, for example ``max_60_in_12m=0`` or ``f1_score="origination"``; the law files list
            them as ``alternatives``. A switch left out keeps its default.

    Raises:
        InputError: an unknown switch or an undocumented reading; with every finding.
    """
    return reread(_PROGRAM, chosen)


_PROGRAM = Program(
    id=NAME,
    title="HOPE NOW programs of 2007 to 2009",
    applies=_applies(),
    options=(fast_track.OPTION, streamlined_modification.OPTION, lifeline.OPTION),
    orders={"standard": (fast_track.NAME, streamlined_modification.NAME, lifeline.NAME)},
    order=pl.lit("standard"),
    order_sources={"standard": {"cite": "PRACTICE", "verification": "unverified"}},
)
