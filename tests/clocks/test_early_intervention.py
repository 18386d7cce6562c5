"""Live contact, written notices, bankruptcy, stops to contact, and the person to turn to."""

from __future__ import annotations

import datetime

import pytest

from hopenow.clocks import Status
from tests.clocks.stories import row, told

JAN = "2026-01-01"


def test_paid_before_the_time_ran_out_ends_the_duty() -> None:
    clock = told([row("payment_received", "2026-02-06")], "2026-02-20", first_due=JAN)
    assert clock.duty("EI-1", JAN).status is Status.ENDED
    # Two days late: the contact was missed, and the payment does not make it good.
    clock = told([row("payment_received", "2026-02-08")], "2026-02-20", first_due=JAN)
    assert clock.duty("EI-1", JAN).status is Status.MISSED
    # The delinquency now counts from February 1, so no written notice and no person is owed yet.
    assert clock.broken() == ["EI-1"]


def test_paid_on_its_due_date_starts_nothing() -> None:
    clock = told([row("payment_received", JAN), row("payment_received", "2026-02-01")], "2026-02-20", first_due=JAN)
    assert not clock.clockwork.duties
    assert clock.facts.days_delinquent == 0
    assert clock.facts.oldest_unpaid is None


def test_a_contact_before_the_due_date_serves_nothing() -> None:
    clock = told([row("live_contact_attempted", "2025-12-31")], "2026-02-07", first_due=JAN)
    assert clock.duty("EI-1", JAN).status is Status.OVERDUE
    assert clock.duty("EI-1", JAN).days_left == -1


def test_a_late_contact_is_done_late() -> None:
    clock = told([row("live_contact_made", "2026-02-07")], "2026-02-10", first_due=JAN)
    assert clock.duty("EI-1", JAN).status is Status.DONE_LATE
    assert clock.broken() == ["EI-1"]
    assert clock.duty("EI-2").basis == "target"


def test_the_letter_again_when_less_behind() -> None:
    # The letter of February 15 clears until August 14. By then June's installment is the oldest unpaid one.
    paid = [row("payment_received", f"2026-0{month}-20") for month in (2, 3, 4, 5, 6)]
    rows = [
        row("early_notice_sent", "2026-02-15"),
        *paid,
        row("payment_received", "2026-07-20"),
        row("payment_received", "2026-08-01"),
    ]
    clock = told(rows, "2026-09-01", first_due=JAN)
    again = clock.duty("EI-6")
    assert again.about == "2026-08-01"
    assert again.due == datetime.date(2026, 9, 15)


def test_a_letter_sent_sooner_than_it_must_be_clears_from_then() -> None:
    rows = [row("early_notice_sent", "2026-02-15", id="a"), row("early_notice_sent", "2026-06-01", id="b")]
    clock = told(rows, "2026-06-02", first_due=JAN)
    assert clock.duty("EI-5", "a").status is Status.DONE_ON_TIME
    assert clock.duty("EI-5", "b").due == datetime.date(2026, 11, 28)


def test_one_letter_stands_for_the_whole_stretch_without_one() -> None:
    clock = told([], "2026-06-10", first_due=JAN)
    assert [duty.about for duty in clock.duties_of("EI-3")] == [JAN]
    assert len(clock.duties_of("EI-1")) == 6


def test_a_missed_letter_falls_away_when_the_homeowner_catches_up() -> None:
    rows = [row("payment_received", "2026-03-20", installments=3)]
    clock = told(rows, "2026-03-25", first_due=JAN)
    assert clock.duty("EI-3", JAN).status is Status.MISSED
    later = told(rows, "2026-05-20", first_due=JAN)
    assert later.duty("EI-3", "2026-04-01").due == datetime.date(2026, 5, 16)


def test_the_new_servicer_owes_its_own_letter() -> None:
    # The old servicer's letter lies more than the recent time before the transfer.
    rows = [row("early_notice_sent", "2026-02-10"), row("servicing_transferred", "2026-04-12", to="Second")]
    clock = told(rows, "2026-04-13", first_due=JAN)
    assert clock.duty("EI-7").about == "2026-03-01"
    assert clock.duty("EI-7").due == datetime.date(2026, 4, 15)
    assert clock.duty("EI-7").name == "Second"


def test_a_duty_missed_by_the_old_servicer_stays_its_breach() -> None:
    rows = [row("servicing_transferred", "2026-03-20", to="Second"), row("live_contact_made", "2026-03-25")]
    contact = told(rows, "2026-04-13", first_due=JAN)
    by_due = {duty.about: (duty.status, duty.name) for duty in contact.duties_of("EI-1")}
    assert by_due[JAN] == (Status.MISSED, "First")
    assert by_due["2026-03-01"] == (Status.DONE_ON_TIME, "Second")
    clock = told([row("servicing_transferred", "2026-04-12", to="Second")], "2026-04-13", first_due=JAN)
    missed = clock.duty("EI-3", JAN)
    assert missed.status is Status.MISSED
    assert missed.name == "First"


