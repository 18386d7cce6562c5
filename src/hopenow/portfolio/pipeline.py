"""Reviews a whole tape: one thread reads ahead, some review, one writes; memory stays bounded."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import dataclasses
import datetime
import gc
import json
import os
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

import hopenow
from hopenow.errors import InputError
from hopenow.facts import NEVER, schema
from hopenow.facts.findings import add_counts, join_findings
from hopenow.facts.ingest import Extra
from hopenow.money import dollars, percent
from hopenow.portfolio.columns import gathered, result_schema
from hopenow.portfolio.legend import rule_legend, rule_set_legend
from hopenow.portfolio.outputs import CsvSink, Outputs, ParquetSink
from hopenow.portfolio.sheet import Sheet
from hopenow.portfolio.sources import At, FileMeasure, Source, find_sources, measure
from hopenow.portfolio.summary import NOT_ITEMIZED, Assumed, ReadingUsed, Reference, SourceFile, Summary
from hopenow.portfolio.tally import Tally
from hopenow.programs.base import Program
from hopenow.programs.registry import EVERYONE
from hopenow.reference import TableInfo, describe
from hopenow.review import Settings
from hopenow.review.engine import ROW, Part, determine
from hopenow.review.reasons import Worded, lacking, worded
from hopenow.tapes.batch import Batch

FORMATS = ("parquet", "csv")
RESULTS, ANYONE = "results", "open_to_anyone"
"""Names of the result files: each loan's own programs, and (with every program asked for) those open to anyone."""
BATCH_ROWS = 65_536
MIXED_ROWS = 2 * BATCH_ROWS
_SINKS = {"parquet": ParquetSink, "csv": CsvSink}
_WARM: set[tuple[str, ...]] = set()
"""Programs under which this process has reviewed before."""


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a review is.

    Attributes:
        reviewed: rows reviewed.
        skipped: rows skipped.
        share: part of the tape that was read, 0 to 1; None while its length is not known.
        seconds: since the start.
    """

    reviewed: int
    skipped: int
    share: float | None
    seconds: float

    @property
    def rate(self) -> float:
        """Rows a second."""
        return (self.reviewed + self.skipped) / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds still to go at the present pace; None while that is not known."""
        return self.seconds * (1 - self.share) / self.share if self.share else None


@dataclasses.dataclass
class Samples:
    """Keeps the facts of some loans for pages of their own: of each first possible option, the first ones."""

    wanted: int
    kept: dict[str, pl.DataFrame] = dataclasses.field(default_factory=dict)

    def add(self, facts: pl.DataFrame, worded: Sequence[Worded]) -> None:
        """Look at a piece: its facts and what is said of them."""
        if not self.wanted or not worded:
            return
        results = pl.concat(
            pl.DataFrame([item.part.frame[ROW], item.words("first_possible").codes(item.part.frame.height)])
            .select(ROW, pl.col("first_possible").replace_strict(dict(enumerate(item.words("first_possible").words))))
            for item in worded
        )
        # Of a loan with several results the first counts.
        first = results.sort(ROW, maintain_order=True).unique(ROW, keep="first", maintain_order=True)
        first = first.group_by("first_possible", maintain_order=True).head(self.wanted)
        for rows in first.partition_by("first_possible"):
            self.kept[rows["first_possible"][0]] = facts[rows[ROW]]

    def merge(self, other: Samples) -> None:
        """Add those of a later piece."""
        for option, facts in other.kept.items():
            mine = self.kept.get(option)
            if mine is None:
                self.kept[option] = facts
            elif mine.height < self.wanted:
                self.kept[option] = pl.concat([mine, facts], how="diagonal").head(self.wanted)

    def chosen(self) -> pl.DataFrame:
        """Return the facts of the wanted number of loans, as many different first options as possible."""
        turns = [facts[place : place + 1] for place in range(self.wanted) for _, facts in sorted(self.kept.items())]
        rows = [row for row in turns if not row.is_empty()][: self.wanted]
        return pl.concat(rows, how="diagonal") if rows else pl.DataFrame()


@dataclasses.dataclass
class _Table:
    """A result file: its name, the programs whose results go into it, its columns, and what was counted of them."""

    name: str
    programs: list[Program]
    assumed: tuple[str, ...]
    sinks: list[Any] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self.schema = result_schema(self.programs)
        self.names = frozenset(program.id for program in self.programs)
        self.tally = self.new_tally()

    def new_tally(self) -> Tally:
        return Tally(self.programs, self.assumed)


