"""What every action is: permission, checks, events and what follows from them, in one transaction.

Pages, the API, jobs and the command line all change a case through `perform`; nothing else writes an event. An
action that fails leaves nothing behind. An action that is sent twice with the same key is done once.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from django.db import IntegrityError, transaction
from pydantic import BaseModel, ConfigDict, ValidationError

from hopenow import clocks
from hopenow.errors import HopeNowError, InputError
from hopenow.web import logs
from hopenow.web.acting import Actor, acting
from hopenow.web.cases import ledger, projection
from hopenow.web.cases.kinds import kinds
from hopenow.web.cases.models import Case, Event, Grant, Request
from hopenow.web.cases.states import machine

log = logging.getLogger("hopenow.actions")


class Refused(HopeNowError):
    """An action is not allowed here: the case is not in sight, or the actor may not do this in it."""


class Form(BaseModel):
    """What an action is given; a blank text is the same as nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


FormT = TypeVar("FormT", bound=Form)


@dataclasses.dataclass(frozen=True)
class Action(Generic[FormT]):
    """One kind of change.

    Attributes:
        name: stable name.
        title: in words, for buttons and the audit.
        form: what it is given.
        relations: what one must be in the case to do it; empty for opening one.
        roles: role in one's organization that it needs; empty for any but observer.
        scopes: parts of the case that one must see.
        run: does it.
    """

    name: str
    title: str
    form: type[FormT]
    relations: frozenset[str]
    scopes: frozenset[str]
    run: Callable[[Work, FormT], None]
    roles: frozenset[str] = frozenset()

    def allows(self, work: Work) -> str:
        """Return why the actor may not do this in the case; empty when they may."""
        if self.relations and not any(grant.relation in self.relations for grant in work.own):
            return f"{self.title}: not something that you can do in this case"
        if missing := self.scopes - work.scopes:
            return f"{self.title}: the case is shared with you without {', '.join(sorted(missing))}"
        if work.actor.organization and not self._role(work.actor.role):
            return f"{self.title}: your role does not include it"
        return ""

    def _role(self, role: str) -> bool:
        return role in self.roles if self.roles else role != "observer"


ACTIONS: dict[str, Action[Any]] = {}
"""Every action by name; filled by the modules beside this one."""


def action(
    name: str,
    title: str,
    form: type[FormT],
    *,
    relations: Sequence[str] = (),
    scopes: Sequence[str] = ("status",),
    roles: Sequence[str] = (),
) -> Callable[[Callable[[Work, FormT], None]], Callable[[Work, FormT], None]]:
    """Register a function as an action; see `Action` for the arguments."""

    def register(run: Callable[[Work, FormT], None]) -> Callable[[Work, FormT], None]:
        if name in ACTIONS:
            raise ValueError(f"there are two actions named {name}")
        ACTIONS[name] = Action(name, title, form, frozenset(relations), frozenset(scopes), run, frozenset(roles))
        return run

    return register


