"""Who belongs to an organization: invitations, memberships, and a second factor that was lost.

Every change here is checked against the actor's own role, and then written by the service ``accounts``, which alone
may write these tables.
"""

from __future__ import annotations

import datetime
import hashlib
import secrets
import uuid
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from hopenow.web.acting import Actor, serving
from hopenow.web.cases.actions import Refused, perform
from hopenow.web.people.mail import address_of, send
from hopenow.web.people.models import CaseInvitation, Invitation, Membership, Organization, Person
from hopenow.web.people.sessions import end_sessions

INVITATION_LASTS = datetime.timedelta(days=7)
_MOST_WAITING = 200


def hashed(token: str) -> bytes:
    """Return what is kept of a link."""
    return hashlib.sha256(token.encode()).digest()


def new_token() -> str:
    """Return a link's secret part: 256 bits."""
    return secrets.token_urlsafe(32)


def current(organization: uuid.UUID) -> Any:
    """Return the memberships of an organization that are in force."""
    now = timezone.now()
    return (
        Membership.objects.select_related("person")
        .filter(organization_id=organization, since__lte=now)
        .filter(Q(until=None) | Q(until__gt=now))
        .order_by("person__name", "id")
    )


def administrated(actor: Actor | None) -> uuid.UUID:
    """Return the organization that the actor administrates.

    Raises:
        Refused: when there is none.
    """
    if actor is None or actor.organization is None or actor.role != Membership.Role.ADMINISTRATOR:
        raise Refused(_("Only an administrator of the organization can do this."))
    return actor.organization


def invite(actor: Actor, email: str, role: str) -> Invitation:
    """Invite an address into the actor's organization; an earlier invitation that waits is withdrawn."""
    organization = administrated(actor)
    if role not in Membership.Role.values:
        raise Refused(_("There is no such role."))
    token, now = new_token(), timezone.now()
    with serving("accounts"):
        waiting = Invitation.objects.filter(
            organization_id=organization, accepted_at=None, withdrawn_at=None, expires_at__gt=now
        )
        waiting.filter(email__iexact=email).update(withdrawn_at=now)
        if waiting.count() >= _MOST_WAITING:
            raise Refused(_("Too many invitations are waiting. Withdraw some first."))
        made = Invitation.objects.create(
            organization_id=organization,
            email=email.lower(),
            role=role,
            token_hash=hashed(token),
            invited_by_id=actor.person,
            expires_at=now + INVITATION_LASTS,
        )
        name = Organization.objects.get(id=organization).name
        context = {"organization": name, "address": address_of("accept-invitation", token=token)}
        send("people/email/invitation.txt", made.email, _("You are invited to Hope Now"), context)
    return made


def withdraw(actor: Actor, invitation: uuid.UUID) -> None:
    """Withdraw an invitation of the actor's organization."""
    organization = administrated(actor)
    with serving("accounts"):
        found = Invitation.objects.filter(id=invitation, organization_id=organization, accepted_at=None)
        if not found.update(withdrawn_at=timezone.now()):
            raise Refused(_("There is no such invitation."))


def waiting(token: str) -> Invitation | None:
    """Return the invitation of a link while it can be used; needs the service ``accounts``."""
    return (
        Invitation.objects.select_related("organization")
        .select_for_update(of=("self",))
        .filter(
            token_hash=hashed(token),
            accepted_at=None,
            withdrawn_at=None,
            expires_at__gt=timezone.now(),
            organization__active=True,
        )
        .first()
    )


def proved(person: uuid.UUID, email: str) -> bool:
    """Whether a person has shown that an address is theirs; needs the service ``accounts``."""
    return bool(EmailAddress.objects.filter(user_id=person, email__iexact=email, verified=True).exists())


def accept(actor: Actor, token: str) -> Membership:
    """Join the organization that a link invites to: once, and only with the address that it was sent to."""
    now = timezone.now()
    with serving("accounts"):
        invitation = waiting(token)
        if invitation is None or not proved(actor.person, invitation.email):
            raise Refused(_("This invitation cannot be used: it is over, or was sent to another address."))
        invitation.accepted_at = now
        invitation.save(update_fields=["accepted_at"])
        Membership.objects.filter(person_id=actor.person, organization=invitation.organization, until=None).update(
            until=now
        )
        return Membership.objects.create(
            person_id=actor.person, organization=invitation.organization, role=invitation.role, since=now
        )


def _membership(organization: uuid.UUID, membership: uuid.UUID) -> Membership:
    # The lock on every administrator keeps two of them from ending each other at the same moment.
    list(current(organization).filter(role=Membership.Role.ADMINISTRATOR).select_for_update(of=("self",)))
    found: Membership | None = current(organization).filter(id=membership).first()
    if found is None:
        raise Refused(_("There is no such member."))
    return found


def _keep_an_administrator(organization: uuid.UUID, leaving: Membership) -> None:
    others = current(organization).filter(role=Membership.Role.ADMINISTRATOR).exclude(id=leaving.id)
    if leaving.role == Membership.Role.ADMINISTRATOR and not others.exists():
        raise Refused(_("The organization would be without an administrator. Make somebody else one first."))


def change_role(actor: Actor, membership: uuid.UUID, role: str) -> None:
    """Give a member another role; what they were before stays on record."""
    organization = administrated(actor)
    if role not in Membership.Role.values:
        raise Refused(_("There is no such role."))
    with serving("accounts"):
        found = _membership(organization, membership)
        if found.role == role:
            return
        _keep_an_administrator(organization, found)
        now = timezone.now()
        Membership.objects.filter(id=found.id).update(until=now)
        Membership.objects.create(person=found.person, organization_id=organization, role=role, since=now)


