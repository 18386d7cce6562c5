"""Handlers of the options that keep the home and the note: deferral, forbearance, repayment plan."""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from hopenow.conformance.handler import Handler, Pattern, answers, review_handler, review_outputs
from hopenow.conformance.kinds import KINDS, Field
from hopenow.conformance.loans import NAMES, loan_fields
from hopenow.conformance.runs import Reviewed, Run, total
from hopenow.dates import add_months, mba_months, months_between
from hopenow.errors import InputError
from hopenow.money import format_ppm, percent_of
from hopenow.programs.conventional.process import (
    Rulebook,
    deferral_clocks,
    forbearance_clocks,
    forbearance_room,
)

# --- payment deferral -----------------------------------------------------------------------------

_DEFERRAL_WORDS: Mapping[str, str] = {
    "nib_upb": "deferred_balance",
    "ib_upb": "interest_bearing_balance",
    "gross_upb": "gross_balance",
    "term_months": "remaining_term",
    "next_due": "next_due_date",
    "new_payment": "payment_after",
    "max_deferrable_now": "payments_deferred",
    "excess_installment_must_be_paid": "payments_first",
    "excess_installments_must_be_paid": "payments_first",
}
_DEFERRAL_CLOCKS: Mapping[str, str] = {
    "smdu_entry_by": "enter_case",
    "lar_by": "report_activity",
    "first_payment_by": "pay_installment_first",
    "agreement_by": "send_agreement",
    "custodian_by": "custodian_copy",
    "recorded_original_by": "recorded_original",
    "texas_notice_by": "texas_notice",
    "texas_cure_by": "texas_cure",
    "processing_month_end": "processing_month",
}
_DEFERRAL_MORE: Mapping[str, Field] = {
    "total_arrearage": Field("money", "deferred interest and advances, less any contribution"),
    "pi": Field("money", "principal and interest, unchanged"),
    "rate_pct": Field("rate", "rate, unchanged"),
    "late_charges_waived": Field("money", "late charges that the deferral waives"),
    **{word: Field("date", f"clock {clock} of process_dates.yaml") for word, clock in _DEFERRAL_CLOCKS.items()},
}
_DEFERRAL_IN: Mapping[str, Field] = {
    "payments_deferred": Field("count", "unpaid installments that are deferred"),
    "life_cap_months": Field("count", "lifetime limit, where it is not that of the rule set"),
    "processing_month": Field("flag", "completion moves into the next month"),
    "completed": Field("date", "when the deferral was completed"),
    "recorded_original": Field("date", "when the recorded original came back"),
    "violation_notice": Field("date", "notice of a violation of Texas 50(a)(6)"),
    "closures": Field("date", "further days that are not business days", "list"),
}
_ON_BALANCE = (
    "deferred_principal",
    "deferred_interest",
    "interest_bearing_balance",
    "gross_balance",
    "ib_upb",
    "gross_upb",
    "rate_pct",
    "total_arrearage",
)


def _given(run: Run, fact: str) -> bool:
    names = [fact, *(word for word, other in NAMES.items() if other == fact)]
    return run.get(*names) is not None


def _deferral_values(run: Run) -> Mapping[str, Any]:
    values = {name: value for name, value in run.values.items() if name not in _DEFERRAL_IN}
    count = run.get("payments_deferred")
    if count is not None:
        values["months_unpaid"] = count
    if not _given(run, "interest_bearing_balance") and not _given(run, "note_rate") and run.get("pi", "pre_mod_pi"):
        # Only the split into principal and interest depends on balance and rate; see _deferral.
        values |= {"interest_bearing_balance": run.get("pi", "pre_mod_pi") * (count or 1), "note_rate": 0}
    return values


def _deferral_reading(run: Run) -> Mapping[str, Any]:
    cap = run.get("life_cap_months")
    return {} if cap is None else {"most_months_deferred": cap}


