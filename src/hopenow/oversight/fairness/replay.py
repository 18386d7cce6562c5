"""Denials replayed: what does the review engine say of the facts on which a person was told no?

For each recorded denial the option is reviewed again. The verdicts: ``denied_but_eligible`` (every rule is met on these
facts), ``not_settled`` (facts are missing, so neither yes nor no), ``supported`` (the engine rules the option out too),
``no_rules`` (no rules on file for that day), ``unknown_option`` and ``no_facts`` (nothing to replay). A verdict is a
reason to look again, not a finding of fault: the file may lack what the servicer knew.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import polars as pl

from hopenow.errors import InputError
from hopenow.oversight.fairness.cells import EVERYBODY, Cells, cut, everybody
from hopenow.oversight.fairness.groups import Dimension
from hopenow.oversight.fairness.rates import rate, ratio
from hopenow.review import Settings, review_canonical

__all__ = ["COUNTED", "REPLAYED", "VERDICTS", "VERDICT_COUNTS", "Replay", "replay"]

VERDICTS = {
    "denied_but_eligible": "denied, but every rule is met on these facts",
    "not_settled": "facts are missing; neither yes nor no",
    "supported": "the rules say no as well",
    "no_rules": "no rules on file for that day",
    "unknown_option": "the option is not one of the engine's",
    "no_facts": "no facts for this loan",
}
COUNTED = {
    **{name: VERDICTS[name] for name in ("denied_but_eligible", "not_settled", "supported")},
    "cannot_be_replayed": "nothing to replay: no rules, no facts, or an unknown option",
}
"""Verdicts as they are counted."""
REPLAYED = pl.Schema(
    {
        "application_id": pl.String,
        "loan_id": pl.String,
        "evaluation_date": pl.Date,
        "program": pl.String,
        "option": pl.String,
        "recorded_reason": pl.String,
        "verdict": pl.String,
        "failed_rules": pl.String,
        "facts_missing_for": pl.String,
        "reason_confirmed": pl.Boolean,
        "other_options_open": pl.String,
        "verification": pl.String,
    }
)
"""One row per denial (and program, where the investor is not known). Row-level: for the servicer and the homeowner's
counselor, never part of a published table."""
VERDICT_COUNTS = pl.Schema(
    {
        "dimension": pl.String,
        "group": pl.String,
        "reference": pl.String,
        "verdict": pl.String,
        "denials": pl.Int64,
        "count": pl.Int64,
        **{f"{name}{end}": pl.Float64 for name in ("rate", "ratio") for end in ("", "_low", "_high")},
        "withheld": pl.Boolean,
    }
)
"""How many of each group's denials got each verdict."""


@dataclasses.dataclass(frozen=True)
class Replay:
    """Denials replayed: row by row (`REPLAYED`) and counted (`VERDICT_COUNTS`)."""

    rows: pl.DataFrame
    counts: pl.DataFrame


def replay(
    applications: pl.DataFrame,
    facts: pl.DataFrame,
    settings: Settings | None = None,
    dimensions: Sequence[Dimension] = (),
    minimum: int | None = None,
) -> Replay:
    """Replay every denial of a file.

    Args:
        applications: with ``loan_id``, ``denied_option`` and, where known, ``application_id``, ``denial_reason`` and
            groups; rows with a denied option are replayed, where ``denied`` is known only those that were denied.
        facts: canonical frame of the loans as they stood at the decision (see :mod:`hopenow.facts`).
        settings: of the review.
        dimensions: ways to group people in the counts.
        minimum: smallest count shown; None takes the measures'.

    Raises:
        InputError: the columns that name loan and option are missing.
    """
    missing = [name for name in ("loan_id", "denied_option") if name not in applications.columns]
    if missing:
        raise InputError("denials cannot be replayed", [f"the file gives no {name}" for name in missing])
    denials = applications.filter(pl.col("denied_option").is_not_null())
    if "denied" in denials.columns:
        denials = denials.filter(pl.col("denied").fill_null(True))
    for name in ("application_id", "denial_reason"):
        if name not in denials.columns:
            denials = denials.with_columns(pl.lit(None, pl.String).alias(name))
    loans = denials["loan_id"].unique()
    known = facts.filter(pl.col("loan_id").cast(pl.String).is_in(loans.implode()))
    reviewed = _long(review_canonical(known, settings)) if not known.is_empty() else _nothing()
    options = set(reviewed["option"].unique().to_list())
    joined = (
        denials.with_row_index("_denial")
        .join(reviewed, left_on=["loan_id", "denied_option"], right_on=["loan_id", "option"], how="left")
        .join(_open(reviewed), on=["loan_id", "evaluation_date", "program"], how="left")
    )
    inside = pl.col("loan_id").is_in(reviewed["loan_id"].unique().implode())
    verdict = (
        pl.when(pl.col("status").is_not_null())
        .then(pl.col("status").replace_strict(_VERDICT_OF, default=None, return_dtype=pl.String))
        .when(~inside).then(pl.lit("no_facts"))
        .when(~pl.col("denied_option").is_in(list(options))).then(pl.lit("unknown_option"))
        .otherwise(pl.lit("unknown_option"))
    )  # fmt: skip
    rows = joined.with_columns(verdict.alias("verdict"))
    confirmed = pl.when(pl.col("verdict") == "supported").then(
        pl.col("failed").str.split(";").list.contains(pl.col("denial_reason"))
    )
    out = rows.select(
        pl.col("application_id"),
        pl.col("loan_id"),
        pl.col("evaluation_date"),
        pl.col("program"),
        pl.col("denied_option").alias("option"),
        pl.col("denial_reason").alias("recorded_reason"),
        pl.col("verdict"),
        pl.col("failed").alias("failed_rules"),
        pl.col("unknown").alias("facts_missing_for"),
        confirmed.alias("reason_confirmed"),
        _without_own(pl.col("open"), pl.col("denied_option")).alias("other_options_open"),
        pl.col("verification"),
    ).cast(dict(REPLAYED))  # type: ignore[arg-type]
    return Replay(out, _counts(rows, dimensions, minimum))


