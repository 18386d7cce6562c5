"""Curves equal those of lifelines and statsmodels, and their intervals cover as often as they say."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from hopenow.oversight.survival import CENSORED, curves, life_table

CAUSES = ("redefault", "paid_off")


def draw(rng: np.random.Generator, n: int) -> pl.DataFrame:
    """Two causes with constant monthly chances, censored evenly."""
    default, payoff = rng.geometric(0.02, n), rng.geometric(0.015, n)
    censor = rng.integers(1, 61, n)
    first = np.minimum(np.minimum(default, payoff), censor)
    cause = np.where(first == censor, CENSORED, np.where(default <= payoff, CAUSES[0], CAUSES[1]))
    cause = np.where(
        (first == censor) & (np.minimum(default, payoff) <= censor), np.where(default <= payoff, *CAUSES), cause
    )
    return pl.DataFrame({"month": first, "cause": cause})


def one(frame: pl.DataFrame, curve: str) -> pl.DataFrame:
    return frame.filter((pl.col("curve") == curve) & (pl.col("month") > 0))


@pytest.fixture
def times() -> pl.DataFrame:
    return draw(np.random.default_rng(11), 700)


def test_kaplan_meier_equals_lifelines_and_statsmodels(times: pl.DataFrame) -> None:
    lifelines = pytest.importorskip("lifelines")
    ours = one(curves(times, CAUSES, 60), "free")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pandas, which lifelines uses
        fitter = lifelines.KaplanMeierFitter().fit(times["month"].to_numpy(), (times["cause"] != CENSORED).to_numpy())
        at = ours["month"].to_numpy()
        theirs = fitter.survival_function_at_times(at).to_numpy()
        bands = fitter.confidence_interval_survival_function_.loc[at].to_numpy()
    assert np.allclose(ours["value"].to_numpy(), theirs, atol=1e-12)
    assert np.allclose(ours.select("low", "high").to_numpy(), bands, atol=1e-9)
    other = SurvfuncRight(times["month"].to_numpy(), (times["cause"] != CENSORED).to_numpy().astype(int))
    at_events = ours.filter(pl.col("month").is_in(other.surv_times.tolist()))["value"].to_numpy()
    assert np.allclose(at_events, other.surv_prob, atol=1e-12)


@pytest.mark.parametrize("place", [0, 1])
def test_competing_risks_equal_statsmodels(times: pl.DataFrame, place: int) -> None:
    status = times["cause"].replace_strict({CENSORED: 0, CAUSES[0]: 1, CAUSES[1]: 2}, return_dtype=pl.Int64).to_numpy()
    theirs = CumIncidenceRight(times["month"].to_numpy(), status)
    ours = one(curves(times, CAUSES, 60), CAUSES[place])
    ours = ours.filter(pl.col("month").is_in(theirs.times.tolist()))
    assert np.allclose(ours["value"].to_numpy(), theirs.cinc[place], atol=1e-12)


@pytest.mark.parametrize("cause", CAUSES)
def test_competing_risks_equal_lifelines(times: pl.DataFrame, cause: str) -> None:
    lifelines = pytest.importorskip("lifelines")
    status = times["cause"].replace_strict({CENSORED: 0, CAUSES[0]: 1, CAUSES[1]: 2}, return_dtype=pl.Int64).to_numpy()
    # lifelines moves ties apart at random; fine steps in place of months leave it none to move.
    rank = pl.Series(np.random.default_rng(3).permutation(times.height)).cast(pl.Int64)
    apart = times.with_columns(month=pl.col("month") * 1_000 + rank)
    exact = apart.sort("month").with_columns(month=pl.int_range(1, pl.len() + 1))
    order = apart["month"].arg_sort()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter = lifelines.AalenJohansenFitter().fit(
            exact["month"].to_numpy(), status[order.to_numpy()], event_of_interest=1 + CAUSES.index(cause)
        )
        theirs = fitter.cumulative_density_.loc[1:].to_numpy().ravel()
        variance = fitter.confidence_interval_.loc[1:].to_numpy()
        at = fitter.cumulative_density_.loc[1:].index.to_numpy().astype(int)
    ours = one(curves(exact, CAUSES, times.height), cause).filter(pl.col("month").is_in(at.tolist()))
    assert np.allclose(ours["value"].to_numpy(), theirs, atol=1e-10)
    inside = (ours["value"].to_numpy() > 0) & np.isfinite(variance).all(axis=1)
    bands = np.sort(ours.select("low", "high").to_numpy()[inside], axis=1)
    assert np.allclose(bands, np.sort(variance[inside], axis=1), atol=1e-6)


def test_shares_add_up(times: pl.DataFrame) -> None:
    found = curves(times, CAUSES, 60)
    parts = sum(one(found, name)["value"].to_numpy() for name in ("free", *CAUSES))
    assert np.allclose(parts, 1.0, atol=1e-12)
    assert ((found["low"] <= found["value"]) & (found["value"] <= found["high"])).all()


@pytest.mark.parametrize(("curve", "truth"), [("free", None), ("redefault", None)])
def test_intervals_cover_at_their_rate(curve: str, truth: float | None) -> None:
    del truth
    rng = np.random.default_rng(1)
    monthly = (1 - 0.02) * (1 - 0.015)
    # A tie of both causes in a month counts as redefault.
    true = monthly**24 if curve == "free" else 0.02 * (1 - monthly**24) / (1 - monthly)
    hits = 0
    rounds = 600
    for _ in range(rounds):
        row = one(curves(draw(rng, 150), CAUSES, 24), curve).filter(pl.col("month") == 24)
        hits += row["low"][0] <= true <= row["high"][0]
    assert 0.925 <= hits / rounds <= 0.975


def test_nobody_and_unknown_causes() -> None:
    empty = pl.DataFrame({"month": [], "cause": []}, schema={"month": pl.Int64, "cause": pl.String})
    found = curves(empty, CAUSES, 12)
    assert found["at_risk"].to_list() == [0, 0, 0]
    with pytest.raises(ValueError, match="unknown causes"):
        life_table(pl.DataFrame({"month": [1], "cause": ["flood"]}), CAUSES, 12)
    alone = curves(pl.DataFrame({"month": [0, 3], "cause": [CENSORED, "redefault"]}), CAUSES, 12)
    assert alone.filter((pl.col("curve") == "free") & (pl.col("month") == 3))["value"].to_list() == [0.0]
