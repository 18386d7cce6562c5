"""Loans guaranteed by VA (38 CFR part 36) and by USDA Rural Development (7 CFR part 3555)."""

from __future__ import annotations

import datetime

from hopenow.clocks.families.programs_common import (
    PAID,
    Answer,
    Log,
    Spell,
    Trial,
    answers,
    month_after,
    spells,
    trials,
    while_behind,
)
from hopenow.clocks.ledger import NEVER
from hopenow.clocks.output import of_event
from hopenow.clocks.result import Bar, Words

VA_ANSWERS = (
    Answer("VA-PP10", ("refused_payment_received",), ("refused_payment_returned",)),
    Answer("VA-R60", ("purchase_elected",), ("assignment_papers_sent",)),
)
USDA_ANSWERS = (Answer("USDA-MRA60", ("partial_claim_executed",), ("partial_claim_filed",)),)
ARRANGED = "A payment arrangement exists since {0}."


# --- VA ---------------------------------------------------------------------------------------------


def run_va(log: Log) -> None:
    """Every clock of a VA-guaranteed loan."""
    for spell in spells(log):
        va_thirty_day_letter(spell)
        va_letter_of_options(spell)
        va_inspection(spell)
    va_late_charges(log)
    va_appraisal(log)
    va_disaster(log)
    va_covid_claim(log)
    answers(log, VA_ANSWERS)
    # A trial after a disaster has its own rule; the other one exists for partial claims.
    trials(log, Trial(month="VA-DT" if log.all("disaster_declared") else "VA-PC5"))


def va_thirty_day_letter(spell: Spell) -> None:
    """VA-L30: a letter where the installment is unpaid after thirty days and there was no contact."""
    log = spell.log
    rule = log.rule("VA-L30", spell.start)
    if rule is None or rule.length is None:
        return
    oldest = spell.still_unpaid(rule.length)
    first = rule.after(oldest)
    sent = log.first(spell.start, spell.end, "program_notice_sent", notice="va_30_days")
    spoken = log.first(spell.start, first + 1, "live_contact_made")
    waived: Words = ("There was contact by telephone on {0}.", spoken.day) if spoken is not None else ""
    if first <= log.s.as_of or sent is not None:
        how = ("from {0} on; no last day is given", first)
        while_behind(spell, rule, oldest, 0, done=sent, first=first, waived=waived, how=how)


def va_letter_of_options(spell: Spell) -> None:
    """VA-L75: day 45 in the first months after closing or modification, else day 75, and seven days to mail."""
    log = spell.log
    rule = log.rule("VA-L75", spell.start)
    if rule is None:
        return
    figures = rule.figures
    begun = _closed_or_modified(log, spell.start)
    early = bool(begun) and spell.start < month_after(begun, figures["early_months"])
    days = figures["early_day"] if early else figures["day"]
    oldest = spell.still_unpaid(days)
    last = oldest + days + figures["to_mail"]
    how = ("that day of delinquency is {0}; with the days to mail it is {1}", oldest + days, last)
    sent = log.first(spell.start, spell.end, "program_notice_sent", notice="va_options")
    why = "" if begun else "The closing day is not known, so the later day is taken."
    while_behind(spell, rule, oldest, last, done=sent, how=how, why=why)


def _closed_or_modified(log: Log, day: int) -> int:
    found = log.s.loan.closed_on.toordinal() if log.s.loan.closed_on is not None else 0
    for row in (*log.all("modification_executed"), *log.all("loan_brought_current", by="modification")):
        if row.day <= day:
            found = max(found, row.day)
    return found


def va_inspection(spell: Spell) -> None:
    """VA-I60: a property inspection before day 60, unless a repayment agreement runs."""
    _inspection(spell, "VA-I60")


def _inspection(spell: Spell, rule_id: str) -> None:
    log = spell.log
    rule = log.rule(rule_id, spell.start)
    if rule is None or rule.length is None:
        return
    oldest = spell.still_unpaid(rule.length)
    done = log.first(spell.start, spell.end, "home_inspected")
    arranged = arrangement(spell, rule.after(oldest)) if rule_id == "VA-I60" else 0
    waived: Words = (ARRANGED, arranged) if arranged else ""
    while_behind(spell, rule, oldest, rule.after(oldest), done=done, waived=waived)


