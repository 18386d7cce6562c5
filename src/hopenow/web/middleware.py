"""Middleware: an identifier for each request, one transaction for it, and one person around each view."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from hopenow.web import logs, metrics
from hopenow.web.acting import Actor, acting, nobody, serving
from hopenow.web.people.models import Membership

log = logging.getLogger("hopenow.requests")
Handler = Callable[[HttpRequest], HttpResponse]
ORGANIZATION = "organization"
"""Name in the session of the organization that the person chose to act for."""


class RequestMiddleware:
    """Names each request, tells the log how it went, and sends the name back."""

    def __init__(self, get_response: Handler) -> None:
        """Hold what comes next."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a request; the log gets the route's pattern, never the address that was asked for."""
        name = uuid.uuid4().hex
        token = logs.REQUEST.set(name)
        start = time.perf_counter()
        try:
            response = self.get_response(request)
            route = request.resolver_match.route if request.resolver_match else "-"
            seconds = time.perf_counter() - start
            metrics.answered(request.method or "", route, response.status_code, seconds)
            log.info(
                "answered",
                extra={
                    "method": request.method,
                    "route": route,
                    "status": response.status_code,
                    "duration_ms": round(1000 * seconds),
                },
            )
            response["X-Request-Id"] = name
            return response
        finally:
            logs.REQUEST.reset(token)


class TransactionMiddleware:
    """One transaction for each request, as the service that signs people in.

    What sessions and sign-in need is seen by that service alone; a view sees what its person sees, because
    `ActingMiddleware` swaps the actor around it.
    """

    def __init__(self, get_response: Handler) -> None:
        """Hold what comes next."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a request; everything it changed is committed before the answer goes out."""
        with serving("accounts"):
            return self.get_response(request)


class ActingMiddleware:
    """Runs each view as the person who is signed in, for the organization they chose, or as nobody."""

    def __init__(self, get_response: Handler) -> None:
        """Hold what comes next."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Run the view; those of the sign-in library stay with the service."""
        if getattr(view, "__module__", "").startswith("allauth."):
            return None
        actor = actor_of(request)
        request.actor = actor  # type: ignore[attr-defined]
        with acting(actor) if actor else nobody():
            response = view(request, *args, **kwargs)
            if hasattr(response, "render") and not response.is_rendered:
                # What a template reads must be read as this person too.
                response.render()
            return response


def actor_of(request: HttpRequest) -> Actor | None:
    """Return who is acting: the person, for the organization they chose when they are still a member of it."""
    if not request.user.is_authenticated:
        return None
    now = timezone.now()
    memberships = [
        each
        for each in Membership.objects.select_related("organization").filter(person=request.user, since__lte=now)
        if (each.until is None or each.until > now) and each.organization.active
    ]
    wanted = request.session.get(ORGANIZATION, "")
    chosen = next((each for each in memberships if str(each.organization_id) == wanted), None)
    if chosen is None and wanted != PERSONAL and memberships:
        chosen = memberships[0]
    if chosen is None:
        return Actor(request.user.pk)
    return Actor(request.user.pk, chosen.organization_id, chosen.role, chosen.organization.kind)


PERSONAL = "personal"
"""In the session instead of an organization: a member who looks after their own case."""
