"""The waterfalls of HAMP against the slow oracle, loan by loan."""

from __future__ import annotations

import datetime
import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from hopenow.law import segments
from hopenow.programs.hamp import kernel as hk
from hopenow.programs.hamp.tier1 import OPTION, PRINCIPAL_REDUCTION, figures_of_the_law
from hopenow.programs.hamp.tier2 import OPTION as TIER2
from hopenow.review.engine import determine
from tests.oracle import basics
from tests.oracle import hamp as oracle
from tests.programs.hamp.loans import HAMP, random_loans

TIER1_LAW = figures_of_the_law(segments(OPTION.law, "hamp")[-1].parameters, reduction=False)
REDUCTION_LAW = figures_of_the_law(segments(PRINCIPAL_REDUCTION.law, "hamp")[-1].parameters, reduction=True)
NO_LIMIT_LAW = figures_of_the_law(segments(OPTION.law, "hamp")[0].parameters, reduction=False)
PPM = 10_000


def rate_of(ppm: int) -> Decimal:
    return Decimal(ppm) / PPM


def random_case(rng: random.Random) -> dict[str, Any]:
    gross = rng.randint(3_000_000, 90_000_000)
    rate = rng.choice([rng.randrange(10_000, 110_000), rng.randrange(16, 90) * 1250, 20_000, 21_800, 21_250])
    term = rng.choice([rng.randint(1, 520), rng.randint(200, 360), 480, 479])
    start = oracle.level(gross, rate_of(rate), term)
    # Old payments near the new ones exercise the guard, incomes near the target the first rung.
    old = int(start * rng.choice([1, rng.uniform(0.4, 1.05), rng.uniform(0.9, 1)]))
    escrow = rng.randint(0, 120_000)
    aimed = start * rng.choice([rng.uniform(0.15, 1.05), rng.uniform(0.3, 0.9), rng.uniform(0.97, 1.01)])
    income = max(int((aimed + escrow) / 0.31), 1)
    case: dict[str, Any] = {
        "gross": gross,
        "rate": rate_of(rate),
        "term": term,
        "old": old,
        "escrow": escrow if rng.random() > 0.02 else income,
        "income": income,
        "value": rng.choice([None, int(gross / rng.uniform(0.5, 2)), gross, gross * 100 // 115]),
        "cap": rate_of(rng.randrange(24, 60) * 1250),
    }
    if rng.random() < 0.15:
        case["floor"] = rate_of(rng.randrange(16, 50) * 1250)
    if rng.random() < 0.15:
        case["longest"] = rng.choice([360, 400, 479])
    if rng.random() < 0.1:
        case["no_cut"] = True
    return case


def run(cases: list[dict[str, Any]], law: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.int64]]:
    def column(name: str, default: Any = None) -> np.ndarray[Any, np.dtype[np.int64]]:
        found = [case.get(name, default) for case in cases]
        return np.array(
            [-1 if item is None else int(item * PPM) if isinstance(item, Decimal) else int(item) for item in found],
            dtype=np.int64,
        )

    targets = np.array([oracle.target(case) for case in cases], dtype=np.int64)
    return hk.tier1_array(
        column("gross"),
        column("rate"),
        column("term"),
        column("floor", oracle.FLOOR),
        column("longest", oracle.LONGEST),
        column("value"),
        targets,
        np.ones(len(cases), np.int64),
        column("old"),
        column("cap"),
        column("no_cut", False),
        law,
    )


def compare(cases: list[dict[str, Any]], law: tuple[int, ...], reduction: bool) -> dict[str, int]:
    result = run(cases, law)
    seen: dict[str, int] = {}
    for place, case in enumerate(cases):
        got = result[:, place]
        expected = oracle.tier1(case, reduction)
        where = f"case {place}: {case}"
        if expected["state"] == "needs value":
            assert got[hk.STATE] == hk.NEEDS_VALUE, where
            continue
        assert got[hk.STATE] == hk.DETERMINED, where
        assert got[hk.START] == expected["start"], where
        assert bool(got[hk.REACHED]) is expected["reached"], where
        if not expected["reached"]:
            seen["not reached"] = seen.get("not reached", 0) + 1
            continue
        figures = {
            "forgiven": got[hk.FORGIVEN],
            "cuts": got[hk.CUTS],
            "rate": rate_of(int(got[hk.RATE])),
            "term": got[hk.TERM],
            "before": got[hk.PAYMENT_BEFORE],
            "forborne": got[hk.FORBORNE],
            "payment": got[hk.PAYMENT],
        }
        assert figures == {name: expected[name] for name in figures}, where
        assert bool(got[hk.GUARDED]) is expected["guarded"], where
        assert {0: False, 1: True, -1: None}[int(got[hk.EXCESSIVE])] is expected["excessive"], where
        path = expected["path"]
        assert got[hk.RISES] == len(path), where
        assert got[hk.FIRST_STEP] == (path[0][1] if path else -1), where
        assert got[hk.LAST_STEP] == (path[-1][1] if path else -1), where
        assert rate_of(int(got[hk.FINAL_RATE])) == (path[-1][0] if path else expected["rate"]), where
        # What the rules promise, whatever the way there.
        assert expected["payment"] <= max(expected["before"], case["old"])
        assert expected["guarded"] or expected["payment"] >= oracle.target(case)
        assert not expected["guarded"] or expected["payment"] <= case["old"]
        for name in ("forgiven", "forborne", "guarded", "excessive"):
            seen[name] = seen.get(name, 0) + bool(expected[name])
        seen["extended"] = seen.get("extended", 0) + (expected["term"] > case["term"])
    return seen


@pytest.mark.parametrize("reduction", [False, True])
def test_waterfall_agrees(reduction: bool) -> None:
    rng = random.Random(31 + reduction)
    seen = compare(
        [random_case(rng) for _ in range(2000)], REDUCTION_LAW if reduction else TIER1_LAW, reduction
    )
    needed = ["not reached", "forborne", "guarded", "excessive", "extended"] + (["forgiven"] if reduction else [])
    assert all(seen.get(name, 0) > 15 for name in needed), seen


def test_waterfall_without_a_limit_agrees() -> None:
    rng = random.Random(2009)
    compare([{**random_case(rng), "no_limit": True} for _ in range(150)], NO_LIMIT_LAW, reduction=False)


@pytest.mark.long
@pytest.mark.parametrize("piece", range(5))
@pytest.mark.parametrize("reduction", [False, True])
def test_waterfall_agrees_on_many(reduction: bool, piece: int) -> None:
    """100,000 loans for each waterfall, in five pieces."""
    rng = random.Random(480 + reduction + 1000 * piece)
    for _ in range(20):
        compare([random_case(rng) for _ in range(1000)], REDUCTION_LAW if reduction else TIER1_LAW, reduction)


@pytest.mark.long
def test_waterfall_without_a_limit_agrees_on_many() -> None:
    rng = random.Random(2010)
    for _ in range(20):
        compare([{**random_case(rng), "no_limit": True} for _ in range(1000)], NO_LIMIT_LAW, reduction=False)


def tier2_cases(rng: random.Random, count: int) -> list[dict[str, Any]]:
    found = []
    for _ in range(count):
        upb = rng.randint(3_000_000, 90_000_000)
        gross = upb + rng.randint(0, 3_000_000)
        found.append(
            {
                "upb": upb,
                "gross": gross,
                "value": rng.choice([int(upb / rng.uniform(0.6, 2.2)), upb * 100 // 115, gross * 100 // 115]),
                "survey": Decimal(rng.randint(330, 560)) / 100,
                "adjustment": rng.choice([Decimal("0.5"), Decimal(0)]),
            }
        )
    return found


def compare_tier2(cases: list[dict[str, Any]], reduction: bool) -> None:
    law = segments(TIER2.law, "hamp")[0].parameters

    def column(values: list[int]) -> np.ndarray[Any, np.dtype[np.int64]]:
        return np.array(values, dtype=np.int64)

    expected = [oracle.tier2(case, reduction) for case in cases]
    gross = column([case["gross"] for case in cases])
    result = hk.tier2_array(
        gross,
        gross if reduction else column([case["upb"] for case in cases]),
        column([int(item["rate"] * PPM) for item in expected]),
        np.full(len(cases), law["term"], np.int64),
        column([case["value"] for case in cases]),
        law["forbear_above"],
        law["forbear_share"],
    )
    assert result[hk.T2_TAKEN].tolist() == [item["taken"] for item in expected]
    assert result[hk.T2_PAYMENT].tolist() == [item["payment"] for item in expected]


@pytest.mark.parametrize("reduction", [False, True])
def test_tier2_agrees(reduction: bool) -> None:
    compare_tier2(tier2_cases(random.Random(42 + reduction), 3000), reduction)


@pytest.mark.long
@pytest.mark.parametrize("reduction", [False, True])
def test_tier2_agrees_on_many(reduction: bool) -> None:
    compare_tier2(tier2_cases(random.Random(25 + reduction), 100_000), reduction)


def slow_case(row: dict[str, Any]) -> dict[str, Any]:
    """Work out what the waterfall starts from, from the facts alone; dates as whole months."""

    def month(day: Any) -> int:
        return int(day.year * 12 + day.month)

    def amount(name: str) -> int:
        return row[name] or 0

    evaluation = row["evaluation_date"]
    start = month(evaluation) + (1 if evaluation.day <= 15 else 2)
    first = start + (3 if row["days_delinquent"] >= 60 else 4)
    unpaid = month(evaluation) - (month(row["next_due_date"]) - 1)
    interest = row["accrued_interest"]
    if interest is None:
        interest = basics.interest(row["interest_bearing_balance"], rate_of(row["note_rate"]), max(unpaid, 0))
    advances = [amount(f"{name}escrow_advances") for name in ("", "hamp_trial_")] + [amount("servicing_advances")]
    added = interest + sum(advances) - amount("borrower_contribution")
    limits = bool(row["hamp_investor_restrictions"])
    if limits and row["hamp_capitalization_barred"]:
        added = 0
    case: dict[str, Any] = {
        "gross": row["interest_bearing_balance"] + amount("deferred_balance") + added,
        "rate": rate_of(row["hamp_income__rate"]),
        "term": max(month(row["maturity_date"]) - first + 1, 1),
        "old": row["hamp_income__principal_and_interest"],
        "income": row["hamp_income__income"],
        "escrow": row["monthly_taxes"]
        + row["monthly_insurance"]
        + amount("monthly_dues")
        + amount("hamp_escrow_shortage_monthly"),
        "value": row["property_value"],
        "no_limit": (evaluation.year, evaluation.month) < (2010, 6),
    }
    survey = row["hamp_tier1__survey_rate"]
    case["cap"] = None if survey is None else oracle.nearest_eighth(rate_of(survey))
    if limits:
        case["floor"] = max(oracle.FLOOR, rate_of(row["hamp_investor_rate_floor"]))
        case["no_cut"] = row["hamp_rate_cut_barred"]
        if evaluation >= datetime.date(2012, 8, 17):
            case["longest"] = min(oracle.LONGEST, row["hamp_investor_longest_term"])
    return case


def test_the_review_agrees_from_facts_to_terms() -> None:
    loans = random_loans(1500, seed=11)
    checked = 0
    for part in determine(loans, HAMP):
        for row in part.frame.iter_rows(named=True):
            if row["hamp_tier1__state"] != hk.DETERMINED:
                continue
            case = slow_case(row)
            expected = oracle.tier1(case)
            assert row["hamp_tier1__gross_balance"] == case["gross"]
            assert row["hamp_tier1__starting_term"] == case["term"]
            assert row["hamp_tier1__target_payment"] == oracle.target(case)
            assert row["hamp_tier1__reached"] is expected["reached"], case
            if not expected["reached"]:
                continue
            got = {name: row[f"hamp_tier1__{name}"] for name in ("term", "forborne", "guarded", "excessive")}
            assert got == {name: expected[name] for name in got}, case
            assert row["hamp_tier1__principal_and_interest"] == expected["payment"]
            assert rate_of(row["hamp_tier1__rate"]) == expected["rate"]
            path = expected["path"]
            assert row["hamp_tier1__payment_after_last_rise"] == (path[-1][1] if path else None)
            assert row["hamp_tier1__housing_ratio"] == basics.half_up(
                Fraction((expected["payment"] + case["escrow"]) * 1_000_000, case["income"])
            )
            checked += 1
    assert checked > 40


def test_unknown_amounts_give_no_terms() -> None:
    one = np.ones(1, np.int64)
    unknown = -one
    arguments = [one * 10_000_000, one * 60_000, one * 300, one * 20_000, one * 480, one * 9_000_000, one * 50_000]
    rest = [one, one * 70_000, one * 40_000, one * 0]
    assert hk.tier1_array(*arguments, *rest, TIER1_LAW)[hk.STATE, 0] == hk.DETERMINED
    for place in (0, 1, 2, 3, 4):
        changed = [unknown if at == place else item for at, item in enumerate(arguments)]
        assert hk.tier1_array(*changed, *rest, TIER1_LAW)[hk.STATE, 0] == hk.NO_ANSWER
    assert hk.tier1_array(*arguments, one * 0, *rest[1:], TIER1_LAW)[hk.STATE, 0] == hk.NEEDS_TARGET
    assert hk.tier1_array(*arguments, one, unknown, *rest[2:], TIER1_LAW)[hk.STATE, 0] == hk.NO_ANSWER
    without_cap = hk.tier1_array(*arguments, one, one * 70_000, unknown, one * 0, TIER1_LAW)
    assert without_cap[hk.STATE, 0] == hk.DETERMINED
    assert without_cap[hk.RISES, 0] == -1
    assert hk.tier2_array(unknown, one, one, one, one, 1, 1)[hk.T2_STATE, 0] == hk.NO_ANSWER
    assert hk.tier2_array(one, one, one, one, unknown, 1, 1)[hk.T2_STATE, 0] == hk.NEEDS_VALUE
