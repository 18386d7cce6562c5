"""Clocks and arithmetic: published worked cases exactly, days around each limit, and marks."""

from __future__ import annotations

import datetime
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopenow.dates import month_end
from hopenow.errors import CoverageError, InputError, LawError
from hopenow.facts import NEVER
from hopenow.money import cents, format_ppm
from hopenow.programs.conventional import process
from hopenow.programs.conventional.common import law
from hopenow.programs.conventional.process import Clock

Case = dict[str, Any]

FANNIE, FREDDIE = "fannie_mae", "freddie_mac"
BOTH = pytest.mark.parametrize("authority", [FANNIE, FREDDIE])
DAYS = st.dates(date(2025, 9, 1), date(2035, 12, 31))


@pytest.fixture(scope="module")
def cases(shared: Path) -> dict[str, Case]:
    """Published worked cases by id."""
    content = json.loads((shared / "cases" / "conventional_loans.json").read_text(encoding="utf-8"))
    return {case["id"]: case for case in content["cases"]}


def day(text: str) -> date:
    return date.fromisoformat(text)


def due(clocks: tuple[Clock, ...]) -> dict[str, date | None]:
    """Last day by name of clock; names are met once."""
    names = [clock.name for clock in clocks]
    assert len(names) == len(set(names))
    return {clock.name: clock.due for clock in clocks}


# --- published cases ------------------------------------------------------------------------------


def test_case_short_sale_clocks(cases: dict[str, Case]) -> None:
    given_, wanted = cases["SM-SS-02"]["inputs"], cases["SM-SS-02"]["outputs"]
    received = day(given_["brp_and_offer_received"])
    clocks = due(process.short_sale_clocks(FANNIE, received, approved=day(given_["approved"])))
    assert clocks["acknowledge_offer"] == day(wanted["ack_by"])
    assert clocks["answer_sale_offer"] == day(wanted["decision_by"])
    assert clocks["close_sale"] == day(wanted["close_by"])


def test_case_mortgage_release_clocks(cases: dict[str, Case]) -> None:
    given_, wanted = cases["SM-DIL-01"]["inputs"], cases["SM-DIL-01"]["outputs"]
    sale = day(given_["sale"])
    clocks = due(process.release_clocks(FANNIE, day(given_["acceptance"]), sale_date=sale))
    assert clocks["release_documents"] == day(wanted["docs_due"])
    assert clocks["release_documents_extended"] == day(wanted["docs_due_extended"])
    late = process.deed_standing(FANNIE, date(2026, 11, 5), sale)
    words = "prior approval needed" if late.prior_approval_needed else "allowed"
    assert f"{words} ({late.days_before_sale} days before sale)" == wanted["deed_received_2026-11-05"]
    early = process.deed_standing(FANNIE, date(2026, 10, 30), sale)
    assert wanted["deed_received_2026-10-30"] == "allowed"
    assert not early.prior_approval_needed


def test_case_solicitation(cases: dict[str, Case]) -> None:
    given_, wanted = cases["SM-SOL-01"]["inputs"], cases["SM-SOL-01"]["outputs"]
    oldest = day(given_["day90"]) - timedelta(days=90)
    (flex,) = process.solicitation_windows(FANNIE, next_due_date=oldest)
    assert (flex.opens, flex.due) == (day(given_["day90"]), day(wanted["flex_solicit_by"]))
    (refused,) = process.solicitation_windows(
        FANNIE, next_due_date=oldest, sale_date=day(given_["nonjudicial_sale"]), judicial=False
    )
    assert wanted["flex_solicit_with_that_sale"].startswith("refused")
    assert refused.due is None
    assert refused.refused is not None
    assert "30 days away (without court)" in refused.refused
    windows = due(
        process.solicitation_windows(
            FANNIE,
            forbearance_ended=day(given_["forbearance_expired"]),
            plan_failed=day(given_["repayment_failed_month_end"]),
        )
    )
    assert windows == {
        "solicit_after_forbearance": day(wanted["deferral_solicit_after_forbearance_by"]),
        "solicit_after_plan": day(wanted["deferral_solicit_after_repayment_failure_by"]),
    }


