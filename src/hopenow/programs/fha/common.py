"""Expressions, gates and law files that several FHA options share."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.facts.derived import add_months, months_since
from hopenow.law import Document, OptionLaw, Parameters, package_documents, package_option
from hopenow.mortgage import kernels
from hopenow.programs.base import RuleFunction, RuleTable, TermType, column

c = pl.col

PACKAGE = "hopenow.programs.fha"
WHOLE = 1_000_000
UNKNOWN = -1

ADDITIVE = ("escrow_advances", "fha_cancelled_foreclosure_costs", "borrower_contribution")
"""Amounts that are left out of the arrears while they are unknown."""

CAPACITY = ("fha_capacity__basis", "fha_capacity__used")
"""Columns without which no option knows the room left for a claim."""


def documents() -> dict[str, Document]:
    """Return the documents that FHA law files cite."""
    return package_documents(PACKAGE)


@functools.cache
def law(name: str, shared: bool = False) -> OptionLaw:
    """Load one option's law file; the gates of the permanent options are added if asked for."""
    own = package_option(PACKAGE, name)
    if not shared:
        return own
    common = package_option(PACKAGE, "shared")
    return own.model_copy(
        update={
            "parameters": {**common.parameters, **own.parameters},
            "rules": {**common.rules, **own.rules},
            "process": {**common.process, **own.process},
        }
    )


# --- facts ----------------------------------------------------------------------------------------


def months_before(date: str) -> pl.Expr:
    """Return the whole months from a date fact to the evaluation date."""
    return months_since(c(date), c("evaluation_date"))


def in_default(p: Parameters) -> pl.Expr:
    """Test for default: a failure to pay that has gone on long enough."""
    return c("days_delinquent") >= p["default_days"]


def default_or_imminent(p: Parameters) -> pl.Expr:
    """Test for default or imminent default."""
    return in_default(p) | c("fha_imminent_default")


def something_due(p: Parameters) -> pl.Expr:
    """Test that something is past due."""
    return c("months_delinquent") >= 1


def can_resume(p: Parameters) -> pl.Expr:
    """Test that the regular payment can be made again."""
    return c("can_resume_payment")


def not_suspended(p: Parameters) -> pl.Expr:
    """Test that HUD has not suspended the standard options, or that an exempted transfer lifts that."""
    return ~c("fha_standard_options_suspended") | c("fha_exempted_transfer")


def leaving(p: Parameters) -> pl.Expr:
    """Test that the borrower does not want to keep the home."""
    return ~c("wants_to_keep_home")


def array(frame: pl.DataFrame, expression: pl.Expr | str) -> npt.NDArray[np.int64]:
    """Return a column or expression as an int64 array, -1 where it is unknown."""
    values = frame.select(c(expression) if isinstance(expression, str) else expression).to_series()
    return np.ascontiguousarray(values.cast(pl.Int64).fill_null(UNKNOWN).to_numpy())


# --- arrears and the room for claims --------------------------------------------------------------


