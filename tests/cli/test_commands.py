from __future__ import annotations

import json
from pathlib import Path

import click
import polars as pl
import pytest
import yaml
from click.testing import CliRunner, Result

from hopenow.cli import app
from hopenow.cli import explain as explain_command
from hopenow.portfolio.summary import Summary
from hopenow.review import Settings, explain
from hopenow.tapes.synthetic import write_synthetic
from tests.portfolio.tapes import loans, write_table

LOAN = {
    "investor": "fannie_mae",
    "loan_type": "conventional",
    "lien_position": 1,
    "amortization_type": "fixed",
    "note_rate": 6.5,
    "interest_bearing_balance": 236765.47,
    "remaining_term": 309,
    "monthly_principal_and_interest": 1580.17,
    "next_due_date": "2026-05-01",
    "months_delinquent": 5,
    "property_value": 290000,
    "evaluation_date": "2026-09-15",
}


class Ran:
    """Exit code and what was said, as the real command gives them."""

    def __init__(self, result: Result) -> None:
        self.code = result.exit_code
        self.out = result.stdout
        self.err = result.stderr


def hopenow(*arguments: str | Path) -> Ran:
    """Run the command in this process, through its own error handling."""

    @click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
    @click.argument("rest", nargs=-1, type=click.UNPROCESSED)
    def wrapped(rest: tuple[str, ...]) -> None:
        raise SystemExit(app.run(list(rest)))

    return Ran(CliRunner().invoke(wrapped, ["--", *map(str, arguments)]))


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_table(tmp_path_factory.mktemp("tape") / "tape.parquet", 120)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "history.txt"
    write_synthetic(path, loans=60, months=24, seed=3)
    return path


@pytest.fixture
def loan(tmp_path: Path) -> Path:
    path = tmp_path / "loan.json"
    path.write_text(json.dumps(LOAN), encoding="utf-8")
    return path


# --- help, version, usage -----------------------------------------------------------------------


def test_help_names_every_command_and_exit_code() -> None:
    ran = hopenow("--help")
    assert ran.code == 0
    for word in (*app.COMMANDS, *map(str, app.EXIT_CODES)):
        assert word in ran.out


@pytest.mark.parametrize("name", app.COMMANDS)
def test_every_command_has_help(name: str) -> None:
    ran = hopenow(name, "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: hopenow {name}")


def test_version() -> None:
    assert hopenow("--version").out.startswith("hopenow, version ")


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["review"], ["review", "--threads", "0", "x"], ["explain", "tape.txt"]]
)
def test_a_wrong_command_line_is_exit_2(arguments: list[str]) -> None:
    ran = hopenow(*arguments)
    assert ran.code == 2
    assert "Error:" in ran.err


# --- review -------------------------------------------------------------------------------------


def test_review_prints_counts_that_reconcile(tape: Path, tmp_path: Path) -> None:
    ran = hopenow(
        "review", tape, "--out", tmp_path, "--format", "parquet,csv", "--no-report", "--assume", "hardship_resolved=yes"
    )
    assert ran.code == 0, ran.err
    summary = Summary.load(tmp_path / "summary.json")
    assert "Read 120 = reviewed 118 + skipped 2" in ran.out
    assert "Assumed where unknown: hardship_resolved = yes" in ran.out
    assert {path.name for path in tmp_path.iterdir()} == {
        "results.parquet",
        "results.csv",
        "findings.csv",
        "summary.json",
    }
    for path in summary.files.values():
        assert path in ran.out
        assert Path(path).is_file()
    assert pl.read_parquet(tmp_path / "results.parquet").height == summary.results


def test_strict_makes_skipped_rows_exit_1(tape: Path, tmp_path: Path) -> None:
    assert hopenow("review", tape, "--out", tmp_path, "--no-report", "--strict").code == 1
    clean = write_table(tmp_path / "clean.parquet", 10, dirt=False)
    assert hopenow("review", clean, "--out", tmp_path, "--no-report", "--strict").code == 0


def test_review_writes_a_report_with_loan_pages(tape: Path, tmp_path: Path) -> None:
    ran = hopenow("review", tape, "--out", tmp_path, "--loan-pages", "3")
    assert ran.code == 0, ran.err
    assert (tmp_path / "report.html").is_file()
    assert len(list((tmp_path / "loans").iterdir())) == 3
    assert Summary.load(tmp_path / "summary.json").files["report"] == str(tmp_path / "report.html")


