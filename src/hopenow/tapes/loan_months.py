"""Loan-performance files as arrays of loan-months, whole loans at a time, in bounded memory.

`pieces` reads a file of a layout of `layouts`, pipe-delimited text (plain or gzip; UTF-8, UTF-16 or Latin-1)
or Parquet with the layout's column names, and yields `LoanMonths`. In a file whose loans are not kept
together, `spill` sorts the loan-months into temporary files by loan first.
"""

from __future__ import annotations

import codecs
import itertools
import queue
import tempfile
import threading
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from hopenow.errors import InputError
from hopenow.facts.derived import month_index
from hopenow.facts.findings import (
    COUNT_COLUMNS,
    DEFAULT_CAP,
    FindingCounts,
    FindingRule,
    join_findings,
    no_findings,
)
from hopenow.tapes import scan
from hopenow.tapes.layouts import (
    HISTORY,
    LAYOUTS,
    LOAN_ID,
    MONEY,
    MONTH,
    MONTHLY,
    MONTHLY_INDEX,
    NAME,
    RATE,
    SKIP,
    STATIC,
    STATUS,
    WHOLE,
    WORD,
    Layout,
)
from hopenow.tapes.scan import HISTORY_MONTHS, NULL, Bytes, Ints

Item = TypeVar("Item")

BLOCK: Final = 16 << 20
"""Bytes of text read at a time."""
PARQUET_ROWS: Final = 1 << 18
"""Rows of Parquet read at a time."""
_HEAD_ROWS: Final = 20_000
_ROWS_PER_WORD: Final = 4
"""Words that come at least so often are read once each."""
_DELIMITER: Final = ord("|")
_NEWLINE: Final = b"\n"
_SERVICER: Final = MONTHLY_INDEX["servicer"]

RULES: Final = (
    FindingRule(
        "SHAPE-FIELD-COUNT",
        "shape",
        "error",
        "The line does not have the layout's number of fields.",
        "Deliver it whole.",
    ),
    FindingRule("SHAPE-LOAN-ID", "shape", "error", "The row has no loan identifier.", "Fill it in."),
    FindingRule(
        "SHAPE-PERIOD",
        "shape",
        "error",
        "The reporting month cannot be read.",
        "Write it as the layout says.",
    ),
    FindingRule(
        "SHAPE-NULL-WORD",
        "shape",
        "warning",
        "A word stands for an empty field.",
        "It is taken as unknown; leave it empty.",
    ),
    FindingRule(
        "SHAPE-FLOAT",
        "shape",
        "warning",
        "A whole number is written with decimals.",
        "The zeros after the point are ignored.",
    ),
    FindingRule(
        "SHAPE-LEADING-ZERO", "shape", "warning", "A date lost its leading zero.", "The zero is put back."
    ),
    FindingRule(
        "SHAPE-MONEY",
        "shape",
        "warning",
        "Not an amount in dollars and cents.",
        "It is taken as unknown; correct it.",
    ),
    FindingRule(
        "SHAPE-RATE", "shape", "warning", "Not a rate in percent.", "It is taken as unknown; correct it."
    ),
    FindingRule(
        "SHAPE-INTEGER", "shape", "warning", "Not a whole number.", "It is taken as unknown; correct it."
    ),
    FindingRule(
        "SHAPE-DATE", "shape", "warning", "Not a calendar month.", "It is taken as unknown; correct it."
    ),
    FindingRule(
        "SHAPE-STATUS", "shape", "warning", "Not a delinquency status.", "It is taken as unknown; correct it."
    ),
    FindingRule(
        "SHAPE-CODE", "shape", "warning", "Not a code of the layout.", "It is taken as unknown; correct it."
    ),
)
"""Rules of the scanner, in its order (`scan.R_FIELD_COUNT` and following)."""
TRUNCATED: Final = FindingRule(
    "SHAPE-TRUNCATED",
    "shape",
    "error",
    "The file breaks off within its last line.",
    "Deliver the file again.",
)
BROKEN_ARCHIVE: Final = FindingRule(
    "SHAPE-ARCHIVE",
    "shape",
    "warning",
    "The compressed file is damaged or breaks off.",
    "What came before is read; deliver it again.",
)
ENCODING: Final = FindingRule(
    "SHAPE-ENCODING",
    "shape",
    "warning",
    "The text is not UTF-8.",
    "It is read in the encoding found; deliver UTF-8.",
)
HEADER: Final = FindingRule(
    "SHAPE-HEADER",
    "shape",
    "warning",
    "The first line holds field names.",
    "It is passed over; the layout has no header.",
)


