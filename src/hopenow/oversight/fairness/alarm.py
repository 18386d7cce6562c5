"""The skew alarm: does help go to the least risky?

For every step and every way of ordering people by risk, the rate of getting further is tested for a trend. The alarm
rings when three things hold at once (``measures.yaml``): the rate falls along the order more steeply than chance would
make it (Cochran-Armitage, all tests of the file taken together by Holm's method); the gap is large (the riskiest third
against the least risky third); and there are enough people. Only one of the first two is silent.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import polars as pl

from hopenow.oversight.fairness.groups import Dimension
from hopenow.oversight.fairness.rates import NOTHING, Estimate, ratio, trend
from hopenow.oversight.fairness.stages import Reached
from hopenow.oversight.fairness.vocabulary import measures

__all__ = ["ALARMS", "RISK_ORDERS", "alarms"]

RISK_ORDERS = ("risk_decile", "delinquency_stage")
"""Dimensions whose groups run from the least to the most risky."""
ALARMS = pl.Schema(
    {
        "dimension": pl.String,
        "stage": pl.String,
        "from_stage": pl.String,
        "people": pl.Int64,
        "z": pl.Float64,
        "p": pl.Float64,
        "p_together": pl.Float64,
        "ratio": pl.Float64,
        "ratio_low": pl.Float64,
        "ratio_high": pl.Float64,
        "alarm": pl.Boolean,
        "says": pl.String,
    }
)
"""Columns of the alarms; ``ratio`` is the rate of the riskiest third over that of the least risky third. Rounded, and
given only for enough people, so that no count can be worked back from them."""


def alarms(reached: Reached, frame: pl.DataFrame, dimensions: Sequence[Dimension]) -> pl.DataFrame:
    """Test every step, and the whole way, for help that goes to the least risky."""
    law = measures()
    rows: list[dict[str, object]] = []
    for dimension in dimensions:
        if dimension.id not in RISK_ORDERS or len(dimension.levels) < 2:
            continue
        for before, stage in _steps(reached):
            inside = frame.filter(pl.col(f"known_{stage}") & pl.col(f"group_{dimension.id}").is_not_null())
            if before is not None:
                inside = inside.filter(pl.col(f"reached_{before}"))
            counts = inside.group_by(f"group_{dimension.id}").agg(
                pl.col(f"reached_{stage}").sum().alias("part"), pl.len().alias("whole")
            )
            table = {row[0]: (int(row[1]), int(row[2])) for row in counts.iter_rows()}
            pairs = [table.get(level, (0, 0)) for level in dimension.levels]
            parts, wholes = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
            found = trend(parts, wholes)
            enough = sum(wholes) >= law["alarm_least_people"]
            gap = _thirds(parts, wholes) if enough else NOTHING
            rows.append(
                {
                    "dimension": dimension.id,
                    "stage": stage,
                    "from_stage": before,
                    "people": sum(wholes) if enough else None,
                    "z": round(found.z, 2) if enough and not math.isnan(found.z) else None,
                    "p": round(found.p, 6) if enough and not math.isnan(found.p) else None,
                    "ratio": round(gap.value, 3) if gap.known else None,
                    "ratio_low": round(gap.low, 3) if gap.known else None,
                    "ratio_high": round(gap.high, 3) if gap.known and math.isfinite(gap.high) else None,
                    "says": "" if enough else "too few people to tell",
                }
            )
    together = _holm([row["p"] for row in rows])
    for row, p in zip(rows, together, strict=True):
        row["p_together"] = p
        steep = p is not None and p < law["alarm_significance"] / 1_000_000 and float(str(row["z"])) < 0
        wide = row["ratio"] is not None and float(str(row["ratio"])) < law["alarm_ratio_below"] / 1_000_000
        row["alarm"] = steep and wide
        if not row["says"]:
            row["says"] = _words(steep, wide, row["z"])
    return pl.DataFrame(rows, schema=ALARMS)


def _steps(reached: Reached) -> list[tuple[str | None, str]]:
    """Return every step after the first stage, and the whole way from the first to each of the stages of help."""
    names = [stage.name for stage in reached.present]
    steps: list[tuple[str | None, str]] = list(itertools.pairwise(names))
    whole = [(names[0], name) for name in names[2:] if (names[0], name) not in steps]
    return steps + whole


def _thirds(parts: Sequence[int], wholes: Sequence[int]) -> Estimate:
    """Compare the groups at the risky end that hold about a third of the people with those at the other end."""
    third = sum(wholes) / 3
    first, last = _taken(parts, wholes, third), _taken(parts[::-1], wholes[::-1], third)
    return ratio(last[0], last[1], first[0], first[1])


def _taken(parts: Sequence[int], wholes: Sequence[int], enough: float) -> tuple[int, int]:
    """Add up groups from one end until they hold enough people, never more than half of the groups."""
    part = whole = 0
    for place in range(max(len(wholes) // 2, 1)):
        part, whole = part + parts[place], whole + wholes[place]
        if whole >= enough:
            break
    return part, whole


def _holm(values: Sequence[object]) -> list[float | None]:
    """Return each chance as it stands among all tests of the file (Holm's step-down method)."""
    known = sorted((float(str(value)), place) for place, value in enumerate(values) if value is not None)
    result: list[float | None] = [None] * len(values)
    worst = 0.0
    for rank, (value, place) in enumerate(known):
        worst = max(worst, min(value * (len(known) - rank), 1.0))
        result[place] = worst
    return result


def _words(steep: bool, wide: bool, z: object) -> str:
    if steep and wide:
        return "Help goes to the least risky at this step."
    if steep:
        return "The rate falls with risk, but the gap is small."
    if wide:
        return "The riskiest third gets further less often, but it could be chance."
    if z is None:
        return "Everybody or nobody got further."
    return "No sign that help goes to the least risky."
