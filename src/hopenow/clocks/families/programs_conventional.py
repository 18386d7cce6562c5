"""Loans of Fannie Mae and Freddie Mac: evaluation, solicitation, deferral, trial and short-sale clocks."""

from __future__ import annotations

from hopenow.clocks.case import Row
from hopenow.clocks.families.programs_common import (
    Answer,
    Log,
    Spell,
    Trial,
    answers,
    end_of_month,
    month_after,
    spells,
    trials,
    while_behind,
)
from hopenow.clocks.ledger import NEVER
from hopenow.clocks.output import of_event
from hopenow.clocks.result import Words
from hopenow.clocks.rulebook import Rule
from hopenow.clocks.state import Application

FANNIE_ANSWERS = (
    Answer("FNM-C1", ("application_received",), ("acknowledgment_sent",)),
    Answer("PD-13", ("violation_notice_received",), ("violation_reported",)),
    Answer("PD-13a", ("violation_notice_received",), ("violation_cured",)),
    Answer("PD-T9", ("deferral_accepted",), ("deferral_agreement_sent",)),
    Answer("PD-T9a", ("deferral_accepted",), ("custodian_copy_sent",)),
    Answer("PD-T9", ("loan_brought_current",), ("deferral_agreement_sent",), of={"by": "deferral"}),
    Answer("PD-T9a", ("loan_brought_current",), ("custodian_copy_sent",), of={"by": "deferral"}),
    Answer("FM-T13", ("modification_executed",), ("custodian_copy_sent",)),
    Answer("SS-T6", ("purchase_offer_received",), ("purchase_offer_acknowledged",)),
    Answer("SS-T6a", ("purchase_offer_received",), ("purchase_offer_answered",)),
)
FANNIE_TRIAL = Trial(month="FM-T4", first="FM-T2", effective="FM-T11", waits="FM-T7")
FREDDIE_TRIAL = Trial(month="FM-T4-F", first="FM-T2-F")
CONTACT = "The right person was reached on {0}."


def run_fannie_mae(log: Log) -> None:
    """Every clock of a Fannie Mae loan."""
    for application in log.s.applications.values():
        evaluation(log, application)
        time_to_answer(log, application)
        forbearance_term(log, application)
    for row in log.all("short_term_failed"):
        after_repayment_plan(log, row)
    for spell in spells(log):
        solicitation(spell, "FNM-S1")
        if _deferred_before(log, spell):
            solicitation(spell, "FNM-S2")
    too_early(log)
    disaster_referral(log)
    answers(log, FANNIE_ANSWERS)
    trials(log, FANNIE_TRIAL)


def run_freddie_mac(log: Log) -> None:
    """Every clock of a Freddie Mac loan that the reference has."""
    for row in log.all("short_term_offer_made", plan="forbearance"):
        rule = log.rule("FB-F0", row.day)
        ends = row.details.get("ends")
        if rule is not None and ends is not None and ends.toordinal() > rule.after(row.day):
            words = ("The term offered on {0} is longer than the rule allows, {1}.", row.day, rule.after(row.day))
            log.out.note(rule, words)
    trials(log, FREDDIE_TRIAL)


# --- evaluation -------------------------------------------------------------------------------------


def evaluation(log: Log, application: Application) -> None:
    """FNM-C2 and FNM-C3: decide within 30 days, tell within 5 days of deciding and within the 30."""
    completion = application.last
    if completion is None:
        return
    start, about = completion.actual, of_event(application.index)
    rule, told = log.rule("FNM-C2", start), log.rule("FNM-C3", start)
    if rule is None or told is None:
        return
    last = rule.after(start)
    decided = log.first(start, NEVER, "options_evaluated")
    sent = completion.decided
    behind = (application.index, completion.index)
    made = min(day for day in (decided.day if decided else NEVER, sent or NEVER))
    out = log.out
    if application.withdrawn and made == NEVER:
        why = ("The homeowner withdrew the application on {0}.", application.withdrawn)
        out.ended(rule, about, start, last, behind, application.withdrawn, why)
        return
    out.duty(rule, about, start, last, behind, done=made if made != NEVER else 0)
    day = decided.day if decided is not None else start
    limit = start + told.figures["overall"]
    until = min(told.after(day), limit) if decided is not None else limit
    events = behind if decided is None else (*behind, decided.at)
    how = ("the earlier of the days after the decision and {0}, the end of the whole time", limit)
    out.duty(told, about, day, until, events, done=sent, how=how)


def time_to_answer(log: Log, application: Application) -> None:
    """FNM-C4: 14 days to accept, by voice, in writing or by paying."""
    completion = application.last
    if completion is None or not completion.told or not completion.details.get("offered"):
        return
    rule = log.rule("FNM-C4", completion.told)
    if rule is None:
        return
    paid = application.trial_days[0] if application.trial_days else 0
    used = min((day for day in (application.accepted, paid) if day >= completion.told and day), default=0)
    events = (application.index, completion.told_index)
    until, about = rule.after(completion.told), of_event(application.index)
    log.out.right(rule, "accept", about, completion.told, until, events, used=used, over=application.rejected)


# --- forbearance and repayment plans ----------------------------------------------------------------


