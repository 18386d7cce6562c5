"""The run errors of the HAMP NPV model: every check, all codes at once.

``errors.yaml`` says what each code tests; this module turns the shapes into expressions and holds the named rules.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import importlib.resources
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from hopenow.errors import LawError
from hopenow.law import Verification
from hopenow.law.loader import read_strict
from hopenow.mortgage._jit import i64_in, i64_out, kernel
from hopenow.valuation.hamp_npv.figures import Readings, parameters, programs
from hopenow.valuation.hamp_npv.inputs import PERCENT_UNITS, fields
from hopenow.valuation.hamp_npv.supplement import STATES, Integers
from hopenow.valuation.lanes import annuity_factor

__all__ = ["AFTER_THE_RUN", "EXCESSIVE", "Check", "carry", "checks", "failed", "housing_before", "own_words"]

c = pl.col

WHOLE = 1_000_000
AFTER_THE_RUN = "after_the_run"
EXCESSIVE = "f"
"""The only run error that is known after the run."""
ADJUSTABLE = 1
"""Product code of adjustable and interest-only loans."""
_YEAR = 12
_Limit = int | Decimal | datetime.date | None


class Check(BaseModel):
    """One run error: what it says and what it tests."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    says: str
    missing: list[str] = []
    outside: dict[str, list[_Limit]] = {}
    among: dict[str, list[int]] = {}
    rule: str | None = None
    figures: dict[str, Any] = {}


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    cite: str
    verification: Verification
    errors: dict[str, Check]
    own: dict[str, str]


@functools.cache
def _file() -> _File:
    path = importlib.resources.files(__package__ or "").joinpath("errors.yaml")
    try:
        file = _File.model_validate(read_strict(path))
    except ValidationError as error:
        raise LawError(f"errors.yaml: {error}") from None
    named = {name for item in file.errors.values() for name in (*item.missing, *item.outside, *item.among)}
    defects = [f"{name!r} is no input" for name in sorted(named - set(fields()))]
    defects += [
        f"there is no rule {item.rule!r}" for item in file.errors.values() if item.rule and item.rule not in RULES
    ]
    if defects:
        raise LawError(f"errors.yaml: {'; '.join(defects)}")
    return file


def checks() -> Mapping[str, Check]:
    """Return every run error by code, in the documentation's order."""
    return _file().errors


def own_words() -> Mapping[str, str]:
    """Return what keeps a loan from being worked here although the model has no code for it."""
    return _file().own


# --- ratios -----------------------------------------------------------------------------------------------------------


def carry() -> pl.Expr:
    """Return monthly dues, insurance and taxes, cents."""
    return c("association_dues") + c("insurance") + c("taxes")


@kernel(i64_out(i64_in, i64_in, i64_in))
def _payments(balance: Integers, rate: Integers, term: Integers) -> Integers:
    """Return level payments, half up to the cent; the rate in hundred-thousandths of a percent, -1 where unknown."""
    result = np.empty(balance.size, np.int64)
    for i in range(balance.size):
        result[i] = -1
        if balance[i] >= 0 and rate[i] >= 0 and term[i] > 0:
            monthly = rate[i] / (100.0 * PERCENT_UNITS) / _YEAR
            result[i] = np.int64(np.floor(balance[i] * annuity_factor(monthly, term[i]) + 0.5))
    return result


def housing_before(frame: pl.DataFrame) -> pl.DataFrame:
    """Add ``pi_before``: principal and interest that counts before the modification, cents.

    For an adjustable or interest-only loan that resets soon it is the greater of the present payment and the fully
    amortizing one at the reset rate, over the remaining term and the months past due.
    """

    def whole(name: str) -> Integers:
        return np.ascontiguousarray(frame[name].fill_null(-1).to_numpy().astype(np.int64))

    term = np.where(whole("months_past_due") >= 0, whole("remaining_term") + whole("months_past_due"), -1)
    reset = pl.Series("_reset", _payments(whole("upb"), whole("reset_rate"), term))
    months = parameters("3.0")["arm_reset_months"]
    soon = (c("product") == ADJUSTABLE) & (c("reset_date") <= c("npv_date").dt.offset_by(f"{months}mo"))
    greater = pl.max_horizontal(c("principal_and_interest"), pl.when(c("_reset") >= 0).then(c("_reset")))
    return (
        frame.with_columns(reset)
        .with_columns(
            pl.when(soon.fill_null(False)).then(greater).otherwise(c("principal_and_interest")).alias("pi_before")
        )
        .drop("_reset")
    )


# --- rules ------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Context:
    """What rules may look at: the version, the readings, today, and the check's own figures."""

    version: str
    readings: Readings
    today: datetime.date
    figures: Mapping[str, Any]


def _flag_on_late_loan(at: Context) -> pl.Expr:
    late: pl.Expr = c("months_past_due") >= at.figures["less_than_months"]
    return c("imminent_default") & late


def _collection_date(at: Context) -> pl.Expr:
    age = (c("npv_date") - c("data_collection_date")).dt.total_days()
    return ~age.is_between(0, at.figures["days"])


def _by_program(name: str, file: str) -> pl.Expr:
    """Return a program figure by NPV date, with the first stretch of time for dates before it."""
    found = programs()
    first = getattr(found[0], file)[name]
    expression = pl.lit(first, pl.Int64)
    for item in found[1:]:
        expression = (
            pl.when(c("npv_date") >= item.start).then(pl.lit(getattr(item, file)[name], pl.Int64)).otherwise(expression)
        )
    return expression


def _balance_limit(at: Context) -> pl.Expr:
    over = pl.lit(False)
    for units in range(1, programs()[0].tier1["most_units"] + 1):
        over = over | ((c("units") == units) & (c("upb") > _by_program(f"largest_balance_{units}", "tier1")))
    return over


