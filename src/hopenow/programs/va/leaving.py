"""Leaving the home (38 CFR 36.4322, 36.4324), and VA's own purchase of the loan (36.4320)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from hopenow.facts import NEVER
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step, TermType
from hopenow.programs.va.common import WHOLE, law

c = pl.col
SALE_RULES = RuleTable()
DEED_RULES = RuleTable()
REFUND_RULES = RuleTable()
DOLLAR = 100
SALE, DEED = "va_short_sale", "va_deed_in_lieu"


def net_value(value: pl.Expr, cost_factor: pl.Expr) -> pl.Expr:
    """Return the fair market value less the cost factor, rounded up to the next dollar (cents)."""
    # In millionths of a cent; one division, so that nothing is rounded twice.
    left = value * (WHOLE - cost_factor)
    unit = WHOLE * DOLLAR
    return (left + unit - 1) // unit * DOLLAR


@SALE_RULES("VA-L1")
@DEED_RULES("VA-L1")
def insoluble(p: Parameters) -> pl.Expr:
    """The default is insoluble."""
    return c("va_default_insoluble")


def _appraised(option: str) -> Callable[[Parameters], pl.Expr]:
    def appraised(p: Parameters) -> pl.Expr:
        """A liquidation appraisal that is still valid, and the net value."""
        fresh = (c("valuation_method") == "appraisal") & (c("valuation_age_days") <= p["appraisal_valid"])
        value = pl.when(c(f"{option}__net_value").is_not_null()).then(True)
        return fresh & value

    return appraised


SALE_RULES("VA-L2")(_appraised(SALE))
DEED_RULES("VA-L2")(_appraised(DEED))


@SALE_RULES("VA-S1")
def reaches_net_value(p: Parameters) -> pl.Expr:
    """Net proceeds and waived debt reach the net value."""
    net, value = c("va_short_sale__net_proceeds"), c("va_short_sale__net_value")
    return (net >= value) | (net + c("va_debt_waived") >= value)


@SALE_RULES("VA-S2")
def owner_gets_nothing(p: Parameters) -> pl.Expr:
    """The owner receives nothing."""
    return c("va_owner_cash") == 0


@DEED_RULES("VA-DL1")
def sale_impractical(p: Parameters) -> pl.Expr:
    """A short sale is not practical."""
    return c("va_sale_impractical")


@DEED_RULES("VA-DL2")
def clear_title(p: Parameters) -> pl.Expr:
    """Clear title."""
    return c("title_marketable")


def _common(p: Parameters) -> list[pl.Expr]:
    days = pl.duration(days=p["appraisal_before_sale"])
    scheduled = c("sale_date") != NEVER
    return [
        net_value(c("property_value"), c("va_cost_factor")).alias("net_value"),
        pl.when(scheduled).then(c("sale_date") - days).alias("appraisal_by"),
        c("valuation_date").dt.offset_by(f"{p['appraisal_valid']}d").alias("appraisal_valid_to"),
    ]


def sale_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Find net value, net proceeds and what would have to be waived."""
    costs = c("sale_commission") + c("sale_costs").fill_null(0) + c("subordinate_lien_payoff").fill_null(0)
    net = c("sale_price") + c("paid_in_advance_adjustment").fill_null(0) - costs
    frame = frame.with_columns(net.alias("net_proceeds"), *_common(p))
    short = c("net_value") - c("net_proceeds")
    return frame.select(
        "net_value",
        "net_proceeds",
        pl.when(short.is_not_null()).then(pl.max_horizontal(short, pl.lit(0, pl.Int64))).alias("waiver_needed"),
        "appraisal_by",
        "appraisal_valid_to",
    )


def deed_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Find the net value and the dates of the appraisal."""
    return frame.select(_common(p))


def _steps(option: str) -> Callable[[Mapping[str, Any], Parameters], list[Step]]:
    def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
        """Show the net value and what the sale brings."""

        def of(name: str) -> Any:
            return row[f"{option}__{name}"]

        found = [
            Step("Fair market value", "by the liquidation appraisal", row["property_value"], "money"),
            Step("Cost factor", "of the year, as published by VA", row["va_cost_factor"], "rate"),
            Step("Net value", "value less the factor, rounded up to the next dollar", of("net_value"), "money"),
        ]
        if option == SALE:
            text = "price and items paid in advance, less commission, costs and second liens"
            found += [
                Step("Net proceeds", text, of("net_proceeds"), "money"),
                Step("Debt to be waived", "so that the sale reaches the net value", of("waiver_needed"), "money"),
            ]
        return [
            *found,
            Step("Appraisal valid to", "at the latest", of("appraisal_valid_to"), "date", ("appraisal_valid",)),
        ]

    return steps


_DATES: dict[str, TermType] = {"appraisal_by": "date", "appraisal_valid_to": "date"}
SHORT_SALE = Option(
    id=SALE,
    kind="leave",
    law=law(SALE),
    rules=SALE_RULES,
    terms=sale_terms,
    columns={"net_value": "money", "net_proceeds": "money", "waiver_needed": "money", **_DATES},
    needs=("property_value", "va_cost_factor", "sale_price", "sale_commission"),
    additive=("sale_costs", "subordinate_lien_payoff", "paid_in_advance_adjustment"),
    steps=_steps(SALE),
)
DEED_IN_LIEU = Option(
    id=DEED,
    kind="leave",
    law=law(DEED),
    rules=DEED_RULES,
    terms=deed_terms,
    columns={"net_value": "money", **_DATES},
    needs=("property_value", "va_cost_factor"),
    steps=_steps(DEED),
)


@REFUND_RULES("VA-RF-1")
def accepted(p: Parameters) -> pl.Expr:
    """VA has decided to take the loan."""
    return c("va_accepts_loan")


def refunding_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show who pays whom."""
    return [
        Step(
            "VA pays",
            "the balance, to the servicer; the loan is then VA's own",
            row["interest_bearing_balance"],
            "money",
        )
    ]


REFUNDING = Option(
    id="va_refunding",
    kind="keep",
    law=law("va_refunding"),
    rules=REFUND_RULES,
    steps=refunding_steps,
)
