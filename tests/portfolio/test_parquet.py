from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hopenow.errors import InputError
from hopenow.portfolio import counting, encoding
from hopenow.portfolio.columns import CHUNK, gathered, result_schema
from hopenow.portfolio.parquet import Codes, Column, Lists, Numbers, ParquetFile, chunk
from hopenow.portfolio.sheet import Sheet
from hopenow.portfolio.thrift import I32, I64, Binary, List, Struct, serialized
from hopenow.programs.registry import program
from hopenow.review import Settings
from hopenow.review.engine import ROW, determine
from hopenow.review.reasons import lacking, worded
from tests.portfolio.tapes import loans

WORD = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    {
        "loan_id": pa.string(),
        "day": pa.date32(),
        "row": pa.int64(),
        "money": pa.decimal64(15, 2),
        "rate": pa.decimal64(9, 4),
        "number": pa.int32(),
        "flag": pa.bool_(),
        "word": WORD,
        "one_word": WORD,
        "no_word": WORD,
        "no_money": pa.decimal64(15, 2),
        "list": pa.list_(WORD),
    }
)
WORDS = tuple(f"wörd {place}" for place in range(37))
FACTS = tuple(f"fact {place}" for place in range(83))


class Piece:
    """Random columns, and what they say."""

    def __init__(self, rows: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        known = (rng.random(rows) < 0.8).astype(np.uint8)
        ids = pl.Series("loan_id", [f"L{row}ü" * (row % 3) for row in range(rows)], dtype=pl.String)
        day, number = rng.integers(-30_000, 400_000, rows), rng.integers(-(2**31), 2**31, rows)
        money, rate = rng.integers(-(10**15) + 1, 10**15, rows), rng.integers(-(10**9) + 1, 10**9, rows)
        flag = rng.integers(0, 2, rows)
        codes = np.where(rng.random(rows) < 0.5, 3, rng.integers(-1, len(WORDS), rows)).astype(np.int32)
        codes[rows // 3 : rows // 2] = 5
        bits = [rng.integers(0, 2**40, (2, rows)).astype(np.uint64) for _ in range(4)]
        masks = bits[0] & bits[1] & bits[2] & bits[3] & np.uint64(2 ** (len(FACTS) - CHUNK) - 1)
        none = np.zeros(rows, np.uint8)
        self.rows = rows
        self.columns: dict[str, Column] = {
            "loan_id": ids,
            "day": Numbers(day),
            "row": Numbers(np.arange(rows) + 2**40),
            "money": Numbers(money, known),
            "rate": Numbers(rate, known),
            "number": Numbers(number),
            "flag": Numbers(flag, known),
            "word": Codes(codes, WORDS),
            "one_word": Codes(np.zeros(rows, np.int32), ("only",)),
            "no_word": Codes(np.full(rows, -1, np.int32), ()),
            "no_money": Numbers(money, none),
            "list": Lists(masks, CHUNK, FACTS),
        }
        some = known.astype(bool).tolist()
        self.says: dict[str, list[Any]] = {
            "loan_id": ids.to_list(),
            "day": pl.Series(day, dtype=pl.Int32).cast(pl.Date).to_list(),
            "row": (np.arange(rows) + 2**40).tolist(),
            "money": _decimals(money, 2, some),
            "rate": _decimals(rate, 4, some),
            "number": number.tolist(),
            "flag": [bool(value) if there else None for value, there in zip(flag, some, strict=True)],
            "word": [WORDS[code] if code >= 0 else None for code in codes],
            "one_word": ["only"] * rows,
            "no_word": [None] * rows,
            "no_money": [None] * rows,
            "list": [_named(masks[:, row].tolist()) for row in range(rows)],
        }

    def write(self, file: ParquetFile) -> None:
        ends = {"loan_id", "day"}
        file.write(self.rows, [chunk(self.columns[f.name], f.type, f.name, ends=f.name in ends) for f in SCHEMA])


def _decimals(values: Any, places: int, known: list[bool]) -> list[Decimal | None]:
    return [
        Decimal(value).scaleb(-places) if there else None for value, there in zip(values.tolist(), known, strict=True)
    ]


def _named(masks: list[int]) -> list[str]:
    return [FACTS[lane * CHUNK + bit] for lane, mask in enumerate(masks) for bit in range(CHUNK) if mask >> bit & 1]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[Any]]]:
    path = tmp_path_factory.mktemp("parquet") / "file.parquet"
    file = ParquetFile(path, SCHEMA)
    says: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    for seed, rows in enumerate((1_000, 1, 7, 0, 129, 4_321)):
        piece = Piece(rows, seed)
        piece.write(file)
        for name, values in piece.says.items():
            says[name] += values
    file.describe({"hopenow.note": "ü"})
    file.close()
    file.close()
    return path, says


