"""Durable help: who was helped, whether it lasted, and how sure that is.

Four tests for every homeowner helped, at each horizon after the first help:

1. *Long-term help*: a modification, payment deferral or partial claim by then. A trial, a forbearance or a repayment
   plan is activity, never help done.
2. *Out of danger*: current (MBA) at the horizon, and never 60 or more days late in a month after the long-term help. A
   loan paid in full without that passes. That it was *because of* the help, one history cannot tell; `comparison` says
   what the data allow.
3. *Still in the home*: the loan was not ended by a foreclosure, short sale or deed in lieu. Paid in full (a sale or a
   refinance, which files do not tell apart), sold, removed or no longer reported: unknown.
4. *Able to get a mortgage again*, by evidence short of an application: no payment 60 or more days late in the last
   twelve months, a credit score of at least the usual minimum, and no foreclosure, short sale or deed in lieu within
   the waiting time. One failed part is a no, all known and passed a yes, else unknown.

*First three* are the first three together, for files without credit scores. *Durable* is all four: yes only if each
is, no if one is not, else unknown. Homeowners whose first help is too recent for a horizon do not count at it;
everyone else does, and the share unknown is always given.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import polars as pl

from hopenow.oversight import survival
from hopenow.oversight.histories import HELP, LONG_TERM, Histories, kernel, serious_from
from hopenow.oversight.metrics.compute import GAVE_UP, LOST, STATES, state, wilson
from hopenow.oversight.metrics.registry import confidence, numbers, parameters

__all__ = [
    "ANSWER",
    "CAUSES",
    "DIMENSIONS",
    "HOMEOWNER",
    "TESTS",
    "Outcomes",
    "durable",
    "events",
    "grouped",
    "homeowners",
    "horizons",
    "outcome_states",
    "redefault_curves",
    "redefault_times",
    "tested",
]

TESTS: Final = ("long_term_help", "out_of_danger", "still_home", "first_three", "mortgage_again", "durable")
ANSWER: Final = pl.Enum(["yes", "no", "unknown", "too_recent"])
CAUSES: Final = ("redefault", "home_lost", "paid_off")
"""What ends the time without a new default: 60 or more days late; the home lost or given up without that being seen;
the loan paid in full."""
DIMENSIONS: Final[Mapping[str, str]] = {
    "option": "kind of help",
    "payment": "change of the payment",
    "cohort": "year of the help",
    "servicer": "servicer",
    "state": "state",
    "lateness": "months late before the help",
}
"""Ways to group help, with their names in words."""
HOMEOWNER: Final = ("long_month", "long_kind", "long_first_60", "long_maybe_60")


def horizons() -> tuple[int, ...]:
    """Return the months after help at which it is judged."""
    return numbers("horizons")


def grid() -> tuple[int, ...]:
    """Return every month after help that some figure looks at."""
    from hopenow.oversight.metrics.registry import metrics

    months = {month for metric in metrics().values() for month in metric.compute.months}
    return tuple(sorted(months | set(horizons())))


# --- groups ---------------------------------------------------------------------------------------


def grouped(entries: pl.DataFrame) -> pl.DataFrame:
    """Add the columns of `DIMENSIONS` (text; unknown where not known) to help events."""
    return entries.with_columns(
        option=pl.col("kind").cast(pl.String),
        payment=payment_band(),
        cohort=(pl.col("month") // 12).cast(pl.String),
        lateness=_band(pl.col("late_before"), numbers("late_bands_from"), "months late"),
    ).with_columns(pl.col("servicer").fill_null("unknown"), pl.col("state").fill_null("unknown"))


def payment_band() -> pl.Expr:
    """Return the band of a modification's payment change; other help does not change the payment for good."""
    before, after = pl.col("payment_before"), pl.col("payment_after")
    within = parameters()["payment_unchanged_within"]
    cut = 1_000_000 * (before - after)
    chain = (
        pl.when(pl.col("kind") != "modification")
        .then(pl.lit("no modification"))
        .when(before.is_null() | after.is_null() | (before <= 0))
        .then(pl.lit("unknown"))
        .when(cut < -within * before)
        .then(pl.lit("raised"))
        .when(cut <= within * before)
        .then(pl.lit("unchanged"))
    )
    for low, high in itertools.pairwise(numbers("payment_bands")):
        words = f"cut by {low}% to under {high}%" if low else f"cut by under {high}%"
        chain = chain.when(cut < high * 10_000 * before).then(pl.lit(words))
    return chain.otherwise(pl.lit(f"cut by {numbers('payment_bands')[-1]}% or more"))


