from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from hopenow.facts import schema
from validation import real_tape, workouts
from validation.amortization import EXPLAINED, MATCHED, share

NAMED = {"100666946068", "100483525537"}


@pytest.fixture(scope="session")
def tape(shared: Path) -> Path:
    return shared / "data/tapes/fannie_mae_2017Q1_108col.csv.gz"


@pytest.fixture(scope="session")
def found(tape: Path) -> real_tape.Measured:
    return real_tape.measure(tape)


def page() -> str:
    return real_tape.PAGE.read_text(encoding="utf-8")


def test_the_page_names_no_other_loan() -> None:
    assert set(re.findall(r"\b\d{12}\b", page())) <= NAMED


def test_the_page_has_the_figures_of_today(found: real_tape.Measured) -> None:
    # After a change of rules: python -m validation.real_tape TAPE --write, and read the page again.
    assert real_tape.published(page()) == real_tape.figures(found).strip("\n")


def test_new_figures_replace_the_old_ones() -> None:
    changed = real_tape.with_figures(page(), "one\ntwo")
    assert real_tape.published(changed) == "one\ntwo"
    assert real_tape.with_figures(changed, real_tape.published(page()) + "\n") == page()


def test_every_row_is_accounted_for(found: real_tape.Measured) -> None:
    assert (found.read, found.reviewed, found.skipped, found.loans) == (20_000, 19_717, 283, 438)
    errors = found.findings.filter(found.findings["severity"] == "error")
    assert errors["count"].sum() == found.skipped
    per_option = found.options.group_by("option").agg(pl.col("loan_months").sum())
    assert per_option.height == 12
    assert set(per_option["loan_months"]) == {found.reviewed}


def test_without_the_household_no_option_is_eligible(found: real_tape.Measured) -> None:
    rows = found.options
    assert set(rows.filter(rows["status"] == "eligible")["option"]) <= {"valuation"}
    assert all(facts for option, facts in found.missing.items() if option != "valuation")


def test_every_deferral_was_found_and_possible(found: real_tape.Measured) -> None:
    assert len(found.deferrals) == 8
    for event in found.deferrals:
        assert event.status_before == event.status == "eligible"
        assert event.deferred_by_review_before + 1 == event.deferred_by_review == event.unpaid
        assert event.due_as_reported
        assert event.unpaid <= workouts.limits()[event.rule_set]
        assert event.installments - event.deferred_by_review * 100 > 0
    one = next(event for event in found.deferrals if event.loan_id == "100483525537")
    assert (one.deferred_by_review, one.installments, one.reported_amount, one.rest) == (4, 3_069_40, 3_069_40, 0)
    assert abs(one.principal - one.reported_principal) == 1


def test_the_limits_by_date_were_needed(found: real_tape.Measured) -> None:
    over = {limit: sum(event.unpaid > limit for event in found.deferrals) for limit in workouts.limits().values()}
    assert over == {12: 3, 15: 1, 18: 0}


def test_the_flex_modification_is_exact(found: real_tape.Measured) -> None:
    worked = found.conversion
    assert worked is not None
    assert worked.balance == 207_199_58
    assert worked.at_conversion["gross_balance"] == worked.balance
    assert worked.at_conversion["principal_and_interest"] == 726_89
    assert (worked.at_conversion["rate"], worked.at_conversion["term"]) == (28_750, 480)
    assert worked.at_trial["rate"] == 28_750
    assert str(worked.at_trial["trial_start"]) == "2021-09-01"
    assert worked.at_month_end["rate"] == 31_250
    # Without the rate cut at any value the file's payment cannot be reached.
    assert worked.without_covid_reading > worked.at_conversion["principal_and_interest"] + 100_00


def test_the_modifications_are_told_apart(found: real_tape.Measured) -> None:
    flex = [event for event in found.modifications if event.rate_changed]
    assert [event.loan_id for event in flex] == [real_tape.NAMED_LOAN]
    assert flex[0].deferral_before == "ineligible CD-3"
    assert flex[0].unpaid_before > max(workouts.limits().values())
    others = [event for event in found.modifications if not event.rate_changed]
    assert [event.deferred_balance == event.installment_before for event in others].count(True) == 1
    assert {event.months_added for event in others} == {0, 3}
    aside = next(event for event in others if event.deferred_balance)
    assert aside.principal == aside.scheduled_principal


def test_balances_follow_or_the_cause_is_named(found: real_tape.Measured) -> None:
    assert sum(found.causes.values()) == 16_379
    assert share(found.causes, (MATCHED,)) > 0.688
    assert share(found.causes, EXPLAINED) > 0.95


def test_the_command(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert real_tape.main([str(tape), "--cases"]) == 0
    shown = capsys.readouterr().out
    assert "20,000 loan-months read = 19,717 reviewed + 283 skipped" in shown
    assert shown.count("deferral, cpd.") == 8


def test_what_is_assumed_are_facts() -> None:
    assert set(workouts.ASSUMED) <= set(schema())
