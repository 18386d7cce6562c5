"""How foreclosure goes in a state, in plain words: every state, each line with source and mark, nothing made up."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hopenow.reference import foreclosure_in, foreclosure_practice

STATES = list(foreclosure_practice().states)
TOPICS = ["process", "time_frame", "redemption", "mediation"]
NOTHING = "Our sources do not say."


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_four_lines_with_source_and_mark(state: str) -> None:
    found = foreclosure_in(state)
    practice = foreclosure_practice().states[state]
    assert found is not None
    assert [line.topic for line in found.lines] == TOPICS
    for line in found.lines:
        assert line.says.endswith(".")
        # Where nothing is known there is no source, and the words say so; the other way around as well.
        assert (line.source is None) == line.says.startswith(NOTHING)
    assert (found.process, found.days_to_sale) == (practice.process, practice.time_frame.days)
    assert (found.redemption_days is not None) == (found.redemption == "days")
    assert f"{found.days_to_sale:,} days" in found.lines[1].says
    assert "not a promise" in found.lines[1].says


def test_an_unknown_state_gives_nothing() -> None:
    assert foreclosure_in(None) is None
    assert foreclosure_in("ZZ") is None


def test_doubts_are_said() -> None:
    arizona, maryland, illinois = (foreclosure_in(state) for state in ("AZ", "MD", "IL"))
    assert arizona is not None
    assert "30 to 180 days" in arizona.lines[2].says
    assert "may hold only after a court sale" in arizona.lines[2].note
    assert maryland is not None
    assert maryland.lines[0].note == "Listed as nonjudicial, but a court takes part."
    assert maryland.lines[2].says.startswith("A court decides")
    assert illinois is not None
    assert "newer edition" in illinois.lines[1].note
    assert "Other accounts differ" in illinois.lines[2].note


def test_what_a_weak_source_says_is_marked() -> None:
    for state in STATES:
        found = foreclosure_in(state)
        assert found is not None
        redemption = found.lines[2]
        assert redemption.source is None or redemption.source.verification == "unverified"
        assert found.caution.startswith("Nothing here was checked against the state")


def test_words_agree_with_the_shared_file(shared: Path) -> None:
    with (shared / "data" / "state_foreclosure.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        found = foreclosure_in(row["state_code"])
        assert found is not None
        assert found.name == row["state_name"]
        court = found.lines[0].says.startswith("The lender usually has to go to court")
        assert court == (row["usual_process"] == "judicial")
        assert found.days_to_sale == int(row["timeline_days"])
        assert (found.lines[1].note != "") == (row["timeline_confidence"] == "low")
        if row["redemption_rule"] == "days":
            assert found.redemption_days == (int(row["redemption_days_min"]), int(row["redemption_days_max"]))
            assert f"{int(row['redemption_days_max']):,} days" in found.lines[2].says
        assert (found.lines[3].source is None) == (row["mediation_status"] == "not_covered")
        if found.lines[3].source is not None:
            assert found.lines[3].source.verification == row["mediation_verification"]


def test_the_users_table_takes_precedence(tmp_path: Path) -> None:
    import importlib.resources

    text = importlib.resources.files("hopenow.reference").joinpath("data/state_foreclosure.yaml").read_text("utf-8")
    (tmp_path / "state_foreclosure.yaml").write_text(text.replace("{days: 420,", "{days: 421,", 1), encoding="utf-8")
    found = foreclosure_in("AL", tmp_path)
    assert found is not None
    assert found.days_to_sale == 421
