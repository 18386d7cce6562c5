"""Posted modification interest rate: coverage, observations, the user's rows, and the lower bound."""

from __future__ import annotations

import csv
import itertools
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopenow.errors import CoverageError, InputError, ReferenceDataError
from hopenow.reference import (
    attach_modification_rate,
    attach_modification_rate_floor,
    modification_rate,
    modification_rate_floor,
    modification_rates,
    read_modification_rates_csv,
)
from hopenow.reference.modification_rates import load_table
from hopenow.reference.mortgage_rates import lowest_pmms_rate
from hopenow.reference.parameters import number
from hopenow.reference.tables import package_file

HEADER = "effective_from,rate_percent,source,verification\n"
OBSERVED_DAYS = {
    date(2015, 11, 13): 38_750,
    date(2015, 12, 14): 40_000,
    date(2016, 5, 13): 36_250,
    date(2017, 9, 15): 38_750,
    date(2024, 9, 22): 65_000,
    date(2025, 9, 23): 65_000,
}


def own(folder: Path, *rows: str) -> Path:
    (folder / "modification_rates.csv").write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return folder


@pytest.mark.parametrize(
    ("day", "rate", "since", "word"),
    [
        (date(2020, 3, 13), 35_000, date(2020, 3, 13), "verified"),
        (date(2020, 5, 13), 35_000, date(2020, 3, 13), "verified"),
        (date(2020, 5, 14), 33_750, date(2020, 5, 14), "verified"),
        (date(2022, 11, 15), 70_000, date(2022, 11, 15), "verified"),
        (date(2023, 1, 16), 68_750, date(2022, 12, 14), "verified"),
        (date(2023, 1, 31), 63_750, date(2023, 1, 17), "verified"),
        (date(2026, 8, 14), 66_250, date(2026, 8, 14), "secondary"),
        (date(2026, 9, 14), 66_250, date(2026, 8, 14), "secondary"),
        (date(2026, 9, 15), 67_500, date(2026, 9, 15), "secondary"),
        (date(2026, 10, 16), 67_500, date(2026, 9, 15), "secondary"),
    ],
)
def test_rate_in_force(day: date, rate: int, since: date, word: str) -> None:
    fact = modification_rate(day)
    assert (fact.rate_ppm, fact.effective_from, fact.verification, fact.kind) == (rate, since, word, "posted")
    assert fact.source


@pytest.mark.parametrize(
    "day",
    [
        date(2012, 1, 15),
        date(2020, 3, 12),
        date(2023, 2, 1),
        date(2024, 9, 21),
        date(2024, 9, 23),
        date(2026, 8, 13),
        date(2026, 10, 17),
        *(date(2016, 8, 1), date(2017, 1, 1), date(2017, 5, 1)),  # observations of a month
    ],
)
def test_other_days_are_refused_with_every_range(day: date) -> None:
    with pytest.raises(CoverageError) as caught:
        modification_rate(day)
    assert caught.value.asked == day
    for covered in ("2020-03-13 to 2023-01-31", "2026-08-14 to 2026-10-16", "2024-09-22"):
        assert covered in str(caught.value)


@pytest.mark.parametrize(("day", "rate"), OBSERVED_DAYS.items())
def test_an_observation_is_good_for_its_day_only(day: date, rate: int) -> None:
    fact = modification_rate(day)
    assert (fact.rate_ppm, fact.kind) == (rate, "observation")
    for neighbor in (day - timedelta(days=1), day + timedelta(days=1)):
        with pytest.raises(CoverageError):
            modification_rate(neighbor)


def test_only_an_observation_that_says_so_has_a_beginning() -> None:
    assert modification_rate(date(2016, 5, 13)).effective_from == date(2016, 5, 13)
    assert modification_rate(date(2024, 9, 22)).effective_from is None
    assert modification_rate(date(2025, 9, 23)).verification == "verified"


def test_observations_of_a_month_are_kept_but_answer_nothing() -> None:
    kept = modification_rates().monthly_observations
    assert [day for day, _ in kept] == [
        date(2012, 1, 1),
        date(2016, 8, 1),
        date(2017, 1, 1),
        date(2017, 5, 1),
    ]


