"""HAMP as a program: whole law files, thresholds from both sides, days around each change, three answers, batches."""

from __future__ import annotations

import datetime
import importlib.resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hopenow.facts import NEVER, schema
from hopenow.facts.derived import DERIVED
from hopenow.law import segments
from hopenow.programs.base import Option
from hopenow.programs.hamp import PROGRAM, common
from hopenow.programs.hamp import kernel as hk
from hopenow.programs.hamp.common import nearest, rounded_up
from hopenow.programs.hamp.tier1 import figures_of_the_law
from hopenow.review import Settings, explain, review_canonical
from hopenow.review.engine import determine
from hopenow.review.plan import intervals
from tests.programs.hamp.loans import DAY, HAMP, RENTAL, SECOND, frame, one, random_loans, split, words

OPTIONS = {option.id: option for option in PROGRAM.options}
EACH = [pytest.param(option, id=option.id) for option in PROGRAM.options]
CENTS_OF_RATIO = 31


def failed(option: str, **change: Any) -> set[str]:
    return split(one(**change)[f"{option}__failed"])


def conditions(option: str, **change: Any) -> set[str]:
    return split(one(**change)[f"{option}__conditions"])


def status(option: str, **change: Any) -> str:
    return str(one(**change)[f"{option}__status"])


def plus(day: datetime.date, days: int) -> datetime.date:
    return day + datetime.timedelta(days=days)


# --- law files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", EACH)
def test_rules_and_law_agree(option: Option) -> None:
    assert set(option.rules) == set(option.law.rules)


@pytest.mark.parametrize("option", EACH)
def test_every_rule_leads_back_to_facts(option: Option) -> None:
    known = set(schema()) | set(DERIVED)
    for other in PROGRAM.options:
        known |= {f"{other.id}__{name}" for name in other.columns} | {f"{other.id}__met"}
    for segment in segments(option.law, "hamp"):
        for name in segment.rules:
            assert set(option.rules[name](segment.parameters).meta.root_names()) <= known, name
    for interval in intervals(PROGRAM):
        planned = next(item for item in interval.options if item.option.id == option.id)
        for rule in planned.rules:
            assert rule.facts or not rule.columns, rule.id


LAW_FILES = (
    "shared tier1 tier1_pra tier2 tier2_pra streamline income debts imminent_default second_lien incentives process"
)


@pytest.mark.parametrize("name", LAW_FILES.split())
def test_every_figure_is_used(name: str) -> None:
    folder = Path(str(importlib.resources.files("hopenow.programs.hamp")))
    source = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    law = common.law(name)
    texts = " ".join(f"{rule.says} {rule.change}" for rule in law.rules.values())
    texts += " ".join(term.says for term in law.process.values())
    own = [
        key
        for key in law.parameters
        if f'"{key}"' not in source and f"{{{key}}}" not in texts and not key.startswith("largest_balance_")
    ]
    assert own == []


def test_intervals_cover_every_day_once() -> None:
    found = intervals(PROGRAM)
    for earlier, later in pairwise(found):
        assert later.start == plus(earlier.end, 1)
    assert found[-1].end == datetime.date.max


def test_every_option_is_ranked() -> None:
    offered = {option.id for option in PROGRAM.options if option.kind != "finding"}
    assert set(PROGRAM.orders["standard"]) == offered


# --- whose loans, and when ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "applies"),
    [
        ({"investor": "portfolio"}, True),
        ({"loan_type": None}, True),
        ({"investor": "fannie_mae"}, False),
        ({"investor": "ginnie_mae"}, False),
        ({"loan_type": "fha"}, False),
        ({"loan_type": "va"}, False),
    ],
)
def test_whose_loans(change: dict[str, Any], applies: bool) -> None:
    assert bool(determine(frame(change), HAMP)) is applies


def test_unknown_investor_gets_the_possibility_labelled() -> None:
    row = one(investor=None)
    assert row["investor_known"] is False
    assert row["hamp_tier1__status"] == "eligible"


DATED = [
    ("hamp_tier1", datetime.date(2009, 4, 6), datetime.date(2016, 12, 31)),
    ("hamp_tier1_pra", datetime.date(2010, 10, 1), datetime.date(2016, 12, 31)),
    ("hamp_tier2", datetime.date(2012, 6, 1), datetime.date(2016, 12, 31)),
    ("hamp_tier2_pra", datetime.date(2012, 6, 1), datetime.date(2016, 12, 31)),
    ("hamp_streamline", datetime.date(2016, 1, 1), datetime.date(2016, 12, 31)),
    ("second_lien_modification", datetime.date(2009, 4, 6), datetime.date(2016, 12, 31)),
]


def state_on(option: str, day: datetime.date) -> str:
    """Say whether an option is in force on a day, by the program's plan."""
    (found,) = [item for item in intervals(PROGRAM) if item.start <= day <= item.end]
    return next(item.state for item in found.options if item.option.id == option)


@pytest.mark.parametrize(("option", "start", "end"), DATED)
def test_first_and_last_day(option: str, start: datetime.date, end: datetime.date) -> None:
    before = "not_covered" if option == "hamp_streamline" else "not_yet"
    assert state_on(option, plus(start, -1)) == before
    assert state_on(option, start) == state_on(option, end) == "in_force"
    assert state_on(option, plus(end, 1)) == "ended"
    for day in (start, end):
        assert one(evaluation_date=day)[f"{option}__rule_set"].startswith("hamp.")


@pytest.mark.parametrize("day", [datetime.date(2009, 4, 5), datetime.date(2017, 1, 1)])
def test_outside_its_years_the_program_gives_no_answer(day: datetime.date) -> None:
    assert determine(frame({"evaluation_date": day}), HAMP) == []


