"""The alliance's programs as a whole: thresholds, dates, readings, words."""

from __future__ import annotations

import datetime
import importlib.resources
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hopenow.errors import InputError
from hopenow.facts import NEVER, schema
from hopenow.facts.derived import DERIVED
from hopenow.law import segments
from hopenow.programs.base import Option
from hopenow.programs.hope_now_2007 import PROGRAM, program_with, readings
from hopenow.review import explain, review_canonical
from hopenow.review.plan import intervals
from tests.programs.hope_now_2007.loans import (
    ASF,
    ID,
    LIFELINE,
    SMP,
    canonical,
    one,
    plain,
    random_loans,
    settings,
    under,
)

D = datetime.date
DAY = datetime.timedelta(days=1)
FT, LL, SM = "hope_now_fast_track", "project_lifeline", "streamlined_modification"
LAWS = {option.id: option.law for option in PROGRAM.options}
WHOLE = {FT: ASF, LL: LIFELINE, SM: SMP}


def figure(option: str, name: str) -> int:
    """A number of the law, in engine units, so that the tests below move with it."""
    return segments(LAWS[option], ID)[0].parameters[name]


def day(option: str, name: str) -> datetime.date:
    return D.fromisoformat(segments(LAWS[option], ID)[0].parameters.word(name))


def answer(option: str, rule: str, **change: Any) -> str:
    """yes, no or unknown: what one rule says of the whole loan of its option with some facts changed."""
    row = one(WHOLE[option], **change)
    if rule in f"{row[f'{option}__failed']};{row[f'{option}__conditions']}".split(";"):
        return "no"
    return "unknown" if rule in row[f"{option}__unknown"].split(";") else "yes"


# --- just below, at and just above each threshold -------------------------------------------------

LIMIT = figure(FT, "score_limit")
PRESENT = ASF["monthly_principal_and_interest"]
TEN_MORE = PRESENT * (1_000_000 + figure(FT, "payment_rise_above")) // 1_000_000
LAST_SALE = LIFELINE["evaluation_date"] + DAY * figure(LL, "sale_within_days")
LAST_CALL = LIFELINE["lifeline_letter_date"] + DAY * figure(LL, "answer_days")
ROOM_GONE = 30_000 * 1_000_000 // figure(SM, "housing_ratio")

THRESHOLDS: list[tuple[str, str, str, Any, str]] = [
    *[(FT, "G3", "arm_initial_fixed_months", figure(FT, "longest_fixed_period") + shift, says)
      for shift, says in ((-1, "yes"), (0, "yes"), (1, "no"))],
    *[(FT, "G4", "origination_date", day(FT, "first_origination") + DAY * shift, says)
      for shift, says in ((-1, "no"), (0, "yes"), (1, "yes"))],
    *[(FT, "G4", "origination_date", day(FT, "last_origination") + DAY * shift, says)
      for shift, says in ((-1, "yes"), (0, "yes"), (1, "no"))],
    *[(FT, "G6", "arm_initial_reset_date", day(FT, "first_reset") + DAY * shift, says)
      for shift, says in ((-1, "no"), (0, "yes"), (1, "yes"))],
    *[(FT, "G6", "arm_initial_reset_date", day(FT, "last_reset") + DAY * shift, says)
      for shift, says in ((-1, "yes"), (0, "yes"), (1, "no"))],
    *[(FT, "G7", "arm_initial_reset_date", ASF["evaluation_date"] + DAY * shift, says)
      for shift, says in ((-1, "no"), (0, "yes"), (1, "yes"))],
    *[(FT, "T1-NOW", "days_delinquent", figure(FT, "most_days_delinquent") + shift, says)
      for shift, says in ((-1, "yes"), (0, "yes"), (1, "no"))],
    *[(FT, "T1-12M", "asf_spells_60_days_ots", figure(FT, "max_60_in_12m") + shift, says)
      for shift, says in ((-1, "yes"), (0, "yes"), (1, "no"))],
    *[(FT, "F1", "credit_score", LIMIT + shift, says) for shift, says in ((-1, "yes"), (0, "no"), (1, "no"))],
    *[(FT, "T5", "arm_payment_after_reset", TEN_MORE + shift, says)
      for shift, says in ((-1, "no"), (0, "no"), (1, "yes"))],
    *[(LL, "PL-2", "days_delinquent", figure(LL, "least_days_delinquent") + shift, says)
      for shift, says in ((-1, "no"), (0, "yes"), (1, "yes"))],
    *[(LL, "PL-4", "sale_date", LAST_SALE + DAY * shift, says) for shift, says in ((-1, "no"), (0, "no"), (1, "yes"))],
    *[(LL, "PL-6", "lifeline_call_date", LAST_CALL + DAY * shift, says)
      for shift, says in ((-1, "yes"), (0, "yes"), (1, "no"))],
    *[(SM, "SMP-2", "origination_date", day(SM, "last_origination") + DAY * shift, says)
      for shift, says in ((-1, "yes"), (0, "yes"), (1, "no"))],
    *[(SM, "SMP-4", "months_delinquent", figure(SM, "least_missed") + shift, says)
      for shift, says in ((-1, "no"), (0, "yes"), (1, "yes"))],
    *[(SM, "SMP-11", "monthly_gross_income", ROOM_GONE + shift, says)
      for shift, says in ((0, "no"), (3, "yes"))],
]  # fmt: skip


