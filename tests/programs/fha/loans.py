"""Made-up FHA loans: one that is known in full, and random ones with holes."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import polars as pl

from hopenow.facts import NEVER, schema
from hopenow.mortgage.kernels import payment_array
from hopenow.programs.fha import PROGRAM
from hopenow.review import Settings, review_canonical

FHA = Settings(programs=("fha",), extra_programs={"fha": PROGRAM})
DAY = datetime.date(2025, 11, 12)
OFFERED = [option.id for option in PROGRAM.options if option.kind != "finding"]

WHOLE: dict[str, Any] = {
    "loan_id": "fha",
    "evaluation_date": DAY,
    "investor": "ginnie_mae",
    "loan_type": "fha",
    "lien_position": 1,
    "amortization_type": "fixed",
    "origination_date": datetime.date(2022, 9, 20),
    "maturity_date": datetime.date(2052, 10, 1),
    "note_rate": 70_000,
    "monthly_principal_and_interest": 159_672,
    "interest_bearing_balance": 23_300_000,
    "deferred_balance": 0,
    "remaining_term": 328,
    "monthly_taxes": 25_000,
    "monthly_insurance": 12_500,
    "monthly_mortgage_insurance": 10_500,
    "escrow_advances": 150_000,
    "servicing_advances": 0,
    "late_charges": 25_000,
    "borrower_contribution": 0,
    "months_delinquent": 5,
    "hardship_kind": "reduced_income",
    "hardship_duration": "permanent",
    "hardship_resolved": True,
    "hardship_documented": True,
    "can_reinstate": False,
    "can_resume_payment": False,
    "can_afford_repayment_plan": False,
    "monthly_capacity": 190_000,
    "wants_to_keep_home": True,
    "occupancy": "principal_residence",
    "vacant": False,
    "abandoned": False,
    "monthly_gross_income": 500_000,
    "credit_score": 600,
    "property_value": 26_000_000,
    "valuation_date": datetime.date(2025, 10, 1),
    "disaster_area_property": False,
    "fha_partial_claims": 0,
    "fha_partial_claims_repaid": 0,
    "fha_cancelled_foreclosure_costs": 0,
    "fha_imminent_default": False,
    "fha_last_permanent_option_date": NEVER,
    "fha_last_hamp_date": NEVER,
    "fha_payments_since_closing": 32,
    "fha_minimum_payments_made": True,
    "fha_attestation_signed": True,
    "fha_hardship_beyond_control": True,
    "fha_covid_hardship": True,
    "fha_exempted_transfer": False,
    "fha_standard_options_suspended": False,
    "fha_trial_payments_made": 3,
    "fha_trial_non_acceptances": 0,
    "fha_failed_trial_this_episode": False,
    "fha_payment_supplement_open": True,
    "fha_longest_repayment_plan": 24,
    "fha_longest_forbearance": 12,
    "fha_held_partial_payments": 0,
    "fha_notice_of_default_given": True,
    "fha_refused_after_advice": False,
    "fha_rent_withheld": False,
    "fha_owner_is_entity": False,
    "fha_vacant_since": NEVER,
    "fha_options_evaluated": True,
    "fha_meeting_date": datetime.date(2025, 9, 1),
    "fha_meeting_excused": False,
    "fha_foreclosure_bar_ended_date": NEVER,
    "fha_failed_workout_date": NEVER,
    "fha_failed_special_forbearance_date": NEVER,
    "fha_sale_effort_ended_date": NEVER,
    "fha_foreclosure_start_date": NEVER,
    "fha_value_criterion_met": True,
    "fha_disclosure_received": True,
    "fha_other_fha_property": False,
    "fha_other_monthly_debt": 40_000,
    "title_marketable": True,
    "sale_price": 20_000_000,
    "sale_commission": 1_200_000,
    "sale_costs": 200_000,
    "listing_days": 20,
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
    """Return a result with its words as plain text."""
    return result.with_columns(pl.selectors.enum().cast(pl.String), pl.selectors.categorical().cast(pl.String))


def one(**change: Any) -> dict[str, Any]:
    """Review the whole loan with some facts changed."""
    return words(review_canonical(frame(change), FHA)).row(0, named=True)


def answer(row: dict[str, Any], option: str, rule: str) -> str:
    """Return a rule's answer: yes, no or unknown."""
    if rule in row[f"{option}__unknown"].split(";"):
        return "unknown"
    no = [*row[f"{option}__failed"].split(";"), *row[f"{option}__conditions"].split(";")]
    return "no" if rule in no else "yes"


FIRST, SPAN = datetime.date(2008, 1, 1), 6_900


