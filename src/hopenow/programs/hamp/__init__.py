"""The Home Affordable Modification Program (2009-2016) for loans that no agency or enterprise guarantees."""

from __future__ import annotations

from hopenow.programs.hamp.program import PROGRAM

__all__ = ["PROGRAM"]
