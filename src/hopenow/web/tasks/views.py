"""Pages of tasks: one's own list over all cases, and a case's tasks."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hopenow import clocks
from hopenow.errors import HopeNowError
from hopenow.web.cases import ledger, projection
from hopenow.web.cases.actions import perform
from hopenow.web.cases.models import Case, Event, Grant
from hopenow.web.people.models import Membership, Organization, Person
from hopenow.web.tasks.models import Task, TaskKey

PAGE = 100
_OPEN = (clocks.Status.OPEN, clocks.Status.DUE_TODAY, clocks.Status.OVERDUE)


class TaskForm(forms.Form):
    """What is to be done."""

    words = forms.CharField(
        label=gettext_lazy("What is to be done"), max_length=500, widget=forms.TextInput(attrs={"class": "usa-input"})
    )
    due = forms.DateField(
        label=gettext_lazy("By when"),
        required=False,
        widget=forms.DateInput(attrs={"class": "usa-input", "type": "date"}),
    )
    owner = forms.ChoiceField(label=gettext_lazy("Who does it"), widget=forms.Select(attrs={"class": "usa-select"}))
    internal = forms.BooleanField(label=gettext_lazy("Only my organization sees it"), required=False)

    def __init__(self, owners: Sequence[tuple[str, str]], *args: Any, internal: bool, **kwargs: Any) -> None:
        """Offer whoever sees the case."""
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = owners
        if not internal:
            del self.fields["internal"]


def _names(identities: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    wanted = set(identities)
    found = {each.id: each.name for each in Organization.objects.filter(id__in=wanted)}
    return found | {each.id: str(each) for each in Person.objects.filter(id__in=wanted)}


def _owners(request: HttpRequest, case: Case) -> list[tuple[str, str]]:
    """Return who can do something in a case: oneself, one's organization, its members, and the other parties."""
    actor = request.actor  # type: ignore[attr-defined]
    now = timezone.now()
    found = [actor.person] + ([actor.organization] if actor.organization else [])
    if actor.organization:
        found += Membership.objects.filter(organization_id=actor.organization, until=None).values_list(
            "person_id", flat=True
        )
    found += [
        grant.grantee
        for grant in Grant.objects.filter(case=case, withdrawn_at=None)
        if grant.until is None or grant.until > now
    ]
    names = _names(found)
    return [(str(each), names.get(each, "")) for each in dict.fromkeys(found) if names.get(each)]


def _rows(tasks: Sequence[Task]) -> list[dict[str, Any]]:
    keys = {case: TaskKey.cipher(case) for case in {each.case_id for each in tasks}}
    names = _names(each.owner for each in tasks)
    return [
        {"task": each, "words": each.text(keys[each.case_id]), "owner": names.get(each.owner, "")} for each in tasks
    ]


@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """Show what the actor's organization and the actor are to do, the first day first."""
    actor = request.actor  # type: ignore[attr-defined]
    # Whose list it is; what may be seen was decided by the database.
    owned = Task.objects.filter(owner__in=[actor.person, actor.grantee], done_at=None).select_related("case")
    listed = list(owned.order_by("due", "made_at")[:PAGE])
    return render(request, "tasks/mine.html", {"rows": _rows(listed), "today": timezone.now().date()})


@login_required
@require_http_methods(["GET", "POST"])
def of_case(request: HttpRequest, case: uuid.UUID) -> HttpResponse:
    """Show a case's tasks and its running deadlines, and note another task."""
    found = get_object_or_404(Case, id=case)
    actor = request.actor  # type: ignore[attr-defined]
    form = TaskForm(_owners(request, found), request.POST or None, internal=actor.organization is not None)
    if request.method == "POST" and form.is_valid():
        try:
            perform(actor, "add_task", found.id, form.cleaned_data)
        except HopeNowError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The task is noted."))
            return redirect("case-tasks", case=found.id)
    counted = ledger.clock_case(found, Event.objects.filter(case=found))
    today = projection.today(counted)
    tasks = list(Task.objects.filter(case=found).select_related("case"))
    taken = {(each.rule, each.due) for each in tasks if each.rule and each.owner == actor.grantee}
    duties = [
        each
        for each in clocks.derive(counted, today).duties
        if each.due is not None and each.status in _OPEN and (each.legal.rule, each.due) not in taken
    ]
    context = {
        "case": found,
        "form": form,
        "rows": _rows([each for each in tasks if each.done_at is None]),
        "done": _rows([each for each in tasks if each.done_at is not None]),
        "duties": sorted(duties, key=lambda each: (each.due, each.legal.rule)),
        "today": today,
    }
    return render(request, "tasks/case.html", context)


@login_required
@require_POST
def take(request: HttpRequest, case: uuid.UUID) -> HttpResponse:
    """Put a deadline on the list of whom the actor acts for."""
    given = {"rule": request.POST.get("rule", ""), "due": request.POST.get("due", "")}
    return _do(request, "take_duty", case, given, _("It is on your list."))


@login_required
@require_POST
def done(request: HttpRequest, case: uuid.UUID, task: uuid.UUID) -> HttpResponse:
    """Say that a task is done."""
    return _do(request, "finish_task", case, {"task": task}, _("It is done."))


def _do(request: HttpRequest, action: str, case: uuid.UUID, given: dict[str, Any], words: str) -> HttpResponse:
    found = get_object_or_404(Case, id=case)
    try:
        perform(request.actor, action, found.id, given)  # type: ignore[attr-defined]
        messages.success(request, words)
    except HopeNowError as error:
        messages.error(request, str(error))
    return redirect("case-tasks", case=found.id)
