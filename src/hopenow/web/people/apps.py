"""The application of people and organizations."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """People, organizations, memberships, invitations."""

    name = "hopenow.web.people"
    label = "people"

    def ready(self) -> None:
        """Know the actions, and listen for what signing in tells."""
        from hopenow.web.people import actions, sessions  # noqa: F401
