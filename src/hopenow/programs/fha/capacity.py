"""Room for a partial claim: the limit on all claims together, less what earlier claims used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step
from hopenow.programs.fha.common import WHOLE, law

c = pl.col
RULES = RuleTable()


@RULES("FHA-PC3")
def room_left(p: Parameters) -> pl.Expr:
    """Something is left of the limit."""
    return c("fha_capacity__basis") * p["cap_share"] // WHOLE > c("fha_capacity__used")


def _used() -> pl.Expr:
    """Return how much of the limit earlier claims take (null where repaid claims may or may not count)."""
    paid, repaid = c("fha_partial_claims"), c("fha_partial_claims_repaid")
    return (
        pl.when(paid == 0)
        .then(0)
        .when(repaid == 0)
        .then(paid)
        .when(c("fha_repaid_claims_free_room") & repaid.is_not_null())
        .then(paid - repaid)
        .when(~c("fha_repaid_claims_free_room"))
        .then(paid)
        .cast(pl.Int64)
    )


def _basis() -> pl.Expr:
    """Return the balance on which the limit rests."""
    paid, repaid = c("fha_partial_claims"), c("fha_partial_claims_repaid")
    outstanding = pl.when(paid == 0).then(0).otherwise(paid - repaid)
    present = pl.coalesce(c("fha_balance_at_default"), c("interest_bearing_balance"))
    return (
        pl.when(outstanding > 0)
        .then(c("fha_balance_at_first_claim_default"))
        .when(outstanding <= 0)
        .then(present)
    )


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work out basis, limit and what is left of it."""
    basis, used = _basis(), _used()
    half_up = p.word("cap_rounding") == "half_up"
    cap = (2 * basis * p["cap_share"] + WHOLE) // (2 * WHOLE) if half_up else basis * p["cap_share"] // WHOLE
    left = cap - used
    return frame.select(
        basis.alias("basis"),
        used.alias("used"),
        cap.alias("cap"),
        pl.when(left.is_not_null()).then(pl.max_horizontal(left, pl.lit(0, pl.Int64))).alias("capacity"),
    )


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show how the room is worked out."""
    first = bool(row["fha_partial_claims"])
    text = "principal at the default of the first open claim" if first else "principal at the present default"
    return [
        Step("Balance that counts", text, row["fha_capacity__basis"], "money"),
        Step("Limit", "share of that balance", row["fha_capacity__cap"], "money", ("cap_share", "cap_rounding")),
        Step("Used", "earlier claims and Payment Supplements", row["fha_capacity__used"], "money"),
        Step("Left", "limit less what is used", row["fha_capacity__capacity"], "money"),
    ]


OPTION = Option(
    id="fha_capacity",
    kind="finding",
    law=law("capacity"),
    rules=RULES,
    terms=terms,
    columns={"basis": "money", "used": "money", "cap": "money", "capacity": "money"},
    needs=(
        "fha_partial_claims",
        "fha_partial_claims_repaid",
        "fha_repaid_claims_free_room",
        "fha_balance_at_first_claim_default",
        "interest_bearing_balance",
    ),
    steps=steps,
)
