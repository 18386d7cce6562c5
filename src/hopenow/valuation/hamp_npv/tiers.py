"""Tier 1 and Tier 2, each without and with principal reduction, and what the program then asked of the servicer."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hopenow.errors import CoverageError, InputError
from hopenow.money import dollars
from hopenow.valuation.hamp_npv.checks import housing_before
from hopenow.valuation.hamp_npv.figures import Readings, program
from hopenow.valuation.hamp_npv.inputs import PERCENT_UNITS, fields, read_inputs
from hopenow.valuation.hamp_npv.model import survey_rates
from hopenow.valuation.hamp_npv.prepare import TITLES
from hopenow.valuation.hamp_npv.result import Result, complete, evaluate
from hopenow.valuation.hamp_npv.supplement import Supplements
from hopenow.valuation.hamp_npv.terms import SCENARIOS, Terms, work_terms

__all__ = ["Tiers", "evaluate_tiers"]


@dataclasses.dataclass(frozen=True)
class Tiers:
    """The results of the four modifications and what follows.

    Attributes:
        results: by scenario; only those that existed on the NPV date.
        terms: by scenario, where they were worked here.
        not_valued: scenario to the reason why it has no result.
        decision: what the program asked for, in words.
        must_offer: scenario that must be offered, if any.
    """

    results: Mapping[str, Result]
    terms: Mapping[str, Terms]
    not_valued: Mapping[str, str]
    decision: str
    must_offer: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            "decision": self.decision,
            "must_offer": self.must_offer,
            "scenarios": {name: result.as_dict(paths=False) for name, result in self.results.items()},
            "terms_worked_here": {name: dataclasses.asdict(terms) for name, terms in self.terms.items()},
            "not_valued": dict(self.not_valued),
        }


def evaluate_tiers(
    loan: Mapping[str, object],
    supplements: Supplements,
    *,
    given: Mapping[str, Mapping[str, object]] | None = None,
    version: str = "3.0",
    readings: Readings | None = None,
    on: datetime.date | None = None,
) -> Tiers:
    """Value every modification of one loan.

    Args:
        loan: inputs by name; its modified terms are those of Tier 1.
        supplements: the quarterly tables.
        given: scenario to terms that differ from the loan's (``upb_after`` and so on); Tier 2 and principal reduction
            terms that are not given are worked from the balance after capitalization.
        version: of the model.
        readings: of the open points.
        on: NPV dates after this day are in the future; None is today.

    Raises:
        InputError: unknown inputs or scenarios.
    """
    given = given or {}
    unknown = [f"{name}: use one of {', '.join(SCENARIOS)}" for name in given if name not in SCENARIOS]
    if unknown:
        raise InputError("these are no modifications of the program:", unknown)
    filled, _ = complete(loan)
    results: dict[str, Result] = {}
    worked: dict[str, Terms] = {}
    missing: dict[str, str] = {}
    for name, modification in SCENARIOS.items():
        terms = dict(given.get(name, {}))
        if name != "tier1" and not terms:
            found = _worked(filled, name)
            if isinstance(found, str):
                missing[name] = found
                continue
            worked[name] = found
            if modification.reduction and not found.forgiveness:
                missing[name] = "there is nothing to forgive; the same as without principal reduction"
                continue
            terms = {key: outside(key, value) for key, value in found.inputs().items()}
            if not found.reached:
                missing[name] = "the terms miss the payment or ratio test of the program; valued all the same"
        results[name] = evaluate(
            {**filled, **terms}, supplements, version=version, readings=readings, modification=modification, on=on
        )
    decision, must = _decide(results, missing)
    return Tiers(results, worked, missing, decision, must)


def outside(name: str, value: int) -> str:
    kind = fields()[name].kind
    if kind == "money":
        return str(dollars(value))
    return format(Decimal(value) / PERCENT_UNITS, "f") if kind == "percent" else str(value)


def _worked(loan: Mapping[str, object], name: str) -> Terms | str:
    row = housing_before(read_inputs(loan).frame)
    needed = (
        "npv_date", "upb", "upb_after", "gross_income", "property_value", "remaining_term", "rate",
        "principal_and_interest", "association_dues", "insurance", "taxes", "product",
    )  # fmt: skip
    lacking = [key for key in needed if row[key][0] is None]
    if lacking:
        return f"its terms cannot be worked without {', '.join(lacking)}"
    survey = int(survey_rates(row)[0])
    if survey < 0:
        return "no survey rate is known for the NPV date"
    try:
        return work_terms(row, SCENARIOS[name], program(row["npv_date"][0]), survey)
    except CoverageError as error:
        return str(error)


def _decide(results: Mapping[str, Result], missing: Mapping[str, str]) -> tuple[str, str | None]:
    """Say what the program asked for (Handbook 4.0, II 7)."""
    first, second = results.get("tier1"), results.get("tier2")
    encouraged = [TITLES[name] for name in ("tier1_pra", "tier2_pra") if name in results and results[name].positive]
    extra = f" Also positive, encouraged but never required: {' and '.join(encouraged)}." if encouraged else ""
    if first is not None and first.positive:
        return f"Tier 1 is positive: it must be offered, whatever Tier 2 says.{extra}", "tier1"
    if second is not None and second.positive and "tier2" not in missing:
        return f"Tier 1 is not positive, Tier 2 is: Tier 2 must be offered.{extra}", "tier2"
    return f"Neither Tier 1 nor Tier 2 must be offered; with the investor's permission it may be.{extra}", None
