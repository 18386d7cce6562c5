"""State foreclosure practice: the table, its sources, and the difference between none and not covered."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest

from hopenow.errors import ReferenceDataError
from hopenow.reference import foreclosure_practice, state_practice, state_practice_frame
from hopenow.reference.tables import package_file

EDITIONS = {"fannie_2019-01-01": "effective 2019-01-01", "fannie_2015-16": "2015 to early 2016"}


def test_every_state_is_there() -> None:
    states = foreclosure_practice().states
    assert len(states) == 55
    kinds = [entry.kind for entry in states.values()]
    assert [kinds.count(kind) for kind in ("state", "district", "territory", "city")] == [50, 1, 3, 1]
    processes = [entry.process for entry in states.values()]
    assert (processes.count("judicial"), processes.count("nonjudicial")) == (26, 29)


def test_an_entry_carries_sources_and_words() -> None:
    florida = state_practice("FL")
    assert (florida.process, florida.process_source.verification) == ("judicial", "secondary")
    assert (florida.time_frame.days, florida.time_frame.confidence) == (810, "medium")
    assert "2019-01-01" in florida.time_frame.source.citation
    assert florida.redemption.rule == "none"
    assert florida.redemption.source is not None
    assert florida.redemption.source.verification == "unverified"
    assert florida.mediation.status == "no_automatic_program"
    assert florida.mediation.source is not None
    assert florida.mediation.source.verification == "secondary"


def test_not_covered_is_not_none() -> None:
    texas, washington, georgia = (state_practice(code) for code in ("TX", "WA", "GA"))
    assert texas.redemption.rule == "none"
    assert washington.redemption.rule == "not_covered"
    assert washington.redemption.source is None
    assert washington.redemption.other_accounts
    assert texas.mediation.status == "not_covered"
    assert texas.mediation.source is None
    assert georgia.mediation.status == "none_reported"


def test_court_decides_has_no_days() -> None:
    redemption = state_practice("CT").redemption
    assert (redemption.rule, redemption.days_min, redemption.days_max) == ("court_decides", None, None)


def test_new_york_city_has_its_own_time_frame() -> None:
    assert state_practice("NY").time_frame.days == 1740
    assert state_practice("NY-NYC").time_frame.days == 2190


@pytest.mark.parametrize("state", ["", "ZZ", "fl", "Florida"])
def test_an_unknown_state_is_refused(state: str) -> None:
    with pytest.raises(ReferenceDataError, match="Use a postal code in capitals"):
        state_practice(state)


def test_frame_has_one_row_for_each_area() -> None:
    frame = state_practice_frame()
    assert frame.height == frame["state"].n_unique() == 55
    assert frame.schema["time_frame_days"] == pl.Int32
    assert frame.filter(pl.col("redemption_rule") != "days")["redemption_days_min"].null_count() == 55 - 20
    assert frame.filter(mediation_status="not_covered")["mediation_verification"].null_count() == 40


def test_entries_agree_with_the_shared_file(shared: Path) -> None:
    with (shared / "data" / "state_foreclosure.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    states = foreclosure_practice().states
    assert list(states) == [row["state_code"] for row in rows]
    for row in rows:
        entry = states[row["state_code"]]
        assert (entry.name, entry.kind, entry.process) == (
            row["state_name"],
            row["area_type"],
            row["usual_process"],
        )
        assert (str(entry.time_frame.days), entry.time_frame.confidence) == (
            row["timeline_days"],
            row["timeline_confidence"],
        )
        assert EDITIONS[row["timeline_edition"]] in entry.time_frame.source.citation
        assert str(entry.comparable_time_frame.days) == row["fannie_days_2015_16"]
        redemption = entry.redemption
        assert redemption.rule == (row["redemption_rule"] or "not_covered")
        if redemption.rule == "days":
            assert str(redemption.days_min) == row["redemption_days_min"]
            assert str(redemption.days_max) == row["redemption_days_max"]
        assert redemption.asterisk == (row["redemption_footnote"] == "yes")
        assert bool(redemption.other_accounts) == bool(row["redemption_other_source"])
        assert entry.mediation.status == row["mediation_status"]
        word = "" if entry.mediation.source is None else entry.mediation.source.verification
        assert word == row["mediation_verification"]
        assert (entry.sale_officer or "") == row["sale_officer"].lower()


BAD_TABLES = {
    "not in both: hearsay": ("source: fannie_2019, confidence", "source: hearsay, confidence"),
    "days_min and days_max belong": ("days_min: 30, days_max: 180, ", "days_min: 30, "),
    "days_min is larger": ("days_min: 30, days_max: 180", "days_min: 300, days_max: 180"),
    "not_covered has no source": ("{status: not_covered}", "{status: program}"),
    "process": ("process: judicial", "process: by court"),
    "pattern": ("  AL:\n", "  Alabama:\n"),
    "given twice": ("  AK:\n", "  AL:\n"),
}


@pytest.mark.parametrize("message", BAD_TABLES)
def test_a_damaged_table_is_refused(tmp_path: Path, message: str) -> None:
    old, new = BAD_TABLES[message]
    text = package_file("state_foreclosure.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "state_foreclosure.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ReferenceDataError, match=message):
        state_practice("AL", tmp_path)


def test_the_users_table_takes_precedence(tmp_path: Path) -> None:
    text = package_file("state_foreclosure.yaml").read_text(encoding="utf-8")
    text = text.replace("{days: 420, source: fannie_2019", "{days: 421, source: fannie_2019", 1)
    (tmp_path / "state_foreclosure.yaml").write_text(text, encoding="utf-8")
    assert state_practice("AL", tmp_path).time_frame.days == 421
    assert foreclosure_practice(tmp_path).info.origin.endswith("state_foreclosure.yaml")
