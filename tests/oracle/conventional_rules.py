"""Eligibility for conventional workouts, decided by trying out what is not known.

A rule here is an ordinary yes-or-no function. When it reads a fact that is missing, the question is
answered once for each value in :data:`POSSIBLE`; if all answers agree, the missing fact does not matter and
the answer stands, otherwise it is ``None``. This is slower than three-valued logic and owes nothing to it.

Facts: money in cents, percentages as ``Decimal`` or ``int``, dates as ``date``; ``NEVER`` (or the word
``"never"``) for an event that is known not to have happened; a missing key or ``None`` for what is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from tests.oracle.basics import NEVER, add_months

HARDSHIPS = (
    "unemployment",
    "reduction_in_income",
    "increase_in_housing_expenses",
    "disaster",
    "disability_or_serious_illness",
    "divorce_or_legal_separation",
    "separation_of_unrelated_borrowers",
    "death",
    "distant_employment_transfer",
    "other",
)
"""The hardships of Form 710; any other word is a hardship that is not on the form."""

BOTH = (True, False)
_HUGE = 10**13
_DATES = (NEVER, date(1950, 1, 1), date(2200, 1, 1))
_POSITIVE = (1, _HUGE)
_AMOUNT = (0, _HUGE)
_SIGNED = (-_HUGE, _HUGE)

POSSIBLE: dict[str, tuple[Any, ...]] = {
    # One value from every range that some rule treats alike. Facts that are not listed are yes-or-no.
    "investor": ("fannie_mae", "freddie_mac"),
    "hardship_kind": (*HARDSHIPS, "not_on_form"),
    "hardship_duration": ("short_term", "long_term", "permanent"),
    "occupancy": ("principal_residence", "second_home", "investment_property"),
    "transition_option": ("leave_now", "three_months_rent_free", "twelve_month_lease"),
    "lien_position": (1, 2),
    "days_delinquent": (0, 31, 60, 90, 91, 181),
    "months_delinquent": (0, 1, 2, 3, 7, 13, 19),
    "months_delinquent_at_disaster": (0, 2),
    "months_delinquent_at_term_end": (0, 13),
    "forbearance_term_months": (1, 4, 7),
    "forbearance_cumulative_months": (1, 13),
    "combined_plan_months": (1, 37),
    "repayment_term_months": (1, 7, 13),
    "repayment_installment": _AMOUNT,
    "contractual_payment": _POSITIVE,
    "months_since_origination": (0, 12),
    "prior_modifications": (0, 3),
    "previously_deferred_months": (0, 13),
    "documents_age_days": (0, 91),
    "non_retirement_reserves": (0, 2_500_000, 5_000_001),
    "fico": (300, 620, 850),
    "fico_age_days": (0, 91),
    "thirty_day_lates_in_6_months": (0, 2),
    "housing_expense_ratio": (0, 41),
    "modified_principal_and_interest": _AMOUNT,
    "monthly_principal_and_interest": _POSITIVE,
    "mls_active_days": (0, 5),
    "subordinate_lien_payoff": (0, 1, 600_001),
    "net_proceeds": _SIGNED,
    "minimum_net_proceeds": _SIGNED,
    "payments_since_origination_or_modification": (0, 3),
    "payments_past_due": (0, 12),
    "evaluation_date": _DATES[1:],
    "maturity_date": _DATES[1:],
    "modified_maturity_date": _DATES[1:],
    "leasehold_end_date": _DATES[1:],
    "term_end_date": _DATES[1:],
    "last_scheduled_payment_date": _DATES[1:],
    "deed_date": _DATES[1:],
    "sale_date": _DATES[1:],
    "last_payment_deferral_effective_date": _DATES,
    "last_failed_trial_date": _DATES,
    "last_modification_effective_date": _DATES,
    "last_flex_effective_date": _DATES,
    "last_flex_60_day_date": _DATES,
}

DEFAULTS: dict[str, Any] = {
    # Facts a case need not mention. Everything else that is missing is unknown.
    "projected_payoff_date": None,
    "installments_to_defer": None,
}


class _Missing(Exception):
    """A rule read a fact that nobody knows."""


class _Known:
    """Facts plus assumptions; reading anything else raises ``_Missing``."""

    def __init__(self, facts: Mapping[str, Any], assumed: Mapping[str, Any], readings: Mapping[str, Any]):
        self.facts, self.assumed, self.readings = facts, assumed, readings

    def __getattr__(self, name: str) -> Any:
        value = self.facts.get(name)
        if value is None:
            value = self.assumed.get(name)
        if value is None and name not in DEFAULTS:
            raise _Missing(name)
        return NEVER if isinstance(value, str) and value == "never" else value


Rule = Callable[[_Known], bool]


def decide(rule: Rule, facts: Mapping[str, Any], readings: Mapping[str, Any] | None = None) -> bool | None:
    """True or false when every possible completion of ``facts`` agrees, else ``None``."""
    outcomes: set[bool] = set()

    def explore(assumed: dict[str, Any]) -> None:
        try:
            outcomes.add(bool(rule(_Known(facts, assumed, readings or READINGS))))
        except _Missing as missing:
            name = str(missing.args[0])
            for value in POSSIBLE.get(name, BOTH):
                if len(outcomes) == 2:
                    return
                explore({**assumed, name: value})

    explore({})
    return outcomes.pop() if len(outcomes) == 1 else None


READINGS: dict[str, Any] = {
    # Open readings, by name; pass others to `eligibility(..., readings={...})`.
    "freddie_disaster_forbearance_needs_principal_residence": False,
    "freddie_deferral_counts": "days",  # days: 60 to 180 days; months: 2 to 6 installments
    "pd9_allows_the_payment_due_first": False,  # PD-T4: one installment may be paid instead of deferred
}


# --- helpers --------------------------------------------------------------------------------------


def _freddie(f: _Known) -> bool:
    return bool(f.investor == "freddie_mac")


def _within_12_months(event: date, end: date) -> bool:
    """Whether fewer than 12 whole months lie between; a later event than ``end`` counts as within."""
    return event != NEVER and add_months(event, 12) > end


def _more_than_months(start: date, end: date, months: int) -> bool:
    """Whether more than ``months`` whole months lie between."""
    return add_months(start, months + 1) <= end


def representative_fico(scores: Iterable[int]) -> int:
    """ID-1: the middle of three scores, the lower of two."""
    ordered = sorted(scores)
    return ordered[(len(ordered) - 1) // 2]


def listing_suffices(first: date, last: date) -> bool:
    """SS-4: a run of at least 5 days from ``first`` to ``last`` that has a Saturday and a Sunday in it."""
    days = [first + timedelta(days=k) for k in range((last - first).days + 1)]
    return len(days) >= 5 and {5, 6} <= {day.weekday() for day in days}


# --- forbearance (D2-3.2-01) ---------------------------------------------------------------------------


def fb_d(f: _Known) -> bool:
    """No contact needed: disaster area, at most one month behind then, at least one now, term to 3 months."""
    return bool(
        f.fema_individual_assistance_area
        and f.months_delinquent_at_disaster < 2
        and f.months_delinquent >= 1
        and f.forbearance_term_months <= 3
    )


def fb_1(f: _Known) -> bool:
    return bool(f.qrpc or fb_d(f))


def fb_2(f: _Known) -> bool:
    return bool(
        f.hardship_kind in HARDSHIPS and f.hardship_duration == "short_term" and not f.hardship_resolved
    )


def fb_3(f: _Known) -> bool:
    if f.occupancy == "principal_residence":
        return True
    if f.hardship_kind != "disaster":
        return False
    return not (f.readings["freddie_disaster_forbearance_needs_principal_residence"] and _freddie(f))


def fb_4(f: _Known) -> bool:
    return not f.property_condemned and not f.property_abandoned


def fb_5(f: _Known) -> bool:
    return bool(f.forbearance_term_months <= 3)


def fb_5_old(f: _Known) -> bool:
    return bool(f.forbearance_term_months <= 6)


def fb_6(f: _Known) -> bool:
    return bool(f.forbearance_cumulative_months <= 12)


def fb_7(f: _Known) -> bool:
    return bool(f.months_delinquent_at_term_end <= 12)


def fb_8(f: _Known) -> bool:
    return not f.mbs_loan or bool(f.term_end_date <= f.last_scheduled_payment_date)


def combined_36(f: _Known) -> bool:
    """FB-9, RP-5."""
    return not f.forbearance_with_repayment_plan or bool(f.combined_plan_months <= 36)


# --- repayment plan (D2-3.2-02) ------------------------------------------------------------------------


def rp_1(f: _Known) -> bool:
    return bool(f.hardship_duration == "short_term" and f.hardship_resolved and f.repayment_capacity_shown)


def rp_2(f: _Known) -> bool:
    return bool(2 * (f.contractual_payment + f.repayment_installment) <= 3 * f.contractual_payment)


def rp_3(f: _Known) -> bool:
    return bool(f.repayment_term_months <= 12 or f.investor_approval)


def rp_4(f: _Known) -> bool:
    """A complete package always serves; without one: 90 days, 6 months, and capacity learned in contact."""
    return bool(f.brp_complete or (f.days_delinquent <= 90 and f.repayment_term_months <= 6 and f.qrpc))


# --- payment deferral (D2-3.2-04, D2-3.2-05) -----------------------------------------------------------


def pd_1(f: _Known) -> bool:
    return bool(f.qrpc)


def pd_2(f: _Known) -> bool:
    return bool(f.hardship_resolved)


def pd_3(f: _Known) -> bool:
    """The contractual payment and a sixtieth of the escrow shortage."""
    return bool(f.can_afford_contractual_payment)


def pd_4(f: _Known) -> bool:
    return not f.can_reinstate and not f.can_afford_repayment_plan


def pd_5(f: _Known) -> bool:
    return bool(f.conventional and f.lien_position == 1)


def pd_6(f: _Known) -> bool:
    return bool(f.months_since_origination >= 12)


def pd_7(f: _Known) -> bool:
    if _freddie(f) and f.readings["freddie_deferral_counts"] == "days":
        return bool(60 <= f.days_delinquent <= 180)
    return bool(2 <= f.months_delinquent <= 6)


def pd_7_2020(f: _Known) -> bool:
    return bool(1 <= f.months_delinquent <= 2 and f.delinquency_static)


def pd_8(f: _Known) -> bool:
    return not _within_12_months(f.last_payment_deferral_effective_date, f.evaluation_date)


def pd_9(f: _Known) -> bool:
    now = f.installments_to_defer
    if now is None:
        now = f.months_delinquent
    if f.readings["pd9_allows_the_payment_due_first"]:
        now = max(1, now - 1)
    return bool(f.previously_deferred_months + now <= 12)


def pd_10(f: _Known) -> bool:
    end = f.projected_payoff_date or f.maturity_date
    return _more_than_months(f.evaluation_date, end, 36) or bool(f.investor_approval)


def pd_11(f: _Known) -> bool:
    return not (
        f.recourse_or_indemnification
        or f.approved_liquidation
        or f.active_repayment_plan
        or f.retention_offer_open
        or f.active_trial
    )


def pd_12(f: _Known) -> bool:
    return not (
        _within_12_months(f.last_failed_trial_date, f.evaluation_date)
        or _within_12_months(f.last_modification_effective_date, f.evaluation_date)
    )


def texas_50a6(f: _Known) -> bool:
    """PD-13, FM-11."""
    return not f.texas_50a6 or bool(f.texas_50a6_lawful)


def dd_1(f: _Known) -> bool:
    return bool(
        f.disaster_income_or_expense_impact
        and (
            f.disaster_insured_loss
            or f.fema_individual_assistance_area
            or f.workplace_in_fema_assistance_area
        )
    )


def dd_2(f: _Known) -> bool:
    return bool(f.months_delinquent_at_disaster < 2 or f.investor_approval)


def dd_3(f: _Known) -> bool:
    return bool(1 <= f.months_delinquent <= 12)


def dd_4(f: _Known) -> bool:
    return not f.prior_deferral_same_disaster


def dd_5(f: _Known) -> bool:
    return all(rule(f) for rule in (pd_1, pd_2, pd_3, pd_4, pd_5, pd_11, pd_10))


def never_bars(f: _Known) -> bool:
    """DD-6, FD-4, FD-6, FD-7, MR-4: they say what does not apply, or what the servicer does."""
    return True


# --- Flex Modification (D2-3.2-06, 9206.1(c)) ----------------------------------------------------------


def fm_2(f: _Known) -> bool:
    if f.days_delinquent >= 60:
        return True
    known = f.facts.get("imminent_default")
    return imminent_default(f) if known is None else bool(known)


def fm_4(f: _Known) -> bool:
    return bool(f.prior_modifications < 3)


def fm_5(f: _Known) -> bool:
    return not _within_12_months(f.last_failed_trial_date, f.evaluation_date) or bool(
        f.failed_trial_became_forbearance
    )


def fm_6(f: _Known) -> bool:
    """Fannie Mae: 60 days behind within 12 months of the modification, and not reinstated."""
    behind = f.last_flex_60_day_date
    if behind == NEVER or f.last_flex_effective_date == NEVER:
        return True
    if add_months(f.last_flex_effective_date, 12) <= behind:
        return True
    return bool(f.reinstated_after_redefault)


def fm_6_f(f: _Known) -> bool:
    """Freddie Mac's wording: defaulted within 12 months before the evaluation."""
    return not _within_12_months(f.last_flex_60_day_date, f.evaluation_date)


