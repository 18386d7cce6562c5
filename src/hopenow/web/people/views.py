"""Pages about oneself, one's organization, and who may see a case."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hopenow.errors import HopeNowError, InputError
from hopenow.web.acting import Actor, serving
from hopenow.web.cases.actions import perform
from hopenow.web.cases.actions.lifecycle import HOMEOWNERS
from hopenow.web.cases.models import Case, Event, Grant, Reading
from hopenow.web.middleware import ORGANIZATION, PERSONAL
from hopenow.web.people import factors, organizations
from hopenow.web.people.actions import CONFIRMED, STEPS
from hopenow.web.people.forms import InviteForm, NameForm, RoleForm, ShareOrganizationForm, SharePersonForm
from hopenow.web.people.models import CaseInvitation, Invitation, Membership, Organization, Person, SignIn

_READINGS = 100


def missing(request: HttpRequest) -> HttpResponse:
    """Say that there is no such page."""
    raise Http404


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def _try(request: HttpRequest, act: Callable[[], Any], done: str, form: forms.Form | None = None) -> bool:
    """Do something; what it refuses becomes errors of the form, or a message."""
    try:
        act()
    except HopeNowError as error:
        findings = error.findings if isinstance(error, InputError) else []
        for finding in findings or [error]:
            text = getattr(finding, "message", str(finding))
            if form is not None:
                form.add_error(None, text)
            else:
                messages.error(request, text)
        return False
    messages.success(request, done)
    return True


# --- oneself ---------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    """Show and change what is known of oneself, and choose whom one acts for."""
    person = Person.objects.get(pk=_actor(request).person)
    form = NameForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("It is saved."))
        return redirect("me")
    now = timezone.now()
    own = [
        each
        for each in Membership.objects.select_related("organization").filter(person=person)
        if each.since <= now and (each.until is None or each.until > now) and each.organization.active
    ]
    context = {"form": form, "memberships": own, "acting": _actor(request).organization}
    return render(request, "people/me.html", context)


@login_required
@require_safe
def sign_ins(request: HttpRequest) -> HttpResponse:
    """Show when and where one signed in, and tries that failed."""
    listed = SignIn.objects.filter(person=_actor(request).person).order_by("-at")
    page = Paginator(listed, 50).get_page(request.GET.get("page"))
    return render(request, "people/sign_ins.html", {"page": page})


@login_required
@require_safe
def second_factor(request: HttpRequest) -> HttpResponse:
    """Lead a member without a second factor through setting one up."""
    if factors.has_strong(request.user.pk):
        return redirect("mfa_index")
    return render(request, "people/second_factor.html")


@login_required
@require_POST
def act_for(request: HttpRequest) -> HttpResponse:
    """Choose the organization that one acts for, or oneself."""
    wanted = request.POST.get("organization", "")
    if wanted != PERSONAL:
        now = timezone.now()
        with serving("accounts"):
            own = Membership.objects.filter(person=request.user, since__lte=now, organization__active=True)
            current = {str(each.organization_id) for each in own if each.until is None or each.until > now}
        if wanted not in current:
            raise Http404
    request.session[ORGANIZATION] = wanted
    return redirect("home")


# --- one's organization ----------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def organization(request: HttpRequest) -> HttpResponse:
    """Show members and invitations to an administrator, and invite."""
    actor = _actor(request)
    if actor.role != Membership.Role.ADMINISTRATOR:
        raise Http404
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        sent = _("The invitation is on its way. It works for 7 days.")
        if _try(request, lambda: organizations.invite(actor, given["email"], given["role"]), sent, form):
            return redirect("organization")
    now = timezone.now()
    waiting = Invitation.objects.filter(
        organization_id=actor.organization, accepted_at=None, withdrawn_at=None, expires_at__gt=now
    )
    context = {
        "form": form,
        "organization": Organization.objects.get(id=actor.organization),
        "members": organizations.current(actor.organization),  # type: ignore[arg-type]
        "invitations": waiting.order_by("-created_at"),
        "roles": Membership.Role.choices,
    }
    return render(request, "people/organization.html", context)


@login_required
@require_POST
def withdraw(request: HttpRequest, invitation: uuid.UUID) -> HttpResponse:
    """Withdraw an invitation."""
    _try(request, lambda: organizations.withdraw(_actor(request), invitation), _("The invitation is withdrawn."))
    return redirect("organization" if _actor(request).role == Membership.Role.ADMINISTRATOR else "home")


@login_required
@require_POST
def change_member(request: HttpRequest, membership: uuid.UUID, what: str) -> HttpResponse:
    """Give a member another role, end the membership, or remove a second factor that was lost."""
    actor = _actor(request)
    if what == "role":
        form = RoleForm(request.POST)
        if form.is_valid():
            role = form.cleaned_data["role"]
            _try(request, lambda: organizations.change_role(actor, membership, role), _("The role is changed."))
    elif what == "end":
        _try(request, lambda: organizations.end(actor, membership), _("The membership has ended."))
    elif what == "reset":
        done = _("The second step is removed. They set up a new one when they sign in next.")
        _try(request, lambda: organizations.reset_factor(actor, membership), done)
    else:
        raise Http404
    return redirect("organization" if actor.role == Membership.Role.ADMINISTRATOR else "home")


@login_required
@require_http_methods(["GET", "POST"])
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Join an organization by the link that was sent."""
    actor = _actor(request)
    if request.method == "POST":
        joined: list[Membership] = []
        if _try(request, lambda: joined.append(organizations.accept(actor, token)), _("Welcome. You have joined.")):
            request.session[ORGANIZATION] = str(joined[0].organization_id)
            return redirect("home")
    with serving("accounts"):
        found = organizations.waiting(token)
        fits = found is not None and organizations.proved(actor.person, found.email)
    context = {"invitation": found if fits else None}
    return render(request, "people/invitation.html", context, status=200 if fits else 404)


