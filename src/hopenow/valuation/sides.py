"""The three-sided view: what each option is worth to the investor, the homeowner and the servicer, and who disagrees.

Every figure is a range over the modern model's cases (see :mod:`hopenow.valuation.modern`). The *investor* here is the
owner of the loan together with whoever bears its losses (guarantor, insurer): what one pays the other is not counted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.errors import InputError
from hopenow.valuation.lanes import Floats, rounded_cents
from hopenow.valuation.modern import (
    CASES,
    HORIZONS,
    RANGED,
    Assumptions,
    Loans,
    Market,
    Terms,
    Worth,
    assumptions,
    build,
    markets,
    mixed,
    scheduled,
    value_table,
    worth,
)
from hopenow.valuation.modern.kernel import price_level
from hopenow.valuation.modern.model import taken
from hopenow.valuation.offers import (
    DEED,
    KINDS,
    NEEDED,
    NO_HELP,
    NONE,
    PLAN,
    SALE,
    STATUS,
    Determined,
    Offers,
    days_of,
    gathered,
    loans_of,
)

__all__ = ["Interests", "Sides", "Swing", "sensitivity", "sides"]

Ints = npt.NDArray[np.int64]

LATEST: Final = HORIZONS[-1]
_YEAR: Final = 12


@dataclasses.dataclass(frozen=True)
class Interests:
    """What else the servicer has at stake; None: not known, and said so.

    Attributes:
        junior_lien: whether the servicer (or its parent) owns a junior lien on these homes.
        affiliates: whether it sends foreclosure or insurance work to affiliated companies.
    """

    junior_lien: bool | None = None
    affiliates: bool | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Sides:
    """What was found.

    Attributes:
        options: one row for each loan and option, the loan as it is (``no_help``) among them; money in cents, chances
            as shares. ``investor_*``, ``servicer_*`` are present values, ``gain_*`` the investor's against no help:
            lowest, usual and highest of the cases. ``equity_60_*``, ``home_T_*`` likewise.
        register: one row for each loan: the conflict register.
        not_valued: options without a value, and why.
        not_usable: loans without a value, and the facts that are missing.
    """

    options: pl.DataFrame
    register: pl.DataFrame
    not_valued: pl.DataFrame
    not_usable: pl.DataFrame


def sides(
    facts: pl.DataFrame,
    determined: Iterable[Determined],
    interests: Interests | None = None,
    *,
    directory: Path | None = None,
    mortgage_rate: int | None = None,
    threads: int = 1,
) -> Sides:
    """Value every option of a review from three sides.

    Args:
        facts: canonical facts, one row for each loan.
        determined: the review's determinations of these loans.
        interests: what else the servicer has at stake.
        directory: the user's folder of newer reference files.
        mortgage_rate: millionths a year, for days that the weekly series does not cover.
        threads: of the kernel.

    Raises:
        CoverageError: a day is not covered.
        InputError: a needed column is missing.
    """
    lacking = [name for name in ("loan_id", "state", *NEEDED) if name not in facts.columns]
    if lacking:
        raise InputError("The loans cannot be valued; columns are missing:", lacking)
    days = days_of(facts)
    if not days:
        raise InputError("The loans cannot be valued: no row has an evaluation date")
    base = assumptions("base")
    m = markets(days, base, directory, mortgage_rate)
    loans, usable = loans_of(facts, m)
    offers = gathered(loans, usable, determined)
    found: dict[str, Worth] = {}
    growth: dict[str, Floats] = {}
    for case in CASES:
        a = assumptions(case)
        own = m if case == "base" else markets(days, a, directory, mortgage_rate)
        found[case] = valued(loans, offers, a, own, threads)
        growth[case] = price_after(loans, own, a, LATEST)
    options = _frame(facts, loans, offers, found, growth)
    return Sides(
        options=options,
        register=_register(options, interests or Interests()),
        not_valued=_named(facts, offers.not_valued),
        not_usable=_not_usable(facts, usable),
    )


def price_after(loans: Loans, m: Market, a: Assumptions, months: int) -> Floats:
    """Return the house price after some months over that of now, for each loan."""
    levels = [
        price_level(near, later, months, a.whole("price_window")) for near, later in zip(m.near, m.later, strict=True)
    ]
    return np.array(levels)[loans.state]


def valued(loans: Loans, offers: Offers, a: Assumptions, m: Market, threads: int = 1) -> Worth:
    """Return the worth of every offer under one case, trials, payments now and one-time costs included."""
    leaving = (offers.kind == SALE) | (offers.kind == DEED)
    kept = np.flatnonzero(~leaving)
    table = build(loans, _some(offers.terms, kept), a, m)
    stays = worth(value_table(table, a, threads), a)
    # The loan as it is stands first, one for each loan that can be valued.
    home = np.full(loans.count, -1, np.int64)
    alone = np.flatnonzero(offers.kind[kept] == NONE)
    home[offers.terms.loan[kept[alone]]] = alone
    without = taken(stays, home[offers.terms.loan[kept]])
    completes = np.where(offers.trial[kept], a["trial_success"], 1.0)
    stays = mixed(completes, stays, without)
    full: dict[str, Floats] = {}
    parts = (_sale(loans, offers, a, m), _deed(loans, offers, a, m))
    for item in dataclasses.fields(Worth):
        values = getattr(stays, item.name)
        whole = np.zeros((*values.shape[:-1], offers.kind.size))
        whole[..., kept] = values
        for places, leaves in parts:
            if places.size:
                whole[..., places] = getattr(leaves, item.name)
        full[item.name] = whole
    extra = np.where(offers.kind == NONE, 0.0, a["workout_cost"])
    full["investor"] += offers.now
    full["cost"] += extra
    full["servicer"] += offers.incentive - extra
    return Worth(**full)


def _some(terms: Terms, places: Ints) -> Terms:
    return Terms(**{item.name: getattr(terms, item.name)[places] for item in dataclasses.fields(Terms)})


def _sale(loans: Loans, offers: Offers, a: Assumptions, m: Market) -> tuple[Ints, Worth]:
    """Return the worth of short sales: the buyer's price less the costs of selling, or the proceeds if known."""
    places = np.flatnonzero(offers.kind == SALE)
    months = a.whole("short_sale_months")
    level = price_after(loans, m, a, months)[offers.terms.loan[places]]
    value = loans.value[offers.terms.loan[places]]
    net = value * level * (1.0 - a["short_sale_discount"]) * (1.0 - a["selling_cost"])
    known = offers.proceeds[places]
    return places, _leaves(loans, offers, places, np.where(known >= 0, known, net), months, months, a, m)


