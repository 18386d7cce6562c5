"""The application of the demonstration; installed in demo mode alone, and without tables of its own."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Made-up people and cases."""

    name = "hopenow.web.demo"
    label = "demo"
