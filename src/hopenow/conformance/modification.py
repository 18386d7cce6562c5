"""Handlers of the Flex Modification: terms, forbearance limits, trial."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hopenow.conformance.handler import Handler, Pattern, review_handler
from hopenow.conformance.kinds import KINDS, Field
from hopenow.conformance.runs import Reviewed, Run, ratio, total
from hopenow.dates import add_months
from hopenow.errors import InputError
from hopenow.programs.conventional.process import (
    escrow_spread,
    trial_clocks,
    trial_payment_met,
    trial_schedule,
)

DISASTER_VERSIONS = {"flex.2017-10": ("dflex.2020-11",), "flex.2024-12": ("dflex.2024-12",)}

WORDS: Mapping[str, str] = {
    "total_arrearage": "arrearage",
    "gross_upb": "gross_balance",
    "rate_pct": "rate",
    "starting_rate_pct": "starting_rate",
    "term_months": "term",
    "starting_term_months": "starting_term",
    "pi": "principal_and_interest",
    "ib_upb": "interest_bearing_balance",
    "nib_upb": "deferred_balance",
    "forbearance": "forborne",
    "forborne_principal": "forborne",
    "target_pi": "target_payment",
    "pi_before_forbearance": "payment_before_forbearance",
    "caps.a": "limit_by_target",
    "caps.b": "limit_by_value",
    "caps.c": "limit_by_share",
    "cap_a": "limit_by_target",
    "cap_b": "limit_by_value",
    "cap_c": "limit_by_share",
    "new_payment": "payment_after",
    "first_payment_due": "first_payment_date",
    "modification_effective": "effective_date",
    "pi_reduction": "payment_change",
    "meets_target": "target_met",
    "offered": "offerable",
    "principal_forbearance": "forborne",
    "new_pi": "principal_and_interest",
    "post_mod_pi": "principal_and_interest",
    "mod_rate_pct": "rate",
    "new_rate_pct": "rate",
    "new_term_months": "term",
    "first_due": "first_payment_date",
}
MORE: Mapping[str, Field] = {
    "mtmltv_pct": Field("loan_to_value", "balance after capitalization to value"),
    "ltv_on_ib_pct": Field("loan_to_value", "interest-bearing balance after the modification to value"),
    "ib_mtmltv_pct": Field("loan_to_value", "the same as ltv_on_ib_pct"),
    "pi_reduction_pct": Field("ratio", "fall of principal and interest; negative where it rises"),
    "reduction_pct": Field("ratio", "the same as pi_reduction_pct"),
    "housing_expense": Field("money", "new payment with escrow, shortage and dues"),
    "hti_pct": Field("ratio", "housing_expense to gross income"),
    "trial_due": Field("date", "due dates of the trial payments", "list"),
    "binding_cap": Field("text", "a (payment target), b (value), c (share of the balance) or none"),
    "ib_floor": Field("money", "interest-bearing balance at which limit b is reached"),
    "late_charges_waived": Field("money", "late charges that the modification waives"),
    "pi_increases": Field("flag", "principal and interest would rise"),
}
BINDING = {"payment target": "a", "property value": "b", "share of the balance": "c", "none": "none"}


def _figures(run: Run, reviewed: Reviewed) -> dict[str, Any]:
    row, term = reviewed.row, reviewed.term
    value, gross = row["valuation__value"], term("gross_balance")
    on_interest_bearing = ratio(term("interest_bearing_balance"), value)
    old, new = row["monthly_principal_and_interest"], term("principal_and_interest")
    reduction = ratio(None if old is None or new is None else old - new, old)
    expense = total(term("payment_after"), row["monthly_dues"] or 0)
    start, months = term("trial_start"), term("trial_months")
    by_value = term("limit_by_value")
    binding = term("binding_limit")
    return {
        "mtmltv_pct": ratio(gross, value),
        "ltv_on_ib_pct": on_interest_bearing,
        "ib_mtmltv_pct": on_interest_bearing,
        "pi_reduction_pct": reduction,
        "reduction_pct": reduction,
        "housing_expense": expense,
        "hti_pct": ratio(expense, row["monthly_gross_income"]),
        "trial_due": None if start is None or months is None else [add_months(start, month) for month in range(months)],
        "binding_cap": None if binding is None else BINDING[binding],
        "ib_floor": None if by_value is None or gross is None else gross - by_value,
        "late_charges_waived": row["late_charges"] if row["late_charges"] is not None else 0,
        "pi_increases": None if old is None or new is None else new > old,
    }


def _trial_reading(run: Run) -> dict[str, Any]:
    months = run.get("trial_months")
    return {} if months is None else {"trial_months": months, "trial_months_long": months}


def _modification(word: str, title: str, option: str, versions: Mapping[str, tuple[str, ...]]) -> Handler:
    return review_handler(
        word,
        title,
        option,
        words=WORDS,
        more=MORE,
        work=_figures,
        readings=_trial_reading,
        inputs={"trial_months": Field("count", "trial payments, where the servicer's plan differs from the rule")},
        versions=versions,
        about="Any word of the loan. The terms need balance, rate, payment, remaining term, delinquency (ddlpi, "
        "next_due_date or months_unpaid) and value; the posted rate is looked up where it is left out.",
    )


# --- forbearance limits alone ---------------------------------------------------------------------

_CAPS = {
    "mtmltv_pct": MORE["mtmltv_pct"],
    "cap_b": Field("money", "balance less the protected share of the value"),
    "cap_c": Field("money", "largest forborne share of the balance"),
    "caps.b": Field("money", "the same as cap_b"),
    "caps.c": Field("money", "the same as cap_c"),
    "ib_floor": MORE["ib_floor"],
    "forbearance_possible": Field("flag", "the ratio to value is high enough for any forbearance"),
}


def _caps(run: Run) -> Mapping[str, Any]:
    """Run the waterfall on a loan whose target no forbearance reaches, so that the other limits show."""
    gross = run.get("gross_upb")
    stand_in = {
        "interest_bearing_balance": gross,
        "accrued_interest": 0,
        "note_rate": 0,
        "published_modification_rate": 0,
        "monthly_principal_and_interest": 1,
        "remaining_term": 1,
        "months_delinquent": 1,
    }
    reviewed = run.review("flex_modification", {"property_value": run.get("property_value"), **stand_in})
    by_value, by_share = reviewed.term("limit_by_value"), reviewed.term("limit_by_share")
    run.notes.append(
        "the limits by value and share do not depend on rate, term and payment; stand-ins are used for these"
    )
    return {
        "mtmltv_pct": ratio(reviewed.term("gross_balance"), reviewed.row["valuation__value"]),
        "cap_b": by_value,
        "cap_c": by_share,
        "caps.b": by_value,
        "caps.c": by_share,
        "ib_floor": None if by_value is None else gross - by_value,
        "forbearance_possible": None
        if reviewed.term("binding_limit") is None
        else reviewed.term("binding_limit") != "none",
    }


def _caps_handler(word: str) -> Handler:
    return Handler(
        option=word,
        title="Flex Modification: limits of forbearance by value and share",
        inputs={
            "evaluation_date": Field("date", "evaluation date"),
            "gross_upb": Field("money", "balance after capitalization"),
            "property_value": Field("money", "value of the property"),
        },
        outputs=_CAPS,
        compute=_caps,
        law="flex_modification",
        needs=(("gross_upb",), ("property_value",)),
    )


# --- trial ----------------------------------------------------------------------------------------

_RECEIVED = re.compile(r"received_(?P<day>\d{4}-\d{2}-\d{2})_(?P<amount>\d+\.\d{2})", re.ASCII)
_TRIAL_IN = {
    "evaluation_notice_sent": Field("date", "when the Evaluation Notice goes out"),
    "evaluation_date": Field("date", "evaluation date, where the notice's is not given"),
    "trial_months": Field("count", "trial payments; left out, the rule for the delinquency decides"),
    "days_delinquent": Field("count", "days delinquent at the evaluation"),
    "delinquent_31_plus": Field("flag", "31 or more days delinquent at the evaluation"),
    "current": Field("flag", "nothing is past due"),
    "processing_month": Field("flag", "a month is put between trial and modification"),
    "pi": Field("money", "estimated modified principal and interest"),
    "ti_monthly": Field("money", "taxes and insurance per month"),
    "tax_monthly": Field("money", "taxes per month"),
    "hoi_monthly": Field("money", "insurance per month"),
    "other_escrow_monthly": Field("money", "other escrow items per month"),
    "escrow_shortage": Field("money", "escrow shortage"),
    "trial_due": Field("date", "due date of the one trial payment that the case is about"),
    "trial_amount": Field("money", "amount of that payment"),
    "zero_tolerance": Field("flag", "whether any shortage of a payment fails it; left out: true, noted as a reading"),
}
_TRIAL_OUT = {
    "trial_months": Field("count", "trial payments"),
    "trial_due": Field("date", "due dates", "list"),
    "trial_start": Field("date", "first day"),
    "trial_end": Field("date", "last day of the last trial month"),
    "trial_payment": Field("money", "payment with escrow and shortage"),
    "escrow_shortage_monthly": Field("money", "shortage as spread, per month"),
    "modification_effective": Field("date", "when the modification takes effect"),
    "effective_date": Field("date", "the same as modification_effective"),
    "first_payment_due": Field("date", "first modified due date"),
    "rate_change_date": Field("date", "when the new rate begins"),
    "paid_by": Field("date", "last day on which each trial payment is in time", "list"),
    "close_by": Field("date", "last day of closing for the servicer's incentive"),
    "custodian_by": Field("date", "custodian's copy"),
}


def _trial_length(run: Run, rules: Any) -> int | None:
    if run.get("trial_months") is not None:
        return int(run.get("trial_months"))
    limit = rules.figure("trial_long_below_days")
    if run.values.get("delinquent_31_plus") is not None:
        short = bool(run.values["delinquent_31_plus"])
    elif run.get("days_delinquent") is not None or run.values.get("current") is not None:
        days = 0 if run.values.get("current") else run.get("days_delinquent")
        if days is None:
            return None
        short = days >= limit
    else:
        return None
    return int(rules.figure("trial_months" if short else "trial_months_long"))


def _trial(run: Run) -> Mapping[str, Any]:
    found: dict[str, Any] = dict(_payments(run))
    notice = run.get("evaluation_notice_sent", "evaluation_date")
    rules = run.rulebook("flex_modification")
    months = _trial_length(run, rules)
    if notice is not None and months is not None:
        processing = bool(run.values.get("processing_month"))
        plan = trial_schedule(notice, months, processing, rules.figure("notice_day"))
        clocks = trial_clocks(run.program, notice, months, processing_month=processing)
        by_name = {clock.name: clock.due for clock in clocks}
        found |= {
            "trial_due": list(plan.due),
            "trial_start": plan.start,
            "trial_end": plan.end,
            "modification_effective": plan.effective_date,
            "effective_date": plan.effective_date,
            "first_payment_due": plan.first_payment_due,
            "rate_change_date": plan.rate_change_date,
            "paid_by": [clock.due for clock in clocks if clock.name == "trial_payment"],
            "close_by": by_name.get("close_for_incentive"),
            "custodian_by": by_name.get("modification_custodian_copy"),
        }
    return {**found, "trial_months": months, **_trial_amounts(run)}


def _trial_amounts(run: Run) -> Mapping[str, Any]:
    shortage = run.get("escrow_shortage")
    monthly = 0
    if shortage is not None:
        monthly = escrow_spread(run.program, shortage, run.date).monthly
    if run.get("pi") is None:
        return {"escrow_shortage_monthly": monthly if shortage is not None else None}
    parts = [run.get(name) or 0 for name in ("pi", "ti_monthly", "tax_monthly", "hoi_monthly", "other_escrow_monthly")]
    return {"trial_payment": sum(parts) + monthly, "escrow_shortage_monthly": monthly}


def _payments(run: Run) -> Mapping[str, Any]:
    """Judge the payments that the outputs name."""
    found: dict[str, Any] = {}
    for name in run.wanted:
        match = _RECEIVED.fullmatch(name)
        if match is None:
            continue
        due, amount = run.get("trial_due"), run.get("trial_amount")
        if due is None or amount is None:
            raise InputError("trial_due and trial_amount are missing; they say which payment was to be made")
        strict = run.values.get("zero_tolerance", True) is not False
        paid = KINDS["money"].read(match["amount"])
        met = trial_payment_met(due, amount, KINDS["date"].read(match["day"]), paid, zero_tolerance=strict)
        if strict and paid < amount and "zero_tolerance" not in run.values:
            run.notes.append(
                "reading: a short trial payment fails (zero tolerance; not stated by the Guide, unverified)"
            )
        found[name] = {True: "met", False: "failed", None: "open"}[met]
    return found


_TRIAL = Handler(
    option="flex_modification_trial",
    title="Flex Modification: trial period plan",
    inputs=_TRIAL_IN,
    outputs=_TRIAL_OUT,
    compute=_trial,
    law="flex_modification",
    needs=(("evaluation_notice_sent", "evaluation_date", "trial_due", "pi"),),
    dated_by=("evaluation_date", "evaluation_notice_sent"),
    output_patterns=(
        Pattern(
            "received_<date>_<amount>",
            _RECEIVED,
            Field("text", "met, failed, or open where the rules leave it open"),
        ),
    ),
    about="Schedule of a trial, its payment, or the judgment on single payments.",
)

HANDLERS = (
    _modification("flex_modification", "Flex Modification: terms and criteria", "flex_modification", {}),
    _modification(
        "flex_modification_disaster",
        "Flex Modification after a disaster",
        "disaster_flex_modification",
        DISASTER_VERSIONS,
    ),
    _modification(
        "disaster_flex_modification",
        "Flex Modification after a disaster",
        "disaster_flex_modification",
        DISASTER_VERSIONS,
    ),
    _caps_handler("flex_modification_forbearance_cap_b"),
    _caps_handler("flex_modification_forbearance_cap_c"),
    _caps_handler("flex_modification_forbearance_caps"),
    _TRIAL,
)
