"""The monthly cash flows of the HAMP Base NPV model as compiled kernels: one without, one with a modification.

Loans are worked in blocks of :data:`~hopenow.valuation.lanes.LANES`: months outside, loans inside (see
:mod:`hopenow.valuation.lanes`). A result does not depend on the block, the order or the number of threads. Amounts are
floats in cents, rates fractions; nothing is rounded here, and no threshold of the model stands here: what the texts say
comes in with the arguments. :mod:`hopenow.valuation.hamp_npv.plain` is the same model to read.

Symbols of the documentation: ``q`` is the discounted share that survives to the start of a month,
``S[i-1] / (1+d)**i``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import types

from hopenow.mortgage._jit import i64, i64_in, kernel
from hopenow.valuation.discount import level_worth
from hopenow.valuation.lanes import (
    LANES,
    Floats,
    annuity_factor,
    exponential_near,
    f64,
    f64_in,
    f64_table,
    f64_table_in,
    fused,
    power,
)

Integers = npt.NDArray[np.int64]

# Rows of the table of loans, one column for each loan.
(
    DISCOUNT,  # monthly discount rate
    MARKET,  # row of the price tables
    COLUMN,  # prepayment column of the unmodified loan, 0 to 3
    COLUMN_AFTER,  # the same of the modified loan
    VALUE,  # property value
    CARRY,  # taxes, insurance and dues of a month
    SCORE_PART,  # what score and original balance add to the prepayment exponent, unmodified (with the constant)
    SCORE_PART_AFTER,  # the same of the modified loan
    SURVEY,  # survey rate, percentage points
    SETTLEMENT,  # share of the sale price
    REO_DISCOUNT,  # share of the value
    COSTS,  # foreclosure and REO costs, cents
    INSURED,  # mortgage insurance coverage, share
    BALANCE,  # unmodified: balance as of the last paid installment
    RATE,
    PAYMENT,
    TERM,
    MISSED,  # installments due and unpaid
    ROLLED,  # installments by which the balance is rolled forward
    PAR,  # 1: valued at par
    SALE_MONTH,  # months to the REO sale
    SALE_PRICE_MONTH,  # month whose house price counts for it
    CHANCE,  # lifetime probability of default
    BALANCE_AFTER,  # modified: interest-bearing balance
    RATE_AFTER,
    PAYMENT_AFTER,
    TERM_AFTER,
    FORBORNE,
    CAP,  # rate to which it rises
    CREDIT,  # borrower's yearly success payment, applied to principal
    SHARE,  # monthly cost share
    TRIAL,  # months of the trial
    ONCE,  # incentive for a current borrower
    DECLINE,  # home price decline payment
    REDUCTION,  # incentive for forgiven principal
    FEES,
    CLAIM,  # partial claim of mortgage insurance
    OWED_AFTER,  # balance that caps the disposition after a re-default
    INSURED_AFTER,  # balance on which mortgage insurance pays then
    SALE_MONTH_AFTER,  # months from the re-default's clock to the REO sale
    SALE_PRICE_MONTH_AFTER,
    CHANCE_AFTER,
) = range(42)
FIELDS = CHANCE_AFTER + 1

# Rows of the results.
NPV, CURE, DEFAULT, PROCEEDS, CLAIMED, EXTRA = range(6)
RESULTS = EXTRA + 1
"""Value; of the loan that cures; of the loan that defaults; net disposition; insurance claim; survivors to a re-default
(with a modification) or rolled-forward balance (without)."""

# Places in the figures of the model.
(
    LTV_LOW, LTV_HIGH, LTV_K1, LTV_K2, LTV_K3, LTV_K4, LTV_K5,
    INCENTIVE_LOW, INCENTIVE_HIGH,
    INCENTIVE_K1, INCENTIVE_K2, INCENTIVE_K3, INCENTIVE_K4, INCENTIVE_K5, INCENTIVE_K6, INCENTIVE_K7, INCENTIVE_K8,
    MULTIPLE, GROSS_UP, RISE, FIXED_MONTHS, ONCE_MONTH, SHARE_LAST, CREDIT_YEARS, DECLINE_MONTHS,
    PAID_MONTHS, PAID_DECLINE_MONTHS, REDUCTION_YEARS, LATE_UNPRICE, REAMORTIZE, LEVEL_PAYMENT,
) = range(31)  # fmt: skip
FIGURES = LEVEL_PAYMENT + 1

LTV_SLOPES = 6
INCENTIVE_SLOPES = 9
_YEAR = 12
_PERCENT = 100.0

# Rows of a block's working array, LANES apart.
_BAL = 0 * LANES
_GROW = 1 * LANES
_PMT = 2 * LANES
_LAST = 3 * LANES
_Q = 4 * LANES
_V = 5 * LANES
_UNVALUE = 6 * LANES
_X = 7 * LANES
_HX = 8 * LANES
_UNPRICE = 9 * LANES
_PV = 10 * LANES
_L0 = 11 * LANES
_L1 = 12 * LANES
_L2 = 13 * LANES
_L3 = 14 * LANES
_L4 = 15 * LANES
_L5 = 16 * LANES
_F = 17 * LANES
_S = 18 * LANES
_STAY = 19 * LANES
_PV6 = 20 * LANES
_S6 = 21 * LANES
_SUM1 = 22 * LANES
_SUM2 = 23 * LANES
_SUM8 = 24 * LANES
_XBASE = 25 * LANES
_WAC = 26 * LANES
_AHEAD = 27 * LANES
_GROWN = 28 * LANES
_SHRUNK = 29 * LANES
_M = 30 * LANES
_RED = 31 * LANES
_SHARE = 32 * LANES
_TRIAL = 33 * LANES
_ONCE = 34 * LANES
_SURVEY = 35 * LANES
_D1 = 36 * LANES
_I0 = 37 * LANES
_I1 = 38 * LANES
_I2 = 39 * LANES
_I3 = 40 * LANES
_I4 = 41 * LANES
_I5 = 42 * LANES
_I6 = 43 * LANES
_I7 = 44 * LANES
_I8 = 45 * LANES
_ROWS = 46


@kernel(types.UniTuple(f64, 2)(f64, f64, f64, f64, f64, f64, f64, f64))  # type: ignore[no-untyped-call]
def disposition(
    value: float,
    discount: float,
    price: float,
    settlement: float,
    costs: float,
    cover: float,
    claim_on: float,
    cap: float,
) -> tuple[float, float]:
    """Return net disposition proceeds and insurance claim.

    Args:
        value: property value now.
        discount: REO discount, share of the value.
        price: house price at the sale over the price now.
        settlement: settlement charge, share of the sale price.
        costs: foreclosure and REO costs.
        cover: insurance coverage, share.
        claim_on: balance of the claim, already grossed up.
        cap: balance that limits the proceeds without the claim.
    """
    sale = value * (1.0 - discount) * price * (1.0 - settlement)
    lack = claim_on - sale
    lack = lack if lack > 0.0 else 0.0
    covered = cover * claim_on
    claim = covered if covered < lack else lack
    net = sale - costs + claim
    most = cap + claim
    return (net if net < most else most, claim)


@kernel(f64(f64_table_in, i64, f64_in))
def _ltv_start(slopes: Floats, column: int, figures: Floats) -> float:
    """Return the constant that is taken off because the loops take loan to value at a bend or above.

    ``change * max(x, bend)`` is ``change * max(x - bend, 0)`` and a constant, and one operation less in every month.
    """
    found = 0.0
    for place in range(1, LTV_SLOPES):
        found += figures[LTV_K1 + place - 1] * slopes[column, place]
    return found


@kernel(f64(f64, f64_table_in, i64, f64_in))
def _incentive_part(gain: float, slopes: Floats, column: int, figures: Floats) -> float:
    """Return what the incentive to refinance (percentage points) adds to the prepayment exponent."""
    gain = gain if gain > figures[INCENTIVE_LOW] else figures[INCENTIVE_LOW]
    gain = gain if gain < figures[INCENTIVE_HIGH] else figures[INCENTIVE_HIGH]
    found = gain * slopes[column, LTV_SLOPES]
    for place in range(1, INCENTIVE_SLOPES):
        over = gain - figures[INCENTIVE_K1 + place - 1]
        found += (over if over > 0.0 else 0.0) * slopes[column, LTV_SLOPES + place]
    return float(found)


@kernel(
    types.void(f64_table_in, i64_in, f64_table_in, f64_table_in, f64_table_in, f64_table_in, f64_in, f64_in, f64_table)
)
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
) -> None:
    """Value unmodified loans.

    Args:
        loans: shape (FIELDS, loans).
        order: places of the loans to work, in the order in which they are packed into blocks.
        prices: house price at a month over the price now, shape (markets, months + 1).
        unprices: price of the month before over that of a month, shape (markets, early months + 1).
        growth_parts: what yearly price growth adds to the prepayment exponent, shape (4 * markets, early months + 1).
        slopes: of the four prepayment columns: first slope and changes of slope in loan to value, then in the
            incentive; shape (4, LTV_SLOPES + INCENTIVE_SLOPES).
        late_growth_parts: ``growth_parts`` after the early months, shape (4,).
        figures: figures of the model.
        out: results, shape (RESULTS, loans), filled at the places of ``order``.
    """
    low, high = figures[LTV_LOW], figures[LTV_HIGH]
    k1, k2, k3, k4, k5 = figures[LTV_K1], figures[LTV_K2], figures[LTV_K3], figures[LTV_K4], figures[LTV_K5]
    early = unprices.shape[1] - 1
    w = np.zeros(_ROWS * LANES, np.float64)
    for first in range(0, order.size, LANES):
        count = min(LANES, order.size - first)
        longest = 0
        for i in range(LANES):
            loan = order[first + (i if i < count else count - 1)]
            column = int(loans[COLUMN, loan])
            monthly = loans[RATE, loan] / _YEAR
            balance, term = loans[BALANCE, loan], int(loans[TERM, loan])
            payment = loans[PAYMENT, loan]
            for _ in range(int(loans[ROLLED, loan])):
                balance = balance * (1.0 + monthly) - payment
                balance = balance if balance > 0.0 else 0.0
            if figures[LEVEL_PAYMENT] == 1.0:
                payment = balance * annuity_factor(monthly, term)
            if loans[PAR, loan] == 1.0:
                term = 0
            if term > longest:
                longest = term
            w[_BAL + i] = balance
            w[_S + i] = balance
            w[_GROW + i] = 1.0 + monthly
            w[_PMT + i] = payment
            w[_LAST + i] = term
            w[_V + i] = 1.0 / (1.0 + loans[DISCOUNT, loan])
            w[_Q + i] = w[_V + i] if term > 0 else 0.0
            w[_UNVALUE + i] = _PERCENT / loans[VALUE, loan]
            gain = loans[RATE, loan] * _PERCENT - loans[SURVEY, loan]
            w[_X + i] = loans[SCORE_PART, loan] + _incentive_part(gain, slopes, column, figures)
            w[_X + i] -= _ltv_start(slopes, column, figures)
            w[_PV + i] = 0.0
            for place in range(LTV_SLOPES):
                w[_L0 + place * LANES + i] = slopes[column, place]
        for month in range(1, longest + 1):
            if month <= early:
                for i in range(LANES):
                    loan = order[first + (i if i < count else count - 1)]
                    market = int(loans[MARKET, loan])
                    w[_UNPRICE + i] = unprices[market, month]
                    w[_HX + i] = growth_parts[4 * market + int(loans[COLUMN, loan]), month]
            elif month == early + 1:
                for i in range(LANES):
                    loan = order[first + (i if i < count else count - 1)]
                    w[_UNPRICE + i] = figures[LATE_UNPRICE]
                    w[_HX + i] = late_growth_parts[int(loans[COLUMN, loan])]
            this = float(month)
            for i in range(LANES):
                balance = w[_BAL + i]
                unvalue = w[_UNVALUE + i] * w[_UNPRICE + i]
                w[_UNVALUE + i] = unvalue
                ltv = balance * unvalue
                ltv = ltv if ltv > low else low
                ltv = ltv if ltv < high else high
                x = fused(ltv, w[_L0 + i], w[_X + i] + w[_HX + i])
                x = fused(ltv if ltv > k1 else k1, w[_L1 + i], x)
                x = fused(ltv if ltv > k2 else k2, w[_L2 + i], x)
                x = fused(ltv if ltv > k3 else k3, w[_L3 + i], x)
                x = fused(ltv if ltv > k4 else k4, w[_L4 + i], x)
                x = fused(ltv if ltv > k5 else k5, w[_L5 + i], x)
                odds = exponential_near(x)
                stay = 1.0 / (1.0 + odds)
                owed = balance * w[_GROW + i]
                ends = this >= w[_LAST + i]
                paid = w[_PMT + i] if w[_PMT + i] < owed else owed
                paid = owed if ends else paid
                rest = owed - paid
                q = w[_Q + i]
                w[_PV + i] = fused(q, fused(rest, odds * stay, paid), w[_PV + i])
                w[_Q + i] = 0.0 if ends else q * (w[_V + i] * stay)
                w[_BAL + i] = rest
        for i in range(count):
            loan = order[first + i]
            cure = w[_PV + i] + loans[MISSED, loan] * loans[PAYMENT, loan]
            if loans[PAR, loan] == 1.0:
                cure = w[_S + i] + loans[MISSED, loan] * loans[PAYMENT, loan]
            months = int(loans[SALE_MONTH, loan])
            price = prices[int(loans[MARKET, loan]), int(loans[SALE_PRICE_MONTH, loan])]
            proceeds, claim = disposition(
                loans[VALUE, loan],
                loans[REO_DISCOUNT, loan],
                price,
                loans[SETTLEMENT, loan],
                loans[COSTS, loan],
                loans[INSURED, loan],
                loans[BALANCE, loan] * figures[GROSS_UP],
                loans[BALANCE, loan],
            )
            carried = loans[CARRY, loan] * level_worth(loans[DISCOUNT, loan], 1, months)
            default = proceeds * power(w[_V + i], months) - carried
            chance = loans[CHANCE, loan]
            out[NPV, loan] = (1.0 - chance) * cure + chance * default
            out[CURE, loan] = cure
            out[DEFAULT, loan] = default
            out[PROCEEDS, loan] = proceeds
            out[CLAIMED, loan] = claim
            out[EXTRA, loan] = w[_S + i]


@kernel(
    types.void(f64_table_in, i64_in, f64_table_in, f64_table_in, f64_table_in, f64_table_in, f64_in, f64_in, f64_table)
)
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
) -> None:
    """Value modified loans; arguments as for :func:`unmodified`."""
    low, high = figures[LTV_LOW], figures[LTV_HIGH]
    k1, k2, k3, k4, k5 = figures[LTV_K1], figures[LTV_K2], figures[LTV_K3], figures[LTV_K4], figures[LTV_K5]
    least, most = figures[INCENTIVE_LOW], figures[INCENTIVE_HIGH]
    g1, g2, g3, g4 = figures[INCENTIVE_K1], figures[INCENTIVE_K2], figures[INCENTIVE_K3], figures[INCENTIVE_K4]
    g5, g6, g7, g8 = figures[INCENTIVE_K5], figures[INCENTIVE_K6], figures[INCENTIVE_K7], figures[INCENTIVE_K8]
    multiple, rise, reamortize = figures[MULTIPLE], figures[RISE], figures[REAMORTIZE] == 1.0
    fixed, share_last = int(figures[FIXED_MONTHS]), int(figures[SHARE_LAST])
    credit_last, decline_months = int(figures[CREDIT_YEARS]) * _YEAR, int(figures[DECLINE_MONTHS])
    once_month, paid_months = int(figures[ONCE_MONTH]), int(figures[PAID_MONTHS])
    paid_decline = int(figures[PAID_DECLINE_MONTHS])
    reduction_years = int(figures[REDUCTION_YEARS])
    extras_last = max(share_last, credit_last, once_month, reduction_years * _YEAR)
    tracked = max(decline_months, paid_months, paid_decline)
    early = unprices.shape[1] - 1
    w = np.zeros(_ROWS * LANES, np.float64)
    for first in range(0, order.size, LANES):
        count = min(LANES, order.size - first)
        longest = tracked
        forborne, credited = False, False
        for i in range(LANES):
            loan = order[first + (i if i < count else count - 1)]
            column = int(loans[COLUMN_AFTER, loan])
            monthly, term = loans[RATE_AFTER, loan] / _YEAR, int(loans[TERM_AFTER, loan])
            longest = max(longest, term)
            forborne = forborne or loans[FORBORNE, loan] > 0.0
            credited = credited or loans[CREDIT, loan] > 0.0
            w[_BAL + i] = loans[BALANCE_AFTER, loan]
            w[_GROW + i] = 1.0 + monthly
            w[_PMT + i] = loans[PAYMENT_AFTER, loan]
            w[_LAST + i] = term
            w[_D1 + i] = 1.0 + loans[DISCOUNT, loan]
            w[_V + i] = 1.0 / w[_D1 + i]
            w[_Q + i] = w[_V + i]
            w[_UNVALUE + i] = _PERCENT / loans[VALUE, loan]
            w[_F + i] = loans[FORBORNE, loan]
            w[_M + i] = loans[CREDIT, loan]
            w[_RED + i] = loans[REDUCTION, loan] / reduction_years
            w[_SHARE + i] = loans[SHARE, loan]
            w[_TRIAL + i] = loans[TRIAL, loan]
            w[_ONCE + i] = loans[ONCE, loan]
            w[_WAC + i] = loans[RATE_AFTER, loan]
            w[_XBASE + i] = loans[SCORE_PART_AFTER, loan] - _ltv_start(slopes, column, figures)
            for place in range(1, INCENTIVE_SLOPES):
                w[_XBASE + i] -= figures[INCENTIVE_K1 + place - 1] * slopes[column, LTV_SLOPES + place]
            w[_SURVEY + i] = loans[SURVEY, loan]
            w[_GROWN + i] = power(1.0 + monthly, term)
            w[_SHRUNK + i] = power(w[_V + i], term)
            yearly = power(w[_V + i], _YEAR)
            ahead, factor = 0.0, 1.0
            for _ in range(credit_last // _YEAR):
                factor = factor * yearly
                ahead += factor
            w[_AHEAD + i] = loans[CREDIT, loan] * ahead
            w[_S + i] = 1.0
            for row in (_PV, _SUM1, _SUM2, _SUM8):
                w[row + i] = 0.0
            for place in range(LTV_SLOPES):
                w[_L0 + place * LANES + i] = slopes[column, place]
            for place in range(INCENTIVE_SLOPES):
                w[_I0 + place * LANES + i] = slopes[column, LTV_SLOPES + place]
        rising = True
        for month in range(1, longest + 1):
            this = float(month)
            fresh = month == 1
            # The rate rises once a year after the fixed months, until every loan is at its cap.
            if rising and month > fixed and (month - fixed - 1) % _YEAR == 0:
                rising = False
                for i in range(LANES):
                    loan = order[first + (i if i < count else count - 1)]
                    left = int(w[_LAST + i]) - month + 1
                    if w[_WAC + i] < loans[CAP, loan] and left > 0:
                        rising, fresh = True, True
                        rate = min(w[_WAC + i] + rise, loans[CAP, loan])
                        w[_WAC + i] = rate
                        w[_GROW + i] = 1.0 + rate / _YEAR
                        w[_PMT + i] = w[_BAL + i] * annuity_factor(rate / _YEAR, left)
                        w[_GROWN + i] = power(1.0 + rate / _YEAR, left)  # the step below takes one month off
            if month <= early:
                for i in range(LANES):
                    loan = order[first + (i if i < count else count - 1)]
                    market = int(loans[MARKET, loan])
                    w[_UNPRICE + i] = unprices[market, month]
                    w[_HX + i] = growth_parts[4 * market + int(loans[COLUMN_AFTER, loan]), month]
            elif month == early + 1:
                for i in range(LANES):
                    loan = order[first + (i if i < count else count - 1)]
                    w[_UNPRICE + i] = figures[LATE_UNPRICE]
                    w[_HX + i] = late_growth_parts[int(loans[COLUMN_AFTER, loan])]
            # What a borrower who prepays gives up: later success payments, and forbearance without interest. It moves
            # every month where there is some; otherwise only the rate moves the incentive.
            if fresh or forborne or (credited and month <= credit_last + 1):
                carrying = 1.0 if month <= credit_last else 0.0
                spent = 1.0 if month % _YEAR == 0 else 0.0
                for i in range(LANES):
                    ahead = w[_AHEAD + i] * w[_D1 + i] * carrying
                    grown = w[_GROWN + i] / w[_GROW + i]
                    shrunk = w[_SHRUNK + i] * w[_D1 + i]
                    w[_GROWN + i] = grown
                    w[_SHRUNK + i] = shrunk
                    w[_AHEAD + i] = ahead - w[_M + i] * spent
                    lost = ahead + (grown - 1.0) * w[_F + i] * shrunk
                    balance = w[_BAL + i]
                    divisor = balance if balance > 0.0 else 1.0
                    lost = lost / divisor / multiple
                    gain = (w[_WAC + i] - lost) * _PERCENT - w[_SURVEY + i]
                    gain = gain if gain > least else least
                    gain = gain if gain < most else most
                    x = fused(gain, w[_I0 + i], w[_XBASE + i])
                    x = fused(gain if gain > g1 else g1, w[_I1 + i], x)
                    x = fused(gain if gain > g2 else g2, w[_I2 + i], x)
                    x = fused(gain if gain > g3 else g3, w[_I3 + i], x)
                    x = fused(gain if gain > g4 else g4, w[_I4 + i], x)
                    x = fused(gain if gain > g5 else g5, w[_I5 + i], x)
                    x = fused(gain if gain > g6 else g6, w[_I6 + i], x)
                    x = fused(gain if gain > g7 else g7, w[_I7 + i], x)
                    x = fused(gain if gain > g8 else g8, w[_I8 + i], x)
                    w[_X + i] = x
            # Incentives of the month go to those who survive to its start.
            if month <= extras_last:
                once = 1.0 if month == once_month else 0.0
                shared = 1.0 if month <= share_last else 0.0
                credit = 1.0 if month % _YEAR == 0 and month <= credit_last else 0.0
                reduced = 1.0 if month % _YEAR == 0 and month <= reduction_years * _YEAR else 0.0
                for i in range(LANES):
                    trial = w[_TRIAL + i]
                    shares = 1.0 if this > trial else 0.0
                    shares = shares + trial if this == trial + 1.0 else shares
                    cash = w[_ONCE + i] * once + w[_SHARE + i] * (shares * shared)
                    cash += w[_M + i] * credit + w[_RED + i] * reduced
                    w[_PV + i] += w[_Q + i] * cash
            for i in range(LANES):
                balance = w[_BAL + i]
                unvalue = w[_UNVALUE + i] * w[_UNPRICE + i]
                w[_UNVALUE + i] = unvalue
                ltv = balance * unvalue
                ltv = ltv if ltv > low else low
                ltv = ltv if ltv < high else high
                x = fused(ltv, w[_L0 + i], w[_X + i] + w[_HX + i])
                x = fused(ltv if ltv > k1 else k1, w[_L1 + i], x)
                x = fused(ltv if ltv > k2 else k2, w[_L2 + i], x)
                x = fused(ltv if ltv > k3 else k3, w[_L3 + i], x)
                x = fused(ltv if ltv > k4 else k4, w[_L4 + i], x)
                x = fused(ltv if ltv > k5 else k5, w[_L5 + i], x)
                odds = exponential_near(x)
                stay = 1.0 / (1.0 + odds)
                leave = odds * stay
                owed = balance * w[_GROW + i]
                ends = this >= w[_LAST + i]
                paid = w[_PMT + i] if w[_PMT + i] < owed else owed
                paid = owed if ends else paid
                rest = owed - paid
                q = w[_Q + i]
                due = fused(w[_F + i], 1.0 if ends else leave, paid)
                w[_PV + i] = fused(q, fused(rest, leave, due), w[_PV + i])
                w[_Q + i] = 0.0 if ends else q * (w[_V + i] * stay)
                w[_BAL + i] = rest
                w[_STAY + i] = stay
            if month <= tracked:
                half = 1.0 if month <= decline_months // 2 else 0.0
                whole = 1.0 if decline_months // 2 < month <= decline_months else 0.0
                short = 1.0 if month <= paid_decline else 0.0
                for i in range(LANES):
                    kept = w[_S + i] * w[_STAY + i]
                    w[_S + i] = kept
                    w[_SUM1 + i] += kept * half
                    w[_SUM2 + i] += kept * whole
                    w[_SUM8 + i] += kept * short
                if month == paid_months:
                    for i in range(LANES):
                        w[_PV6 + i] = w[_PV + i]
                        w[_S6 + i] = w[_S + i]
            if credited and month > _YEAR and month % _YEAR == 1 and month <= credit_last + 1:
                for i in range(LANES):
                    rest = w[_BAL + i] - w[_M + i]
                    w[_BAL + i] = rest if rest > 0.0 else 0.0
                    if reamortize and w[_M + i] > 0.0:
                        monthly = w[_WAC + i] / _YEAR
                        w[_PMT + i] = w[_BAL + i] * annuity_factor(monthly, int(w[_LAST + i]) - month)
        for i in range(count):
            loan = order[first + i]
            v, decline = w[_V + i], loans[DECLINE, loan] / decline_months
            once = loans[CLAIM, loan] - loans[FEES, loan]
            anniversary = power(v, decline_months // 2)
            cure = w[_PV + i] + decline * anniversary * (w[_SUM1 + i] + anniversary * w[_SUM2 + i]) + once
            months = int(loans[SALE_MONTH_AFTER, loan]) + paid_months
            price = prices[int(loans[MARKET, loan]), int(loans[SALE_PRICE_MONTH_AFTER, loan])]
            proceeds, claim = disposition(
                loans[VALUE, loan],
                loans[REO_DISCOUNT, loan],
                price,
                loans[SETTLEMENT, loan],
                loans[COSTS, loan],
                loans[INSURED, loan],
                loans[INSURED_AFTER, loan] * figures[GROSS_UP],
                loans[OWED_AFTER, loan],
            )
            carried = loans[CARRY, loan] * level_worth(loans[DISCOUNT, loan], paid_months + 1, months)
            sold = (proceeds - loans[CLAIM, loan]) * power(v, months)
            default = w[_PV6 + i] + w[_S6 + i] * (sold - carried) + decline * anniversary * w[_SUM8 + i] + once
            chance = loans[CHANCE_AFTER, loan]
            out[NPV, loan] = (1.0 - chance) * cure + chance * default
            out[CURE, loan] = cure
            out[DEFAULT, loan] = default
            out[PROCEEDS, loan] = proceeds
            out[CLAIMED, loan] = claim
            out[EXTRA, loan] = w[_S6 + i]
