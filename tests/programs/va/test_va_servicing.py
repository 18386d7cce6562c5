"""Dates and amounts of the servicing rules, at and around each threshold."""

from __future__ import annotations

import datetime

import pytest

from hopenow.errors import CoverageError, InputError
from hopenow.programs.va.servicing import (
    PartialPayment,
    claim_interest,
    disaster_effective_date,
    grounds_for_return,
    highest_late_charge,
    letters,
    return_by,
)

D = datetime.date
ON = D(2026, 9, 15)


@pytest.mark.parametrize(
    ("closed", "early"),
    [(D(2026, 3, 1), False), (D(2026, 3, 2), True), (D(2026, 2, 28), False), (D(2026, 9, 1), True)],
)
def test_letters(closed: D, early: bool) -> None:
    found = letters(D(2026, 9, 1), closed)
    assert found.first == D(2026, 10, 1)
    assert found.early_default is early
    assert found.options == (D(2026, 10, 16) if early else D(2026, 11, 15))
    assert found.options_mailed_by == found.options + datetime.timedelta(days=7)
    assert found.inspection_before == D(2026, 10, 31)


def test_letters_refuse_what_cannot_be() -> None:
    with pytest.raises(InputError, match="before the closing"):
        letters(D(2026, 9, 1), D(2026, 9, 2))
    with pytest.raises(CoverageError):
        letters(D(2008, 1, 31), D(2000, 1, 1))
    assert letters(D(2008, 2, 1), D(2000, 1, 1)).early_default is False


@pytest.mark.parametrize(("days", "charge"), [(14, 0), (15, 0), (16, 4_000), (17, 4_000)])
def test_late_charge(days: int, charge: int) -> None:
    assert highest_late_charge(100_000, days, ON) == charge
    assert highest_late_charge(100_024, 16, ON) == 4_000


def payment(**change: object) -> PartialPayment:
    whole = {"amount": 100_000, "installment": 100_000, "total_due": 200_000, "months_delinquent": 2}
    return PartialPayment(**{**whole, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "grounds"),
    [
        ({}, ()),
        ({"amount": 99_999}, ("less than one full installment", "less than the share of the total due")),
        ({"total_due": 200_001}, ("less than the share of the total due",)),
        ({"amount": 40_000, "plan_amount": 40_000}, ()),
        ({"amount": 39_999, "plan_amount": 40_000}, ("less than the plan amount",)),
        ({"months_delinquent": 5}, ()),
        ({"months_delinquent": 6}, ("long delinquent without a plan",)),
        ({"months_delinquent": 7, "plan_amount": 100_000}, ()),
        ({"tenant_rent_withheld": True}, ("tenant's rent withheld",)),
        ({"personal_check_after_notice": True}, ("personal check after notice",)),
        ({"foreclosure_begun": True, "lien_at_risk": True}, ("foreclosure begun", "lien at risk")),
    ],
)
def test_partial_payments(change: dict[str, object], grounds: tuple[str, ...]) -> None:
    assert grounds_for_return(payment(**change), ON) == grounds


def test_partial_payment_goes_back_within_ten_days() -> None:
    assert return_by(D(2026, 9, 25)) == D(2026, 10, 5)


@pytest.mark.parametrize(
    ("paid", "effective"),
    [
        (D(2026, 11, 28), D(2027, 1, 1)),
        (D(2026, 12, 1), D(2027, 1, 1)),
        (D(2026, 12, 2), D(2027, 2, 1)),
        (D(2026, 12, 31), D(2027, 2, 1)),
        (D(2027, 1, 1), None),
    ],
)
def test_disaster_modification_takes_effect(paid: D, effective: D | None) -> None:
    assert disaster_effective_date(D(2026, 12, 1), paid) == effective


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_interest_in_the_claim_stops_after_the_allowed_time(extra: int) -> None:
    start = D(2025, 1, 1)
    sale = start + datetime.timedelta(days=100 + 210 + extra)
    days = min(310 + extra, 310)
    assert claim_interest(36_500_000, 100_000, start, sale, 100, 365) == 10_000 * days
    with pytest.raises(InputError):
        claim_interest(1, 1, sale, start, 100, 365)
