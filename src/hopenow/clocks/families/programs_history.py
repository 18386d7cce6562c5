"""Programs that are over: HAMP (2009 to 2016) and the promises and programs of HOPE NOW of 2007 and 2008."""

from __future__ import annotations

import datetime

from hopenow.clocks.case import Row
from hopenow.clocks.families.programs_common import (
    Answer,
    Log,
    Trial,
    answers,
    business_days_before,
    end_of_month,
    spells,
    trials,
    while_behind,
)
from hopenow.clocks.ledger import NEVER
from hopenow.clocks.output import of_event
from hopenow.clocks.result import Bar
from hopenow.clocks.state import Application
from hopenow.dates import first_of_next_month

HAMP_ANSWERS = (
    Answer("HAMP-1", ("application_received",), ("acknowledgment_sent",)),
    Answer("HAMP-8", ("plan_failed",), ("options_evaluated",)),
)
HAMP_TRIAL = Trial(month="HAMP-13", first="HAMP-12", effective="HAMP-14")
HOPE_NOW_ANSWERS = (
    Answer("HN-P2", ("counselor_wrote",), ("counselor_acknowledged",)),
    Answer("HN-G2", ("application_complete",), ("decision_sent",)),
)


# --- HAMP -------------------------------------------------------------------------------------------


def run_hamp(log: Log) -> None:
    """Every process clock of HAMP."""
    for application in log.s.applications.values():
        decision(log, application)
        missing_papers(log, application)
    not_approved(log)
    appraisal_deposit(log)
    before_a_sale(log)
    referral(log)
    good_standing(log)
    set_up_report(log)
    answers(log, HAMP_ANSWERS)
    trials(log, HAMP_TRIAL)


def decision(log: Log, application: Application) -> None:
    """HAMP-2 and HAMP-3: a decision or a notice of what is incomplete, and the letter."""
    start, about = application.received, of_event(application.index)
    rule = log.rule("HAMP-2", start)
    if rule is None:
        return
    kinds = ("decision_sent", "incomplete_notice_sent", "trial_offer_sent")
    done = log.first(start, NEVER, *kinds)
    last = rule.after(start)
    events = (application.index,) if done is None else (application.index, done.at)
    if done is None and application.withdrawn:
        why = ("The homeowner withdrew the application on {0}.", application.withdrawn)
        log.out.ended(rule, about, start, last, events, application.withdrawn, why)
    else:
        log.out.duty(rule, about, start, last, events, done=done.day if done else 0)
    decided = log.first(start, NEVER, "options_evaluated")
    letter = log.rule("HAMP-3", decided.day) if decided is not None else None
    if decided is not None and letter is not None:
        sent = log.first(decided.day, NEVER, "decision_sent", "trial_offer_sent")
        at = (decided.at,) if sent is None else (decided.at, sent.at)
        until = letter.after(decided.day)
        log.out.duty(letter, about, decided.day, until, at, done=sent.day if sent else 0)


def missing_papers(log: Log, application: Application) -> None:
    """HAMP-4: 30 days for the missing papers, and 15 more after the second notice."""
    for row in log.all("incomplete_notice_sent"):
        rule = log.rule("HAMP-4", row.day)
        if rule is None or row.thread != application.index:
            continue
        until = row.day + rule.figures["second_notice"] if row.details.get("second") else rule.after(row.day)
        sent = [day for day in application.papers.values() if row.day <= day <= until]
        used = min(sent) if sent else 0
        log.out.right(rule, "send_papers", of_event(row.at), row.day, until, (row.at,), used=used)


