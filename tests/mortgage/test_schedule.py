from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopenow.dates import add_months
from hopenow.errors import InputError
from hopenow.mortgage import exact, kernels
from hopenow.mortgage.schedule import COLUMNS, ArmTerms, OddFirstPeriod, arm_rates, reset_rate, schedule

FIRST = date(2026, 2, 1)


def check_ledger(frame: pl.DataFrame, balance: int) -> None:
    """What must hold for every schedule, whatever its features."""
    assert frame.schema == COLUMNS
    assert frame["principal"].sum() == balance
    assert frame["balance"][-1] == 0
    assert (frame["payment"] == frame["interest"] + frame["principal"]).all()
    assert frame["balance"].to_list() == (balance - frame["principal"].cum_sum()).to_list()
    assert frame["installment"].to_list() == list(range(1, frame.height + 1))
    assert frame["due_date"].to_list() == [add_months(frame["due_date"][0], n) for n in range(frame.height)]
    before = [balance, *frame["balance"][:-1]]
    later = zip(before[1:], frame["rate"][1:], frame["interest"][1:], strict=True)
    assert all(interest == exact.interest(left, rate, 1) for left, rate, interest in later)


@st.composite
def features(draw: st.DrawFn) -> dict[str, object]:
    term = draw(st.integers(1, 60))
    starts = sorted(draw(st.sets(st.integers(1, term), max_size=4)))
    first_period = st.one_of(
        st.none(),
        st.builds(OddFirstPeriod, days=st.integers(0, 100), basis=st.sampled_from([360, 365]), absorb=st.booleans()),
        st.builds(OddFirstPeriod, months=st.integers(0, 3), absorb=st.booleans()),
    )
    return {
        "balance": draw(st.one_of(st.integers(0, 10**10), st.integers(0, 500))),
        "rate": draw(st.one_of(st.just(0), st.integers(0, 250_000))),
        "term": term,
        "payment": draw(st.one_of(st.none(), st.integers(0, 10**8))),
        "rate_steps": [(start, draw(st.integers(0, 250_000))) for start in starts],
        "interest_only": draw(st.integers(0, term - 1)),
        "balloon": draw(st.one_of(st.none(), st.integers(1, term))),
        "first_period": draw(first_period),
    }


@given(features())
def test_principal_always_adds_up_to_the_balance(arguments: dict[str, object]) -> None:
    frame = schedule(first_due=FIRST, **arguments)  # type: ignore[arg-type]
    check_ledger(frame, arguments["balance"])  # type: ignore[arg-type]
    assert frame.height <= (arguments["balloon"] or arguments["term"])  # type: ignore[operator]


@given(st.integers(10**6, 10**10), st.integers(0, 250_000), st.integers(2, 480), st.integers(1, 480))
def test_fixed_schedule_is_the_rounded_ledger(balance: int, rate: int, term: int, months: int) -> None:
    frame = schedule(balance, rate, term, FIRST)
    check_ledger(frame, balance)
    level = kernels.payment(balance, rate, term)
    assert (frame["payment"][:-1] == level).all()
    months = min(months, frame.height - 1)
    if months:
        left = kernels.balance_after_rounded(balance, rate, level, months)
        assert frame["balance"][months - 1] == left
        assert kernels.scheduled_principal(balance, rate, level, months) == frame["principal"][:months].sum()


def test_published_modification_ends_on_its_maturity_date() -> None:
    frame = schedule(28343128, 36_250, 282, date(2026, 11, 1))
    assert frame.height == 282
    assert frame["payment"][0] == 149466
    assert frame["due_date"][-1] == date(2050, 4, 1)
    assert abs(frame["payment"][-1] - 149466) < 282


def test_textbook_first_rows() -> None:
    # 100,000 at 6 % over 30 years: 599.55 a month.
    rows = schedule(10_000_000, 60_000, 360, FIRST).select("payment", "interest", "principal", "balance").rows()
    assert rows[0] == (59955, 50000, 9955, 9990045)
    assert rows[1] == (59955, 49950, 10005, 9980040)


def test_one_month_and_zero_rate() -> None:
    assert schedule(10_000, 60_000, 1, FIRST)["payment"].to_list() == [10_050]
    assert schedule(100, 0, 3, FIRST)["payment"].to_list() == [33, 33, 34]
    assert schedule(7, 0, 12, FIRST).height == 7
    assert schedule(0, 60_000, 12, FIRST)["payment"].to_list() == [0]


def test_interest_only_then_amortizing() -> None:
    frame = schedule(20_000_000, 60_000, 360, FIRST, interest_only=120)
    check_ledger(frame, 20_000_000)
    assert (frame["principal"][:120] == 0).all()
    assert (frame["payment"][:120] == 100_000).all()
    assert frame["payment"][120] == kernels.payment(20_000_000, 60_000, 240)


def test_rate_steps_recast_the_payment() -> None:
    # A step-rate modification: 2 % for five years, then 3 %, then 3.5 %.
    frame = schedule(20_000_000, 20_000, 480, FIRST, rate_steps=[(61, 30_000), (73, 35_000)])
    check_ledger(frame, 20_000_000)
    assert frame["payment"][0] == kernels.payment(20_000_000, 20_000, 480)
    assert frame["payment"][60] == kernels.payment(frame["balance"][59], 30_000, 420)
    assert frame["payment"][72] == kernels.payment(frame["balance"][71], 35_000, 408)
    assert frame["rate"].unique().sort().to_list() == [20_000, 30_000, 35_000]


def test_a_step_at_the_first_installment_is_the_rate() -> None:
    assert schedule(10**7, 1, 36, FIRST, rate_steps=[(1, 50_000)]).equals(schedule(10**7, 50_000, 36, FIRST))


