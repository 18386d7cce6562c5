from __future__ import annotations

import datetime
from typing import Any

import pytest

from hopenow.facts import NEVER, schema
from hopenow.facts.ingest import to_canonical
from hopenow.facts.logic import CROSS_RULES, range_words

SOUND: dict[str, Any] = {
    "loan_id": "L1",
    "evaluation_date": "2026-09-30",
    "investor": "fannie_mae",
    "loan_type": "conventional",
    "lien_position": "1",
    "amortization_type": "fixed",
    "interest_only": "no",
    "rate_is_final": "yes",
    "rate_ceiling": "6",
    "original_balance": "250000.00",
    "original_term": "360",
    "origination_date": "2018-05-15",
    "first_payment_date": "2018-07-01",
    "maturity_date": "2048-06-01",
    "note_rate": "4.25",
    "monthly_principal_and_interest": "1229.85",
    "interest_bearing_balance": "212500.00",
    "deferred_balance": "1000.00",
    "remaining_term": "265",
    "next_due_date": "2026-06-01",
    "mortgage_insured": "yes",
    "monthly_mortgage_insurance": "50.00",
    "months_delinquent": "4",
    "days_delinquent": "121",
    "prior_modifications": "1",
    "last_rate_adjustment_date": "never",
    "last_modification_date": "2022-01-01",
    "last_flex_modification_date": "2022-01-01",
    "flex_modification_redefault_date": "2023-01-01",
    "last_failed_trial_date": "never",
    "last_payment_deferral_date": "2021-05-01",
    "credit_score_date": "2026-09-01",
    "property_value": "315000.00",
    "valuation_date": "2026-08-20",
    "sale_date": "2026-12-01",
    "disaster_date": "never",
}


def findings(**changes: Any) -> list[tuple[str, str, str]]:
    """Return rule, severity and field of each finding about the sound row with changes."""
    row = {name: [value] for name, value in (SOUND | changes).items()}
    return to_canonical(row).findings.select("rule", "severity", "field").rows()


def test_the_sound_row_has_no_findings() -> None:
    assert findings() == []


NO_EVENTS = {
    "first_payment_date": None,
    "remaining_term": None,
    "last_modification_date": None,
    "last_flex_modification_date": None,
    "last_payment_deferral_date": None,
}
# One planted violation for each rule, which must be found alone.
PLANTED = [
    ("LOGIC-ORIGINATION-AFTER-EVALUATION", "error", NO_EVENTS | {"origination_date": "2026-10-01"}),
    ("LOGIC-MATURITY-BEFORE-ORIGINATION", "error", NO_EVENTS | {"maturity_date": "2018-05-15"}),
    ("LOGIC-FIRST-PAYMENT-BEFORE-ORIGINATION", "warning", {"first_payment_date": "2018-05-01"}),
    ("LOGIC-MATURITY-BEFORE-FIRST-PAYMENT", "error", {"maturity_date": "2018-06-01", "remaining_term": None}),
    ("LOGIC-NOTHING-OWED", "error", {"interest_bearing_balance": "0", "deferred_balance": None}),
    ("LOGIC-REMAINING-TERM-MATURITY", "warning", {"remaining_term": "267"}),
    ("LOGIC-REMAINING-ABOVE-ORIGINAL-TERM", "warning", {"original_term": "240", "prior_modifications": "0"}),
    ("LOGIC-NEXT-DUE-MONTHS-DELINQUENT", "warning", {"months_delinquent": "5"}),
    ("LOGIC-NEXT-DUE-MONTHS-DELINQUENT", "warning", {"months_delinquent": "2"}),
    ("LOGIC-NEXT-DUE-DAYS-DELINQUENT", "warning", {"days_delinquent": "90"}),
    ("LOGIC-PAYMENT-BELOW-INTEREST", "warning", {"monthly_principal_and_interest": "752.59"}),
    ("LOGIC-RATE-LOOKS-LIKE-FRACTION", "warning", {"note_rate": "0.0425"}),
    ("LOGIC-RATE-ABOVE-CEILING", "warning", {"rate_ceiling": "4"}),
    ("LOGIC-FIXED-RATE-NOT-FINAL", "warning", {"rate_is_final": "no"}),
    ("LOGIC-BALANCE-ABOVE-ORIGINAL", "warning", {"original_balance": "200000", "prior_modifications": "0"}),
    ("LOGIC-VALUE-TOO-SMALL", "warning", {"property_value": "315"}),
    ("LOGIC-JUNIOR-LIEN", "warning", {"lien_position": "2"}),
    ("LOGIC-INVESTOR-LOAN-TYPE", "warning", {"loan_type": "fha"}),
    ("LOGIC-MODIFIED-BUT-NOT-COUNTED", "warning", {"prior_modifications": "0"}),
    ("LOGIC-DEFERRED-BUT-NO-BALANCE", "warning", {"deferred_balance": "0"}),
    ("LOGIC-SALE-BEFORE-EVALUATION", "warning", {"sale_date": "2026-09-29"}),
    ("LOGIC-MORTGAGE-INSURANCE", "warning", {"mortgage_insured": "no"}),
    ("LOGIC-EVENT-AFTER-EVALUATION", "warning", {"valuation_date": "2026-10-01"}),
    ("LOGIC-EVENT-BEFORE-ORIGINATION", "warning", {"last_payment_deferral_date": "2017-05-01"}),
]
KEEPS_MODIFICATION_DATES = {"LOGIC-MODIFIED-BUT-NOT-COUNTED"}


