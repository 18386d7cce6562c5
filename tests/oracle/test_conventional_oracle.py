"""The oracle's own edges: thresholds from both sides, switches, and answers with facts missing."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.basics import (
    NEVER,
    add_business_days,
    add_months,
    bank_holidays,
    cents,
    half_up,
    months_delinquent,
    months_to_amortize,
    payment,
    percent,
    present_value,
    whole_months,
)
from tests.oracle.conventional import (
    deferral_room,
    determination,
    eligibility,
    escrow_shortage_payment,
    flex_2017,
    flex_2024,
    forbearance,
    incentive,
    payment_deferral,
    reinstatement,
    relocation_assistance,
    repayment_plan,
    short_sale_contribution,
    short_sale_net_proceeds_freddie_mac,
    solicitation_clocks,
    starting_term,
    target_payment,
    trial_months,
    trial_schedule,
)
from tests.oracle.conventional_rules import (
    NO_BAR,
    POSSIBLE,
    READINGS,
    RULES,
    _Known,
    decide,
    listing_suffices,
    never_bars,
    representative_fico,
)

TODAY = date(2026, 9, 9)
LOAN: dict[str, Any] = {
    "interest_bearing_balance": cents("250000.00"),
    "note_rate": "6.5",
    "monthly_principal_and_interest": cents("1580.17"),
    "remaining_term": 360,
    "property_value": cents("400000.00"),
    "delinquent_interest": 0,
    "modification_rate": "6.0",
    "days_delinquent": 120,
}


# --- arithmetic -----------------------------------------------------------------------------------


def test_oracle_is_independent() -> None:
    code = (
        "import sys, tests.oracle.conventional; "
        "sys.exit(any(m.split('.')[0] in {'hopenow', 'numpy', 'polars', 'numba'} for m in sys.modules))"
    )
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


@pytest.mark.parametrize("value", [6.5, True])
def test_floats_are_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        percent(value)
    with pytest.raises(TypeError):
        cents(value)


def test_cents_refuse_fractions() -> None:
    with pytest.raises(ValueError, match="fraction of a cent"):
        cents("0.005")


@pytest.mark.parametrize(
    ("value", "nearest"), [("1/2", 1), ("499/1000", 0), ("-1/2", -1), ("5/2", 3), ("-499/1000", 0)]
)
def test_half_up(value: str, nearest: int) -> None:
    assert half_up(Fraction(value)) == nearest


@pytest.mark.parametrize(
    ("rate", "term"), [("6.5", 360), ("0.125", 480), ("0", 360), ("12", 1), ("4.8125", 299)]
)
def test_payment_pays_the_balance_off(rate: str, term: int) -> None:
    balance = cents("236765.47")
    level = payment(balance, rate, term)
    # Half a cent of payment is worth at most half a cent a month of balance.
    assert abs(present_value(level, rate, term) - balance) <= term / 2 + 1
    exact = months_to_amortize(balance, rate, level)
    assert exact is not None
    assert abs(exact - term) < Decimal("0.02")


def test_payment_is_the_smallest_that_ends_a_ledger() -> None:
    """A ledger in exact fractions ends below zero with half a cent more and above with half a cent less."""
    balance, rate, term = cents("123456.78"), "5.375", 241
    level = payment(balance, rate, term)
    ends = []
    for paid in (level - Fraction(1, 2), level + Fraction(1, 2)):
        left = Fraction(balance)
        for _ in range(term):
            left = left * (1 + Fraction(percent(rate)) / 1200) - paid
        ends.append(left)
    assert ends[0] >= 0 > ends[1]


def test_amortization_that_never_ends() -> None:
    assert months_to_amortize(10_000_000, "12", 100_000) is None
    assert months_to_amortize(10_000_000, "12", 0) is None
    assert months_to_amortize(10_000_000, "0", 100_000) == 100


# --- dates ----------------------------------------------------------------------------------------


def test_months() -> None:
    assert add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert add_months(date(2026, 1, 15), -13) == date(2024, 12, 15)
    assert whole_months(date(2025, 9, 9), date(2026, 9, 8)) == 11
    assert whole_months(date(2025, 9, 9), date(2026, 9, 9)) == 12
    assert months_delinquent(date(2026, 8, 1), date(2026, 9, 15)) == 2
    assert months_delinquent(date(2026, 8, 1), date(2026, 7, 31)) == 0


def test_holidays() -> None:
    assert date(2026, 10, 12) in bank_holidays(2026)  # Columbus Day
    assert date(2026, 5, 25) in bank_holidays(2026)  # Memorial Day
    assert date(2026, 7, 3) not in bank_holidays(2026)  # July 4 is a Saturday: not moved
    assert date(2027, 7, 5) in bank_holidays(2027)  # a Sunday is
    assert date(2020, 6, 19) not in bank_holidays(2020)
    assert len(bank_holidays(2025)) == 11
    assert add_business_days(date(2026, 11, 25), 1) == date(2026, 11, 27)
    assert add_business_days(date(2026, 11, 27), -1) == date(2026, 11, 25)


def test_trial_dates() -> None:
    on_15th, on_16th = trial_schedule(date(2026, 9, 15), 3), trial_schedule(date(2026, 9, 16), 3)
    assert on_15th["trial_start"] == date(2026, 10, 1)
    assert on_16th["trial_start"] == date(2026, 11, 1)
    later = trial_schedule(date(2026, 9, 15), 4, processing_month=True)
    assert later["trial_end"] == date(2027, 1, 31)
    assert later["first_payment_due"] == date(2027, 3, 1)
    assert later["rate_change_date"] == date(2027, 2, 1)
    assert (trial_months(30), trial_months(31)) == (4, 3)


# --- Flex Modification from 2024-12 --------------------------------------------------------------------


def test_target_readings() -> None:
    old = cents("1913.14")
    assert target_payment(old, "two_decimal") == cents("1530.41")
    assert target_payment(old, "strict_cent") == cents("1530.51")
    assert target_payment(old, "at_least") == cents("1530.51")
    even = cents("1000.00")
    assert target_payment(even, "strict_cent") == cents("799.99")
    assert target_payment(even, "at_least") == cents("800.00")
    assert target_payment(even, "two_decimal") == cents("799.95")


def test_starting_term_tolerance_and_cap() -> None:
    case = {**LOAN, "interest_bearing_balance": cents("236765.47"), "remaining_term": 320}
    assert starting_term(case) == 309
    assert starting_term(case, Decimal(0)) == 310
    assert starting_term({**case, "remaining_term": 300}) == 300
    assert starting_term(case, reading="contractual") == 320
    assert starting_term({**case, "monthly_principal_and_interest": cents("1000.00")}) == 320


def test_no_rate_cut_below_half_of_value() -> None:
    below = flex_2024({**LOAN, "property_value": cents("500000.02"), "modification_rate": None})
    assert below["rate"] == Decimal("6.5")
    assert {step[0] for step in below["steps"]} == {"capitalized", "term"}


def test_exactly_half_of_value_cuts_the_rate_and_forbears_nothing() -> None:
    terms = flex_2024({**LOAN, "property_value": cents("500000.00"), "modification_rate": "6.49"})
    assert terms["rate"] == Decimal("6.49")
    assert terms["term"] == 480
    assert not terms["target_met"]
    assert terms["caps"] is None
    assert terms["forborne"] == 0
    # One cent less of value, and forbearance is open: half a cent rounds down to nothing.
    tight = flex_2024({**LOAN, "property_value": cents("499999.99"), "modification_rate": "6.49"})
    assert tight["binding_cap"] == "b"
    assert tight["caps"]["b"] == 0
    up = flex_2024(
        {**LOAN, "property_value": cents("499999.99"), "modification_rate": "6.49"}, cap_rounding="half_up"
    )
    assert up["caps"]["b"] == 1


def test_part_step() -> None:
    case = {**LOAN, "modification_rate": "6.3"}
    rates = [step[1] for step in flex_2024(case)["steps"] if step[0] == "rate"]
    assert rates == [Decimal("6.375"), Decimal("6.3")]
    assert flex_2024(case, part_step=False)["rate"] == Decimal("6.375")


def test_steps_stop_at_the_target() -> None:
    terms = flex_2024({**LOAN, "modification_rate": "2"})
    assert terms["target_met"]
    assert terms["term"] == terms["starting_term"]
    assert terms["steps"][-2][3] > terms["target_payment"] >= terms["payment"]


def test_nothing_is_done_when_the_target_is_met_at_once() -> None:
    terms = flex_2024({**LOAN, "monthly_principal_and_interest": cents("2500.00"), "remaining_term": 400})
    assert terms["starting_term"] < 400
    low = flex_2024(
        {**LOAN, "monthly_principal_and_interest": cents("2500.00"), "remaining_term": 400},
        term_reading="contractual",
    )
    assert [step[0] for step in low["steps"]] == ["capitalized"]


def test_caps_bind() -> None:
    by_c = flex_2024({**LOAN, "interest_bearing_balance": cents("500000.00"), "property_value": cents("1")})
    assert by_c["binding_cap"] == "c"
    assert by_c["forborne"] == cents("150000.00")
    assert by_c["offer"] is False  # the payment rises
    assert by_c["payment"] > LOAN["monthly_principal_and_interest"]


def test_rate_that_is_not_final() -> None:
    arm = {**LOAN, "rate_is_final": False, "property_value": cents("1000000.00")}
    assert flex_2024({**arm, "note_rate": "4"})["rate"] == Decimal("6.0")
    assert flex_2024({**arm, "note_rate": "4", "rate_ceiling": "5.5"})["rate"] == Decimal("5.5")
    assert flex_2024({**arm, "note_rate": "7"})["rate"] == Decimal("7")
    with pytest.raises(ValueError, match="no modification interest rate"):
        flex_2024({**arm, "modification_rate": None})


def test_same_payment_is_enough_from_31_days() -> None:
    case = {
        **LOAN,
        "note_rate": "0",
        "modification_rate": "0",
        "interest_bearing_balance": 480_000,
        "monthly_principal_and_interest": 1_000,
        "remaining_term": 480,
        "property_value": 10**9,
    }
    assert flex_2024({**case, "days_delinquent": 31})["offer"] is True
    assert flex_2024({**case, "days_delinquent": 30})["offer"] is False
    assert flex_2024({**case, "monthly_principal_and_interest": 1_001, "days_delinquent": 0})["offer"] is True


def test_existing_deferred_balance_is_capitalized() -> None:
    terms = flex_2024({**LOAN, "deferred_balance": 100_000, "buydown_funds": 40_000, "escrow_advances": 7})
    assert terms["gross_balance"] == LOAN["interest_bearing_balance"] + 60_007


# --- Flex Modification before 2024-12 ------------------------------------------------------------------

OLD: dict[str, Any] = {**LOAN, "brp_complete": False, "modification_rate": "4.5"}


def test_2017_low_ltv_keeps_the_contract_rate() -> None:
    low = flex_2017({**OLD, "property_value": cents("312500.01"), "modification_rate": None})
    assert (low["rate"], low["term"], low["forborne"]) == (Decimal("6.5"), 480, 0)
    high = flex_2017({**OLD, "property_value": cents("312500.00")})
    assert high["rate"] == Decimal("4.5")
    covid = flex_2017({**OLD, "property_value": cents("900000.00")}, covid=True)
    assert covid["rate"] == Decimal("4.5")


def test_2017_rate_never_rises_when_fixed() -> None:
    case = {**OLD, "modification_rate": "7", "property_value": cents("250000.00")}
    assert flex_2017(case)["rate"] == Decimal("6.5")
    arm = {**case, "rate_is_final": False, "rate_ceiling": "6.75"}
    assert flex_2017(arm)["rate"] == Decimal("6.75")
    low = {**arm, "property_value": cents("900000.00")}
    assert flex_2017(low)["rate"] == Decimal("7")
    assert flex_2017(low, low_ltv_arm_capped=True)["rate"] == Decimal("6.75")


def test_2017_forbearance_readings() -> None:
    case = {**OLD, "note_rate": "4.5", "property_value": cents("240000.00")}
    case["monthly_principal_and_interest"] = cents("1300.00")
    both = flex_2017(case)
    assert both["forborne_first"] == cents("10000.00")  # down to 100%
    assert both["forborne_more"] > 0
    assert both["target_met"]
    assert flex_2017(case, forbearance_reading="to_100")["forborne"] == cents("10000.00")
    assert flex_2017(case, forbearance_reading="to_80")["forborne"] == both["forborne"]
    met = {**case, "monthly_principal_and_interest": cents("2000.00")}
    assert flex_2017(met)["forborne"] == cents("10000.00")
    assert flex_2017(met, forbear_when_met=False)["forborne"] == 0
    deep = flex_2017({**case, "property_value": cents("100000.00")})
    assert deep["forborne"] == cents("75000.00")  # 30%
    shallow = flex_2017({**case, "property_value": cents("310000.00"), "note_rate": "6.5"})
    assert shallow["forborne"] == cents("2000.00")  # down to 80%
    assert not shallow["target_met"]


def test_2017_income_target() -> None:
    case = {
        **OLD,
        "brp_complete": True,
        "monthly_gross_income": cents("3000.00"),
        "monthly_taxes": cents("300.00"),
        "property_value": cents("240000.00"),
    }
    assert flex_2017({**case, "days_delinquent": 89})["target_payment"] == cents("900.00")
    assert flex_2017({**case, "days_delinquent": 90})["target_payment"] == cents("1264.13")
    assert flex_2017({**case, "days_delinquent": 89, "brp_complete": False})["target_payment"] == cents(
        "1264.13"
    )


# --- other options --------------------------------------------------------------------------------


def test_deferral_of_several_installments_follows_the_schedule() -> None:
    case = {
        "monthly_principal_and_interest": cents("1872.09"),
        "interest_bearing_balance": cents("279312.50"),
        "note_rate": "3.625",
        "deferred_payments": 2,
        "deferred_balance": 500,
    }
    terms = payment_deferral(case)
    assert terms["deferred_principal"] == cents("1028.33") + cents("1872.09") - cents("840.65")
    assert terms["deferred_balance"] == 500 + 2 * cents("1872.09")
    before = cents("279312.50") + 500
    assert terms["gross_balance"] == before + terms["deferred_interest"]
    assert terms["within_limit"]
    assert not payment_deferral({**case, "deferred_payments": 7})["within_limit"]
    assert payment_deferral({**case, "deferred_payments": 12, "rule_set": "dpd"})["within_limit"]
    assert not payment_deferral({**case, "deferred_payments": 3, "rule_set": "pd.2020-07"})["within_limit"]


@pytest.mark.parametrize(
    ("behind", "before", "rule_set", "room", "pay_first"),
    [
        (5, 0, "pd.2023-10", 5, False),
        (6, 0, "pd.2023-10", 6, True),
        (2, 10, "pd.2023-10", 2, False),
        (2, 11, "pd.2023-10", 1, True),
        (2, 12, "pd.2023-10", 0, True),
        (11, 12, "dpd", 11, False),
        (12, 0, "dpd", 12, True),
        (2, 0, "pd.2020-07", 2, False),
    ],
)
def test_deferral_room(behind: int, before: int, rule_set: str, room: int, pay_first: bool) -> None:
    found = deferral_room(behind, before, rule_set)
    assert (found["max_deferrable_now"], found["payment_required_first"]) == (room, pay_first)


def test_repayment_plan_edges() -> None:
    half = repayment_plan({"contractual_payment": 100_001, "arrears": 50_000})
    assert half["plans"][1]["ok"]  # 50,000 is not above half of 100,001
    assert not repayment_plan({"contractual_payment": 100_001, "arrears": 50_001})["plans"][1]["ok"]
    uneven = repayment_plan({"contractual_payment": 100_000, "arrears": 100_000})["plans"][3]
    assert (uneven["installment"], uneven["last_installment"]) == (33_334, 33_332)
    none = repayment_plan({"contractual_payment": 100_000, "arrears": 700_000})
    assert (none["term"], none["affordable"]) == (None, False)
    assert list(repayment_plan({"contractual_payment": 100, "arrears": 5})["plans"]) == [1, 2, 3, 5]
    counted = {"contractual_payment": 100, "unpaid_installments": 3, "late_charges": 7, "unapplied_funds": 9}
    assert repayment_plan(counted)["arrears"] == 298


def test_reinstatement() -> None:
    case = {
        "next_due_date": date(2026, 6, 1),
        "as_of": date(2026, 9, 1),
        "contractual_payment": 200_000,
        "late_charges": 4_000,
        "unapplied_funds": 1_000,
    }
    assert reinstatement(case)["amount"] == 803_000
    assert reinstatement({**case, "amount_offered": 803_000})["full"] is True
    part = reinstatement({**case, "amount_offered": 500_000})
    assert (part["full"], part["left_for_plan"]) == (False, 303_000)


def test_forbearance_limits() -> None:
    start = date(2026, 10, 1)
    base = {"rule_set": "fb.2026-05", "start": start, "next_due_date": start}
    assert forbearance(base)["max_months"] == 3
    assert forbearance({**base, "rule_set": "fb.pre-2026-05"})["max_months"] == 6
    assert forbearance({**base, "initial_start": date(2025, 12, 1)})["max_months"] == 2
    mbs = {**base, "mbs_loan": True, "last_scheduled_payment_date": date(2026, 12, 1)}
    found = forbearance(mbs)
    assert (found["max_months"], found["binding"]) == (2, ["FB-8"])
    late = forbearance({**base, "next_due_date": date(2025, 10, 1)})
    assert (late["max_months"], late["term_end"], late["binding"]) == (0, None, ["FB-7"])
    area = {**base, "rule_set": "fb.pre-2026-05", "without_contact": True}
    assert forbearance(area)["binding"] == ["FB-D"]
    by_date = forbearance({**base, "next_due_date": date(2026, 2, 1), "requested_months": 3})
    by_count = {"rule_set": "fb.2026-05", "start": start, "months_delinquent": 8, "requested_months": 3}
    assert by_date == forbearance(by_count)


def test_contribution_edges() -> None:
    base = {"non_retirement_reserves": 1_000_000, "monthly_housing_payment": 100_000}
    assert short_sale_contribution(base)["required"] is None
    assert short_sale_contribution({**base, "monthly_gross_income": 250_000})["required"] is True
    assert short_sale_contribution({**base, "monthly_gross_income": 249_999})["required"] is False
    rich = {**base, "non_retirement_reserves": 1_000_001}
    assert short_sale_contribution(rich)["required"] is True
    assert short_sale_contribution({**rich, "military_pcs": True})["request"] == 0
    assert short_sale_contribution({**rich, "deficiency": 50_000})["waived"] is False
    assert short_sale_contribution({**rich, "deficiency": 49_999})["waived"] is True
    odd = {**rich, "monthly_housing_payment": 101_250}
    assert short_sale_contribution(odd)["request"] == 405_000
    assert short_sale_contribution(odd, round_to_hundred=True)["request"] == 410_000
    assert short_sale_contribution({**odd, "days_delinquent": 59})["minimum"] == 200_000
    assert short_sale_contribution({**odd, "days_delinquent": 60})["minimum"] == 0


def test_limits_that_are_just_met() -> None:
    assert escrow_shortage_payment(1_200, 12) == 100
    with pytest.raises(ValueError, match="at least 12 months"):
        escrow_shortage_payment(1_200, 11)
    full = {"monthly_principal_and_interest": 100_000, "deferred_payments": 6}
    assert payment_deferral(full)["within_limit"]
    assert payment_deferral({**full, "deferred_payments": 1})["within_limit"]
    assert not payment_deferral({**full, "deferred_payments": 0})["within_limit"]
    plan = {"contractual_payment": 200_000, "arrears": 100_000, "capacity": 300_000}
    assert repayment_plan(plan)["plans"][1]["ok"]
    assert repayment_plan({**plan, "capacity": 299_999})["plans"][1]["reasons"] == ["over capacity"]
    plenty = {"non_retirement_reserves": 5_000_000, "monthly_housing_payment": 1, "investor": "freddie_mac"}
    just = short_sale_contribution({**plenty, "contribution_offered": 1_000_000})
    assert just["delegated"]
    assert just["fatal_codes"] == []
    short = short_sale_contribution({**plenty, "contribution_offered": 999_999})
    assert short["fatal_codes"] == ["LM000056"]
    assert short_sale_contribution(plenty)["fatal_codes"] == []
    not_asked = {**plenty, "contribution_offered": 0, "military_pcs": True}
    assert short_sale_contribution(not_asked)["fatal_codes"] == []
    sale = {"sale_date": date(2026, 12, 1), "judicial": True, "on": date(2026, 10, 2)}
    assert not solicitation_clocks(sale)["allowed"]  # 60 days
    assert solicitation_clocks({**sale, "on": date(2026, 10, 1)})["allowed"]
    start = date(2026, 10, 1)
    pool = {"rule_set": "fb.2026-05", "start": start, "next_due_date": start, "mbs_loan": True}
    assert forbearance({**pool, "last_scheduled_payment_date": date(2026, 11, 30)})["max_months"] == 2
    area = {"rule_set": "fb.pre-2026-05", "start": start, "next_due_date": start, "without_contact": True}
    assert forbearance(area)["max_months"] == 3


def test_sums() -> None:
    sale = {
        "sale_price": 100,
        "paid_in_advance": 5,
        "seller_settlement_charges": 10,
        "second_lien_payoff": 20,
    }
    assert short_sale_net_proceeds_freddie_mac(sale) == 75
    move = {
        "evaluation_date": date(2023, 4, 1),
        "principal_residence": True,
        "contribution_required": False,
        "dislocation_allowance": False,
        "other_relocation_aid": 100_000,
    }
    assert relocation_assistance(move) == 650_000
    assert relocation_assistance({**move, "evaluation_date": date(2023, 3, 31)}) == 200_000
    assert relocation_assistance({**move, "contribution_required": True}) == 0
    paid = [incentive("short_sale", {"days_delinquent": days}) for days in (210, 211, 300, 301)]
    assert paid == [250_000, 150_000, 150_000, 75_000]
    plan = {"days_delinquent": 60, "months_since_last_fee": None}
    assert incentive("repayment_plan", plan) == 50_000
    assert incentive("repayment_plan", {**plan, "days_delinquent": 59}) == 0
    assert incentive("repayment_plan", {**plan, "months_since_last_fee": 11}) == 0
    assert (
        incentive("flex_modification", {"months_to_close": 2, "retention_incentives_paid": 50_000}) == 50_000
    )
    assert incentive("flex_modification", {"months_to_close": 3}) == 0
    plan = {"days_delinquent": 60, "months_since_last_fee": 12}
    assert incentive("repayment_plan", plan) == 50_000
    with pytest.raises(ValueError, match="unknown option"):
        incentive("lottery", {})


# --- eligibility ----------------------------------------------------------------------------------

EDGES: list[tuple[str, str, str, dict[str, Any], dict[str, Any]]] = [
    # option, rule set, rule, facts that pass, one change that fails
    ("forbearance", "fb.2026-05", "FB-5", {"forbearance_term_months": 3}, {"forbearance_term_months": 4}),
    (
        "forbearance",
        "fb.pre-2026-05",
        "FB-5-old",
        {"forbearance_term_months": 6},
        {"forbearance_term_months": 7},
    ),
    (
        "forbearance",
        "fb.2026-05",
        "FB-6",
        {"forbearance_cumulative_months": 12},
        {"forbearance_cumulative_months": 13},
    ),
    (
        "forbearance",
        "fb.2026-05",
        "FB-7",
        {"months_delinquent_at_term_end": 12},
        {"months_delinquent_at_term_end": 13},
    ),
    (
        "forbearance",
        "fb.2026-05",
        "FB-9",
        {"forbearance_with_repayment_plan": True, "combined_plan_months": 36},
        {"combined_plan_months": 37},
    ),
    (
        "forbearance",
        "fb.2026-05",
        "FB-2",
        {"hardship_kind": "unemployment", "hardship_duration": "short_term", "hardship_resolved": False},
        {"hardship_resolved": True},
    ),
    (
        "forbearance",
        "fb.2026-05",
        "FB-3",
        {"occupancy": "second_home", "hardship_kind": "disaster", "investor": "freddie_mac"},
        {"hardship_kind": "death"},
    ),
    (
        "forbearance",
        "fb.2026-05",
        "FB-8",
        {"mbs_loan": True, "term_end_date": TODAY, "last_scheduled_payment_date": TODAY},
        {"term_end_date": date(2026, 9, 10)},
    ),
    (
        "repayment_plan",
        "rp",
        "RP-2",
        {"contractual_payment": 200, "repayment_installment": 100},
        {"repayment_installment": 101},
    ),
    (
        "repayment_plan",
        "rp",
        "RP-3",
        {"repayment_term_months": 12, "investor_approval": False},
        {"repayment_term_months": 13},
    ),
    (
        "repayment_plan",
        "rp",
        "RP-4",
        {"brp_complete": False, "days_delinquent": 90, "repayment_term_months": 6, "qrpc": True},
        {"days_delinquent": 91},
    ),
    (
        "repayment_plan",
        "rp",
        "RP-4",
        {"brp_complete": False, "days_delinquent": 90, "repayment_term_months": 6, "qrpc": True},
        {"repayment_term_months": 7},
    ),
    (
        "payment_deferral",
        "pd.2023-10",
        "PD-6",
        {"months_since_origination": 12},
        {"months_since_origination": 11},
    ),
    (
        "payment_deferral",
        "pd.2023-10",
        "PD-7",
        {"investor": "fannie_mae", "months_delinquent": 2},
        {"months_delinquent": 1},
    ),
    (
        "payment_deferral",
        "pd.2023-10",
        "PD-7",
        {"investor": "fannie_mae", "months_delinquent": 6},
        {"months_delinquent": 7},
    ),
    (
        "payment_deferral",
        "pd.2023-10",
        "PD-7",
        {"investor": "freddie_mac", "days_delinquent": 60},
        {"days_delinquent": 59},
    ),
    (
        "payment_deferral",
        "pd.2023-10",
        "PD-7",
        {"investor": "freddie_mac", "days_delinquent": 180},
        {"days_delinquent": 181},
    ),
    (
        "payment_deferral",
        "pd.2020-07",
        "PD-7",
        {"delinquency_static": True, "months_delinquent": 2},
        {"months_delinquent": 3},
    ),
    (
        "payment_deferral",
        "pd.2023-10",
        "PD-8",
        {"evaluation_date": TODAY, "last_payment_deferral_effective_date": date(2025, 9, 9)},
        {"last_payment_deferral_effective_date": date(2025, 9, 10)},
    ),
    (
        "payment_deferral",
        "pd.2023-10",
        "PD-9",
        {"previously_deferred_months": 8, "months_delinquent": 4},
        {"previously_deferred_months": 9},
    ),
    (
        "payment_deferral",
        "pd.2023-10",
        "PD-10",
        {"evaluation_date": TODAY, "maturity_date": date(2029, 10, 9), "investor_approval": False},
        {"maturity_date": date(2029, 10, 8)},
    ),
    (
        "payment_deferral",
        "pd.2023-10",
        "PD-12",
        {
            "evaluation_date": TODAY,
            "last_failed_trial_date": "never",
            "last_modification_effective_date": NEVER,
        },
        {"last_failed_trial_date": TODAY},
    ),
    (
        "payment_deferral",
        "pd.2023-10",
        "PD-13",
        {"texas_50a6": True, "texas_50a6_lawful": True},
        {"texas_50a6_lawful": False},
    ),
    (
        "disaster_payment_deferral",
        "dpd",
        "DD-2",
        {"months_delinquent_at_disaster": 1, "investor_approval": False},
        {"months_delinquent_at_disaster": 2},
    ),
    ("disaster_payment_deferral", "dpd", "DD-3", {"months_delinquent": 12}, {"months_delinquent": 13}),
    ("disaster_payment_deferral", "dpd", "DD-3", {"months_delinquent": 1}, {"months_delinquent": 0}),
    (
        "flex_modification",
        "flex.2024-12",
        "FM-2",
        {"days_delinquent": 60},
        {"days_delinquent": 59, "imminent_default": False},
    ),
    ("flex_modification", "flex.2024-12", "FM-4", {"prior_modifications": 2}, {"prior_modifications": 3}),
    (
        "flex_modification",
        "flex.2024-12",
        "FM-5",
        {"evaluation_date": TODAY, "last_failed_trial_date": TODAY, "failed_trial_became_forbearance": True},
        {"failed_trial_became_forbearance": False},
    ),
    (
        "flex_modification",
        "flex.2024-12",
        "FM-6",
        {
            "last_flex_effective_date": date(2025, 1, 1),
            "last_flex_60_day_date": date(2026, 1, 1),
            "reinstated_after_redefault": False,
        },
        {"last_flex_60_day_date": date(2025, 12, 31)},
    ),
    (
        "flex_modification",
        "flex.2024-12",
        "FM-6-F",
        {"evaluation_date": TODAY, "last_flex_60_day_date": date(2025, 9, 9)},
        {"last_flex_60_day_date": date(2025, 9, 10)},
    ),
    (
        "flex_modification",
        "flex.2024-12",
        "FM-8-a",
        {"brp_complete": False, "days_delinquent": 60, "step_rate_adjusted_within_12_months": True},
        {"days_delinquent": 59},
    ),
    (
        "flex_modification",
        "flex.2024-12",
        "FM-8",
        {"brp_complete": False, "days_delinquent": 90},
        {"days_delinquent": 89},
    ),
    (
        "flex_modification",
        "flex.2024-12",
        "FM-9",
        {
            "modified_principal_and_interest": 100,
            "monthly_principal_and_interest": 100,
            "days_delinquent": 31,
        },
        {"days_delinquent": 30},
    ),
    (
        "flex_modification",
        "flex.2024-12",
        "FM-9",
        {"modified_principal_and_interest": 99, "monthly_principal_and_interest": 100},
        {"modified_principal_and_interest": 101},
    ),
    (
        "flex_modification",
        "flex.2024-12",
        "FM-10",
        {"leasehold": True, "modified_maturity_date": TODAY, "leasehold_end_date": date(2031, 9, 9)},
        {"leasehold_end_date": date(2031, 9, 8)},
    ),
    (
        "disaster_flex_modification",
        "flex.2024-12",
        "FM-12",
        {"escrow_established": False, "taxes_and_insurance_current": True},
        {"taxes_and_insurance_current": False},
    ),
    (
        "disaster_flex_modification",
        "flex.2024-12",
        "FD-3",
        {"months_delinquent": 3},
        {"months_delinquent": 2},
    ),
    (
        "short_sale",
        "ss",
        "SS-1",
        {"days_delinquent": 60, "brp_complete": True},
        {"days_delinquent": 59, "hardship_kind": "unemployment"},
    ),
    (
        "short_sale",
        "ss",
        "SS-5",
        {"new_mortgage_within_6_months": False},
        {"new_mortgage_within_6_months": True, "relocation_over_50_miles": False},
    ),
    (
        "short_sale",
        "ss",
        "SS-7",
        {"subordinate_lien_payoff": 600_000, "subordinate_liens_release_borrower": True},
        {"subordinate_lien_payoff": 600_001},
    ),
    (
        "short_sale",
        "ss",
        "SS-8",
        {"non_retirement_reserves": 5_000_000},
        {"non_retirement_reserves": 5_000_001},
    ),
    ("short_sale", "ss", "SS-9", {"net_proceeds": 7, "minimum_net_proceeds": 7}, {"net_proceeds": 6}),
    (
        "mortgage_release",
        "release",
        "MR-5",
        {"transition_option": "three_months_rent_free", "occupancy": "principal_residence"},
        {"occupancy": "second_home"},
    ),
]


@pytest.mark.parametrize(
    ("option", "rule_set", "rule", "passing", "change"),
    EDGES,
    ids=[f"{e[2]}-{k}" for k, e in enumerate(EDGES)],
)
def test_edges(
    option: str, rule_set: str, rule: str, passing: dict[str, Any], change: dict[str, Any]
) -> None:
    assert eligibility(option, rule_set, passing)[rule] is True
    assert eligibility(option, rule_set, {**passing, **change})[rule] is False


IMMINENT: dict[str, Any] = {
    "days_delinquent": 30,
    "brp_complete": True,
    "documents_age_days": 90,
    "hardship_documented": True,
    "occupancy": "principal_residence",
    "non_retirement_reserves": 2_499_999,
    "hardship_kind": "unemployment",
    "step_rate_rise_within_12_months": False,
    "fico": 620,
    "fico_age_days": 90,
    "thirty_day_lates_in_6_months": 1,
    "housing_expense_ratio": Decimal("40.01"),
    "relocation_over_50_miles": False,
}


BLOCKERS = (
    "recourse_or_indemnification",
    "approved_liquidation",
    "active_repayment_plan",
    "retention_offer_open",
    "active_trial",
)
STREAMLINED: dict[str, Any] = {
    "days_delinquent": 90,
    "months_delinquent": 4,
    "chapter_7_discharge": False,
    "evaluation_date": TODAY,
    "last_failed_trial_date": NEVER,
    "last_flex_60_day_date": NEVER,
    "prior_modifications": 2,
    "qualifying_forbearance": False,
    "occupancy": "second_home",
    "fico": 621,
}
FULL: dict[str, tuple[str, str, dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]] = {
    # rule: option, rule set, facts that pass, changes that each fail, changes that still pass
    "FB-D": (
        "forbearance",
        "fb.2026-05",
        {
            "fema_individual_assistance_area": True,
            "months_delinquent_at_disaster": 1,
            "months_delinquent": 1,
            "forbearance_term_months": 3,
        },
        [
            {"fema_individual_assistance_area": False},
            {"months_delinquent_at_disaster": 2},
            {"months_delinquent": 0},
            {"forbearance_term_months": 4},
        ],
        [],
    ),
    "FB-1": (
        "forbearance",
        "fb.2026-05",
        {
            "qrpc": False,
            "fema_individual_assistance_area": True,
            "months_delinquent_at_disaster": 0,
            "months_delinquent": 2,
            "forbearance_term_months": 1,
        },
        [{"fema_individual_assistance_area": False}],
        [{"qrpc": True, "fema_individual_assistance_area": False}],
    ),
    "PD-7": (
        "payment_deferral",
        "pd.2020-07",
        {"months_delinquent": 1, "delinquency_static": True},
        [{"months_delinquent": 0}, {"months_delinquent": 3}, {"delinquency_static": False}],
        [{"months_delinquent": 2}],
    ),
    "PD-5": (
        "payment_deferral",
        "pd.2023-10",
        {"conventional": True, "lien_position": 1},
        [{"conventional": False}, {"lien_position": 2}],
        [],
    ),
    "FM-9": (
        "flex_modification",
        "flex.2017-10",
        {"modified_principal_and_interest": 100, "monthly_principal_and_interest": 100},
        [{"modified_principal_and_interest": 101}],
        [{"modified_principal_and_interest": 99}],
    ),
    "PD-11": (
        "payment_deferral",
        "pd.2023-10",
        dict.fromkeys(BLOCKERS, False),
        [{name: True} for name in BLOCKERS],
        [],
    ),
    "DD-1": (
        "disaster_payment_deferral",
        "dpd",
        {
            "disaster_income_or_expense_impact": True,
            "disaster_insured_loss": True,
            "fema_individual_assistance_area": False,
            "workplace_in_fema_assistance_area": False,
        },
        [{"disaster_income_or_expense_impact": False}, {"disaster_insured_loss": False}],
        [
            {"disaster_insured_loss": False, "fema_individual_assistance_area": True},
            {"disaster_insured_loss": False, "workplace_in_fema_assistance_area": True},
        ],
    ),
    "FD-2": (
        "disaster_flex_modification",
        "flex.2024-12",
        {"lien_position": 1, "months_delinquent_at_disaster": 1},
        [{"lien_position": 2}, {"months_delinquent_at_disaster": 2}],
        [],
    ),
    "FD-5": (
        "disaster_flex_modification",
        "flex.2024-12",
        {"payments_received_after_evaluation": True, "thirty_days_delinquent_at_trial_start": True},
        [{"thirty_days_delinquent_at_trial_start": False}],
        [{"payments_received_after_evaluation": False, "thirty_days_delinquent_at_trial_start": False}],
    ),
    "SS-1": (
        "short_sale",
        "ss",
        {**IMMINENT, "hardship_kind": "death", "chapter_7_discharge": False},
        [
            {"hardship_kind": "unemployment"},
            {"hardship_kind": "separation_of_unrelated_borrowers"},
            {"occupancy": "second_home"},
            {"brp_complete": False},
            {"days_delinquent": 89, "brp_complete": False},
        ],
        [
            {"hardship_kind": "unemployment", "days_delinquent": 60},
            {"days_delinquent": 90, "brp_complete": False},
            {"days_delinquent": 89, "brp_complete": False, "chapter_7_discharge": True},
        ],
    ),
    "SS-2": (
        "short_sale",
        "ss",
        {**STREAMLINED, "brp_complete": True},
        [{"brp_complete": False}, {"brp_complete": False, "months_delinquent": 18}],
        [
            {"brp_complete": False, **change}
            for change in (
                {"chapter_7_discharge": True},
                {"last_failed_trial_date": TODAY},
                {"last_flex_60_day_date": TODAY},
                {"prior_modifications": 3},
                {"qualifying_forbearance": True},
                {"fico": 620},
                {"months_delinquent": 19},
                {"days_delinquent": 89},
            )
        ],
    ),
    "SS-3": (
        "short_sale",
        "ss",
        {"chapter_7_discharge": False, "days_delinquent": 90, "months_delinquent": 19},
        [{"months_delinquent": 18}, {"days_delinquent": 89}],
        [{"chapter_7_discharge": True, "months_delinquent": 0}],
    ),
    "SS-4": (
        "short_sale",
        "ss",
        {
            "mls_active_days": 5,
            "mls_days_include_weekend": True,
            "agent_licensed": True,
            "agent_is_borrower": False,
        },
        [
            {"mls_active_days": 4},
            {"mls_days_include_weekend": False},
            {"agent_licensed": False},
            {"agent_is_borrower": True},
        ],
        [],
    ),
    "SS-6": (
        "short_sale",
        "ss",
        {"arms_length": True, "arms_length_affidavit": True},
        [{"arms_length": False}, {"arms_length_affidavit": False}],
        [],
    ),
    "MR-2": (
        "mortgage_release",
        "release",
        {
            "title_clear": True,
            "title_marketable": True,
            "environmental_hazard": False,
            "property_condition_acceptable": True,
        },
        [
            {"title_clear": False},
            {"title_marketable": False},
            {"environmental_hazard": True},
            {"property_condition_acceptable": False},
        ],
        [],
    ),
    "MR-3": (
        "mortgage_release",
        "release",
        {
            "transition_option": "leave_now",
            "property_vacant": True,
            "property_broom_swept": True,
            "other_litigation": False,
        },
        [{"property_vacant": False}, {"property_broom_swept": False}, {"other_litigation": True}],
        [{"transition_option": "twelve_month_lease", "property_vacant": False}],
    ),
    "MR-6": (
        "mortgage_release",
        "release",
        {
            "transition_option": "twelve_month_lease",
            "income_verified": True,
            "payments_since_origination_or_modification": 3,
            "payments_past_due": 11,
            "active_bankruptcy": False,
            "occupancy": "principal_residence",
            "tenant_principal_residence": False,
        },
        [
            {"income_verified": False},
            {"payments_since_origination_or_modification": 2},
            {"payments_past_due": 12},
            {"active_bankruptcy": True},
            {"occupancy": "investment_property"},
            {"occupancy": "second_home", "tenant_principal_residence": True},
        ],
        [
            {"occupancy": "investment_property", "tenant_principal_residence": True},
            {"transition_option": "leave_now", "income_verified": False},
        ],
    ),
    "MR-7": (
        "mortgage_release",
        "release",
        {"transition_option": "twelve_month_lease", "transition_terms_accepted": True},
        [{"transition_terms_accepted": False}],
        [{"transition_option": "leave_now", "transition_terms_accepted": False}],
    ),
    "MR-8": (
        "mortgage_release",
        "release",
        {
            "sale_scheduled": True,
            "sale_date": date(2026, 10, 9),
            "deed_date": TODAY,
            "investor_approval": False,
        },
        [{"sale_date": date(2026, 10, 8)}],
        [{"sale_scheduled": False, "sale_date": TODAY}, {"sale_date": TODAY, "investor_approval": True}],
    ),
    "ID": (
        "imminent_default",
        "imminent-default.2018-12",
        {**IMMINENT, "thirty_day_lates_in_6_months": 2, "housing_expense_ratio": 0},
        [{"thirty_day_lates_in_6_months": 1}],
        [
            {"thirty_day_lates_in_6_months": 0, "step_rate_rise_within_12_months": True},
            {"fico": 850, "hardship_kind": "separation_of_unrelated_borrowers"},
        ],
    ),
    "ID-2": (
        "imminent_default",
        "imminent-default.2018-12",
        {**IMMINENT, "hardship_kind": "distant_employment_transfer", "fico": 850}
        | {"relocation_over_50_miles": True},
        [{"relocation_over_50_miles": False}, {"days_delinquent": 60}, {"hardship_kind": "other"}],
        [{"occupancy": "second_home"}],
    ),
}


@pytest.mark.parametrize("rule", FULL)
def test_every_condition_matters(rule: str) -> None:
    option, rule_set, facts, failing, passing = FULL[rule]

    def answer(change: dict[str, Any]) -> bool | None:
        return eligibility(option, rule_set, {"investor": "fannie_mae", **facts, **change})[rule]

    assert answer({}) is True
    assert [change for change in failing if answer(change) is not False] == []
    assert [change for change in passing if answer(change) is not True] == []


@pytest.mark.parametrize(
    "change",
    [
        {"days_delinquent": 60},
        {"brp_complete": False},
        {"documents_age_days": 91},
        {"hardship_documented": False},
        {"occupancy": "second_home"},
        {"non_retirement_reserves": 2_500_000},
        {"fico": 621},
        {"fico_age_days": 91},
        {"housing_expense_ratio": 40},
    ],
)
def test_imminent_default_edges(change: dict[str, Any]) -> None:
    def answer(facts: dict[str, Any]) -> bool | None:
        return eligibility("imminent_default", "imminent-default.2018-12", facts)["ID"]

    assert answer(IMMINENT) is True
    assert answer({**IMMINENT, **change}) is False
    # A grave hardship makes credit irrelevant, known or not.
    grave = {key: value for key, value in IMMINENT.items() if key not in {"fico", "housing_expense_ratio"}}
    assert answer(grave) is None
    assert answer({**grave, "hardship_kind": "death"}) is True
    flex = eligibility("flex_modification", "flex.2024-12", IMMINENT)
    assert flex["FM-2"] is True


def test_distant_transfer_is_for_liquidation_only() -> None:
    facts = {**IMMINENT, "hardship_kind": "distant_employment_transfer", "relocation_over_50_miles": True}
    facts |= {"occupancy": "investment_property", "non_retirement_reserves": 10**9}
    answers = eligibility("imminent_default", "imminent-default.2018-12", facts)
    assert answers == {"ID": False, "ID-2": True}
    assert eligibility("short_sale", "ss", facts)["SS-1"] is True


def test_short_sale_score_differs_by_investor() -> None:
    facts = {
        "days_delinquent": 90,
        "months_delinquent": 3,
        "brp_complete": False,
        "chapter_7_discharge": False,
        "evaluation_date": TODAY,
        "last_failed_trial_date": NEVER,
        "last_flex_60_day_date": NEVER,
        "prior_modifications": 0,
        "qualifying_forbearance": False,
        "occupancy": "second_home",
        "fico": 620,
    }
    assert eligibility("short_sale", "ss", {**facts, "investor": "fannie_mae"})["SS-2"] is True
    assert eligibility("short_sale", "ss", {**facts, "investor": "freddie_mac"})["SS-2"] is False
    assert eligibility("short_sale", "ss", facts)["SS-2"] is None
    assert eligibility("short_sale", "ss", {**facts, "fico": 619})["SS-2"] is True
    assert eligibility("short_sale", "ss", {"months_delinquent": 19, "days_delinquent": 550})["SS-3"] is True


def test_a_missing_fact_that_cannot_matter_leaves_the_answer() -> None:
    # A band of delinquency is not known, but a complete package serves in every band from 60 days on.
    facts = {"brp_complete": True}
    assert eligibility("flex_modification", "flex.2024-12", facts)["FM-8"] is True
    assert eligibility("repayment_plan", "rp", facts)["RP-4"] is True
    assert eligibility("repayment_plan", "rp", {"repayment_installment": 0})["RP-2"] is True
    assert eligibility("repayment_plan", "rp", {"repayment_installment": 1})["RP-2"] is None
    active = {"active_trial": True}
    assert eligibility("payment_deferral", "pd.2023-10", active)["PD-11"] is False


def test_readings() -> None:
    facts = {"investor": "freddie_mac", "hardship_kind": "disaster", "occupancy": "second_home"}
    strict = {"freddie_disaster_forbearance_needs_principal_residence": True}
    assert eligibility("forbearance", "fb.2026-05", facts, readings=strict)["FB-3"] is False
    months = {"freddie_deferral_counts": "months"}
    behind = {"investor": "freddie_mac", "months_delinquent": 2}
    assert eligibility("payment_deferral", "pd.2023-10", behind, readings=months)["PD-7"] is True
    gate = {"pd9_allows_the_payment_due_first": True}
    life = {"previously_deferred_months": 9, "months_delinquent": 4}
    assert eligibility("payment_deferral", "pd.2023-10", life, readings=gate)["PD-9"] is True
    with pytest.raises(KeyError, match="unknown readings"):
        eligibility("repayment_plan", "rp", {}, readings={"no such": 1})
    with pytest.raises(ValueError, match="unknown investor"):
        eligibility("repayment_plan", "rp", {"investor": "fanny"})
    assert set(READINGS) == {*strict, *months, *gate}


def test_investor_decides_which_redefault_rule_is_reported() -> None:
    both = eligibility("flex_modification", "flex.2024-12", {"last_flex_60_day_date": NEVER})
    assert both["FM-6"] is both["FM-6-F"] is True
    fannie = eligibility("flex_modification", "flex.2024-12", {"investor": "fannie_mae"})
    freddie = eligibility("flex_modification", "flex.2024-12", {"investor": "freddie_mac"})
    assert "FM-6-F" not in fannie
    assert "FM-6" not in freddie


def test_determination() -> None:
    assert determination({"PD-1": True, "PD-2": None}) == "conditional"
    assert determination({"PD-1": None, "PD-2": False}) == "ineligible"
    assert determination({"FB-1": True, "FB-D": False}) == "eligible"
    assert determination({"FM-8": False, "FM-8-a": True}) == "eligible"
    assert determination({"FM-6": True, "FM-6-F": False}) == "conditional"


def test_small_helpers() -> None:
    assert representative_fico([700, 600]) == 600
    assert representative_fico([700, 600, 650]) == 650
    assert representative_fico([640]) == 640
    saturday = date(2026, 9, 12)
    assert listing_suffices(saturday - timedelta(days=3), saturday + timedelta(days=1))
    assert not listing_suffices(saturday - timedelta(days=2), saturday + timedelta(days=1))
    assert not listing_suffices(saturday + timedelta(days=1), saturday + timedelta(days=6))


def random_value(rng: random.Random, name: str) -> Any:
    """Any value that a fact may have, not only those that stand for a range."""
    values = POSSIBLE.get(name, (True, False))
    first = values[0]
    if isinstance(first, (bool, str)) or name == "lien_position":
        return rng.choice(values)
    if isinstance(first, date):
        drawn = date(2018, 1, 1) + timedelta(days=rng.randrange(5_000))
        return rng.choice([NEVER, drawn, drawn]) if NEVER in values else drawn
    low, high = min(values), max(values)
    return rng.choice([*values, rng.randint(low, high), rng.randint(low, min(high, low + 40))])


class _Recorder(dict[str, Any]):
    """Facts that are drawn when a rule asks for them."""

    def __init__(self, rng: random.Random, known: dict[str, Any]):
        super().__init__(known)
        self.rng = rng

    def get(self, name: str, default: Any = None) -> Any:
        if name in {"projected_payoff_date", "installments_to_defer", "imminent_default"}:
            return super().get(name, default)
        if name not in self:
            self[name] = random_value(self.rng, name)
        return self[name]


RULE_NAMES = [(option, rule_set, rule) for (option, rule_set), rules in RULES.items() for rule in rules]


@pytest.mark.parametrize(("option", "rule_set", "rule"), RULE_NAMES, ids=["/".join(r) for r in RULE_NAMES])
def test_no_completion_contradicts_an_answer(option: str, rule_set: str, rule: str) -> None:
    """Facts are drawn, some hidden, and the hidden ones drawn anew: a firm answer must survive that."""
    rng = random.Random(f"{option}{rule_set}{rule}")
    function = RULES[option, rule_set][rule]
    for _ in range(100):
        full = _Recorder(rng, {})
        truth = function(_Known(full, {}, READINGS))
        shown = {name: value for name, value in full.items() if rng.random() < 0.6}
        answer = decide(function, shown)
        assert answer in {None, truth}
        assert decide(function, full) is truth
        for _ in range(5):
            again = function(_Known(_Recorder(rng, dict(shown)), {}, READINGS))
            assert answer in {None, again}, shown
    # Knowing nothing decides nothing, except where a rule never bars.
    assert decide(function, {}) is (True if function is never_bars else None)


def test_identifiers_that_open_a_way_exist() -> None:
    assert {rule for _, _, rule in RULE_NAMES} >= NO_BAR
