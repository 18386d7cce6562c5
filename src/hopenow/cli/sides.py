"""``hopenow npv sides``: what each option is worth to investor, homeowner and servicer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hopenow.cli.options import AT_HELP, chosen, with_settings

if TYPE_CHECKING:
    from hopenow.review import Settings
    from hopenow.valuation.sides import Interests, Sides, Swing

_WORD = {"yes": True, "no": False, "unknown": None}
BATCH = 65_536


@click.command("sides")
@click.argument("tape", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--loan", metavar="ID", help="One loan of a tape.")
@click.option("--at", metavar="MONTH", default="last", show_default=True, help=AT_HELP)
@click.option("--mapping", metavar="FILE", type=click.Path(path_type=Path), help="Which column is which fact.")
@with_settings
@click.option(
    "--junior-lien",
    type=click.Choice(list(_WORD)),
    default="unknown",
    show_default=True,
    help="Whether the servicer owns a junior lien on these homes.",
)
@click.option(
    "--affiliates",
    type=click.Choice(list(_WORD)),
    default="unknown",
    show_default=True,
    help="Whether it sends work to affiliated companies.",
)
@click.option(
    "--mortgage-rate", metavar="PERCENT", help="30-year rate, for days that the weekly series does not cover."
)
@click.option("--html", metavar="FILE", type=click.Path(path_type=Path), help="One loan: write a page.")
@click.option("--json", "as_json", is_flag=True, help="One loan: everything as JSON.")
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Many loans: Parquet file with a row for each loan and option [default: TAPE-sides.parquet].",
)
def command(
    tape: tuple[Path, ...],
    loan: str | None,
    at: str,
    mapping: Path | None,
    junior_lien: str,
    affiliates: str,
    mortgage_rate: str | None,
    html: Path | None,
    as_json: bool,
    out: Path | None,
    **choices: Any,
) -> int:
    """Value every option of a review from three sides, and say where they disagree.

    \b
    hopenow npv sides loan.json         one loan (JSON or YAML), with the sensitivity of each assumption
    hopenow npv sides TAPE --loan ID    one loan of a tape
    hopenow npv sides TAPE              every loan; a conflict register beside the results

    The modern model's figures are ranges and rest on assumptions that are listed with every result.
    """  # noqa: D301  (\\b keeps click from wrapping the lines)
    from hopenow.money import ppm
    from hopenow.portfolio.onefile import SUFFIXES
    from hopenow.valuation.sides import Interests

    settings = chosen(**choices)
    interests = Interests(_WORD[junior_lien], _WORD[affiliates])
    rate = None if mortgage_rate is None else ppm(mortgage_rate)
    alone = len(tape) == 1 and tape[0].suffix.lower() in SUFFIXES
    if alone or loan is not None:
        if out is not None:
            raise click.UsageError("--out is for many loans; use --html or --json")
        return _one(tape, loan, at, mapping, settings, interests, rate, html, as_json)
    if html is not None or as_json:
        raise click.UsageError("--html and --json are for one loan; name it with --loan")
    return _many(tape, at, mapping, settings, interests, rate, out)


def _one(
    tape: tuple[Path, ...],
    loan_id: str | None,
    at: str,
    mapping: Path | None,
    settings: Settings,
    interests: Interests,
    rate: int | None,
    html: Path | None,
    as_json: bool,
) -> int:
    from hopenow.cli.explain import _loan
    from hopenow.review.engine import determine
    from hopenow.valuation.sides import sensitivity, sides
    from hopenow.valuation.sides_page import as_dict, page

    loan = _loan(tape if loan_id is None else (*tape, Path(loan_id)), at, mapping)
    if loan is None:
        return 1
    from hopenow.facts import schema

    facts = schema().complete(loan.facts, ())[-1:]
    parts = determine(facts, settings)
    where = {"directory": settings.reference_dir, "mortgage_rate": rate}
    found = sides(facts, parts, interests, **where)  # type: ignore[arg-type]
    if found.options.is_empty():
        click.echo(f"hopenow: the loan cannot be valued; not known: {found.not_usable['missing'].item()}", err=True)
        return 1
    swings = sensitivity(facts, parts, **where)  # type: ignore[arg-type]
    if html is not None:
        from hopenow.portfolio.outputs import Outputs

        with Outputs(html.parent) as outputs:
            outputs.write_text(html.name, page(found, swings))
        click.echo(str(html))
    elif as_json:
        click.echo(json.dumps(as_dict(found, swings), indent=2))
    else:
        _render(found, swings)
    return 0


def _render(found: Sides, swings: list[Swing]) -> None:
    from hopenow.cli.console import console
    from hopenow.valuation.modern import HORIZONS
    from hopenow.valuation.sides_page import RESTS_ON, _range, _round, _share, conflict_words, title_of

    screen = console()
    rows = list(found.options.iter_rows(named=True))
    entry = found.register.row(0, named=True)
    screen.print(f"\nLoan {rows[0]['loan_id']}: what each way forward is worth, and to whom", style="bold")
    for line in conflict_words(entry):
        screen.print(line, soft_wrap=True)
    for row in rows:
        screen.print()
        screen.rule(title_of(row["option"]), align="left", style="dim")
        screen.print(f"   investor       {_range(row, 'investor')}; over no help {_range(row, 'gain')}", soft_wrap=True)
        screen.print(f"   servicer       {_range(row, 'servicer')}", soft_wrap=True)
        home = ", ".join(f"{month} months {_share(row, f'home_{month}')}" for month in HORIZONS)
        screen.print(f"   still home     {home}", soft_wrap=True)
        if row["payment_after"] is not None:
            screen.print(
                f"   homeowner      pays {_round(row['payment_after'])} a month ({_round(row['payment_change'])}), "
                f"{_round(row['total_cost'])} in all; equity at 60 months {_range(row, 'equity_60')}",
                soft_wrap=True,
            )
    if swings:
        screen.print()
        screen.rule("What it depends on most", align="left", style="dim")
        for option in dict.fromkeys(item.option for item in swings):
            first = [item for item in swings if item.option == option][:3]
            said = "; ".join(f"{item.assumption} {_round(item.low)} to {_round(item.high)}" for item in first)
            screen.print(f"   {title_of(option)}: {said}", soft_wrap=True)
    for row in found.not_valued.iter_rows(named=True):
        screen.print(f"Not valued: {title_of(row['program'] + '.' + row['option'])}: {row['why']}.", style="dim")
    screen.print(f"\n{RESTS_ON}", style="yellow", soft_wrap=True)


def _many(
    tape: tuple[Path, ...],
    at: str,
    mapping: Path | None,
    settings: Settings,
    interests: Interests,
    rate: int | None,
    out: Path | None,
) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from hopenow.facts import schema
    from hopenow.portfolio.choices import parse_at
    from hopenow.portfolio.outputs import Outputs
    from hopenow.portfolio.sources import find_sources
    from hopenow.review.engine import determine
    from hopenow.valuation.sides import sides
    from hopenow.valuation.sides_page import RESTS_ON, UNVERIFIED, in_published_units

    target = out or tape[0].with_name(f"{tape[0].name.split('.')[0]}-sides.parquet")
    if target.suffix.lower() != ".parquet":
        raise click.UsageError(f"--out {target.name}: expected .parquet")
    names = {"options": target.name, "register": f"{target.stem}-conflicts.parquet"}
    names |= {"not_usable": f"{target.stem}-not-valued.parquet"}
    count = {"read": 0, "skipped": 0, "loans": 0, "conflicts": 0, "not_usable": 0}
    writers: dict[str, pq.ParquetWriter] = {}
    with Outputs(target.parent) as outputs:
        for source in find_sources(tape, mapping):
            for batch in source.read(parse_at(at), BATCH, "ignore"):
                count["read"] += batch.read
                count["skipped"] += batch.skipped
                if batch.facts.is_empty():
                    continue
                facts = schema().complete(batch.facts, ())
                found = sides(
                    facts,
                    determine(facts, settings),
                    interests,
                    directory=settings.reference_dir,
                    mortgage_rate=rate,
                    threads=2,
                )
                count["loans"] += found.register.height
                count["conflicts"] += int(found.register["servicer_conflict"].sum() or 0)
                count["not_usable"] += found.not_usable.height
                for name, file in names.items():
                    table: pa.Table = in_published_units(getattr(found, name)).to_arrow()
                    if name not in writers:
                        marks = {**(table.schema.metadata or {}), b"verification": UNVERIFIED.encode()}
                        marks[b"rests_on"] = RESTS_ON.encode()
                        writers[name] = pq.ParquetWriter(outputs.begin(file), table.schema.with_metadata(marks))
                        outputs.open.append(writers[name])
                    writers[name].write_table(table.cast(writers[name].schema))
    click.echo(
        f"{count['loans']:,} loans valued; in {count['conflicts']:,} the best option for the investor is not the best "
        f"for the servicer. {count['not_usable']:,} could not be valued, {count['skipped']:,} rows were skipped."
    )
    click.echo(RESTS_ON)
    for file in names.values() if writers else ():
        click.echo(str(target.with_name(file)))
    return 0
