"""Tables of counts by group that protect small groups: joined where a whole group is small, hidden where a cell is.

A small group joins other small ones (under `MERGED`); where they are too few even together, it joins the group that
it changes least: its neighbor in an order, else the people whose group is not known, else the largest group.

Everything published of a table is a *figure*: a sum of exclusive classes of people (how far exactly they got).
Figures, classes and their totals over the groups go together into :func:`hopenow.oversight.disclosure.hidden_cells`,
with what is known anyway: the sizes of the groups, the figures of everybody, and figures of the same people shown in
another table.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.errors import InputError
from hopenow.oversight.disclosure import hidden_cells
from hopenow.oversight.fairness.groups import UNKNOWN, Dimension
from hopenow.oversight.fairness.vocabulary import measures

__all__ = ["EVERYBODY", "MERGED", "PEOPLE", "Cells", "cut", "everybody", "joined", "together"]

MERGED = "other groups together"
EVERYBODY = "everybody"
PEOPLE = "people"
"""Name of the figure that counts all people of a group."""
MOST_GROUPS = 40
"""Groups of one dimension shown by themselves; the smallest beyond that are put together."""


@dataclasses.dataclass(frozen=True)
class Cells:
    """Figures by group, with what is hidden.

    Attributes:
        groups: names, in order; `UNKNOWN` for people whose group is not known.
        joined: small group to the group that it is counted in (`MERGED`, or one that is shown).
        values: figure to its count in each group.
        hidden: figure to whether it is hidden, for each group.
    """

    groups: tuple[str, ...]
    joined: Mapping[str, str]
    values: Mapping[str, tuple[int, ...]]
    hidden: Mapping[str, tuple[bool, ...]]

    def total(self, group: str, figure: str = PEOPLE) -> int | None:
        """Return a figure of a group; None where it is hidden."""
        place = self.groups.index(group)
        return None if self.hidden[figure][place] else self.values[figure][place]

    def shown(self) -> set[tuple[str, str]]:
        """Return the groups and figures that are shown."""
        return {
            (group, figure)
            for figure, marks in self.hidden.items()
            for group, mark in zip(self.groups, marks, strict=True)
            if not mark
        }


def everybody(
    frame: pl.DataFrame,
    column: str,
    classes: Sequence[str],
    figures: Mapping[str, Sequence[str]],
    minimum: int | None = None,
) -> Cells:
    """Return the figures of all people together; see `cut`."""
    whole = Dimension("", EVERYBODY, False, (EVERYBODY,), None, "")
    return cut(frame.with_columns(pl.lit(EVERYBODY).alias("group_")), whole, column, classes, figures, minimum)


def cut(
    frame: pl.DataFrame,
    dimension: Dimension,
    column: str,
    classes: Sequence[str],
    figures: Mapping[str, Sequence[str]],
    minimum: int | None = None,
    *,
    whole: Cells | None = None,
    known: Collection[tuple[str, str]] = (),
) -> Cells:
    """Count people by group and class, and hide what could tell of a few.

    Args:
        frame: people, with the dimension's group column.
        dimension: how people are grouped.
        column: text column with the exclusive class of each person.
        classes: every class.
        figures: what is published: name to the classes that it adds up. `PEOPLE` is added.
        minimum: smallest count shown; None takes the measures'.
        whole: the same figures of everybody, as published.
        known: groups and figures that are shown in another table of the same people.
    """
    least = measures()["minimum_cell"] if minimum is None else minimum
    group = pl.col(f"group_{dimension.id}").fill_null(UNKNOWN)
    counted = frame.group_by(group.alias("group"), pl.col(column).alias("class")).agg(pl.len().alias("n"))
    table = {(row["group"], row["class"]): int(row["n"]) for row in counted.iter_rows(named=True)}
    sizes: dict[str, int] = {}
    for (name, _), count in table.items():
        sizes[name] = sizes.get(name, 0) + count
    names = [name for name in (*dimension.levels, UNKNOWN) if name in sizes]
    into = joined(names, sizes, least, ordered=dimension.ordered)
    shown = [name for name in names if name not in into]
    if MERGED in into.values():
        shown.append(MERGED)
    inside = {name: [other for other in names if into.get(other, other) == name] for name in shown}
    rows = [[sum(table.get((name, item), 0) for name in inside[group]) for item in classes] for group in shown]
    counts = np.array(rows, np.int64).reshape(len(shown), len(classes))
    every = {**{name: tuple(parts) for name, parts in figures.items()}, PEOPLE: tuple(classes)}
    places = {name: [list(classes).index(part) for part in parts] for name, parts in every.items()}
    values = {name: tuple(int(value) for value in counts[:, own].sum(axis=1)) for name, own in places.items()}
    hidden = _hidden(shown, counts, places, values, least, whole, set(known))
    return Cells(tuple(shown), into, values, hidden)


def together(frame: pl.DataFrame, dimension: Dimension, minimum: int | None = None) -> pl.DataFrame:
    """Return the frame with the dimension's small groups put together as `cut` does, and the unknown named."""
    least = measures()["minimum_cell"] if minimum is None else minimum
    column = f"group_{dimension.id}"
    frame = frame.with_columns(pl.col(column).fill_null(UNKNOWN))
    sizes = {str(name): int(count) for name, count in frame[column].value_counts(name="n").iter_rows()}
    names = [name for name in (*dimension.levels, UNKNOWN) if name in sizes]
    into = joined(names, sizes, least, ordered=dimension.ordered)
    return frame.with_columns(pl.col(column).replace(into)) if into else frame


