"""Finding: the clocks of 24 CFR 1005.733-.763."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.facts import NEVER
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step, TermType, column
from hopenow.programs.section_184.common import days_after, happened, law

c = pl.col
NAME = "section_184_fence"
RULES = RuleTable()


def _in_time(began: str, done: str, days: int) -> pl.Expr:
    """Test that what follows an event was done within some days, or that there is still time."""
    acted = pl.when(c(done) == NEVER).then("evaluation_date").otherwise(done)
    return ~happened(began) | (acted <= days_after(began, days))


@RULES("S184-C1")
def acknowledged(p: Parameters) -> pl.Expr:
    """The application was acknowledged in time."""
    return _in_time("section_184_application_date", "section_184_acknowledged_date", p["acknowledge_days"])


@RULES("S184-C1-DECIDED")
def decided(p: Parameters) -> pl.Expr:
    """The complete application was decided in time."""
    return _in_time("section_184_complete_date", "section_184_decided_date", p["decide_days"])


@RULES("S184-C2")
def appeal_answered(p: Parameters) -> pl.Expr:
    """An appeal made in time was answered in time."""
    late = c("section_184_appeal_date") > days_after("section_184_decided_date", p["appeal_days"])
    answered = _in_time("section_184_appeal_date", "section_184_appeal_answered_date", p["answer_days"])
    return answered | late


def _pending_appeal() -> pl.Expr:
    return happened("section_184_appeal_date") & ~happened("section_184_appeal_answered_date")


def _legal_action_by(p: Parameters) -> pl.Expr:
    """Return the last day for the first legal action; null where there is no default."""
    regular = days_after("section_184_default_date", p["legal_action_days"])
    extended = days_after("section_184_extension_date", p["extension_days"])
    known = regular.is_not_null() & c("section_184_extension_date").is_not_null()
    return pl.when(known).then(pl.max_horizontal(regular, extended))


@RULES("S184-C3")
def legal_action_in_time(p: Parameters) -> pl.Expr:
    """The first legal action is in time, or an appeal suspends the deadline."""
    acted = (
        pl.when(c("section_184_legal_action_date") == NEVER)
        .then("evaluation_date")
        .otherwise("section_184_legal_action_date")
    )
    return ~happened("section_184_default_date") | (acted <= _legal_action_by(p)) | _pending_appeal()


@RULES("S184-C4")
def notified(p: Parameters) -> pl.Expr:
    """Tribe and Bureau were notified where that is due."""
    due = (c("months_delinquent") >= p["notice_from_payments"]) | (
        c("section_184_other_default_days") >= p["notice_from_days"]
    )
    tribe = ~c("section_184_tribe_consent") | c("section_184_tribe_notified")
    bureau = ~c("section_184_trust_land") | c("section_184_bia_notified")
    return ~due | (tribe & bureau)


def _another_by(p: Parameters) -> pl.Expr:
    """Return the last day to choose another option; null where no option failed in time."""
    failed = c("section_184_option_failed_date")
    early = happened("section_184_option_failed_date") & (
        failed <= days_after("section_184_default_date", p["failure_within_days"])
    )
    return pl.when(early).then(failed.dt.offset_by(f"{p['another_option_days']}d"))


@RULES("S184-C5")
def another_in_time(p: Parameters) -> pl.Expr:
    """There is still time to choose another option, or none failed early."""
    failed = c("section_184_option_failed_date")
    late = failed > days_after("section_184_default_date", p["failure_within_days"])
    return ~happened("section_184_option_failed_date") | late | (c("evaluation_date") <= _another_by(p))


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work out the days that the clocks give."""
    return frame.select(
        days_after("section_184_application_date", p["acknowledge_days"]).alias("acknowledge_by"),
        days_after("section_184_acknowledged_date", p["documents_days"]).alias("documents_by"),
        days_after("section_184_complete_date", p["decide_days"]).alias("decide_by"),
        days_after("section_184_decided_date", p["appeal_days"]).alias("appeal_by"),
        days_after("section_184_appeal_date", p["answer_days"]).alias("answer_by"),
        _legal_action_by(p).alias("legal_action_by"),
        _pending_appeal().alias("suspended_by_appeal"),
        _another_by(p).alias("another_option_by"),
    )


COLUMNS: dict[str, TermType] = {
    "acknowledge_by": "date",
    "documents_by": "date",
    "decide_by": "date",
    "appeal_by": "date",
    "answer_by": "date",
    "legal_action_by": "date",
    "suspended_by_appeal": "flag",
    "another_option_by": "date",
}
_TITLES = {
    "acknowledge_by": ("Application acknowledged by", ("acknowledge_days",)),
    "documents_by": ("Missing documents by", ("documents_days",)),
    "decide_by": ("Decision by", ("decide_days",)),
    "appeal_by": ("Appeal by", ("appeal_days",)),
    "answer_by": ("Appeal answered by", ("answer_days",)),
    "legal_action_by": ("First legal action by", ("legal_action_days", "extension_days")),
    "suspended_by_appeal": ("Suspended by an appeal", ()),
    "another_option_by": ("Another option by", ("failure_within_days", "another_option_days")),
}


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the clocks."""
    return [
        Step(title, "counted in calendar days", row[column(NAME, name)], COLUMNS[name], parameters)
        for name, (title, parameters) in _TITLES.items()
    ]


OPTION = Option(id=NAME, kind="finding", law=law(NAME), rules=RULES, terms=terms, columns=COLUMNS, steps=steps)
