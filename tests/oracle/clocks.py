"""Federal servicing clocks counted a second time: plain, slow, from the text of the rules, with ``datetime`` alone.

Nothing of ``hopenow`` is used. A day count steps from day to day; the holidays are worked out from the statute
(5 U.S.C. 6103(a)); every rule is a few lines under its id of the reference. Lengths are written here a second time on
purpose: a wrong figure in the engine's law files then shows.

A case is plain data: the facts of the loan and the events, each with ``kind``, ``day``, ``id`` and, where it belongs to
another, ``about``. Events of one day count in the order given. Only what :func:`recount` says is recounted; the list of
readings is in ``validation/differences_clocks.md``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any

Event = Mapping[str, Any]
Loan = Mapping[str, Any]

STATUTORY, SUNDAY_TO_MONDAY, SATURDAY_TO_FRIDAY = "statutory", "sunday_to_monday", "saturday_to_friday"
MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6
JUNETEENTH_FROM = 2021
SUCCESSORS_FROM = date(2018, 4, 19)
PROMPTLY, OPPORTUNITY = 5, 30
"""The two policies that stand for "promptly" (days without holidays and weekends) and "a reasonable opportunity"."""


# --- days -----------------------------------------------------------------------------------------


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    """The nth weekday of a month."""
    day = date(year, month, 1)
    while day.weekday() != weekday:
        day += timedelta(days=1)
    return day + timedelta(weeks=nth - 1)


def _last(year: int, month: int, weekday: int) -> date:
    """The last weekday of a month with 31 days."""
    day = date(year, month, 31)
    while day.weekday() != weekday:
        day -= timedelta(days=1)
    return day


@cache
def holidays(year: int, observed: str = STATUTORY) -> frozenset[date]:
    """The legal public holidays of a year; with observed days, those too."""
    named = {
        date(year, 1, 1),
        _nth(year, 1, MONDAY, 3),
        _nth(year, 2, MONDAY, 3),
        _last(year, 5, MONDAY),
        date(year, 7, 4),
        _nth(year, 9, MONDAY, 1),
        _nth(year, 10, MONDAY, 2),
        date(year, 11, 11),
        _nth(year, 11, THURSDAY, 4),
        date(year, 12, 25),
    }
    if year >= JUNETEENTH_FROM:
        named.add(date(year, 6, 19))
    days = set(named)
    # The observed day of next year's January 1 can be December 31 of this one.
    for day in [*named, date(year + 1, 1, 1)]:
        if observed != STATUTORY and day.weekday() == SUNDAY:
            days.add(day + timedelta(days=1))
        if observed == SATURDAY_TO_FRIDAY and day.weekday() == SATURDAY:
            days.add(day - timedelta(days=1))
    return frozenset(days)


def counts(day: date, observed: str = STATUTORY) -> bool:
    """Whether a day counts where holidays, Saturdays and Sundays do not."""
    return day.weekday() not in (SATURDAY, SUNDAY) and day not in holidays(day.year, observed)


def xhol(start: date, days: int, observed: str = STATUTORY) -> date:
    """The day so many counted days after a start, which is day 0 (CR-1)."""
    day, left = start, days
    while left:
        day += timedelta(days=1)
        if counts(day, observed):
            left -= 1
    return day


def cal(start: date, days: int) -> date:
    """The day so many calendar days after a start, which is day 0 (CR-1); stepped, day by day."""
    day = start
    for _ in range(abs(days)):
        day += timedelta(days=1 if days > 0 else -1)
    return day


def month_after(first: date, months: int) -> date:
    """The same day of a later month; generated due dates are never after the 28th."""
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, first.day)


# --- what is counted ------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Owed:
    """A duty: last day, first day. ``sure``: it must be listed; otherwise it may be, and then with these days."""

    rule: str
    about: str
    last: date | None
    first: date | None = None
    sure: bool = True


@dataclasses.dataclass(frozen=True)
class Shield:
    """A time in which something is barred; both days belong to it, and no last day means that it is open."""

    rule: str
    about: str
    start: date
    until: date | None
    sure: bool = True


@dataclasses.dataclass(frozen=True)
class Chance:
    """Until when the homeowner may do something."""

    rule: str
    kind: str
    about: str
    until: date | None


@dataclasses.dataclass
class Recount:
    """Everything that was recounted for a case as of a day."""

    owed: list[Owed] = dataclasses.field(default_factory=list)
    shields: list[Shield] = dataclasses.field(default_factory=list)
    chances: list[Chance] = dataclasses.field(default_factory=list)
    tiers: dict[str, str | None] = dataclasses.field(default_factory=dict)
    days_delinquent: int | None = None


class Story:
    """A loan and its events until a day, with the few questions that the rules ask."""

    def __init__(self, loan: Loan, events: Iterable[Event], as_of: date, observed: str = STATUTORY) -> None:
        self.loan = loan
        self.as_of = as_of
        self.observed = observed
        self.events = [event for event in events if event["day"] <= as_of]
        self.payment = round(float(loan.get("payment", "1000")) * 100)

    def of(self, kind: str, about: str | None = None) -> list[Event]:
        """Events of a kind (of a thread)."""
        return [e for e in self.events if e["kind"] == kind and about in (None, e.get("about"))]

    def days(self, kind: str, about: str | None = None) -> list[date]:
        """Days of those events."""
        return [e["day"] for e in self.of(kind, about)]

    def first(self, kind: str, about: str | None = None) -> date | None:
        """The first of those days."""
        return next(iter(self.days(kind, about)), None)

    def days_on(self, start: date, days: int) -> date:
        """Days without holidays and weekends, by the policy of the story."""
        return xhol(start, days, self.observed)

    def sale_known(self, event: Event | date) -> date | None:
        """The sale date known at an event (what came before it in the list) or at the end of a day (CR-7)."""
        sale: date | None = None
        for told in self.events:
            if told is event or (isinstance(event, date) and told["day"] > event):
                break
            if told["kind"] in ("sale_scheduled", "sale_rescheduled"):
                sale = told["sale_date"]
            elif told["kind"] == "sale_cancelled":
                sale = None
        return sale

    def filed_before(self, event: Event) -> bool:
        """Whether a first filing had been made when an event happened."""
        return any(told["kind"] == "first_filing_made" for told in self.events[: self.index(event)])

    def index(self, event: Event) -> int:
        """Place of an event in the list."""
        return next(place for place, told in enumerate(self.events) if told is event)

    # DQ-1, DQ-2, DQ-5: money goes to the oldest installment; a part of one moves nothing.

    def due_dates(self) -> list[date]:
        """Due dates until the as-of day."""
        dates: list[date] = []
        ends = min([self.as_of, *self.days("loan_paid_off")])
        while (due := month_after(self.loan["first_due"], len(dates))) <= ends:
            dates.append(due)
        return dates

    def paid_day(self, number: int) -> date | None:
        """The day on which installment ``number`` (from 0) was covered in full."""
        needed, got = (number + 1) * self.payment, 0
        for event in self.of("payment_received"):
            got += round(float(event["amount"]) * 100) if "amount" in event else self.payment
            if got >= needed:
                day: date = event["day"]
                return day
        return self.first("loan_paid_off")

    def paid(self) -> dict[date, date | None]:
        """When each installment was covered."""
        return {due: self.paid_day(number) for number, due in enumerate(self.due_dates())}

    def oldest_unpaid(self, day: date) -> date | None:
        """The oldest installment due and unpaid at the end of a day."""
        for due, paid in self.paid().items():
            if due <= day and (paid is None or paid > day):
                return due
        return None

    @property
    def exempt(self) -> bool:
        """SG-2 to SG-4: whether 1024.38 to 1024.41 do not apply (in full)."""
        kinds = ("small_servicer", "reverse_mortgage", "farm_credit", "open_end")
        return any(self.loan.get(name) for name in kinds)

    @property
    def covered(self) -> bool:
        """SG-1 to SG-4: whether 1024.39 to 1024.41 apply in full."""
        return bool(self.loan.get("principal_residence", True)) and not self.exempt

    @property
    def mortgage(self) -> bool:
        """SG-4: a home equity line of credit is no mortgage loan of the subpart."""
        return not self.loan.get("open_end")


def recount(loan: Loan, events: Iterable[Event], as_of: date, observed: str = STATUTORY) -> Recount:
    """Count every duty, protection and right of the rules below, and the tier of every application."""
    story = Story(loan, events, as_of, observed)
    out = Recount()
    oldest = story.oldest_unpaid(as_of)
    out.days_delinquent = (as_of - oldest).days if oldest else 0
    if story.mortgage:
        errors(story, out)
        requests(story, out)
        neighbors(story, out)
        before_filing(story, out, oldest)
    escrow(story, out)
    regulation_z(story, out)
    if story.covered:
        early_intervention(story, out)
        for opened in story.of("application_received"):
            application = Application(story, opened)
            if application.received < date.max:
                application.tell(out)
    return out


# --- 1024.35 and 1024.36 --------------------------------------------------------------------------


def errors(story: Story, out: Recount) -> None:
    """NE-1 to NE-10."""
    for notice in story.of("error_notice_received"):
        about, day = notice["id"], notice["day"]
        answered = story.first("error_answered", about)
        out.owed.append(Owed("NE-1", about, story.days_on(day, 5), sure=False))
        if notice["error"] == "payoff":
            out.owed.append(Owed("NE-2", about, story.days_on(day, 7), sure=False))
        elif notice["error"] == "other":
            last = story.days_on(day, 30)
            told = story.first("error_extension_sent", about)
            if told and told <= last:
                last = story.days_on(day, 45)
            out.owed.append(Owed("NE-5", about, last, sure=False))
        else:
            thirty = story.days_on(day, 30)
            # Postponing the sale moves the limb; once answered, later sales say nothing about the answer.
            known = story.sale_known(story.of("error_answered", about)[0] if answered else story.as_of)
            at_receipt = story.sale_known(notice)
            if at_receipt and 1 <= (at_receipt - day).days <= 7:
                out.owed.append(Owed("NE-4", about, cal(known, -1) if known else None, sure=False))
            else:
                last = min(thirty, cal(known, -1)) if known and known > day else thirty
                out.owed.append(Owed("NE-3", about, last, sure=False))
        for asked in story.days("error_documents_requested", about):
            out.owed.append(Owed("NE-6", about, story.days_on(asked, 15)))
        for decided in story.days("error_ground_decided", about):
            out.owed.append(Owed("NE-8", about, story.days_on(decided, 5)))
        if notice.get("about_payment"):
            out.shields.append(Shield("NE-9", about, day, cal(day, 60)))
        out.shields.append(Shield("NE-10", about, day, answered))


def requests(story: Story, out: Recount) -> None:
    """RI-1 to RI-6."""
    for request in story.of("request_received"):
        about, day = request["id"], request["day"]
        out.owed.append(Owed("RI-1", about, story.days_on(day, 5)))
        if request["asks"] == "owner":
            out.owed.append(Owed("RI-2", about, story.days_on(day, 10), sure=False))
        else:
            last = story.days_on(day, 30)
            told = story.first("request_extension_sent", about)
            if told and told <= last:
                last = story.days_on(day, 45)
            out.owed.append(Owed("RI-3", about, last, sure=False))
        for decided in story.days("request_ground_decided", about):
            out.owed.append(Owed("RI-5", about, story.days_on(decided, 5)))
    for inquiry in story.of("successor_inquired"):
        if inquiry["day"] >= SUCCESSORS_FROM:
            out.owed.append(Owed("RI-6", inquiry["id"], story.days_on(inquiry["day"], 30)))


# --- 1024.33, 34, 37, 38 and 1024.17 --------------------------------------------------------------


def neighbors(story: Story, out: Recount) -> None:
    """TN-1 to TN-3, ER-1, FP-1 to FP-3, PP-9."""
    for transfer in story.of("servicing_transferred"):
        about, day = transfer["id"], transfer["day"]
        notices = {e["by"]: e for e in story.of("transfer_notice_sent") if e["effective"] == day}
        receivership = any(e.get("receivership") for e in notices.values())
        after = cal(day, 30 if receivership else 15)
        out.owed.append(Owed("TN-1", about, after if receivership else cal(day, -15), sure=False))
        out.owed.append(
            Owed("TN-2", about, cal(day, -15) if "both" in notices and not receivership else after, sure=False)
        )
        # "The 60-day period beginning on the effective date": that date is the first of the sixty.
        out.shields.append(Shield("TN-3", about, day, cal(day, 59)))
    for paid in story.of("loan_paid_off"):
        out.owed.append(Owed("ER-1", paid["id"], story.days_on(paid["day"], 20)))
    for notice in story.of("insurance_notice_sent"):
        about, day = notice["id"], notice["day"]
        out.owed.append(Owed("FP-2", about, None, cal(day, 30)))
        reminder, charged = story.first("insurance_reminder_sent", about), story.first("insurance_charged", about)
        earliest = max(cal(day, 45), cal(reminder, 15)) if reminder else None
        # Charged without a reminder, the time has no end that could be counted.
        if earliest or not charged:
            out.shields.append(Shield("FP-1", about, day, cal(earliest, -1) if earliest else None))
        for evidence in story.days("insurance_evidence_received", about):
            out.owed.append(Owed("FP-3", about, story.days_on(evidence, PROMPTLY), sure=False))
    for asked in story.of("file_requested"):
        if not story.exempt:
            out.owed.append(Owed("PP-9", asked["id"], cal(asked["day"], 5)))


def escrow(story: Story, out: Recount) -> None:
    """ES-2, ES-3: 1024.17, which stands outside subpart C and its exemptions."""
    for end in story.of("escrow_year_ended"):
        out.owed.append(Owed("ES-2", end["id"], cal(end["day"], 30), sure=False))
        # Left out while more than 30 days behind; then the history follows within 90 days of reinstatement.
        for cured in {day for day in story.paid().values() if day and day > end["day"]}:
            if story.oldest_unpaid(cured) is None and story.oldest_unpaid(cal(cured, -1)):
                out.owed.append(Owed("ES-2", end["id"], cal(cured, 90), sure=False))
    for surplus in story.of("escrow_surplus_found"):
        out.owed.append(Owed("ES-3", surplus["id"], cal(surplus["day"], 30), sure=False))


# --- Regulation Z ---------------------------------------------------------------------------------


def regulation_z(story: Story, out: Recount) -> None:
    """PC-2, PC-5, MT-1, PS-2."""
    oldest = story.oldest_unpaid(story.as_of)
    statements = not any(story.loan.get(name) for name in ("small_servicer", "reverse_mortgage", "open_end"))
    if oldest and statements and (story.as_of - oldest).days > 45:
        # "More than 45 days delinquent" is first true on day 46.
        out.owed.append(Owed("PS-2", oldest.isoformat(), None, cal(oldest, 46), sure=not story.of("bankruptcy_filed")))
    for odd in story.of("nonconforming_payment_received"):
        out.owed.append(Owed("PC-2", odd["id"], cal(odd["day"], 5)))
    for asked in story.of("payoff_requested"):
        # Regulation Z says itself that an observed day is a business day (comment 1026.2(a)(6)-2).
        out.owed.append(Owed("PC-5", asked["id"], xhol(asked["day"], 7)))
    sold = story.of("loan_sold")
    for sale in sold:
        start = sale["day"]
        for other in sold:
            if other["id"] == sale.get("joint_with"):
                start = other["day"]
        gone = sale.get("resold_by")
        sure = not sale.get("joint_with") and not (gone and gone <= cal(start, 30))
        out.owed.append(Owed("MT-1", sale["id"], cal(start, 30), sure=sure))


# --- 1024.39 and 1024.40 --------------------------------------------------------------------------


def early_intervention(story: Story, out: Recount) -> None:
    """EI-1, EI-3 to EI-6, CC-1."""
    notices = story.of("early_notice_sent")
    missed = [due for due, day in story.paid().items() if day is None or day > due]
    for due in missed:
        name = due.isoformat()
        out.owed.append(Owed("EI-1", name, cal(due, 36)))
        out.owed.append(Owed("EI-3", name, cal(due, 45), sure=False))
        # By the letter, and in any event by the 45th day.
        letters = [cal(due, 45)] + [event["day"] for event in notices if event["day"] > due]
        out.owed.append(Owed("CC-1", name, min(letters), sure=False))
    moved = bool(story.days("servicing_transferred"))
    stopped = bool(story.of("bankruptcy_filed") or story.of("cease_contact_received"))
    special_letters(story, out, missed)
    for number, notice in enumerate(notices):
        ends = cal(notice["day"], 180)
        oldest = story.oldest_unpaid(min(ends, story.as_of))
        again = number + 1 < len(notices)
        for due in missed:
            out.owed.append(Owed("EI-6", due.isoformat(), max(cal(due, 45), ends), ends, sure=False))
        if oldest and (ends - oldest).days >= 45:
            sure = ends <= story.as_of and not again and not moved and not stopped
            out.owed.append(Owed("EI-5", notice["id"], ends, sure=sure))


def special_letters(story: Story, out: Recount, missed: list[date]) -> None:
    """EI-7 after a transfer, EI-8 in bankruptcy, EI-10 after a stop of contact."""
    notices = story.of("early_notice_sent")
    for transfer in story.days("servicing_transferred"):
        fresh = any(0 <= (transfer - notice["day"]).days <= 45 for notice in notices)
        for due in missed:
            # After a fresh letter, the due dates after the transfer; otherwise those whose 45 days still ran.
            if due >= transfer or (not fresh and cal(due, 45) >= transfer):
                out.owed.append(Owed("EI-7", due.isoformat(), cal(due, 45), sure=False))
    for petition in story.of("bankruptcy_filed"):
        behind = story.oldest_unpaid(petition["day"])
        later = [due for due in missed if due > petition["day"]]
        for start in [petition["day"]] if behind else later:
            out.owed.append(Owed("EI-8", petition["id"], cal(start, 45), sure=False))
    if not story.of("cease_contact_received"):
        return
    for due in missed:
        out.owed.append(Owed("EI-10", due.isoformat(), cal(due, 45), sure=False))
    for notice in notices:
        ends, last = cal(notice["day"], 180), cal(notice["day"], 190)
        oldest = story.oldest_unpaid(min(ends, story.as_of))
        if oldest and (ends - oldest).days >= 45:
            out.owed.append(Owed("EI-10", notice["id"], last, ends, sure=False))
        for due in missed:
            about = due.isoformat()
            out.owed.append(Owed("EI-10", about, max(cal(due, 45), last), ends, sure=False))


# --- 1024.41 --------------------------------------------------------------------------------------


def before_filing(story: Story, out: Recount, oldest: date | None) -> None:
    """FC-1: no first filing unless more than 120 days delinquent; small servicers too, residences only (SG-1)."""
    principal = story.loan.get("principal_residence", True)
    exempt = story.loan.get("reverse_mortgage") or story.loan.get("farm_credit")
    if oldest and principal and not exempt:
        sure = not story.days("first_filing_made")
        out.shields.append(Shield("FC-1", oldest.isoformat(), oldest, cal(oldest, 120), sure))


class Application:
    """One application: its days, its tests, its duties."""

    def __init__(self, story: Story, opened: Event) -> None:
        self.story = story
        self.opened = opened
        self.id: str = opened["id"]
        self.received: date = opened["day"]
        if opened.get("by_possible_successor"):
            # LM-7: received on the day of the confirmation; never, while nobody is confirmed.
            self.received = story.first("successor_confirmed") or date.max
        self.mine = [event for event in story.events if event.get("about") == self.id]
        self.completions: list[Event] = []
        self.facial: Event | None = None
        self.lapsed: date | None = None
        self.pending: date | None = None
        self._complete()

    def _complete(self) -> None:
        """LM-5 and FA-1 to FA-4: when it became complete, facially and in fact."""
        missing: set[str] | None = None
        asked_until: date | None = None
        got: set[str] = set()
        latest = self.opened
        for event in self.mine:
            if asked_until and event["day"] > asked_until and self.lapsed is None:
                self.lapsed, self.facial, asked_until = asked_until, None, None
            done = False
            if event["kind"] == "document_received":
                got.add(event["document"])
                latest = event
                if missing and event["document"] in missing:
                    missing.discard(event["document"])
                    done = not missing
            elif event["kind"] == "acknowledgment_sent":
                if event["complete"]:
                    # The letter says what was so when the last paper came in.
                    event, done = latest, True
                else:
                    missing = set(event["missing"]) - got
            elif event["kind"] == "information_requested":
                missing = set(event["documents"])
                asked_until = event.get("respond_by") or cal(event["day"], OPPORTUNITY)
            if done:
                self.completions.append(event)
                self.facial = self.facial or event
                missing, asked_until = None, None
        if asked_until and self.facial:
            if self.story.as_of > asked_until:
                self.lapsed, self.facial = asked_until, None
            else:
                self.pending = asked_until

    def happened(self, kind: str) -> Event | None:
        """The first event of a kind in this application."""
        return next((event for event in self.mine if event["kind"] == kind), None)

    @property
    def sale_days(self) -> int | None:
        """Days from facial completeness to the sale known then."""
        assert self.facial
        sale = self.story.sale_known(self.facial)
        return None if sale is None else (sale - self.facial["day"]).days

    @property
    def in_time(self) -> bool:
        """Whether it is complete, more than 37 days before a sale."""
        return self.facial is not None and (self.sale_days is None or self.sale_days > 37)

    @property
    def early(self) -> bool:
        """Whether it was complete before the first filing or in the 120 days, in which none may be made."""
        assert self.facial
        oldest = self.story.oldest_unpaid(self.facial["day"])
        behind = (self.facial["day"] - oldest).days if oldest else 0
        return behind <= 120 or not self.story.filed_before(self.facial)

    @property
    def tier(self) -> str | None:
        """T1 to T4, fixed when it is complete (CR-7)."""
        if self.facial is None:
            return None
        if self.early:
            return "T1"
        if self.sale_days is None or self.sale_days >= 90:
            return "T2"
        return "T3" if self.sale_days >= 38 else "T4"

    def tell(self, out: Recount) -> None:
        """Everything about it."""
        out.tiers[self.id] = self.tier
        self.receipt(out)
        self.completeness(out)
        if self.facial:
            self.answers(out)
        self.bars(out)

    def receipt(self, out: Recount) -> None:
        """LM-1 to LM-3."""
        story = self.story
        out.owed.append(Owed("LM-1", self.id, story.days_on(self.received, PROMPTLY), sure=False))
        sale = story.sale_known(self.opened)
        tested = sale is None or (sale - self.received).days >= 45
        transfer = story.first("servicing_transferred")
        letter = self.happened("acknowledgment_sent")
        period = story.days_on(self.received, 5)
        if tested:
            out.owed.append(Owed("LM-2", self.id, period))
        if tested and transfer and self.received < transfer <= period and not (letter and letter["day"] < transfer):
            out.owed.append(Owed("TR-2", self.id, story.days_on(transfer, 10)))
        if letter and not letter["complete"]:
            self.reasonable_date(out, letter)

    def reasonable_date(self, out: Recount, letter: Event) -> None:
        """LM-3: thirty days, no later than the next milestone, never less than seven."""
        day = letter["day"]
        last = cal(day, 30)
        ahead: list[date] = []
        oldest = self.story.oldest_unpaid(day)
        if oldest:
            ahead.append(cal(oldest, 120))
        if sale := self.story.sale_known(letter):
            ahead += [cal(sale, -90), cal(sale, -38)]
        before = self.mine[: [event is letter for event in self.mine].index(True)]
        ahead += [e["stale_on"] for e in [self.opened, *before] if "stale_on" in e]
        last = min([last, *[milestone for milestone in ahead if milestone > day]])
        out.owed.append(Owed("LM-3", self.id, max(last, cal(day, 7)), cal(day, 7), sure=False))

    def completeness(self, out: Recount) -> None:
        """LM-6 and EV-1, and TR-5 for the new servicer."""
        story = self.story
        said_complete = any(e["kind"] == "acknowledgment_sent" and e["complete"] for e in self.mine)
        decision = self.happened("decision_sent")
        for number, complete in enumerate(self.completions):
            day = complete["day"]
            told = said_complete and number == 0
            sure = not told and not (decision and decision["day"] <= story.days_on(day, 5))
            sure = sure and self.in_time
            out.owed.append(Owed("LM-6", self.id, story.days_on(day, 5), sure=sure))
        for complete in self.completions:
            sure = complete is self.completions[-1] and self.in_time and not self.pending
            out.owed.append(Owed("EV-1", self.id, cal(complete["day"], 30), sure=sure))
        if not self.completions:
            return
        asked, last = self.happened("information_requested"), self.completions[-1]["day"]
        for transfer in story.of("servicing_transferred"):
            if not (decision and story.index(decision) < story.index(transfer)):
                sure = last < transfer["day"] and not asked and self.in_time
                out.owed.append(Owed("TR-5", self.id, cal(transfer["day"], 30), sure=sure))

    @property
    def appealable(self) -> bool:
        """(h)(1): complete in the time before the first filing, or 90 days or more before a sale."""
        decision = self.happened("decision_sent")
        return bool(decision and decision.get("denied_modifications") and self.tier in ("T1", "T2"))

    def deadline(self) -> date | None:
        """RS-1, RS-2, RS-4: until when an offer can be answered."""
        decision = self.happened("decision_sent")
        if decision is None or not decision.get("offered"):
            return None
        days = 7 if self.sale_days is not None and self.sale_days < 90 else 14
        until: date = max(decision.get("respond_by") or cal(decision["day"], days), cal(decision["day"], days))
        return until

    def answers(self, out: Recount) -> None:
        """RS-1, RS-2, AP-1, AP-3, TR-6."""
        story = self.story
        decision = self.happened("decision_sent")
        if decision is None:
            return
        until = self.deadline()
        appeal, answer = self.happened("appeal_received"), self.happened("appeal_decision_sent")
        near = self.sale_days is not None and self.sale_days < 90
        if until and self.in_time and not (appeal and self.appealable):
            out.chances.append(Chance("RS-2" if near else "RS-1", "accept", self.id, until))
        elif answer and answer.get("offered") and self.in_time and not self.appealable:
            # No appeal was owed; the offer that it led to is one like any other.
            again = cal(answer["day"], 7 if near else 14)
            out.chances.append(Chance("RS-2" if near else "RS-1", "accept", self.id, again))
        if self.appealable:
            out.chances.append(Chance("AP-1", "appeal", self.id, cal(decision["day"], 14)))
        if appeal and self.appealable:
            made = appeal.get("mailed", appeal["day"])
            if decision.get("offered") and self.in_time:
                out.chances.append(Chance("RS-4", "accept", self.id, cal(answer["day"], 14) if answer else None))
            elif answer and answer.get("offered"):
                out.chances.append(Chance("AP-3", "accept", self.id, cal(answer["day"], 14)))
            out.owed.append(Owed("AP-3", self.id, cal(made, 30)))
            for transfer in story.of("servicing_transferred"):
                if answer and story.index(answer) < story.index(transfer):
                    continue
                later = max(cal(transfer["day"], 30), cal(made, 30))
                sure = made < transfer["day"] and appeal["day"] < transfer["day"]
                if made <= transfer["day"]:
                    out.owed.append(Owed("TR-6", self.id, later, sure=sure))

    def bars(self, out: Recount) -> None:
        """FC-2 and FC-3: from facial completeness to the first exit."""
        if not self.completions:
            return
        first = self.completions[0] if self.lapsed else self.facial
        assert first
        story, day = self.story, first["day"]
        sale = story.sale_known(first)
        filed = story.filed_before(first)
        oldest = story.oldest_unpaid(day)
        until = self.lapsed or self.pending or self.exit()
        if not filed or oldest is None or (day - oldest).days <= 120:
            out.shields.append(Shield("FC-2", self.id, day, until))
        if filed and (sale is None or (sale - day).days > 37):
            out.shields.append(Shield("FC-3", self.id, day, until))

    def exit(self) -> date | None:
        """The last protected day as things stand, or none while nothing is in sight that ends it."""
        decision = self.happened("decision_sent")
        if decision is None:
            return None
        rejected, failed = self.happened("offer_rejected"), self.happened("plan_failed")
        appeal, answer = self.happened("appeal_received"), self.happened("appeal_decision_sent")
        accepted = self.happened("offer_accepted") or self.happened("trial_payment_made")
        day: date = decision["day"]
        end: date | None
        if decision.get("offered"):
            if rejected:
                end = rejected["day"]
            elif accepted:
                end = failed["day"] if failed else None
            elif appeal and self.appealable:
                # RS-4: the offer stays open for 14 days after the answer to the appeal.
                end = cal(answer["day"], 14) if answer else None
            else:
                end = self.deadline()
        elif not self.appealable:
            end = day
        elif appeal:
            end = cal(answer["day"], 14) if answer and answer.get("offered") else answer["day"] if answer else None
        else:
            end = cal(day, 14)
        return end
