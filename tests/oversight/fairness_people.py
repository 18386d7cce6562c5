"""Made-up applications for the fairness tests: who gets how far is planted, so that what is found can be checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from hopenow.oversight.fairness.applications import Applications, automatic_mapping, from_frame

STEPS = ("contacted", "applied", "complete", "decided", "offered", "trial", "permanent", "durable")


def people(
    count: int, seed: int, *, skew: float = 0.0, bias: float = 0.0, cuts: tuple[float, ...] = ()
) -> pl.DataFrame:
    """Return applications as text, columns named as in the vocabulary.

    Args:
        count: how many.
        seed: of the random numbers.
        skew: how much the log odds of an offer fall from the least to the most risky.
        bias: how much the log odds of an offer are lower for the second race.
        cuts: chance of each of `STEPS`; a usual one without.
    """
    rng = np.random.default_rng(seed)
    risk = rng.uniform(0, 1, count)
    race = np.where(rng.uniform(size=count) < 0.3, "black", "white")
    income = np.round(np.exp(rng.normal(11, 0.5, count)), 2)
    chances = cuts or (0.9, 0.85, 0.8, 0.95, 0.6, 0.97, 0.8, 0.7)
    alive = np.ones(count, bool)
    columns: dict[str, Any] = {
        "application_id": [f"A{number}" for number in range(count)],
        "risk_score": [f"{value:.6f}" for value in risk],
        "race": race.tolist(),
        "sex": np.where(rng.uniform(size=count) < 0.5, "female", "male").tolist(),
        "income": [f"{value:.2f}" for value in income],
        "area_median_income": ["60000"] * count,
        "age": rng.integers(20, 90, count).astype(str).tolist(),
        "delinquent": ["yes"] * count,
    }
    for step, chance in zip(STEPS, chances, strict=True):
        odds = np.full(count, np.log(chance / (1 - chance)))
        if step == "offered":
            odds -= skew * (risk - 0.5) + bias * (race == "black")
        alive = alive & (rng.uniform(size=count) < 1 / (1 + np.exp(-odds)))
        columns[step] = np.where(alive, "yes", "no").tolist()
    return pl.DataFrame(columns)


def applications(frame: pl.DataFrame, **changes: Any) -> Applications:
    """Read made-up applications as a file would be."""
    mapping = automatic_mapping(frame.columns, "made up").model_copy(update=changes)
    return from_frame(frame, mapping, "made up")
