"""The columns of a result file, fixed by the settings before the first loan is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from hopenow.errors import InputError
from hopenow.facts import schema as facts_schema
from hopenow.facts.derived import DERIVED
from hopenow.money import dollars_array, percent_array
from hopenow.programs.base import Option, Program, column
from hopenow.review import in_rows
from hopenow.review.engine import ROW, Part, Settings
from hopenow.review.reasons import REASONS, SEPARATOR, Lacking

WORD = pa.dictionary(pa.int32(), pa.string())
CONTEXT = {"row": pa.int64(), "investor": WORD, "state": WORD, "months_delinquent": pa.int32()}
"""Facts repeated in the result file, so that it can be read alone: line in the tape, investor, state,
delinquency."""

MISSING = "missing_facts"
CHUNK = 63
"""Facts in one mask of `Lacking`."""

_IDENTITY: dict[str, pa.DataType] = {
    "loan_id": pa.string(),
    "evaluation_date": pa.date32(),
    **CONTEXT,
    "program": WORD,
    "investor_known": pa.bool_(),
    "assumed": WORD,
    "order": WORD,
    "first_eligible": WORD,
    "first_possible": WORD,
    "ranked": WORD,
    MISSING: pa.list_(WORD),
}
_NOTHING = np.zeros(0, np.int64)
_TERMS: dict[str, pa.DataType] = {
    "money": dollars_array(_NOTHING).type,
    "rate": percent_array(_NOTHING).type,
    "ratio": percent_array(_NOTHING).type,
    "months": pa.int32(),
    "days": pa.int32(),
    "count": pa.int32(),
    "date": pa.date32(),
    "flag": pa.bool_(),
    "text": WORD,
}


def options(programs: Sequence[Program]) -> dict[str, Option]:
    """Return every option of the programs by id, in the order of first mention."""
    found: dict[str, Option] = {}
    for program in programs:
        for option in program.options:
            found.setdefault(option.id, option)
    return found


def result_schema(programs: Sequence[Program]) -> pa.Schema:
    """Return the Arrow schema of a result file for these programs.

    Money is decimal dollars with two places, rates and ratios decimal percent with four; words are
    dictionaries.
    """
    fields = dict(_IDENTITY)
    for program in programs:
        for option in program.options:
            for name in REASONS:
                fields.setdefault(column(option.id, name), WORD)
            for name, kind in option.columns.items():
                fields.setdefault(column(option.id, name), _TERMS[kind])
    return pa.schema(_grouped(fields, programs))


def _grouped(fields: dict[str, pa.DataType], programs: Sequence[Program]) -> list[tuple[str, pa.DataType]]:
    """Keep the columns of one option together, whichever program mentions them."""
    places = {name: place for place, name in enumerate(options(programs))}
    return sorted(fields.items(), key=lambda item: places[item[0].split("__")[0]] if "__" in item[0] else -1)


def assembled(facts: pl.DataFrame, parts: Sequence[Part], settings: Settings, schema: pa.Schema) -> pa.Table:
    """Put the parts of a determination into one table of results in published units.

    Says the same as `hopenow.review.review`, with exactly the columns of ``schema``, the facts of `CONTEXT` and the
    missing facts beside each result.

    Args:
        facts: canonical frame of the piece, with ``row``.
        parts: from `hopenow.review.engine.determine`.
        settings: of the run.
        schema: from `result_schema`.

    Returns:
        One row for each loan and program that applies or may apply, in the order of the facts; loans to which none
        applies have a row that says nothing.
    """
    result = in_rows(facts, parts, settings)
    words = pl.col("investor", "state").cast(pl.String).cast(pl.Categorical())
    beside = context(facts).drop("loan_id", "evaluation_date").with_columns(words)[result[ROW]]
    return published(result.hstack(beside.get_columns()), schema)


def context(facts: pl.DataFrame) -> pl.DataFrame:
    """Return the loan, its evaluation date and the facts of `CONTEXT`, in the order of the facts."""
    wanted = (*CONTEXT, *DERIVED["months_delinquent"].sources)
    types = {name: fact.dtype for name, fact in facts_schema().items()}
    known = [
        pl.col(name) if name in facts.columns else pl.lit(None, types.get(name, pl.Int64())).alias(name)
        for name in ("loan_id", *wanted)
    ]
    return facts.select(known).select(
        "loan_id", "evaluation_date", pl.col("row").cast(pl.Int64), "investor", "state", _months_delinquent()
    )


def _months_delinquent() -> pl.Expr:
    """Return the months delinquent as the review takes them: as given, or counted from the due date."""
    given = pl.col("months_delinquent")
    return pl.coalesce(given, DERIVED["months_delinquent"].expression).cast(pl.Int32).alias("months_delinquent")


def published(frame: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    """Turn a frame in engine units into a table in published units with exactly the schema's columns.

    Columns that the frame lacks are null. Amounts share memory with the frame.

    Raises:
        InputError: an amount has more digits than its type holds.
    """
    have = set(frame.columns)
    arrays = [
        _array(frame[field.name], field.type) if field.name in have else pa.nulls(frame.height, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(series: pl.Series, wanted: pa.DataType) -> Any:
    array = series.rechunk().to_arrow()
    if pa.types.is_decimal(wanted):
        # Cents and millionths are what the decimals store.
        high, low, limit = series.max(), series.min(), 10**wanted.precision
        if high is not None and (high >= limit or low <= -limit):
            raise InputError(f"{series.name}: an amount needs more than {wanted.precision} digits")
        return pa.Array.from_buffers(wanted, len(array), array.buffers(), array.null_count, array.offset)
    return fitted(array, wanted)


def fitted(array: Any, wanted: pa.DataType) -> Any:
    """Return an array in the wanted type, without loss."""
    if array.type == wanted:
        return array
    if pa.types.is_list(wanted):
        return pa.ListArray.from_arrays(array.offsets, _word(array.values))
    if pa.types.is_dictionary(wanted):
        return _word(array if pa.types.is_dictionary(array.type) else array.dictionary_encode())
    return array.cast(wanted)


def _word(array: Any) -> Any:
    return pa.DictionaryArray.from_arrays(array.indices.cast(pa.int32()), array.dictionary.cast(pa.string()))


def flat(table: pa.Table) -> pa.Table:
    """Return the table without lists, for formats that have none: the words of a list are joined."""
    lists = pl.Series(table.column(MISSING)).cast(pl.List(pl.String)).list.join(SEPARATOR)
    return table.set_column(table.schema.get_field_index(MISSING), MISSING, lists.to_arrow())


def gathered(lacks: Sequence[Lacking], rows: Sequence[pl.Series], height: int) -> Lacking:
    """Put what the loans of several parts lack into one, in the order of the assembled results.

    Args:
        lacks: what the loans of each part lack.
        rows: for each part, the places of its loans among the facts.
        height: number of loans, those of no part included; they lack nothing.
    """
    facts = tuple(dict.fromkeys(fact for lack in lacks for fact in lack.facts))
    chunks = max(1, -(-len(facts) // CHUNK))
    masks = [_moved(lack, facts, chunks) for lack in lacks]
    places = [series.to_numpy() for series in rows]
    seen = np.zeros(height, np.bool_)
    for place in places:
        seen[place] = True
    places.append(np.flatnonzero(~seen).astype(np.uint32))
    masks.append(np.zeros((chunks, len(places[-1])), np.uint64))
    order = np.argsort(np.concatenate(places), kind="stable")
    return Lacking(facts, np.ascontiguousarray(np.concatenate(masks, axis=1)[:, order]), {})


def _moved(lack: Lacking, facts: tuple[str, ...], chunks: int) -> Any:
    """Return a part's masks over another order of the facts."""
    if lack.facts == facts[: len(lack.facts)] and lack.per_loan.shape[0] == chunks:
        return lack.per_loan
    moved = np.zeros((chunks, lack.per_loan.shape[1]), np.uint64)
    for old, fact in enumerate(lack.facts):
        new = facts.index(fact)
        bit = lack.per_loan[old // CHUNK] >> np.uint64(old % CHUNK) & np.uint64(1)
        moved[new // CHUNK] |= bit << np.uint64(new % CHUNK)
    return moved