def _reset_before_first(at: Context) -> pl.Expr:
    return c("reset_date") < c("first_payment_date")


def _state_known(at: Context) -> pl.Expr:
    return ~c("state").is_in(sorted(STATES))


def _older_than_late(at: Context) -> pl.Expr:
    first, now = c("first_payment_date"), c("data_collection_date")
    age = (now.dt.year() - first.dt.year()) * _YEAR + now.dt.month().cast(pl.Int32) - first.dt.month().cast(pl.Int32)
    return c("months_past_due") > age


def _term_fits(at: Context) -> pl.Expr:
    longest = _by_program("longest_term", "tier1")
    long_kept = (c("remaining_term") > longest) & (c("term_after") != c("remaining_term"))
    if at.readings["error_54"] == "misprint":
        return long_kept
    return long_kept | ((c("remaining_term") <= longest) & (c("term_after") > c("remaining_term")))


def truncated_ltv() -> pl.Expr:
    """Return balance over value of the home, cut off (never rounded) after five decimals of a percent."""
    return pl.when(c("property_value") > 0).then(c("upb") * (100 * PERCENT_UNITS) // c("property_value"))


def _ltv_fits(at: Context) -> pl.Expr:
    return c("mark_to_market_ltv") != truncated_ltv()


def _reset_missing(at: Context) -> pl.Expr:
    return (c("product") == ADJUSTABLE) & c(at.figures["field"]).is_null()


def _zip_valid(at: Context) -> pl.Expr:
    return ~c("zip").str.contains(r"^[0-9]{5}$")


def _npv_date(at: Context) -> pl.Expr:
    return ~c("npv_date").is_between(at.figures["first"], at.today)


def _ratio_below_target(at: Context) -> pl.Expr:
    return (c("pi_before") + carry()) * WHOLE < c("gross_income") * _by_program("target_ratio", "tier1")


def _carry_above_income(at: Context) -> pl.Expr:
    return carry() > c("gross_income")


def _rate_below_floor(at: Context) -> pl.Expr:
    floor = _by_program("lowest_rate", "tier1") * (PERCENT_UNITS * 100 // WHOLE)
    return c("rate_after") < pl.min_horizontal(floor, c("rate"))


def _ratio_after_high(at: Context) -> pl.Expr:
    limit = parameters(at.version)["ratio_after_below"]
    high: pl.Expr = (c("principal_and_interest_after") + carry()) * WHOLE >= c("gross_income") * limit
    return high


def _ratio_rises(at: Context) -> pl.Expr:
    return c("principal_and_interest_after") > c("pi_before")


def _after_the_run(at: Context) -> pl.Expr:
    return pl.lit(False)


RULES: dict[str, Callable[[Context], pl.Expr]] = {
    "flag_on_late_loan": _flag_on_late_loan,
    "collection_date": _collection_date,
    "balance_limit": _balance_limit,
    "reset_before_first": _reset_before_first,
    "state_known": _state_known,
    "older_than_late": _older_than_late,
    "term_fits": _term_fits,
    "ltv_fits": _ltv_fits,
    "reset_missing": _reset_missing,
    "zip_valid": _zip_valid,
    "npv_date": _npv_date,
    "ratio_below_target": _ratio_below_target,
    "carry_above_income": _carry_above_income,
    "rate_below_floor": _rate_below_floor,
    "ratio_after_high": _ratio_after_high,
    "ratio_rises": _ratio_rises,
    AFTER_THE_RUN: _after_the_run,
}
TIER1_ONLY = ("a", "c", "g", "54")
"""Errors that test the standard waterfall; Tier 2 has its own tests of terms and ratio."""


def _outside(name: str, limits: list[_Limit]) -> pl.Expr:
    low, high = limits
    field = fields()[name]

    def engine(value: Any) -> Any:
        return field.units(value) if isinstance(value, int | Decimal) else value

    found = pl.lit(False)
    if low is not None:
        found = found | (c(name) < engine(low))
    if high is not None:
        found = found | (c(name) > engine(high))
    return found


def failed(
    frame: pl.DataFrame, version: str, readings: Readings, today: datetime.date, tier1: bool = True
) -> pl.DataFrame:
    """Run every check.

    Args:
        frame: inputs in engine units, with ``pi_before``.
        version: of the model.
        readings: taken.
        today: NPV dates after it are in the future.
        tier1: the modification is a standard one.

    Returns:
        A Boolean column for each code; an unknown answer counts as not failed (what is missing has a code of its own).
    """
    columns = []
    for code, item in checks().items():
        if not tier1 and code in TIER1_ONLY:
            columns.append(pl.lit(False).alias(code))
            continue
        parts = [c(name).is_null() for name in item.missing]
        parts += [~c(name).is_in(values) for name, values in item.among.items()]
        parts += [_outside(name, limits) for name, limits in item.outside.items()]
        if item.rule:
            parts.append(RULES[item.rule](Context(version, readings, today, item.figures)))
        columns.append(pl.any_horizontal(part.fill_null(False) for part in parts).alias(code))
    return frame.select(columns)


def not_allowed(frame: pl.DataFrame) -> pl.DataFrame:
    """Test the values that the documentation allows, input by input; a Boolean column for each input with limits."""
    columns = []
    for name, field in fields().items():
        parts = []
        if field.low is not None:
            parts.append(c(name) < field.units(field.low))
        if field.high is not None:
            parts.append(c(name) > field.units(field.high))
        if field.above is not None:
            parts.append(c(name) <= field.units(field.above))
        if field.longest is not None:
            parts.append(c(name).str.len_chars() > field.longest)
        if parts:
            columns.append(pl.any_horizontal(part.fill_null(False) for part in parts).alias(name))
    return frame.select(columns)
