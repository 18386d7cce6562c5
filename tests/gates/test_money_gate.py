"""The money gate goes red on each way to make money a float."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.gates.core import ROOT, apply_exceptions, load_exceptions
from tools.gates.money import check_money, is_money_name

PLANTED = {
    "argument": ("def f(interest_bearing_balance: float) -> int: ...", "interest_bearing_balance"),
    "optional argument": ("def f(monthly_taxes: float | None = None) -> int: ...", "monthly_taxes"),
    "quoted annotation": ("monthly_dues: 'float' = 0", "monthly_dues"),
    "field of a record": ("class Terms:\n    new_payment: float", "new_payment"),
    "result": ("def level_payment(term: int) -> float: ...", "level_payment"),
    "array": ("def f(balance: np.ndarray[tuple[int], np.dtype[np.float64]]) -> int: ...", "balance"),
    "frame schema": ("SCHEMA = {'property_value': pl.Float64}", "property_value"),
    "frame schema, called": ("SCHEMA = {'property_value': pl.Float64()}", "property_value"),
    "Arrow field": ("pa.field('deferred_balance', pa.float64())", "deferred_balance"),
    "pairs": ("SCHEMA = [('monthly_gross_income', pl.Float64)]", "monthly_gross_income"),
    "cast": ("pl.col('escrow_advances').cast(pl.Float64)", "escrow_advances"),
    "conversion": ("x = float(terms.payment)", "payment"),
    "narrow float anywhere": ("ratios = values.astype(np.float32)", "float32"),
}
FINE = """
def payment(balance: int, rate_ppm: int, term: int) -> int: ...
SCHEMA = {"property_value": pl.Int64, "share": pl.Float64}
payment_guess: float = 0.0
is_narrow = dtype == pl.Float32
row = {"balance": float_free(balance)}
"""


def plant(root: Path, text: str) -> Path:
    """Write one module into an otherwise empty package."""
    package = root / "src" / "hopenow"
    package.mkdir(parents=True)
    (package / "planted.py").write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(("code", "token"), PLANTED.values(), ids=PLANTED.keys())
def test_planted_float_money_is_red(tmp_path: Path, code: str, token: str) -> None:
    report = check_money(plant(tmp_path, code))
    assert not report.passed
    assert [finding.token for finding in report.findings] == [token]


def test_kernels_may_guess_but_not_declare(tmp_path: Path) -> None:
    kernels = plant(tmp_path, "") / "src" / "hopenow" / "mortgage"
    kernels.mkdir()
    (kernels / "kernels.py").write_text("guess = float(balance)\nbalance: float = 1.0\n", encoding="utf-8")
    assert [finding.line for finding in check_money(tmp_path).findings] == [2]


def test_whole_cents_are_green(tmp_path: Path) -> None:
    report = check_money(plant(tmp_path, FINE))
    assert report.passed, str(report)


def test_nothing_to_check_is_red(tmp_path: Path) -> None:
    assert not check_money(tmp_path).passed


@pytest.mark.parametrize("name", ["value", "payment_guess", "balance_ratio", "term", "income_share", "rate"])
def test_other_names_are_not_money(name: str) -> None:
    assert not is_money_name(name)


def test_real_tree_is_green() -> None:
    report = apply_exceptions(check_money(ROOT), load_exceptions())
    assert report.passed, str(report)
