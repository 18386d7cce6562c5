"""The dated cases of the servicing rules, run from their file."""

from __future__ import annotations

import copy
import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from hopenow import conformance
from hopenow.cli.app import run as main
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


def test_every_published_case_passes_or_states_no_figure(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = conformance.run([published])
    assert {result.id for result in results} == set(regulation_x.STORIES) | set(regulation_x.WITHOUT_FIGURES)
    assert not set(regulation_x.STORIES) & set(regulation_x.WITHOUT_FIGURES)
    for result in results:
        assert result.status == ("passed" if result.id in regulation_x.STORIES else "no figures"), result
    assert main(["conform", str(published)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "56 passed, 0 failed, 1 without figures"


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


WORKED: list[dict[str, Any]] = [
    {
        "id": "RX-APPE-AGG",
        "given": [
            {"event": "settlement", "date": "--05-15"},
            {"event": "first monthly payment", "date": "--07-01"},
            {"event": "school tax $120 disbursed", "date": "--09-20"},
            {"event": "county tax $240 disbursed", "date": "--12-10"},
        ],
        # 360 a year: 30 a month. Before December's bill 6 deposits less 120 and 240 leave -180; the cushion is 60.
        "expected": [
            {"what": "monthly deposit", "value": 30},
            {"what": "lowest (December)", "value": -180},
            {"what": "start (June)", "value": 180},
            {"what": "start (June) with cushion", "value": 240},
            {"what": "December with cushion", "value": 60},
        ],
    },
    {
        "id": "RZ-43C5I-5I",
        "given": [{"event": "$120,000, 10 years, fixed 0%", "date": None}],
        "expected": [{"what": "monthly payment", "value": 1000}],
    },
    {
        "id": "RZ-43C5IIB-2I",
        "given": [{"event": "$120,000, 15 years, 0% fixed, interest-only 5 years", "date": None}],
        "expected": [{"what": "interest only", "value": 0}, {"what": "after", "value": 1000}],
    },
    {
        "id": "RZ-43C5IIA-4III",
        "given": [{"event": "consummation", "date": "2014-03-15"}, {"event": "first due", "date": "2014-06-01"}],
        # 1,000 a month; before the 13th payment 108,000 are left.
        "expected": [
            {"what": "end of five years", "date": "2019-06-01"},
            {"what": "due date of the 13th payment", "date": "2015-06-01"},
            {"what": "payment, $120,000 at 0%, 10-year", "value": 1000},
            {"what": "balloon", "value": 108_000},
        ],
    },
    {
        "id": "RZ-43E2IV-7III",
        "given": [{"event": "first due", "date": "2014-05-01"}],
        # Half of 10 years at no interest leaves 60,000 over 60 months.
        "expected": [
            {"what": "due date of the 60th payment", "date": "2019-04-01"},
            {"what": "left after 5 years, $120,000 at 0%, 10 years", "value": 60_000},
            {"what": "payment at 0%", "value": 1000},
            {"what": "payment on $240,000 over 10 years at 0%", "value": 2000},
        ],
    },
    {
        "id": "RZ-43E3I-3I",
        "given": [{"event": "loan amount $200,000; total loan amount $150,000", "date": None}],
        "expected": [{"what": "allowed", "value": 4500}],
    },
    {
        "id": "RZ-43E3I-3V",
        "given": [{"event": "loan amount $60,000; total loan amount $1,000", "date": None}],
        "expected": [{"what": "allowed", "value": 3000}],
    },
    {
        "id": "HX-39A-PROPOSAL",
        "given": [{"event": "due", "date": "--03-01"}],
        "expected": [{"what": "45 days after", "date": "--04-15"}],
    },
    {
        "id": "PR-41B2II-114",
        "given": [{"event": "submitted on day 100 of delinquency", "date": None}],
        "expected": [{"what": "informed by", "value": 105}, {"what": "milestone", "value": 120}],
    },
    {
        "id": "RZ-41E4III-2I",
        "given": [
            {"event": "small", "date": "Y-01-01"},
            {"event": "more than 5,000", "date": "Y-11-15"},
            {"event": "still", "date": "(Y+1)-01-01"},
        ],
        "expected": [
            {"what": "no longer small from", "date": "(Y+1)-01-01"},
            {"what": "complies from", "date": "(Y+1)-05-15"},
        ],
    },
    {
        "id": "RZ-41E5IVB-3",
        "given": [{"event": "filed", "date": "--03-20"}, {"event": "exits", "date": "--09-05"}],
        "expected": [{"what": "begins", "date": "--03-20"}, {"what": "begins again", "date": "--09-05"}],
    },
]
"""Other figures than the published ones, worked by hand: the words and days of a case decide, not its id."""


def test_the_words_of_a_case_decide(tmp_path: Path) -> None:
    results = conformance.run([write(tmp_path, {"cases": WORKED})])
    assert [(result.id, result.status) for result in results] == [(case["id"], "passed") for case in WORKED], results


def test_one_wrong_figure_goes_red_alone(tmp_path: Path) -> None:
    planted = []
    for case in WORKED:
        for number, item in enumerate(case["expected"]):
            other = copy.deepcopy(case)
            if "date" in item:
                day = regulation_x.Dated(case, 2026).day(item["date"]) + datetime.timedelta(days=1)
                other["expected"][number]["date"] = day.isoformat()
                other["use_year"] = [2026]
            else:
                other["expected"][number]["value"] += 1
            planted.append((other, item["what"]))
    results = conformance.run([write(tmp_path, {"cases": [case for case, _ in planted]})])
    for result, (_, what) in zip(results, planted, strict=True):
        assert result.status == "failed"
        assert {item.figure.partition(" (in 2")[0] for item in result.differences} == {what}


def test_words_without_the_figure_that_is_needed_are_an_error(tmp_path: Path) -> None:
    content = copy.deepcopy(WORKED[1])
    content["given"][0]["event"] = "a loan of 30 years"
    (result,) = conformance.run([write(tmp_path, {"cases": [content]})])
    assert result.status == "error"
    assert "do not state the figure" in result.errors[0]


def test_a_case_without_figures_is_counted_on_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words: dict[str, Any] = {
        "id": "RX-41C2II-1",
        "given": [{"event": "compare", "date": None}],
        "expected": [{"what": "time", "outcome": "more significant"}],
    }
    path = write(tmp_path, {"cases": [words, *CASES["cases"]]})
    result = conformance.run([path])[0]
    assert (result.status, result.ok, result.compared) == ("no figures", True, 0)
    assert main(["conform", str(path)]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == "2 passed, 0 failed, 1 without figures"
    assert "a comparison in words" in said
    # A figure that turns up in it is never passed over.
    words["expected"].append({"what": "days", "value": 15})
    path = write(tmp_path, {"cases": [words]})
    assert main(["conform", str(path)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed (1 of them could not be run)"


@pytest.mark.parametrize("text", ["{", "[]", '{"cases": []}', '{"cases": [{"id": "A", "inputs": {}}]}'])
def test_other_files_are_left_to_others(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")
    assert not regulation_x.holds(path)
    assert not regulation_x.holds(tmp_path / "none.json")