@pytest.mark.parametrize(("option", "rule", "fact", "value", "says"), THRESHOLDS)
def test_threshold(option: str, rule: str, fact: str, value: Any, says: str) -> None:
    assert answer(option, rule, **{fact: value}) == says


@pytest.mark.parametrize(("shift", "segment"), [(-1, 1), (0, 1), (1, 2)])
def test_ratio_at_origination_and_by_an_updated_value(shift: int, segment: int) -> None:
    limit = figure(FT, "ltv_above")
    row = one(ASF, asf_original_loan_to_value=limit + shift, asf_refinance_available=True)
    assert row[f"{FT}__segment"] == segment
    updated = {"interest_bearing_balance": limit * 10 + shift, "property_value": 10_000_000}
    row = one(ASF, asf_original_loan_to_value=limit, asf_refinance_available=True, **updated)
    assert row[f"{FT}__segment"] == segment


@pytest.mark.parametrize(("shift", "says"), [(-1, "no"), (0, "yes"), (1, "yes")])
def test_mark_to_market_ratio_on_both_balances(shift: int, says: str) -> None:
    share = figure(SM, "least_ltv")
    gross = SMP["interest_bearing_balance"] + one(SMP)[f"{SM}__arrearage"]
    value = gross * 1_000_000 // share
    balance = (value * share + 999_999) // 1_000_000
    change = {"accrued_interest": 0, "escrow_advances": 0, "servicing_advances": 0, "property_value": value}
    for rule in ("SMP-5", "SMP-5-UPB"):
        assert answer(SM, rule, **change, interest_bearing_balance=balance + shift) == says
    # Only with what is past due is it enough: not ruled out, but to be confirmed.
    row = one(SMP, **{**change, "accrued_interest": 10_000}, interest_bearing_balance=balance - 1)
    assert (row[f"{SM}__status"], row[f"{SM}__conditions"]) == ("conditional", "SMP-5-UPB")


@pytest.mark.parametrize(("shift", "state"), [(-1, "plan"), (0, "modified"), (1, "modified")])
def test_plan_becomes_a_modification(shift: int, state: str) -> None:
    change = {"lifeline_plan_date": D(2008, 2, 22), "lifeline_months_kept": figure(LL, "plan_months") + shift}
    assert one(LIFELINE, **change)[f"{LL}__state"] == state
    broken = one(LIFELINE, **change, lifeline_plan_broken=True)[f"{LL}__state"]
    assert broken == ("foreclosure_resumes" if state == "plan" else state)


@pytest.mark.parametrize(("shift", "state"), [(-1, "under_review"), (0, "under_review"), (1, "foreclosure_resumes")])
def test_pause_ends(shift: int, state: str) -> None:
    called = LIFELINE["lifeline_call_date"]
    today = called + DAY * (figure(LL, "pause_days") + shift)
    assert one(LIFELINE, evaluation_date=today)[f"{LL}__state"] == state
    paused = one(LIFELINE, evaluation_date=today, lifeline_pause_date=called + DAY)
    assert paused[f"{LL}__pause_until"] == called + DAY * (figure(LL, "pause_days") + 1)


