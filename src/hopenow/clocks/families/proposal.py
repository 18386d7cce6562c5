"""The proposal of 2024 as a draft (DP-1): applied only where the policy ``proposal_2024`` is set."""

from __future__ import annotations

from hopenow.clocks.families.scope import FULL, coverage
from hopenow.clocks.ledger import NEVER
from hopenow.clocks.output import Out, of_event
from hopenow.clocks.result import Bar
from hopenow.clocks.state import State


def run(s: State, out: Out) -> None:
    """One review cycle after another, each from a request for help."""
    if not s.policies.proposal_2024:
        return
    over = 0
    for day, index, sale in s.asked_for_help:
        rule = s.book.at(day).get("DP-1")
        if rule is None or day < over or coverage(s, day) != FULL or not s.ledger.oldest(day):
            continue
        if sale and sale - day <= rule.figures["more_than"]:
            continue
        cured = s.ledger.cured(day)
        over = min(cured, s.ended or NEVER)
        why = ("The homeowner asked for help on {0} (a draft: the proposal is not law).", day)
        exits = "the loan being current, or a safeguard of the proposal being met"
        until = over if over <= s.as_of else 0
        out.protection(rule, Bar.ANY_STEP, of_event(index), day, until, (index,), why=why, exits=exits)
