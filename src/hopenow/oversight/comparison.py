"""Compared with whom? The unhelped, the self-cured, the alike, and those just beyond a threshold.

What each comparison can show, and cannot, stands in `WORDS` and is printed with every figure: only the comparison at an
eligibility threshold can show an effect, and only there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import binomtest, norm

from hopenow.errors import InputError
from hopenow.oversight.histories import Histories
from hopenow.oversight.metrics.compute import state, wilson
from hopenow.oversight.metrics.registry import confidence, numbers, parameters
from hopenow.oversight.outcomes import _band, horizons

__all__ = [
    "GROUPS",
    "WORDS",
    "Discontinuity",
    "discontinuity",
    "landmark",
    "matched",
    "sorted_delinquencies",
    "threshold",
]

GROUPS: Final = ("helped", "cured_with_plan", "self_cured", "neither", "over")
"""Where a homeowner stood at the landmark: had long-term help; current again with only a plan; current again without
any help; still late without long-term help; the loan had ended."""

WORDS: Final = {
    "landmark": (
        "Homeowners are sorted by what had happened by the landmark, and only what came later is compared, so "
        "nobody is "
        "credited for having lasted long enough to be helped. The groups still differ in ways that the file "
        "does not show "
        "(income, the reason for the trouble, wish to stay): whoever cured alone was often less in trouble, "
        "and whoever "
        "got help was chosen for it. The difference is a description, not an effect of the help."
    ),
    "matched": (
        "Each helped homeowner is set beside homeowners without long-term help who fell behind in the same quarter and "
        "are alike in lateness, credit score and loan-to-value bands. That removes the differences in these, and no "
        "others: servicers choose whom to help by things that are not in the file. The difference is a "
        "description, not "
        "an effect of the help."
    ),
    "threshold": (
        "A rule gave help on one side of a threshold and not on the other. Close to it, homeowners on both sides are "
        "alike except for the rule, provided that nobody could steer to a side and nothing else changes there. "
        "Then the "
        "jump at the threshold is an effect of falling on that side, for homeowners at the threshold and for no others."
    ),
}

Floats = npt.NDArray[np.float64]
_KNOWN: Final = ("current", "late_30", "late_60", "pending", "paid_off", "gave_up", "lost")


def sorted_delinquencies(histories: Histories) -> pl.DataFrame:
    """Return each loan's first serious delinquency with its group at the landmark (`GROUPS`)."""
    at = parameters()["landmark"]
    first = histories.delinquencies.filter(pl.col("number") == 1)
    ended = (pl.col("fate_after") <= at).fill_null(False)
    cured = (pl.col("over_after") <= at).fill_null(False)
    helped = (pl.col("long_after") <= at).fill_null(False)
    planned = (pl.col("next_after") <= at).fill_null(False)
    group = (
        pl.when(ended)
        .then(pl.lit("over"))
        .when(helped)
        .then(pl.lit("helped"))
        .when(cured & planned)
        .then(pl.lit("cured_with_plan"))
        .when(cured)
        .then(pl.lit("self_cured"))
        .otherwise(pl.lit("neither"))
    )
    return first.with_columns(
        group=group.cast(pl.Enum(GROUPS)),
        score_band=_band(pl.col("original_score"), numbers("score_bands_from"), ""),
        ltv_band=_band(pl.col("original_ltv"), numbers("ltv_bands_from"), ""),
        quarter=pl.col("month") // 3,
    )


def landmark(histories: Histories) -> pl.DataFrame:
    """Compare what became of the groups after the landmark.

    Returns:
        ``months`` (after the start of the delinquency), ``group``, ``people`` (old enough for the horizon),
        ``current``, ``kept_late``, ``paid_off``, ``gave_up``, ``lost``, ``unknown``, and ``share`` (current, of all)
        with its interval.
    """
    people = sorted_delinquencies(histories)
    last = histories.last_month or 0
    made = []
    for months in horizons():
        if months <= parameters()["landmark"]:
            continue
        marked = people.with_columns(state=state(months, last)).filter(pl.col("state") != "too_recent")

        def count(names: Sequence[str]) -> pl.Expr:
            return pl.col("state").is_in(list(names)).sum().cast(pl.Int64)

        rows = marked.group_by("group").agg(
            people=pl.len().cast(pl.Int64),
            current=count(["current"]),
            kept_late=count(["late_30", "late_60", "pending"]),
            paid_off=count(["paid_off"]),
            gave_up=count(["gave_up"]),
            lost=count(["lost"]),
            unknown=count(["late_unknown", "left", "unseen"]),
        )
        made.append(rows.with_columns(months=pl.lit(months, pl.Int32)))
    low, high = wilson(pl.col("current"), pl.col("people"), confidence())
    counts = ("current", "kept_late", "paid_off", "gave_up", "lost", "unknown")
    return (
        pl.concat(made)
        .sort("months", "group")
        .select(
            "months",
            "group",
            "people",
            *counts,
            (pl.col("current") / pl.col("people")).alias("share"),
            low.alias("low"),
            high.alias("high"),
        )
    )


