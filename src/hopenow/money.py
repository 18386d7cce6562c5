"""Cents, rates and rounding: with the kernels, the only place that rounds.

Inside the engine money is whole cents and a rate is whole millionths per year ("ppm": 4.75 % is 47_500),
both integers. Outside, money is decimal dollars with two places and a rate a decimal percent. Conversions
are exact or refused; binary floats are refused except by functions that say so in their name.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from hopenow.errors import InputError

__all__ = [
    "MAX_CENTS",
    "cents",
    "cents_expr",
    "cents_from_float",
    "dollars",
    "dollars_array",
    "dollars_expr",
    "format_cents",
    "format_ppm",
    "half_up_div",
    "percent",
    "percent_array",
    "percent_expr",
    "percent_of",
    "ppm",
    "ppm_expr",
    "ratio_ppm",
    "truncated_ratio",
]

MAX_CENTS = 10**10
"""Largest amount that the facts allow, cents: 100 million dollars."""

_LARGEST = 2**63 - 1
_PPM_PER_PERCENT = 10_000
_NEAR = 1e-6  # how far a float may lie from a whole cent and still be taken for it
_COARSE = 2.0**33  # dollars beyond which floats no longer tell cents apart
# Optional minus, dollar sign and thousands separators. Ungrouped digits too, but no half-grouped ones such
# as 1,23.
_AMOUNT = re.compile(r"(?P<sign>-?)\$?(?P<whole>\d{1,3}(?:,\d{3})+|\d*)(?:\.(?P<part>\d*))?", re.ASCII)
_PERCENT = re.compile(r"(?P<sign>-?)(?P<whole>\d*)(?:\.(?P<part>\d*))? ?%?", re.ASCII)


# ----------------------------------------------------------------------------------------------------
# Rounding
# ----------------------------------------------------------------------------------------------------
def half_up_div(numerator: int, denominator: int) -> int:
    """Divide whole numbers and round half-up; below zero a half moves away from zero.

    Raises:
        ZeroDivisionError: the denominator is zero.
    """
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    if numerator < 0:
        return -((-2 * numerator + denominator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def percent_of(amount: int, rate: int) -> int:
    """Share of an amount, half-up to the cent.

    Args:
        amount: cents.
        rate: millionths (30 % is 300_000).

    Returns:
        Cents.
    """
    return half_up_div(amount * rate, 1_000_000)


def ratio_ppm(part: int, whole: int) -> int:
    """Ratio in millionths, half-up; for display only.

    To test a ratio against a limit cross-multiply instead (``part * 1_000_000 >= limit * whole``), which is
    exact.

    Raises:
        ZeroDivisionError: the whole is zero.
    """
    return half_up_div(part * 1_000_000, whole)


def truncated_ratio(part: int, whole: int) -> int:
    """Ratio in millionths, truncated to hundredths of a percent, as the enterprises display loan-to-value.

    Raises:
        ZeroDivisionError: the whole is zero.
    """
    hundredths = abs(part) * 10_000 // abs(whole)
    return hundredths * 100 if (part < 0) == (whole < 0) else -hundredths * 100


# ----------------------------------------------------------------------------------------------------
# One value in
# ----------------------------------------------------------------------------------------------------
def cents(value: object) -> int:
    """Convert dollars to cents, exactly.

    Args:
        value: dollars as text (``"1,234.5"``, ``"$80"``, ``"-0.05"``), Decimal or int.

    Returns:
        Cents.

    Raises:
        InputError: the value is not an amount, is finer than a cent, does not fit int64, or is a binary
            float.
    """
    return _scaled(value, 2, _AMOUNT, "an amount in dollars", "1234.56")


def ppm(value: object) -> int:
    """Convert percent to millionths, exactly.

    Args:
        value: percent as text (``"4.75"``, ``"4.75 %"``), Decimal or int; 4.75 percent is 47_500.

    Returns:
        Millionths.

    Raises:
        InputError: the value is not a percentage, has more than four decimal places, or is a binary float.
    """
    return _scaled(value, 4, _PERCENT, "a percentage", "4.75")


def cents_from_float(value: float) -> int:
    """Convert a float known to hold dollars and cents, such as a cell of a spreadsheet.

    Raises:
        InputError: the value is not finite, or lies more than a millionth of a cent from a whole cent.
    """
    if not math.isfinite(value):
        raise InputError(f"{value} is not an amount in dollars; leave unknown amounts empty")
    scaled = value * 100
    nearest = round(scaled)
    # A large float may miss the tolerance and still be the one nearest to its cents. Beyond 2**33 dollars
    # floats are too coarse to tell.
    if (abs(scaled - nearest) > _NEAR and nearest / 100 != value) or abs(value) > _COARSE:
        raise InputError(f"{value!r} dollars is not a whole number of cents; give the amount as text")
    return nearest


def _scaled(value: object, places: int, pattern: re.Pattern[str], what: str, example: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (str, Decimal, int, np.integer)):
        kind = type(value).__name__
        raise InputError(
            f"{value!r} ({kind}) is not accepted as {what}; give text or a decimal such as {example}"
        )
    if isinstance(value, str):
        result = _from_text(value, places, pattern, what, example)
    elif isinstance(value, Decimal):
        try:
            shifted = value.scaleb(places)
            whole = shifted.to_integral_value() if shifted.is_finite() else None
        except InvalidOperation:
            whole = None
        if whole is None or whole != shifted:
            raise InputError(f"{value} is not {what} with at most {places} decimal places, such as {example}")
        result = int(whole)
    else:
        result = int(value) * 10**places
    if abs(result) > _LARGEST:
        raise InputError(f"{value} is too large to be {what}")
    return result


def _from_text(text: str, places: int, pattern: re.Pattern[str], what: str, example: str) -> int:
    match = pattern.fullmatch(text.strip())
    if match is None or not (match["whole"] or match["part"]):
        raise InputError(f"{text!r} is not {what}; write it as {example}")
    part = (match["part"] or "").rstrip("0")
    if len(part) > places:
        raise InputError(f"{text!r} has more than {places} decimal places; {what} is written as {example}")
    digits = match["whole"].replace(",", "") + part.ljust(places, "0")
    return -int(digits) if match["sign"] else int(digits)


# ----------------------------------------------------------------------------------------------------
# One value out
# ----------------------------------------------------------------------------------------------------
def dollars(amount: int) -> Decimal:
    """Convert cents to dollars with two decimal places."""
    return Decimal(amount).scaleb(-2)


def percent(rate: int) -> Decimal:
    """Convert millionths to percent with four decimal places."""
    return Decimal(rate).scaleb(-4)


def format_cents(amount: int, *, symbol: str = "$") -> str:
    """Write cents as dollars: ``$1,234.56``, ``-$0.05``."""
    whole, part = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{symbol}{whole:,}.{part:02d}"


def format_ppm(rate: int, *, places: int = 3) -> str:
    """Write millionths as a percent: ``4.750%``.

    Args:
        rate: millionths.
        places: least number of decimal places; a rate that needs more (up to four) shows them, so nothing
            is rounded.
    """
    whole, part = divmod(abs(rate), _PPM_PER_PERCENT)
    digits = f"{part:04d}"
    kept = max(places, len(digits.rstrip("0")))
    fraction = digits.ljust(kept, "0")[:kept]
    return f"{'-' if rate < 0 else ''}{whole}{'.' if fraction else ''}{fraction}%"


# ----------------------------------------------------------------------------------------------------
# Columns in
# ----------------------------------------------------------------------------------------------------
def cents_expr(column: str | pl.Expr, dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
    """Convert a column of dollars to Int64 cents; null where null, malformed or finer than a cent.

    Args:
        column: name or expression.
        dtype: the column's data type: String, a Decimal with its scale, an integer or a float. Text follows
            the same grammar as :func:`cents`. Floats are accepted within a millionth of a cent of a whole
            one.

    Raises:
        InputError: the data type cannot hold money.
    """
    return _scaled_expr(column, dtype, 2)


def ppm_expr(column: str | pl.Expr, dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
    """Convert a column of percents to Int64 millionths; null where null, malformed or finer than a millionth.

    Args:
        column: name or expression.
        dtype: the column's data type: String, a Decimal with its scale, an integer or a float.

    Raises:
        InputError: the data type cannot hold a rate.
    """
    return _scaled_expr(column, dtype, 4)


def _scaled_expr(column: str | pl.Expr, dtype: pl.DataType | type[pl.DataType], places: int) -> pl.Expr:
    source = pl.col(column) if isinstance(column, str) else column
    scale = 10**places
    if dtype == pl.Null:
        return source.cast(pl.Int64)
    if dtype.is_integer():
        # Through Int64 first: the product of a narrower type would wrap around.
        wide = source.cast(pl.Int64, strict=False)
        return pl.when(wide.is_between(-(_LARGEST // scale), _LARGEST // scale)).then(wide * scale)
    if dtype.is_float():
        # Float32 is widened first; it holds whole cents only below some thousand dollars, and the rest
        # become null.
        wide = source.cast(pl.Float64)
        scaled = wide * scale
        nearest = scaled.round(0)
        exact = (((scaled - nearest).abs() <= _NEAR) | (nearest / scale == wide)) & (wide.abs() <= _COARSE)
        return pl.when(exact).then(nearest).cast(pl.Int64, strict=False)
    if isinstance(dtype, pl.Decimal):
        return _rescaled(source.to_physical(), dtype.scale, places)
    if dtype == pl.String:
        return _scaled_text(source.str.strip_chars(), places)
    raise InputError(
        f"a column of type {dtype} cannot be read as numbers; give text, decimals, integers or floats"
    )


def _rescaled(units: pl.Expr, scale: int, places: int) -> pl.Expr:
    """Move an Int128 count of 10**-scale to Int64 counts of 10**-places; null where that is not exact."""
    if scale <= places:
        limit = _LARGEST // 10 ** (places - scale)
        return (
            pl.when(units.is_between(-limit, limit))
            .then(units * 10 ** (places - scale))
            .cast(pl.Int64, strict=False)
        )
    finer = 10 ** (scale - places)
    return pl.when(units % finer == 0).then(units // finer).cast(pl.Int64, strict=False)


def _scaled_text(text: pl.Expr, places: int) -> pl.Expr:
    # The grammar is checked first: casting alone would take 1e3 and round 1.005 without a word.
    if places == 2:
        readable = text.str.contains(r"^-?\$?([0-9]{1,3}(,[0-9]{3})+|[0-9]*)(\.[0-9]{0,2}0*)?$")
        bare = text.str.replace("$", "", literal=True).str.replace_all(",", "", literal=True)
    else:
        readable = text.str.contains(r"^-?[0-9]*(\.[0-9]{0,4}0*)? ?%?$")
        bare = text.str.strip_chars_end("% ")
    # At most 17 digits before the point, so that the count of units fits Int64.
    units = bare.cast(pl.Decimal(17 + places, places), strict=False).to_physical()
    return pl.when(readable).then(units).cast(pl.Int64, strict=False)


# ----------------------------------------------------------------------------------------------------
# Columns out
# ----------------------------------------------------------------------------------------------------
def dollars_expr(column: str | pl.Expr) -> pl.Expr:
    """Convert Int64 cents to Decimal(18, 2) dollars, exactly; |cents| must be below 10**16."""
    source = pl.col(column) if isinstance(column, str) else column
    return source.cast(pl.Decimal(18, 2)) / pl.lit(100, dtype=pl.Decimal(18, 2))


def percent_expr(column: str | pl.Expr) -> pl.Expr:
    """Convert Int64 millionths to Decimal(18, 4) percent, exactly; |millionths| must be below 10**14."""
    source = pl.col(column) if isinstance(column, str) else column
    return source.cast(pl.Decimal(18, 4)) / pl.lit(_PPM_PER_PERCENT, dtype=pl.Decimal(18, 4))


def dollars_array(amounts: npt.NDArray[np.int64], valid: npt.NDArray[np.bool_] | None = None) -> Any:
    """View cents as an Arrow array of dollars, ``decimal64(15, 2)``, without copying them.

    Args:
        amounts: contiguous int64 array, shape (n,), cents; must not be changed while the result lives.
        valid: bool array, shape (n,), False where the value is unknown; None when all are known.

    Returns:
        ``pyarrow.Decimal64Array`` of length n.

    Raises:
        InputError: the array is not a contiguous int64 vector, the mask does not match, or a value has more
            than 15 digits.
    """
    return _decimal_array(amounts, valid, pa.decimal64(15, 2))


def percent_array(rates: npt.NDArray[np.int64], valid: npt.NDArray[np.bool_] | None = None) -> Any:
    """View millionths as an Arrow array of percents, ``decimal64(9, 4)``, without copying them.

    Args:
        rates: contiguous int64 array, shape (n,), millionths; must not be changed while the result lives.
        valid: bool array, shape (n,), False where the value is unknown; None when all are known.

    Returns:
        ``pyarrow.Decimal64Array`` of length n.

    Raises:
        InputError: the array is not a contiguous int64 vector, the mask does not match, or a value has more
            than 9 digits.
    """
    return _decimal_array(rates, valid, pa.decimal64(9, 4))


def _decimal_array(values: npt.NDArray[np.int64], valid: npt.NDArray[np.bool_] | None, dtype: Any) -> Any:
    if values.dtype != np.int64 or values.ndim != 1 or not values.flags.c_contiguous:
        raise InputError("exact amounts come as a contiguous one-dimensional int64 array")
    if valid is not None and (valid.dtype != np.bool_ or valid.shape != values.shape):
        raise InputError("the mask must be a bool array as long as the amounts")
    limit = 10**dtype.precision
    if values.size:
        # Slots under a null hold anything; Arrow does not look at them either.
        known: Any = True if valid is None else valid
        high = values.max(initial=0, where=known)
        low = values.min(initial=0, where=known)
        if high >= limit or low <= -limit:
            raise InputError(f"an amount needs more than {dtype.precision} digits and does not fit {dtype}")
    bitmap = None
    nulls = 0
    if valid is not None:
        nulls = int(values.size - np.count_nonzero(valid))
        bitmap = pa.py_buffer(np.packbits(valid, bitorder="little")) if nulls else None
    return pa.Array.from_buffers(dtype, values.size, [bitmap, pa.py_buffer(values)], null_count=nulls)
