"""The fact schema: names, units, ranges, meanings; and frames checked against it.

A *canonical frame* is a Polars frame whose columns are facts in engine units: money in cents (Int64),
rates in millionths per year (Int64, 4.75 % = 47,500), months, days and counts as Int32, dates as Date, flags as
Boolean, choices as Enum, text as String. A null is "not known".
"""

from __future__ import annotations

import datetime
import functools
import importlib.resources
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Annotated, Literal

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field

FactType = Literal["text", "money", "rate", "months", "days", "count", "date", "flag", "choice", "choices"]

NEVER = datetime.date(1900, 1, 1)
"""Canonical value of a date fact whose event is known never to have happened (facts marked ``never``)."""

_UNITS: dict[str, str] = {
    "text": "text",
    "money": "dollars, exact cents",
    "rate": "percent per year",
    "months": "months",
    "days": "days",
    "count": "number",
    "date": "date",
    "flag": "yes or no",
    "choice": "one of the listed words",
    "choices": "any of the listed words, separated by ;",
}


class Fact(BaseModel):
    """One thing that can be known.

    ``minimum`` and ``maximum`` are in the published unit (dollars, percent), not in engine units. ``only_if`` names the
    flag that must be true before this fact is worth asking for, ``unless`` the one that must be false.
    ``home`` is the program whose own file holds the fact, empty for the facts of all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: str
    group: str
    type: FactType
    meaning: str
    ask: str
    required: bool = False
    sensitive: bool = False
    never: bool = False
    only_if: str | None = None
    unless: str | None = None
    home: str = ""
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    minimum: Annotated[int | None, Field(alias="min")] = None
    maximum: Annotated[int | None, Field(alias="max")] = None

    @property
    def unit(self) -> str:
        """Published unit in plain words."""
        return _UNITS[self.type]

    @property
    def dtype(self) -> pl.DataType:
        """Polars type of the canonical column."""
        if self.type in {"money", "rate"}:
            return pl.Int64()
        if self.type in {"months", "days", "count"}:
            return pl.Int32()
        if self.type == "date":
            return pl.Date()
        if self.type == "flag":
            return pl.Boolean()
        if self.type == "choice":
            return pl.Enum(self.choices)
        return pl.String()

    @property
    def canonical_range(self) -> tuple[int | None, int | None]:
        """Smallest and largest value in engine units (cents, millionths), None where unbounded."""
        factor = {"money": 100, "rate": 10_000}.get(self.type, 1)
        low = None if self.minimum is None else self.minimum * factor
        high = None if self.maximum is None else self.maximum * factor
        return low, high


class Schema(Mapping[str, Fact]):
    """All facts by name, in the order of the schema file."""

    def __init__(self, facts: Iterable[Fact], titles: Mapping[str, str]) -> None:
        """Index the facts by name; ``titles`` maps group id to its heading."""
        self._facts = {fact.name: fact for fact in facts}
        self.titles = dict(titles)
        self._unknown = {name: pl.lit(None, dtype=fact.dtype).alias(name) for name, fact in self._facts.items()}

    def __getitem__(self, name: str) -> Fact:
        """Return the fact, or raise KeyError."""
        return self._facts[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over names in file order."""
        return iter(self._facts)

    def __len__(self) -> int:
        """Return the number of facts."""
        return len(self._facts)

    def empty(self) -> pl.DataFrame:
        """Return a canonical frame with every fact as a column and no rows."""
        return pl.DataFrame(schema={name: fact.dtype for name, fact in self.items()})

    def complete(self, frame: pl.DataFrame, homes: Collection[str] | None = None) -> pl.DataFrame:
        """Return the canonical frame with the facts it lacks added as nulls, other columns kept.

        Args:
            frame: canonical frame.
            homes: programs whose own facts are wanted besides those of all; None for every fact.
        """
        present = set(frame.columns)
        missing = [
            unknown
            for name, unknown in self._unknown.items()
            if name not in present and (homes is None or not self._facts[name].home or self._facts[name].home in homes)
        ]
        return frame.with_columns(missing) if missing else frame


@functools.cache
def schema() -> Schema:
    """Load the schema that ships with the package: ``schema.yaml``, then each ``schema_*.yaml`` beside it by name.

    Raises:
        ValueError: a fact stands in two files.
    """
    folder = importlib.resources.files("hopenow.facts")
    found = [item.name for item in folder.iterdir()]
    names = sorted(name for name in found if name.startswith("schema_") and name.endswith(".yaml"))
    facts: dict[str, Fact] = {}
    titles: dict[str, str] = {}
    for name in ("schema.yaml", *names):
        document = yaml.load(folder.joinpath(name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for group in document["groups"]:
            titles.setdefault(group["id"], group["title"])
            for fact, fields in group["facts"].items():
                if fact in facts:
                    raise ValueError(f"{name}: the fact {fact} stands in another file already")
                home = name.removeprefix("schema").removeprefix("_").removesuffix(".yaml")
                facts[fact] = Fact(name=fact, group=group["id"], home=home, **fields)
    return Schema(facts.values(), titles)
