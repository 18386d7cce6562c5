"""Each threshold at, just below and just above it; each answer where facts are missing."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from hopenow.facts import NEVER
from tests.programs.va.loans import DAY, reviewed

D = datetime.date
ONE = datetime.timedelta(days=1)


def where(row: dict[str, Any], option: str, rule: str) -> str:
    """Say what became of a rule."""
    if rule in row[f"{option}__failed"].split(";"):
        return "out"
    if rule in row[f"{option}__conditions"].split(";"):
        return "open"
    return "unknown" if rule in row[f"{option}__unknown"].split(";") else "yes"


# Day counts: the oldest unpaid payment so many days ago.
@pytest.mark.parametrize(("days", "answer"), [(60, "out"), (61, "yes"), (62, "yes")])
@pytest.mark.parametrize(("option", "rule"), [("va_repayment_plan", "VA-RP-1"), ("va_special_forbearance", "VA-SF-1")])
def test_sixty_one_days(option: str, rule: str, days: int, answer: str) -> None:
    assert where(reviewed(days_delinquent=days), option, rule) == answer


CASES = [
    # option, rule, facts, answer
    ("va_modification", "VA-M1", {"days_delinquent": 0}, "open"),
    ("va_modification", "VA-M1", {"days_delinquent": 1}, "yes"),
    ("va_modification", "VA-M2", {"va_cause_will_not_recur": False}, "open"),
    ("va_modification", "VA-M2", {"va_cause_will_not_recur": None}, "unknown"),
    ("va_modification", "VA-M3", {"va_reasonable_credit_risk": False}, "open"),
    ("va_modification", "VA-M4", {"va_payments_since_closing": 11}, "open"),
    ("va_modification", "VA-M4", {"va_payments_since_closing": 12}, "yes"),
    ("va_modification", "VA-M4", {"va_payments_since_closing": 13}, "yes"),
    ("va_modification", "VA-M4", {"va_payments_since_closing": None}, "unknown"),
    (
        "va_modification",
        "VA-M4",
        {"va_payments_since_closing": None, "payments_since_note_or_modification": 12, "prior_modifications": None},
        "yes",
    ),
    (
        "va_modification",
        "VA-M4",
        {"va_payments_since_closing": None, "payments_since_note_or_modification": 11, "prior_modifications": 1},
        "unknown",
    ),
    (
        "va_modification",
        "VA-M4",
        {"va_payments_since_closing": None, "payments_since_note_or_modification": 11, "prior_modifications": 0},
        "open",
    ),
    ("va_modification", "VA-M5", {"va_owner_obligated": False}, "open"),
    ("va_modification", "VA-M7", {"prior_modifications": 2, "last_modification_date": D(2020, 1, 1)}, "yes"),
    ("va_modification", "VA-M7", {"prior_modifications": 3, "last_modification_date": D(2020, 1, 1)}, "open"),
    ("va_modification", "VA-M7", {"prior_modifications": 1, "last_modification_date": D(2023, 11, 30)}, "yes"),
    ("va_modification", "VA-M7", {"prior_modifications": 1, "last_modification_date": D(2023, 11, 29)}, "yes"),
    ("va_modification", "VA-M7", {"prior_modifications": 1, "last_modification_date": D(2023, 12, 1)}, "open"),
    ("va_modification", "VA-M7", {"prior_modifications": 0, "last_modification_date": None}, "yes"),
    # 6.15 rounds to 6.125, plus 0.50 is 6.625; the present rate 6.5 allows up to 7.5.
    ("va_modification", "VA-M8", {"va_proposed_rate": 66_250}, "yes"),
    ("va_modification", "VA-M8", {"va_proposed_rate": 66_249}, "yes"),
    ("va_modification", "VA-M8", {"va_proposed_rate": 66_251}, "open"),
    ("va_modification", "VA-M8", {"va_proposed_rate": 50_000, "note_rate": 40_000}, "yes"),
    ("va_modification", "VA-M8", {"va_proposed_rate": 50_001, "note_rate": 40_000}, "open"),
    ("va_modification", "VA-M8", {"va_proposed_rate": 66_000, "va_survey_rate": None}, "unknown"),
    ("va_modification", "VA-M8", {"va_proposed_rate": 66_000, "va_purchase_aid_law_forbids_rate_change": True}, "open"),
    ("va_modification", "VA-M8", {"va_proposed_rate": 65_000, "va_purchase_aid_law_forbids_rate_change": True}, "yes"),
    (
        "va_modification",
        "VA-M8",
        {"va_proposed_rate": 66_000, "va_purchase_aid_law_forbids_rate_change": None},
        "unknown",
    ),
    ("va_modification", "VA-M8", {"va_proposed_rate": 65_000, "va_purchase_aid_law_forbids_rate_change": None}, "yes"),
    # First modified payment 2026-12-01; original maturity 2050-02-01, plus 120 months is 2060-02-01.
    ("va_modification", "VA-M9", {"va_proposed_term": 360}, "yes"),
    ("va_modification", "VA-M9", {"va_proposed_term": 361}, "open"),
    ("va_modification", "VA-M9", {"va_proposed_term": 361, "original_term": None}, "unknown"),
    ("va_modification", "VA-M9", {"va_proposed_term": 279, "original_term": None}, "yes"),
    ("va_modification", "VA-M12", {"lien_position": 2}, "open"),
    ("va_modification", "VA-WF-2", {"hardship_resolved": False}, "out"),
    (
        "va_modification",
        "VA-WF-2",
        {"hardship_resolved": False, "evaluation_date": D(2026, 11, 27), "va_servicer_implemented_on": NEVER},
        "yes",
    ),
    ("va_repayment_plan", "VA-RP-3", {"va_written_agreement": False}, "open"),
    ("va_repayment_plan", "VA-RP-4", {"monthly_capacity": 210_017}, "open"),
    ("va_repayment_plan", "VA-RP-4", {"monthly_capacity": 230_000}, "yes"),
    ("va_repayment_plan", "VA-RP-4", {"monthly_capacity": None}, "yes"),
    ("va_repayment_plan", "VA-RP-4", {"monthly_capacity": None, "can_afford_repayment_plan": None}, "unknown"),
    ("va_special_forbearance", "VA-SF-2", {"va_written_agreement": None}, "unknown"),
    ("va_special_forbearance", "VA-SF-3", {"can_afford_repayment_plan": False}, "open"),
    ("va_partial_claim", "VA-PC1", {"occupancy": "second_home"}, "out"),
    ("va_partial_claim", "VA-PC1", {"days_delinquent": 0, "va_imminent_default": False}, "out"),
    ("va_partial_claim", "VA-PC1", {"days_delinquent": 0, "va_imminent_default": True}, "yes"),
    ("va_partial_claim", "VA-PC3", {"va_prior_partial_claims": 1}, "out"),
    ("va_partial_claim", "VA-PC4", {"va_prior_covid_partial_claim": True}, "out"),
    ("va_partial_claim", "VA-PC4", {"va_prior_refund_modification": True}, "out"),
    ("va_partial_claim", "VA-PC4", {"va_prior_refund_modification": None}, "unknown"),
    ("va_partial_claim", "VA-PC5", {"va_occupancy_attested": False}, "open"),
    ("va_partial_claim", "VA-PC8", {"evaluation_date": D(2030, 7, 29)}, "yes"),
    ("va_partial_claim", "VA-PC8", {"evaluation_date": D(2030, 7, 30)}, "out"),
    ("va_partial_claim", "VA-WF-2", {"hardship_resolved": False}, "out"),
    ("va_refunding", "VA-RF-1", {"va_accepts_loan": False}, "open"),
    ("va_short_sale", "VA-L1", {"va_default_insoluble": False}, "open"),
    ("va_short_sale", "VA-L2", {"valuation_date": DAY - 180 * ONE}, "yes"),
    ("va_short_sale", "VA-L2", {"valuation_date": DAY - 181 * ONE}, "open"),
    ("va_short_sale", "VA-L2", {"valuation_method": "exterior_bpo"}, "open"),
    # Net value: 290,000 less 15.3 % is 245,630.00; proceeds 255,000.
    ("va_short_sale", "VA-S1", {"sale_price": 26_063_000}, "yes"),
    ("va_short_sale", "VA-S1", {"sale_price": 26_062_999}, "open"),
    ("va_short_sale", "VA-S1", {"sale_price": 26_062_999, "va_debt_waived": 1}, "yes"),
    ("va_short_sale", "VA-S1", {"sale_price": 26_063_000, "va_debt_waived": None}, "yes"),
    ("va_short_sale", "VA-S1", {"sale_price": 26_062_999, "va_debt_waived": None}, "unknown"),
    ("va_short_sale", "VA-S2", {"va_owner_cash": 1}, "open"),
    ("va_deed_in_lieu", "VA-DL1", {"va_sale_impractical": False}, "open"),
    ("va_deed_in_lieu", "VA-DL2", {"title_marketable": False}, "open"),
    ("va_thirty_year_modification", "VA-WF-1", {"evaluation_date": D(2026, 11, 28)}, "yes"),
    ("va_affordable_modification", "VA-WF-5", {}, "open"),
    ("va_streamline_modification", "VA-WF-5", {"evaluation_date": D(2026, 11, 27)}, "yes"),
]


@pytest.mark.parametrize(("option", "rule", "facts", "answer"), CASES)
def test_rule(option: str, rule: str, facts: dict[str, Any], answer: str) -> None:
    assert where(reviewed(**facts), option, rule) == answer


def test_any_failure_of_the_regulation_needs_approval_and_never_rules_out() -> None:
    """VA-M15: not ineligible, but VA's approval is needed."""
    row = reviewed(
        days_delinquent=0,
        va_cause_will_not_recur=False,
        va_reasonable_credit_risk=False,
        va_payments_since_closing=1,
        va_owner_obligated=False,
        prior_modifications=9,
        va_proposed_rate=200_000,
        va_proposed_term=600,
        lien_position=2,
    )
    assert row["va_modification__status"] == "conditional"
    assert len(row["va_modification__conditions"].split(";")) == 9


