"""Messages of a case, and until where each person has read."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from hopenow.web.cases.models import Grant
from hopenow.web.partkeys import PartKey
from hopenow.web.vault import CaseCipher


class ConversationKey(PartKey):
    """The key of a case's conversation."""

    part = "conversation"


class Message(models.Model):
    """One message; never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="messages")
    at = models.DateTimeField(db_default=Now(), editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    organization = models.UUIDField(null=True, blank=True)
    relation = models.CharField(max_length=20, choices=Grant.Relation.choices)
    """What the writer was in the case when they wrote."""
    audience = models.UUIDField(null=True, blank=True)
    """The one organization that sees it; empty: everyone whom the conversation is shared with."""
    body = models.BinaryField()
    documents = ArrayField(models.UUIDField(), default=list)
    """Ids of documents of the case that go with it; each reader sees those that are shared with them."""
    event = models.UUIDField()

    class Meta:
        """Oldest first."""

        ordering: ClassVar = ["at"]
        indexes: ClassVar = [models.Index(fields=["case", "at"], name="conversations_message_case")]

    def text(self, key: CaseCipher | None) -> str:
        """Return what was written; empty when the key was destroyed."""
        return key.decrypt(bytes(self.body), f"message:{self.id}").decode() if key else ""


class ReadUntil(models.Model):
    """Until when a person has read a case's conversation; their own, and nobody else's to see."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        """One for each person and case."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "person"], name="conversations_readuntil_once")
        ]
