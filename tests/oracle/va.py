"""VA figures worked slowly from the reference text: exact fractions, plain dates, one loan at a time.

Money is in cents, rates are decimal percents. Nothing here comes from the package.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tests.oracle.basics import add_months, ceiling, floor, half_up, interest, payment


def nearest_eighth(rate: Decimal) -> Decimal:
    """Round to the nearest 0.125, a half up."""
    return Decimal(half_up(Fraction(rate) * 8)) / 8


def next_eighth(rate: Decimal) -> Decimal:
    """Round up to a multiple of 0.125."""
    return Decimal(ceiling(Fraction(rate) * 8)) / 8


def cap_rate(pmms: Decimal, existing: Decimal) -> Decimal:
    """VA-M8: min(round8(pmms) + 0.50, existing + 1.00)."""
    return min(nearest_eighth(pmms) + Decimal("0.50"), existing + Decimal("1.00"))


def survey_rate(table: list[tuple[datetime.date, Decimal]], day: datetime.date) -> Decimal:
    """The latest published value on or before a day; refused when the table has none."""
    known = [(week, rate) for week, rate in table if week <= day]
    if not known:
        raise LookupError(day)
    return max(known)[1]


@dataclass(frozen=True)
class Loan:
    """What a modification needs to know."""

    evaluation: datetime.date
    next_due: datetime.date
    maturity: datetime.date
    note_first_due: datetime.date
    original_term: int
    upb: int
    rate: Decimal
    old_payment: int
    added: int = 0
    contribution: int = 0
    proposed_rate: Decimal | None = None
    proposed_term: int | None = None


@dataclass(frozen=True)
class Modified:
    """The modified loan."""

    interest: int
    balance: int
    rate: Decimal
    remaining: int | None
    longest: int | None
    latest_maturity: datetime.date
    term: int | None
    payment: int | None
    first_due: datetime.date
    last_due: datetime.date | None


def _months(start: datetime.date, end: datetime.date) -> int:
    return (end.year - start.year) * 12 + end.month - start.month


def first_of_month(day: datetime.date, later: int) -> datetime.date:
    """The first day of the month ``later`` months after that of ``day``."""
    return add_months(day.replace(day=1), later)


def latest_maturity(loan: Loan, first_due: datetime.date) -> tuple[datetime.date, int]:
    """VA-M9: the last day allowed, and the most installments that a count of installments allows."""
    if loan.original_term >= 360:
        original = add_months(loan.note_first_due, loan.original_term - 1)
        last = min(add_months(first_due, 360), add_months(original, 120))
        count = min(360, _months(first_due, add_months(original, 120)) + 1)
        return last, count
    last = add_months(loan.note_first_due, 480)
    return last, 480 - _months(loan.note_first_due, first_due)


def modification(
    loan: Loan,
    pmms: Decimal,
    *,
    trial: int = 0,
    fixed_term: int | None = None,
    target: int | None = None,
    longest: int | None = None,
    fixed_rate: Decimal | None = None,
) -> Modified:
    """Work one modification: balance, rate, term, payment.

    ``target``: the shortest term, from the remaining to the longest, with a payment at most this; one by one.
    """
    first_due = first_of_month(loan.evaluation, 1 + trial)
    past_due = interest(loan.upb, loan.rate, max(_months(loan.next_due, first_due), 0))
    balance = max(loan.upb + past_due + loan.added - loan.contribution, 0)
    rate = fixed_rate if fixed_rate is not None else loan.proposed_rate
    if rate is None:
        rate = cap_rate(pmms, loan.rate)
    remaining = _months(first_due, loan.maturity) + 1
    last, most = latest_maturity(loan, first_due)
    rest = remaining if remaining >= 1 else None
    limit = longest if longest is not None else (most if most >= 1 else None)
    term: int | None
    if fixed_term is not None:
        term = fixed_term
    elif loan.proposed_term is not None:
        term = loan.proposed_term
    elif target is None:
        term = rest
    elif rest is None or limit is None:
        term = None
    else:
        end = max(limit, rest)
        fitting = (n for n in range(rest, end + 1) if payment(balance, rate, n) <= target)
        term = next(fitting, end)
    paid = None if term is None else payment(balance, rate, term)
    last_due = None if term is None else add_months(first_due, term - 1)
    return Modified(past_due, balance, rate, rest, most if most >= 1 else None, last, term, paid, first_due, last_due)


def guaranty_limit(new_balance: int, original_balance: int, guaranty: int) -> int:
    """VA-M13, the maximum of the statute left aside."""
    kept = Fraction(guaranty)
    if new_balance < original_balance:
        kept = Fraction(guaranty, original_balance) * new_balance
    return max(floor(kept), floor(Fraction(new_balance, 4)))


def partial_claim(needed: int, upb: int, *, missed_in_pandemic: bool, earlier_claims: int) -> tuple[int, int, bool]:
    """VA-PC2, VA-PC2a: limit, claim, and whether the whole need fits."""
    share = Fraction(30, 100) if missed_in_pandemic and earlier_claims == 0 else Fraction(25, 100)
    limit = floor(share * upb)
    return limit, min(needed, limit), needed <= limit


def repayment_plan(arrears: int, regular: int, capacity: int) -> tuple[int, int] | None:
    """The fewest months (at least three) in which the household can repay, and the monthly part."""
    room = capacity - regular
    if room <= 0:
        return None
    months = 3
    while ceiling(Fraction(arrears, months)) > room:
        months += 1
    return months, ceiling(Fraction(arrears, months))


def net_value(value: int, cost_factor: Decimal) -> int:
    """Fair market value less the cost factor, rounded up to the next dollar."""
    exact = Fraction(value) * (1 - Fraction(cost_factor) / 100)
    return ceiling(exact / 100) * 100


def covid_claim(next_due: datetime.date, papers_sent: datetime.date, regular: int, recording: int) -> tuple[int, int]:
    """Every payment due from the oldest unpaid one to 31 days after the papers are sent, and recording."""
    count = 0
    while add_months(next_due, count) <= papers_sent + datetime.timedelta(days=31):
        count += 1
    return count, count * regular + recording