def fm_8(f: _Known) -> bool:
    return bool(f.brp_complete or f.days_delinquent >= 90)


def fm_8_a(f: _Known) -> bool:
    return fm_8(f) or bool(f.step_rate_adjusted_within_12_months and f.days_delinquent >= 60)


def fm_9(f: _Known) -> bool:
    """Step 6a; a payment that meets the target is lower anyway."""
    new, old = f.modified_principal_and_interest, f.monthly_principal_and_interest
    return bool(new < old or (new == old and f.days_delinquent >= 31))


def fm_9_2017(f: _Known) -> bool:
    return bool(f.modified_principal_and_interest <= f.monthly_principal_and_interest)


def fm_10(f: _Known) -> bool:
    return not f.leasehold or f.leasehold_end_date >= add_months(f.modified_maturity_date, 60)


def fm_12(f: _Known) -> bool:
    return bool(f.escrow_established)


def fm_12_disaster(f: _Known) -> bool:
    return bool(f.escrow_established or f.taxes_and_insurance_current)


def fd_2(f: _Known) -> bool:
    return bool(f.lien_position == 1 and f.months_delinquent_at_disaster < 2)


def fd_3(f: _Known) -> bool:
    return bool(f.months_delinquent >= 3)


def fd_5(f: _Known) -> bool:
    return not f.payments_received_after_evaluation or bool(f.thirty_days_delinquent_at_trial_start)


