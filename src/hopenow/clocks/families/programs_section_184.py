"""HUD Section 184 loans: the clocks of 24 CFR 1005.733 to 1005.763 (S184-C1 to S184-M7)."""

from __future__ import annotations

from hopenow.clocks.families.programs_common import Answer, Log, Spell, Trial, answers, spells, trials, while_behind
from hopenow.clocks.ledger import NEVER
from hopenow.clocks.output import of_event
from hopenow.clocks.result import Words

ANSWERS = (
    Answer("S184-C1", ("application_received",), ("acknowledgment_sent",)),
    Answer("S184-C1b", ("application_complete",), ("decision_sent",)),
    Answer("S184-C2a", ("appeal_received",), ("appeal_decision_sent",)),
)
TRIAL = Trial(month="S184-M5")
HELP = ("short_term_accepted", "offer_accepted", "trial_offer_sent", "short_sale_started", "modification_executed")


def run(log: Log) -> None:
    """Every clock of a Section 184 loan."""
    for spell in spells(log):
        first_legal_action(spell)
        notice_to_tribe(spell)
    missing_papers(log)
    appeals(log)
    after_failure(log)
    answers(log, ANSWERS)
    trials(log, TRIAL)


def first_legal_action(spell: Spell) -> None:
    """S184-C3: within 180 days, or 30 after a legal bar or a failed option."""
    log = spell.log
    rule = log.rule("S184-C3", spell.start)
    if rule is None or rule.length is None:
        return
    oldest = spell.still_unpaid(rule.length)
    last = rule.after(oldest)
    how: Words = ""
    ended = log.all("bankruptcy_dismissed", "bankruptcy_closed", "plan_failed", "short_term_failed")
    for row in ended:
        later = row.day + rule.figures["after_bar"]
        if spell.start <= row.day < spell.end and later > last:
            last = later
            how = ("a bar or an option ended on {0}; the days after it end on {1}", row.day, last)
    done = log.first(spell.start, spell.end, "first_filing_made")
    helped = log.first(spell.start, spell.end, *HELP)
    failed = bool(ended) and helped is not None and ended[-1].day >= helped.day
    waived: Words = ("Help is under way since {0}.", helped.day) if helped is not None and not failed else ""
    while_behind(spell, rule, oldest, last, done=done, waived=waived, how=how)


def notice_to_tribe(spell: Spell) -> None:
    """S184-C4: after two missed payments; the rule names no last day."""
    log = spell.log
    rule = log.rule("S184-C4", spell.start)
    if rule is None:
        return
    oldest, second = spell.unpaid_at_once(rule.figures["installments"])
    if second > log.s.as_of:
        return
    done = log.first(spell.start, spell.end, "program_notice_sent", notice="tribe")
    how = ("that many payments are missed since {0}; no last day is given", second)
    while_behind(spell, rule, oldest, 0, done=done, first=second, how=how)


def missing_papers(log: Log) -> None:
    """S184-C1a: the missing papers within days after the acknowledgment."""
    for row in log.all("acknowledgment_sent", complete=False):
        rule = log.rule("S184-C1a", row.day)
        if rule is None:
            continue
        until = rule.after(row.day)
        sent = log.first(row.day, until + 1, "document_received", thread=row.thread)
        events = (row.at,) if sent is None else (row.at, sent.at)
        log.out.right(
            rule, "send_papers", of_event(row.at), row.day, until, events, used=sent.day if sent is not None else 0
        )


def appeals(log: Log) -> None:
    """S184-C2: an appeal within days of the denial."""
    for row in log.all("decision_sent"):
        rule = log.rule("S184-C2", row.day)
        if rule is None or not (row.details.get("denied_modifications") or row.details.get("denied_other")):
            continue
        until = rule.after(row.day)
        made = log.first(row.day, until + 1, "appeal_received", thread=row.thread)
        events = (row.at,) if made is None else (row.at, made.at)
        log.out.right(
            rule, "appeal", of_event(row.at), row.day, until, events, used=made.day if made is not None else 0
        )


def after_failure(log: Log) -> None:
    """S184-C5 and S184-M7: another option after a failure, and a deed or lease in lieu."""
    for row in log.all("plan_failed", "short_term_failed"):
        rule = log.rule("S184-C5", row.day)
        if rule is not None and log.s.ledger.behind(row.day) <= rule.figures["within"]:
            until = rule.after(row.day)
            used = log.first(row.day, until + 1, "application_received", "help_requested")
            events = (row.at,) if used is None else (row.at, used.at)
            about = of_event(row.at)
            log.out.right(rule, "apply", about, row.day, until, events, used=used.day if used is not None else 0)
        in_lieu = log.rule("S184-M7", row.day)
        if in_lieu is not None and row.kind == "plan_failed":
            until = in_lieu.after(row.day)
            used = log.first(row.day, min(until + 1, NEVER), "title_transferred")
            events = (row.at,) if used is None else (row.at, used.at)
            about = of_event(row.at)
            log.out.right(in_lieu, "answer", about, row.day, until, events, used=used.day if used is not None else 0)
