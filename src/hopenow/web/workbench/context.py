"""What every page shows around its content."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from hopenow.web import configuration
from hopenow.web.people.models import Organization


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the navigation, whom the person acts for, and whether this is the demonstration."""
    actor = getattr(request, "actor", None)
    places = []
    if actor is not None:
        places = [
            (reverse("queue"), _("Cases")),
            (reverse("tasks"), _("Tasks")),
            (reverse("open-case"), _("Open a case")),
        ]
        if actor.role == "administrator":
            places.append((reverse("organization"), _("Your organization")))
    organization = (
        Organization.objects.filter(id=actor.organization).first() if actor is not None and actor.organization else None
    )
    return {
        "demo": settings.HOPENOW.mode == configuration.DEMO,
        "acting_for": str(organization or ""),
        "navigation": [
            {"address": address, "words": words, "here": request.path == address} for address, words in places
        ],
    }
