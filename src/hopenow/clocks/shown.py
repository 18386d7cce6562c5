"""The clocks in words: what a counselor can read aloud, and what every other output takes its words from.

``text`` says where a case stands; ``what_if_text`` what an event that did not happen would change. Both return plain
text. The words of dates, events, marks and standings are here once, so that pages and calendars say the same.
"""

from __future__ import annotations

import datetime
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from hopenow.clocks.case import Case
from hopenow.clocks.derive import Clockwork, plain
from hopenow.clocks.events import Event, event_kinds
from hopenow.clocks.result import FORECLOSURE, Bar, Breach, Duty, Legal, Protection, Right, Status
from hopenow.clocks.whatif import Change, WhatIf
from hopenow.pages import day as spoken

Reader = Literal["all", "homeowner", "servicer", "counselor"]
READERS: tuple[Reader, ...] = ("all", "homeowner", "servicer", "counselor")

WIDTH = 92
"""Width of the text, in characters."""

OPEN = (Status.OVERDUE, Status.DUE_TODAY, Status.OPEN)
LIMITS = "Procedure only: no rule here promises an option. Not legal advice; check the rule before you rely on it."

BARRED: Mapping[str, str] = {
    Bar.FIRST_FILING: "No one may start foreclosure (no first notice, no first filing).",
    Bar.JUDGMENT_OR_SALE: "No one may ask for a foreclosure judgment, and the home may not be sold.",
    Bar.ANY_STEP: "No one may take any step of foreclosure.",
    Bar.SALE: "The home may not be sold at a foreclosure sale.",
    "sale": "The home may not be sold in foreclosure.",
    Bar.CREDIT_REPORT: "The servicer may not report the payment in question as late to the credit bureaus.",
    Bar.LATE_TREATMENT: "The payment may not be treated as late.",
    Bar.DEMAND: "The servicer may not ask for a fee or a payment before it answers.",
    Bar.INSURANCE_CHARGE: "The servicer may not charge for insurance that it buys.",
}
"""What a protection bars, in plain words."""

MARKED: Mapping[str, str] = {
    "verified": "verified",
    "secondary": "secondary (read in a summary only)",
    "unverified": "unverified (an interpretation; ask a lawyer first)",
}
"""Verification mark in words."""

MARKS_MEAN = (
    "Verified means that the text of the law was read; secondary that only a summary was; unverified that it is an "
    "interpretation, or a choice of whoever runs the clocks."
)

BASES: Mapping[str, str] = {
    "law": "the law",
    "safe_harbor": 'a way to be safe; the law says only "promptly"',
    "target": "a target; the law names no number of days",
}

WHO: Mapping[str, str] = {"servicer": "Servicer", "homeowner": "Homeowner", "owner": "New owner of the loan"}


# --- words ----------------------------------------------------------------------------------------


def left(days: int | None) -> str:
    """Say how many days are left: ``today``, ``in 5 days``, ``3 days overdue``."""
    if days is None:
        return "the law names no last day"
    if days == 0:
        return "today"
    number = f"{abs(days):,} day{'' if abs(days) == 1 else 's'}"
    return f"in {number}" if days > 0 else f"{number} overdue"


def weekday(day: datetime.date) -> str:
    """Write a day with its name: ``Friday, March 6, 2026``."""
    return f"{day:%A}, {spoken(day)}"


def happened(event: Event) -> str:
    """Say what an event is, in a few words."""
    return event.kind.replace("_", " ").capitalize()


def about(case: Case, name: str) -> str:
    """Say what an item is about: a due date, or the event that opened its thread."""
    for event in case.events:
        if event.id == name:
            return f"{happened(event).lower()} on {spoken(event.day)}"
    try:
        return f"payment due {spoken(datetime.date.fromisoformat(name))}"
    except ValueError:
        return name


def party(duty: Duty) -> str:
    """Name who must act, with the servicer's name where it is known."""
    return f"{WHO[duty.who]} ({duty.name})" if duty.name else WHO[duty.who]