def not_approved(log: Log) -> None:
    """HAMP-5 and HAMP-6: time to dispute the inputs, and no sale in it."""
    for row in log.all("decision_sent"):
        if row.details.get("offered") or not row.details.get("denied_modifications"):
            continue
        rule, bar = log.rule("HAMP-5", row.day), log.rule("HAMP-6", row.day)
        if rule is None or bar is None or bar.length is None:
            continue
        until, about = rule.after(row.day), of_event(row.at)
        used = log.first(row.day, until + 1, "inputs_disputed")
        events = (row.at,) if used is None else (row.at, used.at)
        log.out.right(rule, "dispute", about, row.day, until, events, used=used.day if used else 0)
        ends = row.day + bar.length
        why = ("The Non-Approval Notice went out on {0}.", row.day)
        exits = ("the time after the notice, which ends on {0}, and disputed errors being reconciled", ends)
        log.out.protection(bar, Bar.SALE, about, row.day, ends, (row.at,), why=why, exits=exits)


def appraisal_deposit(log: Log) -> None:
    """HAMP-7: the deposit for an appraisal."""
    for row in log.all("appraisal_offered"):
        rule = log.rule("HAMP-7", row.day)
        if rule is not None:
            used = log.first(row.day, NEVER, "appraisal_deposit_paid", thread=row.at)
            events = (row.at,) if used is None else (row.at, used.at)
            until, about = rule.after(row.day), of_event(row.at)
            log.out.right(rule, "dispute", about, row.day, until, events, used=used.day if used else 0)


def before_a_sale(log: Log) -> None:
    """HAMP-10 and HAMP-11: a request that stops the sale, and the certification, both seven business days before."""
    for known, sale, index in log.s.sales[-1:]:
        rule, certified = log.rule("HAMP-10", known), log.rule("HAMP-11", known)
        if not sale or rule is None or certified is None:
            continue
        last = business_days_before(log, sale, rule.length or 0)
        about = of_event(index)
        asked = log.first(known, last + 1, "help_requested", "application_received")
        events = (index,) if asked is None else (index, asked.at)
        if known <= last:
            log.out.right(rule, "stop_sale", about, known, last, events, used=asked.day if asked else 0)
        first = business_days_before(log, sale, certified.length or 0)
        done = log.first(known, NEVER, "sale_certified")
        how = ("not before {0}, and before the sale on {1}", first, sale)
        at = (index,) if done is None else (index, done.at)
        log.out.duty(certified, about, known, sale, at, done=done.day if done else 0, first=first, how=how)
        if done is not None and done.day < first:
            words = ("The certification of {0} came before {1}.", done.day, first)
            log.out.breach(certified, about, done.day, words, at)


def referral(log: Log) -> None:
    """HAMP-9: no referral while a request is open or a trial is kept."""
    for row in log.all("foreclosure_referred"):
        rule = log.rule("HAMP-9", row.day)
        if rule is None:
            continue
        for application in log.s.applications.values():
            if application.pending_at(row.day) and not application.turned_down_at(row.day):
                words = (
                    "The loan was referred on {0}, while the request of {1} was open.",
                    row.day,
                    application.received,
                )
                log.out.breach(rule, of_event(row.at), row.day, words, (application.index, row.at))


def good_standing(log: Log) -> None:
    """HAMP-15: good standing is lost with three full payments unpaid at the end of a month."""
    permanent = log.first(0, NEVER, "modification_executed", "plan_completed")
    if permanent is None:
        return
    for spell in spells(log):
        rule = log.rule("HAMP-15", spell.start)
        if rule is None or spell.start < permanent.day:
            continue
        oldest, third = spell.unpaid_at_once(rule.figures["payments"])
        until = end_of_month(third)
        used = spell.end if spell.is_over and spell.end <= until else 0
        why = (
            "Good standing is lost for ever when that many full payments are unpaid at the end of a month, {0}.",
            until,
        )
        log.out.right(rule, "good_standing", oldest, spell.start, until, (permanent.at,), used=used, why=why)


def set_up_report(log: Log) -> None:
    """HAMP-16: the set-up report by the fourth business day of the month of the effective date."""
    for row in log.all("modification_executed"):
        rule = log.rule("HAMP-16", row.day)
        if rule is None:
            continue
        effective = row.details.get("effective") or _first_of_month_from(row.day)
        month = effective.replace(day=1).toordinal()
        last = log.s.book.xhol.add(month - 1, rule.length or 0)
        done = log.first(row.day, NEVER, "agency_notified", matter="set_up")
        how = ("business days from the beginning of the month of the effective date, {0}: by {1}", month, last)
        events = (row.at,) if done is None else (row.at, done.at)
        log.out.duty(rule, of_event(row.at), row.day, last, events, done=done.day if done else 0, how=how)


