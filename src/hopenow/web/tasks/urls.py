"""Addresses of tasks."""

from __future__ import annotations

from django.urls import path

from hopenow.web.tasks import views

urlpatterns = [
    path("tasks/", views.mine, name="tasks"),
    path("cases/<uuid:case>/tasks/", views.of_case, name="case-tasks"),
    path("cases/<uuid:case>/tasks/take", views.take, name="take-duty"),
    path("cases/<uuid:case>/tasks/<uuid:task>/done", views.done, name="task-done"),
]
