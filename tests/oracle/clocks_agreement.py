"""The engine's clocks beside the recount: every duty's days, shields, rights and tiers, one case at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from hopenow.clocks import DEFAULT, Clockwork, Policies, Status, derive, read_case
from tests.oracle.clocks import Recount, recount

DUTIES = frozenset(
    [
        "EI-1",
        "EI-3",
        "EI-5",
        "EI-6",
        "EI-7",
        "EI-8",
        "EI-10",
        "CC-1",
        "LM-1",
        "LM-2",
        "LM-3",
        "LM-6",
        "EV-1",
        "AP-3",
        "TR-2",
        "TR-5",
        "TR-6",
        "NE-1",
        "NE-2",
        "NE-3",
        "NE-4",
        "NE-5",
        "NE-6",
        "NE-8",
        "RI-1",
        "RI-2",
        "RI-3",
        "RI-5",
        "RI-6",
        "PP-9",
        "TN-1",
        "TN-2",
        "ER-1",
        "FP-2",
        "FP-3",
        "ES-2",
        "ES-3",
        "PC-2",
        "PC-5",
        "MT-1",
        "PS-2",
    ]
)
SHIELDS = frozenset({"FC-1", "FC-2", "FC-3", "NE-9", "NE-10", "TN-3", "FP-1"})
RIGHTS = frozenset({"accept", "appeal"})
OVER = frozenset({Status.MISSED, Status.ENDED, Status.WAIVED})
"""Where a duty is over, the engine names no first day any more."""


def differences(story: Mapping[str, Any], as_of: date, policies: Policies = DEFAULT) -> Iterator[str]:
    """Say everything in which engine and recount differ on a case as of a day."""
    clockwork = derive(read_case(story), as_of, policies)
    own = recount(story["loan"], story["events"], as_of, str(policies.observed_holidays))
    yield from _duties(clockwork, own)
    yield from _shields(clockwork, own)
    rights = {(x.legal.rule, x.kind, x.about, x.until) for x in clockwork.rights if x.kind in RIGHTS}
    yield from _sets("right", rights, {(x.rule, x.kind, x.about, x.until) for x in own.chances})
    tiers = {(x.id, x.tier) for x in clockwork.facts.applications if x.covered}
    yield from _sets("tier", tiers, set(own.tiers.items()))
    if clockwork.facts.days_delinquent != own.days_delinquent:
        yield f"days delinquent: engine {clockwork.facts.days_delinquent}, recount {own.days_delinquent}"


def _duties(clockwork: Clockwork, own: Recount) -> Iterator[str]:
    counted = defaultdict(set)
    for owed in own.owed:
        counted[owed.rule, owed.about].add((owed.last, owed.first))
    listed = set()
    for duty in clockwork.duties:
        rule = duty.legal.rule
        if rule not in DUTIES:
            continue
        listed.add((rule, duty.about, duty.due))
        days = counted[rule, duty.about]
        if duty.status in OVER and duty.not_before is None:
            found = duty.due in {last for last, _ in days}
        else:
            found = (duty.due, duty.not_before) in days
        if not found:
            yield f"{rule} {duty.about}: engine {duty.due}, from {duty.not_before} ({duty.status}); recount {days}"
    for owed in own.owed:
        if owed.sure and (owed.rule, owed.about, owed.last) not in listed:
            yield f"{owed} is not listed by the engine"


def _shields(clockwork: Clockwork, own: Recount) -> Iterator[str]:
    engine = {
        (x.legal.rule, x.about, x.start, x.until or x.expected)
        for x in clockwork.protections
        # Where nothing is unpaid, no filing is possible at all, and there is no last day to count.
        if x.legal.rule in SHIELDS and not (x.legal.rule == "FC-1" and not own.days_delinquent and x.until is None)
    }
    every = {(x.rule, x.about, x.start, x.until) for x in own.shields}
    sure = {(x.rule, x.about, x.start, x.until) for x in own.shields if x.sure}
    yield from (f"shield: only the engine has {item}" for item in _sorted(engine - every))
    yield from (f"shield: only the recount has {item}" for item in _sorted(sure - engine))


def _sets(what: str, engine: set[Any], own: set[Any]) -> Iterator[str]:
    yield from (f"{what}: only the engine has {item}" for item in _sorted(engine - own))
    yield from (f"{what}: only the recount has {item}" for item in _sorted(own - engine))


def _sorted(items: Iterable[Any]) -> list[Any]:
    return sorted(items, key=str)
