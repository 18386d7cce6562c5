"""What a tape says happened to a loan, against what the review said before: deferrals and modifications.

Each event is looked at twice. *Before* is the month's end before the event shows. *In the month* is the
fifteenth of the month in which it shows: the same facts, with the installment of that month now due, because
a servicer evaluates after the month has begun.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from hopenow.facts import schema
from hopenow.mortgage.kernels import interest, payment
from hopenow.programs.conventional.common import law
from hopenow.review import Settings, review_canonical

PROGRAM: Final = "fannie_mae"
ASSUMED: Final[Mapping[str, Any]] = {
    "quality_right_party_contact": True,
    "wants_to_keep_home": True,
    "hardship_kind": "reduced_income",
    "hardship_duration": "temporary",
    "hardship_resolved": True,
    "can_resume_payment": True,
    "can_reinstate": False,
    "can_afford_repayment_plan": False,
    "recourse_or_indemnification": False,
    "approved_liquidation": False,
    "pending_retention_offer": False,
    "active_repayment_plan": False,
    "active_trial": False,
    "active_forbearance": False,
    "borrower_response_package_complete": True,
    "escrow_account": True,
    "leasehold": False,
    "texas_50a6": False,
    "mortgage_insurer_delegated": True,
}
"""What a performance file cannot say, assumed for the comparison only. A fact that the file has is kept."""

DETAIL: Final = ("row", "event", "curtailment", "expected_balance")
"""Columns of the reader's detail that are no facts."""

DEFERRAL, MODIFICATION = "payment deferral", "modification"
COVID, FLEX = "covid_payment_deferral", "flex_modification"


@dataclass(frozen=True, slots=True)
class Deferral:
    """A payment deferral that happened; money in cents."""

    loan_id: str
    month: datetime.date
    unpaid_before: int
    status_before: str
    deferred_by_review_before: int
    unpaid: int
    status: str
    rule_set: str
    deferred_by_review: int
    installments: int
    principal: int
    due_as_reported: bool
    reported_principal: int
    reported_amount: int

    @property
    def rest(self) -> int:
        """Deferred beyond principal and interest: advances, less what the borrower paid in."""
        return self.reported_amount - self.installments


@dataclass(frozen=True, slots=True)
class Modification:
    """A modification that happened; money in cents, rates in millionths a year."""

    loan_id: str
    month: datetime.date
    unpaid_before: int
    flex_before: str
    failed_before: str
    unknown_before: str
    deferral_before: str
    review: Mapping[str, Any]
    rate_changed: bool
    months_added: int
    installment_before: int
    deferred_balance: int
    principal: int
    scheduled_principal: int


def facts_only(frame: pl.DataFrame) -> pl.DataFrame:
    """Drop what the reader adds to the facts."""
    return frame.drop(DETAIL, strict=False)


def reviewed(frame: pl.DataFrame, *, assumed: bool = True) -> pl.DataFrame:
    """Review facts under the program of the tape."""
    assume = {name: value for name, value in ASSUMED.items() if name in schema()} if assumed else {}
    return review_canonical(facts_only(frame), Settings(programs=(PROGRAM,), assume=assume))


def in_the_month_after(frame: pl.DataFrame) -> pl.DataFrame:
    """Move facts of a month's end to the fifteenth of the next month, no payment having arrived."""
    day = pl.col("evaluation_date").dt.offset_by("15d")
    return frame.with_columns(
        day.dt.replace(day=15).alias("evaluation_date"),
        *[pl.lit(None, frame.schema[name]).alias(name) for name in ("months_delinquent", "days_delinquent")],
    )


