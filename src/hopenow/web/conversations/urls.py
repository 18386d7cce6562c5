"""Addresses of a case's conversation."""

from __future__ import annotations

from django.urls import path

from hopenow.web.conversations import views

urlpatterns = [path("", views.conversation, name="conversation")]