def _deed(loans: Loans, offers: Offers, a: Assumptions, m: Market) -> tuple[Ints, Worth]:
    """Return the worth of deeds in lieu: the home is the investor's at once and is sold later."""
    places = np.flatnonzero(offers.kind == DEED)
    months = a.whole("reo_months")
    level = price_after(loans, m, a, months)[offers.terms.loan[places]]
    value = loans.value[offers.terms.loan[places]]
    net = value * level * (1.0 - a["reo_discount"]) * (1.0 - a["selling_cost"]) - a["deed_cost"]
    return places, _leaves(loans, offers, places, net, months, 1, a, m)


def _leaves(
    loans: Loans, offers: Offers, places: Ints, net: Floats, months: int, leaves: int, a: Assumptions, m: Market
) -> Worth:
    at = offers.terms.loan[places]
    monthly = (m.mortgage_rate[loans.state[at]] + a["discount_spread"]) / _YEAR
    shrunk = np.power(1.0 + monthly, -months)
    waits = (1.0 - shrunk) / monthly
    value, late = loans.value[at], loans.late[at]
    escrow = np.where(loans.escrow[at] >= 0, loans.escrow[at], value * (a["escrow_yearly"] / _YEAR))
    carry = (escrow + value * (a["upkeep_yearly"] / _YEAR)) * (late + months)
    owed = loans.balance[at] * (1.0 + loans.rate[at] / 1e6 / _YEAR * late) + loans.deferred[at]
    brought = np.minimum(np.maximum(net - carry, 0.0), owed) * shrunk
    fees = a["servicing_fee"] / _YEAR * a["fee_while_late"] * loans.balance[at] * waits
    advanced = (loans.payment[at] + escrow) * (late + months / 2)
    advances = a["advance_funding"] / _YEAR * advanced * waits + a["advance_lost"] * advanced * shrunk
    income, cost = a["late_income_monthly"] * waits, a["cost_late_yearly"] / _YEAR * waits
    nobody = np.zeros(at.size)
    # Whoever sells or hands over the home has left it; that is given up, not lost, and never counted as kept.
    left = np.stack([np.full(at.size, 1.0 if leaves <= month else 0.0) for month in HORIZONS])
    return Worth(
        investor=brought - fees,
        servicer=fees + income - cost - advances,
        fees=fees,
        late_income=income,
        cost=cost,
        advances=advances,
        home=1.0 - left,
        paid_off=left * 0.0,
        lost=left,
        lost_ever=nobody + 1.0,
        cured=nobody,
    )