# --- who may see a case ----------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def accept_share(request: HttpRequest, token: str) -> HttpResponse:
    """Take up a share of somebody's case by the link that was sent."""
    actor = _actor(request)
    if request.method == "POST":
        made: list[uuid.UUID] = []
        if _try(request, lambda: made.append(organizations.accept_share(actor, token)), _("You can see the case now.")):
            # The share is the person's own, whatever organization they work for.
            request.session[ORGANIZATION] = PERSONAL
            return redirect("case", case=made[0])
    with serving("accounts"):
        found = organizations.waiting_share(token)
        fits = found is not None and organizations.proved(actor.person, found.email)
        who = str(found.invited_by) if fits and found is not None else ""
    context = {"invitation": found if fits else None, "who": who}
    if fits and found is not None:
        context["relation"] = Grant.Relation(found.relation).label
        context["scopes"] = [Grant.Scope(each).label for each in found.scopes]
    return render(request, "people/share_offer.html", context, status=200 if fits else 404)


@dataclasses.dataclass(frozen=True)
class Consent:
    """A share, as its page shows it."""

    id: uuid.UUID
    who: str
    relation: str
    scopes: list[str]
    reason: str
    since: datetime.datetime
    until: datetime.datetime | None
    ended: datetime.datetime | None
    can_end: bool


def _consents(case: Case, actor: Actor, *, homeowner: bool) -> list[Consent]:
    now = timezone.now()
    grants = list(Grant.objects.filter(case=case).order_by("since"))
    names: dict[uuid.UUID, str] = {
        each.id: str(each) for each in Person.objects.filter(id__in=[grant.grantee for grant in grants])
    }
    names |= {each.id: each.name for each in Organization.objects.filter(id__in=[each.grantee for each in grants])}
    found = []
    for grant in grants:
        over = grant.withdrawn_at or (grant.until if grant.until and grant.until <= now else None)
        mine = grant.grantee == actor.person
        found.append(
            Consent(
                id=grant.id,
                who=_("You") if mine else names.get(grant.grantee, _("Somebody without a name yet")),
                relation=str(grant.get_relation_display()),
                scopes=[str(Grant.Scope(each).label) for each in grant.scopes],
                reason=grant.reason,
                since=grant.since,
                until=grant.until,
                ended=over,
                can_end=homeowner and not over and not mine and grant.relation != Grant.Relation.SERVICER,
            )
        )
    return found


def _is_homeowner(case: Case, actor: Actor) -> bool:
    now = timezone.now()
    return any(
        grant.until is None or grant.until > now
        for grant in Grant.objects.filter(case=case, grantee=actor.person, relation__in=HOMEOWNERS, withdrawn_at=None)
    )


