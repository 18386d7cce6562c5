"""Results as text, and the reference of options, inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hopenow.conformance.handler import ANSWERS, Handler
from hopenow.conformance.kinds import KINDS, Field
from hopenow.conformance.loans import NAMES, WORDS, loan_fields
from hopenow.conformance.options import DETERMINATION
from hopenow.conformance.registry import handlers
from hopenow.conformance.runner import CaseResult
from hopenow.programs.registry import PROGRAMS, program

__all__ = ["count_line", "reference", "render"]

_SAID = {
    "passed": "passed",
    "explained": "differs, explained",
    "failed": "FAILED",
    "error": "ERROR",
    "no figures": "no figures",
}


def render(results: Sequence[CaseResult], *, verbose: bool = False) -> str:
    """Write results as text: a line per case, a line per differing figure, and the counts as the last line.

    Args:
        results: from :func:`hopenow.conformance.run`.
        verbose: also notes and caveats of passed cases.
    """
    lines = []
    for result in results:
        figures = f" ({result.compared} figures)" if result.compared else ""
        lines.append(f"{_SAID[result.status]:<18} {result.id}  {result.option}{figures}")
        lines += [f"    {error}" for error in result.errors]
        for item in result.differences:
            lines.append(f"    {item.figure}: expected {item.expected}, got {item.got}")
            if item.reading:
                lines.append(f"      explained: {item.reading}")
        if verbose or result.status != "passed":
            lines += [f"    note: {note}" for note in result.notes]
            lines += [f"    caveat of the source: {caveat}" for caveat in result.caveats]
    return "\n".join([*lines, count_line(results)])


def count_line(results: Sequence[CaseResult]) -> str:
    """Return the counts: ``25 passed, 0 failed``; what else there is, where there is any."""
    counts = {status: sum(result.status == status for result in results) for status in _SAID}
    parts = [f"{counts['passed']} passed"]
    if counts["explained"]:
        parts.append(f"{counts['explained']} differ, explained")
    parts.append(f"{counts['failed'] + counts['error']} failed")
    line = ", ".join(parts)
    if counts["error"]:
        line += f" ({counts['error']} of them could not be run)"
    return f"{line}, {counts['no figures']} without figures" if counts["no figures"] else line


def reference() -> str:
    """Write the reference of every option with its inputs and outputs, as Markdown."""
    lines = ["## How values are written", "", "| kind | written as |", "|---|---|"]
    lines += [f"| {kind.name} | {kind.written} |" for kind in KINDS.values()]
    lines += [
        "",
        "## The loan",
        "",
        "Other names of facts, besides every fact's own name:",
        "",
        "| word | fact |",
        "|---|---|",
    ]
    lines += [f"| `{word}` | `{fact}` |" for word, fact in NAMES.items()]
    lines += [
        "",
        "Words with a meaning of their own:",
        "",
        *_table({word: entry.field for word, entry in WORDS.items()}),
    ]
    lines += [
        "",
        "## Answers",
        "",
        "Every option of the review also has these outputs:",
        "",
        *_table(ANSWERS),
    ]
    lines += _programs()
    shown: list[Handler] = []
    for handler in handlers().values():
        lines += _section(handler, shown)
        shown.append(handler)
    return "\n".join([*lines, ""])


def _programs() -> list[str]:
    """Describe the cases that name a program: every option of it, without a handler of its own."""
    lines = [
        "",
        "## Any option of a program",
        "",
        "A case with the key `program` is about an option of that program, by its own id, or about `evaluation_order`. "
        "Inputs are facts under their own names (`hopenow facts`); what is not given is not known, and only loan type "
        "and investor go without saying where the program has no choice. Outputs are the terms of the option under "
        "their own names, and:",
        "",
        *_table({**DETERMINATION, "rules.<rule id>": Field("text", "met, failed, undecided or not_in_force")}),
        "",
        "| program | options |",
        "|---|---|",
    ]
    for name in PROGRAMS:
        lines.append(f"| `{name}` | {', '.join(f'`{option.id}`' for option in program(name).options)} |")
    return [*lines, "", "The sections below are for cases that speak in the words of their sources."]


def _section(handler: Handler, shown: Sequence[Handler]) -> list[str]:
    for other in shown:
        if (handler.inputs, handler.outputs) == (other.inputs, other.outputs):
            return [
                "",
                f"## `{handler.option}`",
                "",
                f"{handler.title}. Inputs and outputs are those of `{other.option}`.",
            ]
    shared = loan_fields()
    inputs = {name: field for name, field in handler.inputs.items() if name not in shared or shared[name] is not field}
    outputs = {name: field for name, field in handler.outputs.items() if name not in ANSWERS}
    inputs |= {pattern.shown: pattern.field for pattern in handler.input_patterns}
    outputs |= {pattern.shown: pattern.field for pattern in handler.output_patterns}
    lines = ["", f"## `{handler.option}`", "", f"{handler.title}."]
    if handler.groups:
        lines += ["", f"Also named {', '.join(f'`{word}`' for word in handler.groups)}."]
    if handler.about:
        lines += ["", handler.about]
    if handler.needs:
        lines += [
            "",
            "Needs " + "; ".join(" or ".join(f"`{name}`" for name in names) for names in handler.needs) + ".",
        ]
    if any(name in shared for name in handler.inputs) and len(handler.inputs) >= len(shared):
        lines += ["", "Inputs: every word of the loan" + (", and:" if inputs else ".")]
    else:
        lines += ["", "Inputs:"]
    if inputs:
        lines += ["", *_table(inputs)]
    return [*lines, "", "Outputs:", "", *_table(outputs)]


def _table(fields: Mapping[str, Field]) -> list[str]:
    lines = ["| name | kind | meaning |", "|---|---|---|"]
    for name, field in fields.items():
        kind = f"list of {field.kind}" if field.many == "list" else field.kind
        lines.append(f"| `{name}` | {kind} | {field.meaning} |")
    return lines
