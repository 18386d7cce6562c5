"""Reading a performance history and deriving each loan's state: loan-months a second."""

from __future__ import annotations

from benchmarks import loans
from benchmarks.measure import Row, in_child, load, median

TARGETS = {".parquet": 3_000_000, ".txt.gz": 1_000_000}


def run(count: int, repeat: int) -> list[Row]:
    """Measure on a history of a twentieth as many loans (each has dozens of months)."""
    count = max(count // 20, 500)
    months = loans.months(count)
    seconds: dict[str, list[float]] = {suffix: [] for suffix in TARGETS}
    busy: dict[str, list[float]] = {suffix: [] for suffix in TARGETS}
    peaks: dict[str, float] = dict.fromkeys(TARGETS, 0.0)
    for _ in range(min(repeat, 3)):
        for suffix in TARGETS:
            done = in_child(
                "benchmarks.child", {"work": "history", "tape": str(loans.history(count, suffix))}
            )
            seconds[suffix].append(done["seconds"])
            busy[suffix].append(done["cpu_seconds"])
            peaks[suffix] = max(peaks[suffix], done["peak_gigabytes"])
    return [
        Row(
            "tape",
            "Parquet" if suffix == ".parquet" else "gzipped lines",
            months / median(samples),
            "loan-months/s",
            f">= {TARGETS[suffix]}",
            f"{months:,} loan-months of {count:,} loans; "
            f"{months / median(busy[suffix]):,.0f} a second of processor time; "
            f"{peaks[suffix]:.2f} GB; load average {load():.1f}",
            tuple(samples),
        )
        for suffix, samples in seconds.items()
    ]