def test_pyarrow_reads_what_was_written(written: tuple[Path, dict[str, list[Any]]]) -> None:
    path, says = written
    for table in (pq.read_table(path), pq.ParquetFile(path).read()):
        assert table.schema.field("money").type == pa.decimal64(15, 2)
        assert pa.types.is_dictionary(table.schema.field("word").type)
        assert {name: table.column(name).to_pylist() for name in says} == says
    assert pq.read_metadata(path).metadata[b"hopenow.note"] == "ü".encode()


def test_polars_reads_what_was_written(written: tuple[Path, dict[str, list[Any]]]) -> None:
    path, says = written
    frame = pl.read_parquet(path).with_columns(pl.col("list").cast(pl.List(pl.String)))
    assert frame.to_dict(as_series=False) == says


def test_duckdb_reads_what_was_written(written: tuple[Path, dict[str, list[Any]]]) -> None:
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
    path, says = written
    rows = duckdb.read_parquet(str(path)).fetchall()
    assert {name: [row[place] for row in rows] for place, name in enumerate(says)} == says


def test_a_loan_is_found_by_the_ends_of_row_groups(written: tuple[Path, dict[str, list[Any]]]) -> None:
    path, says = written
    statistics = pq.read_metadata(path).row_group(0).column(0).statistics
    ids = says["loan_id"][:1_000]
    assert (statistics.min, statistics.max) == (min(ids, key=str.encode), max(ids, key=str.encode))
    found = pl.scan_parquet(path).filter(pl.col("loan_id") == "L1ü").collect()
    assert found.height == says["loan_id"].count("L1ü")


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3)), max_size=300),
    st.integers(1, 40),
)
def test_any_whole_numbers(values: list[int | None], times: int) -> None:
    values = [value for value in values for _ in range(times)][:3_000]
    column = Numbers(
        np.array([value or 0 for value in values], np.int64),
        np.array([value is not None for value in values], np.uint8),
    )
    assert _read_back(column, pa.int64(), len(values)) == values


@settings(deadline=None)
@given(st.lists(st.one_of(st.integers(-1, 300), st.integers(-1, 3)), max_size=200), st.integers(1, 40))
def test_any_words(codes: list[int], times: int) -> None:
    codes = [code for code in codes for _ in range(times)][:3_000]
    words = tuple(str(place) for place in range(max(codes, default=0) + 1))
    expected = [words[code] if code >= 0 else None for code in codes]
    assert _read_back(Codes(np.array(codes, np.int32), words), WORD, len(codes)) == expected


def test_more_words_than_two_bytes_tell_apart() -> None:
    codes = np.arange(70_000, dtype=np.int32)[::-1].copy()
    words = tuple(str(place) for place in range(len(codes)))
    assert _read_back(Codes(codes, words), WORD, len(codes)) == list(words[::-1])


