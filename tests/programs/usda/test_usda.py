"""USDA: three answers, thresholds from both sides, dates, orders, words."""

from __future__ import annotations

import datetime
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from hopenow.facts import NEVER
from hopenow.programs.base import column
from hopenow.programs.usda import PROGRAM
from hopenow.programs.usda.papers import papers
from hopenow.programs.usda.rd_hamp import share_of_year
from hopenow.review import explain, review_canonical
from tests.programs.usda import checks
from tests.programs.usda.checks import answers, conditions, failed, unknown
from tests.programs.usda.loans import NEW, OLD, OPENS, USDA

DAY = datetime.timedelta(days=1)


def one(option: str = "", **changes: Any) -> dict[str, Any]:
    return answers(PROGRAM, USDA, **{**OPENS.get(option, {}), **changes})


def test_program_is_whole() -> None:
    checks.check_whole(PROGRAM, "usda")


@pytest.mark.parametrize("option", OPENS)
def test_each_option_can_be_eligible(option: str) -> None:
    row = one(option)
    assert failed(row, option) == conditions(row, option) == unknown(row, option) == set()
    assert row[column(option, "status")] == "eligible"


@pytest.mark.parametrize("loan_type", ["conventional", "fha", "va", "section_184"])
def test_only_usda_loans(loan_type: str) -> None:
    result = review_canonical(checks.frame({**USDA, "loan_type": loan_type}), checks.settings(PROGRAM))
    assert result["program"].to_list() == [None] * result.height


@pytest.mark.parametrize(("option", "day", "rule_set"), list(checks.edges(PROGRAM)))
def test_rule_set_on_each_edge(option: str, day: datetime.date, rule_set: str) -> None:
    checks.check_edge(PROGRAM, USDA, option, day, rule_set)


GATED = [name for name in OPENS if name not in {"usda_preforeclosure_sale", "usda_deed_in_lieu", "usda_assignment"}]
LEAVING = [name for name in OPENS if name not in GATED]


@pytest.mark.parametrize("option", GATED)
@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("USDA-G1", {"occupancy": "second_home"}),
        ("USDA-G2", {"usda_involuntary": False}),
        ("USDA-G3", {"usda_can_support_debt": False}),
        ("USDA-G4", {"condition_acceptable": False}),
        ("USDA-G5", {"usda_false_information": True}),
    ],
)
def test_each_gate_rules_out_and_asks(option: str, rule: str, changes: dict[str, Any]) -> None:
    assert rule in failed(one(option, **changes), option)
    row = one(option, **dict.fromkeys(changes))
    assert rule in unknown(row, option)
    assert row[column(option, "status")] == "conditional"


# (option, rule, facts below, at and above a threshold, and which of the three pass)
THRESHOLDS: list[tuple[str, str, list[dict[str, Any]], list[bool]]] = [
    (
        "usda_special_forbearance",
        "USDA-G2",
        [{"days_delinquent": days, "usda_next_payment_at_risk": False} for days in (29, 30, 31)],
        [False, True, True],
    ),
    (
        "usda_streamline",
        "USDA-S5",
        [{"days_delinquent": days} for days in (89, 90, 91)],
        [False, True, True],
    ),
    (
        "usda_preforeclosure_sale",
        "USDA-D1",
        [{"days_delinquent": days, "usda_next_payment_at_risk": False} for days in (29, 30, 31)],
        [False, True, True],
    ),
    (
        "usda_preforeclosure_sale",
        "USDA-D4",
        [{"sale_price": 29_000_000 + cent} for cent in (-1, 0, 1)],
        [False, True, True],
    ),
    (
        "usda_deed_in_lieu",
        "USDA-D5",
        [{"usda_deed_loss": 1_000_001 + cent} for cent in (-1, 0, 1)],
        [True, False, False],
    ),
    (
        "usda_assignment",
        "USDA-D6",
        [{"usda_assignment_price": 5_000_000 + cent} for cent in (-1, 0, 1)],
        [False, True, True],
    ),
    (
        "usda_modification",
        "USDA-M1",
        [{"usda_offered_rate": 60_000 + step} for step in (-1, 0, 1)],
        [True, True, False],
    ),
    (
        "usda_streamline",
        "USDA-S8",
        [{"usda_offered_rate": 60_000 + step} for step in (-1, 0, 1)],
        [True, True, False],
    ),
    (
        "usda_special_servicing",
        "USDA-SS3",
        [{"usda_offered_rate": 60_000 + step} for step in (-1, 0, 1)],
        [True, True, False],
    ),
    # Income 6,000.00: 55 % is 3,300.00; the payment after servicing is 1,860.00.
    (
        "usda_special_servicing",
        "USDA-SS1",
        [{"usda_other_monthly_debt": 144_000 + cent} for cent in (-1, 0, 1)],
        [True, True, False],
    ),
]


