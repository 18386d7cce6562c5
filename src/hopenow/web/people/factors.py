"""Members of organizations need a second factor: without one they get to nothing but the page that sets it up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from hopenow.web import configuration
from hopenow.web.people.models import Membership

STRONG = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""What counts; recovery codes alone do not."""
_ALWAYS = frozenset(
    {
        "second-factor",
        "account_logout",
        "account_reauthenticate",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_reauthenticate",
        "health-live",
        "health-ready",
    }
)


def has_strong(person: Any) -> bool:
    """Whether a person has a passkey or an authenticator app."""
    return Authenticator.objects.filter(user_id=person, type__in=STRONG).exists()


def is_member(person: Any) -> bool:
    """Whether a person belongs to any organization now."""
    now = timezone.now()
    current = Membership.objects.filter(person_id=person, organization__active=True, since__lte=now)
    return current.filter(Q(until=None) | Q(until__gt=now)).exists()


def lacks(person: Any) -> bool:
    """Whether a person needs a second factor and has none."""
    return not has_strong(person) and is_member(person)


class SecondFactorMiddleware:
    """Leads members without a second factor to the page that sets one up, from everywhere else."""

    def __init__(self, get_response: Any) -> None:
        """Hold what comes next."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        response: HttpResponse = self.get_response(request)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Stop the request when its person lacks the factor; the demonstration's people have none."""
        if not request.user.is_authenticated or settings.HOPENOW.mode == configuration.DEMO:
            return None
        match = request.resolver_match
        if (match is not None and match.url_name in _ALWAYS) or not lacks(request.user.pk):
            return None
        return redirect("second-factor")
