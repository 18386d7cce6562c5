"""Terms by hand: rates, room for claims, the search, the Payment Supplement, and what stays unknown."""

from __future__ import annotations

import datetime
from typing import Any

import polars as pl
import pytest

from hopenow.programs.fha import kernel as fk
from hopenow.programs.fha.market_rate import ceiling
from hopenow.reference import pmms_rate
from tests.oracle import fha as oracle
from tests.programs.fha.loans import DAY, answer, one

DATE = datetime.date
COMBO = "fha_combination"


def rate(survey: int, margin: int, step: int) -> int | None:
    found = pl.DataFrame({"index": [survey]}).select(ceiling(pl.col("index"), margin, step)).to_series().to_list()
    return found[0]


@pytest.mark.parametrize(
    ("survey", "margin", "step", "expected"),
    [
        (63_000, 2_500, 1_250, 65_000),  # 6.55 is nearer to 6.500 than to 6.625
        (63_100, 2_500, 1_250, 65_000),  # 6.56
        (63_125, 2_500, 1_250, 66_250),  # a half goes up
        (63_200, 2_500, 1_250, 66_250),  # 6.57
        (63_000, 0, 1_250, 62_500),
        (60_600, 20_000, 1_250, 80_000),  # the regulation's own example of rounding: 8.06 becomes 8.000
        (33_900, 20_000, 0, 53_900),
    ],
)
def test_rates_are_rounded_to_the_nearest_step(survey: int, margin: int, step: int, expected: int) -> None:
    assert rate(survey, margin, step) == expected


def test_a_margin_that_does_not_fit_the_step_has_no_answer() -> None:
    """Whether it comes before or after the rounding is not known, and here it would matter."""
    assert rate(63_000, 2_000, 1_250) is None


def test_rate_of_the_day() -> None:
    row = one()
    survey = pmms_rate(DAY).rate_ppm
    assert row["fha_market_rate__index_rate"] == survey
    assert row["fha_market_rate__ceiling"] == oracle.market_rate(str(survey / 10_000), "0.25") * 10_000
    assert row["fha_market_rate__rate"] == row["fha_market_rate__ceiling"]


def test_rate_beyond_the_table_is_asked_for() -> None:
    row = one(evaluation_date=DATE(2026, 6, 1))
    assert row["fha_market_rate__ceiling"] is None
    assert row["fha_modification__term"] is None
    assert row["fha_modification__status"] == "conditional"
    assert one(evaluation_date=DATE(2026, 6, 1), fha_survey_rate=62_300)["fha_market_rate__ceiling"] == 65_000


@pytest.mark.parametrize(
    ("change", "basis", "used", "left"),
    [
        ({}, 23_300_000, 0, 6_990_000),
        ({"fha_balance_at_default": 23_333_333}, 23_333_333, 0, 6_999_999),
        (
            {"fha_partial_claims": 1_000_000, "fha_balance_at_first_claim_default": 24_000_000},
            24_000_000,
            1_000_000,
            6_200_000,
        ),
        ({"fha_partial_claims": 1_000_000}, None, 1_000_000, None),
        ({"fha_partial_claims": 1_000_000, "fha_partial_claims_repaid": 1_000_000}, 23_300_000, None, None),
        (
            {
                "fha_partial_claims": 1_000_000,
                "fha_partial_claims_repaid": 1_000_000,
                "fha_repaid_claims_free_room": True,
            },
            23_300_000,
            0,
            6_990_000,
        ),
        (
            {
                "fha_partial_claims": 1_000_000,
                "fha_partial_claims_repaid": 400_000,
                "fha_repaid_claims_free_room": False,
                "fha_balance_at_first_claim_default": 24_000_000,
            },
            24_000_000,
            1_000_000,
            6_200_000,
        ),
        (
            {"fha_partial_claims": 8_000_000, "fha_balance_at_first_claim_default": 24_000_000},
            24_000_000,
            8_000_000,
            0,
        ),
        ({"fha_partial_claims": None}, None, None, None),
    ],
)
def test_room_for_claims(change: dict[str, Any], basis: int | None, used: int | None, left: int | None) -> None:
    row = one(**change)
    assert row["fha_capacity__basis"] == basis
    assert row["fha_capacity__used"] == used
    assert row["fha_capacity__capacity"] == left


