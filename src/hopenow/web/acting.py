"""Who is acting: the only way for a connection to see anything.

PostgreSQL's row-level security asks three settings of the transaction: the person, the person's grantees
(themselves and the organizations they act for), and, for the platform's own duties, the name of the service.
Outside of `acting` and `serving` they are empty, and every protected table is empty too.
"""

from __future__ import annotations

import contextvars
import dataclasses
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

SERVICES = ("accounts", "jobs", "operations")
"""What may act without a person: signing in, scheduled duties, the operator's commands."""


@dataclasses.dataclass(frozen=True)
class Actor:
    """A person at work, for themselves or for one organization.

    Attributes:
        person: who acts.
        organization: for whom; None for a homeowner or helper acting for themselves.
        role: the person's role there; empty without an organization.
        kind: the kind of that organization; empty without one.
    """

    person: uuid.UUID
    organization: uuid.UUID | None = None
    role: str = ""
    kind: str = ""

    @property
    def grantee(self) -> uuid.UUID:
        """Whom a case is shared with when it is shared with this actor."""
        return self.organization or self.person


@contextmanager
def acting(actor: Actor) -> Iterator[Actor]:
    """Run one transaction (or a part of one) as this person; an exception undoes all of it."""
    with _as(_values(actor)):
        yield actor


@contextmanager
def serving(service: str, case: uuid.UUID | None = None) -> Iterator[None]:
    """Run one transaction (or a part of one) as one of the platform's own services.

    Args:
        service: one of `SERVICES`.
        case: the one case that a job works on; without it a job sees every case.

    Raises:
        ValueError: for an unknown service.
    """
    if service not in SERVICES:
        raise ValueError(f"{service!r} is not a service; there are {', '.join(SERVICES)}")
    with _as({"person": "", "grantees": "", "service": service, "case": str(case or "")}):
        yield


@contextmanager
def nobody() -> Iterator[None]:
    """Run a part of a transaction as nobody: only what is open to everyone is seen."""
    with _as(_NOBODY):
        yield


def enter(actor: Actor) -> None:
    """Act as this person until the current `acting` or `serving` block ends.

    For where the person becomes known inside of the transaction, as with a token of the API.

    Raises:
        RuntimeError: outside of such a block.
    """
    if _CURRENT.get() is None:
        raise RuntimeError("enter() needs the transaction of acting() or serving() around it")
    _set(_values(actor))


_NOBODY = {"person": "", "grantees": "", "service": "", "case": ""}
_CURRENT: contextvars.ContextVar[dict[str, str] | None] = contextvars.ContextVar("acting", default=None)


def _values(actor: Actor) -> dict[str, str]:
    grantees = sorted({str(actor.person), str(actor.grantee)})
    return {"person": str(actor.person), "grantees": f"{{{','.join(grantees)}}}", "service": "", "case": ""}


@contextmanager
def _as(values: dict[str, str]) -> Iterator[None]:
    # A setting made inside of a savepoint outlives it, so what was there before is put back by hand.
    before = _CURRENT.get()
    token = _CURRENT.set(values)
    try:
        with transaction.atomic():
            _set(values)
            yield
            _set(before or _NOBODY)
    finally:
        _CURRENT.reset(token)


def _set(values: dict[str, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + ", ".join(["set_config(%s, %s, true)"] * len(values)),
            [part for name, value in values.items() for part in (f"hopenow.{name}", value)],
        )
