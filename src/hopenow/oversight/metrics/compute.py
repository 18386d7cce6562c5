"""The registry's measures computed from histories: the same loans under every definition, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl
from scipy.stats import norm

from hopenow.oversight.histories import Histories, kernel, serious_from
from hopenow.oversight.metrics.registry import Metric, confidence, parameters

__all__ = ["GAVE_UP", "LOST", "RESULT", "STATES", "compute", "outcome", "state", "states", "wilson"]

STATES: Final = (
    "current",
    "late_30",
    "late_60",
    "late_unknown",
    "pending",
    "paid_off",
    "gave_up",
    "lost",
    "left",
    "unseen",
    "too_recent",
)
"""What became of a homeowner at a horizon, each in one only. ``late_unknown``: still has the loan, lateness not known;
``pending``: late, and a trial, forbearance or repayment plan is running, so that nothing is decided;
``left``: the loan was sold or removed, so that nothing is known; ``unseen``: the loan is no longer reported, without a
reason; ``too_recent``: the horizon lies after the end of the data."""
STATE: Final = pl.Enum(STATES)
GAVE_UP: Final = ("short_sale", "deed_in_lieu")
LOST: Final = ("foreclosure_sale", "acquired")

RESULT: Final = pl.Schema(
    {
        "metric": pl.String,
        "months": pl.Int32,
        "denominator": pl.Int64,
        "numerator": pl.Int64,
        "value": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "left_out": pl.Int64,
        "unknown": pl.Int64,
    }
)
"""Columns of results. ``left_out``: by the definition's own rule; ``unknown``: would count, but is not known."""


def wilson(hits: pl.Expr, of: pl.Expr, level: float) -> tuple[pl.Expr, pl.Expr]:
    """Return the Wilson interval of a share."""
    z = float(norm.ppf(0.5 + level / 2))
    share = hits / of
    middle = share + z * z / (2 * of)
    half = z * (share * (1 - share) / of + z * z / (4 * of * of)).sqrt()
    low, high = (middle - half) / (1 + z * z / of), (middle + half) / (1 + z * z / of)
    known = pl.when(of > 0)
    return known.then(low.clip(0.0, 1.0)), known.then(high.clip(0.0, 1.0))


def _ended(column: pl.Expr, fates: Iterable[str]) -> pl.Expr:
    return column.is_in([kernel.G_ENDED - kernel.FATES.index(fate) for fate in fates])


def state(months: int, last_month: int) -> pl.Expr:
    """Return what had become of an entry's homeowner so many months after it (one of `STATES`)."""
    late = pl.col(f"late_{months}")
    return (
        pl.when(pl.col("month") + months > last_month)
        .then(pl.lit("too_recent"))
        .when(_ended(late, ["paid_off"]))
        .then(pl.lit("paid_off"))
        .when(_ended(late, GAVE_UP))
        .then(pl.lit("gave_up"))
        .when(_ended(late, LOST))
        .then(pl.lit("lost"))
        .when(_ended(late, ["left"]))
        .then(pl.lit("left"))
        .when(late == kernel.G_UNSEEN)
        .then(pl.lit("unseen"))
        .when(late == 0)
        .then(pl.lit("current"))
        .when(pl.col(f"plan_{months}") > 0)
        .then(pl.lit("pending"))
        .when(late == kernel.G_UNKNOWN)
        .then(pl.lit("late_unknown"))
        .when(late == 1)
        .then(pl.lit("late_30"))
        .otherwise(pl.lit("late_60"))
        .cast(STATE)
    )


def states(entries: pl.DataFrame, months: int, last_month: int, by: Iterable[str] = ()) -> pl.DataFrame:
    """Count entries by what had become of them; one column for each of `STATES`, by groups."""
    keys = list(by)
    marked = entries.select(*keys, state(months, last_month).alias("state"))
    counts = [(pl.col("state") == name).sum().cast(pl.Int64).alias(name) for name in STATES]
    return marked.group_by(keys, maintain_order=True).agg(counts) if keys else marked.select(counts)


def outcome(metric: Metric, months: int, last_month: int) -> pl.Expr:
    """Return how an entry counts under a metric at a horizon: good, bad, left_out, unknown or too_recent.

    ``bad`` is the lateness (or loss) that the metric looks for.
    """
    rule = metric.compute
    late = pl.col(f"late_{months}")
    first = {1: "first_30", 2: "first_60", 3: "first_90"}
    words = {"good": "good", "bad": "bad", "leave_out": "left_out"}
    never = pl.lit(False)
    hit = pl.col(first[rule.late]) <= months if rule.kind == "ever_late" else never
    disqualified = pl.col(first[rule.ever]) <= months if rule.kind == "late_or_ever" else never
    # An unknown month may have been 60 days late; later known months settle most of them.
    doubt = (pl.col("maybe_60") <= months).fill_null(False)
    chain = (
        pl.when(pl.col("month") + months > last_month)
        .then(pl.lit("too_recent"))
        .when(hit | disqualified)
        .then(pl.lit("bad"))
        .when(_ended(late, (*GAVE_UP, *LOST)))
        .then(pl.lit(words[rule.lost]))
        .when(_ended(late, ["paid_off"]))
        .then(pl.lit(words[rule.paid_off]))
        .when(_ended(late, ["left"]) | (late == kernel.G_UNSEEN))
        .then(pl.lit("left_out"))
    )
    if rule.kind == "ever_late":
        unsure = doubt if rule.late >= serious_from() else never
        return chain.when(unsure).then(pl.lit("unknown")).otherwise(pl.lit("good"))
    chain = chain.when(late == kernel.G_UNKNOWN).then(pl.lit("unknown"))
    return chain.when(late >= rule.late).then(pl.lit("bad")).otherwise(pl.lit("good"))


