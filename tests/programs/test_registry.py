"""Every program is whole: rules and law files agree, every figure is used, and nothing lacks a source."""

from __future__ import annotations

import ast
import datetime
import importlib.resources
from itertools import pairwise
from pathlib import Path

import pytest

from hopenow.errors import InputError
from hopenow.law import load_option, segments
from hopenow.programs.base import Option, Program
from hopenow.programs.conventional.common import documents
from hopenow.programs.registry import PROGRAMS, program
from hopenow.review.plan import intervals

ENTERPRISES = ("fannie_mae", "freddie_mac")
EACH_OPTION = [
    pytest.param(program(name), option, id=f"{name}-{option.id}")
    for name in ENTERPRISES
    for option in program(name).options
]


def test_unknown_program_is_an_error() -> None:
    with pytest.raises(InputError, match="known: fannie_mae"):
        program("fannie")


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_option_is_ranked_in_every_order(name: str) -> None:
    loaded = program(name)
    offered = {option.id for option in loaded.options if option.kind != "finding"}
    assert loaded.orders
    for order in loaded.orders.values():
        assert set(order) == offered
        assert len(order) == len(offered)


@pytest.mark.parametrize(("loaded", "option"), EACH_OPTION)
def test_rules_and_law_file_agree(loaded: Program, option: Option) -> None:
    assert set(option.rules) == set(option.law.rules)


@pytest.mark.parametrize(("loaded", "option"), EACH_OPTION)
def test_every_parameter_is_used(loaded: Program, option: Option) -> None:
    """A figure that nothing reads would be law that does not bind."""
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in Path(str(importlib.resources.files("hopenow.programs.conventional"))).glob("*.py")
    )
    words = " ".join(f"{rule.says} {rule.change}" for rule in option.law.rules.values())
    words += " ".join(term.says for term in option.law.process.values())
    unused = [
        name for name in option.law.parameters if f'"{name}"' not in source and f"{{{name}}}" not in words
    ]
    assert unused == []


@pytest.mark.parametrize("name", ENTERPRISES)
def test_intervals_cover_every_day_once(name: str) -> None:
    found = intervals(program(name))
    assert found[-1].end == datetime.date.max
    for earlier, later in pairwise(found):
        assert later.start - earlier.end == datetime.timedelta(days=1)


@pytest.mark.parametrize(("loaded", "option"), EACH_OPTION)
def test_every_rule_reads_known_columns(loaded: Program, option: Option) -> None:
    """Whatever a rule reads must lead back to facts, or a missing fact could never be named."""
    from hopenow.facts import schema
    from hopenow.facts.derived import DERIVED

    known = set(schema()) | set(DERIVED)
    for other in loaded.options:
        known |= {f"{other.id}__{name}" for name in other.columns} | {f"{other.id}__met"}
    for segment in segments(option.law, loaded.id):
        for name in segment.rules:
            columns = set(option.rules[name](segment.parameters).meta.root_names())
            assert columns <= known, name


@pytest.mark.parametrize(("loaded", "option"), EACH_OPTION)
def test_a_rule_that_can_fail_names_its_facts(loaded: Program, option: Option) -> None:
    for interval in intervals(loaded):
        planned = next(item for item in interval.options if item.option.id == option.id)
        for rule in planned.rules:
            assert rule.facts or set(rule.columns) <= {"evaluation_date"}, rule.id


def test_planted_rule_without_function_is_found(tmp_path: Path) -> None:
    text = (
        importlib.resources.files("hopenow.programs.conventional")
        .joinpath("reinstatement.yaml")
        .read_text(encoding="utf-8")
    )
    source = "    sources:\n    - {for: fannie_mae, cite: F-2-10, verification: secondary}\n"
    rule = f'  RE-9:\n    says: "Planted."\n    change: "None."\n{source}'
    planted = text.replace("  RE-2:", f"{rule}  RE-2:")
    path = tmp_path / "reinstatement.yaml"
    path.write_text(planted)
    law = load_option(path, documents())
    option = next(item for item in program("fannie_mae").options if item.id == "reinstatement")
    assert set(law.rules) - set(option.rules) == {"RE-9"}


def test_no_program_module_holds_a_date() -> None:
    """Dates of the law live in YAML; the gate checks more, this test is its plain core."""
    root = Path(str(importlib.resources.files("hopenow.programs")))
    found = []
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, int) and 1990 <= node.value <= 2100:
                found.append(f"{path.name}:{node.lineno}")
    assert found == []