@pytest.mark.parametrize(("shift", "state"), [(-1, "letter_sent"), (0, "letter_sent"), (1, "foreclosure_resumes")])
def test_letter_waits(shift: int, state: str) -> None:
    row = one(LIFELINE, lifeline_call_date=NEVER, evaluation_date=LAST_CALL + DAY * shift)
    assert (row[f"{LL}__state"], row[f"{LL}__call_by"]) == (state, LAST_CALL)


def test_no_letter_yet() -> None:
    row = one(LIFELINE, lifeline_letter_date=NEVER, lifeline_call_date=NEVER)
    assert (row[f"{LL}__state"], row[f"{LL}__status"]) == ("no_letter", "eligible")


# --- dates ----------------------------------------------------------------------------------------

STARTS_AND_ENDS = [
    (option, rule_set.id, edge, inside)
    for option, law in LAWS.items()
    for rule_set in law.rule_sets
    for edge, inside in ((rule_set.start, True), (rule_set.end, True),
                         (rule_set.start - DAY if rule_set.start else None, False),
                         (rule_set.end + DAY if rule_set.end else None, False))
    if edge is not None
]  # fmt: skip


@pytest.mark.parametrize(("option", "rule_set", "edge", "inside"), STARTS_AND_ENDS)
def test_one_day_before_and_after_each_rule_set(option: str, rule_set: str, edge: datetime.date, inside: bool) -> None:
    # A pooled adjustable loan is looked at on every day.
    row = one({**ASF, "loan_id": "x"}, evaluation_date=edge)
    if row["program"] is None:
        # Where none of its options is in force the program gives no answer.
        assert not inside
        return
    assert (row[f"{option}__rule_set"] == rule_set) is inside
    first, last = LAWS[option].rule_sets[0].start, LAWS[option].rule_sets[-1].end
    assert first is not None
    assert last is not None
    if edge < first:
        assert (row[f"{option}__failed"], row[f"{option}__status"]) == ("NOT-YET-IN-FORCE", "ineligible")
    if edge > last:
        assert (row[f"{option}__failed"], row[f"{option}__status"]) == ("ENDED", "ineligible")


@pytest.mark.parametrize(
    ("today", "in_force"),
    [
        (D(2008, 3, 1), {FT: "asf.2007-12", LL: "lifeline.2008-02"}),
        (D(2009, 1, 15), {FT: "asf.2008-07", SM: "smp.2008-12", LL: "lifeline.end-open"}),
        (D(2009, 6, 1), {FT: "asf.2008-07", LL: "lifeline.end-open"}),
        (D(2012, 7, 1), {}),
        (D(2026, 9, 15), {}),
    ],
)
def test_history(today: datetime.date, in_force: dict[str, str]) -> None:
    row = one(ASF, evaluation_date=today)
    found = {option: row.get(f"{option}__rule_set") for option in LAWS}
    past = {"ENDED", "NOT-YET-IN-FORCE", None}
    assert {option: name for option, name in found.items() if name not in past} == in_force


@pytest.mark.parametrize(
    ("investor", "kind", "today", "program", "known"),
    [
        ("fannie_mae", "fixed", D(2009, 1, 15), ID, True),
        ("ginnie_mae", "fixed", D(2008, 2, 12), ID, True),
        (None, "fixed", D(2008, 2, 12), ID, False),
        ("fannie_mae", "adjustable", D(2026, 9, 15), None, None),
        ("private_label", "fixed", D(2026, 9, 15), None, None),
        ("private_label", "adjustable", D(2026, 9, 15), None, None),
        ("fannie_mae", "fixed", D(2007, 12, 5), None, None),
        ("fannie_mae", "fixed", D(2007, 12, 6), ID, True),
        ("fannie_mae", "fixed", D(2010, 7, 31), ID, True),
        ("fannie_mae", "fixed", D(2010, 8, 1), None, None),
    ],
)
def test_which_loans_are_looked_at(
    investor: str | None, kind: str, today: datetime.date, program: str | None, known: bool | None
) -> None:
    # A second loan that is always looked at keeps the result's columns the same.
    rows = canonical({"loan_id": "x", "evaluation_date": today, "investor": investor, "amortization_type": kind}, ASF)
    row = plain(review_canonical(rows, settings())).row(0, named=True)
    assert (row["program"], row["investor_known"]) == (program, known)


