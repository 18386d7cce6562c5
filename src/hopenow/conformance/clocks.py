"""Handlers of the clocks around the options, and of the escrow shortage."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from typing import Any

from hopenow.conformance.handler import Handler, Pattern
from hopenow.conformance.kinds import KINDS, Field
from hopenow.conformance.runs import Run
from hopenow.dates import add_months
from hopenow.errors import InputError
from hopenow.programs.conventional.process import (
    Clock,
    deed_standing,
    escrow_spread,
    evaluation_clocks,
    forbearance_clocks,
    release_clocks,
    short_sale_clocks,
    solicitation_windows,
)

_CLOSURES = Field("date", "further days that are not business days", "list")


def _due(clocks: Sequence[Clock], words: Mapping[str, str]) -> dict[str, Any]:
    by_name = {clock.name: clock for clock in clocks}
    found = {word: by_name[name].due for word, name in words.items() if name in by_name}
    opens = {f"{word.removesuffix('_by')}_from": by_name[name].opens for word, name in words.items() if name in by_name}
    return {**opens, **found}


def _dates(words: Mapping[str, str], *, opening: bool = False) -> dict[str, Field]:
    fields = {word: Field("date", f"last day of {name}") for word, name in words.items()}
    if opening:
        fields |= {
            f"{word.removesuffix('_by')}_from": Field("date", f"first day of {name}") for word, name in words.items()
        }
    return fields


# --- the application ------------------------------------------------------------------------------

_EVALUATION: Mapping[str, str] = {
    "ack_by": "acknowledge_package",
    "decision_by": "decide_package",
    "notice_by": "send_notice",
    "answer_by": "answer_notice",
    "form_182_by": "send_form_182",
}


def _evaluation(run: Run) -> Mapping[str, Any]:
    received = run.get("brp_received", "brp_complete")
    clocks = evaluation_clocks(
        run.program,
        received,
        package_complete=run.get("brp_complete"),
        decided=run.get("decided"),
        notice_sent=run.get("notice_sent"),
        next_due_date=run.get("next_due_date"),
        declined_while_current=run.get("declined_while_current"),
        closures=run.get("closures") or (),
    )
    first = next((clock.opens for clock in clocks if clock.name == "first_solicitation"), None)
    return {**_due(clocks, _EVALUATION), "solicit_from": first}


_EVALUATION_HANDLER = Handler(
    option="evaluation_clocks",
    title="Clocks of an application",
    inputs={
        "brp_received": Field("date", "when the package came in"),
        "brp_complete": Field("date", "when it was complete"),
        "decided": Field("date", "when the servicer decided"),
        "notice_sent": Field("date", "when the Evaluation Notice went out"),
        "next_due_date": Field("date", "due date of the oldest unpaid installment"),
        "declined_while_current": Field("date", "when the investor declined a borrower who is current"),
        "closures": _CLOSURES,
    },
    outputs={**_dates(_EVALUATION), "solicit_from": Field("date", "first day of solicitation")},
    compute=_evaluation,
    labels=("evaluation", "solicitation"),
    needs=(("brp_received", "brp_complete"),),
    dated_by=("brp_received", "brp_complete"),
)

# --- forbearance ----------------------------------------------------------------------------------


def _forbearance(run: Run) -> Mapping[str, Any]:
    clocks = forbearance_clocks(
        run.program,
        run.get("start"),
        run.get("end"),
        reduced_payments=bool(run.values.get("reduced_payments")),
    )
    reduced = [clock.due for clock in clocks if clock.name == "reduced_payment"]
    return {**_due(clocks, {"contact_by": "contact_before_end"}), "reduced_payments_by": reduced}


_FORBEARANCE = Handler(
    option="forbearance_clocks",
    title="Clocks of a forbearance term",
    inputs={
        "start": Field("date", "first day"),
        "end": Field("date", "last day"),
        "reduced_payments": Field("flag", "a reduced payment is due each month"),
    },
    outputs={
        "contact_by": Field("date", "contact attempts begin by"),
        "reduced_payments_by": Field("date", "last day of each reduced payment", "list"),
    },
    compute=_forbearance,
    labels=("fb.pre-2026-05", "fb.2026-05"),
    needs=(("start",), ("end",)),
    dated_by=("start",),
)

# --- short sale -----------------------------------------------------------------------------------

_SALE: Mapping[str, str] = {
    "ack_by": "acknowledge_offer",
    "decision_by": "answer_sale_offer",
    "revised_decision_by": "answer_revised_offer",
    "close_by": "close_sale",
    "settlement_statement_by": "settlement_statement",
}


def _short_sale(run: Run) -> Mapping[str, Any]:
    clocks = short_sale_clocks(
        run.program,
        run.get("brp_and_offer_received", "offer_received"),
        revised_offer_received=run.get("revised_offer_received"),
        approved=run.get("approved"),
        closing=run.get("closing"),
        closures=run.get("closures") or (),
    )
    return _due(clocks, _SALE)


_SHORT_SALE = Handler(
    option="short_sale_clocks",
    title="Clocks of a short sale",
    inputs={
        "brp_and_offer_received": Field("date", "when package and offer came in"),
        "offer_received": Field("date", "the same"),
        "revised_offer_received": Field("date", "when a revised offer came in"),
        "approved": Field("date", "when the sale was approved"),
        "closing": Field("date", "day set for closing"),
        "closures": _CLOSURES,
    },
    outputs=_dates(_SALE),
    compute=_short_sale,
    labels=("ss",),
    needs=(("brp_and_offer_received", "offer_received"),),
    dated_by=("brp_and_offer_received", "offer_received"),
)

# --- Mortgage Release -----------------------------------------------------------------------------

_DEED = re.compile(r"deed_received_(?P<day>\d{4}-\d{2}-\d{2})", re.ASCII)
_RELEASE: Mapping[str, str] = {
    "docs_due": "release_documents",
    "docs_due_extended": "release_documents_extended",
    "deed_by": "deed_before_sale",
    "record_by": "record_deed",
    "lien_release_by": "release_lien",
    "relocation_paid_by": "pay_relocation",
}


def _release(run: Run) -> Mapping[str, Any]:
    sale = run.get("sale")
    clocks = release_clocks(
        run.program,
        run.get("acceptance"),
        sale_date=sale,
        deed_received=run.get("deed_received"),
        closures=run.get("closures") or (),
    )
    found = _due(clocks, _RELEASE)
    for name in run.wanted:
        match = _DEED.fullmatch(name)
        if match is not None:
            if sale is None:
                raise InputError("sale is missing; it decides whether a deed comes in time")
            standing = deed_standing(run.program, KINDS["date"].read(match["day"]), sale, on=run.date)
            late = f"prior approval needed ({standing.days_before_sale} days before sale)"
            found[name] = late if standing.prior_approval_needed else "allowed"
    return found


_RELEASE_HANDLER = Handler(
    option="mortgage_release_clocks",
    title="Clocks of a Mortgage Release",
    inputs={
        "acceptance": Field("date", "when the borrower accepted"),
        "sale": Field("date", "scheduled foreclosure sale"),
        "deed_received": Field("date", "when the deed came in"),
        "closures": _CLOSURES,
    },
    outputs=_dates(_RELEASE),
    compute=_release,
    labels=("release",),
    needs=(("acceptance",),),
    dated_by=("acceptance",),
    output_patterns=(
        Pattern(
            "deed_received_<date>",
            _DEED,
            Field("text", "allowed, or prior approval needed (n days before sale)"),
        ),
    ),
)

# --- solicitation ---------------------------------------------------------------------------------

_WINDOWS: Mapping[str, str] = {
    "flex_solicit_by": "solicit_flex",
    "step_rate_solicit_by": "solicit_step_rate",
    "deferral_solicit_after_forbearance_by": "solicit_after_forbearance",
    "flex_solicit_after_forbearance_by": "solicit_after_forbearance",
    "deferral_solicit_after_repayment_failure_by": "solicit_after_plan",
    "flex_solicit_after_repayment_failure_by": "solicit_after_plan",
    "flex_solicit_after_deferral_by": "solicit_after_deferral",
    "flex_solicit_after_unanswered_deferral_by": "solicit_unanswered",
}
_DAY_90 = 90  # the number in the word day90


def _solicitation(run: Run) -> Mapping[str, Any]:
    due = run.get("next_due_date")
    if due is None and run.get("ddlpi") is not None:
        due = add_months(run.get("ddlpi"), 1)
    if due is None and run.get("day90") is not None:
        due = run.get("day90") - datetime.timedelta(days=_DAY_90)
    common = {
        "next_due_date": due,
        "step_rate_adjusted": bool(run.values.get("step_rate_adjusted")),
        "forbearance_ended": run.get("forbearance_expired"),
        "plan_failed": run.get("repayment_failed_month_end", "repayment_failed"),
        "deferral_effective": run.get("deferral_effective"),
        "deferral_unanswered": run.get("deferral_unanswered"),
    }
    found = _due(solicitation_windows(run.program, **common), _WINDOWS)
    sale, judicial = run.get("nonjudicial_sale", "judicial_sale"), run.get("nonjudicial_sale") is None
    if due is not None and sale is not None:
        windows = solicitation_windows(run.program, next_due_date=due, sale_date=sale, judicial=judicial)
        found["flex_solicit_with_that_sale"] = _standing(run, windows[0], judicial)
    return found


def _standing(run: Run, clock: Clock, judicial: bool) -> str:
    if clock.refused is not None:
        limit = run.rulebook().figure("judicial_sale_days" if judicial else "nonjudicial_sale_days")
        return f"refused (within {limit} days)"
    return "allowed" if clock.note is None else f"allowed until {clock.due}"


_SOLICITATION = Handler(
    option="solicitation",
    title="Solicitation without a package",
    inputs={
        "day90": Field("date", "90th day of delinquency"),
        "next_due_date": Field("date", "due date of the oldest unpaid installment, instead of day90"),
        "ddlpi": Field("date", "due date of the last paid installment, instead of day90"),
        "nonjudicial_sale": Field("date", "scheduled foreclosure sale without a court"),
        "judicial_sale": Field("date", "scheduled foreclosure sale by court"),
        "forbearance_expired": Field("date", "last day of forbearance that ended without contact"),
        "repayment_failed_month_end": Field("date", "end of the month in which a repayment plan failed"),
        "repayment_failed": Field("date", "when a repayment plan failed"),
        "step_rate_adjusted": Field("flag", "a step-rate loan that fell behind after an adjustment"),
        "deferral_effective": Field("date", "when the latest deferral took effect"),
        "deferral_unanswered": Field("date", "when a deferral solicitation ran out unanswered"),
    },
    outputs={
        **_dates(_WINDOWS, opening=True),
        "flex_solicit_with_that_sale": Field("text", "allowed; allowed until a day; refused (within n days)"),
    },
    compute=_solicitation,
    labels=("solicitation", "flex.2024-12", "pd.2023-10"),
    needs=(
        (
            "day90",
            "next_due_date",
            "ddlpi",
            "forbearance_expired",
            "repayment_failed_month_end",
            "repayment_failed",
            "deferral_unanswered",
        ),
    ),
    dated_by=(
        "day90",
        "next_due_date",
        "ddlpi",
        "forbearance_expired",
        "repayment_failed_month_end",
        "repayment_failed",
        "deferral_unanswered",
    ),
)

# --- escrow ---------------------------------------------------------------------------------------


def _escrow(run: Run) -> Mapping[str, Any]:
    spread = escrow_spread(run.program, run.get("shortage", "escrow_shortage"), run.date, months=run.get("months"))
    return {
        "monthly": spread.monthly,
        "escrow_shortage_monthly": spread.monthly,
        "last_installment": spread.installments[-1],
        "months": len(spread.installments),
    }


_ESCROW = Handler(
    option="escrow_shortage_spread",
    title="Escrow shortage in monthly installments",
    inputs={
        "date": Field("date", "day of the escrow analysis"),
        "evaluation_date": Field("date", "the same"),
        "shortage": Field("money", "shortage"),
        "escrow_shortage": Field("money", "the same"),
        "months": Field("count", "months, where the borrower chose fewer than the rule gives"),
    },
    outputs={
        "monthly": Field("money", "monthly installment"),
        "escrow_shortage_monthly": Field("money", "the same"),
        "last_installment": Field("money", "last installment, which takes what rounding leaves"),
        "months": Field("count", "number of installments"),
    },
    compute=_escrow,
    labels=("escrow.2024-09",),
    needs=(("shortage", "escrow_shortage"),),
    dated_by=("date", "evaluation_date"),
)

HANDLERS = (_EVALUATION_HANDLER, _FORBEARANCE, _SHORT_SALE, _RELEASE_HANDLER, _SOLICITATION, _ESCROW)
