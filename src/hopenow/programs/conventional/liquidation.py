"""Leaving the home gracefully: short sale and Mortgage Release (deed-in-lieu)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from hopenow.facts import NEVER
from hopenow.facts.derived import months_since
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step, TermType, column
from hopenow.programs.conventional import common
from hopenow.programs.conventional.common import law

c = pl.col
SALE_RULES = RuleTable()
RELEASE_RULES = RuleTable()
WHOLE = 1_000_000
YEAR = 12 * WHOLE  # a yearly rate in millionths over this is the monthly rate
BOTH = (("short_sale", SALE_RULES), ("mortgage_release", RELEASE_RULES))


# --- rules ----------------------------------------------------------------------------------------


def package_when_early(p: Parameters) -> pl.Expr:
    """The package is complete early in the delinquency."""
    return (
        (c("days_delinquent") >= p["package_below_days"])
        | common.package_complete(p)
        | c("chapter_7_discharged")
    )


def imminent_when_very_early(p: Parameters) -> pl.Expr:
    """Imminent default from a listed cause where the loan is hardly delinquent."""
    papers = common.package_complete(p) & (c("documents_age_days") <= p["documents_at_most_days"])
    # A distant move waives the tests of home and reserves (ID-2), not the papers.
    moved = (
        (c("hardship_kind") == "distant_transfer")
        & (
            (c("transfer_distance_miles") > p["transfer_more_than_miles"])
            | c("permanent_change_of_station")
        )
        & papers
        & c("hardship_documented")
    )
    listed = c("hardship_kind").is_in(["death", "divorce_or_separation", "disability_or_illness"]) & c(
        "imminent_default__met"
    )
    return (c("days_delinquent") >= p["imminent_below_days"]) | listed | moved


def package_or_exception(p: Parameters) -> pl.Expr:
    """The package is complete in the middle of the delinquency, or an exception waives it."""
    middle = (c("days_delinquent") >= p["package_below_days"]) & (
        c("months_delinquent") <= p["package_through_months"]
    )
    failed = common.months_before("last_failed_trial_date") < p["failed_trial_months"]
    after = months_since(c("last_flex_modification_date"), c("flex_modification_redefault_date"))
    redefaulted = (
        (c("flex_modification_redefault_date") != NEVER) & (after >= 0) & (after < p["redefault_months"])
    )
    score = c("credit_score")
    low = score <= p["score_limit"] if p["score_limit_included"] else score < p["score_limit"]
    weak = low & (c("occupancy") != "investment")
    exception = failed | redefaulted | (c("prior_modifications") >= p["modifications_at_least"]) | weak
    return ~middle | common.package_complete(p) | exception | c("chapter_7_discharged")


def no_new_mortgage(p: Parameters) -> pl.Expr:
    """No unexplained new mortgage."""
    return ~c("new_mortgage_within_6_months") | c("mitigating_relocation_order")


def small_second_liens(p: Parameters) -> pl.Expr:
    """Second liens take little and release the borrower."""
    none = c("subordinate_lien_payoff") == 0
    return none | (
        (c("subordinate_lien_payoff") <= p["subordinate_liens_at_most"]) & c("subordinate_liens_release")
    )


def reserves_within_delegation(p: Parameters) -> pl.Expr:
    """Reserves are small enough for the servicer to approve."""
    return c("liquid_reserves") <= p["reserves_delegated_at_most"]


def _contribution(option: str) -> Callable[[Parameters], pl.Expr]:
    def enough_contribution(p: Parameters) -> pl.Expr:
        """The contribution offered reaches the hard minimum, where there is one."""
        minimum = c(column(option, "contribution_minimum"))
        return (minimum == 0) | (c("contribution_offered") >= minimum)

    return enough_contribution


def ready_to_leave(p: Parameters) -> pl.Expr:
    """The borrower does not want to keep the home."""
    return ~c("wants_to_keep_home")


for _name, _table in BOTH:
    _table("SS-1")(package_when_early)
    _table("SS-1-ID")(imminent_when_very_early)
    _table("SS-2")(package_or_exception)
    _table("SS-5")(no_new_mortgage)
    _table("SS-7")(small_second_liens)
    _table("SS-8")(reserves_within_delegation)
    _table("SC-6")(_contribution(_name))
    _table("MI-1")(common.insurer_agrees)
SALE_RULES("SS-10")(ready_to_leave)
RELEASE_RULES("MR-10")(ready_to_leave)


@SALE_RULES("SS-4")
def listed(p: Parameters) -> pl.Expr:
    """Listed long enough by a licensed agent."""
    return (c("listing_days") >= p["listing_days"]) & c("listing_includes_weekend") & c("licensed_agent")


@SALE_RULES("SS-6")
def at_arms_length(p: Parameters) -> pl.Expr:
    """At arm's length."""
    return c("arms_length")


