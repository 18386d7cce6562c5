"""Scope gates (SG-1 to SG-6): which of sections 1024.38 to 1024.41 apply on a day."""

from __future__ import annotations

import datetime

from hopenow.clocks.output import Out
from hopenow.clocks.state import State

NONE, SMALL, FULL = range(3)
"""Nothing of 1024.39 to 1024.41; only 1024.41(j) of a small servicer; everything."""

WORDS = ("none", "small servicer", "full")


def coverage(s: State, day: int) -> int:
    """Return how much of sections 1024.39 to 1024.41 applies to a loan on a day (SG-1 to SG-4, SG-6)."""
    loan = s.loan
    if loan.open_end or loan.reverse_mortgage or loan.farm_credit:
        return NONE
    stated = s.occupancy or loan.principal_residence is False
    if stated and s.principal_residence(day) is False:
        return NONE
    if (loan.small_servicer or s.small) and is_small(s, day):
        return SMALL
    return FULL


def policies_required(s: State, day: int) -> bool:
    """Whether section 1024.38 applies on a day: occupancy is no test for it (SG-2 to SG-4)."""
    loan = s.loan
    if loan.open_end or loan.reverse_mortgage or loan.farm_credit:
        return False
    return not ((loan.small_servicer or s.small) and is_small(s, day))


def is_small(s: State, day: int) -> bool:
    """Whether the exemption of a small servicer holds on a day.

    After a servicer ceases to qualify it holds on until six months later or the next January 1, whichever is later, and
    goes on if the servicer qualifies again by then (SG-6).
    """
    small, complies_from = s.loan.small_servicer, 0
    for changed, now, at_once in s.small:
        if changed > day:
            break
        if at_once:
            small, complies_from = now, 0
        elif now:
            if not complies_from or changed <= complies_from:
                small, complies_from = True, 0
        elif small:
            complies_from = comply_from(s, changed)
    return small and (not complies_from or day < complies_from)


def comply_from(s: State, ceased: int) -> int:
    """Return from when a servicer that ceased to be small must comply (SG-6)."""
    rule = s.book.at(ceased).get("SG-6")
    if rule is None:
        return ceased
    new_year = datetime.date(datetime.date.fromordinal(ceased).year + 1, 1, 1).toordinal()
    return max(rule.after(ceased), new_year)


def notes(s: State, out: Out) -> None:
    """Say which gate is closed, and what was assumed."""
    law, loan = s.book.at(s.as_of), s.loan
    if loan.open_end:
        out.note(law.get("SG-4"), "The loan is open-end credit, so subpart C of Regulation X does not apply.")
    if loan.reverse_mortgage or loan.farm_credit:
        out.note(
            law.get("SG-3"), "The loan or the servicer is exempt from early intervention and loss mitigation rules."
        )
    residence = s.principal_residence(s.as_of)
    if residence is False:
        out.note(law.get("SG-1"), "The home is not the principal residence, so those rules do not apply.")
    elif residence is None:
        out.note(law.get("SG-1"), "Nobody said whether the home is the principal residence; it is taken to be.")
    if coverage(s, s.as_of) == SMALL:
        out.note(law.get("SG-2"), "The servicer is a small servicer, so only part of the rules applies.")
    for changed, now, at_once in s.small:
        if not now and not at_once:
            words = "The servicer ceased to be small on {0} and must comply from {1}."
            out.note(law.get("SG-6"), (words, changed, comply_from(s, changed)))
    if loan.first_due is None:
        out.note(law.get("DQ-1"), "The due dates are not known, so nothing that rests on the delinquency is clocked.")
    for confirmed, _ in s.successors:
        words = "A successor in interest was confirmed on {0} and counts as a borrower from then on."
        out.note(law.get("SG-5"), (words, confirmed))
