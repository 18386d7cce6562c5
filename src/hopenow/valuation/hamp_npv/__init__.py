"""The HAMP Base NPV model, version 3.0 whole, with the default equations of 4.0 and 5.0 as overlays.

A reference model of a program that ended in 2016: it can check what a homeowner was told, and shows what a value test
asks. :func:`evaluate` explains one loan, :func:`run` values many, :func:`what_differs` finds the input behind a denial.
"""

from __future__ import annotations

from hopenow.valuation.hamp_npv.differs import Change, Differences, what_differs
from hopenow.valuation.hamp_npv.figures import VERSIONS, Reading, Readings
from hopenow.valuation.hamp_npv.inputs import InputField, fields, read_inputs
from hopenow.valuation.hamp_npv.model import Outcome, run
from hopenow.valuation.hamp_npv.prepare import Modification
from hopenow.valuation.hamp_npv.result import Result, complete, evaluate, explain
from hopenow.valuation.hamp_npv.supplement import (
    PUBLIC_LABEL,
    Supplement,
    Supplements,
    load_supplement,
    public_substitute,
)
from hopenow.valuation.hamp_npv.terms import SCENARIOS, Terms
from hopenow.valuation.hamp_npv.tiers import Tiers, evaluate_tiers

__all__ = [
    "PUBLIC_LABEL",
    "SCENARIOS",
    "VERSIONS",
    "Change",
    "Differences",
    "InputField",
    "Modification",
    "Outcome",
    "Reading",
    "Readings",
    "Result",
    "Supplement",
    "Supplements",
    "Terms",
    "Tiers",
    "complete",
    "evaluate",
    "evaluate_tiers",
    "explain",
    "fields",
    "load_supplement",
    "public_substitute",
    "read_inputs",
    "run",
    "what_differs",
]
