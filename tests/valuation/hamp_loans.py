"""Random loans for the HAMP value test: consistent inputs with standard terms, and the oracle's market."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any

import numpy as np

from hopenow.reference import survey_series
from hopenow.valuation.hamp_npv import Supplement

STATES = ("CA", "FL", "NY", "TX", "OH", "NV", "AZ", "MI", "GA", "IL", "DC", "HI")
FIRST = datetime.date(2009, 5, 1)

Loan = dict[str, Any]


def level(balance: float, rate: float, months: int) -> float:
    monthly = rate / 12
    return balance / months if monthly == 0 else balance * monthly / (1 - (1 + monthly) ** -months)


def ltv(upb: str, value: str) -> str:
    return str((Decimal(upb) / Decimal(value) * 100).quantize(Decimal("0.00001"), ROUND_DOWN))


def standard_loan(**changes: Any) -> Loan:
    """Return one plain loan that runs without an error."""
    loan: Loan = {
        "investor_code": 3, "servicer_loan_number": "1", "servicer_number": "100", "units": 1,
        "data_collection_date": datetime.date(2010, 3, 1), "npv_date": datetime.date(2010, 3, 15),
        "first_payment_date": datetime.date(2006, 3, 1), "original_upb": "260000.00", "original_term": 360,
        "original_rate": "6.5", "original_ltv": "90", "product": 2, "remaining_term": 312, "upb": "247000.00",
        "rate": "6.5", "principal_and_interest": "1643.38", "credit_score": 600, "zip": "90210", "state": "CA",
        "association_dues": "0", "insurance": "80.00", "taxes": "320.00", "mi_coverage": "0",
        "property_value": "190000.00", "mark_to_market_ltv": "130", "months_past_due": 4, "gross_income": "4350.00",
        "imminent_default": "N", "risk_premium": "0", "mi_partial_claim": "0", "upb_after": "255000.00",
        "rate_after": "2", "term_after": 352, "principal_and_interest_after": "957.89", "forbearance": "0",
        "valuation_type": 2,
    }  # fmt: skip
    loan |= changes
    # Without a balance or value the ratio stays as it is.
    if "mark_to_market_ltv" not in changes and float(loan["upb"] or 0) and float(loan["property_value"] or 0):
        loan["mark_to_market_ltv"] = ltv(loan["upb"], loan["property_value"])
    return loan


def random_loans(
    count: int, seed: int, *, first: datetime.date = FIRST, last: datetime.date = datetime.date(2012, 12, 31)
) -> list[Loan]:
    """Return loans whose modified terms follow the standard steps, nearly all of which run without an error."""
    g = np.random.default_rng(seed)
    found: list[Loan] = []
    while len(found) < count:
        loan = _one(g, first, last, len(found))
        if loan is not None:
            found.append(loan)
    return found


def _one(g: np.random.Generator, start: datetime.date, end: datetime.date, number: int) -> Loan | None:
    day = start + datetime.timedelta(int(g.integers(0, (end - start).days)))
    upb, rate = round(float(g.uniform(40e3, 720e3)), 2), round(float(g.integers(20, 72)) / 8, 3)
    original = int(g.choice([360, 360, 360, 180, 480, 600]))
    age = int(g.integers(8, min(150, original - 60)))
    year, month = divmod(day.year * 12 + day.month - 2 - age, 12)
    first, left = datetime.date(year, month + 1, 1), original - age
    missed = int(g.choice([0, 0, 1, 2, 3, 4, 6, 9, 14]))
    paid = round(level(upb, rate / 100, left) * float(g.uniform(0.97, 1.05)), 2)
    tax, insurance, dues = (
        round(float(x), 2) for x in (g.uniform(50, 600), g.uniform(30, 200), g.choice([0, 0, 120.5]))
    )
    carry = tax + insurance + dues
    income = round((paid + carry) / float(g.uniform(0.33, 0.7)), 2)
    value = round(upb / float(g.uniform(0.5, 1.95)), 2)
    gross = upb * (1 + 0.006 * missed) + round(float(g.uniform(0, 3000)), 2)
    target = 0.31 * income - carry
    if first >= datetime.date(2009, 3, 1) or missed > age or target < 100 or level(gross, rate / 100, left) < target:
        return None
    new, months, aside = rate, left, 0.0
    while new > 2 and level(gross, max(new - 0.125, 2) / 100, months) >= target:
        new = max(new - 0.125, 2)
    while new == 2 and months < 480 and level(gross, 0.02, months + 1) >= target:
        months += 1
    if new == 2 and months >= 480 and level(gross, 0.02, months) > target:
        aside = round(gross - target / level(1, 0.02, months), 2)
    balance = round(gross - aside, 2)
    payment = round(level(balance, new / 100, months) + 0.005, 2)
    if aside > 0.5 * gross or payment > paid or (payment + carry) / income >= 0.3199:
        return None
    investor = int(g.choice([1, 2, 3, 3, 3, 4]))
    early = missed < 2
    return standard_loan(
        investor_code=investor,
        servicer_loan_number=f"L{number}",
        gse_loan_number="G1" if investor < 3 else None,
        data_collection_date=day - datetime.timedelta(int(g.integers(0, 90))) if missed < age - 4 else day,
        npv_date=day,
        first_payment_date=first,
        original_upb=f"{upb * 1.05:.2f}",
        original_term=original,
        original_rate=str(rate),
        product=int(g.choice([2] * 8 + [1, 3])),
        reset_rate="6.5",
        reset_date=day + datetime.timedelta(int(g.integers(30, 900))),
        remaining_term=left,
        upb=f"{upb:.2f}",
        rate=str(rate),
        principal_and_interest=f"{paid:.2f}",
        credit_score=int(g.integers(400, 850)),
        co_borrower_score=int(g.integers(400, 850)) if g.random() < 0.3 else None,
        state=str(g.choice(STATES)),
        association_dues=f"{dues:.2f}",
        insurance=f"{insurance:.2f}",
        taxes=f"{tax:.2f}",
        mi_coverage=str(g.choice([0, 0, 25, 12.5])),
        property_value=f"{value:.2f}",
        months_past_due=missed,
        gross_income=f"{income:.2f}",
        imminent_default="Y" if early and g.random() < 0.8 else "N",
        risk_premium="0" if investor < 3 else str(g.choice([0, 1.25, 2.5])),
        modification_fees=str(g.choice([0, 250])),
        mi_partial_claim=str(g.choice([0, 0, 0, 1500])),
        upb_after=f"{balance:.2f}",
        rate_after=f"{new:.5f}",
        term_after=months,
        principal_and_interest_after=f"{payment:.2f}",
        forbearance=f"{aside:.2f}",
        forgiveness=str(g.choice([0, 0, 5000])),
        valuation_type=int(g.integers(1, 4)),
    )


def market_for(loan: Mapping[str, Any], supplement: Supplement) -> dict[str, Any]:
    """Return what the oracle needs of the market."""
    row = supplement.states[loan["state"]]
    place = supplement.market_of(loan["zip"], loan["state"])
    series = survey_series()
    before = [rate for week, rate in zip(series.weeks, series.rates, strict=True) if week < loan["npv_date"]]
    return {
        "survey_percent": str(Decimal(before[-1]).scaleb(-4)),
        "foreclosure_days": int(supplement.foreclosure_days[row]),
        "reo_days": int(supplement.reo_days[row]),
        "cost": str(round(float(supplement.costs[row]) * 100, 6)),
        "settlement": str(round(float(supplement.settlement[row]) * 100, 6)),
        "discount_low": str(round(float(supplement.discount_low[row]) * 100, 6)),
        "discount_high": str(round(float(supplement.discount_high[row]) * 100, 6)),
        "index": [repr(float(figure)) for figure in supplement.index[place]],
        "declines": {q + 1: str(Decimal(int(cents)).scaleb(-2)) for q, cents in enumerate(supplement.declines[place])},
    }
