"""State overlays: what a state adds, as data.

A rule of a state has the state's postal code and the name of a shape, as in ``NJ-MED``; the shape says how it works,
the law file says with which numbers, dates and mark. A new state with known shapes is a new law file and no code.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from hopenow.clocks.events import Loan
from hopenow.clocks.families.programs_common import Log, spells, while_behind
from hopenow.clocks.ledger import NEVER
from hopenow.clocks.output import Out, of_event
from hopenow.clocks.result import Bar, Words
from hopenow.clocks.rulebook import law_files
from hopenow.clocks.state import State


@functools.cache
def states_with_law() -> frozenset[str]:
    """Postal codes of the states that a law file is for."""
    return frozenset(state for file in law_files().values() for state in file.states)


def applies(loan: Loan) -> bool:
    """Whether the home is in a state that a law file is for."""
    return loan.state is not None and loan.state in states_with_law()


def run(s: State, out: Out) -> None:
    """Every rule of the state, by its shape."""
    log = Log(s, out)
    for shape, work in SHAPES.items():
        rule_id = f"{s.loan.state}-{shape}"
        if rule_id in s.book.versions:
            work(log, rule_id)


def mediation(log: Log, rule_id: str) -> None:
    """MED: the homeowner may ask for court mediation, within the days after service where they are known."""
    for row in log.all("complaint_served"):
        rule = log.rule(rule_id, row.day)
        if rule is None or log.s.principal_residence(row.day) is False:
            continue
        until = rule.after(row.day) if rule.length else 0
        asked = log.first(row.day, NEVER, "mediation_requested")
        over = log.first(row.day, NEVER, "foreclosure_dismissed", "sale_held", "loan_paid_off")
        used = asked.day if asked is not None and (not until or asked.day <= until) else 0
        events = (row.at,) if asked is None else (row.at, asked.at)
        why = "" if until else "the time to ask is not known here"
        gone = over.day if over is not None and not used else 0
        log.out.right(rule, "mediation", of_event(row.at), row.day, until, events, used=used, over=gone, why=why)


def adjournments(log: Log, rule_id: str) -> None:
    """ADJ: how often the homeowner may put the sale off; each time for the days of the rule at most."""
    by = ("homeowner", "joint")
    for known, sale, index in log.s.sales[-1:]:
        rule = log.rule(rule_id, known)
        if rule is None or not sale:
            continue
        taken = [row for row in log.all("sale_adjourned") if row.details["by"] in by]
        asked = sum(1 for row in taken if row.details["by"] == "homeowner")
        left = rule.figures["homeowner"] - asked
        why: Words = f"adjournments left on the homeowner's own request: {max(left, 0)}"
        over = taken[-1].day if left <= 0 and taken else 0
        log.out.right(rule, "adjourn", of_event(index), known, sale, (index,), over=over, why=why)


def redemption(log: Log, rule_id: str) -> None:
    """RED: the homeowner may redeem the home after the sale."""
    for row in log.all("sale_held"):
        rule = log.rule(rule_id, row.day)
        if rule is None:
            continue
        until = rule.after(row.day)
        used = log.first(row.day, until + 1, "home_redeemed")
        events = (row.at,) if used is None else (row.at, used.at)
        log.out.right(rule, "redeem", of_event(row.at), row.day, until, events, used=used.day if used else 0)


def contact(log: Log, rule_id: str) -> None:
    """CON: contact with the homeowner before the first notice."""
    for spell in spells(log):
        rule = log.rule(rule_id, spell.start)
        if rule is None:
            continue
        done = log.first(spell.start, spell.end, "live_contact_made", "live_contact_attempted")
        filing = log.first(spell.start, spell.end, "first_filing_made")
        how = "before the first notice; how long before is not known here"
        while_behind(spell, rule, spell.start, 0, done=done, how=how)
        if filing is not None and (done is None or done.day > filing.day):
            words = ("The first notice was given on {0}, and no contact before it is on file.", filing.day)
            log.out.breach(rule, of_event(filing.at), filing.day, words, (filing.at,))


def notice(log: Log, rule_id: str) -> None:
    """NOT: a notice some days before the first filing, which is barred until they are over."""
    for row in log.all("state_notice_sent"):
        rule = log.rule(rule_id, row.day)
        if rule is None or rule.length is None:
            continue
        until = row.day + rule.length
        why: Words = ("The state's notice before foreclosure went out on {0}.", row.day)
        exits: Words = ("the time after the notice, which ends on {0}", until)
        log.out.protection(rule, Bar.FIRST_FILING, of_event(row.at), row.day, until, (row.at,), why=why, exits=exits)


SHAPES: Mapping[str, Callable[[Log, str], None]] = {
    "MED": mediation,
    "ADJ": adjournments,
    "RED": redemption,
    "CON": contact,
    "NOT": notice,
}
"""How a rule of a state works, by the end of its id."""
