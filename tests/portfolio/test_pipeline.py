from __future__ import annotations

import csv
import hashlib
import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from hopenow.errors import InputError
from hopenow.facts.findings import FindingRule
from hopenow.portfolio import pipeline
from hopenow.portfolio.pipeline import Progress, Samples, review_tape, skip_reasons
from hopenow.portfolio.summary import NOT_ITEMIZED, OUTLOOKS, Summary
from hopenow.review import Settings
from hopenow.review.reasons import SEPARATOR
from hopenow.tapes.batch import Batch
from hopenow.tapes.synthetic import write_synthetic
from tests.portfolio.tapes import write_table

PROGRAMS = ("fannie_mae", "freddie_mac")
SETTINGS = Settings(programs=PROGRAMS)
Reviewed = tuple[Summary, Path]


def results(folder: Path) -> pl.DataFrame:
    frame = pl.read_parquet(folder / "results.parquet")
    words = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Enum | pl.Categorical)]
    return frame.with_columns(pl.col(words).cast(pl.String))


def test_counts_reconcile(reviewed: Reviewed) -> None:
    summary, _ = reviewed
    assert summary.read == 300
    assert summary.read == summary.reviewed + summary.skipped
    assert summary.skipped == sum(summary.skipped_by_reason.values()) == 2
    for counts in (summary.programs, summary.outlook, summary.first_possible, summary.first_eligible, summary.orders):
        assert sum(counts.values()) == summary.results
    for table in (summary.by_state, summary.by_months_delinquent):
        assert sum(sum(counts.values()) for counts in table.values()) == summary.results
    for option in summary.options:
        assert sum(option.statuses.values()) == summary.programs[option.program]


def test_counts_are_those_of_the_result_file(reviewed: Reviewed) -> None:
    summary, folder = reviewed
    frame = results(folder)
    assert frame.height == summary.results
    assert frame["loan_id"].n_unique() == summary.reviewed
    for option in summary.options:
        own = frame.filter(pl.col("program") == option.program)
        status = own[f"{option.id}__status"]
        assert {name: count for name, count in option.statuses.items() if count} == Counter(status.to_list())
        failed = own.filter(status == "ineligible")[f"{option.id}__failed"].to_list()
        assert option.failed == Counter(rule for words in failed for rule in words.split(SEPARATOR) if rule)
        assert option.only_failed == Counter(words for words in failed if words and SEPARATOR not in words)
        unknown = own.filter(status == "conditional")[f"{option.id}__unknown"].to_list()
        assert option.unknown == Counter(rule for words in unknown for rule in words.split(SEPARATOR) if rule)


def test_missing_facts_are_counted_for_each_result(reviewed: Reviewed) -> None:
    summary, folder = reviewed
    lists = [list(words) for words in results(folder)["missing_facts"].to_list()]
    assert {name: entry.results for name, entry in summary.missing.items()} == Counter(
        fact for words in lists for fact in words
    )
    alone = Counter(words[0] for words in lists if len(words) == 1)
    assert {name: entry.decides for name, entry in summary.missing.items() if entry.decides} == alone
    for name, entry in summary.missing.items():
        assert entry.determinations == sum(option.missing.get(name, 0) for option in summary.options)


def test_payment_changes_are_those_of_the_result_file(reviewed: Reviewed) -> None:
    summary, folder = reviewed
    frame = results(folder)
    seen = 0
    for option in summary.options:
        if option.payment_change is None:
            continue
        own = frame.filter(
            (pl.col("program") == option.program) & pl.col(f"{option.id}__status").is_in(["eligible", "conditional"])
        )
        values = own[f"{option.id}__payment_change"].drop_nulls().to_list()
        assert option.payment_change.count == sum(option.payment_change.counts.values()) == len(values)
        assert option.payment_change.total == sum(values)
        for edge, count in option.payment_change.counts.items():
            low = edge if edge > option.payment_change.lowest else -(10**9)
            high = edge + option.payment_change.width if edge < option.payment_change.highest else 10**9
            assert count == sum(low <= value < high for value in values)
        seen += len(values)
    assert seen > 20


