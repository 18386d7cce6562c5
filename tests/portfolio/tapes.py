"""Small tapes for tests of reviews and of the command line."""

from __future__ import annotations

import datetime
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from hopenow.facts import NEVER
from hopenow.review.published import published
from hopenow.tapes.synthetic import synthetic_delinquent

DAY = datetime.date(2026, 9, 15)


def loans(count: int, seed: int = 7) -> pl.DataFrame:
    """Made-up delinquent loans of both enterprises; some of unknown investors, some of none with a program."""
    place = pl.int_range(pl.len())
    return synthetic_delinquent(count, seed, evaluation_date=DAY).with_columns(
        loan_id=pl.format("L{}", place),
        investor=pl.when(place % 50 == 3)
        .then(None)
        .when(place % 50 == 4)
        .then(pl.lit("ginnie_mae"))
        .otherwise(pl.col("investor").cast(pl.String)),
    )


def outside(facts: pl.DataFrame) -> pl.DataFrame:
    """The same in outside conventions, still with typed money and rates; "never" as a word."""
    dates = [name for name, kind in facts.schema.items() if kind == pl.Date]
    words = [name for name, kind in facts.schema.items() if isinstance(kind, pl.Enum)]
    never = [
        pl.when(pl.col(name) == NEVER).then(pl.lit("never")).otherwise(pl.col(name).cast(pl.String)).alias(name)
        for name in dates
    ]
    return facts.with_columns(*never, pl.col(words).cast(pl.String))


def write_table(path: Path, count: int = 300, *, dirt: bool = True, seed: int = 7) -> Path:
    """Write a tape as Parquet or CSV with facts as columns; with dirt, two rows have to be skipped."""
    frame = outside(loans(count, seed))
    place = pl.int_range(pl.len())
    if dirt:
        frame = frame.with_columns(
            evaluation_date=pl.when(place == 10).then(pl.lit("soon")).otherwise(pl.col("evaluation_date")),
            loan_id=pl.when(place == 20).then(pl.lit("L19")).otherwise(pl.col("loan_id")),
            state=pl.when(place == 30).then(pl.lit("Ohio")).otherwise(pl.col("state")),
        )
    table = published(frame, {})
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        pl.DataFrame(table).write_csv(path)
    return path
