"""Back-test: what the modern model says of past loans beside what became of them, with intervals.

The rows are entries of loan histories (``hopenow.oversight.histories``): the start of a serious delinquency, or a help
event, and what came after. Four things are compared: *cure* without help, *re-default* after a modification, *timeline*
to the end of a foreclosure, and *severity* (share of the balance lost), where the files tell it.
"""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import norm

from hopenow.errors import CoverageError, InputError
from hopenow.valuation.lanes import Floats
from hopenow.valuation.modern import CASES, Assumptions, Market, assumptions, market
from hopenow.valuation.modern.assumptions import ELSEWHERE

__all__ = ["LOSS", "Compared", "backtest"]

Ints = npt.NDArray[np.int64]

LOSS: Final = "loss_percent"
"""Number carried along by a mapping: loss of a loan in percent of its balance."""
AFTER: Final = (12, 24)
_LOST: Final = ("foreclosure_sale", "acquired")
_FEW: Final = 30
_DRAWS: Final = 400
_SEED: Final = 20_090_415
_LEVEL: Final = 0.95
_YEAR: Final = 12
_MOST_DRAWN: Final = 20_000
_NEEDED: Final = (
    "kind",
    "month",
    "state",
    "late_at",
    "payment_before",
    "payment_after",
    "seen",
    "fate",
    "fate_after",
    "first_60",
    "current_after",
    "next_after",
)


@dataclasses.dataclass(frozen=True)
class Compared:
    """One measure.

    Attributes:
        measure: what is compared. unit: ``share`` or ``months``.
        count: entries it rests on. left_out: entries of the kind that say nothing, and ``why``.
        actual, actual_low, actual_high: what happened, with its 95 percent interval; None where nothing did.
        method: of the interval.
        low, base, high: what the model says under its cases, sorted.
        note: how to read it.
    """

    measure: str
    unit: str
    count: int
    left_out: int
    why: str
    actual: float | None
    actual_low: float | None
    actual_high: float | None
    method: str
    low: float | None
    base: float | None
    high: float | None
    note: str

    @property
    def verdict(self) -> str:
        """Say whether what happened lies within what the model says."""
        if self.actual is None or self.actual_low is None or self.actual_high is None:
            return "nothing to compare"
        if self.low is None or self.high is None or self.base is None:
            return "not modelled"
        if self.count < _FEW:
            return "too few to say"
        if self.actual_low <= self.base <= self.actual_high:
            return "the usual case fits"
        if self.low <= self.actual_high and self.actual_low <= self.high:
            return "within the model's range"
        return "the model is too low" if self.high < self.actual_low else "the model is too high"