def marked(legal: Legal) -> str:
    """Say where an item comes from and how sure it is."""
    return f"{legal.rule}, {legal.cite}; {MARKED[legal.verification]}"


def when(duty: Duty) -> str:
    """Say by when a duty must be done, and how long that is from the day looked at."""
    return f"{weekday(duty.due)} ({left(duty.days_left)})" if duty.due else "No last day"


def barred(item: Protection) -> str:
    """Say what a protection bars."""
    return BARRED.get(item.bars, f"Barred: {item.bars}.")


def lasts(item: Protection) -> str:
    """Say from when until when a protection holds."""
    since = f"since {spoken(item.start)}" if item.in_force else f"from {spoken(item.start)}"
    if item.until is not None:
        return f"{since}, through {spoken(item.until)}"
    if item.expected is not None:
        return f"{since}, still open; as things stand its last day is {spoken(item.expected)}"
    return f"{since}, with no end set"


def open_duties(clockwork: Clockwork, reader: Reader = "all") -> list[Duty]:
    """Duties that are still to be done, overdue ones first, then by day; those of one party where a party reads."""
    parties = {"homeowner": ("homeowner",), "servicer": ("servicer", "owner")}.get(reader, tuple(WHO))
    found = [duty for duty in clockwork.duties if duty.status in OPEN and duty.who in parties]
    return sorted(
        found, key=lambda duty: (OPEN.index(duty.status), duty.due or datetime.date.max, duty.legal.rule, duty.about)
    )


def open_rights(clockwork: Clockwork, reader: Reader = "all") -> list[Right]:
    """Rights that can be used on the as-of day, or later; none for the servicer alone."""
    if reader == "servicer":
        return []
    ahead = [right for right in clockwork.rights if right.used is None and right.start > clockwork.as_of]
    return [right for right in clockwork.rights if right.open] + ahead


# --- one case -------------------------------------------------------------------------------------


def standing(clockwork: Clockwork) -> list[str]:
    """Say where the case stands, in sentences."""
    facts, said = clockwork.facts, []
    if facts.servicer:
        said.append(f"{facts.servicer} services the loan.")
    if facts.days_delinquent is None:
        said.append("The due dates are not known, so days behind cannot be counted.")
    elif facts.oldest_unpaid is None or facts.days_delinquent == 0:
        unpaid = facts.oldest_unpaid
        said.append(f"The payment of {spoken(unpaid)} is due." if unpaid else "The loan is paid up to date.")
    else:
        count = facts.unpaid_installments or 0
        payments = "1 payment is" if count == 1 else f"{count} payments are"
        said.append(
            f"The loan is {facts.days_delinquent:,} days delinquent: {payments} unpaid, the oldest from "
            f"{spoken(facts.oldest_unpaid)}."
        )
    if facts.held_cents:
        said.append(f"${facts.held_cents / 100:,.2f} of partial payments are held.")
    if facts.first_filing:
        said.append(f"The first foreclosure notice or filing was made on {spoken(facts.first_filing)}.")
    if facts.sale:
        gap = (facts.sale - clockwork.as_of).days
        said.append(f"A foreclosure sale is set for {weekday(facts.sale)} ({left(gap) if gap >= 0 else 'past'}).")
    if facts.in_bankruptcy:
        said.append("A bankruptcy case is open.")
    for one in facts.applications:
        since = f"complete since {spoken(one.complete)}" if one.complete else ""
        state = since if since and one.state == "complete" else "; ".join(filter(None, (one.state, since)))
        said.append(f"The application received on {spoken(one.received)}: {state}.")
        if not one.covered and one.why_not:
            said.append(f"The federal procedure does not apply to it: {one.why_not}")
    return said


