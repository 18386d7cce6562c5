"""Pages of the workbench: the queue, a case, saying what happened, opening a case."""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hopenow.clocks import Status
from hopenow.errors import HopeNowError, InputError
from hopenow.web.cases.actions import perform
from hopenow.web.cases.kinds import Kind, kinds
from hopenow.web.cases.models import Case, Grant
from hopenow.web.cases.reading import NAMES, looked
from hopenow.web.workbench import queries
from hopenow.web.workbench.forms import OpenForm, TellForm

_RELATION = {
    "counseling": Grant.Relation.COUNSELOR,
    "legal_aid": Grant.Relation.LEGAL_AID,
    "servicer": Grant.Relation.SERVICER,
}
_SHOWN = (Status.OVERDUE, Status.DUE_TODAY, Status.OPEN)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the queue, or say what this is."""
    return redirect("queue") if request.user.is_authenticated else render(request, "workbench/home.html")


@login_required
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Show cases by their next deadline."""
    if code := request.GET.get("code", "").strip().upper():
        found = Case.objects.filter(code=code).first()
        if found is not None:
            return redirect("case", case=found.id)
        messages.error(request, _("There is no case with this number that is shared with you."))
    which = request.GET.get("show", "all")
    if which not in queries.FILTERS:
        raise Http404
    today = timezone.now().date()
    try:
        cases, more = queries.queue(which, today, servicer=False, after=request.GET.get("after", ""))
    except InputError as error:
        raise Http404(str(error)) from None
    soon = today + datetime.timedelta(days=7)
    words = {
        "all": _("All"),
        "overdue": _("Overdue"),
        "today": _("Due today"),
        "week": _("Next 7 days"),
        "sale": _("Sale scheduled"),
    }
    context = {"cases": cases, "more": more, "which": which, "filters": words, "today": today, "soon": soon}
    return render(request, "workbench/queue.html", context)


@login_required
@require_safe
def case(request: HttpRequest, case: uuid.UUID) -> HttpResponse:
    """Show everything about one case that is shared with whoever looks."""
    view = queries.view(get_object_or_404(Case, id=case))
    if view.borrower or view.property or view.loan_number:
        looked(request.actor, view.case.id, NAMES)  # type: ignore[attr-defined]
    work = view.clockwork
    duties = sorted(
        (duty for duty in work.duties if duty.status in _SHOWN and duty.due is not None),
        key=lambda duty: (duty.due, duty.legal.rule),
    )
    context = {
        "view": view,
        "case": view.case,
        "work": work,
        "steps": work.next[:6],
        "duties": duties,
        "shield": [each for each in work.shield if each.in_force],
        "rights": [right for right in work.rights if right.open],
        "breaches": work.breaches,
        "tellable": _tellable(request),
    }
    return render(request, "workbench/case.html", context)


def _tellable(request: HttpRequest) -> list[tuple[str, list[Kind]]]:
    """Return the kinds of events that can be told, by who does them."""
    parted: dict[str, list[Kind]] = defaultdict(list)
    for kind in kinds().values():
        if kind.clock:
            parted[kind.who].append(kind)
    return [(who, sorted(listed, key=lambda kind: kind.means)) for who, listed in sorted(parted.items())]


@login_required
@require_http_methods(["GET", "POST"])
def tell(request: HttpRequest, case: uuid.UUID, kind: str = "") -> HttpResponse:
    """Say what happened: first what kind of thing, then its details."""
    found = get_object_or_404(Case, id=case)
    chosen = kind or request.GET.get("kind", "")
    if not chosen:
        return render(request, "workbench/choose.html", {"case": found, "tellable": _tellable(request)})
    known = kinds().get(chosen)
    if known is None or not known.clock:
        raise Http404
    form = TellForm(known, request.POST or None, initial={"day": timezone.now().date()})
    if request.method == "POST" and form.is_valid() and _done(request, form, "tell", found.id, form.given()):
        messages.success(request, _("It is on record."))
        return redirect("case", case=found.id)
    return render(request, "workbench/tell.html", {"case": found, "form": form, "kind": known})


@login_required
@require_http_methods(["GET", "POST"])
def open_case(request: HttpRequest) -> HttpResponse:
    """Open a case."""
    form = OpenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actor = request.actor  # type: ignore[attr-defined]
        relation = _RELATION.get(actor.kind, Grant.Relation.BORROWER)
        if done := _done(request, form, "open_case", None, form.given(relation)):
            messages.success(request, _("The case is open. Its number is %(code)s.") % {"code": done.code})
            return redirect("case", case=done.case)
    return render(request, "workbench/open.html", {"form": form})


def _done(request: HttpRequest, form: forms.Form, action: str, case: uuid.UUID | None, given: dict[str, Any]) -> Any:
    """Do an action; what it refuses becomes errors of the form."""
    try:
        return perform(request.actor, action, case, given)  # type: ignore[attr-defined]
    except InputError as error:
        for finding in error.findings or [error]:
            form.add_error(None, getattr(finding, "message", str(finding)))
    except HopeNowError as error:
        form.add_error(None, str(error))
    return None
