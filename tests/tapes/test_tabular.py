from __future__ import annotations

import datetime
import gzip
import random
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hopenow.errors import InputError
from hopenow.facts.findings import FindingCounts
from hopenow.facts.ingest import to_canonical
from hopenow.tapes import lines
from hopenow.tapes.batch import Batch
from hopenow.tapes.mapping import parse_mapping
from hopenow.tapes.tabular import FILE_RULES, read_tabular

DATA = Path(__file__).parents[1] / "data" / "tabular"
HEADER = "loan_id,evaluation_date,servicer,note_rate\n"
DAY = "2026-09-30"


def read_all(path: Path, **options: Any) -> list[Batch]:
    batches = list(read_tabular(path, **options))
    for batch in batches:
        errors = batch.findings.filter(pl.col("severity") == "error")["row"].n_unique()
        assert batch.read == batch.facts.height + batch.skipped
        assert errors == batch.skipped, "each skipped row has a reason"
    return batches


def facts(batches: list[Batch]) -> pl.DataFrame:
    return pl.concat([batch.facts for batch in batches])


def broken(batches: list[Batch]) -> list[tuple[int, str]]:
    return [pair for batch in batches for pair in batch.findings.select("row", "rule").rows()]


# file: rows reviewed, rows skipped, findings (row, rule)
EXPECTED: dict[str, tuple[list[int], int, list[tuple[int | None, str]]]] = {
    "clean.csv": ([2, 3, 4], 0, []),
    "no_final_newline.csv": ([2, 3], 0, []),
    "truncated_last_line.csv": ([2, 3], 1, [(4, "SHAPE-TRUNCATED")]),
    "field_count.csv": ([2, 4, 6], 2, [(3, "SHAPE-FIELD-COUNT"), (5, "SHAPE-FIELD-COUNT")]),
    "quoted.csv": ([2, 3, 4], 0, []),
    "quoted_line_end.csv": ([2, 4], 0, []),
    "open_quote.csv": ([2, 4, 5, 6, 7], 1, [(3, "SHAPE-OPEN-QUOTE")]),
    "stray_quotes.csv": ([2, 3], 0, []),
    "blank_lines.csv": (
        [2, 4],
        0,
        [(3, "SHAPE-BLANK-LINE"), (5, "SHAPE-BLANK-LINE"), (6, "SHAPE-BLANK-LINE")],
    ),
    "crlf.csv": ([2, 3], 0, []),
    "cr_only.csv": ([2, 3], 0, []),
    "bom.csv": ([2], 0, []),
    "latin1.csv": ([2, 3], 0, []),
    "utf16.csv": ([2, 3], 0, []),
    "utf16_no_bom.csv": ([2, 3], 0, []),
    "trailing_delimiter.csv": ([2, 3], 0, [(2, "SHAPE-TRAILING-DELIMITER")]),
    "null_words.csv": ([2], 0, []),
    "floats_in_whole_numbers.csv": ([2, 3], 0, [(3, "SHAPE-WHOLE-NUMBER")]),
    "money.csv": (
        [2, 3, 4, 5, 6, 7],
        0,
        [(3, "SHAPE-MONEY"), (4, "SHAPE-MONEY"), (5, "SHAPE-MONEY"), (6, "LOGIC-RANGE"), (7, "SHAPE-MONEY")],
    ),
    "rates.csv": (
        [2, 3, 4, 5, 6],
        0,
        [
            (3, "LOGIC-RATE-LOOKS-LIKE-FRACTION"),
            (4, "SHAPE-RATE"),
            (5, "LOGIC-RANGE"),
            (6, "SHAPE-RATE"),
        ],
    ),
    "dates.csv": (
        [2, 3, 4, 5, 6, 7],
        0,
        [(4, "SHAPE-DATE"), (5, "SHAPE-DATE"), (6, "SHAPE-DATE-FILLER")],
    ),
    "choices.csv": ([2, 3, 4, 5, 6], 0, [(4, "SHAPE-CHOICE"), (5, "SHAPE-FLAG")]),
    "required.csv": (
        [6],
        4,
        [(2, "SHAPE-REQUIRED"), (3, "SHAPE-REQUIRED"), (4, "SHAPE-DATE"), (5, "SHAPE-SCIENTIFIC-ID")],
    ),
    "duplicates.csv": ([2, 3, 5], 1, [(4, "LOGIC-DUPLICATE-LOAN")]),
    "header_only.csv": ([], 0, []),
    "whole.csv.gz": (list(range(2, 401)), 0, []),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_class_of_failure(name: str) -> None:
    rows, skipped, findings = EXPECTED[name]
    batches = read_all(DATA / name)
    assert facts(batches)["row"].to_list() == rows
    assert sum(batch.skipped for batch in batches) == skipped
    assert broken(batches) == findings
    assert sum(batch.counts["count"].sum() for batch in batches) == len(findings)


REFUSED = {
    "empty.csv": "is empty",
    "unknown_columns.csv": "did you mean 'interest_bearing_balance'",
    "repeated_column.csv": "'note_rate' is there twice",
    "unnamed_column.csv": "column 3 has no name",
    "headless.txt": "'188421.14' is not a fact",
    "servicer.txt": "'LoanNo' is not a fact: did you mean 'loan_id'",
    "no_such_file.csv": "no such file",
}


@pytest.mark.parametrize("name", REFUSED)
def test_files_that_cannot_be_read_at_all(name: str) -> None:
    with pytest.raises(InputError, match=REFUSED[name]):
        read_all(DATA / name)


def test_every_data_file_is_used() -> None:
    assert {path.name for path in DATA.iterdir()} == (
        EXPECTED.keys() | REFUSED.keys() | {"cut_off.csv.gz"}
    ) - {"no_such_file.csv"}


def test_a_compressed_file_that_breaks_off_gives_what_it_has() -> None:
    batches = read_all(DATA / "cut_off.csv.gz")
    read = facts(batches)["row"].to_list()
    assert read == list(range(2, len(read) + 2))
    assert 100 < len(read) < 399
    assert broken(batches)[:2] == [(None, "SHAPE-TRUNCATED-FILE"), (len(read) + 2, "SHAPE-TRUNCATED")]


@pytest.mark.parametrize("name", ["latin1.csv", "utf16.csv", "utf16_no_bom.csv"])
def test_letters_survive_every_encoding(name: str) -> None:
    assert facts(read_all(DATA / name))["servicer"][0] == "Crédit Foncier"


def test_quoted_fields() -> None:
    assert facts(read_all(DATA / "quoted.csv"))["servicer"].to_list()[:2] == [
        "Harbor, Inc.",
        'Harbor "H" Servicing',
    ]
    assert facts(read_all(DATA / "quoted_line_end.csv"))["servicer"][0] == "Harbor\nServicing"
    assert facts(read_all(DATA / "stray_quotes.csv"))["servicer"][0] == 'Harbor "H" Servicing'


def test_a_line_in_another_encoding_far_into_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    plain = "".join(f"L{n},{DAY},Harbor,4.75\n" for n in range(60_000))
    path.write_bytes(HEADER.encode() + plain.encode() + f"X,{DAY},Crédit,4.75\n".encode("latin-1"))
    batches = read_all(path)
    assert facts(batches)["servicer"][-1] == "Crédit"
    assert broken(batches) == [(60_002, "SHAPE-ENCODING")]


@pytest.mark.parametrize("batch_rows", [1, 7, 64, 1_000])
@pytest.mark.parametrize("compressed", [False, True])
def test_pieces_of_any_size_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_rows: int, compressed: bool
) -> None:
    """Tiny chunks put a boundary into lines, quoted line ends and open quotes alike."""
    chance = random.Random(4)
    kinds = [
        "L{n},2026-09-30,Harbor,4.75",
        'L{n},2026-09-30,"Harbor, Inc.",4.75',
        'L{n},2026-09-30,"Harbor\n\nServicing",4.75',
        'L{n},2026-09-30,"Harbor,4.75',
        "L{n},2026-09-30",
        'L{n},2026-09-30,Har"bor,x',
        "L1,2026-09-30,Crédit,4.75",
        "",
    ]
    text = HEADER + "\n".join(chance.choice(kinds).format(n=n) for n in range(300))
    path = tmp_path / ("t.csv.gz" if compressed else "t.csv")
    path.write_bytes(gzip.compress(text.encode()) if compressed else text.encode())
    whole = read_all(path)
    monkeypatch.setattr(lines, "FIRST_CHUNK", 97)
    monkeypatch.setattr(lines, "LARGEST_CHUNK", 200)
    pieces = read_all(path, batch_rows=batch_rows)
    assert max(batch.kept for batch in pieces) <= batch_rows
    assert facts(pieces).equals(facts(whole))
    assert sorted(broken(pieces)) == sorted(broken(whole))
    assert sum(batch.read for batch in pieces) == sum(batch.read for batch in whole)
    assert {rule for _, rule in broken(whole)} >= {
        "SHAPE-FIELD-COUNT",
        "SHAPE-OPEN-QUOTE",
        "SHAPE-BLANK-LINE",
    }


