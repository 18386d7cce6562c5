"""Clocks and arithmetic around the options: who must do what by when, and what is left over.

Everything here is a pure function over dates and cents. The figures come from ``process_dates.yaml`` and from
the options' own law files; a result names the words, the figures and the least certain mark behind it. A
clock whose rule an authority does not have (Fannie Mae's systems, for example), or that is not known to be in
force on the day, is left out of its clocks.

Dates are inclusive: something due on a day may still be done on it.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import itertools
import string
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from hopenow.dates import (
    FEDERAL_OFFICES,
    FEDERAL_RESERVE_BANKS,
    STATUTORY_HOLIDAYS,
    BusinessCalendar,
    add_months,
    days_delinquent,
    first_of_month,
    mba_months,
    month_end,
    months_between,
)
from hopenow.errors import CoverageError, InputError, LawError
from hopenow.facts import NEVER
from hopenow.law import OptionLaw, Parameters, Segment, Verification, segments, weakest
from hopenow.law.model import Unit, Value
from hopenow.money import format_cents, half_up_div
from hopenow.programs.conventional.common import law

PROCESS = "process_dates"
LEAVING = ("short_sale", "mortgage_release")

Who = Literal["servicer", "borrower"]

_DAY = datetime.timedelta(days=1)
_CALENDARS: dict[str, BusinessCalendar] = {
    "federal_reserve_banks": FEDERAL_RESERVE_BANKS,
    "federal_offices": FEDERAL_OFFICES,
    "statutory": STATUTORY_HOLIDAYS,
}


# --- law, on a day --------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Citation:
    """Where a clock or a figure comes from.

    Attributes:
        cite: key of the document, with a part after ``#`` where there is one.
        title: the document's title.
        verification: how sure it is.
        figure: name of the figure it stands for; None for the rule itself.
        note: what a reader should know about it.
    """

    cite: str
    title: str
    verification: Verification
    figure: str | None = None
    note: str | None = None


@dataclasses.dataclass(frozen=True)
class Words:
    """A rule in words with the figures of a day filled in, and what it rests on."""

    says: str
    citations: tuple[Citation, ...]
    verification: Verification


@functools.cache
def _segments(name: str, authority: str) -> tuple[Segment, ...]:
    return tuple(segments(law(name), authority))


def segment(name: str, authority: str, on: datetime.date) -> Segment:
    """Return the stretch of an option's law that is in force on a day.

    Args:
        name: law file, for example ``forbearance``.
        authority: for example ``fannie_mae``.
        on: the day.

    Raises:
        LawError: the authority has no such rules.
        CoverageError: no rule set covers the day.
    """
    found = _segments(name, authority)
    if not found:
        known = sorted({who for item in law(name).rule_sets for who in item.authorities})
        raise LawError(f"{name} has no rules of {authority!r}; it knows {', '.join(known)}")
    for item in found:
        if item.start <= on <= item.end:
            return item
    raise CoverageError(f"{law(name).title} of {authority}", on, found[0].start, found[-1].end)


class Rulebook:
    """One law file for one authority on one day: figures, words and marks.

    Attributes:
        authority: for example ``fannie_mae``.
        on: the day whose rules apply.
    """

    def __init__(
        self,
        authority: str,
        on: datetime.date,
        *,
        name: str = PROCESS,
        closures: Iterable[datetime.date] = (),
    ) -> None:
        """Open the rules.

        Args:
            authority: ``fannie_mae`` or ``freddie_mac``.
            on: the day whose rules apply.
            name: the law file.
            closures: further days that are not business days (an office closed for a storm).
        """
        self.authority, self.on, self.name = authority, on, name
        self.law: OptionLaw = law(name)
        self._segment = segment(name, authority, on)
        self._parameters: Parameters = self._segment.parameters.recording()
        # Asking the mapping itself would raise for an absent name and record a reading.
        self._names = frozenset(self._parameters)
        self._closures = frozenset(closures)

    def figure(self, name: str) -> Any:
        """Return a figure in engine units (cents, millionths, whole days and months).

        Raises:
            CoverageError: the figure is known for this authority, but not on this day.
            LawError: it is not known at all.
        """
        if name in self._names:
            return self._parameters.value(name)
        known = self.law.parameters.get(name)
        own = [] if known is None else [item for item in known.values if self.authority in item.authorities]
        if known is None or not own:
            raise LawError(
                f"{self.name} has no figure {name!r} of {self.authority}; add one with its citation"
            )
        starts, ends = [item.start for item in own], [item.end for item in own]
        raise CoverageError(
            f"{known.meaning} ({self.authority})",
            self.on,
            None if None in starts else min(day for day in starts if day is not None),
            None if None in ends else max(day for day in ends if day is not None),
        )

    def has(self, rule: str) -> bool:
        """Whether this process rule of the authority, with every figure it names, is in force on this day."""
        entry = self.law.process[rule]
        mine = any(self.authority in source.authorities for source in entry.sources)
        return mine and all(name in self._names for name in _named(entry.says))

    def words(self, rule: str, *figures: str) -> Words:
        """Return a process rule in words.

        Args:
            rule: key of the process entry.
            figures: figures that the rule rests on without naming them.

        Raises:
            LawError: the authority has no such rule.
            CoverageError: a figure it names is not known on this day.
        """
        entry = self.law.process.get(rule)
        sources = (
            [] if entry is None else [item for item in entry.sources if self.authority in item.authorities]
        )
        if entry is None or not sources:
            raise LawError(f"{self.name} has no rule {rule!r} of {self.authority}; add one with its citation")
        cited = [self._citation(item.cite, item.verification, None, item.note) for item in sources]
        return self._fill(entry.says, cited, figures)

    def say(self, template: str) -> Words:
        """Fill the figures of the day into a sentence that names them in braces."""
        return self._fill(template, [], ())

    def _fill(self, template: str, citations: list[Citation], figures: tuple[str, ...]) -> Words:
        shown = {}
        for name in (*_named(template), *figures):
            self.figure(name)
            value = self._parameters.source(name)
            shown[name] = _shown(value, self.law.parameters[name].unit, self._parameters.value(name))
            citations.append(self._citation(value.cite, value.verification, name, value.note))
        marks: list[Verification] = [item.verification for item in citations]
        if self._segment.extrapolated:
            marks.append("unverified")
        return Words(template.format(**shown), tuple(citations), weakest(marks))

    def verification(self, *figures: str) -> Verification:
        """Return the least certain mark among the figures named."""
        marks: list[Verification] = [self._parameters.source(name).verification for name in figures]
        return weakest([*marks, self._segment.verification])

    def business_days(self, start: datetime.date, count: int) -> datetime.date:
        """Move by business days of this authority; the first day is not counted."""
        calendar = _CALENDARS[self.figure("business_calendar")]
        return calendar.with_closures(self._closures).add_business_days(start, count)

    def _citation(self, cite: str, mark: Verification, figure: str | None, note: str | None) -> Citation:
        return Citation(cite, self.law.documents[cite.split("#")[0]].title, mark, figure, note)


def _named(text: str) -> tuple[str, ...]:
    return tuple(field for _, field, _, _ in string.Formatter().parse(text) if field is not None)


def _shown(value: Value, unit: Unit, engine: Any) -> str:
    if unit == "dollars":
        return format_cents(engine).removesuffix(".00")
    return f"{value.value}%" if unit == "percent" else str(value.value)


# --- clocks ---------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Clock:
    """Something that must (or may) happen by a day.

    Attributes:
        name: the rule's key in ``process_dates.yaml``.
        who: who must act.
        says: the rule in words.
        opens: first day, where there is one.
        due: last day, inclusive; None where it is refused.
        citations: the rule's source and those of its figures.
        verification: the least certain of them.
        refused: why the act is not allowed at all, in words.
        note: what changed the day from what the rule alone would say.
    """

    name: str
    who: Who
    says: str
    opens: datetime.date | None
    due: datetime.date | None
    citations: tuple[Citation, ...]
    verification: Verification
    refused: str | None = None
    note: str | None = None


class _Clocks:
    """Collects the clocks that an authority has."""

    def __init__(self, rules: Rulebook) -> None:
        self.rules = rules
        self.found: list[Clock] = []

    def _enter(
        self,
        name: str,
        due: Callable[[], datetime.date],
        opens: datetime.date | None,
        who: Who,
        figures: tuple[str, ...] = (),
    ) -> None:
        if self.rules.has(name):
            words = self.rules.words(name, *figures)
            self.found.append(Clock(name, who, words.says, opens, due(), words.citations, words.verification))

    def at(
        self, name: str, due: datetime.date, *, opens: datetime.date | None = None, who: Who = "servicer"
    ) -> None:
        """Enter a clock whose day is known."""
        self._enter(name, lambda: due, opens, who)

    def days(
        self, name: str, start: datetime.date | None, figure: str, *, who: Who = "servicer", sign: int = 1
    ) -> None:
        """Enter a clock of calendar days after (or before) a day; nothing while that day is unknown."""
        if start is not None:
            self._enter(name, lambda: start + sign * self.rules.figure(figure) * _DAY, None, who)

    def business(self, name: str, start: datetime.date | None, figure: str, *, sign: int = 1) -> None:
        """Enter a clock of business days after (or before) a day; nothing while that day is unknown."""
        if start is not None:

            def due() -> datetime.date:
                return self.rules.business_days(start, sign * self.rules.figure(figure))

            self._enter(name, due, None, "servicer", ("business_calendar",))

    def done(self) -> tuple[Clock, ...]:
        """Return the clocks, in the order entered."""
        return tuple(self.found)


def evaluation_clocks(
    authority: str,
    package_received: datetime.date,
    *,
    package_complete: datetime.date | None = None,
    decided: datetime.date | None = None,
    notice_sent: datetime.date | None = None,
    next_due_date: datetime.date | None = None,
    declined_while_current: datetime.date | None = None,
    closures: Iterable[datetime.date] = (),
) -> tuple[Clock, ...]:
    """Work out the clocks of an application.

    Args:
        authority: ``fannie_mae`` or ``freddie_mac``.
        package_received: when the application came in; selects the rules.
        package_complete: when it was complete.
        decided: when the servicer decided.
        notice_sent: when the Evaluation Notice went out.
        next_due_date: due date of the oldest unpaid installment.
        declined_while_current: when the investor declined a borrower who is current.
        closures: further days that are not business days.

    Returns:
        The clocks whose starting day is known.

    Raises:
        CoverageError: a year outside the holiday calendar.
    """
    rules = Rulebook(authority, package_received, closures=closures)
    clocks = _Clocks(rules)
    clocks.business("acknowledge_package", package_received, "acknowledge_package_days")
    clocks.days("decide_package", package_complete, "decide_package_days")
    notice = []
    if decided is not None:
        notice.append(decided + rules.figure("notice_after_decision_days") * _DAY)
    if package_complete is not None:
        notice.append(package_complete + rules.figure("notice_overall_days") * _DAY)
    if notice:
        clocks.at("send_notice", min(notice))
    clocks.days("answer_notice", notice_sent, "answer_days", who="borrower")
    if next_due_date is not None:
        first = next_due_date + rules.figure("first_solicitation_days") * _DAY
        words = rules.words("first_solicitation")
        clocks.found.append(
            Clock(
                "first_solicitation", "servicer", words.says, first, None, words.citations, words.verification
            )
        )
    clocks.days("send_form_182", declined_while_current, "appeal_form_days")
    return clocks.done()


def forbearance_clocks(
    authority: str, term_start: datetime.date, term_end: datetime.date, *, reduced_payments: bool = False
) -> tuple[Clock, ...]:
    """Work out the clocks of one forbearance term.

    Args:
        authority: ``fannie_mae`` or ``freddie_mac``.
        term_start: first day; selects the rules.
        term_end: last day.
        reduced_payments: whether a reduced payment is due each month.

    Raises:
        InputError: the term ends before it begins.
    """
    if term_end < term_start:
        raise InputError(f"the forbearance term ends on {term_end}, before it begins on {term_start}")
    clocks = _Clocks(Rulebook(authority, term_start))
    clocks.days("contact_before_end", term_end, "contact_before_end_days", sign=-1)
    if reduced_payments:
        for month in range(months_between(term_start, term_end) + 1):
            first = add_months(first_of_month(term_start), month)
            clocks.at("reduced_payment", month_end(first), opens=max(first, term_start), who="borrower")
    return clocks.done()


def deferral_clocks(
    authority: str,
    evaluation_date: datetime.date,
    *,
    option: str = "payment_deferral",
    processing_month: bool = False,
    completed: datetime.date | None = None,
    payment_needed_first: bool = False,
    recorded_original: datetime.date | None = None,
    violation_notice: datetime.date | None = None,
    closures: Iterable[datetime.date] = (),
) -> tuple[Clock, ...]:
    """Work out the clocks of a payment deferral.

    Args:
        authority: ``fannie_mae`` or ``freddie_mac``.
        evaluation_date: the day of the evaluation; selects the rules.
        option: ``payment_deferral`` or ``disaster_payment_deferral``.
        processing_month: a written policy of equal treatment moves completion into the next month.
        completed: when the deferral was completed.
        payment_needed_first: one contractual payment must arrive first.
        recorded_original: when the recorded original came back.
        violation_notice: when a notice of a violation of Texas 50(a)(6) came in.
        closures: further days that are not business days.

    Raises:
        InputError: the deferral was done early enough not to need a processing month.
    """
    rules = Rulebook(authority, evaluation_date, closures=closures)
    deferral = Rulebook(authority, evaluation_date, name=option)
    month = first_of_month(evaluation_date)
    clocks = _Clocks(rules)
    clocks.at("enter_case", month_end(month), opens=evaluation_date)
    if processing_month:
        last = month + (rules.figure("processing_day") - 1) * _DAY
        if completed is not None and completed <= last:
            raise InputError(
                f"the deferral was completed on {completed}; a processing month is for one not done by {last}"
            )
        month = add_months(month, 1)
        clocks.at("processing_month", month_end(month), opens=month)
    end = month_end(month)
    clocks.business("report_activity", end, "lar_business_days", sign=-1)
    if payment_needed_first:
        clocks.at("pay_installment_first", end, who="borrower")
    effective = _deferral_effective(deferral, month)
    clocks.at("deferral_takes_effect", effective)
    clocks.days("send_agreement", completed, "agreement_days")
    clocks.days("custodian_copy", effective, "custodian_days")
    clocks.business("recorded_original", recorded_original, "recorded_original_days")
    clocks.business("texas_notice", violation_notice, "texas_notice_days")
    clocks.days("texas_cure", violation_notice, "texas_cure_days")
    return clocks.done()


def _deferral_effective(deferral: Rulebook, month: datetime.date) -> datetime.date:
    return add_months(month, 1) if deferral.figure("effective") == "next_month" else month


# --- trial period plan ----------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class TrialSchedule:
    """The dates of a trial period plan and of the modification after it.

    Attributes:
        due: due dates of the trial payments.
        start: first day of the trial.
        end: last day of its last month.
        effective_date: when the modification takes effect.
        first_payment_due: first modified due date.
        rate_change_date: when the new rate begins and delinquent interest ends.
    """

    due: tuple[datetime.date, ...]
    start: datetime.date
    end: datetime.date
    effective_date: datetime.date
    first_payment_due: datetime.date
    rate_change_date: datetime.date


def trial_schedule(
    notice_date: datetime.date, months: int, processing_month: bool, notice_day: int
) -> TrialSchedule:
    """Lay out a trial (FM-T2, FM-T11, FM-T12).

    Args:
        notice_date: when the Evaluation Notice goes out.
        months: trial payments, at least 1.
        processing_month: whether a month is put between the trial and the modification.
        notice_day: a notice sent by this day of the month (inclusive) lets the trial begin next month.

    Raises:
        InputError: fewer than one payment.
    """
    if months < 1:
        raise InputError(f"a trial has at least one payment, not {months}")
    wait = 1 if notice_date.day <= notice_day else 2
    start = add_months(first_of_month(notice_date), wait)
    due = tuple(add_months(start, month) for month in range(months))
    effective = add_months(start, months + (1 if processing_month else 0))
    return TrialSchedule(due, start, month_end(due[-1]), effective, effective, add_months(effective, -1))


def trial_payment_met(
    due: datetime.date, amount: int, received: datetime.date, paid: int, *, zero_tolerance: bool = False
) -> bool | None:
    """Decide whether a trial payment was made (FM-T4, FM-T5).

    The guides do not say what a payment that is short by a little means. It fails only where the servicer has
    chosen the policy of zero tolerance; otherwise the answer is unknown.

    Args:
        due: its due date.
        amount: cents due.
        received: when the payment (the last part of it) came in.
        paid: cents paid in all.
        zero_tolerance: whether any shortage fails.

    Returns:
        True when met, False when failed, None when the rules leave it open.

    Raises:
        InputError: nothing was due, or nothing was paid.
    """
    if amount <= 0 or paid <= 0:
        raise InputError(f"{format_cents(paid)} paid toward {format_cents(amount)} is not a trial payment")
    if received > month_end(due):
        return False
    if paid >= amount:
        return True
    return False if zero_tolerance else None


def trial_clocks(
    authority: str,
    notice_date: datetime.date,
    months: int,
    *,
    option: str = "flex_modification",
    processing_month: bool = False,
    in_pool: bool = False,
) -> tuple[Clock, ...]:
    """Work out the clocks of a trial period plan and the modification after it.

    Args:
        authority: ``fannie_mae`` or ``freddie_mac``.
        notice_date: when the Evaluation Notice goes out; selects the rules.
        months: trial payments.
        option: ``flex_modification`` or ``disaster_flex_modification``.
        processing_month: whether a month is put between trial and modification.
        in_pool: whether the loan backs a mortgage-backed security.
    """
    notice_day = Rulebook(authority, notice_date, name=option).figure("notice_day")
    schedule = trial_schedule(notice_date, months, processing_month, notice_day)
    rules = Rulebook(authority, notice_date)
    clocks = _Clocks(rules)
    for due in schedule.due:
        clocks.at("trial_payment", month_end(due), opens=due, who="borrower")
    if in_pool and rules.has("report_last_trial_payment"):
        last = schedule.due[-1] + (rules.figure("pool_report_day") - 1) * _DAY
        clocks.at("report_last_trial_payment", last)
    clocks.at("modification_takes_effect", schedule.effective_date)
    if rules.has("close_for_incentive"):
        close = month_end(add_months(schedule.due[-1], rules.figure("incentive_close_months")))
        clocks.at("close_for_incentive", close)
    clocks.days("modification_custodian_copy", schedule.effective_date, "custodian_days")
    return clocks.done()


def disaster_referral_clock(reviewed: datetime.date) -> Clock:
    """Work out by when approval of a foreclosure referral after a disaster is asked for (Fannie Mae).

    Args:
        reviewed: when the servicer finished its review; selects the rules.

    Raises:
        CoverageError: the rule was not yet in force.
    """
    rules = Rulebook("fannie_mae", reviewed)
    days = rules.figure("disaster_referral_days")
    words = rules.words("disaster_referral")
    return Clock(
        "disaster_referral",
        "servicer",
        words.says,
        None,
        reviewed + days * _DAY,
        words.citations,
        words.verification,
    )


# --- leaving the home -----------------------------------------------------------------------------


def short_sale_clocks(
    authority: str,
    offer_received: datetime.date,
    *,
    revised_offer_received: datetime.date | None = None,
    approved: datetime.date | None = None,
    closing: datetime.date | None = None,
    closures: Iterable[datetime.date] = (),
) -> tuple[Clock, ...]:
    """Work out the clocks of a short sale (SS-T6).

    Args:
        authority: ``fannie_mae`` or ``freddie_mac``.
        offer_received: when offer and package came in; selects the rules.
        revised_offer_received: when a revised offer came in.
        approved: when the sale was approved.
        closing: the day set for closing.
        closures: further days that are not business days.
    """
    clocks = _Clocks(Rulebook(authority, offer_received, closures=closures))
    clocks.business("acknowledge_offer", offer_received, "acknowledge_offer_days")
    clocks.days("answer_sale_offer", offer_received, "answer_offer_days")
    clocks.business("answer_revised_offer", revised_offer_received, "answer_revised_offer_days")
    clocks.days("close_sale", approved, "close_sale_days")
    clocks.days("settlement_statement", closing, "settlement_statement_days", sign=-1)
    return clocks.done()


def release_clocks(
    authority: str,
    accepted: datetime.date,
    *,
    sale_date: datetime.date | None = None,
    deed_received: datetime.date | None = None,
    closures: Iterable[datetime.date] = (),
) -> tuple[Clock, ...]:
    """Work out the clocks of a Mortgage Release (MR-8).

    Args:
        authority: ``fannie_mae`` or ``freddie_mac``.
        accepted: when the borrower accepted; selects the rules.
        sale_date: scheduled foreclosure sale; None or NEVER where there is none.
        deed_received: when the executed deed came in.
        closures: further days that are not business days.
    """
    clocks = _Clocks(Rulebook(authority, accepted, closures=closures))
    clocks.days("release_documents", accepted, "release_documents_days", who="borrower")
    clocks.days("release_documents_extended", accepted, "release_documents_extended_days", who="borrower")
    if sale_date != NEVER:
        clocks.days("deed_before_sale", sale_date, "deed_before_sale_days", who="borrower", sign=-1)
    clocks.business("record_deed", deed_received, "record_deed_days")
    clocks.business("release_lien", deed_received, "release_lien_days")
    clocks.days("pay_relocation", deed_received, "pay_relocation_days")
    return clocks.done()


@dataclasses.dataclass(frozen=True)
class DeedStanding:
    """Whether a deed came early enough before a foreclosure sale.

    ``days_before_sale`` is negative after the sale. ``clock`` has the last day and the words.
    """

    prior_approval_needed: bool
    days_before_sale: int
    clock: Clock


def deed_standing(
    authority: str, deed_received: datetime.date, sale_date: datetime.date, *, on: datetime.date | None = None
) -> DeedStanding:
    """Say whether a deed can be taken without prior approval.

    Args:
        authority: ``fannie_mae`` or ``freddie_mac``.
        deed_received: when the deed came in.
        sale_date: the scheduled sale.
        on: the day whose rules apply; by default that of the deed.
    """
    found = release_clocks(authority, on or deed_received, sale_date=sale_date)
    clock = next(item for item in found if item.name == "deed_before_sale")
    late = clock.due is not None and deed_received > clock.due
    return DeedStanding(late, (sale_date - deed_received).days, clock)


# --- solicitation ---------------------------------------------------------------------------------


def solicitation_windows(
    authority: str,
    *,
    next_due_date: datetime.date | None = None,
    step_rate_adjusted: bool = False,
    forbearance_ended: datetime.date | None = None,
    plan_failed: datetime.date | None = None,
    deferral_effective: datetime.date | None = None,
    deferral_unanswered: datetime.date | None = None,
    sale_date: datetime.date | None = None,
    judicial: bool | None = None,
    on: datetime.date | None = None,
) -> tuple[Clock, ...]:
    """Work out when a servicer may and must offer a workout without a package.

    A window that a foreclosure sale comes too near to ends earlier, or is refused where no day of it is left.

    Args:
        authority: ``fannie_mae`` or ``freddie_mac``.
        next_due_date: due date of the oldest unpaid installment.
        step_rate_adjusted: a step-rate loan that fell behind after an adjustment.
        forbearance_ended: last day of a forbearance plan that ended without contact.
        plan_failed: when a repayment plan failed without contact.
        deferral_effective: when the latest payment deferral took effect.
        deferral_unanswered: when a deferral solicitation ran out unanswered; needs ``next_due_date``.
        sale_date: scheduled foreclosure sale; None or NEVER where none is known.
        judicial: whether the sale is by court; needed with a sale date.
        on: the day whose rules apply; by default the earliest of the events.

    Returns:
        Windows in the order of the rules; none where no event is given.

    Raises:
        InputError: a sale date without saying whether it is by court, or an unanswered solicitation without
            the due date.
    """
    if sale_date == NEVER:
        sale_date = None
    missing = []
    if sale_date is not None and judicial is None:
        missing.append(
            "say whether the foreclosure sale is by court (judicial); the two have different limits"
        )
    if deferral_unanswered is not None and next_due_date is None:
        missing.append("give the next due date; after an unanswered solicitation the days delinquent decide")
    if missing:
        raise InputError("the solicitation windows need more facts", missing)
    events = [
        day for day in (next_due_date, forbearance_ended, plan_failed, deferral_unanswered) if day is not None
    ]
    if not events:
        return ()
    rules = Rulebook(authority, on or min(events))
    clocks = _Clocks(rules)
    fig = rules.figure
    if next_due_date is not None:
        clocks.at(
            "solicit_flex",
            next_due_date + fig("solicit_last_day") * _DAY,
            opens=next_due_date + fig("solicit_first_day") * _DAY,
        )
        if step_rate_adjusted:
            opens = next_due_date + fig("step_rate_first_day") * _DAY
            clocks.at("solicit_step_rate", next_due_date + fig("step_rate_last_day") * _DAY, opens=opens)
    if forbearance_ended is not None:
        due = forbearance_ended + fig("after_forbearance_days") * _DAY
        clocks.at("solicit_after_forbearance", due, opens=forbearance_ended + _DAY)
    if plan_failed is not None:
        due = add_months(first_of_month(plan_failed), 1) + (fig("after_plan_day") - 1) * _DAY
        clocks.at("solicit_after_plan", due, opens=plan_failed + _DAY)
    if next_due_date is not None and deferral_effective not in (None, NEVER):
        opens = next_due_date + fig("after_deferral_first_day") * _DAY
        if deferral_effective <= opens <= add_months(deferral_effective, fig("after_deferral_months")):
            clocks.at(
                "solicit_after_deferral", next_due_date + fig("after_deferral_last_day") * _DAY, opens=opens
            )
    if deferral_unanswered is not None and next_due_date is not None:
        behind = days_delinquent(next_due_date, deferral_unanswered)
        if behind >= fig("unanswered_least_days"):
            due = deferral_unanswered + fig("unanswered_days") * _DAY
            clocks.at("solicit_unanswered", due, opens=deferral_unanswered)
    if sale_date is None:
        return clocks.done()
    limit = fig("judicial_sale_days" if judicial else "nonjudicial_sale_days")
    return tuple(
        _before_sale(clock, sale_date, limit, rules.words("sale_too_near")) for clock in clocks.done()
    )


def _before_sale(clock: Clock, sale_date: datetime.date, limit: int, words: Words) -> Clock:
    """End a window before the foreclosure sale comes too near."""
    if clock.opens is None or clock.due is None:
        return clock
    last = sale_date - (limit + 1) * _DAY
    if last >= clock.due:
        return clock
    changed = dataclasses.replace(
        clock,
        citations=(*clock.citations, *words.citations),
        verification=weakest([clock.verification, words.verification]),
    )
    if last < clock.opens:
        return dataclasses.replace(changed, due=None, refused=f"{words.says} The sale is on {sale_date}.")
    return dataclasses.replace(
        changed, due=last, note=f"Ends early because of the sale on {sale_date}. {words.says}"
    )


# --- forbearance over several terms ---------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class TermCheck:
    """One forbearance term against the limits.

    Attributes:
        start: first day.
        end: last day.
        months: calendar months begun.
        months_in_all: the same from the first day of the first term.
        months_delinquent_at_end: unpaid installments at the end; None where not known (then FB-7 is open).
        broken: ids of the rules it breaks (FB-5 to FB-9, FB-D).
    """

    start: datetime.date
    end: datetime.date
    months: int
    months_in_all: int
    months_delinquent_at_end: int | None
    broken: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class ForbearanceRoom:
    """What a series of forbearance terms leaves room for.

    Attributes:
        terms: the terms given so far, checked.
        next_start: first day of the next term.
        allowed_months: longest next term without prior approval; None while the delinquency is unknown.
        next_end: its last day; None where there is none.
        limits: ids of the rules that one month more would break.
        requested: the term asked for, checked; None where none was asked for.
        verification: the least certain mark of the limits.
    """

    terms: tuple[TermCheck, ...]
    next_start: datetime.date
    allowed_months: int | None
    next_end: datetime.date | None
    limits: tuple[str, ...]
    requested: TermCheck | None
    verification: Verification


def forbearance_room(
    authority: str,
    terms: Sequence[tuple[datetime.date, datetime.date]],
    *,
    next_due_date: datetime.date | None = None,
    months_delinquent: int | None = None,
    next_start: datetime.date | None = None,
    requested_months: int | None = None,
    last_pool_payment: datetime.date | None = None,
    without_contact: bool = False,
    repayment_months: int = 0,
) -> ForbearanceRoom:
    """Check a list of forbearance terms and find the longest next one (FB-5 to FB-9).

    No installment is taken to be paid during the plan, even where reduced payments are made. Each term is
    checked under the rules in force on its first day.

    Args:
        authority: ``fannie_mae`` or ``freddie_mac``.
        terms: first and last day of each term given so far, in order; may be empty.
        next_due_date: due date of the oldest unpaid installment.
        months_delinquent: instead of it, unpaid installments on the day before the first term.
        next_start: first day of the next term; by default the day after the last one.
        requested_months: length of the next term asked for.
        last_pool_payment: last scheduled payment date of a pooled loan.
        without_contact: the next term is disaster forbearance without contact.
        repayment_months: length of a repayment plan offered together with the next term.

    Raises:
        InputError: no terms and no start, or terms that overlap or run backward.
        CoverageError: a term begins before the rules known.
    """
    first, start = _series(terms, next_start)
    series = _Series(authority, first, next_due_date, months_delinquent, last_pool_payment)
    checked = tuple(series.check(begin, end) for begin, end in terms)

    def state(months: int) -> TermCheck:
        return series.check(start, add_months(start, months) - _DAY, without_contact, repayment_months)

    allowed = None
    limits: tuple[str, ...] = ()
    if next_due_date is not None or months_delinquent is not None:
        allowed = 0
        while not state(allowed + 1).broken:
            allowed += 1
        limits = state(allowed + 1).broken
    return ForbearanceRoom(
        terms=checked,
        next_start=start,
        allowed_months=allowed,
        next_end=add_months(start, allowed) - _DAY if allowed else None,
        limits=limits,
        requested=None if requested_months is None else state(requested_months),
        verification=Rulebook(authority, start, name="forbearance").verification(*_Series.FIGURES),
    )


def _series(
    terms: Sequence[tuple[datetime.date, datetime.date]], next_start: datetime.date | None
) -> tuple[datetime.date, datetime.date]:
    findings = [
        f"the term from {begin} ends before it begins, on {end}" for begin, end in terms if end < begin
    ]
    pairs = [*terms, *([(next_start, next_start)] if next_start is not None else [])]
    findings += [
        f"the term from {later} begins before the one before it ends, on {end}"
        for (_, end), (later, _) in itertools.pairwise(pairs)
        if later <= end
    ]
    if not pairs:
        findings.append("give the terms so far, or the first day of the next one")
    if findings:
        raise InputError("the forbearance terms do not form a series", findings)
    return pairs[0][0], next_start if next_start is not None else terms[-1][1] + _DAY


@dataclasses.dataclass(frozen=True)
class _Series:
    """The limits of a series of terms that began on ``first``."""

    FIGURES = ("longest_term", "longest_series", "most_months_delinquent_at_end")

    authority: str
    first: datetime.date
    next_due_date: datetime.date | None
    months_delinquent: int | None
    last_pool_payment: datetime.date | None

    def check(
        self,
        start: datetime.date,
        end: datetime.date,
        without_contact: bool = False,
        repayment_months: int = 0,
    ) -> TermCheck:
        """Check one term."""
        rules = Rulebook(self.authority, start, name="forbearance")
        behind = self._behind(end)
        in_all = _months_begun(self.first, end)
        months = _months_begun(start, end)
        tests = {
            "FB-5": months > rules.figure("longest_term"),
            "FB-6": in_all > rules.figure("longest_series"),
            "FB-7": behind is not None and behind > rules.figure("most_months_delinquent_at_end"),
            "FB-8": self.last_pool_payment is not None and end > self.last_pool_payment,
            "FB-9": repayment_months > 0
            and in_all + repayment_months > rules.figure("longest_with_repayment_plan"),
            "FB-D": without_contact and months > rules.figure("no_contact_longest_term"),
        }
        return TermCheck(
            start, end, months, in_all, behind, tuple(name for name, broken in tests.items() if broken)
        )

    def _behind(self, end: datetime.date) -> int | None:
        if self.next_due_date is not None:
            return mba_months(self.next_due_date, end)
        if self.months_delinquent is None:
            return None
        month = first_of_month(self.first)
        due = month if month == self.first else add_months(month, 1)
        return self.months_delinquent + mba_months(due, end)


def _months_begun(start: datetime.date, end: datetime.date) -> int:
    """Months from a first to a last day, a part of a month counted as one."""
    months = 0
    while add_months(start, months) <= end:
        months += 1
    return months


# --- money ----------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class EscrowSpread:
    """An escrow shortage in monthly installments.

    Attributes:
        monthly: cents per month, half-up.
        installments: every installment in cents; they add up to the shortage.
        words: the rule, with its marks.
    """

    monthly: int
    installments: tuple[int, ...]
    words: Words


def escrow_spread(
    authority: str, shortage: int, on: datetime.date, *, months: int | None = None
) -> EscrowSpread:
    """Spread an escrow shortage (B-1-01).

    Args:
        authority: ``fannie_mae`` or ``freddie_mac``.
        shortage: cents.
        on: the day of the escrow analysis; selects the rules.
        months: a shorter term that the borrower chose.

    Raises:
        InputError: a negative shortage, or a term outside the limits.
        CoverageError: the rule is not known on that day.
    """
    rules = Rulebook(authority, on)
    longest, shortest = rules.figure("escrow_spread_months"), rules.figure("escrow_shortest_months")
    count = longest if months is None else months
    findings = []
    if shortage < 0:
        findings.append(f"an escrow shortage is not negative: {format_cents(shortage)}")
    if not shortest <= count <= longest:
        findings.append(
            f"an escrow shortage is repaid at once or over {shortest} to {longest} months, not {count}"
        )
    if findings:
        raise InputError("the escrow shortage cannot be spread", findings)
    monthly = half_up_div(shortage, count)
    installments = []
    left = shortage
    for _ in range(count - 1):
        installments.append(min(monthly, left))
        left -= installments[-1]
    rule, last = rules.words("spread_escrow_shortage"), rules.words("last_escrow_installment")
    words = Words(
        f"{rule.says} {last.says}",
        (*rule.citations, *last.citations),
        weakest([rule.verification, last.verification]),
    )
    return EscrowSpread(monthly, (*installments, left), words)


@dataclasses.dataclass(frozen=True)
class SaleProceeds:
    """What a short sale brings and leaves unpaid; all but ``recovery`` in cents.

    Attributes:
        costs: commission, closing costs, repairs, subordinate liens and others.
        net: price and items paid in advance, less the costs.
        owed: balance, interest and advances.
        deficiency: what remains unpaid, not below zero.
        recovery: net over owed in millionths, half-up to hundredths of a percent; None where nothing is owed.
    """

    costs: int
    net: int
    owed: int
    deficiency: int
    recovery: int | None


def sale_proceeds(
    *,
    price: int,
    balance: int,
    commission: int = 0,
    closing_costs: int = 0,
    repairs: int = 0,
    subordinate_liens: int = 0,
    other_costs: int = 0,
    paid_in_advance: int = 0,
    interest: int = 0,
    advances: int = 0,
) -> SaleProceeds:
    """Work out net proceeds and deficiency of a sale; arithmetic only, all amounts in cents.

    Which costs an investor allows is for its own rules to say.

    Raises:
        InputError: naming every negative amount.
    """
    amounts = {
        "price": price,
        "balance": balance,
        "commission": commission,
        "closing costs": closing_costs,
        "repairs": repairs,
        "subordinate liens": subordinate_liens,
        "other costs": other_costs,
        "items paid in advance": paid_in_advance,
        "interest": interest,
        "advances": advances,
    }
    findings = [
        f"{name}: {format_cents(amount)} is negative" for name, amount in amounts.items() if amount < 0
    ]
    if findings:
        raise InputError("the proceeds of the sale cannot be worked out", findings)
    costs = commission + closing_costs + repairs + subordinate_liens + other_costs
    net = price + paid_in_advance - costs
    owed = balance + interest + advances
    return SaleProceeds(
        costs, net, owed, max(owed - net, 0), half_up_div(net * 10_000, owed) * 100 if owed else None
    )


@dataclasses.dataclass(frozen=True)
class Incentive:
    """What the servicer is paid for a workout.

    Attributes:
        amount: cents.
        why: what decided the amount.
        verification: the least certain mark of the figures.
    """

    amount: int
    why: str
    verification: Verification


def incentive(
    option: str,
    authority: str,
    on: datetime.date,
    *,
    days_delinquent: int | None = None,
    last_fee_date: datetime.date | None = None,
    months_to_close: int | None = None,
    retention_paid: int | None = None,
) -> Incentive:
    """Work out the servicer's incentive (F-2-02).

    Args:
        option: option id.
        authority: ``fannie_mae`` or ``freddie_mac``.
        on: the day of completion; selects the rules.
        days_delinquent: for repayment plans (at its beginning), short sales and Mortgage Releases.
        last_fee_date: for repayment plans: when the last such incentive was paid; NEVER if never.
        months_to_close: for modifications: months from the last trial month to closing.
        retention_paid: for keeping the home: cents of such incentives already paid on the loan.

    Raises:
        InputError: a fact that decides is missing (all of them are named), or the option is unknown.
        CoverageError: the figures are not known on that day.
    """
    facts = {
        "days_delinquent": days_delinquent,
        "last_fee_date": last_fee_date,
        "months_to_close": months_to_close,
        "retention_paid": retention_paid,
    }
    if option not in _INCENTIVE_FACTS:
        raise InputError(
            f"no incentive is known for {option!r}; known: {', '.join(sorted(_INCENTIVE_FACTS))}"
        )
    missing = [f"{name} is not known" for name in _INCENTIVE_FACTS[option] if facts[name] is None]
    if missing:
        raise InputError(f"the incentive for {option} depends on more facts", missing)
    if days_delinquent is not None and option in LEAVING:
        return _incentive_for_leaving(option, authority, on, days_delinquent)
    rules = Rulebook(authority, on)
    words = rules.words(f"paid_for_{option}")
    if option == "forbearance":
        return Incentive(0, words.says, words.verification)
    due = rules.figure(_INCENTIVE_FIGURES[option])
    reason = words.says
    if days_delinquent is not None and last_fee_date is not None and option == "repayment_plan":
        waited = (
            last_fee_date == NEVER
            or add_months(last_fee_date, rules.figure("incentive_plan_wait_months")) <= on
        )
        if days_delinquent < rules.figure("incentive_plan_least_days") or not waited:
            due = 0
    if months_to_close is not None and months_to_close > rules.figure("incentive_close_months"):
        due = 0
    cap = rules.words("paid_for_keeping_at_most")
    room = max(rules.figure("incentive_retention_cap") - (retention_paid or 0), 0)
    if due > room:
        due, reason = room, f"{reason} {cap.says}"
    return Incentive(due, reason, weakest([words.verification, cap.verification]))


_INCENTIVE_FACTS: dict[str, tuple[str, ...]] = {
    "forbearance": (),
    "repayment_plan": ("days_delinquent", "last_fee_date", "retention_paid"),
    "payment_deferral": ("retention_paid",),
    "disaster_payment_deferral": ("retention_paid",),
    "flex_modification": ("months_to_close", "retention_paid"),
    "disaster_flex_modification": ("months_to_close", "retention_paid"),
    "short_sale": ("days_delinquent",),
    "mortgage_release": ("days_delinquent",),
}
_INCENTIVE_FIGURES = {
    "repayment_plan": "incentive_repayment_plan",
    "payment_deferral": "incentive_payment_deferral",
    "disaster_payment_deferral": "incentive_payment_deferral",
    "flex_modification": "incentive_flex_modification",
    "disaster_flex_modification": "incentive_flex_modification",
}


def _incentive_for_leaving(option: str, authority: str, on: datetime.date, days: int) -> Incentive:
    rules = Rulebook(authority, on, name=option)
    early, middle = rules.figure("incentive_early_days"), rules.figure("incentive_middle_days")
    if days <= early:
        step, why = "incentive_early", f"at most {early} days delinquent"
    elif days <= middle:
        step, why = "incentive_middle", f"more than {early} and at most {middle} days delinquent"
    else:
        step, why = "incentive_late", f"more than {middle} days delinquent"
    return Incentive(
        rules.figure(step), why, rules.verification(step, "incentive_early_days", "incentive_middle_days")
    )


def incentive_words(option: str, authority: str, on: datetime.date) -> tuple[Words, ...]:
    """Return the rules of the servicer's incentive in words; empty where none is known for the option.

    Args:
        option: option id.
        authority: ``fannie_mae`` or ``freddie_mac``.
        on: the day whose rules apply.

    Raises:
        CoverageError: the figures are not known on that day.
    """
    if option not in _INCENTIVE_FACTS:
        return ()
    if option in LEAVING:
        return (
            Rulebook(authority, on, name=option).say(
                "Servicer incentive {incentive_early} up to {incentive_early_days} days delinquent, "
                "{incentive_middle} up to {incentive_middle_days}, {incentive_late} after that."
            ),
        )
    rules = Rulebook(authority, on)
    names = [f"paid_for_{option}"] + (["paid_for_keeping_at_most"] if option in _INCENTIVE_FIGURES else [])
    return tuple(rules.words(name) for name in names)
