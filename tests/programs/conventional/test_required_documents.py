"""Documents by hardship and income, what is asked while facts are missing, and the strict table."""

from __future__ import annotations

import importlib.resources
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hopenow.errors import CoverageError, InputError, LawError
from hopenow.facts import schema
from hopenow.programs.conventional import required_documents as documents
from hopenow.programs.conventional.common import PACKAGE
from hopenow.programs.conventional.required_documents import RequiredDocument

ON = date(2026, 9, 15)
SETTLED: dict[str, Any] = {
    "bankruptcy": "none",
    "permanent_change_of_station": False,
    "inconsistent_documents": False,
    "investor_request": False,
    "self_employed_without_documents": False,
}


def listed(hardship: str | None, incomes: list[str] | None, **facts: Any) -> list[RequiredDocument]:
    return documents.required_documents(hardship, incomes, evaluation_date=ON, **{**SETTLED, **facts})


def names(found: list[RequiredDocument]) -> list[str]:
    return [item.name for item in found[1:]]


# --- by hardship ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hardship", ["unemployment", "reduced_income", "increased_housing_expense", "disaster"]
)
def test_hardships_that_need_no_document(hardship: str) -> None:
    assert names(listed(hardship, [])) == []


@pytest.mark.parametrize(
    ("hardship", "name", "alternatives"),
    [
        ("disability_or_illness", "Written statement by the borrower", ["Another document that shows it"]),
        (
            "divorce_or_separation",
            "Final divorce decree",
            ["Separation agreement", "Recorded quitclaim deed"],
        ),
        (
            "separation_of_unrelated_borrowers",
            "Recorded quitclaim deed",
            ["Binding agreement giving up all rights to the property"],
        ),
        ("death", "Death certificate", ["Obituary", "Newspaper article"]),
        ("other", "Written explanation with the documents that matter", []),
    ],
)
def test_hardships_that_need_one(hardship: str, name: str, alternatives: list[str]) -> None:
    (item,) = listed(hardship, [])[1:]
    assert item.name == name
    assert item.needed is True
    assert [other.says for other in item.alternatives] == alternatives
    assert (item.citation, item.verification, item.freshness) == ("FORM-710", "verified", None)


def test_move_by_order_and_move_for_a_job() -> None:
    ordered = listed("distant_transfer", [], permanent_change_of_station=True)
    assert names(ordered) == ["Permanent change of station orders"]
    moved = listed("distant_transfer", [], permanent_change_of_station=False)
    assert names(moved) == ["Signed job offer", "Amount of any relocation assistance"]
    unknown = listed("distant_transfer", [], permanent_change_of_station=None)[1:]
    assert len(unknown) == 3
    for item in unknown:
        assert item.needed is None
        assert [question.fact for question in item.questions] == ["permanent_change_of_station"]


def test_unknown_hardship_names_the_question() -> None:
    (item,) = listed(None, [])[1:]
    assert item.needed is None
    (question,) = item.questions
    assert (question.fact, question.ask) == ("hardship_kind", schema()["hardship_kind"].ask)


# --- by income ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("income", "name", "others"),
    [
        ("wages", "Latest pay stub with earnings for the year to date", 1),
        ("self_employment", "Two latest bank statements", 3),
        ("taxable_benefits", "Award letters", 1),
        ("nontaxable_benefits", "Award letters", 1),
        ("rental", "Two latest bank statements", 1),
        ("investment", "Two latest investment statements", 1),
        ("other", "Two latest bank statements", 1),
    ],
)
def test_income_documents(income: str, name: str, others: int) -> None:
    (item,) = listed("unemployment", [income])[1:]
    assert item.name == name
    assert len(item.alternatives) == others
    assert item.freshness is not None
    assert item.freshness.days == 90
    assert item.freshness.verification == "secondary"


def test_unemployment_benefit_needs_no_document() -> None:
    assert names(listed("unemployment", ["unemployment_benefit"])) == []


@pytest.mark.parametrize(("hardship", "days"), [("disaster", 180), ("death", 90), (None, 90)])
def test_age_of_income_documents(hardship: str | None, days: int) -> None:
    item = listed(hardship, ["wages"])[-1]
    assert item.freshness is not None
    assert item.freshness.days == days


def test_unknown_income_names_the_question() -> None:
    item = listed("disaster", None)[1]
    assert item.needed is None
    assert [question.fact for question in item.questions] == ["income_kinds"]


