"""A million delinquent loans under every conventional option, Parquet in and out, against a loop over loans."""

from __future__ import annotations

import sys
import time
from typing import Any

import polars as pl

from benchmarks import loans
from benchmarks.measure import Row, in_child, load, median, processors

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
    from hopenow.review.engine import determine

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


def stages(count: int = 200_000) -> pl.DataFrame:
    """Return the processor time that each stage of a review takes, in microseconds a loan, most first."""
    from hopenow.review import assembled
    from hopenow.review.engine import determine, prepare
    from hopenow.review.published import published, term_types
    from hopenow.review.reasons import decode, lacking

    facts = pl.concat([loans.facts(loans.PIECE, seed) for seed in range(1, 2 + count // loans.PIECE)])[:count]
    types = term_types(loans.SETTINGS.chosen())
    parts: list[Any] = []

    def timed(work: Any) -> float:
        begun = time.process_time()
        work()
        return (time.process_time() - begun) / count * 1e6

    determine(facts.head(1), loans.SETTINGS)
    found = {"prepare": timed(lambda: prepare(facts, loans.SETTINGS))}
    found["determine (with prepare)"] = timed(lambda: parts.extend(determine(facts, loans.SETTINGS)))
    found["decode"] = timed(lambda: [decode(part, ()) for part in parts])
    found["lacking"] = timed(lambda: [lacking(part) for part in parts])
    frame = assembled(facts, parts, loans.SETTINGS)
    found["assemble (with decode)"] = timed(lambda: assembled(facts, parts, loans.SETTINGS))
    found["publish"] = timed(lambda: published(frame, types))
    return pl.DataFrame({"stage": list(found), "microseconds": list(found.values())}).sort(
        "microseconds", descending=True
    )