def test_streamline_may_be_adopted_early() -> None:
    early = datetime.date(2015, 7, 1)
    adopted = Settings(
        programs=("hamp",), extra_programs={"hamp": PROGRAM}, adopted={"hamp.streamline.2016-01": early}
    )
    assert one(adopted, evaluation_date=early)["hamp_streamline__rule_set"] == "hamp.streamline.2016-01"
    assert one(adopted, evaluation_date=plus(early, -1))["hamp_streamline__rule_set"] == "NOT-YET-IN-FORCE"
    assert one(evaluation_date=early)["hamp_streamline__rule_set"] == "NOT-COVERED"


CHANGES = sorted(
    {
        (option.id, segment.start)
        for option in PROGRAM.options
        for segment in segments(option.law, "hamp")
    }
)


@pytest.mark.parametrize(("option", "day"), CHANGES)
def test_each_change_takes_effect_on_its_day(option: str, day: datetime.date) -> None:
    """The day before a change has the figures of the stretch before, the day itself those of the stretch after."""
    found = {item.start: item for item in segments(OPTIONS[option].law, "hamp")}
    for when in (plus(day, -1), day):
        planned = next(
            item
            for interval in intervals(PROGRAM)
            if interval.start <= when <= interval.end
            for item in interval.options
            if item.option.id == option
        )
        expected = next((item for item in found.values() if item.start <= when <= item.end), None)
        if expected is None:
            assert planned.segment is None
            continue
        assert planned.rule_set.id == expected.rule_set.id
        figures = {name: planned.parameters.source(name).value for name in planned.parameters}
        assert figures == {name: expected.parameters.source(name).value for name in expected.parameters}
        row = one(evaluation_date=when)
        assert row[f"{option}__rule_set"] == expected.rule_set.id


# --- basic eligibility ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"lien_position": 2}, "HAMP-LIEN"),
        ({"origination_date": datetime.date(2009, 1, 2)}, "HAMP-ORIGINATED"),
        ({"condemned": True}, "HAMP-PROPERTY"),
        ({"hamp_uninhabitable": True}, "HAMP-PROPERTY"),
        ({"hardship_documented": False}, "HAMP-HARDSHIP"),
        ({"hamp_liquid_assets_insufficient": False}, "HAMP-HARDSHIP"),
        ({"hamp_participating": False}, "HAMP-INVESTOR"),
        ({"hamp_borrower_kind": "other"}, "HAMP-PERSON"),
        ({"hamp_borrower_kind": "revocable_trust", "hamp_trustee_and_beneficiary": False}, "HAMP-PERSON"),
        ({"hamp_dodd_frank_certified": False}, "HAMP-CERT"),
        ({"hamp_tax_return_in_order": False}, "HAMP-TAX"),
        ({"hamp_offer_rejected": True, "hamp_change_in_circumstance": False}, "HAMP-OFFER"),
        (
            {
                "amortization_type": "adjustable",
                "hamp_reset_date": NEVER,
                "hamp_investor_restrictions": True,
                "hamp_arm_cannot_be_fixed": True,
            },
            "HAMP-ARM",
        ),
        ({"hamp_tier1_modified_before": True}, "HAMP-T1-ONCE"),
        ({"months_delinquent": 1, "next_due_date": datetime.date(2012, 9, 1)}, "HAMP-T1-DEFAULT"),
        ({"occupancy": "second_home"}, "HAMP-T1-HOME"),
        ({"occupancy": "investment"}, "HAMP-T1-HOME"),
        ({"monthly_gross_income": 700_000}, "HAMP-T1-RATIO"),
    ],
)
def test_what_rules_tier1_out(change: dict[str, Any], rule: str) -> None:
    assert rule in failed("hamp_tier1", **change)
    assert status("hamp_tier1", **change) == "ineligible"


@pytest.mark.parametrize(
    "change",
    [
        {"origination_date": datetime.date(2009, 1, 1)},
        {"hamp_borrower_kind": "revocable_trust", "hamp_trustee_and_beneficiary": True},
        {"hamp_offer_rejected": True, "hamp_change_in_circumstance": True},
        {"bankruptcy": "chapter_13"},
        {"chapter_7_discharged": True},
        {"in_litigation": True},
        {"occupancy": "investment", "hamp_displaced_borrower": True},
        {"hardship_kind": "unemployment", "hamp_unemployment_program_evaluated": True},
        {"escrow_account": False, "hamp_accepts_escrow": True},
    ],
)
def test_what_does_not_rule_tier1_out(change: dict[str, Any]) -> None:
    assert status("hamp_tier1", **change) == "eligible"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"escrow_account": False, "hamp_accepts_escrow": False}, "HAMP-ESCROW"),
        ({"hardship_kind": "unemployment", "hamp_unemployment_program_evaluated": False}, "HAMP-UP"),
        ({"hamp_npv_tier1_positive": False}, "HAMP-T1-NPV"),
        ({"hamp_charged_off_and_released": True}, "HAMP-RELEASED"),
        ({"valuation_date": plus(DAY, -91)}, "HAMP-VALUE"),
    ],
)
def test_what_is_still_to_be_done(change: dict[str, Any], rule: str) -> None:
    assert conditions("hamp_tier1", **change) == {rule}
    assert status("hamp_tier1", **change) == "conditional"


def test_value_of_ninety_days_is_fresh() -> None:
    assert status("hamp_tier1", valuation_date=plus(DAY, -90)) == "eligible"


@pytest.mark.parametrize(("units", "limit"), [(1, 729_750), (2, 934_200), (3, 1_129_250), (4, 1_403_400)])
def test_balance_limits(units: int, limit: int) -> None:
    for balance, fails in ((limit * 100 - 1, False), (limit * 100, False), (limit * 100 + 1, True)):
        assert ("HAMP-BALANCE" in failed("hamp_tier1", units=units, interest_bearing_balance=balance)) is fails
    # Earlier deferred principal is unpaid principal too.
    assert "HAMP-BALANCE" in failed(
        "hamp_tier1", units=units, interest_bearing_balance=limit * 100, deferred_balance=1
    )


