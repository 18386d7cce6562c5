"""How figures are compared, and how the words of a case become facts, rules and readings."""

from __future__ import annotations

import datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopenow.conformance import reference
from hopenow.conformance.files import Case
from hopenow.conformance.kinds import Field, difference, printed
from hopenow.conformance.loans import NAMES, WORDS, facts_of
from hopenow.conformance.registry import handlers
from hopenow.conformance.rules import day_of, mode_readings, reading_program
from hopenow.conformance.runner import run_case
from hopenow.facts import NEVER, schema
from hopenow.programs.registry import program

DAY = datetime.date(2026, 6, 18)


def loan(**words: Any) -> dict[str, Any]:
    base = {"loan_id": "x", "evaluation_date": DAY}
    return facts_of(words, base, {"shortage_months": 60}.__getitem__).facts


# --- comparing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "decimals", "truncated", "text"),
    [
        (Fraction(7085782, 10**7), 2, True, "70.85"),
        (Fraction(7085782, 10**7), 2, False, "70.86"),
        (Fraction(-1686500, 10**6), 2, False, "-168.65"),
        (Fraction(200004, 10**6), 4, False, "20.0004"),
        (Fraction(1, 8), 0, False, "13"),
        (Fraction(-1, 1000), 1, True, "-0.1"),
        (Fraction(1, 3000), 2, False, "0.03"),
    ],
)
def test_ratios_are_printed_like_their_sources(value: Fraction, decimals: int, truncated: bool, text: str) -> None:
    assert printed(value, decimals, truncated=truncated) == text


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**9), st.integers(0, 4))
def test_a_printed_ratio_agrees_with_itself_and_not_with_its_neighbor(part: int, whole: int, decimals: int) -> None:
    field, value = Field("ratio", ""), Fraction(part, whole)
    text = printed(value, decimals, truncated=False)
    assert difference(field, text, value, official=True) is None
    step = Fraction(1, 100 * 10**decimals)
    other = printed(Fraction(text) / 100 + step, decimals, truncated=False)
    assert difference(field, other, value, official=True) == (other, text)


def test_only_official_ratios_to_value_are_truncated() -> None:
    value = Fraction(7085782, 10**7)
    assert difference(Field("loan_to_value", ""), "70.85", value, official=True) is None
    assert difference(Field("loan_to_value", ""), "70.86", value, official=False) is None
    assert difference(Field("ratio", ""), "70.86", value, official=True) is None


def test_money_is_compared_to_the_cent_and_rates_to_the_last_digit() -> None:
    assert difference(Field("money", ""), "100000", 10_000_000, official=False) is None
    assert difference(Field("money", ""), "1494.67", 149_466, official=False) == ("1494.67", "1494.66")
    assert difference(Field("rate", ""), "4.750", 47_500, official=False) is None
    assert difference(Field("rate", ""), "4.751", 47_500, official=False) is not None


def test_null_asserts_that_a_figure_is_not_determined() -> None:
    assert difference(Field("money", ""), None, None, official=False) is None
    assert difference(Field("money", ""), None, 1, official=False) == ("not determined", "0.01")
    assert difference(Field("ratio", ""), None, Fraction(1, 2), official=False) is not None


def test_codes_have_no_order_and_dates_do() -> None:
    codes = Field("codes", "")
    assert difference(codes, ["B", "A"], ["A", "B"], official=False) is None
    assert difference(codes, ["A"], ["A", "B"], official=False) is not None
    dates = Field("date", "", "list")
    days = [datetime.date(2026, 1, 1), datetime.date(2026, 2, 1)]
    assert difference(dates, ["2026-01-01", "2026-02-01"], days, official=False) is None
    assert difference(dates, ["2026-02-01", "2026-01-01"], days, official=False) is not None


# --- words ----------------------------------------------------------------------------------------------------


def test_every_other_name_stands_for_a_fact() -> None:
    assert {fact for fact in NAMES.values() if fact not in schema()} == set()
    assert set(NAMES) & set(WORDS) == set()
    assert (set(NAMES) | set(WORDS)) & set(schema()) == set()


def test_the_last_paid_installment_gives_the_next_due_date() -> None:
    assert loan(ddlpi=datetime.date(2026, 5, 1))["next_due_date"] == datetime.date(2026, 6, 1)