def _band(value: pl.Expr, limits: Sequence[int], unit: str) -> pl.Expr:
    """Return the band of a whole number; ``limits`` are the first numbers of the bands after the lowest."""
    chain = (
        pl.when(value.is_null())
        .then(pl.lit("unknown"))
        .when(value < limits[0])
        .then(pl.lit(_named(None, limits[0], unit)))
    )
    for low, high in zip(limits, [*limits[1:], None], strict=True):
        if high is None:
            return chain.otherwise(pl.lit(_named(low, None, unit)))
        chain = chain.when(value < high).then(pl.lit(_named(low, high, unit)))
    raise AssertionError


def _named(low: int | None, high: int | None, unit: str) -> str:
    if low is None and high is not None:
        return f"{'0' if high == 1 else f'under {high}'} {unit}".strip()
    if high is None:
        return f"{low} {unit} or more".replace("  ", " ").strip()
    return f"{low} {unit}".strip() if high == (low or 0) + 1 else f"{low} to {high - 1} {unit}".strip()


# --- homeowners and the four tests ----------------------------------------------------------------


def homeowners(histories: Histories) -> pl.DataFrame:
    """Return one row for each homeowner helped: the first help of any kind, and the first long-term help.

    Adds to the columns of the first help ``long_month`` (calendar month of the first long-term help), ``long_kind``,
    ``long_first_60``, ``long_maybe_60`` (months after the *first* help of the first 60-day lateness after the long-term
    help, and of the first unknown month that may have been one).
    """
    helps = histories.helps.sort("month", "number")
    first = helps.unique("loan_id", keep="first", maintain_order=True)
    long = (
        helps.filter(pl.col("kind").is_in(list(LONG_TERM)))
        .unique("loan_id", keep="first", maintain_order=True)
        .select(
            "loan_id",
            pl.col("month").alias("long_month"),
            pl.col("kind").alias("long_kind"),
            pl.col("first_60").alias("long_first_60"),
            pl.col("maybe_60").alias("long_maybe_60"),
        )
    )
    both = first.join(long, on="loan_id", how="left", maintain_order="left")
    lag = pl.col("long_month") - pl.col("month")
    return both.with_columns(long_first_60=pl.col("long_first_60") + lag, long_maybe_60=pl.col("long_maybe_60") + lag)


def _ended(months: int, fates: Iterable[str]) -> pl.Expr:
    return pl.col(f"late_{months}").is_in([kernel.G_ENDED - kernel.FATES.index(fate) for fate in fates])


def tested(people: pl.DataFrame, months: int, last_month: int) -> pl.DataFrame:
    """Answer the four tests, and all together, for each homeowner of `homeowners` at a horizon.

    Returns:
        ``people`` with a column for each of `TESTS` (`ANSWER`) and ``state`` (one of `metrics.STATES`).
    """
    late = pl.col(f"late_{months}")
    recent = pl.col("month") + months > last_month
    by_then = (pl.col("long_month") - pl.col("month") <= months).fill_null(False)
    gone = _ended(months, ("left",)) | (late == kernel.G_UNSEEN)
    lost = _ended(months, (*GAVE_UP, *LOST))
    paid = _ended(months, ("paid_off",))
    long = pl.when(by_then).then(pl.lit("yes")).when(gone).then(pl.lit("unknown")).otherwise(pl.lit("no"))
    relapsed = (pl.col("long_first_60") <= months).fill_null(False)
    doubt = (pl.col("long_maybe_60") <= months).fill_null(False)
    danger = (
        pl.when(long == "no")
        .then(pl.lit("no"))
        .when(by_then & (relapsed | lost))
        .then(pl.lit("no"))
        .when(long == "unknown")
        .then(pl.lit("unknown"))
        .when(gone | (late == kernel.G_UNKNOWN))
        .then(pl.lit("unknown"))
        .when(late >= 1)
        .then(pl.lit("no"))
        .when(doubt)
        .then(pl.lit("unknown"))
        .otherwise(pl.lit("yes"))
    )
    home = pl.when(lost).then(pl.lit("no")).when(paid | gone).then(pl.lit("unknown")).otherwise(pl.lit("yes"))
    again = _again(months, lost, paid, gone)
    answers = {"long_term_help": long, "out_of_danger": danger, "still_home": home, "mortgage_again": again}
    marked = people.with_columns(
        pl.when(recent).then(pl.lit("too_recent")).otherwise(answer).alias(name) for name, answer in answers.items()
    )
    three = [name for name in answers if name != "mortgage_again"]
    marked = marked.with_columns(
        first_three=_together(three, recent),
        durable=_together(list(answers), recent),
        state=state(months, last_month),
    )
    return marked.with_columns(pl.col(name).cast(ANSWER) for name in TESTS)


