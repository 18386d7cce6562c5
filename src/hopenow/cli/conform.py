"""``hopenow conform``: worked cases against the engine."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("conform")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--verbose", is_flag=True, help="Name the cases that passed, too.")
def command(files: tuple[Path, ...], verbose: bool) -> int:
    """Run worked cases (FILES, or the project's own) and compare every figure to the cent, month and date.

    Exits with 1 when a figure differs. A case whose difference is explained, with the reading of the guide
    behind it, is shown as such and does not fail.
    """
    from hopenow import conformance

    results = conformance.run(list(files))
    for result in results:
        if result.status == "passed" and not verbose:
            continue
        click.echo(f"{result.status:<7} {result.id}")
        for figure, expected, got in (_parts(item) for item in result.differences):
            click.echo(f"        {figure}: expected {expected}, got {got}")
        for note in result.notes:
            click.echo(f"        {note}")
    passed = sum(result.status in PASSED for result in results)
    click.echo(f"{passed} passed, {len(results) - passed} failed")
    return 0 if passed == len(results) else 1


PASSED = ("passed", "explained")


def _parts(item: object) -> tuple[object, object, object]:
    if isinstance(item, tuple):
        figure, expected, got = item
        return figure, expected, got
    return item.figure, item.expected, item.got  # type: ignore[attr-defined]
