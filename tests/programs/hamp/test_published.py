"""Every published HAMP case on waterfall, income, incentives and dates, exactly as printed.

Cases of the value test (NPV) are another matter and named in ``NOT_HERE``; a new case in the file must be put in one
place or the other.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hopenow.dates import STATUTORY_HOLIDAYS
from hopenow.law import segments
from hopenow.money import cents, ppm
from hopenow.mortgage import exact, kernels
from hopenow.programs.hamp import incentives, process
from hopenow.programs.hamp import kernel as hk
from hopenow.programs.hamp.tier1 import OPTION, figures_of_the_law
from hopenow.review import review_canonical
from tests.programs.hamp.loans import HAMP, SECOND, frame, one

NOT_HERE = {"DISC-01", "GN-EXT", "GN-FORBEAR", "GN-WF-2PCT", "MTM-01", "REO-01", "SMM-V3-01"}
LAW = segments(OPTION.law, "hamp")[0].parameters
Case = dict[str, Any]
CHECKS: dict[str, Callable[[Case], None]] = {}


def check(name: str) -> Callable[[Callable[[Case], None]], Callable[[Case], None]]:
    def enter(function: Callable[[Case], None]) -> Callable[[Case], None]:
        CHECKS[name] = function
        return function

    return enter


def within(got: int, expected: str, tolerance: str) -> None:
    """Compare cents with printed dollars."""
    assert abs(Decimal(got) / 100 - Decimal(expected)) <= Decimal(tolerance), (got, expected)


def path_by_year(rate: int, cap: int) -> list[list[str]]:
    """Follow the rate path as a case prints it."""
    found: list[tuple[str, int]] = [("1-5", rate)]
    last = rate
    year = 6
    while last < cap:
        result = hk.rate_path(20_000_000, rate, 480, 60_565, cap, LAW["rate_rise"], LAW["fixed_years"] * 12)
        last = min(last + LAW["rate_rise"], cap)
        assert result[hk.P_FINAL] == cap
        found.append((f"{year}+" if last == cap else str(year), last))
        year += 1
    return [[years, str(Decimal(value) / 10_000)] for years, value in found]


def normal(path: list[list[str]]) -> list[list[str]]:
    return [[years, str(Decimal(rate).normalize())] for years, rate in path]


@check("2MP-PRIN-01")
def second_lien_principal(case: Case) -> None:
    given, printed_figures = case["inputs"], case["outputs"]
    row = one(
        **{
            **SECOND,
            "interest_bearing_balance": cents(given["second_lien_upb"]),
            "hamp_first_lien_balance": cents(given["first_lien_upb_plus_forgiveness"]),
            "hamp_first_lien_forborne": cents(given["first_lien_forbearance"]),
            "hamp_first_lien_forgiven": cents(given["first_lien_forgiveness"]),
        }
    )
    for name in ("forborne", "forgiven"):
        word = {"forborne": "forbearance", "forgiven": "forgiveness"}[name]
        got = row[f"second_lien_modification__{name}_at_least"]
        assert got == cents(printed_figures[f"second_lien_{word}_min"])


@check("2MP-RATE-01")
def second_lien_rate(case: Case) -> None:
    given = case["inputs"]
    path = given["first_lien_rate_path_pct_by_year"]
    rates = {"hamp_first_lien_rate": ppm(path[0][1]), "hamp_first_lien_rate_cap": ppm(given["first_lien_cap_pct"])}
    row = one(**{**SECOND, **rates})
    names = ("rate", "rate_after_fixed_years", "final_rate")
    got = [row[f"second_lien_modification__{name}"] for name in names]
    expected = case["outputs"]["second_lien_rate_path_pct_by_year"]
    assert got == [ppm(rate) for _, rate in expected]
    assert [years for years, _ in expected] == ["1-5", "6", "7+"]


@check("BORR-INC-01")
def borrower_share(case: Case) -> None:
    given = case["inputs"]
    share = incentives.on_time_share(given["on_time_payments"], given["months"], given["current_and_in_good_standing"])
    assert share == Fraction(case["outputs"]["fraction_of_annual_incentive"])


@check("CAP-01")
def delayed_cap(case: Case) -> None:
    effective = datetime.date.fromisoformat(case["inputs"]["modification_effective_date"])
    assert process.late_conversion_cap(effective, LAW["rate_step"]) == ppm(case["outputs"]["cap_pct"])


@check("CAPZ-01")
def capitalization(case: Case) -> None:
    given = case["inputs"]
    row = one(
        interest_bearing_balance=cents(given["upb"]),
        accrued_interest=cents(given["missed_payments"]),
        servicing_advances=cents(given["expenses"]),
        escrow_advances=cents(given["escrow_advances"]),
        hamp_trial_escrow_advances=0,
    )
    assert row["hamp_tier1__gross_balance"] == cents(case["outputs"]["upb_after"])


@check("FRED-STEP-01")
def first_rise(case: Case) -> None:
    given = case["inputs"]
    balance, low, high = cents(given["loan"]), ppm(given["rate_from_pct"]), ppm(given["rate_to_pct"])
    payment = kernels.payment(balance, low, given["term_months"])
    found = hk.rate_path(balance, low, given["term_months"], payment, high, LAW["rate_rise"], LAW["fixed_years"] * 12)
    assert (payment, found[hk.P_FIRST], found[hk.P_RISES]) == (60_565, 70_363, 1)
    within(found[hk.P_FIRST] - payment, case["outputs"]["payment_increase"], case["tolerance"]["payment_increase"])


@check("HPDP-01")
def price_decline(case: Case) -> None:
    given, printed_figures = case["inputs"], case["outputs"]
    p = incentives.on(datetime.date.fromisoformat(given["npv_date"]))
    balance, ratio = cents(given["upb_before_mod"]), ppm(given["mtmltv_pct"])
    assert incentives.balance_group(balance, p) == printed_figures["quintile"]
    assert incentives.loan_to_value_factor(ratio, p) == Fraction(printed_figures["mtmltv_factor"])
    bases = p.value("hpdp_bases")
    assert isinstance(bases, tuple)
    assert bases[printed_figures["quintile"] - 1] == printed_figures["quintile_base"]
    total = incentives.price_decline_total(Fraction(given["hpd_bracket"]), balance, ratio, p)
    assert total == cents(printed_figures["hpdp_total"])


@check("HPDP-02")
def price_decline_accrual(case: Case) -> None:
    given = case["inputs"]
    trial = datetime.date.fromisoformat(given["trial_effective_date"])
    lost = datetime.date.fromisoformat(given["good_standing_lost"] + "-01")
    found = incentives.price_decline_payments(
        cents(given["hpdp_total"]), trial, given["trial_completed"], lost, incentives.on(trial)
    )
    expected = case["outputs"]["payments"]
    assert [item.date.isoformat() for item in found] == [item["date"] for item in expected]
    assert [item.amount for item in found] == [cents(item["amount"]) for item in expected]
    assert [item.fraction for item in found] == [Fraction(item["fraction"]) for item in expected]


@check("HPDP-LAG-1")
def price_decline_quarters(case: Case) -> None:
    day = datetime.date.fromisoformat(case["inputs"]["npv_date"])
    expected = (case["outputs"]["q_minus_1"], case["outputs"]["q_minus_2"])
    assert incentives.decline_quarters(day, incentives.on(day)) == expected


@check("HPDP-RND-1")
def price_decline_rounding(case: Case) -> None:
    assert incentives.rounded_decline(Fraction(case["inputs"]["decline_pct"])) == case["outputs"]["hpd"]


@check("PRA-01")
def principal_reduction(case: Case) -> None:
    """The source rounds 133 % and 115 % of a home whose value it does not print: 33,000 is 18 % of 183,333.33."""
    given, printed_figures = case["inputs"], case["outputs"]
    forgiven = cents(given["principal_reduction"])
    span = Decimal(given["mtmltv_before_pct"]) - Decimal(given["mtmltv_after_pct"])
    value = int(forgiven * 100 / span)
    balance = value * int(given["mtmltv_before_pct"]) // 100
    p = incentives.on(datetime.date(2010, 10, 1))
    assert p["pra_middle"] == int(Decimal(given["incentive_per_dollar"]) * 1_000_000)
    found = incentives.principal_reduction(balance, forgiven, value, False, p)
    assert found == cents(printed_figures["incentive"])
    assert forgiven - found == cents(printed_figures["investor_loss"])
    later = incentives.principal_reduction(balance, forgiven, value, False, incentives.on(datetime.date(2012, 3, 1)))
    assert later == found * 3


@check("RATE-PATH-01")
def rate_path(case: Case) -> None:
    given = case["inputs"]
    got = path_by_year(ppm(given["modified_rate_pct"]), ppm(given["cap_pct"]))
    assert normal(got) == normal(case["outputs"]["rate_path_pct_by_year"])


@check("RATE-STEP-01")
def rate_ladder(case: Case) -> None:
    given = case["inputs"]
    step, floor = ppm(given["step_points"]), ppm(given["floor_pct"])
    assert (step, floor) == (LAW["rate_step"], LAW["lowest_rate"])
    expected = [ppm(rate) for rate in case["outputs"]["ladder_pct"]]
    start = ppm(given["start_rate_pct"])
    assert [kernels.stepped_rate(start, floor, step, cuts) for cuts in range(3)] == expected
    # A target below every rung takes the waterfall down the ladder and on to the term.
    law = figures_of_the_law(LAW, reduction=False)
    found = hk.tier1(20_000_000, start, 300, floor, 480, 20_000_000, 70_000, 100_000, 50_000, False, law)
    assert (found[hk.RATE], found[hk.CUTS]) == (expected[-1], len(expected) - 1)
    assert found[hk.TERM] > 300


@check("REPORT-01")
def reports(case: Case) -> None:
    for year in (2010, 2011, 2012, 2013, 2014):
        setup, monthly = case["variants"]
        month = int(setup["inputs"]["modification_effective_date"][2:4])
        due = process.setup_report_by(datetime.date(year, month, 1))
        assert due.month == int(setup["outputs"]["due_month"][2:])
        assert business_day_number(due) == setup["outputs"]["due_business_day"]
        due = process.monthly_report_by(datetime.date(year, int(monthly["inputs"]["activity_month"][2:]), 17))
        assert due.month == int(monthly["outputs"]["due_month"][2:])
        assert business_day_number(due) == monthly["outputs"]["due_business_day"]


def business_day_number(day: datetime.date) -> int:
    """Count business days of the month up to a day, one by one."""
    days = [day.replace(day=number) for number in range(1, day.day + 1)]
    return sum(STATUTORY_HOLIDAYS.is_business_day(item) for item in days)


@check("SILV-01")
def target_and_annuities(case: Case) -> None:
    given, printed_figures = case["inputs"], case["outputs"]
    balance, escrow = cents(given["upb"]), cents(given["taxes_and_insurance"])
    row = one(
        monthly_gross_income=cents(given["gross_monthly_income"]),
        interest_bearing_balance=balance,
        note_rate=ppm(given["rate_pct"]),
        monthly_taxes=escrow,
        monthly_insurance=0,
        monthly_principal_and_interest=cents(printed_figures["old_pi"]),
        # Nothing is capitalized, and 360 payments remain at the first modified payment.
        accrued_interest=0,
        escrow_advances=0,
        hamp_trial_escrow_advances=0,
        servicing_advances=0,
        maturity_date=datetime.date(2042, 12, 1),
    )
    assert row["hamp_tier1__starting_term"] == given["term_months"]
    assert row["hamp_tier1__payment_after_capitalization"] == cents(printed_figures["old_pi"])
    assert row["hamp_tier1__target_payment"] + escrow == cents(printed_figures["target_pitia"])
    tested = kernels.payment(balance, ppm(given["tested_rate_pct"]), given["term_months"])
    assert tested == cents(printed_figures["pi_at_tested_rate"])
    assert tested + escrow == cents(printed_figures["pitia_at_tested_rate"])
    # The printed waterfall goes below 31 %; a correct one stops above the rate that the source tried.
    assert row["hamp_tier1__rate"] > ppm(given["tested_rate_pct"])
    assert row["hamp_tier1__housing_ratio"] >= 310_000


@check("TPP-DATE-01")
def trial_date(case: Case) -> None:
    for year in (2010, 2012):
        notice = datetime.date.fromisoformat(f"{year}{case['inputs']['notice_sent'][1:]}")
        found = [f"--{day:%m-%d}" for day in process.trial_effective_dates(notice)]
        assert found == case["outputs"]["allowed_effective_dates"]


@check("TREAS-A")
def refinance(case: Case) -> None:
    given, printed_figures, tolerance = case["inputs"], case["outputs"], case["tolerance"]["amount"]
    payments, raw = {}, {}
    for when in ("before", "after"):
        loan = given[when]
        balance, rate = cents(loan["balance"]), ppm(loan["rate_pct"])
        payments[when] = kernels.payment(balance, rate, loan["term_months"])
        raw[when] = exact.raw_payment(balance, rate, loan["term_months"])
        within(payments[when], printed_figures[f"{when}_payment"], tolerance)
    within(payments["before"] - payments["after"], printed_figures["monthly_saving"], tolerance)
    yearly = float((raw["before"] - raw["after"]) * 12)
    assert abs(Decimal(yearly) / 100 - Decimal(printed_figures["annual_saving"])) <= Decimal(tolerance)


def published(shared: Path) -> dict[str, Case]:
    content = json.loads((shared / "cases" / "hamp.json").read_text(encoding="utf-8"))
    return {case["id"]: case for case in content["cases"]}


def test_every_published_case_is_taken_up(shared: Path) -> None:
    assert set(published(shared)) == set(CHECKS) | NOT_HERE


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_published_case(shared: Path, name: str) -> None:
    CHECKS[name](published(shared)[name])


def test_plausibility_of_a_portfolio() -> None:
    """A loan like the published median modification (April 2012): 45.4 % goes to 31.0 %."""
    result = review_canonical(frame({"monthly_gross_income": 425_000}), HAMP)
    row = result.select(pl.selectors.starts_with("hamp_")).row(0, named=True)
    assert 0.44 < row["hamp_income__housing_ratio"] / 1_000_000 < 0.47
    assert 310_000 <= row["hamp_tier1__housing_ratio"] < 320_000
