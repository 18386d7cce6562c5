"""``hopenow npv``: one case in words, as JSON and as a page; many loans in a file."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from hopenow.cli.app import run
from hopenow.valuation.hamp_npv import PUBLIC_LABEL, fields
from hopenow.valuation.hamp_npv.files import read_case, template
from tests.valuation.hamp_loans import random_loans, standard_loan


def write(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return write(tmp_path / "case.yaml", standard_loan() | {"corrected": {"gross_income": "4100.00"}})


def test_one_case_in_words(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["npv", str(case), "--tiers"]) == 0
    shown = capsys.readouterr().out
    for words in (
        "Positive",
        "difference",
        PUBLIC_LABEL,
        "Which input changes the result?",
        "Tier 2",
        "Value if the loan cures",
    ):
        assert words in shown


def test_one_case_as_json(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["npv", str(case), "--json", "--correct", "taxes=200.00", "--reading", "monthly_discount=compound"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["run_code"] == "Y"
    assert found["supplement"]["label"] == PUBLIC_LABEL
    assert {tuple(item["inputs"]) for item in found["differences"]["singles"]} == {("gross_income",), ("taxes",)}
    assert next(item for item in found["readings"] if item["name"] == "monthly_discount")["choice"] == "compound"


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.outside += [
            value or "" for name, value in attrs if name in ("src", "href") and not (value or "").startswith("#")
        ]


def test_one_case_as_a_page(case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out" / "page.html"
    assert run(["npv", str(case), "--tiers", "--html", str(target)]) == 0
    text = target.read_text(encoding="utf-8")
    page = _Page()
    page.feed(text)
    assert "script" not in page.tags
    assert not page.outside
    assert page.tags.count("h1") == 1
    for words in ("public substitute", "Positive", "Value with the modification", "What this rests on", "Help is free"):
        assert words in text


def test_a_case_that_cannot_be_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "bad.yaml", standard_loan(zip="1", rate="30") | {"corrected": {"zip": "90210"}})
    assert run(["npv", str(path)]) == 1
    assert "N: 41; 58" in capsys.readouterr().out
    assert run(["npv", str(path), "--html", str(tmp_path / "bad.html")]) == 1
    assert "Why is there no result?" in (tmp_path / "bad.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_many_loans(suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loans = random_loans(30, seed=51)
    frame = pl.DataFrame(
        [{name: None if value is None else str(value) for name, value in loan.items()} for loan in loans]
    )
    source, target = tmp_path / f"loans{suffix}", tmp_path / f"results{suffix}"
    frame.write_csv(source) if suffix == ".csv" else frame.write_parquet(source)
    assert run(["npv", str(source), "--out", str(target)]) == 0
    assert PUBLIC_LABEL in capsys.readouterr().out
    result = pl.read_csv(target) if suffix == ".csv" else pl.read_parquet(target)
    assert result.height == 30
    ok = result.filter("run_ok")
    assert ok.height > 20
    if suffix == ".parquet":
        assert result.schema["difference"] == pl.Decimal(18, 2)
        assert (ok["npv_modified"] - ok["npv_unmodified"] == ok["difference"]).all()


def test_findings_about_many_loans_are_written_beside_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = standard_loan(), standard_loan(servicer_loan_number="2", rate="six", property_value="0")
    frame = pl.DataFrame([{name: str(value) for name, value in loan.items()} for loan in (good, bad)])
    frame.write_csv(tmp_path / "loans.csv")
    assert run(["npv", str(tmp_path / "loans.csv"), "--out", str(tmp_path / "r.csv")]) == 0
    found = pl.read_csv(tmp_path / "r-findings.csv")
    assert set(found["input"]) == {"rate", "property_value"}
    assert set(found["servicer_loan_number"]) == {2}
    assert "1 could not be run" in capsys.readouterr().out


def test_the_template_names_every_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["npv", "--template"]) == 0
    text = capsys.readouterr().out
    assert text == template()
    path = tmp_path / "empty.yaml"
    path.write_text(text)
    assert set(read_case(path).loan) == set(fields())
    assert run(["npv", str(path)]) == 1


def test_readings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["npv", "--readings"]) == 0
    assert "monthly_discount = twelfth | compound" in capsys.readouterr().out
    assert run(["npv", "--readings", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) >= 9


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "name a file"),
        (["loans.txt"], 2, "expected"),
        (["CASE", "--reading", "monthly_discount"], 2, "NAME=VALUE"),
        (["CASE", "--reading", "monthly_discount=daily"], 3, "twelfth, compound"),
        (["CASE", "--correct", "tax=1"], 3, "tax is no input"),
        (["CASE", "--correct", "taxes=1", "--correct", "taxes=2"], 2, "given twice"),
        (["CASE", "--out", "x.csv"], 2, "for many loans"),
        (["loans.csv", "--tiers"], 2, "for one loan"),
        (["CASE", "--supplement", "nowhere"], 3, "is no supplement"),
    ],
)
def test_wrong_use_is_told(
    arguments: list[str], code: int, words: str, case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["npv", *(str(case) if item == "CASE" else item for item in arguments)]) == code
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("list.yaml", "- 1\n", "must hold the inputs"),
        ("twice.json", '{"upb": 1, "upb": 2}', "given twice"),
        ("broken.json", "{", "not JSON"),
        ("deep.yaml", "upb: {a: 1}\ncorrected: 3\n", "must be one value"),
        ("wrong.yaml", "corrected: {a: 1}\nb: 2\n", "corrected.a is no input"),
    ],
)
def test_cases_that_are_none(
    name: str, text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert run(["npv", str(path)]) == 3
    assert words in capsys.readouterr().err