# --- partial claim: share, disaster, servicer -----------------------------------------------------


@pytest.mark.parametrize(
    ("pandemic", "earlier", "extra", "answer"),
    [
        (False, 0, 0, "yes"),
        (False, 0, 1, "out"),
        (False, 0, -1, "yes"),
        (None, 0, 1, "unknown"),
        (None, 0, 0, "yes"),
        (True, 0, 1, "yes"),
        (True, 1, 1, "out"),
    ],
)
def test_a_quarter_of_the_principal(pandemic: bool | None, earlier: int, extra: int, answer: str) -> None:
    limit = 23_676_547 // 4
    others = {"escrow_advances": 0, "servicing_advances": limit - 4 * 210_017 + extra, "borrower_contribution": 0}
    row = reviewed(va_missed_payment_in_pandemic=pandemic, va_prior_partial_claims=earlier, **others)
    assert where(row, "va_partial_claim", "VA-PC2") == answer


@pytest.mark.parametrize(("extra", "answer"), [(-1, "yes"), (0, "yes"), (1, "out")])
def test_three_tenths_after_a_payment_missed_in_the_pandemic(extra: int, answer: str) -> None:
    limit = 23_676_547 * 3 // 10
    others = {"escrow_advances": 0, "servicing_advances": limit - 4 * 210_017 + extra}
    row = reviewed(va_missed_payment_in_pandemic=True, **others)
    assert where(row, "va_partial_claim", "VA-PC2") == answer
    assert row["va_partial_claim__limit"] == limit
    assert row["va_partial_claim__left_past_due"] == max(extra, 0)


