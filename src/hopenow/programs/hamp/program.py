"""The program: whose loans, which options, in what order."""

from __future__ import annotations

import polars as pl

from hopenow.programs.base import Program
from hopenow.programs.hamp import income, second_lien, tier1, tier2
from hopenow.programs.hamp.common import NAME

INVESTORS = ("private_label", "portfolio")

_ORDER = (tier1.NAME, tier2.NAME, tier1.PRA, tier2.PRA, tier2.STREAMLINED, second_lien.NAME)

PROGRAM = Program(
    id=NAME,
    title="Home Affordable Modification Program (2009-2016)",
    # Loans of agencies and enterprises had versions of their own. The day of evaluation is left to the rule sets:
    # on days before and after all of them the program gives no answer.
    applies=pl.col("investor").is_in(INVESTORS)
    & (pl.col("loan_type").is_null() | (pl.col("loan_type") == "conventional")),
    known_by={"hamp_survey_rate": "hamp_tier1__survey_rate"},
    options=(
        income.INCOME,
        income.DEBTS,
        income.IMMINENT_DEFAULT,
        tier1.OPTION,
        tier1.PRINCIPAL_REDUCTION,
        tier2.OPTION,
        tier2.PRINCIPAL_REDUCTION,
        tier2.STREAMLINE,
        second_lien.OPTION,
    ),
    # A positive value test makes Tier 1 a must, then Tier 2; principal reduction is only encouraged.
    orders={"standard": _ORDER},
    order=pl.lit("standard"),
    order_sources={"standard": {"cite": "HB-4.0#II 7", "verification": "verified"}},
)
"""HAMP for private-label and portfolio loans."""
