"""The way to help, group by group: how many reached each stage, raw and with everything else alike.

The result is one long frame, `STEPS`: a row for each dimension, group and stage. Rates have Wilson intervals, ratios to
the reference the score interval, adjusted figures come from a logistic regression per stage and dimension.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import polars as pl

from hopenow.oversight.fairness.cells import EVERYBODY, MERGED, PEOPLE, Cells, cut, everybody
from hopenow.oversight.fairness.groups import UNKNOWN, Dimension
from hopenow.oversight.fairness.models import Adjusted, Fitted, adjusted
from hopenow.oversight.fairness.rates import NOTHING, Estimate, difference, rate, ratio
from hopenow.oversight.fairness.stages import Reached
from hopenow.oversight.fairness.vocabulary import Stage, measures

__all__ = ["STEPS", "Funnel", "funnel", "held_alike"]

_ESTIMATES = (
    "rate",
    "difference",
    "ratio",
    "ratio_to_highest",
    "adjusted_rate",
    "adjusted_difference",
    "adjusted_ratio",
    "adjusted_odds",
)
STEPS = pl.Schema(
    {
        "dimension": pl.String,
        "group": pl.String,
        "reference": pl.String,
        "highest": pl.String,
        "stage": pl.String,
        "from_stage": pl.String,
        "people": pl.Int64,
        "entered": pl.Int64,
        "not_known": pl.Int64,
        "reached": pl.Int64,
        **{f"{name}{end}": pl.Float64 for name in _ESTIMATES for end in ("", "_low", "_high")},
        "withheld": pl.Boolean,
        "flag": pl.String,
        "model_used": pl.Int64,
        "model_note": pl.String,
    }
)
"""Columns of the steps.