def test_unknown_units_leave_only_the_space_between_open() -> None:
    def unknown(balance: int) -> bool:
        return "HAMP-BALANCE" in split(one(units=None, interest_bearing_balance=balance)["hamp_tier1__unknown"])

    assert not unknown(72_975_000)
    assert unknown(72_975_001)
    assert unknown(140_340_000)
    assert "HAMP-BALANCE" in failed("hamp_tier1", units=None, interest_bearing_balance=140_340_001)


def test_certification_from_its_day() -> None:
    day = datetime.date(2010, 9, 21)
    assert "HAMP-CERT" in failed("hamp_tier1", evaluation_date=day, hamp_dodd_frank_certified=False)
    before = one(evaluation_date=plus(day, -1), hamp_dodd_frank_certified=None)
    assert "HAMP-CERT" not in split(before["hamp_tier1__failed"]) | split(before["hamp_tier1__unknown"])


def test_unknown_facts_are_asked_for() -> None:
    row = one(hamp_participating=None)
    assert row["hamp_tier1__status"] == "conditional"
    assert split(row["hamp_tier1__unknown"]) == {"HAMP-INVESTOR"}
    row = one(hamp_npv_tier1_positive=None)
    assert split(row["hamp_tier1__unknown"]) == {"HAMP-T1-NPV"}
    assert split(row["hamp_tier2__unknown"]) == {"HAMP-T2-REASON"}


# --- default and imminent default -----------------------------------------------------------------


@pytest.mark.parametrize(("days", "needs_imminent"), [(59, True), (60, False), (61, False)])
def test_sixty_days(days: int, needs_imminent: bool) -> None:
    change = {"days_delinquent": days, "default_reasonably_foreseeable": False}
    assert ("HAMP-T1-DEFAULT" in failed("hamp_tier1", **change)) is needs_imminent
    assert ("HAMP-ID-DAYS" in failed("hamp_imminent_default", **change)) is not needs_imminent
    assert status("hamp_tier1", days_delinquent=days, default_reasonably_foreseeable=True) == "eligible"
    trial = one(**{**change, "default_reasonably_foreseeable": True})["hamp_tier1__trial_months"]
    assert trial == (4 if needs_imminent else 3)


@pytest.mark.parametrize(("days", "accepted"), [(14, False), (15, True), (16, True)])
def test_standard_that_accepts_lateness(days: int, accepted: bool) -> None:
    change = {"days_delinquent": days, "hamp_standard_accepts_late_with_hardship": True}
    assert ("HAMP-ID-STANDARD" not in failed("hamp_imminent_default", **change)) is accepted
    assert "HAMP-ID-STANDARD" in failed("hamp_imminent_default", **change, hamp_liquid_assets_insufficient=False)
    assert "HAMP-ID-STANDARD" in failed("hamp_imminent_default", days_delinquent=days)


# --- income and ratio -----------------------------------------------------------------------------

KINDS: dict[str, Any] = {
    "hamp_income_itemized": True,
    "monthly_gross_income": None,
    "hamp_gross_pay": 0,
    "hamp_net_pay": 0,
    "hamp_untaxed_income": 0,
    "hamp_support_income": 0,
    "hamp_passive_income": 0,
    "hamp_passive_income_documented": False,
    "hamp_household_contribution": 0,
    "hamp_residence_rent": 0,
    "hamp_other_rent": 0,
    "hamp_other_rent_debt_service": 0,
}


@pytest.mark.parametrize(
    ("change", "income"),
    [
        ({"hamp_gross_pay": 400_000}, 400_000),
        ({"hamp_net_pay": 300_001}, 375_001),
        ({"hamp_untaxed_income": 100_002}, 125_003),
        ({"hamp_support_income": 50_000}, 50_000),
        ({"hamp_household_contribution": 20_000}, 20_000),
        ({"hamp_residence_rent": 100_000}, 75_000),
        ({"hamp_other_rent": 100_000, "hamp_other_rent_debt_service": 30_000}, 45_000),
        ({"hamp_other_rent": 100_000, "hamp_other_rent_debt_service": 75_001, "hamp_gross_pay": 1}, 1),
    ],
)
def test_income_by_kind(change: dict[str, Any], income: int) -> None:
    assert one(**{**KINDS, **change})["hamp_income__income"] == income


def test_an_unknown_kind_leaves_income_open() -> None:
    row = one(**{**KINDS, "hamp_gross_pay": 400_000, "hamp_net_pay": None})
    assert row["hamp_income__income"] is None
    assert row["hamp_income__status"] == "conditional"
    assert "HAMP-T1-RATIO" in split(row["hamp_tier1__unknown"])


@pytest.mark.parametrize(("passive", "needs_papers"), [(99_999, False), (100_000, True), (100_001, True)])
def test_passive_income_below_a_fifth(passive: int, needs_papers: bool) -> None:
    change = {**KINDS, "hamp_gross_pay": 500_000 - passive, "hamp_passive_income": passive}
    assert ("HAMP-INC-PASSIVE" in conditions("hamp_income", **change)) is needs_papers
    assert conditions("hamp_income", **{**change, "hamp_passive_income_documented": True}) == set()


@pytest.mark.parametrize(("days", "counts"), [(-1, False), (0, True), (119, True), (120, True), (121, False)])
def test_reset_within_120_days(days: int, counts: bool) -> None:
    row = one(amortization_type="adjustable", hamp_reset_date=plus(DAY, days), hamp_reset_rate=80_000)
    assert row["hamp_income__reset_counts"] is counts
    assert row["hamp_income__rate"] == (80_000 if counts else 65_000)
    if counts:
        assert row["hamp_income__principal_and_interest"] > 158_017


def test_unknown_reset_leaves_the_ratio_open_only_for_adjustable_rates() -> None:
    assert one(amortization_type="adjustable")["hamp_income__housing_ratio"] is None
    assert one(amortization_type="adjustable", hamp_reset_date=NEVER)["hamp_income__rate"] == 65_000
    assert one(amortization_type="fixed")["hamp_income__rate"] == 65_000


