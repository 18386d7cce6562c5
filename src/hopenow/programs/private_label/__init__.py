"""Private-label and portfolio loans: no central authority; what a loan's own agreement says decides."""

from __future__ import annotations

from hopenow.programs.private_label.profile import Profile, Profiles, load_profiles
from hopenow.programs.private_label.program import program_with

__all__ = ["PROGRAM", "Profile", "Profiles", "load_profiles", "program_with"]

PROGRAM = program_with()
