"""Securitized loans: which tranches gain and which lose when loans are modified instead of foreclosed.

A deal is a YAML file: tranches from senior to junior as shares of the pool, how principal is shared, and a trigger that
turns to sequential pay. The pool's expected monthly cash under the modern model runs through that waterfall, once with
help and once without. The waterfall is fed with expected cash: in a single future a tranche may gain or lose more.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hopenow.errors import InputError
from hopenow.law.loader import read_strict
from hopenow.money import ppm
from hopenow.valuation.lanes import Floats, rounded_cents
from hopenow.valuation.modern import CASES, Assumptions, assumptions, build, market, value_table, worth
from hopenow.valuation.modern import kernel as k
from hopenow.valuation.offers import MODIFICATION, NONE, Determined, days_of, gathered, loans_of
from hopenow.valuation.sides import _some

__all__ = ["TEMPLATE", "Deal", "Flows", "Tranche", "flows", "load_deal", "tranches", "waterfall"]

_ONE: Final = 1_000_000
_WHOLE: Final = 100 * 10_000
_YEAR: Final = 12

TEMPLATE: Final = """\
# A deal: tranches from senior to junior. Shares are percent of the pool's balance and make 100.
name: Example trust
principal: pro_rata            # pro_rata or sequential, while the trigger is not pulled
trigger:                       # from then on principal is paid in order of seniority; leave out for none
  measure: delinquency         # delinquency (share of the balance 60 or more days late) or loss (of the first balance)
  above: 20.0                  # percent
excess_interest_covers_losses: true
tranches:
- {name: A, share: 80.0, rate: 4.0}
- {name: M, share: 12.0, rate: 5.0}
- {name: B, share: 8.0, rate: 6.0}
"""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tranche(_Strict):
    """One tranche: share of the pool and yearly rate, in percent."""

    name: Annotated[str, Field(min_length=1)]
    share: Decimal
    rate: Decimal


class Trigger(_Strict):
    """What turns the deal to sequential pay, for good."""

    measure: Literal["delinquency", "loss"]
    above: Decimal


class Deal(_Strict):
    """A deal as its file says."""

    name: str
    principal: Literal["pro_rata", "sequential"]
    trigger: Trigger | None = None
    excess_interest_covers_losses: bool = True
    tranches: Annotated[list[Tranche], Field(min_length=1)]

    @model_validator(mode="after")
    def _whole(self) -> Deal:
        total = sum(ppm(item.share) for item in self.tranches)
        if total != _WHOLE:
            raise ValueError(f"the shares make {Decimal(total) / 10_000} percent, not 100")
        if any(ppm(item.share) <= 0 for item in self.tranches):
            raise ValueError("every share must be above zero")
        names = [item.name for item in self.tranches]
        if len(set(names)) != len(names):
            raise ValueError("two tranches have one name")
        return self


def load_deal(path: Path) -> Deal:
    """Read a deal file.

    Raises:
        InputError: with every defect.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    content = read_strict(path)
    try:
        return Deal.model_validate(content)
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in item['loc']) or 'deal'}: {item['msg']}" for item in error.errors()]
        raise InputError(f"{path.name} is no deal:", lines) from None


@dataclasses.dataclass(frozen=True, eq=False)
class Flows:
    """Expected cash of a pool by month (month 1 first); floats in cents.

    Attributes:
        interest, principal: paid, net of the servicing fee; principal includes what sales recover.
        loss: written off. late: balance that is late, at the end of the month.
        first_total: everything owed at the start.
    """

    interest: Floats
    principal: Floats
    loss: Floats
    late: Floats
    first_total: float


