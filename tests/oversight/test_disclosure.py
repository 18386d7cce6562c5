"""No small cell is shown, and none can be worked out: an attacker tries with whole numbers."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, milp

from hopenow.errors import InputError
from hopenow.oversight.disclosure import ALL, hidden_cells, protect, rates, stages

Sums = list[tuple[int, list[int]]]


def largest(counts: list[int], sums: Sums, hidden: Any, cell: int) -> float:
    """The most that an attacker must still think possible for a cell: whole numbers that agree with what is shown."""
    size = len(counts)
    rows = np.zeros((len(sums), size))
    for row, (total, parts) in enumerate(sums):
        rows[row, parts] = 1
        rows[row, total] = -1
    aim = np.zeros(size)
    aim[cell] = -1
    low = [0 if hidden[place] else counts[place] for place in range(size)]
    high = [10_000 if hidden[place] else counts[place] for place in range(size)]
    answer = milp(aim, constraints=LinearConstraint(rows, 0, 0), bounds=(low, high), integrality=np.ones(size))
    assert answer.status == 0
    return -float(answer.fun)


def full_table(shape: tuple[int, ...], inner: list[int]) -> tuple[list[int], Sums]:
    """Cells and relations of a table with every total, written without the module under test."""
    axes = [[*range(size), None] for size in shape]
    values = dict(zip(itertools.product(*(range(size) for size in shape)), inner, strict=True))
    keys = list(itertools.product(*axes))
    counts = [
        sum(n for k, n in values.items() if all(a is None or a == b for a, b in zip(key, k, strict=True)))
        for key in keys
    ]
    places = {key: place for place, key in enumerate(keys)}
    sums: Sums = []
    for key in keys:
        for axis, size in enumerate(shape):
            if key[axis] is None:
                parts = [places[(*key[:axis], other, *key[axis + 1 :])] for other in range(size)]
                sums.append((places[key], parts))
    return counts, sums


cells = st.one_of(st.integers(0, 12), st.integers(0, 400))


@settings(max_examples=120)
@given(st.data())
def test_no_small_cell_can_be_told(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from([(2,), (4,), (2, 2), (3, 2), (3, 4), (2, 2, 2), (3, 2, 2)]))
    size = int(np.prod(shape))
    inner = data.draw(st.lists(cells, min_size=size, max_size=size))
    threshold = data.draw(st.sampled_from([3, 5, 10]))
    counts, sums = full_table(shape, inner)
    hidden = hidden_cells(counts, sums, threshold)
    for cell, count in enumerate(counts):
        if 0 < count < threshold:
            assert hidden[cell]
            assert largest(counts, sums, hidden, cell) >= threshold


@settings(max_examples=60)
@given(st.lists(st.tuples(cells, st.floats(0, 1)), min_size=2, max_size=5))
def test_neither_those_with_the_outcome_nor_those_without(groups: list[tuple[int, float]]) -> None:
    frame = pl.DataFrame(
        {
            "group": [f"g{place}" for place in range(len(groups))],
            "people": [n for n, _ in groups],
            "helped": [round(n * share) for n, share in groups],
        }
    )
    shown = rates(frame, ["group"], of="people", hits="helped", threshold=10)
    for _, people, helped, rate, hidden in shown.iter_rows():
        if not hidden:
            assert people - helped == 0 or people - helped >= 10
            assert helped == 0 or helped >= 10
            assert rate == helped / people
        else:
            assert people is None or helped is None
    # An attacker who takes each column's total less the groups shown finds no small rest.
    groups_only = shown.filter(pl.col("group") != ALL)
    for name in ("people", "helped"):
        total = shown.filter(pl.col("group") == ALL)[name].to_list()
        if total and total[0] is not None and groups_only[name].null_count():
            rest = total[0] - groups_only[name].sum()
            assert rest >= 10


def test_one_small_cell_takes_a_second_one_with_it() -> None:
    frame = pl.DataFrame({"state": ["AL", "AK", "AZ"], "count": [3, 200, 40]})
    shown = protect(frame, ["state"], threshold=10)
    assert shown.filter(pl.col("hidden"))["state"].to_list() == ["AK", "AL"] or set(
        shown.filter(pl.col("hidden"))["state"]
    ) == {"AL", "AZ"}
    assert shown.filter(pl.col("state") == ALL)["count"].to_list() == [243]


def test_two_small_cells_whose_sum_is_small_take_a_third() -> None:
    frame = pl.DataFrame({"state": ["AL", "AK", "AZ", "AR"], "count": [3, 4, 40, 50]})
    shown = protect(frame, ["state"], threshold=10)
    assert shown["hidden"].sum() == 3


def test_nothing_is_hidden_without_need() -> None:
    frame = pl.DataFrame({"state": ["AL", "AK", None], "option": ["a", "b", "a"], "count": [30, 40, 10]})
    shown = protect(frame, ["state", "option"], threshold=10)
    assert not shown["hidden"].any()
    assert "unknown" in shown["state"].to_list()
    tiny = protect(frame.with_columns(count=pl.lit(1)), ["state", "option"], threshold=1)
    assert not tiny["hidden"].any()


def test_a_table_below_the_threshold_is_hidden_whole() -> None:
    frame = pl.DataFrame({"state": ["AL", "AK"], "count": [2, 3]})
    assert protect(frame, ["state"], threshold=10)["hidden"].all()
    with pytest.raises(InputError, match="always shown"):
        protect(frame, ["state"], threshold=10, public_total=True)


def test_a_public_total_is_never_hidden() -> None:
    frame = pl.DataFrame({"state": ["AL", "AK"], "count": [2, 30]})
    shown = protect(frame, ["state"], threshold=10, public_total=True)
    assert shown.filter(~pl.col("hidden"))["state"].to_list() == [ALL]


def test_funnel_hides_small_losses_between_steps() -> None:
    frame = pl.DataFrame({"race": ["a", "b"], "applied": [500, 400], "decided": [497, 300], "helped": [200, 100]})
    shown = stages(frame, ["race"], ["applied", "decided", "helped"], threshold=10)
    first = shown.filter(pl.col("race") == "a").row(0, named=True)
    assert first["applied"] is None or first["decided"] is None
    assert first["decided_rate"] is None
    with pytest.raises(ValueError, match="cannot hold more"):
        stages(frame, ["race"], ["decided", "applied"], threshold=10)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        hidden_cells([-1], [], 10)
    with pytest.raises(ValueError, match="sum to"):
        hidden_cells([5, 1, 1], [(0, [1, 2])], 10)
    with pytest.raises(ValueError, match="may not be called"):
        protect(pl.DataFrame({"g": [ALL], "count": [1]}), ["g"], threshold=2)


def test_a_planted_leak_is_found_by_the_attacker() -> None:
    counts, sums = full_table((3,), [3, 200, 40])
    naive = np.array([0 < n < 10 for n in counts])
    assert largest(counts, sums, naive, 0) < 10
