"""The VA modifications: one set of conditions and one way to figure terms, many names."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from hopenow.facts.derived import add_months, end_of_month, month_index, months_since
from hopenow.law import Parameters
from hopenow.mortgage import kernels
from hopenow.programs.base import Option, RuleFunction, RuleTable, Step, TermsFunction, TermType, column
from hopenow.programs.va import common
from hopenow.programs.va.common import WHOLE, array, from_kernel, law

c = pl.col
TERMS_FROM_REGULATION = ("VA-M6", "VA-M10", "VA-M11", "VA-M13", "VA-M14", "VA-M15", "VA-M-DOC", "VA-M-TRIAL")

# --- conditions of every modification ---------------------------------------------------------------

REGULATION = RuleTable()
REGULATION("VA-M1")(common.in_default)


@REGULATION("VA-M2")
def cause_over(p: Parameters) -> pl.Expr:
    """The cause is over, or will be, and will not come back."""
    return c("va_cause_will_not_recur")


@REGULATION("VA-M3")
def credit_risk(p: Parameters) -> pl.Expr:
    """A reasonable credit risk."""
    return c("va_reasonable_credit_risk")


@REGULATION("VA-M4")
def payments_made(p: Parameters) -> pl.Expr:
    """Enough payments since closing; those since a later modification are a part of them."""
    least, since = p["least_payments"], c("payments_since_note_or_modification")
    return (
        pl.when(c("va_payments_since_closing").is_not_null())
        .then(c("va_payments_since_closing") >= least)
        .when(since >= least)
        .then(True)
        .when(c("prior_modifications") == 0)
        .then(since >= least)
    )


@REGULATION("VA-M5")
def owner_bound(p: Parameters) -> pl.Expr:
    """The owner is bound and signs."""
    return c("va_owner_obligated")


@REGULATION("VA-M7")
def modified_seldom(p: Parameters) -> pl.Expr:
    """Not modified too often, this one counted."""
    wait = months_since(c("last_modification_date"), c("evaluation_date"))
    never = c("prior_modifications") == 0
    return (never | (wait >= p["months_between_modifications"])) & (
        c("prior_modifications") + 1 <= p["most_modifications"]
    )


@REGULATION("VA-M8")
def rate_within_limit(p: Parameters) -> pl.Expr:
    """A proposed rate keeps the limit; without a proposal the terms keep it themselves."""
    proposed, aid = c("va_proposed_rate"), c("va_purchase_aid_law_forbids_rate_change")
    by_index = proposed <= c("va_maximum_rate__rounded_rate") + p["index_margin"]
    usual = by_index & (proposed <= c("note_rate") + p["existing_margin"])
    original = proposed <= c("original_rate")
    return proposed.is_null() | (usual & original) | (aid & original) | (~aid & usual)


@REGULATION("VA-M12")
def first_lien(p: Parameters) -> pl.Expr:
    """A first lien."""
    return c("lien_position") == 1


def _term_within_limit(option: str) -> RuleFunction:
    def term_within_limit(p: Parameters) -> pl.Expr:
        """A proposed term is the remaining one or keeps the limit; without a proposal the terms keep it themselves."""
        proposed = c("va_proposed_term")
        remaining, longest = (c(column(option, name)) for name in ("remaining", "longest_term"))
        return proposed.is_null() | (proposed <= remaining) | (proposed <= longest)

    return term_within_limit


ANY_TERM = ("VA-M1", "VA-M2", "VA-M3", "VA-M4", "VA-M5", "VA-M7", "VA-M8", "VA-M12")
EVERY = (*ANY_TERM, "VA-M9")


def handbook_or_must(p: Parameters) -> pl.Expr:
    """The servicer uses chapter 5, or must."""
    return common.handbook_in_use(p, "handbook_from")


def over_before_review(p: Parameters) -> pl.Expr:
    """Where chapter 5 is in use, the cause is over."""
    return ~common.handbook_in_use(p, "handbook_from") | c("hardship_resolved")


# --- terms ------------------------------------------------------------------------------------------


def _installments(p: Parameters) -> int:
    """Return how much shorter than its months a limit is when the first installment counts."""
    return 1 if p.word("limit_counts") == "installments" else 0


def _dates(p: Parameters) -> list[pl.Expr]:
    trial = p["trial_months"]
    first = add_months(c("evaluation_date"), p["first_payment_wait"] + trial)
    start = add_months(c("evaluation_date"), p["first_payment_wait"])
    none = pl.lit(None, pl.Date)
    return [
        pl.coalesce(c("va_first_modified_payment_date"), first).alias("first_payment_date"),
        (start if trial else none).alias("trial_start"),
        (end_of_month(start, trial - 1) if trial else none).alias("trial_end"),
    ]


def _longest(p: Parameters) -> list[pl.Expr]:
    """Return the remaining term, the latest maturity of VA-M9 and the longest term."""
    original = pl.coalesce(
        add_months(c("first_payment_date_of_note"), c("original_term") - 1),
        pl.when(c("prior_modifications") == 0).then("maturity_date"),
    )
    first, counted = c("first_payment_date"), _installments(p)
    past = add_months(original, p["longest_past_maturity"])
    long_loan = c("original_term") >= p["full_term"]
    from_first = add_months(first, p["longest_from_first_payment"])
    from_note = add_months(c("first_payment_date_of_note"), p["longest_from_original_first_payment"])
    here = month_index(first)
    by_first, by_maturity, by_note = (
        month_index(from_first) - here + 1 - counted,
        month_index(past) - here + 1,
        month_index(from_note) - here + 1 - counted,
    )
    known = past.is_not_null()
    term = pl.when(long_loan & known).then(pl.min_horizontal(by_first, by_maturity)).when(~long_loan).then(by_note)
    remaining = month_index(c("maturity_date")) - here + 1
    return [
        pl.when(remaining >= 1).then(remaining).cast(pl.Int32).alias("remaining"),
        pl.when(long_loan & known)
        .then(pl.min_horizontal(from_first, past))
        .when(~long_loan)
        .then(from_note)
        .alias("latest_maturity"),
        pl.when(term >= 1).then(term).cast(pl.Int32).alias("longest_term"),
    ]


def _balance(frame: pl.DataFrame) -> pl.DataFrame:
    """Add interest past due, what is added to the balance, and the new balance (VA-M10)."""
    months = month_index(c("first_payment_date")) - c("next_due_month")
    frame = frame.with_columns(months.clip(lower_bound=0).cast(pl.Int32).alias("interest_months"))
    computed = kernels.interest_array(
        array(frame, "interest_bearing_balance"), array(frame, "note_rate"), array(frame, "interest_months")
    )
    interest = pl.coalesce(frame["accrued_interest"], from_kernel("_", computed))
    added = (
        interest
        + c("escrow_advances").fill_null(0)
        + c("servicing_advances").fill_null(0)
        + c("va_title_costs").fill_null(0)
        - c("borrower_contribution").fill_null(0)
    )
    balance = pl.max_horizontal(c("interest_bearing_balance") + added, pl.lit(0, pl.Int64))
    return frame.with_columns(
        interest.alias("delinquent_interest"),
        added.alias("added_to_balance"),
        pl.when(added.is_not_null() & c("interest_bearing_balance").is_not_null()).then(balance).alias("new_balance"),
    )


def _rate(p: Parameters) -> pl.Expr:
    if "fixed_rate" in p:
        return pl.lit(p["fixed_rate"], pl.Int64)
    return pl.coalesce(c("va_proposed_rate"), c("va_maximum_rate__rate"))


def _target(p: Parameters) -> pl.Expr:
    """Return the largest principal and interest that meets the option's target; null where there is none."""
    if "payment_cut" in p:
        return c("monthly_principal_and_interest") * (WHOLE - p["payment_cut"]) // WHOLE
    if "housing_ratio" in p:
        room = c("monthly_gross_income") * p["housing_ratio"] // WHOLE - c("monthly_escrow_for_ratio")
        return pl.when(room.is_not_null()).then(pl.max_horizontal(room, pl.lit(0, pl.Int64)))
    return pl.lit(None, pl.Int64)


