"""The page of a case's conversation."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages as notes
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from hopenow.errors import HopeNowError
from hopenow.web.cases.actions import perform
from hopenow.web.cases.models import Case, Grant
from hopenow.web.cases.reading import CONVERSATION, looked
from hopenow.web.conversations import reading
from hopenow.web.conversations.actions import LONGEST
from hopenow.web.conversations.models import ConversationKey, Message
from hopenow.web.documents.models import Document
from hopenow.web.documents.types import types
from hopenow.web.people.models import Organization, Person

PAGE = 200


class MessageForm(forms.Form):
    """What to write, and for whom."""

    body = forms.CharField(
        label=gettext_lazy("Message"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"class": "usa-textarea", "rows": 5}),
    )
    documents = forms.MultipleChoiceField(
        label=gettext_lazy("Documents that go with it"),
        required=False,
        widget=forms.SelectMultiple(attrs={"class": "usa-select"}),
    )
    internal = forms.BooleanField(
        label=gettext_lazy("Only for my own organization"), required=False, widget=forms.CheckboxInput()
    )

    def __init__(self, documents: list[Document], *args: object, internal: bool, **kwargs: object) -> None:
        """Offer the documents in sight; only staff write for their organization alone."""
        super().__init__(*args, **kwargs)
        self.fields["documents"].choices = [(str(each.id), _label(each)) for each in documents]
        if not documents:
            del self.fields["documents"]
        if not internal:
            del self.fields["internal"]


def _label(document: Document) -> str:
    return f"{types()[document.type].title}, {document.received_at:%Y-%m-%d}"


@login_required
@require_http_methods(["GET", "POST"])
def conversation(request: HttpRequest, case: uuid.UUID) -> HttpResponse:
    """Show the conversation, and write into it."""
    found = get_object_or_404(Case, id=case)
    actor = request.actor  # type: ignore[attr-defined]
    own = Grant.objects.filter(case=found, grantee__in=[actor.person, actor.grantee], withdrawn_at=None)
    if not any("conversation" in grant.scopes for grant in own):
        raise PermissionDenied
    documents = list(Document.objects.filter(case=found))
    form = MessageForm(documents, request.POST or None, internal=actor.organization is not None)
    if request.method == "POST" and form.is_valid():
        try:
            perform(actor, "send_message", found.id, form.cleaned_data)
        except HopeNowError as error:
            form.add_error(None, str(error))
        else:
            notes.success(request, _("Your message is in the case."))
            return redirect("conversation", case=found.id)
    listed = list(Message.objects.filter(case=found).order_by("-at")[:PAGE])[::-1]
    until = reading.read_until(found.id, actor.person)
    key = ConversationKey.cipher(found.id)
    people = {each.id: str(each) for each in Person.objects.filter(id__in={one.person_id for one in listed})}
    organizations = {each.id: each.name for each in Organization.objects.all()}
    at_hand = {each.id: each for each in documents}
    rows = [
        {
            "message": each,
            "text": reading.shown(each.text(key)) if key else _("This was forgotten and can no longer be read."),
            "by": people.get(each.person_id, ""),
            "organization": organizations.get(each.organization, ""),
            "unread": each.person_id != actor.person and (until is None or each.at > until),
            "documents": [(at_hand[one], _label(at_hand[one])) for one in each.documents if one in at_hand],
        }
        for each in listed
    ]
    if listed:
        looked(actor, found.id, CONVERSATION)
        reading.mark_read(found.id, actor.person, listed[-1].at)
    waiting = reading.waiting(listed)
    context = {
        "case": found,
        "form": form,
        "rows": rows,
        "waiting": waiting,
        "days": waiting.days(timezone.now()) if waiting else 0,
    }
    return render(request, "conversations/conversation.html", context)
