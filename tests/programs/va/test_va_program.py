"""The VA program is whole: rules and law agree, dates cut where they should, batch equals single, words are whole."""

from __future__ import annotations

import datetime
import importlib.resources
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from hopenow.errors import LawError
from hopenow.facts import schema
from hopenow.facts.derived import DERIVED
from hopenow.law import segments
from hopenow.programs.base import Option
from hopenow.programs.va import PROGRAM
from hopenow.programs.va.common import law
from hopenow.review import explain, review, review_canonical
from hopenow.review.plan import intervals
from tests.programs.va.loans import SETTINGS, frame, loan, random_loans, reviewed, words

DAY = datetime.timedelta(days=1)
EACH_OPTION = [pytest.param(option, id=option.id) for option in PROGRAM.options]
SOURCE = "".join(
    path.read_text(encoding="utf-8")
    for path in Path(str(importlib.resources.files("hopenow.programs.va"))).glob("*.py")
)

# --- whole ----------------------------------------------------------------------------------------


def test_every_option_is_ranked_in_every_order() -> None:
    offered = {option.id for option in PROGRAM.options if option.kind != "finding"}
    for name, order in PROGRAM.orders.items():
        assert set(order) == offered
        assert len(order) == len(offered)
        assert PROGRAM.order_sources[name]["cite"] in PROGRAM.options[0].law.documents


@pytest.mark.parametrize("option", EACH_OPTION)
def test_rules_and_law_file_agree(option: Option) -> None:
    assert set(option.rules) == set(option.law.rules)


