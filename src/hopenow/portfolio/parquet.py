"""Writes Parquet from columns whose words are still numbers.

A result has some 250 columns, most of them words of which a piece has a few hundred, or amounts that stand in two
options. The general writers take them as Arrow arrays: words have to be put into dictionaries first and are taken apart
again, one array at a time. Written here are exactly the types of `hopenow.portfolio.columns.result_schema`, in one page
for each column of a piece, in a fifth of the time. Columns that are the same are encoded once.

The format: https://parquet.apache.org/docs/file-format/. Files are read by PyArrow, Polars, DuckDB and Spark; the tests
read them with the first three.
"""

from __future__ import annotations

import base64
import dataclasses
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from hopenow.errors import InputError
from hopenow.portfolio import encoding
from hopenow.portfolio.thrift import I32, I64, Binary, Enum, List, Struct, Value, serialized

_MAGIC: Final = b"PAR1"
_VERSION: Final = 2
_BOOLEAN, _INT32, _INT64, _BYTE_ARRAY = 0, 1, 2, 6
_PLAIN, _RLE, _DELTA, _DICTIONARY = 0, 3, 5, 8
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
_REQUIRED, _OPTIONAL, _REPEATED = 0, 1, 2
_UTF8, _LIST, _DECIMAL, _DATE = 0, 3, 5, 6
_TEXT_TYPE, _LIST_TYPE, _DECIMAL_TYPE, _DATE_TYPE = 1, 3, 5, 6
_BYTES_PER_VALUE: Final = 10
_ROOM: Final = 1_000
_NARROW_DIGITS: Final = 9
"""Decimals of so many digits are stored in 32 bits, and ..."""
_WIDE_DIGITS: Final = 18
"""... these in 64."""

Known = npt.NDArray[np.uint8] | None


@dataclasses.dataclass(frozen=True, slots=True)
class Numbers:
    """Whole numbers, days, the stored integers of decimals, or flags (0 and 1).

    Attributes:
        values: shape (rows,), Int64.
        known: 1 where the value is known, shape (rows,); None where all are.
    """

    values: npt.NDArray[np.int64]
    known: Known = None


@dataclasses.dataclass(frozen=True, slots=True)
class Codes:
    """Words as places in a list.

    Attributes:
        codes: place of each row's word, negative where there is none, shape (rows,).
        words: the list.
    """

    codes: npt.NDArray[np.int32]
    words: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Lists:
    """Lists of words as masks over all words.

    Attributes:
        masks: shape (chunks, rows).
        chunk: words in a chunk.
        words: all words.
    """

    masks: npt.NDArray[np.uint64]
    chunk: int
    words: tuple[str, ...]


Column = Numbers | Codes | Lists | pl.Series
"""What a column is made of; a series is text, all of it known."""


@dataclasses.dataclass(frozen=True, slots=True)
class Chunk:
    """A column of a piece as it stands in the file.

    Attributes:
        words: the page of words with its header; empty where there is none.
        pages: the same, and then the header of the page of values and the page itself.
        entries: number of values, unknown ones included.
        encodings: used in the pages.
        ends: smallest and largest value as bytes, where they are worth storing.
    """

    words: bytes
    pages: tuple[bytes, ...]
    entries: int
    encodings: tuple[int, ...]
    ends: tuple[bytes, bytes] | None = None


class _Scratch(threading.local):
    """Arrays to write pages into, for each thread its own, so that no page asks for memory."""

    def __init__(self) -> None:
        self.rows = 0

    def fit(self, rows: int, more: int = 0) -> None:
        if rows > self.rows:
            self.rows = rows
            self.dense, self.repeats, self.depths = (np.zeros(rows + 1, np.int64) for _ in range(3))
            self.known = np.zeros(rows, np.uint8)
            self.out = np.zeros(0, np.uint8)
        if _BYTES_PER_VALUE * self.rows + _ROOM + more > len(self.out):
            self.out = np.zeros(_BYTES_PER_VALUE * self.rows + _ROOM + more, np.uint8)


_SCRATCH = _Scratch()
_ALL = np.zeros(0, np.uint8)


def chunk(column: Column, kind: pa.DataType, name: str, *, ends: bool = False) -> Chunk:
    """Encode a column.

    Args:
        column: its values.
        kind: its type in the schema.
        name: for messages.
        ends: store the smallest and the largest value.

    Raises:
        InputError: an amount has more digits than its type holds.
    """
    if isinstance(column, Numbers):
        return _numbers(column, kind, name, ends)
    if isinstance(column, Codes):
        return _words(column)
    return _lists(column) if isinstance(column, Lists) else _text(column, ends)


