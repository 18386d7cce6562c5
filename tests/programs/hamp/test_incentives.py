"""Incentives: every amount at, just below and just above its limit, and the days on which amounts change."""

from __future__ import annotations

import datetime
from fractions import Fraction

import pytest

from hopenow.errors import CoverageError
from hopenow.programs.hamp import incentives
from hopenow.programs.hamp.incentives import on

EARLY, LATE = on(datetime.date(2010, 6, 1)), on(datetime.date(2012, 9, 1))


@pytest.mark.parametrize("day", [datetime.date(2009, 4, 5), datetime.date(2017, 1, 1)])
def test_outside_the_program_is_refused(day: datetime.date) -> None:
    with pytest.raises(CoverageError, match="2009-04-06"):
        on(day)


def test_completion_before_and_after_october_2011() -> None:
    before, after = on(datetime.date(2011, 9, 30)), on(datetime.date(2011, 10, 1))
    assert incentives.completion(0, True, before) == 150_000
    assert incentives.completion(90, False, before) == 100_000
    days = (120, 121, 210, 211)
    assert [incentives.completion(day, False, after) for day in days] == [160_000, 120_000, 120_000, 40_000]


@pytest.mark.parametrize(("after", "enough"), [(94_000, True), (94_001, False), (93_999, True)])
def test_six_percent(after: int, enough: bool) -> None:
    assert incentives.enough_reduction(100_000, after, LATE) is enough
    assert incentives.investor_once(True, True, 100_000, after, LATE) == (150_000 if enough else 0)
    assert incentives.investor_once(False, True, 100_000, after, LATE) == 0
    assert incentives.investor_once(True, False, 100_000, after, LATE) == 0


@pytest.mark.parametrize(
    ("reduction", "yearly"), [(-5_000, 0), (0, 0), (10_000, 60_000), (16_666, 99_996), (16_667, 100_000)]
)
def test_half_of_the_yearly_reduction_up_to_the_limit(reduction: int, yearly: int) -> None:
    assert incentives.yearly(reduction, LATE) == yearly


def test_borrower_is_paid_by_months_on_time() -> None:
    assert incentives.borrower_year(20_000, 10, 12, True, LATE) == 83_333
    assert incentives.borrower_year(20_000, 12, 12, True, LATE) == 100_000
    assert incentives.borrower_year(20_000, 12, 12, False, LATE) == 0


def test_cost_share_of_tier1() -> None:
    """38 % of 4,000.00 is 1,520.00, 31 % is 1,240.00: half of 280.00; an old payment below the 38 % limits it."""
    assert incentives.cost_share_tier1(400_000, 30_000, 200_000, LATE) == 14_000
    assert incentives.cost_share_tier1(400_000, 30_000, 110_000, LATE) == 8_000
    assert incentives.cost_share_tier1(400_000, 30_000, 90_000, LATE) == 0


def test_cost_share_of_tier2_in_both_readings() -> None:
    other = LATE.replaced("tier2_cost_share_reading", "lower_of_half")
    # Difference 200.00 of 1,000.00: above 15 % whole, below it halved.
    assert incentives.cost_share_tier2(100_000, 80_000, LATE) == 7_500
    assert incentives.cost_share_tier2(100_000, 80_000, other) == 10_000
    assert incentives.cost_share_tier2(100_000, 60_000, other) == 15_000
    assert incentives.cost_share_tier2(100_000, 110_000, LATE) == 0


@pytest.mark.parametrize(
    ("balance", "group"),
    [(73_000, 1), (73_000.01, 2), (116_000, 2), (116_000.01, 3), (169_000, 3), (169_000.01, 4), (259_000.01, 5)],
)
def test_balance_groups(balance: float, group: int) -> None:
    assert incentives.balance_group(round(balance * 100), LATE) == group


@pytest.mark.parametrize(
    ("ratio", "part"),
    [(699_999, 0), (700_000, 1), (799_999, 1), (800_000, 2), (899_999, 2), (900_000, 3), (1_500_000, 3)],
)
def test_price_decline_by_loan_to_value(ratio: int, part: int) -> None:
    assert incentives.loan_to_value_factor(ratio, LATE) == Fraction(part, 3)


