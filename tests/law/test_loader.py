"""The strict loader: one bad file for each kind of defect, and a good one."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from hopenow.errors import LawError
from hopenow.law import Document, load_documents, load_option, segments, weakest
from hopenow.law.segments import marks

HERE = Path(__file__).parent
DOCUMENTS = {"DOC": Document(publisher="Somebody", title="Something")}

# Name of the bad file (without ending): words that the message must hold.
BAD = {
    "duplicate_key": "stands twice",
    "duplicate_rule": "stands twice",
    "unknown_key": "colour",
    "unknown_top_key": "uprating",
    "no_citation": "cite",
    "empty_citation": "cite",
    "unknown_document": "NOWHERE",
    "no_verification": "verification",
    "wrong_verification": "verification",
    "overlapping_values": "begins 2022-07-01",
    "overlapping_rule_sets": "rule sets of fannie_mae",
    "backward_period": "is after to",
    "late_optional": "optional_from",
    "undated_rule_set": "known_since",
    "bad_date": "does not exist",
    "text_for_months": "whole number",
    "half_month": "whole number",
    "sub_cent": "7500.505",
    "unknown_unit": "unit",
    "unknown_rule_set": "ex.9",
    "unknown_placeholder": "most_weeks",
    "no_values": "values",
    "approval_without_approver": "approver",
    "no_source": "sources",
    "no_authority": "EX-2",
    "not_yaml": "YAML",
    "empty": "empty",
}


def test_every_bad_file_is_listed() -> None:
    assert {path.stem for path in (HERE / "bad").glob("*.yaml")} == set(BAD)


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_file_is_refused(name: str) -> None:
    with pytest.raises(LawError) as caught:
        load_option(HERE / "bad" / f"{name}.yaml", DOCUMENTS)
    assert f"{name}.yaml" in str(caught.value)
    assert BAD[name] in str(caught.value)


def test_all_defects_come_at_once(tmp_path: Path) -> None:
    text = (HERE / "good.yaml").read_text()
    text = text.replace("unit: percent", "unit: furlongs").replace(
        "title: Example", "title: Example\ncolour: red"
    )
    (tmp_path / "two.yaml").write_text(text)
    with pytest.raises(LawError, match="unit") as caught:
        load_option(tmp_path / "two.yaml", DOCUMENTS)
    assert "colour" in str(caught.value)
    assert "unit" in str(caught.value)


def test_documents_are_strict(tmp_path: Path) -> None:
    path = tmp_path / "documents.yaml"
    path.write_text("A: {publisher: P, title: T, isbn: 1}")
    with pytest.raises(LawError, match="isbn"):
        load_documents(path)


def test_segments_cover_each_change_once() -> None:
    law = load_option(HERE / "good.yaml", DOCUMENTS)
    found = segments(law, "fannie_mae")
    assert [
        (str(item.start), str(item.end), item.rule_set.id, item.parameters["most_months"]) for item in found
    ] == [
        ("2020-01-01", "2020-12-31", "ex.1", 6),
        ("2021-01-01", "2022-06-30", "ex.2", 12),
        ("2022-07-01", "9999-12-31", "ex.2", 18),
    ]
    assert [sorted(item.rules) for item in found] == [["EX-1"], ["EX-1", "EX-2"], ["EX-1", "EX-2"]]


def test_authorities_differ_in_parameters_and_sources() -> None:
    law = load_option(HERE / "good.yaml", DOCUMENTS)
    found = segments(law, "freddie_mac")
    assert [item.parameters["most_months"] for item in found] == [6, 9]
    assert found[-1].rules["EX-1"].effect == "condition"
    assert "EX-2" not in found[-1].rules


def test_units_of_the_engine() -> None:
    law = load_option(HERE / "good.yaml", DOCUMENTS)
    parameters = segments(law, "fannie_mae")[0].parameters
    assert parameters["amount"] == 750_050
    assert parameters["share"] == 200_100
    assert parameters.source("share").value == Decimal("20.01")


def test_reading_a_parameter_is_recorded() -> None:
    law = load_option(HERE / "good.yaml", DOCUMENTS)
    parameters = segments(law, "fannie_mae")[0].parameters.recording()
    assert parameters.read == set()
    assert parameters["share"]
    assert parameters.read == {"share"}
    with pytest.raises(LawError, match="nothing"):
        parameters["nothing"]


def test_early_adoption_moves_both_sets() -> None:
    law = load_option(HERE / "good.yaml", DOCUMENTS)
    found = segments(law, "fannie_mae", {"ex.2": datetime.date(2020, 11, 15)})
    assert (found[0].end, found[1].start) == (datetime.date(2020, 11, 14), datetime.date(2020, 11, 15))


@pytest.mark.parametrize("day", [datetime.date(2020, 9, 30), datetime.date(2021, 1, 2)])
def test_adoption_outside_the_optional_period_is_refused(day: datetime.date) -> None:
    law = load_option(HERE / "good.yaml", DOCUMENTS)
    with pytest.raises(LawError, match="could not be adopted"):
        segments(law, "fannie_mae", {"ex.2": day})


def test_marks() -> None:
    law = load_option(HERE / "good.yaml", DOCUMENTS)
    assert [marks(item) for item in segments(law, "fannie_mae")] == ["verified", "secondary", "unverified"]
    assert weakest([]) == "verified"
    assert weakest(["verified", "secondary"]) == "secondary"
