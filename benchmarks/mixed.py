"""A mixed million under every program: each loan's own waterfall, each possibility where whose it is is not known."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from benchmarks import loans
from benchmarks.measure import Row, in_child, load, median, processors
from hopenow.facts import schema
from hopenow.tapes.synthetic import synthetic_delinquent

SHARES: tuple[tuple[str | None, str | None, float], ...] = (
    ("conventional", "fannie_mae", 0.28),
    ("conventional", "freddie_mac", 0.21),
    ("conventional", "private_label", 0.05),
    ("conventional", "portfolio", 0.05),
    ("fha", "ginnie_mae", 0.23),
    ("va", "ginnie_mae", 0.10),
    ("usda", "ginnie_mae", 0.03),
    ("section_184", "ginnie_mae", 0.005),
    (None, None, 0.045),
)
"""Loan type and investor with their shares, near those of delinquent loans in the United States; made up."""
HOMES = ("", "fha", "va", "usda", "section_184")
"""Authorities whose own facts the tape has; those of past programs and of funds are asked later."""


def facts(count: int, seed: int = 1) -> pl.DataFrame:
    """Return delinquent loans of every kind as facts in engine units."""
    types = schema()
    names = [name for name, fact in types.items() if fact.home in HOMES]
    rng = np.random.default_rng(seed)
    shares = np.array([share for _, _, share in SHARES])
    pick = pl.Series(rng.choice(len(SHARES), count, p=shares / shares.sum()), dtype=pl.UInt32)
    kinds = {
        "loan_type": [kind for kind, _, _ in SHARES],
        "investor": [owner for _, owner, _ in SHARES],
    }
    made = (
        synthetic_delinquent(count, seed)
        .select(names)
        .with_columns(
            *[pl.Series(name, values, dtype=types[name].dtype).gather(pick) for name, values in kinds.items()],
            pl.lit(None, dtype=pl.String).alias("investor_profile"),
        )
    )
    # What only one authority asks is known of its own loans alone.
    own = [pl.when(pl.col("loan_type") == types[name].home).then(pl.col(name)) for name in names if types[name].home]
    return made.with_columns(own)


def tape(count: int) -> Path:
    """Write (once) a Parquet tape of facts in engine units, piece by piece, and return its path."""
    columns = hashlib.sha256(" ".join([*facts(1).columns, str(SHARES), "own"]).encode()).hexdigest()[:8]
    path = loans.BUILD / f"mixed-{count}-{columns}.parquet"
    if path.exists():
        return path
    loans.BUILD.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    writer = None
    for start in range(0, count, loans.PIECE):
        piece = facts(min(loans.PIECE, count - start), seed=start + 1)
        piece = piece.with_columns((pl.int_range(pl.len()) + 10_000_000_000 + start).cast(pl.String).alias("loan_id"))
        table = piece.to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pq.ParquetWriter(part, table.schema, store_decimal_as_integer=True)
        writer.write_table(table.cast(writer.schema))
    if writer is not None:
        writer.close()
    part.replace(path)
    return path


def run(count: int, repeat: int) -> list[Row]:
    """Measure; each turn is a process of its own."""
    path = tape(count)
    results: list[dict[str, Any]] = [
        in_child("benchmarks.child", {"work": "mixed", "tape": str(path)}) for _ in range(min(repeat, 3))
    ]
    seconds = tuple(result["seconds"] for result in results)
    wall, busy = median(seconds), median([result["cpu_seconds"] for result in results])
    note = (
        f"{count:,} loans, {results[0]['results']:,} results and {results[0]['anyone']:,} open to anyone; "
        f"{busy:.1f} s of processor time, {busy / processors():.1f} s on {processors()} idle processors; "
        f"load average {load():.1f}"
    )
    scale = count / 1_000_000
    return [
        Row("mixed", "every program, end to end", wall, "s", f"<= {5 * scale:g}", note, seconds),
        Row("mixed", "processor time", busy, "s", "", "per loan it does not depend on the load"),
        Row("mixed", "peak memory", max(result["peak_gigabytes"] for result in results), "GB", "<= 4"),
    ]
