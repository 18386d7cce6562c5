"""Any option of any program: facts under their own names in, the whole determination out.

There is one handler for every option of every program; it is made when a case names the option, from what the option
itself says of its terms and rules. A new program or option needs nothing here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from hopenow.conformance.handler import Handler, Pattern
from hopenow.conformance.kinds import Field, nearest
from hopenow.conformance.loans import fact_field, out_of_range
from hopenow.conformance.order import order_figures, order_outputs, order_patterns
from hopenow.conformance.runs import Reviewed, Run, frame_of
from hopenow.errors import InputError
from hopenow.facts import schema
from hopenow.programs.base import Option, column
from hopenow.programs.registry import candidates, program
from hopenow.review import explain

__all__ = ["DETERMINATION", "ORDER", "fact_fields", "program_handler", "terms_of"]

ORDER = "evaluation_order"
_MILLION = 1_000_000
_KINDS = {
    "money": "money",
    "rate": "rate",
    "ratio": "ratio",
    "months": "count",
    "days": "count",
    "count": "count",
    "date": "date",
    "flag": "flag",
    "text": "text",
}
_RULE = re.compile(r"rules\.(?P<rule>\S+)", re.ASCII)

DETERMINATION: Mapping[str, Field] = {
    "status": Field("text", "eligible, conditional, ineligible or not_determined"),
    "failed_rules": Field("codes", "ids of the rules that rule the option out, or why it is not in force"),
    "conditions": Field("codes", "ids of failed rules that do not rule it out"),
    "undecided_rules": Field("codes", "ids of the rules that the facts do not decide"),
    "rule_set": Field("text", "id of the rule set in force"),
    "weakest_mark": Field("text", "verified, secondary or unverified: the weakest that the answer rests on"),
    "estimated_without": Field("codes", "amounts that the terms leave out because they are not known"),
    "questions": Field("codes", "facts that are still asked for"),
    "met": Field("flag", "of a finding: whether every rule is met"),
}
"""What every option answers, besides its terms."""


@functools.cache
def fact_fields() -> Mapping[str, Field]:
    """Return every fact of a loan under its own name, with how it is written."""
    return {name: fact_field(fact) for name, fact in schema().items() if name != "loan_id"}


def terms_of(option: Option) -> dict[str, Field]:
    """Return an option's terms; where a term has the name of an answer, the answer goes first."""
    return {
        name: Field(_KINDS[kind], f"term {name}") for name, kind in option.columns.items() if name not in DETERMINATION
    }


@functools.cache
def program_handler(who: str, name: str) -> Handler:
    """Make the handler of an option of a program, or of the order of all its options.

    Raises:
        InputError: the program has no such option.
    """
    own = program(who)
    if name == ORDER:
        return Handler(
            option=ORDER,
            title=f"Every option of {who}, in the order in which they are offered",
            inputs=fact_fields(),
            outputs=order_outputs(),
            output_patterns=order_patterns(),
            compute=_order,
            law=None,
            programs=(who,),
            needs=(("evaluation_date",),),
        )
    by_name = {option.id: option for option in own.options}
    if name not in by_name:
        known = [*by_name, ORDER]
        raise InputError(f"{who} has no option {name!r}{nearest(name, known)} (known: {', '.join(known)})")
    option = by_name[name]
    return Handler(
        option=name,
        title=option.law.title,
        inputs=fact_fields(),
        outputs={**terms_of(option), **DETERMINATION},
        output_patterns=(
            Pattern("rules.<rule id>", _RULE, Field("text", "met, failed, undecided or not_in_force")),
        ),
        compute=functools.partial(_determination, option),
        law=None,
        programs=(who,),
        prose_version=True,  # checked against the rule set in force
        needs=(("evaluation_date",),),
    )


def _facts(run: Run) -> dict[str, Any]:
    """Return the facts as given; only what makes the loan one of the program's goes without saying.

    Raises:
        InputError: values outside what a fact allows.
    """
    facts = {name: value for name, value in run.values.items() if value is not None}
    findings = [found for name, value in facts.items() if (found := out_of_range(name, value, name))]
    if findings:
        raise InputError("the loan is not one that the facts allow", findings)
    for name, value in _own_loans(run.program).items():
        facts.setdefault(name, value)
    return facts


@functools.cache
def _own_loans(who: str) -> Mapping[str, str]:
    """Return loan type and investor of a program's loans, where only one is possible."""
    possible = {
        "loan_type": [value for value in schema()["loan_type"].choices if who in candidates((value,), (None,))],
        "investor": [value for value in schema()["investor"].choices if who in candidates((None,), (value,))],
    }
    return {name: values[0] for name, values in possible.items() if len(values) == 1}


def _determination(option: Option, run: Run) -> Mapping[str, Any]:
    facts = _facts(run)
    reviewed = run.review_facts(option.id, facts)
    rule_set = reviewed.row[column(option.id, "rule_set")]
    if run.case.rule_version and rule_set != run.case.rule_version:
        known = [item.id for item in option.law.rule_sets]
        in_force = rule_set or "none"
        raise InputError(
            f"rule version {run.case.rule_version} of {option.id} is not in force on {facts['evaluation_date']} "
            f"(in force: {in_force}){nearest(run.case.rule_version, known)}"
        )
    found: dict[str, Any] = {name: _term(reviewed, name, kind) for name, kind in option.columns.items()}
    found |= {
        "status": reviewed.status,
        "failed_rules": list(reviewed.failed),
        "conditions": list(reviewed.conditions),
        "undecided_rules": list(reviewed.unknown),
        "rule_set": rule_set or None,
        "weakest_mark": reviewed.row[column(option.id, "verification")] or None,
        "estimated_without": _words(reviewed, "estimated_without"),
        "met": reviewed.row.get(column(option.id, "met")),
    }
    if "questions" in run.wanted:
        found["questions"] = _questions(run, option.id, facts)
    if reviewed.lacking and any(found.get(name, 0) is None for name in run.wanted):
        run.notes.append(f"lacking: {', '.join(reviewed.lacking)}")
    for name in run.wanted:
        if (match := _RULE.fullmatch(name)) is not None:
            found[name] = _answer(option, reviewed, match["rule"])
    return found


def _term(reviewed: Reviewed, name: str, kind: str) -> Any:
    value = reviewed.term(name)
    return Fraction(value, _MILLION) if kind == "ratio" and value is not None else value


def _words(reviewed: Reviewed, name: str) -> list[str]:
    return [item for item in reviewed.row[column(reviewed.option, name)].split(";") if item]


def _questions(run: Run, option: str, facts: Mapping[str, Any]) -> list[str]:
    frame = frame_of({"loan_id": run.case.id, **facts})
    for explained in explain(frame, run.plain_settings()):
        for item in explained.options:
            if item.id == option:
                return [question.fact for question in item.questions]
    return []


def _answer(option: Option, reviewed: Reviewed, rule: str) -> str:
    if rule not in option.law.rules:
        raise InputError(f"{option.id} has no rule {rule!r}{nearest(rule, list(option.law.rules))}")
    if rule not in {planned.id for planned in reviewed.planned.rules}:
        return "not_in_force"
    if rule in reviewed.unknown:
        return "undecided"
    return "failed" if rule in (*reviewed.failed, *reviewed.conditions) else "met"


def _order(run: Run) -> Mapping[str, Any]:
    own = program(run.program)
    return order_figures(own, run.review_facts(own.options[-1].id, _facts(run)).row)
