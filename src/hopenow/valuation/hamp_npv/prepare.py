"""From checked inputs to the table that the kernels take: ratios, probabilities, incentives, timelines.

Each loan is a column, and none knows of its neighbors. Incentives are whole cents (half up), as they
are paid; ratios and probabilities are floats.
"""

from __future__ import annotations

import dataclasses
import datetime
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.law import Parameters
from hopenow.money import cents
from hopenow.valuation.discount import monthly_rate
from hopenow.valuation.hamp_npv import kernel as k
from hopenow.valuation.hamp_npv.figures import BUCKETS, Coefficients, Program, Readings, numbers, parameters
from hopenow.valuation.hamp_npv.inputs import PERCENT_UNITS
from hopenow.valuation.hamp_npv.supplement import Integers, Supplement
from hopenow.valuation.lanes import Floats, logistic_array, natural_log_array
from hopenow.valuation.timelines import months_of_days, months_to_sale

__all__ = ["FIXED", "Modification", "Prepared", "default_exponent", "kernel_figures", "prepare", "smm_constant"]

WHOLE = 1_000_000
FIXED = 2
"""Product code of fixed-rate loans."""
FANNIE_MAE, FREDDIE_MAC = 1, 2
_FRACTION = 100.0 * PERCENT_UNITS
_YEAR = 12
_PRICE_QUARTER = 3
_RENTED = 2


TITLES = {
    "tier1": "Tier 1",
    "tier1_pra": "Tier 1 with principal reduction",
    "tier2": "Tier 2",
    "tier2_pra": "Tier 2 with principal reduction",
}
"""Modifications by name, in words."""


@dataclasses.dataclass(frozen=True)
class Modification:
    """Which modification is valued.

    Attributes:
        name: of the scenario.
        tier2: Tier 2 (fixed for life, its own cost share) instead of Tier 1.
        reduction: with the principal reduction alternative: forgiveness is staged over years and earns incentives.
    """

    name: str = "tier1"
    tier2: bool = False
    reduction: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Prepared:
    """What the kernels take, and figures shown beside the results; shapes (loans,).

    Attributes:
        table: shape (kernel.FIELDS, loans).
        ratio_before: housing ratio before the modification, percentage points.
        ratio_after: the same after it.
        bucket: delinquency bucket.
        equation: bucket whose default equation counts.
        enough: the whole payment falls enough for success incentives.
        cost_share_due: the cost share is paid.
        success: yearly success payment that the reduction would give, cents, before the test.
    """

    table: Floats
    ratio_before: Floats
    ratio_after: Floats
    bucket: Integers
    equation: Integers
    enough: npt.NDArray[np.bool_]
    cost_share_due: npt.NDArray[np.bool_]
    success: Integers