def _together(tests: Sequence[str], recent: pl.Expr) -> pl.Expr:
    """Yes if every test is, no if one is not, else unknown."""
    return (
        pl.when(recent)
        .then(pl.lit("too_recent"))
        .when(pl.any_horizontal(pl.col(name) == "no" for name in tests))
        .then(pl.lit("no"))
        .when(pl.all_horizontal(pl.col(name) == "yes" for name in tests))
        .then(pl.lit("yes"))
        .otherwise(pl.lit("unknown"))
    )


def _again(months: int, lost: pl.Expr, paid: pl.Expr, gone: pl.Expr) -> pl.Expr:
    """Test 4: the evidence that a lender would see."""
    law = parameters()
    since = months - pl.col("fate_after")
    waiting = (
        (pl.col("fate").is_in(list(LOST)) & (since < law["wait_after_foreclosure"]))
        | (pl.col("fate").is_in(list(GAVE_UP)) & (since < law["wait_after_short_sale"]))
    ).fill_null(False)
    worst, score = pl.col(f"worst_{months}"), pl.col(f"score_{months}")
    # The look-back of the histories is the same twelve months that the guide asks about.
    return (
        pl.when(lost & waiting)
        .then(pl.lit("no"))
        .when(lost | paid | gone)
        .then(pl.lit("unknown"))
        .when(worst >= serious_from())
        .then(pl.lit("no"))
        .when(score < law["mortgage_again_score"])
        .then(pl.lit("no"))
        .when((worst >= 0) & (score >= law["mortgage_again_score"]))
        .then(pl.lit("yes"))
        .otherwise(pl.lit("unknown"))
    )


def durable(people: pl.DataFrame, last_month: int, by: Sequence[str] = ()) -> pl.DataFrame:
    """Count the answers to each test at each horizon.

    Returns:
        Columns ``by``, ``months``, ``test``, ``people`` (old enough for the horizon), ``yes``, ``no``, ``unknown``,
        ``share`` (of yes among all), ``low`` and ``high`` (its interval), ``at_least`` and ``at_most`` (if none, or
        all, of the unknown were a yes).
    """
    made = []
    for months in horizons():
        marked = tested(people, months, last_month)
        for test in TESTS:
            counts = [
                (pl.col(test) != "too_recent").sum().cast(pl.Int64).alias("people"),
                *((pl.col(test) == answer).sum().cast(pl.Int64).alias(answer) for answer in ("yes", "no", "unknown")),
            ]
            rows = marked.group_by(by, maintain_order=True).agg(counts) if by else marked.select(counts)
            made.append(rows.with_columns(months=pl.lit(months, pl.Int32), test=pl.lit(test)))
    frame = pl.concat(made)
    some = pl.when(pl.col("people") > 0)
    low, high = wilson(pl.col("yes"), pl.col("people"), confidence())
    return frame.select(
        *by,
        "months",
        "test",
        "people",
        "yes",
        "no",
        "unknown",
        some.then(pl.col("yes") / pl.col("people")).alias("share"),
        low.alias("low"),
        high.alias("high"),
        some.then(pl.col("yes") / pl.col("people")).alias("at_least"),
        some.then((pl.col("yes") + pl.col("unknown")) / pl.col("people")).alias("at_most"),
    )


def outcome_states(people: pl.DataFrame, last_month: int, by: Sequence[str] = ()) -> pl.DataFrame:
    """Count homeowners by what had become of them (`metrics.STATES`) at each horizon, each in one state only."""
    made = []
    for months in horizons():
        marked = people.with_columns(state=state(months, last_month))
        counts = [(pl.col("state") == name).sum().cast(pl.Int64).alias(name) for name in STATES]
        rows = marked.group_by(by, maintain_order=True).agg(counts) if by else marked.select(counts)
        made.append(rows.with_columns(months=pl.lit(months, pl.Int32)))
    return pl.concat(made).select(*by, "months", *STATES)


