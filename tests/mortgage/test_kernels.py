from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopenow.mortgage import exact, kernels

BALANCES = st.one_of(st.integers(0, 10**10), st.integers(0, 10_000), st.integers(10**5, 10**8))
RATES = st.one_of(
    st.integers(0, 250_000),
    st.integers(0, 120).map(lambda n: n * 1_250),
    st.sampled_from([0, 1, 2, 999_999, 1_000_000]),
)
TERMS = st.one_of(st.integers(1, 480), st.integers(1, 6))


@st.composite
def loans(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Balance, rate, term, and a payment near the level one."""
    balance, rate, term = draw(BALANCES), draw(RATES), draw(TERMS)
    level = exact.payment(balance, rate, term)
    payment = draw(st.one_of(st.just(level), st.integers(max(level - 3, 0), level + 3), st.integers(0, level * 2)))
    return balance, rate, term, payment


# Balance, rate, term, payment: as published in official samples, third parties' worked cases, or textbooks.
PUBLISHED_PAYMENTS = [
    (28343128, 36_250, 282, 149466),
    (32858490, 47_500, 480, 153041),
    (23676547, 65_000, 309, 158017),
    (25140531, 65_000, 480, 147187),
    (21592199, 65_000, 480, 126413),
    (10000000, 60_000, 360, 59955),
    (20000000, 40_000, 360, 95483),
]


@pytest.mark.parametrize(("balance", "rate", "term", "expected"), PUBLISHED_PAYMENTS)
def test_published_payments(balance: int, rate: int, term: int, expected: int) -> None:
    assert kernels.payment(balance, rate, term) == exact.payment(balance, rate, term) == expected


@pytest.mark.parametrize(
    ("balance", "rate", "months", "expected"),
    [(27931250, 36_250, 5, 421878), (34786883, 47_500, 6, 826188), (27931250, 36_250, 1, 84376)],
)
def test_published_interest(balance: int, rate: int, months: int, expected: int) -> None:
    assert kernels.interest(balance, rate, months) == exact.interest(balance, rate, months) == expected


@pytest.mark.parametrize(
    ("payment", "rate", "term", "expected"),
    [(153041, 47_500, 480, 32858490), (126413, 65_000, 480, 21592199)],
)
def test_published_present_values(payment: int, rate: int, term: int, expected: int) -> None:
    assert kernels.present_value(payment, rate, term, kernels.HALF_UP) == expected


def test_a_payment_rounded_to_the_cent_gives_back_its_term() -> None:
    assert kernels.term_for_payment(23676547, 65_000, 158017, 500) == 309
    assert kernels.term_for_payment(23676547, 65_000, 158017, 0) == 310


def test_the_official_sample_stops_at_the_first_term_that_meets_the_target() -> None:
    # 281 months reduce the payment by 19.98 %, 282 by 20.16 %: the largest payment with 20.01 % is 1,497.48.
    assert kernels.smallest_term_with_payment_at_most(28343128, 36_250, 149748, 241, 480) == 282


def test_payments_equal_exact_arithmetic_on_many_loans() -> None:
    rng = np.random.default_rng(20071010)
    count = 200_000
    balance = rng.integers(1, 10 ** rng.integers(3, 11, count), dtype=np.int64)
    rate = np.where(rng.random(count) < 0.7, rng.integers(0, 120, count) * 1_250, rng.integers(0, 250_001, count))
    term = np.where(rng.random(count) < 0.9, rng.integers(1, 481, count), rng.integers(1, 6, count))
    found = kernels.payment_array(balance, rate, term).tolist()
    rows = zip(balance.tolist(), rate.tolist(), term.tolist(), found, strict=True)
    assert [row for row in rows if exact.payment(*row[:3]) != row[3]] == []


def test_settling_alone_is_exact() -> None:
    # Ordinary loans hardly ever get there, so it is also asked about loans that need no settling.
    rng = np.random.default_rng(11)
    for _ in range(10_000):
        balance, rate = (
            int(rng.integers(1, 10 ** rng.integers(3, 12))),
            int(rng.integers(1, 10 ** rng.integers(1, 7))),
        )
        term = int(rng.integers(1, 600))
        assert kernels._payment_settled(balance, rate, term, kernels.HALF_UP) == exact.payment(balance, rate, term)


def test_balances_and_present_values_equal_exact_arithmetic_on_large_loans() -> None:
    # The larger the value and the growth, the more often floats alone do not decide.
    rng = np.random.default_rng(12)
    for _ in range(1_500):
        balance, rate = int(rng.integers(10**8, 10**10)), int(rng.integers(1, 250_000))
        term, months = int(rng.integers(12, 481)), int(rng.integers(1, 481))
        payment = exact.payment(balance, rate, term)
        found = kernels.balance_after(balance, rate, payment, months)
        assert found == exact.balance_after(balance, rate, payment, months)
        for mode in (kernels.HALF_UP, kernels.FLOOR, kernels.CEILING):
            found = kernels.present_value(payment, rate, term, mode)
            assert found == exact.present_value(payment, rate, term, mode)


@pytest.mark.parametrize(
    ("balance", "rate", "term", "expected"),
    [
        (10050, 120_000, 2, 5101),  # exactly 5,100.5
        (5, 0, 2, 3),
        (1, 0, 2, 1),
        (100, 60_000, 1, 101),  # exactly 100.5
        (0, 50_000, 360, 0),
    ],
)
def test_exact_ties_go_up(balance: int, rate: int, term: int, expected: int) -> None:
    assert kernels.payment(balance, rate, term) == exact.payment(balance, rate, term) == expected


def test_ties_over_two_months_are_found_wherever_they_are() -> None:
    # Over two months at 12 % the payment is balance * 10201 / 20100: every odd multiple of 10050 is a tie.
    for odd in range(1, 2_000, 2):
        assert kernels.payment(10050 * odd, 120_000, 2) == exact.payment(10050 * odd, 120_000, 2)


def test_near_ties_are_settled() -> None:
    # Balances whose payment lies within 1e-6 of half a cent, where floats alone may not decide.
    rate, term = 41_250, 360
    factor = exact.annuity_factor(rate, term)
    hits = []
    for payment in range(100_000, 1_000_000):
        middle = (payment + 0.5) * float(factor)
        if abs(middle - round(middle)) < 1e-4:
            hits += [(round(middle) + shift, rate, term) for shift in (-1, 0, 1)]
    assert len(hits) > 300
    assert [kernels.payment(*loan) for loan in hits] == [exact.payment(*loan) for loan in hits]


@given(BALANCES, RATES, TERMS)
def test_payment(balance: int, rate: int, term: int) -> None:
    assert kernels.payment(balance, rate, term) == exact.payment(balance, rate, term)


@given(BALANCES, RATES, TERMS, st.sampled_from([kernels.HALF_UP, kernels.FLOOR, kernels.CEILING]))
def test_present_value(payment: int, rate: int, term: int, mode: int) -> None:
    assert kernels.present_value(payment, rate, term, mode) == exact.present_value(payment, rate, term, mode)


@given(BALANCES, RATES, st.integers(0, 480), st.sampled_from([360, 365, 366]))
def test_interest(balance: int, rate: int, months: int, basis: int) -> None:
    assert kernels.interest(balance, rate, months) == exact.interest(balance, rate, months)
    assert kernels.interest_days(balance, rate, months, basis) == exact.interest_days(balance, rate, months, basis)


@given(loans(), st.integers(0, 480))
def test_balances(loan: tuple[int, int, int, int], months: int) -> None:
    balance, rate, term, payment = loan
    # Beyond this the unrounded closed form needs more than the digits that the kernel promises.
    if (1 + rate / 12e6) ** months < 1e6:
        assert kernels.balance_after(balance, rate, payment, months) == exact.balance_after(
            balance, rate, payment, months
        )
    months = min(months, term + 1)
    expected = exact.balance_after_rounded(balance, rate, payment, months)
    if expected <= 10**12:
        assert kernels.balance_after_rounded(balance, rate, payment, months) == expected
        expected = exact.scheduled_principal(balance, rate, payment, months)
        assert kernels.scheduled_principal(balance, rate, payment, months) == expected


@given(loans(), st.sampled_from([0, 1, 500, 1_000_000]))
def test_term_for_payment(loan: tuple[int, int, int, int], tolerance: int) -> None:
    balance, rate, _, payment = loan
    found = kernels.term_for_payment(balance, rate, payment, tolerance)
    if found > 0:
        limit = payment + Fraction(tolerance, 1000)
        assert exact.raw_payment(balance, rate, found) <= limit
        assert found == 1 or exact.raw_payment(balance, rate, found - 1) > limit
    else:
        assert found == exact.term_for_payment(balance, rate, payment, tolerance)


@given(BALANCES.filter(bool), RATES, TERMS)
def test_every_level_payment_gives_back_a_term_with_that_payment(balance: int, rate: int, term: int) -> None:
    payment = kernels.payment(balance, rate, term)
    if payment == 0:
        return
    found = kernels.term_for_payment(balance, rate, payment, 500)
    assert 1 <= found <= term
    # A shorter term only where both round to the same cent, or to the half above it.
    assert kernels.payment(balance, rate, found) - payment in (0, 1)


@given(loans(), st.one_of(st.just(0), st.integers(0, 2000)))
def test_term_leaving_at_most(loan: tuple[int, int, int, int], residue: int) -> None:
    balance, rate, _, payment = loan
    found = kernels.term_leaving_at_most(balance, rate, payment, residue)
    if found > 0 and (1 + rate / 12e6) ** found < 1e6:
        assert exact.balance_after(balance, rate, payment, found) <= residue
        assert exact.balance_after(balance, rate, payment, found - 1) > residue
    elif found == 0:
        assert balance <= residue


@given(loans(), st.integers(1, 480), st.integers(0, 480))
def test_smallest_term(loan: tuple[int, int, int, int], first: int, more: int) -> None:
    balance, rate, _, target = loan
    last = min(first + more, 480)
    found = kernels.smallest_term_with_payment_at_most(balance, rate, target, first, last)
    if found == -1:
        assert exact.payment(balance, rate, last) > target
    else:
        assert first <= found <= last
        assert exact.payment(balance, rate, found) <= target
        assert found == first or exact.payment(balance, rate, found - 1) > target


@given(loans(), RATES, st.integers(500, 5_000), st.booleans())
def test_steps_to_reach(loan: tuple[int, int, int, int], floor: int, step: int, part: bool) -> None:
    balance, start, term, target = loan
    start, floor = start % 250_001, floor % 250_001
    arguments = (balance, start, floor, step, term, target, part)
    assert kernels.steps_to_reach(*arguments) == exact.steps_to_reach(*arguments)


def test_a_part_step_lands_on_the_floor_only_when_allowed() -> None:
    # From 5 % to a floor of 4.8 % in eighths, and a target that nothing reaches.
    assert kernels.steps_to_reach(20_000_000, 50_000, 48_000, 1_250, 360, 1, True) == 2
    assert kernels.stepped_rate(50_000, 48_000, 1_250, 2) == 48_000
    assert kernels.steps_to_reach(20_000_000, 50_000, 48_000, 1_250, 360, 1, False) == 1
    assert kernels.steps_to_reach(20_000_000, 50_000, 49_000, 1_250, 360, 1, False) == 0
    assert kernels.steps_to_reach(20_000_000, 50_000, 60_000, 1_250, 360, 1, True) == 0
    assert kernels.stepped_rate(50_000, 60_000, 1_250, 3) == 50_000


@given(BALANCES, TERMS, st.integers(0, 10**8))
def test_rate_for_payment(balance: int, term: int, target: int) -> None:
    found = kernels.rate_for_payment(balance, term, target)
    if found == -1:
        assert exact.payment(balance, 0, term) > target
    else:
        assert exact.payment(balance, found, term) <= target
        assert found == kernels.MAX_RATE or exact.payment(balance, found + 1, term) > target


@given(BALANCES, RATES, st.integers(1, 479))
def test_payment_is_monotone(balance: int, rate: int, term: int) -> None:
    here = kernels.payment(balance, rate, term)
    assert kernels.payment(balance, rate, term + 1) <= here
    assert kernels.payment(balance + 1, rate, term) >= here
    assert rate == kernels.MAX_RATE or kernels.payment(balance, rate + 1, term) >= here


@given(loans())
def test_present_value_undoes_payment(loan: tuple[int, int, int, int]) -> None:
    balance, rate, term, _ = loan
    value = kernels.present_value(kernels.payment(balance, rate, term), rate, term, kernels.HALF_UP)
    # Half a cent a month, discounted, is at most half a cent per month of the term.
    assert abs(value - balance) <= (term + 1) // 2 + 1


ARGUMENTS: dict[str, tuple[list[list[int]], tuple[int, ...]]] = {
    "payment": ([[28343128, 5, -1], [36_250, 0, 1], [282, 3, 1]], ()),
    "present_value": ([[153041, 5], [47_500, 0], [480, 3]], (kernels.FLOOR,)),
    "interest": ([[27931250, -1], [36_250, 1], [5, 1]], ()),
    "balance_after": ([[28343128, 0], [36_250, 0], [149466, 0], [17, 0]], ()),
    "balance_after_rounded": ([[28343128, 0], [36_250, 0], [149466, 0], [17, 0]], ()),
    "scheduled_principal": ([[28343128, 0], [36_250, 0], [149466, 0], [17, 0]], ()),
    "term_for_payment": ([[23676547, 9], [65_000, 0], [158017, 0]], (500,)),
    "smallest_term_with_payment_at_most": ([[28343128], [36_250], [149748], [241], [480]], ()),
    "rate_for_payment": ([[28343128], [282], [149466]], ()),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arrays_are_the_scalars_row_by_row(name: str) -> None:
    columns, scalars = ARGUMENTS[name]
    scalar: Callable[..., int] = getattr(kernels, name)
    arrays = [np.array(column, dtype=np.int64) for column in columns]
    for array in arrays:
        array.flags.writeable = False  # as columns of a frame come
    found = getattr(kernels, f"{name}_array")(*arrays, *scalars)
    assert found.dtype == np.int64
    assert found.tolist() == [scalar(*row, *scalars) for row in zip(*columns, strict=True)]


def test_steps_array() -> None:
    balance, start, floor = (np.array([n], dtype=np.int64) for n in (20_000_000, 60_000, 40_000))
    term, target = np.array([360], dtype=np.int64), np.array([110_000], dtype=np.int64)
    found = kernels.steps_to_reach_array(balance, start, floor, 1_250, term, target, True)
    assert found.tolist() == [exact.steps_to_reach(20_000_000, 60_000, 40_000, 1_250, 360, 110_000, True)]


@pytest.mark.parametrize(
    "result",
    [
        kernels.payment(-1, 0, 1),
        kernels.payment(kernels.MAX_MONEY + 1, 0, 1),
        kernels.payment(1, -1, 1),
        kernels.payment(1, kernels.MAX_RATE + 1, 1),
        kernels.payment(1, 0, 0),
        kernels.payment(1, 0, 2**62),
        kernels.present_value(-1, 0, 1, 0),
        kernels.interest(1, 1, -1),
        kernels.interest_days(1, 1, 1, 364),
        kernels.balance_after(1, 1, 1, 2**62),
        kernels.balance_after(10**10, 1_000_000, 0, 12_000),
        kernels.balance_after_rounded(1, 1, 1, 2**62),
        kernels.balance_after_rounded(10**10, 1_000_000, 0, 12_000),
        kernels.scheduled_principal(10**8, 60_000, 0, 12),
        kernels.term_for_payment(10**8, 60_000, 499_999, 500),
        kernels.term_for_payment(10**8, 0, 0, 0),
        kernels.term_for_payment(10**8, 0, 1, -1),
        kernels.term_leaving_at_most(10**8, 60_000, 500_000, 0),
        kernels.term_leaving_at_most(10**8, 60_000, 600_000, -1),
        kernels.smallest_term_with_payment_at_most(10**8, 60_000, 1, 1, 480),
        kernels.smallest_term_with_payment_at_most(10**8, 60_000, 10**8, 5, 4),
        kernels.steps_to_reach(1, 1, 1, 0, 1, 1, True),
        kernels.rate_for_payment(10**8, 360, 1),
        kernels.rate_for_payment(10**8, 0, 1),
    ],
)
def test_no_answer_is_minus_one(result: int) -> None:
    assert result == -1


def test_a_drifted_ledger_needs_the_residue_form() -> None:
    # After 350 of 360 payments the rounding of months has moved the balance by more than half a cent.
    payment = kernels.payment(20_000_000, 65_000, 360)
    left = kernels.balance_after_rounded(20_000_000, 65_000, payment, 350)
    assert kernels.term_leaving_at_most(left, 65_000, payment, 500) == 10


def sample_of_results() -> list[object]:
    """Results of every kernel for a few loans, to compare compiled code with plain Python."""
    k = kernels
    loans = [(28343128, 36_250, 282), (10050, 120_000, 2), (5, 0, 2), (7, 1, 480), (10**10, 250_000, 479)]
    return [
        [k.payment(*loan) for loan in loans],
        [k.present_value(153041, 47_500, 480, mode) for mode in (0, 1, 2)],
        [k.balance_after(*loan, 1000) for loan in [(28343128, 36_250, 149466), (100, 60_000, 101)]],
        k.balance_after_rounded(28343128, 36_250, 149466, 100),
        k.scheduled_principal(28343128, 36_250, 149466, 100),
        k.interest(34786883, 47_500, 6),
        k.interest_days(34786883, 47_500, 17, 365),
        k.term_for_payment(23676547, 65_000, 158017, 500),
        k.term_leaving_at_most(23676547, 65_000, 158017, 100),
        k.smallest_term_with_payment_at_most(28343128, 36_250, 149748, 241, 480),
        k.steps_to_reach(20_000_000, 60_000, 40_000, 1_250, 360, 110_000, True),
        k.rate_for_payment(10**8, 360, 10**6),
        k.payment_array(*(np.array(column, dtype=np.int64) for column in zip(*loans, strict=True))).tolist(),
    ]


UNCOMPILED = """
import pickle, sys
from hopenow.mortgage import kernels
from tests.mortgage.test_kernels import sample_of_results
assert not hasattr(kernels.payment, "py_func"), "still compiled"
sys.stdout.buffer.write(pickle.dumps(sample_of_results()))
"""


def test_uncompiled_kernels_give_the_same(repository: Path) -> None:
    folders = os.pathsep.join([str(repository / "src"), str(repository)])
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": folders}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", UNCOMPILED], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert pickle.loads(done.stdout) == sample_of_results()  # noqa: S301  (written by the line above)
