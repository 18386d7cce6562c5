"""``hopenow npv backtest``: the modern model beside what became of past loans."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click


@click.command("backtest")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--mapping", metavar="FILE", type=click.Path(path_type=Path), help="Which column of a file of your own is what."
)
@click.option(
    "--reference",
    "reference_dir",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder with newer files of the public series.",
)
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON instead.")
@click.option("--html", metavar="FILE", type=click.Path(path_type=Path), help="Write a page instead.")
def command(
    files: tuple[Path, ...], mapping: Path | None, reference_dir: Path | None, as_json: bool, html: Path | None
) -> int:
    """Compare modelled and actual cure, re-default, timeline and severity, with intervals.

    FILES are performance files of Fannie Mae or Freddie Mac, or loan-months of your own (CSV or Parquet).
    """
    from hopenow.oversight.histories import load_mapping, read
    from hopenow.valuation.backtest import backtest

    histories = read(files, None if mapping is None else load_mapping(mapping))
    if histories.last_month is None:
        click.echo("hopenow: the files have no loan-months", err=True)
        return 1
    found = backtest(histories.entries, histories.last_month, reference_dir)
    if as_json:
        click.echo(json.dumps([{**dataclasses.asdict(item), "verdict": item.verdict} for item in found], indent=2))
        return 0
    if html is not None:
        from hopenow.portfolio.outputs import Outputs
        from hopenow.valuation.backtest_page import page

        with Outputs(html.parent) as outputs:
            outputs.write_text(html.name, page(found, histories.title))
        click.echo(str(html))
        return 0
    from hopenow.cli.console import console
    from hopenow.valuation.backtest_page import shown

    screen = console()
    screen.print(f"{histories.title}: {histories.loans.height:,} loans, {histories.rows:,} loan-months", style="bold")
    for item in found:
        screen.print(f"\n{item.measure[0].upper()}{item.measure[1:]}: {item.verdict}", style="bold", soft_wrap=True)
        actual = shown(item.unit, item.actual, item.actual_low, item.actual_high)
        model = shown(item.unit, item.base, item.low, item.high)
        screen.print(f"   happened   {actual}{f', {item.method} interval' if item.method else ''}", soft_wrap=True)
        screen.print(f"   model      {model}", soft_wrap=True)
        screen.print(
            f"   rests on {item.count:,}; left out {item.left_out:,}: {item.why}. {item.note}",
            style="dim",
            soft_wrap=True,
        )
    return 0