def test_findings_are_capped_over_the_whole_file_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(HEADER + "".join(f"L{n},{DAY},H,x\n" for n in range(100)), encoding="utf-8")
    counter = FindingCounts(cap=5)
    batches = list(read_tabular(path, batch_rows=10, counter=counter))
    assert sum(batch.findings.height for batch in batches) == 5
    assert sum(batch.counts["count"].sum() for batch in batches) == 100 == counter.total


def test_duplicates_are_found_across_pieces(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(HEADER + "".join(f"L{n % 40},{DAY},H,4\n" for n in range(100)), encoding="utf-8")
    batches = read_all(path, batch_rows=9)
    assert facts(batches).height == 40
    assert sum(batch.skipped for batch in batches) == 60


def test_every_skipped_row_has_its_reason_however_few_findings_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [f"L{n % 40},{'' if n % 5 == 0 else DAY},H,4\n" for n in range(100)]
    path.write_text(HEADER + "".join(rows) + "broken,line\n" * 7, encoding="utf-8")
    batches = list(read_tabular(path, batch_rows=9, counter=FindingCounts(cap=2)))
    reasons: Counter[str] = Counter()
    for batch in batches:
        assert batch.reasons is not None
        reasons.update(batch.reasons)
    assert reasons == {"SHAPE-REQUIRED": 20, "LOGIC-DUPLICATE-LOAN": 48, "SHAPE-FIELD-COUNT": 7}
    assert sum(reasons.values()) == sum(batch.skipped for batch in batches)


# --- with a mapping -------------------------------------------------------------------------------

MAPPING = """
version: 1
file: {delimiter: pipe, null_values: ["-9"]}
constants: {loan_type: conventional}
columns:
  LoanNo: loan_id
  AsOf: evaluation_date
  Owner: {fact: investor, values: {FNMA: fannie_mae, FHLMC: freddie_mac}}
  Occ: {fact: occupancy, values: {O: principal_residence, N: investment}}
  CurrRate: {fact: note_rate, unit: fraction}
  UPB: interest_bearing_balance
  RemTerm: remaining_term
  NextDueDt: {fact: next_due_date, format: "%m%Y"}
ignore: [Reason for Default]
"""


def test_a_mapped_tape() -> None:
    batches = read_all(DATA / "servicer.txt", mapping=parse_mapping(MAPPING))
    rows = facts(batches).to_dicts()
    day = datetime.date(2026, 9, 30)
    assert rows[0] == {
        "row": 2,
        "loan_id": "00012",
        "evaluation_date": day,
        "investor": "fannie_mae",
        "loan_type": "conventional",
        "note_rate": 47_500,
        "interest_bearing_balance": 18_842_114,
        "remaining_term": 265,
        "next_due_date": datetime.date(2026, 6, 1),
        "occupancy": "principal_residence",
    }
    assert rows[1]["remaining_term"] == 120
    assert (rows[2]["interest_bearing_balance"], rows[2]["next_due_date"], rows[2]["occupancy"]) == (
        None,
    ) * 3
    assert broken(batches) == [(None, "SHAPE-COLUMN-NOT-MAPPED"), (4, "SHAPE-CHOICE")]


def test_a_mapped_column_that_is_not_there() -> None:
    mapping = parse_mapping(MAPPING.replace("CurrRate:", "CurRate:").replace("UPB:", "Zzz:"))
    with pytest.raises(InputError) as caught:
        read_all(DATA / "servicer.txt", mapping=mapping)
    assert "did you mean 'CurrRate'" in str(caught.value)
    assert len(caught.value.findings) == 2


def test_a_file_without_a_header() -> None:
    mapping = parse_mapping(
        "file: {delimiter: ';', has_header: false, column_names: [a, b, c]}\n"
        "constants: {evaluation_date: 2026-09-30}\n"
        "columns: {a: loan_id, b: interest_bearing_balance, c: note_rate}\n"
    )
    batches = read_all(DATA / "headless.txt", mapping=mapping)
    assert facts(batches).select("row", "loan_id", "note_rate").rows() == [
        (1, "L1", 47_500),
        (2, "L2", 35_000),
    ]


def test_the_mapping_says_csv_but_it_is_parquet(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    pl.DataFrame({"LoanNo": ["1"]}).write_parquet(path)
    mapping = parse_mapping(
        "file: {format: csv}\nconstants: {evaluation_date: 2026-09-30}\ncolumns: {LoanNo: loan_id}"
    )
    with pytest.raises(InputError, match="is not a csv file"):
        read_all(path, mapping=mapping)


# --- Parquet --------------------------------------------------------------------------------------


def test_parquet_in_outside_conventions(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    frame = pl.DataFrame(
        {
            "loan_id": [1, 2, 3],
            "evaluation_date": [datetime.date(2026, 9, 30)] * 3,
            "note_rate": [4.75, 3.5, None],
            "interest_bearing_balance": [188421.14, 1234.565, 99.0],
            "remaining_term": [265.0, 120.0, 3.5],
            "vacant": [True, False, None],
        }
    )
    frame.write_parquet(path)
    batches = read_all(path, batch_rows=2)
    assert [batch.read for batch in batches] == [2, 1]
    assert facts(batches)["interest_bearing_balance"].to_list() == [18_842_114, None, 9_900]
    assert facts(batches)["loan_id"].to_list() == ["1", "2", "3"]
    assert broken(batches) == [(2, "SHAPE-MONEY"), (3, "SHAPE-WHOLE-NUMBER")]


def test_canonical_parquet_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    columns = {
        "loan_id": ["A", "B", "B"],
        "evaluation_date": [DAY] * 3,
        "investor": ["fannie_mae"] * 3,
        "note_rate": ["4.75", "4", "4"],
    }
    canonical = to_canonical({name: values[:2] for name, values in columns.items()}).facts.drop("row")
    canonical.write_parquet(path)
    assert facts(read_all(path)).drop("row").equals(canonical)
    pl.concat([canonical, canonical.tail(1)]).write_parquet(path)
    assert broken(read_all(path, batch_rows=2)) == [(3, "LOGIC-DUPLICATE-LOAN")]


def test_parquet_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame(schema={"loan_id": pl.String, "evaluation_date": pl.Date}).write_parquet(path)
    assert [batch.read for batch in read_all(path)] == [0]


def test_damaged_parquet(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"loan_id": ["1"] * 1000}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="not a whole Parquet file"):
        read_all(path)


def test_zip_archives_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    path.write_bytes(b"PK\x03\x04rest")
    with pytest.raises(InputError, match="unpack it first"):
        read_all(path)


def test_rules_have_their_own_ids() -> None:
    assert len({rule.id for rule in FILE_RULES}) == len(FILE_RULES)


def test_columns_that_are_not_facts_are_left_aside_on_request(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"loan_id,evaluation_date,zzz\nA,{DAY},1\n", encoding="utf-8")
    assert facts(read_all(path, extra="ignore")).columns == ["row", "loan_id", "evaluation_date"]


def test_strict_reviews_only_flawless_rows() -> None:
    batches = read_all(DATA / "money.csv", strict=True)
    assert facts(batches)["row"].to_list() == [2]
    assert sum(batch.skipped for batch in batches) == 5
