"""Readings: only what the law files document can be chosen, it is used, and results say so."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from hopenow.errors import InputError, LawError
from hopenow.facts import schema
from hopenow.law import Parameters, load_documents, load_option, segments
from hopenow.programs.base import Program
from hopenow.programs.readings import chosen_readings, parse_readings, readings_of, reread
from hopenow.programs.registry import PROGRAMS, entry, program
from hopenow.review import Settings, explain, review_canonical
from hopenow.tapes.synthetic import synthetic_delinquent

EVERY = [
    pytest.param(name, reading.name, item.value, id=f"{reading.id}={item.shown}")
    for name in PROGRAMS
    for reading in readings_of(program(name))
    for item in reading.alternatives
]
VA = "va.index_rounding"


def test_every_program_with_a_conflict_lists_readings() -> None:
    assert {name for name in PROGRAMS if readings_of(program(name))} >= {"va", "hamp", "hope_now_2007", "usda", "fha"}
    assert len(EVERY) >= 25


def own_loans(name: str, day: datetime.date, count: int = 40) -> pl.DataFrame:
    """Loans that may be the program's own, on a day."""
    facts = synthetic_delinquent(count, seed=7)
    own = entry(name)
    types = schema()
    kinds = {"loan_type": own.loan_types or ("conventional",), "investor": own.investors or ("private_label",)}
    return facts.with_columns(
        pl.lit(day).alias("evaluation_date"),
        *[pl.lit(values[0], dtype=types[fact].dtype).alias(fact) for fact, values in kinds.items()],
        pl.lit(None, dtype=pl.String).alias("investor_profile"),
    )


def days_of(loaded: Program, name: str) -> Iterator[datetime.date]:
    """A day in each stretch of time in which an option with the reading is in force."""
    for option in loaded.options:
        if name in option.law.parameters and option.law.parameters[name].alternatives:
            for item in segments(option.law, loaded.id):
                if item.end >= datetime.date(2007, 12, 1) and name in item.parameters:
                    yield max(item.start, datetime.date(2007, 12, 6))


