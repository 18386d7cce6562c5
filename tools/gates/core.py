"""What all gates share: findings, reports, reviewed exceptions, walking over Python files."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
EXCEPTIONS = Path(__file__).with_name("exceptions.yaml")


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong.

    ``token`` is the exact piece of source that offends; a reviewed exception names it.
    """

    path: str
    line: int
    token: str
    message: str

    def __str__(self) -> str:
        """One line an editor can jump to."""
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Report:
    """What one gate looked at and what it found.

    ``checked`` counts the things looked at (files, names, lines: each gate says what in ``unit``).
    """

    gate: str
    unit: str
    checked: int
    findings: tuple[Finding, ...] = ()

    @property
    def passed(self) -> bool:
        """True when something was looked at and nothing was found."""
        return self.checked > 0 and not self.findings

    def __str__(self) -> str:
        """The whole report in plain lines, worst news first."""
        if self.checked == 0:
            return f"{self.gate}: FAILED, found no {self.unit} to check; has the code it watches moved?"
        if not self.findings:
            return f"{self.gate}: passed, {self.checked} {self.unit}"
        lines = [f"{self.gate}: FAILED, {len(self.findings)} findings in {self.checked} {self.unit}"]
        return "\n".join(lines + [f"  {finding}" for finding in sorted(self.findings)])


@dataclass(frozen=True)
class ReviewedException:
    """One finding that a person looked at and accepted, with the reason."""

    gate: str
    path: str
    token: str
    reason: str


class ExceptionListError(Exception):
    """The list of reviewed exceptions is itself wrong."""


def load_exceptions(path: Path = EXCEPTIONS) -> tuple[ReviewedException, ...]:
    """Read the reviewed exceptions.

    Raises:
        ExceptionListError: for an entry with unknown or missing keys, or without a real reason.
    """
    entries: Any = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    keys = {"gate", "path", "token", "reason"}
    result = []
    for number, entry in enumerate(entries, start=1):
        place = f"{path.name}, entry {number}"
        if not isinstance(entry, dict) or set(entry) != keys:
            raise ExceptionListError(f"{place}: needs exactly the keys {', '.join(sorted(keys))}")
        values = {key: str(value).strip() for key, value in entry.items()}
        if len(values["reason"].split()) < 4:
            raise ExceptionListError(f"{place}: say why in a sentence, not {values['reason']!r}")
        result.append(ReviewedException(**values))
    if len(set(result)) != len(result):
        raise ExceptionListError(f"{path.name}: the same exception is listed twice")
    return tuple(result)


def apply_exceptions(report: Report, exceptions: Iterable[ReviewedException]) -> Report:
    """Drop reviewed findings; an exception that matches nothing becomes a finding itself."""
    mine = [exception for exception in exceptions if exception.gate == report.gate]
    accepted = {(exception.path, exception.token) for exception in mine}
    found = {(finding.path, finding.token) for finding in report.findings}
    kept = [finding for finding in report.findings if (finding.path, finding.token) not in accepted]
    stale = [
        Finding(
            EXCEPTIONS.name, 0, exception.token, f"no longer needed: {exception.token} in {exception.path}"
        )
        for exception in mine
        if (exception.path, exception.token) not in found
    ]
    return Report(report.gate, report.unit, report.checked, tuple(sorted(kept + stale)))


@dataclass
class SourceFile:
    """One parsed Python file; ``name`` is its path relative to the tree that is checked."""

    name: str
    tree: ast.Module
    docstrings: set[int] = field(default_factory=set)


def _docstring_nodes(tree: ast.Module) -> Iterator[int]:
    """Identities of the constant nodes that are docstrings (or bare strings used as comments)."""
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield id(value)


def python_files(root: Path, folders: Sequence[str]) -> list[SourceFile]:
    """Parse every Python file below ``root / folder`` for each folder, in a fixed order."""
    files = []
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
            files.append(SourceFile(path.relative_to(root).as_posix(), tree, set(_docstring_nodes(tree))))
    return files


def scan(gate: str, files: Sequence[SourceFile], check: Callable[[SourceFile], Iterable[Finding]]) -> Report:
    """Run ``check`` over all files and gather one report."""
    findings = sorted({finding for file in files for finding in check(file)})
    return Report(gate, "Python files", len(files), tuple(findings))
