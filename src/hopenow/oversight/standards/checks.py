"""Ability to repay and the general qualified mortgage, for a file of loans or for one.

Every rule has three answers: met, not met, unknown (with the facts that are missing). A day that no rule set covers is
refused by `check_loan` and answered ``not covered`` in a file, with the range. A result carries the least certain mark
of what it rests on. Workouts of an existing loan are outside these rules; a refinancing is inside.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.errors import CoverageError, InputError
from hopenow.law import OptionLaw, Parameters, Segment, package_option, segments, weakest
from hopenow.mortgage.escrow import EscrowRules
from hopenow.oversight.fairness.vocabulary import facts
from hopenow.oversight.standards.payments import highest_rate_payments, recast_payments, repayment_payments

__all__ = ["CHECKED", "QM_RULES", "check", "check_loan", "escrow_rules", "fee_cap", "law", "segment_on"]

Ints = npt.NDArray[np.int64]

PACKAGE = "hopenow.oversight.standards"
AUTHORITY = "cfpb"
ATR_FACTORS = {
    "ATR-1": "considered_income",
    "ATR-2": "considered_employment",
    "ATR-3": "considered_payment",
    "ATR-4": "considered_simultaneous",
    "ATR-5": "considered_obligations",
    "ATR-6": "considered_debts",
    "ATR-7": "considered_ratio",
    "ATR-8": "considered_credit",
}
QM_RULES: Mapping[str, tuple[str, ...]] = {
    "QM-NEGAM": ("negative_amortization",),
    "QM-IO": ("interest_only_months",),
    "QM-BALLOON": ("balloon",),
    "QM-TERM": ("term_months",),
    "QM-FEES": ("loan_amount", "total_loan_amount", "points_and_fees"),
    "QM-UNDERWRITE": ("considered_payment",),
    "QM-VERIFY": ("considered_income", "considered_debts"),
    "QM-PRICE": ("apr", "apor", "loan_amount", "junior_lien", "manufactured_home"),
    "QM-DTI": ("monthly_income", "monthly_debts"),
}
"""Rule to the facts that it reads."""
CHECKED = pl.Schema(
    {
        "application_id": pl.String,
        "consummation_date": pl.Date,
        "rule_set": pl.String,
        "ability_to_repay": pl.String,
        "atr_not_met": pl.String,
        "atr_unknown": pl.String,
        "repayment_payment": pl.Int64,
        "debt_ratio": pl.Float64,
        "qualified_mortgage": pl.String,
        "protection": pl.String,
        "qm_not_met": pl.String,
        "qm_unknown": pl.String,
        "fee_cap": pl.Int64,
        "spread_limit": pl.Int64,
        "spread": pl.Int64,
        "highest_rate_payment": pl.Int64,
        "recast_payment": pl.Int64,
        "verification": pl.String,
    }
)
"""Columns of the result.

