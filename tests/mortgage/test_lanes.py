"""Loans side by side: how exact the sheet's figures are, and that the arrays made of them equal one loan at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from hopenow.mortgage import exact, kernels, lanes
from tests.mortgage.sample_sheet import sample_sheet

Integers = npt.NDArray[np.int64]


def worst(found: Callable[[float], float], exactly: Callable[[Decimal], Decimal], places: list[float]) -> Decimal:
    """Return the largest relative error."""
    with localcontext() as context:
        context.prec = 40
        return max(abs(Decimal(found(x)) / exactly(Decimal(x)) - 1) for x in places)


def spread(low: float, high: float, count: int = 2_000) -> list[float]:
    """Return numbers of every magnitude between two."""
    return [float(x) for x in np.exp(np.random.default_rng(1).uniform(np.log(low), np.log(high), count))]


def test_logarithm_of_growth_is_exact_to_the_last_places() -> None:
    assert worst(lanes.log_of_growth, lambda x: (1 + x).ln(), spread(1e-7, 1 / 12)) < 5e-16


def test_logarithm_is_exact_to_the_last_places() -> None:
    assert worst(lanes.log_of, Decimal.ln, [x for x in spread(1e-12, 1e3) if x != 1]) < 2e-15


def test_share_repaid_is_exact_to_the_last_places() -> None:
    # Not the exponential: that would cancel. The bound of lanes.RELATIVE leaves room for what is made of it.
    assert worst(lanes.repaid, lambda x: 1 - (-x).exp(), spread(1e-7, 50)) < 1.5e-15


def test_values_lie_well_within_the_bound_of_their_error() -> None:
    rng = np.random.default_rng(2)
    for _ in range(30):
        sheet = lanes.blank()
        balance = rng.integers(1, 10**11, lanes.LANES)
        rate = rng.integers(1, 10 ** rng.integers(1, 7, lanes.LANES) + 1)
        term = rng.integers(1, 10 ** rng.integers(1, 5, lanes.LANES))
        sheet[lanes.BALANCE :][: lanes.LANES] = balance
        sheet[lanes.MONTHLY :][: lanes.LANES] = rate / 12e6
        sheet[lanes.FIRST :][: lanes.LANES] = term
        lanes.level(sheet)
        with localcontext() as context:
            context.prec = 40
            for lane in range(lanes.LANES):
                monthly = Decimal(int(rate[lane])) / 12_000_000
                value = int(balance[lane]) * monthly / (1 - (1 + monthly) ** -int(term[lane]))
                assert abs(Decimal(float(sheet[lanes.VALUE + lane])) / value - 1) < lanes.RELATIVE / 3


def test_a_lane_out_of_the_domain_declines_without_disturbing_others() -> None:
    sheet = lanes.blank()
    for lane in (5, 6):
        sheet[lanes.BALANCE + lane] = 28_343_128.0
        sheet[lanes.FIRST + lane], sheet[lanes.LAST + lane], sheet[lanes.LIMIT + lane] = 241.0, 480.0, 149_748.5
    sheet[lanes.MONTHLY + 5] = 36_250 / 12e6
    lanes.shortest(sheet)
    assert sheet[lanes.SURE :][: lanes.LANES].tolist() == [0.0] * 5 + [1.0] + [0.0] * 58
    assert sheet[lanes.TERM + 5] == 282.0
    assert not kernels.lane_decides(sheet[lanes.VALUE + 6], kernels.HALF_UP)


@pytest.mark.parametrize(
    ("first", "last", "limit", "term", "sure"),
    [
        (1, 480, 149_748.5, 282, 1),
        (300, 480, 149_748.5, 300, 1),  # the shortest allowed will do
        (241, 281, 149_748.5, 281, 1),  # none will do
        (241, 480, 1.0, 480, 1),  # the limit does not even pay the interest
    ],
)
def test_shortest_terms(first: int, last: int, limit: float, term: int, sure: int) -> None:
    sheet = lanes.blank()
    sheet[lanes.BALANCE], sheet[lanes.MONTHLY] = 28_343_128.0, 36_250 / 12e6
    sheet[lanes.FIRST], sheet[lanes.LAST], sheet[lanes.LIMIT] = first, last, limit
    lanes.shortest(sheet)
    assert (sheet[lanes.TERM], sheet[lanes.SURE]) == (term, sure)


def test_a_payment_on_the_limit_is_not_decided() -> None:
    # 100.50 over two months at 12 % is exactly 51.005 a month.
    sheet = lanes.blank()
    sheet[lanes.BALANCE], sheet[lanes.MONTHLY] = 10_050.0, 0.01
    sheet[lanes.FIRST], sheet[lanes.LAST], sheet[lanes.LIMIT] = 1, 480, 5_100.5
    lanes.shortest(sheet)
    assert sheet[lanes.SURE] == 0.0


# --- arrays -----------------------------------------------------------------------------------------------------------


def random_loans(count: int) -> dict[str, Integers]:
    """Return loans of every kind: usual, enormous, without interest, outside the domain, unknown."""
    rng = np.random.default_rng(3)
    balance = rng.integers(1, 10 ** rng.integers(1, 13, count))
    rate = np.where(rng.random(count) < 0.7, rng.integers(-1, 120, count) * 1_250, rng.integers(-1, 1_000_002, count))
    term = np.where(rng.random(count) < 0.9, rng.integers(-1, 481, count), rng.integers(1, 12_002, count))
    level = np.array(
        [kernels.payment(*loan) for loan in zip(balance.tolist(), rate.tolist(), term.tolist(), strict=True)]
    )
    payment = np.where(rng.random(count) < 0.8, level + rng.integers(-2, 3, count), level * rng.random(count))
    first = rng.integers(-1, 400, count)
    last = np.where(rng.random(count) < 0.8, 480, first + rng.integers(-2, 5, count))
    loans = {"balance": balance, "rate": rate, "term": term, "payment": payment, "first": first, "last": last}
    return {name: np.ascontiguousarray(values, dtype=np.int64) for name, values in loans.items()}


ARRAYS = [
    (kernels.payment_array, kernels.payment, ("balance", "rate", "term"), ()),
    (kernels.term_for_payment_array, kernels.term_for_payment, ("balance", "rate", "payment"), (500,)),
    (kernels.term_for_payment_array, kernels.term_for_payment, ("balance", "rate", "payment"), (0,)),
    (kernels.term_for_payment_array, kernels.term_for_payment, ("balance", "rate", "payment"), (-1,)),
    (
        kernels.smallest_term_with_payment_at_most_array,
        kernels.smallest_term_with_payment_at_most,
        ("balance", "rate", "payment", "first", "last"),
        (),
    ),
]


@pytest.mark.parametrize(("array", "single", "names", "rest"), ARRAYS)
def test_arrays_equal_one_loan_at_a_time(
    array: Callable[..., Integers], single: Callable[..., int], names: tuple[str, ...], rest: tuple[int, ...]
) -> None:
    loans = random_loans(20_000)
    columns = [loans[name] for name in names]
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    found = array(*columns, *rest)
    assert [row for row, value in zip(rows, found.tolist(), strict=True) if single(*row, *rest) != value] == []
    assert array(*(column[::-1].copy() for column in columns), *rest)[::-1].tolist() == found.tolist()
    for size in (0, 1, 63, 64, 65):
        assert array(*(column[:size].copy() for column in columns), *rest).tolist() == found[:size].tolist()


def test_terms_of_usual_loans_equal_exact_arithmetic() -> None:
    rng = np.random.default_rng(4)
    count = 200
    balance, rate = rng.integers(10**6, 10**8, count), rng.integers(1, 100, count) * 1_250
    target = kernels.payment_array(balance, rate, rng.integers(200, 481, count))
    first, last = np.full(count, 120), np.full(count, 480)
    found = kernels.smallest_term_with_payment_at_most_array(balance, rate, target, first, last)
    rows = zip(balance.tolist(), rate.tolist(), target.tolist(), found.tolist(), strict=True)
    assert [row for row in rows if exact.smallest_term_with_payment_at_most(*row[:3], 120, 480) != row[3]] == []


# --- processors -------------------------------------------------------------------------------------------------------


PRINTED = """
import sys
from tests.mortgage.sample_sheet import sample_sheet
sys.stdout.buffer.write(sample_sheet())
"""


@pytest.mark.parametrize(
    "settings",
    [
        {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
        {"NUMBA_DISABLE_JIT": "1"},
    ],
)
def test_the_same_to_the_bit_on_every_processor(settings: dict[str, str], repository: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        **settings,
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(repository / "src"), str(repository)]),
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRINTED], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == sample_sheet()