@dataclasses.dataclass
class _Part:
    encoded: list[Any]
    tally: Tally
    said: list[Worded]


@dataclasses.dataclass
class _Piece:
    parts: list[_Part]
    samples: Samples
    seconds: float


def review_tape(
    tape: str | Path | Sequence[str | Path],
    out: str | Path,
    settings: Settings | None = None,
    *,
    formats: Sequence[str] = ("parquet",),
    mapping: str | Path | None = None,
    at: At = "last",
    extra: Extra = "refuse",
    batch_rows: int | None = None,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    report: bool = False,
    loan_pages: int = 0,
) -> Summary:
    """Review every loan of a tape and write the results.

    Into the folder ``out`` go ``results.parquet`` and/or ``results.csv`` (a row for each loan, date and
    program, in the order of the tape), ``findings.csv`` (what is wrong with rows of the tape) and
    ``summary.json``. They
    appear all at the end, or (on an error or Ctrl-C) not at all. The results do not depend on ``batch_rows``
    or ``threads``.

    Args:
        tape: one or more files, see `hopenow.portfolio.sources.find_sources`.
        out: folder, made if needed.
        settings: assumptions, early adoptions, programs, reference files. Where no program is named and the
            tape's layout tells whose loans they are, only that program is looked at.
        formats: ``parquet``, ``csv``, or both.
        mapping: mapping file for tables.
        at: for histories: each loan's ``last`` month, ``each`` month, or a date for the end of that month.
        extra: columns of a table without mapping that are not facts: ``refuse`` or ``ignore``.
        batch_rows: rows reviewed at once; by default `BATCH_ROWS`, with every program `MIXED_ROWS` (each program has
            its share of them, and costs something however small the share).
        threads: pieces reviewed side by side; by default as many as there are processors, at most four.
        progress: called after every piece, on the calling thread.
        report: write ``report.html`` as well.
        loan_pages: how many loans get a page of their own beside the report.

    Returns:
        The counts.

    Raises:
        InputError: the tape cannot be read at all, or settings name unknown things.
        LawError: a law file has defects.
        ReferenceDataError: a reference file has defects.
    """
    started = time.perf_counter()
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown or not formats:
        raise InputError(f"unknown format {', '.join(unknown) or '(none)'}; known: {', '.join(FORMATS)}")
    if batch_rows is not None and batch_rows < 1:
        raise InputError("the number of rows in a batch must be at least 1")
    sources = find_sources([tape] if isinstance(tape, str | Path) else tape, mapping)
    settings = narrowed(settings or Settings(), sources)
    run = _Run(sources, settings, at, started, loan_pages if report else 0)
    with Outputs(Path(out)) as outputs:
        run.open(outputs, formats)
        with _frozen_garbage():
            run.work(batch_rows or run.batch_rows, threads or min(_processors(), 4), extra, progress)
        run.finish(outputs, formats)
    if report:
        run.report(Path(out), loan_pages)
    return run.summary


def narrowed(settings: Settings, sources: Sequence[Source]) -> Settings:
    """Look only at the programs that the tape's layouts allow, unless the settings name some."""
    owners = {source.program for source in sources}
    if settings.programs or None in owners or settings.extra_programs:
        return settings
    return dataclasses.replace(settings, programs=tuple(sorted(str(name) for name in owners)))