def half_up(numerator: Integers, denominator: int) -> Integers:
    """Divide whole numbers of zero or more and round half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def _share(ratio: int) -> tuple[int, int]:
    """Return a ratio in millionths as the shortest fraction, so that products stay small."""
    found = Fraction(ratio, WHOLE)
    return found.numerator, found.denominator


def smm_constant(c: Coefficients, score: Integers, original: Integers, column: Integers) -> Floats:
    """Return what never changes in the prepayment exponent: constant, credit score and original balance.

    Args:
        c: coefficients.
        score: lower of the borrowers' scores.
        original: balance when the loan was made, cents.
        column: prepayment column.
    """
    thousands = original / (100.0 * 1000.0)
    found: Floats = (
        c.intercept[column]
        + c.smm["score"].value(score.astype(np.float64), column)
        + c.smm["amt"].value(thousands, column)
    )
    return found


def default_exponent(
    c: Coefficients,
    readings: Readings,
    equation: Integers,
    ltv: Floats,
    score: Integers,
    before: Floats,
    after: Floats,
    redefault: bool,
    target: float,
) -> Floats:
    """Return the exponent of the lifetime default probability.

    Args:
        c: coefficients.
        readings: taken.
        equation: bucket of the equation.
        ltv: loan to value, percentage points.
        score: lower of the borrowers' scores.
        before: housing ratio before the modification, percentage points.
        after: housing ratio after it.
        redefault: of the modified loan.
        target: housing ratio that the modification aims at, percentage points.
    """
    low, high = c.ratio_bounds
    first = np.minimum(np.maximum(before, target), high)
    second = np.minimum(np.maximum(after, low), high)
    held = np.minimum(np.maximum(ltv, c.ltv_bounds[0]), c.ltv_bounds[1])
    b = c.default[equation]
    z: Floats = b[:, 0] + b[:, 1] * held + b[:, 2] * score + b[:, 3] * first
    logged = c.relief_knots != () and readings["relief_form"] == "logged"

    def bent(over: Floats) -> Floats:
        return natural_log_array(over + 1.0) if logged else over

    for place, knot in enumerate(c.kinks_at):
        z = z + c.kinks[equation, place] * bent(np.maximum(held - knot, 0.0))
    if not redefault:
        return z
    if c.relief_knots:
        if readings["ratio_after_top"] == "topped":
            second = np.minimum(second, target)
        relief = np.maximum(first - second, 0.0)
        z = z + c.relief[equation, 0] * bent(relief)
        for place, knot in enumerate(c.relief_knots, start=1):
            z = z + c.relief[equation, place] * bent(np.maximum(relief - knot, 0.0))
        return z
    return z + b[:, 4] * natural_log_array(np.maximum(first - second, 0.0) + 1.0)


def kernel_figures(c: Coefficients, program: Program, readings: Readings, late_unprice: float) -> Floats:
    """Return the figures of the model in the kernels' places."""
    p = parameters(c.version)
    f = np.zeros(k.FIGURES)
    ltv, incentive = c.smm["mltv"], c.smm["inct"]
    f[k.LTV_LOW : k.LTV_K5 + 1] = [ltv.low, ltv.high, *ltv.knots]
    f[k.INCENTIVE_LOW : k.INCENTIVE_K8 + 1] = [incentive.low, incentive.high, *incentive.knots]
    f[k.MULTIPLE] = c.multiple
    f[k.GROSS_UP] = p["claim_gross_up"] / WHOLE
    f[k.RISE] = program.tier1["rate_rise"] / WHOLE
    f[k.FIXED_MONTHS] = program.tier1["fixed_years"] * _YEAR
    f[k.ONCE_MONTH] = p["current_incentive_month"]
    f[k.SHARE_LAST] = p["cost_share_last_month"]
    f[k.CREDIT_YEARS] = program.incentives["borrower_years"]
    f[k.DECLINE_MONTHS] = program.incentives["hpdp_months"]
    f[k.PAID_MONTHS] = p["redefault_paid_months"]
    f[k.PAID_DECLINE_MONTHS] = p["redefault_hpdp_months"]
    f[k.REDUCTION_YEARS] = p["reduction_years"]
    f[k.LATE_UNPRICE] = late_unprice
    f[k.REAMORTIZE] = readings["after_curtailment"] == "reamortize"
    f[k.LEVEL_PAYMENT] = readings["scheduled_payment"] == "amortizing"
    return f


