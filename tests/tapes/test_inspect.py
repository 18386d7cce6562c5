from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from hopenow.errors import InputError
from hopenow.facts import schema
from hopenow.facts.templates import csv_sample
from hopenow.tapes.inspect import inspect
from hopenow.tapes.mapping import parse_mapping
from hopenow.tapes.tabular import read_tabular

DATA = Path(__file__).parents[1] / "data" / "tabular"


def proposals(path: Path) -> dict[str, str | None]:
    return {c.name: None if c.proposal is None else c.proposal.fact for c in inspect(path).columns}


def test_a_servicers_tape() -> None:
    found = inspect(DATA / "servicer.txt")
    assert (found.format, found.delimiter, found.encoding, found.has_header) == ("csv", "|", "utf-8", True)
    assert found.layout is None
    assert proposals(DATA / "servicer.txt") == {
        "LoanNo": "loan_id",
        "AsOf": "evaluation_date",
        "Owner": "investor",
        "Occ": "occupancy",
        "CurrRate": "note_rate",
        "UPB": "interest_bearing_balance",
        "RemTerm": "remaining_term",
        "NextDueDt": "next_due_date",
        "Reason for Default": "hardship_kind",
        "Mod Flag": None,
    }


def test_the_starter_mapping_reads_the_file_it_was_made_from() -> None:
    mapping = parse_mapping(inspect(DATA / "servicer.txt").mapping_text())
    assert mapping.columns["CurrRate"].unit == "fraction"
    assert mapping.columns["Owner"].values == {"FNMA": "fannie_mae", "FHLMC": "freddie_mac"}
    assert mapping.columns["Occ"].values["V"] == ""
    assert mapping.ignore == ("Mod Flag",)
    batches = list(read_tabular(DATA / "servicer.txt", mapping))
    assert sum(batch.kept for batch in batches) == 3
    assert batches[0].facts["note_rate"].to_list() == [47_500, 35_000, 50_000]


def test_guesses_are_marked() -> None:
    text = inspect(DATA / "servicer.txt").mapping_text()
    assert "unit: fraction  # guess" in text
    assert 'V: ""  # not mapped' in text
    assert '"Mod Flag"  # not mapped; e.g. Y, N' in text


def test_what_is_required_and_missing_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("Loan Number,UPB\n1,100.00\n", encoding="utf-8")
    found = inspect(path)
    assert found.missing == ("evaluation_date",)
    with pytest.raises(InputError, match="evaluation_date is missing"):
        parse_mapping(found.mapping_text())
    filled = found.mapping_text().replace("# evaluation_date: 2026-01-31", "evaluation_date: 2026-01-31")
    assert parse_mapping(filled).constants == {"evaluation_date": "2026-01-31"}


def test_every_fact_is_recognized_by_its_own_name(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(csv_sample(), encoding="utf-8")
    assert proposals(path) == {name: name for name in schema()}


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("bom.csv", "utf-8-sig"),
        ("utf16.csv", "utf-16"),
        ("utf16_no_bom.csv", "utf-16-le"),
        ("latin1.csv", "cp1252"),
        ("clean.csv", "utf-8"),
    ],
)
def test_encodings(name: str, encoding: str) -> None:
    found = inspect(DATA / name)
    assert found.encoding == encoding
    assert found.columns[0].name == "loan_id"


@pytest.mark.parametrize("delimiter", [",", "|", "\t", ";"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "t.txt"
    path.write_text(f"loan_id{delimiter}note_rate\nA{delimiter}4.75\nB{delimiter}4\n", encoding="utf-8")
    assert inspect(path).delimiter == delimiter


def test_a_file_without_a_header() -> None:
    found = inspect(DATA / "headless.txt")
    assert not found.has_header
    assert [column.name for column in found.columns] == ["column_1", "column_2", "column_3"]
    assert [column.kind for column in found.columns] == ["text", "number", "number"]
    assert "column_names: [column_1, column_2, column_3]" in found.mapping_text()


def test_columns_are_described(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = "".join(f"{n},NULL,{n}.5,2026-01-{n:02d},Y,name{n % 2}\n" for n in range(1, 9))
    path.write_text("whole,empty,number,day,flag,text\n" + rows, encoding="utf-8")
    columns = {column.name: column for column in inspect(path).columns}
    assert {name: column.kind for name, column in columns.items()} == {
        "whole": "whole",
        "empty": "blank",
        "number": "number",
        "day": "date",
        "flag": "flag",
        "text": "text",
    }
    assert columns["empty"].blank == 1
    assert columns["text"].distinct == 2
    assert columns["whole"].samples == ("1", "2", "3")


def test_parquet_and_gzip(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"LOAN_ID": [1], "Interest Rate": [4.75], "NDD": ["06/2026"]}).write_parquet(path)
    found = inspect(path)
    assert (found.format, found.rows, found.encoding) == ("parquet", 1, None)
    assert proposals(path) == {"LOAN_ID": "loan_id", "Interest Rate": "note_rate", "NDD": "next_due_date"}
    due = found.columns[2].proposal
    assert due is not None
    assert due.date_format == "%m/%Y"
    zipped = tmp_path / "t.csv.gz"
    zipped.write_bytes(gzip.compress(b"loan_id,note_rate\nA,4.75\n"))
    assert inspect(zipped).compressed


def test_an_existing_mapping_is_not_overwritten(tmp_path: Path) -> None:
    found = inspect(DATA / "servicer.txt")
    path = found.write_mapping(tmp_path / "m.yaml")
    assert parse_mapping(path.read_text(encoding="utf-8"))
    with pytest.raises(InputError, match="exists already"):
        found.write_mapping(path)


def test_published_layouts_are_recognized(shared: Path) -> None:
    found = inspect(shared / "data" / "tapes" / "fannie_mae_2017Q1_108col.csv.gz")
    assert not found.has_header
    assert found.layout is not None
    assert "108" in found.layout.id
    assert "needs no mapping" in found.mapping_text()


@pytest.mark.parametrize("name", ["empty.csv", "no_such_file"])
def test_nothing_to_inspect(name: str) -> None:
    with pytest.raises(InputError):
        inspect(DATA / name)
