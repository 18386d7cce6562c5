"""Planted denials are found and unplanted ones are not; whom each rule left out adds up; the command does it all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hopenow.cli.app import run
from hopenow.errors import InputError
from hopenow.oversight.fairness import Choices, examine
from hopenow.oversight.fairness.cells import EVERYBODY
from hopenow.oversight.fairness.replay import VERDICTS, replay
from hopenow.review import Settings, review_canonical
from hopenow.tapes.synthetic import synthetic_delinquent
from tests.oversight.fairness_people import applications, people

SETTINGS = Settings(programs=("fannie_mae", "freddie_mac"))
OPTION = "flex_modification"


@pytest.fixture(scope="module")
def facts() -> pl.DataFrame:
    return synthetic_delinquent(500, 17)


@pytest.fixture(scope="module")
def reviewed(facts: pl.DataFrame) -> pl.DataFrame:
    return review_canonical(facts, SETTINGS).with_columns(
        pl.col("loan_id").cast(pl.String),
        pl.col(f"{OPTION}__status").cast(pl.String),
        pl.col(f"{OPTION}__failed").cast(pl.String),
    )


def loans(reviewed: pl.DataFrame, status: str) -> pl.DataFrame:
    return reviewed.filter(pl.col(f"{OPTION}__status") == status).select(
        "loan_id", pl.col(f"{OPTION}__failed").alias("failed")
    )


def denials(ids: list[str], reasons: list[str | None] | None = None, option: str = OPTION) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "application_id": [f"A{number}" for number in range(len(ids))],
            "loan_id": ids,
            "denied": ["yes"] * len(ids),
            "denied_option": [option] * len(ids),
            "denial_reason": reasons or [None] * len(ids),
            "race": ["black" if number % 3 == 0 else "white" for number in range(len(ids))],
        },
        schema_overrides={"denial_reason": pl.String},
    )


def test_planted_denials_are_found_and_unplanted_are_not(facts: pl.DataFrame, reviewed: pl.DataFrame) -> None:
    planted, right = loans(reviewed, "eligible"), loans(reviewed, "ineligible")
    open_ones = loans(reviewed, "conditional")
    assert min(planted.height, right.height, open_ones.height) > 20
    missing = [f"NOT-THERE-{number}" for number in range(12)]
    recorded = [failed.split(";")[0] for failed in right["failed"]]
    recorded[0] = "BECAUSE"
    file = denials(
        [*planted["loan_id"], *right["loan_id"], *open_ones["loan_id"], *missing],
        [*["REASON"] * planted.height, *recorded, *["REASON"] * open_ones.height, *[None] * 12],
    )
    made = applications(file)
    result = replay(made.frame, facts, SETTINGS)
    by_loan = dict(zip(result.rows["loan_id"], result.rows["verdict"], strict=True))
    assert all(by_loan[loan] == "denied_but_eligible" for loan in planted["loan_id"])
    assert all(by_loan[loan] == "supported" for loan in right["loan_id"])
    assert all(by_loan[loan] == "not_settled" for loan in open_ones["loan_id"])
    assert all(by_loan[loan] == "no_facts" for loan in missing)
    confirmed = result.rows.filter(pl.col("verdict") == "supported")["reason_confirmed"].to_list()
    assert confirmed == [False, *[True] * (right.height - 1)]
    assert (
        result.rows.filter(pl.col("verdict") != "supported")["reason_confirmed"].null_count()
        == file.height - right.height
    )
    everyone = result.counts.filter(pl.col("dimension") == "")
    counts = dict(zip(everyone["verdict"], everyone["count"], strict=True))
    assert counts["denied_but_eligible"] == planted.height
    assert counts["cannot_be_replayed"] == 12
    assert everyone["denials"].unique().to_list() == [file.height]


def test_an_option_nobody_knows_and_other_options_that_are_open(facts: pl.DataFrame, reviewed: pl.DataFrame) -> None:
    both = reviewed.filter(
        (pl.col(f"{OPTION}__status") == "ineligible")
        & (pl.col("payment_deferral__status").cast(pl.String) == "eligible")
    )
    ids = both["loan_id"].to_list()
    assert ids
    result = replay(applications(denials(ids)).frame, facts, SETTINGS)
    assert all("payment_deferral" in other for other in result.rows["other_options_open"])
    unknown = replay(applications(denials(ids, option="magic")).frame, facts, SETTINGS)
    assert set(unknown.rows["verdict"]) == {"unknown_option"}


def test_denials_by_group_and_through_the_whole_examination(facts: pl.DataFrame, reviewed: pl.DataFrame) -> None:
    planted = loans(reviewed, "eligible")["loan_id"].to_list()
    right = loans(reviewed, "ineligible")["loan_id"].to_list()
    result = examine(applications(denials(planted + right)), facts=facts, settings=SETTINGS)
    assert result.replay is not None
    groups = result.replay.counts.filter((pl.col("dimension") == "race") & (pl.col("verdict") == "denied_but_eligible"))
    assert groups["count"].sum() == len(planted)
    assert groups["denials"].sum() == len(planted) + len(right)


def test_without_loan_or_option_nothing_can_be_replayed(facts: pl.DataFrame) -> None:
    with pytest.raises(InputError, match="denied_option"):
        replay(pl.DataFrame({"loan_id": ["1"]}), facts, SETTINGS)
    empty = replay(applications(denials(["x"])).frame.clear(), facts, SETTINGS)
    assert empty.rows.is_empty()
    assert empty.counts.is_empty()


def test_every_verdict_has_words() -> None:
    assert all(VERDICTS.values())


# --- screens --------------------------------------------------------------------------------------


def screened_file(count: int, seed: int) -> pl.DataFrame:
    """People denied for reasons, of whom income screens out more black people, and those screened out lose the home."""
    rng = np.random.default_rng(seed)
    frame = people(count, seed).drop("trial", "permanent", "durable")
    black = (frame["race"] == "black").to_numpy()
    reason = np.where(rng.uniform(size=count) < np.where(black, 0.7, 0.4), "INCOME", "VALUE")
    reason = np.where(rng.uniform(size=count) < 0.003, "RARE", reason)
    decided = (frame["decided"] == "yes").to_numpy()
    denied = decided & (frame["offered"] == "no").to_numpy()
    lost = rng.uniform(size=count) < np.where(denied, 0.5, 0.1)
    fared = np.where(rng.uniform(size=count) < 0.2, "unknown", np.where(lost, "lost_home", "kept_home"))
    return frame.with_columns(
        pl.Series("denied", np.where(denied, "yes", np.where(decided, "no", ""))),
        pl.Series("denial_reason", np.where(denied, reason, "")),
        pl.Series("fared", fared),
    )


def test_whom_each_rule_left_out_and_how_they_fared() -> None:
    frame = screened_file(6_000, 4)
    result = examine(applications(frame), choices=Choices(by=("race", "sex")))
    everyone = result.screens.screened.filter(pl.col("dimension") == "")
    denied = frame.filter(pl.col("denied") == "yes")
    decided = frame.filter(pl.col("decided") == "yes").height
    shown = {row["reason"]: row for row in everyone.iter_rows(named=True)}
    assert shown["INCOME"]["screened_out"] == denied.filter(pl.col("denial_reason") == "INCOME").height
    assert shown["INCOME"]["decided"] == decided
    assert shown["INCOME"]["rate"] == pytest.approx(shown["INCOME"]["screened_out"] / decided)
    race = result.screens.screened.filter((pl.col("dimension") == "race") & (pl.col("reason") == "INCOME"))
    black = race.filter(pl.col("group") == "black").row(0, named=True)
    assert black["ratio_low"] > 1.2
    fared = {(row["reason"], row["fate"]): row for row in result.screens.fared.iter_rows(named=True)}
    income = denied.filter(pl.col("denial_reason") == "INCOME")
    known = income.filter(pl.col("fared") != "unknown").height
    assert fared["INCOME", "lost_home"]["count"] == income.filter(pl.col("fared") == "lost_home").height
    assert fared["INCOME", "lost_home"]["people"] == known
    assert fared["INCOME", "unknown"]["people"] == income.height
    assert fared["INCOME", "lost_home"]["rate_low"] > fared["offered help", "lost_home"]["rate_high"]


def test_screens_never_contradict_the_way_to_help() -> None:
    """Figures of the same people in two tables: what one hides, the other does not give away."""
    for seed in range(6):
        result = examine(applications(screened_file(160, 50 + seed)), choices=Choices(by=("race", "sex")))
        way = {
            (row["dimension"], row["group"]): row
            for row in result.funnel.steps.filter(pl.col("stage") == "offered").iter_rows(named=True)
        }
        for (dimension, group), rows in result.screens.screened.group_by("dimension", "group"):
            step = way[dimension, group]
            left_out = rows["screened_out"].to_list()
            assert all(value is None or value == 0 or value >= 10 for value in left_out)
            hidden = [value for value in left_out if value is None]
            if step["entered"] is not None and step["reached"] is not None and group != EVERYBODY:
                # Everybody decided is offered help or left out for some reason: one alone cannot be hidden.
                assert len(hidden) != 1


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_writes_every_table_and_a_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    screened_file(3_000, 9).write_csv("help.csv")
    code = run(
        ["fairness", "help.csv", "--adjust", "risk_score", "--outcome", "denied", "--term", "race", "--term", "age"]
    )
    said = capsys.readouterr()
    assert code == 0, said.err
    out = folder / "help-fairness"
    names = {path.name for path in out.iterdir()}
    for name in ("people", "steps", "alarms", "screened", "fared", "means", "models", "findings"):
        assert {f"{name}.csv", f"{name}.parquet"} <= names
        assert pl.read_parquet(out / f"{name}.parquet").columns == pl.read_csv(out / f"{name}.csv").columns
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["read"] == summary["kept"] + summary["excluded"] == 3_000
    assert summary["thresholds"]["minimum_cell"]["verification"] == "unverified"
    page = (out / "fairness.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    for part in (
        "Who is in the file",
        "How far did people get?",
        "Are groups treated alike: race?",
        "Regression: asked",
        "Whom did each rule leave out?",
    ):
        assert part in page
    assert "Read 3,000 rows = kept 3,000 + excluded 0" in said.out


def test_the_command_replays_denials(
    folder: Path, facts: pl.DataFrame, reviewed: pl.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = loans(reviewed, "eligible")["loan_id"].to_list()
    denials(planted).write_csv("denied.csv")
    facts.write_parquet("facts.parquet")
    code = run(
        ["fairness", "denied.csv", "--facts", "facts.parquet", "--denial-rows", "--no-report", "--format", "csv",
         "--program", "fannie_mae", "--program", "freddie_mac", "--out", "out"]
    )  # fmt: skip
    said = capsys.readouterr()
    assert code == 0, said.err
    rows = pl.read_csv(folder / "out" / "denials-row-by-row.csv")
    assert set(rows["verdict"]) == {"denied_but_eligible"}
    assert rows.height == len(planted)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--compare-with", "race"], "NAME=GROUP"),
        (["--outcome", "denied"], "--term"),
        (["--format", "xlsx"], "not a format"),
        (["--mapping", "nowhere"], "boston_hmda"),
    ],
)
def test_a_wrong_command_says_what_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    people(50, 1).write_csv("help.csv")
    assert run(["fairness", "help.csv", *arguments]) == 3
    assert said in capsys.readouterr().err