# --- readings -------------------------------------------------------------------------------------


def test_defaults_are_the_first_readings() -> None:
    for name, items in readings().items():
        (default,) = LAWS[FT].parameters[name].values
        first = items[0]
        assert (default.value, default.cite, default.verification) == (first.value, first.cite, first.verification)
        assert all(item.cite in LAWS[FT].documents for item in items)
        choices = LAWS[FT].parameters[name].choices
        assert not choices or {item.value for item in items} == set(choices)


FREEZE, REVIEW, ONE_BY_ONE = "freeze_initial_rate", "individual_review", "individual_loss_mitigation"


@pytest.mark.parametrize(
    ("switches", "change", "default", "other"),
    [
        ({"max_60_in_12m": 0}, {"asf_spells_60_days_ots": 1}, FREEZE, ONE_BY_ONE),
        ({"f1_score": "origination"}, {"credit_score": 665, "asf_original_credit_score": 640}, REVIEW, FREEZE),
        ({"f1_strictness": "at most"}, {"credit_score": 660, "asf_original_credit_score": 640}, REVIEW, FREEZE),
        (
            {"equity": "must have little"},
            {"asf_original_loan_to_value": 900_000, "asf_refinance_available": False},
            FREEZE,
            REVIEW,
        ),
        ({"equity": "must have some"}, {}, FREEZE, REVIEW),
        ({"affordability": "finding"}, {"asf_cannot_afford_reset": False}, FREEZE, REVIEW),
    ],
)
def test_each_reading_decides(switches: dict[str, object], change: dict[str, Any], default: str, other: str) -> None:
    assert one(ASF, **change)[f"{FT}__action"] == default
    assert under(program_with(**switches), ASF, **change)[f"{FT}__action"] == other


def test_a_secondary_reading_of_the_score_rules_out() -> None:
    row = under(program_with(f1_score="origination"), ASF, asf_original_credit_score=660, credit_score=640)
    assert (row[f"{FT}__status"], row[f"{FT}__failed"]) == ("ineligible", "F1")


def test_unknown_switches_and_readings_are_refused_together() -> None:
    with pytest.raises(InputError) as caught:
        program_with(f1_scores="current", max_60_in_12m=True, equity="none")
    assert len(caught.value.findings) == 3


def test_ends_of_the_windows_can_be_read_otherwise() -> None:
    """Where the ends do not count, a loan on an end is to be confirmed, never ruled out."""
    option = PROGRAM.options[0]
    parameters = segments(option.law, ID)[0].parameters.replaced("window_ends", "exclusive")
    facts = canonical({**ASF, "origination_date": day(FT, "last_origination")}, ASF)
    assert facts.select(option.rules["ENDS"](parameters).alias("ends"))["ends"].to_list() == [False, True]


# --- terms ----------------------------------------------------------------------------------------


def test_streamlined_terms_by_hand() -> None:
    """Seven months of interest, then rate to the floor, 480 months, and the rest set aside."""
    row = one(SMP)
    assert row[f"{SM}__status"] == "eligible"
    # Paid through 2008-09; first modified payment 2009-05-01: interest for October to April.
    assert row[f"{SM}__interest_months"] == 7
    assert row[f"{SM}__delinquent_interest"] == 816_667
    assert row[f"{SM}__gross_balance"] == 20_886_667
    assert row[f"{SM}__target_payment"] == 103_000
    assert row[f"{SM}__principal_and_interest"] <= 103_000
    assert row[f"{SM}__target_met"] is True
    assert (row[f"{SM}__trial_start"], row[f"{SM}__first_payment_date"]) == (D(2009, 2, 1), D(2009, 5, 1))
    assert row[f"{SM}__forborne"] == 0
    deep = one(SMP, monthly_gross_income=200_000)
    assert (deep[f"{SM}__rate"], deep[f"{SM}__term"]) == (30_000, 480)
    assert deep[f"{SM}__principal_and_interest"] == deep[f"{SM}__target_payment"] == 46_000
    assert deep[f"{SM}__forborne"] > 0


