"""Standalone partial claims: the permanent one, that of the COVID-19 Recovery options, and that of FHA-HAMP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.facts.derived import add_months
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step, StepsFunction, TermsFunction, TermType, column
from hopenow.programs.fha import common
from hopenow.programs.fha.common import CAPACITY, TRIAL_COLUMNS, law

c = pl.col
NAME = "fha_partial_claim"
RULES = common.gates(common.can_resume)

COLUMNS: dict[str, TermType] = {
    "arrears": "money",
    "costs": "money",
    "capacity": "money",
    "claim_amount": "money",
    "claims_after": "money",
    "capacity_after": "money",
    "payment_after": "money",
    "next_due_date": "date",
    **TRIAL_COLUMNS,
}
NEEDS = (
    "months_delinquent",
    "monthly_principal_and_interest",
    *CAPACITY,
)


@RULES("FHA-PC-PLAN")
def no_plan_fits(p: Parameters) -> pl.Expr:
    """No repayment plan fits the household."""
    return ~c("fha_repayment_plan__affordable")


@RULES("FHA-PC11")
def far_enough_behind(p: Parameters) -> pl.Expr:
    """Enough payments are past due, or HUD set another time."""
    return (c("months_delinquent") >= p["least_months_delinquent"]) | c("fha_shorter_delinquency_allowed")


RULES("FHA-PC-RESUME")(common.can_resume)
RULES("FHA-PC-FIT")(common.arrears_fit(NAME))


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Claim the arrears; balance, rate and term stay."""
    frame = common.with_arrears(frame, p).with_columns(common.capacity(p).alias("_capacity"))
    arrears = c("_arrears")
    left = pl.when(c("_capacity").is_not_null() & arrears.is_not_null()).then(
        pl.max_horizontal(c("_capacity") - arrears, pl.lit(0, pl.Int64))
    )
    return frame.select(
        arrears.alias("arrears"),
        c("_costs").alias("costs"),
        c("_capacity").alias("capacity"),
        arrears.alias("claim_amount"),
        (c("fha_capacity__used") + arrears).alias("claims_after"),
        left.alias("capacity_after"),
        c("contractual_payment").alias("payment_after"),
        add_months(c("next_due_date"), c("months_delinquent")).alias("next_due_date"),
        *common.trial_terms(p),
    )


def steps_of(option: str) -> StepsFunction:
    """Return the steps of a standalone claim."""

    def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
        """Show what the claim pays and what stays of the limit."""

        def of(name: str) -> Any:
            return row[column(option, name)]

        found = [
            Step(
                "Past due",
                "unpaid payments, advances and costs of a cancelled foreclosure, less any contribution",
                of("arrears"),
                "money",
                ("arrears_counted",),
            ),
            Step("Room for claims", "limit less earlier claims", of("capacity"), "money", ("cap_share",)),
            Step("Partial claim", "pays what is past due; no interest", of("claim_amount"), "money"),
            Step("All claims together", "with earlier ones", of("claims_after"), "money"),
            Step("Payment afterwards", "the regular payment", of("payment_after"), "money"),
            Step("Next payment due", "the loan is current", of("next_due_date"), "date"),
        ]
        return found + trial_step(row, option, p)

    return steps


def trial_step(row: Mapping[str, Any], option: str, p: Parameters) -> list[Step]:
    """Return the step that names the trial, where there is one."""
    if "trial_months" not in p:
        return []
    figures = tuple(name for name in ("trial_months", "trial_months_imminent", "trial_months_transfer") if name in p)
    return [
        Step("Trial payments", "before the option is final", row[column(option, "trial_months")], "months", figures),
        Step(
            "Final by",
            "the documents take effect on this day at the latest",
            row[column(option, "documents_effective_by")],
            "date",
        ),
    ]


def option_of(name: str, file: str, rules: RuleTable, found: TermsFunction = terms, shared: bool = False) -> Option:
    """Return a standalone claim under the given law file and rules."""
    return Option(
        id=name,
        kind="keep",
        law=law(file, shared=shared),
        rules=rules,
        terms=found,
        columns=COLUMNS,
        needs=NEEDS,
        additive=common.ADDITIVE,
        steps=steps_of(name),
    )


OPTION = option_of(NAME, "partial_claim", RULES, shared=True)

