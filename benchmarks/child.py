"""Work that is measured in a process of its own (see `benchmarks.measure.in_child`); prints its figures as JSON."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import loans
from benchmarks.measure import peak_gigabytes


def review(tape: str, threads: int | None = None, batch_rows: int | None = None) -> dict[str, Any]:
    """Review a tape end to end, Parquet in and out; the first loans beforehand, so that what is compiled is loaded."""
    from hopenow.portfolio import pipeline

    source, few = Path(tape), loans.tape(1_000)
    out = Path(tempfile.mkdtemp(dir=loans.BUILD))
    try:
        pipeline.review_tape(few, out / "few", loans.SETTINGS)
        begun, busy = time.perf_counter(), time.process_time()
        summary = pipeline.review_tape(
            source, out / "all", loans.SETTINGS, threads=threads, batch_rows=batch_rows or pipeline.BATCH_ROWS
        )
        seconds, cpu = time.perf_counter() - begun, time.process_time() - busy
        size = (out / "all" / "results.parquet").stat().st_size
    finally:
        shutil.rmtree(out, ignore_errors=True)
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "loans": summary.reviewed,
        "bytes": size,
        "stages": summary.seconds,
        "peak_gigabytes": peak_gigabytes(),
    }


def history(tape: str) -> dict[str, Any]:
    """Read a performance history and derive each loan's state."""
    from hopenow.tapes.history import read_performance

    few = loans.history(50, ".parquet")
    for _ in read_performance(few):
        pass
    begun, busy = time.perf_counter(), time.process_time()
    found = sum(batch.kept for batch in read_performance(tape))
    return {
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": time.process_time() - busy,
        "loans": found,
        "peak_gigabytes": peak_gigabytes(),
    }


def mixed(tape: str, threads: int | None = None, batch_rows: int | None = None) -> dict[str, Any]:
    """Review a mixed tape under every program, Parquet in and out; the first loans beforehand."""
    from benchmarks import mixed as mix
    from hopenow.portfolio import pipeline
    from hopenow.review import Settings

    source, few, every = Path(tape), mix.tape(1_000), Settings(programs=("all",))
    out = Path(tempfile.mkdtemp(dir=loans.BUILD))
    try:
        pipeline.review_tape(few, out / "few", every)
        begun, busy = time.perf_counter(), time.process_time()
        summary = pipeline.review_tape(source, out / "all", every, threads=threads, batch_rows=batch_rows)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - busy
        size = sum(path.stat().st_size for path in (out / "all").glob("*.parquet"))
    finally:
        shutil.rmtree(out, ignore_errors=True)
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "loans": summary.reviewed,
        "results": summary.results,
        "anyone": sum(summary.everyone.values()),
        "bytes": size,
        "stages": summary.seconds,
        "peak_gigabytes": peak_gigabytes(),
    }


WORK = {"review": review, "history": history, "mixed": mixed}

if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    print(json.dumps(WORK[order.pop("work")](**order)))
