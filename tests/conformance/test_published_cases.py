"""The cases that others published, and the project's own, through the real engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hopenow.conformance import CaseResult, own_cases, render, run
from hopenow.conformance.explained import own_list, read_explained
from hopenow.conformance.files import Case, read_file
from hopenow.conformance.runner import run_case


@pytest.fixture(scope="module")
def published(shared: Path) -> list[CaseResult]:
    path = shared / "cases" / "conventional_loans.json"
    if not path.is_file():
        pytest.skip(f"no worked cases at {path}")
    return run([path])


def test_every_published_case_passes_without_an_explanation(published: list[CaseResult]) -> None:
    assert [result.id for result in published if result.status != "passed"] == [], render(published)
    assert len(published) >= 25
    assert all(result.compared > 0 for result in published)


def test_every_listed_output_is_compared(published: list[CaseResult], shared: Path) -> None:
    document = json.loads((shared / "cases" / "conventional_loans.json").read_text(encoding="utf-8"))
    listed = {
        case["id"]: sum(len(value) if isinstance(value, dict) else 1 for value in case["outputs"].values())
        * len(case["investor"].split("/"))
        for case in document["cases"]
    }
    assert {result.id: result.compared for result in published} == listed


def test_running_without_files_runs_the_own_cases_and_they_pass() -> None:
    results = run()
    assert [result.id for result in results if result.status != "passed"] == [], render(results)
    assert {result.file for result in results} == {path.name for path in own_cases()}
    assert len(results) >= 250


def test_no_explanation_is_stale() -> None:
    path = own_list()
    assert path is not None
    ids = {case.id for file in own_cases() for case in read_file(file)}
    assert [item.id for item in read_explained(path) if item.id.startswith("HN-") and item.id not in ids] == []


def _changed(value: object) -> object:
    """A value of the same kind that is off by the least amount a case can print."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list):
        return [*value[:-1], _changed(value[-1])] if value else ["X"]
    if isinstance(value, dict):
        return {**value, next(iter(value)): _changed(next(iter(value.values())))}
    text = str(value)
    if text[:4].isdigit() and text[4:5] == "-":
        return text[:-2] + ("02" if text[-2:] == "01" else "01")
    if text and text[-1].isdigit():
        return text[:-1] + str((int(text[-1]) + 1) % 10)
    return text + "?"


CASES = [case for file in own_cases() for case in read_file(file)]


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_every_figure_that_is_off_by_the_least_amount_goes_red(case: Case) -> None:
    planted = {name: _changed(value) for name, value in case.outputs.items() if value is not None}
    result = run_case(Case(**{**vars(case), "outputs": planted}))
    assert result.status == "failed"
    red = {item.figure.rpartition(": ")[2].partition("[")[0].partition(".")[0] for item in result.differences}
    assert red == set(planted)


def test_one_wrong_cent_goes_red_alone() -> None:
    case = next(case for case in CASES if case.id == "HN-FRE-FLEX-RISE")
    result = run_case(Case(**{**vars(case), "outputs": {**case.outputs, "ib_upb": "144224.42"}}))
    assert result.status == "failed"
    (found,) = result.differences
    assert (found.figure, found.expected, found.got) == ("ib_upb", "144224.42", "144224.41")
    assert "ib_upb: expected 144224.42, got 144224.41" in render([result])
