"""The delinquency ledger: which installment was unpaid on which day (DQ-1 to DQ-5).

Payments are credited to the oldest unpaid installment. Partial payments are held until they add up (DQ-5). The days
are ordinals. The delinquency of a day is seen at its end: a payment of that day counts.
"""

from __future__ import annotations

import bisect
import datetime
import functools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from hopenow.clocks.events import Loan
from hopenow.dates import add_months

if TYPE_CHECKING:
    from hopenow.clocks.case import Row

NEVER = datetime.date.max.toordinal()
"""Ordinal of a day that does not come: an installment not paid, a sale not scheduled."""

_MONTHS_AHEAD = 600
_MOVES = frozenset(
    {
        "payment_received",
        "trial_payment_made",
        "payment_amount_changed",
        "loan_brought_current",
        "deferral_accepted",
        "loan_accelerated",
        "acceleration_rescinded",
        "loan_paid_off",
        "title_transferred",
        "sale_held",
    }
)
_MONTHS_IN_A_YEAR = 12


@functools.lru_cache(maxsize=65_536)
def due_dates(first: int) -> tuple[int, ...]:
    """Ordinals of monthly due dates from a first one on, fifty years long; the day is kept where a month has it."""
    start = datetime.date.fromordinal(first)
    return tuple(add_months(start, months).toordinal() for months in range(_MONTHS_AHEAD))


def is_due_date(loan: Loan, day: datetime.date) -> bool:
    """Whether a day is one of the loan's due dates, before or after the case begins."""
    first = loan.first_due
    if first is None or (loan.last_due is not None and day > loan.last_due):
        return False
    return day == add_months(first, (day.year - first.year) * _MONTHS_IN_A_YEAR + day.month - first.month)


