"""The application of conversations."""

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """Messages and who has read them."""

    name = "hopenow.web.conversations"
    label = "conversations"

    def ready(self) -> None:
        """Register the actions."""
        from hopenow.web.conversations import actions  # noqa: F401
