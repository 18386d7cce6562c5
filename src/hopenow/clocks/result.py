"""What the clocks say: duties, protections, rights, breaches, facts, and what happens next.

Inside, every item is a small tuple (:data:`DutyRow` and its like), so that a portfolio costs little. Words, dates and
citations are made only when somebody looks: the items of a :class:`~hopenow.clocks.derive.Clockwork` are the frozen
classes of this module.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
from typing import Any, TypeAlias

from hopenow.clocks.rulebook import Rule
from hopenow.law.model import Verification, weakest

Words: TypeAlias = "str | tuple[Any, ...]"
"""Words, or a template with the ordinals of the days to put into it, filled in when shown."""

DutyRow: TypeAlias = "tuple[Rule, int, int, int, int, int, int, int, Words, Words, tuple[int, ...]]"
"""rule, about, start, due, first, done, over, state, why, how, events; days are ordinals, 0 means none."""
ProtectionRow: TypeAlias = "tuple[Rule, str, int, int, int, int, Words, Words, tuple[int, ...]]"
"""rule, bars, about, start, until, expected, why, exits, events."""
RightRow: TypeAlias = "tuple[Rule, str, int, int, int, int, int, Words, tuple[int, ...]]"
"""rule, kind, about, start, until, used, over, why, events."""
BreachRow: TypeAlias = "tuple[Rule, int, int, Words, tuple[int, ...]]"
"""rule, about, day, what, events."""

NORMAL, WAIVED_STATE, ENDED_STATE = range(3)


class Status(enum.StrEnum):
    """Where a duty stands."""

    DONE_ON_TIME = "done on time"
    DONE_LATE = "done late"
    OPEN = "open"
    DUE_TODAY = "due today"
    OVERDUE = "overdue"
    MISSED = "missed"
    WAIVED = "waived"
    ENDED = "ended"


def status_of(due: int, done: int, over: int, state: int, as_of: int) -> Status:
    """Return where a duty stands on a day.

    ``missed``: the time ran out, and then the duty fell away (the arrears were paid, say), so it cannot be made good.
    """
    if done:
        return Status.DONE_ON_TIME if not due or done <= due else Status.DONE_LATE
    if state == WAIVED_STATE:
        return Status.WAIVED
    if state == ENDED_STATE:
        return Status.MISSED if due and over > due else Status.ENDED
    if not due or as_of < due:
        return Status.OPEN
    return Status.DUE_TODAY if as_of == due else Status.OVERDUE


class Bar:
    """What a protection bars."""

    FIRST_FILING = "first notice or filing"
    JUDGMENT_OR_SALE = "judgment or sale"
    ANY_STEP = "any step of foreclosure"
    SALE = "sale"
    CREDIT_REPORT = "adverse credit report"
    LATE_TREATMENT = "treating a payment as late"
    DEMAND = "fee or payment as a condition"
    INSURANCE_CHARGE = "charge for force-placed insurance"


FORECLOSURE = frozenset({Bar.FIRST_FILING, Bar.JUDGMENT_OR_SALE, Bar.ANY_STEP, Bar.SALE})
"""The bars that make up the foreclosure shield."""


@dataclasses.dataclass(frozen=True, slots=True)
class Legal:
    """Where an item comes from.

    Attributes:
        rule: id of the rule.
        title: its name in a few words.
        cite: paragraph.
        document: the publication that was read.
        verification: how sure it is, with the policies it rests on.
        note: what a reader should know.
        policies: names of the policies that it rests on.
    """

    rule: str
    title: str
    cite: str
    document: str
    verification: Verification
    note: str | None
    policies: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Duty:
    """Something that somebody must do.

    Attributes:
        legal: rule, citation, mark.
        who: servicer, homeowner or owner; ``name`` the servicer's name on the day that counts, where known.
        what: in plain words.
        about: the due date, or the id of the event, that it is about.
        since: trigger day, day 0.
        due: last day on which it is in time, or None where the law names none.
        not_before: first day on which it may be done, or None.
        counted: how the day was counted, as a sentence.
        status: where it stands.
        done: day on which it was done.
        why: why it was waived or ended, or what else is to be known.
        days_left: days from the as-of day to the last day, below zero when it has passed; None without one.
        basis: ``law``, ``safe_harbor`` (a way to be safe where the law says "promptly") or ``target`` (a policy).
        events: ids of the events behind it.
        hypothetical: it rests on something that did not happen.
    """

    legal: Legal
    who: str
    name: str | None
    what: str
    about: str
    since: datetime.date
    due: datetime.date | None
    not_before: datetime.date | None
    counted: str
    status: Status
    done: datetime.date | None
    why: str | None
    days_left: int | None
    basis: str
    events: tuple[str, ...]
    hypothetical: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Protection:
    """Something that nobody may do for a time.

    Attributes:
        legal: rule, citation, mark.
        bars: what is barred, one of :class:`Bar`.
        about: as in a duty.
        start: first protected day.
        until: last protected day; None while it is open.
        expected: last day as things stand, where it is open but will end by itself; None otherwise.
        in_force: whether it holds on the as-of day.
        why: why it holds.
        exits: what ends it, or what ended it.
        events, hypothetical: as in a duty.
    """

    legal: Legal
    bars: str
    about: str
    start: datetime.date
    until: datetime.date | None
    expected: datetime.date | None
    in_force: bool
    why: str
    exits: str
    events: tuple[str, ...]
    hypothetical: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Right:
    """Something that the homeowner may do.

    Attributes:
        legal: rule, citation, mark.
        kind: ``accept`` or ``appeal``, or another word of a rule.
        what: in plain words.
        about: as in a duty.
        start: first day.
        until: last day; None where it has none.
        used: day on which it was used.
        open: whether it can be used on the as-of day.
        counted: how the last day was counted.
        why: what else is to be known.
        events, hypothetical: as in a duty.
    """

    legal: Legal
    kind: str
    what: str
    about: str
    start: datetime.date
    until: datetime.date | None
    used: datetime.date | None
    open: bool
    counted: str
    why: str | None
    events: tuple[str, ...]
    hypothetical: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Breach:
    """A duty not done in time, or an act against a protection.

    Attributes:
        legal: rule, citation, mark.
        what: what happened, or did not.
        about: as in a duty.
        day: the day it happened, or the last day of the duty.
        days_late: how late a duty was done, or is; None for an act.
        remedy: what the homeowner can do about it.
        events, hypothetical: as in a duty.
    """

    legal: Legal
    what: str
    about: str
    day: datetime.date
    days_late: int | None
    remedy: str
    events: tuple[str, ...]
    hypothetical: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """What happens next.

    Attributes:
        who: who must (or may) act.
        name: the servicer's name, where known.
        what: in plain words.
        by: last day; None where the law names none.
        days_left: days from the as-of day; below zero when overdue.
        kind: ``duty`` or ``right``.
        rule: id of the rule.
    """

    who: str
    name: str | None
    what: str
    by: datetime.date | None
    days_left: int | None
    kind: str
    rule: str


@dataclasses.dataclass(frozen=True, slots=True)
class Test:
    """One test of an application that was fixed when it came in.

    Attributes:
        name: what is tested.
        passed: whether it is met.
        why: the figures behind it.
        rule: id of the rule.
    """

    name: str
    passed: bool
    why: str
    rule: str


@dataclasses.dataclass(frozen=True, slots=True)
class ApplicationFacts:
    """Where an application stands.

    Attributes:
        id: id of the event that opened it.
        received: day of receipt.
        state: one word or two.
        facially_complete, complete: days, or None.
        days_before_sale: days from facial completeness to the sale known then; None without a sale.
        tier: label T1 to T4, or None while incomplete.
        tests: each test by itself; the tier is only a label.
        covered: whether the procedure applies; ``why_not`` says why it does not.
    """

    id: str
    received: datetime.date
    state: str
    facially_complete: datetime.date | None
    complete: datetime.date | None
    days_before_sale: int | None
    tier: str | None
    tests: tuple[Test, ...]
    covered: bool
    why_not: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """What the rules saw on the as-of day.

    Attributes:
        days_delinquent: Regulation X count; None where the due dates are not known.
        oldest_unpaid: due date of the oldest unpaid installment; None when nothing is due and unpaid.
        first_day_of_delinquency: the day after it.
        unpaid_installments: how many are due and unpaid; None where the due dates are not known.
        held_cents: partial payments held.
        first_filing: day of the first notice or filing that stands.
        sale: scheduled sale.
        in_bankruptcy: whether a bankruptcy case is open.
        servicer: who services the loan, where known.
        coverage: ``full``, ``small servicer`` or ``none``: which of sections 38 to 41 apply.
        applications: every application.
        notes: words on scope and on what was assumed, each with the rule it rests on.
    """

    days_delinquent: int | None
    oldest_unpaid: datetime.date | None
    first_day_of_delinquency: datetime.date | None
    unpaid_installments: int | None
    held_cents: int
    first_filing: datetime.date | None
    sale: datetime.date | None
    in_bankruptcy: bool
    servicer: str | None
    coverage: str
    applications: tuple[ApplicationFacts, ...]
    notes: tuple[str, ...]


# --- words ----------------------------------------------------------------------------------------

_KINDS = {
    "CAL": ("calendar day", "calendar days"),
    "XHOL": ("day without holidays and weekends", "days without holidays and weekends"),
    "Z-BD": ("business day", "business days"),
    "MONTHS": ("month", "months"),
}


def day_or_none(ordinal: int) -> datetime.date | None:
    """Date of an ordinal; None for 0."""
    return datetime.date.fromordinal(ordinal) if ordinal else None


def spoken(ordinal: int) -> str:
    """A day as people write it: January 31, 2026."""
    day = datetime.date.fromordinal(ordinal)
    return f"{day:%B} {day.day}, {day.year}"


def fill(words: Words) -> str:
    """Words of an item: as they are, or a template with its days put in."""
    if isinstance(words, str):
        return words
    template, *values = words
    return str(template).format(*[spoken(value) if isinstance(value, int) else value for value in values])


def counted(rule: Rule, start: int, end: int, how: Words) -> str:
    """How a day was counted, as a sentence."""
    if how:
        return fill(how)
    if not end:
        return "the law names no number of days"
    if rule.day in ("PROMPTLY", "OPPORTUNITY"):
        return f"{spoken(start)} is day 0; the law names no number, and the policy leads to {spoken(end)}"
    if rule.length is None or rule.day is None or rule.after(start) != end:
        return f"counted from {spoken(start)} to {spoken(end)}"
    one, many = _KINDS[rule.day]
    words = one if rule.length == 1 else many
    sign = "minus" if rule.direction == "before" else "plus"
    return f"{spoken(start)} is day 0; {sign} {rule.length} {words} is {spoken(end)}"


def legal(rule: Rule) -> Legal:
    """Citation and mark of a rule; a policy that the item rests on weakens the mark only where it made the number."""
    marks: list[Verification] = [rule.verification]
    if rule.day in ("PROMPTLY", "OPPORTUNITY"):
        marks.append("unverified")
    title = f"{rule.document.publisher}, {rule.document.title}"
    return Legal(rule.id, rule.title, rule.cite, title, weakest(marks), rule.note, rule.policies)