@pytest.mark.parametrize(
    ("option", "shared"),
    [("va_modification", {"regulation": ("VA-M99",)}), ("va_vasp", {"handbook_2026": ("VA-WF-1",)})],
)
def test_shared_rule_that_is_unknown_or_too_young_is_an_error(option: str, shared: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(LawError, match="cannot be added"):
        law(option, **shared)


def test_rules_of_2026_bind_no_earlier_version() -> None:
    option = next(item for item in PROGRAM.options if item.id == "va_modification")
    for segment in segments(option.law, "va"):
        assert ("VA-WF-2" in segment.rules) == (segment.start >= datetime.date(2026, 6, 1))
        assert "VA-M8" in segment.rules


def test_every_parameter_is_used() -> None:
    words = ""
    for option in PROGRAM.options:
        words += " ".join(f"{rule.says} {rule.change}" for rule in option.law.rules.values())
        words += " ".join(term.says for term in option.law.process.values())
    names = {name for option in PROGRAM.options for name in option.law.parameters}
    assert sorted(name for name in names if f'"{name}"' not in SOURCE and f"{{{name}}}" not in words) == []


@pytest.mark.parametrize("option", EACH_OPTION)
def test_every_rule_reads_known_columns_and_names_its_facts(option: Option) -> None:
    known = set(schema()) | set(DERIVED)
    for other in PROGRAM.options:
        known |= {f"{other.id}__{name}" for name in other.columns}
    for segment in segments(option.law, "va"):
        for name in segment.rules:
            assert set(option.rules[name](segment.parameters).meta.root_names()) <= known, name
    for interval in intervals(PROGRAM):
        planned = next(item for item in interval.options if item.option.id == option.id)
        for rule in planned.rules:
            assert rule.facts or set(rule.columns) <= {"evaluation_date"}, rule.id


def test_intervals_cover_every_day_once() -> None:
    found = intervals(PROGRAM)
    assert found[-1].end == datetime.date.max
    for earlier, later in pairwise(found):
        assert later.start - earlier.end == DAY


def test_every_value_of_the_reference_that_is_missing_is_asked_for() -> None:
    """Null values of the reference are no parameters: the fact is asked for, and nothing is guessed."""
    row = reviewed(va_cost_factor=None)
    assert row["va_short_sale__net_value"] is None
    assert "VA-S1" in row["va_short_sale__unknown"].split(";")
    (found,) = explain(frame({"va_cost_factor": None}), SETTINGS)
    sale = next(option for option in found.options if option.id == "va_short_sale")
    assert "va_cost_factor" in [question.fact for question in sale.questions]
    in_time = {"evaluation_date": datetime.date(2025, 4, 1), "next_due_date": datetime.date(2025, 1, 1)}
    assert reviewed(**in_time)["va_vasp__principal_and_interest"] is None
    assert reviewed(**in_time, va_proposed_term=360)["va_vasp__principal_and_interest"] is not None


def test_questions_are_plain() -> None:
    own = [fact for fact in schema().values() if fact.group == "va"]
    assert len(own) > 30
    for fact in own:
        assert fact.name.startswith("va_")
        assert fact.ask.endswith("?")
        assert len(fact.ask.split()) <= 22


# --- which loans ----------------------------------------------------------------------------------


def test_applies_to_va_loans_only() -> None:
    facts = frame({"loan_id": "a"}, {"loan_id": "b", "loan_type": "fha"}, {"loan_id": "c", "loan_type": None})
    result = words(review_canonical(facts, SETTINGS))
    assert result["program"].to_list() == ["va", None, "va"]
    assert result["investor_known"].to_list()[2] is False


# --- effective dates, from the law files themselves -----------------------------------------------

EDGES = [
    pytest.param(option.id, edge, id=f"{option.id}-{edge}")
    for option in PROGRAM.options
    for segment in segments(option.law, "va")
    for edge in (segment.start, segment.end)
    if edge != datetime.date.max
]


def _offers_something(day: datetime.date) -> bool:
    every = [segment for option in PROGRAM.options for segment in segments(option.law, "va")]
    return any(segment.start <= day <= segment.end for segment in every)


def _state(option: Option, day: datetime.date) -> str | None:
    if not _offers_something(day):
        return None  # no answer at all
    for segment in segments(option.law, "va"):
        if segment.start <= day <= segment.end:
            return segment.rule_set.id
    last = segments(option.law, "va")[-1].end
    if day > last:
        return "ENDED"
    introduced = option.law.introduced
    return "NOT-YET-IN-FORCE" if introduced is not None and day < introduced else "NOT-COVERED"


@pytest.mark.parametrize(("name", "edge"), EDGES)
def test_a_day_before_on_and_a_day_after_each_edge(name: str, edge: datetime.date) -> None:
    option = next(item for item in PROGRAM.options if item.id == name)
    for day in (edge - DAY, edge, edge + DAY):
        row = reviewed(
            evaluation_date=day,
            next_due_date=datetime.date(day.year - 1, 12, 1),
            va_survey_rate=60_000,
            valuation_date=day,
        )
        assert row.get(f"{name}__rule_set") == _state(option, day), day


@pytest.mark.parametrize(
    ("day", "program", "rule_set"),
    [
        (datetime.date(2008, 1, 31), "va_modification", None),
        (datetime.date(2008, 2, 1), "va_modification", "va.mod.2008"),
        (datetime.date(2021, 5, 27), "va_covid_partial_claim", "NOT-YET-IN-FORCE"),
        (datetime.date(2021, 5, 28), "va_covid_partial_claim", "va.vapcp"),
        (datetime.date(2022, 10, 28), "va_covid_partial_claim", "va.vapcp"),
        (datetime.date(2022, 10, 29), "va_covid_partial_claim", "ENDED"),
        (datetime.date(2024, 4, 16), "va_forty_year_modification", "NOT-YET-IN-FORCE"),
        (datetime.date(2024, 4, 17), "va_forty_year_modification", "va.mod40.2024"),
        (datetime.date(2024, 5, 30), "va_vasp", "NOT-YET-IN-FORCE"),
        (datetime.date(2024, 5, 31), "va_vasp", "va.vasp"),
        (datetime.date(2025, 5, 1), "va_vasp", "va.vasp"),
        (datetime.date(2025, 5, 2), "va_vasp", "ENDED"),
        (datetime.date(2026, 6, 14), "va_partial_claim", "NOT-YET-IN-FORCE"),
        (datetime.date(2026, 6, 15), "va_partial_claim", "va.pc.2026"),
    ],
)
def test_dates_of_the_reference(day: datetime.date, program: str, rule_set: str | None) -> None:
    assert reviewed(evaluation_date=day).get(f"{program}__rule_set") == rule_set


HISTORY = {
    datetime.date(2008, 3, 1): set(),
    datetime.date(2009, 6, 1): set(),
    datetime.date(2012, 7, 1): set(),
    datetime.date(2016, 1, 1): set(),
    datetime.date(2021, 8, 1): {"va_covid_partial_claim", "va_covid_refund_modification"},
    datetime.date(2024, 12, 1): {"va_forty_year_modification", "va_covid_refund_modification", "va_vasp"},
    datetime.date(2026, 11, 24): {"va_thirty_year_modification", "va_forty_year_modification", "va_partial_claim"},
}


@pytest.mark.parametrize("day", HISTORY)
def test_history_gives_the_programs_of_each_day(day: datetime.date) -> None:
    always = {
        "va_maximum_rate",
        "va_repayment_plan",
        "va_special_forbearance",
        "va_modification",
        "va_affordable_modification",
        "va_streamline_modification",
        "va_disaster_modification",
        "va_refunding",
        "va_short_sale",
        "va_deed_in_lieu",
    }
    row = reviewed(evaluation_date=day, next_due_date=datetime.date(day.year - 1, 12, 1))
    in_force = {option.id for option in PROGRAM.options if row[f"{option.id}__rule_set"].startswith("va.")}
    assert in_force == always | HISTORY[day]


def test_before_the_known_edition_the_answer_says_that_it_is_not_verified() -> None:
    late = {"next_due_date": datetime.date(2024, 1, 1)}
    assert reviewed(evaluation_date=datetime.date(2024, 4, 9), **late)["va_modification__verification"] == "unverified"
    assert reviewed(evaluation_date=datetime.date(2024, 4, 10), **late)["va_modification__verification"] == "verified"


# --- batch, order, words --------------------------------------------------------------------------

LOANS = random_loans(200, seed=11)


def test_batch_equals_singles() -> None:
    whole = words(review_canonical(LOANS, SETTINGS))
    singles = pl.concat(
        [words(review_canonical(LOANS[row : row + 1], SETTINGS)) for row in range(40)], how="diagonal_relaxed"
    )
    assert_frame_equal(whole[:40].select(singles.columns), singles, check_dtypes=False)


@settings(max_examples=2)
@given(st.randoms(use_true_random=False), st.integers(70, 199))
def test_row_order_and_batch_size_change_nothing(random: Any, size: int) -> None:
    places = list(range(LOANS.height))
    random.shuffle(places)
    shuffled = LOANS[places]
    whole = words(review_canonical(LOANS, SETTINGS)).sort("loan_id")
    pieces = [
        words(review_canonical(shuffled[start : start + size], SETTINGS)) for start in range(0, LOANS.height, size)
    ]
    assert_frame_equal(
        pl.concat(pieces, how="diagonal_relaxed").sort("loan_id").select(whole.columns), whole, check_dtypes=False
    )


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


def test_every_explanation_is_whole_words() -> None:
    days = [edge.values[1] + DAY for edge in EDGES if edge.values[1] > datetime.date(1990, 1, 1)]
    empty = frame(*({"loan_id": f"e{place}", "evaluation_date": day} for place, day in enumerate(days)))
    keep = {"loan_id", "evaluation_date", "loan_type"}
    empty = empty.select(name for name in empty.columns if name in keep)
    for facts in (LOANS[:40], empty, frame()):
        for found in explain(facts, SETTINGS):
            plain = found.as_dict()
            json.dumps(plain)
            for text in _texts(plain):
                assert "{" not in text
                assert "None" not in text, text
            for option in found.options:
                in_force = option.rule_set.startswith("va.")
                assert bool(option.steps) == in_force
                for rule in option.rules:
                    assert rule.citation.verification in {"verified", "secondary", "unverified"}
                    assert rule.answer != "no" or rule.change


def test_published_units() -> None:
    facts = {
        "loan_id": ["1"],
        "evaluation_date": ["2025-09-15"],
        "loan_type": ["va"],
        "interest_bearing_balance": ["200000"],
        "note_rate": ["7"],
        "maturity_date": ["2050-02-01"],
        "next_due_date": ["2025-06-01"],
    }
    row = review(pl.DataFrame(facts), SETTINGS).to_pylist()[0]
    assert str(row["va_modification__delinquent_interest"]) == "4666.67"
    assert row["va_modification__status"] == "conditional"


def test_nothing_known_is_conditional_everywhere() -> None:
    facts = frame().select("loan_id", "evaluation_date", "loan_type")
    row = words(review_canonical(facts, SETTINGS)).row(0, named=True)
    for option in PROGRAM.options:
        if row[f"{option.id}__rule_set"].startswith("va."):
            assert row[f"{option.id}__status"] == "conditional", option.id


def test_whole_loan_is_eligible_for_what_it_should_be() -> None:
    row = reviewed()
    assert row["order"] == "steps_of_2026"
    expected = {
        "va_repayment_plan",
        "va_special_forbearance",
        "va_modification",
        "va_thirty_year_modification",
        "va_partial_claim",
        "va_forty_year_modification",
        "va_refunding",
        "va_short_sale",
        "va_deed_in_lieu",
    }
    assert {option.id for option in PROGRAM.options[1:] if row[f"{option.id}__status"] == "eligible"} == expected
    assert loan()["loan_type"] == "va"