def arrangement(spell: Spell, day: int) -> int:
    """Day on which a repayment plan or another agreement began that is kept on a day; 0 without one."""
    for application in spell.log.s.applications.values():
        begun = application.short_accepted
        kept = not application.short_failed or application.short_failed > day
        if begun and kept and begun <= day and spell.start <= begun < spell.end:
            return begun
    return 0


def va_late_charges(log: Log) -> None:
    """VA-LC15: no late charge before an installment is late for more than those days."""
    for row in log.all("late_fee_charged"):
        rule = log.rule("VA-LC15", row.day)
        if rule is not None and log.s.ledger.dates and log.s.ledger.behind(row.day) <= rule.figures["more_than"]:
            words = ("A late charge was made on {0}, before an installment was late for long enough.", row.day)
            log.out.breach(rule, of_event(row.at), row.day, words, (row.at,))


def va_appraisal(log: Log) -> None:
    """VA-A30: the liquidation appraisal is requested well before the sale."""
    for known, sale, index in log.s.sales[-1:]:
        rule = log.rule("VA-A30", known)
        if rule is None or not sale:
            continue
        last = rule.after(sale)
        asked = [row for row in log.all("appraisal_requested") if row.day + rule.figures["valid"] >= sale]
        how = ("the sale is set for {0}; the time before it begins on {1}", sale, last)
        done = asked[0] if asked else None
        events = (index,) if done is None else (index, done.at)
        log.out.duty(rule, of_event(index), known, last, events, done=done.day if done else 0, how=how)


def va_disaster(log: Log) -> None:
    """VA-D12: the disaster modification can be used for a year after the declaration."""
    for row in log.all("disaster_declared"):
        rule = log.rule("VA-D12", row.day)
        if rule is not None:
            used = log.first(row.day, rule.after(row.day) + 1, "modification_executed")
            events = (row.at,) if used is None else (row.at, used.at)
            until = rule.after(row.day)
            log.out.right(rule, "apply", of_event(row.at), row.day, until, events, used=used.day if used else 0)


def va_covid_claim(log: Log) -> None:
    """VA-VAPCP-1: the request for the partial claim of 2021 and 2022 after a forbearance."""
    for row in log.all("short_term_ended"):
        rule = log.rule("VA-VAPCP-1", row.day)
        application = log.s.applications.get(row.thread)
        if rule is None or application is None or application.short_plan != "forbearance":
            continue
        until = min(rule.after(row.day), rule.figures["last_request"])
        used = log.first(row.day, until + 1, "partial_claim_executed")
        events = (row.at,) if used is None else (row.at, used.at)
        log.out.right(rule, "apply", of_event(row.at), row.day, until, events, used=used.day if used else 0)


# --- USDA -------------------------------------------------------------------------------------------


def run_usda(log: Log) -> None:
    """Every clock of a USDA-guaranteed loan."""
    for spell in spells(log):
        usda_certified_letter(spell)
        _inspection(spell, "USDA-T2")
        usda_plan(spell)
        usda_acceleration(spell)
        usda_streamline(spell)
        usda_foreclosure(spell)
    usda_advice(log)
    usda_disaster(log)
    answers(log, USDA_ANSWERS)


def usda_certified_letter(spell: Spell) -> None:
    """USDA-T1: a certified letter before 60 days past due, where no payment arrangement exists."""
    log = spell.log
    rule = log.rule("USDA-T1", spell.start)
    if rule is None or rule.length is None:
        return
    oldest = spell.still_unpaid(rule.length)
    last = rule.after(oldest)
    sent = log.first(spell.start, spell.end, "program_notice_sent", notice="usda_certified")
    arranged = arrangement(spell, last)
    while_behind(spell, rule, oldest, last, done=sent, waived=(ARRANGED, arranged) if arranged else "")


def usda_plan(spell: Spell) -> None:
    """USDA-T3: a servicing plan is reported where something other than foreclosure is recommended."""
    log = spell.log
    rule = log.rule("USDA-T3", spell.start)
    if rule is None or rule.length is None:
        return
    oldest = spell.still_unpaid(rule.length)
    first = rule.after(oldest)
    offered = _offered(log, spell)
    if not offered or first > log.s.as_of:
        return
    done = log.first(spell.start, spell.end, "agency_notified", matter="servicing_plan")
    how = ("from {0} on; no last day is given", first)
    while_behind(spell, rule, oldest, 0, done=done, first=first, how=how)


def _offered(log: Log, spell: Spell) -> int:
    for row in log.all("decision_sent", "short_term_offer_made", "trial_offer_sent"):
        if spell.start <= row.day < spell.end and (row.kind != "decision_sent" or row.details.get("offered")):
            return row.day
    return 0


