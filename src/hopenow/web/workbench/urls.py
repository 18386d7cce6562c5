"""Addresses of the workbench."""

from __future__ import annotations

from django.urls import path

from hopenow.web.workbench import views

urlpatterns = [
    path("", views.home, name="home"),
    path("cases/", views.queue, name="queue"),
    path("cases/open", views.open_case, name="open-case"),
    path("cases/<uuid:case>/", views.case, name="case"),
    path("cases/<uuid:case>/tell", views.tell, name="tell"),
    path("cases/<uuid:case>/tell/<slug:kind>", views.tell, name="tell-kind"),
]
