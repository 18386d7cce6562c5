"""Memory does not grow with the tape: peaks of a review of one, three and (if asked) ten million loans."""

from __future__ import annotations

from benchmarks import loans
from benchmarks.measure import Row, in_child, load

LIMITS = {1: 1.5, 3: 1.5, 10: 4.0}


def run(count: int, repeat: int, *, longest: int = 3) -> list[Row]:
    """Measure once each.

    Args:
        count: loans in the shortest tape.
        repeat: not used; memory is measured once.
        longest: 3, or 10 for ten times as many loans as well.
    """
    found = []
    first = None
    for times in [times for times in LIMITS if times <= longest]:
        tape = loans.tape(times * count, canonical=True)
        done = in_child("benchmarks.child", {"work": "review", "tape": str(tape)})
        each = done["seconds"] / done["loans"]
        first = first or each
        pace = f"{done['seconds']:.1f} s, {each / first:.2f} times as long a loan as the shortest"
        note = f"{pace}; load average {load():.1f}"
        found.append(
            Row(
                "memory",
                f"{times * count:,} loans",
                done["peak_gigabytes"],
                "GB",
                f"<= {LIMITS[times]}",
                note,
            )
        )
    return found
