"""Review and three-sided valuation of a million loans, end to end, and the modern model's kernel alone."""

from __future__ import annotations

import concurrent.futures
import datetime
import time

import numpy as np
import polars as pl

from benchmarks.measure import Row, load, median, processors
from hopenow.facts import schema
from hopenow.review.engine import Part, Settings, determine
from hopenow.tapes.synthetic import synthetic_delinquent
from hopenow.valuation.modern import Loans, as_is, assumptions, build, market, value_table
from hopenow.valuation.sides import Sides, sides

DAY = datetime.date(2025, 9, 15)
PIECE = 65_536


def random_loans(count: int, seed: int = 1) -> Loans:
    """Return loans for the kernel: half of them paying, terms of one to forty years."""
    rng = np.random.default_rng(seed)

    def whole(values: object) -> np.ndarray:
        return np.ascontiguousarray(values, dtype=np.int64)

    rate, term = rng.integers(16, 64, count) * 1250, rng.integers(12, 481, count)
    balance = rng.integers(5_000_000, 60_000_000, count)
    monthly = rate / 12e6
    return Loans(
        late=whole(rng.integers(0, 18, count) * rng.integers(0, 2, count)),
        balance=whole(balance),
        deferred=whole(np.zeros(count)),
        rate=whole(rate),
        payment=whole(balance * monthly / (1 - (1 + monthly) ** -term) + 1),
        term=whole(term),
        value=whole(balance * rng.uniform(0.7, 2.0, count)),
        escrow=whole(np.full(count, -1)),
        state=whole(rng.integers(1, 50, count)),
    )


def run(count: int, repeat: int) -> list[Row]:
    """Measure."""
    rows: list[Row] = []
    a = assumptions()
    some = random_loans(min(count, 200_000))
    table = build(some, as_is(some), a, market(DAY, a))
    once = value_table(table, a)
    same = all(np.array_equal(value_table(table, a, threads=2, batch=size), once) for size in (1_000, 7_777))
    rows.append(Row("sides", "batches and threads that change a bit", int(not same), "", "<= 0"))
    samples = []
    for _ in range(repeat):
        begun = time.thread_time()
        value_table(table, a)
        samples.append(time.thread_time() - begun)
    rate = some.count / median(samples)
    rows.append(Row("sides", "modern kernel, one case", rate, "loans/s", note="one thread", samples=tuple(samples)))
    # Conventional loans, as in the review's own benchmark: facts that only other programs ask are left out.
    names = [name for name, fact in schema().items() if fact.home == ""]
    pieces = [
        synthetic_delinquent(min(PIECE, count - first), seed=first + 1, evaluation_date=DAY).select(names)
        for first in range(0, count, PIECE)
    ]
    _whole(pieces[0].head(64))
    walls, busy, valued, options = [], [], 0, 0
    for _ in range(min(repeat, 3)):
        begun, used = time.perf_counter(), time.process_time()
        valued = options = 0
        reviewing = valuing = 0.0
        with concurrent.futures.ThreadPoolExecutor(processors()) as pool:
            for found, first, second in pool.map(_whole, pieces):
                valued += found.register.height
                options += found.options.height
                reviewing += first
                valuing += second
        walls.append(time.perf_counter() - begun)
        busy.append(time.process_time() - used)
    note = (
        f"{count:,} loans in memory, {valued:,} valued, {options:,} options of three cases each; "
        f"{median(busy):.1f} s of processor time, {median(busy) / processors():.1f} s on {processors()} idle ones; "
        f"review to valuation as {reviewing:.1f} to {valuing:.1f}; load average {load():.1f}"
    )
    rows.append(
        Row("sides", "review and three sides", median(walls), "s", f"<= {8 * count / 1e6:g}", note, tuple(walls))
    )
    return rows


def _whole(facts: pl.DataFrame) -> tuple[Sides, float, float]:
    begun = time.perf_counter()
    parts: list[Part] = determine(facts, Settings())
    between = time.perf_counter()
    found = sides(facts, parts)
    return found, between - begun, time.perf_counter() - between