@SALE_RULES("SS-9")
def proceeds_reach_minimum(p: Parameters) -> pl.Expr:
    """Net proceeds reach the investor's minimum."""
    return c("short_sale__net_proceeds") >= c("minimum_net_proceeds")


@RELEASE_RULES("MR-2")
def clean_property(p: Parameters) -> pl.Expr:
    """Title and property are in order."""
    return c("title_marketable") & ~c("environmental_hazard") & c("condition_acceptable")


@RELEASE_RULES("MR-3")
def no_litigation(p: Parameters) -> pl.Expr:
    """No lawsuit about the property."""
    return ~c("in_litigation")


@RELEASE_RULES("MR-5")
def three_months_at_home(p: Parameters) -> pl.Expr:
    """Three months rent-free are for a principal residence."""
    return (c("transition") != "three_months") | (c("occupancy") == "principal_residence")


@RELEASE_RULES("MR-6")
def lease_possible(p: Parameters) -> pl.Expr:
    """The conditions of a lease."""
    home = (c("occupancy") == "principal_residence") | (
        (c("occupancy") == "investment") & c("tenant_principal_residence")
    )
    return (c("transition") != "lease") | (
        home
        & c("income_verified")
        & (c("payments_since_note_or_modification") >= p["lease_payments_at_least"])
        & (c("months_delinquent") < p["lease_months_delinquent_below"])
        & (c("bankruptcy") == "none")
    )


# --- terms ----------------------------------------------------------------------------------------


