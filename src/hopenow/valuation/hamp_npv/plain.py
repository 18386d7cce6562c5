"""The kernels' model to read: the same arguments and results, month by month over all loans at once, in NumPy.

Slower, and the fallback where nothing is compiled. Symbols follow the documentation: ``s`` is the share of loans that
survives to the start of a month, ``smm`` the share that prepays in it.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from hopenow.valuation.hamp_npv import kernel as k
from hopenow.valuation.hamp_npv.supplement import Integers
from hopenow.valuation.lanes import Floats

__all__ = ["Trace", "modified", "unmodified"]

_YEAR = 12
_PERCENT = 100.0


@dataclasses.dataclass
class Trace:
    """What a loan goes through, month by month; each list has one array (loans,) for each month.

    Attributes:
        balance: at the start of the month, cents.
        paid: scheduled principal and interest, cents.
        smm: share that prepays.
        survivors: share that survives to the start of the month.
        discount: what one unit at the end of the month is worth now.
        rate: yearly, fraction.
        incentive: to refinance, percentage points.
        extra: incentives paid to the investor in the month, cents.
    """

    balance: list[Floats] = dataclasses.field(default_factory=list)
    paid: list[Floats] = dataclasses.field(default_factory=list)
    smm: list[Floats] = dataclasses.field(default_factory=list)
    survivors: list[Floats] = dataclasses.field(default_factory=list)
    discount: list[Floats] = dataclasses.field(default_factory=list)
    rate: list[Floats] = dataclasses.field(default_factory=list)
    incentive: list[Floats] = dataclasses.field(default_factory=list)
    extra: list[Floats] = dataclasses.field(default_factory=list)


def _line(x: Floats, low: float, high: float, knots: Floats, changes: Floats) -> Floats:
    """Return a bent line's value; ``changes`` has a column for the first slope and for each knot."""
    held = np.clip(x, low, high)
    found = held * changes[:, 0]
    for place, knot in enumerate(knots, start=1):
        found = found + np.maximum(held - knot, 0.0) * changes[:, place]
    return found


def _level(monthly: Floats, months: Floats) -> Floats:
    """Return the level payment for each unit of balance."""
    with np.errstate(all="ignore"):
        level = monthly / (1.0 - (1.0 + monthly) ** -months)
    return np.where(months <= 0, 0.0, np.where(monthly == 0.0, 1.0 / np.maximum(months, 1.0), level))


class _Hazard:
    """Monthly prepayment of a set of loans."""

    def __init__(
        self,
        loans: Floats,
        column: int,
        constant: int,
        unprices: Floats,
        growth_parts: Floats,
        slopes: Floats,
        late_growth_parts: Floats,
        figures: Floats,
    ) -> None:
        self.market = loans[k.MARKET].astype(np.int64)
        self.column = loans[column].astype(np.int64)
        self.constant = loans[constant]
        self.unprices, self.growth_parts, self.late, self.figures = unprices, growth_parts, late_growth_parts, figures
        self.changes = slopes[self.column]
        self.unvalue = _PERCENT / loans[k.VALUE]

    def smm(self, month: int, balance: Floats, gain: Floats) -> Floats:
        f = self.figures
        if month < self.unprices.shape[1]:
            growth = self.growth_parts[4 * self.market + self.column, month]
            self.unvalue = self.unvalue * self.unprices[self.market, month]
        else:
            growth = self.late[self.column]
            self.unvalue = self.unvalue * f[k.LATE_UNPRICE]
        x = self.constant + growth
        x = x + _line(
            balance * self.unvalue,
            f[k.LTV_LOW],
            f[k.LTV_HIGH],
            f[k.LTV_K1 : k.LTV_K5 + 1],
            self.changes[:, : k.LTV_SLOPES],
        )
        x = x + _line(
            gain,
            f[k.INCENTIVE_LOW],
            f[k.INCENTIVE_HIGH],
            f[k.INCENTIVE_K1 : k.INCENTIVE_K8 + 1],
            self.changes[:, k.LTV_SLOPES :],
        )
        odds: Floats = np.exp(x)
        return odds / (1.0 + odds)


def _disposition(
    loans: Floats, prices: Floats, month: int, claim_on: Floats, cap: Floats, figures: Floats
) -> tuple[Floats, Floats]:
    price = prices[loans[k.MARKET].astype(np.int64), loans[month].astype(np.int64)]
    sale = loans[k.VALUE] * (1.0 - loans[k.REO_DISCOUNT]) * price * (1.0 - loans[k.SETTLEMENT])
    grossed = claim_on * figures[k.GROSS_UP]
    claim = np.minimum(loans[k.INSURED] * grossed, np.maximum(grossed - sale, 0.0))
    return np.minimum(sale - loans[k.COSTS] + claim, cap + claim), claim


