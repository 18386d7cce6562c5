"""One case for a homeowner and a loan: its ledger of events, its shares, and what is derived from them.

The ledger (`Event`) is the truth. `Case` holds what is derived from it and can be rebuilt from it; `Head` and
`Anchor` make every change to the ledger visible.
"""

from __future__ import annotations

import secrets
import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Digits and letters that nobody mixes up on the telephone."""


def new_code() -> str:
    """Return a case number that can be read out and not guessed: ``HN-7QK2-9M4D-X3``."""
    parts = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    return f"HN-{parts[:4]}-{parts[4:8]}-{parts[8:]}"


class Case(models.Model):
    """What is derived from a case's ledger; written by actions alone and equal to a rebuild at any time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=16, unique=True, default=new_code, editable=False)
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    # --- derived -----------------------------------------------------------------------------------
    number = models.PositiveIntegerField(default=0)
    """Number of the last event that the rest was derived from."""
    state = models.CharField(max_length=40, default="open")
    waiting_for = models.CharField(max_length=20, blank=True)
    """Kind of party that must act next; empty when nobody must."""
    next_due = models.DateField(null=True, blank=True)
    next_rule = models.CharField(max_length=40, blank=True)
    sale_on = models.DateField(null=True, blank=True)
    servicer = models.ForeignKey(
        "people.Organization", on_delete=models.PROTECT, null=True, blank=True, related_name="serviced_cases"
    )
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged_from")

    class Meta:
        """Queues are sorted by the next deadline."""

        indexes: ClassVar = [
            models.Index(fields=["next_due", "id"], name="cases_case_due"),
            models.Index(fields=["state", "next_due"], name="cases_case_state"),
            models.Index(fields=["servicer", "next_due"], name="cases_case_servicer"),
        ]

    def __str__(self) -> str:
        """Return the case number."""
        return self.code


class Event(models.Model):
    """Something that happened: never changed, never deleted.

    The database itself numbers it within its case, chains its hash to the one before, and refuses anything but
    new rows. ``details`` holds nothing personal; what is personal stands encrypted in ``private`` under the
    case's own key, so that a person can be forgotten while the chain still verifies.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    position = models.BigIntegerField(unique=True, editable=False, db_default=0)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="events")
    number = models.PositiveIntegerField(editable=False, db_default=0)
    kind = models.CharField(max_length=60)
    day = models.DateField()
    """Day it happened where the servicer is; the clocks count from it."""
    at = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField(editable=False, db_default=Now())
    person = models.UUIDField(null=True, blank=True, editable=False)
    organization = models.UUIDField(null=True, blank=True, editable=False)
    service = models.CharField(max_length=20, blank=True, editable=False)
    action = models.CharField(max_length=60)
    request = models.CharField(max_length=40, blank=True)
    about = models.UUIDField(null=True, blank=True)
    audience = models.UUIDField(null=True, blank=True)
    """The one organization that sees it (an internal note); empty: everyone the case is shared with."""
    details = models.JSONField(default=dict)
    private = models.BinaryField(null=True, blank=True)
    previous = models.BinaryField(max_length=32, editable=False, db_default=b"")
    hash = models.BinaryField(max_length=32, editable=False, db_default=b"")

    class Meta:
        """The order within a case is the ledger's."""

        ordering: ClassVar = ["case", "number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "number"], name="cases_event_number")]
        indexes: ClassVar = [models.Index(fields=["case", "kind"], name="cases_event_kind")]


class Head(models.Model):
    """Last number and hash of each case's chain; written by the database alone."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, primary_key=True)
    number = models.PositiveIntegerField()
    hash = models.BinaryField(max_length=32)


class Anchor(models.Model):
    """Hash over every event up to a position, chained: finds a chain that was cut or a case that was removed."""

    position = models.BigIntegerField(primary_key=True)
    made_at = models.DateTimeField(db_default=Now())
    events = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)


class Grant(models.Model):
    """A share of a case: with whom, which parts, why, from and until when. Row-level security reads this table."""

    class Relation(models.TextChoices):
        """What the grantee is in the case."""

        BORROWER = "borrower", _("Homeowner")
        CO_BORROWER = "co_borrower", _("Co-borrower")
        SUCCESSOR = "successor", _("Successor in interest")
        REPRESENTATIVE = "representative", _("Authorized representative")
        SERVICER = "servicer", _("Servicer")
        COUNSELOR = "counselor", _("Housing counselor")
        LEGAL_AID = "legal_aid", _("Legal aid")
        INVESTOR = "investor", _("Investor or trustee")
        ALLIANCE = "alliance", _("Alliance")
        REGULATOR = "regulator", _("Regulator")

    class Scope(models.TextChoices):
        """Parts of a case that a share can cover."""

        STATUS = "status", _("Status and deadlines")
        FACTS = "facts", _("Figures of the loan and the household")
        DOCUMENTS = "documents", _("Documents")
        CONVERSATION = "conversation", _("Conversation")
        IDENTITY = "identity", _("Sensitive numbers, such as the Social Security number")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="grants")
    grantee = models.UUIDField()
    """A person or an organization."""
    relation = models.CharField(max_length=20, choices=Relation.choices)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices))
    reason = models.CharField(max_length=300)
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    event = models.UUIDField()
    """The event that made it: a consent, an assignment, a duty by law."""

    class Meta:
        """The policies look up by case and grantee."""

        indexes: ClassVar = [
            models.Index(fields=["case", "grantee"], name="cases_grant_case"),
            models.Index(fields=["grantee", "case"], name="cases_grant_grantee"),
        ]


class CaseKey(models.Model):
    """Each case's own key for what is personal, wrapped by the installation's key; deleting it is forgetting."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, primary_key=True)
    wrapped_by = models.CharField(max_length=40)
    wrapped = models.BinaryField()


class Reading(models.Model):
    """Somebody looked at something sensitive: who, for whom, at what, when. The homeowner sees this list."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="readings")
    at = models.DateTimeField(db_default=Now(), editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    organization = models.UUIDField(null=True, blank=True)
    what = models.CharField(max_length=60)
    subject = models.UUIDField(null=True, blank=True)
    request = models.CharField(max_length=40, blank=True)

    class Meta:
        """Shown by case, newest first."""

        indexes: ClassVar = [models.Index(fields=["case", "-at"], name="cases_reading_case")]


class Request(models.Model):
    """A request that named itself, and what was done for it: the same one again does nothing."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.UUIDField()
    key = models.CharField(max_length=100)
    content = models.BinaryField(max_length=32)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="+")
    events = models.JSONField(default=list)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        """Keys are each person's own."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "key"], name="cases_request_key")]