def test_mortgage_insurance_is_no_part_of_the_ratio() -> None:
    with_premium = one(monthly_mortgage_insurance=30_000)["hamp_income__housing_expense"]
    assert with_premium == one()["hamp_income__housing_expense"] == 158_017 + 35_000
    assert one(hamp_escrow_shortage_monthly=5_000)["hamp_income__housing_expense"] == with_premium + 5_000


def test_prescreen_at_a_fifth() -> None:
    expense = 193_017
    assert one(monthly_gross_income=expense * 5)["hamp_income__package_needed"] is True
    assert one(monthly_gross_income=expense * 5 + 1)["hamp_income__package_needed"] is False


def test_ratio_exactly_at_the_target_is_open() -> None:
    """Income 5,000.00 gives 1,550.00; at that the texts disagree, a cent less is out and a cent more is in."""
    base = {"monthly_gross_income": 500_000, "monthly_taxes": 0, "monthly_insurance": 0}
    at = one(**base, monthly_principal_and_interest=155_000)
    assert "HAMP-T1-EQUAL" in split(at["hamp_tier1__conditions"])
    assert "HAMP-T1-RATIO" not in split(at["hamp_tier1__failed"])
    assert "HAMP-T1-RATIO" in failed("hamp_tier1", **base, monthly_principal_and_interest=154_999)
    above = one(**base, monthly_principal_and_interest=155_001)
    assert {"HAMP-T1-EQUAL", "HAMP-T1-RATIO"}.isdisjoint(
        split(above["hamp_tier1__failed"]) | split(above["hamp_tier1__conditions"])
    )


DEBTS: dict[str, Any] = {
    "hamp_debts_itemized": True,
    "hamp_monthly_debts": None,
    "hamp_installment_payment": 0,
    "hamp_installment_months_left": 0,
    "hamp_car_lease_payment": 0,
    "hamp_revolving_payment": 0,
    "hamp_heloc_payment": 0,
    "hamp_student_loan_payment": 0,
    "hamp_other_obligations": 0,
}


@pytest.mark.parametrize(
    ("change", "debts"),
    [
        ({"hamp_installment_payment": 30_000, "hamp_installment_months_left": 10}, 0),
        ({"hamp_installment_payment": 30_000, "hamp_installment_months_left": 11}, 30_000),
        ({"hamp_car_lease_payment": 25_000}, 25_000),
        ({"hamp_revolving_payment": None, "hamp_revolving_balance": 500_050}, 15_002),
        ({"hamp_revolving_payment": 9_000, "hamp_revolving_balance": 500_050}, 9_000),
        ({"hamp_heloc_payment": None, "hamp_heloc_balance": 2_000_000}, 20_000),
        ({"hamp_student_loan_payment": None, "hamp_student_loan_balance": 1_000_000}, 15_000),
        ({"hamp_other_obligations": 12_345}, 12_345),
        ({"hamp_revolving_payment": None, "hamp_revolving_balance": None}, None),
    ],
)
def test_debts_by_kind(change: dict[str, Any], debts: int | None) -> None:
    assert one(**{**DEBTS, **change})["hamp_debts__debts"] == debts


def test_counseling_from_55_percent() -> None:
    after = one()["hamp_tier1__payment_after"]
    edge = 450_000 * 55 // 100 - after
    for debts, needed in ((edge - 1, False), (edge, True), (edge + 1, True)):
        change = {"hamp_monthly_debts": debts, "hamp_counseling_agreed": False}
        assert ("HAMP-T1-COUNSELING" in conditions("hamp_tier1", **change)) is needed
    assert status("hamp_tier1", hamp_monthly_debts=edge, hamp_counseling_agreed=True) == "eligible"


# --- tier 1 terms ---------------------------------------------------------------------------------


def test_waterfall_of_a_whole_loan() -> None:
    row = one()
    assert row["hamp_tier1__gross_balance"] == 23_750_000
    assert row["hamp_tier1__target_payment"] == 450_000 * CENTS_OF_RATIO // 100 - 35_000
    assert row["hamp_tier1__rate"] == 20_000
    assert row["hamp_tier1__rate_cap"] == 35_000
    assert row["hamp_tier1__final_rate"] == 35_000
    assert row["hamp_tier1__rate_rises"] == 2
    assert row["hamp_tier1__trial_start"] == datetime.date(2012, 10, 1)
    assert row["hamp_tier1__first_payment_date"] == datetime.date(2013, 1, 1)
    assert row["hamp_tier1__borrower_incentive_a_year"] == 100_000


def test_late_fees_are_never_added() -> None:
    assert one(late_charges=90_000)["hamp_tier1__gross_balance"] == 23_750_000


def test_first_cut_that_overshoots_is_not_tier1() -> None:
    """With 1,045.00 as target a payment a few cents above it cannot be cut by 0.125 without going below."""
    change = {
        "interest_bearing_balance": 15_800_000,
        "accrued_interest": 0,
        "escrow_advances": 0,
        "hamp_trial_escrow_advances": 0,
        "servicing_advances": 0,
        "maturity_date": datetime.date(2042, 12, 1),
        "monthly_principal_and_interest": 120_000,
        "note_rate": 69_000,
    }
    row = one(**change)
    start = row["hamp_tier1__payment_after_capitalization"]
    balance = 15_800_000 * 104_510 // start
    row = one(**{**change, "interest_bearing_balance": balance})
    assert 104_500 <= row["hamp_tier1__payment_after_capitalization"] < 104_600
    assert row["hamp_tier1__reached"] is False
    assert "HAMP-T1-REACH" in split(row["hamp_tier1__failed"])
    assert "HAMP-T2-REASON" not in split(row["hamp_tier2__failed"])


