"""Handlers of published cases on government-insured and guaranteed loans, in the words of their sources.

Any option of these programs can be asked for by its own name (see :mod:`hopenow.conformance.options`); these handlers
are for cases that speak otherwise.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import polars as pl

from hopenow.conformance.handler import Handler
from hopenow.conformance.kinds import Field
from hopenow.conformance.runs import Run, ratio
from hopenow.errors import InputError
from hopenow.law import segments
from hopenow.programs.fha.incentives import accrued_share
from hopenow.programs.registry import program
from hopenow.programs.usda.rd_hamp import share_of_year
from hopenow.programs.va.maximum_rate import NAME as VA_RATE
from hopenow.programs.va.maximum_rate import round_to_step

COMBINATION = "fha_hamp_combination"

# --- FHA-HAMP of 2009 -----------------------------------------------------------------------------

_COMBINATION_IN: Mapping[str, Field] = {
    "evaluation_date": Field("date", "day whose rules apply; left out: both ends of the rules that the case is about"),
    "upb_at_default": Field("money", "principal balance at default"),
    "monthly_pi": Field("money", "principal and interest"),
    "monthly_escrow_incl_mip": Field("money", "escrow payment with mortgage insurance"),
    "monthly_total_payment": Field("money", "the whole payment; must be the sum of both"),
    "full_payments_past_due": Field("count", "unpaid installments"),
    "arrearage": Field("money", "what is past due; must be the unpaid installments"),
    "gross_monthly_income": Field("money", "income before taxes"),
    "other_recurring_debt": Field("money", "other monthly debts"),
    "modified_rate_pct": Field("rate", "rate of the modified note"),
    "modified_term_months": Field("count", "term of the modified note; must be the rule's own"),
    "front_end_target_pct": Field("rate", "target of the whole payment to income; must be the rule's own"),
    "back_end_cap_pct": Field("rate", "limit of all debts to income; must be the rule's own"),
    "partial_claim_cap_pct": Field("rate", "limit of claims to the balance; must be the rule's own"),
    "foreclosure_costs": Field("money", "costs of a foreclosure that was stopped"),
}
_COMBINATION_OUT: Mapping[str, Field] = {
    "target_total_payment": Field("money", "whole payment at the target"),
    "target_pi": Field("money", "principal and interest at the target"),
    "new_mortgage_amount": Field("money", "balance that the target payment carries"),
    "principal_deferment": Field("money", "principal moved to the partial claim"),
    "back_end_ratio_pct": Field("ratio", "whole payment and other debts to income"),
    "back_end_ok": Field("flag", "within the limit"),
    "max_principal_deferment": Field("money", "most principal that may be moved"),
    "partial_claim_total": Field("money", "partial claim: principal and arrears"),
}
_SAME_AS_LAW = {
    "modified_term_months": "term",
    "front_end_target_pct": "target_share",
    "back_end_cap_pct": "back_end_most",
    "partial_claim_cap_pct": "cap_share",
}


def _combination_facts(run: Run) -> dict[str, Any]:
    escrow, total, payment = (run.get(f"monthly_{name}") for name in ("escrow_incl_mip", "total_payment", "pi"))
    if total is not None and total != escrow + payment:
        raise InputError("monthly_total_payment is not the sum of monthly_pi and monthly_escrow_incl_mip")
    return {
        "evaluation_date": run.get("evaluation_date"),
        "loan_type": "fha",
        "lien_position": 1,
        "amortization_type": "fixed",
        "interest_bearing_balance": run.get("upb_at_default"),
        "fha_balance_at_default": run.get("upb_at_default"),
        "monthly_principal_and_interest": payment,
        "monthly_taxes": escrow,
        "monthly_insurance": 0,
        "monthly_mortgage_insurance": 0,
        "months_delinquent": run.get("full_payments_past_due"),
        "monthly_gross_income": run.get("gross_monthly_income"),
        "fha_other_monthly_debt": run.get("other_recurring_debt"),
        "fha_modified_rate": run.get("modified_rate_pct"),
        "fha_cancelled_foreclosure_costs": run.get("foreclosure_costs"),
        "fha_partial_claims": 0,
        "fha_partial_claims_repaid": 0,
        "borrower_contribution": 0,
        "escrow_advances": 0,
        "servicing_advances": 0,
        "deferred_balance": 0,
    }


def _combination(run: Run) -> Mapping[str, Any]:
    facts = _combination_facts(run)
    reviewed = run.review_facts(COMBINATION, facts)
    _agree_with_the_law(run, reviewed.parameters)
    arrears = reviewed.term("arrears")
    if run.get("arrearage") is not None and run.get("arrearage") != arrears:
        raise InputError(f"arrearage is not the sum of the unpaid installments ({arrears / 100:.2f})")
    debts = reviewed.term("target_total"), facts["fha_other_monthly_debt"]
    whole = None if None in debts else sum(debts)
    failed = "FHA-H-BACK" in (*reviewed.failed, *reviewed.conditions)
    return {
        "target_total_payment": reviewed.term("target_total"),
        "target_pi": reviewed.term("target_payment"),
        "new_mortgage_amount": reviewed.term("new_balance"),
        "principal_deferment": reviewed.term("principal_deferred"),
        "back_end_ratio_pct": ratio(whole, facts["monthly_gross_income"]),
        "back_end_ok": None if "FHA-H-BACK" in reviewed.unknown else not failed,
        "max_principal_deferment": reviewed.term("most_deferred"),
        "partial_claim_total": reviewed.term("claim_amount"),
    }


def _agree_with_the_law(run: Run, parameters: Mapping[str, int]) -> None:
    findings = [
        f"{word} is not the figure of the rules in force ({parameters[name]})"
        for word, name in _SAME_AS_LAW.items()
        if run.get(word) is not None and run.get(word) != parameters[name]
    ]
    if findings:
        raise InputError("the case rests on other figures than the law; say so in readings", findings)


# --- rate ceiling of 2009 -------------------------------------------------------------------------


def _ceiling(run: Run) -> Mapping[str, Any]:
    year, month = (int(part) for part in run.get("month").split("-"))
    facts = {
        "evaluation_date": datetime.date(year, month, 1),
        "loan_type": "fha",
        "fha_treasury_rate": run.get("cmt_10y_monthly_avg_pct"),
    }
    reviewed = run.review_facts(COMBINATION, facts)
    margin = reviewed.parameters["rate_margin"]
    if run.get("margin_bp") is not None and run.get("margin_bp") * _PER_BASIS_POINT != margin:
        raise InputError(f"margin_bp is not the figure of the rules in force ({margin // _PER_BASIS_POINT})")
    return {"max_rate_pct": reviewed.term("rate")}


_PER_BASIS_POINT = 100


# --- incentive, rounding --------------------------------------------------------------------------


def _share(run: Run) -> Mapping[str, Any]:
    timely, months, good = (run.get(n) for n in ("timely_payments_in_year", "months_in_year", "loan_in_good_standing"))
    try:
        share = accrued_share(timely, good) if run.program == "fha" else share_of_year(timely)
    except ValueError as error:
        raise InputError(str(error)) from None
    if run.program == "usda" and not good:
        share = Fraction(0)
    if months is not None and share and share * months != timely:
        raise InputError("a year has twelve months")
    return {"share_of_annual_incentive": share}


def _rounded(run: Run) -> Mapping[str, Any]:
    option = next(item for item in program("va").options if item.id == VA_RATE)
    parameters = segments(option.law, "va")[-1].parameters
    whole = run.get("margin_pct") + run.get("index_pct")
    rounded = round_to_step(pl.lit(whole, pl.Int64), parameters["rate_step"], parameters.word("index_rounding"))
    return {"rounded_rate_pct": pl.select(rounded).item()}


HANDLERS = (
    Handler(
        option="fha_hamp_combination_mod_and_partial_claim",
        title="FHA-HAMP of 2009: combined modification and partial claim",
        inputs=_COMBINATION_IN,
        outputs=_COMBINATION_OUT,
        compute=_combination,
        law=None,
        programs=("fha",),
        prose_version=True,
        needs=tuple((name,) for name in ("upb_at_default", "monthly_pi", "monthly_escrow_incl_mip")),
        about="The same as the option `fha_hamp_combination` of the program `fha`, in the words of the letter.",
    ),
    Handler(
        option="fha_modification_maximum_rate_2009_rule",
        title="FHA-HAMP of 2009: highest rate of the modified note",
        inputs={
            "cmt_10y_monthly_avg_pct": Field("rate", "monthly average of the ten-year Treasury rate"),
            "month": Field("text", "month whose rules apply, as '2009-10'"),
            "margin_bp": Field("count", "margin in hundredths of a percent; must be the rule's own"),
        },
        outputs={"max_rate_pct": Field("rate", "highest rate")},
        compute=_ceiling,
        law=None,
        programs=("fha",),
        prose_version=True,
        dated_by=(),
        needs=(("cmt_10y_monthly_avg_pct",), ("month",)),
    ),
    Handler(
        option="pay_for_performance_incentive",
        title="Treasury's reward for paying on time (FHA-HAMP and RD-HAMP): the share of a year that is earned",
        inputs={
            "timely_payments_in_year": Field("count", "months paid on time"),
            "months_in_year": Field("count", "twelve"),
            "loan_in_good_standing": Field("flag", "good standing was never lost"),
        },
        outputs={"share_of_annual_incentive": Field("fraction", "part of the yearly incentive")},
        compute=_share,
        law=None,
        programs=("fha", "usda"),
        prose_version=True,
        dated_by=(),
        needs=(("timely_payments_in_year",), ("loan_in_good_standing",)),
    ),
    Handler(
        option="rounding_to_nearest_one_eighth",
        title="VA: index and margin rounded to the nearest eighth of a percent",
        inputs={"margin_pct": Field("rate", "margin"), "index_pct": Field("rate", "index")},
        outputs={"rounded_rate_pct": Field("rate", "rounded rate")},
        compute=_rounded,
        law=None,
        programs=("va",),
        prose_version=True,
        dated_by=(),
        needs=(("margin_pct",), ("index_pct",)),
        about="With the step and the way of rounding of `va_maximum_rate`.",
    ),
)
