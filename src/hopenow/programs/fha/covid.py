"""COVID-19 Recovery options, of the past: partial claim, modification, and the Advance Loan Modification."""

from __future__ import annotations

import polars as pl

from hopenow.law import Parameters
from hopenow.programs.base import RuleTable, column
from hopenow.programs.fha import common, partial_claim
from hopenow.programs.fha.common import CAPACITY
from hopenow.programs.fha.modification import NEEDS, PAYMENT_GOAL, alone_option, combined_option

c = pl.col
CLAIM = "fha_covid_partial_claim"
RECOVERY = "fha_covid_modification"
ADVANCE = "fha_covid_advance_modification"
CLAIM_RULES = RuleTable()
RECOVERY_RULES = RuleTable()
ADVANCE_RULES = RuleTable()


def covid_hardship(p: Parameters) -> pl.Expr:
    """The hardship comes from the emergency."""
    return c("fha_covid_hardship")


for _table in (CLAIM_RULES, RECOVERY_RULES):
    _table("FHA-CV1")(covid_hardship)
    _table("FHA-CV2")(common.something_due)
for _table in (RECOVERY_RULES, ADVANCE_RULES):
    _table("FHA-CV5")(common.rate_allowed)
CLAIM_RULES("FHA-CV3")(common.can_resume)
CLAIM_RULES("FHA-CV4")(common.arrears_fit(CLAIM))


@RECOVERY_RULES("FHA-CV6")
def reaches_target(p: Parameters) -> pl.Expr:
    """The target is reached within the limit, or the best effort is allowed."""
    p.value("payment_reduction")
    return c(column(RECOVERY, "target_met")) | c("fha_combination_best_effort_allowed")


@ADVANCE_RULES("FHA-CV7")
def far_behind(p: Parameters) -> pl.Expr:
    """The loan is delinquent long enough."""
    return c("days_delinquent") >= p["least_days_delinquent"]


@ADVANCE_RULES("FHA-CV8")
def falls_enough(p: Parameters) -> pl.Expr:
    """The payment falls enough."""
    p.value("payment_reduction")
    return c(column(ADVANCE, "target_met"))


PARTIAL_CLAIM = partial_claim.option_of(CLAIM, "covid_partial_claim", CLAIM_RULES)
MODIFICATION = combined_option(
    RECOVERY, "covid_modification", RECOVERY_RULES, PAYMENT_GOAL, (*NEEDS, *CAPACITY)
)
ADVANCE_MODIFICATION = alone_option(
    ADVANCE, "covid_advance_modification", ADVANCE_RULES, PAYMENT_GOAL, NEEDS
)
