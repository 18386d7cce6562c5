"""``hopenow clocks``: every duty, deadline, protection and right of a case, from what happened."""

from __future__ import annotations

import datetime
import json
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

if TYPE_CHECKING:
    import polars as pl

    from hopenow.clocks import Case, Clockwork, Policies, WhatIf
    from hopenow.clocks.shown import Reader

_READERS = ("all", "homeowner", "servicer", "counselor")
_SHAPES = ("text", "json", "ics", "html", "csv", "parquet")
_SUFFIXES = {".txt": "text", ".json": "json", ".ics": "ics", ".html": "html", ".csv": "csv", ".parquet": "parquet"}
_ONE_CASE = ("text", "json", "ics", "html")
_MANY_CASES = ("text", "json", "html", "csv", "parquet")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEK = 7


class _Clocks(click.Group):
    """A group whose command ``show`` may be left out: ``hopenow clocks FILE`` is ``hopenow clocks show FILE``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group("clocks", cls=_Clocks)
def command() -> None:
    """Every duty, deadline, protection and right of a case, from what happened.

    ``hopenow clocks FILE`` is the same as ``hopenow clocks show FILE``.
    """


def _day(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime.date:
    if value is None:
        return datetime.date.today()  # noqa: DTZ011
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a date such as 2026-01-31") from None


_FORMAT = click.option(
    "--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it."
)


@command.command("show")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--case", "wanted", metavar="ID", multiple=True, help="This case only. Repeatable.")
@click.option("--as-of", metavar="DATE", callback=_day, help="The day looked at, its end [default: today].")
@click.option(
    "--policy",
    "choices",
    metavar="NAME=VALUE",
    multiple=True,
    help="Choose where the law leaves it open; `hopenow clocks policies` lists them. Repeatable.",
)
@click.option(
    "--assume",
    "assumed",
    metavar='"KIND@DAY FIELD=VALUE"',
    multiple=True,
    help="What if this happened? DAY is a date, a weekday, or +N days from the day looked at. Repeatable.",
)
@click.option(
    "--for", "reader", type=click.Choice(_READERS), default="all", show_default=True, help="Whose duties and rights."
)
@click.option(
    "--due", type=click.Choice(["today", "week", "overdue", "all"]), help="Of all cases: the duties not done, by day."
)
@click.option("--party", type=click.Choice(["servicer", "homeowner", "owner"]), help="With --due: who must act.")
@click.option("--limit", metavar="N", type=click.IntRange(min=0), default=40, show_default=True,
              help="With --due: how many duties the text lists; files have all.")  # fmt: skip
@click.option(
    "--format", "shape", type=click.Choice(_SHAPES), help="How to show it [default: by the name of --out, or text]."
)
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Write it here, whole or not at all.")
def show_command(
    file: Path,
    wanted: tuple[str, ...],
    as_of: datetime.date,
    choices: tuple[str, ...],
    assumed: tuple[str, ...],
    reader: str,
    due: str | None,
    party: str | None,
    limit: int,
    shape: str | None,
    out: Path | None,
) -> int:
    """Show the clocks of the cases in FILE (.json, .yaml or .csv).

    Where the case stands, what bars foreclosure, who must act by when, what the homeowner may do, what went wrong; or
    with --due the duties of all cases. `hopenow clocks template` writes a file to start from.
    """
    shape = shape or _SUFFIXES.get(out.suffix.lower() if out else "", "text")
    possible = _MANY_CASES if due else _ONE_CASE
    if shape not in possible:
        raise click.UsageError(
            f"--format {shape} goes {'without' if due else 'with'} --due; here: {', '.join(possible)}"
        )
    if due and (assumed or reader != "all"):
        raise click.UsageError("--due goes without --assume and --for; use --party")
    if party and not due:
        raise click.UsageError("--party goes with --due; use --for")
    if shape == "parquet" and out is None:
        raise click.UsageError("--format parquet needs --out FILE")
    policies = _policies(choices)
    cases = _cases(file, policies)
    if wanted:
        missing = [name for name in wanted if name not in {case.id for case in cases}]
        if missing:
            click.echo(f"hopenow: {file.name} has no case {', '.join(missing)}", err=True)
            return 1
        cases = [case for case in cases if case.id in wanted]
    if due:
        _show_due(cases, as_of, policies, due, party, limit, shape, out)
        return 0
    if (shape == "html" or assumed) and len(cases) != 1:
        what = "--assume" if assumed else "--format html"
        raise click.UsageError(f"{what} looks at one case, and {file.name} has {len(cases)}; choose one with --case ID")
    _give(_shown(cases, as_of, policies, assumed, cast("Reader", reader), shape), out)
    return 0


def _shown(
    cases: list[Case], as_of: datetime.date, policies: Policies, assumed: tuple[str, ...], reader: Reader, shape: str
) -> str | bytes:
    from hopenow.clocks import derive, what_if
    from hopenow.clocks.shown import data, text, what_if_data, what_if_text

    found: WhatIf | None = None
    if assumed:
        rows = [_supposed(words, as_of) for words in assumed]
        found = what_if(cases[0], rows, as_of, policies)
    clockworks: list[Clockwork] = [found.after] if found else [derive(case, as_of, policies) for case in cases]
    if shape == "html":
        from hopenow.clocks.page import page

        return page(clockworks[0], reader)
    if shape == "ics":
        from hopenow.clocks.calendar_file import calendar

        return calendar(clockworks, reader)
    if shape == "json":
        shown = what_if_data(found, reader) if found else data(clockworks, reader)
        return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"
    return what_if_text(found) if found else "\n".join(text(clockwork, reader) for clockwork in clockworks)


# --- what comes in --------------------------------------------------------------------------------


def _cases(file: Path, policies: Policies) -> list[Case]:
    from hopenow.clocks import read_cases
    from hopenow.errors import InputError, LawError

    try:
        cases = read_cases(file, policies=policies)
    except (json.JSONDecodeError, UnicodeDecodeError, LawError) as error:
        raise InputError(f"{file.name} cannot be read: {error}") from None
    if not cases:
        raise InputError(f"{file.name} has no cases; `hopenow clocks template` writes a file to start from")
    return cases


def _policies(choices: tuple[str, ...]) -> Policies:
    from hopenow.clocks import DEFAULT, policy_table

    table, given = policy_table(), {}
    for words in choices:
        name, sign, value = (part.strip() for part in words.partition("="))
        if not sign or not name:
            raise click.BadParameter(f"{words!r} is not NAME=VALUE", param_hint="--policy")
        like = table[name].value if name in table else ""
        given[name] = _like(value, like)
    return DEFAULT.with_(**given)


def _like(value: str, like: object) -> bool | int | str:
    if isinstance(like, bool):
        return {"yes": True, "true": True, "no": False, "false": False}.get(value.lower(), value)
    return int(value) if isinstance(like, int) and value.isdecimal() else value


def _supposed(words: str, as_of: datetime.date) -> Mapping[str, Any]:
    """Read ``KIND@DAY FIELD=VALUE ...`` into a row of an event."""
    try:
        first, *rest = shlex.split(words)
    except ValueError:
        raise click.BadParameter(
            f"{words!r}: a quotation mark is missing, or it is empty", param_hint="--assume"
        ) from None
    kind, sign, day = first.partition("@")
    wrong = [item for item in rest if "=" not in item]
    if not sign or wrong:
        raise click.BadParameter(f'{words!r} is not "KIND@DAY FIELD=VALUE ..."', param_hint="--assume")
    return {"kind": kind, "day": _relative(day, as_of), **dict(item.split("=", 1) for item in rest)}


def _relative(day: str, as_of: datetime.date) -> str:
    """A date as it is; a weekday is the next one on or after the day looked at; ``+N`` is that many days after it."""
    name = day.strip().lower()
    if name in _WEEKDAYS:
        return (as_of + datetime.timedelta(days=(_WEEKDAYS.index(name) - as_of.weekday()) % _WEEK)).isoformat()
    if name.startswith("+") and name[1:].isdecimal():
        return (as_of + datetime.timedelta(days=int(name[1:]))).isoformat()
    return day


# --- what goes out --------------------------------------------------------------------------------


def _give(content: str | bytes, out: Path | None) -> None:
    if out is None:
        click.echo(content, nl=False)
        return
    _write(out, lambda path: path.write_bytes(content if isinstance(content, bytes) else content.encode()))
    click.echo(f"Written: {out}")


def _write(out: Path, write: Callable[[Path], object]) -> None:
    partial = out.with_name(f"{out.name}.partial")
    try:
        write(partial)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def _show_due(
    cases: list[Case],
    as_of: datetime.date,
    policies: Policies,
    due: str,
    party: str | None,
    limit: int,
    shape: str,
    out: Path | None,
) -> None:
    from hopenow.clocks import simulate
    from hopenow.clocks.page import pick, portfolio_page, portfolio_text, said

    duties = pick(simulate(cases, as_of, policies), due, party, policies)
    if shape == "html":
        _give(portfolio_page(duties, as_of, len(cases), said(due, party), policies), out)
    elif shape == "json":
        _give(_due_json(duties, as_of, len(cases)), out)
    elif shape == "text":
        _give(portfolio_text(duties, as_of, len(cases), said(due, party), limit), out)
    elif out is None:
        click.echo(duties.write_csv(), nl=False)
    else:
        _write(out, duties.write_csv if shape == "csv" else duties.write_parquet)
        click.echo(f"Written: {out} ({duties.height:,} duties of {len(cases):,} cases)")


def _due_json(duties: pl.DataFrame, as_of: datetime.date, cases: int) -> str:
    from hopenow.clocks import due_counts
    from hopenow.clocks.shown import SCHEMA

    shown = {
        "schema": f"{SCHEMA}-due",
        "as_of": as_of.isoformat(),
        "cases": cases,
        "counts": due_counts(duties),
        "duties": json.loads(duties.write_json()),
    }
    return json.dumps(shown, indent=1, ensure_ascii=False) + "\n"


# --- what there is --------------------------------------------------------------------------------


@command.command("events")
@click.argument("kind", required=False)
@_FORMAT
def events_command(kind: str | None, shape: str) -> int:
    """List the kinds of events with their fields, or one KIND."""
    from hopenow.clocks.shown_reference import events, facts

    listed = [event for event in events() if kind in (None, event["kind"])]
    if not listed:
        click.echo(f"hopenow: there is no kind of event {kind!r}; `hopenow clocks events` lists them", err=True)
        return 1
    if shape == "json":
        click.echo(json.dumps({"events": listed, "loan": facts()}, indent=2))
        return 0
    for event in listed:
        thread = f"; opens {event['opens']}" if event["opens"] else f"; of {event['of']}" if event["of"] else ""
        click.echo(f"{event['kind']} ({event['who']}{thread})\n    {event['means']}")
        for name, field in event["fields"].items():
            choices = f": {', '.join(field['choices'])}" if field["choices"] else ""
            required = ", required" if field["required"] else ""
            click.echo(f"      {name} ({field['type']}{choices}{required}): {field['means']}")
    return 0


@command.command("rules")
@click.argument("rule", required=False)
@_FORMAT
def rules_command(rule: str | None, shape: str) -> int:
    """List every rule with its citation, its mark and its versions, or one RULE."""
    from hopenow.clocks.shown_reference import counted_in, rules

    listed = [item for item in rules() if rule in (None, item["rule"])]
    if not listed:
        click.echo(f"hopenow: there is no rule {rule!r}; `hopenow clocks rules` lists them", err=True)
        return 1
    if shape == "json":
        click.echo(json.dumps(listed, indent=2))
        return 0
    part = None
    for item in listed:
        if item["part"] != part:
            part = item["part"]
            draft = f" (a draft, off unless {item['draft']} is set)" if item["draft"] else ""
            click.echo(f"\n{part}{draft}")
        click.echo(f"{item['rule']}  {item['title']} ({item['who']})\n      {item['must']}.")
        for version in item["versions"]:
            length = f"{counted_in(version)}; " if version["day"] else ""
            span = f"{version['from']} to {version['to'] or 'open'}"
            click.echo(f"      {span}: {length}{version['cite']} [{version['verification']}]")
            if version["note"]:
                click.echo(f"        {version['note']}")
    return 0


@command.command("policies")
@_FORMAT
def policies_command(shape: str) -> int:
    """List the choices that the law leaves open, and what is chosen."""
    from hopenow.clocks.shown import value_text
    from hopenow.clocks.shown_reference import policies

    if shape == "json":
        click.echo(json.dumps(policies(), indent=2))
        return 0
    for item in policies():
        others = f" (of {', '.join(item['choices'])})" if item["choices"] else ""
        click.echo(f"{item['name']} = {value_text(item['value'])}{others} [{item['id']}, {item['verification']}]")
        click.echo(f"    {item['means']}.\n    {item['reason']}.")
    return 0


@command.command("template")
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Write it here, whole or not at all.")
def template_command(out: Path | None) -> int:
    """Write a file to start from: a case in YAML with every fact of the loan explained."""
    from hopenow.clocks.shown_reference import template

    _give(template(), out)
    return 0


@command.command("schema")
def schema_command() -> int:
    """Print the JSON Schema of what `--format json` gives for cases."""
    from hopenow.clocks.shown_reference import schema

    click.echo(json.dumps(schema(), indent=2))
    return 0
