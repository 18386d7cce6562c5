"""Options that change the note: modification, special servicing, recovery advance and streamline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.facts import NEVER
from hopenow.law import Parameters
from hopenow.mortgage import kernels
from hopenow.programs.base import Option, RuleTable, Step, TermType, column
from hopenow.programs.usda import common
from hopenow.programs.usda.common import WHOLE, array, capitalized, gated, law, payments, series

c = pl.col
Integers = npt.NDArray[np.int64]

MODIFICATION, SPECIAL = "usda_modification", "usda_special_servicing"
ADVANCE, STREAMLINE = "usda_recovery_advance", "usda_streamline"

MODIFICATION_RULES = RuleTable()
SPECIAL_RULES = RuleTable()
ADVANCE_RULES = RuleTable()
STREAMLINE_RULES = RuleTable()

BOUNDS = pl.Enum(["none", "payment target", "limit on advances"])


def _known(*arrays: Integers) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = np.all(np.stack(arrays) >= 0, axis=0)
    return found


def _share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Return a share in millionths, half-up; null where the whole is not above zero."""
    return pl.when(whole > 0).then((2 * part * WHOLE + whole) // (2 * whole))


# --- rules ----------------------------------------------------------------------------------------


def _rate_within(p: Parameters) -> pl.Expr:
    return common.rate_allowed() if p["rate_capped"] else pl.lit(True)


def _trial_done(p: Parameters) -> pl.Expr:
    return c("usda_trial_completed")


def _no_title_costs(p: Parameters) -> pl.Expr:
    return ~c("usda_borrower_pays_title_costs")


MODIFICATION_RULES("USDA-M1")(_rate_within)
MODIFICATION_RULES("USDA-TRIAL")(_trial_done)
ADVANCE_RULES("USDA-M1")(_rate_within)
ADVANCE_RULES("USDA-TRIAL")(_trial_done)
SPECIAL_RULES("USDA-SS5")(_trial_done)
SPECIAL_RULES("USDA-SS7")(_no_title_costs)
STREAMLINE_RULES("USDA-S7")(_trial_done)
STREAMLINE_RULES("USDA-S7a")(_no_title_costs)


@MODIFICATION_RULES("USDA-S1b")
def target_met(p: Parameters) -> pl.Expr:
    """Some term within the limit reaches the target."""
    return c(column(MODIFICATION, "target_met"))


@SPECIAL_RULES("USDA-SS1")
def debts_within(p: Parameters) -> pl.Expr:
    """Total debt after servicing is within its share of income."""
    total = c(column(SPECIAL, "payment_after")) + c("usda_other_monthly_debt")
    return total * WHOLE <= p["total_debt_ratio"] * c("monthly_gross_income")


@SPECIAL_RULES("USDA-SS2")
def advance_within(p: Parameters) -> pl.Expr:
    """The advance is within the limit."""
    return c(column(SPECIAL, "advance")) <= c(column(SPECIAL, "advance_room"))


@SPECIAL_RULES("USDA-SS3")
def special_rate_within(p: Parameters) -> pl.Expr:
    """The rate is within the limit where the note is changed."""
    return ~c(column(SPECIAL, "note_changed")) | common.rate_allowed()


@SPECIAL_RULES("USDA-SS4")
def verified_income(p: Parameters) -> pl.Expr:
    """Income and debts are verified."""
    return c("usda_income_and_debts_verified")


@SPECIAL_RULES("USDA-SS6")
def escrow_first(p: Parameters) -> pl.Expr:
    """The escrow analysis is done."""
    return c("usda_escrow_analysis_done")


@ADVANCE_RULES("USDA-S1c")
def after_modification(p: Parameters) -> pl.Expr:
    """The modification alone does not reach the target."""
    return ~c(column(MODIFICATION, "target_met"))


@ADVANCE_RULES("USDA-S3")
def room_left(p: Parameters) -> pl.Expr:
    """The limit on advances is not used up."""
    return c(column(ADVANCE, "advance_room")) > 0


@ADVANCE_RULES("USDA-MRA-1")
def advance_reaches(p: Parameters) -> pl.Expr:
    """With the advance the target is met."""
    return c(column(ADVANCE, "target_met"))


@STREAMLINE_RULES("USDA-S4")
def no_package_and_demand(p: Parameters) -> pl.Expr:
    """No complete package, and the demand letter went out."""
    return ~c("borrower_response_package_complete") & c("usda_demand_letter_sent")


@STREAMLINE_RULES("USDA-S5")
def in_the_window(p: Parameters) -> pl.Expr:
    """Far enough behind, and not yet called due or in foreclosure."""
    open_still = ~c("usda_accelerated") & (c("usda_foreclosure_started_date") == NEVER)
    return (c("days_delinquent") >= p["least_days_past_due"]) & open_still


@STREAMLINE_RULES("USDA-S6")
def cut_enough(p: Parameters) -> pl.Expr:
    """Principal and interest fall enough."""
    old = c("monthly_principal_and_interest")
    return (old - c(column(STREAMLINE, "principal_and_interest"))) * WHOLE >= p["least_cut"] * old


@STREAMLINE_RULES("USDA-S8")
def streamline_rate_within(p: Parameters) -> pl.Expr:
    """The rate is within the limit."""
    return common.rate_allowed()


# --- terms ----------------------------------------------------------------------------------------

NOTE: dict[str, TermType] = {
    "delinquent_interest": "money",
    "capitalized": "money",
    "balance_after": "money",
    "rate": "rate",
    "term": "months",
    "principal_and_interest": "money",
    "payment_after": "money",
    "payment_reduction": "ratio",
}


def _note(frame: pl.DataFrame, *more: pl.Expr | str) -> pl.DataFrame:
    """Select the columns that every changed note has, and more."""
    old, new = c("monthly_principal_and_interest"), c("principal_and_interest")
    return frame.select(
        "delinquent_interest",
        "capitalized",
        "balance_after",
        "rate",
        c("term").cast(pl.Int32),
        "principal_and_interest",
        (new + c("monthly_escrow")).alias("payment_after"),
        pl.when(new <= old)
        .then(_share(old - new, old))
        .when(new > old)
        .then(-_share(new - old, old))
        .alias("payment_reduction"),
        *more,
    )


def _target_payment() -> pl.Expr:
    """Return the highest principal and interest that meets the reduction asked for, rounded down to the cent."""
    return c("monthly_principal_and_interest") * (WHOLE - c("usda_payment_reduction_target")) // WHOLE


def _term(frame: pl.DataFrame, target: str, first: str, longest: int) -> pl.Series:
    """Return the fewest months from ``first`` on that bring the payment to the target; null where none do."""
    limits = np.full(frame.height, longest, np.int64)
    found = kernels.smallest_term_with_payment_at_most_array(
        array(frame, "balance_after"), array(frame, "rate"), array(frame, target), array(frame, first), limits
    )
    return series("_found", found)


def modification_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Capitalize and set the term: the longest one, or month by month until the target."""
    longest = p["longest_term"]
    frame = capitalized(frame)
    if p.word("term_by") == "longest":
        frame = frame.with_columns(
            pl.lit(longest, pl.Int64).alias("term"),
            pl.lit(None, pl.Int64).alias("_target"),
            pl.lit(None, pl.Boolean).alias("target_met"),
        )
    else:
        frame = frame.with_columns(_target_payment().alias("_target"), _first_term(longest))
        frame = frame.with_columns(_term(frame, "_target", "_first", longest))
        complete = pl.all_horizontal(c(name).is_not_null() for name in ("_target", "_first", "balance_after", "rate"))
        frame = frame.with_columns(
            pl.when(complete).then(c("_found").is_not_null()).alias("target_met"),
            pl.when(complete).then(pl.coalesce(c("_found"), pl.lit(longest, pl.Int64))).alias("term"),
        )
    paid = payments(array(frame, "balance_after"), array(frame, "rate"), array(frame, "term"))
    frame = frame.with_columns(series("principal_and_interest", paid))
    return _note(frame, c("_target").alias("target_payment"), "target_met", _trial())


def _first_term(longest: int) -> pl.Expr:
    """Return the term with which the steps start: what is left of the loan, within the limit."""
    return c("remaining_term").cast(pl.Int64).clip(1, longest).alias("_first")


def _trial() -> pl.Expr:
    return c("usda_trial_months").alias("trial_months")


def _set_aside(frame: pl.DataFrame, target: Integers, longest: int) -> tuple[pl.Series, Integers]:
    """Return the principal to set aside so that the longest term meets a target, rounded down, and the terms."""
    terms = np.full(frame.height, longest, np.int64)
    rate, balance = array(frame, "rate"), array(frame, "balance_after")
    worth = kernels.present_value_array(target, rate, terms, kernels.CEILING)
    known = _known(worth, balance, rate, target)
    return series("_wanted", np.where(known, np.maximum(balance - worth, 0), common.UNKNOWN)), terms


def special_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Bring the payment close to its share of income: term, then principal set aside; or pay the arrears."""
    ratio, income = p["target_ratio"], c("monthly_gross_income")
    regular = c("monthly_principal_and_interest") + c("monthly_escrow")
    frame = capitalized(frame).with_columns(
        regular.alias("_regular"),
        (regular * WHOLE > ratio * income).alias("note_changed"),
        # The target is never undercut, so it is rounded up to the cent.
        ((income * ratio + WHOLE - 1) // WHOLE - c("monthly_escrow")).clip(lower_bound=0).alias("_target"),
        common.room(p).alias("advance_room"),
        common.arrears().alias("_arrears"),
        pl.lit(1, pl.Int64).alias("_first"),
    )
    frame = frame.with_columns(_term(frame, "_target", "_first", p["longest_term"]))
    if p.word("term_rounding") == "down":
        frame = frame.with_columns(_shorter(frame))
    wanted, _ = _set_aside(frame, array(frame, "_target"), p["longest_term"])
    frame = frame.with_columns(wanted)
    complete = c("_target").is_not_null() & c("balance_after").is_not_null() & c("rate").is_not_null()
    bounded = pl.when(c("advance_room").is_not_null()).then(pl.min_horizontal("_wanted", "advance_room"))
    aside = pl.when(complete & c("_found").is_not_null()).then(0).when(complete).then(bounded)
    frame = frame.with_columns(
        pl.when(c("note_changed")).then(aside).when(~c("note_changed")).then(0).alias("set_aside"),
        pl.when(complete).then(pl.coalesce(c("_found"), pl.lit(p["longest_term"], pl.Int64))).alias("_new_term"),
    )
    frame = frame.with_columns((c("balance_after") - c("set_aside")).alias("_bearing"))
    paid = payments(array(frame, "_bearing"), array(frame, "rate"), array(frame, "_new_term"))
    return _special_columns(frame.with_columns(series("_paid", paid)), p)


def _shorter(frame: pl.DataFrame) -> pl.Expr:
    """Return the term one month shorter where the found one ends below the target, so that it is never undercut."""
    paid = series("_at", payments(array(frame, "balance_after"), array(frame, "rate"), array(frame, "_found")))
    below = pl.lit(paid) < c("_target")
    return pl.when(below & (c("_found") > 1)).then(c("_found") - 1).otherwise(c("_found")).alias("_found")


def _special_columns(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Choose between the changed note and the note as it is, and name the figures."""

    def either(changed: pl.Expr, kept: pl.Expr) -> pl.Expr:
        return pl.when(c("note_changed")).then(changed).when(~c("note_changed")).then(kept)

    income = c("monthly_gross_income")
    limited = c("set_aside") < c("_wanted")
    bound = (
        pl.when((c("set_aside") == 0) & (c("_found").is_not_null() | ~c("note_changed")))
        .then(pl.lit("none", BOUNDS))
        .when(limited)
        .then(pl.lit("limit on advances", BOUNDS))
        .when(c("set_aside").is_not_null())
        .then(pl.lit("payment target", BOUNDS))
    )
    frame = frame.with_columns(
        either(c("_bearing"), c("interest_bearing_balance")).alias("balance_after"),
        either(c("rate"), c("note_rate")).alias("rate"),
        either(c("_new_term"), c("remaining_term").cast(pl.Int64)).alias("term"),
        either(c("_paid"), c("monthly_principal_and_interest")).alias("principal_and_interest"),
        either(c("capitalized"), pl.lit(0, pl.Int64)).alias("capitalized"),
        either(c("set_aside"), c("_arrears")).alias("advance"),
        bound.alias("binding_limit"),
        _share(c("_regular"), income).alias("ratio_before"),
    )
    after = c("principal_and_interest") + c("monthly_escrow")
    return _note(
        frame,
        "ratio_before",
        "note_changed",
        pl.when(c("note_changed")).then(c("_target")).alias("target_payment"),
        "set_aside",
        either(pl.lit(0, pl.Int64), c("_arrears")).alias("arrears_advanced"),
        "advance",
        "advance_room",
        "binding_limit",
        _share(after, income).alias("ratio_after"),
        _share(after + c("usda_other_monthly_debt"), income).alias("total_debt_ratio"),
    )


def advance_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Set principal aside, within the limit, so that the longest term meets the payment reduction."""
    frame = capitalized(frame).with_columns(_target_payment().alias("_target"), common.room(p).alias("advance_room"))
    wanted, terms = _set_aside_below(frame, p["longest_term"])
    frame = frame.with_columns(wanted, pl.Series("term", terms))
    amount = pl.when(c("advance_room").is_not_null()).then(pl.min_horizontal("_wanted", "advance_room"))
    frame = frame.with_columns(pl.when(c("_wanted").is_not_null()).then(amount).alias("advance"))
    frame = frame.with_columns((c("balance_after") - c("advance")).alias("balance_after"))
    paid = payments(array(frame, "balance_after"), array(frame, "rate"), terms)
    frame = frame.with_columns(series("principal_and_interest", paid))
    frame = frame.with_columns(
        pl.when(c("advance").is_not_null()).then(c("term")).alias("term"),
        pl.when(c("advance") == 0)
        .then(pl.lit("none", BOUNDS))
        .when(c("advance") < c("_wanted"))
        .then(pl.lit("limit on advances", BOUNDS))
        .when(c("advance").is_not_null())
        .then(pl.lit("payment target", BOUNDS))
        .alias("binding_limit"),
    )
    met = c("principal_and_interest") <= c("_target")
    return _note(
        frame,
        c("_target").alias("target_payment"),
        met.alias("target_met"),
        "advance",
        "advance_room",
        "binding_limit",
        _trial(),
    )


def _set_aside_below(frame: pl.DataFrame, longest: int) -> tuple[pl.Series, Integers]:
    """Return the least principal to set aside so that the payment of the longest term is at most the target."""
    terms = np.full(frame.height, longest, np.int64)
    rate, balance, target = array(frame, "rate"), array(frame, "balance_after"), array(frame, "_target")
    worth = kernels.present_value_array(target, rate, terms, kernels.FLOOR)
    known = _known(worth, balance, rate, target)
    return series("_wanted", np.where(known, np.maximum(balance - worth, 0), common.UNKNOWN)), terms


def streamline_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Capitalize and take the long term, or the shorter one where the investor or pool limits it."""
    limits = c("usda_investor_limits_term")
    term = pl.when(limits).then(p["limited_term"]).when(~limits).then(p["term"])
    frame = capitalized(frame).with_columns(term.cast(pl.Int64).alias("term"))
    paid = payments(array(frame, "balance_after"), array(frame, "rate"), array(frame, "term"))
    return _note(frame.with_columns(series("principal_and_interest", paid)), _trial())


# --- steps ----------------------------------------------------------------------------------------


def _base(of: Callable[[str], Any], term: tuple[str, ...]) -> list[Step]:
    return [
        Step(
            "Interest past due",
            "on the unpaid installments, or as the servicer gives it",
            of("delinquent_interest"),
            "money",
        ),
        Step(
            "Added to the balance",
            "interest, advances and annual fees, less any contribution",
            of("capitalized"),
            "money",
        ),
        Step("Rate", "as offered, or the lower of the present and the highest allowed rate", of("rate"), "rate"),
        Step("Term", "from the modification", of("term"), "months", term),
        Step("Balance that bears interest", "after all steps", of("balance_after"), "money"),
        Step("Principal and interest", "level payment", of("principal_and_interest"), "money"),
        Step("Reduction", "of principal and interest", of("payment_reduction"), "ratio"),
        Step("Payment", "with taxes and insurance", of("payment_after"), "money"),
    ]


def _of(option: str, row: Mapping[str, Any]) -> Callable[[str], Any]:
    return lambda name: row[column(option, name)]


def modification_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the modified note."""
    of = _of(MODIFICATION, row)
    found = _base(of, ("longest_term",))
    if p.word("term_by") == "steps":
        target = Step("Target", "payment reduction that the handbook asks for", of("target_payment"), "money")
        found = [
            *found[:3],
            target,
            *found[3:],
            Step("Target met", "within the longest term", of("target_met"), "flag"),
        ]
        found.append(Step("Trial", "set by the Agency", of("trial_months"), "months"))
    return found


def special_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show what special servicing does."""
    of = _of(SPECIAL, row)
    head = [
        Step(
            "Payment to income now",
            "principal, interest, taxes and insurance",
            of("ratio_before"),
            "ratio",
            ("target_ratio",),
        ),
        Step("Note is changed", "where that share is above the target", of("note_changed"), "flag"),
        Step(
            "Target", "principal and interest, rounded up to the cent", of("target_payment"), "money", ("target_ratio",)
        ),
    ]
    tail = [
        Step("Principal set aside", f"decided by: {of('binding_limit') or 'not known'}", of("set_aside"), "money"),
        Step("Arrears paid by the advance", "where the note stays as it is", of("arrears_advanced"), "money"),
        Step("Mortgage recovery advance", "no interest, no installments", of("advance"), "money"),
        Step("Room for advances", "less earlier ones", of("advance_room"), "money", ("advance_share",)),
        Step("Payment to income after", "rounded to two places", of("ratio_after"), "ratio", ("target_ratio",)),
        Step(
            "All debts to income after", "rounded to two places", of("total_debt_ratio"), "ratio", ("total_debt_ratio",)
        ),
    ]
    return [*head, *_base(of, ("longest_term", "term_rounding")), *tail]


def advance_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show modification and advance."""
    of = _of(ADVANCE, row)
    return [
        Step("Target", "payment reduction that the handbook asks for", of("target_payment"), "money"),
        Step("Room for advances", "less earlier ones", of("advance_room"), "money", ("advance_share",)),
        Step("Mortgage recovery advance", f"decided by: {of('binding_limit') or 'not known'}", of("advance"), "money"),
        *_base(of, ("longest_term",)),
        Step("Target met", "with the advance", of("target_met"), "flag"),
        Step("Trial", "set by the Agency", of("trial_months"), "months"),
    ]


def streamline_steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show the streamline terms."""
    of = _of(STREAMLINE, row)
    found = _base(of, ("term", "limited_term"))
    needed = Step("Reduction needed", "of principal and interest", p["least_cut"], "ratio", ("least_cut",))
    return [*found, needed, Step("Trial", "set by the Agency", of("trial_months"), "months")]


_PAYMENT = ("monthly_principal_and_interest", "monthly_escrow")

MODIFICATION_OPTION = Option(
    id=MODIFICATION,
    kind="keep",
    law=law(MODIFICATION, gates=True),
    rules=gated(MODIFICATION_RULES),
    terms=modification_terms,
    columns={**NOTE, "target_payment": "money", "target_met": "flag", "trial_months": "months"},
    needs=(
        *common.CAPITALIZED_NEEDS,
        "monthly_principal_and_interest",
        "remaining_term",
        "usda_payment_reduction_target",
    ),
    additive=common.ADDITIVE,
    steps=modification_steps,
)
SPECIAL_OPTION = Option(
    id=SPECIAL,
    kind="keep",
    law=law(SPECIAL, gates=True),
    rules=gated(SPECIAL_RULES),
    terms=special_terms,
    columns={
        **NOTE,
        "ratio_before": "ratio",
        "note_changed": "flag",
        "target_payment": "money",
        "set_aside": "money",
        "arrears_advanced": "money",
        "advance": "money",
        "advance_room": "money",
        "binding_limit": "text",
        "ratio_after": "ratio",
        "total_debt_ratio": "ratio",
    },
    needs=(*common.CAPITALIZED_NEEDS, *_PAYMENT, "monthly_gross_income", "usda_prior_recovery_advances"),
    additive=common.ADDITIVE,
    steps=special_steps,
)
ADVANCE_OPTION = Option(
    id=ADVANCE,
    kind="keep",
    law=law(ADVANCE, gates=True),
    rules=gated(ADVANCE_RULES),
    terms=advance_terms,
    columns={
        **NOTE,
        "target_payment": "money",
        "target_met": "flag",
        "advance": "money",
        "advance_room": "money",
        "binding_limit": "text",
        "trial_months": "months",
    },
    needs=(
        *common.CAPITALIZED_NEEDS,
        "monthly_principal_and_interest",
        "usda_payment_reduction_target",
        "usda_prior_recovery_advances",
    ),
    additive=common.ADDITIVE,
    steps=advance_steps,
)
STREAMLINE_OPTION = Option(
    id=STREAMLINE,
    kind="keep",
    law=law(STREAMLINE, gates=True),
    rules=gated(STREAMLINE_RULES),
    terms=streamline_terms,
    columns={**NOTE, "trial_months": "months"},
    needs=(*common.CAPITALIZED_NEEDS, "monthly_principal_and_interest", "usda_investor_limits_term"),
    additive=common.ADDITIVE,
    steps=streamline_steps,
)
