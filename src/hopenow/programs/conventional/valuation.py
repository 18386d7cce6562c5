"""The property value: is it fresh, and if not, what would it be today by the house-price index?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step
from hopenow.programs.conventional.common import law
from hopenow.reference import mark_value

c = pl.col
RULES = RuleTable()


@RULES("VAL-1")
def fresh(p: Parameters) -> pl.Expr:
    """The value is recent and not itself an indexed one."""
    aged = c("valuation_age_days").is_between(0, p["at_most_days"])
    return c("property_value").is_not_null() & aged & (c("valuation_method") != "indexed").fill_null(True)


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Take a fresh (or undated) value as it is; mark an old one to the evaluation date by the index."""
    stale = (c("valuation_age_days") > p["at_most_days"]).fill_null(False)
    columns = ["property_value", "valuation_date", "evaluation_date", "state", "metro"]
    rows = frame.select(columns).with_row_index("_row").filter(frame.select(stale).to_series())
    plain = frame.select(
        c("property_value").alias("value"),
        pl.lit(False).alias("indexed"),
        pl.lit(None, pl.String).cast(pl.Categorical).alias("basis"),
    )
    if rows.is_empty():
        return plain
    marked = mark_value(
        rows, "property_value", "valuation_date", "evaluation_date", "state", "metro", into="marked"
    )
    places = marked["_row"].to_numpy()
    value = plain["value"].scatter(places, marked["marked"])
    indexed = plain["indexed"].scatter(places, marked["marked"].is_not_null())
    basis = (
        pl.Series("basis", [None], dtype=pl.String)
        .new_from_index(0, frame.height)
        .scatter(places, marked["marked_basis"].cast(pl.String))
    )
    return pl.DataFrame(
        [value.alias("value"), indexed.alias("indexed"), basis.cast(pl.Categorical).alias("basis")]
    )


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show where the value comes from."""
    if row["valuation__indexed"]:
        moved = f"the value of {row['valuation_date']} moved to the evaluation date ({row['valuation__basis']})"
        text = f"{moved}; an estimate until a new valuation is made"
    else:
        text = "as valued"
    return [Step("Property value", text, row["valuation__value"], "money", ("at_most_days",))]


OPTION = Option(
    id="valuation",
    kind="finding",
    law=law("valuation"),
    rules=RULES,
    terms=terms,
    columns={"value": "money", "indexed": "flag", "basis": "text"},
    needs=("property_value",),
    steps=steps,
)
