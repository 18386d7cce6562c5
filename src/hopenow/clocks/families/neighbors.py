"""Neighboring clocks of Regulation X: records, payoff, force-placed insurance, escrow (PP-8, PP-9, ER-1, FP, ES)."""

from __future__ import annotations

from hopenow.clocks.families.scope import policies_required
from hopenow.clocks.ledger import NEVER
from hopenow.clocks.output import Out, of_event
from hopenow.clocks.result import Bar
from hopenow.clocks.state import State, Thread

BEHIND = "The homeowner is too far behind, in foreclosure or in bankruptcy for the annual statement."


def run(s: State, out: Out) -> None:
    """Every neighboring clock that something started."""
    if s.transfers or s.simple:
        keep_records(s, out)
        if not s.loan.open_end:
            escrow_refund(s, out)
    if not s.threads:
        return
    for thread in s.opened("file").values():
        servicing_file(s, out, thread)
    if not s.loan.open_end:
        for thread in s.opened("insurance").values():
            force_placed_insurance(s, out, thread)
    for thread in s.opened("escrow_year").values():
        annual_statement(s, out, thread)
    for thread in s.opened("surplus").values():
        surplus(s, out, thread)


def keep_records(s: State, out: Out) -> None:
    """PP-8: keep the records for a time after discharge or transfer."""
    ends = s.simple.get("loan_discharged") or s.simple.get("loan_paid_off") or []
    for day, index in [*((day, index) for day, index, _ in s.transfers), *ends[:1]]:
        rule = s.book.at(day).get("PP-8")
        if rule is None or not policies_required(s, day):
            continue
        until = rule.after(day)
        how = ("records are kept until {0}", until)
        if until < s.as_of:
            out.ended(rule, of_event(index), day, 0, (index,), until, how, how)
        else:
            out.duty(rule, of_event(index), day, 0, (index,), first=until, how=how)


def servicing_file(s: State, out: Out, thread: Thread) -> None:
    """PP-9: the servicing file within days of being asked for."""
    if policies_required(s, thread.start):
        _simple(s, out, thread, "PP-9", "file_provided")


def _simple(s: State, out: Out, thread: Thread, rule_id: str, answer: str) -> None:
    rule = s.book.at(thread.start).get(rule_id)
    if rule is None:
        return
    done = thread.day(answer)
    events = (thread.index, thread.at(answer)) if done else (thread.index,)
    out.duty(rule, of_event(thread.index), thread.start, rule.after(thread.start), events, done=done)


def escrow_refund(s: State, out: Out) -> None:
    """ER-1: what is left in escrow goes back after payoff."""
    for day, index in s.simple.get("loan_paid_off", ()):
        rule = s.book.at(day).get("ER-1")
        if rule is None:
            continue
        done, at = next(((sent, i) for sent, i in s.simple.get("escrow_refund_sent", ()) if sent >= day), (0, index))
        out.duty(rule, of_event(index), day, rule.after(day), (index,) if at == index else (index, at), done=done)


def force_placed_insurance(s: State, out: Out, thread: Thread) -> None:
    """FP-1 to FP-3: no charge before two notices and their times."""
    law = s.book.at(thread.start)
    if "FP-1" not in law:
        return
    about, day = of_event(thread.index), thread.start
    first = law["FP-1"].after(day)
    reminder, reminder_at = thread.day("insurance_reminder_sent"), thread.at("insurance_reminder_sent")
    rule = law["FP-2"]
    earliest = rule.after(day)
    wait = reminder + rule.figures["before_charge"] if reminder else 0
    events = (thread.index, reminder_at) if reminder else (thread.index,)
    out.duty(
        rule,
        about,
        day,
        0,
        events,
        done=reminder,
        first=earliest,
        how=("not before {0}, and then long enough before any charge", earliest),
    )
    if reminder and reminder < earliest:
        out.breach(rule, about, reminder, ("The reminder went out on {0}, before {1}.", reminder, earliest), events)
    until = max(first, wait) - 1 if reminder else 0
    why = ("The first notice about force-placed insurance went out on {0}.", day)
    exits = (
        "the reminder, and the times after both notices; as things stand not before {0}",
        max(first, wait or earliest + rule.figures["before_charge"]),
    )
    charged = thread.day("insurance_charged")
    out.protection(
        law["FP-1"],
        Bar.INSURANCE_CHARGE,
        about,
        day,
        until or (charged if charged else 0),
        events,
        why=why,
        exits=exits,
    )
    if charged:
        at = (*events, thread.at("insurance_charged"))
        if charged < first:
            out.breach(law["FP-1"], about, charged, ("Insurance was charged on {0}, before {1}.", charged, first), at)
        if not reminder or reminder > charged or charged < wait:
            out.breach(
                rule,
                about,
                charged,
                ("Insurance was charged on {0}, without the reminder and the time after it.", charged),
                at,
            )
    evidence = thread.day("insurance_evidence_received")
    if evidence:
        settle = s.book.at(evidence)["FP-3"]
        done = thread.day("insurance_charge_settled")
        at = (thread.index, thread.at("insurance_evidence_received"))
        out.duty(settle, about, evidence, settle.after(evidence), at, done=done)


def annual_statement(s: State, out: Out, thread: Thread) -> None:
    """ES-2: the annual escrow statement, or the history after a reinstatement."""
    day, about = thread.start, of_event(thread.index)
    rule = s.book.at(day).get("ES-2")
    if rule is None:
        return
    last = rule.after(day)
    sent = thread.day("escrow_statement_sent")
    events = (thread.index, thread.at("escrow_statement_sent")) if sent else (thread.index,)
    behind = s.ledger.behind(day) > rule.figures["overdue"]
    if not (behind or s.filed_by(day) or s.in_bankruptcy(day)):
        out.duty(rule, about, day, last, events, done=sent)
        return
    out.waived(rule, about, day, last, (thread.index,), BEHIND)
    cured = s.ledger.cured(day) if behind else NEVER
    if cured <= s.as_of:
        history = cured + rule.figures["history"]
        how = (
            "the history since the last statement is due within the time after catching up on {0}: by {1}",
            cured,
            history,
        )
        out.duty(rule, about, cured, history, events, done=sent if sent >= cured else 0, how=how)


def surplus(s: State, out: Out, thread: Thread) -> None:
    """ES-3: a surplus that must go back, where the homeowner is current."""
    rule = s.book.at(thread.start).get("ES-3")
    if rule is None:
        return
    if s.ledger.behind(thread.start) > rule.figures["overdue"]:
        out.waived(
            rule,
            of_event(thread.index),
            thread.start,
            rule.after(thread.start),
            (thread.index,),
            "The homeowner is not current.",
        )
        return
    _simple(s, out, thread, "ES-3", "escrow_surplus_refunded")
