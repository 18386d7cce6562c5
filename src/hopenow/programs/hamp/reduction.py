"""Principal reduction: what the alternatives to both tiers share (rules, vesting of the forgiven part, its step)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.facts.derived import add_months
from hopenow.law import Parameters
from hopenow.programs.base import RuleTable, Step, TermType, column
from hopenow.programs.hamp.common import WHOLE, known
from hopenow.programs.hamp.kernel import YEAR

c = pl.col

COLUMNS: dict[str, TermType] = {
    "forgiven": "money",
    "forgiven_each_year": "money",
    "forgiven_last_year": "money",
    "first_forgiven_date": "date",
}


def rules(option: str, worth: str) -> RuleTable:
    """Return the rules of an alternative.

    Args:
        option: its id.
        worth: fact that says whether its value test is positive.
    """
    table = RuleTable()

    @table("HAMP-PRA-LTV")
    def far_above_value(p: Parameters) -> pl.Expr:
        """The balance with what is added is far above the value."""
        return c(column(option, "gross_balance")) * WHOLE > c("property_value") * p["reduction_value_ratio"]

    @table("HAMP-PRA-NPV")
    def worth_it(p: Parameters) -> pl.Expr:
        """The value test with reduction is positive, or the investor permits it."""
        return c(worth) | c("investor_consent")

    @table("HAMP-PRA-USED")
    def used(p: Parameters) -> pl.Expr:
        """The servicer's policy uses it."""
        return c("hamp_pra_used")

    return table


def vesting(p: Parameters) -> list[pl.Expr]:
    """Return the forgiven principal and its yearly parts; the last one takes what does not divide."""
    parts = p["vesting_parts"]
    part = c("forgiven") // parts
    return [
        c("forgiven"),
        part.alias("forgiven_each_year"),
        (c("forgiven") - part * (parts - 1)).alias("forgiven_last_year"),
        add_months(c("trial_start"), pl.lit(YEAR, pl.Int32)).alias("first_forgiven_date"),
    ]


def step(of: Mapping[str, Any], p: Parameters, text: str, *figures: str) -> Step:
    """Show the forgiven principal; ``text`` says how far it goes, by these figures."""
    shown = known(p, "reduction_value_ratio", *figures, "vesting_parts")
    return Step("Principal forgiven", f"{text}; in yearly parts", of["forgiven"], "money", shown)