class Ledger:
    """Installments of a case and the day on which each was paid.

    Attributes:
        due: ordinals of the due dates up to the as-of day.
        paid: day on which each was paid, ``NEVER`` if it was not; never falling along the list.
        held: cents held that do not make a full installment yet.
        dates: the loan's due dates beyond the as-of day too.
        accelerated: day of an acceleration in force, or ``NEVER``.
        spells: (start, end) of every stretch in which something was due and unpaid: the due date with which it
            began, and the day on which nothing was due and unpaid any more, or ``NEVER``.
        stood: (from, to) stretches in which a payment stood that was returned later.
    """

    __slots__ = ("accelerated", "dates", "due", "held", "paid", "spells", "stood")

    def __init__(self, loan: Loan, rows: Iterable[Row], ids: Mapping[str, int], as_of: int) -> None:
        self.due: list[int] = []
        self.dates: tuple[int, ...] = ()
        self.paid: list[int] = []
        self.held = 0
        self.accelerated = NEVER
        self.stood: list[tuple[int, int]] = []
        if loan.first_due is not None:
            self.dates = due_dates(loan.first_due.toordinal())
            self._fill(loan, rows, ids, as_of, self.dates)
        self.spells = self._spells()

    def _fill(
        self, loan: Loan, rows: Iterable[Row], ids: Mapping[str, int], as_of: int, dates: tuple[int, ...]
    ) -> None:
        count = bisect.bisect_right(dates, as_of)
        if loan.last_due is not None:
            count = min(count, bisect.bisect_right(dates, loan.last_due.toordinal()))
        # Where the amount is not known every installment is one, and so is every payment.
        amount = loan.payment or 1
        slack = loan.short_payment_tolerance or 0
        changes: list[tuple[int, int]] = []
        paid: list[int] = []
        returned = _returned(rows, ids)
        held = 0
        for row in rows:
            kind = row.kind
            if kind not in _MOVES:
                continue
            if kind == "payment_received" or kind == "trial_payment_made":
                details = row.details
                if row.at in returned:
                    self.stood.append((row.day, returned[row.at]))
                    continue
                if details.get("treated_as_full"):
                    # The servicer's choice settles the installment; nothing is left over.
                    paid.append(row.day)
                    continue
                cash = details.get("amount")
                if cash is None:
                    if kind == "trial_payment_made":
                        continue
                    for _ in range(details.get("installments", 1)):
                        paid.append(row.day)
                    continue
                held += cash
                price = _price(amount, changes, dates, len(paid))
                while held >= price - slack:
                    held = max(held - price, 0)
                    paid.append(row.day)
                    price = _price(amount, changes, dates, len(paid))
            elif kind == "payment_amount_changed":
                changes.append((row.details["from_due"].toordinal(), row.details["amount"]))
                changes.sort()
            elif kind == "loan_brought_current" or kind == "deferral_accepted":
                settled = bisect.bisect_left(dates, row.details["next_due"].toordinal())
                paid.extend([row.day] * (settled - len(paid)))
                held = 0
                self.accelerated = NEVER
            elif kind == "loan_accelerated":
                self.accelerated = row.day
            elif kind == "acceleration_rescinded":
                self.accelerated = NEVER
            elif kind == "loan_paid_off" or kind == "title_transferred" or kind == "sale_held":
                paid.extend([row.day] * (len(dates) - len(paid)))
                self.accelerated = NEVER
        self.held = held
        self.due = list(dates[:count])
        self.paid = (paid + [NEVER] * (count - len(paid)))[:count]

    def oldest(self, day: int) -> int:
        """Oldest due date that is due and unpaid at the end of a day; 0 when there is none."""
        index = bisect.bisect_right(self.paid, day)
        found = self.due[index] if index < len(self.due) and self.due[index] <= day else NEVER
        found = min(found, self.accelerated) if self.accelerated <= day else found
        return 0 if found == NEVER else found

    def behind(self, day: int) -> int:
        """Days delinquent on a day: 0 on the due date itself and when nothing is due and unpaid (CR-2)."""
        oldest = self.oldest(day)
        return day - oldest if oldest else 0

    def unpaid(self, day: int) -> int:
        """How many installments are due and unpaid at the end of a day."""
        return max(bisect.bisect_right(self.due, day) - bisect.bisect_right(self.paid, day), 0)

    def _spells(self) -> list[tuple[int, int]]:
        due, paid, count = self.due, self.paid, len(self.due)
        found: list[tuple[int, int]] = []
        i = 0
        while i < count:
            if paid[i] <= due[i]:
                i += 1
                continue
            start = due[i]
            while i + 1 < count and due[i + 1] <= paid[i]:
                i += 1
            found.append((start, paid[i]))
            i += 1
        if self.accelerated != NEVER and (not found or found[-1][1] <= self.accelerated):
            found.append((self.accelerated, NEVER))
        elif self.accelerated != NEVER:
            found[-1] = (found[-1][0], NEVER)
        return found

    def cured(self, day: int) -> int:
        """Day on which the delinquency of a day ended; ``NEVER`` if it has not, the day itself if there was none."""
        for start, end in self.spells:
            if start <= day < end:
                return end
        return day

    def always_behind(self, start: int, end: int) -> bool:
        """Whether something was due and unpaid on every day from start to end."""
        return any(begin <= start and end < cured for begin, cured in self.spells)

    def next_due_after(self, day: int) -> int:
        """First due date after a day; 0 where the due dates are not known."""
        index = bisect.bisect_right(self.dates, day)
        return self.dates[index] if index < len(self.dates) else 0


def _returned(rows: Iterable[Row], ids: Mapping[str, int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for row in rows:
        if row.kind == "payment_returned":
            found[ids[row.details["payment"]]] = row.day
    return found


def _price(amount: int, changes: list[tuple[int, int]], dates: tuple[int, ...], index: int) -> int:
    """Cents of one installment."""
    if changes and index < len(dates):
        for start, changed in reversed(changes):
            if start <= dates[index]:
                return changed
    return amount
