"""The alliance's own programs of 2007 to 2009: fast-track test, Project Lifeline, Streamlined Modification Program.

Reference models of past policy, for re-testing old decisions and for showing what the screens left out.
"""

from __future__ import annotations

from hopenow.programs.hope_now_2007.program import program_with, readings

__all__ = ["PROGRAM", "program_with", "readings"]

PROGRAM = program_with()
