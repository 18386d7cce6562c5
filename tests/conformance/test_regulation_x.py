"""The dated cases of the servicing rules, run from their file."""

from __future__ import annotations

import copy
import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from hopenow import conformance
from hopenow.conformance import regulation_x

CASES: dict[str, Any] = {
    "cases": [
        {
            "id": "RX-39A-1IA",
            "kind": "deadline",
            "given": [{"event": "payment due", "date": "--01-01"}],
            "expected": [{"what": "live contact by", "date": "--02-06"}],
        },
        {
            "id": "RX-41B3-1",
            "kind": "outcome",
            "given": [{"event": "complete, no sale", "date": None}],
            "expected": [{"what": "treated as", "outcome": "more than 90 days before"}],
        },
    ]
}


def write(folder: Path, content: Any) -> Path:
    path = folder / "dated.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def published(shared: Path) -> Path:
    path = shared / "cases" / "regulation_x.json"
    if not path.is_file():
        pytest.skip(f"{path.name} is not in the development data")
    return path


def test_every_published_case_passes_or_says_why_it_is_not_run(published: Path) -> None:
    results = conformance.run([published])
    assert {result.id for result in results} == set(regulation_x.STORIES) | set(regulation_x.NOT_RUN)
    for result in results:
        if result.id in regulation_x.STORIES:
            assert result.status == "passed", result
        else:
            assert result.status == "error"
            assert result.errors[0].startswith("not run: ")


def test_every_figure_of_the_published_cases_is_compared(published: Path, tmp_path: Path) -> None:
    """A case whose expected days or values are changed must fail."""
    content = json.loads(published.read_text(encoding="utf-8"))
    changed = []
    for case in content["cases"]:
        for number, item in enumerate(case["expected"]):
            if case["id"] not in regulation_x.STORIES or "outcome" in item:
                continue
            other = copy.deepcopy(case)
            wrong = other["expected"][number]
            if "date" in wrong:
                day = regulation_x.Dated(case, 2026).day(wrong["date"]) + datetime.timedelta(days=1)
                wrong["date"] = day.isoformat()
            else:
                wrong["value"] = (not wrong["value"]) if isinstance(wrong["value"], bool) else wrong["value"] + 1
            changed.append(other)
    results = conformance.run([write(tmp_path, {"cases": changed})])
    assert len(results) == len(changed)
    assert {result.status for result in results} == {"failed"}


def test_undated_days_are_run_in_several_years(tmp_path: Path) -> None:
    results = conformance.run([write(tmp_path, CASES)])
    assert [result.status for result in results] == ["passed", "passed"]
    assert results[0].notes == ("run in 2019, 2020, 2023, 2024, 2026",)


def test_a_difference_names_item_and_year(tmp_path: Path) -> None:
    content = copy.deepcopy(CASES)
    content["cases"][0]["expected"][0]["date"] = "--02-07"
    (result, _) = conformance.run([write(tmp_path, content)])
    assert result.status == "failed"
    assert result.differences[0].figure == "live contact by (in 2019)"
    assert (result.differences[0].expected, result.differences[0].got) == ("2019-02-07", "2019-02-06")


def test_unknown_and_misshapen_cases_are_errors(tmp_path: Path) -> None:
    content = copy.deepcopy(CASES)
    content["cases"][0]["id"] = "ZZ-1"
    content["cases"][1]["expected"] *= 2
    errors = [result.errors[0] for result in conformance.run([write(tmp_path, content)])]
    assert errors[0].startswith("not run: no story")
    assert errors[1] == "1 items came out, and the case expects 2"


@pytest.mark.parametrize("text", ["{", "[]", '{"cases": []}', '{"cases": [{"id": "A", "inputs": {}}]}'])
def test_other_files_are_left_to_others(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")
    assert not regulation_x.holds(path)
    assert not regulation_x.holds(tmp_path / "none.json")
