"""What the program paid, to whom and for what: pure functions over cents, ratios in millionths and dates.

The figures come from ``incentives.yaml``; :func:`on` picks those of a day (for most incentives the day the trial
takes effect). Amounts are rounded half up to the cent once, at the end.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Sequence
from fractions import Fraction

from hopenow.dates import add_months
from hopenow.errors import CoverageError
from hopenow.law import Parameters, Segment, segments
from hopenow.money import cents, half_up_div
from hopenow.programs.hamp.common import NAME, WHOLE, law

_YEAR = 12
_FIRST, _SECOND, _THIRD, _FOURTH = range(4)
_QUARTERS = _FOURTH + 1
_QUARTER_MONTHS = _YEAR // _QUARTERS


@functools.cache
def _segments() -> tuple[Segment, ...]:
    return tuple(segments(law("incentives"), NAME))


def on(day: datetime.date) -> Parameters:
    """Return the figures in force on a day.

    Raises:
        CoverageError: the program did not exist on that day.
    """
    found = _segments()
    for item in found:
        if item.start <= day <= item.end:
            return item.parameters
    raise CoverageError("HAMP incentives", day, found[0].start, found[-1].end)


def _rounded(value: Fraction) -> int:
    return half_up_div(value.numerator, value.denominator)


def _part(amount: int | Fraction, share: int) -> Fraction:
    return Fraction(amount) * share / WHOLE


def enough_reduction(before: int, after: int, p: Parameters) -> bool:
    """Tell whether the whole monthly payment (cents) fell enough for yearly incentives."""
    return (before - after) * WHOLE >= before * p["least_reduction"]


def yearly(monthly_reduction: int, p: Parameters) -> int:
    """Return the yearly incentive of servicer and of borrower each: a share of the yearly reduction, up to a limit."""
    return min(p["yearly_largest"], _rounded(_part(max(monthly_reduction, 0) * _YEAR, p["yearly_share"])))


def completion(days_delinquent: int, current: bool, p: Parameters) -> int:
    """Return what the servicer gets for a completed modification.

    Args:
        days_delinquent: days late at the start of the trial.
        current: the borrower was current (or in imminent default) then.
        p: figures of the trial effective date.
    """
    if "completed_early" not in p:
        return p["completed"] + (p["completed_current"] if current else 0)
    if days_delinquent <= p["early_at_most_days"]:
        return p["completed_early"]
    return p["completed_middle"] if days_delinquent <= p["middle_at_most_days"] else p["completed_late"]


def on_time_share(on_time: int, months: int, good_standing: bool) -> Fraction:
    """Return the part of a year's borrower incentive that was earned: months paid on time over all months."""
    return Fraction(on_time, months) if good_standing else Fraction(0)


def borrower_year(monthly_reduction: int, on_time: int, months: int, good_standing: bool, p: Parameters) -> int:
    """Return a borrower's incentive for a year, cents."""
    return _rounded(yearly(monthly_reduction, p) * on_time_share(on_time, months, good_standing))


def cost_share_tier1(income: int, escrow: int, old: int, p: Parameters) -> int:
    """Return the investor's monthly cost share under Tier 1.

    Half of the difference between principal and interest at the high ratio (at most the old one) and at the low ratio.
    """
    high = min(_part(income, p["cost_share_high_ratio"]) - escrow, Fraction(old))
    low = _part(income, p["cost_share_low_ratio"]) - escrow
    return max(_rounded(_part(max(high - low, Fraction(0)), p["cost_share"])), 0)


def cost_share_tier2(old: int, new: int, p: Parameters) -> int:
    """Return the investor's monthly cost share under Tier 2, by the reading that the figures name."""
    difference, limit = Fraction(max(old - new, 0)), _part(old, p["tier2_cost_share_limit"])
    if p.word("tier2_cost_share_reading") == "half_of_lower":
        return _rounded(_part(min(difference, limit), p["cost_share"]))
    return _rounded(min(_part(difference, p["cost_share"]), limit))


def investor_once(current: bool, owner_occupied: bool, before: int, after: int, p: Parameters) -> int:
    """Return what the investor gets once where the borrower was current, cents; 0 where a test is not met.

    Args:
        current: the borrower was current at the start of the trial.
        owner_occupied: the borrower lives there.
        before: whole monthly payment before, cents.
        after: whole monthly payment after, cents.
        p: figures of the trial effective date.
    """
    return p["investor_current"] if current and owner_occupied and enough_reduction(before, after, p) else 0


# --- home price decline protection ----------------------------------------------------------------


def rounded_decline(decline: Fraction) -> int:
    """Round a quarter's decline in percent to the nearest whole point, halves away from zero; growth is negative."""
    size = _rounded(abs(decline))
    return size if decline >= 0 else -size


def decline_quarters(day: datetime.date, p: Parameters) -> tuple[str, str]:
    """Return the quarters whose declines count on a day: the latest available one, and the one before."""
    index = day.year * _QUARTERS + (day.month - 1) // _QUARTER_MONTHS - p["hpdp_lag_quarters"]

    def name(place: int) -> str:
        year, quarter = divmod(place, _QUARTERS)
        return f"{year}Q{quarter + 1}"

    return name(index), name(index - 1)


def decline_bracket(latest: int, earlier: int, p: Parameters) -> Fraction:
    """Return the weighted decline: points of the latest quarter and of the one before, less a deduction."""
    return _part(latest, p["hpdp_latest_weight"]) + _part(earlier, p["hpdp_earlier_weight"]) - p["hpdp_deduction"]