def test_arm_resets_hold_the_caps() -> None:
    terms = ArmTerms(margin=22_500, lifetime_cap=95_000, lifetime_floor=22_500, periodic_cap=20_000, first_cap=50_000)
    assert reset_rate(45_000, 31_300, terms, first=True) == 53_750  # 5.38 % to the nearest eighth
    assert reset_rate(45_000, 90_000, terms, first=True) == 95_000  # 11.25 % held by the first cap, 9.5 %
    assert reset_rate(53_750, 90_000, terms) == 73_750  # two points up
    assert reset_rate(53_750, 1_000, terms) == 33_750  # two points down
    assert reset_rate(33_750, -10_000, terms) == 22_500  # the floor
    free = ArmTerms(margin=0, lifetime_cap=100_000)
    assert reset_rate(0, 625, free) == 1_250  # halfway goes up
    assert reset_rate(0, 624, free) == 0
    assert reset_rate(0, 1, ArmTerms(margin=0, lifetime_cap=100_000, rounding="up")) == 1_250
    assert reset_rate(0, 1_234, ArmTerms(margin=0, lifetime_cap=100_000, round_to=1)) == 1_234
    steps = arm_rates(45_000, terms, [(61, 60_000), (73, 60_000), (85, 0)])
    assert steps == [(61, 82_500), (73, 82_500), (85, 62_500)]
    frame = schedule(20_000_000, 45_000, 360, FIRST, rate_steps=steps)
    check_ledger(frame, 20_000_000)
    assert frame["payment"][84] == kernels.payment(frame["balance"][83], 62_500, 276)


@given(st.integers(0, 200_000), st.integers(-20_000, 200_000), st.booleans())
def test_arm_rates_stay_within_their_limits(current: int, index: int, first: bool) -> None:
    terms = ArmTerms(margin=25_000, lifetime_cap=110_000, lifetime_floor=30_000, periodic_cap=20_000)
    rate = reset_rate(current, index, terms, first=first)
    assert 30_000 <= rate <= 110_000
    assert abs(rate - current) <= 20_000 or rate in (30_000, 110_000)


def test_odd_first_period() -> None:
    regular = schedule(20_000_000, 60_000, 360, FIRST)
    long = schedule(20_000_000, 60_000, 360, FIRST, first_period=OddFirstPeriod(days=45))
    assert long["interest"][0] == exact.interest_days(20_000_000, 60_000, 45, 365)
    assert long["balance"].equals(regular["balance"])
    assert long["payment"][0] - regular["payment"][0] == long["interest"][0] - regular["interest"][0]
    short = schedule(20_000_000, 60_000, 360, FIRST, first_period=OddFirstPeriod(days=10, basis=360))
    assert short["interest"][0] == 33_333
    extra = schedule(20_000_000, 60_000, 360, FIRST, first_period=OddFirstPeriod(months=2))
    assert extra["interest"][0] == 200_000
    absorbed = schedule(20_000_000, 60_000, 360, FIRST, first_period=OddFirstPeriod(months=2, absorb=True))
    check_ledger(absorbed, 20_000_000)
    assert absorbed["payment"][0] == regular["payment"][0]
    assert absorbed["principal"][0] < 0


def test_balloon_takes_the_rest() -> None:
    frame = schedule(20_000_000, 60_000, 360, FIRST, balloon=84)
    check_ledger(frame, 20_000_000)
    assert frame.height == 84
    level = kernels.payment(20_000_000, 60_000, 360)
    left = kernels.balance_after_rounded(20_000_000, 60_000, level, 83)
    assert frame["payment"][-1] == left + exact.interest(left, 60_000, 1)


def test_the_notes_own_payment_is_kept() -> None:
    frame = schedule(23676547, 65_000, 309, FIRST, payment=158017)
    check_ledger(frame, 23676547)
    assert frame.height == 309
    assert (frame["payment"][:-1] == 158017).all()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"balance": -1}, "balance"),
        ({"rate": -1}, "rate"),
        ({"term": 0}, "term"),
        ({"payment": -1}, "payment"),
        ({"rate_steps": [(3, 1), (2, 1)]}, "rate steps"),
        ({"rate_steps": [(2, 1), (2, 1)]}, "rate steps"),
        ({"rate_steps": [(13, 1)]}, "rate steps"),
        ({"rate_steps": [(2, -1)]}, "rate"),
        ({"interest_only": 12}, "interest_only"),
        ({"balloon": 13}, "balloon"),
    ],
)
def test_what_cannot_be_scheduled_is_refused(changes: dict[str, object], word: str) -> None:
    arguments: dict[str, object] = {"balance": 100, "rate": 1, "term": 12, "first_due": FIRST}
    with pytest.raises(InputError, match=word):
        schedule(**{**arguments, **changes})  # type: ignore[arg-type]


def test_every_finding_is_reported_at_once() -> None:
    with pytest.raises(InputError) as caught:
        schedule(-1, -1, 0, FIRST, payment=-1)
    assert len(caught.value.findings) >= 4


def test_terms_that_make_no_sense_are_refused() -> None:
    for days, months in ((None, None), (1, 1), (-1, None)):
        with pytest.raises(InputError):
            OddFirstPeriod(days=days, months=months)
    with pytest.raises(InputError):
        OddFirstPeriod(days=1, basis=364)
    with pytest.raises(InputError) as caught:
        ArmTerms(margin=0, lifetime_cap=1, lifetime_floor=2, periodic_cap=-1, first_cap=-1, round_to=0)
    assert len(caught.value.findings) == 4