def _read_back(column: Column, kind: pa.DataType, rows: int) -> list[Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.parquet"
        file = ParquetFile(path, pa.schema({"x": kind}))
        file.write(rows, [chunk(column, kind, "x")])
        file.close()
        found: list[Any] = pq.read_table(path).column("x").to_pylist()
    return found


@pytest.mark.parametrize("amount", [10**15, -(10**15)])
def test_an_amount_that_does_not_fit_is_refused(amount: int) -> None:
    with pytest.raises(InputError, match="premium: an amount needs more than 15 digits"):
        chunk(Numbers(np.array([1, amount])), pa.decimal64(15, 2), "premium")
    hidden = Numbers(np.array([1, amount]), np.array([1, 0], np.uint8))
    assert chunk(hidden, pa.decimal64(15, 2), "premium").entries == 2


def test_thrift_as_the_specification_shows_it() -> None:
    assert serialized(I32(-1)) == b"\x01"
    assert serialized(I64(150)) == b"\xac\x02"
    assert serialized(Binary(b"abc")) == b"\x03abc"
    assert serialized(List([I32(1)] * 15)) == b"\xf5\x0f" + b"\x02" * 15
    assert serialized(Struct({1: I32(1), 20: I64(2)})) == b"\x15\x02\x06\x28\x04\x00"


# --- the sheet ------------------------------------------------------------------------------------


@pytest.mark.parametrize("programs", [("fannie_mae", "freddie_mac"), ("fannie_mae",)])
@pytest.mark.parametrize("start", [0, 13])
def test_a_sheet_says_in_parquet_what_it_says_in_a_table(
    programs: tuple[str, ...], start: int, tmp_path: Path
) -> None:
    chosen = Settings(assume={"hardship_resolved": True}, programs=programs)
    facts = loans(150).with_row_index("row", 1)[start:]
    schema = result_schema([program(name) for name in programs])
    parts = determine(facts, chosen)
    lacks = gathered([lacking(part) for part in parts], [part.frame[ROW] for part in parts], facts.height)
    sheet = Sheet(facts, [worded(part, tuple(chosen.assume)) for part in parts], lacks, chosen, schema)
    file = ParquetFile(tmp_path / "sheet.parquet", schema)
    file.write(sheet.rows, sheet.chunks())
    file.close()
    read, table = pq.read_table(tmp_path / "sheet.parquet"), sheet.table()
    assert read.column_names == table.column_names
    for name in table.column_names:
        assert read.column(name).to_pylist() == table.column(name).to_pylist(), name


def test_options_with_the_same_terms_are_encoded_once() -> None:
    chosen = Settings(programs=("fannie_mae",))
    facts = loans(50).with_row_index("row", 1)
    schema = result_schema([program("fannie_mae")])
    parts = determine(facts, chosen)
    lacks = gathered([lacking(part) for part in parts], [part.frame[ROW] for part in parts], facts.height)
    chunks = Sheet(facts, [worded(part, ()) for part in parts], lacks, chosen, schema).chunks()
    place = schema.get_field_index
    names = ("term", "forborne", "trial_end")
    assert all(
        chunks[place(f"flex_modification__{name}")] is chunks[place(f"disaster_flex_modification__{name}")]
        for name in names
    )


# --- passes ---------------------------------------------------------------------------------------


def test_flags_that_do_not_begin_at_a_byte() -> None:
    flags = pl.Series([None, True, False, None, True, True, False, False, True, None, True] * 5)
    for start in (0, 3, 8, 11):
        part = flags[start:]
        array = part.to_arrow()
        bits, data = (np.frombuffer(buffer, np.uint8) for buffer in array.buffers())
        values, known = np.zeros(len(part), np.int64), np.zeros(len(part), np.uint8)
        where = np.arange(len(part), dtype=np.uint32)[::-1].copy()
        encoding.put_flags(data, array.offset, bits, array.offset, len(part), where, values, known)
        found = [bool(value) if there else None for value, there in zip(values, known, strict=True)]
        assert found[::-1] == part.to_list()


def test_facts_are_counted_alone_and_with_others() -> None:
    masks = np.array([[0b101, 0, 0b100, 0], [0, 0b10, 0b1, 0]], np.uint64)
    counts, alone = np.zeros(6, np.int64), np.zeros(6, np.int64)
    counting.bits(masks, 3, counts, alone)
    assert counts.tolist() == [1, 0, 2, 1, 1, 0]
    assert alone.tolist() == [0, 0, 0, 0, 1, 0]
