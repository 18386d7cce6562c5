"""Portfolios: every duty and every protection of many cases on one day, as Polars frames.

The same derivation as for a single case (:func:`hopenow.clocks.derive.fold`), without the words: rows become columns.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import polars as pl

from hopenow.clocks.case import Case
from hopenow.clocks.derive import fold
from hopenow.clocks.policies import DEFAULT, Policies
from hopenow.clocks.result import ENDED_STATE, NORMAL, WAIVED_STATE, DutyRow, ProtectionRow, Status

STATUS = pl.Enum([status.value for status in Status])
WHO = pl.Enum(["servicer", "homeowner", "owner"])
BASIS = pl.Enum(["law", "safe_harbor", "target"])
MARK = pl.Enum(["verified", "secondary", "unverified"])

DUTY_COLUMNS: dict[str, Any] = {
    "case": pl.String,
    "rule": pl.String,
    "who": WHO,
    "about": pl.String,
    "since": pl.Date,
    "due": pl.Date,
    "not_before": pl.Date,
    "done": pl.Date,
    "status": STATUS,
    "days_left": pl.Int32,
    "basis": BASIS,
    "verification": MARK,
}
"""Columns of :func:`simulate`; the meanings are those of :class:`hopenow.clocks.result.Duty`."""

PROTECTION_COLUMNS: dict[str, Any] = {
    "case": pl.String,
    "rule": pl.String,
    "bars": pl.String,
    "about": pl.String,
    "start": pl.Date,
    "until": pl.Date,
    "expected": pl.Date,
    "in_force": pl.Boolean,
    "verification": MARK,
}
"""Columns of :func:`shields`; the meanings are those of :class:`hopenow.clocks.result.Protection`."""

_CHUNK = 4_096
_EPOCH = datetime.date(1970, 1, 1).toordinal()


def simulate(
    cases: Iterable[Case], as_of: datetime.date, policies: Policies = DEFAULT, *, everything: bool = False
) -> pl.DataFrame:
    """Derive every duty of a portfolio on a day.

    Args:
        cases: any number; they are read one after another, so a generator keeps memory small.
        as_of: the day looked at.
        policies: choices that the law leaves open.
        everything: also duties that are done, waived or ended; otherwise what is open, due today or overdue.

    Returns:
        One row per duty with the columns of :data:`DUTY_COLUMNS`, in the order of the cases.
    """
    today = as_of.toordinal()
    frames: list[pl.DataFrame] = []
    for chunk in _chunks(cases):
        rows: list[DutyRow] = []
        owners: list[Case] = []
        for case in chunk:
            found = fold(case, today, policies)[1].duties
            if not everything:
                found = [row for row in found if not row[5] and row[7] == NORMAL]
            rows += found
            owners += [case] * len(found)
        if rows:
            frames.append(_duties(rows, owners, today))
    return pl.concat(frames) if frames else pl.DataFrame(schema=DUTY_COLUMNS)


def shields(
    cases: Iterable[Case], as_of: datetime.date, policies: Policies = DEFAULT, *, everything: bool = False
) -> pl.DataFrame:
    """Derive every protection of a portfolio on a day.

    Args:
        cases: as in :func:`simulate`.
        as_of: the day looked at.
        policies: choices that the law leaves open.
        everything: also protections that are over or have not begun.

    Returns:
        One row per protection with the columns of :data:`PROTECTION_COLUMNS`.
    """
    today = as_of.toordinal()
    frames: list[pl.DataFrame] = []
    for chunk in _chunks(cases):
        rows: list[ProtectionRow] = []
        owners: list[Case] = []
        for case in chunk:
            found = fold(case, today, policies)[1].protections
            if not everything:
                found = [row for row in found if row[3] <= today and (not row[4] or today <= row[4])]
            rows += found
            owners += [case] * len(found)
        if rows:
            frames.append(_protections(rows, owners, today))
    return pl.concat(frames) if frames else pl.DataFrame(schema=PROTECTION_COLUMNS)


def due_counts(duties: pl.DataFrame) -> dict[str, int]:
    """Count the duties of :func:`simulate` that are overdue, due today, and due this week.

    The week is seven days from the as-of day on, the day itself among them.
    """
    left = pl.col("days_left")
    week = left.is_between(0, _DAYS_IN_A_WEEK - 1)
    sums = duties.select(overdue=(left < 0).sum(), due_today=(left == 0).sum(), due_this_week=week.sum())
    counted = sums.row(0, named=True)
    return {name: int(number) for name, number in counted.items()}


_DAYS_IN_A_WEEK = 7


def _chunks(cases: Iterable[Case]) -> Iterator[list[Case]]:
    source = iter(cases)
    while chunk := list(islice(source, _CHUNK)):
        yield chunk


def _duties(rows: Sequence[DutyRow], owners: Sequence[Case], today: int) -> pl.DataFrame:
    rules, abouts, starts, dues, firsts, dones, overs, states, _, _, _ = zip(*rows, strict=True)
    frame = pl.DataFrame(
        {
            "case": [case.id for case in owners],
            "rule": [rule.id for rule in rules],
            "who": [rule.who for rule in rules],
            "about": _abouts(abouts, owners),
            "since": starts,
            "due": dues,
            "not_before": firsts,
            "done": dones,
            "over": overs,
            "state": states,
            "basis": [rule.basis for rule in rules],
            "verification": [_mark(rule) for rule in rules],
        }
    )
    due, done, over, state = (pl.col(name) for name in ("due", "done", "over", "state"))
    in_time = (due == 0) | (done <= due)
    status = (
        pl.when(done != 0)
        .then(pl.when(in_time).then(pl.lit(Status.DONE_ON_TIME.value)).otherwise(pl.lit(Status.DONE_LATE.value)))
        .when(state == WAIVED_STATE)
        .then(pl.lit(Status.WAIVED.value))
        .when(state == ENDED_STATE)
        .then(
            pl.when((due != 0) & (over > due)).then(pl.lit(Status.MISSED.value)).otherwise(pl.lit(Status.ENDED.value))
        )
        .when((due == 0) | (due > today))
        .then(pl.lit(Status.OPEN.value))
        .when(due == today)
        .then(pl.lit(Status.DUE_TODAY.value))
        .otherwise(pl.lit(Status.OVERDUE.value))
    )
    still = (done == 0) & (state == NORMAL) & (due != 0)
    return frame.with_columns(status=status, days_left=pl.when(still).then(due - today)).select(
        *(_shaped(name, kind) for name, kind in DUTY_COLUMNS.items())
    )


def _protections(rows: Sequence[ProtectionRow], owners: Sequence[Case], today: int) -> pl.DataFrame:
    rules, bars, abouts, starts, untils, expected, _, _, _ = zip(*rows, strict=True)
    frame = pl.DataFrame(
        {
            "case": [case.id for case in owners],
            "rule": [rule.id for rule in rules],
            "bars": bars,
            "about": _abouts(abouts, owners),
            "start": starts,
            "until": untils,
            "expected": expected,
            "verification": [_mark(rule) for rule in rules],
        }
    )
    in_force = (pl.col("start") <= today) & ((pl.col("until") == 0) | (pl.col("until") >= today))
    return frame.with_columns(in_force=in_force).select(
        *(_shaped(name, kind) for name, kind in PROTECTION_COLUMNS.items())
    )


def _mark(rule: Any) -> str:
    return "unverified" if rule.basis == "target" else str(rule.verification)


def _abouts(abouts: Sequence[int], owners: Sequence[Case]) -> list[str]:
    day = datetime.date.fromordinal
    return [
        case.events[-about - 1].id if about < 0 else day(about).isoformat()
        for about, case in zip(abouts, owners, strict=True)
    ]


def _shaped(name: str, kind: Any) -> pl.Expr:
    column = pl.col(name)
    if kind == pl.Date:
        # Ordinals count from the year 1, dates of a frame from 1970; 0 means none.
        return pl.when(column != 0).then(column - _EPOCH).cast(pl.Int32).cast(pl.Date).alias(name)
    return column.cast(kind)