@pytest.mark.parametrize(("option", "rule", "facts", "passes"), THRESHOLDS)
def test_thresholds_below_at_and_above(option: str, rule: str, facts: list[dict[str, Any]], passes: list[bool]) -> None:
    found = [rule not in failed(one(option, **changes), option) for changes in facts]
    assert found == passes


@pytest.mark.parametrize(("months", "passes"), [(11, True), (12, False), (13, False)])
def test_forbearance_room(months: int, passes: bool) -> None:
    option = "usda_special_forbearance"
    row = one(option, months_delinquent=months, evaluation_date=OLD)
    assert ("USDA-F1" not in failed(row, option)) == passes
    assert row[column(option, "room")] == max(12 - months, 0)
    # From 2025-02-11 the limit is carried over unverified: it can only ask for confirmation.
    row = one(option, months_delinquent=months)
    assert ("USDA-F1" not in conditions(row, option)) == passes
    assert failed(row, option) == set()


@pytest.mark.parametrize(("months", "leads"), [(2, False), (3, True), (4, True)])
def test_forbearance_may_lead_to_a_modification(months: int, leads: bool) -> None:
    row = one(months_delinquent=months)
    assert row["usda_special_forbearance__may_lead_to_modification"] is leads


@pytest.mark.parametrize(("more", "months", "passes"), [(-1, 3, False), (0, 3, True), (429_034, 1, True)])
def test_repayment_needs_three_months_at_most(more: int, months: int, passes: bool) -> None:
    # Arrears 4 * 2,100.17 + 180.00 = 8,580.68; a third of it, rounded up, is 2,860.23.
    option = "usda_repayment_agreement"
    capacity = 210_017 + 286_023 + more
    if months == 1:
        capacity = 210_017 + 858_068
    row = one(option, monthly_capacity=capacity, evaluation_date=OLD)
    assert ("USDA-R2" not in failed(row, option)) == passes
    assert row[column(option, "months")] == months
    assert failed(one(option, monthly_capacity=210_016, evaluation_date=OLD), option) == {"USDA-R2"}
    assert unknown(one(option, monthly_capacity=None), option) == {"USDA-R2"}


def test_special_servicing_at_31_percent_pays_the_arrears() -> None:
    option = "usda_special_servicing"
    # 2,100.17 is 31 % of 6,774.74 (rounded); at that income or above, the note stays.
    row = one(option, monthly_gross_income=677_475)
    assert row[column(option, "note_changed")] is False
    assert row[column(option, "advance")] == row[column(option, "arrears_advanced")] == 858_068
    assert row[column(option, "principal_and_interest")] == USDA["monthly_principal_and_interest"]
    row = one(option, monthly_gross_income=677_473)
    assert row[column(option, "note_changed")] is True
    assert row[column(option, "arrears_advanced")] == 0


def test_special_servicing_never_undercuts_when_principal_is_set_aside() -> None:
    row = one("usda_special_servicing")
    assert row["usda_special_servicing__term"] == 480
    assert row["usda_special_servicing__set_aside"] > 0
    assert row["usda_special_servicing__ratio_after"] >= 310_000


@pytest.mark.parametrize(("basis", "passes"), [(2_860_226, False), (2_860_227, True)])
def test_special_servicing_limit_of_the_advance(basis: int, passes: bool) -> None:
    # 30 % of 28,602.27, rounded down, is 8,580.68: exactly the arrears.
    option = "usda_special_servicing"
    row = one(option, monthly_gross_income=700_000, usda_balance_at_default=basis)
    assert ("USDA-SS2" not in failed(row, option)) == passes


