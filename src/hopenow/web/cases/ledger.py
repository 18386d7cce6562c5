"""Reading the ledger: events as the clocks want them, what is private in them, and whether anything was changed."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import connection

from hopenow import clocks
from hopenow.web.cases.kinds import kinds
from hopenow.web.cases.models import Case, CaseKey, Event
from hopenow.web.vault import CaseCipher, Ring


@functools.cache
def ring() -> Ring:
    """Return the installation's keys."""
    return Ring(settings.HOPENOW.field_keys)


def cipher(case: uuid.UUID, *, make: bool = False) -> CaseCipher | None:
    """Return the case's own key, or None when it was destroyed or is not in the actor's sight.

    Args:
        case: the case.
        make: make the key when there is none yet; only where the case is being opened.
    """
    kept = CaseKey.objects.filter(case_id=case).first()
    if kept is not None:
        return ring().case_key(str(case), bytes(kept.wrapped))
    if not make:
        return None
    key, wrapped = ring().new_case_key(str(case))
    CaseKey.objects.create(case_id=case, wrapped_by=ring().current, wrapped=wrapped)
    return key


def sealed(key: CaseCipher, event: uuid.UUID, private: Mapping[str, Any]) -> bytes:
    """Encrypt an event's private details."""
    return key.encrypt(json.dumps(private, default=str, sort_keys=True).encode(), f"event:{event}")


def private(event: Event, key: CaseCipher | None) -> dict[str, Any]:
    """Return an event's private details; empty when there are none, or the key is gone or out of sight."""
    if event.private is None or key is None:
        return {}
    opened: dict[str, Any] = json.loads(key.decrypt(bytes(event.private), f"event:{event.id}"))
    return opened


def clock_case(case: Case, events: Iterable[Event]) -> clocks.Case:
    """Return a case as the clocks want it.

    Raises:
        InputError: when the events contradict each other; actions refuse such events, so that a ledger never holds
            them.
    """
    return clocks.read_case(clock_rows(str(case.code), [(event.kind, row(event)) for event in events]))


def clock_rows(name: str, events: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Return what `hopenow.clocks.read_case` reads, from events and their rows."""
    facts: dict[str, Any] = {}
    rows = []
    for kind, row in events:
        if kind in ("case_opened", "loan_facts_given"):
            facts |= json.loads(row.get("loan_facts") or "{}")
        elif kinds()[kind].clock:
            rows.append(row)
    return {"case": name, "loan": facts, "events": rows}


def row(event: Event) -> dict[str, Any]:
    """Return an event as the clocks read it."""
    found: dict[str, Any] = {"kind": event.kind, "id": str(event.id), "day": event.day, **event.details}
    if event.about is not None:
        found["about"] = str(event.about)
    return found


def stored(details: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return checked details as they are kept: JSON, money as text in dollars, so that they read back the same."""
    fields = kinds()[kind].fields
    kept: dict[str, Any] = {}
    for name, value in details.items():
        if fields[name].type == "money":
            kept[name] = f"{value // 100}.{value % 100:02d}"
        elif isinstance(value, datetime.date):
            kept[name] = value.isoformat()
        else:
            kept[name] = list(value) if isinstance(value, tuple) else value
    return kept


# --- verifying ------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Fault:
    """Something that does not agree.

    Attributes:
        case: the case, or None where it is about the ledger as a whole.
        number: of the event, 0 where it is about the case.
        what: in words.
    """

    case: uuid.UUID | None
    number: int
    what: str


def first_link(case: uuid.UUID) -> bytes:
    """Return what a case's first event is chained to."""
    return hashlib.sha256(str(case).encode()).digest()


def digest(text: str) -> bytes:
    """Return the hash of an event's text; `chronology` gives the text to whoever wants to check by themselves."""
    return hashlib.sha256(text.encode()).digest()


def verify() -> Iterator[Fault]:
    """Check every chain, every head and every anchor in the actor's sight; run by the operator it sees them all.

    The hashes are computed anew here, from the text that the database hashes, by another program than wrote them.
    """
    heads: dict[uuid.UUID, tuple[int, bytes]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT case_id, number, previous, hash, hn_event_text(e) FROM cases_event e ORDER BY case_id, number"
        )
        while rows := cursor.fetchmany(5000):
            for case, number, previous, hashed, text in rows:
                last, link = heads.get(case, (0, first_link(case)))
                if number != last + 1:
                    yield Fault(case, number, f"the event before it is number {last}: something between is gone")
                if bytes(previous) != link:
                    yield Fault(case, number, "it is not chained to the event before it")
                if digest(text) != bytes(hashed):
                    yield Fault(case, number, "its content was changed after it was written")
                heads[case] = number, bytes(hashed)
        cursor.execute("SELECT case_id, number, hash FROM cases_head")
        kept = {case: (number, bytes(hashed)) for case, number, hashed in cursor.fetchall()}
    for case in sorted(set(heads) | set(kept), key=str):
        if heads.get(case) != kept.get(case):
            yield Fault(case, 0, "its last event is not the one that the head names: events were cut off or put in")
    yield from _verify_anchors()


_ANCHORED = """
SELECT count(*), coalesce(sha256(string_agg(hash, ''::bytea ORDER BY position)), sha256(''::bytea))
FROM cases_event WHERE position > %s AND position <= %s
"""


def _verify_anchors() -> Iterator[Fault]:
    before, link = 0, b""
    with connection.cursor() as cursor:
        cursor.execute("SELECT position, events, hash FROM cases_anchor ORDER BY position")
        for position, events, hashed in cursor.fetchall():
            cursor.execute(_ANCHORED, [before, position])
            count, content = cursor.fetchone()
            if count != events or hashlib.sha256(link + bytes(content)).digest() != bytes(hashed):
                yield Fault(None, 0, f"the events up to position {position} are not those that were anchored")
            before, link = position, bytes(hashed)


def anchor() -> int:
    """Anchor every event that is settled, and return how many were; run daily by the operator's service.

    An anchor that is sent somewhere else proves later that nothing before it was removed or changed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT position, hash FROM cases_anchor ORDER BY position DESC LIMIT 1")
        before, link = cursor.fetchone() or (0, b"")
        # A transaction that is still open may hold a lower position; what is older than any of them is settled.
        cursor.execute(
            "SELECT coalesce(max(position), 0) FROM cases_event"
            " WHERE position > %s AND recorded_at < (SELECT coalesce(min(xact_start), now()) FROM pg_stat_activity"
            " WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid())",
            [before],
        )
        (position,) = cursor.fetchone()
        if not position:
            return 0
        cursor.execute(_ANCHORED, [before, position])
        count, content = cursor.fetchone()
        cursor.execute(
            "INSERT INTO cases_anchor (position, events, hash) VALUES (%s, %s, %s)",
            [position, count, hashlib.sha256(bytes(link) + bytes(content)).digest()],
        )
        return int(count)
