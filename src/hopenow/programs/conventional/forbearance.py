"""Forbearance plan: payments stop or shrink while a temporary hardship lasts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.facts.derived import month_end, month_index, month_start
from hopenow.law import Parameters
from hopenow.programs.base import Option, RuleTable, Step
from hopenow.programs.conventional import common
from hopenow.programs.conventional.common import law

c = pl.col
RULES = RuleTable()
LIMITS = pl.Enum(
    ["length of one term", "unpaid payments at the end", "length of all terms together", "end of the pool"]
)


def without_contact(p: Parameters) -> pl.Expr:
    """Disaster forbearance that needs no contact (FB-D)."""
    return (
        # Without contact the cause is often not known; one that is known must be the disaster.
        (c("hardship_kind") == "disaster").fill_null(True)
        & c("disaster_area_property")
        & common.current_at_disaster(p)
        & (c("months_delinquent") >= p["no_contact_least_months_delinquent"])
    )


RULES("FB-1")(common.unless(common.contact_made, without_contact))


@RULES("FB-2")
def temporary_and_unresolved(p: Parameters) -> pl.Expr:
    """The hardship is temporary and still there."""
    return (
        c("hardship_kind").is_in(
            [
                "unemployment",
                "reduced_income",
                "increased_housing_expense",
                "disaster",
                "disability_or_illness",
                "divorce_or_separation",
                "separation_of_unrelated_borrowers",
                "death",
                "distant_transfer",
                "other",
            ]
        )
        & (c("hardship_duration") == "temporary")
        & ~c("hardship_resolved")
    )


@RULES("FB-3")
def lives_there(p: Parameters) -> pl.Expr:
    """The home is the principal residence, or a disaster waives that."""
    waived = (c("hardship_kind") == "disaster") if p["disaster_waives_occupancy"] else pl.lit(False)
    return (c("occupancy") == "principal_residence") | waived


@RULES("FB-4")
def standing(p: Parameters) -> pl.Expr:
    """Neither condemned nor abandoned."""
    return ~c("condemned") & ~c("abandoned")


@RULES("FB-5")
def term_short_enough(p: Parameters) -> pl.Expr:
    """The term asked for is within the longest single term."""
    return c("requested_forbearance_months").fill_null(1) <= p["longest_term"]


@RULES("FB-6")
def series_short_enough(p: Parameters) -> pl.Expr:
    """There is room in the series of terms."""
    # With so few months used there is room whether a plan is running or not.
    return (c("forbearance__room_in_series") >= 1) | (c("forbearance_months_used") < p["longest_series"])


@RULES("FB-7")
def not_too_far_behind_at_end(p: Parameters) -> pl.Expr:
    """There is room before the delinquency limit."""
    return c("forbearance__room_in_delinquency") >= 1


@RULES("FB-8")
def ends_within_pool(p: Parameters) -> pl.Expr:
    """A term that ends by the pool's last scheduled payment date is possible."""
    return ~c("in_mbs_pool") | (c("forbearance__room_in_pool") >= 1)


