"""The enterprises' programs, made from the shared options and each one's own parameters."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.errors import CoverageError
from hopenow.law import weakest
from hopenow.programs.base import Paper, Program, Report
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
from hopenow.programs.conventional.reporting import reporting
from hopenow.programs.conventional.reporting import table as reporting_table
from hopenow.programs.conventional.required_documents import required_documents

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


def papers(authority: str, facts: Mapping[str, Any]) -> list[Paper]:
    """Return the documents of a complete application (Form 710) for one loan; none before the form's edition."""
    try:
        found = required_documents(
            facts["hardship_kind"],
            facts["income_kinds"],
            evaluation_date=facts["evaluation_date"],
            authority=authority,
            permanent_change_of_station=facts["permanent_change_of_station"],
            bankruptcy=facts["bankruptcy"],
        )
    except CoverageError:
        return []
    return [
        Paper(
            name=item.name,
            why=item.why,
            needed=item.needed,
            alternatives=tuple(other.says for other in item.alternatives),
            freshness=item.freshness.says if item.freshness else "",
            title=item.title,
            verification=weakest([item.verification, *[other.verification for other in item.alternatives]]),
            questions=tuple(question.ask for question in item.questions),
        )
        for item in found
    ]


def reports(authority: str, option: str, day: datetime.date) -> list[Report]:
    """Return what must be reported for an option on a day; nothing where the incentives of the day are not known."""
    if option not in reporting_table().options:
        return []
    try:
        found = reporting(option, authority, day)
    except CoverageError:
        return []
    codes = [
        Report(f"Report code {name}: {code.meaning or 'meaning not established'}.", code.verification)
        for name, code in found.codes.items()
    ]
    steps = [Report(step.says, step.verification) for step in found.steps]
    incentives = [Report(words.says, words.verification) for words in found.incentives]
    return [*codes, *steps, *incentives]


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
        papers=functools.partial(papers, name),
        reports=functools.partial(reports, name),
        order_sources={
            "standard": {"cite": order, "verification": "secondary"},
            "disaster": {"cite": disaster, "verification": "secondary"},
            "leave_first": {"cite": order, "verification": "secondary"},
            "leave_first_disaster": {"cite": disaster, "verification": "secondary"},
        },
    )
