from __future__ import annotations

from pathlib import Path

import pytest

from hopenow.errors import InputError
from hopenow.tapes.mapping import load_mapping, parse_mapping

GOOD = """
version: 1
file: {delimiter: tab, encoding: latin-1, null_values: ["-9"]}
constants: {evaluation_date: 2026-09-30, investor: Fannie Mae, sale_date: never}
columns:
  A: loan_id
  B: {fact: note_rate, unit: basis_points, null_values: ["0"]}
  C: {fact: next_due_date, format: "%m%Y"}
  "No": {fact: occupancy, values: {N: investment, No: principal_residence, 01: second_home}}
ignore: [D]
"""


def findings(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_mapping(text)
    return [str(finding) for finding in caught.value.findings] or [str(caught.value)]


def test_a_good_mapping() -> None:
    mapping = parse_mapping(GOOD)
    assert mapping.file.delimiter == "\t"
    assert mapping.constants["evaluation_date"] == "2026-09-30"
    assert mapping.facts == {"A": "loan_id", "B": "note_rate", "C": "next_due_date", "No": "occupancy"}
    assert mapping.columns["No"].values == {
        "N": "investment",
        "No": "principal_residence",
        "01": "second_home",
    }
    reading = mapping.readings()["note_rate"]
    assert reading.unit == "basis_points"
    assert reading.null_words == {"-9", "0"}


BASE = "constants: {evaluation_date: 2026-09-30}\n"
LOAN = BASE + "columns:\n  A: loan_id\n"

# One mapping for each thing that can be wrong: where it is, and what is said about it.
WRONG = {
    "unknown key": ("colums: {}\n" + LOAN, ["colums: no such key"]),
    "unknown file key": (
        "file: {seperator: x}\n" + LOAN,
        ["file.seperator: no such key; known keys: format, delimiter"],
    ),
    "unknown column key": (
        LOAN + "  B: {fact: note_rate, units: percent}\n",
        ["columns.B.units: no such key"],
    ),
    "unknown fact": (
        LOAN + "  B: note_rat\n",
        ["columns.B: 'note_rat' is not a fact: did you mean 'note_rate'?"],
    ),
    "unknown constant": (
        "constants: {evaluation_dat: 2026-09-30}\ncolumns: {A: loan_id, B: evaluation_date}\n",
        ["did you mean 'evaluation_date'?"],
    ),
    "bad constant": (
        "constants: {evaluation_date: tomorrow}\ncolumns: {A: loan_id}\n",
        ["constants.evaluation_date: 'tomorrow'"],
    ),
    "constant out of range": (
        BASE.replace("}", ", note_rate: 99}") + "columns: {A: loan_id}\n",
        ["constants.note_rate: '99.0'"],
    ),
    "constant that is a list": (
        BASE.replace("}", ", note_rate: [1]}") + "columns: {A: loan_id}\n",
        ["constants.note_rate: write a single value"],
    ),
    "wrong unit": (LOAN + "  B: {fact: note_rate, unit: dollars}\n", ["use percent, fraction, basis_points"]),
    "unit where there is none": (
        LOAN + "  B: {fact: remaining_term, unit: years}\n",
        ["remaining_term is in months; remove the unit"],
    ),
    "format of something else": (
        LOAN + "  B: {fact: note_rate, format: '%Y'}\n",
        ["note_rate is not a date"],
    ),
    "format without a year": (
        LOAN + "  B: {fact: next_due_date, format: '%m/%d'}\n",
        ["has no year or no month"],
    ),
    "values of a number": (
        LOAN + "  B: {fact: note_rate, values: {a: b}}\n",
        ["only words can be translated"],
    ),
    "value that is no choice": (
        LOAN + "  B: {fact: occupancy, values: {a: b}}\n",
        ["columns.B.values.a: 'b' is not one of"],
    ),
    "value that is no flag": (LOAN + "  B: {fact: vacant, values: {a: b}}\n", ["'b' is not yes or no"]),
    "fact twice": (LOAN + "  B: loan_id\n", ["loan_id comes from columns.A and columns.B: keep one"]),
    "fact and constant": (
        LOAN + "  B: evaluation_date\n",
        ["evaluation_date comes from columns.B and constants.evaluation_date"],
    ),
    "key twice": (LOAN + "  A: note_rate\n", ["key 'A' is there twice"]),
    "required missing": ("columns: {B: note_rate}\n", ["loan_id is missing", "evaluation_date is missing"]),
    "column without a fact": (LOAN + "  B: {unit: percent}\n", ["columns.B.fact: is missing"]),
    "columns as a list": (
        BASE + "columns: [A, B]\n",
        ["columns: write one `name: value`", "loan_id is missing"],
    ),
    "long delimiter": ("file: {delimiter: '||'}\n" + LOAN, ["file.delimiter: a delimiter is one character"]),
    "no header, no names": ("file: {has_header: false}\n" + LOAN, ["needs the names of its columns"]),
    "header and names": (
        "file: {has_header: true, column_names: [A]}\n" + LOAN,
        ["only for files without a header"],
    ),
    "name twice": ("file: {has_header: false, column_names: [A, A]}\n" + LOAN, ["'A' is there twice"]),
    "column not among names": (
        "file: {has_header: false, column_names: [B]}\n" + LOAN,
        ["columns.A: not among"],
    ),
    "ignored and mapped": ("ignore: [A]\n" + LOAN, ["ignore: 'A' is also mapped"]),
    "other version": ("version: 2\n" + LOAN, ["version: Input should be '1'"]),
    "not YAML": ("columns: {A", ["is not YAML"]),
    "not a mapping": ("- a\n- b\n", ["is not a mapping"]),
    "empty": ("", ["is not a mapping"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said(name: str) -> None:
    text, expected = WRONG[name]
    said = findings(text)
    assert len(said) == len(expected), said
    for part, finding in zip(expected, said, strict=True):
        assert part in finding


def test_everything_is_said_at_once() -> None:
    parts = [
        "version: 2",
        "file: {delimiter: '||', zzz: 1}",
        "constants: {evaluation_date: tomorrow, qqq: 1}",
        "columns: {A: loan_id, B: loan_id, C: zzz, D: {fact: note_rate, unit: dollars, xx: 1}}",
    ]
    said = "\n".join(findings("\n".join(parts)))
    for part in (
        "version",
        "file.delimiter",
        "file.zzz",
        "constants.evaluation_date",
        "constants.qqq",
        "columns.C",
    ):
        assert part in said
    assert "columns.D.xx" in said
    assert "loan_id comes from" in said


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert load_mapping(path) == parse_mapping(GOOD)
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InputError, match="not UTF-8"):
        load_mapping(path)
    with pytest.raises(InputError, match="cannot be opened"):
        load_mapping(tmp_path / "none.yaml")
