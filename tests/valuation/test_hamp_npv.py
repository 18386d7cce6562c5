"""The HAMP value test: published figures, limits, run errors, readings, and the same answer in every batch."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopenow.errors import CoverageError, InputError
from hopenow.money import dollars
from hopenow.programs.hamp import incentives
from hopenow.valuation import discount, lanes, timelines
from hopenow.valuation.hamp_npv import (
    PUBLIC_LABEL,
    SCENARIOS,
    Readings,
    evaluate,
    evaluate_tiers,
    fields,
    public_substitute,
    run,
    what_differs,
)
from hopenow.valuation.hamp_npv import kernel as k
from hopenow.valuation.hamp_npv.checks import checks
from hopenow.valuation.hamp_npv.figures import BUCKETS, coefficients, law, program
from hopenow.valuation.hamp_npv.model import value_table
from hopenow.valuation.hamp_npv.prepare import _reduction, _success, _tier1_share, _tier2_share, default_exponent
from tests.valuation.hamp_loans import Loan, random_loans, standard_loan

TODAY = datetime.date(2020, 1, 1)
PUBLIC = public_substitute()


def one(loan: Loan, **options: Any) -> dict[str, Any]:
    return run(loan, PUBLIC, on=TODAY, **options).frame.row(0, named=True)


# --- published figures ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def case(shared: Path) -> Callable[[str], dict[str, Any]]:
    content = json.loads((shared / "cases" / "hamp.json").read_text(encoding="utf-8"))
    by_id = {item["id"]: item for item in content["cases"]}
    return by_id.__getitem__


def smm(column: int, **variables: float) -> float:
    c = coefficients("3.0")
    bucket = np.array([column])
    parts = [c.smm[name].value(np.array([value]), bucket)[0] for name, value in variables.items()]
    return float(c.intercept[column] + sum(parts))


def test_published_prepayment_rate(case: Callable[[str], dict[str, Any]]) -> None:
    found = case("SMM-V3-01")
    of, expected = found["inputs"], found["outputs"]
    x = smm(
        BUCKETS.index(of["status"]),
        hpag=float(of["hpag"]), inct=float(of["inct_points"]), mltv=float(of["mltv_pct"]),
        score=float(of["score"]), amt=float(of["amt_thousands"]),
    )  # fmt: skip
    assert abs(x - float(expected["logit"])) < float(found["tolerance"]["logit"])
    assert abs(100 * lanes.logistic(x) - float(expected["smm_pct"])) < float(found["tolerance"]["smm_pct"])


def test_the_prepayment_rate_that_the_documentation_prints() -> None:
    x = smm(0, hpag=-0.05, inct=1.0, mltv=60.0, score=720.0, amt=100.0)
    assert round(100 * lanes.logistic(x), 4) == 4.2091
    assert abs(x - -3.124915) < 1e-9


def test_published_discounting(case: Callable[[str], dict[str, Any]]) -> None:
    found = case("DISC-01")
    for variant in found["variants"]:
        rate = discount.monthly_rate(np.array([float(variant["inputs"]["rate_pct"]) / 100]), "compound")[0]
        worth = 1000 * discount.discount_factor(rate, 12)
        assert abs(worth - float(variant["outputs"]["present_value"])) <= float(found["tolerance"]["present_value"])


def test_published_truncation(case: Callable[[str], dict[str, Any]]) -> None:
    found = case("MTM-01")
    # 2/3 of a value, a hair above what is kept.
    loan = standard_loan(upb="200000.00", property_value="300000.27")
    exact = Fraction(200000) / Fraction("300000.27") * 100
    assert str(loan["mark_to_market_ltv"]).startswith(str(float(int(exact * 100000)) / 100000))
    assert found["outputs"]["reported_pct"] == "66.66661"
    rounded = str(Decimal(loan["mark_to_market_ltv"]) + Decimal("0.00001"))
    assert "55" in one({**loan, "mark_to_market_ltv": rounded})["run_code"]
    assert "55" not in one(loan)["run_code"]


def test_published_reo_discounts(case: Callable[[str], dict[str, Any]]) -> None:
    found = case("REO-01")
    shown = {}
    for kind, name in ((1, "avm"), (2, "exterior"), (3, "interior")):
        group = run(standard_loan(valuation_type=kind), PUBLIC, on=TODAY).groups[0]
        shown[name] = 100 * group.prepared.table[k.REO_DISCOUNT, 0]
    assert shown["avm"] == pytest.approx(float(found["inputs"]["avm_discount_pct"]))
    assert shown["exterior"] == pytest.approx(float(found["outputs"]["exterior_pct"]))
    assert shown["interior"] == pytest.approx(float(found["outputs"]["interior_pct"]))


def test_published_price_decline_payment(case: Callable[[str], dict[str, Any]]) -> None:
    found = case("HPDP-01")
    of = found["inputs"]
    p = incentives.on(datetime.date.fromisoformat(of["npv_date"]))
    base = 10 * 30_000  # bracket times the base of the second quintile, cents: what a supplement's table holds
    from hopenow.valuation.hamp_npv.prepare import _decline

    class Table:
        declines = np.full((1, 5), base)

    got = _decline(np.array([0]), np.array([11_000_000]), np.array([8_500_000]), Table(), p)  # type: ignore[arg-type]
    assert dollars(int(got[0])) == Decimal(found["outputs"]["hpdp_total"])
    lag = case("HPDP-LAG-1")
    quarters = incentives.decline_quarters(datetime.date.fromisoformat(lag["inputs"]["npv_date"]), p)
    assert quarters == (lag["outputs"]["q_minus_1"], lag["outputs"]["q_minus_2"])
    rounding = case("HPDP-RND-1")
    assert incentives.rounded_decline(Fraction(rounding["inputs"]["decline_pct"])) == rounding["outputs"]["hpd"]


def test_published_principal_reduction(case: Callable[[str], dict[str, Any]]) -> None:
    found = case("PRA-01")
    p = incentives.on(datetime.date(2011, 1, 1))
    value = 33_000_00 * 100 // 18
    owed, forgiven = value * 133 // 100, value * 18 // 100
    got = _reduction(np.array([owed]), np.array([forgiven]), np.array([value]), np.array([False]), p)[0]
    assert abs(got / 100 - float(found["outputs"]["incentive"])) <= float(found["tolerance"]["amount"])


def test_published_investor_costs(case: Callable[[str], dict[str, Any]]) -> None:
    def costs(of: dict[str, Any], term: int, aside: float) -> tuple[float, float, float]:
        upb, rate, years = float(of["upb"]), float(of["annual_rate"]), of["term_years"]
        d = float(of["annual_discount_rate"])
        old = upb * lanes.annuity_factor(rate, years)
        new = (upb - aside) * lanes.annuity_factor(rate, term)
        before = old * discount.level_worth(d, 1, years)
        after = new * discount.level_worth(d, 1, term) + aside * discount.discount_factor(d, term)
        return old - new, 100 * (old - new) / old, before - after

    for name in ("GN-EXT", "GN-FORBEAR"):
        found = case(name)
        of, change = found["inputs"], found["inputs"]["modification"]
        term = of["term_years"] + change.get("extend_years", 0)
        cut, percent, cost = costs(of, term, float(change.get("forborne", 0)))
        assert abs(cut - float(found["outputs"]["annual_payment_cut"])) <= float(
            found["tolerance"]["annual_payment_cut"]
        )
        assert abs(percent - float(found["outputs"]["payment_cut_pct"])) <= float(found["tolerance"]["payment_cut_pct"])
        assert abs(cost - float(found["outputs"]["npv_cost"])) <= float(found["tolerance"]["npv_cost"])


def test_published_steps_of_the_rate(case: Callable[[str], dict[str, Any]]) -> None:
    found = case("FRED-STEP-01")
    of = found["inputs"]
    # The payment falls by less than success payments ask for: none of them reduces the balance.
    loan = standard_loan(
        upb_after=of["loan"], upb="190000.00", original_upb="250000", remaining_term=300, term_after=of["term_months"],
        rate_after=of["rate_from_pct"], principal_and_interest_after="605.65", gross_income="3240.00",
        principal_and_interest="630.00",
    )  # fmt: skip
    path = evaluate(loan, PUBLIC, on=TODAY).paths["modified"]
    assert path["rate"][59:62] == [2.0, 3.0, 3.0]
    rise = path["paid"][60] - path["paid"][59]
    assert abs(rise - float(found["outputs"]["payment_increase"])) <= float(found["tolerance"]["payment_increase"])
    cap = case("CAP-01")
    assert float(cap["outputs"]["cap_pct"]) == max(path["rate"])  # the survey stood at 4.95 and then at 4.97


# --- limits ---------------------------------------------------------------------------------------


def test_a_modification_that_changes_nothing_is_worth_the_same() -> None:
    # No change, no incentive, no fee, and the same clock: both cures are one loan, and so are both chances of default.
    loan = standard_loan(
        months_past_due=0, imminent_default="Y", upb_after="247000.00", rate_after="6.5", term_after=312,
        principal_and_interest_after="1643.38", gross_income="6591.54",
    )  # fmt: skip
    of = one(loan)
    assert of["run_ok"]
    assert of["cure_modified"] == of["cure_unmodified"]
    assert of["default_modified"] == of["default_unmodified"]


@pytest.fixture(scope="module")
def random_outcome() -> pl.DataFrame:
    return run(random_loans(400, seed=21), PUBLIC, on=TODAY).frame


def test_chances_are_chances(random_outcome: pl.DataFrame) -> None:
    for name in ("default_unmodified", "default_modified"):
        assert random_outcome[name].drop_nulls().is_between(0, 1).all()


def changed(seed: int, **changes: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    loans = random_loans(150, seed=seed)
    before = run(loans, PUBLIC, on=TODAY).frame
    after = run(
        [{**loan, **{name: how(loan) for name, how in changes.items()}} for loan in loans], PUBLIC, on=TODAY
    ).frame
    both = before["run_ok"] & after["run_ok"]
    return before.filter(both), after.filter(both)


def uninsured(seed: int) -> list[str]:
    return [loan["servicer_loan_number"] for loan in random_loans(150, seed=seed) if float(loan["mi_coverage"]) == 0]


def dearer(loan: Loan) -> str:
    return str(Decimal(loan["property_value"]) * Decimal("1.05") // 1)


def test_a_dearer_home_makes_every_default_worth_more() -> None:
    def ltv(loan: Loan) -> str:
        return str(int(Decimal(loan["upb"]) / Decimal(dearer(loan)) * 10**7) / Decimal(10**5))

    # Without mortgage insurance: its claim shrinks as the price grows, and with it the limit on what a sale brings.
    before, after = changed(22, property_value=dearer, mark_to_market_ltv=ltv)
    insured = before["servicer_loan_number"].is_in(uninsured(22))
    before, after = before.filter(insured), after.filter(insured)
    assert before.height > 40
    assert (after["default_value_unmodified"] >= before["default_value_unmodified"]).all()
    assert (after["default_value_modified"] >= before["default_value_modified"] - 200_00).all()
    assert (after["default_unmodified"] <= before["default_unmodified"]).all()


def test_a_higher_discount_rate_makes_scheduled_cash_worth_less() -> None:
    before, after = changed(23, risk_premium=lambda loan: "2.5")
    lower, higher = before["cure_unmodified"], after["cure_unmodified"]
    assert (higher <= lower).all()
    assert (after["cure_modified"] <= before["cure_modified"]).all()


def test_a_better_score_lowers_the_chance_of_default() -> None:
    before, after = changed(24, credit_score=lambda loan: 880, co_borrower_score=lambda loan: None)
    assert (after["default_unmodified"] <= before["default_unmodified"]).all()


def test_more_relief_lowers_the_chance_of_a_second_default() -> None:
    c, readings = coefficients("3.0"), Readings()
    equation = np.arange(4)
    ones, scores = np.ones(4), np.full(4, 600)
    for version in ("3.0", "4.0", "5.0"):
        c = coefficients(version)
        chances = [
            default_exponent(c, readings, equation, 120 * ones, scores, 50 * ones, after * ones, True, 31.0)
            for after in (50, 45, 40, 35, 31)
        ]  # fmt: skip
        assert all((later <= earlier).all() for earlier, later in pairwise(chances))


# --- run errors -----------------------------------------------------------------------------------

LATE = datetime.date(2010, 3, 15)
BAD: dict[str, dict[str, Any]] = {
    **{code: {checks()[code].missing[0]: None} for code in checks() if checks()[code].missing},
    "10": {"product": 18},
    "27": {"imminent_default": "Y", "months_past_due": 2},
    "29": {"data_collection_date": datetime.date(2009, 12, 1)},
    "30": {"upb": "729750.01"},
    "31": {"units": 5},
    "32": {"first_payment_date": datetime.date(2009, 3, 1)},
    "33": {"original_upb": "10000000.01"},
    "34": {"original_term": 0},
    "35": {"original_rate": "25.00001"},
    "36": {"original_ltv": "150.1"},
    "37": {"reset_rate": "26"},
    "38": {"reset_date": datetime.date(2001, 1, 1)},
    "40": {"upb": "-1"},
    "41": {"rate": "25.1"},
    "42": {"principal_and_interest": "-0.01"},
    "43": {"co_borrower_score": 249},
    "44": {"state": "XX"},
    "45": {"taxes": "-0.01"},
    "46": {"mi_coverage": "101"},
    "47": {"mark_to_market_ltv": "1000"},
    "48": {"months_past_due": 49},
    "49": {"risk_premium": "2.50001"},
    "50": {"modification_fees": "-1"},
    "51": {"mi_partial_claim": "-1"},
    "52": {"upb_after": "-1"},
    "53": {"rate_after": "25.5"},
    "54": {"remaining_term": 481, "term_after": 480},
    "55": {"mark_to_market_ltv": "130.00001"},
    "56": {"product": 1, "reset_rate": "5", "reset_date": None},
    "57": {"product": 1, "reset_rate": None, "reset_date": datetime.date(2011, 1, 1)},
    "58": {"zip": "9021"},
    "59": {"npv_date": datetime.date(2009, 4, 14), "data_collection_date": datetime.date(2009, 4, 14)},
    "a": {"gross_income": "9000.00"},
    "b": {"gross_income": "399.00"},
    "c": {"rate_after": "1.999"},
    "e": {"principal_and_interest_after": "1643.39"},
    "f": {
        "months_past_due": 0,
        "credit_score": 800,
        "property_value": "400000.00",
        "upb_after": "147000.00",
        "forbearance": "100000.00",
        "principal_and_interest_after": "950.00",
    },
    "g": {"principal_and_interest_after": "992.00"},
}


def test_every_run_error_has_a_case() -> None:
    assert set(BAD) == set(checks())


@pytest.mark.parametrize("code", list(BAD))
def test_run_error(code: str) -> None:
    of = one(standard_loan(**BAD[code]))
    assert code in of["run_code"].removeprefix("N: ").split("; "), of["run_code"]
    assert of["npv_unmodified"] is None
    assert of["npv_modified"] is None
    assert of["positive"] is None


def test_a_good_loan_has_no_code() -> None:
    assert one(standard_loan())["run_code"] == "Y"


def test_all_errors_at_once() -> None:
    of = one(standard_loan(investor_code=None, first_payment_date=None, zip="9", rate="30"))
    assert of["run_code"] == "N: 1; 5; 41; 58"


@pytest.mark.parametrize(
    ("limit", "good", "bad"),
    [
        ("a", {"gross_income": "6591.54"}, {"gross_income": "6591.56"}),
        ("g", {"principal_and_interest_after": "991.99"}, {"principal_and_interest_after": "992.00"}),
        (
            "29",
            {"data_collection_date": datetime.date(2009, 12, 15)},
            {"data_collection_date": datetime.date(2009, 12, 14)},
        ),
        ("32", {"first_payment_date": datetime.date(2009, 2, 28)}, {"first_payment_date": datetime.date(2009, 3, 1)}),
        ("48", {"months_past_due": 48}, {"months_past_due": 49}),
        ("c", {"rate_after": "2"}, {"rate_after": "1.99999"}),
    ],
)
def test_errors_begin_where_they_should(limit: str, good: dict[str, Any], bad: dict[str, Any]) -> None:
    assert limit not in one(standard_loan(**good))["run_code"].split("; ")
    assert limit in one(standard_loan(**bad))["run_code"].removeprefix("N: ").split("; ")


def test_excessive_forbearance_is_no_error_after_version_3() -> None:
    of = one(standard_loan(**BAD["f"]), version="4.0")
    assert of["run_ok"]
    assert of["forbearance_flag"] is True


@pytest.mark.parametrize("name", [name for name, field in fields().items() if field.above is not None])
def test_values_without_a_code_of_their_own_still_stop(name: str) -> None:
    of = one(standard_loan(**{name: 0}))
    assert of["run_code"].startswith("N: ")


def test_what_cannot_be_read_is_said_with_every_other_thing() -> None:
    result = evaluate(standard_loan(rate="six", taxes="1.005", units="two", npv_date="03/15/2010"), PUBLIC, on=TODAY)
    assert {item.field for item in result.findings if item.code == "unreadable"} == {
        "rate",
        "taxes",
        "units",
        "npv_date",
    }
    assert not result.ok


def test_unknown_inputs_are_refused_with_a_hint() -> None:
    with pytest.raises(InputError, match="did you mean gross_income"):
        run(standard_loan(gros_income="1"), PUBLIC)


def test_floats_and_text_are_the_same() -> None:
    loan = standard_loan()
    frame = pl.DataFrame([{**loan, "upb": 247000.0, "rate": 6.5, "units": 1.0}])
    assert one(loan) == run(frame, PUBLIC, on=TODAY).frame.row(0, named=True)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"npv_date": datetime.date(2017, 2, 1), "data_collection_date": datetime.date(2017, 2, 1)}, "no_program"),
        ({"state": "PR"}, "no_supplement"),
    ],
)
def test_what_is_not_covered_is_refused(changes: dict[str, Any], code: str) -> None:
    result = evaluate(standard_loan(**changes), PUBLIC, on=TODAY)
    assert result.run_code == f"N: {code}"
    assert result.findings[0].code == code


def test_version_5_has_a_score_for_borrowers_without_one() -> None:
    assert one(standard_loan(credit_score=None))["run_code"] == "N: 15"
    nobody = one(standard_loan(credit_score=None), version="5.0")
    assert nobody == one(standard_loan(credit_score=557), version="5.0")
    other = one(standard_loan(credit_score=None, co_borrower_score=610), version="5.0")
    assert other == one(standard_loan(credit_score=610), version="5.0")
    low = one(standard_loan(credit_score=100), version="5.0")
    assert low == one(standard_loan(credit_score=250), version="5.0")
    assert "43" in one(standard_loan(credit_score=100))["run_code"]


def test_rented_homes_have_no_public_equation() -> None:
    loan = standard_loan(occupancy_code=2)
    assert one(loan)["run_ok"]
    assert one(loan, version="4.0")["run_code"] == "N: not_owner_occupied"


# --- incentives agree with the program's own functions ---------------------------------------------


@given(
    income=st.integers(100_000, 3_000_000), carry=st.integers(0, 90_000), old=st.integers(1_000, 900_000),
    new=st.integers(1_000, 900_000),
)  # fmt: skip
def test_incentives_are_those_of_the_program(income: int, carry: int, old: int, new: int) -> None:
    p = incentives.on(datetime.date(2012, 7, 1))
    many = [np.array([value]) for value in (income, carry, old, new)]
    assert _tier1_share(many[0], many[1], many[2], p)[0] == incentives.cost_share_tier1(income, carry, old, p)
    assert _tier2_share(many[2], many[3], p)[0] == incentives.cost_share_tier2(old, new, p)
    exact = max(Fraction(old + carry) - Fraction(31 * income, 100), Fraction(0))
    half = int(exact * 6 + Fraction(1, 2))
    assert _success(many[2] + many[1], many[0], p)[0] == min(half, 100_000)


@given(
    value=st.integers(1_000_000, 90_000_000), over=st.integers(50, 220), share=st.integers(0, 60), late=st.booleans(),
    new=st.booleans(),
)  # fmt: skip
def test_principal_reduction_is_that_of_the_program(value: int, over: int, share: int, late: bool, new: bool) -> None:
    p = incentives.on(datetime.date(2012, 7, 1) if new else datetime.date(2011, 7, 1))
    owed = value * over // 100
    forgiven = owed * share // 100
    got = _reduction(np.array([owed]), np.array([forgiven]), np.array([value]), np.array([late]), p)[0]
    assert got == incentives.principal_reduction(owed, forgiven, value, late, p)


# --- kernels --------------------------------------------------------------------------------------


def test_batches_threads_and_order_change_nothing() -> None:
    loans = random_loans(700, seed=31)
    whole = run(loans, PUBLIC, on=TODAY)
    small = run(loans, PUBLIC, on=TODAY, batch=37, threads=3)
    back = run(loans[::-1], PUBLIC, on=TODAY)
    assert whole.frame.equals(small.frame)
    assert whole.frame.equals(back.frame.reverse())
    for place in (0, 5, 123, 699):
        assert run(loans[place], PUBLIC, on=TODAY).frame.row(0) == whole.frame.row(place)
    for one_way, other in zip(whole.groups, small.groups, strict=True):
        assert np.array_equal(one_way.modified, other.modified)


@pytest.mark.parametrize("scenario", ["tier1", "tier1_pra"])
def test_the_readable_version_agrees(scenario: str) -> None:
    loans = random_loans(300, seed=32, first=datetime.date(2010, 10, 1))
    fast = run(loans, PUBLIC, on=TODAY, modification=SCENARIOS[scenario])
    slow = run(loans, PUBLIC, on=TODAY, modification=SCENARIOS[scenario], compiled=False)
    for a, b in zip(fast.groups, slow.groups, strict=True):
        for ours, theirs in ((a.unmodified, b.unmodified), (a.modified, b.modified)):
            assert np.max(np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1.0)) < 1e-9


def test_no_loans_make_no_trouble() -> None:
    group = run(standard_loan(), PUBLIC, on=TODAY).groups[0]
    out, after = value_table(np.zeros((k.FIELDS, 0)), group.arguments())
    assert out.shape == after.shape == (k.RESULTS, 0)


HASH = """
import datetime, hashlib
from hopenow.valuation.hamp_npv import public_substitute, run
from tests.valuation.hamp_loans import random_loans
outcome = run(random_loans(200, seed=33), public_substitute(), on=datetime.date(2020, 1, 1))
print(hashlib.sha256(b"".join(g.unmodified.tobytes() + g.modified.tobytes() for g in outcome.groups)).hexdigest())
"""


@pytest.mark.long
@pytest.mark.parametrize("processor", ["nehalem", "haswell", "skylake-avx512"])
def test_every_processor_gives_the_same_bits(processor: str, tmp_path: Path, repository: Path) -> None:
    outcome = run(random_loans(200, seed=33), PUBLIC, on=TODAY)
    ours = hashlib.sha256(b"".join(g.unmodified.tobytes() + g.modified.tobytes() for g in outcome.groups)).hexdigest()
    settings = {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    path = os.pathsep.join([str(repository / "src"), str(repository)])
    done = subprocess.run(
        [sys.executable, "-c", HASH], env={**os.environ, **settings, "PYTHONPATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ours


@given(st.floats(-690, 690))
def test_the_exponential(x: float) -> None:
    assert lanes.exponential(x) == pytest.approx(float(np.exp(x)), rel=4e-16)


@given(st.floats(1e-300, 1e300))
def test_the_logarithm(x: float) -> None:
    assert lanes.natural_log(x) == pytest.approx(float(np.log(x)), rel=4e-16, abs=4e-16)


def test_the_ends_of_exponential_and_logarithm() -> None:
    assert lanes.exponential(0.0) == 1.0
    assert 0 < lanes.exponential(-1e9) < 1e-300
    assert np.isfinite(lanes.exponential(1e9))
    assert np.isnan(lanes.natural_log(0.0))
    assert lanes.natural_log(1.0) == 0.0
    assert lanes.logistic(0.0) == 0.5


@given(st.floats(0.0001, 0.2), st.integers(1, 400), st.integers(0, 400))
def test_sums_of_level_payments(monthly: float, first: int, more: int) -> None:
    flows = [(1 + monthly) ** -month for month in range(first, first + more + 1)]
    assert discount.level_worth(monthly, first, first + more) == pytest.approx(sum(flows), rel=1e-11, abs=1e-14)


def test_discounting_at_the_edges() -> None:
    assert discount.level_worth(0.0, 3, 5) == 3.0
    assert discount.level_worth(0.01, 5, 4) == 0.0
    monthly = discount.monthly_rate(np.array([0.06, 0.06]), "compound")
    assert (1 + monthly) ** 12 == pytest.approx([1.06, 1.06], rel=1e-15)
    with pytest.raises(ValueError, match="twelfth or compound"):
        discount.monthly_rate(np.array([0.06]), "daily")


def test_values_round_half_up_once() -> None:
    assert lanes.rounded_cents(np.array([0.5, 1.5, -0.5, -1.5, 2.4])).tolist() == [1, 2, 0, -1, 2]
    with pytest.raises(ValueError, match="not finite"):
        lanes.rounded_cents(np.array([np.nan]))


def test_timelines() -> None:
    days, missed = np.array([300, 301, 90, 900]), np.array([4, 4, 30, 0])
    for reading in ("round_first", "subtract_first"):
        assert timelines.months_to_sale(days, missed, 30, reading).tolist() == [6, 7, 1, 30]
    with pytest.raises(ValueError, match="round_first"):
        timelines.months_to_sale(days, missed, 30, "guess")
    assert (
        timelines.state_timelines("edition_2015_16")["NY"].days
        > timelines.state_timelines("edition_2015_16")["TX"].days
    )
    with pytest.raises(ValueError, match="newest"):
        timelines.state_timelines("latest")


# --- one loan in words ----------------------------------------------------------------------------


def test_a_result_explains_itself() -> None:
    result = evaluate(standard_loan(), PUBLIC, on=TODAY)
    assert result.ok
    assert result.positive
    assert result.supplement_label == PUBLIC_LABEL
    assert result.verification == "unverified"
    assert len(result.readings) == len(law("readings").parameters)
    titles = [step.title for part in result.parts for step in part.steps]
    for wanted in (
        "Housing ratio before",
        "Value if the loan cures",
        "Net proceeds of the home",
        "Difference",
        "Outcome",
    ):
        assert wanted in titles
    assert json.loads(json.dumps(result.as_dict()))["difference"] == str(dollars(result.difference or 0))
    assert len(result.paths["unmodified"]["smm"]) == 312
    assert all(0 < value < 1 for value in result.paths["modified"]["smm"])
    assert PUBLIC_LABEL in json.dumps(result.as_dict())


def test_what_a_notice_does_not_print_is_filled_in_and_said() -> None:
    loan = {
        name: value for name, value in standard_loan().items() if name not in {"mark_to_market_ltv", "servicer_number"}
    }
    result = evaluate(loan, PUBLIC, on=TODAY)
    assert result.ok
    assert any("loan to value" in note for note in result.notes)
    strict = evaluate(loan, PUBLIC, on=TODAY, fill_in=False)
    assert strict.run_code == "N: 3; 20"


def test_a_fraction_in_place_of_a_percentage_is_noticed() -> None:
    result = evaluate(standard_loan(rate="0.065"), PUBLIC, on=TODAY)
    assert any("fraction" in note for note in result.notes)


def test_readings_that_do_not_exist_are_refused_all_at_once() -> None:
    with pytest.raises(InputError) as caught:
        Readings({"monthly_discount": "daily", "colour": "blue"})
    assert len(caught.value.findings) == 2


def test_versions_that_do_not_exist_are_refused() -> None:
    with pytest.raises(InputError, match=r"3\.0, 4\.0, 5\.0"):
        run(standard_loan(), PUBLIC, version="6.0")


def test_the_program_has_an_end() -> None:
    with pytest.raises(CoverageError, match="2016-12-31"):
        program(datetime.date(2017, 1, 1))


# --- which input makes the difference -------------------------------------------------------------


def denied() -> Loan:
    """A loan that is negative, and would be positive if the home were worth less."""
    loans = random_loans(200, seed=41)
    frame = run(loans, PUBLIC, on=TODAY).frame
    places = frame.with_row_index().filter(pl.col("positive").eq(False) & pl.col("waterfall_test"))["index"].to_list()
    return loans[places[0]]


def test_the_input_that_flips_a_denial_is_found() -> None:
    loan = denied()
    found = what_differs(
        loan, {"property_value": str(Decimal(loan["property_value"]) // 2), "taxes": "60.00"}, PUBLIC, on=TODAY
    )
    by_name = {item.inputs: item for item in found.singles}
    assert by_name[("property_value",)].flips
    assert not by_name[("taxes",)].flips
    assert not found.pairs  # one alone is enough
    assert "value of the home" in found.summary
    assert any("appeal" in note for note in found.notes)
    assert json.dumps(found.as_dict())


def test_each_change_is_a_run_of_its_own() -> None:
    loan = denied()
    found = what_differs(loan, {"credit_score": 620, "insurance": "95.00"}, PUBLIC, on=TODAY, rework_terms=False)
    for item in (*found.singles, *found.pairs):
        again = one({**loan, **{name: {"credit_score": 620, "insurance": "95.00"}[name] for name in item.inputs}})
        assert (again["difference"], again["run_code"]) == (item.difference, item.run_code)


def test_nothing_to_compare_is_refused() -> None:
    loan = standard_loan()
    with pytest.raises(InputError, match="nothing differs"):
        what_differs(loan, {"taxes": loan["taxes"]}, PUBLIC, on=TODAY)
    with pytest.raises(InputError) as caught:
        what_differs(loan, {"tax": "1", "taxes": "x"}, PUBLIC, on=TODAY)
    assert caught.value.findings


# --- tiers ----------------------------------------------------------------------------------------


def test_the_four_modifications_and_the_decision() -> None:
    day = datetime.date(2012, 8, 20)
    loan = standard_loan(npv_date=day, data_collection_date=day, remaining_term=283, property_value="170000.00")
    found = evaluate_tiers(loan, PUBLIC, on=TODAY)
    assert set(found.results) == set(SCENARIOS)
    assert found.must_offer == "tier1"
    assert "Tier 1 is positive" in found.decision
    two = found.terms["tier2"]
    assert (two.term_after, two.rate_after % 12_500) == (480, 0)
    assert two.upb_after + two.forbearance == 25_500_000
    assert two.forbearance == min(25_500_000 - 17_000_000 * 115 // 100, 25_500_000 * 30 // 100)
    assert found.terms["tier2_pra"].forgiveness == two.forbearance
    assert json.dumps(found.as_dict())


def test_tier_2_did_not_exist_before_june_2012() -> None:
    found = evaluate_tiers(standard_loan(), PUBLIC, on=TODAY)
    assert "tier2" not in found.results
    assert "no such modification" in found.not_valued["tier2"]


def test_terms_can_be_given() -> None:
    found = evaluate_tiers(standard_loan(), PUBLIC, on=TODAY, given={"tier1": {"rate_after": "2.5"}})
    assert found.results["tier1"].figures["ratio_after_percent"] > 31
    with pytest.raises(InputError, match="tier3"):
        evaluate_tiers(standard_loan(), PUBLIC, given={"tier3": {}})
