"""Escrow arithmetic: the appendix's own example, every remedy at, below and above its line, and sums that must hold."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopenow.errors import InputError
from hopenow.mortgage.escrow import Bill, EscrowRules, analyze, installments, plan
from hopenow.oversight.standards import escrow_rules

RULES = escrow_rules(datetime.date(2026, 1, 1))
SCHOOL, COUNTY_JULY, COUNTY_DECEMBER = (
    Bill("school tax", 3, 36_000),
    Bill("county tax", 1, 50_000),
    Bill("county tax", 6, 70_000),
)
EXAMPLE = [COUNTY_JULY, SCHOOL, COUNTY_DECEMBER]


def test_the_figures_of_the_rule() -> None:
    assert EscrowRules(6, 5_000, 30, 30, 12, 2) == RULES


def test_the_example_of_appendix_e(shared: Path) -> None:
    cases = json.loads((shared / "cases" / "regulation_x.json").read_text(encoding="utf-8"))["cases"]
    case = next(item for item in cases if item["id"] == "RX-APPE-AGG")
    expected = {item["what"].split(",")[0]: item["value"] * 100 for item in case["expected"]}
    found = plan(EXAMPLE, RULES)
    assert found.monthly_deposit == expected["monthly escrow payment"] == 13_000
    assert found.lowest == expected["lowest balance in the initial trial balance"]
    assert found.lowest_month == 6  # December, with July the first month
    assert found.months[0].adjusted == expected["starting (June) balance after adjustment"]
    assert found.months[0].target == found.start == expected["starting (June) balance with cushion"]
    assert found.months[6].target == expected["December balance with cushion"]


def test_the_example_month_by_month() -> None:
    found = plan(EXAMPLE, RULES)
    trial = [0, -370, -240, -470, -340, -210, -780, -650, -520, -390, -260, -130, 0]
    assert [month.trial for month in found.months] == [100 * value for value in trial]
    assert [month.adjusted for month in found.months] == [100 * (value + 780) for value in trial]
    assert [month.target for month in found.months] == [100 * (value + 1040) for value in trial]


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 10**7)), max_size=12))
def test_what_must_hold_for_every_account(raw: list[tuple[int, int]]) -> None:
    bills = [Bill(str(number), month, amount) for number, (month, amount) in enumerate(raw)]
    found = plan(bills, RULES)
    total = sum(bill.amount for bill in bills)
    assert found.yearly_bills == total
    assert 0 <= total - 12 * found.monthly_deposit < 12
    assert 0 <= found.cushion * 6 <= total < found.cushion * 6 + 6
    assert min(month.adjusted for month in found.months) == 0
    assert min(month.target for month in found.months) == found.cushion
    assert found.months[-1].trial == 12 * found.monthly_deposit - total
    assert sum(month.disbursed for month in found.months) == total
    # Against a separate count: the balance before each month is what came in less what went out.
    for month in found.months:
        out = sum(bill.amount for bill in bills if bill.month <= month.month)
        assert month.trial == found.monthly_deposit * month.month - out


def test_a_smaller_cushion_and_none_at_all() -> None:
    assert plan(EXAMPLE, RULES, 0).start == 78_000
    assert plan(EXAMPLE, RULES, 13_000).start == 91_000
    assert plan([], RULES).start == 0


def test_what_cannot_be_projected_is_refused_whole() -> None:
    with pytest.raises(InputError) as caught:
        plan([Bill("a", 0, 100), Bill("b", 13, -5)], RULES, 10**6)
    for part in ("a: month 0", "b: month 13", "b: -5", "cushion of 1000000"):
        assert part in str(caught.value)


# --- what may be done about a difference -----------------------------------------------------------

DEPOSIT, TARGET = 13_000, 26_000


def acts(balance: int, current: bool = True) -> dict[str, list[str]]:
    return {
        item.kind: [remedy.act for remedy in item.remedies]
        for item in analyze(balance, TARGET, DEPOSIT, RULES, current=current)
    }


@pytest.mark.parametrize(
    ("balance", "expected"),
    [
        (TARGET, {}),
        (TARGET + 4_999, {"surplus": ["refund_or_credit"]}),
        (TARGET + 5_000, {"surplus": ["refund"]}),
        (TARGET - 1, {"shortage": ["nothing", "lump_sum", "installments"]}),
        (TARGET - DEPOSIT + 1, {"shortage": ["nothing", "lump_sum", "installments"]}),
        (TARGET - DEPOSIT, {"shortage": ["nothing", "installments"]}),
        (0, {"shortage": ["nothing", "installments"]}),
        (-1, {"deficiency": ["nothing", "lump_sum", "installments"], "shortage": ["nothing", "installments"]}),
        (
            -DEPOSIT + 1,
            {"deficiency": ["nothing", "lump_sum", "installments"], "shortage": ["nothing", "installments"]},
        ),
        (-DEPOSIT, {"deficiency": ["nothing", "installments"], "shortage": ["nothing", "installments"]}),
    ],
)
def test_remedies_at_their_lines(balance: int, expected: dict[str, list[str]]) -> None:
    assert acts(balance) == expected


def test_a_surplus_may_be_kept_when_the_borrower_is_not_current() -> None:
    assert acts(TARGET + 90_000, current=False) == {"surplus": ["may_keep"]}


def test_days_and_installments() -> None:
    (surplus,) = analyze(TARGET + 5_000, TARGET, DEPOSIT, RULES, current=True)
    assert surplus.remedies[0].days == 30
    deficiency, shortage = analyze(-20_001, TARGET, DEPOSIT, RULES, current=True)
    assert (deficiency.amount, shortage.amount) == (20_001, TARGET)
    assert deficiency.remedies[-1].least_months == 2
    assert deficiency.remedies[-1].monthly == 10_001
    assert shortage.remedies[-1].least_months == 12
    assert shortage.remedies[-1].monthly == 2_167


@given(st.integers(-(10**7), 10**7), st.integers(0, 10**6), st.integers(1, 10**6))
def test_no_cent_is_counted_twice(balance: int, target: int, deposit: int) -> None:
    found = {item.kind: item.amount for item in analyze(balance, target, deposit, RULES, current=True)}
    assert target - balance == found.get("shortage", 0) + found.get("deficiency", 0) - found.get("surplus", 0)


@given(st.integers(0, 10**8), st.integers(1, 60))
def test_installments_add_up_and_differ_by_a_cent(amount: int, months: int) -> None:
    parts = installments(amount, months)
    assert sum(parts) == amount
    assert len(parts) == months
    assert parts == sorted(parts, reverse=True)
    assert parts[0] - parts[-1] <= 1


def test_installments_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError):
        installments(100, 0)
    with pytest.raises(InputError):
        installments(-1, 12)
