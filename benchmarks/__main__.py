"""``python -m benchmarks [names]``: measure, print a table, write ``build/benchmarks.json``."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.loans import BUILD
from benchmarks.measure import Row, machine

NAMES = ("terms", "valuation", "sides", "review", "mixed", "tape", "explain", "memory", "clocks", "outcomes")
RESULT = BUILD.parent / "benchmarks.json"
ROOT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(NAMES)}; none means all"
    )
    parser.add_argument(
        "--loans", type=int, default=1_000_000, help="loans to measure with (default: a million)"
    )
    parser.add_argument("--repeat", type=int, default=5, help="turns of each variant (default: 5)")
    parser.add_argument("--ten", action="store_true", help="memory: ten times as many loans, too")
    parser.add_argument("--out", type=Path, default=RESULT, help="where the figures go")
    chosen = parser.parse_args(arguments)
    unknown = sorted(set(chosen.names) - set(NAMES))
    if unknown or chosen.loans < 1 or chosen.repeat < 1:
        parser.error(f"unknown: {', '.join(unknown)}" if unknown else "--loans and --repeat are at least 1")
    # Processes that are measured find the same package and benchmarks.
    paths = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    rows: list[Row] = []
    for name in chosen.names or NAMES:
        more = {"longest": 10} if name == "memory" and chosen.ten else {}
        rows += importlib.import_module(f"benchmarks.{name}").run(chosen.loans, chosen.repeat, **more)
    print(table(rows))
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    figures = [{**dataclasses.asdict(row), "met": row.met} for row in rows]
    chosen.out.write_text(
        json.dumps({"machine": machine(), "loans": chosen.loans, "rows": figures}, indent=1) + "\n"
    )
    print(f"\n{machine()['processor']}, load average {machine()['load_average']}; figures in {chosen.out}")
    return 0


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| benchmark | variant | figure | target | met | note |", "|---|---|---|---|---|---|"]
    for row in rows:
        figure = f"{row.value:,.0f}" if abs(row.value) >= 1000 else f"{row.value:.3g}"
        met = {True: "yes", False: "**no**", None: ""}[row.met]
        lines.append(
            f"| {row.benchmark} | {row.variant} | {figure} {row.unit} | {_limit(row)} | {met} | {row.note} |"
        )
    return "\n".join(lines)


def _limit(row: Row) -> str:
    if not row.target:
        return ""
    sign, limit = row.target.split()
    return f"{'at least' if sign == '>=' else 'at most'} {float(limit):,g}"


if __name__ == "__main__":
    sys.exit(main())
