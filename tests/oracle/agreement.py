"""The engine's answers beside the oracle's: facts translated, terms and rules compared loan by loan.

The engine reviews a whole frame; the oracle takes one loan at a time. Nothing here uses the engine's arithmetic: what
the engine derives from other facts is derived a second time in :func:`known`. Taken over as input are only reference
figures (posted modification rate, lower bound of that rate, property value moved by a house-price index).

Where the guides leave a reading open, the oracle is asked for the engine's reading, and the place says so with the
number of the difference in ``validation/oracle.md``.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from hopenow.facts import schema
from hopenow.review.engine import Part, Settings, determine
from hopenow.review.plan import PlannedOption
from tests.oracle import conventional as oracle
from tests.oracle.basics import (
    NEVER,
    add_months,
    ceiling,
    floor,
    half_up,
    interest,
    month_end,
    months_delinquent,
    months_to_amortize,
    share_percent,
    whole_months,
)
from tests.oracle.conventional_rules import READINGS, RULES, decide
from tests.oracle.random_cases import random_cases

Row = dict[str, Any]
Expected = dict[str, Any]
Answer = bool | None

ENTERPRISES = Settings(programs=("fannie_mae", "freddie_mac"))
EARLY = Settings(
    programs=("fannie_mae", "freddie_mac"),
    adopted={
        "pd.2023-10": date(2023, 7, 1),
        "flex.2024-12": date(2024, 11, 1),
        "dflex.2024-12": date(2024, 11, 1),
    },
)
"""A servicer that adopted every change on the first day on which it could."""

RULE_READINGS = {
    **READINGS,
    "freddie_disaster_forbearance_needs_principal_residence": True,  # difference 1
    "freddie_deferral_counts": "months",  # difference 2
    "pd9_allows_the_payment_due_first": True,  # difference 3
}
EMERGENCY = date(2020, 3, 1)
COVID_DEFERRAL_LIMIT = {"cpd.2020-07": 12, "cpd.2021-02-10": 15, "cpd.2021-02-25": 18}
HUGE = 10**13


# --- three-valued helpers ---------------------------------------------------------------------------------


def both(*answers: Answer) -> Answer:
    """Three-valued and."""
    if False in answers:
        return False
    return None if None in answers else True


def either(*answers: Answer) -> Answer:
    """Three-valued or."""
    if True in answers:
        return True
    return None if None in answers else False


def same(outcomes: Iterable[Any]) -> Any:
    """The one outcome that all completions share, else ``None``."""
    found = list(outcomes)
    return found[0] if all(outcome == found[0] for outcome in found) else None


def compare(value: Any, test: Callable[[Any], bool]) -> Answer:
    """A test of one fact; unknown when the fact is."""
    return None if value is None else test(value)


def completions(facts: Mapping[str, Any], possible: Mapping[str, tuple[Any, ...]]) -> Iterator[Row]:
    """Every completion of the facts named in ``possible`` that are unknown."""
    unknown = [name for name in possible if facts.get(name) is None]
    for values in itertools.product(*(possible[name] for name in unknown)):
        yield {**facts, **dict(zip(unknown, values, strict=True))}


# --- the facts of one loan ----------------------------------------------------------------------------------


def total(*amounts: int | None) -> int | None:
    """A sum, unknown when a part is."""
    return None if None in amounts else sum(amount for amount in amounts if amount is not None)


def within_12_months(event: date | None, evaluation: date) -> Answer:
    """Whether an event lies fewer than 12 whole months back."""
    return compare(event, lambda day: day != NEVER and add_months(day, 12) > evaluation)


def known(row: Row) -> Row:
    """The facts of one loan with what follows from them, derived without the engine."""
    f = dict(row)
    evaluation = f["evaluation_date"]
    if f["rate_is_final"] is None and f["amortization_type"] == "fixed":
        f["rate_is_final"] = True
    if f["next_due_date"] is None and f["months_delinquent"] is not None:
        f["next_due_date"] = add_months(evaluation.replace(day=1), 1 - f["months_delinquent"])
    due = f["next_due_date"]
    if f["months_delinquent"] is None and due is not None:
        f["months_delinquent"] = months_delinquent(due, evaluation)
    if f["days_delinquent"] is None and due is not None:
        f["days_delinquent"] = max(0, (evaluation - due).days)
    if f["remaining_term"] is None and due is not None and f["maturity_date"] is not None:
        f["remaining_term"] = whole_months(due, f["maturity_date"]) + 1
    if f["maturity_date"] is None and due is not None and f["remaining_term"] is not None:
        f["maturity_date"] = add_months(due, f["remaining_term"] - 1)
    if f["texas_50a6"] is None and f["state"] not in {None, "TX"}:
        f["texas_50a6"] = False
    kind = f["hardship_kind"]
    if f["permanent_change_of_station"] is None and kind not in {None, "distant_transfer"}:
        f["permanent_change_of_station"] = False
    premium = f["monthly_mortgage_insurance"] or 0
    f["escrow"] = total(f["monthly_taxes"], f["monthly_insurance"], premium)
    f["contractual"] = f["buydown_payment"]
    if f["contractual"] is None:
        f["contractual"] = total(f["monthly_principal_and_interest"], f["escrow"])
    f["housing"] = total(f["monthly_principal_and_interest"], f["escrow"], f["monthly_dues"] or 0)
    f["rate"] = None if f["note_rate"] is None else Decimal(f["note_rate"]) / 10_000
    return f


# --- terms: reinstatement, plans, deferral --------------------------------------------------------------------


def reinstatement(f: Row) -> Expected:
    """What brings the loan current."""
    out: Expected = {"past_due_installments": None, "amount": None, "payment_after": f["contractual"]}
    if f["months_delinquent"] is None or f["contractual"] is None:
        return out
    found = oracle.reinstatement(
        {
            "next_due_date": f["next_due_date"],
            "as_of": f["evaluation_date"],
            "contractual_payment": f["contractual"],
            "late_charges": f["late_charges"] or 0,
            "advances": f["servicing_advances"] or 0,
            "costs": f["noncapitalizable_advances"] or 0,
        }
    )
    installments = len(found["unpaid_due_dates"]) * f["contractual"]
    return out | {"past_due_installments": installments, "amount": found["amount"]}


def forbearance_start(f: Row) -> tuple[date | None, date | None, int | None]:
    """First day of the next term, first day of the series, months used; a running plan goes on."""
    first = add_months(f["evaluation_date"].replace(day=1), 1)
    if f["active_forbearance"] is None:
        return None, None, None
    if not f["active_forbearance"] or f["forbearance_months_used"] == 0:
        return first, first, 0
    used, began = f["forbearance_months_used"], f["forbearance_start_date"]
    if used is None or began is None:
        return None, None, used
    return add_months(began, used), began, used


def forbearance_case(f: Row) -> Row | None:
    """The oracle's case, or nothing where the term cannot be placed in time."""
    start, initial, _ = forbearance_start(f)
    if start is None or f["next_due_date"] is None:
        return None
    pool = f["investor"] == "fannie_mae" and f["in_mbs_pool"] is True
    limited = pool and f["last_scheduled_pool_payment_date"] is not None
    return {
        "rule_set": "fb.2026-05" if f["evaluation_date"] >= date(2026, 5, 1) else "fb.pre-2026-05",
        "start": start,
        "initial_start": initial,
        "next_due_date": f["next_due_date"],
        "without_contact": f["quality_right_party_contact"] is False,
        "mbs_loan": limited,
        "last_scheduled_payment_date": f["last_scheduled_pool_payment_date"],
    }


