"""What an application file may hold, and the thresholds of the measures (``facts.yaml``, ``measures.yaml``)."""

from __future__ import annotations

import functools
import importlib.resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from hopenow.errors import LawError
from hopenow.law import Parameters, package_option, segments
from hopenow.law.loader import read_strict

__all__ = ["Fact", "Kind", "Stage", "Vocabulary", "facts", "measures", "stages"]

PACKAGE = "hopenow.oversight.fairness"

Kind = Literal["text", "number", "money", "percent", "yes_no", "date"]
Vocabulary = Literal["applications", "lending"]
Role = Literal["id", "outcome", "screen", "risk", "group", "place", "control"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Stage(_Strict):
    """A step on the way to help."""

    name: str
    label: str
    means: str
    may_be_skipped: bool = False


class Fact(_Strict):
    """Something a file may tell about an application."""

    name: str
    kind: Kind
    role: Role
    means: str


class _Vocabulary(_Strict):
    stages: tuple[Stage, ...] = ()
    facts: tuple[Fact, ...]


FOLDERS: dict[Vocabulary, str] = {"applications": PACKAGE, "lending": "hopenow.oversight.standards"}
"""Where the words of each kind of file are kept."""


@functools.cache
def _vocabulary(name: Vocabulary) -> _Vocabulary:
    content = read_strict(importlib.resources.files(FOLDERS[name]).joinpath("facts.yaml"))
    try:
        found = TypeAdapter(_Vocabulary).validate_python(content)
    except ValidationError as error:
        raise LawError(f"facts.yaml: {error}") from None
    names = [item.name for item in found.stages] + [item.name for item in found.facts]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LawError(f"facts.yaml: named twice: {', '.join(twice)}")
    return found


def stages() -> tuple[Stage, ...]:
    """Return every stage, in order."""
    return _vocabulary("applications").stages


@functools.cache
def facts(vocabulary: Vocabulary = "applications") -> dict[str, Fact]:
    """Return every fact by name; stages are yes-or-no facts too."""
    words = _vocabulary(vocabulary)
    own = {item.name: item for item in words.facts}
    steps = {item.name: Fact(name=item.name, kind="yes_no", role="outcome", means=item.means) for item in words.stages}
    return {**own, **steps}


@functools.cache
def measures() -> Parameters:
    """Return the thresholds of the measures, in engine units (percent as millionths)."""
    law = package_option(PACKAGE, "measures")
    return segments(law, "hopenow")[-1].parameters
