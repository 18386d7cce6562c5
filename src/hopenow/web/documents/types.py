"""Kinds of papers, and how long each counts."""

from __future__ import annotations

import datetime
import functools
import importlib.resources
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from hopenow.errors import LawError
from hopenow.law.loader import read_strict
from hopenow.programs.conventional.process import Rulebook

AUTHORITY = "fannie_mae"
"""Whose rules say how old a paper may be, until the case says who owns the loan."""
OTHER = "other"


class Type(BaseModel):
    """One kind of paper; see ``types.yaml`` for the fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    why: str
    how: str
    papers: tuple[str, ...] = Field(default=())
    age: str = ""
    any: bool = False

    def expires(self, dated: datetime.date, today: datetime.date) -> datetime.date | None:
        """Return the first day on which a paper of this kind is too old.

        Args:
            dated: the day from which its age counts.
            today: the day whose rule holds.

        Raises:
            CoverageError: when no rule is known for that day.
        """
        if not self.age:
            return None
        days = Rulebook(AUTHORITY, today).figure(self.age)
        return dated + datetime.timedelta(days=days + 1)


@functools.cache
def types() -> Mapping[str, Type]:
    """Return every kind by id."""
    path = importlib.resources.files("hopenow.web.documents").joinpath("types.yaml")
    return TypeAdapter(dict[str, Type]).validate_python(read_strict(path))


@functools.cache
def by_paper() -> Mapping[str, str]:
    """Return the kind for each paper of the application's table.

    Raises:
        LawError: when two kinds claim the same paper.
    """
    found: dict[str, str] = {}
    for name, each in types().items():
        for paper in each.papers:
            if paper in found:
                raise LawError(f"types.yaml: {name} and {found[paper]} both are {paper!r}")
            found[paper] = name
    return found
