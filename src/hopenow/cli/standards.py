"""``hopenow standards``: lending standards, and key facts of one loan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from hopenow.oversight.standards import KeyFacts, Lending, Observatory

SUFFIX = "-standards"


class _Files(click.Group):
    """A group in which anything that is no command's name is a file to check."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            return super().resolve_command(ctx, ["check", *args])
        return super().resolve_command(ctx, args)


@click.group("standards", cls=_Files)
def command() -> None:
    """Check loans against ability-to-repay and qualified-mortgage rules; see which loans came to distress.

    `hopenow standards FILE...` is short for `hopenow standards check FILE...`.
    """


@command.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mapping", metavar="FILE", help="Which column is what (vocabulary: lending; see docs/standards.md).")
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path), help="Folder for the results [default: FILE-standards]."
)
@click.option(
    "--format",
    "formats",
    default="parquet,csv",
    show_default=True,
    metavar="LIST",
    help="parquet, csv, or parquet,csv.",
)
@click.option("--report/--no-report", default=True, show_default=True, help="Write the HTML report.")
@click.option(
    "--window",
    metavar="MONTHS",
    type=click.IntRange(min=1),
    help="Histories: months from the first payment [default: 36].",
)
@click.option(
    "--minimum-cell",
    metavar="N",
    type=click.IntRange(min=1),
    help="Histories: smallest count of loans shown [default: 10].",
)
def check_command(
    files: tuple[Path, ...],
    mapping: str | None,
    out: Path | None,
    formats: str,
    report: bool,
    window: int | None,
    minimum_cell: int | None,
) -> int:
    """Check FILES: applications or new loans, or loan-performance histories with origination columns.

    Loan-performance files of the enterprises are recognized: for them it shows which features at origination went with
    distress, by cohort and lender. Any other file is taken for loans to be checked one by one.
    """
    from hopenow.cli.console import console
    from hopenow.errors import InputError
    from hopenow.oversight.fairness import load_mapping
    from hopenow.oversight.standards import examine_loans, observe, write_lending, write_observatory
    from hopenow.tapes.inspect import recognize_layout

    folder = out or Path(files[0].name.split(".")[0] + SUFFIX)
    kinds = tuple(item.strip() for item in formats.split(",") if item.strip())
    screen = console()
    missing = [f"{path} is not there" for path in files if not path.is_file()]
    if missing:
        raise InputError("not every file is there", missing)
    if mapping is None and all(recognize_layout(path) is not None for path in files):
        observed = observe(files, window=window, minimum=minimum_cell)
        written = write_observatory(observed, folder, kinds, report=report)
        show_observatory(observed, screen)
    else:
        if len(files) != 1:
            raise InputError("give one file of loans at a time (only loan-performance files may be several)")
        result = examine_loans(files[0], load_mapping(mapping) if mapping is not None else None)
        written = write_lending(result, folder, kinds, report=report)
        show_lending(result, screen)
    screen.print()
    screen.print(
        f"  {len(written)} files in {folder}" + (f"; report: {written['report']}" if "report" in written else ""),
        soft_wrap=True,
    )
    return 0


@command.command("key-facts")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--html", metavar="FILE", type=click.Path(path_type=Path), help="Write a page to print as well.")
def key_facts_command(file: Path, html: Path | None) -> int:
    """Say in plain words what the loan in FILE costs, before anyone signs it.

    FILE is a small YAML or JSON file in dollars and percent: amount, rate, months, and where they apply adjustable,
    interest_only, pay_off_months, taxes_and_insurance, fees, prepayment_penalty (see docs/standards.md).
    """
    from hopenow.cli.console import console
    from hopenow.oversight.standards import key_facts, read_offer

    facts = key_facts(read_offer(file))
    show_key_facts(facts, console())
    if html is not None:
        from hopenow.oversight.standards.page import key_facts_page
        from hopenow.pages import write_whole

        write_whole(html, key_facts_page(facts))
    return 0


def show_key_facts(facts: KeyFacts, screen: Console) -> None:
    """Print the key facts of one loan."""
    for question, answer, meaning in facts.lines():
        screen.print(f"{question}  {answer}", style="bold", soft_wrap=True)
        screen.print(f"  {meaning}", soft_wrap=True)
    screen.print("What can change?", style="bold")
    for text in facts.changes:
        screen.print(f"  - {text}", soft_wrap=True)


def _table(title: str, *columns: str) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if place == 0 else "right", overflow="fold")
    return table


def show_lending(result: Lending, screen: Console) -> None:
    """Print what a file of loans comes to."""
    from hopenow.cli.console import number

    applications = result.applications
    screen.print(
        f"Read {number(applications.read)} rows = checked {number(result.checked.height)} + excluded "
        f"{number(applications.excluded)}",
        style="bold",
    )
    for name, counts in result.answers.items():
        table = _table(name.replace("_", " "), "answer", "loans")
        for answer, count in counts.items():
            table.add_row(answer, number(count))
        if counts:
            screen.print()
            screen.print(table)
    table = _table("Rules", "rule", "not met", "cannot be told")
    for row in result.rules.iter_rows(named=True):
        table.add_row(row["rule"], number(row["not_met"]), number(row["unknown"]))
    screen.print()
    screen.print(table)
    for row in result.applications.findings.head(12).iter_rows(named=True):
        screen.print(f"  {row['rows']:>9,}  {row['column'] or ''}: {row['message']}", soft_wrap=True)
    screen.print(f"Rests on values marked: {result.verification}")


def show_observatory(result: Observatory, screen: Console) -> None:
    """Print what was observed of histories."""
    import polars as pl

    from hopenow.oversight.fairness.page import spanned

    screen.print(
        f"{result.loans:,} loans; distress: {result.late} unpaid installments or an ending with a loss "
        f"within {result.window} months",
        style="bold",
        soft_wrap=True,
    )
    for row in result.findings.iter_rows(named=True):
        screen.print(f"  {row['rows']:>9,}  {row['message']}", soft_wrap=True)
    table = _table("Distress by feature", "band", "loans", "in distress", "share (interval)", "ratio", "")
    for feature in result.observed["feature"].unique(maintain_order=True).to_list():
        own = result.observed.filter(pl.col("feature") == feature)
        if feature:
            table.add_row(f"{feature} (against {own['reference'][0]})", "", "", "", "", "", style="bold")
        for row in own.head(12).iter_rows(named=True):
            counts = ["withheld" if row[name] is None else f"{row[name]:,}" for name in ("loans", "distressed")]
            table.add_row(f"  {row['band']}", *counts, spanned(row, "rate"), spanned(row, "ratio", ""), row["sign"])
    screen.print()
    screen.print(table)
