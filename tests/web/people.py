"""People and organizations for tests of the platform."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from typing import Any


@dataclasses.dataclass(frozen=True)
class Cast:
    """A homeowner with a case shared with one servicer and one agency, and others who have nothing to do with it.

    Attributes:
        homeowner: acts for themselves.
        servicer: a worker of the servicer that the case is shared with.
        counselor: a worker of the agency that the case is shared with.
        stranger: a worker of another servicer.
        neighbor: a homeowner with no case.
        case: the case.
    """

    homeowner: Any
    servicer: Any
    counselor: Any
    stranger: Any
    neighbor: Any
    case: Any


def cast() -> Cast:
    """Make them, with two events in the case's ledger."""
    from hopenow.web.acting import Actor, acting, serving
    from hopenow.web.cases.models import Case, Grant
    from hopenow.web.people.models import Person

    with serving("operations"):
        homeowner = Actor(Person.objects.create_user("home@example.org", "Ana Ruiz").id)
        neighbor = Actor(Person.objects.create_user("next@example.org", "Bo Lee").id)
        servicer, stranger = member("servicer", "First Servicing"), member("servicer", "Other Servicing")
        counselor = member("counseling", "Good Counsel")
    case, first = Case(), uuid.uuid4()
    with acting(homeowner):
        for grantee, relation, scopes in (
            (homeowner, "borrower", ["status", "facts", "documents", "conversation", "identity"]),
            (servicer, "servicer", ["status", "facts", "documents", "conversation"]),
            (counselor, "counselor", ["status"]),
        ):
            Grant.objects.create(
                case=case, grantee=grantee.grantee, relation=relation, scopes=scopes, reason="test", event=first
            )
        case.save(force_insert=True)
        write(case, homeowner, "case_opened", id=first)
        write(case, homeowner, "contact_made")
    return Cast(homeowner, servicer, counselor, stranger, neighbor, case)


def write(case: Any, actor: Any, kind: str, **other: Any) -> Any:
    """Append an event as this actor, without an action."""
    from hopenow.web.cases.models import Event

    return Event.objects.create(
        case=case,
        kind=kind,
        day=datetime.date(2026, 1, 5),
        person=actor.person,
        organization=actor.organization,
        action="test",
        **other,
    )


def member(kind: str, name: str, role: str = "worker") -> Any:
    """Make an organization with one member, who has a second factor; needs the service ``operations``."""
    from allauth.mfa.models import Authenticator

    from hopenow.web.acting import Actor
    from hopenow.web.people.models import Membership, Organization, Person

    organization = Organization.objects.create(kind=kind, name=name)
    person = Person.objects.create_user(f"{uuid.uuid4().hex[:8]}@example.org", f"Somebody of {name}")
    Membership.objects.create(person=person, organization=organization, role=role)
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "never used"})
    return Actor(person.id, organization.id, role, kind)


def homeowner() -> Any:
    """Make one homeowner."""
    from hopenow.web.acting import Actor, serving
    from hopenow.web.people.models import Person

    with serving("operations"):
        return Actor(Person.objects.create_user(f"{uuid.uuid4().hex[:8]}@example.org", "Ana Ruiz").id)


def opened(loan: dict[str, Any]) -> Any:
    """Make the same people as `cast`, with a case opened and shared by actions; ``case`` is its id."""
    from hopenow.web.acting import serving
    from hopenow.web.cases.actions import perform

    owner, neighbor = homeowner(), homeowner()
    with serving("operations"):
        servicer, stranger = member("servicer", "First Servicing"), member("servicer", "Other Servicing")
        counselor = member("counseling", "Good Counsel")
    given = {"channel": "web", "borrower": "Ana Ruiz", "loan_number": "0012345", "loan": loan}
    case = perform(owner, "open_case", None, given).case
    for other, relation, scopes in (
        (servicer, "servicer", ["status", "facts", "documents", "conversation"]),
        (counselor, "counselor", ["status"]),
    ):
        given = {"grantee": other.grantee, "relation": relation, "scopes": scopes, "reason": "to get help"}
        perform(owner, "share_case", case, given)
    return Cast(owner, servicer, counselor, stranger, neighbor, case)
