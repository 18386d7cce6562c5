"""People, the organizations they act for, and how they were invited."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class People(BaseUserManager["Person"]):
    """Makes people; nobody has a password."""

    def create_user(self, email: str, name: str = "", **other: object) -> Person:
        """Make a person who signs in with codes sent to ``email``; the first one proves that it is theirs."""
        from allauth.account.models import EmailAddress

        person = self.model(email=self.normalize_email(email).lower(), name=name, **other)
        person.set_unusable_password()
        person.save(using=self._db)
        EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=False)
        return person


class Person(AbstractBaseUser):
    """Somebody who can sign in: a homeowner, a helper, or a member of an organization."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=10, default="en")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[People] = People()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        """One person for each address, however it is written."""

        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="people_person_email")]

    def __str__(self) -> str:
        """Return the name people know them by; never the address."""
        return self.name or str(_("Somebody without a name yet"))

    def get_full_name(self) -> str:
        """Return the name, for letters."""
        return self.name


class Organization(models.Model):
    """A member of the alliance, or another party that cases are shared with."""

    class Kind(models.TextChoices):
        """What an organization is in a case."""

        SERVICER = "servicer", _("Mortgage servicer")
        COUNSELING = "counseling", _("Housing counseling agency")
        LEGAL_AID = "legal_aid", _("Legal aid")
        INVESTOR = "investor", _("Investor or trustee")
        ALLIANCE = "alliance", _("Alliance")
        REGULATOR = "regulator", _("Regulator")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    name = models.CharField(max_length=200, unique=True)
    time_zone = models.CharField(max_length=50, default="America/New_York")
    active = models.BooleanField(default=True)

    class Meta:
        """Only known kinds, in the database too."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=["servicer", "counseling", "legal_aid", "investor", "alliance", "regulator"]
                ),
                name="people_organization_kind",
            )
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class Membership(models.Model):
    """A person's role in an organization, from and until when."""

    class Role(models.TextChoices):
        """What a member may do; see ``roles.yaml`` for which actions."""

        WORKER = "worker", _("Case worker")
        REVIEWER = "reviewer", _("Independent reviewer")
        SUPERVISOR = "supervisor", _("Supervisor")
        ADMINISTRATOR = "administrator", _("Administrator")
        OBSERVER = "observer", _("Observer")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        """A person has one role in an organization at a time."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "organization"], condition=models.Q(until=None), name="people_membership_once"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=["worker", "reviewer", "supervisor", "administrator", "observer"]),
                name="people_membership_role",
            ),
        ]


class Invitation(models.Model):
    """A link that lets one address join an organization once; only its hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=20, choices=Membership.Role.choices)
    token_hash = models.BinaryField(max_length=32, unique=True)
    invited_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="invitations_sent")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)


class SignIn(models.Model):
    """A sign-in, or a try that failed: its person sees the list of them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="sign_ins")
    at = models.DateTimeField(default=timezone.now, editable=False)
    how = models.CharField(max_length=40)
    worked = models.BooleanField()
    ip = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=200, blank=True)

    class Meta:
        """Shown by person, newest first."""

        indexes: ClassVar = [models.Index(fields=["person", "-at"], name="people_signin_person")]


class CaseInvitation(models.Model):
    """A homeowner's word that a person may see their case, once that person has shown who they are.

    The share itself is made when the link is used, as the act of the homeowner who gave the word. Only the link's
    hash is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField()
    relation = models.CharField(max_length=20)
    scopes = models.JSONField()
    reason = models.CharField(max_length=300)
    share_until = models.DateField(null=True, blank=True)
    token_hash = models.BinaryField(max_length=32, unique=True)
    invited_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="case_invitations_sent")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
