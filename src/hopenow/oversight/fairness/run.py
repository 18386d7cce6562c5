"""The whole examination of a file: every table, and the files they go into."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from hopenow.errors import InputError
from hopenow.oversight.fairness.alarm import ALARMS, alarms
from hopenow.oversight.fairness.applications import FINDINGS, Applications, read
from hopenow.oversight.fairness.compare import MEANS, means
from hopenow.oversight.fairness.funnel import Funnel, funnel
from hopenow.oversight.fairness.groups import Dimension, with_groups
from hopenow.oversight.fairness.mapping import Mapping, ModelSpec
from hopenow.oversight.fairness.models import Fitted, fit
from hopenow.oversight.fairness.replay import Replay, replay
from hopenow.oversight.fairness.screens import Screens, screens
from hopenow.oversight.fairness.stages import Reached, reach
from hopenow.oversight.fairness.vocabulary import measures
from hopenow.pages import write_whole
from hopenow.review import Settings

__all__ = ["COEFFICIENTS", "PEOPLE_COLUMNS", "Choices", "Fairness", "examine", "write"]

COEFFICIENTS = pl.Schema(
    {
        "model": pl.String,
        "outcome": pl.String,
        "method": pl.String,
        "errors": pl.String,
        "term": pl.String,
        "level": pl.String,
        "value": pl.Float64,
        "error": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "p": pl.Float64,
        "error_classic": pl.Float64,
        "error_hc1": pl.Float64,
        "used": pl.Int64,
    }
)
"""Columns of the named models."""
PEOPLE_COLUMNS = pl.Schema({"dimension": pl.String, "group": pl.String, "people": pl.Int64, "share": pl.Float64})


@dataclasses.dataclass(frozen=True)
class Choices:
    """What may be chosen for an examination.

    Attributes:
        by: dimensions to compare; empty takes all that the file allows.
        controls: facts held alike; None takes the mapping's.
        references: dimension to the group compared with; these go before the mapping's.
        models: more regressions to run, by name.
        minimum: smallest count of people shown; None takes the measures'.
    """

    by: tuple[str, ...] = ()
    controls: tuple[str, ...] | None = None
    references: dict[str, str] = dataclasses.field(default_factory=dict)
    models: dict[str, ModelSpec] = dataclasses.field(default_factory=dict)
    minimum: int | None = None


@dataclasses.dataclass(frozen=True)
class Fairness:
    """Everything found.

    Attributes:
        applications: the file as read.
        reached: its stages.
        dimensions: how people were grouped.
        controls: what was held alike in adjusted figures.
        funnel: the way to help, by group.
        alarms: whether help goes to the least risky.
        screens: whom rules left out.
        means: numbers compared.
        models: named regressions, by name.
        replay: denials replayed; None where that was not asked for.
        findings: everything that was not used, or is odd.
        minimum: smallest count of people shown.
    """

    applications: Applications
    reached: Reached
    dimensions: tuple[Dimension, ...]
    controls: tuple[str, ...]
    funnel: Funnel
    alarms: pl.DataFrame
    screens: Screens
    means: pl.DataFrame
    models: dict[str, Fitted]
    replay: Replay | None
    findings: pl.DataFrame
    minimum: int

    @property
    def coefficients(self) -> pl.DataFrame:
        """Return every line of every named model (columns `COEFFICIENTS`)."""
        rows = [
            (
                name, model.outcome, model.method, model.errors, line.term, line.level, line.value, line.error,
                line.low, line.high, line.p, line.classic, line.robust, model.used,
            )
            for name, model in self.models.items()
            for line in model.coefficients
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=COEFFICIENTS, orient="row")

    @property
    def people(self) -> pl.DataFrame:
        """Return who is in the file: people of each group and their share (columns `PEOPLE_COLUMNS`)."""
        rows = []
        for dimension in self.dimensions:
            cells = self.funnel.tables[dimension.id]
            for group in cells.groups:
                count = cells.total(group) or 0
                rows.append((dimension.id, group, count, count / self.applications.frame.height))
        return pl.DataFrame(rows, schema=PEOPLE_COLUMNS, orient="row")

    def tables(self) -> dict[str, pl.DataFrame]:
        """Return every table by the name of its file; empty ones too, so that nothing is missing without a word."""
        found = {
            "people": self.people,
            "steps": self.funnel.steps,
            "alarms": self.alarms,
            "screened": self.screens.screened,
            "fared": self.screens.fared,
            "means": self.means,
            "models": self.coefficients,
            "findings": self.findings,
        }
        if self.replay is not None:
            found["denials"] = self.replay.counts
        return found


def examine(
    source: str | Path | Applications,
    mapping: Mapping | None = None,
    choices: Choices | None = None,
    *,
    facts: pl.DataFrame | None = None,
    settings: Settings | None = None,
) -> Fairness:
    """Examine a file of applications.

    Args:
        source: the file, or applications already read.
        mapping: how to read it; None takes columns named as in the vocabulary.
        choices: see `Choices`.
        facts: canonical facts of the loans, to replay denials with.
        settings: of the review, for the replay.

    Raises:
        InputError: the file cannot be read, or choices name what it does not have; with every finding.
    """
    choices = choices or Choices()
    applications = source if isinstance(source, Applications) else read(source, mapping)
    used = applications.mapping.model_copy(
        update={"references": {**applications.mapping.references, **choices.references}}
    )
    reached = reach(applications)
    frame, dimensions = with_groups(reached.frame, used, choices.by)
    controls = choices.controls if choices.controls is not None else used.controls
    _check(choices, frame, dimensions, controls)
    minimum = measures()["minimum_cell"] if choices.minimum is None else choices.minimum
    way = funnel(reached, frame, dimensions, controls, minimum)
    models = {
        name: fit(frame, spec.outcome, spec.terms, spec.method, spec.errors, used.references)
        for name, spec in {**used.models, **choices.models}.items()
    }
    findings = [item for item in (applications.findings, reached.findings) if not item.is_empty()]
    return Fairness(
        applications=applications,
        reached=reached,
        dimensions=tuple(dimensions),
        controls=tuple(controls),
        funnel=way,
        alarms=alarms(reached, frame, dimensions) if len(reached.present) > 1 else pl.DataFrame(schema=ALARMS),
        screens=screens(frame, dimensions, minimum, way.tables),
        means=means(frame, dimensions, used.measures, controls, minimum)
        if used.measures
        else pl.DataFrame(schema=MEANS),
        models=models,
        replay=None if facts is None else replay(frame, facts, settings, dimensions, minimum),
        findings=pl.concat(findings) if findings else pl.DataFrame(schema=FINDINGS),
        minimum=minimum,
    )


def _check(choices: Choices, frame: pl.DataFrame, dimensions: Sequence[Dimension], controls: Sequence[str]) -> None:
    there = {dimension.id: dimension for dimension in dimensions}
    findings = [
        f"{name!r} cannot be compared: the file does not give what it needs" for name in choices.by if name not in there
    ]
    findings += [
        f"{name!r} cannot be held alike: the file does not give it" for name in controls if name not in frame.columns
    ]
    for name, group in choices.references.items():
        if name not in there:
            findings.append(f"{name!r} is not one of the comparisons: {', '.join(there) or 'there are none'}")
        elif group not in there[name].levels:
            findings.append(f"{name} has no group {group!r}; it has {', '.join(there[name].levels[:20])}")
    for name, model in choices.models.items():
        findings += [
            f"model {name}: the file gives no {term!r}"
            for term in (model.outcome, *model.terms)
            if term not in frame.columns
        ]
    if findings:
        raise InputError("the examination cannot be done as asked", findings)


def write(
    result: Fairness,
    folder: Path,
    formats: Sequence[str] = ("parquet", "csv"),
    *,
    report: bool = True,
    rows: bool = False,
) -> dict[str, Path]:
    """Write the tables, the report and a summary.

    Args:
        result: what was found.
        folder: made if it is not there.
        formats: ``parquet``, ``csv`` or both.
        report: write the page too.
        rows: write the replayed denials row by row too; they are not fit for publication.

    Returns:
        Name to path of every file written.

    Raises:
        InputError: an unknown format.
    """
    unknown = sorted(set(formats) - {"parquet", "csv"})
    if unknown:
        raise InputError(f"{', '.join(unknown)} is not a format: use parquet, csv, or both")
    folder.mkdir(parents=True, exist_ok=True)
    tables = result.tables()
    if rows and result.replay is not None:
        tables["denials-row-by-row"] = result.replay.rows
    written: dict[str, Path] = {}
    for name, table in tables.items():
        for kind in formats:
            path = folder / f"{name}.{kind}"
            partial = path.with_name(f"{path.name}.partial")
            if kind == "parquet":
                table.write_parquet(partial)
            else:
                table.write_csv(partial)
            partial.replace(path)
            written[f"{name}.{kind}"] = path
    summary = folder / "summary.json"
    write_whole(summary, json.dumps(summarize(result), indent=1, ensure_ascii=False) + "\n")
    written["summary.json"] = summary
    if report:
        from hopenow.oversight.fairness.page import page

        path = folder / "fairness.html"
        write_whole(path, page(result))
        written["report"] = path
    return written


def summarize(result: Fairness) -> dict[str, object]:
    """Return the counts that must add up, and how everything was done, as plain data."""
    law = measures()
    return {
        "file": result.applications.name,
        "mapping": result.applications.mapping.title,
        "unit": result.applications.mapping.unit,
        "read": result.applications.read,
        "kept": result.applications.frame.height,
        "excluded": result.applications.excluded,
        "columns_not_used": list(result.applications.unused),
        "stages": [stage.name for stage in result.reached.present],
        "stages_not_in_the_file": [stage.name for stage in result.reached.absent],
        "compared": {
            dimension.id: {"reference": dimension.reference, "how": dimension.how} for dimension in result.dimensions
        },
        "held_alike": list(result.controls),
        "groups_joined": {name: dict(cells.joined) for name, cells in result.funnel.tables.items() if cells.joined},
        "alarms": result.alarms.filter(pl.col("alarm"))["says"].len() if not result.alarms.is_empty() else 0,
        "models": {
            name: {"used": model.used, "left_out": model.left_out, "dropped": model.dropped, "refused": model.refused}
            for name, model in result.models.items()
        },
        "smallest_count_shown": result.minimum,
        "thresholds": {
            name: {
                "value": str(law.source(name).value),
                "cite": law.source(name).cite,
                "verification": law.source(name).verification,
            }
            for name in law
        },
    }