# --- time to a new default ------------------------------------------------------------------------


def redefault_times(entries: pl.DataFrame) -> pl.DataFrame:
    """Return for each help event when its time without a new default ended, and how.

    Returns:
        ``entries`` with ``at`` (months after the help) and ``cause`` (one of `CAUSES`, or censored: the data ended, the
        loan left the data, or a month is unknown that may have been 60 days late).
    """
    hit, doubt, end = pl.col("first_60"), pl.col("maybe_60"), pl.col("fate_after")
    doubtful = doubt.is_not_null() & (hit.is_null() | (doubt < hit))
    home = pl.col("fate").is_in([*GAVE_UP, *LOST])
    paid = pl.col("fate") == "paid_off"
    return entries.with_columns(
        at=pl.when(doubtful)
        .then(doubt - 1)
        .when(hit.is_not_null())
        .then(hit)
        .when(home | paid)
        .then(end)
        .otherwise(pl.col("seen"))
        .cast(pl.Int32),
        cause=pl.when(doubtful)
        .then(pl.lit(survival.CENSORED))
        .when(hit.is_not_null())
        .then(pl.lit("redefault"))
        .when(home)
        .then(pl.lit("home_lost"))
        .when(paid)
        .then(pl.lit("paid_off"))
        .otherwise(pl.lit(survival.CENSORED)),
    )


def redefault_curves(entries: pl.DataFrame, by: Sequence[str] = (), horizon: int | None = None) -> pl.DataFrame:
    """Return Kaplan-Meier and cumulative-incidence curves of new default after help.

    Args:
        entries: help events (with the columns of ``by``).
        by: groups.
        horizon: last month; the last of `horizons` without.

    Returns:
        ``by`` and the columns of `survival.CURVE`.
    """
    last = horizons()[-1] if horizon is None else horizon
    times = redefault_times(entries).select(*by, pl.col("at").alias("month"), "cause")
    if not by:
        return survival.curves(times, CAUSES, last, confidence())
    made = []
    for key, part in times.group_by(by, maintain_order=True):
        names = [pl.lit(value).alias(name) for name, value in zip(by, key, strict=True)]
        made.append(survival.curves(part, CAUSES, last, confidence()).select(*names, pl.all()))
    empty = pl.DataFrame(schema={**dict.fromkeys(by, pl.String), **survival.CURVE})
    return pl.concat(made).sort(*by, "curve", "month", maintain_order=True) if made else empty


# --- everything together --------------------------------------------------------------------------


def events(histories: Histories) -> pl.DataFrame:
    """Return long-term help events with their groups: what curves and breakdowns are of."""
    return grouped(histories.helps.filter(pl.col("kind").is_in(list(LONG_TERM))))


@dataclasses.dataclass(frozen=True)
class Outcomes:
    """What became of the homeowners helped.

    Attributes:
        histories: what it rests on.
        people: homeowners helped (see `homeowners`), with groups.
        helps: help events by kind and year.
        durable: the four tests, all homeowners.
        states: what had become of them.
        curves: time to a new default after long-term help.
    """

    histories: Histories
    people: pl.DataFrame
    helps: pl.DataFrame
    durable: pl.DataFrame
    states: pl.DataFrame
    curves: pl.DataFrame

    @classmethod
    def of(cls, histories: Histories) -> Outcomes:
        """Compute everything that needs no groups."""
        people = grouped(homeowners(histories))
        last = histories.last_month or 0
        helps = histories.helps.group_by("kind").agg(
            pl.len().cast(pl.Int64).alias("actions"), pl.col("loan_id").n_unique().cast(pl.Int64).alias("people")
        )
        order = pl.DataFrame({"kind": pl.Series(list(HELP), dtype=histories.entries["kind"].dtype)})
        helps = order.join(helps, on="kind", how="left", maintain_order="left").with_columns(
            pl.col("actions", "people").fill_null(0)
        )
        return cls(
            histories,
            people,
            helps,
            durable(people, last),
            outcome_states(people, last),
            redefault_curves(events(histories)),
        )