def _numbers(column: Numbers, kind: pa.DataType, name: str, ends: bool) -> Chunk:
    rows = len(column.values)
    _SCRATCH.fit(rows)
    known, all_known = (_ALL, True) if column.known is None else (column.known, False)
    if pa.types.is_boolean(kind):
        length = encoding.flag_page(column.values, known, all_known, _SCRATCH.dense, _SCRATCH.out)
        return _chunk(rows, _PLAIN, length)
    limit = 10**kind.precision if pa.types.is_decimal(kind) else 0
    narrow = _physical(kind) == _INT32
    length = encoding.number_page(column.values, known, all_known, narrow, limit, _SCRATCH.dense, _SCRATCH.out)
    if length < 0:
        raise InputError(f"{name}: an amount needs more than {kind.precision} digits")
    found = None
    if ends and all_known and rows:
        size = 4 if narrow else 8
        low, high = int(column.values.min()), int(column.values.max())
        found = (low.to_bytes(size, "little", signed=True), high.to_bytes(size, "little", signed=True))
    return _chunk(rows, _DELTA, length, found)


def _chunk(rows: int, how: int, length: int, ends: tuple[bytes, bytes] | None = None) -> Chunk:
    return Chunk(b"", _data_page(rows, how, length), rows, (_RLE, how), ends)


def _words(column: Codes) -> Chunk:
    rows = len(column.codes)
    _SCRATCH.fit(rows)
    length = encoding.word_page(
        column.codes, _width(column.words), _SCRATCH.dense, _SCRATCH.known, _SCRATCH.out
    )
    words = _word_list(column.words)
    return Chunk(words, (words, *_data_page(rows, _DICTIONARY, length)), rows, (_PLAIN, _RLE, _DICTIONARY))


def _lists(column: Lists) -> Chunk:
    count = encoding.entries(column.masks)
    _SCRATCH.fit(count)
    length = encoding.list_page(
        column.masks,
        column.chunk,
        _width(column.words),
        _SCRATCH.repeats,
        _SCRATCH.depths,
        _SCRATCH.dense,
        _SCRATCH.out,
    )
    words = _word_list(column.words)
    return Chunk(words, (words, *_data_page(count, _DICTIONARY, length)), count, (_PLAIN, _RLE, _DICTIONARY))


def _text(column: pl.Series, ends: bool) -> Chunk:
    array = column.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, text = array.buffers()
    places = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    letters = _ALL if text is None else np.frombuffer(text, np.uint8)
    _SCRATCH.fit(len(array), int(places[-1] - places[0]) if len(array) else 0)
    length = encoding.text_page(places, letters, _SCRATCH.out)
    low, high = (column.min(), column.max()) if ends else (None, None)
    found = (str(low).encode(), str(high).encode()) if low is not None and high is not None else None
    return _chunk(len(array), _PLAIN, length, found)


def _width(words: Sequence[str]) -> int:
    return max(1, (len(words) - 1).bit_length())


def _word_list(words: Sequence[str]) -> bytes:
    texts = [word.encode() for word in words]
    body = b"".join(part for text in texts for part in (len(text).to_bytes(4, "little"), text))
    about = Struct({1: I32(len(words)), 2: Enum(_PLAIN)})
    header = Struct({1: Enum(_DICTIONARY_PAGE), 2: I32(len(body)), 3: I32(len(body)), 7: about})
    return serialized(header) + body


def _data_page(entries: int, how: int, length: int) -> tuple[bytes, bytes]:
    about = Struct({1: I32(entries), 2: Enum(how), 3: Enum(_RLE), 4: Enum(_RLE)})
    header = Struct({1: Enum(_DATA_PAGE), 2: I32(length), 3: I32(length), 5: about})
    return serialized(header), _SCRATCH.out[:length].tobytes()


# --- the file -------------------------------------------------------------------------------------


