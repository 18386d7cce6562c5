from __future__ import annotations

from decimal import Decimal

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopenow.errors import InputError
from hopenow.money import (
    cents,
    cents_expr,
    cents_from_float,
    dollars,
    dollars_array,
    dollars_expr,
    format_cents,
    format_ppm,
    half_up_div,
    percent,
    percent_array,
    percent_expr,
    percent_of,
    ppm,
    ppm_expr,
    ratio_ppm,
    truncated_ratio,
)

AMOUNTS = {
    "1234.56": 123456,
    "1,234.5": 123450,
    "$80": 8000,
    "-0.05": -5,
    "-$5.10": -510,
    ".5": 50,
    "5.": 500,
    "1.0000": 100,
    " 7 ": 700,
    "12,345,678.90": 1234567890,
    "00012.3": 1230,
    "0": 0,
}
NOT_AMOUNTS = [
    "",
    "-",
    "$",
    ".",
    "1,23.4",
    "1.005",
    "abc",
    "1e5",
    "--5",
    "+5",
    "5%",
    "1_0",
    "nan",
    "9" * 20,
    "1 2",
    "٣",
]


@pytest.mark.parametrize(("text", "expected"), AMOUNTS.items())
def test_amounts_are_read_exactly(text: str, expected: int) -> None:
    assert cents(text) == expected
    assert pl.select(cents_expr(pl.lit(text), pl.String)).item() == expected


@pytest.mark.parametrize("text", NOT_AMOUNTS)
def test_what_is_no_amount_is_refused_as_value_and_null_in_a_column(text: str) -> None:
    with pytest.raises(InputError):
        cents(text)
    assert pl.select(cents_expr(pl.lit(text), pl.String)).item() is None


@pytest.mark.parametrize(
    "value", [1.5, True, None, float("nan"), b"1", Decimal("NaN"), Decimal("Infinity"), Decimal("1.005")]
)
def test_floats_and_strange_objects_are_refused(value: object) -> None:
    with pytest.raises(InputError):
        cents(value)


def test_decimals_and_integers_are_read() -> None:
    assert cents(Decimal("1.50")) == cents(Decimal("1.5000")) == 150
    assert cents(3) == cents(np.int64(3)) == 300
    assert ppm(Decimal("4.75")) == ppm("4.75") == ppm("4.75%") == ppm("4.75 %") == 47_500
    assert ppm(5) == 50_000
    assert ppm("0.0625") == 625


@pytest.mark.parametrize("text", ["4.75001", "%", "", "1,000", "$4", "4.75%%"])
def test_what_is_no_percentage_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        ppm(text)
    assert pl.select(ppm_expr(pl.lit(text), pl.String)).item() is None


@given(st.integers(-(10**12), 10**12))
def test_every_amount_survives_the_round_trip(amount: int) -> None:
    assert cents(format_cents(amount)) == amount
    assert cents(str(dollars(amount))) == amount
    assert cents(dollars(amount)) == amount
    assert ppm(format_ppm(amount)) == amount
    assert ppm(percent(amount)) == amount


@given(st.integers(-(10**10), 10**10))
def test_every_amount_up_to_the_limit_survives_a_float(amount: int) -> None:
    value = amount / 100
    assert cents_from_float(value) == amount
    assert pl.select(cents_expr(pl.lit(value), pl.Float64)).item() == amount


@pytest.mark.parametrize("value", [1.234, 0.005, 1e10, float("inf"), float("-inf"), float("nan")])
def test_a_float_that_is_no_whole_cent_is_refused(value: float) -> None:
    with pytest.raises(InputError):
        cents_from_float(value)
    assert pl.select(cents_expr(pl.lit(value), pl.Float64)).item() is None


def test_columns_of_every_type() -> None:
    decimals = pl.Series(
        [Decimal("1.25"), Decimal("-1.2"), Decimal("1.234"), None], dtype=pl.Decimal(12, 3)
    ).to_frame("d")
    assert decimals.select(cents_expr("d", decimals.schema["d"])).to_series().to_list() == [
        125,
        -120,
        None,
        None,
    ]
    assert decimals.select(ppm_expr("d", decimals.schema["d"])).to_series().to_list() == [
        12500,
        -12000,
        12340,
        None,
    ]
    small = pl.DataFrame({"i": [100, -100, None]}, schema={"i": pl.Int8})
    assert small.select(cents_expr("i", pl.Int8)).to_series().to_list() == [10000, -10000, None]
    large = pl.DataFrame({"i": [2**63 - 1, 5]})
    assert large.select(cents_expr("i", pl.Int64)).to_series().to_list() == [None, 500]
    assert pl.DataFrame({"n": [None]}).select(cents_expr("n", pl.Null)).to_series().to_list() == [None]
    assert small.select(cents_expr(pl.col("i") + 1, pl.Int8)).schema == {"i": pl.Int64}
    with pytest.raises(InputError, match="cannot be read as numbers"):
        cents_expr("b", pl.Boolean)