def text(clockwork: Clockwork, reader: Reader = "all", width: int = WIDTH) -> str:
    """Say a whole case in plain words.

    Args:
        clockwork: the case as of a day.
        reader: whose duties and rights are shown.
        width: of the lines, in characters.
    """
    case = clockwork.case
    page = _Page(width)
    page.title(f"Case {case.id}, as of {weekday(clockwork.as_of)}")
    if clockwork.hypothetical:
        page.say("This is a what-if: it counts events that did not happen.")
    page.heading("Where the case stands")
    for line in standing(clockwork):
        page.item(line)
    _shield(page, clockwork)
    _duties(page, clockwork, reader)
    _rights(page, clockwork, reader)
    if reader != "servicer":
        _protections(page, clockwork)
    _breaches(page, clockwork)
    _rests(page, clockwork)
    return page.text()


def _shield(page: _Page, clockwork: Clockwork) -> None:
    page.heading("Is the home protected from foreclosure today?")
    if not clockwork.shield:
        page.say("No rule here bars foreclosure today. Other law may (bankruptcy, state law): ask a lawyer.")
        for way in ways_in(clockwork):
            page.item(way)
        return
    page.say("Yes, in part:" if len({item.bars for item in clockwork.shield}) == 1 else "Yes:")
    for item in clockwork.shield:
        _protection(page, item)


def ways_in(clockwork: Clockwork) -> list[str]:
    """Say what the homeowner could still do to be protected, and until when."""
    return [
        f"What would protect: {right.what[0].lower()}{right.what[1:]}"
        f"{f', by {weekday(right.until)}' if right.until else ''}."
        for right in open_rights(clockwork)
        if right.kind == "apply"
    ]


def _protection(page: _Page, item: Protection) -> None:
    page.item(barred(item))
    page.more("Time", lasts(item))
    page.more("Why", item.why)
    page.more("Ends", item.exits)
    page.more("Rule", marked(item.legal))


def _duties(page: _Page, clockwork: Clockwork, reader: Reader) -> None:
    duties = open_duties(clockwork, reader)
    page.heading(f"Who must act, and by when ({len(duties)})")
    if not duties:
        page.say("Nothing is due.")
    for duty in duties:
        page.item(f"{when(duty)}: {party(duty)}. {duty.what}.")
        page.more("About", about(clockwork.case, duty.about))
        if duty.not_before:
            page.more("Not before", spoken(duty.not_before))
        page.more("Counted", duty.counted)
        if duty.basis != "law":
            page.more("Basis", BASES[duty.basis])
        page.more("Note", duty.why)
        page.more("Rule", marked(duty.legal))


def _rights(page: _Page, clockwork: Clockwork, reader: Reader) -> None:
    rights = open_rights(clockwork, reader)
    if reader == "servicer":
        return
    page.heading(f"What the homeowner may do ({len(rights)})")
    if not rights:
        page.say("No right with a last day is open.")
    for right in rights:
        last = f"last day {weekday(right.until)}" if right.until else "no last day"
        days = f" ({left((right.until - clockwork.as_of).days)})" if right.until else ""
        begins = f"from {spoken(right.start)}, " if right.start > clockwork.as_of else ""
        page.item(f"{right.what}: {begins}{last}{days}.")
        page.more("About", about(clockwork.case, right.about))
        page.more("Counted", right.counted)
        page.more("Note", right.why if right.why != right.counted else None)
        page.more("Rule", marked(right.legal))


def _protections(page: _Page, clockwork: Clockwork) -> None:
    other = [item for item in clockwork.protections if item.in_force and item.bars not in FORECLOSURE]
    if other:
        page.heading("What else is protected")
        for item in other:
            _protection(page, item)


def _breaches(page: _Page, clockwork: Clockwork) -> None:
    broken = clockwork.breaches
    page.heading(f"What went wrong ({len(broken)})")
    if not broken:
        page.say("No breach shows in these events.")
        return
    for breach in broken:
        page.item(f"{spoken(breach.day)}: {breach_words(breach)}")
        page.more("About", about(clockwork.case, breach.about))
        page.more("Rule", marked(breach.legal))
    page.say("What can be done: " + " ".join(dict.fromkeys(breach.remedy for breach in broken)))