def _pairs(frame: pl.DataFrame, event: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of the month before an event, and rows of the event."""
    rows = frame.sort("loan_id", "evaluation_date").cast({"event": pl.String})
    coming = (pl.col("event").shift(-1) == event).over("loan_id").fill_null(False)
    return rows.filter(coming), rows.filter(pl.col("event") == event)


def deferrals(frame: pl.DataFrame) -> list[Deferral]:
    """Compare every payment deferral of a tape with the review; ``frame`` has every month, with detail."""
    before, after = _pairs(frame, DEFERRAL)
    if before.is_empty():
        return []
    early, late = reviewed(before), reviewed(in_the_month_after(before))
    found = []
    rows = (before, early, late, after)
    for old, first, then, new in zip(*(part.iter_rows(named=True) for part in rows), strict=True):
        found.append(
            Deferral(
                loan_id=old["loan_id"],
                month=new["evaluation_date"],
                unpaid_before=old["months_delinquent"],
                status_before=first[f"{COVID}__status"],
                deferred_by_review_before=first[f"{COVID}__payments_deferred"],
                unpaid=_months(old["next_due_date"], new["evaluation_date"]) + 1,
                status=then[f"{COVID}__status"],
                rule_set=then[f"{COVID}__rule_set"],
                deferred_by_review=then[f"{COVID}__payments_deferred"],
                installments=then[f"{COVID}__deferred_installments"],
                principal=then[f"{COVID}__deferred_principal"],
                due_as_reported=then[f"{COVID}__next_due_date"] == new["next_due_date"],
                reported_principal=old["interest_bearing_balance"] - new["interest_bearing_balance"],
                reported_amount=new["deferred_balance"] - old["deferred_balance"],
            )
        )
    return found


def modifications(frame: pl.DataFrame) -> list[Modification]:
    """Compare every modification of a tape with the review; ``frame`` has every month, with detail."""
    before, after = _pairs(frame, MODIFICATION)
    if before.is_empty():
        return []
    answers = reviewed(before)
    found = []
    rows = (before, answers, after)
    for old, said, new in zip(*(part.iter_rows(named=True) for part in rows), strict=True):
        deferred = _months(old["next_due_date"], new["next_due_date"])
        found.append(
            Modification(
                loan_id=old["loan_id"],
                month=new["evaluation_date"],
                unpaid_before=old["months_delinquent"],
                flex_before=said[f"{FLEX}__status"],
                failed_before=said[f"{FLEX}__failed"],
                unknown_before=said[f"{FLEX}__unknown"],
                deferral_before=f"{said[f'{COVID}__status']} {said[f'{COVID}__failed']}".strip(),
                review=said,
                rate_changed=new["note_rate"] != old["note_rate"],
                months_added=_months(old["maturity_date"], new["maturity_date"]),
                installment_before=old["monthly_principal_and_interest"],
                deferred_balance=new["deferred_balance"],
                principal=old["interest_bearing_balance"] - new["interest_bearing_balance"],
                scheduled_principal=_principal(old, deferred),
            )
        )
    return found


def _months(first: datetime.date, last: datetime.date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _principal(row: Mapping[str, Any], installments: int) -> int:
    """Principal of the next installments, each month rounded to the cent."""
    balance = row["interest_bearing_balance"]
    for _ in range(installments):
        balance += interest(balance, row["note_rate"], 1) - row["monthly_principal_and_interest"]
    return int(row["interest_bearing_balance"] - balance)


def limits() -> dict[str, int]:
    """Most installments that a COVID-19 deferral may hold, by rule set, from the law file."""
    values = law(COVID).parameters["most_months_delinquent"].values
    return {name: int(str(value.value)) for value in values for name in value.rule_sets}


# -- the one Flex Modification ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Conversion:
    """A Flex Modification worked out at three moments, and what the file then shows; engine units."""

    at_month_end: Mapping[str, Any]
    at_trial: Mapping[str, Any]
    at_conversion: Mapping[str, Any]
    balance: int
    capitalized_interest: int
    advances: int
    without_covid_reading: int


def conversion(frame: pl.DataFrame, loan_id: str, trial: datetime.date) -> Conversion:
    """Work a Flex Modification of a tape again, at its trial and at its conversion.

    Args:
        frame: every month of the tape, with detail.
        loan_id: a loan with a Flex Modification whose first modified installment is paid in its first month.
        trial: day of the evaluation for the trial.

    Returns:
        The review at the month's end before, at the trial, and at conversion with the rate of the trial;
        ``advances`` is what the file does not have: the new balance less the old one and the interest.
    """
    loan = frame.filter(pl.col("loan_id") == loan_id).sort("evaluation_date")
    before, after = _pairs(loan, MODIFICATION)
    # The rate arrives a month after the flag in some files, so the later row has the terms that stay.
    new = loan.filter(pl.col("evaluation_date") >= after["evaluation_date"][0]).row(0, named=True)
    old = before.row(0, named=True)
    first_due = datetime.date(new["evaluation_date"].year, new["evaluation_date"].month, 1)
    term = _months(first_due, new["maturity_date"]) + 1
    balance = _balance_before_first_payment(new["interest_bearing_balance"], new["note_rate"], term)
    unpaid_interest = interest(
        old["interest_bearing_balance"], old["note_rate"], _months(old["next_due_date"], first_due)
    )
    advances = balance - old["interest_bearing_balance"] - unpaid_interest
    month_before_trial = (trial.replace(day=1) - datetime.timedelta(days=1),)
    at_trial = loan.filter(pl.col("evaluation_date").is_in(month_before_trial))
    trial_day = pl.lit(trial).alias("evaluation_date")
    empty = [pl.lit(None, loan.schema[name]).alias(name) for name in ("months_delinquent", "days_delinquent")]
    worked = reviewed(at_trial.with_columns(trial_day, *empty))
    rate = worked["flex_modification__rate"][0]
    converted = before.with_columns(
        trial_day,
        *empty,
        pl.lit(rate, pl.Int64).alias("published_modification_rate"),
        pl.lit(unpaid_interest, pl.Int64).alias("accrued_interest"),
        pl.lit(advances, pl.Int64).alias("escrow_advances"),
    )
    return Conversion(
        at_month_end=_flex(reviewed(before)),
        at_trial=_flex(worked),
        at_conversion=_flex(reviewed(converted)),
        balance=balance,
        capitalized_interest=unpaid_interest,
        advances=advances,
        without_covid_reading=payment(balance, old["note_rate"], term),
    )


def _balance_before_first_payment(after: int, rate: int, term: int) -> int:
    """Return the balance whose first level payment over ``term`` months leaves ``after``."""
    balance = after
    while balance + interest(balance, rate, 1) - payment(balance, rate, term) < after:
        balance += 1
    return balance


def _flex(answer: pl.DataFrame) -> Mapping[str, Any]:
    row = answer.row(0, named=True)
    return {name.removeprefix(f"{FLEX}__"): value for name, value in row.items() if name.startswith(f"{FLEX}__")}


def followed(frame: pl.DataFrame, possible: pl.DataFrame) -> dict[str, int]:
    """Count what the tape shows of loans after something was possible.

    Args:
        frame: every month of the tape, with detail.
        possible: [loan_id, evaluation_date] of the months in which it was.
    """
    counts = dict.fromkeys(
        ("payment deferral", "modification", "current again without a workout", "ended while late",
         "still delinquent at the tape's end"), 0,
    )  # fmt: skip
    since = possible.group_by("loan_id").agg(pl.col("evaluation_date").min().alias("since"))
    rows = frame.join(since, on="loan_id").filter(pl.col("evaluation_date") >= pl.col("since"))
    tape_ends = frame["evaluation_date"].max()
    ordered = rows.sort("loan_id", "evaluation_date").cast({"event": pl.String})
    for _, loan in ordered.group_by("loan_id", maintain_order=True):
        events, last = set(loan["event"]), loan.row(-1, named=True)
        if DEFERRAL in events:
            counts["payment deferral"] += 1
        elif MODIFICATION in events:
            counts["modification"] += 1
        elif last["months_delinquent"] == 0:
            counts["current again without a workout"] += 1
        elif last["evaluation_date"] < tape_ends:
            counts["ended while late"] += 1
        else:
            counts["still delinquent at the tape's end"] += 1
    return counts


def forbearance(frame: pl.DataFrame, result: pl.DataFrame) -> dict[str, int]:
    """Count loan-months in a forbearance plan by what the review says of a plan then.

    Args:
        frame: every month of the tape.
        result: its review, in the same order.
    """
    rows = result.select(
        status=pl.col("forbearance__status").cast(pl.String),
        conditions=pl.col("forbearance__conditions").cast(pl.String),
    ).with_columns(frame["loan_id"], frame["active_forbearance"], frame["forbearance_months_used"])
    rows = rows.filter(pl.col("active_forbearance").fill_null(False))
    beyond = rows.filter(pl.col("conditions") != "")
    return {
        "loans with a forbearance plan": rows["loan_id"].n_unique(),
        "loan-months in a plan": rows.height,
        "of these, a plan ruled out": rows.filter(pl.col("status") == "ineligible").height,
        "of these, the enterprise's approval asked for": beyond.height,
        "loans with such months": beyond["loan_id"].n_unique(),
        "longest run of months in a plan": int(rows["forbearance_months_used"].cast(pl.Int64).max() or 0),  # type: ignore[arg-type]
    }
