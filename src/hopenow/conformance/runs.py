"""One case on its way through a handler: values in, figures out, and the review in between."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import polars as pl

from hopenow.conformance.files import Case
from hopenow.conformance.loans import facts_of
from hopenow.conformance.rules import Day, mode_readings, reading_program
from hopenow.errors import InputError
from hopenow.facts import schema
from hopenow.facts.derived import base_facts
from hopenow.law import Parameters
from hopenow.programs.base import column
from hopenow.programs.conventional.process import Rulebook
from hopenow.review.engine import Settings, determine
from hopenow.review.plan import PlannedOption
from hopenow.review.reasons import decode

__all__ = ["Reviewed", "Run"]


@dataclasses.dataclass
class Run:
    """A case being run for one investor.

    Attributes:
        case: the case.
        who: program id; None for arithmetic without an investor.
        values: input to value, as read.
        wanted: the outputs that the case asserts.
        day: the day and rules; None for arithmetic without rules.
        notes: what was understood or supposed.
    """

    case: Case
    who: str | None
    values: Mapping[str, Any]
    wanted: tuple[str, ...]
    day: Day | None
    notes: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        if self.day is not None and self.day.supposed:
            self.notes.append(f"the case gives no date; run under the rules of {self.day.date}")

    @property
    def program(self) -> str:
        """The investor's program.

        Raises:
            InputError: the case names none.
        """
        if self.who is None:
            raise InputError(f"{self.case.option} needs an investor: FNMA or FHLMC")
        return self.who

    @property
    def rules(self) -> Day:
        """The day and the rules.

        Raises:
            InputError: the option is arithmetic that no rules touch.
        """
        if self.day is None:
            raise InputError(f"{self.case.option} runs without rules")
        return self.day

    @property
    def date(self) -> datetime.date:
        """The day whose rules apply."""
        return self.rules.date

    def get(self, *names: str) -> Any:
        """Return the first of the inputs that is given, or None."""
        return next((self.values[name] for name in names if self.values.get(name) is not None), None)

    def rulebook(self, name: str = "process_dates", on: datetime.date | None = None) -> Rulebook:
        """Open a law file of the investor on the day of the case."""
        return Rulebook(self.program, on or self.date, name=name)

    def review(
        self,
        option: str,
        values: Mapping[str, Any] | None = None,
        *,
        ordinary: Mapping[str, Any] | None = None,
        readings: Mapping[str, Any] | None = None,
    ) -> Reviewed:
        """Review the loan of the case.

        Args:
            option: option whose answer is wanted.
            values: words to use instead of all the case's inputs.
            ordinary: facts that go without saying; used where the case is silent, and noted.
            readings: further readings of the option's parameters.
        """
        figures = self.rules.segment.parameters
        base = {
            "loan_id": self.case.id,
            "evaluation_date": self.date,
            "investor": self.program,
            "loan_type": "conventional",
            "lien_position": 1,
        }
        given = self.values if values is None else values
        loan = facts_of(
            given,
            {name: value for name, value in base.items() if name not in given or name == "evaluation_date"},
            figures.__getitem__,
        )
        for name, value in (ordinary or {}).items():
            if name not in loan.facts:
                loan.suppose(name, value, f"taken as {_said(value)}")
        self.notes += [note for note in loan.notes if note not in self.notes]
        return _reviewed(self, option, loan.facts, self._settings(option, readings or {}))

    def review_facts(self, option: str, facts: Mapping[str, Any]) -> Reviewed:
        """Review a loan whose facts are given in engine units, under the case's program; nothing is supposed.

        Args:
            option: option whose answer is wanted.
            facts: fact to value; ``evaluation_date`` among them.
        """
        return _reviewed(self, option, {"loan_id": self.case.id, **facts}, self.plain_settings())

    def plain_settings(self) -> Settings:
        """Return settings for the case's program with its readings."""
        if not self.case.readings:
            return Settings(programs=(self.program,))
        for name, value in self.case.readings.items():
            if (note := f"reading: {name} = {value}") not in self.notes:
                self.notes.append(note)
        made = {self.program: reading_program(self.program, self.case.readings)}
        return Settings(programs=(self.program,), extra_programs=made)

    def _settings(self, option: str, more: Mapping[str, Any]) -> Settings:
        readings = {f"{option}.{name}": value for name, value in more.items()}
        if self.case.target_mode is not None:
            mode = mode_readings(option, self.rules.segment.rule_set.id, self.case.target_mode)
            readings |= {f"{option}.{name}": value for name, value in mode.items()}
        readings |= self.case.readings
        adopted = dict(self.rules.adopted)
        if not readings:
            return Settings(programs=(self.program,), adopted=adopted)
        self._note_readings(option, readings)
        made = {self.program: reading_program(self.program, readings)}
        return Settings(programs=(self.program,), adopted=adopted, extra_programs=made)

    def _note_readings(self, option: str, readings: Mapping[str, Any]) -> None:
        parameters = self.rules.segment.parameters
        for name, value in readings.items():
            own, _, parameter = name.partition(".")
            same = own == option and parameter in parameters and str(parameters.source(parameter).value) == str(value)
            note = f"reading: {name} = {value}"
            if not same and note not in self.notes:
                self.notes.append(note)