def matched(histories: Histories) -> pl.DataFrame:
    """Set the helped beside those alike who were neither helped nor cured by the landmark.

    Cells are quarter of the delinquency, bands of lateness at its worst, credit score and loan-to-value. The difference
    in a cell counts by its helped homeowners (as an average over the treated does); its variance is the sum over cells.
    Every homeowner whose state is known counts, current against anything else.

    Returns:
        ``months``, ``helped`` (all), ``helped_matched``, ``others_matched``, ``cells``, ``share_helped``,
        ``share_others``, ``difference``, ``low``, ``high``.
    """
    people = sorted_delinquencies(histories).filter(pl.col("group").is_in(["helped", "neither"]))
    people = people.with_columns(late_band=_band(pl.col("worst_before"), numbers("late_bands_from"), ""))
    last = histories.last_month or 0
    z = float(norm.ppf(0.5 + confidence() / 2))
    rows: list[dict[str, Any]] = []
    for months in horizons():
        if months <= parameters()["landmark"]:
            continue
        known = people.with_columns(state=state(months, last)).filter(pl.col("state").is_in(list(_KNOWN)))
        good = pl.col("state") == "current"
        treated = pl.col("group") == "helped"
        cells = known.group_by("quarter", "late_band", "score_band", "ltv_band").agg(
            n1=treated.sum().cast(pl.Int64),
            n0=(~treated).sum().cast(pl.Int64),
            y1=(good & treated).sum().cast(pl.Int64),
            y0=(good & ~treated).sum().cast(pl.Int64),
        )
        both = cells.filter((pl.col("n1") > 0) & (pl.col("n0") > 0))
        total = int(known.filter(treated).height)
        if both.is_empty():
            rows.append({"months": months, "helped": total, "helped_matched": 0, "others_matched": 0, "cells": 0})
            continue
        n1, n0, y1, y0 = (both[name].to_numpy().astype(float) for name in ("n1", "n0", "y1", "y0"))
        weight = n1 / n1.sum()
        # Add half a success and half a failure for the variance, so that small cells do not look certain.
        q1, q0 = (y1 + 0.5) / (n1 + 1), (y0 + 0.5) / (n0 + 1)
        variance = float((weight**2 * (q1 * (1 - q1) / n1 + q0 * (1 - q0) / n0)).sum())
        share1, share0 = float((weight * y1 / n1).sum()), float((weight * y0 / n0).sum())
        half = z * variance**0.5
        rows.append(
            {
                "months": months,
                "helped": total,
                "helped_matched": int(n1.sum()),
                "others_matched": int(n0.sum()),
                "cells": both.height,
                "share_helped": share1,
                "share_others": share0,
                "difference": share1 - share0,
                "low": max(-1.0, share1 - share0 - half),
                "high": min(1.0, share1 - share0 + half),
            }
        )
    schema = {
        "months": pl.Int32, "helped": pl.Int64, "helped_matched": pl.Int64, "others_matched": pl.Int64,
        "cells": pl.Int64, "share_helped": pl.Float64, "share_others": pl.Float64, "difference": pl.Float64,
        "low": pl.Float64, "high": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema)


# --- regression discontinuity ---------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Discontinuity:
    """The jump of an outcome at a threshold.

    Attributes:
        running: what the threshold is in.
        cutoff: the threshold; "at or above" against "below".
        outcome: in words.
        bandwidth: how far from the threshold homeowners count.
        below: homeowners that count below it. above: at or above it.
        estimate: the jump by local linear regression.
        robust: the jump corrected for bias. low, high: robust interval around it.
        level: of the interval.
        heaping: chance of so uneven a number on both sides right at the threshold, if nobody steered; None where too
            few.
        values: different values of the running variable within the bandwidth.
    """

    running: str
    cutoff: float
    outcome: str
    bandwidth: float
    below: int
    above: int
    estimate: float
    robust: float
    low: float
    high: float
    level: float
    heaping: float | None
    values: int