# --- imminent default (D2-1-01) ------------------------------------------------------------------------


def _grave_hardship(f: _Known) -> bool:
    return (
        f.hardship_kind
        in {
            "death",
            "disability_or_serious_illness",
            "divorce_or_legal_separation",
            "separation_of_unrelated_borrowers",
        }
        or f.step_rate_rise_within_12_months
    )


def _weak_credit(f: _Known) -> bool:
    return bool(
        f.fico <= 620
        and f.fico_age_days <= 90
        and (f.thirty_day_lates_in_6_months >= 2 or f.housing_expense_ratio > 40)
    )


def _documented(f: _Known) -> bool:
    return bool(
        f.days_delinquent < 60 and f.brp_complete and f.documents_age_days <= 90 and f.hardship_documented
    )


def imminent_default(f: _Known) -> bool:
    """The retention test."""
    return bool(
        _documented(f)
        and f.occupancy == "principal_residence"
        and f.non_retirement_reserves < 2_500_000
        and (_grave_hardship(f) or _weak_credit(f))
    )


def moved_away(f: _Known) -> bool:
    """A distant transfer or PCS of more than 50 miles."""
    return bool(f.hardship_kind == "distant_employment_transfer" and f.relocation_over_50_miles)


def id_2(f: _Known) -> bool:
    """For liquidation only: a distant transfer takes the place of hardship, occupancy and reserves tests."""
    return imminent_default(f) or (_documented(f) and moved_away(f))


