"""The state of a case: its events folded once, in order, into what the rules ask about.

Days are ordinals; 0 means "not". Indexes point into ``Case.events``. Nothing here knows a deadline, except where a
rule fixes something at the moment of an event: the tests of a tier are taken when the application becomes complete,
with the sale date and the filings known then (CR-7), and never change afterwards.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping
from typing import Any

from hopenow.clocks.case import Case, Row
from hopenow.clocks.ledger import NEVER, Ledger
from hopenow.clocks.policies import Policies
from hopenow.clocks.rulebook import Rulebook

_NOTHING: Mapping[str, Any] = {}


class Completion:
    """An application having become complete.

    Attributes:
        facial: day of facial completeness, from which protections count (FA-1, FA-3).
        actual: day of actual completion, from which the time to decide counts.
        index: the event that completed it.
        filed: a first filing had been made by then.
        early: it was within the time in which none may be made, or none had been made.
        sale: sale date known then, or 0.
        gap: days from facial completeness to that sale; ``NEVER`` without one.
        actual_gap: the same from actual completion.
        servicer: which servicer had the loan, counted from 0.
        asked: day on which more was asked for, or 0; ``asked_index`` its event.
        until: last day of the opportunity to give it.
        lapsed: day on which it became incomplete again, or 0 (FA-4).
        decided: day of the decision on it, or 0; ``decision`` its event.
        told: day of the latest decision, where it was revised; ``told_index`` its event, ``details`` what both say.
        delayed: day of the notice that something from another party is missing (EV-2), or 0.
        third_party: day on which that came in, or 0.
        noticed: day of the notice of complete application (LM-6), or 0.
        by_reasonable_date: complete by the reasonable date of a new servicer (TR-4).
    """

    __slots__ = (
        "actual", "actual_gap", "asked", "asked_index", "by_reasonable_date", "decided", "decision",
        "delayed", "delayed_index", "details", "early", "facial", "filed", "gap", "index", "lapsed", "noticed",
        "noticed_index", "sale", "servicer",
        "shows", "third_party", "told", "told_index", "until",
    )  # fmt: skip

    def __init__(self, facial: int, actual: int, index: int) -> None:
        self.facial = facial
        self.actual = actual
        self.index = index
        self.filed = False
        self.early = True
        self.sale = 0
        self.gap = self.actual_gap = NEVER
        self.servicer = 0
        self.asked = self.asked_index = self.until = self.lapsed = 0
        self.decided = self.told = self.delayed = self.third_party = self.noticed = self.shows = 0
        self.decision = self.told_index = self.noticed_index = self.delayed_index = -1
        self.by_reasonable_date = False
        self.details: Mapping[str, Any] = _NOTHING


class Application:
    """One application for help and what came of it. Days are 0, and indexes -1, for what did not happen."""

    __slots__ = (
        "accepted", "accepted_index", "acknowledged", "acknowledged_index", "appeal_decided",
        "appeal_decided_index", "appeal_details", "appeal_index", "appealed", "appealed_received", "completed_plan",
        "completions",
        "deferral", "deferral_index", "deferral_offered", "deferral_offered_index", "failed", "failed_index", "filed",
        "gap", "index", "listed", "missing", "offers_on_incomplete", "papers", "reasonable", "received", "rejected",
        "rejected_index", "sale", "servicer", "short_accepted", "short_contacted", "short_ended", "short_ends",
        "short_failed", "short_index", "short_offered", "short_plan", "short_terms", "short_terms_index", "stale",
        "successor", "touched", "trial_days", "trial_index", "withdrawn",
    )  # fmt: skip

    def __init__(self, received: int, index: int) -> None:
        self.received = received
        self.index = index
        self.sale = 0
        self.gap = NEVER
        self.filed = False
        self.servicer = 0
        self.successor = False
        self.acknowledged = 0
        self.listed: tuple[str, ...] = ()
        self.reasonable = 0
        self.missing = False
        self.papers: dict[str, int] = {}
        self.stale: list[int] = []
        self.completions: list[Completion] = []
        self.touched: list[int] = []
        self.withdrawn = 0
        self.accepted = self.rejected = self.failed = self.completed_plan = 0
        self.trial_days: list[int] = []
        self.appealed = self.appealed_received = self.appeal_decided = 0
        self.appeal_details: Mapping[str, Any] = _NOTHING
        self.short_offered = self.short_terms = self.short_accepted = self.short_failed = self.short_ended = 0
        self.short_ends = self.short_contacted = 0
        self.short_plan = ""
        self.deferral = self.deferral_offered = 0
        self.offers_on_incomplete: list[tuple[int, int, str]] = []
        self.acknowledged_index = self.accepted_index = self.rejected_index = self.failed_index = -1
        self.appeal_index = self.appeal_decided_index = self.trial_index = -1
        self.short_index = self.short_terms_index = self.deferral_index = self.deferral_offered_index = -1

    @property
    def last(self) -> Completion | None:
        """The latest completion."""
        return self.completions[-1] if self.completions else None

    def pending_at(self, day: int) -> bool:
        """Whether it waits for the servicer or the homeowner, or an agreement under it is performed, on a day."""
        if day < self.received or (self.withdrawn and self.withdrawn <= day):
            return False
        ends = (self.rejected, self.failed, self.completed_plan, self.deferral)
        return not any(end and end <= day for end in ends)

    def in_contact(self, start: int, end: int) -> bool:
        """Whether servicer and homeowner were in contact about it after a day, up to another (comment 39(a)-6).

        While it is complete and undecided, or an agreement under it is performed, they are; otherwise something of it
        must have happened in that time.
        """
        if not self.pending_at(end):
            return False
        last = self.last
        if last is not None and last.actual <= end and not (last.lapsed and last.lapsed <= end):
            return True
        return any(start < day <= end for day in self.touched)

    def turned_down_at(self, day: int) -> bool:
        """Whether the homeowner had been told by a day that no option is available, and no appeal was open."""
        last = self.last
        if last is None or not last.decided or last.decided > day:
            return False
        if self.appealed and self.appealed <= day:
            decided = self.appeal_decided and self.appeal_decided <= day
            return bool(decided) and not self.appeal_details.get("offered") and not last.details.get("offered")
        return not last.details.get("offered")


class Thread:
    """A notice of error, a request, or another exchange: events by kind, first one each."""

    __slots__ = ("days", "details", "index", "start")

    def __init__(self, start: int, index: int, details: Mapping[str, Any]) -> None:
        self.start = start
        self.index = index
        self.details = details
        self.days: dict[str, tuple[int, int]] = {}

    def day(self, kind: str) -> int:
        """Day of the first event of a kind, or 0."""
        return self.days[kind][0] if kind in self.days else 0

    def at(self, kind: str) -> int:
        """Index of the first event of a kind, or -1."""
        return self.days[kind][1] if kind in self.days else -1


class Bankruptcy:
    """One bankruptcy case."""

    __slots__ = ("discharged", "ended", "filed", "index", "reaffirmed", "reopened")

    def __init__(self, filed: int, index: int) -> None:
        self.filed = filed
        self.index = index
        # The earliest of dismissal, closing and reaffirmation (EI-9).
        self.ended = 0
        self.discharged = 0
        self.reaffirmed = 0
        self.reopened = 0


class State:
    """A case as of a day, folded."""

    __slots__ = (
        "applications", "as_of", "asked_for_help", "assigned", "attempts", "bankruptcies", "book", "case", "ceased",
        "collectors", "counsel", "dismissed", "ended", "ended_index", "filed", "filings", "help_told", "ids", "ledger",
        "loan", "motions", "notices", "occupancy", "payments", "policies", "rows", "sale", "sale_held", "sales",
        "servicer", "simple", "small", "successors", "threads", "transfer_notices", "transfers",
    )  # fmt: skip

    def __init__(self, case: Case, as_of: int, book: Rulebook) -> None:
        self.case = case
        self.loan = case.loan
        self.as_of = as_of
        self.book = book
        self.policies: Policies = book.policies
        self.rows = case.rows[: bisect.bisect_right(case.days, as_of)]
        self.ids = {event.id: index for index, event in enumerate(case.events)} if _has_returns(self.rows) else {}
        self.ledger = Ledger(case.loan, self.rows, self.ids, as_of)
        self.applications: dict[int, Application] = {}
        self.threads: dict[str, dict[int, Thread]] = {}
        self.attempts: list[int] = []
        self.help_told: list[tuple[int, int]] = []
        self.notices: list[tuple[int, int, int, bool]] = []
        self.assigned: list[tuple[int, int]] = []
        self.ceased: list[list[int]] = []
        self.bankruptcies: dict[int, Bankruptcy] = {}
        self.filings: list[tuple[int, int, str]] = []
        self.filed = 0
        self.dismissed: list[int] = []
        self.motions: list[tuple[int, int]] = []
        self.sales: list[tuple[int, int, int]] = []
        self.sale = 0
        self.sale_held: tuple[int, int] | None = None
        self.servicer = 0
        self.transfers: list[tuple[int, int, Mapping[str, Any]]] = []
        self.transfer_notices: list[tuple[int, int, Mapping[str, Any]]] = []
        self.successors: list[tuple[int, int]] = []
        self.small: list[tuple[int, bool, bool]] = []
        self.collectors: list[tuple[int, bool]] = []
        self.occupancy: list[tuple[int, int, bool]] = []
        self.counsel: list[tuple[int, int]] = []
        self.payments: list[int] = []
        self.asked_for_help: list[tuple[int, int, int]] = []
        self.simple: dict[str, list[tuple[int, int]]] = {}
        self.ended = 0
        self.ended_index = -1
        for row in self.rows:
            fold = _FOLD.get(row.kind)
            if fold is not None:
                fold(self, row)
                if row.thread in self.applications:
                    self.applications[row.thread].touched.append(row.day)
        for application in self.applications.values():
            if application.completions:
                lapse(application.completions[-1], as_of)

    # --- questions the rules ask ------------------------------------------------------------------

    def sale_on(self, day: int) -> int:
        """Sale date known at the end of a day, or 0."""
        found = 0
        for known, sale, _ in self.sales:
            if known > day:
                break
            found = sale
        return found

    def filed_by(self, day: int) -> bool:
        """Whether a first filing stands at the end of a day."""
        made = sum(1 for filing, _, _ in self.filings if filing <= day)
        return made > sum(1 for dismissed in self.dismissed if dismissed <= day)

    def servicer_on(self, day: int) -> int:
        """Which servicer has the loan on a day, counted from 0; the transfer date is the new servicer's."""
        return sum(1 for moved, _, _ in self.transfers if moved <= day)

    def principal_residence(self, day: int) -> bool | None:
        """Whether the home is the principal residence on a day; None where nobody said."""
        found = self.loan.principal_residence
        for changed, _, value in self.occupancy:
            if changed <= day:
                found = value
        return found

    def in_bankruptcy(self, day: int) -> Bankruptcy | None:
        """The bankruptcy case that is open on a day."""
        for bankruptcy in self.bankruptcies.values():
            if bankruptcy.filed <= day and (not bankruptcy.ended or day < bankruptcy.ended):
                return bankruptcy
            if bankruptcy.reopened and bankruptcy.reopened <= day:
                return bankruptcy
        return None

    def cease_on(self, day: int) -> int:
        """Index of the stop to debt collection that binds the servicer on a day, or -1."""
        if not self.ceased:
            return -1
        collector = self.loan.debt_collector
        for changed, value in self.collectors:
            if changed <= day:
                collector = value
        if not collector:
            return -1
        for start, end, index in self.ceased:
            if start <= day < end:
                return index
        return -1

    def opened(self, kind: str) -> dict[int, Thread]:
        """Threads of a kind by the index of the event that opened them."""
        return self.threads.get(kind, {})


