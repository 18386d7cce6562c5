"""Files and cases that are not in order: every defect is named, with what to write instead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hopenow.conformance import render, run
from hopenow.conformance.explained import read_explained
from hopenow.errors import InputError

GOOD: dict[str, Any] = {
    "id": "C-1",
    "investor": "FNMA",
    "option": "payment_deferral",
    "rule_version": "pd.2023-10",
    "authority": "project",
    "inputs": {"evaluation_date": "2026-09-20", "pi": "1000.00", "payments_deferred": 3},
    "outputs": {"nib_upb": "3000.00"},
}


def case(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**GOOD, **changes}.items() if value is not ...}


def written(folder: Path, *cases: dict[str, Any], **more: Any) -> Path:
    path = folder / "cases.json"
    path.write_text(json.dumps({"cases": list(cases), **more}), encoding="utf-8")
    return path


def errors(folder: Path, **changes: Any) -> str:
    (result,) = run([written(folder, case(**changes))])
    assert result.status == "error", result
    return "\n".join(result.errors)


def test_a_good_case_passes(tmp_path: Path) -> None:
    (result,) = run([written(tmp_path, case())])
    assert result.status == "passed"
    assert result.ok


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"inputs": {**GOOD["inputs"], "note_rate_pc": "4"}},
            "unknown input 'note_rate_pc'; did you mean note_rate_pct",
        ),
        ({"outputs": {"nib_ubp": "3000.00"}}, "unknown output 'nib_ubp'; did you mean nib_upb"),
        ({"option": "payment_deferal"}, "unknown option 'payment_deferal'; did you mean payment_deferral"),
        ({"optoin": "x"}, "unknown key 'optoin'; did you mean option"),
        ({"investor": "FNM"}, "unknown investor 'FNM'; known: FNMA"),
        ({"authority": "offical"}, "unknown authority 'offical'"),
        ({"rule_version": "pd.2023"}, "no rule version 'pd.2023'; did you mean pd.2023-10"),
        ({"rule_version": "pd.2020-07"}, "is not in force on 2026-09-20: 2020-07-01 to 2023-09-30"),
        ({"inputs": ...}, "the key 'inputs' is missing"),
        ({"outputs": {}}, "'outputs' must be a mapping with at least one entry"),
        ({"caveats": "none"}, "'caveats' must be a list"),
        ({"investor": "generic"}, "needs an investor"),
        ({"readings": {"payment_deferral.most": 3}}, "has no parameter 'most'"),
        ({"readings": {"deferral.most": 3}}, "no option 'deferral'"),
        ({"readings": {"payment_deferral.effective": "later"}}, "cannot be read as 'later'"),
        ({"target_mode": "two_decimal"}, "has no target_mode"),
    ],
)
def test_unknown_and_missing_keys_are_named(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    assert says in errors(tmp_path, **changes)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("pi", 1000.5, "is not accepted as an amount in dollars"),
        ("pi", "1000.005", "more than 2 decimal places"),
        ("pi", "a lot", "is not an amount in dollars"),
        ("payments_deferred", "3", "is not a whole number"),
        ("payments_deferred", True, "is not a whole number"),
        ("evaluation_date", "9/20/2026", "is not a date"),
        ("evaluation_date", "2026-02-30", "is not a day of the calendar"),
        ("processing_month", "yes", "neither true nor false"),
        ("note_rate_pct", 4.75, "is not accepted as a percentage"),
        ("hardship", "Vacation", "unknown hardship 'Vacation'"),
        ("capitalized_arrears", [{"category": "LateFees", "amount": "1.00"}], "unknown category of arrears 'LateFees'"),
        (
            "capitalized_arrears",
            [{"category": "BorrowerContribution", "amount": "1.00"}],
            "written as a negative amount",
        ),
        ("note_rate_pct", "45", "above what note_rate allows"),
        ("months_delinquent", 4, "contradict each other"),
        ("occupancy", "houseboat", "is not one of principal_residence"),
        ("closures", "2026-01-01", "is not a list"),
    ],
)
def test_values_of_the_wrong_kind_are_refused(tmp_path: Path, name: str, value: Any, says: str) -> None:
    assert says in errors(tmp_path, inputs={**GOOD["inputs"], name: value})


def test_an_expected_value_of_the_wrong_kind_is_refused(tmp_path: Path) -> None:
    assert "output nib_upb" in errors(tmp_path, outputs={"nib_upb": 3000.0})


def test_all_defects_of_a_case_are_reported_together(tmp_path: Path) -> None:
    text = errors(tmp_path, inputs={"pie": "1", "pi": 1.5}, outputs={"nib": "1.00"})
    assert "unknown input 'pie'" in text
    assert "unknown output 'nib'" in text
    assert "input pi" in text


def test_missing_inputs_are_named(tmp_path: Path) -> None:
    assert "the input property_value is missing" in errors(
        tmp_path,
        option="flex_modification_forbearance_caps",
        rule_version="flex.2024-12",
        inputs={"gross_upb": "1.00"},
        outputs={"cap_b": "1.00"},
    )


def test_facts_that_the_terms_lack_are_named(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        case(
            option="flex_modification",
            rule_version="flex.2024-12",
            inputs={"evaluation_date": "2026-09-20", "ib_upb": "1000.00"},
            outputs={"pi": "1.00"},
        ),
    )
    (result,) = run([path])
    assert result.status == "failed"
    assert result.differences[0].got == "not determined"
    assert any(note.startswith("lacking: ") and "property_value" in note for note in result.notes)


def test_one_bad_case_does_not_hide_the_others(tmp_path: Path) -> None:
    results = run([written(tmp_path, case(id="BAD", option="x"), case())])
    assert [result.status for result in results] == ["error", "passed"]
    assert render(results).splitlines()[-1] == "1 passed, 1 failed (1 of them could not be run)"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("x.json", "{", "cannot be read"),
        ("x.json", "[]", "not a worked-case file"),
        ("x.json", '{"cases": []}', "at least one case"),
        ("x.json", '{"cases": [1], "casez": 2}', "unknown key 'casez'; did you mean cases"),
        ("x.json", '{"cases": [{"id": "A", "id": "B"}]}', "stands twice"),
        ("x.yaml", "cases:\n- id: A\n  id: B\n", "stands twice"),
        ("x.yaml", "cases: [", "cannot be read"),
        ("x.txt", "cases", "worked cases are JSON"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, name: str, text: str, says: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        run([path])


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        run([tmp_path / "none.json"])


def test_ids_are_unique_in_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="stands 2 times"):
        run([written(tmp_path, case(), case())])


def test_yaml_gives_what_json_gives(tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(
        """
