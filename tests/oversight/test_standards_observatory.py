"""Distress on the real tape equals a plain count; planted causes are found; files of loans go through the command."""

from __future__ import annotations

import csv
import datetime
import gzip
import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from hopenow.cli.app import run
from hopenow.errors import InputError
from hopenow.oversight.fairness.mapping import parse_mapping
from hopenow.oversight.standards import examine_loans, observe
from hopenow.oversight.standards.observatory import loans
from hopenow.tapes.layouts import FANNIE_MAE_108


def months(text: str) -> int:
    return int(text[-4:]) * 12 + int(text[:-4]) - 1


def plain_count(path: Path, window: int) -> dict[str, bool | None]:
    """Whether each loan came to distress, counted with the csv module alone."""
    place = {name: number for number, name in enumerate(FANNIE_MAE_108.fields)}
    rows: dict[str, list[list[str]]] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for row in csv.reader(stream, delimiter="|", quoting=csv.QUOTE_NONE):
            rows[row[place["loan_id"]]].append(row)
    found: dict[str, bool | None] = {}
    for loan, own in rows.items():
        first = months(own[0][place["first_pay"]])
        ages = [months(row[place["reporting_period"]]) - first for row in own]
        states = [row[place["delinquency"]].strip() for row in own]
        ends = [row[place["zb_code"]].strip() for row in own]
        late = any(
            age <= window and state.isdigit() and int(state) >= 3 for age, state in zip(ages, states, strict=True)
        )
        lost = any(age <= window and end in {"02", "03", "09", "15"} for age, end in zip(ages, ends, strict=True))
        hole = any(
            age <= window and not state.isdigit() and not end
            for age, state, end in zip(ages, states, ends, strict=True)
        )
        end = next((end for end in ends if end), "")
        if late or lost:
            found[loan] = True
        elif min(ages) > 6 or hole or (max(ages) < window and end != "01"):
            found[loan] = None
        else:
            found[loan] = False
    return found


@pytest.mark.parametrize("window", [24, 36, 48, 60])
def test_the_real_tape_equals_a_plain_count(shared: Path, window: int) -> None:
    path = shared / "data" / "tapes" / "fannie_mae_2017Q1_108col.csv.gz"
    frame, findings = loans([path], window)
    assert dict(zip(frame["loan"], frame["distressed"], strict=True)) == plain_count(path, window)
    assert findings["rows"].sum() == frame["distressed"].null_count()


def test_the_whole_observatory_on_the_real_tape(shared: Path) -> None:
    path = shared / "data" / "tapes" / "fannie_mae_2017Q1_108col.csv.gz"
    found = observe(path, window=60, minimum=1)
    assert found.loans == 438
    truth = list(plain_count(path, 60).values())
    everyone = found.observed.filter(pl.col("feature") == "").row(0, named=True)
    assert everyone["distressed"] == truth.count(True)
    assert everyone["not_known"] == truth.count(None)
    for feature in ("score_band", "ltv_band", "dti_band", "state", "lender", "cohort"):
        own = found.observed.filter(pl.col("feature") == feature)
        assert own["loans"].sum() == 438
        assert own["distressed"].sum() == truth.count(True)
    crossed = found.within.filter((pl.col("by") == "cohort") & (pl.col("feature") == "score_band"))
    assert crossed["distressed"].sum() == truth.count(True)
    protected = observe(path, window=60)
    for table in (protected.observed, protected.within):
        for name in ("loans", "distressed", "not_known"):
            assert table.filter((pl.col(name) > 0) & (pl.col(name) < 10)).is_empty()


def tape(path: Path, count: int, seed: int, worse: float = 0.0) -> None:
    """Write made-up histories in the 108-field layout; a low score makes distress likelier by ``worse`` (log odds)."""
    rng = np.random.default_rng(seed)
    place = {name: number for number, name in enumerate(FANNIE_MAE_108.fields)}
    lines = []
    for number in range(count):
        score = int(rng.integers(600, 820))
        odds = -2.0 + worse * (score < 660)
        bad = rng.uniform() < 1 / (1 + np.exp(-odds))
        lender = ["One Bank", "Two Bank", "Three Bank"][int(rng.integers(3))]
        for month in range(40):
            row = [""] * len(FANNIE_MAE_108.fields)
            year, at = divmod(2 + month, 12)
            for name, value in {
                "loan_id": f"{number:06d}",
                "reporting_period": f"{at + 1:02d}{2017 + year}",
                "seller": lender,
                "orig_rate": "4.0",
                "orig_term": "360",
                "orig_date": "012017",
                "first_pay": "032017",
                "oltv": "80",
                "dti": "35",
                "num_borrowers": "1",
                "fico_b": str(score),
                "first_time": "N",
                "purpose": "P",
                "prop": "SF",
                "occupancy": "P",
                "state": "OH",
                "channel": "R",
                "delinquency": f"{max(0, month - 20) if bad else 0:02d}",
            }.items():
                row[place[name]] = value
            lines.append("|".join(row))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_planted_cause_is_found_and_only_that_one(tmp_path: Path) -> None:
    tape(tmp_path / "tape.csv", 1_500, 3, worse=1.8)
    found = observe(tmp_path / "tape.csv")
    signs = found.observed.filter(pl.col("sign").str.starts_with("more") & (pl.col("feature") != ""))
    assert set(signs["feature"]) == {"score_band"}
    assert {"under 620", "620 to 659"} == set(signs["band"])
    adjusted = found.observed.filter((pl.col("feature") == "score_band") & (pl.col("band") == "under 620")).row(
        0, named=True
    )
    assert adjusted["adjusted_ratio_low"] > 1


