"""The terms of the four modifications that the program looked at, worked from the inputs of a value test.

Version 5.0 of the model worked the Tier 2 terms itself; the Tier 1 terms came from the servicer and were compared
with the model's own. Both are worked here by the kernels of :mod:`hopenow.programs.hamp`, from the balance after
capitalization.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl

from hopenow.errors import CoverageError
from hopenow.money import half_up_div
from hopenow.programs.hamp import kernel as waterfall
from hopenow.programs.hamp.tier1 import figures_of_the_law
from hopenow.valuation.hamp_npv.checks import ADJUSTABLE
from hopenow.valuation.hamp_npv.figures import PROGRAM, Program
from hopenow.valuation.hamp_npv.prepare import TITLES, WHOLE, Modification

__all__ = ["SCENARIOS", "Terms", "work_terms"]

SCENARIOS: dict[str, Modification] = {
    "tier1": Modification("tier1"),
    "tier1_pra": Modification("tier1_pra", reduction=True),
    "tier2": Modification("tier2", tier2=True),
    "tier2_pra": Modification("tier2_pra", tier2=True, reduction=True),
}
"""The four modifications of version 5.0: Tier 1 and Tier 2, each without and with principal reduction."""
_UNITS = 10  # hundred-thousandths of a percent in a millionth


@dataclasses.dataclass(frozen=True)
class Terms:
    """Terms after a modification, in engine units: cents, hundred-thousandths of a percent, months.

    ``reached`` is False where the steps do not bring the payment to the target.
    """

    upb_after: int
    rate_after: int
    term_after: int
    principal_and_interest_after: int
    forbearance: int
    forgiveness: int
    reached: bool = True

    def inputs(self) -> dict[str, int]:
        """Return the terms by the names of the inputs."""
        found = dataclasses.asdict(self)
        del found["reached"]
        return found


def work_terms(
    row: pl.DataFrame, modification: Modification, program: Program, survey: int, gross: int | None = None
) -> Terms:
    """Work the terms of one loan.

    Args:
        row: inputs of one loan in engine units, with ``pi_before``.
        modification: which.
        program: the program's figures on the NPV date.
        survey: survey rate, millionths.
        gross: balance after capitalization, cents; None takes the input, or the sum of the terms given.

    Raises:
        CoverageError: the modification did not exist on the NPV date.
    """
    of = row.row(0, named=True)
    if gross is None:
        gross = of["capitalized_upb"] or of["upb_after"] + (of["forbearance"] or 0) + (of["forgiveness"] or 0)
    if (modification.tier2 and program.tier2 is None) or (modification.reduction and program.reduction is None):
        raise CoverageError(
            f"{PROGRAM} {TITLES[modification.name]}", of["npv_date"],
            hint="The program had no such modification on that day.",
        )  # fmt: skip
    return (
        _tier2(of, modification, program, survey, gross)
        if modification.tier2
        else _tier1(of, modification, program, survey, gross)
    )


def _array(value: int) -> np.typing.NDArray[np.int64]:
    return np.array([value], np.int64)


def _tier1(of: dict[str, int], modification: Modification, program: Program, survey: int, gross: int) -> Terms:
    own = program.tier1
    carry = of["association_dues"] + of["insurance"] + of["taxes"]
    target = (of["gross_income"] * own["target_ratio"] + WHOLE - 1) // WHOLE - carry
    resets = of["product"] == ADJUSTABLE and of["pi_before"] > of["principal_and_interest"]
    rate = of["reset_rate"] if resets and of["reset_rate"] is not None else of["rate"]
    law = (
        figures_of_the_law(program.reduction or own, True) if modification.reduction else figures_of_the_law(own, False)
    )
    step = own["rate_step"]
    cap = (2 * survey + step) // (2 * step) * step
    found = waterfall.tier1_array(
        _array(gross), _array(rate // _UNITS), _array(of["remaining_term"]), _array(own["lowest_rate"]),
        _array(own["longest_term"]), _array(of["property_value"]), _array(target), _array(1), _array(of["pi_before"]),
        _array(cap), _array(0), law,
    )[:, 0]  # fmt: skip
    forborne, forgiven = int(found[waterfall.FORBORNE]), int(found[waterfall.FORGIVEN])
    return Terms(
        upb_after=gross - forborne - forgiven,
        rate_after=int(found[waterfall.RATE]) * _UNITS,
        term_after=int(found[waterfall.TERM]),
        principal_and_interest_after=int(found[waterfall.PAYMENT]),
        forbearance=forborne,
        forgiveness=forgiven,
        reached=bool(found[waterfall.REACHED] == 1),
    )


def _tier2(of: dict[str, int], modification: Modification, program: Program, survey: int, gross: int) -> Terms:
    own = program.tier2
    assert own is not None  # noqa: S101  (checked by the caller)
    step = own["rate_step"]
    rate = (survey + step - 1) // step * step + own["risk_adjustment"]
    includes = modification.reduction or bool(own["tier2_trigger_includes_capitalized"])
    ratio = own["forbear_above"]
    if modification.reduction and program.reduction is not None:
        ratio = program.reduction["reduction_value_ratio"]
    found = waterfall.tier2_array(
        _array(gross), _array(gross if includes else of["upb"]), _array(rate), _array(own["term"]),
        _array(of["property_value"]), ratio, own["forbear_share"],
    )[:, 0]  # fmt: skip
    taken, payment = int(found[waterfall.T2_TAKEN]), int(found[waterfall.T2_PAYMENT])
    low, high = own["lowest_ratio"], own["highest_ratio"]
    housing = (payment + of["association_dues"] + of["insurance"] + of["taxes"]) * WHOLE
    reached = of["gross_income"] * low <= housing <= of["gross_income"] * high
    if "least_payment_cut" in own:
        largest = half_up_div(of["principal_and_interest"] * (WHOLE - own["least_payment_cut"]), WHOLE)
        reached = reached and payment <= largest
    return Terms(
        upb_after=gross - taken,
        rate_after=rate * _UNITS,
        term_after=own["term"],
        principal_and_interest_after=payment,
        forbearance=0 if modification.reduction else taken,
        forgiveness=taken if modification.reduction else 0,
        reached=reached,
    )