LIMITS = {
    "length of one term": {"FB-5", "FB-5-old", "FB-D"},
    "unpaid payments at the end": {"FB-7"},
    "length of all terms together": {"FB-6"},
    "end of the pool": {"FB-8"},
}


def forbearance(f: Row) -> Expected:
    """The longest term, or the term asked for where that is shorter."""
    case = forbearance_case(f)
    if case is None:
        return {"months": None, "start": None, "end": None}
    longest = oracle.forbearance(case)
    asked = f["requested_forbearance_months"]
    months = longest["max_months"] if asked is None else min(asked, longest["max_months"])
    at = oracle.forbearance({**case, "requested_months": months})
    out: Expected = {
        "months": months,
        "start": case["start"] if months else None,
        "end": at["requested_term_end"] if months else None,
        "months_in_all": at["requested_cumulative_months"],
        "months_delinquent_at_end": at["requested_months_delinquent_at_end"],
    }
    if asked is not None and asked <= longest["max_months"]:
        out["limit"] = {"length of one term"}
    else:
        out["limit"] = {word for word, rules in LIMITS.items() if rules & set(longest["binding"])}
    return out


def plan(f: Row) -> Row:
    """Arrears, length and installment of the repayment plan, and whether the household can afford one.

    ``months`` is the shortest plan within 150 percent and the capacity; where none of at most 12 months fits the
    capacity, the shortest within 150 percent whatever its length (it then needs approval, or is not affordable).
    """
    contractual, capacity, says = f["contractual"], f["monthly_capacity"], f["can_afford_repayment_plan"]
    out: Row = {"arrears": None, "months": None, "installment": None, "affordable": None}
    if contractual is None or f["months_delinquent"] is None:
        return out | {"affordable": False if capacity is None and says is False else None}
    arrears = f["months_delinquent"] * contractual + (f["late_charges"] or 0) - (f["borrower_contribution"] or 0)
    out["arrears"] = arrears = max(0, arrears)
    if arrears == 0:  # nothing to repay is a plan of no months
        able = capacity > contractual if capacity is not None else says
        return out | {"months": 0, "affordable": able}
    case = {"contractual_payment": contractual, "arrears": arrears}
    within = oracle.repayment_plan({**case, "capacity": capacity})
    plain = within if capacity is None else oracle.repayment_plan(case)
    chosen, most = within, 12
    if within["term"] is None:
        chosen = plain
    while chosen["term"] is None and most < 50_000:
        most *= 4
        chosen = oracle.repayment_plan({**case, "max_months": most})
    if plain["term"] is None:
        out["affordable"] = False
    else:
        out["affordable"] = within["affordable"] if capacity is not None else says
    found = chosen["plans"].get(chosen["term"])
    if found is not None:
        out |= {
            "months": chosen["term"],
            "installment": found["installment"],
            "last_installment": found["last_installment"],
            "payment": found["total"],
        }
    return out


def repayment_plan(f: Row) -> Expected:
    """The plan with its dates: it begins on the 1st of the next month."""
    out: Expected = {**plan(f), "payment_after": f["contractual"]}
    if out["months"]:
        first = add_months(f["evaluation_date"].replace(day=1), 1)
        out |= {"start": first, "end": month_end(add_months(first, out["months"] - 1))}
    return out


def deferral_count(f: Row, rule_set: str) -> tuple[int, bool | None]:
    """Installments that can be deferred now, and whether one is to be paid first."""
    behind, used = f["months_delinquent"], f["deferred_months_used"] or 0
    if rule_set in COVID_DEFERRAL_LIMIT:
        return min(behind, COVID_DEFERRAL_LIMIT[rule_set]), None
    room = oracle.deferral_room(behind, used, rule_set)
    count = room["max_deferrable_now"]
    if rule_set == "pd.2020-07":  # difference 4: the lifetime limit of the later text
        count = min(count, max(0, 12 - used))
    return count, room["payment_required_first"]


def payment_deferral(f: Row, rule_set: str) -> Expected:
    """Balances and dates after the deferral; installments above the limits are paid first."""
    balance, rate, installment = f["interest_bearing_balance"], f["rate"], f["monthly_principal_and_interest"]
    if f["months_delinquent"] is None:
        return dict.fromkeys(("payments_deferred", "payments_first", "deferred_amount", "deferred_balance"))
    count, _ = deferral_count(f, rule_set)
    first = f["months_delinquent"] - count
    out: Expected = {"payments_deferred": count, "payments_first": first}
    if balance is None or rate is None or installment is None:
        return out | dict.fromkeys(("deferred_amount", "deferred_balance", "interest_bearing_balance"))
    for _ in range(first):
        balance -= installment - interest(balance, rate, 1)
    case = {
        "rule_set": rule_set,
        "investor": f["investor"],
        "monthly_principal_and_interest": installment,
        "deferred_payments": count,
        "interest_bearing_balance": balance,
        "note_rate": rate,
        "deferred_balance": f["deferred_balance"] or 0,
        "escrow_advances": f["escrow_advances"] or 0,
        "servicing_advances": f["servicing_advances"] or 0,
        "borrower_contribution": f["borrower_contribution"] or 0,
        "escrow_shortage": f["escrow_shortage"] or 0,
        "evaluation_date": f["evaluation_date"],
    }
    if rule_set in COVID_DEFERRAL_LIMIT:
        del case["rule_set"]
    if f["contractual"] is not None:
        case["monthly_escrow"] = f["contractual"] - installment
    if f["next_due_date"] is not None:
        case["next_due_date"] = add_months(f["next_due_date"], first)
    if f["maturity_date"] is not None:
        case["maturity_date"] = f["maturity_date"]
    if f["remaining_term"] is not None:
        case["remaining_term"] = f["remaining_term"] - first
    done = oracle.payment_deferral(case)
    if balance < 0 or done["interest_bearing_balance"] < 0:
        return out  # difference 5: the loan is paid off before the last of these installments
    if balance > f["interest_bearing_balance"] or done["deferred_principal"] < 0:
        # difference 5: installments that do not cover the interest
        return out | dict.fromkeys(("deferred_amount", "deferred_balance", "interest_bearing_balance"))
    out |= {
        "deferred_installments": count * installment,
        "deferred_principal": done["deferred_principal"],
        "deferred_interest": done["deferred_interest"],
        "deferred_advances": done["new_deferred"] - count * installment,
        "deferred_amount": done["new_deferred"],
        "interest_bearing_balance": done["interest_bearing_balance"],
        "deferred_balance": done["deferred_balance"],
        "gross_balance": done["gross_balance"],
        "escrow_shortage_monthly": done["escrow_shortage_monthly"],
        "payment_after": None if f["contractual"] is None else done["monthly_payment"],
        "next_due_date": done.get("next_due_date"),
        "maturity_date": done.get("maturity_date"),
        "remaining_term": done.get("remaining_term"),
    }
    if count:
        out["effective_date"] = done["effective_date"]
    return out


