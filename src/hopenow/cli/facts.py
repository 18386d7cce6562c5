"""``hopenow facts``: what can be known of a loan."""

from __future__ import annotations

import click


@click.command("facts")
@click.argument("name", required=False)
@click.option("--markdown", is_flag=True, help="The whole reference page as Markdown.")
@click.option("--json-schema", is_flag=True, help="A JSON Schema for one loan.")
def command(name: str | None, markdown: bool, json_schema: bool) -> int:
    """List the facts (the column names of input files), or show one."""
    from hopenow.facts import templates

    if markdown:
        click.echo(templates.facts_reference())
    elif json_schema:
        import json

        click.echo(json.dumps(templates.json_schema(), indent=2))
    elif name is not None:
        _one(name)
    else:
        _all()
    return 0


def _one(name: str) -> None:
    from hopenow.errors import InputError
    from hopenow.facts import schema
    from hopenow.facts.ingest import nearest_fact

    facts = schema()
    if name not in facts:
        near = nearest_fact(name)
        raise InputError(f"no fact is called {name!r}{f'; did you mean {near}?' if near else ''}")
    fact = facts[name]
    click.echo(f"{name}: {fact.meaning}")
    click.echo(f"  unit      {fact.unit}")
    if fact.choices:
        click.echo(f"  choices   {', '.join(fact.choices)}")
    if fact.never:
        click.echo("  never     the word never says that it is known not to have happened")
    if fact.minimum is not None or fact.maximum is not None:
        click.echo(f"  range     {fact.minimum} to {fact.maximum}")
    click.echo(f"  required  {'yes' if fact.required else 'no'}")
    click.echo(f"  ask       {fact.ask}")


def _all() -> None:
    from rich.table import Table

    from hopenow.cli.console import console
    from hopenow.facts import schema

    facts = schema()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column("fact", no_wrap=True)
    table.add_column("unit", no_wrap=True, style="dim")
    table.add_column("meaning")
    for group, title in facts.titles.items():
        table.add_row(title, style="bold")
        for fact in facts.values():
            if fact.group == group:
                table.add_row(f"  {fact.name}{' *' if fact.required else ''}", fact.type, fact.meaning)
        table.add_row("")
    screen = console()
    screen.print(table)
    screen.print(f"{len(facts)} facts; * must stand on every row. An empty value always means not known.")
