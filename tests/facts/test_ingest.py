from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopenow.errors import InputError
from hopenow.facts import NEVER, schema
from hopenow.facts.findings import FindingCounts
from hopenow.facts.ingest import (
    Ingested,
    Reading,
    check_canonical,
    is_canonical,
    nearest_fact,
    to_canonical,
)
from hopenow.tapes.duplicates import Duplicates

DAY = datetime.date(2026, 9, 30)


def ingest(readings: dict[str, Reading] | None = None, **columns: Any) -> Ingested:
    """Ingest rows L1, L2, ... with the given columns."""
    size = len(next(iter(columns.values())))
    frame = {"loan_id": [f"L{place}" for place in range(1, size + 1)], "evaluation_date": [DAY] * size}
    return to_canonical(pl.DataFrame(frame | columns, strict=False), readings=readings)


def read(fact: str, values: list[Any] | pl.Series, reading: Reading | None = None) -> list[Any]:
    """Return the canonical values of one fact."""
    return ingest({fact: reading} if reading else None, **{fact: values}).facts[fact].to_list()


def broken(result: Ingested) -> list[tuple[int, str, str]]:
    """Return row, rule and field of each finding."""
    return result.findings.select("row", "rule", "field").rows()


# --- money and rates ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("1234.56", 123456),
        ("1234.5", 123450),
        ("1234", 123400),
        ("0", 0),
        (".50", 50),
        ("$1,234.50", 123450),
        ("US$ 1,234.50", 123450),
        ("1,234,567.00", 123456700),
        ("1234.56 USD", 123456),
        (" 1234.56 ", 123456),
        ("188421.14000000001", 18842114),  # what a binary float leaves behind
        ("1234.565", None),
        ("1234,56", None),
        ("1,23", None),
        ("1.88421E+05", None),
        ("1e3", None),
        ("twelve", None),
        ("inf", None),
        ("99999999999999999999", None),
    ],
)
def test_money_is_read_exactly_or_not_at_all(text: str, cents: int | None) -> None:
    assert read("interest_bearing_balance", [text]) == [cents]


@pytest.mark.parametrize(
    ("values", "cents"),
    [
        (pl.Series([1234], dtype=pl.Int16), 123400),
        (pl.Series([Decimal("1234.56")]), 123456),
        (pl.Series([Decimal("1234.5600")]), 123456),
        (pl.Series([Decimal("1234.565")]), None),
        (pl.Series([188421.14]), 18842114),
        (pl.Series([99999999.99]), 9999999999),
        (pl.Series([1234.565]), None),
        (pl.Series([float("nan")]), None),
        (pl.Series([float("inf")]), None),
        (pl.Series([20000.25], dtype=pl.Float32), 2000025),
        (pl.Series([188421.14], dtype=pl.Float32), None),  # single precision cannot tell its cents
        (pl.Series([2**62], dtype=pl.Int64), None),
    ],
)
def test_money_in_numeric_columns(values: pl.Series, cents: int | None) -> None:
    assert read("interest_bearing_balance", values) == [cents]


@given(st.integers(0, 10_000_000_000))
def test_every_cent_up_to_100_million_dollars_survives_text_and_floats(cents: int) -> None:
    text = f"{cents // 100}.{cents % 100:02d}"
    assert read("interest_bearing_balance", [text]) == [cents]
    assert read("interest_bearing_balance", [cents / 100]) == [cents]
    assert read("interest_bearing_balance", [f"${cents // 100:,}.{cents % 100:02d}"]) == [cents]


@pytest.mark.parametrize(
    ("text", "ppm"),
    [("4.75", 47_500), ("4.75%", 47_500), ("4.0625 %", 40_625), ("4.3", 43_000), ("0", 0), ("4.12345", None)],
)
def test_rates(text: str, ppm: int | None) -> None:
    assert read("note_rate", [text]) == [ppm]


def test_rates_in_single_precision() -> None:
    assert read("note_rate", pl.Series([4.3, 6.875, 29.9999], dtype=pl.Float32)) == [43_000, 68_750, 299_999]


@pytest.mark.parametrize(
    ("fact", "unit", "text", "value"),
    [
        ("property_value", "cents", "12345600", 12345600),
        ("property_value", "cents", "123.5", None),
        ("property_value", "thousands", "188.42114", 18842114),
        ("property_value", "dollars", "188421.14", 18842114),
        ("note_rate", "fraction", "0.0475", 47_500),
        ("note_rate", "fraction", "0.046250000000000006", 46_250),
        ("note_rate", "basis_points", "475", 47_500),
        ("note_rate", "basis_points", "462.5", 46_250),
    ],
)
def test_units(fact: str, unit: str, text: str, value: int | None) -> None:
    assert read(fact, [text], Reading(unit=unit)) == [value]