# --- terms: Flex Modification ---------------------------------------------------------------------------------


def flex_case(f: Row, figures: Row) -> Row | None:
    """The oracle's case, or nothing where a fact is unknown that no terms can do without."""
    needed = ("interest_bearing_balance", "rate", "monthly_principal_and_interest", "remaining_term", "rate_is_final")
    if any(f[name] is None for name in needed) or f["remaining_term"] < 1:
        return None
    if f["accrued_interest"] is None and (f["next_due_date"] is None or f["days_delinquent"] is None):
        return None
    if not f["rate_is_final"] and f["rate_ceiling"] is None:
        return None  # an unknown ceiling is not "no ceiling"
    posted = figures["posted"]
    if posted is None and f["rate_is_final"] and figures["bound"] is not None and f["note_rate"] <= figures["bound"]:
        posted = f["note_rate"]  # whatever was posted was not lower, and then it does not matter
    case: Row = {
        "interest_bearing_balance": f["interest_bearing_balance"],
        "note_rate": f["rate"],
        "monthly_principal_and_interest": f["monthly_principal_and_interest"],
        "remaining_term": f["remaining_term"],
        "rate_is_final": f["rate_is_final"],
        "rate_ceiling": None if f["rate_ceiling"] is None else Decimal(f["rate_ceiling"]) / 10_000,
        "modification_rate": None if posted is None else Decimal(posted) / 10_000,
        "property_value": figures["value"],
        "days_delinquent": f["days_delinquent"],
        "deferred_balance": f["deferred_balance"] or 0,
        "escrow_advances": f["escrow_advances"] or 0,
        "servicing_advances": f["servicing_advances"] or 0,
        "borrower_contribution": f["borrower_contribution"] or 0,
        "buydown_funds": f["buydown_funds"] or 0,
        "escrow_shortage": f["escrow_shortage"] or 0,
        "monthly_taxes": f["escrow"] or 0,  # with insurance and mortgage insurance in one sum
        "monthly_dues": f["monthly_dues"] or 0,
        "brp_complete": f["borrower_response_package_complete"] is not False,
        "monthly_gross_income": f["monthly_gross_income"],
    }
    if f["days_delinquent"] is not None:
        case["notice_date"] = f["evaluation_date"]
        if f["investor"] == "freddie_mac":
            case["trial_months"] = 3  # difference 6
    if f["accrued_interest"] is not None:
        case["delinquent_interest"] = f["accrued_interest"]
    if f["next_due_date"] is not None:
        case["last_paid_installment_date"] = add_months(f["next_due_date"], -1)
    return case


def half_cent_tolerance(f: Row) -> Decimal | None:
    """The engine's tolerance of half a cent in the payment, said in months (difference 7)."""
    balance, installment = f["interest_bearing_balance"], f["monthly_principal_and_interest"]
    bare = months_to_amortize(balance, f["rate"], installment)
    eased = months_to_amortize(2 * balance, f["rate"], 2 * installment + 1)
    if bare is None:
        # Half a cent more would pay the loan off: the oracle keeps the contract's term, and so it has no say here.
        return None if eased is not None and eased <= f["remaining_term"] else Decimal(0)
    assert eased is not None
    return bare - eased + Decimal("1e-20")


@dataclasses.dataclass(frozen=True)
class Flex:
    """Terms of one loan under one edition of the waterfall; ``result`` is ``None`` where they are not known."""

    result: Row | None
    expected: Expected
    excluded: str = ""


def flex(f: Row, figures: Row, edition: int) -> Flex:
    """Terms under the waterfall of 2024 or 2017."""
    names = ("rate", "term", "principal_and_interest", "forborne", "maturity_date", "trial_payment")
    case = flex_case(f, figures)
    if case is None:
        return Flex(None, dict.fromkeys(names))
    switches: Row = {}
    if edition == 2024:
        tolerance = half_cent_tolerance(f)
        if tolerance is None:
            return Flex(None, {}, "only the tolerance lets the payment amortize the loan")
        mode = "two_decimal" if f["investor"] == "freddie_mac" else "strict_cent"
        switches = {"term_tolerance": tolerance, "target_mode": mode}
    elif date(2021, 6, 30) <= f["evaluation_date"] <= date(2023, 9, 30):
        due = f["next_due_date"]
        switches = {"covid": due is not None and due >= EMERGENCY}
    if edition == 2017:
        switches["low_ltv_arm_capped"] = True  # difference 8
    gross = oracle.modification_interest(case)[0] + sum(
        case[name] for name in ("interest_bearing_balance", "deferred_balance", "escrow_advances", "servicing_advances")
    )
    gross -= case["borrower_contribution"] + case["buydown_funds"]
    if gross < 0:
        return Flex(None, {}, "contributions above the whole debt")
    results = []
    possible: dict[str, tuple[Any, ...]] = {"property_value": (1, HUGE)}
    needs_income = (
        edition == 2017 and (case["days_delinquent"] is None or case["days_delinquent"] < 90) and case["brp_complete"]
    )
    if needs_income:
        if f["escrow"] is None:
            case["monthly_gross_income"] = None
        possible |= {"monthly_gross_income": (0, 10 * HUGE)}
    if edition == 2017:
        possible |= {"days_delinquent": (0, 100)}
    for complete in completions(case, possible):
        try:
            results.append(getattr(oracle, f"flex_{edition}")(complete, **switches))
        except ValueError:  # no posted rate, and the answer needs one
            return Flex(None, dict.fromkeys(names))
    keys = ("rate", "term", "payment", "forborne")
    if same(tuple(result[key] for key in keys) for result in results) is None:
        return Flex(None, dict.fromkeys(names))
    result = dict(results[0])
    for key in ("target_payment", "target_met"):
        result[key] = same(found[key] for found in results)
    return Flex(result, _flex_expected(f, figures, case, result, edition))


