"""How signing in behaves, where it differs from the library."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest

from hopenow.web.cases.ledger import ring
from hopenow.web.people import factors


class Adapter(DefaultAccountAdapter):
    """Signing in by code or passkey; nobody ever sets a password."""

    def format_email_subject(self, subject: str) -> str:
        """Return the subject as it stands; it names us already."""
        return subject

    def send_notification_mail(self, template_prefix: str, *args: Any, **kwargs: Any) -> None:
        """Tell of a changed address; of a changed factor `sessions` tells, while there is a request to tell from."""
        if not template_prefix.startswith("mfa/"):
            super().send_notification_mail(template_prefix, *args, **kwargs)

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        """Make a person without a password, under the address in small letters."""
        user = super().save_user(request, user, form, commit=False)
        user.email = user.email.lower()
        user.set_unusable_password()
        if commit:
            user.save()
        return user


class FactorAdapter(DefaultMFAAdapter):
    """Second factors: their secrets are kept encrypted, and a member's last one stays."""

    def encrypt(self, text: str) -> str:
        """Encrypt a secret for keeping."""
        return "v1:" + ring().encrypt(text.encode(), "mfa").hex()

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt a kept secret."""
        return ring().decrypt(bytes.fromhex(encrypted_text.removeprefix("v1:")), "mfa").decode()

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        """Refuse to leave a member of an organization without a second factor."""
        if authenticator.type not in factors.STRONG or not factors.is_member(authenticator.user_id):
            return True
        others = type(authenticator).objects.filter(user_id=authenticator.user_id, type__in=factors.STRONG)
        return bool(others.exclude(pk=authenticator.pk).exists())

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return the party that passkeys are made for: the host of the public address."""
        from urllib.parse import urlsplit

        return {"id": urlsplit(settings.HOPENOW.address).hostname or "localhost", "name": "Hope Now"}
