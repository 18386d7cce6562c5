"""Notices of error (NE-1 to NE-10) and requests for information (RI-1 to RI-6); small servicers too."""

from __future__ import annotations

import datetime

from hopenow.clocks.families.scope import policies_required
from hopenow.clocks.output import Out, of_event
from hopenow.clocks.result import Bar, Words
from hopenow.clocks.rulebook import Rule
from hopenow.clocks.state import State, Thread
from hopenow.dates import add_months

AT_ONCE = ("It was answered on {0}, in the time for an acknowledgment.",)
GROUND = ("The servicer decided on {0} that it need not answer.",)
BEFORE_THE_SALE = "The notice came only days before the sale, so an answer in good faith before it is what is owed."
NO_EXTENSION = "No extension is allowed for this."
LATE_EXTENSION = "The homeowner was told of an extension after the time had run out."
UNTIMELY = "The servicer says that it came too late, and the time had not run out."


def run(s: State, out: Out) -> None:
    """Every notice and every request."""
    if s.loan.open_end:
        return
    for thread in s.opened("error").values():
        notice_of_error(s, out, thread)
    for thread in s.opened("request").values():
        request(s, out, thread)
    for thread in s.opened("successor").values():
        possible_successor(s, out, thread)


# --- notices of error -----------------------------------------------------------------------------


def notice_of_error(s: State, out: Out, thread: Thread) -> None:
    """NE-1 to NE-10."""
    day = thread.start
    law = s.book.at(day)
    if "NE-1" not in law:
        return
    kind = thread.details["error"]
    sale = s.sale_on(day) if kind in ("first_filing", "judgment_or_sale") else 0
    near = sale > day and sale - day <= law["NE-4"].figures["at_most"]
    _acknowledge(out, law["NE-1"], law["NE-7"], thread, "error", BEFORE_THE_SALE if near else "", corrected=True)
    if near:
        _before_the_sale(s, out, law["NE-4"], thread)
    elif kind == "payoff":
        _answer(s, out, law["NE-2"], thread, "error", law["NE-2"].after(day))
    elif kind in ("first_filing", "judgment_or_sale"):
        _filing_or_sale(s, out, law["NE-3"], thread)
    else:
        _answer(s, out, law["NE-5"], thread, "error", law["NE-5"].after(day), extension=True)
    _documents(s, out, thread)
    _ground(s, out, thread, "NE-8", "error")
    _payment_in_dispute(out, law["NE-9"], thread)
    over = thread.day("error_answered") or thread.day("error_ground_sent")
    why = ("A notice of error came in on {0}.", day)
    out.protection(
        law["NE-10"], Bar.DEMAND, of_event(thread.index), day, over, (thread.index,), why=why, exits="the answer"
    )


def _acknowledge(
    out: Out, rule: Rule, at_once: Rule, thread: Thread, name: str, why: str = "", *, corrected: bool = False
) -> None:
    """NE-1, RI-1, and NE-7, RI-4: an answer in the time for it makes the acknowledgment needless."""
    day, about = thread.start, of_event(thread.index)
    last = rule.after(day)
    done, index = thread.day(f"{name}_acknowledged"), thread.at(f"{name}_acknowledged")
    answered, ground = thread.day(f"{name}_answered"), thread.day(f"{name}_ground_decided")
    if done and done <= last:
        out.duty(rule, about, day, last, (thread.index, index), done=done)
    elif why:
        out.waived(rule, about, day, last, (thread.index,), why)
    elif answered and answered <= at_once.after(day):
        out.waived(rule, about, day, last, (thread.index, thread.at(f"{name}_answered")), (*AT_ONCE, answered))
    elif ground and ground <= last:
        out.waived(rule, about, day, last, (thread.index, thread.at(f"{name}_ground_decided")), (*GROUND, ground))
    elif done:
        out.duty(rule, about, day, last, (thread.index, index), done=done)
    else:
        out.duty(rule, about, day, last, (thread.index,))


def _answer(
    s: State,
    out: Out,
    rule: Rule,
    thread: Thread,
    name: str,
    last: int,
    *,
    extension: bool = False,
    how: Words = "",
) -> None:
    """NE-2, NE-3, NE-5, RI-2, RI-3."""
    day, about = thread.start, of_event(thread.index)
    events: tuple[int, ...] = (thread.index,)
    extended = thread.day(f"{name}_extension_sent")
    if extended and extension and extended <= last:
        longer = s.book.xhol.add(last, rule.figures["extension"])
        how = ("the time to {0} was extended, with the reasons told on {1}; it ends on {2}", last, extended, longer)
        last = longer
        events = (*events, thread.at(f"{name}_extension_sent"))
    elif extended:
        out.note(rule, LATE_EXTENSION if extension else NO_EXTENSION)
    answered, ground = thread.day(f"{name}_answered"), thread.day(f"{name}_ground_decided")
    if ground and not answered and ground <= last:
        out.waived(rule, about, day, last, (*events, thread.at(f"{name}_ground_decided")), (*GROUND, ground), how)
    elif answered:
        out.duty(rule, about, day, last, (*events, thread.at(f"{name}_answered")), done=answered, how=how)
    else:
        out.duty(rule, about, day, last, events, how=how)


