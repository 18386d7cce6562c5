"""How long one stays signed in, where one did so, and counters that all processes share."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.signals import login_code_rejected
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from hopenow.web.people.mail import send
from hopenow.web.people.models import Person, SignIn

_BEGAN, _SEEN = "began", "seen"
_COARSE = 30
"""Seconds between two notes of the last use, so that not every page writes."""


def hashed_key(key: str, prefix: str, version: int) -> str:
    """Return the name under which a counter is kept; from it nobody learns whose it is."""
    text = f"{prefix}:{version}:{key}"
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


class SessionLimitMiddleware:
    """Ends sessions that were not used for long, or began long ago."""

    def __init__(self, get_response: Any) -> None:
        """Hold what comes next."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on while its session may go on."""
        if request.user.is_authenticated:
            now = time.time()
            began = request.session.setdefault(_BEGAN, now)
            seen = request.session.get(_SEEN, now)
            if now - began > settings.SESSION_COOKIE_AGE or now - seen > settings.SESSION_IDLE_AGE:
                UserSession.objects.filter(session_key=request.session.session_key).delete()
                logout(request)
                messages.info(request, _("You were signed out because some time has passed. Please sign in again."))
                back = {"next": request.get_full_path()} if request.method == "GET" else {}
                target = redirect("account_login")
                target["Location"] += f"?{urlencode(back)}" if back else ""
                return target
            if _SEEN not in request.session or now - seen > _COARSE:
                request.session[_SEEN] = now
        response: HttpResponse = self.get_response(request)
        return response


def end_sessions(person: Any, *, but: HttpRequest | None = None) -> None:
    """Sign a person out everywhere, or everywhere but in the session of one request.

    Each session carries a hash of the person's (unusable) password, so a new one ends also those that the list of
    devices does not know yet.
    """
    current = but.session.session_key if but is not None else ""
    for session in UserSession.objects.filter(user_id=person).exclude(session_key=current or ""):
        session.end()
    found = Person.objects.get(pk=person)
    found.set_unusable_password()
    found.save(update_fields=["password"])
    if but is not None:
        UserSession.objects.filter(user_id=person, session_key=current or "").delete()
        update_session_auth_hash(but, found)


@receiver(user_logged_in)
def _signed_in(sender: object, request: HttpRequest, user: Person, **other: object) -> None:
    now = time.time()
    request.session[_BEGAN] = request.session[_SEEN] = now
    methods = [each.get("method", "") for each in request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])]
    _note(request, user, "+".join(dict.fromkeys(filter(None, methods))) or "session", worked=True)


@receiver(login_code_rejected)
def _code_rejected(sender: object, request: HttpRequest, user: Person, **other: object) -> None:
    _note(request, user, "code", worked=False)


@receiver(authentication_failed)
def _factor_rejected(sender: object, request: HttpRequest, user: Person, **other: object) -> None:
    _note(request, user, "mfa", worked=False)


@receiver(post_save, sender=Authenticator)
@receiver(post_delete, sender=Authenticator)
def _factors_changed(sender: object, instance: Authenticator, created: bool = True, **other: object) -> None:
    # A session from before never showed the new factor; only the one at work has just shown or set it up. The
    # library's own signals come after the commit, when it is too late to change the session.
    if created and instance.type in (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN):
        request = context.request
        own = request is not None and request.user.is_authenticated and request.user.pk == instance.user_id
        end_sessions(instance.user_id, but=request if own else None)
        if own:
            send("people/email/factor_changed.txt", request.user.email, _("How you sign in to Hope Now changed"), {})


def _note(request: HttpRequest, person: Person, how: str, *, worked: bool) -> None:
    adapter = get_adapter()
    device = request.META.get("HTTP_USER_AGENT", "")[:200]
    ip = adapter.get_client_ip(request) if request.META.get("REMOTE_ADDR") else None
    SignIn.objects.create(person=person, how=how[:40], worked=worked, ip=ip, device=device)