def _deferral(run: Run, reviewed: Reviewed) -> Mapping[str, Any]:
    row, term = reviewed.row, reviewed.term
    found: dict[str, Any] = {
        "total_arrearage": total(term("deferred_interest"), term("deferred_advances")),
        "pi": row["monthly_principal_and_interest"],
        "rate_pct": row["note_rate"],
        "late_charges_waived": row["late_charges"] if row["late_charges"] is not None else 0,
    }
    if not _given(run, "interest_bearing_balance"):
        found |= dict.fromkeys(_ON_BALANCE)
        if not {"max_deferrable_now"} & set(run.wanted):
            run.notes.append("balance and rate are not given; the deferred amount does not depend on them")
    if run.day is not None and not run.day.supposed:
        clocks = deferral_clocks(
            run.program,
            run.date,
            option=reviewed.option,
            processing_month=bool(run.values.get("processing_month")),
            completed=run.get("completed"),
            payment_needed_first=bool(term("payments_first")),
            recorded_original=run.get("recorded_original"),
            violation_notice=run.get("violation_notice"),
            closures=run.get("closures") or (),
        )
        by_name = {clock.name: clock.due for clock in clocks}
        found |= {word: by_name.get(clock) for word, clock in _DEFERRAL_CLOCKS.items()}
        found["effective_date"] = by_name.get("deferral_takes_effect", term("effective_date"))
        if run.values.get("processing_month") and "smdu_entry_by" in run.wanted:
            found["smdu_entry_by"] = by_name.get("processing_month")
            run.notes.append("reading: with a processing month the case is entered by its last day")
    elif not _given(run, "next_due_date"):
        found["effective_date"] = None
    return found


def _deferral_handler(word: str, title: str, option: str) -> Handler:
    return review_handler(
        word,
        title,
        option,
        words=_DEFERRAL_WORDS,
        more=_DEFERRAL_MORE,
        work=_deferral,
        readings=_deferral_reading,
        inputs=_DEFERRAL_IN,
        values=_deferral_values,
        about="Any word of the loan. Amounts need pi and payments_deferred (or months_unpaid); the split into "
        "principal and interest also needs ib_upb and note_rate_pct; the clocks need evaluation_date.",
    )


# --- forbearance ----------------------------------------------------------------------------------

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ORDINAL = "|".join((*_ORDINALS, "next"))
_REQUESTED = re.compile(rf"requested_(?P<place>{_ORDINAL})_term_months")
_CUMULATIVE = re.compile(r"cumulative_after_(?P<count>\d+)", re.ASCII)
_BEHIND = re.compile(r"months_delinquent_at_(?P<day>\d{4}-\d{2}-\d{2})", re.ASCII)
_ASKED = re.compile(rf"(?P<place>{_ORDINAL})_(?P<months>\d+)_months?_allowed", re.ASCII)
_ALLOWED = re.compile(rf"(?P<place>{_ORDINAL})_allowed_months")
_END = re.compile(rf"(?P<place>{_ORDINAL})_end")

_FORBEARANCE_IN: Mapping[str, Field] = {
    "start": Field("date", "first day of a single term"),
    "end": Field("date", "last day of a single term"),
    "terms": Field("structure", "terms so far, in order: a list of [first day, last day]"),
    "unpaid_due_dates": Field("date", "due dates of the unpaid installments", "list"),
    "next_start": Field("date", "first day of the next term, where it does not follow the last"),
    "requested_term_months": Field("count", "length asked for of the next term"),
    "payment_during": Field("money", "reduced payment during the plan; no limit depends on it"),
    "last_pool_payment": Field("date", "last scheduled payment date of a pooled loan"),
    "without_contact": Field("flag", "disaster forbearance without contact"),
    "repayment_months": Field("count", "length of a repayment plan offered together with the next term"),
}
_FORBEARANCE_MORE: Mapping[str, Field] = {
    "cumulative_months": Field("count", "months from the first day of the first term to the last day of the last"),
    "months_delinquent_at_end": Field("count", "unpaid installments at the end of the last term"),
    "broken_limits": Field("codes", "ids of the limits that the last term breaks (FB-5 to FB-9, FB-D)"),
    "limits": Field("codes", "ids of the limits that one month more would break"),
    "next_allowed": Field("flag", "the next term as asked for is within every limit"),
    "next_start": Field("date", "first day of the next term"),
    "contact_by": Field("date", "contact attempts begin by, before the last term ends"),
}


def _terms(run: Run) -> list[tuple[datetime.date, datetime.date]]:
    read = KINDS["date"].read
    given = run.get("terms")
    if given is None:
        start, end = run.get("start"), run.get("end")
        if (start is None) != (end is None):
            raise InputError("a single term has start and end; one of them is missing")
        return [] if start is None else [(start, end)]
    if not isinstance(given, list) or not all(isinstance(item, list) and len(item) == 2 for item in given):
        raise InputError("terms is a list of [first day, last day]")
    return [(read(begin), read(end)) for begin, end in given]


