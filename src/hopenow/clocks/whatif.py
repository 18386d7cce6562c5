"""What if: the clocks with events that did not happen, beside the clocks as they are."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar

from hopenow.clocks.case import Case
from hopenow.clocks.derive import Clockwork, derive
from hopenow.clocks.events import Event, read_events, refuse
from hopenow.clocks.policies import DEFAULT, Policies
from hopenow.clocks.result import Duty, Protection, Right
from hopenow.errors import InputError

Item = TypeVar("Item", Protection, Duty, Right)


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One item that would be otherwise.

    Attributes:
        kind: ``added``, ``removed`` or ``changed``.
        before: as it is; None when it would be added.
        after: as it would be; None when it would be gone.
    """

    kind: Literal["added", "removed", "changed"]
    before: Protection | Duty | Right | None
    after: Protection | Duty | Right | None


@dataclasses.dataclass(frozen=True, slots=True)
class WhatIf:
    """The clocks as they are and as they would be, as of the same day.

    Attributes:
        before: without the events that did not happen.
        after: with them; what rests on them is marked ``hypothetical``.
        protections, duties, rights: what would be otherwise.
    """

    before: Clockwork
    after: Clockwork
    protections: tuple[Change, ...]
    duties: tuple[Change, ...]
    rights: tuple[Change, ...]


def what_if(
    case: Case,
    events: Iterable[Event | Mapping[str, Any]],
    as_of: datetime.date,
    policies: Policies = DEFAULT,
) -> WhatIf:
    """Derive a case with events that did not happen.

    Args:
        case: the case as it is.
        events: what might happen: events, or rows as in a file. All are marked hypothetical.
        as_of: the day looked at. Where an event lies after it, both sides are looked at on the day of the last event.
        policies: choices that the law leaves open.

    Raises:
        InputError: with every reason, when the events cannot be read or contradict the case.
    """
    supposed = _suppose(case, events, policies)
    day = max([as_of, *(event.day for event in supposed)])
    before, after = derive(case, day, policies), derive(case.with_events(supposed), day, policies)
    return WhatIf(
        before,
        after,
        _changes(before.protections, after.protections),
        _changes(before.duties, after.duties),
        _changes(before.rights, after.rights),
    )


def _suppose(case: Case, events: Iterable[Event | Mapping[str, Any]], policies: Policies) -> list[Event]:
    listed = list(events)
    if not listed:
        raise InputError("What if nothing happens? Give at least one event that might.")
    taken = {event.id for event in case.events}
    rows: list[Mapping[str, Any]] = []
    ready: list[Event] = []
    for number, item in enumerate(listed, start=1):
        if isinstance(item, Event):
            ready.append(dataclasses.replace(item, hypothetical=True))
            continue
        name = item.get("id") or f"what-if-{number}"
        while name in taken:
            name = f"{name}-again"
        taken.add(name)
        rows.append({**item, "id": name})
    read, found = read_events(rows, zone=case.loan.time_zone, policies=policies, case=case.id)
    refuse("What might happen", found)
    return [*ready, *(dataclasses.replace(event, hypothetical=True) for event in read)]


def _changes(before: tuple[Item, ...], after: tuple[Item, ...]) -> tuple[Change, ...]:
    old, new = _keyed(before), _keyed(after)
    changes = [Change("removed", item, None) for key, item in old.items() if key not in new]
    for key, item in new.items():
        if key not in old:
            changes.append(Change("added", None, item))
        elif _standing(old[key]) != _standing(item):
            changes.append(Change("changed", old[key], item))
    return tuple(changes)


def _keyed(items: tuple[Item, ...]) -> dict[tuple[object, ...], Item]:
    """Items by what they are; the number tells repeated ones apart."""
    found: dict[tuple[object, ...], Item] = {}
    for item in items:
        rule, bars = item.legal.rule, str(getattr(item, "bars", ""))
        number = sum(1 for key in found if key[:3] == (rule, item.about, bars))
        found[rule, item.about, bars, number] = item
    return found


def _standing(item: Protection | Duty | Right) -> tuple[object, ...]:
    if isinstance(item, Protection):
        return item.start, item.until, item.expected, item.in_force
    if isinstance(item, Duty):
        return item.due, item.not_before, item.done, item.status
    return item.start, item.until, item.used, item.open
