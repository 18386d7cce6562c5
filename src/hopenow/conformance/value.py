"""Handlers of published cases on value: parts of the HAMP value test, and costs to the investor by a simpler model.

The valuation kernels are loaded when a case asks for them.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import polars as pl

from hopenow.conformance.handler import part_handler
from hopenow.conformance.kinds import Field
from hopenow.conformance.runs import Run
from hopenow.errors import InputError
from hopenow.money import half_up_div
from hopenow.programs.hamp.common import NAME

_MODEL = ("NPV 3.0", "NPV overview 2009-06")
_RESEARCH = ("research model",)
_YEAR = 12
_PERCENT = 100
_CENTS = 100


_handler = functools.partial(part_handler, labels=_MODEL, program=NAME)


# --- parts of the value test ----------------------------------------------------------------------


def _discounted(run: Run) -> Mapping[str, Any]:
    import numpy as np

    from hopenow.valuation.discount import discount_factor, monthly_rate

    rate = np.array([float(run.get("rate_pct")) / _PERCENT])
    monthly = float(monthly_rate(rate, "compound")[0])
    factor = discount_factor(monthly, _YEAR * run.get("years"))
    return {"present_value": _cents(Fraction(factor) * run.get("amount"))}


def _cents(amount: Fraction) -> int:
    return half_up_div(amount.numerator, amount.denominator)


def _truncated(run: Run) -> Mapping[str, Any]:
    from hopenow.valuation.hamp_npv.checks import truncated_ltv
    from hopenow.valuation.hamp_npv.inputs import PERCENT_UNITS

    # A home and a balance with exactly this ratio.
    ratio: Fraction = run.get("mtmltv_pct") / _PERCENT
    loan = pl.DataFrame({"upb": [ratio.numerator], "property_value": [ratio.denominator]})
    units = int(loan.select(truncated_ltv()).item())
    reported = Fraction(units, PERCENT_UNITS)
    return {"reported_pct": reported, "keyed_fraction": reported / _PERCENT}


def _reo_discount(run: Run) -> Mapping[str, Any]:
    from hopenow.valuation.hamp_npv.figures import numbers, parameters

    _, exterior, interior = (Fraction(str(part)) for part in numbers(parameters("3.0"), "reo_discount_factors"))
    automated = run.get("avm_discount_pct")
    return {"exterior_pct": automated * exterior, "interior_pct": automated * interior}


_SMM_TERMS = {
    "hpag": "hpag",
    "inct_points": "inct",
    "mltv_pct": "mltv",
    "score": "score",
    "amt_thousands": "amt",
}
"""Word of a case to the variable of the prepayment equation."""
_STATES = {"current": "current", "30": "d30", "60": "d60", "90": "d90"}


def _prepayment(run: Run) -> Mapping[str, Any]:
    import numpy as np

    from hopenow.valuation.hamp_npv.figures import BUCKETS, coefficients
    from hopenow.valuation.lanes import logistic

    if run.get("status") not in _STATES:
        raise InputError(f"status: {run.get('status')!r} is not one of {', '.join(_STATES)} (days past due)")
    found = coefficients(run.get("model_version") or "3.0")
    bucket = np.array([BUCKETS.index(_STATES[run.get("status")])])
    logit = float(found.intercept[bucket[0]])
    for word, term in _SMM_TERMS.items():
        logit += float(found.smm[term].value(np.array([float(run.get(word))]), bucket)[0])
    return {"logit": Fraction(logit), "smm_pct": Fraction(float(logistic(logit))) * _PERCENT}


# --- investor cost by a simpler model -------------------------------------------------------------

_RESEARCH_IN: Mapping[str, Field] = {
    "upb": Field("number", "principal balance"),
    "annual_rate": Field("number", "yearly rate, a fraction"),
    "term_years": Field("count", "years left"),
    "annual_payments": Field("flag", "payments at the end of each year: true"),
    "annual_discount_rate": Field("number", "yearly discount rate, a fraction"),
    "default": Field("number", "0: nobody defaults"),
    "prepayment": Field("number", "0: nobody prepays"),
}
_CHANGES = ({"extend_years"}, {"forborne", "due"})
_AT_THE_END = "with the last payment"


def _level(rate: Fraction, years: int) -> Fraction:
    """Return what one unit at the end of each year is worth now."""
    from hopenow.valuation.discount import level_worth

    return Fraction(level_worth(float(rate), 1, years))


def _plain(run: Run) -> None:
    if run.get("annual_payments") is False or run.get("default") or run.get("prepayment"):
        raise InputError("the model has yearly payments and neither default nor prepayment")


def _investor_cost(run: Run) -> Mapping[str, Any]:
    from hopenow.valuation.discount import discount_factor

    _plain(run)
    balance, rate, years = run.get("upb"), run.get("annual_rate"), run.get("term_years")
    discount = run.get("annual_discount_rate")
    change = run.get("modification")
    if not isinstance(change, dict) or set(change) not in _CHANGES:
        raise InputError("modification has exactly the key extend_years, or the keys forborne and due")
    forborne, longer = Fraction(0), years
    if "extend_years" in change:
        longer = years + Field("count", "").read(change["extend_years"])
    elif change["due"] != _AT_THE_END:
        raise InputError(f"due: {change['due']!r} is not {_AT_THE_END!r}")
    else:
        forborne = Field("number", "").read(change["forborne"])
    old = balance / _level(rate, years)
    new = (balance - forborne) / _level(rate, longer)
    last = forborne * Fraction(discount_factor(float(discount), longer))
    cost = old * _level(discount, years) - new * _level(discount, longer) - last
    return {
        "annual_payment_cut": _cents((old - new) * _CENTS),
        "payment_cut_pct": (old - new) / old * _PERCENT,
        "npv_cost": _cents(cost * _CENTS),
    }


def _further_cut(run: Run) -> Mapping[str, Any]:
    _plain(run)
    balance, longer = run.get("upb"), run.get("new_term_years")
    old = balance / _level(run.get("annual_rate"), run.get("term_years"))
    extended = balance / _level(run.get("annual_rate"), longer)
    cut = balance / _level(run.get("new_annual_rate"), longer)
    run.notes.append("the fall from the longer term alone to the lower rate as well, in percent of the first payment")
    return {"additional_payment_cut_pct": (extended - cut) / old * _PERCENT}


HANDLERS = (
    _handler(
        "npv.discount",
        "What an amount in some years is worth now",
        {
            "amount": Field("money", "amount"),
            "years": Field("count", "years"),
            "rate_pct": Field("number", "yearly rate in percent"),
        },
        {"present_value": Field("money", "worth now")},
        _discounted,
        ("amount", "years", "rate_pct"),
    ),
    _handler(
        "npv.inputs",
        "Loan to value as it is keyed: cut off, never rounded",
        {"mtmltv_pct": Field("number", "loan to value in percent")},
        {
            "reported_pct": Field("number", "percent, cut off"),
            "keyed_fraction": Field("number", "the same as a fraction"),
        },
        _truncated,
        ("mtmltv_pct",),
    ),
    _handler(
        "npv.reo_discount",
        "REO discount by the kind of valuation",
        {"avm_discount_pct": Field("number", "discount for an automated valuation, percent")},
        {
            "exterior_pct": Field("number", "for an exterior valuation, percent"),
            "interior_pct": Field("number", "for an interior valuation, percent"),
        },
        _reo_discount,
        ("avm_discount_pct",),
    ),
    _handler(
        "npv.prepayment",
        "Monthly prepayment",
        {
            "model_version": Field("text", "3.0, 4.0 or 5.0"),
            "status": Field("text", ", ".join(_STATES)),
            "hpag": Field("number", "yearly growth of house prices, a fraction"),
            "inct_points": Field("number", "incentive to refinance, percentage points"),
            "mltv_pct": Field("number", "loan to value marked in the month, percent"),
            "score": Field("count", "credit score"),
            "amt_thousands": Field("number", "original balance, thousands of dollars"),
        },
        {
            "logit": Field("number", "value of the equation"),
            "smm_pct": Field("number", "share that prepays in the month, percent"),
        },
        _prepayment,
        ("status", *_SMM_TERMS),
    ),
    _handler(
        "crosscheck.investor_cost",
        "Cost of a modification to the investor, without default and prepayment",
        {**_RESEARCH_IN, "modification": Field("structure", "extend_years, or forborne and due")},
        {
            "annual_payment_cut": Field("money", "fall of the yearly payment"),
            "payment_cut_pct": Field("number", "the same in percent of the payment before"),
            "npv_cost": Field("money", "value before less value after; positive: the investor loses"),
        },
        _investor_cost,
        ("upb", "annual_rate", "term_years", "annual_discount_rate", "modification"),
        labels=_RESEARCH,
    ),
    _handler(
        "crosscheck.waterfall",
        "Further fall of the payment by a lower rate and a longer term, without default and prepayment",
        {
            **_RESEARCH_IN,
            "new_term_years": Field("count", "years after"),
            "new_annual_rate": Field("number", "yearly rate after, a fraction"),
        },
        {"additional_payment_cut_pct": Field("number", "percent")},
        _further_cut,
        ("upb", "annual_rate", "term_years", "new_term_years", "new_annual_rate"),
        labels=_RESEARCH,
    ),
)
