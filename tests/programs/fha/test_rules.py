"""Each rule at its threshold, just below and just above it; and what an unknown fact does."""

from __future__ import annotations

import datetime
from functools import cache
from typing import Any

import pytest

from hopenow.facts import NEVER
from hopenow.review import review_canonical
from tests.programs.fha.loans import DAY, FHA, answer, frame, one, words

DATE = datetime.date
HAMP_DAY = DATE(2014, 3, 3)
FIRST_DAY = DATE(2010, 3, 3)
SALE_DAY = DATE(2012, 3, 1)
HAMP = {"evaluation_date": HAMP_DAY, "origination_date": DATE(2010, 1, 1), "fha_modified_rate": 45_000}
FIRST = {"evaluation_date": FIRST_DAY, "origination_date": DATE(2008, 1, 1), "fha_modified_rate": 50_000}
COVID = {"evaluation_date": DATE(2022, 1, 10)}
NEWER = {"evaluation_date": DATE(2026, 9, 21), "fha_survey_rate": 62_000}


def before(months: int, days: int = 0, day: datetime.date = DAY) -> datetime.date:
    """The day that lies whole months and some days before another."""
    count = day.year * 12 + day.month - 1 - months
    return DATE(count // 12, count % 12 + 1, day.day) - datetime.timedelta(days=days)


def ago(days: int, day: datetime.date = DAY) -> datetime.date:
    return day - datetime.timedelta(days=days)


PC, MOD, COMBO, PS = "fha_partial_claim", "fha_modification", "fha_combination", "fha_payment_supplement"
SALE, DEED, FENCE, PLAN, BREAK = (
    "fha_pre_foreclosure_sale",
    "fha_deed_in_lieu",
    "fha_fence",
    "fha_repayment_plan",
    "fha_forbearance",
)
H_PC, H_MOD, H_COMBO = "fha_hamp_partial_claim", "fha_hamp_modification", "fha_hamp_combination"
C_PC, C_MOD, C_ALM = "fha_covid_partial_claim", "fha_covid_modification", "fha_covid_advance_modification"

# (option, rule, changed facts, answer)
TABLE: list[tuple[str, str, dict[str, Any], str]] = [
    # gates of the permanent options
    (PC, "FHA-G1", {"days_delinquent": 29}, "no"),
    (PC, "FHA-G1", {"days_delinquent": 30}, "yes"),
    (PC, "FHA-G1", {"days_delinquent": 31}, "yes"),
    (PC, "FHA-G1", {"days_delinquent": 0, "fha_imminent_default": True}, "yes"),
    (PC, "FHA-G1", {"days_delinquent": 0, "fha_imminent_default": None}, "unknown"),
    (PC, "FHA-G2", {"fha_last_permanent_option_date": before(24, -1)}, "no"),
    (PC, "FHA-G2", {"fha_last_permanent_option_date": before(24)}, "yes"),
    (PC, "FHA-G2", {"fha_last_permanent_option_date": before(24, 1)}, "yes"),
    (PC, "FHA-G2", {"fha_last_permanent_option_date": NEVER}, "yes"),
    (PC, "FHA-G2", {"fha_last_permanent_option_date": None}, "unknown"),
    (
        PC,
        "FHA-G2",
        {"fha_last_permanent_option_date": before(3), "hardship_kind": "disaster", "disaster_area_property": True},
        "yes",
    ),
    (PC, "FHA-G2", {"fha_last_permanent_option_date": before(3), "hardship_kind": "disaster"}, "no"),
    (MOD, "FHA-G3a", {"occupancy": "investment"}, "unknown"),
    (MOD, "FHA-G3a", {"occupancy": "investment", "fha_owner_occupancy_required": True}, "no"),
    (MOD, "FHA-G3a", {"occupancy": "investment", "fha_owner_occupancy_required": False}, "yes"),
    (PC, "FHA-G4", {"hardship_resolved": False, "can_resume_payment": True}, "no"),
    (PC, "FHA-G4", {"can_resume_payment": True}, "yes"),
    (PC, "FHA-G4", {"can_resume_payment": False}, "no"),
    (MOD, "FHA-G4-A", {"fha_attestation_signed": False}, "no"),
    (MOD, "FHA-G5-H", {"hardship_documented": False}, "no"),
    (MOD, "FHA-G6", {"fha_minimum_payments_made": None}, "unknown"),
    (MOD, "FHA-G6", {"fha_minimum_payments_made": False}, "no"),
    (MOD, "FHA-G7", {"fha_trial_payments_made": 2}, "no"),
    (MOD, "FHA-G7", {"fha_trial_payments_made": 3}, "yes"),
    (MOD, "FHA-G7", {"fha_trial_payments_made": 4}, "yes"),
    (MOD, "FHA-G7", {"fha_trial_payments_made": 3, "days_delinquent": 0, "fha_imminent_default": True}, "no"),
    (MOD, "FHA-G7", {"fha_trial_payments_made": 4, "days_delinquent": 0, "fha_imminent_default": True}, "yes"),
    (MOD, "FHA-G7", {"fha_trial_payments_made": 5, "fha_exempted_transfer": True}, "no"),
    (MOD, "FHA-G7", {"fha_trial_payments_made": 6, "fha_exempted_transfer": True}, "yes"),
    (MOD, "FHA-G8", {**NEWER, "fha_trial_non_acceptances": 2}, "yes"),
    (MOD, "FHA-G8", {**NEWER, "fha_trial_non_acceptances": 3}, "no"),
    (MOD, "FHA-G8", {**NEWER, "fha_trial_non_acceptances": 4}, "no"),
    (MOD, "FHA-G8", {"fha_trial_non_acceptances": 4}, "yes"),  # before Mortgagee Letter 2026-08
    (MOD, "FHA-G11", {"fha_failed_trial_this_episode": True}, "unknown"),
    (MOD, "FHA-G11", {"fha_failed_trial_this_episode": True, "fha_reconsideration_granted": True}, "yes"),
    # partial claim
    (PC, "FHA-PC-RESUME", {"can_resume_payment": True}, "yes"),
    (PC, "FHA-PC-RESUME", {"can_resume_payment": False}, "no"),
    (PC, "FHA-PC-PLAN", {"monthly_capacity": None, "can_afford_repayment_plan": False}, "yes"),
    (PC, "FHA-PC-PLAN", {"monthly_capacity": 500_000}, "no"),
    (PC, "FHA-PC-PLAN", {"monthly_capacity": 207_672}, "yes"),
    (PC, "FHA-PC11", {"months_delinquent": 3}, "unknown"),
    (PC, "FHA-PC11", {"months_delinquent": 3, "fha_shorter_delinquency_allowed": True}, "yes"),
    (PC, "FHA-PC11", {"months_delinquent": 3, "fha_shorter_delinquency_allowed": False}, "no"),
    (PC, "FHA-PC11", {"months_delinquent": 4}, "yes"),
    (PC, "FHA-PC11", {"months_delinquent": 5}, "yes"),
    # arrears: 5 * 1,596.72 + 1,500.00 = 9,483.60; the limit is 30 % of the balance at default, rounded down
    (PC, "FHA-PC-FIT", {"fha_balance_at_default": 3_161_200}, "yes"),  # 9,483.60
    (PC, "FHA-PC-FIT", {"fha_balance_at_default": 3_161_199}, "no"),  # 9,483.59
    (PC, "FHA-PC-FIT", {"fha_balance_at_default": 3_161_203}, "yes"),
    (PC, "FHA-PC-FIT", {"fha_balance_at_default": 3_161_199, "fha_cancelled_foreclosure_costs": 1}, "no"),
    (PC, "FHA-PC-FIT", {"fha_balance_at_default": 3_161_200, "fha_cancelled_foreclosure_costs": 1}, "unknown"),
    (
        PC,
        "FHA-PC-FIT",
        {
            "fha_balance_at_default": 3_161_200,
            "fha_cancelled_foreclosure_costs": 1,
            "fha_costs_above_cap_approved": True,
        },
        "yes",
    ),
    (PC, "FHA-PC-FIT", {"fha_partial_claims": None}, "unknown"),
    # modification
    (MOD, "FHA-M1", {"fha_modified_rate": 65_000}, "yes"),
    (MOD, "FHA-M1", {"fha_modified_rate": 65_001}, "no"),
    (MOD, "FHA-M1", {"fha_modified_rate": 30_000}, "yes"),
    (MOD, "FHA-M1", {"evaluation_date": DATE(2026, 6, 1)}, "unknown"),
    (MOD, "FHA-M2", {"fha_modified_rate": 20_000}, "yes"),
    (MOD, "FHA-M2", {"fha_modified_rate": 65_000}, "unknown"),
    (MOD, "FHA-M2", {"fha_modified_rate": 65_000, "fha_modification_below_target_allowed": True}, "yes"),
    (MOD, "FHA-M2", {"fha_modified_rate": 65_000, "fha_modification_below_target_allowed": False}, "no"),
    # combination
    (COMBO, "FHA-C1", {"fha_partial_claims": 6_990_000, "fha_balance_at_first_claim_default": 23_300_000}, "no"),
    (COMBO, "FHA-C1", {"fha_partial_claims": 6_989_999, "fha_balance_at_first_claim_default": 23_300_000}, "yes"),
    (COMBO, "FHA-C2", {}, "yes"),
    (
        COMBO,
        "FHA-C2",
        {"fha_partial_claims": 6_900_000, "fha_balance_at_first_claim_default": 23_300_000},
        "unknown",
    ),
    (COMBO, "FHA-C3", {}, "yes"),
    (COMBO, "FHA-C3", {"fha_modified_rate": 50_000}, "unknown"),
    (COMBO, "FHA-C3", {"fha_modified_rate": 50_000, "fha_combination_order": "term_first"}, "yes"),
    # Payment Supplement
    (PS, "FHA-PS0", {"fha_payment_supplement_open": None}, "unknown"),
    (PS, "FHA-PS0", {"fha_payment_supplement_open": False}, "no"),
    (PS, "FHA-PS1", {"amortization_type": "adjustable"}, "no"),
    (PS, "FHA-PS2", {}, "no"),  # the combination reaches the target
    (
        PS,
        "FHA-PS2",
        {"fha_partial_claims": 5_500_000, "fha_balance_at_first_claim_default": 23_300_000},
        "yes",
    ),
    (PS, "FHA-PS3", {"fha_balance_at_default": 3_161_200}, "no"),
    (PS, "FHA-PS3", {"fha_balance_at_default": 3_161_204}, "yes"),
    # the smallest help is 5 % of 1,596.72, that is 79.84; over 36 months 2,874.24; with the arrears 12,357.84
    (PS, "FHA-PS4", {"fha_balance_at_default": 4_119_280}, "yes"),
    (PS, "FHA-PS4", {"fha_balance_at_default": 4_119_276}, "no"),
    (PS, "FHA-PS5", {}, "yes"),
    (PS, "FHA-PS5", {"note_rate": 81_000}, "no"),
    # plans
    (PLAN, "FHA-RP1", {"months_delinquent": 0}, "no"),
    (PLAN, "FHA-RP1", {"months_delinquent": 1}, "yes"),
    (PLAN, "FHA-RP2", {"monthly_capacity": 207_672}, "no"),
    (PLAN, "FHA-RP2", {"monthly_capacity": 207_673}, "yes"),
    (PLAN, "FHA-RP2", {"fha_requested_plan_months": 10, "monthly_capacity": 311_508}, "yes"),
    (PLAN, "FHA-RP2", {"fha_requested_plan_months": 10, "monthly_capacity": 311_507}, "no"),
    (PLAN, "FHA-RP3", {"fha_requested_plan_months": 24}, "yes"),
    (PLAN, "FHA-RP3", {"fha_requested_plan_months": 25}, "no"),
    (PLAN, "FHA-RP3", {"fha_requested_plan_months": 5, "fha_longest_repayment_plan": None}, "unknown"),
    (BREAK, "FHA-F1", {"fha_hardship_beyond_control": False}, "no"),
    (BREAK, "FHA-F2", {"hardship_resolved": False}, "yes"),
    (BREAK, "FHA-F3", {"requested_forbearance_months": 12}, "yes"),
    (BREAK, "FHA-F3", {"requested_forbearance_months": 13}, "no"),
    (BREAK, "FHA-F3", {"requested_forbearance_months": 3, "fha_longest_forbearance": None}, "unknown"),
    (BREAK, "FHA-F4", {**HAMP, "requested_forbearance_months": 6}, "yes"),
    (BREAK, "FHA-F4", {**HAMP, "requested_forbearance_months": 7}, "no"),
    (BREAK, "FHA-F4", {**HAMP, "requested_forbearance_months": 12, "hardship_kind": "unemployment"}, "yes"),
    (BREAK, "FHA-F4", {**HAMP, "requested_forbearance_months": 13, "hardship_kind": "unemployment"}, "no"),
    # timing fence
    (FENCE, "FHA-T5", {"months_delinquent": 2}, "no"),
    (FENCE, "FHA-T5", {"months_delinquent": 3}, "yes"),
    (FENCE, "FHA-T5", {"months_delinquent": 4}, "yes"),
    (FENCE, "FHA-T5", {"months_delinquent": 3, "days_delinquent": 121, "fha_held_partial_payments": 207_671}, "yes"),
    (FENCE, "FHA-T5", {"months_delinquent": 3, "days_delinquent": 121, "fha_held_partial_payments": 207_672}, "no"),
    (FENCE, "FHA-T5", {"months_delinquent": 0, "fha_owner_is_entity": True}, "yes"),
    (FENCE, "FHA-T5", {"months_delinquent": 0, "abandoned": True}, "yes"),
    (FENCE, "FHA-T5", {"months_delinquent": 0, "fha_refused_after_advice": True}, "yes"),
    (FENCE, "FHA-T5", {"months_delinquent": 0, "fha_rent_withheld": True}, "no"),
    (FENCE, "FHA-T5", {"months_delinquent": 0, "fha_rent_withheld": True, "occupancy": "investment"}, "yes"),
    (FENCE, "FHA-T5", {"months_delinquent": 0, "vacant": True, "fha_vacant_since": ago(60)}, "no"),
    (FENCE, "FHA-T5", {"months_delinquent": 0, "vacant": True, "fha_vacant_since": ago(61)}, "yes"),
    (FENCE, "FHA-T5", {"months_delinquent": 0, "vacant": None, "fha_vacant_since": None}, "unknown"),
    (FENCE, "FHA-T2", {"fha_meeting_date": ago(29)}, "no"),
    (FENCE, "FHA-T2", {"fha_meeting_date": ago(30)}, "yes"),
    (FENCE, "FHA-T2", {"fha_meeting_date": ago(31)}, "yes"),
    (FENCE, "FHA-T2", {"fha_meeting_date": NEVER}, "no"),
    (FENCE, "FHA-T2", {"fha_meeting_date": None, "fha_meeting_excused": True}, "yes"),
    (FENCE, "FHA-T1", {"fha_options_evaluated": False}, "no"),
    (FENCE, "FHA-T5-N", {"fha_notice_of_default_given": False}, "no"),
    # reinstatement
    ("reinstatement", "FHA-T11", {}, "yes"),
    (
        "reinstatement",
        "FHA-T11",
        {"fha_foreclosure_start_date": DAY, "fha_reinstated_after_filing_date": before(24, -1)},
        "no",
    ),
    (
        "reinstatement",
        "FHA-T11",
        {
            "fha_foreclosure_start_date": DAY,
            "fha_reinstated_after_filing_date": before(24),
            "fha_reinstatement_bars_foreclosure": False,
            "fha_reinstatement_hurts_lien": False,
        },
        "yes",
    ),
    (
        "reinstatement",
        "FHA-T11",
        {"fha_foreclosure_start_date": DAY, "fha_reinstated_after_filing_date": NEVER},
        "unknown",
    ),
    # FHA-HAMP
    (H_PC, "FHA-H-AGE", {**HAMP, "origination_date": before(12, -1, HAMP_DAY)}, "no"),
    (H_PC, "FHA-H-AGE", {**HAMP, "origination_date": before(12, 0, HAMP_DAY)}, "yes"),
    (H_PC, "FHA-H-AGE", {**HAMP, "fha_payments_since_closing": 3}, "no"),
    (H_PC, "FHA-H-AGE", {**HAMP, "fha_payments_since_closing": 4}, "yes"),
    (H_PC, "FHA-H-24", {**HAMP, "fha_last_hamp_date": before(24, -1, HAMP_DAY)}, "no"),
    (H_PC, "FHA-H-24", {**HAMP, "fha_last_hamp_date": before(24, 0, HAMP_DAY)}, "yes"),
    # payment with escrow 2,076.72: at most 40 % of income
    (H_PC, "FHA-H-FRONT", {**HAMP, "monthly_gross_income": 519_180}, "yes"),
    (H_PC, "FHA-H-FRONT", {**HAMP, "monthly_gross_income": 519_179}, "no"),
    (H_PC, "FHA-H-SUSPENDED", {"evaluation_date": DATE(2022, 1, 10), "fha_standard_options_suspended": True}, "no"),
    (
        H_PC,
        "FHA-H-SUSPENDED",
        {
            "evaluation_date": DATE(2022, 1, 10),
            "fha_standard_options_suspended": True,
            "fha_exempted_transfer": True,
        },
        "yes",
    ),
    (
        H_PC,
        "FHA-H-SUSPENDED",
        {"evaluation_date": DATE(2022, 1, 10), "fha_standard_options_suspended": None},
        "unknown",
    ),
    (H_PC, "FHA-H-RESUME", {**HAMP}, "no"),
    (H_PC, "FHA-H-FIT", {**HAMP, "fha_balance_at_default": 3_461_200}, "yes"),  # 5 * 2,076.72 = 10,383.60
    (H_PC, "FHA-H-FIT", {**HAMP, "fha_balance_at_default": 3_461_199}, "no"),
    (H_MOD, "FHA-H-TARGET", {**HAMP, "monthly_gross_income": 900_000, "fha_modified_rate": 30_000}, "yes"),
    (H_MOD, "FHA-H-TARGET", {**HAMP, "monthly_gross_income": 300_000, "fha_modified_rate": 60_000}, "no"),
    (H_COMBO, "FHA-H-TARGET", {**HAMP}, "yes"),
    # target 1,550.00 and other debt 400.00 of 5,000.00; the most is 55 %, 2,750.00
    (H_COMBO, "FHA-H-BACK", {**FIRST, "fha_other_monthly_debt": 120_000}, "yes"),
    (H_COMBO, "FHA-H-BACK", {**FIRST, "fha_other_monthly_debt": 120_001}, "no"),
    (H_COMBO, "FHA-H-BACK", {**FIRST, "fha_other_monthly_debt": None}, "unknown"),
    (H_COMBO, "FHA-H-ARREARS", {**FIRST, "months_delinquent": 12}, "yes"),
    (H_COMBO, "FHA-H-ARREARS", {**FIRST, "months_delinquent": 12, "fha_cancelled_foreclosure_costs": 1}, "no"),
    (H_COMBO, "FHA-H-ARREARS", {**FIRST, "months_delinquent": 13}, "no"),
    (H_COMBO, "FHA-H-TARGET-09", {**FIRST}, "yes"),
    (H_COMBO, "FHA-H-TARGET-09", {**FIRST, "monthly_gross_income": 300_000}, "no"),
    # COVID-19 Recovery
    (C_PC, "FHA-CV1", {**COVID, "fha_covid_hardship": False}, "no"),
    (C_PC, "FHA-CV1", {"evaluation_date": DATE(2023, 4, 29), "fha_covid_hardship": False}, "no"),
    (C_PC, "FHA-CV1", {"evaluation_date": DATE(2023, 4, 30), "fha_covid_hardship": False}, "yes"),
    (C_PC, "FHA-CV2", {**COVID, "months_delinquent": 0}, "no"),
    (C_PC, "FHA-CV2", {**COVID, "months_delinquent": 1}, "yes"),
    (C_PC, "FHA-CV3", {**COVID, "can_resume_payment": True}, "yes"),
    (C_PC, "FHA-CV4", {**COVID, "fha_balance_at_default": 3_793_440}, "yes"),  # 25 % is 9,483.60
    (C_PC, "FHA-CV4", {**COVID, "fha_balance_at_default": 3_793_439}, "no"),
    (C_PC, "FHA-CV4", {"evaluation_date": DATE(2023, 4, 30), "fha_balance_at_default": 3_161_200}, "yes"),
    (C_MOD, "FHA-CV5", {**COVID, "fha_survey_rate": 31_800, "fha_modified_rate": 31_250}, "yes"),
    (C_MOD, "FHA-CV5", {**COVID, "fha_survey_rate": 31_800, "fha_modified_rate": 32_500}, "no"),
    (C_MOD, "FHA-CV6", {**COVID, "fha_modified_rate": 31_250}, "yes"),
    (C_MOD, "FHA-CV6", {**COVID, "fha_modified_rate": 130_000}, "unknown"),
    (
        C_MOD,
        "FHA-CV6",
        {**COVID, "fha_modified_rate": 130_000, "fha_combination_best_effort_allowed": False},
        "no",
    ),
    (C_ALM, "FHA-CV7", {**COVID, "days_delinquent": 89}, "no"),
    (C_ALM, "FHA-CV7", {**COVID, "days_delinquent": 90}, "yes"),
    (C_ALM, "FHA-CV8", {**COVID, "fha_modified_rate": 31_250}, "yes"),
    (C_ALM, "FHA-CV8", {**COVID, "fha_modified_rate": 65_000}, "no"),
    # leaving the home
    (SALE, "FHA-S1", {"occupancy": "investment"}, "unknown"),
    (SALE, "FHA-S1", {"occupancy": "investment", "fha_sale_occupancy_waived": False}, "no"),
    (SALE, "FHA-S2", {"days_delinquent": 29}, "no"),
    (SALE, "FHA-S2", {"days_delinquent": 30}, "yes"),
    (SALE, "FHA-S3", {"fha_hardship_beyond_control": False}, "no"),
    (SALE, "FHA-S4", {"fha_value_criterion_met": None}, "unknown"),
    (SALE, "FHA-S5", {"fha_disclosure_received": False}, "no"),
    (SALE, "FHA-S7", {}, "unknown"),
    (SALE, "FHA-S7", {"minimum_net_proceeds": 18_600_000}, "yes"),
    (SALE, "FHA-S7", {"minimum_net_proceeds": 18_600_001}, "no"),
    # net proceeds 186,000.00: 88 % of 211,363.63, 86 % of 216,279.06, 84 % of 221,428.57
    (SALE, "FHA-S6", {"evaluation_date": SALE_DAY, "property_value": 21_136_363, "listing_days": 30}, "yes"),
    (SALE, "FHA-S6", {"evaluation_date": SALE_DAY, "property_value": 21_136_364, "listing_days": 30}, "no"),
    (SALE, "FHA-S6", {"evaluation_date": SALE_DAY, "property_value": 21_136_364, "listing_days": 31}, "yes"),
    (SALE, "FHA-S6", {"evaluation_date": SALE_DAY, "property_value": 21_627_906, "listing_days": 60}, "yes"),
    (SALE, "FHA-S6", {"evaluation_date": SALE_DAY, "property_value": 21_627_907, "listing_days": 60}, "no"),
    (SALE, "FHA-S6", {"evaluation_date": SALE_DAY, "property_value": 22_142_857, "listing_days": 61}, "yes"),
    (SALE, "FHA-S6", {"evaluation_date": SALE_DAY, "property_value": 22_142_858, "listing_days": 61}, "no"),
    (SALE, "FHA-S8", {"evaluation_date": SALE_DAY, "sale_commission": 1_200_000}, "yes"),
    (SALE, "FHA-S8", {"evaluation_date": SALE_DAY, "sale_commission": 1_200_001}, "no"),
    (SALE, "FHA-S9", {"evaluation_date": SALE_DAY, "valuation_date": ago(120, SALE_DAY)}, "yes"),
    (SALE, "FHA-S9", {"evaluation_date": SALE_DAY, "valuation_date": ago(121, SALE_DAY)}, "no"),
    (SALE, "FHA-S10", {"evaluation_date": SALE_DAY, "days_delinquent": 30}, "no"),
    (SALE, "FHA-S10", {"evaluation_date": SALE_DAY, "days_delinquent": 31}, "yes"),
    (SALE, "FHA-S11", {"evaluation_date": DATE(2022, 1, 10), "fha_standard_options_suspended": True}, "no"),
    (SALE, "FHA-S12", {"wants_to_keep_home": False}, "yes"),
    (DEED, "FHA-D1", {"days_delinquent": 29}, "no"),
    (DEED, "FHA-D1", {"days_delinquent": 30}, "yes"),
    (DEED, "FHA-D2", {"title_marketable": False}, "no"),
    (DEED, "FHA-D3", {"fha_other_fha_property": True}, "no"),
    (DEED, "FHA-D4", {"fha_owner_is_entity": True}, "no"),
    (DEED, "FHA-D5", {"evaluation_date": DATE(2022, 1, 10), "fha_standard_options_suspended": True}, "no"),
    (DEED, "FHA-D6", {}, "no"),
]


@cache
def reviewed() -> dict[str, dict[str, Any]]:
    """Review every row of the table at once."""
    loans = frame(*({**change, "loan_id": str(place)} for place, (_, _, change, _) in enumerate(TABLE)))
    result = words(review_canonical(loans, FHA))
    return {row["loan_id"]: row for row in result.iter_rows(named=True)}


@pytest.mark.parametrize("place", range(len(TABLE)), ids=[f"{o}-{r}-{n}" for n, (o, r, _, _) in enumerate(TABLE)])
def test_rule(place: int) -> None:
    option, rule, change, expected = TABLE[place]
    assert answer(reviewed()[str(place)], option, rule) == expected, change


def test_whole_loan() -> None:
    row = one()
    assert row["fha_fence__status"] == "eligible"
    assert row["fha_partial_claim__failed"].split(";") == ["FHA-G4", "FHA-PC-RESUME"]
    assert row["fha_modification__unknown"] == "FHA-M2"
    # Eligible, and the answer says that it rests on figures that are not verified.
    assert row["first_eligible"] == "fha_combination"
    assert row["fha_combination__verification"] == "unverified"
    assert row["ranked"].split(";")[:2] == ["fha_modification", "fha_combination"]


def test_claim_for_a_borrower_who_can_resume() -> None:
    row = one(can_resume_payment=True)
    assert row["first_eligible"] == "fha_partial_claim"
    assert (row["fha_partial_claim__claim_amount"], row["fha_partial_claim__payment_after"]) == (948_360, 207_672)
    assert row["fha_partial_claim__next_due_date"] == DATE(2025, 12, 1)


def test_unverified_rule_never_rules_out() -> None:
    row = one(fha_modified_rate=65_000, fha_modification_below_target_allowed=False)
    assert row["fha_modification__failed"] == ""
    assert "FHA-M2" in row["fha_modification__conditions"].split(";")


def test_two_year_limit_rules_out() -> None:
    row = one(fha_last_permanent_option_date=before(23))
    for option in (PC, MOD, COMBO, PS):
        assert row[f"{option}__status"] == "ineligible"
        assert "FHA-G2" in row[f"{option}__failed"].split(";")


def test_approval_keeps_the_deed_open() -> None:
    row = one(fha_other_fha_property=True, wants_to_keep_home=False)
    assert row["fha_deed_in_lieu__status"] == "conditional"
    assert row["fha_deed_in_lieu__conditions"] == "FHA-D3"
    assert row["order"] == "leave_first"
    assert row["ranked"].startswith("fha_pre_foreclosure_sale;fha_deed_in_lieu")
