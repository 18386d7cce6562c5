"""Facts that follow from other facts, as expressions, with the facts they come from.

A fact that the caller gives is never overwritten; a derivation only fills what is empty. Helper columns that are not
facts themselves (for example ``months_since_origination``) are always computed.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl

c = pl.col


@dataclasses.dataclass(frozen=True)
class Derived:
    """A derived column: how it is computed and from which facts."""

    name: str
    expression: pl.Expr
    sources: tuple[str, ...]
    meaning: str


# Dates are taken apart and put together by looking them up in tables, which takes a sixth of the time of the calendar's
# arithmetic. A date outside the tables (no fact may have one) is unknown.
_FIRST_YEAR, _YEAR_AFTER = 1800, 3001
_DAYS = np.arange(f"{_FIRST_YEAR}-01-01", f"{_YEAR_AFTER}-01-01", dtype="datetime64[D]")
_MONTHS = np.arange(f"{_FIRST_YEAR}-01", f"{_YEAR_AFTER}-01", dtype="datetime64[M]")
_MONTH_STARTS = pl.Series(_MONTHS.astype("datetime64[D]"))
_MONTH_ENDS = pl.Series((_MONTHS + 1).astype("datetime64[D]") - 1)
_FIRST_DAY = int(_DAYS[0].astype(np.int64))
_FIRST_INDEX = _FIRST_YEAR * 12


def _day_keys() -> pl.Series:
    """Return (year * 12 + month) * 32 + day of every date of the table."""
    months = _DAYS.astype("datetime64[M]")
    index = months.astype(np.int64) + 1970 * 12 + 1
    day = (_DAYS - months.astype("datetime64[D]")).astype(np.int64) + 1
    return pl.Series((index * 32 + day).astype(np.int32))


_DAY_KEYS = _day_keys()


def _looked_up(table: pl.Series, place: pl.Expr) -> pl.Expr:
    # A negative place would count from the end of the table; as an unsigned number it is outside.
    return pl.lit(table).gather(place.cast(pl.UInt32, wrap_numerical=True), null_on_oob=True)


def _day_key(date: pl.Expr) -> pl.Expr:
    return _looked_up(_DAY_KEYS, date.cast(pl.Int32) - _FIRST_DAY)


def month_index(date: pl.Expr) -> pl.Expr:
    """Return year * 12 + month of a date column (Int32)."""
    return _day_key(date) // 32


def day_of_month(date: pl.Expr) -> pl.Expr:
    """Return the day of the month of a date column (Int32)."""
    return _day_key(date) % 32


def months_since(date: pl.Expr, until: pl.Expr) -> pl.Expr:
    """Return the whole months completed from ``date`` to ``until`` (Int32, negative when ``date`` is later).

    The keys count 32 days a month, so that the month that is not yet complete falls off in the division.
    """
    return (_day_key(until) - _day_key(date)) // 32


def days_since(date: pl.Expr, until: pl.Expr) -> pl.Expr:
    """Return the days from ``date`` to ``until`` (Int32, negative when ``date`` is later)."""
    return until.cast(pl.Int32) - date.cast(pl.Int32)


def month_start(index: pl.Expr) -> pl.Expr:
    """Return the first day of a month given as :func:`month_index` less one, that is year * 12 + month - 1."""
    return _looked_up(_MONTH_STARTS, index - _FIRST_INDEX)


def month_end(index: pl.Expr) -> pl.Expr:
    """Return the last day of a month given as for :func:`month_start`."""
    return _looked_up(_MONTH_ENDS, index - _FIRST_INDEX)


def add_months(date: pl.Expr, months: pl.Expr | int) -> pl.Expr:
    """Return the first day of the month that lies ``months`` after the month of ``date``."""
    return month_start(month_index(date) - 1 + months)


def end_of_month(date: pl.Expr, months: pl.Expr | int) -> pl.Expr:
    """Return the last day of the month that lies ``months`` after the month of ``date``."""
    return month_end(month_index(date) - 1 + months)


_EVALUATION = c("evaluation_date")
# The installment of the month is due once its day has come.
_UNPAID = months_since(c("next_due_date"), _EVALUATION) + 1

FILLED: tuple[Derived, ...] = (
    Derived(
        "rate_is_final",
        pl.when(c("amortization_type") == "fixed").then(True),
        ("amortization_type",),
        "A fixed rate is final.",
    ),
    Derived(
        "next_due_date",
        add_months(
            _EVALUATION,
            1
            - pl.when(c("months_delinquent") > 0)
            .then(c("months_delinquent"))
            .otherwise(pl.when(c("months_delinquent") == 0).then(0)),
        ),
        ("evaluation_date", "months_delinquent"),
        "Installments due on the first of each month up to the evaluation date, less those unpaid.",
    ),
    Derived(
        "months_delinquent",
        _UNPAID.clip(lower_bound=0),
        ("evaluation_date", "next_due_date"),
        "Installments due from the next due date up to the evaluation date.",
    ),
    Derived(
        "days_delinquent",
        days_since(c("next_due_date"), _EVALUATION).clip(lower_bound=0),
        ("evaluation_date", "next_due_date"),
        "Calendar days from the next due date to the evaluation date.",
    ),
    Derived(
        "remaining_term",
        (month_index(c("maturity_date")) - month_index(c("next_due_date")) + 1).cast(pl.Int32),
        ("maturity_date", "next_due_date"),
        "Installments from the next due date to maturity, both counted.",
    ),
    Derived(
        "maturity_date",
        add_months(c("next_due_date"), c("remaining_term") - 1),
        ("next_due_date", "remaining_term"),
        "Due date of the last remaining installment.",
    ),
    Derived("texas_50a6", pl.when(c("state") != "TX").then(False), ("state",), "Such loans exist in Texas only."),
    Derived(
        "permanent_change_of_station",
        pl.when(c("hardship_kind").is_not_null() & (c("hardship_kind") != "distant_transfer")).then(False),
        ("hardship_kind",),
        "Such orders are a distant transfer.",
    ),
)

COMPUTED: tuple[Derived, ...] = (
    Derived(
        "evaluation_month",
        month_index(_EVALUATION),
        ("evaluation_date",),
        "Month of the evaluation, as year * 12 + month.",
    ),
    Derived(
        "next_due_month",
        month_index(c("next_due_date")),
        ("next_due_date",),
        "Month of the next due date, as year * 12 + month.",
    ),
    Derived(
        "months_since_origination",
        months_since(c("origination_date"), _EVALUATION),
        ("origination_date", "evaluation_date"),
        "Whole months from origination to the evaluation date.",
    ),
    Derived(
        "months_to_payoff",
        months_since(
            _EVALUATION,
            pl.min_horizontal(pl.coalesce("projected_payoff_date", "maturity_date"), pl.col("maturity_date")),
        ),
        ("maturity_date", "evaluation_date"),
        "Whole months from the evaluation date to maturity or the projected payoff, whichever comes first.",
    ),
    Derived(
        "monthly_escrow",
        c("monthly_taxes") + c("monthly_insurance") + c("monthly_mortgage_insurance").fill_null(0),
        ("monthly_taxes", "monthly_insurance"),
        "Taxes, insurance and mortgage insurance per month.",
    ),
    Derived(
        "contractual_payment",
        pl.coalesce(
            c("buydown_payment"),
            c("monthly_principal_and_interest")
            + c("monthly_taxes")
            + c("monthly_insurance")
            + c("monthly_mortgage_insurance").fill_null(0),
        ),
        ("monthly_principal_and_interest", "monthly_taxes", "monthly_insurance"),
        "Principal, interest and escrow per month; while a temporary buydown runs, the buydown payment.",
    ),
    Derived(
        "housing_expense",
        c("monthly_principal_and_interest") + c("monthly_escrow_for_ratio"),
        ("monthly_principal_and_interest", "monthly_taxes", "monthly_insurance", "monthly_dues"),
        "Principal, interest, taxes, insurance and dues per month; an escrow shortage is not counted.",
    ),
    Derived(
        "credit_score_age_days",
        days_since(c("credit_score_date"), _EVALUATION),
        ("credit_score_date", "evaluation_date"),
        "Age of the credit score in days.",
    ),
    Derived(
        "valuation_age_days",
        days_since(c("valuation_date"), _EVALUATION),
        ("valuation_date", "evaluation_date"),
        "Age of the property value in days.",
    ),
    Derived(
        "last_paid_installment_date",
        add_months(c("next_due_date"), pl.lit(-1, pl.Int32)),
        ("next_due_date",),
        "Due date of the last paid installment.",
    ),
)

_HELPERS = (
    (
        c("monthly_taxes")
        + c("monthly_insurance")
        + c("monthly_dues").fill_null(0)
        + c("monthly_mortgage_insurance").fill_null(0)
    ).alias("monthly_escrow_for_ratio"),
)

DERIVED: dict[str, Derived] = {item.name: item for item in (*FILLED, *COMPUTED)}


def derive(frame: pl.DataFrame) -> pl.DataFrame:
    """Fill and compute every derived column of a complete canonical frame."""
    for item in FILLED:
        frame = frame.with_columns(pl.coalesce(c(item.name), item.expression).alias(item.name))
    frame = frame.with_columns(_HELPERS)
    return frame.with_columns([item.expression.alias(item.name) for item in COMPUTED])


def base_facts(name: str) -> tuple[str, ...]:
    """Return the facts to ask for when a column is unknown: itself if it is a fact, else what it comes from."""
    from hopenow.facts.schema import schema

    if name in schema():
        return (name,)
    if name in DERIVED:
        return tuple(fact for source in DERIVED[name].sources for fact in base_facts(source))
    return ()