# --- short sale, Mortgage Release (D2-3.3-01, D2-3.3-02) -----------------------------------------------


def _low_score(f: _Known) -> bool:
    return bool(f.fico < 620 if _freddie(f) else f.fico <= 620)


def ss_1(f: _Known) -> bool:
    """Under 90 days."""
    if f.days_delinquent >= 90:
        return True
    if f.days_delinquent < 60:
        fits = f.hardship_kind in {
            "death",
            "disability_or_serious_illness",
            "divorce_or_legal_separation",
        } or moved_away(f)
        if not (fits and id_2(f)):
            return False
    return bool(f.brp_complete or f.chapter_7_discharge)


def ss_2(f: _Known) -> bool:
    """90 days to 18 months."""
    if f.days_delinquent < 90 or f.months_delinquent > 18:
        return True
    return bool(
        f.brp_complete
        or f.chapter_7_discharge
        or _within_12_months(f.last_failed_trial_date, f.evaluation_date)
        or _within_12_months(f.last_flex_60_day_date, f.evaluation_date)
        or f.prior_modifications >= 3
        or f.qualifying_forbearance
        or ss_f1(f)
    )


def ss_3(f: _Known) -> bool:
    """Whether no response package is needed whatever else; not a bar when false."""
    return bool(f.chapter_7_discharge or (f.days_delinquent >= 90 and f.months_delinquent > 18))