def _has_returns(rows: list[Row]) -> bool:
    return any(row.kind == "payment_returned" for row in rows)


def lapse(completion: Completion, day: int) -> None:
    """Mark a completion as lapsed by a day when the opportunity to give more has passed unused (FA-4)."""
    if completion.asked and not completion.lapsed and not completion.decided and completion.until < day:
        completion.lapsed = completion.until + 1


# --- folding, one function per kind ---------------------------------------------------------------

Fold = Callable[[State, Row], None]


def _payment(s: State, row: Row) -> None:
    s.payments.append(row.day)


def _contact(s: State, row: Row) -> None:
    s.attempts.append(row.day)
    s.simple.setdefault("live_contact_attempted", []).append((row.day, row.at))
    if row.kind == "live_contact_made":
        s.simple.setdefault("live_contact_made", []).append((row.day, row.at))
        if row.details.get("told_of_help"):
            s.help_told.append((row.day, row.at))


def _help_explained(s: State, row: Row) -> None:
    s.help_told.append((row.day, row.at))


def _notice(s: State, row: Row) -> None:
    s.notices.append((row.day, row.at, s.servicer, bool(row.details.get("modified"))))


def _assigned(s: State, row: Row) -> None:
    s.assigned.append((row.day, row.at))


def _cease(s: State, row: Row) -> None:
    s.ceased.append([row.day, NEVER, row.at])


