"""How foreclosure usually goes in each state: process, time frame, redemption after the sale, mediation.

Every part keeps its own source and verification, because they differ: the process and time frame come from
Fannie Mae's exhibit, redemption from an old consumer table, mediation from a scorecard. ``not_covered`` means
that no source at hand says anything, and is never the same as ``none``. No entry rests on a state's statute.
"""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import polars as pl
from pydantic import Field, model_validator

from hopenow.errors import ReferenceDataError
from hopenow.reference.tables import (
    PACKAGE_FILES,
    VERIFICATION_WORDS,
    StrictModel,
    TableInfo,
    Verification,
    locate,
    package_file,
    read_yaml,
    stamp,
)

Process = Literal["judicial", "nonjudicial"]
RedemptionRule = Literal["none", "days", "court_decides", "not_covered"]
MediationStatus = Literal[
    "program", "no_automatic_program", "none_reported", "local_or_notice_only", "not_covered"
]

_TABLE: Final = "state_foreclosure"
_COMPARABLE_SOURCE: Final = "fannie_2015_16"

_Days = Annotated[int, Field(ge=0, le=5000)]


class _Source(StrictModel):
    citation: str
    address: str | None
    verification: Verification


class _TimeFrame(StrictModel):
    days: Annotated[int, Field(ge=1, le=5000)]
    source: str
    confidence: Literal["medium", "low"]


class _Redemption(StrictModel):
    rule: RedemptionRule
    days_min: _Days | None = None
    days_max: _Days | None = None
    asterisk: bool = False
    source: str | None = None
    other_accounts: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> _Redemption:
        if (self.rule == "days") != (self.days_min is not None and self.days_max is not None):
            raise ValueError("days_min and days_max belong to the rule days, and to no other")
        if self.days_min is not None and self.days_max is not None and self.days_min > self.days_max:
            raise ValueError("days_min is larger than days_max")
        if (self.rule == "not_covered") != (self.source is None):
            raise ValueError("not_covered has no source, and everything else has one")
        return self


class _Mediation(StrictModel):
    status: MediationStatus
    source: str | None = None
    says: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> _Mediation:
        if (self.status == "not_covered") != (self.source is None):
            raise ValueError("not_covered has no source, and everything else has one")
        return self


class _State(StrictModel):
    name: str
    kind: Literal["state", "district", "territory", "city"]
    process: Process
    time_frame: _TimeFrame
    time_frame_2015_16: Annotated[int, Field(ge=1, le=5000)]
    redemption: _Redemption
    mediation: _Mediation
    sale_officer: Literal["trustee", "sheriff", "court"] | None = None
    note: str = ""


class _Table(StrictModel):
    title: str
    unit: str
    edition: str
    note: str
    sources: dict[str, _Source]
    states: Annotated[
        dict[Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z]{3})?$")], _State], Field(min_length=1)
    ]


@dataclass(frozen=True, slots=True)
class PracticeSource:
    """Where an entry comes from, and how sure it is."""

    citation: str
    address: str | None
    verification: Verification


@dataclass(frozen=True, slots=True)
class TimeFrame:
    """Fannie Mae's limit for a servicer, in days.

    It runs from the due date of the last paid installment to the foreclosure sale. ``confidence`` is ``low``
    where a newer edition is known to exist. Frames of different sources must not be ranked together.
    """

    days: int
    confidence: Literal["medium", "low"]
    source: PracticeSource


@dataclass(frozen=True, slots=True)
class Redemption:
    """Whether, and how many days, after the sale the home can still be redeemed.

    ``asterisk`` marks entries that the source marks without a confirmed meaning; it may limit redemption to
    court sales. ``other_accounts`` is what other sites say, kept because they disagree. ``source`` is None
    where not covered.
    """

    rule: RedemptionRule
    days_min: int | None
    days_max: int | None
    asterisk: bool
    other_accounts: str
    source: PracticeSource | None


@dataclass(frozen=True, slots=True)
class Mediation:
    """Whether a mediation or settlement-conference program exists. ``source`` is None where not covered."""

    status: MediationStatus
    says: str
    source: PracticeSource | None


@dataclass(frozen=True, slots=True)
class StatePractice:
    """Usual foreclosure practice in one area.

    Attributes:
        state: postal code, or ``NY-NYC`` for New York City.
        name: name of the area.
        kind: state, district, territory or city.
        process: the usual one; ``nonjudicial`` states mostly allow court foreclosures too.
        process_source: where that comes from.
        time_frame: newest time frame at hand.
        comparable_time_frame: time frame of 2015-2016, known for every area, for ranking.
        redemption: after the sale.
        mediation: before the sale.
        sale_officer: who holds the sale; None where not covered. From the same source as redemption.
        note: anything special.
    """

    state: str
    name: str
    kind: Literal["state", "district", "territory", "city"]
    process: Process
    process_source: PracticeSource
    time_frame: TimeFrame
    comparable_time_frame: TimeFrame
    redemption: Redemption
    mediation: Mediation
    sale_officer: Literal["trustee", "sheriff", "court"] | None
    note: str


@dataclass(frozen=True, eq=False)
class ForeclosurePractice:
    """Every area's practice, by code."""

    info: TableInfo
    states: dict[str, StatePractice]


