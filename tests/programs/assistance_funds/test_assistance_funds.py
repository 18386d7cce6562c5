"""Assistance funds: profiles are read strictly, three answers, dates, awards, words."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from hopenow.errors import InputError
from hopenow.programs.assistance_funds import PROGRAM, Profiles, load_profiles, program_with
from hopenow.programs.base import Program
from hopenow.review import review_canonical
from tests.programs.usda import checks
from tests.programs.usda.checks import answers, conditions, failed, known_loan, unknown

HERE = Path(__file__).parent
DAY = datetime.timedelta(days=1)
LAST = datetime.date(2025, 9, 30)
BAD = sorted((HERE / "bad").glob("*.yaml"))

NJ: dict[str, Any] = known_loan(
    evaluation_date=datetime.date(2023, 6, 1),
    state="NJ",
    loan_type="fha",
    units=1,
    original_balance=30_000_000,
    borrower_contribution=0,
    assistance_haf_open=True,
    assistance_haf_approved=True,
    assistance_hardship_date=datetime.date(2021, 1, 1),
    assistance_hardship_attested=True,
    assistance_income_percent_ami=1_000_000,
    assistance_household_size=4,
    assistance_conforming_loan_limit=54_825_000,
    assistance_servicer_participates=True,
)
FL: dict[str, Any] = {
    **NJ,
    "state": "FL",
    "evaluation_date": datetime.date(2015, 6, 1),
    "assistance_hhf_open": True,
    "assistance_hhf_approved": True,
}
CO: dict[str, Any] = {
    **NJ,
    "state": "CO",
    "assistance_county": "denver",
    "evaluation_date": datetime.date(2026, 11, 24),
    "assistance_local_fund_open": True,
    "assistance_local_fund_approved": True,
    "monthly_gross_income": 552_500,
    "assistance_household_size": 1,
}


def one(facts: dict[str, Any] = NJ, program: Program = PROGRAM, **changes: Any) -> dict[str, Any]:
    return answers(program, facts, **changes)


# --- profiles -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_each_bad_profile_is_refused(path: Path) -> None:
    expected = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# expect: ")
    with pytest.raises(InputError) as caught:
        load_profiles([path])
    assert any(expected in finding for finding in caught.value.findings), caught.value.findings
    assert all(finding.startswith(f"{path.name}: ") for finding in caught.value.findings)


def test_all_bad_profiles_are_reported_at_once() -> None:
    with pytest.raises(InputError) as caught:
        load_profiles([*BAD, HERE / "not_there.yaml"])
    named = {finding.split(": ")[0] for finding in caught.value.findings}
    assert {path.name for path in BAD} <= named
    assert "not_there.yaml" in named


def test_good_profile_is_read() -> None:
    profiles = load_profiles([str(HERE / "good.yaml")])
    assert profiles["test_fund"].award is not None
    assert profiles["test_fund"].award.at_most == 4_000_000
    assert profiles["test_fund"].weakest == "unverified"
    assert list(load_profiles([HERE / "good.yaml"], with_shipped=False)) == ["test_fund"]


def test_shipped_profiles_hold_what_the_reference_gives() -> None:
    profiles = load_profiles()
    assert set(profiles) == {"haf_nj", "hhf_fl", "hhf_states", "local_denver"}
    hardest_hit = {state for profile in profiles.of("hhf") for state in profile.states}
    assert ", ".join(sorted(hardest_hit)) == (
        "AL, AZ, CA, DC, FL, GA, IL, IN, KY, MI, MS, NC, NJ, NV, OH, OR, RI, SC, TN"
    )
    for profile in profiles.values():
        assert profile.weakest == "secondary"


# --- where ----------------------------------------------------------------------------------------


def test_program_is_whole() -> None:
    checks.check_whole(PROGRAM, "assistance_funds")


@pytest.mark.parametrize("loan_type", ["conventional", "fha", "va", "usda", "section_184", None])
def test_open_to_any_loan_in_a_state_with_a_fund(loan_type: str | None) -> None:
    assert one(loan_type=loan_type)["haf__status"] == "eligible"


def test_no_row_in_a_state_without_a_fund_and_a_possible_one_where_the_state_is_unknown() -> None:
    result = review_canonical(checks.frame({**NJ, "state": "TX"}), checks.settings(PROGRAM))
    assert result["program"].to_list() == [None] * result.height
    row = one(state=None)
    assert row["investor_known"] is False
    assert "HAF-PROFILE" in unknown(row, "haf")


def test_states_of_one_kind_of_fund_do_not_open_another() -> None:
    assert "HAF-PROFILE" in failed(one(state="OH"), "haf")
    assert "HHF-PROFILE" in failed(one(FL, state="CO"), "hhf")
    assert "LF-PLACE" in failed(one(CO, assistance_county="boulder"), "local_fund")
    assert "LF-PLACE" in failed(one(CO, state="NJ"), "local_fund")
    assert "LF-PLACE" in unknown(one(CO, assistance_county=None), "local_fund")
    # A state without local funds decides although the county is not known.
    assert "LF-PLACE" in failed(one(CO, state="NJ", assistance_county=None), "local_fund")


def test_program_without_profiles_has_no_loans() -> None:
    empty = program_with(Profiles([]))
    result = review_canonical(checks.frame(NJ), checks.settings(empty))
    assert result["program"].to_list() == [None] * result.height


# --- when -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("option", "day", "rule_set"), list(checks.edges(PROGRAM)))
def test_rule_set_on_each_edge(option: str, day: datetime.date, rule_set: str) -> None:
    checks.check_edge(PROGRAM, NJ, option, day, rule_set)


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_closed_after_the_federal_money(days: int) -> None:
    day = LAST + days * DAY
    row = one(evaluation_date=day, assistance_haf_open=None)
    if days <= 0:
        assert "HAF-7" in unknown(row, "haf")
    else:
        assert "HAF-7" in failed(row, "haf")
    # State records may reopen a fund, and may close it early.
    assert one(evaluation_date=day)["haf__status"] == "eligible"
    assert "HAF-7" in failed(one(evaluation_date=day, assistance_haf_open=False), "haf")


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        (datetime.date(2022, 1, 31), False),
        (datetime.date(2022, 2, 1), True),
        (datetime.date(2023, 6, 30), True),
        (datetime.date(2023, 7, 1), False),
    ],
)
def test_window_of_a_profile(day: datetime.date, is_open: bool) -> None:
    program = program_with(load_profiles([HERE / "good.yaml"]))
    row = one(program=program, state="NM", evaluation_date=day, assistance_haf_open=None)
    assert ("HAF-7" not in failed(row, "haf") | unknown(row, "haf")) == is_open


# --- who ------------------------------------------------------------------------------------------


def test_haf_eligible() -> None:
    row = one()
    assert failed(row, "haf") == conditions(row, "haf") == unknown(row, "haf") == set()
    assert row["first_eligible"] == "haf"


@pytest.mark.parametrize(
    ("rule", "fact", "values", "passes"),
    [
        (
            "HAF-1",
            "assistance_hardship_date",
            [datetime.date(2020, 1, 20), datetime.date(2020, 1, 21), datetime.date(2020, 1, 22)],
            [False, False, True],
        ),
        ("HAF-2", "assistance_income_percent_ami", [1_499_999, 1_500_000, 1_500_001], [True, True, False]),
        ("HAF-3", "units", [3, 4, 5], [True, True, False]),
        ("HAF-4", "original_balance", [54_824_999, 54_825_000, 54_825_001], [True, True, False]),
    ],
)
def test_thresholds(rule: str, fact: str, values: list[Any], passes: list[bool]) -> None:
    assert [rule not in failed(one(**{fact: value}), "haf") for value in values] == passes
    assert rule in unknown(one(**{fact: None}), "haf")


def test_a_fund_may_ask_for_less_income() -> None:
    program = program_with(load_profiles([HERE / "good.yaml"]))
    for income, passes in ((999_999, True), (1_000_000, True), (1_000_001, False)):
        row = one(program=program, state="TX", assistance_income_percent_ami=income)
        assert ("HAF-2" not in failed(row, "haf")) == passes


def test_conditions_and_approval_keep_the_option_open() -> None:
    row = one(assistance_hardship_attested=False, assistance_servicer_participates=False, assistance_haf_approved=None)
    assert conditions(row, "haf") == {"HAF-1a", "AF-SERVICER", "AF-AGENCY"}
    assert row["haf__status"] == "conditional"


def test_each_fund_has_its_own_approval() -> None:
    row = one(FL, assistance_hhf_approved=False, assistance_haf_approved=True)
    assert conditions(row, "hhf") == {"AF-AGENCY"}
    assert one(FL)["hhf__status"] == "eligible"


@pytest.mark.parametrize(
    ("size", "yearly", "answer"),
    [
        (1, 66_300_00 - 12, True),
        (1, 66_300_00, True),
        (1, 66_300_00 + 12, False),
        (8, 124_950_00 - 12, True),
        (8, 124_950_00, True),
        (8, 124_950_00 + 12, False),
        (3, 66_300_00, True),
        (3, 66_300_00 + 12, None),
        (3, 124_950_00, None),
        (3, 124_950_00 + 12, False),
        (9, 124_950_00, True),
        (9, 124_950_00 + 12, None),
        (None, 66_300_00, True),
        (None, 66_300_00 + 12, None),
    ],
)
def test_income_limits_between_known_sizes(size: int | None, yearly: int, answer: bool | None) -> None:
    row = one(CO, assistance_household_size=size, monthly_gross_income=yearly // 12)
    found = None if "LF-INCOME" in unknown(row, "local_fund") else "LF-INCOME" not in failed(row, "local_fund")
    assert found is answer
    given = one(
        CO,
        assistance_household_size=size,
        monthly_gross_income=yearly // 12,
        assistance_local_income_limit=yearly // 12 * 12,
    )
    assert "LF-INCOME" not in failed(given, "local_fund") | unknown(given, "local_fund")


# --- how much -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrears", "covers"),
    [(3_499_999, True), (3_500_000, True), (3_500_001, None), (7_500_000, None), (7_500_001, False)],
)
def test_two_caps_without_the_day_of_change(arrears: int, covers: bool | None) -> None:
    row = one(months_delinquent=0, late_charges=0, servicing_advances=arrears)
    assert row["haf__covers_arrears"] is covers
    need = arrears + 4 * 210_017
    assert row["haf__need"] == need
    assert row["haf__award"] == min(need, 3_500_000)
    assert row["haf__award_possible"] == min(need, 7_500_000)
    assert (row["haf__lien_years"], row["haf__lien_forgivable"]) == (3, True)


def test_a_cap_given_with_the_loan_goes_first() -> None:
    row = one(assistance_haf_award_cap=100_000)
    assert row["haf__award"] == row["haf__award_possible"] == 100_000
    assert row["haf__covers_arrears"] is False


def test_florida_pays_twelve_months_up_to_its_cap() -> None:
    row = one(FL, months_delinquent=0, late_charges=0, servicing_advances=0)
    assert row["hhf__need"] == 12 * 210_017
    assert row["hhf__award"] == 2_400_000
    low = one(FL, months_delinquent=0, late_charges=0, servicing_advances=0, monthly_principal_and_interest=100_000)
    assert low["hhf__award"] == 12 * 152_000


def test_states_without_figures_leave_the_award_open() -> None:
    row = one(FL, state="OH")
    assert row["hhf__status"] == "eligible"
    assert row["hhf__award"] is row["hhf__covers_arrears"] is None


@pytest.mark.parametrize(("help_paid", "enough"), [(92_999, True), (93_000, True), (93_001, False)])
def test_help_within_31_percent_satisfies_the_unemployment_program(help_paid: int, enough: bool) -> None:
    # 31 % of 6,000.00 is 1,860.00; the borrower pays 930.00.
    row = one(FL, assistance_monthly_help=help_paid, assistance_borrower_part=93_000)
    assert row["hhf__satisfies_unemployment_program"] is enough


# --- as a whole -----------------------------------------------------------------------------------


def test_batch_equals_singles_in_any_order() -> None:
    loans = checks.random_loans(400, 7, {"state": ["NJ", "FL", "CO", "OH"], "assistance_county": ["denver", "boulder"]})
    checks.check_batch_equals_singles(PROGRAM, loans)


def test_every_option_is_told_in_words() -> None:
    loans = checks.random_loans(12, 8, {"state": ["NJ", "FL", "CO"], "assistance_county": ["denver"]}, holes=0.5)
    checks.check_explained(PROGRAM, loans)
    days = (datetime.date(2005, 1, 1), datetime.date(2015, 1, 1), datetime.date(2022, 1, 1), LAST + DAY)
    nothing = [{"loan_id": str(day), "evaluation_date": day} for day in days]
    checks.check_explained(PROGRAM, checks.frame(*nothing, NJ, FL, CO))
    checks.check_published(PROGRAM)
