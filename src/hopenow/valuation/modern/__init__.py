"""The modern model: open monthly hazards with ranges, price paths by state, severity from timelines and costs."""

from __future__ import annotations

from hopenow.valuation.modern.assumptions import (
    CASES,
    RANGED,
    Assumption,
    Assumptions,
    Market,
    assumptions,
    market,
    markets,
    shown,
)
from hopenow.valuation.modern.model import (
    HORIZONS,
    Loans,
    Terms,
    Worth,
    as_is,
    build,
    mixed,
    scheduled,
    value_table,
    worth,
)

__all__ = [
    "CASES",
    "HORIZONS",
    "RANGED",
    "Assumption",
    "Assumptions",
    "Loans",
    "Market",
    "Terms",
    "Worth",
    "as_is",
    "assumptions",
    "build",
    "market",
    "markets",
    "mixed",
    "scheduled",
    "shown",
    "value_table",
    "worth",
]