def _said(value: Any) -> str:
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


@dataclasses.dataclass(frozen=True)
class Reviewed:
    """One option's answer for the case's loan.

    Attributes:
        option: its id.
        planned: its rules in force.
        row: facts, derived columns and every option's columns, in engine units.
        status: eligible, conditional, ineligible or not_determined.
        failed: ids of rules that rule it out.
        conditions: ids of failed rules that do not.
        unknown: ids of rules that cannot be decided.
        lacking: facts without which its terms are not known.
    """

    option: str
    planned: PlannedOption
    row: Mapping[str, Any]
    status: str
    failed: tuple[str, ...]
    conditions: tuple[str, ...]
    unknown: tuple[str, ...]
    lacking: tuple[str, ...]

    def term(self, name: str) -> Any:
        """Return one of the option's terms in engine units; None where it is not determined."""
        return self.row[column(self.option, name)]

    @property
    def parameters(self) -> Parameters:
        """Figures in force, readings included."""
        return self.planned.parameters

    @property
    def fatal_codes(self) -> list[str]:
        """The investor's own codes of the rules that rule the option out."""
        return [rule.source.code for rule in self.planned.rules if rule.id in self.failed and rule.source.code]

    @property
    def not_ruled_out(self) -> bool | None:
        """Whether no rule that the facts decide rules the option out; None where no rules are in force."""
        return None if self.status == "not_determined" else self.status != "ineligible"


def ratio(part: int | None, whole: int | None) -> Fraction | None:
    """Return an exact ratio; None where a part is not known or the whole is zero."""
    return Fraction(part, whole) if part is not None and whole else None


def total(*parts: int | None) -> int | None:
    """Return a sum; None where a part is not known."""
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def frame_of(facts: Mapping[str, Any]) -> pl.DataFrame:
    """Return facts in engine units as a canonical frame of one row."""
    return pl.DataFrame([pl.Series(name, [value], dtype=schema()[name].dtype) for name, value in facts.items()])


def _reviewed(run: Run, option: str, facts: Mapping[str, Any], settings: Settings) -> Reviewed:
    parts = determine(frame_of(facts), settings)
    if not parts:
        raise InputError(
            f"{run.program} gives no answer: it is not for this loan (see loan_type and investor), or offers nothing "
            f"on {facts['evaluation_date']}"
        )
    part = parts[0]
    planned = next((item for item in part.interval.options if item.option.id == option), None)
    if planned is None:
        raise InputError(f"{run.program} has no option {option!r}")
    row = part.frame.row(0, named=True)
    words = decode(part, ()).row(0, named=True)

    def listed(name: str) -> tuple[str, ...]:
        return tuple(item for item in words[column(option, name)].split(";") if item)

    return Reviewed(
        option=option,
        planned=planned,
        row={**row, **words},
        status=words[column(option, "status")],
        failed=listed("failed"),
        conditions=listed("conditions"),
        unknown=listed("unknown"),
        lacking=_lacking(planned, row),
    )


def _lacking(planned: PlannedOption, row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return facts that the terms need and that are not known."""
    found: dict[str, None] = {}
    for name in planned.option.needs:
        if row.get(name) is None:
            behind = {
                "valuation__value": ("property_value",),
                "modification_interest_rate": ("published_modification_rate",),
            }
            for fact in behind.get(name) or base_facts(name):
                if row.get(fact) is None:
                    found[fact] = None
    return tuple(found)
