"""Loan modification (24 CFR 1005.749) and loss mitigation advance (1005.751)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from hopenow.facts.derived import add_months, end_of_month, months_since
from hopenow.law import Parameters
from hopenow.mortgage import kernels
from hopenow.programs.base import Option, RuleTable, Step, column
from hopenow.programs.section_184.common import WHOLE, array, arrears, law, lives_there, series

c = pl.col
NAME, ADVANCE = "section_184_modification", "section_184_advance"
RULES = RuleTable()
ADVANCE_RULES = RuleTable()


@RULES("S184-M1")
def old_enough(p: Parameters) -> pl.Expr:
    """The loan is old enough."""
    return c("months_since_origination") >= p["least_months_since_closing"]


@RULES("S184-M1-REPEAT")
def not_modified_lately(p: Parameters) -> pl.Expr:
    """No modification lately."""
    return months_since(c("last_modification_date"), c("evaluation_date")) >= p["months_since_modification"]


@RULES("S184-M1-HUD")
def first_modification(p: Parameters) -> pl.Expr:
    """It is the first modification."""
    return c("prior_modifications") < p["modifications_before_approval"]


@RULES("S184-M2")
def verified_loss(p: Parameters) -> pl.Expr:
    """A loss of income or rise of expenses is verified."""
    return c("section_184_verified_loss")


@RULES("S184-M2-INCOME")
def supports_new(p: Parameters) -> pl.Expr:
    """Continuous income supports the new payment."""
    return c("section_184_continuous_income") & (c("monthly_capacity") >= c(column(NAME, "payment_after")))


@RULES("S184-M2-OLD")
def does_not_support_old(p: Parameters) -> pl.Expr:
    """Income does not support the old payment plus the arrears; between the clear cases a repayment plan decides."""
    able, regular = c("monthly_capacity"), c("contractual_payment")
    short = (able < regular) | ((able == regular) & (arrears() > 0))
    ample = able >= regular + arrears()
    return (
        pl.when(short)
        .then(True)
        .when(ample)
        .then(False)
        .when(short.is_not_null() & ample.is_not_null())
        .then(~c("can_afford_repayment_plan"))
    )


@RULES("S184-M3")
def cut_enough(p: Parameters) -> pl.Expr:
    """The payment falls enough."""
    return c(column(NAME, "payment_cut")) >= c(column(NAME, "needed_cut"))


def offered_rate() -> pl.Expr:
    """Return the rate of the changed loan: as offered, or else the lower of present and highest allowed rate."""
    both = c("note_rate").is_not_null() & c("section_184_maximum_rate").is_not_null()
    lower = pl.when(both).then(pl.min_horizontal("note_rate", "section_184_maximum_rate"))
    return pl.coalesce(c("section_184_offered_rate"), lower)


@RULES("S184-M4")
def rate_within(p: Parameters) -> pl.Expr:
    """The rate is within the limit; a default rate keeps within it."""
    most = c("section_184_maximum_rate")
    kept = pl.when(most.is_not_null() & c("section_184_offered_rate").is_null()).then(True)
    return (offered_rate() <= most).fill_null(kept)


@RULES("S184-M5")
def trial_done(p: Parameters) -> pl.Expr:
    """The trial is completed."""
    return c("section_184_trial_completed")


@RULES("S184-M6")
def trial_not_failed(p: Parameters) -> pl.Expr:
    """The trial has not failed."""
    return c("section_184_trial_agreement_returned") & ~c("vacant") & ~c("section_184_trial_payment_missed")


@ADVANCE_RULES("S184-A1")
def far_enough_behind(p: Parameters) -> pl.Expr:
    """The loan is far enough behind."""
    return c("days_delinquent") >= p["least_days"]


@ADVANCE_RULES("S184-A1-RESUME")
def can_resume(p: Parameters) -> pl.Expr:
    """The regular payment can be made again."""
    return c("can_resume_payment")


ADVANCE_RULES("S184-A1-HOME")(lives_there)


@ADVANCE_RULES("S184-A1-CAP")
def fits(p: Parameters) -> pl.Expr:
    """All arrears fit the limit."""
    return c(column(ADVANCE, "arrears")) <= c(column(ADVANCE, "room"))


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Find the shortest term with the cut that is needed and that the household can pay; failing that, the longest."""
    computed = kernels.interest_array(
        array(frame, "interest_bearing_balance"), array(frame, "note_rate"), array(frame, "months_delinquent")
    )
    advances = (
        c("escrow_advances").fill_null(0)
        + c("servicing_advances").fill_null(0)
        - c("borrower_contribution").fill_null(0)
    )
    before = c("monthly_principal_and_interest") + c("monthly_escrow")
    share = (before * p["least_cut"] + WHOLE - 1) // WHOLE
    cut = pl.max_horizontal(share, pl.lit(p["least_cut_amount"], pl.Int64))
    frame = frame.with_columns(
        series("_computed", computed),
        before.alias("payment_before"),
        pl.when(share.is_not_null()).then(cut).alias("needed_cut"),
        offered_rate().alias("rate"),
    )
    frame = frame.with_columns(pl.coalesce("accrued_interest", "_computed").alias("delinquent_interest"))
    added = (c("delinquent_interest") + advances).clip(lower_bound=0) if p["capitalizes"] else pl.lit(0, pl.Int64)
    frame = frame.with_columns(
        (c("interest_bearing_balance") + added).alias("balance_after"),
        # The smallest cut that counts; where the household can pay less than that leaves, what it can pay.
        pl.when(c("needed_cut").is_not_null())
        .then(pl.min_horizontal(c("payment_before") - c("needed_cut"), "monthly_capacity") - c("monthly_escrow"))
        .alias("_target"),
    )
    return _with_term(frame, p)


