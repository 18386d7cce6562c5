"""Writing a message."""

from __future__ import annotations

import uuid

from pydantic import Field

from hopenow.errors import InputError
from hopenow.web.cases.actions.base import Form, Refused, Work, action
from hopenow.web.cases.actions.lifecycle import PARTIES
from hopenow.web.cases.models import Grant
from hopenow.web.conversations.models import ConversationKey, Message
from hopenow.web.documents.models import Document

LONGEST = 10_000


class SendMessage(Form):
    """What is written, with which documents, and for whom."""

    body: str = Field(min_length=1, max_length=LONGEST)
    documents: list[uuid.UUID] = Field(default_factory=list, max_length=20)
    internal: bool = False
    """Only for the writer's own organization."""


@action(
    "send_message",
    "Write a message",
    SendMessage,
    relations=(*PARTIES, Grant.Relation.INVESTOR, Grant.Relation.ALLIANCE),
    scopes=("status", "conversation"),
)
def send_message(work: Work, form: SendMessage) -> None:
    """Write into the case's conversation."""
    if form.internal and work.actor.organization is None:
        raise Refused("Write a message: only a member of an organization can write for it alone")
    here = set(Document.objects.filter(case=work.case, id__in=form.documents).values_list("id", flat=True))
    if missing := set(form.documents) - here:
        raise InputError(f"Write a message: {len(missing)} of the documents are not in this case for you")
    audience = work.actor.organization if form.internal else None
    identity, event = uuid.uuid4(), uuid.uuid4()
    work.record("message_sent", {"message": str(identity)}, id=event, audience=audience)
    key = ConversationKey.to_write(work.case.id, work.events)
    Message.objects.create(
        id=identity,
        case=work.case,
        person_id=work.actor.person,
        organization=work.actor.organization,
        relation=next(grant.relation for grant in work.own if "conversation" in grant.scopes),
        audience=audience,
        body=key.encrypt(form.body.encode(), f"message:{identity}"),
        documents=form.documents,
        event=event,
    )
