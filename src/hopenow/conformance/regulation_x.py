"""Worked cases of the servicing rules: dated events in, the dates, counts and outcomes of the clocks out.

Their files have a format of their own: ``given`` lists events with days, ``expected`` what follows, as a date, a value
or an outcome in words. A day without a year stands for every year in which the case is consistent, and the case is run
in several, leap years among them. Each case is a story in words, so how it becomes events stands here, by its id; what
comes out is compared here, item by item, and an outcome in words counts as met or not met. A case for which there is no
story is reported as not run, never as passed.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from hopenow.clocks import Clockwork, Status, derive, read_case, rulebook
from hopenow.clocks.families.scope import is_small
from hopenow.clocks.result import Bar, Duty, Protection, Right
from hopenow.conformance.runner import CaseResult, Difference
from hopenow.dates import STATUTORY_HOLIDAYS, BusinessCalendar, HolidayObservance, add_months
from hopenow.errors import HopeNowError, InputError

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


STORIES: Mapping[str, Callable[[Dated], Got]] = {
    "HX-39A-1I": _live_contact,
    "HX-39A-1IV": _live_contact_paid,
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
    "RZ-2A6-2": _observed_friday,
    "RZ-39B5-1": _joint_owners,
    "RZ-41D3-1I": _held,
    "RZ-41D3-1II": _held,
    "RZ-41D8-2": _first_day,
    "RZ-41E4III-2III": _small_again,
    "RZ-41E5IVB-1I": _one_statement_skipped,
}
"""How each case becomes events, by its id."""

NOT_RUN: Mapping[str, str] = {
    "HX-39A-PROPOSAL": "a proposal that was never adopted; there is no rule to run",
    "PR-41B2II-114": "a milestone of the 2013 text in days of delinquency, with weekends left aside",
    "RX-41C2II-1": "a comparison in words, without a number",
    "RX-APPE-AGG": "escrow analysis in numbers, no clock",
    "RZ-41E4III-2I": "its first date is standing as a small servicer, which is a fact of a case and no result",
    "RZ-41E5IVB-3": "when an exemption begins, which shows only in the statements that it waives",
    "RZ-43C5I-5I": "ability to repay, no clock",
    "RZ-43C5IIA-4III": "ability to repay, no clock",
    "RZ-43C5IIB-2I": "ability to repay, no clock",
    "RZ-43E2IV-7III": "ability to repay, no clock",
    "RZ-43E3I-3I": "points and fees, no clock",
    "RZ-43E3I-3III": "points and fees, no clock",
    "RZ-43E3I-3V": "points and fees, no clock",
}
"""Why a case is not run."""


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
    if story is None:
        reason = NOT_RUN.get(name, "no story for this id; conformance/regulation_x.py has them")
        return CaseResult(name, file, option, "error", errors=(f"not run: {reason}",))
    found: list[Difference] = []
    tried = years(content)
    for year in tried:
        dated = Dated(content, year)
        try:
            got = story(dated)
        except HopeNowError as error:
            return CaseResult(name, file, option, "error", errors=(f"in {year}: {error}",))
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
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
    caveats = (str(content["notes"]),) if content.get("notes") else ()
    return CaseResult(name, file, option, status, len(expected), tuple(found), notes, (), caveats)


def _wanted(item: Mapping[str, Any], dated: Dated) -> Any:
    if "date" in item:
        return dated.day(str(item["date"]))
    return item.get("value", True)
