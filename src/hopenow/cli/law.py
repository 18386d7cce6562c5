"""``hopenow law``: the dated rules and figures, with their sources and how sure each is."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from hopenow.law import OptionLaw, Segment
    from hopenow.programs.base import Option, Program
    from hopenow.programs.coverage import Days, ProgramCoverage
    from hopenow.programs.readings import Choice


@click.group("law")
def command() -> None:
    """List, show and check the dated rules and figures."""


_FORMAT = click.option(
    "--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it."
)


@command.command("programs")
@click.option("--program", "wanted", metavar="NAME", help="This program only.")
@_FORMAT
def programs_command(wanted: str | None, shape: str) -> int:
    """List the programs: whose, in force or not, what governs them, whom they are open to, and how sure they are.

    JSON has more: every option with its verified days, its counts by mark, what is not verified, and its readings.
    """
    import json

    from hopenow.cli.console import console
    from hopenow.programs.coverage import coverage, coverage_data

    programs = {program.id: program for program in _programs(wanted)}
    if shape == "json":
        click.echo(json.dumps(coverage_data(programs), indent=2))
        return 0
    covered = coverage(programs)
    screen = console()
    _show_programs(screen, covered)
    for found in covered:
        _show_program(screen, found)
    return 0


def _show_programs(screen: Console, covered: Sequence[ProgramCoverage]) -> None:
    from rich.table import Table

    from hopenow.programs.coverage import MARKS, counts
    from hopenow.programs.registry import STATUS_WORDS

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("program", "status", "from", "to", "verified days"):
        table.add_column(name, overflow="fold")
    for mark in MARKS:
        table.add_column(mark, justify="right")
    for found in covered:
        own = found.entry
        marked = counts(found.items)
        sums = [str(sum(count[mark] for count in marked.values())) for mark in MARKS]
        start, end = own.start or "(not established)", own.end or "(open)"
        status = STATUS_WORDS[own.status].split(" (")[0]
        table.add_row(own.id, status, str(start), str(end), _spans(found.verified), *sums)
    screen.print(table)
    screen.print(
        "The last columns count versions, rules, figures and words of process in the law files. A day is verified when "
        "all that is in force on it is.",
        style="dim",
    )


def _spans(spans: Sequence[Days]) -> str:
    return "; ".join(f"{span.start or '(open)'} to {span.end or '(open)'}" for span in spans) or "none"


LOOKED_AT = {
    "tapes": "on every tape and for every loan alone",
    "loans": "for a loan alone; on tapes when named, or with --program all",
    "request": "when named, or with --program all",
}


def _show_program(screen: Console, found: ProgramCoverage) -> None:
    from hopenow.cli.console import MARK_STYLE
    from hopenow.programs.registry import STATUS_WORDS

    own, document = found.entry, found.entry.document
    screen.print()
    screen.print(f"{own.id}: {own.name}", style="bold")
    screen.print(f"  whose      {own.authority}; {STATUS_WORDS[own.status]}")
    screen.print(f"  open to    {own.open_to}")
    screen.print(f"  looked at  {LOOKED_AT[own.looked_at]}")
    place = f" {document.url}" if document.url else ""
    screen.print(f"  governs    {document.publisher}: {document.title}.{place}")
    screen.print(f"             {document.revision} ({document.read})", style=MARK_STYLE[document.read])
    for option in found.options:
        doubtful = len(option.doubtful())
        doubts = f"; {doubtful} unverified" if doubtful else ""
        readings = f"; {len(option.readings)} readings" if option.readings else ""
        screen.print(f"  {option.id:<28} {option.title} ({_kind(option.kind)}{doubts}{readings})")


@command.command("readings")
@click.option("--program", "wanted", metavar="NAME", help="Of this program only.")
@_FORMAT
def readings_command(wanted: str | None, shape: str) -> int:
    """List the points on which sources conflict or are silent, and what --reading can choose instead."""
    import json

    from hopenow.cli.console import console
    from hopenow.programs.readings import readings_of

    found = [reading for program in _programs(wanted) for reading in readings_of(program)]
    if shape == "json":
        click.echo(json.dumps([reading.as_dict() for reading in found], indent=2))
        return 0
    screen = console()
    for reading in found:
        screen.print(reading.id, style="bold")
        screen.print(f"  {reading.meaning} ({', '.join(reading.options)})")
        for item in reading.chosen:
            _show_choice(screen, item, " (default)")
        for item in reading.alternatives:
            _show_choice(screen, item, "")
    screen.print(f"{len(found)} readings. Choose one with --reading NAME=VALUE; results say so.", style="dim")
    return 0


def _show_choice(screen: Console, item: Choice, remark: str) -> None:
    from hopenow.cli.console import MARK_STYLE

    note = f" {item.note}." if item.note else ""
    place = f" {item.url}" if item.url else ""
    screen.print(f"  = {item.shown}{remark}{note}")
    screen.print(f"      {item.mark}: {item.source}{place}", style=MARK_STYLE[item.mark])


def _kind(kind: str) -> str:
    return {
        "finding": "finding",
        "reinstate": "pay what is due",
        "keep": "keeps the home",
        "leave": "leaves the home",
        "help": "advice",
    }[kind]


@command.command("list")
@click.option("--program", "wanted", metavar="NAME", help="Of this program only.")
@click.option("--on", "day", metavar="DATE", help="Versions in force on this day (YYYY-MM-DD).")
def list_command(wanted: str | None, day: str | None) -> int:
    """List every version of every option's rules: from when to when, and how sure."""
    from rich.table import Table

    from hopenow.cli.console import MARK_STYLE, console

    on = _day(day)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("program", "option", "rule set", "from", "to", "mark", "what"):
        table.add_column(name, overflow="fold")
    for program in _programs(wanted):
        for option in program.options:
            for item in option.law.rule_sets:
                if program.id not in item.authorities or (on is not None and not _in_force(item.start, item.end, on)):
                    continue
                start, end = item.start or "(open)", item.end or "(open)"
                table.add_row(
                    program.id, option.id, item.id, str(start), str(end), item.verification, item.content,
                    style=None if item.verification == "verified" else MARK_STYLE[item.verification],
                )  # fmt: skip
    console().print(table)
    return 0


