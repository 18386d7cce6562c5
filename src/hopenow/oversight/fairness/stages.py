"""How far each application got: the furthest stage reached, and whether the next one is known.

A later stage implies the earlier ones. Where the file says that an earlier stage was *not* reached and a later one was,
that is a finding (``APP-STAGE-ORDER``), and the later stage counts.
"""

from __future__ import annotations

import dataclasses

import polars as pl

from hopenow.oversight.fairness.applications import FINDINGS, Applications
from hopenow.oversight.fairness.vocabulary import Stage, stages

__all__ = ["Reached", "reach"]


@dataclasses.dataclass(frozen=True)
class Reached:
    """Stages of a file.

    Attributes:
        present: stages that the file tells about, in order.
        absent: stages that it does not.
        frame: the applications with ``reached_<stage>`` and ``known_<stage>`` (Boolean): known is whether the file
            tells if the stage was reached.
        findings: see `FINDINGS`.
    """

    present: tuple[Stage, ...]
    absent: tuple[Stage, ...]
    frame: pl.DataFrame
    findings: pl.DataFrame

    def steps(self) -> list[tuple[Stage | None, Stage]]:
        """Return each stage with the one before it; None before the first."""
        return list(zip((None, *self.present), self.present, strict=False))


def reach(applications: Applications) -> Reached:
    """Work out how far each application got."""
    frame = applications.frame
    present = tuple(stage for stage in stages() if stage.name in frame.columns)
    absent = tuple(stage for stage in stages() if stage.name not in frame.columns)
    reached: list[pl.Expr] = []
    for place, stage in enumerate(present):
        later = [pl.col(item.name).fill_null(False) for item in present[place + 1 :]]
        reached.append(pl.any_horizontal(pl.col(stage.name).fill_null(False), *later).alias(f"reached_{stage.name}"))
    frame = frame.with_columns(reached)
    frame = frame.with_columns(_known(present))
    findings = [_order(frame, stage, applications) for stage in present if not stage.may_be_skipped]
    filled = [item for item in findings if not item.is_empty()]
    return Reached(present, absent, frame, pl.concat(filled) if filled else pl.DataFrame(schema=FINDINGS))


def _known(present: tuple[Stage, ...]) -> list[pl.Expr]:
    """A stage is known when reached, when ruled out itself, or when an earlier one was ruled out."""
    ruled_out: list[pl.Expr] = []
    before = pl.lit(False)
    for stage in present:
        own = (pl.col(stage.name) == False).fill_null(False) & ~pl.col(f"reached_{stage.name}")  # noqa: E712
        ruled_out.append(own | before)
        if not stage.may_be_skipped:
            before = own | before
    known: list[pl.Expr] = []
    for place, stage in enumerate(present):
        out = ruled_out[place]
        if stage.may_be_skipped and place + 1 < len(present):
            # Not having had a trial ends nothing: only when the next stage is ruled out as well is it over.
            out = out & ruled_out[place + 1]
        known.append((pl.col(f"reached_{stage.name}") | out).alias(f"known_{stage.name}"))
    return known


def _order(frame: pl.DataFrame, stage: Stage, applications: Applications) -> pl.DataFrame:
    broken = frame.filter((pl.col(stage.name) == False) & pl.col(f"reached_{stage.name}")).height  # noqa: E712
    if not broken:
        return pl.DataFrame(schema=FINDINGS)
    column = next((name for name, spec in applications.mapping.columns.items() if spec.fact == stage.name), None)
    says = f"{stage.label}: the file says no, but a later stage was reached; it counts as reached"
    row = ("APP-STAGE-ORDER", column, stage.name, "no", broken, "none", says)
    return pl.DataFrame([row], schema=FINDINGS, orient="row")
