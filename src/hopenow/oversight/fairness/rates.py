"""Rates, differences and ratios of two groups, with intervals, and a test for a trend over ordered groups.

The methods are standard ones: Wilson's interval for a rate, Newcombe's for a difference of two, the score method
(Koopman 1984) for a ratio of two, and the Cochran-Armitage test for a trend. Wilson's comes from statsmodels; its score
interval for a ratio is off where everybody was selected, so that one is worked out here.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hopenow.oversight.fairness.vocabulary import measures

__all__ = ["Estimate", "Trend", "alpha", "difference", "rate", "ratio", "trend"]


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A figure with its interval; NaN where it cannot be worked out."""

    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether there is a figure."""
        return not math.isnan(self.value)


NOTHING = Estimate(math.nan, math.nan, math.nan)


def alpha() -> float:
    """Chance that an interval misses, as the measures set it."""
    return 1 - measures()["confidence"] / 1_000_000


@functools.cache
def _proportion() -> Any:
    from statsmodels.stats import proportion

    return proportion


def rate(part: int, whole: int, level: float | None = None) -> Estimate:
    """Return a share with Wilson's interval."""
    if whole <= 0:
        return NOTHING
    low, high = _proportion().proportion_confint(
        part, whole, alpha=alpha() if level is None else level, method="wilson"
    )
    # The ends are exact where everybody or nobody has it, but for rounding.
    return Estimate(part / whole, 0.0 if part == 0 else float(low), 1.0 if part == whole else float(high))


def difference(part: int, whole: int, part0: int, whole0: int) -> Estimate:
    """Return a group's rate minus the reference's, with Newcombe's interval."""
    if whole <= 0 or whole0 <= 0:
        return NOTHING
    one, two = rate(part, whole), rate(part0, whole0)
    value = one.value - two.value
    low = value - math.hypot(one.value - one.low, two.high - two.value)
    high = value + math.hypot(one.high - one.value, two.value - two.low)
    return Estimate(value, low, high)


def ratio(part: int, whole: int, part0: int, whole0: int) -> Estimate:
    """Return a group's rate over the reference's, with the score interval."""
    if whole <= 0 or whole0 <= 0 or part0 == 0:
        return NOTHING
    value = (part / whole) / (part0 / whole0)
    bound = _normal(1 - alpha() / 2)
    low = 0.0 if part == 0 else _where(lambda theta: _score(theta, part, whole, part0, whole0) < bound, value, 0.5)
    high = _where(lambda theta: _score(theta, part, whole, part0, whole0) > -bound, value or 1e-9, 2.0)
    return Estimate(value, low, high)


def _score(theta: float, part: int, whole: int, part0: int, whole0: int) -> float:
    """Return the score statistic of the ratio ``theta``: how far the counts lie from it, in standard errors."""
    square = (whole + whole0) * theta
    linear = whole * theta + part + whole0 + part0 * theta
    both = part + part0
    base = (linear - math.sqrt(max(linear**2 - 4 * square * both, 0.0))) / (2 * square)
    spread = theta * base * (1 - theta * base) / whole + theta**2 * base * (1 - base) / whole0
    gap = part / whole - theta * part0 / whole0
    if spread <= 0:
        return 0.0 if gap == 0 else math.copysign(math.inf, gap)
    return gap / math.sqrt(spread)


def _where(inside: Callable[[float], bool], start: float, factor: float) -> float:
    """Walk from the estimate until a ratio is no longer inside the interval, then close in on the border."""
    near, far = start, start * factor
    for _ in range(60):
        if not inside(far):
            break
        near, far = far, far * factor
    else:
        return 0.0 if factor < 1 else math.inf
    for _ in range(60):
        middle = math.sqrt(near * far)
        if inside(middle):
            near = middle
        else:
            far = middle
    return near


@functools.cache
def _normal(quantile: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf(quantile))


@dataclasses.dataclass(frozen=True)
class Trend:
    """The Cochran-Armitage test: a negative z means that the rate falls along the order."""

    z: float
    p: float


def trend(parts: Sequence[int], wholes: Sequence[int]) -> Trend:
    """Test whether a rate rises or falls over ordered groups (scored 1, 2, 3 ...).

    Args:
        parts: count in each group, in order.
        wholes: size of each group.

    Returns:
        z and the two-sided chance; NaN where all or none were helped, or all stand in one group.
    """
    hits, sizes = np.asarray(parts, np.float64), np.asarray(wholes, np.float64)
    scores = np.arange(1, len(sizes) + 1, dtype=np.float64)
    total = sizes.sum()
    if total <= 0:
        return Trend(math.nan, math.nan)
    share = hits.sum() / total
    mean = (sizes * scores).sum() / total
    spread = share * (1 - share) * (sizes * (scores - mean) ** 2).sum()
    if spread <= 0:
        return Trend(math.nan, math.nan)
    z = float((hits * (scores - mean)).sum() / math.sqrt(spread))
    return Trend(z, math.erfc(abs(z) / math.sqrt(2)))
