"""Time to an event when some are not followed to the end: Kaplan-Meier and competing risks, with intervals.

Months are whole, so everything is computed from counts: how many were at risk in each month, and to how many of them
what happened. The Kaplan-Meier curve (no event yet) has Greenwood's variance, the cumulative incidence of each cause
(Aalen and Johansen) its delta-method variance; both get intervals on the log(-log) scale, which stay between 0 and 1.

The figures equal those of the packages lifelines and statsmodels (see the tests).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import norm

__all__ = ["CENSORED", "CURVE", "curves", "incidence", "life_table"]

CENSORED: Final = "censored"
"""Word for the end of observation without an event."""
CURVE: Final = pl.Schema(
    {
        "curve": pl.String,
        "month": pl.Int32,
        "at_risk": pl.Int64,
        "events": pl.Int64,
        "value": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
    }
)
"""``curve``: ``free`` (no event of any cause yet, Kaplan-Meier) or the name of a cause (cumulative incidence).
``at_risk``: at the beginning of the month; ``events``: in the month, of the curve's cause (of any, for ``free``)."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def life_table(times: pl.DataFrame, causes: Sequence[str], horizon: int) -> tuple[Ints, Ints]:
    """Count those at risk and the events of each cause, month by month.

    Args:
        times: ``month`` (of the event, or of the last month observed) and ``cause`` (one of the causes, or
            `CENSORED`); who was not observed for a month has month 0.
        causes: names.
        horizon: last month.

    Returns:
        At risk at the beginning of months 1 to horizon, and events [cause, month].

    Raises:
        ValueError: a cause is unknown.
    """
    unknown = set(times["cause"].unique().to_list()) - {*causes, CENSORED}
    if unknown:
        raise ValueError(f"unknown causes {sorted(map(str, unknown))}")
    month = times["month"].to_numpy().astype(np.int64)
    leaving = np.bincount(np.clip(month, 0, horizon + 1), minlength=horizon + 2)
    at_risk = leaving[::-1].cumsum()[::-1][1 : horizon + 1]
    events = np.zeros((len(causes), horizon), np.int64)
    for place, cause in enumerate(causes):
        when = month[(times["cause"] == cause).to_numpy()]
        when = when[(when >= 1) & (when <= horizon)]
        events[place] = np.bincount(when, minlength=horizon + 1)[1:]
    return at_risk, events


def _log_log(value: Floats, variance: Floats, level: float) -> tuple[Floats, Floats]:
    z = float(norm.ppf(0.5 + level / 2))
    inside = (value > 0) & (value < 1)
    safe = np.where(inside, value, 0.5)
    width = z * np.sqrt(np.maximum(variance, 0.0)) / (safe * np.log(safe))
    low = np.where(inside, safe ** np.exp(-width), value)
    high = np.where(inside, safe ** np.exp(width), value)
    return np.minimum(low, high), np.maximum(low, high)


def kaplan_meier(at_risk: Ints, events: Ints, level: float) -> tuple[Floats, Floats, Floats]:
    """Return the share without an event at the end of each month, and its interval."""
    n, d = at_risk.astype(float), events.astype(float)
    risk = np.divide(d, n, out=np.zeros_like(n), where=n > 0)
    value = np.cumprod(1 - risk)
    greenwood = np.divide(d, n * (n - d), out=np.zeros_like(n), where=(n > 0) & (n > d))
    low, high = _log_log(value, value**2 * np.cumsum(greenwood), level)
    return value, low, high


def incidence(at_risk: Ints, events: Ints, cause: int, level: float) -> tuple[Floats, Floats, Floats]:
    """Return the share with an event of one cause by the end of each month, and its interval.

    Args:
        at_risk: by month.
        events: [cause, month].
        cause: place of the cause.
        level: of the interval.
    """
    n = at_risk.astype(float)
    total, own = events.sum(axis=0).astype(float), events[cause].astype(float)
    alive = n > 0
    free = np.cumprod(1 - np.divide(total, n, out=np.zeros_like(n), where=alive))
    before = np.concatenate([[1.0], free[:-1]])
    step = np.divide(before * own, n, out=np.zeros_like(n), where=alive)
    value = np.cumsum(step)
    # Variance (delta method): sums over months s up to t of terms in F(t) - F(s), written out in powers of F(t).
    a = np.divide(total, n * (n - total), out=np.zeros_like(n), where=alive & (n > total))
    b = np.divide(before**2 * own * (n - own), n**3, out=np.zeros_like(n), where=alive)
    c = np.divide(before * own, n**2, out=np.zeros_like(n), where=alive)
    sum_a, sum_af, sum_aff = np.cumsum(a), np.cumsum(a * value), np.cumsum(a * value**2)
    sum_c, sum_cf = np.cumsum(c), np.cumsum(c * value)
    variance = value**2 * sum_a - 2 * value * sum_af + sum_aff + np.cumsum(b) - 2 * (value * sum_c - sum_cf)
    low, high = _log_log(value, variance, level)
    return value, low, high


def curves(times: pl.DataFrame, causes: Sequence[str], horizon: int, level: float = 0.95) -> pl.DataFrame:
    """Return the Kaplan-Meier curve and the cumulative incidence of each cause.

    Args:
        times: see `life_table`.
        causes: names.
        horizon: last month.
        level: of the intervals.

    Returns:
        Rows of `CURVE` for months 0 to the last one with anybody at risk.
    """
    at_risk, events = life_table(times, causes, horizon)
    seen = int((at_risk > 0).sum())
    at_risk, events = at_risk[:seen], events[:, :seen]
    made = [_frame("free", at_risk, events.sum(axis=0), *kaplan_meier(at_risk, events.sum(axis=0), level), start=1.0)]
    for place, cause in enumerate(causes):
        made.append(_frame(cause, at_risk, events[place], *incidence(at_risk, events, place, level), start=0.0))
    return pl.concat(made)


def _frame(
    name: str, at_risk: Ints, events: Ints, value: Floats, low: Floats, high: Floats, *, start: float
) -> pl.DataFrame:
    first = int(at_risk[0]) if len(at_risk) else 0
    columns: dict[str, Any] = {
        "month": np.arange(len(at_risk) + 1),
        "at_risk": np.concatenate([[first], at_risk]),
        "events": np.concatenate([[0], events]),
        "value": np.concatenate([[start], value]),
        "low": np.concatenate([[start], low]),
        "high": np.concatenate([[start], high]),
    }
    return pl.DataFrame({"curve": [name] * (len(at_risk) + 1), **columns}, schema=CURVE)
