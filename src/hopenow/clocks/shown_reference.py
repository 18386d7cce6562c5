"""The law of the clocks as tables: rules, events, facts of the loan, policies; a starter file; the shape of JSON."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from hopenow.clocks.events import FieldSpec, event_kinds, loan_fields
from hopenow.clocks.policies import DEFAULT, Policies, policy_table
from hopenow.clocks.result import Breach, Duty, Facts, Protection, Right, Step, day_or_none
from hopenow.clocks.rulebook import LawFile, Rule, law_files, rulebook
from hopenow.clocks.shown import SCHEMA, value_text

_KINDS = {
    "CAL": "calendar days",
    "XHOL": "days without holidays and weekends",
    "Z-BD": "business days",
    "MONTHS": "months",
    "PROMPTLY": "promptly (policy)",
    "OPPORTUNITY": "reasonable opportunity (policy)",
}
_OPEN = datetime.date.max


@functools.cache
def with_drafts() -> Policies:
    """The policies as they are by default, with every draft switched on, so that all rules show."""
    return DEFAULT.with_(**{file.draft: True for file in law_files().values() if file.draft})


def rules() -> list[dict[str, Any]]:
    """Return every rule with its versions as plain data, drafts too, in the order of the law files."""
    book = rulebook(with_drafts())
    found = []
    for rule_id in book.ids:
        versions = book.versions[rule_id]
        now, file = versions[-1], law_files()[versions[-1].source]
        found.append(
            {
                "rule": rule_id,
                "title": now.title,
                "who": now.who,
                "trigger": now.trigger,
                "must": now.must,
                "may": now.may if now.may != now.must else None,
                "direction": now.direction,
                "basis": now.basis,
                "policies": list(now.policies),
                "part": file.title,
                "states": list(file.states),
                "programs": list(file.programs),
                "draft": file.draft,
                "versions": [_version(rule) for rule in versions],
            }
        )
    return found


def _version(rule: Rule) -> dict[str, Any]:
    end = day_or_none(rule.end)
    return {
        "from": datetime.date.fromordinal(rule.start).isoformat(),
        "to": None if end is None or end == _OPEN else end.isoformat(),
        "length": rule.length,
        "day": rule.day,
        "cite": rule.cite,
        "document": f"{rule.document.publisher}, {rule.document.title}",
        "verification": rule.verification,
        "note": rule.note,
    }


def counted_in(version: Mapping[str, Any]) -> str:
    """Say how long a version of a rule gives, in words."""
    if version["day"] is None:
        return ""
    kind = _KINDS[version["day"]]
    return kind if version["length"] is None else f"{version['length']} {kind}"


def events() -> list[dict[str, Any]]:
    """Return every kind of event with its fields as plain data."""
    return [
        {
            "kind": name,
            "means": kind.means,
            "who": kind.who,
            "opens": kind.opens,
            "of": kind.of,
            "fields": {field: _field(spec) for field, spec in kind.fields.items()},
        }
        for name, kind in event_kinds().items()
    ]


def facts() -> dict[str, dict[str, Any]]:
    """Return every fact of the loan as plain data."""
    return {name: _field(spec) for name, spec in loan_fields().items()}


def _field(spec: FieldSpec) -> dict[str, Any]:
    return {
        "type": spec.type,
        "means": spec.means,
        "required": spec.required,
        "choices": list(spec.choices),
        "default": spec.default,
    }


def policies() -> list[dict[str, Any]]:
    """Return every policy as plain data."""
    return [{"name": name, **policy.model_dump(mode="json")} for name, policy in policy_table().items()]


# --- starter file ---------------------------------------------------------------------------------

_EXAMPLES = {
    "servicer": "First Servicing",
    "first_due": "2026-01-01",
    "payment": '"1250.00"',
    "principal_residence": "true",
}
_STORY: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("live_contact_made", "2026-02-03", {"told_of_help": "true"}),
    ("early_notice_sent", "2026-02-13", {}),
    ("application_received", "2026-03-02", {"id": "application"}),
)


def template() -> str:
    """Return a starter file in YAML: a case with every fact of the loan explained and a few events; it can be read."""
    lines = [
        "# A case for `hopenow clocks`: the facts of the loan, and what happened.",
        "# Kinds of events and their fields: `hopenow clocks events`. Days are the servicer's local dates.",
        "case: A-1",
        "loan:",
    ]
    for name, spec in loan_fields().items():
        sample = _EXAMPLES.get(name)
        given = f"  {name}: {sample}" if sample else f"  # {name}:{_sample(spec)}"
        lines.append(f"{given}  # {spec.means}")
    lines.append("events:")
    for kind, day, details in _STORY:
        more = "".join(f", {name}: {value}" for name, value in details.items())
        lines.append(f"  - {{kind: {kind}, day: {day}{more}}}  # {event_kinds()[kind].means}")
    return "\n".join(lines) + "\n"


def _sample(spec: FieldSpec) -> str:
    return "" if spec.default is None else f" {value_text(spec.default)}"


# --- shape of the JSON ----------------------------------------------------------------------------


@dataclasses.dataclass
class PolicyData:
    """A policy as set."""

    id: str
    value: bool | int | str
    means: str
    verification: str


@dataclasses.dataclass
class ShieldData:
    """A protection against foreclosure that is in force."""

    bars: str
    means: str
    rule: str
    until: datetime.date | None


@dataclasses.dataclass
class EventData:
    """An event of the case."""

    id: str
    kind: str
    day: datetime.date
    hypothetical: bool


@dataclasses.dataclass
class CaseData:
    """One case as of a day."""

    case: str
    as_of: datetime.date
    hypothetical: bool
    facts: Facts
    duties: list[Duty]
    protections: list[Protection]
    rights: list[Right]
    breaches: list[Breach]
    next: list[Step]
    future: list[str]
    policies: dict[str, PolicyData]
    shield: list[ShieldData]
    events: list[EventData]


@dataclasses.dataclass
class ClocksData:
    """The clocks of cases."""

    schema: str
    cases: list[CaseData]


def schema() -> dict[str, Any]:
    """Return the JSON Schema of what ``hopenow clocks --format json`` prints for cases."""
    made = TypeAdapter(ClocksData).json_schema(mode="serialization")
    made["properties"]["schema"] = {"const": SCHEMA}
    for shape in (made, *made["$defs"].values()):
        if "description" in shape:
            # What a class says in its docstring about its attributes is for readers of the code.
            shape["description"] = shape["description"].split("\n\n")[0]
        if shape.get("type") == "object" and "properties" in shape:
            shape["additionalProperties"] = False
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": SCHEMA, **made}


# --- reference page -------------------------------------------------------------------------------


def clocks_reference() -> str:
    """Return the reference page of the clocks as Markdown (docs/reference/clocks.md)."""
    lines = [
        "# Rules of the clocks",
        "",
        "Every rule of [the clocks](../clocks.md), from the law files; `hopenow clocks rules` prints the same. Kinds",
        "of days and marks are explained there. Drafts are off unless their policy is set.",
        "",
    ]
    listed = rules()
    counts = {
        mark: sum(rule["versions"][-1]["verification"] == mark for rule in listed)
        for mark in ("verified", "secondary", "unverified")
    }
    said = ", ".join(f"{number} {mark}" for mark, number in counts.items())
    lines += [f"{len(listed)} rules; latest versions: {said}.", ""]
    for file in law_files().values():
        lines += _part(file, [rule for rule in listed if rule["rule"] in file.rules])
    lines += _events_part()
    lines += ["## Facts of the loan", "", "| fact | type | means | default |", "|---|---|---|---|"]
    lines += [
        _row(f"`{name}`", _type(fact), fact["means"], "" if fact["default"] is None else value_text(fact["default"]))
        for name, fact in facts().items()
    ]
    lines += ["", "## Policies", ""]
    lines += ["| policy | point | decides | set to | choices | why | mark |", "|" + "---|" * 7]
    lines += [
        _row(
            f"`{one['name']}`",
            one["id"],
            one["means"],
            f"`{value_text(one['value'])}`",
            ", ".join(f"`{choice}`" for choice in one["choices"]),
            one["reason"],
            one["verification"],
        )
        for one in policies()
    ]
    return "\n".join([*lines, ""])


def _part(file: LawFile, listed: list[dict[str, Any]]) -> list[str]:
    lines = [f"## {file.title}", ""]
    if file.states:
        lines += [f"Law in: {', '.join(file.states)}.", ""]
    if file.programs:
        lines += [f"Rules of: {', '.join(file.programs)}.", ""]
    if file.draft:
        lines += [f"A draft, off unless the policy `{file.draft}` is set.", ""]
    lines += ["| rule | what | who | starts with | counted | in force | source | mark |", "|" + "---|" * 8]
    for rule in listed:
        for number, version in enumerate(rule["versions"]):
            first = number == 0
            note = f" ({version['note']})" if version["note"] else ""
            lines.append(
                _row(
                    f"`{rule['rule']}`" if first else "",
                    f"**{rule['title']}.** {rule['must']}." if first else "",
                    rule["who"] if first else "",
                    rule["trigger"] if first else "",
                    counted_in(version),
                    f"{version['from']} to {version['to'] or 'open'}{note}",
                    version["cite"],
                    version["verification"],
                )
            )
    return [*lines, ""]


def _events_part() -> list[str]:
    lines = ["## Kinds of events", "", "| kind | means | who | thread | fields |", "|---|---|---|---|---|"]
    for event in events():
        thread = f"opens `{event['opens']}`" if event["opens"] else f"of `{event['of']}`" if event["of"] else ""
        fields = "; ".join(
            f"`{name}` ({_type(spec)}{', required' if spec['required'] else ''}): {spec['means']}"
            for name, spec in event["fields"].items()
        )
        lines.append(_row(f"`{event['kind']}`", event["means"], event["who"], thread, fields))
    return [*lines, ""]


def _type(spec: Mapping[str, Any]) -> str:
    return " / ".join(f"`{choice}`" for choice in spec["choices"]) or spec["type"]


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
