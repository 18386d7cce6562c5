"""The enterprises' programs, made from the shared options and each one's own parameters."""

from __future__ import annotations

import polars as pl

from hopenow.programs.base import Program
from hopenow.programs.conventional import (
    flex_modification,
    forbearance,
    imminent_default,
    liquidation,
    payment_deferral,
    reinstatement,
    repayment_plan,
    valuation,
)

OPTIONS = (
    valuation.OPTION,
    imminent_default.OPTION,
    reinstatement.OPTION,
    forbearance.OPTION,
    repayment_plan.OPTION,
    payment_deferral.OPTION,
    payment_deferral.DISASTER,
    payment_deferral.COVID,
    flex_modification.OPTION,
    flex_modification.DISASTER,
    liquidation.SHORT_SALE,
    liquidation.MORTGAGE_RELEASE,
)

_KEEP = (
    "reinstatement",
    "forbearance",
    "repayment_plan",
    "payment_deferral",
    "covid_payment_deferral",
    "flex_modification",
)
_AFTER_DISASTER = (
    "reinstatement",
    "forbearance",
    "repayment_plan",
    "disaster_payment_deferral",
    "disaster_flex_modification",
    "payment_deferral",
    "covid_payment_deferral",
    "flex_modification",
)
_LEAVE = ("short_sale", "mortgage_release")


def enterprise(name: str, title: str, order: str, disaster: str) -> Program:
    """Return the program of one enterprise.

    Args:
        name: authority id.
        title: its name.
        order: document key of its evaluation hierarchy.
        disaster: document key of its order after a disaster.
    """
    leaving = ~pl.col("wants_to_keep_home")
    after_disaster = pl.col("hardship_kind") == "disaster"
    choice = (
        pl.when(leaving & after_disaster)
        .then(pl.lit("leave_first_disaster"))
        .when(leaving)
        .then(pl.lit("leave_first"))
        .when(after_disaster)
        .then(pl.lit("disaster"))
        .otherwise(pl.lit("standard"))
    )
    return Program(
        id=name,
        title=title,
        applies=(pl.col("investor") == name)
        & (pl.col("loan_type").is_null() | (pl.col("loan_type") == "conventional")),
        options=OPTIONS,
        orders={
            "standard": (*_KEEP, "disaster_payment_deferral", "disaster_flex_modification", *_LEAVE),
            "disaster": (*_AFTER_DISASTER, *_LEAVE),
            "leave_first": (*_LEAVE, *_KEEP, "disaster_payment_deferral", "disaster_flex_modification"),
            "leave_first_disaster": (*_LEAVE, *_AFTER_DISASTER),
        },
        order=choice,
        order_sources={
            "standard": {"cite": order, "verification": "secondary"},
            "disaster": {"cite": disaster, "verification": "secondary"},
            "leave_first": {"cite": order, "verification": "secondary"},
            "leave_first_disaster": {"cite": disaster, "verification": "secondary"},
        },
    )
