"""The Flex Modification kernel: 64 loans at a time give what one loan after another gives, and one loan is cheap."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from hopenow.mortgage import lanes
from hopenow.programs.conventional import flex_kernel as fk

Integers = npt.NDArray[np.int64]

ARRAY: Callable[..., Integers] = fk.terms_array
ALONE: Callable[..., tuple[int, ...]] = fk.step_waterfall
MODES = list(itertools.product((fk.TWO_DECIMAL, fk.STRICT_CENT, fk.AT_LEAST), (0, 1), (0, 1), (0, 1)))


def law_of(target_mode: int, part_step: int, value_mode: int, limit_mode: int) -> tuple[int, ...]:
    """Return figures of a law, not of any in force."""
    law = {
        fk.REDUCTION: 200_000,
        fk.TARGET_MODE: target_mode,
        fk.CUT_FROM: 500_000,
        fk.STEP: 1_250,
        fk.PART_STEP: part_step,
        fk.LONGEST: 480,
        fk.FORBEAR_ABOVE: 500_000,
        fk.FORBEAR_FLOOR: 500_000,
        fk.FORBEAR_SHARE: 300_000,
        fk.FIRST_FLOOR: 1_000_000,
        fk.VALUE_MODE: value_mode,
        fk.LIMIT_MODE: limit_mode,
    }
    return tuple(law[place] for place in range(len(law)))


def loans(count: int, seed: int = 1) -> tuple[Integers, ...]:
    """Return the arrays of the kernel up to the old payment: mostly usual loans, every fact unknown now and then."""
    rng = np.random.default_rng(seed)
    gross = rng.integers(10**6, 10**8, count)
    rate = rng.integers(10, 100, count) * 1_250
    posted = np.maximum(rate + rng.integers(-20, 20, count) * 625, 0)
    start = rng.integers(1, 481, count)
    monthly = rate / 12e6
    old = (gross * rng.uniform(0.6, 1.3, count) * monthly / (1 - (1 + monthly) ** -start)).astype(np.int64)
    columns = {
        "gross": np.where(rng.random(count) < 0.02, rng.integers(0, 10**12, count), gross),
        "rate": np.where(rng.random(count) < 0.02, rng.integers(0, 1_000_001, count), rate),
        "posted": posted,
        "bound": np.full(count, -1) if seed % 2 else posted - 1_250,
        "start": np.where(rng.random(count) < 0.02, rng.integers(0, 600, count), start),
        "value": (gross * rng.uniform(0.5, 3, count)).astype(np.int64),
        "old": old,
    }
    for column in columns.values():
        column[rng.random(count) < 0.03] = fk.UNKNOWN
    return tuple(np.ascontiguousarray(column, dtype=np.int64) for column in columns.values())


def terms(columns: tuple[Integers, ...], law: tuple[int, ...]) -> Integers:
    """Run the waterfall of 2024."""
    nothing = np.zeros(columns[0].size, np.int64)
    return ARRAY(*columns, nothing, nothing, law, 1)


@pytest.mark.parametrize("modes", MODES)
def test_side_by_side_equals_one_after_another(modes: tuple[int, int, int, int]) -> None:
    law, columns = law_of(*modes), loans(5_000, seed=1 + MODES.index(modes))
    found = terms(columns, law).T.tolist()
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    for row, figures in zip(rows, found, strict=True):
        gross, rate, _, _, start, _, old = row
        if gross >= 0 and rate >= 0 and start > 0 and old >= 0:
            assert tuple(figures) == ALONE(*row, law), row
        else:
            assert figures == [-1] * fk.STATE + [fk.NO_ANSWER, -1], row


def test_every_outcome_is_among_the_loans() -> None:
    found = terms(loans(5_000), law_of(1, 1, 0, 1))
    assert set(found[fk.STATE]) == {fk.DETERMINED, fk.NEEDS_VALUE, fk.NEEDS_RATE, fk.NO_ANSWER}
    assert set(found[fk.BOUND]) == {-1, fk.NONE, fk.BY_TARGET, fk.BY_VALUE, fk.BY_SHARE}
    assert {0, 1} <= set(found[fk.MET])
    assert len(set(found[fk.RATE_STEPS])) > 5


@pytest.mark.parametrize("stepwise", [0, 1])
def test_company_and_order_change_nothing(stepwise: int) -> None:
    law, columns = law_of(0, 1, 1, 0), loans(300)
    nothing = np.zeros(300, np.int64)

    def run(rows: Integers) -> list[list[int]]:
        picked = [np.ascontiguousarray(column[rows]) for column in (*columns, nothing, nothing)]
        found: list[list[int]] = ARRAY(*picked, law, stepwise).T.tolist()
        return found

    together = run(np.arange(300))
    assert run(np.arange(300)[::-1])[::-1] == together
    assert [run(np.array([row]))[0] for row in range(300)] == together
    for size in (0, 1, lanes.LANES - 1, lanes.LANES, lanes.LANES + 1):
        assert run(np.arange(size)) == together[:size]


def test_one_loan_costs_microseconds() -> None:
    columns, law = loans(1), law_of(1, 1, 0, 1)
    nothing = np.zeros(1, np.int64)
    best = float("inf")
    for _ in range(200):
        begun = time.perf_counter()
        ARRAY(*columns, nothing, nothing, law, 1)
        best = min(best, time.perf_counter() - begun)
    assert best < 100e-6  # measured: 3 microseconds
