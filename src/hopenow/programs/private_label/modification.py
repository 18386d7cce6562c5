"""Modification under a profile: the allowed steps, in the profile's order, as far as its target asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.facts.derived import add_months, month_index
from hopenow.law import Parameters
from hopenow.mortgage import kernels
from hopenow.programs.base import Option, RuleTable, Step, StepsFunction, TermsFunction, TermType, column
from hopenow.programs.conventional import common
from hopenow.programs.private_label import kernel as pk
from hopenow.programs.private_label.lookup import (
    COMMON_COLUMNS,
    SEPARATOR,
    Lookup,
    law,
    shared_rules,
)
from hopenow.programs.private_label.profile import MODIFICATION_POWERS, STEPS, Profile

c = pl.col
NAME = "portfolio_modification"
WHOLE = pk.WHOLE
BOUNDS = ("", "payment target", "property value", "share of the balance")
STATES = (
    "",
    "the property value is needed",
    "income, taxes and insurance are needed for the payment target (or the profile states none)",
    "profile, balance, rate or maturity is missing, or the loan has matured and its term may not be extended",
)


def _of(name: str) -> pl.Expr:
    return c(column(NAME, name))


def _flag(value: object) -> int:
    return 1 if value else 0


def figures(profile: Profile) -> list[int]:
    """Return a profile's figures as a row for the kernel."""
    row = [0] * pk.LAW_WIDTH
    cut, forbear, forgive = profile.allow_rate_cut, profile.allow_forbearance, profile.allow_forgiveness
    if cut is not None and cut.allowed:
        row[pk.FLOOR], row[pk.CUT], row[pk.PART_CUT] = cut.floor or 0, cut.step or 0, _flag(cut.part_step)
    if forbear is not None and forbear.allowed:
        row[pk.FORBEAR_SHARE] = forbear.largest_share or 0
        row[pk.FORBEAR_FLOOR] = forbear.lowest_loan_to_value or 0
    if forgive is not None and forgive.allowed:
        row[pk.FORGIVE_SHARE] = forgive.largest_share or 0
        row[pk.FORGIVE_FLOOR] = forgive.lowest_loan_to_value or 0
    for place, power in enumerate(MODIFICATION_POWERS):
        row[pk.ALLOW_RATE_CUT + place] = _flag(profile.allows(power))
    for place, step in enumerate(profile.steps):
        row[pk.FIRST + place] = STEPS.index(step)
    return row


def _array(frame: pl.DataFrame, name: str) -> npt.NDArray[np.int64]:
    return np.ascontiguousarray(frame[name].cast(pl.Int64).fill_null(pk.UNKNOWN).to_numpy())


def _schedule(lookup: Lookup) -> list[pl.Expr]:
    """Return the dates: any trial payments that the profile asks for, then the modified ones."""
    trial = lookup.by_profile(lambda profile: profile.trial.months if profile.trial else 0, pl.Int32(), 0)
    start = add_months(c("evaluation_date"), pl.lit(1, pl.Int32))
    return [
        trial.alias("trial_months"),
        add_months(start, trial).alias("first_payment_date"),
        add_months(start, trial - 1).alias("rate_change_date"),
    ]


def _capitalized(frame: pl.DataFrame, lookup: Lookup) -> pl.DataFrame:
    """Add interest past due, what is added to the balance, and what may not be."""
    months = month_index(c("rate_change_date")) - month_index(c("last_paid_installment_date"))
    frame = frame.with_columns(months.alias("interest_months"))
    computed = pl.Series(
        "_interest",
        kernels.interest_array(
            _array(frame, "interest_bearing_balance"),
            _array(frame, "note_rate"),
            _array(frame, "interest_months"),
        ),
    )
    advances = (
        c("escrow_advances").fill_null(0)
        + c("servicing_advances").fill_null(0)
        - c("borrower_contribution").fill_null(0)
    )
    interest = pl.coalesce(c("accrued_interest"), c("_interest"))
    frame = frame.with_columns(computed.set(computed < 0, None)).with_columns(
        interest.alias("delinquent_interest"),
        (interest + advances).alias("arrearage"),
    )
    # Where nothing may be added, a contribution beyond the arrears still lowers the balance.
    arrearage, may_add = c("arrearage"), lookup.allows("allow_capitalization")
    less = pl.when(arrearage > 0).then(0).otherwise(arrearage)
    added = pl.when(may_add).then(arrearage).when(~may_add & arrearage.is_not_null()).then(less)
    return frame.with_columns(added.alias("capitalized")).with_columns(
        (c("arrearage") - c("capitalized")).alias("left_past_due"),
        (c("interest_bearing_balance") + c("capitalized")).alias("gross_balance"),
    )


