"""Timing that holds on a busy machine: variants take turns, medians are compared, and the load is written down."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        benchmark: its name.
        variant: what was measured.
        value: the median (or the only) figure.
        unit: of the value.
        target: what it should be at least (``>= x``) or at most (``<= x``), or nothing.
        note: how it was measured, and what it means.
        samples: every figure, in the order of the turns.
    """

    benchmark: str
    variant: str
    value: float
    unit: str
    target: str = ""
    note: str = ""
    samples: tuple[float, ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if not self.target:
            return None
        sign, limit = self.target.split()
        return self.value >= float(limit) if sign == ">=" else self.value <= float(limit)


def turns(
    variants: Mapping[str, Callable[[], Any]], repeat: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, tuple[float, ...]]:
    """Time variants in alternation; each is called once beforehand, unmeasured.

    Args:
        variants: name to what is timed.
        repeat: turns.
        clock: seconds; ``time.process_time`` where one thread is measured on a machine shared with others.

    Returns:
        Seconds of each turn by name.
    """
    found: dict[str, list[float]] = {name: [] for name in variants}
    for work in variants.values():
        work()
    for _ in range(repeat):
        for name, work in variants.items():
            begun = clock()
            work()
            found[name].append(clock() - begun)
    return {name: tuple(seconds) for name, seconds in found.items()}


def median(samples: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(samples)


def in_child(module: str, arguments: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run ``python -m module '<json>'`` in a process of its own, so that its memory is its own.

    Returns the JSON that it prints last. ``wall_seconds`` of the whole process are added.

    Raises:
        RuntimeError: the process failed; its last words are in the message.
    """
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", module, json.dumps(dict(arguments))],
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return {"wall_seconds": time.perf_counter() - begun, **found}


def peak_gigabytes() -> float:
    """Return the largest memory this process has had, in billions of bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e9


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load() -> float:
    """Return the load average of the last minute: above the number of processors, wall times are too long."""
    return os.getloadavg()[0]


def machine() -> dict[str, Any]:
    """Describe the machine, so that figures can be placed."""
    return {
        "processor": _processor(),
        "processors": processors(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_average": [round(part, 2) for part in os.getloadavg()],
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        return names[0] if names else platform.processor()
    except OSError:
        return platform.processor()