# --- tables ---------------------------------------------------------------------------------------------------------


def _ends(values: Sequence[Floats]) -> tuple[Floats, Floats, Floats]:
    """Return lowest, usual and highest of the cases, which come low, base, high."""
    stacked = np.stack(values)
    return stacked.min(axis=0), values[1], stacked.max(axis=0)


def _ranged(name: str, values: Sequence[Floats], *, money: bool = True) -> dict[str, pl.Series]:
    return {
        f"{name}_{case}": pl.Series(rounded_cents(part) if money else part)
        for case, part in zip(CASES, _ends(values), strict=True)
    }


def _frame(
    facts: pl.DataFrame, loans: Loans, offers: Offers, found: Mapping[str, Worth], growth: Mapping[str, Floats]
) -> pl.DataFrame:
    at = offers.terms.loan
    rows = pl.Series(at.astype(np.uint32))
    names = [f"{program}.{option}" if program else option for program, option in offers.names]
    places = pl.Series(offers.option.astype(np.uint32))
    columns: dict[str, Any] = {
        "_row": rows,
        "loan_id": facts["loan_id"].gather(rows),
        "evaluation_date": facts["evaluation_date"].gather(rows),
        "option": pl.Series(names, dtype=pl.String).gather(places),
        "kind": pl.Series(KINDS, dtype=pl.String).gather(pl.Series(offers.kind.astype(np.uint32))),
        "status": pl.Series(STATUS, dtype=pl.String).gather(pl.Series(offers.status.astype(np.uint32))),
    }
    home = np.zeros(loans.count, np.int64)
    alone = np.flatnonzero(offers.kind == NONE)
    home[at[alone]] = alone
    columns |= _ranged("investor", [found[case].investor for case in CASES])
    columns |= _ranged("gain", [found[case].investor - found[case].investor[home[at]] for case in CASES])
    columns |= _ranged("servicer", [found[case].servicer for case in CASES])
    base = found["base"]
    for name in ("fees", "late_income", "cost", "advances"):
        columns[f"servicer_{name}"] = pl.Series(rounded_cents(getattr(base, name)))
    columns["servicer_incentive"] = pl.Series(offers.incentive)
    leaving = pl.Series((offers.kind == SALE) | (offers.kind == DEED))
    columns |= _homeowner(facts, loans, offers, growth, leaving)
    for place, month in enumerate(HORIZONS):
        columns |= _ranged(f"home_{month}", [found[case].home[place] for case in CASES], money=False)
    columns |= _ranged("lost_ever", [found[case].lost_ever for case in CASES], money=False)
    columns[f"paid_off_{LATEST}"] = pl.Series(base.paid_off[-1])
    columns[f"lost_{LATEST}"] = pl.Series(base.lost[-1])
    columns["cured_alone"] = pl.Series(np.where(offers.kind == NONE, base.cured, np.nan)).fill_nan(None)
    # Best in each case, for the register; not part of what is shown.
    for case in CASES:
        columns[f"_investor_{case}"] = pl.Series(rounded_cents(found[case].investor))
        columns[f"_servicer_{case}"] = pl.Series(rounded_cents(found[case].servicer))
    return pl.DataFrame(columns).sort("_row", maintain_order=True)