def test_segments_are_in_order_without_overlap() -> None:
    segments = modification_rates().segments
    for earlier, later in itertools.pairwise(segments):
        assert earlier.valid_from <= earlier.valid_to < later.valid_from


def test_figures_agree_with_the_shared_file(shared: Path) -> None:
    with (shared / "data" / "modification_interest_rates.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    posted = [segment.fact for segment in modification_rates().segments if segment.fact.kind == "posted"]
    assert [(str(fact.effective_from), fact.rate_ppm, fact.verification) for fact in posted] == [
        (row["effective_from"], int(Decimal(row["rate_percent"]) * 10_000), row["verification"])
        for row in rows
    ]


def test_the_shared_file_is_in_the_users_layout_and_changes_nothing(shared: Path, tmp_path: Path) -> None:
    text = (shared / "data" / "modification_interest_rates.csv").read_text(encoding="utf-8")
    (tmp_path / "modification_rates.csv").write_text(text, encoding="utf-8")
    ours, both = modification_rates(), modification_rates(tmp_path)
    assert both.covered == ours.covered
    assert both.segments == ours.segments
    assert "modification_rates.csv, 26 rows" in both.info.edition


def test_newer_rows_extend_the_last_run(tmp_path: Path) -> None:
    own(tmp_path, "2026-11-13,6.625,exhibit,verified", "2026-10-15,6.875,exhibit,verified")
    assert modification_rate(date(2026, 10, 14), tmp_path).rate_ppm == 67_500
    assert modification_rate(date(2026, 10, 15), tmp_path).rate_ppm == 68_750
    assert modification_rate(date(2026, 10, 17), tmp_path).verification == "verified"
    assert modification_rate(date(2026, 12, 14), tmp_path).rate_ppm == 66_250
    with pytest.raises(CoverageError):
        modification_rate(date(2026, 12, 15), tmp_path)


def test_rows_in_the_gap_cover_it_up_to_the_next_known_change(tmp_path: Path) -> None:
    own(tmp_path, "2026-06-12,6.500,exhibit,secondary", "2026-07-15,6.375,exhibit,secondary")
    assert modification_rate(date(2026, 7, 14), tmp_path).rate_ppm == 65_000
    assert modification_rate(date(2026, 8, 13), tmp_path).rate_ppm == 63_750
    assert modification_rate(date(2026, 8, 14), tmp_path).rate_ppm == 66_250
    with pytest.raises(CoverageError):
        modification_rate(date(2026, 6, 11), tmp_path)


def test_a_row_far_from_the_next_holds_only_for_the_usual_time(tmp_path: Path) -> None:
    own(tmp_path, "2024-01-16,6.750,exhibit,verified")
    assert modification_rate(date(2024, 2, 16), tmp_path).rate_ppm == 67_500
    with pytest.raises(CoverageError):
        modification_rate(date(2024, 2, 17), tmp_path)


def test_the_end_of_the_exhibit_moves_only_if_the_file_repeats_its_last_row(tmp_path: Path) -> None:
    own(tmp_path, "2023-02-14,6.250,exhibit,verified")
    with pytest.raises(CoverageError):
        modification_rate(date(2023, 2, 5), tmp_path)
    own(tmp_path, "2023-01-17,6.375,exhibit,verified", "2023-02-14,6.250,exhibit,verified")
    assert modification_rate(date(2023, 2, 13), tmp_path).rate_ppm == 63_750
    own(tmp_path, "2023-01-17,6.375,exhibit,verified")
    with pytest.raises(CoverageError):
        modification_rate(date(2023, 2, 1), tmp_path)


def test_a_surer_row_lends_its_word(tmp_path: Path) -> None:
    own(tmp_path, "2026-08-14,6.625,Fannie Mae exhibit,verified", "2020-05-14,3.375,a blog,unverified")
    assert modification_rate(date(2026, 8, 20), tmp_path).verification == "verified"
    assert modification_rate(date(2020, 5, 20), tmp_path).verification == "verified"


def test_a_row_that_repeats_a_run_between_its_changes_is_harmless(tmp_path: Path) -> None:
    own(tmp_path, "2021-12-15,3.125,exhibit,verified")
    assert modification_rate(date(2021, 12, 20), tmp_path).effective_from == date(2021, 11, 15)


@pytest.mark.parametrize(
    "row", ["2020-05-14,3.500,x,verified", "2021-12-15,3.250,x,verified", "2026-09-15,6.5,x,secondary"]
)
def test_a_row_that_contradicts_a_run_is_refused(tmp_path: Path, row: str) -> None:
    own(tmp_path, row)
    with pytest.raises(InputError, match="contradicts"):
        modification_rate(date(2022, 1, 1), tmp_path)


def test_a_run_overrules_an_observation_and_says_so(tmp_path: Path) -> None:
    own(tmp_path, "2024-09-13,6.250,exhibit,verified", "2024-10-15,6.125,exhibit,verified")
    assert modification_rate(date(2024, 9, 22), tmp_path).rate_ppm == 62_500
    assert "2024-09-22 (6.500 %) differs" in modification_rates(tmp_path).info.note


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("effective_from,rate\n2026-10-15,6.5\n", "has the columns effective_from, rate"),
        (HEADER + "15/10/2026,6.5,x,verified\n", "row 2: '15/10/2026' is not a date"),
        (HEADER + "2026-10-15,6.5 %,x,verified\n", "row 2: '6.5 %' is not a percent"),
        (HEADER + "2026-10-15,0.065001,x,verified\n", "row 2: '0.065001' is not a percent"),
        (HEADER + "2026-10-15,6.5,,verified\n", "row 2: None is no source"),
        (HEADER + "2026-10-15,6.5,x,sure\n", "row 2: 'sure' is none of verified, secondary, unverified"),
        (
            HEADER + "2026-10-15,6.5,x,verified\n2026-10-15,6.5,x,verified\n",
            "row 3: '2026-10-15' is given twice",
        ),
        (HEADER, "the file has no rows"),
    ],
)
def test_a_bad_file_is_refused_with_its_row(tmp_path: Path, text: str, finding: str) -> None:
    path = tmp_path / "modification_rates.csv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_modification_rates_csv(path)
    assert finding in str(caught.value)


