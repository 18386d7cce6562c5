"""What is made from the fact schema: input templates, a JSON Schema, and the reference pages."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Any, Final

from hopenow.facts.findings import FindingRule
from hopenow.facts.ingest import SHAPE_RULES
from hopenow.facts.logic import CROSS_RULES, DUPLICATE, EVALUATION_DAY, RANGE, range_words
from hopenow.facts.schema import Fact, schema

_EXAMPLES: Final = {
    "loan_id": "1000001",
    "evaluation_date": "2026-09-30",
    "investor": "fannie_mae",
    "loan_type": "conventional",
    "lien_position": "1",
    "amortization_type": "fixed",
    "interest_only": "no",
    "original_balance": "250000.00",
    "original_term": "360",
    "original_rate": "4.25",
    "origination_date": "2018-05-15",
    "first_payment_date": "2018-07-01",
    "maturity_date": "2048-06-01",
    "note_rate": "4.25",
    "monthly_principal_and_interest": "1229.85",
    "interest_bearing_balance": "212500.00",
    "deferred_balance": "0.00",
    "remaining_term": "265",
    "next_due_date": "2026-06-01",
    "mortgage_insured": "no",
    "monthly_taxes": "310.00",
    "monthly_insurance": "95.00",
    "escrow_account": "yes",
    "months_delinquent": "4",
    "days_delinquent": "121",
    "prior_modifications": "0",
    "last_modification_date": "never",
    "hardship_kind": "reduced_income",
    "hardship_duration": "permanent",
    "hardship_resolved": "yes",
    "wants_to_keep_home": "yes",
    "occupancy": "principal_residence",
    "vacant": "no",
    "bankruptcy": "none",
    "monthly_gross_income": "5200.00",
    "income_kinds": "wages;rental",
    "property_value": "315000.00",
    "valuation_date": "2026-08-20",
    "valuation_method": "third_party_avm",
    "state": "OH",
    "metro": "18140",
    "zip3": "432",
    "units": "1",
}


def csv_template(names: Iterable[str] | None = None) -> str:
    """Return a CSV file with only a header line: all facts, or the given ones, in that order."""
    return _csv([_names(names)])


def csv_sample(names: Iterable[str] | None = None) -> str:
    """Return a CSV file with a header and one plausible row; facts without an example stay empty."""
    header = _names(names)
    return _csv([header, [_EXAMPLES.get(name, "") for name in header]])


def _names(names: Iterable[str] | None) -> list[str]:
    return list(schema()) if names is None else [schema()[name].name for name in names]


def _csv(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def json_schema() -> dict[str, Any]:
    """Return a JSON Schema (2020-12) for one loan in outside conventions.

    ``null`` or an absent key means "not known". Other keys are refused.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Hope Now loan facts",
        "type": "object",
        "properties": {name: _property(fact) for name, fact in schema().items()},
        "required": [name for name, fact in schema().items() if fact.required],
        "additionalProperties": False,
    }


def _property(fact: Fact) -> dict[str, Any]:
    head: dict[str, Any] = {"title": fact.name, "description": f"{fact.meaning} Unit: {fact.unit}."}
    shape = _json_shape(fact)
    if fact.required:
        return head | shape
    return head | {"anyOf": [shape, {"type": "null"}]}


def _json_shape(fact: Fact) -> dict[str, Any]:
    if fact.type in {"money", "rate"}:
        places = 2 if fact.type == "money" else 4
        number = {"type": "number"} | _bounds(fact)
        return {"anyOf": [number, {"type": "string", "pattern": rf"^-?[0-9]+(\.[0-9]{{1,{places}}})?$"}]}
    if fact.type in {"months", "days", "count"}:
        return {"type": "integer"} | _bounds(fact)
    if fact.type == "date":
        day = {"type": "string", "format": "date"}
        return {"anyOf": [day, {"const": "never"}]} if fact.never else day
    if fact.type == "flag":
        return {"type": "boolean"}
    if fact.type == "choice":
        return {"enum": list(fact.choices)}
    if fact.type == "choices":
        word = f"(?:{'|'.join(fact.choices)})"
        return {"type": "string", "pattern": f"^{word}(?:;{word})*$"}
    return {"type": "string"} | ({"pattern": f"^(?:{fact.pattern})$"} if fact.pattern else {"minLength": 1})


def _bounds(fact: Fact) -> dict[str, int]:
    ends = {"minimum": fact.minimum, "maximum": fact.maximum}
    return {name: value for name, value in ends.items() if value is not None}


def facts_reference() -> str:
    """Return the Markdown reference page of all facts (docs/reference/facts.md)."""
    lines = [
        "# Facts",
        "",
        "Everything that can be known of a loan, a household and a property. "
        "The names are the column names of input files.",
        "",
        "- An empty cell (or `NULL`, `NA`, `N/A`) means *not known*. It never means zero, no, or none.",
        "- Money is dollars with at most two decimals; rates are percent per year with at most four.",
        "- Dates are `YYYY-MM-DD`; `MM/DD/YYYY` is read too, `DD/MM/YYYY` never. Where *never* is listed, "
        "that word says that the event is known not to have happened.",
        "- Flags are `yes` or `no` (also `true`/`false`, `y`/`n`, `1`/`0`).",
        "- **required** facts must stand on every row.",
        "- *sensitive* facts are shown only where they are needed.",
        "",
    ]
    for group, title in schema().titles.items():
        lines += [f"## {title}", "", "| fact | unit | allowed | meaning |", "|---|---|---|---|"]
        lines += [_reference_row(fact) for fact in schema().values() if fact.group == group]
        lines.append("")
    return "\n".join(lines)


def _reference_row(fact: Fact) -> str:
    marks = [" **required**"] * fact.required + [" *sensitive*"] * fact.sensitive
    cells = [f"`{fact.name}`{''.join(marks)}", fact.unit, _allowed(fact), fact.meaning]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _allowed(fact: Fact) -> str:
    if fact.choices:
        return ", ".join(f"`{word}`" for word in fact.choices)
    if fact.pattern:
        return f"`{fact.pattern}`"
    if fact.type == "date":
        return "a date, or `never`" if fact.never else "a date"
    return range_words(fact) or {"flag": "yes, no"}.get(fact.type, "any")


def findings_reference(more: Iterable[FindingRule] = ()) -> str:
    """Return the Markdown reference page of all finding rules; ``more`` are the rules of file readers."""
    rules: dict[str, FindingRule] = {}
    logic = (RANGE, EVALUATION_DAY, DUPLICATE, *(cross.rule for cross in CROSS_RULES))
    for rule in (*more, *SHAPE_RULES, *logic):
        rules.setdefault(rule.id, rule)
    lines = [
        "# Findings",
        "",
        "What can be wrong with a row of input. Every finding has the row, the loan, the rule, the field, "
        "the value as found, and what to do.",
        "",
        "- **error**: the row is skipped, with its reason; all other rows are reviewed.",
        "- **warning**: the row is reviewed; the message says whether the field counts as unknown, "
        "was normalized, or is used as given.",
        "- Rows read are always rows reviewed plus rows skipped.",
        "",
    ]
    for phase, title in (("shape", "Shape: can it be read?"), ("logic", "Logic: does it hold together?")):
        lines += [f"## {title}", "", "| rule | severity | asks for | what to do |", "|---|---|---|---|"]
        lines += [
            f"| `{rule.id}` | {rule.severity} | {_cell(rule.words)} | {_cell(rule.remedy)} |"
            for rule in rules.values()
            if rule.phase == phase
        ]
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")