def _store(
    out: Floats,
    order: Integers,
    chance: Floats,
    cure: Floats,
    default: Floats,
    proceeds: Floats,
    claim: Floats,
    extra: Floats,
) -> None:
    for row, values in (
        (k.NPV, (1.0 - chance) * cure + chance * default), (k.CURE, cure), (k.DEFAULT, default), (k.PROCEEDS, proceeds),
        (k.CLAIMED, claim), (k.EXTRA, extra),
    ):  # fmt: skip
        out[row, order] = values


def unmodified(
    loans: Floats,
    order: Integers,
    prices: Floats,
    unprices: Floats,
    growth_parts: Floats,
    slopes: Floats,
    late_growth_parts: Floats,
    figures: Floats,
    out: Floats,
    trace: Trace | None = None,
) -> None:
    """Value unmodified loans; arguments as for :func:`hopenow.valuation.hamp_npv.kernel.unmodified`."""
    t = loans[:, order]
    hazard = _Hazard(t, k.COLUMN, k.SCORE_PART, unprices, growth_parts, slopes, late_growth_parts, figures)
    d, monthly, payment, term = t[k.DISCOUNT], t[k.RATE] / _YEAR, t[k.PAYMENT], t[k.TERM]
    balance = t[k.BALANCE]
    for installment in range(int(t[k.ROLLED].max(initial=0))):
        rolled = np.maximum(balance * (1.0 + monthly) - payment, 0.0)
        balance = np.where(installment < t[k.ROLLED], rolled, balance)
    start = balance
    if figures[k.LEVEL_PAYMENT] == 1.0:
        payment = balance * _level(monthly, term)
    par = t[k.PAR] == 1.0
    gain = t[k.RATE] * _PERCENT - t[k.SURVEY]
    value, s = np.zeros_like(d), np.where(par, 0.0, 1.0)
    for month in range(1, int(np.where(par, 0, term).max(initial=0)) + 1):
        smm = hazard.smm(month, balance, gain)
        owed = balance * (1.0 + monthly)
        ends = month >= term
        paid = np.where(ends, owed, np.minimum(payment, owed))
        rest = owed - paid
        factor = (1.0 + d) ** -month
        value = value + factor * s * (rest * smm + paid)
        if trace is not None:
            _note(trace, balance, paid, smm, s, factor, t[k.RATE], gain, np.zeros_like(d))
        s = np.where(ends, 0.0, s * (1.0 - smm))
        balance = rest
    arrears = t[k.MISSED] * t[k.PAYMENT]
    cure = np.where(par, start, value) + arrears
    proceeds, claim = _disposition(t, prices, k.SALE_PRICE_MONTH, t[k.BALANCE], t[k.BALANCE], figures)
    months = t[k.SALE_MONTH]
    carried = t[k.CARRY] * (1.0 - (1.0 + d) ** -months) / d
    default = proceeds * (1.0 + d) ** -months - carried
    _store(out, order, t[k.CHANCE], cure, default, proceeds, claim, start)


def _note(
    trace: Trace,
    balance: Floats,
    paid: Floats,
    smm: Floats,
    s: Floats,
    factor: Floats,
    rate: Floats,
    gain: Floats,
    extra: Floats,
) -> None:
    for name, values in zip(
        ("balance", "paid", "smm", "survivors", "discount", "rate", "incentive", "extra"),
        (balance, paid, smm, s, factor, rate, gain, extra),
        strict=True,
    ):
        getattr(trace, name).append(values)


