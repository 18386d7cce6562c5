"""The page on the command line names everything that there is, and nothing that is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from hopenow.cli import app


@pytest.fixture(scope="module")
def page() -> str:
    return (Path(__file__).resolve().parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def options() -> set[str]:
    found: set[str] = set()
    for _, command in commands(app.cli):
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                found |= {name for name in (*parameter.opts, *parameter.secondary_opts) if name.startswith("--")}
    return found


def test_every_command_is_explained(page: str) -> None:
    for path, _ in commands(app.cli):
        assert all(
            f"`{word}`" in page or f"hopenow {' '.join(path[: place + 1])}" in page for place, word in enumerate(path)
        )


def test_every_option_is_explained(page: str) -> None:
    assert sorted(name for name in options() - {"--report"} if name not in page) == []


def test_no_option_is_made_up(page: str) -> None:
    assert set(re.findall(r"--[a-z][a-z-]+", page)) - options() - {"--help"} == set()


def test_every_exit_code_is_explained(page: str) -> None:
    for code, words in app.EXIT_CODES.items():
        assert f"| {code} | {words.replace('--strict', '`--strict`')} |" in page


def test_every_option_has_help() -> None:
    for path, command in commands(app.cli):
        assert command.help, path
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help, (path, parameter.name)
