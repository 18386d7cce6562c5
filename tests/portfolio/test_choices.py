from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from hopenow.errors import InputError
from hopenow.facts import NEVER
from hopenow.portfolio.choices import parse_at, read_fact, settings


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("hardship_resolved", "true", True),
        ("hardship_resolved", "no", False),
        ("note_rate", "4.125", 41_250),
        ("property_value", "300000.50", 30_000_050),
        ("months_delinquent", "3", 3),
        ("hardship_kind", "disaster", "disaster"),
        ("bankruptcy", "none", "none"),
        ("last_modification_date", "never", NEVER),
        ("sale_date", "2026-10-01", datetime.date(2026, 10, 1)),
        ("state", "OH", "OH"),
    ],
)
def test_facts_are_read_as_in_files(name: str, text: str, value: object) -> None:
    assert read_fact(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("note_rate", "four"),
        ("note_rate", "31"),
        ("hardship_kind", "bad luck"),
        ("months_delinquent", "1.5"),
        ("state", "Ohio"),
        ("note_rate", "NA"),
    ],
)
def test_facts_that_cannot_be_read_are_refused(name: str, text: str) -> None:
    with pytest.raises(InputError):
        read_fact(name, text)


def test_settings_keep_the_order_of_assumptions() -> None:
    made = settings(assume=("note_rate=4", "hardship_resolved=yes"), programs=("freddie_mac", "freddie_mac"))
    assert dict(made.assume) == {"note_rate": 40_000, "hardship_resolved": True}
    assert made.programs == ("freddie_mac",)


@pytest.mark.parametrize("text", ["note_rate", "=4", "note_rate=", ""])
def test_an_assumption_needs_name_and_value(text: str) -> None:
    with pytest.raises(InputError) as caught:
        settings(assume=(text,))
    assert "name=value" in str(caught.value)


def test_the_same_fact_twice_is_refused() -> None:
    with pytest.raises(InputError, match="given twice"):
        settings(assume=("note_rate=4", "note_rate=5"))


def test_an_unknown_rule_set_is_refused() -> None:
    with pytest.raises(InputError, match="no rule set nonsense"):
        settings(adopted=("nonsense=2024-01-01",))


def test_profiles_make_a_program_of_their_own(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        settings(profiles=(tmp_path / "none.yaml",))
    made = settings(pool_used=("generic_portfolio=2.5",))
    assert set(made.extra_programs) == {"private_label"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("last", "last"),
        ("each", "each"),
        ("2024-02", datetime.date(2024, 2, 29)),
        ("2026-12", datetime.date(2026, 12, 31)),
        ("2026-09-03", datetime.date(2026, 9, 30)),
    ],
)
def test_months(text: str, value: object) -> None:
    assert parse_at(text) == value


@pytest.mark.parametrize("text", ["2026-13", "first", "26-9", ""])
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(InputError, match="write last, each, or a month"):
        parse_at(text)
