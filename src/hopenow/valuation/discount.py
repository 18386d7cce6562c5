"""Discounting that all valuations share: yearly rate to monthly, factors, and sums of level payments.

Rates are fractions (6 percent is 0.06), amounts are floats in cents; nothing here rounds.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from hopenow.mortgage._jit import i64, kernel
from hopenow.valuation.lanes import Floats, exponential, f64, natural_log, power

MonthlyReading = Literal["twelfth", "compound"]

_YEAR = 12


@kernel(f64(f64))
def _compound(yearly: float) -> float:
    root = exponential(natural_log(1.0 + yearly) / _YEAR)
    # One step of Newton's method: the twelfth power of the root comes back to the year's growth.
    root = root - (power(root, _YEAR) - (1.0 + yearly)) / (_YEAR * power(root, _YEAR - 1))
    return root - 1.0


def monthly_rate(yearly: Floats, reading: str) -> Floats:
    """Return monthly discount rates.

    Args:
        yearly: fractions, shape (n,).
        reading: ``twelfth`` (a twelfth of the yearly rate) or ``compound`` (twelve months make the yearly rate).

    Raises:
        ValueError: an unknown reading.
    """
    if reading == "twelfth":
        return yearly / _YEAR
    if reading != "compound":
        raise ValueError(f"{reading!r} is not a way to make a monthly rate; use twelfth or compound")
    rates, places = np.unique(yearly, return_inverse=True)
    return np.array([_compound(float(rate)) for rate in rates], np.float64)[places]


@kernel(f64(f64, i64))
def discount_factor(monthly: float, months: int) -> float:
    """Return what one unit in some months is worth now."""
    return power(1.0 / (1.0 + monthly), months)


@kernel(f64(f64, i64, i64))
def level_worth(monthly: float, first: int, last: int) -> float:
    """Return what one unit in each month from ``first`` to ``last`` is worth now; nothing where none is left."""
    if last < first:
        return 0.0
    if monthly == 0.0:
        return float(last - first + 1)
    kept = discount_factor(monthly, last - first + 1)
    return discount_factor(monthly, first - 1) * ((1.0 - kept) / monthly)