def test_case_deferral_dates(cases: dict[str, Case]) -> None:
    given_, wanted = cases["SM-DEF-01"]["inputs"], cases["SM-DEF-01"]["outputs"]
    clocks = due(process.deferral_clocks(FANNIE, day(given_["evaluation_date"])))
    assert clocks == {
        "enter_case": day(wanted["smdu_entry_by"]),
        "report_activity": day(wanted["lar_by"]),
        "deferral_takes_effect": day(wanted["effective_date"]),
        "custodian_copy": day(wanted["custodian_by"]),
    }
    spread = process.escrow_spread(FANNIE, cents(given_["escrow_shortage"]), day(given_["evaluation_date"]))
    assert spread.monthly == cents(wanted["escrow_shortage_monthly"])


def test_case_trial_schedule(cases: dict[str, Case]) -> None:
    given_, wanted = cases["SM-TPP-01"]["inputs"], cases["SM-TPP-01"]["outputs"]
    notice = day(given_["evaluation_notice_sent"])
    clocks = process.trial_clocks(
        FANNIE, notice, given_["trial_months"], processing_month=given_["processing_month"]
    )
    payments = [clock for clock in clocks if clock.name == "trial_payment"]
    assert [clock.opens for clock in payments] == [day(text) for text in wanted["trial_due"]]
    assert [clock.due for clock in payments] == [month_end(day(text)) for text in wanted["trial_due"]]
    takes_effect = next(clock for clock in clocks if clock.name == "modification_takes_effect")
    assert takes_effect.due == day(wanted["modification_effective"])


@pytest.mark.parametrize("name", ["FRE-FLEX-01", "FRE-FLEX-02", "FRE-FLEX-03"])
def test_case_official_trial_dates(cases: dict[str, Case], name: str) -> None:
    given_, wanted = cases[name]["inputs"], cases[name]["outputs"]
    notice_day = process.Rulebook(FREDDIE, day(given_["evaluation_date"]), name="flex_modification").figure(
        "notice_day"
    )
    found = process.trial_schedule(day(given_["evaluation_date"]), 3, False, notice_day)
    assert found.start == day(wanted["trial_start"])
    assert found.end == day(wanted["trial_end"])
    assert found.first_payment_due == day(wanted["first_payment_due"])
    assert found.rate_change_date == day(wanted["rate_change_date"])


def test_case_trial_payments(cases: dict[str, Case]) -> None:
    given_, wanted = cases["SM-TPP-05"]["inputs"], cases["SM-TPP-05"]["outputs"]
    amount, due_date = cents(given_["trial_amount"]), day(given_["trial_due"])
    words = {True: "met", False: "failed", None: "open"}

    def outcome(received: str, paid: str, *, zero_tolerance: bool) -> str:
        met = process.trial_payment_met(
            due_date, amount, day(received), cents(paid), zero_tolerance=zero_tolerance
        )
        return words[met]

    for zero_tolerance in (False, True):
        for received in ("2026-11-30", "2026-12-01"):
            found = outcome(received, "1815.13", zero_tolerance=zero_tolerance)
            assert found == wanted[f"received_{received}_1815.13"]
    # Only the policy of zero tolerance, which no guide states, makes a payment that is a cent short fail.
    assert outcome("2026-11-30", "1815.12", zero_tolerance=True) == wanted["received_2026-11-30_1815.12"]
    assert outcome("2026-11-30", "1815.12", zero_tolerance=False) == "open"


def test_case_incentives(cases: dict[str, Case]) -> None:
    given_, wanted = cases["SM-INC-01"]["inputs"], cases["SM-INC-01"]["outputs"]
    for option in process.LEAVING:
        found = [
            process.incentive(option, FANNIE, date(2026, 9, 15), days_delinquent=days).amount
            for days in given_["days_delinquent"]
        ]
        assert found == [cents(text) for text in wanted["incentive"]]


def test_case_escrow(cases: dict[str, Case]) -> None:
    given_, wanted = cases["RA-ESC-01"]["inputs"], cases["RA-ESC-01"]["outputs"]
    for shortage, monthly in zip(given_["shortage"], wanted["monthly"], strict=True):
        spread = process.escrow_spread(FANNIE, cents(shortage), date(2025, 4, 9))
        assert spread.monthly == cents(monthly)
        assert len(spread.installments) == given_["months"]
        assert sum(spread.installments) == cents(shortage)


