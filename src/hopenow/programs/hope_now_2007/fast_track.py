"""The fast-track test: scope, three segments, and the freeze of the starting rate.

A reference model of past policy. Its outcome columns say for every loan in which segment it falls, what the servicer
does, every test that it fails, and by which screens it is left out; whom each screen leaves out in general stands in
the law file (OUT-1 and following).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.facts.derived import month_index
from hopenow.law import OptionLaw, Parameters
from hopenow.mortgage import kernels
from hopenow.programs.base import Option, RuleTable, Step, TermType, column
from hopenow.programs.hope_now_2007.common import WHOLE, all_of, day, integers, known, law

c = pl.col
NAME = "hope_now_fast_track"
RULES = RuleTable()

NO_SEGMENT, REFINANCE, FAST_TRACK, CASE_BY_CASE = range(4)

GATES = ("G1", "G2", "G3", "G4", "G5", "G6", "G7")
CURRENT = ("T1-NOW", "T1-12M")
TESTS = ("T3", "F1", "F2", "T5", "C4", "C5")
LEFT_OUT_BY = {
    **dict.fromkeys(GATES, "outside_the_scope"),
    **dict.fromkeys(CURRENT, "already_behind"),
    "T2": "could_refinance",
    "T3": "not_the_residence",
    **dict.fromkeys(("F1", "F2"), "score_too_good"),
    "T5": "rise_too_small",
    "C4": "equity",
    "C5": "could_afford",
    "PSA": "agreement",
}
"""The screen behind each test, for counting whom the screens leave out."""


def _of(name: str) -> pl.Expr:
    return c(column(NAME, name))


# --- scope ----------------------------------------------------------------------------------------


@RULES("G1")
def first_lien(p: Parameters) -> pl.Expr:
    """First lien."""
    return c("lien_position") == 1


@RULES("G2")
def subprime_adjustable(p: Parameters) -> pl.Expr:
    """Subprime loan with an adjustable rate."""
    return c("asf_subprime") & (c("amortization_type") == "adjustable")


@RULES("G3")
def short_fixed_period(p: Parameters) -> pl.Expr:
    """Short initial fixed period."""
    return c("arm_initial_fixed_months") <= p["longest_fixed_period"]


@RULES("G4")
def made_in_window(p: Parameters) -> pl.Expr:
    """Made inside the window; whether its ends belong to it is asked by ENDS."""
    return c("origination_date").is_between(day(p.word("first_origination")), day(p.word("last_origination")))


@RULES("G5")
def securitized(p: Parameters) -> pl.Expr:
    """Held in a securitized pool."""
    return c("investor") == "private_label"


@RULES("G6")
def resets_in_window(p: Parameters) -> pl.Expr:
    """First reset inside the window."""
    return c("arm_initial_reset_date").is_between(day(p.word("first_reset")), day(p.word("last_reset")))


def _next_reset() -> pl.Expr:
    """Return the day of the coming reset: the given one, or the initial one while that is ahead."""
    initial = c("arm_initial_reset_date")
    return pl.coalesce(c("arm_next_reset_date"), pl.when(c("evaluation_date") <= initial).then(initial))


@RULES("G7")
def reset_ahead(p: Parameters) -> pl.Expr:
    """A reset that the version covers is still ahead."""
    initial = c("arm_initial_reset_date")
    if p.word("resets") == "any":
        return c("evaluation_date") <= _next_reset()
    # An initial reset that has passed settles it, whatever comes next.
    return (c("evaluation_date") <= initial) & (_next_reset() == initial)


@RULES("ENDS")
def ends_count(p: Parameters) -> pl.Expr:
    """Not on an end of a window, where the ends do not count."""
    if p.word("window_ends") == "inclusive":
        return pl.lit(True)
    made, reset = c("origination_date"), c("arm_initial_reset_date")
    return (
        (made != day(p.word("first_origination")))
        & (made != day(p.word("last_origination")))
        & (reset != day(p.word("first_reset")))
        & (reset != day(p.word("last_reset")))
    )


# --- segments -------------------------------------------------------------------------------------


@RULES("T1-NOW")
def current_now(p: Parameters) -> pl.Expr:
    """Not far behind today."""
    return c("days_delinquent") <= p["most_days_delinquent"]


@RULES("T1-12M")
def current_lately(p: Parameters) -> pl.Expr:
    """Seldom far behind lately; the OTS count decides where it is known."""
    most = p["max_60_in_12m"]
    return pl.coalesce(c("asf_spells_60_days_ots") <= most, c("asf_spells_90_days_mba") <= most)


def _above(p: Parameters) -> pl.Expr:
    """Test that the ratio at origination, or else by an updated value, is above the limit.

    An updated value is optional: while there is none it decides nothing.
    """
    owed = c("interest_bearing_balance") + c("deferred_balance").fill_null(0)
    updated = (owed * WHOLE > p["ltv_above"] * c("property_value")).fill_null(False)
    return (c("asf_original_loan_to_value") > p["ltv_above"]) | updated


@RULES("T2")
def cannot_refinance(p: Parameters) -> pl.Expr:
    """Unlikely to be able to refinance."""
    return _above(p) | ~c("asf_refinance_available")


# --- the fast track -------------------------------------------------------------------------------


@RULES("T3")
def lives_there(p: Parameters) -> pl.Expr:
    """The borrower's principal residence."""
    return c("occupancy") == "principal_residence"


