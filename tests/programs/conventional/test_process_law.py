"""The strict loader on planted defects of the process file."""

from __future__ import annotations

import importlib.resources
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from hopenow.errors import LawError
from hopenow.law import load_option
from hopenow.programs.conventional.common import PACKAGE, documents

Change = Callable[[dict[str, Any]], object]


def first(table: dict[str, Any], name: str) -> dict[str, Any]:
    """The first value of a parameter."""
    value: dict[str, Any] = table["parameters"][name]["values"][0]
    return value


BAD: dict[str, tuple[Change, str]] = {
    "unknown key": (lambda table: table.update(color="red"), "color: Extra inputs"),
    "value without citation": (
        lambda table: first(table, "answer_days").pop("cite"),
        "parameters.answer_days.values.0.cite: Field required",
    ),
    "value without mark": (
        lambda table: first(table, "answer_days").pop("verification"),
        "parameters.answer_days.values.0.verification: Field required",
    ),
    "unknown document": (
        lambda table: first(table, "answer_days").update(cite="X-1"),
        "parameter answer_days cites 'X-1'",
    ),
    "unknown calendar": (
        lambda table: first(table, "business_calendar").update(value="moon"),
        "'moon' is not one of the choices",
    ),
    "days in parts": (
        lambda table: first(table, "answer_days").update(value=14.5),
        "days must be a whole number",
    ),
    "overlap": (
        lambda table: table["parameters"]["answer_days"]["values"].append(
            {**first(table, "answer_days"), "value": 15}
        ),
        "parameter answer_days of fannie_mae",
    ),
    "figure that is not there": (
        lambda table: table["process"]["answer_notice"].update(says="Within {no_such_days} days."),
        "process answer_notice mentions the unknown parameter {no_such_days}",
    ),
    "rule without a source": (
        lambda table: table["process"]["answer_notice"].update(sources=[]),
        "process.answer_notice.sources",
    ),
}


def plant(change: Change, folder: Path) -> Path:
    """Write a changed copy of the file that ships."""
    text = importlib.resources.files(PACKAGE).joinpath("process_dates.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    change(content)
    path = folder / "process.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


@pytest.mark.parametrize(("change", "defect"), BAD.values(), ids=BAD.keys())
def test_bad_file_is_refused(tmp_path: Path, change: Change, defect: str) -> None:
    with pytest.raises(LawError) as error:
        load_option(plant(change, tmp_path), documents())
    assert defect in str(error.value)


def test_untouched_copy_loads(tmp_path: Path) -> None:
    assert load_option(plant(dict, tmp_path), documents()).option == "process"


def test_figure_met_twice_is_refused(tmp_path: Path) -> None:
    text = importlib.resources.files(PACKAGE).joinpath("process_dates.yaml").read_text(encoding="utf-8")
    path = tmp_path / "process.yaml"
    path.write_text(text.replace("  decide_package_days:", "  answer_days:", 1), encoding="utf-8")
    with pytest.raises(LawError, match="'answer_days' stands twice"):
        load_option(path, documents())
