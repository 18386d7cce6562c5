"""A case: a loan and everything that happened, checked once and made ready for the clocks.

Contradictory and impossible lists of events are refused with every reason, never guessed at. What can be wrong with
one event alone is said in :mod:`hopenow.clocks.events`; what is wrong between events is said here, in one walk.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hopenow.clocks.events import (
    Event,
    EventFinding,
    EventKind,
    Loan,
    event_kinds,
    loan_fields,
    read_events,
    read_loan,
    refuse,
)
from hopenow.clocks.ledger import is_due_date
from hopenow.clocks.policies import DEFAULT, Policies
from hopenow.errors import InputError, LawError
from hopenow.law.loader import read_strict


class Row(NamedTuple):
    """An event as the clocks read it.

    Attributes:
        day: ordinal.
        kind: name of the kind.
        at: place in ``Case.events``.
        thread: index of the event that opened the thread it belongs to (itself when it opens one), or -1.
        details: its fields in engine units.
    """

    day: int
    kind: str
    at: int
    thread: int
    details: Mapping[str, Any]


class Case:
    """A loan and what happened to it, in order of time.

    Args:
        id: name of the case.
        loan: what must be known of the loan.
        events: in any order; events of one day keep the order given, or that of their moments where all have one.

    Raises:
        InputError: the events contradict each other or cannot have happened; carries every reason.
    """

    __slots__ = ("days", "events", "id", "loan", "rows")

    def __init__(self, id: str, loan: Loan, events: Iterable[Event]) -> None:
        self.id = id
        self.loan = loan
        self.events = _ordered(events)
        walk = _Walk(id, loan, self.events)
        walk.run()
        refuse(f"The case {id}", walk.found)
        self.rows: list[Row] = walk.rows
        self.days = [row.day for row in self.rows]

    def with_events(self, events: Iterable[Event]) -> Case:
        """Return this case with further events (checked as a whole again)."""
        return Case(self.id, self.loan, (*self.events, *events))

    def __repr__(self) -> str:
        return f"Case({self.id!r}, {len(self.events)} events)"


def _ordered(events: Iterable[Event]) -> tuple[Event, ...]:
    listed = sorted(events, key=lambda event: event.day)
    start = 0
    while start < len(listed):
        stop = start + 1
        while stop < len(listed) and listed[stop].day == listed[start].day:
            stop += 1
        if stop - start > 1:
            moments = [event.at for event in listed[start:stop]]
            if all(moment is not None and moment.tzinfo is not None for moment in moments):
                listed[start:stop] = sorted(listed[start:stop], key=_moment)
        start = stop
    return tuple(listed)


def _moment(event: Event) -> datetime.datetime:
    assert event.at is not None  # noqa: S101 - the caller made sure
    return event.at


# --- what cannot be -------------------------------------------------------------------------------


class _Thread:
    """What the walk remembers of a thread."""

    __slots__ = ("denied", "ends", "index", "kind", "last", "offered", "seen")

    def __init__(self, kind: str, index: int) -> None:
        self.kind = kind
        self.index = index
        self.seen: set[str] = set()
        self.last: dict[str, datetime.date] = {}
        self.offered = False
        self.denied = False
        self.ends: datetime.date | None = None


class _Walk:
    """One pass over the events of a case: resolves threads, and finds what cannot be."""

    def __init__(self, case: str, loan: Loan, events: Sequence[Event]) -> None:
        self.case = case
        self.loan = loan
        self.events = events
        self.rows: list[Row] = []
        self.found: list[EventFinding] = []
        self.threads: dict[str, _Thread] = {}
        self.by_kind: dict[str, list[_Thread]] = {}
        self.ids: dict[str, Event] = {}
        self.servicer = loan.servicer
        self.filed = False
        self.sale: datetime.date | None = None
        self.cancelled = False
        self.ended: Event | None = None
        self.accelerated = False
        self.ceased = False
        self.returned: set[str] = set()

    def run(self) -> None:
        kinds = event_kinds()
        for index, event in enumerate(self.events):
            kind = kinds.get(event.kind)
            if kind is None:
                self.fault(event, "UNKNOWN-KIND", f"there is no kind of event {event.kind!r}")
                continue
            if event.id in self.ids:
                self.fault(event, "ID-TWICE", f"the id {event.id!r} stands twice; every event needs its own")
            self.ids[event.id] = event
            thread = self._thread(event, kind, index)
            self._after_the_end(event)
            check = _CHECKS.get(event.kind)
            if check is not None:
                check(self, event, thread)
            if thread is not None:
                thread.seen.add(event.kind)
                thread.last[event.kind] = event.day
            self.rows.append(
                Row(event.day.toordinal(), event.kind, index, -1 if thread is None else thread.index, event.details)
            )

    def fault(self, event: Event, code: str, message: str) -> None:
        self.found.append(EventFinding(code, f"{self.case} {event.id}", message))

    def _thread(self, event: Event, kind: EventKind, index: int) -> _Thread | None:
        if kind.opens is not None:
            thread = _Thread(kind.opens, index)
            self.threads[event.id] = thread
            self.by_kind.setdefault(kind.opens, []).append(thread)
            return thread
        if kind.of is None:
            return None
        what = kind.of.replace("_", " ")
        if event.about is not None:
            named = self.threads.get(event.about)
            if named is None:
                later = any(other.id == event.about for other in self.events)
                code = f"{kind.of}-LATER".upper() if later else f"UNKNOWN-{kind.of}".upper()
                words = "comes later than this event" if later else "is no event of this case"
                self.fault(event, code, f"{event.kind} is about {event.about!r}, which {words}")
            elif named.kind != kind.of:
                self.fault(event, "WRONG-THREAD", f"{event.kind} belongs to a {what}, and {event.about!r} is none")
            else:
                return named
            return None
        open_threads = self.by_kind.get(kind.of, [])
        if len(open_threads) == 1:
            return open_threads[0]
        if open_threads:
            ids = ", ".join(self.events[thread.index].id for thread in open_threads)
            self.fault(event, "WHICH-ONE", f"say with 'about' which {what} {event.kind} belongs to: {ids}")
        else:
            message = f"{event.kind} comes before any {what}; add it, or correct the day"
            self.fault(event, f"NO-{kind.of}".upper(), message)
        return None

    def _after_the_end(self, event: Event) -> None:
        if self.ended is not None and event.kind in _ONLY_BEFORE_THE_END:
            message = f"{event.kind} comes after {self.ended.kind} on {self.ended.day}; one of them is wrong"
            self.fault(event, "AFTER-THE-END", message)

    def need(self, event: Event, thread: _Thread | None, kinds: Sequence[str], code: str, words: str) -> None:
        """One of the kinds must have been seen in the thread."""
        if thread is not None and not thread.seen.intersection(kinds):
            self.fault(event, code, words)

    def once(self, event: Event, thread: _Thread | None, code: str, words: str) -> None:
        if thread is not None and event.kind in thread.seen:
            self.fault(event, code, words)


_ONLY_BEFORE_THE_END = frozenset(
    {
        "payment_received",
        "application_received",
        "application_complete",
        "first_filing_made",
        "judgment_motion_made",
        "judgment_entered",
        "sale_scheduled",
        "sale_rescheduled",
        "sale_held",
        "foreclosure_referred",
        "loan_accelerated",
        "loan_brought_current",
        "loan_paid_off",
        "trial_payment_made",
    }
)

Check = Callable[[_Walk, Event, _Thread | None], None]


def _payment(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    named = event.details.get("for_due")
    if named is not None and walk.loan.first_due is not None and not is_due_date(walk.loan, named):
        walk.fault(event, "NO-SUCH-DUE-DATE", f"{named} is no due date of the loan; correct it or leave it out")
    if "amount" in event.details and "installments" in event.details:
        walk.fault(event, "AMOUNT-AND-COUNT", "give the amount or the number of installments, not both")
    if "amount" in event.details and walk.loan.payment is None:
        walk.fault(event, "PAYMENT-UNKNOWN", "an amount can be credited only if the loan's payment is known; add it")


def _returned(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    name = event.details.get("payment")
    paid = walk.ids.get(str(name))
    if paid is None or paid.kind not in ("payment_received", "trial_payment_made"):
        walk.fault(event, "NO-SUCH-PAYMENT", f"{name!r} is no payment that came before")
    elif name in walk.returned:
        walk.fault(event, "RETURNED-TWICE", f"the payment {name!r} was returned before")
    walk.returned.add(str(name))


def _due_named(field: str) -> Check:
    def check(walk: _Walk, event: Event, thread: _Thread | None) -> None:
        named = event.details.get(field)
        if named is not None and walk.loan.first_due is not None and not is_due_date(walk.loan, named):
            walk.fault(event, "NO-SUCH-DUE-DATE", f"{named} is no due date of the loan")

    return check


def _deferral_accepted(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    words = "a deferral is accepted before it is offered"
    walk.need(event, thread, ["deferral_offered"], "RESPONSE-BEFORE-OFFER", words)
    _due_named("next_due")(walk, event, thread)


def _amount_changed(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if walk.loan.payment is None:
        walk.fault(event, "PAYMENT-UNKNOWN", "the payment changes from an amount that is not known; add it to the loan")
    _due_named("from_due")(walk, event, thread)


def _accelerated(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if walk.accelerated:
        walk.fault(event, "ACCELERATED-TWICE", "the debt was accelerated before and that was not taken back")
    walk.accelerated = True


def _decelerated(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if not walk.accelerated:
        walk.fault(event, "NOT-ACCELERATED", "an acceleration is taken back that never was")
    walk.accelerated = False


def _end(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if walk.ended is None:
        walk.ended = event


def _cease(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    walk.ceased = True


def _cease_withdrawn(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if not walk.ceased:
        walk.fault(event, "NOTHING-TO-WITHDRAW", "a stop to contact is taken back that was never asked for")
    walk.ceased = False


def _acknowledgment(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    complete, missing = event.details.get("complete"), event.details.get("missing", ())
    if complete and missing:
        walk.fault(event, "COMPLETE-AND-MISSING", "the acknowledgment says complete and lists missing papers")
    if complete and "reasonable_date" in event.details:
        walk.fault(event, "COMPLETE-AND-MISSING", "a complete application needs no date for missing papers")
    if complete is False and not missing:
        walk.fault(event, "NOTHING-MISSING", "the acknowledgment says incomplete; list what is missing")
    reasonable = event.details.get("reasonable_date")
    if reasonable is not None and reasonable <= event.day:
        walk.fault(event, "DATE-IN-THE-PAST", f"the reasonable date {reasonable} is not after the notice")
    walk.once(event, thread, "ACKNOWLEDGED-TWICE", "the application was acknowledged before")


def _was_complete(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if thread is not None and not _may_be_complete(walk, thread):
        walk.fault(event, "NOT-COMPLETE", f"{event.kind} needs a complete application; add application_complete")
    if (answer := event.details.get("respond_by")) is not None and answer < event.day:
        walk.fault(event, "DATE-IN-THE-PAST", f"the deadline {answer} lies before the notice")


def _may_be_complete(walk: _Walk, thread: _Thread) -> bool:
    """Complete by its event, by an acknowledgment that says so, or by every paper listed having come in."""
    if "application_complete" in thread.seen:
        return True
    listed: set[str] = set()
    papers: set[str] = set()
    acknowledged = False
    for row in walk.rows:
        if row.thread != thread.index:
            continue
        if row.kind == "acknowledgment_sent":
            acknowledged = True
            listed = set(row.details.get("missing", ()))
        elif row.kind == "document_received":
            papers.add(row.details.get("document", ""))
    return acknowledged and listed <= papers


def _complete_notice(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    _was_complete(walk, event, thread)


def _decision(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if (answer := event.details.get("respond_by")) is not None and answer < event.day:
        walk.fault(event, "DATE-IN-THE-PAST", f"the deadline {answer} lies before the decision")
    offered = event.details.get("offered", ())
    both = set(offered) & {*event.details.get("denied_modifications", ()), *event.details.get("denied_other", ())}
    if both:
        walk.fault(event, "OFFERED-AND-DENIED", f"offered and denied at once: {', '.join(sorted(both))}")
    if thread is not None:
        _not_withdrawn(walk, event, thread)
        thread.offered |= bool(offered)
        thread.denied |= bool(event.details.get("denied_modifications"))


def _answer(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if thread is not None and not thread.offered:
        walk.fault(event, "RESPONSE-BEFORE-OFFER", f"{event.kind} comes before any offer")
    if thread is None:
        return
    other = "offer_rejected" if event.kind == "offer_accepted" else "offer_accepted"
    if other in thread.seen and thread.last.get("appeal_decision_sent", datetime.date.min) < thread.last[other]:
        walk.fault(event, "ACCEPTED-AND-REJECTED", "the same offer is accepted and rejected; keep one of them")


def _trial_payment(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if thread is not None and not thread.offered:
        walk.fault(event, "RESPONSE-BEFORE-OFFER", "a trial payment comes before any offer")
    if "amount" in event.details and walk.loan.payment is None:
        walk.fault(event, "PAYMENT-UNKNOWN", "an amount can be credited only if the loan's payment is known; add it")


def _plan_end(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    words = f"{event.kind} comes before any offer was accepted"
    walk.need(event, thread, ["offer_accepted", "trial_payment_made"], "NO-AGREEMENT", words)


def _appeal(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if thread is not None and not thread.denied:
        walk.fault(event, "APPEAL-WITHOUT-DENIAL", "an appeal comes before any denial of a modification")
    mailed = event.details.get("mailed")
    if mailed is not None and mailed > event.day:
        walk.fault(event, "MAILED-AFTER-RECEIPT", f"the appeal was mailed on {mailed}, after it was received")
    decided = thread.last.get("decision_sent") if thread is not None else None
    if mailed is not None and decided is not None and mailed < decided:
        walk.fault(event, "APPEAL-WITHOUT-DENIAL", f"the appeal was mailed on {mailed}, before the denial")
    walk.once(event, thread, "APPEALED-TWICE", "the application was appealed before; there is no second appeal")


def _appeal_decision(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    walk.need(event, thread, ["appeal_received"], "DECISION-WITHOUT-APPEAL", "an appeal is decided before it is made")
    walk.once(event, thread, "APPEAL-DECIDED-TWICE", "the appeal was decided before")
    if thread is not None:
        thread.offered |= bool(event.details.get("offered"))


def _short_offer(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    ends = event.details.get("ends")
    if ends is not None and ends < event.day:
        walk.fault(event, "DATE-IN-THE-PAST", f"the plan ends on {ends}, before it was offered")
    if thread is not None:
        thread.ends = ends
    _not_withdrawn(walk, event, thread)


def _not_withdrawn(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if thread is not None and "application_withdrawn" in thread.seen:
        walk.fault(event, "AFTER-WITHDRAWAL", f"{event.kind} comes after the application was withdrawn")


def _short_term(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    words = f"{event.kind} comes before any short-term plan was offered"
    walk.need(event, thread, ["short_term_offer_made"], "RESPONSE-BEFORE-OFFER", words)
    if (
        event.kind == "short_term_accepted"
        and thread is not None
        and thread.ends is not None
        and event.day > thread.ends
    ):
        walk.fault(event, "AFTER-THE-PLAN", f"the plan is begun after it ended on {thread.ends}")


def _short_term_end(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    words = f"{event.kind} comes before the short-term plan began"
    walk.need(event, thread, ["short_term_accepted"], "NO-AGREEMENT", words)


def _first_filing(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if walk.filed:
        walk.fault(event, "TWO-FIRST-FILINGS", "a first filing was made before and was not dismissed since")
    walk.filed = True


def _dismissed(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if not walk.filed:
        walk.fault(event, "NO-FIRST-FILING", "a foreclosure is dismissed that was not begun")
    walk.filed = False
    walk.sale = None


def _needs_filing(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if not walk.filed:
        walk.fault(event, "NO-FIRST-FILING", f"{event.kind} comes before any first filing")


def _sale_date(walk: _Walk, event: Event) -> None:
    sale = event.details.get("sale_date")
    if sale is None:
        return
    if sale < event.day:
        walk.fault(event, "SALE-IN-THE-PAST", f"the sale is set for {sale}, before the day on which it was set")
    walk.sale, walk.cancelled = sale, False


def _scheduled(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if walk.sale is not None and walk.sale >= event.day:
        message = f"a sale on {walk.sale} is scheduled already; use sale_rescheduled, or cancel it first"
        walk.fault(event, "SALE-SCHEDULED-TWICE", message)
    _sale_date(walk, event)


def _rescheduled(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if walk.sale is None:
        walk.fault(event, "NO-SALE-SCHEDULED", "a sale is moved that was not scheduled; use sale_scheduled")
    _sale_date(walk, event)


def _sale_cancelled(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if walk.sale is None:
        walk.fault(event, "NO-SALE-SCHEDULED", "a sale is called off that was not scheduled")
    walk.sale, walk.cancelled = None, True


def _sale_held(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if walk.cancelled:
        walk.fault(event, "SALE-AFTER-CANCELLATION", "a sale is held that was called off; add the new schedule")
    elif walk.sale is None:
        walk.fault(event, "NO-SALE-SCHEDULED", "a sale is held that was not scheduled")
    elif event.day < walk.sale:
        walk.fault(event, "SALE-TOO-EARLY", f"the sale is held before the day it is scheduled for, {walk.sale}")
    _end(walk, event, thread)


def _transferred(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    to = event.details.get("to")
    if to is not None and to == walk.servicer:
        walk.fault(event, "SAME-SERVICER", f"servicing is transferred to {to}, who services the loan already")
    walk.servicer = to


def _credit_reported(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    return


def _after_answer(answer: str) -> Check:
    def check(walk: _Walk, event: Event, thread: _Thread | None) -> None:
        if thread is not None and answer in thread.seen:
            walk.fault(event, "AFTER-THE-ANSWER", f"{event.kind} comes after {answer}")

    return check


def _needs(kind: str, code: str) -> Check:
    def check(walk: _Walk, event: Event, thread: _Thread | None) -> None:
        walk.need(event, thread, [kind], code, f"{event.kind} comes before {kind}")

    return check


def _not_before(field: str, words: str) -> Check:
    """A day that the event names lies on its own day or later."""

    def check(walk: _Walk, event: Event, thread: _Thread | None) -> None:
        named = event.details.get(field)
        if named is not None and named < event.day:
            walk.fault(event, "DATE-IN-THE-PAST", f"{words} {named} lies before {event.day}")

    return check


def _vacant(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    since = event.details.get("since")
    if since is not None and since > event.day:
        walk.fault(event, "VACANT-LATER", f"the home is found vacant before it became so on {since}")


def _adjourned(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if walk.sale is None:
        walk.fault(event, "NO-SALE-SCHEDULED", "a sale is put off that was not scheduled")


def _redeemed(walk: _Walk, event: Event, thread: _Thread | None) -> None:
    if walk.ended is None or walk.ended.kind != "sale_held":
        walk.fault(event, "NO-SALE-HELD", "the home is redeemed before any sale was held")


_CHECKS: Mapping[str, Check] = {
    "home_found_vacant": _vacant,
    "trial_offer_sent": _not_before("first_payment", "the first trial payment"),
    "rate_reset_announced": _not_before("reset_date", "the reset"),
    "modification_executed": _not_before("effective", "the effective day"),
    "disaster_declared": _not_before("suspended_until", "the end of the suspension"),
    "sale_adjourned": _adjourned,
    "home_redeemed": _redeemed,
    "payment_received": _payment,
    "payment_returned": _returned,
    "payment_amount_changed": _amount_changed,
    "loan_brought_current": _due_named("next_due"),
    "loan_accelerated": _accelerated,
    "acceleration_rescinded": _decelerated,
    "loan_paid_off": _end,
    "title_transferred": _end,
    "cease_contact_received": _cease,
    "cease_contact_withdrawn": _cease_withdrawn,
    "acknowledgment_sent": _acknowledgment,
    "application_complete": _not_withdrawn,
    "document_received": _not_withdrawn,
    "short_term_offer_made": _short_offer,
    "information_requested": _was_complete,
    "complete_notice_sent": _complete_notice,
    "third_party_delay_notice_sent": _was_complete,
    "decision_sent": _decision,
    "offer_accepted": _answer,
    "offer_rejected": _answer,
    "trial_payment_made": _trial_payment,
    "plan_failed": _plan_end,
    "plan_completed": _plan_end,
    "appeal_received": _appeal,
    "appeal_decision_sent": _appeal_decision,
    "short_term_accepted": _short_term,
    "short_term_terms_sent": _short_term,
    "short_term_failed": _short_term_end,
    "short_term_ended": _short_term_end,
    "short_term_contacted": _short_term_end,
    "deferral_accepted": _deferral_accepted,
    "first_filing_made": _first_filing,
    "foreclosure_dismissed": _dismissed,
    "judgment_motion_made": _needs_filing,
    "judgment_entered": _needs_filing,
    "sale_scheduled": _scheduled,
    "sale_rescheduled": _rescheduled,
    "sale_cancelled": _sale_cancelled,
    "sale_held": _sale_held,
    "servicing_transferred": _transferred,
    "error_extension_sent": _after_answer("error_answered"),
    "error_ground_sent": _needs("error_ground_decided", "GROUND-NOT-DECIDED"),
    "error_documents_sent": _needs("error_documents_requested", "NOT-ASKED-FOR"),
    "request_extension_sent": _after_answer("request_answered"),
    "request_ground_sent": _needs("request_ground_decided", "GROUND-NOT-DECIDED"),
    "insurance_charge_settled": _needs("insurance_evidence_received", "NOT-ASKED-FOR"),
}


# --- reading cases --------------------------------------------------------------------------------


def read_case(content: Mapping[str, Any], *, policies: Policies = DEFAULT) -> Case:
    """Read one case from plain data.

    Args:
        content: ``case`` (its name), ``loan`` (facts) and ``events`` (rows).
        policies: how late evenings count.

    Raises:
        InputError: with every finding.
    """
    name = str(content.get("case") or "case")
    found = [
        EventFinding("UNKNOWN-FIELD", name, f"there is no field {key!r} in a case; known: case, loan, events")
        for key in content
        if key not in ("case", "loan", "events")
    ]
    loan, loan_found = read_loan(content.get("loan") or {}, case=name)
    rows = content.get("events") or []
    events, event_found = read_events(rows, zone=loan.time_zone, policies=policies, case=name)
    found += [*loan_found, *event_found]
    if found:
        # The walk still runs over what could be read, so that one reading tells everything.
        walk = _Walk(name, loan, _ordered(events))
        walk.run()
        known = {(item.code, item.where) for item in found}
        refuse(f"The case {name}", [*found, *(item for item in walk.found if (item.code, item.where) not in known)])
    return Case(name, loan, events)


def read_cases(path: Path, *, policies: Policies = DEFAULT) -> list[Case]:
    """Read cases from a file.

    JSON and YAML hold one case, or a list of cases. CSV holds one row per event with a column ``case``; columns named
    ``loan.<fact>`` give the loan's facts, in the first row of the case; lists in a cell are separated by semicolons.

    Raises:
        InputError: the file cannot be read, or with the findings of every case.
    """
    content = _content(path)
    listed = content if isinstance(content, list) else [content]
    cases: list[Case] = []
    found: list[object] = []
    for item in listed:
        if not isinstance(item, Mapping):
            raise InputError(f"{path.name}: a case is a mapping with case, loan and events")
        try:
            cases.append(read_case(item, policies=policies))
        except InputError as error:
            found += error.findings or (error.message,)
    if found:
        raise InputError(f"{path.name} cannot be used; {len(found)} thing(s) to put right:", found)
    return cases


def _content(path: Path) -> Any:
    """What a file holds, as plain data; a file that is no such file is refused with what to do about it."""
    suffix = path.suffix.lower()
    if suffix not in (".yaml", ".yml", ".json", ".csv"):
        raise InputError(f"{path.name}: cases are read from .json, .yaml or .csv files")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        words = f"{path.name} is not UTF-8 text (byte {error.start + 1} is none of its signs); save it as UTF-8"
        raise InputError(words) from None
    try:
        if suffix == ".json":
            return json.loads(text)
        if suffix == ".csv":
            return _grouped(list(csv.DictReader(io.StringIO(text, newline=""))))
        return read_strict(path)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InputError(f"{path.name} is not JSON: {error.msg} at {where}; put it right there") from None
    except RecursionError:
        raise InputError(f"{path.name} is nested too deeply to hold cases") from None
    except csv.Error as error:
        raise InputError(f"{path.name} is not a table in CSV: {error}") from None
    except LawError as error:
        raise InputError(f"{path.name} cannot be read: {error}") from None


def _grouped(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of a table with a column ``case`` into cases, in the order in which they first appear."""
    cases: dict[str, dict[str, Any]] = {}
    facts = {f"loan.{name}": name for name in loan_fields()}
    for row in rows:
        case = cases.setdefault(str(row.get("case") or "case"), {"loan": {}, "events": []})
        case["case"] = str(row.get("case") or "case")
        for column, name in facts.items():
            if row.get(column):
                case["loan"].setdefault(name, row[column])
        skipped = {*facts, "case"}
        event = {key: value for key, value in row.items() if key not in skipped and value not in (None, "")}
        if event:
            case["events"].append(event)
    return list(cases.values())
