"""Loan-performance histories: what a single month's record does not say about a loan.

`read_performance` reads the loan-months of Fannie Mae's and Freddie Mac's files and yields, at the last month
of each loan, at each month, or at one month's end, the facts that a review needs. Nothing at a month rests on
later months.

How each fact is derived
    evaluation_date: last day of the reporting month.
    months_delinquent: as reported. ``XX`` and other fillers are unknown, unless the record has the last paid
        installment.
    next_due_date: the month after the reporting month less the months delinquent (status 00 in April: May 1).
    days_delinquent: calendar days from that date to the evaluation date, zero when it lies ahead.
    remaining_term: installments from the next due date to maturity.
    monthly_principal_and_interest: level payment of original balance, rate and term. The files round the
        original balance to $1,000: where the level payment of the first balance seen lies within that
        rounding it is taken instead, and as soon as two months running show one and the same installment
        within it (or a lower one: the loan was re-amortized), that one. After a modification
        or rate change: level payment of interest-bearing balance, rate and remaining term, again while the
        figures of the modification still arrive.
    interest_bearing_balance: reported balance less what bears no interest (Freddie Mac, and Fannie Mae's
        newest files, report it). A balance that is blank or zero is unknown.
    deferred_balance: non-interest-bearing balance and payment deferrals; the first holds the second when it
        rose with it.
    prior_modifications: the flag turning from N to Y; while it stays Y, a later maturity, a rate cut on a
        loan that is not adjustable, or capitalized arrears that end a delinquency. A loan whose flag is Y in
        its first row has a modification of unknown date.
    last_modification_date, last_payment_deferral_date: first day of the month in which they first show.
    last_flex_modification_date: see ``history.yaml``; ``flex_modification_redefault_date`` is the end of the
        first later month with a status of two or more.
    deferred_months_used: rise of the deferral amount in whole installments, but no more than were unpaid.
        Deferrals marked as for a disaster count neither here nor as the last deferral; COVID-19 deferrals
        (code C) do.
    last_failed_trial_date: end of the first month without the trial code, when no modification or deferral
        follows within the grace of ``history.yaml``, no forbearance follows, and the loan is not current.
        "Never" once plan codes were reported for twelve months, or when the loan was never two months
        delinquent while they were not; likewise for deferrals.
    forbearance_start_date, forbearance_months_used: the present run of plan code F, kept after the plan ends
        while the loan is not current.
    thirty_day_lates_last_6_months: month-ends with a status of one or more among the last six.
    payments_since_note_or_modification: months that the due date moved, less installments deferred.
    property_value: original balance over the original loan-to-value (a whole percent, so approximate), as of
        origination.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from hopenow.errors import InputError
from hopenow.facts.findings import (
    DEFAULT_CAP,
    FindingRule,
    add_counts,
    count_findings,
    join_findings,
    no_findings,
)
from hopenow.facts.schema import schema
from hopenow.tapes import derive
from hopenow.tapes.batch import Batch
from hopenow.tapes.layouts import (
    AMORTIZATION,
    MONTHLY_INDEX,
    OCCUPANCY,
    STATIC,
    STATIC_INDEX,
    ZERO_BALANCE_CODES,
    unpack,
)
from hopenow.tapes.loan_months import FileFindings, LoanMonths, first_loans, need_layout, pieces, spill
from hopenow.tapes.scan import NULL, Ints

At: TypeAlias = Literal["last", "each"] | datetime.date
Order: TypeAlias = Literal["auto", "contiguous", "any"]

WALK_RULES: Final = (
    FindingRule("LOGIC-ENDED", "logic", "error", "The loan has ended.", "There is nothing left to review."),
    FindingRule(
        "LOGIC-DUPLICATE-MONTH",
        "logic",
        "error",
        "The loan has the month more than once.",
        "The last row given is used.",
    ),
    FindingRule(
        "LOGIC-MONTH-ORDER",
        "logic",
        "warning",
        "The loan's months are not in order.",
        "They are put in order.",
    ),
    FindingRule(
        "LOGIC-MONTH-GAP",
        "logic",
        "warning",
        "Months are missing before this one.",
        "They are taken as unknown.",
    ),
    FindingRule(
        "LOGIC-STATUS-UNKNOWN",
        "logic",
        "warning",
        "The delinquency status is not given.",
        "It is taken as unknown; ask the servicer.",
    ),
    FindingRule(
        "LOGIC-STATUS-TERMINAL",
        "logic",
        "warning",
        "A negative status fills the last row of an ended loan.",
        "It is ignored.",
    ),
    FindingRule(
        "LOGIC-BALANCE-WITHHELD",
        "logic",
        "warning",
        "The balance is not yet published in a loan's first months.",
        "It is taken as unknown; later months have it.",
    ),
    FindingRule(
        "LOGIC-BALANCE-MISSING",
        "logic",
        "warning",
        "The balance of a running loan is blank or zero.",
        "It is taken as unknown; fill it in.",
    ),
    FindingRule(
        "LOGIC-NO-SUCH-MONTH",
        "logic",
        "error",
        "The loan has no row for the month asked for.",
        "Ask for another month.",
    ),
    FindingRule(
        "LOGIC-LOAN-SPLIT",
        "logic",
        "error",
        "Rows of this loan were already read elsewhere in the tape.",
        "Read the tape again with order='any' to bring them together.",
    ),
    FindingRule(
        "LOGIC-DEFERRAL-FELL",
        "logic",
        "warning",
        "The sum of payment deferrals became smaller.",
        "The new sum is used; check it.",
    ),
)
"""Rules of the walk through a loan's months, in the kernel's order."""
LASTING: Final = (
    "LOGIC-DUPLICATE-MONTH",
    "LOGIC-MONTH-ORDER",
    "LOGIC-MONTH-GAP",
    "LOGIC-LOAN-SPLIT",
    "LOGIC-DEFERRAL-FELL",
    "LOGIC-NO-ORIGINATION",
)
"""Rules whose findings bear on later months too."""
NO_ORIGINATION: Final = FindingRule(
    "LOGIC-NO-ORIGINATION",
    "logic",
    "warning",
    "The loan has no row in the origination file.",
    "What it would say is unknown.",
)
_WALK_FIELDS: Final = (
    "zero_balance_code", "period", "period", "period", "delinquency_status", "delinquency_status", "balance",
    "balance", "period",
    "loan_id", "total_deferral_amount",
)  # fmt: skip


class Assumption(BaseModel):
    """One thing that the reader takes for granted, from ``history.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: int | datetime.date
    unit: str
    meaning: str
    cite: str
    verification: Literal["verified", "secondary", "unverified"]
    note: str | None = None


