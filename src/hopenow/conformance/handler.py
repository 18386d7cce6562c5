"""What a handler is, and how one is made for an option of the review."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hopenow.conformance.kinds import Field
from hopenow.conformance.loans import loan_fields
from hopenow.conformance.runs import Reviewed, Run
from hopenow.programs.base import Option
from hopenow.programs.registry import program

__all__ = ["Handler", "Pattern", "option_of", "part_handler", "review_handler", "review_outputs"]

_KIND_OF_TERM = {
    "money": "money",
    "rate": "rate",
    "months": "count",
    "days": "count",
    "count": "count",
    "date": "date",
    "flag": "flag",
    "text": "text",
}

ANSWERS: Mapping[str, Field] = {
    "eligible": Field("flag", "no rule that the facts of the case decide rules the option out"),
    "approved": Field("flag", "the same as eligible"),
    "status": Field("text", "eligible, conditional, ineligible or not_determined, all facts considered"),
    "failed_rules": Field("codes", "ids of the rules that rule the option out"),
    "conditions": Field("codes", "ids of failed rules that do not rule it out"),
    "undecided_rules": Field("codes", "ids of the rules that the facts do not decide"),
    "fatal_codes": Field("codes", "the investor's own codes of the rules that rule the option out"),
}


@dataclasses.dataclass(frozen=True)
class Pattern:
    """Inputs or outputs whose name holds a value, such as ``received_2026-11-30_1815.13``.

    Attributes:
        shown: the name with its places, for people.
        expression: full match of the name.
        field: what it is.
    """

    shown: str
    expression: re.Pattern[str]
    field: Field


@dataclasses.dataclass(frozen=True)
class Handler:
    """Runs the cases of one option.

    Attributes:
        option: the word in the case.
        title: what it is about.
        inputs: input to field.
        outputs: output to field.
        compute: from a run to output and value; outputs it does not return are not determined.
        law: law file that dates it; None where no rules are involved.
        versions: rule version as written to the ids it stands for; others stand for themselves.
        labels: rule versions that name a rule without being a rule set of the law file.
        needs: each entry: inputs of which at least one must be given.
        dated_by: inputs that give the evaluation date, first one given.
        input_patterns: see :class:`Pattern`.
        output_patterns: see :class:`Pattern`.
        about: a paragraph for the documentation.
        groups: further words under which cases name it.
        program: program under which a case runs that names neither investor nor program.
        programs: programs whose cases may name it.
        prose_version: the rule version is for the reader only; the day decides.
    """

    option: str
    title: str
    inputs: Mapping[str, Field]
    outputs: Mapping[str, Field]
    compute: Callable[[Run], Mapping[str, Any]]
    law: str | None = "process_dates"
    versions: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    labels: tuple[str, ...] = ()
    needs: tuple[tuple[str, ...], ...] = ()
    dated_by: tuple[str, ...] = ("evaluation_date",)
    input_patterns: tuple[Pattern, ...] = ()
    output_patterns: tuple[Pattern, ...] = ()
    about: str = ""
    groups: tuple[str, ...] = ()
    program: str | None = None
    programs: tuple[str, ...] = ()
    prose_version: bool = False

    def input(self, name: str) -> Field | None:
        """Return what an input is, or None."""
        return self.inputs.get(name) or _matching(self.input_patterns, name)

    def output(self, name: str) -> Field | None:
        """Return what an output is, or None."""
        return self.outputs.get(name) or _matching(self.output_patterns, name)


def _matching(patterns: tuple[Pattern, ...], name: str) -> Field | None:
    return next((item.field for item in patterns if item.expression.fullmatch(name)), None)


def option_of(name: str) -> Option:
    """Return an option of the enterprises' programs."""
    return next(item for item in program("fannie_mae").options if item.id == name)


def review_outputs(name: str, words: Mapping[str, str], more: Mapping[str, Field]) -> dict[str, Field]:
    """Return the outputs of a review option: answers, its term columns, other words for these, and more.

    Args:
        name: option id.
        words: word to term column.
        more: further outputs.
    """
    columns = option_of(name).columns
    own = {
        column: Field(_KIND_OF_TERM[kind], f"term {column}")
        for column, kind in columns.items()
        if kind in _KIND_OF_TERM
    }
    return {**ANSWERS, **own, **{word: own[column] for word, column in words.items()}, **more}


