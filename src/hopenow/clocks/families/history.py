"""Rules of the past that old cases were under: FH-1 to FH-4, CV-1.

The standing bar (FC-1) is dated by its own versions, so that a filing before it was in force breaks nothing.
"""

from __future__ import annotations

from hopenow.clocks.families.scope import FULL, coverage
from hopenow.clocks.ledger import NEVER
from hopenow.clocks.output import Out, of_event
from hopenow.clocks.result import Bar
from hopenow.clocks.rulebook import Rule
from hopenow.clocks.state import State

UNKNOWN_LIMITS = "Nobody said when the time to begin foreclosure ends; it is taken to be long enough."


def run(s: State, out: Out) -> None:
    """The temporary safeguard of 2021 and its words in live contact."""
    versions = s.book.versions
    for rule in versions["FH-3"]:
        if rule.start <= s.as_of and s.ledger.spells:
            temporary_safeguard(s, out, rule)
    for rule in versions["CV-1"]:
        for day, index in s.simple.get("live_contact_made", ()):
            if rule.start <= day <= rule.end and s.ledger.oldest(day) and coverage(s, day) == FULL:
                out.duty(rule, of_event(index), day, 0, (index,), done=day, how=("in the contact itself, on {0}", day))


def temporary_safeguard(s: State, out: Out, rule: Rule) -> None:
    """FH-3: no first filing in its time without a safeguard."""
    loan = s.loan
    if loan.covid_safeguard or coverage(s, rule.start) != FULL:
        return
    if loan.limitations_end is not None and loan.limitations_end.toordinal() < rule.figures["limitations_from"]:
        return
    for begin, cured in s.ledger.spells:
        if cured < rule.start or begin > rule.end:
            continue
        crossed = _first_day_beyond(s, begin, cured, rule.figures["barred"])
        start, until = max(rule.start, crossed), min(rule.end, cured)
        if crossed < rule.figures["since"] or start > until:
            continue
        why = ("The loan became delinquent beyond the barred days on {0}.", crossed)
        exits = ("the end of the rule on {0}, or one of its safeguards", rule.end)
        out.protection(rule, Bar.FIRST_FILING, begin, start, until, (), why=why, exits=exits)
        if loan.limitations_end is None:
            out.note(rule, UNKNOWN_LIMITS)


def _first_day_beyond(s: State, begin: int, cured: int, days: int) -> int:
    """First day of a spell on which an installment had been unpaid for more than the days; ``NEVER`` if none was."""
    for due, paid in zip(s.ledger.due, s.ledger.paid, strict=True):
        if begin <= due < cured and paid > due + days:
            return due + days + 1
    return NEVER
