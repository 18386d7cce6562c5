"""The review as a whole: three answers, nothing dropped, batch equals single, words say what masks hold."""

from __future__ import annotations

import concurrent.futures
import datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from hopenow.errors import InputError
from hopenow.facts import schema
from hopenow.programs.registry import program
from hopenow.review import Settings, explain, review, review_canonical
from hopenow.review.engine import STATUSES, determine
from hopenow.review.reasons import known_by, lacking, worth_asking
from tests.review.loans import DAY, frame, random_loans

ENTERPRISES = Settings(programs=("fannie_mae", "freddie_mac"))
OPTIONS = [option.id for option in program("fannie_mae").options]


def words(result: pl.DataFrame) -> pl.DataFrame:
    """Return the result with its words as plain text, so that frames of different batches compare."""
    return result.with_columns(pl.selectors.enum().cast(pl.String), pl.selectors.categorical().cast(pl.String))


def one(**change: object) -> dict[str, object]:
    return words(review_canonical(frame(change), ENTERPRISES)).row(0, named=True)


def test_whole_loan_has_every_answer() -> None:
    row = one()
    assert row["flex_modification__status"] == "eligible"
    assert row["first_eligible"] == "flex_modification"
    assert row["payment_deferral__status"] == "ineligible"
    assert row["payment_deferral__failed"] == "PD-3"
    assert row["repayment_plan__failed"] == "RP-1;RP-1-C"


def test_all_failed_rules_are_named() -> None:
    row = one(months_delinquent=8, hardship_resolved=False, deferred_months_used=12)
    assert row["payment_deferral__failed"].split(";") == ["PD-2", "PD-3", "PD-7", "PD-9"]


def test_unknown_fact_makes_conditional_not_ineligible() -> None:
    row = one(prior_modifications=None)
    assert row["flex_modification__status"] == "conditional"
    assert row["flex_modification__unknown"] == "FM-4"


def test_unknown_fact_that_cannot_matter_changes_nothing() -> None:
    assert one(leasehold_end_date=None)["flex_modification__status"] == "eligible"
    assert one(prior_modifications=3, last_failed_trial_date=None)["flex_modification__status"] == "ineligible"


def test_unverified_rule_never_rules_out() -> None:
    row = one(investor="freddie_mac", flex_modification_redefault_date=DAY - datetime.timedelta(days=60))
    assert row["flex_modification__status"] == "conditional"
    assert row["flex_modification__conditions"] == "FM-6-F"
    row = one(
        investor="fannie_mae",
        last_flex_modification_date=datetime.date(2026, 1, 1),
        flex_modification_redefault_date=datetime.date(2026, 7, 1),
        flex_modification_reinstated=False,
    )
    assert row["flex_modification__failed"] == "FM-6"


def test_approval_and_condition_keep_an_option_open() -> None:
    row = one(mortgage_insured=True, mortgage_insurer_delegated=False, escrow_account=False)
    assert row["flex_modification__status"] == "conditional"
    assert row["flex_modification__conditions"].split(";") == ["FM-12", "MI-1"]


@pytest.mark.parametrize(
    ("day", "rule_set", "status"),
    [
        (datetime.date(2024, 11, 30), "flex.2017-10", "eligible"),
        (datetime.date(2024, 12, 1), "flex.2024-12", "eligible"),
        (datetime.date(2017, 9, 30), "NOT-COVERED", "not_determined"),
        (datetime.date(2017, 2, 28), "NOT-YET-IN-FORCE", "ineligible"),
    ],
)
def test_rule_set_by_date(day: datetime.date, rule_set: str, status: str) -> None:
    change = {
        "evaluation_date": day,
        "published_modification_rate": 66_250,
        "origination_date": datetime.date(2015, 1, 1),
    }
    row = one(**change, valuation_date=day)
    assert (row["flex_modification__rule_set"], row["flex_modification__status"]) == (rule_set, status)


def test_early_adoption() -> None:
    day = datetime.date(2024, 11, 10)
    facts = frame({"evaluation_date": day, "published_modification_rate": 66_250})
    early = Settings(programs=("fannie_mae",), adopted={"flex.2024-12": datetime.date(2024, 11, 5)})
    assert words(review_canonical(facts, early))["flex_modification__rule_set"][0] == "flex.2024-12"
    assert words(review_canonical(facts, ENTERPRISES))["flex_modification__rule_set"][0] == "flex.2017-10"
    with pytest.raises(InputError, match="no rule set"):
        review_canonical(facts, Settings(programs=("fannie_mae",), adopted={"flex.2030": day}))