def test_bankruptcy_stops_contact_and_asks_for_one_letter() -> None:
    rows = [row("bankruptcy_filed", "2026-01-20", id="b")]
    clock = told(rows, "2026-03-20", first_due=JAN)
    assert {duty.status for duty in clock.duties_of("EI-1")} == {Status.WAIVED}
    assert clock.duty("EI-8").due == datetime.date(2026, 3, 6)
    assert clock.duty("EI-8").status is Status.OVERDUE
    sent = told([*rows, row("early_notice_sent", "2026-03-06", modified=True)], "2026-03-20", first_due=JAN)
    assert sent.duty("EI-8").status is Status.DONE_ON_TIME


def test_delinquent_only_after_the_petition() -> None:
    rows = [row("payment_received", JAN), row("bankruptcy_filed", "2026-01-20")]
    clock = told(rows, "2026-03-20", first_due=JAN)
    assert clock.duty("EI-8").since == datetime.date(2026, 2, 1)
    assert clock.duty("EI-8").due == datetime.date(2026, 3, 18)


def test_contact_resumes_with_the_next_due_date_after_dismissal() -> None:
    rows = [row("bankruptcy_filed", "2026-01-20"), row("bankruptcy_dismissed", "2026-03-10")]
    clock = told(rows, "2026-05-10", first_due=JAN)
    by_due = {duty.about: duty.status for duty in clock.duties_of("EI-1")}
    assert by_due["2026-03-01"] is Status.WAIVED
    assert by_due["2026-04-01"] is Status.OVERDUE
    assert clock.duty("EI-3", "2026-04-01").due == datetime.date(2026, 5, 16)


def test_after_a_discharge_letters_only_if_something_was_paid() -> None:
    rows = [
        row("bankruptcy_filed", "2026-01-20"),
        row("bankruptcy_discharged", "2026-04-10"),
        row("bankruptcy_closed", "2026-04-12"),
    ]
    silent = told(rows, "2026-08-01", first_due=JAN)
    assert {duty.status for duty in silent.duties_of("EI-1")} == {Status.WAIVED}
    assert {duty.status for duty in silent.duties_of("EI-3")} == {Status.WAIVED}
    paying = told([*rows, row("payment_received", "2026-03-01")], "2026-08-01", first_due=JAN)
    assert {duty.status for duty in paying.duties_of("EI-1")} == {Status.WAIVED}
    assert Status.OVERDUE in {duty.status for duty in paying.duties_of("EI-3")}


def test_a_reaffirmed_debt_is_not_discharged() -> None:
    rows = [
        row("bankruptcy_filed", "2026-01-20"),
        row("debt_reaffirmed", "2026-03-10"),
        row("bankruptcy_discharged", "2026-04-10"),
    ]
    clock = told(rows, "2026-05-10", first_due=JAN)
    assert clock.duty("EI-1", "2026-04-01").status is Status.OVERDUE


def test_a_stop_to_contact_counts_for_debt_collectors_only() -> None:
    rows = [row("cease_contact_received", "2026-01-20")]
    collector = told(rows, "2026-03-10", first_due=JAN, debt_collector=True)
    assert {duty.status for duty in collector.duties_of("EI-1")} == {Status.WAIVED}
    assert collector.duty("EI-10").due == datetime.date(2026, 2, 15)
    other = told(rows, "2026-03-10", first_due=JAN)
    assert other.duty("EI-1", JAN).status is Status.OVERDUE
    nothing = told(rows, "2026-03-10", first_due=JAN, debt_collector=True, options_available=False)
    assert nothing.duty("EI-10").status is Status.WAIVED


def test_the_modified_letter_again() -> None:
    rows = [row("cease_contact_received", "2026-01-20"), row("early_notice_sent", "2026-02-15", modified=True, id="n")]
    clock = told(rows, "2026-06-01", first_due=JAN, debt_collector=True)
    again = clock.duty("EI-10", "n")
    assert again.not_before == datetime.date(2026, 8, 14)
    assert again.due == datetime.date(2026, 8, 24)


def test_contact_about_an_application_serves_while_it_lasts() -> None:
    rows = [
        row("application_received", "2026-02-03", id="app"),
        row("acknowledgment_sent", "2026-02-05", complete=False, missing=["x"]),
    ]
    clock = told(rows, "2026-06-20", first_due=JAN)
    by_due = {duty.about: duty.status for duty in clock.duties_of("EI-1")}
    assert by_due[JAN] is Status.WAIVED
    assert by_due["2026-02-01"] is Status.WAIVED
    # Nothing happened about the application after that: it lies there, and contact is owed again.
    assert by_due["2026-03-01"] is Status.OVERDUE


