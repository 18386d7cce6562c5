"""Every program at once: the right waterfall for each loan, each possibility where whose it is is not known."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from hopenow.errors import InputError
from hopenow.facts import schema
from hopenow.portfolio.pipeline import review_tape
from hopenow.portfolio.summary import Summary
from hopenow.programs.registry import ALL, EVERYONE, PROGRAMS
from hopenow.review import Settings, explain, review_canonical
from hopenow.tapes.synthetic import synthetic_delinquent
from tests.cli.test_commands import hopenow
from tests.portfolio.tapes import outside, pq, published

KINDS: tuple[tuple[str | None, str | None], ...] = (
    ("conventional", "fannie_mae"),
    ("conventional", "freddie_mac"),
    ("conventional", "private_label"),
    ("fha", "ginnie_mae"),
    ("fha", None),
    ("va", "ginnie_mae"),
    ("usda", None),
    ("section_184", None),
    (None, None),
    (None, "fannie_mae"),
    (None, "ginnie_mae"),
    ("conventional", None),
    ("conventional", "ginnie_mae"),
)
OWN = {
    ("conventional", "fannie_mae"): {"fannie_mae": True},
    ("conventional", "freddie_mac"): {"freddie_mac": True},
    ("conventional", "private_label"): {"private_label": True},
    ("fha", "ginnie_mae"): {"fha": True},
    ("fha", None): {"fha": True},
    ("va", "ginnie_mae"): {"va": True},
    ("usda", None): {"usda": True},
    ("section_184", None): {"section_184": True},
    (None, None): dict.fromkeys(
        ("fannie_mae", "freddie_mac", "private_label", "fha", "va", "usda", "section_184"), False
    ),
    (None, "fannie_mae"): {"fannie_mae": True},
    (None, "ginnie_mae"): dict.fromkeys(("fha", "va", "usda", "section_184"), False),
    ("conventional", None): dict.fromkeys(("fannie_mae", "freddie_mac", "private_label"), False),
    ("conventional", "ginnie_mae"): {},
}
"""Programs that hold today for each kind of loan, and whether that is known to be so."""
COUNT = 260


def mixed(count: int = COUNT) -> pl.DataFrame:
    types = schema()
    kinds = [KINDS[place % len(KINDS)] for place in range(count)]
    return synthetic_delinquent(count, seed=5).with_columns(
        pl.Series("loan_type", [kind for kind, _ in kinds], dtype=types["loan_type"].dtype),
        pl.Series("investor", [owner for _, owner in kinds], dtype=types["investor"].dtype),
        pl.lit(None, dtype=pl.String).alias("investor_profile"),
        pl.format("L{}", pl.int_range(pl.len())).alias("loan_id"),
    )


Reviewed = tuple[Summary, Path]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mixed") / "mixed.parquet"
    pq.write_table(published(outside(mixed()), {}), path)
    return path


@pytest.fixture(scope="module")
def reviewed(tape: Path) -> Reviewed:
    folder = tape.parent / "out"
    return review_tape(tape, folder, Settings(programs=(ALL,)), report=True, loan_pages=2), folder


def frame(folder: Path, name: str = "results") -> pl.DataFrame:
    return pl.read_parquet(folder / f"{name}.parquet").with_columns(pl.col(pl.Categorical).cast(pl.String))


def test_each_loan_has_its_own_waterfall_or_every_possibility(reviewed: Reviewed) -> None:
    _, folder = reviewed
    found: dict[str, dict[str, bool]] = {f"L{place}": {} for place in range(COUNT)}
    for row in frame(folder).iter_rows(named=True):
        if row["program"] is not None:
            found[row["loan_id"]][row["program"]] = row["investor_known"]
    for place in range(COUNT):
        assert found[f"L{place}"] == OWN[KINDS[place % len(KINDS)]], place


def test_nothing_is_lost_and_the_order_is_that_of_the_tape(reviewed: Reviewed) -> None:
    summary, folder = reviewed
    own, anyone = frame(folder), frame(folder, "open_to_anyone")
    for table in (own, anyone):
        assert table["row"].to_list() == sorted(table["row"].to_list())
        assert table["loan_id"].n_unique() == COUNT
    assert summary.results == own.height == sum(summary.programs.values()) == sum(summary.outlook.values())
    assert summary.programs["no_program"] == COUNT // len(KINDS)
    counted = Counter(own["program"].drop_nulls().to_list())
    assert {name: count for name, count in summary.programs.items() if count and name != "no_program"} == counted


def test_no_loan_ends_with_nothing(reviewed: Reviewed) -> None:
    summary, folder = reviewed
    anyone = frame(folder, "open_to_anyone")
    counseled = anyone.filter(pl.col("program") == "housing_counseling")
    assert counseled.height == COUNT
    assert counseled["housing_counseling__status"].unique().to_list() == ["eligible"]
    assert counseled["investor_known"].all()
    assert summary.everyone == dict(sorted(Counter(anyone["program"].to_list()).items()))
    (counseling,) = [item for item in summary.everyone_options if item.id == "housing_counseling"]
    assert counseling.statuses == {"eligible": COUNT, "conditional": 0, "ineligible": 0, "not_determined": 0}


def test_possibilities_are_labeled_and_counted(reviewed: Reviewed) -> None:
    summary, folder = reviewed
    open_ones = frame(folder).filter(~pl.col("investor_known"))
    assert summary.investor_unknown == open_ones.height == sum(summary.possibilities.values())
    assert summary.possibilities == Counter(open_ones["program"].to_list())
    assert set(summary.possibilities) == {name for own in OWN.values() for name, known in own.items() if not known}
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "as a possibility" in text
    assert "marked as a possibility" in text
    assert "Open to anyone, whatever the loan" in text


def test_each_answer_is_that_of_the_program_alone(reviewed: Reviewed) -> None:
    """Looking at all programs changes no answer of any."""
    _, folder = reviewed
    facts = mixed()
    for name in ("fha", "va", "fannie_mae", "assistance_funds"):
        alone = review_canonical(facts, Settings(programs=(name,))).filter(pl.col("program") == name)
        alone = alone.with_columns(pl.col(pl.Enum).cast(pl.String))
        table = frame(folder, "open_to_anyone" if name in EVERYONE else "results")
        together = table.filter(pl.col("program") == name)
        assert together["loan_id"].to_list() == alone["loan_id"].to_list()
        words = [item for item in alone.columns if item.endswith(("__status", "__failed", "__unknown", "ranked"))]
        assert len(words) > 6
        for item in words:
            assert together[item].to_list() == alone[item].to_list(), item


def test_pieces_and_threads_change_nothing(tape: Path, reviewed: Reviewed, tmp_path: Path) -> None:
    _, folder = reviewed
    review_tape(tape, tmp_path, Settings(programs=(ALL,)), batch_rows=17, threads=3)
    for name in ("results", "open_to_anyone"):
        assert frame(tmp_path, name).equals(frame(folder, name))


def test_both_formats_say_the_same(tape: Path, reviewed: Reviewed, tmp_path: Path) -> None:
    _, folder = reviewed
    review_tape(tape, tmp_path, Settings(programs=(ALL,)), formats=("csv",))
    for name in ("results", "open_to_anyone"):
        csv = pl.read_csv(tmp_path / f"{name}.csv", infer_schema=False)
        whole = frame(folder, name)
        assert csv.columns == whole.columns
        for column in ("loan_id", "program", "first_possible"):
            assert csv[column].fill_null("").to_list() == whole[column].fill_null("").to_list()
    assert not (tmp_path / "results.parquet").exists()


def test_without_asking_nothing_open_to_anyone_is_written(tape: Path, tmp_path: Path) -> None:
    summary = review_tape(tape, tmp_path, Settings())
    assert not (tmp_path / "open_to_anyone.parquet").exists()
    assert summary.everyone == {}
    assert set(summary.programs) == {"fannie_mae", "freddie_mac", "private_label", "no_program"}


def test_advice_alone_is_an_outlook_of_its_own(tape: Path, tmp_path: Path) -> None:
    summary = review_tape(tape, tmp_path, Settings(programs=("housing_counseling",)), report=True)
    assert {name: count for name, count in summary.outlook.items() if count} == {"help_only": COUNT}
    assert "Only advice" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_summary_can_be_read_back(reviewed: Reviewed) -> None:
    summary, folder = reviewed
    assert Summary.load(folder / "summary.json").as_dict() == json.loads(json.dumps(summary.as_dict()))


# --- settings and one loan ------------------------------------------------------------------------


def test_settings_with_every_program() -> None:
    every = Settings(programs=(ALL,))
    assert [item.id for item in every.chosen()] == list(PROGRAMS)
    only_fha = mixed().filter(pl.col("loan_type") == "fha")
    assert [item.id for item in every.chosen(only_fha)] == ["fha", "hope_now_2007", *EVERYONE]
    with pytest.raises(InputError, match="no rule set"):
        Settings(programs=(ALL,), adopted={"nothing": mixed()["evaluation_date"][0]}).chosen()


def test_one_loan_of_unknown_kind_gets_each_possibility_and_what_is_open_to_anyone() -> None:
    loan = mixed().filter(pl.col("loan_type").is_null() & pl.col("investor").is_null())[:1]
    found = {item.program: item.investor_known for item in explain(loan, Settings(programs=(ALL,)))}
    assert found.pop("housing_counseling") is True
    found.pop("assistance_funds", None)
    assert found == OWN[None, None]


def test_the_command_line(tape: Path, tmp_path: Path) -> None:
    ran = hopenow("review", tape, "--program", "all", "--out", tmp_path / "out", "--no-report", "--quiet")
    assert ran.code == 0
    assert "as a possibility" in ran.out
    assert f"open to anyone: Housing counseling (free foreclosure help): open or maybe open for {COUNT}" in ran.out
    assert (tmp_path / "out" / "open_to_anyone.parquet").exists()


def test_a_reading_of_a_tape_is_said_everywhere(tape: Path, tmp_path: Path) -> None:
    settings = Settings(programs=(ALL,), readings={"va.index_rounding": "up"})
    summary = review_tape(tape, tmp_path, settings, report=True)
    (said,) = summary.readings
    assert (said.reading, said.value, said.default, said.verification) == (
        "va.index_rounding", "up", "nearest", "verified",
    )  # fmt: skip
    footer = json.loads(pq.read_metadata(tmp_path / "results.parquet").metadata[b"hopenow.review"])
    assert footer["readings"][0]["reading"] == "va.index_rounding"
    assert "Some rules are read differently here." in (tmp_path / "report.html").read_text(encoding="utf-8")
    ran = hopenow("review", tape, "--program", "va", "--reading", "va.index_rounding=up", "--out", tmp_path / "one",
                  "--no-report", "--quiet")  # fmt: skip
    assert "Read differently: va.index_rounding = up (usually nearest; verified)" in ran.out


def test_a_reading_of_a_program_that_the_tape_is_not_reviewed_under_is_refused(tape: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no program that is looked at"):
        review_tape(tape, tmp_path, Settings(readings={"va.index_rounding": "up"}))
    assert not (tmp_path / "results.parquet").exists()
