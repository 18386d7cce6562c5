"""Research files: nobody stands out, nothing forbidden is shipped, and every column is in the dictionary."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hopenow.cli.app import run
from hopenow.errors import InputError
from hopenow.oversight.research import (
    ForbiddenError,
    Tables,
    aggregate,
    anonymize,
    dictionary,
    from_performance,
    release,
    rights,
)
from hopenow.oversight.research.anonymity import ALL, coarse
from hopenow.oversight.research.tables import Field
from hopenow.tapes.synthetic import write_synthetic

QUASI = [field.name for field in dictionary()["loans"] if field.role == "quasi"]


def made_up(count: int, seed: int) -> Tables:
    rng = np.random.default_rng(seed)
    states = ["CA", "TX", "OH", "WY", "PR"]
    loans = pl.DataFrame(
        {
            "loan": [f"SECRET{number}" for number in range(count)],
            "cohort": [
                f"{2005 + int(year)}Q{int(quarter)}"
                for year, quarter in zip(rng.integers(0, 8, count), rng.integers(1, 5, count), strict=True)
            ],
            "state": [
                states[int(place)] if place < 5 else None
                for place in rng.choice(6, count, p=[0.4, 0.3, 0.2, 0.03, 0.02, 0.05])
            ],
            "original_balance": (rng.integers(30, 800, count) * 100_000).tolist(),
            "original_rate": (rng.integers(20, 80, count) * 1_250).tolist(),
            "original_term": rng.choice([180, 240, 360], count).tolist(),
            "original_ltv": rng.integers(40, 98, count).tolist(),
            "original_score": rng.integers(520, 830, count).tolist(),
            "method": ["MBA"] * count,
            "as_of": ["2012-12"] * count,
            "helps": rng.integers(0, 3, count).tolist(),
            "fate": ["running"] * count,
            "group": rng.choice(["helped", "unhelped", "never_behind"], count).tolist(),
        }
    )
    months = (
        loans.select("loan")
        .join(pl.DataFrame({"loan_age": [0, 1, 2]}), how="cross")
        .with_columns(
            pl.Series("months_delinquent", rng.integers(0, 3, 3 * count)),
            pl.lit("MBA").alias("method"),
            pl.Series("balance", rng.integers(10**6, 10**8, 3 * count)),
            pl.Series("rate", rng.integers(20_000, 90_000, 3 * count)),
            pl.lit(False).alias("modified"),
            pl.lit("none").alias("plan"),
        )
    )
    types = {
        "text": pl.String,
        "money": pl.Int64,
        "percent": pl.Int64,
        "months": pl.Int64,
        "count": pl.Int64,
        "yes_no": pl.Boolean,
    }
    outcomes = pl.DataFrame(schema={field.name: types[field.type] for field in dictionary()["outcomes"]})
    first = pl.DataFrame(
        {"loan": ["SECRET0"], "number": [1], "kind": ["modification"], "loan_age": [2], "payment_before": [123_456]}
    )
    return Tables(loans, months, pl.concat([outcomes, first], how="diagonal"))


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from([60, 200, 800]), st.sampled_from([3, 5, 10]))
def test_nobody_stands_out_and_no_name_is_left(seed: int, count: int, k: int) -> None:
    tables = made_up(count, seed)
    made, report = anonymize(tables, k)
    sizes = made.loans.group_by(QUASI).len()["len"].to_list()
    assert min(sizes) == report.smallest_class >= k
    assert report.loans_out + report.dropped == report.loans_in == count
    assert report.dropped <= max(0.05 * count, 0) or all(step == ALL for step in report.steps.values())
    names = set(made.loans["loan"])
    assert len(names) == made.loans.height
    for table in (made.loans, made.loan_months, made.outcomes):
        assert not any("SECRET" in str(value) for value in table["loan"])
        assert set(table["loan"]) <= names
    assert made.loan_months.height == 3 * made.loans.height
    assert [field.name for field in dictionary()["loans"]] == made.loans.columns


def test_a_new_release_has_new_names_and_the_order_tells_nothing() -> None:
    tables = made_up(100, 1)
    one, two = (anonymize(tables, 5)[0] for _ in range(2))
    assert not set(one.loans["loan"]) & set(two.loans["loan"])
    assert one.loans["loan"].to_list() == sorted(one.loans["loan"])
    assert one.loan_months["balance"].dtype == pl.Decimal(18, 2)
    assert all(value % 1000 == 0 for value in one.loan_months["balance"])


def field(name: str) -> Field:
    return next(item for item in dictionary()["loans"] if item.name == name)


@pytest.mark.parametrize(
    ("name", "step", "value", "expected"),
    [
        ("cohort", "year", "2007Q3", "2007"),
        ("cohort", "five_years", "2007Q3", "2005-2009"),
        ("cohort", ALL, "2007Q3", ALL),
        ("state", "region", "OH", "midwest"),
        ("state", "region", "ZZ", "unknown"),
        ("state", "state", None, "unknown"),
        ("original_balance", 25_000, 12_345_600, "112500.00"),
        ("original_rate", Decimal("0.5"), 62_500, "6.2500"),
        ("original_score", 20, 719, "710"),
        ("original_ltv", 5, None, "unknown"),
    ],
)
def test_steps(name: str, step: Any, value: Any, expected: str) -> None:
    assert pl.DataFrame({name: [value]}).select(coarse(field(name), step)).item() == expected


def test_a_file_too_small_is_not_shared() -> None:
    with pytest.raises(InputError, match="too small"):
        anonymize(made_up(4, 1), 10)


def test_tables_must_follow_the_dictionary() -> None:
    tables = made_up(50, 2)
    broken = Tables(
        tables.loans.drop("state").with_columns(pl.lit(None, pl.String).alias("method"), pl.lit(1).alias("ssn")),
        tables.loan_months,
        tables.outcomes,
    )
    with pytest.raises(InputError) as caught:
        anonymize(broken, 5)
    for part in ("'state' is missing", "'ssn' is not in the dictionary", "method is empty in 50 rows"):
        assert part in str(caught.value)
    assert tables.terms_missing() == 1


# --- rights -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, item in rights().items() if item.rows == "forbidden"])
def test_forbidden_rows_are_never_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(ForbiddenError):
        release(made_up(200, 3), name, tmp_path / "out", permission="somebody said so")
    assert not (tmp_path / "out").exists()


def test_rights_that_must_be_asked_for(tmp_path: Path) -> None:
    tables = made_up(300, 4)
    with pytest.raises(ForbiddenError, match="permission"):
        release(tables, "own_cases", tmp_path / "out")
    release(tables, "own_cases", tmp_path / "out", permission="Board, 2026-01-05", k=5)
    provenance = json.loads((tmp_path / "out" / "provenance.json").read_text(encoding="utf-8"))
    assert provenance["permission"] == "Board, 2026-01-05"
    assert provenance["verification"] == "unverified"
    assert provenance["rows"]["loans"] == pl.read_parquet(tmp_path / "out" / "loans.parquet").height
    written = pl.read_csv(tmp_path / "out" / "dictionary.csv")
    for name in dictionary():
        columns = written.filter(pl.col("table") == name)["column"].to_list()
        assert columns == pl.read_csv(tmp_path / "out" / f"{name}.csv").columns


def test_an_unknown_data_set_or_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="table of rights"):
        release(made_up(50, 5), "something", tmp_path)
    with pytest.raises(InputError, match="not a format"):
        release(made_up(50, 5), "synthetic", tmp_path, formats=("xlsx",))


def test_files_in_an_owners_layout_cannot_be_passed_off_as_others(tmp_path: Path) -> None:
    tables = made_up(200, 6)
    taped = Tables(tables.loans, tables.loan_months, tables.outcomes, ("fannie_mae_108",))
    with pytest.raises(ForbiddenError, match="fannie_mae_loan_performance"):
        release(taped, "boston_hmda", tmp_path)


def test_aggregates_where_they_are_allowed_with_small_counts_hidden() -> None:
    events = pl.DataFrame({"kind": ["modification"] * 40 + ["trial"] * 3 + ["deferral"] * 30, "fate": ["running"] * 73})
    found = aggregate(events, ["kind"], "fannie_mae_loan_performance")
    counts = dict(zip(found["kind"], found["count"], strict=True))
    assert counts["trial"] is None
    assert sum(value is None for value in counts.values()) >= 2
    with pytest.raises(ForbiddenError):
        aggregate(events, ["kind"], "hope_now_reports")


# --- from files -------------------------------------------------------------------------------------


def test_the_real_tape_can_be_counted_but_not_shipped(shared: Path, tmp_path: Path) -> None:
    path = shared / "data" / "tapes" / "fannie_mae_2017Q1_108col.csv.gz"
    tables = from_performance(path)
    assert tables.loans.height == 438
    assert tables.loan_months.height == 20_000
    assert tables.terms_missing() == 0
    assert tables.outcomes.filter(pl.col("kind") == "modification").height == 3
    with pytest.raises(ForbiddenError, match="Fannie Mae"):
        release(tables, "fannie_mae_loan_performance", tmp_path / "out")
    counts = aggregate(tables.outcomes, ["kind"], "fannie_mae_loan_performance")
    assert counts.filter((pl.col("count") > 0) & (pl.col("count") < 10)).is_empty()


def test_the_command_makes_a_file_of_made_up_loans(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_synthetic(tmp_path / "tape.csv", 300, seed=5)
    code = run(
        [
            "research",
            "make",
            str(tmp_path / "tape.csv"),
            "--dataset",
            "synthetic",
            "--out",
            str(tmp_path / "out"),
            "--k",
            "5",
        ]
    )
    said = capsys.readouterr()
    assert code == 0, said.err
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {
        "loans.parquet",
        "loan_months.csv",
        "outcomes.csv",
        "dictionary.csv",
        "provenance.json",
        "disclosure.json",
    } <= names
    assert (
        run(
            [
                "research",
                "make",
                str(tmp_path / "tape.csv"),
                "--dataset",
                "fannie_mae_loan_performance",
                "--out",
                str(tmp_path / "no"),
            ]
        )
        == 3
    )
    assert "does not allow" in capsys.readouterr().err
    assert run(["research", "rights"]) == 0
    assert "forbidden" in capsys.readouterr().out