def test_price_decline_bracket_and_rounding() -> None:
    assert incentives.decline_bracket(5, 3, LATE) == 10
    assert incentives.price_decline_total(Fraction(-1), 11_000_000, 900_000, LATE) == 0
    halves = (Fraction(1, 2), Fraction(-1, 2), Fraction(49, 100), Fraction(-149, 100))
    assert [incentives.rounded_decline(item) for item in halves] == [1, -1, 0, -1]


@pytest.mark.parametrize(
    ("day", "quarters"),
    [
        (datetime.date(2009, 9, 30), ("2009Q1", "2008Q4")),
        (datetime.date(2009, 10, 1), ("2009Q2", "2009Q1")),
        (datetime.date(2010, 1, 1), ("2009Q3", "2009Q2")),
    ],
)
def test_price_decline_quarters(day: datetime.date, quarters: tuple[str, str]) -> None:
    assert incentives.decline_quarters(day, LATE) == quarters


def test_price_decline_payments() -> None:
    trial = datetime.date(2009, 9, 1)
    p = on(trial)
    whole = incentives.price_decline_payments(200_001, trial, True, None, p)
    assert [item.amount for item in whole] == [100_001, 100_000]
    assert sum(item.amount for item in whole) == 200_001
    assert incentives.price_decline_payments(200_000, trial, False, None, p) == []
    before = datetime.date(2009, 8, 1)
    assert incentives.price_decline_payments(200_000, before, True, None, p) == []
    assert incentives.price_decline_payments(200_000, trial, True, trial, p) == []
    lost, reported = datetime.date(2010, 11, 20), datetime.date(2010, 12, 1)
    other = p.replaced("hpdp_payout_on_loss", "reported")
    dates = [item.date for item in incentives.price_decline_payments(240_000, trial, True, lost, other, reported)]
    assert dates == [datetime.date(2010, 9, 1), reported]
    dates = [item.date for item in incentives.price_decline_payments(240_000, trial, True, lost, p, reported)]
    assert dates == [datetime.date(2010, 9, 1), datetime.date(2011, 9, 1)]


def test_principal_reduction_by_range() -> None:
    """A home worth 100,000.00 and a balance of 150,000.00: 10,000 above 140 %, 25,000 to 115 %, 10,000 to 105 %."""
    p = on(datetime.date(2012, 3, 1))
    value, balance = 10_000_000, 15_000_000
    assert incentives.principal_reduction(balance, 1_000_000, value, False, p) == 300_000
    assert incentives.principal_reduction(balance, 3_500_000, value, False, p) == 300_000 + 1_125_000
    assert incentives.principal_reduction(balance, 4_500_000, value, False, p) == 300_000 + 1_125_000 + 630_000
    # Below 105 % a forgiven dollar earns nothing.
    assert incentives.principal_reduction(balance, 5_500_000, value, False, p) == 2_055_000
    assert incentives.principal_reduction(balance, 5_500_000, value, True, p) == 4_500_000 * 18 // 100
    day_before = on(datetime.date(2012, 2, 29))
    assert incentives.principal_reduction(balance, 4_500_000, value, False, day_before) == 685_000
    assert incentives.principal_reduction(balance, 4_500_000, value, True, day_before) == 270_000
    assert "pra_low" not in on(datetime.date(2010, 9, 30))
    assert "pra_low" in on(datetime.date(2010, 10, 1))


def test_second_lien() -> None:
    found = incentives.second_lien(4_000_000, EARLY)
    assert (found.servicer_once, found.servicer_yearly, found.servicer_years) == (50_000, 25_000, 3)
    assert (found.borrower_yearly, found.borrower_years) == (25_000, 5)
    assert (found.investor_monthly, found.investor_years) == (5_333, 5)
    value = 10_000_000
    assert incentives.extinguishment(11_000_000, 1_000_000, value, False, LATE) == 420_000
    assert incentives.extinguishment(12_000_000, 1_000_000, value, False, LATE) == 150_000 + 210_000
    assert incentives.extinguishment(15_000_000, 1_000_000, value, False, LATE) == 200_000
    assert incentives.extinguishment(15_000_000, 1_000_000, value, True, LATE) == 120_000
