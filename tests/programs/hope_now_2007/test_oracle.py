"""The review against the slow oracle, on random loans that crowd the thresholds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hopenow.facts.derived import derive
from hopenow.facts.schema import schema
from hopenow.mortgage import kernels
from hopenow.programs.hope_now_2007 import program_with, readings
from hopenow.programs.hope_now_2007 import streamlined_kernel as sk
from hopenow.review import review_canonical
from tests.oracle import basics
from tests.oracle import hope_now_2007 as oracle
from tests.programs.hope_now_2007.loans import canonical, plain, random_loans, settings

FT, LL, SM = "hope_now_fast_track", "project_lifeline", "streamlined_modification"
SMP_READS = (
    "interest_bearing_balance", "note_rate", "maturity_date", "monthly_gross_income", "monthly_taxes",
    "monthly_insurance", "smp_tool_order", "smp_rate_floor",
)  # fmt: skip
LIFELINE_READS = (
    "lifeline_letter_date", "lifeline_call_date", "wants_to_keep_home", "lifeline_will_take_counseling",
    "lifeline_financials_given", "lifeline_plan_date", "lifeline_pause_date", "lifeline_plan_broken",
    "lifeline_months_kept",
)  # fmt: skip


def version(day: date) -> str:
    return "2007-12" if day < date(2008, 7, 8) else "2008-07"


def answered(row: dict[str, Any], option: str, rules: Iterable[str]) -> dict[str, bool | None]:
    """What the review says of each rule."""
    no = f"{row[f'{option}__failed']};{row[f'{option}__conditions']}".split(";")
    unknown = row[f"{option}__unknown"].split(";")
    return {name: False if name in no else None if name in unknown else True for name in rules}


def disagreements(rows: list[dict[str, Any]], **switches: Any) -> list[str]:
    """Review all rows and compare each with the oracle; the oracle sees the same derived facts."""
    result = plain(review_canonical(canonical(*rows), settings(program_with(**switches))))
    reviewed = {row["loan_id"]: row for row in result.iter_rows(named=True)}
    loans = derive(schema().complete(canonical(*rows))).to_dicts()
    found: list[str] = []

    def check(loan: dict[str, Any], what: str, got: Any, expected: Any) -> None:
        if got != expected:
            found.append(f"{loan['loan_id']} {what}: {got!r}, oracle {expected!r}")

    for loan in loans:
        row = reviewed[loan["loan_id"]]
        expected = oracle.fast_track(loan, version(loan["evaluation_date"]), **switches)
        names = ("in_scope", "current", "segment", "action", "rate_after_reset", "payment_after_reset", "status")
        for name in (*names, "principal_and_interest"):
            check(loan, f"{FT} {name}", row[f"{FT}__{name}"], expected[name])
        failed = set(row[f"{FT}__failed"].split(";")) | set(row[f"{FT}__conditions"].split(";"))
        check(loan, f"{FT} rules", failed - {""}, expected["failed"])
        shown = set(row[f"{FT}__failed_tests"].split(";")) - {""}
        check(loan, f"{FT} failed tests", shown, expected["failed"] - {"F1-ANY"})
        if loan["evaluation_date"] >= date(2008, 2, 12):
            answers = oracle.lifeline_rules(loan)
            check(loan, f"{LL} rules", answered(row, LL, answers), answers)
            if all(loan[name] is not None for name in LIFELINE_READS):
                check(loan, LL, row[f"{LL}__state"], oracle.lifeline_state(loan))
        if date(2008, 12, 15) <= loan["evaluation_date"] <= date(2009, 3, 3):
            whole = all(loan[name] is not None for name in SMP_READS)
            whole = whole and (loan["next_due_date"] is not None or loan["accrued_interest"] is not None)
            terms = oracle.streamlined(loan) if whole else None
            answers = oracle.streamlined_rules(loan, terms)
            check(loan, f"{SM} rules", answered(row, SM, answers), answers)
            for name, value in (terms or {"principal_and_interest": None}).items():
                if name != "room":
                    check(loan, f"{SM} {name}", row[f"{SM}__{name}"], value)
    return found


def test_review_agrees_with_the_oracle() -> None:
    rows = random_loans(2_500, seed=20071206)
    assert disagreements(rows)[:10] == []
    actions = {oracle.fast_track(row, version(row["evaluation_date"]))["action"] for row in rows}
    assert len(actions) == 6  # every outcome is met


@pytest.mark.parametrize(
    ("switch", "value"),
    [(name, item.value) for name, items in readings().items() for item in items[1:]],
)
def test_every_other_reading_agrees_with_the_oracle(switch: str, value: object) -> None:
    assert disagreements(random_loans(400, seed=11), **{switch: value})[:10] == []


@pytest.mark.long
@pytest.mark.parametrize("piece", range(5))
def test_review_agrees_with_the_oracle_on_many(piece: int) -> None:
    """100,000 loans in five pieces."""
    for seed in (2 * piece, 2 * piece + 1):
        assert disagreements(random_loans(10_000, seed=seed + 100, holes=0.02))[:10] == []


def _kernel(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    orders = np.array([[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]], np.int64)
    words = ("rate", "term", "principal")
    balance, rate = rng.integers(100_000, 80_000_000, count), rng.integers(0, 140_000, count)
    term, order = rng.integers(1, 500, count), rng.integers(0, 6, count)
    floor = np.minimum(rng.integers(0, 90_000, count), rate + 5_000)
    target = (kernels.payment_array(balance, rate, term) * rng.uniform(0.2, 1.1, count)).astype(np.int64)
    result = sk.tools_array(balance, rate, term, target, floor, order, orders, 480, kernels.HALF_UP)
    for i in range(count):
        left, at, months, forborne = int(balance[i]), int(rate[i]), int(term[i]), 0
        for tool in (words[place] for place in orders[order[i]]):
            if basics.payment(left, oracle.rate(at), months) <= target[i]:
                break
            if tool == "rate":
                at = oracle._highest_rate(left, at, int(floor[i]), months, int(target[i]))
            elif tool == "term":
                months = oracle._shortest_term(left, at, months, int(target[i]))
            else:
                carried = min(basics.present_value(int(target[i]), oracle.rate(at), months), left)
                forborne, left = forborne + left - carried, carried
        got = (result[i, sk.RATE], result[i, sk.TERM], result[i, sk.FORBORNE], result[i, sk.PAYMENT])
        assert got == (at, months, forborne, basics.payment(left, oracle.rate(at), months)), i


def test_tools_agree_with_the_oracle() -> None:
    _kernel(1_500, seed=1)


@pytest.mark.long
def test_tools_agree_with_the_oracle_on_many() -> None:
    _kernel(100_000, seed=2)


def test_batch_equals_singles_and_order_is_irrelevant() -> None:
    frame = canonical(*random_loans(120, seed=3))
    whole = plain(review_canonical(frame, settings())).sort("loan_id")
    singles = pl.concat(
        [plain(review_canonical(frame[row : row + 1], settings())) for row in range(40)], how="diagonal_relaxed"
    )
    assert_frame_equal(
        whole.head(40).select(singles.columns), singles, check_dtypes=False
    )  # types of empty columns differ
    shuffled = plain(review_canonical(frame.sample(fraction=1, shuffle=True, seed=1), settings())).sort("loan_id")
    assert_frame_equal(whole, shuffled.select(whole.columns), check_dtypes=False)
