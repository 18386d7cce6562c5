"""Freddie Mac."""

from __future__ import annotations

from hopenow.programs.conventional.enterprise import enterprise

PROGRAM = enterprise("freddie_mac", "Freddie Mac", order="FRE-9201.2", disaster="FRE-9201.2")
