"""The alliance's programs of 2007 to 2009 a second time: one loan, plain Python, exact fractions, no engine.

A loan is a mapping from fact to value: cents, rates in millionths, dates, words; ``None`` (or no entry) is "not known",
``NEVER`` a date on which nothing happened. A test is ``True``, ``False`` or ``None``. Written from the published
outlines of the framework (executive summaries of 2007 and 2008, and the press where they are silent).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle.basics import NEVER, add_months, ceiling, floor, half_up, interest, payment, present_value

Loan = Mapping[str, Any]
Answer = bool | None

DEFAULTS: dict[str, Any] = {
    "max_60_in_12m": 1,
    "f1_score": "current",
    "f1_strictness": "below",
    "equity": "presumption",
    "affordability": "presumption",
}


def rate(ppm: int) -> Decimal:
    """Millionths as percent."""
    return Decimal(ppm) / 10_000


def both(answers: Iterable[Answer]) -> Answer:
    """Every answer is yes; one no decides."""
    found = list(answers)
    if False in found:
        return False
    return None if None in found else True


def either(*answers: Answer) -> Answer:
    """Some answer is yes; one yes decides."""
    if True in answers:
        return True
    return None if None in answers else False


def opposite(answer: Answer) -> Answer:
    return None if answer is None else not answer


def asked(*values: Any) -> bool:
    """Whether all values are known."""
    return all(value is not None for value in values)


def of(loan: Loan, *names: str) -> list[Any]:
    """The facts of these names, None where unknown."""
    return [loan.get(name) for name in names]


def compare(loan: Loan, name: str, test: Callable[[Any], bool]) -> Answer:
    """A test of one fact; unknown while the fact is."""
    value = loan.get(name)
    return None if value is None else test(value)


# --- the fast track -------------------------------------------------------------------------------


def coming_reset(loan: Loan) -> date | None:
    given, initial = loan.get("arm_next_reset_date"), loan.get("arm_initial_reset_date")
    if given is not None:
        return given  # type: ignore[no-any-return]
    return initial if initial is not None and initial >= loan["evaluation_date"] else None


def reset_rate(loan: Loan) -> int | None:
    """Index plus margin, rounded as the note says, then the cap of this change and the lifetime cap."""
    names = ("arm_index_rate", "arm_margin", "arm_rounding", "note_rate", "arm_next_cap", "rate_ceiling")
    index, margin, how, now, cap, ceiling_rate = of(loan, *names)
    if not asked(index, margin, how, now, cap, ceiling_rate):
        return None
    full = Fraction(index + margin)
    if how != "none":
        step = loan.get("arm_rounding_step")
        if step is None:
            return None
        if step:
            steps = full / step
            full = Fraction((ceiling(steps) if how == "up" else half_up(steps)) * step)
    return int(min(full, now + cap, ceiling_rate))


def months_at_old_payment(loan: Loan) -> int | None:
    """Installments from the next due one up to and with that of the month of the reset."""
    reset, due = coming_reset(loan), loan.get("next_due_date")
    if reset is None or due is None:
        return None
    return int(max((reset.year - due.year) * 12 + reset.month - due.month + 1, 0))


def balance_later(loan: Loan) -> int | None:
    count = months_at_old_payment(loan)
    balance, now, old = of(loan, "interest_bearing_balance", "note_rate", "monthly_principal_and_interest")
    if not asked(count, balance, now, old):
        return None
    left = int(balance)
    for _ in range(count or 0):
        left = max(left + interest(left, rate(now), 1) - old, 0)
    return left


def level_payment(loan: Loan, at: int | None) -> int | None:
    """Level payment at a rate from the coming reset to the end; only for a loan that pays principal."""
    balance, count, term = balance_later(loan), months_at_old_payment(loan), loan.get("remaining_term")
    if not asked(balance, count, term, at) or loan.get("interest_only") is not False:
        return None
    assert balance is not None and count is not None and term is not None and at is not None  # noqa: PT018
    return payment(balance, rate(at), term - count) if term - count >= 1 else None


def payment_after_reset(loan: Loan) -> int | None:
    given = loan.get("arm_payment_after_reset")
    return given if given is not None else level_payment(loan, reset_rate(loan))


def gates(loan: Loan, version: str) -> dict[str, Answer]:
    initial, day, nearest = loan.get("arm_initial_reset_date"), loan["evaluation_date"], coming_reset(loan)
    ahead: Answer
    if version == "2008-07":
        ahead = None if nearest is None else day <= nearest
    else:
        ahead = both(
            [
                None if initial is None else day <= initial,
                None if nearest is None or initial is None else nearest == initial,
            ]
        )
    return {
        "G1": compare(loan, "lien_position", lambda x: x == 1),
        "G2": both([loan.get("asf_subprime"), compare(loan, "amortization_type", lambda x: x == "adjustable")]),
        "G3": compare(loan, "arm_initial_fixed_months", lambda x: x <= 36),
        "G4": compare(loan, "origination_date", lambda x: date(2005, 1, 1) <= x <= date(2007, 7, 31)),
        "G5": compare(loan, "investor", lambda x: x == "private_label"),
        "G6": compare(loan, "arm_initial_reset_date", lambda x: date(2008, 1, 1) <= x <= date(2010, 7, 31)),
        "G7": ahead,
    }


def screens(loan: Loan, switches: Mapping[str, Any]) -> dict[str, Answer]:
    """The tests of currency, refinance and fast track by id."""
    found: dict[str, Answer] = {}
    days = loan.get("days_delinquent")
    found["T1-NOW"] = None if days is None else days <= 30
    spells = loan.get("asf_spells_60_days_ots")
    if spells is None:
        spells = loan.get("asf_spells_90_days_mba")
    found["T1-12M"] = None if spells is None else spells <= switches["max_60_in_12m"]
    then, value, owed = of(loan, "asf_original_loan_to_value", "property_value", "interest_bearing_balance")
    updated = False
    if asked(value, owed) and value:
        updated = Fraction(owed + (loan.get("deferred_balance") or 0), value) > Fraction(97, 100)
    above = either(None if then is None else then > 970_000, updated)
    found["T2"] = either(above, opposite(loan.get("asf_refinance_available")))
    found["T3"] = None if loan.get("occupancy") is None else loan["occupancy"] == "principal_residence"
    now, old = of(loan, "credit_score", "asf_original_credit_score")
    score = now if switches["f1_score"] == "current" else old
    limit = 659 if switches["f1_strictness"] == "below" else 660
    found["F1"] = None if score is None else score <= limit
    found["F1-ANY"] = either(*(None if item is None else item <= 660 for item in (now, old)))
    found["F2"] = None if not asked(now, old) else 10 * now < 11 * old
    after, present = payment_after_reset(loan), loan.get("monthly_principal_and_interest")
    found["T5"] = None if after is None or present is None else 10 * after > 11 * present
    found["C4"] = {"presumption": True, "must have little": above, "must have some": opposite(above)}[
        switches["equity"]
    ]
    found["C5"] = True if switches["affordability"] == "presumption" else loan.get("asf_cannot_afford_reset")
    found["PSA"] = loan.get("asf_agreement_allows")
    return found


def fast_track(loan: Loan, version: str, **switches: Any) -> dict[str, Any]:
    """Segment, action, failed tests, payment after the reset, and the three-valued status."""
    chosen = {**DEFAULTS, **switches}
    scope, found = gates(loan, version), screens(loan, chosen)
    inside, current = both(scope.values()), both([found["T1-NOW"], found["T1-12M"]])
    segment, action = None, "refer"
    if inside is False:
        action = "out_of_scope"
    elif inside and current is False:
        segment, action = 3, "individual_loss_mitigation"
    elif inside and current and found["T2"] is False:
        segment, action = 1, "refinance"
    elif inside and current and found["T2"]:
        segment = 2
        passed = both([found[name] for name in ("T3", "F1", "F2", "T5", "C4", "C5")])
        if found["PSA"] is False:
            passed = False
        action = {True: "freeze_initial_rate", False: "individual_review", None: "refer"}[passed]
    answers = {**scope, **found}
    failed = {name for name, answer in answers.items() if answer is False}
    soft = {"F1"} if chosen["f1_score"] == "current" else set()
    status = "ineligible" if failed - soft else "conditional" if failed or None in answers.values() else "eligible"
    return {
        "in_scope": inside,
        "current": current,
        "segment": segment,
        "action": action,
        "failed": failed,
        "status": status,
        "rate_after_reset": reset_rate(loan),
        "payment_after_reset": payment_after_reset(loan),
        "principal_and_interest": kept_payment(loan),
    }


def kept_payment(loan: Loan) -> int | None:
    """Principal and interest while the initial rate is kept."""
    reset, initial = coming_reset(loan), loan.get("arm_initial_reset_date")
    if reset is None or initial is None:
        return None
    if reset == initial:
        return loan.get("monthly_principal_and_interest")
    return level_payment(loan, loan.get("original_rate"))


# --- Project Lifeline -----------------------------------------------------------------------------


def lifeline_state(loan: Loan) -> str | None:
    """Walk the process day by day as far as the facts tell; all facts must be known."""
    letter, call, today = loan["lifeline_letter_date"], loan["lifeline_call_date"], loan["evaluation_date"]
    if letter == NEVER:
        return "no_letter"
    last_day = letter + timedelta(days=10)
    if call == NEVER:
        return "letter_sent" if today <= last_day else "foreclosure_resumes"
    conditions = ("wants_to_keep_home", "lifeline_will_take_counseling", "lifeline_financials_given")
    if call > last_day or not all(loan[name] for name in conditions):
        return "foreclosure_resumes"
    if loan["lifeline_plan_date"] == NEVER:
        pause = loan["lifeline_pause_date"]
        start = call if pause == NEVER else pause
        return "under_review" if today <= start + timedelta(days=30) else "foreclosure_resumes"
    if loan["lifeline_months_kept"] >= 3:
        return "modified"
    return "foreclosure_resumes" if loan["lifeline_plan_broken"] else "plan"


def lifeline_rules(loan: Loan) -> dict[str, Answer]:
    """Conditions of Project Lifeline by rule id."""
    letter, call, today = loan.get("lifeline_letter_date"), loan.get("lifeline_call_date"), loan["evaluation_date"]
    in_time: Answer = None
    if letter == NEVER:
        in_time = True
    elif letter is not None:
        last_day = letter + timedelta(days=10)
        if call is not None:
            in_time = today <= last_day if call == NEVER else call <= last_day
    return {
        "PL-1": loan.get("lifeline_servicer"),
        "PL-2": compare(loan, "days_delinquent", lambda days: days >= 90),
        "PL-3": compare(loan, "bankruptcy", lambda kind: kind == "none"),
        "PL-4": compare(loan, "sale_date", lambda sale: sale == NEVER or (sale - today).days > 30),
        "PL-5": both([compare(loan, "occupancy", lambda use: use != "investment"), opposite(loan.get("vacant"))]),
        "PL-6": in_time,
        "PL-7": loan.get("wants_to_keep_home"),
        "PL-8": loan.get("lifeline_will_take_counseling"),
        "PL-9": loan.get("lifeline_financials_given"),
    }


# --- Streamlined Modification Program -------------------------------------------------------------


def streamlined(loan: Loan) -> dict[str, Any]:
    """Terms under the servicer's order of tools and rate floor; every fact that is read must be known."""
    first = add_months(loan["evaluation_date"].replace(day=1), 4)
    past_due = loan.get("accrued_interest")
    if past_due is None:
        paid_to, change = add_months(loan["next_due_date"].replace(day=1), -1), add_months(first, -1)
        months = (change.year - paid_to.year) * 12 + change.month - paid_to.month
        past_due = interest(loan["interest_bearing_balance"], rate(loan["note_rate"]), months)
    added = past_due + (loan.get("escrow_advances") or 0) + (loan.get("servicing_advances") or 0)
    balance = loan["interest_bearing_balance"] + added - (loan.get("borrower_contribution") or 0)
    end = loan["maturity_date"]
    term = max((end.year - first.year) * 12 + end.month - first.month + 1, 1)
    other = ("monthly_taxes", "monthly_insurance", "monthly_dues", "monthly_mortgage_insurance")
    room = floor(Fraction(loan["monthly_gross_income"] * 38, 100)) - sum(loan.get(name) or 0 for name in other)
    target = max(room, 0)
    interest_rate, forborne = loan["note_rate"], 0
    for tool in loan["smp_tool_order"].split("_"):
        if payment(balance, rate(interest_rate), term) <= target:
            break
        if tool == "rate":
            interest_rate = _highest_rate(balance, interest_rate, loan["smp_rate_floor"], term, target)
        elif tool == "term":
            term = _shortest_term(balance, interest_rate, term, target)
        else:
            carried = min(present_value(target, rate(interest_rate), term), balance)
            forborne, balance = forborne + balance - carried, carried
    new = payment(balance, rate(interest_rate), term)
    return {
        "rate": interest_rate,
        "term": term,
        "forborne": forborne,
        "principal_and_interest": new,
        "target_payment": target,
        "target_met": new <= target,
        "room": room > 0,
        "interest_bearing_balance": balance,
    }


