"""Handler of the order in which options are offered: the whole review of one loan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hopenow.conformance.handler import Handler, Pattern
from hopenow.conformance.kinds import Field
from hopenow.conformance.loans import loan_fields
from hopenow.conformance.runs import Run
from hopenow.programs.base import Program, column
from hopenow.programs.registry import program

_STATUS = re.compile(r"(?P<option>[a-z0-9_]+)\.status")
_FAILED = re.compile(r"(?P<option>[a-z0-9_]+)\.failed_rules")


def order_outputs() -> dict[str, Field]:
    """Return what is told of the order."""
    return {
        "order": Field("text", "which order applies, such as standard or leave_first"),
        "first_eligible": Field("text", "best option that is eligible, or none"),
        "first_possible": Field("text", "best option that is eligible or conditional, or none"),
        "ranked": Field("text", "options that are eligible or conditional, best first", "list"),
    }


def order_patterns() -> tuple[Pattern, ...]:
    """Return what is told of each option."""
    return (
        Pattern("<option>.status", _STATUS, Field("text", "eligible, conditional, ineligible or not_determined")),
        Pattern("<option>.failed_rules", _FAILED, Field("codes", "ids of the rules that rule the option out")),
    )


def order_figures(own: Program, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the order of a program's options from a reviewed row."""
    found: dict[str, Any] = {name: row[name] or None for name in ("order", "first_eligible", "first_possible")}
    found["ranked"] = [option for option in row["ranked"].split(";") if option]
    for option in own.options:
        found[f"{option.id}.status"] = row[column(option.id, "status")]
        found[f"{option.id}.failed_rules"] = [rule for rule in row[column(option.id, "failed")].split(";") if rule]
    return found


def _order(run: Run) -> Mapping[str, Any]:
    return order_figures(program(run.program), run.review("reinstatement").row)


HANDLERS = (
    Handler(
        option="evaluation_order",
        title="Every option of one loan, in the order in which they are offered",
        inputs=loan_fields(),
        outputs=order_outputs(),
        compute=_order,
        labels=("order",),
        needs=(("evaluation_date",),),
        output_patterns=order_patterns(),
        about="Any word of the loan. The rule version is `order`; each option runs under the rules of the date.",
    ),
)