BAD_TABLES = {
    "is not among the sources": ("source: supermortgage_2026", "source: hearsay"),
    "not in order of days": ("2020-05-14", "2023-05-14"),
    "covered only to": ("covered_to: 2023-01-31", "covered_to: 2023-01-01"),
    "has no end": ("covered_to: 2023-01-31", "covered_to: null"),
    "string_pattern_mismatch|pattern": ('"3.375"', '"3.38"'),
    "Extra inputs": ("precision: day", "precise: day"),
}


@pytest.mark.parametrize("message", BAD_TABLES)
def test_a_damaged_table_is_refused(tmp_path: Path, message: str) -> None:
    old, new = BAD_TABLES[message]
    text = package_file("modification_rates.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "table.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ReferenceDataError, match=message):
        load_table(tmp_path / "table.yaml")


def test_an_unused_source_is_refused(tmp_path: Path) -> None:
    text = package_file("modification_rates.yaml").read_text(encoding="utf-8")
    extra = "sources:\n  extra: {citation: x, address: y, verification: secondary}\n"
    (tmp_path / "table.yaml").write_text(text.replace("sources:\n", extra, 1), encoding="utf-8")
    with pytest.raises(ReferenceDataError, match="extra is not used"):
        load_table(tmp_path / "table.yaml")


