"""Histories made by hand: what happened is found, what did not is not, and nothing impossible passes in silence."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hopenow.errors import InputError
from hopenow.oversight.histories import Histories, MonthMapping, kernel, load_mapping, read
from hopenow.oversight.histories.fields import fields
from hopenow.tapes.history import read_performance
from hopenow.tapes.synthetic import write_synthetic

START = 2015 * 12


def loan(key: str, lates: Sequence[int | None], **changes: Any) -> list[dict[str, Any]]:
    """One row for each month's lateness; a change is a value for all months, or month number to value from then on."""
    rows = []
    for place, late in enumerate(lates):
        row: dict[str, Any] = {
            "loan_id": key,
            "month": f"{(START + place) // 12}-{(START + place) % 12 + 1:02d}",
            "months_late": late,
            "balance": 200_000 - 300 * place,
            "note_rate": 4.5,
            "maturity": "2045-01",
            "modified": "no",
            "plan": "none",
            "ended": "none",
            "original_balance": 200_000,
            "original_rate": 4.5,
            "original_term": 360,
            "first_payment_month": "2015-01",
        }
        for name, value in changes.items():
            if isinstance(value, dict):
                steps = [at for at in value if at <= place]
                if steps:
                    row[name] = value[max(steps)]
            else:
                row[name] = value
        rows.append(row)
    return rows


def tape(tmp_path: Path, rows: Iterable[dict[str, Any]], name: str = "months.csv") -> Path:
    path = tmp_path / name
    pl.DataFrame(list(rows), infer_schema_length=None).write_csv(path)
    return path


def entries(histories: Histories, kind: str) -> list[dict[str, Any]]:
    return histories.entries.filter(pl.col("kind") == kind).to_dicts()


def rules(histories: Histories) -> dict[str, int]:
    return dict(histories.counts.group_by("rule").agg(pl.col("count").sum()).iter_rows())


# --- what happened --------------------------------------------------------------------------------


def test_a_modification_and_what_came_after(tmp_path: Path) -> None:
    lates = [0, 1, 2, 3, *[0] * 10, 1, 2, 3]
    rows = loan(
        "A", lates, modified={4: "yes"}, note_rate={5: 3.0}, maturity={4: "2055-01"}, balance={4: 206_000, 5: 205_800}
    )
    found = read(tape(tmp_path, rows), grid=(6, 12))
    (event,) = entries(found, "modification")
    assert event["month"] == START + 4
    assert (event["late_before"], event["late_at"], event["worst_before"]) == (3, 0, 3)
    assert (event["first_30"], event["first_60"], event["first_90"]) == (10, 11, 12)
    assert (event["rate_before"], event["rate_after"]) == (45_000, 30_000)  # the rate came a month after the flag
    assert event["balance_after"] == 20_600_000
    assert event["payment_after"] < event["payment_before"] == 101_337
    assert (event["late_6"], event["late_12"]) == (0, 3)
    assert event["seen"] == 12
    assert event["fate"] == "running"
    late = entries(found, "delinquency")
    assert [(e["month"] - START, e["over_after"], e["next_kind"], e["long_after"]) for e in late] == [
        (2, 2, "modification", 2),
        (15, None, None, None),
    ]
    assert rules(found) == {}


def test_a_loan_without_help_has_none(tmp_path: Path) -> None:
    found = read(tape(tmp_path, [*loan("A", [0] * 30), *loan("B", [0, 1, 0, 0, 2, 3, 0, 0])]))
    assert found.helps.is_empty()
    assert [e["loan_id"] for e in entries(found, "delinquency")] == ["B"]
    (late,) = entries(found, "delinquency")
    assert (late["over_after"], late["next_kind"], late["current_after"]) == (2, None, 2)