# Oldest unpaid payment 2026-08-01, newest 2026-11-01.
@pytest.mark.parametrize(
    ("began", "ended", "answer"),
    [
        (D(2026, 1, 1), D(2026, 8, 1) - 180 * ONE, "yes"),
        (D(2026, 1, 1), D(2026, 8, 1) - 179 * ONE, "yes"),
        (D(2026, 1, 1), D(2026, 8, 1) - 181 * ONE, "out"),
        (D(2026, 11, 1), D(2026, 11, 5), "yes"),
        (D(2026, 11, 2), D(2026, 11, 5), "out"),
        (NEVER, NEVER, "out"),
        (None, D(2026, 9, 5), "unknown"),
    ],
)
def test_a_further_claim_after_a_disaster(began: D | None, ended: D, answer: str) -> None:
    facts = {"va_major_disaster_began": began, "va_major_disaster_ended": ended}
    row = reviewed(va_prior_partial_claims=1, va_prior_covid_partial_claim=True, **facts)
    assert where(row, "va_partial_claim", "VA-PC3") == answer
    assert where(row, "va_partial_claim", "VA-PC4") == answer


@pytest.mark.parametrize(
    ("day", "implemented", "answer"),
    [
        (D(2026, 6, 15), D(2026, 6, 15), "yes"),
        (D(2026, 6, 15), D(2026, 6, 16), "out"),
        (D(2026, 6, 15), D(2026, 6, 14), "yes"),
        (D(2026, 11, 27), NEVER, "out"),
        (D(2026, 11, 27), None, "unknown"),
        (D(2026, 11, 28), NEVER, "yes"),
        (D(2026, 11, 28), None, "yes"),
        (D(2026, 11, 29), None, "yes"),
    ],
)
def test_servicer_implemented_on(day: D, implemented: D | None, answer: str) -> None:
    row = reviewed(evaluation_date=day, va_servicer_implemented_on=implemented, next_due_date=D(2026, 4, 1))
    assert where(row, "va_partial_claim", "VA-PC7") == answer
    assert where(row, "va_thirty_year_modification", "VA-WF-1") == answer
    assert row["order"] == ("steps_of_2026" if answer == "yes" else "preferred_order")


