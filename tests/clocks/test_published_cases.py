"""Every dated case that the regulators (or others) published for these rules, from the development data."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hopenow.clocks import Status, rulebook
from hopenow.clocks.families.loss_mitigation import answer_rule, may_appeal, more_than
from hopenow.clocks.families.scope import comply_from, is_small
from hopenow.clocks.ledger import NEVER
from hopenow.clocks.result import Bar
from hopenow.clocks.state import Completion
from hopenow.dates import STATUTORY_HOLIDAYS, BusinessCalendar, HolidayObservance, add_months
from tests.clocks.stories import Told, row, told

ELSEWHERE = {
    "RX-APPE-AGG": "escrow analysis in numbers",
    "RZ-43C5I-5I": "ability to repay",
    "RZ-43C5IIA-4III": "ability to repay",
    "RZ-43C5IIB-2I": "ability to repay",
    "RZ-43E2IV-7III": "ability to repay",
    "RZ-43E3I-3I": "points and fees",
    "RZ-43E3I-3III": "points and fees",
    "RZ-43E3I-3V": "points and fees",
}
"""Cases that are no clocks; their rooms test them."""

DAY = datetime.timedelta(days=1)


class Published:
    """One case with its dates put into a year."""

    def __init__(self, content: Mapping[str, Any], year: int) -> None:
        self.content = content
        self.year = year

    def given(self, number: int) -> datetime.date:
        return self._day(self.content["given"][number]["date"])

    def expected(self, number: int = 0) -> datetime.date:
        return self._day(self.content["expected"][number]["date"])

    def value(self, number: int = 0) -> Any:
        return self.content["expected"][number]["value"]

    def outcome(self, number: int = 0) -> str:
        return str(self.content["expected"][number]["outcome"])

    def _day(self, text: str) -> datetime.date:
        text = text.replace("(Y+1)", str(self.year + 1)).replace("Y", str(self.year))
        if text.startswith("--"):
            text = f"{self.year}{text[1:]}"
        if len(text) == len("2026-01"):
            text += "-10"
        return datetime.date.fromisoformat(text)


def years(content: Mapping[str, Any]) -> list[int]:
    """The years a case is consistent in; those in which the rules of today were in force, and leap years."""
    wanted = content.get("use_year")
    if isinstance(wanted, list):
        return list(wanted)
    if isinstance(wanted, str):
        return [2019, 2021, 2022, 2023, 2025, 2026]
    return [2019, 2020, 2023, 2024, 2026]


# --- early intervention -------------------------------------------------------------------------------


def _live_contact(c: Published) -> None:
    due = c.given(0)
    clock = told([], c.expected(), first_due=due)
    duty = clock.duty("EI-1", due.isoformat())
    assert duty.due == c.expected()
    assert duty.status is Status.DUE_TODAY


def _live_contact_not_required(c: Published) -> None:
    clock = told([row("payment_received", c.given(1), installments=2)], c.given(0) + 60 * DAY, first_due=c.given(0))
    assert clock.duty("EI-1", c.given(0).isoformat()).status is Status.ENDED
    assert c.outcome() == "not required"


def _day_count_only(c: Published) -> None:
    assert c.given(0) + 30 * DAY == c.expected()


def _contact_and_notice(c: Published) -> None:
    clock = told([], c.given(0) + 20 * DAY, first_due=c.given(0))
    assert [clock.duty("EI-1").due, clock.duty("EI-3").due] == [c.expected(0), c.expected(1)]


def _written_notice(c: Published) -> None:
    clock = told([], c.given(0) + 20 * DAY, first_due=c.given(0))
    assert clock.duty("EI-3").due == c.expected()


def _within_180_days(c: Published) -> None:
    since, sent = c.given(0), c.given(1)
    clock = told([row("early_notice_sent", sent)], c.expected() - DAY, first_due=since)
    law = rulebook().at(sent.toordinal())
    assert law["EI-4"].after(sent.toordinal()) == c.expected().toordinal()
    assert [duty.about for duty in clock.duties_of("EI-3")] == [since.isoformat()]
    assert clock.duty("EI-5").due == c.expected()
    assert c.outcome(1) == "not required"


def _again_after_180_days(c: Published) -> None:
    clock = told(
        [row("early_notice_sent", c.given(0), id="n")], c.given(1), first_due=add_months(c.given(0), -1).replace(day=1)
    )
    assert clock.duty("EI-5", "n").due == c.expected()
    assert clock.duty("EI-5", "n").status is Status.DUE_TODAY


def _notice_after_transfer(c: Published) -> None:
    rows = [row("early_notice_sent", c.given(1)), row("servicing_transferred", c.given(2), to="Second")]
    clock = told(rows, c.given(3) + DAY, first_due=c.given(0))
    duty = clock.duty("EI-7")
    assert duty.due == c.expected()
    assert duty.about == c.given(3).isoformat()
    assert duty.name == "Second"


def _cease_repeat(c: Published) -> None:
    sent = c.given(0)
    rows = [row("cease_contact_received", sent - 10 * DAY), row("early_notice_sent", sent, modified=True, id="n")]
    clock = told(rows, sent + DAY, first_due=add_months(sent, -1).replace(day=1), debt_collector=True)
    assert clock.duty("EI-10", "n").due == c.expected()


def _bankruptcy(c: Published) -> None:
    filed = c.given(0)
    clock = told([row("bankruptcy_filed", filed)], filed, first_due=filed.replace(day=1))
    assert clock.duty("EI-8").due == c.expected()


def _two_spouses(c: Published) -> None:
    day = datetime.date(c.year, 3, 10)
    rows = [row("bankruptcy_filed", day), row("cease_contact_received", day)]
    clock = told(rows, day + 90 * DAY, first_due=day.replace(day=1), debt_collector=True)
    letters = [duty for duty in clock.duties if duty.legal.rule in ("EI-3", "EI-5", "EI-8", "EI-10")]
    assert letters
    assert {duty.status for duty in letters} == {Status.WAIVED}
    assert c.outcome() == "exempt"


def _one_contact_two_due_dates(c: Published) -> None:
    contact = c.given(2)
    clock = told([row("live_contact_attempted", contact)], c.given(1) + 60 * DAY, first_due=c.given(0))
    served = {
        duty.about for duty in clock.duties_of("EI-1") if duty.done == contact and duty.status is Status.DONE_ON_TIME
    }
    assert served == {c.given(0).isoformat(), c.given(1).isoformat()}


# --- delinquency --------------------------------------------------------------------------------------


def _days_delinquent(c: Published) -> None:
    as_of = c.given(len(c.content["given"]) - 1)
    assert told([], as_of, first_due=c.given(0)).facts.days_delinquent == c.value()


def _rolling(c: Published) -> None:
    clock = told([row("payment_received", c.given(2))], c.given(3), first_due=c.given(0))
    assert clock.facts.days_delinquent == c.value(0)
    assert clock.facts.oldest_unpaid == c.expected(1)


def _first_day_on_statement(c: Published) -> None:
    clock = told([row("payment_received", c.given(1))], c.given(2), first_due=c.given(0))
    assert clock.facts.days_delinquent == c.value(0)
    assert clock.facts.first_day_of_delinquency == c.expected(1)


def _bar_120(c: Published) -> None:
    first = c.expected(len(c.content["expected"]) - 1)
    closed = told([], first - DAY, first_due=c.given(0)).shield_of("FC-1")
    assert closed.in_force
    assert closed.until == first - DAY
    assert not told([], first, first_due=c.given(0)).shield_of("FC-1").in_force
    early = told([row("first_filing_made", first - DAY)], first, first_due=c.given(0))
    assert early.broken().count("FC-1") == 1
    assert "FC-1" not in told([row("first_filing_made", first)], first, first_due=c.given(0)).broken()


def _delinquent_101(c: Published) -> None:
    as_of = c.given(1)
    clock = told([], as_of, first_due=c.given(0) - 101 * DAY)
    assert clock.facts.days_delinquent == c.value()


# --- loss mitigation ----------------------------------------------------------------------------------


def _application(day: datetime.date) -> list[dict[str, Any]]:
    return [row("application_received", day, id="app"), row("application_complete", day)]


def _transferee_decides(c: Published) -> None:
    rows = [*_application(c.given(0)), row("servicing_transferred", c.given(1), to="B")]
    duty = told(rows, c.given(1), first_due=add_months(c.given(0), -2).replace(day=1)).duty("TR-5")
    assert duty.due == c.expected()
    assert duty.name == "B"


def _appeal_too_late(c: Published) -> None:
    rows = [
        *_application(c.given(0) - 20 * DAY),
        row("decision_sent", c.given(0), denied_modifications=["modification"]),
        row("appeal_received", c.given(1)),
    ]
    clock = told(rows, c.given(1), first_due=c.given(0).replace(day=1))
    right = clock.right("AP-1")
    assert (right.used is not None) is c.value()
    assert "AP-3" not in clock.rules()


def _appeal_at_transfer(c: Published) -> None:
    rows = [
        *_application(c.given(0) - 20 * DAY),
        row("decision_sent", c.given(0) - 5 * DAY, denied_modifications=["modification"]),
        row("appeal_received", c.given(0)),
        row("servicing_transferred", c.given(1), to="B"),
    ]
    assert told(rows, c.given(1), first_due=add_months(c.given(0), -2).replace(day=1)).duty("TR-6").due == c.expected()


def _in_88_days(c: Published) -> None:
    start = datetime.date(c.year, 3, 2)
    sale = start + 90 * DAY
    rows = [
        row("first_filing_made", start - 30 * DAY),
        row("sale_scheduled", start - 10 * DAY, sale_date=sale),
        *_application(start),
        row("decision_sent", start + 30 * DAY, denied_modifications=["modification"], offered=["repayment plan"]),
        row("appeal_received", start + 44 * DAY),
        row("appeal_decision_sent", start + 74 * DAY, offered=["modification"]),
    ]
    clock = told(rows, start + 80 * DAY, first_due=start - 200 * DAY)
    assert clock.duty("EV-1").status is Status.DONE_ON_TIME
    assert clock.duty("EV-1").due == start + 30 * DAY
    assert clock.right("AP-1").until == start + 44 * DAY
    assert clock.duty("AP-3").due == start + 74 * DAY
    last = clock.right("RS-4").until
    assert (last - start).days == c.value(0)
    assert (last < sale) is c.value(1)


def _scenario_1(c: Published) -> None:
    due = datetime.date(c.year, 1, 1)
    for received in (due + 60 * DAY, due + 150 * DAY):
        clock = told(_application(received), received, first_due=due)
        assert clock.duty("EV-1").due == received + 30 * DAY
        assert "LM-2" in clock.rules()
        assert clock.shield_of("FC-2").until is None
        decided = received + 10 * DAY
        rows = [*_application(received), row("decision_sent", decided, offered=["x"], denied_modifications=["y"])]
        clock = told(rows, decided, first_due=due)
        assert clock.right("RS-1").until == decided + 14 * DAY
        assert clock.right("AP-1").open
        assert clock.facts.applications[0].tier == "T1"


def _scenario_4(c: Published) -> None:
    received = datetime.date(c.year, 6, 1)
    for days in (1, 36, 37):
        rows = [
            row("first_filing_made", received - 60 * DAY),
            row("sale_scheduled", received - 30 * DAY, sale_date=received + days * DAY),
            *_application(received),
        ]
        clock = told(rows, received, first_due=received - 300 * DAY)
        assert not {"LM-2", "LM-6", "EV-1"} & clock.rules()
        assert "FC-3" not in {shield.legal.rule for shield in clock.protections}
        assert "PP-3" in clock.rules()
        assert clock.facts.applications[0].tier == "T4"


def _no_sale(c: Published) -> None:
    law = rulebook().at(datetime.date(c.year, 6, 1).toordinal())
    completion = Completion(0, 0, 0)
    completion.filed = True
    assert completion.gap == NEVER
    assert completion.gap >= law["LM-2"].figures["sale_days"]
    assert more_than(law["EV-1"], completion.gap)
    assert answer_rule(law, completion).id == "RS-1"


def _no_sale_appeal(c: Published) -> None:
    _no_sale(c)
    received = datetime.date(c.year, 6, 1)
    clock = told(
        [row("first_filing_made", received - 5 * DAY), *_application(received)],
        received,
        first_due=received - 300 * DAY,
    )
    assert clock.facts.applications[0].tier == "T2"
    application = clock.clockwork.state.applications[1]
    assert application.last is not None
    assert may_appeal(clock.clockwork.state, application.last)


def _acknowledged_by_day_119(c: Published) -> None:
    # Weekends ignored, as the preamble does; the milestone of the first text is now overridden by the shortest time.
    assert (c.value(0), c.value(1)) == (114 + 5, 120)
    due = datetime.date(2026, 1, 1)
    sent = due + 119 * DAY
    rows = [
        row("application_received", due + 114 * DAY),
        row("acknowledgment_sent", sent, complete=False, missing=["x"]),
    ]
    assert told(rows, sent, first_due=due).duty("LM-3").due == sent + 7 * DAY


def _offer_to_everybody(c: Published) -> None:
    day = datetime.date(c.year, 6, 1)
    rows = [
        row("application_received", day, id="app"),
        row("decision_sent", day + DAY, offered=["trial modification"], basis="no_evaluation"),
    ]
    assert "EV-3" not in told(rows, day + 2 * DAY, first_due=day - 150 * DAY).broken()
    del rows[1]["basis"]
    assert "EV-3" in told(rows, day + 2 * DAY, first_due=day - 150 * DAY).broken()


def _significant_time(c: Published) -> None:
    # A relative statement without a number: what the servicer does after diligence is its reading, and is recorded.
    day = datetime.date(c.year, 6, 1)
    rows = [
        row("application_received", day, id="app"),
        row("decision_sent", day + 15 * DAY, offered=["plan"], basis="diligence_exhausted"),
    ]
    assert "EV-3" not in told(rows, day + 16 * DAY, first_due=day - 100 * DAY).broken()


def _completed_again(c: Published) -> list[dict[str, Any]]:
    return [
        row("application_received", c.given(0), id="app"),
        row("application_complete", c.given(0)),
        row("complete_notice_sent", c.given(0)),
        row("information_requested", c.given(1), documents=["income"]),
        row("application_complete", c.given(2)),
    ]


def _second_complete_notice(c: Published) -> None:
    rows = _completed_again(c)
    clock = told(rows, c.given(2), first_due=c.given(0) - 60 * DAY)
    notices = clock.duties_of("LM-6")
    assert [duty.since for duty in notices] == [c.given(0), c.given(2)]
    assert notices[1].status is Status.OPEN
    assert clock.shield_of("FC-2").start == c.given(0)
    assert [duty.since for duty in clock.duties_of("EV-1") if duty.status is Status.OPEN] == [c.given(2)]
    if "date" in c.content["expected"][-1]:
        right = [*rows, row("complete_notice_sent", c.given(2) + DAY, shows_date=c.expected(1))]
        assert "LM-6" not in told(right, c.given(2) + 2 * DAY, first_due=c.given(0) - 60 * DAY).broken()
        wrong = [*rows, row("complete_notice_sent", c.given(2) + DAY, shows_date=c.given(0))]
        assert "LM-6" in told(wrong, c.given(2) + 2 * DAY, first_due=c.given(0) - 60 * DAY).broken()


def _reasonable_date(c: Published) -> None:
    sent = c.given(0)
    rows = [
        row("application_received", sent - 5 * DAY),
        row("acknowledgment_sent", sent, complete=False, missing=["x"]),
    ]
    assert told(rows, sent, first_due=sent - 10 * DAY).duty("LM-3").due == c.expected()


def _five_days(c: Published) -> None:
    rule = rulebook().rule("LM-2", c.given(0).toordinal())
    assert rule.after(c.given(0).toordinal()) == c.expected().toordinal()


def _barred_to_the_reasonable_date(c: Published) -> None:
    received, sent, reasonable = c.given(0), c.given(1), c.given(2)
    moved = datetime.date(c.year, 10, 8)
    due = received - 101 * DAY
    rows = [
        row("application_received", received, id="app"),
        row("servicing_transferred", moved, to="Second"),
        row("acknowledgment_sent", sent, complete=False, missing=["x"], reasonable_date=reasonable),
    ]
    clock = told(rows, sent, first_due=due)
    assert clock.duty("TR-2").due == sent
    assert clock.duty("TR-2").status is Status.DONE_ON_TIME
    assert clock.shield_of("TR-3").until == reasonable
    for day, wrong in ((reasonable, True), (reasonable + DAY, False)):
        filed = told([*rows, row("first_filing_made", day)], day, first_due=due)
        assert ("TR-3" in filed.broken()) is wrong
        assert "FC-1" not in filed.broken()
    complete = [*rows, row("application_complete", reasonable), row("first_filing_made", reasonable + DAY)]
    assert "FC-2" in told(complete, reasonable + DAY, first_due=due).broken()


# --- errors, insurance, files -------------------------------------------------------------------------


def _payment_owed_no_condition(c: Published) -> None:
    day = datetime.date(c.year, 2, 10)
    clock = told(
        [row("error_notice_received", day, error="other", about_payment=True)],
        datetime.date(c.year, 3, 2),
        first_due=datetime.date(c.year, 2, 1),
    )
    assert clock.facts.unpaid_installments == 2
    shield = clock.shield_of("NE-10")
    assert shield.in_force
    assert shield.bars == Bar.DEMAND
    assert [c.value(0), c.value(1)] == [True, False]


def _reminder(c: Published) -> None:
    sent = c.given(0)
    duty = told([row("insurance_notice_sent", sent)], sent).duty("FP-2")
    assert duty.not_before == sent + 30 * DAY
    if "date" in c.content["expected"][0]:
        assert duty.not_before == c.expected()
    for reminder, charge, wrong in (
        (30, 45, set()),
        (29, 60, {"FP-2"}),
        (31, 45, {"FP-2"}),
        (30, 44, {"FP-1", "FP-2"}),
    ):
        rows = [
            row("insurance_notice_sent", sent),
            row("insurance_reminder_sent", sent + reminder * DAY),
            row("insurance_charged", sent + charge * DAY),
        ]
        assert set(told(rows, sent + 90 * DAY).broken()) == wrong


def _servicing_file(c: Published) -> None:
    assert c.given(1).toordinal() == rulebook().versions["PP-9"][0].start
    day = datetime.date(2020, 5, 1)
    assert told([row("file_requested", day)], day).duty("PP-9").due == day + 5 * DAY
    early = c.given(1) - DAY
    assert "PP-9" not in told([row("file_requested", early)], early).rules()


# --- Regulation Z -------------------------------------------------------------------------------------


def _observed_friday_counts(c: Published) -> None:
    precise = BusinessCalendar("precise", HolidayObservance.STATUTORY, weekend=frozenset({6}))
    friday = c.given(0)
    assert friday == datetime.date(c.year, 7, 3)
    assert friday.strftime("%A") == "Friday"
    assert precise.is_business_day(friday)
    assert STATUTORY_HOLIDAYS.is_business_day(friday)
    assert c.outcome() == "is a business day"


def _joint_owners(c: Published) -> None:
    rows = [row("loan_sold", c.given(0), id="a"), row("loan_sold", c.given(1), id="b", joint_with="a")]
    assert told(rows, c.given(1)).duty("MT-1").due == c.expected()


def _held(c: Published) -> None:
    amounts = [600, 300]
    events = [row("payment_received", c.given(n), amount=amounts[n]) for n in range(len(c.content["given"]))]
    clock = told(events, datetime.date(c.year, 2, 28), first_due=datetime.date(c.year, 1, 1), payment="1000")
    assert clock.facts.held_cents == c.value(len(c.content["expected"]) - 1) * 100
    assert clock.facts.oldest_unpaid == datetime.date(c.year, 1, 1)


def _no_longer_small(c: Published) -> None:
    state = told(
        [row("small_servicer_changed", c.given(1), small=False)], c.given(2), small_servicer=True
    ).clockwork.state
    comply = c.expected(1).toordinal()
    assert comply_from(state, c.given(1).toordinal()) == comply
    assert is_small(state, comply - 1)
    assert not is_small(state, comply)


def _small_again(c: Published) -> None:
    rows = [
        row("small_servicer_changed", c.given(1), small=False),
        row("small_servicer_changed", c.given(2), small=True),
    ]
    state = told(rows, c.given(2), small_servicer=True).clockwork.state
    for day in (c.given(1), c.given(2), c.given(2) + 300 * DAY):
        assert is_small(state, day.toordinal())


def _one_statement_skipped(c: Published) -> None:
    rows = [row("bankruptcy_filed", c.given(1))]
    clock = told(
        rows,
        datetime.date(c.year, 12, 20),
        first_due=datetime.date(c.year, 8, 1),
        courtesy_days=15,
        statements_tracked=True,
    )
    by_cycle = {duty.about: duty.status for duty in clock.duties_of("PS-1")}
    assert by_cycle[f"{c.year}-11-01"] is Status.WAIVED
    assert by_cycle[f"{c.year}-12-01"] is Status.OVERDUE
    assert by_cycle[f"{c.year}-10-01"] is Status.OVERDUE


def _skipped_again(c: Published) -> None:
    rows = [row("bankruptcy_filed", c.given(0), id="b"), row("bankruptcy_closed", c.given(1))]
    clock = told(rows, datetime.date(c.year + 1, 1, 20), first_due=datetime.date(c.year, 1, 1), statements_tracked=True)
    waived = [duty.about for duty in clock.duties_of("PS-1") if duty.status is Status.WAIVED]
    assert len(waived) == 2
    assert c.given(0).isoformat() < waived[0] < c.given(1).isoformat() < waived[1]


CHECKS: Mapping[str, Callable[[Published], None]] = {
    "HX-39A-1I": _live_contact,
    "HX-39A-1IV": _live_contact_not_required,
    "HX-39A-PROPOSAL": _day_count_only,
    "OT-DSNEWS-31": _transferee_decides,
    "OT-SM-11.1-A": _contact_and_notice,
    "OT-SM-11.2-B": _cease_repeat,
    "OT-SM-11.2-C": _bankruptcy,
    "OT-SM-12.3-B": _appeal_too_late,
    "OT-SM-12.3-C": _appeal_at_transfer,
    "OT-SM-13.1-A": _bar_120,
    "OT-SM-13.1-B": _bar_120,
    "PR-41-88DAYS": _in_88_days,
    "PR-41-SCEN1": _scenario_1,
    "PR-41-SCEN4": _scenario_4,
    "PR-41B2II-114": _acknowledged_by_day_119,
    "RX-31-DELINQ-2A": _days_delinquent,
    "RX-31-DELINQ-2B": _rolling,
    "RX-35H-1": _payment_owed_no_condition,
    "RX-37D1-1I": _reminder,
    "RX-37D1-1II": _reminder,
    "RX-38C2-1": _servicing_file,
    "RX-39A-1IA": _live_contact,
    "RX-39A-1IB-COUNT": _days_delinquent,
    "RX-39A-1IB-FEB5": _one_contact_two_due_dates,
    "RX-39B1-1A": _written_notice,
    "RX-39B1-2-180": _within_180_days,
    "RX-39B1-2-45TH": _written_notice,
    "RX-39B1-2I": _again_after_180_days,
    "RX-39B1-5": _notice_after_transfer,
    "RX-39C1II-2II": _two_spouses,
    "RX-41B2I-1": _no_sale,
    "RX-41B3-1": _no_sale_appeal,
    "RX-41C2I-1": _offer_to_everybody,
    "RX-41C2II-1": _significant_time,
    "RX-41C3I-1B": _second_complete_notice,
    "RX-41C3I-3": _second_complete_notice,
    "RX-41K2II-1-REASDATE": _reasonable_date,
    "RX-41K2II-1-TRANSFER": _five_days,
    "RX-41K2II-1I-BAR": _barred_to_the_reasonable_date,
    "RX-41K2II-1I-DPD": _delinquent_101,
    "RZ-2A6-2": _observed_friday_counts,
    "RZ-39B5-1": _joint_owners,
    "RZ-41D3-1I": _held,
    "RZ-41D3-1II": _held,
    "RZ-41D8-2": _first_day_on_statement,
    "RZ-41E4III-2I": _no_longer_small,
    "RZ-41E4III-2III": _small_again,
    "RZ-41E5IVB-1I": _one_statement_skipped,
    "RZ-41E5IVB-3": _skipped_again,
}


@pytest.fixture(scope="module")
def published(shared: Path) -> dict[str, Mapping[str, Any]]:
    path = shared / "cases" / "regulation_x.json"
    if not path.is_file():
        pytest.skip(f"{path.name} is not in the development data")
    return {case["id"]: case for case in json.loads(path.read_text(encoding="utf-8"))["cases"]}


def test_every_published_case_is_looked_at(published: dict[str, Mapping[str, Any]]) -> None:
    assert set(published) == set(CHECKS) | set(ELSEWHERE)
    assert not set(CHECKS) & set(ELSEWHERE)


@pytest.mark.parametrize("name", CHECKS)
def test_published_case(name: str, published: dict[str, Mapping[str, Any]]) -> None:
    for year in years(published[name]):
        CHECKS[name](Published(published[name], year))


@pytest.mark.parametrize("name", CHECKS)
def test_sums_of_published_cases(name: str, published: dict[str, Mapping[str, Any]]) -> None:
    for sum_ in published[name]["arithmetic"]:
        if sum_.get("unit") not in ("CAL", "XHOL") or not sum_["from"].startswith("20"):
            continue
        start, end = (datetime.date.fromisoformat(sum_[key]) for key in ("from", "to"))
        table = rulebook().xhol
        moved = start + sum_["add"] * DAY if sum_["unit"] == "CAL" else None
        assert end == (moved or datetime.date.fromordinal(table.add(start.toordinal(), sum_["add"])))


def test_a_told_clockwork_insists_on_one_item() -> None:
    with pytest.raises(AssertionError):
        told([], "2026-03-01", first_due="2026-01-01").duty("EI-99")
    assert isinstance(told([], "2026-03-01"), Told)
