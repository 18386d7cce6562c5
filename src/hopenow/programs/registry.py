"""Every program, by id: its standing, its governing document, and which loans it may be for (``registry.yaml``).

The one place that a new program touches.
"""

from __future__ import annotations

import datetime
import functools
import importlib
import importlib.resources
from collections.abc import Collection
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from hopenow.errors import InputError, LawError
from hopenow.law import Verification
from hopenow.law.loader import read_strict
from hopenow.programs.base import Program

Status = Literal["in_force", "ended", "historical", "draft"]
STATUS_WORDS: dict[Status, str] = {
    "in_force": "in force",
    "ended": "ended",
    "historical": "historical (a model of past policy)",
    "draft": "draft (not in force)",
}
ALL = "all"
"""Asks for every program: each loan's own, every possible one where its own is not known, and those open to anyone."""

_Text = Annotated[str, Field(min_length=1)]
_Names = Annotated[
    tuple[str, ...] | None, BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Span(_Strict):
    """Days from one to another, both inclusive; None is open."""

    start: Annotated[datetime.date | None, Field(alias="from")] = None
    end: Annotated[datetime.date | None, Field(alias="to")] = None

    @model_validator(mode="after")
    def _ordered(self) -> Span:
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError(f"from {self.start} is after to {self.end}")
        return self


class Governing(_Strict):
    """The document that governs a program, the revision that the law files follow, and how far it was read.

    ``read``: verified (the publisher's own text), secondary (restatements, or in part), unverified (hardly).
    """

    publisher: _Text
    title: _Text
    revision: _Text
    url: str | None
    read: Verification


class Entry(_Strict):
    """A program: what it is, and the loan types and investors it may be for; None is any.

    Loan types and investors only save loading programs that cannot apply; whether a program applies to a loan is its
    own rule.

    Attributes:
        id: of the program.
        authority: whose it is.
        name: in words.
        status: its standing.
        start: first day on which the law files offer something; None where that is not established.
        end: last such day; None where it is open.
        verified: days for which every version, rule and figure in force is verified; None where there is none.
        document: what governs it.
        open_to: whom it is open to, in words.
        loan_types: loan types it may be for.
        investors: investors it may be for.
        looked_at: on whole tapes, for loans alone, or on request.
        everyone: open to any loan, whoever owns or guarantees it.
    """

    id: _Text
    authority: _Text
    name: _Text
    status: Status
    start: Annotated[datetime.date | None, Field(alias="from")]
    end: Annotated[datetime.date | None, Field(alias="to")]
    verified: Span | None
    document: Governing
    open_to: _Text
    loan_types: _Names
    investors: _Names
    looked_at: Literal["tapes", "loans", "request"]
    everyone: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Entry:
        if self.status == "in_force" and self.end is not None:
            raise ValueError(f"a program in force has no last day, but to is {self.end}")
        if self.status in ("ended", "historical") and self.end is None:
            raise ValueError("a program that has ended needs its last day (to)")
        if self.everyone and (self.loan_types is not None or self.investors is not None):
            raise ValueError("a program open to everyone names no loan types and no investors")
        return self

    @property
    def on_tapes(self) -> bool:
        """Whether a whole tape is reviewed under this program unless others are asked for by name."""
        return self.looked_at == "tapes"

    @property
    def on_request(self) -> bool:
        """Whether it is looked at only when asked for."""
        return self.looked_at == "request"

    def may_apply(self, loan_types: Collection[str | None], investors: Collection[str | None]) -> bool:
        """Whether some loan with these types and investors (None: unknown) may fall under the program."""
        return _touch(self.loan_types, loan_types) and _touch(self.investors, investors)


def _touch(own: tuple[str, ...] | None, present: Collection[str | None]) -> bool:
    return own is None or None in present or bool(set(own) & set(present))


def load_registry(path: Traversable) -> tuple[Entry, ...]:
    """Load a registry file strictly.

    Raises:
        LawError: naming every defect: unknown keys, unknown statuses, missing fields, dates that contradict the status.
    """
    content = read_strict(path)
    if not isinstance(content, dict) or not content:
        raise LawError(f"{path.name}: the file is empty or not a mapping")
    found, defects = [], []
    for name, fields in content.items():
        if not isinstance(fields, dict):
            defects.append(f"{name}: not a mapping")
            continue
        try:
            found.append(Entry.model_validate({"id": name, **fields}))
        except ValidationError as error:
            defects += [
                f"{'.'.join(str(part) for part in (name, *item['loc']))}: {item['msg']}" for item in error.errors()
            ]
    if defects:
        raise LawError(f"{path.name}: " + "; ".join(defects))
    return tuple(found)


ENTRIES = load_registry(importlib.resources.files("hopenow.programs").joinpath("registry.yaml"))
PROGRAMS = tuple(entry.id for entry in ENTRIES)
ON_TAPES = tuple(entry.id for entry in ENTRIES if entry.on_tapes)
EVERYONE = tuple(entry.id for entry in ENTRIES if entry.everyone)
_BY_ID = {entry.id: entry for entry in ENTRIES}


def entry(name: str) -> Entry:
    """Return a program's entry by id.

    Raises:
        InputError: no such program; the message lists those there are.
    """
    if name not in _BY_ID:
        raise InputError(f"unknown program {name!r}; known: {', '.join(PROGRAMS)}")
    return _BY_ID[name]


def candidates(
    loan_types: Collection[str | None], investors: Collection[str | None], *, everyone: bool = False
) -> tuple[str, ...]:
    """Return the programs that some loan with these types and investors (None: unknown) may fall under.

    Args:
        loan_types: of the loans.
        investors: of the loans.
        everyone: with those that are otherwise looked at only on request, such as the ones open to anyone.
    """
    return tuple(
        item.id for item in ENTRIES if (everyone or not item.on_request) and item.may_apply(loan_types, investors)
    )


@functools.cache
def program(name: str) -> Program:
    """Return a program by id.

    Raises:
        InputError: no such program; the message lists those there are.
    """
    entry(name)
    loaded = importlib.import_module(f"hopenow.programs.{name}").PROGRAM
    if not isinstance(loaded, Program):
        raise TypeError(f"hopenow.programs.{name}.PROGRAM is not a Program")
    return loaded