cases:
- id: Y-1
  investor: FNMA
  option: payment_deferral
  rule_version: pd.2023-10
  authority: project
  inputs: {evaluation_date: 2026-09-20, pi: "1000.00", payments_deferred: 3}
  outputs: {nib_upb: "3000.00", effective_date: 2026-10-01}
""",
        encoding="utf-8",
    )
    (result,) = run([path])
    assert result.status == "passed", result


def test_a_float_in_yaml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(json.dumps({"cases": [case(inputs={**GOOD["inputs"], "pi": 1000.0})]}), encoding="utf-8")
    (result,) = run([path])
    assert "not accepted as an amount" in result.errors[0]


# --- explained differences ------------------------------------------------------------------------------------


def explanation(folder: Path, **changes: str) -> Path:
    entry = {"id": "C-1", "figure": "nib_upb", "expected": "3000.01", "got": "3000.00", "reading": "Rounded otherwise."}
    path = folder / "differences.yaml"
    path.write_text(json.dumps({"differences": [{**entry, **changes}]}), encoding="utf-8")
    return path


def test_an_explained_difference_is_shown_as_such(tmp_path: Path) -> None:
    path = written(tmp_path, case(outputs={"nib_upb": "3000.01"}))
    results = run([path], explained=explanation(tmp_path))
    assert results[0].status == "explained"
    assert results[0].ok
    text = render(results)
    assert "differs, explained" in text
    assert "Rounded otherwise." in text
    assert text.splitlines()[-1] == "0 passed, 1 differ, explained, 0 failed"


@pytest.mark.parametrize("changes", [{"got": "2999.99"}, {"figure": "ib_upb"}, {"id": "C-2"}, {"expected": "3000.02"}])
def test_an_explanation_holds_for_exactly_one_result(tmp_path: Path, changes: dict[str, str]) -> None:
    path = written(tmp_path, case(outputs={"nib_upb": "3000.01"}))
    (result,) = run([path], explained=explanation(tmp_path, **changes))
    assert result.status == "failed"


def test_a_caveat_never_hides_a_difference(tmp_path: Path) -> None:
    path = written(tmp_path, case(outputs={"nib_upb": "3000.01"}, caveats=["the cent is not sure"]))
    (result,) = run([path])
    assert result.status == "failed"
    assert "the cent is not sure" in render([result])


def test_a_stale_explanation_is_reported(tmp_path: Path) -> None:
    (result,) = run([written(tmp_path, case())], explained=explanation(tmp_path))
    assert result.status == "passed"
    assert any("no longer occurs" in note for note in result.notes)


@pytest.mark.parametrize("text", ["[]", "differences: [{id: A}]", "differences: 3", "differences: ["])
def test_a_bad_list_of_explanations_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "d.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        read_explained(path)
