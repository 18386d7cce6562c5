"""Leaving the home: assumption, pre-foreclosure sale (24 CFR 1005.753), deed- or lease-in-lieu."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.facts import NEVER
from hopenow.facts.derived import months_since
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step, column
from hopenow.programs.section_184.common import WHOLE, days_after, happened, law

c = pl.col
ASSUMPTION, SALE, DEED = "section_184_assumption", "section_184_preforeclosure_sale", "section_184_deed_in_lieu"
ASSUMPTION_RULES = RuleTable()
SALE_RULES = RuleTable()
DEED_RULES = RuleTable()


@ASSUMPTION_RULES("S184-O1")
def somebody_assumes(p: Parameters) -> pl.Expr:
    """Somebody is ready to take over the loan."""
    return c("section_184_buyer_assumes")


@ASSUMPTION_RULES("S184-O1-ACCEPTED")
def assumption_accepted(p: Parameters) -> pl.Expr:
    """The assumption is accepted."""
    return c("section_184_assumption_accepted")


@SALE_RULES("S184-P1")
def made_long_before(p: Parameters) -> pl.Expr:
    """The loan was made long enough before the default."""
    age = months_since(c("origination_date"), c("section_184_default_date"))
    return happened("section_184_default_date") & (age >= p["least_months_before_default"])


@SALE_RULES("S184-P1-CAUSE")
def unavoidable(p: Parameters) -> pl.Expr:
    """Adverse and unavoidable."""
    return c("section_184_adverse_unavoidable")


@SALE_RULES("S184-P1-VALUE")
def worth_at_most(p: Parameters) -> pl.Expr:
    """The value is at most the unpaid principal."""
    return c("property_value") <= c("interest_bearing_balance")


@SALE_RULES("S184-P1-TIME")
def chosen_in_time(p: Parameters) -> pl.Expr:
    """The sale is chosen in time."""
    given = c("section_184_elected_date")
    elected = pl.when(given.is_null() | (given == NEVER)).then("evaluation_date").otherwise(given)
    return elected <= days_after("section_184_default_date", p["elect_within_days"])


@SALE_RULES("S184-P2")
def gap_small_enough(p: Parameters) -> pl.Expr:
    """The gap is small enough, or HUD has granted a variance."""
    value, owed = c("property_value"), c("interest_bearing_balance")
    small = (owed - value < p["variance_gap"]) & (value * WHOLE >= p["variance_share"] * owed)
    return small | c("section_184_hud_variance")


@SALE_RULES("S184-P3")
def marketed(p: Parameters) -> pl.Expr:
    """The home was on the market for long enough, and not for too long."""
    days, most = c("section_184_marketing_days"), p["marketing_most_days"]
    closing = c("section_184_sale_contract_signed") & (days <= most + p["closing_days"])
    return (days >= p["marketing_least_days"]) & ((days <= most) | closing)


@DEED_RULES("S184-M7")
def offer_answered(p: Parameters) -> pl.Expr:
    """After a failed trial the offer was answered in time."""
    return ~c("section_184_failed_trial") | c("section_184_deed_offer_answered")


@DEED_RULES("S184-O1-DEED")
def deed_accepted(p: Parameters) -> pl.Expr:
    """The servicer accepts the deed or lease."""
    return c("section_184_deed_accepted")


def sale_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work out the gap, the net proceeds and the last day to choose the sale."""
    net = c("sale_price") - c("sale_commission") - c("sale_costs").fill_null(0)
    return frame.select(
        (c("interest_bearing_balance") - c("property_value")).clip(lower_bound=0).alias("gap"),
        net.alias("net_proceeds"),
        days_after("section_184_default_date", p["elect_within_days"]).alias("choose_by"),
    )


def sale_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the sale."""
    return [
        Step(
            "Gap", "unpaid principal less value", row[column(SALE, "gap")], "money", ("variance_gap", "variance_share")
        ),
        Step("Net proceeds", "price less costs", row[column(SALE, "net_proceeds")], "money"),
        Step("Choose by", "from the default", row[column(SALE, "choose_by")], "date", ("elect_within_days",)),
    ]


def assumption_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show what goes over to the new borrower."""
    return [Step("Goes over", "unpaid principal", row["interest_bearing_balance"], "money")]


def deed_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show what the home is worth against what is owed."""
    return [
        Step("Owed", "unpaid principal", row["interest_bearing_balance"], "money"),
        Step("Value", "of the property", row["property_value"], "money"),
    ]


ASSUMPTION_OPTION = Option(
    id=ASSUMPTION, kind="leave", law=law(ASSUMPTION), rules=ASSUMPTION_RULES, steps=assumption_steps
)
SALE_OPTION = Option(
    id=SALE,
    kind="leave",
    law=law(SALE),
    rules=SALE_RULES,
    terms=sale_terms,
    columns={"gap": "money", "net_proceeds": "money", "choose_by": "date"},
    needs=("interest_bearing_balance", "property_value"),
    additive=("sale_costs",),
    steps=sale_steps,
)
DEED_OPTION = Option(id=DEED, kind="leave", law=law(DEED), rules=DEED_RULES, steps=deed_steps)
