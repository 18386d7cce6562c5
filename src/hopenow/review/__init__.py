"""Facts in; for every workout option a determination, terms, reasons and an order."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from hopenow.errors import InputError
from hopenow.facts.ingest import to_canonical
from hopenow.review.engine import ROW, Part, Settings, determine
from hopenow.review.explain import Explanation, explain
from hopenow.review.published import published, term_types
from hopenow.review.reasons import Coded, coded, stacked

__all__ = ["Explanation", "Settings", "assembled", "explain", "in_rows", "review", "review_canonical"]


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


def assembled(facts: pl.DataFrame, parts: Sequence[Part], settings: Settings) -> pl.DataFrame:
    """Put the parts of a determination into one frame of results, as :func:`review_canonical` returns it."""
    return in_rows(facts, parts, settings).drop(ROW)


def in_rows(facts: pl.DataFrame, parts: Sequence[Part], settings: Settings) -> pl.DataFrame:
    """Return what :func:`assembled` returns, with the place of each result's loan among the facts as ``_row``."""
    if not parts:
        none = facts.select("loan_id", "evaluation_date", pl.lit(None, dtype=pl.String).alias("program"))
        return none.with_row_index(ROW)
    found = [coded(part, tuple(settings.assume)) for part in parts]
    seen = np.zeros(facts.height, np.bool_)
    for part in found:
        seen[part.frame[ROW].to_numpy()] = True
    if not seen.all():
        found.append(Coded(_left_over(facts, np.flatnonzero(~seen).astype(np.uint32)), {}))
    if len(found) == 1:
        return found[0].spelled()
    together = stacked(found)
    order = np.argsort(together.frame[ROW].to_numpy(), kind="stable")
    return dataclasses.replace(together, frame=together.frame[pl.Series(order.astype(np.uint32))]).spelled()


def _left_over(facts: pl.DataFrame, rows: npt.NDArray[np.uint32]) -> pl.DataFrame:
    found = facts.select("loan_id", "evaluation_date")[rows]
    return found.insert_column(0, pl.Series(ROW, rows))


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
    result = review_canonical(ingested.facts, settings)
    programs = result["program"].drop_nulls().unique().cast(pl.String).to_list() if "program" in result.columns else []
    return published(result, term_types(settings.named(programs)))
