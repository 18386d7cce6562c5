"""USDA, Section 184 and assistance-fund terms against the slow oracle."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from hopenow.facts import schema
from hopenow.law import segments
from hopenow.mortgage.kernels import payment_array
from hopenow.programs.assistance_funds import PROGRAM as FUNDS
from hopenow.programs.section_184 import PROGRAM as SECTION_184
from hopenow.programs.usda import PROGRAM as USDA
from hopenow.programs.usda.modification import special_terms
from hopenow.review import review_canonical
from hopenow.review.engine import Settings, prepare
from tests.oracle import usda as oracle
from tests.programs.usda.checks import settings

OLD, NEW, HAF_DAY = datetime.date(2024, 6, 3), datetime.date(2025, 6, 3), datetime.date(2023, 6, 3)


def loans(count: int, seed: int, day: datetime.date, loan_type: str, state: str = "NJ") -> pl.DataFrame:
    """Loans with every fact that terms need, crowded where a waterfall turns."""
    rng = np.random.default_rng(seed)
    balance = rng.integers(500_000, 60_000_000, count)
    rate, term = rng.integers(0, 90, count) * 1250, rng.integers(12, 481, count)
    payment = payment_array(balance, rate, term)
    taxes, insurance = rng.integers(0, 60_000, count), rng.integers(0, 30_000, count)
    # Shares of income from far below to far above the target of 31 %.
    income = ((payment + taxes + insurance) / rng.uniform(0.2, 0.6, count)).astype(np.int64) + 1
    money = {
        "interest_bearing_balance": balance,
        "note_rate": rate,
        "monthly_principal_and_interest": payment,
        "monthly_taxes": taxes,
        "monthly_insurance": insurance,
        "monthly_gross_income": income,
        "monthly_capacity": ((payment + taxes + insurance) * rng.uniform(0.5, 3, count)).astype(np.int64),
        "usda_maximum_rate": rng.integers(0, 70, count) * 1250,
        "section_184_maximum_rate": rng.integers(0, 70, count) * 1250,
        "usda_payment_reduction_target": rng.choice([0, 100_000, 200_000, 250_000, 333_333], count),
        "usda_balance_at_default": (balance * rng.choice([0.1, 1.0, 1.01], count)).astype(np.int64),
        "usda_prior_recovery_advances": (balance * rng.choice([0, 0, 0.1, 0.299, 0.4], count)).astype(np.int64),
        "escrow_advances": rng.integers(0, 300_000, count),
        "servicing_advances": rng.integers(0, 100_000, count),
        "late_charges": rng.integers(0, 50_000, count),
        "usda_past_due_annual_fees": rng.integers(0, 50_000, count) * (loan_type == "usda"),
        "borrower_contribution": rng.integers(0, 2, count) * rng.integers(0, 900_000, count),
    }
    whole = {"remaining_term": term, "months_delinquent": rng.integers(0, 25, count)}
    return pl.DataFrame(
        {
            "loan_id": [f"L{number:06d}" for number in range(count)],
            "evaluation_date": [day] * count,
            "loan_type": pl.Series([loan_type] * count),
            "state": [state] * count,
            "usda_investor_limits_term": rng.random(count) < 0.5,
            **{name: pl.Series(values.astype(np.int64)) for name, values in money.items()},
            **{name: pl.Series(values.astype(np.int32)) for name, values in whole.items()},
        }
    )


def compare(rows: list[dict[str, Any]], option: str, expected: list[dict[str, Any]]) -> None:
    for row, wanted in zip(rows, expected, strict=True):
        found = {name: row[f"{option}__{name}"] for name in wanted}
        assert found == wanted, (row["loan_id"], option)


def old_rules(count: int, seed: int) -> None:
    frame = loans(count, seed, OLD, "usda")
    rows = review_canonical(frame, settings(USDA)).to_dicts()
    given = frame.to_dicts()
    compare(rows, "usda_special_servicing", [oracle.special_servicing(loan) for loan in given])
    compare(
        rows,
        "usda_modification",
        [
            {"principal_and_interest": oracle.long_note(loan, 360), "balance_after": oracle.capitalized_balance(loan)}
            for loan in given
        ],
    )
    compare(
        [row for row in rows if row["usda_repayment_agreement__arrears"]],
        "usda_repayment_agreement",
        [found for found in (oracle.repayment(loan) for loan in given) if found["arrears"]],
    )


def new_rules(count: int, seed: int) -> None:
    frame = loans(count, seed, NEW, "usda")
    rows = review_canonical(frame, settings(USDA)).to_dicts()
    given = frame.to_dicts()
    waterfall = [oracle.combined_waterfall(loan) for loan in given]
    compare(
        rows,
        "usda_modification",
        [
            {
                "target_payment": item["target"],
                "target_met": item["met"],
                "term": item["term"],
                "principal_and_interest": item["payment"],
            }
            for item in waterfall
        ],
    )
    compare(
        rows,
        "usda_recovery_advance",
        [{"advance": item["advance"], "principal_and_interest": item["advance_payment"]} for item in waterfall],
    )
    terms = [360 if loan["usda_investor_limits_term"] else 480 for loan in given]
    compare(
        rows,
        "usda_streamline",
        [
            {"term": term, "principal_and_interest": oracle.long_note(loan, term)}
            for loan, term in zip(given, terms, strict=True)
        ],
    )


def section_184(count: int, seed: int) -> None:
    frame = loans(count, seed, NEW, "section_184")
    rows = review_canonical(frame, settings(SECTION_184)).to_dicts()
    compare(rows, "section_184_modification", [oracle.section_184_modification(loan) for loan in frame.to_dicts()])


def awards(count: int, seed: int) -> None:
    frame = loans(count, seed, HAF_DAY, "fha")
    rows = review_canonical(frame, settings(FUNDS)).to_dicts()
    compare(rows, "haf", [oracle.fund_award(loan, 3_500_000, 7_500_000, 4) for loan in frame.to_dicts()])


@pytest.mark.parametrize("check", [old_rules, new_rules, section_184, awards])
def test_terms_against_the_oracle(check: Any) -> None:
    check(2_000, 20)


@pytest.mark.long
@pytest.mark.parametrize("check", [old_rules, new_rules, section_184, awards])
@pytest.mark.parametrize("seed", range(4))
def test_terms_against_the_oracle_at_length(check: Any, seed: int) -> None:
    check(25_000, 100 + seed)


def test_the_other_reading_of_the_term_never_undercuts() -> None:
    frame = loans(1_000, 3, OLD, "usda")
    option = next(item for item in USDA.options if item.id == "usda_special_servicing")
    p = segments(option.law, "usda")[0].parameters.replaced("term_rounding", "down")
    found = special_terms(prepare(schema().complete(frame), Settings()), p).to_dicts()
    for loan, row in zip(frame.to_dicts(), found, strict=True):
        wanted = oracle.special_servicing(loan, "down")
        assert {name: row[name] for name in wanted} == wanted
        if row["note_changed"] and row["term"] > 1:
            assert row["principal_and_interest"] >= row["target_payment"]
