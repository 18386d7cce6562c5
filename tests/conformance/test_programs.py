"""Cases on government loans, HAMP and the programs of 2007, and cases on any option of any program."""

from __future__ import annotations

import json
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from hopenow.conformance import own_cases, render, run
from hopenow.conformance.files import Case, read_file
from hopenow.conformance.kinds import Field, difference
from hopenow.conformance.options import DETERMINATION, program_handler, terms_of
from hopenow.conformance.runner import run_case
from hopenow.programs.registry import PROGRAMS, program

FILES = ("government_loans", "hamp", "hope_now_2007")
OWN = [case for file in own_cases() for case in read_file(file)]
COVERED = ("fha", "va", "usda", "section_184", "hamp", "hope_now_2007", "assistance_funds")
CLAIM: dict[str, Any] = {
    "id": "C-1",
    "program": "fha",
    "option": "fha_partial_claim",
    "authority": "project",
    "inputs": {
        "evaluation_date": "2025-11-12",
        "months_delinquent": 5,
        "monthly_principal_and_interest": "1596.72",
        "escrow_advances": "1500.00",
    },
    "outputs": {"claim_amount": "9483.60"},
}


def written(folder: Path, **changes: Any) -> Path:
    entry = {key: value for key, value in {**CLAIM, **changes}.items() if value is not ...}
    path = folder / "cases.json"
    path.write_text(json.dumps({"cases": [entry]}), encoding="utf-8")
    return path


def errors(folder: Path, **changes: Any) -> str:
    results = run([written(folder, **changes)])
    assert {result.status for result in results} == {"error"}, results
    return "\n".join(line for result in results for line in result.errors)


# --- published files ------------------------------------------------------------------------------------------


def published(shared: Path, name: str) -> Path:
    path = shared / "cases" / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"no worked cases at {path}")
    return path


@pytest.mark.parametrize("name", FILES)
def test_every_published_case_passes(shared: Path, name: str) -> None:
    path = published(shared, name)
    results = run([path])
    assert [result.id for result in results if result.status != "passed"] == [], render(results)
    document = json.loads(path.read_text(encoding="utf-8"))
    # Nothing is left out: one result for each case, or for each of its variants.
    assert len(results) == sum(len(case.get("variants", [case])) for case in document["cases"])
    assert all(result.compared > 0 for result in results)


@pytest.mark.parametrize("name", FILES)
def test_every_published_output_is_compared(shared: Path, name: str) -> None:
    results = run([published(shared, name)])
    document = json.loads(published(shared, name).read_text(encoding="utf-8"))
    listed = [item for case in document["cases"] for item in case.get("variants", [case])]
    programs = [len(case.get("program", "").partition("(")[0].split("/")) for case in document["cases"]]
    if name == "government_loans":
        expected = sum(len(item["outputs"]) * count for item, count in zip(listed, programs, strict=True))
    else:
        expected = sum(len(item["outputs"]) for item in listed)
    assert sum(result.compared for result in results) == expected


@pytest.mark.parametrize("name", FILES)
def test_a_wrong_figure_goes_red(shared: Path, name: str) -> None:
    """Every single output of every published case, off by more than its tolerance."""
    for case in read_file(published(shared, name)):
        for output, value in case.outputs.items():
            result = run_case(Case(**{**vars(case), "outputs": {output: planted(value)}, "tolerance": {}}))
            assert result.status in {"failed", "error"}, (case.id, output)


def planted(value: Any) -> Any:
    if value is None:
        return 7
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list):
        return [*value[:-1], planted(value[-1])] if value else ["X"]
    if isinstance(value, dict):
        return {**value, next(iter(value)): planted(next(iter(value.values())))}
    if value[:1] in "-0123456789" and value[-1:].isdigit():
        return value[:-1] + str((int(value[-1]) + 5) % 10)
    return value + "?"


@pytest.mark.parametrize("name", FILES)
def test_an_unknown_key_of_a_published_case_is_refused(shared: Path, tmp_path: Path, name: str) -> None:
    document = json.loads(published(shared, name).read_text(encoding="utf-8"))
    for change in ("key", "input", "output"):
        first = json.loads(json.dumps(next(case for case in document["cases"] if "inputs" in case)))
        {"key": first, "input": first["inputs"], "output": first["outputs"]}[change]["planted"] = "1"
        path = tmp_path / "cases.json"
        path.write_text(json.dumps({"cases": [first]}), encoding="utf-8")
        (result,) = run([path])
        assert result.status == "error"
        assert "'planted'" in result.errors[0]


# --- any option of any program --------------------------------------------------------------------------------