def _target(lookup: Lookup) -> pl.Expr:
    """Return the largest principal and interest that meets the profile's target, rounded down to the cent."""
    percent = lookup.figure("target", "percent")
    by_ratio = lookup.flag(lambda profile: getattr(profile.target, "kind", "") == "housing_ratio")
    room = c("monthly_gross_income") * percent // WHOLE - c("monthly_escrow_for_ratio")
    room = pl.when(room.is_not_null()).then(pl.max_horizontal(room, pl.lit(0, pl.Int64)))
    reduced = c("monthly_principal_and_interest") * (WHOLE - percent) // WHOLE
    return pl.when(by_ratio).then(room).when(~by_ratio).then(reduced)


def _longest(lookup: Lookup) -> pl.Expr:
    """Return the longest term that the profile allows this loan, by months and by date."""
    latest = lookup.date(lambda profile: getattr(profile.allow_term_extension, "latest_maturity", None))
    by_date = month_index(latest) - month_index(c("first_payment_date")) + 1
    longest = pl.min_horizontal(lookup.figure("allow_term_extension", "longest_term"), by_date.cast(pl.Int64))
    return pl.when(longest.is_not_null()).then(pl.max_horizontal(longest, pl.lit(0, pl.Int64)))


def _starting_term(lookup: Lookup) -> pl.Expr:
    """Return the payments from the first modified one to the contract's maturity.

    Counting the unpaid ones again would push maturity out, which only a clause can allow. A loan that has
    matured has a term only where the profile lets it be extended.
    """
    left = month_index(c("maturity_date")) - month_index(c("first_payment_date")) + 1
    return pl.when(left > 0).then(left).when((left <= 0) & lookup.allows("allow_term_extension")).then(1)


def _refused_steps(frame: pl.DataFrame, masks: npt.NDArray[np.int64], lookup: Lookup) -> pl.Series:
    """Name the wanted steps that were refused; each profile and mask is put in words once."""
    profiles = list(lookup.profiles.values())
    keys = frame.select(
        c("_profile").cast(pl.Int64).alias("profile"),
        pl.Series("mask", masks),
        (c("left_past_due") > 0).fill_null(False).alias("left"),
    )
    distinct = keys.unique()

    def words(profile: int, mask: int, left: bool) -> str | None:
        if profile < 0 or mask < 0:
            return None
        own = profiles[profile]
        powers = ["allow_capitalization"] if left else []
        powers += [power for place, power in enumerate(MODIFICATION_POWERS) if mask >> place & 1]
        return SEPARATOR.join(filter(None, (own.refusal(power) for power in powers)))

    named = distinct.with_columns(
        pl.Series(
            "words",
            [words(*row) for row in distinct.select("profile", "mask", "left").iter_rows()],
            pl.String,
        )
    )
    return keys.join(named, on=["profile", "mask", "left"], how="left", maintain_order="left")["words"]


