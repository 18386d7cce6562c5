"""Back-test: figures that can be counted by hand, intervals against other libraries, files from end to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from statsmodels.stats.proportion import proportion_confint

from hopenow.cli.app import cli
from hopenow.errors import InputError
from hopenow.tapes.synthetic import write_synthetic
from hopenow.valuation.backtest import LOSS, backtest, bootstrap, wilson
from hopenow.valuation.modern import assumptions

LAST = 2019 * 12


def entries(rows: list[dict[str, object]]) -> pl.DataFrame:
    usual = {
        "kind": "delinquency", "month": 2010 * 12, "state": "OH", "late_at": 2, "late_before": 1,
        "payment_before": 100_000, "payment_after": 80_000, "seen": 60, "fate": "running", "fate_after": None,
        "first_60": None, "current_after": None, "next_after": None,
    }  # fmt: skip
    kinds = {name: pl.Int64 for name in usual if name not in ("kind", "state", "fate")}
    made = [{"loan_id": str(place), **usual, **row} for place, row in enumerate(rows)]
    return pl.DataFrame(made, infer_schema_length=None).cast({**kinds})  # type: ignore[arg-type]


def measure(found: list[object], words: str) -> object:
    return next(item for item in found if words in item.measure)  # type: ignore[attr-defined]


def test_cure_counts_who_cures_and_follows_the_helped_until_then() -> None:
    rows = [{"current_after": 3}] * 30 + [{}] * 60 + [{"next_after": 2, "current_after": 4}] * 10
    found = measure(backtest(entries(rows), LAST), "within 12 months of falling")
    # 10 of 100 leave after month 2 uncured; then 30 of 90 cure.
    assert found.actual == pytest.approx(1 / 3)
    assert found.actual_low < 1 / 3 < found.actual_high
    assert found.count == 100
    chance = assumptions().cure()
    stays = np.prod([1 - chance[min(2 + month, chance.size - 1)] for month in range(1, 13)])
    assert found.base == pytest.approx(1 - stays)
    assert found.low < found.base < found.high


def test_redefault_is_a_share_with_a_wilson_interval() -> None:
    rows = [{"kind": "modification", "first_60": 5}] * 20 + [{"kind": "modification"}] * 80
    rows += [{"kind": "modification", "month": LAST - 2}] * 7 + [{"kind": "modification", "payment_after": None}] * 3
    found = measure(backtest(entries(rows), LAST), "within 12 months of a modification")
    assert found.actual == pytest.approx(0.2)
    assert (found.actual_low, found.actual_high) == pytest.approx(proportion_confint(20, 100, method="wilson"))
    assert (found.count, found.left_out) == (100, 10)
    # 2 percent a month, a cut of a fifth takes off a fifth.
    assert found.base == pytest.approx(1 - (1 - 0.02 * 0.8) ** 12)


def test_timeline_counts_ended_foreclosures() -> None:
    rows = [{"fate": "foreclosure_sale", "fate_after": 18}, {"fate": "acquired", "fate_after": 22}, {}]
    found = measure(backtest(entries(rows), LAST), "months from the last paid")
    assert found.actual == pytest.approx(22.0)
    assert found.count == 2
    assert found.low <= found.base <= found.high


def test_severity_needs_losses_and_says_so() -> None:
    assert "carry it along" in measure(backtest(entries([{}]), LAST), "share of the balance").note
    row = {
        "fate": "foreclosure_sale", "fate_after": 18, LOSS: 40, "original_ltv": 80, "original_balance": 10_000_000,
        "original_month": 2005 * 12, "balance_before": 9_500_000,
    }  # fmt: skip
    found = measure(backtest(entries([row] * 5), LAST), "share of the balance")
    assert found.actual == pytest.approx(0.4)
    assert 0 <= found.low <= found.base <= found.high <= 1


def test_nothing_to_compare_is_said() -> None:
    for item in backtest(entries([{"kind": "forbearance"}]), LAST):
        assert item.actual is None
        assert item.verdict == "nothing to compare"


def test_verdicts() -> None:
    rows = [{"kind": "modification", "first_60": 5}] * 190 + [{"kind": "modification"}] * 10
    assert measure(backtest(entries(rows), LAST), "within 12 months of a mod").verdict == "the model is too low"
    assert (
        "too high"
        in measure(backtest(entries([{"kind": "modification"}] * 300), LAST), "within 12 months of a mod").verdict
    )


def test_intervals_are_repeatable() -> None:
    values = np.arange(50, dtype=np.float64)
    assert bootstrap(values) == bootstrap(values)
    assert wilson(0, 10)[0] == pytest.approx(0.0)
    assert wilson(10, 10)[1] == pytest.approx(1.0)


def test_wrong_frames_are_refused() -> None:
    with pytest.raises(InputError, match="first_60"):
        backtest(pl.DataFrame({"kind": ["delinquency"]}), LAST)


def test_command_reads_histories(tmp_path: Path) -> None:
    tape = tmp_path / "tape.csv"
    write_synthetic(tape, loans=300, seed=5, delinquent=0.5)
    run = CliRunner()
    result = run.invoke(cli, ["npv", "backtest", str(tape), "--json"])
    assert result.exit_code == 0, result.output
    plain = json.loads(result.output)
    assert len(plain) == 6
    assert all(item["verdict"] for item in plain)
    result = run.invoke(cli, ["npv", "backtest", str(tape)])
    assert "happened" in result.output
    result = run.invoke(cli, ["npv", "backtest", str(tape), "--html", str(tmp_path / "b.html")])
    assert "The modern model beside what happened" in (tmp_path / "b.html").read_text()