def test_missing_posted_rate_is_refused_unless_it_cannot_matter() -> None:
    """Refused when no rate covers the date, unless the contract rate is below every rate that could apply."""
    day = datetime.date(2025, 6, 17)
    row = one(evaluation_date=day, valuation_date=day, note_rate=75_000, monthly_principal_and_interest=190_000)
    assert row["flex_modification__rate"] is None
    assert row["flex_modification__status"] == "conditional"
    low = one(evaluation_date=day, valuation_date=day, note_rate=30_000, monthly_principal_and_interest=110_000)
    assert low["flex_modification__rate"] == 30_000
    roomy = one(
        evaluation_date=day,
        valuation_date=day,
        note_rate=75_000,
        monthly_principal_and_interest=190_000,
        property_value=90_000_000,
    )
    assert roomy["flex_modification__rate"] == 75_000


def test_unknown_value_is_refused_only_where_it_matters() -> None:
    # The contract rate lies below the posted rate and the target is met by the term alone.
    row = one(property_value=None, remaining_term=120, monthly_principal_and_interest=290_000)
    assert row["flex_modification__rate"] == 65_000
    assert one(property_value=None)["flex_modification__rate"] is None


def test_unknown_investor_gives_each_possibility() -> None:
    result = words(review_canonical(frame({"investor": None}), ENTERPRISES))
    assert result["program"].to_list() == ["fannie_mae", "freddie_mac"]
    assert result["investor_known"].to_list() == [False, False]


def test_no_program_is_said_and_nothing_dropped() -> None:
    facts = frame({"loan_id": "a"}, {"loan_id": "b", "investor": "ginnie_mae", "loan_type": "fha"}, {"loan_id": "c"})
    result = words(review_canonical(facts, ENTERPRISES))
    assert result["loan_id"].to_list() == ["a", "b", "c"]
    assert result["program"].to_list() == ["fannie_mae", None, "fannie_mae"]


def test_assumptions_fill_only_what_is_unknown_and_are_shown() -> None:
    facts = frame({"loan_id": "a", "prior_modifications": None}, {"loan_id": "b", "prior_modifications": 3})
    settings = Settings(programs=("fannie_mae",), assume={"prior_modifications": 0, "leasehold": True})
    result = words(review_canonical(facts, settings))
    assert result["assumed"].to_list() == ["prior_modifications", ""]
    assert result["flex_modification__status"].to_list() == ["eligible", "ineligible"]
    with pytest.raises(InputError, match="not a fact"):
        review_canonical(facts, Settings(assume={"hardshipp": True}))


def test_disaster_order_and_leaving_first() -> None:
    assert one(hardship_kind="disaster")["order"] == "disaster"
    assert one(wants_to_keep_home=False)["order"] == "leave_first"
    assert one(wants_to_keep_home=False, hardship_kind="disaster")["order"] == "leave_first_disaster"
    assert one(wants_to_keep_home=None, hardship_kind=None)["order"] == "standard"


def test_stale_value_is_marked_by_index_and_said() -> None:
    row = one(valuation_date=datetime.date(2024, 3, 1))
    assert row["valuation__indexed"] is True
    assert "VAL-1" in row["flex_modification__conditions"]
    assert row["valuation__value"] != 29_000_000


LOANS = random_loans(400, seed=5)


def test_batch_equals_singles() -> None:
    whole = words(review_canonical(LOANS, ENTERPRISES))
    singles = pl.concat(
        [words(review_canonical(LOANS[row : row + 1], ENTERPRISES)) for row in range(0, 60)],
        how="diagonal_relaxed",
    )
    assert_frame_equal(whole[:60].select(singles.columns), singles, check_dtypes=False)


@settings(max_examples=4)
@given(st.randoms(use_true_random=False), st.integers(150, 399))
def test_row_order_and_batch_size_change_nothing(random, size: int) -> None:  # type: ignore[no-untyped-def]
    places = list(range(LOANS.height))
    random.shuffle(places)
    shuffled = LOANS[places]
    whole = words(review_canonical(LOANS, ENTERPRISES)).sort("loan_id")
    pieces = [
        words(review_canonical(shuffled[start : start + size], ENTERPRISES)) for start in range(0, LOANS.height, size)
    ]
    assert_frame_equal(
        pl.concat(pieces, how="diagonal_relaxed").sort("loan_id").select(whole.columns),
        whole,
        check_dtypes=False,
    )