def _cease_withdrawn(s: State, row: Row) -> None:
    s.ceased[-1][1] = row.day


def _bankruptcy(s: State, row: Row) -> None:
    s.bankruptcies[row.at] = Bankruptcy(row.day, row.at)


def _bankruptcy_ended(s: State, row: Row) -> None:
    bankruptcy = s.bankruptcies[row.thread]
    bankruptcy.ended = bankruptcy.ended or row.day


def _reaffirmed(s: State, row: Row) -> None:
    _bankruptcy_ended(s, row)
    s.bankruptcies[row.thread].reaffirmed = row.day


def _bankruptcy_discharged(s: State, row: Row) -> None:
    bankruptcy = s.bankruptcies[row.thread]
    if not bankruptcy.reaffirmed:
        # A debt that was reaffirmed is not discharged with the others.
        bankruptcy.discharged = row.day


def _bankruptcy_reopened(s: State, row: Row) -> None:
    s.bankruptcies[row.thread].reopened = row.day


def _application(s: State, row: Row) -> None:
    application = Application(row.day, row.at)
    application.sale, application.filed, application.servicer = s.sale, bool(s.filed), s.servicer
    application.gap = s.sale - row.day if s.sale else NEVER
    application.successor = bool(row.details.get("by_possible_successor"))
    if (stale := row.details.get("stale_on")) is not None:
        application.stale.append(stale.toordinal())
    s.applications[row.at] = application
    s.asked_for_help.append((row.day, row.at, s.sale))


