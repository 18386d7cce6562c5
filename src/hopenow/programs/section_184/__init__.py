"""HUD Section 184 loans (for Native Americans), 24 CFR 1005.729-.769."""

from __future__ import annotations

from hopenow.programs.section_184.program import PROGRAM

__all__ = ["PROGRAM"]
