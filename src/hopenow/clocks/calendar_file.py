"""The clocks as a calendar file (iCalendar): one all-day entry for every day on which somebody must or may act.

An entry's uid depends on the case, the rule and what it is about, never on the day of the export, so a calendar that
reads a later export moves its entries instead of adding to them.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import icalendar

from hopenow.clocks.derive import Clockwork
from hopenow.clocks.result import Legal, Status
from hopenow.clocks.shown import (
    BASES,
    LIMITS,
    WHO,
    Reader,
    about,
    barred,
    left,
    marked,
    open_duties,
    open_rights,
    party,
)
from hopenow.errors import HopeNowError
from hopenow.pages import day as spoken

_SHORT = 70


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the calendar.

    Attributes:
        uid: the same in every export.
        day: the last day.
        title: who acts, and what.
        description: what it is about, how the day was counted, the legal basis and the mark.
        kind: ``duty``, ``right`` or ``protection``.
        alarms: days before, at which a calendar reminds.
    """

    uid: str
    day: datetime.date
    title: str
    description: str
    kind: str
    alarms: tuple[int, ...]


ALARMS = {"duty": (1,), "right": (7, 2), "protection": (7,)}
"""Days before the last day at which a calendar reminds, by kind of entry."""


def entries(clockwork: Clockwork, reader: Reader = "all") -> list[Entry]:
    """Return the entries of a case: open duties and rights with a last day, and the end of each shield.

    Args:
        clockwork: the case as of a day.
        reader: whose entries they are: a servicer gets its duties only, a homeowner what a homeowner must or may do.
    """
    return sorted(_entries(clockwork, reader), key=lambda entry: (entry.day, entry.uid))


def _entries(clockwork: Clockwork, reader: Reader) -> Iterator[Entry]:
    case = clockwork.case
    seen: dict[str, int] = {}

    def uid(kind: str, rule: str, name: str) -> str:
        base = hashlib.sha256(f"{case.id}|{kind}|{rule}|{name}".encode()).hexdigest()[:32]
        seen[base] = seen.get(base, 0) + 1
        return f"{base}-{seen[base]}@hopenow"

    supposed = "What if: " if clockwork.hypothetical else ""
    for duty in open_duties(clockwork, reader):
        if duty.due is None:
            continue
        overdue = "OVERDUE: " if duty.status is Status.OVERDUE else ""
        lines = [
            f"{party(duty)}: {duty.what}.",
            f"Last day: {spoken(duty.due)} ({left(duty.days_left)} as of {spoken(clockwork.as_of)}).",
            f"About: {about(case, duty.about)}.",
            f"Counted: {duty.counted}.",
        ]
        if duty.basis != "law":
            lines.append(f"Basis: {BASES[duty.basis]}.")
        yield Entry(
            uid("duty", duty.legal.rule, f"{duty.about}|{duty.since}"),
            duty.due,
            f"{supposed}{overdue}{WHO[duty.who]}: {_short(duty.what)} [{case.id}]",
            _described(lines, duty.legal),
            "duty",
            _alarms("duty", duty.due, clockwork.as_of),
        )
    for right in open_rights(clockwork, reader):
        if right.until is None:
            continue
        lines = [
            f"The homeowner may: {right.what}.",
            f"Last day: {spoken(right.until)}.",
            f"About: {about(case, right.about)}.",
            f"Counted: {right.counted.rstrip('.')}.",
        ]
        yield Entry(
            uid("right", right.legal.rule, f"{right.kind}|{right.about}"),
            right.until,
            f"{supposed}Last day for the homeowner: {_short(right.what)} [{case.id}]",
            _described(lines, right.legal),
            "right",
            _alarms("right", right.until, clockwork.as_of),
        )
    if reader == "servicer":
        return
    for item in clockwork.shield:
        end = item.until or item.expected
        if end is None:
            continue
        lines = [barred(item), f"Last day as things stand: {spoken(end)}.", f"Why: {item.why}"]
        yield Entry(
            uid("protection", item.legal.rule, f"{item.bars}|{item.about}"),
            end,
            f"{supposed}Last day of a protection: {item.bars} [{case.id}]",
            _described(lines, item.legal),
            "protection",
            _alarms("protection", end, clockwork.as_of),
        )


def _alarms(kind: str, day: datetime.date, as_of: datetime.date) -> tuple[int, ...]:
    """Reminders that still lie ahead."""
    return tuple(days for days in ALARMS[kind] if (day - as_of).days >= days)


def _described(lines: list[str], legal: Legal) -> str:
    return "\n".join([*lines, f"Legal basis: {legal.title} ({marked(legal)}).", LIMITS])


def _short(words: str) -> str:
    return words if len(words) <= _SHORT else f"{words[: _SHORT - 1].rstrip(' ,;:')}\u2026"


def calendar(clockworks: Iterable[Clockwork], reader: Reader = "all") -> bytes:
    """Return a calendar file (RFC 5545, UTF-8), read back and compared before it is given out.

    Args:
        clockworks: the cases; all of the same as-of day or not.
        reader: whose entries.

    Raises:
        HopeNowError: what a calendar would read is not what was written.
    """
    made = icalendar.Calendar()
    made.add("prodid", "-//Hope Now//clocks//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", "Hope Now clocks")
    written: list[Entry] = []
    for clockwork in clockworks:
        # The stamp is the day looked at, not the moment of the export: the same case gives the same file.
        stamp = datetime.datetime.combine(clockwork.as_of, datetime.time(), datetime.UTC)
        for entry in entries(clockwork, reader):
            written.append(entry)
            made.add_component(_event(entry, stamp))
    content: bytes = made.to_ical()
    if read_back(content) != {entry.uid: (entry.day, entry.title, entry.description) for entry in written}:
        raise HopeNowError("the calendar does not read back as it was written; nothing was given out")
    return content


def _event(entry: Entry, stamp: datetime.datetime) -> icalendar.Event:
    event = icalendar.Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", stamp)
    event.add("dtstart", entry.day)
    event.add("dtend", entry.day + datetime.timedelta(days=1))
    event.add("summary", entry.title)
    event.add("description", entry.description)
    event.add("categories", [entry.kind])
    event.add("transp", "TRANSPARENT")
    for days in entry.alarms:
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", entry.title)
        alarm.add("trigger", datetime.timedelta(days=-days))
        event.add_component(alarm)
    return event


def read_back(content: bytes) -> dict[str, tuple[datetime.date, str, str]]:
    """Read a calendar file as a calendar would: uid to day, title and description.

    Raises:
        HopeNowError: an uid stands twice, or an entry is not all day.
    """
    found: dict[str, tuple[datetime.date, str, str]] = {}
    for event in icalendar.Calendar.from_ical(content).walk("VEVENT"):
        start = event.decoded("dtstart")
        uid = str(event["uid"])
        if uid in found or isinstance(start, datetime.datetime):
            raise HopeNowError(f"the calendar entry {uid} stands twice or is not all day")
        found[uid] = (start, str(event["summary"]), str(event["description"]))
    return found