def test_outlook_follows_from_the_statuses(reviewed: Reviewed) -> None:
    summary, folder = reviewed
    kinds = {option.id: option.kind for option in summary.options}
    counts: Counter[str] = Counter()
    for row in results(folder).iter_rows(named=True):
        open_ = {(kind, row[f"{name}__status"]) for name, kind in kinds.items()}
        if row["program"] is None:
            counts["no_program"] += 1
        elif ("keep", "eligible") in open_:
            counts["keep_eligible"] += 1
        elif ("keep", "conditional") in open_:
            counts["keep_conditional"] += 1
        elif open_ & {("reinstate", "eligible"), ("reinstate", "conditional")}:
            counts["reinstate_only"] += 1
        elif open_ & {("leave", "eligible"), ("leave", "conditional")}:
            counts["leave_only"] += 1
        else:
            counts["none"] += 1
    assert {name: count for name, count in summary.outlook.items() if count} == counts
    assert set(summary.outlook) == set(OUTLOOKS)


def test_rows_are_in_the_order_of_the_tape_and_none_is_lost(reviewed: Reviewed) -> None:
    _, folder = reviewed
    rows = results(folder)["row"].to_list()
    assert rows == sorted(rows)
    assert set(range(1, 301)) - set(rows) == {11, 21}


def test_a_loan_of_unknown_investor_has_a_result_for_each_program(reviewed: Reviewed) -> None:
    summary, folder = reviewed
    frame = results(folder).filter(pl.col("loan_id") == "L3")
    assert frame["program"].to_list() == list(PROGRAMS)
    assert frame["investor_known"].to_list() == [False, False]
    assert summary.investor_unknown == 2 * 6


def test_a_loan_without_program_is_in_the_file_with_nothing_said(reviewed: Reviewed) -> None:
    summary, folder = reviewed
    frame = results(folder).filter(pl.col("loan_id") == "L4")
    assert frame["program"].to_list() == [None]
    assert frame["flex_modification__status"].to_list() == [None]
    assert summary.programs["no_program"] == 6


def test_the_assumption_is_shown_wherever_it_was_used(reviewed: Reviewed, tape: Path) -> None:
    summary, folder = reviewed
    used = results(folder).filter(pl.col("assumed") == "hardship_resolved")
    unknown = pl.read_parquet(tape).filter(pl.col("hardship_resolved").is_null())["loan_id"].to_list()
    assert set(used["loan_id"]) == set(unknown) - {"L10", "L20"}
    assert summary.assumed["hardship_resolved"].results == used.height > 0
    assert summary.assumed["hardship_resolved"].value == "yes"


def test_what_the_file_says_about_itself(reviewed: Reviewed, tape: Path) -> None:
    summary, folder = reviewed
    told = {key.decode(): value for key, value in pq.read_metadata(folder / "results.parquet").metadata.items()}
    about = json.loads(told["hopenow.review"])
    assert about["assumed"]["hardship_resolved"]["value"] == "yes"
    assert about["sources"][0]["sha256"] == hashlib.sha256(tape.read_bytes()).hexdigest()
    assert (about["read"], about["reviewed"], about["skipped"]) == (summary.read, summary.reviewed, summary.skipped)
    known = {(rule["option"], rule["rule"]) for rule in json.loads(told["hopenow.rules"])}
    for option in summary.options:
        named = {*option.failed, *option.conditions, *option.unknown} - {"NOT-YET-IN-FORCE", "ENDED", "NOT-COVERED"}
        assert {(option.id, rule) for rule in named} <= known
    for rule in summary.rules:
        assert rule.says
        assert rule.citation
        assert "{" not in rule.says
        assert not (rule.rules_out and rule.verification == "unverified")
    assert json.loads(told["hopenow.references"])
    assert {item["rule_set"] for item in json.loads(told["hopenow.rule_sets"])} >= {"pd.2023-10"}


def test_types_of_the_result_file(reviewed: Reviewed) -> None:
    _, folder = reviewed
    schema = pq.read_schema(folder / "results.parquet")
    assert str(schema.field("flex_modification__principal_and_interest").type) == "decimal64(15, 2)"
    assert str(schema.field("flex_modification__rate").type) == "decimal64(9, 4)"
    assert str(schema.field("flex_modification__failed").type).startswith("dictionary<values=string")
    physical = pq.ParquetFile(folder / "results.parquet").schema
    column = physical.names.index("flex_modification__principal_and_interest")
    assert physical.column(column).physical_type == "INT64"