def _next_due(run: Run) -> datetime.date | None:
    unpaid: list[datetime.date] | None = run.get("unpaid_due_dates")
    if unpaid:
        return min(unpaid)
    due = run.get("next_due_date")
    return due if isinstance(due, datetime.date) else None


def _forbearance(run: Run) -> Mapping[str, Any]:
    terms, due = _terms(run), _next_due(run)
    if due is None and run.get("ddlpi") is not None:
        due = add_months(run.get("ddlpi"), 1)
    behind = None if due is not None else run.get("months_delinquent", "months_unpaid")
    requested = _requested(run, len(terms))

    def room(months: int | None) -> Any:
        return forbearance_room(
            run.program,
            terms,
            next_due_date=due,
            months_delinquent=behind,
            next_start=run.get("next_start") or (None if terms else run.date),
            requested_months=months,
            last_pool_payment=run.get("last_pool_payment"),
            without_contact=bool(run.values.get("without_contact")),
            repayment_months=run.get("repayment_months") or 0,
        )

    found: dict[str, Any] = {}
    series = room(requested)
    if terms:
        last = series.terms[-1]
        within = not any(term.broken for term in series.terms)
        found |= {
            "cumulative_months": last.months_in_all,
            "months_delinquent_at_end": last.months_delinquent_at_end,
            "broken_limits": list(last.broken),
            "contact_by": _contact_by(run, *terms[-1]),
        }
    else:
        within = series.requested is None or not series.requested.broken
    reviewed = run.review("forbearance", _forbearance_facts(run, terms, requested))
    found |= answers(run, reviewed)
    found |= {name: reviewed.term(name) for name in reviewed.planned.option.columns if name not in found}
    for name in ("eligible", "approved"):
        found[name] = None if reviewed.not_ruled_out is None else within and reviewed.not_ruled_out
    found |= {
        "limits": list(series.limits),
        "next_start": series.next_start,
        "next_allowed": None if series.requested is None else not series.requested.broken,
    }
    for name in run.wanted:
        found |= _named_figure(name, series, room, due, len(terms))
    return found


def _named_figure(name: str, series: Any, room: Any, due: datetime.date | None, count: int) -> dict[str, Any]:
    """Return the figure of an output whose name holds a date, a place or a length."""
    if (match := _CUMULATIVE.fullmatch(name)) is not None:
        place = int(match["count"])
        return {name: series.terms[place - 1].months_in_all if 1 <= place <= count else None}
    if (match := _BEHIND.fullmatch(name)) is not None:
        day = KINDS["date"].read(match["day"])
        known = {term.end: term.months_delinquent_at_end for term in series.terms}
        return {name: mba_months(due, day) if due is not None else known.get(day)}
    if (match := _ASKED.fullmatch(name)) is not None:
        _is_next(match["place"], count, name)
        return {name: not room(int(match["months"])).requested.broken}
    if (match := _ALLOWED.fullmatch(name)) is not None:
        _is_next(match["place"], count, name)
        return {name: series.allowed_months}
    if (match := _END.fullmatch(name)) is not None:
        _is_next(match["place"], count, name)
        return {name: series.next_end}
    return {}


def _is_next(place: str, count: int, name: str) -> None:
    if place != "next" and _ORDINALS.index(place) != count:
        raise InputError(f"{name}: the next term is the {_ORDINALS[count]} one, after {count} terms")


def _requested(run: Run, count: int) -> int | None:
    found = [run.get("requested_term_months", "requested_forbearance_months")]
    for name, value in run.values.items():
        match = _REQUESTED.fullmatch(name)
        if match is not None:
            _is_next(match["place"], count, name)
            found.append(value)
    return next((value for value in found if value is not None), None)


def _contact_by(run: Run, start: datetime.date, end: datetime.date) -> datetime.date | None:
    clocks = forbearance_clocks(run.program, start, end)
    return next((clock.due for clock in clocks if clock.name == "contact_before_end"), None)


def _forbearance_facts(
    run: Run, terms: list[tuple[datetime.date, datetime.date]], requested: int | None
) -> Mapping[str, Any]:
    own = set(_FORBEARANCE_IN) | {name for name in run.values if _REQUESTED.fullmatch(name)}
    facts = {name: value for name, value in run.values.items() if name not in own}
    if run.get("unpaid_due_dates"):
        facts["next_due_date"] = min(run.get("unpaid_due_dates"))
    if requested is not None and not terms:
        facts["requested_forbearance_months"] = requested
    return facts


