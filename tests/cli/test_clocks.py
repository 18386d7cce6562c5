"""``hopenow clocks``: cases in, duties and protections out, in every shape."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hopenow.clocks.calendar_file import read_back
from tests.cli.test_commands import hopenow

CASE: dict[str, Any] = {
    "case": "A-17",
    "loan": {"servicer": "First Servicing", "first_due": "2026-01-01"},
    "events": [
        {"kind": "first_filing_made", "day": "2026-05-08"},
        {"kind": "sale_scheduled", "day": "2026-05-20", "sale_date": "2026-09-15"},
        {"kind": "application_received", "day": "2026-06-08", "id": "app"},
    ],
}
OTHER = {"case": "B-2", "loan": {"first_due": "2026-05-01"}, "events": []}
DAY = ("--as-of", "2026-06-10")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cases.json"
    path.write_text(json.dumps([CASE, OTHER]), encoding="utf-8")
    return path


def test_text_of_every_case(file: Path) -> None:
    ran = hopenow("clocks", file, *DAY)
    assert ran.code == 0
    assert "Case A-17, as of Wednesday, June 10, 2026" in ran.out
    assert "Case B-2" in ran.out
    assert hopenow("clocks", "show", file, *DAY).out == ran.out


def test_one_case_for_the_homeowner(file: Path) -> None:
    ran = hopenow("clocks", file, *DAY, "--case", "A-17", "--for", "homeowner")
    assert "Case B-2" not in ran.out
    assert "What the homeowner may do" in ran.out


def test_unknown_case(file: Path) -> None:
    ran = hopenow("clocks", file, *DAY, "--case", "Z")
    assert ran.code == 1
    assert "has no case Z" in ran.err


def test_json(file: Path) -> None:
    made = json.loads(hopenow("clocks", file, *DAY, "--format", "json").out)
    assert [case["case"] for case in made["cases"]] == ["A-17", "B-2"]


@pytest.mark.parametrize(
    ("name", "start"), [("a.html", "<!doctype html>"), ("a.ics", "BEGIN:VCALENDAR"), ("a.txt", "Case")]
)
def test_the_name_of_the_file_decides(file: Path, tmp_path: Path, name: str, start: str) -> None:
    out = tmp_path / name
    ran = hopenow("clocks", file, *DAY, "--case", "A-17", "--out", out)
    assert ran.code == 0
    assert out.read_text(encoding="utf-8").lstrip().startswith(start)
    assert not list(tmp_path.glob("*.partial"))


def test_calendar_of_all_cases(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.ics"
    hopenow("clocks", file, *DAY, "--out", out)
    titles = [title for _, title, _ in read_back(out.read_bytes()).values()]
    assert any("[A-17]" in title for title in titles)
    assert any("[B-2]" in title for title in titles)


def test_what_if(file: Path) -> None:
    ran = hopenow("clocks", file, *DAY, "--case", "A-17", "--assume", "application_complete@friday")
    assert ran.code == 0
    assert "Friday, June 12, 2026" in ran.out
    assert "WON: No one may ask for a foreclosure judgment" in ran.out
    same = hopenow("clocks", file, *DAY, "--case", "A-17", "--assume", "application_complete@+2")
    assert same.out == ran.out
    found = json.loads(
        hopenow("clocks", file, *DAY, "--case", "A-17", "--assume", "note_made@+0 text='a b'", "--format", "json").out
    )
    assert found["changes"] == {"protections": [], "duties": [], "rights": []}


def test_policies_are_set(file: Path) -> None:
    ran = hopenow("clocks", file, *DAY, "--policy", "promptly_days=3", "--policy", "silence_is_rejection=no")
    assert ran.code == 0
    assert "promptly_days = 3" in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--policy", "nothing=1"), 3, "there is no policy 'nothing'"),
        (("--policy", "promptly_days=soon"), 3, "promptly_days is like 5"),
        (("--policy", "promptly_days"), 2, "is not NAME=VALUE"),
        (("--as-of", "soon"), 2, "is not a date"),
        (("--format", "html"), 2, "choose one with --case ID"),
        (("--assume", "note_made@2026-06-01"), 2, "choose one with --case ID"),
        (("--case", "A-17", "--assume", "note_made"), 2, "KIND@DAY"),
        (("--case", "A-17", "--assume", "no_such_kind@2026-06-11"), 3, "there is no kind of event"),
        (("--case", "A-17", "--assume", "note_made@soon"), 3, "'soon'"),
        (("--case", "A-17", "--assume", "note_made@+1 text='"), 2, "quotation mark"),
        (("--format", "csv"), 2, "goes with --due"),
        (("--due", "all", "--format", "ics"), 2, "goes without --due"),
        (("--due", "all", "--for", "homeowner"), 2, "use --party"),
        (("--party", "servicer"), 2, "goes with --due"),
        (("--due", "all", "--format", "parquet"), 2, "needs --out"),
    ],
)
def test_what_cannot_be_done_is_said(file: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    ran = hopenow("clocks", file, *(() if "--as-of" in arguments else DAY), *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err


def test_every_finding_of_a_bad_file(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    bad = {
        "case": "X",
        "loan": {"colour": "blue"},
        "events": [
            {"kind": "appeal_received", "day": "2026-02-01"},
            {"kind": "nonsense", "day": "2026-02-02"},
            {"kind": "note_made", "day": "soon"},
        ],
    }
    path.write_text(json.dumps([bad]), encoding="utf-8")
    ran = hopenow("clocks", path, *DAY)
    assert ran.code == 3
    for words in ("colour", "nonsense", "'soon'"):
        assert words in ran.err


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.json", "{"), ("x.yaml", "a: [1"), ("x.yaml", "a: 1\na: 2"), ("x.txt", "x"), ("x.json", "[]"), ("x.csv", "")],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    ran = hopenow("clocks", path)
    assert ran.code == 3
    assert ran.err.startswith("hopenow: ")


def test_a_missing_file(tmp_path: Path) -> None:
    assert hopenow("clocks", tmp_path / "none.json").code == 3


@pytest.mark.parametrize("due", ["today", "week", "overdue", "all"])
def test_duties_of_a_portfolio(file: Path, tmp_path: Path, due: str) -> None:
    out = tmp_path / "due.csv"
    assert hopenow("clocks", file, *DAY, "--due", due, "--out", out).code == 0
    with out.open(encoding="utf-8") as read:
        rows = list(csv.DictReader(read))
    table = tmp_path / "due.parquet"
    assert hopenow("clocks", file, *DAY, "--due", due, "--out", table).code == 0
    assert pl.read_parquet(table).height == len(rows)
    found = json.loads(hopenow("clocks", file, *DAY, "--due", due, "--format", "json").out)
    assert len(found["duties"]) == len(rows)
    assert f"{len(rows)} duties" in hopenow("clocks", file, *DAY, "--due", due).out


def test_portfolio_for_a_party_and_as_a_page(file: Path) -> None:
    ran = hopenow("clocks", file, *DAY, "--due", "all", "--party", "servicer", "--limit", "1")
    assert "the most urgent 1 of" in ran.out
    assert "for the servicer" in ran.out
    assert hopenow("clocks", file, *DAY, "--due", "all", "--format", "html").out.lstrip().startswith("<!doctype html>")
    assert hopenow("clocks", file, *DAY, "--due", "all", "--format", "csv").out.startswith("case,rule,")


def test_lists(tmp_path: Path) -> None:
    assert "sale_date (date, required)" in hopenow("clocks", "events", "sale_scheduled").out
    assert "12 CFR 1024.39(a)" in hopenow("clocks", "rules", "EI-1").out
    assert "observed_holidays = statutory" in hopenow("clocks", "policies").out
    for name in ("events", "rules", "policies"):
        assert json.loads(hopenow("clocks", name, "--format", "json").out)
    assert hopenow("clocks", "events", "nonsense").code == 1
    assert hopenow("clocks", "rules", "ZZ-9").code == 1
    assert json.loads(hopenow("clocks", "schema").out)["properties"]
    path = tmp_path / "case.yaml"
    assert hopenow("clocks", "template", "--out", path).code == 0
    assert hopenow("clocks", path, "--as-of", "2026-03-05").code == 0
