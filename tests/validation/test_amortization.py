from __future__ import annotations

import datetime
from collections.abc import Sequence

import polars as pl
import pytest

from hopenow.mortgage.kernels import interest
from validation import amortization as a

RATE, INSTALLMENT, START = 60_000, 719_46, 119_000_00


def counts(payments: Sequence[int | None], *, known: int = INSTALLMENT, later: int | None = None) -> dict[str, int]:
    """Causes of months with these payments; ``known`` is the installment known then, ``later`` at the end."""
    balance, rows = START, [(START, "first month", known)]
    for paid in payments:
        # None: nothing is posted, and the reader sees the balance of the month before.
        drop = 0 if paid is None else paid - interest(balance, RATE, 1)
        due = known - interest(balance, RATE, 1)
        balance -= drop
        two = 2 * due + interest(due, RATE, 1)
        event = (
            "matched"
            if abs(drop - due) <= 100
            else "no payment posted"
            if drop == 0
            else "balance rose"
            if drop < 0
            else "two payments"
            if abs(drop - two) <= 200
            else "curtailment"
            if drop > due
            else "less principal than scheduled"
        )
        rows.append((balance, event, known))
    if later is not None:
        rows[-1] = (rows[-1][0], "matched", later)
    day = datetime.date(2022, 1, 31)
    frame = pl.DataFrame(
        {
            "loan_id": ["1"] * len(rows),
            "evaluation_date": [day + datetime.timedelta(days=30 * place) for place in range(len(rows))],
            "interest_bearing_balance": [row[0] for row in rows],
            "note_rate": [RATE] * len(rows),
            "monthly_principal_and_interest": [row[2] for row in rows],
            "event": [row[1] for row in rows],
        }
    )
    return {cause: count for cause, count in a.causes(frame).items() if count}


def two(balance: int) -> int:
    """Payment that posts two installments at once."""
    first = INSTALLMENT - interest(balance, RATE, 1)
    return 2 * INSTALLMENT - interest(balance - first, RATE, 1)


@pytest.mark.parametrize(
    ("payments", "expected"),
    [
        ([INSTALLMENT] * 3, {a.MATCHED: 3}),
        ([INSTALLMENT + 50_00] * 3, {a.SAME_EXTRA: 3}),
        ([INSTALLMENT, INSTALLMENT + 500_00, INSTALLMENT], {a.MATCHED: 2, a.WHOLE_DOLLARS: 1}),
        ([INSTALLMENT, INSTALLMENT + 123_45, INSTALLMENT], {a.MATCHED: 2, a.OTHER_EXTRA: 1}),
        ([None, two(START), INSTALLMENT], {a.SHIFT: 2, a.MATCHED: 1}),
        ([two(START), None, INSTALLMENT], {a.SHIFT: 2, a.MATCHED: 1}),
        ([None, INSTALLMENT, two(START), INSTALLMENT], {a.SHIFT: 2, a.MATCHED: 2}),
        ([None, INSTALLMENT, INSTALLMENT], {a.NOTHING: 1, a.MATCHED: 2}),
        ([two(START), INSTALLMENT], {a.AHEAD: 1, a.MATCHED: 1}),
        ([INSTALLMENT - 20_00, INSTALLMENT], {a.OTHER: 1, a.MATCHED: 1}),
    ],
)
def test_each_cause(payments: list[int | None], expected: dict[str, int]) -> None:
    assert counts(payments) == expected


def test_regular_extra_principal_posted_late() -> None:
    paid = INSTALLMENT + 50_00
    first = paid - interest(START, RATE, 1)
    late = 2 * paid - interest(START - first, RATE, 1)
    assert counts([None, late, paid]) == {a.SHIFT_EXTRA: 2, a.WHOLE_DOLLARS: 1}


def test_an_installment_that_later_months_confirm() -> None:
    assert counts([INSTALLMENT, INSTALLMENT], known=717_06, later=INSTALLMENT) == {a.SETTLED: 1, a.MATCHED: 1}


def test_months_made_up_too_late_are_not_explained() -> None:
    payments: list[int | None] = [None, *[INSTALLMENT] * a.LONGEST_WINDOW, two(START)]
    assert a.SHIFT not in counts(payments)


def test_facts_that_do_not_belong_to_the_events() -> None:
    months = [a.Month(None, RATE, INSTALLMENT, "first month"), a.Month(START, RATE, INSTALLMENT, "matched")]
    with pytest.raises(ValueError, match="lacks a balance"):
        a._loan(months)


def test_the_share_of_nothing_is_not_a_number() -> None:
    assert a.share({}, ()) != a.share({}, ())
