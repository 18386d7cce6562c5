"""Payment Supplement: HUD pays the arrears and, for some years, a part of each payment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.law import Parameters
from hopenow.mortgage import kernels
from hopenow.programs.base import Option, Step, column
from hopenow.programs.fha import common
from hopenow.programs.fha.common import CAPACITY, TRIAL_COLUMNS, WHOLE, law
from hopenow.programs.fha.partial_claim import trial_step

c = pl.col
NAME = "fha_payment_supplement"
RULES = common.gates(common.payment_fits(NAME))


@RULES("FHA-PS0")
def still_open(p: Parameters) -> pl.Expr:
    """HUD still offers it."""
    return c("fha_payment_supplement_open")


@RULES("FHA-PS1")
def fixed(p: Parameters) -> pl.Expr:
    """A fixed-rate first mortgage."""
    return (c("amortization_type") == "fixed") & (c("lien_position") == 1)


@RULES("FHA-PS2")
def nothing_before_helps(p: Parameters) -> pl.Expr:
    """Claim, modification and combination do not help."""
    claim = c("can_resume_payment") & (c("fha_partial_claim__arrears") <= c("fha_partial_claim__capacity"))
    return ~(claim | c("fha_modification__target_met") | c("fha_combination__target_met"))


@RULES("FHA-PS2-C")
def no_recovery_option_helps(p: Parameters) -> pl.Expr:
    """Neither Recovery option helps."""
    room = c("fha_covid_partial_claim__capacity")
    claim = c("can_resume_payment") & (c("fha_covid_partial_claim__arrears") <= room)
    return ~(claim | c("fha_covid_modification__target_met"))


@RULES("FHA-PS3")
def room_after_arrears(p: Parameters) -> pl.Expr:
    """Something is left of the limit after the arrears."""
    return common.capacity(p) > c(column(NAME, "arrears"))


@RULES("FHA-PS4")
def worth_having(p: Parameters) -> pl.Expr:
    """What the limits allow reaches the smallest help."""
    least = c(column(NAME, "least"))
    return (c(column(NAME, "by_share")) >= least) & (c(column(NAME, "by_room")) >= least)


@RULES("FHA-PS5")
def principal_large_enough(p: Parameters) -> pl.Expr:
    """The principal part of the payment reaches the smallest help."""
    return c(column(NAME, "principal_part")) >= c(column(NAME, "least"))


def _principal_part(frame: pl.DataFrame) -> pl.Series:
    """Return the principal part of the first payment after the arrears are paid (cents)."""
    balance, rate = common.array(frame, "interest_bearing_balance"), common.array(frame, "note_rate")
    level = common.array(frame, "monthly_principal_and_interest")
    unpaid, following = (common.array(frame, c("months_delinquent") + more) for more in (0, 1))
    before = kernels.scheduled_principal_array(balance, rate, level, unpaid)
    after = kernels.scheduled_principal_array(balance, rate, level, following)
    part = pl.Series("_principal", after) - pl.Series(before)
    return part.set(pl.Series((before < 0) | (after < 0)), None)


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work out the monthly help and what it adds up to."""
    frame = common.with_arrears(frame, p).with_columns(common.capacity(p).alias("_capacity"))
    frame = frame.with_columns(_principal_part(frame).alias("_principal"))
    payment = c("monthly_principal_and_interest")
    room = c("_capacity") - c("_arrears")
    least_share = (payment * p["least_share"] + WHOLE - 1) // WHOLE
    frame = frame.with_columns(
        (payment * p["most_share"] // WHOLE).alias("_by_share"),
        pl.when(room > 0).then(room // p["supplement_months"]).when(room <= 0).then(0).alias("_by_room"),
        pl.max_horizontal(least_share, pl.lit(p["least_amount"], pl.Int64)).alias("_least"),
    )
    limits = ["_by_share", "_by_room", *(["_principal"] if p["limited_to_principal"] else [])]
    known = pl.all_horizontal([c(name).is_not_null() for name in limits])
    frame = frame.with_columns(
        pl.when(known).then(pl.max_horizontal(pl.min_horizontal(limits), pl.lit(0, pl.Int64))).alias("_help")
    )
    total = c("_arrears") + c("_help") * p["supplement_months"]
    return frame.select(
        c("_arrears").alias("arrears"),
        c("_costs").alias("costs"),
        c("_capacity").alias("capacity"),
        c("_by_share").alias("by_share"),
        c("_by_room").alias("by_room"),
        c("_principal").alias("principal_part"),
        pl.when(payment.is_not_null()).then(c("_least")).alias("least"),
        c("_help").alias("monthly_help"),
        pl.lit(p["supplement_months"], pl.Int32).alias("months"),
        (payment - c("_help") + c("monthly_escrow")).alias("payment_after"),
        total.alias("claim_amount"),
        (c("fha_capacity__used") + total).alias("claims_after"),
        *common.trial_terms(p),
    )


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show which limit decides the help."""

    def of(name: str) -> Any:
        return row[column(NAME, name)]

    return [
        Step("Past due", "paid by a claim; no late charges", of("arrears"), "money", ("arrears_counted",)),
        Step("Room for claims", "limit less earlier claims", of("capacity"), "money", ("cap_share",)),
        Step("Help by share", "share of principal and interest", of("by_share"), "money", ("most_share",)),
        Step("Help by room", "what is left of the limit, spread", of("by_room"), "money", ("supplement_months",)),
        Step(
            "Principal part",
            "of the first payment after the arrears are paid",
            of("principal_part"),
            "money",
            ("limited_to_principal",),
        ),
        Step("Smallest help", "below it there is none", of("least"), "money", ("least_share", "least_amount")),
        Step("Monthly help", "the smallest of the limits", of("monthly_help"), "money"),
        Step("Payment while it lasts", "with escrow; afterwards the full payment", of("payment_after"), "money"),
        Step("Second loan at the end", "arrears and all help, without interest", of("claim_amount"), "money"),
        *trial_step(row, NAME, p),
    ]


OPTION = Option(
    id=NAME,
    kind="keep",
    law=law("payment_supplement", shared=True),
    rules=RULES,
    terms=terms,
    columns={
        "arrears": "money",
        "costs": "money",
        "capacity": "money",
        "by_share": "money",
        "by_room": "money",
        "principal_part": "money",
        "least": "money",
        "monthly_help": "money",
        "months": "months",
        "payment_after": "money",
        "claim_amount": "money",
        "claims_after": "money",
        **TRIAL_COLUMNS,
    },
    needs=(
        "months_delinquent",
        "interest_bearing_balance",
        "note_rate",
        "monthly_principal_and_interest",
        *CAPACITY,
    ),
    additive=common.ADDITIVE,
    steps=steps,
)
