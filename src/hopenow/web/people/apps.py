"""The application of people and organizations."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """People, organizations, memberships, invitations."""

    name = "hopenow.web.people"
    label = "people"
