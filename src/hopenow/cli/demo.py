"""``hopenow demo``: a made-up tape, reviewed."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click


@click.command("demo")
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("build/demo"),
    show_default=True,
    help="Folder for the tape and the results.",
)
@click.option(
    "--loans",
    metavar="N",
    type=click.IntRange(min=1, max=1_000_000),
    default=2_000,
    show_default=True,
    help="How many loans to make up.",
)
@click.option("--seed", metavar="N", type=int, default=None, help="The same seed makes the same tape.")
@click.option("--report/--no-report", default=True, show_default=True, help="Write the HTML report.")
@click.option("--quiet", is_flag=True, help="No progress.")
def command(out: Path, loans: int, seed: int | None, report: bool, quiet: bool) -> int:
    """Make up a loan tape in Fannie Mae's layout, review it, and say where the report is.

    The loans are invented; nobody's data is in them. The tape has dirt on purpose, as real ones do.
    """
    from hopenow.cli.console import console
    from hopenow.cli.review import reviewed, show
    from hopenow.portfolio.choices import settings
    from hopenow.tapes.synthetic import DEFAULT_SEED, write_synthetic

    screen = console()
    out.mkdir(parents=True, exist_ok=True)
    tape = out / "tape.txt"
    made = write_synthetic(tape, loans=loans, seed=DEFAULT_SEED if seed is None else seed)
    screen.print(
        f"Made up {made.loans:,} loans ({made.lines:,} loan-months) in Fannie Mae's layout: {tape}",
        soft_wrap=True,
    )
    screen.print()
    # Nothing is assumed: a tape knows no hardship and no income, and the report says which answers are missing.
    summary = reviewed(
        (tape,), out, settings(), report=report, loan_pages=20, quiet=quiet, formats=("parquet",), at="last"
    )
    show(summary, screen)
    loan = _interesting(out / "results.parquet")
    screen.print()
    if report:
        screen.print(f"Open the report in a browser:  {out / 'report.html'}", style="bold", soft_wrap=True)
    call = _call()
    what_if = "--assume quality_right_party_contact=yes --assume hardship_resolved=yes"
    screen.print(f"What if it were known that …:  {call} review {tape} {what_if}", style="bold", soft_wrap=True)
    if loan:
        screen.print(f"One loan in plain words:       {call} explain {tape} {loan}", style="bold", soft_wrap=True)
    return 0


def _call() -> str:
    """Return how to call this program here: by name, or where that is not on the path, by its file."""
    called = Path(sys.argv[0])
    if called.name != "hopenow" or shutil.which("hopenow"):
        return "hopenow"
    return os.path.relpath(called)


def _interesting(results: Path) -> str | None:
    """Return a loan with several possible options and real delinquency."""
    import polars as pl

    frame = pl.scan_parquet(results).select("loan_id", "ranked", "months_delinquent").collect()
    late = frame.filter(pl.col("months_delinquent") >= 3).with_columns(
        pl.col("ranked").cast(pl.String).str.count_matches(";").alias("options")
    )
    best = late.sort("options", "loan_id", descending=[True, False])
    return None if best.is_empty() else str(best["loan_id"][0])
