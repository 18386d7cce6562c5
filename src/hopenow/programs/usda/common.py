"""What several USDA options share: law files, gates, arrears, the offered rate and arrays for kernels."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.law import Document, OptionLaw, Parameters, package_documents, package_option
from hopenow.mortgage import kernels
from hopenow.programs.base import RuleTable

c = pl.col
PACKAGE = "hopenow.programs.usda"
UNKNOWN = -1
WHOLE = 1_000_000

GATES = RuleTable()


def documents() -> dict[str, Document]:
    """Return the documents that USDA law files cite."""
    return package_documents(PACKAGE)


@functools.cache
def law(name: str, gates: bool = False) -> OptionLaw:
    """Load one option's law file; the gates of 7 CFR 3555.303(a) are added if asked for."""
    own = package_option(PACKAGE, name)
    if not gates:
        return own
    shared = package_option(PACKAGE, "shared")
    return own.model_copy(
        update={
            "rules": {**shared.rules, **own.rules},
            "parameters": {**shared.parameters, **own.parameters},
        }
    )


def gated(own: RuleTable) -> RuleTable:
    """Return the gates followed by an option's own rules."""
    together = RuleTable(GATES)
    together.update(own)
    return together


def _binding(p: Parameters, test: pl.Expr) -> pl.Expr:
    """Return the test while the gates bind; reading the flag gives the rule the flag's mark."""
    return test if p["gates_bind"] else pl.lit(True)


@GATES("USDA-G1")
def occupies(p: Parameters) -> pl.Expr:
    """The borrower lives in the property."""
    return _binding(p, c("occupancy") == "principal_residence")


@GATES("USDA-G2")
def in_default(p: Parameters) -> pl.Expr:
    """Default or imminent default, for an involuntary reason."""
    behind = (c("days_delinquent") >= p["default_from_days"]) | c("usda_imminent_default__met")
    return _binding(p, behind & c("usda_involuntary"))


@GATES("USDA-G3")
def can_support(p: Parameters) -> pl.Expr:
    """The borrower can support the debt."""
    return _binding(p, c("usda_can_support_debt"))


@GATES("USDA-G4")
def sound_property(p: Parameters) -> pl.Expr:
    """Nothing is wrong with the property."""
    return _binding(p, c("condition_acceptable"))


@GATES("USDA-G5")
def honest(p: Parameters) -> pl.Expr:
    """No false information."""
    return _binding(p, ~c("usda_false_information"))


def offered_rate() -> pl.Expr:
    """Return the rate of the changed loan: as offered, or else the lower of present and highest allowed rate."""
    both = c("note_rate").is_not_null() & c("usda_maximum_rate").is_not_null()
    return pl.coalesce(c("usda_offered_rate"), pl.when(both).then(pl.min_horizontal("note_rate", "usda_maximum_rate")))


def rate_allowed() -> pl.Expr:
    """Test the rate of the changed loan against the highest one allowed; a default rate keeps within it."""
    return (offered_rate() <= c("usda_maximum_rate")).fill_null(
        pl.when(c("usda_maximum_rate").is_not_null() & c("usda_offered_rate").is_null()).then(True)
    )


def arrears() -> pl.Expr:
    """Return what brings the loan current: unpaid payments, costs and annual fees, less any contribution.

    Late charges and lender fees are left out; no text lets them be paid by an advance or added to the balance.
    """
    unpaid = c("months_delinquent").cast(pl.Int64) * c("contractual_payment")
    costs = c("servicing_advances").fill_null(0) + c("usda_past_due_annual_fees").fill_null(0)
    return (unpaid + costs - c("borrower_contribution").fill_null(0)).clip(lower_bound=0)


def array(frame: pl.DataFrame, name: str) -> npt.NDArray[np.int64]:
    """Return a column for a kernel, with unknowns as -1."""
    return np.ascontiguousarray(frame[name].cast(pl.Int64).fill_null(UNKNOWN).to_numpy())


def series(name: str, values: npt.NDArray[np.int64]) -> pl.Series:
    """Return a kernel's result as a column, with -1 as unknown."""
    found = pl.Series(name, values)
    return found.set(found < 0, None)


def payments(
    balance: npt.NDArray[np.int64], rate: npt.NDArray[np.int64], term: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return level payments; -1 wherever an argument is unknown."""
    return kernels.payment_array(balance, rate, term)


def capitalized(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the interest past due, what is added to the balance, and the balance after that.

    Interest is the servicer's own figure, or that of the unpaid installments.
    """
    computed = series(
        "_computed",
        kernels.interest_array(
            array(frame, "interest_bearing_balance"), array(frame, "note_rate"), array(frame, "months_delinquent")
        ),
    )
    added = (
        c("delinquent_interest")
        + c("escrow_advances").fill_null(0)
        + c("servicing_advances").fill_null(0)
        + c("usda_past_due_annual_fees").fill_null(0)
        - c("borrower_contribution").fill_null(0)
    )
    frame = frame.with_columns(computed).with_columns(
        pl.coalesce(c("accrued_interest"), c("_computed")).alias("delinquent_interest")
    )
    frame = frame.with_columns(added.clip(lower_bound=0).alias("capitalized"))
    return frame.with_columns(
        (c("interest_bearing_balance") + c("capitalized")).alias("balance_after"), offered_rate().alias("rate")
    )


CAPITALIZED_NEEDS = (
    "interest_bearing_balance",
    "note_rate",
    "months_delinquent",
    "usda_maximum_rate",
)
"""Facts without which a changed loan has no balance and rate."""

ADDITIVE = ("escrow_advances", "servicing_advances", "usda_past_due_annual_fees", "borrower_contribution")


def room(p: Parameters) -> pl.Expr:
    """Return what is left for mortgage recovery advances, at least nothing (cents, rounded down)."""
    basis = pl.coalesce("usda_balance_at_default", "interest_bearing_balance")
    return (basis * p["advance_share"] // WHOLE - c("usda_prior_recovery_advances")).clip(lower_bound=0)
