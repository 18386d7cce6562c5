"""Every published FHA case, exact to the printed figure."""

from __future__ import annotations

import datetime
import json
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from hopenow.money import cents, dollars, percent, ppm
from hopenow.programs.fha import PROGRAM
from hopenow.programs.fha.incentives import OPTION, accrued_share, annual_incentive
from hopenow.review.plan import intervals
from tests.programs.fha.loans import answer, one


@pytest.fixture
def cases(shared: Path) -> dict[str, dict[str, Any]]:
    found = json.loads((shared / "cases" / "government_loans.json").read_text(encoding="utf-8"))
    return {case["id"]: case for case in found["cases"] if case["program"].startswith("FHA")}


def test_no_case_is_left_out(cases: dict[str, dict[str, Any]]) -> None:
    assert set(cases) == {"GOV-FHA-HAMP-2009-01", "GOV-FHA-RATE-2009-01", "GOV-MHA-INC-01"}


def first_form(**change: Any) -> dict[str, Any]:
    """The example of Mortgagee Letter 2009-23, with some facts changed."""
    facts: dict[str, Any] = {
        "evaluation_date": datetime.date(2009, 10, 1),
        "origination_date": datetime.date(2006, 5, 1),
        "maturity_date": datetime.date(2036, 6, 1),
        "interest_bearing_balance": 15_000_000,
        "monthly_principal_and_interest": 92_000,
        "monthly_taxes": 20_000,
        "monthly_insurance": 10_000,
        "monthly_mortgage_insurance": 0,
        "months_delinquent": 3,
        "monthly_gross_income": 350_000,
        "fha_other_monthly_debt": 80_000,
        "fha_modified_rate": 60_000,
        "fha_treasury_rate": 40_000,
        "remaining_term": None,
    }
    return one(**(facts | change))


def test_fha_hamp_of_2009(cases: dict[str, dict[str, Any]]) -> None:
    case = cases["GOV-FHA-HAMP-2009-01"]
    given, printed = case["inputs"], case["outputs"]
    escrow = cents(given["monthly_escrow_incl_mip"])
    for day in (case["effective_from"], case["effective_to"]):
        row = first_form(
            evaluation_date=datetime.date.fromisoformat(day),
            interest_bearing_balance=cents(given["upb_at_default"]),
            monthly_principal_and_interest=cents(given["monthly_pi"]),
            monthly_taxes=escrow,
            monthly_insurance=0,
            months_delinquent=given["full_payments_past_due"],
            monthly_gross_income=cents(given["gross_monthly_income"]),
            fha_other_monthly_debt=cents(given["other_recurring_debt"]),
            fha_modified_rate=ppm(given["modified_rate_pct"]),
            fha_cancelled_foreclosure_costs=cents(given["foreclosure_costs"]),
        )

        def of(name: str, row: dict[str, Any] = row) -> Decimal:
            return dollars(row[f"fha_hamp_combination__{name}"])

        assert row["fha_hamp_combination__rule_set"] == "fha.hamp.2009"
        assert row["fha_hamp_combination__status"] == "eligible"
        assert of("arrears") == Decimal(given["arrearage"])
        assert of("target_total") == Decimal(printed["target_total_payment"])
        assert of("target_payment") == Decimal(printed["target_pi"])
        assert of("new_balance") == Decimal(printed["new_mortgage_amount"])
        assert of("principal_deferred") == Decimal(printed["principal_deferment"])
        assert of("most_deferred") == Decimal(printed["max_principal_deferment"])
        assert of("claim_amount") == Decimal(printed["partial_claim_total"])
        assert row["fha_hamp_combination__term"] == given["modified_term_months"]
        ratio = percent(row["fha_hamp_combination__back_end_ratio"])
        assert ratio.quantize(Decimal("0.1"), ROUND_HALF_UP) == Decimal(printed["back_end_ratio_pct"])
        assert (answer(row, "fha_hamp_combination", "FHA-H-BACK") == "yes") is printed["back_end_ok"]


def test_rate_ceiling_of_2009(cases: dict[str, dict[str, Any]]) -> None:
    case = cases["GOV-FHA-RATE-2009-01"]
    treasury, ceiling = ppm(case["inputs"]["cmt_10y_monthly_avg_pct"]), ppm(case["outputs"]["max_rate_pct"])
    assert first_form(fha_treasury_rate=treasury, fha_modified_rate=None)["fha_hamp_combination__rate"] == ceiling
    for offered, said in ((ceiling, "yes"), (ceiling + 1, "no")):
        row = first_form(fha_treasury_rate=treasury, fha_modified_rate=offered)
        assert answer(row, "fha_hamp_combination", "FHA-H-RATE") == said
        # The rule is not verified: it never rules out.
        assert row["fha_hamp_combination__failed"] == ""


def test_incentive_accrues_for_timely_months(cases: dict[str, dict[str, Any]]) -> None:
    case = cases["GOV-MHA-INC-01"]
    given = case["inputs"]
    share = accrued_share(given["timely_payments_in_year"], given["loan_in_good_standing"])
    assert share == Fraction(case["outputs"]["share_of_annual_incentive"])
    assert accrued_share(given["timely_payments_in_year"], False) == 0
    with pytest.raises(ValueError, match="timely payments"):
        accrued_share(13, True)


def test_incentive_of_the_example_of_2009() -> None:
    """The payment falls from 1,220.00 to 1,085.00: half of twelve times 135.00 is 810.00, below the most of a year."""
    facts = {
        "fha_good_standing": True,
        "fha_timely_payments_in_year": 10,
        "fha_servicer_agreement_date": datetime.date(2010, 10, 3),
        "fha_first_trial_payment_date": datetime.date(2009, 12, 1),
    }
    row = first_form(**facts)
    assert row["fha_treasury_incentive__status"] == "eligible"
    # The payment after is 784.9975 rounded to 785.00, with 300.00 of escrow.
    assert row["fha_treasury_incentive__payment_change"] == 13_500
    assert row["fha_treasury_incentive__annual_amount"] == 81_000
    assert row["fha_treasury_incentive__earned_in_year"] == 67_500
    assert first_form(**{**facts, "fha_good_standing": False})["fha_treasury_incentive__earned_in_year"] == 0
    late = first_form(**{**facts, "fha_servicer_agreement_date": datetime.date(2010, 10, 4)})
    assert late["fha_treasury_incentive__failed"] == "MHA-G1"


@pytest.mark.parametrize(
    ("reduction", "annual"), [(0, 0), (-500, 0), (16_666, 99_996), (16_667, 100_000), (90_000, 100_000)]
)
def test_annual_incentive_is_capped(reduction: int, annual: int) -> None:
    day = datetime.date(2010, 6, 1)
    interval = next(item for item in intervals(PROGRAM) if item.start <= day <= item.end)
    planned = next(item for item in interval.options if item.option is OPTION)
    assert annual_incentive(reduction, planned.parameters) == annual
