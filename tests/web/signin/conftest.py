"""Browsers that sign in as people do, and the messages that they get."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture
def outbox(platform: None) -> Iterator[list[Any]]:
    """Give the messages that were sent; nothing leaves the process."""
    from django.core import mail
    from django.test.utils import override_settings

    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        mail.outbox = []
        yield mail.outbox


@pytest.fixture
def new_browser(platform: None) -> Callable[..., Any]:
    """Give browsers that nobody is signed in with."""
    from django.test import Client

    def make(**other: Any) -> Any:
        return Client(headers={"host": "localhost", "user-agent": "Test browser"}, **other)

    return make