@given(st.lists(st.one_of(st.none(), st.text("0123456789.,$-% ", max_size=8)), min_size=1, max_size=30))
def test_column_and_value_follow_one_grammar(texts: list[str | None]) -> None:
    def or_none(read: object, text: str | None) -> int | None:
        try:
            return read(text)  # type: ignore[operator, no-any-return]
        except InputError:
            return None

    frame = pl.DataFrame({"t": texts}, schema={"t": pl.String})
    assert frame.select(cents_expr("t", pl.String)).to_series().to_list() == [
        or_none(cents, text) for text in texts
    ]
    assert frame.select(ppm_expr("t", pl.String)).to_series().to_list() == [
        or_none(ppm, text) for text in texts
    ]


def test_half_up() -> None:
    assert [half_up_div(n, 2) for n in (-3, -1, 0, 1, 3)] == [-2, -1, 0, 1, 2]
    assert half_up_div(1, -2) == -1
    assert half_up_div(7, 3) == 2
    assert percent_of(12345, 300_000) == 3704  # 3703.5
    assert ratio_ppm(1, 3) == 333_333
    assert truncated_ratio(28343128, 40000000) == 708_500  # 70.857...% is shown as 70.85%
    assert truncated_ratio(-1, 3) == -333_300


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**12))
def test_half_up_is_the_nearest(numerator: int, denominator: int) -> None:
    result = half_up_div(numerator, denominator)
    assert abs(2 * (result * denominator - numerator)) <= denominator
    assert half_up_div(-numerator, denominator) == -result


def test_formats() -> None:
    assert format_cents(123456) == "$1,234.56"
    assert format_cents(-5) == "-$0.05"
    assert format_cents(5, symbol="") == "0.05"
    assert format_ppm(47_500) == "4.750%"
    assert format_ppm(12_345) == "1.2345%"
    assert format_ppm(60_000, places=0) == "6%"
    assert format_ppm(62_500, places=0) == "6.25%"
    assert format_ppm(-1) == "-0.0001%"


def test_arrays_out_share_memory_and_keep_nulls() -> None:
    amounts = np.array([123, -5, 10**18], dtype=np.int64)
    known = np.array([True, True, False])
    column = dollars_array(amounts, known)
    column.validate(full=True)
    assert column.type == pa.decimal64(15, 2)
    assert column.to_pylist() == [Decimal("1.23"), Decimal("-0.05"), None]
    assert column.buffers()[1].address == amounts.ctypes.data
    assert percent_array(np.array([47_500])).to_pylist() == [Decimal("4.7500")]
    assert len(dollars_array(np.array([], dtype=np.int64))) == 0
    assert dollars_array(amounts, np.array([False] * 3)).null_count == 3
    read_only = np.array([5], dtype=np.int64)
    read_only.flags.writeable = False
    assert dollars_array(read_only).to_pylist() == [Decimal("0.05")]


@pytest.mark.parametrize(
    ("amounts", "known"),
    [
        (np.array([1.5]), None),
        (np.array([[1]], dtype=np.int64), None),
        (np.arange(10, dtype=np.int64)[::2], None),
        (np.array([1], dtype=np.int64), np.array([True, False])),
        (np.array([10**15], dtype=np.int64), None),
    ],
)
def test_arrays_out_refuse_what_does_not_fit(amounts: object, known: object) -> None:
    with pytest.raises(InputError):
        dollars_array(amounts, known)  # type: ignore[arg-type]


def test_expressions_out_are_exact() -> None:
    frame = pl.DataFrame({"c": [123, -5, 10**15 + 1, None]})
    assert frame.select(dollars_expr("c")).to_series().to_list() == [
        Decimal("1.23"),
        Decimal("-0.05"),
        Decimal("10000000000000.01"),
        None,
    ]
    assert pl.DataFrame({"r": [47_500]}).select(percent_expr(pl.col("r"))).item() == Decimal("4.75")
