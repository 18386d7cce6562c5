"""Fannie Mae."""

from __future__ import annotations

from hopenow.programs.conventional.enterprise import enterprise

PROGRAM = enterprise("fannie_mae", "Fannie Mae", order="F-2-10", disaster="D1-3-01")
