"""Intervals agree with statsmodels where it can be trusted, and cover; the trend test is the textbook's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from hopenow.oversight.fairness.rates import difference, rate, ratio, trend


@given(st.integers(30, 500), st.integers(30, 500), st.floats(0.1, 0.9), st.floats(0.1, 0.9))
def test_the_ratio_interval_is_near_the_one_of_statsmodels(
    whole: int, whole0: int, share: float, share0: float
) -> None:
    part, part0 = round(whole * share), round(whole0 * share0)
    own = ratio(part, whole, part0, whole0)
    low, high = confint_proportions_2indep(
        part, whole, part0, whole0, compare="ratio", method="score", correction=False
    )
    assert own.value == pytest.approx((part / whole) / (part0 / whole0))
    assert own.low == pytest.approx(low, rel=1e-4)
    assert own.high == pytest.approx(high, rel=1e-4)


def test_where_everybody_or_nobody_was_selected() -> None:
    both = ratio(50, 50, 30, 30)
    assert both.low < 1 == both.value < both.high
    none = ratio(0, 50, 20, 100)
    assert none.value == none.low == 0 < none.high < 1
    assert math.isnan(ratio(5, 10, 0, 10).value)
    assert math.isnan(rate(0, 0).value)
    assert math.isnan(difference(1, 0, 1, 1).value)


@pytest.mark.parametrize(
    ("share", "share0", "whole", "whole0"), [(0.6, 0.7, 80, 300), (0.3, 0.3, 40, 500), (0.9, 0.75, 60, 200)]
)
def test_intervals_cover_at_their_rate(share: float, share0: float, whole: int, whole0: int) -> None:
    rng = np.random.default_rng(7)
    runs = 2_000
    parts, parts0 = rng.binomial(whole, share, runs), rng.binomial(whole0, share0, runs)
    inside = {"rate": 0, "difference": 0, "ratio": 0}
    for part, part0 in zip(parts.tolist(), parts0.tolist(), strict=True):
        for name, found, truth in (
            ("rate", rate(part, whole), share),
            ("difference", difference(part, whole, part0, whole0), share - share0),
            ("ratio", ratio(part, whole, part0, whole0), share / share0),
        ):
            inside[name] += found.low <= truth <= found.high
    for name, count in inside.items():
        assert 0.935 <= count / runs <= 0.97, (name, count / runs)


def test_the_trend_is_the_root_of_the_textbook_chi_square() -> None:
    # Agresti, Categorical Data Analysis: infant malformation by mother's drinking, with scores 1 to 5.
    hits, sizes = [48, 38, 5, 1, 1], [17114, 14502, 793, 127, 38]
    found = trend(hits, sizes)
    scores = np.arange(1, 6)
    n, total = np.array(sizes, float), sum(sizes)
    x, p = np.repeat(scores, sizes), sum(hits) / total
    y = np.concatenate([np.r_[np.ones(h), np.zeros(s - h)] for h, s in zip(hits, sizes, strict=True)])
    expected = np.corrcoef(x, y)[0, 1] * math.sqrt(total)
    assert found.z == pytest.approx(expected, rel=1e-9)
    assert found.p == pytest.approx(math.erfc(abs(expected) / math.sqrt(2)))
    assert p > 0
    assert n.sum() == total


def test_no_trend_where_there_is_nothing_to_tell() -> None:
    assert math.isnan(trend([0, 0], [10, 10]).z)
    assert math.isnan(trend([5], [10]).z)
    assert math.isnan(trend([], []).z)