# --- other types ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "whole"),
    [("360", 360), ("360.0", 360), (" 360 ", 360), ("1,200", None), ("3.5", None), ("x", None)],
)
def test_whole_numbers(value: str, whole: int | None) -> None:
    assert read("remaining_term", [value]) == [whole]


def test_whole_numbers_in_float_columns() -> None:
    assert read("remaining_term", [360.0, 12.5, None]) == [360, None, None]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-06-01", datetime.date(2026, 6, 1)),
        ("06/01/2026", datetime.date(2026, 6, 1)),
        ("6/1/2026", datetime.date(2026, 6, 1)),
        ("20260601", datetime.date(2026, 6, 1)),
        ("20260601.0", datetime.date(2026, 6, 1)),
        ("2026-06-01T00:00:00", datetime.date(2026, 6, 1)),
        ("2026-06-01 00:00:00.000", datetime.date(2026, 6, 1)),
        ("25/12/2025", None),
        ("06/01/26", None),
        ("26-06-01", None),
        ("2026-06-31", None),
        ("9999-12-31", None),
        ("never", None),
    ],
)
def test_dates(text: str, day: datetime.date | None) -> None:
    assert read("next_due_date", [text]) == [day]


def test_dates_in_date_columns() -> None:
    moment = datetime.datetime(2026, 6, 1)  # noqa: DTZ001  (tapes know no time zones)
    assert read("next_due_date", [moment]) == [datetime.date(2026, 6, 1)]
    assert read("next_due_date", [20260601]) == [datetime.date(2026, 6, 1)]


@pytest.mark.parametrize(
    ("date_format", "text", "day"),
    [
        ("%m%Y", "062026", (2026, 6, 1)),
        ("%d/%m/%Y", "25/12/2025", (2025, 12, 25)),
        ("%Y%m", "202606", (2026, 6, 1)),
    ],
)
def test_date_formats(date_format: str, text: str, day: tuple[int, int, int]) -> None:
    assert read("next_due_date", [text], Reading(date_format=date_format)) == [datetime.date(*day)]


def test_never_is_known_and_a_filler_is_not() -> None:
    result = ingest(last_modification_date=["never", "Never", "1900-01-01", ""])
    assert result.facts["last_modification_date"].to_list() == [NEVER, NEVER, None, None]
    assert broken(result) == [(3, "SHAPE-DATE-FILLER", "last_modification_date")]


def test_a_filler_in_a_date_column_is_not_never() -> None:
    result = ingest(last_modification_date=[datetime.date(1900, 1, 1)])
    assert result.facts["last_modification_date"].to_list() == [None]
    assert broken(result) == [(1, "SHAPE-DATE-FILLER", "last_modification_date")]


def test_flags() -> None:
    words = ["yes", "No", "TRUE", "f", "Y", "n", "1", "0", "1.0", "maybe", ""]
    flags = [True, False, True, False, True, False, True, False, True, None, None]
    assert read("vacant", words) == flags
    assert read("vacant", [1, 0, 2]) == [True, False, None]
    assert read("vacant", [True, None]) == [True, None]


def test_choices() -> None:
    words = ["fannie_mae", "Fannie Mae", "FREDDIE-MAC", "fanie mae", "NULL"]
    result = ingest(investor=words)
    assert result.facts["investor"].to_list() == ["fannie_mae", "fannie_mae", "freddie_mac", None, None]
    assert "Did you mean fannie_mae?" in result.findings["message"].item()


def test_a_choice_spelled_like_a_word_for_nothing_keeps_its_meaning() -> None:
    assert read("bankruptcy", ["none", "None", "NULL"]) == ["none", "none", None]


def test_several_choices() -> None:
    assert read("income_kinds", ["wages", "Wages; rental", "wages;lottery", ""]) == [
        "wages",
        "wages;rental",
        None,
        None,
    ]


def test_text_with_a_pattern() -> None:
    result = ingest(state=["TX", "ca", "Texas", "NA"], zip3=["303", "30301", "12", "30301-1234"])
    assert result.facts["state"].to_list() == ["TX", "CA", None, None]
    assert result.facts["zip3"].to_list() == ["303", "303", "012", "303"]
    assert broken(result) == [(3, "SHAPE-PATTERN", "state"), (3, "SHAPE-LEADING-ZEROS", "zip3")]