def terms_for(lookup: Lookup) -> TermsFunction:
    """Return the function that works the waterfall under the given profiles."""
    names = list(lookup.profiles)
    table = np.array([figures(profile) for profile in lookup.profiles.values()], dtype=np.int64)
    table = table.reshape(len(names), pk.LAW_WIDTH)
    place = {name: index for index, name in enumerate(names)}

    def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
        """Work the waterfall for every loan; null where the answer is not known."""
        frame = frame.with_columns(
            lookup.by_profile(lambda profile: place[profile.profile], pl.Int64(), pk.UNKNOWN)
            .fill_null(pk.UNKNOWN)
            .alias("_profile"),
            *_schedule(lookup),
        )
        frame = _capitalized(frame, lookup).with_columns(
            _target(lookup).alias("target_payment"),
            _longest(lookup).alias("longest_term"),
            _starting_term(lookup).cast(pl.Int32).alias("starting_term"),
        )
        result = pk.terms_array(
            _array(frame, "gross_balance"),
            _array(frame, "note_rate"),
            _array(frame, "starting_term"),
            _array(frame, "longest_term"),
            _array(frame, "property_value"),
            _array(frame, "target_payment"),
            _array(frame, "_profile"),
            table,
            kernels.FLOOR if p.word("balance_rounding") == "floor" else kernels.HALF_UP,
        )
        return _named(frame, result, lookup)

    return terms


