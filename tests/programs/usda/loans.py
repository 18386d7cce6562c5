"""USDA loans that pass every rule of an option."""

from __future__ import annotations

import datetime
from typing import Any

from hopenow.facts import NEVER
from tests.programs.usda.checks import known_loan

OLD, NEW = datetime.date(2025, 2, 10), datetime.date(2025, 2, 11)

USDA: dict[str, Any] = known_loan(
    loan_type="usda",
    evaluation_date=NEW,
    origination_date=datetime.date(2008, 5, 1),
    next_due_date=datetime.date(2024, 11, 1),
    months_delinquent=4,
    days_delinquent=102,
    borrower_contribution=0,
    usda_maximum_rate=60_000,
    usda_payment_reduction_target=100_000,
    usda_trial_months=3,
    usda_trial_completed=True,
    usda_balance_at_default=23_676_547,
    usda_prior_recovery_advances=0,
    usda_past_due_annual_fees=0,
    usda_involuntary=True,
    usda_next_payment_at_risk=True,
    usda_can_support_debt=True,
    usda_false_information=False,
    usda_other_monthly_debt=50_000,
    usda_income_and_debts_verified=True,
    usda_escrow_analysis_done=True,
    usda_borrower_pays_title_costs=False,
    usda_demand_letter_sent=True,
    usda_investor_limits_term=False,
    condition_acceptable=True,
    usda_payment_arrangement=False,
    usda_certified_letter_sent=True,
    usda_property_checked=True,
    usda_other_method_recommended=True,
    usda_servicing_plan_reported=True,
    usda_other_method_prospect=True,
    usda_accelerated=False,
    usda_options_advised=True,
    usda_options_requested=False,
    usda_liquidation_decision_date=NEVER,
    usda_legal_bar_ended_date=NEVER,
    usda_foreclosure_started_date=NEVER,
    usda_disaster_declared_date=NEVER,
    usda_moved_for_hardship=False,
    usda_deed_loss=1_000_000,
    usda_foreclosure_loss=1_000_001,
    usda_assignment_price=5_000_000,
    usda_net_recovery_value=5_000_000,
    sale_price=29_000_000,
    sale_commission=1_500_000,
    sale_costs=100_000,
    rd_hamp_servicer_agreement_date=datetime.date(2010, 10, 3),
    rd_hamp_first_trial_payment_date=datetime.date(2012, 12, 31),
    rd_hamp_hardship_affidavit=True,
    rd_hamp_payment_before=100_000,
    rd_hamp_payment_after=94_000,
    rd_hamp_timely_payments=10,
    rd_hamp_good_standing=True,
)

# Facts that open each option, on top of USDA.
OPENS: dict[str, dict[str, Any]] = {
    "usda_repayment_agreement": {"monthly_capacity": 210_017 + 290_000},
    "usda_special_forbearance": {},
    "usda_modification": {"evaluation_date": OLD},
    "usda_special_servicing": {"evaluation_date": OLD},
    "usda_recovery_advance": {"usda_payment_reduction_target": 200_000},
    "usda_streamline": {"borrower_response_package_complete": False},
    "usda_preforeclosure_sale": {},
    "usda_deed_in_lieu": {},
    "usda_assignment": {},
}