``ability_to_repay``: documented, not documented, unknown or not covered. ``qualified_mortgage``: yes, no, unknown or
not covered. ``protection``: safe harbor, rebuttable presumption, or empty. ``repayment_payment``,
``highest_rate_payment``, ``recast_payment`` and ``fee_cap`` in cents, ``spread`` and ``spread_limit`` in millionths,
``debt_ratio`` a fraction.
"""


def law(name: str) -> OptionLaw:
    """Return a law file of this room: ``general_qm``, ``ability_to_repay`` or ``escrow``."""
    return package_option(PACKAGE, name)


@functools.cache
def _segments(name: str) -> tuple[Segment, ...]:
    return tuple(segments(law(name), AUTHORITY))


def segment_on(name: str, day: datetime.date) -> Segment:
    """Return the rules of a day.

    Raises:
        CoverageError: no rule set covers the day; names what is covered.
    """
    found = next((item for item in _segments(name) if item.start <= day <= item.end), None)
    if found is not None:
        return found
    own = _segments(name)
    spans = ", ".join(f"{item.start.isoformat()} to {item.end.isoformat()}" for item in own)
    raise CoverageError(law(name).title, day, hint=f"Covered: {spans}. No other year's figures are used in its place.")


def escrow_rules(day: datetime.date) -> EscrowRules:
    """Return the figures of the escrow rule on a day, for :mod:`hopenow.mortgage.escrow`."""
    figures = segment_on("escrow", day).parameters
    return EscrowRules(**{field.name: figures[field.name] for field in dataclasses.fields(EscrowRules)})


# --- tiers ----------------------------------------------------------------------------------------


def fee_cap(loan_amount: int, total_loan_amount: int, day: datetime.date) -> int:
    """Return the most that points and fees may be on a qualified mortgage, cents (a half cent rounds down).

    Raises:
        CoverageError: no rule set covers the day.
    """
    frame = pl.DataFrame({"loan_amount": [loan_amount], "total_loan_amount": [total_loan_amount]})
    return int(frame.select(_fee_cap(segment_on("general_qm", day).parameters)).item())


def _fee_cap(p: Parameters) -> pl.Expr:
    amount, total = pl.col("loan_amount"), pl.col("total_loan_amount")

    def part(name: str) -> pl.Expr:
        return total * p[name] // 1_000_000

    return (
        pl.when(amount >= p["fees_large_from"])
        .then(part("fees_large_percent"))
        .when(amount >= p["fees_middle_from"])
        .then(p["fees_middle_cap"])
        .when(amount >= p["fees_small_from"])
        .then(part("fees_small_percent"))
        .when(amount >= p["fees_least_from"])
        .then(p["fees_least_cap"])
        .when(amount.is_not_null())
        .then(part("fees_rest_percent"))
    )


def _spread_limit(p: Parameters) -> pl.Expr:
    amount, junior, manufactured = pl.col("loan_amount"), pl.col("junior_lien"), pl.col("manufactured_home")
    small = amount < p["small_loan_below"]
    first = (
        pl.when(amount >= p["large_loan_from"])
        .then(p["spread_large"])
        .when(manufactured)
        .then(p["spread_small"])
        .when(manufactured.is_null() & ~small)
        .then(None)
        .when(small)
        .then(p["spread_small"])
        .otherwise(p["spread_middle"])
    )
    second = pl.when(small).then(p["spread_junior_small"]).otherwise(p["spread_junior_large"])
    return pl.when(amount.is_not_null() & junior).then(second).when(amount.is_not_null() & ~junior).then(first)


# --- a file ---------------------------------------------------------------------------------------


def check(loans: pl.DataFrame) -> pl.DataFrame:
    """Check loans.

    Args:
        loans: columns named as in ``facts.yaml``, in engine units (cents, millionths); absent ones are unknown.

    Returns:
        A row for each loan, in the order given; see `CHECKED`.
    """
    frame = _complete(loans).with_row_index("_row")
    parts = []
    day = pl.col("consummation_date")
    covered = pl.lit(False)
    for segment in _segments("general_qm"):
        inside = day.is_between(pl.lit(segment.start), pl.lit(segment.end))
        covered = covered | inside.fill_null(False)
        own = frame.filter(inside)
        if not own.is_empty():
            parts.append(_checked(own, segment))
    left = frame.filter(~covered)
    if not left.is_empty():
        parts.append(_without_qm(left))
    if not parts:
        return pl.DataFrame(schema=CHECKED)
    return pl.concat(parts).sort("_row").drop("_row")


def check_loan(loan: Mapping[str, object]) -> dict[str, object]:
    """Check one loan, given as facts in engine units; the same path as a file.

    Raises:
        CoverageError: no rule set covers its day.
        InputError: the day is not given.
    """
    day = loan.get("consummation_date")
    if not isinstance(day, datetime.date):
        raise InputError("a loan cannot be checked without its consummation date: the dollar tiers depend on the year")
    segment_on("general_qm", day)
    return check(pl.DataFrame({name: [value] for name, value in loan.items()})).row(0, named=True)


_TYPES = {
    "text": pl.String,
    "number": pl.Float64,
    "money": pl.Int64,
    "percent": pl.Int64,
    "yes_no": pl.Boolean,
    "date": pl.Date,
}


def _complete(loans: pl.DataFrame) -> pl.DataFrame:
    """Return the loans with every fact as a column, unknown where it was not given."""
    known = facts("lending")
    return loans.select(
        pl.col(name).cast(_TYPES[fact.kind]) if name in loans.columns else pl.lit(None, _TYPES[fact.kind]).alias(name)
        for name, fact in known.items()
    )


def _checked(frame: pl.DataFrame, segment: Segment) -> pl.DataFrame:
    p = segment.parameters
    frame = _paid(frame)
    spread_limit = _spread_limit(p) if "spread_large" in p else pl.lit(None, pl.Int64)
    frame = frame.with_columns(
        _fee_cap(p).cast(pl.Int64).alias("fee_cap"),
        spread_limit.cast(pl.Int64).alias("spread_limit"),
        (pl.col("apr") - pl.col("apor")).alias("spread"),
    )
    frame = frame.with_columns(_debt_ratio().alias("debt_ratio"))
    rules = {name: _rule(name, p) for name in QM_RULES if name in segment.rules}
    met = [expression.alias(f"_{name}") for name, expression in rules.items()]
    frame = frame.with_columns(met).with_columns(_atr())
    every = [pl.col(f"_{name}") for name in rules]
    qualified = pl.all_horizontal(every)
    limit = (
        pl.when(pl.col("junior_lien"))
        .then(p["higher_priced_junior"])
        .when(~pl.col("junior_lien"))
        .then(p["higher_priced_first"])
    )
    safe = pl.col("spread") < limit
    mark = weakest(
        [
            segment.verification,
            *(p.source(name).verification for name in p),
            *(segment.rules[name].verification for name in rules),
        ]
    )
    return frame.select(
        "_row",
        "application_id",
        "consummation_date",
        pl.lit(segment.rule_set.id).alias("rule_set"),
        *_atr_columns(),
        "repayment_payment",
        "debt_ratio",
        pl.when(qualified)
        .then(pl.lit("yes"))
        .when(~qualified)
        .then(pl.lit("no"))
        .otherwise(pl.lit("unknown"))
        .alias("qualified_mortgage"),
        pl.when(qualified & safe)
        .then(pl.lit("safe harbor"))
        .when(qualified & ~safe)
        .then(pl.lit("rebuttable presumption"))
        .when(qualified)
        .then(pl.lit("unknown"))
        .otherwise(pl.lit(""))
        .alias("protection"),
        _list([(name, ~pl.col(f"_{name}")) for name in rules]).alias("qm_not_met"),
        _list([(name, pl.col(f"_{name}").is_null()) for name in rules]).alias("qm_unknown"),
        "fee_cap",
        "spread_limit",
        "spread",
        "highest_rate_payment",
        "recast_payment",
        pl.lit(mark).alias("verification"),
    ).cast(dict(CHECKED))  # type: ignore[arg-type]


def _without_qm(frame: pl.DataFrame) -> pl.DataFrame:
    """Answer for loans of days without figures, or of an unknown day: ability to repay from 2014 on, nothing else."""
    start = _segments("ability_to_repay")[0].start
    frame = _paid(frame).with_columns(_debt_ratio().alias("debt_ratio")).with_columns(_atr())
    known = pl.col("consummation_date").is_not_null()
    early = pl.col("consummation_date") < start
    status = pl.when(early).then(pl.lit("not covered")).otherwise(pl.col("ability_to_repay")).alias("ability_to_repay")
    text, number = pl.lit("", pl.String), pl.lit(None, pl.Int64)
    return frame.select(
        "_row",
        "application_id",
        "consummation_date",
        pl.lit(None, pl.String).alias("rule_set"),
        status,
        "atr_not_met",
        "atr_unknown",
        "repayment_payment",
        "debt_ratio",
        pl.when(known).then(pl.lit("not covered")).otherwise(pl.lit("unknown")).alias("qualified_mortgage"),
        text.alias("protection"),
        text.alias("qm_not_met"),
        pl.when(known).then(pl.lit("")).otherwise(pl.lit("consummation_date")).alias("qm_unknown"),
        number.alias("fee_cap"),
        number.alias("spread_limit"),
        (pl.col("apr") - pl.col("apor")).alias("spread"),
        "highest_rate_payment",
        "recast_payment",
        pl.lit("verified").alias("verification"),
    ).cast(dict(CHECKED))  # type: ignore[arg-type]


# --- rules ----------------------------------------------------------------------------------------


def _rule(name: str, p: Parameters) -> pl.Expr:
    c = pl.col
    return {
        "QM-NEGAM": lambda: ~c("negative_amortization"),
        "QM-IO": lambda: c("interest_only_months") == 0,
        "QM-BALLOON": lambda: ~c("balloon"),
        "QM-TERM": lambda: c("term_months") <= p["longest_term"],
        "QM-FEES": lambda: c("points_and_fees") <= c("fee_cap"),
        "QM-UNDERWRITE": lambda: c("considered_payment"),
        "QM-VERIFY": lambda: c("considered_income") & c("considered_debts"),
        # "2.25 or more" rules a loan out, so it must stay below.
        "QM-PRICE": lambda: c("spread") < c("spread_limit"),
        "QM-DTI": lambda: c("_debts") * 1_000_000 <= c("monthly_income") * p["most_debt_to_income"],
    }[name]()


def _atr() -> list[pl.Expr]:
    every = [pl.col(fact) for fact in ATR_FACTORS.values()]
    done = pl.all_horizontal(every)
    status = (
        pl.when(done).then(pl.lit("documented")).when(~done).then(pl.lit("not documented")).otherwise(pl.lit("unknown"))
    )
    return [
        status.alias("ability_to_repay"),
        _list([(name, ~pl.col(fact)) for name, fact in ATR_FACTORS.items()]).alias("atr_not_met"),
        _list([(name, pl.col(fact).is_null()) for name, fact in ATR_FACTORS.items()]).alias("atr_unknown"),
    ]


def _atr_columns() -> list[pl.Expr]:
    return [pl.col("ability_to_repay"), pl.col("atr_not_met"), pl.col("atr_unknown")]


def _list(flags: Iterable[tuple[str, pl.Expr]]) -> pl.Expr:
    named = [pl.when(flag.fill_null(False)).then(pl.lit(name)) for name, flag in flags]
    return pl.concat_str(named, separator=";", ignore_nulls=True)


# --- payments -------------------------------------------------------------------------------------


def _paid(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the payments of the rules, null where a fact is missing, and all payments against income."""
    p = _segments("ability_to_repay")[0].parameters
    c = pl.col
    indexed = pl.max_horizontal("note_rate", "fully_indexed_rate")
    rate = pl.when(c("note_rate").is_not_null() & c("fully_indexed_rate").is_not_null()).then(indexed)
    limit = (
        pl.when(c("junior_lien")).then(p["higher_priced_junior"]).when(~c("junior_lien")).then(p["higher_priced_first"])
    )
    frame = frame.with_columns(
        rate.alias("_rate"),
        c("amortization_months").fill_null(pl.when(~c("balloon")).then(c("term_months"))).alias("_amortization"),
        # A balloon within the first five years counts; later ones count when the loan is higher-priced.
        ((c("term_months") - 1 <= p["balloon_months"]) | (c("apr") - c("apor") >= limit)).alias("_counts"),
    )
    frame = frame.with_columns(
        pl.when(c("balloon"))
        .then(c("_counts"))
        .otherwise(pl.when(c("balloon").is_not_null()).then(False))
        .alias("_counts")
    )
    needs = ["loan_amount", "_rate", "term_months", "_amortization", "interest_only_months", "balloon", "_counts"]
    frame = frame.with_columns(
        _from_arrays(
            frame,
            [*needs, "negative_amortization"],
            lambda a: repayment_payments(a[0], a[1], a[2], a[3], a[4], a[5] > 0, a[6] > 0),
            bar="negative_amortization",
        ).alias("repayment_payment"),
        _from_arrays(
            frame, ["loan_amount", "highest_rate_first_five_years", "term_months"], lambda a: highest_rate_payments(*a)
        ).alias("highest_rate_payment"),
        _from_arrays(
            frame,
            ["loan_amount", "note_rate", "highest_rate_first_five_years", "term_months", "months_to_highest_rate"],
            lambda a: recast_payments(*a),
        ).alias("recast_payment"),
    )
    debts = c("repayment_payment") + c("simultaneous_payment") + c("monthly_obligations") + c("monthly_debts")
    return frame.with_columns(debts.alias("_debts"))


def _debt_ratio() -> pl.Expr:
    return pl.when(pl.col("monthly_income") > 0).then(pl.col("_debts") / pl.col("monthly_income"))


def _from_arrays(
    frame: pl.DataFrame, names: list[str], work: Callable[[list[Ints]], Ints], bar: str | None = None
) -> pl.Series:
    """Run an array function over the rows in which everything it needs is known; -1 becomes unknown."""
    known = frame.select(pl.all_horizontal(pl.col(name).is_not_null() for name in names)).to_series()
    if bar is not None:
        known = known & ~frame[bar].fill_null(True)
    result = np.full(frame.height, -1, np.int64)
    rows = known.to_numpy()
    if rows.any():
        arrays = [
            np.ascontiguousarray(frame[name].filter(known).cast(pl.Int64).to_numpy()) for name in names if name != bar
        ]
        result[rows] = work(arrays)
    series = pl.Series(result)
    return series.set(series < 0, None)
