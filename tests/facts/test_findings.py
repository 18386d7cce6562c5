from __future__ import annotations

import polars as pl

from hopenow.facts.findings import (
    FINDING_COLUMNS,
    VALUE_WIDTH,
    FindingCounts,
    FindingRule,
    count_findings,
    join_findings,
    no_findings,
)

RULE = FindingRule("SHAPE-TEST", "shape", "error", "It is so.", "Make it so.")
SOFT = FindingRule("LOGIC-TEST", "logic", "warning", "It is so.", "Make it so.")
FRAME = pl.DataFrame({"row": [2, 3, 4], "loan_id": ["a", "b", "c"], "x": [1, None, 3]})


def test_a_rule_finds_the_rows_in_which_it_is_broken() -> None:
    found = RULE.find(FRAME, pl.col("x") > 1, field="x")
    assert found.schema == dict(FINDING_COLUMNS)
    assert found.rows() == [(4, "c", "shape", "error", "SHAPE-TEST", "x", "3", "It is so. Make it so.")]


def test_unknown_is_not_broken() -> None:
    assert RULE.find(FRAME, pl.col("x") > 5, field="x").equals(no_findings())


def test_values_are_cut() -> None:
    frame = pl.DataFrame({"row": [1], "x": ["y" * 500]})
    assert RULE.find(frame, pl.lit(True), field="x")["value"].str.len_chars().item() == VALUE_WIDTH
    assert len(RULE.one(value="y" * 500)["value"].item()) == VALUE_WIDTH


def test_a_finding_about_the_whole_file_has_no_row() -> None:
    found = RULE.one(field="f", message="why")
    assert found["row"].item() is None
    assert found.schema == dict(FINDING_COLUMNS)
    assert found["message"].item() == "why"


def test_findings_are_joined_in_the_order_of_rows_with_errors_first() -> None:
    joined = join_findings(
        [SOFT.find(FRAME, pl.lit(True), field="x"), RULE.find(FRAME, pl.col("x") == 1, field="x")]
    )
    assert joined.select("row", "severity").rows() == [
        (2, "error"),
        (2, "warning"),
        (3, "warning"),
        (4, "warning"),
    ]


def test_the_cap_keeps_the_first_of_each_rule_and_field_and_counts_all() -> None:
    counts = FindingCounts(cap=2)
    many = RULE.find(FRAME, pl.lit(True), field="x")
    first = counts.keep(many)
    second = counts.keep(join_findings([many, SOFT.find(FRAME, pl.lit(True), field="x")]))
    assert first["row"].to_list() == [2, 3]
    assert second.select("rule", "row").rows() == [("LOGIC-TEST", 2), ("LOGIC-TEST", 3)]
    assert dict(counts) == {"SHAPE-TEST": 6, "LOGIC-TEST": 3}
    assert (counts.total, counts.kept, counts.left_out) == (9, 4, 5)
    assert counts.table["severity"].to_list() == ["error", "warning"]


def test_counting_nothing() -> None:
    counts = FindingCounts()
    assert counts.keep(no_findings()).is_empty()
    assert counts.total == 0
    assert count_findings(no_findings()).is_empty()
