"""Addresses of the demonstration; part of the platform's in demo mode alone."""

from __future__ import annotations

from django.urls import path

from hopenow.web.demo import views

urlpatterns = [path("", views.choose, name="demo")]