def _named(frame: pl.DataFrame, result: npt.NDArray[np.int64], lookup: Lookup) -> pl.DataFrame:
    """Name the figures of the kernel and add what follows from them."""
    state = pl.Series("state", result[:, pk.STATE])
    determined = state == pk.DETERMINED

    def figure(place: int, name: str, dtype: pl.DataType | None = None) -> pl.Series:
        values = pl.Series(name, np.ascontiguousarray(result[:, place]))
        return values.set(~determined | (values < 0), None).cast(dtype or pl.Int64())

    def bound(place: int, name: str) -> pl.Series:
        words = np.array(BOUNDS)[result[:, place]]
        return pl.Series(name, words, dtype=pl.Enum(BOUNDS)).set(~determined, None)

    masks = np.ascontiguousarray(result[:, pk.REFUSED])
    count = pl.Int32()
    wide = frame.with_columns(
        figure(pk.START, "payment_after_capitalization"),
        figure(pk.RATE, "rate"),
        figure(pk.CUTS, "rate_steps", count),
        figure(pk.AFTER_RATE_CUT, "payment_after_rate_cut"),
        figure(pk.TERM, "term", count),
        figure(pk.AFTER_TERM_EXTENSION, "payment_after_term_extension"),
        figure(pk.FORBORNE, "forborne"),
        bound(pk.FORBORNE_BOUND, "forborne_limit"),
        figure(pk.AFTER_FORBEARANCE, "payment_after_forbearance"),
        figure(pk.FORGIVEN, "forgiven"),
        bound(pk.FORGIVEN_BOUND, "forgiven_limit"),
        figure(pk.AFTER_FORGIVENESS, "payment_after_forgiveness"),
        figure(pk.PAYMENT, "principal_and_interest"),
        figure(pk.MET, "target_met").cast(pl.Boolean),
        _refused_steps(frame, np.where(determined.to_numpy(), masks, pk.UNKNOWN), lookup).alias(
            "step_refused"
        ),
        state.cast(count),
    )
    old, new, known = (
        c("monthly_principal_and_interest"),
        c("principal_and_interest"),
        c("principal_and_interest").is_not_null(),
    )
    offer_lower = lookup.flag(lambda profile: getattr(profile.target, "if_missed", "") == "offer_if_lower")
    ratio_after = (new + c("monthly_escrow_for_ratio")) * WHOLE
    wide = wide.with_columns(
        (old > c("target_payment")).alias("above_target"),
        (c("target_met") | (offer_lower & (new < old))).alias("offerable"),
        (old - new).alias("payment_change"),
        pl.when(old > 0).then((2 * (old - new) * WHOLE + old) // (2 * old)).alias("payment_reduction"),
        pl.when(c("monthly_gross_income") > 0)
        .then((2 * ratio_after + c("monthly_gross_income")) // (2 * c("monthly_gross_income")))
        .alias("housing_ratio"),
        (c("gross_balance") * WHOLE // c("property_value")).alias("loan_to_value"),
        (c("gross_balance") - c("forborne") - c("forgiven")).alias("_interest_bearing"),
        pl.when(known).then(c("deferred_balance").fill_null(0) + c("forborne")).alias("_deferred"),
        add_months(c("first_payment_date"), c("term") - 1).alias("_maturity"),
    )
    return wide.select(
        "interest_months",
        "delinquent_interest",
        "arrearage",
        "capitalized",
        "left_past_due",
        "gross_balance",
        "loan_to_value",
        c("note_rate").alias("starting_rate"),
        "starting_term",
        "target_payment",
        "payment_after_capitalization",
        "rate",
        "rate_steps",
        "payment_after_rate_cut",
        c("longest_term").cast(count),
        "term",
        "payment_after_term_extension",
        "forborne",
        "forborne_limit",
        "payment_after_forbearance",
        "forgiven",
        "forgiven_limit",
        "payment_after_forgiveness",
        "principal_and_interest",
        "payment_change",
        "payment_reduction",
        "housing_ratio",
        "above_target",
        "target_met",
        "offerable",
        "state",
        "step_refused",
        c("_interest_bearing").alias("interest_bearing_balance"),
        c("_deferred").alias("deferred_balance"),
        (new + c("monthly_escrow")).alias("payment_after"),
        "trial_months",
        "rate_change_date",
        "first_payment_date",
        c("first_payment_date").alias("effective_date"),
        c("_maturity").alias("maturity_date"),
        *lookup.common_columns("modification"),
    )


COLUMNS: dict[str, TermType] = {
    "interest_months": "months",
    "delinquent_interest": "money",
    "arrearage": "money",
    "capitalized": "money",
    "left_past_due": "money",
    "gross_balance": "money",
    "loan_to_value": "ratio",
    "starting_rate": "rate",
    "starting_term": "months",
    "target_payment": "money",
    "payment_after_capitalization": "money",
    "rate": "rate",
    "rate_steps": "count",
    "payment_after_rate_cut": "money",
    "longest_term": "months",
    "term": "months",
    "payment_after_term_extension": "money",
    "forborne": "money",
    "forborne_limit": "text",
    "payment_after_forbearance": "money",
    "forgiven": "money",
    "forgiven_limit": "text",
    "payment_after_forgiveness": "money",
    "principal_and_interest": "money",
    "payment_change": "money",
    "payment_reduction": "ratio",
    "housing_ratio": "ratio",
    "above_target": "flag",
    "target_met": "flag",
    "offerable": "flag",
    "state": "count",
    "step_refused": "text",
    "interest_bearing_balance": "money",
    "deferred_balance": "money",
    "payment_after": "money",
    "trial_months": "months",
    "rate_change_date": "date",
    "first_payment_date": "date",
    "effective_date": "date",
    "maturity_date": "date",
    **COMMON_COLUMNS,
}


def _rules(lookup: Lookup) -> RuleTable:
    table = shared_rules(lookup, "modification")
    some_step = lookup.flag(lambda profile: any(profile.allows(power) for power in MODIFICATION_POWERS))

    @table("PL-M-1")
    def some_step_allowed(p: Parameters) -> pl.Expr:
        """The profile allows at least one step."""
        return some_step

    @table("PL-M-2")
    def first_lien(p: Parameters) -> pl.Expr:
        """The loan is a first lien."""
        return c("lien_position") == 1

    @table("PL-M-3")
    def above_target(p: Parameters) -> pl.Expr:
        """The present payment is above the target (where no step is allowed, PL-M-1 says so)."""
        return ~some_step | _of("above_target")

    @table("PL-M-4")
    def target_reached(p: Parameters) -> pl.Expr:
        """The allowed steps reach the target, or come close enough for the profile."""
        return ~some_step | _of("offerable")

    @table("PL-M-5")
    def nothing_left(p: Parameters) -> pl.Expr:
        """Nothing stays past due."""
        return _of("left_past_due") == 0

    @table("PL-M-6")
    def rate_may_be_fixed(p: Parameters) -> pl.Expr:
        """The rate is final, or the profile lets the servicer change it."""
        return c("rate_is_final") | lookup.allows("allow_rate_cut")

    @table("PL-M-7")
    def enough_time_since(p: Parameters) -> pl.Expr:
        """Enough months have passed since the latest modification."""
        stated = lookup.flag(lambda profile: profile.months_between_modifications is not None)
        months = lookup.figure("months_between_modifications", "months")
        return ~stated | (common.months_before("last_modification_date") >= months)

    @table("PL-M-8")
    def few_enough(p: Parameters) -> pl.Expr:
        """The loan has not been modified as often as the profile allows."""
        stated = lookup.flag(lambda profile: profile.most_modifications is not None)
        return ~stated | (c("prior_modifications") < lookup.figure("most_modifications", "count"))

    table("PL-M-9")(common.texas_lawful)
    return table


def _steps_for(lookup: Lookup) -> StepsFunction:
    def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
        """Show the waterfall, step by step, in the profile's own order."""

        def of(name: str) -> Any:
            return row[column(NAME, name)]

        found = lookup.clause_steps(row, "modification")
        profile = lookup.profile_of(row)
        if profile is None or of("gross_balance") is None:
            return found
        found += [
            Step(
                "Interest past due", "at the contract rate, rounded once", of("delinquent_interest"), "money"
            ),
            Step(
                "Added to the balance",
                "interest and advances, less contributions; late charges never",
                of("capitalized"),
                "money",
            ),
            Step(
                "Balance after capitalization",
                "interest-bearing balance plus what is added",
                of("gross_balance"),
                "money",
            ),
        ]
        if of("principal_and_interest") is None:
            return [*found, Step("Not determined", STATES[of("state") or 0])]
        found += [
            Step(
                "Payment target",
                "largest principal and interest that meets it",
                of("target_payment"),
                "money",
            ),
            Step(
                "Payment before any step",
                "at the contract rate and term",
                of("payment_after_capitalization"),
                "money",
            ),
        ]
        for step in profile.steps:
            found += _shown(step, of)
        if of("step_refused"):
            found.append(Step("Refused", of("step_refused")))
        found += [
            Step("New principal and interest", "each month", of("principal_and_interest"), "money"),
            Step("Housing expense to income", "afterwards", of("housing_ratio"), "ratio"),
            Step("First modified payment", "after any trial", of("first_payment_date"), "date"),
            Step("New maturity", "last modified payment", of("maturity_date"), "date"),
        ]
        return found

    return steps


def _shown(step: str, of: Any) -> list[Step]:
    """Return the trace of one step, nothing where it was not taken."""
    payment = of(f"payment_after_{step}")
    if payment is None:
        return []
    after = Step("Payment then", "principal and interest", payment, "money")
    if step == "rate_cut":
        return [Step("Rate", f"{of('rate_steps')} cuts", of("rate"), "rate"), after]
    if step == "term_extension":
        return [Step("Term", f"from {of('starting_term')} to {of('term')}", of("term"), "months"), after]
    if step == "forbearance":
        text = f"bears no interest, due when the loan ends; limited by the {of('forborne_limit')}"
        return [Step("Principal set aside", text, of("forborne"), "money", ("balance_rounding",)), after]
    text = f"no longer owed; limited by the {of('forgiven_limit')}"
    return [Step("Principal forgiven", text, of("forgiven"), "money", ("balance_rounding",)), after]


def option(lookup: Lookup) -> Option:
    """Return the modification under the given profiles."""
    return Option(
        id=NAME,
        kind="keep",
        law=law(NAME),
        rules=_rules(lookup),
        terms=terms_for(lookup),
        columns=COLUMNS,
        needs=(
            "investor_profile",
            "interest_bearing_balance",
            "note_rate",
            "monthly_principal_and_interest",
            "maturity_date",
            "next_due_date",
            "monthly_gross_income",
            "monthly_taxes",
            "monthly_insurance",
            "property_value",
        ),
        additive=("escrow_advances", "servicing_advances", "deferred_balance"),
        steps=_steps_for(lookup),
    )