def test_between_handbook_and_first_claims_there_is_the_order_but_no_claim() -> None:
    row = reviewed(evaluation_date=D(2026, 6, 14), va_servicer_implemented_on=D(2026, 6, 1))
    assert row["order"] == "steps_of_2026"
    assert row["va_partial_claim__rule_set"] == "NOT-YET-IN-FORCE"
    assert reviewed(evaluation_date=D(2026, 5, 31), va_servicer_implemented_on=D(2026, 5, 1))["order"] == (
        "preferred_order"
    )


def test_orders() -> None:
    row = reviewed()
    ranked = row["ranked"].split(";")
    steps = [
        "va_repayment_plan",
        "va_special_forbearance",
        "va_modification",
        "va_thirty_year_modification",
        "va_partial_claim",
        "va_forty_year_modification",
    ]
    assert ranked[:6] == steps
    assert reviewed(wants_to_keep_home=False)["ranked"].startswith("va_short_sale;va_deed_in_lieu;va_repayment_plan")
    old = reviewed(evaluation_date=D(2025, 9, 1), next_due_date=D(2025, 1, 1), wants_to_keep_home=False)
    assert old["order"] == "leave_first"
    kinds = reviewed(evaluation_date=D(2025, 9, 1), next_due_date=D(2025, 1, 1))["ranked"].split(";")
    five = ["va_repayment_plan", "va_special_forbearance", "va_modification", "va_short_sale", "va_deed_in_lieu"]
    assert [name for name in kinds if name in five] == five


# --- named modifications --------------------------------------------------------------------------

IN_2025 = {"evaluation_date": D(2025, 9, 15), "next_due_date": D(2025, 6, 1), "maturity_date": D(2050, 2, 1)}


def test_affordable_needs_income() -> None:
    row = reviewed(**IN_2025, monthly_gross_income=None)
    assert where(row, "va_affordable_modification", "VA-N1") == "unknown"
    assert row["va_affordable_modification__principal_and_interest"] is None


