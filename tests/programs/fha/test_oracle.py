"""The terms against a slow oracle that was written from the rules' text, loan by loan."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from hopenow.programs.fha.market_rate import survey_rates
from hopenow.review.engine import determine, prepare
from tests.oracle import fha as oracle
from tests.programs.fha.loans import FHA, random_loans

COVERED = (datetime.date(2021, 7, 23), datetime.date(2025, 10, 1))


def _highest(loan: dict[str, Any], table: int | None) -> int | None:
    """Highest rate by the oracle, millionths; the table of survey rates is tested elsewhere."""
    survey = loan["fha_survey_rate"] if loan["fha_survey_rate"] is not None else table
    if survey is None or loan["evaluation_date"] < COVERED[0]:
        return None
    margin = "0.25" if loan["evaluation_date"] >= COVERED[1] else "0"
    return int(oracle.market_rate(str(Decimal(survey) / 10_000), margin) * 10_000)


def compare(loans: pl.DataFrame) -> dict[str, int]:
    """Compare every term that the oracle knows; return how many loans had terms, by option."""
    facts = prepare(loans, FHA)
    facts = facts.with_columns(survey_rates(facts["evaluation_date"]).alias("_survey"))
    expected = {
        row["loan_id"]: (row, oracle.all_terms(row, _highest(row, row["_survey"])))
        for row in facts.iter_rows(named=True)
    }
    seen: dict[str, int] = {}
    for part in determine(loans, FHA):
        for row in part.frame.iter_rows(named=True):
            loan, answers = expected[row["loan_id"]]
            for option, terms in answers.items():
                name = "principal_and_interest" if "modification" in option or "combination" in option else None
                if not terms:
                    known = [row[f"{option}__{name or 'claim_amount'}"]]
                    assert known == [None], (option, loan)
                    continue
                found = {key: row[f"{option}__{key}"] for key in terms}
                assert found == terms, (option, loan)
                seen[option] = seen.get(option, 0) + 1
    return seen


def test_terms_agree_with_the_oracle() -> None:
    seen = compare(random_loans(3_000, seed=1))
    assert set(seen) == {
        "fha_capacity",
        "fha_repayment_plan",
        "fha_partial_claim",
        "fha_modification",
        "fha_combination",
        "fha_payment_supplement",
        "fha_covid_partial_claim",
        "fha_covid_modification",
        "fha_covid_advance_modification",
        "fha_hamp_partial_claim",
        "fha_hamp_modification",
        "fha_hamp_combination",
    }
    assert min(seen.values()) > 50


ERAS = {
    "first form": (datetime.date(2009, 8, 15), 1_280, 3),
    "second form": (datetime.date(2013, 2, 15), 3_070, 5),
    "recovery": (datetime.date(2021, 7, 23), 1_530, 3),
    "permanent": (datetime.date(2025, 10, 1), 540, 5),
}
"""First day, days and pieces, so that each option gets its 100,000 loans with terms."""


@pytest.mark.long
@pytest.mark.parametrize(
    ("era", "piece"), [(era, piece) for era, (_, _, pieces) in ERAS.items() for piece in range(pieces)]
)
def test_terms_agree_with_the_oracle_on_many_loans(era: str, piece: int) -> None:
    first, span, _ = ERAS[era]
    seen: dict[str, int] = {}
    for seed in range(10 * piece, 10 * piece + 10):
        found = compare(random_loans(5_000, seed=seed, holes=0.015, first=first, span=span))
        seen = {name: seen.get(name, 0) + count for name, count in found.items()}
    print(era, seen)  # what the run was worth


def test_fence_agrees_with_the_oracle() -> None:
    fence(1_500, seed=3)


@pytest.mark.long
def test_fence_agrees_with_the_oracle_on_many_loans() -> None:
    for seed in range(40, 50):
        fence(10_000, seed=seed)


def fence(count: int, seed: int) -> None:
    dates = ("foreclosure_bar_ended", "sale_effort_ended", "failed_special_forbearance", "failed_workout")
    for part in determine(random_loans(count, seed=seed), FHA):
        for row in part.frame.iter_rows(named=True):
            first = row["next_due_date"]
            if not row["months_delinquent"]:
                continue
            assert row["fha_fence__date_of_default"] == oracle.date_of_default(first)
            assert row["fha_fence__act_by"] == oracle.act_by(first)
            extended = oracle.act_by_extended(first, *(row[f"fha_{name}_date"] for name in dates))
            assert row["fha_fence__act_by_extended"] == extended
