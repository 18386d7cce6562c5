"""Applications: receipt, completeness, decision, answer, appeal, repeats; each test against the sale by itself."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from hopenow.clocks import DEFAULT, Status
from tests.clocks.stories import Told, row, told

JAN = "2026-01-01"
DAY = datetime.timedelta(days=1)
APP = row("application_received", "2026-03-02", id="app")
COMPLETE = row("application_complete", "2026-03-04")
DENIED = row("decision_sent", "2026-03-20", denied_modifications=["flex"])
OFFERED = row("decision_sent", "2026-03-20", offered=["flex"])
FILED = row("first_filing_made", "2026-02-20")


def with_sale(day: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """A filing and a sale date, and then the rows."""
    return [FILED, row("sale_scheduled", "2026-02-25", sale_date=day), *rows]


def tell(rows: list[dict[str, Any]], as_of: str, **more: Any) -> Told:
    return told(rows, as_of, first_due=more.pop("first_due", "2025-06-01"), **more)


def test_acknowledgment_in_five_days_without_holidays_and_weekends() -> None:
    # Columbus Day 2026 is Monday, October 12.
    clock = told([row("application_received", "2026-10-07", id="a")], "2026-10-15", first_due=JAN)
    duty = clock.duty("LM-2")
    assert duty.due == datetime.date(2026, 10, 15)
    assert duty.status is Status.DUE_TODAY
    assert duty.counted == "October 7, 2026 is day 0; plus 5 days without holidays and weekends is October 15, 2026"
    assert duty.legal.policies == ("observed_holidays",)


def test_observed_holidays_are_a_policy() -> None:
    # July 4, 2026 is a Saturday; federal offices close on Friday, July 3.
    rows = [row("application_received", "2026-07-01")]
    assert told(rows, "2026-07-02", first_due=JAN).duty("LM-2").due == datetime.date(2026, 7, 8)
    observed = DEFAULT.with_(observed_holidays="saturday_to_friday")
    assert told(rows, "2026-07-02", observed, first_due=JAN).duty("LM-2").due == datetime.date(2026, 7, 9)


@pytest.mark.parametrize(("days", "owed"), [(44, False), (45, True), (46, True)])
def test_acknowledgment_depends_on_the_sale_known_on_receipt(days: int, owed: bool) -> None:
    sale = datetime.date(2026, 3, 2) + days * DAY
    clock = tell(with_sale(sale.isoformat(), APP), "2026-03-03")
    assert ("LM-2" in clock.rules()) is owed
    moved = tell(
        with_sale(sale.isoformat(), APP, row("sale_rescheduled", "2026-03-02", sale_date="2026-12-01")), "2026-03-03"
    )
    assert ("LM-2" in moved.rules()) is owed


@pytest.mark.parametrize(
    ("days", "tier", "decide", "appeal", "answer", "barred"),
    [
        (37, "T4", False, False, None, False),
        (38, "T3", True, False, 7, True),
        (89, "T3", True, False, 7, True),
        (90, "T2", True, True, 14, True),
        (None, "T2", True, True, 14, True),
    ],
)
def test_tiers_after_the_first_filing(
    days: int | None, tier: str, decide: bool, appeal: bool, answer: int | None, barred: bool
) -> None:
    complete = datetime.date(2026, 3, 4)
    sale = [] if days is None else [row("sale_scheduled", "2026-02-25", sale_date=complete + days * DAY)]
    both = row("decision_sent", "2026-03-20", offered=["plan"], denied_modifications=["flex"])
    clock = tell([FILED, *sale, APP, COMPLETE, both], "2026-03-21")
    facts = clock.facts.applications[0]
    assert facts.tier == tier
    assert ("EV-1" in clock.rules()) is decide
    assert ("AP-1" in {right.legal.rule for right in clock.rights}) is appeal
    given = [right for right in clock.rights if right.kind == "accept"]
    assert [right.until for right in given] == ([] if answer is None else [datetime.date(2026, 3, 20) + answer * DAY])
    assert ("FC-3" in {shield.legal.rule for shield in clock.protections}) is barred


def test_an_early_filing_leaves_the_homeowner_in_the_first_tier() -> None:
    # The filing of March 3 came 61 days after the due date: it was barred, and the time before it counts as not over.
    rows = [row("first_filing_made", "2026-03-03"), row("sale_scheduled", "2026-03-03", sale_date="2026-04-30"), APP]
    clock = told([*rows, row("application_complete", "2026-03-04")], "2026-03-05", first_due=JAN)
    assert clock.facts.applications[0].tier == "T1"
    assert {shield.legal.rule for shield in clock.clockwork.shield} == {"FC-1", "FC-2", "FC-3"}
    assert clock.broken().count("FC-1") == 1
    other = [
        row("first_filing_made", "2026-03-03", basis="due_on_sale"),
        *rows[1:],
        row("application_complete", "2026-03-04"),
    ]
    assert told(other, "2026-03-05", first_due=JAN).facts.applications[0].tier == "T3"


def test_before_the_filing_the_limbs_differ() -> None:
    # No first filing, but a sale 60 days off: the appeal is open through the first limb, the time to answer is short.
    rows = [
        row("sale_scheduled", "2026-02-25", sale_date="2026-05-03"),
        APP,
        COMPLETE,
        row("decision_sent", "2026-03-20", offered=["plan"], denied_modifications=["flex"]),
    ]
    clock = tell(rows, "2026-03-21")
    assert clock.facts.applications[0].tier == "T1"
    assert clock.right("AP-1").open
    assert clock.right("RS-2").until == datetime.date(2026, 3, 27)
    tests = {test.name: test.passed for test in clock.facts.applications[0].tests}
    assert tests == {
        "acknowledgment": True,
        "decision": True,
        "longer time to answer": False,
        "appeal": True,
        "bar on a first filing": True,
        "bar on judgment and sale": False,
    }


# --- the reasonable date -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first_due", "sale", "stale", "latest"),
    [
        ("2026-02-01", None, None, "2026-04-04"),
        ("2025-11-10", None, None, "2026-03-12"),  # the delinquency reaches its milestone on March 10
        ("2025-11-20", None, None, "2026-03-20"),
        ("2026-02-01", None, "2026-03-25", "2026-03-25"),
        ("2026-02-01", None, "2026-03-07", "2026-03-12"),  # the shortest time wins over every milestone
        ("2025-06-01", "2026-06-20", None, "2026-03-22"),  # ninety days before the sale
        ("2025-06-01", "2026-05-01", None, "2026-03-24"),  # passed already: the next one, 38 days before it
    ],
)
def test_reasonable_date(first_due: str, sale: str | None, stale: str | None, latest: str) -> None:
    scheduled = [] if sale is None else [row("sale_scheduled", "2026-02-20", sale_date=sale)]
    application = dict(APP) if stale is None else {**APP, "stale_on": stale}
    rows = [*scheduled, application, row("acknowledgment_sent", "2026-03-05", complete=False, missing=["x"])]
    clock = told(rows, "2026-03-06", first_due=first_due)
    assert clock.duty("LM-3").due == datetime.date.fromisoformat(latest)
    assert clock.right("LM-3").until == datetime.date.fromisoformat(latest)
    assert clock.right("LM-3").what == "Send the missing papers"


@pytest.mark.parametrize(
    ("named", "wrong"), [("2026-03-11", True), ("2026-03-12", False), ("2026-03-25", False), ("2026-03-26", True)]
)
def test_a_reasonable_date_that_is_none(named: str, wrong: bool) -> None:
    rows = [
        {**APP, "stale_on": "2026-03-25"},
        row("acknowledgment_sent", "2026-03-05", complete=False, missing=["x"], reasonable_date=named),
    ]
    clock = told(rows, "2026-03-06", first_due="2026-02-01")
    assert (clock.broken() == ["LM-3"]) is wrong


# --- completeness --------------------------------------------------------------------------------------


def test_complete_once_every_paper_listed_is_in() -> None:
    rows = [
        APP,
        row("acknowledgment_sent", "2026-03-05", complete=False, missing=["a", "b"]),
        row("document_received", "2026-03-07", document="b"),
        row("document_received", "2026-03-09", document="a"),
    ]
    clock = told(rows, "2026-03-10", first_due=JAN)
    assert clock.facts.applications[0].complete == datetime.date(2026, 3, 9)
    assert clock.duty("LM-6").due == datetime.date(2026, 3, 16)
    assert clock.duty("EV-1").due == datetime.date(2026, 4, 8)
    assert clock.duty("LM-4").status is Status.ENDED


def test_complete_on_receipt_when_the_acknowledgment_lists_nothing() -> None:
    rows = [
        APP,
        row("document_received", "2026-03-03", document="a"),
        row("acknowledgment_sent", "2026-03-05", complete=True),
    ]
    clock = told(rows, "2026-03-06", first_due=JAN)
    assert clock.facts.applications[0].complete == datetime.date(2026, 3, 3)
    assert clock.duty("LM-6").status is Status.WAIVED
    assert clock.shield_of("FC-2").start == datetime.date(2026, 3, 3)


def test_completed_within_the_reasonable_opportunity() -> None:
    rows = [
        APP,
        COMPLETE,
        row("information_requested", "2026-03-10", respond_by="2026-03-31"),
        row("application_complete", "2026-03-31"),
    ]
    clock = told(rows, "2026-04-01", first_due=JAN)
    facts = clock.facts.applications[0]
    assert facts.facially_complete == datetime.date(2026, 3, 4)
    assert facts.complete == datetime.date(2026, 3, 31)
    assert [duty.due for duty in clock.duties_of("EV-1") if duty.status is Status.OPEN] == [datetime.date(2026, 4, 30)]
    assert clock.shield_of("FC-2").start == datetime.date(2026, 3, 4)


def test_not_completed_within_it() -> None:
    rows = [APP, COMPLETE, row("information_requested", "2026-03-10")]
    waiting = told(rows, "2026-04-09", first_due=JAN)
    assert waiting.right("FA-2").open
    assert waiting.facts.applications[0].state == "facially complete"
    assert waiting.shield_of("FC-2").expected == datetime.date(2026, 4, 9)
    assert waiting.shield_of("FC-2").in_force
    passed = told(rows, "2026-04-10", first_due=JAN)
    assert passed.facts.applications[0].state == "incomplete again"
    assert passed.shield_of("FC-2").until == datetime.date(2026, 4, 9)
    again = told([*rows, row("application_complete", "2026-04-20")], "2026-04-21", first_due=JAN)
    starts = [shield.start for shield in again.protections if shield.legal.rule == "FC-2"]
    assert starts == [datetime.date(2026, 3, 4), datetime.date(2026, 4, 20)]
    assert again.facts.applications[0].facially_complete == datetime.date(2026, 4, 20)


def test_the_reasonable_opportunity_is_a_policy() -> None:
    rows = [APP, COMPLETE, row("information_requested", "2026-03-10")]
    clock = told(rows, "2026-03-11", DEFAULT.with_(reasonable_opportunity_days=10), first_due=JAN)
    assert clock.right("FA-2").until == datetime.date(2026, 3, 20)
    assert clock.right("FA-2").legal.verification == "unverified"


def test_something_from_another_party_is_missing() -> None:
    late = [APP, COMPLETE, row("third_party_delay_notice_sent", "2026-04-03")]
    clock = told(late, "2026-04-20", first_due=JAN)
    assert clock.duty("EV-1").status is Status.WAIVED
    assert [duty.status for duty in clock.duties_of("EV-2")] == [Status.DONE_ON_TIME, Status.OPEN]
    rows = [
        *late,
        row("third_party_information_received", "2026-04-10"),
        row("decision_sent", "2026-04-14", offered=["x"]),
    ]
    done = told(rows, "2026-04-20", first_due=JAN)
    assert {duty.status for duty in done.duties_of("EV-2")} == {Status.DONE_ON_TIME}
    too_late = told([APP, COMPLETE, row("third_party_delay_notice_sent", "2026-04-04")], "2026-04-20", first_due=JAN)
    assert too_late.duty("EV-1").status is Status.OVERDUE


def test_a_possible_successor_waits_for_confirmation() -> None:
    rows = [{**APP, "by_possible_successor": True}, COMPLETE]
    waiting = told(rows, "2026-03-10", first_due=JAN)
    assert "LM-2" not in waiting.rules()
    assert any("successor" in note for note in waiting.facts.notes)
    clock = told([*rows, row("successor_confirmed", "2026-04-01")], "2026-04-02", first_due=JAN)
    assert clock.duty("LM-2").due == datetime.date(2026, 4, 8)
    assert clock.duty("EV-1").since == datetime.date(2026, 4, 1)


# --- decisions and appeals -----------------------------------------------------------------------------


def test_decision_content() -> None:
    rows = [APP, COMPLETE, {**DENIED, "reasons_given": False, "appeal_explained": False}]
    broken = told(rows, "2026-03-21", first_due=JAN).broken()
    assert broken.count("EV-7") == 1
    assert broken.count("EV-1") == 1
    right = told([APP, COMPLETE, {**DENIED, "reasons_given": True}], "2026-03-21", first_due=JAN)
    assert right.duty("EV-7").status is Status.DONE_ON_TIME


def test_an_offer_with_too_little_time() -> None:
    rows = [APP, COMPLETE, {**OFFERED, "respond_by": "2026-04-02"}]
    clock = told(rows, "2026-03-21", first_due=JAN)
    assert "RS-1" in clock.broken()
    assert clock.right("RS-1").until == datetime.date(2026, 4, 3)
    longer = told([APP, COMPLETE, {**OFFERED, "respond_by": "2026-04-20"}], "2026-03-21", first_due=JAN)
    assert longer.right("RS-1").until == datetime.date(2026, 4, 20)


def test_a_revised_decision_begins_the_times_anew() -> None:
    rows = [APP, COMPLETE, DENIED, row("decision_sent", "2026-04-01", offered=["plan"])]
    clock = told(rows, "2026-04-02", first_due=JAN)
    assert clock.duty("EV-1").done == datetime.date(2026, 3, 20)
    assert clock.right("RS-1").until == datetime.date(2026, 4, 15)
    assert clock.right("AP-1").until == datetime.date(2026, 4, 15)
    assert clock.shield_of("FC-2").expected == datetime.date(2026, 4, 15)


def test_the_offer_waits_for_the_appeal() -> None:
    both = row("decision_sent", "2026-03-20", offered=["plan"], denied_modifications=["flex"])
    rows = [APP, COMPLETE, both, row("appeal_received", "2026-04-03")]
    open_ = told(rows, "2026-04-20", first_due=JAN)
    assert open_.right("RS-4").until is None
    assert open_.right("RS-4").open
    assert open_.duty("AP-3").due == datetime.date(2026, 5, 3)
    assert open_.shield_of("FC-2").in_force
    decided = told([*rows, row("appeal_decision_sent", "2026-04-30", same_reviewer=True)], "2026-05-01", first_due=JAN)
    assert decided.right("RS-4").until == datetime.date(2026, 5, 14)
    assert "AP-2" in decided.broken()


def test_an_appeal_is_made_on_mailing_or_receipt() -> None:
    rows = [APP, COMPLETE, DENIED, row("appeal_received", "2026-04-05", mailed="2026-04-03")]
    mailed = told(rows, "2026-04-06", first_due=JAN)
    assert mailed.right("AP-1").used == datetime.date(2026, 4, 3)
    assert mailed.duty("AP-3").due == datetime.date(2026, 5, 3)
    received = told(rows, "2026-04-06", DEFAULT.with_(appeal_made_on="receipt"), first_due=JAN)
    assert received.right("AP-1").used is None
    assert "AP-3" not in received.rules()


# --- the ways out of the shield ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "as_of", "until", "expected"),
    [
        ([], "2026-03-10", None, None),
        ([DENIED], "2026-03-25", None, "2026-04-03"),
        ([DENIED], "2026-04-04", "2026-04-03", None),
        ([DENIED, row("appeal_received", "2026-03-30")], "2026-06-01", None, None),
        (
            [DENIED, row("appeal_received", "2026-03-30"), row("appeal_decision_sent", "2026-04-15")],
            "2026-05-01",
            "2026-04-15",
            None,
        ),
        ([OFFERED], "2026-03-25", None, "2026-04-03"),
        ([OFFERED], "2026-04-04", "2026-04-03", None),
        ([OFFERED, row("offer_rejected", "2026-03-25")], "2026-04-04", "2026-03-25", None),
        ([OFFERED, row("offer_accepted", "2026-03-25")], "2026-12-01", None, None),
        ([OFFERED, row("trial_payment_made", "2026-04-01")], "2026-12-01", None, None),
        (
            [OFFERED, row("offer_accepted", "2026-03-25"), row("plan_failed", "2026-07-01")],
            "2026-12-01",
            "2026-07-01",
            None,
        ),
        (
            [OFFERED, row("offer_accepted", "2026-03-25"), row("plan_completed", "2026-07-01")],
            "2026-12-01",
            "2026-07-01",
            None,
        ),
        ([row("application_withdrawn", "2026-03-10")], "2026-12-01", "2026-03-10", None),
        ([row("decision_sent", "2026-03-20", denied_other=["short sale"])], "2026-12-01", "2026-03-20", None),
        ([row("loan_paid_off", "2026-03-15")], "2026-12-01", "2026-03-15", None),
    ],
)
def test_exits(rows: list[dict[str, Any]], as_of: str, until: str | None, expected: str | None) -> None:
    for first, rule in (([], "FC-2"), ([FILED], "FC-3")):
        shield = tell([*first, APP, COMPLETE, *rows], as_of).shield_of(rule)
        assert shield.until == (None if until is None else datetime.date.fromisoformat(until))
        assert shield.expected == (None if expected is None else datetime.date.fromisoformat(expected))
        assert shield.in_force is (until is None)


def test_an_answer_after_the_time_protects_from_then_on() -> None:
    rows = [APP, COMPLETE, OFFERED, row("offer_accepted", "2026-04-20")]
    clock = tell(rows, "2026-06-01")
    spans = [(shield.start, shield.until) for shield in clock.protections if shield.legal.rule == "FC-2"]
    assert spans == [(datetime.date(2026, 3, 4), datetime.date(2026, 4, 3)), (datetime.date(2026, 4, 20), None)]
    between = tell([APP, COMPLETE, OFFERED, row("first_filing_made", "2026-04-10"), rows[-1]], "2026-06-01")
    assert "FC-2" not in between.broken()
    broken = tell([*rows, row("plan_failed", "2026-05-20")], "2026-06-01")
    assert [shield.until for shield in broken.protections if shield.legal.rule == "FC-2"][1] == datetime.date(
        2026, 5, 20
    )


def test_until_when_an_application_would_protect() -> None:
    sale = datetime.date(2026, 6, 30)
    clock = tell(with_sale(sale.isoformat()), "2026-03-01")
    right = clock.right("FC-3")
    assert right.until == sale - 38 * DAY
    assert right.open
    assert "complete application" in right.what
    assert "FC-3" in {
        shield.legal.rule
        for shield in tell(
            with_sale(sale.isoformat(), APP, row("application_complete", str(right.until))), "2026-06-01"
        ).protections
    }
    assert not [r for r in tell(with_sale(sale.isoformat()), "2026-05-24").rights if r.kind == "apply"]
    before = told([], "2026-03-01", first_due=JAN).right("FC-2")
    assert before.until == datetime.date(2026, 5, 1)
    assert not [r for r in told([APP, COMPLETE], "2026-03-05", first_due=JAN).rights if r.kind == "apply"]


def test_counsel_is_told() -> None:
    rows = [FILED, APP, COMPLETE]
    assert tell(rows, "2026-03-05").duty("PP-5").status is Status.OPEN
    told_ = tell([*rows, row("counsel_instructed", "2026-03-05")], "2026-03-06")
    assert told_.duty("PP-5").status is Status.DONE_ON_TIME
    assert "PP-5" not in tell([APP, COMPLETE], "2026-03-05").rules()


def test_silence_need_not_be_a_rejection() -> None:
    policies = DEFAULT.with_(silence_is_rejection=False)
    assert tell([APP, COMPLETE, OFFERED], "2026-06-01", policies=policies).shield_of("FC-2").in_force


def test_acts_against_the_shield() -> None:
    filing = row("first_filing_made", "2026-03-20")
    assert "FC-2" in tell([APP, COMPLETE, filing], "2026-03-21").broken()
    motion = row("judgment_motion_made", "2026-03-20")
    assert "FC-3" in tell([FILED, APP, COMPLETE, motion], "2026-03-21").broken()
    sale = [row("sale_rescheduled", "2026-03-21", sale_date="2026-04-01"), row("sale_held", "2026-04-01")]
    assert "FC-3" in tell(with_sale("2026-06-01", APP, COMPLETE, *sale), "2026-04-02").broken()
    # On the same day, what comes first in the list came first.
    before = [row("first_filing_made", "2026-03-04"), APP, COMPLETE]
    assert "FC-2" not in tell(before, "2026-03-05").broken()


def test_first_filing_for_other_reasons_is_not_barred_by_the_days() -> None:
    for basis in ("due_on_sale", "joining"):
        assert not told([row("first_filing_made", "2026-02-03", basis=basis)], "2026-02-04", first_due=JAN).broken()
    assert told([row("first_filing_made", "2026-02-03")], "2026-02-04", first_due=JAN).broken() == ["FC-1"]


# --- repeats, short plans, deferrals, small servicers ---------------------------------------------------


def test_another_application_while_always_behind() -> None:
    rows = [APP, COMPLETE, {**DENIED, "about": "app"}, row("application_received", "2026-06-01", id="two")]
    clock = told(rows, "2026-06-02", first_due=JAN)
    assert [facts.covered for facts in clock.facts.applications] == [True, False]
    assert not clock.duties_of("LM-2", "two")
    cured = [*rows, row("payment_received", "2026-04-15", installments=4)]
    assert told(cured, "2026-06-02", first_due=JAN).facts.applications[1].covered
    moved = [*rows, row("servicing_transferred", "2026-05-15", to="Second")]
    assert told(moved, "2026-06-02", first_due=JAN).facts.applications[1].covered


def test_until_2017_a_servicer_complied_once() -> None:
    rows = [
        row("application_received", "2015-03-02", id="app"),
        row("application_complete", "2015-03-04"),
        row("decision_sent", "2015-03-20", denied_modifications=["flex"], about="app"),
        row("payment_received", "2015-04-15", installments=4),
        row("application_received", "2015-06-01", id="two"),
    ]
    clock = told(rows, "2015-06-02", first_due="2015-01-01")
    assert not clock.facts.applications[1].covered
    assert "LM-6" not in clock.rules()


def test_short_term_plan_on_an_incomplete_application() -> None:
    rows = [
        APP,
        row("short_term_offer_made", "2026-03-06", plan="forbearance", months=6, ends="2026-09-01"),
        row("short_term_accepted", "2026-03-09"),
    ]
    clock = told(rows, "2026-03-10", first_due=JAN)
    assert clock.duty("EV-4").due == datetime.date(2026, 3, 13)
    assert clock.duty("EV-4").basis == "safe_harbor"
    bars = {shield.bars for shield in clock.protections if shield.legal.rule == "EV-5"}
    assert bars == {"first notice or filing", "judgment or sale"}
    contact = [duty for duty in clock.duties_of("LM-4") if duty.due]
    assert [duty.due for duty in contact] == [datetime.date(2026, 9, 1)]
    filed = told([*rows, row("first_filing_made", "2026-06-01")], "2026-06-02", first_due=JAN)
    assert "EV-5" in filed.broken()
    failed = told(
        [*rows, row("short_term_failed", "2026-05-20"), row("first_filing_made", "2026-06-01")],
        "2026-06-02",
        first_due=JAN,
    )
    assert "EV-5" not in failed.broken()
    long = told(
        [APP, row("short_term_offer_made", "2026-03-06", plan="repayment", months=4)], "2026-03-10", first_due=JAN
    )
    assert "EV-3" in long.broken()


def test_deferral_ends_delinquency_and_work_on_the_application() -> None:
    rows = [APP, row("deferral_offered", "2026-03-06"), row("deferral_accepted", "2026-03-10", next_due="2026-04-01")]
    clock = told(rows, "2026-03-11", first_due=JAN)
    assert clock.facts.days_delinquent == 0
    assert clock.facts.applications[0].state == "deferral accepted"
    assert clock.duty("LM-4").status is Status.ENDED


@pytest.mark.parametrize(("day", "wrong"), [("2020-06-30", True), ("2020-07-01", False)])
def test_deferral_type_offers_came_in_2020(day: str, wrong: bool) -> None:
    rows = [
        row("application_received", "2020-06-01", id="a"),
        row("decision_sent", day, offered=["deferral"], basis="deferral"),
    ]
    assert ("EV-3" in told(rows, "2020-07-02", first_due="2020-01-01").broken()) is wrong


@pytest.mark.parametrize(
    ("day", "wrong"), [("2021-08-30", True), ("2021-08-31", False), ("2025-07-14", False), ("2025-07-15", True)]
)
def test_streamlined_offers_had_their_time(day: str, wrong: bool) -> None:
    start = datetime.date.fromisoformat(day)
    rows = [
        row("application_received", start - 5 * DAY, id="a"),
        row("decision_sent", start, offered=["modification"], basis="covid_streamlined"),
    ]
    assert ("EV-3" in told(rows, start, first_due=start.replace(month=1, day=1)).broken()) is wrong


def test_a_small_servicer_keeps_off_a_homeowner_who_performs() -> None:
    rows = [APP, COMPLETE, OFFERED, row("offer_accepted", "2026-03-25")]
    clock = told(rows, "2026-06-01", first_due=JAN, small_servicer=True)
    assert {shield.legal.rule for shield in clock.protections if shield.in_force} == {"SS-1"}
    early = told([row("first_filing_made", "2026-03-01")], "2026-03-02", first_due=JAN, small_servicer=True)
    assert early.broken() == ["FC-1"]
    broken = told([*rows, row("first_filing_made", "2026-05-20")], "2026-06-01", first_due=JAN, small_servicer=True)
    assert broken.broken() == ["SS-1"]


# --- transfers -------------------------------------------------------------------------------------------


def test_acknowledgment_and_decision_after_a_transfer() -> None:
    rows = [APP, row("servicing_transferred", "2026-03-06", to="Second")]
    clock = told(rows, "2026-03-10", first_due=JAN)
    assert clock.duty("LM-2").status is Status.ENDED
    assert clock.duty("TR-2").due == datetime.date(2026, 3, 20)
    assert clock.duty("TR-2").name == "Second"
    assert clock.shield_of("TR-3").until is None
    # The time had run out before the transfer: the old servicer's breach, and no new time.
    late = told([APP, row("servicing_transferred", "2026-03-10", to="Second")], "2026-03-12", first_due=JAN)
    assert late.duty("LM-2").status is Status.OVERDUE
    assert "TR-2" not in late.rules()


def test_complete_by_the_reasonable_date_of_the_new_servicer() -> None:
    rows = [
        *with_sale("2026-05-01", row("application_received", "2026-03-10", id="app")),
        row("servicing_transferred", "2026-03-12", to="Second"),
        row("acknowledgment_sent", "2026-03-16", complete=False, missing=["x"], reasonable_date="2026-04-10"),
        row("application_complete", "2026-04-08"),
    ]
    clock = tell(rows, "2026-04-09")
    assert clock.facts.applications[0].tier == "T4"
    assert clock.duty("EV-1").due == datetime.date(2026, 5, 8)
    assert clock.shield_of("FC-3").in_force


def test_complete_only_under_the_new_servicers_requirements() -> None:
    rows = [
        APP,
        row("servicing_transferred", "2026-03-20", to="Second"),
        row("application_complete", "2026-03-25", as_of_transfer=True),
    ]
    clock = told(rows, "2026-03-26", first_due=JAN)
    due = [duty.due for duty in clock.duties if duty.legal.rule in ("EV-1", "TR-5") and duty.status is Status.OPEN]
    assert due == [datetime.date(2026, 4, 19)]


def test_an_application_that_was_not_covered_before_is_received_on_the_transfer() -> None:
    moved = row("servicing_transferred", "2026-03-20", to="Second", application_was_covered=False, small=False)
    clock = told([APP, moved], "2026-03-21", first_due=JAN, small_servicer=True)
    assert clock.facts.coverage == "full"
    assert clock.facts.applications[0].received == datetime.date(2026, 3, 20)
    assert clock.facts.applications[0].covered
    assert clock.duty("LM-2").due == datetime.date(2026, 3, 27)


def test_a_stop_to_contact_binds_the_next_servicer_if_it_is_a_debt_collector() -> None:
    rows = [
        row("cease_contact_received", "2026-01-20"),
        row("servicing_transferred", "2026-03-20", to="B", debt_collector=True),
    ]
    clock = told(rows, "2026-06-01", first_due=JAN)
    by_due = {duty.about: duty.status for duty in clock.duties_of("EI-1")}
    assert by_due["2026-02-01"] is Status.MISSED
    assert by_due["2026-03-01"] is Status.WAIVED
