"""Random facts for any program, made from the schema and from the program's own law; nothing here names a program.

Values crowd what the law turns on: evaluation dates stand on, before and after every day on which a rule or a figure of
the program begins or ends; amounts, counts and rates stand on, just below and just above its figures.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.facts import NEVER, Fact, schema
from hopenow.law import FIRST_DAY, Value
from hopenow.law.model import engine_value
from hopenow.programs.base import Option, Program
from hopenow.programs.registry import candidates

DAY = datetime.timedelta(days=1)
_UNITS = {
    "money": ("dollars",),
    "rate": ("percent",),
    "months": ("months", "count"),
    "days": ("days",),
    "count": ("count", "points", "miles", "months"),
}
_HIGHEST = {"money": 100_000_000_00, "rate": 1_000_000, "months": 480, "days": 1_500, "count": 900}


def edges_of(option: Option) -> set[datetime.date]:
    """Every day on which something of an option's law begins, ends, may be adopted, or is first known."""
    found = set()
    for item in option.law.rule_sets:
        found |= {item.start, item.end, item.optional_from, item.known_since}
    for value in values_of(option):
        found |= {value.start, value.end}
    return {day for day in found if day is not None and FIRST_DAY < day < datetime.date.max}


def values_of(option: Option) -> Iterator[Value]:
    """Every value that every parameter of an option ever had."""
    for entry in option.law.parameters.values():
        yield from entry.values


def days_of(program: Program) -> list[datetime.date]:
    """Every such day of a program, the day before and the day after."""
    days = {day for option in program.options for day in edges_of(option)}
    return sorted({near for day in days for near in (day - DAY, day, day + DAY)})


def figures_of(program: Program) -> dict[str, list[int]]:
    """Every number of a program's law in engine units, by the type of fact that it may be compared with."""
    found: dict[str, set[int]] = {kind: set() for kind in _UNITS}
    for option in program.options:
        for entry in option.law.parameters.values():
            for kind, units in _UNITS.items():
                if entry.unit in units:
                    found[kind] |= {
                        number
                        for value in entry.values
                        if isinstance(number := engine_value(value.value, entry.unit), int)
                    }
    return {kind: sorted(numbers) for kind, numbers in found.items()}


def random_loans(program: Program, count: int, seed: int, holes: float = 0.15) -> pl.DataFrame:
    """Return random canonical loans with every fact that a program may read.

    Args:
        program: the program; most of the loans may be its own.
        count: loans.
        seed: of the random numbers.
        holes: share of what can be unknown that is unknown; a third of the loans is known far less, or an option with
            many rules would never be found possible.
    """
    rng = np.random.default_rng(seed)
    figures = figures_of(program)
    days = np.array(days_of(program) or [datetime.date(2020, 1, 1)], "datetime64[D]")
    spread = days.min() + rng.integers(0, max(int((days.max() - days.min()).astype(int)), 1) + 400, count)
    evaluation = np.where(rng.random(count) < 0.6, rng.choice(days, count), spread)
    homes = {"", program.id, *program.borrows}
    series = {
        "loan_id": pl.Series([f"L{place:06d}" for place in range(count)]),
        "evaluation_date": pl.Series(evaluation).cast(pl.Date),
    }
    for fact in schema().values():
        if fact.home in homes and fact.name not in series:
            made = _values(fact, count, rng, evaluation, figures, program.id)
            share = np.where(np.arange(count) % 3 == 0, _share(fact, max(holes, 0.85)), _share(fact, holes))
            series[fact.name] = made.set(pl.Series(rng.random(count) < share), None)
    return pl.DataFrame([item.alias(name) for name, item in series.items()])


def _share(fact: Fact, holes: float) -> float:
    # Without these no program would take the loan for its own.
    return holes / 8 if fact.name in {"loan_type", "investor", "lien_position", "state"} else holes


def _values(
    fact: Fact,
    count: int,
    rng: np.random.Generator,
    evaluation: npt.NDArray[np.datetime64],
    figures: dict[str, list[int]],
    program: str,
) -> pl.Series:
    if fact.type == "flag":
        return pl.Series(rng.random(count) < 0.5)
    if fact.type == "choice":
        return pl.Series(rng.choice(_own_choices(fact, program), count), dtype=fact.dtype)
    if fact.type == "date":
        shift = np.where(rng.random(count) < 0.5, rng.integers(-40, 200, count), rng.integers(0, 9_000, count))
        days = pl.Series(evaluation - shift).cast(pl.Date)
        return days.set(pl.Series(rng.random(count) < 0.25), NEVER) if fact.never else days
    if fact.type in _UNITS:
        return pl.Series(_numbers(fact, count, rng, figures[fact.type])).cast(fact.dtype)
    return pl.Series([None] * count, dtype=fact.dtype)


def _own_choices(fact: Fact, program: str) -> list[str]:
    """Return the choices of a fact; mostly those with which a loan may be the program's own."""
    if fact.name == "loan_type":
        own = [value for value in fact.choices if program in candidates((value,), (None,))]
    elif fact.name == "investor":
        own = [value for value in fact.choices if program in candidates((None,), (value,))]
    else:
        own = []
    return [*fact.choices, *own * 9]


def _numbers(fact: Fact, count: int, rng: np.random.Generator, figures: list[int]) -> npt.NDArray[np.int64]:
    low, high = fact.canonical_range
    least, most = low or 0, min(high or _HIGHEST[fact.type], _HIGHEST[fact.type])
    wide = np.exp(rng.uniform(0, np.log(most - least + 1), count)).astype(np.int64) - 1 + least
    small = rng.integers(least, min(most, least + 40) + 1, count)
    near = rng.choice(np.array(figures or [least], np.int64), count) + rng.integers(-1, 2, count)
    chosen = np.choose(rng.integers(0, 3, count), [wide, small, near])
    return np.asarray(np.clip(chosen, least, most))
