"""Addresses of the platform as they are in demo mode."""

from __future__ import annotations

from django.urls import include, path

from hopenow.web import urls

urlpatterns = [path("demo/", include("hopenow.web.demo.urls")), *urls.urlpatterns]