def ss_f1(f: _Known) -> bool:
    """The score branch of SS-2 (its own identifier for Freddie Mac); not a bar when false."""
    return bool(f.days_delinquent >= 90 and f.occupancy != "investment_property" and _low_score(f))


def ss_4(f: _Known) -> bool:
    return bool(
        f.mls_active_days >= 5 and f.mls_days_include_weekend and f.agent_licensed and not f.agent_is_borrower
    )


def ss_5(f: _Known) -> bool:
    return not f.new_mortgage_within_6_months or bool(f.relocation_over_50_miles)


def ss_6(f: _Known) -> bool:
    return bool(f.arms_length and f.arms_length_affidavit)


def ss_7(f: _Known) -> bool:
    paid = f.subordinate_lien_payoff
    return paid == 0 or bool(paid <= 600_000 and f.subordinate_liens_release_borrower)


def ss_8(f: _Known) -> bool:
    return bool(f.non_retirement_reserves <= 5_000_000)


def ss_9(f: _Known) -> bool:
    return bool(f.net_proceeds >= f.minimum_net_proceeds)


def mr_1(f: _Known) -> bool:
    return all(rule(f) for rule in (ss_7, ss_5, ss_2, ss_1))


def mr_2(f: _Known) -> bool:
    return bool(
        f.title_clear
        and f.title_marketable
        and not f.environmental_hazard
        and f.property_condition_acceptable
    )


def mr_3(f: _Known) -> bool:
    left = f.transition_option != "leave_now" or (f.property_vacant and f.property_broom_swept)
    return bool(left and not f.other_litigation)


def mr_5(f: _Known) -> bool:
    return bool(f.transition_option != "three_months_rent_free" or f.occupancy == "principal_residence")


def mr_6(f: _Known) -> bool:
    return f.transition_option != "twelve_month_lease" or bool(
        f.income_verified
        and f.payments_since_origination_or_modification >= 3
        and f.payments_past_due < 12
        and not f.active_bankruptcy
        and (
            f.occupancy == "principal_residence"
            or (f.occupancy == "investment_property" and f.tenant_principal_residence)
        )
    )


def mr_7(f: _Known) -> bool:
    return f.transition_option == "leave_now" or bool(f.transition_terms_accepted)


def mr_8(f: _Known) -> bool:
    """The deed at least 30 days before a scheduled sale, or approval."""
    return (
        not f.sale_scheduled or f.sale_date - f.deed_date >= timedelta(days=30) or bool(f.investor_approval)
    )


# --- rule sets ------------------------------------------------------------------------------------

_FB: dict[str, Rule] = {"FB-1": fb_1, "FB-2": fb_2, "FB-3": fb_3, "FB-4": fb_4}
_FB_END: dict[str, Rule] = {
    "FB-6": fb_6,
    "FB-7": fb_7,
    "FB-8": fb_8,
    "FB-9": combined_36,
    "FB-D": fb_d,
}
_PD: dict[str, Rule] = {"PD-1": pd_1, "PD-2": pd_2, "PD-3": pd_3, "PD-4": pd_4, "PD-5": pd_5}
_FM: dict[str, Rule] = {
    "FM-1": pd_5,
    "FM-2": fm_2,
    "FM-3": pd_6,
    "FM-4": fm_4,
    "FM-5": fm_5,
    "FM-6": fm_6,
    "FM-6-F": fm_6_f,
    "FM-7": pd_11,
}