@pytest.mark.parametrize("excess", [-1, 0, 1])
def test_forbearance_limit(excess: int) -> None:
    """Forborne principal against 30 % of the balance, with a value so high that it does not matter."""
    law = figures_of_the_law(segments(OPTIONS["hamp_tier1"].law, "hamp")[-1].parameters, reduction=False)
    gross, limit = 20_000_000, 6_000_000
    assert hk.excessive(gross, limit + excess, 30_000_000, law) == (1 if excess > 0 else 0)
    # Far above the value the second limit is the greater one.
    assert hk.excessive(gross, 10_000_000 + excess, 10_000_000, law) == (1 if excess > 0 else 0)
    assert hk.excessive(gross, limit + excess, -1, law) == (-1 if excess > 0 else 0)


POOR = {"monthly_gross_income": 200_000, "property_value": 30_000_000}


def test_excessive_forbearance_needs_the_investor() -> None:
    row = one(**POOR)
    assert row["hamp_tier1__excessive"] is True
    assert "HAMP-T1-FORBEAR" in split(row["hamp_tier1__conditions"])
    assert "HAMP-T2-REASON" not in split(row["hamp_tier2__failed"])
    assert status("hamp_tier1", **POOR, investor_consent=True) == "eligible"


def test_no_limit_before_mid_2010_but_a_floor_where_the_value_test_is_negative() -> None:
    early = {
        **POOR,
        "evaluation_date": datetime.date(2010, 5, 31),
        "next_due_date": datetime.date(2010, 1, 1),
        "valuation_date": datetime.date(2010, 5, 1),
    }
    row = one(**early)
    assert row["hamp_tier1__excessive"] is False
    assert row["hamp_tier1__forbearance_limit"] is None
    assert row["hamp_tier1__status"] == "eligible"
    negative = {**early, "hamp_npv_tier1_positive": False, "investor_consent": True}
    assert "HAMP-T1-FLOOR" in failed("hamp_tier1", **negative)
    kept = row["hamp_tier1__interest_bearing_balance"]
    assert "HAMP-T1-FLOOR" not in failed("hamp_tier1", **{**negative, "property_value": kept})
    assert "HAMP-T1-FLOOR" in failed("hamp_tier1", **{**negative, "property_value": kept + 1})
    later = one(**{**early, "evaluation_date": datetime.date(2010, 6, 1)})
    assert later["hamp_tier1__excessive"] is True
    assert later["hamp_tier1__verification"] == "unverified"


def test_guard_holds_the_old_payment() -> None:
    """An old payment between the rungs: the new one may not exceed it."""
    row = one(monthly_principal_and_interest=104_600, monthly_taxes=25_000)
    assert row["hamp_tier1__guarded"] is True
    assert row["hamp_tier1__principal_and_interest"] <= 104_600
    assert one()["hamp_tier1__guarded"] is False


