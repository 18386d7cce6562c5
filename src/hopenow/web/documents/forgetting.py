"""Forgetting a case: its keys are destroyed and its files removed; its ledger still stands, and still verifies."""

from __future__ import annotations

import datetime
import functools
import importlib.resources
import uuid
from collections.abc import Iterable

from django.db import transaction
from pydantic import BaseModel, ConfigDict, TypeAdapter

from hopenow.errors import InputError
from hopenow.law.loader import read_strict
from hopenow.web.acting import serving
from hopenow.web.cases import ledger, projection
from hopenow.web.cases.models import Case, CaseKey, Event
from hopenow.web.conversations.models import ConversationKey
from hopenow.web.documents import files
from hopenow.web.documents.models import Document, DocumentKey
from hopenow.web.partkeys import FORGOTTEN
from hopenow.web.tasks.models import TaskKey

KEYS = (CaseKey, DocumentKey, ConversationKey, TaskKey)
"""Every kind of key that a case can have."""
ANY = "any"


class Rule(BaseModel):
    """One rule of ``retention.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    relation: str
    years: int
    why: str
    basis: str
    cite: str
    verification: str


@functools.cache
def rules() -> tuple[Rule, ...]:
    """Return the rules."""
    path = importlib.resources.files("hopenow.web.documents").joinpath("retention.yaml")
    return TypeAdapter(tuple[Rule, ...]).validate_python(read_strict(path))


def keep_until(events: Iterable[Event]) -> datetime.date | None:
    """Return the first day on which a case may be forgotten; None while it is open.

    Args:
        events: its ledger, whole.
    """
    closed, relations = None, {ANY}
    for event in events:
        if event.kind == "case_closed":
            closed = event.day
        elif event.kind == "case_reopened":
            closed = None
        elif event.kind == "share_given":
            relations.add(event.details["relation"])
    if closed is None:
        return None
    years = max(rule.years for rule in rules() if rule.relation in relations)
    # The day after the anniversary; February 29 has one in March.
    return closed.replace(year=closed.year + years, day=1) + datetime.timedelta(days=closed.day)


def forget(case: uuid.UUID, *, asked: bool = False) -> None:
    """Destroy what is personal in a case, for good; run by the operator.

    Args:
        case: the case.
        asked: the homeowner asked for it, so the time to keep it need not be over; the case must be closed.

    Raises:
        InputError: when there is no such case, it is open, was forgotten already, or must still be kept.
    """
    with serving("operations", case):
        found = Case.objects.select_for_update(of=("self",)).filter(id=case).first()
        if found is None:
            raise InputError(f"there is no case {case}")
        events = list(Event.objects.filter(case=found))
        if any(each.kind == FORGOTTEN for each in events):
            raise InputError(f"{found.code} was forgotten already")
        until = keep_until(events)
        if until is None:
            raise InputError(f"{found.code} is open; close it first")
        today = projection.today(ledger.clock_case(found, events))
        if today < until and not asked:
            raise InputError(f"{found.code} must be kept until {until}")
        places = list(Document.objects.filter(case=found).values_list("place", flat=True))
        for kind in KEYS:
            kind.objects.filter(case=found).delete()
        Event.objects.create(case=found, kind=FORGOTTEN, day=today, service="operations", action="forget")
        projection.store(found, projection.project(found, list(Event.objects.filter(case=found))))
        # The files cannot be read any more; they go once that is settled.
        transaction.on_commit(lambda: [files.discard(place) for place in places])
