from __future__ import annotations

import csv
import io

import polars as pl
import pytest

from hopenow.facts import schema
from hopenow.facts.ingest import SHAPE_RULES, to_canonical
from hopenow.facts.logic import CROSS_RULES
from hopenow.facts.templates import csv_sample, csv_template, facts_reference, findings_reference, json_schema
from hopenow.tapes.tabular import FILE_RULES


def test_the_template_has_every_fact_and_no_row() -> None:
    assert list(csv.reader(io.StringIO(csv_template()))) == [list(schema())]
    assert csv_template(["note_rate", "loan_id"]) == "note_rate,loan_id\n"


def test_the_template_refuses_what_is_not_a_fact() -> None:
    with pytest.raises(KeyError):
        csv_template(["zzz"])


def test_the_sample_is_read_without_findings() -> None:
    result = to_canonical(pl.read_csv(csv_sample().encode(), infer_schema=False))
    assert result.findings.is_empty()
    assert result.facts.height == 1
    assert result.facts["interest_bearing_balance"].item() == 21_250_000


def test_the_json_schema_has_every_fact() -> None:
    document = json_schema()
    assert list(document["properties"]) == list(schema())
    assert document["required"] == ["loan_id", "evaluation_date"]
    assert document["additionalProperties"] is False
    assert {"type": "null"} in document["properties"]["note_rate"]["anyOf"]
    assert document["properties"]["sale_date"]["anyOf"][0]["anyOf"][1] == {"const": "never"}


def test_the_reference_page_has_every_fact_once() -> None:
    page = facts_reference()
    for name in schema():
        assert page.count(f"| `{name}`") == 1
    for title in schema().titles.values():
        assert f"## {title}" in page


def test_the_findings_page_has_every_rule_once() -> None:
    page = findings_reference(FILE_RULES)
    for rule in (*FILE_RULES, *SHAPE_RULES, *(cross.rule for cross in CROSS_RULES)):
        assert page.count(f"| `{rule.id}` |") == 1