@pytest.mark.parametrize(("extra", "met"), [(-1, False), (0, True), (1, True)])
def test_affordable_at_the_ratio(extra: int, met: bool) -> None:
    """The house payment may be exactly 31 % of income and not a cent more."""
    plain = reviewed(**IN_2025, va_proposed_rate=60_000, va_proposed_term=360)
    payment = plain["va_affordable_modification__principal_and_interest"] + 52_000
    # Smallest income of which 31 % is at least the payment.
    income = -(-payment * 100 // 31)
    row = reviewed(**IN_2025, va_proposed_rate=60_000, va_proposed_term=360, monthly_gross_income=income + extra)
    assert row["va_affordable_modification__target_met"] is met
    assert where(row, "va_affordable_modification", "VA-N1") == ("yes" if met else "out")


def test_affordable_rate_still_open_is_a_question_not_a_no() -> None:
    row = reviewed(**IN_2025, monthly_gross_income=450_000)
    assert row["va_affordable_modification__target_met"] is False
    assert row["va_affordable_modification__rate_needed"] > 0
    assert where(row, "va_affordable_modification", "VA-N1") == "unknown"
    hopeless = reviewed(**IN_2025, monthly_gross_income=100_000)
    assert hopeless["va_affordable_modification__rate_needed"] is None
    # The rule set of that time is not verified, but the rule is: it rules out.
    assert where(hopeless, "va_affordable_modification", "VA-N1") == "out"


def test_streamline_cut() -> None:
    row = reviewed(**IN_2025, va_proposed_rate=60_000, va_proposed_term=360)
    new = row["va_streamline_modification__principal_and_interest"]
    just = -(-new * 10 // 9)
    for old, met in ((just - 1, False), (just, True), (just + 1, True)):
        found = reviewed(**IN_2025, va_proposed_rate=60_000, va_proposed_term=360, monthly_principal_and_interest=old)
        assert found["va_streamline_modification__target_met"] is met
    assert row["va_streamline_modification__trial_start"] == D(2025, 10, 1)
    assert row["va_streamline_modification__trial_end"] == D(2025, 12, 31)
    assert row["va_streamline_modification__first_payment_date"] == D(2026, 1, 1)


@pytest.mark.parametrize(
    ("declared", "answer"),
    [
        (DAY.replace(year=2025), "yes"),
        (DAY.replace(year=2025) - ONE, "out"),
        (DAY.replace(year=2025) + ONE, "yes"),
        (DAY + ONE, "out"),
        (NEVER, "out"),
        (None, "unknown"),
    ],
)
def test_disaster_within_a_year(declared: D | None, answer: str) -> None:
    row = reviewed(hardship_kind="disaster", va_disaster_declared_on=declared, va_reasonable_credit_risk=None)
    assert where(row, "va_disaster_modification", "VA-D1") == answer
    assert where(row, "va_disaster_modification", "VA-D2") == "yes"
    assert "VA-M3" not in row["va_disaster_modification__unknown"]
    if answer == "yes":
        assert row["va_disaster_modification__status"] == "eligible"
        assert row["va_disaster_modification__effective_date"] == D(2027, 3, 1)
        assert row["va_disaster_modification__effective_date_if_late"] == D(2027, 4, 1)


# --- past programs --------------------------------------------------------------------------------

COVID: dict[str, Any] = {
    "evaluation_date": D(2022, 1, 10),
    "next_due_date": D(2021, 6, 1),
    "origination_date": D(2019, 1, 15),
    "can_resume_payment": True,
    "va_covid_forbearance_exit_date": D(2021, 12, 31),
}


def test_covid_partial_claim() -> None:
    row = reviewed(**COVID)
    assert row["va_covid_partial_claim__status"] == "eligible"
    # June to January are unpaid; February falls due 22 days after the papers are sent.
    assert row["va_covid_partial_claim__payments"] == 9
    assert row["va_covid_partial_claim__claim"] == 9 * 210_017 + 5_000
    assert row["va_covid_partial_claim__limit"] == 7_200_000


@pytest.mark.parametrize(
    ("rule", "facts", "answer"),
    [
        ("VA-CP1", {"va_days_past_due_at_pandemic_start": 29}, "yes"),
        ("VA-CP1", {"va_days_past_due_at_pandemic_start": 30}, "out"),
        ("VA-CP1", {"va_days_past_due_at_pandemic_start": None, "origination_date": D(2020, 3, 2)}, "yes"),
        ("VA-CP1", {"va_days_past_due_at_pandemic_start": None, "origination_date": D(2020, 3, 1)}, "unknown"),
        ("VA-CP2", {"va_covid_forbearance_missed_payment": False}, "out"),
        ("VA-CP3", {"can_resume_payment": False}, "out"),
        ("VA-CP4", {"va_prior_covid_partial_claim": True}, "out"),
        ("VA-CP4", {"va_veteran_prior_covid_partial_claim": True}, "out"),
        ("VA-CP5", {"va_covid_forbearance_entry_balance": 6_317_177}, "yes"),
        ("VA-CP5", {"va_covid_forbearance_entry_balance": 6_317_176}, "out"),
        ("VA-CP6", {"va_covid_forbearance_exit_date": D(2021, 9, 12)}, "yes"),
        ("VA-CP6", {"va_covid_forbearance_exit_date": D(2021, 9, 11)}, "out"),
    ],
)
def test_covid_rules(rule: str, facts: dict[str, Any], answer: str) -> None:
    assert where(reviewed(**{**COVID, **facts}), "va_covid_partial_claim", rule) == answer


def test_covid_31_days() -> None:
    for day, count in ((D(2022, 1, 1), 9), (D(2021, 12, 31), 8), (D(2022, 1, 2), 9)):
        assert reviewed(**{**COVID, "evaluation_date": day})["va_covid_partial_claim__payments"] == count


def test_vasp() -> None:
    facts = {"evaluation_date": D(2024, 12, 1), "next_due_date": D(2024, 6, 1), "va_proposed_term": 360}
    row = reviewed(**facts)
    assert row["va_vasp__rate"] == 25_000
    assert row["va_vasp__status"] == "eligible"
    assert reviewed(**facts, occupancy="investment")["va_vasp__failed"] == "VA-VS1"
    assert reviewed(**facts, hardship_resolved=False)["va_vasp__failed"] == "VA-VS2"


def test_refund_modification_whose_dates_are_not_established_asks() -> None:
    facts = {"evaluation_date": D(2022, 6, 1), "next_due_date": D(2022, 1, 1)}
    assert where(reviewed(**facts), "va_covid_refund_modification", "VA-CR0") == "yes"
    row = reviewed(**facts, va_refund_modification_offered=None)
    assert where(row, "va_covid_refund_modification", "VA-CR0") == "unknown"
    row = reviewed(**facts, va_refund_modification_offered=False)
    assert where(row, "va_covid_refund_modification", "VA-CR0") == "open"
    assert row["va_covid_refund_modification__verification"] == "unverified"


# --- plans ----------------------------------------------------------------------------------------


def test_plan_of_2026_with_a_low_rate_shows_the_long_plans() -> None:
    low = {"note_rate": 30_000, "va_survey_rate": 61_500}
    arrears = 4 * 210_017
    row = reviewed(**low)
    assert row["va_repayment_plan__payment_in_first_long_plan"] == 210_017 + -(-arrears // 12)
    assert row["va_repayment_plan__payment_in_second_long_plan"] == 210_017 + -(-arrears // 18)
    not_yet = reviewed(**low, evaluation_date=D(2026, 11, 27), va_servicer_implemented_on=NEVER)
    assert not_yet["va_repayment_plan__payment_in_first_long_plan"] is None
    before = reviewed(**low, evaluation_date=D(2026, 5, 31))
    assert before["va_repayment_plan__payment_in_first_long_plan"] is None
    # At the highest modified rate exactly (6.625) the plan is not looked at.
    for rate, shown in ((66_249, True), (66_250, False), (66_251, False)):
        found = reviewed(note_rate=rate)["va_repayment_plan__payment_in_first_long_plan"]
        assert (found is not None) is shown


def test_special_forbearance_terms() -> None:
    row = reviewed()
    assert row["va_special_forbearance__months"] == 3
    assert row["va_special_forbearance__start"] == D(2026, 12, 1)
    assert row["va_special_forbearance__end"] == D(2027, 2, 28)
    assert row["va_special_forbearance__arrears_at_end"] == 7 * 210_017
    assert reviewed(requested_forbearance_months=None)["va_special_forbearance__months"] == 1
