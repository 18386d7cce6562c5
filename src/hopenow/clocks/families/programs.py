"""The clocks of the loan's programs; each only for its loans, and only within its dates."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hopenow.clocks.events import Loan
from hopenow.clocks.families import programs_fha, programs_section_184
from hopenow.clocks.families.programs_common import Log
from hopenow.clocks.families.programs_conventional import run_fannie_mae, run_freddie_mac
from hopenow.clocks.families.programs_history import run_hamp, run_hope_now
from hopenow.clocks.families.programs_va_usda import run_usda, run_va
from hopenow.clocks.output import Out
from hopenow.clocks.state import State

PROGRAMS: Mapping[str, Callable[[Log], None]] = {
    "fha": programs_fha.run,
    "va": run_va,
    "usda": run_usda,
    "section_184": programs_section_184.run,
    "fannie_mae": run_fannie_mae,
    "freddie_mac": run_freddie_mac,
    "hamp": run_hamp,
    "hope_now": run_hope_now,
}
"""Name of the program in the loan's facts -> its clocks."""


def applies(loan: Loan) -> bool:
    """Whether a loan names any program."""
    return bool(loan.programs)


def run(s: State, out: Out) -> None:
    """Every program that the loan names."""
    log = Log(s, out)
    for name in dict.fromkeys(s.loan.programs):
        clocks = PROGRAMS.get(name)
        if clocks is None:
            out.note(None, f"No clocks are known for the program {name!r}; known: {', '.join(PROGRAMS)}.")
        else:
            clocks(log)
