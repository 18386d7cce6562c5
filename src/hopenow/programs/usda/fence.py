"""Findings: the servicer's duties before foreclosure (7 CFR 3555.301-.307), and imminent default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.facts import NEVER
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step, column
from hopenow.programs.usda.common import law

c = pl.col
RULES = RuleTable()
IMMINENT_RULES = RuleTable()
NAME = "usda_fence"


def _happened(name: str) -> pl.Expr:
    return c(name) != NEVER


@RULES("USDA-T1")
def letter_sent(p: Parameters) -> pl.Expr:
    """The certified letter went out in time, or an arrangement exists."""
    early = c("days_delinquent") < p["letter_before_days"]
    return early | c("usda_certified_letter_sent") | c("usda_payment_arrangement")


@RULES("USDA-T2")
def property_checked(p: Parameters) -> pl.Expr:
    """The property was checked in time."""
    early = (c("days_delinquent") < p["check_before_days"]) & ~_happened("usda_liquidation_decision_date")
    return early | c("usda_property_checked")


@RULES("USDA-T3")
def plan_reported(p: Parameters) -> pl.Expr:
    """The servicing plan was reported where one is due."""
    due = (c("days_delinquent") >= p["plan_from_days"]) & c("usda_other_method_recommended")
    return ~due | c("usda_servicing_plan_reported")


@RULES("USDA-T4")
def accelerated_when_due(p: Parameters) -> pl.Expr:
    """The loan is called due, unless another method has a prospect."""
    early = c("months_delinquent") < p["accelerate_from_payments"]
    return early | c("usda_accelerated") | c("usda_other_method_prospect")


@RULES("USDA-T5")
def advised_before(p: Parameters) -> pl.Expr:
    """Options were explained, and not asked for, before the loan was called due."""
    if not p["advise_first"]:
        return pl.lit(True)
    return ~c("usda_accelerated") | (c("usda_options_advised") & ~c("usda_options_requested"))


def _foreclosure_by(p: Parameters) -> pl.Expr:
    """Return the last day to start foreclosure; null where nothing was decided."""
    decided, barred = c("usda_liquidation_decision_date"), c("usda_legal_bar_ended_date")
    known = _happened("usda_liquidation_decision_date") & barred.is_not_null()
    return pl.when(known).then(pl.max_horizontal(decided, barred).dt.offset_by(f"{p['foreclosure_within_days']}d"))


@RULES("USDA-T6")
def foreclosure_started(p: Parameters) -> pl.Expr:
    """Foreclosure was started in time, or there is still time."""
    started = c("usda_foreclosure_started_date")
    acted = pl.when(started == NEVER).then("evaluation_date").otherwise(started)
    return ~_happened("usda_liquidation_decision_date") | (acted <= _foreclosure_by(p))


def _suspended_until(p: Parameters) -> pl.Expr:
    """Return the last day of the suspension after a disaster; null where there was none."""
    declared = c("usda_disaster_declared_date")
    regular = declared.dt.offset_by(f"{p['disaster_days']}d")
    return pl.when(_happened("usda_disaster_declared_date")).then(
        pl.max_horizontal(regular, "usda_disaster_suspension_until")
    )


@RULES("USDA-T7")
def not_suspended(p: Parameters) -> pl.Expr:
    """No suspension is running."""
    return ~_happened("usda_disaster_declared_date") | (c("evaluation_date") > _suspended_until(p))


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work out the dates that the duties give."""
    due = pl.when(c("days_delinquent") > 0).then(c("next_due_date"))
    return frame.select(
        pl.lit(p.word("waterfall")).alias("waterfall"),
        due.dt.offset_by(f"{p['letter_before_days']}d").alias("letter_before"),
        due.dt.offset_by(f"{p['plan_from_days']}d").alias("plan_from"),
        _foreclosure_by(p).alias("foreclosure_start_by"),
        _suspended_until(p).alias("suspended_until"),
    )


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the dates."""

    def of(name: str) -> Any:
        return row[column(NAME, name)]

    return [
        Step(
            "Certified letter before",
            "from the oldest unpaid payment",
            of("letter_before"),
            "date",
            ("letter_before_days",),
        ),
        Step("Servicing plan from", "from the oldest unpaid payment", of("plan_from"), "date", ("plan_from_days",)),
        Step(
            "Foreclosure to start by",
            "from the decision to liquidate or the end of a legal bar",
            of("foreclosure_start_by"),
            "date",
            ("foreclosure_within_days",),
        ),
        Step(
            "Suspended until",
            "from the declaration of the disaster",
            of("suspended_until"),
            "date",
            ("disaster_days",),
        ),
    ]


@IMMINENT_RULES("USDA-ID1")
def not_far_behind(p: Parameters) -> pl.Expr:
    """Current, or less than the limit past due."""
    return c("days_delinquent") < p["imminent_below_days"]


@IMMINENT_RULES("USDA-ID2")
def documented(p: Parameters) -> pl.Expr:
    """The hardship is documented."""
    return c("hardship_documented")


@IMMINENT_RULES("USDA-ID3")
def next_payment_at_risk(p: Parameters) -> pl.Expr:
    """The next payment will be missed."""
    return c("usda_next_payment_at_risk")


FENCE = Option(
    id=NAME,
    kind="finding",
    law=law(NAME),
    rules=RULES,
    terms=terms,
    columns={
        "waterfall": "text",
        "letter_before": "date",
        "plan_from": "date",
        "foreclosure_start_by": "date",
        "suspended_until": "date",
    },
    steps=steps,
)
IMMINENT = Option(id="usda_imminent_default", kind="finding", law=law("usda_imminent_default"), rules=IMMINENT_RULES)
