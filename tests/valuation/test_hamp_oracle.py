"""The engine's HAMP value test against the oracle, on random loans, versions, readings and modifications."""

from __future__ import annotations

import datetime
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import polars as pl
import pytest

from hopenow.valuation.hamp_npv import SCENARIOS, Readings, public_substitute, run
from hopenow.valuation.hamp_npv.figures import law
from tests.oracle.hamp_npv import Oracle
from tests.valuation.hamp_loans import Loan, market_for, random_loans, standard_loan

TODAY = datetime.date(2020, 1, 1)
STARTED = {
    "tier1": datetime.date(2009, 5, 1),
    "tier1_pra": datetime.date(2010, 10, 1),
    "tier2": datetime.date(2012, 6, 1),
    "tier2_pra": datetime.date(2012, 6, 1),
}
"""When each modification began."""
AMOUNTS = (
    "npv_unmodified", "npv_modified", "cure_unmodified", "default_value_unmodified", "cure_modified",
    "default_value_modified",
)  # fmt: skip
CHANCES = ("default_unmodified", "default_modified")


def disagreements(
    loans: list[Loan],
    *,
    version: str = "3.0",
    readings: Readings | None = None,
    scenario: str = "tier1",
    real: Any = float,
) -> tuple[list[str], int]:
    """Return what differs by more than a cent (or a billionth of a chance), and how many loans were compared."""
    supplements, readings, oracle = public_substitute(), readings or Readings(), Oracle(real)
    modification = SCENARIOS[scenario]
    outcome = run(loans, supplements, version=version, readings=readings, modification=modification, on=TODAY)
    found, compared = [], 0
    for loan, of in zip(loans, outcome.frame.iter_rows(named=True), strict=True):
        if not of["run_ok"]:
            continue
        market = market_for(loan, supplements.on(loan["npv_date"]))
        worked = oracle.value(loan, market, readings, version, modification.tier2, modification.reduction)
        compared += 1
        found += [
            f"{loan['servicer_loan_number']} {name}: {of[name] / 100} against {worked[name]}"
            for name in AMOUNTS
            if abs(Decimal(of[name]) - Decimal(worked[name]) * 100) > 1
        ]
        found += [f"{name}: {of[name]}" for name in CHANCES if abs(of[name] - float(worked[name])) > 1e-9]
    return found, compared


def test_a_thousand_loans_agree_to_the_cent() -> None:
    found, compared = disagreements(random_loans(1_200, seed=11))
    assert not found, found[:5]
    assert compared > 1_000


@pytest.mark.parametrize("version", ["3.0", "4.0", "5.0"])
@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_versions_and_modifications_agree(version: str, scenario: str) -> None:
    found, compared = disagreements(
        random_loans(40, seed=12, first=STARTED[scenario]), version=version, scenario=scenario
    )
    assert not found, found[:5]
    assert compared > 25


SWITCHES = {name: item.choices for name, item in law("readings").parameters.items()}


@pytest.mark.parametrize(
    ("name", "choice"),
    [(name, choice) for name, choices in SWITCHES.items() for choice in choices[1:] if name != "error_54"],
)
def test_every_reading_agrees(name: str, choice: str) -> None:
    version = "5.0" if name in ("ltv_after", "relief_form", "ratio_after_top") else "3.0"
    found, compared = disagreements(random_loans(40, seed=13), readings=Readings({name: choice}), version=version)
    assert not found, found[:5]
    assert compared > 15


def test_a_few_loans_agree_with_decimals() -> None:
    with localcontext() as context:
        context.prec = 34
        found, compared = disagreements([standard_loan(), *random_loans(6, seed=14)], real=Decimal)
    assert not found, found[:5]
    assert compared >= 5


def test_terms_shorter_than_the_incentives_agree() -> None:
    loan = standard_loan(
        remaining_term=40, term_after=20, upb="20000.00", upb_after="20500.00", principal_and_interest="560.00",
        principal_and_interest_after="300.00", original_upb="60000", gross_income="2200.00", property_value="120000.00",
    )  # fmt: skip
    found, compared = disagreements([loan, {**loan, "term_after": 5}, {**loan, "term_after": 61}])
    assert not found, found[:5]
    assert compared == 3


@pytest.mark.long
def test_a_hundred_thousand_loans_agree() -> None:
    switches = np.random.default_rng(7)
    total = 0
    for part in range(50):
        chosen = {name: str(switches.choice(choices)) for name, choices in SWITCHES.items() if name != "error_54"}
        version = ("3.0", "3.0", "4.0", "5.0")[part % 4]
        scenario = list(SCENARIOS)[part // 4 % 4]
        found, compared = disagreements(
            random_loans(2_000, seed=1_000 + part, first=STARTED[scenario]),
            version=version,
            readings=Readings(chosen),
            scenario=scenario,
        )
        assert not found, (chosen, version, scenario, found[:5])
        total += compared
    assert total > 60_000


def test_the_comparison_would_notice_a_cent() -> None:
    loans = random_loans(5, seed=15)
    supplements = public_substitute()
    outcome = run(loans, supplements, on=TODAY)
    oracle = Oracle()
    of = outcome.frame.filter(pl.col("run_ok")).row(0, named=True)
    loan = next(item for item in loans if item["servicer_loan_number"] == of["servicer_loan_number"])
    wrong = {**loan, "upb_after": str(Decimal(loan["upb_after"]) + Decimal("0.10"))}
    worked = oracle.value(wrong, market_for(loan, supplements.on(loan["npv_date"])), Readings())
    assert abs(of["npv_modified"] - float(worked["npv_modified"]) * 100) > 1
