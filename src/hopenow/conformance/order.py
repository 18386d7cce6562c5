"""Handler of the order in which options are offered: the whole review of one loan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hopenow.conformance.handler import Handler, Pattern
from hopenow.conformance.kinds import Field
from hopenow.conformance.loans import loan_fields
from hopenow.conformance.runs import Run
from hopenow.programs.base import column
from hopenow.programs.registry import program

_STATUS = re.compile(r"(?P<option>[a-z_]+)\.status")
_FAILED = re.compile(r"(?P<option>[a-z_]+)\.failed_rules")


def _order(run: Run) -> Mapping[str, Any]:
    row = run.review("reinstatement").row
    found: dict[str, Any] = {name: row[name] for name in ("order", "first_eligible", "first_possible")}
    found["ranked"] = [option for option in row["ranked"].split(";") if option]
    for option in program(run.program).options:
        found[f"{option.id}.status"] = row[column(option.id, "status")]
        found[f"{option.id}.failed_rules"] = [rule for rule in row[column(option.id, "failed")].split(";") if rule]
    return found


HANDLERS = (
    Handler(
        option="evaluation_order",
        title="Every option of one loan, in the order in which they are offered",
        inputs=loan_fields(),
        outputs={
            "order": Field("text", "standard, disaster, leave_first or leave_first_disaster"),
            "first_eligible": Field("text", "best option that is eligible, or none"),
            "first_possible": Field("text", "best option that is eligible or conditional, or none"),
            "ranked": Field("text", "options that are eligible or conditional, best first", "list"),
        },
        compute=_order,
        labels=("order",),
        needs=(("evaluation_date",),),
        output_patterns=(
            Pattern("<option>.status", _STATUS, Field("text", "eligible, conditional, ineligible or not_determined")),
            Pattern("<option>.failed_rules", _FAILED, Field("codes", "ids of the rules that rule the option out")),
        ),
        about="Any word of the loan. The rule version is `order`; each option runs under the rules of the date.",
    ),
)
