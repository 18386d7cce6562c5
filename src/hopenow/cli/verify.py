"""``hopenow verify``: whether anything in the ledger was changed."""

from __future__ import annotations

import sys

import click

from hopenow.cli.console import console


@click.command()
@click.option("--anchor", is_flag=True, help="Also anchor what is settled, and print the anchor to keep elsewhere.")
def command(anchor: bool) -> None:
    """Check every event, every chain and every anchor of the platform's ledger.

    Exits with 1 when anything does not agree, naming each fault.
    """
    from hopenow.web import configuration, serve

    with serve.prepared(configuration.read()):
        from hopenow.web.acting import serving
        from hopenow.web.cases import ledger
        from hopenow.web.cases.models import Anchor, Event

        with serving("operations"):
            faults = list(ledger.verify())
            events = Event.objects.count()
            if anchor and not faults:
                ledger.anchor()
            last = Anchor.objects.order_by("position").last()
    for fault in faults:
        place = f"case {fault.case}, event {fault.number}: " if fault.case else ""
        click.echo(f"{place}{fault.what}")
    if faults:
        console(error=True).print(f"{events:,} events checked; {len(faults):,} do not agree", highlight=False)
        sys.exit(1)
    console(error=True).print(f"{events:,} events checked; every one agrees")
    if anchor and last is not None:
        click.echo(f"{last.position} {bytes(last.hash).hex()}")
