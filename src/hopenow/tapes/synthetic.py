"""Made-up loans, for demonstrations, tests and benchmarks: nobody's data, of the kind that tapes hold.

`write_synthetic` writes a tape of loan-months in Fannie Mae's 110-field layout, or the same as typed Parquet,
with hardship, cures, forbearance, trials, modifications, deferrals and foreclosures, and with dirt of every
class at known places. `synthetic_delinquent` makes delinquent loans as canonical facts. The same seed gives
the same loans.
"""

from __future__ import annotations

import datetime
import functools
import gzip
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from hopenow.errors import CoverageError, InputError
from hopenow.facts.schema import NEVER, Fact, schema
from hopenow.mortgage._jit import i64, kernel, types
from hopenow.mortgage.kernels import interest, payment, payment_array
from hopenow.reference.mortgage_rates import pmms_rate
from hopenow.tapes.layouts import FANNIE_MAE_110, MONEY, MONTH, RATE, STATUS, WHOLE

Ints = npt.NDArray[np.int64]

DEFAULT_SEED: Final = 20_260_901
_LOANS_AT_A_TIME: Final = 4_000
_HISTORY_WIDTH: Final = 48

# State: residents in millions (rounded), price level (1 = nation), then metro areas as CBSA code and
# three-digit ZIP.
_STATES: Final[dict[str, tuple[float, float, str]]] = {
    "CA": (39, 1.9, "31080/900 41860/941 40140/925 41740/921 40900/958"),
    "TX": (30, 0.9, "19100/752 26420/770 12420/787 41700/782 00000/797"),
    "FL": (22, 1.05, "33100/331 45300/336 36740/328 27260/322"),
    "NY": (20, 1.4, "35620/112 40380/146 15380/142"),
    "PA": (13, 0.8, "37980/191 38300/152 00000/168"),
    "IL": (12.5, 0.85, "16980/606 00000/617"),
    "OH": (12, 0.65, "18140/432 17460/441 17140/452"),
    "GA": (11, 0.95, "12060/303 42340/314"),
    "NC": (11, 0.95, "16740/282 39580/276 24660/274"),
    "MI": (10, 0.7, "19820/482 24340/495"),
    "NJ": (9, 1.3, "35620/071 37980/080"),
    "VA": (8.7, 1.15, "47900/221 40060/232 47260/234"),
    "WA": (7.8, 1.6, "42660/981 44060/992"),
    "AZ": (7.4, 1.1, "38060/850 46060/857"),
    "TN": (7.1, 0.9, "34980/372 32820/381"),
    "MA": (7, 1.6, "14460/021 49340/016"),
    "IN": (6.8, 0.65, "26900/462 00000/474"),
    "MD": (6.2, 1.2, "12580/212 47900/208"),
    "MO": (6.2, 0.7, "41180/631 28140/641"),
    "WI": (5.9, 0.8, "33340/532 31540/537"),
    "CO": (5.9, 1.5, "19740/802 17820/809"),
    "MN": (5.7, 0.95, "33460/554 00000/566"),
    "SC": (5.4, 0.85, "24860/296 16700/294"),
    "AL": (5.1, 0.65, "13820/352 33660/366"),
    "LA": (4.6, 0.65, "35380/701 12940/708"),
    "KY": (4.5, 0.6, "31140/402 30460/405"),
    "OR": (4.2, 1.4, "38900/972 21660/974"),
    "OK": (4.1, 0.6, "36420/731 46140/741"),
    "CT": (3.6, 1.1, "25540/061 14860/066"),
    "UT": (3.4, 1.3, "41620/841 36260/844"),
    "IA": (3.2, 0.6, "19780/503 00000/514"),
    "NV": (3.2, 1.2, "29820/891 39900/895"),
    "AR": (3.1, 0.55, "30780/722 00000/726"),
    "KS": (2.9, 0.6, "28140/662 48620/672"),
    "MS": (2.9, 0.5, "27140/392 00000/388"),
    "NM": (2.1, 0.8, "10740/871 00000/880"),
    "ID": (2, 1.15, "14260/837 00000/834"),
    "NE": (2, 0.75, "36540/681 30700/685"),
    "WV": (1.8, 0.45, "16620/253 00000/262"),
    "HI": (1.4, 2.4, "46520/968"),
    "NH": (1.4, 1.2, "31700/031"),
    "ME": (1.4, 1.0, "38860/041"),
    "MT": (1.1, 1.2, "13740/591 00000/598"),
    "RI": (1.1, 1.2, "39300/029"),
    "DE": (1, 0.95, "37980/198"),
    "SD": (0.9, 0.75, "43620/571"),
    "ND": (0.8, 0.75, "22020/581"),
    "AK": (0.7, 0.95, "11260/995"),
    "DC": (0.7, 1.7, "47900/200"),
    "VT": (0.65, 1.0, "15540/054"),
    "WY": (0.6, 0.85, "16940/820"),
}
# Vintage: share of loans (the rest have been paid off or sold), median original balance in thousands.
_VINTAGES: Final = {
    2003: (1.0, 145), 2004: (0.8, 150), 2005: (1.0, 165), 2006: (1.0, 172), 2007: (1.4, 178),
    2008: (1.2, 180), 2009: (1.6, 178), 2010: (1.6, 180), 2011: (1.6, 178), 2012: (3.0, 185),
    2013: (3.0, 185), 2014: (2.0, 188), 2015: (3.0, 200), 2016: (4.0, 205), 2017: (4.0, 205),
    2018: (4.5, 208), 2019: (6.0, 225), 2020: (13.0, 255),
    2021: (15.0, 262), 2022: (11.0, 285), 2023: (8.0, 300), 2024: (8.0, 315), 2025: (6.3, 325),
}  # fmt: skip
_SERVICERS: Final = (
    "Alder Home Lending", "Bluestem Bank, N.A.", "Cedar Ridge Servicing LLC", "First Prairie Mortgage",
    "Harbor Light Loan Care",
    "Juniper Federal Credit Union", "Other",
)  # fmt: skip

# Ways in which a hardship ends.
REINSTATE, REPAY, DEFER, MODIFY, FAIL_TRIAL, LIQUIDATE, ONGOING = range(7)

# Columns of the simulation.
(
    C_LOAN, C_PERIOD, C_STATUS, C_UPB, C_RATE, C_REMAINING, C_LEGAL, C_MATURITY, C_FLAG, C_ZERO, C_REMOVED,
    C_PLAN, C_ADR,
    C_ADR_COUNT, C_DEFERRAL, C_NIB, C_IB, C_PRINCIPAL, C_AGE,
) = range(19)  # fmt: skip
_COLUMNS: Final = 19
_NONE = -1

_ints = types.Array(types.int64, 1, "C", readonly=True)
_grid = types.Array(types.int64, 2, "C", readonly=True)
_floats = types.Array(types.float64, 1, "C", readonly=True)
_out = types.Array(types.int64, 2, "C")
_text = types.Array(types.uint8, 2, "C")


