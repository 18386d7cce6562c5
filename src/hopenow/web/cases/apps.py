"""The application of cases."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Cases, their ledger, who may see them, and who has looked."""

    name = "hopenow.web.cases"
    label = "cases"
