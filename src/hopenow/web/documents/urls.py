"""Addresses of a case's documents."""

from __future__ import annotations

from django.urls import path

from hopenow.web.documents import views

urlpatterns = [
    path("", views.listed, name="documents"),
    path("add", views.add, name="add-document"),
    path("ask", views.ask, name="ask-document"),
    path("whole-file", views.whole, name="whole-file"),
    path("<uuid:document>/", views.receipt, name="document"),
    path("<uuid:document>/replace", views.replace, name="replace-document"),
    path("<uuid:document>/file", views.download, name="document-file"),
]