def test_attached_rates_are_those_of_single_days() -> None:
    days = [
        date(2020, 3, 12),
        date(2020, 3, 13),
        None,
        date(2024, 9, 22),
        date(2026, 9, 15),
        date(2020, 3, 13),
    ]
    frame = pl.DataFrame({"n": range(6), "when": days}, schema_overrides={"when": pl.Date})
    got = attach_modification_rate(frame, "when")
    assert got["n"].to_list() == list(range(6))
    assert got["modification_rate"].to_list() == [None, 35_000, None, 65_000, 67_500, 35_000]
    assert got["modification_rate_verification"].to_list() == [
        None,
        "verified",
        None,
        "secondary",
        "secondary",
        "verified",
    ]
    assert got["modification_rate_effective_from"].to_list() == [
        None,
        date(2020, 3, 13),
        None,
        None,
        date(2026, 9, 15),
        date(2020, 3, 13),
    ]
    assert got["modification_rate_source"].null_count() == 2
    assert attach_modification_rate(got, "when").equals(got), "attaching twice must not add columns"


@given(st.lists(st.dates(date(2011, 1, 1), date(2027, 1, 1)), max_size=30))
def test_attached_floors_are_those_of_single_days(days: list[date]) -> None:
    frame = pl.DataFrame({"when": days}, schema={"when": pl.Date})
    got = attach_modification_rate_floor(frame, "when")
    assert got.schema["modification_rate_floor"] == pl.Int64
    for day, floor in zip(days, got["modification_rate_floor"].to_list(), strict=True):
        if floor is None:
            with pytest.raises(CoverageError):
                modification_rate_floor(day)
        else:
            assert modification_rate_floor(day).rate_ppm == floor


def test_attaching_needs_a_date_column() -> None:
    frame = pl.DataFrame({"when": ["2020-03-13"]})
    with pytest.raises(InputError, match="it is String"):
        attach_modification_rate(frame, "when")
    with pytest.raises(InputError, match="it is missing"):
        attach_modification_rate_floor(frame, "then")


def test_the_floor_of_a_known_day_is_the_rate() -> None:
    floor = modification_rate_floor(date(2022, 11, 20))
    assert (floor.rate_ppm, floor.basis, floor.verification) == (70_000, "posted", "verified")


def test_the_floor_in_a_gap_rests_on_the_survey_and_is_unverified() -> None:
    floor = modification_rate_floor(date(2024, 1, 1))
    assert (floor.rate_ppm, floor.basis, floor.verification) == (63_600, "survey", "unverified")
    assert "2023-12-28" in floor.explanation


@pytest.mark.parametrize("day", [date(2011, 12, 31), date(2026, 1, 7), date(2026, 8, 13), date(2026, 10, 17)])
def test_without_a_survey_there_is_no_floor(day: date) -> None:
    with pytest.raises(CoverageError):
        modification_rate_floor(day)


def test_a_newer_survey_brings_a_floor(tmp_path: Path) -> None:
    first = date(2026, 1, 1)
    weeks = [first + timedelta(days=7 * i) for i in range(40)]
    text = "date,pmms30\n" + "".join(f"{w.month}/{w.day}/{w.year},6.40\n" for w in weeks)
    (tmp_path / "PMMS_history.csv").write_text(text)
    assert modification_rate_floor(date(2026, 8, 13), tmp_path).rate_ppm == 61_500


def test_no_posted_rate_was_ever_below_the_floor() -> None:
    """Why the bound may be used: on each known day it lies at or below the posted rate."""
    window, margin = number("modification_rate_floor_window_days"), number("modification_rate_floor_margin")
    distances: dict[date, int] = {}
    for segment in modification_rates().segments:
        day = segment.valid_from
        while day <= min(segment.valid_to, date(2026, 1, 6)):
            lowest = lowest_pmms_rate(day - timedelta(days=window), day).rate_ppm
            distances[day] = segment.fact.rate_ppm - lowest
            day += timedelta(days=1)
    assert len(distances) == 1055 + len(OBSERVED_DAYS)
    # Even without the margin the posted rate never was below the lowest survey of the window.
    assert min(distances.values()) >= 0
    assert margin == 2500
    # The bound is not so low as to be useless: at most a point and a half below the rate.
    assert max(distances.values()) + margin < 15_000


def test_observations_of_a_month_respect_the_floor_too() -> None:
    for first, fact in modification_rates().monthly_observations:
        for offset in range(28):
            assert modification_rate_floor(first + timedelta(days=offset)).rate_ppm <= fact.rate_ppm
