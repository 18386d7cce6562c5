"""USDA Rural Development (Section 502) guaranteed loans."""

from __future__ import annotations

from hopenow.programs.usda.program import PROGRAM

__all__ = ["PROGRAM"]
