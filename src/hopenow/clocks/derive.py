"""From events to duties, protections, rights and breaches: pure functions of a case, a day and policies."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterable, Sequence
from typing import Any

from hopenow.clocks.case import Case
from hopenow.clocks.events import Event
from hopenow.clocks.families import FAMILIES, loss_mitigation, scope
from hopenow.clocks.output import Out, of_event
from hopenow.clocks.policies import DEFAULT, Policies, policy_table
from hopenow.clocks.result import (
    FORECLOSURE,
    ApplicationFacts,
    Breach,
    Duty,
    Facts,
    Protection,
    Right,
    Status,
    Step,
    counted,
    day_or_none,
    fill,
    legal,
    status_of,
)
from hopenow.clocks.rulebook import rulebook
from hopenow.clocks.state import State

REMEDY = (
    "The homeowner can send the servicer a written notice of error. A counselor or lawyer can help to enforce the rule."
)
LATE = frozenset({Status.DONE_LATE, Status.OVERDUE, Status.MISSED})
OPEN = frozenset({Status.OPEN, Status.DUE_TODAY, Status.OVERDUE})


def fold(case: Case, as_of: int, policies: Policies = DEFAULT) -> tuple[State, Out]:
    """Fold a case as of a day (ordinal) and derive every item as compact rows; what a portfolio runs."""
    s = State(case, as_of, rulebook(policies))
    out = Out()
    for family in FAMILIES:
        if family.applies(case.loan):
            family.run(s, out)
    return s, out


def derive(case: Case, as_of: datetime.date, policies: Policies = DEFAULT) -> Clockwork:
    """Derive every duty, protection, right and breach of a case as of a day.

    Args:
        case: the loan and its events, checked.
        as_of: the day looked at, its end; events after it are not counted and are listed as future.
        policies: choices that the law leaves open.

    Returns:
        The clockwork; its items are made when they are looked at.

    Raises:
        CoverageError: a day lies outside the tables of holidays.
    """
    return Clockwork(case, as_of, policies)


class Clockwork:
    """What follows from a case's events as of a day.

    Attributes:
        case: the case.
        as_of: the day looked at, its end.
        policies: under which it was derived.
        state: the folded case.
        rows: compact rows of every item.
    """

    def __init__(self, case: Case, as_of: datetime.date, policies: Policies = DEFAULT) -> None:
        self.case = case
        self.as_of = as_of
        self.policies = policies
        self.state, self.rows = fold(case, as_of.toordinal(), policies)
        scope.notes(self.state, self.rows)

    # --- items ------------------------------------------------------------------------------------

    @functools.cached_property
    def duties(self) -> tuple[Duty, ...]:
        """Every duty, by last day, those without one at the end."""
        today = self.as_of.toordinal()
        found = [self._duty(row, today) for row in self.rows.duties]
        return tuple(sorted(found, key=lambda item: (item.due or datetime.date.max, item.legal.rule, item.about)))

    @functools.cached_property
    def protections(self) -> tuple[Protection, ...]:
        """Every protection, in force or past, by its first day."""
        found = []
        today = self.as_of.toordinal()
        for rule, bars, about, start, until, expected, why, exits, events in self.rows.protections:
            found.append(
                Protection(
                    legal=legal(rule),
                    bars=bars,
                    about=self._about(about),
                    start=datetime.date.fromordinal(start),
                    until=day_or_none(until),
                    expected=day_or_none(expected),
                    in_force=start <= today and (not until or today <= until),
                    why=fill(why),
                    exits=fill(exits),
                    events=self._ids(events),
                    hypothetical=self._hypothetical(events),
                )
            )
        return tuple(sorted(found, key=lambda item: (item.start, item.legal.rule, item.bars)))

    @functools.cached_property
    def rights(self) -> tuple[Right, ...]:
        """Everything the homeowner may do or could have done, by last day."""
        found = []
        today = self.as_of.toordinal()
        for rule, kind, about, start, until, used, over, why, events in self.rows.rights:
            words = fill(why) if why else ""
            found.append(
                Right(
                    legal=legal(rule),
                    kind=kind,
                    what=rule.may,
                    about=self._about(about),
                    start=datetime.date.fromordinal(start),
                    until=day_or_none(until),
                    used=day_or_none(used),
                    open=not used and not over and start <= today and (not until or today <= until),
                    counted=counted(rule, start, until, "") if until else words or counted(rule, start, until, ""),
                    why=words or None,
                    events=self._ids(events),
                    hypothetical=self._hypothetical(events),
                )
            )
        return tuple(sorted(found, key=lambda item: (item.until or datetime.date.max, item.legal.rule)))

    @functools.cached_property
    def breaches(self) -> tuple[Breach, ...]:
        """Every duty of the law not done in time, and every act against a protection, by day."""
        found = [
            Breach(
                legal=duty.legal,
                what=f"{duty.what}: {duty.status}",
                about=duty.about,
                day=duty.due,
                days_late=((duty.done or self.as_of) - duty.due).days if duty.status is not Status.MISSED else None,
                remedy=REMEDY,
                events=duty.events,
                hypothetical=duty.hypothetical,
            )
            for duty in self.duties
            if duty.status in LATE and duty.basis == "law" and duty.due is not None
        ]
        found += [
            Breach(
                legal=legal(rule),
                what=fill(what),
                about=self._about(about),
                day=datetime.date.fromordinal(day),
                days_late=None,
                remedy=REMEDY,
                events=self._ids(events),
                hypothetical=self._hypothetical(events),
            )
            for rule, about, day, what, events in self.rows.breaches
        ]
        return tuple(sorted(found, key=lambda item: (item.day, item.legal.rule)))

    @functools.cached_property
    def shield(self) -> tuple[Protection, ...]:
        """The protections against foreclosure that are in force."""
        return tuple(item for item in self.protections if item.in_force and item.bars in FORECLOSURE)

    @functools.cached_property
    def next(self) -> tuple[Step, ...]:
        """Who must or may act next, the most urgent first; what has no last day comes at the end."""
        steps = [
            Step(duty.who, duty.name, duty.what, duty.due, duty.days_left, "duty", duty.legal.rule)
            for duty in self.duties
            if duty.status in OPEN
        ]
        steps += [
            Step("homeowner", None, right.what, right.until, _left(right.until, self.as_of), "right", right.legal.rule)
            for right in self.rights
            if right.open
        ]
        return tuple(sorted(steps, key=lambda step: (step.by or datetime.date.max, step.kind, step.rule)))

    @functools.cached_property
    def facts(self) -> Facts:
        """What the rules saw on the as-of day."""
        s, today = self.state, self.as_of.toordinal()
        known = bool(s.ledger.dates)
        oldest = s.ledger.oldest(today)
        applications: tuple[ApplicationFacts, ...] = loss_mitigation.facts(s)
        return Facts(
            days_delinquent=s.ledger.behind(today) if known else None,
            oldest_unpaid=day_or_none(oldest),
            first_day_of_delinquency=day_or_none(oldest + 1 if oldest else 0),
            unpaid_installments=s.ledger.unpaid(today) if known else None,
            held_cents=s.ledger.held,
            first_filing=day_or_none(s.filed),
            sale=day_or_none(s.sale),
            in_bankruptcy=s.in_bankruptcy(today) is not None,
            servicer=self._servicer(today),
            coverage=scope.WORDS[scope.coverage(s, today)],
            applications=applications,
            notes=tuple(f"{fill(words)} [{rule.id}]" if rule else fill(words) for rule, words in self.rows.notes),
        )

    @functools.cached_property
    def future(self) -> tuple[Event, ...]:
        """Events after the as-of day: known to the file, not counted."""
        return tuple(event for event in self.case.events if event.day > self.as_of)

    @functools.cached_property
    def hypothetical(self) -> bool:
        """Whether any event counted did not happen."""
        return any(event.hypothetical and event.day <= self.as_of for event in self.case.events)

    # --- making items -----------------------------------------------------------------------------

    def _duty(self, row: Any, today: int) -> Duty:
        rule, about, start, due, first, done, over, state, why, how, events = row
        status = status_of(due, done, over, state, today)
        return Duty(
            legal=legal(rule),
            who=rule.who,
            name=self._servicer(_acting_day(due, done, over, today)) if rule.who == "servicer" else None,
            what=rule.must,
            about=self._about(about),
            since=datetime.date.fromordinal(start),
            due=day_or_none(due),
            not_before=day_or_none(first),
            counted=counted(rule, start, due, how),
            status=status,
            done=day_or_none(done),
            why=fill(why) or None,
            days_left=due - today if due and status in OPEN else None,
            basis=rule.basis,
            events=self._ids(events),
            hypothetical=self._hypothetical(events),
        )

    def _about(self, about: int) -> str:
        if about < 0:
            return self.case.events[-about - 1].id
        return datetime.date.fromordinal(about).isoformat()

    def _ids(self, events: Sequence[int]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.case.events[index].id for index in events))

    def _hypothetical(self, events: Iterable[int]) -> bool:
        return any(self.case.events[index].hypothetical for index in events)

    def _servicer(self, day: int) -> str | None:
        name = self.case.loan.servicer
        for moved, _, details in self.state.transfers:
            if moved <= day:
                name = details.get("to", name)
        return name

    # --- as plain data ----------------------------------------------------------------------------

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data for JSON: dates as text, every item with its citation and mark."""
        table = policy_table()
        return {
            "case": self.case.id,
            "as_of": self.as_of.isoformat(),
            "hypothetical": self.hypothetical,
            "facts": plain(self.facts),
            "duties": [plain(item) for item in self.duties],
            "protections": [plain(item) for item in self.protections],
            "rights": [plain(item) for item in self.rights],
            "breaches": [plain(item) for item in self.breaches],
            "next": [plain(item) for item in self.next],
            "future": [event.id for event in self.future],
            "policies": {
                name: {"id": table[name].id, "value": value, "means": policy.means, "verification": policy.verification}
                for name, policy, value in self.policies.shown()
            },
        }


def plain(item: Any) -> Any:
    """An item as plain data: mappings, lists, text, numbers."""
    if isinstance(item, datetime.date):
        return item.isoformat()
    if isinstance(item, Status):
        return item.value
    if isinstance(item, tuple):
        return [plain(part) for part in item]
    if hasattr(item, "__dataclass_fields__"):
        return {name: plain(getattr(item, name)) for name in item.__dataclass_fields__}
    return item


def _acting_day(due: int, done: int, over: int, today: int) -> int:
    """The day whose servicer a duty is: that of the act, or the last day on which it could be done."""
    if done:
        return done
    return min(day for day in (due, over - 1, today) if day > 0)


def _left(day: datetime.date | None, today: datetime.date) -> int | None:
    return (day - today).days if day is not None else None


__all__ = ["Clockwork", "derive", "fold", "of_event", "plain"]