@pytest.mark.parametrize(
    "word", ["", " ", "NULL", "null", "NA", "N/A", "nan", "None", "#N/A", "unknown", "-"]
)
def test_words_for_nothing_are_unknown_in_every_type(word: str) -> None:
    facts = [fact for fact in schema().values() if not fact.required and word.lower() not in fact.choices]
    result = ingest(**{fact.name: [word] for fact in facts})
    assert all(result.facts[fact.name].item() is None for fact in facts)
    assert result.findings.is_empty()


def test_own_words_for_nothing_come_before_numbers() -> None:
    reading = Reading(null_words=frozenset({"-9", "9999"}))
    assert read("credit_score", ["9999", "700"], reading) == [None, 700]
    assert read("credit_score", [-9, 700], reading) == [None, 700]


def test_values_are_translated() -> None:
    reading = Reading(values={"P": "principal_residence", "x": ""})
    assert read("occupancy", ["p", "P ", "second home", "X"], reading) == [
        "principal_residence",
        "principal_residence",
        "second_home",
        None,
    ]


# --- rows -----------------------------------------------------------------------------------------


def test_rows_read_are_rows_reviewed_plus_rows_skipped() -> None:
    frame = {
        "loan_id": ["L1", None, "L3", "1.00667E+11", "L1", " "],
        "evaluation_date": ["2026-09-30", "2026-09-30", "soon", "2026-09-30", "2026-09-30", "2026-09-30"],
    }
    result = to_canonical(frame)
    assert result.read == 6 == result.facts.height + result.skipped.height
    assert result.skipped.rows() == [
        (2, None, "SHAPE-REQUIRED"),
        (3, "L3", "SHAPE-DATE"),
        (4, "1.00667E+11", "SHAPE-SCIENTIFIC-ID"),
        (5, "L1", "LOGIC-DUPLICATE-LOAN"),
        (6, None, "SHAPE-REQUIRED"),
    ]
    assert set(result.findings["severity"]) == {"error"}


def test_all_findings_of_a_row_come_at_once() -> None:
    result = to_canonical(
        {"loan_id": [None], "evaluation_date": ["soon"], "note_rate": ["x"], "vacant": ["x"], "state": ["x"]}
    )
    assert set(result.findings["field"]) == {"loan_id", "evaluation_date", "note_rate", "vacant", "state"}
    assert result.skipped["reason"].to_list() == ["SHAPE-REQUIRED;SHAPE-DATE"]


def test_a_duplicate_of_a_skipped_row_is_reviewed() -> None:
    result = to_canonical({"loan_id": ["A", "A"], "evaluation_date": ["soon", "2026-09-30"]})
    assert result.facts["row"].to_list() == [2]


def test_duplicates_are_found_across_calls() -> None:
    seen = Duplicates()
    heights = []
    for start in range(0, 50, 10):
        rows = [f"L{number % 35}" for number in range(start, start + 10)]
        result = to_canonical(
            {"loan_id": rows, "evaluation_date": [DAY] * 10}, duplicates=seen, row_offset=start
        )
        heights.append(result.facts.height)
    assert heights == [10, 10, 10, 5, 0]


def test_the_same_loan_on_another_day_is_no_duplicate() -> None:
    result = to_canonical({"loan_id": ["A", "A"], "evaluation_date": ["2026-08-31", "2026-09-30"]})
    assert result.facts.height == 2


def test_strict_reviews_only_flawless_rows() -> None:
    frame = {"loan_id": ["A", "B"], "evaluation_date": [DAY, DAY], "note_rate": ["4.75", "x"]}
    assert to_canonical(frame, strict=True).facts["loan_id"].to_list() == ["A"]
    assert to_canonical(frame).facts.height == 2


def test_findings_are_capped_and_counted() -> None:
    counter = FindingCounts(cap=3)
    frame = {"loan_id": [str(n) for n in range(50)], "evaluation_date": [DAY] * 50, "note_rate": ["x"] * 50}
    result = to_canonical(frame, counter=counter)
    assert result.findings["row"].to_list() == [1, 2, 3]
    assert result.counts["count"].to_list() == [50] == counter.table["count"].to_list()


def test_row_numbers() -> None:
    frame = pl.DataFrame({"loan_id": ["A"], "evaluation_date": [DAY]})
    assert to_canonical(frame).facts["row"].to_list() == [1]
    assert to_canonical(frame, row_offset=10).facts["row"].to_list() == [11]
    assert to_canonical(frame.with_columns(row=7)).facts["row"].to_list() == [7]
    assert to_canonical(frame, rows=pl.Series([9])).facts["row"].to_list() == [9]


# --- columns --------------------------------------------------------------------------------------


