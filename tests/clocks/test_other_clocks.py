"""Transfers, errors and requests, neighboring clocks, Regulation Z, history, and the draft of 2024."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from hopenow.clocks import DEFAULT, Bar, Status
from tests.clocks.stories import row, told

DAY = datetime.timedelta(days=1)
MAR_2 = datetime.date(2026, 3, 2)  # a Monday
JAN = "2026-01-01"


# --- notices of a transfer -----------------------------------------------------------------------------


@pytest.mark.parametrize(("sent", "old"), [(-15, Status.DONE_ON_TIME), (-14, Status.DONE_LATE)])
def test_notice_by_the_old_servicer(sent: int, old: Status) -> None:
    rows = [
        row("transfer_notice_sent", MAR_2 + sent * DAY, by="transferor", effective=MAR_2),
        row("servicing_transferred", MAR_2, to="Second"),
        row("transfer_notice_sent", MAR_2 + 15 * DAY, by="transferee", effective=MAR_2),
    ]
    clock = told(rows, MAR_2 + 20 * DAY)
    assert clock.duty("TN-1").status is old
    assert clock.duty("TN-2").status is Status.DONE_ON_TIME
    assert clock.duty("TN-2").name == "Second"


def test_a_transfer_without_notice() -> None:
    clock = told([row("servicing_transferred", MAR_2, to="Second")], MAR_2)
    assert clock.duty("TN-1").status is Status.MISSED
    assert clock.duty("TN-1").name == "First"
    assert clock.duty("TN-2").status is Status.OPEN


def test_combined_and_receivership_notices() -> None:
    moved = row("servicing_transferred", MAR_2, to="Second")
    both = told([row("transfer_notice_sent", MAR_2 - 10 * DAY, by="both", effective=MAR_2), moved], MAR_2)
    assert {both.duty("TN-1").status, both.duty("TN-2").status} == {Status.DONE_LATE}
    late = row("transfer_notice_sent", MAR_2 + 30 * DAY, by="transferee", effective=MAR_2, receivership=True)
    assert told([moved, late], MAR_2 + 31 * DAY).duty("TN-2").status is Status.DONE_ON_TIME


def test_payments_after_a_transfer_and_records() -> None:
    clock = told([row("servicing_transferred", MAR_2, to="Second", id="t")], MAR_2 + 59 * DAY)
    shield = clock.shield_of("TN-3")
    # "The 60-day period beginning on the effective date" has that date as its first day.
    assert (shield.bars, shield.until, shield.in_force) == (Bar.LATE_TREATMENT, MAR_2 + 59 * DAY, True)
    assert clock.duty("PP-8").not_before == datetime.date(2027, 3, 2)
    assert told([row("servicing_transferred", MAR_2, to="Second")], "2027-03-03").duty("PP-8").status is Status.ENDED


# --- notices of error ------------------------------------------------------------------------------------


def error(kind: str = "other", **more: Any) -> dict[str, Any]:
    return row("error_notice_received", MAR_2, id="e", error=kind, **more)


def test_other_errors() -> None:
    clock = told([error()], MAR_2)
    assert clock.duty("NE-1").due == datetime.date(2026, 3, 9)
    assert clock.duty("NE-5").due == datetime.date(2026, 4, 13)
    more = told([error(), row("error_extension_sent", "2026-04-13")], "2026-04-14")
    assert more.duty("NE-5").due == datetime.date(2026, 5, 4)
    late = told([error(), row("error_extension_sent", "2026-04-14")], "2026-04-14")
    assert late.duty("NE-5").status is Status.OVERDUE


def test_payoff_errors_have_no_extension() -> None:
    clock = told([error("payoff"), row("error_extension_sent", "2026-03-05")], "2026-03-06")
    assert clock.duty("NE-2").due == datetime.date(2026, 3, 11)
    assert any("No extension" in note for note in clock.facts.notes)


def test_an_error_about_a_sale_is_answered_before_it() -> None:
    sale = row("sale_scheduled", "2026-02-20", sale_date="2026-03-25")
    clock = told([sale, error("judgment_or_sale")], "2026-03-03")
    assert clock.duty("NE-3").due == datetime.date(2026, 3, 24)
    moved = told(
        [sale, error("judgment_or_sale"), row("sale_rescheduled", "2026-03-10", sale_date="2026-08-01")], "2026-03-11"
    )
    assert moved.duty("NE-3").due == datetime.date(2026, 4, 13)


@pytest.mark.parametrize(("days", "near"), [(7, True), (8, False)])
def test_an_error_only_days_before_the_sale(days: int, near: bool) -> None:
    rows = [row("sale_scheduled", "2026-02-20", sale_date=MAR_2 + days * DAY), error("judgment_or_sale")]
    clock = told(rows, MAR_2)
    assert ("NE-4" in clock.rules()) is near
    assert ("NE-3" in clock.rules()) is not near
    if near:
        assert clock.duty("NE-4").due == MAR_2 + (days - 1) * DAY
        assert clock.duty("NE-1").status is Status.WAIVED


def test_corrected_at_once_needs_no_acknowledgment() -> None:
    clock = told([error(), row("error_answered", "2026-03-09", corrected=True)], "2026-03-20")
    assert clock.duty("NE-1").status is Status.WAIVED
    assert clock.duty("NE-5").status is Status.DONE_ON_TIME
    later = told([error(), row("error_answered", "2026-03-10", corrected=True)], "2026-03-20")
    assert later.duty("NE-1").status is Status.OVERDUE


def test_documents_relied_on() -> None:
    clock = told([error(), row("error_documents_requested", "2026-03-20")], "2026-03-21")
    assert clock.duty("NE-6").due == datetime.date(2026, 4, 10)


def test_grounds_for_doing_nothing() -> None:
    rows = [error(), row("error_ground_decided", "2026-03-05", ground="duplicative")]
    clock = told(rows, "2026-03-06")
    assert clock.duty("NE-8").due == datetime.date(2026, 3, 12)
    assert {clock.duty("NE-1").status, clock.duty("NE-5").status} == {Status.WAIVED}
    assert not clock.broken()
    wrong = told([error(), row("error_ground_decided", "2026-03-05", ground="untimely")], "2026-03-06")
    assert wrong.broken() == ["NE-8"]
    released = row("loan_discharged", "2025-03-01")
    assert not told(
        [released, error(), row("error_ground_decided", "2026-03-05", ground="untimely")], "2026-03-06"
    ).broken()


def test_no_adverse_report_about_a_payment_in_dispute() -> None:
    for day, wrong in ((MAR_2 + 60 * DAY, True), (MAR_2 + 61 * DAY, False)):
        rows = [error(about_payment=True), row("error_answered", "2026-03-05"), row("adverse_credit_reported", day)]
        assert (told(rows, day).broken() == ["NE-9"]) is wrong


def test_requests() -> None:
    owner = told([row("request_received", MAR_2, asks="owner")], MAR_2)
    assert owner.duty("RI-1").due == datetime.date(2026, 3, 9)
    assert owner.duty("RI-2").due == datetime.date(2026, 3, 16)
    rows = [row("request_received", MAR_2, asks="other"), row("request_extension_sent", "2026-04-01")]
    assert told(rows, "2026-04-02").duty("RI-3").due == datetime.date(2026, 5, 4)
    at_once = told([rows[0], row("request_answered", "2026-03-09")], "2026-03-20")
    assert at_once.duty("RI-1").status is Status.WAIVED
    ground = told([rows[0], row("request_ground_decided", "2026-03-05", ground="overbroad")], "2026-03-06")
    assert ground.duty("RI-5").due == datetime.date(2026, 3, 12)
    successor = told([row("successor_inquired", MAR_2)], MAR_2)
    assert successor.duty("RI-6").due == datetime.date(2026, 4, 13)
    assert successor.duty("PP-2").basis == "target"


def test_small_servicers_answer_errors_and_open_end_credit_does_not() -> None:
    assert "NE-5" in told([error()], MAR_2, small_servicer=True).rules()
    assert not told([error()], MAR_2, open_end=True).clockwork.duties


# --- neighbors -----------------------------------------------------------------------------------------


def test_payoff_statement_refund_and_file() -> None:
    clock = told([row("payoff_requested", "2026-10-07")], "2026-10-08")
    assert clock.duty("PC-5").due == datetime.date(2026, 10, 19)
    paid = told([row("loan_paid_off", MAR_2), row("escrow_refund_sent", "2026-03-30")], "2026-04-01")
    assert paid.duty("ER-1").due == datetime.date(2026, 3, 30)
    assert paid.duty("ER-1").status is Status.DONE_ON_TIME
    assert told([row("file_requested", MAR_2)], MAR_2).duty("PP-9").due == datetime.date(2026, 3, 7)
    odd = told([row("nonconforming_payment_received", MAR_2)], MAR_2)
    assert odd.duty("PC-2").due == datetime.date(2026, 3, 7)


def test_evidence_of_insurance() -> None:
    rows = [row("insurance_notice_sent", MAR_2), row("insurance_evidence_received", "2026-03-20")]
    assert told(rows, "2026-03-21").duty("FP-3").basis == "target"
    done = told([*rows, row("insurance_charge_settled", "2026-03-23")], "2026-03-24")
    assert done.duty("FP-3").status is Status.DONE_ON_TIME
    assert done.shield_of("FP-1").bars == Bar.INSURANCE_CHARGE


def test_annual_escrow_statement() -> None:
    year = row("escrow_year_ended", MAR_2, id="y")
    assert told([year], MAR_2, first_due="2026-03-01").duty("ES-2").due == datetime.date(2026, 4, 1)
    behind = told([year], MAR_2, first_due=JAN)
    assert behind.duty("ES-2").status is Status.WAIVED
    reinstated = told([year, row("payment_received", "2026-03-10", installments=3)], "2026-03-20", first_due=JAN)
    assert [duty.due for duty in reinstated.duties_of("ES-2")] == [datetime.date(2026, 4, 1), datetime.date(2026, 6, 8)]
    surplus = row("escrow_surplus_found", MAR_2)
    assert told([surplus], MAR_2, first_due="2026-03-01").duty("ES-3").due == datetime.date(2026, 4, 1)
    assert told([surplus], MAR_2, first_due=JAN).duty("ES-3").status is Status.WAIVED


def test_late_fees_on_installments_paid_in_time() -> None:
    fee = row("late_fee_charged", "2026-01-20")
    assert told(
        [row("payment_received", "2026-01-10"), fee], "2026-01-21", first_due=JAN, courtesy_days=15
    ).broken() == ["PC-4"]
    late = [row("payment_received", "2026-01-17"), fee]
    assert not told(late, "2026-01-21", first_due=JAN, courtesy_days=15).broken()
    assert not told([fee], "2026-01-21", first_due=JAN, courtesy_days=15).broken()


def test_new_owner_who_sells_on() -> None:
    sold = told([row("loan_sold", MAR_2, resold_by=MAR_2 + 30 * DAY)], MAR_2)
    assert sold.duty("MT-1").status is Status.WAIVED
    kept = told([row("loan_sold", MAR_2, resold_by=MAR_2 + 31 * DAY)], MAR_2)
    assert kept.duty("MT-1").due == MAR_2 + 30 * DAY
    assert kept.duty("MT-1").who == "owner"


def test_statements() -> None:
    rows = [row("periodic_statement_sent", "2026-01-05"), row("periodic_statement_sent", "2026-02-06")]
    clock = told(rows, "2026-03-20", first_due=JAN, statements_tracked=True)
    by_cycle = {duty.about: duty.status for duty in clock.duties_of("PS-1")}
    assert by_cycle == {"2026-02-01": Status.DONE_ON_TIME, "2026-03-01": Status.DONE_LATE, "2026-04-01": Status.OVERDUE}
    # Four days are a safe harbor, not the law, so nothing is broken by them alone.
    assert "PS-1" not in clock.broken()
    assert not told(rows, "2026-03-20", first_due=JAN, statements_tracked=True, coupon_book=True).duties_of("PS-1")
    assert not told(rows, "2026-03-20", first_due=JAN).duties_of("PS-1")
    gone = [row("bankruptcy_filed", "2026-01-20", surrenders=True)]
    given_up = told(gone, "2026-06-20", first_due=JAN, statements_tracked=True)
    assert {duty.status for duty in given_up.duties_of("PS-1") if duty.about > "2026-02-01"} == {Status.WAIVED}


@pytest.mark.parametrize(("day", "owed"), [("2026-02-15", False), ("2026-02-16", True)])
def test_delinquency_facts_on_statements(day: str, owed: bool) -> None:
    clock = told([], day, first_due=JAN)
    assert ("PS-2" in clock.rules()) is owed
    if owed:
        assert clock.duty("PS-2").not_before == datetime.date(2026, 2, 16)


# --- history and draft ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "barred"), [("2021-08-30", False), ("2021-08-31", True), ("2021-12-31", True), ("2022-01-01", False)]
)
def test_the_temporary_safeguard_of_2021(day: str, barred: bool) -> None:
    rows = [row("first_filing_made", day)]
    assert (told(rows, "2022-06-01", first_due="2020-02-01").broken().count("FH-3") == 1) is barred
    for loan in ({"covid_safeguard": True}, {"small_servicer": True}, {"limitations_end": "2021-12-31"}):
        assert "FH-3" not in told(rows, "2022-06-01", first_due="2020-02-01", **loan).broken()


def test_loans_long_behind_before_the_pandemic_are_not_under_the_safeguard() -> None:
    # More than 120 days delinquent on February 29, 2020: one day too early.
    assert "FH-3" not in told([row("first_filing_made", "2021-10-01")], "2022-06-01", first_due="2019-10-31").broken()
    assert "FH-3" in told([row("first_filing_made", "2021-10-01")], "2022-06-01", first_due="2019-11-01").broken()


def test_live_contact_had_further_words_for_a_time() -> None:
    for day, owed in (("2021-08-30", False), ("2021-08-31", True), ("2022-10-01", True), ("2022-10-02", False)):
        clock = told([row("live_contact_made", day)], "2023-01-01", first_due="2021-07-01")
        assert ("CV-1" in clock.rules()) is owed


def test_the_proposal_is_off_unless_switched_on() -> None:
    rows = [row("help_requested", "2026-02-10"), row("first_filing_made", "2026-06-10")]
    assert "DP-1" not in {shield.legal.rule for shield in told(rows, "2026-06-11", first_due=JAN).protections}
    draft = told(rows, "2026-06-11", DEFAULT.with_(proposal_2024=True), first_due=JAN)
    shield = draft.shield_of("DP-1")
    assert shield.bars == Bar.ANY_STEP
    assert "draft" in shield.why
    assert draft.broken().count("DP-1") == 1
    near = [row("sale_scheduled", "2026-02-01", sale_date="2026-03-19"), row("help_requested", "2026-02-10")]
    assert "DP-1" not in {
        s.legal.rule for s in told(near, "2026-02-11", DEFAULT.with_(proposal_2024=True), first_due=JAN).protections
    }


def test_marks_follow_the_versions() -> None:
    old = told([], "2024-01-20", first_due="2024-01-01").duty("EI-1").legal
    new = told([], "2026-01-20", first_due=JAN).duty("EI-1").legal
    assert (old.verification, new.verification) == ("verified", "secondary")
    assert new.note is not None


# --- the ledger ---------------------------------------------------------------------------------------------


def test_partial_payments_add_up() -> None:
    loan = {"first_due": JAN, "payment": "1000"}
    rows = [row("payment_received", "2026-01-10", amount="600"), row("payment_received", "2026-01-20", amount="399.99")]
    clock = told(rows, "2026-01-25", **loan)
    assert (clock.facts.days_delinquent, clock.facts.held_cents) == (24, 99_999)
    full = told([*rows, row("payment_received", "2026-01-21", amount="0.01")], "2026-01-25", **loan)
    assert (full.facts.days_delinquent, full.facts.held_cents) == (0, 0)
    tolerant = told(rows, "2026-01-25", short_payment_tolerance="0.01", **loan)
    assert tolerant.facts.days_delinquent == 0
    chosen = told([row("payment_received", "2026-01-10", amount="600", treated_as_full=True)], "2026-01-25", **loan)
    assert chosen.facts.days_delinquent == 0


def test_the_payment_changes() -> None:
    rows = [
        row("payment_amount_changed", "2026-01-15", amount="1200", from_due="2026-02-01"),
        row("payment_received", "2026-02-01", amount="2200"),
    ]
    assert told(rows, "2026-02-10", first_due=JAN, payment="1000").facts.oldest_unpaid is None
    short = [rows[0], row("payment_received", "2026-02-01", amount="2199.99")]
    assert told(short, "2026-02-10", first_due=JAN, payment="1000").facts.oldest_unpaid == datetime.date(2026, 2, 1)


def test_acceleration_begins_or_continues_delinquency() -> None:
    paid = [row("payment_received", JAN), row("loan_accelerated", "2026-01-15")]
    clock = told(paid, "2026-01-25", first_due=JAN)
    assert clock.facts.days_delinquent == 10
    back = told([*paid, row("acceleration_rescinded", "2026-01-20")], "2026-01-25", first_due=JAN)
    assert back.facts.days_delinquent == 0
    behind = told([row("loan_accelerated", "2026-01-15")], "2026-01-25", first_due=JAN)
    assert behind.facts.days_delinquent == 24


def test_prepaid_and_settled_installments() -> None:
    ahead = told([row("payment_received", JAN, installments=3)], "2026-03-20", first_due=JAN)
    assert ahead.facts.oldest_unpaid is None
    settled = told(
        [row("loan_brought_current", "2026-03-20", next_due="2026-04-01", by="modification")],
        "2026-03-20",
        first_due=JAN,
    )
    assert settled.facts.days_delinquent == 0
    over = told([], "2026-06-20", first_due=JAN, last_due="2026-02-01")
    assert over.facts.unpaid_installments == 2
