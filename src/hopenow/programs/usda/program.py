"""The program for loans that USDA Rural Development guarantees (Section 502)."""

from __future__ import annotations

import polars as pl

from hopenow.programs.base import Program, loan_type_is
from hopenow.programs.usda import fence, leaving, modification, plans, rd_hamp
from hopenow.programs.usda.papers import NAME, papers

_KEEP = (
    plans.REPAYMENT,
    plans.FORBEARANCE,
    modification.MODIFICATION,
    modification.SPECIAL,
    modification.ADVANCE,
    modification.STREAMLINE,
)
_LEAVE = (leaving.SALE, leaving.DEED, leaving.ASSIGNMENT)


def _order() -> pl.Expr:
    """Return the name of the order: by the waterfall in force, and by whether the borrower wants to stay."""
    combined = (pl.col("usda_fence__waterfall") == "combined").fill_null(False)
    leave = (~pl.col("wants_to_keep_home")).fill_null(False)
    return (
        pl.when(leave & combined)
        .then(pl.lit("combined_leave_first"))
        .when(leave)
        .then(pl.lit("traditional_leave_first"))
        .when(combined)
        .then(pl.lit("combined"))
        .otherwise(pl.lit("traditional"))
    )


PROGRAM = Program(
    id=NAME,
    title="USDA Rural Development, Section 502 guaranteed",
    applies=loan_type_is(NAME),
    options=(
        fence.FENCE,
        fence.IMMINENT,
        plans.REPAYMENT_AGREEMENT,
        plans.SPECIAL_FORBEARANCE,
        modification.MODIFICATION_OPTION,
        modification.SPECIAL_OPTION,
        modification.ADVANCE_OPTION,
        modification.STREAMLINE_OPTION,
        leaving.PREFORECLOSURE_SALE,
        leaving.DEED_IN_LIEU,
        leaving.JUNIOR_ASSIGNMENT,
        rd_hamp.OPTION,
    ),
    orders={
        "traditional": (*_KEEP, *_LEAVE),
        "combined": (*_KEEP, *_LEAVE),
        "traditional_leave_first": (*_LEAVE, *_KEEP),
        "combined_leave_first": (*_LEAVE, *_KEEP),
    },
    order=_order(),
    order_sources={
        "traditional": {"cite": "7CFR3555#3555.303-.305", "verification": "verified"},
        # That the waterfall starts with agreement and forbearance is verified in part; the place of the advance and
        # of the streamline option is not.
        "combined": {"cite": "BULLETIN", "verification": "unverified"},
        "traditional_leave_first": {"cite": "PRACTICE", "verification": "unverified"},
        "combined_leave_first": {"cite": "PRACTICE", "verification": "unverified"},
    },
    papers=papers,
)
