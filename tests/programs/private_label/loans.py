"""Loans and answers for the tests of this package, without the review above it."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import polars as pl

from hopenow.facts import schema
from hopenow.facts.derived import derive
from hopenow.law import segments
from hopenow.programs.base import Program, column
from hopenow.programs.private_label import Profile, Profiles
from hopenow.programs.private_label.profile import load_profiles

HERE = Path(__file__).parent
GOOD = HERE / "good.yaml"

LOAN: dict[str, Any] = {
    "loan_id": "1",
    "evaluation_date": datetime.date(2025, 3, 10),
    "investor": "private_label",
    "loan_type": "conventional",
    "investor_profile": "everything",
    "lien_position": 1,
    "amortization_type": "fixed",
    "note_rate": 75_000,
    "monthly_principal_and_interest": 209_765,
    "interest_bearing_balance": 28_000_000,
    "next_due_date": datetime.date(2024, 12, 1),
    "maturity_date": datetime.date(2049, 11, 1),
    "monthly_taxes": 30_000,
    "monthly_insurance": 10_000,
    "monthly_gross_income": 500_000,
    "monthly_capacity": 340_000,
    "property_value": 25_000_000,
    "prior_modifications": 0,
    "last_modification_date": datetime.date(1900, 1, 1),
    "texas_50a6": False,
    "hardship_duration": "temporary",
    "hardship_resolved": True,
    "can_resume_payment": True,
    "can_reinstate": False,
    "wants_to_keep_home": True,
    "active_forbearance": False,
    "forbearance_months_used": 0,
}
LEAVING: dict[str, Any] = {
    "wants_to_keep_home": False,
    "arms_length": True,
    "sale_price": 24_000_000,
    "sale_commission": 1_440_000,
    "minimum_net_proceeds": 22_000_000,
    "title_marketable": True,
    "environmental_hazard": False,
    "condition_acceptable": True,
}


def everything(**changes: Any) -> Profiles:
    """The shipped profiles and the one of ``good.yaml``, with fields replaced."""
    profiles = load_profiles([GOOD])
    changed = profiles["everything"].model_copy(update=changes)
    return Profiles([changed if name == "everything" else profile for name, profile in profiles.items()])


def refusing(profile: Profile, power: str, words: str) -> Any:
    """A clause of the same kind that refuses the power."""
    kind = type(getattr(profile, power))
    return kind(allowed=False, clause=words, cite="PSA#9.99", verification="verified")


def frame(*loans: dict[str, Any]) -> pl.DataFrame:
    """Complete, derived canonical frame; each loan gives its changes to ``LOAN``."""
    rows = [{**LOAN, **changes} for changes in loans]
    names = {name for row in rows for name in row}
    types = {name: schema()[name].dtype for name in names}
    return derive(schema().complete(pl.DataFrame(rows, schema=types)))


def answers(program: Program, option_id: str, loans: pl.DataFrame) -> list[dict[str, Any]]:
    """Each loan's rule results (by rule id) and terms (by column)."""
    option = next(option for option in program.options if option.id == option_id)
    segment = segments(option.law, program.id)[-1]
    assert option.terms is not None
    found = option.terms(loans, segment.parameters)
    assert found.columns == list(dict.fromkeys(found.columns))
    assert set(option.columns) <= set(found.columns)
    wide = loans.hstack(found.rename({name: column(option_id, name) for name in found.columns}))
    rules = {name: option.rules[name](segment.parameters) for name in segment.rules}
    results = wide.select([test.cast(pl.Boolean).alias(name) for name, test in rules.items()])
    return [
        {**terms, **rules, "row": row}
        for terms, rules, row in zip(found.to_dicts(), results.to_dicts(), wide.to_dicts(), strict=True)
    ]


def failed(answer: dict[str, Any]) -> list[str]:
    """Rule ids that failed."""
    return [name for name, value in answer.items() if name.startswith("PL-") and value is False]


def unknown(answer: dict[str, Any]) -> list[str]:
    """Rule ids that could not be decided."""
    return [name for name, value in answer.items() if name.startswith("PL-") and value is None]