def test_a_case_of_an_option_passes(tmp_path: Path) -> None:
    (result,) = run([written(tmp_path)])
    assert result.status == "passed", result


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"program": "fhaa"}, "unknown program 'fhaa'; did you mean fha"),
        ({"option": "fha_partial_clam"}, "fha has no option 'fha_partial_clam'; did you mean fha_partial_claim"),
        ({"investor": "FNMA"}, "a case names an investor or a program, not both"),
        ({"program": ...}, "unknown option 'fha_partial_claim'"),
        ({"inputs": {**CLAIM["inputs"], "months_delinquant": 1}}, "unknown input 'months_delinquant'; did you mean"),
        ({"inputs": {**CLAIM["inputs"], "pi": "1.00"}}, "unknown input 'pi'"),
        ({"outputs": {"claim": "1.00"}}, "unknown output 'claim'"),
        ({"outputs": {"rules": {"FHA-PC99": "met"}}}, "has no rule 'FHA-PC99'; did you mean"),
        ({"inputs": {"months_delinquent": 5}}, "the input evaluation_date is missing"),
        ({"rule_version": "fha.permanent.2026-09"}, "is not in force on 2025-11-12 (in force: fha.permanent.2025-10)"),
        ({"inputs": {**CLAIM["inputs"], "loan_type": "va"}}, "fha gives no answer"),
        ({"inputs": {**CLAIM["inputs"], "months_delinquent": -1}}, "below what months_delinquent allows"),
        ({"inputs": {**CLAIM["inputs"], "occupancy": "houseboat"}}, "is not one of principal_residence"),
        ({"tolerance": {"amonut": "1"}}, "tolerance of 'amonut': the case has no such output"),
        ({"tolerance": {"claim_amount": 1}}, "is not a decimal string of zero or more"),
        ({"tolerance": {"claim_amount": "-1"}}, "is not a decimal string of zero or more"),
        ({"outputs": {"status": "eligible"}, "tolerance": {"status": "1"}}, "status is text"),
        ({"readings": {"fha_partial_claim.cap": 30}}, "has no parameter 'cap'"),
        ({"effective_from": "2025-13-01"}, "effective_from"),
        ({"variants": []}, "at least one variant"),
        ({"variants": [{"inputs": {}, "output": {}}]}, "variant 1: unknown key 'output'; did you mean outputs"),
        ({"variants": [{"name": "a"}, {"name": "a"}]}, "the variant 'a' stands 2 times"),
        ({"historical": "yes"}, "'historical' must be true or false"),
    ],
)
def test_what_is_not_in_order_is_named(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    assert says in errors(tmp_path, **changes)


def test_a_wrong_cent_of_an_option_goes_red(tmp_path: Path) -> None:
    (result,) = run([written(tmp_path, outputs={"claim_amount": "9483.61", "next_due_date": "2025-12-01"})])
    (found,) = result.differences
    assert (found.figure, found.expected, found.got) == ("claim_amount", "9483.61", "9483.60")


def test_what_a_case_does_not_give_is_not_known(tmp_path: Path) -> None:
    outputs = {"status": "conditional", "rules": {"FHA-PC11": "met", "FHA-PC-FIT": "undecided"}, "capacity": None}
    (result,) = run([written(tmp_path, outputs=outputs)])
    assert result.status == "passed", result


def test_a_rule_of_another_time_is_not_in_force(tmp_path: Path) -> None:
    rules = {"FHA-G8": "not_in_force"}
    assert run([written(tmp_path, outputs={"rules": rules})])[0].status == "passed"
    later = {**CLAIM["inputs"], "evaluation_date": "2026-11-12", "fha_trial_non_acceptances": 3}
    assert run([written(tmp_path, inputs=later, outputs={"rules": {"FHA-G8": "failed"}})])[0].status == "passed"


def test_questions_and_marks_are_told(tmp_path: Path) -> None:
    inputs = {"evaluation_date": "2026-11-30", "va_accepts_loan": None}
    outputs = {"questions": ["va_accepts_loan"], "weakest_mark": "verified", "rule_set": "va.refunding"}
    (result,) = run([written(tmp_path, program="va", option="va_refunding", inputs=inputs, outputs=outputs)])
    assert result.status == "passed", result


def test_the_order_of_a_program(tmp_path: Path) -> None:
    inputs = {"evaluation_date": "2008-01-15", "investor": "private_label", "amortization_type": "fixed"}
    outputs = {"order": "standard", "hope_now_fast_track.failed_rules": ["G2"], "first_eligible": "none"}
    path = written(tmp_path, program="hope_now_2007", option="evaluation_order", inputs=inputs, outputs=outputs)
    (result,) = run([path])
    assert result.status == "passed", result


def test_a_case_for_two_programs_is_run_for_both(tmp_path: Path) -> None:
    inputs = {"timely_payments_in_year": 9, "months_in_year": 12, "loan_in_good_standing": True}
    option, outputs = "pay_for_performance_incentive", {"share_of_annual_incentive": "10/12"}
    path = written(tmp_path, program="FHA/USDA (Treasury)", option=option, inputs=inputs, outputs=outputs)
    (result,) = run([path])
    assert [item.figure for item in result.differences] == [
        "fha: share_of_annual_incentive",
        "usda: share_of_annual_incentive",
    ]


def test_a_reading_of_the_fast_track_changes_the_answer(shared: Path) -> None:
    case = next(case for case in read_file(published(shared, "hope_now_2007")) if case.id == "ASF-01")
    inputs = {**case.inputs, "spells_60_days_last_12_months": 1}
    for most, segment in ((1, 2), (0, 3)):
        readings = {"hope_now_fast_track.max_60_in_12m": most}
        planted = Case(**{**vars(case), "inputs": inputs, "outputs": {"segment": segment}, "readings": readings})
        result = run_case(planted)
        assert result.status == "passed", result
        assert f"reading: hope_now_fast_track.max_60_in_12m = {most}" in result.notes


def test_variants_are_laid_over_the_case(tmp_path: Path) -> None:
    variants = [
        {"name": "as it is", "outputs": {"claim_amount": "9483.60"}},
        {"inputs": {"months_delinquent": 4}, "outputs": {"claim_amount": "7886.88"}},
    ]
    results = run([written(tmp_path, outputs={"next_due_date": "2025-12-01"}, variants=variants)])
    assert [(result.id, result.status, result.compared) for result in results] == [
        ("C-1/as it is", "passed", 2),
        ("C-1/2", "passed", 2),
    ]


@pytest.mark.parametrize(
    ("field", "expected", "got", "tolerance", "agrees"),
    [
        (Field("money", ""), "100.00", 10_050, "0.50", True),
        (Field("money", ""), "100.00", 10_051, "0.50", False),
        (Field("ratio", ""), "41.30", Fraction(4131, 10_000), "0.01", True),
        (Field("ratio", ""), "41.30", Fraction(41311, 100_000), "0.01", False),
        (Field("rate", ""), "5.000", 50_001, "0.0001", True),
        (Field("number", ""), "-3.124917", Fraction(-3_124_915, 10**6), "0.000005", True),
        (Field("number", ""), "-3.124917", Fraction(-3_124_911, 10**6), "0.000005", False),
        (Field("money", "", "list"), ["1.00", "2.00"], [100, 201], "0.01", True),
        (Field("money", "", "list"), ["1.00", "2.00"], [100], "0.01", False),
    ],
)
def test_tolerances(field: Field, expected: Any, got: Any, tolerance: str, agrees: bool) -> None:
    found = difference(field, expected, got, official=False, tolerance=Fraction(tolerance))
    assert (found is None) is agrees


def test_a_number_is_compared_at_the_decimals_printed() -> None:
    assert difference(Field("number", ""), "4.21", Fraction(42_091, 10_000), official=False) is None
    assert difference(Field("number", ""), "4.20", Fraction(42_091, 10_000), official=False) == ("4.20", "4.21")
    assert difference(Field("fraction", ""), "10/12", Fraction(5, 6), official=False) is None
    assert difference(Field("number", ""), None, Fraction(1), official=False) is not None


# --- the kit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COVERED)
def test_every_option_has_three_cases_with_their_arithmetic(name: str) -> None:
    counts = Counter(case.option for case in OWN if case.program and case.investors == (name,))
    assert {option.id: counts[option.id] for option in program(name).options if counts[option.id] < 3} == {}
    for file in own_cases():
        if file.stem in COVERED:
            import yaml

            document = yaml.safe_load(file.read_text(encoding="utf-8"))
            assert all(case["checks"] for case in document["cases"])


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_option_of_every_program_can_have_cases(name: str) -> None:
    for option in program(name).options:
        handler = program_handler(name, option.id)
        assert set(terms_of(option)) <= set(handler.outputs)
        # A term that hides behind an answer of the same name could not be asserted.
        assert set(option.columns) & set(DETERMINATION) == set()
        inputs = {"evaluation_date": "2012-09-14"}
        case = Case("X", (name,), option.id, program=True, inputs=inputs, outputs={"status": None})
        result = run_case(case)
        assert result.status in {"failed", "error"}
        assert result.status != "error" or "gives no answer" in result.errors[0], result


def test_the_example_of_the_documentation_passes(repository: Path, tmp_path: Path) -> None:
    text = (repository / "docs" / "conformance.md").read_text(encoding="utf-8")
    example = text.partition("```yaml\n")[2].partition("```")[0]
    path = tmp_path / "example.yaml"
    path.write_text(example, encoding="utf-8")
    (result,) = run([path])
    assert result.status == "passed", result
