"""The review itself: facts in; for every option of every program that may apply, a determination and terms.

Everything happens on whole frames. A loan alone is a frame of one row through the same code.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from hopenow.errors import InputError
from hopenow.facts import schema
from hopenow.facts.derived import derive
from hopenow.programs.base import Program, TermsFunction, column
from hopenow.programs.registry import ON_TAPES, PROGRAMS, candidates, program
from hopenow.reference import attach_modification_rate, attach_modification_rate_floor
from hopenow.review.plan import Interval, PlannedOption, intervals

c = pl.col

STATUSES = ("eligible", "conditional", "ineligible", "not_determined")
ELIGIBLE, CONDITIONAL, INELIGIBLE, NOT_DETERMINED = range(4)

ROW = "_row"
ASSUMED = "_assumed"


@dataclasses.dataclass(frozen=True)
class Part:
    """The loans of one program in one interval, with every column that determination added.

    For each option the frame has ``<option>__status_code`` (place in ``STATUSES``), ``<option>__failed`` and
    ``<option>__unknown`` (bit masks over the planned rules) and the term columns, in engine units.
    """

    program: Program
    interval: Interval
    frame: pl.DataFrame
    investor_known: bool


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a review is run.

    Attributes:
        assume: fact to canonical value, used where the fact is unknown.
        adopted: rule-set id to the date on which the servicer adopted it early.
        programs: programs to look at; empty means those that may apply to the loans.
        reference_dir: folder with newer reference files.
        extra_programs: programs made at run time (private-label profiles), by id; they replace those of the registry.
    """

    assume: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    adopted: Mapping[str, datetime.date] = dataclasses.field(default_factory=dict)
    programs: tuple[str, ...] = ()
    reference_dir: Path | None = None
    extra_programs: Mapping[str, Program] = dataclasses.field(default_factory=dict)

    def chosen(self, facts: pl.DataFrame | None = None) -> list[Program]:
        """Return the programs to look at.

        Args:
            facts: the loans; where no programs are named, those that may apply to them. Without loans, those that a
                whole tape is reviewed under.

        Raises:
            InputError: an unknown program, or an adoption date for an unknown rule set.
        """
        names = self.programs or (ON_TAPES if facts is None else _candidates(facts))
        if self.adopted:
            self._check_adopted()
        return self.named(names)

    def named(self, names: Iterable[str]) -> list[Program]:
        """Return programs by id, those made at run time in place of the registry's."""
        return [self.extra_programs[name] if name in self.extra_programs else program(name) for name in names]

    def _check_adopted(self) -> None:
        looked_at = self.named(self.programs or PROGRAMS)
        known = {rule_set.id for item in looked_at for option in item.options for rule_set in option.law.rule_sets}
        unknown = sorted(set(self.adopted) - known)
        if unknown:
            raise InputError(f"no rule set {', '.join(unknown)}; rule sets: {', '.join(sorted(known))}")


def _candidates(facts: pl.DataFrame) -> tuple[str, ...]:
    return candidates(facts["loan_type"].unique().to_list(), facts["investor"].unique().to_list())