def discontinuity(
    running: Floats,
    outcome: Floats,
    cutoff: float,
    *,
    bandwidth: float | None = None,
    level: float = 0.95,
    names: tuple[str, str] = ("running variable", "outcome"),
) -> Discontinuity:
    """Estimate the jump of an outcome at a threshold.

    Local linear regression with a triangular kernel on each side. The interval is the robust one of Calonico, Cattaneo
    and Titiunik (2014) with the bias estimated in the same bandwidth, which makes the corrected estimate that of a
    local quadratic regression with its heteroskedasticity-robust variance (HC3). Without a bandwidth, the one with the
    least mean squared error of the linear estimate is taken, from global and pilot fits, with their regularization.

    Args:
        running: running variable; anything not finite is left out, with its outcome.
        outcome: outcome (0 or 1, or a number).
        cutoff: threshold.
        bandwidth: in the running variable's unit.
        level: of the interval.
        names: of both, for display.

    Raises:
        InputError: too few values on one side.
    """
    x, y = np.asarray(running, float), np.asarray(outcome, float)
    keep = np.isfinite(x) & np.isfinite(y)
    x, y = x[keep] - cutoff, y[keep]
    for side, words in ((x < 0, "below"), (x >= 0, "at or above")):
        if side.sum() < _LEAST or len(np.unique(x[side])) < _VALUES:
            raise InputError(
                f"Too few homeowners {words} the threshold {cutoff:g} of {names[0]}: "
                f"at least {_LEAST} with {_VALUES} different values are needed."
            )
    h = _bandwidth(x, y) if bandwidth is None else bandwidth
    inside = np.abs(x) < h
    for side in (x < 0, x >= 0):
        here = inside & side
        if here.sum() < _LEAST // 2 or len(np.unique(x[here])) < _VALUES:
            nearest = np.sort(np.abs(x[side]))
            distinct = np.unique(nearest)
            h = max(h, float(nearest[min(len(nearest), _LEAST) - 1]) * 1.01, float(distinct[_VALUES - 1]) * 1.01)
    inside = np.abs(x) < h
    linear = [_local(x, y, inside & side, h, 1) for side in (x < 0, x >= 0)]
    quadratic = [_local(x, y, inside & side, h, 2) for side in (x < 0, x >= 0)]
    robust = quadratic[1][0] - quadratic[0][0]
    half = float(norm.ppf(0.5 + level / 2)) * (quadratic[0][1] + quadratic[1][1]) ** 0.5
    return Discontinuity(
        names[0],
        cutoff,
        names[1],
        float(h),
        int((inside & (x < 0)).sum()),
        int((inside & (x >= 0)).sum()),
        linear[1][0] - linear[0][0],
        robust,
        robust - half,
        robust + half,
        level,
        _heaping(x, h),
        len(np.unique(x[inside])),
    )


_LEAST: Final = 20
_VALUES: Final = 4


def _local(x: Floats, y: Floats, use: npt.NDArray[np.bool_], h: float, degree: int) -> tuple[float, float]:
    """Return the fitted value at zero and its HC3 variance, of a weighted polynomial on one side."""
    xs, ys = x[use] / h, y[use]
    weight = 1 - np.abs(xs)
    design = np.vander(xs, degree + 1, increasing=True)
    weighted = design * weight[:, None]
    bread = np.linalg.pinv(weighted.T @ design)
    beta = bread @ (weighted.T @ ys)
    leverage = np.einsum("ij,jk,ik->i", weighted, bread, design)
    residual = (ys - design @ beta) / np.maximum(1 - leverage, 1e-3)
    first = bread[0] @ weighted.T
    return float(beta[0]), float(((first * residual) ** 2).sum())