@RULES("F1")
def score_low(p: Parameters) -> pl.Expr:
    """The score is within the limit, by the chosen reading."""
    score = c("credit_score" if p.word("f1_score") == "current" else "asf_original_credit_score")
    return score < p["score_limit"] if p.word("f1_strictness") == "below" else score <= p["score_limit"]


@RULES("F1-ANY")
def score_low_on_some_reading(p: Parameters) -> pl.Expr:
    """Some documented reading of the limit is met: a no here is a no on all of them."""
    return (c("credit_score") <= p["score_limit"]) | (c("asf_original_credit_score") <= p["score_limit"])


@RULES("F2")
def score_not_much_better(p: Parameters) -> pl.Expr:
    """The score has not grown much since origination."""
    now, then = c("credit_score").cast(pl.Int64), c("asf_original_credit_score").cast(pl.Int64)
    return now * WHOLE < then * (WHOLE + p["score_growth_below"])


@RULES("T5")
def payment_jumps(p: Parameters) -> pl.Expr:
    """The payment would rise a lot."""
    after = pl.coalesce(c("arm_payment_after_reset"), _of("payment_after_reset"))
    return after * WHOLE > c("monthly_principal_and_interest") * (WHOLE + p["payment_rise_above"])


@RULES("C4")
def equity_no_bar(p: Parameters) -> pl.Expr:
    """Equity is no bar, by the chosen reading."""
    reading = p.word("equity")
    if reading == "presumption":
        return pl.lit(True)
    return _above(p) if reading == "must have little" else ~_above(p)


@RULES("C5")
def cannot_afford(p: Parameters) -> pl.Expr:
    """The borrower cannot afford the reset, by the chosen reading."""
    return pl.lit(True) if p.word("affordability") == "presumption" else c("asf_cannot_afford_reset")


@RULES("PSA")
def agreement_allows(p: Parameters) -> pl.Expr:
    """Neither agreement nor law stands in the way."""
    return c("asf_agreement_allows")


# --- terms ----------------------------------------------------------------------------------------


def _rate_after_reset() -> pl.Expr:
    """Return index plus margin, rounded as the note says, within the caps."""
    full, step, how = c("arm_index_rate") + c("arm_margin"), c("arm_rounding_step"), c("arm_rounding")
    near = (2 * full + step) // (2 * step) * step
    up = (full + step - 1) // step * step
    # A step of zero rounds nothing.
    stepped = pl.when(step > 0).then(pl.when(how == "up").then(up).otherwise(near)).when(step == 0).then(full)
    rounded = pl.when(how == "none").then(full).when(how.is_not_null()).then(stepped)
    highest = c("note_rate") + c("arm_next_cap")
    whole = rounded.is_not_null() & highest.is_not_null() & c("rate_ceiling").is_not_null()
    return pl.when(whole).then(pl.min_horizontal(rounded, highest, "rate_ceiling"))