def prepare(
    frame: pl.DataFrame,
    survey: Integers,
    supplement: Supplement,
    c: Coefficients,
    program: Program,
    readings: Readings,
    modification: Modification,
) -> Prepared:
    """Prepare loans that share a supplement and the program's figures.

    Args:
        frame: checked inputs in engine units with ``pi_before``; optional ones filled.
        survey: survey rate on each NPV date, millionths.
        supplement: of their NPV dates.
        c: coefficients of the version.
        program: the program's figures on their NPV dates.
        readings: taken.
        modification: which is valued.
    """
    p, money = parameters(c.version), program.incentives

    def whole(name: str) -> Integers:
        return np.ascontiguousarray(frame[name].fill_null(0).to_numpy().astype(np.int64))

    count = frame.height
    t = np.zeros((k.FIELDS, count))
    missed, value, upb = whole("months_past_due"), whole("property_value"), whole("upb")
    upb_after, forborne, forgiven = whole("upb_after"), whole("forbearance"), whole("forgiveness")
    income, before, after = whole("gross_income"), whole("pi_before"), whole("principal_and_interest_after")
    investor, ltv = whole("investor_code"), whole("mark_to_market_ltv")
    carry = whole("association_dues") + whole("insurance") + whole("taxes")
    score = np.where(
        frame["co_borrower_score"].is_null(),
        whole("credit_score"),
        np.minimum(whole("credit_score"), whole("co_borrower_score")),
    )

    # --- ratios, buckets, default
    pitia_before, pitia_after = before + carry, after + carry
    ratio_before, ratio_after = 100.0 * pitia_before / income, 100.0 * pitia_after / income
    bucket = np.minimum(missed, len(BUCKETS) - 1)
    flagged = frame["imminent_default"].fill_null(False).to_numpy()
    equation = np.where(flagged & (bucket < c.imminent), c.imminent, bucket)
    target = program.tier1["target_ratio"] / (WHOLE / 100.0)
    ltv_points = ltv / PERCENT_UNITS
    owed = upb_after + (forborne if readings["ltv_after"] == "total" else 0)
    ltv_after = 100.0 * owed / value if c.ltv_after else ltv_points
    z = default_exponent(c, readings, equation, ltv_points, score, ratio_before, ratio_after, False, target)
    z_after = default_exponent(c, readings, equation, ltv_after, score, ratio_before, ratio_after, True, target)
    t[k.CHANCE], t[k.CHANCE_AFTER] = logistic_array(z), logistic_array(z_after)

    # --- market
    t[k.DISCOUNT] = monthly_rate(survey / WHOLE + whole("risk_premium") / _FRACTION, readings["monthly_discount"])
    t[k.SURVEY] = survey / (WHOLE / 100.0)
    zips, states = frame["zip"].to_list(), frame["state"].to_list()
    t[k.MARKET] = [supplement.market_of(z5, state) for z5, state in zip(zips, states, strict=True)]
    place = np.array([supplement.states[state] for state in states], np.int64)
    t[k.VALUE], t[k.CARRY] = value, carry
    factors = np.array(numbers(p, "reo_discount_factors"))[whole("valuation_type") - 1]
    stigma = np.where(value > p["reo_discount_split"], supplement.discount_high[place], supplement.discount_low[place])
    t[k.REO_DISCOUNT] = stigma * factors
    t[k.SETTLEMENT] = supplement.settlement[place]
    t[k.COSTS] = supplement.costs[place] * upb
    t[k.INSURED] = whole("mi_coverage") / _FRACTION

    # --- timelines
    days, reo = supplement.foreclosure_days[place], supplement.reo_days[place]
    month = p["days_in_month"]
    to_reo = months_of_days(reo, month)
    sale = months_to_sale(days, missed, month, readings["months_to_foreclosure"]) + to_reo
    sale_after = months_of_days(days, month) + to_reo
    t[k.SALE_MONTH], t[k.SALE_MONTH_AFTER] = sale, sale_after
    t[k.SALE_PRICE_MONTH] = _price_month(sale, readings)
    t[k.SALE_PRICE_MONTH_AFTER] = _price_month(sale_after + p["redefault_paid_months"], readings)

    # --- the loan as it is
    rate = whole("rate")
    t[k.COLUMN] = bucket
    column_after = bucket if readings["smm_column_after"] == "at_evaluation" else np.zeros_like(bucket)
    t[k.COLUMN_AFTER] = column_after
    t[k.SCORE_PART] = smm_constant(c, score, whole("original_upb"), bucket)
    t[k.SCORE_PART_AFTER] = smm_constant(c, score, whole("original_upb"), column_after)
    t[k.BALANCE], t[k.RATE], t[k.PAYMENT] = upb, rate / _FRACTION, whole("principal_and_interest")
    t[k.TERM], t[k.MISSED] = whole("remaining_term"), missed
    t[k.ROLLED] = missed if readings["cure_balance"] == "rolled_forward" else 0
    # Interest-only loans, and any whose payment changes, are valued at par.
    interest_only = t[k.PAYMENT] <= np.floor(t[k.BALANCE] * t[k.RATE] / _YEAR + 1.0)
    t[k.PAR] = (whole("product") != FIXED) | (interest_only & (rate > 0))

    # --- the loan as modified
    t[k.BALANCE_AFTER], t[k.RATE_AFTER], t[k.PAYMENT_AFTER] = upb_after, whole("rate_after") / _FRACTION, after
    t[k.TERM_AFTER], t[k.FORBORNE] = whole("term_after"), forborne
    step = program.tier1["rate_step"]
    cap = (2 * survey + step) // (2 * step) * step / WHOLE
    t[k.CAP] = t[k.RATE_AFTER] if modification.tier2 else cap
    t[k.FEES], t[k.CLAIM] = whole("modification_fees"), whole("mi_partial_claim")
    # On a re-default, forgiveness that has not vested is owed again.
    total = upb_after + forborne + (forgiven if modification.reduction else 0)
    t[k.OWED_AFTER] = total if readings["disposition_cap_after"] == "total" else upb
    t[k.INSURED_AFTER] = total if readings["claim_after"] == "total" else upb_after

    # --- incentives
    enough = (pitia_before - pitia_after) * WHOLE >= pitia_before * money["least_reduction"]
    success = _success(pitia_before, income, money)
    owner = whole("occupancy_code") != _RENTED
    current = missed == 0
    t[k.CREDIT] = np.where(enough & (not modification.tier2), success, 0)
    t[k.ONCE] = np.where(enough & current & owner, money["investor_current"], 0)
    if modification.tier2:
        due = np.ones(count, bool)
        t[k.SHARE] = _tier2_share(whole("principal_and_interest"), after, money)
    else:
        limit = (
            p["ratio_after_below"]
            if readings["cost_share_test"] == "model_tolerance"
            else program.tier1["target_ratio"]
        )
        due = pitia_after * WHOLE < income * limit
        if readings["cost_share_test"] == "target":
            due = pitia_after * WHOLE <= income * limit
        t[k.SHARE] = np.where(due, _tier1_share(income, carry, before, money), 0)
    fannie_current = (investor == FANNIE_MAE) & current
    t[k.TRIAL] = np.where(fannie_current, p["trial_months_fannie_current"], p["trial_months"])
    t[k.DECLINE] = np.where(
        enough & _declines_count(frame, investor, money),
        _decline(t[k.MARKET].astype(np.int64), upb, ltv, supplement, money),
        0,
    )
    if modification.reduction:
        late = frame["late_more_than_six_months"]
        far = np.where(late.is_null(), missed > p["reduction_late_months"], late.fill_null(False))
        t[k.REDUCTION] = _reduction(total, forgiven, value, far, money)
    return Prepared(t, ratio_before, ratio_after, bucket, equation, enough, due, success)


