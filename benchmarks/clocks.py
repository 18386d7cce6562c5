"""Clocks: a portfolio of cases with fifty events each, every duty and protection derived on one core.

``python -m benchmarks.clocks [--cases 100000]``. The cases are made beforehand (2,000 different ones, derived again and
again), so that deriving is what is timed; reading and checking them is timed by itself. Every case is a whole story:
two to three years of payments with some missed, contact, notices, an application with papers, decision, appeal or
answer, a filing and a sale, a transfer, a notice of error, a request.

Processor time is measured, since the target is for one core and other work may share the machine.
"""

from __future__ import annotations

import argparse
import datetime
import random
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import Any

from benchmarks.measure import Row
from hopenow.clocks import Case, read_case, shields, simulate
from hopenow.clocks.derive import fold
from hopenow.dates import add_months

EVENTS = 50
DIFFERENT = 2_000
TARGET_SECONDS = 20.0
TARGET_CASES = 100_000
AS_OF = datetime.date(2026, 11, 23)
_START = datetime.date(2024, 1, 1)


def story(seed: int, events: int = EVENTS) -> dict[str, Any]:
    """Make one case as plain data, the same for the same seed: consistent, with the wanted number of events.

    Args:
        seed: any number.
        events: how many events; remarks fill what the story leaves open, and payments give way where it is too long.
    """
    rng = random.Random(seed)
    first = add_months(_START, rng.randrange(0, 6))
    rows = _ending(rng, add_months(first, rng.randrange(18, 24)))
    room = events - len(rows)
    months, day = 0, first
    missed = 0
    while room > 0 and months < 30:
        behind = rng.random() < 0.25 or months > 20
        if behind:
            missed += 1
        else:
            rows.append(_row("payment_received", day + datetime.timedelta(days=rng.randrange(0, 20))))
            room -= 1
        months += 1
        day = add_months(first, months)
    while room > 0:
        rows.append(_row("note_made", _START + datetime.timedelta(days=rng.randrange(1_000))))
        room -= 1
    rows.sort(key=lambda row: row["day"])
    loan = {"servicer": "First Servicing", "first_due": first, "payment": "1250.00", "principal_residence": True}
    return {"case": f"C{seed:06d}", "loan": loan, "events": rows}


def _row(kind: str, day: datetime.date, **details: Any) -> dict[str, Any]:
    return {"kind": kind, "day": day, **details}


def _ending(rng: random.Random, start: datetime.date) -> list[dict[str, Any]]:
    """Trouble from a day on: contact, application, decision, foreclosure, transfer, complaints."""

    def on(days: int) -> datetime.date:
        return start + datetime.timedelta(days=days)

    rows = [
        _row("live_contact_attempted", on(rng.randrange(-60, 20))),
        _row("live_contact_made", on(rng.randrange(20, 36)), told_of_help=True),
        _row("contact_person_assigned", on(37)),
        _row("early_notice_sent", on(rng.randrange(36, 50))),
        _row("live_contact_attempted", on(70)),
        _row("error_notice_received", on(52), id="error", error=rng.choice(["other", "payoff"])),
        _row("error_acknowledged", on(55), about="error"),
        _row("request_received", on(60), id="request", asks=rng.choice(["owner", "other"])),
        _row("request_answered", on(66), about="request"),
        _row("application_received", on(80), id="app"),
        _row("acknowledgment_sent", on(86), about="app", complete=False, missing=["pay stub", "bank statement"]),
        _row("document_received", on(95), about="app", document="pay stub"),
        _row("document_received", on(101), about="app", document="bank statement"),
        _row("complete_notice_sent", on(107), about="app"),
    ]
    if rng.random() < 0.4:
        rows.append(_row("first_filing_made", on(90)))
        rows.append(_row("sale_scheduled", on(98), sale_date=on(rng.randrange(140, 260))))
    if rng.random() < 0.3:
        rows.append(_row("servicing_transferred", on(110), to="Second Servicing"))
        rows.append(_row("transfer_notice_sent", on(93), by="both", effective=on(110)))
    turn = rng.random()
    if turn < 0.3:
        rows.append(_row("decision_sent", on(128), about="app", denied_modifications=["flex modification"]))
        rows.append(_row("appeal_received", on(138), about="app"))
        rows.append(_row("appeal_decision_sent", on(160), about="app"))
    elif turn < 0.7:
        rows.append(_row("decision_sent", on(125), about="app", offered=["flex modification"]))
        rows.append(_row("offer_accepted", on(134), about="app"))
        rows.append(_row("trial_payment_made", on(150), about="app"))
    return rows


def cases(count: int, different: int = DIFFERENT) -> Iterator[Case]:
    """Yield cases, a limited number of different ones over and over."""
    made = [read_case(story(seed)) for seed in range(min(different, count))]
    return islice(cycle(made), count)


def run(loans: int, repeat: int) -> list[Row]:
    """Measure; ``loans`` is capped at the portfolio of the target, since time grows evenly."""
    count = min(loans, TARGET_CASES)
    limit = TARGET_SECONDS * count / TARGET_CASES
    stories = [story(seed) for seed in range(min(DIFFERENT, count))]
    begin = time.process_time()
    made = [read_case(content) for content in stories]
    reading = (time.process_time() - begin) / len(made)
    today = AS_OF.toordinal()
    fold(made[0], today)
    derived: list[float] = []
    framed: list[float] = []
    shielded: list[float] = []
    for _ in range(max(1, min(repeat, 3))):
        begin = time.process_time()
        for case in islice(cycle(made), count):
            fold(case, today)
        derived.append(time.process_time() - begin)
        begin = time.process_time()
        frame = simulate(islice(cycle(made), count), AS_OF)
        framed.append(time.process_time() - begin)
        begin = time.process_time()
        shields(islice(cycle(made), count), AS_OF)
        shielded.append(time.process_time() - begin)
    note = f"{count:,} cases with {EVENTS} events, one core"
    return [
        _timed(
            "every item", derived, limit, f"{note}; {sorted(derived)[len(derived) // 2] / count * 1e6:.0f} µs a case"
        ),
        _timed("frame of duties", framed, limit, f"{note}; {frame.height:,} duties not done yet"),
        _timed("frame of protections", shielded, limit, note),
        Row("clocks", "reading and checking", reading * 1e6, "µs a case", "", "from plain data with dates"),
    ]


def _timed(variant: str, samples: Sequence[float], limit: float, note: str) -> Row:
    middle = sorted(samples)[len(samples) // 2]
    return Row("clocks", variant, middle, "s", f"<= {limit:g}", note, tuple(samples))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=TARGET_CASES)
    parser.add_argument("--repeat", type=int, default=3)
    chosen = parser.parse_args()
    for row in run(chosen.cases, chosen.repeat):
        print(f"{row.variant:24} {row.value:10.3f} {row.unit:10} {row.target:8} {row.note}")


if __name__ == "__main__":
    main()
