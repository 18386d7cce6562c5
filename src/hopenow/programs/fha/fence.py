"""The federal timing fence of FHA loans: may foreclosure start, and by when must the servicer act?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.facts import NEVER
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step, column
from hopenow.programs.fha.common import law

c = pl.col
NAME = "fha_fence"
RULES = RuleTable()


def _days_after(date: str, days: int) -> pl.Expr:
    return pl.when(c(date) != NEVER).then(c(date) + pl.duration(days=days))


def vacant_days() -> pl.Expr:
    """Return the days of vacancy up to the evaluation date; 0 where the home is known not to be vacant."""
    since = c("fha_vacant_since")
    days = (c("evaluation_date") - since).dt.total_days()
    return pl.when((since == NEVER) | ~c("vacant")).then(0).when(since.is_not_null()).then(days)


def count_waived(p: Parameters) -> pl.Expr:
    """Test for one of the reasons that waive the count of installments (FHA-T6)."""
    return (
        c("abandoned")
        | (vacant_days() > p["vacant_more_than_days"])
        | c("fha_refused_after_advice")
        | (c("fha_rent_withheld") & (c("occupancy") != "principal_residence"))
        | c("fha_owner_is_entity")
    )


@RULES("FHA-T1")
def evaluated(p: Parameters) -> pl.Expr:
    """Every option has been evaluated."""
    return c("fha_options_evaluated")


@RULES("FHA-T2")
def met_in_time(p: Parameters) -> pl.Expr:
    """The borrower was met long enough ago, or need not be."""
    met = c("fha_meeting_date")
    ago = (c("evaluation_date") - met).dt.total_days()
    return ((met != NEVER) & (ago >= p["meeting_days"])) | c("fha_meeting_excused")


@RULES("FHA-T5")
def enough_unpaid(p: Parameters) -> pl.Expr:
    """Enough full installments are unpaid, or the count is waived."""
    return (c(column(NAME, "installments_unpaid")) >= p["installments_unpaid"]) | count_waived(p)


@RULES("FHA-T5-N")
def notified(p: Parameters) -> pl.Expr:
    """Notice of default and of the intent to foreclose was given."""
    return c("fha_notice_of_default_given")


def installments_unpaid() -> pl.Expr:
    """Return the full installments unpaid once held partial payments are applied."""
    held, payment, months = c("fha_held_partial_payments"), c("contractual_payment"), c("months_delinquent")
    applied = pl.when(held == 0).then(0).when(payment > 0).then(held // payment)
    left = (months - applied).cast(pl.Int32)
    return pl.when(left.is_not_null()).then(pl.max_horizontal(left, pl.lit(0, pl.Int32)))


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Count the installments and work out the days by which the servicer must act."""
    unpaid = c("months_delinquent") >= 1
    frame = frame.with_columns(
        installments_unpaid().alias("_unpaid"),
        pl.when(unpaid).then(c("next_due_date") + pl.duration(days=p["default_days"])).alias("_default"),
    )
    frame = frame.with_columns(c("_default").dt.offset_by(f"{p['act_months']}mo").alias("_limit"))
    # The extensions of 203.355(c), (g), (h) and (i): each gives a later day, never an earlier one.
    later = [
        _days_after("fha_foreclosure_bar_ended_date", p["act_after_bar_days"]),
        _days_after("fha_sale_effort_ended_date", p["act_after_sale_days"]),
        _days_after("fha_failed_special_forbearance_date", p["act_after_failure_days"]),
        pl.when(c("fha_failed_workout_date") != NEVER).then(
            c("_limit") + pl.duration(days=p["act_after_failure_days"])
        ),
    ]
    emptied = _days_after("fha_vacant_since", p["act_after_vacancy_days"])
    discovered = _days_after("fha_vacancy_discovered_date", p["act_after_discovery_days"])
    known = emptied.is_not_null() & discovered.is_not_null()
    frame = frame.with_columns(pl.when(known).then(pl.max_horizontal(emptied, discovered)).alias("_vacancy"))
    return frame.select(
        c("_unpaid").alias("installments_unpaid"),
        c("_default").alias("date_of_default"),
        c("_limit").alias("act_by"),
        pl.when(c("_limit").is_not_null()).then(pl.max_horizontal(c("_limit"), *later)).alias("act_by_extended"),
        pl.when(c("_vacancy").is_not_null() & c("_limit").is_not_null())
        .then(pl.min_horizontal("_vacancy", "_limit"))
        .alias("act_by_vacancy"),
    )


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the counts and the days."""

    def of(name: str) -> Any:
        return row[column(NAME, name)]

    extended = ("act_after_bar_days", "act_after_failure_days", "act_after_sale_days")
    vacant = ("act_after_vacancy_days", "act_after_discovery_days")
    return [
        Step(
            "Full installments unpaid",
            "after held partial payments are applied; days do not count here",
            of("installments_unpaid"),
            "count",
            ("installments_unpaid",),
        ),
        Step("Date of default", "from the oldest unpaid due date", of("date_of_default"), "date", ("default_days",)),
        Step("Servicer must act by", "one of the steps of the regulation", of("act_by"), "date", ("act_months",)),
        Step("With extensions", "a legal bar, or an effort that failed", of("act_by_extended"), "date", extended),
        Step("If the home is vacant", "start of foreclosure at the latest", of("act_by_vacancy"), "date", vacant),
    ]


OPTION = Option(
    id=NAME,
    kind="finding",
    law=law("fence"),
    rules=RULES,
    terms=terms,
    columns={
        "installments_unpaid": "count",
        "date_of_default": "date",
        "act_by": "date",
        "act_by_extended": "date",
        "act_by_vacancy": "date",
    },
    needs=("months_delinquent", "fha_held_partial_payments"),
    steps=steps,
)
