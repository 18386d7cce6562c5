"""Pages of a case's documents: the checklist, adding, asking, receipts and downloads."""

from __future__ import annotations

import tempfile
import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hopenow.errors import CoverageError, HopeNowError, InputError
from hopenow.web.cases import ledger, projection
from hopenow.web.cases.actions import perform
from hopenow.web.cases.models import Case, Event, Grant
from hopenow.web.cases.reading import DOCUMENT, EXPORT, looked
from hopenow.web.documents import cleaning, files, standing, whole_file
from hopenow.web.documents.models import Document
from hopenow.web.documents.types import types
from hopenow.web.documents.uploads import Limit
from hopenow.web.people.models import Organization, Person
from hopenow.web.vault import VaultError

_STATES = {
    standing.VALID: gettext_lazy("valid"),
    standing.TOO_OLD: gettext_lazy("too old"),
    standing.REPLACED: gettext_lazy("replaced by a newer one"),
}


class FileForm(forms.Form):
    """A file and the date on the paper."""

    file = forms.FileField(
        label=gettext_lazy("Photo or PDF"),
        help_text=gettext_lazy("JPEG, HEIC, PNG or PDF, up to 30 MB. Every page, in good light."),
        allow_empty_file=True,
        max_length=None,
        widget=forms.FileInput(
            attrs={"class": "usa-file-input", "accept": "image/jpeg,image/heic,image/png,application/pdf"}
        ),
    )
    dated = forms.DateField(
        label=gettext_lazy("Date on the paper"),
        help_text=gettext_lazy("For a pay stub or statement, the last day that it covers."),
        required=False,
        widget=forms.DateInput(attrs={"class": "usa-input", "type": "date"}),
    )


def _choices() -> list[tuple[str, str]]:
    return [("", _("Choose one")), *((name, each.title) for name, each in types().items())]


class AddForm(FileForm):
    """Which paper it is, and the file."""

    type = forms.ChoiceField(
        label=gettext_lazy("Which paper is it?"),
        choices=_choices,
        widget=forms.Select(attrs={"class": "usa-select"}),
    )
    field_order = ("type", "dated", "file")


class AskForm(forms.Form):
    """Which paper is asked for."""

    type = forms.ChoiceField(
        label=gettext_lazy("Which paper?"), choices=_choices, widget=forms.Select(attrs={"class": "usa-select"})
    )
    needed_by = forms.DateField(
        label=gettext_lazy("Needed by"),
        required=False,
        widget=forms.DateInput(attrs={"class": "usa-input", "type": "date"}),
    )


def _case(request: HttpRequest, case: uuid.UUID) -> Case:
    """Return a case whose documents are shared with whoever looks; the database decides again on every row."""
    found = get_object_or_404(Case, id=case)
    if not any("documents" in grant.scopes for grant in _own(request, found)):
        raise PermissionDenied
    return found


def _own(request: HttpRequest, case: Case) -> list[Grant]:
    actor = request.actor  # type: ignore[attr-defined]
    return list(Grant.objects.filter(case=case, grantee__in=[actor.person, actor.grantee], withdrawn_at=None))