def test_review_of_a_history_at_a_month(history: Path, tmp_path: Path) -> None:
    ran = hopenow("review", history, "--out", tmp_path, "--no-report", "--at", "2026-03")
    assert ran.code == 0, ran.err
    summary = Summary.load(tmp_path / "summary.json")
    assert (summary.at, summary.first_date, summary.last_date) == ("2026-03", "2026-03-31", "2026-03-31")


def test_review_with_a_mapping(tmp_path: Path) -> None:
    (tmp_path / "tape.csv").write_text("Loan No,As Of\nA1,2026-09-15\n", encoding="utf-8")
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("columns:\n  Loan No: loan_id\n  As Of: evaluation_date\n", encoding="utf-8")
    ran = hopenow("review", tmp_path / "tape.csv", "--mapping", mapping, "--out", tmp_path / "out", "--no-report")
    assert ran.code == 0, ran.err
    assert "Read 1 = reviewed 1 + skipped 0" in ran.out


def test_every_wrong_choice_is_named_at_once(tape: Path, tmp_path: Path) -> None:
    ran = hopenow(
        "review", tape, "--out", tmp_path / "out", "--assume", "hardship_resolvd=yes", "--assume", "note_rate=99",
        "--assume", "loan_id=1", "--adopted", "x=soon", "--program", "fanie_mae", "--reference", tmp_path / "none",
    )  # fmt: skip
    assert ran.code == 3
    for words in (
        "did you mean hardship_resolved",
        "note_rate=99",
        "cannot be assumed",
        "YYYY-MM-DD",
        "did you mean fannie_mae",
        "no such folder",
    ):
        assert words in ran.err
    assert not (tmp_path / "out").exists()
    assert "Traceback" not in ran.err


def test_a_missing_tape_is_exit_3_in_one_line(tmp_path: Path) -> None:
    ran = hopenow("review", tmp_path / "none.csv", "--out", tmp_path / "out")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("hopenow: the tape cannot be read")
    assert "there is no such file" in ran.err


