"""What the workbench reads. Nothing here filters for permission: the database shows what the actor may see."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from typing import Any

from django.db.models import Q, QuerySet

from hopenow import clocks
from hopenow.errors import InputError
from hopenow.web.cases import ledger, projection
from hopenow.web.cases.kinds import kinds
from hopenow.web.cases.models import Case, Event, Grant
from hopenow.web.cases.states import machine
from hopenow.web.people.models import Organization, Person

PAGE = 50
FILTERS = ("all", "overdue", "today", "week", "sale")


def queue(which: str, today: datetime.date, *, servicer: bool, after: str = "") -> tuple[list[Case], str]:
    """Return a page of cases by their next deadline, and where the next page starts.

    Args:
        which: one of `FILTERS`.
        today: the day.
        servicer: show cases that wait for the servicer first of all.
        after: where the page starts, as the call before returned it.

    Raises:
        InputError: when ``after`` is not a place in the queue.
    """
    found: QuerySet[Case] = Case.objects.filter(next_due__isnull=False).order_by("next_due", "id")
    if which == "overdue":
        found = found.filter(next_due__lt=today)
    elif which == "today":
        found = found.filter(next_due=today)
    elif which == "week":
        found = found.filter(next_due__gte=today, next_due__lte=today + datetime.timedelta(days=7))
    elif which == "sale":
        found = found.filter(sale_on__gte=today)
    if servicer:
        found = found.filter(waiting_for="servicer")
    if after:
        day, _, identity = after.partition("_")
        try:
            place = datetime.date.fromisoformat(day), uuid.UUID(identity)
        except ValueError:
            raise InputError("this page of the queue does not exist; start again at the beginning") from None
        found = found.filter(Q(next_due__gt=place[0]) | Q(next_due=place[0], id__gt=place[1]))
    page = list(found[: PAGE + 1])
    more = f"{page[PAGE - 1].next_due}_{page[PAGE - 1].id}" if len(page) > PAGE else ""
    return page[:PAGE], more


@dataclasses.dataclass(frozen=True)
class Told:
    """An event as the timeline shows it."""

    id: uuid.UUID
    number: int
    day: datetime.date
    means: str
    by: str
    details: tuple[tuple[str, str], ...]
    clock: bool
    internal: bool


@dataclasses.dataclass(frozen=True)
class Shared:
    """A share as a page shows it."""

    id: uuid.UUID
    who: str
    relation: str
    scopes: str
    reason: str
    until: datetime.datetime | None
    ended: bool


@dataclasses.dataclass(frozen=True)
class View:
    """Everything a case page shows to whoever looks."""

    case: Case
    words: str
    next: str
    today: datetime.date
    clockwork: clocks.Clockwork
    events: tuple[Told, ...]
    shares: tuple[Shared, ...]
    borrower: str
    property: str
    loan_number: str


def view(case: Case) -> View:
    """Read a case for its page."""
    events = list(Event.objects.filter(case=case))
    counted = ledger.clock_case(case, events)
    today = projection.today(counted)
    key = ledger.cipher(case.id)
    private: dict[str, Any] = {}
    for event in events:
        if event.kind == "case_opened":
            private |= ledger.private(event, key)
    names = _names(events)
    state = machine().states[case.state]
    return View(
        case=case,
        words=state.words,
        next=state.next,
        today=today,
        clockwork=clocks.derive(counted, today),
        events=tuple(_told(event, names) for event in reversed(events)),
        shares=_shares(case, names),
        borrower=private.get("borrower", ""),
        property=private.get("property", ""),
        loan_number=private.get("loan_number", ""),
    )


def _names(events: list[Event]) -> dict[uuid.UUID, str]:
    people = {event.person for event in events if event.person}
    found: dict[uuid.UUID, str] = {each.id: str(each) for each in Person.objects.filter(id__in=people)}
    return found | {each.id: each.name for each in Organization.objects.all()}


def _told(event: Event, names: dict[uuid.UUID, str]) -> Told:
    kind = kinds()[event.kind]
    by = names.get(event.organization or event.person, "") if event.person else "Hope Now"
    hidden = {"loan_facts", "grant", "document", "message", "task"}
    details = tuple(
        (name.replace("_", " "), ", ".join(map(str, value)) if isinstance(value, list) else _word(value))
        for name, value in event.details.items()
        if name not in hidden
    )
    return Told(event.id, event.number, event.day, kind.means, by, details, kind.clock, event.audience is not None)


def _word(value: object) -> str:
    return (
        {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value).replace("_", " ")
    )


def _shares(case: Case, names: dict[uuid.UUID, str]) -> tuple[Shared, ...]:
    people = {
        each.id: str(each) for each in Person.objects.filter(id__in=Grant.objects.filter(case=case).values("grantee"))
    }
    now = datetime.datetime.now(datetime.UTC)
    return tuple(
        Shared(
            id=grant.id,
            who=names.get(grant.grantee) or people.get(grant.grantee, ""),
            relation=str(grant.get_relation_display()),
            scopes=", ".join(str(Grant.Scope(scope).label) for scope in grant.scopes),
            reason=grant.reason,
            until=grant.until,
            ended=grant.withdrawn_at is not None or (grant.until is not None and grant.until <= now),
        )
        for grant in Grant.objects.filter(case=case).order_by("since")
    )