def _contribution_asked(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Add whether a contribution is asked for, how much, and the hard minimum (cents).

    Args:
        frame: facts with ``deficiency``: what would remain unpaid, cents; null where it is not known (then it does not
            limit the request).
        p: parameters.
    """
    reserves, income, deficiency = c("liquid_reserves"), c("monthly_gross_income"), c("deficiency")
    from_reserves = (2 * reserves * p["contribution_share"] + WHOLE) // (2 * WHOLE)
    asked = (reserves > p["contribution_reserves_above"]) | (
        c("housing_expense") * WHOLE <= p["contribution_ratio_at_most"] * income
    )
    excused = (
        c("contribution_unlawful").fill_null(False)
        | (c("borrower_response_package_complete") == False)  # noqa: E712  (three-valued: unknown is not excused)
        | c("permanent_change_of_station")
    )
    frame = frame.with_columns(
        from_reserves.alias("_from_reserves"),
        (c("housing_expense") * p["contribution_payments"]).alias("_payments"),
        (asked & ~excused).alias("contribution_required"),
    )
    from_reserves, payments, required = c("_from_reserves"), c("_payments"), c("contribution_required")

    def within_debt(amount: pl.Expr) -> pl.Expr:
        """Nobody is asked for more than is left unpaid; a missing amount stays missing."""
        return pl.when(amount > deficiency).then(deficiency).otherwise(amount)

    larger = pl.when(from_reserves < payments).then(payments).when(from_reserves >= payments).then(from_reserves)
    reached = (from_reserves >= deficiency) | (payments >= deficiency)
    bare = pl.when(reached).then(deficiency).otherwise(larger)
    nearest, least = p["contribution_rounding"], p["contribution_waived_below"]
    # Whether it is waived is seen before rounding: rounding must not lift a small request over the line.
    waived = ((from_reserves < least) & (payments < least)) | (deficiency < least).fill_null(False)
    rounded = (2 * bare + nearest) // (2 * nearest) * nearest
    frame = frame.with_columns(rounded.alias("_rounded"), waived.alias("_waived"))
    rounded, waived = within_debt(c("_rounded")), c("_waived")
    request = pl.when(waived).then(0).when(~waived).then(rounded)
    hard = (
        pl.lit(True)
        if p["contribution_hard_minimum"]
        else c("days_delinquent") < p["contribution_hard_below_days"]
    )
    demanded = required & hard & ~waived
    minimum = pl.when(demanded).then(within_debt(from_reserves)).when(~demanded).then(0)
    return frame.with_columns(
        pl.when(required).then(request).when(~required | waived).then(0).alias("contribution_request"),
        minimum.cast(pl.Int64).alias("contribution_minimum"),
    )


def _leaving(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Add what leaving asks of the borrower and brings to borrower and servicer; see :func:`_contribution_asked`."""
    home = c("occupancy") == "principal_residence"
    entitled = home & ~c("contribution_required") & ~c("dislocation_allowance").fill_null(False)
    paid = pl.max_horizontal(
        pl.lit(p["relocation"], pl.Int64) - c("other_relocation_aid").fill_null(0), pl.lit(0, pl.Int64)
    )
    days = c("days_delinquent")
    incentive = (
        pl.when(days <= p["incentive_early_days"])
        .then(p["incentive_early"])
        .when(days <= p["incentive_middle_days"])
        .then(p["incentive_middle"])
        .when(days.is_not_null())
        .then(p["incentive_late"])
    )
    return _contribution_asked(frame, p).with_columns(
        pl.when(entitled)
        .then(paid)
        .when(~entitled | (paid == 0))
        .then(0)
        .cast(pl.Int64)
        .alias("relocation_assistance"),
        incentive.cast(pl.Int64).alias("servicer_incentive"),
    )


def _owed() -> pl.Expr:
    interest = pl.coalesce(
        c("accrued_interest"),
        (2 * c("interest_bearing_balance") * c("note_rate") * c("months_delinquent") + YEAR) // (2 * YEAR),
    )
    return (
        c("interest_bearing_balance")
        + c("deferred_balance").fill_null(0)
        + interest
        + c("escrow_advances").fill_null(0)
        + c("servicing_advances").fill_null(0)
    )


def sale_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work out net proceeds, deficiency, contribution and relocation assistance."""
    costs = c("sale_commission") + c("sale_costs").fill_null(0) + c("subordinate_lien_payoff").fill_null(0)
    net = c("sale_price") + c("paid_in_advance_adjustment").fill_null(0) - costs
    frame = frame.with_columns(_owed().alias("amount_owed"), costs.alias("sale_costs"), net.alias("net_proceeds"))
    deficiency = (c("amount_owed") - c("net_proceeds")).clip(lower_bound=0)
    return _leaving(frame.with_columns(deficiency.alias("deficiency")), p)


def release_terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Work out what is owed, contribution and relocation assistance."""
    frame = frame.with_columns(_owed().alias("amount_owed"))
    deficiency = (c("amount_owed") - c("valuation__value")).clip(lower_bound=0)
    return _leaving(frame.with_columns(deficiency.alias("deficiency")), p)


LEAVING: dict[str, TermType] = {
    "deficiency": "money",
    "contribution_required": "flag",
    "contribution_request": "money",
    "contribution_minimum": "money",
    "relocation_assistance": "money",
    "servicer_incentive": "money",
}


def _steps(option: str) -> Callable[[Mapping[str, Any], Parameters], list[Step]]:
    def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
        """Show what leaving the home would mean."""

        def of(name: str) -> Any:
            return row[column(option, name)]

        found = [Step("Owed", "balance, interest and advances", of("amount_owed"), "money")]
        if option == "short_sale":
            found.append(
                Step(
                    "Net proceeds",
                    "price and items paid in advance, less commission, costs and second liens",
                    of("net_proceeds"),
                    "money",
                )
            )
        found += [
            Step("Left unpaid", "waived when the option is completed", of("deficiency"), "money"),
            Step(
                "Contribution asked for",
                "negotiable; zero where none is required",
                of("contribution_request"),
                "money",
                (
                    "contribution_share",
                    "contribution_payments",
                    "contribution_rounding",
                    "contribution_waived_below",
                ),
            ),
            Step(
                "Help with moving",
                "paid to the borrower",
                of("relocation_assistance"),
                "money",
                ("relocation",),
            ),
        ]
        return found

    return steps


SHORT_SALE = Option(
    id="short_sale",
    kind="leave",
    law=law("short_sale"),
    rules=SALE_RULES,
    terms=sale_terms,
    columns={"amount_owed": "money", "sale_costs": "money", "net_proceeds": "money", **LEAVING},
    needs=("interest_bearing_balance", "note_rate", "months_delinquent", "sale_price", "sale_commission"),
    additive=("escrow_advances", "servicing_advances", "deferred_balance"),
    steps=_steps("short_sale"),
)
MORTGAGE_RELEASE = Option(
    id="mortgage_release",
    kind="leave",
    law=law("mortgage_release"),
    rules=RELEASE_RULES,
    terms=release_terms,
    columns={"amount_owed": "money", **LEAVING},
    needs=("interest_bearing_balance", "note_rate", "months_delinquent"),
    additive=("escrow_advances", "servicing_advances", "deferred_balance"),
    steps=_steps("mortgage_release"),
)