def _row(
    metric: Metric, months: int | None, of: int, hits: int, left_out: int = 0, unknown: int = 0
) -> dict[str, object]:
    return {
        "metric": metric.id,
        "months": months,
        "denominator": of,
        "numerator": hits,
        "left_out": left_out,
        "unknown": unknown,
    }


def population(metric: Metric, histories: Histories, entries: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return the entries that a metric looks at."""
    chosen = (histories.entries if entries is None else entries).filter(pl.col("kind").is_in(list(metric.compute.of)))
    if metric.compute.first:
        chosen = chosen.sort("month", "number").unique("loan_id", keep="first", maintain_order=True)
    return chosen


def compute(metric: Metric, histories: Histories, entries: pl.DataFrame | None = None) -> pl.DataFrame:
    """Compute one metric.

    Args:
        metric: of the registry.
        histories: the loans.
        entries: only these of its entries (for groups); all without.

    Returns:
        Rows of `RESULT`, one for each horizon. For counts the value is null.
    """
    rule = metric.compute
    last = histories.last_month if histories.last_month is not None else 0
    rows: list[dict[str, object]] = []
    if rule.kind == "stock":
        return _finish([_stock_row(metric, histories)])
    chosen = population(metric, histories, entries)
    if rule.kind == "count":
        ends = int(histories.loans["fate"].is_in(list(rule.ends)).sum()) if rule.ends and entries is None else 0
        rows.append(_row(metric, None, 0, chosen.height + ends))
    elif rule.kind == "people":
        rows.append(_row(metric, None, histories.loans.height if entries is None else 0, chosen["loan_id"].n_unique()))
    elif rule.kind == "payment_cut":
        before, after = pl.col("payment_before"), pl.col("payment_after")
        known = chosen.filter(before.is_not_null() & after.is_not_null() & (before > 0))
        # In whole numbers: the cut is at least so many hundredths of the payment before, or more than nothing.
        within = parameters()["payment_unchanged_within"]
        nothing = 1_000_000 * (before - after) > within * before
        cut = 100 * (before - after) >= rule.least * before if rule.least else nothing
        rows.append(_row(metric, None, known.height, known.filter(cut).height, unknown=chosen.height - known.height))
    elif rule.kind == "trials_failed":
        rows.append(_trials(metric, chosen, last))
    elif rule.kind == "kept_current":
        for months in rule.months:
            counted = states(chosen, months, last).row(0, named=True)
            old = sum(counted[name] for name in STATES if name != "too_recent")
            unknown = counted["left"] + counted["unseen"]
            rows.append(_row(metric, months, old, counted["current"], unknown=unknown))
    else:
        for months in rule.months:
            marks = chosen.select(outcome(metric, months, last).alias("mark"))["mark"]
            good, bad = int((marks == "good").sum()), int((marks == "bad").sum())
            rows.append(
                _row(
                    metric,
                    months,
                    good + bad,
                    bad if rule.share == "above" else good,
                    int((marks == "left_out").sum()),
                    int((marks == "unknown").sum()),
                )
            )
    return _finish(rows)


def _trials(metric: Metric, trials: pl.DataFrame, last: int) -> dict[str, object]:
    grace = parameters()["trial_grace_months"]
    old = trials.filter(pl.col("month") + grace <= last)
    made = (pl.col("long_after") <= grace).fill_null(False)
    seen = (pl.col("seen") >= grace) | made
    known = old.filter(seen)
    failed = known.filter(~made)
    return _row(metric, grace, known.height, failed.height, left_out=old.height - known.height)


def _stock_row(metric: Metric, histories: Histories) -> dict[str, object]:
    stock = histories.stock.tail(1)
    if stock.is_empty():
        return _row(metric, None, 0, 0)
    row = stock.row(0, named=True)
    shift = 1 if metric.compute.method == "OTS" else 0
    known = sum(row[f"late_{months}"] for months in range(kernel.STOCK - 1))
    late = sum(row[f"late_{months}"] for months in range(metric.compute.late + shift, kernel.STOCK - 1))
    return _row(metric, None, known, late, unknown=row["unknown"])


def _finish(rows: list[dict[str, object]]) -> pl.DataFrame:
    schema = {name: kind for name, kind in RESULT.items() if name not in ("value", "low", "high")}
    frame = pl.DataFrame(rows, schema=schema)
    hits, of = pl.col("numerator"), pl.col("denominator")
    low, high = wilson(hits, of, confidence())
    value = pl.when(of > 0).then(hits / of)
    return frame.with_columns(value=value, low=low, high=high).select(list(RESULT))
