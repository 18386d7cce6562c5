"""``hopenow fairness``: who gets help, and who is left out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hopenow.cli.options import chosen, with_settings

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

    from hopenow.oversight.fairness import Fairness

SUFFIX = "-fairness"


@click.command("fairness")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--mapping",
    metavar="NAME|FILE",
    help="Which column is what: a mapping that ships with the package, or a file (see docs/fairness.md).",
)
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path), help="Folder for the results [default: FILE-fairness]."
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
    "--by", metavar="NAME", multiple=True, help="Compare these groups only (race, sex, income_band ...). Repeatable."
)
@click.option(
    "--compare-with",
    "references",
    metavar="NAME=GROUP",
    multiple=True,
    help="Group that the others are compared with. Repeatable.",
)
@click.option(
    "--adjust",
    metavar="FACT",
    multiple=True,
    help="Hold this alike in adjusted figures, instead of what the mapping says. Repeatable.",
)
@click.option("--outcome", metavar="FACT", help="Run a regression of this yes-or-no fact on the terms given.")
@click.option("--term", "terms", metavar="FACT", multiple=True, help="Term of that regression. Repeatable.")
@click.option(
    "--method",
    type=click.Choice(["logistic", "linear_probability"]),
    default="logistic",
    show_default=True,
    help="Kind of that regression.",
)
@click.option(
    "--facts",
    "facts_file",
    metavar="TAPE",
    type=click.Path(path_type=Path),
    help="Replay the denials with the facts of this loan file.",
)
@click.option(
    "--facts-mapping", metavar="FILE", type=click.Path(path_type=Path), help="Which column of that file is which fact."
)
@click.option("--denial-rows", is_flag=True, help="Write the replayed denials row by row too; not fit for publication.")
@click.option(
    "--minimum-cell", metavar="N", type=click.IntRange(min=1), help="Smallest count of people shown [default: 10]."
)
@with_settings
def command(
    file: Path,
    mapping: str | None,
    out: Path | None,
    formats: str,
    report: bool,
    by: tuple[str, ...],
    references: tuple[str, ...],
    adjust: tuple[str, ...],
    outcome: str | None,
    terms: tuple[str, ...],
    method: str,
    facts_file: Path | None,
    facts_mapping: Path | None,
    denial_rows: bool,
    minimum_cell: int | None,
    **choices: Any,
) -> int:
    """Examine FILE, a file of applications: how far each group of people got, and whether it was chance.

    FILE is CSV (also gzip or zip) or Parquet. Without a mapping, columns named as in docs/fairness.md are used. Every
    value and row that is not used is counted, with the reason. Small groups are protected.
    """
    from hopenow.cli.console import console
    from hopenow.errors import InputError
    from hopenow.oversight.fairness import Choices, examine, load_mapping, write
    from hopenow.oversight.fairness.mapping import ModelSpec

    if bool(outcome) != bool(terms):
        raise InputError("a regression needs both --outcome and at least one --term")
    models = (
        {"asked": ModelSpec.model_validate({"outcome": outcome, "method": method, "terms": list(terms)})}
        if outcome
        else {}
    )
    asked = Choices(
        by=by,
        controls=adjust or None,
        references=dict(_pair(item) for item in references),
        models=models,
        minimum=minimum_cell,
    )
    result = examine(
        file,
        load_mapping(mapping) if mapping is not None else None,
        asked,
        facts=_facts(facts_file, facts_mapping) if facts_file is not None else None,
        settings=chosen(**choices),
    )
    folder = out or Path(file.name.split(".")[0] + SUFFIX)
    kinds = tuple(item.strip() for item in formats.split(",") if item.strip())
    written = write(result, folder, kinds, report=report, rows=denial_rows)
    show(result, console())
    screen = console()
    screen.print()
    screen.print(
        f"  {len(written)} files in {folder}" + (f"; report: {written['report']}" if "report" in written else ""),
        soft_wrap=True,
    )
    return 0


def _pair(text: str) -> tuple[str, str]:
    from hopenow.errors import InputError

    name, sign, group = text.partition("=")
    if not sign or not name or not group:
        raise InputError(f"{text!r} is not written as NAME=GROUP, such as race=white")
    return name.strip(), group.strip()


def _facts(path: Path, mapping: Path | None) -> pl.DataFrame:
    import polars as pl

    from hopenow.errors import InputError
    from hopenow.portfolio.sources import find_sources

    parts = [batch.facts for source in find_sources([path], mapping) for batch in source.read("last", 65_536, "refuse")]
    filled = [part for part in parts if not part.is_empty()]
    if not filled:
        raise InputError(f"{path} gives no facts that can be used")
    return pl.concat(filled, how="diagonal_relaxed")


def show(result: Fairness, screen: Console) -> None:
    """Print what was found."""
    from hopenow.cli.console import number
    from hopenow.pages import joined

    applications = result.applications
    screen.print(
        f"Read {number(applications.read)} rows = kept {number(applications.frame.height)} + excluded "
        f"{number(applications.excluded)}",
        style="bold",
    )
    _show_findings(result, screen)
    if result.reached.absent:
        screen.print(f"Not in the file: {joined([stage.label for stage in result.reached.absent])}", soft_wrap=True)
    _show_people(result, screen)
    _show_way(result, screen)
    _show_groups(result, screen)
    _show_alarms(result, screen)
    _show_screens(result, screen)
    _show_means(result, screen)
    _show_models(result, screen)
    _show_replay(result, screen)
    _show_marks(result, screen)


def _show_marks(result: Fairness, screen: Console) -> None:
    from hopenow.oversight.fairness.vocabulary import measures

    law = measures()
    unsure = [name for name in law if law.source(name).verification == "unverified"]
    screen.print()
    screen.print(
        f"Counts under {result.minimum} are withheld. Thresholds: {len(law) - len(unsure)} rest on "
        "published sources (the four "
        f"fifths are marked {law.source('adverse_impact_below').verification}), {len(unsure)} are this "
        "project's own choices "
        "(unverified); the report and summary.json list all.",
        soft_wrap=True,
    )


def _table(title: str, *columns: str) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if place == 0 else "right", overflow="fold")
    return table


def _put(screen: Console, table: Any) -> None:
    if table.row_count:
        screen.print()
        screen.print(table)


def _count(value: int | None) -> str:
    return "withheld" if value is None else f"{value:,}"


def _show_findings(result: Fairness, screen: Console) -> None:
    import polars as pl

    table = _table("Values and rows not used (all in the findings file)", "column", "rows", "different values", "why")
    keys = ["column", "rule", "effect"]
    grouped = result.findings.group_by(keys, maintain_order=True).agg(
        pl.col("rows").sum(), pl.len().alias("values"), pl.col("message").first()
    )
    for row in grouped.iter_rows(named=True):
        table.add_row(row["column"] or "(unnamed)", _count(row["rows"]), str(row["values"]), row["message"])
    _put(screen, table)


def _show_people(result: Fairness, screen: Console) -> None:
    import polars as pl

    if result.reached.present:
        return
    table = _table("Who is in the file", "group", "people", "share")
    for dimension in result.dimensions:
        table.add_row(dimension.label, "", "", style="bold")
        for row in result.people.filter(pl.col("dimension") == dimension.id).head(12).iter_rows(named=True):
            table.add_row(f"  {row['group']}", _count(row["people"]), f"{100 * row['share']:.1f}%")
    _put(screen, table)


def _show_way(result: Fairness, screen: Console) -> None:
    import polars as pl

    from hopenow.oversight.fairness.page import spanned

    table = _table(
        "How far people got", "stage", "from the stage before", "cannot be told", "reached", "rate (interval)"
    )
    for row in result.funnel.steps.filter(pl.col("dimension") == "").iter_rows(named=True):
        table.add_row(
            row["stage"], _count(row["entered"]), _count(row["not_known"]), _count(row["reached"]), spanned(row, "rate")
        )
    _put(screen, table)


def _show_groups(result: Fairness, screen: Console) -> None:
    import polars as pl

    from hopenow.oversight.fairness.page import _key_stage, spanned

    key = _key_stage(result)
    if key is None:
        return
    columns = ("group", "entered", "reached", "rate (interval)", "ratio, raw", "ratio, adjusted", "")
    table = _table(f"Reaching {key!r}, by group", *columns)
    for dimension in result.dimensions:
        own = result.funnel.steps.filter((pl.col("dimension") == dimension.id) & (pl.col("stage") == key))
        table.add_row(f"{dimension.label} (against {dimension.reference})", "", "", "", "", "", "", style="bold")
        for row in own.head(12).iter_rows(named=True):
            table.add_row(
                f"  {row['group']}", _count(row["entered"]), _count(row["reached"]), spanned(row, "rate"),
                spanned(row, "ratio", ""), spanned(row, "adjusted_ratio", ""), row["flag"],
                style="bold red" if row["flag"] == "adverse impact" else "",
            )  # fmt: skip
    _put(screen, table)


def _show_alarms(result: Fairness, screen: Console) -> None:
    import polars as pl

    if result.alarms.is_empty():
        screen.print()
        screen.print("Skew alarm: not tested; the file has no order of risk, or no two stages.")
        return
    rung = result.alarms.filter(pl.col("alarm"))
    screen.print()
    if rung.is_empty():
        screen.print(f"Skew alarm: silent ({result.alarms.height} trends tested)", style="bold green")
    for row in rung.iter_rows(named=True):
        screen.print(
            f"SKEW ALARM  {row['dimension']}: {row['from_stage']} to {row['stage']}: the riskiest third gets there at "
            f"{row['ratio']:.2f} of the rate of the least risky third (z {row['z']:.1f})",
            style="bold red",
        )


def _show_screens(result: Fairness, screen: Console) -> None:
    import polars as pl

    from hopenow.oversight.fairness.page import spanned

    table = _table("Whom each rule left out", "reason", "left out", "share of those decided (interval)")
    for row in result.screens.screened.filter(pl.col("dimension") == "").iter_rows(named=True):
        table.add_row(row["reason"], _count(row["screened_out"]), spanned(row, "rate"))
    _put(screen, table)


def _show_means(result: Fairness, screen: Console) -> None:
    import polars as pl

    from hopenow.oversight.fairness.page import spanned

    if result.means.is_empty():
        return
    measure = result.means["measure"][0]
    columns = ("group", "known for", "mean (interval)", "difference", "difference, adjusted")
    table = _table(f"{result.applications.mapping.label(measure)} (all measures are in the means file)", *columns)
    for dimension in result.dimensions:
        own = result.means.filter((pl.col("dimension") == dimension.id) & (pl.col("measure") == measure))
        table.add_row(f"{dimension.label} (against {dimension.reference})", "", "", "", "", style="bold")
        for row in own.head(12).iter_rows(named=True):
            table.add_row(
                f"  {row['group']}", _count(row["people"]), spanned(row, "mean", ""), spanned(row, "difference", ""),
                spanned(row, "adjusted_difference", ""),
            )  # fmt: skip
    _put(screen, table)


def _show_models(result: Fairness, screen: Console) -> None:
    for name, model in result.models.items():
        left = sum(model.left_out.values())
        title = f"{name}: {model.method} of {model.outcome}, {model.used:,} rows, {left:,} left out"
        if model.refused:
            screen.print(f"\n{title}: {model.refused}", style="yellow")
            continue
        table = _table(title, "term", "coefficient", "HC1 error", "textbook error", "chance")
        for line in model.coefficients:
            term = line.term + (f" = {line.level}" if line.level else "")
            table.add_row(term, f"{line.value:.3f}", f"{line.robust:.3f}", f"{line.classic:.3f}", f"{line.p:.4f}")
        _put(screen, table)
        for term, why in model.dropped.items():
            screen.print(f"  left out: {term}: {why}")


def _show_replay(result: Fairness, screen: Console) -> None:
    import polars as pl

    from hopenow.oversight.fairness.page import spanned
    from hopenow.oversight.fairness.replay import COUNTED

    if result.replay is None:
        return
    table = _table("Denials replayed", "verdict", "denials", "share (interval)")
    for row in result.replay.counts.filter(pl.col("dimension") == "").iter_rows(named=True):
        table.add_row(COUNTED[row["verdict"]], _count(row["count"]), spanned(row, "rate"))
    _put(screen, table)
