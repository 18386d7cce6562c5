"""Files of applications: what is not used is counted; a wrong mapping is refused with all that is wrong."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hopenow.errors import InputError
from hopenow.oversight.fairness.applications import automatic_mapping, from_frame, read
from hopenow.oversight.fairness.groups import with_groups
from hopenow.oversight.fairness.mapping import load_mapping, package_mappings, parse_mapping
from hopenow.oversight.fairness.stages import reach
from hopenow.oversight.fairness.vocabulary import facts, measures, stages


def mapped(columns: dict[str, Any], **more: Any) -> Any:
    return parse_mapping({"title": "a test", "columns": columns, **more})


def found(frame: pl.DataFrame) -> dict[tuple[str, str | None], int]:
    return {(row["rule"], row["value"]): row["rows"] for row in frame.iter_rows(named=True)}


def test_every_kind_of_value_that_is_not_used_is_counted() -> None:
    raw = pl.DataFrame(
        {
            "id": ["1", "2", "2", "4", "5", "6", ""],
            "race": ["w", "b", "b", "9", "?", "w", "w"],
            "dti": ["0.3", "9.99", "0.2", "8630", "x", "", "-1"],
            "pay": ["1,000.50", "1.005", "abc", "2000", "5", "7", "9"],
            "day": ["2020-01-31", "2020-02-30", "", "x", "2020-03-01", "", ""],
            "no": ["Y", "N", "N", "Q", "1", "0", ""],
        }
    )
    mapping = mapped(
        {
            "id": {"fact": "application_id"},
            "race": {"fact": "race", "values": {"w": "white", "b": "black"}, "unknown": {"9": "not given"}},
            "dti": {"fact": "payment_to_income", "fillers": ["9.99"], "low": 0, "high": 2},
            "pay": {"fact": "income"},
            "day": {"fact": "decision_date"},
            "no": {"fact": "denied"},
        }
    )
    read_in = from_frame(raw, mapping, "test")
    assert read_in.read == 7
    assert read_in.excluded == 1
    counts = found(read_in.findings)
    assert counts["APP-NOT-GIVEN", "9"] == 1
    assert counts["APP-CODE", "?"] == 1
    assert counts["APP-FILLER", "9.99"] == 1
    assert counts["APP-RANGE", "8630"] == 1
    assert counts["APP-RANGE", "-1"] == 1
    assert counts["APP-NUMBER", "x"] == 1
    assert counts["APP-NUMBER", "abc"] == 1
    assert counts["APP-CENTS", "1.005"] == 1
    assert counts["APP-DATE", "2020-02-30"] == 1
    assert counts["APP-DATE", "x"] == 1
    assert counts["APP-CODE", "Q"] == 1
    assert counts["APP-TWICE", None] == 1
    assert counts["APP-NO-ID", None] == 1
    assert read_in.frame["payment_to_income"].to_list() == [0.3, None, None, None, None, None]
    assert read_in.frame["income"].to_list() == [100_050, None, 200_000, 500, 700, 900]
    assert read_in.frame["denied"].to_list() == [True, False, None, True, False, None]
    assert read_in.frame["offered"].to_list() == [False, True, None, False, True, None]


def test_money_keeps_its_thousands_separator() -> None:
    raw = pl.DataFrame({"pay": ["1,000.50", "$2,000"], "denied": ["yes", "no"]})
    read_in = from_frame(raw, mapped({"pay": {"fact": "income", "low": 1}, "denied": {"fact": "denied"}}), "test")
    assert read_in.frame["income"].to_list() == [100_050, 200_000]
    assert read_in.findings.is_empty()


def test_the_rest_of_many_values_is_one_line_with_its_range() -> None:
    raw = pl.DataFrame({"dti": [str(10 + number) for number in range(30)] + ["8630"], "denied": ["no"] * 31})
    mapping = mapped({"dti": {"fact": "payment_to_income", "high": 2}, "denied": {"fact": "denied"}})
    findings = from_frame(raw, mapping, "test").findings
    assert findings.height == 21
    assert findings["rows"].sum() == 31
    assert "8,630" in findings["value"][20]


def test_a_wrong_mapping_says_everything_that_is_wrong() -> None:
    with pytest.raises(InputError) as caught:
        mapped(
            {
                "a": {"fact": "own_thing"},
                "b": {"fact": "race", "low": 3},
                "c": {"fact": "denied", "values": {"1": "maybe"}},
                "d": {"fact": "income", "values": {"1": "x"}},
                "e": {"fact": "age", "kind": "text"},
                "f": {"fact": "sex", "values": {"1": "male"}, "unknown": ["1"]},
                "g": {"fact": "sex"},
                "h": {"fact": "credit_score", "fillers": ["none"]},
                "i": {"fact": "language", "renamed": {"1": "x"}, "values": {"1": "y"}},
            },
            controls=["nothing"],
            constants={"income": "yes", "denied": "yes"},
            models={"m": {"outcome": "denied", "terms": ["gone"]}},
        )
    said = str(caught.value)
    for part in (
        "columns.a", "columns.b", "'maybe'", "columns.d", "columns.e", "columns.f", "sex is given by two", "'none'",
        "columns.i", "controls: 'nothing'", "constants.income", "denied is also given", "models.m: 'gone'",
    ):  # fmt: skip
        assert part in said, part


@pytest.mark.parametrize("content", [None, [], {"title": "x"}, {"title": "x", "columns": {}, "colour": 1}])
def test_what_is_no_mapping_is_refused(content: Any) -> None:
    with pytest.raises(InputError):
        parse_mapping(content)


def test_an_unknown_mapping_names_those_that_there_are() -> None:
    with pytest.raises(InputError, match="boston_hmda"):
        load_mapping("nowhere")


def test_a_mapping_with_a_key_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.yaml"
    path.write_text("title: x\ntitle: y\ncolumns: {}\n", encoding="utf-8")
    with pytest.raises(InputError, match="twice"):
        load_mapping(path)


def test_mappings_of_the_package_are_sound() -> None:
    names = package_mappings()
    assert {"boston_hmda", "fhlbank_ama_pudb_2010"} <= set(names)
    for name in names:
        assert load_mapping(name).source is not None


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    with pytest.raises(InputError, match="column 'dti' is missing") as caught:
        from_frame(pl.DataFrame({"other": ["1"]}), mapped({"dti": {"fact": "payment_to_income"}}), "test")
    assert "'other'" in str(caught.value)


def test_a_file_without_any_known_column_is_refused() -> None:
    frame = pl.DataFrame({"x": ["1"]})
    with pytest.raises(InputError, match="vocabulary"):
        from_frame(frame, automatic_mapping(frame.columns, "x"), "x")


def test_rows_that_are_not_looked_at_are_counted() -> None:
    raw = pl.DataFrame({"lien": ["1", "2", "1"], "denied": ["yes", "no", "no"]})
    read_in = from_frame(raw, mapped({"denied": {"fact": "denied"}}, only={"lien": ["1"]}), "test")
    assert read_in.frame.height == 2
    assert read_in.excluded == 1
    assert found(read_in.findings)["APP-ONLY", None] == 1


def test_columns_that_are_not_used_are_named() -> None:
    raw = pl.DataFrame({"denied": ["yes"], "a": ["1"], "b": ["2"]})
    assert from_frame(raw, mapped({"denied": {"fact": "denied"}}, ignore=["a"]), "test").unused == ("b",)


@pytest.mark.parametrize("kind", ["csv", "gz", "zip", "parquet", "latin"])
def test_files_of_every_kind_read_the_same(tmp_path: Path, kind: str) -> None:
    text = "denied,race\nyes,Ñandú\nno,white\n"
    path = tmp_path / f"file.{'csv' if kind in {'csv', 'latin'} else 'csv.gz' if kind == 'gz' else kind}"
    if kind == "gz":
        path.write_bytes(gzip.compress(text.encode()))
    elif kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inside.csv", text)
            archive.writestr("__MACOSX/._inside.csv", "x")
    elif kind == "parquet":
        pl.DataFrame({"denied": ["yes", "no"], "race": ["Ñandú", "white"]}).write_parquet(path)
    else:
        path.write_bytes(text.encode("latin-1" if kind == "latin" else "utf-8"))
    assert read(path).frame["race"].to_list() == ["Ñandú", "white"]


def test_a_broken_table_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    path.write_text("a,b\n1,2,3\n", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read as a table"):
        read(path)
    with pytest.raises(InputError, match="is not there"):
        read(tmp_path / "gone.csv")
    two = tmp_path / "two.zip"
    with zipfile.ZipFile(two, "w") as archive:
        archive.writestr("a.csv", "x")
        archive.writestr("b.csv", "x")
    with pytest.raises(InputError, match="one CSV"):
        read(two)


def test_a_later_stage_implies_the_earlier_and_a_contradiction_is_a_finding() -> None:
    raw = pl.DataFrame(
        {
            "applied": ["yes", "yes", "", "no", "yes", "yes"],
            "offered": ["yes", "no", "yes", "", "", "yes"],
            "trial": ["no", "", "", "", "", "no"],
            "permanent": ["yes", "", "", "", "", ""],
        }
    )
    reached = reach(from_frame(raw, automatic_mapping(raw.columns, "x"), "x"))
    frame = reached.frame
    assert [stage.name for stage in reached.present] == ["applied", "offered", "trial", "permanent"]
    assert frame["reached_applied"].to_list() == [True, True, True, False, True, True]
    assert frame["reached_trial"].to_list() == [True, False, False, False, False, False]
    assert frame["known_offered"].to_list() == [True, True, True, True, False, True]
    # No trial ends nothing: whether help became permanent is still open for the last one.
    assert frame["known_trial"].to_list() == [True, True, False, True, False, False]
    assert frame["known_permanent"].to_list() == [True, True, False, True, False, False]
    assert reached.findings.is_empty()
    odd = pl.DataFrame({"applied": ["no", "yes"], "offered": ["yes", "no"]})
    assert reach(from_frame(odd, automatic_mapping(odd.columns, "x"), "x")).findings["rule"].to_list() == [
        "APP-STAGE-ORDER"
    ]


def test_stages_may_be_given_as_dates() -> None:
    raw = pl.DataFrame({"APPLIED_ON": ["2020-01-05", "", "2020-02-30"], "denied": ["no", "", "no"]})
    mapping = mapped({"APPLIED_ON": {"fact": "applied", "kind": "date"}, "denied": {"fact": "denied"}})
    read_in = from_frame(raw, mapping, "x")
    assert read_in.frame["applied"].to_list() == [True, False, None]
    assert found(read_in.findings)["APP-DATE", "2020-02-30"] == 1


def test_who_stands_exactly_on_a_line_of_income_is_put_right() -> None:
    raw = pl.DataFrame(
        {
            "income": ["49999.99", "50000", "80000", "120000", "119999.99", "", "5"],
            "area_median_income": ["100000"] * 6 + ["0"],
        }
    )
    frame, dimensions = with_groups(
        from_frame(raw, automatic_mapping(raw.columns, "x"), "x").frame, automatic_mapping([], "x")
    )
    assert frame["group_income_band"].to_list() == ["low", "moderate", "middle", "upper", "middle", None, None]
    assert dimensions[0].levels == ("low", "moderate", "middle", "upper")


def test_bands_of_age_delinquency_and_risk() -> None:
    raw = pl.DataFrame(
        {
            "age": ["24", "25", "61", "62", "75", ""],
            "days_delinquent": ["0", "1", "29", "30", "120", "89"],
            "credit_score": ["800", "600", "600", "700", "720", "650"],
        }
    )
    frame, dimensions = with_groups(
        from_frame(raw, automatic_mapping(raw.columns, "x"), "x").frame, automatic_mapping([], "x")
    )
    assert frame["group_age_band"].to_list() == ["under 25", "25 to 34", "55 to 64", "55 to 64", "75 and over", None]
    assert frame["group_elderly"].to_list() == ["under 62", "under 62", "under 62", "62 and over", "62 and over", None]
    assert frame["group_delinquency_stage"].to_list() == [
        "current",
        "1 to 29",
        "1 to 29",
        "30 to 59",
        "120 and more",
        "60 to 89",
    ]
    decile = frame["group_risk_decile"].to_list()
    assert decile[1] == decile[2]  # the same score, the same group
    assert decile[0] == "1"
    assert {item.id for item in dimensions} == {"risk_decile", "delinquency_stage", "age_band", "elderly"}


def test_the_vocabulary_and_the_measures_hang_together() -> None:
    assert [stage.name for stage in stages()][:3] == ["delinquent", "contacted", "applied"]
    assert {"race", "denied", "durable"} <= set(facts())
    assert measures()["adverse_impact_below"] == 800_000
