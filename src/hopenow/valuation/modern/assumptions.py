"""The modern model's assumptions in force, and the market of a day: prices by state, rates, timelines."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hopenow.errors import CoverageError, InputError
from hopenow.law import OptionLaw, Parameters, Verification, package_option, segments, shown_value
from hopenow.reference import pmms_rate
from hopenow.reference.house_prices import house_price_index, quarter_number
from hopenow.valuation.lanes import Floats, exponential, natural_log
from hopenow.valuation.timelines import months_of_days, state_timelines

__all__ = [
    "CASES",
    "ELSEWHERE",
    "RANGED",
    "Assumption",
    "Assumptions",
    "Market",
    "assumptions",
    "law",
    "market",
    "markets",
    "shown",
]

CASES: Final = ("low", "base", "high")
"""Hard times, what we take to be usual, good times."""
ELSEWHERE: Final = ""
"""Stands for states of which nothing is known: the median of the others."""

_PACKAGE: Final = "hopenow.valuation.modern"
_ONE: Final = 1_000_000
_YEAR: Final = 12
_QUARTER: Final = 3
_HORIZON_YEARS: Final = 40


@functools.cache
def law() -> OptionLaw:
    """Load the law file of the model."""
    return package_option(_PACKAGE, "model")


@functools.cache
def _parameters(case: str) -> Parameters:
    if case not in CASES:
        raise InputError(f"there is no case {case!r}; use one of {', '.join(CASES)}")
    (only,) = segments(law(), case)
    return only.parameters


def _first_day() -> datetime.date:
    return law().rule_sets[0].start or datetime.date.min


RANGED: Final = tuple(
    name for name, parameter in law().parameters.items() if len({str(item.value) for item in parameter.values}) > 1
)
"""Assumptions that have a range."""


@dataclasses.dataclass(frozen=True)
class Assumption:
    """One assumption as shown: its range, where it comes from and how sure it is."""

    name: str
    meaning: str
    unit: str
    low: str
    base: str
    high: str
    citation: str
    as_of: datetime.date | None
    verification: Verification
    note: str


def shown() -> list[Assumption]:
    """Return every assumption as shown beside a result."""
    found = []
    for name, parameter in law().parameters.items():
        values = {case: _parameters(case).source(name) for case in CASES}
        base = values["base"]
        document = law().documents[base.cite.split("#")[0]]
        words = {case: shown_value(value.value, parameter.unit) for case, value in values.items()}
        title = f"{document.publisher}: {document.title}"
        found.append(
            Assumption(
                name,
                parameter.meaning,
                parameter.unit,
                words["low"],
                words["base"],
                words["high"],
                title,
                document.as_of,
                base.verification,
                base.note or "",
            )
        )
    return found


@dataclasses.dataclass(frozen=True)
class Assumptions:
    """One case: numbers by name (percent as shares, dollars as cents), and lists by name as shares."""

    case: str
    values: Mapping[str, float]
    lists: Mapping[str, tuple[float, ...]]
    words: Mapping[str, str]

    def __getitem__(self, name: str) -> float:
        """Return one number."""
        return self.values[name]

    def whole(self, name: str) -> int:
        """Return one whole number."""
        return int(self.values[name])

    def with_from(self, name: str, other: Assumptions) -> Assumptions:
        """Return these with one assumption of another case."""
        if name in self.lists:
            return dataclasses.replace(self, lists={**self.lists, name: other.lists[name]})
        return dataclasses.replace(self, values={**self.values, name: other.values[name]})

    def without_self_cure(self) -> Assumptions:
        """Return these where nobody catches up without help."""
        none = tuple(0.0 for _ in self.lists["cure_monthly"])
        return dataclasses.replace(self, lists={**self.lists, "cure_monthly": none})

    def cure(self) -> Floats:
        """Return the chance of self-cure in a month by months late."""
        starts = [int(start) for start in self.lists["cure_from"]]
        found = np.zeros(starts[-1] + 1, np.float64)
        for start, chance in zip(starts, self.lists["cure_monthly"], strict=True):
            found[start:] = chance / 100
        found[0] = 0.0
        return found

    def hazard(self) -> Floats:
        """Return the chance in a month, by months since the start, of falling behind for good."""
        yearly = self.lists["redefault_monthly"]
        months = np.arange(_HORIZON_YEARS * _YEAR + 1)
        year = np.minimum(np.maximum(months - 1, 0) // _YEAR, len(yearly) - 1)
        found: Floats = np.array(yearly)[year] / 100 * (1.0 - self["recure_share"])
        return found


@functools.cache
def assumptions(case: str = "base") -> Assumptions:
    """Return the assumptions of a case.

    Raises:
        InputError: there is no such case.
    """
    p = _parameters(case)
    values: dict[str, float] = {}
    lists: dict[str, tuple[float, ...]] = {}
    words: dict[str, str] = {}
    for name, parameter in law().parameters.items():
        value: Any = p.value(name)
        if parameter.unit == "words":
            lists[name] = tuple(float(Decimal(item)) for item in value)
        elif parameter.unit == "choice":
            words[name] = value
        else:
            values[name] = value / _ONE if parameter.unit == "percent" else float(value)
    return Assumptions(case, values, lists, words)


@dataclasses.dataclass(frozen=True, eq=False)
class Market:
    """What a day and a case bring, by state.

    Attributes:
        states: postal code to a place in the arrays; place 0 is for states of which nothing is known. Where several
            days are put together, each day's places follow those of the day before.
        near: monthly growth of house prices in the first years. later: afterwards.
        to_sale: months from the last paid installment to the foreclosure sale.
        mortgage_rate: weekly 30-year rate, yearly share.
        days: the days, in order.
    """

    states: Mapping[str, int]
    near: Floats
    later: Floats
    to_sale: npt.NDArray[np.int64]
    mortgage_rate: Floats
    days: tuple[datetime.date, ...]


def markets(
    days: Sequence[datetime.date], chosen: Assumptions, directory: Path | None = None, mortgage_rate: int | None = None
) -> Market:
    """Return the markets of several days put together; arguments as for :func:`market`."""
    parts = [market(day, chosen, directory, mortgage_rate) for day in days]
    if len(parts) == 1:
        return parts[0]
    return Market(
        parts[0].states,
        np.concatenate([part.near for part in parts]),
        np.concatenate([part.later for part in parts]),
        np.concatenate([part.to_sale for part in parts]),
        np.concatenate([part.mortgage_rate for part in parts]),
        tuple(days),
    )


def market(
    day: datetime.date, chosen: Assumptions, directory: Path | None = None, mortgage_rate: int | None = None
) -> Market:
    """Return the market of a day under one case.

    Args:
        day: of the valuation; only what was published by then is looked at.
        chosen: the assumptions.
        directory: the user's folder of newer reference files.
        mortgage_rate: millionths a year, where the weekly series does not reach.

    Raises:
        CoverageError: the day is not covered.
    """
    if day < _first_day():
        raise CoverageError("The modern model's assumptions", asked=day, covered_from=_first_day(), covered_to=None)
    rate = pmms_rate(day, directory).rate_ppm if mortgage_rate is None else mortgage_rate
    states, near, later = _growth(
        day,
        chosen["price_rank"],
        chosen["price_rank_later"],
        chosen.whole("price_window"),
        chosen.whole("price_history"),
        chosen.whole("price_least_windows"),
        directory,
    )
    frames = state_timelines(chosen.words["time_frame_edition"], directory)
    known = sorted(item.days for item in frames.values())
    days = [known[len(known) // 2]] + [
        frames[code].days if code in frames else known[len(known) // 2] for code in list(states)[1:]
    ]
    stretched = np.floor(np.array(days, np.float64) * chosen["timeline_factor"] + 0.5).astype(np.int64)
    months = months_of_days(stretched, chosen.whole("days_in_month"))
    return Market(states, near, later, months, np.full(near.size, rate / _ONE), (day,))


@functools.lru_cache(maxsize=64)
def _growth(
    day: datetime.date, rank: float, rank_later: float, window: int, history: int, least: int, directory: Path | None
) -> tuple[dict[str, int], Floats, Floats]:
    index = house_price_index("state", directory)
    end = min(quarter_number(day) - 1, index.first_quarter + index.figures.shape[1] - 1) - index.first_quarter
    begin = max(0, end - history // _QUARTER)
    step = window // _QUARTER
    found = {}
    # The same places on every day, so that several days can be put together.
    codes = sorted(set(index.areas) | set(state_timelines("newest", directory)))
    for code in codes:
        if code not in index.areas:
            continue
        line = index.figures[index.areas[code], begin : end + 1].astype(np.float64)
        first, last = line[:-step], line[step:]
        use = (first > 0) & (last > 0)
        if use.sum() < least:
            continue
        ratios = np.sort(last[use] / first[use])
        found[code] = tuple(_monthly(float(np.quantile(ratios, share)), window) for share in (rank, rank_later))
    if not found:
        raise CoverageError(
            "House price growth", asked=day, covered_from=None, covered_to=None, hint="too few quarters before the day"
        )
    middle = [sorted(pair[place] for pair in found.values())[len(found) // 2] for place in (0, 1)]
    pairs = [tuple(middle), *(found.get(code, tuple(middle)) for code in codes)]
    states = {ELSEWHERE: 0} | {code: place for place, code in enumerate(codes, 1)}
    return states, np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])


def _monthly(ratio: float, months: int) -> float:
    return float(exponential(natural_log(ratio) / months)) - 1.0