def flows(table: Floats, a: Assumptions, owed: Floats) -> Flows:
    """Return the pool's expected cash under the modern model: the kernel's flows, month by month.

    Args:
        table: the kernel's table (see :mod:`hopenow.valuation.modern.kernel`).
        a: the case.
        owed: what each loan owes as it is, which is what the deal's tranches were made of; shape (n,).
    """
    cure, hazard = a.cure(), a.hazard()
    lead, reo, to_sale = (table[row].astype(np.int64) for row in (k.LEAD, k.REO, k.TO_SALE))
    late_now, term = table[k.LATE].astype(np.int64), table[k.TERM].astype(np.int64)
    window = a.whole("price_window")
    longest = int(max(term.max(), to_sale.max() + 1)) if term.size else 0
    last = longest + int((lead + reo).max()) + 1
    interest, principal, loss, late = (np.zeros(last + 1) for _ in range(4))
    fee = a["servicing_fee"] / _YEAR
    paying, behind = table[k.START].copy(), 1.0 - table[k.START]
    balance = table[k.BALANCE].copy()
    forborne = table[k.FORBORNE]

    def level(months: object) -> Floats:
        at = np.asarray(months)
        first = np.minimum(at, window)
        found: Floats = np.power(1.0 + table[k.NEAR], first) * np.power(1.0 + table[k.LATER], at - first)
        return found

    def sold(at: object, months: object, owes: Floats, most: Floats) -> tuple[Floats, Floats]:
        net = table[k.VALUE] * table[k.KEPT] * level(at) - table[k.COSTS] - table[k.CARRY] * months
        net = np.minimum(np.maximum(net, 0.0), most)
        return np.minimum(net, owes), np.maximum(net - owes, 0.0)

    # What the new terms forgive is written off at once; what somebody else pays for the homeowner comes in at once.
    claims = table[k.BEHIND] * table[k.START]
    write = np.maximum(owed - table[k.BALANCE] - forborne - claims, 0.0) * table[k.START]
    for month in range(1, longest + 1):
        unpaid = late_now + month
        cured = behind * cure[np.minimum(unpaid, cure.size - 1)]
        cash = cured * np.minimum(unpaid, late_now + term) * table[k.MISSED]
        repaid = np.minimum(cured * np.maximum(table[k.OWED] - balance, 0.0), cash)
        behind = behind - cured
        ends = (to_sale == month) & (behind > 0)
        if ends.any():
            most = table[k.OWED] * (1.0 + table[k.RATE] * unpaid) + forborne
            owes = table[k.OWED] + forborne
            back, more = sold(month + reo, unpaid + reo, owes, most)
            share = np.where(ends, behind, 0.0)
            np.add.at(principal, month + reo, share * back)
            np.add.at(interest, month + reo, share * more)
            np.add.at(loss, month + reo, share * (owes - back))
            behind = np.where(ends, 0.0, behind)
        ratio = (balance + forborne + table[k.BEHIND]) / (table[k.VALUE] * level(month))
        chance = hazard[min(month, hazard.size - 1)] * table[k.FACTOR]
        chance = np.minimum(chance * (1.0 + a["value_effect"] * np.maximum(ratio - a["value_from"], 0.0)), 1.0)
        free = (a["prepay_none_above"] - ratio) / (a["prepay_none_above"] - a["prepay_full_below"])
        leaves = np.where(month >= term, 1.0, table[k.PREPAY] * np.clip(free, 0.0, 1.0))
        falls = paying * chance
        stays = paying - falls
        due_interest = balance * table[k.RATE]
        paid = np.minimum(table[k.PAYMENT], balance + due_interest)
        rest = balance + due_interest - paid
        extra = np.where(month <= table[k.EXTRA_MONTHS], table[k.EXTRA], 0.0)
        own_interest = np.minimum(due_interest, paid)
        interest[month] += float((stays * (own_interest + extra) + (cash - repaid) - stays * fee * balance).sum())
        principal[month] += float((stays * (paid - own_interest + leaves * (rest + forborne)) + repaid).sum())
        owes = balance + forborne
        back, more = sold(month + lead + reo, lead + reo, owes, balance * (1.0 + table[k.RATE] * lead) + forborne)
        at = month + lead + reo
        np.add.at(principal, at, falls * back)
        np.add.at(interest, at, falls * more)
        np.add.at(loss, at, falls * (owes - back))
        waits = falls * owes
        np.add.at(late, np.full(at.shape, month), waits)
        np.subtract.at(late, at, waits)
        paying = stays * (1.0 - leaves) + cured
        balance = np.where(month >= term, 0.0, rest)
    # Late balances so far are changes; the loans late from the start come on top.
    late = np.cumsum(late)
    still = 1.0 - table[k.START]
    for month in range(1, longest + 1):
        still = still * (1.0 - cure[np.minimum(late_now + month, cure.size - 1)])
        late[month] += float((np.where(month < to_sale + reo, still, 0.0) * (table[k.OWED] + forborne)).sum())
    if longest:
        loss[1] += float(write.sum())
        principal[1] += float(claims.sum())
    return Flows(interest[1:], principal[1:], loss[1:], np.maximum(late[1:], 0.0), float(owed.sum()))


@dataclasses.dataclass(frozen=True, eq=False)
class Paid:
    """What each tranche gets by month, what it is written down, and the first month of sequential pay (0: never)."""

    cash: Floats
    written: Floats
    triggered: int