def with_arrears(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Add ``_arrears`` and ``_costs`` (cents), counted as the parameter ``arrears_counted`` says.

    Late charges never count. Unknown advances, costs and contributions are left out (see ``ADDITIVE``).
    """
    counted = p.word("arrears_counted")
    costs = c("fha_cancelled_foreclosure_costs").fill_null(0)
    months = c("months_delinquent").cast(pl.Int64)
    if counted == "full_payments":
        owed = months * c("contractual_payment")
    elif counted == "installments_and_advances":
        owed = months * c("monthly_principal_and_interest") + c("escrow_advances").fill_null(0)
    else:
        computed = pl.Series(
            "_interest",
            kernels.interest_array(
                array(frame, "interest_bearing_balance"),
                array(frame, "note_rate"),
                array(frame, "months_delinquent"),
            ),
        )
        frame = frame.with_columns(computed.set(computed < 0, None))
        owed = pl.coalesce(c("accrued_interest"), c("_interest")) + c("escrow_advances").fill_null(0)
    arrears = owed + costs - c("borrower_contribution").fill_null(0)
    known = pl.when(arrears.is_not_null()).then(pl.max_horizontal(arrears, pl.lit(0, pl.Int64)))
    return frame.with_columns(known.alias("_arrears"), costs.alias("_costs"))


def capacity(p: Parameters) -> pl.Expr:
    """Return the room left for claims under the option's own share (cents, rounded down)."""
    cap = c("fha_capacity__basis") * p["cap_share"] // WHOLE
    room = cap - c("fha_capacity__used")
    return pl.when(room.is_not_null()).then(pl.max_horizontal(room, pl.lit(0, pl.Int64)))


def arrears_fit(option: str) -> RuleFunction:
    """Return the rule that the arrears fit into the limit; costs beyond it need HUD's approval."""

    def fits(p: Parameters) -> pl.Expr:
        """The arrears fit into what is left of the limit."""
        arrears, costs = c(column(option, "arrears")), c(column(option, "costs"))
        room = capacity(p)
        return (arrears <= room) | ((arrears - costs <= room) & c("fha_costs_above_cap_approved"))

    return fits


# --- gates of the permanent options ---------------------------------------------------------------


def trial_months(p: Parameters) -> pl.Expr:
    """Return the number of trial payments (null while it is not known which number applies)."""
    regular = (
        pl.when(in_default(p))
        .then(p["trial_months"])
        .when(~in_default(p) & c("fha_imminent_default"))
        .then(p["trial_months_imminent"])
    )
    if "trial_months_transfer" not in p:
        return regular.cast(pl.Int32)
    return (
        pl.when(c("fha_exempted_transfer"))
        .then(p["trial_months_transfer"])
        .when(~c("fha_exempted_transfer"))
        .then(regular)
        .cast(pl.Int32)
    )


def trial_terms(p: Parameters) -> list[pl.Expr]:
    """Return the trial's length and the day by which the final documents take effect; null where there is no trial."""
    if "trial_months" not in p:
        return [pl.lit(None, pl.Int32).alias("trial_months"), pl.lit(None, pl.Date).alias("documents_effective_by")]
    by = pl.lit(None, pl.Date)
    if "documents_after_trial_months" in p:
        last = trial_months(p) - 1
        by = add_months(c("fha_trial_start_date"), last + p["documents_after_trial_months"])
    return [trial_months(p).alias("trial_months"), by.alias("documents_effective_by")]


TRIAL_COLUMNS: dict[str, TermType] = {"trial_months": "months", "documents_effective_by": "date"}


def lookback_kept(p: Parameters) -> pl.Expr:
    """Test that the last permanent option lies far enough back, or that a major disaster lifts this."""
    kept = months_before("fha_last_permanent_option_date") >= p["lookback_months"]
    if not p["disaster_lifts_lookback"]:
        return kept
    return kept | ((c("hardship_kind") == "disaster") & c("disaster_area_property"))


def occupied_if_needed(p: Parameters) -> pl.Expr:
    """Test that the borrower lives in the home, or need not."""
    return (c("occupancy") == "principal_residence") | ~c("fha_owner_occupancy_required")


def gates(affordable: Callable[[Parameters], pl.Expr]) -> RuleTable:
    """Return the gates that the permanent options share.

    Args:
        affordable: test that the payment after this option can be made.
    """
    rules = RuleTable()
    rules("FHA-G1")(default_or_imminent)
    rules("FHA-G2")(lookback_kept)
    rules("FHA-G3a")(occupied_if_needed)

    @rules("FHA-G4")
    def resolved_and_affordable(p: Parameters) -> pl.Expr:
        """The hardship is over and the payment can be made."""
        return c("hardship_resolved") & affordable(p)

    @rules("FHA-G4-A")
    def attested(p: Parameters) -> pl.Expr:
        """The attestation is signed."""
        return c("fha_attestation_signed")

    @rules("FHA-G5-H")
    def hardship_shown(p: Parameters) -> pl.Expr:
        """The hardship is documented."""
        return c("hardship_documented")

    @rules("FHA-G6")
    def enough_payments(p: Parameters) -> pl.Expr:
        """The prescribed number of payments has been made."""
        return c("fha_minimum_payments_made")

    @rules("FHA-G7")
    def trial_completed(p: Parameters) -> pl.Expr:
        """Every trial payment has been made."""
        return c("fha_trial_payments_made") >= trial_months(p)

    @rules("FHA-G8")
    def trial_accepted(p: Parameters) -> pl.Expr:
        """Not too many trial agreements went unaccepted."""
        return c("fha_trial_non_acceptances") < p["most_non_acceptances"]

    @rules("FHA-G11")
    def no_failed_trial(p: Parameters) -> pl.Expr:
        """No trial failed, or the borrower was reconsidered."""
        return ~c("fha_failed_trial_this_episode") | c("fha_reconsideration_granted")

    return rules


def payment_fits(option: str) -> Callable[[Parameters], pl.Expr]:
    """Return the test that the household's stated capacity covers the payment after an option."""

    def fits(p: Parameters) -> pl.Expr:
        """The stated capacity covers the new payment."""
        return c("monthly_capacity") >= c(column(option, "payment_after"))

    return fits


def rate_allowed(p: Parameters) -> pl.Expr:
    """Test that the rate is known not to be above the highest allowed one."""
    return c("fha_market_rate__rate") <= c("fha_market_rate__ceiling")