RULES: dict[tuple[str, str], dict[str, Rule]] = {
    ("forbearance", "fb.2026-05"): {**_FB, "FB-5": fb_5, **_FB_END},
    ("forbearance", "fb.pre-2026-05"): {**_FB, "FB-5-old": fb_5_old, **_FB_END},
    ("repayment_plan", "rp"): {
        "RP-1": rp_1,
        "RP-2": rp_2,
        "RP-3": rp_3,
        "RP-4": rp_4,
        "RP-5": combined_36,
    },
    # The limits of 2020 are not recorded, so only the core is decided.
    ("payment_deferral", "pd.2020-07"): {**_PD, "PD-7": pd_7_2020},
    ("payment_deferral", "pd.2023-10"): {
        **_PD,
        "PD-6": pd_6,
        "PD-7": pd_7,
        "PD-8": pd_8,
        "PD-9": pd_9,
        "PD-10": pd_10,
        "PD-11": pd_11,
        "PD-12": pd_12,
        "PD-13": texas_50a6,
    },
    ("disaster_payment_deferral", "dpd"): {
        "DD-1": dd_1,
        "DD-2": dd_2,
        "DD-3": dd_3,
        "DD-4": dd_4,
        "DD-5": dd_5,
        "DD-6": never_bars,
        **_PD,
        "PD-10": pd_10,
        "PD-11": pd_11,
    },
    ("flex_modification", "flex.2024-12"): {
        **_FM,
        "FM-8": fm_8,
        "FM-8-a": fm_8_a,
        "FM-9": fm_9,
        "FM-10": fm_10,
        "FM-11": texas_50a6,
        "FM-12": fm_12,
    },
    ("flex_modification", "flex.2017-10"): {**_FM, "FM-8": fm_8, "FM-9": fm_9_2017, "FM-10": fm_10},
    ("disaster_flex_modification", "flex.2024-12"): {
        "FD-1": dd_1,
        "FD-2": fd_2,
        "FD-3": fd_3,
        "FD-4": never_bars,
        "FD-5": fd_5,
        "FD-6": never_bars,
        "FD-7": never_bars,
        "FM-1": pd_5,
        "FM-7": pd_11,
        "FM-9": fm_9,
        "FM-10": fm_10,
        "FM-11": texas_50a6,
        "FM-12": fm_12_disaster,
    },
    ("imminent_default", "imminent-default.2018-12"): {"ID": imminent_default, "ID-2": id_2},
    ("short_sale", "ss"): {
        "SS-1": ss_1,
        "SS-2": ss_2,
        "SS-3": ss_3,
        "SS-4": ss_4,
        "SS-5": ss_5,
        "SS-6": ss_6,
        "SS-7": ss_7,
        "SS-8": ss_8,
        "SS-9": ss_9,
        "SS-F1": ss_f1,
    },
    ("mortgage_release", "release"): {
        "SS-1": ss_1,
        "SS-2": ss_2,
        "SS-3": ss_3,
        "SS-5": ss_5,
        "SS-7": ss_7,
        "MR-1": mr_1,
        "MR-2": mr_2,
        "MR-3": mr_3,
        "MR-4": never_bars,
        "MR-5": mr_5,
        "MR-6": mr_6,
        "MR-7": mr_7,
        "MR-8": mr_8,
    },
}

NO_BAR = {"FB-D", "SS-3", "SS-F1", "ID-2"}
"""Rules that open a way when true and close none when false."""


def eligibility(
    option: str,
    rule_set: str,
    facts: Mapping[str, Any],
    *,
    readings: Mapping[str, Any] | None = None,
) -> dict[str, bool | None]:
    """Every rule of ``option`` under ``rule_set``: true, false, or ``None`` when a missing fact decides.

    ``facts["investor"]`` is ``fannie_mae`` or ``freddie_mac``. FM-6 is reported for Fannie Mae, FM-6-F for
    Freddie Mac, both when the investor is not known. ``readings`` overrides :data:`READINGS`; an unknown
    name is an error.
    """
    unknown = set(readings or {}) - set(READINGS)
    if unknown:
        raise KeyError(f"unknown readings: {sorted(unknown)}")
    rules = dict(RULES[option, rule_set])
    investor = facts.get("investor")
    if investor not in {None, "fannie_mae", "freddie_mac"}:
        raise ValueError(f"unknown investor {investor!r}")
    if investor == "fannie_mae":
        rules.pop("FM-6-F", None)
        rules.pop("SS-F1", None)
    elif investor == "freddie_mac":
        rules.pop("FM-6", None)
    return {name: decide(rule, facts, {**READINGS, **(readings or {})}) for name, rule in rules.items()}


def determination(results: Mapping[str, bool | None]) -> str:
    """``eligible``, ``ineligible`` or ``conditional`` from the answers of :func:`eligibility`.

    FM-8-a, where it is reported, stands in for FM-8, whose text is older.
    """
    left = {name: answer for name, answer in results.items() if name not in NO_BAR}
    if "FM-8-a" in left:
        left.pop("FM-8", None)
    if "FM-6" in left and "FM-6-F" in left:  # the investor decides which of the two applies
        pair = {left.pop("FM-6"), left.pop("FM-6-F")}
        left["FM-6"] = pair.pop() if len(pair) == 1 else None
    if False in left.values():
        return "ineligible"
    return "conditional" if None in left.values() else "eligible"