def breach_words(breach: Breach) -> str:
    """Say what a breach is, with how late it was."""
    late = f" ({left(-breach.days_late).replace('overdue', 'late')})" if breach.days_late else ""
    return f"{breach.what.rstrip('.')}{late}."


def _rests(page: _Page, clockwork: Clockwork) -> None:
    page.heading("What this rests on")
    for note in clockwork.facts.notes:
        page.item(note)
    if clockwork.future:
        count = len(clockwork.future)
        page.item(
            f"{count} event{'' if count == 1 else 's'} after the day looked at {'is' if count == 1 else 'are'} "
            f"known and not counted: {', '.join(event.id for event in clockwork.future)}."
        )
    for name, value in used_policies(clockwork):
        page.item(f"Choice {name} = {value}.")
    page.item(MARKS_MEAN)
    page.item(LIMITS)


def used_policies(clockwork: Clockwork) -> list[tuple[str, str]]:
    """Return the policies that what is shown rests on, with what is set."""
    items: Sequence[Any] = (*clockwork.duties, *clockwork.protections, *clockwork.rights)
    named = {name for item in items for name in item.legal.policies}
    return [(name, value_text(value)) for name, _, value in clockwork.policies.shown() if name in named]


def value_text(value: object) -> str:
    """Write the value of a policy as a file or the command line has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- what if --------------------------------------------------------------------------------------


def what_if_text(found: WhatIf, width: int = WIDTH) -> str:
    """Say what events that did not happen would change: protections and rights won and lost, duties added."""
    page = _Page(width)
    supposed = [event for event in found.after.case.events if event.hypothetical]
    known = event_kinds()
    page.title(f"What if? Case {found.after.case.id}, looked at on {weekday(found.after.as_of)}")
    page.say("Suppose:")
    for event in supposed:
        page.item(f"{weekday(event.day)}: {known[event.kind].means}.")
    gained, lost, changed = _split(found.protections)
    page.heading("Protection")
    if not found.protections:
        page.say("Nothing would change.")
    for item in gained:
        page.item(f"WON: {barred(item)}")
        page.more("Time", lasts(item))
        page.more("Why", item.why)
        page.more("Rule", marked(item.legal))
    for item in lost:
        page.item(f"LOST: {barred(item)}")
        page.more("Rule", marked(item.legal))
    for before, after in changed:
        page.item(f"CHANGED: {barred(after)}")
        page.more("Now", lasts(before) + ("" if before.in_force else " (not in force)"))
        page.more("Then", lasts(after) + ("" if after.in_force else " (not in force)"))
        page.more("Ends", after.exits)
        page.more("Rule", marked(after.legal))
    _what_if_duties(page, found)
    _what_if_rights(page, found)
    page.heading("What this rests on")
    page.item("What is supposed has not happened.")
    page.item(MARKS_MEAN)
    page.item(LIMITS)
    return page.text()


def _split(changes: Iterable[Change]) -> tuple[list[Any], list[Any], list[tuple[Any, Any]]]:
    gained = [item.after for item in changes if item.kind == "added"]
    lost = [item.before for item in changes if item.kind == "removed"]
    return gained, lost, [(item.before, item.after) for item in changes if item.kind == "changed"]


def _what_if_duties(page: _Page, found: WhatIf) -> None:
    added, dropped, changed = _split(found.duties)
    page.heading("Duties")
    if not found.duties:
        page.say("Nothing would change.")
    for duty in added:
        by = f"by {weekday(duty.due)}" if duty.due else "no last day"
        page.item(f"ADDED: {party(duty)}, {by}: {duty.what}.")
        page.more("Counted", duty.counted)
        page.more("Rule", marked(duty.legal))
    for duty in dropped:
        page.item(f"GONE: {party(duty)}: {duty.what}.")
    for before, after in changed:
        page.item(f"CHANGED: {party(after)}: {after.what}.")
        page.more("Now", _duty_standing(before))
        page.more("Then", _duty_standing(after))


def _duty_standing(duty: Duty) -> str:
    by = f"by {spoken(duty.due)}" if duty.due else "no last day"
    return f"{by}, {duty.status}{f', done {spoken(duty.done)}' if duty.done else ''}"


def _what_if_rights(page: _Page, found: WhatIf) -> None:
    won, lost, changed = _split(found.rights)
    page.heading("Rights of the homeowner")
    if not found.rights:
        page.say("Nothing would change.")
    for word, rights in (("WON", won), ("GONE", lost)):
        for right in rights:
            page.item(f"{word}: {right.what}{f', last day {weekday(right.until)}' if right.until else ''}.")
            page.more("Rule", marked(right.legal))
    for before, after in changed:
        page.item(f"CHANGED: {after.what}.")
        page.more("Now", _right_standing(before))
        page.more("Then", _right_standing(after))


def _right_standing(right: Right) -> str:
    last = f"last day {spoken(right.until)}" if right.until else "no last day"
    if right.used:
        return f"used on {spoken(right.used)}"
    return f"{last}, {'open' if right.open else 'not open'}"


# --- setting text ---------------------------------------------------------------------------------


class _Page:
    """Lines of text, wrapped."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.lines: list[str] = []

    def title(self, words: str) -> None:
        wrapped = textwrap.wrap(words, self.width)
        self.lines += [*wrapped, "=" * min(len(wrapped[0]), self.width)]

    def heading(self, words: str) -> None:
        self.lines += ["", words, "-" * min(len(words), self.width)]

    def say(self, words: str) -> None:
        self.lines += textwrap.wrap(words, self.width)

    def item(self, words: str) -> None:
        self.lines += textwrap.wrap(words, self.width, initial_indent="* ", subsequent_indent="  ")

    def more(self, name: str, words: str | None) -> None:
        if words:
            told = f"{name}: {words}"
            self.lines += textwrap.wrap(told, self.width, initial_indent="    ", subsequent_indent="      ")

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


