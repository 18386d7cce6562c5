"""The review itself: facts in; for every option of every program that may apply, a determination and terms.

Everything happens on whole frames. A loan alone is a frame of one row through the same code.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.errors import InputError
from hopenow.facts import schema
from hopenow.facts.derived import derive
from hopenow.programs.base import Program, TermsFunction, column
from hopenow.programs.readings import Chosen, chosen_readings, own_readings, reread
from hopenow.programs.registry import ALL, ON_TAPES, PROGRAMS, candidates, program
from hopenow.reference import attach_modification_rate, attach_modification_rate_floor, reference_folder
from hopenow.review import masks
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
        programs: programs to look at; empty means those that may apply to the loans. ``all`` adds what is otherwise
            looked at only on request: the programs open to anyone.
        reference_dir: folder with newer reference files.
        extra_programs: programs made at run time (private-label profiles), by id; they replace those of the registry.
        readings: ``program.parameter`` to another documented reading (see `hopenow.programs.readings`).
    """

    assume: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    adopted: Mapping[str, datetime.date] = dataclasses.field(default_factory=dict)
    programs: tuple[str, ...] = ()
    reference_dir: Path | None = None
    extra_programs: Mapping[str, Program] = dataclasses.field(default_factory=dict)
    readings: Mapping[str, object] = dataclasses.field(default_factory=dict)

    @property
    def everything(self) -> bool:
        """Whether every program is looked at."""
        return ALL in self.programs

    def chosen(self, facts: pl.DataFrame | None = None) -> list[Program]:
        """Return the programs to look at.

        Args:
            facts: the loans; where no programs are named, those that may apply to them. Without loans, those that a
                whole tape is reviewed under.

        Raises:
            InputError: an unknown program, an adoption date for an unknown rule set, or a reading that is not
                documented or not of a program that is looked at.
        """
        if self.everything:
            names = PROGRAMS if facts is None else _candidates(facts, everyone=True)
        else:
            names = self.programs or (ON_TAPES if facts is None else _candidates(facts))
        if self.adopted:
            self._check_adopted()
        if self.readings:
            # A loan alone may fall under other programs than the next one.
            self._check_readings(PROGRAMS if facts is not None and not self.programs else names)
        return self.named(names)

    def named(self, names: Iterable[str]) -> list[Program]:
        """Return programs by id, those made at run time in place of the registry's, under the readings chosen."""
        return [reread(self._original(name), own_readings(self.readings, name)) for name in names]

    def readings_chosen(self, name: str) -> tuple[Chosen, ...]:
        """Return the readings of a program that differ from its defaults."""
        own = own_readings(self.readings, name)
        return chosen_readings(self._original(name), own) if own else ()

    def _original(self, name: str) -> Program:
        return self.extra_programs[name] if name in self.extra_programs else program(name)

    def _check_readings(self, looked_at: Iterable[str]) -> None:
        names = tuple(looked_at)
        strange = [name for name in self.readings if not any(name.startswith(f"{item}.") for item in names)]
        if strange:
            raise InputError(
                f"the readings {', '.join(strange)} are of no program that is looked at; a reading is named "
                f"program.parameter, and looked at are {', '.join(names)}"
            )

    def _check_adopted(self) -> None:
        looked_at = self.named(PROGRAMS if self.everything or not self.programs else self.programs)
        known = {rule_set.id for item in looked_at for option in item.options for rule_set in option.law.rule_sets}
        unknown = sorted(set(self.adopted) - known)
        if unknown:
            raise InputError(f"no rule set {', '.join(unknown)}; rule sets: {', '.join(sorted(known))}")


def _candidates(facts: pl.DataFrame, *, everyone: bool = False) -> tuple[str, ...]:
    loan_types, investors = (facts[name].unique().to_list() for name in ("loan_type", "investor"))
    return candidates(loan_types, investors, everyone=everyone)


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
    with reference_folder(settings.reference_dir):
        return _parts(facts, settings)


