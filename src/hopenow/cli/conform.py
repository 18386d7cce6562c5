"""``hopenow conform``: worked cases against the engine."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("conform")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--verbose", is_flag=True, help="Show the notes and caveats of cases that passed, too.")
@click.option("--reference", is_flag=True, help="Print the format: every option with its inputs and outputs.")
def command(files: tuple[Path, ...], verbose: bool, reference: bool) -> int:
    """Run worked cases (FILES, or the project's own) and compare every figure to the cent, month and date.

    Exits with 1 when a figure differs or a case cannot be run. A case whose difference is explained, with the
    reading of the guide behind it, is shown as such and does not fail. A case that states no figure is counted on
    its own.
    """
    from hopenow import conformance
    from hopenow.errors import InputError

    if reference:
        click.echo(conformance.reference())
        return 0
    results = conformance.run(files or conformance.own_cases())
    if not results:
        raise InputError("no cases were found; nothing was compared")
    click.echo(conformance.render(results, verbose=verbose))
    return 0 if all(result.ok for result in results) else 1