def test_case_net_proceeds(cases: dict[str, Case]) -> None:
    given_, wanted = cases["RA-NP-01"]["inputs"], cases["RA-NP-01"]["outputs"]
    amounts = {name: cents(text) for name, text in given_.items()}
    found = process.sale_proceeds(
        price=amounts["price"],
        commission=amounts["commission"],
        closing_costs=amounts["closing"],
        repairs=amounts["repairs"],
        subordinate_liens=amounts["sub_liens"],
        other_costs=amounts["other"],
        balance=amounts["upb"],
        interest=amounts["interest"],
        advances=amounts["advances"],
    )
    assert found.costs == cents(wanted["costs"])
    assert found.net == cents(wanted["net"])
    assert found.owed == cents(wanted["owed"])
    assert found.deficiency == cents(wanted["deficiency"])
    assert found.recovery is not None
    assert format_ppm(found.recovery, places=2).removesuffix("%").strip() == wanted["recovery_pct"]


def test_case_forbearance_room(cases: dict[str, Case]) -> None:
    given_, wanted = cases["SM-FB-01"]["inputs"], cases["SM-FB-01"]["outputs"]
    found = process.forbearance_room(
        FANNIE,
        [(day(first), day(last)) for first, last in given_["terms"]],
        next_due_date=day(given_["unpaid_due_dates"][0]),
        requested_months=given_["requested_fourth_term_months"],
    )
    third = found.terms[-1]
    assert third.months_in_all == wanted["cumulative_after_3"]
    assert third.months_delinquent_at_end == wanted["months_delinquent_at_2027-06-30"]
    assert not any(term.broken for term in found.terms)
    assert found.requested is not None
    assert (not found.requested.broken) == wanted["fourth_3_months_allowed"]
    assert found.requested.broken == ("FB-7",)
    assert found.allowed_months == wanted["fourth_allowed_months"]
    assert found.next_end == day(wanted["fourth_end"])
    assert found.limits == ("FB-7",)


def test_case_official_forbearance(cases: dict[str, Case]) -> None:
    given_, wanted = cases["FRE-FB-01"]["inputs"], cases["FRE-FB-01"]["outputs"]
    found = process.forbearance_room(
        FREDDIE,
        [(day(given_["start"]), day(given_["end"]))],
        months_delinquent=given_["months_delinquent"],
    )
    (term,) = found.terms
    assert (not term.broken) == wanted["approved"]
    assert term.months_in_all == wanted["cumulative_months"]
    assert term.months_delinquent_at_end == 7


# --- one day either side --------------------------------------------------------------------------


@pytest.mark.parametrize(("notice", "first"), [(15, date(2026, 10, 1)), (16, date(2026, 11, 1))])
def test_trial_begins_by_the_day_of_the_notice(notice: int, first: date) -> None:
    assert process.trial_schedule(date(2026, 9, notice), 3, False, 15).start == first


def test_processing_month_moves_the_modification_only() -> None:
    without = process.trial_schedule(date(2026, 9, 11), 3, False, 15)
    with_month = process.trial_schedule(date(2026, 9, 11), 3, True, 15)
    assert with_month.due == without.due
    assert with_month.effective_date == date(2027, 2, 1)
    assert with_month.rate_change_date == without.effective_date


@given(notice=DAYS, months=st.integers(1, 6), processing=st.booleans())
def test_trial_is_months_in_a_row(notice: date, months: int, processing: bool) -> None:
    found = process.trial_schedule(notice, months, processing, 15)
    assert [item.day for item in found.due] == [1] * months
    assert notice < found.start <= notice + timedelta(days=47)
    assert found.end < found.effective_date
    assert (found.effective_date - found.end == timedelta(days=1)) != processing


def test_trial_needs_a_payment() -> None:
    with pytest.raises(InputError, match="at least one payment"):
        process.trial_schedule(date(2026, 9, 11), 0, False, 15)


@pytest.mark.parametrize(("amount", "paid"), [(0, 1), (100, 0), (100, -1)])
def test_no_payment_is_no_trial_payment(amount: int, paid: int) -> None:
    with pytest.raises(InputError, match="not a trial payment"):
        process.trial_payment_met(date(2026, 11, 1), amount, date(2026, 11, 2), paid)