def test_a_folder_that_cannot_be_written_is_exit_3(tape: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    ran = hopenow("review", tape, "--out", tmp_path / "file", "--no-report")
    assert ran.code == 3
    assert str(tmp_path / "file") in ran.err


def test_a_damaged_reference_file_is_exit_4(tape: Path, tmp_path: Path) -> None:
    (tmp_path / "modification_rates.yaml").write_text("nonsense: [", encoding="utf-8")
    (tmp_path / "modification_interest_rates.csv").write_text("nonsense\n", encoding="utf-8")
    ran = hopenow("review", tape, "--out", tmp_path / "out", "--no-report", "--reference", tmp_path)
    assert ran.code in (3, 4)
    assert not list((tmp_path / "out").iterdir())


def test_an_adoption_outside_its_period_is_exit_4(tape: Path, tmp_path: Path) -> None:
    ran = hopenow("review", tape, "--out", tmp_path / "out", "--no-report", "--adopted", "pd.2023-10=2020-01-01")
    assert ran.code == 4
    assert "could not be adopted" in ran.err


def test_a_defect_is_exit_70_without_traceback(tape: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("hopenow.portfolio.pipeline.lacking", fail)
    ran = hopenow("review", tape, "--out", tmp_path, "--no-report")
    assert ran.code == 70
    assert "ZeroDivisionError: planted" in ran.err
    assert "Traceback" not in ran.err
    monkeypatch.setenv("HOPENOW_DEBUG", "1")
    assert "Traceback" in hopenow("review", tape, "--out", tmp_path, "--no-report").err


# --- explain ------------------------------------------------------------------------------------


def test_explain_a_loan_of_a_tape(tape: Path) -> None:
    ran = hopenow("explain", tape, "L0")
    assert ran.code == 0, ran.err
    assert "Loan L0" in ran.out
    assert "Sources" in ran.out
    assert "housing counseling" in ran.out


def test_explain_says_what_is_assumed(loan: Path) -> None:
    ran = hopenow("explain", loan, "--assume", "hardship_resolved=yes")
    assert ran.code == 0, ran.err
    assert "ASSUMED, not known: The cause is over: yes" in ran.out


def test_explain_as_json_has_every_option(loan: Path) -> None:
    ran = hopenow("explain", loan, "--json")
    (explained,) = json.loads(ran.out)
    assert explained["program"] == "fannie_mae"
    assert {"flex_modification", "payment_deferral", "short_sale"} <= {option["id"] for option in explained["options"]}


def test_explain_names_every_option_and_every_reason(loan: Path) -> None:
    (explained,) = json.loads(hopenow("explain", loan, "--json").out)
    text = " ".join(hopenow("explain", loan).out.split())
    for option in explained["options"]:
        if option["kind"] == "finding":
            continue
        assert option["title"] in text
        for rule in option["rules"]:
            if rule["answer"] == "no":
                assert " ".join(rule["says"].split()) in text
                assert " ".join(rule["change"].split()) in text


def test_an_unverified_rule_is_never_a_reason() -> None:
    page = vars(explain_command)["_Page"]
    seen = 0
    for explained in explain(loans(60), Settings(programs=("fannie_mae", "freddie_mac"))):
        for option in explained.options:
            reasons = page._reasons(option)
            assert bool(reasons) == (option.status == "ineligible" and bool(option.rules))
            for rule in option.rules:
                if rule.answer == "no" and "not verified" in rule.consequence:
                    assert rule not in reasons
                    seen += 1
    assert seen > 0


def test_explain_with_every_rule(loan: Path) -> None:
    ran = hopenow("explain", loan, "--rules")
    assert "PD-7" in ran.out
    assert "FM-2" in ran.out


def test_explain_as_html(loan: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    ran = hopenow("explain", loan, "--html", page)
    assert ran.code == 0, ran.err
    assert "</html>" in page.read_text(encoding="utf-8")
    assert not list(tmp_path.glob("*.partial"))


def test_explain_yaml_is_the_same_as_json(loan: Path, tmp_path: Path) -> None:
    path = tmp_path / "loan.yaml"
    path.write_text(yaml.safe_dump(LOAN), encoding="utf-8")
    assert hopenow("explain", path).out == hopenow("explain", loan).out


def test_a_loan_that_is_not_there_is_exit_1(tape: Path) -> None:
    ran = hopenow("explain", tape, "L999")
    assert ran.code == 1
    assert "'L999' is not there" in ran.err


def test_a_loan_that_was_skipped_says_why(tape: Path) -> None:
    ran = hopenow("explain", tape, "L10")
    assert ran.code == 1
    assert "was skipped" in ran.err
    assert "evaluation_date" in ran.err


def test_a_loan_without_program_is_said_so(tape: Path) -> None:
    ran = hopenow("explain", tape, "L4")
    assert ran.code == 0
    assert "No program applies" in ran.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[]", "must hold the facts of one loan"),
        ('{"note_rat": 4}', "note_rate"),
        ('{"note_rate": 4, "note_rate": 5}', "stands twice"),
        ('{"evaluation_date": "soon"}', "evaluation_date"),
        ('{"note_rate": {"value": 4}}', "not a mapping"),
    ],
)
def test_a_file_of_facts_that_cannot_be_read_is_exit_3(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "loan.json"
    path.write_text(text, encoding="utf-8")
    ran = hopenow("explain", path)
    assert ran.code == 3
    assert words in ran.err


# --- law ----------------------------------------------------------------------------------------


def test_law_programs_and_list() -> None:
    assert "flex_modification" in hopenow("law", "programs").out
    ran = hopenow("law", "list", "--program", "fannie_mae", "--on", "2026-09-01")
    assert "pd.2023-10" in ran.out
    assert "pd.2020-07" not in ran.out


def test_law_show_has_values_citations_and_marks() -> None:
    ran = hopenow("law", "show", "payment_deferral", "--program", "fannie_mae", "--on", "2024-01-02")
    assert ran.code == 0
    for words in ("PD-7", "most_months_delinquent = 6", "verified:", "secondary:", "LL-2023-04"):
        assert words in ran.out


def test_law_show_on_a_day_that_is_not_covered_names_the_range() -> None:
    ran = hopenow("law", "show", "covid_payment_deferral", "--program", "fannie_mae", "--on", "2025-01-02")
    assert "Not in force on 2025-01-02" in ran.out
    assert "2020-07-01" in ran.out


def test_law_show_every_value() -> None:
    ran = hopenow("law", "show", "payment_deferral", "--program", "fannie_mae", "--all-dates")
    assert "in pd.2020-07" in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["law", "show", "payment_deferal"], 3, "did you mean payment_deferral"),
        (["law", "show", "payment_deferral", "--on", "yesterday"], 2, "YYYY-MM-DD"),
        (["law", "list", "--program", "nobody"], 3, "unknown program"),
    ],
)
def test_law_refusals(arguments: list[str], code: int, words: str) -> None:
    ran = hopenow(*arguments)
    assert ran.code == code
    assert words in ran.err


