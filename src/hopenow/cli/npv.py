"""``hopenow npv``: the HAMP value test, for one loan or many."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hopenow.cli.parts import WithParts

if TYPE_CHECKING:
    from rich.console import Console

    from hopenow.valuation.hamp_npv import Differences, Outcome, Result, Supplements, Tiers

VERSIONS = ("3.0", "4.0", "5.0")
MODIFICATIONS = ("tier1", "tier1_pra", "tier2", "tier2_pra")


@click.command("npv", cls=WithParts)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--supplement",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="The program's quarterly tables: a folder or a YAML file [default: a public substitute, not Treasury's].",
)
@click.option(
    "--model",
    "version",
    type=click.Choice(VERSIONS),
    default=VERSIONS[0],
    show_default=True,
    help="Version; 4.0 and 5.0 lay their default equations over 3.0.",
)
@click.option(
    "--modification",
    type=click.Choice(MODIFICATIONS),
    default=MODIFICATIONS[0],
    show_default=True,
    help="Which modification the terms in the file are.",
)
@click.option("--tiers", is_flag=True, help="Value the program's other modifications, too.")
@click.option(
    "--correct",
    "corrections",
    metavar="INPUT=VALUE",
    multiple=True,
    help="What should have been used: say which input changes the result. Repeatable.",
)
@click.option(
    "--reading",
    "readings",
    metavar="NAME=CHOICE",
    multiple=True,
    help="Another reading where the texts are silent (see --readings). Repeatable.",
)
@click.option("--readings", "list_readings", is_flag=True, help="List the open points of the texts and their readings.")
@click.option("--template", is_flag=True, help="Print an empty case with every input explained.")
@click.option("--html", metavar="FILE", type=click.Path(path_type=Path), help="Write a page to save and print.")
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON instead.")
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="For many loans: results as CSV or Parquet [default: FILE-npv.parquet].",
)
def command(
    file: Path | None,
    supplement: Path | None,
    version: str,
    modification: str,
    tiers: bool,
    corrections: tuple[str, ...],
    readings: tuple[str, ...],
    list_readings: bool,
    template: bool,
    html: Path | None,
    as_json: bool,
    out: Path | None,
) -> int:
    """Run the HAMP value test: is a loan worth more to its owner modified, or as it is?

    \b
    hopenow npv case.yaml      one loan; exits with 1 when the test cannot be run
    hopenow npv loans.csv      many loans (CSV or Parquet), one row each
    hopenow npv --template     every input, explained

    The program ended in 2016; this is a reference model. It checks what a homeowner was told, and shows its work.
    """  # noqa: D301  (\\b keeps click from wrapping the lines)
    from hopenow.valuation.hamp_npv import files, load_supplement, public_substitute

    if template:
        click.echo(files.template(), nl=False)
        return 0
    if list_readings:
        _show_readings(as_json)
        return 0
    if file is None:
        raise click.UsageError("name a file: a case (YAML, JSON) or many loans (CSV, Parquet)")
    suffix = file.suffix.lower()
    if suffix not in (*files.CASE_SUFFIXES, *files.TABLE_SUFFIXES):
        raise click.UsageError(f"{file.name}: expected {', '.join((*files.CASE_SUFFIXES, *files.TABLE_SUFFIXES))}")
    chosen = _pairs(readings, "--reading")
    supplements = load_supplement(supplement) if supplement else public_substitute()
    if suffix in files.TABLE_SUFFIXES:
        if tiers or corrections or html or as_json:
            raise click.UsageError("--tiers, --correct, --html and --json are for one loan; many loans go to --out")
        return _many(file, out, supplements, version, modification, chosen)
    if out is not None:
        raise click.UsageError("--out is for many loans; use --html or --json")
    return _one(
        file, supplements, version, modification, chosen, _pairs(corrections, "--correct"), tiers, html, as_json
    )


def _pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{option} {item!r}: write it as NAME=VALUE")
        if name.strip() in found:
            raise click.UsageError(f"{option} {name.strip()}: given twice")
        found[name.strip()] = value.strip()
    return found


def _many(
    file: Path, out: Path | None, supplements: Supplements, version: str, modification: str, chosen: Mapping[str, str]
) -> int:
    from hopenow.portfolio.outputs import Outputs
    from hopenow.valuation.hamp_npv import SCENARIOS, Readings, files, run

    target = out or file.with_name(f"{file.stem}-npv.parquet")
    if target.suffix.lower() not in files.TABLE_SUFFIXES:
        raise click.UsageError(f"--out {target.name}: expected {' or '.join(files.TABLE_SUFFIXES)}")
    outcome = run(
        files.read_table(file),
        supplements,
        version=version,
        readings=Readings(chosen),
        modification=SCENARIOS[modification],
    )
    frame = files.in_dollars(outcome.frame)
    with Outputs(target.parent) as outputs:
        if target.suffix.lower() == ".parquet":
            frame.write_parquet(outputs.begin(target.name))
        else:
            frame.write_csv(outputs.begin(target.name))
    _write_findings(target, outcome)
    ok, positive = int(frame["run_ok"].sum()), int(frame["positive"].sum() or 0)
    click.echo(
        f"{frame.height:,} loans: {positive:,} positive, {ok - positive:,} negative, "
        f"{frame.height - ok:,} could not be run (see run_code). Results rest on: {outcome.label}."
    )
    click.echo(str(target))
    return 0


def _write_findings(target: Path, outcome: Outcome) -> None:
    """Write what is wrong with the inputs of many loans beside their results; nothing where all are fine."""
    if not outcome.findings:
        return
    import polars as pl

    from hopenow.portfolio.outputs import Outputs

    loans = outcome.frame["servicer_loan_number"]
    rows = [
        {"row": item.row + 1, "servicer_loan_number": loans[item.row], "code": item.code, "input": item.field}
        | {"finding": item.says, "found": item.value}
        for item in outcome.findings
    ]
    name = f"{target.stem}-findings.csv"
    with Outputs(target.parent) as outputs:
        pl.DataFrame(rows, infer_schema_length=None).write_csv(outputs.begin(name))
    click.echo(f"{len(rows):,} findings about inputs: {target.with_name(name)}")


def _one(
    file: Path,
    supplements: Supplements,
    version: str,
    modification: str,
    chosen: Mapping[str, str],
    corrections: Mapping[str, str],
    tiers: bool,
    html: Path | None,
    as_json: bool,
) -> int:
    from hopenow.valuation.hamp_npv import SCENARIOS, Readings, evaluate, evaluate_tiers, files, what_differs
    from hopenow.valuation.hamp_npv.page import page

    case, readings = files.read_case(file), Readings(chosen)
    result = evaluate(case.loan, supplements, version=version, readings=readings, modification=SCENARIOS[modification])
    corrected = {**case.corrected, **corrections}
    differs = what_differs(case.loan, corrected, supplements, version=version, readings=readings) if corrected else None
    every = (
        evaluate_tiers(case.loan, supplements, given=case.scenarios, version=version, readings=readings)
        if tiers or case.scenarios
        else None
    )
    if html is not None:
        from hopenow.portfolio.outputs import Outputs

        with Outputs(html.parent) as outputs:
            outputs.write_text(html.name, page(result, differs, every))
        click.echo(str(html))
    elif as_json:
        found: dict[str, Any] = result.as_dict()
        if differs is not None:
            found["differences"] = differs.as_dict()
        if every is not None:
            found["tiers"] = every.as_dict()
        click.echo(json.dumps(found, indent=2))
    else:
        from hopenow.cli.console import console

        _render(console(), result, differs, every)
    return 0 if result.ok else 1


def _show_readings(as_json: bool) -> None:
    from hopenow.valuation.hamp_npv import Readings

    shown = Readings().shown()
    if as_json:
        click.echo(
            json.dumps(
                [
                    {"name": item.name, "question": item.question, "choices": item.choices, "default": item.default}
                    | {"note": item.note, "verification": item.verification}
                    for item in shown
                ],
                indent=2,
            )
        )
        return
    for item in shown:
        click.echo(f"{item.name} = {' | '.join(item.choices)}")
        click.echo(f"    {item.question}. Usual: {item.default}. {item.note}".rstrip())


# --- in the terminal ------------------------------------------------------------------------------


def _render(screen: Console, result: Result, differs: Differences | None, tiers: Tiers | None) -> None:
    from hopenow.money import format_cents
    from hopenow.valuation.hamp_npv.prepare import TITLES

    def say(text: str = "", style: str | None = None) -> None:
        screen.print(text, style=style)

    say()
    say(f"Loan {result.loan_number}: HAMP Base NPV {result.version}, {TITLES[result.modification]}", "bold")
    if result.difference is not None:
        say(f"{result.outcome[0].upper()}{result.outcome[1:]}", "bold green" if result.positive else "bold yellow")
        say(f"with the modification     {format_cents(result.npv_modified or 0):>18}")
        say(f"without a modification    {format_cents(result.npv_unmodified or 0):>18}")
        say(f"difference                {format_cents(result.difference):>18}")
    else:
        say(f"The test cannot be run. {result.run_code}", "bold red")
        for item in result.errors:
            say(f"   {item}")
    for found in result.findings:
        say(f"   {found}", "yellow")
    say(f"Rests on: {result.supplement_label or 'no supplement'}. Least certain part: {result.verification}.", "dim")
    for note in (*result.notes, *result.supplement_notes):
        say(f"Note: {note}", "dim")
    if differs is not None:
        _head(screen, "Which input changes the result?")
        say(differs.summary, "bold")
        for change in (*differs.singles, *differs.pairs):
            say(f"   {'* ' if change.flips else '- '}{change.words}")
        for text in differs.notes:
            say(f"   {text}", "dim")
    if tiers is not None:
        _head(screen, "The program's other modifications")
        say(tiers.decision, "bold")
        for name, other in tiers.results.items():
            value = format_cents(other.difference) if other.difference is not None else other.run_code
            say(f"   {TITLES[name]}: {other.outcome.split(':')[0]} ({value})")
        for name, why in tiers.not_valued.items():
            say(f"   {TITLES[name]}: {why}", "dim")
    for part in result.parts:
        _head(screen, part.title)
        say(f"   {part.says} [{part.source}, {part.verification}]", "dim")
        for step in part.steps:
            say(f"   {step.title}: {step.value}")
            say(f"      {step.how}", "dim")
    chosen = [reading for reading in result.readings if reading.choice != reading.default]
    if chosen:
        _head(screen, "Readings chosen")
        for reading in chosen:
            say(f"   {reading.question}: {reading.choice} (usual: {reading.default})")


def _head(screen: Console, text: str) -> None:
    screen.print()
    screen.rule(text, align="left", style="dim")
