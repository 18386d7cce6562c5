"""A real tape through the real engine: every month's end, however it is cut."""

from __future__ import annotations

import datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hopenow.review import Settings, review_canonical
from hopenow.tapes import fannie_mae

SETTINGS = Settings(programs=("fannie_mae",))


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with words as plain text: categories depend on what else is in the batch."""
    words = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Enum | pl.Categorical)]
    return frame.cast(dict.fromkeys(words, pl.String)).sort("loan_id", "evaluation_date")


@pytest.fixture(scope="module")
def tape(shared: Path) -> Path:
    return shared / "data/tapes/fannie_mae_2017Q1_108col.csv.gz"


@pytest.fixture(scope="module")
def facts(tape: Path) -> pl.DataFrame:
    return pl.concat([batch.facts for batch in fannie_mae.read(tape, at="each")]).drop("row")


@pytest.fixture(scope="module")
def result(facts: pl.DataFrame) -> pl.DataFrame:
    return plain(review_canonical(facts, SETTINGS))


def test_each_loan_month_has_one_answer(facts: pl.DataFrame, result: pl.DataFrame) -> None:
    keys = ["loan_id", "evaluation_date"]
    assert_frame_equal(result.select(keys), facts.select(keys).sort(keys))
    assert result.select(keys).is_unique().all()
    assert result["evaluation_date"].n_unique() == 63
    statuses = result.select(pl.col("^.*__status$"))
    assert set(pl.concat([column.rename("status") for column in statuses]).unique()) <= {
        "eligible",
        "conditional",
        "ineligible",
        # Months before an option's first covered rule set.
        "not_determined",
    }


@pytest.mark.parametrize("day", ["2017-02-28", "2018-03-31", "2020-06-30", "2020-07-31", "2021-09-30", "2022-03-31"])
def test_a_month_by_itself_gives_the_same(tape: Path, result: pl.DataFrame, day: str) -> None:
    date = datetime.date.fromisoformat(day)
    alone = pl.concat([batch.facts for batch in fannie_mae.read(tape, at=date)]).drop("row")
    expected = result.filter(pl.col("evaluation_date") == date)
    assert expected.height > 150
    assert_frame_equal(plain(review_canonical(alone, SETTINGS)), expected)


def test_order_changes_nothing(facts: pl.DataFrame, result: pl.DataFrame) -> None:
    shuffled = facts.sample(fraction=1.0, shuffle=True, seed=11)
    assert_frame_equal(plain(review_canonical(shuffled, SETTINGS)), result)


def test_a_loan_by_itself_gives_the_same(facts: pl.DataFrame, result: pl.DataFrame) -> None:
    late = facts.filter(pl.col("months_delinquent") >= 6).sample(12, seed=3)
    for row in late.iter_slices(1):
        key = [row.item(0, "loan_id")], [row.item(0, "evaluation_date")]
        expected = result.filter(pl.col("loan_id").is_in(key[0]) & pl.col("evaluation_date").is_in(key[1]))
        assert_frame_equal(plain(review_canonical(row, SETTINGS)), expected)


def test_an_open_answer_names_what_is_open(result: pl.DataFrame) -> None:
    for name in [column.removesuffix("__status") for column in result.columns if column.endswith("__status")]:
        reason = pl.concat_str(f"{name}__failed", f"{name}__conditions", f"{name}__unknown")
        silent = result.filter((pl.col(f"{name}__status") != "eligible") & (reason == ""))
        assert silent.is_empty(), name