def forbearance_term(log: Log, application: Application) -> None:
    """FB-T6 and FB-T9: contact before a term ends, solicitation after it where there was none."""
    ends = application.short_ended or application.short_ends
    if application.short_plan != "forbearance" or not application.short_accepted or not ends:
        return
    begun, about = application.short_accepted, of_event(application.index)
    rule = log.rule("FB-T6", begun)
    events = (application.index, application.short_index)
    stopped = application.short_failed
    if rule is not None and application.short_ends:
        last = rule.after(application.short_ends)
        tried = log.first(begun, NEVER, "live_contact_attempted", "live_contact_made", "short_term_contacted")
        how = ("the term ends on {0}; attempts begin by {1}", application.short_ends, last)
        if tried is None and stopped and stopped <= log.s.as_of:
            log.out.ended(rule, about, begun, last, events, stopped, ("The plan failed on {0}.", stopped), how)
        else:
            at = events if tried is None else (*events, tried.at)
            log.out.duty(rule, about, begun, last, at, done=tried.day if tried else 0, how=how)
    if ends <= log.s.as_of and not stopped:
        _solicit(log, "FB-T9", about, ends, 0, events, begun)


def after_repayment_plan(log: Log, row: Row) -> None:
    """RP-T7: solicitation by the 15th of the month after a repayment plan failed."""
    application = log.s.applications.get(row.thread)
    rule = log.rule("RP-T7", row.day)
    if application is None or rule is None or application.short_plan != "repayment":
        return
    last = end_of_month(row.day) + rule.figures["day_of_next_month"]
    _solicit(log, "RP-T7", of_event(row.at), row.day, last, (row.at,), row.day)


def _solicit(
    log: Log, rule_id: str, about: int, start: int, last: int, events: tuple[int, ...], contact_from: int
) -> None:
    """A solicitation that is owed unless the right person was reached."""
    rule = log.rule(rule_id, start)
    if rule is None:
        return
    how: Words = ("counted from {0} to {1}", start, last) if last else ""
    last = last or rule.after(start)
    sent = log.first(start, NEVER, "solicitation_sent")
    reached = log.first(contact_from, last + 1, "quality_contact_made")
    cured = log.s.ledger.cured(start)
    if sent is not None:
        log.out.duty(rule, about, start, last, (*events, sent.at), done=sent.day, how=how)
    elif reached is not None:
        log.out.waived(rule, about, start, last, (*events, reached.at), (CONTACT, reached.day), how)
    elif log.s.ledger.dates and cured <= log.s.as_of:
        log.out.ended(rule, about, start, last, events, cured, ("Nothing was due and unpaid on {0}.", cured), how)
    else:
        log.out.duty(rule, about, start, last, events, how=how)


# --- solicitation without a package -----------------------------------------------------------------


def _deferred_before(log: Log, spell: Spell) -> bool:
    rule = log.rule("FNM-S2", spell.start)
    if rule is None:
        return False
    since = month_after(spell.start, -rule.figures["deferral_months"])
    rows = (*log.all("deferral_accepted"), *log.all("loan_brought_current", by="deferral"))
    return any(since <= row.day <= spell.start for row in rows)


def solicitation(spell: Spell, rule_id: str) -> None:
    """FNM-S1 and FNM-S2: an offer that nobody asked for, in a window of days of delinquency."""
    log = spell.log
    rule = log.rule(rule_id, spell.start)
    if rule is None or rule.length is None:
        return
    oldest = spell.still_unpaid(rule.figures["first"])
    first, last = oldest + rule.figures["first"], rule.after(oldest)
    if first > log.s.as_of or first >= spell.end:
        return
    sent = log.first(first, spell.end, "solicitation_sent")
    waived = "" if sent is not None else _no_solicitation(log, rule, first, last)
    close = rule.figures["judicial_sale"]
    sale = log.s.sale_on(first)
    why = ""
    if sale and sale - first <= close and log.s.loan.judicial is None:
        why = "A sale is near; none is owed where foreclosure goes through a court, and that is not known."
    while_behind(spell, rule, oldest, last, done=sent, first=first, waived=waived, why=why)


def _no_solicitation(log: Log, rule: Rule, first: int, last: int) -> Words:
    for application in log.s.applications.values():
        completion = application.last
        if completion is not None and completion.actual <= last:
            return ("A complete package came in on {0}.", completion.actual)
    sale = log.s.sale_on(first)
    limit = rule.figures["judicial_sale"] if log.s.loan.judicial else rule.figures["other_sale"]
    if sale and first <= sale <= first + limit:
        return ("The sale on {0} is too near.", sale)
    return ""


def too_early(log: Log) -> None:
    """FNM-C5: nobody is solicited early who did not ask."""
    for row in log.all("solicitation_sent"):
        rule = log.rule("FNM-C5", row.day)
        if rule is None or not log.s.ledger.dates or log.s.ledger.behind(row.day) >= rule.figures["days"]:
            continue
        if log.first(0, row.day + 1, "help_requested", "application_received", "quality_contact_made") is None:
            words = ("The solicitation of {0} went to somebody not far enough behind, who had not asked.", row.day)
            log.out.breach(rule, of_event(row.at), row.day, words, (row.at,))


def disaster_referral(log: Log) -> None:
    """FD-7: a disaster loan goes to foreclosure only with the owner's approval."""
    for row in log.all("foreclosure_referred"):
        rule = log.rule("FD-7", row.day)
        if rule is None or log.first(0, row.day + 1, "disaster_declared") is None:
            continue
        if log.first(0, row.day + 1, "referral_approved") is None:
            words = ("The loan was referred on {0} after a disaster, without approval on file.", row.day)
            log.out.breach(rule, of_event(row.at), row.day, words, (row.at,))
