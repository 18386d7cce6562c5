"""Law as data: dated, cited parameters and rule texts, loaded strictly."""

from __future__ import annotations

from hopenow.law.loader import load_documents, load_option, package_documents, package_option
from hopenow.law.model import (
    Document,
    OptionLaw,
    ParameterLaw,
    RuleLaw,
    RuleSet,
    Source,
    Value,
    Verification,
    cited,
    shown_value,
    weakest,
)
from hopenow.law.segments import FIRST_DAY, Parameters, Segment, segments

__all__ = [
    "FIRST_DAY",
    "Document",
    "OptionLaw",
    "ParameterLaw",
    "Parameters",
    "RuleLaw",
    "RuleSet",
    "Segment",
    "Source",
    "Value",
    "Verification",
    "cited",
    "load_documents",
    "load_option",
    "package_documents",
    "package_option",
    "segments",
    "shown_value",
    "weakest",
]