def streamlined_rules(loan: Loan, terms: Mapping[str, Any] | None) -> dict[str, Answer]:
    """Conditions by rule id; ``terms`` as from :func:`streamlined`, None where they are not known."""
    holder = compare(loan, "investor", lambda name: name in {"fannie_mae", "freddie_mac"})
    portfolio = both([compare(loan, "investor", lambda name: name == "portfolio"), loan.get("smp_lender_participates")])
    workouts = ("active_trial", "active_repayment_plan", "active_forbearance", "approved_liquidation")
    owed, value = loan.get("interest_bearing_balance"), loan.get("property_value")
    deferred = loan.get("deferred_balance") or 0
    found = {
        "SMP-1": both([either(holder, portfolio), compare(loan, "loan_type", lambda kind: kind not in {"fha", "va"})]),
        "SMP-2": compare(loan, "origination_date", lambda day: day <= date(2008, 1, 1)),
        "SMP-3": both(
            [
                compare(loan, "lien_position", lambda lien: lien == 1),
                compare(loan, "units", lambda units: units == 1),
                compare(loan, "occupancy", lambda use: use == "principal_residence"),
            ]
        ),
        "SMP-4": compare(loan, "months_delinquent", lambda missed: missed >= 3),
        "SMP-5-UPB": None if owed is None or value is None else (owed + deferred) * 10 >= value * 9,
        "SMP-6": compare(loan, "bankruptcy", lambda kind: kind == "none"),
        "SMP-7": opposite(loan.get("in_litigation")),
        "SMP-8": opposite(either(*(loan.get(name) for name in workouts))),
        "SMP-9": loan.get("hardship_documented"),
        "SMP-10": opposite(loan.get("smp_deliberate_default")),
    }
    if terms is not None:
        gross = terms["interest_bearing_balance"] + terms["forborne"] + deferred
        found["SMP-5"] = None if value is None else gross * 10 >= value * 9
        found["SMP-11"], found["SMP-12"] = terms["room"], terms["target_met"]
    return found


def _highest_rate(balance: int, start: int, lowest: int, term: int, target: int) -> int:
    if start <= lowest or payment(balance, rate(lowest), term) > target:
        return min(start, lowest)
    low, high = lowest, start  # low meets the target, high misses it
    while high - low > 1:
        middle = (low + high) // 2
        if payment(balance, rate(middle), term) <= target:
            low = middle
        else:
            high = middle
    return low


def _shortest_term(balance: int, at: int, term: int, target: int) -> int:
    longest = max(480, term)
    if payment(balance, rate(at), longest) > target:
        return longest
    low, high = term, longest  # low misses the target, high meets it
    while high - low > 1:
        middle = (low + high) // 2
        if payment(balance, rate(at), middle) <= target:
            high = middle
        else:
            low = middle
    return high