def test_limit_binds_what_is_set_aside() -> None:
    row = one("usda_special_servicing", usda_balance_at_default=300_000)
    assert row["usda_special_servicing__set_aside"] == 90_000
    assert row["usda_special_servicing__binding_limit"] == "limit on advances"
    assert row["usda_special_servicing__ratio_after"] > 310_000


@pytest.mark.parametrize(("earlier", "passes"), [(7_102_963, True), (7_102_964, False), (7_102_965, False)])
def test_advances_are_cumulative(earlier: int, passes: bool) -> None:
    option = "usda_recovery_advance"
    row = one(option, usda_prior_recovery_advances=earlier)
    assert ("USDA-S3" not in failed(row, option)) == passes


def test_streamline_cut_of_a_tenth() -> None:
    option = "usda_streamline"
    row = one(option)
    new = row[column(option, "principal_and_interest")]
    # The old payment of which the new one is nine tenths, and one cent less and more.
    exact = -(-new * 10 // 9)
    for old, passes in ((exact - 1, False), (exact, True), (exact + 1, True)):
        found = failed(one(option, monthly_principal_and_interest=old), option)
        assert ("USDA-S6" not in found) == passes


def test_streamline_term_where_the_pool_limits_it() -> None:
    assert one("usda_streamline")["usda_streamline__term"] == 480
    assert one("usda_streamline", usda_investor_limits_term=True)["usda_streamline__term"] == 360
    row = one("usda_streamline", usda_investor_limits_term=None)
    assert row["usda_streamline__term"] is None
    assert "USDA-S6" in unknown(row, "usda_streamline")


@pytest.mark.parametrize(
    "changes",
    [
        {"borrower_response_package_complete": True},
        {"usda_demand_letter_sent": False},
    ],
)
def test_streamline_without_package_and_with_letter(changes: dict[str, Any]) -> None:
    assert "USDA-S4" in failed(one("usda_streamline", **changes), "usda_streamline")


@pytest.mark.parametrize("changes", [{"usda_accelerated": True}, {"usda_foreclosure_started_date": OLD - DAY}])
def test_streamline_closes_with_acceleration_or_foreclosure(changes: dict[str, Any]) -> None:
    assert "USDA-S5" in failed(one("usda_streamline", **changes), "usda_streamline")


def test_figures_the_reference_does_not_give_are_asked_for() -> None:
    row = one(usda_maximum_rate=None, usda_payment_reduction_target=None, usda_trial_completed=None)
    assert unknown(row, "usda_modification") == {"USDA-M1", "USDA-S1b", "USDA-TRIAL"}
    assert row["usda_modification__status"] == "conditional"
    assert row["usda_modification__rate"] is row["usda_modification__term"] is None
    asked = {
        question.fact
        for explanation in explain(
            checks.frame({**USDA, "usda_maximum_rate": None, "usda_payment_reduction_target": None}),
            checks.settings(PROGRAM),
        )
        for question in explanation.questions()
    }
    assert {"usda_maximum_rate", "usda_payment_reduction_target"} <= asked


def test_unverified_rules_never_rule_out() -> None:
    # The modification alone reaches the target, so the advance is not next; its place is unverified.
    row = one("usda_recovery_advance", usda_payment_reduction_target=10_000)
    assert failed(row, "usda_recovery_advance") == set()
    assert "USDA-S1c" in conditions(row, "usda_recovery_advance")


def test_marks_follow_the_reference() -> None:
    old, new = one("usda_modification"), one(evaluation_date=NEW)
    assert old["usda_special_forbearance__verification"] == "verified"
    assert new["usda_special_forbearance__verification"] == "unverified"
    assert old["usda_preforeclosure_sale__verification"] == "verified"
    assert new["usda_preforeclosure_sale__verification"] == "secondary"
    assert one("usda_streamline")["usda_streamline__verification"] == "secondary"
    assert new["usda_recovery_advance__verification"] == "unverified"


def test_order_follows_waterfall_and_wish() -> None:
    assert one(evaluation_date=OLD)["order"] == "traditional"
    assert one(evaluation_date=NEW)["order"] == "combined"
    assert one(evaluation_date=OLD, wants_to_keep_home=False)["order"] == "traditional_leave_first"
    assert one(wants_to_keep_home=False)["order"] == "combined_leave_first"
    row = one("usda_repayment_agreement")
    assert row["first_eligible"] == "usda_repayment_agreement"


# --- duties before foreclosure --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "before", "at", "facts"),
    [
        ("USDA-T1", 59, 60, {"usda_certified_letter_sent": False}),
        ("USDA-T2", 59, 60, {"usda_property_checked": False}),
        ("USDA-T3", 89, 90, {"usda_servicing_plan_reported": False}),
    ],
)
def test_duties_by_days(rule: str, before: int, at: int, facts: dict[str, Any]) -> None:
    assert rule not in conditions(one(days_delinquent=before, **facts), "usda_fence")
    for days in (at, at + 1):
        assert rule in conditions(one(days_delinquent=days, **facts), "usda_fence")
    assert rule not in conditions(one(days_delinquent=at), "usda_fence")