def test_pooled_loan_reports_the_last_payment_early() -> None:
    clocks = process.trial_clocks(FANNIE, date(2026, 9, 11), 3, in_pool=True)
    report = next(clock for clock in clocks if clock.name == "report_last_trial_payment")
    assert report.due == date(2026, 12, 15)
    assert report.verification == "unverified"
    names = {clock.name for clock in process.trial_clocks(FREDDIE, date(2026, 9, 11), 3, in_pool=True)}
    assert "report_last_trial_payment" not in names


def test_closing_for_the_incentive() -> None:
    clocks = process.trial_clocks(FANNIE, date(2026, 9, 11), 3)
    assert next(clock.due for clock in clocks if clock.name == "close_for_incentive") == date(2027, 2, 28)


def test_processing_month_of_a_deferral() -> None:
    clocks = due(process.deferral_clocks(FANNIE, date(2026, 9, 20), processing_month=True))
    assert clocks["enter_case"] == date(2026, 9, 30)
    # October ends on a Saturday: the last business day before that is Friday the 30th.
    assert clocks["report_activity"] == date(2026, 10, 30)
    assert clocks["processing_month"] == date(2026, 10, 31)
    assert clocks["deferral_takes_effect"] == date(2026, 11, 1)


def test_processing_month_is_for_late_completion() -> None:
    with pytest.raises(InputError, match="not done by 2026-09-15"):
        process.deferral_clocks(FANNIE, date(2026, 9, 2), processing_month=True, completed=date(2026, 9, 15))
    clocks = due(
        process.deferral_clocks(FANNIE, date(2026, 9, 2), processing_month=True, completed=date(2026, 9, 16))
    )
    assert clocks["send_agreement"] == date(2026, 9, 21)


def test_deferral_of_the_other_enterprise_has_its_own_month_and_no_foreign_systems() -> None:
    clocks = due(process.deferral_clocks(FREDDIE, date(2026, 6, 18)))
    assert clocks == {"deferral_takes_effect": date(2026, 6, 1)}


def test_deferral_extras() -> None:
    clocks = due(
        process.deferral_clocks(
            FANNIE,
            date(2026, 9, 20),
            option="disaster_payment_deferral",
            payment_needed_first=True,
            recorded_original=date(2026, 10, 5),
            violation_notice=date(2026, 10, 5),
        )
    )
    assert clocks["pay_installment_first"] == date(2026, 9, 30)
    assert clocks["recorded_original"] == date(2026, 10, 13)
    assert clocks["texas_notice"] == date(2026, 10, 15)
    assert clocks["texas_cure"] == date(2026, 12, 4)


@BOTH
def test_notice_keeps_the_earlier_of_two_limits(authority: str) -> None:
    complete = date(2026, 9, 1)
    early = due(
        process.evaluation_clocks(authority, complete, package_complete=complete, decided=date(2026, 9, 10))
    )
    assert early["decide_package"] == date(2026, 10, 1)
    assert early["send_notice"] == date(2026, 9, 15)
    late = due(
        process.evaluation_clocks(authority, complete, package_complete=complete, decided=date(2026, 9, 29))
    )
    assert late["send_notice"] == date(2026, 10, 1)


def test_evaluation_clocks_need_their_day() -> None:
    received = date(2026, 10, 5)
    assert due(process.evaluation_clocks(FANNIE, received)) == {"acknowledge_package": date(2026, 10, 13)}
    closed = process.evaluation_clocks(FANNIE, received, closures=[date(2026, 10, 13)])
    assert due(closed) == {"acknowledge_package": date(2026, 10, 14)}
    found = process.evaluation_clocks(
        FANNIE,
        received,
        notice_sent=date(2026, 11, 2),
        next_due_date=date(2026, 9, 1),
        declined_while_current=date(2026, 11, 2),
    )
    by_name = {clock.name: clock for clock in found}
    assert by_name["answer_notice"].due == date(2026, 11, 16)
    assert by_name["answer_notice"].who == "borrower"
    assert by_name["first_solicitation"].opens == date(2026, 10, 1)
    assert by_name["first_solicitation"].due is None
    assert by_name["send_form_182"].due == date(2026, 12, 2)


