"""The page on the command line names everything that there is, and nothing that is not."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from hopenow.cli import app
from hopenow.cli.reference import commands_reference, every_command


@pytest.fixture(scope="module")
def page() -> str:
    return (Path(__file__).resolve().parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")


def commands() -> list[tuple[str, click.Command]]:
    return list(every_command())


def options() -> set[str]:
    found: set[str] = set()
    for _, command in commands():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                found |= {name for name in (*parameter.opts, *parameter.secondary_opts) if name.startswith("--")}
    return found


def test_every_command_is_explained(page: str) -> None:
    for name, _ in commands():
        assert name in page or f"`{name.split()[-1]}`" in page


def test_every_option_is_explained(page: str) -> None:
    assert sorted(name for name in options() - {"--report"} if name not in page) == []


def test_no_option_is_made_up(page: str) -> None:
    assert set(re.findall(r"--[a-z][a-z-]+", page)) - options() - {"--help"} == set()


def test_every_exit_code_is_explained(page: str) -> None:
    for code, words in app.EXIT_CODES.items():
        assert f"| {code} | {words.replace('--strict', '`--strict`')} |" in page


def test_every_option_has_help() -> None:
    for path, command in commands():
        assert command.help, path
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help, (path, parameter.name)


def test_the_reference_page_is_up_to_date() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    text = page.split("-->\n\n", 1)[-1]
    assert text.endswith(commands_reference().rstrip() + "\n"), "make the reference pages again: make docs"