``entered`` reached the stage before; ``not_known`` of them cannot be told; ``rate`` is reached over entered less not
known.
``difference`` and ``ratio`` compare with ``reference``, ``ratio_to_highest`` with the group with the highest rate.
``withheld``: too few people, or it would give away too few people elsewhere.
"""


@dataclasses.dataclass(frozen=True)
class Funnel:
    """The way to help.

    Attributes:
        steps: see `STEPS`.
        tables: dimension to its counts and what is hidden of them; everybody under the empty name.
        models: the regression behind each adjusted figure, by dimension and stage.
    """

    steps: pl.DataFrame
    tables: dict[str, Cells]
    models: dict[tuple[str, str], Fitted]


def funnel(
    reached: Reached,
    frame: pl.DataFrame,
    dimensions: Sequence[Dimension],
    controls: Sequence[str],
    minimum: int | None = None,
) -> Funnel:
    """Count the stages for everybody and for each group.

    Args:
        reached: stages of the file.
        frame: applications with stages and groups.
        dimensions: ways to group people.
        controls: facts held alike in the adjusted figures; without any there are none.
        minimum: smallest count shown; None takes the measures'.
    """
    frame = frame.with_columns(_class(reached.present).alias("_class"))
    classes = _classes(reached.present)
    figures = _figures(classes, reached.present)
    rows: list[dict[str, object]] = []
    tables: dict[str, Cells] = {}
    models: dict[tuple[str, str], Fitted] = {}
    whole = everybody(frame, "_class", classes, figures, minimum)
    rows += _rows(Dimension("", EVERYBODY, False, (EVERYBODY,), None, ""), whole, reached)
    for dimension in dimensions:
        cells = cut(frame, dimension, "_class", classes, figures, minimum, whole=whole)
        tables[dimension.id] = cells
        own = _rows(dimension, cells, reached)
        if controls:
            for before, stage in reached.steps():
                _adjust(own, frame, dimension, before, stage, controls, models)
        rows += own
    return Funnel(pl.DataFrame(rows, schema=STEPS), {"": whole, **tables}, models)


# --- classes --------------------------------------------------------------------------------------


def _class(present: Sequence[Stage]) -> pl.Expr:
    """Name the furthest stage reached, and whether the next one is known not to have been reached."""
    names = ["", *(stage.name for stage in present)]
    expression: pl.Expr = pl.lit(names[-1])
    for place in range(len(present) - 1, -1, -1):
        following = present[place]
        stopped = (
            pl.when(pl.col(f"known_{following.name}")).then(pl.lit(names[place])).otherwise(pl.lit(f"{names[place]}?"))
        )
        expression = pl.when(pl.col(f"reached_{following.name}")).then(expression).otherwise(stopped)
    return expression


def _classes(present: Sequence[Stage]) -> list[str]:
    names = ["", *(stage.name for stage in present)]
    return [mark for name in names[:-1] for mark in (name, f"{name}?")] + names[-1:]


def _figures(classes: Sequence[str], present: Sequence[Stage]) -> dict[str, list[str]]:
    """Return what is published of each stage: who reached it, and of whom it cannot be told."""
    found: dict[str, list[str]] = {}
    before = ""
    for stage in present:
        found[stage.name] = list(classes[classes.index(stage.name) :])
        found[f"{stage.name}?"] = [f"{before}?"]
        before = stage.name
    return found


# --- figures --------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Count:
    entered: int | None
    unknown: int | None
    reached: int | None

    @property
    def shown(self) -> bool:
        return self.entered is not None and self.unknown is not None and self.reached is not None

    @property
    def known(self) -> int:
        return (self.entered or 0) - (self.unknown or 0)


def _rows(dimension: Dimension, cells: Cells, reached: Reached) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    names = [name for name in cells.groups if name not in {UNKNOWN, MERGED}]
    reference = dimension.reference if dimension.reference in names else (names[0] if names else None)
    for before, stage in reached.steps():
        counts = {group: _count(cells, group, before, stage) for group in cells.groups}
        rates = {
            group: rate(count.reached or 0, count.known) if count.shown else NOTHING for group, count in counts.items()
        }
        known = [group for group in names if rates[group].known]
        highest = max(known, key=lambda group: rates[group].value, default=None)
        base = counts.get(reference) if reference is not None else None
        top = counts.get(highest) if highest is not None else None
        for group, count in counts.items():
            row: dict[str, object] = {
                "dimension": dimension.id,
                "group": group,
                "reference": reference if dimension.id else None,
                "highest": highest if dimension.id else None,
                "stage": stage.name,
                "from_stage": before.name if before else None,
                "people": cells.total(group),
                "entered": count.entered,
                "not_known": count.unknown,
                "reached": count.reached,
                "withheld": not count.shown,
                "flag": "",
            }
            if not count.shown:
                row |= {"entered": None, "not_known": None, "reached": None}
            _put(row, "rate", rates[group])
            if count.shown and group != reference and base is not None and base.shown:
                part, whole, part0, whole0 = count.reached or 0, count.known, base.reached or 0, base.known
                _put(row, "difference", difference(part, whole, part0, whole0))
                against = ratio(part, whole, part0, whole0)
                _put(row, "ratio", against)
                row["flag"] = _flag(against) if group != UNKNOWN else ""
            if count.shown and group != highest and top is not None and top.shown:
                _put(row, "ratio_to_highest", ratio(count.reached or 0, count.known, top.reached or 0, top.known))
            rows.append(row)
    return rows


def _count(cells: Cells, group: str, before: Stage | None, stage: Stage) -> _Count:
    entered = cells.total(group, before.name if before else PEOPLE)
    return _Count(entered, cells.total(group, f"{stage.name}?"), cells.total(group, stage.name))


def _put(row: dict[str, object], name: str, estimate: Estimate) -> None:
    if estimate.known:
        row |= {name: estimate.value, f"{name}_low": _finite(estimate.low), f"{name}_high": _finite(estimate.high)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _flag(against: Estimate) -> str:
    if not against.known or against.value >= measures()["adverse_impact_below"] / 1_000_000:
        return ""
    return "adverse impact" if against.high < 1 else "low, could be chance"


def _adjust(
    rows: list[dict[str, object]],
    frame: pl.DataFrame,
    dimension: Dimension,
    before: Stage | None,
    stage: Stage,
    controls: Sequence[str],
    models: dict[tuple[str, str], Fitted],
) -> None:
    """Add the adjusted figures of one stage to the rows of one dimension; only groups whose raw rate is shown."""
    own = [row for row in rows if row["stage"] == stage.name]
    shown = [str(row["group"]) for row in own if not row["withheld"] and row["group"] != MERGED]
    reference = next((row["reference"] for row in own), None)
    if reference not in shown or len(shown) < 2:
        return
    inside = frame.filter(pl.col(f"known_{stage.name}"))
    if before is not None:
        inside = inside.filter(pl.col(f"reached_{before.name}"))
    column, outcome = f"group_{dimension.id}", f"reached_{stage.name}"
    least = measures()["minimum_cell"]
    inside = inside.with_columns(pl.col(column).fill_null(UNKNOWN).alias(column))
    sizes = inside.group_by(column).agg(pl.col(outcome).sum().alias("yes"), pl.len().alias("all"))
    enough = sizes.filter((pl.col("yes") >= least) & (pl.col("all") - pl.col("yes") >= least))[column].to_list()
    able = [name for name in shown if name in enough]
    if reference not in able or len(able) < 2:
        for row in own:
            row["model_note"] = f"fewer than {least} with each outcome in the groups to compare"
        return
    inside = inside.filter(pl.col(column).is_in(able))
    others = held_alike(dimension, controls)
    model, found = adjusted(inside, outcome, column, able, str(reference), others)
    models[dimension.id, stage.name] = model
    by_group: dict[str, Adjusted] = {item.group: item for item in found}
    for row in own:
        row["model_used"] = model.used if found else None
        row["model_note"] = model.refused
        item = by_group.get(str(row["group"]))
        if item is not None:
            _put(row, "adjusted_rate", item.rate)
            _put(row, "adjusted_difference", item.difference)
            _put(row, "adjusted_ratio", item.ratio)
            _put(row, "adjusted_odds", item.odds_ratio)


def held_alike(dimension: Dimension, controls: Sequence[str]) -> list[str]:
    """Return what is held alike when the groups of a dimension are compared: not what they are made from."""
    return [name for name in controls if name not in _MADE_FROM.get(dimension.id, {dimension.id})]


_MADE_FROM: dict[str, set[str]] = {
    "risk_decile": {"risk_score", "credit_score"},
    "delinquency_stage": {"days_delinquent", "months_delinquent"},
    "income_band": {"income", "income_ratio", "area_median_income"},
    "age_band": {"age"},
    "elderly": {"age"},
}
"""Facts that are not held alike when groups made from them are compared."""
