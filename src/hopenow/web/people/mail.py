"""Messages to people; they go out once everything that they tell of is committed."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse


def send(template: str, email: str, subject: str, context: dict[str, Any]) -> None:
    """Send a message after the commit; what it says is made now, as whoever acts now.

    A mail server that does not answer is logged and undoes nothing.
    """
    message = EmailMessage(subject, render_to_string(template, context), settings.DEFAULT_FROM_EMAIL, [email])
    transaction.on_commit(message.send, robust=True)


def address_of(name: str, **parts: object) -> str:
    """Return the full public address of a page."""
    return str(settings.HOPENOW.address) + reverse(name, kwargs=parts)
