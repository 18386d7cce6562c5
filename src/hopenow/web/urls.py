"""Addresses of the platform."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from hopenow.web import configuration, health, metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("", include("hopenow.web.people.urls")),
    path("accounts/", include("allauth.urls")),
    path("cases/<uuid:case>/documents/", include("hopenow.web.documents.urls")),
    path("cases/<uuid:case>/conversation/", include("hopenow.web.conversations.urls")),
    path("", include("hopenow.web.tasks.urls")),
    path("", include("hopenow.web.workbench.urls")),
]
if settings.HOPENOW.mode == configuration.DEMO:
    urlpatterns.insert(0, path("demo/", include("hopenow.web.demo.urls")))