def test_threads_change_nothing() -> None:
    expected = words(review_canonical(LOANS, ENTERPRISES))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: review_canonical(LOANS, ENTERPRISES), range(4)):
            assert_frame_equal(words(result), expected)


def test_words_and_counts_say_what_the_masks_hold() -> None:
    for part in determine(LOANS, ENTERPRISES):
        found = lacking(part)
        lists = found.lists().to_pylist()
        assert len(lists) == part.frame.height
        offered = [planned for planned in part.interval.options if planned.option.kind != "finding"]
        for planned in offered:
            counted = dict.fromkeys(found.facts, 0)
            for row in part.frame.iter_rows(named=True):
                unknown = row[f"{planned.option.id}__unknown"]
                if STATUSES[row[f"{planned.option.id}__status_code"]] != "conditional":
                    continue
                lacked = {
                    fact
                    for rule in planned.rules
                    if unknown >> rule.bit & 1
                    for fact in rule.facts
                    if worth_asking(fact, row, known_by(part.program))
                }
                for fact in lacked:
                    counted[fact] += 1
            assert {fact: count for fact, count in counted.items() if count} == found.per_option[planned.option.id]


def test_published_units_are_exact_decimals() -> None:
    facts = {
        "loan_id": ["1"],
        "evaluation_date": ["2026-09-15"],
        "investor": ["fannie_mae"],
        "loan_type": ["conventional"],
        "lien_position": [1],
        "interest_bearing_balance": ["236765.47"],
        "note_rate": ["6.5"],
        "monthly_principal_and_interest": [Decimal("1580.17")],
        "remaining_term": [309],
        "property_value": ["290000"],
        "amortization_type": ["Fixed"],
        "next_due_date": ["2026-02-01"],
        "accrued_interest": ["10259.84"],
        "escrow_advances": ["4200"],
        "servicing_advances": ["180"],
    }
    table = review(pl.DataFrame(facts), ENTERPRISES)
    row = table.to_pylist()[0]
    assert row["flex_modification__gross_balance"] == Decimal("251405.31")
    assert row["flex_modification__rate"] == Decimal("6.5000")
    assert str(table.schema.field("flex_modification__forborne").type) == "decimal64(15, 2)"


def test_bad_input_is_refused_with_every_finding() -> None:
    facts = pl.DataFrame({"loan_id": ["1"], "evaluation_date": ["2026-13-45"], "note_rate": ["five"]})
    with pytest.raises(InputError) as caught:
        review(facts, ENTERPRISES)
    assert len(caught.value.findings) >= 1


# --- one loan explained ---------------------------------------------------------------------------


def test_explanation_has_every_rule_with_source_and_change() -> None:
    (found,) = explain(frame({"prior_modifications": 4}), ENTERPRISES)
    flex = next(option for option in found.options if option.id == "flex_modification")
    no = next(rule for rule in flex.rules if rule.answer == "no")
    assert (no.id, no.consequence) == ("FM-4", "rules this option out")
    assert no.change
    assert "3 times" in no.says
    assert no.figures[0].name == "modifications_below"
    assert no.citation.publisher == "Fannie Mae"
    for option in found.options:
        for rule in option.rules:
            assert rule.citation.verification in {"verified", "secondary", "unverified"}
            assert "{" not in rule.says + rule.change
        for entry in option.process:
            assert "{" not in entry.says


def test_explanation_asks_for_what_is_missing() -> None:
    (found,) = explain(frame({"leasehold": None}), ENTERPRISES)
    flex = next(option for option in found.options if option.id == "flex_modification")
    assert [question.fact for question in flex.questions] == ["leasehold"]
    assert flex.questions[0].ask == schema()["leasehold"].ask


def test_explanation_is_plain_data() -> None:
    import json

    (found,) = explain(frame(), ENTERPRISES)
    text = json.dumps(found.as_dict())
    assert '"1264.13"' in text
    assert found.ranked()[0].status == "eligible"


def test_only_questions_that_can_settle_a_rule_are_asked() -> None:
    """Contact alone settles FB-1; that of a disaster matters only together with others."""
    change = {"quality_right_party_contact": None, "disaster_area_property": None, "hardship_resolved": False}
    (found,) = explain(frame({**change, "hardship_duration": "temporary"}), ENTERPRISES)
    forbearance = next(option for option in found.options if option.id == "forbearance")
    assert [question.fact for question in forbearance.questions] == ["quality_right_party_contact"]