def _asked_for_help(s: State, row: Row) -> None:
    s.asked_for_help.append((row.day, row.at, s.sale))


def _document(s: State, row: Row) -> None:
    application = s.applications[row.thread]
    application.papers.setdefault(row.details["document"], row.day)
    if (stale := row.details.get("stale_on")) is not None:
        application.stale.append(stale.toordinal())
    last = application.last
    if last is None or last.lapsed:
        if application.missing and application.acknowledged and set(application.listed) <= set(application.papers):
            _completed(s, application, row)
    elif last.asked and application.listed and set(application.listed) <= set(application.papers):
        _completed(s, application, row)


def _acknowledged(s: State, row: Row) -> None:
    application = s.applications[row.thread]
    application.acknowledged, application.acknowledged_index = row.day, row.at
    application.listed = row.details.get("missing", ())
    application.missing = not row.details["complete"]
    if (reasonable := row.details.get("reasonable_date")) is not None:
        application.reasonable = reasonable.toordinal()
    if not application.missing and application.last is None:
        _completed(s, application, row, max([application.received, *application.papers.values()]))


def _complete(s: State, row: Row) -> None:
    application = s.applications[row.thread]
    last = application.last
    if last is not None and not last.asked and not last.lapsed:
        return
    if row.details.get("as_of_transfer") and s.transfers:
        # Complete under the new servicer's requirements only: as of the transfer date (TR-5).
        _completed(s, application, row, max(s.transfers[-1][0], application.received))
    else:
        _completed(s, application, row)