def test_forbearance_clocks() -> None:
    found = process.forbearance_clocks(FANNIE, date(2026, 10, 15), date(2026, 12, 31), reduced_payments=True)
    assert found[0].name == "contact_before_end"
    assert found[0].due == date(2026, 12, 1)
    payments = [(clock.opens, clock.due) for clock in found[1:]]
    assert payments == [
        (date(2026, 10, 15), date(2026, 10, 31)),
        (date(2026, 11, 1), date(2026, 11, 30)),
        (date(2026, 12, 1), date(2026, 12, 31)),
    ]
    with pytest.raises(InputError, match="before it begins"):
        process.forbearance_clocks(FANNIE, date(2026, 10, 2), date(2026, 10, 1))


def test_disaster_referral_begins_with_its_rule() -> None:
    clock = process.disaster_referral_clock(date(2026, 5, 1))
    assert clock.due == date(2026, 5, 6)
    with pytest.raises(CoverageError, match=r"does not cover 2026-04-30; covered: from 2026-05-01"):
        process.disaster_referral_clock(date(2026, 4, 30))


def test_sale_clocks_around_a_revised_offer_and_closing() -> None:
    clocks = due(
        process.short_sale_clocks(
            FANNIE,
            date(2026, 10, 5),
            revised_offer_received=date(2026, 10, 5),
            closing=date(2026, 12, 18),
        )
    )
    assert clocks["answer_revised_offer"] == date(2026, 10, 20)
    assert clocks["settlement_statement"] == date(2026, 12, 16)
    assert "close_sale" not in clocks


@pytest.mark.parametrize(("deed", "late"), [(date(2026, 11, 1), False), (date(2026, 11, 2), True)])
def test_deed_thirty_days_before_the_sale(deed: date, late: bool) -> None:
    assert process.deed_standing(FANNIE, deed, date(2026, 12, 1)).prior_approval_needed is late


def test_release_clocks_after_the_deed_are_readings() -> None:
    found = process.release_clocks(
        FANNIE, date(2026, 10, 1), sale_date=NEVER, deed_received=date(2026, 10, 5)
    )
    by_name = {clock.name: clock for clock in found}
    assert "deed_before_sale" not in by_name
    assert by_name["record_deed"].due == date(2026, 10, 13)
    assert by_name["pay_relocation"].due == date(2026, 11, 4)
    assert by_name["record_deed"].verification == "unverified"
    assert by_name["release_documents"].verification == "secondary"


# --- solicitation ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("judicial", "days", "closes"),
    [
        # The window runs from day 90 to day 105; the last day is more than the limit before the sale.
        (False, 105 + 31, 105),
        (False, 105 + 30, 104),
        (False, 90 + 31, 90),
        (False, 90 + 30, None),
        (True, 105 + 61, 105),
        (True, 105 + 60, 104),
        (True, 90 + 61, 90),
        (True, 90 + 60, None),
    ],
)
def test_sale_ends_the_window(judicial: bool, days: int, closes: int | None) -> None:
    oldest = date(2026, 8, 1)
    (window,) = process.solicitation_windows(
        FANNIE, next_due_date=oldest, sale_date=oldest + timedelta(days=days), judicial=judicial
    )
    assert window.due == (None if closes is None else oldest + timedelta(days=closes))
    assert (window.refused is not None) == (closes is None)
    assert (window.note is not None) == (closes not in (None, 105))


@given(oldest=DAYS, wait=st.integers(-50, 300), judicial=st.booleans())
def test_no_day_of_a_window_is_too_near_the_sale(oldest: date, wait: int, judicial: bool) -> None:
    sale = oldest + timedelta(days=wait)
    limit = 60 if judicial else 30
    for window in process.solicitation_windows(
        FANNIE, next_due_date=oldest, step_rate_adjusted=True, sale_date=sale, judicial=judicial
    ):
        assert window.opens is not None
        if window.due is None:
            assert (sale - window.opens).days <= limit
        else:
            assert window.opens <= window.due
            assert (sale - window.due).days > limit


def test_solicitation_says_what_it_lacks() -> None:
    with pytest.raises(InputError) as error:
        process.solicitation_windows(
            FANNIE, deferral_unanswered=date(2026, 11, 1), sale_date=date(2027, 1, 1)
        )
    assert len(error.value.findings) == 2
    assert process.solicitation_windows(FANNIE) == ()


