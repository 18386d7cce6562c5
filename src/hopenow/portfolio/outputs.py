"""Files that appear whole or not at all: written beside their place, renamed at the end."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from hopenow.portfolio.columns import flat

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


def _dictionary_paths(field: pa.Field) -> list[str]:
    """Return the Parquet path of a column of words (or of a list of them)."""
    if pa.types.is_list(field.type):
        return [f"{field.name}.list.element"]
    return [field.name] if pa.types.is_dictionary(field.type) else []


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_decimal(kind) or pa.types.is_integer(kind) or pa.types.is_date(kind))


class ParquetSink:
    """Writes pieces of one schema as row groups of a Parquet file; words as dictionaries."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        """Open the file."""
        words = [name for field in schema for name in _dictionary_paths(field)]
        self.writer = pq.ParquetWriter(
            path,
            schema,
            compression="snappy",
            use_dictionary=words,
            write_statistics=["loan_id", "evaluation_date"],
            store_decimal_as_integer=True,
            # Amounts, counts and dates: smaller and sooner written as differences than as they are.
            column_encoding={field.name: "DELTA_BINARY_PACKED" for field in schema if _is_number(field.type)},
        )

    def write(self, table: pa.Table) -> None:
        """Write one piece."""
        self.writer.write_table(table)

    def describe(self, entries: Mapping[str, str]) -> None:
        """Store words about the file in its footer."""
        self.writer.add_key_value_metadata(dict(entries))

    def close(self) -> None:
        """Finish the file."""
        self.writer.close()


class CsvSink:
    """Writes pieces as CSV: UTF-8, line feeds, dates as ISO, unknown as an empty field."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        """Open the file and write the header."""
        self.stream: IO[bytes] = path.open("wb")
        self._write(schema.empty_table(), header=True)

    def write(self, table: pa.Table) -> None:
        """Write one piece."""
        self._write(table, header=False)

    def _write(self, table: pa.Table, *, header: bool) -> None:
        frame = pl.DataFrame(flat(table))
        frame.write_csv(self.stream, include_header=header, quote_style="necessary")

    def describe(self, entries: Mapping[str, str]) -> None:
        """CSV has no place for words about the file; ``summary.json`` has them."""

    def close(self) -> None:
        """Finish the file."""
        self.stream.close()
