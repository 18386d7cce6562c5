from __future__ import annotations

import datetime
import json
from pathlib import Path

import polars as pl
import pytest

from hopenow.errors import InputError
from hopenow.facts.schema import NEVER, schema
from hopenow.mortgage.kernels import payment_array
from hopenow.tapes.batch import Batch
from hopenow.tapes.history import read_performance
from hopenow.tapes.layouts import FANNIE_MAE_110
from hopenow.tapes.loan_months import recognize
from hopenow.tapes.synthetic import CLEAN, SyntheticTape, synthetic_delinquent, write_synthetic
from tests.tapes.performance_lines import facts


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> SyntheticTape:
    return write_synthetic(tmp_path_factory.mktemp("synthetic") / "tape.txt", loans=1_000)


@pytest.fixture(scope="module")
def each(tape: SyntheticTape) -> list[Batch]:
    return list(read_performance(tape.path, at="each", cap=10**9))


@pytest.fixture(scope="module")
def last(tape: SyntheticTape) -> pl.DataFrame:
    return facts(list(read_performance(tape.path)))


def test_it_is_in_the_layout(tape: SyntheticTape) -> None:
    assert recognize(tape.path) == FANNIE_MAE_110
    with tape.path.open("rb") as stream:
        assert sum(1 for _ in stream) == tape.lines
    sidecar = json.loads(tape.path.with_name("tape.txt.dirt.json").read_text())
    assert sidecar["dirt"] == tape.dirt


def test_every_line_is_accounted_for(tape: SyntheticTape, each: list[Batch]) -> None:
    assert sum(batch.read for batch in each) == tape.lines
    assert sum(batch.facts.height + batch.skipped for batch in each) == tape.lines
    assert facts(each)["loan_id"].n_unique() == tape.loans == 1_000


def test_all_dirt_is_found_where_it_was_put_and_nowhere_else(tape: SyntheticTape, each: list[Batch]) -> None:
    found = pl.concat([batch.findings for batch in each])
    expected = {"LOGIC-ENDED", "LOGIC-BALANCE-WITHHELD"}
    by_rule = {
        rule: sorted(set(rows["row"])) for (rule,), rows in found.partition_by("rule", as_dict=True).items()
    }
    assert {rule: rows for rule, rows in by_rule.items() if rule not in expected} == {
        rule: sorted(set(rows)) for rule, rows in tape.dirt.items()
    }
    assert len(tape.dirt) >= 11


def test_it_is_believable(each: list[Batch], last: pl.DataFrame) -> None:
    late = (last["months_delinquent"] > 0).mean()
    assert isinstance(late, float)
    assert 0.08 < late < 0.2
    assert last.filter(pl.col("months_delinquent") >= 6).height > 5
    assert (last["active_forbearance"]).sum() > 5
    assert (last["prior_modifications"] > 0).sum() > 5
    assert (last["last_payment_deferral_date"] > NEVER).sum() > 5
    history = facts(each)
    assert history["active_trial"].sum() > 10
    assert history["active_repayment_plan"].sum() > 10
    assert history["state"].n_unique() > 40
    assert 0.01 < (history["amortization_type"] == "adjustable").mean() < 0.12  # type: ignore[operator]
    assert history["original_rate"].min() > 15_000  # type: ignore[operator]


def test_the_same_seed_gives_the_same_tape(tmp_path: Path) -> None:
    one = write_synthetic(tmp_path / "one.txt.gz", loans=50, seed=7)
    other = write_synthetic(tmp_path / "other.txt.gz", loans=50, seed=7)
    third = write_synthetic(tmp_path / "third.txt.gz", loans=50, seed=8)
    assert one.path.read_bytes() == other.path.read_bytes() != third.path.read_bytes()


def test_parquet_holds_the_same_loans(tmp_path: Path) -> None:
    text = write_synthetic(tmp_path / "tape.txt", loans=100, months=24, dirt=CLEAN)
    typed = write_synthetic(tmp_path / "tape.parquet", loans=100, months=24)
    assert text.dirt == {}
    one = facts(list(read_performance(text.path, at="each")))
    other = facts(list(read_performance(typed.path, at="each")))
    assert one.equals(other)
    assert one["evaluation_date"].max() == datetime.date(2026, 9, 30)
    assert one["evaluation_date"].min() == datetime.date(2024, 10, 31)


@pytest.mark.parametrize("as_of", ["2026", "2026-13", "1999-01", "soon"])
def test_a_month_that_is_none_is_refused(tmp_path: Path, as_of: str) -> None:
    with pytest.raises(InputError, match="as_of must"):
        write_synthetic(tmp_path / "tape.txt", loans=1, as_of=as_of)
    assert list(tmp_path.iterdir()) == []


def test_delinquent_loans_are_canonical_and_whole() -> None:
    frame = synthetic_delinquent(5_000, 3)
    assert dict(frame.schema) == {name: fact.dtype for name, fact in schema().items()}
    assert frame.equals(synthetic_delinquent(5_000, 3))
    assert not frame.equals(synthetic_delinquent(5_000, 4))
    assert (frame["months_delinquent"].drop_nulls() >= 1).all()
    for name, fact in schema().items():
        low, high = fact.canonical_range
        values = frame[name].drop_nulls()
        if low is not None and len(values):
            assert values.min() >= low, name  # type: ignore[operator]
        if high is not None and len(values):
            assert values.max() <= high, name  # type: ignore[operator]


def test_delinquent_loans_hold_together() -> None:
    frame = synthetic_delinquent(2_000, 3, unknown=0)
    expected = payment_array(
        frame["original_balance"].to_numpy(),
        frame["original_rate"].to_numpy(),
        frame["original_term"].cast(pl.Int64).to_numpy(),
    )
    assert (frame["monthly_principal_and_interest"].to_numpy() == expected).all()
    days = (frame["evaluation_date"] - frame["next_due_date"]).dt.total_days()
    assert (days == frame["days_delinquent"]).all()
    assert (frame["origination_date"] < frame["next_due_date"]).all()
    assert (frame["interest_bearing_balance"] <= frame["original_balance"]).all()
    assert (frame["next_due_date"] < frame["maturity_date"]).all()
    assert frame["hardship_kind"].null_count() == 0
    assert synthetic_delinquent(2_000, 3)["hardship_kind"].null_count() > 20