def _homeowner(
    facts: pl.DataFrame, loans: Loans, offers: Offers, growth: Mapping[str, Floats], leaving: pl.Series
) -> dict[str, pl.Series]:
    terms, at = offers.terms, offers.terms.loan
    payment = terms.payment + np.where(offers.kind == PLAN, terms.extra, 0)
    owes = terms.forborne + terms.behind
    last = scheduled(terms.balance, terms.rate, terms.payment, terms.term)
    arrears = np.where(offers.kind == NONE, loans.late[at] * loans.payment[at], 0)
    total = terms.payment * terms.term + terms.extra * terms.extra_months + owes + last + offers.own + arrears
    value = loans.value[at]
    now = np.where(offers.kind == NONE, loans.balance[at], terms.balance) + owes
    later = scheduled(terms.balance, terms.rate, terms.payment, np.minimum(terms.term, LATEST)) + owes
    rows = pl.Series(at.astype(np.uint32))
    income = facts["monthly_gross_income"].gather(rows) if "monthly_gross_income" in facts.columns else None
    escrow = pl.Series(loans.escrow[at]).replace({-1: None})

    def kept(values: Any) -> pl.Series:
        return pl.Series(values).set(leaving, None)

    found = {
        "payment_after": kept(payment),
        "payment_change": kept(payment - loans.payment[at]),
        "total_cost": kept(total),
        "paid_now": pl.Series(offers.own),
        "equity_now": kept(value - now),
    }
    found |= {
        name: kept(series)
        for name, series in _ranged(f"equity_{LATEST}", [value * growth[case][at] - later for case in CASES]).items()
    }
    none = pl.Series([None] * at.size, dtype=pl.Int64)
    found["residual_income"] = none if income is None else kept(income - payment - escrow)
    return found


def _register(options: pl.DataFrame, interests: Interests) -> pl.DataFrame:
    """Return the conflict register: whose best option is whose, in every case, and what it costs the others."""
    o = pl.col("option")
    own = ["lost_ever_base", "payment_after"]

    def best(by: str) -> pl.Expr:
        return o.sort_by(by, descending=True, nulls_last=True).first()

    def at_best(what: str, by: str) -> pl.Expr:
        return pl.col(what).sort_by(by, descending=True, nulls_last=True).first()

    found = options.group_by("_row", "loan_id", "evaluation_date", maintain_order=True).agg(
        *[best(f"_{side}_{case}").alias(f"{side}_{case}") for side in ("investor", "servicer") for case in CASES],
        o.sort_by(*own, nulls_last=True).first().alias("homeowner_base"),
        *[
            (
                at_best(f"_investor_{case}", f"_investor_{case}") - at_best(f"_investor_{case}", f"_servicer_{case}")
            ).alias(f"investor_loses_{case}")
            for case in CASES
        ],
        *[
            (
                at_best(f"_servicer_{case}", f"_servicer_{case}") - at_best(f"_servicer_{case}", f"_investor_{case}")
            ).alias(f"servicer_gains_{case}")
            for case in CASES
        ],
        (at_best("lost_ever_base", "_investor_base") - pl.col("lost_ever_base").min()).alias("homeowner_risk_added"),
        pl.len().alias("options"),
    )
    loses = [pl.col(f"investor_loses_{case}") for case in CASES]
    gains = [pl.col(f"servicer_gains_{case}") for case in CASES]
    differs = [pl.col(f"investor_{case}") != pl.col(f"servicer_{case}") for case in CASES]
    word = {True: "yes", False: "no", None: "unknown"}
    return found.select(
        "_row",
        "loan_id",
        "evaluation_date",
        pl.col("investor_base").alias("best_for_investor"),
        pl.col("servicer_base").alias("best_for_servicer"),
        pl.col("homeowner_base").alias("best_for_homeowner"),
        (pl.col("investor_base") != pl.col("servicer_base")).alias("servicer_conflict"),
        pl.sum_horizontal(item.cast(pl.Int8) for item in differs).alias("cases_in_conflict"),
        (pl.col("investor_base") != pl.col("homeowner_base")).alias("homeowner_conflict"),
        pl.min_horizontal(loses).alias("investor_loses_low"),
        pl.col("investor_loses_base"),
        pl.max_horizontal(loses).alias("investor_loses_high"),
        pl.min_horizontal(gains).alias("servicer_gains_low"),
        pl.col("servicer_gains_base"),
        pl.max_horizontal(gains).alias("servicer_gains_high"),
        "homeowner_risk_added",
        pl.lit(word[interests.junior_lien]).alias("own_junior_lien"),
        pl.lit(word[interests.affiliates]).alias("affiliated_vendors"),
    )