def test_never_a_sale_is_no_sale() -> None:
    (window,) = process.solicitation_windows(FANNIE, next_due_date=date(2026, 8, 1), sale_date=NEVER)
    assert window.refused is None


@pytest.mark.parametrize(
    ("effective", "found"),
    [
        (date(2026, 4, 30), True),  # the 60th day falls on the last day of the six months
        (date(2026, 4, 29), False),
        (date(2026, 11, 1), False),  # the deferral came after
        (NEVER, False),
    ],
)
def test_window_after_a_deferral(effective: date, found: bool) -> None:
    oldest = date(2026, 8, 31)
    windows = process.solicitation_windows(FANNIE, next_due_date=oldest, deferral_effective=effective)
    by_name = {clock.name: clock for clock in windows}
    assert ("solicit_after_deferral" in by_name) is found
    if found:
        assert by_name["solicit_after_deferral"].due == oldest + timedelta(days=75)


@pytest.mark.parametrize(("days", "found"), [(89, False), (90, True)])
def test_unanswered_deferral_solicitation(days: int, found: bool) -> None:
    oldest = date(2026, 8, 1)
    lapsed = oldest + timedelta(days=days)
    windows = due(process.solicitation_windows(FANNIE, next_due_date=oldest, deferral_unanswered=lapsed))
    assert windows.get("solicit_unanswered") == (lapsed + timedelta(days=15) if found else None)


# --- forbearance ----------------------------------------------------------------------------------


def test_first_term_before_and_after_the_change() -> None:
    for start, months in ((date(2026, 4, 1), 6), (date(2026, 5, 1), 3)):
        found = process.forbearance_room(FANNIE, [], next_start=start, next_due_date=start)
        assert (found.allowed_months, found.limits) == (months, ("FB-5",))


def test_series_limit() -> None:
    found = process.forbearance_room(
        FANNIE,
        [(date(2026, 5, 1), date(2026, 7, 31)), (date(2026, 8, 1), date(2027, 3, 31))],
        months_delinquent=0,
        requested_months=2,
    )
    assert found.terms[1].broken == ("FB-5",)
    assert found.allowed_months == 1
    assert found.limits == ("FB-6", "FB-7")
    assert found.requested is not None
    assert found.requested.broken == ("FB-6", "FB-7")


def test_part_of_a_month_counts_as_one() -> None:
    found = process.forbearance_room(
        FANNIE, [(date(2026, 5, 15), date(2026, 8, 20))], next_due_date=date(2026, 5, 1)
    )
    assert found.terms[0].months == 4
    assert found.terms[0].broken == ("FB-5",)


def test_pool_contact_and_repayment_plan_limits() -> None:
    start = date(2026, 10, 1)
    pooled = process.forbearance_room(
        FANNIE, [], next_start=start, next_due_date=start, last_pool_payment=date(2026, 11, 30)
    )
    assert (pooled.allowed_months, pooled.limits) == (2, ("FB-8",))
    silent = process.forbearance_room(
        FANNIE, [], next_start=start, next_due_date=start, without_contact=True, repayment_months=34
    )
    assert (silent.allowed_months, silent.limits) == (2, ("FB-9",))


def test_unknown_delinquency_leaves_the_room_open() -> None:
    found = process.forbearance_room(FANNIE, [], next_start=date(2026, 10, 1), requested_months=4)
    assert found.allowed_months is None
    assert found.next_end is None
    assert found.requested is not None
    assert found.requested.broken == ("FB-5",)
    assert found.requested.months_delinquent_at_end is None


def test_no_room_left() -> None:
    found = process.forbearance_room(
        FANNIE, [], next_start=date(2026, 10, 1), next_due_date=date(2025, 10, 1)
    )
    assert (found.allowed_months, found.next_end) == (0, None)


@pytest.mark.parametrize(
    ("terms", "start", "finding"),
    [
        ([], None, "give the terms"),
        ([(date(2026, 10, 2), date(2026, 10, 1))], None, "ends before it begins"),
        ([(date(2026, 10, 1), date(2026, 12, 31))], date(2026, 12, 31), "begins before the one before it"),
    ],
)
def test_terms_form_a_series(terms: list[tuple[date, date]], start: date | None, finding: str) -> None:
    with pytest.raises(InputError, match=finding):
        process.forbearance_room(FANNIE, terms, next_start=start)