@pytest.mark.parametrize("fact", ["smp_tool_order", "smp_rate_floor"])
def test_what_is_not_public_is_asked_for_and_never_made_up(fact: str) -> None:
    row = one(SMP, **{fact: None})
    assert (row[f"{SM}__status"], row[f"{SM}__unknown"]) == ("conditional", "SMP-12")
    assert row[f"{SM}__principal_and_interest"] is None
    (found,) = explain(canonical({**SMP, fact: None}), settings())
    option = next(option for option in found.options if option.id == SM)
    assert fact in [question.fact for question in option.questions]


@pytest.mark.parametrize("order", schema()["smp_tool_order"].choices)
def test_every_order_of_the_tools_meets_the_target(order: str) -> None:
    row = one(SMP, smp_tool_order=order, monthly_gross_income=220_000)
    assert row[f"{SM}__target_met"] is True
    if order.startswith("principal"):
        assert row[f"{SM}__rate"] == SMP["note_rate"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"investor": "freddie_mac"}, "eligible"),
        ({"investor": "portfolio", "smp_lender_participates": True}, "eligible"),
        ({"investor": "portfolio", "smp_lender_participates": False}, "ineligible"),
        ({"investor": "portfolio"}, "conditional"),
        ({"investor": "private_label"}, "ineligible"),
        ({"loan_type": "fha"}, "ineligible"),
        ({"loan_type": "va"}, "ineligible"),
        ({"units": 2}, "ineligible"),
        ({"lien_position": 2}, "ineligible"),
        ({"occupancy": "second_home"}, "ineligible"),
        ({"bankruptcy": "chapter_13"}, "ineligible"),
        ({"in_litigation": True}, "ineligible"),
        ({"active_trial": True}, "ineligible"),
        ({"hardship_documented": False}, "conditional"),
        ({"smp_deliberate_default": True}, "ineligible"),
    ],
)
def test_streamlined_exclusions(change: dict[str, Any], status: str) -> None:
    assert one(SMP, **change)[f"{SM}__status"] == status


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, "eligible"),
        ({"loan_type": "fha", "investor": "ginnie_mae", "lien_position": 1}, "eligible"),
        ({"lifeline_servicer": False}, "ineligible"),
        ({"bankruptcy": "chapter_7"}, "ineligible"),
        ({"occupancy": "investment"}, "ineligible"),
        ({"occupancy": "second_home"}, "eligible"),
        ({"vacant": True}, "ineligible"),
        ({"wants_to_keep_home": False}, "ineligible"),
        ({"lifeline_will_take_counseling": False}, "conditional"),
        ({"lifeline_financials_given": None}, "conditional"),
    ],
)
def test_lifeline_exclusions(change: dict[str, Any], status: str) -> None:
    assert one(LIFELINE, **change)[f"{LL}__status"] == status


@pytest.mark.parametrize(
    ("how", "step", "expected"),
    [
        ("none", None, 91_300),
        ("nearest", 1_250, 91_250),
        ("up", 1_250, 92_500),
        ("nearest", 0, 91_300),
        ("up", None, None),
    ],
)
def test_rate_after_the_reset_is_rounded_as_the_note_says(how: str, step: int | None, expected: int | None) -> None:
    change = {
        "arm_index_rate": 31_300, "arm_margin": 60_000, "arm_next_cap": 30_000, "note_rate": 80_000,
        "rate_ceiling": 140_000, "arm_rounding": how, "arm_rounding_step": step,
    }  # fmt: skip
    assert one(ASF, **change)[f"{FT}__rate_after_reset"] == expected
    capped = {**change, "arm_next_cap": 10_000}
    assert one(ASF, **capped)[f"{FT}__rate_after_reset"] == (None if expected is None else 90_000)
    capped = {**change, "rate_ceiling": 85_000}
    assert one(ASF, **capped)[f"{FT}__rate_after_reset"] == (None if expected is None else 85_000)
    assert one(ASF, **{**change, "rate_ceiling": None})[f"{FT}__rate_after_reset"] is None


def test_interest_only_payment_is_not_guessed() -> None:
    arm = {
        "arm_payment_after_reset": None, "arm_index_rate": 50_000, "arm_margin": 60_000, "arm_next_cap": 30_000,
        "note_rate": 80_000, "rate_ceiling": 140_000, "arm_rounding": "none", "interest_bearing_balance": 15_000_000,
        "remaining_term": 338, "next_due_date": D(2008, 2, 1),
    }  # fmt: skip
    assert one(ASF, **arm, interest_only=False)[f"{FT}__payment_after_reset"] is not None
    assert one(ASF, **arm, interest_only=True)[f"{FT}__action"] == "refer"
    assert one(ASF, **arm)[f"{FT}__action"] == "refer"