def _flex_expected(f: Row, figures: Row, case: Row, result: Row, edition: int) -> Expected:
    old, new, gross, value = (
        case["monthly_principal_and_interest"],
        result["payment"],
        result["gross_balance"],
        figures["value"],
    )
    dues = case["monthly_dues"]  # difference 9: not part of the mortgage payment
    after = None if f["escrow"] is None else result["monthly_payment"] - dues
    cut = Fraction(old - new, old)
    out: Expected = {
        "delinquent_interest": result["delinquent_interest"],
        "arrearage": result["total_arrearage"],
        "gross_balance": gross,
        "loan_to_value": None if value is None else floor(Fraction(gross * 10**6, value)),
        "starting_rate": int(result["steps"][0][1] * 10_000) if edition == 2024 else None,
        "starting_term": result["starting_term"] if edition == 2024 else case["remaining_term"],
        "rate": int(result["rate"] * 10_000),
        "rate_steps": sum(step[0] == "rate" for step in result["steps"]),
        "term": result["term"],
        "payment_before_forbearance": result["payment_before_forbearance"],
        "target_payment": result["target_payment"],
        "forborne": result["forborne"],
        "principal_and_interest": new,
        "payment_change": old - new,
        "payment_reduction": floor(cut * 10**6 + Fraction(1, 2)),
        "target_met": result["target_met"],
        "offerable": offered(f, new, edition),
        "interest_bearing_balance": gross - result["forborne"],
        "deferred_balance": result["forborne"],
        "escrow_shortage_monthly": half_up(Fraction(f["escrow_shortage"] or 0, 60)),
        "payment_after": after,
        "trial_payment": after,
    }
    if edition == 2017:
        del out["starting_rate"]
        if new == 0 and f["monthly_gross_income"] is None:
            del out["target_met"]  # nothing is below any target; the engine asks for the income all the same
    if edition == 2024 and result["caps"] is not None:
        caps = result["caps"]
        out |= {"limit_by_target": caps["a"], "limit_by_value": max(0, caps["b"]), "limit_by_share": caps["c"]}
        out["binding_limit"] = {"a": "payment target", "b": "property value", "c": "share of the balance"}[
            result["binding_cap"]
        ]
    if "notice_date" in case:
        start = result["trial_start"]
        out |= {
            "trial_start": start,
            "trial_months": len(result["trial_due"]),
            "trial_end": result["trial_end"],
            "rate_change_date": result["rate_change_date"],
            "first_payment_date": result["first_payment_due"],
            "effective_date": result["effective_date"],
            "maturity_date": result["maturity_date"],
        }
        if f["accrued_interest"] is None:
            out["interest_months"] = result["interest_months"]
    return out


def flex_branches(f: Row, figures: Row, result: Row | None, edition: int) -> list[str]:
    """Names of the turns of the waterfall that a loan took, to see that the random loans take all of them."""
    if result is None:
        return []
    found = [f"step {step[0]}" for step in result["steps"][1:]]
    value, new, gross = figures["value"], result["payment"], result["gross_balance"]
    for percent in (50, 80, 100):
        if value is not None and abs(100 * gross - percent * value) <= percent:
            found.append(f"MTMLTV {percent}% " + ("exactly" if 100 * gross == percent * value else "but for a cent"))
    old = f["monthly_principal_and_interest"]
    found += [
        name
        for name, true in {
            "payment equals the target": new == result["target_payment"],
            "payment one cent above the target": result["target_payment"] is not None
            and new == result["target_payment"] + 1,
            "target met": result["target_met"],
            "target missed, payment lower": result["target_met"] is False and new < old,
            "target missed, payment the same": result["target_met"] is False and new == old,
            "target missed, payment higher": new > old,
            "rate not final": not f["rate_is_final"],
            "zero rate": f["note_rate"] == 0,
            "no value": value is None,
            "no posted rate": figures["posted"] is None,
        }.items()
        if true
    ]
    if edition == 2024:
        start, rate = result["steps"][0][1], result["rate"]
        cut = (start - rate) * 10_000
        found += [f"limit {result['binding_cap']}"] if result["binding_cap"] else []
        found += ["part step"] if cut % 1250 else []
        found += ["whole steps"] if cut and not cut % 1250 else []
        found += ["term 480"] if result["term"] == 480 else []
        found += ["term above 480"] if result["term"] > 480 else []
        found += ["formula shorter than the contract"] if result["starting_term"] < f["remaining_term"] else []
        bare = months_to_amortize(f["interest_bearing_balance"], f["rate"], old)
        by_month = (
            f["remaining_term"]
            if bare is None
            else min(f["remaining_term"], max(1, ceiling(Fraction(bare - Decimal("0.01")))))
        )
        found += (
            ["starting term differs under a tolerance of 0.01 month"] if by_month != result["starting_term"] else []
        )
    else:
        found += ["first forbearance"] if result["forborne_first"] else []
        found += ["more forbearance"] if result["forborne_more"] else []
    return [f"{edition}: {name}" for name in dict.fromkeys(found)]


def offered(f: Row, new: int, edition: int) -> Answer:
    """FM-9: the payment does not rise; step 6a tells equal payments apart by days delinquent."""
    facts = {
        "modified_principal_and_interest": new,
        "monthly_principal_and_interest": f["monthly_principal_and_interest"],
        "days_delinquent": f["days_delinquent"],
    }
    rule_set = "flex.2024-12" if edition == 2024 else "flex.2017-10"
    return decide(RULES["flex_modification", rule_set]["FM-9"], facts, RULE_READINGS)


# --- terms: leaving the home --------------------------------------------------------------------------------------


def owed(f: Row) -> int | None:
    """Balance, interest past due and advances."""
    accrued = f["accrued_interest"]
    if accrued is None:
        if None in (f["interest_bearing_balance"], f["rate"], f["months_delinquent"]):
            return None
        accrued = interest(f["interest_bearing_balance"], f["rate"], f["months_delinquent"])
    if f["interest_bearing_balance"] is None:
        return None
    return int(
        oracle.short_sale_proceeds(
            {
                "sale_price": 0,
                "interest_bearing_balance": f["interest_bearing_balance"],
                "deferred_balance": f["deferred_balance"] or 0,
                "interest": accrued,
                "advances": (f["escrow_advances"] or 0) + (f["servicing_advances"] or 0),
            }
        )["owed"]
    )


