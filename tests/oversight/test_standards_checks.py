"""Regulation Z's own examples to the dollar; every tier at, below and above its line; other years refused."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopenow.dates import add_months
from hopenow.errors import CoverageError, InputError
from hopenow.mortgage.kernels import balance_after
from hopenow.oversight.standards.checks import (
    CHECKED,
    QM_RULES,
    check,
    check_loan,
    escrow_rules,
    fee_cap,
    law,
    segment_on,
)
from hopenow.oversight.standards.payments import (
    balloon_payment,
    first_five_years_end,
    highest_rate_payments,
    level_payment,
    recast_payments,
    repayment_payments,
)

FACTORS = ("income", "employment", "payment", "simultaneous", "obligations", "debts", "ratio", "credit")
GOOD: dict[str, Any] = {
    "application_id": "A",
    "consummation_date": datetime.date(2026, 3, 1),
    "loan_amount": 30_000_000,
    "total_loan_amount": 29_500_000,
    "note_rate": 65_000,
    "fully_indexed_rate": 65_000,
    "highest_rate_first_five_years": 65_000,
    "months_to_highest_rate": 0,
    "term_months": 360,
    "interest_only_months": 0,
    "balloon": False,
    "negative_amortization": False,
    "apr": 67_000,
    "apor": 65_000,
    "points_and_fees": 500_000,
    "junior_lien": False,
    "manufactured_home": False,
    "monthly_income": 900_000,
    "monthly_debts": 50_000,
    "simultaneous_payment": 0,
    "monthly_obligations": 60_000,
    **{f"considered_{name}": True for name in FACTORS},
}


def one(**changes: Any) -> dict[str, Any]:
    return dict(check_loan({**GOOD, **changes}))


def dollars(amount: int) -> int:
    """Whole dollars, as the commentary rounds."""
    return (amount + 50) // 100


def ints(*values: int) -> list[Any]:
    return [np.array([value], np.int64) for value in values]


def flag(value: bool) -> Any:
    return np.array([value])


def test_the_examples_of_the_commentary_to_the_dollar(shared: Path) -> None:
    cases = json.loads((shared / "cases" / "regulation_x.json").read_text(encoding="utf-8"))["cases"]
    found = {
        item["id"]: {part["what"]: part.get("value", part.get("date")) for part in item["expected"]}
        for item in cases
        if item["id"].startswith("RZ-43")
    }
    assert len(found) == 7

    def value(case: str, word: str) -> Any:
        return next(item for what, item in found[case].items() if word in what)

    amount = 20_000_000
    assert dollars(level_payment(amount, 70_000, 360)) == value("RZ-43C5I-5I", "monthly payment") == 1331

    case = "RZ-43C5IIA-4III"
    due = datetime.date(2014, 5, 1)
    months = segment_on("ability_to_repay", due).parameters["balloon_months"]
    assert first_five_years_end(due, months).isoformat() == value(case, "end of the first five years")
    assert add_months(due, 71).isoformat() == value(case, "72nd")
    assert dollars(level_payment(amount, 60_000, 360)) == value(case, "30-year amortisation") == 1199
    assert dollars(balloon_payment(amount, 60_000, 360, 72)) == value(case, "balloon payment") == 183_995
    # The balloon falls due after the first five years, so it counts only for a higher-priced loan.
    early, late = (
        repayment_payments(*ints(amount, 60_000, 72, 360, 0), flag(True), flag(counts))[0] for counts in (False, True)
    )
    assert dollars(int(early)) == 1199
    assert dollars(int(late)) == 183_995

    case = "RZ-43C5IIB-2I"
    assert (
        dollars(int(repayment_payments(*ints(amount, 70_000, 360, 360, 60), flag(False), flag(False))[0]))
        == value(case, "after recast")
        == 1414
    )
    assert dollars((amount * 70_000 // 12 + 500_000) // 1_000_000) == value(case, "interest-only") == 1167

    case = "RZ-43E2IV-7III"
    assert add_months(due, 59).isoformat() == value(case, "60th")
    assert (
        dollars(balance_after(amount, 60_000, level_payment(amount, 60_000, 360), 60))
        == value(case, "outstanding balance")
        == 186_109
    )
    assert dollars(int(recast_payments(*ints(amount, 60_000, 80_000, 360, 60))[0])) == value(case, "300 months") == 1436
    assert dollars(int(highest_rate_payments(*ints(amount, 80_000, 360))[0])) == value(case, "over 30 years") == 1468

    for case, loan, total, cap in (
        ("RZ-43E3I-3I", 105_000, 102_000, 3060),
        ("RZ-43E3I-3III", 50_000, 48_000, 2400),
        ("RZ-43E3I-3V", 10_000, 7_000, 560),
    ):
        assert dollars(fee_cap(loan * 100, total * 100, due)) == value(case, "allowable") == cap


# --- tiers, written out again from the published tables ---------------------------------------------

PRICES = {
    2021: (110_260, 66_156),
    2022: (114_847, 68_908),
    2023: (124_331, 74_599),
    2024: (130_461, 78_277),
    2025: (134_841, 80_905),
    2026: (137_958, 82_775),
}
FEES = {
    2014: (100_000, 60_000, 3_000, 20_000, 12_500, 1_000),
    2021: (110_260, 66_156, 3_308, 22_052, 13_783, 1_103),
    2022: (114_847, 68_908, 3_445, 22_969, 14_356, 1_148),
    2023: (124_331, 74_599, 3_730, 24_866, 15_541, 1_243),
    2024: (130_461, 78_277, 3_914, 26_092, 16_308, 1_305),
    2025: (134_841, 80_905, 4_045, 26_968, 16_855, 1_348),
    2026: (137_958, 82_775, 4_139, 27_592, 17_245, 1_380),
}


def cap_by_hand(year: int, loan: Decimal, total: Decimal) -> Decimal:
    large, middle, middle_cap, small, least, least_cap = FEES[year]
    if loan >= large:
        return total * 3 / 100
    if loan >= middle:
        return Decimal(middle_cap)
    if loan >= small:
        return total * 5 / 100
    return Decimal(least_cap) if loan >= least else total * 8 / 100


@given(st.sampled_from(sorted(FEES)), st.integers(0, 5), st.integers(-1, 1), st.integers(0, 20_000_000))
def test_fee_caps_at_below_and_above_every_line(year: int, tier: int, step: int, other: int) -> None:
    day = datetime.date(year, 6, 15)
    line = FEES[year][tier] * 100 + step
    for loan in (line, other):
        total = max(loan - 12_345, 0)
        by_hand = cap_by_hand(year, Decimal(loan) / 100, Decimal(total) / 100)
        assert fee_cap(loan, total, day) == int(by_hand * 100)


def limit_by_hand(year: int, loan: int, junior: bool, manufactured: bool) -> int:
    large, small = (value * 100 for value in PRICES[year])
    if junior:
        return 35_000 if loan >= small else 65_000
    if loan >= large:
        return 22_500
    return 65_000 if manufactured or loan < small else 35_000


@given(
    st.sampled_from(sorted(PRICES)),
    st.integers(0, 1),
    st.integers(-1, 1),
    st.booleans(),
    st.booleans(),
    st.integers(-1, 1),
)
def test_price_limits_at_below_and_above_every_line(
    year: int, tier: int, step: int, junior: bool, manufactured: bool, over: int
) -> None:
    loan = PRICES[year][tier] * 100 + step
    limit = limit_by_hand(year, loan, junior, manufactured)
    found = one(
        consummation_date=datetime.date(year, 6, 15), loan_amount=loan, total_loan_amount=loan, points_and_fees=0,
        junior_lien=junior, manufactured_home=manufactured, apr=50_000 + limit + over, apor=50_000,
    )  # fmt: skip
    assert found["spread_limit"] == limit
    # "2.25 or more" rules it out: it must stay below.
    assert ("QM-PRICE" in found["qm_not_met"]) == (over >= 0)


@pytest.mark.parametrize(
    ("spread", "protection"),
    [(14_999, "safe harbor"), (15_000, "rebuttable presumption"), (22_499, "rebuttable presumption")],
)
def test_the_line_of_the_safe_harbor(spread: int, protection: str) -> None:
    assert one(apr=65_000 + spread)["protection"] == protection


def test_days_at_the_edges_of_what_is_covered() -> None:
    assert one(consummation_date=datetime.date(2014, 1, 10))["rule_set"] == "qm.2014"
    for day in (
        datetime.date(2014, 1, 9),
        datetime.date(2015, 1, 1),
        datetime.date(2021, 2, 28),
        datetime.date(2027, 1, 1),
    ):
        with pytest.raises(CoverageError, match="2021-03-01 to 2021-12-31"):
            one(consummation_date=day)
    assert one(consummation_date=datetime.date(2021, 3, 1))["rule_set"] == "qm.2021"
    assert one(consummation_date=datetime.date(2025, 12, 31))["rule_set"] == "qm.2025"
    assert one(consummation_date=datetime.date(2026, 1, 1))["rule_set"] == "qm.2026"
    with pytest.raises(InputError, match="consummation date"):
        one(consummation_date=None)
    with pytest.raises(CoverageError):
        fee_cap(1, 1, datetime.date(2018, 1, 1))


def test_a_file_answers_not_covered_where_a_single_loan_is_refused() -> None:
    days = [datetime.date(2017, 5, 1), None, datetime.date(2026, 1, 1), datetime.date(2010, 1, 1)]
    found = check(
        pl.DataFrame(
            [{**GOOD, "consummation_date": day, "application_id": str(place)} for place, day in enumerate(days)]
        )
    )
    assert found["application_id"].to_list() == ["0", "1", "2", "3"]
    assert found["qualified_mortgage"].to_list() == ["not covered", "unknown", "yes", "not covered"]
    assert found["ability_to_repay"].to_list() == ["documented", "documented", "documented", "not covered"]
    assert found["qm_unknown"].to_list()[1] == "consummation_date"
    assert found["fee_cap"].to_list()[0] is None


# --- rules ------------------------------------------------------------------------------------------

BREAKS: dict[str, dict[str, Any]] = {
    "QM-NEGAM": {"negative_amortization": True},
    "QM-IO": {"interest_only_months": 60},
    "QM-BALLOON": {"balloon": True, "amortization_months": 480},
    "QM-TERM": {"term_months": 361},
    "QM-FEES": {"points_and_fees": 885_001},
    "QM-UNDERWRITE": {"considered_payment": False},
    "QM-VERIFY": {"considered_debts": False},
    "QM-PRICE": {"apr": 87_500},
}


@pytest.mark.parametrize("rule", BREAKS)
def test_every_rule_can_be_broken_alone(rule: str) -> None:
    found = one(**BREAKS[rule])
    assert found["qualified_mortgage"] == "no"
    assert found["qm_not_met"] == rule
    assert found["protection"] == ""


def test_at_the_cap_is_still_allowed() -> None:
    assert one(points_and_fees=885_000)["qualified_mortgage"] == "yes"
    assert one(term_months=360)["qualified_mortgage"] == "yes"


@pytest.mark.parametrize(
    "fact",
    sorted({fact for name, facts in QM_RULES.items() if name != "QM-DTI" for fact in facts} - {"manufactured_home"}),
)
def test_a_missing_fact_makes_it_unknown_and_is_named(fact: str) -> None:
    found = one(**{fact: None})
    assert found["qualified_mortgage"] == "unknown"
    assert any(rule in found["qm_unknown"].split(";") for rule, facts in QM_RULES.items() if fact in facts)


def test_one_broken_rule_settles_it_whatever_else_is_missing() -> None:
    assert one(term_months=480, apor=None)["qualified_mortgage"] == "no"


def test_a_manufactured_home_matters_only_where_it_changes_the_line() -> None:
    assert one(manufactured_home=None)["qualified_mortgage"] == "yes"  # a large loan: the same line either way
    assert (
        one(manufactured_home=None, loan_amount=10_000_000, total_loan_amount=10_000_000, points_and_fees=0)[
            "qm_unknown"
        ]
        == "QM-PRICE"
    )
    assert (
        one(manufactured_home=None, loan_amount=5_000_000, total_loan_amount=5_000_000, points_and_fees=0)[
            "qualified_mortgage"
        ]
        == "yes"
    )


def test_the_debt_test_of_the_first_year() -> None:
    at = {"consummation_date": datetime.date(2014, 6, 1), "monthly_obligations": 0, "simultaneous_payment": 0}
    payment = one(**at)["repayment_payment"]
    income = 1_000_000
    line = income * 43 // 100 - payment
    assert one(**at, monthly_income=income, monthly_debts=line)["qualified_mortgage"] == "yes"
    broken = one(**at, monthly_income=income, monthly_debts=line + 1)
    assert broken["qm_not_met"] == "QM-DTI"
    # There was no price test yet.
    assert one(**at, monthly_income=income, monthly_debts=0, apr=165_000)["protection"] == "rebuttable presumption"
    assert broken["verification"] == "secondary"


@pytest.mark.parametrize("number", range(8))
def test_each_of_the_eight_factors(number: int) -> None:
    missed = one(**{f"considered_{FACTORS[number]}": False})
    assert missed["ability_to_repay"] == "not documented"
    assert missed["atr_not_met"] == f"ATR-{number + 1}"
    unknown = one(**{f"considered_{FACTORS[number]}": None})
    assert unknown["ability_to_repay"] == "unknown"
    assert unknown["atr_unknown"] == f"ATR-{number + 1}"


def test_the_greater_of_the_two_rates_is_used_and_a_growing_balance_is_not_guessed() -> None:
    assert one(fully_indexed_rate=80_000)["repayment_payment"] == level_payment(30_000_000, 80_000, 360)
    assert one(fully_indexed_rate=50_000)["repayment_payment"] == level_payment(30_000_000, 65_000, 360)
    assert one(fully_indexed_rate=None)["repayment_payment"] is None
    assert one(negative_amortization=True)["repayment_payment"] is None
    assert one(balloon=True, amortization_months=360, term_months=61)["repayment_payment"] == balloon_payment(
        30_000_000, 65_000, 360, 61
    )
    assert one(balloon=True, amortization_months=360, term_months=62)["repayment_payment"] == level_payment(
        30_000_000, 65_000, 360
    )
    assert one(balloon=True, amortization_months=360, term_months=62, apr=80_000)[
        "repayment_payment"
    ] == balloon_payment(30_000_000, 65_000, 360, 62)
    assert one(balloon=True, amortization_months=None)["repayment_payment"] is None


@given(st.lists(st.sampled_from(sorted(BREAKS)), max_size=4), st.integers(0, 3))
def test_a_file_is_its_loans_one_by_one(broken: list[str], repeats: int) -> None:
    loans = [GOOD, *({**GOOD, **BREAKS[name]} for name in broken)] * (repeats + 1)
    frame = pl.DataFrame(loans, infer_schema_length=None, schema_overrides={"amortization_months": pl.Float64})
    together = check(frame)
    assert together.schema == CHECKED
    for loan, row in zip(loans, together.iter_rows(named=True), strict=True):
        assert check_loan(loan) == row


def test_nothing_is_a_fine_file() -> None:
    assert check(pl.DataFrame({"loan_amount": []}, schema={"loan_amount": pl.Int64})).schema == CHECKED


def test_the_law_files_are_whole() -> None:
    assert set(law("general_qm").rules) == set(QM_RULES)
    assert escrow_rules(datetime.date(2020, 1, 1)).cushion_parts == 6