def usda_acceleration(spell: Spell) -> None:
    """USDA-T4: acceleration at three payments past due, unless another method has a prospect."""
    log = spell.log
    rule = log.rule("USDA-T4", spell.start)
    if rule is None:
        return
    oldest, third = spell.unpaid_at_once(rule.figures["installments"])
    if third > log.s.as_of:
        return
    done = log.first(spell.start, spell.end, "loan_accelerated")
    offered = _offered(log, spell)
    waived: Words = ("Another method was offered on {0}.", offered) if offered else ""
    how = ("that many scheduled payments are past due since {0}; no last day is given", third)
    while_behind(spell, rule, oldest, 0, done=done, first=third, waived=waived, how=how)


def usda_foreclosure(spell: Spell) -> None:
    """USDA-T6: foreclosure starts within the days after the decision to liquidate, or after bankruptcy barred it."""
    log, out = spell.log, spell.log.out
    decided = log.first(spell.start, spell.end, "liquidation_decided")
    if decided is None:
        return
    trigger = log.first(decided.day, spell.end, "bankruptcy_dismissed", "bankruptcy_closed") or decided
    rule = log.rule("USDA-T6", trigger.day)
    filed = log.first(spell.start, spell.end, "first_filing_made")
    if rule is None:
        return
    if filed is not None and filed.day < trigger.day:
        trigger = decided
    about, last = of_event(decided.at), rule.after(trigger.day)
    events = tuple(dict.fromkeys((decided.at, trigger.at, *((filed.at,) if filed is not None else ()))))
    if filed is not None:
        out.duty(rule, about, trigger.day, last, events, done=filed.day)
    elif spell.is_over:
        out.ended(rule, about, trigger.day, last, events, spell.end, (PAID, spell.end))
    elif log.s.in_bankruptcy(log.s.as_of) is not None:
        out.waived(rule, about, trigger.day, last, events, "Bankruptcy bars foreclosure; the time begins when it ends.")
    else:
        out.duty(rule, about, trigger.day, last, events)


def usda_advice(log: Log) -> None:
    """USDA-T5: no acceleration before the options were advised in writing."""
    for row in log.all("loan_accelerated"):
        rule = log.rule("USDA-T5", row.day)
        if rule is not None and log.first(0, row.day + 1, "program_notice_sent", notice="options_advised") is None:
            words = ("The loan was accelerated on {0}, and no written advice of the options is on file.", row.day)
            log.out.breach(rule, of_event(row.at), row.day, words, (row.at,))


def usda_disaster(log: Log) -> None:
    """USDA-T7: servicing actions wait after a disaster."""
    for row in log.all("disaster_declared"):
        rule = log.rule("USDA-T7", row.day)
        if rule is None or rule.length is None:
            continue
        until = row.day + rule.length
        longer: datetime.date | None = row.details.get("suspended_until")
        until = max(until, longer.toordinal()) if longer is not None else until
        why = ("A disaster was declared on {0}.", row.day)
        exits = ("the time of suspension, which ends on {0}", until)
        log.out.protection(rule, Bar.ANY_STEP, of_event(row.at), row.day, until, (row.at,), why=why, exits=exits)


def usda_streamline(spell: Spell) -> None:
    """USDA-S5: the streamline modification, from day 90 until acceleration or foreclosure."""
    log = spell.log
    rule = log.rule("USDA-S5", min(log.s.as_of, spell.end))
    if rule is None or rule.length is None:
        return
    first = rule.after(spell.still_unpaid(rule.length))
    demanded = log.first(spell.start, spell.end, "program_notice_sent", notice="usda_demand")
    complete = any(application.completions for application in log.s.applications.values())
    if demanded is None or complete or first > log.s.as_of or first >= spell.end:
        return
    stopped = log.first(spell.start, NEVER, "loan_accelerated", "first_filing_made")
    if stopped is not None and stopped.day <= first:
        return
    over = min(stopped.day if stopped is not None else NEVER, spell.end)
    begins = max(first, demanded.day)
    if begins >= over:
        return
    log.out.right(
        rule,
        "apply",
        of_event(demanded.at),
        begins,
        over - 1 if over != NEVER else 0,
        (demanded.at,),
        over=over if over != NEVER else 0,
        why="until the loan is accelerated or foreclosure starts",
    )
