"""Reads any CSV (also gzip) or Parquet file, with a mapping or with facts as column names, piece by piece.

Text is split into lines first, and each line's fields are counted, so that a broken line costs only itself:
it is skipped with a finding, and all others are reviewed. Memory stays bounded however long the file is;
only the loan numbers seen so far are remembered (about 32 bytes each), to find a loan that is there twice.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from hopenow.errors import InputError
from hopenow.facts.findings import FindingCounts, FindingRule, add_counts, count_findings, join_findings
from hopenow.facts.ingest import Extra, Reading, check_canonical, is_canonical, to_canonical
from hopenow.tapes.batch import Batch
from hopenow.tapes.duplicates import Duplicates
from hopenow.tapes.lines import (
    Chunk,
    decode_head,
    file_format,
    read_chunks,
    read_head,
    sniff_delimiter,
    sniff_encoding,
    split_line,
)
from hopenow.tapes.mapping import FileShape, TapeMapping

BATCH_ROWS: Final = 65_536
LONGEST_RECORD: Final = 50
"""Most lines that one record may run over; a quote left open does not swallow more than that."""


def _shape(name: str, severity: str, words: str, remedy: str) -> FindingRule:
    return FindingRule(f"SHAPE-{name}", "shape", "error" if severity == "error" else "warning", words, remedy)


FIELD_COUNT: Final = _shape(
    "FIELD-COUNT",
    "error",
    "Each line has as many fields as the header.",
    "Quote fields that contain the delimiter.",
)
TRUNCATED: Final = _shape(
    "TRUNCATED",
    "error",
    "The file ends with a whole line.",
    "The file was cut off: export or download it again.",
)
CUT_FILE: Final = _shape(
    "TRUNCATED-FILE",
    "warning",
    "The compressed file is whole.",
    "It breaks off, and rows that stood behind the break are not counted: download it again.",
)
OPEN_QUOTE: Final = _shape(
    "OPEN-QUOTE",
    "error",
    "A field that begins with a quote ends with one.",
    "Close the quote, or double it inside a field.",
)
ENCODING: Final = _shape(
    "ENCODING",
    "warning",
    "All lines are in one encoding.",
    "This line was read as Windows-1252; check its letters.",
)
TRAILING: Final = _shape(
    "TRAILING-DELIMITER",
    "warning",
    "A line does not end with a delimiter.",
    "The empty last field was left aside.",
)
BLANK_LINE: Final = _shape(
    "BLANK-LINE", "warning", "No line is empty.", "It holds no row and is not counted as one."
)
UNMAPPED: Final = _shape(
    "COLUMN-NOT-MAPPED",
    "warning",
    "Every column is mapped or listed under `ignore`.",
    "The column was left aside: map it, or list it under `ignore`.",
)

FILE_RULES: Final = (FIELD_COUNT, TRUNCATED, CUT_FILE, OPEN_QUOTE, ENCODING, TRAILING, BLANK_LINE, UNMAPPED)


def read_tabular(
    path: str | Path,
    mapping: TapeMapping | None = None,
    *,
    batch_rows: int = BATCH_ROWS,
    extra: Extra = "refuse",
    strict: bool = False,
    counter: FindingCounts | None = None,
) -> Iterator[Batch]:
    """Read a tape in pieces of at most ``batch_rows`` rows.

    ``row`` is the line number in a text file (the header is line 1), or the row number in a Parquet file.
            Findings are
    capped for each rule and field over the whole file; ``Batch.counts`` has them all.

    Args:
        path: CSV with any delimiter (also gzip; UTF-8, UTF-16, Latin-1 or Windows-1252), or Parquet.
        mapping: which column is which fact; without one, the columns are facts by name.
        batch_rows: most rows in one piece.
        extra: without a mapping: ``refuse`` columns that are not facts, or ``ignore`` them.
        strict: every warning is an error.
        counter: to share or read the counts of findings.

    Raises:
        InputError: the file cannot be read at all, or its columns are not those that are needed; carries
            all findings.
    """
    path = Path(path)
    mapped = _Mapped(mapping, extra, strict, counter or FindingCounts())
    wanted = mapping.file.format if mapping is not None else None
    is_parquet = file_format(path) == "parquet"
    if wanted is not None and (wanted == "parquet") != is_parquet:
        raise InputError(f"{path} is not a {wanted} file, as the mapping says: correct `file.format`")
    pieces = (
        _parquet_pieces(path, mapped, batch_rows) if is_parquet else _text_pieces(path, mapped, batch_rows)
    )
    for piece in pieces:
        yield mapped.batch(piece)


@dataclass(slots=True)
class _Piece:
    """Rows as they stand in the file, by source column, and what was wrong with lines."""

    frame: pl.DataFrame
    rows: pl.Series
    findings: list[pl.DataFrame] = field(default_factory=list)
    lost: int = 0


class _Mapped:
    """Applies the mapping to each piece, and carries what must be remembered between pieces."""

    def __init__(
        self, mapping: TapeMapping | None, extra: Extra, strict: bool, counter: FindingCounts
    ) -> None:
        self.mapping = mapping
        self.extra = extra
        self.strict = strict
        self.counter = counter
        self.duplicates = Duplicates()
        self.readings: dict[str, Reading] = {} if mapping is None else mapping.readings()

    @property
    def shape(self) -> FileShape:
        """How the file is written, as far as the mapping says."""
        return FileShape() if self.mapping is None else self.mapping.file

    def choose(self, columns: Sequence[str]) -> tuple[list[str], pl.DataFrame]:
        """Return the columns to read, and findings about the others; refuse if a mapped one is missing."""
        if self.mapping is None:
            return list(columns), join_findings([])
        missing = [name for name in self.mapping.columns if name not in columns]
        if missing:
            raise InputError(
                "mapped columns are not in the file", [_not_there(name, columns) for name in missing]
            )
        aside = [
            name for name in columns if name not in self.mapping.columns and name not in self.mapping.ignore
        ]
        findings = join_findings(UNMAPPED.one(field=name) for name in aside)
        return [name for name in columns if name in self.mapping.columns], findings

    def batch(self, piece: _Piece) -> Batch:
        """Turn a piece into canonical facts with findings."""
        frame = self._named(piece.frame)
        if self.mapping is None and is_canonical(frame):
            done = check_canonical(
                frame.with_columns(piece.rows.alias("row")),
                counter=self.counter,
                duplicates=self.duplicates,
                strict=self.strict,
            )
        else:
            done = to_canonical(
                frame,
                rows=piece.rows,
                readings=self.readings,
                extra=self.extra,
                strict=self.strict,
                counter=self.counter,
                duplicates=self.duplicates,
                canonical=False,
            )
        lines = [self.counter.keep(found) for found in piece.findings]
        counts = [count_findings(found) for found in piece.findings]
        return Batch(
            facts=done.facts,
            findings=join_findings([*lines, done.findings]),
            read=piece.frame.height + piece.lost,
            skipped=done.skipped.height + piece.lost,
            counts=add_counts([*counts, done.counts]),
            reasons=_reasons(piece, done.skipped),
        )

    def _named(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self.mapping is None:
            return frame
        constants = [pl.lit(value).alias(name) for name, value in self.mapping.constants.items()]
        return frame.select(
            [*(pl.col(name).alias(fact) for name, fact in self.mapping.facts.items()), *constants]
        )


def _reasons(piece: _Piece, skipped: pl.DataFrame) -> dict[str, int] | None:
    """Return how many rows were skipped for which rule, the first that each broke; None where that cannot be told."""
    errors = [found.filter(pl.col("severity") == "error").select("row", "rule") for found in piece.findings]
    lines = pl.concat(errors).unique("row", keep="first") if errors else pl.DataFrame(schema={"rule": pl.String})
    if lines.height != piece.lost:
        return None
    first = skipped.select(pl.col("reason").str.split(";").list.first().alias("rule"))
    rules = pl.concat([lines.select("rule"), first]).group_by("rule").agg(pl.len().cast(pl.Int64))
    return dict(rules.iter_rows())


def _not_there(name: str, columns: Iterable[str]) -> str:
    folded = {column.strip().lower(): column for column in columns}
    near = get_close_matches(name.strip().lower(), folded, n=1, cutoff=0.6)
    return f"column {name!r} is mapped, but the file has no such column" + (
        f": did you mean {folded[near[0]]!r}?" if near else ""
    )


# --- Parquet --------------------------------------------------------------------------------------


def _parquet_pieces(path: Path, mapped: _Mapped, batch_rows: int) -> Iterator[_Piece]:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path} is not a whole Parquet file: {_first_line(error)}; export it again"
        ) from None
    with file:
        columns, aside = mapped.choose(file.schema_arrow.names)
        read = 0
        if file.metadata.num_rows == 0:
            empty = pl.DataFrame(pl.from_arrow(file.schema_arrow.empty_table())).select(columns)
            yield _Piece(empty, pl.Series("row", [], pl.UInt32), [aside])
            return
        tape = pl.scan_parquet(path, glob=False, hive_partitioning=False, use_statistics=False).select(columns)
        while read < file.metadata.num_rows:
            try:
                frame = tape.slice(read, batch_rows).collect()
            except (pl.exceptions.PolarsError, OSError) as error:
                raise InputError(
                    f"{path} is damaged after row {read}: {_first_line(error)}; export it again"
                ) from None
            if frame.is_empty():
                raise InputError(f"{path} is damaged after row {read}: rows are missing; export it again")
            rows = pl.int_range(read + 1, read + frame.height + 1, dtype=pl.UInt32, eager=True)
            yield _Piece(frame, rows, [aside] if read == 0 else [])
            read += frame.height


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


# --- text -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Table:
    """What must be known to split a text file."""

    delimiter: str
    columns: tuple[str, ...]
    header_line: int
    encoding: str


def table_shape(path: Path, shape: FileShape) -> tuple[str, str, list[str], int]:
    """Return encoding, delimiter, column names and the line number of the header (0 without one).

    Raises:
        InputError: the file has no columns that could be recognized.
    """
    head = read_head(path)
    encoding = shape.encoding or sniff_encoding(head)
    try:
        text = decode_head(head, encoding)
    except LookupError:
        raise InputError(
            f"file.encoding: {encoding!r} is not an encoding; use for example utf-8 or latin-1"
        ) from None
    text = text.removeprefix("\ufeff")
    delimiter = shape.delimiter or sniff_delimiter(text) or ","
    if shape.column_names:
        return encoding, delimiter, list(shape.column_names), 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            names = [name.strip() for name in split_line(line, delimiter)]
            if len(names) > 1 and not names[-1]:
                names.pop()
            return encoding, delimiter, names, number
    raise InputError(f"{path} holds no line of text")


def _text_pieces(path: Path, mapped: _Mapped, batch_rows: int) -> Iterator[_Piece]:
    encoding, delimiter, names, header_line = table_shape(path, mapped.shape)
    table = _Table(delimiter, tuple(names), header_line, encoding)
    _refuse_names(path, table)
    columns, aside = mapped.choose(table.columns)
    first = True
    carried = _no_lines()
    for chunk in read_chunks(path, encoding, target_lines=batch_rows):
        piece, carried = _Splitter(table, chunk, carried).split()
        if first:
            piece.findings.insert(0, aside)
        frame = piece.frame.select(columns)
        # The first slice carries what was wrong with the lines of the whole chunk.
        for start in range(0, max(frame.height, 1), batch_rows):
            part = _Piece(frame.slice(start, batch_rows), piece.rows.slice(start, batch_rows))
            if start == 0:
                part.findings, part.lost = piece.findings, piece.lost
            if part.frame.height or part.lost or first or any(f.height for f in part.findings):
                yield part
                first = False


def _refuse_names(path: Path, table: _Table) -> None:
    findings = [
        f"column {name!r} is there twice: rename one"
        for name in sorted({name for name in table.columns if name and table.columns.count(name) > 1})
    ]
    findings += [
        f"column {place} has no name: name it"
        for place, name in enumerate(table.columns, start=1)
        if not name
    ]
    if findings:
        raise InputError(f"{path}: the header cannot be used", findings)


def _no_lines() -> pl.DataFrame:
    return pl.DataFrame(schema={"text": pl.String, "row": pl.UInt32})


class _Splitter:
    """Splits the lines of one chunk into records of the right width, and reports the others."""

    def __init__(self, table: _Table, chunk: Chunk, carried: pl.DataFrame) -> None:
        self.table = table
        self.chunk = chunk
        self.carried = carried
        self.quotes = b'"' in chunk.data or not carried.is_empty()
        self.findings: list[pl.DataFrame] = []
        self.lost = 0

    def split(self) -> tuple[_Piece, pl.DataFrame]:
        """Return the piece, and lines to carry over because their record may go on in the next chunk."""
        lines = self._lines()
        if len(self.chunk.redecoded):
            self._report(ENCODING, pl.DataFrame({"row": self.chunk.redecoded}), value=None)
        lines, rest = self._join_quoted(lines)
        good = self._right_width(self._without_blank(lines))
        frame, rows = self._parse(good)
        return _Piece(frame, rows, self.findings, self.lost), rest

    def _lines(self) -> pl.DataFrame:
        """Lines carried over and lines of the chunk, with their numbers, without the header."""
        whole_end = self.chunk.data.endswith(b"\n")
        text = self.chunk.data.removesuffix(b"\n").decode("utf-8")
        lines = pl.Series("text", [text] if text or whole_end else [], pl.String).str.split("\n").explode()
        first = self.chunk.first_line
        rows = pl.int_range(first, first + lines.len(), dtype=pl.UInt32, eager=True)
        fresh = pl.DataFrame([lines, rows.alias("row")])
        frame = pl.concat([self.carried, fresh.filter(pl.col("row") > self.table.header_line)])
        if self.chunk.last and not frame.is_empty() and (self.chunk.cut or not whole_end):
            frame = self._last_line(frame)
        return frame

    def _without_blank(self, lines: pl.DataFrame) -> pl.DataFrame:
        # A line of nothing but tabs is a row of unknowns where tabs are the delimiter.
        spaces = " \r" if self.table.delimiter == "\t" else " \t\r"
        blank = pl.col("text").str.strip_chars(spaces).str.len_bytes() == 0
        empty = lines.filter(blank)
        if empty.is_empty():
            return lines
        self._report(BLANK_LINE, empty, value=None)
        return lines.filter(~blank)

    def _last_line(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Judge a last line without a line end: refused if fields are missing or the file itself is cut."""
        if self.chunk.cut:
            self.findings.append(CUT_FILE.one())
        last = frame.tail(1)
        width = len(split_line(last["text"][0], self.table.delimiter))
        if not last["text"][0].strip() or (not self.chunk.cut and width >= len(self.table.columns)):
            return frame
        self._refuse(TRUNCATED, last)
        return frame.head(-1)

    def _join_quoted(self, lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Join lines of records whose quoted fields hold line ends; an open quote costs only its own line."""
        if not self.quotes:
            return lines, _no_lines()
        odd = (
            lines.select(pl.col("text").str.count_matches('"', literal=True) % 2 == 1)
            .to_series()
            .arg_true()
            .to_list()
        )
        if not odd:
            return lines, _no_lines()
        texts = lines["text"].to_list()
        joined: dict[int, str] = {}
        gone: set[int] = set()
        broken: list[int] = []
        rest_from: int | None = None
        for place in odd:
            if place in gone:
                continue
            end = next((p for p in odd if p > place), None)
            near = end is not None and end - place < LONGEST_RECORD
            if end is not None and near and self._is_record(texts[place : end + 1]):
                joined[place] = "\n".join(texts[place : end + 1])
                gone.update(range(place + 1, end + 1))
            elif end is None and not self.chunk.last and len(texts) - place < LONGEST_RECORD:
                rest_from = place
                break
            elif len(split_line(texts[place], self.table.delimiter)) != len(self.table.columns):
                broken.append(place)
        rest = _no_lines() if rest_from is None else lines.slice(rest_from)
        lines = lines.with_row_index("place")
        if rest_from is not None:
            lines = lines.filter(pl.col("place") < rest_from)
        if broken:
            self._refuse(OPEN_QUOTE, lines.filter(pl.col("place").is_in(broken)))
        drop = [*gone, *broken]
        lines = lines.filter(~pl.col("place").is_in(drop)) if drop else lines
        if joined:
            lines = lines.with_columns(
                text=pl.coalesce(
                    pl.col("place")
                    .cast(pl.Int64)
                    .replace_strict(joined, default=None, return_dtype=pl.String),
                    pl.col("text"),
                )
            )
        return lines.drop("place"), rest

    def _is_record(self, lines: Sequence[str]) -> bool:
        """Tell whether the lines are one record with quoted line ends, not rows behind an open quote."""
        wanted = len(self.table.columns)
        if any(len(split_line(line, self.table.delimiter)) == wanted for line in lines[1:-1]):
            return False
        try:
            rows = list(csv.reader(lines, delimiter=self.table.delimiter, strict=True))
        except csv.Error:
            return False
        return len(rows) == 1 and len(rows[0]) == wanted

    def _right_width(self, lines: pl.DataFrame) -> pl.DataFrame:
        wanted = len(self.table.columns)
        text = pl.col("text")
        bare = text.str.replace_all(r'"(?:[^"]|"")*"', "") if self.quotes else text
        lines = lines.with_columns(
            width=bare.str.count_matches(self.table.delimiter, literal=True).cast(pl.Int64) + 1
        )
        if lines.is_empty() or (lines["width"].min() == wanted and lines["width"].max() == wanted):
            return lines
        trailing = (pl.col("width") == wanted + 1) & text.str.ends_with(self.table.delimiter)
        extra = lines.filter(trailing)
        if not extra.is_empty():
            self._report(TRAILING, extra.head(1), value=None)
            shorter = pl.when(trailing).then(text.str.head(-1)).otherwise(text)
            width = pl.when(trailing).then(wanted).otherwise(pl.col("width"))
            lines = lines.with_columns(text=shorter, width=width)
        bad = lines.filter(pl.col("width") != wanted)
        self._refuse_width(bad)
        return lines.filter(pl.col("width") == wanted)

    def _parse(self, lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
        """Split records into columns of text (blank fields are null), with their line numbers."""
        schema = {name: pl.String() for name in self.table.columns}
        if lines.is_empty():
            return pl.DataFrame(schema=schema), lines["row"]
        frame = self._fast(lines["text"].str.join("\n")[0].encode(), schema)
        if frame is not None and frame.height == lines.height:
            return frame, lines["row"]
        return self._slow(lines, schema)

    def _fast(self, data: bytes, schema: dict[str, pl.String]) -> pl.DataFrame | None:
        if len(schema) == 1:
            return None
        try:
            return pl.read_csv(
                data,
                separator=self.table.delimiter,
                has_header=False,
                schema=schema,
                quote_char='"' if b'"' in data else None,
                extra_columns="raise",
                missing_columns="raise",
            )
        except pl.exceptions.PolarsError:
            return None

    def _slow(self, lines: pl.DataFrame, schema: dict[str, pl.String]) -> tuple[pl.DataFrame, pl.Series]:
        """Split records one by one: only for quotes that the fast reader stumbles over."""
        delimiter, wanted = self.table.delimiter, len(schema)
        records = [split_line(text, delimiter) for text in lines["text"].to_list()]
        lines = lines.with_columns(width=pl.Series([len(record) for record in records], dtype=pl.Int64))
        self._refuse_width(lines.filter(pl.col("width") != wanted))
        fitting = [record for record in records if len(record) == wanted]
        frame = pl.DataFrame(fitting, schema=schema, orient="row")
        filled = frame.with_columns(pl.when(pl.all().str.len_bytes() > 0).then(pl.all()))
        return filled, lines.filter(pl.col("width") == wanted)["row"]

    def _refuse_width(self, bad: pl.DataFrame) -> None:
        wanted = len(self.table.columns)
        words = pl.format(
            f"The line has {{}} fields; the file has {wanted} columns. {FIELD_COUNT.remedy}", "width"
        )
        self._refuse(FIELD_COUNT, bad, words)

    def _refuse(self, rule: FindingRule, lines: pl.DataFrame, message: pl.Expr | None = None) -> None:
        self.lost += lines.height
        self._report(rule, lines, value="text", message=message)

    def _report(
        self, rule: FindingRule, lines: pl.DataFrame, *, value: str | None, message: pl.Expr | None = None
    ) -> None:
        self.findings.append(rule.find(lines, pl.lit(True), field="line", value=value, message=message))
