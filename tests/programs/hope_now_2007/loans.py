"""Loans of 2007 to 2009 for the tests of this package: whole ones, and random ones that crowd the thresholds."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import polars as pl

from hopenow.facts import NEVER, schema
from hopenow.programs.base import Program
from hopenow.programs.hope_now_2007 import PROGRAM
from hopenow.review import Settings, review_canonical

D = datetime.date
ID = "hope_now_2007"

ASF: dict[str, Any] = {
    "loan_id": "asf",
    "evaluation_date": D(2008, 1, 15),
    "investor": "private_label",
    "loan_type": "conventional",
    "lien_position": 1,
    "amortization_type": "adjustable",
    "asf_subprime": True,
    "arm_initial_fixed_months": 24,
    "origination_date": D(2006, 3, 1),
    "arm_initial_reset_date": D(2008, 3, 1),
    "days_delinquent": 0,
    "asf_spells_60_days_ots": 0,
    "asf_original_loan_to_value": 980_000,
    "occupancy": "principal_residence",
    "asf_original_credit_score": 600,
    "credit_score": 640,
    "monthly_principal_and_interest": 100_000,
    "arm_payment_after_reset": 115_000,
    "asf_agreement_allows": True,
}
"""Passes every test of the fast track."""

LIFELINE: dict[str, Any] = {
    "loan_id": "lifeline",
    "evaluation_date": D(2008, 2, 25),
    "investor": "portfolio",
    "loan_type": "conventional",
    "lien_position": 2,
    "amortization_type": "fixed",
    "lifeline_servicer": True,
    "days_delinquent": 120,
    "bankruptcy": "none",
    "sale_date": NEVER,
    "occupancy": "principal_residence",
    "vacant": False,
    "wants_to_keep_home": True,
    "lifeline_letter_date": D(2008, 2, 15),
    "lifeline_call_date": D(2008, 2, 20),
    "lifeline_will_take_counseling": True,
    "lifeline_financials_given": True,
    "lifeline_pause_date": NEVER,
    "lifeline_plan_date": NEVER,
    "lifeline_plan_broken": False,
    "lifeline_months_kept": 0,
}

SMP: dict[str, Any] = {
    "loan_id": "smp",
    "evaluation_date": D(2009, 1, 20),
    "investor": "fannie_mae",
    "loan_type": "conventional",
    "lien_position": 1,
    "amortization_type": "fixed",
    "units": 1,
    "occupancy": "principal_residence",
    "origination_date": D(2006, 5, 1),
    "maturity_date": D(2036, 6, 1),
    "next_due_date": D(2008, 10, 1),
    "months_delinquent": 4,
    "interest_bearing_balance": 20_000_000,
    "deferred_balance": 0,
    "note_rate": 70_000,
    "monthly_principal_and_interest": 139_000,
    "monthly_taxes": 20_000,
    "monthly_insurance": 8_000,
    "monthly_dues": 2_000,
    "monthly_mortgage_insurance": 0,
    "monthly_gross_income": 350_000,
    "property_value": 19_000_000,
    "escrow_advances": 60_000,
    "servicing_advances": 10_000,
    "borrower_contribution": 0,
    "bankruptcy": "none",
    "in_litigation": False,
    "active_trial": False,
    "active_repayment_plan": False,
    "active_forbearance": False,
    "approved_liquidation": False,
    "hardship_documented": True,
    "smp_deliberate_default": False,
    "smp_tool_order": "rate_term_principal",
    "smp_rate_floor": 30_000,
}


def settings(program: Program = PROGRAM) -> Settings:
    """Settings that look at this program only."""
    return Settings(programs=(ID,), extra_programs={ID: program})


def canonical(*rows: dict[str, Any]) -> pl.DataFrame:
    """One canonical row per mapping; what a mapping lacks is unknown."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pl.DataFrame(
        [{name: row.get(name) for name in names} for row in rows],
        schema={name: schema()[name].dtype for name in names},
    )