def _resets(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Add the coming reset, the payment after it, and the payment at the kept rate.

    The installment due on the day of the reset is still the old one: interest is paid in arrears.
    """
    until = (month_index(c("reset_date")) - month_index(c("next_due_date")) + 1).clip(lower_bound=0)
    before = until if p.word("reset_balance") == "at reset" else until * 0
    at_initial = c("reset_date") == c("arm_initial_reset_date")
    kept = c("note_rate")
    if p.word("frozen_rate") == "initial":
        kept = pl.when(at_initial).then(kept).when(~at_initial).then(c("original_rate"))
    frame = frame.with_columns(_next_reset().alias("reset_date"))
    frame = frame.with_columns(
        _rate_after_reset().alias("rate_after_reset"),
        before.alias("_before"),
        (c("remaining_term") - before).alias("_term"),
        kept.alias("rate"),
        at_initial.alias("_initial"),
    )
    balance = kernels.balance_after_rounded_array(
        integers(frame, "interest_bearing_balance"),
        integers(frame, "note_rate"),
        integers(frame, "monthly_principal_and_interest"),
        integers(frame, "_before"),
    )
    after, frozen = (
        known(kernels.payment_array(balance, integers(frame, rate), integers(frame, "_term")))
        for rate in ("rate_after_reset", "rate")
    )
    # While only interest is paid, the note alone says what the payment becomes.
    amortizing, present = ~c("interest_only"), c("monthly_principal_and_interest")
    return frame.with_columns(
        known(balance).alias("balance_at_reset"), after.alias("_after"), frozen.alias("_frozen")
    ).with_columns(
        pl.coalesce("arm_payment_after_reset", pl.when(amortizing).then("_after")).alias("payment_after_reset"),
        pl.when(c("_initial"))
        .then(present)
        .when(~c("_initial") & amortizing)
        .then("_frozen")
        .alias("principal_and_interest"),
    )


def _updated_loan_to_value() -> pl.Expr:
    owed = c("interest_bearing_balance") + c("deferred_balance").fill_null(0)
    return pl.when(c("property_value") > 0).then(owed * WHOLE // c("property_value"))


def _segments(answers: pl.DataFrame) -> pl.DataFrame:
    """Add scope, currency and segment to the answers to the rules."""
    answers = answers.with_columns(
        all_of(c(name) for name in GATES).alias("in_scope"), all_of(c(name) for name in CURRENT).alias("current")
    )
    current = c("in_scope") & c("current")
    segment = (
        pl.when(c("in_scope") & ~c("current"))
        .then(CASE_BY_CASE)
        .when(current & c("T2"))
        .then(FAST_TRACK)
        .when(current & ~c("T2"))
        .then(REFINANCE)
    )
    return answers.with_columns(segment.cast(pl.Int32).alias("segment"))


def _action() -> pl.Expr:
    """Return what the servicer does; a fact that is missing where it matters leads to a person."""
    # The agreement overrides every step, but not knowing it does not stop the test.
    passed = all_of([*(c(name) for name in TESTS), c("PSA").fill_null(True)])
    tested = c("segment") == FAST_TRACK
    chosen = (
        pl.when(~c("in_scope"))
        .then(pl.lit("out_of_scope"))
        .when(c("segment") == REFINANCE)
        .then(pl.lit("refinance"))
        .when(c("segment") == CASE_BY_CASE)
        .then(pl.lit("individual_loss_mitigation"))
        .when(tested & passed)
        .then(pl.lit("freeze_initial_rate"))
        .when(tested & ~passed)
        .then(pl.lit("individual_review"))
        .otherwise(pl.lit("refer"))
    )
    return chosen.alias("action")


def _outcome(answers: pl.DataFrame) -> pl.DataFrame:
    """Return segment, action, the failed tests and the screens behind them."""
    named = [pl.when(~c(name)).then(pl.lit(name)) for name in LEFT_OUT_BY]
    screens = [
        pl.when(pl.any_horizontal([~c(name) for name, own in LEFT_OUT_BY.items() if own == screen])).then(
            pl.lit(screen)
        )
        for screen in dict.fromkeys(LEFT_OUT_BY.values())
    ]
    return _segments(answers).select(
        "in_scope",
        "current",
        c("T2").alias("cannot_refinance"),
        "segment",
        _action(),
        pl.concat_str(named, separator=";", ignore_nulls=True).alias("failed_tests"),
        pl.concat_str(screens, separator=";", ignore_nulls=True).alias("left_out_by"),
    )


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work out the reset, the segment and what the servicer does."""
    wide = _resets(frame, p)
    wide = wide.with_columns(c("payment_after_reset").alias(column(NAME, "payment_after_reset")))
    # A rule that reads nothing (a reading that bars nobody) still answers for every loan.
    answers = wide.select("loan_id", *(RULES[name](p).cast(pl.Boolean).alias(name) for name in LEFT_OUT_BY)).drop(
        "loan_id"
    )
    now, after, frozen = c("monthly_principal_and_interest"), c("payment_after_reset"), c("principal_and_interest")
    return wide.hstack(_outcome(answers)).select(
        "in_scope",
        "current",
        "cannot_refinance",
        "segment",
        "action",
        "failed_tests",
        "left_out_by",
        _updated_loan_to_value().alias("updated_loan_to_value"),
        "reset_date",
        "rate_after_reset",
        "balance_at_reset",
        "payment_after_reset",
        pl.when(now > 0).then((2 * (after - now) * WHOLE + now) // (2 * now)).alias("payment_rise"),
        "rate",
        "principal_and_interest",
        (after - frozen).alias("payment_saved"),
        pl.when(c("reset_date").is_not_null()).then(p["freeze_months"]).cast(pl.Int32).alias("freeze_months"),
        c("reset_date").dt.offset_by(f"{p['freeze_months']}mo").alias("freeze_end"),
        (frozen + c("monthly_escrow")).alias("payment_after"),
    )


COLUMNS: dict[str, TermType] = {
    "in_scope": "flag",
    "current": "flag",
    "cannot_refinance": "flag",
    "segment": "count",
    "action": "text",
    "failed_tests": "text",
    "left_out_by": "text",
    "updated_loan_to_value": "ratio",
    "reset_date": "date",
    "rate_after_reset": "rate",
    "balance_at_reset": "money",
    "payment_after_reset": "money",
    "payment_rise": "ratio",
    "rate": "rate",
    "principal_and_interest": "money",
    "payment_saved": "money",
    "freeze_months": "months",
    "freeze_end": "date",
    "payment_after": "money",
}

_SEGMENTS = (
    "outside the framework, or not decided yet",
    "current, and likely to be able to refinance",
    "current, and unlikely to be able to refinance",
    "not current",
)
_DOES = {
    "out_of_scope": "nothing under this framework",
    "refinance": "takes all reasonable steps toward a refinance",
    "freeze_initial_rate": "keeps the starting rate",
    "individual_review": "reviews the loan by itself, with full income information",
    "individual_loss_mitigation": "looks for a workout loan by loan",
    "refer": "has a person look: a fact is missing",
}


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the payment after the reset, the segment, and what the servicer does."""

    def of(name: str) -> Any:
        return row[column(NAME, name)]

    segment, lost = of("segment"), of("left_out_by")
    found = [
        Step("Coming reset", "the next one that is still ahead", of("reset_date"), "date", ("resets",)),
        Step(
            "Rate after the reset",
            "index plus margin, rounded as the note says, within the caps",
            of("rate_after_reset"),
            "rate",
        ),
        Step(
            "Payment after the reset",
            "principal and interest, as the servicer figured it, or worked out here",
            of("payment_after_reset"),
            "money",
            ("reset_balance",),
        ),
        Step("Rise", "over the present principal and interest", of("payment_rise"), "ratio", ("payment_rise_above",)),
        Step("Segment", _SEGMENTS[segment or NO_SEGMENT], segment, "count", ("max_60_in_12m", "ltv_above")),
        Step("The servicer", _DOES[of("action")], of("action"), "text"),
    ]
    if lost:
        found.append(Step("Left out by", "screens that this loan does not pass", lost.replace("_", " "), "text"))
    if of("action") == "freeze_initial_rate":
        found += [
            Step("Rate kept", "the starting rate", of("rate"), "rate", ("frozen_rate",)),
            Step("Principal and interest while it is kept", "each month", of("principal_and_interest"), "money"),
            Step("Until", "from then on the contract rate applies", of("freeze_end"), "date", ("freeze_months",)),
        ]
    return found


NEEDS = (
    "arm_payment_after_reset",
    "arm_initial_reset_date",
    "arm_next_reset_date",
    "arm_index_rate",
    "arm_margin",
    "arm_next_cap",
    "arm_rounding",
    "arm_rounding_step",
    "rate_ceiling",
    "note_rate",
    "interest_only",
    "interest_bearing_balance",
    "monthly_principal_and_interest",
    "remaining_term",
    "next_due_date",
)


def option(own_law: OptionLaw) -> Option:
    """Return the option under a law file (that of the package, or one with other readings)."""
    return Option(
        id=NAME,
        kind="keep",
        law=own_law,
        rules=RULES,
        terms=terms,
        columns=COLUMNS,
        needs=NEEDS,
        steps=steps,
    )


OPTION = option(law(NAME))