def _completed(s: State, application: Application, row: Row, day: int = 0) -> None:
    """The application becomes complete; what the tiers test is fixed here (CR-7)."""
    actual = day or row.day
    last = application.last
    completion = Completion(actual, actual, row.at)
    if last is not None and last.asked and row.day <= last.until:
        # Completed within the reasonable opportunity: it counts from the first day for the protections (FA-3).
        completion.facial, completion.filed, completion.sale = last.facial, last.filed, last.sale
        completion.gap, completion.early = last.gap, last.early
    else:
        if last is not None:
            lapse(last, row.day)
        completion.filed, completion.sale = bool(s.filed), s.sale
        completion.gap = s.sale - actual if s.sale else NEVER
        completion.early = not completion.filed or _in_review(s, actual)
    completion.actual_gap = s.sale - actual if s.sale else NEVER
    completion.servicer = s.servicer
    if day and day < row.day:
        # Complete before the day on which that was noticed: what was known then decides.
        completion.sale = s.sale_on(day)
        completion.filed = s.filed_by(day)
        completion.early = not completion.filed or _in_review(s, day)
        completion.gap = completion.actual_gap = completion.sale - day if completion.sale else NEVER
    application.completions.append(completion)


def _in_review(s: State, day: int) -> bool:
    """Whether a day lies in the time in which no first filing may be made, although one was (41(f)(1))."""
    rule = s.book.at(day).get("FC-1")
    delinquency = s.filings and s.filings[-1][2] == "delinquency"
    if rule is None or not delinquency or not s.ledger.dates:
        return False
    return s.ledger.behind(day) <= (rule.length or 0)


def _information_requested(s: State, row: Row) -> None:
    application = s.applications[row.thread]
    last = application.last
    if last is None:
        return
    last.asked, last.asked_index = row.day, row.at
    until = row.details.get("respond_by")
    rule = s.book.at(row.day).get("FA-2")
    if until is not None:
        last.until = until.toordinal()
    else:
        last.until = rule.after(row.day) if rule is not None else NEVER
    application.listed = row.details.get("documents", ())
    for name in application.listed:
        application.papers.pop(name, None)


def _complete_notice(s: State, row: Row) -> None:
    last = s.applications[row.thread].last
    if last is not None and not last.noticed:
        last.noticed, last.noticed_index = row.day, row.at
        if (shows := row.details.get("shows_date")) is not None:
            last.shows = shows.toordinal()


def _third_party_delay(s: State, row: Row) -> None:
    last = s.applications[row.thread].last
    if last is not None:
        last.delayed, last.delayed_index = row.day, row.at


def _third_party_in(s: State, row: Row) -> None:
    last = s.applications[row.thread].last
    if last is not None:
        last.third_party = row.day


def _decision(s: State, row: Row) -> None:
    application = s.applications[row.thread]
    last = application.last
    basis = row.details.get("basis", "complete_application")
    if last is not None:
        lapse(last, row.day)
    if last is None or (last.lapsed and last.lapsed <= row.day) or basis != "complete_application":
        application.offers_on_incomplete.append((row.day, row.at, basis))
        return
    if not last.decided:
        last.decided, last.decision = row.day, row.at
    # A revised decision leaves what it does not mention, and begins the times to answer and to appeal anew.
    last.told, last.told_index, last.details = row.day, row.at, {**last.details, **row.details}


def _accepted(s: State, row: Row) -> None:
    application = s.applications[row.thread]
    application.accepted, application.accepted_index = row.day, row.at


def _rejected(s: State, row: Row) -> None:
    application = s.applications[row.thread]
    application.rejected, application.rejected_index = row.day, row.at


