"""The outcome measures again, in plain Python from the text of the tape: slow, short, and sharing no code.

Run it by itself to see its figures: ``python tests/oversight/independent_outcomes.py TAPE.csv.gz``.
"""

from __future__ import annotations

import gzip
import math
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

GONE = {"06": "left", "15": "left", "16": "left", "96": "left", "97": "left", "98": "left"}
ENDS = {"01": "paid_off", "02": "foreclosure_sale", "03": "short_sale", "09": "acquired", **GONE}
LOST = ("foreclosure_sale", "acquired")
GAVE_UP = ("short_sale", "deed_in_lieu")
PLANS = {"F": "forbearance", "T": "trial", "R": "repayment_plan"}
LONG = ("modification", "payment_deferral")


def load(path: Path) -> dict[str, dict[int, dict[str, Any]]]:
    """Loan to month (year * 12 + month - 1) to what the row says."""
    loans: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    with gzip.open(path, "rt") as lines:
        for line in lines:
            f = line.rstrip("\n").split("|")
            month = int(f[2][2:]) * 12 + int(f[2][:2]) - 1
            loans[f[1]][month] = {
                "late": int(f[39]) if f[39].isdigit() else None,
                "rate": float(f[8]) if f[8] else None,
                "balance": float(f[11]) if f[11] else 0.0,
                "maturity": int(f[18][2:]) * 12 + int(f[18][:2]) - 1 if f[18] else None,
                "flag": f[41],
                "end": f[43],
                "plan": f[101],
                "deferred": float(f[107]) if f[107] else None,
                "held": float(f[62]) if f[62] else 0.0,
                "original": (float(f[9]), float(f[7]), int(f[12])),
                "state": f[30],
            }
    return loans


def level(balance: float, rate: float, term: int) -> float:
    i = rate / 1200
    return balance * i / (1 - (1 + i) ** -term) if i else balance / term


class Loan:
    """One loan's months, its end and its help."""

    def __init__(self, key: str, rows: dict[int, dict[str, Any]]) -> None:
        self.key, self.rows = key, rows
        self.last = max(rows)
        ended = sorted(month for month, row in rows.items() if row["end"])
        self.end = ended[0] if ended else None
        self.fate = ENDS[rows[ended[0]]["end"]] if ended else "running"
        self.seen = self.last if self.end is None else self.end - 1
        self.helps = self._helps()

    def late(self, month: int) -> int | None:
        row = self.rows.get(month)
        return None if row is None or month > self.seen else row["late"]

    def plan(self, month: int) -> bool:
        return month <= self.seen and self.rows[month]["plan"] in PLANS

    def _helps(self) -> list[tuple[int, str]]:
        found = []
        before: dict[str, Any] | None = None
        deferred, modified = 0.0, -(10**6)
        for month in sorted(self.rows):
            row = self.rows[month]
            if month > self.seen:
                break
            if row["flag"] == "Y" and (before is None or before["flag"] != "Y"):
                found.append((month, "modification"))
                modified = month
            if row["deferred"] is not None and row["deferred"] > deferred:
                found.append((month, "payment_deferral"))
                deferred = row["deferred"]
            kind = PLANS.get(row["plan"])
            if (
                kind
                and (before is None or before["plan"] != row["plan"])
                and not (kind == "trial" and month - modified <= 3)
            ):
                found.append((month, kind))
            before = row
        return found

    def lates(self, start: int, least: int) -> int | None:
        """Months from start to the first later month at least so late."""
        for month in range(start + 1, self.seen + 1):
            late = self.late(month)
            if late is not None and late >= least:
                return month - start
        return None

    def payment_change(self, month: int) -> tuple[float, float]:
        """Payments before and after a modification, from figures three months later, when all have arrived."""
        before = level(*self.rows[month]["original"])
        at = min(month + 3, self.seen)
        row = self.rows[at]
        term = row["maturity"] - (at + 1 - row["late"]) + 1
        return before, level(row["balance"] - row["held"], row["rate"], term)


def state(loan: Loan, month: int, data_end: int) -> str:
    if month > data_end:
        return "too_recent"
    if loan.end is not None and month >= loan.end:
        return "lost" if loan.fate in LOST else "gave_up" if loan.fate in GAVE_UP else loan.fate
    if month > loan.seen:
        return "unseen"
    late = loan.late(month)
    if late == 0:
        return "current"
    if loan.plan(month):
        return "pending"
    return "late_unknown" if late is None else "late_30" if late == 1 else "late_60"