# --- plain data -----------------------------------------------------------------------------------

SCHEMA = "hopenow-clocks-1"
"""Name of the shape of the JSON; a change that breaks readers gets the next number."""


def data(clockworks: Iterable[Clockwork], reader: Reader = "all") -> dict[str, Any]:
    """Return cases as plain data for JSON: ``schema`` and ``cases``, each as ``Clockwork.as_dict`` with its events.

    Args:
        clockworks: the cases.
        reader: whose duties, rights and steps are in it.
    """
    return {"schema": SCHEMA, "cases": [_case(clockwork, reader) for clockwork in clockworks]}


def _case(clockwork: Clockwork, reader: Reader) -> dict[str, Any]:
    found = clockwork.as_dict()
    if reader in ("homeowner", "servicer"):
        parties = ("homeowner",) if reader == "homeowner" else ("servicer", "owner")
        for name in ("duties", "next"):
            found[name] = [item for item in found[name] if item["who"] in parties]
        if reader == "servicer":
            found["rights"] = []
    found["shield"] = [
        {"bars": item.bars, "means": barred(item), "rule": item.legal.rule, "until": _text(item.until)}
        for item in clockwork.shield
    ]
    found["events"] = [
        {"id": event.id, "kind": event.kind, "day": event.day.isoformat(), "hypothetical": event.hypothetical}
        for event in clockwork.case.events
    ]
    return found


def what_if_data(found: WhatIf, reader: Reader = "all") -> dict[str, Any]:
    """Return a what-if as plain data: both sides, and every change."""
    return {
        "schema": SCHEMA,
        "before": _case(found.before, reader),
        "after": _case(found.after, reader),
        "changes": {
            name: [
                {"kind": item.kind, "before": plain(item.before), "after": plain(item.after)}
                for item in getattr(found, name)
            ]
            for name in ("protections", "duties", "rights")
        },
    }


def _text(day: datetime.date | None) -> str | None:
    return day.isoformat() if day else None
