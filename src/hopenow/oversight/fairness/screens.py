"""Whom each rule left out, and how they fared.

Needs the reason of a denial, and for the second table what became of the home. Both describe; neither says that the
rule caused what came after: those whom a rule leaves out differ from those whom it lets through.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import polars as pl

from hopenow.oversight.fairness.cells import EVERYBODY, MERGED, Cells, cut, everybody, joined
from hopenow.oversight.fairness.groups import UNKNOWN, Dimension
from hopenow.oversight.fairness.rates import Estimate, rate, ratio
from hopenow.oversight.fairness.vocabulary import measures

__all__ = ["FARED", "SCREENED", "Screens", "screens"]

HELPED = "offered help"
NO_REASON = "denied, no reason given"
NOT_DECIDED = "not decided"
OTHER = "other reasons together"
FATES = ("kept_home", "gave_up_home", "lost_home", "pending", "unknown")

SCREENED = pl.Schema(
    {
        "dimension": pl.String,
        "group": pl.String,
        "reference": pl.String,
        "reason": pl.String,
        "decided": pl.Int64,
        "screened_out": pl.Int64,
        **{f"{name}{end}": pl.Float64 for name in ("rate", "ratio") for end in ("", "_low", "_high")},
        "withheld": pl.Boolean,
    }
)
"""Share of a group's decided people whom a rule left out, and its ratio to the reference group's."""
FARED = pl.Schema(
    {
        "reason": pl.String,
        "fate": pl.String,
        "people": pl.Int64,
        "count": pl.Int64,
        **{f"rate{end}": pl.Float64 for end in ("", "_low", "_high")},
        "withheld": pl.Boolean,
    }
)
"""What became of those whom each rule left out, beside those who were offered help; shares of those whose fate is known
or pending, the unknown apart."""


@dataclasses.dataclass(frozen=True)
class Screens:
    """Whom rules left out (`SCREENED`), how they fared (`FARED`), and rare reasons counted in others."""

    screened: pl.DataFrame
    fared: pl.DataFrame
    joined: dict[str, str]


def screens(
    frame: pl.DataFrame,
    dimensions: Sequence[Dimension],
    minimum: int | None = None,
    tables: Mapping[str, Cells] | None = None,
) -> Screens:
    """Count whom each reason left out, by group, and what became of them.

    Args:
        frame: applications with stages and groups; ``denial_reason`` may hold several, with semicolons: the first
            counts.
        dimensions: ways to group people.
        minimum: smallest count shown; None takes the measures'.
        tables: the counts of the way to help that are shown of the same people, by dimension.
    """
    empty = Screens(pl.DataFrame(schema=SCREENED), pl.DataFrame(schema=FARED), {})
    if "denial_reason" not in frame.columns:
        return empty
    frame = frame.with_columns(_reason(frame).alias("_reason"))
    frame, few = _few_together(frame, minimum)
    reasons = sorted(frame["_reason"].unique().to_list(), key=lambda name: (name in {HELPED, NOT_DECIDED}, name))
    decided = [name for name in reasons if name != NOT_DECIDED]
    figures = {**{name: [name] for name in decided}, "decided": decided}
    shown = tables or {}
    whole = everybody(frame, "_reason", reasons, figures, minimum)
    screened = _screened(whole, Dimension("", EVERYBODY, False, (EVERYBODY,), None, ""), decided)
    for dimension in dimensions:
        known = _known(shown[dimension.id]) if dimension.id in shown else ()
        cells = cut(frame, dimension, "_reason", reasons, figures, minimum, whole=whole, known=known)
        screened += _screened(cells, dimension, decided)
    fared = _fared(frame, reasons, minimum) if "fared" in frame.columns else pl.DataFrame(schema=FARED)
    return Screens(pl.DataFrame(screened, schema=SCREENED), fared, few)


def _reason(frame: pl.DataFrame) -> pl.Expr:
    denied = pl.col("denied").fill_null(False) if "denied" in frame.columns else pl.col("denial_reason").is_not_null()
    offered = pl.col("offered").fill_null(False) if "offered" in frame.columns else pl.lit(False)
    first = pl.col("denial_reason").str.split(";").list.first().str.strip_chars()
    return (
        pl.when(denied & first.is_not_null()).then(first)
        .when(denied).then(pl.lit(NO_REASON))
        .when(offered).then(pl.lit(HELPED))
        .otherwise(pl.lit(NOT_DECIDED))
    )  # fmt: skip


def _few_together(frame: pl.DataFrame, minimum: int | None) -> tuple[pl.DataFrame, dict[str, str]]:
    """Count reasons with few people in others, as small groups are; never in those who were offered help."""
    least = measures()["minimum_cell"] if minimum is None else minimum
    sizes = {str(name): int(count) for name, count in frame["_reason"].value_counts(name="n").iter_rows()}
    names = sorted(name for name in sizes if name not in {HELPED, NOT_DECIDED})
    into = {
        name: OTHER if target == MERGED else target
        for name, target in joined(names, sizes, least, ordered=False, sink=NO_REASON).items()
    }
    return frame.with_columns(pl.col("_reason").replace(into)), into


def _known(cells: Cells) -> set[tuple[str, str]]:
    """Return what the way to help shows already: how many were decided, and how many were offered help."""
    same = {"decided": "decided", "offered": HELPED}
    return {(group, same[figure]) for group, figure in cells.shown() if figure in same}


def _screened(cells: Cells, dimension: Dimension, decided: Sequence[str]) -> list[dict[str, object]]:
    names = [name for name in cells.groups if name not in {UNKNOWN, MERGED}]
    reference = dimension.reference if dimension.reference in names else None
    rows: list[dict[str, object]] = []
    for reason in decided:
        if reason == HELPED:
            continue
        base = (
            (cells.total(reference, reason), cells.total(reference, "decided"))
            if reference is not None
            else (None, None)
        )
        for group in cells.groups:
            count, whole = cells.total(group, reason), cells.total(group, "decided")
            row: dict[str, object] = {
                "dimension": dimension.id, "group": group, "reference": reference, "reason": reason,
                "decided": whole, "screened_out": count, "withheld": count is None or whole is None,
            }  # fmt: skip
            if count is not None and whole:
                row |= _named("rate", rate(count, whole))
                if base[0] is not None and base[1] and group != reference:
                    row |= _named("ratio", ratio(count, whole, base[0], base[1]))
            rows.append(row)
    return rows


def _fared(frame: pl.DataFrame, reasons: Sequence[str], minimum: int | None) -> pl.DataFrame:
    known = [name for name in FATES if name != "unknown"]
    fate = pl.when(pl.col("fared").is_in(known)).then(pl.col("fared")).otherwise(pl.lit("unknown"))
    levels = tuple(reasons)
    made = frame.with_columns(pl.col("_reason").alias("group__reason"), fate.alias("_fate"))
    figures = {**{name: [name] for name in FATES}, "known": known}
    cells = cut(made, Dimension("_reason", "", False, levels, None, ""), "_fate", FATES, figures, minimum)
    rows: list[dict[str, object]] = []
    for reason in cells.groups:
        whole = cells.total(reason, "known")
        for name in FATES:
            count = cells.total(reason, name)
            people = whole if name != "unknown" else cells.total(reason)
            row: dict[str, object] = {
                "reason": reason, "fate": name, "people": people, "count": count,
                "withheld": count is None or people is None,
            }  # fmt: skip
            if count is not None and people:
                row |= _named("rate", rate(count, people))
            rows.append(row)
    return pl.DataFrame(rows, schema=FARED)


def _named(name: str, estimate: Estimate) -> dict[str, object]:
    if not estimate.known:
        return {}
    high = estimate.high if estimate.high < float("inf") else None
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": high}