def test_plans_trial_and_modification(tmp_path: Path) -> None:
    rows = loan(
        "A",
        [0, 1, 2, 3, 4, 5, 6, 7, 0, 0],
        plan={1: "forbearance", 4: "trial", 9: "none"},
        modified={8: "yes"},
        note_rate={8: 3.5},
    )
    found = read(tape(tmp_path, rows))
    assert [(e["kind"], e["month"] - START) for e in found.helps.to_dicts()] == [
        ("forbearance", 1),
        ("trial", 4),
        ("modification", 8),
    ]
    forbearance, trial, _ = found.helps.to_dicts()
    assert (forbearance["next_kind"], forbearance["next_after"], forbearance["long_after"]) == ("trial", 3, 7)
    assert (trial["next_kind"], trial["long_after"]) == ("modification", 4)


def test_deferrals_and_claims(tmp_path: Path) -> None:
    rows = loan(
        "A",
        [0, 1, 2, 0, 0, 1, 2, 0],
        deferral={0: "none", 3: "payment_deferral", 7: "partial_claim"},
        deferred_amount={0: 0, 3: "2026.74", 7: "4053.48"},
        balance={3: 201_000, 7: 202_000},
    )
    found = read(tape(tmp_path, rows))
    assert [(e["kind"], e["amount"]) for e in found.helps.to_dicts()] == [
        ("payment_deferral", 202_674),
        ("partial_claim", 202_674),
    ]
    assert "HIST-BALANCE-ROSE" not in rules(found)


@pytest.mark.parametrize("fate", [name for name in fields()["ended"].values if name != "none"])
def test_ends(tmp_path: Path, fate: str) -> None:
    rows = loan("A", [0, 1, 2, 3, 0, 0, 0], modified={4: "yes"}, ended={6: fate})
    found = read(tape(tmp_path, rows), grid=(1, 2, 6))
    (event,) = entries(found, "modification")
    assert (event["fate"], event["fate_after"], event["seen"]) == (fate, 2, 1)
    code = kernel.G_ENDED - kernel.FATES.index(fate)
    assert (event["late_1"], event["late_2"], event["late_6"]) == (0, code, code)


def test_the_worst_and_the_score_of_a_year(tmp_path: Path) -> None:
    lates = [0, 3, 0, *[0] * 6, 2, *[0] * 16]
    rows = loan("A", lates, modified={2: "yes"}, credit_score={0: 610, 20: 700})
    found = read(tape(tmp_path, rows), grid=(6, 12, 18, 24))
    (event,) = entries(found, "modification")
    assert [event[f"worst_{t}"] for t in (6, 12, 18, 24)] == [0, 2, 2, -1 if len(lates) < 27 else 0]
    assert [event[f"score_{t}"] for t in (6, 12, 18)] == [610, 610, 700]
    assert event["score_before"] == 610


def test_unknown_months_may_hide_a_default(tmp_path: Path) -> None:
    one = loan("A", [2, 3, 0, 0, None, 0, 0], modified={2: "yes"})  # one month: at most 30 days late
    two = loan("B", [2, 3, 0, 0, None, None, 0], modified={2: "yes"})  # may have been 60
    found = read(tape(tmp_path, [*one, *two]))
    assert [(e["loan_id"], e["maybe_60"]) for e in entries(found, "modification")] == [("A", None), ("B", 3)]
    assert rules(found) == {"HIST-LATE-UNKNOWN": 3}


# --- impossible histories -------------------------------------------------------------------------


def test_time_runs_backwards(tmp_path: Path) -> None:
    rows = loan("A", [0, 1, 2, 3, 0, 0], modified={4: "yes"})
    rows[2], rows[4] = rows[4], rows[2]
    found = read(tape(tmp_path, rows))
    assert rules(found)["HIST-TIME-BACKWARDS"] >= 1
    (event,) = entries(found, "modification")
    assert event["month"] == START + 4


def test_two_loans_under_one_number(tmp_path: Path) -> None:
    other = loan("A", [0, 0, 0], balance=90_000)
    found = read(tape(tmp_path, [*loan("A", [0, 1, 2]), *other, *loan("B", [0, 0])]))
    assert rules(found)["HIST-TWO-LOANS"] == 1
    assert found.loans.height == 1
    assert found.left_out == 1
    assert found.entries.is_empty()


