"""Loans to measure with: made up, delinquent, the same for the same number and seed."""

from __future__ import annotations

import datetime
import functools
import hashlib
import importlib.resources
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from hopenow.facts import schema
from hopenow.review import Settings
from hopenow.review.published import published
from hopenow.tapes.synthetic import synthetic_delinquent

BUILD = Path(__file__).resolve().parent.parent / "build" / "benchmarks"
CONVENTIONAL = ("fannie_mae", "freddie_mac")
SETTINGS = Settings(programs=CONVENTIONAL)
PIECE = 65_536


@functools.cache
def names() -> tuple[str, ...]:
    """Return the facts of a conventional tape: those of the main schema, not what other authorities ask besides."""
    text = importlib.resources.files("hopenow.facts").joinpath("schema.yaml").read_text(encoding="utf-8")
    main = {name for group in yaml.safe_load(text)["groups"] for name in group["facts"]}
    return tuple(name for name in schema() if name in main)


def facts(count: int, seed: int = 1) -> pl.DataFrame:
    """Return delinquent loans as facts in engine units."""
    return synthetic_delinquent(count, seed).select(names())


def tape(count: int, *, canonical: bool = False) -> Path:
    """Write (once) a Parquet tape of delinquent loans, piece by piece, and return its path.

    Args:
        count: loans.
        canonical: facts in engine units as this package stores them; otherwise published units (dollars, percent, the
            word "never"), as others hand them in.
    """
    columns = hashlib.sha256(" ".join(names()).encode()).hexdigest()[:8]
    path = BUILD / f"{'facts' if canonical else 'tape'}-{count}-{columns}.parquet"
    if path.exists():
        return path
    BUILD.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    writer = None
    for start in range(0, count, PIECE):
        piece = facts(min(PIECE, count - start), seed=start + 1)
        piece = piece.with_columns(
            (pl.int_range(pl.len()) + 10_000_000_000 + start).cast(pl.String).alias("loan_id")
        )
        table = piece.to_arrow(compat_level=pl.CompatLevel.oldest()) if canonical else _outside(piece)
        writer = writer or pq.ParquetWriter(part, table.schema, store_decimal_as_integer=True)
        writer.write_table(table.cast(writer.schema))
    if writer is not None:
        writer.close()
    part.replace(path)
    return path


def _outside(piece: pl.DataFrame) -> pa.Table:
    """Write facts as others write them."""
    never = [name for name in piece.columns if schema()[name].never]
    missing = datetime.date(1900, 1, 1)
    words = [
        pl.when(pl.col(name) == missing)
        .then(pl.lit("never"))
        .otherwise(pl.col(name).cast(pl.String))
        .alias(name)
        for name in never
    ]
    table = published(piece.with_columns(words), {})
    fields = [
        pa.field(field.name, pa.string())
        if pa.types.is_dictionary(field.type) or pa.types.is_string_view(field.type)
        else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def history(count: int, suffix: str) -> Path:
    """Write (once) a performance history of a number of loans, whole from their first month, and return its path.

    Args:
        count: loans.
        suffix: ``.parquet``, or ``.txt.gz`` for the publishers' lines (without dirt).
    """
    from hopenow.tapes.synthetic import CLEAN, write_synthetic

    path = BUILD / f"history-{count}{suffix}"
    if not path.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        write_synthetic(path, loans=count, seed=1, dirt=CLEAN)
    return path


def months(count: int) -> int:
    """Return how many loan-months `history` holds for a number of loans."""
    return int(pq.read_metadata(history(count, ".parquet")).num_rows)