_FORBEARANCE = Handler(
    option="forbearance",
    title="Forbearance plan: limits over one or several terms",
    inputs={**loan_fields(), **_FORBEARANCE_IN},
    outputs=review_outputs("forbearance", {}, _FORBEARANCE_MORE),
    compute=_forbearance,
    law="forbearance",
    versions={
        "fb.pre-2026-05": ("fb.pre-2026-05", "fb.pre-2026-05-f"),
        "fb.2026-05": ("fb.2026-05", "fb.2026-05-f"),
    },
    dated_by=("evaluation_date", "qrpc", "start", "terms", "next_start"),
    input_patterns=(
        Pattern("requested_<place>_term_months", _REQUESTED, Field("count", "length asked for of the next term")),
    ),
    output_patterns=(
        Pattern(
            "cumulative_after_<n>",
            _CUMULATIVE,
            Field("count", "months from the first day to the end of term n"),
        ),
        Pattern("months_delinquent_at_<date>", _BEHIND, Field("count", "unpaid installments on that day")),
        Pattern(
            "<place>_<n>_months_allowed",
            _ASKED,
            Field("flag", "a next term of n months is within every limit"),
        ),
        Pattern("<place>_allowed_months", _ALLOWED, Field("count", "longest next term")),
        Pattern("<place>_end", _END, Field("date", "last day of the longest next term")),
    ),
    about="Terms as start and end or as a list; delinquency as unpaid_due_dates, next_due_date, ddlpi or "
    "months_delinquent (on the day before the first term). <place> is first, second, third and so on, or next.",
)

# --- repayment plan -------------------------------------------------------------------------------

_PLAN = re.compile(r"(?P<months>\d+)\.(?P<figure>installment|total|pct|ok|why|last_installment)", re.ASCII)
_PLAN_FIELDS: Mapping[str, Field] = {
    "installment": Field("money", "part of the arrears per month"),
    "last_installment": Field("money", "last part of the arrears"),
    "total": Field("money", "regular payment and installment"),
    "pct": Field("ratio", "total in percent of the regular payment"),
    "ok": Field("flag", "within the payment limit, the capacity (where given) and the longest plan without approval"),
    "why": Field("text", "what stands in the way: over 150%, over capacity, over 12 months"),
}
_REPAYMENT_MORE: Mapping[str, Field] = {
    **_PLAN_FIELDS,
    "cap": Field("money", "highest total payment"),
    "cap_pct": Field("rate", "highest total payment in percent of the regular payment"),
    "shortest_months": Field("count", "shortest plan within payment limit and capacity"),
    "smallest_n": Field("count", "the same as shortest_months"),
    "can_afford": Field("flag", "some plan without approval fits"),
    "cumulative_months": Field("count", "calendar months from start to end"),
    "total_paid": Field("money", "what the plan payments repay in all"),
    "covers": Field("flag", "the plan payments repay the whole arrears"),
}
_REPAYMENT_IN: Mapping[str, Field] = {
    "arrears": Field("money", "past-due amount to be repaid"),
    "total_outstanding": Field("money", "the same as arrears"),
    "months": Field("count", "length of the plan"),
    "start": Field("date", "first day of the plan"),
    "end": Field("date", "last day of the plan"),
    "monthly_amount": Field("money", "part of the arrears paid each month, where the plan states it"),
}


