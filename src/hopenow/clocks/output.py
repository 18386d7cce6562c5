"""Where the rule families write what they find."""

from __future__ import annotations

from hopenow.clocks.result import ENDED_STATE, NORMAL, WAIVED_STATE, BreachRow, DutyRow, ProtectionRow, RightRow, Words
from hopenow.clocks.rulebook import Rule


class Out:
    """Collects the items of one case as compact rows.

    Days are ordinals and 0 means none. ``about`` is the ordinal of a due date, or ``-(index + 1)`` of an event: use
    :func:`of_event`. ``events`` are indexes of the events behind an item. Words are text, or a tuple of a template and
    the days to fill in.

    Attributes:
        duties, protections, rights, breaches: rows as :mod:`hopenow.clocks.result` describes them.
        notes: (rule or None, words) on scope and on what was assumed.
        coverage: day -> FULL, SMALL or NONE, set by the scope gates.
    """

    __slots__ = ("breaches", "duties", "notes", "protections", "rights")

    def __init__(self) -> None:
        self.duties: list[DutyRow] = []
        self.protections: list[ProtectionRow] = []
        self.rights: list[RightRow] = []
        self.breaches: list[BreachRow] = []
        self.notes: list[tuple[Rule | None, Words]] = []

    def duty(
        self,
        rule: Rule,
        about: int,
        start: int,
        due: int,
        events: tuple[int, ...],
        *,
        done: int = 0,
        first: int = 0,
        why: Words = "",
        how: Words = "",
    ) -> None:
        """A duty that is done, or still to be done.

        Args:
            rule: the rule as in force on the trigger day.
            about: due date or event that it is about.
            start: trigger day.
            due: last day; 0 where the law names none.
            events: what it rests on.
            done: day on which it was done.
            first: first day on which it may be done.
            why: what else is to be known.
            how: how the last day was counted, where the rule's own length does not say it.
        """
        self.duties.append((rule, about, start, due, first, done, 0, NORMAL, why, how, events))

    def waived(
        self, rule: Rule, about: int, start: int, due: int, events: tuple[int, ...], why: Words, how: Words = ""
    ) -> None:
        """A duty that an exception takes away."""
        self.duties.append((rule, about, start, due, 0, 0, 0, WAIVED_STATE, why, how, events))

    def ended(
        self,
        rule: Rule,
        about: int,
        start: int,
        due: int,
        events: tuple[int, ...],
        over: int,
        why: Words,
        how: Words = "",
    ) -> None:
        """A duty that fell away on a day; missed if its time had run out by then."""
        self.duties.append((rule, about, start, due, 0, 0, over, ENDED_STATE, why, how, events))

    def protection(
        self,
        rule: Rule,
        bars: str,
        about: int,
        start: int,
        until: int,
        events: tuple[int, ...],
        *,
        why: Words,
        exits: Words,
        expected: int = 0,
    ) -> None:
        """Something barred from a day until a day (0: open)."""
        self.protections.append((rule, bars, about, start, until, expected, why, exits, events))

    def right(
        self,
        rule: Rule,
        kind: str,
        about: int,
        start: int,
        until: int,
        events: tuple[int, ...],
        *,
        used: int = 0,
        over: int = 0,
        why: Words = "",
    ) -> None:
        """Something the homeowner may do until a day (0: no last day); ``over``: day on which it fell away."""
        self.rights.append((rule, kind, about, start, until, used, over, why, events))

    def breach(self, rule: Rule, about: int, day: int, what: Words, events: tuple[int, ...]) -> None:
        """An act that a rule forbids (a duty not done in time is a breach by itself; do not add it here)."""
        self.breaches.append((rule, about, day, what, events))

    def note(self, rule: Rule | None, words: Words) -> None:
        """Words on scope, or on what was assumed."""
        self.notes.append((rule, words))


def of_event(index: int) -> int:
    """Return what an item is about, from the index of an event."""
    return -index - 1
