"""The states of a case: data, a fold over events, and a picture."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hopenow.law.loader import read_strict
from hopenow.web.cases.kinds import kinds

_BRANCHES = frozenset({"decision_sent", "appeal_decision_sent"})


class State(BaseModel):
    """One state: what the homeowner reads, and where events lead from it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: str
    next: str
    final: bool = False
    to: dict[str, str] = Field(default_factory=dict)


class Machine(BaseModel):
    """All states and their transitions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: str
    everywhere: dict[str, str]
    states: dict[str, State]

    @model_validator(mode="after")
    def _sound(self) -> Machine:
        targets = {self.first, *self.everywhere.values()}
        named = set(self.everywhere)
        for state in self.states.values():
            targets |= {part for to in state.to.values() for part in to.split("/")}
            named |= set(state.to)
        if unknown := targets - set(self.states):
            raise ValueError(f"no such state: {', '.join(sorted(unknown))}")
        if unreached := set(self.states) - targets:
            raise ValueError(f"no event leads to: {', '.join(sorted(unreached))}")
        if unknown := named - set(kinds()):
            raise ValueError(f"no such event: {', '.join(sorted(unknown))}")
        for state in self.states.values():
            for event, to in state.to.items():
                if ("/" in to) != (event in _BRANCHES):
                    raise ValueError(f"{event} leads to {to!r}: two states are for decisions, and only for them")
        return self

    @functools.cached_property
    def moving(self) -> frozenset[str]:
        """Events that move a case somewhere."""
        return frozenset(self.everywhere) | {event for state in self.states.values() for event in state.to}

    def after(self, state: str, kind: str, details: Mapping[str, Any]) -> str | None:
        """Return the state after an event; None when the event is not possible in this state."""
        if kind not in self.moving:
            return state
        here = self.states[state]
        to = here.to.get(kind) or ("" if here.final else self.everywhere.get(kind, ""))
        if not to:
            return None
        offered, _, denied = to.partition("/")
        return denied if denied and not details.get("offered") else offered

    def fold(self, events: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
        """Return the state after events, in their order; impossible ones are passed over, as they were refused."""
        state = self.first
        for kind, details in events:
            state = self.after(state, kind, details) or state
        return state

    def picture(self) -> str:
        """Return the machine as a Mermaid state diagram, for the documentation."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.first}"]
        for name, state in self.states.items():
            for event, to in state.to.items():
                offered, _, denied = to.partition("/")
                lines.append(f"    {name} --> {offered}: {event}{' (something offered)' if denied else ''}")
                if denied:
                    lines.append(f"    {name} --> {denied}: {event} (nothing offered)")
            if state.final:
                lines.append(f"    {name} --> [*]")
        return "\n".join(lines)


@functools.cache
def machine() -> Machine:
    """Return the states of a case."""
    path = importlib.resources.files("hopenow.web.cases").joinpath("states.yaml")
    return Machine.model_validate(read_strict(path))
