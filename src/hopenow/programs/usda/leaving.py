"""Leaving the home under 7 CFR 3555.305: pre-foreclosure sale, deed-in-lieu, assignment to a junior lienholder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.law import Parameters
from hopenow.mortgage import kernels
from hopenow.programs.base import Option, RuleTable, Step, TermType, column
from hopenow.programs.usda.common import array, law, series

c = pl.col
SALE, DEED, ASSIGNMENT = "usda_preforeclosure_sale", "usda_deed_in_lieu", "usda_assignment"
SALE_RULES = RuleTable()
DEED_RULES = RuleTable()
ASSIGNMENT_RULES = RuleTable()


def _binding(p: Parameters, test: pl.Expr) -> pl.Expr:
    """Return the test while it binds; reading the flag gives the rule the flag's mark."""
    return test if p["leaving_tests"] else pl.lit(True)


def _behind(p: Parameters) -> pl.Expr:
    return (c("days_delinquent") >= p["least_days_delinquent"]) | c("usda_imminent_default__met")


def _involuntary(p: Parameters) -> pl.Expr:
    return _binding(p, c("usda_involuntary"))


def _lived_there(p: Parameters) -> pl.Expr:
    return _binding(p, (c("occupancy") == "principal_residence") | c("usda_moved_for_hardship"))


for _rules in (SALE_RULES, DEED_RULES, ASSIGNMENT_RULES):
    _rules("USDA-D1")(_behind)
    _rules("USDA-D2")(_involuntary)
    _rules("USDA-D3")(_lived_there)


@SALE_RULES("USDA-D4")
def fair_price(p: Parameters) -> pl.Expr:
    """The price is at least the fair market value."""
    return _binding(p, c("sale_price") >= c("property_value"))


@DEED_RULES("USDA-D5")
def smaller_loss(p: Parameters) -> pl.Expr:
    """The deed loses less than foreclosure."""
    return _binding(p, c("usda_deed_loss") < c("usda_foreclosure_loss"))


@ASSIGNMENT_RULES("USDA-D6")
def recovers(p: Parameters) -> pl.Expr:
    """The price is at least the net recovery value."""
    return _binding(p, c("usda_assignment_price") >= c("usda_net_recovery_value"))


def _with_owed(frame: pl.DataFrame) -> pl.DataFrame:
    """Add what is owed: principal, interest past due and advances."""
    computed = series(
        "_interest",
        kernels.interest_array(
            array(frame, "interest_bearing_balance"), array(frame, "note_rate"), array(frame, "months_delinquent")
        ),
    )
    owed = (
        c("interest_bearing_balance")
        + c("deferred_balance").fill_null(0)
        + pl.coalesce("accrued_interest", "_interest")
        + c("escrow_advances").fill_null(0)
        + c("servicing_advances").fill_null(0)
    )
    return frame.with_columns(computed).with_columns(owed.alias("amount_owed"))


def sale_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work out net proceeds (price less customary costs) and what stays unpaid."""
    net = c("sale_price") - c("sale_commission") - c("sale_costs").fill_null(0)
    left = pl.max_horizontal(c("amount_owed") - net, pl.lit(0, pl.Int64))
    known = net.is_not_null() & c("amount_owed").is_not_null()
    return _with_owed(frame).select("amount_owed", net.alias("net_proceeds"), pl.when(known).then(left).alias("unpaid"))


def owed_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work out what is owed."""
    return _with_owed(frame).select("amount_owed")


def sale_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the sale."""
    return [
        Step("Owed", "principal, interest and advances", row[column(SALE, "amount_owed")], "money"),
        Step("Net proceeds", "price less customary costs", row[column(SALE, "net_proceeds")], "money"),
        Step("Unpaid", "after the proceeds", row[column(SALE, "unpaid")], "money"),
    ]


def deed_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show both losses."""
    return [
        Step("Owed", "principal, interest and advances", row[column(DEED, "amount_owed")], "money"),
        Step("Loss by a deed-in-lieu", "as the servicer estimates it", row["usda_deed_loss"], "money"),
        Step("Loss by foreclosure", "as the servicer estimates it", row["usda_foreclosure_loss"], "money"),
    ]


def assignment_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the price and what must be recovered."""
    return [
        Step("Owed", "principal, interest and advances", row[column(ASSIGNMENT, "amount_owed")], "money"),
        Step("Price", "paid by the junior lienholder", row["usda_assignment_price"], "money"),
        Step("Net recovery value", "as the servicer works it out", row["usda_net_recovery_value"], "money"),
    ]


_NEEDS = ("interest_bearing_balance", "note_rate", "months_delinquent")
_ADDITIVE = ("deferred_balance", "escrow_advances", "servicing_advances")
_OWED: dict[str, TermType] = {"amount_owed": "money"}

PREFORECLOSURE_SALE = Option(
    id=SALE,
    kind="leave",
    law=law(SALE),
    rules=SALE_RULES,
    terms=sale_terms,
    columns={**_OWED, "net_proceeds": "money", "unpaid": "money"},
    needs=(*_NEEDS, "sale_price", "sale_commission"),
    additive=(*_ADDITIVE, "sale_costs"),
    steps=sale_steps,
)
DEED_IN_LIEU = Option(
    id=DEED,
    kind="leave",
    law=law(DEED),
    rules=DEED_RULES,
    terms=owed_terms,
    columns=_OWED,
    needs=_NEEDS,
    additive=_ADDITIVE,
    steps=deed_steps,
)
JUNIOR_ASSIGNMENT = Option(
    id=ASSIGNMENT,
    kind="leave",
    law=law(ASSIGNMENT),
    rules=ASSIGNMENT_RULES,
    terms=owed_terms,
    columns=_OWED,
    needs=_NEEDS,
    additive=_ADDITIVE,
    steps=assignment_steps,
)
