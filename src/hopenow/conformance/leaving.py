"""Handlers of the options that leave the home, and of the money around them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from hopenow.conformance.handler import Handler, review_handler
from hopenow.conformance.kinds import Field
from hopenow.conformance.loans import NAMES, loan_fields
from hopenow.conformance.runs import Reviewed, Run, ratio
from hopenow.programs.conventional.process import incentive, sale_proceeds

ORDINARY: Mapping[str, Any] = {
    "borrower_response_package_complete": True,
    "permanent_change_of_station": False,
    "contribution_unlawful": False,
    "dislocation_allowance": False,
    "mitigating_relocation_order": False,
}
"""What goes without saying in a contribution case: evaluated on a package, and nobody was ordered to move."""

_WORDS: Mapping[str, str] = {
    "required_contribution": "contribution_minimum",
    "initial_request": "contribution_request",
    "relocation": "relocation_assistance",
    "incentive": "servicer_incentive",
    "owed": "amount_owed",
}
_MORE: Mapping[str, Field] = {
    "hti_pct": Field("ratio", "housing expense to gross income"),
    "waived": Field("flag", "a contribution is due by rule, but the request is too small to be made"),
}


def _leaving(run: Run, reviewed: Reviewed) -> Mapping[str, Any]:
    row, term = reviewed.row, reviewed.term
    required, request = term("contribution_required"), term("contribution_request")
    return {
        "hti_pct": ratio(row["housing_expense"], row["monthly_gross_income"]),
        "waived": None if required is None or request is None else required and request == 0,
    }


def _net(run: Run, reviewed: Reviewed) -> Mapping[str, Any]:
    proceeds, owed = reviewed.term("net_proceeds"), reviewed.term("amount_owed")
    return {**_leaving(run, reviewed), "recovery_pct": ratio(proceeds, owed)}


_SHORT_SALE = review_handler(
    "short_sale",
    "Short sale: criteria, contribution, proceeds",
    "short_sale",
    words={**_WORDS, "net": "net_proceeds", "costs": "sale_costs"},
    more={**_MORE, "recovery_pct": Field("ratio", "net proceeds to the amount owed")},
    work=_net,
    ordinary=ORDINARY,
    about="Any word of the loan. required_contribution is the hard minimum, initial_request what is asked for first.",
)
_RELEASE = review_handler(
    "mortgage_release",
    "Mortgage Release (deed-in-lieu): criteria and contribution",
    "mortgage_release",
    words=_WORDS,
    more=_MORE,
    work=_leaving,
    ordinary=ORDINARY,
    about="Any word of the loan.",
)


# --- contribution alone ---------------------------------------------------------------------------


def _contribution_values(run: Run) -> Mapping[str, Any]:
    values = {name: value for name, value in run.values.items() if name != "deficiency"}
    deficiency = run.get("deficiency")
    if deficiency is not None:
        # A sale that brings nothing leaves the whole balance unpaid.
        values |= {
            "interest_bearing_balance": deficiency,
            "note_rate": 0,
            "accrued_interest": 0,
            "sale_price": 0,
            "sale_commission": 0,
        }
    income = ("hti_pct", "housing_ratio_pct", "monthly_gross_income", *_words_of("monthly_gross_income"))
    if run.get(*income) is None and run.get("piti", "pi", "contractual_payment") is not None:
        # Such a case works out the request; that one is made at all is its premise.
        values["monthly_gross_income"] = 10 * run.get("piti", "pi", "contractual_payment")
        run.notes.append("income is not given; taken as high enough that a contribution is asked for")
    return values


def _words_of(fact: str) -> list[str]:
    return [word for word, other in NAMES.items() if other == fact]


_CONTRIBUTION = dataclasses.replace(
    review_handler(
        "short_sale_contribution",
        "Contribution asked for in a short sale or Mortgage Release",
        "short_sale",
        words={
            **_WORDS,
            "required": "contribution_required",
            "minimum": "contribution_minimum",
            "contribution": "contribution_request",
        },
        more=_MORE,
        work=_leaving,
        ordinary=ORDINARY,
        inputs={"deficiency": Field("money", "what the sale leaves unpaid; left out, it does not limit the request")},
        values=_contribution_values,
        about="Reserves and piti; deficiency and housing ratio (or income) where given.",
    ),
    needs=(
        ("non_retirement_reserves", *_words_of("liquid_reserves"), "liquid_reserves"),
        ("piti", "pi", "contractual_payment"),
    ),
)


# --- relocation assistance ------------------------------------------------------------------------


def _relocation_values(run: Run) -> Mapping[str, Any]:
    values = {name: value for name, value in run.values.items() if name != "contribution_required"}
    required = run.values.get("contribution_required")
    if required is False:
        values["contribution_unlawful"] = True
    elif required is True:
        # At no housing expense the ratio asks for a contribution.
        values |= {
            "liquid_reserves": 0,
            "monthly_principal_and_interest": 0,
            "monthly_taxes": 0,
            "monthly_gross_income": 1,
        }
    return values


_RELOCATION = review_handler(
    "relocation_assistance",
    "Relocation assistance of a short sale or Mortgage Release",
    "short_sale",
    words={"relocation": "relocation_assistance", "amount": "relocation_assistance"},
    ordinary=ORDINARY,
    inputs={"contribution_required": Field("flag", "a contribution is required by rule")},
    values=_relocation_values,
    about="principal_residence, contribution_required (or the facts that decide it), dla, other_aid.",
)

# --- arithmetic -----------------------------------------------------------------------------------

_SALE: Mapping[str, str] = {
    "price": "price",
    "commission": "commission",
    "closing": "closing_costs",
    "repairs": "repairs",
    "sub_liens": "subordinate_liens",
    "other": "other_costs",
    "paid_in_advance": "paid_in_advance",
    "upb": "balance",
    "interest": "interest",
    "advances": "advances",
}


def _proceeds(run: Run) -> Mapping[str, Any]:
    given = {_SALE[word]: value for word, value in run.values.items() if value is not None}
    balance = given.pop("balance", None)
    sale = sale_proceeds(balance=balance or 0, **given)
    found: dict[str, Any] = {"costs": sale.costs, "net": sale.net}
    if balance is not None:
        found |= {
            "owed": sale.owed,
            "deficiency": sale.deficiency,
            "recovery_pct": ratio(sale.net, sale.owed),
        }
    return found


_NET_PROCEEDS = Handler(
    option="short_sale_net_proceeds",
    title="Net proceeds and deficiency of a sale (arithmetic)",
    inputs={word: Field("money", name.replace("_", " ")) for word, name in _SALE.items()},
    outputs={
        "costs": Field("money", "all costs together"),
        "net": Field("money", "price less costs"),
        "owed": Field("money", "balance, interest and advances"),
        "deficiency": Field("money", "owed less net, not below zero"),
        "recovery_pct": Field("ratio", "net to owed"),
    },
    compute=_proceeds,
    law=None,
    labels=("arithmetic", "ss", "release"),
    needs=(("price",),),
)


def _housing_ratio(run: Run) -> Mapping[str, Any]:
    reviewed = run.review("imminent_default")
    expense, income = reviewed.row["housing_expense"], reviewed.row["monthly_gross_income"]
    return {"housing_expense": expense, "hti_pct": ratio(expense, income)}


_HOUSING_RATIO = Handler(
    option="housing_expense_to_income",
    title="Housing expense to income",
    inputs=loan_fields(),
    outputs={
        "housing_expense": Field("money", "principal, interest, taxes, insurance and dues"),
        "hti_pct": Field("ratio", "housing expense to gross income"),
    },
    compute=_housing_ratio,
    law="imminent_default",
    versions={"imminent-default.2018-12": ("imminent-default.2018-12", "imminent-default.2018-12-f")},
    labels=("ss", "release", "arithmetic"),
)

# --- imminent default -----------------------------------------------------------------------------


def _imminent(run: Run, reviewed: Reviewed) -> Mapping[str, Any]:
    row = reviewed.row
    return {
        "imminent_default": reviewed.term("met"),
        "hti_pct": ratio(row["housing_expense"], row["monthly_gross_income"]),
    }


_IMMINENT = review_handler(
    "imminent_default",
    "Imminent default",
    "imminent_default",
    more={
        "imminent_default": Field("flag", "the test is met; not determined where facts are missing"),
        "hti_pct": Field("ratio", "housing expense to gross income"),
    },
    work=_imminent,
    versions={"imminent-default.2018-12": ("imminent-default.2018-12", "imminent-default.2018-12-f")},
    about="Any word of the loan: days_delinquent, principal_residence, brp_complete, documents_age_days, "
    "reserves, hardship, hardship_documented, fico, fico_age_days, lates_in_6_months, housing_ratio_pct.",
)

# --- incentives -----------------------------------------------------------------------------------


def _incentives(run: Run) -> Mapping[str, Any]:
    found = incentive(
        run.get("workout") or "short_sale",
        run.program,
        run.date,
        days_delinquent=run.get("days_delinquent"),
        last_fee_date=run.get("last_fee_date"),
        months_to_close=run.get("months_to_close"),
        retention_paid=run.get("retention_paid"),
    )
    return {"incentive": found.amount}


_INCENTIVES = Handler(
    option="incentives",
    title="Servicer incentives",
    inputs={
        "date": Field("date", "day of completion"),
        "evaluation_date": Field("date", "the same as date"),
        "workout": Field("text", "option id; left out: short_sale"),
        "days_delinquent": Field("count", "days delinquent"),
        "last_fee_date": Field("event", "when the last such incentive was paid, or never"),
        "months_to_close": Field("count", "months from the last trial month to closing"),
        "retention_paid": Field("money", "incentives for keeping the home already paid on the loan"),
    },
    outputs={"incentive": Field("money", "amount")},
    compute=_incentives,
    law="process_dates",
    labels=("incentive.2023-10", "ss", "release"),
    dated_by=("date", "evaluation_date"),
)


HANDLERS = (
    _SHORT_SALE,
    _RELEASE,
    _CONTRIBUTION,
    _RELOCATION,
    _NET_PROCEEDS,
    _HOUSING_RATIO,
    _IMMINENT,
    _INCENTIVES,
)
