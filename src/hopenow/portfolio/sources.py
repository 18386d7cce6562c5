"""Which files a tape is made of, how to read them, and how much there is to read."""

from __future__ import annotations

import dataclasses
import datetime
import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import polars as pl
import pyarrow.parquet as pq

from hopenow.errors import InputError
from hopenow.facts.ingest import Extra
from hopenow.tapes.batch import Batch
from hopenow.tapes.mapping import TapeMapping, load_mapping

At = Literal["last", "each"] | datetime.date
_BLOCK = 1 << 20
_BATCH_ROWS = 65_536


@dataclasses.dataclass(frozen=True)
class Source:
    """Files that are read together.

    Attributes:
        files: one table, or the files of one enterprise.
        layout: the layout in words.
        program: program whose loans these are, where the layout says so.
        mapping: which column is which fact, for tables.
    """

    files: tuple[Path, ...]
    layout: str
    program: str | None = None
    mapping: TapeMapping | None = None

    @property
    def name(self) -> str:
        """Names of the files."""
        return "; ".join(path.name for path in self.files)

    def read(self, at: At, batch_rows: int, extra: Extra) -> Iterator[Batch]:
        """Return the pieces of the tape, in the order of the files.

        Raises:
            InputError: a file cannot be read at all.
        """
        if self.program is None:
            from hopenow.tapes.tabular import read_tabular

            return read_tabular(self.files[0], self.mapping, batch_rows=batch_rows, extra=extra)
        from hopenow.tapes.history import read_performance

        return read_performance(self.files, at=at, batch_rows=batch_rows)


def find_sources(paths: Sequence[str | Path], mapping: str | Path | None = None) -> list[Source]:
    """Recognize the files of a tape.

    Files in a published layout of an enterprise are read together; every other file is a table, read with the
    mapping or with facts as column names.

    Args:
        paths: the files.
        mapping: mapping file for the tables; with one, no layout is looked for.

    Raises:
        InputError: a file is missing, or the mapping has defects; carries all of them.
    """
    files = [Path(path) for path in paths]
    missing = [
        f"{path}: {'is a folder' if path.is_dir() else 'there is no such file'}"
        for path in files
        if not path.is_file()
    ]
    if missing or not files:
        raise InputError("the tape cannot be read", missing or ["no file was given"])
    if mapping is not None:
        table = load_mapping(mapping)
        return [Source((path,), f"table, read with {Path(mapping).name}", mapping=table) for path in files]
    from hopenow.tapes.loan_months import recognize

    found: list[Source] = []
    together: dict[str, list[tuple[Path, str]]] = {}
    for path in files:
        layout = recognize(path)
        if layout is None:
            found.append(Source((path,), "table with facts as columns"))
        else:
            together.setdefault(layout.investor, []).append((path, layout.title))
    for investor, members in together.items():
        titles = "; ".join(dict.fromkeys(title for _, title in members))
        found.append(Source(tuple(path for path, _ in members), titles, program=investor))
    return sorted(found, key=lambda source: files.index(source.files[0]))


@dataclasses.dataclass(frozen=True)
class FileMeasure:
    """What a look over a whole file gives: its hash, size and (about) its number of lines or rows."""

    path: Path
    sha256: str
    bytes: int
    lines: int


def measure(path: Path) -> FileMeasure:
    """Hash a file and count its lines (gzip: estimated from its beginning; Parquet: as the file says)."""
    digest = hashlib.sha256()
    size = lines = 0
    with path.open("rb") as stream:
        head = stream.read(4)
        stream.seek(0)
        plain = head[:2] != b"\x1f\x8b" and head != b"PAR1"
        while block := stream.read(_BLOCK):
            digest.update(block)
            size += len(block)
            if plain:
                lines += block.count(b"\n")
    if head == b"PAR1":
        lines = _parquet_rows(path)
    elif not plain:
        lines = _estimated_lines(path, size)
    return FileMeasure(path, digest.hexdigest(), size, lines)


def _parquet_rows(path: Path) -> int:
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, ValueError):
        return 0


def _estimated_lines(path: Path, size: int) -> int:
    try:
        with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) as stream:
            lines = stream.read(4 * _BLOCK).count(b"\n")
            used = min(raw.tell(), size)
    except (OSError, EOFError, zlib.error):
        return 0
    return lines * size // max(used, 1)


@dataclasses.dataclass(frozen=True)
class LoanFound:
    """One loan of a tape: its canonical facts (no rows: not there, or skipped) and the findings about it."""

    facts: pl.DataFrame
    findings: pl.DataFrame


def find_loan(sources: Sequence[Source], loan_id: str, at: At, extra: Extra = "ignore") -> LoanFound:
    """Look a loan up in a tape.

    Args:
        sources: the tape.
        loan_id: the loan.
        at: which months of a history; with ``each``, the facts of every month are returned.
        extra: columns of a table that are not facts.
    """
    facts: list[pl.DataFrame] = []
    findings: list[pl.DataFrame] = []
    for source in sources:
        for batch in source.read(at, _BATCH_ROWS, extra):
            about = batch.findings.filter(pl.col("loan_id") == loan_id)
            rows = batch.facts.filter(pl.col("loan_id") == loan_id)
            if not rows.is_empty():
                facts.append(rows)
                if source.program is not None and at != "each":
                    about = _of_month(about, rows)
            findings.append(about)
    found = pl.concat(facts, how="diagonal") if facts else pl.DataFrame()
    return LoanFound(found, pl.concat(findings) if findings else pl.DataFrame())


def _of_month(findings: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Leave out what is said of other months of a history, unless it bears on the months that follow."""
    from hopenow.tapes.history import LASTING

    here = pl.col("row").is_in(rows["row"].cast(pl.Int64).implode())
    return findings.filter(pl.col("row").is_null() | here | pl.col("rule").is_in(LASTING))
