"""Income as HAMP counts it, the housing ratio, other debts, and imminent default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.facts import NEVER
from hopenow.law import Parameters
from hopenow.mortgage import kernels
from hopenow.programs.base import Option, RuleTable, Step
from hopenow.programs.hamp.common import (
    WHOLE,
    array,
    escrow,
    hardship,
    law,
    lives_there,
    ratio,
    unpaid_principal,
)

c = pl.col
RULES = RuleTable()
DEBT_RULES = RuleTable()
IMMINENT_RULES = RuleTable()


# --- income ---------------------------------------------------------------------------------------


def half_up(amount: pl.Expr, share: int) -> pl.Expr:
    """Return a share (millionths) of an amount that is not negative, rounded half up to the cent."""
    return (2 * amount * share + WHOLE) // (2 * WHOLE)


def grossed_up(net: pl.Expr, p: Parameters) -> pl.Expr:
    """Turn net or untaxed income into gross income."""
    return half_up(net, p["gross_up"])


def rent_counted(rent: pl.Expr, p: Parameters, name: str = "rent_counted") -> pl.Expr:
    """Return the part of gross rent that counts."""
    return half_up(rent, p[name])


def income_by_kind(p: Parameters) -> pl.Expr:
    """Add up the kinds of income; unknown while one of them is. Negative rent of other property is a debt instead."""
    other = rent_counted(c("hamp_other_rent"), p) - c("hamp_other_rent_debt_service")
    return (
        c("hamp_gross_pay")
        + grossed_up(c("hamp_net_pay"), p)
        + grossed_up(c("hamp_untaxed_income"), p)
        + c("hamp_support_income")
        + c("hamp_passive_income")
        + c("hamp_household_contribution")
        + rent_counted(c("hamp_residence_rent"), p)
        + pl.when(other > 0).then(other).when(other <= 0).then(0)
    )


def counted_income(p: Parameters) -> pl.Expr:
    """Return the income: by kind where it is given so, else the one total."""
    itemized = c("hamp_income_itemized").fill_null(False)
    return pl.when(itemized).then(income_by_kind(p)).otherwise(c("monthly_gross_income"))


def resets_soon(p: Parameters) -> pl.Expr:
    """Test whether an adjustable rate resets so soon that the reset rate counts."""
    days = (c("hamp_reset_date") - c("evaluation_date")).dt.total_days()
    soon = (c("hamp_reset_date") != NEVER) & days.is_between(0, p["reset_within_days"])
    return (c("amortization_type") == "adjustable") & soon


@RULES("HAMP-INC-KNOWN")
def some_income(p: Parameters) -> pl.Expr:
    """There is income."""
    return c("hamp_income__income") > 0


@RULES("HAMP-INC-PASSIVE")
def passive_documented(p: Parameters) -> pl.Expr:
    """Passive income is small or documented."""
    small = c("hamp_passive_income") * WHOLE < c("hamp_income__income") * p["passive_below"]
    return ~c("hamp_income_itemized").fill_null(False) | small | c("hamp_passive_income_documented")


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Compute income, the payment and rate that count, and the ratio before the modification."""
    frame = frame.with_columns(unpaid_principal().alias("_upb"))
    reset = pl.Series(
        "_reset",
        kernels.payment_array(array(frame, "_upb"), array(frame, "hamp_reset_rate"), array(frame, "remaining_term")),
    )
    frame = frame.with_columns(
        reset.set(reset < 0, None), resets_soon(p).alias("_soon"), counted_income(p).alias("income")
    )
    soon = c("_soon")
    frame = frame.with_columns(
        pl.when(soon)
        .then(c("_reset"))
        .when(~soon)
        .then(c("monthly_principal_and_interest"))
        .alias("principal_and_interest"),
        pl.when(soon).then(c("hamp_reset_rate")).when(~soon).then(c("note_rate")).alias("rate"),
    ).with_columns((c("principal_and_interest") + escrow()).alias("housing_expense"))
    income, expense = c("income"), c("housing_expense")
    return frame.select(
        "income",
        c("_soon").alias("reset_counts"),
        "principal_and_interest",
        "rate",
        "housing_expense",
        ratio(expense, income).alias("housing_ratio"),
        (expense * WHOLE >= income * p["prescreen_below"]).alias("package_needed"),
    )


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show income and ratio."""
    kinds = "added up by kind" if row["hamp_income_itemized"] else "as given"
    rate = "at the rate after the coming reset" if row["hamp_income__reset_counts"] else "as it is now"
    return [
        Step(
            "Income that counts",
            f"before taxes, each month, {kinds}",
            row["hamp_income__income"],
            "money",
            ("gross_up", "rent_counted"),
        ),
        Step(
            "Principal and interest that counts",
            rate,
            row["hamp_income__principal_and_interest"],
            "money",
            ("reset_within_days",),
        ),
        Step(
            "Housing expense",
            "with taxes, insurance, dues and any escrow shortage; without mortgage insurance and junior liens",
            row["hamp_income__housing_expense"],
            "money",
        ),
        Step("Housing expense to income", "before the modification", row["hamp_income__housing_ratio"], "ratio"),
    ]


INCOME = Option(
    id="hamp_income",
    kind="finding",
    law=law("income"),
    rules=RULES,
    terms=terms,
    columns={
        "income": "money",
        "reset_counts": "flag",
        "principal_and_interest": "money",
        "rate": "rate",
        "housing_expense": "money",
        "housing_ratio": "ratio",
        "package_needed": "flag",
    },
    needs=(
        "monthly_gross_income",
        "monthly_principal_and_interest",
        "note_rate",
        "amortization_type",
        "hamp_reset_date",
        "hamp_reset_rate",
        "monthly_taxes",
        "monthly_insurance",
        "hamp_gross_pay",
        "hamp_net_pay",
        "hamp_untaxed_income",
        "hamp_support_income",
        "hamp_passive_income",
        "hamp_household_contribution",
        "hamp_residence_rent",
        "hamp_other_rent",
        "hamp_other_rent_debt_service",
    ),
    additive=("monthly_dues", "hamp_escrow_shortage_monthly"),
    steps=steps,
)


# --- other debts ----------------------------------------------------------------------------------


def payment_or_share(payment: str, balance: str, share: int) -> pl.Expr:
    """Return a debt's payment, or a share of its balance where the payment is not known."""
    return pl.coalesce(c(payment), half_up(c(balance), share))


