"""Letting a confirmed successor in: the one share that a servicer gives, because the homeowner cannot any more."""

from __future__ import annotations

import uuid

from pydantic import Field

from hopenow.web.cases.actions import Form, Refused, Work, action
from hopenow.web.cases.models import Grant

CONFIRMED = "successor_confirmed"
STEPS = ("successor_inquired", "successor_documents_listed", CONFIRMED)
"""Events from the first letter of a possible successor to the confirmation, in their order."""


class AdmitSuccessor(Form):
    """Who was confirmed, and what they may see."""

    grantee: uuid.UUID
    scopes: list[str] = Field(min_length=1)
    reason: str = Field(min_length=3, max_length=300)


@action("admit_successor", "Let a confirmed successor in", AdmitSuccessor, relations=(Grant.Relation.SERVICER,))
def admit_successor(work: Work, form: AdmitSuccessor) -> None:
    """Share the case with a successor whom the servicer has confirmed."""
    if not any(event.kind == CONFIRMED for event in work.events):
        raise Refused("Let a confirmed successor in: no successor is confirmed in this case yet")
    if set(form.scopes) - set(Grant.Scope.values):
        raise Refused("Let a confirmed successor in: no such part")
    work.share(form.grantee, Grant.Relation.SUCCESSOR, form.scopes, form.reason)
