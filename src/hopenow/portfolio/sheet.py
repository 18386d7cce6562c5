"""The results of a piece of a tape, column by column, for the files that they go into."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from hopenow.portfolio import encoding
from hopenow.portfolio.columns import CHUNK, MISSING, assembled, context, fitted
from hopenow.portfolio.parquet import Chunk, Codes, Column, Lists, Numbers, chunk
from hopenow.review.engine import ROW, Settings
from hopenow.review.reasons import Lacking, Worded, Words

_WHERE_THEY_STAND = np.zeros(0, np.uint32)
_NO_BITS = np.zeros(0, np.uint8)
_PLAIN = (pl.Int64, pl.Int32, pl.Date, pl.Boolean)
_ENDS = frozenset({"loan_id", "evaluation_date"})
"""Columns that loans are looked up by: their smallest and largest values are stored."""


class Sheet:
    """What the result file says of one piece: a row for each loan and program, in the order of the tape."""

    def __init__(
        self, facts: pl.DataFrame, worded: Sequence[Worded], lacking: Lacking, settings: Settings, schema: pa.Schema
    ) -> None:
        """Put the parts of a determination in order.

        Args:
            facts: canonical frame of the piece, with ``row``.
            worded: what is said of each part.
            lacking: what the loans lack, from `hopenow.portfolio.columns.gathered`.
            settings: of the run.
            schema: from `hopenow.portfolio.columns.result_schema`.
        """
        self.facts, self.worded, self.lacking = facts, worded, lacking
        self.settings, self.schema = settings, schema
        self.context = context(facts)
        self._beside = frozenset(self.context.columns)
        loans = [item.part.frame[ROW].to_numpy() for item in worded]
        seen = np.zeros(facts.height, np.bool_)
        for rows in loans:
            seen[rows] = True
        self.left = np.flatnonzero(~seen).astype(np.uint32)
        """Loans to which no program applies; they have a row that says nothing."""
        every = np.concatenate([*loans, self.left])
        self.rows = len(every)
        self.whole = len(loans) == 1 and self.rows == facts.height
        if self.whole:
            self.loans: npt.NDArray[Any] | None = None
            self.places = [_WHERE_THEY_STAND]
        else:
            order = np.argsort(every, kind="stable")
            self.loans = every[order]
            places = np.empty(self.rows, np.uint32)
            places[order] = np.arange(self.rows, dtype=np.uint32)
            cuts = np.cumsum([len(rows) for rows in loans])
            self.places = np.split(places, cuts)[: len(loans)]

    def table(self) -> pa.Table:
        """Return the sheet as an Arrow table with exactly the schema's columns."""
        table = assembled(self.facts, [item.part for item in self.worded], self.settings, self.schema)
        place = self.schema.get_field_index(MISSING)
        field = self.schema.field(place)
        return table.set_column(place, field, fitted(self.lacking.lists(), field.type))

    def chunks(self) -> list[Chunk]:
        """Return the columns encoded for a Parquet file, in the order of the schema.

        Raises:
            InputError: an amount has more digits than its type holds.
        """
        found: list[Chunk] = []
        known: dict[tuple[object, ...], Chunk] = {}
        for field in self.schema:
            key = self._same_as(field)
            made = known.get(key)
            if made is None:
                made = known[key] = self._chunk(field, key)
            found.append(made)
        return found

    def _chunk(self, field: pa.Field, key: tuple[object, ...]) -> Chunk:
        if key[0] == "word":
            return _one_word(str(key[1]), self.rows)
        if key[0] == "nothing":
            return _nothing(field.type, self.rows)
        return chunk(self.column(field), field.type, field.name, ends=field.name in _ENDS)

    def _said(self, name: str) -> list[pl.Series | Words | None]:
        return [item.by_name.get(name) for item in self.worded]

    def _same_as(self, field: pa.Field) -> tuple[object, ...]:
        """Return a key that is the same for columns that hold the same, as far as that can be told at once."""
        if field.name in self._beside or field.name == MISSING:
            return ("name", field.name)
        said = self._said(field.name)
        if all(_is_nothing(item) for item in said):
            return ("nothing", str(field.type))
        if all(isinstance(item, Words) for item in said):
            if not len(self.left) and all(item.places is None for item in said if isinstance(item, Words)):
                words = {item.words[0] for item in said if isinstance(item, Words)}
                if len(words) == 1:
                    return ("word", words.pop())
            return ("name", field.name)
        # Options that share their terms share the memory that holds them.
        where = tuple(_address(item) if isinstance(item, pl.Series) else None for item in said)
        return ("name", field.name) if None in where else ("memory", str(field.type), *where)

    def column(self, field: pa.Field) -> Column:
        """Return one column, its parts in the order of the tape."""
        name, kind = field.name, field.type
        if name == MISSING:
            return Lists(self.lacking.per_loan, CHUNK, self.lacking.facts)
        if name in self._beside:
            return self._from_context(name, kind)
        said = self._said(name)
        return self._words(said) if pa.types.is_dictionary(kind) else self._numbers(said)

    def _from_context(self, name: str, kind: pa.DataType) -> Column:
        series = self.context[name]
        if self.loans is not None:
            series = series.gather(pl.Series(self.loans))
        if pa.types.is_string(kind):
            return series
        if pa.types.is_dictionary(kind):
            return _words([Words.of(series)], [_WHERE_THEY_STAND], len(series))
        return _numbers([series], [_WHERE_THEY_STAND], len(series), gaps=False)

    def _words(self, said: Sequence[pl.Series | Words | None]) -> Codes:
        words = [Words.of(item) if isinstance(item, pl.Series) else item for item in said]
        return _words(words, self.places, self.rows)

    def _numbers(self, said: Sequence[pl.Series | Words | None]) -> Numbers:
        series = [item if isinstance(item, pl.Series) else None for item in said]
        return _numbers(series, self.places, self.rows, gaps=bool(len(self.left)))


