"""The monthly flows of the modern model as one compiled kernel: a loan under one set of terms, late or paying.

A loan is in one of two live states. *Late*: it may catch up by itself in any month (self-cure), and otherwise ends with
the foreclosure sale. *Paying*: it may be paid off, or fall behind for good and end with a sale ``LEAD`` months later.
What is paid, kept and lost is summed as expected present values. ``tests/oracle/modern.py`` is the same to read.

Loans are worked in blocks of :data:`~hopenow.valuation.lanes.LANES`: months outside, loans inside. A result does not
depend on the block, the order or the number of threads. Amounts are floats in cents; nothing is rounded here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import types

from hopenow.mortgage._jit import i64, i64_in, kernel
from hopenow.valuation.discount import level_worth
from hopenow.valuation.lanes import LANES, Floats, f64, f64_in, f64_table, f64_table_in, power

Integers = npt.NDArray[np.int64]

# Rows of the table of loans, one column for each loan.
(
    DISCOUNT,  # monthly
    NEAR,  # monthly growth of house prices in the first years
    LATER,  # the same afterwards
    VALUE,  # of the home now
    CARRY,  # taxes, insurance and upkeep of a month without payments
    KEPT,  # share of the value that a sale after foreclosure brings
    COSTS,  # one-time costs of foreclosure
    LATE,  # months late now
    TO_SALE,  # months to the foreclosure sale of the loan as it is
    LEAD,  # months from falling behind for good to the foreclosure sale
    REO,  # months from there to the sale by the investor
    START,  # 1: paying from the start; 0: late
    BALANCE,  # that pays interest once the loan is paying
    RATE,  # monthly
    PAYMENT,  # principal and interest
    TERM,
    FORBORNE,  # owed to the investor without interest, due at the end
    BEHIND,  # owed to others on the home
    FACTOR,  # multiplies re-default
    PREPAY,  # chance of payoff in a month, with equity
    EXTRA,  # paid on top in the first months (repayment plan)
    EXTRA_MONTHS,
    MISSED,  # what each missed month adds to the sum that cures the loan
    ADVANCED,  # what the servicer advances for each missed month
    OWED,  # balance of the loan as it is
) = range(25)
FIELDS = OWED + 1

# Rows of the results: expected present values, and chances.
(
    PAID,  # installments, payoffs, arrears
    SOLD,  # net of the sale after foreclosure
    BALANCE_PAYING,  # sum over the months of the balance that pays
    BALANCE_LATE,  # the same of late loans
    MONTHS_PAYING,
    MONTHS_LATE,
    ADVANCES,  # sum over the months of what is advanced
    LOST_FIRST,  # chance that the home is lost by the first horizon
    LOST_SECOND,
    LOST_THIRD,
    GONE_FIRST,  # chance that the loan is paid off by then
    GONE_SECOND,
    GONE_THIRD,
    LOST,  # ever
    CURED,  # ever, without help
    ADVANCED_LOST,  # advances outstanding at the sale
) = range(16)
RESULTS = ADVANCED_LOST + 1

# Places in the figures.
VALUE_FROM, VALUE_EFFECT, PREPAY_FULL, PREPAY_NONE, NEAR_MONTHS, FIRST, SECOND, THIRD = range(8)
FIGURES = THIRD + 1

_BAL = 0 * LANES
_GROW = 1 * LANES
_PMT = 2 * LANES
_LAST = 3 * LANES
_V = 4 * LANES
_Q = 5 * LANES
_P = 6 * LANES
_D = 7 * LANES
_FORB = 8 * LANES
_BEHIND = 9 * LANES
_UNVALUE = 10 * LANES
_SALE = 11 * LANES
_U1 = 12 * LANES
_U2 = 13 * LANES
_W1 = 14 * LANES
_W2 = 15 * LANES
_AHEAD = 16 * LANES
_FACTOR = 17 * LANES
_PREPAY = 18 * LANES
_COST = 19 * LANES
_CAP = 20 * LANES
_DROP = 21 * LANES
_EXTRA = 22 * LANES
_EXTRALAST = 23 * LANES
_PAID = 24 * LANES
_SOLD = 25 * LANES
_BP = 26 * LANES
_MP = 27 * LANES
_DEF = 28 * LANES
_DEFBAL = 29 * LANES
_LOST = 30 * LANES
_L1 = 31 * LANES
_L2 = 32 * LANES
_L3 = 33 * LANES
_G1 = 34 * LANES
_G2 = 35 * LANES
_G3 = 36 * LANES
_MOVED = 37 * LANES
_LEAD = 38 * LANES
_NOW = 39 * LANES
_PRE = 40 * LANES
_BEHINDMONTHS = 41 * LANES
_CHANCE = 42 * LANES
_CURED = 43 * LANES
_MISSED = 44 * LANES
_ML = 45 * LANES
_AL = 46 * LANES
_TOSALE = 47 * LANES
_NET = 48 * LANES
_SOLDLATE = 49 * LANES
_ROWS = 50


@kernel(f64(f64, f64, i64, i64))
def price_level(near: float, later: float, month: int, near_months: int) -> float:
    """Return the house price in a month over the price now; ``near`` and ``later`` are monthly growth."""
    first = month if month < near_months else near_months
    return power(1.0 + near, first) * power(1.0 + later, month - first)


@kernel(types.void(f64_table_in, f64_in, f64_in, f64_in, i64_in, f64_table))
def value_block(loans: Floats, cure: Floats, hazard: Floats, figures: Floats, order: Integers, out: Floats) -> None:
    """Value the loans of ``order``.

    Args:
        loans: shape (FIELDS, n).
        cure: chance of self-cure in a month by months late; the last goes on.
        hazard: chance in a month, by months since now, that a paying loan falls behind for good; the last goes on.
        figures: shape (FIGURES,).
        order: places of the loans to value, best with like terms together.
        out: shape (RESULTS, n), filled for the loans of ``order``.
    """
    value_from, value_effect = figures[VALUE_FROM], figures[VALUE_EFFECT]
    none, width = figures[PREPAY_NONE], 1.0 / (figures[PREPAY_NONE] - figures[PREPAY_FULL])
    near_months = int(figures[NEAR_MONTHS])
    near_last = float(near_months)
    most_late = cure.size - 1
    one, two, three = figures[FIRST], figures[SECOND], figures[THIRD]
    w = np.zeros(_ROWS * LANES, np.float64)
    for first in range(0, order.size, LANES):
        count = min(LANES, order.size - first)
        longest, longest_late, extras = 0, 0, 0
        for i in range(LANES):
            loan = order[first + (i if i < count else count - 1)]
            v = 1.0 / (1.0 + loans[DISCOUNT, loan])
            lead, reo = int(loans[LEAD, loan]), int(loans[REO, loan])
            longest = max(longest, int(loans[TERM, loan]))
            paying = loans[START, loan]
            if paying < 1.0:
                longest_late = max(longest_late, int(loans[TO_SALE, loan]))
            extras = max(extras, int(loans[EXTRA_MONTHS, loan]))
            w[_BAL + i] = loans[BALANCE, loan]
            w[_GROW + i] = 1.0 + loans[RATE, loan]
            w[_PMT + i] = loans[PAYMENT, loan]
            w[_LAST + i] = loans[TERM, loan]
            w[_V + i] = v
            w[_Q + i] = 1.0
            w[_P + i] = paying
            w[_D + i] = 1.0 - paying
            w[_FORB + i] = loans[FORBORNE, loan]
            w[_BEHIND + i] = loans[BEHIND, loan]
            w[_UNVALUE + i] = 1.0 / loans[VALUE, loan]
            near, later = loans[NEAR, loan], loans[LATER, loan]
            w[_SALE + i] = loans[VALUE, loan] * loans[KEPT, loan] * price_level(near, later, lead + reo, near_months)
            w[_U1 + i] = 1.0 / (1.0 + near)
            w[_U2 + i] = 1.0 / (1.0 + later)
            w[_W1 + i] = 1.0 + near
            w[_W2 + i] = 1.0 + later
            w[_AHEAD + i] = lead + reo
            w[_LEAD + i] = lead
            w[_FACTOR + i] = loans[FACTOR, loan]
            w[_PREPAY + i] = loans[PREPAY, loan]
            w[_COST + i] = loans[COSTS, loan] + loans[CARRY, loan] * (lead + reo)
            w[_CAP + i] = 1.0 + loans[RATE, loan] * lead
            w[_DROP + i] = power(v, lead + reo)
            w[_EXTRA + i] = loans[EXTRA, loan]
            w[_EXTRALAST + i] = loans[EXTRA_MONTHS, loan]
            # The sale of the loan as it is, for those who do not catch up before.
            to_sale = int(loans[TO_SALE, loan])
            behind = loans[LATE, loan] + to_sale
            net = loans[VALUE, loan] * loans[KEPT, loan] * price_level(near, later, to_sale + reo, near_months)
            net = net - (loans[COSTS, loan] + loans[CARRY, loan] * (behind + reo))
            most = loans[OWED, loan] * (1.0 + loans[RATE, loan] * behind) + loans[FORBORNE, loan]
            net = net if net > 0.0 else 0.0
            w[_NET + i] = (net if net < most else most) * power(v, reo)
            w[_BEHINDMONTHS + i] = loans[LATE, loan]
            w[_MISSED + i] = loans[MISSED, loan]
            w[_TOSALE + i] = to_sale
            for row in (_PAID, _SOLD, _BP, _MP, _DEF, _DEFBAL, _LOST, _L1, _L2, _L3, _G1, _G2, _G3, _MOVED):
                w[row + i] = 0.0
            for row in (_CURED, _ML, _AL, _SOLDLATE):
                w[row + i] = 0.0
        # Whoever catches up in the last month before the sale is followed one month more.
        longest = max(longest, longest_late + 1 if longest_late > 0 else 0)
        for month in range(1, longest + 1):
            this = float(month)
            chance = hazard[month if month < hazard.size else hazard.size - 1]
            within = month <= near_months
            if month <= longest_late:
                for i in range(LANES):
                    w[_CHANCE + i] = cure[min(int(w[_BEHINDMONTHS + i]) + month, most_late)]
                for i in range(LANES):
                    behind = w[_BEHINDMONTHS + i] + this
                    was = w[_D + i]
                    cured = was * w[_CHANCE + i]
                    late = was - cured
                    q = w[_Q + i] * w[_V + i]
                    w[_MOVED + i] = cured
                    w[_CURED + i] += cured
                    # No more installments are missed than there were.
                    most = w[_BEHINDMONTHS + i] + w[_LAST + i]
                    due = behind if behind < most else most
                    w[_PAID + i] += q * cured * (due * w[_MISSED + i])
                    w[_ML + i] += q * late
                    w[_AL + i] += q * late * behind
                    sold = late if this == w[_TOSALE + i] else 0.0
                    w[_SOLD + i] += q * sold * w[_NET + i]
                    w[_SOLDLATE + i] += q * sold
                    w[_LOST + i] += sold
                    w[_L1 + i] += sold if this <= one else 0.0
                    w[_L2 + i] += sold if this <= two else 0.0
                    w[_L3 + i] += sold if this <= three else 0.0
                    w[_D + i] = late - sold
            # Whatever is chosen between is loaded first: a load behind a condition would stop the loop from being wide.
            shrinks = _U1 if within else _U2
            for i in range(LANES):
                balance = w[_BAL + i]
                forborne = w[_FORB + i]
                unvalue = w[_UNVALUE + i] * w[shrinks + i]
                soon, later = w[_W1 + i], w[_W2 + i]
                sale = w[_SALE + i] * (soon if this + w[_AHEAD + i] <= near_last else later)
                w[_UNVALUE + i] = unvalue
                w[_SALE + i] = sale
                ltv = (balance + forborne + w[_BEHIND + i]) * unvalue
                over = ltv - value_from
                over = over if over > 0.0 else 0.0
                falls = chance * w[_FACTOR + i] * (1.0 + value_effect * over)
                falls = falls if falls < 1.0 else 1.0
                free = (none - ltv) * width
                free = free if free > 0.0 else 0.0
                free = free if free < 1.0 else 1.0
                q = w[_Q + i] * w[_V + i]
                w[_Q + i] = q
                last = w[_LAST + i]
                leaves = w[_PREPAY + i] * free
                leaves = 1.0 if this >= last else leaves
                was = w[_P + i]
                lost = was * falls
                stays = was - lost
                owed = balance * w[_GROW + i]
                payment = w[_PMT + i]
                paid = payment if payment < owed else owed
                rest = owed - paid
                qs = q * stays
                net = sale - w[_COST + i]
                most = balance * w[_CAP + i] + forborne
                net = net if net > 0.0 else 0.0
                net = net if net < most else most
                ql = q * lost
                w[_PAID + i] += qs * (paid + leaves * (rest + forborne))
                w[_BP + i] += qs * balance
                w[_MP + i] += qs
                w[_SOLD + i] += ql * (w[_DROP + i] * net)
                w[_DEF + i] += ql
                w[_DEFBAL + i] += ql * balance
                w[_LOST + i] += lost
                w[_NOW + i] = lost
                w[_PRE + i] = stays * leaves
                w[_P + i] = stays * (1.0 - leaves) + w[_MOVED + i]
                w[_MOVED + i] = 0.0
                w[_BAL + i] = 0.0 if this >= last else rest
            if month <= extras:
                for i in range(LANES):
                    paying = w[_P + i] + w[_PRE + i]
                    w[_PAID + i] += w[_Q + i] * paying * (w[_EXTRA + i] if this <= w[_EXTRALAST + i] else 0.0)
            if this <= three:
                for i in range(LANES):
                    at = this + w[_LEAD + i]
                    lost = w[_NOW + i]
                    left = w[_PRE + i]
                    w[_L1 + i] += lost if at <= one else 0.0
                    w[_L2 + i] += lost if at <= two else 0.0
                    w[_L3 + i] += lost if at <= three else 0.0
                    w[_G1 + i] += left if this <= one else 0.0
                    w[_G2 + i] += left if this <= two else 0.0
                    w[_G3 + i] += left
        for i in range(count):
            loan = order[first + i]
            lead, reo, rate = int(loans[LEAD, loan]), int(loans[REO, loan]), loans[DISCOUNT, loan]
            v = w[_V + i]
            sums, factor = 0.0, 1.0
            for month in range(1, lead + 1):
                factor = factor * v
                sums += month * factor
            outstanding = loans[ADVANCED, loan] * (sums + lead * level_worth(rate, lead + 1, lead + reo))
            waits = level_worth(rate, 1, lead + reo)
            out[PAID, loan] = w[_PAID + i]
            out[SOLD, loan] = w[_SOLD + i]
            out[BALANCE_PAYING, loan] = w[_BP + i]
            out[MONTHS_PAYING, loan] = w[_MP + i]
            behind = w[_BEHINDMONTHS + i] + w[_TOSALE + i]
            after = w[_SOLDLATE + i] * level_worth(rate, 1, reo)
            advanced = loans[ADVANCED, loan]
            out[BALANCE_LATE, loan] = w[_DEFBAL + i] * waits + (w[_ML + i] + after) * loans[OWED, loan]
            out[MONTHS_LATE, loan] = w[_DEF + i] * waits + (w[_ML + i] + after)
            out[ADVANCES, loan] = w[_DEF + i] * outstanding + (w[_AL + i] + after * behind) * advanced
            sold = w[_DEF + i] * (w[_DROP + i] * lead) + w[_SOLDLATE + i] * (power(v, reo) * behind)
            out[ADVANCED_LOST, loan] = sold * advanced
            out[CURED, loan] = w[_CURED + i]
            out[LOST, loan] = w[_LOST + i]
            out[LOST_FIRST, loan] = w[_L1 + i]
            out[LOST_SECOND, loan] = w[_L2 + i]
            out[LOST_THIRD, loan] = w[_L3 + i]
            out[GONE_FIRST, loan] = w[_G1 + i]
            out[GONE_SECOND, loan] = w[_G2 + i]
            out[GONE_THIRD, loan] = w[_G3 + i]
