"""Comparisons: the jump at a threshold is found where it is, and the groups are what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from hopenow.errors import InputError
from hopenow.oversight import comparison, outcomes
from hopenow.oversight.histories import Histories, MonthMapping, read

Floats = npt.NDArray[np.float64]


def world(rng: np.random.Generator, n: int, jump: float) -> tuple[Floats, Floats]:
    x = rng.uniform(-1, 1, n)
    chance = 0.5 + 0.2 * x - 0.15 * x**2 + 0.1 * x**3 + jump * (x >= 0)
    return x, (rng.random(n) < chance).astype(float)


@pytest.mark.parametrize("jump", [0.0, 0.15])
def test_intervals_cover_at_their_rate(jump: float) -> None:
    rng = np.random.default_rng(20)
    rounds = 300
    hits = 0
    for _ in range(rounds):
        x, y = world(rng, 1_500, jump)
        found = comparison.discontinuity(x, y, 0.0)
        hits += found.low <= jump <= found.high
    assert 0.91 <= hits / rounds <= 0.985


def test_a_planted_jump_is_found_and_none_where_none_is() -> None:
    rng = np.random.default_rng(4)
    x, y = world(rng, 12_000, 0.2)
    found = comparison.discontinuity(600 + 100 * x, y, 600.0)
    assert found.low > 0.05
    assert abs(found.robust - 0.2) < 0.1
    assert found.heaping is not None
    assert found.heaping > 0.001
    elsewhere = comparison.discontinuity(600 + 100 * x, y, 650.0)
    assert elsewhere.low < 0 < elsewhere.high


def test_steering_to_a_side_shows_as_heaping() -> None:
    rng = np.random.default_rng(4)
    x, y = world(rng, 12_000, 0.2)
    moved = np.where((x > -0.05) & (x < 0), -x, x)
    found = comparison.discontinuity(moved, y, 0.0)
    assert found.heaping is not None
    assert found.heaping < 0.001


def test_the_linear_estimate_is_weighted_least_squares() -> None:
    rng = np.random.default_rng(8)
    x, y = world(rng, 800, 0.1)
    found = comparison.discontinuity(x, y, 0.0, bandwidth=0.5)
    sides = []
    for side in (x < 0, x >= 0):
        use = side & (np.abs(x) < 0.5)
        weight = np.sqrt(1 - np.abs(x[use]) / 0.5)
        design = np.column_stack([np.ones(use.sum()), x[use]]) * weight[:, None]
        sides.append(np.linalg.lstsq(design, y[use] * weight, rcond=None)[0][0])
    assert found.estimate == pytest.approx(sides[1] - sides[0], abs=1e-10)
    assert (found.below, found.above) == (int(((x < 0) & (x > -0.5)).sum()), int(((x >= 0) & (x < 0.5)).sum()))


def test_too_few_is_refused() -> None:
    with pytest.raises(InputError, match="at or above"):
        comparison.discontinuity(np.arange(-50.0, 2.0), np.zeros(52), 0.0)


def made(tmp_path: Path, rng: np.random.Generator, loans: int, effect: float) -> Histories:
    """Homeowners fall three months behind; an income of at least 50 brings a modification, which helps by so much."""
    rows = []
    for number in range(loans):
        income = float(rng.integers(20, 81))
        helped = income >= 50
        stays = rng.random() < 0.4 + 0.003 * (income - 50) + effect * helped
        lates = (
            [0, 1, 2, 3, *([0] * 20 if stays else ([0, 0, 1, 2, *range(3, 19)]))]
            if helped
            else [0, 1, 2, 3, *([0] * 20 if stays else range(4, 24))]
        )
        for month, late in enumerate(lates):
            rows.append((f"L{number}", 2015 * 12 + month, late, income, "yes" if helped and month >= 4 else "no"))
    frame = pl.DataFrame(rows, schema=["loan_id", "month", "months_late", "income", "modified"], orient="row")
    path = tmp_path / "loans.parquet"
    frame.with_columns(first=pl.lit(2015 * 12)).write_parquet(path)
    columns = {name: {"field": name} for name in ("loan_id", "month", "months_late", "modified")}
    columns |= {"income": {"carry": "income"}, "first": {"field": "first_payment_month"}}
    return read(path, MonthMapping.model_validate({"columns": columns}), grid=outcomes.grid())


def test_the_threshold_of_a_program(tmp_path: Path) -> None:
    histories = made(tmp_path, np.random.default_rng(2), 4_000, 0.3)
    jump, first = comparison.threshold(histories, "income", 50.0, 12)
    assert first is not None
    assert first.low > 0.9
    assert jump.low > 0.1
    assert abs(jump.robust - 0.3) < 0.15
    for wrong, months, words in (
        ("nothing", 12, "not a number known"),
        ("income", 13, "not after 13"),
        ("state", 12, "not a number"),
    ):
        with pytest.raises(InputError, match=words):
            comparison.threshold(histories, wrong, 50.0, months)


def test_groups_at_the_landmark(tmp_path: Path) -> None:
    histories = made(tmp_path, np.random.default_rng(2), 600, 0.3)
    sorted_people = comparison.sorted_delinquencies(histories)
    counts = dict(sorted_people["group"].value_counts().iter_rows())
    assert set(counts) == {"helped", "self_cured", "neither"}
    rows = comparison.landmark(histories).filter(pl.col("months") == 12)
    shares = dict(rows.select("group", "share").iter_rows())
    assert shares["self_cured"] == 1.0
    assert shares["neither"] == 0.0
    assert 0.5 < shares["helped"] < 1.0
    table = comparison.matched(histories).filter(pl.col("months") == 12).row(0, named=True)
    assert table["helped"] == counts["helped"]
    assert table["helped_matched"] + table["others_matched"] <= counts["helped"] + counts["neither"]
    assert table["low"] <= table["difference"] <= table["high"]
    assert table["share_others"] == 0.0


def test_every_comparison_says_what_it_cannot_show() -> None:
    assert "not an effect" in comparison.WORDS["landmark"]
    assert "not an effect" in comparison.WORDS["matched"]
    assert "no others" in comparison.WORDS["threshold"]