@pytest.mark.parametrize(
    ("rule", "severity", "changes"), PLANTED, ids=[f"{p[0]}-{i}" for i, p in enumerate(PLANTED)]
)
def test_each_rule_finds_its_planted_violation(rule: str, severity: str, changes: dict[str, Any]) -> None:
    if changes.get("prior_modifications") == "0" and rule not in KEEPS_MODIFICATION_DATES:
        changes = {"last_modification_date": "never", "last_flex_modification_date": "never"} | changes
    found = findings(**changes)
    assert [(r, s) for r, s, _ in found] == [(rule, severity)]


def test_every_rule_has_a_planted_violation() -> None:
    assert {cross.rule.id for cross in CROSS_RULES} == {rule for rule, _, _ in PLANTED}


def test_rules_read_and_forget_only_facts() -> None:
    for cross in CROSS_RULES:
        assert cross.reads <= set(schema())
        assert set(cross.forgets) <= set(schema())
        assert cross.field in cross.reads
        assert cross.rule.words.endswith(".")
        assert cross.rule.remedy.endswith(".")


@pytest.mark.parametrize("cross", CROSS_RULES, ids=lambda cross: f"{cross.rule.id}-{cross.field}")
def test_a_rule_is_silent_where_nothing_is_known(cross: Any) -> None:
    row = {"loan_id": ["L1"], "evaluation_date": ["2026-09-30"]}
    unknown = {name: [None] for name in cross.reads if name not in row}
    assert to_canonical(row | unknown).findings.is_empty()


def test_a_warning_that_promises_it_makes_the_field_unknown() -> None:
    row = {name: [value] for name, value in (SOUND | {"valuation_date": "2026-10-01"}).items()}
    assert to_canonical(row).facts["valuation_date"].to_list() == [None]


@pytest.mark.parametrize("name", [n for n, f in schema().items() if f.canonical_range != (None, None)])
def test_each_range_is_kept_at_its_ends_and_refused_beyond(name: str) -> None:
    fact = schema()[name]
    assert fact.minimum is not None
    assert fact.maximum is not None
    for value, good in (
        (fact.minimum, True),
        (fact.maximum, True),
        (fact.minimum - 1, False),
        (fact.maximum + 1, False),
    ):
        result = to_canonical({"loan_id": ["A"], "evaluation_date": ["2026-09-30"], name: [str(value)]})
        ranges = result.findings.filter(result.findings["rule"] == "LOGIC-RANGE")
        assert ranges.is_empty() == good
        if not good:
            assert result.facts[name].to_list() == [None]
            assert ranges["message"].item().startswith(f"{name} is {range_words(fact)}.")


@pytest.mark.parametrize(
    ("day", "good"), [("1970-01-01", True), ("1969-12-31", False), ("2101-01-01", False)]
)
def test_the_evaluation_date_must_be_plausible(day: str, good: bool) -> None:
    result = to_canonical({"loan_id": ["A"], "evaluation_date": [day]})
    assert (result.facts.height == 1) == good
    assert result.findings["rule"].to_list() == ([] if good else ["LOGIC-EVALUATION-DATE"])


def test_never_is_before_everything_and_breaks_nothing() -> None:
    never = {name: "never" for name, fact in schema().items() if fact.never}
    result = to_canonical({name: [value] for name, value in (SOUND | never).items()})
    assert result.findings.is_empty()
    assert result.facts["sale_date"].item() == NEVER == datetime.date(1900, 1, 1)


@pytest.mark.parametrize(
    ("day", "months"), [("2026-06-15", 0), ("2026-06-15", 1), ("2026-06-30", 1), ("2026-05-20", 0)]
)
def test_both_readings_of_the_current_installment_are_accepted(day: str, months: int) -> None:
    # On June 15 the June 1 installment is unpaid but not yet 30 days late; on June 30 it is (MBA method).
    row = {
        "loan_id": ["A"],
        "evaluation_date": [day],
        "next_due_date": ["2026-06-01"],
        "months_delinquent": [months],
    }
    assert to_canonical(row).findings.is_empty()
