"""Gate: no law in code.

Dates, thresholds, rates and limits of a program are parameters in YAML, dated and cited. In the rooms where
rules are written (``programs/`` and ``review/``) this gate refuses

- numbers other than structural ones (see ``STRUCTURAL``; picking an element or numbering names is fine),
- dates: ``date(2024, 12, 1)`` and strings such as ``"2024-12-01"``,
- numbers in disguise: ``Decimal("0.31")``, ``int("80")``,
- sentences that state a threshold (``"80 percent"``, ``"$500"``, ``"120 days"``): words must show the
  parameter, or they will go on telling the old rule after the law has changed.

Docstrings and comments may state numbers; they explain.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools.gates.core import Finding, Report, SourceFile, python_files, scan

GATE = "law"
FOLDERS = ("src/hopenow/programs", "src/hopenow/review")

# Numbers that say how things are counted or stored, never what a program allows.
STRUCTURAL = {
    0: "nothing, the first",
    1: "one, the next",
    2: "halves, pairs, powers",
    10: "decimal places",
    12: "months in a year",
    63: "highest usable bit of a mask",
    64: "bits in a mask",
    100: "cents in a dollar, parts of a percent",
    1_000: "thousands",
    10_000: "engine rate units in a percent",
    1_000_000: "engine rate units in one",
    65_536: "rows in a batch",
}

_DATE_CALLS = {"date", "datetime", "Date", "Datetime", "fromisoformat", "strptime"}
_NUMBER_CALLS = {"Decimal", "Fraction", "int", "float", "lit"}
_ISO_DATE = re.compile(r"\b(1[89]|20)\d\d-\d\d(-\d\d)?\b")
_NUMBER_TEXT = re.compile(r"^\s*[-+]?\d+([./]\d+)?\s*$")
_SPOKEN_THRESHOLD = re.compile(
    r"\$\s?\d|\b\d[\d,.]*\s?(%|per ?cent\b|"
    r"(calendar |business )?days?\b|months?\b|years?\b|payments?\b|installments?\b)",
    re.IGNORECASE,
)


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _index_constants(tree: ast.Module) -> set[int]:
    """Identities of small whole numbers that only pick an element: ``row[3]``."""
    return {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        for part in ast.walk(node.slice)
        if isinstance(part, ast.Constant) and isinstance(part.value, int)
    }


def _enumerations(tree: ast.Module) -> set[int]:
    """Identities of numbers that only tell names apart: ``LOW, MIDDLE, HIGH = 0, 1, 2`` or ``= range(3)``."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple)):
            continue
        names, value = node.targets[0].elts, node.value
        if isinstance(value, ast.Tuple):
            constants = [part for part in value.elts if isinstance(part, ast.Constant)]
            if [part.value for part in constants] == list(range(len(names))):
                found.update(id(part) for part in constants)
        elif isinstance(value, ast.Call) and _called(value) == "range" and len(value.args) == 1:
            count = value.args[0]
            if isinstance(count, ast.Constant) and count.value == len(names):
                found.add(id(count))
    return found


def _number_finding(file: SourceFile, node: ast.Constant) -> Iterator[Finding]:
    value = node.value
    # bool is an int in Python; True and False are no thresholds.
    if isinstance(value, bool) or not isinstance(value, int | float | complex):
        return
    if isinstance(value, int) and abs(value) in STRUCTURAL:
        return
    message = f"{value!r} looks like a rule's number; make it a dated, cited parameter"
    yield Finding(file.name, node.lineno, repr(value), message)


def _text_findings(file: SourceFile, node: ast.Constant) -> Iterator[Finding]:
    text = node.value
    if not isinstance(text, str):
        return
    for pattern, what in ((_ISO_DATE, "a date"), (_SPOKEN_THRESHOLD, "a threshold in words")):
        match = pattern.search(text)
        if match:
            message = f"{match.group()!r} is {what}; take it from a dated, cited parameter"
            yield Finding(file.name, node.lineno, match.group(), message)
            return


def _call_findings(file: SourceFile, node: ast.Call) -> Iterator[Finding]:
    name = _called(node)
    constants = [part.value for part in node.args if isinstance(part, ast.Constant)]
    first = constants[0] if constants else None
    if name in _DATE_CALLS and len(constants) >= 2 and all(type(value) is int for value in constants):
        token = ast.unparse(node)
        yield Finding(file.name, node.lineno, token, f"{token} is a date; make it a cited parameter")
    if name in _NUMBER_CALLS and isinstance(first, str) and _NUMBER_TEXT.match(first):
        token = ast.unparse(node)
        yield Finding(file.name, node.lineno, token, f"{token} is a number in disguise; make it a parameter")


def _check(file: SourceFile) -> Iterator[Finding]:
    harmless = _index_constants(file.tree) | _enumerations(file.tree)
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call):
            yield from _call_findings(file, node)
        if isinstance(node, ast.Constant) and id(node) not in file.docstrings:
            if id(node) not in harmless:
                yield from _number_finding(file, node)
            yield from _text_findings(file, node)


def check_law(root: Path) -> Report:
    """Check every module in which rules are written, below ``root``."""
    return scan(GATE, python_files(root, FOLDERS), _check)
