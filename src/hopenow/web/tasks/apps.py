"""The application of tasks."""

from django.apps import AppConfig


class TasksConfig(AppConfig):
    """Tasks by hand and from deadlines."""

    name = "hopenow.web.tasks"
    label = "tasks"

    def ready(self) -> None:
        """Register the actions."""
        from hopenow.web.tasks import actions  # noqa: F401
