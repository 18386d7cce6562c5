"""Terms against the slow oracle, and the published case."""

from __future__ import annotations

import datetime
import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hopenow.facts import NEVER
from hopenow.programs.va.leaving import net_value
from hopenow.programs.va.maximum_rate import round_to_step
from hopenow.reference import survey_series
from hopenow.review import review_canonical
from tests.oracle import va as oracle
from tests.oracle.basics import add_months
from tests.oracle.basics import payment as level_payment
from tests.programs.va.loans import SETTINGS, frame, reviewed, words

D = datetime.date
EIGHTH = 1_250

# --- published case -------------------------------------------------------------------------------


def test_published_case_of_rounding_to_an_eighth(shared: Path) -> None:
    """GOV-VA-EIGHTH-01A: 38 CFR 36.4312(d)(4)(ii), margin 2 and index 6.06."""
    cases = json.loads((shared / "cases" / "government_loans.json").read_text(encoding="utf-8"))["cases"]
    own = {case["id"]: case for case in cases if case["program"] == "VA"}
    assert list(own) == ["GOV-VA-EIGHTH-01A"]
    case = own["GOV-VA-EIGHTH-01A"]
    total = Decimal(case["inputs"]["margin_pct"]) + Decimal(case["inputs"]["index_pct"])
    exact = int(total * 10_000)
    got = pl.select(round_to_step(pl.lit(exact), EIGHTH, "nearest")).item()
    assert Decimal(got) / 10_000 == Decimal(case["outputs"]["rounded_rate_pct"])
    # The same rounding in a review: an index of 8.06 is the same sum.
    row = reviewed(va_survey_rate=exact, note_rate=200_000)
    assert Decimal(row["va_maximum_rate__rounded_rate"]) / 10_000 == Decimal(case["outputs"]["rounded_rate_pct"])


# --- the highest rate -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("survey", "nearest", "up"),
    [
        (60_600, 60_000, 61_250),
        (60_624, 60_000, 61_250),
        (60_625, 61_250, 61_250),
        (60_626, 61_250, 61_250),
        (61_874, 61_250, 62_500),
        (61_875, 62_500, 62_500),
        (61_876, 62_500, 62_500),
        (61_800, 61_250, 62_500),
        (62_500, 62_500, 62_500),
    ],
)
def test_rounding(survey: int, nearest: int, up: int) -> None:
    row = reviewed(va_survey_rate=survey, note_rate=200_000)
    assert row["va_maximum_rate__rounded_rate"] == nearest
    assert row["va_maximum_rate__rate"] == nearest + 5_000
    assert row["va_maximum_rate__rate_if_rounded_up"] == up + 5_000


def test_the_lower_limit_binds() -> None:
    # 6.125 + 0.50 = 6.625 against existing + 1.00.
    for note, cap in ((56_249, 66_249), (56_250, 66_250), (56_251, 66_250)):
        assert reviewed(note_rate=note)["va_maximum_rate__rate"] == cap
    assert (
        reviewed(va_purchase_aid_law_forbids_rate_change=True, original_rate=41_250)["va_maximum_rate__rate"] == 41_250
    )


def test_survey_of_the_pricing_date() -> None:
    series = survey_series()
    table = [(week, Decimal(rate) / 10_000) for week, rate in zip(series.weeks, series.rates, strict=True)]
    week = series.weeks[-60]
    for day in (week - datetime.timedelta(days=1), week, week + datetime.timedelta(days=1)):
        rate = oracle.survey_rate(table, day)
        for facts in (
            {"evaluation_date": day, "next_due_date": add_months(day.replace(day=1), -4)},
            {"evaluation_date": day + datetime.timedelta(days=40), "va_pricing_date": day},
        ):
            row = reviewed(**facts, va_survey_rate=None, note_rate=200_000)
            assert Decimal(row["va_maximum_rate__survey_rate"]) / 10_000 == rate
            assert row["va_maximum_rate__survey_week"] <= day
            expected = oracle.cap_rate(rate, Decimal(20))
            assert Decimal(row["va_maximum_rate__rate"]) / 10_000 == expected


