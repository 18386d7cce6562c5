"""FHA loans through the whole review: batches, order of rows, unknown loan types, and words for people."""

from __future__ import annotations

import datetime
import json

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hopenow.facts import schema
from hopenow.programs.fha import PROGRAM
from hopenow.review import Settings, explain, review, review_canonical
from hopenow.review.engine import determine
from hopenow.review.reasons import lacking
from tests.programs.fha.loans import DAY, FHA, OFFERED, frame, one, random_loans, words

LOANS = random_loans(120, seed=7, holes=0.2)
DAYS = [
    *("2005-01-01", "2010-06-01", "2013-06-01", "2014-06-01", "2016-01-01", "2018-01-01", "2020-12-01", "2021-08-01"),
    *("2022-06-01", "2024-06-01", "2025-02-01", "2025-06-01", "2025-11-01", "2026-11-23"),
]


def test_batch_equals_singles() -> None:
    whole = words(review_canonical(LOANS, FHA))
    singles = [words(review_canonical(LOANS[row : row + 1], FHA)) for row in range(24)]
    single = pl.concat(singles, how="diagonal_relaxed")
    assert_frame_equal(whole[:24].select(single.columns), single, check_dtypes=False)


@pytest.mark.parametrize("size", [50, 90])
def test_row_order_and_batch_size_change_nothing(size: int) -> None:
    whole = words(review_canonical(LOANS, FHA)).sort("loan_id")
    mixed = LOANS.sample(fraction=1.0, shuffle=True, seed=size)
    pieces = [words(review_canonical(mixed[start : start + size], FHA)) for start in range(0, LOANS.height, size)]
    joined = pl.concat(pieces, how="diagonal_relaxed").sort("loan_id").select(whole.columns)
    assert_frame_equal(joined, whole, check_dtypes=False)


def test_only_fha_loans_are_its_own() -> None:
    kinds = ("fha", "va", "usda", "section_184", "conventional")
    found = words(review_canonical(frame(*({"loan_id": kind, "loan_type": kind} for kind in kinds)), FHA))
    assert found.filter(pl.col("program") == "fha")["loan_id"].to_list() == ["fha"]


def test_unknown_loan_type_is_a_possibility() -> None:
    row = one(loan_type=None)
    assert (row["program"], row["investor_known"]) == ("fha", False)


def test_more_knowledge_never_turns_a_no_into_a_yes() -> None:
    """A rule that rules an option out still does so once the unknown facts are filled in."""
    full, holed = random_loans(300, seed=9, holes=0.0), random_loans(300, seed=9, holes=0.0)
    hidden = ["fha_partial_claims", "hardship_resolved", "monthly_capacity", "fha_exempted_transfer", "note_rate"]
    holed = holed.with_columns([pl.lit(None, schema()[name].dtype).alias(name) for name in hidden])
    known, open_ = words(review_canonical(full, FHA)), words(review_canonical(holed, FHA))
    for option in OFFERED:
        both = pl.DataFrame({"open": open_[f"{option}__status"], "known": known[f"{option}__status"]})
        assert both.filter((pl.col("open") == "ineligible") & (pl.col("known") != "ineligible")).is_empty(), option
        assert both.filter((pl.col("open") == "eligible") & (pl.col("known") != "eligible")).is_empty(), option


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("day", DAYS)
def test_every_option_can_be_explained(day: str) -> None:
    date = datetime.date.fromisoformat(day)
    bare = pl.DataFrame({"loan_id": ["bare"], "evaluation_date": [date], "loan_type": ["fha"]}).with_columns(
        pl.col("loan_type").cast(schema()["loan_type"].dtype)
    )
    days = random_loans(12, seed=11, holes=0.4).with_columns(pl.lit(date).alias("evaluation_date"))
    for facts in (frame({"evaluation_date": date}), bare, days):
        for explained in explain(facts, FHA):
            shown = explained.as_dict()
            assert json.dumps(shown)
            assert not [text for text in _texts(shown) if "{" in text or "}" in text]
            assert {option.id for option in explained.options} == {option.id for option in PROGRAM.options}
            in_force = [option for option in explained.options if option.rules]
            assert all(option.steps for option in in_force)
            assert all(question.ask for question in explained.questions())


def test_bare_loan_asks_and_refuses_nothing() -> None:
    """With nothing known, nothing in force is ruled out, and every open option says what it lacks."""
    bare = frame({}).select("loan_id", "evaluation_date", "loan_type")
    row = words(review_canonical(bare, FHA)).row(0, named=True)
    for part in determine(bare, FHA):
        lacks = lacking(part)
        for planned in part.interval.options:
            if planned.segment is not None and planned.option.kind != "finding":
                assert row[f"{planned.option.id}__status"] == "conditional"
                assert lacks.per_option[planned.option.id]


def test_result_is_published_in_dollars() -> None:
    table = review(frame({"can_resume_payment": True}).to_arrow(), FHA)
    assert str(table["fha_partial_claim__claim_amount"][0].as_py()) == "9483.60"


def test_disaster_lifts_the_limit() -> None:
    last = DAY - datetime.timedelta(days=100)
    row = one(fha_last_permanent_option_date=last, hardship_kind="disaster", disaster_area_property=True)
    assert "FHA-G2" not in row["fha_combination__failed"]


def test_stands_beside_the_other_programs() -> None:
    """One tape, several authorities: the columns fit together, and each loan has its own authority's answer."""
    beside = Settings(programs=("fannie_mae", "freddie_mac", "private_label", "fha"), extra_programs=FHA.extra_programs)
    kinds = [("fannie_mae", "conventional"), ("ginnie_mae", "fha"), ("portfolio", "conventional")]
    rows = [{"loan_id": investor, "investor": investor, "loan_type": kind} for investor, kind in kinds]
    found = words(review_canonical(frame(*rows), beside))
    assert found["program"].to_list() == ["fannie_mae", "fha", "private_label"]
    assert found["fha_combination__status"].to_list() == [None, "eligible", None]