@kernel(
    i64(
        _ints, _ints, _ints, _ints, _ints, _ints, _grid, _grid, _grid, _grid, _ints, i64, i64, i64, _ints,
        _floats, _out, _text
    )
)  # fmt: skip
def _simulate(
    note: Any,
    rate_at_start: Any,
    term: Any,
    first_due: Any,
    adjustable: Any,
    payoff: Any,
    hardship_start: Any,
    hardship_months: Any,
    hardship_end: Any,
    hardship_plan: Any,
    market: Any,
    market_from: int,
    window: int,
    as_of: int,
    starts: Any,
    chance: Any,
    out: Any,
    past: Any,
) -> int:
    """Live through every loan's months, with two random numbers each; returns the number of rows."""
    row = 0
    recent = np.empty(24, np.int64)
    for loan in range(len(note)):
        balance = note[loan]
        rate = rate_at_start[loan]
        shown_rate = rate
        installment = payment(balance, rate, term[loan])
        maturity = first_due[loan] + term[loan] - 1
        due = first_due[loan]
        deferred = 0
        forborne = 0
        deferrals = 0
        code = 0
        modified = False
        stage = 0  # months since the hardship's end
        which = 0
        draw = starts[loan]
        for back in range(24):
            recent[back] = -1
        for period in range(first_due[loan] - 1, as_of + 1):
            u = chance[2 * draw]
            v = chance[2 * draw + 1]
            draw += 1
            plan = 55  # "7", not applicable
            zero = 0
            removed = _NONE
            before = balance
            season = period % 12
            shown_rate = rate
            if period >= first_due[loan]:
                age = period - first_due[loan]
                if adjustable[loan] and age >= 84 and (age - 84) % 12 == 0 and not modified:
                    index = market[max(0, min(period - market_from, len(market) - 1))]
                    wanted = (index + 12_500 - 27_500) // 1_250 * 1_250
                    cap = 20_000 if age > 84 else 50_000
                    rate = max(
                        rate_at_start[loan] - 20_000, min(wanted, rate + cap, rate_at_start[loan] + 50_000)
                    )
                    rate = max(rate, 22_500)
                    left = maturity - due + 1
                    installment = payment(balance, rate, max(1, left))
                    shown_rate = rate
                start = hardship_start[loan, which]
                length = hardship_months[loan, which]
                ending = hardship_end[loan, which]
                owing = period + 1 - due  # installments due, this month's included
                count = 1
                suffering = start <= period < start + length
                if suffering:
                    count = 1 if u < 0.08 else 0
                    if hardship_plan[loan, which] == 1 and period > start:
                        plan = 70  # F
                elif period >= start + length and start > 0:
                    stage += 1
                    if ending == ONGOING:
                        count = 1 if u < 0.15 else 0
                    elif ending == REINSTATE:
                        count = owing
                    elif ending == REPAY:
                        plan = 82  # R
                        count = 2 if u < 0.9 else 1
                    elif ending == DEFER:
                        if owing - 1 < 2:
                            count = owing
                        elif owing - 1 > 6 and period >= 2023 * 12 + 9:
                            count = 2
                        elif stage >= 2:
                            principal = 0
                            running = balance
                            for _ in range(owing):
                                part = installment - interest(running, rate, 1)
                                running -= part
                                principal += part
                            advances = installment * 3 // 10 * owing if v < 0.6 else 0
                            deferred += owing * installment + advances
                            balance -= principal
                            deferrals += 1
                            code = 67 if period < 2023 * 12 + 9 else 80  # C, P
                            due = period + 1
                            count = 0
                            owing = 0
                        else:
                            count = 1
                    elif ending == MODIFY:
                        if stage <= 3:
                            plan = 84  # T
                            count = 1
                        elif stage == 4:
                            months = period + 1 - due
                            arrears = interest(balance, rate, max(0, months))
                            advances = installment * months // 4
                            total = balance + arrears + advances + deferred
                            deferred = 0
                            code = 0
                            if v < 0.25:
                                forborne += total // 10
                                total -= total // 10
                            balance = total
                            old = rate
                            rate = min(rate, market[max(0, min(period - market_from, len(market) - 1))])
                            shown_rate = old if v > 0.6 else rate
                            maturity = period + 480
                            installment = payment(balance, rate, 480)
                            modified = True
                            due = period + 1
                            count = 0
                            owing = 0
                            plan = 84
                            before = balance
                    elif ending == FAIL_TRIAL:
                        if stage <= 2:
                            plan = 84
                            count = 0
                        elif stage <= 8:
                            plan = 78  # N
                            count = 1 if u < 0.3 else 0
                        else:
                            count = owing
                    elif ending == LIQUIDATE:
                        count = 0
                        if owing > 16 + int(20 * v):
                            zero = 9 if u < 0.5 else (3 if u < 0.8 else 2)
                    if (
                        ending != ONGOING
                        and ending != LIQUIDATE
                        and due + count > period
                        and stage > 4
                        and which == 0
                    ):
                        which = 1
                        stage = 0
                elif owing > 1:
                    count = 2 if u < (0.75 if 1 <= season <= 3 else 0.6) else 1
                elif v < (0.007 if season in (0, 10, 11) else 0.004):
                    count = 0
                count = max(0, min(count, owing))
                for _ in range(count):
                    if balance > 0:
                        balance = max(0, balance - (installment - interest(balance, rate, 1)))
                        due += 1
                if count and owing == 1 and v > 0.985:
                    balance = max(0, balance - int(20_000 + 300_000 * (v - 0.985) / 0.015))
                if zero == 0 and period >= payoff[loan] and due > period:
                    zero = 1
                if balance == 0 or period > maturity:
                    zero = 1
            status = max(0, period + 1 - due)
            if zero:
                removed = balance + deferred + forborne
            for back in range(23, 0, -1):
                recent[back] = recent[back - 1]
            recent[0] = status
            if period >= window:
                gross = balance + deferred + forborne
                out[C_LOAN, row] = loan
                out[C_PERIOD, row] = period
                out[C_STATUS, row] = -10 if zero else min(status, 99)
                out[C_UPB, row] = 0 if zero or period < first_due[loan] + 4 else gross
                out[C_RATE, row] = shown_rate
                out[C_REMAINING, row] = max(0, maturity - due + 1)
                out[C_LEGAL, row] = max(0, maturity - period)
                out[C_MATURITY, row] = maturity
                out[C_FLAG, row] = _NONE if zero else (1 if modified else 0)
                out[C_ZERO, row] = zero
                out[C_REMOVED, row] = removed
                out[C_PLAN, row] = plan
                out[C_ADR, row] = 55 if code == 0 else code
                out[C_ADR_COUNT, row] = deferrals
                out[C_DEFERRAL, row] = deferred if deferred else _NONE
                out[C_NIB, row] = deferred + forborne if modified or deferred else _NONE
                out[C_IB, row] = 0 if zero or period < first_due[loan] + 4 else balance
                out[C_PRINCIPAL, row] = before - balance
                out[C_AGE, row] = period - first_due[loan] + 1
                for back in range(24):
                    place = 2 * (23 - back)
                    if recent[back] < 0:
                        past[row, place] = 88
                        past[row, place + 1] = 88
                    else:
                        value = min(recent[back], 99)
                        past[row, place] = 48 + value // 10
                        past[row, place + 1] = 48 + value % 10
                row += 1
            if zero:
                break
    return row


