"""Every program, by id, and which loans it may be for. The one place that a new program touches."""

from __future__ import annotations

import dataclasses
import functools
import importlib
from collections.abc import Collection

from hopenow.errors import InputError
from hopenow.programs.base import Program


@dataclasses.dataclass(frozen=True)
class Entry:
    """A program, and the loan types and investors it may be for; None is any.

    This only saves loading programs that cannot apply; whether a program applies to a loan is its own rule.
    ``on_tapes``: a whole tape is reviewed under this program unless others are asked for by name. (A loan alone is
    always reviewed under every program that may apply.) ``on_request``: looked at only when asked for by name.
    """

    id: str
    loan_types: tuple[str, ...] | None = None
    investors: tuple[str, ...] | None = None
    on_tapes: bool = False
    on_request: bool = False

    def may_apply(self, loan_types: Collection[str | None], investors: Collection[str | None]) -> bool:
        """Whether some loan with these types and investors (None: unknown) may fall under the program."""
        return _touch(self.loan_types, loan_types) and _touch(self.investors, investors)


def _touch(own: tuple[str, ...] | None, present: Collection[str | None]) -> bool:
    return own is None or None in present or bool(set(own) & set(present))


ENTRIES = (
    Entry("fannie_mae", ("conventional",), ("fannie_mae",), on_tapes=True),
    Entry("freddie_mac", ("conventional",), ("freddie_mac",), on_tapes=True),
    Entry("private_label", ("conventional",), ("private_label", "portfolio"), on_tapes=True),
    Entry("fha", ("fha",)),
    Entry("va", ("va",)),
    Entry("usda", ("usda",)),
    Entry("section_184", ("section_184",)),
    Entry("hamp", ("conventional",), ("private_label", "portfolio")),
    Entry("hope_now_2007"),
    Entry("assistance_funds", on_request=True),
)
PROGRAMS = tuple(entry.id for entry in ENTRIES)
ON_TAPES = tuple(entry.id for entry in ENTRIES if entry.on_tapes)


def candidates(loan_types: Collection[str | None], investors: Collection[str | None]) -> tuple[str, ...]:
    """Return the programs that some loan with these types and investors (None: unknown) may fall under."""
    return tuple(entry.id for entry in ENTRIES if not entry.on_request and entry.may_apply(loan_types, investors))


@functools.cache
def program(name: str) -> Program:
    """Return a program by id.

    Raises:
        InputError: no such program; the message lists those there are.
    """
    if name not in PROGRAMS:
        raise InputError(f"unknown program {name!r}; known: {', '.join(PROGRAMS)}")
    loaded = importlib.import_module(f"hopenow.programs.{name}").PROGRAM
    if not isinstance(loaded, Program):
        raise TypeError(f"hopenow.programs.{name}.PROGRAM is not a Program")
    return loaded