def debts_by_kind(p: Parameters) -> pl.Expr:
    """Add up the kinds of debt; unknown while one of them is."""
    months, installment = c("hamp_installment_months_left"), c("hamp_installment_payment")
    counts = months > p["installment_above_months"]
    long_enough = pl.when(counts | (installment == 0)).then(installment).when(~counts).then(0)
    return (
        long_enough
        + c("hamp_car_lease_payment")
        + payment_or_share("hamp_revolving_payment", "hamp_revolving_balance", p["revolving_share"])
        + payment_or_share("hamp_heloc_payment", "hamp_heloc_balance", p["heloc_share"])
        + payment_or_share("hamp_student_loan_payment", "hamp_student_loan_balance", p["student_loan_share"])
        + c("hamp_other_obligations")
    )


@DEBT_RULES("HAMP-DEBT-KNOWN")
def debts_known(p: Parameters) -> pl.Expr:
    """The debts are known."""
    return c("hamp_debts__debts") >= 0


def debt_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Add up what counts."""
    itemized = c("hamp_debts_itemized").fill_null(False)
    return frame.select(
        pl.when(itemized).then(debts_by_kind(p)).otherwise(c("hamp_monthly_debts")).alias("debts"),
    )


def debt_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the sum."""
    return [
        Step(
            "Other debts",
            "each month, as the program counts them",
            row["hamp_debts__debts"],
            "money",
            ("installment_above_months", "revolving_share", "heloc_share", "student_loan_share"),
        )
    ]


DEBTS = Option(
    id="hamp_debts",
    kind="finding",
    law=law("debts"),
    rules=DEBT_RULES,
    terms=debt_terms,
    columns={"debts": "money"},
    needs=(
        "hamp_monthly_debts",
        "hamp_installment_payment",
        "hamp_installment_months_left",
        "hamp_car_lease_payment",
        "hamp_revolving_payment",
        "hamp_revolving_balance",
        "hamp_heloc_payment",
        "hamp_heloc_balance",
        "hamp_student_loan_payment",
        "hamp_student_loan_balance",
        "hamp_other_obligations",
    ),
    steps=debt_steps,
)


# --- imminent default -----------------------------------------------------------------------------


@IMMINENT_RULES("HAMP-ID-DAYS")
def not_far_behind(p: Parameters) -> pl.Expr:
    """Current, or one payment behind."""
    return c("days_delinquent") < p["imminent_below_days"]


@IMMINENT_RULES("HAMP-ID-HOME")
def owner_occupant(p: Parameters) -> pl.Expr:
    """An owner-occupant."""
    return lives_there()


@IMMINENT_RULES("HAMP-ID-STANDARD")
def by_the_standard(p: Parameters) -> pl.Expr:
    """Default is foreseeable by the written standard."""
    late = c("days_delinquent") >= p["imminent_late_days"]
    accepted = c("hamp_standard_accepts_late_with_hardship") & late & hardship(p)
    return c("default_reasonably_foreseeable") | accepted


IMMINENT_DEFAULT = Option(
    id="hamp_imminent_default", kind="finding", law=law("imminent_default"), rules=IMMINENT_RULES
)
