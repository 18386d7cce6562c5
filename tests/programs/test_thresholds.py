"""Every number in a rule: just below it, at it, and just above it; found in the rules themselves.

For each such rule of each program, at each time, loans are sought at which the answer turns as one fact or amount moves
by its smallest unit. There the answer must turn exactly once: yes and no lie one cent, one day or one count apart, and
nothing is undecided between them. Each number that the rule takes from the law must move such a turn when it is moved
itself; a number that moves nothing would be law that does not bind. Where a rule compares one fact with one number of
the same unit, the turn must lie at the number itself.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from hopenow.errors import LawError
from hopenow.facts import NEVER, schema
from hopenow.law import Parameters
from hopenow.programs.base import Option
from hopenow.programs.registry import PROGRAMS, program
from hopenow.review.engine import Part, Settings, determine
from hopenow.review.plan import Interval, PlannedRule, intervals
from tests.programs.random_facts import random_loans

Whole = npt.NDArray[np.int64]
ROWS, TRIES = 40, 4
MORE_ROWS, MORE_TRIES = 600, 12
MANY = 12_000
YES, NO, OPEN = 1, 0, -1
EPOCH = datetime.date(1970, 1, 1)

SAME_UNIT = {"months": ("months",), "days": ("days",), "count": ("count", "months", "points", "miles")}
"""Type of a fact to the units of a number that it can be compared with as it is."""

NOT_BINDING: Mapping[str, str] = {}
"""``program.option.rule.figure`` to why moving the number moves no answer."""


# --- rules --------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Threshold:
    """A rule as it stands in one stretch of time, with the numbers of the law that it reads."""

    program: str
    option: Option
    rule: PlannedRule
    parameters: Parameters
    interval: Interval
    figures: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.program}.{self.option.id}.{self.rule.id}"

    def under(self, figure: str, value: int) -> pl.Expr:
        """Return the rule with one number moved."""
        return self.option.rules[self.rule.id](self.parameters.replaced(figure, value)).cast(pl.Boolean)


def each_threshold(name: str) -> Iterator[Threshold]:
    """Every rule of a program that reads a number, once for each set of values that its numbers ever had."""
    seen = set()
    for interval in intervals(program(name)):
        for planned in interval.options:
            for rule in planned.rules:
                figures = tuple(
                    figure
                    for figure in rule.parameters
                    if isinstance(value := planned.parameters.value(figure), int) and not isinstance(value, bool)
                )
                values = tuple((figure, planned.parameters.value(figure)) for figure in rule.parameters)
                # The same test with the same numbers may stand in several options.
                key = (id(planned.option.rules[rule.id]), rule.id, values)
                if figures and key not in seen:
                    seen.add(key)
                    yield Threshold(name, planned.option, rule, planned.parameters, interval, figures)


@functools.cache
def reviewed(name: str, count: int = 300) -> list[Part]:
    """Reviewed random loans of a program."""
    return determine(random_loans(program(name), count, seed=5, holes=0.03), Settings(programs=(name,)))


@functools.cache
def types(name: str) -> Mapping[str, pl.DataType]:
    """Every column that a program's rules may read, with its type: that of a reviewed loan."""
    found: dict[str, pl.DataType] = {}
    for part in reviewed(name):
        found |= {column: kind for column, kind in part.frame.schema.items() if kind != pl.Null or column not in found}
    return found


# --- frames -------------------------------------------------------------------------------------------------------


def moving(kind: pl.DataType) -> bool:
    """Whether a column can be moved by a smallest unit."""
    return kind.is_integer() or kind == pl.Date