def test_letter_is_not_needed_with_an_arrangement() -> None:
    row = one(usda_certified_letter_sent=False, usda_payment_arrangement=True)
    assert "USDA-T1" not in conditions(row, "usda_fence")


@pytest.mark.parametrize(("months", "met"), [(2, True), (3, False), (4, False)])
def test_acceleration_at_three_payments(months: int, met: bool) -> None:
    row = one(months_delinquent=months, usda_other_method_prospect=False)
    assert ("USDA-T4" not in conditions(row, "usda_fence")) == met
    assert "USDA-T4" not in conditions(one(months_delinquent=months), "usda_fence")


@pytest.mark.parametrize(
    ("changes", "met"),
    [
        ({"usda_accelerated": False, "usda_options_advised": False}, True),
        ({"usda_accelerated": True}, True),
        ({"usda_accelerated": True, "usda_options_advised": False}, False),
        ({"usda_accelerated": True, "usda_options_requested": True}, False),
    ],
)
def test_options_before_acceleration(changes: dict[str, Any], met: bool) -> None:
    assert ("USDA-T5" not in conditions(one(**changes), "usda_fence")) == met


@pytest.mark.parametrize(("days", "met"), [(89, True), (90, True), (91, False)])
def test_foreclosure_within_ninety_days(days: int, met: bool) -> None:
    decided = NEW - datetime.timedelta(days=days)
    row = one(usda_liquidation_decision_date=decided)
    assert ("USDA-T6" not in conditions(row, "usda_fence")) == met
    assert row["usda_fence__foreclosure_start_by"] == decided + datetime.timedelta(days=90)
    started = one(usda_liquidation_decision_date=decided, usda_foreclosure_started_date=decided + DAY)
    assert "USDA-T6" not in conditions(started, "usda_fence")
    barred = one(usda_liquidation_decision_date=decided, usda_legal_bar_ended_date=NEW - DAY)
    assert "USDA-T6" not in conditions(barred, "usda_fence")


@pytest.mark.parametrize(("days", "over"), [(89, False), (90, False), (91, True)])
def test_suspension_after_a_disaster(days: int, over: bool) -> None:
    declared = NEW - datetime.timedelta(days=days)
    row = one(usda_disaster_declared_date=declared)
    assert ("USDA-T7" not in conditions(row, "usda_fence")) == over
    extended = one(usda_disaster_declared_date=declared, usda_disaster_suspension_until=NEW)
    assert "USDA-T7" in conditions(extended, "usda_fence")


@pytest.mark.parametrize(("days", "met"), [(0, True), (29, True), (30, False)])
def test_imminent_default(days: int, met: bool) -> None:
    row = one(days_delinquent=days)
    assert ("USDA-ID1" not in failed(row, "usda_imminent_default")) == met
    if met:
        assert "USDA-G2" not in failed(row, "usda_special_forbearance")
        unsafe = one(days_delinquent=days, hardship_documented=False)
        assert "USDA-G2" in failed(unsafe, "usda_special_forbearance")


# --- the Treasury's incentive ---------------------------------------------------------------------


