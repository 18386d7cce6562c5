"""``hopenow research``: research files, and what may be published of a data set."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("research")
def command() -> None:
    """Make de-identified research files; show what may be published of a data set."""


@command.command("rights")
def rights_command() -> int:
    """List the data sets, and whether rows or aggregates of them may be published."""
    from rich.table import Table

    from hopenow.cli.console import console
    from hopenow.oversight.research import rights

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("data set", "publisher", "rows", "aggregates", "how sure", "because"):
        table.add_column(name, overflow="fold")
    for name, item in rights().items():
        table.add_row(name, item.publisher, item.rows, item.aggregates, item.verification, item.cite)
    console().print(table)
    return 0


@command.command("make")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dataset", required=True, metavar="NAME", help="What these data are (see `hopenow research rights`).")
@click.option(
    "--permission", default="", metavar="TEXT", help="Who allowed it, and when, where the owner is to be asked."
)
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="Folder for the files.")
@click.option(
    "--k", type=click.IntRange(min=2), metavar="N", help="Smallest class of loans that are alike [default: 10]."
)
@click.option(
    "--format",
    "formats",
    default="parquet,csv",
    show_default=True,
    metavar="LIST",
    help="parquet, csv, or parquet,csv.",
)
def make_command(files: tuple[Path, ...], dataset: str, permission: str, out: Path, k: int | None, formats: str) -> int:
    """Make a research file from loan-performance FILES: loans, loan-months, outcomes.

    Features are made coarser until no loan stands out; with the tables come a dictionary, provenance and a report of
    what is left of risk. Data whose owner forbids it are refused.
    """
    from hopenow.cli.console import console
    from hopenow.oversight.research import from_performance, release

    kinds = tuple(item.strip() for item in formats.split(",") if item.strip())
    report = release(from_performance(files), dataset, out, permission=permission, k=k, formats=kinds)
    screen = console()
    screen.print(f"{report.loans_out:,} of {report.loans_in:,} loans; {report.dropped:,} dropped", style="bold")
    screen.print(f"  smallest class of loans that are alike: {report.smallest_class} (at least {report.k})")
    for name, step in report.steps.items():
        screen.print(f"  {name}: {step}")
    screen.print(f"  paths of lateness that only one loan has: {report.unique_paths:,}")
    screen.print(f"  files in {out}", soft_wrap=True)
    return 0
