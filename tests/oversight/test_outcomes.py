"""Durable help, its tables, page and command: found where it was, not where it was not, and nobody shown alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.optimize import LinearConstraint, milp

from hopenow.cli.app import run
from hopenow.errors import InputError
from hopenow.oversight import disclosure, outcomes
from hopenow.oversight.disclosure import ALL
from hopenow.oversight.histories import Histories, read
from hopenow.oversight.metrics import package_published
from hopenow.oversight.report import FEW, page, write
from hopenow.oversight.tables import SHOWN_STATES, Choices, Tables, build

START = 2015 * 12
LIFE = 84


def months(key: str, lates: list[int], **more: Any) -> list[dict[str, Any]]:
    rows = []
    for place, late in enumerate(lates):
        row = {
            "loan_id": key,
            "month": START + place,
            "months_late": late,
            "modified": "no",
            "plan": "none",
            "ended": "none",
        }
        for name, steps in more.items():
            value = steps
            if isinstance(steps, dict):
                at = [step for step in steps if step <= place]
                if not at:
                    continue
                value = steps[max(at)]
            row[name] = value
        rows.append(row)
    return rows


def store(path: Path, rows: list[dict[str, Any]]) -> Path:
    frame = pl.DataFrame(rows, infer_schema_length=None).with_columns(first_payment_month=pl.lit(START))
    frame.write_parquet(path)
    return path


def histories(tmp_path: Path, rows: list[dict[str, Any]]) -> Histories:
    return read(store(tmp_path / "loans.parquet", rows), grid=outcomes.grid())


FELL = [0, 1, 2, 3]


def answers(found: Histories, horizon: int) -> dict[str, dict[str, str]]:
    marked = outcomes.tested(outcomes.homeowners(found), horizon, found.last_month or 0)
    return {
        row["loan_id"]: {name: row[name] for name in (*outcomes.TESTS, "state")} for row in marked.iter_rows(named=True)
    }


# --- the four tests -------------------------------------------------------------------------------


def test_the_four_tests_for_each_kind_of_fate(tmp_path: Path) -> None:
    rest = LIFE - 4
    rows = [
        *months("durable", [*FELL, *[0] * rest], modified={4: "yes"}, credit_score=700),
        *months("low_score", [*FELL, *[0] * rest], modified={4: "yes"}, credit_score=600),
        *months("no_score", [*FELL, *[0] * rest], modified={4: "yes"}),
        *months("again", [*FELL, *[0] * 6, 1, 2, 3, *[0] * (rest - 9)], modified={4: "yes"}, credit_score=700),
        *months("trial_only", [*FELL, *range(4, LIFE)], plan={4: "trial", 7: "none"}, credit_score=500),
        *months("lost", [*FELL, *[0] * 4, 1, 2, 3], modified={4: "yes"}, ended={10: "foreclosure_sale"}),
        *months("gave_up", [*FELL, *[0] * 4, 1, 2, 3], modified={4: "yes"}, ended={10: "short_sale"}),
        *months("paid", [*FELL, *[0] * 6], modified={4: "yes"}, ended={9: "paid_off"}),
        *months("left", [*FELL, *[0] * 6], modified={4: "yes"}, ended={9: "left"}),
        *months("recent", [0] * LIFE, plan={LIFE - 3: "forbearance"}),
    ]
    found = answers(histories(tmp_path, rows), 12)
    yes, no, unknown = "yes", "no", "unknown"
    assert found == {
        key: dict(zip((*outcomes.TESTS, "state"), values, strict=True))
        for key, values in {
            "durable": (yes, yes, yes, yes, yes, yes, "current"),
            "low_score": (yes, yes, yes, yes, no, no, "current"),
            "no_score": (yes, yes, yes, yes, unknown, unknown, "current"),
            # Current again after a year, but 60 days late in between.
            "again": (yes, no, yes, no, no, no, "current"),
            "trial_only": (no, no, yes, no, no, no, "late_60"),
            "lost": (yes, no, no, no, no, no, "lost"),
            "gave_up": (yes, no, no, no, no, no, "gave_up"),
            "paid": (yes, yes, unknown, unknown, unknown, unknown, "paid_off"),
            "left": (yes, unknown, unknown, unknown, unknown, unknown, "left"),
            "recent": ("too_recent",) * 7,
        }.items()
    }


def test_a_home_can_be_bought_again_after_the_waiting_time(tmp_path: Path) -> None:
    rows = [
        *months("gave_up", [*FELL, *[0] * 2], modified={4: "yes"}, ended={5: "short_sale"}),
        *months("lost", [*FELL, *[0] * 2], modified={4: "yes"}, ended={5: "foreclosure_sale"}),
        *months("other", [0] * 120),
    ]
    found = answers(histories(tmp_path, rows), 60)
    assert found["gave_up"]["mortgage_again"] == "unknown"  # 48 months are over, but nothing is known of the credit
    assert found["lost"]["mortgage_again"] == "no"


def test_trials_are_never_counted_as_help_done(tmp_path: Path) -> None:
    rows = [
        row
        for number in range(30)
        for row in months(f"T{number}", [*FELL, *range(4, LIFE)], plan={4: "trial", 7: "none"})
    ]
    found = build(histories(tmp_path, rows), Choices(minimum_cell=1))
    kinds = dict(found["help"].frame.select("kind", "actions").iter_rows())
    assert (kinds["trial"], kinds["modification"]) == (30, 0)
    tests = found["durable"].frame.filter(pl.col("months") == 12)
    assert set(tests.filter(pl.col("test").is_in(["long_term_help", "durable"]))["yes"]) == {0}
    assert found["groups"].frame["people"].sum() == 0
    side = found["side_by_side"].frame
    assert side.filter(pl.col("metric") == "own.trials_failed")["numerator"].to_list() == [30]
    assert side.filter(pl.col("metric") == "hope_now.total_solutions")["numerator"].to_list() == [30]
    assert side.filter(pl.col("metric") == "own.people_long_term")["numerator"].to_list() == [0]


def test_kept_gave_up_lost_pending_and_unknown_are_apart(tmp_path: Path) -> None:
    fates = {
        "kept and current": 5,
        "kept, late": 4,
        "pending": 3,
        "paid off": 2,
        "gave up the home": 6,
        "lost the home": 7,
        "unknown": 8,
    }
    rows = []
    for state, count in fates.items():
        for number in range(count):
            key = f"{state}-{number}"
            tail = [0] * (LIFE - 4)
            more: dict[str, Any] = {"modified": {4: "yes"}}
            if state in ("kept, late", "pending"):
                tail = [0] * 5 + [*range(1, LIFE - 8)]
                if state == "pending":
                    more["plan"] = {10: "repayment_plan"}
            elif state != "kept and current":
                tail = [0] * 4
                end = {
                    "paid off": "paid_off",
                    "gave up the home": "deed_in_lieu",
                    "lost the home": "acquired",
                    "unknown": "left",
                }
                more["ended"] = {7: end[state]}
            rows += months(key, [*FELL, *tail], **more)
    sheet = build(histories(tmp_path, rows), Choices(minimum_cell=1))["states"].frame
    row = sheet.filter(pl.col("months") == 12).row(0, named=True)
    assert {name: row[name] for name in fates} == fates
    assert row["people"] == sum(fates.values())


# --- planted and unplanted ------------------------------------------------------------------------


def crowd(rng: np.random.Generator, loans: int, chance: dict[str, float]) -> list[dict[str, Any]]:
    """Homeowners modified in month 4; in each state, this share falls behind again between months 10 and 30."""
    rows = []
    for number in range(loans):
        state = list(chance)[number % len(chance)]
        tail = [0] * 40
        if rng.random() < chance[state]:
            begin = int(rng.integers(6, 26))
            tail[begin:] = range(1, 41 - begin)
        rows += months(f"L{number}", [*FELL, *tail], modified={4: "yes"}, state=state)
    return rows


def test_planted_redefaults_are_found_and_unplanted_are_not(tmp_path: Path) -> None:
    chance = {"CA": 0.5, "TX": 0.1, "FL": 0.1}
    rows = crowd(np.random.default_rng(3), 900, chance)
    found = histories(tmp_path, rows)
    planted = {row["loan_id"]: row["state"] for row in rows if row["month"] > START + 4 and row["months_late"] >= 2}
    curve = outcomes.redefault_curves(outcomes.events(found), ["state"])
    at = curve.filter((pl.col("curve") == "redefault") & (pl.col("month") == 30))
    for state, value in at.select("state", "value").iter_rows():
        # Everybody is followed for 30 months, so that the curve is the share itself.
        assert value == pytest.approx(list(planted.values()).count(state) / 300)
    highs = dict(at.select("state", "high").iter_rows())
    lows = dict(at.select("state", "low").iter_rows())
    assert lows["CA"] > highs["TX"]
    assert lows["TX"] < highs["FL"]
    assert lows["FL"] < highs["TX"]
    none = histories(tmp_path, crowd(np.random.default_rng(3), 90, {"CA": 0.0}))
    assert outcomes.redefault_curves(outcomes.events(none)).filter(pl.col("curve") == "redefault")["value"].max() == 0


# --- nobody alone ---------------------------------------------------------------------------------


def people(rng: np.random.Generator, loans: int) -> list[dict[str, Any]]:
    """Homeowners of every kind, many of them rare."""
    rows = []
    for number in range(loans):
        tail = [0] * int(rng.integers(5, 75))
        more: dict[str, Any] = (
            {"modified": {4: "yes"}} if rng.random() < 0.7 else {"plan": {4: "forbearance", 8: "none"}}
        )
        if rng.random() < 0.4:
            begin = int(rng.integers(0, len(tail)))
            tail[begin:] = range(1, len(tail) - begin + 1)
        if rng.random() < 0.5:
            fates = ["paid_off", "short_sale", "foreclosure_sale", "left", "deed_in_lieu"]
            more["ended"] = {3 + len(tail): fates[int(rng.integers(0, 5))]}
        if rng.random() < 0.6:
            more["credit_score"] = int(rng.integers(550, 800))
        state = rng.choice(["CA", "TX", "FL", "NY", "AK"], p=[0.5, 0.3, 0.12, 0.05, 0.03])
        rows += months(f"L{number}", [*FELL, *tail], state=str(state), servicer=f"S{int(rng.integers(0, 3))}", **more)
    return rows


COUNTS = (
    "people", "actions", "yes", "no", "unknown", "numerator", "denominator", "modifications", "late_then", "left_out",
    "helped",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_no_small_count_is_shown_anywhere(tmp_path: Path, seed: int) -> None:
    found = histories(tmp_path, people(np.random.default_rng(seed), 260))
    made = build(found, Choices(by=("option", "state", "payment"), minimum_cell=10))
    for sheet in made.sheets.values():
        for name in sheet.frame.columns:
            if name in COUNTS or name in SHOWN_STATES or (sheet.name == "findings" and name == "count"):
                values = sheet.frame[name].drop_nulls()
                assert not ((values > 0) & (values < 10)).any(), (sheet.name, name)
    # A share is shown only with the counts behind it.
    for name, hits, of in (
        ("states", "kept and current", "people"),
        ("groups", "kept and current", "people"),
        ("durable", "yes", "people"),
    ):
        frame = made[name].frame.filter(pl.col("share").is_not_null())
        assert frame[hits].null_count() == frame[of].null_count() == 0
    text = page(made)
    assert FEW in text


@pytest.mark.parametrize("seed", range(2))
def test_no_small_count_can_be_worked_out_from_all_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """An attacker has the tables of states, groups and tests, and knows how they add up."""
    found = histories(tmp_path, people(np.random.default_rng(100 + seed), 220))
    choices = Choices(by=("option", "state"), minimum_cell=10)
    shown = build(found, choices)
    with monkeypatch.context() as patch:
        patch.setattr(disclosure, "hidden_cells", lambda counts, *_, **__: np.zeros(len(counts), np.bool_))
        true = build(found, choices)
    names: dict[tuple[Any, ...], int] = {}
    low: list[float] = []
    high: list[float] = []
    truth: list[int] = []
    sums: list[tuple[int, list[int]]] = []

    def cell(key: tuple[Any, ...], seen: int | None, real: int) -> int:
        if key not in names:
            names[key] = len(low)
            low.append(0.0)
            high.append(10_000.0)
            truth.append(real)
        place = names[key]
        assert truth[place] == real, key
        if seen is not None:
            low[place] = high[place] = seen
        return place

    for sheet, keys in (("states", ("months",)), ("groups", ("by", "group", "months"))):
        for one, real in zip(
            shown[sheet].frame.iter_rows(named=True), true[sheet].frame.iter_rows(named=True), strict=True
        ):
            key = (sheet, *(one[name] for name in keys))
            total = cell((sheet, *key[1:-1], "all"), None, real["people"] + real["too recent"])
            parts = [cell((*key, name), one[name], real[name]) for name in SHOWN_STATES]
            whole = cell((*key, "people"), one["people"], real["people"])
            sums += [(whole, parts[:-1]), (total, [whole, parts[-1]])]
    by_state: dict[tuple[Any, ...], list[int]] = {}
    for key, place in names.items():
        if key[0] == "groups" and key[1]:
            by_state.setdefault((key[1], *key[3:]), []).append(place)
    for (_, *rest), members in by_state.items():
        over_all = names.get(("groups", "", ALL, *rest))
        if over_all is not None:
            sums.append((over_all, members))
    for one, real in zip(
        shown["durable"].frame.iter_rows(named=True), true["durable"].frame.iter_rows(named=True), strict=True
    ):
        key = ("durable", one["months"], one["test"])
        whole = cell(("states", one["months"], "people"), one["people"], real["people"])
        sums.append((whole, [cell((*key, name), one[name], real[name]) for name in ("yes", "no", "unknown")]))
    for row in shown["help"].frame.filter(pl.col("kind") == ALL).iter_rows(named=True):
        cell(("states", "all"), row["people"], truth[names["states", "all"]])
    for month in outcomes.horizons():
        home = ("durable", month, "still_home")
        for word, kept in (("yes", SHOWN_STATES[:3]), ("no", SHOWN_STATES[4:6])):
            sums.append((names[(*home, word)], [names["states", month, name] for name in kept]))
    size = len(low)
    rows = np.zeros((len(sums), size))
    for line, (total, parts) in enumerate(sums):
        rows[line, parts] += 1
        rows[line, total] -= 1
    assert (rows @ np.array(truth) == 0).all()
    targets = [place for place in range(size) if 0 < truth[place] < 10]
    assert len(targets) > 10
    for place in targets:
        aim = np.zeros(size)
        aim[place] = -1
        answer = milp(aim, constraints=LinearConstraint(rows, 0, 0), bounds=(low, high), integrality=np.ones(size))
        assert answer.status == 0
        assert -answer.fun >= 10, list(names)[place]


# --- page and command -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    found = histories(tmp_path_factory.mktemp("loans"), crowd(np.random.default_rng(3), 600, {"CA": 0.4, "TX": 0.1}))
    return build(found, Choices(by=("option", "state"), published=package_published(), coverage=(0.71, 0.03)))


def test_the_page_stands_alone_and_defines_every_figure(tables: Tables) -> None:
    text = page(tables)
    assert text.startswith("<!doctype html>")
    assert not re.search(r"<(script|link|img|iframe)\b", text)
    assert not re.search(r'(src|href)="https?:', text)
    for sheet in tables.sheets.values():
        assert sheet.unit
        assert sheet.says
        assert sheet.method
        assert sheet.method[:60].replace("'", "&#39;") in text or sheet.frame.is_empty()
    assert text.count("<svg") >= 12
    assert text.count("<table") >= len(tables.sheets)
    assert "not an effect of the help" in text
    assert "unverified" in text
    assert "restatement 1" in text


def test_files_say_what_they_hold(tables: Tables, tmp_path: Path) -> None:
    files = write(tables, tmp_path / "out", ("csv", "parquet"))
    assert {path.name for path in files} >= {"report.html", "durable.csv", "durable.parquet", "tables.csv"}
    assert pl.read_parquet_metadata(tmp_path / "out" / "durable.parquet")["unit"].startswith("people")
    meanings = pl.read_csv(tmp_path / "out" / "tables.csv")
    assert meanings["table"].to_list() == list(tables.sheets)
    back = pl.read_csv(tmp_path / "out" / "states.csv")
    assert back["people"].to_list() == tables["states"].frame["people"].to_list()
    assert not list((tmp_path / "out").glob("*.partial"))


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = store(tmp_path / "loans.parquet", crowd(np.random.default_rng(3), 120, {"CA": 0.4, "TX": 0.1}))
    rows = tmp_path / "rows.parquet"
    code = run(["outcomes", str(path), "--by", "state", "--threshold", "original_score:680", "--loan-level", str(rows)])
    out = capsys.readouterr().out
    assert code == 0
    assert "Did it last?" in out
    assert "Not done: 'original_score'" in out or "Not done: Too few" in out
    assert (tmp_path / "loans-outcomes" / "report.html").is_file()
    assert pl.read_parquet(rows).height >= 120
    assert run(["outcomes", str(path), "--by", "height", "--quiet"]) == 3
    assert "Unknown grouping" in capsys.readouterr().err
    assert run(["outcomes", str(tmp_path / "none.csv")]) == 3
    assert run(["outcomes", str(path), "--format", "xml"]) == 2
    assert run(["outcomes", str(path), "--threshold", "x"]) == 2


def test_a_file_without_loans_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("loan_id,month,months_late\n")
    found = read(path, grid=outcomes.grid())
    assert (found.rows, found.loans.height) == (0, 0)
    assert page(build(found, Choices(minimum_cell=1))).startswith("<!doctype")
    with pytest.raises(InputError, match="Unknown grouping"):
        build(found, Choices(by=("nothing",)))
