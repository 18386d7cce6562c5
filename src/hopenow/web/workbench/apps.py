"""The application of the workbench; it has no tables of its own."""

from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    """Queues, case pages and forms."""

    name = "hopenow.web.workbench"
    label = "workbench"
