"""Why a loan's balance is not where the month before would lead it: each month under one simple cause.

`hopenow.tapes.history.amortization_check` says how many current-to-current months end within a dollar of the
level-payment schedule. Here the rest is sorted by cause, with the whole history in view. A cause *explains* a
month when it predicts the balance within a dollar (two for two installments, as in the reader); the last
three causes only describe.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from hopenow.mortgage.kernels import interest

DOLLAR: Final = 100
LONGEST_WINDOW: Final = 6
"""Months within which a payment posted early or late must be made up."""

COMPARED: Final = frozenset(
    (
        "matched", "curtailment", "two payments", "no payment posted", "rate change", "balance rose",
        "less principal than scheduled",
    )
)  # fmt: skip
"""Events of months that were current here and in the month before, with both balances known."""

MATCHED = "on schedule within one dollar"
SETTLED = "on the schedule of the installment that later months confirm"
SHIFT = "posted early or late, made up within six months"
SHIFT_EXTRA = "the same, with the borrower's regular extra principal"
SAME_EXTRA = "the same extra principal as in the month before or after"
AHEAD = "exactly one installment more, paid ahead"
WHOLE_DOLLARS = "one extra payment of a whole number of dollars"
OTHER_EXTRA = "one extra payment of any other amount"
NOTHING = "no principal posted, not made up within six months"
OTHER = "less principal than scheduled, or a posting taken back"
EXPLAINED: Final = (MATCHED, SETTLED, SHIFT, SHIFT_EXTRA, SAME_EXTRA, AHEAD, WHOLE_DOLLARS)
CAUSES: Final = (*EXPLAINED, OTHER_EXTRA, NOTHING, OTHER)


@dataclass(slots=True)
class Month:
    """One month of a loan; money in cents, ``rate`` in millionths a year.

    ``extra`` is what was paid above the installment known at the time, None where the month is not compared.
    """

    balance: int | None
    rate: int
    installment: int
    event: str
    extra: int | None = None


def causes(frame: pl.DataFrame) -> Mapping[str, int]:
    """Count months by cause.

    Args:
        frame: facts of all months with ``event``, as ``read_performance(at="each", detail=True)`` gives them.

    Returns:
        Cause to months, in the order of `CAUSES`; their sum is the number of months compared.
    """
    columns = ["interest_bearing_balance", "note_rate", "monthly_principal_and_interest", "event"]
    loans = frame.sort("loan_id", "evaluation_date").cast({"event": pl.String})
    counts: Counter[str] = Counter()
    for _, loan in loans.group_by("loan_id", maintain_order=True):
        counts.update(_loan([Month(*row) for row in loan.select(columns).iter_rows()]))
    return {cause: counts[cause] for cause in CAUSES}


def _known(value: int | None) -> int:
    """Return a figure that every compared month has.

    Raises:
        ValueError: it has not; the events do not belong to these facts.
    """
    if value is None:
        raise ValueError("a month that is compared lacks a balance; events and facts do not belong together")
    return value


def _loan(months: Sequence[Month]) -> list[str]:
    """Causes of a loan's compared months."""
    for before, month in itertools.pairwise(months):
        if month.event in COMPARED:
            start = _known(before.balance)
            paid = start - _known(month.balance) + interest(start, before.rate, 1)
            month.extra = paid - month.installment
    found: dict[int, str] = {}
    for at, month in enumerate(months):
        if month.event == "matched":
            found[at] = MATCHED
        elif month.extra is not None and _is_settled(months, at):
            found[at] = SETTLED
    _shifts(months, found, with_extra=False)
    for at, month in enumerate(months):
        if at not in found and month.extra is not None and _repeats(months, at):
            found[at] = SAME_EXTRA
    _shifts(months, found, with_extra=True)
    for at, month in enumerate(months):
        if at not in found and month.extra is not None:
            found[at] = _alone(month)
    return list(found.values())


def _is_settled(months: Sequence[Month], at: int) -> bool:
    """Whether the payment is the installment that a later month runs on, which this one did not know yet."""
    month = months[at]
    paid = month.installment + _known(month.extra)
    later = {other.installment for other in months[at + 1 :] if other.rate == month.rate}
    small = {value for value in later if 0 < abs(value - month.installment) < 5 * DOLLAR}
    return any(abs(paid - value) <= DOLLAR for value in small)


def _repeats(months: Sequence[Month], at: int) -> bool:
    extra = _known(months[at].extra)
    near = [months[place].extra for place in (at - 1, at + 1) if 0 <= place < len(months)]
    return extra > DOLLAR and any(other is not None and abs(other - extra) <= DOLLAR for other in near)


def _shifts(months: Sequence[Month], found: dict[int, str], *, with_extra: bool) -> None:
    """Find windows after which the balance is back where equal payments lead it."""
    at = 1
    while at < len(months):
        if at in found or months[at].extra is None:
            at += 1
            continue
        end = _window(months, at, _usual_extras(months, at) if with_extra else (0,))
        for place in range(at, end):
            found.setdefault(place, SHIFT_EXTRA if with_extra else SHIFT)
        at = max(end, at + 1)


def _usual_extras(months: Sequence[Month], at: int) -> tuple[int, ...]:
    """Extra principal of the compared month before and of those up to one month after the longest window."""
    before = months[at - 1].extra
    after = [month.extra for month in months[at + 1 : at + LONGEST_WINDOW + 1]]
    return tuple({extra for extra in (before, *after) if extra is not None and extra > DOLLAR})


def _window(months: Sequence[Month], at: int, extras: Sequence[int]) -> int:
    """Return the end (exclusive) of the shortest window that begins at ``at``, or ``at`` if there is none."""
    ledgers = dict.fromkeys(extras, _known(months[at - 1].balance))
    for end in range(at, min(at + LONGEST_WINDOW, len(months))):
        month = months[end]
        if month.extra is None:
            break
        reached = _known(month.balance)
        for extra, balance in ledgers.items():
            ledgers[extra] = balance + interest(balance, months[end - 1].rate, 1) - month.installment - extra
        if end > at and any(abs(reached - balance) <= DOLLAR for balance in ledgers.values()):
            return end + 1
    return at


def _alone(month: Month) -> str:
    extra = _known(month.extra)
    if month.event == "two payments":
        return AHEAD
    if month.event == "no payment posted":
        return NOTHING
    if extra <= 0:
        return OTHER
    # A whole number of dollars to the cent, either way: three in a hundred amounts are so by chance.
    return WHOLE_DOLLARS if (extra + 1) % DOLLAR <= 2 else OTHER_EXTRA


def share(counts: Mapping[str, Any], names: Sequence[str]) -> float:
    """Share of the compared months that the named causes make up."""
    total = sum(counts.values())
    return sum(counts[name] for name in names) / total if total else float("nan")
