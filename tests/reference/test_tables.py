"""Where tables come from, what they say about themselves, and what is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from hopenow import reference
from hopenow.errors import InputError, ReferenceDataError
from hopenow.reference import tables
from hopenow.reference.parameters import day, number


def test_every_table_describes_itself() -> None:
    described = {info.id: info for info in reference.describe()}
    assert described.keys() == tables.PACKAGE_FILES.keys() == tables.ACCEPTED_FILES.keys()
    for info in described.values():
        assert info.title
        assert info.unit
        assert info.source
        assert info.edition
        assert info.origin == "package"
        assert info.rows > 0
        assert set(info.verification) <= set(tables.VERIFICATION_WORDS)
        assert info.verification
        assert (info.first is None) == (info.last is None)
        assert info.first is None or info.last is None or info.first < info.last


def test_package_tables_are_small() -> None:
    total = sum(tables.package_file(name).stat().st_size for name in tables.PACKAGE_FILES.values())
    assert total < 1_500_000


def test_package_files_and_table_of_files_agree() -> None:
    folder = tables.package_file("modification_rates.yaml").parent
    assert {path.name for path in folder.iterdir()} == set(tables.PACKAGE_FILES.values())


def test_a_missing_package_file_says_so() -> None:
    with pytest.raises(ReferenceDataError, match=r"no_such\.parquet is missing"):
        tables.package_file("no_such.parquet")


def test_no_folder_means_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tables.DIRECTORY_VARIABLE, raising=False)
    assert tables.locate("pmms_30yr") is None


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ReferenceDataError, match="given as directory"):
        reference.describe(tmp_path / "nowhere")
    monkeypatch.setenv(tables.DIRECTORY_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(ReferenceDataError, match="HOPENOW_REFERENCE_DIR"):
        reference.describe()


def test_a_misspelled_file_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hpi_at_stat.csv").write_text("CA,2000,1,100.00\n")
    with pytest.raises(ReferenceDataError, match=r"not a reference file .* hpi_at_state\.csv"):
        reference.describe(tmp_path)


def test_two_files_for_one_table_are_refused(tmp_path: Path) -> None:
    (tmp_path / "PMMS_history.csv").write_text("date,pmms30\n1/5/2023,6.48\n")
    (tmp_path / "pmms_30yr.csv").write_text("date,value\n2023-01-05,6.48\n")
    with pytest.raises(ReferenceDataError, match="Keep one"):
        reference.pmms_rate(date(2023, 1, 6), tmp_path)


def test_notes_and_hidden_files_are_left_alone(tmp_path: Path) -> None:
    for name in ("README.md", ".DS_Store", "notes.txt"):
        (tmp_path / name).write_text("not a table")
    assert all(info.origin == "package" for info in reference.describe(tmp_path))


def test_the_environment_names_a_folder_and_an_argument_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    (one / "PMMS_history.csv").write_text("date,pmms30\n1/5/2023,1.11\n")
    (other / "PMMS_history.csv").write_text("date,pmms30\n1/5/2023,2.22\n")
    monkeypatch.setenv(tables.DIRECTORY_VARIABLE, str(one))
    assert reference.pmms_rate(date(2023, 1, 5)).rate_ppm == 11_100
    assert reference.pmms_rate(date(2023, 1, 5), other).rate_ppm == 22_200
    info = next(i for i in reference.describe() if i.id == "pmms_30yr")
    assert info.origin == str(one / "PMMS_history.csv")
    assert "PMMS_history.csv" in info.edition


def test_a_replaced_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "PMMS_history.csv"
    path.write_text("date,pmms30\n1/5/2023,6.48\n")
    assert reference.pmms_rate(date(2023, 1, 5), tmp_path).rate_ppm == 64_800
    path.write_text("date,pmms30\n1/5/2023,6.48\n1/12/2023,6.330\n")
    assert reference.pmms_rate(date(2023, 1, 12), tmp_path).rate_ppm == 63_300


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "cannot be read as YAML"),
        ("title: a\ntitle: b\n", "'title' is given twice"),
        ("title: a\nsurprise: b\n", "surprise"),
        ("[]", "valid"),
    ],
)
def test_a_bad_yaml_table_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "state_foreclosure.yaml").write_text(text)
    with pytest.raises(ReferenceDataError, match=message):
        reference.state_practice("CA", tmp_path)


def test_a_parquet_table_without_a_description_is_refused(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"week": [date(2023, 1, 5)], "rate_ppm": [1]}, schema_overrides={"rate_ppm": pl.Int32}
    )
    frame.write_parquet(tmp_path / "pmms_30yr.parquet")
    with pytest.raises(ReferenceDataError, match=r"does not say its edition, source"):
        reference.pmms_rate(date(2023, 1, 5), tmp_path)
    (tmp_path / "pmms_30yr.parquet").write_text("not Parquet")
    with pytest.raises(ReferenceDataError, match="cannot be read as Parquet"):
        reference.pmms_rate(date(2023, 1, 5), tmp_path)


@pytest.mark.parametrize(
    ("text", "units"),
    [("6.48", 64_800), ("6", 60_000), (" 6.5 ", 65_000), ("6.", 60_000), ("6.48000", 64_800), ("0.0001", 1)],
)
def test_decimal_text_is_read_exactly(text: str, units: int) -> None:
    frame = pl.DataFrame({"x": [text]})
    assert frame.select(tables.decimal_units("x", 4)).item() == units


@pytest.mark.parametrize("text", ["", "-1", "6,5", "6.48001", "1e3", "nan", ".5", "six", "1234567890"])
def test_other_text_is_no_number(text: str) -> None:
    frame = pl.DataFrame({"x": [text]})
    assert frame.select(tables.decimal_units("x", 4)).item() is None


def test_findings_are_capped() -> None:
    frame = pl.DataFrame({"row": range(250), "x": ["bad"] * 250})
    found = tables.row_findings(frame, pl.lit(value=True), "is bad", "x")
    assert len(found) == 101
    assert found[-1] == "and 150 more rows: is bad"


def test_an_unreadable_csv_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "PMMS_history.csv").write_text("")
    with pytest.raises(InputError, match="cannot be read"):
        reference.pmms_rate(date(2023, 1, 5), tmp_path)


def test_every_parameter_has_a_reason_and_a_word() -> None:
    for name, parameter in reference.reference_parameters().items():
        assert parameter.meaning, name
        assert len(parameter.reason) > 20, name
        assert parameter.verification in tables.VERIFICATION_WORDS


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(ReferenceDataError, match="no_such_thing"):
        number("no_such_thing")
    with pytest.raises(ReferenceDataError, match="not a whole-number"):
        number("modification_rate_floor_since")
    with pytest.raises(ReferenceDataError, match="that is a date"):
        day("modification_rate_floor_margin")


def test_an_unknown_verification_word_is_refused() -> None:
    with pytest.raises(ReferenceDataError, match="'certain' is not a verification word"):
        tables.verification_word("certain", "here")


def test_the_page_names_every_table_file_and_parameter(repository: Path) -> None:
    page = (repository / "docs" / "reference-data.md").read_text(encoding="utf-8")
    names = [name for accepted in tables.ACCEPTED_FILES.values() for name in accepted]
    for name in (*tables.PACKAGE_FILES, *names):
        assert f"`{name}`" in page, name
    for name, parameter in reference.reference_parameters().items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        value = f"{parameter.value:,}" if isinstance(parameter.value, int) else str(parameter.value)
        assert value in row, name
    for info in reference.describe():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{info.id}` |"))
        if info.id != "modification_rates" and info.last is not None:
            quarterly = info.id.startswith("house_price")
            last = f"{info.last.year}Q{(info.last.month + 2) // 3}" if quarterly else str(info.last)
            assert f"| {last} | {info.verification[0]} |" in row