def _trial_payment(s: State, row: Row) -> None:
    application = s.applications[row.thread]
    application.trial_days.append(row.day)
    application.trial_index = row.at
    s.payments.append(row.day)


def _failed(s: State, row: Row) -> None:
    application = s.applications[row.thread]
    application.failed, application.failed_index = row.day, row.at


def _plan_completed(s: State, row: Row) -> None:
    s.applications[row.thread].completed_plan = row.day


def _withdrawn(s: State, row: Row) -> None:
    application = s.applications[row.thread]
    application.withdrawn = application.withdrawn or row.day


def _appeal(s: State, row: Row) -> None:
    application = s.applications[row.thread]
    mailed = row.details.get("mailed")
    application.appealed = row.day
    if mailed is not None and s.policies.appeal_made_on == "mailing":
        application.appealed = mailed.toordinal()
    application.appealed_received, application.appeal_index = row.day, row.at


def _appeal_decision(s: State, row: Row) -> None:
    application = s.applications[row.thread]
    application.appeal_decided, application.appeal_decided_index = row.day, row.at
    application.appeal_details = row.details


def _short_offer(s: State, row: Row) -> None:
    application = s.applications[row.thread]
    application.short_offered, application.short_index = row.day, row.at
    application.short_plan = row.details["plan"]
    if (ends := row.details.get("ends")) is not None:
        application.short_ends = ends.toordinal()
    application.short_accepted = application.short_failed = application.short_ended = application.short_terms = 0


def _short_terms(s: State, row: Row) -> None:
    application = s.applications[row.thread]
    application.short_terms, application.short_terms_index = row.day, row.at


def _short_accepted(s: State, row: Row) -> None:
    application = s.applications[row.thread]
    application.short_accepted = row.day
    application.short_failed = application.short_ended = 0


def _short_contacted(s: State, row: Row) -> None:
    s.applications[row.thread].short_contacted = row.day


def _short_failed(s: State, row: Row) -> None:
    s.applications[row.thread].short_failed = row.day


def _short_ended(s: State, row: Row) -> None:
    s.applications[row.thread].short_ended = row.day


def _deferral_offered(s: State, row: Row) -> None:
    application = s.applications[row.thread]
    application.deferral_offered, application.deferral_offered_index = row.day, row.at


def _deferral_accepted(s: State, row: Row) -> None:
    application = s.applications[row.thread]
    application.deferral, application.deferral_index = row.day, row.at


def _filing(s: State, row: Row) -> None:
    s.filings.append((row.day, row.at, row.details.get("basis", "delinquency")))
    s.filed = row.day


def _dismissed(s: State, row: Row) -> None:
    s.dismissed.append(row.day)
    s.filed = 0
    if s.sale:
        s.sale = 0
        s.sales.append((row.day, 0, row.at))


def _motion(s: State, row: Row) -> None:
    s.motions.append((row.day, row.at))


def _sale_set(s: State, row: Row) -> None:
    s.sale = row.details["sale_date"].toordinal()
    s.sales.append((row.day, s.sale, row.at))


def _sale_cancelled(s: State, row: Row) -> None:
    s.sale = 0
    s.sales.append((row.day, 0, row.at))


def _sale_held(s: State, row: Row) -> None:
    s.sale_held = (row.day, row.at)
    _ended(s, row)


def _ended(s: State, row: Row) -> None:
    if not s.ended:
        s.ended, s.ended_index = row.day, row.at
    s.simple.setdefault(row.kind, []).append((row.day, row.at))


def _transferred(s: State, row: Row) -> None:
    s.servicer += 1
    s.transfers.append((row.day, row.at, row.details))
    if (small := row.details.get("small")) is not None:
        # Another servicer: its own standing counts at once.
        s.small.append((row.day, small, True))
    if (collector := row.details.get("debt_collector")) is not None:
        s.collectors.append((row.day, collector))
    if row.details.get("application_was_covered") is False:
        for application in s.applications.values():
            if application.pending_at(row.day) and (application.last is None or not application.last.decided):
                _received_on(s, application, row.day)