def test_arrears_are_sorted_by_what_they_are() -> None:
    facts = loan(
        capitalized_arrears=[
            {"category": "LegalFeesandCosts", "amount": "100.00"},
            {"category": "TitleCosts", "amount": "50.00"},
            {"category": "EscrowAdvances", "amount": "30.00"},
            {"category": "BorrowerContribution", "amount": "-200.00"},
        ]
    )
    assert (facts["servicing_advances"], facts["escrow_advances"], facts["borrower_contribution"]) == (
        15_000,
        3_000,
        20_000,
    )


def test_a_rate_that_is_not_printed_does_not_matter() -> None:
    assert loan(note_rate_pct=36_250, published_mod_rate_pct=None)["published_modification_rate"] == 36_250
    assert "published_modification_rate" not in loan(note_rate_pct=36_250)


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ({"months_unpaid": 8, "delinquent_31_plus": True}, 229),
        ({"months_unpaid": 1, "delinquent_31_plus": True}, 31),
        ({"months_unpaid": 2, "delinquent_31_plus": False}, 30),
        ({"delinquent_31_plus": True}, 31),
        ({"delinquent_31_plus": False}, 0),
        ({"current": True}, 0),
    ],
)
def test_the_day_count_agrees_with_what_the_case_says_of_it(words: dict[str, Any], days: int) -> None:
    assert loan(**words)["days_delinquent"] == days


def test_steps_give_the_rate_in_force_and_the_last_one() -> None:
    steps = [{"from": "2015-10-01", "rate_pct": "4.65"}, {"from": "2026-09-01", "rate_pct": "4.85"}]
    facts = loan(step_rates=steps)
    assert (facts["note_rate"], facts["rate_ceiling"], facts["rate_is_final"]) == (46_500, 48_500, False)
    assert facts["last_rate_adjustment_date"] == datetime.date(2015, 10, 1)


def test_a_ratio_gives_an_income_at_exactly_that_ratio() -> None:
    facts = loan(hti_pct=Fraction(40, 100), piti=200_000)
    assert facts["monthly_gross_income"] == 500_000
    assert loan(hti_pct=Fraction(4001, 10_000))["monthly_gross_income"] == 10_000


def test_null_months_since_an_event_mean_never() -> None:
    assert loan(months_since_failed_trial=None)["last_failed_trial_date"] == NEVER
    assert loan(months_since_failed_trial=12)["last_failed_trial_date"] == datetime.date(2025, 6, 18)


def test_one_part_of_escrow_makes_the_other_nothing() -> None:
    assert loan(hoi=5_000)["monthly_taxes"] == 0
    assert "monthly_taxes" not in loan(hoa=5_000)


# --- rules and readings ---------------------------------------------------------------------------------------


def test_a_rule_version_without_a_date_runs_on_its_latest_first_day() -> None:
    found = day_of("forbearance", "freddie_mac", ("fb.2026-05", "fb.2026-05-f"), "fb.2026-05", None)
    assert (found.date, found.supposed) == (datetime.date(2026, 5, 1), True)


def test_a_date_in_the_optional_period_is_an_early_adoption() -> None:
    date = datetime.date(2024, 11, 5)
    found = day_of("flex_modification", "fannie_mae", ("flex.2024-12",), "flex.2024-12", date)
    assert dict(found.adopted) == {"flex.2024-12": date}
    old = day_of("flex_modification", "fannie_mae", ("flex.2017-10",), "flex.2017-10", date)
    assert (dict(old.adopted), old.segment.rule_set.id) == ({}, "flex.2017-10")


def test_a_target_mode_brings_its_reduction() -> None:
    assert str(mode_readings("flex_modification", "flex.2024-12", "two_decimal")["payment_reduction"]) == "20.01"
    assert mode_readings("flex_modification", "flex.2024-12", "strict_cent")["payment_reduction"] == 20


def test_readings_make_another_program_and_leave_the_first() -> None:
    made = reading_program("fannie_mae", {"flex_modification.target_mode": "two_decimal"})
    assert made is reading_program("fannie_mae", {"flex_modification.target_mode": "two_decimal"})
    assert made is not program("fannie_mae")
    (value,) = [
        item
        for option in made.options
        if option.id == "flex_modification"
        for item in option.law.parameters["target_mode"].values
        if "fannie_mae" in item.authorities
    ]
    assert (value.value, value.verification) == ("two_decimal", "unverified")


