"""What the families of programs and states share: the rows by kind, stretches of delinquency, trials, plain answers.

Only cases of such a loan build a :class:`Log`, so that other cases pay nothing. Days are ordinals; 0 means "not".
"""

from __future__ import annotations

import bisect
import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hopenow.clocks.case import Row
from hopenow.clocks.ledger import NEVER
from hopenow.clocks.output import Out, of_event
from hopenow.clocks.result import Bar, Words
from hopenow.clocks.rulebook import Rule
from hopenow.clocks.state import State
from hopenow.dates import add_months, first_of_month, month_end

PAID = "What was owed came in, or was settled, on {0}."
NOT_PAID_IN_MONTH = "The trial payment of the month that ended on {0} did not come in."
TRIAL_KEPT = "The homeowner performs on the trial plan offered on {0}."


class Log:
    """The rows of a case by kind, with finders.

    Attributes:
        s: the folded case.
        out: where items go.
    """

    __slots__ = ("_by_kind", "out", "s")

    def __init__(self, s: State, out: Out) -> None:
        self.s = s
        self.out = out
        self._by_kind: dict[str, list[Row]] = {}
        for row in s.rows:
            self._by_kind.setdefault(row.kind, []).append(row)

    def all(self, *kinds: str, **match: Any) -> list[Row]:
        """Every row of some kinds whose fields are as given, in order."""
        found = [row for kind in kinds for row in self._by_kind.get(kind, ())]
        if match:
            found = [row for row in found if all(row.details.get(name) == value for name, value in match.items())]
        return sorted(found, key=lambda row: row.at) if len(kinds) > 1 else found

    def first(self, start: int, end: int, *kinds: str, thread: int = -1, **match: Any) -> Row | None:
        """First of those rows on a day from start up to, but not on, end; of one thread where wanted."""
        for row in self.all(*kinds, **match):
            if start <= row.day < end and (thread < 0 or row.thread == thread):
                return row
        return None

    def rule(self, rule_id: str, day: int) -> Rule | None:
        """A rule as in force on a day, or None."""
        return self.s.book.at(day).get(rule_id)