def _filing_or_sale(s: State, out: Out, rule: Rule, thread: Thread) -> None:
    """NE-3: before the sale and within the time; a sale that is put off moves the first limit."""
    day = thread.start
    last = rule.after(day)
    how: Words = ""
    answered = thread.day("error_answered")
    sale = s.sale_on(answered or s.as_of)
    if day < sale <= last:
        usual, last = last, sale - 1
        how = ("before the sale on {0}, which comes sooner than the usual time to {1}", sale, usual)
    _answer(s, out, rule, thread, "error", last, how=how)


def _before_the_sale(s: State, out: Out, rule: Rule, thread: Thread) -> None:
    """NE-4: a good-faith answer before the sale."""
    answered = thread.day("error_answered")
    sale = s.sale_on(answered or s.as_of) or s.sale_on(thread.start)
    events = (thread.index, thread.at("error_answered")) if answered else (thread.index,)
    out.duty(
        rule,
        of_event(thread.index),
        thread.start,
        sale - 1,
        events,
        done=answered,
        how=("before the sale on {0}", sale),
    )


def _documents(s: State, out: Out, thread: Thread) -> None:
    """NE-6: copies of the documents relied on."""
    asked = thread.day("error_documents_requested")
    if not asked:
        return
    rule = s.book.at(asked)["NE-6"]
    done = thread.day("error_documents_sent")
    events: tuple[int, ...] = (thread.index, thread.at("error_documents_requested"))
    if done:
        events = (*events, thread.at("error_documents_sent"))
    out.duty(rule, of_event(thread.index), asked, rule.after(asked), events, done=done)


def _ground(s: State, out: Out, thread: Thread, rule_id: str, name: str) -> None:
    """NE-8, RI-5: tell the homeowner on which ground nothing is done."""
    decided = thread.day(f"{name}_ground_decided")
    if not decided:
        return
    rule = s.book.at(decided)[rule_id]
    about, at = of_event(thread.index), thread.at(f"{name}_ground_decided")
    done = thread.day(f"{name}_ground_sent")
    events: tuple[int, ...] = (thread.index, at)
    if done:
        events = (*events, thread.at(f"{name}_ground_sent"))
    out.duty(rule, about, decided, rule.after(decided), events, done=done)
    if s.case.events[at].details.get("ground") == "untimely" and not _came_too_late(s, rule, thread, name):
        out.breach(rule, about, decided, UNTIMELY, (thread.index, at))


def _came_too_late(s: State, rule: Rule, thread: Thread, name: str) -> bool:
    """More than a year after a transfer, or after discharge (errors) or payment in full (requests)."""
    ends = "loan_discharged" if name == "error" else "loan_paid_off"
    days = [day for day, _, _ in s.transfers] + [day for day, _ in s.simple.get(ends, [])]
    months = rule.figures["untimely_months"]
    return any(add_months(datetime.date.fromordinal(day), months).toordinal() < thread.start for day in days)


def _payment_in_dispute(out: Out, rule: Rule, thread: Thread) -> None:
    """NE-9: nothing adverse to the credit bureaus about the payment."""
    if not thread.details.get("about_payment"):
        return
    day, last = thread.start, rule.after(thread.start)
    why = ("A notice of error about a payment came in on {0}.", day)
    ends = ("the time after the notice, which ends on {0}", last)
    out.protection(rule, Bar.CREDIT_REPORT, of_event(thread.index), day, last, (thread.index,), why=why, exits=ends)
    reported = thread.day("adverse_credit_reported")
    if reported and reported <= last:
        words = ("An adverse report about the payment was made on {0}, which was barred until {1}.", reported, last)
        out.breach(rule, of_event(thread.index), reported, words, (thread.index, thread.at("adverse_credit_reported")))


# --- requests -------------------------------------------------------------------------------------


def request(s: State, out: Out, thread: Thread) -> None:
    """RI-1 to RI-5."""
    law = s.book.at(thread.start)
    if "RI-1" not in law:
        return
    _acknowledge(out, law["RI-1"], law["RI-4"], thread, "request")
    if thread.details["asks"] == "owner":
        _answer(s, out, law["RI-2"], thread, "request", law["RI-2"].after(thread.start))
    else:
        _answer(s, out, law["RI-3"], thread, "request", law["RI-3"].after(thread.start), extension=True)
    _ground(s, out, thread, "RI-5", "request")


def possible_successor(s: State, out: Out, thread: Thread) -> None:
    """RI-6, PP-2: the list of documents that prove a successor."""
    law = s.book.at(thread.start)
    done = thread.day("successor_documents_listed")
    events = (thread.index, thread.at("successor_documents_listed")) if done else (thread.index,)
    # PP-2 is a policy of 1024.38, which small servicers and others need not have.
    for name in ("RI-6", "PP-2") if policies_required(s, thread.start) else ("RI-6",):
        rule = law.get(name)
        if rule is not None:
            out.duty(rule, of_event(thread.index), thread.start, rule.after(thread.start), events, done=done)
