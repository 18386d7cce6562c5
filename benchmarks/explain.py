"""One loan explained: inside a warm process, and as a command."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks import loans
from benchmarks.measure import Row, load, median
from hopenow.review import explain
from hopenow.review.engine import determine

CALL = "from hopenow.cli import main; main()"


def run(count: int, repeat: int) -> list[Row]:
    """Measure; ``count`` only sets how many different loans are explained."""
    facts = loans.facts(min(count, 1_000))
    explain(facts[:1], loans.SETTINGS)
    warm, answers, busy = [], [], []
    for place in range(min(10 * repeat, facts.height)):
        loan = facts[place : place + 1]
        begun = time.perf_counter()
        determine(loan, loans.SETTINGS)
        answers.append(1000 * (time.perf_counter() - begun))
        begun, used = time.perf_counter(), time.process_time()
        explain(loan, loans.SETTINGS)
        warm.append(1000 * (time.perf_counter() - begun))
        busy.append(1000 * (time.process_time() - used))
    tape = loans.tape(1_000)
    command = [sys.executable, "-c", CALL, "explain", str(tape), "10000000000"]
    seconds = []
    for _ in range(repeat + 1):
        begun = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds.append(time.perf_counter() - begun)
        if done.returncode:
            raise RuntimeError(f"hopenow explain failed:\n{done.stderr[-2000:]}")
    seconds = seconds[1:]
    note = f"load average {load():.1f}"
    return [
        Row("explain", "determination alone, warm", median(answers), "ms", "", note, tuple(answers)),
        Row("explain", "explanation, warm", median(warm), "ms", "<= 50", note, tuple(warm)),
        Row("explain", "explanation, warm, processor time", median(busy), "ms", "", note, tuple(busy)),
        Row("explain", "as a command", median(seconds), "s", "<= 1.5", note, tuple(seconds)),
    ]