def figures(path: Path) -> dict[str, Any]:
    """Every figure that the test compares."""
    loans = [Loan(key, rows) for key, rows in load(path).items()]
    data_end = max(loan.last for loan in loans)
    out: dict[str, Any] = {"loans": len(loans)}
    actions: dict[str, int] = defaultdict(int)
    people: dict[str, set[str]] = defaultdict(set)
    for loan in loans:
        for _, kind in loan.helps:
            actions[kind] += 1
            people[kind].add(loan.key)
    out["actions"] = dict(actions)
    out["people"] = {kind: len(found) for kind, found in people.items()}
    helped = [loan for loan in loans if loan.helps]
    out["helped"] = len(helped)
    mods = [(loan, month) for loan in loans for month, kind in loan.helps if kind == "modification"]
    changes = [loan.payment_change(month) for loan, month in mods]
    out["lower"] = sum(before - after > 0.005 * before for before, after in changes)
    out["lower_10"] = sum(before - after >= 0.1 * before for before, after in changes)
    for least in (1, 2, 3):
        for months in (3, 6, 9, 12):
            bad = good = 0
            for loan, month in mods:
                at = state(loan, month + months, data_end)
                late = loan.late(month + months)
                if at in ("lost", "gave_up"):
                    bad += 1
                elif at in ("too_recent", "paid_off", "left", "unseen") or late is None:
                    continue
                elif late >= least:
                    bad += 1
                else:
                    good += 1
            out[f"occ_{30 * least}_{months}"] = (bad, bad + good)
    first_long = [
        (loan, min(month for month, kind in loan.helps if kind in LONG))
        for loan in loans
        if any(kind in LONG for _, kind in loan.helps)
    ]
    out["long"] = len(first_long)
    for months in (6, 12, 24, 36, 60):
        bad = good = 0
        for loan, month in first_long:
            at = state(loan, month + months, data_end)
            again = loan.lates(month, 2)
            if at == "too_recent":
                continue
            if (again is not None and again <= months) or at in ("lost", "gave_up"):
                bad += 1
            elif at in ("left", "unseen"):
                continue
            else:
                good += 1
        out[f"redefault_{months}"] = (bad, bad + good)
    for months in (12, 24, 36, 60):
        counts: dict[str, int] = defaultdict(int)
        tests = dict.fromkeys(("long_term_help", "out_of_danger", "still_home", "first_three"), 0)
        for loan in helped:
            start = loan.helps[0][0]
            at = state(loan, start + months, data_end)
            counts[at] += 1
            if at == "too_recent":
                continue
            long = [month for month, kind in loan.helps if kind in LONG and month <= start + months]
            got = bool(long)
            again = loan.lates(long[0], 2) if got else None
            danger_over = (
                got and at in ("current", "paid_off") and not (again is not None and long[0] + again <= start + months)
            )
            home = at in ("current", "late_30", "late_60", "late_unknown", "pending")
            tests["long_term_help"] += got
            tests["out_of_danger"] += danger_over
            tests["still_home"] += home
            tests["first_three"] += got and danger_over and home
        out[f"states_{months}"] = dict(counts)
        out[f"tests_{months}"] = tests
    # Kaplan-Meier of long-term help events, and its Greenwood error.
    spans = []
    for loan in loans:
        for month, kind in loan.helps:
            if kind in LONG:
                again = loan.lates(month, 2)
                if again is not None:
                    spans.append((again, True))
                elif loan.fate not in ("running", "left"):
                    assert loan.end is not None
                    spans.append((loan.end - month, True))
                else:
                    spans.append((loan.seen - month, False))
    survival, error, curve = 1.0, 0.0, {}
    for t in range(1, 61):
        at_risk = sum(time >= t for time, _ in spans)
        events = sum(time == t and hit for time, hit in spans)
        if at_risk:
            survival *= 1 - events / at_risk
            error += events / (at_risk * (at_risk - events)) if at_risk > events else 0
            curve[t] = (survival, survival * math.sqrt(error))
    out["curve"] = curve
    late = [loan.late(data_end) for loan in loans if loan.late(data_end) is not None]
    out["stock"] = [sum(value >= least for value in late if value is not None) for least in range(5)]
    return out


if __name__ == "__main__":
    for name, value in figures(Path(sys.argv[1])).items():
        print(name, value)