def test_two_loans_by_what_was_set_at_origination(tmp_path: Path) -> None:
    rows = loan("A", [0, 3, 0, 0], modified={2: "yes"}, original_balance={0: 200_000, 3: 150_000})
    found = read(tape(tmp_path, rows))
    assert rules(found)["HIST-TWO-LOANS"] == 1
    assert found.helps.is_empty()
    assert (found.left_out, found.loans.height) == (1, 0)


def test_a_month_twice_with_the_same_figures_counts_once(tmp_path: Path) -> None:
    rows = loan("A", [2, 3, 0, 0], modified={2: "yes"})
    found = read(tape(tmp_path, [*rows[:3], rows[2], rows[3]]))
    assert rules(found) == {"HIST-MONTH-TWICE": 1}
    assert len(entries(found, "modification")) == 1


def test_missing_months_and_rows_after_the_end(tmp_path: Path) -> None:
    rows = loan("A", [0, 0, 0, 0, 0, 0, 0], ended={5: "paid_off"})
    found = read(tape(tmp_path, [*rows[:2], *rows[4:]]))
    assert rules(found) == {"HIST-MONTHS-MISSING": 1, "HIST-AFTER-END": 1}
    assert found.loans["fate"].to_list() == ["paid_off"]


def test_balance_rises_only_with_a_reason(tmp_path: Path) -> None:
    without = loan("A", [0, 0, 0, 0, 0, 0, 0, 0], balance={5: 205_000})
    reversed_payment = loan("B", [1, 1, 3, 3], balance={2: 201_000})
    modified = loan("C", [0, 3, 0, 0], modified={2: "yes"}, balance={2: 207_000})
    found = read(tape(tmp_path, [*without, *reversed_payment, *modified]))
    shown = found.findings.filter(pl.col("rule") == "HIST-BALANCE-ROSE")
    assert shown["loan_id"].to_list() == ["A"]
    assert rules(found)["HIST-LATE-JUMPED"] == 2


def test_an_impossible_span_leaves_the_loan_out(tmp_path: Path) -> None:
    rows = loan("A", [0, 0])
    rows[1]["month"] = "2199-01"
    found = read(tape(tmp_path, [*rows, *loan("B", [0])]))
    assert rules(found) == {"HIST-SPAN": 1}
    assert (found.left_out, found.loans.height) == (1, 1)


def test_unmodified_again_is_a_finding(tmp_path: Path) -> None:
    found = read(tape(tmp_path, loan("A", [2, 3, 0, 0, 0], modified={2: "yes", 4: "no"})))
    assert rules(found) == {"HIST-UNMODIFIED": 1}
    assert len(entries(found, "modification")) == 1


def test_a_loans_scattered_rows_come_together(tmp_path: Path) -> None:
    a, b = loan("A", [0, 3, 0, 0, 2], modified={2: "yes"}), loan("B", [0, 0, 0, 0, 0])
    mixed = [row for pair in zip(a, b, strict=True) for row in pair]
    found = read(tape(tmp_path, mixed))
    (event,) = entries(found, "modification")
    assert (event["loan_id"], event["first_60"]) == ("A", 2)
    assert rules(found) == {"HIST-LATE-JUMPED": 2}


# --- files of one's own ---------------------------------------------------------------------------