def test_a_date_the_survey_does_not_cover_is_asked_for() -> None:
    late = survey_series().covered_to + datetime.timedelta(days=1)
    row = reviewed(evaluation_date=late, va_survey_rate=None, next_due_date=add_months(late.replace(day=1), -3))
    assert row["va_maximum_rate__survey_rate"] is None
    assert row["va_maximum_rate__unknown"] == "VA-IDX"
    assert row["va_modification__rate"] is None
    early = D(2008, 2, 1)
    given = reviewed(evaluation_date=early, next_due_date=D(2007, 10, 1), va_survey_rate=61_500)
    assert given["va_maximum_rate__survey_rate"] == 61_500
    assert given["va_maximum_rate__survey_week"] is None


# --- the oracle -----------------------------------------------------------------------------------

# Option, evaluation days, trial months and how its term is chosen.
NAMED = ("va_modification", "va_thirty_year_modification", "va_forty_year_modification")


def _random_loan(rng: random.Random) -> tuple[dict[str, Any], oracle.Loan, Decimal]:
    evaluation = D(2024, 6, 1) + datetime.timedelta(days=rng.randrange(1_300))
    note_first = add_months(evaluation.replace(day=1), -rng.randrange(3, 240))
    original_term = rng.choice([180, 240, 359, 360, 360, 360, 361])
    unpaid = rng.randrange(1, 20)
    next_due = max(note_first, add_months(evaluation.replace(day=1), 1 - unpaid))
    maturity = add_months(note_first, original_term - 1)
    upb = rng.randrange(1_000_000, 90_000_000)
    rate = rng.choice([0, rng.randrange(1_000, 100_000), rng.randrange(16, 72) * EIGHTH])
    survey = rng.randrange(200, 900) * 100
    proposed_rate = rng.choice([None, None, rng.randrange(0, 90_000)])
    proposed_term = rng.choice([None, None, rng.randrange(1, 480)])
    escrow, servicing, title, contribution = (rng.choice([0, rng.randrange(900_000)]) for _ in range(4))
    original_balance, guaranty = rng.randrange(1_000_000, 99_000_000), rng.randrange(100_000, 30_000_000)
    old = level_payment(upb, Decimal(rate) / 10_000, rng.randrange(60, 400))
    income = rng.randrange(100_000, 2_000_000)
    facts = {
        "evaluation_date": evaluation,
        "next_due_date": next_due,
        "maturity_date": maturity,
        "first_payment_date": note_first,
        "origination_date": None,
        "original_term": original_term,
        "original_balance": original_balance,
        "va_guaranty_amount": guaranty,
        "interest_bearing_balance": upb,
        "note_rate": rate,
        "va_survey_rate": survey,
        "va_proposed_rate": proposed_rate,
        "va_proposed_term": proposed_term,
        "escrow_advances": escrow,
        "servicing_advances": servicing,
        "va_title_costs": title,
        "borrower_contribution": contribution,
        "monthly_principal_and_interest": old,
        "monthly_gross_income": income,
        "monthly_capacity": rng.randrange(100_000, 900_000),
        "va_missed_payment_in_pandemic": rng.random() < 0.5,
        "va_prior_partial_claims": rng.randrange(2),
        "va_cost_factor": rng.randrange(50_000, 200_000),
        "property_value": rng.randrange(1_000_000, 90_000_000),
        "va_servicer_implemented_on": NEVER,
    }
    plain = oracle.Loan(
        evaluation=evaluation,
        next_due=next_due,
        maturity=maturity,
        note_first_due=note_first,
        original_term=original_term,
        upb=upb,
        rate=Decimal(rate) / 10_000,
        old_payment=old,
        added=escrow + servicing + title,
        contribution=contribution,
        proposed_rate=None if proposed_rate is None else Decimal(proposed_rate) / 10_000,
        proposed_term=proposed_term,
    )
    return facts, plain, Decimal(survey) / 10_000


def _compare(row: dict[str, Any], option: str, want: oracle.Modified) -> None:
    def of(name: str) -> Any:
        return row[f"{option}__{name}"]

    assert of("delinquent_interest") == want.interest, option
    assert of("new_balance") == want.balance, option
    assert Decimal(of("rate")) / 10_000 == want.rate, option
    assert of("remaining") == want.remaining, option
    assert of("longest_term") == want.longest, option
    assert of("latest_maturity") == want.latest_maturity, option
    assert of("term") == want.term, option
    assert of("principal_and_interest") == want.payment, option
    assert of("first_payment_date") == want.first_due, option
    assert of("maturity_date") == want.last_due, option


