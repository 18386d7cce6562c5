"""What is in force when: each program's options, cut into intervals in which no rule and no figure changes."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Literal

import polars as pl

from hopenow.errors import LawError
from hopenow.facts import schema
from hopenow.facts.derived import base_facts
from hopenow.law import FIRST_DAY, Parameters, RuleSet, Segment, Source, Verification, segments, weakest
from hopenow.programs.base import Option, Program, column

State = Literal["in_force", "not_yet", "ended", "not_covered"]
_DAY = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class PlannedRule:
    """One rule of an option in one interval, ready to be evaluated.

    Attributes:
        id: rule id.
        bit: its place in the option's masks.
        expression: three-valued test.
        columns: columns it reads.
        facts: facts to ask for when it cannot be decided.
        parameters: names of the parameters it rests on.
        source: citation, mark and the enterprise's own code.
        effect: deny, approval or condition.
        verification: weakest mark of rule and parameters.
    """

    id: str
    bit: int
    expression: pl.Expr
    columns: tuple[str, ...]
    facts: tuple[str, ...]
    parameters: tuple[str, ...]
    source: Source
    effect: str
    verification: Verification

    @property
    def rules_out(self) -> bool:
        """Whether failing this rule makes the option ineligible. An unverified rule never does."""
        return self.effect == "deny" and self.verification != "unverified"


@dataclasses.dataclass(frozen=True)
class PlannedOption:
    """An option in one interval: in force with its rules, or why it is not."""

    option: Option
    state: State
    segment: Segment | None
    rules: tuple[PlannedRule, ...]
    facts: tuple[str, ...]
    covered: str

    @property
    def _current(self) -> Segment:
        if self.segment is None:
            raise LawError(f"{self.option.id} is not in force: {self.covered}")
        return self.segment

    @property
    def parameters(self) -> Parameters:
        """Parameters in force (LawError where the option is not in force)."""
        return self._current.parameters

    @property
    def rule_set(self) -> RuleSet:
        """Rule set in force (LawError where the option is not in force)."""
        return self._current.rule_set

    @property
    def verification(self) -> Verification:
        """How sure the rule set itself is (LawError where the option is not in force)."""
        return self._current.verification

    @property
    def deny_mask(self) -> int:
        """Bits of the rules that make the option ineligible."""
        return sum(1 << rule.bit for rule in self.rules if rule.rules_out)


@dataclasses.dataclass(frozen=True)
class Interval:
    """A stretch of evaluation dates (both ends inclusive) with one plan."""

    start: datetime.date
    end: datetime.date
    options: tuple[PlannedOption, ...]

    @property
    def offers_something(self) -> bool:
        """Whether any option is in force; a program that offers nothing has no answer to give."""
        return any(planned.segment is not None for planned in self.options if planned.option.kind != "finding")


def intervals(program: Program, adopted: Mapping[str, datetime.date] | None = None) -> tuple[Interval, ...]:
    """Return a program's intervals in order of time; together they cover every date.

    Args:
        program: the program.
        adopted: rule-set id to early adoption date; ids of other programs are ignored.
    """
    known = {rule_set.id for option in program.options for rule_set in option.law.rule_sets}
    own = tuple(sorted((name, date) for name, date in (adopted or {}).items() if name in known))
    return _intervals(program.id, own, program)


def _own(option: Option, adopted: tuple[tuple[str, datetime.date], ...]) -> dict[str, datetime.date]:
    return {name: date for name, date in adopted if name in {item.id for item in option.law.rule_sets}}


# The program is kept beside its plan: an id alone may be reused once a program made at run time is gone.
_CACHE: dict[tuple[int, tuple[tuple[str, datetime.date], ...]], tuple[Program, tuple[Interval, ...]]] = {}


def _intervals(
    name: str, adopted: tuple[tuple[str, datetime.date], ...], program: Program
) -> tuple[Interval, ...]:
    key = (id(program), adopted)
    if key not in _CACHE or _CACHE[key][0] is not program:
        by_option = {
            option.id: segments(option.law, program.id, _own(option, adopted)) for option in program.options
        }
        cuts = {
            FIRST_DAY,
            *(option.law.introduced for option in program.options if option.law.introduced is not None),
        }
        for found in by_option.values():
            for segment in found:
                cuts.add(segment.start)
                if segment.end < datetime.date.max:
                    cuts.add(segment.end + _DAY)
        starts = sorted(cuts)
        ends = [*(following - _DAY for following in starts[1:]), datetime.date.max]
        plan = tuple(
            Interval(start, end, _planned(program, by_option, start))
            for start, end in zip(starts, ends, strict=True)
        )
        _CACHE[key] = (program, plan)
    return _CACHE[key][1]


def _planned(
    program: Program, by_option: Mapping[str, list[Segment]], day: datetime.date
) -> tuple[PlannedOption, ...]:
    needs = _term_needs(program)
    planned: list[PlannedOption] = []
    for option in program.options:
        planned.append(_plan_option(option, by_option[option.id], day, needs))
        if option.kind == "finding":
            # Later options may rest on this finding; what it lacks is then what they lack.
            needs[column(option.id, "met")] = planned[-1].facts
    return tuple(planned)


def _term_needs(program: Program) -> dict[str, tuple[str, ...]]:
    """Return, for each term column (and finding), the columns without which it is unknown."""
    needs: dict[str, tuple[str, ...]] = {}
    for option in program.options:
        for name in option.columns:
            needs[column(option.id, name)] = option.needs
    return needs


def _plan_option(
    option: Option, found: list[Segment], day: datetime.date, needs: Mapping[str, tuple[str, ...]]
) -> PlannedOption:
    current = next((segment for segment in found if segment.start <= day <= segment.end), None)
    covered = _coverage(option, found)
    if current is None:
        state: State = "not_covered"
        introduced = option.law.introduced
        if introduced is not None and day < introduced:
            state = "not_yet"
        elif found and day > found[-1].end:
            state = "ended"
        return PlannedOption(option, state, None, (), (), covered)
    own = _own_needs(option, current.parameters)
    needs = {**needs, **{column(option.id, name): own for name in option.columns}}
    rules = []
    for bit, name in enumerate(current.rules):
        parameters = current.parameters.recording()
        expression = option.rules[name](parameters)
        columns = tuple(dict.fromkeys(expression.meta.root_names()))
        law = option.law.rules[name]
        source = current.rules[name]
        marks = [current.parameters.source(item).verification for item in sorted(parameters.read)]
        rules.append(
            PlannedRule(
                id=name,
                bit=bit,
                expression=expression,
                columns=columns,
                facts=_facts_behind(columns, needs, option),
                parameters=tuple(sorted(parameters.read)),
                source=source,
                effect=source.effect or law.effect,
                verification=weakest([source.verification, *marks]),
            )
        )
    facts = tuple(
        dict.fromkeys(
            [*(fact for rule in rules for fact in rule.facts), *_facts_behind(own, needs, option)]
        )
    )
    return PlannedOption(option, "in_force", current, tuple(rules), facts, covered)


def _own_needs(option: Option, parameters: Parameters) -> tuple[str, ...]:
    return option.needs + (option.needs_under(parameters.recording()) if option.needs_under else ())


def _facts_behind(
    columns: tuple[str, ...], needs: Mapping[str, tuple[str, ...]], option: Option
) -> tuple[str, ...]:
    found: dict[str, None] = {}

    def add(name: str) -> None:
        if name == "modification_interest_rate":
            found["published_modification_rate"] = None
        elif name in needs:
            for need in needs[name]:
                add(need)
        else:
            for fact in base_facts(name):
                found[fact] = None

    for name in columns:
        add(name)
    return tuple(name for name in found if name in schema() and not schema()[name].required)


def _coverage(option: Option, found: list[Segment]) -> str:
    if not found:
        return f"{option.law.title}: no rule set for this authority"
    start = "any date" if found[0].start <= FIRST_DAY else str(found[0].start)
    end = "open" if found[-1].end == datetime.date.max else str(found[-1].end)
    return f"{option.law.title}: rules cover {start} to {end}"
