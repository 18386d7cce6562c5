"""Programs, readings and state practice on the command line: as text, as JSON, and on the loan's page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hopenow.programs.registry import PROGRAMS
from tests.cli.test_commands import LOAN, hopenow


def written(folder: Path, **changes: object) -> Path:
    path = folder / "loan.json"
    path.write_text(json.dumps({**LOAN, **changes}), encoding="utf-8")
    return path


# --- programs and readings ------------------------------------------------------------------------


def test_programs_as_text() -> None:
    ran = hopenow("law", "programs")
    assert ran.code == 0
    for name in PROGRAMS:
        assert f"\n{name}: " in ran.out
    assert "historical" in ran.out
    assert "Every homeowner, whatever the loan." in ran.out
    one = hopenow("law", "programs", "--program", "va").out
    assert "38 CFR 36.4315" in one
    assert "fannie_mae" not in one


def test_programs_as_json() -> None:
    data = json.loads(hopenow("law", "programs", "--format", "json").out)
    assert [item["id"] for item in data["programs"]] == list(PROGRAMS)
    hamp = next(item for item in data["programs"] if item["id"] == "hamp")
    assert (hamp["status"], hamp["from"], hamp["to"]) == ("ended", "2009-04-06", "2016-12-31")
    assert hamp["options"][0]["verified"] == [{"from": "2009-04-06", "to": "2016-12-31"}]


def test_readings_as_text_and_json() -> None:
    ran = hopenow("law", "readings", "--program", "va")
    assert "va.index_rounding" in ran.out
    assert "= nearest (default)" in ran.out
    assert "= up" in ran.out
    data = json.loads(hopenow("law", "readings", "--format", "json").out)
    assert {item["id"] for item in data} >= {"hope_now_2007.equity", "usda.term_rounding"}


def test_all_values_show_other_readings() -> None:
    assert "or read as up" in hopenow("law", "show", "va_maximum_rate", "--all-dates").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["law", "programs", "--program", "nobody"], "unknown program"),
        (["law", "readings", "--program", "nobody"], "unknown program"),
    ],
)
def test_unknown_programs_are_refused(arguments: list[str], words: str) -> None:
    ran = hopenow(*arguments)
    assert ran.code == 3
    assert words in ran.err


# --- one loan -------------------------------------------------------------------------------------


def test_state_practice_is_shown_with_source_and_mark(tmp_path: Path) -> None:
    ran = hopenow("explain", written(tmp_path, state="NJ"))
    assert "How foreclosure usually goes in New Jersey" in ran.out
    assert "has to go to court" in ran.out
    assert "1,530 days" in ran.out
    assert "(unverified)" in ran.out
    assert "How foreclosure" not in hopenow("explain", written(tmp_path)).out


def test_state_practice_comes_once_even_with_several_programs(tmp_path: Path) -> None:
    loan = written(tmp_path, state="CO", investor=None, loan_type=None)
    ran = hopenow("explain", loan)
    assert ran.out.count("How foreclosure usually goes") == 1
    assert ran.out.count("ONE POSSIBILITY") >= 7


def test_state_practice_as_json_and_on_the_page(tmp_path: Path) -> None:
    loan = written(tmp_path, state="CT")
    (found,) = json.loads(hopenow("explain", loan, "--json").out)
    assert found["foreclosure"]["process"] == "judicial"
    assert found["foreclosure"]["lines"][1]["source"]["verification"] == "secondary"
    assert json.loads(hopenow("explain", written(tmp_path), "--json").out)[0]["foreclosure"] is None
    page = tmp_path / "loan.html"
    assert hopenow("explain", written(tmp_path, state="CT"), "--html", page).code == 0
    text = page.read_text(encoding="utf-8")
    assert "How foreclosure usually goes in Connecticut" in text
    assert "A court decides whether" in text
    assert 'class="mark unverified"' in text


def test_a_reading_is_shown_wherever_the_loan_is(tmp_path: Path) -> None:
    loan, page = written(tmp_path), tmp_path / "loan.html"
    reading = ("--reading", "fannie_mae.limit_rounding=half_up")
    assert "READ DIFFERENTLY: How the limits" in hopenow("explain", loan, *reading).out
    (found,) = json.loads(hopenow("explain", loan, *reading, "--json").out)
    assert found["readings"][0]["default"] == "floor"
    hopenow("explain", loan, *reading, "--html", page)
    assert "Some rules are read differently here." in page.read_text(encoding="utf-8")
    refused = hopenow("explain", loan, "--reading", "fannie_mae.limit_rounding=up")
    assert refused.code == 3
    assert "there are floor (default), half_up" in refused.err


def test_a_loan_without_program_gets_what_is_open_to_anyone(tmp_path: Path) -> None:
    loan = written(tmp_path, investor="ginnie_mae", loan_type="conventional", state="WY")
    ran = hopenow("explain", loan)
    assert ran.code == 0
    assert "No program applies" in ran.out
    assert "Housing counseling" in ran.out
    (found,) = json.loads(hopenow("explain", loan, "--json").out)
    assert found["program"] == "housing_counseling"


def test_every_program_for_one_loan(tmp_path: Path) -> None:
    found = json.loads(hopenow("explain", written(tmp_path, state="NJ"), "--program", "all", "--json").out)
    assert [item["program"] for item in found] == ["fannie_mae", "assistance_funds", "housing_counseling"]
    refused = hopenow("explain", written(tmp_path), "--program", "all", "--program", "va")
    assert refused.code == 3
    assert "name no others beside it" in refused.err
