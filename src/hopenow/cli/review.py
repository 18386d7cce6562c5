"""``hopenow review``: a whole tape."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hopenow.cli.options import AT_HELP, chosen, with_settings

if TYPE_CHECKING:
    from rich.console import Console

    from hopenow.portfolio.summary import Summary
    from hopenow.review import Settings

SUFFIX = "-review"


@click.command("review")
@click.argument("tape", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder for the results [default: TAPE-review].",
)
@click.option(
    "--format",
    "formats",
    default="parquet",
    show_default=True,
    metavar="LIST",
    help="parquet, csv, or parquet,csv.",
)
@click.option("--report/--no-report", default=True, show_default=True, help="Write the HTML report.")
@click.option(
    "--loan-pages",
    metavar="N",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Pages of single loans beside the report.",
)
@click.option(
    "--mapping",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Which column is which fact (see `hopenow tape inspect`).",
)
@click.option(
    "--extra-columns",
    "extra",
    type=click.Choice(["refuse", "ignore"]),
    default="refuse",
    show_default=True,
    help="Columns that are not facts, in a table without mapping.",
)
@click.option("--at", metavar="MONTH", default="last", show_default=True, help=AT_HELP)
@with_settings
@click.option(
    "--batch-rows",
    metavar="N",
    type=click.IntRange(min=1),
    help="Rows reviewed at once [default: 65536, or 131072 with --program all]; results do not depend on it.",
)
@click.option(
    "--threads",
    metavar="N",
    type=click.IntRange(min=1),
    help="Pieces reviewed side by side; results do not depend on it.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 when rows were skipped.")
@click.option("--quiet", is_flag=True, help="No progress.")
def command(
    tape: tuple[Path, ...],
    out: Path | None,
    formats: str,
    report: bool,
    loan_pages: int,
    mapping: Path | None,
    extra: str,
    at: str,
    batch_rows: int | None,
    threads: int | None,
    strict: bool,
    quiet: bool,
    **choices: Any,
) -> int:
    """Review every loan of TAPE under every option of its programs.

    TAPE is one or more files: Fannie Mae's or Freddie Mac's loan-performance files (recognized), any CSV or
    Parquet file with facts as columns, or any other with a mapping. Results, findings and a summary go into
    the folder; they appear when all is done. Rows that cannot be reviewed are listed with their reasons, and
    the counts add up.
    """
    from hopenow.cli.console import console
    from hopenow.portfolio.choices import parse_at

    settings = chosen(**choices)
    folder = out or Path(tape[0].name.split(".")[0] + SUFFIX)
    summary = reviewed(
        tape, folder, settings,
        formats=tuple(item.strip() for item in formats.split(",") if item.strip()),
        report=report, loan_pages=loan_pages, quiet=quiet, mapping=mapping, at=parse_at(at), extra=extra,
        batch_rows=batch_rows, threads=threads,
    )  # fmt: skip
    show(summary, console())
    return 1 if strict and summary.skipped else 0


def reviewed(
    tape: tuple[Path, ...],
    folder: Path,
    settings: Settings,
    *,
    report: bool,
    loan_pages: int,
    quiet: bool,
    **choices: Any,
) -> Summary:
    """Review a tape with progress on standard error, and write the report."""
    from hopenow.cli.console import Reporter
    from hopenow.portfolio.pipeline import review_tape

    with Reporter("Review", quiet=quiet) as reporter:
        return review_tape(
            tape,
            folder,
            settings,
            progress=reporter.callback,
            report=report,
            loan_pages=loan_pages,
            **choices,
        )


def show(summary: Summary, console: Console) -> None:
    """Print what a review counted."""
    _show_counts(summary, console)
    if summary.results:
        _show_outlook(summary, console)
        _show_options(summary, console)
        _show_missing(summary, console)
    _show_assumed(summary, console)
    _show_findings(summary, console)
    console.print()
    for name, path in summary.files.items():
        console.print(f"  {name:<9} {path}", soft_wrap=True)


def _show_counts(summary: Summary, console: Console) -> None:
    from hopenow.cli.console import duration, number

    rate = summary.reviewed / summary.seconds["total"] if summary.seconds.get("total") else 0
    console.print(
        f"Read {number(summary.read)} = reviewed {number(summary.reviewed)} "
        f"+ skipped {number(summary.skipped)}"
        f"   ({duration(summary.seconds['total'])}, {number(round(rate))} a second)",
        style="bold",
    )
    for reason, count in summary.skipped_by_reason.items():
        console.print(f"  skipped {number(count):>9}  {reason}")
    if summary.investor_unknown:
        console.print(
            f"  {number(summary.results)} results: a loan whose owner or guarantor is not known has one for each "
            "program that may apply "
            f"({number(summary.investor_unknown)} such results)"
        )
    for program, count in summary.programs.items():
        if count:
            title = summary.program_titles.get(program, "no program applies")
            maybe = summary.possibilities.get(program, 0)
            note = f" ({number(maybe)} as a possibility)" if maybe else ""
            console.print(f"  {number(count):>9} results  {title}{note}")
    for option in summary.everyone_options:
        if option.possible:
            loans = f"of {number(sum(option.statuses.values()))} loans"
            console.print(f"  open to anyone: {option.title}: open or maybe open for {number(option.possible)} {loans}")


def _show_outlook(summary: Summary, console: Console) -> None:
    from rich.table import Table

    from hopenow.cli.console import number, percent_of

    table = Table(title="Best that is open", title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, justify in (("results", "right"), ("share", "right"), ("delinquent", "right"), ("", "left")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    late = _delinquent(summary)
    for outlook, count in summary.outlook.items():
        if count:
            share = percent_of(count, summary.results)
            table.add_row(number(count), share, number(late.get(outlook, 0)), OUTLOOK_WORDS[outlook])
    console.print()
    console.print(table)


def _delinquent(summary: Summary) -> dict[str, int]:
    """Count the results with at least one unpaid installment by outlook."""
    found: dict[str, int] = {}
    for months, counts in summary.by_months_delinquent.items():
        if months not in ("0", "unknown"):
            for outlook, count in counts.items():
                found[outlook] = found.get(outlook, 0) + count
    return found


OUTLOOK_WORDS = {
    "keep_eligible": "eligible for an option that keeps the home",
    "keep_conditional": "an option that keeps the home may be possible (questions or approvals are open)",
    "reinstate_only": "only paying everything past due at once",
    "leave_only": "only options to leave the home",
    "help_only": "only advice",
    "none": "every option is ruled out (a loan that is current needs none)",
    "no_program": "no program applies to the loan",
}


def _show_options(summary: Summary, console: Console) -> None:
    from rich.table import Table

    from hopenow.cli.console import STATUS_STYLE, STATUS_WORDS, number

    table = Table(title="Options", title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("option", no_wrap=True)
    for status, words in STATUS_WORDS.items():
        table.add_column(words, justify="right", style=STATUS_STYLE[status])
    table.add_column("ruled out most often by")
    for program, title in summary.program_titles.items():
        if not summary.programs.get(program):
            continue
        table.add_row(title, style="bold")
        for option in summary.options:
            if option.program == program and option.kind != "finding":
                counts = [number(option.statuses.get(status, 0)) for status in STATUS_WORDS]
                why = ", ".join(f"{rule} ({number(count)})" for rule, count in list(option.failed.items())[:1])
                table.add_row(f"  {option.title}", *counts, why)
    console.print()
    console.print(table)


def _show_missing(summary: Summary, console: Console) -> None:
    from hopenow.cli.console import number

    if not summary.missing:
        return
    console.print()
    console.print("Answers that would decide most", style="bold")
    for name, entry in list(summary.missing.items())[:5]:
        alone = f", {number(entry.decides)} need only this" if entry.decides else ""
        console.print(f"  {number(entry.results):>9} results need {name}{alone}: {entry.ask}", soft_wrap=True)


def _show_assumed(summary: Summary, console: Console) -> None:
    from hopenow.cli.console import number

    for name, entry in summary.assumed.items():
        console.print(
            f"Assumed where unknown: {name} = {entry.value} ({number(entry.results)} results rest on it)",
            style="bold yellow",
        )
    for name, day in summary.adopted.items():
        console.print(f"Adopted early: {name} from {day}", style="bold yellow")
    for item in summary.readings:
        console.print(
            f"Read differently: {item.reading} = {item.value} (usually {item.default}; {item.verification})",
            style="bold yellow",
        )


def _show_findings(summary: Summary, console: Console) -> None:
    from hopenow.cli.console import number

    errors, warnings = summary.findings.get("error", 0), summary.findings.get("warning", 0)
    if errors or warnings:
        console.print()
        console.print(f"Findings about the tape: {number(errors)} errors, {number(warnings)} warnings", style="bold")
        for row in summary.findings_by_rule[:5]:
            console.print(f"  {number(row['count']):>9}  {row['severity']:<8} {row['rule']}  {row['field'] or ''}")
        if len(summary.findings_by_rule) > 5:
            console.print(f"             and {len(summary.findings_by_rule) - 5} more kinds; see the findings file")