def _term(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Choose the term by the option's rule; null where it is not known."""
    how = p.word("term_rule")
    if how == "fixed":
        return frame.with_columns(pl.lit(p["term_months"], pl.Int32).alias("term"))
    if how == "proposed":
        return frame.with_columns(c("va_proposed_term").alias("term"))
    if how == "remaining":
        return frame.with_columns(pl.coalesce("va_proposed_term", "remaining").alias("term"))
    most = pl.lit(p["term_months"], pl.Int32) if "term_months" in p else c("longest_term")
    last = pl.when(most.is_not_null() & c("remaining").is_not_null()).then(pl.max_horizontal(most, c("remaining")))
    frame = frame.with_columns(last.alias("_last"))
    known = frame.select(
        pl.all_horizontal(c("new_balance", "rate", "target_payment", "remaining", "_last").is_not_null())
    ).to_series()
    found = kernels.smallest_term_with_payment_at_most_array(
        *(array(frame, name) for name in ("new_balance", "rate", "target_payment", "remaining", "_last"))
    )
    reached = from_kernel("_reached", found)
    searched = pl.when(known).then(pl.coalesce(reached, "_last"))
    return frame.with_columns(pl.coalesce(c("va_proposed_term"), searched).cast(pl.Int32).alias("term"))


def _guaranty(p: Parameters) -> pl.Expr:
    """Return the most the guaranty may be (VA-M13), the maximum of the statute left aside; rounded down to the cent."""
    new, was, original = c("new_balance"), c("va_guaranty_amount"), c("original_balance")
    # Guaranty times balance may pass 63 bits.
    portion = (was.cast(pl.Int128) * new // original).cast(pl.Int64)
    kept = pl.when(new < original).then(portion).when(new >= original).then(was)
    share = new * p["guaranty_share"] // WHOLE
    return pl.when(kept.is_not_null() & share.is_not_null()).then(pl.max_horizontal(kept, share))


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Figure the modified loan; null where something is not known."""
    frame = frame.rename({"first_payment_date": "first_payment_date_of_note"}).with_columns(_dates(p))
    frame = _balance(frame.with_columns(_longest(p)))
    frame = _term(frame.with_columns(_rate(p).alias("rate"), _target(p).alias("target_payment")), p)
    new = from_kernel(
        "principal_and_interest",
        kernels.payment_array(array(frame, "new_balance"), array(frame, "rate"), array(frame, "term")),
    )
    at_longest = from_kernel(
        "principal_and_interest_at_longest_term",
        kernels.payment_array(array(frame, "new_balance"), array(frame, "rate"), array(frame, "longest_term")),
    )
    needed = from_kernel(
        "rate_needed",
        kernels.rate_for_payment_array(
            array(frame, "new_balance"), array(frame, "term"), array(frame, "target_payment")
        ),
    )
    frame = frame.with_columns(new, at_longest, needed)
    old, now = c("monthly_principal_and_interest"), c("principal_and_interest")
    late = p["late_wait"] if "late_wait" in p else 0  # noqa: SIM401  (.get would raise LawError)
    return frame.select(
        "interest_months",
        "delinquent_interest",
        "added_to_balance",
        "new_balance",
        "rate",
        "remaining",
        "latest_maturity",
        "longest_term",
        "term",
        "target_payment",
        "principal_and_interest",
        (now <= c("target_payment")).alias("target_met"),
        "rate_needed",
        "principal_and_interest_at_longest_term",
        (old - now).alias("payment_change"),
        ((2 * (old - now).abs() * WHOLE + old) // (2 * old) * (old - now).sign()).alias("payment_reduction"),
        (now + c("monthly_escrow")).alias("payment_after"),
        "trial_start",
        "trial_end",
        pl.when(c("trial_start").is_not_null()).then(now + c("monthly_escrow")).alias("trial_payment"),
        "first_payment_date",
        c("first_payment_date").alias("effective_date"),
        (add_months(c("first_payment_date"), late) if late else pl.lit(None, pl.Date)).alias("effective_date_if_late"),
        add_months(c("first_payment_date"), c("term") - 1).alias("maturity_date"),
        _guaranty(p).alias("guaranty_limit"),
    )


def _terms_of_its_own() -> TermsFunction:
    """Return the terms as a function of one option only.

    The review works a function once for options that agree on every figure it read; here it also matters which
    figures an option lacks.
    """

    def own_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
        """Figure the modified loan."""
        return terms(frame, p)

    return own_terms


COLUMNS: dict[str, TermType] = {
    "interest_months": "months",
    "delinquent_interest": "money",
    "added_to_balance": "money",
    "new_balance": "money",
    "rate": "rate",
    "remaining": "months",
    "latest_maturity": "date",
    "longest_term": "months",
    "term": "months",
    "target_payment": "money",
    "principal_and_interest": "money",
    "target_met": "flag",
    "rate_needed": "rate",
    "principal_and_interest_at_longest_term": "money",
    "payment_change": "money",
    "payment_reduction": "ratio",
    "payment_after": "money",
    "trial_start": "date",
    "trial_end": "date",
    "trial_payment": "money",
    "first_payment_date": "date",
    "effective_date": "date",
    "effective_date_if_late": "date",
    "maturity_date": "date",
    "guaranty_limit": "money",
}
NEEDS = (
    "interest_bearing_balance",
    "note_rate",
    "maturity_date",
    "next_due_date",
    "va_maximum_rate__rate",
)
ADDITIVE = ("escrow_advances", "servicing_advances", "va_title_costs", "borrower_contribution")


# --- steps ------------------------------------------------------------------------------------------


def _rate_text(row: Mapping[str, Any], p: Parameters) -> tuple[str, tuple[str, ...]]:
    if "fixed_rate" in p:
        return "set by the program", ("fixed_rate",)
    if row["va_proposed_rate"] is not None:
        return "as the servicer proposes", ()
    return "the highest the rule allows; the servicer may go lower", ("index_margin", "existing_margin")


def _term_text(row: Mapping[str, Any], p: Parameters) -> tuple[str, tuple[str, ...]]:
    how = p.word("term_rule")
    if how == "fixed":
        return "set by the option", ("term_rule", "term_months")
    if row["va_proposed_term"] is not None:
        return "as the servicer proposes", ()
    if how == "target":
        return "shortest that meets the target, or else the longest", ("term_rule",)
    return "rest of the present loan" if how == "remaining" else "must be proposed", ("term_rule",)


def _steps(option: str) -> Callable[[Mapping[str, Any], Parameters], list[Step]]:
    def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
        """Show the balance, the rate, the term and the payment."""

        def of(name: str) -> Any:
            return row[column(option, name)]

        months = of("interest_months")
        interest = (
            "as given" if row["accrued_interest"] is not None else f"for {'?' if months is None else months} months"
        )
        found = [
            Step("Interest past due", interest, of("delinquent_interest"), "money"),
            Step(
                "Added to the balance",
                "interest, advances and title costs, less any contribution; late charges are waived",
                of("added_to_balance"),
                "money",
            ),
            Step("New balance", "unpaid principal and what is added", of("new_balance"), "money"),
            Step("Rate", *_split(_rate_text(row, p), of("rate"), "rate")),
        ]
        if of("target_payment") is not None:
            used = ("payment_cut",) if "payment_cut" in p else ("housing_ratio",)
            found.append(
                Step("Target", "largest principal and interest that meets it", of("target_payment"), "money", used)
            )
        found += [
            Step("Term", *_split(_term_text(row, p), of("term"), "months")),
            Step("New principal and interest", "each month", of("principal_and_interest"), "money"),
        ]
        if of("target_met") is False:
            text = (
                "at this rate the payment would meet the target"
                if of("rate_needed") is not None
                else "no rate would do"
            )
            found.append(Step("Target not met", text, of("rate_needed"), "rate"))
        if p.word("term_rule") == "remaining":
            found += [
                Step(
                    "Latest maturity without approval",
                    "by the regulation",
                    of("latest_maturity"),
                    "date",
                    (
                        "full_term",
                        "longest_from_first_payment",
                        "longest_past_maturity",
                        "longest_from_original_first_payment",
                    ),
                ),
                Step(
                    "Payment at the longest term",
                    "principal and interest if the term were as long as allowed without approval",
                    of("principal_and_interest_at_longest_term"),
                    "money",
                    ("limit_counts",),
                ),
            ]
        found += [
            Step("Payment afterwards", "with taxes and insurance", of("payment_after"), "money"),
            Step("Reduction", "of principal and interest (below zero: they rise)", of("payment_reduction"), "ratio"),
        ]
        if of("trial_start") is not None:
            found.append(Step("Trial begins", "first trial payment due", of("trial_start"), "date", ("trial_months",)))
        found += [
            Step("First modified payment", "due", of("first_payment_date"), "date", ("first_payment_wait",)),
            Step("New maturity", "last modified payment", of("maturity_date"), "date"),
            Step(
                "Guaranty",
                "at most, within the maximum of the statute",
                of("guaranty_limit"),
                "money",
                ("guaranty_share",),
            ),
        ]
        if of("effective_date_if_late") is not None:
            text = "if the last trial payment came after its due date but within its month"
            found.append(Step("In effect later", text, of("effective_date_if_late"), "date", ("late_wait",)))
        return found

    return steps


def _split(
    text: tuple[str, tuple[str, ...]], figure: Any, kind: TermType
) -> tuple[str, Any, TermType, tuple[str, ...]]:
    return text[0], figure, kind, text[1]


# --- the options ------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Named:
    """What makes one named modification: the regulation's conditions it keeps, and its own rules."""

    id: str
    regulation: tuple[str, ...]
    handbook: Mapping[str, RuleFunction] = dataclasses.field(default_factory=dict)
    own: Mapping[str, RuleFunction] = dataclasses.field(default_factory=dict)
    process: tuple[str, ...] = ()
    more_needs: tuple[str, ...] = ()


def _option(named: _Named) -> Option:
    rules = {**REGULATION, "VA-M9": _term_within_limit(named.id)}
    rules = {name: rules[name] for name in named.regulation}
    kept = (*named.regulation, *TERMS_FROM_REGULATION) if named.regulation else ()
    needs = (
        NEEDS
        if named.regulation
        else tuple(name for name in NEEDS if name in {"interest_bearing_balance", "note_rate", "next_due_date"})
    )
    return Option(
        id=named.id,
        kind="keep",
        law=law(named.id, regulation=kept, handbook_2026=(*named.handbook, *named.process)),
        rules={**rules, **named.handbook, **named.own},
        terms=_terms_of_its_own(),
        columns=COLUMNS,
        needs=(*needs, *named.more_needs),
        additive=ADDITIVE,
        steps=_steps(named.id),
    )


def _meets_target(option: str) -> RuleFunction:
    def meets_target(p: Parameters) -> pl.Expr:
        """The target is met; where a lower rate could still be proposed, that is an open question."""
        met, needed = c(column(option, "target_met")), c(column(option, "rate_needed"))
        settled = c("va_proposed_rate").is_not_null() | needed.is_null()
        return pl.when(met).then(True).when(~met & settled).then(False)

    return meets_target


def _outside_steps(p: Parameters) -> pl.Expr:
    """Where chapter 5 is in use, this option is outside its steps."""
    return ~common.handbook_in_use(p, "handbook_from")


def offered(p: Parameters) -> pl.Expr:
    """VA offered the program on that day."""
    return c("va_refund_modification_offered")


def lives_there(p: Parameters) -> pl.Expr:
    """The owner lives in the home."""
    return c("occupancy") == "principal_residence"


def over(p: Parameters) -> pl.Expr:
    """The cause is over."""
    return c("hardship_resolved")


def soon_after_disaster(p: Parameters) -> pl.Expr:
    """The disaster was declared recently enough."""
    declared, months = c("va_disaster_declared_on"), p["usable_months"]
    return (c("evaluation_date") <= declared.dt.offset_by(f"{months}mo")) & (declared <= c("evaluation_date"))


def disaster_caused(p: Parameters) -> pl.Expr:
    """A disaster caused the default."""
    return c("hardship_kind") == "disaster"


TRADITIONAL = _option(
    _Named("va_modification", EVERY, handbook={"VA-WF-2": over_before_review}, more_needs=("original_term",))
)
THIRTY_YEAR = _option(
    _Named(
        "va_thirty_year_modification",
        ANY_TERM,
        handbook={"VA-WF-1": handbook_or_must, "VA-WF-2": over_before_review},
        process=("VA-WF-3", "VA-WF-4"),
    )
)
FORTY_YEAR = _option(_Named("va_forty_year_modification", ANY_TERM, handbook={"VA-WF-2": over_before_review}))
AFFORDABLE = _option(
    _Named(
        "va_affordable_modification",
        EVERY,
        handbook={"VA-WF-5": _outside_steps},
        own={"VA-N1": _meets_target("va_affordable_modification")},
        more_needs=("monthly_gross_income", "monthly_taxes", "monthly_insurance", "original_term"),
    )
)
STREAMLINE = _option(
    _Named(
        "va_streamline_modification",
        EVERY,
        handbook={"VA-WF-5": _outside_steps},
        own={"VA-N2": _meets_target("va_streamline_modification")},
        more_needs=("monthly_principal_and_interest", "original_term"),
    )
)
DISASTER = _option(
    _Named(
        "va_disaster_modification",
        tuple(name for name in EVERY if name != "VA-M3"),
        own={"VA-D1": soon_after_disaster, "VA-D2": disaster_caused},
    )
)
REFUND = _option(
    _Named(
        "va_covid_refund_modification",
        (),
        own={"VA-CR0": offered, "VA-CR1": _meets_target("va_covid_refund_modification"), "VA-CR2": common.in_default},
        more_needs=("va_maximum_rate__rate", "maturity_date", "monthly_principal_and_interest"),
    )
)
VASP = _option(
    _Named(
        "va_vasp",
        (),
        own={"VA-VS1": lives_there, "VA-VS2": over, "VA-VS3": common.in_default},
        more_needs=("va_proposed_term",),
    )
)
OPTIONS = (TRADITIONAL, THIRTY_YEAR, FORTY_YEAR, AFFORDABLE, STREAMLINE, DISASTER, REFUND, VASP)