def random_loans(
    count: int, seed: int, holes: float = 0.1, first: datetime.date = FIRST, span: int = SPAN
) -> pl.DataFrame:
    """Return random FHA loans, evaluated from a day on within a span of days; some facts are unknown."""
    rng = np.random.default_rng(seed)
    facts = schema()
    balance, rate = rng.integers(3_000_000, 60_000_000, count), rng.integers(16, 80, count) * 1250
    term = rng.integers(60, 361, count)
    columns: dict[str, pl.Series] = {
        "loan_id": pl.Series([f"F{number:06d}" for number in range(count)]),
        "evaluation_date": pl.Series(np.datetime64(first) + rng.integers(0, span, count)).cast(pl.Date),
        "loan_type": pl.Series(["fha"] * count, dtype=facts["loan_type"].dtype),
        "lien_position": pl.Series(np.ones(count, np.int32)),
        "amortization_type": pl.Series(
            rng.choice(["fixed", "adjustable"], count, p=[0.9, 0.1]), dtype=facts["amortization_type"].dtype
        ),
        "interest_bearing_balance": pl.Series(balance),
        "note_rate": pl.Series(rate),
        "remaining_term": pl.Series(term.astype(np.int32)),
        "monthly_principal_and_interest": pl.Series(payment_array(balance, rate, term)),
        "months_delinquent": pl.Series(rng.integers(0, 20, count).astype(np.int32)),
        "monthly_capacity": pl.Series(rng.integers(50_000, 500_000, count)),
        "monthly_gross_income": pl.Series(rng.integers(150_000, 1_500_000, count)),
        "fha_partial_claims": pl.Series(rng.integers(0, 2, count) * rng.integers(0, 9_000_000, count)),
        "fha_survey_rate": pl.Series(rng.integers(250, 900, count) * 100),
        "fha_treasury_rate": pl.Series(rng.integers(150, 500, count) * 100),
        "fha_modified_rate": pl.Series(rng.integers(16, 72, count) * 1250),
        "accrued_interest": pl.Series(rng.integers(0, 1_500_000, count)),
        "property_value": pl.Series((balance / rng.uniform(0.4, 1.3, count)).astype(np.int64)),
    }
    columns["fha_partial_claims_repaid"] = (
        columns["fha_partial_claims"] * pl.Series(rng.choice([0, 0, 1, 2], count)) // 2
    )
    columns["fha_balance_at_first_claim_default"] = pl.Series(balance + rng.integers(0, 2_000_000, count))
    columns["fha_balance_at_default"] = pl.Series(balance + rng.integers(0, 200_000, count))
    given = pl.Series(rng.random(count) < 0.5)
    for name in ("fha_modified_rate", "accrued_interest", "fha_balance_at_default", "fha_survey_rate"):
        columns[name] = columns[name].set(given, None)
    for name in ("monthly_taxes", "monthly_insurance", "monthly_mortgage_insurance"):
        columns[name] = pl.Series(rng.integers(0, 60_000, count))
    for name in ("escrow_advances", "fha_cancelled_foreclosure_costs", "borrower_contribution", "late_charges"):
        columns[name] = pl.Series(rng.integers(0, 300_000, count))
    counts = {"fha_requested_plan_months": 25, "fha_longest_repayment_plan": 25, "fha_longest_forbearance": 13}
    for name, most in counts.items():
        columns[name] = pl.Series(rng.integers(1, most, count).astype(np.int32))
    for name in ("fha_trial_payments_made", "fha_trial_non_acceptances", "fha_payments_since_closing", "listing_days"):
        columns[name] = pl.Series(rng.integers(0, 8, count).astype(np.int32))
    columns["fha_timely_payments_in_year"] = pl.Series(rng.integers(0, 13, count).astype(np.int32))
    evaluation = columns["evaluation_date"].to_numpy()
    for fact in facts.values():
        if fact.name in columns or not (fact.name.startswith("fha_") or fact.name in _OTHERS):
            continue
        if fact.type == "flag":
            columns[fact.name] = pl.Series(rng.random(count) < 0.5)
        elif fact.type == "choice":
            columns[fact.name] = pl.Series(rng.choice(list(fact.choices), count), dtype=fact.dtype)
        elif fact.type == "date":
            days = pl.Series(evaluation - rng.integers(1, 1500, count)).cast(pl.Date)
            never = pl.Series(rng.random(count) < 0.4) if fact.never else pl.Series(np.zeros(count, np.bool_))
            columns[fact.name] = days.set(never, NEVER)
    keep = {"loan_id", "evaluation_date", "loan_type"}
    holed = [
        series if name in keep else series.set(pl.Series(rng.random(count) < holes), None)
        for name, series in columns.items()
    ]
    return pl.DataFrame([series.alias(name) for name, series in zip(columns, holed, strict=True)])


_OTHERS = {
    "origination_date",
    "valuation_date",
    "hardship_kind",
    "hardship_resolved",
    "hardship_documented",
    "can_reinstate",
    "can_resume_payment",
    "can_afford_repayment_plan",
    "wants_to_keep_home",
    "occupancy",
    "vacant",
    "abandoned",
    "disaster_area_property",
    "title_marketable",
}
