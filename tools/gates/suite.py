"""Gate: every test is really collected, and no target swallows a failure.

Careful projects have tests that never ran because their file's name did not fit the collector, and make
targets that end well whatever happened. Both look green.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools.gates.core import Finding, Report, SourceFile, python_files, scan

TESTS_GATE = "collected"
SCRIPTS_GATE = "exit-status"
_SWALLOWED = re.compile(
    r"\|\|\s*(true\b|:|exit 0\b)|;\s*(true|exit 0)\s*$|\bset \+e\b|^\t@?-|--exit-zero|^\.IGNORE"
)


def _check(file: SourceFile) -> Iterator[Finding]:
    stem = file.name.rsplit("/", 1)[-1]
    collected = stem.startswith("test_")
    names: set[str] = set()
    for node in file.tree.body:
        is_test = isinstance(node, ast.FunctionDef) and node.name.startswith("test")
        is_class = isinstance(node, ast.ClassDef) and node.name.startswith("Test")
        if not (is_test or is_class):
            continue
        assert isinstance(node, ast.FunctionDef | ast.ClassDef)  # noqa: S101 - tells the type checker
        if not collected:
            message = f"{node.name} never runs: the file's name does not start with test_"
            yield Finding(file.name, node.lineno, node.name, message)
        if node.name in names:
            message = f"{node.name} is defined twice; the first one never runs"
            yield Finding(file.name, node.lineno, node.name, message)
        names.add(node.name)


def check_collected(root: Path) -> Report:
    """Every test function below ``tests/`` sits where pytest finds it, under a name of its own."""
    return scan(TESTS_GATE, python_files(root, ["tests"]), _check)


def check_exit_status(root: Path) -> Report:
    """Neither the Makefile nor the CI script hides that a command failed."""
    checked = 0
    findings = []
    for name in ("Makefile", ".ci/run"):
        path = root / name
        if not path.is_file():
            findings.append(Finding(name, 0, name, "is missing"))
            continue
        checked += 1
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            match = _SWALLOWED.search(line)
            if match:
                findings.append(Finding(name, number, match.group(), f"{match.group()!r} hides a failure"))
    return Report(SCRIPTS_GATE, "scripts", checked, tuple(findings))
