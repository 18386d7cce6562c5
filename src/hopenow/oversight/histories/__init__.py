"""From loan-month files to what happened to each loan: the help it got, its delinquencies, and what came after.

`read` walks the files once and returns `Histories`. Its ``entries`` have a row for each help event (a modification,
payment deferral or partial claim; the start of a forbearance, trial or repayment plan) and for the start of each
serious delinquency. An entry's month is the month in which it first shows; every ``..._after`` counts months from it.

Columns of ``entries``
    loan_id, kind, month, number: which; ``number`` counts a loan's help (or its delinquencies) from 1.
    servicer: in that month. state, original_month, original_balance, original_rate, original_term, original_ltv,
        original_score: of the loan.
    late_before, late_at, worst_before: months late (MBA) in the last month known before, in the month itself, and at
        worst since the loan was last current.
    rate_before, rate_after: millionths per year. payment_before, payment_after, balance_before, balance_after: cents.
        term_before, term_after: months. "After" is known for modifications. Payments are level installments of
        principal and interest: the original one until the rate changes or a modification, then the one that balance,
        rate and remaining term give (or the reported one, in files of one's own).
    amount, reason: deferred, cents, and the file's code.
    seen: months after the entry with the loan's last row. fate, fate_after: how and when the loan ended.
    first_30, first_60, first_90: first later month that late. maybe_60: first later month that is unknown and may
        have been 60 days late. current_after: first month, this one included, in which the loan was current.
    next_kind, next_after: the next help; for a delinquency the first help from its first missed payment until it was
        over. long_after: months to the next long-term help, this entry included. over_after: of a delinquency, months
        until the loan was current again or ended.
    late_T, plan_T, score_T, worst_T: for each T of the grid, months late (-1 unknown, -2 no longer seen,
        ``kernel.G_ENDED`` less the fate where the loan has ended), the plan in force (0 none, 1 forbearance, 2 trial, 3
        repayment), the latest credit score within twelve months, and the worst lateness of the twelve months to T
        (-1 where an unknown month could have been 60 days late).
    Numbers carried along by a mapping stand under their own names.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.facts.findings import DEFAULT_CAP, add_counts
from hopenow.law import OptionLaw, Parameters, package_option, segments
from hopenow.oversight.histories import kernel as k
from hopenow.oversight.histories.fields import FIELDS_PACKAGE, MonthMapping, load_mapping
from hopenow.oversight.histories.months import Piece, Source, findings_of, open_source, pieces
from hopenow.oversight.histories.rules import FIELDS, RULES
from hopenow.tapes.layouts import STATIC_INDEX, unpack
from hopenow.tapes.scan import NULL

__all__ = [
    "FATE",
    "HELP",
    "KIND",
    "LONG_TERM",
    "Histories",
    "MonthMapping",
    "definitions",
    "load_mapping",
    "month_date",
    "read",
    "serious_from",
]

Ints = npt.NDArray[np.int64]

KIND: Final = pl.Enum(k.KINDS)
FATE: Final = pl.Enum(k.FATES)
HELP: Final = k.KINDS[:-1]
"""Kinds of entries that are help."""
LONG_TERM: Final = ("modification", "payment_deferral", "partial_claim")
"""Kinds of help that settle the arrears for good; the others only give time."""
DEFAULT_GRID: Final = (3, 6, 9, 12, 18, 24, 36, 48, 60)

_NARROW: Final = {"row": pl.Int64, "amount": pl.Int64, "reason": pl.Int64}
_WIDE: Final = frozenset({"payment_before", "payment_after", "balance_before", "balance_after"})


@dataclasses.dataclass(frozen=True)
class Histories:
    """What the files tell.

    Attributes:
        entries: see the module.
        loans: one row for each loan that counts: first_month, last_month, months, fate, late, worst, helps,
            delinquencies, undated_modification, plan.
        stock: loans by month and months late (``late_0`` to ``late_11``, ``late_12`` and more, ``unknown``).
        findings: kept findings. counts: all findings, counted.
        rows: rows read. refused: rows that could not be used. outside: rows that the mapping leaves aside.
        left_out: loans left out because their history is impossible.
        grid: months after an entry that were looked at.
        last_month: the files' last month (``year * 12 + month - 1``); None without rows.
        title: what kind of files. method: how their lateness is counted. carried: numbers carried along.
    """

    entries: pl.DataFrame
    loans: pl.DataFrame
    stock: pl.DataFrame
    findings: pl.DataFrame
    counts: pl.DataFrame
    rows: int
    refused: int
    outside: int
    left_out: int
    grid: tuple[int, ...]
    last_month: int | None
    title: str
    method: str
    carried: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()

    @property
    def helps(self) -> pl.DataFrame:
        """Entries that are help."""
        return self.entries.filter(pl.col("kind") != "delinquency")

    @property
    def delinquencies(self) -> pl.DataFrame:
        """Entries that are the start of a serious delinquency."""
        return self.entries.filter(pl.col("kind") == "delinquency")


@functools.cache
def definitions() -> OptionLaw:
    """Return the law file with what the reading takes for granted."""
    return package_option(FIELDS_PACKAGE, "definitions")


@functools.cache
def _parameters() -> Parameters:
    return segments(definitions(), "hopenow")[-1].parameters


def serious_from() -> int:
    """Return the months late from which a delinquency is serious."""
    return _parameters()["serious_from"]


def month_date(month: int) -> datetime.date:
    """Return the first day of a month given as ``year * 12 + month - 1``."""
    return datetime.date(month // 12, month % 12 + 1, 1)


def read(
    paths: Path | str | Sequence[Path | str],
    mapping: MonthMapping | None = None,
    *,
    grid: Sequence[int] = DEFAULT_GRID,
    cap: int = DEFAULT_CAP,
) -> Histories:
    """Read loan-month files.

    Args:
        paths: files of one enterprise in its layouts (origination and monthly files together), or files of one's own:
            CSV (also gzip) or Parquet, with the columns of ``fields.yaml`` or through a mapping.
        mapping: how to read files of one's own.
        grid: months after an entry to look at.
        cap: findings kept of each rule (all are counted).

    Raises:
        InputError: a file is missing, of no known shape, or the files do not belong together; with every finding.
    """
    files = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    source = open_source(files, mapping)
    source.counts.cap = cap
    walker = _Walker(source, tuple(sorted(set(grid))), cap)
    for piece in pieces(source):
        walker(piece)
    return walker.result()


class _Walker:
    """Runs the kernel over the pieces and gathers its answers."""

    def __init__(self, source: Source, grid: tuple[int, ...], cap: int) -> None:
        self.source, self.grid, self.cap = source, grid, cap
        law = _parameters()
        self.fates = _fates(source)
        self.parameters = np.zeros(8, np.int64)
        for place, value in (
            (k.P_STYLE, source.style),
            (k.P_SETTLE, law["settling_months"]),
            (k.P_LATE, law["serious_from"]),
            (k.P_RISE, law["balance_rise_allowed"]),
            (k.P_SPAN, law["longest_history"]),
            (k.P_CAP, cap),
            (k.P_LOOK_BACK, law["look_back_months"]),
        ):
            self.parameters[place] = value
        self.stock = np.zeros((k.STOCK_MONTHS, k.STOCK), np.int64)
        self.kept = np.zeros(k.RULES, np.int64)
        self.entries: list[pl.DataFrame] = []
        self.loans: list[pl.DataFrame] = []

    def __call__(self, piece: Piece) -> None:
        months = piece.months
        width = len(k.ENTRY) + len(k.GRID) * len(self.grid)
        # An upper bound: memory that is never written costs nothing.
        entries = np.empty((4 * months.rows + 1, width), np.int64)
        summary = np.empty((len(k.LOAN), months.loans), np.int64)
        room = int(np.maximum(self.cap - self.kept, 0).sum())
        found = np.empty((min(room, k.RULES * (months.rows + months.loans)), 3), np.int64)
        counts = np.zeros((k.RULES, 1), np.int64)
        sums = np.zeros(2, np.int64)
        k.walk(
            months.starts, months.loans, months.monthly, months.static, self.parameters,
            np.array(self.grid, np.int64), self.fates, entries, summary, self.stock, counts, self.kept, found, sums,
        )  # fmt: skip
        written, noted = int(sums[0]), int(sums[1])
        self._note(months, found[:noted], counts)
        flags = summary[k.L["left_out"]]
        if self.source.two_loans:
            doubled = months.loan_ids.is_in(list(self.source.two_loans)).to_numpy()
            flags[doubled] = 1
        self.loans.append(_loans(summary))
        frame = self._entries(piece, entries[:written])
        if (flags != 0).any():
            frame = frame.filter(~pl.Series(flags[entries[:written, k.E["loan"]]] != 0))
        self.entries.append(frame)

    def _note(self, months: Any, found: Ints, counts: Ints) -> None:
        rows = []
        for place, row, value in found.tolist():
            rule = RULES[place]
            loan = months.loan_ids[int(np.searchsorted(months.starts, row, side="right")) - 1]
            shown = _shown(place, value)
            rows.append(
                (int(months.lines[row]), loan, rule.phase, rule.severity, rule.id, FIELDS[place], shown, rule.message)
            )
        if rows:
            schema = RULES[0].one().schema
            self.source.kept.append(pl.DataFrame(rows, schema=schema, orient="row"))
        totals = [
            (rule.phase, rule.severity, rule.id, name, int(counts[place, 0]))
            for place, (rule, name) in enumerate(zip(RULES, FIELDS, strict=True))
            if counts[place, 0]
        ]
        if totals:
            self.source.scan_counts.append(pl.DataFrame(totals, schema=add_counts([]).schema, orient="row"))

    def _entries(self, piece: Piece, entries: Ints) -> pl.DataFrame:
        months = piece.months
        loans = pl.Series(np.ascontiguousarray(entries[:, k.E["loan"]]), dtype=pl.UInt32)
        rows = np.ascontiguousarray(entries[:, k.E["row"]])
        static = months.static[:, : months.loans]

        def of(name: str) -> pl.Series:
            return _nullable(np.ascontiguousarray(static[STATIC_INDEX[name]])).gather(loans)

        columns: dict[str, pl.Series] = {
            "loan_id": months.loan_ids.gather(loans),
            "servicer": months.servicers(rows),
            "state": _state(np.ascontiguousarray(static[STATIC_INDEX["state"]])).gather(loans),
            "original_month": of("orig_date").cast(pl.Int32),
            "original_balance": of("orig_upb"),
            "original_rate": of("orig_rate").cast(pl.Int32),
            "original_term": of("orig_term").cast(pl.Int32),
            "original_ltv": of("oltv").cast(pl.Int32),
            "original_score": of("orig_score").cast(pl.Int32),
        }
        for place, name in enumerate(k.ENTRY):
            if name in ("loan", "row"):
                continue
            values = np.ascontiguousarray(entries[:, place])
            if name in ("kind", "next_kind"):
                columns[name] = _words(values, k.KINDS).cast(KIND)
            elif name == "fate":
                columns[name] = _words(values, k.FATES).cast(FATE)
            elif name == "reason":
                columns[name] = _unpacked(values)
            else:
                columns[name] = _nullable(values).cast(pl.Int64 if name in _WIDE or name == "amount" else pl.Int32)
        for place, month in enumerate(self.grid):
            for offset, name in enumerate(k.GRID):
                values = np.ascontiguousarray(entries[:, len(k.ENTRY) + len(k.GRID) * place + offset])
                columns[f"{name}_{month}"] = _nullable(values).cast(pl.Int16)
        columns |= {name: values.gather(loans) for name, values in piece.carried.items()}
        return pl.DataFrame({name: values.alias(name) for name, values in columns.items()})

    def result(self) -> Histories:
        loans = pl.concat(self.loans) if self.loans else _loans(np.empty((len(k.LOAN), 0), np.int64))
        left_out = int((loans["left_out"] != 0).sum())
        counted = loans.filter(pl.col("left_out") == 0).drop("left_out")
        if not self.entries:
            width = len(k.ENTRY) + len(k.GRID) * len(self.grid)
            self.entries.append(self._entries(Piece(_no_months()), np.empty((0, width), np.int64)))
        source = self.source
        seen = np.flatnonzero(self.stock.any(axis=1))
        last = int(loans["last_month"].max()) if loans.height else None  # type: ignore[arg-type]
        return Histories(
            entries=pl.concat(self.entries, how="diagonal"),
            loans=counted,
            stock=_stock(self.stock, seen),
            findings=findings_of(source),
            counts=add_counts([source.counts.table, *source.scan_counts]),
            rows=source.read,
            refused=source.refused,
            outside=source.outside,
            left_out=left_out,
            grid=self.grid,
            last_month=last,
            title=source.title,
            method=source.method,
            carried=() if source.mapping is None else source.mapping.carried,
            paths=source.paths,
        )


def _fates(source: Source) -> Ints:
    """Return the fate of each zero-balance code."""
    fates = np.zeros(100, np.int64)
    if source.mapping is not None:
        fates[1 : len(k.FATES)] = range(1, len(k.FATES))
        return fates
    law = _parameters()
    for name in k.FATES[1:]:
        known = f"ends_{name}"
        for code in law.value(known) if known in law else ():  # type: ignore[attr-defined]
            fates[int(code)] = k.FATES.index(name)
    return fates


def _shown(rule: int, value: int) -> str | None:
    if value == NULL:
        return None
    if rule in (k.R_DUPLICATE, k.R_TWO_LOANS):
        return f"{value // 12}-{value % 12 + 1:02d}"
    if rule == k.R_BALANCE:
        return f"{value // 100}.{value % 100:02d}"
    return str(value)


def _nullable(values: Ints) -> pl.Series:
    series = pl.Series(values)
    gone = values == NULL
    return series.set(pl.Series(gone), None) if gone.any() else series


def _words(values: Ints, names: Sequence[str]) -> pl.Series:
    places = _nullable(values)
    return pl.Series(names, dtype=pl.String).gather(places.cast(pl.UInt32))


def _unpacked(values: Ints) -> pl.Series:
    distinct, places = np.unique(values, return_inverse=True)
    words = [None if code == NULL else unpack(code) for code in distinct.tolist()]
    return pl.Series(words, dtype=pl.String).gather(pl.Series(places, dtype=pl.UInt32))


def _state(values: Ints) -> pl.Series:
    words = _unpacked(values)
    return words.set(~words.str.contains("^[A-Z]{2}$").fill_null(True), None)


def _loans(summary: Ints) -> pl.DataFrame:
    narrow: dict[str, Any] = {"first_month": pl.Int32, "last_month": pl.Int32}
    columns = {name: pl.Series(np.ascontiguousarray(summary[place])) for name, place in k.L.items()}
    frame = pl.DataFrame(columns).with_columns(pl.col(name).cast(narrow.get(name, pl.Int16)) for name in k.LOAN)
    fates = pl.Series(k.FATES, dtype=FATE)
    return frame.with_columns(
        pl.Series("fate", fates.gather(frame["fate"].cast(pl.UInt32)), dtype=FATE),
        pl.col("undated_modification").cast(pl.Boolean),
        pl.when(pl.col("late") >= 0).then(pl.col("late")).alias("late"),
    )


def _stock(stock: Ints, seen: npt.NDArray[np.intp]) -> pl.DataFrame:
    names = [*(f"late_{months}" for months in range(k.STOCK - 1)), "unknown"]
    columns: dict[str, Any] = {"month": pl.Series(seen + k.STOCK_FROM, dtype=pl.Int32)}
    columns |= {name: pl.Series(np.ascontiguousarray(stock[seen, place])) for place, name in enumerate(names)}
    return pl.DataFrame(columns)


def _no_months() -> Any:
    from hopenow.tapes.layouts import MONTHLY, STATIC
    from hopenow.tapes.loan_months import LoanMonths

    return LoanMonths(
        rows=0,
        loans=0,
        loan_ids=pl.Series("loan_id", [], dtype=pl.String),
        starts=np.zeros(1, np.int64),
        lines=np.empty(0, np.int64),
        monthly=np.empty((len(MONTHLY), 0), np.int64),
        static=np.empty((len(STATIC), 0), np.int64),
        history=np.empty((0, 0), np.int64),
        text=np.empty(0, np.uint8),
        names=pl.Series("servicer", [], dtype=pl.String),
    )
