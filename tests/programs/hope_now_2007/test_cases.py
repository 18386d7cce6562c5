"""Every published boundary case of the fast-track test, and the rows of the reference without a case of their own."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hopenow.money import cents, ppm
from hopenow.review import explain
from tests.programs.hope_now_2007.loans import ASF, canonical, one, settings

D = datetime.date
FT = "hope_now_fast_track__"
IDS = ("ASF-01", "ASF-02", "ASF-04", "ASF-05", "ASF-06", "ASF-09", "ASF-11", "ASF-12", "ASF-15")
NAMES = {
    "refinance_product_available": "asf_refinance_available",
    "credit_score_at_origination": "asf_original_credit_score",
}
"""Names of facts in the published cases, where a case calls them missing."""


def facts(inputs: dict[str, Any]) -> dict[str, Any]:
    """A published case as facts. What it does not print passes: the agreement allows the freeze."""
    assert inputs["delinquency_method"] == "OTS"
    assert inputs["framework_version"] == "2007-12"
    reset, following = inputs["initial_reset_date"], inputs["next_reset_date"]
    updated = inputs["updated_value_ltv_pct"]
    assert updated is None
    return {
        "loan_id": "case",
        "evaluation_date": D.fromisoformat(inputs["evaluation_date"]),
        "investor": {"securitized_pool": "private_label", "portfolio": "portfolio"}[inputs["holder"]],
        "lien_position": inputs["lien_position"],
        "amortization_type": "adjustable",
        "asf_subprime": inputs["product"] == "subprime_adjustable_rate",
        "arm_initial_fixed_months": inputs["initial_fixed_period_months"],
        "origination_date": D.fromisoformat(inputs["origination_date"]),
        "arm_initial_reset_date": D.fromisoformat(reset),
        "arm_next_reset_date": D.fromisoformat(following),
        "days_delinquent": inputs["days_past_due"],
        "asf_spells_60_days_ots": inputs["spells_60_days_last_12_months"],
        "asf_original_loan_to_value": ppm(inputs["first_lien_ltv_at_origination_pct"]),
        "asf_refinance_available": {"yes": True, "no": False}.get(inputs["refinance_product_available"]),
        "occupancy": inputs["occupancy"],
        "asf_original_credit_score": inputs["credit_score_at_origination"],
        "credit_score": inputs["credit_score_current"],
        "monthly_principal_and_interest": cents(Decimal(inputs["payment_current"])),
        "arm_payment_after_reset": cents(Decimal(inputs["payment_after_reset"])),
        "asf_agreement_allows": True,
    }


@pytest.fixture(scope="module")
def published(shared: Path) -> dict[str, list[tuple[dict[str, Any], dict[str, Any]]]]:
    path = shared / "cases" / "hope_now_2007.json"
    if not path.is_file():
        pytest.skip(f"no worked cases at {path}")
    document = json.loads(path.read_text(encoding="utf-8"))
    return {
        case["id"]: [(item["inputs"], item["outputs"]) for item in case.get("variants", [case])]
        for case in document["cases"]
    }


def test_no_case_is_left_out(published: dict[str, Any]) -> None:
    assert tuple(published) == IDS


@pytest.mark.parametrize("name", IDS)
def test_published_case(published: dict[str, Any], name: str) -> None:
    for inputs, outputs in published[name]:
        loan = facts(inputs)
        row = one(loan)
        known = {"in_scope", "current", "segment", "action", "failed", "missing"}
        assert set(outputs) <= known
        for figure in set(outputs) & {"in_scope", "segment", "action"}:
            assert row[FT + figure] == outputs[figure], (name, figure)
        if "current" in outputs:
            assert row[FT + "current"] is outputs["current"]
        if "failed" in outputs:
            assert row[FT + "failed_tests"] == ";".join(outputs["failed"])
        if "missing" in outputs:
            (explained,) = explain(canonical(loan), settings())
            option = next(option for option in explained.options if option.id == "hope_now_fast_track")
            assert [question.fact for question in option.questions] == [NAMES[fact] for fact in outputs["missing"]]


def outcome(**change: Any) -> tuple[Any, str, str]:
    row = one(ASF, **change)
    return row[FT + "segment"], row[FT + "action"], row[FT + "failed_tests"]


FREEZE = (2, "freeze_initial_rate", "")
JULY = {"evaluation_date": D(2008, 7, 8), "arm_next_reset_date": D(2008, 9, 1)}
LATER = {**JULY, "arm_initial_reset_date": D(2008, 3, 1)}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # The numbers are the rows of the reference's table of boundary behavior.
        pytest.param({}, FREEZE, id="1"),
        pytest.param({"asf_original_credit_score": 590, "credit_score": 649}, (2, "individual_review", "F2"), id="3"),
        pytest.param(
            {
                "asf_original_loan_to_value": 900_000,
                "interest_bearing_balance": 20_100_000,
                "property_value": 20_000_000,
            },
            FREEZE,
            id="7",
        ),
        pytest.param({"days_delinquent": 30, "asf_spells_60_days_ots": 1}, FREEZE, id="8"),
        pytest.param({"asf_spells_60_days_ots": 2}, (3, "individual_loss_mitigation", "T1-12M"), id="10"),
        pytest.param(
            {
                "origination_date": D(2007, 7, 31),
                "arm_initial_reset_date": D(2008, 1, 1),
                "evaluation_date": D(2007, 12, 10),
            },
            FREEZE,
            id="13",
        ),
        pytest.param({**LATER, "evaluation_date": D(2008, 7, 7)}, (None, "out_of_scope", "G7"), id="14-2007"),
        pytest.param(LATER, FREEZE, id="14-2008"),
    ],
)  # fmt: skip
def test_row_of_the_reference(change: dict[str, Any], expected: tuple[Any, str, str]) -> None:
    assert outcome(**change) == expected


def test_exactly_ten_percent_above_fails_and_one_point_less_passes() -> None:
    assert outcome(asf_original_credit_score=580, credit_score=638)[1:] == ("individual_review", "F2")
    assert outcome(asf_original_credit_score=580, credit_score=637) == FREEZE


def test_the_unverified_reading_of_the_score_never_rules_out() -> None:
    """Case ASF-02 as a status: the test fails by default, yet its reading is not verified."""
    row = one(ASF, asf_original_credit_score=620, credit_score=660)
    assert (row[FT + "action"], row[FT + "status"]) == ("individual_review", "conditional")
    assert row[FT + "conditions"] == "F1"
    # Where every documented reading says no, the option is ruled out.
    row = one(ASF, asf_original_credit_score=661, credit_score=662)
    assert (row[FT + "status"], row[FT + "failed"]) == ("ineligible", "F1-ANY")
    # A score that is not known may still be within the limit.
    assert one(ASF, asf_original_credit_score=None, credit_score=700)[FT + "status"] == "conditional"


def test_whole_loan_is_eligible() -> None:
    row = one(ASF)
    assert (row[FT + "status"], row["first_eligible"]) == ("eligible", "hope_now_fast_track")
    assert row[FT + "freeze_end"] == D(2013, 3, 1)
    assert row[FT + "principal_and_interest"] == 100_000
    assert row[FT + "payment_rise"] == 150_000
    assert row[FT + "payment_saved"] == 15_000
    assert row[FT + "left_out_by"] == ""


def test_agreement_overrides() -> None:
    row = one(ASF, asf_agreement_allows=False)
    assert (row[FT + "status"], row[FT + "action"]) == ("ineligible", "individual_review")
    row = one(ASF, asf_agreement_allows=None)
    assert (row[FT + "status"], row[FT + "action"], row[FT + "unknown"]) == (
        "conditional",
        "freeze_initial_rate",
        "PSA",
    )


def test_all_screens_that_leave_a_loan_out_are_named() -> None:
    row = one(ASF, occupancy="investment", credit_score=720, arm_payment_after_reset=101_000)
    assert row[FT + "failed_tests"] == "T3;F1;F2;T5"
    assert row[FT + "left_out_by"] == "not_the_residence;score_too_good;rise_too_small"


def test_the_same_loan_passed_in_december_and_failed_in_spring() -> None:
    """The index fell by more than two points between; the test moves with it."""
    arm = {
        "arm_payment_after_reset": None,
        "note_rate": 80_000,
        "arm_margin": 60_000,
        "arm_next_cap": 30_000,
        "rate_ceiling": 150_000,
        "arm_rounding": "nearest",
        "arm_rounding_step": 1_250,
        "interest_only": False,
        "interest_bearing_balance": 20_000_000,
        "monthly_principal_and_interest": 148_000,
        "remaining_term": 338,
        "next_due_date": D(2008, 2, 1),
        "arm_initial_reset_date": D(2008, 5, 1),
    }
    before = one(ASF, **arm, arm_index_rate=52_500, evaluation_date=D(2007, 12, 10))
    after = one(ASF, **arm, arm_index_rate=26_000, evaluation_date=D(2008, 4, 10))
    assert (before[FT + "rate_after_reset"], before[FT + "action"]) == (110_000, "freeze_initial_rate")
    assert (after[FT + "rate_after_reset"], after[FT + "action"]) == (86_250, "individual_review")
    assert after[FT + "failed_tests"] == "T5"