def _first_of_month_from(day: int) -> datetime.date:
    found = datetime.date.fromordinal(day)
    return found if found.day == 1 else first_of_next_month(found)


# --- HOPE NOW ---------------------------------------------------------------------------------------


def run_hope_now(log: Log) -> None:
    """Promises of members, Project Lifeline and the Streamlined Modification Program; targets, never law."""
    for spell in spells(log):
        rule = log.rule("HN-G1", spell.start)
        if rule is not None and rule.length is not None:
            oldest = spell.still_unpaid(rule.length)
            first = rule.after(oldest)
            sent = log.first(spell.start, spell.end, "program_notice_sent", notice="outreach")
            if first <= log.s.as_of or sent is not None:
                how = ("from {0} on; no last day is given", first)
                while_behind(spell, rule, oldest, 0, done=sent, first=first, how=how)
    for row in log.all("rate_reset_announced"):
        before_reset(log, row)
    for row in log.all("lifeline_letter_sent"):
        lifeline(log, row)
    for row in log.all("trial_offer_sent"):
        streamlined(log, row)
    answers(log, HOPE_NOW_ANSWERS)


def before_reset(log: Log, row: Row) -> None:
    """HN-P1: contact 120 days before a reset."""
    rule = log.rule("HN-P1", row.day)
    if rule is None:
        return
    reset = row.details["reset_date"].toordinal()
    last = rule.after(reset)
    done = log.first(0, reset, "live_contact_made", "live_contact_attempted", "program_notice_sent")
    how = ("the rate resets on {0}; the days before it begin on {1}", reset, last)
    events = (row.at,) if done is None else (row.at, done.at)
    log.out.duty(rule, of_event(row.at), row.day, last, events, done=done.day if done else 0, how=how)


def lifeline(log: Log, row: Row) -> None:
    """PL-1 and PL-2: ten days to answer, then a pause of up to thirty days."""
    rule = log.rule("PL-1", row.day)
    if rule is None:
        return
    until, about = rule.after(row.day), of_event(row.at)
    answer = log.first(row.day, NEVER, "lifeline_answered", thread=row.at)
    events = (row.at,) if answer is None else (row.at, answer.at)
    log.out.right(rule, "answer", about, row.day, until, events, used=answer.day if answer else 0)
    pause = log.rule("PL-2", answer.day) if answer is not None and answer.day <= until else None
    if answer is not None and pause is not None and pause.length is not None:
        # A pause that the servicer may give is no protection.
        words = "The homeowner answered on {0}; foreclosure can be paused until {1}, where the servicer finds it fit."
        log.out.note(pause, (words, answer.day, answer.day + pause.length))


def streamlined(log: Log, row: Row) -> None:
    """SMP-1 and SMP-2: the form within 14 days, and no sale in the trial."""
    rule, bar = log.rule("SMP-1", row.day), log.rule("SMP-2", row.day)
    if rule is None or bar is None:
        return
    until, about = rule.after(row.day), of_event(row.at)
    form = log.first(row.day, NEVER, "trial_form_returned", thread=row.at)
    events = (row.at,) if form is None else (row.at, form.at)
    log.out.right(rule, "accept", about, row.day, until, events, used=form.day if form else 0)
    if form is not None and form.day <= until:
        over = log.first(form.day, NEVER, "plan_failed", "plan_completed", "modification_executed")
        why = ("The form of the trial came back on {0}.", form.day)
        exits = "a payment that does not come, or the modification"
        ends = over.day - 1 if over is not None else 0
        log.out.protection(
            bar, Bar.SALE, about, form.day, max(ends, form.day) if ends else 0, events, why=why, exits=exits
        )
