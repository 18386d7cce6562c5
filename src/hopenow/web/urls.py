"""Addresses of the platform."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from hopenow.web import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("accounts/", include("allauth.urls")),
    path("", include("hopenow.web.workbench.urls")),
]
