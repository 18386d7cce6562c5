"""What can stand in a case's ledger: every event of the clocks, and the platform's own."""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from hopenow.clocks import EventFinding, event_kinds
from hopenow.clocks.events import FieldSpec, read_fields
from hopenow.errors import LawError
from hopenow.law.loader import read_strict


class _Own(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    means: str
    who: str
    scope: str = "status"
    fields: dict[str, FieldSpec] = Field(default_factory=dict)
    private: dict[str, FieldSpec] = Field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of event.

    Attributes:
        name: as the ledger has it.
        means: what happened, in one line.
        who: whose act it is.
        scope: part of the case that one must see to see it.
        fields: details kept in the clear.
        private: details kept encrypted.
        clock: the clocks count from it.
    """

    name: str
    means: str
    who: str
    scope: str
    fields: Mapping[str, FieldSpec]
    private: Mapping[str, FieldSpec]
    clock: bool

    def read(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], list[EventFinding]]:
        """Check details and part them into those in the clear and the private ones; return every finding too."""
        found: list[EventFinding] = []
        private_given = {name: value for name, value in given.items() if name in self.private}
        rest = {name: value for name, value in given.items() if name not in self.private}
        return (
            read_fields(self.name, self.fields, rest, found),
            read_fields(self.name, self.private, private_given, found),
            found,
        )


@functools.cache
def kinds() -> Mapping[str, Kind]:
    """Return every kind by name."""
    own = TypeAdapter(dict[str, _Own]).validate_python(
        read_strict(importlib.resources.files("hopenow.web.cases").joinpath("kinds.yaml"))
    )
    clocks = event_kinds()
    if twice := set(own) & set(clocks):
        raise LawError(f"kinds.yaml repeats events of the clocks: {', '.join(sorted(twice))}")
    found = {
        name: Kind(name, kind.means, kind.who, "status", kind.fields, {}, clock=True) for name, kind in clocks.items()
    }
    found |= {
        name: Kind(name, kind.means, kind.who, kind.scope, kind.fields, kind.private, clock=False)
        for name, kind in own.items()
    }
    return found
