"""Assistance funds, open to any loan: Homeowner Assistance Fund, Hardest Hit Fund, local funds; each by its profile."""

from __future__ import annotations

from hopenow.programs.assistance_funds.profile import Profile, Profiles, load_profiles
from hopenow.programs.assistance_funds.program import program_with

__all__ = ["PROGRAM", "Profile", "Profiles", "load_profiles", "program_with"]

PROGRAM = program_with()
"""The funds whose profiles ship with the package."""
