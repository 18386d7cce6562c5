"""What a servicer reports for each option, and what Freddie Mac's messages mean.

The tables are ``reporting.yaml`` and ``messages.yaml``; amounts come from the law files.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import importlib.resources
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from hopenow.errors import InputError
from hopenow.law import Verification
from hopenow.law.model import Words as Texts
from hopenow.programs.conventional import process
from hopenow.programs.conventional.common import PACKAGE, documents
from hopenow.programs.conventional.process import Words
from hopenow.programs.conventional.required_documents import (
    Cited,
    StrictTable,
    citation_defects,
    load_table,
    refuse,
)

CodeKind = Literal["status", "edr", "program"]
MessageKind = Literal["eligibility", "settlement", "info", "warning", "fatal"]

_MESSAGE = "^(LM|RE)[0-9]{6}$"


# --- shape of the tables --------------------------------------------------------------------------


class Code(Cited):
    """A code that is reported.

    Attributes:
        kind: ``status`` (delinquency status), ``edr`` (default reporting) or ``program``.
        meaning: in words; None where it is not established.
    """

    kind: CodeKind
    meaning: str | None = None


class System(Cited):
    """A system that reports go to, while it is in use (both days inclusive)."""

    name: str
    authority: Annotated[str, Field(alias="for")]
    says: str
    start: Annotated[datetime.date | None, Field(alias="from")] = None
    end: Annotated[datetime.date | None, Field(alias="to")] = None


class ReportStep(Cited):
    """One thing to report or to send."""

    says: str


class Row(StrictTable):
    """What one option's reporting is for some authorities; ``open``: what is not established."""

    authorities: Annotated[Texts, Field(alias="for", min_length=1)]
    codes: Texts = ()
    systems: Texts = ()
    steps: Annotated[tuple[ReportStep, ...], Field(strict=False)] = ()
    open: str | None = None


class ReportingTable(StrictTable):
    """The whole table."""

    systems: Annotated[tuple[System, ...], Field(strict=False)]
    codes: dict[str, dict[str, Code]]
    options: dict[str, Annotated[tuple[Row, ...], Field(strict=False, min_length=1)]]


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else (value,)


class MessageRow(StrictTable):
    """One message of the table."""

    kind: Annotated[tuple[MessageKind, ...], Field(min_length=1), BeforeValidator(_as_tuple)]
    meaning: str
    since: datetime.date | None = None


class MessageTable(Cited):
    """The whole table of messages, under one citation."""

    messages: Annotated[dict[Annotated[str, Field(pattern=_MESSAGE)], MessageRow], Field(min_length=1)]


def load_reporting(path: Traversable) -> ReportingTable:
    """Load the table of reports and check it whole.

    Raises:
        LawError: naming every defect: unknown keys, codes, authorities and documents, authorities met twice.
    """
    table = load_table(path, ReportingTable)
    systems = {(item.name, item.authority) for item in table.systems}
    cited: dict[str, Cited] = {f"system {item.name}": item for item in table.systems}
    defects = [
        f"system {item.name} is of the unknown authority {item.authority!r}"
        for item in table.systems
        if item.authority not in table.codes
    ]
    for authority, codes in table.codes.items():
        cited |= {f"code {authority}.{name}": code for name, code in codes.items()}
        defects += [
            f"code {authority}.{name} has no meaning; say in a note that it is not established"
            for name, code in codes.items()
            if code.meaning is None and code.note is None
        ]
    for option, rows in table.options.items():
        seen: set[str] = set()
        for row in rows:
            cited |= {f"{option}, {item.says!r}": item for item in row.steps}
            for authority in row.authorities:
                if authority in seen:
                    defects.append(f"{option} has two rows for {authority}")
                seen.add(authority)
                defects += [
                    f"{option} names the code {code!r}, which {authority} does not have"
                    for code in row.codes
                    if code not in table.codes.get(authority, {})
                ]
                defects += [
                    f"{option} names the system {name!r}, which {authority} does not have"
                    for name in row.systems
                    if (name, authority) not in systems
                ]
                if authority not in table.codes:
                    defects.append(f"{option} has a row for the unknown authority {authority!r}")
        defects += [
            f"{option} has no row for {authority}" for authority in table.codes if authority not in seen
        ]
    refuse(path.name, [*defects, *citation_defects(cited, documents())])
    return table