@pytest.mark.parametrize(("name", "parameter", "value"), EVERY)
def test_every_reading_is_used_by_the_rules_or_terms(
    name: str, parameter: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reading that nothing reads would be a choice without effect."""
    read: set[tuple[str, object]] = set()
    plain = Parameters.value

    def watched(self: Parameters, wanted: str) -> object:
        found = plain(self, wanted)
        read.add((wanted, found))
        return found

    # A new program object, so that its plan is made anew.
    loaded = reread(program(name), {parameter: value})
    assert loaded is not program(name)
    monkeypatch.setattr(Parameters, "value", watched)
    for day in sorted(set(days_of(loaded, parameter)))[-3:]:
        review_canonical(own_loans(name, day), Settings(programs=(name,), extra_programs={name: loaded}))
        for option in loaded.options:
            if parameter in option.law.parameters:
                for segment in segments(option.law, name):
                    if segment.start <= day <= segment.end:
                        for rule in segment.rules:
                            option.rules[rule](segment.parameters)
    assert (parameter, value) in read


@pytest.mark.parametrize(("name", "parameter", "value"), EVERY)
def test_a_reading_changes_only_the_value_that_it_covers(name: str, parameter: str, value: object) -> None:
    before, after = program(name), reread(program(name), {parameter: value})
    for old, new in zip(before.options, after.options, strict=True):
        changed = 0
        for one, other in zip(segments(old.law, name), segments(new.law, name), strict=True):
            assert (one.start, one.end, one.rule_set) == (other.start, other.end, other.rule_set)
            for key in one.parameters:
                same = one.parameters.source(key).value == other.parameters.source(key).value
                assert same or key == parameter
                changed += not same
        covered = parameter in old.law.parameters and any(
            name in item.authorities for item in old.law.parameters[parameter].alternatives
        )
        assert bool(changed) == covered


def test_the_default_changes_nothing_and_the_same_choice_is_the_same_program() -> None:
    va = program("va")
    assert reread(va, {}) is va
    assert reread(va, {"index_rounding": "nearest"}) is va
    assert reread(va, {"index_rounding": "up"}) is reread(va, {"index_rounding": "up"})


def test_a_reading_changes_the_result_and_is_named_in_it() -> None:
    day = datetime.date(2025, 3, 10)
    loans = own_loans("va", day, 3).with_columns(pl.lit(day).alias("evaluation_date"))
    usual = Settings(programs=("va",))
    other = Settings(programs=("va",), readings={VA: "up"})
    rates = {"va_survey_rate": 63_000}
    loans = loans.with_columns([pl.lit(value, dtype=schema()[name].dtype).alias(name) for name, value in rates.items()])
    before, after = review_canonical(loans, usual), review_canonical(loans, other)
    assert before["va_maximum_rate__rounded_rate"].to_list() != after["va_maximum_rate__rounded_rate"].to_list()
    (said,) = explain(loans[:1], other)[0].readings
    assert (said.id, said.value, said.default, said.mark) == (VA, "up", "nearest", "verified")
    assert "M26-4" in said.source
    assert explain(loans[:1], usual)[0].readings == ()
    plain = explain(loans[:1], other)[0].as_dict()["readings"]
    assert plain[0]["id"] == VA


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("va.index_rounding", "write it as name=value"),
        ("va.index_rouding=up", "did you mean va.index_rounding"),
        ("nothing.like=this", "no such reading; there are"),
        ("va.index_rounding=down", "there are nearest (default), up"),
        ("limit_rounding=floor", "name one: fannie_mae.limit_rounding, freddie_mac.limit_rounding"),
        ("hamp.tier1_dti_equal_31=maybe", "there are no (default), yes"),
        ("hope_now_2007.max_60_in_12m=2", "there are 1 (default), 0"),
        ("va.rate_step=0.25", "no such reading"),
    ],
)
def test_what_is_not_documented_is_refused_with_the_list(text: str, words: str) -> None:
    with pytest.raises(InputError, match="cannot be used") as caught:
        parse_readings([text], {name: program(name) for name in PROGRAMS})
    assert words in caught.value.findings[0]


def test_all_refusals_come_at_once_and_twice_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        parse_readings(["x", "index_rounding=up", "va.index_rounding=nearest"], {"va": program("va")})
    assert len(caught.value.findings) == 2


def test_texts_are_read_as_values_of_their_type() -> None:
    every = {name: program(name) for name in PROGRAMS}
    found = parse_readings(
        ["equity=must_have_little", "max_60_in_12m=0", "tier1_dti_equal_31=yes", "index_rounding=UP"], every
    )
    assert found == {
        "hope_now_2007.equity": "must have little",
        "hope_now_2007.max_60_in_12m": 0,
        "hamp.tier1_dti_equal_31": True,
        VA: "up",
    }
    assert type(found["hope_now_2007.max_60_in_12m"]) is int


def test_a_reading_of_another_type_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be used"):
        reread(program("hope_now_2007"), {"max_60_in_12m": False})
    with pytest.raises(InputError, match="cannot be used"):
        reread(program("hamp"), {"tier1_dti_equal_31": 1})


def test_a_reading_of_a_program_that_is_not_looked_at_is_refused() -> None:
    with pytest.raises(InputError, match=r"va\.index_rounding are of no program that is looked at"):
        Settings(programs=("fha",), readings={VA: "up"}).chosen()
    with pytest.raises(InputError, match="no program that is looked at"):
        Settings(readings={"fnma.limit_rounding": "half_up"}).chosen()
    (va,) = Settings(programs=("va",), readings={VA: "up"}).chosen()
    assert va is reread(program("va"), {"index_rounding": "up"})


def test_only_what_differs_from_the_default_is_named() -> None:
    va = program("va")
    assert chosen_readings(va, {"index_rounding": "nearest"}) == ()
    assert [item.value for item in chosen_readings(va, {"index_rounding": "up", "limit_counts": "calendar"})] == [
        "calendar",
        "up",
    ]


# --- planted defects of law files ------------------------------------------------------------------

LAW = """
option: sample
title: Sample
homeowner: "Sample."
rule_sets:
- {id: s.1, for: va, from: 2020-01-01, to: 2020-12-31, content: "One", cite: DOC, verification: verified}
- {id: s.2, for: va, from: 2021-01-01, content: "Two", cite: DOC, verification: verified}
parameters:
  share:
    meaning: A share
    unit: percent
    values:
    - {for: va, rule_sets: s.1, value: 10, cite: DOC, verification: secondary}
    - {for: va, rule_sets: s.2, value: 20, cite: DOC, verification: secondary}
    alternatives:
    - ALTERNATIVE
"""


def law_with(alternative: str, folder: Path) -> list[str]:
    (folder / "documents.yaml").write_text('DOC: {publisher: P, title: "T"}\n')
    path = folder / "sample.yaml"
    path.write_text(LAW.replace("ALTERNATIVE", alternative))
    documents = load_documents(folder / "documents.yaml")
    law = load_option(path, documents)
    return [str(value) for value in (item.value for item in law.parameters["share"].alternatives)]


def test_an_alternative_for_one_version_is_fine(tmp_path: Path) -> None:
    assert law_with("{for: va, rule_sets: s.2, value: 25, cite: DOC, verification: unverified}", tmp_path) == ["25"]


@pytest.mark.parametrize(
    ("alternative", "words"),
    [
        ("{for: va, value: 10, cite: DOC, verification: unverified}", "is the value that it would stand in for"),
        ("{for: fha, value: 30, cite: DOC, verification: unverified}", "stands in for no value"),
        ("{for: va, rule_sets: s.9, value: 30, cite: DOC, verification: unverified}", "unknown rule set 's.9'"),
        ("{for: va, value: 30, cite: NONE, verification: unverified}", "not in the table of documents"),
        ("{for: va, value: 30, verification: unverified}", "cite"),
        ("{for: va, value: thirty, cite: DOC, verification: unverified}", "share"),
    ],
)
def test_a_defective_alternative_is_refused(alternative: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(LawError, match=words):
        law_with(alternative, tmp_path)


def test_an_alternative_listed_twice_is_refused(tmp_path: Path) -> None:
    one = "{for: va, value: 30, cite: DOC, verification: unverified}"
    with pytest.raises(LawError, match="listed twice"):
        law_with(f"{one}\n    - {one}", tmp_path)


def test_options_that_read_one_name_differently_are_refused() -> None:
    import dataclasses

    va = program("va")
    first, *rest = va.options
    parameter = first.law.parameters["index_rounding"]
    other = parameter.model_copy(update={"alternatives": [
        parameter.alternatives[0].model_copy(update={"value": "nearest"})]})  # fmt: skip
    second = rest[0]
    law = second.law.model_copy(update={"parameters": {**second.law.parameters, "index_rounding": other}})
    planted = dataclasses.replace(va, options=(first, dataclasses.replace(second, law=law)))
    with pytest.raises(LawError, match="different readings under the name index_rounding"):
        readings_of(planted)