def _check(count: int, seed: int) -> None:
    rng = random.Random(seed)
    loans = [_random_loan(rng) for _ in range(count)]
    facts = frame(*({**facts, "loan_id": str(place)} for place, (facts, _, _) in enumerate(loans)))
    result = words(review_canonical(facts, SETTINGS))
    for row, (given, plain, survey) in zip(result.iter_rows(named=True), loans, strict=True):
        want = oracle.modification(plain, survey)
        _compare(row, "va_modification", want)
        assert row["va_modification__guaranty_limit"] == oracle.guaranty_limit(
            want.balance, given["original_balance"], given["va_guaranty_amount"]
        )
        _compare(row, "va_forty_year_modification", oracle.modification(plain, survey, fixed_term=480))
        if row["va_thirty_year_modification__rule_set"].startswith("va."):
            _compare(row, "va_thirty_year_modification", oracle.modification(plain, survey, fixed_term=360))
        _compare(row, "va_disaster_modification", oracle.modification(plain, survey, trial=3))
        old = given["monthly_principal_and_interest"]
        streamline = oracle.modification(plain, survey, trial=3, target=old * 9 // 10)
        _compare(row, "va_streamline_modification", streamline)
        room = max(given["monthly_gross_income"] * 31 // 100 - 52_000, 0)
        _compare(row, "va_affordable_modification", oracle.modification(plain, survey, target=room))
        if row["va_vasp__rule_set"] == "va.vasp" and plain.proposed_term is not None:
            vasp = oracle.modification(plain, survey, fixed_term=plain.proposed_term, fixed_rate=Decimal("2.5"))
            _compare(row, "va_vasp", vasp)
        if row["va_covid_refund_modification__rule_set"] == "va.refund_mod":
            refund = oracle.modification(plain, survey, target=old * 9 // 10, longest=480)
            _compare(row, "va_covid_refund_modification", refund)
        _check_others(row, given, plain)


def _check_others(row: dict[str, Any], given: dict[str, Any], plain: oracle.Loan) -> None:
    assert row["va_short_sale__net_value"] == oracle.net_value(
        given["property_value"], Decimal(given["va_cost_factor"]) / 10_000
    )
    unpaid = 0
    while add_months(plain.next_due, unpaid) <= plain.evaluation:
        unpaid += 1
    regular = plain.old_payment + 52_000
    arrears = max(unpaid * regular - given["borrower_contribution"], 0)
    assert row["va_repayment_plan__arrears"] == arrears
    plan = oracle.repayment_plan(arrears, regular, given["monthly_capacity"])
    rest = (plain.maturity.year - plain.next_due.year) * 12 + plain.maturity.month - plain.next_due.month + 1
    if plan is None or plan[0] > rest:
        assert row["va_repayment_plan__months"] is None
    else:
        assert (row["va_repayment_plan__months"], row["va_repayment_plan__installment"]) == plan
        paid = plan[1] * (plan[0] - 1) + row["va_repayment_plan__last_installment"]
        assert paid == arrears
    if row["va_partial_claim__rule_set"] == "va.pc.2026":
        needed = max(
            unpaid * regular + given["escrow_advances"] + given["servicing_advances"] - given["borrower_contribution"],
            0,
        )
        limit, claim, fits = oracle.partial_claim(
            needed,
            plain.upb,
            missed_in_pandemic=given["va_missed_payment_in_pandemic"],
            earlier_claims=given["va_prior_partial_claims"],
        )
        assert row["va_partial_claim__amount_needed"] == needed
        assert row["va_partial_claim__limit"] == limit
        assert row["va_partial_claim__claim"] == claim
        assert ("VA-PC2" not in row["va_partial_claim__failed"].split(";")) == fits


def test_terms_equal_the_oracle() -> None:
    _check(3_000, seed=3)


@pytest.mark.long
@pytest.mark.parametrize("piece", range(5))
def test_terms_equal_the_oracle_on_many_loans(piece: int) -> None:
    """100,000 loans in five pieces."""
    for part in range(10 * piece, 10 * piece + 10):
        _check(2_000, seed=1_000 + part)


def _check_covid_claim(count: int, seed: int) -> None:
    rng = random.Random(seed)
    loans = []
    for place in range(count):
        day = D(2021, 5, 28) + datetime.timedelta(days=rng.randrange(519))
        due = add_months(D(2020, 1, 1), rng.randrange(20)).replace(day=rng.choice([1, 1, 15, 28]))
        loans.append({"loan_id": str(place), "evaluation_date": day, "next_due_date": due})
    result = review_canonical(frame(*loans), SETTINGS)
    for row, given in zip(result.iter_rows(named=True), loans, strict=True):
        want = oracle.covid_claim(given["next_due_date"], given["evaluation_date"], 210_017, 5_000)
        assert (row["va_covid_partial_claim__payments"], row["va_covid_partial_claim__claim"]) == want


def test_covid_claim_equals_the_oracle() -> None:
    _check_covid_claim(300, seed=9)


@pytest.mark.long
def test_covid_claim_equals_the_oracle_on_many_loans() -> None:
    for part in range(10):
        _check_covid_claim(10_000, seed=90 + part)


def test_refund_modification_searches_up_to_forty_years() -> None:
    facts = {"evaluation_date": D(2022, 6, 1), "next_due_date": D(2022, 1, 1), "va_survey_rate": 52_000}
    row = reviewed(**facts)
    loan = oracle.Loan(
        evaluation=facts["evaluation_date"],
        next_due=facts["next_due_date"],
        maturity=D(2050, 2, 1),
        note_first_due=D(2020, 3, 1),
        original_term=360,
        upb=23_676_547,
        rate=Decimal("6.5"),
        old_payment=158_017,
        added=438_000,
    )
    want = oracle.modification(loan, Decimal("5.2"), target=158_017 * 9 // 10, longest=480)
    assert row["va_covid_refund_modification__term"] == want.term
    assert row["va_covid_refund_modification__principal_and_interest"] == want.payment
    assert row["va_covid_refund_modification__target_met"] is True


# --- the limits of the term -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("original_term", "longest", "latest"),
    [
        # First modified payment 2026-12-01. Original maturity plus 120 months lies later than 360 months from it.
        (360, 360, D(2056, 12, 1)),
        (361, 360, D(2056, 12, 1)),
        # A loan made for less than 360 months: 480 installments from 2020-03-01; 81 lie behind.
        (359, 399, D(2060, 3, 1)),
    ],
)
def test_term_limit_turns_at_360_months(original_term: int, longest: int, latest: D) -> None:
    row = reviewed(original_term=original_term)
    assert row["va_modification__longest_term"] == longest
    assert row["va_modification__latest_maturity"] == latest


def test_term_limit_by_original_maturity() -> None:
    # Original maturity 2035-11-01, plus 120 months is 2045-11-01: 228 installments from 2026-12-01.
    row = reviewed(first_payment_date=D(2005, 12, 1), maturity_date=D(2035, 11, 1))
    assert row["va_modification__latest_maturity"] == D(2045, 11, 1)
    assert row["va_modification__longest_term"] == 228


def test_no_late_fee_is_added() -> None:
    assert reviewed(late_charges=0)["va_modification__new_balance"] == reviewed()["va_modification__new_balance"]


def test_escrow_shortage_is_no_part_of_the_balance() -> None:
    row = reviewed(escrow_shortage=0)
    assert row["va_modification__new_balance"] == reviewed()["va_modification__new_balance"]


def test_huge_guaranty_does_not_overflow() -> None:
    row = reviewed(
        va_guaranty_amount=10_000_000_000, original_balance=10_000_000_000, interest_bearing_balance=9_000_000_000
    )
    new = row["va_modification__new_balance"]
    assert row["va_modification__guaranty_limit"] == oracle.guaranty_limit(new, 10_000_000_000, 10_000_000_000)


@pytest.mark.parametrize(
    ("value", "factor", "want"),
    [
        (10_000_000, 100_000, 9_000_000),
        (10_000_001, 100_000, 9_000_100),
        (10_000_000, 153_333, 8_466_700),
        (0, 153_333, 0),
    ],
)
def test_net_value_rounds_up_to_the_dollar(value: int, factor: int, want: int) -> None:
    got = pl.select(net_value(pl.lit(value, pl.Int64), pl.lit(factor, pl.Int64))).item()
    assert got == want == oracle.net_value(value, Decimal(factor) / 10_000)


def test_largest_amounts_stay_exact() -> None:
    got = pl.select(net_value(pl.lit(10_000_000_000, pl.Int64), pl.lit(1, pl.Int64))).item()
    assert got == oracle.net_value(10_000_000_000, Decimal("0.0001"))