def _is_nothing(item: pl.Series | Words | None) -> bool:
    return item is None or (isinstance(item, pl.Series) and item.null_count() == len(item))


def _address(series: pl.Series) -> tuple[int, ...] | None:
    """Return where in memory a series lies; None where that cannot be told."""
    if series.n_chunks() != 1:
        return None
    array = series.to_arrow()
    if any(buffer is None for buffer in array.buffers()[1:]):
        return None
    return (*(0 if buffer is None else buffer.address for buffer in array.buffers()), array.offset, len(array))


def _words(said: Sequence[Words | None], places: Sequence[npt.NDArray[np.uint32]], rows: int) -> Codes:
    codes: dict[str, int] = {}
    out = np.full(rows, -1, np.int32)
    for item, where in zip(said, places, strict=True):
        if item is None:
            continue
        own = np.array([codes.setdefault(word, len(codes)) for word in item.words] + [-1], np.int32)
        table = own[np.array(item.table, np.int64)]
        if item.places is None:
            if len(where):
                out[where] = table[0]
            else:
                out[:] = table[0]
        else:
            encoding.put_codes(item.places, table, where, out)
    return Codes(out, tuple(codes))


def _numbers(
    said: Sequence[pl.Series | None], places: Sequence[npt.NDArray[np.uint32]], rows: int, *, gaps: bool
) -> Numbers:
    """Put numbers together; with gaps, some rows belong to no part."""
    gaps = gaps or any(item is None for item in said)
    known = np.zeros(rows, np.uint8) if gaps else np.empty(rows, np.uint8)
    values = np.empty(rows, np.int64)
    if gaps:
        values[:] = 0
    for item, where in zip(said, places, strict=True):
        if item is None:
            continue
        series = (item if item.dtype in _PLAIN else item.cast(pl.Int64)).rechunk()
        array = series.to_arrow()
        bits, data = array.buffers()
        bitmap = _NO_BITS if not array.null_count else np.frombuffer(bits, np.uint8)
        if series.dtype == pl.Boolean:
            flags = np.frombuffer(data, np.uint8)
            encoding.put_flags(flags, array.offset, bitmap, array.offset, len(array), where, values, known)
        else:
            size = np.int64 if series.dtype == pl.Int64 else np.int32
            numbers = np.frombuffer(data, size)[array.offset : array.offset + len(array)]
            encoding.put_numbers(numbers, bitmap, array.offset, where, values, known)
    some = gaps or any(item is not None and item.null_count() for item in said)
    return Numbers(values, known if some else None)


@functools.lru_cache(maxsize=512)
def _one_word(word: str, rows: int) -> Chunk:
    return chunk(Codes(np.zeros(rows, np.int32), (word,)), pa.dictionary(pa.int32(), pa.string()), "")


@functools.lru_cache(maxsize=64)
def _nothing(kind: pa.DataType, rows: int) -> Chunk:
    if pa.types.is_dictionary(kind):
        return chunk(Codes(np.full(rows, -1, np.int32), ()), kind, "")
    return chunk(Numbers(np.zeros(rows, np.int64), np.zeros(rows, np.uint8)), kind, "")