@pytest.mark.parametrize(("reduction", "paid"), [(-1, False), (0, True), (1, True)])
def test_borrower_incentive_from_six_percent(reduction: int, paid: bool) -> None:
    """The payment after does not depend on the old one, so other old payments find the edge of 6 %."""
    after = one()["hamp_tier1__payment_after"]
    before = -(-after * 100 // 94) + reduction
    row = one(monthly_principal_and_interest=before - 35_000)
    assert row["hamp_tier1__payment_after"] == after
    assert (row["hamp_tier1__borrower_incentive_a_year"] > 0) is paid


# --- limits by the investor -----------------------------------------------------------------------

LIMITS: dict[str, Any] = {
    "hamp_investor_restrictions": True,
    "hamp_restriction_evidence": True,
    "hamp_investor_rate_floor": 0,
    "hamp_investor_longest_term": 600,
    "hamp_rate_cut_barred": False,
    "hamp_capitalization_barred": False,
    "hamp_arm_cannot_be_fixed": False,
}
TERMS = ("gross_balance", "rate", "term", "forborne", "principal_and_interest")


def terms(option: str = "hamp_tier1", **change: Any) -> dict[str, Any]:
    row = one(**change)
    return {name: row[f"{option}__{name}"] for name in TERMS}


def test_limits_that_limit_nothing_change_nothing() -> None:
    assert terms(**LIMITS) == terms()
    assert terms("hamp_tier2", **LIMITS) == terms("hamp_tier2")
    assert status("hamp_tier1", **LIMITS) == "eligible"


def test_rate_floor_of_the_investor() -> None:
    assert terms(**{**LIMITS, "hamp_investor_rate_floor": 45_000})["rate"] == 45_000
    assert terms("hamp_tier2", **{**LIMITS, "hamp_investor_rate_floor": 45_000})["rate"] == 45_000


def test_rate_cut_that_may_not_last_is_skipped() -> None:
    found = terms(**{**LIMITS, "hamp_rate_cut_barred": True})
    assert (found["rate"], found["term"]) == (65_000, 480)
    assert found["forborne"] > 0


def test_capitalization_that_is_barred() -> None:
    row = one(**{**LIMITS, "hamp_capitalization_barred": True})
    assert (row["hamp_tier1__gross_balance"], row["hamp_tier1__arrearage"]) == (23_000_000, 750_000)


def test_term_limit_before_and_after_handbook_4() -> None:
    change = {**LIMITS, "hamp_investor_longest_term": 300, "monthly_gross_income": 350_000}
    change |= {"evaluation_date": datetime.date(2012, 8, 17), "valuation_date": datetime.date(2012, 8, 1)}
    extended = one(**change)
    assert (extended["hamp_tier1__term"], extended["hamp_tier1__balloon"]) == (300, 0)
    before = one(**{**change, "evaluation_date": datetime.date(2012, 8, 16)})
    assert before["hamp_tier1__term"] > 300
    assert before["hamp_tier1__balloon"] > 0
    assert before["hamp_tier1__maturity_date"] == extended["hamp_tier1__maturity_date"]


def test_limits_need_proof_and_details() -> None:
    assert conditions("hamp_tier1", **{**LIMITS, "hamp_restriction_evidence": False}) == {"HAMP-LIMITS"}
    assert terms(**{**LIMITS, "hamp_investor_rate_floor": None})["rate"] is None
    open_points = split(one(hamp_investor_restrictions=None)["hamp_tier1__unknown"])
    assert open_points == {"HAMP-LIMITS"}


# --- principal reduction --------------------------------------------------------------------------


def test_reduction_above_115_percent_only() -> None:
    gross = 23_750_000
    edge = gross * 100 // 115
    for value, fails in ((edge - 1, False), (edge + 1, True)):
        assert ("HAMP-PRA-LTV" in failed("hamp_tier1_pra", property_value=value)) is fails
        assert ("HAMP-PRA-LTV" in failed("hamp_tier2_pra", property_value=value)) is fails


def test_reduction_until_the_value_limit_and_then_the_waterfall() -> None:
    row = one(property_value=16_000_000)
    assert row["hamp_tier1_pra__status"] == "eligible"
    assert row["hamp_tier1_pra__forgiven"] == 23_750_000 - 18_400_000
    parts = 2 * row["hamp_tier1_pra__forgiven_each_year"] + row["hamp_tier1_pra__forgiven_last_year"]
    assert parts == row["hamp_tier1_pra__forgiven"]
    assert row["hamp_tier1_pra__first_forgiven_date"] == datetime.date(2013, 10, 1)
    assert row["hamp_tier1_pra__rate"] < 65_000
    assert row["hamp_tier1_pra__steps_flexible"] is True


def test_reduction_until_the_ratio() -> None:
    row = one(property_value=8_000_000)
    assert row["hamp_tier1_pra__principal_and_interest"] == row["hamp_tier1_pra__target_payment"] == 104_500
    assert (row["hamp_tier1_pra__rate"], row["hamp_tier1_pra__rate_steps"]) == (65_000, 0)
    assert row["hamp_tier1_pra__final_rate"] == 65_000


def test_reduction_needs_policy_and_value_test() -> None:
    low = {"property_value": 16_000_000}
    assert conditions("hamp_tier1_pra", **low, hamp_pra_used=False) == {"HAMP-PRA-USED"}
    assert conditions("hamp_tier1_pra", **low, hamp_npv_tier1_pra_positive=False) == {"HAMP-PRA-NPV"}
    assert "HAMP-T1-NPV" not in OPTIONS["hamp_tier1_pra"].rules


# --- tier 2 ---------------------------------------------------------------------------------------

NOT_TIER1 = {"hamp_npv_tier1_positive": False}


def test_tier2_waits_for_tier1() -> None:
    assert failed("hamp_tier2") == {"HAMP-T2-REASON"}
    assert status("hamp_tier2", **NOT_TIER1) == "eligible"
    row = one(**NOT_TIER1)
    assert row["hamp_tier1__status"] == "conditional"
    assert row["first_eligible"] == "hamp_tier2"
    # With the investor's permission both may be offered, Tier 1 first.
    permitted = one(**NOT_TIER1, investor_consent=True)
    assert permitted["ranked"].split(";")[:2] == ["hamp_tier1", "hamp_tier2"]
    assert permitted["first_eligible"] == "hamp_tier1"


@pytest.mark.parametrize(("months", "out"), [(11, True), (12, False), (13, False)])
def test_tier2_after_a_lost_tier1(months: int, out: bool) -> None:
    year, month = divmod(DAY.year * 12 + DAY.month - 1 - months, 12)
    change = {
        "hamp_tier1_modified_before": True,
        "hamp_tier1_on_this_loan": True,
        "hamp_lost_good_standing": True,
        "hamp_change_in_circumstance": False,
        "hamp_tier1_effective_date": datetime.date(year, month + 1, DAY.day),
    }
    assert ("HAMP-T2-REASON" in failed("hamp_tier2", **change)) is out
    assert "HAMP-T2-REASON" not in failed("hamp_tier2", **{**change, "hamp_change_in_circumstance": True})
    assert "HAMP-T2-REASON" in failed("hamp_tier2", **{**change, "hamp_lost_good_standing": False})
    assert "HAMP-T2-REASON" not in failed("hamp_tier2", **{**change, "hamp_tier1_on_this_loan": False})


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"hamp_tier2_before_on_loan": True}, "HAMP-T2-ONCE"),
        ({"hamp_tier2_modifications": 3}, "HAMP-T2-LIMIT"),
        ({"occupancy": "second_home"}, "HAMP-T2-HOME"),
        ({**RENTAL, "tenant_principal_residence": False}, "HAMP-T2-HOME"),
        ({**RENTAL, "hamp_rental_certified": False}, "HAMP-T2-RENTAL-CERT"),
        ({**RENTAL, "months_delinquent": 1, "days_delinquent": 70}, "HAMP-T2-DEFAULT"),
        (
            {**RENTAL, "months_delinquent": 1, "days_delinquent": 20, "default_reasonably_foreseeable": True},
            "HAMP-T2-DEFAULT",
        ),
        ({**RENTAL, "hamp_subject_rent": 900_000, "hamp_own_housing_expense": 0}, "HAMP-T2-ZERO"),
    ],
)
def test_what_rules_tier2_out(change: dict[str, Any], rule: str) -> None:
    assert rule in failed("hamp_tier2", **{**NOT_TIER1, **change})


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"tenant_principal_residence": False, "hamp_rent_free_relative": True},
        {"tenant_principal_residence": False, "vacant": True, "hamp_offered_for_rent": True},
        {"months_delinquent": 2},
    ],
)
def test_rental_property(change: dict[str, Any]) -> None:
    assert status("hamp_tier2", **{**RENTAL, **change}) == "eligible"


def test_two_tier2_modifications_are_few_enough() -> None:
    assert status("hamp_tier2", **NOT_TIER1, hamp_tier2_modifications=2) == "eligible"


def test_rent_above_and_below_the_payment() -> None:
    payment = one(**RENTAL)["hamp_tier2__payment_after"]
    below = one(**RENTAL)
    assert below["hamp_tier2__housing_expense_after"] == 90_000 + payment - 90_000
    assert below["hamp_tier2__income_after"] == 450_000
    above = one(**{**RENTAL, "hamp_subject_rent": 200_000})
    assert above["hamp_tier2__housing_expense_after"] == 90_000
    assert above["hamp_tier2__income_after"] == 450_000 + 150_000 - payment
    none = one(**{**RENTAL, "hamp_subject_rent": 0})
    assert none["hamp_tier2__housing_expense_after"] == 90_000 + payment


