"""Loans and answers for the tests of HAMP."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import polars as pl

from hopenow.facts import NEVER, schema
from hopenow.mortgage.kernels import payment_array
from hopenow.programs.hamp import PROGRAM
from hopenow.review import Settings, review_canonical

HAMP = Settings(programs=("hamp",), extra_programs={"hamp": PROGRAM})
DAY = datetime.date(2012, 9, 14)

WHOLE: dict[str, Any] = {
    "loan_id": "whole",
    "evaluation_date": DAY,
    "investor": "private_label",
    "loan_type": "conventional",
    "lien_position": 1,
    "amortization_type": "fixed",
    "interest_only": False,
    "origination_date": datetime.date(2006, 5, 1),
    "maturity_date": datetime.date(2036, 6, 1),
    "next_due_date": datetime.date(2012, 5, 1),
    "note_rate": 65_000,
    "monthly_principal_and_interest": 158_017,
    "interest_bearing_balance": 23_000_000,
    "deferred_balance": 0,
    "accrued_interest": 500_000,
    "escrow_advances": 200_000,
    "hamp_trial_escrow_advances": 30_000,
    "servicing_advances": 20_000,
    "units": 1,
    "condemned": False,
    "vacant": False,
    "tenant_principal_residence": False,
    "monthly_taxes": 25_000,
    "monthly_insurance": 10_000,
    "monthly_dues": 0,
    "escrow_account": True,
    "occupancy": "principal_residence",
    "hardship_kind": "reduced_income",
    "hardship_documented": True,
    "borrower_response_package_complete": True,
    "monthly_gross_income": 450_000,
    "property_value": 21_000_000,
    "valuation_date": datetime.date(2012, 8, 20),
    "investor_consent": False,
    "default_reasonably_foreseeable": False,
    "hamp_participating": True,
    "hamp_uninhabitable": False,
    "hamp_charged_off_and_released": False,
    "hamp_borrower_kind": "natural_person",
    "hamp_liquid_assets_insufficient": True,
    "hamp_dodd_frank_certified": True,
    "hamp_tax_return_in_order": True,
    "hamp_offer_rejected": False,
    "hamp_tier1_modified_before": False,
    "hamp_displaced_borrower": False,
    "hamp_rent_free_relative": False,
    "hamp_offered_for_rent": False,
    "hamp_tier2_before_on_loan": False,
    "hamp_tier2_modifications": 0,
    "hamp_tier1_trial_defaulted": False,
    "hamp_investor_restrictions": False,
    "hamp_npv_tier1_positive": True,
    "hamp_npv_tier1_pra_positive": True,
    "hamp_npv_tier2_positive": True,
    "hamp_npv_tier2_pra_positive": True,
    "hamp_pra_used": True,
    "hamp_standard_accepts_late_with_hardship": False,
    "hamp_escrow_shortage_monthly": 0,
    "hamp_monthly_debts": 40_000,
    "hamp_streamline_tests_met": False,
    "hamp_tier2_payment_test_met": True,
}
RENTAL: dict[str, Any] = {
    "occupancy": "investment",
    "tenant_principal_residence": True,
    "hamp_rental_certified": True,
    "hamp_subject_rent": 120_000,
    "hamp_own_housing_expense": 90_000,
}
SECOND: dict[str, Any] = {
    "lien_position": 2,
    "interest_bearing_balance": 4_000_000,
    "hamp_second_lien_participating": True,
    "hamp_first_lien_modified": True,
    "hamp_first_lien_rate": 50_000,
    "hamp_first_lien_rate_cap": 65_000,
    "hamp_first_lien_balance": 10_000_000,
    "hamp_first_lien_forborne": 500_000,
    "hamp_first_lien_forgiven": 500_000,
}


def frame(*changes: dict[str, Any]) -> pl.DataFrame:
    """Return one canonical row per argument: the whole loan with the given facts changed."""
    facts = schema()
    rows = [{**WHOLE, **change} for change in changes or ({},)]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pl.DataFrame(
        [{name: row.get(name) for name in names} for row in rows],
        schema={name: facts[name].dtype for name in names},
    )


def words(result: pl.DataFrame) -> pl.DataFrame:
    """Return the result with its words as plain text."""
    return result.with_columns(pl.selectors.enum().cast(pl.String), pl.selectors.categorical().cast(pl.String))


def one(settings: Settings = HAMP, **change: Any) -> dict[str, Any]:
    """Review one loan."""
    return words(review_canonical(frame(change), settings)).row(0, named=True)


def split(text: str) -> set[str]:
    """Return the rule ids of a result column."""
    return set(filter(None, text.split(";")))


def random_loans(count: int, seed: int) -> pl.DataFrame:
    """Return random canonical loans of the program's years; about a fifth of what can be unknown is unknown."""
    rng = np.random.default_rng(seed)
    facts = schema()
    balance, rate, term = (
        rng.integers(4_000_000, 90_000_000, count),
        rng.integers(16, 96, count) * 1250,
        rng.integers(60, 470, count),
    )
    columns: dict[str, pl.Series] = {
        "loan_id": pl.Series([f"L{number:06d}" for number in range(count)]),
        "evaluation_date": pl.Series(np.datetime64("2009-01-15") + rng.integers(0, 3000, count)).cast(pl.Date),
        "investor": pl.Series(rng.choice(["private_label", "portfolio"], count), dtype=facts["investor"].dtype),
        "loan_type": pl.Series(["conventional"] * count, dtype=facts["loan_type"].dtype),
        "lien_position": pl.Series(rng.choice([1, 1, 1, 2], count).astype(np.int32)),
        "units": pl.Series(rng.integers(1, 5, count).astype(np.int32)),
        "interest_bearing_balance": pl.Series(balance),
        "note_rate": pl.Series(rate),
        "remaining_term": pl.Series(term.astype(np.int32)),
        "monthly_principal_and_interest": pl.Series(payment_array(balance, rate, term)),
        "months_delinquent": pl.Series(rng.integers(0, 20, count).astype(np.int32)),
        "property_value": pl.Series((balance / rng.uniform(0.5, 2.0, count)).astype(np.int64)),
        "monthly_gross_income": pl.Series(rng.integers(150_000, 1_500_000, count)),
        "hamp_monthly_debts": pl.Series(rng.integers(0, 300_000, count)),
        "hamp_tier2_modifications": pl.Series(rng.integers(0, 5, count).astype(np.int32)),
    }
    evaluation = columns["evaluation_date"].to_numpy()
    for name in ("origination_date", "valuation_date", "hamp_tier1_effective_date"):
        longest = 200 if name == "valuation_date" else 2500
        columns[name] = pl.Series(evaluation - rng.integers(1, longest, count)).cast(pl.Date)
    columns["hamp_reset_date"] = pl.Series(
        [NEVER if rng.random() < 0.3 else day for day in (evaluation + rng.integers(-30, 300, count)).tolist()]
    ).cast(pl.Date)
    for fact in facts.values():
        if fact.name in columns:
            continue
        if fact.type == "flag":
            # Mostly what lets a loan through, or nearly all would fail everything.
            columns[fact.name] = pl.Series(rng.random(count) < (0.8 if WHOLE.get(fact.name) else 0.2))
        elif fact.type == "choice":
            columns[fact.name] = pl.Series(rng.choice(list(fact.choices), count), dtype=fact.dtype)
        elif fact.type == "money" and (fact.name.startswith(("hamp_", "monthly_", "escrow_", "servicing_"))):
            columns[fact.name] = pl.Series(rng.integers(0, 90_000, count))
        elif fact.type == "rate" and fact.name.startswith("hamp_") and fact.name != "hamp_survey_rate":
            columns[fact.name] = pl.Series(rng.integers(8, 60, count) * 1250)
        elif fact.type == "months" and fact.name.startswith("hamp_"):
            columns[fact.name] = pl.Series(rng.integers(1, 480, count).astype(np.int32))
    keep = {"loan_id", "evaluation_date", "investor", "loan_type"}
    holed = [
        series if name in keep else series.set(pl.Series(rng.random(count) < 0.2), None)
        for name, series in columns.items()
    ]
    return pl.DataFrame([series.alias(name) for name, series in zip(columns, holed, strict=True)])