def test_missing_columns_are_all_named(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("loan_id,rate\nA,4.5\n")
    with pytest.raises(InputError, match="month") as caught:
        read(path)
    assert "months_late or days_late" in str(caught.value) or "no column holds month" in str(caught.value)
    with pytest.raises(InputError, match="not a file"):
        read(tmp_path / "none.csv")
    with pytest.raises(InputError, match="No file"):
        read([])


def test_a_mapping_reads_any_file(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        "LN|ASOF|DPD|LIQ|LIEN|INC\n"
        "7|201501|0||1|52000\n7|201502|35||1|52000\n7|201503|999||1|52000\n7|201504|62|X|1|52000\n"
        "7|201505|95|F|1|52000\n8|201501|0||2|1\n"
    )
    text = """
version: 1
title: Own
columns:
  LN: {field: loan_id}
  ASOF: {field: month, date_format: "%Y%m"}
  DPD: {field: days_late, fillers: ["999"]}
  LIQ: {field: ended, values: {"": none, F: foreclosure_sale}}
  INC: {carry: income}
only: {LIEN: ["1"]}
"""
    (tmp_path / "map.yaml").write_text(text)
    found = read(path, load_mapping(tmp_path / "map.yaml"))
    (late,) = entries(found, "delinquency")
    assert (late["month"], late["late_at"], late["late_before"], late["income"]) == (START + 3, 2, 1, 52_000.0)
    assert (late["fate"], late["fate_after"]) == ("foreclosure_sale", 1)
    assert (found.rows, found.outside, found.refused) == (6, 1, 0)
    assert rules(found) == {"HIST-UNKNOWN-CODE": 1, "HIST-LATE-UNKNOWN": 1}


def test_a_wrong_mapping_says_everything_at_once(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(
        "columns:\n  A: {field: loan_id, carry: x}\n  B: {field: nonsense}\n  C: {field: plan, values: {X: holiday}}\n"
    )
    with pytest.raises(InputError) as caught:
        load_mapping(tmp_path / "map.yaml")
    words = str(caught.value)
    assert all(part in words for part in ("either a field", "nonsense", "holiday"))
    (tmp_path / "m2.yaml").write_text("columns: {}\ncolumns: {}\n")
    with pytest.raises(InputError, match="twice"):
        load_mapping(tmp_path / "m2.yaml")


def test_unreadable_cells_are_findings(tmp_path: Path) -> None:
    rows = loan("A", [0, 0, 0])
    rows[1]["note_rate"] = "four"
    rows[2]["month"] = "soon"
    rows.append({**rows[0], "loan_id": ""})
    found = read(tape(tmp_path, rows))
    assert rules(found) == {"HIST-CELL": 1, "HIST-NO-MONTH": 1, "HIST-NO-LOAN": 1}
    assert found.refused == 2


def test_ots_lateness_is_a_month_less(tmp_path: Path) -> None:
    mapping = MonthMapping.model_validate(
        {
            "method": "OTS",
            "columns": {
                "loan_id": {"field": "loan_id"},
                "month": {"field": "month"},
                "months_late": {"field": "months_late"},
            },
        }
    )
    found = read(tape(tmp_path, loan("A", [0, 1, 2])), mapping)
    (late,) = entries(found, "delinquency")
    assert (late["month"], late["late_at"]) == (START + 1, 2)


def test_csv_parquet_and_any_batch_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = []
    for key in range(40):
        rows += loan(f"L{key}", [0, 1, 2, 3, 0, *[0] * (key % 9), 1, 2], modified={4: "yes"}, servicer=f"S{key % 3}")
    csv = tape(tmp_path, rows)
    packed = tmp_path / "months.csv.gz"
    with gzip.open(packed, "wb") as out:
        out.write(csv.read_bytes())
    parquet = tmp_path / "months.parquet"
    typed = pl.read_csv(csv).with_columns(
        pl.col("ended", "plan").cast(pl.Categorical), pl.col("servicer").cast(pl.Categorical)
    )
    typed = typed.with_columns(pl.col("month").str.to_date("%Y-%m"), pl.col("balance").cast(pl.Float64))
    typed.write_parquet(parquet)
    first = read(csv)
    assert first.helps.height == 40
    assert first.entries["servicer"].n_unique() == 3
    for path in (packed, parquet):
        assert read(path).entries.equals(first.entries)
    monkeypatch.setattr("hopenow.oversight.histories.months.ROWS", 7)
    for path in (csv, parquet):
        assert read(path).entries.equals(first.entries)


# --- the enterprises' files -----------------------------------------------------------------------


def test_agrees_with_the_reader_of_reviews_on_made_up_tapes(tmp_path: Path) -> None:
    path = tmp_path / "tape.parquet"
    write_synthetic(path, loans=400, seed=5, delinquent=0.6)
    histories = read(path)
    facts = pl.concat([batch.facts for batch in read_performance(path)])
    day = pl.date(pl.col("month") // 12, pl.col("month") % 12 + 1, 1)
    for kind, column in (
        ("modification", "last_modification_date"),
        ("payment_deferral", "last_payment_deferral_date"),
    ):
        ours = histories.entries.filter(pl.col("kind") == kind).group_by("loan_id").agg(day.max().alias("ours"))
        both = facts.select("loan_id", column).join(ours, on="loan_id", how="left")
        dated = both.filter((pl.col(column).dt.year() > 1900).fill_null(False))
        assert dated.height > 5
        assert (dated["ours"] == dated[column]).all()
        assert both.filter(pl.col("ours").is_not_null() & (pl.col("ours") != pl.col(column))).is_empty()


def freddie(tmp_path: Path, months: Sequence[tuple[str, str, str, str, str]]) -> list[Path]:
    """An origination and a monthly file of one loan; a month is its period, status, flag, deferral flag, plan."""
    origin = [""] * 32
    first = {"credit_score": "700", "first_payment_date": "201502", "maturity_date": "204501", "orig_upb": "200000"}
    first |= {
        "orig_rate": "4.5",
        "orig_term": "360",
        "state": "OH",
        "loan_sequence_number": "F15Q10000001",
        "ltv": "80",
    }
    first |= {"servicer": "Bank of Somewhere", "amortization_type": "FRM"}
    names = {
        "credit_score": 0, "first_payment_date": 1, "maturity_date": 3, "orig_upb": 10, "ltv": 11, "orig_rate": 12,
        "amortization_type": 15, "state": 16, "loan_sequence_number": 19, "orig_term": 21, "servicer": 24,
    }  # fmt: skip
    for name, value in first.items():
        origin[names[name]] = value
    (tmp_path / "origination.txt").write_text("|".join(origin) + "\n")
    lines = []
    for place, (period, status, flag, deferral, plan) in enumerate(months):
        row = [""] * 32
        row[0], row[1], row[2], row[3] = "F15Q10000001", period, f"{200_000 - 300 * place}", status
        row[5], row[7], row[10], row[24], row[29] = str(360 - place), flag, "4.5", deferral, plan
        if flag == "Y":
            row[2] = "207000"
        if status == "RA":
            row[8] = "09"
        lines.append("|".join(row))
    (tmp_path / "monthly.txt").write_text("\n".join(lines) + "\n")
    return [tmp_path / "origination.txt", tmp_path / "monthly.txt"]


def test_freddie_mac_flags_only_the_month(tmp_path: Path) -> None:
    months = [
        ("201501", "0", "", "", ""), ("201502", "1", "", "", ""), ("201503", "2", "", "", "F"),
        ("201504", "3", "", "", "T"), ("201505", "0", "Y", "", ""), ("201506", "0", "P", "", ""),
        ("201507", "1", "P", "", ""), ("201508", "2", "P", "", ""), ("201509", "0", "P", "Y", ""),
        ("201510", "0", "P", "P", ""), ("201511", "RA", "P", "P", ""),
    ]  # fmt: skip
    found = read(freddie(tmp_path, months), grid=(3, 6))
    assert [(e["kind"], e["month"] - START) for e in found.helps.to_dicts()] == [
        ("forbearance", 2),
        ("trial", 3),
        ("modification", 4),
        ("payment_deferral", 8),
    ]
    modification = entries(found, "modification")[0]
    assert (modification["first_60"], modification["fate"], modification["fate_after"]) == (3, "acquired", 6)
    assert (modification["state"], modification["servicer"]) == ("OH", "Bank of Somewhere")
    assert (modification["late_3"], modification["late_6"]) == (2, kernel.G_ENDED - kernel.FATES.index("acquired"))
    with pytest.raises(InputError, match="needs its origination"):
        read(tmp_path / "monthly.txt")
    with pytest.raises(InputError, match="Only origination"):
        read(tmp_path / "origination.txt")
