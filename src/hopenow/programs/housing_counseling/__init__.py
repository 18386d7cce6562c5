"""Housing counseling approved by HUD: open to every homeowner, so that no review ends with nothing."""

from __future__ import annotations

import polars as pl

from hopenow.law import OptionLaw, Parameters, package_option
from hopenow.programs.base import Option, Program, RuleTable

__all__ = ["NAME", "OPTION", "PROGRAM", "law"]

NAME = "housing_counseling"
PACKAGE = "hopenow.programs.housing_counseling"
RULES = RuleTable()


def law() -> OptionLaw:
    """Load the law file."""
    return package_option(PACKAGE, NAME)


@RULES("HC-1")
def anybody(p: Parameters) -> pl.Expr:
    """Anybody may ask, on any day."""
    return pl.col("evaluation_date").is_not_null()


OPTION = Option(id=NAME, kind="help", law=law(), rules=RULES)

PROGRAM = Program(
    id=NAME,
    title="Housing counseling (open to everyone)",
    applies=pl.col("evaluation_date").is_not_null(),
    options=(OPTION,),
    orders={"standard": (NAME,)},
    order=pl.lit("standard"),
    order_sources={"standard": {"cite": "USC-1701X", "verification": "verified"}},
)
