"""House price index: the table, its loaders, ratios, and marked values."""

from __future__ import annotations

import gzip
import time
from datetime import date
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopenow.errors import CoverageError, InputError, ReferenceDataError
from hopenow.money import half_up_div
from hopenow.reference import (
    MARK_REASONS,
    house_price_index,
    index_ratio,
    mark_value,
    read_fhfa_metro,
    read_fhfa_state,
)
from hopenow.reference.house_prices import (
    INDEX_SCHEMA,
    check_index_frame,
    quarter_label,
    quarter_number,
    quarter_start,
)
from hopenow.reference.tables import package_file

STATE = (
    "CA,2020,1,100.00\nCA,2020,2,110.00\nCA,2020,3,120.00\n"
    "NV,2020,1,50.00\nNV,2020,2,60.00\nNV,2020,3,75.01\n"
)
METRO = (
    '"Fresno, CA",23420,2020,1,200.00,( 1.00)\n'
    '"Fresno, CA",23420,2020,2,300.00,( 1.00)\n'
    '"Reno, NV",39900,2020,1,-,-\n'
    '"Reno, NV",39900,2020,2,80.00,( 1.20)\n'
    '"Reno, NV",39900,2020,3,90.00,( 1.20)\n'
    '"Elko, NV",21220,2020,1,80.00,( 1.20)\n'
    '"Elko, NV",21220,2020,2,-,-\n'
    '"Elko, NV",21220,2020,3,90.00,( 1.20)\n'
)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with a tiny edition of both files."""
    (tmp_path / "hpi_at_state.csv").write_text(STATE)
    (tmp_path / "hpi_at_metro.csv").write_text(METRO)
    return tmp_path


def homes(*rows: tuple[object, ...]) -> pl.DataFrame:
    schema = {"value": pl.Int64, "made": pl.Date, "as_of": pl.Date, "state": pl.String, "metro": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def mark(frame: pl.DataFrame, directory: Path | None = None, **options: int) -> pl.DataFrame:
    return mark_value(frame, "value", "made", "as_of", "state", "metro", directory=directory, **options)


@given(st.dates(min_value=date(1975, 1, 1), max_value=date(2199, 12, 31)))
def test_a_day_lies_in_its_quarter(day: date) -> None:
    quarter = quarter_number(day)
    assert quarter_start(quarter) <= day < quarter_start(quarter + 1)
    assert quarter_label(quarter) == f"{day.year}Q{(day.month + 2) // 3}"


@pytest.mark.parametrize("name", ["house_price_state.parquet", "house_price_metro.parquet"])
def test_package_table_has_the_schema(name: str) -> None:
    frame = pl.read_parquet(package_file(name))
    check_index_frame(frame, name)
    pattern = r"^[A-Z]{2}$" if "state" in name else r"^[0-9]{5}$"
    assert frame["area"].str.contains(pattern).all()
    assert frame["quarter_start"].to_list()[0] == date(2000, 1, 1)
    assert frame.equals(frame.sort("area", "quarter_start"))


def test_package_tables_hold_every_state_and_many_metros() -> None:
    state, metro = house_price_index("state"), house_price_index("metro")
    assert len(state.areas) == 51
    assert {"DC", "AK", "WY"} <= state.areas.keys()
    assert len(metro.areas) == 404
    assert (state.info.first, state.info.last) == (date(2000, 1, 1), date(2024, 10, 1))
    assert (metro.info.first, metro.info.last) == (date(2000, 1, 1), date(2022, 10, 1))


def test_state_figures_agree_with_the_publisher(shared: Path) -> None:
    path = shared / "data" / "house_price_index_state.csv"
    published = read_fhfa_state(path, first_year=2000)
    assert published.equals(pl.read_parquet(package_file("house_price_state.parquet")))
    assert read_fhfa_state(path).height == 10_200


def test_metro_figures_agree_with_the_publisher(shared: Path) -> None:
    path = shared / "data" / "house_price_index_metro.csv.gz"
    published = read_fhfa_metro(path, first_year=2000)
    assert published.equals(pl.read_parquet(package_file("house_price_metro.parquet")))


def test_the_publishers_files_can_take_the_place_of_the_package(shared: Path, tmp_path: Path) -> None:
    packed = (shared / "data" / "house_price_index_metro.csv.gz").read_bytes()
    (tmp_path / "HPI_AT_metro.csv").write_bytes(gzip.decompress(packed))
    (tmp_path / "hpi_at_state.csv.gz").write_bytes(
        gzip.compress((shared / "data" / "house_price_index_state.csv").read_bytes())
    )
    ratio = index_ratio("CA", date(1999, 1, 1), date(2004, 1, 1), directory=tmp_path)
    assert ratio.from_quarter == date(1999, 1, 1)
    assert house_price_index("metro", tmp_path).info.first == date(1975, 1, 1)
    assert house_price_index("state", tmp_path).info.edition == "file hpi_at_state.csv.gz, through 2024Q4"
    for area in ("CA", "12060"):
        ours = index_ratio(area, date(2010, 5, 5), date(2021, 5, 5))
        theirs = index_ratio(area, date(2010, 5, 5), date(2021, 5, 5), directory=tmp_path)
        assert ours.fraction == theirs.fraction


def test_a_header_row_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "hpi_at_state.csv").write_text("state,year,quarter,hpi\n" + STATE)
    assert read_fhfa_state(tmp_path / "hpi_at_state.csv").height == 6


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("California,2020,1,100.00\n", "row 1: 'California' is not a state code"),
        ("CA,20,1,100.00\n", "row 1: '20' is not a year"),
        ("CA,2020,5,100.00\n", "row 1: '5' is not a quarter"),
        ("CA,2020,1,100.001\n", "row 1: '100.001' is not a positive index"),
        ("CA,2020,1,0.00\n", "row 1: '0.00' is not a positive index"),
        ("CA,2020,1,\n", "row 1: None is not a positive index"),
        ("CA,2020,1,9.00\nCA,2020,1,9.00\n", "row 2: 'CA 2020 1' is given twice"),
        ("state,year,quarter,index\n", "the file has no rows"),
        ("CA,2020,1\n", "3 columns"),
    ],
)
def test_a_bad_state_file_is_refused_with_its_row(tmp_path: Path, text: str, finding: str) -> None:
    path = tmp_path / "hpi_at_state.csv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_fhfa_state(path)
    assert finding in str(caught.value)


def test_all_findings_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / "hpi_at_metro.csv"
    path.write_text('"A",1,2020,1,1.00,-\n"B",39900,x,1,1.00,-\n"C",39900,2020,0,1.00,-\n')
    with pytest.raises(InputError) as caught:
        read_fhfa_metro(path)
    assert len(caught.value.findings) == 3


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"area": ["CA"]}),
        pl.DataFrame(schema=INDEX_SCHEMA),
        pl.DataFrame([("CA", None, date(2020, 2, 1), 1)], schema=INDEX_SCHEMA, orient="row"),
        pl.DataFrame([("CA", None, date(2020, 1, 1), 0)], schema=INDEX_SCHEMA, orient="row"),
        pl.DataFrame([("CA", None, date(2020, 1, 1), 1)] * 2, schema=INDEX_SCHEMA, orient="row"),
    ],
    ids=["columns", "empty", "not a quarter", "zero", "twice"],
)
def test_an_unusable_table_is_refused(frame: pl.DataFrame) -> None:
    with pytest.raises(ReferenceDataError, match="here"):
        check_index_frame(frame, "here")


def test_an_unknown_kind_or_area_is_refused() -> None:
    with pytest.raises(ReferenceDataError, match="not a kind of area"):
        house_price_index("county")  # type: ignore[arg-type] # the refusal is what is tested
    for area in ("PR", "California", "99999", ""):
        with pytest.raises(ReferenceDataError, match=r"no .* house price index"):
            index_ratio(area, date(2010, 1, 1), date(2011, 1, 1))


def test_ratio_is_exact(small: Path) -> None:
    ratio = index_ratio("NV", date(2020, 1, 31), date(2020, 9, 30), directory=small)
    assert ratio.fraction == Fraction(7501, 5000)
    assert (ratio.carried_quarters, ratio.verification) == (0, "verified")
    back = index_ratio("NV", date(2020, 9, 30), date(2020, 1, 31), directory=small)
    assert back.fraction * ratio.fraction == 1


def test_past_the_last_quarter_the_last_figure_is_carried_and_marked(small: Path) -> None:
    ratio = index_ratio("CA", date(2020, 1, 1), date(2022, 9, 30), directory=small)
    assert ratio.fraction == Fraction(12, 10)
    assert (ratio.carried_quarters, ratio.to_quarter) == (8, date(2020, 7, 1))
    assert ratio.verification == "unverified"
    with pytest.raises(CoverageError, match=r"2022-10-01; covered: 2020-01-01 to 2022-09-30"):
        index_ratio("CA", date(2020, 1, 1), date(2022, 10, 1), directory=small)
    with pytest.raises(CoverageError, match="too far past"):
        index_ratio("CA", date(2020, 1, 1), date(2020, 10, 1), directory=small, max_carried_quarters=0)


def test_before_the_first_quarter_and_in_holes_the_ratio_is_refused(small: Path) -> None:
    with pytest.raises(CoverageError, match="before the first quarter"):
        index_ratio("CA", date(2019, 12, 31), date(2020, 1, 1), directory=small)
    with pytest.raises(CoverageError, match="before the first quarter"):
        index_ratio("39900", date(2020, 1, 1), date(2020, 4, 1), directory=small)
    with pytest.raises(CoverageError, match="no figure"):
        index_ratio("21220", date(2020, 4, 1), date(2020, 7, 1), directory=small)


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be negative"):
        index_ratio("CA", date(2010, 1, 1), date(2011, 1, 1), max_carried_quarters=-1)


def test_marks_and_reasons_row_by_row(small: Path) -> None:
    q1, q2, q3 = date(2020, 2, 1), date(2020, 5, 1), date(2020, 8, 1)
    frame = homes(
        (10_000_000, q1, q2, "CA", None),  # state
        (10_000_000, q1, q2, "CA", "23420"),  # metro
        (10_000_000, q1, q3, "CA", "23420"),  # metro would be carried, state not
        (10_000_000, q1, q2, "NV", "39900"),  # metro begins later
        (10_000_000, q1, q2, "NV", "21220"),  # metro has a hole
        (10_000_000, q1, q2, "PR", "23420"),  # metro alone
        (10_000_001, q1, date(2021, 1, 1), "NV", None),  # carried
        (12_345_678, date(1990, 1, 1), date(1990, 3, 31), None, None),  # same quarter
        (None, q1, q2, "CA", None),
        (-1, q1, q2, "CA", None),
        (100_000_000_001, q1, q2, "CA", None),
        (1, None, q2, "CA", None),
        (1, q1, None, "CA", None),
        (1, q1, q2, "PR", "99999"),
        (1, q1, q2, None, None),
        (1, date(2019, 1, 1), q2, "CA", None),
        (1, q1, date(2030, 1, 1), "CA", None),
    )
    marked = mark(frame, small)
    assert marked.columns[: frame.width] == frame.columns
    assert marked["marked_value"].to_list() == [
        11_000_000,
        15_000_000,
        12_000_000,
        12_000_000,
        12_000_000,
        15_000_000,
        15_002_002,  # 10,000,001 * 7501 / 5000 = 15,002,001.5002
        12_345_678,
        *[None] * 9,
    ]
    assert marked["marked_value_status"].to_list() == [
        *["index"] * 6,
        "carried_forward",
        "same_quarter",
        *["not_marked"] * 9,
    ]
    assert marked["marked_value_basis"].to_list()[:8] == [
        "FHFA state CA, 2020Q1 to 2020Q2",
        "FHFA metro 23420, 2020Q1 to 2020Q2",
        "FHFA state CA, 2020Q1 to 2020Q3",
        "FHFA state NV, 2020Q1 to 2020Q2",
        "FHFA state NV, 2020Q1 to 2020Q2",
        "FHFA metro 23420, 2020Q1 to 2020Q2",
        "FHFA state NV, 2020Q1 to 2020Q3",
        "same quarter: the value stands as given",
    ]
    assert marked["marked_value_basis"].to_list()[8:] == [None] * 9
    assert marked["marked_value_verification"].to_list() == [*["verified"] * 6, "unverified", *[None] * 10]
    assert marked["marked_value_carried_quarters"].to_list() == [*[0] * 6, 2, 0, *[None] * 9]
    assert marked["marked_value_reason"].to_list() == [
        *[None] * 8,
        "value_unknown",
        "value_out_of_range",
        "value_out_of_range",
        "value_date_unknown",
        "as_of_unknown",
        "area_without_index",
        "area_without_index",
        "before_first_quarter",
        "beyond_carry_limit",
    ]


def test_a_hole_without_another_index_has_its_own_reason(small: Path) -> None:
    (small / "hpi_at_state.csv").write_text("NV,2020,1,50.00\nNV,2020,2,-\nNV,2020,3,75.00\n")
    marked = mark(homes((1, date(2020, 1, 1), date(2020, 4, 1), "NV", None)), small)
    assert marked["marked_value_reason"].to_list() == ["missing_in_table"]


def test_every_reason_has_words() -> None:
    assert all(words.endswith(".") for words in MARK_REASONS.values())


def test_columns_are_typed_also_without_rows() -> None:
    marked = mark(homes())
    assert marked.height == 0
    assert marked.schema["marked_value"] == pl.Int64
    assert marked.schema["marked_value_basis"] == pl.String
    assert marked.schema["marked_value_carried_quarters"] == pl.Int32


def test_states_may_be_categories_and_the_name_can_be_chosen() -> None:
    frame = homes((100, date(2010, 1, 1), date(2011, 1, 1), "CA", None)).with_columns(
        pl.col("state").cast(pl.Categorical)
    )
    marked = mark_value(frame, "value", "made", "as_of", "state", into="now")
    assert marked["now_status"].to_list() == ["index"]


def test_wrong_columns_are_all_named() -> None:
    frame = pl.DataFrame({"value": [1.0], "made": ["2020-01-01"]})
    with pytest.raises(InputError) as caught:
        mark_value(frame, "value", "made", "as_of", "state", "metro")
    text = str(caught.value)
    for part in (
        "value is Float64",
        "made is String",
        "as_of is missing",
        "state is missing",
        "metro is missing",
    ):
        assert part in text


@given(
    st.lists(
        st.tuples(
            st.integers(0, 100_000_000_000),
            st.dates(date(2000, 1, 1), date(2026, 12, 31)),
            st.dates(date(2000, 1, 1), date(2026, 12, 31)),
            st.sampled_from(["CA", "NV", "WY", "DC"]),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_many_rows_agree_with_one_ratio_each(rows: list[tuple[int, date, date, str]]) -> None:
    marked = mark_value(homes(*[(*row, None) for row in rows]), "value", "made", "as_of", "state")
    for (value, made, as_of, state), got in zip(rows, marked["marked_value"].to_list(), strict=True):
        ratio = index_ratio(state, made, as_of)
        assert got == half_up_div(value * ratio.to_index, ratio.from_index)


def test_a_million_homes_take_no_time_to_speak_of() -> None:
    """A generous bound against an accidental loop over rows; the benchmark has the real figure."""
    random = np.random.default_rng(7)
    count = 300_000
    states, metros = list(house_price_index("state").areas), list(house_price_index("metro").areas)
    frame = pl.DataFrame(
        {
            "value": random.integers(1, 10**9, count),
            "made": np.datetime64("2005-01-01") + random.integers(0, 6500, count),
            "as_of": np.datetime64("2020-01-01") + random.integers(0, 2500, count),
            "state": np.array(states)[random.integers(0, len(states), count)],
            "metro": np.array(metros)[random.integers(0, len(metros), count)],
        }
    ).with_columns(pl.col("made", "as_of").cast(pl.Date))
    began = time.perf_counter()
    mark(frame)
    assert time.perf_counter() - began < 15
