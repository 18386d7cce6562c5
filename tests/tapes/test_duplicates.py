from __future__ import annotations

import datetime

import polars as pl

from hopenow.tapes.duplicates import Duplicates

DAY = datetime.date(2026, 9, 30)


def frame(ids: list[str], day: datetime.date = DAY) -> pl.DataFrame:
    return pl.DataFrame({"loan_id": ids, "evaluation_date": [day] * len(ids)}, schema_overrides={"loan_id": pl.String})


def test_a_loan_is_repeated_within_and_across_batches() -> None:
    seen = Duplicates()
    assert seen.repeated(frame(["a", "b", "a"])).to_list() == [False, False, True]
    assert seen.repeated(frame(["b", "c"])).to_list() == [True, False]
    assert seen.repeated(frame([])).to_list() == []


def test_another_day_is_another_row() -> None:
    seen = Duplicates()
    assert not seen.repeated(frame(["a", "b"])).any()
    assert not seen.repeated(frame(["a", "b"], datetime.date(1969, 12, 31))).any()
    assert seen.repeated(frame(["a"], datetime.date(1969, 12, 31))).all()


def test_without_dates_a_loan_is_there_once() -> None:
    seen = Duplicates()
    assert seen.repeated(pl.DataFrame({"loan_id": ["a", "b", "b"]})).to_list() == [False, False, True]


def test_nothing_is_forgotten_as_the_table_grows() -> None:
    seen = Duplicates()
    ids = [str(number) for number in range(300_000)]
    for start in range(0, len(ids), 50_000):
        assert not seen.repeated(frame(ids[start : start + 50_000])).any()
    assert seen.repeated(frame(ids[::-7])).all()
    assert seen.repeated(frame([*ids[:3], "new"])).to_list() == [True, True, True, False]
