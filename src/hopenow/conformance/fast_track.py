"""Handler of published cases on the fast-track test of December 2007, in the words of the framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopenow.conformance.handler import Handler
from hopenow.conformance.kinds import Field, nearest
from hopenow.conformance.runs import Run, frame_of
from hopenow.errors import InputError
from hopenow.programs.base import column
from hopenow.programs.hope_now_2007.common import NAME as PROGRAM
from hopenow.programs.hope_now_2007.fast_track import NAME
from hopenow.review import explain

_HOLDERS = {"securitized_pool": "private_label", "portfolio": "portfolio"}
_AVAILABLE = {"yes": True, "no": False, "unknown": None}
_SUBPRIME_ARM = "subprime_adjustable_rate"
_PRODUCTS = (_SUBPRIME_ARM, "other_adjustable_rate", "fixed_rate")
_METHOD = "OTS"
_GROUPS = (
    "credit_score",
    "payment_rise",
    "refinance_screen",
    "delinquency",
    "occupancy",
    "scope",
    "missing_facts",
)

_IN: Mapping[str, Field] = {
    "framework_version": Field("text", "2007-12 or 2008-07; must be the one in force on the day"),
    "evaluation_date": Field("date", "day of the test"),
    "lien_position": Field("count", "1 for a first lien"),
    "product": Field("text", ", ".join(_PRODUCTS)),
    "initial_fixed_period_months": Field("count", "months at the starting rate"),
    "origination_date": Field("date", "day of the note"),
    "initial_reset_date": Field("date", "first reset"),
    "next_reset_date": Field("date", "next reset"),
    "holder": Field("text", ", ".join(_HOLDERS)),
    "delinquency_method": Field("text", "how days are counted: OTS"),
    "days_past_due": Field("count", "days past due today, by that method"),
    "spells_60_days_last_12_months": Field("count", "spells of 60 days in the last twelve months"),
    "first_lien_ltv_at_origination_pct": Field("rate", "loan to value of the first lien at origination"),
    "updated_value_ltv_pct": Field("rate", "loan to value by an updated value; null: none was bought"),
    "refinance_product_available": Field("text", "yes, no or unknown; null: not looked up"),
    "occupancy": Field("text", "principal_residence, second_home or investment"),
    "credit_score_at_origination": Field("count", "credit score at origination"),
    "credit_score_current": Field("count", "credit score now"),
    "payment_current": Field("money", "principal and interest now"),
    "payment_after_reset": Field("money", "principal and interest after the reset"),
}
_OUT: Mapping[str, Field] = {
    "in_scope": Field("flag", "within every gate of the framework"),
    "current": Field("flag", "current, as the framework counts it"),
    "segment": Field("count", "1 to 3"),
    "action": Field("text", "what the servicer does"),
    "failed": Field("codes", "ids of the gates and tests that failed"),
    "missing": Field("codes", "facts of the case without which there is no answer"),
}
_FACTS = {
    "evaluation_date": "evaluation_date",
    "lien_position": "lien_position",
    "initial_fixed_period_months": "arm_initial_fixed_months",
    "origination_date": "origination_date",
    "initial_reset_date": "arm_initial_reset_date",
    "next_reset_date": "arm_next_reset_date",
    "days_past_due": "days_delinquent",
    "spells_60_days_last_12_months": "asf_spells_60_days_ots",
    "first_lien_ltv_at_origination_pct": "asf_original_loan_to_value",
    "refinance_product_available": "asf_refinance_available",
    "occupancy": "occupancy",
    "credit_score_at_origination": "asf_original_credit_score",
    "credit_score_current": "credit_score",
    "payment_current": "monthly_principal_and_interest",
    "payment_after_reset": "arm_payment_after_reset",
}
"""Word of a case to the fact that it becomes."""


def _chosen(run: Run, name: str, known: Mapping[str, Any]) -> Any:
    value = run.get(name)
    if value is not None and value not in known:
        raise InputError(f"{name}: {value!r} is not one of {', '.join(known)}{nearest(value, list(known))}")
    return None if value is None else known[value]


def _facts(run: Run) -> dict[str, Any]:
    if run.get("updated_value_ltv_pct") is not None:
        raise InputError("updated_value_ltv_pct: only cases without an updated value can be run (write null)")
    if run.get("delinquency_method") not in {None, _METHOD}:
        raise InputError(f"delinquency_method: {run.get('delinquency_method')!r} is not {_METHOD}")
    product = _chosen(run, "product", {name: name for name in _PRODUCTS})
    facts = {fact: run.get(word) for word, fact in _FACTS.items()}
    facts |= {
        "loan_type": "conventional",
        "investor": _chosen(run, "holder", _HOLDERS),
        "amortization_type": None if product is None else "fixed" if product == "fixed_rate" else "adjustable",
        "asf_subprime": None if product is None else product == _SUBPRIME_ARM,
        "asf_refinance_available": _chosen(run, "refinance_product_available", _AVAILABLE),
        # The published cases are about the test; that the agreement allows the outcome is their premise.
        "asf_agreement_allows": True,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _fast_track(run: Run) -> Mapping[str, Any]:
    facts = _facts(run)
    reviewed = run.review_facts(NAME, facts)
    version = run.get("framework_version")
    if version is not None and not reviewed.row[column(NAME, "rule_set")].endswith(f".{version}"):
        raise InputError(f"framework_version: {version} is not in force on {facts['evaluation_date']}")
    found = {name: reviewed.term(name) for name in ("in_scope", "current", "segment", "action")}
    found["failed"] = [item for item in reviewed.term("failed_tests").split(";") if item]
    if "missing" in run.wanted:
        found["missing"] = _missing(run, facts)
    return found


def _missing(run: Run, facts: Mapping[str, Any]) -> list[str]:
    words = {fact: word for word, fact in _FACTS.items()}
    frame = frame_of({"loan_id": run.case.id, **facts})
    (explained,) = explain(frame, run.plain_settings())
    option = next(item for item in explained.options if item.id == NAME)
    return [words.get(question.fact, question.fact) for question in option.questions]


HANDLERS = (
    Handler(
        option="fast_track",
        title="The fast-track test of December 2007 and its revision of July 2008",
        inputs=_IN,
        outputs=_OUT,
        compute=_fast_track,
        law=None,
        groups=_GROUPS,
        program=PROGRAM,
        programs=(PROGRAM,),
        needs=(("evaluation_date",),),
        about="The same as the option `hope_now_fast_track` of the program `hope_now_2007`, in the words of the "
        "framework; that the agreement allows the outcome is supposed. Readings of the points on which the sources "
        "conflict are parameters: `readings: {hope_now_fast_track.max_60_in_12m: 0}`.",
    ),
)