def load_messages(path: Traversable) -> MessageTable:
    """Load the table of messages and check it whole.

    Raises:
        LawError: naming every defect: unknown keys and kinds, malformed codes, an unknown document.
    """
    table = load_table(path, MessageTable)
    refuse(path.name, citation_defects({"the table": table}, documents()))
    return table


@functools.cache
def table() -> ReportingTable:
    """Return the table of reports that ships with the package."""
    return load_reporting(importlib.resources.files(PACKAGE).joinpath("reporting.yaml"))


# --- reports --------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Reporting:
    """What is reported for one option.

    Attributes:
        option: option id.
        authority: for example ``freddie_mac``.
        codes: code to its meaning, kind and mark.
        steps: what to report or send, in order.
        systems: where to, as of the day asked for.
        incentives: what the servicer is paid, in words; empty where nothing is known.
        open: what is not established; None where nothing is.
    """

    option: str
    authority: str
    codes: Mapping[str, Code]
    steps: tuple[ReportStep, ...]
    systems: tuple[System, ...]
    incentives: tuple[Words, ...]
    open: str | None

    @property
    def program(self) -> str | None:
        """The program code, where there is one."""
        return next((name for name, code in self.codes.items() if code.kind == "program"), None)


def reporting(option: str, authority: str, on: datetime.date | None = None) -> Reporting:
    """Say what is reported for an option.

    Args:
        option: option id, for example ``flex_modification``.
        authority: ``fannie_mae`` or ``freddie_mac``.
        on: the day whose systems and incentives apply; None for the newest known.

    Raises:
        InputError: an unknown option or authority.
        CoverageError: the incentives are not known on that day.
    """
    rows = table().options.get(option)
    findings = []
    if rows is None:
        findings.append(f"option: {option!r} is not one of {', '.join(table().options)}")
    if authority not in table().codes:
        findings.append(f"authority: {authority!r} is not one of {', '.join(table().codes)}")
    if findings or rows is None:
        raise InputError("there is no table of reports for this", findings)
    day = datetime.date.max if on is None else on
    row = next(item for item in rows if authority in item.authorities)
    systems = tuple(
        item
        for item in table().systems
        if item.authority == authority
        and item.name in row.systems
        and (item.start or datetime.date.min) <= day <= (item.end or datetime.date.max)
    )
    return Reporting(
        option,
        authority,
        {name: table().codes[authority][name] for name in row.codes},
        row.steps,
        systems,
        process.incentive_words(option, authority, day),
        row.open,
    )


def code(authority: str, name: str) -> Code:
    """Return what a code means, also one that belongs to no option (military indulgence).

    Raises:
        InputError: an unknown authority or code.
    """
    codes = table().codes.get(authority, {})
    if name not in codes:
        raise InputError(
            f"{name!r} is not a known code of {authority!r}; known: {', '.join(codes) or 'none'}"
        )
    return codes[name]


# --- messages -------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Message:
    """One message of Freddie Mac's Resolve.

    Attributes:
        code: for example ``LM000018``.
        kinds: what it is; ``fatal`` blocks.
        meaning: in our words.
        since: first day, where it is known.
        citation: key of the document.
        verification: how sure it is.
    """

    code: str
    kinds: tuple[MessageKind, ...]
    meaning: str
    since: datetime.date | None
    citation: str
    verification: Verification

    @property
    def fatal(self) -> bool:
        """Whether it blocks the workout."""
        return "fatal" in self.kinds


@functools.cache
def messages() -> Mapping[str, Message]:
    """Return all messages by code."""
    found = load_messages(importlib.resources.files(PACKAGE).joinpath("messages.yaml"))
    return {
        name: Message(
            name,
            row.kind,
            row.meaning,
            row.since,
            f"{found.cite}#{name}",
            found.verification,
        )
        for name, row in found.messages.items()
    }


def message(name: str) -> Message:
    """Return one message.

    Raises:
        InputError: the code is not in the table; its meaning is not guessed.
    """
    if name not in messages():
        raise InputError(f"{name!r} is not a message of Resolve that is known here; look it up in Resolve")
    return messages()[name]