def test_forbearance_before_the_first_rules_is_refused() -> None:
    with pytest.raises(CoverageError, match="covered: 2018-12-01"):
        process.forbearance_room(FREDDIE, [], next_start=date(2018, 11, 30), next_due_date=date(2018, 10, 1))


# --- money ----------------------------------------------------------------------------------------


@given(shortage=st.integers(0, 10**8), months=st.integers(12, 60))
def test_spread_adds_up(shortage: int, months: int) -> None:
    found = process.escrow_spread(FANNIE, shortage, date(2026, 9, 15), months=months)
    assert sum(found.installments) == shortage
    assert len(found.installments) == months
    assert min(found.installments) >= 0
    assert abs(found.monthly * months - shortage) <= months / 2


@pytest.mark.parametrize(("shortage", "months"), [(-1, 60), (100, 11), (100, 61)])
def test_spread_limits(shortage: int, months: int) -> None:
    with pytest.raises(InputError):
        process.escrow_spread(FANNIE, shortage, date(2026, 9, 15), months=months)


def test_spread_before_its_rule_is_refused() -> None:
    with pytest.raises(CoverageError, match="covered: from 2024-09-11"):
        process.escrow_spread(FANNIE, 100, date(2024, 9, 10))
    assert process.escrow_spread(FANNIE, 100, date(2024, 9, 11)).words.verification == "unverified"


def test_proceeds_beyond_the_debt_leave_no_deficiency() -> None:
    found = process.sale_proceeds(price=200, balance=100, paid_in_advance=5)
    assert (found.net, found.deficiency, found.recovery) == (205, 0, 2_050_000)
    assert process.sale_proceeds(price=200, balance=0).recovery is None


def test_negative_amounts_are_all_named() -> None:
    with pytest.raises(InputError) as error:
        process.sale_proceeds(price=-1, balance=1, repairs=-2)
    assert len(error.value.findings) == 2


@pytest.mark.parametrize(("days", "amount"), [(210, 250_000), (211, 150_000), (300, 150_000), (301, 75_000)])
@BOTH
def test_incentive_for_leaving(authority: str, days: int, amount: int) -> None:
    found = process.incentive("short_sale", authority, date(2026, 9, 15), days_delinquent=days)
    assert found.amount == amount
    assert found.verification == ("secondary" if authority == FANNIE else "unverified")


@pytest.mark.parametrize(
    ("option", "facts", "amount"),
    [
        ("forbearance", {}, 0),
        ("repayment_plan", {"days_delinquent": 60, "last_fee_date": NEVER, "retention_paid": 0}, 50_000),
        ("repayment_plan", {"days_delinquent": 59, "last_fee_date": NEVER, "retention_paid": 0}, 0),
        (
            "repayment_plan",
            {"days_delinquent": 60, "last_fee_date": date(2025, 9, 15), "retention_paid": 50_000},
            50_000,
        ),
        (
            "repayment_plan",
            {"days_delinquent": 60, "last_fee_date": date(2025, 9, 16), "retention_paid": 50_000},
            0,
        ),
        ("payment_deferral", {"retention_paid": 0}, 50_000),
        ("payment_deferral", {"retention_paid": 70_000}, 30_000),
        ("payment_deferral", {"retention_paid": 100_000}, 0),
        ("flex_modification", {"months_to_close": 2, "retention_paid": 0}, 100_000),
        ("flex_modification", {"months_to_close": 3, "retention_paid": 0}, 0),
        ("flex_modification", {"months_to_close": 1, "retention_paid": 50_000}, 50_000),
    ],
)
def test_incentive_for_keeping(option: str, facts: dict[str, Any], amount: int) -> None:
    found = process.incentive(option, FANNIE, date(2026, 9, 15), **facts)
    assert found.amount == amount
    assert found.why


