"""Leaving the home under a private-label or portfolio profile: short sale and deed in lieu of foreclosure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step, StepsFunction, TermType, column
from hopenow.programs.private_label.lookup import COMMON_COLUMNS, Lookup, law, shared_rules
from hopenow.programs.private_label.profile import WORKOUT_POWERS, Workout

c = pl.col
SALE = "portfolio_short_sale"
DEED = "portfolio_deed_in_lieu"
MONTHLY = 12 * 1_000_000


def _owed() -> pl.Expr:
    """Return what is owed: balances, interest past due and advances (cents)."""
    interest = (2 * c("interest_bearing_balance") * c("note_rate") * c("months_delinquent") + MONTHLY) // (
        2 * MONTHLY
    )
    return (
        c("interest_bearing_balance")
        + c("deferred_balance").fill_null(0)
        + pl.coalesce(c("accrued_interest"), interest)
        + c("escrow_advances").fill_null(0)
        + c("servicing_advances").fill_null(0)
    )


def _deficiency(received: pl.Expr) -> pl.Expr:
    left = _owed() - received
    return pl.when(left.is_not_null()).then(pl.max_horizontal(left, pl.lit(0, pl.Int64)))


def _waived(lookup: Lookup, power: str) -> pl.Expr:
    return lookup.flag(lambda profile: getattr(getattr(profile, power), "waives_deficiency", None) is True)


def _rules(lookup: Lookup, workout: Workout) -> RuleTable:
    rules = shared_rules(lookup, workout)
    prefix = "PL-S" if workout == "short_sale" else "PL-L"

    @rules(f"{prefix}-1")
    def allowed(p: Parameters) -> pl.Expr:
        """The profile allows it."""
        return lookup.allows(WORKOUT_POWERS[workout])

    @rules(f"{prefix}-2")
    def ready_to_leave(p: Parameters) -> pl.Expr:
        """The borrower does not want to keep the home."""
        return ~c("wants_to_keep_home")

    return rules


def _steps(lookup: Lookup, workout: Workout, name: str) -> StepsFunction:
    def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
        """Show the clauses and what leaving would mean."""
        found = lookup.clause_steps(row, workout)
        owed, left = row[column(name, "amount_owed")], row[column(name, "deficiency")]
        if owed is not None:
            found.append(Step("Owed", "balances, interest and advances", owed, "money"))
        if name == SALE:
            text = "price and items paid in advance, less commission, costs and second liens"
            found.append(Step("Net proceeds", text, row[column(name, "net_proceeds")], "money"))
        if left is not None:
            waived = row[column(name, "deficiency_waived")]
            found.append(
                Step("Left unpaid", "waived" if waived else "not waived by the agreement", left, "money")
            )
        return found

    return steps


COLUMNS: dict[str, TermType] = {"amount_owed": "money", "deficiency": "money", "deficiency_waived": "flag"}
NEEDS = ("investor_profile", "interest_bearing_balance", "note_rate", "months_delinquent")
ADDITIVE = ("escrow_advances", "servicing_advances", "deferred_balance")


def short_sale(lookup: Lookup) -> Option:
    """Return the short sale under the given profiles."""
    rules = _rules(lookup, "short_sale")

    @rules("PL-S-3")
    def at_arms_length(p: Parameters) -> pl.Expr:
        """The sale is at arm's length."""
        return c("arms_length")

    @rules("PL-S-4")
    def proceeds_reach_minimum(p: Parameters) -> pl.Expr:
        """Net proceeds reach the investor's minimum."""
        return c(column(SALE, "net_proceeds")) >= c("minimum_net_proceeds")

    def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
        """Work out net proceeds and what stays unpaid."""
        costs = (
            c("sale_commission") + c("sale_costs").fill_null(0) + c("subordinate_lien_payoff").fill_null(0)
        )
        net = c("sale_price") + c("paid_in_advance_adjustment").fill_null(0) - costs
        return frame.select(
            _owed().alias("amount_owed"),
            net.alias("net_proceeds"),
            _deficiency(net).alias("deficiency"),
            _waived(lookup, "allow_short_sale").alias("deficiency_waived"),
            *lookup.common_columns("short_sale"),
        )

    return Option(
        id=SALE,
        kind="leave",
        law=law(SALE),
        rules=rules,
        terms=terms,
        columns={**COLUMNS, "net_proceeds": "money", **COMMON_COLUMNS},
        needs=(*NEEDS, "sale_price", "sale_commission"),
        additive=ADDITIVE,
        steps=_steps(lookup, "short_sale", SALE),
    )


def deed_in_lieu(lookup: Lookup) -> Option:
    """Return the deed in lieu of foreclosure under the given profiles."""
    rules = _rules(lookup, "deed_in_lieu")

    @rules("PL-L-3")
    def clean(p: Parameters) -> pl.Expr:
        """Title and property are in order."""
        return c("title_marketable") & ~c("environmental_hazard") & c("condition_acceptable")

    def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
        """Work out what stays unpaid after the property's value."""
        return frame.select(
            _owed().alias("amount_owed"),
            _deficiency(c("property_value")).alias("deficiency"),
            _waived(lookup, "allow_deed_in_lieu").alias("deficiency_waived"),
            *lookup.common_columns("deed_in_lieu"),
        )

    return Option(
        id=DEED,
        kind="leave",
        law=law(DEED),
        rules=rules,
        terms=terms,
        columns={**COLUMNS, **COMMON_COLUMNS},
        needs=(*NEEDS, "property_value"),
        additive=ADDITIVE,
        steps=_steps(lookup, "deed_in_lieu", DEED),
    )