def _plan(rules: Rulebook, payment: int, arrears: int, capacity: int | None, months: int) -> dict[str, Any]:
    """Return the figures of a plan of a given length."""
    if months < 1:
        raise InputError(f"a plan has at least one month, not {months}")
    limit, longest = rules.figure("highest_payment"), rules.figure("longest_plan")
    installment = -(-arrears // months)
    whole = payment + installment
    why = None
    if whole > percent_of(payment, limit):
        why = f"over {format_ppm(limit, places=0)}"
    elif capacity is not None and whole > capacity:
        why = "over capacity"
    elif months > longest:
        why = f"over {longest} months"
    return {
        "installment": installment,
        "last_installment": arrears - installment * (months - 1),
        "total": whole,
        "pct": Fraction(whole, payment) if payment else None,
        "ok": why is None,
        "why": why,
    }


def _regular_payment(run: Run) -> int | None:
    whole: int | None = run.get("contractual_payment", "piti")
    if whole is None and run.get("pi", "pre_mod_pi") is not None:
        escrow = ("ti_monthly", "tias_monthly", "tax_monthly", "tax", "hoi_monthly", "hoi", "mi_monthly")
        whole = run.get("pi", "pre_mod_pi") + sum(run.get(word) or 0 for word in escrow)
    return whole


def _repayment_values(run: Run) -> Mapping[str, Any]:
    values = {name: value for name, value in run.values.items() if name not in _REPAYMENT_IN}
    arrears, payment = run.get("arrears", "total_outstanding"), _regular_payment(run)
    dated = _given(run, "months_delinquent") or _given(run, "next_due_date") or run.get("ddlpi") is not None
    if arrears and not dated:
        # The arrears of the review are unpaid payments less a contribution; together they make the given amount.
        months = -(-arrears // payment) if payment else 1
        values["months_delinquent"] = months
        if payment:
            values["borrower_contribution"] = months * payment - arrears
    return values


def _repayment(run: Run, reviewed: Reviewed) -> Mapping[str, Any]:
    row, term = reviewed.row, reviewed.term
    rules = run.rulebook("repayment_plan")
    payment = row["contractual_payment"]
    given = run.get("arrears", "total_outstanding")
    arrears = given if given is not None else term("arrears")
    found: dict[str, Any] = {
        "shortest_months": term("months"),
        "smallest_n": term("months"),
        "can_afford": term("affordable"),
        "cap": None if payment is None else percent_of(payment, rules.figure("highest_payment")),
        "cap_pct": rules.figure("highest_payment"),
        "installment": term("installment"),
        "last_installment": term("last_installment"),
        "total": term("payment"),
    }
    found |= _stated_plan(run, reviewed, arrears, payment, found["cap"])
    if payment is None or arrears is None:
        return found
    capacity = row["monthly_capacity"]
    chosen = run.get("months")
    if chosen is not None:
        found |= _plan(rules, payment, arrears, capacity, chosen)
    elif term("months"):
        found |= _plan(rules, payment, arrears, capacity, term("months"))
    for name in run.wanted:
        match = _PLAN.fullmatch(name)
        if match is not None:
            found[name] = _plan(rules, payment, arrears, capacity, int(match["months"]))[match["figure"]]
    return found


def _stated_plan(
    run: Run, reviewed: Reviewed, arrears: int | None, payment: int | None, cap: int | None
) -> dict[str, Any]:
    """Judge a plan that the case states by its dates and monthly amount."""
    start, end, amount = run.get("start"), run.get("end"), run.get("monthly_amount")
    if start is None or end is None:
        return {}
    months = months_between(start, end) + 1
    paid = None if amount is None else amount * months
    covers = None if paid is None or arrears is None else paid >= arrears
    too_high = amount is not None and payment is not None and cap is not None and payment + amount > cap
    too_long = months > run.rulebook("repayment_plan").figure("longest_plan")
    within = covers is not False and not too_high and not too_long and reviewed.not_ruled_out is not False
    return {
        "cumulative_months": months,
        "total_paid": paid,
        "covers": covers,
        "approved": within,
        "eligible": within,
    }


def _repayment_handler() -> Handler:
    made = review_handler(
        "repayment_plan",
        "Repayment plan",
        "repayment_plan",
        more=_REPAYMENT_MORE,
        work=_repayment,
        inputs=_REPAYMENT_IN,
        values=_repayment_values,
        dated_by=("evaluation_date", "start"),
        about="Figures of the plan of `months`, or (left out) of the shortest one that fits; outputs under a "
        "number, such as {'8': {total: ..., ok: ...}}, are those of a plan of that length.",
    )
    patterns = tuple(
        Pattern(f"<n>.{name}", re.compile(rf"\d+\.{name}", re.ASCII), field) for name, field in _PLAN_FIELDS.items()
    )
    return dataclasses.replace(
        made,
        output_patterns=patterns,
        needs=(("contractual_payment", "piti", "pi", "monthly_principal_and_interest", "start"),),
    )


HANDLERS = (
    _deferral_handler("payment_deferral", "Payment deferral", "payment_deferral"),
    _deferral_handler("disaster_payment_deferral", "Payment deferral after a disaster", "disaster_payment_deferral"),
    _deferral_handler("covid_payment_deferral", "Payment deferral of the COVID-19 emergency", "covid_payment_deferral"),
    _FORBEARANCE,
    _repayment_handler(),
    review_handler(
        "reinstatement",
        "Reinstatement",
        "reinstatement",
        words={"total_due": "amount"},
        about="Any word of the loan; needs the regular payment and the months unpaid.",
    ),
)