@contextlib.contextmanager
def _frozen_garbage() -> Iterator[None]:
    """Keep the collector from walking again and again over all that is there already: a twentieth of the time."""
    ours = gc.get_freeze_count() == 0
    if ours:
        gc.freeze()
    try:
        yield
    finally:
        if ours:
            gc.unfreeze()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Run:
    """One review of one tape."""

    def __init__(self, sources: list[Source], settings: Settings, at: At, started: float, samples: int) -> None:
        self.samples = Samples(samples)
        self.programs: list[Program] = settings.chosen()
        # What is open to anyone does not depend on whose the loan is: a file of its own, one answer for each loan.
        anyone = [program for program in self.programs if settings.everything and program.id in EVERYONE]
        assumed = tuple(settings.assume)
        self.own = _Table(RESULTS, [program for program in self.programs if program not in anyone], assumed)
        self.tables = [self.own, _Table(ANYONE, anyone, assumed)] if anyone else [self.own]
        self.batch_rows = MIXED_ROWS if settings.everything else BATCH_ROWS
        # The columns of the result stand before the first loan is read, and so do the programs.
        settings = dataclasses.replace(settings, programs=tuple(program.id for program in self.programs))
        self.sources, self.settings, self.at, self.started = sources, settings, at, started
        self.summary = Summary(hopenow=hopenow.__version__, at=at if isinstance(at, str) else f"{at:%Y-%m}")
        self.findings: list[pl.DataFrame] = []
        self.counts: list[pl.DataFrame] = []
        self.measures: list[FileMeasure] = []
        self.position = 0
        self.seconds = dict.fromkeys(("read", "review", "write"), 0.0)

    @property
    def tally(self) -> Tally:
        return self.own.tally

    def open(self, outputs: Outputs, formats: Sequence[str]) -> None:
        for table in self.tables:
            for name in formats:
                sink = _SINKS[name](outputs.begin(f"{table.name}.{name}"), table.schema)
                outputs.open.append(sink)
                table.sinks.append(sink)

    # --- reading, reviewing, writing --------------------------------------------------------------

    def work(
        self,
        batch_rows: int,
        threads: int,
        extra: Extra,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        measuring = threading.Thread(target=self._measure, daemon=True)
        measuring.start()
        waiting: collections.deque[concurrent.futures.Future[_Piece]] = collections.deque()
        pool = concurrent.futures.ThreadPoolExecutor(threads, thread_name_prefix="review")
        batches = self._batches(batch_rows, extra)
        try:
            for source, batch in batches:
                self._account(source, batch)
                if batch.facts.height:
                    if threads > 1 and self.settings.programs not in _WARM:
                        # Loads kernels and plans, on one thread, so that the others find them ready.
                        self._review(batch.facts.head(1))
                        _WARM.add(self.settings.programs)
                    waiting.append(pool.submit(self._review, batch.facts))
                # One piece more than are being reviewed, for the time that a piece is being written.
                while len(waiting) > threads + 1 or (waiting and waiting[0].done()):
                    self._write(waiting.popleft().result())
                if progress is not None:
                    progress(self._progress())
            while waiting:
                self._write(waiting.popleft().result())
                if progress is not None:
                    progress(self._progress())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            batches.close()
        measuring.join()

    def _batches(self, batch_rows: int, extra: Extra) -> Generator[tuple[Source, Batch]]:
        from hopenow.tapes.loan_months import ahead

        def read() -> Iterator[tuple[Source, Batch]]:
            for source in self.sources:
                pieces = source.read(self.at, batch_rows, extra)
                while True:
                    begun = time.perf_counter()
                    batch = next(pieces, None)
                    self.seconds["read"] += time.perf_counter() - begun
                    if batch is None:
                        break
                    yield source, batch

        yield from ahead(read(), depth=2)

    def _measure(self) -> None:
        for source in self.sources:
            self.measures += [measure(path) for path in source.files]

    def _account(self, source: Source, batch: Batch) -> None:
        summary = self.summary
        summary.read += batch.read
        summary.reviewed += batch.kept
        summary.skipped += batch.skipped
        for reason, count in skip_reasons(batch, by_loan=source.program is not None and self.at != "each").items():
            summary.skipped_by_reason[reason] = summary.skipped_by_reason.get(reason, 0) + count
        if not batch.findings.is_empty():
            self.findings.append(batch.findings.select(pl.lit(source.name).alias("source"), pl.all()))
        self.counts = [add_counts([*self.counts, batch.counts])]
        if batch.kept and "row" in batch.facts.columns:
            self.position = int(batch.facts["row"].cast(pl.Int64).to_numpy().max())

    def _review(self, facts: pl.DataFrame) -> _Piece:
        begun = time.perf_counter()
        parts = determine(facts, self.settings)
        told = [
            self._told(facts, [part for part in parts if part.program.id in table.names], table)
            for table in self.tables
        ]
        samples = Samples(self.samples.wanted)
        samples.add(facts, told[0].said)
        return _Piece(told, samples, time.perf_counter() - begun)

    def _told(self, facts: pl.DataFrame, parts: Sequence[Part], table: _Table) -> _Part:
        """Say, count and encode what belongs into one file."""
        lacks = [lacking(part) for part in parts]
        together = gathered(lacks, [part.frame[ROW] for part in parts], facts.height)
        said = [worded(part, tuple(self.settings.assume)) for part in parts]
        sheet = Sheet(facts, said, together, self.settings, table.schema)
        tally = table.new_tally()
        tally.add(said, sheet.context, sheet.left)
        tally.add_lacking(together)
        for part, lack in zip(parts, lacks, strict=True):
            tally.add_missing(part.program.id, lack.per_option)
        return _Part([sink.encoded(sheet) for sink in table.sinks], tally, said)

    def _write(self, piece: _Piece) -> None:
        begun = time.perf_counter()
        for table, part in zip(self.tables, piece.parts, strict=True):
            for sink, encoded in zip(table.sinks, part.encoded, strict=True):
                sink.write(encoded)
            table.tally.merge(part.tally)
        self.samples.merge(piece.samples)
        self.seconds["review"] += piece.seconds
        self.seconds["write"] += time.perf_counter() - begun

    def _progress(self) -> Progress:
        lines = sum(item.lines for item in self.measures)
        complete = len(self.measures) == sum(len(source.files) for source in self.sources)
        share = (
            min(self.position / lines, 1.0)
            if complete and lines and len(self.sources) == 1 and len(self.measures) == 1
            else None
        )
        return Progress(self.tally.results, self.summary.skipped, share or None, time.perf_counter() - self.started)

    # --- the end ----------------------------------------------------------------------------------

    def finish(self, outputs: Outputs, formats: Sequence[str]) -> None:
        summary, settings = self.summary, self.settings
        self.tally.into(summary)
        for table in self.tables[1:]:
            counted = Summary()
            table.tally.into(counted)
            summary.everyone = {name: counted.programs[name] for name in sorted(table.names)}
            summary.everyone_options = counted.options
            summary.program_titles |= counted.program_titles
        layouts = {path: source.layout for source in self.sources for path in source.files}
        summary.sources = [
            SourceFile(item.path.name, layouts[item.path], item.bytes, item.sha256) for item in self.measures
        ]
        summary.skipped_by_reason = dict(
            sorted(summary.skipped_by_reason.items(), key=lambda item: (-item[1], item[0]))
        )
        summary.assumed = {
            name: Assumed(shown_fact(name, value), schema()[name].meaning, self.tally.assumed.get(name, 0))
            for name, value in settings.assume.items()
        }
        summary.adopted = {name: day.isoformat() for name, day in settings.adopted.items()}
        summary.readings = [
            ReadingUsed(item.id, name, item.meaning, item.value, item.default, item.source, item.url, item.mark)
            for name in settings.programs
            for item in settings.readings_chosen(name)
        ]
        self._legends()
        summary.references = [_reference(item) for item in describe(settings.reference_dir)]
        self._findings(outputs)
        for table in self.tables:
            prefix = "" if table is self.own else f"{table.name} "
            summary.files |= {f"{prefix}{name}": str(outputs.folder / f"{table.name}.{name}") for name in formats}
        summary.files["summary"] = str(outputs.folder / "summary.json")
        for sink in [sink for table in self.tables for sink in table.sinks]:
            sink.describe(footer(summary))
            sink.close()
        summary.seconds = {name: round(value, 3) for name, value in self.seconds.items()}
        summary.seconds["total"] = round(time.perf_counter() - self.started, 3)
        outputs.write_text("summary.json", summary.to_json())

    def report(self, folder: Path, loan_pages: int) -> None:
        from hopenow.portfolio.report import portfolio_report

        begun = time.perf_counter()
        summary = self.summary
        target = folder / "report.html"
        portfolio_report(summary, None, target, loan_pages, facts=self.samples.chosen(), settings=self.settings)
        summary.files["report"] = str(target)
        summary.seconds["report"] = round(time.perf_counter() - begun, 3)
        with Outputs(folder) as outputs:
            outputs.write_text("summary.json", summary.to_json())

    def _legends(self) -> None:
        first, last = self.tally.first_date, self.tally.last_date
        if first is None:
            return
        summary = self.summary
        used = {(item.program, item.id): item.rule_sets for item in [*summary.options, *summary.everyone_options]}
        summary.rule_sets = rule_set_legend(self.programs, first, last, self.settings.adopted)
        for item in summary.rule_sets:
            item.results = used.get((item.program, item.option), {}).get(item.rule_set, 0)
        summary.rule_sets = [item for item in summary.rule_sets if item.results]
        sets = {(item.program, item.option, item.rule_set) for item in summary.rule_sets}
        summary.rules = [
            rule
            for rule in rule_legend(self.programs, first, last, self.settings.adopted)
            if any((rule.program, rule.option, name) in sets for name in rule.rule_sets)
        ]

    def _findings(self, outputs: Outputs) -> None:
        summary = self.summary
        kept = (
            pl.concat(self.findings)
            if self.findings
            else join_findings([]).select(pl.lit("").alias("source"), pl.all())
        )
        counts = add_counts(self.counts)
        summary.findings_by_rule = counts.with_columns(pl.col("phase", "severity").cast(pl.String)).to_dicts()
        for row in summary.findings_by_rule:
            summary.findings[row["severity"]] = summary.findings.get(row["severity"], 0) + row["count"]
        summary.findings_kept = kept.height
        kept.write_csv(outputs.begin("findings.csv"))
        summary.files["findings"] = str(outputs.folder / "findings.csv")


def skip_reasons(batch: Batch, *, by_loan: bool = False) -> dict[str, int]:
    """Return why rows of a piece were skipped; the counts add up to ``batch.skipped``.

    A row with several errors counts under the first. Where the reader does not know the reasons, findings are capped:
    rows whose reasons were not kept and cannot be told from the full counts are under ``NOT_ITEMIZED``.

    Args:
        batch: the piece.
        by_loan: rows are loans of a history: an error on a month of a loan that is reviewed skips nothing.
    """
    if not batch.skipped:
        return {}
    if batch.reasons is not None and sum(batch.reasons.values()) == batch.skipped:
        return dict(batch.reasons)
    errors = batch.findings.filter(pl.col("severity") == "error")
    harmless = pl.col("row").is_in(batch.facts["row"].cast(pl.Int64).implode())
    if by_loan:
        harmless = harmless | pl.col("loan_id").is_in(batch.facts["loan_id"].implode())
    harmless = harmless.fill_null(False)
    counts = dict(
        batch.counts.filter(pl.col("severity") == "error").group_by("rule").agg(pl.col("count").sum()).iter_rows()
    )
    for rule, count in errors.filter(harmless).group_by("rule").agg(pl.len().cast(pl.Int64)).iter_rows():
        counts[rule] -= count
    counts = {rule: count for rule, count in counts.items() if count > 0}
    if sum(counts.values()) == batch.skipped:
        return counts
    who = pl.coalesce("loan_id", pl.col("row").cast(pl.String)) if by_loan else pl.col("row").cast(pl.String)
    rows = errors.filter(~harmless).unique(who, keep="first", maintain_order=True)
    found: dict[str, int] = dict(rows.group_by("rule").agg(pl.len().cast(pl.Int64)).iter_rows())
    left = batch.skipped - sum(found.values())
    if left < 0:
        return {NOT_ITEMIZED: batch.skipped}
    if left:
        # With one rule broken in all, the rows beyond the cap broke that one too.
        reason = next(iter(counts)) if len(counts) == 1 else NOT_ITEMIZED
        found[reason] = found.get(reason, 0) + left
    return found


def shown_fact(name: str, value: Any) -> str:
    """Return a canonical value as it is written outside."""
    kind = schema()[name].type
    if value == NEVER:
        return "never"
    if kind == "money":
        return str(dollars(value))
    if kind == "rate":
        return str(percent(value).normalize())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def footer(summary: Summary) -> Mapping[str, str]:
    """Return what a result file says about itself: JSON text by key (``hopenow.*``)."""
    data = summary.as_dict()
    about = (
        "sources",
        "at",
        "read",
        "reviewed",
        "skipped",
        "skipped_by_reason",
        "results",
        "assumed",
        "adopted",
        "readings",
    )
    return {
        "hopenow.version": summary.hopenow,
        "hopenow.review": json.dumps({name: data[name] for name in about}),
        "hopenow.rule_sets": json.dumps(data["rule_sets"]),
        "hopenow.rules": json.dumps(data["rules"]),
        "hopenow.references": json.dumps(data["references"]),
    }


def _reference(info: TableInfo) -> Reference:
    return Reference(
        name=info.title,
        source=info.source,
        edition=info.edition,
        first="" if info.first is None else info.first.isoformat(),
        last="" if info.last is None else info.last.isoformat(),
        verification=", ".join(info.verification),
        origin=info.origin,
    )