@login_required
@require_safe
def listed(request: HttpRequest, case: uuid.UUID) -> HttpResponse:
    """Show what is needed and what is on file."""
    found = _case(request, case)
    events = list(Event.objects.filter(case=found))
    documents = list(Document.objects.filter(case=found))
    today = projection.today(ledger.clock_case(found, events))
    known = standing.facts(events, ledger.cipher(found.id))
    try:
        items = standing.checklist(known, documents, events, today)
    except (CoverageError, InputError):
        items = []
    rows = [
        (each, types()[each.type].title, _STATES[standing.state(each, documents, today, events)]) for each in documents
    ]
    context = {
        "case": found,
        "items": items,
        "rows": rows,
        "asked": [(types()[kind].title, event, kind) for kind, event in standing.asked(events).items()],
        "may_ask": request.actor.organization is not None,  # type: ignore[attr-defined]
    }
    return render(request, "documents/list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, case: uuid.UUID) -> HttpResponse:
    """Add a paper."""
    found = _case(request, case)
    form = AddForm(request.POST or None, request.FILES or None, initial={"type": request.GET.get("type", "")})
    if _posted(request, form):
        given = {"type": form.cleaned_data["type"], "dated": form.cleaned_data["dated"]}
        if done := _taken(request, form, "add_document", found, given):
            return _to_receipt(request, found, done)
    return render(request, "documents/add.html", {"case": found, "form": form, "title": _("Add a document")})


@login_required
@require_http_methods(["GET", "POST"])
def replace(request: HttpRequest, case: uuid.UUID, document: uuid.UUID) -> HttpResponse:
    """Add a newer version of a paper."""
    found = _case(request, case)
    before = get_object_or_404(Document, case=found, id=document)
    form = FileForm(request.POST or None, request.FILES or None)
    if _posted(request, form):
        given = {"document": before.id, "dated": form.cleaned_data["dated"]}
        if done := _taken(request, form, "replace_document", found, given):
            return _to_receipt(request, found, done)
    title = _("Replace: %(paper)s") % {"paper": types()[before.type].title}
    return render(request, "documents/add.html", {"case": found, "form": form, "title": title})


def _posted(request: HttpRequest, form: forms.Form) -> bool:
    """Whether a form was sent with a file that was read to its end."""
    if request.method != "POST":
        return False
    if request.META.get(Limit.MARK):
        form.is_valid()
        form.errors.pop("file", None)
        form.add_error("file", cleaning.TOO_LARGE)
    return form.is_valid()


def _taken(request: HttpRequest, form: forms.Form, action: str, case: Case, given: dict[str, Any]) -> Any:
    """Clean the file and do the action; a refusal becomes an error of the form."""
    try:
        upload = form.cleaned_data["file"]
        received = cleaning.receive(upload.read(), settings.HOPENOW.virus_scanner)
        return perform(request.actor, action, case.id, {**given, "received": received})  # type: ignore[attr-defined]
    except cleaning.Unacceptable as error:
        form.add_error("file", str(error))
    except HopeNowError as error:
        form.add_error(None, str(error))
    return None


def _to_receipt(request: HttpRequest, case: Case, done: Any) -> HttpResponse:
    messages.success(request, _("We have it. This page is your receipt."))
    added = Document.objects.get(case=case, event__in=done.events)
    return redirect("document", case=case.id, document=added.id)


@login_required
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, case: uuid.UUID) -> HttpResponse:
    """Ask the homeowner for a paper."""
    found = _case(request, case)
    form = AskForm(request.POST or None, initial={"type": request.GET.get("type", "")})
    if request.method == "POST" and form.is_valid():
        try:
            done = perform(request.actor, "request_document", found.id, form.cleaned_data)  # type: ignore[attr-defined]
        except HopeNowError as error:
            form.add_error(None, str(error))
        else:
            refused = Event.objects.filter(id__in=done.events, kind="document_request_refused").first()
            if refused is None:
                messages.success(request, _("The request is on record."))
                return redirect("documents", case=found.id)
            messages.error(
                request,
                _("A valid one is on file, so the homeowner was not asked again. This refusal is on record."),
            )
            return redirect("document", case=found.id, document=refused.details["document"])
    return render(request, "documents/ask.html", {"case": found, "form": form})


@login_required
@require_safe
def receipt(request: HttpRequest, case: uuid.UUID, document: uuid.UUID) -> HttpResponse:
    """Show one document's receipt, and its versions; made to be printed."""
    found = _case(request, case)
    kept = get_object_or_404(Document, case=found, id=document)
    events = list(Event.objects.filter(case=found))
    documents = list(Document.objects.filter(case=found, type=kept.type))
    today = projection.today(ledger.clock_case(found, events))
    person = Person.objects.filter(id=kept.person_id).first()
    event = next((each for each in events if each.id == kept.event), None)
    context = {
        "case": found,
        "document": kept,
        "kind": types()[kept.type],
        "by": str(person or ""),
        "organization": Organization.objects.filter(id=kept.organization).first() if kept.organization else None,
        "state": standing.state(kept, documents, today, events),
        "words": _STATES[standing.state(kept, documents, today, events)],
        "replaced_by": next((each for each in documents if each.replaces_id == kept.id), None),
        "event": event,
        "event_hash": bytes(event.hash).hex() if event else "",
    }
    return render(request, "documents/receipt.html", context)


@login_required
@require_safe
def download(request: HttpRequest, case: uuid.UUID, document: uuid.UUID) -> HttpResponse:
    """Hand out the clean copy, and put on record who looked."""
    found = _case(request, case)
    kept = get_object_or_404(Document, case=found, id=document)
    try:
        content = files.content(kept)
    except VaultError as error:
        raise Http404(str(error)) from None
    looked(request.actor, found.id, DOCUMENT, kept.id)  # type: ignore[attr-defined]
    response = HttpResponse(content, content_type=kept.media)
    response["Content-Disposition"] = f'attachment; filename="{kept.name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


@login_required
@require_POST
def whole(request: HttpRequest, case: uuid.UUID) -> FileResponse | HttpResponse:
    """Hand out the whole file, as far as it is shared with whoever takes it."""
    found = get_object_or_404(Case, id=case)
    try:
        perform(request.actor, "export_case", found.id, {})  # type: ignore[attr-defined]
    except HopeNowError as error:
        messages.error(request, str(error))
        return redirect("case", case=found.id)
    looked(request.actor, found.id, EXPORT)  # type: ignore[attr-defined]
    target = tempfile.TemporaryFile()  # noqa: SIM115  (the response closes it)
    whole_file.write(found, target)
    target.seek(0)
    response = FileResponse(target, as_attachment=True, filename=f"{found.code}.zip", content_type="application/zip")
    response["Cache-Control"] = "private, no-store"
    return response

