"""The VA program: its options and the orders in which they are looked at."""

from __future__ import annotations

import polars as pl

from hopenow.law import segments
from hopenow.programs.base import Program, loan_type_is
from hopenow.programs.va import leaving, maximum_rate, modification, partial_claim, plans
from hopenow.programs.va.common import NAME, handbook_in_use

_PLANS = ("va_repayment_plan", "va_special_forbearance")
_PAST = ("va_covid_partial_claim", "va_covid_refund_modification", "va_vasp")
_NAMED = ("va_affordable_modification", "va_streamline_modification")
_LEAVE = ("va_short_sale", "va_deed_in_lieu")

# 38 CFR 36.4319 names the kinds only; within a kind the order is this project's.
_REGULATION = (
    *_PLANS,
    "va_disaster_modification",
    "va_covid_partial_claim",
    "va_partial_claim",
    "va_modification",
    *_NAMED,
    "va_covid_refund_modification",
    "va_thirty_year_modification",
    "va_forty_year_modification",
    "va_vasp",
    "va_refunding",
)
_STEPS_OF_2026 = (
    *_PLANS,
    "va_modification",
    "va_thirty_year_modification",
    "va_partial_claim",
    "va_forty_year_modification",
    "va_disaster_modification",
    *_NAMED,
    *_PAST,
    "va_refunding",
)


def _order() -> pl.Expr:
    """Return the name of a loan's order: the 2026 steps once the servicer uses them or must."""
    parameters = segments(partial_claim.OPTION.law, NAME)[-1].parameters
    current = handbook_in_use(parameters, "handbook_from").fill_null(False)
    leaving_first = (~pl.col("wants_to_keep_home")).fill_null(False)
    return (
        pl.when(leaving_first & current)
        .then(pl.lit("leave_first_2026"))
        .when(leaving_first)
        .then(pl.lit("leave_first"))
        .when(current)
        .then(pl.lit("steps_of_2026"))
        .otherwise(pl.lit("preferred_order"))
    )


PROGRAM = Program(
    id=NAME,
    title="VA-guaranteed loans",
    applies=loan_type_is(NAME),
    known_by={"va_survey_rate": "va_maximum_rate__survey_rate"},
    options=(
        maximum_rate.OPTION,
        plans.REPAYMENT,
        plans.FORBEARANCE,
        *modification.OPTIONS,
        partial_claim.OPTION,
        partial_claim.COVID,
        leaving.REFUNDING,
        leaving.SHORT_SALE,
        leaving.DEED_IN_LIEU,
    ),
    orders={
        "preferred_order": (*_REGULATION, *_LEAVE),
        "steps_of_2026": (*_STEPS_OF_2026, *_LEAVE),
        "leave_first": (*_LEAVE, *_REGULATION),
        "leave_first_2026": (*_LEAVE, *_STEPS_OF_2026),
    },
    order=_order(),
    order_sources={
        "preferred_order": {"cite": "CFR-4319", "verification": "verified"},
        "steps_of_2026": {"cite": "M26-4-2026-5", "verification": "unverified"},
        "leave_first": {"cite": "CFR-4319", "verification": "verified"},
        "leave_first_2026": {"cite": "M26-4-2026-5", "verification": "unverified"},
    },
)
