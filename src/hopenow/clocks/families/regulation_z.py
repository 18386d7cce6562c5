"""Servicing pieces of Regulation Z: PC-2 to PC-5, MT-1, PS-1 to PS-5."""

from __future__ import annotations

import bisect

from hopenow.clocks.families.scope import is_small
from hopenow.clocks.output import Out, of_event
from hopenow.clocks.state import State, Thread

SKIPPED = ("Bankruptcy began or ended on {0}, so one statement may be skipped.",)
SURRENDERED = "The home is given up in the bankruptcy case, so no statements are required."


def run(s: State, out: Out) -> None:
    """Every piece that something started."""
    if s.threads:
        for thread in s.opened("odd_payment").values():
            _simple(s, out, thread, "PC-2", "nonconforming_payment_credited")
        for thread in s.opened("payoff").values():
            _simple(s, out, thread, "PC-5", "payoff_statement_sent")
        for thread in s.opened("ownership").values():
            new_owner(s, out, thread)
    if s.ledger.held:
        rule = s.book.at(s.as_of).get("PC-3")
        out.note(
            rule,
            "Partial payments are held; they are shown on the statement and applied once they add up to a full one.",
        )
    delinquency_on_statements(s, out)
    late_fees(s, out)
    if s.loan.statements_tracked:
        statements(s, out)


def _simple(s: State, out: Out, thread: Thread, rule_id: str, answer: str) -> None:
    rule = s.book.at(thread.start).get(rule_id)
    if rule is None:
        return
    done = thread.day(answer)
    events = (thread.index, thread.at(answer)) if done else (thread.index,)
    out.duty(rule, of_event(thread.index), thread.start, rule.after(thread.start), events, done=done)


def new_owner(s: State, out: Out, thread: Thread) -> None:
    """MT-1: the new owner's disclosure; joint buyers count from the earliest acquisition."""
    rule = s.book.at(thread.start).get("MT-1")
    if rule is None or thread.details.get("joint_with"):
        return
    last = rule.after(thread.start)
    resold = thread.details.get("resold_by")
    if resold is not None and resold.toordinal() <= last:
        words = ("The new owner sold the loan on by {0}.", resold.toordinal())
        out.waived(rule, of_event(thread.index), thread.start, last, (thread.index,), words)
        return
    _simple(s, out, thread, "MT-1", "ownership_disclosure_sent")


def statements_required(s: State, day: int) -> bool:
    """PS-3: not for small servicers, reverse mortgages, open-end credit, or coupon books on a fixed rate."""
    loan = s.loan
    return not (loan.reverse_mortgage or loan.open_end or loan.coupon_book or is_small(s, day))


def delinquency_on_statements(s: State, out: Out) -> None:
    """PS-2: what statements must carry while the homeowner is far enough behind."""
    oldest = s.ledger.oldest(s.as_of)
    rule = s.book.at(s.as_of).get("PS-2")
    if (
        not oldest
        or rule is None
        or s.as_of - oldest <= (rule.length or 0)
        or s.loan.reverse_mortgage
        or s.loan.open_end
    ):
        return
    if is_small(s, s.as_of):
        return
    first = rule.after(oldest) + 1
    out.duty(
        rule,
        oldest,
        oldest,
        0,
        (),
        first=first,
        how=("every statement from {0} on, while the delinquency lasts", first),
    )


def late_fees(s: State, out: Out) -> None:
    """PC-4: no late fee where the installment came in time and nothing else is due and unpaid."""
    due, paid = s.ledger.due, s.ledger.paid
    for day, index in s.simple.get("late_fee_charged", ()):
        rule = s.book.at(day).get("PC-4")
        latest = bisect.bisect_right(due, day) - 1
        if rule is None or latest < 0 or s.ledger.oldest(day):
            continue
        if paid[latest] <= due[latest] + s.loan.courtesy_days:
            words = (
                "A late fee was charged on {0}, although the installment due on {1} came in time.",
                day,
                due[latest],
            )
            out.breach(rule, of_event(index), day, words, (index,))


def skipped_statements(s: State) -> dict[int, int]:
    """PS-5: due date of a skipped statement -> day on which bankruptcy began or ended.

    The statement that may be skipped is the next one not yet sent: for the first due date whose statement, sent after
    the due date before it and its courtesy period, still lay ahead.
    """
    dates, courtesy = s.ledger.dates, s.loan.courtesy_days
    found: dict[int, int] = {}
    for bankruptcy in s.bankruptcies.values():
        for day in (bankruptcy.filed, bankruptcy.ended, bankruptcy.discharged):
            if not day or "PS-5" not in s.book.at(day):
                continue
            index = bisect.bisect_left(dates, day - courtesy)
            if index + 1 < len(dates):
                found.setdefault(dates[index + 1], day)
    return found


def statements(s: State, out: Out) -> None:
    """PS-1: one statement for each billing cycle, where the case lists them."""
    sent = [day for day, _ in s.simple.get("periodic_statement_sent", ())]
    at = [index for _, index in s.simple.get("periodic_statement_sent", ())]
    dates = s.ledger.dates
    skipped = skipped_statements(s)
    for i, before in enumerate(s.ledger.due):
        due = dates[i + 1] if i + 1 < len(dates) else 0
        start = before + s.loan.courtesy_days
        rule = s.book.at(start).get("PS-1")
        if not due or rule is None or start > s.as_of or (s.ended and start > s.ended):
            continue
        if not statements_required(s, start):
            continue
        last = rule.after(start)
        how = (
            "the due date {0} and its courtesy period end on {1}; a reasonably prompt time after that ends on {2}",
            before,
            start,
            last,
        )
        found = bisect.bisect_left(sent, before)
        done, index = (
            (sent[found], at[found])
            if found < len(sent) and sent[found] < dates[i + 1] + s.loan.courtesy_days
            else (0, -1)
        )
        if done:
            out.duty(rule, due, start, last, (index,), done=done, how=how)
        elif due in skipped:
            out.waived(rule, due, start, last, (), (*SKIPPED, skipped[due]), how)
        elif _surrendered(s, start):
            out.waived(rule, due, start, last, (), SURRENDERED, how)
        else:
            out.duty(rule, due, start, last, (), how=how)


def _surrendered(s: State, day: int) -> bool:
    bankruptcy = s.in_bankruptcy(day)
    return bankruptcy is not None and bool(s.case.events[bankruptcy.index].details.get("surrenders"))