def plain(result: pl.DataFrame) -> pl.DataFrame:
    """The result with its words as plain text, so that frames of different batches compare."""
    return result.with_columns(pl.selectors.enum().cast(pl.String), pl.selectors.categorical().cast(pl.String))


def one(base: dict[str, Any], **change: Any) -> dict[str, Any]:
    """The reviewed row of a base loan with some facts changed."""
    return under(PROGRAM, base, **change)


def under(program: Program, base: dict[str, Any], **change: Any) -> dict[str, Any]:
    """The same under a program with other readings."""
    return plain(review_canonical(canonical({**base, **change}), settings(program))).row(0, named=True)


def _days(rng: np.random.Generator, count: int, *edges: datetime.date) -> list[datetime.date]:
    near = rng.choice(np.array(edges, "datetime64[D]"), count) + rng.integers(-1, 2, count)
    return [D.fromisoformat(str(day)) for day in near]


def random_loans(count: int, seed: int, holes: float = 0.06) -> list[dict[str, Any]]:
    """Random loans for all three options; a share ``holes`` of what can be unknown is unknown."""
    rng = np.random.default_rng(seed)

    def some(*values: Any) -> list[Any]:
        return [values[place] for place in rng.integers(0, len(values), count)]

    pi = rng.integers(30_000, 400_000, count)
    scores = rng.integers(560, 680, count)
    balance = rng.integers(3_000_000, 60_000_000, count)
    evaluation = _days(
        rng, count, D(2008, 1, 15), D(2008, 2, 12), D(2008, 7, 8), D(2009, 1, 10), D(2009, 3, 4), D(2010, 6, 30)
    )
    columns: dict[str, list[Any]] = {
        "investor": some(*["private_label"] * 6, "portfolio", "fannie_mae", "freddie_mac", "ginnie_mae"),
        "loan_type": some(*["conventional"] * 8, "fha", "va", "usda"),
        "lien_position": some(*[1] * 12, 2),
        "amortization_type": some(*["adjustable"] * 12, "fixed"),
        "asf_subprime": some(*[True] * 12, False),
        "arm_initial_fixed_months": some(24, 24, 24, 35, 36, 37),
        "origination_date": _days(
            rng, count, D(2005, 1, 1), D(2006, 5, 5), D(2007, 7, 31), D(2008, 1, 1), D(2006, 9, 1)),
        "arm_initial_reset_date": _days(
            rng, count, D(2008, 1, 1), D(2010, 7, 31), D(2008, 3, 1), D(2010, 1, 1), D(2010, 7, 1)),
        "arm_next_reset_date": some(None, None, None, None, D(2008, 9, 1), D(2010, 7, 1)),
        "days_delinquent": some(0, 0, 0, 29, 30, 31, 89, 90, 91, 200),
        "asf_spells_60_days_ots": some(0, 0, 0, 1, 1, 2, None),
        "asf_spells_90_days_mba": some(0, 1, 2, None),
        "asf_original_loan_to_value": some(800_000, 969_999, 970_000, 970_001, 1_000_000),
        "property_value": [int(b / r) for b, r in zip(balance, rng.uniform(0.8, 1.1, count), strict=True)],
        "asf_refinance_available": some(True, False, False, None),
        "occupancy": some(*["principal_residence"] * 8, "second_home", "investment"),
        "asf_original_credit_score": scores.tolist(),
        "credit_score": [
            int(pick)
            for pick in np.where(
                rng.random(count) < 0.5, scores * 11 // 10 + rng.integers(-1, 3, count), rng.integers(600, 664, count)
            )
        ],
        "monthly_principal_and_interest": pi.tolist(),
        "arm_payment_after_reset": [
            None if pick < 0.5 else int(amount * 11 // 10 + shift)
            for amount, pick, shift in zip(pi, rng.random(count), rng.integers(-2, 3, count), strict=True)
        ],
        "arm_index_rate": rng.integers(10_000, 60_000, count).tolist(),
        "arm_margin": some(50_000, 60_000, 62_500),
        "arm_next_cap": some(10_000, 20_000, 30_000),
        "arm_rounding": some("none", "nearest", "nearest", "up"),
        "arm_rounding_step": some(1_250, 1_250, 2_500, 0),
        "rate_ceiling": some(120_000, 140_000, 90_000),
        "original_rate": some(70_000, 82_500),
        "note_rate": rng.integers(50_000, 100_000, count).tolist(),
        "interest_only": some(False, False, False, True),
        "interest_bearing_balance": balance.tolist(),
        "deferred_balance": some(0, 0, None, 500_000),
        "remaining_term": rng.integers(1, 400, count).tolist(),
        "next_due_date": some(D(2007, 12, 1), D(2008, 2, 1), D(2008, 8, 1), D(2008, 10, 1)),
        "maturity_date": some(D(2036, 6, 1), D(2047, 2, 1), D(2012, 1, 1), D(2009, 2, 1)),
        "asf_agreement_allows": some(*[True] * 6, False, None),
        "asf_cannot_afford_reset": some(True, False, None),
        "lifeline_servicer": some(True, True, True, False),
        "bankruptcy": some(*["none"] * 6, "chapter_13"),
        "sale_date": [NEVER if pick else day + datetime.timedelta(days=int(shift)) for day, pick, shift in zip(
            evaluation, rng.random(count) < 0.5, rng.integers(28, 34, count), strict=True)],
        "vacant": some(*[False] * 6, True),
        "wants_to_keep_home": some(*[True] * 6, False),
        "lifeline_letter_date": [
            NEVER if pick else day - datetime.timedelta(days=int(shift)) for day, pick, shift in zip(
            evaluation, rng.random(count) < 0.2, rng.integers(0, 45, count), strict=True)],
        "lifeline_will_take_counseling": some(*[True] * 6, False),
        "lifeline_financials_given": some(*[True] * 6, False),
        "lifeline_pause_date": some(NEVER, D(2008, 2, 20), D(2009, 1, 1)),
        "lifeline_plan_date": some(NEVER, NEVER, D(2008, 7, 8), D(2009, 1, 9)),
        "lifeline_plan_broken": some(*[False] * 3, True),
        "lifeline_months_kept": some(0, 2, 3, 4),
        "smp_lender_participates": some(True, False),
        "units": some(*[1] * 6, 2),
        "months_delinquent": some(2, 3, 4, 8),
        "in_litigation": some(*[False] * 8, True),
        "active_trial": some(*[False] * 8, True),
        "active_repayment_plan": some(*[False] * 8, True),
        "active_forbearance": some(*[False] * 8, True),
        "approved_liquidation": some(*[False] * 8, True),
        "hardship_documented": some(True, True, False),
        "smp_deliberate_default": some(*[False] * 8, True),
        "smp_tool_order": some(*schema()["smp_tool_order"].choices),
        "smp_rate_floor": some(0, 20_000, 30_000, 65_000),
        "monthly_gross_income": rng.integers(100_000, 900_000, count).tolist(),
        "monthly_taxes": rng.integers(0, 60_000, count).tolist(),
        "monthly_insurance": rng.integers(0, 30_000, count).tolist(),
        "monthly_dues": some(0, None, 15_000),
        "monthly_mortgage_insurance": some(0, None, 9_900),
        "escrow_advances": some(0, None, 123_456),
        "servicing_advances": some(0, None, 4_321),
        "borrower_contribution": some(0, None, 50_000),
        "accrued_interest": some(None, None, 600_001),
    }  # fmt: skip
    columns["lifeline_call_date"] = [
        NEVER if pick or letter == NEVER else letter + datetime.timedelta(days=int(shift))
        for letter, pick, shift in zip(
            columns["lifeline_letter_date"], rng.random(count) < 0.3, rng.integers(7, 14, count), strict=True
        )
    ]
    gaps = {name: rng.random(count) < holes for name in columns}
    return [
        {
            "loan_id": f"R{row:06d}",
            "evaluation_date": evaluation[row],
            **{name: None if gaps[name][row] else values[row] for name, values in columns.items()},
        }
        for row in range(count)
    ]
