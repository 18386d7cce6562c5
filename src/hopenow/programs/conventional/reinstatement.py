"""Reinstatement: everything past due is paid at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step
from hopenow.programs.conventional.common import law

c = pl.col
RULES = RuleTable()


@RULES("RE-1")
def can_pay(p: Parameters) -> pl.Expr:
    """The borrower can pay everything past due."""
    return c("can_reinstate")


@RULES("RE-2")
def something_due(p: Parameters) -> pl.Expr:
    """Something is past due."""
    return c("months_delinquent") >= 1


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Add up what brings the loan current."""
    installments = c("months_delinquent").cast(pl.Int64) * c("contractual_payment")
    amount = (
        installments
        + c("late_charges").fill_null(0)
        + c("servicing_advances").fill_null(0)
        + c("noncapitalizable_advances").fill_null(0)
    )
    return frame.select(
        installments.alias("past_due_installments"),
        amount.alias("amount"),
        c("contractual_payment").alias("payment_after"),
    )


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show how the amount is made up."""
    return [
        Step(
            "Past-due payments",
            f"{row['months_delinquent']} unpaid payments of principal, interest and escrow",
            row["reinstatement__past_due_installments"],
            "money",
        ),
        Step("Late charges", "late charges that have accrued", row["late_charges"], "money"),
        Step("Costs", "costs the servicer advanced and may recover", row["servicing_advances"], "money"),
        Step("To pay", "everything that brings the loan current", row["reinstatement__amount"], "money"),
    ]


OPTION = Option(
    id="reinstatement",
    kind="reinstate",
    law=law("reinstatement"),
    rules=RULES,
    terms=terms,
    columns={"past_due_installments": "money", "amount": "money", "payment_after": "money"},
    needs=("months_delinquent", "contractual_payment"),
    additive=("late_charges", "servicing_advances"),
    steps=steps,
)
