"""A command, fact or rule set without documentation is found."""

from __future__ import annotations

from pathlib import Path

import click

from hopenow.cli.reference import every_command
from tools.gates.__main__ import check_documentation
from tools.gates.documentation import check_documented

PAGE = "# Facts\n\n| `note_rate` | percent |\n\nRun `hopenow review`. Rule set `flex_2024`.\n"
NAMES = {"fact": ["note_rate"], "command": ["hopenow review"], "rule set": ["flex_2024"]}


def plant(root: Path) -> Path:
    """Write one page."""
    (root / "pages.md").write_text(PAGE, encoding="utf-8")
    return root


def test_documented_names_are_green(tmp_path: Path) -> None:
    report = check_documented(NAMES, plant(tmp_path))
    assert report.passed, str(report)
    assert report.checked == 3


def test_planted_names_are_red(tmp_path: Path) -> None:
    names = {"fact": ["note_rate", "note"], "command": ["hopenow"], "rule set": ["flex_2017"]}
    report = check_documented(names, plant(tmp_path))
    assert [finding.token for finding in report.findings] == ["note", "hopenow", "flex_2017"]


def test_plain_words_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "pages.md").write_text("note_rate is the rate", encoding="utf-8")
    assert not check_documented({"fact": ["note_rate"]}, tmp_path).passed


def test_nothing_to_check_is_red(tmp_path: Path) -> None:
    assert not check_documented({}, plant(tmp_path)).passed
    assert not check_documented({"fact": ["note_rate"], "command": []}, plant(tmp_path)).passed


def test_commands_are_found_at_every_depth() -> None:
    inspect = click.Command("inspect")
    secret = click.Command("secret", hidden=True)
    main = click.Group(
        "main", commands={"tape": click.Group("tape", commands={"inspect": inspect}), "s": secret}
    )
    assert [name for name, _ in every_command(main)] == ["hopenow tape", "hopenow tape inspect"]


def test_real_names_are_documented() -> None:
    report = check_documentation()
    assert report.passed, str(report)
