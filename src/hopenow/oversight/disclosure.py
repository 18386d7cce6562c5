"""Small cells, protected also against subtraction.

A count from 1 to one less than the threshold is never shown (*primary*). Wherever it could be worked out, or could
be told to be small, from what is shown (its line's total less the other cells, through any chain of totals), more
cells are hidden (*complementary*), the cheapest that suffice. The rule that is kept, and that the tests check with
an attacker of their own: for every small cell there is a table of whole numbers that agrees with everything shown and
in which that cell reaches the threshold. Cells of both kinds carry the same mark, so the mark gives nothing away.

Zeros are shown, and are taken for known to the attacker. What is worked out from counts (rates, averages) may be
shown only where every count behind it is; ``rates`` and ``stages`` see to that.

Method: linear relations between cells, and for each small cell the cheapest change of the table that lifts it to the
threshold (Kelly, Golden and Assad, "Cell suppression: disclosure protection for sensitive tabular data", Networks 22,
1992), solved by linear programming, in whole numbers where the first answer has fractions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import LinearConstraint, linprog, milp
from scipy.sparse import csc_array, hstack

from hopenow.errors import InputError

__all__ = ["ALL", "HIDDEN", "Key", "System", "hidden_cells", "partitions", "protect", "rates", "stages"]

ALL: Final = "(all)"
"""Category of a total: all categories of a dimension together."""
HIDDEN: Final = "hidden"
"""Name of the column that says whether a cell is hidden."""

Flags = npt.NDArray[np.bool_]
_TOTAL_COST: Final = 20.0
_WHOLE: Final = 1e-6


def hidden_cells(
    counts: Sequence[int] | npt.NDArray[np.int64],
    sums: Iterable[tuple[int, Sequence[int]]],
    threshold: int,
    *,
    public: Iterable[int] = (),
    withheld: Iterable[int] = (),
) -> Flags:
    """Return which cells to hide.

    Args:
        counts: the cells, whole numbers of people (loans, actions), none negative; totals are cells too.
        sums: the relations that anyone can see: place of a total, and places of its parts.
        threshold: smallest count that may be shown; with 1 or less nothing is hidden.
        public: places of cells that are known anyway and so cannot be hidden.
        withheld: places of cells that are hidden anyway (because another table hides them).

    Returns:
        One flag for each cell.

    Raises:
        ValueError: a count is negative, or a total is not the sum of its parts.
        InputError: a public cell is itself below the threshold, or stands in the way of protecting another.
    """
    n = np.asarray(counts, dtype=np.int64)
    relations = [(total, tuple(parts)) for total, parts in sums]
    if (n < 0).any():
        raise ValueError("counts cannot be negative")
    for total, parts in relations:
        if n[total] != n[list(parts)].sum():
            raise ValueError(f"cell {total} is {n[total]}, but its parts sum to {n[list(parts)].sum()}")
    small = (n > 0) & (n < threshold)
    known = np.zeros(len(n), np.bool_)
    known[list(public)] = True
    if (small & known).any():
        raise InputError(f"A cell that is always shown has fewer than {threshold}; leave it out or take a wider group.")
    hidden = small.copy()
    hidden[list(withheld)] = True
    hidden &= ~known
    if not small.any() or not relations:
        return hidden
    matrix = _relations(relations, len(n))
    cost = 1.0 + np.log1p(n)
    totals = np.array([total for total, _ in relations])
    cost[totals] *= _TOTAL_COST
    fixed = known | (n == 0)
    open_to_doubt = np.zeros(len(n), np.bool_)
    for cell in sorted(np.flatnonzero(small).tolist(), key=lambda place: (int(n[place]), place)):
        if open_to_doubt[cell]:
            continue
        change = _change(matrix, n, hidden & ~fixed, np.zeros(len(n)), cell, threshold)
        if change is None:
            change = _change(matrix, n, ~fixed, np.where(hidden, 0.0, cost), cell, threshold)
        if change is None:
            raise InputError(
                f"A count below {threshold} cannot be protected while all totals stay public; take wider groups."
            )
        hidden |= change != 0
        open_to_doubt |= n + change >= threshold
    return hidden


Key = tuple[object, ...]


class System:
    """Counts of several tables about the same people, with everything that adds up, protected together.

    A count that stands in two tables has one key, so that it is shown in both or in neither. Add the counts and say
    what adds up to what, also across tables; then `solve`, and ask for what may be shown.
    """

    def __init__(self, threshold: int) -> None:
        """Begin; ``threshold`` is the smallest count that may be shown."""
        self.threshold = threshold
        self._places: dict[Key, int] = {}
        self._counts: list[int] = []
        self._sums: dict[tuple[int, tuple[int, ...]], None] = {}
        self._hidden: Flags | None = None

    def add(self, key: Key, count: int) -> Key:
        """Add a count; adding it again changes nothing.

        Raises:
            ValueError: the key has another count already.
        """
        place = self._places.setdefault(key, len(self._counts))
        if place == len(self._counts):
            self._counts.append(count)
        elif self._counts[place] != count:
            raise ValueError(f"{key} is {self._counts[place]} in one table and {count} in another")
        return key

    def total(self, total: Key, parts: Iterable[Key]) -> None:
        """Say that some counts add up to another, all of them added before."""
        self._sums[self._places[total], tuple(self._places[part] for part in parts)] = None

    def split(self, whole: Key, part: Key) -> Key:
        """Add what is left of a count without a part of it, which anyone can work out; return its key."""
        rest = self.add((*whole, "without", *part), self.count(whole) - self.count(part))
        self.total(whole, (part, rest))
        return rest

    def has(self, key: Key) -> bool:
        """Whether a count was added."""
        return key in self._places

    def count(self, key: Key) -> int:
        """Return a count, shown or not."""
        return self._counts[self._places[key]]

    def solve(self) -> None:
        """Decide what to hide."""
        self._hidden = hidden_cells(self._counts, self._sums, self.threshold)

    def shown(self, key: Key) -> int | None:
        """Return a count, or None where it is hidden; a key that was never added counts nothing."""
        if self._hidden is None:
            raise ValueError("solve first")
        place = self._places.get(key)
        if place is None:
            return 0
        return None if self._hidden[place] else self._counts[place]


def _relations(sums: Sequence[tuple[int, tuple[int, ...]]], size: int) -> csc_array:
    rows, columns, values = [], [], []
    for row, (total, parts) in enumerate(sums):
        rows += [row] * (len(parts) + 1)
        columns += [*parts, total]
        values += [1.0] * len(parts) + [-1.0]
    return csc_array((values, (rows, columns)), shape=(len(sums), size))


def _change(
    matrix: csc_array,
    n: npt.NDArray[np.int64],
    free: Flags,
    cost: npt.NDArray[np.float64],
    cell: int,
    threshold: int,
) -> npt.NDArray[np.int64] | None:
    """Return the cheapest change of the free cells, true to every relation, that lifts a cell to the threshold.

    None where there is none.
    """
    places = np.flatnonzero(free)
    part = matrix[:, places].tocsr()
    part = part[np.flatnonzero(np.diff(part.indptr))]
    size = len(places)
    at = int(np.searchsorted(places, cell))
    low = np.zeros(2 * size)
    low[at] = threshold - n[cell]
    high = np.concatenate([np.full(size, np.inf), n[places].astype(np.float64)])
    high[size + at] = 0.0
    # Every changed cell costs a little, hidden or not, so that the answer has no idle circles.
    price = np.tile(cost[places] + 1e-4, 2)
    both = hstack([part, -part], format="csr")
    bounds = np.column_stack([low, high])
    answer = linprog(price, A_eq=both, b_eq=np.zeros(both.shape[0]), bounds=bounds, method="highs-ds")
    if answer.status == 0 and (np.abs(answer.x - np.rint(answer.x)) > _WHOLE).any():
        answer = milp(
            price,
            constraints=LinearConstraint(both, 0.0, 0.0),
            bounds=(low, high),
            integrality=np.ones(2 * size),
        )
    if answer.status != 0 or answer.x is None:
        return None
    found = np.rint(answer.x).astype(np.int64)
    change = np.zeros(len(n), np.int64)
    change[places] = found[:size] - found[size:]
    return change


# --- tables -----------------------------------------------------------------------------------------


def protect(
    frame: pl.DataFrame,
    dims: Sequence[str],
    count: str = "count",
    *,
    threshold: int,
    public_total: bool = False,
) -> pl.DataFrame:
    """Return a table with every total, small cells hidden.

    Args:
        frame: one row for each combination of categories that occurs (several are added up); missing categories are
            a category of their own, ``unknown``.
        dims: columns with categories (text).
        count: column with whole numbers.
        threshold: smallest count that may be shown.
        public_total: the grand total is known anyway (it is printed elsewhere), so it is never hidden.

    Returns:
        Columns ``dims`` (`ALL` marks a total), ``count`` (null where hidden) and ``hidden``, for every combination
        of the categories that occur and every total over them. Absent combinations count zero and are left out.

    Raises:
        InputError: the grand total is public, but below the threshold.
        ValueError: a category is called `ALL`.
    """
    full = _with_totals(frame, dims, count)
    places = {key: place for place, key in enumerate(full.select(dims).iter_rows())}
    sums = _table_sums(places, len(dims))
    public = [places[(ALL,) * len(dims)]] if public_total and places else []
    hidden = hidden_cells(full[count].to_numpy(), sums, threshold, public=public)
    return full.with_columns(pl.Series(HIDDEN, hidden, dtype=pl.Boolean)).with_columns(
        pl.when(~pl.col(HIDDEN)).then(pl.col(count)).alias(count)
    )


def _with_totals(frame: pl.DataFrame, dims: Sequence[str], count: str) -> pl.DataFrame:
    """Return all cells and totals that are not zero, inner cells first."""
    named = frame.select(*(pl.col(name).cast(pl.String).fill_null("unknown") for name in dims), pl.col(count))
    for name in dims:
        if (named[name] == ALL).any():
            raise ValueError(f"column {name}: a category may not be called {ALL}")
    parts = []
    for kept in _subsets(len(dims)):
        keys = [dims[place] for place in kept]
        cells = named.group_by(keys).agg(pl.col(count).sum()) if keys else named.select(pl.col(count).sum())
        others = [pl.lit(ALL).alias(name) for name in dims if name not in keys]
        parts.append(cells.with_columns(others).select(*dims, pl.col(count).cast(pl.Int64)))
    full = pl.concat(parts).filter(pl.col(count) > 0)
    return full.sort([*((pl.col(name) == ALL) for name in dims), *dims])


def _subsets(size: int) -> list[tuple[int, ...]]:
    return [kept for length in range(size, -1, -1) for kept in itertools.combinations(range(size), length)]


def _table_sums(places: dict[tuple[str, ...], int], size: int) -> list[tuple[int, list[int]]]:
    """Return each total along each dimension with its parts."""
    sums: dict[tuple[int, int], list[int]] = {}
    for key, place in places.items():
        for dim in range(size):
            if key[dim] != ALL:
                total = places[(*key[:dim], ALL, *key[dim + 1 :])]
                sums.setdefault((total, dim), []).append(place)
    return [(total, parts) for (total, _), parts in sums.items()]


def rates(
    frame: pl.DataFrame,
    dims: Sequence[str],
    *,
    of: str,
    hits: str,
    threshold: int,
    public_total: bool = False,
) -> pl.DataFrame:
    """Return counts and rates of groups and totals, with nothing from which a small count could be worked out.

    Both those with the outcome and those without it are protected: 99 of 100 tells as much as 1 of 100.

    Args:
        frame: one row for each combination of groups (several are added up).
        dims: columns with the groups.
        of: column with the number of people in the group.
        hits: column with the number of those with the outcome.
        threshold: smallest count that may be shown.
        public_total: the number of all people is known anyway.

    Returns:
        Columns ``dims``, ``of``, ``hits`` (null where hidden), ``rate`` (a fraction; null where either is hidden) and
        ``hidden`` (either is).
    """
    return stages(frame, dims, [of, hits], threshold=threshold, public_total=public_total).select(
        *dims, of, hits, pl.col(f"{hits}_rate").alias("rate"), HIDDEN
    )


def stages(
    frame: pl.DataFrame,
    dims: Sequence[str],
    steps: Sequence[str],
    *,
    threshold: int,
    public_total: bool = False,
) -> pl.DataFrame:
    """Return how many of each group reach each step of a funnel, with nothing small to be worked out.

    Those lost between two steps are protected like those who go on.

    Args:
        frame: one row for each combination of groups (several are added up).
        dims: columns with the groups.
        steps: columns with the number of people who reach each step, each step holding no more than the one before.
        threshold: smallest count that may be shown.
        public_total: the number of all people at the first step is known anyway.

    Returns:
        Columns ``dims``; the ``steps`` (null where hidden); for each step after the first ``<step>_rate``, its share
        of the step before (null where either is hidden); and ``hidden`` (something in the row is).

    Raises:
        ValueError: a step holds more people than the one before.
    """
    total_of = [_with_totals(frame, dims, step).rename({step: "count"}) for step in steps]
    keys = list(total_of[0].select(dims).iter_rows())
    place_of = {key: place for place, key in enumerate(keys)}
    reached = np.zeros((len(steps), len(keys)), np.int64)
    for row, table in enumerate(total_of):
        for *key, value in table.iter_rows():
            if tuple(key) not in place_of:
                raise ValueError(f"step {steps[row]} has people in {key} where step {steps[0]} has none")
            reached[row, place_of[tuple(key)]] = value
    lost = reached[:-1] - reached[1:]
    if (lost < 0).any():
        raise ValueError("a step of a funnel cannot hold more people than the step before")
    size = len(keys)
    counts = np.concatenate([reached.ravel(), lost.ravel()])
    sums: list[tuple[int, Sequence[int]]] = []
    for block in range(len(steps) + len(steps) - 1):
        sums += [
            (block * size + total, [block * size + part for part in parts])
            for total, parts in _table_sums(place_of, len(dims))
        ]
    for step in range(len(steps) - 1):
        sums += [
            (step * size + place, ((step + 1) * size + place, (len(steps) + step) * size + place))
            for place in range(size)
        ]
    public = [place_of[(ALL,) * len(dims)]] if public_total and keys else []
    flags = hidden_cells(counts, sums, threshold, public=public)[: len(steps) * size].reshape(len(steps), size)
    columns: dict[str, pl.Series] = {
        name: pl.Series(name, [key[place] for key in keys], dtype=pl.String) for place, name in enumerate(dims)
    }
    for name, people, unseen in zip(steps, reached, flags, strict=True):
        columns[name] = pl.Series(name, people, dtype=pl.Int64).set(pl.Series(unseen), None)
    shown = pl.DataFrame(columns)
    shares = [
        pl.when(pl.col(before) > 0).then(pl.col(after) / pl.col(before)).alias(f"{after}_rate")
        for before, after in itertools.pairwise(steps)
    ]
    return shown.with_columns(shares).with_columns(pl.Series(HIDDEN, flags.any(axis=0), dtype=pl.Boolean))


def partitions(
    frame: pl.DataFrame,
    group: str,
    names: Sequence[str],
    *,
    threshold: int,
    overall: System | None = None,
    prefix: Key = (),
) -> pl.DataFrame:
    """Count the same people by one grouping and several partitions at once, protected together.

    A partition says for everyone which one of its categories holds (what had become of them after a year, say, and
    after two years). Group by group and in all, every partition adds up to the same people, which an attacker knows.

    Args:
        frame: one row for each person.
        group: column with the groups (text).
        names: columns with the partitions (text).
        threshold: smallest count that may be shown.
        overall: where the totals over all groups were decided: the number of people under the key ``prefix``, a
            category of a partition under ``(*prefix, partition, category)``. They are shown or hidden as they were
            there, so that tables do not undo each other. None decides them here.
        prefix: see ``overall``.

    Returns:
        Columns ``group``, ``partition``, ``category``, ``count`` (null where hidden) and ``hidden``, for groups and
        categories that occur and `ALL` of each; the number of people in a group stands under partition and category
        `ALL`.
    """
    named = frame.select(pl.col(name).cast(pl.String).fill_null("unknown") for name in (group, *names))
    keys: list[tuple[str, str, str]] = []
    counts: list[int] = []

    def add(rows: pl.DataFrame, partition: str) -> None:
        for one, category, count in rows.iter_rows():
            keys.append((one, partition, category))
            counts.append(count)

    size = pl.len().cast(pl.Int64)
    for one in (group, None):
        within = pl.lit(ALL).alias("g") if one is None else pl.col(one).alias("g")
        people = named.with_columns(within).group_by("g").agg(size).sort("g") if named.height else named.clear()
        if named.height:
            add(people.select("g", pl.lit(ALL), "len"), ALL)
        for name in names:
            cells = named.with_columns(within).group_by("g", name).agg(size).sort("g", name)
            add(cells, name)
    places = {key: place for place, key in enumerate(keys)}
    sums: dict[tuple[int, str], list[int]] = {}
    for (one, partition, category), place in places.items():
        if partition != ALL:
            sums.setdefault((places[one, ALL, ALL], partition), []).append(place)
        if one != ALL:
            sums.setdefault((places[ALL, partition, category], "groups"), []).append(place)
    public: list[int] = []
    withheld: list[int] = []
    if overall is not None:
        for (one, partition, category), place in places.items():
            if one == ALL:
                key = prefix if partition == ALL else (*prefix, partition, category)
                (withheld if overall.shown(key) is None else public).append(place)
    relations = [(total, parts) for (total, _), parts in sums.items()]
    flags = hidden_cells(counts, relations, threshold, public=public, withheld=withheld)
    return pl.DataFrame(
        {
            "group": [key[0] for key in keys],
            "partition": [key[1] for key in keys],
            "category": [key[2] for key in keys],
            "count": pl.Series(counts, dtype=pl.Int64).set(pl.Series(flags), None)
            if keys
            else pl.Series([], dtype=pl.Int64),
            HIDDEN: pl.Series(flags, dtype=pl.Boolean),
        },
        schema={
            "group": pl.String,
            "partition": pl.String,
            "category": pl.String,
            "count": pl.Int64,
            HIDDEN: pl.Boolean,
        },
    )