def answers(run: Run, reviewed: Reviewed) -> dict[str, Any]:
    """Return the answers of a review, with a note on what it leaves open."""
    if reviewed.unknown and {"eligible", "approved"} & set(run.wanted) and reviewed.not_ruled_out:
        run.notes.append(
            f"eligible as far as the case goes; it does not give the facts for {', '.join(reviewed.unknown)}"
        )
    return {
        "eligible": reviewed.not_ruled_out,
        "approved": reviewed.not_ruled_out,
        "status": reviewed.status,
        "failed_rules": list(reviewed.failed),
        "conditions": list(reviewed.conditions),
        "undecided_rules": list(reviewed.unknown),
        "fatal_codes": reviewed.fatal_codes,
    }


def figures(run: Run, reviewed: Reviewed, words: Mapping[str, str]) -> dict[str, Any]:
    """Return answers, terms and other words for terms; names the facts that the terms lack."""
    columns = option_of(reviewed.option).columns
    terms = {name: reviewed.term(name) for name in columns}
    if reviewed.lacking and any(terms.get(words.get(name, name), 0) is None for name in run.wanted):
        run.notes.append(f"lacking: {', '.join(reviewed.lacking)}")
    return {**answers(run, reviewed), **terms, **{word: terms[column] for word, column in words.items()}}


def part_handler(
    option: str,
    title: str,
    inputs: Mapping[str, Field],
    outputs: Mapping[str, Field],
    compute: Callable[[Run], Mapping[str, Any]],
    needs: Iterable[str],
    labels: tuple[str, ...],
    about: str = "",
    *,
    program: str,
) -> Handler:
    """Return a handler of a published part of one program (an amount, a date, a step), dated by its document.

    Args:
        option: the word in the case.
        title: what it is about.
        inputs: input to field.
        outputs: output to field.
        compute: from a run to output and value.
        needs: inputs that must be given.
        labels: documents that a case may name.
        about: a paragraph for the documentation.
        program: the program.
    """
    return Handler(
        option=option,
        title=title,
        inputs=inputs,
        outputs=outputs,
        compute=compute,
        law=None,
        labels=labels,
        program=program,
        programs=(program,),
        dated_by=(),
        needs=tuple((name,) for name in needs),
        about=about,
    )


def review_handler(
    word: str,
    title: str,
    option: str,
    *,
    words: Mapping[str, str] | None = None,
    more: Mapping[str, Field] | None = None,
    work: Callable[[Run, Reviewed], Mapping[str, Any]] | None = None,
    ordinary: Mapping[str, Any] | None = None,
    readings: Callable[[Run], Mapping[str, Any]] | None = None,
    inputs: Mapping[str, Field] | None = None,
    versions: Mapping[str, tuple[str, ...]] | None = None,
    values: Callable[[Run], Mapping[str, Any]] | None = None,
    dated_by: tuple[str, ...] = ("evaluation_date",),
    about: str = "",
) -> Handler:
    """Make the handler of a review option.

    Args:
        word: the word in the case.
        title: what it is about.
        option: option id.
        words: word to term column.
        more: further outputs, which ``work`` fills.
        work: further figures from the review.
        ordinary: facts that go without saying in such cases.
        readings: further readings of the option's parameters, from the inputs.
        inputs: further inputs, which are not facts of the loan.
        versions: see :class:`Handler`.
        values: the words of the loan, where they are not simply the inputs.
        dated_by: see :class:`Handler`.
        about: see :class:`Handler`.
    """
    names = words or {}

    def compute(run: Run) -> Mapping[str, Any]:
        given = (
            values(run) if values else {name: value for name, value in run.values.items() if name not in (inputs or {})}
        )
        reviewed = run.review(option, given, ordinary=ordinary, readings=readings(run) if readings else None)
        found = figures(run, reviewed, names)
        return {**found, **(work(run, reviewed) if work else {})}

    return Handler(
        option=word,
        title=title,
        inputs={**loan_fields(), **(inputs or {})},
        outputs=review_outputs(option, names, more or {}),
        compute=compute,
        law=option,
        versions=versions or {},
        dated_by=dated_by,
        about=about,
    )
