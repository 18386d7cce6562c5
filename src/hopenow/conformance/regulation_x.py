"""Worked cases of the servicing rules: dated events in, the dates, counts and outcomes of the clocks out.

Their files have a format of their own: ``given`` lists events with days, ``expected`` what follows, as a date, a value
or an outcome in words. A day without a year stands for every year in which the case is consistent, and the case is run
in several, leap years among them. Each case is a story in words, so how it becomes events stands here, by its id; what
comes out is compared here, item by item, and an outcome in words counts as met or not met. Amounts, rates and times
that a case states only in words are read from its words. A case that states no figure at all is counted on its own,
and one for which there is no story is reported as not run; neither ever passes.
"""

from __future__ import annotations

import calendar
import datetime
import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from hopenow.clocks import Clockwork, Status, derive, read_case, rulebook
from hopenow.clocks.families.regulation_z import skipped_statements
from hopenow.clocks.families.scope import comply_from, is_small
from hopenow.clocks.result import Bar, Duty, Protection, Right
from hopenow.conformance.runner import CaseResult, Difference
from hopenow.dates import (
    STATUTORY_HOLIDAYS,
    BusinessCalendar,
    HolidayObservance,
    add_months,
    days_delinquent,
    months_between,
)
from hopenow.errors import HopeNowError, InputError
from hopenow.mortgage.escrow import Bill, plan
from hopenow.mortgage.kernels import balance_after, interest

_DAY = datetime.timedelta(days=1)
_YEARS = (2019, 2020, 2023, 2024, 2026)
_LIKE_2026 = (2019, 2021, 2022, 2023, 2025, 2026)
_SOME_DAY = 10
_YEAR_MONTH = len("2026-01")

Item = TypeVar("Item", Duty, Protection, Right)

Got = Sequence[Any]
"""One entry per expected item: a date, a value, or for an outcome whether it is as the source says."""


class Dated:
    """One case with its days put into a year."""

    def __init__(self, content: Mapping[str, Any], year: int) -> None:
        self.content, self.year = content, year

    def given(self, number: int) -> datetime.date:
        """Day of a given event."""
        return self.day(str(self.content["given"][number]["date"]))

    def told(self, number: int) -> str:
        """Words of a given event."""
        return str(self.content["given"][number]["event"])

    def asked(self, number: int) -> str:
        """Words of an expected item."""
        return str(self.content["expected"][number]["what"])

    def expected(self, number: int = 0) -> datetime.date:
        """Day of an expected item."""
        return self.day(str(self.content["expected"][number]["date"]))

    def day(self, text: str) -> datetime.date:
        """Put a day into the year; a month stands for a day in it."""
        text = text.replace("(Y+1)", str(self.year + 1)).replace("Y", str(self.year))
        if text.startswith("--"):
            text = f"{self.year}{text[1:]}"
        return datetime.date.fromisoformat(f"{text}-{_SOME_DAY}" if len(text) == _YEAR_MONTH else text)


