"""Reported against extrapolated: an industry figure says how much of it was seen, and how far off the rest may be."""

from __future__ import annotations

import dataclasses
import math

from scipy.stats import norm

from hopenow.errors import InputError

__all__ = ["Extrapolation", "extrapolate"]


@dataclasses.dataclass(frozen=True)
class Extrapolation:
    """A count seen, and what it may stand for.

    Attributes:
        reported: as counted.
        coverage: share of the market that was counted, a fraction.
        extrapolated: reported over coverage: those not counted are taken to be like those counted.
        low: lower end of the interval if those counted were drawn by lot, and coverage were off by its error.
        high: its upper end.
        least: if those not counted did nothing at all, it is this: what was reported.
        estimated_share: share of the extrapolated figure that nobody counted.
    """

    reported: int
    coverage: float
    extrapolated: int
    low: int
    high: int
    least: int
    estimated_share: float


def extrapolate(reported: int, coverage: float, coverage_error: float = 0.0, level: float = 0.95) -> Extrapolation:
    """Extrapolate a count to the whole market.

    Args:
        reported: count, not negative.
        coverage: share of the market that was counted, above 0 and at most 1.
        coverage_error: how far off the coverage may be, as a fraction of the market.
        level: of the interval.

    Raises:
        InputError: the figures make no sense.
    """
    if reported < 0 or not 0 < coverage <= 1 or not 0 <= coverage_error < coverage:
        raise InputError(
            "To extrapolate, give a count that is not negative, a coverage above 0% and at most 100%, and an error "
            "smaller than the coverage."
        )
    z = float(norm.ppf(0.5 + level / 2))
    middle = reported / coverage
    chance = z * math.sqrt(max(reported, 1) * (1 - coverage)) / coverage
    low = (reported / min(1.0, coverage + coverage_error)) - chance
    high = (reported / (coverage - coverage_error)) + chance
    return Extrapolation(
        reported,
        coverage,
        round(middle),
        max(reported, math.floor(low)),
        math.ceil(high),
        reported,
        1 - coverage,
    )