def _price_month(months: Integers, readings: Readings) -> Integers:
    if readings["price_between_quarters"] == "quarter_end":
        return months // _PRICE_QUARTER * _PRICE_QUARTER
    return months


def _success(pitia_before: Integers, income: Integers, money: Parameters) -> Integers:
    """Return the yearly success payment: a share of the yearly reduction to the target payment, up to a limit."""
    top, bottom = _share(money["yearly_share"])
    target_top, target_bottom = _share(money["cost_share_low_ratio"])
    cut = np.maximum(pitia_before * target_bottom - income * target_top, 0)
    return np.minimum(half_up(cut * (_YEAR * top), target_bottom * bottom), money["yearly_largest"])


def _tier1_share(income: Integers, carry: Integers, before: Integers, money: Parameters) -> Integers:
    """Return the monthly cost share: a share of the payment between the high (or the old) and the low ratio."""
    high, low, share = (_share(money[name]) for name in ("cost_share_high_ratio", "cost_share_low_ratio", "cost_share"))
    unit = high[1] * low[1]
    upper = np.minimum(income * (high[0] * low[1]) - carry * unit, before * unit)
    lower = income * (low[0] * high[1]) - carry * unit
    return half_up(np.maximum(upper - lower, 0) * share[0], unit * share[1])


def _tier2_share(before: Integers, after: Integers, money: Parameters) -> Integers:
    """Return the monthly cost share of Tier 2, by the reading that the incentives' law names."""
    limit, share = _share(money["tier2_cost_share_limit"]), _share(money["cost_share"])
    difference = np.maximum(before - after, 0)
    if money.word("tier2_cost_share_reading") == "half_of_lower":
        lower = np.minimum(difference * limit[1], before * limit[0])
        return half_up(lower * share[0], limit[1] * share[1])
    unit = limit[1] * share[1]
    return half_up(np.minimum(difference * (share[0] * limit[1]), before * (limit[0] * share[1])), unit)


def _declines_count(frame: pl.DataFrame, investor: Integers, money: Parameters) -> npt.NDArray[np.bool_]:
    first = datetime.date.fromisoformat(money.word("hpdp_from"))
    private = (investor != FANNIE_MAE) & (investor != FREDDIE_MAC)
    counts: npt.NDArray[np.bool_] = private & (frame["npv_date"] >= first).to_numpy()
    return counts


def _decline(market: Integers, upb: Integers, ltv: Integers, supplement: Supplement, money: Parameters) -> Integers:
    """Return the home price decline payment: the market's amount for the balance group, by thirds of loan to value."""
    ends = money.value("hpdp_largest_balances")
    largest = np.array([cents(end) for end in (ends if isinstance(ends, tuple) else (ends,))], np.int64)
    group = np.searchsorted(largest, upb, side="left")
    scale = PERCENT_UNITS * 100 // WHOLE
    below, width, parts = (money[name] for name in ("hpdp_none_below", "hpdp_part_width", "hpdp_parts"))
    thirds = np.clip(1 + (ltv - below * scale) // (width * scale), 0, parts)
    return half_up(supplement.declines[market, group] * thirds, parts)


def _reduction(
    owed: Integers, forgiven: Integers, value: Integers, far: npt.NDArray[np.bool_], money: Parameters
) -> Integers:
    """Return the incentive for forgiven principal: each dollar by the loan to value in which it lay."""
    if "pra_nothing_below" not in money:
        return np.zeros_like(owed)
    whole, percent = 100, WHOLE // 100
    ends = [money[name] // percent for name in ("pra_nothing_below", "pra_middle_from", "pra_high_above")]
    rates = [money[name] // percent for name in ("pra_low", "pra_middle", "pra_high")]
    top, bottom = owed * whole, (owed - forgiven) * whole
    total = np.zeros_like(owed)
    for place, rate in enumerate(rates):
        low = value * ends[place]
        high = value * ends[place + 1] if place + 1 < len(ends) else top
        paid = np.where(far, money["pra_late"] // percent, rate)
        total += np.maximum(np.minimum(top, high) - np.maximum(bottom, low), 0) * paid
    return half_up(total, whole * whole)