def test_rent_that_covers_the_payment_asks_for_the_cause() -> None:
    expense = 193_017
    for rent, asks in ((expense * 4 // 3 - 1, False), (expense * 4 // 3, True), (expense * 4 // 3 + 1, True)):
        change = {**RENTAL, "hamp_subject_rent": rent, "hamp_hardship_cause_verified": False}
        assert ("HAMP-T2-RENT-CAUSE" in conditions("hamp_tier2", **change)) is asks
    covered = {**RENTAL, "hamp_subject_rent": expense * 2, "hamp_hardship_cause_verified": True}
    assert "HAMP-T2-RENT-CAUSE" not in conditions("hamp_tier2", **covered)


def test_payment_cut_of_ten_percent() -> None:
    new = one()["hamp_tier2__principal_and_interest"]
    edge = -(-new * 10 // 9)
    for old, fails in ((edge - 1, True), (edge, False), (edge + 1, False)):
        change = {**NOT_TIER1, "monthly_principal_and_interest": old}
        assert ("HAMP-T2-PAYMENT" in failed("hamp_tier2", **change)) is fails
        trial = {**NOT_TIER1, "hamp_tier1_trial_defaulted": True, "hamp_failed_trial_payment": old}
        assert ("HAMP-T2-TRIAL" in failed("hamp_tier2", **trial)) is fails


def test_ratio_range_with_both_ends() -> None:
    """The payment after is fixed; income moves the ratio through 25 and 42 percent."""
    day = datetime.date(2012, 11, 29)
    base = {**NOT_TIER1, "evaluation_date": day, "valuation_date": day}
    payment = one(**base)["hamp_tier2__payment_after"]
    # Taxes make the payment divisible so that both ends can be met exactly.
    taxes = 25_000 - payment % 1050
    payment -= payment % 1050
    base |= {"monthly_taxes": taxes}
    for percent, inside in ((25, -1), (42, 1)):
        income = payment * 100 // percent
        assert "HAMP-T2-RATIO" not in failed("hamp_tier2", **base, monthly_gross_income=income)
        assert "HAMP-T2-RATIO" not in failed("hamp_tier2", **base, monthly_gross_income=income + inside)
        assert "HAMP-T2-RATIO" in failed("hamp_tier2", **base, monthly_gross_income=income - inside)
    # From the earliest day on which a wider range may have applied, the range rules nobody out.
    later = {**base, "evaluation_date": plus(day, 1), "monthly_gross_income": payment * 5}
    assert "HAMP-T2-RATIO" in conditions("hamp_tier2", **later)


def test_payment_test_of_2014_is_asked_for() -> None:
    day = datetime.date(2014, 7, 1)
    base = {**NOT_TIER1, "valuation_date": plus(day, -5)}
    after = one(**base, evaluation_date=day, hamp_tier2_payment_test_met=None)
    assert "HAMP-T2-PAYMENT-2014" in split(after["hamp_tier2__unknown"])
    assert after["hamp_tier2__status"] == "conditional"
    refused = one(**base, evaluation_date=day, hamp_tier2_payment_test_met=False)
    assert "HAMP-T2-PAYMENT-2014" in split(refused["hamp_tier2__conditions"])
    before = one(**base, evaluation_date=plus(day, -1), hamp_tier2_payment_test_met=None)
    assert "HAMP-T2-PAYMENT-2014" not in split(before["hamp_tier2__unknown"])
    assert before["hamp_tier2__rate"] - after["hamp_tier2__rate"] == 5_000


def test_forbearance_above_115_percent_of_the_value() -> None:
    """The trigger counts the balance before anything is added; the amount the balance after."""
    upb = 23_000_000
    edge = upb * 100 // 115
    assert edge * 115 == upb * 100
    assert one(property_value=edge)["hamp_tier2__forborne"] == 0
    assert one(property_value=edge + 1)["hamp_tier2__forborne"] == 0
    assert one(property_value=edge - 1)["hamp_tier2__forborne"] == 750_000 + 1
    assert one(property_value=edge - 100)["hamp_tier2__forborne"] == 750_000 + 115
    assert one(property_value=edge)["hamp_tier2_pra__forgiven"] == 750_000
    assert one(property_value=5_000_000)["hamp_tier2__forborne"] == 7_125_000
    assert one(property_value=5_000_000)["hamp_tier2_pra__forgiven"] == 7_125_000


# --- streamline and second liens ------------------------------------------------------------------


@pytest.mark.parametrize(("days", "out"), [(89, True), (90, False), (91, False)])
def test_streamline_from_ninety_days(days: int, out: bool) -> None:
    change = {
        "evaluation_date": datetime.date(2016, 3, 1),
        "days_delinquent": days,
        "borrower_response_package_complete": False,
    }
    assert ("HAMP-SL-DAYS" in failed("hamp_streamline", **change)) is out
    # Its tests are not public: they neither pass nor rule out by themselves.
    row = one(**change, hamp_streamline_tests_met=None)
    assert "HAMP-SL-TESTS" in split(row["hamp_streamline__unknown"])
    assert "HAMP-SL-PACKAGE" in failed("hamp_streamline", **{**change, "borrower_response_package_complete": True})


def test_second_lien_follows_the_first() -> None:
    row = one(**SECOND)
    assert row["second_lien_modification__status"] == "eligible"
    assert row["second_lien_modification__rate"] == 10_000
    assert one(**SECOND, **{"interest_only": True})["second_lien_modification__rate"] == 20_000
    high = {**SECOND, "hamp_first_lien_rate": 70_000}
    assert one(**high)["second_lien_modification__rate_after_fixed_years"] == 70_000
    assert one(**high)["second_lien_modification__final_rate"] == 70_000
    assert "HAMP-2MP-FIRST" in failed("second_lien_modification", **{**SECOND, "hamp_first_lien_modified": False})
    assert "HAMP-LIEN" in failed("hamp_tier1", **SECOND)


# --- survey rate ----------------------------------------------------------------------------------


def test_survey_rate_counts_from_the_day_after() -> None:
    """A rate published on a Thursday counts from Friday."""
    thursday, friday = datetime.date(2012, 10, 4), datetime.date(2012, 10, 5)
    found = frame({"evaluation_date": thursday}, {"evaluation_date": friday})
    rates = common.survey_rate(schema().complete(found), 1).to_list()
    assert rates[0] != rates[1]
    assert common.survey_rate(schema().complete(found), 0)[0] == rates[1]


def test_survey_rate_of_unknown_and_uncovered_days() -> None:
    far = schema().complete(frame({"evaluation_date": datetime.date(1950, 1, 1)}, {"evaluation_date": None}))
    assert common.survey_rate(far, 1).to_list() == [None, None]
    given = schema().complete(frame({"hamp_survey_rate": 44_000}))
    assert common.survey_rate(given, 1).to_list() == [44_000]


@pytest.mark.parametrize(
    ("rate", "near", "up"),
    [
        (50_000, 50_000, 50_000),
        (50_001, 50_000, 51_250),
        (50_624, 50_000, 51_250),
        (50_625, 51_250, 51_250),
    ],
)
def test_rounding_of_rates(rate: int, near: int, up: int) -> None:
    found = pl.DataFrame({"r": [rate]}).select(n=nearest(pl.col("r"), 1_250), u=rounded_up(pl.col("r"), 1_250))
    assert found.row(0) == (near, up)


# --- the whole ------------------------------------------------------------------------------------

LOANS = random_loans(300, seed=7)


def test_random_loans_reach_every_answer() -> None:
    result = words(review_canonical(LOANS, HAMP))
    for option in ("hamp_tier1", "hamp_tier2", "second_lien_modification"):
        found = set(result[f"{option}__status"].unique())
        assert {"conditional", "ineligible"} <= found, option


def test_batch_equals_singles_and_order_changes_nothing() -> None:
    whole = words(review_canonical(LOANS, HAMP)).sort("loan_id")
    shuffled = LOANS.sample(fraction=1.0, shuffle=True, seed=3)
    pieces = [words(review_canonical(shuffled[start : start + 70], HAMP)) for start in range(0, LOANS.height, 70)]
    assert_frame_equal(
        pl.concat(pieces, how="diagonal_relaxed").sort("loan_id").select(whole.columns), whole, check_dtypes=False
    )
    singles = pl.concat(
        [words(review_canonical(LOANS[row : row + 1], HAMP)) for row in range(25)], how="diagonal_relaxed"
    )
    names = [name for name in whole.columns if name in singles.columns]
    assert_frame_equal(
        whole.filter(pl.col("loan_id").is_in(singles["loan_id"].implode())).select(names),
        singles.sort("loan_id").select(names),
        check_dtypes=False,
    )


def test_explanations_are_whole() -> None:
    nothing = {name: None for name in frame().columns if name not in {"loan_id", "evaluation_date", "investor"}}
    days = [datetime.date(year, 7, 3) for year in (2009, 2010, 2011, 2012, 2013, 2015, 2016)]
    changes = ({}, POOR, RENTAL, SECOND, nothing)
    cases = [frame({"evaluation_date": day, **change}) for day in days for change in changes]
    cases += [frame({**LIMITS, "property_value": 9_000_000}), frame({"monthly_principal_and_interest": 104_600})]
    cases.append(LOANS[:40])
    for loans in cases:
        for found in explain(loans, HAMP):
            for option in found.options:
                texts = [text for rule in option.rules for text in (rule.says, rule.change, rule.consequence)]
                texts += [entry.says for entry in option.process]
                texts += [text for step in option.steps for text in (step.title, step.text, step.value)]
                assert not any("{" in text for text in texts)
            assert found.order_citation is not None
            assert found.as_dict()


def test_limits_are_asked_for_only_where_there_are_some() -> None:
    (found,) = explain(frame({"hamp_investor_restrictions": True, "hamp_restriction_evidence": True}), HAMP)
    asked = {question.fact for option in found.options for question in option.questions}
    assert "hamp_investor_rate_floor" in asked
    (found,) = explain(frame({"monthly_gross_income": None, "hamp_investor_restrictions": None}), HAMP)
    asked = {question.fact for option in found.options for question in option.questions}
    assert {"monthly_gross_income", "hamp_investor_restrictions"} <= asked
    assert not {"hamp_investor_rate_floor", "hamp_gross_pay"} & asked


def test_explained_steps_of_tier1() -> None:
    (found,) = explain(frame(POOR), HAMP)
    option = next(item for item in found.options if item.id == "hamp_tier1")
    titles = [step.title for step in option.steps]
    assert "Principal set aside without interest" in titles
    assert titles.index("Rate") < titles.index("Term") < titles.index("Principal set aside without interest")
    rule = next(item for item in option.rules if item.id == "HAMP-T1-FORBEAR")
    assert (rule.answer, rule.code) == ("no", "12")


@pytest.mark.parametrize(("less", "guarded"), [(-1, False), (0, False), (1, True)])
def test_guard_to_the_cent(less: int, guarded: bool) -> None:
    old = one()["hamp_tier1__principal_and_interest"] - less
    row = one(monthly_principal_and_interest=old)
    assert row["hamp_tier1__guarded"] is guarded
    assert row["hamp_tier1__principal_and_interest"] <= old


def test_matured_loan_still_has_a_waterfall() -> None:
    row = one(maturity_date=datetime.date(2012, 6, 1), interest_bearing_balance=4_000_000)
    assert row["hamp_tier1__starting_term"] == 1
    assert row["hamp_tier1__rate"] == 20_000
    assert row["hamp_tier1__term"] > 1
