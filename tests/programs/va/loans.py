"""Made-up VA loans: a whole one, and random ones with holes."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import polars as pl

from hopenow.facts import NEVER, schema
from hopenow.programs.va import PROGRAM
from hopenow.review import Settings, review_canonical
from tests.review.loans import frame as conventional_frame
from tests.review.loans import random_loans as conventional_loans

SETTINGS = Settings(programs=("va",), extra_programs={"va": PROGRAM})
DAY = datetime.date(2026, 11, 30)

WHOLE: dict[str, Any] = {
    "loan_id": "whole",
    "evaluation_date": DAY,
    "investor": "ginnie_mae",
    "loan_type": "va",
    "original_balance": 26_000_000,
    "original_term": 360,
    "original_rate": 65_000,
    "first_payment_date": datetime.date(2020, 3, 1),
    "maturity_date": datetime.date(2050, 2, 1),
    "months_delinquent": None,
    "remaining_term": None,
    "next_due_date": datetime.date(2026, 8, 1),
    "can_afford_repayment_plan": True,
    "requested_forbearance_months": 3,
    "borrower_contribution": 0,
    "monthly_capacity": 300_000,
    "va_survey_rate": 61_500,
    "va_payments_since_closing": 77,
    "va_cause_will_not_recur": True,
    "va_reasonable_credit_risk": True,
    "va_owner_obligated": True,
    "va_purchase_aid_law_forbids_rate_change": False,
    "va_title_costs": 0,
    "va_guaranty_amount": 6_500_000,
    "va_written_agreement": True,
    "va_servicer_implemented_on": NEVER,
    "va_imminent_default": False,
    "va_missed_payment_in_pandemic": False,
    "va_prior_partial_claims": 0,
    "va_prior_covid_partial_claim": False,
    "va_veteran_prior_covid_partial_claim": False,
    "va_prior_refund_modification": False,
    "va_major_disaster_began": NEVER,
    "va_major_disaster_ended": NEVER,
    "va_disaster_declared_on": NEVER,
    "va_occupancy_attested": True,
    "va_cost_factor": 153_000,
    "va_default_insoluble": True,
    "va_debt_waived": 0,
    "va_owner_cash": 0,
    "va_sale_impractical": True,
    "va_accepts_loan": True,
    "va_refund_modification_offered": True,
    "va_days_past_due_at_pandemic_start": 0,
    "va_covid_forbearance_missed_payment": True,
    "va_covid_forbearance_entry_balance": 24_000_000,
    "va_covid_forbearance_exit_date": datetime.date(2026, 10, 31),
    "va_recording_charges": 5_000,
    "sale_price": 27_000_000,
    "sale_commission": 1_500_000,
    "sale_costs": 0,
    "subordinate_lien_payoff": 0,
    "paid_in_advance_adjustment": 0,
    "title_marketable": True,
    "valuation_method": "appraisal",
    "property_value": 29_000_000,
    "valuation_date": datetime.date(2026, 11, 1),
    "sale_date": NEVER,
}


def loan(**change: Any) -> dict[str, Any]:
    """Return the whole VA loan with some facts changed."""
    unknown = sorted(set(change) - set(schema()))
    assert not unknown, unknown
    return {**WHOLE, **change}


def frame(*changes: dict[str, Any]) -> pl.DataFrame:
    """Return one canonical row per argument."""
    return conventional_frame(*(loan(**change) for change in changes or ({},)))


def words(result: pl.DataFrame) -> pl.DataFrame:
    """Return the result with its words as plain text."""
    return result.with_columns(pl.selectors.enum().cast(pl.String), pl.selectors.categorical().cast(pl.String))


def reviewed(**change: Any) -> dict[str, Any]:
    """Review the whole VA loan with some facts changed."""
    return words(review_canonical(frame(change), SETTINGS)).row(0, named=True)


def random_loans(count: int, seed: int) -> pl.DataFrame:
    """Return random canonical VA loans of every time; about a fifth of what can be unknown is unknown."""
    rng = np.random.default_rng(seed)
    facts = schema()
    base = conventional_loans(count, seed).with_columns(
        pl.Series(np.datetime64("2007-06-01") + rng.integers(0, 7_300, count)).cast(pl.Date).alias("evaluation_date"),
        pl.Series(["va"] * count, dtype=facts["loan_type"].dtype).alias("loan_type"),
    )
    # Values of the conventional frame that are tied to its dates are made anew.
    base = base.drop("origination_date", "valuation_date", "last_modification_date", strict=False)
    day = base["evaluation_date"].to_numpy()
    first = (day - rng.integers(0, 6_000, count)).astype("datetime64[M]")
    columns: dict[str, pl.Series] = {
        "first_payment_date": pl.Series(first.astype("datetime64[D]")).cast(pl.Date),
        "original_term": pl.Series(rng.choice([180, 240, 300, 359, 360, 361], count).astype(np.int32)),
        "original_balance": pl.Series(rng.integers(5_000_000, 70_000_000, count)),
        "original_rate": pl.Series(rng.integers(16, 72, count) * 1250),
        "va_survey_rate": pl.Series(rng.integers(200, 900, count) * 100),
        "va_proposed_rate": pl.Series(rng.integers(16, 72, count) * 1250),
        "va_proposed_term": pl.Series(rng.integers(100, 500, count).astype(np.int32)),
        "va_payments_since_closing": pl.Series(rng.integers(0, 200, count).astype(np.int32)),
        "va_prior_partial_claims": pl.Series(rng.integers(0, 3, count).astype(np.int32)),
        "va_cost_factor": pl.Series(rng.integers(8, 20, count) * 10_000),
        "va_days_past_due_at_pandemic_start": pl.Series(rng.integers(0, 90, count).astype(np.int32)),
        "payments_since_note_or_modification": pl.Series(rng.integers(0, 40, count).astype(np.int32)),
    }
    for name in (
        "va_guaranty_amount",
        "va_covid_forbearance_entry_balance",
        "sale_price",
        "sale_commission",
        "va_title_costs",
        "va_owner_cash",
    ):
        columns[name] = pl.Series(rng.integers(0, 30_000_000, count))
    for name in (
        "va_servicer_implemented_on",
        "va_disaster_declared_on",
        "va_major_disaster_began",
        "va_major_disaster_ended",
        "va_covid_forbearance_exit_date",
        "last_modification_date",
        "origination_date",
        "valuation_date",
        "va_pricing_date",
    ):
        columns[name] = pl.Series(day - rng.integers(-60, 1_500, count)).cast(pl.Date)
    holed = [
        series.set(pl.Series(rng.random(count) < (0.7 if "proposed" in name else 0.2)), None).alias(name)
        for name, series in columns.items()
    ]
    return base.with_columns(holed)