def prepare(facts: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Complete, assume, derive and add reference figures.

    Args:
        facts: canonical frame; ``loan_id`` and ``evaluation_date`` must be there.
        settings: how the review is run.

    Returns:
        A frame with every fact that is not a program's own, every derived column, a row number, and the mask of
        assumptions used.
    """
    for name in ("loan_id", "evaluation_date"):
        if name not in facts.columns:
            raise InputError(f"the column {name!r} is missing; every review needs it")
    frame = schema().complete(facts, ())
    mask = _assumed_mask(settings.assume)
    own = [name for name in settings.assume if name not in frame.columns]
    frame = frame.with_columns([pl.lit(None, dtype=schema()[name].dtype).alias(name) for name in own])
    frame = frame.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias(ROW), mask)
    if settings.assume:
        frame = frame.with_columns(
            [
                c(name).fill_null(pl.lit(value, dtype=schema()[name].dtype))
                for name, value in settings.assume.items()
            ]
        )
    frame = derive(frame)
    return frame.hstack(_rates(frame, settings))


def _rates(frame: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Return the posted modification rate that applies to each row, and its lower bound."""
    # On two columns: a join copies every column of its frame.
    dates = frame.select("evaluation_date", "published_modification_rate")
    dates = attach_modification_rate(
        dates, "evaluation_date", into="_posted", directory=settings.reference_dir
    )
    dates = attach_modification_rate_floor(
        dates, "evaluation_date", into="_bound", directory=settings.reference_dir
    )
    return dates.select(
        pl.coalesce(c("published_modification_rate"), c("_posted")).alias("modification_interest_rate"),
        c("_bound").alias("modification_interest_rate_bound"),
    )


def _assumed_mask(assume: Mapping[str, Any]) -> pl.Expr:
    unknown = sorted(set(assume) - set(schema()))
    if unknown:
        raise InputError(
            f"cannot assume {', '.join(unknown)}: not a fact; see the fact reference for the names"
        )
    bits = [c(name).is_null().cast(pl.UInt64) * (1 << place) for place, name in enumerate(assume)]
    return (pl.sum_horizontal(bits) if bits else pl.lit(0, pl.UInt64)).alias(ASSUMED)


def determine(facts: pl.DataFrame, settings: Settings | None = None) -> list[Part]:
    """Determine every option for every loan.

    Args:
        facts: canonical frame, one row per loan and evaluation date.
        settings: how the review is run.

    Returns:
        Parts; each loan is in one part for each program that applies or (investor unknown) may apply. A loan to which
        none applies is in no part.

    Raises:
        InputError: required columns are missing, or the settings name unknown things.
    """
    settings = settings or Settings()
    frame = prepare(facts, settings)
    chosen = settings.chosen(frame)
    homes = {home for item in chosen for home in (item.id, *item.borrows)}
    frame = schema().complete(frame, homes)
    parts: list[Part] = []
    for item in chosen:
        applies = frame.select(item.applies.alias("applies"))["applies"]
        for known, mask in ((True, applies.fill_null(False)), (False, applies.is_null())):
            rows = frame if mask.all() else frame.filter(mask)
            if not rows.is_empty():
                parts += _by_interval(item, rows, settings, known)
    return parts


def _by_interval(item: Program, rows: pl.DataFrame, settings: Settings, known: bool) -> Iterable[Part]:
    day = c("evaluation_date")
    first, last = rows.select(day.min().alias("first"), day.max().alias("last")).row(0)
    touched = [
        part
        for part in intervals(item, settings.adopted)
        if part.start <= last and first <= part.end and part.offers_something
    ]
    whole = len(touched) == 1 and touched[0].start <= first and last <= touched[0].end
    for interval in touched:
        own = rows
        if not whole:
            own = rows.filter(c("evaluation_date").is_between(interval.start, interval.end))
        if not own.is_empty():
            yield Part(item, interval, _determined(own, interval), known)


@dataclasses.dataclass(frozen=True)
class _Worked:
    """Terms that were worked out, by what, and from which parameters."""

    function: TermsFunction
    read: Mapping[str, object]
    asked: Mapping[str, bool]
    found: pl.DataFrame

    def holds_for(self, planned: PlannedOption) -> bool:
        """Whether another option has the same terms: the same function of the same figures."""
        other = planned.parameters
        return (
            self.function is planned.option.terms
            and all(name in other and other.value(name) == value for name, value in self.read.items())
            and all((name in other) == there for name, there in self.asked.items())
        )


def _determined(frame: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    worked: list[_Worked] = []
    for planned in interval.options:
        frame = frame.hstack(_terms(frame, planned, worked))
        frame = frame.hstack(_masks(frame, planned))
    return frame


def _terms(frame: pl.DataFrame, planned: PlannedOption, worked: list[_Worked]) -> pl.DataFrame:
    """Work out the terms, unless those of an earlier option hold; terms never rest on their own option's columns."""
    option = planned.option
    names = {name: column(option.id, name) for name in option.columns}
    if planned.segment is None or option.terms is None:
        return frame.select(
            [
                pl.repeat(None, pl.len(), dtype=_dtype(kind)).alias(names[name])
                for name, kind in option.columns.items()
            ]
        )
    same = next((item for item in worked if item.holds_for(planned)), None)
    if same is None:
        parameters = planned.parameters.recording()
        found = option.terms(frame, parameters)
        read = {name: parameters.value(name) for name in sorted(parameters.read)}
        asked = {name: name in planned.parameters for name in sorted(parameters.asked)}
        same = _Worked(option.terms, read, asked, found)
        worked.append(same)
    return same.found.select(list(option.columns)).rename(names)


def _dtype(kind: str) -> pl.DataType:
    if kind in {"money", "rate", "ratio"}:
        return pl.Int64()
    if kind in {"months", "days", "count"}:
        return pl.Int32()
    return {"date": pl.Date(), "flag": pl.Boolean(), "text": pl.String()}[kind]


def _masks(frame: pl.DataFrame, planned: PlannedOption) -> pl.DataFrame:
    """Evaluate the rules; pack failed and unknown ones into masks; derive the status."""
    option = planned.option
    failed, unknown, status = (column(option.id, name) for name in ("failed", "unknown", "status_code"))
    if planned.segment is None:
        code = NOT_DETERMINED if planned.state == "not_covered" else INELIGIBLE
        return frame.select(
            pl.repeat(0, pl.len(), dtype=pl.UInt64).alias(failed),
            pl.repeat(0, pl.len(), dtype=pl.UInt64).alias(unknown),
            pl.repeat(code, pl.len(), dtype=pl.UInt8).alias(status),
            *(
                [pl.repeat(None, pl.len(), dtype=pl.Boolean).alias(column(option.id, "met"))]
                if option.kind == "finding"
                else []
            ),
        )
    results = frame.select([rule.expression.cast(pl.Boolean).alias(rule.id) for rule in planned.rules])
    packed = results.select(
        pl.sum_horizontal(
            [(~c(rule.id)).fill_null(False).cast(pl.UInt64) * (1 << rule.bit) for rule in planned.rules]
        ).alias(failed),
        pl.sum_horizontal(
            [c(rule.id).is_null().cast(pl.UInt64) * (1 << rule.bit) for rule in planned.rules]
        ).alias(unknown),
    )
    ruled_out = (c(failed) & pl.lit(planned.deny_mask, pl.UInt64)) != 0
    open_points = (c(failed) | c(unknown)) != 0
    answer = pl.when(ruled_out).then(INELIGIBLE).when(open_points).then(CONDITIONAL).otherwise(ELIGIBLE)
    columns = [c(failed), c(unknown), answer.cast(pl.UInt8).alias(status)]
    if option.kind == "finding":
        columns.append(
            pl.when(c(failed) != 0)
            .then(False)
            .when(c(unknown) == 0)
            .then(True)
            .alias(column(option.id, "met"))
        )
    return packed.select(columns)