def foreclosure_practice(directory: Path | str | None = None) -> ForeclosurePractice:
    """Return the table in use: the user's file where there is one, else the package's.

    Args:
        directory: the user's folder of newer files (see :mod:`hopenow.reference.tables`).

    Raises:
        ReferenceDataError: the folder or a table is damaged.
    """
    path = locate(_TABLE, directory)
    return _load(path, stamp(path))


@functools.lru_cache(maxsize=4)
def _load(path: Path | None, _stamp: tuple[int, int]) -> ForeclosurePractice:
    where = path or package_file(PACKAGE_FILES[_TABLE])
    table = read_yaml(where, _Table)
    named = {
        name
        for state in table.states.values()
        for name in (
            state.time_frame.source,
            state.redemption.source,
            state.mediation.source,
            _COMPARABLE_SOURCE,
        )
        if name is not None
    }
    if named != table.sources.keys():
        raise ReferenceDataError(
            f"{where} must list exactly the sources that it uses; not in both: "
            f"{', '.join(sorted(named ^ table.sources.keys()))}."
        )
    sources = {
        name: PracticeSource(source.citation, source.address, source.verification)
        for name, source in table.sources.items()
    }
    words = Counter(source.verification for source in table.sources.values())
    info = TableInfo(
        id=_TABLE,
        title=table.title,
        unit=table.unit,
        source="Fannie Mae, RealtyTrac, CFED, National Consumer Law Center; sources stand beside each entry",
        edition=table.edition,
        verification=tuple(word for word in VERIFICATION_WORDS if words[word]),
        first=None,
        last=None,
        rows=len(table.states),
        origin="package" if path is None else str(path),
        note=table.note,
    )
    return ForeclosurePractice(
        info, {code: _practice(code, entry, sources) for code, entry in table.states.items()}
    )


def _practice(code: str, entry: _State, sources: dict[str, PracticeSource]) -> StatePractice:
    def cited(name: str | None) -> PracticeSource | None:
        return None if name is None else sources[name]

    frame, redemption, mediation = entry.time_frame, entry.redemption, entry.mediation
    return StatePractice(
        state=code,
        name=entry.name,
        kind=entry.kind,
        process=entry.process,
        process_source=sources[frame.source],
        time_frame=TimeFrame(frame.days, frame.confidence, sources[frame.source]),
        comparable_time_frame=TimeFrame(entry.time_frame_2015_16, "low", sources[_COMPARABLE_SOURCE]),
        redemption=Redemption(
            redemption.rule,
            redemption.days_min,
            redemption.days_max,
            redemption.asterisk,
            redemption.other_accounts,
            cited(redemption.source),
        ),
        mediation=Mediation(mediation.status, mediation.says, cited(mediation.source)),
        sale_officer=entry.sale_officer,
        note=entry.note,
    )


def state_practice(state: str, directory: Path | str | None = None) -> StatePractice:
    """Return the usual foreclosure practice in a state.

    Args:
        state: two-letter postal code in capitals, or ``NY-NYC``.
        directory: the user's folder of newer files.

    Raises:
        ReferenceDataError: the table has no such area.
    """
    practice = foreclosure_practice(directory)
    if state not in practice.states:
        raise ReferenceDataError(
            f"There is no foreclosure practice for {state!r}. Use a postal code in capitals, one of: "
            f"{', '.join(practice.states)}."
        )
    return practice.states[state]


def state_practice_frame(directory: Path | str | None = None) -> pl.DataFrame:
    """Return the whole table as a frame, one row for each area, for joins and pages.

    Columns: ``state``, ``name``, ``kind``, ``process``, ``time_frame_days``, ``time_frame_source``,
    ``time_frame_confidence``, ``comparable_time_frame_days`` (Int32), ``redemption_rule``,
    ``redemption_days_min`` and ``redemption_days_max`` (Int32, null unless the rule is ``days``),
    ``redemption_verification`` and ``mediation_verification`` (null where not covered), ``mediation_status``,
    ``mediation_says``, ``sale_officer``, ``note``.
    """
    rows = [
        {
            "state": p.state,
            "name": p.name,
            "kind": p.kind,
            "process": p.process,
            "time_frame_days": p.time_frame.days,
            "time_frame_source": p.time_frame.source.citation,
            "time_frame_confidence": p.time_frame.confidence,
            "time_frame_verification": p.time_frame.source.verification,
            "comparable_time_frame_days": p.comparable_time_frame.days,
            "redemption_rule": p.redemption.rule,
            "redemption_days_min": p.redemption.days_min,
            "redemption_days_max": p.redemption.days_max,
            "redemption_verification": None
            if p.redemption.source is None
            else p.redemption.source.verification,
            "mediation_status": p.mediation.status,
            "mediation_says": p.mediation.says,
            "mediation_verification": None if p.mediation.source is None else p.mediation.source.verification,
            "sale_officer": p.sale_officer,
            "note": p.note,
        }
        for p in foreclosure_practice(directory).states.values()
    ]
    whole = dict.fromkeys(
        ("time_frame_days", "comparable_time_frame_days", "redemption_days_min", "redemption_days_max"),
        pl.Int32,
    )
    return pl.DataFrame(rows, schema_overrides=whole, infer_schema_length=None)
