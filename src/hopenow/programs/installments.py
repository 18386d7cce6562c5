"""Paying arrears over some months: the arithmetic that the repayment plans of all authorities share.

What counts as arrears, which months are tried and how long a plan may be, is each authority's own.
"""

from __future__ import annotations

import polars as pl

from hopenow.facts.derived import add_months, end_of_month

c = pl.col


def past_due(*charges: pl.Expr) -> pl.Expr:
    """Return the unpaid regular payments with charges, less a contribution; cents, never below zero."""
    whole = c("months_delinquent").cast(pl.Int64) * c("contractual_payment") - c("borrower_contribution").fill_null(0)
    for charge in charges:
        whole = whole + charge
    return whole.clip(lower_bound=0)


def fewest_months(owed: pl.Expr, most: pl.Expr) -> pl.Expr:
    """Return the fewest installments of at most ``most`` cents that repay what is owed; null where there are none."""
    return pl.when(most > 0).then((owed + most - 1) // most)


def part(owed: pl.Expr, months: pl.Expr, *, nearest: bool = False) -> pl.Expr:
    """Return the monthly part of what is owed, rounded up to the cent or to the nearest one; null for no months.

    Rounded up, the last installment is never larger than the others.
    """
    shared = (2 * owed + months) // (2 * months) if nearest else (owed + months - 1) // months
    return pl.when(months > 0).then(shared)


def parts(owed: pl.Expr, months: pl.Expr, payment: pl.Expr, each: pl.Expr) -> list[pl.Expr]:
    """Return installment, last installment (it takes what rounding leaves), and the payment during the plan.

    Args:
        owed: what is owed.
        months: months of the plan.
        payment: the regular payment.
        each: the installment, from :func:`part`.
    """
    return [
        each.alias("installment"),
        (owed - each * (months - 1)).alias("last_installment"),
        (payment + each).alias("payment"),
    ]


def period(months: pl.Expr) -> list[pl.Expr]:
    """Return the first and the last day of a plan that begins with the month after the evaluation."""
    count = months.cast(pl.Int32, strict=False)
    return [
        pl.when(count >= 1).then(add_months(c("evaluation_date"), 1)).alias("start"),
        pl.when(count >= 1).then(end_of_month(c("evaluation_date"), count)).alias("end"),
    ]
