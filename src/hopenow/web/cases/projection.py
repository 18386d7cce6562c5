"""What is derived from a case's ledger; a pure function, so that it can be rebuilt and compared at any time."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from hopenow import clocks
from hopenow.web.cases.ledger import clock_case
from hopenow.web.cases.models import Case, Event
from hopenow.web.cases.states import machine

COLUMNS = ("number", "state", "waiting_for", "next_due", "next_rule", "sale_on")
"""Columns of a case that are derived; `servicer` and `merged_into` are set by the events that name them."""

_OPEN = (clocks.Status.OPEN, clocks.Status.DUE_TODAY, clocks.Status.OVERDUE)


def today(case: clocks.Case) -> datetime.date:
    """Return today where the case's servicer is."""
    import zoneinfo

    return timezone.now().astimezone(zoneinfo.ZoneInfo(case.loan.time_zone)).date()


def project(case: Case, events: Sequence[Event], as_of: datetime.date | None = None) -> dict[str, Any]:
    """Derive a case's columns from its events.

    Args:
        case: the case; its own columns are not read.
        events: every event, in order.
        as_of: the day looked at; by default today where the servicer is.
    """
    counted = clock_case(case, events)
    work = clocks.derive(counted, as_of or today(counted))
    due = [duty for duty in work.duties if duty.due is not None and duty.status in _OPEN]
    first = min(due, key=lambda duty: (duty.due, duty.legal.rule), default=None)
    return {
        "number": events[-1].number if events else 0,
        "state": machine().fold((event.kind, event.details) for event in events),
        "waiting_for": first.who if first else "",
        "next_due": first.due if first else None,
        "next_rule": first.legal.rule if first else "",
        "sale_on": work.facts.sale,
    }


def store(case: Case, derived: dict[str, Any]) -> None:
    """Write derived columns; called by actions, and by the nightly run because days pass without events."""
    for name, value in derived.items():
        setattr(case, name, value)
    case.save(update_fields=list(derived))


def rebuilt(case: uuid.UUID, as_of: datetime.date | None = None) -> dict[str, Any]:
    """Derive a case's columns anew from the ledger."""
    found = Case.objects.get(id=case)
    return project(found, list(Event.objects.filter(case=found)), as_of)
