from __future__ import annotations

from fractions import Fraction

import pytest

from hopenow.errors import InputError
from hopenow.mortgage import exact


def test_annuity_factor_is_the_sum_of_discounts() -> None:
    for rate, term in ((0, 7), (1, 5), (60_000, 12), (250_000, 3)):
        monthly = exact.monthly_rate(rate)
        assert exact.annuity_factor(rate, term) == sum((1 / (1 + monthly) ** n for n in range(1, term + 1)), Fraction())


def test_payment_repays_the_balance() -> None:
    balance, rate, term = 20_000_000, 62_500, 360
    left = Fraction(balance)
    for _ in range(term):
        left += left * exact.monthly_rate(rate) - exact.raw_payment(balance, rate, term)
    assert left == 0


def test_payment_is_the_rounded_raw_payment() -> None:
    for loan in ((20_000_000, 62_500, 360), (10050, 120_000, 2), (5, 0, 2)):
        raw = exact.raw_payment(*loan)
        assert -Fraction(1, 2) < raw - exact.payment(*loan) < Fraction(1, 2) or raw + Fraction(1, 2) == exact.payment(
            *loan
        )


def test_present_value_modes() -> None:
    assert [exact.present_value(100, 120_000, 1, mode) for mode in (0, 1, 2)] == [99, 99, 100]
    with pytest.raises(InputError, match="rounding mode"):
        exact.present_value(1, 1, 1, 9)


def test_arguments_outside_the_domain_are_refused_together() -> None:
    with pytest.raises(InputError) as caught:
        exact.payment(-1, -1, 0)
    assert len(caught.value.findings) == 3


def test_searches() -> None:
    assert exact.smallest_term_with_payment_at_most(28343128, 36_250, 149748, 241, 480) == 282
    assert exact.smallest_term_with_payment_at_most(28343128, 36_250, 1, 1, 3) == -1
    assert exact.term_for_payment(23676547, 65_000, 158017, 500) == 309
    assert exact.term_for_payment(10**8, 60_000, 500_000, 0) == -1
    assert exact.term_leaving_at_most(1000, 0, 100, 0) == 10
    assert exact.term_leaving_at_most(1000, 0, 100, 150) == 9
    assert exact.term_leaving_at_most(1000, 120_000, 10, 0) == -1
    assert exact.steps_to_reach(20_000_000, 50_000, 48_000, 1_250, 360, 1, True) == 2
    assert exact.rate_for_payment(10_000_000, 360, 59955) == 60_000 + next(
        n for n in range(100) if exact.payment(10_000_000, 60_001 + n, 360) > 59955
    )
    assert exact.rate_for_payment(100, 1, 99) == -1