def _in_force(start: datetime.date | None, end: datetime.date | None, on: datetime.date) -> bool:
    return (start or datetime.date.min) <= on <= (end or datetime.date.max)


@command.command("show")
@click.argument("option")
@click.option("--on", "day", metavar="DATE", help="As in force on this day (YYYY-MM-DD) [default: today].")
@click.option("--program", "wanted", metavar="NAME", help="Of this program only.")
@click.option("--all-dates", is_flag=True, help="Every value there has been, not only that day's.")
def show_command(option: str, day: str | None, wanted: str | None, all_dates: bool) -> int:
    """Show an option: its rules and figures with dates, citations and marks."""
    import difflib

    from hopenow.cli.console import console
    from hopenow.errors import InputError
    from hopenow.portfolio.choices import today

    screen = console()
    found = [(program, item) for program in _programs(wanted) for item in program.options if item.id == option]
    if not found:
        known = sorted({item.id for program in _programs(wanted) for item in program.options})
        near = difflib.get_close_matches(option, known, n=1)
        raise InputError(
            f"no option is called {option!r}; "
            + (f"did you mean {near[0]}?" if near else f"options: {', '.join(known)}")
        )
    on = _day(day) or today()
    for program, item in found:
        _show_option(screen, program, item, on, all_dates)
    return 0


def _show_option(screen: Console, program: Program, option: Option, on: datetime.date, all_dates: bool) -> None:
    from hopenow.law import segments

    law = option.law
    screen.print()
    screen.print(f"{law.title} ({program.title})", style="bold")
    screen.print(law.homeowner)
    for item in law.rule_sets:
        if program.id in item.authorities:
            start = item.start or f"before {item.known_since} (start not established)"
            early = f"; could be adopted from {item.optional_from}" if item.optional_from else ""
            screen.print(f"  {item.id}: {start} to {item.end or 'open'}{early}. {item.content}")
            _cite(screen, law, item.cite, item.verification, 4)
    if all_dates:
        _show_all_values(screen, law, program.id)
        return
    current = next((segment for segment in segments(law, program.id) if segment.start <= on <= segment.end), None)
    if current is None:
        spans = [f"{segment.start} to {segment.end}" for segment in segments(law, program.id)]
        screen.print(f"Not in force on {on}. Covered: {'; '.join(spans) or 'no date'}", style="yellow")
        return
    _show_segment(screen, option, current, on)