def test_no_contact_after_the_word_that_nothing_is_available() -> None:
    rows = [
        row("application_received", "2026-02-03", id="app"),
        row("application_complete", "2026-02-03"),
        row("decision_sent", "2026-02-20", denied_modifications=["modification"]),
    ]
    clock = told(rows, "2026-06-20", first_due=JAN)
    last = clock.duty("EI-1", "2026-05-01")
    assert last.status is Status.WAIVED
    assert "no option" in str(last.why)
    cured = told([*rows, row("payment_received", "2026-04-10", installments=4)], "2026-07-20", first_due=JAN)
    assert cured.duty("EI-1", "2026-05-01").status is Status.OVERDUE


def test_a_person_to_turn_to() -> None:
    clock = told([], "2026-02-10", first_due=JAN)
    assert clock.duty("CC-1").due == datetime.date(2026, 2, 15)
    sooner = told([row("early_notice_sent", "2026-02-05")], "2026-02-10", first_due=JAN)
    assert sooner.duty("CC-1").due == datetime.date(2026, 2, 5)
    assert sooner.duty("CC-1").status is Status.OVERDUE
    done = told([row("contact_person_assigned", "2026-02-01")], "2026-02-20", first_due=JAN)
    assert done.duty("CC-1").status is Status.DONE_ON_TIME
    assert done.duty("CC-2").status is Status.OPEN
    assert done.duty("CC-2").due is None


def test_reachable_until_two_payments_under_the_agreement() -> None:
    rows = [
        row("contact_person_assigned", "2026-02-01"),
        row("loan_brought_current", "2026-04-10", next_due="2026-05-01", by="modification"),
        row("payment_received", "2026-05-01"),
    ]
    assert told(rows, "2026-06-20", first_due=JAN).duty("CC-2").status is Status.OPEN
    kept = told([*rows, row("payment_received", "2026-06-01")], "2026-06-20", first_due=JAN)
    assert kept.duty("CC-2").status is Status.ENDED
    late = told([*rows, row("payment_received", "2026-06-02")], "2026-06-20", first_due=JAN)
    assert late.duty("CC-2").status is Status.OPEN
    paid = told([rows[0], row("payment_received", "2026-04-10", installments=4)], "2026-04-20", first_due=JAN)
    assert paid.duty("CC-2").status is Status.ENDED


def test_a_returned_payment_brings_the_delinquency_back_without_new_breaches() -> None:
    rows = [row("payment_received", "2026-01-05", id="p"), row("payment_returned", "2026-02-20", payment="p")]
    clock = told(rows, "2026-02-25", first_due=JAN)
    assert clock.facts.oldest_unpaid == datetime.date(2026, 1, 1)
    assert clock.duty("EI-1", JAN).status is Status.WAIVED
    assert "returned" in str(clock.duty("EI-1", JAN).why)


@pytest.mark.parametrize(
    "loan",
    [
        {"principal_residence": False},
        {"reverse_mortgage": True},
        {"farm_credit": True},
        {"open_end": True},
        {"small_servicer": True},
    ],
)
def test_out_of_scope(loan: dict[str, bool]) -> None:
    clock = told([row("application_received", "2026-02-03")], "2026-06-20", first_due=JAN, **loan)
    assert {duty.status for duty in clock.duties if duty.legal.rule.startswith(("EI", "CC", "LM", "EV"))} <= {
        Status.WAIVED
    }
    assert not clock.broken()
    assert clock.facts.applications[0].covered is False
    assert clock.facts.notes


def test_a_home_that_becomes_the_principal_residence() -> None:
    rows = [row("occupancy_changed", "2026-03-20", principal_residence=True)]
    clock = told(rows, "2026-06-20", first_due=JAN, principal_residence=False)
    by_due = {duty.about: duty.status for duty in clock.duties_of("EI-1")}
    # Nothing is owed while the loan is out of scope; the facts say why.
    assert JAN not in by_due
    assert by_due["2026-03-01"] is Status.OVERDUE


def test_an_unknown_residence_is_taken_for_the_principal_one_and_said_so() -> None:
    clock = told([], "2026-03-01", first_due=JAN, principal_residence=None)
    assert clock.duty("EI-1", JAN).status is Status.OVERDUE
    assert any("taken to be" in note for note in clock.facts.notes)


def test_before_the_rules_nothing_is_owed() -> None:
    clock = told([], "2014-01-09", first_due="2013-11-01")
    assert not clock.clockwork.duties
    early = told([row("first_filing_made", "2014-01-09")], "2014-01-09", first_due="2013-12-01")
    assert not early.broken()
    late = told([row("first_filing_made", "2014-01-10")], "2014-01-10", first_due="2013-12-01")
    assert late.broken() == ["FC-1"]