@dataclass(slots=True)
class LoanMonths:
    """Loan-months of whole loans.

    ``monthly`` is [`MONTHLY` column, row], ``static`` [`STATIC` column, loan], ``history`` [loan, months
    back]; the arrays may be longer than ``rows`` and ``loans``. ``starts`` has the first row of each loan and
    the end. ``lines`` has each row's line (or row) number in its file. ``read`` counts lines, ``refused``
    those of them that are not among the rows.
    """

    rows: int
    loans: int
    loan_ids: pl.Series
    starts: Ints
    lines: Ints
    monthly: Ints
    static: Ints
    history: Ints
    text: Bytes
    names: pl.Series | None = None
    read: int = 0
    refused: int = 0
    findings: pl.DataFrame = field(default_factory=no_findings)

    def servicers(self, rows: Ints) -> pl.Series:
        """Servicer names of the given rows."""
        if self.names is not None:
            return self.names.gather(pl.Series(rows, dtype=pl.UInt32)).cast(pl.String)
        places = self.monthly[_SERVICER][rows]
        lengths = np.where(places == NULL, 0, places % 1024)
        out = np.empty(int(lengths.sum()), np.uint8)
        offsets = np.empty(len(rows) + 1, np.int64)
        scan.gather_names(self.text, places, out, offsets)
        valid = np.packbits(places != NULL, bitorder="little")
        buffers = [pa.py_buffer(valid), pa.py_buffer(offsets), pa.py_buffer(out)]
        array = pa.Array.from_buffers(pa.large_utf8(), len(rows), buffers)
        return pl.Series("servicer", array, dtype=pl.String)


@dataclass(slots=True)
class FileFindings:
    """Findings of one file: counted all, kept up to a cap per rule."""

    layout: Layout
    cap: int = DEFAULT_CAP
    kept: Ints = field(default_factory=lambda: np.zeros(scan.SCAN_RULES, np.int64))
    counts: Ints = field(default_factory=lambda: np.zeros((scan.SCAN_RULES, scan.MAX_FIELDS), np.int64))
    others: FindingCounts = field(default_factory=FindingCounts)
    cuts: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))

    def __post_init__(self) -> None:
        """Give every rule the same cap."""
        self.others.cap = self.cap

    def take_counts(self) -> pl.DataFrame:
        """Counts of the scanner's rules since the last call, as a count frame."""
        rows = [
            (
                RULES[rule].phase,
                RULES[rule].severity,
                RULES[rule].id,
                self.field_name(rule, place),
                int(self.counts[rule, place]),
            )
            for rule, place in np.argwhere(self.counts)
        ]
        self.counts[:] = 0
        return pl.DataFrame(rows, schema=dict(COUNT_COLUMNS), orient="row")

    def field_name(self, rule: int, place: int) -> str | None:
        """Name of the field that a scanner event is about; None for a whole line."""
        return (
            None
            if rule == scan.R_FIELD_COUNT or place >= len(self.layout.fields)
            else self.layout.fields[place]
        )


def is_parquet(path: Path) -> bool:
    """Tell whether a file is Parquet by its first bytes."""
    with path.open("rb") as stream:
        return stream.read(4) == b"PAR1"


