"""Tasks of a case."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from hopenow.web.partkeys import PartKey
from hopenow.web.vault import CaseCipher


class TaskKey(PartKey):
    """The key of what a case's tasks say."""

    part = "tasks"


class Task(models.Model):
    """One thing to do; only its being done is ever written to it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="tasks")
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    organization = models.UUIDField(null=True, blank=True)
    """For whom it was made; with `internal`, the only one that sees it."""
    internal = models.BooleanField(default=False)
    owner = models.UUIDField()
    """Who is to do it: a person or an organization."""
    due = models.DateField(null=True, blank=True)
    words = models.BinaryField()
    """What is to be done, encrypted."""
    rule = models.CharField(max_length=40, blank=True)
    """The rule of the duty that it was made from; empty for one made by hand."""
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.UUIDField(null=True, blank=True)

    class Meta:
        """Lists go by owner and day; a duty is taken once."""

        ordering: ClassVar = ["due", "made_at"]
        indexes: ClassVar = [
            models.Index(fields=["owner", "done_at", "due"], name="tasks_task_owner"),
            models.Index(fields=["case", "due"], name="tasks_task_case"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "owner", "rule", "due"], condition=~models.Q(rule=""), name="tasks_task_duty"
            )
        ]

    def text(self, key: CaseCipher | None) -> str:
        """Return what is to be done; empty when the key was destroyed."""
        return key.decrypt(bytes(self.words), f"task:{self.id}").decode() if key else ""