def made(columns: tuple[str, ...], item: Threshold, seed: int, rows: int) -> pl.DataFrame:
    """Return loans of which everything that a rule reads is known."""
    kinds = types(item.program)
    rng = np.random.default_rng(seed)
    figures = [int(item.parameters[figure]) for figure in item.figures]
    first = max(item.interval.start, datetime.date(1995, 1, 1))
    last = min(item.interval.end, datetime.date(2027, 1, 1))
    start, length = (first - EPOCH).days, max((last - first).days, 0) + 1
    day = start + rng.integers(0, length, rows)
    found = {}
    for name in columns:
        kind = kinds[name]
        if name == "evaluation_date":
            series = pl.Series(day).cast(pl.Int32).cast(pl.Date)
        elif kind == pl.Date:
            series = pl.Series(day - rng.integers(-100, 1_500, rows)).cast(pl.Int32).cast(pl.Date)
            if name in schema() and schema()[name].never:
                series = series.set(pl.Series(rng.random(rows) < 0.3), NEVER)
        elif kind == pl.Boolean:
            series = pl.Series(rng.random(rows) < 0.5)
        elif isinstance(kind, pl.Enum):
            series = pl.Series(rng.choice(kind.categories.to_list(), rows), dtype=kind)
        elif kind.is_integer():
            near = rng.choice(np.array(figures), rows) + rng.integers(-1, 2, rows)
            large = np.exp(rng.uniform(np.log(1e4), np.log(2e7), rows)).astype(np.int64)
            small = rng.integers(0, 30, rows)
            series = pl.Series(np.choose(rng.integers(0, 3, rows), [near, large, small]).clip(0)).cast(kind)
        else:
            series = pl.Series([None] * rows, dtype=kind)
        found[name] = series
    return pl.DataFrame([series.alias(name) for name, series in found.items()])


def answers(expression: pl.Expr, frame: pl.DataFrame, moved: str, values: Whole) -> Whole:
    """Return the answers with one column set to given values: yes, no, open."""
    kind = frame.schema[moved]
    series = pl.Series(moved, values)
    series = series.cast(pl.Int32).cast(pl.Date) if kind == pl.Date else series.cast(kind)
    said = frame.with_columns(series).select(expression.cast(pl.Int8).fill_null(OPEN).alias("said"))["said"]
    found = said.to_numpy().astype(np.int64)
    return found if found.size == frame.height else np.repeat(found, frame.height)


def anchors(item: Threshold, frame: pl.DataFrame, moved: str) -> Whole:
    """Return values of the moved column, for each row in rising order; between two of them an answer may turn."""
    if frame.schema[moved] == pl.Date:
        if "evaluation_date" in frame.columns and moved != "evaluation_date":
            center = frame["evaluation_date"].cast(pl.Int32).to_numpy().astype(np.int64)
        else:
            center = np.full(frame.height, (max(item.interval.start, EPOCH) - EPOCH).days, np.int64)
        shifts = (-12_000, -4_000, -1_500, -700, -300, -100, -40, -12, -1, 0, 3, 20, 70, 200, 1_000, 3_000)
        return np.array([center + shift for shift in shifts])
    figures = [int(item.parameters[figure]) for figure in item.figures]
    wide = [0, 1, 3, 10, 40, 200, 1_000, 10_000, 10**5, 10**6, 10**7, 10**8, 10**9]
    values = sorted({value for figure in figures for value in (figure - 2, figure + 2) if value >= 0} | set(wide))
    high = np.iinfo(np.int32).max if frame.schema[moved] != pl.Int64 else 10**9
    values = [value for value in values if value <= high]
    return np.array([np.full(frame.height, value, np.int64) for value in values])


@dataclasses.dataclass(frozen=True)
class Turns:
    """Loans at which a rule's answer turns: the rows, and the first value of the moved column with the new answer."""

    frame: pl.DataFrame
    moved: str
    values: Whole


def turns(item: Threshold, frame: pl.DataFrame, moved: str) -> Iterator[Turns]:
    """Find where the answer turns, between neighboring anchors, by halving."""
    test = item.rule.expression.cast(pl.Boolean)
    points = anchors(item, frame, moved)
    said = np.array([answers(test, frame, moved, point) for point in points])
    differ = (said[:-1] != said[1:]) & (said[:-1] != OPEN) & (said[1:] != OPEN)
    for place in np.flatnonzero(differ.any(axis=1)):
        rows = np.flatnonzero(differ[place])
        low, high, before = points[place, rows], points[place + 1, rows], said[place, rows]
        own = frame[rows.tolist()]
        while (high - low > 1).any():
            middle = (low + high) // 2
            same = answers(test, own, moved, middle) == before
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        yield Turns(own, moved, high)


# --- tests --------------------------------------------------------------------------------------------------------


def columns_of(item: Threshold) -> tuple[str, ...]:
    """Return what a rule reads under any value of its numbers."""
    return tuple(sorted(set(item.rule.columns) | {"evaluation_date"}))


def found_turns(item: Threshold) -> Iterator[Turns]:
    """Look among a few loans first, and among many where these do not turn every number."""
    columns = columns_of(item)
    for seed in range(TRIES + MORE_TRIES):
        frame = made(columns, item, seed, ROWS if seed < TRIES else MORE_ROWS)
        for moved in columns:
            if moving(frame.schema[moved]):
                yield from turns(item, frame, moved)


