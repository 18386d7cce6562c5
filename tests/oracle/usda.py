"""Slow, independent answers for USDA, Section 184 and assistance funds, from the reference text alone.

Money is whole cents, rates millionths a year. Terms are found month by month; nothing is shared with the kernels.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from tests.oracle.basics import ceiling, floor, half_up

MILLION = 1_000_000


def monthly_rate(rate: int) -> Fraction:
    return Fraction(rate, MILLION * 12)


def level_payment(balance: int, rate: int, term: int) -> int:
    """Half-up payment, in decimals with many places."""
    if rate == 0:
        return half_up(Fraction(balance, term))
    with localcontext() as context:
        context.prec = 60
        r = Decimal(rate) / (MILLION * 12)
        grown = (1 + r) ** term
        exact: Decimal = balance * r * grown / (grown - 1)
        return int((exact + Decimal("0.5")).to_integral_value(rounding="ROUND_FLOOR"))


def annuity(payment: int, rate: int, term: int, up: bool) -> int:
    """Present value of payments, rounded up or down to the cent."""
    if rate == 0:
        return payment * term
    with localcontext() as context:
        context.prec = 60
        r = Decimal(rate) / (MILLION * 12)
        exact: Decimal = payment * (1 - (1 + r) ** -term) / r
        return int(exact.to_integral_value(rounding="ROUND_CEILING" if up else "ROUND_FLOOR"))


def first_term(balance: int, rate: int, target: int, first: int, last: int) -> int | None:
    """The first of the terms whose payment is at most the target, tried one after the other."""
    if target < 0:
        return None
    with localcontext() as context:
        context.prec = 60
        r = Decimal(rate) / (MILLION * 12)
        limit = Decimal(target) + Decimal("0.5")
        grown = (1 + r) ** (first - 1)
        for term in range(first, last + 1):
            grown *= 1 + r
            # Without interest the balance is spread evenly; else the annuity's payment is compared, crosswise.
            shares = (Decimal(balance), limit * term) if rate == 0 else (balance * r * grown, limit * (grown - 1))
            if shares[0] < shares[1]:
                return term
    return None


def past_due(loan: dict[str, Any]) -> int:
    """Payments missed and costs, less what the borrower brings; no late charges."""
    missed = loan["months_delinquent"] * (
        loan["monthly_principal_and_interest"] + loan["monthly_taxes"] + loan["monthly_insurance"]
    )
    costs = loan["servicing_advances"] + loan.get("usda_past_due_annual_fees", 0)
    return max(missed + costs - loan["borrower_contribution"], 0)


def capitalized_balance(loan: dict[str, Any]) -> int:
    """Balance with interest, advances and annual fees added."""
    interest = half_up(loan["interest_bearing_balance"] * monthly_rate(loan["note_rate"]) * loan["months_delinquent"])
    added = (
        interest
        + loan["escrow_advances"]
        + loan["servicing_advances"]
        + loan.get("usda_past_due_annual_fees", 0)
        - loan["borrower_contribution"]
    )
    return int(loan["interest_bearing_balance"] + max(added, 0))


def advance_room(basis: int, earlier: int) -> int:
    """30 % of the balance at default, less earlier advances."""
    return max(floor(Fraction(30, 100) * basis) - earlier, 0)


def special_servicing(loan: dict[str, Any], round_term: str = "up") -> dict[str, Any]:
    """7 CFR 3555.304 as it stood to 2025-02-10."""
    escrow = loan["monthly_taxes"] + loan["monthly_insurance"]
    income = loan["monthly_gross_income"]
    room = advance_room(loan["usda_balance_at_default"], loan["usda_prior_recovery_advances"])
    found: dict[str, Any] = {"advance_room": room}
    if loan["monthly_principal_and_interest"] + escrow <= Fraction(31, 100) * income:
        return {
            **found,
            "note_changed": False,
            "advance": past_due(loan),
            "set_aside": 0,
            "principal_and_interest": loan["monthly_principal_and_interest"],
            "term": loan["remaining_term"],
            "rate": loan["note_rate"],
        }
    rate = min(loan["note_rate"], loan["usda_maximum_rate"])
    balance = capitalized_balance(loan)
    target = max(ceiling(Fraction(31, 100) * income) - escrow, 0)
    term, aside = first_term(balance, rate, target, 1, 480), 0
    if term is None:
        aside = min(max(balance - annuity(target, rate, 480, up=True), 0), room)
        term = 480
    elif round_term == "down" and term > 1 and level_payment(balance, rate, term) < target:
        term -= 1
    return {
        **found,
        "note_changed": True,
        "advance": aside,
        "set_aside": aside,
        "principal_and_interest": level_payment(balance - aside, rate, term),
        "term": term,
        "rate": rate,
    }


def combined_waterfall(loan: dict[str, Any]) -> dict[str, Any]:
    """The rules from 2025-02-11: term by single months to 480, then an advance."""
    rate = min(loan["note_rate"], loan["usda_maximum_rate"])
    balance = capitalized_balance(loan)
    cut = Fraction(loan["usda_payment_reduction_target"], MILLION)
    target = floor(loan["monthly_principal_and_interest"] * (1 - cut))
    term = first_term(balance, rate, target, min(max(loan["remaining_term"], 1), 480), 480)
    room = advance_room(loan["usda_balance_at_default"], loan["usda_prior_recovery_advances"])
    wanted = max(balance - annuity(target, rate, 480, up=False), 0)
    advance = min(wanted, room)
    return {
        "target": target,
        "met": term is not None,
        "term": term or 480,
        "payment": level_payment(balance, rate, term or 480),
        "advance": advance,
        "advance_payment": level_payment(balance - advance, rate, 480),
    }


def long_note(loan: dict[str, Any], term: int) -> int:
    """Payment of the capitalized balance over a given term."""
    return level_payment(capitalized_balance(loan), min(loan["note_rate"], loan["usda_maximum_rate"]), term)


def repayment(loan: dict[str, Any]) -> dict[str, int]:
    """The shortest agreement that the household can pay, at most three months."""
    regular = loan["monthly_principal_and_interest"] + loan["monthly_taxes"] + loan["monthly_insurance"]
    owed = past_due(loan)
    months = next((n for n in range(1, 4) if regular + ceiling(Fraction(owed, n)) <= loan["monthly_capacity"]), 3)
    return {"arrears": owed, "months": months, "installment": ceiling(Fraction(owed, months))}


def section_184_modification(loan: dict[str, Any]) -> dict[str, int]:
    """24 CFR 1005.749: the whole payment falls by the greater of 10 % and $100, within 30 years."""
    escrow = loan["monthly_taxes"] + loan["monthly_insurance"]
    before = loan["monthly_principal_and_interest"] + escrow
    cut = max(ceiling(Fraction(10, 100) * before), 100_00)
    rate = min(loan["note_rate"], loan["section_184_maximum_rate"])
    balance = capitalized_balance(loan)
    target = min(before - cut, loan["monthly_capacity"]) - escrow
    term = first_term(balance, rate, target, 1, 360) or 360
    return {
        "needed_cut": cut,
        "term": term,
        "principal_and_interest": level_payment(balance, rate, term),
        "lowest_payment": level_payment(balance, rate, 360) + escrow,
    }


def fund_award(loan: dict[str, Any], low: int, high: int, future: int) -> dict[str, Any]:
    """Need within a cap that may be one of two."""
    regular = loan["monthly_principal_and_interest"] + loan["monthly_taxes"] + loan["monthly_insurance"]
    owed = max(
        loan["months_delinquent"] * regular
        + loan["late_charges"]
        + loan["servicing_advances"]
        - loan["borrower_contribution"],
        0,
    )
    need = owed + future * regular
    return {
        "arrears": owed,
        "need": need,
        "award": min(need, low),
        "award_possible": min(need, high),
        "covers_arrears": True if owed <= low else False if owed > high else None,
    }
