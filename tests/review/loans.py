"""Made-up loans for the tests of the review: whole ones, and random ones with holes."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import polars as pl

from hopenow.facts import NEVER, schema
from hopenow.mortgage.kernels import payment_array

DAY = datetime.date(2026, 9, 15)

WHOLE: dict[str, Any] = {
    "loan_id": "whole",
    "evaluation_date": DAY,
    "investor": "fannie_mae",
    "loan_type": "conventional",
    "lien_position": 1,
    "amortization_type": "fixed",
    "interest_only": False,
    "origination_date": datetime.date(2020, 1, 15),
    "maturity_date": datetime.date(2050, 2, 1),
    "note_rate": 65_000,
    "monthly_principal_and_interest": 158_017,
    "interest_bearing_balance": 23_676_547,
    "deferred_balance": 0,
    "remaining_term": 309,
    "in_mbs_pool": False,
    "recourse_or_indemnification": False,
    "mortgage_insured": False,
    "texas_50a6": False,
    "leasehold": False,
    "monthly_taxes": 32_000,
    "monthly_insurance": 20_000,
    "monthly_mortgage_insurance": 0,
    "monthly_dues": 0,
    "escrow_account": True,
    "taxes_and_insurance_current": True,
    "escrow_shortage": 186_000,
    "escrow_advances": 420_000,
    "servicing_advances": 18_000,
    "late_charges": 50_568,
    "months_delinquent": 4,
    "thirty_day_lates_last_6_months": 4,
    "prior_modifications": 0,
    "last_modification_date": NEVER,
    "last_flex_modification_date": NEVER,
    "flex_modification_redefault_date": NEVER,
    "last_failed_trial_date": NEVER,
    "last_payment_deferral_date": NEVER,
    "deferred_months_used": 0,
    "disaster_deferral_this_event": False,
    "active_trial": False,
    "active_repayment_plan": False,
    "active_forbearance": False,
    "pending_retention_offer": False,
    "approved_liquidation": False,
    "quality_right_party_contact": True,
    "hardship_kind": "reduced_income",
    "hardship_duration": "permanent",
    "hardship_resolved": True,
    "hardship_documented": True,
    "can_reinstate": False,
    "can_resume_payment": False,
    "monthly_capacity": 190_000,
    "wants_to_keep_home": True,
    "borrower_response_package_complete": True,
    "documents_age_days": 20,
    "occupancy": "principal_residence",
    "vacant": False,
    "condemned": False,
    "abandoned": False,
    "bankruptcy": "none",
    "chapter_7_discharged": False,
    "in_litigation": False,
    "monthly_gross_income": 600_000,
    "liquid_reserves": 300_000,
    "credit_score": 600,
    "credit_score_date": datetime.date(2026, 9, 1),
    "property_value": 29_000_000,
    "valuation_date": datetime.date(2026, 9, 1),
    "valuation_method": "exterior_bpo",
    "state": "OH",
    "permanent_change_of_station": False,
    "disaster_caused_hardship": False,
    "months_delinquent_at_disaster": 0,
}


def frame(*changes: dict[str, Any]) -> pl.DataFrame:
    """Return one canonical row per argument: the whole loan with the given facts changed (None makes one unknown)."""
    facts = schema()
    rows = [{**WHOLE, **change} for change in changes or ({},)]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pl.DataFrame(
        [{name: row.get(name) for name in names} for row in rows],
        schema={name: facts[name].dtype for name in names},
    )


def random_loans(count: int, seed: int) -> pl.DataFrame:
    """Return random canonical loans; about a fifth of what can be unknown is unknown."""
    rng = np.random.default_rng(seed)
    facts = schema()
    balance, rate, term = (
        rng.integers(4_000_000, 60_000_000, count),
        rng.integers(16, 72, count) * 1250,
        rng.integers(30, 361, count),
    )
    columns: dict[str, pl.Series] = {
        "loan_id": pl.Series([f"L{number:06d}" for number in range(count)]),
        "evaluation_date": pl.Series(np.datetime64("2019-01-01") + rng.integers(0, 2800, count)).cast(pl.Date),
        "investor": pl.Series(rng.choice(["fannie_mae", "freddie_mac"], count), dtype=facts["investor"].dtype),
        "loan_type": pl.Series(["conventional"] * count, dtype=facts["loan_type"].dtype),
        "lien_position": pl.Series(np.ones(count, np.int32)),
        "interest_bearing_balance": pl.Series(balance),
        "note_rate": pl.Series(rate),
        "remaining_term": pl.Series(term.astype(np.int32)),
        "monthly_principal_and_interest": pl.Series(payment_array(balance, rate, term)),
        "months_delinquent": pl.Series(rng.integers(0, 20, count).astype(np.int32)),
        "property_value": pl.Series((balance / rng.uniform(0.3, 1.4, count)).astype(np.int64)),
        "published_modification_rate": pl.Series(rng.integers(20, 60, count) * 1250),
        "monthly_gross_income": pl.Series(rng.integers(150_000, 1_500_000, count)),
        "monthly_capacity": pl.Series(rng.integers(50_000, 500_000, count)),
        "liquid_reserves": pl.Series(rng.integers(0, 6_000_000, count)),
        "credit_score": pl.Series(rng.integers(480, 800, count).astype(np.int32)),
        "prior_modifications": pl.Series(rng.integers(0, 4, count).astype(np.int32)),
        "deferred_months_used": pl.Series(rng.integers(0, 14, count).astype(np.int32)),
        "state": pl.Series(rng.choice(["OH", "TX", "CA", "FL"], count)),
    }
    evaluation = columns["evaluation_date"].to_numpy()
    for name in (
        "origination_date",
        "valuation_date",
        "credit_score_date",
        "last_modification_date",
        "last_failed_trial_date",
        "last_payment_deferral_date",
    ):
        longest = 200 if name in {"valuation_date", "credit_score_date"} else 1500
        columns[name] = pl.Series(evaluation - rng.integers(1, longest, count)).cast(pl.Date)
    for name in (
        "monthly_taxes",
        "monthly_insurance",
        "escrow_advances",
        "servicing_advances",
        "escrow_shortage",
        "late_charges",
        "deferred_balance",
    ):
        columns[name] = pl.Series(rng.integers(0, 90_000, count))
    for fact in facts.values():
        if fact.name not in columns and fact.type == "flag":
            columns[fact.name] = pl.Series(rng.random(count) < 0.4)
        if fact.name not in columns and fact.type == "choice":
            columns[fact.name] = pl.Series(rng.choice(list(fact.choices), count), dtype=fact.dtype)
    keep = {"loan_id", "evaluation_date", "investor", "loan_type"}
    holed = [
        series if name in keep else series.set(pl.Series(rng.random(count) < 0.2), None)
        for name, series in columns.items()
    ]
    return pl.DataFrame([series.alias(name) for name, series in zip(columns, holed, strict=True)])
