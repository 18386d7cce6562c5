"""Department of Veterans Affairs: loans that VA guarantees."""

from __future__ import annotations

from hopenow.programs.va.program import PROGRAM

__all__ = ["PROGRAM"]
