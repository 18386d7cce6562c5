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

_DAYS_IN_MONTH: Final = 365 / 12

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


@dataclass(frozen=True, slots=True)
class PracticeLine:
    """One thing that is known of foreclosure in a state, in plain words.

    Attributes:
        topic: ``process``, ``time_frame``, ``redemption`` or ``mediation``.
        title: the topic in words.
        says: what is known, or that nothing is.
        note: doubts about it; empty where there are none.
        source: where it comes from; None where nothing is known.
    """

    topic: Literal["process", "time_frame", "redemption", "mediation"]
    title: str
    says: str
    note: str
    source: PracticeSource | None


@dataclass(frozen=True, slots=True)
class ForeclosureInState:
    """How foreclosure usually goes in one state, ready to be shown.

    Attributes:
        state: postal code.
        name: of the state.
        process: the usual one; the other is mostly possible too.
        days_to_sale: a limit for servicers from the last paid installment to the sale, no promise.
        redemption: whether the home can be bought back after the sale.
        redemption_days: least and most days for that; None unless the rule is ``days``.
        mediation: whether there is a program.
        lines: the same in plain words, each with source and mark.
        caution: what to keep in mind about all of it.
    """

    state: str
    name: str
    process: Process
    days_to_sale: int
    redemption: RedemptionRule
    redemption_days: tuple[int, int] | None
    mediation: MediationStatus
    lines: tuple[PracticeLine, ...]
    caution: str


_NOTHING: Final = "Our sources do not say."
_CAUTION: Final = (
    "Nothing here was checked against the state's own law. Before you rely on it, ask a housing counselor or a legal "
    "aid lawyer. Stay in the home and keep talking to your servicer."
)
_PROCESS_WORDS: Final[dict[Process, str]] = {
    "judicial": "The lender usually has to go to court. You get papers, and you can answer.",
    "nonjudicial": "The lender usually does not need a court. It gives public notice, then the home is sold. "
    "In most of these states a court case is possible too.",
}
_MEDIATION_WORDS: Final[dict[MediationStatus, str]] = {
    "program": "There is a program in which you and the lender meet before the sale.",
    "no_automatic_program": "No statewide program starts by itself.",
    "none_reported": "No program was reported.",
    "local_or_notice_only": "There are only local programs, or a notice that must be sent.",
    "not_covered": _NOTHING,
}


def foreclosure_in(state: str | None, directory: Path | str | None = None) -> ForeclosureInState | None:
    """Return how foreclosure usually goes in a loan's state, in plain words with sources and marks.

    Args:
        state: postal code; None where it is not known.
        directory: the user's folder of newer files.

    Returns:
        None where the state is not known or the table has no such area.

    Raises:
        ReferenceDataError: the table is damaged.
    """
    practice = foreclosure_practice(directory).states.get(state or "")
    if practice is None:
        return None
    rule = practice.redemption
    days = (rule.days_min, rule.days_max) if rule.days_min is not None and rule.days_max is not None else None
    return ForeclosureInState(
        state=practice.state,
        name=practice.name,
        process=practice.process,
        days_to_sale=practice.time_frame.days,
        redemption=rule.rule,
        redemption_days=days,
        mediation=practice.mediation.status,
        lines=(_process_line(practice), _time_line(practice), _redemption_line(practice), _mediation_line(practice)),
        caution=_CAUTION,
    )


def _process_line(practice: StatePractice) -> PracticeLine:
    says = _PROCESS_WORDS[practice.process]
    return PracticeLine("process", "How it goes", says, practice.note, practice.process_source)


def _time_line(practice: StatePractice) -> PracticeLine:
    frame = practice.time_frame
    says = (
        f"Fannie Mae gives its servicers up to {frame.days:,} days from the last payment made to the sale, "
        f"about {round(frame.days / _DAYS_IN_MONTH)} months. This is a limit for them, not a promise to you: "
        "a sale can come sooner."
    )
    note = "A newer edition exists, which we have not read." if frame.confidence == "low" else ""
    return PracticeLine("time_frame", "How long it takes", says, note, frame.source)


def _redemption_line(practice: StatePractice) -> PracticeLine:
    rule = practice.redemption
    if rule.rule == "days":
        least, most = rule.days_min, rule.days_max
        span = f"{most:,} days" if least == most else f"{least:,} to {most:,} days"
        says = f"After the sale you may have {span} to buy the home back."
    else:
        says = {
            "none": "After the sale you can no longer buy the home back.",
            "court_decides": "A court decides whether, and how long, you can buy the home back.",
            "not_covered": _NOTHING,
        }[rule.rule]
    doubts = []
    if rule.asterisk:
        doubts.append("The source marks this entry without saying why; it may hold only after a court sale.")
    if rule.other_accounts:
        doubts.append(f"Other accounts differ: {rule.other_accounts}.")
    return PracticeLine("redemption", "Buying the home back", says, " ".join(doubts), rule.source)


def _mediation_line(practice: StatePractice) -> PracticeLine:
    mediation = practice.mediation
    says = _MEDIATION_WORDS[mediation.status]
    detail = "" if mediation.status == "none_reported" else mediation.says
    return PracticeLine("mediation", "Meeting before the sale", f"{says} {detail}".strip(), "", mediation.source)


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