FLEX = Case(
    "F",
    ("fannie_mae",),
    "flex_modification",
    "flex.2024-12",
    inputs={
        "evaluation_date": "2026-09-09",
        "ib_upb": "236765.47",
        "accrued_interest": "10259.84",
        "months_unpaid": 8,
        "escrow_advances": "4200.00",
        "servicing_advances": "180.00",
        "property_value": "290000.00",
        "note_rate_pct": "6.500",
        "remaining_term_months": 309,
        "pre_mod_pi": "1580.17",
        "published_mod_rate_pct": "6.625",
    },
)


def flex(**changes: Any) -> Case:
    return Case(**{**vars(FLEX), **changes})


@pytest.mark.parametrize(
    ("changes", "outputs"),
    [
        ({}, {"target_pi": "1264.13", "ib_upb": "215921.99"}),
        ({"target_mode": "strict_cent"}, {"target_pi": "1264.13", "nib_upb": "35483.32"}),
        ({"target_mode": "two_decimal"}, {"target_pi": "1264.05", "ib_upb": "215908.33", "nib_upb": "35496.98"}),
        (
            {"target_mode": "two_decimal", "readings": {"flex_modification.balance_rounding": "floor"}},
            {"ib_upb": "215908.32", "nib_upb": "35496.99"},
        ),
        ({"readings": {"flex_modification.longest_term": 360}}, {"term_months": 360}),
    ],
)
def test_readings_change_the_terms_and_are_noted(changes: dict[str, Any], outputs: dict[str, Any]) -> None:
    result = run_case(flex(outputs=outputs, **changes))
    assert result.status == "passed", result
    differs = "readings" in changes or changes.get("target_mode") == "two_decimal"
    assert any(note.startswith("reading: ") for note in result.notes) == differs


def test_eligible_false_is_not_met_by_open_questions() -> None:
    result = run_case(flex(outputs={"eligible": False}))
    assert result.status == "failed"
    assert run_case(flex(outputs={"eligible": True, "status": "conditional"})).status == "passed"


def test_a_case_for_two_investors_is_run_for_both() -> None:
    result = run_case(flex(investors=("fannie_mae", "freddie_mac"), outputs={"target_pi": "1264.13"}))
    assert [(item.figure, item.got) for item in result.differences] == [("freddie_mac: target_pi", "1264.05")]
    assert result.compared == 2


def test_lists_run_once_for_each_value() -> None:
    inputs = {**FLEX.inputs, "property_value": ["290000.00", "200000.00"]}
    good = run_case(flex(inputs=inputs, outputs={"mtmltv_pct": ["86.69", "125.70"], "term_months": 480}))
    assert good.status == "passed", good
    bad = run_case(flex(inputs=inputs, outputs={"mtmltv_pct": ["86.69", "125.71"]}))
    assert [item.figure for item in bad.differences] == ["mtmltv_pct[2]"]
    short = run_case(flex(inputs=inputs, outputs={"mtmltv_pct": ["86.69"]}))
    assert short.status == "error"


def test_every_option_is_in_the_reference() -> None:
    text = reference()
    for name, handler in handlers().items():
        assert f"## `{name}`" in text
        assert name == handler.option


@pytest.mark.parametrize("name", sorted(handlers()))
def test_every_handler_says_what_is_missing_instead_of_breaking(name: str) -> None:
    handler = handlers()[name]
    version = next(iter([*handler.labels, *handler.versions]), None)
    versions = {"flex_modification": "flex.2024-12", "flex_modification_trial": "flex.2024-12"}
    laws = {
        "payment_deferral": "pd.2023-10", "disaster_payment_deferral": "dpd", "covid_payment_deferral": "cpd.2020-07",
        "repayment_plan": "rp", "reinstatement": "reinstatement", "short_sale": "ss", "mortgage_release": "release",
        "flex_modification": "flex.2024-12",
    }  # fmt: skip
    chosen = version or versions.get(name) or laws.get(handler.law or "", "")
    output = next(iter(handler.outputs), None) or handler.output_patterns[0].shown
    only = next(iter(handler.inputs))
    result = run_case(Case("H", ("fannie_mae",), name, chosen, inputs={only: None}, outputs={output: None}))
    assert result.status in {"passed", "failed", "error"}
    assert result.status != "error" or any("missing" in line or "not known" in line for line in result.errors), result
