"""Review a real loan-performance tape at every month's end and compare it with what happened.

Usage: ``python -m validation.real_tape TAPE [--cases] [--write]``, with ``src`` on the module path.

``--cases`` also prints each workout by itself; that is for the holder of the tape, whose terms do not allow
rows to be published. ``--write`` puts the figures that may be published into ``real_tape.md``, where the
differences are explained.
"""

from __future__ import annotations

import argparse
import datetime
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from hopenow.facts.findings import add_counts
from hopenow.money import format_cents, format_ppm
from hopenow.review import Settings, assembled
from hopenow.review.engine import STATUSES, determine
from hopenow.review.reasons import NOT_IN_FORCE, lacking
from hopenow.tapes import fannie_mae
from validation import amortization, workouts
from validation.workouts import COVID, PROGRAM, Conversion, Deferral, Modification

PAGE: Final = Path(__file__).with_name("real_tape.md")
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
NAMED_LOAN: Final = "100666946068"
NAMED_TRIAL: Final = datetime.date(2021, 8, 13)
"""The one Flex Modification, and the first day of the posted rate that it has."""
FACTS_SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that was measured on a tape.

    ``options``: [option, late, status, loan_months]; ``late`` is whether two or more installments were unpaid.
    ``missing``: option to fact to loan-months whose open answer lacks the fact.
    """

    read: int
    skipped: int
    loans: int
    first: datetime.date
    last: datetime.date
    findings: pl.DataFrame
    reviewed: int
    seconds_reading: float
    seconds_reviewing: float
    options: pl.DataFrame
    options_assumed: pl.DataFrame
    missing: dict[str, dict[str, int]]
    deferrals: list[Deferral]
    modifications: list[Modification]
    conversion: Conversion | None
    followed: dict[str, int]
    forbearance: dict[str, int]
    causes: dict[str, int]


def measure(tape: Path) -> Measured:
    """Read, review and compare a tape of Fannie Mae's layout.

    Raises:
        InputError: the file is not one.
    """
    started = time.perf_counter()
    batches = list(fannie_mae.read(tape, at="each", detail=True))
    frame = pl.concat([batch.facts for batch in batches])
    read_at = time.perf_counter()
    settings = Settings(programs=(PROGRAM,))
    facts = workouts.facts_only(frame)
    parts = determine(facts, settings)
    result = assembled(facts, parts, settings)
    reviewed_at = time.perf_counter()
    missing: dict[str, dict[str, int]] = {}
    for part in parts:
        for option, counts in lacking(part).per_option.items():
            total = missing.setdefault(option, {})
            for fact, count in counts.items():
                total[fact] = total.get(fact, 0) + count
    possible = result[f"{COVID}__status"].cast(pl.String).is_in(["eligible", "conditional"])
    has_named = frame["loan_id"].is_in([NAMED_LOAN]).any()
    dates: list[datetime.date] = frame["evaluation_date"].unique().sort().to_list()
    return Measured(
        read=sum(batch.read for batch in batches),
        skipped=sum(batch.skipped for batch in batches),
        loans=frame["loan_id"].n_unique(),
        first=dates[0],
        last=dates[-1],
        findings=add_counts(batch.counts for batch in batches),
        reviewed=result.height,
        seconds_reading=read_at - started,
        seconds_reviewing=reviewed_at - read_at,
        options=_options(result, facts["months_delinquent"]),
        options_assumed=_options(workouts.reviewed(frame), facts["months_delinquent"]),
        missing=missing,
        deferrals=workouts.deferrals(frame),
        modifications=workouts.modifications(frame),
        conversion=workouts.conversion(frame, NAMED_LOAN, NAMED_TRIAL) if has_named else None,
        followed=workouts.followed(frame, frame.select("loan_id", "evaluation_date").filter(possible)),
        forbearance=workouts.forbearance(frame, result),
        causes=dict(amortization.causes(frame)),
    )


def _options(result: pl.DataFrame, unpaid: pl.Series) -> pl.DataFrame:
    frames = []
    for name in [column for column in result.columns if column.endswith("__status")]:
        option = name.removesuffix("__status")
        failed = pl.col(f"{option}__failed").cast(pl.String)
        outside = [NOT_IN_FORCE["not_yet"], NOT_IN_FORCE["ended"]]
        state = pl.when(failed.is_in(outside)).then(pl.lit("not in force"))
        frames.append(
            result.with_columns(unpaid.alias("unpaid"))
            .select(
                pl.lit(option).alias("option"),
                (pl.col("unpaid") >= 2).fill_null(False).alias("late"),
                state.otherwise(pl.col(name).cast(pl.String)).alias("status"),
            )
            .group_by("option", "late", "status", maintain_order=True)
            .agg(pl.len().cast(pl.Int64).alias("loan_months"))
        )
    return pl.concat(frames)


# -- words -----------------------------------------------------------------------------------------


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|---" + "|--:" * (len(head) - 1) + "|"
    for row in rows:
        cells = [f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row]
        yield "| " + " | ".join(cells) + " |"
    yield ""


def figures(found: Measured) -> str:
    """Return the figures that may be published, as Markdown; the same for the same tape and rules."""
    return "\n".join(
        [
            *_reading(found),
            *_reviewing(found),
            *_deferrals(found),
            *_forbearance(found),
            *_modifications(found),
            *_balances(found),
        ]
    )


def _reading(found: Measured) -> Iterator[str]:
    yield "### Rows"
    yield ""
    yield (
        f"{found.read:,} loan-months read = {found.reviewed:,} reviewed + {found.skipped:,} skipped; "
        f"{found.loans:,} loans, {found.first:%Y-%m} to {found.last:%Y-%m}."
    )
    yield ""
    rows = found.findings.sort("rule", "field").iter_rows(named=True)
    yield from _table(
        ("finding", "field", "severity", "count"),
        ((row["rule"], row["field"], row["severity"], row["count"]) for row in rows),
    )


def _reviewing(found: Measured) -> Iterator[str]:
    statuses = (*STATUSES[:3], "not in force", STATUSES[3])
    shown = (*statuses[:4], "not determined")
    for title, rows in (
        ("all loan-months", found.options),
        ("two or more installments unpaid", found.options.filter("late")),
        ("two or more installments unpaid, under the assumptions", found.options_assumed.filter("late")),
    ):
        yield f"### Options, {title}"
        yield ""
        counts: dict[str, dict[str, int]] = {
            option: {} for option in found.options["option"].unique(maintain_order=True)
        }
        for option, status, count in rows.select("option", "status", "loan_months").iter_rows():
            counts[option][status] = counts[option].get(status, 0) + count
        yield from _table(
            ("option", *shown),
            ([option, *(own.get(status, 0) for status in statuses)] for option, own in counts.items()),
        )
    yield "### Facts that the file does not have, by option"
    yield ""
    rows_of = []
    for option, facts in found.missing.items():
        most = sorted(facts.items(), key=lambda item: (-item[1], item[0]))[:FACTS_SHOWN]
        rows_of.append((option, len(facts), ", ".join(f"`{fact}`" for fact, _ in most)))
    yield from _table(("option", "facts lacking", "most often"), rows_of)


def _deferrals(found: Measured) -> Iterator[str]:
    events = found.deferrals
    yield "### Payment deferrals that happened"
    yield ""
    limits = workouts.limits()
    rows: list[tuple[str, int]] = [
        ("deferrals", len(events)),
        (
            "eligible for the COVID-19 payment deferral at the month's end before",
            _count(e.status_before == "eligible" for e in events),
        ),
        (
            "eligible in the month itself, one more installment being due",
            _count(e.status == "eligible" for e in events),
        ),
        (
            "installments of the review = months that the due date moved",
            _count(e.due_as_reported for e in events),
        ),
    ]
    rows += [
        (
            f"more installments than the limit of {limit} ({name}) allows",
            _count(e.unpaid > limit for e in events),
        )
        for name, limit in limits.items()
    ]
    rows += [
        ("amount deferred = installments, to the cent", _count(e.rest == 0 for e in events)),
        ("amount deferred is more: advances", _count(e.rest > 0 for e in events)),
        ("amount deferred is less: the borrower paid a part", _count(e.rest < 0 for e in events)),
        (
            "principal as the review has it, to the cent",
            _count(e.principal == e.reported_principal for e in events),
        ),
        ("principal within one cent", _count(abs(e.principal - e.reported_principal) == 1 for e in events)),
        (
            "more principal than that of the installments",
            _count(e.reported_principal - e.principal > 1 for e in events),
        ),
        (
            "less principal than that of the installments",
            _count(e.principal - e.reported_principal > 1 for e in events),
        ),
    ]
    yield from _table(("under the assumptions", "loans"), rows)
    yield "What became of the loans for which a COVID-19 deferral was possible at some month's end:"
    yield ""
    yield from _table(("outcome in the file", "loans"), found.followed.items())


def _forbearance(found: Measured) -> Iterator[str]:
    yield "### Forbearance plans that ran"
    yield ""
    yield from _table(("", "count"), found.forbearance.items())


def _count(values: Iterable[bool]) -> int:
    return sum(values)


def _modifications(found: Measured) -> Iterator[str]:
    yield "### Modifications that happened"
    yield ""
    events = found.modifications
    flex = [event for event in events if event.rate_changed]
    other = [event for event in events if not event.rate_changed]
    refused = [
        event
        for event in flex
        if event.flex_before in {"eligible", "conditional"} and event.deferral_before.startswith("ineligible")
    ]
    one_set_aside = [event for event in other if event.deferred_balance == event.installment_before]
    longer = [event for event in other if event.months_added == event.unpaid_before + 1]
    open_point = [event for event in other if "FM-2" in event.unknown_before]
    yield from _table(
        ("", "loans"),
        (
            ("modifications", len(events)),
            ("with the terms of a Flex Modification", len(flex)),
            ("of these, possible the month before, and a COVID-19 deferral refused", len(refused)),
            ("rate, maturity and installment kept, one installment set aside without interest", len(one_set_aside)),
            ("rate kept, maturity later by the installments unpaid", len(longer)),
            ("of the last two, possible only in imminent default the month before", len(open_point)),
        ),
    )
    if found.conversion is None:
        return
    yield f"Loan {NAMED_LOAN}, modified in 2022-01:"
    yield ""
    worked = found.conversion
    columns = (worked.at_month_end, worked.at_trial, worked.at_conversion)
    yield from _table(
        ("", "month's end before", f"trial, {NAMED_TRIAL}", "conversion, rate of the trial"),
        [
            ("rate", *(format_ppm(column["rate"]) for column in columns)),
            ("term", *(column["term"] for column in columns)),
            ("balance after capitalization", *(format_cents(column["gross_balance"]) for column in columns)),
            (
                "principal and interest",
                *(format_cents(column["principal_and_interest"]) for column in columns),
            ),
            ("trial begins", *(column["trial_start"] for column in columns)),
        ],
    )
    yield (
        f"Balance before the first modified payment, from the file: {format_cents(worked.balance)} = the balance of "
        f"the month before + {format_cents(worked.capitalized_interest)} interest + {format_cents(worked.advances)} "
        f"that the file does not itemize. Without the COVID-19 reading of the rate step the payment would be "
        f"{format_cents(worked.without_covid_reading)}."
    )
    yield ""


def _balances(found: Measured) -> Iterator[str]:
    total = sum(found.causes.values())
    strict = amortization.share(found.causes, (amortization.MATCHED,))
    explained = amortization.share(found.causes, amortization.EXPLAINED)
    yield "### Balances of current loans"
    yield ""
    yield (
        f"{total:,} months, current at both ends: {strict:.1%} within one dollar of the schedule; "
        f"{explained:.1%} explained exactly by one simple cause."
    )
    yield ""
    yield from _table(
        ("cause", "months", "share"),
        ((cause, count, f"{count / total:.1%}") for cause, count in found.causes.items()),
    )


def cases(found: Measured) -> str:
    """Return each workout by itself, for the holder of the tape only."""
    lines = ["", "Cases (rows of the tape: not for publication)", ""]
    for event in found.deferrals:
        lines.append(
            f"{event.loan_id} {event.month:%Y-%m} deferral, {event.rule_set}: review {event.deferred_by_review} "
            f"installments = {format_cents(event.installments)}, file {format_cents(event.reported_amount)} "
            f"({format_cents(event.rest)} apart); principal {format_cents(event.principal)}, file "
            f"{format_cents(event.reported_principal)}"
        )
    for change in found.modifications:
        lines.append(
            f"{change.loan_id} {change.month:%Y-%m} modification, {change.unpaid_before} unpaid before: Flex "
            f"{change.flex_before} (open: {change.unknown_before or 'nothing'}), COVID-19 deferral "
            f"{change.deferral_before}; maturity {change.months_added:+d} months, set aside "
            f"{format_cents(change.deferred_balance)}, principal {format_cents(change.principal)} against "
            f"{format_cents(change.scheduled_principal)} scheduled"
        )
    return "\n".join(lines)


def with_figures(page: str, text: str) -> str:
    """Return the page with new figures between its marks."""
    head, rest = page.split(BEGIN)
    _, tail = rest.split(END)
    return f"{head}{BEGIN}\n\n{text}\n{END}{tail}"


def published(page: str) -> str:
    """Return the figures that stand between the page's marks."""
    return page.split(BEGIN)[1].split(END)[0].strip("\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m validation.real_tape", description=__doc__.splitlines()[0])
    parser.add_argument("tape", type=Path)
    parser.add_argument("--cases", action="store_true", help="print each workout; not for publication")
    parser.add_argument("--write", action="store_true", help="put the figures into real_tape.md")
    chosen = parser.parse_args(arguments)
    found = measure(chosen.tape)
    text = figures(found)
    sys.stdout.write(text + "\n")
    speed = found.read / (found.seconds_reading + found.seconds_reviewing)
    sys.stdout.write(
        f"Read in {found.seconds_reading:.2f} s, reviewed in {found.seconds_reviewing:.2f} s "
        f"({speed:,.0f} loan-months a second).\n"
    )
    if chosen.cases:
        sys.stdout.write(cases(found) + "\n")
    if chosen.write:
        PAGE.write_text(with_figures(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