def balance_group(balance: int, p: Parameters) -> int:
    """Return the number of the balance group, from 1; the upper end belongs to the group."""
    return 1 + sum(balance > cents(end) for end in _words(p, "hpdp_largest_balances"))


def _words(p: Parameters, name: str) -> tuple[str, ...]:
    value = p.value(name)
    return value if isinstance(value, tuple) else (str(value),)


def loan_to_value_factor(ratio: int, p: Parameters) -> Fraction:
    """Return the part of the payment that a loan to value (millionths, before the modification) gives."""
    if ratio < p["hpdp_none_below"]:
        return Fraction(0)
    thirds = 1 + (ratio - p["hpdp_none_below"]) // p["hpdp_part_width"]
    return Fraction(min(thirds, p["hpdp_parts"]), p["hpdp_parts"])


def price_decline_total(bracket: Fraction, balance: int, ratio: int, p: Parameters) -> int:
    """Return the whole price decline payment, cents; nothing where the weighted decline is negative."""
    base = cents(_words(p, "hpdp_bases")[balance_group(balance, p) - 1])
    return _rounded(max(base * bracket, Fraction(0)) * loan_to_value_factor(ratio, p))


@dataclasses.dataclass(frozen=True)
class Accrued:
    """A payment that has accrued: when it is paid, how much, and for which part of all months."""

    date: datetime.date
    amount: int
    fraction: Fraction


def price_decline_payments(
    total: int,
    trial_effective: datetime.date,
    trial_completed: bool,
    standing_lost: datetime.date | None,
    p: Parameters,
    reported: datetime.date | None = None,
) -> list[Accrued]:
    """Return the payments of the price decline payment: it accrues by months of good standing from the trial on.

    Args:
        total: from :func:`price_decline_total`.
        trial_effective: first day of the trial.
        trial_completed: nothing accrues where the trial failed.
        standing_lost: a day of the month in which good standing was lost, which does not count; None where it was kept.
        p: figures of the trial effective date.
        reported: when the loss was reported; only one reading pays then.
    """
    first_day = datetime.date.fromisoformat(p.word("hpdp_from"))
    if not trial_completed or trial_effective < first_day:
        return []
    months = p["hpdp_months"]
    lasted = months
    if standing_lost is not None:
        passed = (standing_lost.year - trial_effective.year) * _YEAR + standing_lost.month - trial_effective.month
        lasted = max(min(passed, months), 0)
    found, paid = [], 0
    for anniversary in range(_YEAR, months + 1, _YEAR):
        earned = min(lasted, anniversary) - min(lasted, anniversary - _YEAR)
        amount = _rounded(Fraction(total * (paid + earned), months)) - _rounded(Fraction(total * paid, months))
        paid += earned
        day = add_months(trial_effective, anniversary)
        cut_short = earned < _YEAR
        if cut_short and reported is not None and p.word("hpdp_payout_on_loss") == "reported":
            day = reported
        if earned:
            found.append(Accrued(day, amount, Fraction(earned, months)))
    return found


# --- principal reduction and second liens ---------------------------------------------------------


def _by_range(balance: int, forgiven: int, value: int, ends: Sequence[int], rates: Sequence[int]) -> int:
    """Pay for each dollar by the loan to value in which it lay; ``ends`` are lower ends of the ranges, lowest first."""
    total, top = Fraction(0), Fraction(balance)
    bottom = top - forgiven
    edges = [_part(value, end) for end in ends]
    for place, rate in enumerate(rates):
        low = edges[place]
        high = edges[place + 1] if place + 1 < len(edges) else top
        total += _part(max(min(top, high) - max(bottom, low), Fraction(0)), rate)
    return _rounded(total)


def principal_reduction(balance: int, forgiven: int, value: int, far_behind: bool, p: Parameters) -> int:
    """Return the investor's incentive for forgiven principal, cents.

    Args:
        balance: balance with what was added, before anything is forgiven.
        forgiven: principal forgiven.
        value: property value.
        far_behind: the loan was more than six months late at some time in the last twelve months.
        p: figures of the day.
    """
    ends = (p["pra_nothing_below"], p["pra_middle_from"], p["pra_high_above"])
    rates = [p["pra_low"], p["pra_middle"], p["pra_high"]]
    if far_behind:
        rates = [p["pra_late"] for _ in rates]
    return _by_range(balance, forgiven, value, ends, rates)


def extinguishment(combined: int, extinguished: int, value: int, far_behind: bool, p: Parameters) -> int:
    """Return the incentive for an extinguished second lien; ``combined`` is the balance of both liens before it."""
    ends = (0, p["extinguish_middle_from"], p["extinguish_high_above"])
    rates = [p["extinguish_low"], p["extinguish_middle"], p["extinguish_high"]]
    if far_behind:
        rates = [p["extinguish_late"] for _ in rates]
    return _by_range(combined, extinguished, value, ends, rates)


@dataclasses.dataclass(frozen=True)
class SecondLien:
    """What a second-lien modification pays, cents: once, and each year or month for how many years."""

    servicer_once: int
    servicer_yearly: int
    servicer_years: int
    borrower_yearly: int
    borrower_years: int
    investor_monthly: int
    investor_years: int


def second_lien(balance: int, p: Parameters) -> SecondLien:
    """Return the incentives of a second-lien modification for its balance."""
    return SecondLien(
        servicer_once=p["second_completed"],
        servicer_yearly=p["second_success"],
        servicer_years=p["second_success_years"],
        borrower_yearly=p["second_borrower"],
        borrower_years=p["second_borrower_years"],
        investor_monthly=_rounded(_part(balance, p["second_investor_share"]) / _YEAR),
        investor_years=p["second_investor_years"],
    )