def terms(frame: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Find the longest term that every limit allows."""
    used = (
        pl.when(c("active_forbearance"))
        .then("forbearance_months_used")
        .when(~c("active_forbearance"))
        .then(0)
    )
    going_on = month_index(c("forbearance_start_date")) + c("_used")
    longest = (
        pl.when(c("quality_right_party_contact") == False)  # noqa: E712  (three-valued: unknown contact is not refused)
        .then(min(p["no_contact_longest_term"], p["longest_term"]))
        .otherwise(p["longest_term"])
    )
    frame = frame.with_columns(used.cast(pl.Int32).alias("_used")).with_columns(
        pl.when(c("_used") > 0).then(going_on).when(c("_used") == 0).then(c("evaluation_month") + 1).alias("_start"),
        pl.min_horizontal(c("requested_forbearance_months"), longest).cast(pl.Int32).alias("_asked"),
        (p["longest_series"] - c("_used")).cast(pl.Int32).alias("_in_series"),
    )
    due_before_start = c("_start") - c("next_due_month")
    frame = frame.with_columns(
        (p["most_months_delinquent_at_end"] - due_before_start.clip(lower_bound=0))
        .cast(pl.Int32)
        .alias("_in_delinquency"),
        _room_in_pool().alias("_in_pool"),
    )
    in_pool = pl.when(c("in_mbs_pool")).then("_in_pool") if p["ends_within_pool"] else pl.lit(None, pl.Int32)
    frame = frame.with_columns(in_pool.alias("_pool_limit"))
    room = pl.min_horizontal("_asked", "_in_series", "_in_delinquency", "_pool_limit").clip(lower_bound=0)
    frame = frame.with_columns(
        pl.when(c("_in_series").is_not_null() & c("_in_delinquency").is_not_null())
        .then(room)
        .alias("_months")
    )
    months, start = c("_months"), c("_start")
    return frame.select(
        c("_in_series").alias("room_in_series"),
        c("_in_delinquency").alias("room_in_delinquency"),
        c("_in_pool").alias("room_in_pool"),
        months.alias("months"),
        pl.when(months >= 1).then(month_start(start - 1)).alias("start"),
        pl.when(months >= 1).then(month_end(start + months - 2)).alias("end"),
        (c("_used") + months).alias("months_in_all"),
        # A loan that is paid ahead has nothing unpaid at first.
        (due_before_start + months).clip(lower_bound=0).cast(pl.Int32).alias("months_delinquent_at_end"),
        pl.when(months.is_not_null()).then(_limit()).alias("limit"),
    )


def _room_in_pool() -> pl.Expr:
    """Return the whole months from the start of the term to the pool's last scheduled payment date."""
    last = c("last_scheduled_pool_payment_date")
    whole = month_index(last) - c("_start") + (last == last.dt.month_end()).cast(pl.Int32)
    return whole.clip(lower_bound=0).cast(pl.Int32)


def _limit() -> pl.Expr:
    """Name the limit that decides the term."""
    one_term, unpaid, all_terms, pool = (pl.lit(word, LIMITS) for word in LIMITS.categories)
    return (
        pl.when(c("_months") == c("_asked"))
        .then(one_term)
        .when((c("_pool_limit") <= c("_in_delinquency")) & (c("_pool_limit") <= c("_in_series")))
        .then(pool)
        .when(c("_in_delinquency") <= c("_in_series"))
        .then(unpaid)
        .otherwise(all_terms)
    )


def steps(row: Mapping[str, Any], p: Parameters) -> list[Step]:
    """Show which limit decides the term."""
    return [
        Step(
            "Room in the series",
            f"all terms together may last {p['longest_series']} months",
            row["forbearance__room_in_series"],
            "months",
            ("longest_series",),
        ),
        Step(
            "Room before the limit on unpaid payments",
            f"at most {p['most_months_delinquent_at_end']} payments may be unpaid at the end",
            row["forbearance__room_in_delinquency"],
            "months",
            ("most_months_delinquent_at_end",),
        ),
        Step(
            "Term offered",
            f"decided by the {row['forbearance__limit']}",
            row["forbearance__months"],
            "months",
            ("longest_term",),
        ),
        Step("Begins", "first day of the term", row["forbearance__start"], "date"),
        Step("Ends", "last day of the term", row["forbearance__end"], "date"),
    ]


OPTION = Option(
    id="forbearance",
    kind="keep",
    law=law("forbearance"),
    rules=RULES,
    terms=terms,
    columns={
        "room_in_series": "months",
        "room_in_delinquency": "months",
        "room_in_pool": "months",
        "months": "months",
        "start": "date",
        "end": "date",
        "months_in_all": "months",
        "months_delinquent_at_end": "months",
        "limit": "text",
    },
    needs=("next_due_date", "active_forbearance"),
    steps=steps,
)