def ahead(items: Iterable[Item], depth: int = 2) -> Iterator[Item]:
    """Iterate over ``items`` while a thread makes the next ones (unpacking and kernels run beside Python)."""
    ready: queue.Queue[tuple[bool, Any]] = queue.Queue(depth)
    stopped = threading.Event()

    def put(entry: tuple[bool, Any]) -> bool:
        while not stopped.is_set():
            try:
                ready.put(entry, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put((True, item)):
                    return
        except BaseException as error:  # noqa: BLE001  (handed to the consumer, who raises it)
            put((False, error))
            return
        put((False, None))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            more, value = ready.get()
            if more:
                yield value
            elif value is None:
                return
            else:
                raise value
    finally:
        stopped.set()
        thread.join()


# -- text ------------------------------------------------------------------------------------------


def _partial_gzip(path: Path, notes: list[pl.DataFrame]) -> Iterator[bytes]:
    """Yield decompressed bytes as far as a gzip file goes; several members may follow one another."""
    with path.open("rb") as stream:
        unpacker = zlib.decompressobj(31)
        while True:
            block = stream.read(1 << 20)
            if not block:
                if not unpacker.eof:
                    notes.append(BROKEN_ARCHIVE.one())
                return
            while block:
                try:
                    out = unpacker.decompress(block, BLOCK)
                except zlib.error as error:
                    notes.append(BROKEN_ARCHIVE.one(value=str(error)))
                    return
                if out:
                    yield out
                if unpacker.eof:
                    block = unpacker.unused_data.lstrip(b"\x00")
                    if block:
                        unpacker = zlib.decompressobj(31)
                else:
                    block = unpacker.unconsumed_tail


def _raw_blocks(path: Path, notes: list[pl.DataFrame]) -> Iterator[bytes]:
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    if packed:
        yield from _partial_gzip(path, notes)
        return
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            yield block


def _text_blocks(path: Path, notes: list[pl.DataFrame]) -> Iterator[bytes]:
    """Yield the file's text as bytes whose delimiters are single bytes, without a byte-order mark."""
    decoder: codecs.IncrementalDecoder | None = None
    pending = b""
    size = 0
    first = True
    for block in _raw_blocks(path, notes):
        if first:
            first = False
            if block[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                decoder = codecs.getincrementaldecoder("utf-16")("replace")
                notes.append(ENCODING.one(value="UTF-16"))
            elif block[:3] == codecs.BOM_UTF8:
                block = block[3:]
        text = block if decoder is None else decoder.decode(block).encode("utf-8")
        pending = pending + text if pending else text
        size = len(pending)
        if size >= BLOCK:
            yield pending
            pending = b""
    if pending:
        yield pending


def _utf8(text: bytes, notes: list[pl.DataFrame], noted: list[bool]) -> bytes:
    """Return text as UTF-8; text that is not is taken for Latin-1, and that is noted once."""
    if text.isascii():
        return text
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        if not noted:
            noted.append(True)
            notes.append(ENCODING.one(value="Latin-1"))
        return text.decode("latin-1").encode("utf-8")
    return text


def _text_pieces(path: Path, found: FileFindings, every_row: bool) -> Iterator[LoanMonths]:
    layout = found.layout
    notes: list[pl.DataFrame] = []
    noted: list[bool] = []
    carry = b""
    line = 1
    id_field = layout.fields.index(next(name for name, (kind, _) in layout.reads.items() if kind == LOAN_ID))
    for block in ahead(_text_blocks(path, notes)):
        text = carry + block
        end = text.rfind(_NEWLINE) + 1
        if line == 1 and end and _is_header(text[: text.find(_NEWLINE)], layout):
            notes.append(HEADER.one(row=1))
            text = text[text.find(_NEWLINE) + 1 :]
            end = text.rfind(_NEWLINE) + 1
            line = 2
        if not every_row and end:
            end = scan.last_loan(np.frombuffer(text, np.uint8), 0, end, _DELIMITER, id_field)
        if end:
            piece, lines = _scan(_utf8(text[:end], notes, noted), line, found, every_row)
            line += lines
            yield _with_notes(piece, notes, found)
        carry = text[end:]
    lost = None
    last = carry[carry.rfind(_NEWLINE) + 1 :]
    if last.strip() and last.count(b"|") + 1 != len(layout.fields):
        carry = carry[: len(carry) - len(last)]
        lost = TRUNCATED.one(row=line + carry.count(_NEWLINE), value=last.decode("utf-8", "replace"))
    piece, _ = _scan(_utf8(carry, notes, noted), line, found, every_row)
    if lost is not None:
        piece.read += 1
        piece.refused += 1
        notes.append(lost)
    yield _with_notes(piece, notes, found)


def _with_notes(piece: LoanMonths, notes: list[pl.DataFrame], found: FileFindings) -> LoanMonths:
    if notes:
        piece.findings = join_findings([piece.findings, found.others.keep(join_findings(notes))])
        notes.clear()
    return piece


def _is_header(line: bytes, layout: Layout) -> bool:
    words = [word.strip().lower() for word in line.decode("latin-1").strip().split("|")]
    return sum(word in layout.reads for word in words) >= 3


def _scan(text: bytes, first_line: int, found: FileFindings, every_row: bool) -> tuple[LoanMonths, int]:
    """Scan whole lines; returns the loan-months and the number of lines."""
    layout = found.layout
    lines = text.count(_NEWLINE) + 1
    monthly = np.empty((len(MONTHLY), lines), np.int64)
    buffer = np.frombuffer(text, np.uint8)
    kinds = np.array(layout.kinds, np.int64)
    targets = np.array(layout.targets, np.int64)
    id_field = int(np.flatnonzero(kinds == LOAN_ID)[0])
    wanted = [place for place in np.flatnonzero(kinds != SKIP).tolist() if place != id_field]
    # Static fields come last: they are left out where the loan is the same as in the row above.
    reads = np.array(sorted(wanted, key=lambda place: not 0 <= targets[place] < 100), np.int64)
    for column in set(range(len(MONTHLY))) - set(targets.tolist()):
        monthly[column] = NULL
    # Arrays are bounds: memory that is never written costs nothing.
    static = np.empty((len(STATIC), lines), np.int64)
    history = np.empty((lines, HISTORY_MONTHS), np.int64)
    numbers = np.empty(lines, np.int64)
    ids = np.empty((lines, 2), np.int64)
    starts = np.empty(lines + 1, np.int64)
    room = int(np.maximum(found.cap - found.kept, 0).sum())
    events = np.empty((min(room, lines * len(layout.fields)), 5), np.int64)
    sums = np.zeros(6, np.int64)
    if len(found.cuts) < len(text) + 2:
        found.cuts = np.empty(len(text) * 5 // 4 + 2, np.int32)
    cuts = scan.find_cuts(buffer, len(text), _DELIMITER, found.cuts)
    scan.scan_lines(
        buffer, len(text), found.cuts, cuts, first_line, int(layout.year_first), int(every_row), id_field,
        reads, kinds, targets, found.cap, monthly, static, history, numbers, ids, starts, found.kept,
        found.counts, events, sums,
    )  # fmt: skip
    rows, loans, read, refused, event, seen = (int(value) for value in sums)
    loan_ids = pl.Series(
        "loan_id", [text[start:end].decode("utf-8") for start, end in ids[:loans].tolist()], dtype=pl.String
    )
    piece = LoanMonths(
        rows=rows,
        loans=loans,
        loan_ids=loan_ids,
        starts=starts[: loans + 1],
        lines=numbers,
        monthly=monthly,
        static=static,
        history=history,
        text=buffer,
        read=read,
        refused=refused,
    )
    piece.findings = _event_findings(text, events[:event], piece, found)
    return piece, seen


def _event_findings(text: bytes, events: Ints, piece: LoanMonths, found: FileFindings) -> pl.DataFrame:
    frames: list[tuple[int, str | None, int, int, str]] = []
    for rule, place, line, start, end in events.tolist():
        row = int(np.searchsorted(piece.lines[: piece.rows], line))
        loan = None
        if row < piece.rows and piece.lines[row] == line:
            loan = piece.loan_ids[int(np.searchsorted(piece.starts, row, side="right")) - 1]
        frames.append(
            (line, loan, rule, place, text[start : min(end, start + 80)].decode("utf-8", "replace"))
        )
    if not frames:
        return no_findings()
    rules = [RULES[entry[2]] for entry in frames]
    columns = {
        "row": [entry[0] for entry in frames],
        "loan_id": [entry[1] for entry in frames],
        "phase": [rule.phase for rule in rules],
        "severity": [rule.severity for rule in rules],
        "rule": [rule.id for rule in rules],
        "field": [found.field_name(entry[2], entry[3]) for entry in frames],
        "value": [entry[4] for entry in frames],
        "message": [rule.message for rule in rules],
    }
    return pl.DataFrame(columns, schema=no_findings().schema)


# -- Parquet ---------------------------------------------------------------------------------------


def _parquet_pieces(path: Path, found: FileFindings, every_row: bool) -> Iterator[LoanMonths]:
    layout = found.layout
    with pq.ParquetFile(path) as source:
        total = source.metadata.num_rows
        names = [name for name in layout.reads if name in source.schema_arrow.names]
    tape = pl.scan_parquet(path, glob=False, hive_partitioning=False, use_statistics=False).select(names)
    first = 1
    for table in ahead(_whole_loans(path, tape, total, layout, every_row)):
        yield _from_table(table, first, found, every_row)
        first += table.height


def _whole_loans(
    path: Path, tape: pl.LazyFrame, total: int, layout: Layout, every_row: bool
) -> Iterator[pl.DataFrame]:
    """Yield slices that end where a loan ends; rows of a loan that was cut are read again with the next slice."""
    start, size = 0, PARQUET_ROWS
    while start < total:
        try:
            table = tape.slice(start, size).collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            words = str(error).strip().split("\n")[0]
            raise InputError(f"{path} is damaged after row {start}: {words}; export it again") from None
        if table.is_empty():
            raise InputError(f"{path} is damaged after row {start}: rows are missing; export it again")
        end = table.height
        if not every_row and start + end < total:
            ids = _loan_ids(table, layout)
            end = int((ids != ids.shift(1)).fill_null(True).arg_true()[-1])
        if not end:
            # One loan fills the slice.
            size *= 2
            continue
        yield table.slice(0, end)
        start, size = start + end, PARQUET_ROWS


def _loan_ids(table: pl.DataFrame, layout: Layout) -> pl.Series:
    return table[next(name for name, (kind, _) in layout.reads.items() if kind == LOAN_ID)]


def _from_table(table: pl.DataFrame, first: int, found: FileFindings, every_row: bool) -> LoanMonths:
    layout = found.layout
    ids = _loan_ids(table, layout)
    if ids.dtype != pl.String:
        ids = ids.cast(pl.String)
    read = table.height
    numbers = np.arange(first, first + read, dtype=np.int64)
    monthly = np.empty((len(MONTHLY), read), np.int64)
    unfilled = set(range(len(MONTHLY)))
    by_row: dict[int, Ints] = {}
    findings = []
    names: pl.Series | None = None
    histories: pl.Series | None = None
    changed = (ids != ids.shift(1)).fill_null(True)
    heads = changed.arg_true().to_numpy().astype(np.int64)
    for place, name in enumerate(layout.fields):
        kind, _ = layout.reads.get(name, (SKIP, ""))
        if kind in (SKIP, LOAN_ID) or name not in table.columns:
            continue
        column = table[name]
        target = layout.targets[place]
        if kind == NAME:
            names = column.alias("servicer")
        elif kind == HISTORY:
            histories = column.cast(pl.String)
        else:
            if target >= 100 and not every_row:
                column = column.gather(pl.Series(heads))
            values, codes = _column_values(column, kind, layout.year_first)
            if codes is not None:
                where = numbers if target < 100 or every_row else numbers[heads]
                findings.append(_column_findings(column, codes, kind, place, where, found))
            if target < 100:
                monthly[target] = values
                unfilled.discard(target)
            else:
                by_row[target - 100] = values
    for target in unfilled:
        monthly[target] = NULL
    slots = read if every_row else len(heads)
    static = np.full((len(STATIC), slots), NULL, np.int64)
    for target, values in by_row.items():
        static[target] = values
    history = np.full((slots, HISTORY_MONTHS), -1, np.int64)
    if histories is not None:
        chosen = histories if every_row else histories.gather(heads)
        for slot, entry in enumerate(chosen.to_list()):
            if entry:
                scan.parse_history(np.frombuffer(entry.encode(), np.uint8), 0, len(entry), history[slot])
    starts = np.append(heads, read).astype(np.int64)
    piece = LoanMonths(
        rows=read,
        loans=len(heads),
        loan_ids=ids.gather(pl.Series(heads, dtype=pl.UInt32)).alias("loan_id"),
        starts=starts,
        lines=numbers,
        monthly=monthly,
        static=static,
        history=history,
        text=np.empty(0, np.uint8),
        names=names
        if names is not None
        else pl.Series("servicer", [None], dtype=pl.String).new_from_index(0, read),
        read=read,
        findings=join_findings(findings),
    )
    missing = piece.loan_ids.is_null().any() or bool((monthly[0] == NULL).any())
    return _without_rows(piece, ids, found, every_row) if missing else piece


def _without_rows(piece: LoanMonths, ids: pl.Series, found: FileFindings, every_row: bool) -> LoanMonths:
    """Take out the rows that have no loan or no month."""
    no_month = piece.monthly[0] == NULL
    no_loan = ids.is_null().to_numpy()
    keep = ~(no_month | no_loan)
    frames: list[pl.DataFrame] = []
    for flags, rule, name in (
        (no_loan, scan.R_LOAN_ID, "loan_id"),
        (no_month & ~no_loan, scan.R_PERIOD, "reporting_period"),
    ):
        places = np.flatnonzero(flags)
        found.counts[rule, 0] += len(places)
        room = max(0, found.cap - int(found.kept[rule]))
        found.kept[rule] += min(room, len(places))
        frames.extend(
            RULES[rule].one(row=int(piece.lines[row]), loan_id=ids[int(row)], field=name)
            for row in places[:room]
        )
    rows = np.flatnonzero(keep)
    loan_of = np.repeat(np.arange(piece.loans), np.diff(piece.starts))[rows]
    loans, heads = np.unique(loan_of, return_index=True)
    chosen = rows if every_row else loans
    return LoanMonths(
        rows=len(rows),
        loans=len(loans),
        loan_ids=piece.loan_ids.gather(pl.Series(loans, dtype=pl.UInt32)),
        starts=np.append(heads, len(rows)).astype(np.int64),
        lines=piece.lines[rows],
        monthly=np.ascontiguousarray(piece.monthly[:, rows]),
        static=np.ascontiguousarray(piece.static[:, chosen]),
        history=np.ascontiguousarray(piece.history[chosen]),
        text=piece.text,
        names=None if piece.names is None else piece.names.gather(pl.Series(rows, dtype=pl.UInt32)),
        read=piece.read,
        refused=piece.rows - len(rows),
        findings=join_findings([piece.findings, *frames]),
    )


def _column_values(series: pl.Series, kind: int, year_first: bool) -> tuple[Ints, Ints | None]:
    """Turn a column into whole numbers, with parse codes (None where the type leaves no doubt)."""
    if series.null_count() == len(series):
        return np.full(len(series), NULL, np.int64), None
    if kind == WORD and (series.dtype == pl.String or isinstance(series.dtype, (pl.Categorical, pl.Enum))):
        return _word_values(series.cast(pl.String), kind, year_first)
    if series.dtype.is_decimal() and kind in (MONEY, RATE):
        scaled = _scaled_decimals(series.rechunk().to_arrow(), 2 if kind == MONEY else 4)
        if scaled is not None:
            return scaled
    if series.dtype.is_integer() and kind in (WHOLE, STATUS):
        whole = series.cast(pl.Int64)
        if kind == STATUS:
            whole = whole.set(whole < 0, -12)
        return whole.fill_null(NULL).to_numpy(), None
    if series.dtype in (pl.Date, pl.Datetime) and kind == MONTH:
        months = pl.select(month_index(pl.lit(series.cast(pl.Date))).cast(pl.Int64) - 1).to_series()
        return months.fill_null(NULL).to_numpy(), None
    if kind in (MONEY, RATE):
        quick = _scaled_numbers(series, 2 if kind == MONEY else 4)
        if quick is not None:
            return quick
    if series.dtype.is_float() and kind in (WHOLE, STATUS, MONTH):
        whole_numbers = series == series.round(0)
        if bool(whole_numbers.fill_null(True).all()):
            series = series.cast(pl.Int64)
    if series.dtype == pl.Boolean:
        series = series.replace_strict({True: "Y", False: "N"}, return_dtype=pl.String)
    return _text_values(series.cast(pl.String), kind, year_first)


def _word_values(text: pl.Series, kind: int, year_first: bool) -> tuple[Ints, Ints | None]:
    """Read each different word once: there are few."""
    words = text.drop_nulls().unique()
    if len(words) > len(text) // _ROWS_PER_WORD:
        return _text_values(text, kind, year_first)
    values, codes = (np.append(read, gone) for read, gone in zip(
        _text_values(words, kind, year_first), (NULL, scan.BLANK), strict=True
    ))
    places = text.cast(pl.Enum(words)).to_physical().cast(pl.UInt32).fill_null(len(words)).to_numpy()
    return values[places], codes[places]


def _text_values(text: pl.Series, kind: int, year_first: bool) -> tuple[Ints, Ints]:
    strings = text.fill_null("").to_arrow().cast(pa.large_string())
    offsets = np.frombuffer(strings.buffers()[1], np.int64)[
        strings.offset : strings.offset + len(strings) + 1
    ]
    data = strings.buffers()[2]
    content = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    values = np.empty(len(strings), np.int64)
    codes = np.empty(len(strings), np.int64)
    scan.parse_column(content, offsets, kind, int(year_first), values, codes)
    return values, codes


def _scaled_decimals(array: pa.Array, places: int) -> tuple[Ints, Ints | None] | None:
    """Scale decimals that fit 64 bits to their smallest unit; None for wider ones or finer ones."""
    if array.type.scale > places or array.type.precision > 18:
        return None
    words = np.frombuffer(array.buffers()[1], np.int64)[
        2 * array.offset : 2 * (array.offset + len(array)) : 2
    ]
    values = words * 10 ** (places - array.type.scale)
    bad = values < 0
    if array.null_count:
        gone = array.is_null().to_numpy(zero_copy_only=False)
        bad = bad & ~gone
        values = np.where(gone, NULL, values)
    if not bad.any():
        return values, None
    return np.where(bad, NULL, values), np.where(bad, scan.UNREADABLE, scan.OK)


def _scaled_numbers(series: pl.Series, places: int) -> tuple[Ints, Ints | None] | None:
    """Scale numbers to their smallest unit; a float is exact within a ten-thousandth of that unit."""
    scale = 10**places
    if series.dtype.is_integer():
        whole = series.cast(pl.Int64)
        values = whole.fill_null(-1).to_numpy()
        return np.where(values < 0, NULL, values * scale), None
    gone = series.is_null().to_numpy()
    if series.dtype.is_float():
        numbers = series.fill_null(0.0).cast(pl.Float64).to_numpy() * scale
        nearest = np.rint(numbers)
        bad = ~(np.abs(numbers - nearest) < 1e-4) | (nearest < 0) | (nearest > 1e15)
        nearest = np.where(bad | gone, 0.0, nearest)
        codes = np.where(gone, scan.BLANK, np.where(bad, scan.INEXACT, scan.OK))
        return np.where(gone | bad, NULL, nearest.astype(np.int64)), codes
    return None


def _column_findings(
    column: pl.Series, codes: Ints, kind: int, place: int, numbers: Ints, found: FileFindings
) -> pl.DataFrame:
    bad = np.flatnonzero(codes > scan.BLANK)
    if not len(bad):
        return no_findings()
    frames: list[pl.DataFrame] = []
    for code in np.unique(codes[bad]).tolist():
        rule = int(scan.broken_rule(kind, code))
        rows = bad[codes[bad] == code]
        found.counts[rule, place] += len(rows)
        room = max(0, found.cap - int(found.kept[rule]))
        found.kept[rule] += min(room, len(rows))
        frames.extend(
            RULES[rule].one(
                row=int(numbers[row]), field=found.layout.fields[place], value=str(column[int(row)])
            )
            for row in rows[:room]
        )
    return join_findings(frames)


# -- either ----------------------------------------------------------------------------------------


def pieces(path: Path, found: FileFindings, *, every_row: bool = False) -> Iterator[LoanMonths]:
    """Yield a file's loan-months, never cutting a loan in two where its rows stand together.

    With ``every_row`` the static fields are read in every row, so that the rows may be put in another order;
    ``static`` and ``history`` then have one entry for each row instead of each loan, and pieces may cut
    through a loan.
    """
    source = _parquet_pieces if is_parquet(path) else _text_pieces
    yield from ahead(source(path, found, every_row))


def recognize(path: Path) -> Layout | None:
    """Return a file's layout by its column names (Parquet) or the number of its fields; None if unknown."""
    if is_parquet(path):
        names = set(pq.read_schema(path).names)
        fits = [layout for layout in LAYOUTS if set(layout.reads) <= names]
        return max(fits, key=lambda layout: len(layout.reads), default=None)
    blocks = _text_blocks(path, [])
    head = next(blocks, b"")[: 1 << 16]
    lines = [line for line in head.decode("latin-1").splitlines() if line.strip()]
    widths = [line.count("|") + 1 for line in (lines[:-1] if len(lines) > 1 else lines)]
    for width in sorted(set(widths), key=widths.count, reverse=True):
        fits = [layout for layout in LAYOUTS if len(layout.fields) == width]
        if len(fits) == 1:
            return fits[0]
        if fits:
            # Freddie Mac's two files have as many fields as each other: only in one does the loan number come
            # first.
            sample = next(line for line in lines if line.count("|") + 1 == width).split("|")
            monthly = not sample[19].strip()[:1].isalpha() if len(sample[0].strip()) != 12 else True
            return next(layout for layout in fits if (layout.role == "monthly") == monthly)
    return None


def first_loans(path: Path, layout: Layout) -> tuple[int, list[str], bool]:
    """Return how many rows a file's head has, the loan of each run of rows in it, and whether rows follow."""
    if is_parquet(path):
        name = next(name for name, (kind, _) in layout.reads.items() if kind == LOAN_ID)
        with pq.ParquetFile(path) as source:
            batch = next(source.iter_batches(batch_size=_HEAD_ROWS, columns=[name]), None)
            ids = [] if batch is None else [str(value) for value in batch.column(0).to_pylist()]
            more = source.metadata.num_rows > len(ids)
    else:
        place = layout.kinds.index(LOAN_ID)
        text = next(_text_blocks(path, []), b"")
        more = len(text) >= BLOCK
        lines = text.split(_NEWLINE, _HEAD_ROWS)
        more = more or len(lines) > _HEAD_ROWS
        cells = [line.split(b"|", place + 1) for line in lines[:_HEAD_ROWS]]
        ids = [cell[place].strip().decode("latin-1") for cell in cells if len(cell) > place]
    ids = [key for key in ids if key]
    return len(ids), [key for key, _ in itertools.groupby(ids)], more


def spill(sources: Iterable[tuple[Path, FileFindings]], parts: int = 16) -> Iterator[LoanMonths]:
    """Read files whose loans' rows are scattered: sort them into temporary files by loan, then read those.

    Memory is bounded by the largest of ``parts``; the temporary folder needs about 400 bytes for each
    loan-month.
    """
    with tempfile.TemporaryDirectory(prefix="hopenow-") as folder:
        count = [0] * parts
        for number, (path, found) in enumerate(sources):
            for piece in pieces(path, found, every_row=True):
                frame = _as_frame(piece, number)
                shares = frame.with_columns(part=pl.col("loan_id").hash(seed=0) % parts).partition_by(
                    "part", as_dict=True
                )
                for key, share in shares.items():
                    part = int(key[0])
                    share.drop("part").write_ipc(Path(folder) / f"{part}-{count[part]}.arrow")
                    count[part] += 1
                yield _empty(piece)
        for part in range(parts):
            if count[part]:
                files = [Path(folder) / f"{part}-{place}.arrow" for place in range(count[part])]
                frame = pl.concat([pl.read_ipc(file) for file in files])
                yield _from_frame(frame.sort("loan_id", maintain_order=True))


def _as_frame(piece: LoanMonths, number: int) -> pl.DataFrame:
    loan_of = np.repeat(np.arange(piece.loans, dtype=np.uint32), np.diff(piece.starts))
    rows = np.arange(piece.rows, dtype=np.int64)
    columns: dict[str, Any] = {
        "loan_id": piece.loan_ids.gather(pl.Series(loan_of)),
        "servicer": piece.servicers(rows),
        "line": piece.lines[: piece.rows],
    }
    columns |= {f"m{place}": piece.monthly[place, : piece.rows] for place in range(len(MONTHLY))}
    columns |= {f"s{place}": piece.static[place, : piece.rows] for place in range(len(STATIC))}
    columns |= {
        f"h{back}": piece.history[: piece.rows, back].astype(np.int16) for back in range(HISTORY_MONTHS)
    }
    return pl.DataFrame(columns)


def _from_frame(frame: pl.DataFrame) -> LoanMonths:
    ids = frame["loan_id"]
    heads = (ids != ids.shift(1)).fill_null(True).arg_true()
    first = frame[heads]
    return LoanMonths(
        rows=frame.height,
        loans=len(heads),
        loan_ids=first["loan_id"],
        starts=np.append(heads.to_numpy(), frame.height).astype(np.int64),
        lines=frame["line"].to_numpy(),
        monthly=np.ascontiguousarray([frame[f"m{place}"].to_numpy() for place in range(len(MONTHLY))]),
        static=np.ascontiguousarray([first[f"s{place}"].to_numpy() for place in range(len(STATIC))]),
        history=np.ascontiguousarray(
            [first[f"h{back}"].to_numpy() for back in range(HISTORY_MONTHS)], dtype=np.int64
        ).T.copy(),
        text=np.empty(0, np.uint8),
        names=frame["servicer"],
    )


def _empty(piece: LoanMonths) -> LoanMonths:
    """Return the counts and findings of a piece whose rows have gone elsewhere."""
    return LoanMonths(
        rows=0,
        loans=0,
        loan_ids=piece.loan_ids.clear(),
        starts=np.zeros(1, np.int64),
        lines=np.empty(0, np.int64),
        monthly=np.empty((len(MONTHLY), 0), np.int64),
        static=np.empty((len(STATIC), 0), np.int64),
        history=np.empty((0, HISTORY_MONTHS), np.int64),
        text=np.empty(0, np.uint8),
        names=pl.Series("servicer", [], dtype=pl.String),
        read=piece.read,
        refused=piece.refused,
        findings=piece.findings,
    )


def need_layout(path: Path) -> Layout:
    """Return the layout of a file.

    Raises:
        InputError: the file is of no known layout, or missing.
    """
    if not path.is_file():
        raise InputError(f"{path} is not a file.")
    layout = recognize(path)
    if layout is None:
        known = "; ".join(layout.title for layout in LAYOUTS)
        raise InputError(
            f"{path} is in none of the loan-performance layouts ({known}). Use a mapping file to read it."
        )
    return layout
