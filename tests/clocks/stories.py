"""Short ways to make a case and to find an item in a clockwork."""

from __future__ import annotations

import datetime
from typing import Any

from hopenow.clocks import DEFAULT, Case, Clockwork, Duty, Policies, Protection, Right, derive, read_case

Day = datetime.date | str


class Told:
    """A clockwork with finders that insist on exactly one item."""

    def __init__(self, clockwork: Clockwork) -> None:
        self.clockwork = clockwork

    def __getattr__(self, name: str) -> Any:
        return getattr(self.clockwork, name)

    def duty(self, rule: str, about: str | None = None) -> Duty:
        found = self.duties_of(rule, about)
        assert len(found) == 1, f"{rule} about {about}: {[(d.about, d.due, d.status) for d in found]}"
        return found[0]

    def duties_of(self, rule: str, about: str | None = None) -> list[Duty]:
        return [d for d in self.clockwork.duties if d.legal.rule == rule and about in (None, d.about)]

    def shield_of(self, rule: str, bars: str | None = None) -> Protection:
        found = [p for p in self.clockwork.protections if p.legal.rule == rule and bars in (None, p.bars)]
        assert len(found) == 1, f"{rule}: {found}"
        return found[0]

    def right(self, rule: str) -> Right:
        found = [r for r in self.clockwork.rights if r.legal.rule == rule]
        assert len(found) == 1, f"{rule}: {found}"
        return found[0]

    def broken(self) -> list[str]:
        return [breach.legal.rule for breach in self.clockwork.breaches]

    def rules(self) -> set[str]:
        return {duty.legal.rule for duty in self.clockwork.duties}


def make_case(rows: list[dict[str, Any]], **loan: Any) -> Case:
    """Read a case from rows; the home is the principal residence unless said otherwise."""
    return read_case({"case": "T", "loan": {"servicer": "First", "principal_residence": True, **loan}, "events": rows})


def told(rows: list[dict[str, Any]], as_of: Day, policies: Policies = DEFAULT, **loan: Any) -> Told:
    """Derive a case made of rows."""
    day = datetime.date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    return Told(derive(make_case(rows, **loan), day, policies))


def row(kind: str, day: Day, **details: Any) -> dict[str, Any]:
    """One event as a row."""
    return {"kind": kind, "day": day, **details}