def _bandwidth(x: Floats, y: Floats) -> float:
    """Return the bandwidth with the least mean squared error of the local linear jump (Imbens and Kalyanaraman)."""
    n = len(x)
    spread = min(float(np.std(x)), float(np.subtract(*np.percentile(x, [75, 25]))) / 1.349 or float(np.std(x)))
    pilot = 1.84 * spread * n ** (-1 / 5)
    left, right = x < 0, x >= 0
    near_left, near_right = left & (x >= -pilot), right & (x <= pilot)
    while min(near_left.sum(), near_right.sum()) < 10 and pilot < np.abs(x).max():
        pilot *= 1.5
        near_left, near_right = left & (x >= -pilot), right & (x <= pilot)
    density = (near_left.sum() + near_right.sum()) / (2 * n * pilot)
    variance = float(np.var(y[near_left]) + np.var(y[near_right])) / 2
    if variance == 0 or density == 0:
        return float(np.abs(x).max()) * 1.01
    # Third derivative of a global cubic with a jump, for the pilot bandwidth of the second derivatives.
    middle = (x >= np.median(x[left])) & (x <= np.median(x[right]))
    cubic = np.column_stack([np.ones(n), right, x, x**2, x**3])[middle]
    third = 6 * float(np.linalg.lstsq(cubic, y[middle], rcond=None)[0][4])
    curvature, noise = [], []
    for side in (left, right):
        size = int(side.sum())
        wide = 3.56 * (variance / (density * max(third**2, 0.01 * variance / spread**6))) ** (1 / 7) * size ** (-1 / 7)
        use = side & (np.abs(x) <= wide)
        if use.sum() < 10:
            use, wide = side, float(np.abs(x[side]).max())
        square = np.vander(x[use], 3, increasing=True)
        second = 2 * float(np.linalg.lstsq(square, y[use], rcond=None)[0][2])
        curvature.append(second)
        noise.append(2160 * variance / (int(use.sum()) * wide**4))
    gap = (curvature[1] - curvature[0]) ** 2 + sum(noise)
    best = 3.4375 * (2 * variance / (density * gap)) ** (1 / 5) * n ** (-1 / 5)
    return float(min(best, np.abs(x).max() * 1.01))


def _heaping(x: Floats, h: float) -> float | None:
    """Return the chance of so uneven a number on both sides close to the threshold, by the binomial."""
    for share in (0.1, 0.25, 0.5):
        near = np.abs(x) < share * h
        below, above = int((near & (x < 0)).sum()), int((near & (x >= 0)).sum())
        if below + above >= 2 * _LEAST:
            return float(binomtest(above, below + above, 0.5).pvalue)
    return None


def threshold(
    histories: Histories, running: str, cutoff: float, months: int, *, bandwidth: float | None = None
) -> tuple[Discontinuity, Discontinuity | None]:
    """Estimate the jump at an eligibility threshold, among homeowners who fell behind.

    Args:
        histories: the loans.
        running: a number known at the start of the delinquency: a column of the entries or one carried along.
        cutoff: the threshold.
        months: horizon of the outcome "current", one of `outcomes.horizons`.
        bandwidth: see `discontinuity`.

    Returns:
        The jump in being current, and the jump in long-term help by the landmark (None where it cannot be estimated):
        without one, there is nothing to look for.

    Raises:
        InputError: the column does not exist or is no number, the horizon is none, or too few are known.
    """
    people = histories.delinquencies.filter(pl.col("number") == 1)
    if running not in people.columns or not people[running].dtype.is_numeric():
        names = [name for name in (*_RUNNING, *histories.carried) if name in people.columns]
        raise InputError(f"{running!r} is not a number known of each homeowner; there are: {', '.join(names)}.")
    if months not in horizons():
        raise InputError(f"The outcome is known after {', '.join(map(str, horizons()))} months, not after {months}.")
    known = people.with_columns(state=state(months, histories.last_month or 0)).filter(
        pl.col("state").is_in(list(_KNOWN))
    )
    x = known[running].cast(pl.Float64).to_numpy()
    y = (known["state"] == "current").cast(pl.Float64).to_numpy()
    at = parameters()["landmark"]
    helped = (known["long_after"] <= at).fill_null(False).cast(pl.Float64).to_numpy()
    level = confidence()
    jump = discontinuity(
        x, y, cutoff, bandwidth=bandwidth, level=level, names=(running, f"current {months} months after falling behind")
    )
    try:
        first = discontinuity(
            x,
            helped,
            cutoff,
            bandwidth=jump.bandwidth,
            level=level,
            names=(running, f"long-term help within {at} months"),
        )
    except InputError:
        first = None
    return jump, first


_RUNNING: Final = (
    "original_score", "original_ltv", "original_rate", "original_balance", "original_term", "rate_before",
    "balance_before", "payment_before", "term_before", "score_before", "month",
)  # fmt: skip
