"""FHA terms once more, slowly: written from the rules' text, with exact integers and fractions, one loan at a time.

A loan is a mapping of facts as the engine names them: money in whole cents, rates in millionths, ``None`` for "not
known". Nothing of the package is imported.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle.basics import NEVER, add_months, floor, half_up, interest, payment, present_value

Loan = Mapping[str, Any]
Answer = dict[str, Any]

PERMANENT = date(2025, 10, 1)
HAMP_FIRST = date(2009, 8, 15)
HAMP_SECOND = date(2013, 2, 15)
HAMP_END = date(2025, 9, 30)
RECOVERY = date(2021, 7, 23)
FORTY_YEARS = date(2022, 4, 18)
RECOVERY_FOR_ALL = date(2023, 4, 30)
SUPPLEMENT = date(2025, 1, 1)


def _rate(ppm: int) -> Decimal:
    """Percent a year from millionths."""
    return Decimal(ppm) / 10_000


def _zero(value: int | None) -> int:
    return 0 if value is None else value


# --- definitions ----------------------------------------------------------------------------------


def regular_payment(loan: Loan) -> int | None:
    """Principal, interest and escrow a month."""
    if loan["buydown_payment"] is not None:
        return int(loan["buydown_payment"])
    parts = [loan["monthly_principal_and_interest"], loan["monthly_taxes"], loan["monthly_insurance"]]
    if any(part is None for part in parts):
        return None
    return sum(parts) + _zero(loan["monthly_mortgage_insurance"])


def escrow(loan: Loan) -> int | None:
    """Taxes, insurance and mortgage insurance a month."""
    if loan["monthly_taxes"] is None or loan["monthly_insurance"] is None:
        return None
    return int(loan["monthly_taxes"] + loan["monthly_insurance"] + _zero(loan["monthly_mortgage_insurance"]))


def claim_basis(loan: Loan) -> int | None:
    """UPB at the default of the first outstanding claim; without one, at the present default."""
    paid, repaid = loan["fha_partial_claims"], loan["fha_partial_claims_repaid"]
    if paid is None or (paid > 0 and repaid is None):
        return None
    if paid > 0 and paid - repaid > 0:
        found = loan["fha_balance_at_first_claim_default"]
    elif loan["fha_balance_at_default"] is not None:
        found = loan["fha_balance_at_default"]
    else:
        found = loan["interest_bearing_balance"]
    return None if found is None else int(found)


def claims_counted(loan: Loan) -> int | None:
    """Earlier claims that still take room."""
    paid, repaid = loan["fha_partial_claims"], loan["fha_partial_claims_repaid"]
    frees = loan["fha_repaid_claims_free_room"]
    if paid == 0:
        return 0
    if paid is None or repaid == 0:
        return None if paid is None else int(paid)
    if frees is None:
        return None
    if not frees:
        return int(paid)
    return None if repaid is None else int(paid - repaid)


def capacity(loan: Loan, share: str) -> int | None:
    """``share * PC_basis`` rounded down, less earlier claims; never negative."""
    basis, used = claim_basis(loan), claims_counted(loan)
    if basis is None or used is None:
        return None
    return max(floor(Fraction(share) * basis) - used, 0)


def arrears(loan: Loan, counted: str) -> int | None:
    """What is past due, never with late charges."""
    months = loan["months_delinquent"]
    if months is None:
        owed = None
    elif counted == "full payments":
        whole = regular_payment(loan)
        owed = None if whole is None else months * whole
    elif counted == "installments":
        part = loan["monthly_principal_and_interest"]
        owed = None if part is None else months * part + _zero(loan["escrow_advances"])
    else:
        owed = None
    if counted == "interest":
        due = loan["accrued_interest"]
        if due is None and None not in (months, loan["interest_bearing_balance"], loan["note_rate"]):
            due = interest(loan["interest_bearing_balance"], _rate(loan["note_rate"]), months)
        owed = None if due is None else due + _zero(loan["escrow_advances"])
    if owed is None:
        return None
    costs = _zero(loan["fha_cancelled_foreclosure_costs"])
    return max(owed + costs - _zero(loan["borrower_contribution"]), 0)


def nearest_eighth(rate: Fraction) -> Fraction:
    """The nearest multiple of 0.125, a half upward."""
    return Fraction(math.floor(rate * 8 + Fraction(1, 2)), 8)


def market_rate(survey: str, margin: str) -> Decimal:
    """Survey rate plus margin to the nearest eighth, percent."""
    found = nearest_eighth(Fraction(survey) + Fraction(margin))
    return Decimal(found.numerator) / Decimal(found.denominator)


# --- terms ----------------------------------------------------------------------------------------


def modification(balance: int, rate: int, target: int, terms: tuple[int, ...]) -> Answer:
    """The first term whose payment is at most the target; else the last."""
    for term in terms:
        new = payment(balance, _rate(rate), term)
        if new <= target:
            return {"term": term, "principal_and_interest": new, "new_balance": balance, "target_met": True}
    return {"term": terms[-1], "principal_and_interest": new, "new_balance": balance, "target_met": False}


def combination(
    upb: int, past_due: int, room: int, rate: int, target: int, terms: tuple[int, ...], step: int, term_first: bool
) -> Answer:
    """Claim for arrears, then for principal, as the pseudo-code for option 5 says."""
    first_claim = min(past_due, room)
    leftover = past_due - first_claim

    def answer(term: int, deferred: int, met: bool) -> Answer:
        modified = upb + leftover - deferred
        return {
            "term": term,
            "claim_for_arrears": first_claim,
            "principal_deferred": deferred,
            "claim_amount": first_claim + deferred,
            "new_balance": modified,
            "principal_and_interest": payment(modified, _rate(rate), term),
            "target_met": met,
        }

    def needed(term: int) -> int:
        supported = present_value(target, _rate(rate), term, "floor")
        supported -= supported % step
        return max(0, upb + leftover - supported)

    if term_first:
        for term in terms:
            if needed(term) == 0:
                return answer(term, 0, True)
    for term in terms:
        if first_claim + needed(term) <= room:
            return answer(term, needed(term), True)
    return answer(terms[-1], min(room - first_claim, upb + leftover), False)


def supplement(loan: Loan, past_due: int, room: int) -> Answer:
    """Option 6: the monthly help and the second loan at its end."""
    level = loan["monthly_principal_and_interest"]
    rate = _rate(loan["note_rate"])
    ledger = loan["interest_bearing_balance"]
    part = 0
    for _ in range(loan["months_delinquent"] + 1):
        part = level - half_up(Fraction(ledger) * Fraction(rate) / 1200)
        ledger -= part
    left = max(room - past_due, 0)
    share = floor(Fraction(level) / 4)
    monthly = max(min(share, part, left // 36), 0)
    return {
        "by_share": share,
        "by_room": left // 36,
        "principal_part": part,
        "least": max(-(-level * 5 // 100), 2000),
        "monthly_help": monthly,
        "claim_amount": past_due + 36 * monthly,
    }


def hamp_target(loan: Loan, first_form: bool) -> int | None:
    """Target for the payment with escrow."""
    income, present = loan["monthly_gross_income"], regular_payment(loan)
    if income is None:
        return None
    by_income = half_up(Fraction(31, 100) * income)
    if first_form:
        return by_income
    if present is None:
        return None
    return min(by_income, max(half_up(Fraction(25, 100) * income), half_up(Fraction(80, 100) * present)))


def repayment_plan(loan: Loan) -> Answer:
    """Arrears over the months asked for, or over the fewest that the household can pay."""
    owed, regular = arrears(loan, "full payments"), regular_payment(loan)
    months = loan["fha_requested_plan_months"]
    able = loan["monthly_capacity"]
    if months is None and None not in (owed, regular, able) and able > regular:
        months = -(-owed // (able - regular))
    if owed is None or not months or months < 1:
        return {"arrears": owed, "installment": None, "last_installment": None, "payment": None}
    each = half_up(Fraction(owed, months))
    return {
        "arrears": owed,
        "installment": each,
        "last_installment": owed - each * (months - 1),
        "payment": None if regular is None else regular + each,
    }


def _missing(*values: object) -> bool:
    return any(value is None for value in values)


def all_terms(loan: Loan, highest: int | None) -> dict[str, Answer]:
    """Terms of every option of the loan's day; an option whose terms cannot be known maps to an empty answer.

    Args:
        loan: facts.
        highest: highest allowed rate by the survey, millionths.
    """
    day = loan["evaluation_date"]
    upb, level = loan["interest_bearing_balance"], loan["monthly_principal_and_interest"]
    offered = loan["fha_modified_rate"] if loan["fha_modified_rate"] is not None else highest
    target = None if level is None else floor(Fraction(75, 100) * level)
    found: dict[str, Answer] = {"fha_repayment_plan": repayment_plan(loan)}

    def claim(share: str, counted: str) -> Answer:
        owed = arrears(loan, counted)
        return {"arrears": owed, "capacity": capacity(loan, share), "claim_amount": owed}

    def alone(counted: str, rate: int | None, goal: int | None, terms: tuple[int, ...]) -> Answer:
        owed = arrears(loan, counted)
        if _missing(upb, owed, rate, goal):
            return {}
        return modification(upb + owed, rate or 0, goal or 0, terms)

    def both(
        counted: str, share: str, rate: int | None, goal: int | None, terms: tuple[int, ...], step: int = 1
    ) -> Answer:
        owed, room = arrears(loan, counted), capacity(loan, share)
        if _missing(upb, owed, room, rate, goal):
            return {}
        results = [
            combination(upb, owed or 0, room or 0, rate or 0, goal or 0, terms, step, order) for order in (False, True)
        ]
        chosen = results[loan["fha_combination_order"] == "term_first" and len(terms) > 1]
        return {**chosen, "order_matters": len(terms) > 1 and results[0] != results[1]}

    if day >= HAMP_FIRST:
        room = capacity(loan, "0.30")
        found["fha_capacity"] = {"basis": claim_basis(loan), "used": claims_counted(loan), "capacity": room}
    if day >= PERMANENT:
        found["fha_partial_claim"] = claim("0.30", "installments")
        found["fha_modification"] = alone("interest", offered, target, (360, 480))
        found["fha_combination"] = both("installments", "0.30", offered, target, (360, 480))
    if RECOVERY <= day <= HAMP_END:
        share = "0.30" if day >= RECOVERY_FOR_ALL else "0.25"
        terms = (360, 480) if day >= FORTY_YEARS else (360,)
        found["fha_covid_partial_claim"] = claim(share, "installments")
        found["fha_covid_modification"] = both("installments", share, offered, target, terms)
        found["fha_covid_advance_modification"] = alone("interest", offered, target, (360,))
    if day >= SUPPLEMENT:
        owed = arrears(loan, "installments")
        if _missing(owed, room, upb, level, loan["note_rate"], loan["months_delinquent"]):
            found["fha_payment_supplement"] = {}
        else:
            found["fha_payment_supplement"] = supplement(loan, owed or 0, room or 0)
    total, held = hamp_target(loan, HAMP_FIRST <= day < HAMP_SECOND), escrow(loan)
    goal = None if total is None or held is None else max(total - held, 0)
    if HAMP_FIRST <= day < HAMP_SECOND:
        rate = loan["fha_modified_rate"]
        if rate is None and loan["fha_treasury_rate"] is not None:
            rate = loan["fha_treasury_rate"] + 20_000
        found["fha_hamp_combination"] = both("full payments", "0.30", rate, goal, (360,), step=100)
    if HAMP_SECOND <= day <= HAMP_END:
        rate = loan["fha_modified_rate"]
        found["fha_hamp_partial_claim"] = claim("0.30", "full payments")
        found["fha_hamp_modification"] = alone("interest", rate, goal, (360,))
        found["fha_hamp_combination"] = both("full payments", "0.30", rate, goal, (360,))
    return found


# --- the timing fence -----------------------------------------------------------------------------


def date_of_default(first_unpaid: date) -> date:
    """Thirty days after the first uncorrected failure."""
    return first_unpaid + timedelta(days=30)


def act_by(first_unpaid: date) -> date:
    """Six months after the date of default (203.355(a))."""
    return add_months(date_of_default(first_unpaid), 6)


def act_by_extended(
    first_unpaid: date, bar: date | None, sale: date | None, forbearance: date | None, workout: date | None
) -> date:
    """The latest of the general limit and its extensions (203.355(c), (g), (h), (i))."""
    days = [act_by(first_unpaid)]
    days += [day + timedelta(days=90) for day in (bar, sale, forbearance) if day is not None and day != NEVER]
    if workout is not None and workout != NEVER:
        days.append(act_by(first_unpaid) + timedelta(days=90))
    return max(days)


def may_start(installments: int, waived: bool) -> bool:
    """203.606(a) and (b), the count only."""
    return installments >= 3 or waived
