"""The program for HUD Section 184 loans."""

from __future__ import annotations

import polars as pl

from hopenow.programs.base import Program, loan_type_is
from hopenow.programs.section_184 import fence, forbearance, leaving, modification
from hopenow.programs.section_184.common import NAME

_KEEP = (
    forbearance.INFORMAL,
    forbearance.FORMAL,
    forbearance.UNEMPLOYMENT,
    forbearance.SERVICE,
    modification.NAME,
    modification.ADVANCE,
)
_LEAVE = (leaving.ASSUMPTION, leaving.SALE, leaving.DEED)

# The regulation lists the options; that the list is an order has not been read.
_LISTED = {"cite": "24CFR1005#1005.739(c)", "verification": "unverified"}

PROGRAM = Program(
    id=NAME,
    title="HUD Section 184 (loans for Native Americans)",
    applies=loan_type_is(NAME),
    options=(
        fence.OPTION,
        *forbearance.OPTIONS,
        modification.MODIFICATION_OPTION,
        modification.ADVANCE_OPTION,
        leaving.ASSUMPTION_OPTION,
        leaving.SALE_OPTION,
        leaving.DEED_OPTION,
    ),
    orders={"standard": (*_KEEP, *_LEAVE), "leave_first": (*_LEAVE, *_KEEP)},
    order=pl.when(~pl.col("wants_to_keep_home")).then(pl.lit("leave_first")).otherwise(pl.lit("standard")),
    order_sources={"standard": _LISTED, "leave_first": {"cite": "PRACTICE", "verification": "unverified"}},
)
