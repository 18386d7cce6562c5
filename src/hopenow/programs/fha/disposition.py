"""Leaving the home with an FHA loan: pre-foreclosure sale and deed-in-lieu of foreclosure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step, column
from hopenow.programs.fha import common
from hopenow.programs.fha.common import WHOLE, law

c = pl.col
SALE = "fha_pre_foreclosure_sale"
DEED = "fha_deed_in_lieu"
SALE_RULES = RuleTable()
DEED_RULES = RuleTable()
YEAR = 12 * WHOLE


# --- rules ----------------------------------------------------------------------------------------


@SALE_RULES("FHA-S1")
def lives_there(p: Parameters) -> pl.Expr:
    """The home is the principal residence, or HUD waives that."""
    return (c("occupancy") == "principal_residence") | c("fha_sale_occupancy_waived")


@SALE_RULES("FHA-S3")
def unavoidable(p: Parameters) -> pl.Expr:
    """The situation is adverse and unavoidable."""
    return c("fha_hardship_beyond_control")


@SALE_RULES("FHA-S4")
def value_measure(p: Parameters) -> pl.Expr:
    """Value and payoff meet HUD's measure."""
    return c("fha_value_criterion_met")


@SALE_RULES("FHA-S5")
def disclosed(p: Parameters) -> pl.Expr:
    """The disclosure has been received."""
    return c("fha_disclosure_received")


@SALE_RULES("FHA-S6")
def proceeds_reach_share(p: Parameters) -> pl.Expr:
    """Net proceeds reach the share of as-is value for the days on the market."""
    return c(column(SALE, "net_proceeds")) * WHOLE >= c("property_value") * _least_share(p)


@SALE_RULES("FHA-S7")
def proceeds_reach_minimum(p: Parameters) -> pl.Expr:
    """Net proceeds reach the minimum, once that is known."""
    return c(column(SALE, "net_proceeds")) >= c("minimum_net_proceeds")


@SALE_RULES("FHA-S8")
def commission_small(p: Parameters) -> pl.Expr:
    """The commission is small enough."""
    return c("sale_commission") * WHOLE <= c("sale_price") * p["commission_share"]


@SALE_RULES("FHA-S9")
def appraisal_fresh(p: Parameters) -> pl.Expr:
    """The appraisal is fresh."""
    return c("valuation_age_days").is_between(0, p["appraisal_days"])


@SALE_RULES("FHA-S10")
def long_enough_in_default(p: Parameters) -> pl.Expr:
    """The loan has been in default long enough."""
    return c("days_delinquent") >= p["days_in_default"]


SALE_RULES("FHA-S2")(common.in_default)
SALE_RULES("FHA-S11")(common.not_suspended)
SALE_RULES("FHA-S12")(common.leaving)
DEED_RULES("FHA-D1")(common.in_default)
DEED_RULES("FHA-D5")(common.not_suspended)
DEED_RULES("FHA-D6")(common.leaving)


@DEED_RULES("FHA-D2")
def good_title(p: Parameters) -> pl.Expr:
    """The title is good and marketable."""
    return c("title_marketable")


@DEED_RULES("FHA-D3")
def no_other_fha_loan(p: Parameters) -> pl.Expr:
    """No other property with an FHA mortgage."""
    return ~c("fha_other_fha_property")


@DEED_RULES("FHA-D4")
def a_person(p: Parameters) -> pl.Expr:
    """The borrower is not a company."""
    return ~c("fha_owner_is_entity")


# --- terms ----------------------------------------------------------------------------------------


def _least_share(p: Parameters) -> pl.Expr:
    days = c("listing_days")
    return (
        pl.when(days <= p["first_days"])
        .then(p["first_share"])
        .when(days <= p["second_days"])
        .then(p["second_share"])
        .when(days.is_not_null())
        .then(p["later_share"])
    )


def _owed() -> pl.Expr:
    interest = (2 * c("interest_bearing_balance") * c("note_rate") * c("months_delinquent") + YEAR) // (2 * YEAR)
    return (
        c("interest_bearing_balance")
        + c("deferred_balance").fill_null(0)
        + pl.coalesce(c("accrued_interest"), interest)
        + c("escrow_advances").fill_null(0)
        + c("servicing_advances").fill_null(0)
    )


def sale_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work out net proceeds, the minimum and what stays unpaid."""
    costs = c("sale_commission") + c("sale_costs").fill_null(0) + c("subordinate_lien_payoff").fill_null(0)
    net = c("sale_price") + c("paid_in_advance_adjustment").fill_null(0) - costs
    minimum, streamlined = c("minimum_net_proceeds"), pl.lit(None, pl.Boolean)
    if "first_share" in p:
        # Rounded up, so that reaching it to the cent reaches the share.
        minimum = (c("property_value") * _least_share(p) + WHOLE - 1) // WHOLE
        streamlined = (c("days_delinquent") >= p["streamlined_days"]) & (c("credit_score") <= p["streamlined_score"])
    left = _owed() - net
    return frame.select(
        _owed().alias("amount_owed"),
        net.alias("net_proceeds"),
        minimum.cast(pl.Int64).alias("minimum_proceeds"),
        pl.when(left.is_not_null()).then(pl.max_horizontal(left, pl.lit(0, pl.Int64))).alias("deficiency"),
        streamlined.alias("streamlined"),
    )


def sale_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show what the sale brings."""

    def of(name: str) -> Any:
        return row[column(SALE, name)]

    shares = tuple(name for name in ("first_share", "second_share", "later_share") if name in p)
    return [
        Step("Owed", "balance, interest and advances", of("amount_owed"), "money"),
        Step("Net proceeds", "price less commission, costs and other liens", of("net_proceeds"), "money"),
        Step("Smallest net proceeds", "below it the sale is not approved", of("minimum_proceeds"), "money", shares),
        Step("Left unpaid", "owed beyond what the sale brings", of("deficiency"), "money"),
    ]


def deed_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work out what is owed; the note is cancelled."""
    return frame.select(_owed().alias("amount_owed"))


def deed_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show what the deed settles."""
    return [Step("Owed", "the note is cancelled", row[column(DEED, "amount_owed")], "money")]


_OWED_NEEDS = ("interest_bearing_balance", "note_rate", "months_delinquent")
_OWED_ADDITIVE = ("escrow_advances", "servicing_advances", "deferred_balance")
PRE_FORECLOSURE_SALE = Option(
    id=SALE,
    kind="leave",
    law=law("pre_foreclosure_sale"),
    rules=SALE_RULES,
    terms=sale_terms,
    columns={
        "amount_owed": "money",
        "net_proceeds": "money",
        "minimum_proceeds": "money",
        "deficiency": "money",
        "streamlined": "flag",
    },
    needs=(*_OWED_NEEDS, "sale_price", "sale_commission"),
    additive=_OWED_ADDITIVE,
    steps=sale_steps,
)
DEED_IN_LIEU = Option(
    id=DEED,
    kind="leave",
    law=law("deed_in_lieu"),
    rules=DEED_RULES,
    terms=deed_terms,
    columns={"amount_owed": "money"},
    needs=_OWED_NEEDS,
    additive=_OWED_ADDITIVE,
    steps=deed_steps,
)
