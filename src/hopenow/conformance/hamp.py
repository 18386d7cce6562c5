"""Handlers of published HAMP cases, in the words of the Handbook and of the papers around it.

Any option of the program can be asked for by its own name (see :mod:`hopenow.conformance.options`); these handlers are
for the parts that were published: amounts, dates and steps.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeVar

from hopenow.conformance.handler import part_handler
from hopenow.conformance.kinds import Field
from hopenow.conformance.runs import Run
from hopenow.dates import STATUTORY_HOLIDAYS, add_months
from hopenow.errors import CoverageError, InputError
from hopenow.law import Parameters, segments
from hopenow.money import half_up_div
from hopenow.mortgage import exact, kernels
from hopenow.programs.hamp import incentives, process, second_lien, tier1
from hopenow.programs.hamp import kernel as hk
from hopenow.programs.hamp.common import NAME, documents, law

TIER1, SECOND = tier1.NAME, second_lien.NAME
_WHOLE = 1_000_000
_YEAR = 12
_PER_PERCENT = 10_000
_DOCUMENTS = {"Handbook 4.0": "HB-4.0", "Handbook 3.3": "HB-3.3", "NPV 3.0": "NPV-3.0"}
_ARITHMETIC = ("arithmetic",)
_HANDBOOK = tuple(_DOCUMENTS)

Found = TypeVar("Found")


def _published(run: Run) -> datetime.date:
    """Return the day of the document that a case names as its rule version; the latest of those known by default.

    Raises:
        InputError: the document has no day.
    """
    name = _DOCUMENTS.get(run.case.rule_version, _DOCUMENTS["Handbook 4.0"])
    day = documents()[name].as_of
    if day is None:
        raise InputError(f"{run.case.rule_version} has no day; give the case a date")
    return day


def _tier1(day: datetime.date) -> Parameters:
    """Return the figures of Tier 1 in force on a day.

    Raises:
        CoverageError: the program did not exist on that day.
    """
    found = segments(tier1.OPTION.law, NAME)
    for item in found:
        if item.start <= day <= item.end:
            return item.parameters
    raise CoverageError("HAMP Tier 1", day, found[0].start, found[-1].end)


def _incentives(run: Run, *names: str) -> Parameters:
    return incentives.on(run.get(*names) or _published(run))


_handler = functools.partial(part_handler, labels=_HANDBOOK, program=NAME)


# --- second lien ----------------------------------------------------------------------------------


def _second(run: Run, facts: Mapping[str, Any]) -> Any:
    base = {
        "evaluation_date": _published(run),
        "loan_type": "conventional",
        "investor": "private_label",
        "lien_position": 2,
    }
    return run.review_facts(SECOND, {**base, **{name: value for name, value in facts.items() if value is not None}})


def _principal(run: Run) -> Mapping[str, Any]:
    found = _second(
        run,
        {
            "interest_bearing_balance": run.get("second_lien_upb"),
            "hamp_first_lien_balance": run.get("first_lien_upb_plus_forgiveness"),
            "hamp_first_lien_forborne": run.get("first_lien_forbearance"),
            "hamp_first_lien_forgiven": run.get("first_lien_forgiveness"),
        },
    )
    return {
        "second_lien_forbearance_min": found.term("forborne_at_least"),
        "second_lien_forgiveness_min": found.term("forgiven_at_least"),
    }


_PATH = Field("year_rate", "years and rate, such as ['1-5', '2.0'], ['6', '3.0'], ['7+', '3.5']", "list")
_LIENS = {"amortizing": False, "interest_only": True}


def _second_rate(run: Run) -> Mapping[str, Any]:
    kind = run.get("second_lien")
    if kind not in _LIENS:
        raise InputError(f"second_lien: {kind!r} is not one of {', '.join(_LIENS)}")
    path, cap = run.get("first_lien_rate_path_pct_by_year"), run.get("first_lien_cap_pct")
    p = _tier1(_published(run))
    expected = _path(path[0][1], cap, p)
    if [tuple(item) for item in path] != expected:
        raise InputError(f"first_lien_rate_path_pct_by_year is not the path to the cap: {_PATH.show(expected)}")
    rates = {"hamp_first_lien_rate": path[0][1], "hamp_first_lien_rate_cap": cap}
    found = _second(run, {"interest_only": _LIENS[kind], **rates})
    start, after, final = (found.term(name) for name in ("rate", "rate_after_fixed_years", "final_rate"))
    # From the first rise on, the second lien has the rates of the first.
    later = expected[1:]
    if later and (later[0][1], later[-1][1]) != (after, final):
        raise InputError("the rates of the second lien do not follow those of the first")
    return {"second_lien_rate_path_pct_by_year": [(path[0][0], start), *later]}


# --- Tier 1: cap, path, ladder, target ------------------------------------------------------------


def _path(rate: int, cap: int, p: Parameters) -> list[tuple[str, int]]:
    """Return the rate by year, as far as the kernel lets it rise: one more year at a time."""
    fixed, longest = p["fixed_years"] * _YEAR, p["longest_term"]

    def at(months: int) -> int:
        payment = kernels.payment(_WHOLE * _PER_PERCENT, rate, months)
        found = hk.rate_path(_WHOLE * _PER_PERCENT, rate, months, payment, cap, p["rate_rise"], fixed)
        return int(found[hk.P_FINAL])

    found = [(f"1-{p['fixed_years']}", rate)]
    year, last = p["fixed_years"] + 1, rate
    while last < at(longest):
        last = at(year * _YEAR)
        found.append((f"{year}+" if last == at(longest) else str(year), last))
        year += 1
    return found


def _rate_path(run: Run) -> Mapping[str, Any]:
    p = _tier1(_published(run))
    return {"rate_path_pct_by_year": _path(run.get("modified_rate_pct"), run.get("cap_pct"), p)}


def _cap(run: Run) -> Mapping[str, Any]:
    effective = run.get("modification_effective_date")
    issue = run.get("pmms_first_issue_of_prior_month_pct")
    found = process.late_conversion_cap(effective, _tier1(effective)["rate_step"], issue)
    if issue is not None and found != process.late_conversion_cap(effective, _tier1(effective)["rate_step"]):
        run.notes.append("the survey rate of the case is not the one in this project's table")
    return {"cap_pct": found}


def _ladder(run: Run) -> Mapping[str, Any]:
    p = _tier1(_published(run))
    start, step, floor = run.get("start_rate_pct"), run.get("step_points"), run.get("floor_pct")
    if (step or p["rate_step"], floor or p["lowest_rate"]) != (p["rate_step"], p["lowest_rate"]):
        raise InputError("step_points and floor_pct are not the figures of the rules in force")
    rungs = [start]
    while rungs[-1] > p["lowest_rate"]:
        rungs.append(kernels.stepped_rate(start, p["lowest_rate"], p["rate_step"], len(rungs)))
    # A target far below every rung takes the waterfall down the ladder and on to the next step.
    figures = tier1.figures_of_the_law(p, reduction=False)
    balance, term = 20 * _WHOLE, p["longest_term"] // 2
    payment = kernels.payment(balance, start, term)
    floor, longest, target = p["lowest_rate"], p["longest_term"], payment // 10
    worked = hk.tier1(balance, start, term, floor, longest, balance, target, payment, start, False, figures)
    if (worked[hk.RATE], worked[hk.CUTS]) != (rungs[-1], len(rungs) - 1):
        raise InputError("the waterfall does not end on the last rung")
    extended = worked[hk.TERM] > term
    forborne = "forbearance" if worked[hk.FORBORNE] > 0 else "nothing"
    return {"ladder_pct": rungs, "then": "term_extension" if extended else forborne}


def _capitalized(run: Run) -> Mapping[str, Any]:
    found = _first(
        run,
        {
            "interest_bearing_balance": run.get("upb"),
            "accrued_interest": run.get("missed_payments"),
            "servicing_advances": run.get("expenses") or 0,
            "escrow_advances": run.get("escrow_advances") or 0,
        },
    )
    return {"upb_after": found.term("gross_balance")}


def _first(run: Run, facts: Mapping[str, Any]) -> Any:
    base = {
        "evaluation_date": _published(run),
        "loan_type": "conventional",
        "investor": "private_label",
        "lien_position": 1,
        "amortization_type": "fixed",
        "deferred_balance": 0,
        "hamp_trial_escrow_advances": 0,
        "hamp_investor_restrictions": False,
    }
    return run.review_facts(TIER1, {**base, **facts})


def _shape(run: Run) -> Mapping[str, Any]:
    balance, rate, term = run.get("upb"), run.get("rate_pct"), run.get("term_months")
    escrow, day = run.get("taxes_and_insurance"), _published(run)
    # Nothing is capitalized, and the whole term remains at the first modified payment, which the review names.
    facts = {
        "interest_bearing_balance": balance,
        "note_rate": rate,
        "accrued_interest": 0,
        "monthly_taxes": escrow,
        "monthly_insurance": 0,
        "days_delinquent": _tier1(day)["default_from_days"],
        "monthly_principal_and_interest": kernels.payment(balance, rate, term),
        "monthly_gross_income": run.get("gross_monthly_income"),
    }
    first_payment = _first(run, facts).term("first_payment_date")
    found = _first(run, {**facts, "maturity_date": add_months(first_payment, term - 1)})
    tested = kernels.payment(balance, run.get("tested_rate_pct") or rate, term)
    if found.term("rate") is not None:
        run.notes.append(f"the waterfall of the Handbook ends at {found.term('rate') / _PER_PERCENT:.3f}%")
    return {
        "target_pitia": found.term("target_payment") + escrow,
        "old_pi": found.term("payment_after_capitalization"),
        "pi_at_tested_rate": tested,
        "pitia_at_tested_rate": tested + escrow,
    }


# --- annuities ------------------------------------------------------------------------------------


def _step_up(run: Run) -> Mapping[str, Any]:
    balance, term = run.get("loan"), run.get("term_months")
    low, high = run.get("rate_from_pct"), run.get("rate_to_pct")
    p = _tier1(_published(run))
    payment = kernels.payment(balance, low, term)
    fixed = p["fixed_years"] * _YEAR
    found = hk.rate_path(balance, low, term, payment, high, max(high - low, 1), fixed)
    return {"payment_increase": found[hk.P_FIRST] - payment}


_LOAN_KEYS = {"balance": "money", "rate_pct": "rate", "term_months": "count"}


def _loan(run: Run, name: str) -> tuple[int, int, int]:
    given = run.get(name)
    if not isinstance(given, dict) or set(given) != set(_LOAN_KEYS):
        raise InputError(f"{name} has exactly the keys {', '.join(_LOAN_KEYS)}")
    balance, rate, term = (Field(kind, "").read(given[key]) for key, kind in _LOAN_KEYS.items())
    return balance, rate, term


def _refinance(run: Run) -> Mapping[str, Any]:
    before, after = _loan(run, "before"), _loan(run, "after")
    saved = exact.raw_payment(*before) - exact.raw_payment(*after)
    return {
        "before_payment": kernels.payment(*before),
        "after_payment": kernels.payment(*after),
        "monthly_saving": _cents(saved),
        "annual_saving": _cents(saved * _YEAR),
    }


def _cents(amount: Fraction) -> int:
    return half_up_div(amount.numerator, amount.denominator)


# --- incentives -----------------------------------------------------------------------------------


def _on_time(run: Run) -> Mapping[str, Any]:
    months, good = run.get("months"), run.get("current_and_in_good_standing")
    return {"fraction_of_annual_incentive": incentives.on_time_share(run.get("on_time_payments"), months, good)}


def _decline(run: Run) -> Mapping[str, Any]:
    p = _incentives(run, "npv_date")
    balance, loan_to_value = run.get("upb_before_mod"), run.get("mtmltv_pct")
    group = incentives.balance_group(balance, p)
    bases = p.value("hpdp_bases")
    base = bases[group - 1] if isinstance(bases, tuple) else str(bases)
    return {
        "quintile": group,
        "quintile_base": Field("money", "").read(base),
        "mtmltv_factor": incentives.loan_to_value_factor(loan_to_value, p),
        "hpdp_total": incentives.price_decline_total(run.get("hpd_bracket"), balance, loan_to_value, p),
    }


def _accrual(run: Run) -> Mapping[str, Any]:
    lost = run.get("good_standing_lost")
    try:
        day = None if lost is None else datetime.date.fromisoformat(f"{lost}-01")
    except ValueError:
        raise InputError(f"good_standing_lost: {lost!r} is not a month; write it as '2010-12'") from None
    trial, done = run.get("trial_effective_date"), run.get("trial_completed")
    found = incentives.price_decline_payments(run.get("hpdp_total"), trial, done, day, incentives.on(trial))
    return {"payments": [(item.date, item.amount, item.fraction) for item in found]}


def _quarters(run: Run) -> Mapping[str, Any]:
    day = run.get("npv_date")
    latest, earlier = incentives.decline_quarters(day, incentives.on(day))
    return {"q_minus_1": latest, "q_minus_2": earlier}


def _decline_rounded(run: Run) -> Mapping[str, Any]:
    return {"hpd": incentives.rounded_decline(run.get("decline_pct"))}


def _schedules() -> dict[str, datetime.date]:
    """Return the schedules of the reduction incentive as cases may call them, each with a day on which it applies."""
    days = {}
    for entry in law("incentives").parameters["pra_middle"].values:
        if entry.end is not None:
            after = entry.end + datetime.timedelta(days=1)
            days[f"PRA schedule before {after}"] = entry.end
        if entry.start is not None:
            days[f"PRA schedule from {entry.start}"] = entry.start
    return days


def _reduction(run: Run) -> Mapping[str, Any]:
    forgiven = run.get("principal_reduction")
    before, after = run.get("mtmltv_before_pct"), run.get("mtmltv_after_pct")
    if before <= after:
        raise InputError("mtmltv_before_pct must lie above mtmltv_after_pct")
    # The forgiven principal is the difference of both ratios times the value, which the source does not print.
    value = int(forgiven / (before - after))
    balance = int(value * before)
    day = run.get("evaluation_date") or _schedules().get(run.case.rule_version) or _published(run)
    p = incentives.on(day)
    found = incentives.principal_reduction(balance, forgiven, value, bool(run.get("more_than_6_months_late")), p)
    rate = run.get("incentive_per_dollar")
    if rate is not None and found != _cents(forgiven * rate):
        run.notes.append(f"not every dollar earns {float(rate)}")
    return {"incentive": found, "investor_loss": forgiven - found}


# --- dates ----------------------------------------------------------------------------------------


def _every_year(day: tuple[int, int | None], compute: Callable[[datetime.date], Found]) -> Found:
    """Work a day of any year out in every year of the program; it must be the same in all of them.

    Raises:
        InputError: the years differ.
    """
    covered = segments(law("process"), NAME)
    results: list[Found] = []
    for year in range(covered[0].start.year, covered[-1].end.year + 1):
        date = datetime.date(year, day[0], day[1] or 1)
        if covered[0].start <= date <= covered[-1].end:
            results.append(compute(date))
    if any(item != results[0] for item in results[1:]):
        raise InputError("the answer is not the same in every year; give the case a year")
    return results[0]


def _trial_dates(run: Run) -> Mapping[str, Any]:
    def dates(notice: datetime.date) -> list[tuple[int, int]]:
        return [(day.month, day.day) for day in process.trial_effective_dates(notice)]

    return {"allowed_effective_dates": _every_year(run.get("notice_sent"), dates)}


_REPORTS: Mapping[str, tuple[str, Callable[[datetime.date], datetime.date]]] = {
    "loan_setup": ("modification_effective_date", process.setup_report_by),
    "first_official_monthly_report": ("activity_month", process.monthly_report_by),
}


def _report(run: Run) -> Mapping[str, Any]:
    report = run.get("report")
    if report not in _REPORTS:
        raise InputError(f"report: {report!r} is not one of {', '.join(_REPORTS)}")
    word, due_by = _REPORTS[report]
    if run.get(word) is None:
        raise InputError(f"the input {word} is missing")

    def due(day: datetime.date) -> tuple[tuple[int, None], int]:
        last = due_by(day)
        days = (last.replace(day=number) for number in range(1, last.day + 1))
        return (last.month, None), sum(STATUTORY_HOLIDAYS.is_business_day(item) for item in days)

    month, number = _every_year(run.get(word), due)
    return {"due_month": month, "due_business_day": number}


HANDLERS = (
    _handler(
        "2mp.principal",
        "2MP: principal of the second lien that must be set aside or forgiven",
        {
            "first_lien_upb_plus_forgiveness": Field("money", "balance of the first lien with what was forgiven"),
            "first_lien_forbearance": Field("money", "set aside on the first lien"),
            "first_lien_forgiveness": Field("money", "forgiven on the first lien"),
            "second_lien_upb": Field("money", "balance of the second lien"),
        },
        {
            "second_lien_forbearance_min": Field("money", "least amount set aside"),
            "second_lien_forgiveness_min": Field("money", "least amount forgiven"),
        },
        _principal,
        ("first_lien_upb_plus_forgiveness", "second_lien_upb"),
    ),
    _handler(
        "2mp.rate",
        "2MP: rates of the second lien by year",
        {
            "first_lien_cap_pct": Field("rate", "rate cap of the first lien"),
            "first_lien_rate_path_pct_by_year": _PATH,
            "second_lien": Field("text", ", ".join(_LIENS)),
        },
        {"second_lien_rate_path_pct_by_year": _PATH},
        _second_rate,
        ("first_lien_cap_pct", "first_lien_rate_path_pct_by_year", "second_lien"),
    ),
    _handler(
        "waterfall.tier1.step_up",
        "Tier 1: the rate by year, up to the cap",
        {"modified_rate_pct": Field("rate", "modified rate"), "cap_pct": Field("rate", "rate cap")},
        {"rate_path_pct_by_year": _PATH},
        _rate_path,
        ("modified_rate_pct", "cap_pct"),
    ),
    _handler(
        "waterfall.tier1.cap",
        "Tier 1: rate cap where the servicer was late to convert the trial",
        {
            "modification_effective_date": Field("date", "effective date"),
            "pmms_first_issue_of_prior_month_pct": Field("rate", "first survey rate of the month before; left out: "
                                                         "looked up"),
        },
        {"cap_pct": Field("rate", "rate cap")},
        _cap,
        ("modification_effective_date",),
    ),
    _handler(
        "waterfall.tier1.rate_steps",
        "Tier 1: the rates that are tried, and what comes after them",
        {
            "start_rate_pct": Field("rate", "starting rate"),
            "step_points": Field("rate", "size of a cut; must be the rule's own"),
            "floor_pct": Field("rate", "lowest rate; must be the rule's own"),
        },
        {
            "ladder_pct": Field("rate", "rates tried", "list"),
            "then": Field("text", "term_extension, forbearance or nothing"),
        },
        _ladder,
        ("start_rate_pct",),
    ),
    _handler(
        "waterfall.capitalize",
        "Tier 1: balance after capitalization",
        {
            "upb": Field("money", "principal balance"),
            "missed_payments": Field("money", "interest past due"),
            "expenses": Field("money", "costs to third parties"),
            "escrow_advances": Field("money", "escrow advances"),
        },
        {"upb_after": Field("money", "balance after capitalization")},
        _capitalized,
        ("upb", "missed_payments"),
        labels=(*_HANDBOOK, *_ARITHMETIC),
    ),
    _handler(
        "waterfall.tier1.shape",
        "Tier 1: target, and payments at two rates",
        {
            "gross_monthly_income": Field("money", "income before taxes"),
            "upb": Field("money", "principal balance, nothing capitalized"),
            "rate_pct": Field("rate", "note rate"),
            "term_months": Field("count", "remaining term"),
            "taxes_and_insurance": Field("money", "taxes and insurance per month"),
            "tested_rate_pct": Field("rate", "a rate to try"),
        },
        {
            "target_pitia": Field("money", "whole payment at the target"),
            "old_pi": Field("money", "principal and interest before"),
            "pi_at_tested_rate": Field("money", "principal and interest at the rate tried"),
            "pitia_at_tested_rate": Field("money", "whole payment at the rate tried"),
        },
        _shape,
        ("gross_monthly_income", "upb", "rate_pct", "term_months", "taxes_and_insurance"),
        labels=(*_HANDBOOK, *_ARITHMETIC),
    ),
    _handler(
        "annuity.step_up",
        "Rise of the payment at the first step of the rate",
        {
            "loan": Field("money", "balance"),
            "term_months": Field("count", "term"),
            "rate_from_pct": Field("rate", "rate in the fixed years"),
            "rate_to_pct": Field("rate", "rate after them"),
        },
        {"payment_increase": Field("money", "rise of the payment")},
        _step_up,
        ("loan", "term_months", "rate_from_pct", "rate_to_pct"),
        labels=(*_HANDBOOK, *_ARITHMETIC),
    ),
    _handler(
        "annuity.refinance",
        "Payments before and after a refinance",
        {
            "before": Field("structure", "balance, rate_pct and term_months"),
            "after": Field("structure", "balance, rate_pct and term_months"),
        },
        {
            "before_payment": Field("money", "payment before"),
            "after_payment": Field("money", "payment after"),
            "monthly_saving": Field("money", "difference, from unrounded payments"),
            "annual_saving": Field("money", "twelve times that"),
        },
        _refinance,
        ("before", "after"),
        labels=_ARITHMETIC,
    ),
    _handler(
        "incentives.borrower",
        "Reward for paying on time: the share of a year that is earned",
        {
            "on_time_payments": Field("count", "months paid on time"),
            "months": Field("count", "months of the year"),
            "current_and_in_good_standing": Field("flag", "good standing"),
        },
        {"fraction_of_annual_incentive": Field("fraction", "part of the yearly reward")},
        _on_time,
        ("on_time_payments", "months", "current_and_in_good_standing"),
    ),
    _handler(
        "npv.hpdp",
        "Home price decline payment: the amount",
        {
            "npv_date": Field("date", "day of the value test"),
            "hpd_bracket": Field("number", "weighted decline, in points"),
            "upb_before_mod": Field("money", "balance before the modification"),
            "mtmltv_pct": Field("rate", "loan to value before the modification"),
        },
        {
            "quintile": Field("count", "group of the balance"),
            "quintile_base": Field("money", "amount for each point of that group"),
            "mtmltv_factor": Field("fraction", "part by loan to value"),
            "hpdp_total": Field("money", "whole payment"),
        },
        _decline,
        ("npv_date", "hpd_bracket", "upb_before_mod", "mtmltv_pct"),
    ),
    _handler(
        "incentives.hpdp_accrual",
        "Home price decline payment: when it is paid",
        {
            "hpdp_total": Field("money", "whole payment"),
            "trial_effective_date": Field("date", "first day of the trial"),
            "trial_completed": Field("flag", "the trial was completed"),
            "good_standing_lost": Field("text", "month in which good standing was lost, as '2010-12'"),
        },
        {"payments": Field("payment", "date, amount and part of all months", "list")},
        _accrual,
        ("hpdp_total", "trial_effective_date", "trial_completed"),
    ),
    _handler(
        "npv.hpdp_lag",
        "Home price decline payment: the quarters that count",
        {"npv_date": Field("date", "day of the value test")},
        {"q_minus_1": Field("text", "latest quarter"), "q_minus_2": Field("text", "the one before")},
        _quarters,
        ("npv_date",),
    ),
    _handler(
        "npv.hpdp_rounding",
        "Home price decline payment: rounding of a decline",
        {"decline_pct": Field("number", "decline in percent")},
        {"hpd": Field("count", "points")},
        _decline_rounded,
        ("decline_pct",),
    ),
    _handler(
        "incentives.pra",
        "Incentive for forgiven principal",
        {
            "evaluation_date": Field("date", "day whose schedule applies; left out: the one of the rule version"),
            "mtmltv_before_pct": Field("ratio", "loan to value before"),
            "mtmltv_after_pct": Field("ratio", "loan to value after"),
            "principal_reduction": Field("money", "principal forgiven"),
            "incentive_per_dollar": Field("number", "paid for each dollar, where the source says so"),
            "more_than_6_months_late": Field("flag", "more than six months late within a year; left out: no"),
        },
        {
            "incentive": Field("money", "paid to the investor"),
            "investor_loss": Field("money", "forgiven principal less the incentive"),
        },
        _reduction,
        ("mtmltv_before_pct", "mtmltv_after_pct", "principal_reduction"),
        labels=(*_HANDBOOK, *_schedules()),
    ),
    _handler(
        "trial.dates",
        "First day of the trial",
        {"notice_sent": Field("month_day", "day on which the notice is sent, of any year")},
        {"allowed_effective_dates": Field("month_day", "days allowed", "list")},
        _trial_dates,
        ("notice_sent",),
    ),
    _handler(
        "reporting.dates",
        "When reports are due",
        {
            "report": Field("text", ", ".join(_REPORTS)),
            "modification_effective_date": Field("month_day", "effective date, of any year"),
            "activity_month": Field("month_day", "month of the activity, of any year"),
        },
        {
            "due_month": Field("month_day", "month in which it is due"),
            "due_business_day": Field("count", "business day of that month"),
        },
        _report,
        ("report",),
    ),
)