def contribution(f: Row, deficiency: int | None) -> Expected:
    """Borrower contribution: every completion of the facts that are unknown is tried."""
    facts = {
        "non_retirement_reserves": f["liquid_reserves"],
        "monthly_housing_payment": f["housing"],
        "monthly_gross_income": f["monthly_gross_income"],
        "evaluated_without_brp": compare(f["borrower_response_package_complete"], lambda done: not done),
        "military_pcs": f["permanent_change_of_station"],
        "days_delinquent": f["days_delinquent"],
    }
    possible = {
        "non_retirement_reserves": (0, 1_000_001, HUGE),
        "monthly_housing_payment": (0, (f["monthly_gross_income"] or 0) * 2 // 5, HUGE),
        "monthly_gross_income": (1, 10 * HUGE),
        "evaluated_without_brp": (False, True),
        "military_pcs": (False, True),
        "days_delinquent": (0, 100),
    }
    results = []
    for complete in completions(facts, possible):
        case = {
            **complete,
            "contribution_unlawful": f["contribution_unlawful"] is True,  # difference 10
            "deficiency": deficiency,
            "investor": f["investor"],
        }
        results.append(oracle.short_sale_contribution(case, round_to_hundred=True))
    return {
        "contribution_required": same(result["required"] for result in results),
        "contribution_request": same(result["request"] for result in results),
        "contribution_minimum": same(result["minimum"] for result in results),
    }


def leaving(f: Row, deficiency: int | None) -> Expected:
    """What both ways of leaving have in common."""
    out = contribution(f, deficiency)
    helped = []
    facts = {
        "home": compare(f["occupancy"], lambda use: use == "principal_residence"),
        "asked": out["contribution_required"],
    }
    for complete in completions(facts, {"home": (False, True), "asked": (False, True)}):
        helped.append(
            oracle.relocation_assistance(
                {
                    "evaluation_date": f["evaluation_date"],
                    "principal_residence": complete["home"],
                    "contribution_required": complete["asked"],
                    "dislocation_allowance": f["dislocation_allowance"] is True,  # difference 10
                    "other_relocation_aid": f["other_relocation_aid"] or 0,
                }
            )
        )
    days = f["days_delinquent"]
    out["relocation_assistance"] = same(helped)
    out["servicer_incentive"] = None if days is None else oracle.incentive("short_sale", {"days_delinquent": days})
    return out


def short_sale(f: Row) -> Expected:
    """Proceeds, deficiency, contribution, relocation."""
    price, commission, debt = f["sale_price"], f["sale_commission"], owed(f)
    out: Expected = {"amount_owed": debt, "sale_costs": None, "net_proceeds": None, "deficiency": None}
    if commission is not None:
        out["sale_costs"] = commission + (f["sale_costs"] or 0) + (f["subordinate_lien_payoff"] or 0)
    if price is not None and commission is not None:
        net = oracle.short_sale_net_proceeds_freddie_mac(
            {
                "sale_price": price,
                "paid_in_advance": f["paid_in_advance_adjustment"] or 0,
                "seller_settlement_charges": commission + (f["sale_costs"] or 0),
                "second_lien_payoff": f["subordinate_lien_payoff"] or 0,
            }
        )
        out["net_proceeds"] = net
        if debt is not None:
            out["deficiency"] = max(0, debt - net)
    return out | leaving(f, out["deficiency"])


def mortgage_release(f: Row, figures: Row) -> Expected:
    """Deficiency against the value of the home, contribution, relocation."""
    debt, value = owed(f), figures["value"]
    deficiency = None if debt is None or value is None else max(0, debt - value)
    return {"amount_owed": debt, "deficiency": deficiency} | leaving(f, deficiency)


def imminent_default(f: Row) -> Expected:
    """The housing-expense ratio."""
    if f["housing"] is None or not f["monthly_gross_income"]:
        return {"housing_ratio": None}
    return {"housing_ratio": int(share_percent(f["housing"], f["monthly_gross_income"], 4) * 10_000)}


# --- rules ----------------------------------------------------------------------------------------------------------

KINDS = {
    "reduced_income": "reduction_in_income",
    "increased_housing_expense": "increase_in_housing_expenses",
    "disability_or_illness": "disability_or_serious_illness",
    "divorce_or_separation": "divorce_or_legal_separation",
    "distant_transfer": "distant_employment_transfer",
}
EXITS = {"three_months": "three_months_rent_free", "lease": "twelve_month_lease"}

RENAMED = {
    "qrpc": "quality_right_party_contact",
    "property_condemned": "condemned",
    "property_abandoned": "abandoned",
    "fema_individual_assistance_area": "disaster_area_property",
    "workplace_in_fema_assistance_area": "disaster_area_workplace",
    "mbs_loan": "in_mbs_pool",
    "last_scheduled_payment_date": "last_scheduled_pool_payment_date",
    "contractual_payment": "contractual",
    "brp_complete": "borrower_response_package_complete",
    "can_afford_contractual_payment": "can_resume_payment",
    "last_payment_deferral_effective_date": "last_payment_deferral_date",
    "previously_deferred_months": "deferred_months_used",
    "retention_offer_open": "pending_retention_offer",
    "last_modification_effective_date": "last_modification_date",
    "prior_deferral_same_disaster": "disaster_deferral_this_event",
    "last_flex_effective_date": "last_flex_modification_date",
    "last_flex_60_day_date": "flex_modification_redefault_date",
    "reinstated_after_redefault": "flex_modification_reinstated",
    "escrow_established": "escrow_account",
    "non_retirement_reserves": "liquid_reserves",
    "fico": "credit_score",
    "thirty_day_lates_in_6_months": "thirty_day_lates_last_6_months",
    "chapter_7_discharge": "chapter_7_discharged",
    "mls_active_days": "listing_days",
    "mls_days_include_weekend": "listing_includes_weekend",
    "agent_licensed": "licensed_agent",
    "new_mortgage_within_6_months": "new_mortgage_within_6_months",
    "arms_length_affidavit": "arms_length",
    "subordinate_liens_release_borrower": "subordinate_liens_release",
    "title_clear": "title_marketable",
    "property_condition_acceptable": "condition_acceptable",
    "other_litigation": "in_litigation",
    "payments_since_origination_or_modification": "payments_since_note_or_modification",
    "payments_past_due": "months_delinquent",
    "forbearance_with_repayment_plan": "active_forbearance",
}
FIXED = {
    # What the engine leaves to people at a later stage, or what a fact's own definition excludes.
    "investor_approval": False,
    "delinquency_static": True,  # difference 4
    "failed_trial_became_forbearance": False,
    "qualifying_forbearance": False,  # difference 11
    "agent_is_borrower": False,
    "property_vacant": True,  # difference 12
    "property_broom_swept": True,
}


def oracle_facts(f: Row) -> Row:
    """The facts of a loan in the oracle's words."""
    o = {**f, **{theirs: f[ours] for theirs, ours in RENAMED.items()}, **FIXED}
    evaluation = f["evaluation_date"]
    repay = plan(f)
    o["hardship_kind"] = KINDS.get(f["hardship_kind"], f["hardship_kind"])
    o["hardship_duration"] = {"temporary": "short_term"}.get(f["hardship_duration"], f["hardship_duration"])
    o["occupancy"] = "investment_property" if f["occupancy"] == "investment" else f["occupancy"]
    o["transition_option"] = EXITS.get(f["transition"], f["transition"])
    o["conventional"] = compare(f["loan_type"], lambda kind: kind == "conventional")
    o["active_bankruptcy"] = compare(f["bankruptcy"], lambda case: case != "none")
    o["months_since_origination"] = compare(f["origination_date"], lambda day: whole_months(day, evaluation))
    o["fico_age_days"] = compare(f["credit_score_date"], lambda day: (evaluation - day).days)
    # LM000070: the hardship itself must be the disaster.
    o["disaster_income_or_expense_impact"] = both(
        compare(f["hardship_kind"], lambda kind: kind == "disaster"), f["disaster_caused_hardship"]
    )
    stepped = both(
        compare(f["amortization_type"], lambda kind: kind == "step_rate"),
        within_12_months(f["last_rate_adjustment_date"], evaluation),
    )
    o["step_rate_adjusted_within_12_months"] = o["step_rate_rise_within_12_months"] = stepped
    o["relocation_over_50_miles"] = either(
        compare(f["transfer_distance_miles"], lambda miles: miles > 50), f["permanent_change_of_station"]
    )
    if f["housing"] is not None and f["monthly_gross_income"] is not None:
        income = f["monthly_gross_income"]
        o["housing_expense_ratio"] = Fraction(100 * f["housing"], income) if income else HUGE
    # The engine's rules on length ask whether one month at least fits.
    start, _, used = forbearance_start(f)
    plan_running = f["active_forbearance"]
    if start is not None:
        o["term_end_date"] = add_months(start, 1) - timedelta(days=1)
        if f["next_due_date"] is not None:
            o["months_delinquent_at_term_end"] = months_delinquent(f["next_due_date"], o["term_end_date"])
    if plan_running is not None:
        o["forbearance_cumulative_months"] = total(used, 1)
    elif f["forbearance_months_used"] is not None and f["forbearance_months_used"] < 12:
        o["forbearance_cumulative_months"] = f["forbearance_months_used"] + 1  # fits whether a plan runs or not
    o["forbearance_term_months"] = f["requested_forbearance_months"] or 1
    o["combined_plan_months"] = total(f["forbearance_months_used"], repay["months"])
    o["repayment_term_months"] = repay["months"]
    o["repayment_capacity_shown"] = o["can_afford_repayment_plan"] = repay["affordable"]
    return o


def redefault_reading(f: Row) -> date | None:
    """SS-2 reads "re-default within 12 months" as FM-6 does: of the modification (difference 13)."""
    fell, began = f["flex_modification_redefault_date"], f["last_flex_modification_date"]
    if fell == NEVER:
        return NEVER
    if fell is None or began is None:
        return None
    counts = began != NEVER and add_months(began, 12) > fell
    return f["evaluation_date"] if counts else NEVER


def edition_of(rule_set: str) -> int:
    """Which waterfall a rule set uses."""
    return 2024 if rule_set.endswith("2024-12") else 2017


ORACLE_OPTION = {
    "forbearance": ("forbearance", "fb.2026-05"),
    "repayment_plan": ("repayment_plan", "rp"),
    "payment_deferral": ("payment_deferral", "pd.2023-10"),
    "disaster_payment_deferral": ("disaster_payment_deferral", "dpd"),
    "covid_payment_deferral": ("payment_deferral", "pd.2023-10"),
    "flex_modification": ("flex_modification", "flex.2024-12"),
    "disaster_flex_modification": ("disaster_flex_modification", "flex.2024-12"),
    "imminent_default": ("imminent_default", "imminent-default.2018-12"),
    "short_sale": ("short_sale", "ss"),
    "mortgage_release": ("mortgage_release", "release"),
}

JOINED: dict[str, dict[tuple[str, ...], str]] = {
    # Several of the engine's rules that are one rule of the guide, or one under another name.
    "repayment_plan": {("RP-1", "RP-1-C"): "RP-1", ("RP-2",): "RP-3"},
    "flex_modification": {("FM-8",): "FM-8-a"},
    "imminent_default": {("ID-DAYS", "ID-HOME", "ID-PACKAGE", "ID-RESERVES", "ID-HARDSHIP", "ID-CAUSE"): "ID"},
    "short_sale": {("SS-1", "SS-1-ID"): "SS-1"},
    "mortgage_release": {("SS-1", "SS-1-ID"): "SS-1"},
}

OWN: dict[str, Callable[[Any], bool]] = {
    # The engine's own rules that no function of the oracle has, said again in plain words.
    "RE-1": lambda f: f.can_reinstate,
    "RE-2": lambda f: f.months_delinquent >= 1,
    "RP-6": lambda f: f.months_delinquent >= 1,
    "MI-1": lambda f: not f.mortgage_insured or f.mortgage_insurer_delegated,
    "SS-10": lambda f: not f.wants_to_keep_home,
    "MR-10": lambda f: not f.wants_to_keep_home,
}


def expected_rules(
    f: Row, o: Row, option: str, rule_set: str, terms: Expected, figures: Row
) -> dict[tuple[str, ...], Answer]:
    """The oracle's answer for each rule (or group of rules) of the engine."""
    if option in ORACLE_OPTION:
        key = ORACLE_OPTION[option]
        if rule_set.startswith("fb.pre"):
            key = ("forbearance", "fb.pre-2026-05")
        functions = dict(RULES[key])
        if option == "mortgage_release":
            functions["SS-8"] = RULES["short_sale", "ss"]["SS-8"]  # MR-1 takes over what section 4.8 says of reserves
    else:
        functions = {}
    facts = dict(o)
    if option in {"flex_modification", "disaster_flex_modification"}:
        facts["modified_principal_and_interest"] = terms.get("principal_and_interest")
        facts["modified_maturity_date"] = terms.get("maturity_date")
        if rule_set == "flex.2017-10" or rule_set == "dflex.2020-11":
            functions["FM-9"] = RULES["flex_modification", "flex.2017-10"]["FM-9"]
        if option == "disaster_flex_modification":
            facts_fd2 = {**facts, "lien_position": 1}  # the lien is FM-1's
    if option in {"short_sale", "mortgage_release"}:
        facts["net_proceeds"] = terms.get("net_proceeds")
        facts["last_flex_60_day_date"] = redefault_reading(f)
    answers: dict[tuple[str, ...], Answer] = {}
    joined = JOINED.get(option, {})
    taken = {name for group in joined for name in group}
    for group, name in joined.items():
        answers[group] = decide(functions[name], facts, RULE_READINGS)
    for name, function in functions.items():
        if name in taken or name in {"RP-2", "RP-3"}:
            continue
        asked = facts
        if name == "FB-1":
            asked = {**facts, "forbearance_term_months": 1}  # without contact the engine offers a short term
            if f["hardship_kind"] not in {None, "disaster"}:
                asked["fema_individual_assistance_area"] = False  # difference 16
        elif name == "FD-2":
            asked = facts_fd2
        elif name == "SS-5":
            asked = {**facts, "relocation_over_50_miles": f["mitigating_relocation_order"]}
        elif name == "FB-5-old":
            name = "FB-5"
        answers[name,] = decide(function, asked, RULE_READINGS)
    if option == "payment_deferral" and rule_set == "pd.2020-07":
        answers["PD-7",] = decide(RULES["payment_deferral", "pd.2020-07"]["PD-7"], facts, RULE_READINGS)
    for name, own in OWN.items():
        answers[name,] = decide(own, o, RULE_READINGS)
    answers["VAL-1",] = valuation_is_fresh(f)
    if option in {"payment_deferral", "disaster_payment_deferral"}:
        answers |= _payment_first(f, option, rule_set)
    if option in {"short_sale", "mortgage_release"}:
        answers["SC-6",] = _contribution_reached(f, terms)
    if option == "covid_payment_deferral":
        limit = COVID_DEFERRAL_LIMIT[rule_set]
        answers["CD-1",] = f["hardship_resolved"]
        answers["CD-2",] = compare(f["next_due_date"], lambda due: months_delinquent(due, EMERGENCY) < 2)
        answers["CD-3",] = compare(f["months_delinquent"], lambda months: 1 <= months <= limit)
    return answers


def valuation_is_fresh(f: Row) -> Answer:
    """VAL-1; without a value there is no recent one."""
    if f["property_value"] is None or f["valuation_method"] == "indexed":
        return False
    age = compare(f["valuation_date"], lambda day: (f["evaluation_date"] - day).days)
    return compare(age, lambda days: 0 <= days <= 90)


def _payment_first(f: Row, option: str, rule_set: str) -> dict[tuple[str, ...], Answer]:
    """PD-T4, DD-T2: no payment has to come first."""
    behind, used = f["months_delinquent"], f["deferred_months_used"]
    if rule_set == "pd.2020-07":  # difference 4
        small = compare(behind, lambda months: months < 2)
        return {("PD-T4",): both(small, None if None in (behind, used) else behind + used <= 12)}
    if option == "disaster_payment_deferral":
        return {
            ("DD-T2",): compare(
                behind, lambda months: not oracle.deferral_room(months, 0, "dpd")["payment_required_first"]
            )
        }
    tried = [
        not oracle.deferral_room(case["behind"], case["used"])["payment_required_first"]
        for case in completions({"behind": behind, "used": used}, {"behind": (0, 13), "used": (0, 12, 13)})
    ]
    return {("PD-T4",): same(tried)}


def _contribution_reached(f: Row, terms: Expected) -> Answer:
    """SC-6: the offer reaches the minimum that cannot be negotiated away."""
    minimum, offer = terms["contribution_minimum"], f["contribution_offered"]
    if minimum == 0:
        return True
    return None if minimum is None or offer is None else offer >= minimum


# --- comparison -------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Agreement:
    """What was compared and what differed."""

    loans: Counter[str] = dataclasses.field(default_factory=Counter)
    figures: Counter[str] = dataclasses.field(default_factory=Counter)
    determined: Counter[str] = dataclasses.field(default_factory=Counter)
    rules: Counter[str] = dataclasses.field(default_factory=Counter)
    ruled: Counter[str] = dataclasses.field(default_factory=Counter)
    excluded: Counter[str] = dataclasses.field(default_factory=Counter)
    branches: Counter[str] = dataclasses.field(default_factory=Counter)
    differences: Counter[str] = dataclasses.field(default_factory=Counter)
    examples: dict[str, list[str]] = dataclasses.field(default_factory=dict)

    def differ(self, what: str, text: str) -> None:
        """Note one difference; keep a few in words."""
        self.differences[what] += 1
        kept = self.examples.setdefault(what, [])
        if len(kept) < 3:
            kept.append(text)

    def add(self, other: Agreement) -> None:
        """Add the counts of another batch."""
        for name in ("loans", "figures", "determined", "rules", "ruled", "excluded", "branches", "differences"):
            getattr(self, name).update(getattr(other, name))
        for what, texts in other.examples.items():
            self.examples[what] = (self.examples.get(what, []) + texts)[:3]

    def report(self) -> str:
        """Counts by option, exclusions, and differences with examples."""
        lines = []
        for option in sorted(self.loans | self.ruled):
            lines.append(
                f"{option}: {self.loans[option]} loans, {self.determined[option]} with terms, "
                f"{self.figures[option]} figures; {self.ruled[option]} loans, {self.rules[option]} rule answers"
            )
        lines += [f"branch: {branch}: {count}" for branch, count in sorted(self.branches.items())]
        lines += [f"excluded: {why}: {count}" for why, count in sorted(self.excluded.items())]
        for what, count in self.differences.most_common():
            lines.append(f"DIFFERENT {what}: {count}")
            lines += [f"    {text}" for text in self.examples[what]]
        return "\n".join(lines)


MAIN_FIGURE = {
    "reinstatement": "amount",
    "forbearance": "months",
    "repayment_plan": "installment",
    "payment_deferral": "deferred_principal",
    "disaster_payment_deferral": "deferred_principal",
    "covid_payment_deferral": "deferred_principal",
    "flex_modification": "principal_and_interest",
    "disaster_flex_modification": "principal_and_interest",
    "short_sale": "net_proceeds",
    "mortgage_release": "deficiency",
    "imminent_default": "housing_ratio",
}


def expected_terms(f: Row, figures: Row, option: str, rule_set: str, editions: dict[int, Flex]) -> tuple[Expected, str]:
    """The oracle's terms of one option, and why the loan is left out (empty if it is not)."""
    if option in {"flex_modification", "disaster_flex_modification"}:
        edition = edition_of(rule_set)
        if edition not in editions:
            editions[edition] = flex(f, figures, edition)
        return editions[edition].expected, editions[edition].excluded
    if option in {"payment_deferral", "disaster_payment_deferral", "covid_payment_deferral"}:
        return payment_deferral(f, rule_set), ""
    if option == "mortgage_release":
        return mortgage_release(f, figures), ""
    simple: dict[str, Callable[[Row], Expected]] = {
        "reinstatement": reinstatement,
        "forbearance": forbearance,
        "repayment_plan": repayment_plan,
        "short_sale": short_sale,
        "imminent_default": imminent_default,
    }
    return (simple[option](f), "") if option in simple else ({}, "")


def compare_part(part: Part, rows: Mapping[int, Row], agreement: Agreement, with_rules: bool) -> None:
    """Compare every option of one part of the engine's answer."""
    planned = [option for option in part.interval.options if option.segment is not None]
    for answer in part.frame.iter_rows(named=True):
        row = rows[answer["_row"]]
        f = known(row)
        figures = {
            "value": answer["valuation__value"],
            "posted": answer["modification_interest_rate"],
            "bound": answer["modification_interest_rate_bound"],
        }
        editions: dict[int, Flex] = {}
        o = oracle_facts(f) if with_rules else {}
        for option in planned:
            assert option.segment is not None
            name, rule_set = option.option.id, option.segment.rule_set.id
            terms, why = expected_terms(f, figures, name, rule_set, editions)
            if why:
                agreement.excluded[why] += 1
                continue
            _compare_terms(name, row, f, answer, terms, agreement)
            if name == "flex_modification":
                edition = edition_of(rule_set)
                agreement.branches.update(flex_branches(f, figures, editions[edition].result, edition))
            if with_rules:
                _compare_rules(option, rule_set, row, f, o, answer, terms, figures, agreement)


def _compare_terms(option: str, row: Row, f: Row, answer: Row, terms: Expected, agreement: Agreement) -> None:
    agreement.loans[option] += bool(terms)
    agreement.determined[option] += terms.get(MAIN_FIGURE.get(option, "")) is not None
    for name, figure in terms.items():
        agreement.figures[option] += 1
        engine = answer[f"{option}__{name}"]
        if engine == figure or (isinstance(figure, set) and engine in figure):
            continue
        if engine is None and name in {"contribution_request", "contribution_minimum"} and contribution_is_open(f):
            agreement.excluded["a contribution that comes out the same for every amount not known"] += 1
        else:
            agreement.differ(f"{option}__{name}", f"{row['loan_id']}: engine {engine}, oracle {figure}")


def engine_answers(planned: PlannedOption, answer: Row) -> dict[str, Answer]:
    """The engine's three-valued answer for each rule, from its masks."""
    failed, unknown = (answer[f"{planned.option.id}__{name}"] for name in ("failed", "unknown"))
    return {
        rule.id: False if failed >> rule.bit & 1 else None if unknown >> rule.bit & 1 else True
        for rule in planned.rules
    }


def _compare_rules(
    planned: PlannedOption,
    rule_set: str,
    row: Row,
    f: Row,
    o: Row,
    answer: Row,
    terms: Expected,
    figures: Row,
    agreement: Agreement,
) -> None:
    option = planned.option.id
    engine = engine_answers(planned, answer)
    expected = expected_rules(f, o, option, rule_set, terms, figures)
    agreement.ruled[option] += 1
    compared = set()
    for group, right in expected.items():
        if not set(group) <= set(engine):
            continue
        compared |= set(group)
        agreement.rules[option] += 1
        found = both(*(engine[name] for name in group))
        if found is right:
            continue
        why = explained_rule(option, rule_set, group, f)
        if why:
            agreement.excluded[why] += 1
        else:
            agreement.differ(
                f"{option} {'+'.join(group)}", f"{row['loan_id']}: engine {found}, oracle {right} ({rule_set})"
            )
    left = set(engine) - compared
    if left:
        agreement.differ(f"{option} rules without an oracle", ", ".join(sorted(left)))


def explained_rule(option: str, rule_set: str, group: tuple[str, ...], f: Row) -> str:
    """Why a rule's answer may differ here, or nothing."""
    if group == ("PD-T4",) and f["months_delinquent"] == 0:
        return "PD-T4 where nothing is unpaid"
    if f["evaluation_date"] < date(2018, 12, 12) and ("FM-2" in group or "SS-1-ID" in group):
        return "imminent default before its first known text"
    if group == ("SC-6",) and contribution_is_open(f):
        return "a contribution that comes out the same for every amount not known"
    if any(month_end_apart(f[event], f[until]) for name in group for event, until in EVENTS.get(name, ())):
        return "an event late in its month, counted to the end of a shorter month"  # difference 14
    return ""


def contribution_is_open(f: Row) -> bool:
    """Whether the contribution lacks an amount; the engine then does not work it out (difference 15)."""
    return None in (f["housing"], f["liquid_reserves"], f["monthly_gross_income"])


def month_end_apart(event: date | None, until: date | None) -> bool:
    """Whether ``until`` ends a month that is too short to have the day of ``event``."""
    return event is not None and until is not None and until == month_end(until) and event.day > until.day


_AT = "evaluation_date"
_REDEFAULT = (("last_flex_modification_date", "flex_modification_redefault_date"),)
EVENTS: dict[str, tuple[tuple[str, str], ...]] = {
    # Dates whose distance in months a rule reads.
    "PD-6": (("origination_date", _AT),),
    "FM-3": (("origination_date", _AT),),
    "PD-8": (("last_payment_deferral_date", _AT),),
    "PD-12": (("last_failed_trial_date", _AT), ("last_modification_date", _AT)),
    "FM-2": (("last_rate_adjustment_date", _AT),),
    "FM-5": (("last_failed_trial_date", _AT),),
    "FM-6": _REDEFAULT,
    "FM-6-F": (("flex_modification_redefault_date", _AT),),
    "FM-8": (("last_rate_adjustment_date", _AT),),
    "ID-CAUSE": (("last_rate_adjustment_date", _AT),),
    "SS-1-ID": (("last_rate_adjustment_date", _AT),),
    "SS-2": (("last_failed_trial_date", _AT), *_REDEFAULT),
}


def agree(frame: pl.DataFrame, settings: Settings = ENTERPRISES, rules_for: int | None = None) -> Agreement:
    """Review a frame with the engine, ask the oracle about each loan, and compare.

    Args:
        frame: canonical loans.
        settings: how the engine reviews.
        rules_for: compare the rules of this many loans (``None``: of all).
    """
    agreement = Agreement()
    limit = frame.height if rules_for is None else rules_for
    rows = dict(enumerate(frame.iter_rows(named=True)))
    for part in determine(frame, settings):
        with_rules = part.frame["_row"] < limit
        for wanted, mask in ((True, with_rules), (False, ~with_rules)):
            chosen = part.frame.filter(mask)
            if not chosen.is_empty():
                compare_part(dataclasses.replace(part, frame=chosen), rows, agreement, wanted)
    return agreement


@dataclasses.dataclass(frozen=True)
class Chunk:
    """A batch of random loans for one process."""

    count: int
    seed: int
    rules_for: int
    first: str = "2017-10-01"
    days: int = 3_300
    early: bool = False


def agree_on(chunk: Chunk) -> Agreement:
    """Draw the loans of a chunk and compare them."""
    loans = random_cases(chunk.count, chunk.seed, chunk.first, chunk.days)
    return agree(schema().complete(loans), EARLY if chunk.early else ENTERPRISES, chunk.rules_for)