def test_kinds_may_come_as_one_text_and_count_once() -> None:
    as_text = documents.required_documents("death", "wages; rental;wages", evaluation_date=ON, **SETTLED)
    assert as_text == listed("death", ["wages", "rental"])


# --- the form and the tax transcript --------------------------------------------------------------


@pytest.mark.parametrize(
    ("bankruptcy", "schedules", "asked"),
    [
        ("chapter_7", True, False),
        ("chapter_13", True, False),
        ("chapter_11", False, False),
        ("none", False, False),
        (None, True, True),
    ],
)
def test_bankruptcy_schedules_instead_of_the_form(
    bankruptcy: str | None, schedules: bool, asked: bool
) -> None:
    form = listed("unemployment", [], bankruptcy=bankruptcy)[0]
    assert form.needed is True
    assert form.verification == "verified"
    found = [other for other in form.alternatives if "bankruptcy schedules at most 90 days old" in other.says]
    assert bool(found) is schedules
    assert all(other.verification == "secondary" for other in found)
    assert [question.fact for question in form.questions] == (["bankruptcy"] if asked else [])


def test_transcript_only_when_needed() -> None:
    assert "4506-C" not in listed("unemployment", ["wages"])[-1].name
    needed = listed("unemployment", ["wages"], investor_request=True, inconsistent_documents=None)[-1]
    assert needed.needed is True
    assert "because the investor asks for it." in needed.why
    both = listed("unemployment", [], investor_request=True, inconsistent_documents=True)[-1]
    assert "because the documents contradict each other and the investor asks for it." in both.why
    unsure = listed("unemployment", ["wages"], inconsistent_documents=None)[-1]
    assert unsure.needed is None
    assert [question.fact for question in unsure.questions] == ["inconsistent_documents"]
    assert unsure.verification == "secondary"


@pytest.mark.parametrize(
    ("incomes", "found"), [(["wages"], False), (["self_employment"], True), (None, True)]
)
def test_self_employment_decides_on_the_transcript(incomes: list[str] | None, found: bool) -> None:
    last = listed("unemployment", incomes, self_employed_without_documents=True)[-1]
    assert ("4506-C" in last.name) is found


def test_bad_words_are_all_named() -> None:
    with pytest.raises(InputError) as error:
        documents.required_documents(
            "flood", ["wages", "gambling"], evaluation_date=ON, bankruptcy="chapter_9"
        )
    assert len(error.value.findings) == 3


def test_before_the_edition_is_refused() -> None:
    with pytest.raises(CoverageError, match="covered: from 2023-04-01"):
        documents.required_documents("death", [], evaluation_date=date(2023, 3, 31))


@given(
    hardship=st.none() | st.sampled_from(schema()["hardship_kind"].choices),
    incomes=st.none() | st.lists(st.sampled_from(schema()["income_kinds"].choices), max_size=3),
    order=st.booleans(),
)
def test_answering_never_adds_a_document(
    hardship: str | None, incomes: list[str] | None, order: bool
) -> None:
    """A known answer only decides about documents that were already listed."""
    before = documents.required_documents(hardship, incomes, evaluation_date=ON)
    after = documents.required_documents(
        hardship, incomes, evaluation_date=ON, permanent_change_of_station=order
    )
    assert {item.name for item in after} <= {item.name for item in before}
    assert all(item.needed is None or item.needed for item in before)
    assert all(item.questions for item in before if item.needed is None)


# --- income ---------------------------------------------------------------------------------------


def test_nontaxable_income_is_grossed_up() -> None:
    found = documents.adjusted_income("nontaxable_benefits", 100_001, evaluation_date=ON)
    assert (found.amount, found.added) == (125_001, 25_000)
    assert "25%" in found.says
    assert (found.citation, found.verification) == ("BRP-2025", "secondary")


@pytest.mark.parametrize(("rate", "amount"), [(249_999, 125_000), (250_000, 125_000), (300_000, 130_000)])
def test_higher_tax_rate_counts(rate: int, amount: int) -> None:
    found = documents.adjusted_income("nontaxable_benefits", 100_000, evaluation_date=ON, tax_rate=rate)
    assert found.amount == amount


@pytest.mark.parametrize(("statements", "amount"), [(True, 125_000), (False, 100_000), (None, None)])
def test_income_shown_by_bank_statements(statements: bool | None, amount: int | None) -> None:
    found = documents.adjusted_income(
        "wages", 100_000, evaluation_date=ON, shown_by_bank_statements=statements
    )
    assert found.amount == amount
    assert bool(found.questions) is (statements is None)


