"""Outcomes of a million loans over sixty months: from Parquet to every figure, in bounded memory."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.loans import BUILD
from benchmarks.measure import Row, in_child, load, median, peak_gigabytes

TARGET_SECONDS, TARGET_GIGABYTES, LOANS = 20, 4, 1_000_000
MONTHS = 60
_AT_A_TIME = 20_000


def write(path: Path, loans: int, seed: int = 7) -> None:
    """Write loan-months of made-up loans with the columns of ``oversight/histories/fields.yaml``."""
    rng = np.random.default_rng(seed)
    writer: pq.ParquetWriter | None = None
    for first in range(0, loans, _AT_A_TIME):
        table = _table(rng, first, min(_AT_A_TIME, loans - first))
        if writer is None:
            writer = pq.ParquetWriter(path, table.schema, compression="lz4")
        writer.write_table(table, row_group_size=1 << 20)
    if writer is not None:
        writer.close()


def _table(rng: np.random.Generator, first: int, n: int) -> pa.Table:
    month = np.tile(np.arange(MONTHS), (n, 1))
    late = np.zeros((n, MONTHS), np.int32)
    begin = rng.integers(6, 110, n)
    length = rng.integers(2, 14, n)
    helped = rng.random(n) < 0.5
    again = np.where(rng.random(n) < 0.3, begin + length + rng.integers(2, 24, n), 10_000)
    for start, size in ((begin, length), (again, np.full(n, 4))):
        inside = (month >= start[:, None]) & (month < (start + size)[:, None])
        late[inside] = (month - start[:, None] + 1)[inside]
    cured = begin + length
    modified = helped[:, None] & (month >= cured[:, None])
    ends = np.where(rng.random(n) < 0.2, rng.integers(10, MONTHS, n), 10_000)
    keep = month <= ends[:, None]
    balance = (20_000_000 - 30_000 * month + 500_000 * modified).astype(np.int64)
    ids = np.char.add("L", (first + np.arange(n)).astype("U9"))
    at_end = month == ends[:, None]
    frame = pl.DataFrame(
        {
            "loan_id": np.repeat(ids, MONTHS),
            "month": pl.Series((2015 * 12 + month).ravel().astype(np.int32)),
            "months_late": late.ravel(),
            "balance": balance.ravel(),
            "note_rate": np.where(modified, 3.5, 4.5).ravel(),
            "modified": modified.ravel(),
            "maturity": pl.Series(np.where(modified, 2055 * 12, 2045 * 12).ravel().astype(np.int32)),
            "ended": np.where(at_end, np.where(late > 2, "foreclosure_sale", "paid_off"), "none").ravel(),
            "state": np.repeat(np.array(["CA", "TX", "FL", "NY"])[rng.integers(0, 4, n)], MONTHS),
            "servicer": np.repeat(np.array([f"Servicer {k}" for k in range(8)])[rng.integers(0, 8, n)], MONTHS),
            "original_balance": np.full(n * MONTHS, 200_000.0),
            "original_rate": np.full(n * MONTHS, 4.5),
            "original_term": np.full(n * MONTHS, 360, np.int32),
            "first_payment_month": np.full(n * MONTHS, 2015 * 12, np.int32),
            "original_score": np.repeat(rng.integers(560, 820, n).astype(np.int32), MONTHS),
        }
    ).filter(pl.Series(keep.ravel()))
    frame = frame.with_columns(pl.col("balance") / 100)
    return frame.cast({"ended": pl.Categorical, "state": pl.Categorical, "servicer": pl.Categorical}).to_arrow()


def measured(path: str) -> dict[str, float]:
    """Read the histories and compute every table of the report; a few beforehand, so that kernels are loaded."""
    from hopenow.oversight import outcomes
    from hopenow.oversight.histories import read
    from hopenow.oversight.tables import Choices, build

    with tempfile.TemporaryDirectory() as folder:
        few = Path(folder) / "few.parquet"
        write(few, 200)
        build(read(few, grid=outcomes.grid()), Choices())
    begun, busy = time.perf_counter(), time.process_time()
    histories = read(path, grid=outcomes.grid())
    read_in = time.perf_counter() - begun
    build(histories, Choices(by=tuple(outcomes.DIMENSIONS)))
    return {
        "seconds": time.perf_counter() - begun,
        "reading": read_in,
        "cpu_seconds": time.process_time() - busy,
        "loan_months": histories.rows,
        "peak_gigabytes": peak_gigabytes(),
    }


def run(count: int, repeat: int) -> list[Row]:
    """Measure ``count`` loans (a million is the size of the target)."""
    path = BUILD / f"outcomes_{count}.parquet"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, count)
    runs = [in_child("benchmarks.outcomes", {"path": str(path)}) for _ in range(max(1, min(repeat, 3)))]
    seconds = tuple(done["seconds"] for done in runs)
    note = (
        f"{count:,} loans, {runs[0]['loan_months']:,.0f} loan-months, Parquet; reading "
        f"{median([done['reading'] for done in runs]):.1f} s; "
        f"{median([done['cpu_seconds'] for done in runs]):.1f} s of processor time; load average {load():.1f}"
    )
    scale = max(count / LOANS, 0.1)
    return [
        Row(
            "outcomes",
            "histories to every table",
            median(seconds),
            "s",
            f"<= {TARGET_SECONDS * scale:g}",
            note,
            seconds,
        ),
        Row("outcomes", "memory", max(d["peak_gigabytes"] for d in runs), "GB", f"<= {TARGET_GIGABYTES}", note),
    ]


if __name__ == "__main__":
    print(json.dumps(measured(**json.loads(sys.argv[1]))))
