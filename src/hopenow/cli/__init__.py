"""The ``hopenow`` command."""

from __future__ import annotations

from hopenow.cli.app import main

__all__ = ["main"]