def _with_term(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    ones = np.ones(frame.height, np.int64)
    limits = ones * p["longest_term"]
    balance, rate = array(frame, "balance_after"), array(frame, "rate")
    # A target below zero is out of reach; the kernel answers -1 to it as to every target that no term meets.
    found = kernels.smallest_term_with_payment_at_most_array(balance, rate, array(frame, "_target"), ones, limits)
    complete = c("balance_after").is_not_null() & c("rate").is_not_null() & c("_target").is_not_null()
    frame = frame.with_columns(series("_found", found)).with_columns(
        pl.when(complete).then(pl.coalesce(c("_found"), pl.lit(p["longest_term"], pl.Int64))).alias("term")
    )
    frame = frame.with_columns(
        series("principal_and_interest", kernels.payment_array(balance, rate, array(frame, "term"))),
        series("_lowest", kernels.payment_array(balance, rate, limits)),
    )
    after = c("principal_and_interest") + c("monthly_escrow")
    # The offer goes out on the evaluation date; the trial begins on the first of a month that lies far enough off.
    earliest = c("evaluation_date").dt.offset_by(f"{p['offer_days']}d")
    start = add_months(earliest.dt.offset_by("-1d"), 1)
    return frame.select(
        "delinquent_interest",
        "balance_after",
        "rate",
        c("term").cast(pl.Int32),
        "principal_and_interest",
        "payment_before",
        "needed_cut",
        (c("payment_before") - after).alias("payment_cut"),
        after.alias("payment_after"),
        (c("_lowest") + c("monthly_escrow")).alias("lowest_payment"),
        after.alias("trial_payment"),
        start.alias("trial_start"),
        end_of_month(start, p["trial_months"] - 1).alias("trial_end"),
        add_months(start, p["trial_months"]).alias("first_payment_date"),
    )


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the modification."""

    def of(name: str) -> Any:
        return row[column(NAME, name)]

    return [
        Step(
            "Interest past due",
            "on the unpaid installments, or as the servicer gives it",
            of("delinquent_interest"),
            "money",
        ),
        Step("Balance", "with arrears added", of("balance_after"), "money", ("capitalizes",)),
        Step("Rate", "as offered, or the lower of the present and the highest allowed rate", of("rate"), "rate"),
        Step(
            "Cut needed",
            "the greater of share and amount",
            of("needed_cut"),
            "money",
            ("least_cut", "least_cut_amount"),
        ),
        Step(
            "Term",
            "shortest with that cut that the household can pay, or the longest",
            of("term"),
            "months",
            ("longest_term",),
        ),
        Step("Payment before", "principal, interest, taxes and insurance", of("payment_before"), "money"),
        Step("Payment after", "with taxes and insurance", of("payment_after"), "money"),
        Step("Cut", "of the whole payment", of("payment_cut"), "money"),
        Step("Lowest payment", "with the longest term", of("lowest_payment"), "money", ("longest_term",)),
        Step("Trial payment", "at least the modified payment", of("trial_payment"), "money"),
        Step("Trial begins", "far enough after the offer", of("trial_start"), "date", ("offer_days",)),
        Step("Trial ends", "last day", of("trial_end"), "date", ("trial_months",)),
    ]


def advance_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work out arrears, room and amount."""
    basis = pl.coalesce("section_184_balance_at_default", "interest_bearing_balance")
    room = (basis * p["advance_share"] // WHOLE - c("section_184_prior_advances")).clip(lower_bound=0)
    frame = frame.with_columns(arrears().alias("arrears"), room.alias("room"))
    fits_room = c("arrears") <= c("room")
    return frame.select(
        "arrears",
        "room",
        pl.when(fits_room).then("arrears").when(~fits_room).then(0).alias("amount"),
        c("contractual_payment").alias("payment_after"),
    )


def advance_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the advance."""

    def of(name: str) -> Any:
        return row[column(ADVANCE, name)]

    return [
        Step("Arrears", "unpaid payments and costs, less any contribution", of("arrears"), "money"),
        Step("Room for advances", "less earlier ones", of("room"), "money", ("advance_share",)),
        Step("Advance", "all arrears, or nothing", of("amount"), "money"),
        Step("Payment", "as before", of("payment_after"), "money"),
    ]


_ADDITIVE = ("escrow_advances", "servicing_advances", "borrower_contribution")

MODIFICATION_OPTION = Option(
    id=NAME,
    kind="keep",
    law=law(NAME),
    rules=RULES,
    terms=terms,
    columns={
        "delinquent_interest": "money",
        "balance_after": "money",
        "rate": "rate",
        "term": "months",
        "principal_and_interest": "money",
        "payment_before": "money",
        "needed_cut": "money",
        "payment_cut": "money",
        "payment_after": "money",
        "lowest_payment": "money",
        "trial_payment": "money",
        "trial_start": "date",
        "trial_end": "date",
        "first_payment_date": "date",
    },
    needs=(
        "interest_bearing_balance",
        "note_rate",
        "months_delinquent",
        "section_184_maximum_rate",
        "monthly_principal_and_interest",
        "monthly_escrow",
    ),
    additive=_ADDITIVE,
    steps=steps,
)
ADVANCE_OPTION = Option(
    id=ADVANCE,
    kind="keep",
    law=law(ADVANCE),
    rules=ADVANCE_RULES,
    terms=advance_terms,
    columns={"arrears": "money", "room": "money", "amount": "money", "payment_after": "money"},
    needs=("months_delinquent", "contractual_payment", "interest_bearing_balance", "section_184_prior_advances"),
    additive=_ADDITIVE[1:],
    steps=advance_steps,
)
