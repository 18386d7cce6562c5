"""The four kinds of forbearance of 24 CFR 1005.745."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from hopenow.facts.derived import add_months, month_end, month_start, months_since
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step, TermType, column
from hopenow.programs.section_184.common import happened, law, lives_there

c = pl.col
INFORMAL, FORMAL = "section_184_informal_forbearance", "section_184_formal_forbearance"
UNEMPLOYMENT, SERVICE = "section_184_unemployment_forbearance", "section_184_servicemember_forbearance"

INFORMAL_RULES = RuleTable()
FORMAL_RULES = RuleTable()
UNEMPLOYMENT_RULES = RuleTable()
SERVICE_RULES = RuleTable()


def _short_enough(p: Parameters) -> pl.Expr:
    # Without a wish the longest term is offered, so that there is nothing to fail.
    return c("requested_forbearance_months").fill_null(1) <= p["longest"]


INFORMAL_RULES("S184-F1-TERM")(_short_enough)
UNEMPLOYMENT_RULES("S184-F3-TERM")(_short_enough)
UNEMPLOYMENT_RULES("S184-F3-HOME")(lives_there)


@INFORMAL_RULES("S184-F1")
def nothing_changed(p: Parameters) -> pl.Expr:
    """No verifiable loss of income or rise of expenses."""
    return ~c("section_184_income_loss_or_expense")


@FORMAL_RULES("S184-F2")
def within_formal_term(p: Parameters) -> pl.Expr:
    """The term lies between the shortest and the longest."""
    asked = c("requested_forbearance_months").fill_null(p["longest"])
    return (asked >= p["shortest"]) & (asked <= p["longest"])


@FORMAL_RULES("S184-F2-WRITTEN")
def in_writing(p: Parameters) -> pl.Expr:
    """The agreement is in writing."""
    return c("section_184_written_agreement")


@UNEMPLOYMENT_RULES("S184-F3")
def in_default_long_enough(p: Parameters) -> pl.Expr:
    """The loan has been in default long enough."""
    months = months_since(c("section_184_default_date"), c("evaluation_date"))
    return happened("section_184_default_date") & (months >= p["least_months"])


@UNEMPLOYMENT_RULES("S184-F3-VERIFIED")
def unemployed(p: Parameters) -> pl.Expr:
    """Unemployment is verified."""
    return c("section_184_unemployment_verified")


@SERVICE_RULES("S184-F4")
def serves(p: Parameters) -> pl.Expr:
    """The borrower serves."""
    return c("section_184_servicemember")


COLUMNS: dict[str, TermType] = {"months": "months", "start": "date", "end": "date", "unpaid_at_end": "money"}


def _columns(months: pl.Expr) -> list[pl.Expr]:
    start = c("evaluation_month")
    unpaid = (c("months_delinquent") + c("_months")).cast(pl.Int64) * c("contractual_payment")
    given = c("_months") >= 1
    return [
        months.alias("months"),
        pl.when(given).then(month_start(start)).alias("start"),
        pl.when(given).then(month_end(start + c("_months") - 1)).alias("end"),
        unpaid.alias("unpaid_at_end"),
    ]


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Give the term asked for within the limits, or the longest one."""
    shortest = 1
    if "shortest" in p:
        shortest = p["shortest"]
    asked = c("requested_forbearance_months").fill_null(p["longest"]).clip(shortest, p["longest"])
    return frame.with_columns(asked.cast(pl.Int32).alias("_months")).select(_columns(c("_months")))


def service_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Run from next month to some months after the end of service."""
    last = add_months(c("section_184_service_ends"), p["months_after"])
    months = (last.dt.year() * 12 + last.dt.month().cast(pl.Int32)) - c("evaluation_month")
    frame = frame.with_columns(months.clip(lower_bound=0).cast(pl.Int32).alias("_months"))
    return frame.select(_columns(c("_months")))


def _steps(option: str, *parameters: str) -> Callable[[Mapping[str, Any], Parameters], list[Step]]:
    def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
        """Show the term."""
        return [
            Step("Length", "as asked for within the limits", row[column(option, "months")], "months", parameters),
            Step("Begins", "first day", row[column(option, "start")], "date"),
            Step("Ends", "last day", row[column(option, "end")], "date"),
            Step("Unpaid at the end", "if nothing is paid meanwhile", row[column(option, "unpaid_at_end")], "money"),
        ]

    return steps


def _option(name: str, rules: RuleTable, *parameters: str) -> Option:
    return Option(
        id=name,
        kind="keep",
        law=law(name),
        rules=rules,
        terms=service_terms if name == SERVICE else terms,
        columns=COLUMNS,
        needs=("months_delinquent", "contractual_payment", *(("section_184_service_ends",) if name == SERVICE else ())),
        steps=_steps(name, *parameters),
    )


OPTIONS = (
    _option(INFORMAL, INFORMAL_RULES, "longest"),
    _option(FORMAL, FORMAL_RULES, "shortest", "longest"),
    _option(UNEMPLOYMENT, UNEMPLOYMENT_RULES, "longest"),
    _option(SERVICE, SERVICE_RULES, "months_after"),
)
