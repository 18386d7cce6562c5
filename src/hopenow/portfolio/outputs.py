"""Files that appear whole or not at all: written beside their place, renamed at the end."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import polars as pl
import pyarrow as pa

from hopenow.portfolio.columns import flat
from hopenow.portfolio.parquet import Chunk, ParquetFile
from hopenow.portfolio.sheet import Sheet

PARTIAL = ".partial"


class Outputs:
    """The files of one run. Leaving the ``with`` block by an error (or Ctrl-C) removes what was begun.

    Files of an earlier run stay as they were until all new ones are whole.
    """

    def __init__(self, folder: Path) -> None:
        """Write into ``folder``, which is made if needed."""
        self.folder = folder
        self.begun: dict[Path, Path] = {}
        self.open: list[Any] = []

    def __enter__(self) -> Outputs:
        """Make the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def begin(self, name: str) -> Path:
        """Return where to write the file that will be called ``name``."""
        target = self.folder / name
        self.begun[target] = target.with_name(name + PARTIAL)
        return self.begun[target]

    def write_text(self, name: str, text: str) -> None:
        """Write a small file."""
        self.begin(name).write_text(text, encoding="utf-8", newline="\n")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Put the files in their places, or remove them."""
        for item in self.open:
            with contextlib.suppress(Exception) if kind is not None else contextlib.nullcontext():
                item.close()
        for target, partial in self.begun.items():
            if kind is None:
                partial.replace(target)
            else:
                partial.unlink(missing_ok=True)


class ParquetSink:
    """Writes pieces as row groups of a Parquet file; words as dictionaries."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        """Open the file."""
        self.file = ParquetFile(path, schema)

    @staticmethod
    def encoded(sheet: Sheet) -> tuple[int, list[Chunk]]:
        """Turn a piece into what `write` takes; may run beside others."""
        return sheet.rows, sheet.chunks()

    def write(self, piece: tuple[int, list[Chunk]]) -> None:
        """Write one piece."""
        self.file.write(*piece)

    def describe(self, entries: Mapping[str, str]) -> None:
        """Store words about the file in its footer."""
        self.file.describe(entries)

    def close(self) -> None:
        """Finish the file."""
        self.file.close()


class CsvSink:
    """Writes pieces as CSV: UTF-8, line feeds, dates as ISO, unknown as an empty field."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        """Open the file and write the header."""
        self.stream: IO[bytes] = path.open("wb")
        self.write(_csv(schema.empty_table(), header=True))

    @staticmethod
    def encoded(sheet: Sheet) -> bytes:
        """Turn a piece into what `write` takes; may run beside others."""
        return _csv(sheet.table(), header=False)

    def write(self, piece: bytes) -> None:
        """Write one piece."""
        self.stream.write(piece)

    def describe(self, entries: Mapping[str, str]) -> None:
        """CSV has no place for words about the file; ``summary.json`` has them."""

    def close(self) -> None:
        """Finish the file."""
        self.stream.close()


def _csv(table: pa.Table, *, header: bool) -> bytes:
    text = io.BytesIO()
    pl.DataFrame(flat(table)).write_csv(text, include_header=header, quote_style="necessary")
    return text.getvalue()
