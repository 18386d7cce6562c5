"""``hopenow outcomes``: who was helped, and whether it lasted, from loan histories."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

    from hopenow.oversight.tables import ThresholdChoice
    from hopenow.pages import Table as PageTable

SUFFIX = "-outcomes"


@click.command("outcomes")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path), help="Folder for the results [default: FILE-outcomes]."
)
@click.option(
    "--format", "formats", default="csv", show_default=True, metavar="LIST", help="parquet, csv, or parquet,csv."
)
@click.option("--report/--no-report", default=True, show_default=True, help="Write the HTML report.")
@click.option(
    "--mapping", metavar="FILE", type=click.Path(path_type=Path), help="Which column of a file of your own is what."
)
@click.option(
    "--by",
    "dims",
    metavar="NAME",
    multiple=True,
    help="Group by option, payment, cohort, servicer, state or lateness. Repeatable. [default: the first three]",
)
@click.option(
    "--minimum-cell",
    metavar="N",
    type=click.IntRange(min=1),
    help="Smallest count shown, protected against subtraction; 1 shows every count, for internal use only.",
)
@click.option(
    "--threshold",
    "thresholds",
    metavar="COLUMN:CUTOFF[:MONTHS]",
    multiple=True,
    help="Compare homeowners just below and just above an eligibility threshold. Repeatable.",
)
@click.option(
    "--coverage", metavar="PERCENT", type=float, help="Share of the market in the files; extrapolates the counts."
)
@click.option("--coverage-error", metavar="POINTS", type=float, default=0.0, help="How far off the coverage may be.")
@click.option(
    "--published", metavar="FILE", type=click.Path(path_type=Path), help="Published figures to show for reference."
)
@click.option(
    "--loan-level",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write each help event and delinquency with its outcome (Parquet or CSV). Rows of loans: never publish them.",
)
@click.option("--quiet", is_flag=True, help="Print only where the results are.")
def command(
    files: tuple[Path, ...],
    out: Path | None,
    formats: str,
    report: bool,
    mapping: Path | None,
    dims: tuple[str, ...],
    minimum_cell: int | None,
    thresholds: tuple[str, ...],
    coverage: float | None,
    coverage_error: float,
    published: Path | None,
    loan_level: Path | None,
    quiet: bool,
) -> None:
    """Find the help in loan histories and say for how many homeowners it lasted.

    FILES are performance files of Fannie Mae or Freddie Mac, or loan-months of your own (CSV or Parquet).
    """
    from hopenow.cli.console import console
    from hopenow.oversight.histories import load_mapping, read
    from hopenow.oversight.metrics import package_published, read_published
    from hopenow.oversight.outcomes import grid
    from hopenow.oversight.report import sentences, spoken, write
    from hopenow.oversight.tables import Choices, build

    kinds = _formats(formats)
    choices = Choices(
        by=dims or Choices.by,
        minimum_cell=minimum_cell or 0,
        published=package_published() if published is None else read_published(published),
        coverage=None if coverage is None else (coverage / 100, coverage_error / 100),
        thresholds=tuple(_threshold(text) for text in thresholds),
    )
    histories = read(files, None if mapping is None else load_mapping(mapping), grid=grid())
    tables = build(histories, choices)
    folder = files[0].with_name(files[0].name.split(".")[0] + SUFFIX) if out is None else out
    written = write(tables, folder, kinds, report=report, made_on=datetime.date.today())  # noqa: DTZ011
    if loan_level is not None:
        _write_rows(histories.entries, loan_level)
    screen = console()
    if not quiet:
        k = choices.threshold
        loans = histories.loans.height
        count = f"{loans:,} loans" if loans >= k else "too few loans to say how many"
        screen.print(f"{histories.title}: {count}, {histories.rows:,} loan-months", style="bold", soft_wrap=True)
        answers = dict(sentences(tables))
        for section in spoken(tables):
            screen.print(f"\n{section.title}", style="bold")
            screen.print(f"  {answers[section.title]}", soft_wrap=True)
            for table in section.tables[:1]:
                _print(screen, table)
        for problem in tables.problems:
            screen.print(f"\nNot done: {problem}", style="yellow", soft_wrap=True)
        screen.print()
    screen.print(f"Results: {folder} ({len(written)} files)", soft_wrap=True)
    if report:
        screen.print(f"Report: {folder / 'report.html'}", soft_wrap=True)
    if loan_level is not None:
        screen.print(f"Rows of loans: {loan_level} (never publish them)", style="yellow", soft_wrap=True)


def _print(screen: Console, table: PageTable) -> None:
    """Print a table of the page."""
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, name in enumerate(table.columns):
        shown.add_column(name, justify="left" if place == 0 else "right", overflow="fold")
    for row in table.rows:
        shown.add_row(*(f"{cell:,}" if isinstance(cell, int) else cell for cell in row))
    screen.print(shown)


def _formats(text: str) -> list[Literal["parquet", "csv"]]:
    asked = [part.strip() for part in text.split(",") if part.strip()]
    kinds: list[Literal["parquet", "csv"]] = [kind for kind in ("parquet", "csv") if kind in asked]
    if not kinds or len(kinds) != len(asked):
        raise click.BadParameter("parquet, csv, or parquet,csv", param_hint="--format")
    return kinds


def _threshold(text: str) -> ThresholdChoice:
    from hopenow.oversight.outcomes import horizons
    from hopenow.oversight.tables import ThresholdChoice

    parts = text.split(":")
    try:
        months = int(parts[2]) if len(parts) > 2 else horizons()[0]
        return ThresholdChoice(parts[0], float(parts[1]), months)
    except (IndexError, ValueError):
        raise click.BadParameter(
            f"{text!r} is not COLUMN:CUTOFF or COLUMN:CUTOFF:MONTHS", param_hint="--threshold"
        ) from None


def _write_rows(frame: pl.DataFrame, path: Path) -> None:
    partial = path.with_name(f"{path.name}.partial")
    try:
        if path.suffix == ".csv":
            frame.write_csv(partial)
        else:
            frame.write_parquet(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