def test_published_share_of_the_incentive(shared: Path) -> None:
    cases = json.loads((shared / "cases/government_loans.json").read_text(encoding="utf-8"))["cases"]
    case = next(case for case in cases if case["id"] == "GOV-MHA-INC-01")
    inputs = case["inputs"]
    found = share_of_year(inputs["timely_payments_in_year"], inputs["months_in_year"])
    assert found == Fraction(case["outputs"]["share_of_annual_incentive"])
    # The case prints the share alone. With a reduction large enough for the full amount:
    row = one(
        rd_hamp_payment_before=200_000,
        rd_hamp_payment_after=100_000,
        rd_hamp_timely_payments=inputs["timely_payments_in_year"],
        rd_hamp_good_standing=inputs["loan_in_good_standing"],
    )
    assert row["rd_hamp_incentive__yearly_most"] == 100_000
    assert row["rd_hamp_incentive__accrued"] == 83_333


@pytest.mark.parametrize(("timely", "months"), [(13, 12), (-1, 12), (0, 0)])
def test_shares_that_do_not_fit(timely: int, months: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        share_of_year(timely, months)


@pytest.mark.parametrize(("after", "earns"), [(93_999, True), (94_000, True), (94_001, False)])
def test_incentive_from_six_percent(after: int, earns: bool) -> None:
    row = one(rd_hamp_payment_after=after)
    assert ("MHA-G2" not in failed(row, "rd_hamp_incentive")) == earns
    assert (row["rd_hamp_incentive__accrued"] > 0) == earns
    if after == 94_000:  # half of 12 * 60.00 is 360.00; ten twelfths of it
        assert row["rd_hamp_incentive__yearly_most"] == 36_000
        assert row["rd_hamp_incentive__accrued"] == 30_000


@pytest.mark.parametrize(
    ("fact", "last"),
    [
        ("origination_date", datetime.date(2009, 1, 1)),
        ("rd_hamp_first_trial_payment_date", datetime.date(2012, 12, 31)),
        ("rd_hamp_servicer_agreement_date", datetime.date(2010, 10, 3)),
    ],
)
def test_incentive_dates(fact: str, last: datetime.date) -> None:
    for day, passes in ((last - DAY, True), (last, True), (last + DAY, False)):
        assert ("MHA-G1" not in failed(one(**{fact: day}), "rd_hamp_incentive")) == passes
    if fact != "origination_date":
        assert "MHA-G1" in failed(one(**{fact: NEVER}), "rd_hamp_incentive")


def test_lost_standing_forfeits() -> None:
    row = one(rd_hamp_good_standing=False)
    assert failed(row, "rd_hamp_incentive") == {"MHA-G6"}
    assert row["rd_hamp_incentive__accrued"] == 0


# --- words ----------------------------------------------------------------------------------------


def test_papers_by_day() -> None:
    def names(**changes: Any) -> dict[str, bool | None]:
        explanation = explain(checks.frame({**USDA, **changes}), checks.settings(PROGRAM))[0]
        return {paper.name: paper.needed for paper in explanation.papers}

    assert "Escrow analysis" in names(evaluation_date=OLD)
    assert "Escrow analysis" not in names(evaluation_date=NEW)
    assert "Demand letter on file" in names(evaluation_date=NEW)
    assert papers({**USDA, "evaluation_date": datetime.date(2013, 12, 8)}) == []
    assert names(days_delinquent=89)["Servicing-plan report"] is False
    assert names(days_delinquent=90)["Servicing-plan report"] is True
    lacking = {"days_delinquent": None, "next_due_date": None, "months_delinquent": None}
    assert names(**lacking)["Servicing-plan report"] is None


def test_batch_equals_singles_in_any_order() -> None:
    loans = checks.random_loans(400, 9, {"loan_type": "usda"})
    checks.check_batch_equals_singles(PROGRAM, loans)


def test_every_option_is_told_in_words() -> None:
    loans = checks.random_loans(12, 4, {"loan_type": "usda"}, holes=0.5)
    checks.check_explained(PROGRAM, loans)
    nothing = [
        {"loan_id": str(day), "evaluation_date": day, "loan_type": "usda"}
        for day in (datetime.date(2010, 1, 1), OLD, NEW, datetime.date(2026, 11, 23))
    ]
    checks.check_explained(PROGRAM, checks.frame(*nothing, *[{**USDA, "evaluation_date": d} for d in (OLD, NEW)]))
    checks.check_published(PROGRAM)
