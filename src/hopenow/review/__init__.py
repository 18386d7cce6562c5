"""Facts in; for every workout option a determination, terms, reasons and an order."""

from __future__ import annotations

from typing import Any

import polars as pl
import polars.selectors as cs
import pyarrow as pa

from hopenow.errors import InputError
from hopenow.facts.ingest import to_canonical
from hopenow.review.engine import Part, Settings, determine
from hopenow.review.explain import Explanation, explain
from hopenow.review.published import published, term_types
from hopenow.review.reasons import decode

__all__ = ["Explanation", "Settings", "assembled", "explain", "review", "review_canonical"]


def review_canonical(facts: pl.DataFrame, settings: Settings | None = None) -> pl.DataFrame:
    """Review a canonical frame; results in engine units.

    Args:
        facts: one row per loan and evaluation date; columns are facts in engine units (see :mod:`hopenow.facts`).
        settings: assumptions, early adoptions, programs, reference files.

    Returns:
        One row per loan and program that applies (or may apply, where the investor is unknown), in the order of the
        input. A loan to which no program applies has a row with an empty ``program`` and no statuses.

    Raises:
        InputError: required facts are missing or the settings name unknown things.
    """
    settings = settings or Settings()
    if facts.is_empty():
        return facts.select("loan_id", "evaluation_date")
    return assembled(facts, determine(facts, settings), settings)


def assembled(facts: pl.DataFrame, parts: list[Part], settings: Settings) -> pl.DataFrame:
    """Put the parts of a determination into one frame of results, as :func:`review_canonical` returns it."""
    decoded = [decode(part, tuple(settings.assume)) for part in parts]
    seen = (
        pl.concat([part.select("_row") for part in decoded])
        if decoded
        else pl.DataFrame({"_row": []}, schema={"_row": pl.UInt32})
    )
    if seen["_row"].n_unique() < facts.height:
        decoded.append(_left_over(facts, seen))
    if len(decoded) > 1:
        # Each part has its own Enum categories; categoricals can be put under one another.
        decoded = [part.with_columns(cs.enum().cast(pl.Categorical())) for part in decoded]
        return pl.concat(decoded, how="diagonal_relaxed").sort("_row", maintain_order=True).drop("_row")
    return decoded[0].drop("_row")


def _left_over(facts: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    rows = facts.with_row_index("_row").join(seen.unique(), on="_row", how="anti")
    return rows.select("_row", "loan_id", "evaluation_date").with_columns(pl.col("_row").cast(pl.UInt32))


def review(facts: Any, settings: Settings | None = None) -> pa.Table:
    """Review loans given as any Arrow-compatible frame in published units (dollars, percent).

    Args:
        facts: columns named as in the fact schema; one row or millions.
        settings: assumptions, early adoptions, programs, reference files.

    Returns:
        An Arrow table: identity, order, and for each option status, reasons and terms in published units.

    Raises:
        InputError: with every finding, when a row cannot be read; nothing is reviewed then.
    """
    settings = settings or Settings()
    ingested = to_canonical(facts)
    errors = ingested.findings.filter(pl.col("severity") == "error")
    if not errors.is_empty():
        lines = [
            f"row {row['row']}: {row['field']}: {row['message']}" for row in errors.iter_rows(named=True)
        ]
        raise InputError(f"{len(lines)} findings in the input; nothing was reviewed", lines)
    return published(review_canonical(ingested.facts, settings), term_types(settings.chosen()))
