"""Program clocks: each rule one day before, at, and after; what waives and what ends it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from hopenow.clocks import Status, law_files, rulebook
from tests.clocks.stories import Told, row, told

JAN = "2026-01-01"


def fha(rows: list[dict[str, Any]], as_of: str, **loan: Any) -> Told:
    return told(rows, as_of, **{"first_due": JAN, "programs": ["fha"], **loan})


def notice(kind: str, day: str) -> dict[str, Any]:
    return row("program_notice_sent", day, notice=kind)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def around(last: str) -> tuple[tuple[str, Status], ...]:
    """The day before, the day itself and the day after a last day, with what a duty then is."""
    step = datetime.timedelta(days=1)
    return (
        ((day(last) - step).isoformat(), Status.OPEN),
        (last, Status.DUE_TODAY),
        ((day(last) + step).isoformat(), Status.OVERDUE),
    )


# --- every plain deadline: what starts it, its last day -----------------------------------------------

PLAIN: list[tuple[str, str, list[dict[str, Any]], str, dict[str, Any]]] = [
    # Installments due January 1, February 1, March 1, April 1, 2026.
    ("FHA-T1", "fha", [], "2026-03-31", {}),
    ("FHA-T2", "fha", [], "2026-02-28", {}),
    ("FHA-T4", "fha", [], "2026-02-28", {}),
    # In default on January 31; six months more.
    ("FHA-T7", "fha", [], "2026-07-31", {}),
    ("FHA-T12", "fha", [row("first_filing_made", "2026-05-05")], "2026-06-04", {}),
    ("FHA-PC9", "fha", [row("partial_claim_executed", "2026-05-05")], "2026-07-04", {}),
    ("FHA-PC9a", "fha", [row("partial_claim_executed", "2026-05-05")], "2026-11-05", {}),
    ("FHA-M616", "fha", [row("modification_executed", "2026-05-05")], "2026-06-04", {}),
    # Vacant since February 1: 120 days later is June 1; found on May 1: 60 days later is June 30.
    ("FHA-T8", "fha", [row("home_found_vacant", "2026-05-01", since="2026-02-01")], "2026-06-30", {}),
    ("FHA-T8", "fha", [row("home_found_vacant", "2026-02-02", since="2026-02-01")], "2026-06-01", {}),
    # Never beyond the six months.
    ("FHA-T8", "fha", [row("home_found_vacant", "2026-07-01")], "2026-07-31", {}),
    (
        "FHA-T8a",
        "fha",
        [row("bankruptcy_filed", "2026-03-01"), row("bankruptcy_dismissed", "2026-06-10")],
        "2026-09-08",
        {},
    ),
    # Ended on May 10; 90 days later is August 8, after the six months.
    (
        "FHA-T10",
        "fha",
        [row("short_sale_started", "2026-03-10"), row("short_sale_ended", "2026-05-10")],
        "2026-08-08",
        {},
    ),
    # No contract in four months: it ended on July 10.
    ("FHA-T10", "fha", [row("short_sale_started", "2026-03-10")], "2026-10-08", {}),
    ("VA-L75", "va", [], "2026-03-24", {}),
    ("VA-L75", "va", [], "2026-02-22", {"closed_on": "2025-07-02"}),
    ("VA-L75", "va", [], "2026-03-24", {"closed_on": "2025-07-01"}),
    ("VA-I60", "va", [], "2026-03-01", {}),
    ("VA-PP10", "va", [row("refused_payment_received", "2026-05-05")], "2026-05-15", {}),
    ("VA-R60", "va", [row("purchase_elected", "2026-05-05")], "2026-07-04", {}),
    ("VA-A30", "va", [row("sale_scheduled", "2026-05-05", sale_date="2026-07-31")], "2026-07-01", {}),
    ("USDA-T1", "usda", [], "2026-03-01", {}),
    ("USDA-T2", "usda", [], "2026-03-01", {}),
    ("USDA-T6", "usda", [row("liquidation_decided", "2026-05-05")], "2026-08-03", {}),
    # Five business days over Memorial Day, May 25.
    ("FNM-C1", "fannie_mae", [row("application_received", "2026-05-20")], "2026-05-28", {}),
    ("PD-13", "fannie_mae", [row("violation_notice_received", "2026-05-20")], "2026-06-01", {}),
    ("PD-13a", "fannie_mae", [row("violation_notice_received", "2026-05-20")], "2026-07-19", {}),
    ("FM-T13", "fannie_mae", [row("modification_executed", "2026-05-20")], "2026-06-14", {}),
    ("SS-T6", "fannie_mae", [row("purchase_offer_received", "2026-05-20")], "2026-05-28", {}),
    ("SS-T6a", "fannie_mae", [row("purchase_offer_received", "2026-05-20")], "2026-06-19", {}),
    ("S184-C1", "section_184", [row("application_received", "2026-05-20")], "2026-05-25", {}),
    (
        "S184-C1b",
        "section_184",
        [row("application_received", "2026-05-18"), row("application_complete", "2026-05-20")],
        "2026-06-03",
        {},
    ),
    ("S184-C3", "section_184", [], "2026-06-30", {}),
    # Day 105 of delinquency.
    ("FNM-S1", "fannie_mae", [], "2026-04-16", {}),
]


@pytest.mark.parametrize(("rule", "program", "rows", "last", "loan"), PLAIN)
def test_one_day_before_at_and_after(
    rule: str, program: str, rows: list[dict[str, Any]], last: str, loan: dict[str, Any]
) -> None:
    for as_of, status in around(last):
        found = told(rows, as_of, first_due=JAN, programs=[program], **loan)
        duty = min(found.duties_of(rule), key=lambda item: item.since)
        assert (duty.due, duty.status) == (day(last), status), as_of
        assert rule not in told(rows, as_of, first_due=JAN, **loan).rules()


def test_every_plain_rule_is_of_law_and_a_breach_when_late() -> None:
    found = told([], "2026-03-25", first_due=JAN, programs=["va"])
    assert "VA-L75" in found.broken()
    assert found.duty("VA-L75").legal.verification == "verified"
    assert (
        told([], "2026-04-20", first_due=JAN, programs=["fannie_mae"]).duty("FNM-S1").legal.verification == "secondary"
    )


# --- FHA ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "last", "act"),
    [
        ("FHA-T1", "2026-03-31", row("options_evaluated", "")),
        ("FHA-T2", "2026-02-28", row("meeting_held", "")),
        ("FHA-T4", "2026-02-28", row("program_notice_sent", "", notice="fha_delinquency")),
        ("FHA-T7", "2026-07-31", row("first_filing_made", "")),
        ("FHA-T7", "2026-07-31", row("modification_executed", "")),
    ],
)
def test_fha_done(rule: str, last: str, act: dict[str, Any]) -> None:
    after = (day(last) + datetime.timedelta(days=1)).isoformat()
    for done, status in ((last, Status.DONE_ON_TIME), (after, Status.DONE_LATE)):
        duty = min(fha([{**act, "day": done}], "2026-08-05").duties_of(rule), key=lambda item: item.since)
        assert (duty.status, duty.done) == (status, day(done))


def test_fha_evaluation_every_month_after() -> None:
    rows = [row("options_evaluated", "2026-03-30"), row("options_evaluated", "2026-04-30")]
    found = {duty.about: duty for duty in fha(rows, "2026-05-20").duties_of("FHA-T1")}
    assert found[JAN].status is Status.DONE_ON_TIME
    assert found["2026-04-01"].status is Status.DONE_ON_TIME
    assert (found["2026-05-01"].status, found["2026-05-01"].due) == (Status.OPEN, day("2026-05-31"))


def test_fha_partial_cures_move_the_count() -> None:
    rows = [row("payment_received", "2026-02-15")]
    assert fha(rows, "2026-03-20").duty("FHA-T2").due == day("2026-03-31")
    cured = fha([row("payment_received", "2026-02-20", installments=2)], "2026-02-25")
    assert cured.duty("FHA-T2").status is Status.ENDED
    late = fha([row("payment_received", "2026-03-20", installments=3)], "2026-03-25")
    assert late.duty("FHA-T2").status is Status.MISSED


def test_fha_meeting_two_attempts_or_none_needed() -> None:
    one = [row("meeting_attempted", "2026-02-10")]
    assert fha(one, "2026-02-20").duty("FHA-T2").status is Status.OPEN
    two = [*one, row("meeting_attempted", "2026-02-12")]
    assert fha(two, "2026-02-20").duty("FHA-T2").done == day("2026-02-12")
    assert fha([row("meeting_refused", "2026-02-10")], "2026-02-20").duty("FHA-T2").status is Status.WAIVED
    plan = [
        row("application_received", "2026-01-20"),
        row("short_term_offer_made", "2026-01-25", plan="repayment"),
        row("short_term_accepted", "2026-02-01"),
    ]
    assert fha(plan, "2026-02-20").duty("FHA-T2").status is Status.WAIVED
    failed = [*plan, row("short_term_failed", "2026-04-01", id="failed")]
    for as_of, status in around("2026-05-01"):
        assert fha(failed, as_of).duty("FHA-T2", "failed").status is status


@pytest.mark.parametrize(("met", "broken"), [("2026-05-02", False), ("2026-05-03", True)])
def test_fha_meeting_thirty_days_before_foreclosure(met: str, broken: bool) -> None:
    rows = [
        notice("fha_default_and_intent", "2026-03-05"),
        row("meeting_held", met),
        row("first_filing_made", "2026-06-01"),
    ]
    about = [breach.about for breach in fha(rows, "2026-06-02").breaches if breach.legal.rule == "FHA-T2"]
    assert ("e3" in about) is broken


def test_fha_notice_once_in_six_months() -> None:
    rows = [
        notice("fha_delinquency", "2025-12-10"),
        row("payment_received", "2025-12-20"),
    ]
    found = fha(rows, "2026-02-20", first_due="2025-12-01")
    assert found.duty("FHA-T4", "2025-12-01").status is Status.DONE_ON_TIME
    assert found.duty("FHA-T4", JAN).status is Status.WAIVED


def test_fha_no_foreclosure_before_three_installments_and_the_notice() -> None:
    barred = fha([], "2026-02-10").shield_of("FHA-T5")
    assert (barred.start, barred.until, barred.in_force) == (day(JAN), day("2026-02-28"), True)
    assert fha([], "2026-03-10").shield_of("FHA-T5").until is None
    given = [notice("fha_default_and_intent", "2026-03-05")]
    assert fha(given, "2026-03-10").shield_of("FHA-T5").until == day("2026-03-04")
    early = [notice("fha_default_and_intent", "2026-02-05")]
    for filed, broken in (("2026-02-28", True), ("2026-03-01", False)):
        rows = [*early, row("first_filing_made", filed)]
        assert ("FHA-T5" in fha(rows, "2026-03-10").broken()) is broken
    # One of the three is paid before the filing: two are unpaid.
    paid = [*early, row("payment_received", "2026-03-10"), row("first_filing_made", "2026-03-20")]
    assert "FHA-T5" in fha(paid, "2026-03-25").broken()


@pytest.mark.parametrize(
    ("event", "until"),
    [
        (row("help_refused", "2026-02-10"), "2026-02-09"),
        (row("home_found_vacant", "2026-02-10", abandoned=True), "2026-02-09"),
        # Vacant for more than 60 days: from February 16 on.
        (row("home_found_vacant", "2026-02-10", since="2025-12-17"), "2026-02-15"),
        (row("program_exception_found", "2026-02-10", ground="company_owner"), "2026-02-09"),
    ],
)
def test_fha_exceptions_to_the_count(event: dict[str, Any], until: str) -> None:
    rows = [notice("fha_default_and_intent", "2026-01-20"), event]
    assert fha(rows, "2026-02-27").shield_of("FHA-T5").until == day(until)


def test_fha_date_of_default_needs_thirty_days() -> None:
    assert not fha([], "2026-01-30").duties_of("FHA-T7")
    assert fha([], "2026-01-31").duty("FHA-T7").due == day("2026-07-31")
    # Paid on day 30: the next installment counts.
    assert fha([row("payment_received", "2026-01-31")], "2026-03-05").duty("FHA-T7").due == day("2026-09-03")


def test_fha_bankruptcy_bars_the_six_months() -> None:
    rows = [row("bankruptcy_filed", "2026-03-01")]
    assert fha(rows, "2026-08-05").duty("FHA-T7").status is Status.WAIVED


def test_fha_more_time_after_an_option_failed() -> None:
    plan = [
        row("application_received", "2026-01-20"),
        row("short_term_offer_made", "2026-02-01", plan="forbearance"),
        row("short_term_accepted", "2026-02-05"),
        row("short_term_failed", "2026-06-10", id="failed"),
    ]
    assert not fha(plan, "2026-08-08").duties_of("FHA-T9")
    duty = fha(plan, "2026-08-09").duty("FHA-T9")
    assert duty.due == day("2026-09-08")
    trial = [
        row("application_received", "2026-02-01"),
        row("application_complete", "2026-02-10"),
        row("decision_sent", "2026-03-01", offered=["modification"]),
        row("offer_accepted", "2026-03-05"),
        row("plan_failed", "2026-05-01"),
    ]
    assert fha(trial, "2026-05-05").duty("FHA-T9").due == day("2026-10-29")


def test_fha_short_sale_with_contract_has_six_months() -> None:
    rows = [row("short_sale_started", "2026-03-10"), row("short_sale_contract_signed", "2026-07-10")]
    assert not fha(rows, "2026-09-09").duties_of("FHA-T10")
    assert fha(rows, "2026-09-10").duty("FHA-T10").since == day("2026-09-10")


def test_fha_reinstatement() -> None:
    rows = [notice("fha_default_and_intent", "2026-03-05"), row("first_filing_made", "2026-06-01")]
    assert fha(rows, "2026-06-05").right("FHA-T11").open
    back = [*rows, row("loan_brought_current", "2026-06-20", next_due="2026-07-01", by="reinstatement")]
    assert fha(back, "2026-06-25").right("FHA-T11").used == day("2026-06-20")
    again = [*back, row("foreclosure_dismissed", "2026-06-21"), row("first_filing_made", "2028-06-20", id="second")]
    second = fha(again, "2028-06-25")
    assert len([r for r in second.rights if r.legal.rule == "FHA-T11"]) == 1
    again[-1] = row("first_filing_made", "2028-06-21", id="second")
    assert len([r for r in fha(again, "2028-06-25").rights if r.legal.rule == "FHA-T11"]) == 2


def test_fha_contact_milestones_are_said_and_start_nothing() -> None:
    assert any("January 31, 2026" in note for note in fha([], "2026-01-27").facts.notes)
    assert any("February 2, 2026" in note for note in fha([], "2026-02-01").facts.notes)
    assert not fha([], "2026-02-01").duties_of("FHA-T20")


def test_fha_before_the_text_was_read_is_unverified() -> None:
    duty = fha([], "2024-02-10", first_due="2024-01-01").duty("FHA-T4")
    assert duty.legal.verification == "unverified"
    assert fha([], "2026-02-10").duty("FHA-T4").legal.verification == "verified"
    assert rulebook().versions["FHA-T4"][1].start == day("2025-01-27").toordinal()


# --- VA -----------------------------------------------------------------------------------------------


def va(rows: list[dict[str, Any]], as_of: str, **loan: Any) -> Told:
    return told(rows, as_of, **{"first_due": JAN, "programs": ["va"], **loan})


def test_va_thirty_day_letter() -> None:
    assert not va([], "2026-01-30").duties_of("VA-L30")
    duty = va([], "2026-01-31").duty("VA-L30")
    assert (duty.not_before, duty.due, duty.status) == (day("2026-01-31"), None, Status.OPEN)
    assert va([row("live_contact_made", "2026-01-31")], "2026-02-05").duty("VA-L30").status is Status.WAIVED
    assert va([row("live_contact_made", "2026-02-01")], "2026-02-05").duty("VA-L30").status is Status.OPEN
    assert va([notice("va_30_days", "2026-02-02")], "2026-02-05").duty("VA-L30").done == day("2026-02-02")


def test_va_letter_after_a_modification() -> None:
    rows = [row("modification_executed", "2025-09-01")]
    assert va(rows, "2026-02-10").duty("VA-L75").due == day("2026-02-22")
    assert "not known" in str(va([], "2026-02-10").duty("VA-L75").why)


def test_va_inspection_rests_while_a_plan_is_kept() -> None:
    rows = [
        row("application_received", "2026-01-20"),
        row("short_term_offer_made", "2026-01-25", plan="repayment"),
        row("short_term_accepted", "2026-02-01"),
    ]
    assert va(rows, "2026-02-20").duty("VA-I60").status is Status.WAIVED
    rows.append(row("short_term_failed", "2026-02-20"))
    assert va(rows, "2026-02-25").duty("VA-I60").status is Status.OPEN


@pytest.mark.parametrize(("charged", "broken"), [("2026-01-16", True), ("2026-01-17", False)])
def test_va_late_charge(charged: str, broken: bool) -> None:
    assert ("VA-LC15" in va([row("late_fee_charged", charged)], "2026-01-20").broken()) is broken


def test_va_appraisal_is_valid_for_some_days() -> None:
    sale = row("sale_scheduled", "2026-05-05", sale_date="2026-12-28")
    old = [row("appraisal_requested", "2026-06-30"), sale]
    assert va(old, "2026-07-15").duty("VA-A30").status is Status.OPEN
    assert va([row("appraisal_requested", "2026-07-01"), sale], "2026-07-15").duty("VA-A30").done == day("2026-07-01")


def test_va_disaster_modification() -> None:
    rows = [row("disaster_declared", "2026-03-03")]
    assert va(rows, "2027-03-03").right("VA-D12").open
    assert not va(rows, "2027-03-04").right("VA-D12").open


def test_va_covid_claim_is_history() -> None:
    def exit_on(text: str) -> list[dict[str, Any]]:
        return [
            row("application_received", "2021-06-01"),
            row("short_term_offer_made", "2021-06-05", plan="forbearance"),
            row("short_term_accepted", "2021-06-10"),
            row("short_term_ended", text),
        ]

    assert va(exit_on("2022-01-10"), "2022-02-01", first_due="2021-05-01").right("VA-VAPCP-1").until == day(
        "2022-05-10"
    )
    assert va(exit_on("2022-08-01"), "2022-09-01", first_due="2021-05-01").right("VA-VAPCP-1").until == day(
        "2022-10-28"
    )
    late = va(exit_on("2022-10-29"), "2022-11-01", first_due="2021-05-01")
    assert "VA-VAPCP-1" not in {right.legal.rule for right in late.rights}


# --- USDA ---------------------------------------------------------------------------------------------


def usda(rows: list[dict[str, Any]], as_of: str, **loan: Any) -> Told:
    return told(rows, as_of, **{"first_due": JAN, "programs": ["usda"], **loan})


def test_usda_letter_where_no_arrangement_exists() -> None:
    rows = [
        row("application_received", "2026-01-20"),
        row("short_term_offer_made", "2026-01-25", plan="repayment"),
        row("short_term_accepted", "2026-03-01"),
    ]
    assert usda(rows, "2026-03-05").duty("USDA-T1").status is Status.WAIVED
    rows[-1] = row("short_term_accepted", "2026-03-02")
    assert usda(rows, "2026-03-05").duty("USDA-T1").status is Status.OVERDUE


def test_usda_plan_and_acceleration() -> None:
    assert not usda([], "2026-02-28").duties_of("USDA-T4")
    assert usda([], "2026-03-01").duty("USDA-T4").not_before == day("2026-03-01")
    offer = [
        row("application_received", "2026-01-20"),
        row("short_term_offer_made", "2026-02-25", plan="repayment"),
    ]
    assert usda(offer, "2026-03-05").duty("USDA-T4").status is Status.WAIVED
    assert not usda(offer, "2026-03-31").duties_of("USDA-T3")
    assert usda(offer, "2026-04-01").duty("USDA-T3").not_before == day("2026-04-01")


def test_usda_advice_before_acceleration() -> None:
    advised = notice("options_advised", "2026-03-10")
    assert "USDA-T5" in usda([row("loan_accelerated", "2026-03-09"), advised], "2026-03-20").broken()
    assert "USDA-T5" not in usda([advised, row("loan_accelerated", "2026-03-10")], "2026-03-20").broken()


def test_usda_foreclosure_waits_for_bankruptcy() -> None:
    rows = [row("liquidation_decided", "2026-05-05"), row("bankruptcy_filed", "2026-05-20")]
    assert usda(rows, "2026-08-20").duty("USDA-T6").status is Status.WAIVED
    rows.append(row("bankruptcy_dismissed", "2026-09-01"))
    assert usda(rows, "2026-09-10").duty("USDA-T6").due == day("2026-11-30")


def test_usda_disaster_suspends() -> None:
    rows = [row("disaster_declared", "2026-03-03")]
    assert usda(rows, "2026-06-01").shield_of("USDA-T7").in_force
    assert not usda(rows, "2026-06-02").shield_of("USDA-T7").in_force
    longer = [row("disaster_declared", "2026-03-03", suspended_until="2026-07-01")]
    assert usda(longer, "2026-07-01").shield_of("USDA-T7").in_force
    filed = [*rows, row("first_filing_made", "2026-06-01")]
    assert "USDA-T7" in usda(filed, "2026-06-05").broken()


def test_usda_streamline() -> None:
    rows = [notice("usda_demand", "2026-03-20")]
    assert not [r for r in usda(rows, "2026-03-31").rights if r.legal.rule == "USDA-S5"]
    assert usda(rows, "2026-04-01").right("USDA-S5").open
    stopped = [*rows, row("loan_accelerated", "2026-04-10")]
    assert usda(stopped, "2026-04-15").right("USDA-S5").until == day("2026-04-09")
    complete = [*rows, row("application_received", "2026-03-01"), row("application_complete", "2026-03-02")]
    assert not [r for r in usda(complete, "2026-04-15").rights if r.legal.rule == "USDA-S5"]
    before = usda([notice("usda_demand", "2025-01-10")], "2025-02-10", first_due="2024-10-01")
    assert not [r for r in before.rights if r.legal.rule == "USDA-S5"]


def test_usda_recovery_advance_until_2025() -> None:
    early = usda([row("partial_claim_executed", "2025-02-10")], "2025-03-01", first_due="2024-10-01")
    assert early.duty("USDA-MRA60").due == day("2025-04-11")
    assert not usda([row("partial_claim_executed", "2025-02-11")], "2025-03-01").duties_of("USDA-MRA60")


# --- Section 184 ----------------------------------------------------------------------------------------


def s184(rows: list[dict[str, Any]], as_of: str) -> Told:
    return told(rows, as_of, first_due=JAN, programs=["section_184"])


def test_section_184_papers_and_appeal() -> None:
    rows = [
        row("application_received", "2026-05-01"),
        row("acknowledgment_sent", "2026-05-05", complete=False, missing=["pay stub"]),
    ]
    assert s184(rows, "2026-05-19").right("S184-C1a").open
    assert not s184(rows, "2026-05-20").right("S184-C1a").open
    rows += [row("application_complete", "2026-05-10"), row("decision_sent", "2026-05-20", denied_modifications=["m"])]
    assert s184(rows, "2026-06-03").right("S184-C2").open
    assert not s184(rows, "2026-06-04").right("S184-C2").open
    rows.append(row("appeal_received", "2026-06-03"))
    for as_of, status in around("2026-07-03"):
        assert s184(rows, as_of).duty("S184-C2a").status is status


def test_section_184_legal_action_after_an_option_failed() -> None:
    plan = [
        row("application_received", "2026-01-20"),
        row("short_term_offer_made", "2026-02-01", plan="forbearance"),
        row("short_term_accepted", "2026-02-05"),
    ]
    assert s184(plan, "2026-07-05").duty("S184-C3").status is Status.WAIVED
    plan.append(row("short_term_failed", "2026-06-15"))
    for as_of, status in around("2026-07-15"):
        assert s184(plan, as_of).duty("S184-C3").status is status
    assert s184(plan, "2026-07-15").right("S184-C5").until == day("2026-07-30")


def test_section_184_notice_to_the_tribe() -> None:
    assert not s184([], "2026-01-31").duties_of("S184-C4")
    assert s184([], "2026-02-01").duty("S184-C4").not_before == day("2026-02-01")
    assert s184([notice("tribe", "2026-02-10")], "2026-02-15").duty("S184-C4").done == day("2026-02-10")


# --- Fannie Mae and Freddie Mac -------------------------------------------------------------------------


def fannie(rows: list[dict[str, Any]], as_of: str, **loan: Any) -> Told:
    return told(rows, as_of, **{"first_due": JAN, "programs": ["fannie_mae"], **loan})


COMPLETE = [row("application_received", "2026-05-01", id="app"), row("application_complete", "2026-05-04")]


def test_fannie_evaluation() -> None:
    for as_of, status in around("2026-06-03"):
        assert fannie(COMPLETE, as_of).duty("FNM-C2").status is status
        assert fannie(COMPLETE, as_of).duty("FNM-C3").status is status
    soon = [*COMPLETE, row("options_evaluated", "2026-05-20")]
    for as_of, status in around("2026-05-25"):
        assert fannie(soon, as_of).duty("FNM-C3").status is status
    late = [*COMPLETE, row("options_evaluated", "2026-06-01")]
    assert fannie(late, "2026-06-02").duty("FNM-C3").due == day("2026-06-03")
    told_ = [*COMPLETE, row("decision_sent", "2026-06-03", offered=["modification"])]
    assert fannie(told_, "2026-06-10").duty("FNM-C2").status is Status.DONE_ON_TIME
    right = next(r for r in fannie(told_, "2026-06-10").rights if r.legal.rule == "FNM-C4")
    assert (right.until, right.open) == (day("2026-06-17"), True)


def test_fannie_forbearance_ends() -> None:
    plan = [
        row("application_received", "2026-05-01", id="app"),
        row("short_term_offer_made", "2026-05-02", plan="forbearance", ends="2026-08-31"),
        row("short_term_accepted", "2026-05-03"),
    ]
    for as_of, status in around("2026-08-01"):
        assert fannie(plan, as_of).duty("FB-T6").status is status
    for as_of, status in around("2026-09-15"):
        assert fannie(plan, as_of).duty("FB-T9").status is status
    reached = [*plan, row("quality_contact_made", "2026-08-20")]
    assert fannie(reached, "2026-09-10").duty("FB-T9").status is Status.WAIVED
    sent = [*plan, row("solicitation_sent", "2026-09-15", option="deferral")]
    assert fannie(sent, "2026-09-20").duty("FB-T9").status is Status.DONE_ON_TIME


def test_fannie_repayment_plan_failed() -> None:
    plan = [
        row("application_received", "2026-05-01"),
        row("short_term_offer_made", "2026-05-02", plan="repayment"),
        row("short_term_accepted", "2026-05-03"),
        row("short_term_failed", "2026-06-30", id="failed"),
    ]
    for as_of, status in around("2026-07-15"):
        assert fannie(plan, as_of).duty("RP-T7").status is status


@pytest.mark.parametrize(
    ("sale", "judicial", "status"),
    [
        ("2026-05-01", None, Status.WAIVED),
        ("2026-05-02", None, Status.OPEN),
        ("2026-05-31", True, Status.WAIVED),
        ("2026-06-01", True, Status.OPEN),
        ("2026-05-02", False, Status.OPEN),
    ],
)
def test_fannie_no_solicitation_near_a_sale(sale: str, judicial: bool | None, status: Status) -> None:
    loan = {} if judicial is None else {"judicial": judicial}
    rows = [row("sale_scheduled", "2026-03-20", sale_date=sale)]
    assert fannie(rows, "2026-04-05", **loan).duty("FNM-S1").status is status


def test_fannie_solicitation_window_and_too_early() -> None:
    assert not fannie([], "2026-03-31").duties_of("FNM-S1")
    assert fannie([], "2026-04-01").duty("FNM-S1").not_before == day("2026-04-01")
    for sent, broken in (("2026-01-30", True), ("2026-01-31", False)):
        found = fannie([row("solicitation_sent", sent, option="deferral")], "2026-02-05")
        assert ("FNM-C5" in found.broken()) is broken
    asked = [row("help_requested", "2026-01-20"), row("solicitation_sent", "2026-01-25")]
    assert "FNM-C5" not in fannie(asked, "2026-02-05").broken()


def test_fannie_after_a_deferral() -> None:
    rows = [row("loan_brought_current", "2025-08-01", next_due="2026-01-01", by="deferral")]
    for as_of, status in around("2026-03-17"):
        assert fannie(rows, as_of, first_due="2025-06-01").duty("FNM-S2").status is status
    old = [row("loan_brought_current", "2025-06-30", next_due="2026-01-01", by="deferral")]
    assert not fannie(old, "2026-03-17", first_due="2025-06-01").duties_of("FNM-S2")


def test_fannie_deferral_papers() -> None:
    rows = [row("loan_brought_current", "2026-05-05", next_due="2026-05-01", by="deferral")]
    for rule, last in (("PD-T9", "2026-05-10"), ("PD-T9a", "2026-05-30")):
        for as_of, status in around(last):
            assert fannie(rows, as_of).duty(rule).status is status


def test_fannie_disaster_referral() -> None:
    rows = [row("disaster_declared", "2026-04-03"), row("foreclosure_referred", "2026-05-05")]
    assert "FD-7" in fannie(rows, "2026-05-10").broken()
    rows.insert(1, row("referral_approved", "2026-05-05"))
    assert "FD-7" not in fannie(rows, "2026-05-10").broken()
    before = [row("disaster_declared", "2026-04-03"), row("foreclosure_referred", "2026-04-30")]
    assert "FD-7" not in fannie(before, "2026-05-10").broken()


@pytest.mark.parametrize(
    ("program", "rule"), [("fannie_mae", "FM-T4"), ("freddie_mac", "FM-T4-F"), ("hamp", "HAMP-13")]
)
@pytest.mark.parametrize(("sent", "first_month"), [("2026-05-15", "2026-06-30"), ("2026-05-16", "2026-07-31")])
def test_first_trial_payment(program: str, rule: str, sent: str, first_month: str) -> None:
    found = told([row("trial_offer_sent", sent)], "2026-05-20", first_due=JAN, programs=[program])
    months = sorted(r.until for r in found.rights if r.legal.rule == rule)
    assert (months[0], len(months)) == (day(first_month), 3)


def test_trial_payment_in_its_month() -> None:
    offer = row("trial_offer_sent", "2026-05-10", id="offer")
    one = [offer, row("trial_month_paid", "2026-06-30")]
    found = fannie(one, "2026-07-31")
    assert found.shield_of("FM-T7").in_force
    assert [r.open for r in found.rights if r.legal.rule == "FM-T4"] == [False, True, False]
    failed = fannie(one, "2026-08-01")
    assert failed.shield_of("FM-T7").until == day("2026-07-31")
    assert any("July 31, 2026" in note for note in failed.facts.notes)
    assert any("August 1, 2027" in note for note in failed.facts.notes)
    late = fannie([offer, row("trial_month_paid", "2026-07-01")], "2026-07-05")
    assert not [item for item in late.protections if item.legal.rule == "FM-T7"]
    paid = [offer, *(row("trial_month_paid", text) for text in ("2026-06-01", "2026-07-01", "2026-08-01"))]
    assert fannie(paid, "2026-08-02").duty("FM-T11").due == day("2026-10-01")
    done = [*paid, row("modification_executed", "2026-08-25")]
    assert fannie(done, "2026-09-02").duty("FM-T11").status is Status.DONE_ON_TIME


def test_trial_offer_with_another_first_payment_is_said() -> None:
    found = fannie([row("trial_offer_sent", "2026-05-10", first_payment="2026-07-01")], "2026-05-20")
    assert any("July 1, 2026" in note and "June 1, 2026" in note for note in found.facts.notes)
    assert min(r.until for r in found.rights if r.legal.rule == "FM-T4") == day("2026-07-31")


def test_freddie_forbearance_term() -> None:
    def offer(ends: str) -> Told:
        rows = [
            row("application_received", "2026-05-01"),
            row("short_term_offer_made", "2026-05-05", plan="forbearance", ends=ends),
        ]
        return told(rows, "2026-05-10", first_due=JAN, programs=["freddie_mac"])

    assert not any("FB-F0" in note for note in offer("2026-11-05").facts.notes)
    assert any("FB-F0" in note for note in offer("2026-11-06").facts.notes)


# --- HAMP and HOPE NOW ------------------------------------------------------------------------------------


def hamp(rows: list[dict[str, Any]], as_of: str, **loan: Any) -> Told:
    return told(rows, as_of, **{"first_due": "2014-01-01", "programs": ["hamp"], **loan})


def test_hamp_package() -> None:
    # Ten business days over Memorial Day, May 26, 2014.
    rows = [row("application_received", "2014-05-20", id="app")]
    for as_of, status in around("2014-06-04"):
        assert hamp(rows, as_of).duty("HAMP-1").status is status
    for as_of, status in around("2014-06-19"):
        assert hamp(rows, as_of).duty("HAMP-2").status is status
    decided = [*rows, row("options_evaluated", "2014-06-10")]
    for as_of, status in around("2014-06-24"):
        assert hamp(decided, as_of).duty("HAMP-3").status is status
    last = [row("application_received", "2016-12-31")]
    assert hamp(last, "2017-01-10", first_due="2016-10-01").duties_of("HAMP-1")
    over = [row("application_received", "2017-01-01")]
    assert not hamp(over, "2017-01-10", first_due="2016-10-01").duties_of("HAMP-1")


def test_hamp_incomplete_notices() -> None:
    rows = [row("application_received", "2014-05-20"), row("incomplete_notice_sent", "2014-06-01")]
    assert hamp(rows, "2014-07-01").right("HAMP-4").open
    assert not hamp(rows, "2014-07-02").right("HAMP-4").open
    second = [*rows, row("incomplete_notice_sent", "2014-07-02", second=True)]
    assert max(r.until for r in hamp(second, "2014-07-05").rights if r.legal.rule == "HAMP-4") == day("2014-07-17")


@pytest.mark.parametrize(("held", "broken"), [("2014-08-14", True), ("2014-08-15", False)])
def test_hamp_no_sale_after_a_non_approval_notice(held: str, broken: bool) -> None:
    rows = [
        row("application_received", "2014-06-01"),
        row("application_complete", "2014-06-10"),
        row("decision_sent", "2014-07-15", denied_modifications=["HAMP"]),
        row("first_filing_made", "2014-05-20"),
        row("sale_scheduled", "2014-05-25", sale_date=held),
        row("sale_held", held),
    ]
    found = hamp(rows, "2014-08-20")
    assert ("HAMP-6" in found.broken()) is broken
    assert found.right("HAMP-5").until == day("2014-08-14")
    # A motion is not a sale.
    motion = [*rows[:4], row("judgment_motion_made", "2014-07-20")]
    assert "HAMP-6" not in hamp(motion, "2014-08-01").broken()


def test_hamp_before_a_sale() -> None:
    # Seven business days before Wednesday, June 4, 2014, over Memorial Day: Friday, May 23.
    rows = [row("sale_scheduled", "2014-05-01", sale_date="2014-06-04")]
    assert hamp(rows, "2014-05-23").right("HAMP-10").open
    assert not hamp(rows, "2014-05-24").right("HAMP-10").open
    assert hamp(rows, "2014-05-24").duty("HAMP-11").not_before == day("2014-05-23")
    for certified, broken in (("2014-05-22", True), ("2014-05-23", False)):
        found = hamp([*rows, row("sale_certified", certified)], "2014-05-30")
        assert ("HAMP-11" in found.broken()) is broken


def test_hamp_referral_while_a_request_is_open() -> None:
    rows = [row("application_received", "2014-05-20"), row("foreclosure_referred", "2014-05-30")]
    assert "HAMP-9" in hamp(rows, "2014-06-01").broken()
    rows.insert(1, row("application_withdrawn", "2014-05-25"))
    assert "HAMP-9" not in hamp(rows, "2014-06-01").broken()


def test_hamp_failed_trial_good_standing_and_set_up() -> None:
    trial = [
        row("application_received", "2014-02-01"),
        row("application_complete", "2014-02-10"),
        row("decision_sent", "2014-03-01", offered=["HAMP"]),
        row("offer_accepted", "2014-03-05"),
        row("plan_failed", "2014-05-01", id="failed"),
    ]
    for as_of, status in around("2014-05-31"):
        assert hamp(trial, as_of).duty("HAMP-8").status is status
    signed = row("modification_executed", "2014-04-28", effective="2014-05-01")
    current = row("loan_brought_current", "2014-04-28", next_due="2014-05-01", by="modification")
    # Business days of May 2014: 1, 2, 5, 6.
    for as_of, status in around("2014-05-06"):
        assert hamp([signed, current], as_of).duty("HAMP-16").status is status
    assert hamp([signed, current], "2014-07-31").right("HAMP-15").until == day("2014-07-31")
    assert not hamp([signed, current], "2014-08-01").right("HAMP-15").open


def test_hope_now_promises_are_targets() -> None:
    def members(rows: list[dict[str, Any]], as_of: str) -> Told:
        return told(rows, as_of, first_due="2008-07-01", programs=["hope_now"])

    wrote = [row("counselor_wrote", "2008-09-05")]
    for as_of, status in around("2008-09-09"):
        found = members(wrote, as_of)
        assert found.duty("HN-P2").status is status
        assert "HN-P2" not in found.broken()
    rows = [row("application_received", "2008-09-01"), row("application_complete", "2008-09-05")]
    for as_of, status in around("2008-10-20"):
        assert members(rows, as_of).duty("HN-G2").status is status
    assert not members([], "2008-08-29").duties_of("HN-G1")
    assert members([], "2008-08-30").duty("HN-G1").not_before == day("2008-08-30")
    reset = [row("rate_reset_announced", "2008-07-05", reset_date="2008-12-01")]
    for as_of, status in around("2008-08-03"):
        assert members(reset, as_of).duty("HN-P1").status is status


def test_project_lifeline_and_the_streamlined_program() -> None:
    letter = row("lifeline_letter_sent", "2008-09-05", id="letter")
    loan: dict[str, Any] = {"first_due": "2008-05-01", "programs": ["hope_now"]}
    for called, paused in (("2008-09-15", True), ("2008-09-16", False)):
        found = told([letter, row("lifeline_answered", called)], "2008-09-20", **loan)
        assert any("October 15, 2008" in note for note in found.facts.notes) is paused
        assert not [item for item in found.shield if item.legal.rule.startswith("PL-")]
    offer = row("trial_offer_sent", "2009-01-05", id="offer")
    rows = [offer, row("trial_form_returned", "2009-01-19")]
    assert told(rows, "2009-02-01", **loan).shield_of("SMP-2").in_force
    assert told(rows, "2009-02-01", **loan).right("SMP-1").until == day("2009-01-19")
    rows[1] = row("trial_form_returned", "2009-01-20")
    assert not [p for p in told(rows, "2009-02-01", **loan).protections if p.legal.rule == "SMP-2"]


def test_marks_and_citations_are_there() -> None:
    for name in ("fha", "va", "usda", "section_184", "fannie_mae", "freddie_mac", "hamp", "hope_now_2007"):
        file = law_files()[name]
        assert file.programs
        assert all(rule.cite and rule.verification for rule in file.rules.values())
    promises = {name: rule.basis for name, rule in law_files()["hope_now_2007"].rules.items()}
    assert {basis for name, basis in promises.items() if not name.startswith("SMP-")} == {"target"}