_VERDICT_OF = {
    "eligible": "denied_but_eligible",
    "conditional": "not_settled",
    "ineligible": "supported",
    "not_determined": "no_rules",
}
_LONG = pl.Schema(
    {
        "loan_id": pl.String,
        "evaluation_date": pl.Date,
        "program": pl.String,
        "option": pl.String,
        "status": pl.String,
        "failed": pl.String,
        "unknown": pl.String,
        "verification": pl.String,
    }
)


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema=_LONG)


def _long(result: pl.DataFrame) -> pl.DataFrame:
    """Turn a review's result into one row per loan, program and option."""
    options = [name.removesuffix("__status") for name in result.columns if name.endswith("__status")]
    parts = [
        result.filter(pl.col(f"{option}__status").is_not_null()).select(
            pl.col("loan_id").cast(pl.String),
            pl.col("evaluation_date"),
            pl.col("program").cast(pl.String),
            pl.lit(option).alias("option"),
            pl.col(f"{option}__status").cast(pl.String).alias("status"),
            _words(result, f"{option}__failed").alias("failed"),
            _words(result, f"{option}__unknown").alias("unknown"),
            _words(result, f"{option}__verification").alias("verification"),
        )
        for option in options
    ]
    return pl.concat(parts) if parts else _nothing()


def _words(result: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String) if name in result.columns else pl.lit(None, pl.String)


def _open(reviewed: pl.DataFrame) -> pl.DataFrame:
    """Return, for each loan and program, the options for which the loan is eligible."""
    return (
        reviewed.filter(pl.col("status") == "eligible")
        .group_by("loan_id", "evaluation_date", "program", maintain_order=True)
        .agg(pl.col("option").alias("open"))
    )


def _without_own(options: pl.Expr, own: pl.Expr) -> pl.Expr:
    return options.list.set_difference(pl.concat_list(own)).list.sort().list.join(";")


def _counts(rows: pl.DataFrame, dimensions: Sequence[Dimension], minimum: int | None) -> pl.DataFrame:
    # Where several programs may apply, a denial counts once, with the verdict best for the homeowner.
    order = list(VERDICTS)
    rank = pl.col("verdict").replace_strict({name: place for place, name in enumerate(order)}, return_dtype=pl.Int64)
    once = (
        rows.with_columns(rank.alias("_rank"))
        .sort("_denial", "_rank")
        .unique("_denial", keep="first", maintain_order=True)
    )
    if once.is_empty():
        return pl.DataFrame(schema=VERDICT_COUNTS)
    counted = pl.when(pl.col("verdict").is_in(list(COUNTED))).then("verdict").otherwise(pl.lit("cannot_be_replayed"))
    once = once.with_columns(counted.alias("verdict"))
    order = list(COUNTED)
    figures = {name: [name] for name in order}
    whole = everybody(once, "verdict", order, figures, minimum)
    found = _verdicts(whole, Dimension("", EVERYBODY, False, (EVERYBODY,), None, ""))
    for dimension in dimensions:
        found += _verdicts(cut(once, dimension, "verdict", order, figures, minimum, whole=whole), dimension)
    return pl.DataFrame(found, schema=VERDICT_COUNTS)


def _verdicts(cells: Cells, dimension: Dimension) -> list[dict[str, object]]:
    reference = dimension.reference if dimension.reference in cells.groups else None
    found: list[dict[str, object]] = []
    for verdict in COUNTED:
        base = (cells.total(reference, verdict), cells.total(reference)) if reference is not None else (None, None)
        for group in cells.groups:
            count, size = cells.total(group, verdict), cells.total(group)
            row: dict[str, object] = {
                "dimension": dimension.id, "group": group, "reference": reference, "verdict": verdict,
                "denials": size, "count": count, "withheld": count is None or size is None,
            }  # fmt: skip
            if count is not None and size:
                own = rate(count, size)
                row |= {"rate": own.value, "rate_low": own.low, "rate_high": own.high}
                if base[0] and base[1] and group != reference:
                    against = ratio(count, size, base[0], base[1])
                    row |= {"ratio": against.value, "ratio_low": against.low, "ratio_high": against.high}
            found.append(row)
    return found