def test_late_charges_never_count() -> None:
    assert one(late_charges=0)["fha_partial_claim__arrears"] == one(late_charges=900_000)["fha_partial_claim__arrears"]


def test_costs_of_a_cancelled_foreclosure_and_contributions_count() -> None:
    plain = one()["fha_partial_claim__arrears"]
    assert plain == 5 * 159_672 + 150_000
    assert one(fha_cancelled_foreclosure_costs=80_000)["fha_partial_claim__arrears"] == plain + 80_000
    assert one(borrower_contribution=80_000)["fha_partial_claim__arrears"] == plain - 80_000
    assert one(borrower_contribution=9_000_000)["fha_partial_claim__arrears"] == 0


def test_modification_adds_interest_not_principal() -> None:
    row = one()
    interest = round(23_300_000 * 0.07 / 12 * 5)
    assert row["fha_modification__arrears"] == interest + 150_000
    assert row["fha_modification__new_balance"] == 23_300_000 + interest + 150_000
    assert one(accrued_interest=700_000)["fha_modification__arrears"] == 850_000


@pytest.mark.parametrize(
    ("offered", "term", "met"), [(40_000, 360, True), (47_000, 480, True), (60_000, 480, False)]
)
def test_modification_takes_the_first_term_that_reaches_the_target(offered: int, term: int, met: bool) -> None:
    row = one(fha_modified_rate=offered)
    assert (row["fha_modification__term"], row["fha_modification__target_met"]) == (term, met)
    assert row["fha_modification__target_payment"] == 119_754
    assert (row["fha_modification__principal_and_interest"] <= 119_754) is met


def test_target_is_met_to_the_cent() -> None:
    balance, percent, term = 20_000_000, 50_000, 360
    new = oracle.payment(balance, "5", term)
    for target, state in ((new - 1, fk.BEST), (new, fk.REACHED), (new + 1, fk.REACHED)):
        assert fk.standalone(balance, percent, target, term, 0)[fk.STATE] == state


def test_claim_is_used_to_the_cent() -> None:
    """Capacity one cent below what the target needs leaves the best effort only."""
    target, percent = 100_000, 60_000
    needed = 20_000_000 - fk.supported(target, percent, 360, 1)
    for room, state in ((needed - 1, fk.BEST), (needed, fk.REACHED)):
        found = fk.combined(20_000_000, 0, room, percent, target, 360, 0, 1, fk.DEFERMENT_FIRST)
        assert found[fk.STATE] == state
        assert found[fk.DEFERRED] == room


def test_order_of_the_search() -> None:
    """At this rate the longer term alone reaches the target; the shorter one does with principal set aside."""
    first = one(fha_modified_rate=50_000, fha_combination_order="deferment_first")
    second = one(fha_modified_rate=50_000, fha_combination_order="term_first")
    assert (first[f"{COMBO}__term"], second[f"{COMBO}__term"]) == (360, 480)
    assert first[f"{COMBO}__principal_deferred"] > 0
    assert second[f"{COMBO}__principal_deferred"] == 0
    open_order = one(fha_modified_rate=50_000)
    assert open_order[f"{COMBO}__term"] == 360
    assert answer(open_order, COMBO, "FHA-C3") == "unknown"
    assert open_order[f"{COMBO}__status"] == "conditional"


def test_best_effort_uses_the_whole_room() -> None:
    row = one(fha_partial_claims=5_500_000, fha_balance_at_first_claim_default=23_300_000)
    assert row[f"{COMBO}__capacity"] == 1_490_000
    assert row[f"{COMBO}__claim_amount"] == 1_490_000
    assert row[f"{COMBO}__term"] == 480
    assert row[f"{COMBO}__target_met"] is False


