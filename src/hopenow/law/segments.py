"""From dated law to stretches of time in which nothing changes, each with one complete set of parameters."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from hopenow.errors import LawError
from hopenow.law.model import OptionLaw, RuleSet, Source, Value, Verification, engine_value, weakest

FIRST_DAY = datetime.date(1900, 1, 2)
"""Start of law whose start is not established; the day after NEVER."""
_LAST = datetime.date.max
_DAY = datetime.timedelta(days=1)


class Parameters(Mapping[str, int]):
    """The parameters of one option for one authority in one stretch of time, in engine units.

    Looking a parameter up records that it was read, so that a rule's result can name the figures it rests on.
    """

    def __init__(
        self, values: Mapping[str, Value], units: Mapping[str, Any], authority: str, where: str
    ) -> None:
        """Hold the values (published) and their units; ``where`` names option, authority and period for messages."""
        self.authority = authority
        self._values = dict(values)
        self._engine = {name: engine_value(value.value, units[name]) for name, value in values.items()}
        self._where = where
        self.read: set[str] = set()
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> int:
        """Return a number (or flag) in engine units; for words see :meth:`word`.

        Raises:
            LawError: there is no such parameter for this authority and period.
        """
        value = self.value(name)
        if not isinstance(value, int):
            raise LawError(f"{name!r} is a word, not a number ({self._where})")
        return value

    def word(self, name: str) -> str:
        """Return a choice, or the only word of a list of words.

        Raises:
            LawError: there is no such parameter, or it is a number.
        """
        value = self.value(name)
        if isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        if not isinstance(value, str):
            raise LawError(f"{name!r} is not one word ({self._where})")
        return value

    def value(self, name: str) -> object:
        """Return a number, flag, word or tuple of words in engine units.

        Raises:
            LawError: there is no such parameter for this authority and period.
        """
        if name not in self._engine:
            raise LawError(f"no value of {name!r} for {self._where}; add one with its citation")
        self.read.add(name)
        return self._engine[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is such a parameter; asking is remembered apart from reading."""
        if isinstance(name, str):
            self.asked.add(name)
        return name in self._engine

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._engine)

    def __len__(self) -> int:
        """Return the number of parameters."""
        return len(self._engine)

    def source(self, name: str) -> Value:
        """Return the published value with its citation and mark."""
        return self._values[name]

    def recording(self) -> Parameters:
        """Return a copy that has read nothing yet."""
        copy = object.__new__(Parameters)
        copy.authority, copy._values, copy._engine, copy._where = (
            self.authority,
            self._values,
            self._engine,
            self._where,
        )
        copy.read, copy.asked = set(), set()
        return copy

    def replaced(self, name: str, value: object) -> Parameters:
        """Return a copy with one engine value replaced (for stated what-if readings)."""
        if name not in self._engine:
            raise LawError(f"no parameter {name!r} for {self._where}")
        copy = self.recording()
        copy._engine = {**self._engine, name: value}
        return copy


@dataclasses.dataclass(frozen=True)
class Segment:
    """A stretch of time (both ends inclusive) with one rule set and one value per parameter."""

    start: datetime.date
    end: datetime.date
    rule_set: RuleSet
    parameters: Parameters
    rules: Mapping[str, Source]
    extrapolated: bool

    @property
    def verification(self) -> Verification:
        """How sure the rule set itself is."""
        return "unverified" if self.extrapolated else self.rule_set.verification


def segments(
    law: OptionLaw, authority: str, adopted: Mapping[str, datetime.date] | None = None
) -> list[Segment]:
    """Cut an option's law into segments for one authority, in order of time.

    Args:
        law: the option.
        authority: for example ``fannie_mae``.
        adopted: rule-set id to the date on which the servicer adopted it early; the date must lie between the set's
            ``optional_from`` and its mandatory start.

    Raises:
        LawError: an adoption date outside the optional period, or a rule set unknown.
    """
    periods = _periods(law, authority, adopted or {})
    result = []
    for start, end, rule_set in periods:
        cuts = {start}
        for parameter in law.parameters.values():
            for value in _applicable(parameter.values, authority, rule_set.id):
                if value.start is not None and start < value.start <= end:
                    cuts.add(value.start)
                if value.end is not None and start <= value.end < end:
                    cuts.add(value.end + _DAY)
        if rule_set.known_since is not None and start < rule_set.known_since <= end:
            cuts.add(rule_set.known_since)
        ordered = sorted(cuts)
        for first, following in zip(ordered, [*ordered[1:], None], strict=True):
            last = end if following is None else following - _DAY
            result.append(_segment(law, authority, rule_set, first, last))
    return result


def _periods(
    law: OptionLaw, authority: str, adopted: Mapping[str, datetime.date]
) -> list[tuple[datetime.date, datetime.date, RuleSet]]:
    own = sorted(
        (item for item in law.rule_sets if authority in item.authorities),
        key=lambda item: item.start or FIRST_DAY,
    )
    starts = []
    for item in own:
        start = item.start or FIRST_DAY
        if item.id in adopted:
            date = adopted[item.id]
            if item.optional_from is None or not item.optional_from <= date <= start:
                raise LawError(
                    f"{item.id} could not be adopted on {date}: that was optional from {item.optional_from} to {start}"
                )
            start = date
        starts.append(start)
    result = []
    for index, item in enumerate(own):
        end = item.end or _LAST
        if index + 1 < len(own):
            end = min(end, starts[index + 1] - _DAY)
        result.append((starts[index], end, item))
    return result


def _applicable(values: list[Value], authority: str, rule_set: str) -> list[Value]:
    return [
        item
        for item in values
        if authority in item.authorities and (not item.rule_sets or rule_set in item.rule_sets)
    ]


def _segment(
    law: OptionLaw, authority: str, rule_set: RuleSet, start: datetime.date, end: datetime.date
) -> Segment:
    chosen: dict[str, Value] = {}
    for name, parameter in law.parameters.items():
        for value in _applicable(parameter.values, authority, rule_set.id):
            if (value.start or FIRST_DAY) <= start <= (value.end or _LAST):
                chosen[name] = value
    units = {name: parameter.unit for name, parameter in law.parameters.items()}
    rules = {
        name: source
        for name, rule in law.rules.items()
        if not rule.rule_sets or rule_set.id in rule.rule_sets
        for source in rule.sources
        if authority in source.authorities
    }
    extrapolated = rule_set.known_since is not None and start < rule_set.known_since
    where = f"{law.option} of {authority} under {rule_set.id} from {start}"
    return Segment(start, end, rule_set, Parameters(chosen, units, authority, where), rules, extrapolated)


def marks(segment: Segment) -> Verification:
    """Return the least certain mark among a segment's rule set, rules and parameters."""
    values = [segment.parameters.source(name).verification for name in segment.parameters]
    return weakest(
        [segment.verification, *values, *[source.verification for source in segment.rules.values()]]
    )
