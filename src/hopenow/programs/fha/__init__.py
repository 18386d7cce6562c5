"""FHA-insured loans: the federal timing fence, the permanent options, and the options of earlier years."""

from __future__ import annotations

import polars as pl

from hopenow.programs.base import Program, loan_type_is
from hopenow.programs.fha import (
    capacity,
    covid,
    disposition,
    fence,
    hamp,
    incentives,
    market_rate,
    modification,
    partial_claim,
    payment_supplement,
    plans,
)

__all__ = ["PROGRAM"]

_KEEP = (
    "reinstatement",
    "fha_repayment_plan",
    "fha_forbearance",
    "fha_partial_claim",
    "fha_modification",
    "fha_combination",
    "fha_covid_partial_claim",
    "fha_covid_advance_modification",
    "fha_covid_modification",
    "fha_payment_supplement",
    "fha_hamp_partial_claim",
    "fha_hamp_modification",
    "fha_hamp_combination",
)
_LEAVE = ("fha_pre_foreclosure_sale", "fha_deed_in_lieu")
_ORDER = {"cite": "HUD-WEB", "verification": "secondary"}

PROGRAM = Program(
    id="fha",
    title="FHA",
    applies=loan_type_is("fha"),
    known_by={"fha_survey_rate": "fha_market_rate__index_rate"},
    options=(
        fence.OPTION,
        capacity.OPTION,
        market_rate.OPTION,
        plans.REINSTATEMENT,
        plans.REPAYMENT_PLAN,
        plans.FORBEARANCE,
        partial_claim.OPTION,
        modification.STANDALONE,
        modification.COMBINED,
        covid.PARTIAL_CLAIM,
        covid.ADVANCE_MODIFICATION,
        covid.MODIFICATION,
        payment_supplement.OPTION,
        hamp.PARTIAL_CLAIM,
        hamp.MODIFICATION,
        hamp.COMBINED,
        incentives.OPTION,
        disposition.PRE_FORECLOSURE_SALE,
        disposition.DEED_IN_LIEU,
    ),
    orders={"standard": (*_KEEP, *_LEAVE), "leave_first": (*_LEAVE, *_KEEP)},
    order=pl.when(~pl.col("wants_to_keep_home")).then(pl.lit("leave_first")).otherwise(pl.lit("standard")),
    order_sources={"standard": _ORDER, "leave_first": _ORDER},
)
