"""On the real tape every figure equals that of a few lines of plain Python."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hopenow.oversight import outcomes
from hopenow.oversight.histories import Histories, read
from hopenow.oversight.metrics import compute, metrics
from hopenow.tapes.history import read_performance


def independent() -> Any:
    path = Path(__file__).with_name("independent_outcomes.py")
    spec = importlib.util.spec_from_file_location("independent_outcomes", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["independent_outcomes"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tape(shared: Path) -> Path:
    return shared / "data" / "tapes" / "fannie_mae_2017Q1_108col.csv.gz"


@pytest.fixture(scope="module")
def told(tape: Path) -> dict[str, Any]:
    figures: dict[str, Any] = independent().figures(tape)
    return figures


@pytest.fixture(scope="module")
def histories(tape: Path) -> Histories:
    return read(tape, grid=outcomes.grid())


def value(name: str, histories: Histories, months: int | None = None) -> tuple[int, int]:
    rows = compute(metrics()[name], histories)
    if months is not None:
        rows = rows.filter(pl.col("months") == months)
    return rows["numerator"][0], rows["denominator"][0]


def test_help(told: dict[str, Any], histories: Histories) -> None:
    made = outcomes.Outcomes.of(histories)
    found = {kind: (a, p) for kind, a, p in made.helps.iter_rows() if a}
    assert {kind: a for kind, (a, _) in found.items()} == told["actions"]
    assert {kind: p for kind, (_, p) in found.items()} == told["people"]
    assert told["actions"]["modification"] == 3
    assert told["actions"]["payment_deferral"] == 8
    assert made.people.height == told["helped"]
    assert histories.loans.height == told["loans"] == 438


def test_counts_of_the_alliance(told: dict[str, Any], histories: Histories) -> None:
    actions = told["actions"]
    assert value("hope_now.modifications", histories)[0] == actions["modification"]
    assert value("hope_now.workouts", histories)[0] == actions["modification"] + actions.get("repayment_plan", 0)
    assert value("hope_now.total_solutions", histories)[0] == sum(actions.values())
    assert value("hope_now.lower_payment", histories) == (told["lower"], 3)
    assert value("hope_now.lower_payment_10", histories) == (told["lower_10"], 3)
    bad, all_of_them = told["occ_90_6"]
    assert value("hope_now.performing_6", histories, 6) == (all_of_them - bad, all_of_them)


@pytest.mark.parametrize("late", [30, 60, 90])
@pytest.mark.parametrize("months", [3, 6, 9, 12])
def test_the_regulators_measure(told: dict[str, Any], histories: Histories, late: int, months: int) -> None:
    assert value(f"occ.redefault_{late}", histories, months) == told[f"occ_{late}_{months}"]


@pytest.mark.parametrize("months", [6, 12, 24, 36, 60])
def test_own_redefault(told: dict[str, Any], histories: Histories, months: int) -> None:
    assert value("own.redefault_60", histories, months) == told[f"redefault_{months}"]


def test_people(told: dict[str, Any], histories: Histories) -> None:
    assert value("own.people_helped", histories) == (told["helped"], told["loans"])
    assert value("own.people_long_term", histories) == (told["long"], told["loans"])


@pytest.mark.parametrize("months", [12, 24, 36, 60])
def test_states_and_tests(told: dict[str, Any], histories: Histories, months: int) -> None:
    made = outcomes.Outcomes.of(histories)
    row = made.states.filter(pl.col("months") == months).row(0, named=True)
    assert {name: row[name] for name in row if name != "months" and row[name]} == told[f"states_{months}"]
    for test, yes in told[f"tests_{months}"].items():
        rows = made.durable.filter((pl.col("months") == months) & (pl.col("test") == test))
        assert rows["yes"].to_list() == [yes]
    assert value("own.kept_current", histories, months)[0] == told[f"states_{months}"].get("current", 0)


def test_survival_curve(told: dict[str, Any], histories: Histories) -> None:
    curve = outcomes.redefault_curves(outcomes.events(histories)).filter(pl.col("curve") == "free")
    ours = {month: share for month, share in curve.select("month", "value").iter_rows() if month}
    assert set(ours) == set(told["curve"])
    for month, (share, _) in told["curve"].items():
        assert ours[month] == pytest.approx(share, abs=1e-12)


def test_stock_of_late_loans(told: dict[str, Any], histories: Histories) -> None:
    assert value("mba.late_30", histories) == (told["stock"][1], told["stock"][0])
    assert value("mba.late_90", histories) == (told["stock"][3], told["stock"][0])
    assert value("ots.late_60", histories) == (told["stock"][3], told["stock"][0])


def test_known_modification(histories: Histories) -> None:
    row = histories.entries.filter((pl.col("loan_id") == "100666946068") & (pl.col("kind") == "modification")).row(
        0, named=True
    )
    assert (row["rate_before"], row["rate_after"]) == (43_750, 28_750)
    assert row["balance_before"] == 18_842_114
    assert row["balance_after"] == 20_696_911
    assert row["payment_after"] == 72_689
    assert abs(row["payment_before"] - 99_857) <= 5
    assert row["term_after"] == 479


def test_agrees_with_the_reader_of_reviews(tape: Path, histories: Histories) -> None:
    """The review's reader walks the same files by its own kernel: dates of help must be the same."""
    frames = [batch.facts for batch in read_performance(tape)]
    facts = pl.concat(frames).select(
        "loan_id", "prior_modifications", "last_modification_date", "last_payment_deferral_date"
    )
    day = pl.date(pl.col("month") // 12, pl.col("month") % 12 + 1, 1)
    for kind, column in (
        ("modification", "last_modification_date"),
        ("payment_deferral", "last_payment_deferral_date"),
    ):
        ours = histories.entries.filter(pl.col("kind") == kind).group_by("loan_id").agg(day.max().alias("ours"))
        both = facts.join(ours, on="loan_id", how="left")
        known = both.filter(pl.col("ours").is_not_null())
        assert known.height
        assert (known["ours"] == known[column]).all()
        # "Never", or not known, where we found none.
        none = both.filter(pl.col("ours").is_null())[column].drop_nulls()
        assert (none.dt.year() == 1900).all()


def test_findings_are_counted(histories: Histories) -> None:
    counts = dict(histories.counts.select("rule", "count").iter_rows())
    assert counts == {"HIST-BALANCE-ROSE": 9, "HIST-LATE-JUMPED": 3}