class ParquetFile:
    """A Parquet file that grows by one row group at a time."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        """Open the file.

        Args:
            path: where.
            schema: from `hopenow.portfolio.columns.result_schema`.
        """
        self.schema = schema
        self.about: dict[str, str] = {"ARROW:schema": base64.b64encode(_plain_lists(schema).serialize()).decode()}
        self.rows = 0
        self.groups: list[Struct] = []
        self.stream: BinaryIO = path.open("wb")
        self.place = self.stream.write(_MAGIC)

    def write(self, rows: int, chunks: Sequence[Chunk]) -> None:
        """Add a row group; chunks in the order of the schema."""
        begin, metas = self.place, []
        for field, item in zip(self.schema, chunks, strict=True):
            metas.append(Struct({2: I64(self.place), 3: self._meta(field, item)}))
            self.place += sum(map(len, item.pages))
            self.stream.writelines(item.pages)
        size = self.place - begin
        group: dict[int, Value] = {1: List(metas), 2: I64(size), 3: I64(rows), 5: I64(begin), 6: I64(size)}
        self.groups.append(Struct(group))
        self.rows += rows

    def _meta(self, field: pa.Field, item: Chunk) -> Struct:
        size = sum(map(len, item.pages))
        path = [field.name, "list", "element"] if pa.types.is_list(field.type) else [field.name]
        found: dict[int, Value] = {
            1: Enum(_physical(field.type)),
            2: List([Enum(how) for how in item.encodings]),
            3: List([Binary(part.encode()) for part in path]),
            4: Enum(0),
            5: I64(item.entries),
            6: I64(size),
            7: I64(size),
            9: I64(self.place + len(item.words)),
        }
        if item.words:
            found[11] = I64(self.place)
        if item.ends is not None:
            low, high = item.ends
            found[12] = Struct({3: I64(0), 5: Binary(high), 6: Binary(low)})
        return Struct(found)

    def describe(self, entries: Mapping[str, str]) -> None:
        """Store words about the file in its footer."""
        self.about |= entries

    def close(self) -> None:
        """Finish the file; closing twice does nothing."""
        if self.stream.closed:
            return
        leaves = len(self.schema.names)
        root = Struct({4: Binary(b"schema"), 5: I32(leaves)})
        pairs = [Struct({1: Binary(key.encode()), 2: Binary(text.encode())}) for key, text in self.about.items()]
        footer = Struct(
            {
                1: I32(_VERSION),
                2: List([root, *(element for field in self.schema for element in _elements(field))]),
                3: I64(self.rows),
                4: List(self.groups, of=Struct),
                5: List(pairs, of=Struct),
                6: Binary(b"hopenow"),
                7: List([Struct({1: Struct({})})] * leaves),
            }
        )
        body = serialized(footer)
        self.stream.write(body + len(body).to_bytes(4, "little") + _MAGIC)
        self.stream.close()


def _physical(kind: pa.DataType) -> int:
    if pa.types.is_boolean(kind):
        return _BOOLEAN
    if pa.types.is_int64(kind):
        return _INT64
    if pa.types.is_decimal(kind):
        return _INT32 if kind.precision <= _NARROW_DIGITS else _INT64
    return _INT32 if pa.types.is_int32(kind) or pa.types.is_date32(kind) else _BYTE_ARRAY


def _elements(field: pa.Field) -> Iterable[Struct]:
    kind = field.type
    if pa.types.is_list(kind):
        yield _element(field.name, _OPTIONAL, {5: I32(1), 6: Enum(_LIST), 10: Struct({_LIST_TYPE: Struct({})})})
        yield _element("list", _REPEATED, {5: I32(1)})
        yield _element("element", _OPTIONAL, _leaf(kind.value_type))
    else:
        yield _element(field.name, _OPTIONAL, _leaf(kind))


def _element(name: str, repetition: int, more: Mapping[int, Any]) -> Struct:
    return Struct(dict(sorted({3: Enum(repetition), 4: Binary(name.encode()), **more}.items())))


def _leaf(kind: pa.DataType) -> dict[int, Any]:
    physical = {1: Enum(_physical(kind))}
    if pa.types.is_decimal(kind):
        scale, precision = I32(kind.scale), I32(kind.precision)
        logical = Struct({_DECIMAL_TYPE: Struct({1: scale, 2: precision})})
        return physical | {6: Enum(_DECIMAL), 7: scale, 8: precision, 10: logical}
    if pa.types.is_date32(kind):
        return physical | {6: Enum(_DATE), 10: Struct({_DATE_TYPE: Struct({})})}
    if _physical(kind) == _BYTE_ARRAY:
        return physical | {6: Enum(_UTF8), 10: Struct({_TEXT_TYPE: Struct({})})}
    return physical


def _plain_lists(schema: pa.Schema) -> pa.Schema:
    """Return the schema as PyArrow is to read it: it cannot read lists of dictionaries from several row groups."""
    return pa.schema(
        [
            field.with_type(pa.list_(pa.string())) if pa.types.is_list(field.type) else field
            for field in schema
        ]
    )
