"""Tests that never run and commands whose failure is swallowed are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.gates.core import ROOT
from tools.gates.suite import check_collected, check_exit_status


def plant(root: Path, name: str, text: str) -> Path:
    """Write one file below ``root``."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tests/parameters.py", "def test_one(): ...\n"),
        ("tests/law/checks.py", "class TestLaw: ...\n"),
        ("tests/test_twice.py", "def test_one(): ...\ndef test_one(): ...\n"),
    ],
)
def test_planted_dead_test_is_red(tmp_path: Path, name: str, text: str) -> None:
    assert check_collected(plant(tmp_path, name, text)).findings


def test_helpers_and_tests_are_green(tmp_path: Path) -> None:
    plant(tmp_path, "tests/oracle/conventional.py", "def payment(): ...\n")
    assert check_collected(plant(tmp_path, "tests/test_it.py", "def test_it(): ...\n")).passed


def test_no_tests_is_red(tmp_path: Path) -> None:
    assert not check_collected(tmp_path).passed


@pytest.mark.parametrize(
    "line",
    [
        "\tpytest || true",
        "\tpytest || :",
        "\tmypy; true",
        "\t-pytest",
        "\t@-pytest",
        "\tset +e",
        "\truff --exit-zero",
    ],
)
def test_planted_swallowed_failure_is_red(tmp_path: Path, line: str) -> None:
    plant(tmp_path, ".ci/run", "make test\n")
    assert len(check_exit_status(plant(tmp_path, "Makefile", f"test:\n{line}\n")).findings) == 1


def test_missing_script_is_red(tmp_path: Path) -> None:
    assert not check_exit_status(plant(tmp_path, "Makefile", "test:\n\tpytest\n")).passed


@pytest.mark.parametrize("check", [check_collected, check_exit_status])
def test_real_tree_is_green(check) -> None:
    report = check(ROOT)
    assert report.passed, str(report)