def _show_segment(screen: Console, option: Option, segment: Segment, on: datetime.date) -> None:
    from hopenow.law import shown_value

    law = option.law
    figures = {
        name: shown_value(segment.parameters.source(name).value, law.parameters[name].unit)
        for name in segment.parameters
    }
    screen.print(f"Rules on {on} ({segment.rule_set.id})", style="bold")
    for name, source in segment.rules.items():
        words = law.rules[name]
        effect = source.effect or words.effect
        note = {
            "deny": "",
            "approval": f" [needs approval of {words.approver} otherwise]",
            "condition": " [to be done]",
        }[effect]
        screen.print(f"  {name}: {words.says.format(**figures)}{note}")
        screen.print(f"      to change a no: {words.change.format(**figures)}", style="dim")
        _cite(screen, law, source.cite, source.verification, 6)
    screen.print("Figures", style="bold")
    for name in segment.parameters:
        value = segment.parameters.source(name)
        screen.print(
            f"  {name} = {figures[name]} ({law.parameters[name].unit.replace('_', ' ')}): "
            f"{law.parameters[name].meaning}"
        )
        _cite(screen, law, value.cite, value.verification, 6)
    if law.process:
        screen.print("How it is done", style="bold")
    for name, entry in law.process.items():
        if not entry.rule_sets or segment.rule_set.id in entry.rule_sets:
            for source in entry.sources:
                if segment.parameters.authority in source.authorities:
                    screen.print(f"  {name}: {entry.says.format(**figures)}")
                    _cite(screen, law, source.cite, source.verification, 6)


def _show_all_values(screen: Console, law: OptionLaw, authority: str) -> None:
    from hopenow.law import shown_value

    screen.print("Figures, every value", style="bold")
    for name, parameter in law.parameters.items():
        screen.print(f"  {name} ({parameter.unit.replace('_', ' ')}): {parameter.meaning}")
        for value in parameter.values:
            if authority in value.authorities:
                span = f"{value.start or '(open)'} to {value.end or '(open)'}"
                where = f" in {', '.join(value.rule_sets)}" if value.rule_sets else ""
                screen.print(
                    f"    {shown_value(value.value, parameter.unit)}  {span}{where}"
                    f"{f'. {value.note}' if value.note else ''}"
                )
                _cite(screen, law, value.cite, value.verification, 6)
        for value in parameter.alternatives:
            if authority in value.authorities:
                where = f" in {', '.join(value.rule_sets)}" if value.rule_sets else ""
                note = f". {value.note}" if value.note else ""
                screen.print(f"    or read as {shown_value(value.value, parameter.unit)}{where}{note}")
                _cite(screen, law, value.cite, value.verification, 6)


def _cite(screen: Console, law: OptionLaw, cite: str, mark: str, indent: int) -> None:
    from hopenow.cli.console import MARK_STYLE
    from hopenow.law import cited

    text, url = cited(law, cite)
    screen.print(f"{' ' * indent}{mark}: {text}{f' {url}' if url else ''}", style=MARK_STYLE[mark])


def _programs(wanted: str | None) -> list[Program]:
    from hopenow.portfolio.choices import every_program
    from hopenow.programs.registry import program

    return list(every_program().values()) if wanted is None else [program(wanted)]


def _day(text: str | None) -> datetime.date | None:
    if text is None:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a day; write it as YYYY-MM-DD", param_hint="--on") from None


@command.command("check")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def check_command(files: tuple[Path, ...]) -> int:
    """Load every law file of the project (and FILES) strictly, and report all defects.

    FILES are option files (checked against the documents.yaml beside them, or the project's own) or
    private-label profiles.
    """
    from hopenow.portfolio.lawcheck import check

    checked = check(files)
    for name, defect in checked.defects:
        click.echo(f"{name}: {defect}", err=True)
    click.echo(f"{checked.files} files checked, {len(checked.defects)} with defects")
    return 4 if checked.defects else 0