def test_law_check_of_the_project_is_clean() -> None:
    ran = hopenow("law", "check")
    assert ran.code == 0, ran.err
    assert ran.out.endswith("0 with defects\n")


def test_law_check_reports_every_defective_file(tmp_path: Path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("option: x\ntitle: X\nhomeowner: X\nrule_sets: [{id: a, for: fannie_mae}]\n", encoding="utf-8")
    two.write_text("a: 1\na: 2\n", encoding="utf-8")
    ran = hopenow("law", "check", one, two)
    assert ran.code == 4
    assert "one.yaml" in ran.err
    assert "stands twice" in ran.err
    assert "2 with defects" in ran.out


# --- tape, facts, conform -----------------------------------------------------------------------


def test_tape_inspect_proposes_a_mapping(tmp_path: Path) -> None:
    tape = tmp_path / "servicer.csv"
    tape.write_text("Loan Number,Note Rate,As Of Date\nA1,4.25,2026-09-15\nA2,5.5,2026-09-15\n", encoding="utf-8")
    mapping = tmp_path / "mapping.yaml"
    ran = hopenow("tape", "inspect", tape, "--write-mapping", mapping)
    assert ran.code == 0, ran.err
    assert "note_rate" in ran.out
    assert "note_rate" in mapping.read_text(encoding="utf-8")
    assert hopenow("tape", "inspect", tape, "--write-mapping", mapping).code == 3


def test_tape_inspect_recognizes_a_layout(history: Path) -> None:
    assert "Fannie Mae loan performance, 110 fields" in hopenow("tape", "inspect", history).out


def test_a_template_can_be_reviewed(tmp_path: Path) -> None:
    path = tmp_path / "template.csv"
    assert hopenow("tape", "template", "--sample", "--out", path).code == 0
    assert hopenow("tape", "template", "--out", path).code == 3
    ran = hopenow("review", path, "--out", tmp_path / "out", "--no-report")
    assert ran.code == 0, ran.err
    assert "Read 1 = reviewed 1 + skipped 0" in ran.out
    assert hopenow("tape", "template").out.startswith("loan_id,evaluation_date,")


def test_facts_are_listed_and_shown() -> None:
    assert "note_rate" in hopenow("facts").out
    assert hopenow("facts", "--markdown").out.startswith("# Facts")
    assert json.loads(hopenow("facts", "--json-schema").out)["type"] == "object"
    assert "percent per year" in hopenow("facts", "note_rate").out
    ran = hopenow("facts", "note_rat")
    assert ran.code == 3
    assert "did you mean note_rate" in ran.err


def test_demo_ends_with_what_to_do_next(tmp_path: Path) -> None:
    ran = hopenow("demo", "--out", tmp_path, "--loans", "80", "--seed", "5", "--no-report")
    assert ran.code == 0, ran.err
    assert f"hopenow explain {tmp_path / 'tape.txt'}" in ran.out
    loan_id = ran.out.split()[-1]
    assert hopenow("explain", tmp_path / "tape.txt", loan_id).code == 0


def test_conform_passes_the_projects_own_cases() -> None:
    ran = hopenow("conform")
    assert ran.code == 0, ran.out
    assert ran.out.splitlines()[-1].endswith("0 failed")


def test_conform_shows_each_figure_that_differs(tmp_path: Path) -> None:
    document = {
        "about": "Planted.",
        "cases": [
            {
                "id": "P-1",
                "investor": "fannie_mae",
                "option": "reinstatement",
                "source": "made up",
                "inputs": {**LOAN, "evaluation_date": "2026-09-15"},
                "outputs": {"status": "planted"},
            }
        ],
    }
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    ran = hopenow("conform", path)
    assert ran.code == 1
    assert "P-1" in ran.out
    assert "1 failed" in ran.out.splitlines()[-1]


def test_conform_refuses_what_is_no_case_file(tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    path.write_text("[", encoding="utf-8")
    assert hopenow("conform", path).code == 3