def test_an_unplanted_tape_shows_nothing(tmp_path: Path) -> None:
    tape(tmp_path / "tape.csv", 1_200, 4)
    found = observe(tmp_path / "tape.csv").observed
    bands = found.filter((pl.col("feature") != "") & pl.col("ratio").is_not_null())
    # A band in twenty may stand out by chance.
    assert bands.filter(pl.col("sign") != "").height <= max(2, bands.height // 10)


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="known layout"):
        observe(path)


# --- files of loans, through the command ------------------------------------------------------------


def loan_file(count: int) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    for number in range(count):
        rows.append(
            {
                "LOAN": f"L{number}",
                "consummation_date": "2026-02-01" if number % 5 else "2018-02-01",
                "loan_amount": "300,000",
                "total_loan_amount": "295000.00",
                "note_rate": "6.5",
                "fully_indexed_rate": "6.5",
                "highest_rate_first_five_years": "6.5",
                "months_to_highest_rate": "0",
                "term_months": "360" if number % 3 else "480",
                "interest_only_months": "0",
                "balloon": "no",
                "negative_amortization": "no",
                "apr": "6.7" if number % 7 else "",
                "apor": "6.5",
                "points_and_fees": "5000",
                "junior_lien": "no",
                "manufactured_home": "no",
                "monthly_income": "9000",
                "monthly_debts": "500",
                "simultaneous_payment": "0",
                "monthly_obligations": "600",
                **{
                    f"considered_{name}": "Y"
                    for name in (
                        "income",
                        "employment",
                        "payment",
                        "simultaneous",
                        "obligations",
                        "debts",
                        "ratio",
                        "credit",
                    )
                },
            }
        )
    return pl.DataFrame(rows)


def test_the_command_checks_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    loan_file(40).write_csv("loans.csv")
    assert run(["standards", "loans.csv"]) == 0
    said = capsys.readouterr()
    assert "Read 40 rows = checked 40 + excluded 0" in said.out
    out = tmp_path / "loans-standards"
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    counts = summary["answers"]["qualified_mortgage"]
    assert sum(counts.values()) == 40
    assert counts["not covered"] == 8
    table = pl.read_parquet(out / "loans.parquet")
    assert table["repayment_payment"].drop_nulls()[0] == Decimal(
        pl.read_csv(out / "loans.csv", infer_schema=False)["repayment_payment"].drop_nulls()[0]
    )
    assert table["fee_cap"][1] == Decimal("8850.00")
    page = (out / "standards.html").read_text(encoding="utf-8")
    for part in ("Are they qualified mortgages?", "Which rules stand in the way?", "QM-TERM", "secondary"):
        assert part in page
    assert summary["columns_not_used"] == ["LOAN"]


def test_a_mapping_for_loans(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "loans.csv"
    loan_file(10).rename({"apr": "APR_PCT"}).write_csv(path)
    mapping = tmp_path / "map.yaml"
    mapping.write_text(
        "title: test\nvocabulary: lending\ncolumns:\n  LOAN: {fact: application_id}\n"
        "  APR_PCT: {fact: apr, low: 0, high: 30}\n  consummation_date: {fact: consummation_date}\n",
        encoding="utf-8",
    )
    assert (
        run(
            [
                "standards",
                "check",
                str(path),
                "--mapping",
                str(mapping),
                "--out",
                str(tmp_path / "out"),
                "--no-report",
                "--format",
                "csv",
            ]
        )
        == 0
    )
    capsys.readouterr()
    assert pl.read_csv(tmp_path / "out" / "loans.csv")["application_id"][0] == "L0"
    with pytest.raises(InputError, match="vocabulary: lending"):
        examine_loans(path, parse_mapping({"title": "x", "columns": {"LOAN": {"fact": "application_id"}}}))


def test_the_command_observes_histories(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tape(tmp_path / "tape.csv", 300, 5, worse=2)
    assert run(["standards", str(tmp_path / "tape.csv"), "--out", str(tmp_path / "out"), "--window", "30"]) == 0
    assert "300 loans; distress: 3 unpaid installments" in capsys.readouterr().out
    assert {"observed.csv", "within.parquet", "observatory.html", "summary.json"} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }


def test_a_wrong_command_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "loans.csv"
    loan_file(3).write_csv(path)
    for arguments, said in (
        (["standards", str(tmp_path / "gone.csv")], "is not there"),
        (["standards", "check", str(path), str(path)], "one file of loans at a time"),
        (["standards", str(path), "--format", "pdf", "--out", str(tmp_path / "o")], "not a format"),
    ):
        assert run(arguments) == 3
        assert said in capsys.readouterr().err


def test_dates_and_money_that_cannot_be_read_are_findings(tmp_path: Path) -> None:
    path = tmp_path / "loans.csv"
    loan_file(2).with_columns(pl.lit("soon").alias("consummation_date"), pl.lit("6.12345").alias("apr")).write_csv(path)
    result = examine_loans(path)
    assert set(result.applications.findings["rule"]) == {"APP-DATE", "APP-PERCENT"}
    assert set(result.checked["qualified_mortgage"]) == {"unknown"}
    assert datetime.date(2026, 2, 1) not in result.checked["consummation_date"].to_list()
