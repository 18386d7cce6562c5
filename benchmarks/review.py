"""A million delinquent loans under every conventional option, Parquet in and out, against a loop over loans."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks import loans
from benchmarks.measure import Row, in_child, load, median, processors
from hopenow.portfolio.columns import gathered, result_schema
from hopenow.portfolio.parquet import ParquetFile
from hopenow.portfolio.sheet import Sheet
from hopenow.portfolio.tally import Tally
from hopenow.review.engine import ROW, determine
from hopenow.review.reasons import lacking, worded
from hopenow.tapes.tabular import read_tabular

SAMPLE = 2_000


def run(count: int, repeat: int) -> list[Row]:
    """Measure; each turn is a process of its own."""
    tapes = {
        "facts in engine units": loans.tape(count, canonical=True),
        "published units": loans.tape(count),
    }
    turns: dict[str, list[dict[str, Any]]] = {name: [] for name in tapes}
    for _ in range(min(repeat, 3)):
        for name, path in tapes.items():
            turns[name].append(in_child("benchmarks.child", {"work": "review", "tape": str(path)}))
    found = []
    for name, results in turns.items():
        seconds = tuple(result["seconds"] for result in results)
        wall = median(seconds)
        busy = median([result["cpu_seconds"] for result in results])
        note = (
            f"{count:,} loans, {count / wall:,.0f} a second; {busy:.1f} s of processor time, "
            f"{busy / processors():.1f} s on {processors()} idle processors; load average {load():.1f}"
        )
        scale = count / 1_000_000
        found += [
            Row("review", f"end to end, {name}", wall, "s", f"<= {3 * scale:g}", note, seconds),
            Row(
                "review", f"processor time, {name}", busy, "s", "", "per loan it does not depend on the load"
            ),
            Row(
                "review",
                f"peak memory, {name}",
                max(result["peak_gigabytes"] for result in results),
                "GB",
                "<= 1.5",
            ),
        ]
    each = one_by_one(min(SAMPLE, count))
    if each is not None:
        fastest = min(row.value for row in found if row.unit == "s" and row.variant.startswith("end"))
        found.append(
            Row(
                "review",
                "one loan at a time in Python",
                each * count,
                "s",
                "",
                f"from {SAMPLE:,} loans: the tests' oracle, exact, not tuned",
            )
        )
        found.append(Row("review", "times faster than one at a time", each * count / fastest, "", ">= 100"))
    return found


def one_by_one(count: int) -> float | None:
    """Return seconds a loan of an independent implementation of the same rules and terms, in plain Python.

    It is the oracle of the tests: exact integers and fractions, unknown facts settled by trying them out. What is not
    Python (the figures of reference tables) is given to it.
    """
    try:
        from tests.oracle import agreement
    except ImportError:
        print("review: tests/ is not on the path: the per-loan loop is left out", file=sys.stderr)
        return None
    from hopenow.facts import schema

    parts = determine(loans.facts(count), loans.SETTINGS)
    work = []
    for part in parts:
        options = [
            (item.option.id, item.segment.rule_set.id) for item in part.interval.options if item.segment
        ]
        names = [
            *(name for name in schema() if name in part.frame.columns),
            "valuation__value",
            "modification_interest_rate",
            "modification_interest_rate_bound",
        ]
        work.append((options, part.frame.select(names).to_dicts()))
    begun = time.perf_counter()
    for options, rows in work:
        for row in rows:
            _one(agreement, options, row)
    return (time.perf_counter() - begun) / count


def _one(agreement: Any, options: list[tuple[str, str]], row: dict[str, Any]) -> dict[str, Any]:
    """Determine every option of one loan: terms, and each rule's answer."""
    known = agreement.known(row)
    figures = {
        "value": row["valuation__value"],
        "posted": row["modification_interest_rate"],
        "bound": row["modification_interest_rate_bound"],
    }
    facts = agreement.oracle_facts(known)
    editions: dict[int, Any] = {}
    found = {}
    for option, rule_set in options:
        terms, _ = agreement.expected_terms(known, figures, option, rule_set, editions)
        found[option] = (terms, agreement.expected_rules(known, facts, option, rule_set, terms, figures))
    return found


def stages(count: int = 262_144) -> pl.DataFrame:
    """Return the processor time that each stage of a review takes, in microseconds a loan, most first.

    On one thread, piece by piece, as `hopenow.portfolio.pipeline` does it on several.
    """
    path = loans.tape(count, canonical=True)
    spent: Counter[str] = Counter()
    for _ in range(2):
        # The first time everything is loaded and compiled.
        spent.clear()
        _stages(path, spent)
    found = {name: seconds / count * 1e6 for name, seconds in spent.most_common()}
    return pl.DataFrame({"stage": list(found), "microseconds": list(found.values())})


def _stages(path: Path, spent: Counter[str]) -> None:
    def timed(name: str, work: Callable[[], Any]) -> Any:
        begun = time.process_time()
        found = work()
        spent[name] += time.process_time() - begun
        return found

    programs = loans.SETTINGS.chosen()
    schema, tally = result_schema(programs), Tally(programs)
    pieces = read_tabular(path)
    with tempfile.TemporaryDirectory(dir=loans.BUILD) as folder:
        file = ParquetFile(Path(folder) / "results.parquet", schema)
        while (batch := timed("read and check", lambda: next(pieces, None))) is not None:
            facts = batch.facts
            parts = timed("determine", lambda: determine(facts, loans.SETTINGS))  # noqa: B023
            lacks = timed("missing facts", lambda: [lacking(part) for part in parts])  # noqa: B023
            said = timed("reasons", lambda: [worded(part, ()) for part in parts])  # noqa: B023
            together = gathered(lacks, [part.frame[ROW] for part in parts], facts.height)
            sheet = Sheet(facts, said, together, loans.SETTINGS, schema)
            timed("count", lambda: tally.add(said, sheet.context, sheet.left))  # noqa: B023
            chunks = timed("encode", sheet.chunks)
            timed("write", lambda: file.write(sheet.rows, chunks))  # noqa: B023
        file.close()
