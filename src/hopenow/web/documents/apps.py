"""The application of documents."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """Documents and their receipts."""

    name = "hopenow.web.documents"
    label = "documents"

    def ready(self) -> None:
        """Register the actions."""
        from hopenow.web.documents import actions  # noqa: F401
