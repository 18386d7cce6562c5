"""``hopenow tape``: look at loan files, write templates and mappings."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("tape")
def command() -> None:
    """Look at a loan file; write templates and mappings."""


@command.command("inspect")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--write-mapping",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a starter mapping, to be checked by a person.",
)
def inspect_command(file: Path, write_mapping: Path | None) -> int:
    """Say what kind of file this is, what stands in each column, and which fact each may be."""
    from rich.table import Table

    from hopenow.cli.console import console
    from hopenow.tapes.inspect import SURE, inspect

    found = inspect(file)
    screen = console()
    kind = ", ".join(part for part in (found.format, "gzip" if found.compressed else "", found.encoding or "") if part)
    screen.print(f"{file}: {kind}", style="bold", soft_wrap=True)
    if found.delimiter:
        screen.print(f"  delimiter  {found.delimiter!r}, {'with' if found.has_header else 'without'} a header line")
    screen.print(f"  columns    {len(found.columns)}; {found.rows_sampled:,} rows looked at")
    if found.layout is not None:
        screen.print(
            f"  layout     {found.layout.title}: `hopenow review` reads it as it is, without a mapping",
            style="green",
        )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("column", "kind", "blank", "examples", "likely fact"):
        table.add_column(name, overflow="fold")
    for column in found.columns:
        proposal = column.proposal
        fact = "" if proposal is None else f"{proposal.fact} ({proposal.confidence:.0%})"
        style = "" if proposal is None or proposal.confidence >= SURE else "yellow"
        table.add_row(
            column.name, column.kind, f"{column.blank:.0%}", ", ".join(column.samples)[:40], fact, style=style
        )
    if found.layout is None:
        screen.print(table)
        if found.missing:
            screen.print(f"No column seems to hold: {', '.join(found.missing)} (required)", style="yellow")
    if write_mapping is not None:
        found.write_mapping(write_mapping)
        screen.print(
            f"Starter mapping: {write_mapping}. Check every guess, then: "
            f"hopenow review {file} --mapping {write_mapping}",
            soft_wrap=True,
        )
    return 0


@command.command("template")
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write to this file instead of standard output.",
)
@click.option("--sample", is_flag=True, help="Add one plausible row.")
def template_command(out: Path | None, sample: bool) -> int:
    """Write an input file with every fact as a column."""
    from hopenow.errors import InputError
    from hopenow.facts import templates

    text = templates.csv_sample() if sample else templates.csv_template()
    if out is None:
        click.echo(text, nl=False)
        return 0
    try:
        with out.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise InputError(f"{out} exists already: choose another name, or remove it first") from None
    return 0