# --- whole ----------------------------------------------------------------------------------------

EACH = [pytest.param(option, id=option.id) for option in PROGRAM.options]


@pytest.mark.parametrize("option", EACH)
def test_rules_and_law_file_agree(option: Option) -> None:
    assert set(option.rules) == set(option.law.rules)


@pytest.mark.parametrize("option", EACH)
def test_every_parameter_is_used(option: Option) -> None:
    folder = Path(str(importlib.resources.files("hopenow.programs.hope_now_2007")))
    source = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    words = " ".join(f"{rule.says} {rule.change}" for rule in option.law.rules.values())
    words += " ".join(term.says for term in option.law.process.values())
    unused = [name for name in option.law.parameters if f'"{name}"' not in source and f"{{{name}}}" not in words]
    assert unused == []


@pytest.mark.parametrize("option", EACH)
def test_every_rule_leads_back_to_facts(option: Option) -> None:
    known = set(schema()) | set(DERIVED)
    for other in PROGRAM.options:
        known |= {f"{other.id}__{name}" for name in other.columns}
    for segment in segments(option.law, ID):
        for name in segment.rules:
            assert set(option.rules[name](segment.parameters).meta.root_names()) <= known, name
    for interval in intervals(PROGRAM):
        planned = next(item for item in interval.options if item.option.id == option.id)
        assert all(rule.facts or not rule.columns for rule in planned.rules)


def test_intervals_cover_every_day_once() -> None:
    found = intervals(PROGRAM)
    assert found[-1].end == D.max
    assert all(later.start - earlier.end == DAY for earlier, later in pairwise(found))


def test_every_option_is_ranked() -> None:
    assert set(PROGRAM.orders["standard"]) == set(LAWS)


def test_every_fact_of_the_file_is_read() -> None:
    own = [name for name, fact in schema().items() if fact.group == ID]
    folder = Path(str(importlib.resources.files("hopenow.programs.hope_now_2007")))
    source = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    # The day of the index value is kept for the record; the two spellings of the pause's first day are built.
    assert [name for name in own if name not in source and name not in {"arm_index_date"}] == []


@pytest.mark.parametrize("interval", [item.start for item in intervals(PROGRAM)[1:]], ids=str)
def test_every_option_explains_itself_with_and_without_facts(interval: datetime.date) -> None:
    bare = {
        "loan_id": "bare",
        "evaluation_date": interval,
        "investor": "private_label",
        "amortization_type": "adjustable",
    }
    rows = [{**base, "evaluation_date": interval} for base in (ASF, LIFELINE, SMP)]
    facts = canonical(
        bare, *rows, *[{**row, "evaluation_date": interval} for row in random_loans(25, seed=9, holes=0.3)]
    )
    for found in explain(facts, settings()):
        assert json.dumps(found.as_dict())
        assert found.order_citation is not None
        for option in found.options:
            texts = [text for rule in option.rules for text in (rule.says, rule.change)]
            texts += [entry.says for entry in option.process]
            texts += [text for step in option.steps for text in (step.title, step.text, step.value)]
            assert not any("{" in text or "None" in text for text in texts), option.id
            assert all(question.ask for question in option.questions)


def test_the_law_says_whom_each_screen_leaves_out() -> None:
    (found,) = explain(canonical(ASF), settings())
    shown = next(option for option in found.options if option.id == FT).process
    assert len([entry for entry in shown if entry.id.startswith("OUT-")]) == 9
    (found,) = explain(canonical(LIFELINE), settings())
    shown = next(option for option in found.options if option.id == LL).process
    assert [entry.id for entry in shown if "OUT" in entry.id] == ["PL-OUT-1", "PL-OUT-2"]


def test_empty_and_unknown_loans_do_no_harm() -> None:
    row = one({"loan_id": "bare", "evaluation_date": D(2008, 3, 1), "investor": "private_label"})
    assert (row[f"{FT}__action"], row[f"{FT}__status"], row[f"{FT}__failed_tests"]) == ("refer", "conditional", "")