def _hidden(
    groups: Sequence[str],
    counts: npt.NDArray[np.int64],
    places: Mapping[str, list[int]],
    values: Mapping[str, tuple[int, ...]],
    least: int,
    whole: Cells | None,
    known: set[tuple[str, str]],
) -> dict[str, tuple[bool, ...]]:
    """Put every number that can be seen, and how they add up, before the disclosure control."""
    if not groups:
        return dict.fromkeys(places, ())
    table = np.vstack([counts, counts.sum(axis=0)])
    width = table.shape[1]
    numbers: list[int] = [int(value) for value in table.ravel()]
    sums: list[tuple[int, list[int]]] = []
    at: dict[tuple[int, str], int] = {}
    for row in range(len(table)):
        for name, own in places.items():
            if len(own) == 1:
                at[row, name] = row * width + own[0]
                continue
            at[row, name] = len(numbers)
            numbers.append(int(table[row, own].sum()))
            sums.append((at[row, name], [row * width + place for place in own]))
    last = len(groups)
    for place in range(width):
        sums.append((last * width + place, [row * width + place for row in range(last)]))
    for name, own in places.items():
        if len(own) > 1:
            sums.append((at[last, name], [at[row, name] for row in range(last)]))
    public = {at[row, PEOPLE] for row in range(last + 1)}
    public |= {at[groups.index(group), name] for group, name in known if group in groups and name in places}
    if whole is not None:
        public |= {at[last, name] for name in places if whole.total(EVERYBODY, name) is not None}
    public = {place for place in public if not 0 < numbers[place] < least}
    try:
        marks = hidden_cells(numbers, sums, least, public=sorted(public))
    except InputError:
        # It cannot be protected while what is known stays known: nothing but the sizes is shown.
        return {name: tuple(name != PEOPLE and value > 0 for value in values[name]) for name in places}
    return {name: tuple(bool(marks[at[row, name]]) for row in range(last)) for name in places}


def joined(
    names: Sequence[str], sizes: Mapping[str, int], least: int, *, ordered: bool, sink: str = UNKNOWN
) -> dict[str, str]:
    """Return which groups are counted in which other one.

    Args:
        names: groups in order, the one of people whose group is not known last.
        sizes: people in each.
        least: smallest size of a group shown.
        ordered: the groups have an order of their own.
        sink: group that may take in the few, where it is large enough itself.
    """
    if ordered:
        return _neighbors([name for name in names if name != UNKNOWN], sizes, least, names)
    by_size = sorted(names, key=lambda name: (sizes[name], name))
    few = [name for name in by_size if sizes[name] < least]
    excess = len(names) - MOST_GROUPS
    if excess > 0:
        few = by_size[: max(len(few), excess + 1)]
    rest = [name for name in by_size if name not in few]
    if not few or not rest:
        return {}
    if len(few) > 1 and sum(sizes[name] for name in few) >= least:
        return dict.fromkeys(few, MERGED)
    return dict.fromkeys(few, sink if sink in rest else rest[-1])


def _neighbors(order: Sequence[str], sizes: Mapping[str, int], least: int, names: Sequence[str]) -> dict[str, str]:
    """Join each small group with its smaller neighbor; few whose group is not known join the largest."""
    blocks = [[name] for name in order]

    def size(block: Sequence[str]) -> int:
        return sum(sizes[name] for name in block)

    while len(blocks) > 1 and min(size(block) for block in blocks) < least:
        at = min(range(len(blocks)), key=lambda place: size(blocks[place]))
        beside = [place for place in (at - 1, at + 1) if 0 <= place < len(blocks)]
        other = min(beside, key=lambda place: size(blocks[place]))
        first, second = sorted((at, other))
        blocks[first : second + 1] = [blocks[first] + blocks[second]]
    into: dict[str, str] = {}
    for block in blocks:
        leader = max(block, key=lambda name: sizes[name])
        into |= {name: leader for name in block if name != leader}
    if UNKNOWN in names and sizes[UNKNOWN] < least and order:
        largest = max(order, key=lambda name: sizes[name])
        into[UNKNOWN] = into.get(largest, largest)
    return into