def test_unknown_columns_are_refused_with_the_nearest_fact() -> None:
    with pytest.raises(InputError) as caught:
        to_canonical({"loan_idd": ["A"], "interest_baring_balance": ["1"], "zzz": ["1"]})
    text = str(caught.value)
    assert "did you mean 'loan_id'?" in text
    assert "did you mean 'interest_bearing_balance'?" in text
    assert "'zzz' is not a fact" in text
    assert "'evaluation_date' is missing" in text
    assert len(caught.value.findings) == 5


def test_unknown_columns_are_left_aside_on_request() -> None:
    result = to_canonical({"loan_id": ["A"], "evaluation_date": [DAY], "zzz": [1]}, extra="ignore")
    assert result.ignored == ("zzz",)
    assert result.facts.columns == ["row", "loan_id", "evaluation_date"]


def test_nearest_fact() -> None:
    assert nearest_fact("Loan ID") == "loan_id"
    assert nearest_fact("note-rate") == "note_rate"
    assert nearest_fact("qqqqqq") is None


@pytest.mark.parametrize("kind", ["polars", "arrow", "batch", "lazy", "mapping", "capsule"])
def test_any_arrow_frame_will_do(kind: str) -> None:
    frame = pl.DataFrame({"loan_id": ["A"], "evaluation_date": [DAY], "note_rate": ["4.75"]})

    class Capsule:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return frame.__arrow_c_stream__(requested_schema)

    forms: dict[str, object] = {
        "polars": frame,
        "arrow": frame.to_arrow(),
        "batch": pa.RecordBatch.from_pylist(frame.to_dicts()),
        "lazy": frame.lazy(),
        "mapping": frame.to_dict(as_series=False),
        "capsule": Capsule(),
    }
    assert to_canonical(forms[kind]).facts.rows() == [(1, "A", DAY, 47_500)]


def test_anything_else_is_refused() -> None:
    with pytest.raises(InputError, match="cannot read facts from a int"):
        to_canonical(3)


# --- canonical frames -----------------------------------------------------------------------------


def canonical() -> pl.DataFrame:
    frame = {
        "loan_id": ["A"],
        "evaluation_date": [DAY],
        "investor": ["fannie_mae"],
        "note_rate": ["4.75"],
        "interest_bearing_balance": ["100.00"],
        "prior_modifications": ["0"],
    }
    return to_canonical(frame).facts


def test_a_canonical_frame_passes_unchanged() -> None:
    frame = canonical()
    assert is_canonical(frame)
    result = to_canonical(frame)
    assert result.facts is frame
    assert result.read == 1
    assert result.skipped.is_empty()


def test_whole_dollars_are_not_mistaken_for_cents() -> None:
    frame = pl.DataFrame({"loan_id": ["A"], "evaluation_date": [DAY], "interest_bearing_balance": [188421]})
    assert not is_canonical(frame)
    assert to_canonical(frame).facts["interest_bearing_balance"].item() == 18842100
    assert to_canonical(frame, canonical=True).facts["interest_bearing_balance"].item() == 188421


def test_types_decide_what_is_canonical() -> None:
    frame = canonical()
    assert not is_canonical(frame.with_columns(pl.col("note_rate").cast(pl.Float64)))
    assert not is_canonical(frame.with_columns(zzz=1))
    assert not is_canonical(frame.to_arrow())
    assert not is_canonical(pl.DataFrame())
    assert is_canonical(schema().empty())


def test_canonical_frames_can_be_checked_for_logic() -> None:
    frame = canonical().with_columns(note_rate=pl.lit(400_000, pl.Int64))
    result = check_canonical(frame)
    assert broken(result) == [(1, "LOGIC-RANGE", "note_rate")]
    assert result.facts["note_rate"].to_list() == [None]
    assert check_canonical(canonical().drop("row")).facts["row"].to_list() == [1]


def test_order_and_batching_change_nothing() -> None:
    size = 200
    frame = pl.DataFrame(
        {
            "loan_id": [f"L{n}" for n in range(size)],
            "evaluation_date": ["2026-09-30", "09/30/2026"] * (size // 2),
            "note_rate": ["4.75", "x", "4.75%", "", "0.0475"] * (size // 5),
            "investor": ["fannie_mae", "Freddie Mac", "x", None] * (size // 4),
        }
    )
    whole = to_canonical(frame).facts
    pieces = [to_canonical(frame.slice(at, 7), row_offset=at).facts for at in range(0, size, 7)]
    assert pl.concat(pieces).equals(whole)
    turned = frame.reverse().with_columns(row=pl.int_range(size, 0, -1))
    assert to_canonical(turned).facts.reverse().equals(whole)
