"""Signing in as a made-up person with one click."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from hopenow.web import configuration
from hopenow.web.acting import serving
from hopenow.web.demo import make
from hopenow.web.people.models import Person


@require_http_methods(["GET", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Show whom one can be, and become one of them."""
    if settings.HOPENOW.mode != configuration.DEMO:
        raise Http404
    if request.method == "POST":
        try:
            wanted = uuid.UUID(request.POST.get("person", ""))
        except ValueError:
            raise Http404 from None
        with serving("accounts"):
            person = Person.objects.filter(id=wanted, email__endswith=f"@{make.HOST}", is_active=True).first()
            if person is None:
                raise Http404
            # Nothing of whoever was signed in before may stay.
            request.session.flush()
            login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
        return redirect("home")
    return render(request, "demo/choose.html", {"groups": make.groups()})