def test_other_enterprise_is_marked() -> None:
    found = documents.adjusted_income(
        "nontaxable_benefits", 100_000, evaluation_date=ON, authority="freddie_mac"
    )
    assert found.verification == "unverified"


def test_bad_income_is_all_named() -> None:
    with pytest.raises(InputError) as error:
        documents.adjusted_income("gambling", -1, evaluation_date=ON, tax_rate=-1)
    assert len(error.value.findings) == 3


@pytest.mark.parametrize(
    ("answers", "counts"),
    [
        ((True, True, True, True), True),
        ((True, True, True, None), None),
        ((None, False, None, None), False),
        ((True, True, False, True), False),
    ],
)
def test_household_income(answers: tuple[bool | None, ...], counts: bool | None) -> None:
    keys = ("volunteered", "documented", "lives_in_home", "contributes_routinely")
    assert documents.household_income_counts(**dict(zip(keys, answers, strict=True))) is counts


# --- strict table ---------------------------------------------------------------------------------

Change = Callable[[dict[str, Any]], object]
BAD: dict[str, tuple[Change, str]] = {
    "unknown key": (lambda form: form.update(color="red"), "color: Extra inputs"),
    "unknown key of a document": (
        lambda form: form["hardships"]["death"]["documents"][0].update(colour="red"),
        "hardships.death.documents.0.colour",
    ),
    "no citation": (
        lambda form: form["hardships"]["death"].pop("cite"),
        "hardships.death.cite: Field required",
    ),
    "no mark": (lambda form: form["incomes"]["wages"].pop("verification"), "incomes.wages.verification"),
    "unknown mark": (
        lambda form: form["edition"].update(verification="certain"),
        "edition.verification: Input should be 'verified'",
    ),
    "unknown document": (
        lambda form: form["incomes"]["wages"].update(cite="FORM-1"),
        "incomes.wages cites 'FORM-1'",
    ),
    "hardship missing": (lambda form: form["hardships"].pop("death"), "hardships lacks 'death'"),
    "hardship unknown": (
        lambda form: form["hardships"].update(flood=form["hardships"]["death"]),
        "hardships has 'flood'",
    ),
    "income missing": (lambda form: form["incomes"].pop("rental"), "incomes lacks 'rental'"),
    "unknown fact": (
        lambda form: form["hardships"]["death"]["documents"][0].update(when={"rainy": True}),
        "depends on 'rainy'",
    ),
    "fact that is no flag": (
        lambda form: form["hardships"]["death"]["documents"][0].update(when={"note_rate": True}),
        "depends on 'note_rate'",
    ),
    "unknown income of a condition": (
        lambda form: form["transcript"]["conditions"]["investor_request"].update(income="gifts"),
        "unknown kind of income 'gifts'",
    ),
    "no conditions": (lambda form: form["transcript"].update(conditions={}), "transcript.conditions"),
    "document without a name": (
        lambda form: form["hardships"]["death"]["documents"][0].update(name=""),
        "hardships.death.documents.0.name",
    ),
    "edition without a day": (lambda form: form["edition"].pop("from"), "edition.from: Field required"),
}


@pytest.mark.parametrize(("change", "defect"), BAD.values(), ids=BAD.keys())
def test_bad_table_is_refused(tmp_path: Path, change: Change, defect: str) -> None:
    text = importlib.resources.files(PACKAGE).joinpath("form_710.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    change(content)
    path = tmp_path / "form.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    with pytest.raises(LawError) as error:
        documents.load_form(path)
    assert defect in str(error.value)
    assert str(error.value).startswith("form.yaml: ")


@pytest.mark.parametrize("text", ["", "- a list\n", "edition: 1\nedition: 2\n", "edition: [\n"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "form.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LawError, match=r"form\.yaml"):
        documents.load_form(path)


def test_all_defects_come_together(tmp_path: Path) -> None:
    text = importlib.resources.files(PACKAGE).joinpath("form_710.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    del content["hardships"]["death"]
    content["incomes"]["wages"]["cite"] = "FORM-1"
    path = tmp_path / "form.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    with pytest.raises(LawError) as error:
        documents.load_form(path)
    assert "lacks 'death'" in str(error.value)
    assert "FORM-1" in str(error.value)