def modified(
    loans: Floats,
    order: Integers,
    prices: Floats,
    unprices: Floats,
    growth_parts: Floats,
    slopes: Floats,
    late_growth_parts: Floats,
    figures: Floats,
    out: Floats,
    trace: Trace | None = None,
) -> None:
    """Value modified loans; arguments as for :func:`hopenow.valuation.hamp_npv.kernel.modified`."""
    t, f = loans[:, order], figures
    hazard = _Hazard(t, k.COLUMN_AFTER, k.SCORE_PART_AFTER, unprices, growth_parts, slopes, late_growth_parts, figures)
    d, rate, payment, term = t[k.DISCOUNT], t[k.RATE_AFTER], t[k.PAYMENT_AFTER], t[k.TERM_AFTER]
    balance, set_aside, credit = t[k.BALANCE_AFTER], t[k.FORBORNE], t[k.CREDIT]
    fixed, last_credit = int(f[k.FIXED_MONTHS]), int(f[k.CREDIT_YEARS]) * _YEAR
    accrue, paid_months, paid_accrue = int(f[k.DECLINE_MONTHS]), int(f[k.PAID_MONTHS]), int(f[k.PAID_DECLINE_MONTHS])
    v = 1.0 / (1.0 + d)
    value, s, survived = np.zeros_like(d), np.ones_like(d), np.ones_like(d)
    first, second, short = np.zeros_like(d), np.zeros_like(d), np.zeros_like(d)
    early_value, early_survivors = value, s
    for month in range(1, max(int(term.max(initial=0)), accrue, paid_months, paid_accrue) + 1):
        if month > fixed and (month - fixed - 1) % _YEAR == 0:
            rises = (rate < t[k.CAP]) & (term >= month)
            rate = np.where(rises, np.minimum(rate + f[k.RISE], t[k.CAP]), rate)
            payment = np.where(rises, balance * _level(rate / _YEAR, term - month + 1), payment)
        # What a borrower who prepays gives up, as a rate.
        ahead = sum(
            (credit * v ** (year - month) for year in range(_YEAR, last_credit + 1, _YEAR) if month <= year),
            np.zeros_like(d),
        )
        left = np.maximum(term - month, 0.0)
        lost = ahead + ((1.0 + rate / _YEAR) ** left - 1.0) * set_aside * v**left
        lost = lost / np.where(balance > 0.0, balance, 1.0) / f[k.MULTIPLE]
        gain = (rate - lost) * _PERCENT - t[k.SURVEY]
        smm = hazard.smm(month, balance, gain)
        # Incentives go to those who survive to the start of the month.
        extra = np.where(month == f[k.ONCE_MONTH], t[k.ONCE], 0.0)
        if month <= f[k.SHARE_LAST]:
            shares = np.where(month == t[k.TRIAL] + 1, t[k.TRIAL] + 1.0, np.where(month > t[k.TRIAL], 1.0, 0.0))
            extra = extra + t[k.SHARE] * shares
        if month % _YEAR == 0 and month <= last_credit:
            extra = extra + credit
        if month % _YEAR == 0 and month <= f[k.REDUCTION_YEARS] * _YEAR:
            extra = extra + t[k.REDUCTION] / f[k.REDUCTION_YEARS]
        owed = balance * (1.0 + rate / _YEAR)
        ends = month >= term
        paid = np.where(ends, owed, np.minimum(payment, owed))
        rest = owed - paid
        due = set_aside * np.where(ends, 1.0, smm)
        factor = v**month
        value = value + factor * s * (rest * smm + paid + due + extra)
        if trace is not None:
            _note(
                trace,
                balance,
                paid,
                smm,
                s,
                factor,
                rate,
                np.clip(gain, f[k.INCENTIVE_LOW], f[k.INCENTIVE_HIGH]),
                extra,
            )
        s = np.where(ends, 0.0, s * (1.0 - smm))
        survived = survived * (1.0 - smm)
        first = first + (survived if month <= accrue // 2 else 0.0)
        second = second + (survived if accrue // 2 < month <= accrue else 0.0)
        short = short + (survived if month <= paid_accrue else 0.0)
        if month == paid_months:
            early_value, early_survivors = value, survived
        balance = rest
        if _YEAR < month <= last_credit + 1 and month % _YEAR == 1:
            balance = np.maximum(balance - credit, 0.0)
            if f[k.REAMORTIZE] == 1.0:
                payment = np.where(credit > 0.0, balance * _level(rate / _YEAR, term - month), payment)
    part, anniversary, once = t[k.DECLINE] / accrue, v ** (accrue // 2), t[k.CLAIM] - t[k.FEES]
    cure = value + part * (anniversary * first + anniversary**2 * second) + once
    proceeds, claim = _disposition(t, prices, k.SALE_PRICE_MONTH_AFTER, t[k.INSURED_AFTER], t[k.OWED_AFTER], figures)
    months = t[k.SALE_MONTH_AFTER] + paid_months
    carried = t[k.CARRY] * v**paid_months * (1.0 - v ** t[k.SALE_MONTH_AFTER]) / d
    default = (
        early_value
        + early_survivors * ((proceeds - t[k.CLAIM]) * v**months - carried)
        + part * anniversary * short
        + once
    )
    _store(out, order, t[k.CHANCE_AFTER], cure, default, proceeds, claim, early_survivors)
