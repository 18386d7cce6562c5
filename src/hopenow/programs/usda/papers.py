"""The documents of a USDA application, as far as the regulation names them."""

from __future__ import annotations

import datetime
import functools
import importlib.resources
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from hopenow.facts import schema
from hopenow.law import Segment, Verification, segments
from hopenow.law.loader import read_strict
from hopenow.programs.base import Paper
from hopenow.programs.usda.common import PACKAGE, documents, law

NAME = "usda"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    why: str
    when: Literal["always", "imminent", "far_behind", "traditional", "combined"]
    cite: str
    verification: Verification


@functools.cache
def entries() -> tuple[_Entry, ...]:
    """Load the list.

    Raises:
        pydantic.ValidationError: an entry is malformed.
        KeyError: an entry cites an unknown document.
    """
    path = importlib.resources.files(PACKAGE).joinpath("papers.yaml")
    found = TypeAdapter(tuple[_Entry, ...]).validate_python(tuple(read_strict(path)))
    for entry in found:
        documents()[entry.cite.partition("#")[0]]
    return found


def _segment(option: str, day: datetime.date) -> Segment | None:
    return next((item for item in segments(law(option), NAME) if item.start <= day <= item.end), None)


def papers(facts: Mapping[str, Any]) -> list[Paper]:
    """Return the documents for one loan; none before the regulation's first version."""
    day = facts["evaluation_date"]
    fence, imminent = _segment("usda_fence", day), _segment("usda_imminent_default", day)
    if fence is None or imminent is None:
        return []
    waterfall, behind = fence.parameters.word("waterfall"), facts["days_delinquent"]
    needed: dict[str, bool | None] = {
        "always": True,
        "imminent": None if behind is None else behind < imminent.parameters["imminent_below_days"],
        "far_behind": None if behind is None else behind >= fence.parameters["plan_from_days"],
    }
    found = []
    for entry in entries():
        if entry.when in {"traditional", "combined"} and entry.when != waterfall:
            continue
        wanted = needed.get(entry.when, True)
        questions = (schema()["next_due_date"].ask,) if wanted is None else ()
        title = documents()[entry.cite.partition("#")[0]].title
        found.append(Paper(entry.name, entry.why, wanted, (), "", title, entry.verification, questions))
    return found