def _named(facts: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(facts["loan_id"].gather(frame["_row"]).alias("loan_id"))


def _not_usable(facts: pl.DataFrame, usable: npt.NDArray[np.bool_]) -> pl.DataFrame:
    rows = facts.filter(pl.Series(~usable))
    missing = [
        pl.when(pl.col(name).is_null()).then(pl.lit(name)).when(_not_positive(name)).then(pl.lit(f"{name} above zero"))
        for name in NEEDED
    ]
    return rows.select("loan_id", pl.concat_str(missing, separator=", ", ignore_nulls=True).alias("missing"))


def _not_positive(name: str) -> pl.Expr:
    if name in ("evaluation_date", "months_delinquent", "note_rate"):
        return pl.lit(False)
    return pl.col(name) <= 0


# --- one assumption at a time ---------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Swing:
    """What one assumption does to the gain of an option against no help, the others staying as usual; cents."""

    assumption: str
    option: str
    low: int
    base: int
    high: int

    @property
    def width(self) -> int:
        """Distance between the ends."""
        return max(self.low, self.base, self.high) - min(self.low, self.base, self.high)


def sensitivity(
    facts: pl.DataFrame,
    determined: Sequence[Determined],
    *,
    directory: Path | None = None,
    mortgage_rate: int | None = None,
) -> list[Swing]:
    """Move each assumption to its ends, one at a time, for one loan.

    Returns:
        For each option, the largest swings first; ``self_cure_counted`` compares with a world in which nobody cures
        without help.

    Raises:
        InputError: there is not exactly one loan.
    """
    if facts.height != 1:
        raise InputError(f"sensitivity is for one loan, not {facts.height}")
    days = days_of(facts)
    base = assumptions("base")

    def gains(a: Assumptions) -> dict[str, int]:
        m = markets(days, a, directory, mortgage_rate)
        loans, usable = loans_of(facts, m)
        offers = gathered(loans, usable, determined)
        investor = valued(loans, offers, a, m).investor
        gain = rounded_cents(investor - investor[0]) if investor.size else np.zeros(0, np.int64)
        names = [".".join(part for part in offers.names[place] if part) for place in offers.option]
        return dict(zip(names, gain.tolist(), strict=True))

    usual = gains(base)
    ends = {name: [gains(base.with_from(name, assumptions(case))) for case in ("low", "high")] for name in RANGED}
    without = gains(base.without_self_cure())
    ends["self_cure_counted"] = [without, usual]
    found = [
        Swing(name, option, low[option], usual[option], high[option])
        for name, (low, high) in ends.items()
        for option in usual
        if option != NO_HELP
    ]
    return sorted(found, key=lambda item: (item.option, -item.width))