def waterfall(deal: Deal, pool: Flows) -> Paid:
    """Run a pool's cash through a deal.

    Interest goes down the tranches in order, shortfalls are carried. Principal is shared by balance, or in order once
    the trigger is pulled (or always). Losses are written off from the junior end; interest that is left over covers
    them first where the deal says so, and otherwise leaves the deal.
    """
    count, months = len(deal.tranches), pool.interest.size
    balance = pool.first_total * np.array([ppm(item.share) for item in deal.tranches]) / _WHOLE
    rate = np.array([ppm(item.rate) for item in deal.tranches]) / _ONE / _YEAR
    short = np.zeros(count)
    cash, written = np.zeros((count, months)), np.zeros((count, months))
    lost, first, triggered = 0.0, pool.first_total, 0
    limit = None if deal.trigger is None else ppm(deal.trigger.above) / _ONE
    for month in range(months):
        lost += pool.loss[month]
        if limit is not None and not triggered:
            whole = float(balance.sum())
            late = pool.late[month] / whole if whole > 0 else 0.0
            measured = late if deal.trigger and deal.trigger.measure == "delinquency" else lost / first
            triggered = month + 1 if measured > limit else 0
        left = float(pool.interest[month])
        due = balance * rate + short
        for place in range(count):
            paid = min(max(left, 0.0), float(due[place]))
            cash[place, month] += paid
            short[place] = due[place] - paid
            left -= paid
        loss, principal = float(pool.loss[month]), float(pool.principal[month])
        if deal.excess_interest_covers_losses:
            covered = min(max(left, 0.0), loss)
            principal, loss = principal + covered, loss - covered
        total = float(balance.sum())
        principal = min(principal, total)
        if deal.principal == "sequential" or triggered:
            shares = np.zeros(count)
            for place in range(count):
                shares[place] = min(principal - shares.sum(), balance[place])
        else:
            shares = principal * balance / total if total > 0 else np.zeros(count)
        balance = balance - shares
        cash[:, month] += shares
        for place in reversed(range(count)):
            cut = min(loss, float(balance[place]))
            balance[place] -= cut
            written[place, month] += cut
            loss -= cut
    return Paid(cash, written, triggered)


def tranches(
    facts: pl.DataFrame,
    determined: Sequence[Determined],
    deal: Deal,
    *,
    directory: Path | None = None,
    mortgage_rate: int | None = None,
) -> pl.DataFrame:
    """Compare the tranches with help and without.

    With help, each loan gets the modification that is worth most to the pool in the usual case, and stays as it is
    where there is none. *Foreclosure* is without help and without anybody catching up; *no help* counts self-cure.

    Returns:
        One row for each tranche and for all together: present values (cents) of the usual case with modification,
        without help and with foreclosure; gains of modification over either, low, usual and high; month in which
        the trigger is pulled.

    Raises:
        InputError: the loans are of several days, or none can be valued.
    """
    days = days_of(facts)
    if len(days) != 1:
        raise InputError(f"a pool is valued on one day, but its loans are of {len(days)} days")
    base = assumptions("base")
    m = market(days[0], base, directory, mortgage_rate)
    loans, usable = loans_of(facts, m)
    offers = gathered(loans, usable, determined)
    if not usable.any():
        raise InputError("no loan of the pool can be valued: facts are missing")
    places = np.flatnonzero((offers.kind == NONE) | (offers.kind == MODIFICATION))
    terms, kind = _some(offers.terms, places), offers.kind[places]
    value = worth(value_table(build(loans, terms, base, m), base), base).investor + offers.now[places]
    ranked = np.where(kind == MODIFICATION, value, -np.inf)
    best = np.flatnonzero(kind == NONE)
    for place in np.flatnonzero(kind == MODIFICATION):
        own = int(np.flatnonzero(terms.loan[best] == terms.loan[place])[0])
        best[own] = place if ranked[place] > ranked[best[own]] else best[own]
    helped, alone = _some(terms, best), _some(terms, np.flatnonzero(kind == NONE))
    names = [*[item.name for item in deal.tranches], "pool"]
    worths: dict[str, list[Floats]] = {"modification": [], "no_help": [], "foreclosure": []}
    pulled: dict[str, int] = {}
    for case in CASES:
        a = assumptions(case)
        own_market = m if case == "base" else market(days[0], a, directory, mortgage_rate)
        discount = (own_market.mortgage_rate[0] + a["discount_spread"]) / _YEAR
        for name, chosen, used in (
            ("modification", helped, a),
            ("no_help", alone, a),
            ("foreclosure", alone, a.without_self_cure()),
        ):
            owed = (loans.balance + loans.deferred)[chosen.loan].astype(np.float64)
            paid = waterfall(deal, flows(build(loans, chosen, used, own_market), used, owed))
            factors = np.power(1.0 + discount, -np.arange(1, paid.cash.shape[1] + 1))
            present = paid.cash @ factors
            worths[name].append(np.append(present, present.sum()))
            if case == "base":
                pulled[name] = paid.triggered
    columns: dict[str, object] = {"tranche": names}
    columns |= {f"{name}_base": rounded_cents(values[1]) for name, values in worths.items()}
    for other in ("no_help", "foreclosure"):
        gains = np.stack([one - two for one, two in zip(worths["modification"], worths[other], strict=True)])
        for case, row in zip(CASES, (gains.min(axis=0), gains[1], gains.max(axis=0)), strict=True):
            columns[f"gain_over_{other}_{case}"] = rounded_cents(row)
    frame = pl.DataFrame(columns)
    return frame.with_columns(
        *[pl.lit(pulled[name]).alias(f"trigger_month_{name}") for name in worths],
        pl.lit(int((kind[best] == MODIFICATION).sum())).alias("loans_modified"),
        pl.lit(int(usable.sum())).alias("loans"),
    )