@login_required
@require_safe
def case_people(request: HttpRequest, case: uuid.UUID) -> HttpResponse:
    """Show who can see a case: what, why, from and until when."""
    found, actor = get_object_or_404(Case, id=case), _actor(request)
    homeowner = _is_homeowner(found, actor)
    waiting = CaseInvitation.objects.filter(
        case=found, accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now()
    )
    consents = _consents(found, actor, homeowner=homeowner)
    context = {
        "case": found,
        "homeowner": homeowner,
        "now": [each for each in consents if not each.ended],
        "before": [each for each in consents if each.ended],
        "waiting": waiting,
    }
    return render(request, "people/case_people.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def share_organization(request: HttpRequest, case: uuid.UUID) -> HttpResponse:
    """Let an organization see a case."""
    found, actor = get_object_or_404(Case, id=case), _actor(request)
    form = ShareOrganizationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        cleaned = form.cleaned_data
        given = {
            "grantee": cleaned["organization"].id,
            "relation": form.relation(),
            "scopes": cleaned["scopes"],
            "reason": cleaned["reason"],
            "until": cleaned["until"],
        }
        if _try(request, lambda: perform(actor, "share_case", found.id, given), _("They can see it now."), form):
            return redirect("case-people", case=found.id)
    return render(request, "people/share.html", {"case": found, "form": form, "to": "organization"})


@login_required
@require_http_methods(["GET", "POST"])
def share_person(request: HttpRequest, case: uuid.UUID) -> HttpResponse:
    """Invite a person to a case."""
    found, actor = get_object_or_404(Case, id=case), _actor(request)
    form = SharePersonForm(request.POST or None)
    if actor.kind == Organization.Kind.SERVICER and actor.organization:
        form.only_successors()
    if request.method == "POST" and form.is_valid():
        sent = _("We sent them a link. They see nothing before they have used it.")
        given = form.cleaned_data
        if _try(request, lambda: organizations.invite_to_case(actor, found.id, given), sent, form):
            return redirect("case-people", case=found.id)
    return render(request, "people/share.html", {"case": found, "form": form, "to": "person"})


@login_required
@require_safe
def successor(request: HttpRequest, case: uuid.UUID) -> HttpResponse:
    """Show the steps by which a successor is confirmed, and lead to the next one."""
    found, actor = get_object_or_404(Case, id=case), _actor(request)
    days: dict[str, datetime.date] = {}
    for event in Event.objects.filter(case=found, kind__in=STEPS).order_by("number"):
        days[event.kind] = event.day
    words = {
        STEPS[0]: _("A possible successor writes to the servicer: a widow, an heir, somebody after a divorce."),
        STEPS[1]: _("The servicer sends the list of papers that it needs as proof."),
        STEPS[2]: _("The servicer confirms the successor, who then has the homeowner's rights in this case."),
    }
    context = {
        "case": found,
        "steps": [{"kind": kind, "words": words[kind], "day": days.get(kind)} for kind in STEPS],
        "next": next((kind for kind in STEPS if kind not in days), ""),
        "servicer": actor.kind == Organization.Kind.SERVICER,
        "confirmed": CONFIRMED in days,
    }
    return render(request, "people/successor.html", context)


@login_required
@require_POST
def withdraw_share(request: HttpRequest, case: uuid.UUID, grant: uuid.UUID) -> HttpResponse:
    """End a share at once."""
    found, actor = get_object_or_404(Case, id=case), _actor(request)
    given = {"grant": grant}
    _try(request, lambda: perform(actor, "withdraw_share", found.id, given), _("They cannot see the case any more."))
    return redirect("case-people", case=found.id)


@login_required
@require_POST
def withdraw_case_invitation(request: HttpRequest, case: uuid.UUID, invitation: uuid.UUID) -> HttpResponse:
    """Take back an invitation that nobody has used."""
    found, actor = get_object_or_404(Case, id=case), _actor(request)
    done = _("The link does not work any more.")
    _try(request, lambda: organizations.withdraw_case_invitation(actor, found.id, invitation), done)
    return redirect("case-people", case=found.id)


@login_required
@require_safe
def who_looked(request: HttpRequest, case: uuid.UUID) -> HttpResponse:
    """Show who looked at what is sensitive in a case, newest first."""
    found, actor = get_object_or_404(Case, id=case), _actor(request)
    page = Paginator(Reading.objects.filter(case=found).order_by("-at", "id"), _READINGS).get_page(
        request.GET.get("page")
    )
    people = {each.id: str(each) for each in Person.objects.filter(id__in={row.person_id for row in page})}
    names = {each.id: each.name for each in Organization.objects.filter(id__in={row.organization for row in page})}
    words = {
        "names": _("Name, address of the home, loan number"),
        "document": _("A document"),
        "conversation": _("The conversation"),
        "identity": _("Sensitive numbers"),
        "facts": _("Figures of the loan and the household"),
        "export": _("The whole file"),
    }
    rows = [
        {
            "at": row.at,
            "who": _("You") if row.person_id == actor.person else people.get(row.person_id, _("Somebody")),
            "organization": names.get(row.organization, ""),
            "what": words.get(row.what, row.what),
        }
        for row in page
    ]
    return render(request, "people/who_looked.html", {"case": found, "rows": rows, "page": page})