class Work:
    """An action at work on one case, locked until it ends.

    Attributes:
        actor: who acts.
        case: the case.
        events: its ledger, with what this action has recorded so far.
        own: the actor's own shares of the case.
        after: what is to be done once everything is committed, such as sending messages.
    """

    def __init__(self, actor: Actor, case: Case, name: str, request: str = "") -> None:
        """Lock the case and read its ledger."""
        self.actor, self.case, self._name, self._request = actor, case, name, request
        self.events: list[Event] = list(Event.objects.filter(case=case)) if case.number else []
        self.own = [
            grant
            for grant in Grant.objects.filter(case=case, grantee__in=[actor.person, actor.grantee], withdrawn_at=None)
            if grant.until is None or grant.until > datetime.datetime.now(datetime.UTC)
        ]
        self.after: list[Callable[[], object]] = []
        self._unrecorded: list[tuple[Grant, datetime.date | None]] = []

    @property
    def scopes(self) -> frozenset[str]:
        """Parts of the case that the actor sees."""
        return frozenset(scope for grant in self.own for scope in grant.scopes)

    @property
    def state(self) -> str:
        """State of the case with what was recorded so far."""
        return machine().fold((event.kind, event.details) for event in self.events)

    def record(
        self,
        kind: str,
        details: Mapping[str, Any] | None = None,
        *,
        day: datetime.date | None = None,
        at: datetime.datetime | None = None,
        about: uuid.UUID | None = None,
        audience: uuid.UUID | None = None,
        id: uuid.UUID | None = None,
    ) -> Event:
        """Append one event to the ledger.

        Args:
            kind: its kind.
            details: its fields, in the clear and private together, as the list of kinds has them.
            day: servicer-local day on which it happened; by default today there.
            at: the moment, where it is known.
            about: the event that opened the thread it belongs to.
            audience: the one organization that may see it.
            id: its id, where something made before must name it.

        Raises:
            InputError: when a field is wrong, the state does not allow the event, or the clocks find that it
                contradicts what is on file; with every finding.
        """
        known = kinds()[kind]
        clear, hidden, found = known.read(details or {})
        clocks.events.refuse(f"The event {kind}", found)
        identity = id or uuid.uuid4()
        kept = ledger.stored(clear, kind)
        if machine().after(self.state, kind, kept) is None:
            raise InputError(f"{known.means}: not possible while the case is in the state “{self.state}”")
        if known.clock or kind == "loan_facts_given":
            self._check(kind, identity, day or self.today(), about, kept)
        sealed = None
        if hidden:
            key = ledger.cipher(self.case.id, make=not self.events)
            if key is None:
                raise Refused("the personal part of this case is not shared with you, or was destroyed")
            sealed = ledger.sealed(key, identity, hidden)
        event = Event(
            id=identity,
            case=self.case,
            kind=kind,
            day=day or self.today(),
            at=at,
            person=self.actor.person,
            organization=self.actor.organization,
            action=self._name,
            request=self._request,
            about=about,
            audience=audience,
            details=kept,
            private=sealed,
        )
        event.save(force_insert=True)
        event.refresh_from_db()
        self.events.append(event)
        return event

    def _check(
        self, kind: str, identity: uuid.UUID, day: datetime.date, about: uuid.UUID | None, kept: Mapping[str, Any]
    ) -> None:
        """Let the clocks read the case with the new event; they refuse what contradicts the rest."""
        row = {"kind": kind, "id": str(identity), "day": day, **kept, **({"about": str(about)} if about else {})}
        rows = [(event.kind, ledger.row(event)) for event in self.events]
        clocks.read_case(ledger.clock_rows(str(self.case.code), [*rows, (kind, row)]))

    def share(
        self,
        grantee: uuid.UUID,
        relation: str,
        scopes: Sequence[str],
        reason: str,
        until: datetime.date | None = None,
        *,
        day: datetime.date | None = None,
    ) -> Grant:
        """Share the case, and record it; nobody can share a part that they do not see themselves."""
        if self.events and (missing := set(scopes) - self.scopes):
            raise Refused(f"you cannot share what is not shared with you: {', '.join(sorted(missing))}")
        identity, made = uuid.uuid4(), uuid.uuid4()
        ends = datetime.datetime.combine(until, datetime.time.max, datetime.UTC) if until else None
        grant = Grant.objects.create(
            id=identity,
            case=self.case,
            grantee=grantee,
            relation=relation,
            scopes=list(scopes),
            reason=reason,
            until=ends,
            event=made,
        )
        if grantee in (self.actor.person, self.actor.grantee):
            self.own.append(grant)
        self._unrecorded.append((grant, until))
        if self.events:
            self.record_shares(day=day)
        return grant

    def record_shares(self, *, day: datetime.date | None = None) -> None:
        """Record the shares that were given before the case's first event."""
        unrecorded, self._unrecorded = self._unrecorded, []
        for grant, until in unrecorded:
            details: dict[str, Any] = {
                "grant": str(grant.id),
                "relation": grant.relation,
                "scopes": list(grant.scopes),
                "reason": grant.reason,
            }
            if until:
                details["until"] = until
            self.record("share_given", details, id=grant.event, day=day)

    def clock_case(self) -> clocks.Case:
        """Return the case as the clocks want it."""
        return ledger.clock_case(self.case, self.events)

    def today(self) -> datetime.date:
        """Return today where the case's servicer is."""
        return projection.today(self.clock_case())