def _transfer_notice(s: State, row: Row) -> None:
    s.transfer_notices.append((row.day, row.at, row.details))


def _successor_confirmed(s: State, row: Row) -> None:
    s.successors.append((row.day, row.at))
    for application in s.applications.values():
        if application.successor:
            application.successor = False
            _received_on(s, application, row.day)


def _received_on(s: State, application: Application, day: int) -> None:
    """The application counts as received on a later day, with the sale date known on it (LM-7, TR-8)."""
    application.received, application.servicer = day, s.servicer
    application.sale, application.filed = s.sale, bool(s.filed)
    application.gap = s.sale - day if s.sale else NEVER
    if application.last is not None and not application.last.lapsed:
        completion = Completion(day, day, application.last.index)
        completion.filed, completion.sale, completion.servicer = bool(s.filed), s.sale, s.servicer
        completion.early = not completion.filed or _in_review(s, day)
        completion.gap = completion.actual_gap = application.gap
        application.completions[-1] = completion


def _small(s: State, row: Row) -> None:
    s.small.append((row.day, row.details["small"], False))


def _occupancy(s: State, row: Row) -> None:
    s.occupancy.append((row.day, row.at, row.details["principal_residence"]))


def _counsel(s: State, row: Row) -> None:
    s.counsel.append((row.day, row.at))


def _simple(s: State, row: Row) -> None:
    s.simple.setdefault(row.kind, []).append((row.day, row.at))


def _opens(kind: str) -> Fold:
    def fold(s: State, row: Row) -> None:
        s.threads.setdefault(kind, {})[row.at] = Thread(row.day, row.at, row.details)

    return fold


def _belongs(kind: str) -> Fold:
    def fold(s: State, row: Row) -> None:
        s.threads[kind][row.thread].days.setdefault(row.kind, (row.day, row.at))

    return fold


_THREADS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "odd_payment": ("nonconforming_payment_received", ("nonconforming_payment_credited",)),
    "successor": ("successor_inquired", ("successor_documents_listed",)),
    "error": (
        "error_notice_received",
        (
            "error_acknowledged",
            "error_extension_sent",
            "error_answered",
            "error_documents_requested",
            "error_documents_sent",
            "error_ground_decided",
            "error_ground_sent",
            "adverse_credit_reported",
        ),
    ),
    "request": (
        "request_received",
        (
            "request_acknowledged",
            "request_extension_sent",
            "request_answered",
            "request_ground_decided",
            "request_ground_sent",
        ),
    ),
    "file": ("file_requested", ("file_provided",)),
    "payoff": ("payoff_requested", ("payoff_statement_sent",)),
    "escrow_year": ("escrow_year_ended", ("escrow_statement_sent",)),
    "surplus": ("escrow_surplus_found", ("escrow_surplus_refunded",)),
    "insurance": (
        "insurance_notice_sent",
        ("insurance_reminder_sent", "insurance_charged", "insurance_evidence_received", "insurance_charge_settled"),
    ),
    "ownership": ("loan_sold", ("ownership_disclosure_sent",)),
}

