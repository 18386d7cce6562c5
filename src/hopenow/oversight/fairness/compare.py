"""Numbers (an interest rate, a ratio) compared between groups: means, differences, and differences all else alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import polars as pl

from hopenow.oversight.fairness.cells import MERGED, cut, everybody, together
from hopenow.oversight.fairness.groups import UNKNOWN, Dimension
from hopenow.oversight.fairness.models import linear
from hopenow.oversight.fairness.rates import alpha
from hopenow.oversight.fairness.vocabulary import measures

__all__ = ["MEANS", "means"]

MEANS = pl.Schema(
    {
        "dimension": pl.String,
        "group": pl.String,
        "reference": pl.String,
        "measure": pl.String,
        "people": pl.Int64,
        "not_known": pl.Int64,
        **{
            f"{name}{end}": pl.Float64
            for name in ("mean", "difference", "adjusted_difference")
            for end in ("", "_low", "_high")
        },
        "model_used": pl.Int64,
        "withheld": pl.Boolean,
    }
)
"""Columns of the means, rounded to four digits; Welch's interval for a difference, HC1 for the adjusted one."""


def means(
    frame: pl.DataFrame,
    dimensions: Sequence[Dimension],
    names: Sequence[str],
    controls: Sequence[str],
    minimum: int | None = None,
) -> pl.DataFrame:
    """Compare numbers between groups.

    Args:
        frame: applications with group columns.
        dimensions: ways to group people.
        names: number columns.
        controls: facts held alike in the adjusted difference.
        minimum: least people (with the number known) of a group shown; None takes the measures'.
    """
    least = measures()["minimum_cell"] if minimum is None else minimum
    rows: list[dict[str, object]] = []
    for dimension in dimensions:
        for name in names:
            rows += _compared(frame, dimension, name, [item for item in controls if item != name], least)
    return pl.DataFrame(rows, schema=MEANS)


def _compared(
    frame: pl.DataFrame, dimension: Dimension, name: str, controls: Sequence[str], least: int
) -> list[dict[str, object]]:
    column = f"group_{dimension.id}"
    own = together(frame, dimension, least)
    stats = {
        row[column]: row
        for row in own.group_by(column)
        .agg(
            pl.len().alias("all"),
            pl.col(name).count().alias("n"),
            pl.col(name).mean().alias("mean"),
            pl.col(name).var().alias("var"),
        )
        .iter_rows(named=True)
    }
    shown = {level: row for level, row in stats.items() if row["n"] >= least}
    told = pl.when(pl.col(name).is_null()).then(pl.lit("lack")).otherwise(pl.lit("known"))
    counted = frame.with_columns(told.alias("_told"))
    kinds = {kind: [kind] for kind in ("known", "lack")}
    whole = everybody(counted, "_told", list(kinds), kinds, least)
    cells = cut(counted, dimension, "_told", list(kinds), kinds, least, whole=whole)
    few = 0 < int(frame[name].null_count()) < least
    places = _places(frame[name])
    reference = dimension.reference if dimension.reference in shown else None
    found: dict[str, tuple[float, float, float]] = {}
    used = None
    if controls and reference is not None and len(shown) > 1:
        found, used = linear(own.filter(pl.col(column).is_in(list(shown))), name, column, reference, controls)
    rows = []
    for level in (*dimension.levels, UNKNOWN, MERGED):
        if level not in stats:
            continue
        row: dict[str, object] = {
            "dimension": dimension.id,
            "group": level,
            "reference": reference,
            "measure": name,
            "withheld": level not in shown,
        }
        if level in shown:
            base = shown.get(reference) if reference is not None and level != reference else None
            # The findings tell how many lack the number in all; where those are few, no group's are shown.
            counts = (None, None) if few else (cells.total(level, "known"), cells.total(level, "lack"))
            row |= {"people": counts[0], "not_known": counts[1]}
            row |= {key: round(value, places) for key, value in _figures(shown[level], base).items()}
            if level in found:
                value, low, high = found[level]
                row |= {
                    "adjusted_difference": round(value, places),
                    "adjusted_difference_low": round(low, places),
                    "adjusted_difference_high": round(high, places),
                    "model_used": used,
                }
        rows.append(row)
    return rows


def _places(values: pl.Series) -> int:
    """Return to how many decimals means are rounded: four digits, so that no withheld mean follows from the others."""
    mean = values.mean()
    size = abs(float(mean)) if isinstance(mean, int | float) else 0.0
    return 3 - math.floor(math.log10(size)) if size > 0 else 3


def _figures(own: Any, base: Any) -> dict[str, float]:
    from scipy.stats import t

    n, spread = int(own["n"]), (own["var"] or 0.0) / own["n"]
    edge = float(t.ppf(1 - alpha() / 2, max(n - 1, 1))) * math.sqrt(spread)
    row: dict[str, float] = {"mean": own["mean"], "mean_low": own["mean"] - edge, "mean_high": own["mean"] + edge}
    if base is not None:
        other = (base["var"] or 0.0) / base["n"]
        both = spread + other
        if both > 0:
            freedom = both**2 / (spread**2 / max(n - 1, 1) + other**2 / max(int(base["n"]) - 1, 1))
            edge = float(t.ppf(1 - alpha() / 2, freedom)) * math.sqrt(both)
            gap = own["mean"] - base["mean"]
            row |= {"difference": gap, "difference_low": gap - edge, "difference_high": gap + edge}
    return row