def test_incentive_names_what_it_lacks() -> None:
    with pytest.raises(InputError) as error:
        process.incentive("repayment_plan", FANNIE, date(2026, 9, 15))
    assert [str(item) for item in error.value.findings] == [
        "days_delinquent is not known",
        "last_fee_date is not known",
        "retention_paid is not known",
    ]
    with pytest.raises(InputError, match="no incentive is known for 'reinstatement'"):
        process.incentive("reinstatement", FANNIE, date(2026, 9, 15))
    with pytest.raises(CoverageError, match="covered: from 2023-10-11"):
        process.incentive("payment_deferral", FANNIE, date(2023, 10, 10), retention_paid=0)


# --- law ------------------------------------------------------------------------------------------


def test_clock_carries_its_figures_and_marks() -> None:
    (clock,) = process.evaluation_clocks(FREDDIE, date(2026, 10, 5))
    assert clock.says == "The servicer acknowledges the application within 5 business days."
    assert [item.figure for item in clock.citations] == [
        None,
        "acknowledge_package_days",
        "business_calendar",
    ]
    assert [item.verification for item in clock.citations] == ["verified", "verified", "unverified"]
    assert clock.verification == "unverified"
    assert all(item.title for item in clock.citations)


def test_before_the_known_edition_everything_is_unverified() -> None:
    for received, mark in ((date(2025, 8, 12), "unverified"), (date(2025, 8, 13), "secondary")):
        (clock,) = process.evaluation_clocks(FANNIE, received)
        assert clock.verification == mark


def test_every_clock_of_every_process_rule_can_be_put_into_words() -> None:
    on = date(2026, 9, 15)
    for authority in (FANNIE, FREDDIE):
        rules = process.Rulebook(authority, on)
        shown = [rules.words(name).says for name in rules.law.process if rules.has(name)]
        assert len(shown) > 30
        assert not any("{" in text for text in shown)


def test_every_figure_is_said_somewhere() -> None:
    content = law("process_dates")
    said = {name for item in content.process.values() for name in process._named(item.says)}
    assert set(content.parameters) - said == {"business_calendar"}


def test_every_clock_name_is_a_rule() -> None:
    text = Path(process.__file__).read_text(encoding="utf-8")
    rules = set(law("process_dates").process)
    used = {name for name in rules if f'"{name}"' in text or name.startswith("paid_for_")}
    documents_of_the_borrower = {
        "complete_package",
        "fresh_income_documents", "bankruptcy_schedules", "gross_up_income", "household_income",
    }  # fmt: skip
    assert rules - used == documents_of_the_borrower


@pytest.mark.parametrize("authority", [FANNIE, FREDDIE])
def test_figures_that_stand_in_several_files_agree(authority: str) -> None:
    on = date(2026, 9, 15)
    months = process.Rulebook(authority, on).figure("escrow_spread_months")
    for option in ("payment_deferral", "disaster_payment_deferral", "flex_modification"):
        assert process.Rulebook(authority, on, name=option).figure("shortage_months") == months, option
    days = {process.Rulebook(authority, on, name=name).figure("notice_day") for name in
            ("flex_modification", "disaster_flex_modification")}  # fmt: skip
    assert len(days) == 1


def test_unknown_authority_figure_and_rule_are_errors() -> None:
    with pytest.raises(LawError, match="no rules of 'ginnie_mae'; it knows fannie_mae, freddie_mac"):
        process.Rulebook("ginnie_mae", date(2026, 9, 15))
    rules = process.Rulebook(FREDDIE, date(2026, 9, 15))
    with pytest.raises(LawError, match="no figure 'agreement_days' of freddie_mac"):
        rules.figure("agreement_days")
    with pytest.raises(LawError, match="no rule 'enter_case' of freddie_mac"):
        rules.words("enter_case")
    with pytest.raises(LawError, match="no rule 'nothing'"):
        rules.words("nothing")


@given(
    received=DAYS,
    wait=st.integers(0, 120),
)
def test_clocks_move_with_time(received: datetime.date, wait: int) -> None:
    """A later start never gives an earlier deadline."""
    later = received + timedelta(days=wait)
    before, after = due(process.short_sale_clocks(FANNIE, received)), due(
        process.short_sale_clocks(FANNIE, later)
    )  # fmt: skip
    for name, last in before.items():
        assert last is not None
        assert after[name] is not None
        assert after[name] >= last  # type: ignore[operator]
        assert last >= received