@dataclasses.dataclass(frozen=True)
class Done:
    """What an action did.

    Attributes:
        case: the case's id.
        code: its number for people.
        events: ids of the events it recorded.
        repeated: it had been done before, under the same key; nothing was done again.
    """

    case: uuid.UUID
    code: str
    events: tuple[uuid.UUID, ...]
    repeated: bool = False


def perform(actor: Actor, name: str, case: uuid.UUID | None, given: Mapping[str, Any], *, key: str = "") -> Done:
    """Do one action, whole or not at all.

    Args:
        actor: who acts.
        name: the action.
        case: the case; None for the action that opens one.
        given: what its form takes.
        key: names this very request; sent again, it does nothing and gives the same answer.

    Raises:
        Refused: when the case is not in the actor's sight or they may not do this.
        InputError: when what was given is wrong or contradicts the ledger, with every finding.
    """
    chosen = ACTIONS.get(name)
    if chosen is None:
        raise Refused(f"there is no action {name!r}")
    try:
        form = chosen.form.model_validate(given)
    except ValidationError as error:
        raise InputError(f"{chosen.title}: something is missing or wrong", _told(error)) from None
    with acting(actor):
        try:
            # Two requests with one key meet here: the second waits for the first and then finds its answer.
            asked = _claim(actor, name, case, given, key) if key else None
        except IntegrityError:
            return _answered(actor, name, case, given, key)
        work = _work(actor, chosen, case)
        if why := chosen.allows(work):
            raise Refused(why)
        before = len(work.events)
        chosen.run(work, form)
        recorded = work.events[before:]
        projection.store(work.case, projection.project(work.case, work.events))
        done = Done(work.case.id, work.case.code, tuple(event.id for event in recorded))
        if asked is not None:
            Request.objects.filter(id=asked.id).update(case=work.case, events=[str(each) for each in done.events])
        for task in work.after:
            transaction.on_commit(task)
    log.info("done", extra={"action": name, "case": str(done.case), "count": len(recorded)})
    return done


def _work(actor: Actor, chosen: Action[Any], case: uuid.UUID | None) -> Work:
    request = logs.REQUEST.get()
    if case is None:
        if chosen.relations:
            raise Refused(f"{chosen.title}: which case?")
        return Work(actor, Case(), chosen.name, request)
    # The lock puts actions on one case in one order; a case out of sight is not there to be locked.
    found = Case.objects.select_for_update(of=("self",)).filter(id=case).first()
    if found is None:
        raise Refused("there is no such case for you")
    return Work(actor, found, chosen.name, request)


def _fingerprint(name: str, case: uuid.UUID | None, given: Mapping[str, Any]) -> bytes:
    text = json.dumps([name, str(case), dict(given)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).digest()


def _claim(actor: Actor, name: str, case: uuid.UUID | None, given: Mapping[str, Any], key: str) -> Request:
    with transaction.atomic():
        return Request.objects.create(person=actor.person, key=key, content=_fingerprint(name, case, given))


def _answered(actor: Actor, name: str, case: uuid.UUID | None, given: Mapping[str, Any], key: str) -> Done:
    before = Request.objects.select_related("case").get(person=actor.person, key=key)
    if bytes(before.content) != _fingerprint(name, case, given):
        raise InputError("this key was used for something else; use a new one for a new request")
    return Done(before.case.id, before.case.code, tuple(uuid.UUID(each) for each in before.events), repeated=True)


def _told(error: ValidationError) -> list[str]:
    return [f"{'.'.join(str(part) for part in each['loc']) or 'form'}: {each['msg']}" for each in error.errors()]
