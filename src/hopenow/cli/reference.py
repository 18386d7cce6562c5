"""The reference page of all commands, made from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator

import click

from hopenow.cli.app import EXIT_CODES, cli


def every_command(
    group: click.Group = cli, path: tuple[str, ...] = ("hopenow",)
) -> Iterator[tuple[str, click.Command]]:
    """Yield every command below a group with its full name, groups before what is in them."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))


def commands_reference() -> str:
    """Return the reference page of all commands as Markdown (docs/reference/commands.md)."""
    lines = ["# Commands", "", "What `hopenow` does, command by command. See also [the guide](../command-line.md).", ""]
    for name, command in every_command():
        lines += [f"## `{name}`", "", _help(command), ""]
        options = [item for item in command.params if isinstance(item, click.Option)]
        arguments = [item for item in command.params if isinstance(item, click.Argument)]
        if arguments:
            lines += [f"Usage: `{name} {' '.join(_argument(item) for item in arguments)}`", ""]
        if options:
            lines += ["| option | meaning |", "|---|---|"]
            lines += [f"| {_names(item)} | {_cell(item)} |" for item in options]
            lines.append("")
    lines += ["## Exit codes", "", "| code | means |", "|---|---|"]
    lines += [f"| `{code}` | {words} |" for code, words in EXIT_CODES.items()]
    return "\n".join([*lines, ""])


def _help(command: click.Command) -> str:
    text = (command.help or "").replace("\b\n", "")
    return "\n".join(line.strip() for line in text.strip().splitlines())


def _argument(item: click.Argument) -> str:
    name = item.make_metavar(click.Context(cli))
    return name if item.required else f"[{name.strip('[]')}]"


def _names(item: click.Option) -> str:
    value = "" if item.is_flag else f" {item.metavar or '|'.join(getattr(item.type, 'choices', ())) or 'VALUE'}"
    return ", ".join(f"`{name}{value}`" for name in (*item.opts, *item.secondary_opts)).replace("|", "\\|")


def _cell(item: click.Option) -> str:
    words = (item.help or "").strip()
    if item.show_default and item.default not in (None, False):
        shown = item.opts[0] if item.default is True else item.default
        words += f" Default: `{shown}`."
    return words.replace("|", "\\|")