def test_csv_and_parquet_say_the_same(reviewed: Reviewed) -> None:
    _, folder = reviewed
    parquet = results(folder)
    with (folder / "results.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == parquet.columns
    names = (
        "loan_id",
        "program",
        "flex_modification__rate",
        "flex_modification__payment_change",
        "payment_deferral__failed",
    )
    for name in (*names, "payment_deferral__maturity_date"):
        assert [row[name] for row in rows] == parquet[name].cast(pl.String).fill_null("").to_list()
    assert [row["missing_facts"] for row in rows] == [
        SEPARATOR.join(words) for words in parquet["missing_facts"].to_list()
    ]


@pytest.mark.parametrize(("batch_rows", "threads"), [(1_000, 1), (37, 1), (37, 4), (300, 3)])
def test_batch_size_and_threads_change_no_byte(
    reviewed: Reviewed, tape: Path, tmp_path: Path, batch_rows: int, threads: int
) -> None:
    summary, folder = reviewed
    settings = Settings(assume={"hardship_resolved": True}, programs=PROGRAMS)
    again = review_tape(tape, tmp_path, settings, formats=("csv",), batch_rows=batch_rows, threads=threads)
    for name in ("results.csv", "findings.csv"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    same = {"files", "seconds"}
    one, other = summary.as_dict(), again.as_dict()
    assert {name: one[name] for name in one if name not in same} == {
        name: other[name] for name in other if name not in same
    }


def test_summary_survives_json(reviewed: Reviewed) -> None:
    summary, folder = reviewed
    assert Summary.load(folder / "summary.json") == summary


def test_findings_name_row_and_rule(reviewed: Reviewed) -> None:
    summary, folder = reviewed
    found = pl.read_csv(folder / "findings.csv")
    errors = found.filter(pl.col("severity") == "error")
    assert set(errors["row"]) == {11, 21}
    assert set(summary.skipped_by_reason) == set(errors["rule"])
    assert found.height == summary.findings_kept == sum(summary.findings.values())
    assert set(found["source"]) == {"tape.parquet"}


# --- histories ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "history.txt"
    write_synthetic(path, loans=150, months=30, seed=3)
    return path


def test_a_history_is_recognized_and_looks_at_its_own_program_only(history: Path, tmp_path: Path) -> None:
    summary = review_tape(history, tmp_path)
    assert set(summary.programs) == {"fannie_mae", "no_program"}
    assert summary.read == summary.reviewed + sum(summary.skipped_by_reason.values())
    assert NOT_ITEMIZED not in summary.skipped_by_reason
    assert "Fannie Mae" in summary.sources[0].layout


def test_each_month_of_a_history(history: Path, tmp_path: Path) -> None:
    summary = review_tape(history, tmp_path, at="each", batch_rows=500)
    assert summary.reviewed > 2_000
    assert summary.read == summary.reviewed + sum(summary.skipped_by_reason.values())


def test_several_tables_are_reviewed_one_after_another(tmp_path: Path) -> None:
    one = write_table(tmp_path / "one.parquet", 20, dirt=False)
    two = write_table(tmp_path / "two.parquet", 30, dirt=False, seed=8)
    summary = review_tape([two, one], tmp_path / "out", SETTINGS)
    assert summary.reviewed == 50
    assert [source.name for source in summary.sources] == ["two.parquet", "one.parquet"]


def test_a_tape_of_which_no_row_can_be_reviewed(tmp_path: Path) -> None:
    tape = tmp_path / "bad.csv"
    tape.write_text("loan_id,evaluation_date,state\n1,never,OH\n2,,OH\n", encoding="utf-8")
    summary = review_tape(tape, tmp_path / "out", SETTINGS, formats=("csv", "parquet"))
    assert (summary.read, summary.reviewed, summary.skipped, summary.results) == (2, 0, 2, 0)
    assert pl.read_parquet(tmp_path / "out" / "results.parquet").height == 0
    assert Summary.load(tmp_path / "out" / "summary.json") == summary


# --- refusals and interruptions -------------------------------------------------------------------


def test_an_unknown_format_is_refused(tape: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown format xlsx; known: parquet, csv"):
        review_tape(tape, tmp_path, SETTINGS, formats=("xlsx",))


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_review_leaves_nothing_and_keeps_what_was_there(
    tape: Path, tmp_path: Path, error: type[BaseException]
) -> None:
    (tmp_path / "results.parquet").write_text("of an earlier run", encoding="utf-8")

    def stop(progress: Progress) -> None:
        if progress.reviewed:
            raise error

    with pytest.raises(error):
        review_tape(tape, tmp_path, SETTINGS, formats=("parquet", "csv"), batch_rows=20, progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["results.parquet"]
    assert (tmp_path / "results.parquet").read_text(encoding="utf-8") == "of an earlier run"
    assert not [item for item in threading.enumerate() if item.name.startswith("review")]


def test_a_defect_in_a_worker_is_not_swallowed(tape: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(pipeline, "lacking", fail)
    with pytest.raises(ZeroDivisionError, match="planted"):
        review_tape(tape, tmp_path, SETTINGS)
    assert list(tmp_path.iterdir()) == []


def test_progress_ends_with_everything(tape: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    review_tape(tape, tmp_path, SETTINGS, batch_rows=50, progress=seen.append)
    assert (seen[-1].reviewed, seen[-1].skipped) == (304, 2)
    assert [item.reviewed for item in seen] == sorted(item.reviewed for item in seen)
    assert seen[-1].rate > 0


# --- reasons for skipped rows ---------------------------------------------------------------------

A = FindingRule("RULE-A", "shape", "error", "A.", "Do.")
B = FindingRule("RULE-B", "logic", "error", "B.", "Do.")


def batch(findings: list[pl.DataFrame], kept: list[int], skipped: int, counts: dict[str, int] | None = None) -> Batch:
    facts = pl.DataFrame({"row": pl.Series(kept, dtype=pl.UInt32), "loan_id": [f"L{row}" for row in kept]})
    found = pl.concat(findings)
    made = Batch(facts, found, len(kept) + skipped, skipped)
    if counts is None:
        return made
    full = made.counts.with_columns(pl.col("rule").replace_strict(counts, return_dtype=pl.Int64).alias("count"))
    return Batch(facts, found, len(kept) + skipped, skipped, full)


def test_a_row_with_two_errors_counts_once() -> None:
    found = [A.one(row=1), B.one(row=1), B.one(row=2)]
    assert skip_reasons(batch(found, [3], 2)) == {"RULE-A": 1, "RULE-B": 1}


def test_rows_beyond_the_cap_count_under_their_only_rule() -> None:
    assert skip_reasons(batch([A.one(row=1)], [3], 5, {"RULE-A": 9})) == {"RULE-A": 5}


def test_rows_that_cannot_be_told_apart_are_not_itemized() -> None:
    found = [A.one(row=1), B.one(row=1)]
    assert skip_reasons(batch(found, [3], 5, {"RULE-A": 9, "RULE-B": 4})) == {"RULE-A": 1, NOT_ITEMIZED: 4}


def test_an_error_on_a_month_of_a_reviewed_loan_skips_nothing() -> None:
    found = [A.one(row=1, loan_id="L3"), B.one(row=2, loan_id="L9"), A.one(row=8, loan_id="L9")]
    assert skip_reasons(batch(found, [3], 1), by_loan=True) == {"RULE-B": 1}


def test_nothing_skipped_has_no_reasons() -> None:
    assert skip_reasons(batch([A.one(row=3)], [3], 0)) == {}


def test_samples_take_turns_over_first_options() -> None:
    samples = Samples(3)
    samples.kept = {name: pl.DataFrame({"loan_id": [f"{name}{place}" for place in range(4)]}) for name in ("a", "b")}
    assert samples.chosen()["loan_id"].to_list() == ["a0", "b0", "a1"]
    assert Samples(3).chosen().is_empty()


# --- the real tape ------------------------------------------------------------------------------


def test_the_real_tape_is_reviewed_whole_at_each_month(shared: Path, tmp_path: Path) -> None:
    summary = review_tape(shared / "data" / "tapes" / "fannie_mae_2017Q1_108col.csv.gz", tmp_path, at="each")
    assert summary.read == 20_000
    assert summary.read == summary.reviewed + sum(summary.skipped_by_reason.values())
    assert NOT_ITEMIZED not in summary.skipped_by_reason
    assert sum(summary.outlook.values()) == summary.results == summary.reviewed
    assert results(tmp_path)["loan_id"].n_unique() <= 438
