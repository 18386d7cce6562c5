"""Conventional workouts computed a second time: slow, literal, in exact integers, without the engine.

Every function takes one case as a mapping and returns a dictionary. Money is whole cents (``int``), rates and
shown percentages are ``Decimal`` percent, exact ratios are ``Fraction``, dates are ``datetime.date``.
A missing key that has no default raises ``KeyError``. Where the guides leave a choice open, the choice is a
keyword argument whose docstring says which reading is the default.

Rules: Fannie Mae Servicing Guide D2-3.2-01 to -06, D2-3.3-01, D2-3.3-02, F-1-27, F-2-02, B-1-01; Freddie Mac
Guide 9206.1 and Bulletin 2023-8. Identifiers such as FB-5 are those of the program rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle.basics import (
    ROUND,
    add_business_days,
    add_months,
    ceiling,
    due_dates_until,
    floor,
    half_up,
    interest,
    month_end,
    months_delinquent,
    months_to_amortize,
    payment,
    percent,
    present_value,
    share_percent,
    whole_months,
)
from tests.oracle.conventional_rules import RULES, determination, eligibility

__all__ = [
    "RULES",
    "deferral_room",
    "delinquent_interest",
    "determination",
    "eligibility",
    "escrow_shortage_payment",
    "flex_2017",
    "flex_2024",
    "flex_2024_disaster",
    "forbearance",
    "forbearance_caps",
    "incentive",
    "modification_interest",
    "payment_deferral",
    "reinstatement",
    "release_clocks",
    "relocation_assistance",
    "repayment_plan",
    "short_sale_clocks",
    "short_sale_contribution",
    "short_sale_net_proceeds_freddie_mac",
    "short_sale_proceeds",
    "solicitation_clocks",
    "starting_term",
    "target_payment",
    "trial_months",
    "trial_payment_met",
    "trial_schedule",
]

Case = Mapping[str, Any]


# --- shared pieces --------------------------------------------------------------------------------


def escrow_shortage_payment(shortage: int, months: int = 60) -> int:
    """Monthly part of an escrow shortage, half-up (B-1-01: 60 equal months, never fewer than 12)."""
    if months < 12:
        raise ValueError("an escrow shortage is spread over at least 12 months")
    return half_up(Fraction(shortage, months))


def delinquent_interest(balance: int, rate: Decimal | str, last_paid: date, rate_change: date) -> int:
    """Interest from the due date of the last paid installment to the rate change date, rounded once."""
    return interest(balance, rate, whole_months(last_paid, rate_change))


def trial_months(days_delinquent: int) -> int:
    """FM-T1: 3 trial payments when at least 31 days delinquent at evaluation, else 4."""
    return 3 if days_delinquent >= 31 else 4


def trial_schedule(notice_date: date, months: int, processing_month: bool = False) -> dict[str, Any]:
    """FM-T2, FM-T11, FM-T12: trial due dates and the dates of the modification.

    The first payment is due on the 1st of the next month when the notice goes out by the 15th (included),
    else one month later. ``effective_date`` is the first modified due date; the new rate starts one month
    earlier, and delinquent interest runs to that day. A processing month moves everything after the trial
    by a month.
    """
    first = add_months(notice_date.replace(day=1), 1 if notice_date.day <= 15 else 2)
    due = [add_months(first, k) for k in range(months)]
    effective = add_months(first, months + (1 if processing_month else 0))
    return {
        "trial_due": due,
        "trial_start": first,
        "trial_end": month_end(due[-1]),
        "effective_date": effective,
        "first_payment_due": effective,
        "rate_change_date": add_months(effective, -1),
    }


def trial_payment_met(due: date, amount: int, received: date, paid: int, tolerance: int = 0) -> bool:
    """FM-T4, FM-T5: in by the last day of its month, and short by no more than ``tolerance`` cents."""
    return received <= month_end(due) and paid >= amount - tolerance


# --- Flex Modification ----------------------------------------------------------------------------


def modification_interest(case: Case) -> tuple[int, int | None]:
    """Interest to capitalize and the months it covers.

    Keys: ``delinquent_interest`` (taken as given; months ``None``), or ``interest_bearing_balance``,
    ``interest_rate_before`` (default ``note_rate``), ``last_paid_installment_date`` and either
    ``rate_change_date`` or ``notice_date`` with ``trial_months`` and ``processing_month``.
    """
    if case.get("delinquent_interest") is not None:
        return case["delinquent_interest"], None
    change = case.get("rate_change_date")
    if change is None:
        change = _schedule(case)["rate_change_date"]
    months = whole_months(case["last_paid_installment_date"], change)
    rate = case.get("interest_rate_before", case["note_rate"])
    return interest(case["interest_bearing_balance"], rate, months), months


def _schedule(case: Case) -> dict[str, Any]:
    months = case["trial_months"] if "trial_months" in case else trial_months(case["days_delinquent"])
    return trial_schedule(case["notice_date"], months, case.get("processing_month", False))


def _capitalize(case: Case) -> dict[str, Any]:
    """Step 1: gross = IB + existing NIB + interest + third-party advances - contribution - buydown funds."""
    interest_due, months = modification_interest(case)
    arrearage = (
        interest_due
        + case.get("escrow_advances", 0)
        + case.get("servicing_advances", 0)
        + case.get("other_capitalized", 0)
        - case.get("borrower_contribution", 0)
        - case.get("buydown_funds", 0)
    )
    gross = case["interest_bearing_balance"] + case.get("deferred_balance", 0) + arrearage
    mtmltv = Fraction(gross, case["property_value"])
    return {
        "delinquent_interest": interest_due,
        "interest_months": months,
        "total_arrearage": arrearage,
        "gross_balance": gross,
        "mtmltv": mtmltv,
        "mtmltv_truncated": share_percent(mtmltv, rounding="floor"),
        "mtmltv_rounded": share_percent(mtmltv),
    }


def target_payment(old: int, mode: str = "two_decimal") -> int:
    """Largest payment in cents that meets the 20% target, found by stepping down cent by cent.

    ``two_decimal``: the reduction in percent, rounded half-up to 2 decimals, is at least 20.01.
    ``strict_cent``: strictly below 80% of the old payment. ``at_least``: not above 80% (rules before
    2024-12).
    """
    tests: dict[str, Callable[[int], bool]] = {
        "two_decimal": lambda new: share_percent(old - new, old) >= Decimal("20.01"),
        "strict_cent": lambda new: 100 * new < 80 * old,
        "at_least": lambda new: 100 * new <= 80 * old,
    }
    new = old * 80 // 100 + 1
    while new > 0 and not tests[mode](new):
        new -= 1
    return new


def starting_term(case: Case, tolerance: Decimal = Decimal("0.01"), reading: str = "formula") -> int:
    """Remaining term before extension.

    ``formula`` (F-1-27 as of SVC-2025-02): months that amortize the balance before modification at the
    contract rate with the contract payment, rounded up after subtracting ``tolerance``; the contractual
    remaining term where the formula gives more, or the payment does not amortize. ``contractual``: the
    remaining term as given.
    """
    contractual: int = case["remaining_term"]
    if reading == "contractual":
        return contractual
    exact = months_to_amortize(
        case["interest_bearing_balance"], case["note_rate"], case["monthly_principal_and_interest"]
    )
    if exact is None:
        return contractual
    return min(contractual, max(1, ceiling(Fraction(exact - tolerance))))


def forbearance_caps(gross: int, value: int, target_balance: int, rounding: str = "floor") -> dict[str, int]:
    """Step 5 from 2024 on: ``a`` reaches the target, ``b`` leaves 50% of value, ``c`` is 30% of gross."""
    to_cent = ROUND[rounding]
    return {
        "a": gross - target_balance,
        "b": to_cent(gross - Fraction(value, 2)),
        "c": to_cent(Fraction(gross * 30, 100)),
    }


def _rate_at_start(case: Case, high_ltv: bool, edition: int, low_ltv_arm_capped: bool = True) -> Decimal:
    """Step 2. ``edition`` is 2024 or 2017; ``high_ltv`` matters in 2017 only."""
    contract = percent(case["note_rate"])
    final = case.get("rate_is_final", True)
    if final and (edition == 2024 or not high_ltv):
        return contract
    posted = _posted(case)
    if final:
        return min(contract, posted)
    ceiling_rate = case.get("rate_ceiling")
    cap = None if ceiling_rate is None else percent(ceiling_rate)
    if edition == 2017 and high_ltv:
        return posted if cap is None else min(posted, cap)
    rate = max(contract, posted)
    return min(rate, cap) if cap is not None and low_ltv_arm_capped else rate


def _posted(case: Case) -> Decimal:
    """The posted modification interest rate; a refusal when it is needed and not known."""
    posted = case.get("modification_rate")
    if posted is None:
        raise ValueError("no modification interest rate covers the evaluation date, and the answer needs one")
    return percent(posted)


def flex_2024(
    case: Case,
    *,
    target_mode: str = "two_decimal",
    pv_rounding: str = "half_up",
    cap_rounding: str = "floor",
    part_step: bool = True,
    term_reading: str = "formula",
    term_tolerance: Decimal = Decimal("0.01"),
) -> dict[str, Any]:
    """Flex Modification terms in force from 2024-12-01 (F-1-27, 9206.1(c)).

    Keys: ``interest_bearing_balance``, ``note_rate`` (contract rate in force at evaluation),
    ``monthly_principal_and_interest``, ``remaining_term``, ``property_value``, ``days_delinquent`` (needed
    when the target is missed); the keys of :func:`modification_interest`; optional ``deferred_balance``,
    ``escrow_advances``, ``servicing_advances``, ``other_capitalized``, ``borrower_contribution``,
    ``buydown_funds``, ``rate_is_final`` (default true), ``rate_ceiling`` (lifetime cap or final step),
    ``modification_rate``; for the monthly payment ``monthly_taxes``, ``monthly_insurance``,
    ``monthly_dues``, ``escrow_shortage`` (spread over 60 months) or ``escrow_shortage_monthly``,
    ``monthly_gross_income``; for the dates ``notice_date``, ``trial_months``, ``processing_month``.

    Switches: ``target_mode`` see :func:`target_payment`; ``pv_rounding`` half_up | floor for the balance
    under cap a; ``cap_rounding`` floor | half_up for caps b and c; ``part_step`` whether the last rate step
    may be shorter than 0.125 to land on the posted rate; ``term_reading`` and ``term_tolerance`` see
    :func:`starting_term`. A starting term above 480 months is left as it is.
    """
    out = _capitalize(case)
    gross, mtmltv = out["gross_balance"], out["mtmltv"]
    old = case["monthly_principal_and_interest"]
    target = target_payment(old, target_mode)
    start = starting_term(case, term_tolerance, term_reading)
    rate, term = _rate_at_start(case, False, 2024), start
    pi = payment(gross, rate, term)
    steps = [("capitalized", rate, term, pi)]

    if mtmltv >= Fraction(1, 2) and pi > target:
        posted = _posted(case)
        while pi > target and rate > posted:
            lower = rate - Decimal("0.125")
            if lower < posted:
                if not part_step:
                    break
                lower = posted
            rate = lower
            pi = payment(gross, rate, term)
            steps.append(("rate", rate, term, pi))

    while pi > target and term < 480:
        term += 1
        pi = payment(gross, rate, term)
        steps.append(("term", rate, term, pi))

    before_forbearance, forborne = pi, 0
    binding: str | None = None
    caps: dict[str, int] | None = None
    if pi > target and mtmltv > Fraction(1, 2):
        caps = forbearance_caps(
            gross, case["property_value"], present_value(target, rate, term, pv_rounding), cap_rounding
        )
        forborne = max(0, min(caps.values()))
        binding = next(name for name in "abc" if caps[name] == min(caps.values()))
        pi = payment(gross - forborne, rate, term)
        steps.append(("forbearance", rate, term, pi))

    out |= {
        "starting_term": start,
        "target_payment": target,
        "rate": rate,
        "term": term,
        "payment_before_forbearance": before_forbearance,
        "caps": caps,
        "binding_cap": binding,
        "forborne": forborne,
    }
    return _finish(case, out, pi, old, pi <= target, steps)


def flex_2024_disaster(case: Case, **switches: Any) -> dict[str, Any]:
    """FD-6: the disaster variant has other eligibility rules and the same terms."""
    return flex_2024(case, **switches)


def _finish(
    case: Case, out: dict[str, Any], pi: int, old: int, met: bool, steps: list[Any]
) -> dict[str, Any]:
    """Step 6 (the payment must not rise) and what is shown: balances, ratios, payment with escrow, dates."""
    balance = out["gross_balance"] - out["forborne"]
    if met or pi < old:
        offer = True
    elif pi > old:
        offer = False
    else:  # the same payment is enough only from 31 days delinquent on
        offer = True if out.get("edition") == 2017 else case["days_delinquent"] >= 31
    shortage = case.get("escrow_shortage_monthly")
    if shortage is None:
        shortage = escrow_shortage_payment(case.get("escrow_shortage", 0))
    escrow = sum(case.get(k, 0) for k in ("monthly_taxes", "monthly_insurance", "monthly_dues"))
    out |= {
        "payment": pi,
        "target_met": met,
        "offer": offer,
        "interest_bearing_balance": balance,
        "deferred_balance": out["forborne"],
        "ltv_on_interest_bearing_truncated": share_percent(balance, case["property_value"], rounding="floor"),
        "ltv_on_interest_bearing_rounded": share_percent(balance, case["property_value"]),
        "reduction": Fraction(old - pi, old),
        "reduction_rounded": share_percent(old - pi, old),
        "monthly_payment": pi + escrow + shortage,
        "steps": steps,
    }
    if case.get("monthly_gross_income"):
        # Official samples cannot tell whether the shortage belongs here; the rule for ratios leaves it out.
        out["housing_expense_ratio"] = share_percent(pi + escrow, case["monthly_gross_income"])
    if "notice_date" in case:
        out |= _schedule(case)
        out["maturity_date"] = add_months(out["first_payment_due"], out["term"] - 1)
    return out


def flex_2017(
    case: Case,
    *,
    covid: bool = False,
    target_mode: str = "at_least",
    pv_rounding: str = "half_up",
    cap_rounding: str = "floor",
    low_ltv_arm_capped: bool = False,
    forbearance_reading: str = "sequence",
    forbear_when_met: bool = True,
) -> dict[str, Any]:
    """Flex Modification terms of 2017-10-01 to 2024-11-30, by readings that no primary text confirms.

    Keys as :func:`flex_2024`, and ``brp_complete``, ``monthly_gross_income`` when under 90 days delinquent.

    Every step is applied in full (rate, then 480 months, then forbearance); the target only sizes the part of
    the forbearance below 100% of value. Readings and their switches:

    1. High LTV means MTMLTV of at least 80%. Fixed or final rate: the lesser of contract and posted rate at
       high LTV, else the contract rate. Not final: the lesser of posted rate and cap (or final step) at
       high LTV, else the greater of contract and posted rate, limited to the cap only with
       ``low_ltv_arm_capped``.
    2. ``covid``: the high-LTV rate rule applies at any MTMLTV (2021-06-30 to 2023); nothing else changes.
    3. Term straight to 480 months, even when a shorter one meets the target; never shortened.
    4. ``forbearance_reading``: ``sequence`` first to 100% MTMLTV or 30% of gross, whichever is less, then
       more, down to 80% MTMLTV and within 30% in total, as far as the target needs; ``to_100`` the first
       part only; ``to_80`` the second part only. All need MTMLTV of at least 80%. ``forbear_when_met``: the
       first part is given even when rate and term already meet the target.
    5. Target: ``target_mode`` (default: a reduction of exactly 20% is enough), and, when under 90 days
       delinquent with a complete response package, housing expense (without escrow shortage) of at most 40%
       of income.
    6. Offered when the payment does not rise; missing the target alone is no bar.
    """
    out = _capitalize(case)
    gross, value, old = out["gross_balance"], case["property_value"], case["monthly_principal_and_interest"]
    high = out["mtmltv"] >= Fraction(80, 100)
    rate = _rate_at_start(case, high or covid, 2017, low_ltv_arm_capped)
    term = max(480, case["remaining_term"])
    target = target_payment(old, target_mode)
    if case["days_delinquent"] < 90 and case["brp_complete"]:
        escrow = sum(case.get(k, 0) for k in ("monthly_taxes", "monthly_insurance", "monthly_dues"))
        target = min(target, max(0, floor(Fraction(case["monthly_gross_income"] * 40, 100)) - escrow))
    pi = payment(gross, rate, term)
    steps = [("rate and term", rate, term, pi)]

    before_forbearance, first, more = pi, 0, 0
    to_cent = ROUND[cap_rounding]
    thirty = to_cent(Fraction(gross * 30, 100))
    if high and forbearance_reading in {"sequence", "to_100"} and (forbear_when_met or pi > target):
        first = max(0, min(gross - value, thirty))
        pi = payment(gross - first, rate, term)
        steps.append(("forbearance to 100%", rate, term, pi))
    if high and forbearance_reading in {"sequence", "to_80"} and pi > target:
        needed = gross - present_value(target, rate, term, pv_rounding)
        total = max(first, min(needed, to_cent(gross - Fraction(value * 80, 100)), thirty))
        more = total - first
        pi = payment(gross - total, rate, term)
        steps.append(("forbearance to target", rate, term, pi))

    out |= {
        "edition": 2017,
        "target_payment": target,
        "rate": rate,
        "term": term,
        "payment_before_forbearance": before_forbearance,
        "forborne_first": first,
        "forborne_more": more,
        "forborne": first + more,
    }
    return _finish(case, out, pi, old, pi <= target, steps)


# --- payment deferral -----------------------------------------------------------------------------

DEFERRAL_LIMIT = {"pd.2020-07": 2, "pd.2023-10": 6, "dpd": 12}
DEFERRAL_LIFE_LIMIT = {"pd.2020-07": None, "pd.2023-10": 12, "dpd": None}


def deferral_room(
    months_delinquent: int, previously_deferred: int = 0, rule_set: str = "pd.2023-10"
) -> dict[str, Any]:
    """PD-7, PD-9, PD-T4, DD-T2: how many installments can be deferred, and whether one is to be paid first.

    ``previously_deferred`` counts months under non-disaster deferrals only.
    """
    once, life = DEFERRAL_LIMIT[rule_set], DEFERRAL_LIFE_LIMIT[rule_set]
    room = once if life is None else min(once, max(0, life - previously_deferred))
    deferrable = min(months_delinquent, room)
    excess = months_delinquent - deferrable
    return {
        "max_deferrable_now": deferrable,
        "excess_installments": excess,
        "payment_required_first": rule_set != "pd.2020-07" and (excess > 0 or months_delinquent == once),
    }


def payment_deferral(case: Case) -> dict[str, Any]:
    """Balances, payment and dates after a (disaster) payment deferral: PD-T1 to PD-T9, DD-T1.

    Keys: ``monthly_principal_and_interest``, ``deferred_payments``; optional ``interest_bearing_balance``
    with ``note_rate`` (for the split of interest and principal), ``deferred_balance``, ``escrow_advances``,
    ``servicing_advances``, ``other_costs``, ``borrower_contribution``, ``late_charges``,
    ``escrow_shortage``, ``escrow_shortage_monthly``, ``monthly_escrow``, ``next_due_date``,
    ``maturity_date``, ``remaining_term``, ``evaluation_date``, ``processing_month``, ``investor``
    (``fannie_mae`` default | ``freddie_mac``), ``rule_set``.

    The interest of each deferred installment is rounded on its own, half-up, as in the payment schedule.
    Fannie Mae: effective on the 1st of the month after the month of completion; Freddie Mac: on the due
    date of the last deferred installment.
    """
    n, pi = case["deferred_payments"], case["monthly_principal_and_interest"]
    limit = DEFERRAL_LIMIT[case.get("rule_set", "pd.2023-10")]
    advances = case.get("escrow_advances", 0) + case.get("servicing_advances", 0) + case.get("other_costs", 0)
    contribution = case.get("borrower_contribution", 0)
    new_deferred = n * pi + advances - contribution
    shortage = case.get("escrow_shortage_monthly")
    if shortage is None:
        shortage = escrow_shortage_payment(case.get("escrow_shortage", 0))
    out: dict[str, Any] = {
        "within_limit": 1 <= n <= limit,
        "new_deferred": new_deferred,
        "deferred_balance": case.get("deferred_balance", 0) + new_deferred,
        "late_charges_waived": case.get("late_charges", 0),
        "escrow_shortage_monthly": shortage,
        "payment": pi,
        "monthly_payment": pi + case.get("monthly_escrow", 0) + shortage,
    }
    if case.get("interest_bearing_balance") is not None:
        balance, interest_sum = case["interest_bearing_balance"], 0
        for _ in range(n):
            charge = interest(balance, case["note_rate"], 1)
            interest_sum += charge
            balance -= pi - charge
        out |= {
            "deferred_interest": interest_sum,
            "deferred_principal": n * pi - interest_sum,
            "total_arrearage": interest_sum + advances - contribution,
            "interest_bearing_balance": balance,
            "gross_balance": balance + out["deferred_balance"],
            "rate": percent(case["note_rate"]),
        }
    if "remaining_term" in case:
        out["remaining_term"] = case["remaining_term"] - n
    if "maturity_date" in case:
        out["maturity_date"] = case["maturity_date"]
    if "next_due_date" in case:
        out["next_due_date"] = add_months(case["next_due_date"], n)
    if case.get("investor") == "freddie_mac":
        if "next_due_date" in case:
            out["effective_date"] = add_months(case["next_due_date"], n - 1)
    elif "evaluation_date" in case:
        done = add_months(case["evaluation_date"].replace(day=1), 1 if case.get("processing_month") else 0)
        effective = add_months(done, 1)
        out |= {
            "effective_date": effective,
            "case_entry_by": month_end(case["evaluation_date"]),
            "activity_report_by": add_business_days(month_end(done), -1),
            "agreement_sent_by": effective + timedelta(days=5),
            "custodian_by": effective + timedelta(days=25),
        }
    return out


# --- repayment plan, reinstatement ----------------------------------------------------------------


def reinstatement(case: Case) -> dict[str, Any]:
    """What brings the loan current on ``as_of``, and what a partial reinstatement leaves.

    Keys: ``next_due_date``, ``as_of``, ``contractual_payment`` (principal, interest and escrow); optional
    ``late_charges``, ``advances``, ``costs``, ``unapplied_funds``, ``amount_offered``.
    """
    unpaid = due_dates_until(case["next_due_date"], case["as_of"])
    amount = (
        len(unpaid) * case["contractual_payment"]
        + case.get("late_charges", 0)
        + case.get("advances", 0)
        + case.get("costs", 0)
        - case.get("unapplied_funds", 0)
    )
    offered = case.get("amount_offered")
    return {
        "unpaid_due_dates": unpaid,
        "amount": max(0, amount),
        "full": None if offered is None else offered >= amount,
        "left_for_plan": None if offered is None else max(0, amount - offered),
    }


def repayment_plan(case: Case) -> dict[str, Any]:
    """RP-2, RP-3, RP-T1 to RP-T3: every plan length and the shortest one that fits.

    Keys: ``contractual_payment``; ``arrears``, or ``unpaid_installments`` with optional ``late_charges``
    and ``unapplied_funds``; optional ``capacity`` (largest total monthly payment), ``max_months`` (12). The
    installment is rounded up; the last one takes the rest. A length at which nothing would be left for the
    last installment is no plan. ``reasons`` holds all failures: ``over 150%``, ``over capacity``.
    """
    contractual = case["contractual_payment"]
    arrears = case.get("arrears")
    if arrears is None:
        arrears = (
            case["unpaid_installments"] * contractual
            + case.get("late_charges", 0)
            - case.get("unapplied_funds", 0)
        )
    capacity = case.get("capacity")
    plans: dict[int, dict[str, Any]] = {}
    for n in range(1, case.get("max_months", 12) + 1):
        extra = ceiling(Fraction(arrears, n))
        last = arrears - (n - 1) * extra
        if last <= 0:
            continue
        total = contractual + extra
        reasons = []
        if 2 * total > 3 * contractual:
            reasons.append("over 150%")
        if capacity is not None and total > capacity:
            reasons.append("over capacity")
        plans[n] = {
            "installment": extra,
            "last_installment": last,
            "total": total,
            "percent": share_percent(total, contractual),
            "ok": not reasons,
            "reasons": reasons,
        }
    chosen = next((n for n, plan in plans.items() if plan["ok"]), None)
    return {
        "arrears": arrears,
        "limit": Fraction(3 * contractual, 2),
        "plans": plans,
        "term": chosen,
        "affordable": chosen is not None,
    }


# --- forbearance ----------------------------------------------------------------------------------


def forbearance(case: Case) -> dict[str, Any]:
    """FB-5 to FB-8: the longest term from ``start``, found by adding one month after another.

    Keys: ``rule_set`` (``fb.pre-2026-05`` | ``fb.2026-05``), ``start`` (first day of this term);
    ``next_due_date`` (oldest unpaid installment) or ``months_delinquent`` on the day before ``start``;
    optional ``initial_start`` (first day of the first term, default ``start``), ``mbs_loan`` with
    ``last_scheduled_payment_date``, ``without_contact`` (FB-D), ``requested_months``.

    No installment is taken to be paid during the plan, even with reduced payments. A term of n months ends
    on the day before ``start`` + n months; months of a term are counted to the day after its last one.
    """
    start = case["start"]
    initial = case.get("initial_start", start)
    longest = {"fb.2026-05": 3, "fb.pre-2026-05": 6}[case["rule_set"]]
    length_rule = {"fb.2026-05": "FB-5", "fb.pre-2026-05": "FB-5-old"}[case["rule_set"]]

    def state(n: int) -> dict[str, Any]:
        end = add_months(start, n) - timedelta(days=1)
        if "next_due_date" in case:
            behind = months_delinquent(case["next_due_date"], end)
        else:
            first_in_term = start if start.day == 1 else add_months(start.replace(day=1), 1)
            behind = case["months_delinquent"] + months_delinquent(first_in_term, end)
        broken = []
        if n > longest:
            broken.append(length_rule)
        if whole_months(initial, end + timedelta(days=1)) > 12:
            broken.append("FB-6")
        if behind > 12:
            broken.append("FB-7")
        if case.get("mbs_loan") and end > case["last_scheduled_payment_date"]:
            broken.append("FB-8")
        if case.get("without_contact") and n > 3:
            broken.append("FB-D")
        return {
            "term_end": end,
            "cumulative_months": whole_months(initial, end + timedelta(days=1)),
            "months_delinquent_at_end": behind,
            "broken": broken,
        }

    allowed = 0
    while not state(allowed + 1)["broken"]:
        allowed += 1
    best = state(allowed)
    out = {
        "max_months": allowed,
        "term_end": best["term_end"] if allowed else None,
        "cumulative_months": best["cumulative_months"],
        "months_delinquent_at_end": best["months_delinquent_at_end"],
        "binding": state(allowed + 1)["broken"],
    }
    if "requested_months" in case:
        asked = state(case["requested_months"])
        out |= {
            "requested_allowed": not asked["broken"],
            "requested_broken": asked["broken"],
            "requested_term_end": asked["term_end"],
            "requested_cumulative_months": asked["cumulative_months"],
            "requested_months_delinquent_at_end": asked["months_delinquent_at_end"],
        }
    return out


# --- leaving the home -----------------------------------------------------------------------------


def short_sale_contribution(
    case: Case, *, round_to_hundred: bool = False, required: bool | None = None
) -> dict[str, Any]:
    """SC-1 to SC-7, SS-8: whether a borrower contribution is asked for, how much, and what must be given.

    Keys: ``non_retirement_reserves``; ``monthly_housing_payment``, or ``monthly_principal_and_interest`` with
    ``monthly_taxes``, ``monthly_insurance``, ``monthly_dues``; ``deficiency`` (``None``: no cap);
    optional ``monthly_gross_income``, ``contribution_unlawful``, ``evaluated_without_brp``, ``military_pcs``,
    ``days_delinquent``, ``contribution_offered``, ``investor``.

    Order of steps: 20% of reserves (half-up) or 4 payments, whichever is more; limit to the deficiency;
    waive under $500; only then, with ``round_to_hundred``, round half-up to $100 (never above the
    deficiency). ``required`` overrides the trigger (for published arithmetic that ignores it). ``required``
    in the answer is ``None`` when income is missing and could decide. ``minimum`` is what cannot be
    negotiated away: for Freddie Mac 20% of reserves; for Fannie Mae that only when under 60 days
    delinquent, else 0.
    """
    freddie = case.get("investor") == "freddie_mac"
    reserves = case["non_retirement_reserves"]
    housing = case.get("monthly_housing_payment")
    if housing is None:
        housing = sum(
            case.get(k, 0)
            for k in (
                "monthly_principal_and_interest",
                "monthly_taxes",
                "monthly_insurance",
                "monthly_dues",
            )
        )
    income = case.get("monthly_gross_income")
    excused = any(
        case.get(k, False) for k in ("contribution_unlawful", "evaluated_without_brp", "military_pcs")
    )
    asked: bool | None
    if required is not None:
        asked = required
    elif excused:
        asked = False
    elif reserves > 1_000_000:
        asked = True
    elif income is None:
        asked = None
    else:
        asked = 100 * housing <= 40 * income
    deficiency = case.get("deficiency")
    fifth = half_up(Fraction(reserves, 5))
    request = max(fifth, 4 * housing)
    if deficiency is not None:
        request = min(request, deficiency)
        fifth = min(fifth, deficiency)
    waived = request < 50_000
    if waived:
        request = 0
    elif round_to_hundred:
        request = half_up(Fraction(request, 10_000)) * 10_000
        if deficiency is not None:
            request = min(request, deficiency)
    hard = freddie or case.get("days_delinquent", 10**6) < 60
    minimum = fifth if hard and not waived else 0
    offered = case.get("contribution_offered")
    codes = []
    if reserves > 5_000_000:
        codes.append("LM000055")
    if asked and offered is not None and offered < minimum:
        codes.append("LM000056")
    return {
        "required": asked,
        "request": 0 if asked is False else request,
        "waived": waived,
        "minimum": 0 if asked is False else minimum,
        "housing_expense": housing,
        "housing_expense_ratio": share_percent(housing, income) if income else None,
        "delegated": reserves <= 5_000_000,
        "fatal_codes": codes,
    }


def short_sale_proceeds(case: Case) -> dict[str, Any]:
    """Net proceeds, debt, deficiency and recovery: arithmetic only.

    Keys (all optional but the first two): ``sale_price``, ``interest_bearing_balance``, ``deferred_balance``,
    ``interest``, ``advances``, ``commission``, ``closing_costs``, ``repairs``, ``subordinate_liens``,
    ``other_costs``.
    """
    names = ("commission", "closing_costs", "repairs", "subordinate_liens", "other_costs")
    costs = sum(case.get(k, 0) for k in names)
    net = case["sale_price"] - costs
    owed = case["interest_bearing_balance"] + sum(
        case.get(k, 0) for k in ("deferred_balance", "interest", "advances")
    )
    return {
        "costs": costs,
        "net_proceeds": net,
        "owed": owed,
        "deficiency": max(0, owed - net),
        "recovery_percent": share_percent(net, owed),
    }


def short_sale_net_proceeds_freddie_mac(case: Case) -> int:
    """SC-9: ``sale_price`` + ``paid_in_advance`` - ``seller_settlement_charges`` - ``second_lien_payoff``."""
    return int(
        case["sale_price"]
        + case.get("paid_in_advance", 0)
        - case.get("seller_settlement_charges", 0)
        - case.get("second_lien_payoff", 0)
    )


def relocation_assistance(case: Case) -> int:
    """SS-T1: $7,500 (before 2023-04-01 $3,000) less other aid, or 0.

    Keys: ``evaluation_date``, ``principal_residence``, ``contribution_required``, ``dislocation_allowance``,
    ``other_relocation_aid``.
    """
    if not case["principal_residence"] or case["contribution_required"] or case["dislocation_allowance"]:
        return 0
    full = 750_000 if case["evaluation_date"] >= date(2023, 4, 1) else 300_000
    return max(0, full - int(case.get("other_relocation_aid", 0)))


# --- clocks and incentives ------------------------------------------------------------------------


def short_sale_clocks(offer_received: date, approved: date | None = None) -> dict[str, date]:
    """SS-T6: acknowledge in 5 business days, decide in 30 days, close 60 days after approval."""
    out = {
        "acknowledge_by": add_business_days(offer_received, 5),
        "decide_by": offer_received + timedelta(days=30),
        "revised_offer_by": add_business_days(offer_received, 10),
    }
    if approved is not None:
        out["close_by"] = approved + timedelta(days=60)
    return out


def release_clocks(acceptance: date, sale: date | None = None) -> dict[str, date]:
    """MR-8: documents within 60 (extended 90) days of acceptance; deed at least 30 days before the sale."""
    out = {
        "documents_by": acceptance + timedelta(days=60),
        "documents_by_extended": acceptance + timedelta(days=90),
    }
    if sale is not None:
        out["last_deed_date"] = sale - timedelta(days=30)
    return out


def solicitation_clocks(case: Case) -> dict[str, Any]:
    """When a servicer may and must solicit without a response package.

    Keys (each optional): ``day_90`` (the day the loan becomes 90 days delinquent), ``sale_date`` with
    ``judicial`` and ``on`` (the day of solicitation), ``forbearance_expired``, ``repayment_failed_on``.
    """
    out: dict[str, Any] = {}
    if "day_90" in case:
        out["flex_by"] = case["day_90"] + timedelta(days=15)
    if "forbearance_expired" in case:
        out["after_forbearance_by"] = case["forbearance_expired"] + timedelta(days=15)
    if "repayment_failed_on" in case:
        out["after_repayment_plan_by"] = add_months(case["repayment_failed_on"].replace(day=15), 1)
    if "sale_date" in case:
        limit = 60 if case["judicial"] else 30
        out["allowed"] = (case["sale_date"] - case["on"]).days > limit
    return out


def incentive(option: str, case: Case) -> int:
    """F-2-02: servicer incentive in cents.

    ``short_sale``, ``mortgage_release``: key ``days_delinquent``. ``repayment_plan``: ``days_delinquent``
    and ``months_since_last_fee`` (``None``: never one). ``payment_deferral``,
    ``disaster_payment_deferral``: no key. ``flex_modification``: ``months_to_close`` after the last trial
    month. Retention options: optional ``retention_incentives_paid`` counts against the $1,000 of the loan.
    ``forbearance``: nothing.
    """
    if option in {"short_sale", "mortgage_release"}:
        days = case["days_delinquent"]
        return 250_000 if days <= 210 else 150_000 if days <= 300 else 75_000
    if option == "repayment_plan":
        waited = case.get("months_since_last_fee")
        fee = 50_000 if case["days_delinquent"] >= 60 and (waited is None or waited >= 12) else 0
    elif option in {"payment_deferral", "disaster_payment_deferral"}:
        fee = 50_000
    elif option == "flex_modification":
        fee = 100_000 if case["months_to_close"] <= 2 else 0
    elif option == "forbearance":
        fee = 0
    else:
        raise ValueError(f"unknown option {option!r}")
    return min(fee, max(0, 100_000 - int(case.get("retention_incentives_paid", 0))))