def test_arrears_beyond_the_room_are_added_to_the_loan() -> None:
    row = one(fha_partial_claims=6_900_000, fha_balance_at_first_claim_default=23_300_000)
    assert row[f"{COMBO}__claim_for_arrears"] == 90_000
    assert row[f"{COMBO}__new_balance"] == 23_300_000 + 948_360 - 90_000


def test_payment_supplement() -> None:
    facts = {"fha_partial_claims": 5_500_000, "fha_balance_at_first_claim_default": 23_300_000}
    row = one(**facts, monthly_capacity=200_000)
    room = 6_990_000 - 5_500_000 - 948_360
    assert row["fha_payment_supplement__by_room"] == room // 36
    assert row["fha_payment_supplement__by_share"] == 39_918
    assert row["fha_payment_supplement__least"] == 7_984
    assert row["fha_payment_supplement__monthly_help"] == room // 36
    assert row["fha_payment_supplement__claim_amount"] == 948_360 + 36 * (room // 36)
    assert row["fha_payment_supplement__payment_after"] == 159_672 - room // 36 + 48_000
    assert row["first_eligible"] == "fha_payment_supplement"
    assert one(**facts, monthly_capacity=192_000)["fha_payment_supplement__failed"] == "FHA-G4"
    assert one(monthly_principal_and_interest=30_000)["fha_payment_supplement__least"] == 2_000


def test_recovery_modification_before_and_after_forty_years() -> None:
    facts: dict[str, Any] = {
        "fha_modified_rate": 65_000,
        "fha_partial_claims": 4_300_000,
        "fha_balance_at_first_claim_default": 23_300_000,
    }
    before = one(evaluation_date=DATE(2022, 4, 17), **facts)
    after = one(evaluation_date=DATE(2022, 4, 18), **facts)
    assert before["fha_covid_modification__term"] == 360
    assert after["fha_covid_modification__term"] == 480
    # A quarter of the balance until the letter of 2023, then three tenths.
    assert after["fha_covid_modification__capacity"] == 5_825_000 - 4_300_000
    later = one(evaluation_date=DATE(2023, 4, 30), **facts)
    assert later["fha_covid_modification__capacity"] == 6_990_000 - 4_300_000


def test_second_form_of_fha_hamp_follows_the_lesser_target() -> None:
    facts: dict[str, Any] = {"evaluation_date": DATE(2014, 3, 3), "fha_modified_rate": 45_000}
    # 31 % of 5,000.00 is 1,550.00; 25 % is 1,250.00; 80 % of 2,076.72 is 1,661.38.
    assert one(**facts)["fha_hamp_combination__target_total"] == 155_000
    assert one(**facts, monthly_gross_income=600_000)["fha_hamp_combination__target_total"] == 166_138
    assert one(**facts, monthly_gross_income=700_000)["fha_hamp_combination__target_total"] == 175_000
    assert one(**facts, monthly_gross_income=None)["fha_hamp_combination__term"] is None


def test_trial_and_final_day() -> None:
    row = one(fha_trial_start_date=DATE(2025, 12, 1))
    assert row["fha_modification__trial_months"] == 3
    # The last trial month is February; two months later it is April.
    assert row["fha_modification__documents_effective_by"] == DATE(2026, 4, 1)
    assert one(fha_exempted_transfer=None)["fha_modification__trial_months"] is None


def test_repayment_plan() -> None:
    row = one(monthly_capacity=307_672, late_charges=1)
    # Arrears of 5 * 2,076.72 over the fewest months at 1,000.00 each.
    assert row["fha_repayment_plan__arrears"] == 1_038_360
    assert row["fha_repayment_plan__months"] == 11
    assert row["fha_repayment_plan__installment"] == 94_396
    assert row["fha_repayment_plan__last_installment"] == 94_400
    assert row["fha_repayment_plan__payment"] == 302_068
    assert row["fha_repayment_plan__status"] == "eligible"
    assert (row["fha_repayment_plan__start"], row["fha_repayment_plan__end"]) == (DATE(2025, 12, 1), DATE(2026, 10, 31))


def test_forbearance() -> None:
    row = one(hardship_resolved=False, requested_forbearance_months=4)
    assert (row["fha_forbearance__months"], row["fha_forbearance__end"]) == (4, DATE(2026, 3, 31))
    assert one(hardship_resolved=False)["fha_forbearance__months"] == 12
    assert one(hardship_resolved=False, fha_longest_forbearance=None)["fha_forbearance__months"] is None


@pytest.mark.parametrize(
    ("first", "default", "limit"),
    [
        (DATE(2025, 5, 1), DATE(2025, 5, 31), DATE(2025, 11, 30)),
        (DATE(2025, 6, 1), DATE(2025, 7, 1), DATE(2026, 1, 1)),
        (DATE(2025, 7, 1), DATE(2025, 7, 31), DATE(2026, 1, 31)),
        (DATE(2025, 8, 1), DATE(2025, 8, 31), DATE(2026, 2, 28)),
    ],
)
def test_date_of_default_and_the_six_months(first: datetime.date, default: datetime.date, limit: datetime.date) -> None:
    row = one(next_due_date=first, months_delinquent=None)
    assert row["fha_fence__date_of_default"] == default
    assert row["fha_fence__act_by"] == limit


def test_extensions_and_vacancy() -> None:
    facts: dict[str, Any] = {"next_due_date": DATE(2025, 5, 1), "months_delinquent": None}
    assert one(**facts)["fha_fence__act_by_extended"] == DATE(2025, 11, 30)
    for fact in ("foreclosure_bar_ended", "sale_effort_ended", "failed_special_forbearance"):
        later = one(**facts, **{f"fha_{fact}_date": DATE(2025, 11, 1)})
        assert later["fha_fence__act_by_extended"] == DATE(2026, 1, 30)
        never_earlier = one(**facts, **{f"fha_{fact}_date": DATE(2025, 6, 1)})
        assert never_earlier["fha_fence__act_by_extended"] == DATE(2025, 11, 30)
    failed = one(**facts, fha_failed_workout_date=DATE(2025, 10, 1))
    assert failed["fha_fence__act_by_extended"] == DATE(2026, 2, 28)
    vacant = one(**facts, vacant=True, fha_vacant_since=DATE(2025, 6, 1), fha_vacancy_discovered_date=DATE(2025, 9, 1))
    assert vacant["fha_fence__act_by_vacancy"] == DATE(2025, 10, 31)
    late = one(**facts, vacant=True, fha_vacant_since=DATE(2025, 10, 1), fha_vacancy_discovered_date=DATE(2025, 10, 1))
    assert late["fha_fence__act_by_vacancy"] == DATE(2025, 11, 30)
    undiscovered = one(**facts, vacant=True, fha_vacant_since=DATE(2025, 6, 1))
    assert undiscovered["fha_fence__act_by_vacancy"] is None


def test_sale_terms_of_the_past_and_now() -> None:
    past = one(evaluation_date=DATE(2012, 3, 1), credit_score=620, days_delinquent=90)
    assert past["fha_pre_foreclosure_sale__net_proceeds"] == 18_600_000
    assert past["fha_pre_foreclosure_sale__minimum_proceeds"] == 22_880_000
    assert past["fha_pre_foreclosure_sale__streamlined"] is True
    assert one(evaluation_date=DATE(2012, 3, 1), credit_score=621)["fha_pre_foreclosure_sale__streamlined"] is False
    assert one()["fha_pre_foreclosure_sale__minimum_proceeds"] is None
    assert one()["fha_pre_foreclosure_sale__streamlined"] is None