def _parts(facts: pl.DataFrame, settings: Settings) -> list[Part]:
    frame = prepare(facts, settings)
    chosen = settings.chosen(frame)
    homes = {home for item in chosen for home in (item.id, *item.borrows)}
    frame = schema().complete(frame, homes)
    parts: list[Part] = []
    span = _span(frame)
    for item in chosen:
        if not _touched(item, settings, *span):
            continue
        applies = frame.select(item.applies.alias("applies"))["applies"]
        masks = [mask for mask in (applies.fill_null(False), applies.is_null()) if mask.any()]
        if masks:
            rows = _own(frame, item)
            if len(masks) > 1:
                # Loans that are known to fall under the program come first: both kinds are determined in one go.
                rows = rows[pl.concat([mask.arg_true() for mask in masks])]
            elif not masks[0].all():
                rows = rows.filter(masks[0])
            parts += _by_interval(item, rows, settings, known=int(applies.sum()))
    return parts


def _own(frame: pl.DataFrame, item: Program) -> pl.DataFrame:
    """Return the frame without the facts that only other programs have."""
    facts, homes = schema(), {"", item.id, *item.borrows}
    return frame.select([name for name in frame.columns if name not in facts or facts[name].home in homes])


def _span(rows: pl.DataFrame) -> tuple[datetime.date, datetime.date]:
    day = c("evaluation_date")
    first, last = rows.select(day.min().alias("first"), day.max().alias("last")).row(0)
    return first or datetime.date.max, last or datetime.date.min


def _touched(item: Program, settings: Settings, first: datetime.date, last: datetime.date) -> list[Interval]:
    """Return the intervals between two evaluation dates in which a program offers something."""
    return [
        part
        for part in intervals(item, settings.adopted)
        if part.start <= last and first <= part.end and part.offers_something
    ]


def _by_interval(item: Program, rows: pl.DataFrame, settings: Settings, known: int) -> Iterable[Part]:
    """Determine the loans of a program, of which so many, the first ones, are known to fall under it."""
    day = c("evaluation_date")
    first, last = _span(rows)
    touched = _touched(item, settings, first, last)
    whole = len(touched) == 1 and touched[0].start <= first and last <= touched[0].end
    for interval in touched:
        own, sure = rows, known
        if not whole:
            inside = rows.select(day.is_between(interval.start, interval.end).alias("inside"))["inside"]
            own, sure = rows.filter(inside), int(inside[:known].sum())
        if own.is_empty():
            continue
        found = _determined(own, interval)
        if sure:
            yield Part(item, interval, found[:sure], True)
        if sure < found.height:
            yield Part(item, interval, found[sure:], False)


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
    return pl.DataFrame([same.found.get_column(name).alias(names[name]) for name in option.columns])


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
    # The row number keeps rules that are the same for every loan as long as the frame.
    results = frame.select(c(ROW), *(rule.expression.cast(pl.Boolean).alias(rule.id) for rule in planned.rules))
    packed = dict(zip((failed, unknown, status), _packed(results.get_columns()[1:], planned), strict=True))
    if option.kind != "finding":
        return pl.DataFrame(packed)
    met = pl.when(c(failed) != 0).then(False).when(c(unknown) == 0).then(True)
    return pl.DataFrame(packed).with_columns(met.alias(column(option.id, "met")))


def _packed(results: Sequence[pl.Series], planned: PlannedOption) -> tuple[npt.NDArray[Any], ...]:
    """Pack the answers of the rules into masks of failed and of unknown ones; derive the status."""
    height = len(results[0])
    holds = np.zeros((len(results), masks.whole_bytes(height)), np.uint8)
    known = np.full_like(holds, np.iinfo(np.uint8).max)
    for at, series in enumerate(results):
        holds[at] = masks.bits_of(series)
        some = masks.known_bits(series)
        if some is not None:
            known[at] = some
    padded = holds.shape[1] * masks.BYTE
    failed, unknown = np.empty(padded, np.uint64), np.empty(padded, np.uint64)
    status = np.empty(padded, np.uint8)
    masks.answer(holds, known, planned.deny_mask, INELIGIBLE, CONDITIONAL, ELIGIBLE, failed, unknown, status)
    return failed[:height], unknown[:height], status[:height]