def wilson(hits: int, of: int, level: float = _LEVEL) -> tuple[float, float]:
    """Return the Wilson interval of a share."""
    z = float(norm.ppf(0.5 + level / 2))
    share = hits / of
    middle = share + z * z / (2 * of)
    half = z * (share * (1 - share) / of + z * z / (4 * of * of)) ** 0.5
    scale = 1 + z * z / of
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def bootstrap(values: Floats, level: float = _LEVEL) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a mean; the same values give the same interval."""
    rng = np.random.default_rng(_SEED)
    means = np.array([values[rng.integers(0, values.size, values.size)].mean() for _ in range(_DRAWS)])
    low, high = np.quantile(means, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def backtest(entries: pl.DataFrame, last_month: int, directory: Path | None = None) -> list[Compared]:
    """Compare the model with what happened.

    Args:
        entries: of loan histories; see the module.
        last_month: the files' last month (``year * 12 + month - 1``).
        directory: the user's folder of newer reference files.

    Raises:
        InputError: columns are missing.
    """
    lacking = [name for name in _NEEDED if name not in entries.columns]
    if lacking:
        raise InputError("These are no entries of loan histories; columns are missing:", lacking)
    late = entries.filter(pl.col("kind").cast(pl.String) == "delinquency")
    helped = entries.filter(pl.col("kind").cast(pl.String) == "modification")
    return [
        *[_cure(late, months) for months in AFTER],
        *[_redefault(helped, months, last_month) for months in AFTER],
        _timeline(late, directory),
        _severity(late, directory),
    ]


def _none(measure: str, unit: str, left_out: int, why: str, note: str) -> Compared:
    return Compared(measure, unit, 0, left_out, why, None, None, None, "", None, None, None, note)


def _cases(values: dict[str, float]) -> tuple[float, float, float]:
    return min(values.values()), values["base"], max(values.values())


# --- cure -----------------------------------------------------------------------------------------------------------


def _cure(late: pl.DataFrame, months: int) -> Compared:
    """Cure without help: whoever is helped, ends or is no longer seen is followed until then (Kaplan-Meier)."""
    measure = f"cure without help within {months} months of falling seriously behind"
    note = "Homeowners who are helped may differ from the others; the model takes them to be alike until then."
    known = late.filter(pl.col("late_at") > 0)
    rows = known.select(
        pl.col("late_at").cast(pl.Int64),
        stop=pl.min_horizontal("current_after", "next_after", "fate_after", "seen").cast(pl.Int64),
        cured=(pl.col("current_after") <= pl.min_horizontal(pl.col("next_after") - 1, "fate_after", "seen")).fill_null(
            False
        ),
    ).filter(pl.col("stop") > 0)
    left_out = late.height - rows.height
    why = "lateness unknown, or helped in the month itself"
    if rows.is_empty():
        return _none(measure, "share", left_out, why, note)
    stop = np.minimum(rows["stop"].to_numpy(), months + 1)
    cured = rows["cured"].to_numpy() & (stop <= months)
    share, method = _incidence(stop, cured, months), "bootstrap"
    rng = np.random.default_rng(_SEED)
    if stop.size > _MOST_DRAWN:
        # So many that the normal approximation of Greenwood's formula does as well.
        low, high = _greenwood(stop, cured, months)
        method = "Greenwood"
    else:
        drawn = []
        for _ in range(_DRAWS):
            places = rng.integers(0, stop.size, stop.size)
            drawn.append(_incidence(stop[places], cured[places], months))
        low, high = (float(end) for end in np.quantile(drawn, [0.5 - _LEVEL / 2, 0.5 + _LEVEL / 2]))
    began = rows["late_at"].to_numpy()
    modelled = {}
    for case in CASES:
        chance = assumptions(case).cure()
        stays = np.ones(began.size)
        for month in range(1, months + 1):
            stays *= 1.0 - chance[np.minimum(began + month, chance.size - 1)]
        modelled[case] = float(1.0 - stays.mean())
    return Compared(measure, "share", rows.height, left_out, why, share, low, high, method, *_cases(modelled), note)


def _tables(stop: Ints, cured: npt.NDArray[np.bool_], months: int) -> tuple[Floats, Floats]:
    left = np.bincount(stop, minlength=months + 2)[: months + 2].astype(np.float64)
    events = np.bincount(stop[cured], minlength=months + 2)[: months + 2].astype(np.float64)
    at_risk = left[::-1].cumsum()[::-1]
    return at_risk[1 : months + 1], events[1 : months + 1]


def _incidence(stop: Ints, cured: npt.NDArray[np.bool_], months: int) -> float:
    at_risk, events = _tables(stop, cured, months)
    return float(1.0 - np.prod(1.0 - events / np.maximum(at_risk, 1.0)))


def _greenwood(stop: Ints, cured: npt.NDArray[np.bool_], months: int) -> tuple[float, float]:
    at_risk, events = _tables(stop, cured, months)
    left = np.maximum(at_risk - events, 1.0)
    stays = float(np.prod(1.0 - events / np.maximum(at_risk, 1.0)))
    spread = stays * float((events / (np.maximum(at_risk, 1.0) * left)).sum()) ** 0.5
    z = float(norm.ppf(0.5 + _LEVEL / 2))
    return max(0.0, 1.0 - stays - z * spread), min(1.0, 1.0 - stays + z * spread)


# --- re-default -----------------------------------------------------------------------------------------------------


def _redefault(helped: pl.DataFrame, months: int, last_month: int) -> Compared:
    measure = f"60 days late within {months} months of a modification"
    note = "Values of the homes are not in the files, so the model's rise with debt over value is left out here."
    fell = (pl.col("first_60") <= months).fill_null(False)
    ended = (pl.col("fate_after") <= months).fill_null(False)
    seen = (pl.col("month") + months <= last_month) & ((pl.col("seen") >= months) | ended | fell)
    known = helped.filter(seen & (pl.col("payment_before") > 0) & (pl.col("payment_after") > 0)).with_columns(fell=fell)
    left_out = helped.height - known.height
    why = "too recent, no longer seen, or a payment unknown"
    if known.is_empty():
        return _none(measure, "share", left_out, why, note)
    hits = int(known["fell"].sum())
    low, high = wilson(hits, known.height)
    before, after = known["payment_before"].to_numpy(), known["payment_after"].to_numpy()
    was_late = known["late_before"].fill_null(1).to_numpy() if "late_before" in known.columns else np.ones(known.height)
    modelled = {}
    for case in CASES:
        a = assumptions(case)
        hazard = a.hazard() / (1.0 - a["recure_share"])  # those who catch up again were late all the same
        less = 1.0 - a["payment_effect"] * (1.0 - after / before)
        factor = np.minimum(np.maximum(less, a["payment_floor"]), a["payment_ceiling"])
        factor = factor * np.where(was_late == 0, a["current_factor"], 1.0)
        stays = np.ones(known.height)
        for month in range(1, months + 1):
            stays *= 1.0 - np.minimum(hazard[month] * factor, 1.0)
        modelled[case] = float(1.0 - stays.mean())
    return Compared(
        measure, "share", known.height, left_out, why, hits / known.height, low, high, "Wilson", *_cases(modelled), note
    )


# --- timeline and severity ------------------------------------------------------------------------------------------


def _sold(late: pl.DataFrame) -> pl.DataFrame:
    ended = pl.col("fate").cast(pl.String).is_in(_LOST) & pl.col("fate_after").is_not_null()
    return late.filter(ended & (pl.col("late_at") > 0)).unique(
        ["loan_id"] if "loan_id" in late.columns else None, keep="last", maintain_order=True
    )


def _market(months: pl.Series, a: Assumptions, directory: Path | None) -> dict[int, Market]:
    """Return the market at the start of each year, by year; years that are not covered are left out."""
    found = {}
    for year in (months // _YEAR).unique().sort().to_list():
        try:
            found[year] = market(datetime.date(year, 1, 15), a, directory)
        except CoverageError:
            continue
    return found


def _timeline(late: pl.DataFrame, directory: Path | None) -> Compared:
    measure = "months from the last paid installment to the end of the foreclosure"
    note = "Only foreclosures that have ended are counted, so long ones are missing where the files end early."
    rows = _sold(late)
    why = "not ended by a foreclosure"
    if rows.is_empty():
        return _none(measure, "months", late.height, why, note)
    took = (rows["fate_after"] + rows["late_at"]).cast(pl.Float64).to_numpy()
    low, high = bootstrap(took)
    modelled = {}
    for case in CASES:
        markets = _market(rows["month"], assumptions(case), directory)
        if not markets:
            return dataclasses.replace(
                _none(measure, "months", late.height - rows.height, why, note),
                count=rows.height,
                actual=float(took.mean()),
                actual_low=low,
                actual_high=high,
                method="bootstrap",
            )
        any_market = next(iter(markets.values()))
        places = (
            rows["state"]
            .cast(pl.String)
            .replace_strict(dict(any_market.states), default=any_market.states[ELSEWHERE], return_dtype=pl.Int64)
        )
        modelled[case] = float(any_market.to_sale[places.to_numpy()].mean())
    return Compared(
        measure,
        "months",
        rows.height,
        late.height - rows.height,
        why,
        float(took.mean()),
        low,
        high,
        "bootstrap",
        *_cases(modelled),
        note,
    )


def _severity(late: pl.DataFrame, directory: Path | None) -> Compared:
    measure = "share of the balance lost in a foreclosure"
    note = f"Needs the loss in the files: carry it along as {LOSS} with a mapping."
    rows = _sold(late)
    why = "not ended by a foreclosure, or loss, value, balance or year unknown"
    if LOSS not in rows.columns:
        return _none(measure, "share", late.height, "the files do not tell losses", note)
    from hopenow.reference.house_prices import house_price_index

    index = house_price_index("state", directory)
    needed = [LOSS, "original_ltv", "original_balance", "original_month", "balance_before", "state"]
    rows = rows.drop_nulls([name for name in needed if name in rows.columns]).filter(
        pl.col("state").is_in(list(index.areas)) & (pl.col("original_ltv") > 0) & (pl.col("balance_before") > 0)
    )
    modelled: dict[str, float] = {}
    kept: Any = np.zeros(rows.height, np.bool_)
    for case in CASES:
        a = assumptions(case)
        markets = _market(rows["month"], a, directory) if rows.height else {}
        shares = np.full(rows.height, np.nan)
        for place, row in enumerate(rows.iter_rows(named=True)):
            own = markets.get(row["month"] // _YEAR)
            line = index.figures[index.areas[row["state"]]]
            first, last = (month // 3 - index.first_quarter for month in (row["original_month"], row["month"]))
            if own is None or not (0 <= first < line.size and 0 <= last < line.size and line[first] and line[last]):
                continue
            value = row["original_balance"] / (row["original_ltv"] / 100) * (line[last] / line[first])
            shares[place] = _lost_share(value, row["balance_before"], row["late_at"], own, own.states[row["state"]], a)
        kept = ~np.isnan(shares)
        if kept.any():
            modelled[case] = float(shares[kept].mean())
    if not kept.any():
        return _none(measure, "share", late.height, why, note)
    lost = rows[LOSS].cast(pl.Float64).to_numpy()[kept] / 100
    low, high = bootstrap(lost)
    return Compared(
        measure,
        "share",
        int(kept.sum()),
        late.height - int(kept.sum()),
        why,
        float(lost.mean()),
        low,
        high,
        "bootstrap",
        *_cases(modelled),
        "The value of the home is the original one, moved with the state's index.",
    )


def _lost_share(value: float, owed: int, late: int, m: Market, place: int, a: Assumptions) -> float:
    """Return the share of a balance that a foreclosure begun now loses, undiscounted."""
    from hopenow.valuation.modern.kernel import price_level

    months = max(int(m.to_sale[place]) - late, a.whole("least_months_to_sale")) + a.whole("reo_months")
    level = price_level(float(m.near[place]), float(m.later[place]), months, a.whole("price_window"))
    carry = value * (a["escrow_yearly"] + a["upkeep_yearly"]) / _YEAR * (late + months)
    net = value * level * (1.0 - a["reo_discount"]) * (1.0 - a["selling_cost"]) - a["foreclosure_cost"] - carry
    return 1.0 - min(max(net, 0.0), owed) / owed