# --- stretches of delinquency ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch in which something was due and unpaid.

    Attributes:
        log: of the case.
        start: due date with which it began.
        end: day on which nothing was due and unpaid any more, or ``NEVER``.
        low, high: places of its first and last due date in the ledger.
    """

    log: Log
    start: int
    end: int
    low: int
    high: int

    @property
    def is_over(self) -> bool:
        """Whether it had ended by the as-of day."""
        return self.end <= self.log.s.as_of

    def still_unpaid(self, days: int) -> int:
        """Due date of the first installment that stayed unpaid for some days; failing that, of the oldest unpaid."""
        due, paid = self.log.s.ledger.due, self.log.s.ledger.paid
        for place in range(self.low, self.high + 1):
            if paid[place] > due[place] + days:
                return due[place]
        return due[self.high]

    def unpaid_at_once(self, number: int) -> tuple[int, int]:
        """(oldest due date, due date with which that number of installments was or would be unpaid at once)."""
        ledger = self.log.s.ledger
        due, paid = ledger.due, ledger.paid
        for place in range(self.low + number - 1, self.high + 1):
            if paid[place - number + 1] > due[place]:
                return due[place - number + 1], due[place]
        oldest = self.low
        while oldest < self.high and paid[oldest] <= self.log.s.as_of:
            oldest += 1
        return due[oldest], ledger.dates[min(oldest + number - 1, len(ledger.dates) - 1)]


def spells(log: Log) -> Iterator[Spell]:
    """Every stretch in which something was due and unpaid."""
    ledger = log.s.ledger
    for start, end in ledger.spells:
        low = bisect.bisect_left(ledger.due, start)
        high = bisect.bisect_left(ledger.due, end) - 1
        if low < len(ledger.due) and ledger.due[low] == start and high >= low:
            yield Spell(log, start, end, low, high)


def while_behind(
    spell: Spell,
    rule: Rule,
    oldest: int,
    last: int,
    *,
    done: Row | None = None,
    first: int = 0,
    waived: Words = "",
    how: Words = "",
    why: Words = "",
) -> None:
    """A duty that rests on a delinquency: done, waived, fallen away with the arrears, or open."""
    out = spell.log.out
    if done is not None:
        out.duty(rule, oldest, oldest, last, (done.at,), done=done.day, first=first, how=how, why=why)
    elif waived:
        out.waived(rule, oldest, oldest, last, (), waived, how)
    elif spell.is_over:
        out.ended(rule, oldest, oldest, last, (), spell.end, (PAID, spell.end), how)
    else:
        out.duty(rule, oldest, oldest, last, (), first=first, how=how, why=why)


# --- one thing that another answers ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """A duty that an event starts and another ends.

    Attributes:
        rule: id.
        to: kinds that start it.
        by: kinds that end it; of the same thread where they belong to one.
        of: fields of the starting event.
        with_: fields of the ending event.
    """

    rule: str
    to: tuple[str, ...]
    by: tuple[str, ...]
    of: Mapping[str, Any] = field(default_factory=dict)
    with_: Mapping[str, Any] = field(default_factory=dict)


def answers(log: Log, table: Sequence[Answer]) -> None:
    """Every plain duty of a table."""
    for item in table:
        for row in log.all(*item.to, **item.of):
            rule = log.rule(item.rule, row.day)
            if rule is None:
                continue
            done = None
            for found in log.all(*item.by, **item.with_):
                if found.day >= row.day and found.at != row.at and found.thread in (-1, row.thread):
                    done = found
                    break
            events = (row.at,) if done is None else (row.at, done.at)
            last = rule.after(row.day)
            log.out.duty(rule, of_event(row.at), row.day, last, events, done=done.day if done else 0)


# --- trial plans ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trial:
    """Ids of the rules that a program has for its trial plans; None where it has none.

    Attributes:
        month: every payment in its month.
        first: when the first is due.
        effective: when the modification takes effect.
        waits: foreclosure waits while the plan is kept.
    """

    month: str
    first: str | None = None
    effective: str | None = None
    waits: str | None = None


def first_due_of(rule: Rule, sent: int) -> int:
    """First trial payment: the first of the next month, or of the one after where the offer went out late."""
    day = datetime.date.fromordinal(sent)
    months = 1 if day.day <= rule.figures["by_day"] else 2
    return add_months(day.replace(day=1), months).toordinal()


def month_after(first: int, number: int) -> int:
    """The same day some months later."""
    return add_months(datetime.date.fromordinal(first), number).toordinal()


def end_of_month(day: int) -> int:
    """Last day of the month of a day."""
    return month_end(datetime.date.fromordinal(day)).toordinal()


def trials(log: Log, ids: Trial) -> None:
    """Every trial plan offered."""
    for offer in log.all("trial_offer_sent"):
        rule = log.rule(ids.month, offer.day)
        if rule is not None:
            _trial(log, ids, offer, rule)


def _trial(log: Log, ids: Trial, offer: Row, rule: Rule) -> None:
    first = _first_payment(log, ids, offer)
    if not first:
        return
    count = offer.details.get("months") or rule.figures["months"]
    following = log.first(offer.day + 1, NEVER, "trial_offer_sent")
    end = following.day if following is not None else NEVER
    paid = [row for row in log.all("trial_payment_made") if offer.day <= row.day < end]
    paid = sorted([*paid, *(row for row in log.all("trial_month_paid") if row.thread == offer.at)])
    failed = log.first(offer.day, end, "plan_failed")
    over = failed.day if failed is not None else 0
    for number in range(count):
        until = end_of_month(month_after(first, number))
        made = paid[number] if number < len(paid) else None
        events = (offer.at,) if made is None else (offer.at, made.at)
        used = made.day if made is not None and made.day <= until else 0
        gone = over if over and not used else 0
        opens = first_of_month(datetime.date.fromordinal(until)).toordinal() if number else offer.day
        log.out.right(rule, "trial_payment", of_event(offer.at), opens, until, events, used=used, over=gone)
        if not used and until < log.s.as_of and not over:
            over = until + 1
            _tell_failure(log, rule, offer, until)
    last = end_of_month(month_after(first, count - 1))
    if ids.waits is not None and paid:
        _foreclosure_waits(log, ids.waits, offer, paid[0], over, last)
    if ids.effective is not None and len(paid) >= count and not over:
        _takes_effect(log, ids.effective, offer, paid[count - 1], last)


def _first_payment(log: Log, ids: Trial, offer: Row) -> int:
    """Day of the first payment as the offer says, or as the rule leads to; 0 where neither is known."""
    stated = offer.details.get("first_payment")
    rule = log.rule(ids.first, offer.day) if ids.first is not None else None
    if rule is None:
        if stated is None:
            words = "The trial offer of {0} does not say when its first payment is due, so its months are not clocked."
            log.out.note(log.rule(ids.month, offer.day), (words, offer.day))
        return stated.toordinal() if stated is not None else 0
    reckoned = first_due_of(rule, offer.day)
    if stated is None:
        return reckoned
    if stated.toordinal() != reckoned:
        words = "The trial offer of {0} names {1} as its first payment; the rule leads to {2}."
        log.out.note(rule, (words, offer.day, stated.toordinal(), reckoned))
    return int(stated.toordinal())


def _tell_failure(log: Log, rule: Rule, offer: Row, until: int) -> None:
    log.out.note(rule, (NOT_PAID_IN_MONTH, until))
    again = rule.figures.get("again_months")
    if again:
        words = "No new trial is possible before {0}."
        log.out.note(rule, (words, month_after(until + 1, again)))


def _foreclosure_waits(log: Log, rule_id: str, offer: Row, begun: Row, over: int, last: int) -> None:
    rule = log.rule(rule_id, begun.day)
    if rule is None or (over and over <= begun.day):
        return
    log.out.protection(
        rule,
        Bar.ANY_STEP,
        of_event(offer.at),
        begun.day,
        over - 1 if over else 0,
        (offer.at, begun.at),
        why=(TRIAL_KEPT, offer.day),
        exits="a trial payment that does not come in its month, or the modification taking effect",
        expected=0 if over else last,
    )


def _takes_effect(log: Log, rule_id: str, offer: Row, final: Row, last: int) -> None:
    rule = log.rule(rule_id, final.day)
    if rule is None:
        return
    first = last + 1
    until = month_after(first, rule.figures.get("processing_months", rule.figures["months"] - 1))
    done = log.first(final.day, NEVER, "modification_executed", "plan_completed")
    if done is None:
        done = log.first(final.day, NEVER, "loan_brought_current", by="modification")
    events = (offer.at, final.at) if done is None else (offer.at, final.at, done.at)
    how = ("the last trial month ends on {0}; the last day for the modification to take effect is {1}", last, until)
    log.out.duty(rule, of_event(offer.at), final.day, until, events, done=done.day if done else 0, how=how)


def business_days_before(log: Log, day: int, count: int) -> int:
    """The day that lies some business days before another."""
    table = log.s.book.xhol
    found = day
    while count:
        found = table.on_or_before(found - 1)
        count -= 1
    return found
