"""Reviewed exceptions: exact, reasoned, and gone when no longer needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.gates.core import (
    ExceptionListError,
    Finding,
    Report,
    ReviewedException,
    apply_exceptions,
    load_exceptions,
)

FINDING = Finding("a.py", 3, "480", "480 looks like a rule's number")
REPORT = Report("law", "Python files", 1, (FINDING,))


def test_exception_accepts_only_its_own_finding() -> None:
    reason = "a reason that says why"
    assert apply_exceptions(REPORT, [ReviewedException("law", "a.py", "480", reason)]).passed
    for wrong in (("law", "b.py", "480"), ("law", "a.py", "481")):
        report = apply_exceptions(REPORT, [ReviewedException(*wrong, reason)])
        assert FINDING in report.findings
        assert len(report.findings) == 2, "the exception that matched nothing is a finding too"


def test_exception_of_another_gate_changes_nothing() -> None:
    assert apply_exceptions(REPORT, [ReviewedException("money", "a.py", "480", "reason")]) == REPORT


@pytest.mark.parametrize(
    "text",
    [
        "- {gate: law, path: a.py, token: '480'}",
        "- {gate: law, path: a.py, token: '480', reason: because}",
        "- {gate: law, path: a.py, token: '480', reason: a reason that is long, owner: x}",
        "- just words",
        "- &a {gate: law, path: a.py, token: '480', reason: a reason that is long}\n- *a",
    ],
    ids=["no reason", "empty reason", "unknown key", "no mapping", "twice"],
)
def test_bad_list_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "exceptions.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExceptionListError):
        load_exceptions(path)


def test_real_list_is_good() -> None:
    load_exceptions()
