"""Project Lifeline: a letter, a pause of the foreclosure, and a plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.facts import NEVER
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step, column
from hopenow.programs.hope_now_2007.common import later, law

c = pl.col
NAME = "project_lifeline"
RULES = RuleTable()


@RULES("PL-1")
def servicer_takes_part(p: Parameters) -> pl.Expr:
    """The servicer takes part."""
    return c("lifeline_servicer")


@RULES("PL-2")
def far_behind(p: Parameters) -> pl.Expr:
    """Far behind, whatever the loan."""
    return c("days_delinquent") >= p["least_days_delinquent"]


@RULES("PL-3")
def no_bankruptcy(p: Parameters) -> pl.Expr:
    """No open bankruptcy."""
    return c("bankruptcy") == "none"


@RULES("PL-4")
def no_sale_soon(p: Parameters) -> pl.Expr:
    """No sale close at hand."""
    far = c("sale_date") > later(c("evaluation_date"), p["sale_within_days"])
    return (c("sale_date") == NEVER) | far


@RULES("PL-5")
def lived_in(p: Parameters) -> pl.Expr:
    """Neither an investment nor vacant."""
    return (c("occupancy") != "investment") & ~c("vacant")


def _deadline(p: Parameters) -> pl.Expr:
    """Return the last day to call."""
    return later(c("lifeline_letter_date"), p["answer_days"])


def _called(p: Parameters) -> pl.Expr:
    """Test for a call in time."""
    return (c("lifeline_call_date") != NEVER) & (c("lifeline_call_date") <= _deadline(p))


def _may_still_call(p: Parameters) -> pl.Expr:
    """Test that there was no call yet and there is still time for one."""
    return (c("lifeline_call_date") == NEVER) & (c("evaluation_date") <= _deadline(p))


@RULES("PL-6")
def call_in_time(p: Parameters) -> pl.Expr:
    """No letter yet, still time, or a call in time."""
    return (c("lifeline_letter_date") == NEVER) | _called(p) | _may_still_call(p)


@RULES("PL-7")
def wants_to_stay(p: Parameters) -> pl.Expr:
    """Wants to stay."""
    return c("wants_to_keep_home")


@RULES("PL-8")
def counseling(p: Parameters) -> pl.Expr:
    """Will take counseling."""
    return c("lifeline_will_take_counseling")


@RULES("PL-9")
def financials(p: Parameters) -> pl.Expr:
    """Has given updated financial information."""
    return c("lifeline_financials_given")


def _pause_until(p: Parameters) -> pl.Expr:
    """Return the last day of the pause."""
    given, start = c("lifeline_pause_date"), c(f"lifeline_{p.word('pause_from')}_date")
    start = pl.when(start != NEVER).then(start)
    return later(pl.when(given.is_null() | (given == NEVER)).then(start).otherwise(given), p["pause_days"])


def _state(p: Parameters) -> pl.Expr:
    """Return the state of the process; unknown where a fact that decides it is missing."""
    answered = (
        _called(p) & c("wants_to_keep_home") & c("lifeline_will_take_counseling") & c("lifeline_financials_given")
    )
    no_letter, planned = c("lifeline_letter_date") == NEVER, c("lifeline_plan_date") != NEVER
    kept, broken = c("lifeline_months_kept") >= p["plan_months"], c("lifeline_plan_broken")
    paused = c("evaluation_date") <= c("pause_until")
    open_letter = ~no_letter & _may_still_call(p)
    states = (
        (no_letter, "no_letter"),
        (open_letter, "letter_sent"),
        (~no_letter & ~open_letter & ~answered, "foreclosure_resumes"),
        (answered & planned & kept, "modified"),
        (answered & planned & ~kept & ~broken, "plan"),
        (answered & planned & ~kept & broken, "foreclosure_resumes"),
        (answered & ~planned & paused, "under_review"),
        (answered & ~planned & ~paused, "foreclosure_resumes"),
    )
    return pl.coalesce([pl.when(test).then(pl.lit(name)) for test, name in states])


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Find the days that count and the state of the process."""
    letter = c("lifeline_letter_date") != NEVER
    frame = frame.with_columns(
        pl.when(letter).then(_deadline(p)).alias("call_by"), _pause_until(p).alias("pause_until")
    )
    planned = c("lifeline_plan_date") != NEVER
    left = (p["plan_months"] - c("lifeline_months_kept")).clip(lower_bound=0)
    return frame.select(
        _state(p).alias("state"),
        "call_by",
        "pause_until",
        pl.when(planned).then(left).cast(pl.Int32).alias("plan_months_left"),
    )


_STATES = {
    "no_letter": "the letter has not come yet",
    "letter_sent": "the letter waits for an answer",
    "under_review": "foreclosure is paused while a plan is looked for",
    "plan": "a plan is running",
    "modified": "the plan was kept and becomes a modification",
    "foreclosure_resumes": "a condition was not met",
}


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show where the process stands and the days that count."""

    def of(name: str) -> Any:
        return row[column(NAME, name)]

    state = of("state")
    return [
        Step("Call by", "last day to answer the letter", of("call_by"), "date", ("answer_days",)),
        Step("Pause until", "last day of the pause", of("pause_until"), "date", ("pause_days", "pause_from")),
        Step("Months of the plan left", "to be kept in a row", of("plan_months_left"), "months", ("plan_months",)),
        Step("Where it stands", _STATES.get(state, "facts are missing"), state and state.replace("_", " "), "text"),
    ]


OPTION = Option(
    id=NAME,
    kind="keep",
    law=law(NAME),
    rules=RULES,
    terms=terms,
    columns={"state": "text", "call_by": "date", "pause_until": "date", "plan_months_left": "months"},
    needs=("lifeline_letter_date", "lifeline_call_date"),
    steps=steps,
)