@dataclass(frozen=True)
class Dirt:
    """How many rows of a million get each class of dirt, named for the rule that finds it."""

    shape_null_word: int = 300
    shape_float: int = 300
    shape_leading_zero: int = 100
    shape_money: int = 100
    shape_code: int = 100
    shape_field_count: int = 100
    logic_status_unknown: int = 300
    logic_balance_missing: int = 300
    logic_duplicate_month: int = 150
    logic_month_order: int = 150
    logic_month_gap: int = 150
    truncated: bool = True


CLEAN: Final = Dirt(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, truncated=False)


@dataclass(slots=True)
class _Record:
    """What was written, for the sidecar."""

    dirt: dict[str, list[int]] = field(default_factory=dict)
    lines: int = 0
    loans: int = 0

    def add(self, rule: str, lines: list[int]) -> None:
        if lines:
            self.dirt.setdefault(rule, []).extend(lines)


@dataclass(frozen=True, slots=True)
class SyntheticTape:
    """What `write_synthetic` wrote: file, lines, loans, and the lines of each class of dirt."""

    path: Path
    lines: int
    loans: int
    dirt: dict[str, list[int]]


@functools.cache
def _market(first_year: int, last_year: int) -> tuple[int, ...]:
    """Mortgage rate of each month from January of a year, in millionths; the last known one goes on."""
    rates: list[int] = []
    for month in range(12 * (last_year - first_year + 1)):
        day = datetime.date(first_year + month // 12, month % 12 + 1, 15)
        try:
            rates.append(pmms_rate(day).rate_ppm)
        except CoverageError:  # beyond the series, a made-up tape goes on with the last rate
            rates.append(rates[-1])
    return tuple(rates)


def _make_loans(rng: np.random.Generator, count: int, as_of: int, first_id: int) -> dict[str, Any]:
    """Draw loans as of their origination."""
    years = np.array(list(_VINTAGES))
    shares = np.array([share for share, _ in _VINTAGES.values()])
    months = rng.choice(years, count, p=shares / shares.sum()) * 12 + rng.choice(
        12, count, p=np.array([6, 6, 8, 9, 10, 11, 10, 10, 8, 8, 7, 7]) / 100
    )
    months = np.minimum(months, as_of - 4)
    market = np.array(_market(2003, as_of // 12))
    names = np.array(list(_STATES))
    weights = np.array([entry[0] for entry in _STATES.values()])
    state = rng.choice(len(names), count, p=weights / weights.sum())
    level = np.array([entry[1] for entry in _STATES.values()])[state]
    median = np.array([_VINTAGES[int(year)][1] for year in months // 12])
    thousands = (
        np.clip(median * np.sqrt(level) * np.exp(rng.normal(0, 0.5, count)), 25, 1100)
        .round()
        .astype(np.int64)
    )
    note = thousands * 100_000 + rng.integers(-49_900, 49_900, count)
    term = rng.choice([360, 180, 240, 120, 300], count, p=[0.84, 0.09, 0.04, 0.02, 0.01]).astype(np.int64)
    adjustable = (rng.random(count) < 0.05) & (term == 360)
    spread = rng.normal(0.0015, 0.003, count) - 0.006 * (term <= 180) - 0.006 * adjustable
    rate = (
        np.clip(market[months - 2003 * 12] + (spread * 1e6).astype(np.int64), 20_000, 95_000) // 1_250 * 1_250
    )
    ltv = np.clip(rng.choice([55, 65, 75, 80, 80, 90, 95, 97], count) + rng.integers(-4, 1, count), 20, 97)
    places = [_STATES[name][2].split() for name in names]
    place = np.array(
        [
            places[one][pick % len(places[one])]
            for one, pick in zip(state, rng.integers(0, 60, count), strict=True)
        ]
    )
    score = np.clip(rng.normal(742, 52, count), 560, 832).astype(np.int64)
    co = np.where(
        rng.random(count) < 0.45, np.clip(score + rng.normal(0, 30, count).astype(np.int64), 560, 832), -1
    )
    percent = np.where(
        ltv > 95, 35, np.where(ltv > 90, 30, np.where(ltv > 85, 25, np.where(ltv > 80, 12, 0)))
    )
    return {
        "id": np.array([str(900_000_000_000 + first_id + number) for number in range(count)]),
        "months": months.astype(np.int64),
        "first_due": (months + 2).astype(np.int64),
        "thousands": thousands,
        "note": note.astype(np.int64),
        "term": term,
        "adjustable": adjustable.astype(np.int64),
        "rate": rate.astype(np.int64),
        "ltv": ltv.astype(np.int64),
        "state": names[state],
        "place": place,
        "score": score,
        "co": co.astype(np.int64),
        "mi": percent.astype(np.int64),
        "occupancy": rng.choice(["P", "S", "I"], count, p=[0.89, 0.04, 0.07]),
        "units": rng.choice([1, 2, 3, 4], count, p=[0.965, 0.025, 0.005, 0.005]),
        "purpose": rng.choice(["P", "C", "R"], count, p=[0.48, 0.27, 0.25]),
        "property": rng.choice(["SF", "PU", "CO", "MH", "CP"], count, p=[0.62, 0.26, 0.1, 0.01, 0.01]),
        "dti": np.clip(rng.normal(36, 9, count), 8, 50).astype(np.int64),
        "servicer": rng.choice(_SERVICERS, count),
        "channel": rng.choice(["R", "C", "B"], count, p=[0.52, 0.36, 0.12]),
    }


def _make_hardships(
    rng: np.random.Generator, loans: dict[str, Any], as_of: int, delinquent: float
) -> dict[str, Ints]:
    """Give some loans an earlier hardship that ended in some way, and some one that is not over."""
    count = len(loans["note"])
    life = as_of - loans["first_due"]
    start = np.zeros((count, 2), np.int64)
    length = np.zeros((count, 2), np.int64)
    ending = np.zeros((count, 2), np.int64)
    plan = (rng.random((count, 2)) < 0.45).astype(np.int64)
    fragile = np.clip((790 - loans["score"]) / 250, 0.05, 1.0)
    earlier = (rng.random(count) < 0.22 * fragile / fragile.mean()) & (life > 34)
    month = loans["first_due"] + (8 + rng.random(count) * np.maximum(life - 32, 1)).astype(np.int64)
    # Many hardships began in the spring of 2020.
    covid = (rng.random(count) < 0.25) & (loans["first_due"] < 2019 * 12 + 6)
    month = np.where(covid & (as_of > 2022 * 12), 2020 * 12 + 3 + rng.integers(0, 3, count), month)
    start[:, 0] = np.where(earlier, month, 0)
    length[:, 0] = np.where(earlier, rng.geometric(0.25, count).clip(1, 15) + 1, 0)
    ending[:, 0] = rng.choice(
        [REINSTATE, REPAY, DEFER, MODIFY, FAIL_TRIAL, LIQUIDATE], count, p=[0.28, 0.14, 0.28, 0.2, 0.05, 0.05]
    )
    now = (rng.random(count) < delinquent * fragile / fragile.mean()) & (life > 6)
    # More households fall behind in winter; the stage reached decides how long ago the hardship began.
    ago = np.minimum(
        rng.choice(
            [0, 1, 2, 3, 4, 6, 9, 12, 16, 22],
            count,
            p=[0.2, 0.17, 0.14, 0.12, 0.1, 0.09, 0.07, 0.05, 0.04, 0.02],
        ),
        life,
    )
    slot = np.where(earlier & (loans["first_due"] + life - ago > month + length[:, 0] + 20), 1, 0)
    which = np.flatnonzero(now)
    start[which, slot[which]] = (as_of - ago)[which]
    length[which, slot[which]] = 40
    ending[which, slot[which]] = ONGOING
    # Some are on a plan at this moment: the hardship is over, its end still runs.
    planned = which[(rng.random(len(which)) < 0.2) & (ago[which] >= 3)]
    length[planned, slot[planned]] = ago[planned] + 1 - rng.integers(1, 4, len(planned))
    ending[planned, slot[planned]] = rng.choice([MODIFY, REPAY, FAIL_TRIAL], len(planned), p=[0.6, 0.3, 0.1])
    return {"start": start, "length": length, "ending": ending, "plan": plan}


def write_synthetic(
    path: Path | str,
    loans: int = 2_000,
    months: int | None = None,
    seed: int = DEFAULT_SEED,
    as_of: str = "2026-09",
    *,
    dirt: Dirt | None = None,
    delinquent: float = 0.12,
) -> SyntheticTape:
    """Write a made-up tape in Fannie Mae's 110-field layout.

    Args:
        path: where to; ``.gz`` is compressed, ``.parquet`` has typed columns under the layout's names (and no
            dirt).
        loans: how many loans.
        months: how many months up to ``as_of`` are written; None writes every loan from its first month.
        seed: the same seed gives the same tape.
        as_of: last reporting month, ``YYYY-MM``.
        dirt: how much dirt; None for the default of `Dirt`, `CLEAN` for none.
        delinquent: share of loans in a hardship that is not over.

    Returns:
        What was written. For text, a file beside it (``.dirt.json``) holds the lines of each class of dirt as
        well.

    Raises:
        InputError: ``as_of`` is not a month between 2004 and 2100.
    """
    target = Path(path)
    try:
        year, month = (int(part) for part in as_of.split("-"))
        last = datetime.date(year, month, 1).year * 12 + month - 1
    except ValueError as error:
        raise InputError(f"as_of must be a month such as 2026-09, not {as_of!r}.") from error
    if not 2004 <= year <= 2100:
        raise InputError(f"as_of must lie between 2004 and 2100, not in {year}.")
    rng = np.random.default_rng(seed)
    parquet = target.suffix == ".parquet"
    rates = CLEAN if parquet else (dirt or Dirt())
    record = _Record()
    part = target.with_name(target.name + ".part")
    try:
        if parquet:
            _write_parquet(part, rng, loans, months, last, delinquent, record)
        else:
            _write_text(
                part,
                target.suffix == ".gz",
                rng,
                np.random.default_rng([seed, 1]),
                loans,
                months,
                last,
                delinquent,
                rates,
                record,
            )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    tape = SyntheticTape(
        target,
        record.lines,
        record.loans,
        {rule: sorted(lines) for rule, lines in sorted(record.dirt.items())},
    )
    if not parquet:
        sidecar = {"lines": tape.lines, "loans": tape.loans, "seed": seed, "dirt": tape.dirt}
        target.with_name(target.name + ".dirt.json").write_text(
            json.dumps(sidecar, indent=1) + "\n", encoding="utf-8"
        )
    return tape


def _chunks(rng: np.random.Generator, loans: int, months: int | None, last: int, delinquent: float) -> Any:
    """Yield (loans, simulated rows, payment histories) for a few thousand loans at a time."""
    window = 0 if months is None else last - months + 1
    market = np.array(_market(2003, last // 12), np.int64)
    for first in range(0, loans, _LOANS_AT_A_TIME):
        count = min(_LOANS_AT_A_TIME, loans - first)
        made = _make_loans(rng, count, last, first)
        hard = _make_hardships(rng, made, last, delinquent)
        life = last - made["first_due"] + 2
        starts = np.concatenate([[0], np.cumsum(life)]).astype(np.int64)
        chance = rng.random(2 * int(starts[-1]))
        payoff = np.where(
            rng.random(count) < 0.12, made["first_due"] + (rng.random(count) * life).astype(np.int64), 10**6
        )
        # A loan that would have ended before the window would leave no row: let it live.
        payoff = np.where(payoff <= max(window, 0), 10**6, payoff)
        out = np.empty((_COLUMNS, int(starts[-1])), np.int64)
        past = np.empty((int(starts[-1]), _HISTORY_WIDTH), np.uint8)
        rows = _simulate(
            made["note"], made["rate"], made["term"], made["first_due"], made["adjustable"],
            payoff.astype(np.int64),
            hard["start"], hard["length"], hard["ending"], hard["plan"], market, 2003 * 12, window, last,
            starts, chance, out, past,
        )  # fmt: skip
        yield made, out[:, :rows], past[:rows]


def _table(made: dict[str, Any], out: Ints, past: Any) -> pl.DataFrame:
    """Lay the simulation out under the layout's names: cents, millionths, calendar months, words."""
    loan = out[C_LOAN]
    size = len(loan)
    offsets = np.arange(size + 1, dtype=np.int64) * _HISTORY_WIDTH
    history = pa.Array.from_buffers(
        pa.large_utf8(), size, [None, pa.py_buffer(offsets), pa.py_buffer(past.tobytes())]
    )
    place = pl.Series(made["place"]).gather(pl.Series(loan, dtype=pl.UInt32))

    def of(name: str) -> pl.Series:
        return pl.Series(made[name]).gather(pl.Series(loan, dtype=pl.UInt32))

    def known(values: Ints, gone: int = _NONE) -> pl.Series:
        return pl.Series(values).set(pl.Series(values == gone), None)

    def letter(values: Ints) -> pl.Series:
        return pl.Series(np.array([chr(code) for code in range(128)])[values])

    flags = pl.Series(np.array(["N", "Y", ""])[out[C_FLAG]])
    arm = of("adjustable") == 1
    columns: dict[str, pl.Series] = {
        "loan_id": of("id"),
        "reporting_period": pl.Series(out[C_PERIOD]),
        "channel": of("channel"),
        "seller": of("servicer"),
        "servicer": of("servicer"),
        "orig_rate": of("rate"),
        "curr_rate": pl.Series(out[C_RATE]),
        "orig_upb": of("thousands") * 100_000,
        "curr_actual_upb": pl.Series(out[C_UPB]),
        "orig_term": of("term"),
        "orig_date": of("months"),
        "first_pay": of("first_due"),
        "loan_age": pl.Series(out[C_AGE]),
        "rem_legal": pl.Series(out[C_LEGAL]),
        "rem_maturity": pl.Series(out[C_REMAINING]),
        "maturity": pl.Series(out[C_MATURITY]),
        "oltv": of("ltv"),
        "ocltv": of("ltv"),
        "num_borrowers": (of("co") > 0).cast(pl.Int64) + 1,
        "dti": of("dti"),
        "fico_b": of("score"),
        "fico_co": known(made["co"][loan]),
        "purpose": of("purpose"),
        "prop": of("property"),
        "units": of("units"),
        "occupancy": of("occupancy"),
        "state": of("state"),
        "msa": place.str.slice(0, 5),
        "zip3": place.str.slice(6, 3),
        "mi_pct": known(made["mi"][loan] * 100, 0),
        "amort_type": pl.Series(np.array(["FRM", "ARM"])[made["adjustable"]]).gather(
            pl.Series(loan, dtype=pl.UInt32)
        ),
        "io": pl.Series(["N"]).new_from_index(0, size),
        "delinquency": pl.Series(out[C_STATUS]),
        "payment_history": pl.Series("payment_history", history, dtype=pl.String),
        "mod_flag": flags.set(flags == "", None),
        "zb_code": known(out[C_ZERO], 0),
        "zb_date": known(np.where(out[C_ZERO] > 0, out[C_PERIOD], _NONE)),
        "upb_at_removal": known(out[C_REMOVED]),
        "total_principal": pl.Series(out[C_PRINCIPAL]),
        "non_interest_bearing_upb": known(out[C_NIB]),
        "arm_initial_months": (arm.cast(pl.Int64) * 84).set(~arm, None),
        "arm_lifetime_cap": (arm.cast(pl.Int64) * 50_000).set(~arm, None),
        "borrower_assistance_plan": letter(out[C_PLAN]),
        "alternative_delinquency_resolution": letter(out[C_ADR]),
        "adr_count": known(out[C_ADR_COUNT], 0),
        "total_deferral_amount": known(out[C_DEFERRAL]),
        "interest_bearing_upb": pl.Series(out[C_IB]),
    }
    return pl.DataFrame({name: series.alias(name) for name, series in columns.items()})


_MONEY_COLUMNS: Final = (
    "orig_upb", "curr_actual_upb", "mi_pct", "upb_at_removal", "total_principal", "non_interest_bearing_upb",
    "total_deferral_amount", "interest_bearing_upb",
)  # fmt: skip
_RATE_COLUMNS: Final = ("orig_rate", "curr_rate", "arm_lifetime_cap")
_MONTH_COLUMNS: Final = ("reporting_period", "orig_date", "first_pay", "maturity", "zb_date")


def _fixed_point(column: str, scale: int, digits: int) -> pl.Expr:
    value = pl.col(column)
    size = value.abs()
    sign = pl.when(value < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.concat_str(
        sign, (size // scale).cast(pl.String), pl.lit("."), (size % scale).cast(pl.String).str.zfill(digits)
    )


def _as_text(table: pl.DataFrame) -> pl.DataFrame:
    """Write the typed columns as the publisher does."""
    months = pl.int_range(2000 * 12, 2100 * 12, eager=True)
    words = pl.select(
        pl.concat_str((months % 12 + 1).cast(pl.String).str.zfill(2), (months // 12).cast(pl.String))
    ).to_series()
    return table.with_columns(
        *(_fixed_point(name, 100, 2).alias(name) for name in _MONEY_COLUMNS),
        *((_fixed_point_thousandths(name)).alias(name) for name in _RATE_COLUMNS),
        *(pl.lit(words).gather(pl.col(name) - 2000 * 12).alias(name) for name in _MONTH_COLUMNS),
        pl.when(pl.col("delinquency") < 0)
        .then(pl.lit("XX"))
        .otherwise(pl.col("delinquency").cast(pl.String).str.zfill(2))
        .alias("delinquency"),
        pl.col("zb_code").cast(pl.String).str.zfill(2),
    ).cast(pl.String)


def _fixed_point_thousandths(column: str) -> pl.Expr:
    value = pl.col(column) // 10
    return pl.concat_str(
        (value // 1000).cast(pl.String), pl.lit("."), (value % 1000).cast(pl.String).str.zfill(3)
    )


def _write_text(
    path: Path,
    packed: bool,
    rng: np.random.Generator,
    dirt_rng: np.random.Generator,
    loans: int,
    months: int | None,
    last: int,
    delinquent: float,
    rates: Dirt,
    record: _Record,
) -> None:
    # A fixed time stamp keeps the compressed bytes the same from run to run.
    with path.open("wb") as raw:
        stream: Any = (
            gzip.GzipFile(filename="", mode="wb", compresslevel=3, fileobj=raw, mtime=0) if packed else raw
        )
        try:
            _write_lines(stream, rng, dirt_rng, loans, months, last, delinquent, rates, record)
        finally:
            if packed:
                stream.close()


def _write_lines(
    stream: BinaryIO,
    rng: np.random.Generator,
    dirt_rng: np.random.Generator,
    loans: int,
    months: int | None,
    last: int,
    delinquent: float,
    rates: Dirt,
    record: _Record,
) -> None:
    tail = b""
    for made, out, past in _chunks(rng, loans, months, last, delinquent):
        text = _as_text(_table(made, out, past))
        text = _dirty(text, out, dirt_rng, rates, record)
        absent = [name for name in FANNIE_MAE_110.fields if name not in text.columns]
        text = text.with_columns(pl.lit(None, pl.String).alias(name) for name in absent).select(
            FANNIE_MAE_110.fields
        )
        buffer = io.BytesIO()
        text.write_csv(buffer, include_header=False, separator="|", quote_style="never")
        content = buffer.getvalue()
        record.lines += text.height
        record.loans += len(np.unique(out[C_LOAN]))
        stream.write(content)
        tail = content[content.rfind(b"\n", 0, -1) + 1 :]
    if rates.truncated and tail:
        # A line that breaks off, as when a transfer is cut: the first fields of one more loan.
        stream.write(b"|" + b"|".join(tail.split(b"|")[1:9]))
        record.lines += 1
        record.add("SHAPE-TRUNCATED", [record.lines])


def _dirty(
    text: pl.DataFrame, out: Ints, rng: np.random.Generator, rates: Dirt, record: _Record
) -> pl.DataFrame:
    """Put dirt into the rows of one chunk and note where."""
    size = text.height
    loan, ended = out[C_LOAN], out[C_ZERO] > 0
    # Rows inside a loan, away from its ends, from each other, and from what the history hangs on.
    inner = np.ones(size, np.bool_)
    inner[:2] = inner[-2:] = False
    for shift in (1, 2):
        inner[shift:] &= loan[shift:] == loan[:-shift]
        inner[:-shift] &= loan[:-shift] == loan[shift:]
    inner &= ~ended & (out[C_UPB] > 0)
    inner[1:] &= out[C_UPB, :-1] > 0
    inner[:-2] &= ~(ended[1:-1] | ended[2:])
    free = rng.permutation(np.flatnonzero(inner))
    free = free[free % 5 == 2]  # neighbors stay clean
    picked: dict[str, Ints] = {}
    at = 0
    for name, rate in vars(rates).items():
        if name == "truncated":
            continue
        count = min(int(rng.binomial(size, rate / 1e6)), len(free) - at)
        picked[name] = np.sort(free[at : at + max(count, 0)])
        at += max(count, 0)

    def put(column: str, name: str, value: pl.Expr) -> None:
        nonlocal text
        mark = np.zeros(size, np.bool_)
        mark[picked[name]] = True
        text = text.with_columns(
            pl.when(pl.lit(pl.Series(mark))).then(value).otherwise(pl.col(column)).alias(column)
        )

    put("rem_maturity", "shape_null_word", pl.lit("NULL"))
    put("rem_maturity", "shape_float", pl.col("rem_maturity") + ".0")
    put("maturity", "shape_leading_zero", pl.col("maturity").str.strip_chars_start("0"))
    put("curr_actual_upb", "shape_money", pl.col("curr_actual_upb") + "CR")
    put("mod_flag", "shape_code", pl.lit("not modified"))
    put("seller", "shape_field_count", pl.lit("Bank A | Bank B"))
    put("delinquency", "logic_status_unknown", pl.lit("XX"))
    put("curr_actual_upb", "logic_balance_missing", pl.lit(""))
    # A maturity whose month has two digits cannot lose a zero.
    zero = text["maturity"].gather(picked["shape_leading_zero"]).str.len_chars() == 5
    picked["shape_leading_zero"] = picked["shape_leading_zero"][zero.to_numpy()]

    order = np.arange(size)
    swapped = picked["logic_month_order"]
    order[swapped], order[swapped + 1] = swapped + 1, swapped
    repeat = np.ones(size, np.int64)
    repeat[picked["logic_duplicate_month"]] = 2
    repeat[picked["logic_month_gap"]] = 0
    places = np.repeat(order, repeat)
    first_line = record.lines + 1
    where = np.full(size, -1)
    where[places[::-1]] = np.arange(len(places))[::-1]
    rule_of = {name: name.upper().replace("_", "-") for name in picked}
    for name, rows in picked.items():
        if name == "logic_month_gap":
            rows = rows + 1  # the finding is about the month after the gap
        lines = (where[rows] + first_line).tolist()
        record.add(rule_of[name], lines)
        if name == "shape_money":
            # The balance is unknown then as well.
            record.add("LOGIC-BALANCE-MISSING", lines)
        if name == "shape_field_count":
            record.add("LOGIC-MONTH-GAP", (where[rows + 1] + first_line).tolist())
    return text[pl.Series(places, dtype=pl.UInt32)]


def _write_parquet(
    path: Path,
    rng: np.random.Generator,
    loans: int,
    months: int | None,
    last: int,
    delinquent: float,
    record: _Record,
) -> None:
    writer: pq.ParquetWriter | None = None
    kinds = {name: kind for name, (kind, _) in FANNIE_MAE_110.reads.items()}
    try:
        for made, out, past in _chunks(rng, loans, months, last, delinquent):
            table = _table(made, out, past)
            table = table.with_columns(
                *(
                    pl.col(name).cast(pl.Int32)
                    for name, kind in kinds.items()
                    if kind in (WHOLE, STATUS) and name in table.columns
                ),
            )
            absent = [name for name, kind in kinds.items() if name not in table.columns]
            arrow = table.to_arrow(compat_level=pl.CompatLevel.oldest())
            for place, name in enumerate(arrow.column_names):
                kind = (
                    MONEY
                    if name in _MONEY_COLUMNS
                    else RATE
                    if name in _RATE_COLUMNS
                    else MONTH
                    if name in _MONTH_COLUMNS
                    else -1
                )
                if kind >= 0:
                    arrow = arrow.set_column(place, name, _typed(table[name], kind))
            for name in absent:
                arrow = arrow.append_column(name, pa.nulls(arrow.num_rows, _arrow_type(kinds[name])))
            if writer is None:
                writer = pq.ParquetWriter(path, arrow.schema, compression="zstd")
            writer.write_table(arrow.cast(writer.schema))
            record.lines += arrow.num_rows
            record.loans += len(np.unique(out[C_LOAN]))
    finally:
        if writer is not None:
            writer.close()


def _arrow_type(kind: int) -> pa.DataType:
    return {
        MONEY: pa.decimal128(14, 2),
        RATE: pa.decimal128(9, 4),
        MONTH: pa.date32(),
        WHOLE: pa.int32(),
        STATUS: pa.int32(),
    }.get(kind, pa.large_string())


def _typed(series: pl.Series, kind: int) -> pa.Array:
    """Make decimals of cents or millionths, or dates of calendar months."""
    gone = series.is_null().to_numpy()
    values = series.fill_null(0).to_numpy().astype(np.int64)
    if kind == MONTH:
        days = ((values - 1970 * 12).astype("datetime64[M]")).astype("datetime64[D]").astype(np.int32)
        return pa.array(days, mask=gone).cast(pa.date32())
    words = np.empty(2 * len(values), np.int64)
    words[0::2] = values
    words[1::2] = values >> 63
    bits = pa.py_buffer(np.packbits(~gone, bitorder="little"))
    return pa.Array.from_buffers(_arrow_type(kind), len(values), [bits, pa.py_buffer(words)])


# -- delinquent loans as facts -----------------------------------------------------------------------


def synthetic_delinquent(
    n: int,
    seed: int = DEFAULT_SEED,
    *,
    evaluation_date: datetime.date = datetime.date(2026, 9, 15),
    unknown: float = 0.03,
) -> pl.DataFrame:
    """Make delinquent loans as a canonical frame with every fact of the schema.

    Args:
        n: how many.
        seed: the same seed gives the same loans.
        evaluation_date: one for all.
        unknown: share of each fact about hardship, household, history and property that is not known.

    Returns:
        Frame of ``n`` rows in the schema's columns and types. Facts that hold together do: the installment
        follows from balance, rate and term; dates from months; a score has a date.
    """
    rng = np.random.default_rng(seed)
    today = (evaluation_date - datetime.date(1970, 1, 1)).days
    month = evaluation_date.year * 12 + evaluation_date.month - 1
    made = _make_delinquent(rng, n, month)
    columns = _base_columns(rng, made, n, today, month)
    frame_columns = []
    always = {"loan_id", "evaluation_date", "investor", "loan_type"}
    for name, fact in schema().items():
        series = columns[name] if name in columns else _any_value(rng, fact, n)
        if name not in always and fact.group != "loan" and unknown > 0:
            series = series.set(pl.Series(rng.random(n) < unknown), None)
        frame_columns.append(series.alias(name))
    return pl.DataFrame(frame_columns)


def _make_delinquent(rng: np.random.Generator, n: int, month: int) -> dict[str, Any]:
    years = np.array(list(_VINTAGES))
    shares = np.array([share for share, _ in _VINTAGES.values()])
    start = np.minimum(
        rng.choice(years, n, p=shares / shares.sum()) * 12 + rng.integers(0, 12, n), month - 8
    ).astype(np.int64)
    market = np.array(_market(2003, month // 12))
    late = rng.choice(
        [1, 2, 3, 4, 5, 6, 7, 9, 12, 18, 24],
        n,
        p=[0.2, 0.17, 0.14, 0.11, 0.09, 0.07, 0.06, 0.06, 0.05, 0.03, 0.02],
    )
    late = np.minimum(late, month - start - 3).astype(np.int64)
    term = rng.choice([360, 180, 240], n, p=[0.9, 0.06, 0.04]).astype(np.int64)
    term = np.maximum(term, (month - start) // 12 * 12 + 24)
    rate = (
        np.clip(market[start - 2003 * 12] + rng.integers(-5_000, 6_000, n), 20_000, 95_000) // 1_250 * 1_250
    )
    median = np.array([entry[1] for entry in _VINTAGES.values()])[start // 12 - 2003]
    note = (
        (np.clip(median * np.exp(rng.normal(0, 0.55, n)), 25, 1100) * 100_000).astype(np.int64) // 1000 * 1000
    )
    paid = month - start - 2 - late + 1
    monthly = rate / 12e6
    grown = np.power(1 + monthly, term)
    share = (grown - np.power(1 + monthly, paid)) / (grown - 1)
    balance = (note * share).astype(np.int64)
    remaining = (term - paid).astype(np.int64)
    installment = payment_array(np.ascontiguousarray(note), np.ascontiguousarray(rate.astype(np.int64)), term)
    return {
        "start": start, "late": late, "term": term, "rate": rate.astype(np.int64), "note": note,
        "balance": balance,
        "remaining": remaining, "installment": installment,
    }  # fmt: skip


def _month_series(months: Ints) -> pl.Series:
    return pl.Series((months - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]"), dtype=pl.Date)


def _base_columns(
    rng: np.random.Generator, made: dict[str, Any], n: int, today: int, month: int
) -> dict[str, pl.Series]:
    """Make the facts that must agree with one another."""
    facts = schema()
    note, balance, rate, late, start, term = (
        made[name] for name in ("note", "balance", "rate", "late", "start", "term")
    )
    due = month + 1 - late
    installment = made["installment"]
    due_days = (due - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    names = list(_STATES)
    weights = np.array([entry[0] for entry in _STATES.values()])
    state = rng.choice(len(names), n, p=weights / weights.sum())
    spots = [spot for name in names for spot in (_STATES[name][2].split()[0],)]

    def choice(name: str, shares: dict[str, float]) -> pl.Series:
        words = list(shares)
        picks = rng.choice(len(words), n, p=np.array(list(shares.values())) / sum(shares.values()))
        return pl.Series(words).cast(facts[name].dtype).gather(pl.Series(picks, dtype=pl.UInt32))

    def flag(share: float) -> pl.Series:
        return pl.Series(rng.random(n) < share)

    def cents(low: float, high: float) -> pl.Series:
        return pl.Series(rng.integers(int(low * 100), int(high * 100), n))

    def count(low: int, high: int) -> pl.Series:
        return pl.Series(rng.integers(low, high, n), dtype=pl.Int32)

    def sometimes(share: float, months_back: int) -> pl.Series:
        gone = rng.random(n) >= share
        earlier = np.maximum(month - rng.integers(1, months_back, n), start + 1)
        return _month_series(earlier).set(pl.Series(gone), NEVER)

    def constant(value: Any, dtype: Any) -> pl.Series:
        return pl.Series([value], dtype=dtype).new_from_index(0, n)

    modified = rng.random(n) < 0.12
    flex = _month_series(np.maximum(month - rng.integers(3, 90, n), start + 2))
    plan = rng.random(n)
    history = [
        ",".join(str(back) for back in [*range(first, 0, -1), *([0] * 24)][:24]) for first in range(0, 600)
    ]
    insured = rng.random(n) < 0.22
    value = (balance * rng.uniform(0.95, 2.4, n)).astype(np.int64)
    deferred = np.where(rng.random(n) < 0.1, installment * rng.integers(2, 7, n), 0)
    fb = pl.Series(plan < 0.18)
    return {
        "loan_id": pl.Series(np.arange(1, n + 1)).cast(pl.String).str.zfill(10),
        "evaluation_date": pl.Series([today], dtype=pl.Int32).cast(pl.Date).new_from_index(0, n),
        "investor": choice("investor", {"fannie_mae": 0.55, "freddie_mac": 0.45}),
        "loan_type": choice("loan_type", {"conventional": 1.0}),
        "servicer": pl.Series(_SERVICERS).gather(
            pl.Series(rng.integers(0, len(_SERVICERS), n), dtype=pl.UInt32)
        ),
        "investor_profile": constant(None, pl.String),
        "lien_position": constant(1, pl.Int32),
        "amortization_type": choice(
            "amortization_type", {"fixed": 0.95, "adjustable": 0.04, "step_rate": 0.01}
        ),
        "interest_only": flag(0.005),
        "rate_is_final": flag(0.95),
        "rate_ceiling": pl.Series(rate + 50_000),
        "last_rate_adjustment_date": sometimes(0.04, 12),
        "original_balance": pl.Series(note),
        "original_term": pl.Series(term, dtype=pl.Int32),
        "original_rate": pl.Series(rate),
        "origination_date": _month_series(start),
        "first_payment_date": _month_series(start + 2),
        "maturity_date": _month_series(due + made["remaining"] - 1),
        "projected_payoff_date": constant(None, pl.Date),
        "note_rate": pl.Series(rate),
        "monthly_principal_and_interest": pl.Series(installment),
        "interest_bearing_balance": pl.Series(balance),
        "deferred_balance": pl.Series(deferred.astype(np.int64)),
        "remaining_term": pl.Series(made["remaining"], dtype=pl.Int32),
        "next_due_date": _month_series(due),
        "in_mbs_pool": flag(0.9),
        "last_scheduled_pool_payment_date": constant(None, pl.Date),
        "recourse_or_indemnification": flag(0.01),
        "mortgage_insured": pl.Series(insured),
        "mortgage_insurer_delegated": flag(0.97),
        "texas_50a6": flag(0.01),
        "leasehold": flag(0.003),
        "leasehold_end_date": constant(None, pl.Date),
        "buydown_payment": constant(None, pl.Int64),
        "buydown_funds": constant(None, pl.Int64),
        "published_modification_rate": constant(None, pl.Int64),
        "monthly_taxes": pl.Series((value * rng.uniform(0.0004, 0.0018, n)).astype(np.int64)),
        "monthly_insurance": pl.Series((value * rng.uniform(0.0002, 0.0007, n)).astype(np.int64)),
        "monthly_mortgage_insurance": pl.Series(np.where(insured, balance * 6 // 12_000, 0).astype(np.int64)),
        "monthly_dues": pl.Series(np.where(rng.random(n) < 0.25, rng.integers(2_500, 45_000, n), 0)),
        "escrow_account": flag(0.85),
        "taxes_and_insurance_current": flag(0.93),
        "escrow_shortage": pl.Series(np.where(rng.random(n) < 0.4, rng.integers(5_000, 180_000, n), 0)),
        "escrow_advances": pl.Series(np.where(rng.random(n) < 0.5, installment * late * 3 // 10, 0)),
        "servicing_advances": pl.Series(np.where(late > 3, rng.integers(0, 250_000, n), 0)),
        "noncapitalizable_advances": constant(0, pl.Int64),
        "accrued_interest": constant(None, pl.Int64),
        "late_charges": pl.Series(installment * late * 5 // 100),
        "borrower_contribution": constant(0, pl.Int64),
        "months_delinquent": pl.Series(late, dtype=pl.Int32),
        "days_delinquent": pl.Series(np.maximum(0, today - due_days), dtype=pl.Int32),
        "thirty_day_lates_last_6_months": pl.Series(np.minimum(late, 6), dtype=pl.Int32),
        "prior_modifications": pl.Series(modified.astype(np.int32)),
        "last_modification_date": flex.set(pl.Series(~modified), NEVER),
        "last_flex_modification_date": flex.set(pl.Series(~modified), NEVER),
        "flex_modification_redefault_date": constant(NEVER, pl.Date),
        "flex_modification_reinstated": constant(None, pl.Boolean),
        "last_failed_trial_date": sometimes(0.05, 24),
        "last_payment_deferral_date": sometimes(0.12, 40),
        "deferred_months_used": pl.Series(np.where(deferred > 0, rng.integers(2, 7, n), 0), dtype=pl.Int32),
        "disaster_deferral_this_event": flag(0.01),
        "active_trial": pl.Series((plan >= 0.18) & (plan < 0.21)),
        "active_repayment_plan": pl.Series((plan >= 0.21) & (plan < 0.24)),
        "active_forbearance": fb,
        "pending_retention_offer": flag(0.03),
        "approved_liquidation": flag(0.01),
        "forbearance_start_date": _month_series(due).set(~fb, NEVER),
        "forbearance_months_used": pl.Series(np.where(plan < 0.18, np.minimum(late, 12), 0), dtype=pl.Int32),
        "requested_forbearance_months": count(1, 7),
        "payments_since_note_or_modification": pl.Series(np.maximum(0, due - start - 2), dtype=pl.Int32),
        "payment_history": pl.Series(history).gather(pl.Series(late, dtype=pl.UInt32)),
        "quality_right_party_contact": flag(0.8),
        "hardship_kind": choice(
            "hardship_kind",
            {
                "reduced_income": 0.34,
                "unemployment": 0.2,
                "disability_or_illness": 0.14,
                "increased_housing_expense": 0.08,
                "divorce_or_separation": 0.07,
                "death": 0.05,
                "disaster": 0.05,
                "separation_of_unrelated_borrowers": 0.01,
                "distant_transfer": 0.01,
                "other": 0.05,
            },
        ),
        "hardship_duration": choice("hardship_duration", {"temporary": 0.6, "permanent": 0.4}),
        "hardship_resolved": flag(0.55),
        "hardship_documented": flag(0.7),
        "can_reinstate": flag(0.08),
        "can_resume_payment": flag(0.5),
        "monthly_capacity": pl.Series((installment * rng.uniform(0.2, 2.0, n)).astype(np.int64)),
        "can_afford_repayment_plan": flag(0.15),
        "wants_to_keep_home": flag(0.92),
        "borrower_response_package_complete": flag(0.45),
        "documents_age_days": count(0, 150),
        "occupancy": choice(
            "occupancy", {"principal_residence": 0.9, "second_home": 0.03, "investment": 0.07}
        ),
        "vacant": flag(0.03),
        "condemned": flag(0.002),
        "abandoned": flag(0.01),
        "tenant_principal_residence": flag(0.05),
        "transfer_distance_miles": count(0, 300),
        "new_job": flag(0.02),
        "permanent_change_of_station": flag(0.005),
        "bankruptcy": choice(
            "bankruptcy", {"none": 0.96, "chapter_7": 0.02, "chapter_11": 0.001, "chapter_13": 0.019}
        ),
        "chapter_7_discharged": flag(0.01),
        "in_litigation": flag(0.01),
        "monthly_gross_income": pl.Series((installment * rng.uniform(1.8, 6.5, n)).astype(np.int64)),
        "liquid_reserves": cents(0, 40_000),
        "credit_score": count(480, 800),
        "credit_score_date": pl.Series(today - rng.integers(0, 200, n), dtype=pl.Int32).cast(pl.Date),
        "income_kinds": pl.Series(
            ["wages", "self_employment", "wages;nontaxable_benefits", "unemployment_benefit"]
        ).gather(pl.Series(rng.integers(0, 4, n), dtype=pl.UInt32)),
        "property_value": pl.Series(value),
        "valuation_date": pl.Series(today - rng.integers(0, 150, n), dtype=pl.Int32).cast(pl.Date),
        "valuation_method": choice(
            "valuation_method",
            {
                "exterior_bpo": 0.3,
                "servicing_system": 0.3,
                "third_party_avm": 0.2,
                "appraisal": 0.1,
                "indexed": 0.1,
            },
        ),
        "state": pl.Series(names).gather(pl.Series(state, dtype=pl.UInt32)),
        "metro": pl.Series([spot[:5] for spot in spots]).gather(pl.Series(state, dtype=pl.UInt32)),
        "zip3": pl.Series([spot[6:] for spot in spots]).gather(pl.Series(state, dtype=pl.UInt32)),
        "units": pl.Series(rng.choice([1, 2, 3, 4], n, p=[0.96, 0.03, 0.005, 0.005]), dtype=pl.Int32),
        "sale_date": _month_series(np.full(n, month + 2)).set(
            pl.Series((late < 6) | (rng.random(n) < 0.8)), NEVER
        ),
        "disaster_date": sometimes(0.06, 12),
        "months_delinquent_at_disaster": count(0, 3),
        "listing_days": count(0, 300),
        "sale_price": pl.Series(value * 97 // 100),
        "sale_commission": pl.Series(value * 5 // 100),
        "sale_costs": pl.Series(value * 1 // 100),
        "paid_in_advance_adjustment": cents(0, 900),
        "minimum_net_proceeds": pl.Series(value * 88 // 100),
        "contribution_offered": cents(0, 5_000),
        "other_relocation_aid": constant(0, pl.Int64),
        "subordinate_lien_payoff": pl.Series(np.where(rng.random(n) < 0.1, rng.integers(0, 900_000, n), 0)),
    }


def _any_value(rng: np.random.Generator, fact: Fact, n: int) -> pl.Series:
    """Draw a value of a fact's type, for facts that hang on no other."""
    if fact.type == "flag":
        return pl.Series(rng.random(n) < 0.5)
    if fact.type == "choice":
        return (
            pl.Series(fact.choices)
            .cast(fact.dtype)
            .gather(pl.Series(rng.integers(0, len(fact.choices), n), dtype=pl.UInt32))
        )
    low, high = fact.canonical_range
    if fact.type in {"months", "days", "count", "money", "rate"}:
        start = 0 if low is None else low
        return pl.Series(
            rng.integers(start, min(start + 100, start + 1 if high is None else high) + 1, n)
        ).cast(fact.dtype)
    return pl.Series([None], dtype=fact.dtype).new_from_index(0, n)