_FOLD: dict[str, Fold] = {
    "payment_received": _payment,
    "live_contact_made": _contact,
    "live_contact_attempted": _contact,
    "help_explained": _help_explained,
    "help_requested": _asked_for_help,
    "early_notice_sent": _notice,
    "contact_person_assigned": _assigned,
    "cease_contact_received": _cease,
    "cease_contact_withdrawn": _cease_withdrawn,
    "bankruptcy_filed": _bankruptcy,
    "bankruptcy_dismissed": _bankruptcy_ended,
    "bankruptcy_closed": _bankruptcy_ended,
    "debt_reaffirmed": _reaffirmed,
    "bankruptcy_discharged": _bankruptcy_discharged,
    "bankruptcy_reopened": _bankruptcy_reopened,
    "application_received": _application,
    "document_received": _document,
    "acknowledgment_sent": _acknowledged,
    "application_complete": _complete,
    "information_requested": _information_requested,
    "complete_notice_sent": _complete_notice,
    "third_party_delay_notice_sent": _third_party_delay,
    "third_party_information_received": _third_party_in,
    "decision_sent": _decision,
    "offer_accepted": _accepted,
    "offer_rejected": _rejected,
    "trial_payment_made": _trial_payment,
    "plan_failed": _failed,
    "plan_completed": _plan_completed,
    "application_withdrawn": _withdrawn,
    "appeal_received": _appeal,
    "appeal_decision_sent": _appeal_decision,
    "short_term_offer_made": _short_offer,
    "short_term_terms_sent": _short_terms,
    "short_term_accepted": _short_accepted,
    "short_term_contacted": _short_contacted,
    "short_term_failed": _short_failed,
    "short_term_ended": _short_ended,
    "deferral_offered": _deferral_offered,
    "deferral_accepted": _deferral_accepted,
    "first_filing_made": _filing,
    "foreclosure_dismissed": _dismissed,
    "judgment_motion_made": _motion,
    "judgment_entered": _simple,
    "sale_scheduled": _sale_set,
    "sale_rescheduled": _sale_set,
    "sale_cancelled": _sale_cancelled,
    "sale_held": _sale_held,
    "loan_paid_off": _ended,
    "title_transferred": _ended,
    "loan_discharged": _simple,
    "loan_brought_current": _simple,
    "servicing_transferred": _transferred,
    "transfer_notice_sent": _transfer_notice,
    "successor_confirmed": _successor_confirmed,
    "small_servicer_changed": _small,
    "occupancy_changed": _occupancy,
    "counsel_instructed": _counsel,
    "periodic_statement_sent": _simple,
    "escrow_refund_sent": _simple,
    "late_fee_charged": _simple,
    **{opener: _opens(kind) for kind, (opener, _) in _THREADS.items()},
    **{member: _belongs(kind) for kind, (_, members) in _THREADS.items() for member in members},
}

# Read by the families of programs and states from the rows themselves, so that other cases pay nothing for them.
OF_PROGRAMS = frozenset(
    {
        "program_notice_sent",
        "options_evaluated",
        "meeting_held",
        "meeting_attempted",
        "meeting_refused",
        "help_refused",
        "quality_contact_made",
        "solicitation_sent",
        "home_inspected",
        "home_found_vacant",
        "program_exception_found",
        "agency_notified",
        "liquidation_decided",
        "disaster_declared",
        "referral_approved",
        "trial_offer_sent",
        "trial_month_paid",
        "trial_form_returned",
        "modification_executed",
        "partial_claim_executed",
        "partial_claim_note_sent",
        "partial_claim_instrument_sent",
        "partial_claim_filed",
        "deferral_agreement_sent",
        "custodian_copy_sent",
        "short_sale_started",
        "short_sale_contract_signed",
        "short_sale_ended",
        "purchase_offer_received",
        "purchase_offer_acknowledged",
        "purchase_offer_answered",
        "refused_payment_received",
        "refused_payment_returned",
        "appraisal_requested",
        "purchase_elected",
        "assignment_papers_sent",
        "violation_notice_received",
        "violation_reported",
        "violation_cured",
        "incomplete_notice_sent",
        "appraisal_offered",
        "appraisal_deposit_paid",
        "inputs_disputed",
        "sale_certified",
        "rate_reset_announced",
        "counselor_wrote",
        "counselor_acknowledged",
        "lifeline_letter_sent",
        "lifeline_answered",
        "state_notice_sent",
        "complaint_served",
        "mediation_requested",
        "sale_adjourned",
        "home_redeemed",
    }
)

# Events that move nothing that a rule of this package reads; a kind in neither table is an error (tests say so).
UNFOLDED = OF_PROGRAMS | frozenset(
    {
        "note_made",
        "payment_returned",
        "payment_amount_changed",
        "loan_accelerated",
        "acceleration_rescinded",
        "foreclosure_referred",
    }
)
FOLDED = frozenset(_FOLD)
