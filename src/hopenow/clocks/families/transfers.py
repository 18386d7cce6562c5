"""Notices of a servicing transfer and what it protects: TN-1 to TN-3, TR-1, TR-9, PP-6."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopenow.clocks.output import Out, of_event
from hopenow.clocks.result import Bar, Words
from hopenow.clocks.state import State


def run(s: State, out: Out) -> None:
    """Every transfer's notices, and the time in which no payment is late."""
    if s.loan.open_end:
        return
    for day, index, _ in s.transfers:
        law = s.book.at(day)
        if "TN-1" not in law:
            continue
        about, events = of_event(index), (index,)
        notices = [(sent, at, details) for sent, at, details in s.transfer_notices if _is_for(details, day)]
        _notice(s, out, "TN-1", "transferor", day, index, notices)
        _notice(s, out, "TN-2", "transferee", day, index, notices)
        rule = law["TN-3"]
        why = ("Servicing was transferred on {0}.", day)
        # "The 60-day period beginning on the effective date": that date is the first of the sixty, not day 0.
        until = rule.after(day) - 1
        exits = ("the time after the transfer, which ends on {0}", until)
        out.protection(rule, Bar.LATE_TREATMENT, about, day, until, events, why=why, exits=exits)
        if any(application.pending_at(day) and application.index < index for application in s.applications.values()):
            out.note(law.get("TR-1"), ("The application pending on {0} keeps its deadlines and protections.", day))
            out.note(law.get("TR-9"), "Notices that the old servicer sent need not be repeated.")


def _is_for(details: Mapping[str, Any], day: int) -> bool:
    return bool(details["effective"].toordinal() == day)


def _notice(
    s: State, out: Out, rule_id: str, by: str, day: int, index: int, notices: list[tuple[int, int, Mapping[str, Any]]]
) -> None:
    """One side's notice; a combined one serves both, if it went out as early as the old servicer's must."""
    rule = s.book.at(day)[rule_id]
    last = rule.after(day)
    how: Words = ""
    own = [(sent, at, details) for sent, at, details in notices if details["by"] in (by, "both")]
    if any(details.get("receivership") for _, _, details in own):
        # 33(b)(3)(ii) gives it to either servicer's notice, and so to a combined one.
        last = day + s.book.at(day)["TN-2"].figures["receivership"]
        how = ("the longer time for receivership and similar cases, counted from {0}, ends on {1}", day, last)
    elif own and rule_id == "TN-2" and own[0][2]["by"] == "both":
        last = s.book.at(day)["TN-1"].after(day)
        how = ("a combined notice goes out as early as the old servicer's: by {0}", last)
    if own:
        out.duty(rule, of_event(index), day, last, (index, own[0][1]), done=own[0][0], how=how)
    elif rule_id == "TN-1":
        # It was to go out before the transfer, so it cannot be made good.
        out.ended(
            rule, of_event(index), day, last, (index,), day, ("The transfer took place on {0} without it.", day), how
        )
    else:
        out.duty(rule, of_event(index), day, last, (index,), how=how)