class Told:
    """A case derived, with finders that insist on exactly one item."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], as_of: datetime.date, loan: Mapping[str, Any]) -> None:
        facts = {"servicer": "A", "principal_residence": True, **loan}
        self.clock: Clockwork = derive(read_case({"case": "case", "loan": facts, "events": list(rows)}), as_of)

    def duties(self, rule: str) -> list[Duty]:
        """Every duty of a rule."""
        return [duty for duty in self.clock.duties if duty.legal.rule == rule]

    def duty(self, rule: str, about: str | None = None) -> Duty:
        """The one duty of a rule."""
        return _one(rule, [duty for duty in self.duties(rule) if about in (None, duty.about)])

    def protection(self, rule: str) -> Protection:
        """The one protection of a rule."""
        return _one(rule, [item for item in self.clock.protections if item.legal.rule == rule])

    def right(self, rule: str) -> Right:
        """The one right of a rule."""
        return _one(rule, [item for item in self.clock.rights if item.legal.rule == rule])

    def broken(self, rule: str) -> bool:
        """Whether a rule is broken."""
        return any(breach.legal.rule == rule for breach in self.clock.breaches)


def _one(rule: str, found: Sequence[Item]) -> Item:
    if len(found) != 1:
        raise InputError(f"{len(found)} items of {rule} came out, and the case is about one")
    return found[0]


def _told(rows: Sequence[Mapping[str, Any]], as_of: datetime.date, **loan: Any) -> Told:
    return Told(rows, as_of, loan)


def _row(kind: str, day: datetime.date, **details: Any) -> dict[str, Any]:
    return {"kind": kind, "day": day, **details}


def _numbers(pattern: str, text: str) -> list[Decimal]:
    """Numbers in the words of a case; refused where there are none, so that no figure is made up."""
    found = [Decimal(item.replace(",", "")) for item in re.findall(pattern, text)]
    if not found:
        raise InputError(f"the words {text!r} do not state the figure that the case needs")
    return found


def _cents(text: str) -> list[int]:
    return [int(number * 100) for number in _numbers(r"\$(\d[\d,]*(?:\.\d+)?)", text)]


def _rate(text: str) -> int:
    """Millionths a year."""
    return int(_numbers(r"(\d+(?:\.\d+)?)\s?%", text)[0] * 10_000)


def _months(text: str) -> list[int]:
    return [int(number * 12) for number in _numbers(r"(\d+)[- ]years?", text)]


def _ordinal(text: str) -> int:
    return int(_numbers(r"(\d+)(?:st|nd|rd|th)\b", text)[0])


def _dollars(cents: int) -> int:
    """Whole dollars, half up, as the commentary rounds."""
    return (2 * cents + 100) // 200


def _due_before(day: datetime.date) -> datetime.date:
    """The first of the month before the one of a day."""
    return add_months(day, -1).replace(day=1)


# --- early intervention -------------------------------------------------------------------------------


def _live_contact(c: Dated) -> Got:
    due = c.given(0)
    return [_told([], due + 30 * _DAY, first_due=due).duty("EI-1", due.isoformat()).due]


def _live_contact_paid(c: Dated) -> Got:
    due = c.given(0)
    told = _told([_row("payment_received", c.given(1), installments=2)], due + 60 * _DAY, first_due=due)
    return [told.duty("EI-1", due.isoformat()).status is Status.ENDED]


def _contact_and_notice(c: Dated) -> Got:
    told = _told([], c.given(0) + 20 * _DAY, first_due=c.given(0))
    return [told.duty("EI-1").due, told.duty("EI-3").due]


def _notice(c: Dated) -> Got:
    return [_told([], c.given(0) + 20 * _DAY, first_due=c.given(0)).duty("EI-3").due]


def _within_180_days(c: Dated) -> Got:
    told = _told([_row("early_notice_sent", c.given(1))], c.given(1) + 150 * _DAY, first_due=c.given(0))
    return [told.duty("EI-5").due, [duty.about for duty in told.duties("EI-3")] == [c.given(0).isoformat()]]


def _after_180_days(c: Dated) -> Got:
    rows = [_row("early_notice_sent", c.given(0), id="n")]
    return [_told(rows, c.given(1), first_due=_due_before(c.given(0))).duty("EI-5", "n").due]


def _notice_after_transfer(c: Dated) -> Got:
    rows = [_row("early_notice_sent", c.given(1)), _row("servicing_transferred", c.given(2), to="B")]
    return [_told(rows, c.given(3) + _DAY, first_due=c.given(0)).duty("EI-7").due]


def _cease_repeat(c: Dated) -> Got:
    sent = c.given(0)
    rows = [
        _row("cease_contact_received", sent - 10 * _DAY),
        _row("early_notice_sent", sent, modified=True, id="n"),
    ]
    return [_told(rows, sent + _DAY, first_due=_due_before(sent), debt_collector=True).duty("EI-10", "n").due]


def _bankruptcy(c: Dated) -> Got:
    filed = c.given(0)
    return [_told([_row("bankruptcy_filed", filed)], filed, first_due=filed.replace(day=1)).duty("EI-8").due]


def _two_spouses(c: Dated) -> Got:
    day = datetime.date(c.year, 3, _SOME_DAY)
    rows = [_row("bankruptcy_filed", day), _row("cease_contact_received", day)]
    told = _told(rows, day + 90 * _DAY, first_due=day.replace(day=1), debt_collector=True)
    letters = [duty for duty in told.clock.duties if duty.legal.rule in ("EI-3", "EI-5", "EI-8", "EI-10")]
    return [bool(letters) and {duty.status for duty in letters} == {Status.WAIVED}]


def _one_contact_for_two(c: Dated) -> Got:
    contact = c.given(2)
    told = _told([_row("live_contact_attempted", contact)], c.given(1) + 60 * _DAY, first_due=c.given(0))
    served = {duty.about for duty in told.duties("EI-1") if duty.done == contact}
    return [served == {c.given(0).isoformat(), c.given(1).isoformat()}]


# --- delinquency --------------------------------------------------------------------------------------


def _days_delinquent(c: Dated) -> Got:
    as_of = c.given(len(c.content["given"]) - 1)
    return [_told([], as_of, first_due=c.given(0)).clock.facts.days_delinquent]


def _rolling(c: Dated) -> Got:
    facts = _told([_row("payment_received", c.given(2))], c.given(3), first_due=c.given(0)).clock.facts
    return [facts.days_delinquent, facts.oldest_unpaid]


def _first_day(c: Dated) -> Got:
    facts = _told([_row("payment_received", c.given(1))], c.given(2), first_due=c.given(0)).clock.facts
    return [facts.days_delinquent, facts.first_day_of_delinquency]


def _bar(c: Dated) -> Got:
    last = _told([], c.given(0) + 60 * _DAY, first_due=c.given(0)).protection("FC-1")
    end = last.until or last.expected
    if end is None:
        return [None] * len(c.content["expected"])
    return [end, end + _DAY][-len(c.content["expected"]) :]


def _delinquent_101(c: Dated) -> Got:
    return [_told([], c.given(1), first_due=c.given(0) - 101 * _DAY).clock.facts.days_delinquent]


# --- loss mitigation ----------------------------------------------------------------------------------


def _complete(day: datetime.date) -> list[dict[str, Any]]:
    return [_row("application_received", day, id="app"), _row("application_complete", day)]


def _new_servicer_decides(c: Dated) -> Got:
    rows = [*_complete(c.given(0)), _row("servicing_transferred", c.given(1), to="B")]
    return [_told(rows, c.given(1), first_due=add_months(c.given(0), -2).replace(day=1)).duty("TR-5").due]


def _appeal_late(c: Dated) -> Got:
    rows = [
        *_complete(c.given(0) - 20 * _DAY),
        _row("decision_sent", c.given(0), denied_modifications=["modification"]),
        _row("appeal_received", c.given(1)),
    ]
    return [_told(rows, c.given(1), first_due=c.given(0).replace(day=1)).right("AP-1").used is not None]


def _appeal_at_transfer(c: Dated) -> Got:
    rows = [
        *_complete(c.given(0) - 20 * _DAY),
        _row("decision_sent", c.given(0) - 5 * _DAY, denied_modifications=["modification"]),
        _row("appeal_received", c.given(0)),
        _row("servicing_transferred", c.given(1), to="B"),
    ]
    return [_told(rows, c.given(1), first_due=add_months(c.given(0), -2).replace(day=1)).duty("TR-6").due]


def _whole_process(c: Dated) -> Got:
    start = datetime.date(c.year, 3, 2)
    sale = start + 90 * _DAY
    rows = [
        _row("first_filing_made", start - 30 * _DAY),
        _row("sale_scheduled", start - 10 * _DAY, sale_date=sale),
        *_complete(start),
        _row("decision_sent", start + 30 * _DAY, denied_modifications=["modification"], offered=["plan"]),
        _row("appeal_received", start + 44 * _DAY),
        _row("appeal_decision_sent", start + 74 * _DAY, offered=["modification"]),
    ]
    last = _told(rows, start + 80 * _DAY, first_due=start - 200 * _DAY).right("RS-4").until
    return [None, None] if last is None else [(last - start).days, last < sale]


def _early(c: Dated) -> Got:
    due = datetime.date(c.year, 1, 1)
    met = [True] * 5
    for received in (due + 60 * _DAY, due + 150 * _DAY):
        told = _told(_complete(received), received, first_due=due)
        decided = received + 10 * _DAY
        answer = _row("decision_sent", decided, offered=["x"], denied_modifications=["y"])
        after = _told([*_complete(received), answer], decided, first_due=due)
        found = (
            told.duty("EV-1").due == received + 30 * _DAY,
            after.right("RS-1").until == decided + 14 * _DAY,
            after.right("AP-1").open,
            bool(told.duties("LM-2")),
            told.protection("FC-2").in_force and told.protection("FC-2").until is None,
        )
        met = [one and two for one, two in zip(met, found, strict=True)]
    return met


def _close_to_a_sale(c: Dated) -> Got:
    received = datetime.date(c.year, 6, 1)
    none, still = True, True
    for days in (1, 36, 37):
        rows = [
            _row("first_filing_made", received - 60 * _DAY),
            _row("sale_scheduled", received - 30 * _DAY, sale_date=received + days * _DAY),
            *_complete(received),
        ]
        told = _told(rows, received, first_due=received - 300 * _DAY)
        found = {duty.legal.rule for duty in told.clock.duties}
        none &= not {"LM-2", "LM-6", "EV-1"} & found and not any(
            item.legal.rule == "FC-3" for item in told.clock.protections
        )
        still &= "PP-3" in found
    return [none, still]


def _no_sale(c: Dated) -> Got:
    received = datetime.date(c.year, 6, 1)
    rows = [_row("first_filing_made", received - 5 * _DAY), *_complete(received)]
    told = _told(rows, received, first_due=received - 300 * _DAY)
    return [bool(told.duties("LM-2")) and told.clock.facts.applications[0].tier == "T2"]


def _offer_to_everybody(c: Dated) -> Got:
    day = datetime.date(c.year, 6, 1)
    answer = _row("decision_sent", day + _DAY, offered=["trial modification"], basis="no_evaluation")
    rows = [_row("application_received", day, id="app"), answer]
    return [not _told(rows, day + 2 * _DAY, first_due=day - 150 * _DAY).broken("EV-3")]


def _notice_again(c: Dated) -> Got:
    rows = [
        _row("application_received", c.given(0), id="app"),
        _row("application_complete", c.given(0)),
        _row("complete_notice_sent", c.given(0)),
        _row("information_requested", c.given(1), documents=["income"]),
        _row("application_complete", c.given(2)),
    ]
    notices = _told(rows, c.given(2), first_due=c.given(0) - 60 * _DAY).duties("LM-6")
    again = len(notices) > 1 and notices[1].status is Status.OPEN
    return [again, notices[1].since if again else None][: len(c.content["expected"])]


def _reasonable_date(c: Dated) -> Got:
    sent = c.given(0)
    rows = [
        _row("application_received", sent - 5 * _DAY),
        _row("acknowledgment_sent", sent, complete=False, missing=["x"]),
    ]
    return [_told(rows, sent, first_due=sent - 10 * _DAY).duty("LM-3").due]


def _five_days(c: Dated) -> Got:
    start = c.given(0).toordinal()
    return [datetime.date.fromordinal(rulebook().rule("LM-2", start).after(start))]


def _barred_after_transfer(c: Dated) -> Got:
    received, sent, reasonable = c.given(0), c.given(1), c.given(2)
    due = received - 101 * _DAY
    rows = [
        _row("application_received", received, id="app"),
        _row("servicing_transferred", datetime.date(c.year, 10, 8), to="B"),
        _row("acknowledgment_sent", sent, complete=False, missing=["x"], reasonable_date=reasonable),
    ]

    def filed(day: datetime.date, *more: dict[str, Any]) -> Told:
        return _told([*rows, *more, _row("first_filing_made", day)], day, first_due=due)

    after = reasonable + _DAY
    return [
        filed(reasonable).broken("TR-3"),
        not filed(after).broken("TR-3") and filed(after, _row("application_complete", reasonable)).broken("FC-2"),
    ]


# --- errors, insurance, files, Regulation Z -----------------------------------------------------------


def _no_condition(c: Dated) -> Got:
    day = datetime.date(c.year, 2, _SOME_DAY)
    rows = [_row("error_notice_received", day, error="other", about_payment=True)]
    told = _told(rows, datetime.date(c.year, 3, 2), first_due=datetime.date(c.year, 2, 1))
    shield = told.protection("NE-10")
    return [told.clock.facts.unpaid_installments == 2, not (shield.in_force and shield.bars == Bar.DEMAND)]


def _reminder(c: Dated) -> Got:
    sent = c.given(0)

    def wrong(reminder: int, charge: int) -> bool:
        rows = [
            _row("insurance_notice_sent", sent),
            _row("insurance_reminder_sent", sent + reminder * _DAY),
            _row("insurance_charged", sent + charge * _DAY),
        ]
        return _told(rows, sent + 90 * _DAY).broken("FP-2")

    times = not wrong(30, 45) and wrong(29, 60) and wrong(31, 45)
    first = _told([_row("insurance_notice_sent", sent)], sent).duty("FP-2").not_before
    return [first, times] if len(c.content["expected"]) > 1 else [first == sent + 30 * _DAY and times]


def _servicing_file(c: Dated) -> Got:
    early, later = c.given(1) - _DAY, datetime.date(2020, 5, 1)
    return [
        not _told([_row("file_requested", early)], early).duties("PP-9"),
        _told([_row("file_requested", later)], later).duty("PP-9").due == later + 5 * _DAY,
    ]


def _observed_friday(c: Dated) -> Got:
    precise = BusinessCalendar("precise", HolidayObservance.STATUTORY, weekend=frozenset({6}))
    return [precise.is_business_day(c.given(0)) and STATUTORY_HOLIDAYS.is_business_day(c.given(0))]


def _joint_owners(c: Dated) -> Got:
    rows = [_row("loan_sold", c.given(0), id="a"), _row("loan_sold", c.given(1), id="b", joint_with="a")]
    return [_told(rows, c.given(1)).duty("MT-1").due]


def _held(c: Dated) -> Got:
    amounts = (600, 300)[: len(c.content["given"])]
    rows = [_row("payment_received", c.given(number), amount=amount) for number, amount in enumerate(amounts)]
    as_of = datetime.date(c.year, 2, 28)
    first_due = datetime.date(c.year, 1, 1)
    held = _told(rows, as_of, first_due=first_due, payment="1000").clock.facts.held_cents // 100
    before = _told(rows[:-1], as_of, first_due=first_due, payment="1000").clock.facts.held_cents // 100
    return [held - before, held]


def _small_again(c: Dated) -> Got:
    rows = [
        _row("small_servicer_changed", c.given(1), small=False),
        _row("small_servicer_changed", c.given(2), small=True),
    ]
    state = _told(rows, c.given(2), small_servicer=True).clock.state
    return [all(is_small(state, day.toordinal()) for day in (c.given(1), c.given(2), c.given(2) + 300 * _DAY))]


def _one_statement_skipped(c: Dated) -> Got:
    due = datetime.date(c.year, 8, 1)
    told = _told(
        [_row("bankruptcy_filed", c.given(1))],
        datetime.date(c.year, 12, 20),
        first_due=due,
        courtesy_days=15,
        statements_tracked=True,
    )
    found = {duty.about: duty.status for duty in told.duties("PS-1")}
    return [
        found.get(f"{c.year}-11-01") is Status.WAIVED,
        found.get(f"{c.year}-12-01") is Status.OVERDUE and found.get(f"{c.year}-10-01") is Status.OVERDUE,
    ]


def _counting_only(c: Dated) -> Got:
    days = int(_numbers(r"(\d+) days", c.asked(0))[0])
    due = c.given(0)
    return [next(day for day in (due + n * _DAY for n in range(2 * days)) if days_delinquent(due, day) == days)]


def _day_of_delinquency(c: Dated) -> Got:
    """Weekends are left aside, as the preamble does: the days of the acknowledgment are added as they are."""
    submitted = int(_numbers(r"day (\d+)", c.told(0))[0])
    start = datetime.date(c.year, 1, 1).toordinal()
    book = rulebook()
    acknowledgment = book.rule("LM-2", start).length
    milestone = book.rule("LM-3", start).figures["delinquency_milestone"]
    return [submitted + acknowledgment if acknowledgment else None, milestone]


def _no_longer_small(c: Dated) -> Got:
    """Standing as of January 1 lasts for the year: the part of the rule that binds alone when the six months are over.

    The day of compliance is the first on which the exemption no longer holds.
    """
    ceased = c.given(1)
    rows = [_row("small_servicer_changed", ceased, small=False)]
    state = _told(rows, c.given(2), small_servicer=True).clock.state
    standing = comply_from(state, (c.given(0) + _DAY).toordinal())
    first = ceased.toordinal()
    complies = next((day for day in range(first, first + 800) if not is_small(state, day)), None)
    return [datetime.date.fromordinal(day) if day else None for day in (standing, complies)]


def _skipped_again(c: Dated) -> Got:
    told = _told(
        [_row("bankruptcy_filed", c.given(0), id="b", surrenders=True), _row("bankruptcy_closed", c.given(1))],
        datetime.date(c.year + 1, 1, 20),
        first_due=datetime.date(c.year, 1, 1),
        statements_tracked=True,
    )
    waived = {duty.about for duty in told.duties("PS-1") if duty.status is Status.WAIVED}
    begun = [
        datetime.date.fromordinal(day)
        for due, day in sorted(skipped_statements(told.clock.state).items())
        if datetime.date.fromordinal(due).isoformat() in waived
    ]
    return begun


# --- escrow, ability to repay, points and fees --------------------------------------------------------


def _escrow(c: Dated) -> Got:
    from hopenow.oversight.standards import escrow_rules

    first = c.given(1).replace(day=1)
    bills = [
        Bill(c.told(n), months_between(first, c.given(n).replace(day=1)) + 1, _cents(c.told(n))[0])
        for n in range(len(c.content["given"]))
        if "disbursed" in c.told(n)
    ]
    found = plan(bills, escrow_rules(c.given(0)))

    def place(number: int) -> int:
        named = next(month for month in range(1, 13) if calendar.month_name[month] in c.asked(number))
        return (named - first.month + 1) % 12

    lowest = found.lowest if found.lowest_month == place(1) else None
    cents = [
        found.monthly_deposit,
        lowest,
        found.months[place(2)].adjusted,
        found.months[place(3)].target,
        found.months[place(4)].target,
    ]
    return [None if amount is None else Decimal(amount) / 100 for amount in cents]


def _repayment(amount: int, rate: int, term: int, amortization: int, *, interest_only: int = 0) -> int:
    """Return the payment for the ability to repay on a loan without a balloon, cents."""
    import numpy as np

    from hopenow.oversight.standards.payments import repayment_payments

    numbers = [np.array([item], np.int64) for item in (amount, rate, term, amortization, interest_only)]
    amounts, rates, terms, amortizations, months = numbers
    no = np.array([False])
    return int(repayment_payments(amounts, rates, terms, amortizations, months, no, no)[0])


def _level(c: Dated) -> Got:
    (months,) = _months(c.told(0))
    return [_dollars(_repayment(_cents(c.told(0))[0], _rate(c.told(0)), months, months))]


def _balloon(c: Dated) -> Got:
    from hopenow.oversight.standards.checks import segment_on
    from hopenow.oversight.standards.payments import balloon_payment, first_five_years_end, level_payment

    rule = segment_on("ability_to_repay", c.given(0)).parameters
    number, words = _ordinal(c.asked(1)), c.asked(2)
    loan = (_cents(words)[0], _rate(words), _months(words)[0])
    return [
        first_five_years_end(c.given(1), rule["balloon_months"]),
        add_months(c.given(1), number - 1),
        _dollars(level_payment(*loan)),
        _dollars(balloon_payment(*loan, number)),
    ]


def _interest_only(c: Dated) -> Got:
    words = c.told(0)
    amount, rate = _cents(words)[0], _rate(words)
    term, only = _months(words)
    after = _repayment(amount, rate, term, term, interest_only=only)
    return [_dollars(interest(amount, rate, 1)), _dollars(after)]


def _highest_rate(c: Dated) -> Got:
    import numpy as np

    from hopenow.oversight.standards.payments import highest_rate_payments, level_payment, recast_payments

    number, words = _ordinal(c.asked(0)), c.asked(1)
    amount, rate = _cents(words)[0], _rate(words)
    paid, term = _months(words)
    left = balance_after(amount, rate, level_payment(amount, rate, term), paid)

    def one(value: int) -> Any:
        return np.array([value], np.int64)

    recast = recast_payments(one(amount), one(rate), one(_rate(c.asked(2))), one(term), one(paid))
    whole = highest_rate_payments(one(_cents(c.asked(3))[0]), one(_rate(c.asked(3))), one(_months(c.asked(3))[0]))
    return [
        add_months(c.given(0), number - 1),
        _dollars(left),
        _dollars(int(recast[0])),
        _dollars(int(whole[0])),
    ]


def _fee_cap(c: Dated) -> Got:
    """In the base year, which is the first that the rule covers: later years index the tiers."""
    from hopenow.law import segments
    from hopenow.oversight.standards.checks import AUTHORITY, fee_cap, law

    amount, total = _cents(c.told(0))
    base = min(segment.start for segment in segments(law("general_qm"), AUTHORITY))
    return [Decimal(fee_cap(amount, total, base)) / 100]


STORIES: Mapping[str, Callable[[Dated], Got]] = {
    "HX-39A-1I": _live_contact,
    "HX-39A-1IV": _live_contact_paid,
    "HX-39A-PROPOSAL": _counting_only,
    "OT-DSNEWS-31": _new_servicer_decides,
    "OT-SM-11.1-A": _contact_and_notice,
    "OT-SM-11.2-B": _cease_repeat,
    "OT-SM-11.2-C": _bankruptcy,
    "OT-SM-12.3-B": _appeal_late,
    "OT-SM-12.3-C": _appeal_at_transfer,
    "OT-SM-13.1-A": _bar,
    "OT-SM-13.1-B": _bar,
    "PR-41-88DAYS": _whole_process,
    "PR-41-SCEN1": _early,
    "PR-41-SCEN4": _close_to_a_sale,
    "PR-41B2II-114": _day_of_delinquency,
    "RX-31-DELINQ-2A": _days_delinquent,
    "RX-31-DELINQ-2B": _rolling,
    "RX-35H-1": _no_condition,
    "RX-37D1-1I": _reminder,
    "RX-37D1-1II": _reminder,
    "RX-38C2-1": _servicing_file,
    "RX-39A-1IA": _live_contact,
    "RX-39A-1IB-COUNT": _days_delinquent,
    "RX-39A-1IB-FEB5": _one_contact_for_two,
    "RX-39B1-1A": _notice,
    "RX-39B1-2-180": _within_180_days,
    "RX-39B1-2-45TH": _notice,
    "RX-39B1-2I": _after_180_days,
    "RX-39B1-5": _notice_after_transfer,
    "RX-39C1II-2II": _two_spouses,
    "RX-41B2I-1": _no_sale,
    "RX-41B3-1": _no_sale,
    "RX-41C2I-1": _offer_to_everybody,
    "RX-41C3I-1B": _notice_again,
    "RX-41C3I-3": _notice_again,
    "RX-41K2II-1-REASDATE": _reasonable_date,
    "RX-41K2II-1-TRANSFER": _five_days,
    "RX-41K2II-1I-BAR": _barred_after_transfer,
    "RX-41K2II-1I-DPD": _delinquent_101,
    "RX-APPE-AGG": _escrow,
    "RZ-2A6-2": _observed_friday,
    "RZ-39B5-1": _joint_owners,
    "RZ-41D3-1I": _held,
    "RZ-41D3-1II": _held,
    "RZ-41D8-2": _first_day,
    "RZ-41E4III-2I": _no_longer_small,
    "RZ-41E4III-2III": _small_again,
    "RZ-41E5IVB-1I": _one_statement_skipped,
    "RZ-41E5IVB-3": _skipped_again,
    "RZ-43C5I-5I": _level,
    "RZ-43C5IIA-4III": _balloon,
    "RZ-43C5IIB-2I": _interest_only,
    "RZ-43E2IV-7III": _highest_rate,
    "RZ-43E3I-3I": _fee_cap,
    "RZ-43E3I-3III": _fee_cap,
    "RZ-43E3I-3V": _fee_cap,
}
"""How each case becomes events, by its id."""

WITHOUT_FIGURES: Mapping[str, str] = {
    "RX-41C2II-1": "a comparison in words (more significant), without a day, a number or a line to hold it against",
}
"""Cases that state no figure, by id, with what they state instead."""


# --- running ------------------------------------------------------------------------------------------


def holds(path: Path) -> bool:
    """Whether a file is one of these: its cases have ``given`` and ``expected``, and no ``inputs``."""
    if path.suffix.lower() != ".json":
        return False
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    cases = content.get("cases") if isinstance(content, dict) else None
    return isinstance(cases, list) and bool(cases) and all(_shaped(case) for case in cases)


def _shaped(case: object) -> bool:
    return isinstance(case, dict) and {"id", "given", "expected"} <= set(case) and "inputs" not in case


def run_dated(path: Path) -> list[CaseResult]:
    """Run the cases of such a file, in its order.

    Args:
        path: a file for which :func:`holds` is true.
    """
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return [_run(case, path.name) for case in cases]


def years(content: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the years in which a case is run: those it names, those without February 29, or several."""
    wanted = content.get("use_year")
    if isinstance(wanted, list):
        return tuple(wanted)
    return _LIKE_2026 if isinstance(wanted, str) else _YEARS