def turns_once(item: Threshold, found: Turns) -> None:
    """Just below there is one answer; at the turn and just above there is the other."""
    test = item.rule.expression.cast(pl.Boolean)
    below, at, above = (answers(test, found.frame, found.moved, found.values + shift) for shift in (-1, 0, 1))
    assert (below != at).all(), item.name
    assert ((at != OPEN) & (below != OPEN)).all(), item.name
    # Where the next turn follows at once (a single value between two limits), the answer may go back.
    back = above == below
    assert (above[~back] == at[~back]).all(), item.name
    if single(item):
        (figure,) = item.figures
        limit = int(item.parameters[figure])
        assert set(found.values.tolist()) <= {limit, limit + 1}, (item.name, found.moved, limit)


def single(item: Threshold) -> bool:
    """Whether a rule compares one fact of days, months or counts with one number of the same unit, and no more."""
    numbers = [name for name in item.rule.columns if moving(types(item.program)[name])]
    if len(numbers) != 1 or len(item.figures) != 1 or numbers[0] not in schema():
        return False
    unit = item.option.law.parameters[item.figures[0]].unit
    return unit in SAME_UNIT.get(schema()[numbers[0]].type, ())


def binding(item: Threshold, found: Turns, figure: str) -> bool:
    """Whether moving a number of the law moves an answer at a turn, or beside it."""
    test = item.rule.expression.cast(pl.Boolean)
    value = int(item.parameters[figure])
    for change in (1, -1, max(value // 100, 1), -max(value // 100, 1)):
        if value + change < 0:
            continue
        try:
            moved = item.under(figure, value + change)
        except LawError:  # another figure that goes with this one has no value there
            continue
        for shift in (0, -1):
            values = found.values + shift
            if (
                answers(test, found.frame, found.moved, values) != answers(moved, found.frame, found.moved, values)
            ).any():
                return True
    return False


def unbound(item: Threshold) -> list[str]:
    """Check a rule at its turns; return the numbers that move none of them."""
    left = list(item.figures)
    for found in found_turns(item):
        turns_once(item, found)
        left = [figure for figure in left if not binding(item, found, figure)]
        if not left:
            break
    return [figure for figure in left if not through_terms(item, figure)]


def through_terms(item: Threshold, figure: str) -> bool:
    """Whether a number acts through the option's own terms, on which the rule rests: moving it moves some term."""
    option, value = item.option, int(item.parameters[figure])
    if option.terms is None or not any(name.startswith(f"{option.id}__") for name in item.rule.columns):
        return False
    for part in reviewed(item.program, MANY):
        own = part.frame.filter(pl.col("evaluation_date").is_between(item.interval.start, item.interval.end))
        if own.is_empty():
            continue
        for change in (1, -1, max(value // 100, 1), -max(value // 100, 1)):
            moved = item.parameters.replaced(figure, value + change)
            before, after = option.terms(own, item.parameters), option.terms(own, moved)
            if not before.equals(after, null_equal=True):
                return True
    return False


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_number_of_a_rule(name: str) -> None:
    rules = list(each_threshold(name))
    left = [f"{item.name}.{figure}" for item in rules for figure in unbound(item)]
    own = {key for key in NOT_BINDING if key.startswith(f"{name}.")}
    assert set(left) - own == set()
    # What is no longer true comes off the list.
    assert own - set(left) == set()


def test_rules_with_numbers_are_found() -> None:
    counts = {name: sum(1 for _ in each_threshold(name)) for name in PROGRAMS}
    assert counts["fannie_mae"] > 20
    assert counts["fha"] > 20
    assert counts["hamp"] > 15


def test_a_planted_rule_that_does_not_bind_is_found() -> None:
    """The test bites: a rule that reads a number and does not use it, and one that is off by one."""
    item = next(item for item in each_threshold("va") if item.rule.id == "VA-RP-1")
    assert unbound(item) == []
    (figure,) = item.figures

    def plant(make: Any) -> Threshold:
        option = dataclasses.replace(item.option, rules={**item.option.rules, item.rule.id: make})
        rule = dataclasses.replace(item.rule, expression=make(item.parameters))
        return dataclasses.replace(item, option=option, rule=rule)

    assert unbound(plant(lambda p: pl.col("days_delinquent") >= 61)) == [figure]
    with pytest.raises(AssertionError, match="VA-RP-1"):
        unbound(plant(lambda p: pl.col("days_delinquent") >= p[figure] - 3))
