"""Documents of a case: what was received, when, from whom, and until when it counts."""

from __future__ import annotations

import datetime
import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from hopenow.web.partkeys import PartKey


class DocumentKey(PartKey):
    """The key of a case's documents."""

    part = "documents"


class Document(models.Model):
    """One version of a paper; never changed, and replaced by adding another.

    The file itself lies in Django's storage under a random name, encrypted in chunks under `DocumentKey`. The name it
    came with is not kept: it can hold personal data, and it says nothing about the content.
    """

    class Scan(models.TextChoices):
        """What the virus scanner said."""

        CLEAN = "clean", _("checked for viruses")
        NOT_SCANNED = "not_scanned", _("not checked for viruses")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="documents")
    type = models.CharField(max_length=60)
    """Which paper it is; one of `types.types`."""
    received_at = models.DateTimeField(db_default=Now(), editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    organization = models.UUIDField(null=True, blank=True)
    sha256 = models.CharField(max_length=64)
    """Fingerprint of the bytes that were received, in hexadecimal."""
    size = models.PositiveBigIntegerField()
    """Number of bytes that were received."""
    media = models.CharField(max_length=40)
    """Media type of the clean copy that is kept."""
    kept_sha256 = models.CharField(max_length=64)
    """Fingerprint of the clean copy."""
    kept_size = models.PositiveBigIntegerField()
    pages = models.PositiveIntegerField(default=1)
    place = models.CharField(max_length=100, unique=True)
    """Where the encrypted copy lies in the storage."""
    scan = models.CharField(max_length=20, choices=Scan.choices)
    expires = models.DateField(null=True, blank=True)
    """First day on which it is too old; none where age does not matter."""
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")
    event = models.UUIDField()
    """The event that put it on record."""

    class Meta:
        """Newest first; a version is replaced once."""

        ordering: ClassVar = ["-received_at"]
        indexes: ClassVar = [models.Index(fields=["case", "type", "-received_at"], name="documents_document_case")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["replaces"], condition=models.Q(replaces__isnull=False), name="documents_document_replaced"
            )
        ]

    @property
    def name(self) -> str:
        """Return the file's name for whoever downloads it."""
        from hopenow.web.documents.cleaning import ENDINGS

        return f"{self.type}-{self.received_at:%Y-%m-%d}-{str(self.id)[:8]}.{ENDINGS[self.media]}"

    def current_on(self, day: datetime.date) -> bool:
        """Whether its age still counts on a day."""
        return self.expires is None or day < self.expires
