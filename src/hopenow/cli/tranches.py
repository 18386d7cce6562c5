"""``hopenow npv tranches``: which tranches of a deal gain or lose when loans are modified."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from hopenow.cli.options import AT_HELP, chosen, with_settings


@click.command("tranches")
@click.argument("deal", required=False, type=click.Path(path_type=Path))
@click.argument("tape", nargs=-1, type=click.Path(path_type=Path))
@click.option("--template", is_flag=True, help="Print a deal file with every entry explained.")
@click.option("--at", metavar="MONTH", default="last", show_default=True, help=AT_HELP)
@click.option("--mapping", metavar="FILE", type=click.Path(path_type=Path), help="Which column is which fact.")
@with_settings
@click.option(
    "--mortgage-rate", metavar="PERCENT", help="30-year rate, for days that the weekly series does not cover."
)
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON instead.")
def command(
    deal: Path | None,
    tape: tuple[Path, ...],
    template: bool,
    at: str,
    mapping: Path | None,
    mortgage_rate: str | None,
    as_json: bool,
    **choices: Any,
) -> int:
    """Run a pool of loans through a deal's waterfall, modified and not, and compare its tranches."""
    import polars as pl

    from hopenow.facts import schema
    from hopenow.money import ppm
    from hopenow.portfolio.choices import parse_at
    from hopenow.portfolio.sources import find_sources
    from hopenow.review.engine import determine
    from hopenow.valuation.modern import CASES
    from hopenow.valuation.sides_page import RESTS_ON, UNVERIFIED, _range, in_published_units
    from hopenow.valuation.tranches import TEMPLATE, load_deal, tranches

    if template:
        click.echo(TEMPLATE, nl=False)
        return 0
    if deal is None or not tape:
        raise click.UsageError("name a deal file and a tape: hopenow npv tranches DEAL.yaml TAPE")
    settings, terms = chosen(**choices), load_deal(deal)
    pieces, skipped = [], 0
    for source in find_sources(tape, mapping):
        for batch in source.read(parse_at(at), 65_536, "ignore"):
            pieces.append(schema().complete(batch.facts, ()))
            skipped += batch.skipped
    facts = pl.concat(pieces, how="diagonal")
    rate = None if mortgage_rate is None else ppm(mortgage_rate)
    found = tranches(facts, determine(facts, settings), terms, directory=settings.reference_dir, mortgage_rate=rate)
    if as_json:
        plain = found.select("tranche", *[name for name in found.columns if name.endswith(CASES)])
        rows = [
            {key: str(value) for key, value in row.items()} for row in in_published_units(plain).iter_rows(named=True)
        ]
        counts = found.row(0, named=True)
        numbers = {key: value for key, value in counts.items() if key.startswith(("loans", "trigger"))}
        click.echo(json.dumps({"deal": terms.name, "verification": UNVERIFIED, **numbers, "tranches": rows}, indent=2))
        return 0
    from hopenow.cli.console import console

    screen = console()
    first = found.row(0, named=True)
    screen.print(
        f"{terms.name}: {first['loans']:,} of {facts.height:,} loans can be valued, {first['loans_modified']:,} would "
        f"be modified; {skipped:,} rows were skipped.",
        style="bold",
        soft_wrap=True,
    )
    for row in found.iter_rows(named=True):
        ends = row["gain_over_foreclosure_low"], row["gain_over_foreclosure_high"]
        word = "gains" if ends[0] >= 0 else "loses" if ends[1] <= 0 else "may gain or lose"
        screen.print(f"\n{row['tranche']}: {word} by modification against foreclosure", style="bold")
        screen.print(f"   over foreclosure   {_range(row, 'gain_over_foreclosure')}", soft_wrap=True)
        screen.print(f"   over no help       {_range(row, 'gain_over_no_help')}", soft_wrap=True)
    for name in ("modification", "no_help", "foreclosure"):
        month = first[f"trigger_month_{name}"]
        screen.print(
            f"Trigger with {name.replace('_', ' ')}: {f'month {month}' if month else 'not pulled'}", style="dim"
        )
    screen.print(f"\n{RESTS_ON}", style="yellow", soft_wrap=True)
    return 0