@functools.cache
def assumptions() -> Mapping[str, Assumption]:
    """Return what the reader takes for granted, by name."""
    text = Path(__file__).with_name("history.yaml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, Assumption]).validate_python(yaml.safe_load(text))


def _number(name: str) -> int:
    value = assumptions()[name].value
    return value.year * 12 + value.month - 1 if isinstance(value, datetime.date) else value


@dataclass(slots=True)
class _Walker:
    """Carries the walk's counts from piece to piece of one tape."""

    investor: str
    at: At
    cap: int
    detail: bool = False
    kept: Ints = field(default_factory=lambda: np.zeros(derive.WALK_RULES, np.int64))
    counts: Ints = field(default_factory=lambda: np.zeros((derive.WALK_RULES, 1), np.int64))

    def __call__(self, piece: LoanMonths) -> tuple[pl.DataFrame, int, pl.DataFrame]:
        """Return facts, rows skipped, and findings of a piece."""
        mode = (
            {"last": derive.LAST, "each": derive.EACH}.get(self.at, derive.AT_MONTH)
            if isinstance(self.at, str)
            else derive.AT_MONTH
        )
        month = 0 if isinstance(self.at, str) else self.at.year * 12 + self.at.month - 1
        size = piece.rows if mode == derive.EACH else piece.loans
        out = np.empty((len(derive.OUT), size), np.int64)
        rows = np.empty(size, np.int64)
        loans = np.empty(size, np.int64)
        past = np.empty(size * 96 + 1, np.uint8)
        ends = np.empty(size + 1, np.int64)
        room = int(np.maximum(self.cap - self.kept, 0).sum())
        events = np.empty((min(room, derive.WALK_RULES * (piece.rows + piece.loans)), 3), np.int64)
        sums = np.zeros(3, np.int64)
        parameters = np.array(
            [
                self.investor == "freddie_mac", _number("flex_modification_first_month"),
                _number("trial_grace_months"),
                _number("withheld_balance_months"), _number("modification_settling_months"),
                _number("original_balance_rounding") * 100, mode, month, self.cap,
            ],
            np.int64,
        )  # fmt: skip
        self.counts[:] = 0
        derive.walk(
            piece.starts, piece.loans, piece.monthly, piece.static, piece.history, parameters, out, rows,
            loans, past, ends,
            self.counts, self.kept, events, sums,
        )  # fmt: skip
        written, skipped, noted = (int(value) for value in sums)
        frame = _facts(
            piece,
            self.investor,
            out[:, :written],
            rows[:written],
            loans[:written],
            past,
            ends[: written + 1],
            self.detail,
        )
        return frame, skipped, self._findings(piece, events[:noted])

    def take_counts(self) -> pl.DataFrame:
        """Counts of the walk's rules in the last piece."""
        found = [
            (rule.phase, rule.severity, rule.id, name, int(self.counts[place, 0]))
            for place, (rule, name) in enumerate(zip(WALK_RULES, _WALK_FIELDS, strict=True))
            if self.counts[place, 0]
        ]
        return pl.DataFrame(found, schema=count_findings(no_findings()).schema, orient="row")

    def _findings(self, piece: LoanMonths, events: Ints) -> pl.DataFrame:
        frames = []
        for place, row, value in events.tolist():
            rule = WALK_RULES[place]
            loan = piece.loan_ids[int(np.searchsorted(piece.starts, row, side="right")) - 1]
            shown, message = _event_words(place, value)
            frames.append(
                (
                    int(piece.lines[row]),
                    loan,
                    rule.phase,
                    rule.severity,
                    rule.id,
                    _WALK_FIELDS[place],
                    shown,
                    message,
                )
            )
        return pl.DataFrame(frames, schema=no_findings().schema, orient="row")


def _event_words(rule: int, value: int) -> tuple[str | None, str]:
    """Value and message of a finding of the walk."""
    words = WALK_RULES[rule]
    if rule == derive.W_ENDED:
        reason = (
            "the property was acquired"
            if value < 0
            else f"code {value:02d} {ZERO_BALANCE_CODES.get(value, 'unknown reason')}"
        )
        return None if value < 0 else f"{value:02d}", f"The loan has ended ({reason}). {words.remedy}"
    if rule == derive.W_GAP:
        return None, f"{value} month{'s are' if value > 1 else ' is'} missing before this one. {words.remedy}"
    if rule in (derive.W_DUPLICATE, derive.W_NO_MONTH):
        return f"{value // 12}-{value % 12 + 1:02d}", words.message
    if rule in (derive.W_STATUS_UNKNOWN, derive.W_STATUS_TERMINAL):
        return {-10: "XX", -11: "RA", -12: "negative"}.get(value), words.message
    if rule == derive.W_DEFERRAL:
        return f"{value // 100}.{value % 100:02d}", words.message
    return None, words.message


def _column(values: Ints, dtype: pl.DataType | type[pl.DataType]) -> pl.Series:
    series = pl.Series(np.ascontiguousarray(values))
    narrow = pl.Int32() if dtype == pl.Date else dtype
    gone = values == NULL
    if gone.any():
        series = pl.select(pl.when(pl.Series(~gone)).then(series)).to_series()
    return series.cast(narrow).cast(dtype) if narrow != dtype else series.cast(dtype)


def _words(values: Ints, translate: Mapping[str, str] | None, loans: Ints) -> pl.Series:
    """Turn packed words of loans into text, through a code table if there is one."""
    codes, places = np.unique(values, return_inverse=True)
    words = [None if code == NULL else unpack(code) for code in codes.tolist()]
    if translate is not None:
        words = [None if word is None else translate.get(word) for word in words]
    return pl.Series(words, dtype=pl.String).gather(pl.Series(places[loans], dtype=pl.UInt32))


def _facts(
    piece: LoanMonths, investor: str, out: Ints, rows: Ints, loans: Ints, past: Any, ends: Ints, detail: bool
) -> pl.DataFrame:
    """Make the canonical frame of the places that the walk wrote."""
    facts = schema()
    size = len(rows)
    static = piece.static[:, : piece.loans]

    def of(name: str) -> Ints:
        return np.asarray(static[STATIC_INDEX[name]][loans])

    columns: dict[str, pl.Series] = {
        "loan_id": piece.loan_ids.gather(pl.Series(loans, dtype=pl.UInt32)),
        "investor": pl.Series([investor], dtype=facts["investor"].dtype).new_from_index(0, size),
        "loan_type": pl.Series(["conventional"], dtype=facts["loan_type"].dtype).new_from_index(0, size),
        "servicer": piece.servicers(rows),
        "lien_position": pl.Series([1], dtype=pl.Int32).new_from_index(0, size),
        "original_balance": _column(of("orig_upb"), pl.Int64),
        "original_term": _column(of("orig_term"), pl.Int32),
        "original_rate": _column(of("orig_rate"), pl.Int64),
        "origination_date": _month_dates(of("orig_date")),
        "first_payment_date": _month_dates(of("first_payment")),
        "occupancy": _words(static[STATIC_INDEX["occupancy"]], OCCUPANCY, loans).cast(
            facts["occupancy"].dtype
        ),
        "state": _pattern(_words(static[STATIC_INDEX["state"]], None, loans), "^[A-Z]{2}$"),
        "metro": _metro(_words(static[STATIC_INDEX["metro"]], None, loans)),
        "zip3": _zip3(_words(static[STATIC_INDEX["zip3"]], None, loans)),
    }
    units = of("units")
    columns["units"] = _column(np.where((units >= 1) & (units <= 4), units, NULL), pl.Int32)
    balance, percent = of("orig_upb"), of("oltv")
    known = (balance > 0) & (percent > 0) & (percent < 999)
    safe = np.where(known, percent, 1)
    # Half-up in whole numbers: the value whose share the rounded loan-to-value is.
    value = np.where(known, (200 * np.where(known, balance, 0) + safe) // (2 * safe), NULL)
    columns["property_value"] = _column(value, pl.Int64)
    columns["valuation_date"] = columns["origination_date"].set(pl.Series(~known), None)
    columns["valuation_method"] = (
        pl.Series(["appraisal"], dtype=facts["valuation_method"].dtype)
        .new_from_index(0, size)
        .set(pl.Series(~known), None)
    )
    for place, name in enumerate(derive.OUT):
        if name in facts:
            columns[name] = _column(out[place], facts[name].dtype)
    kinds = np.array([*AMORTIZATION.values(), "step_rate"])
    kind = out[derive.O_AMORTIZATION]
    columns["amortization_type"] = (
        pl.Series(kinds[np.where(kind == NULL, 0, kind)], dtype=pl.String).cast(
            facts["amortization_type"].dtype
        )
    ).set(pl.Series(kind == NULL), None)
    columns["payment_history"] = _strings(past, ends)
    order = [name for name in facts if name in columns]
    frame = pl.DataFrame({name: columns[name].alias(name) for name in order})
    lines = pl.Series("row", piece.lines[rows], dtype=pl.UInt64)
    frame = frame.with_columns(lines)
    if detail:
        event = pl.Series(np.array(derive.EVENTS)[out[derive.O_EVENT]], dtype=pl.Enum(derive.EVENTS))
        frame = frame.with_columns(
            event=event,
            curtailment=_column(out[derive.O_CURTAILMENT], pl.Int64),
            expected_balance=_column(out[derive.O_EXPECTED], pl.Int64),
        )
    return frame


def _month_dates(months: Ints) -> pl.Series:
    distinct, places = np.unique(months, return_inverse=True)
    dates = [
        None if month == NULL else datetime.date(month // 12, month % 12 + 1, 1)
        for month in distinct.tolist()
    ]
    return pl.Series(dates, dtype=pl.Date).gather(pl.Series(places, dtype=pl.UInt32))


def _pattern(words: pl.Series, pattern: str) -> pl.Series:
    return words.set(~words.str.contains(pattern).fill_null(False), None)


def _metro(words: pl.Series) -> pl.Series:
    return _pattern(words.set((words == "00000").fill_null(False), None), "^[0-9]{5}$")


def _zip3(words: pl.Series) -> pl.Series:
    return _pattern(words.str.slice(0, 3), "^[0-9]{3}$")


def _strings(text: Any, ends: Ints) -> pl.Series:
    buffers = [None, pa.py_buffer(np.ascontiguousarray(ends)), pa.py_buffer(text[: int(ends[-1])].tobytes())]
    array = pa.Array.from_buffers(pa.large_utf8(), len(ends) - 1, buffers)
    words = pl.Series("payment_history", array, dtype=pl.String)
    return words.set(words == "", None) if len(words) else words


# -- origination files -----------------------------------------------------------------------------


def _origination(paths: Sequence[Path], cap: int) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Read origination files into one frame, a row for each loan; memory grows with the loans."""
    frames, findings = [], []
    for path in paths:
        found = FileFindings(need_layout(path), cap)
        for piece in pieces(path, found, every_row=True):
            loan_of = np.repeat(np.arange(piece.loans, dtype=np.uint32), np.diff(piece.starts))
            columns: dict[str, Any] = {"loan_id": piece.loan_ids.gather(pl.Series(loan_of))}
            columns |= {f"s{place}": piece.static[place, : piece.rows] for place in range(len(STATIC))}
            for name in ("maturity", "mi_cancelled"):
                columns[name] = piece.monthly[MONTHLY_INDEX[name], : piece.rows]
            columns["servicer"] = piece.servicers(np.arange(piece.rows, dtype=np.int64))
            frames.append(pl.DataFrame(columns))
            findings.append(piece.findings)
    return pl.concat(frames).unique("loan_id", keep="last", maintain_order=True), findings


def _join(piece: LoanMonths, table: pl.DataFrame) -> tuple[LoanMonths, pl.DataFrame]:
    """Give each loan what the origination file says; returns findings for loans that are not in it."""
    # Row numbers first: a join then needs no wide copies of loans that are not here.
    found = piece.loan_ids.to_frame("loan_id").join(table, on="loan_id", how="left", maintain_order="left")
    for place in range(len(STATIC)):
        theirs = found[f"s{place}"].fill_null(NULL).to_numpy()
        ours = piece.static[place, : piece.loans]
        piece.static[place, : piece.loans] = np.where(ours == NULL, theirs, ours)
    loan_of = np.repeat(np.arange(piece.loans), np.diff(piece.starts))
    for name in ("maturity", "mi_cancelled"):
        # Freddie Mac's monthly file has the months to legal maturity, which a modification changes; that goes
        # first.
        if name == "maturity" and bool(
            (piece.monthly[MONTHLY_INDEX["remaining_legal"], : piece.rows] != NULL).any()
        ):
            continue
        theirs = found[name].fill_null(NULL).to_numpy()[loan_of]
        ours = piece.monthly[MONTHLY_INDEX[name], : piece.rows]
        piece.monthly[MONTHLY_INDEX[name], : piece.rows] = np.where(ours == NULL, theirs, ours)
    if bool((piece.monthly[MONTHLY_INDEX["servicer"], : piece.rows] == NULL).all()) and piece.names is None:
        piece.names = found["servicer"].gather(pl.Series(loan_of, dtype=pl.UInt32))
    lost = found[f"s{STATIC_INDEX['orig_upb']}"].is_null().to_numpy()
    frame = pl.DataFrame(
        {
            "loan_id": piece.loan_ids,
            "row": pl.Series(piece.lines[piece.starts[:-1]], dtype=pl.Int64),
            "lost": pl.Series(lost),
        }
    )
    return piece, NO_ORIGINATION.find(frame, pl.col("lost"), field="loan_id", value="loan_id")


# -- reading ---------------------------------------------------------------------------------------


def read_performance(
    paths: Path | str | Iterable[Path | str],
    *,
    at: At = "last",
    batch_rows: int = 65_536,
    order: Order = "auto",
    cap: int = DEFAULT_CAP,
    detail: bool = False,
) -> Iterator[Batch]:
    """Read loan-performance files and yield the facts of each loan.

    Args:
        paths: files of one enterprise in any of the layouts, origination and monthly files together in any
            order.
        at: ``last``, each loan's last month; ``each``, each loan-month; or a date, each loan at the end of
            that month.
        batch_rows: rows of facts in a batch, about.
        order: ``contiguous``: a loan's rows stand together, as in the publishers' files. ``any``: they may be
            scattered, and are sorted through temporary files. ``auto``: looks at the beginning of the files
            and decides; should a loan's rows turn out to be scattered after all, the later ones are skipped
            with a finding that says so.
        cap: findings kept of each rule and file (all are counted).
        detail: add columns ``event`` (this month against the month before, one of `derive.EVENTS`),
            ``curtailment`` and ``expected_balance`` (cents).

    Yields:
        Batches whose ``row`` is the line (row, for Parquet) in the loan's file. With ``each``, ``read``
        counts rows of the monthly files. Otherwise it counts loans, and rows that could not be read at all. A
        loan that has ended is skipped.

    Raises:
        InputError: a file is missing or of no known layout, files do not belong together, or a row's loan
            spans an impossible number of months.
    """
    files = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    layouts = {path: need_layout(path) for path in files}
    investors = {layout.investor for layout in layouts.values()}
    if len(investors) != 1:
        raise InputError(
            "Files of different enterprises (or no files) were given; read them one enterprise at a time."
        )
    origins = [path for path in files if layouts[path].role == "origination"]
    tapes = [path for path in files if layouts[path].role != "origination"]
    if not tapes:
        raise InputError(
            "Only origination files were given; add the monthly performance files that belong to them."
        )
    if any(layouts[path].role == "monthly" for path in tapes) and not origins:
        raise InputError("The monthly performance file needs its origination (acquisition) file; add it.")
    return _read(tapes, origins, investors.pop(), at, batch_rows, order, cap, detail)


def _read(
    tapes: list[Path],
    origins: list[Path],
    investor: str,
    at: At,
    batch_rows: int,
    order: Order,
    cap: int,
    detail: bool,
) -> Iterator[Batch]:
    table, first = _origination(origins, cap) if origins else (None, [])
    walker = _Walker(investor, at, cap, detail)
    gather = _Gather(batch_rows)
    gather.findings.extend(first)
    sources = [(path, FileFindings(need_layout(path), cap)) for path in tapes]
    scattered = order == "any" or (order == "auto" and _looks_scattered(tapes))
    seen = None if scattered else _Seen()
    stream = (
        spill(sources) if scattered else (piece for path, found in sources for piece in pieces(path, found))
    )
    for piece in stream:
        extra = []
        split_rows = 0
        if seen is not None and piece.loans:
            piece, split_rows, finding = seen.without_repeats(piece, cap)
            extra.append(finding)
        if table is not None and piece.loans:
            piece, finding = _join(piece, table)
            extra.append(finding)
        frame, skipped, findings = walker(piece)
        read = frame.height + skipped + piece.refused + (split_rows if at == "each" else 0)
        counts = [walker.take_counts(), *(count_findings(entry) for entry in extra)]
        counts += [found.take_counts() for _, found in sources]
        gather.add(frame, read, [piece.findings, *extra, findings], counts)
        yield from gather.full()
    yield from gather.rest()


@dataclass(slots=True)
class _Gather:
    """Puts small pieces together into batches of about the wanted size."""

    size: int
    frames: list[pl.DataFrame] = field(default_factory=list)
    findings: list[pl.DataFrame] = field(default_factory=list)
    counts: list[pl.DataFrame] = field(default_factory=list)
    read: int = 0
    held: int = 0

    def add(
        self, frame: pl.DataFrame, read: int, findings: list[pl.DataFrame], counts: list[pl.DataFrame]
    ) -> None:
        self.frames.append(frame)
        self.findings += findings
        self.counts += counts
        self.read += read
        self.held += frame.height

    def full(self) -> Iterator[Batch]:
        if self.held >= self.size:
            yield from self._cut()

    def rest(self) -> Iterator[Batch]:
        if self.frames:
            yield from self._cut()

    def _cut(self) -> Iterator[Batch]:
        frame = pl.concat(self.frames)
        skipped = self.read - self.held
        findings, counts = join_findings(self.findings), add_counts(self.counts)
        self.frames, self.findings, self.counts, self.read, self.held = [], [], [], 0, 0
        for start in range(0, max(1, frame.height), self.size):
            part = frame.slice(start, self.size)
            lost = skipped if start == 0 else 0
            yield Batch(
                facts=part,
                findings=findings if start == 0 else no_findings(),
                read=part.height + lost,
                skipped=lost,
                counts=counts if start == 0 else counts.clear(),
            )


@dataclass(slots=True)
class _Seen:
    """Notices loans that come again. Costs nothing while loan ids ascend, and 60 bytes a loan otherwise."""

    highest: str = ""
    known: set[int] | None = None
    passed: list[np.ndarray[Any, np.dtype[np.uint64]]] = field(default_factory=list)

    def without_repeats(self, piece: LoanMonths, cap: int) -> tuple[LoanMonths, int, pl.DataFrame]:
        """Take loans that came before out of a piece; returns it, the rows taken out, and findings."""
        hashes = piece.loan_ids.hash(seed=0).to_numpy()
        ids = piece.loan_ids
        if self.known is None:
            if ids[0] > self.highest and bool((ids.shift(-1) > ids).fill_null(True).all()):
                self.highest = ids[-1]
                self.passed.append(hashes)
                return piece, 0, no_findings()
            self.known = set()
            for part in self.passed:
                self.known.update(part.tolist())
            self.passed.clear()
        fresh = np.ones(piece.loans, np.bool_)
        for place, key in enumerate(hashes.tolist()):
            if key in self.known:
                fresh[place] = False
            self.known.add(key)
        if fresh.all():
            return piece, 0, no_findings()
        return _keep_loans(piece, fresh, cap)


def _keep_loans(piece: LoanMonths, fresh: Any, cap: int) -> tuple[LoanMonths, int, pl.DataFrame]:
    sizes = np.diff(piece.starts)
    loan_of = np.repeat(np.arange(piece.loans), sizes)
    rows = np.flatnonzero(fresh[loan_of])
    gone = np.flatnonzero(~fresh[loan_of])
    rule = WALK_RULES[derive.W_SPLIT]
    frames = [
        rule.one(row=int(piece.lines[row]), loan_id=piece.loan_ids[int(loan_of[row])], field="loan_id")
        for row in gone[:cap]
    ]
    kept = np.flatnonzero(fresh)
    names = piece.names if piece.names is None else piece.names.gather(pl.Series(rows, dtype=pl.UInt32))
    return (
        LoanMonths(
            rows=len(rows),
            loans=len(kept),
            loan_ids=piece.loan_ids.gather(pl.Series(kept, dtype=pl.UInt32)),
            starts=np.concatenate([[0], np.cumsum(sizes[kept])]).astype(np.int64),
            lines=piece.lines[rows],
            monthly=np.ascontiguousarray(piece.monthly[:, rows]),
            static=np.ascontiguousarray(piece.static[:, kept]),
            history=np.ascontiguousarray(piece.history[kept]),
            text=piece.text,
            names=names,
            read=piece.read,
            refused=piece.refused,
            findings=piece.findings,
        ),
        len(gone),
        join_findings(frames),
    )


def _looks_scattered(tapes: list[Path]) -> bool:
    """Tell from the beginning of each file whether loans' rows are scattered over the tape."""
    seen: set[str] = set()
    for path in tapes:
        rows, runs, more = first_loans(path, need_layout(path))
        distinct = set(runs)
        # A loan comes again, or every row is another loan's: then this is one month of many, or may be.
        if len(distinct) < len(runs) or distinct & seen or (more and rows < 1.5 * len(runs)):
            return True
        seen |= distinct
    return False


# -- amortization ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AmortizationCheck:
    """How well reported balances follow from the installment derived from the months before.

    ``classes``: [event, months], for months that were current here and in the month before, and the others.
    ``matched`` counts months within one dollar, ``compared`` current-to-current months with both balances and
    an installment.
    """

    loan_months: int
    compared: int
    matched: int
    classes: pl.DataFrame

    @property
    def share(self) -> float:
        """Share of compared months that matched."""
        return self.matched / self.compared if self.compared else float("nan")


_COMPARED: Final = (
    "matched", "curtailment", "two payments", "no payment posted", "rate change", "balance rose",
    "less principal than scheduled",
)  # fmt: skip


def amortization_check(paths: Path | str | Iterable[Path | str], **options: Any) -> AmortizationCheck:
    """Compare each current-to-current month's balance with the one that the month before leads to.

    Takes the options of `read_performance`, except ``at`` and ``detail``. The installment is the one known
    *before* the month compared, except that the month which confirms an installment a second time may use it.
    """
    totals: pl.DataFrame | None = None
    for batch in read_performance(paths, at="each", detail=True, **options):
        part = batch.facts.group_by("event").agg(months=pl.len().cast(pl.Int64))
        totals = (
            part
            if totals is None
            else pl.concat([totals, part]).group_by("event").agg(pl.col("months").sum())
        )
    classes = (
        pl.DataFrame(schema={"event": pl.Enum(derive.EVENTS), "months": pl.Int64})
        if totals is None
        else totals
    )
    classes = classes.sort("months", "event", descending=[True, False])
    months = dict(classes.cast({"event": pl.String}).iter_rows())
    return AmortizationCheck(
        loan_months=sum(months.values()),
        compared=sum(months.get(name, 0) for name in _COMPARED),
        matched=months.get("matched", 0),
        classes=classes,
    )