def end(actor: Actor, membership: uuid.UUID) -> None:
    """End a membership and sign its person out everywhere."""
    organization = administrated(actor)
    with serving("accounts"):
        found = _membership(organization, membership)
        _keep_an_administrator(organization, found)
        Membership.objects.filter(id=found.id).update(until=timezone.now())
        end_sessions(found.person_id)


def reset_factor(actor: Actor, membership: uuid.UUID) -> None:
    """Remove a member's lost second factor.

    It opens no door by itself: the member still has to show the address, is signed out everywhere, is told, and gets
    to nothing before a new factor is set up. Nobody resets their own, or that of somebody whom another organization
    trusts too.
    """
    organization = administrated(actor)
    with serving("accounts"):
        found = _membership(organization, membership)
        if found.person_id == actor.person:
            raise Refused(_("Another administrator must do this for you."))
        now = timezone.now()
        elsewhere = Membership.objects.filter(person_id=found.person_id).exclude(organization_id=organization)
        if elsewhere.filter(Q(until=None) | Q(until__gt=now)).exists():
            raise Refused(_("This person belongs to another organization too, so this cannot be done here."))
        # Whatever was signed in is signed out with it.
        Authenticator.objects.filter(user_id=found.person_id).delete()
        end_sessions(found.person_id)
        email = Person.objects.get(id=found.person_id).email
        send("people/email/factor_removed.txt", email, _("Your second step at Hope Now was removed"), {})


# --- one's own case, and persons who may see it -----------------------------------------------------


def invite_to_case(actor: Actor, case: uuid.UUID, given: dict[str, Any]) -> CaseInvitation:
    """Invite a person to a case; needs the actor's own sight.

    Homeowners invite whom they like to what they see themselves; a servicer invites a successor whom it confirmed.
    """
    from hopenow.web.cases.actions.lifecycle import HOMEOWNERS
    from hopenow.web.cases.models import Event, Grant
    from hopenow.web.people.actions import CONFIRMED

    current_grants = Grant.objects.filter(case_id=case, withdrawn_at=None).filter(
        Q(until=None) | Q(until__gt=timezone.now())
    )
    mine = current_grants.filter(grantee=actor.person, relation__in=HOMEOWNERS).first()
    if mine is None and given["relation"] == Grant.Relation.SUCCESSOR and actor.role not in ("", "observer"):
        mine = current_grants.filter(grantee=actor.organization, relation=Grant.Relation.SERVICER).first()
        if mine is not None and not Event.objects.filter(case_id=case, kind=CONFIRMED).exists():
            raise Refused(_("No successor is confirmed in this case yet."))
    if mine is None:
        raise Refused(_("Only a homeowner of the case can invite somebody to it."))
    if missing := set(given["scopes"]) - set(mine.scopes):
        raise Refused(_("You cannot share what is not shared with you: %s") % ", ".join(sorted(missing)))
    token = new_token()
    made = CaseInvitation.objects.create(
        case_id=case,
        email=given["email"].lower(),
        relation=given["relation"],
        scopes=given["scopes"],
        reason=given["reason"],
        share_until=given.get("until"),
        token_hash=hashed(token),
        invited_by_id=actor.person,
        expires_at=timezone.now() + INVITATION_LASTS,
    )
    context = {"who": str(Person.objects.get(id=actor.person)), "address": address_of("accept-share", token=token)}
    send("people/email/case_invitation.txt", made.email, _("Somebody wants to share their case with you"), context)
    return made


def waiting_share(token: str) -> CaseInvitation | None:
    """Return the invitation to a case while its link can be used; needs the service ``accounts``."""
    return (
        CaseInvitation.objects.select_for_update(of=("self",))
        .filter(token_hash=hashed(token), accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now())
        .first()
    )


def accept_share(actor: Actor, token: str) -> uuid.UUID:
    """Take up a share: it is made now, as the act of the homeowner who gave it, if they still may."""
    with serving("accounts"):
        invitation = waiting_share(token)
        if invitation is None or not proved(actor.person, invitation.email):
            raise Refused(_("This link cannot be used: it is over, or was sent to another address."))
        if invitation.invited_by_id == actor.person:
            raise Refused(_("This is your own case."))
        if invitation.share_until and invitation.share_until < timezone.now().date():
            raise Refused(_("This link cannot be used: it is over, or was sent to another address."))
        invitation.accepted_at = timezone.now()
        invitation.save(update_fields=["accepted_at"])
        _share(invitation, actor.person)
        return invitation.case_id


def _share(invitation: CaseInvitation, guest: uuid.UUID) -> None:
    given = {"grantee": guest, "scopes": invitation.scopes, "reason": invitation.reason}
    consent = {**given, "relation": invitation.relation, "until": invitation.share_until}
    try:
        perform(Actor(invitation.invited_by_id), "share_case", invitation.case_id, consent)
    except Refused:
        # Not a homeowner's word, then: the servicer's, for a successor whom it confirmed.
        now = timezone.now()
        for each in Membership.objects.select_related("organization").filter(
            Q(until=None) | Q(until__gt=now), person_id=invitation.invited_by_id, organization__kind="servicer"
        ):
            if invitation.relation == "successor":
                servicer = Actor(each.person_id, each.organization_id, each.role, each.organization.kind)
                perform(servicer, "admit_successor", invitation.case_id, given)
                return
        raise


def withdraw_case_invitation(actor: Actor, case: uuid.UUID, invitation: uuid.UUID) -> None:
    """Take back an invitation to a case that nobody has used."""
    found = CaseInvitation.objects.filter(
        id=invitation, case_id=case, invited_by_id=actor.person, accepted_at=None, withdrawn_at=None
    )
    if not found.update(withdrawn_at=timezone.now()):
        raise Refused(_("There is no such invitation."))
