"""The law gate goes red on each way to hide a rule's number in code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.gates.core import ROOT, apply_exceptions, load_exceptions
from tools.gates.law import check_law

PLANTED = {
    "limit": "def f(p): return pl.col('deferral_count') < 3",
    "rate": "TARGET = 0.8",
    "percent in engine units": "TARGET = 310_000",
    "negative": "SHIFT = -45",
    "numbers in a row": "FIRST, SECOND = 0, 31",
    "default": "def f(months=480): return months",
    "date": "START = datetime.date(2024, 12, 1)",
    "expression date": "START = pl.date(2, 1, 1)",
    "date in text": "START = '2024-12-01'",
    "month in text": "START = 'from 2024-12 on'",
    "decimal in disguise": "SHARE = Decimal('0.31')",
    "integer in disguise": "LIMIT = int('80')",
    "literal in disguise": "LIMIT = pl.lit('60')",
    "percent in words": "WHY = 'The payment must fall by 20 percent.'",
    "percent sign": "WHY = f'{name} must not exceed 40% of income'",
    "dollars in words": "WHY = 'You receive $7,500 for moving.'",
    "days in words": "WHY = 'Wait 120 days.'",
    "months in words": "WHY = 'at most 12 months'",
}
FINE = '''
"""A rule that asks for 120 days and 20 percent, from 2024-12-01: documentation may say so."""
def not_too_late(p):
    """At most 480 months."""
    return pl.col("days_delinquent") * 100 <= p["maximum_days"] * row[3] + 2 * 12 - 1
STRICT = True
RATE, TERM, PAYMENT, BOUND = range(4)
NONE, TARGET, LTV, SHARE = 0, 1, 2, 3
WHY = "at most {maximum_months} months"
'''


def plant(root: Path, text: str, room: str = "programs/fannie_mae") -> Path:
    """Write one module into a room of an otherwise empty package."""
    folder = root / "src" / "hopenow" / room
    folder.mkdir(parents=True)
    (folder / "planted.py").write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize("room", ["programs", "programs/fannie_mae", "review"])
@pytest.mark.parametrize("code", PLANTED.values(), ids=PLANTED.keys())
def test_planted_law_is_red(tmp_path: Path, code: str, room: str) -> None:
    report = check_law(plant(tmp_path, code, room))
    assert report.findings, code


def test_structural_numbers_and_docstrings_are_green(tmp_path: Path) -> None:
    report = check_law(plant(tmp_path, FINE))
    assert report.passed, str(report)


def test_nothing_to_check_is_red(tmp_path: Path) -> None:
    report = check_law(plant(tmp_path, PLANTED["rate"], room="elsewhere"))
    assert not report.findings
    assert not report.passed
    assert "has the code it watches moved" in str(report)


def test_real_tree_is_green() -> None:
    report = apply_exceptions(check_law(ROOT), load_exceptions())
    assert report.passed, str(report)
