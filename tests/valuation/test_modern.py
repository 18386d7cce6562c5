"""The modern model: an independent model agrees, limits behave, results do not depend on batches or threads."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import pytest

from hopenow.errors import CoverageError, InputError
from hopenow.valuation.modern import CASES, RANGED, Loans, Terms, as_is, assumptions, build, market, value_table, worth
from hopenow.valuation.modern import kernel as k
from hopenow.valuation.modern.assumptions import shown
from tests.oracle import modern as oracle

DAY = datetime.date(2024, 6, 15)


def whole(values: object) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=np.int64)


def loans(count: int, seed: int = 1, **fixed: int) -> Loans:
    rng = np.random.default_rng(seed)
    rate = rng.integers(0, 80, count) * 1250
    balance, term = rng.integers(1_000_000, 90_000_000, count), rng.integers(1, 480, count)
    monthly = np.where(rate > 0, rate, 1) / 12e6
    payment = np.ceil(balance * monthly / (1 - (1 + monthly) ** -term))
    made = {
        "late": rng.integers(0, 30, count) * rng.integers(0, 2, count),
        "balance": balance,
        "deferred": rng.integers(0, 2, count) * rng.integers(0, 5_000_000, count),
        "rate": rate,
        "payment": payment,
        "term": term,
        "value": balance * rng.uniform(0.4, 2.5, count),
        "escrow": rng.integers(-1, 90_000, count),
        "state": rng.integers(0, 50, count),
    }
    return Loans(**{name: whole(np.full(count, fixed[name]) if name in fixed else of) for name, of in made.items()})


def terms(of: Loans, seed: int = 2) -> Terms:
    rng = np.random.default_rng(seed)
    own, count = as_is(of), of.count
    mixed = rng.integers(0, 2, count)
    return dataclasses.replace(
        own,
        paying=own.paying | (mixed == 1),
        payment=whole(own.payment * rng.uniform(0.5, 1.1, count)),
        behind=whole(rng.integers(0, 3_000_000, count) * mixed),
        extra=whole(rng.integers(0, 50_000, count) * mixed),
        extra_months=whole(rng.integers(0, 24, count) * mixed),
        term=whole(np.minimum(own.term + 60, 480)),
    )


@pytest.mark.parametrize("case", CASES)
def test_independent_model_agrees_to_a_cent(case: str) -> None:
    a = assumptions(case)
    of = loans(90)
    of = dataclasses.replace(of, term=np.minimum(of.term, 200))
    table = build(of, terms(of), a, market(DAY, a))
    out = value_table(table, a)
    figures = (a.whole("price_window"), a["value_from"], a["value_effect"], a["prepay_full_below"])
    cure, hazard = a.cure().tolist(), a.hazard().tolist()
    for place in range(of.count):
        own = table[:, place].tolist()
        loan = oracle.Loan(
            discount=own[k.DISCOUNT], near=own[k.NEAR], later=own[k.LATER], near_months=figures[0], value=own[k.VALUE],
            carry=own[k.CARRY], kept=own[k.KEPT], costs=own[k.COSTS], late=int(own[k.LATE]),
            to_sale=int(own[k.TO_SALE]), lead=int(own[k.LEAD]), reo=int(own[k.REO]), paying=own[k.START] == 1.0,
            balance=own[k.BALANCE], rate=own[k.RATE], payment=own[k.PAYMENT], term=int(own[k.TERM]),
            forborne=own[k.FORBORNE], behind=own[k.BEHIND], factor=own[k.FACTOR], prepay=own[k.PREPAY],
            extra=own[k.EXTRA], extra_months=int(own[k.EXTRA_MONTHS]), missed=own[k.MISSED],
            advanced=own[k.ADVANCED], owed=own[k.OWED], value_from=figures[1], value_effect=figures[2],
            prepay_full=figures[3], prepay_none=a["prepay_none_above"],
        )  # fmt: skip
        found = oracle.value(loan, cure, hazard)
        ours = out[:, place]
        for row, theirs in (
            (k.PAID, found.paid), (k.SOLD, found.sold), (k.BALANCE_PAYING, found.balance_paying),
            (k.BALANCE_LATE, found.balance_late), (k.ADVANCES, found.advances), (k.ADVANCED_LOST, found.advanced_lost),
        ):  # fmt: skip
            assert abs(ours[row] - theirs) < 0.5, (case, place, row)
        for row, theirs in (
            (k.MONTHS_PAYING, found.months_paying), (k.MONTHS_LATE, found.months_late), (k.LOST, found.lost),
            (k.CURED, found.cured), (k.LOST_FIRST, found.lost_by(12)), (k.LOST_SECOND, found.lost_by(24)),
            (k.LOST_THIRD, found.lost_by(60)), (k.GONE_FIRST, found.gone_by(12)), (k.GONE_SECOND, found.gone_by(24)),
            (k.GONE_THIRD, found.gone_by(60)),
        ):  # fmt: skip
            assert ours[row] == pytest.approx(theirs, abs=1e-9), (case, place, row)


def test_same_to_the_bit_for_any_batch_order_and_threads() -> None:
    a = assumptions()
    of = loans(3_000)
    table = build(of, terms(of), a, market(DAY, a))
    once = value_table(table, a)
    for threads, batch in ((1, 64), (2, 777), (2, 1)):
        some = table[:, :200].copy() if batch == 1 else table
        assert np.array_equal(value_table(some, a, threads=threads, batch=batch), once[:, : some.shape[1]])
    back = value_table(np.ascontiguousarray(table[:, ::-1]), a)
    assert np.array_equal(back[:, ::-1], once)


def test_short_terms_end_the_same_in_any_company() -> None:
    """Loans whose last installment comes before the foreclosure sale, among loans of any other length."""
    a = assumptions()
    of = loans(640, late=5)
    of = dataclasses.replace(of, term=np.where(np.arange(640) % 2 == 0, np.maximum(of.term % 24, 1), of.term))
    table = build(of, as_is(of), a, market(DAY, a))
    once = value_table(table, a)
    assert np.array_equal(value_table(table, a, batch=1), once)
    assert np.array_equal(value_table(np.ascontiguousarray(table[:, ::2]), a), once[:, ::2])


def test_chances_stay_between_zero_and_one() -> None:
    of = loans(2_000)
    for case in CASES:
        a = assumptions(case)
        out = value_table(build(of, terms(of), a, market(DAY, a)), a)
        found = worth(out, a)
        for chances in (found.home, found.lost, found.paid_off, found.lost_ever, found.cured):
            assert (chances >= -1e-12).all()
            assert (chances <= 1 + 1e-12).all()
        assert np.isfinite(out).all()
        assert (np.diff(found.lost, axis=0) >= -1e-12).all()


def test_every_loan_ends_sold_or_paid_off() -> None:
    """Nothing leaks: money or people, the longest horizon leaves nobody in between."""
    a = dataclasses.replace(assumptions(), values={**assumptions().values, "prepay_monthly": 0.0})
    of = loans(500, term=12, late=0)
    out = value_table(build(of, as_is(of), a, market(DAY, a)), a)
    assert out[k.LOST] + out[k.GONE_THIRD] == pytest.approx(np.ones(500), abs=1e-9)


def test_value_rises_with_the_price_where_payoff_is_not_dear() -> None:
    """A loan whose rate is not above the discount rate is worth no less when the home is worth more."""
    a = assumptions()
    of = loans(1_000, rate=30_000)
    table = build(of, as_is(of), a, market(DAY, a))
    before = value_table(table, a)
    table[k.VALUE] *= 1.05
    after = value_table(table, a)
    assert (after[k.PAID] + after[k.SOLD] >= before[k.PAID] + before[k.SOLD] - 0.01).all()


def test_value_falls_with_the_discount_rate() -> None:
    a = assumptions()
    of = loans(1_000)
    table = build(of, terms(of), a, market(DAY, a))
    before = value_table(table, a)
    table[k.DISCOUNT] *= 1.1
    after = value_table(table, a)
    assert (after[k.PAID] + after[k.SOLD] <= before[k.PAID] + before[k.SOLD]).all()


def test_same_terms_are_worth_the_same() -> None:
    """A modification that changes nothing about a loan that is not late changes nothing about its value."""
    of = loans(500, late=0)
    for case in CASES:
        a = assumptions(case)
        m = market(DAY, a)
        one = value_table(build(of, as_is(of), a, m), a)
        same = Terms(
            np.arange(of.count), np.ones(of.count, bool), of.balance, of.deferred, whole(np.zeros(of.count)),
            of.rate, of.payment, of.term, whole(np.zeros(of.count)), whole(np.zeros(of.count)),
        )  # fmt: skip
        assert np.array_equal(value_table(build(of, same, a, m), a), one)


def test_self_cure_makes_waiting_worth_more_where_the_home_does_not_cover_the_debt() -> None:
    a = assumptions()
    of = loans(500, late=4)
    of = dataclasses.replace(of, value=of.balance // 2, term=np.maximum(of.term, 240))
    m = market(DAY, a)
    with_cure = worth(value_table(build(of, as_is(of), a, m), a), a)
    none = a.without_self_cure()
    without = worth(value_table(build(of, as_is(of), none, m), none), none)
    assert (with_cure.investor > without.investor).mean() > 0.9
    assert (without.cured == 0).all()


def test_good_times_are_better_than_hard_times() -> None:
    of = loans(300, late=3)
    values = {}
    for case in CASES:
        a = assumptions(case)
        values[case] = worth(value_table(build(of, as_is(of), a, market(DAY, a)), a), a).investor
    # Not for each loan: who pays a dear rate is paid off sooner in good times.
    assert (values["low"] <= values["base"]).mean() > 0.95
    assert (values["base"] <= values["high"]).mean() > 0.8


def test_every_assumption_is_shown_with_range_source_and_mark() -> None:
    found = {item.name: item for item in shown()}
    assert set(RANGED) <= set(found)
    assert all(item.citation and item.verification for item in found.values())
    assert found["recure_share"].low != found["recure_share"].high
    # Assumptions of the project itself are never passed off as known.
    assert {item.verification for item in found.values()} == {"unverified"}


def test_a_day_that_is_not_covered_is_refused() -> None:
    with pytest.raises(CoverageError):
        market(datetime.date(1995, 1, 1), assumptions())
    with pytest.raises(InputError):
        assumptions("middling")