def _run(content: Mapping[str, Any], file: str) -> CaseResult:
    name, expected = str(content["id"]), content["expected"]
    option = str(content.get("kind") or "clocks")
    story = STORIES.get(name)
    caveats = (str(content["notes"]),) if content.get("notes") else ()
    if name in WITHOUT_FIGURES and not any("date" in item or "value" in item for item in expected):
        return CaseResult(name, file, option, "no figures", notes=(WITHOUT_FIGURES[name],), caveats=caveats)
    if story is None:
        reason = "no story for this id; conformance/regulation_x.py has them"
        return CaseResult(name, file, option, "error", errors=(f"not run: {reason}",))
    found: list[Difference] = []
    tried = years(content)
    for year in tried:
        dated = Dated(content, year)
        try:
            got = story(dated)
        except HopeNowError as error:
            return CaseResult(name, file, option, "error", errors=(f"in {year}: {error}",))
        except (ArithmeticError, LookupError, StopIteration, TypeError, ValueError) as error:
            # A story that no longer fits its case; the others are run all the same.
            return CaseResult(name, file, option, "error", errors=(f"in {year}: {type(error).__name__}: {error}",))
        if len(got) != len(expected):
            message = f"{len(got)} items came out, and the case expects {len(expected)}"
            return CaseResult(name, file, option, "error", errors=(message,))
        for item, value in zip(expected, got, strict=True):
            wanted = _wanted(item, dated)
            if value != wanted:
                shown = str(item.get("outcome", wanted))
                found.append(
                    Difference(f"{item['what']} (in {year})", shown, "otherwise" if value is False else str(value))
                )
    status: Any = "failed" if found else "passed"
    notes = (f"run in {', '.join(map(str, tried))}",)
    return CaseResult(name, file, option, status, len(expected), tuple(found), notes, (), caveats)


def _wanted(item: Mapping[str, Any], dated: Dated) -> Any:
    if "date" in item:
        return dated.day(str(item["date"]))
    return item.get("value", True)
