"""Partial claims: that of 38 U.S.C. 3737 and the past COVID-19 one."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.facts import NEVER
from hopenow.facts.derived import add_months, end_of_month, month_index
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step
from hopenow.programs.va import common
from hopenow.programs.va.common import WHOLE, law

c = pl.col
RULES = RuleTable()
COVID_RULES = RuleTable()


# --- partial claim of 38 U.S.C. 3737 ----------------------------------------------------------------


@RULES("VA-PC1")
def home_in_danger(p: Parameters) -> pl.Expr:
    """A principal residence, in default or about to be."""
    return (c("occupancy") == "principal_residence") & (common.in_default(p) | c("va_imminent_default"))


@RULES("VA-PC2")
def within_share(p: Parameters) -> pl.Expr:
    """What is past due is within the share of the principal."""
    needed, balance = c("va_partial_claim__amount_needed"), c("interest_bearing_balance")
    higher = c("va_missed_payment_in_pandemic") & (c("va_prior_partial_claims") == 0)
    return (needed <= balance * p["share"] // WHOLE) | (higher & (needed <= balance * p["pandemic_share"] // WHOLE))


def after_disaster(p: Parameters) -> pl.Expr:
    """Test that a payment still unpaid fell due during a major disaster or soon after it."""
    began, ended = c("va_major_disaster_began"), c("va_major_disaster_ended")
    newest = add_months(c("next_due_date"), c("months_delinquent") - 1)
    days = datetime.timedelta(days=p["disaster_days"])
    return (
        (began != NEVER)
        & (c("months_delinquent") >= 1)
        & (newest >= began)
        & (c("next_due_date") <= ended + pl.lit(days))
    )


@RULES("VA-PC3")
def claims_left(p: Parameters) -> pl.Expr:
    """No claim so far, or a disaster."""
    return (c("va_prior_partial_claims") < p["claims_per_loan"]) | after_disaster(p)


@RULES("VA-PC4")
def no_covid_claim(p: Parameters) -> pl.Expr:
    """No COVID-19 claim or refund modification counts as the one claim."""
    none = ~c("va_prior_covid_partial_claim") & ~c("va_prior_refund_modification")
    return none | after_disaster(p)


@RULES("VA-PC5")
def attested(p: Parameters) -> pl.Expr:
    """The borrower has said that it is the home."""
    return c("va_occupancy_attested")


@RULES("VA-PC7")
def available(p: Parameters) -> pl.Expr:
    """The servicer offers it, or must."""
    return common.handbook_in_use(p, "live_from")


@RULES("VA-PC8")
def authorized(p: Parameters) -> pl.Expr:
    """The authority has not run out."""
    start, months = common.day(p, "authority_from"), p["authority_months"]
    return c("evaluation_date") < start.dt.offset_by(f"{months}mo")


@RULES("VA-WF-2")
def cause_over(p: Parameters) -> pl.Expr:
    """Where chapter 5 is in use, the cause is over."""
    return ~common.handbook_in_use(p, "handbook_from") | c("hardship_resolved")


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Find what is needed, the limit and the claim."""
    needed = (
        c("months_delinquent").cast(pl.Int64) * c("contractual_payment")
        + c("escrow_advances").fill_null(0)
        + c("servicing_advances").fill_null(0)
        - c("borrower_contribution").fill_null(0)
    ).clip(lower_bound=0)
    balance = c("interest_bearing_balance")
    first = c("va_prior_partial_claims") == 0
    higher = c("va_missed_payment_in_pandemic") & first
    limit = (
        pl.when(higher).then(balance * p["pandemic_share"] // WHOLE).when(~higher).then(balance * p["share"] // WHOLE)
    )
    frame = frame.with_columns(needed.alias("_needed"), limit.alias("_limit"))
    start = add_months(c("evaluation_date"), p["trial_wait"])
    known = c("_needed").is_not_null()
    low = balance * p["share"] // WHOLE
    claim = (
        pl.when(known & c("_limit").is_not_null())
        .then(pl.min_horizontal("_needed", "_limit"))
        # The lower limit holds in any case.
        .when(c("_needed") <= low)
        .then("_needed")
    )
    left = pl.when(claim.is_not_null()).then(c("_needed") - claim)
    return frame.select(
        c("_needed").alias("amount_needed"),
        c("_limit").alias("limit"),
        claim.alias("claim"),
        left.alias("left_past_due"),
        balance.alias("interest_bearing_balance"),
        start.alias("trial_start"),
        end_of_month(start, p["trial_months"] - 1).alias("trial_end"),
        pl.lit(p["trial_months"], pl.Int32).alias("trial_months"),
        c("contractual_payment").alias("trial_payment"),
        c("contractual_payment").alias("payment_after"),
        c("maturity_date").alias("claim_due"),
    )


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show what is needed, the limit and the claim."""

    def of(name: str) -> Any:
        return row[f"va_partial_claim__{name}"]

    return [
        Step(
            "Past due", "unpaid payments with escrow, and advances, less any contribution", of("amount_needed"), "money"
        ),
        Step("Limit", "share of the unpaid principal, rounded down", of("limit"), "money", ("share", "pandemic_share")),
        Step("Partial claim", "without interest; owed to VA", of("claim"), "money"),
        Step("Left past due", "above the limit", of("left_past_due"), "money"),
        Step("Trial payment", "each by the end of its month", of("trial_payment"), "money", ("trial_months",)),
        Step("Trial begins", "first trial payment due", of("trial_start"), "date", ("trial_wait",)),
        Step("Payment afterwards", "the regular payment", of("payment_after"), "money"),
        Step("Claim due", "at the end of the loan, or earlier at sale, refinance or payoff", of("claim_due"), "date"),
    ]


OPTION = Option(
    id="va_partial_claim",
    kind="keep",
    law=law("va_partial_claim", handbook_2026=("VA-PC7", "VA-WF-2", "VA-WF-3", "VA-WF-4")),
    rules=RULES,
    terms=terms,
    columns={
        "amount_needed": "money",
        "limit": "money",
        "claim": "money",
        "left_past_due": "money",
        "interest_bearing_balance": "money",
        "trial_start": "date",
        "trial_end": "date",
        "trial_months": "months",
        "trial_payment": "money",
        "payment_after": "money",
        "claim_due": "date",
    },
    needs=("months_delinquent", "contractual_payment", "interest_bearing_balance"),
    additive=("escrow_advances", "servicing_advances", "borrower_contribution"),
    steps=steps,
)


# --- COVID-19 partial claim (38 CFR 36.4803 to 36.4809) ---------------------------------------------


@COVID_RULES("VA-CP1")
def in_order_before(p: Parameters) -> pl.Expr:
    """In order when the pandemic began, or made later."""
    later = c("origination_date") > common.day(p, "pandemic_from")
    return (c("va_days_past_due_at_pandemic_start") < p["days_past_due_below"]) | later


@COVID_RULES("VA-CP2")
def missed_in_forbearance(p: Parameters) -> pl.Expr:
    """A payment missed in a COVID-19 forbearance is still unpaid."""
    return c("va_covid_forbearance_missed_payment")


@COVID_RULES("VA-CP3")
def can_resume(p: Parameters) -> pl.Expr:
    """The regular payment is possible, and it is the home."""
    return c("can_resume_payment") & (c("occupancy") == "principal_residence")


@COVID_RULES("VA-CP4")
def first_claim(p: Parameters) -> pl.Expr:
    """First of the loan and of the veteran."""
    return ~c("va_prior_covid_partial_claim") & ~c("va_veteran_prior_covid_partial_claim")


@COVID_RULES("VA-CP5")
def within_entry_share(p: Parameters) -> pl.Expr:
    """Within the share of the principal at the start of the forbearance."""
    return c("va_covid_partial_claim__claim") <= c("va_covid_forbearance_entry_balance") * p["share"] // WHOLE


@COVID_RULES("VA-CP6")
def in_time(p: Parameters) -> pl.Expr:
    """The request comes in time."""
    return c("evaluation_date") <= c("va_covid_forbearance_exit_date") + pl.lit(
        datetime.timedelta(days=p["request_within"])
    )


def covid_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Find the claim: every missed payment, those due soon after the papers, and recording."""
    until = c("evaluation_date") + pl.lit(datetime.timedelta(days=p["payments_due_within"]))
    due = c("next_due_date").dt.day()
    # Installments from the oldest unpaid one to the last that falls due in time.
    count = month_index(until) - c("next_due_month") + (until.dt.day() >= due).cast(pl.Int32)
    count = count.clip(lower_bound=0).cast(pl.Int32)
    claim = count.cast(pl.Int64) * c("contractual_payment") + c("va_recording_charges").fill_null(0)
    papers = c("va_covid_forbearance_exit_date") + pl.lit(datetime.timedelta(days=p["papers_within"]))
    request = c("va_covid_forbearance_exit_date") + pl.lit(datetime.timedelta(days=p["request_within"]))
    return frame.select(
        count.alias("payments"),
        claim.alias("claim"),
        (c("va_covid_forbearance_entry_balance") * p["share"] // WHOLE).alias("limit"),
        papers.alias("papers_by"),
        request.alias("request_by"),
        c("contractual_payment").alias("payment_after"),
    )


def covid_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show what the claim is made of."""

    def of(name: str) -> Any:
        return row[f"va_covid_partial_claim__{name}"]

    return [
        Step(
            "Payments included",
            "missed, and due soon after the papers are sent",
            of("payments"),
            "count",
            ("payments_due_within",),
        ),
        Step("Partial claim", "those payments and recording charges; no interest", of("claim"), "money"),
        Step("Limit", "share of the principal when the forbearance began", of("limit"), "money", ("share",)),
        Step("Papers sent by", "after the forbearance ended", of("papers_by"), "date", ("papers_within",)),
        Step("Request by", "after the forbearance ended", of("request_by"), "date", ("request_within",)),
        Step("Payment afterwards", "the regular payment", of("payment_after"), "money"),
    ]


COVID = Option(
    id="va_covid_partial_claim",
    kind="keep",
    law=law("va_covid_partial_claim"),
    rules=COVID_RULES,
    terms=covid_terms,
    columns={
        "payments": "count",
        "claim": "money",
        "limit": "money",
        "papers_by": "date",
        "request_by": "date",
        "payment_after": "money",
    },
    needs=("next_due_date", "contractual_payment"),
    additive=("va_recording_charges",),
    steps=covid_steps,
)
