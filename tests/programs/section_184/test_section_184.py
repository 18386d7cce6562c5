"""Section 184: clocks, four kinds of forbearance, modification, advance, leaving; thresholds from both sides."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from hopenow.facts import NEVER
from hopenow.programs.base import column
from hopenow.programs.section_184 import PROGRAM
from hopenow.review import review_canonical
from tests.programs.usda import checks
from tests.programs.usda.checks import answers, conditions, failed, known_loan, unknown

DAY = datetime.timedelta(days=1)
TODAY = datetime.date(2026, 9, 15)
DEFAULT = datetime.date(2026, 6, 1)

LOAN: dict[str, Any] = known_loan(
    loan_type="section_184",
    evaluation_date=TODAY,
    borrower_contribution=0,
    days_delinquent=106,
    requested_forbearance_months=3,
    can_resume_payment=True,
    monthly_capacity=200_000,
    can_afford_repayment_plan=False,
    property_value=20_000_000,
    section_184_default_date=DEFAULT,
    section_184_balance_at_default=23_676_547,
    section_184_prior_advances=0,
    section_184_maximum_rate=45_000,
    section_184_verified_loss=True,
    section_184_continuous_income=True,
    section_184_income_loss_or_expense=False,
    section_184_unemployment_verified=True,
    section_184_servicemember=True,
    section_184_service_ends=datetime.date(2027, 3, 15),
    section_184_written_agreement=True,
    section_184_buyer_assumes=True,
    section_184_assumption_accepted=True,
    section_184_trial_completed=True,
    section_184_trial_agreement_returned=True,
    section_184_trial_payment_missed=False,
    section_184_failed_trial=False,
    section_184_application_date=NEVER,
    section_184_acknowledged_date=NEVER,
    section_184_complete_date=NEVER,
    section_184_decided_date=NEVER,
    section_184_appeal_date=NEVER,
    section_184_appeal_answered_date=NEVER,
    section_184_legal_action_date=NEVER,
    section_184_extension_date=NEVER,
    section_184_option_failed_date=NEVER,
    section_184_trust_land=True,
    section_184_tribe_consent=True,
    section_184_tribe_notified=True,
    section_184_bia_notified=True,
    section_184_other_default_days=0,
    section_184_adverse_unavoidable=True,
    section_184_elected_date=TODAY,
    section_184_hud_variance=False,
    section_184_marketing_days=90,
    section_184_sale_contract_signed=False,
    section_184_deed_offer_answered=False,
    section_184_deed_accepted=True,
    sale_price=20_000_000,
    sale_commission=1_000_000,
    sale_costs=0,
)
FENCE = "section_184_fence"
MODIFICATION, ADVANCE = "section_184_modification", "section_184_advance"
SALE = "section_184_preforeclosure_sale"


def one(**changes: Any) -> dict[str, Any]:
    return answers(PROGRAM, LOAN, **changes)


def test_program_is_whole() -> None:
    checks.check_whole(PROGRAM, "section_184")


@pytest.mark.parametrize(
    "option", [item.id for item in PROGRAM.options if item.id != "section_184_unemployment_forbearance"]
)
def test_each_option_can_be_eligible(option: str) -> None:
    row = one()
    assert failed(row, option) == conditions(row, option) == unknown(row, option) == set()
    assert row[column(option, "status")] == "eligible"


@pytest.mark.parametrize("loan_type", ["conventional", "fha", "va", "usda"])
def test_only_section_184_loans(loan_type: str) -> None:
    found = review_canonical(checks.frame({**LOAN, "loan_type": loan_type}), checks.settings(PROGRAM))
    assert found["program"].to_list() == [None] * found.height


@pytest.mark.parametrize(("option", "day", "rule_set"), list(checks.edges(PROGRAM)))
def test_rule_set_on_each_edge(option: str, day: datetime.date, rule_set: str) -> None:
    checks.check_edge(PROGRAM, LOAN, option, day, rule_set)


# --- clocks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "began", "done", "days", "term"),
    [
        ("S184-C1", "application", "acknowledged", 5, "acknowledge_by"),
        ("S184-C1-DECIDED", "complete", "decided", 14, "decide_by"),
        ("S184-C2", "appeal", "appeal_answered", 30, "answer_by"),
    ],
)
def test_answers_in_time(rule: str, began: str, done: str, days: int, term: str) -> None:
    start = TODAY - datetime.timedelta(days=60)
    for late, met in ((-1, True), (0, True), (1, False)):
        ended = start + datetime.timedelta(days=days + late)
        facts = {f"section_184_{began}_date": start, f"section_184_{done}_date": ended}
        if began == "appeal":
            facts["section_184_decided_date"] = start - DAY
        row = one(**facts)
        assert (rule not in conditions(row, FENCE)) == met
        assert row[column(FENCE, term)] == start + datetime.timedelta(days=days)
        # Not done yet: the evaluation date decides.
        still = {f"section_184_{began}_date": TODAY - datetime.timedelta(days=days + late)}
        if began == "appeal":
            still["section_184_decided_date"] = TODAY - datetime.timedelta(days=days + late + 1)
        assert (rule not in conditions(one(**still), FENCE)) == met


@pytest.mark.parametrize(("days", "binds"), [(13, True), (14, True), (15, False)])
def test_a_late_appeal_need_not_be_answered(days: int, binds: bool) -> None:
    decided = TODAY - datetime.timedelta(days=100)
    row = one(section_184_decided_date=decided, section_184_appeal_date=decided + datetime.timedelta(days=days))
    assert ("S184-C2" in conditions(row, FENCE)) == binds


@pytest.mark.parametrize(("days", "met"), [(179, True), (180, True), (181, False)])
def test_first_legal_action(days: int, met: bool) -> None:
    default = TODAY - datetime.timedelta(days=days)
    row = one(section_184_default_date=default)
    assert ("S184-C3" not in conditions(row, FENCE)) == met
    assert row[column(FENCE, "legal_action_by")] == default + datetime.timedelta(days=180)
    acted = default + datetime.timedelta(days=days)
    row = one(section_184_default_date=default, section_184_legal_action_date=acted)
    assert ("S184-C3" not in conditions(row, FENCE)) == met
    appealed = one(section_184_default_date=default, section_184_appeal_date=TODAY)
    assert "S184-C3" not in conditions(appealed, FENCE)


@pytest.mark.parametrize(("days", "met"), [(29, True), (30, True), (31, False)])
def test_legal_action_after_a_bar(days: int, met: bool) -> None:
    row = one(
        section_184_default_date=TODAY - datetime.timedelta(days=400),
        section_184_extension_date=TODAY - datetime.timedelta(days=days),
    )
    assert ("S184-C3" not in conditions(row, FENCE)) == met


@pytest.mark.parametrize(
    ("payments", "other", "due"), [(1, 59, False), (2, 0, True), (3, 0, True), (0, 60, True), (0, 61, True)]
)
def test_notices_to_tribe_and_bureau(payments: int, other: int, due: bool) -> None:
    facts = {"months_delinquent": payments, "section_184_other_default_days": other}
    for missing in ("section_184_tribe_notified", "section_184_bia_notified"):
        assert ("S184-C4" in conditions(one(**facts, **{missing: False}), FENCE)) == due
    free = one(
        **facts,
        section_184_tribe_consent=False,
        section_184_tribe_notified=False,
        section_184_trust_land=False,
        section_184_bia_notified=False,
    )
    assert "S184-C4" not in conditions(free, FENCE)


@pytest.mark.parametrize(("days", "met"), [(44, True), (45, True), (46, False)])
def test_another_option_after_a_failure(days: int, met: bool) -> None:
    failure = TODAY - datetime.timedelta(days=days)
    row = one(section_184_default_date=failure - 180 * DAY, section_184_option_failed_date=failure)
    assert ("S184-C5" not in conditions(row, FENCE)) == met
    assert row[column(FENCE, "another_option_by")] == failure + 45 * DAY
    late = one(section_184_default_date=failure - 181 * DAY, section_184_option_failed_date=failure)
    assert "S184-C5" not in conditions(late, FENCE)
    assert late[column(FENCE, "another_option_by")] is None


# --- forbearance ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "rule", "passing"),
    [
        ("informal", "S184-F1-TERM", range(1, 4)),
        ("formal", "S184-F2", range(3, 7)),
        ("unemployment", "S184-F3-TERM", range(1, 7)),
    ],
)
def test_length_of_forbearance(kind: str, rule: str, passing: range) -> None:
    option = f"section_184_{kind}_forbearance"
    for months in range(1, 9):
        row = one(requested_forbearance_months=months)
        assert (rule not in failed(row, option)) == (months in passing)
        assert row[column(option, "months")] in passing
    row = one(requested_forbearance_months=None)
    assert rule not in failed(row, option) | unknown(row, option)
    assert row[column(option, "months")] == passing[-1]


def test_informal_forbearance_needs_no_loss() -> None:
    row = one(section_184_income_loss_or_expense=True)
    assert failed(row, "section_184_informal_forbearance") == {"S184-F1"}


def test_unemployment_after_three_months_in_default() -> None:
    option = "section_184_unemployment_forbearance"
    for default, passes in (
        (datetime.date(2026, 6, 14), True),
        (datetime.date(2026, 6, 15), True),
        (datetime.date(2026, 6, 16), False),
    ):
        row = one(section_184_default_date=default)
        assert ("S184-F3" not in failed(row, option)) == passes
    assert "S184-F3-HOME" in failed(one(occupancy="second_home"), option)
    assert "S184-F3-VERIFIED" in failed(one(section_184_unemployment_verified=False), option)
    assert one(section_184_default_date=DEFAULT)[column(option, "status")] == "eligible"


def test_servicemembers_get_three_months_after_service() -> None:
    row = one()
    assert row["section_184_servicemember_forbearance__end"] == datetime.date(2027, 6, 30)
    assert row["section_184_servicemember_forbearance__months"] == 9
    assert one(section_184_service_ends=None)["section_184_servicemember_forbearance__end"] is None


# --- modification ---------------------------------------------------------------------------------


def test_age_and_repeats() -> None:
    for day, passes in ((14, True), (15, True), (16, False)):
        closed = datetime.date(2025, 9, day)
        assert ("S184-M1" not in failed(one(origination_date=closed), MODIFICATION)) == passes
        modified = datetime.date(2024, 9, day)
        row = one(last_modification_date=modified, prior_modifications=1)
        assert ("S184-M1-REPEAT" not in failed(row, MODIFICATION)) == passes
        # HUD approves any after the first; that asks, and does not rule out.
        assert "S184-M1-HUD" in conditions(row, MODIFICATION)


@pytest.mark.parametrize(("before", "cut"), [(99_999, 10_000), (100_000, 10_000), (100_001, 10_001), (100_010, 10_001)])
def test_cut_is_the_greater_of_share_and_amount(before: int, cut: int) -> None:
    # Taxes and insurance are 520.00.
    row = one(monthly_principal_and_interest=before - 52_000)
    assert row[column(MODIFICATION, "needed_cut")] == cut


def test_cut_from_both_sides() -> None:
    row = one()
    after, needed = (row[column(MODIFICATION, name)] for name in ("lowest_payment", "needed_cut"))
    # The longest term gives the lowest payment; the old payment of which that is nine tenths decides.
    exact = -(-after * 10 // 9)
    for old, passes in ((exact - 1, False), (exact, True), (exact + 1, True)):
        found = one(monthly_principal_and_interest=old - 52_000, monthly_capacity=1_000_000)
        assert ("S184-M3" not in failed(found, MODIFICATION)) == passes, (old, needed)


def test_income_supports_the_new_but_not_the_old() -> None:
    lowest = one()[column(MODIFICATION, "lowest_payment")]
    for capacity, passes in ((lowest - 1, False), (lowest, True), (lowest + 1, True)):
        row = one(monthly_capacity=capacity)
        assert ("S184-M2-INCOME" not in failed(row, MODIFICATION)) == passes
    regular, arrears = 210_017, 4 * 210_017 + 18_000
    for capacity, repayable, passes in (
        (regular - 1, True, True),
        (regular, True, True),
        (regular + 1, True, False),
        (regular + 1, False, True),
        (regular + arrears, False, False),
    ):
        row = one(monthly_capacity=capacity, can_afford_repayment_plan=repayable)
        assert ("S184-M2-OLD" not in failed(row, MODIFICATION)) == passes
    row = one(monthly_capacity=regular + 1, can_afford_repayment_plan=None)
    assert unknown(row, MODIFICATION) == {"S184-M2-OLD"}


@pytest.mark.parametrize(("rate", "passes"), [(44_999, True), (45_000, True), (45_001, False)])
def test_rate_within_the_limit(rate: int, passes: bool) -> None:
    assert ("S184-M4" not in failed(one(section_184_offered_rate=rate), MODIFICATION)) == passes


def test_rate_that_the_reference_does_not_give_is_asked_for() -> None:
    row = one(section_184_maximum_rate=None)
    assert {"S184-M3", "S184-M4"} <= unknown(row, MODIFICATION)
    assert row[column(MODIFICATION, "term")] is None


@pytest.mark.parametrize(
    ("offered", "first"),
    [
        (datetime.date(2026, 9, 1), datetime.date(2026, 10, 1)),
        (datetime.date(2026, 9, 2), datetime.date(2026, 11, 1)),
        (datetime.date(2026, 10, 2), datetime.date(2026, 11, 1)),
        (datetime.date(2026, 10, 3), datetime.date(2026, 12, 1)),
    ],
)
def test_trial_begins_thirty_days_after_the_offer(offered: datetime.date, first: datetime.date) -> None:
    row = one(evaluation_date=offered)
    assert row[column(MODIFICATION, "trial_start")] == first
    assert (first - offered).days >= 30
    assert row[column(MODIFICATION, "trial_end")] == checks_end(first)
    assert row[column(MODIFICATION, "trial_payment")] >= row[column(MODIFICATION, "payment_after")]


def checks_end(first: datetime.date) -> datetime.date:
    month = first.month + 3
    return datetime.date(first.year + (month - 1) // 12, (month - 1) % 12 + 1, 1) - DAY


@pytest.mark.parametrize(
    "changes",
    [
        {"section_184_trial_agreement_returned": False},
        {"vacant": True},
        {"section_184_trial_payment_missed": True},
    ],
)
def test_failed_trial(changes: dict[str, Any]) -> None:
    assert conditions(one(**changes), MODIFICATION) == {"S184-M6"}


# --- advance --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "passes"), [(89, False), (90, True), (91, True)])
def test_advance_from_ninety_days(days: int, passes: bool) -> None:
    assert ("S184-A1" not in failed(one(days_delinquent=days), ADVANCE)) == passes


@pytest.mark.parametrize(("earlier", "passes"), [(6_244_895, True), (6_244_896, True), (6_244_897, False)])
def test_advances_together_stay_within_thirty_percent(earlier: int, passes: bool) -> None:
    # 30 % of 236,765.47 is 71,029.64; the arrears are 8,580.68.
    row = one(section_184_prior_advances=earlier)
    assert ("S184-A1-CAP" not in failed(row, ADVANCE)) == passes
    assert row[column(ADVANCE, "amount")] == (858_068 if passes else 0)


def test_advance_needs_a_home_and_a_payment() -> None:
    assert failed(one(occupancy="investment"), ADVANCE) == {"S184-A1-HOME"}
    assert failed(one(can_resume_payment=False), ADVANCE) == {"S184-A1-RESUME"}


# --- leaving --------------------------------------------------------------------------------------


def test_sale_thresholds() -> None:
    for day, passes in (
        (datetime.date(2025, 5, 31), True),
        (datetime.date(2025, 6, 1), True),
        (datetime.date(2025, 6, 2), False),
    ):
        assert ("S184-P1" not in failed(one(origination_date=day), SALE)) == passes
    for cents, passes in ((-1, True), (0, True), (1, False)):
        row = one(property_value=LOAN["interest_bearing_balance"] + cents)
        assert ("S184-P1-VALUE" not in failed(row, SALE)) == passes
    for days, passes in ((119, True), (120, True), (121, False)):
        row = one(section_184_elected_date=DEFAULT + days * DAY)
        assert ("S184-P1-TIME" not in failed(row, SALE)) == passes
    assert one()[column(SALE, "choose_by")] == DEFAULT + 120 * DAY
    # Not chosen yet: the evaluation date counts.
    late = one(section_184_elected_date=NEVER, section_184_default_date=TODAY - 121 * DAY)
    assert "S184-P1-TIME" in failed(late, SALE)


def test_variance() -> None:
    owed = LOAN["interest_bearing_balance"]
    for gap, asks in ((7_499_999, False), (7_500_000, True), (7_500_001, True)):
        row = one(property_value=owed - gap)
        assert ("S184-P2" in conditions(row, SALE)) == asks
        assert "S184-P2" not in conditions(one(property_value=owed - gap, section_184_hud_variance=True), SALE)
    # A small loan, so that only the share decides: 50 % of 100,000.00.
    for value, asks in ((4_999_999, True), (5_000_000, False), (5_000_001, False)):
        row = one(interest_bearing_balance=10_000_000, property_value=value)
        assert ("S184-P2" in conditions(row, SALE)) == asks


@pytest.mark.parametrize(
    ("days", "signed", "met"),
    [
        (89, False, False),
        (90, False, True),
        (120, False, True),
        (121, False, False),
        (121, True, True),
        (180, True, True),
        (181, True, False),
    ],
)
def test_marketing(days: int, signed: bool, met: bool) -> None:
    row = one(section_184_marketing_days=days, section_184_sale_contract_signed=signed)
    assert ("S184-P3" not in conditions(row, SALE)) == met


def test_deed_after_a_failed_trial() -> None:
    row = one(section_184_failed_trial=True)
    assert conditions(row, "section_184_deed_in_lieu") == {"S184-M7"}
    row = one(section_184_failed_trial=True, section_184_deed_offer_answered=True)
    assert row["section_184_deed_in_lieu__status"] == "eligible"


def test_rules_not_read_only_ask() -> None:
    row = one(section_184_deed_accepted=False, section_184_assumption_accepted=False)
    assert row["section_184_deed_in_lieu__status"] == row["section_184_assumption__status"] == "conditional"
    assert failed(one(section_184_buyer_assumes=False), "section_184_assumption") == {"S184-O1"}


def test_order() -> None:
    assert one()["order"] == "standard"
    assert one(wants_to_keep_home=False)["first_eligible"] == "section_184_assumption"


def test_batch_equals_singles_in_any_order() -> None:
    checks.check_batch_equals_singles(PROGRAM, checks.random_loans(400, 5, {"loan_type": "section_184"}))


def test_every_option_is_told_in_words() -> None:
    checks.check_explained(PROGRAM, checks.random_loans(12, 6, {"loan_type": "section_184"}, holes=0.5))
    nothing = [
        {"loan_id": str(day), "evaluation_date": day, "loan_type": "section_184"}
        for day in (datetime.date(2010, 1, 1), datetime.date(2025, 1, 26), TODAY)
    ]
    checks.check_explained(PROGRAM, checks.frame(*nothing, LOAN))
    checks.check_published(PROGRAM)
