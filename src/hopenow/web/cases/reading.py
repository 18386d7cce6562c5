"""Every look at something sensitive is put on record, for the homeowner to see."""

from __future__ import annotations

import uuid
from typing import Any

from hopenow.web import logs
from hopenow.web.acting import Actor
from hopenow.web.cases.models import Reading

NAMES = "names"
DOCUMENT = "document"
CONVERSATION = "conversation"
IDENTITY = "identity"
FACTS = "facts"
EXPORT = "export"
WHAT = (NAMES, DOCUMENT, CONVERSATION, IDENTITY, FACTS, EXPORT)
"""What can be looked at: name and address, a document, the conversation, sensitive numbers, figures, the file."""


def looked(who: Any, case: uuid.UUID, what: str, subject: uuid.UUID | None = None) -> Reading:
    """Put on record that the actor looks at something sensitive; call it where it is decrypted, before showing it.

    Args:
        who: the actor, or an action at work.
        case: the case.
        what: one of `WHAT`.
        subject: which one, such as the document's id.

    Raises:
        ValueError: for something that is not in the list.
    """
    if what not in WHAT:
        raise ValueError(f"{what!r} is not something that is looked at; there are {', '.join(WHAT)}")
    actor: Actor = getattr(who, "actor", who)
    request = logs.REQUEST.get() or ""
    return Reading.objects.create(
        case_id=case,
        person_id=actor.person,
        organization=actor.organization,
        what=what,
        subject=subject,
        request=request[:40],
    )
