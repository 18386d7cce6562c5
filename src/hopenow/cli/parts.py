"""A command with commands under it: ``hopenow npv FILE`` beside ``hopenow npv sides ...``."""

from __future__ import annotations

import importlib
from typing import Any, cast

import click

PARTS: dict[str, dict[str, str]] = {
    "npv": {"sides": "hopenow.cli.sides", "backtest": "hopenow.cli.backtest", "tranches": "hopenow.cli.tranches"}
}
"""Command to the commands under it and their modules."""

_PART = "hopenow.part"


class WithParts(click.Group):
    """Runs itself unless its first word names a part; parts are loaded when they are called."""

    def __init__(self, *args: Any, **more: Any) -> None:
        """Make a command that also runs without a part."""
        super().__init__(*args, **{"invoke_without_command": True, **more})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the parts."""
        return list(PARTS[self.name or ""])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a part."""
        module = PARTS[self.name or ""].get(cmd_name)
        return None if module is None else cast(click.Command, importlib.import_module(module).command)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the words of a part for it."""
        if args and args[0] in PARTS[self.name or ""]:
            ctx.meta[_PART] = args
            args = []
        ctx.allow_interspersed_args = True
        return click.Command.parse_args(self, ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the part or the command itself."""
        words = ctx.meta.get(_PART)
        if words is None:
            return click.Command.invoke(self, ctx)
        part = self.get_command(ctx, words[0])
        if part is None:
            raise click.UsageError(f"no command {words[0]!r}")
        with part.make_context(words[0], list(words[1:]), parent=ctx) as inner:
            return part.invoke(inner)
