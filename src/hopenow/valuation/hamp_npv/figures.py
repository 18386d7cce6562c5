"""The model's figures in force: coefficients by version, program figures by date, and the readings chosen.

Everything comes from the law files of this room and of :mod:`hopenow.programs.hamp`; nothing is repeated here.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np

from hopenow.errors import CoverageError, InputError
from hopenow.law import OptionLaw, Parameters, Segment, Verification, package_option, segments, weakest
from hopenow.programs.hamp import common
from hopenow.valuation.lanes import Floats

PACKAGE = "hopenow.valuation.hamp_npv"
VERSIONS: dict[str, str] = {"3.0": "v3", "4.0": "v4", "5.0": "v5"}
"""Version of the model to its name in the law files."""
Version = Literal["3.0", "4.0", "5.0"]

PROGRAM = "HAMP"
"""How messages name the program."""
BUCKETS = ("current", "d30", "d60", "d90")
"""Delinquency by which default and prepayment are told apart: current, 30, 60, 90 or more days."""
SMM_TERMS = ("hpag", "inct", "mltv", "score", "amt")
LTV_KNOTS, INCENTIVE_KNOTS = 5, 8
"""Bends that the compiled kernels have places for."""


@functools.cache
def law(name: str) -> OptionLaw:
    """Load one law file of this room."""
    return package_option(PACKAGE, name)


@functools.cache
def parameters(version: str) -> Parameters:
    """Return the figures of a version.

    Raises:
        InputError: there is no such version here.
    """
    if version not in VERSIONS:
        raise InputError(
            f"version {version!r} of the HAMP NPV model is not here; use one of {', '.join(VERSIONS)} "
            "(the text of later versions is not publicly available)"
        )
    (only,) = segments(law("model"), VERSIONS[version])
    return only.parameters


def numbers(p: Parameters, name: str) -> tuple[float, ...]:
    """Return a list of decimal figures as floats."""
    found = p.value(name)
    if not isinstance(found, tuple):
        found = (found,)
    return tuple(float(str(item)) for item in found)


# --- readings -------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Reading:
    """One open point of the texts and the reading taken.

    Attributes:
        name: of the switch.
        question: what is open.
        choice: the reading taken.
        default: the reading taken where nobody chooses.
        choices: every reading there is.
        note: why.
        verification: how sure it is.
    """

    name: str
    question: str
    choice: str
    default: str
    choices: tuple[str, ...]
    note: str
    verification: Verification


class Readings(Mapping[str, str]):
    """The readings of a run, by name; those not chosen stand at their defaults.

    Args:
        chosen: names and choices that differ from the defaults.

    Raises:
        InputError: unknown names or choices, all of them.
    """

    def __init__(self, chosen: Mapping[str, str] | None = None) -> None:
        """Check the choices."""
        known = law("readings").parameters
        findings = [
            f"{name}={choice}: there is no such "
            + (
                f"reading; choose one of {', '.join(known[name].choices)}"
                if name in known
                else "switch; see the list of readings"
            )
            for name, choice in (chosen or {}).items()
            if name not in known or choice not in known[name].choices
        ]
        if findings:
            raise InputError("these readings of the NPV model cannot be taken", findings)
        self._chosen = {name: str(item.values[0].value) for name, item in known.items()} | dict(chosen or {})

    def __getitem__(self, name: str) -> str:
        """Return the reading taken."""
        return self._chosen[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._chosen)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._chosen)

    def __hash__(self) -> int:
        """Hash by the choices."""
        return hash(tuple(self._chosen.items()))

    def __eq__(self, other: object) -> bool:
        """Compare the choices."""
        return isinstance(other, Readings) and self._chosen == other._chosen

    def shown(self) -> tuple[Reading, ...]:
        """Return every reading with its question, for display."""
        return tuple(
            Reading(
                name, item.meaning, self[name], str(item.values[0].value), item.choices,
                item.values[0].note or "", item.values[0].verification,
            )
            for name, item in law("readings").parameters.items()
        )  # fmt: skip


# --- coefficients ---------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class Curve:
    """A line with bends, one for each delinquency bucket.

    Attributes:
        low: lower bound of the variable.
        high: upper bound.
        knots: where it bends.
        slopes: slope before the first knot, between knots, and after the last; shape (4, knots + 1).
    """

    low: float
    high: float
    knots: tuple[float, ...]
    slopes: Floats

    @property
    def changes(self) -> Floats:
        """First slope and the change of slope at each knot, shape (4, knots + 1)."""
        return np.concatenate([self.slopes[:, :1], np.diff(self.slopes, axis=1)], axis=1)

    def value(self, x: Floats, bucket: np.typing.NDArray[np.int64]) -> Floats:
        """Return the line's value for each element of ``x``, in its bucket."""
        held = np.minimum(np.maximum(x, self.low), self.high)
        changes = self.changes[bucket]
        found = held * changes[..., 0]
        for place, knot in enumerate(self.knots, start=1):
            found = found + np.maximum(held - knot, 0.0) * changes[..., place]
        return found


@dataclasses.dataclass(frozen=True, eq=False)
class Coefficients:
    """Default and prepayment of one version.

    Attributes:
        version: of the model.
        default: constant, loan to value, score, ratio and logged relief; shape (4, 5).
        kinks_at: loan to value at which the default equations bend; empty in 3.0.
        kinks: change of slope there, shape (4, knots).
        relief_knots: relief at which its effect bends; empty but in 5.0.
        relief: slopes of relief, shape (4, knots + 1).
        ltv_bounds: of loan to value in the default equations, percentage points.
        ratio_bounds: of the housing ratios.
        imminent: bucket whose equation a loan in imminent default takes.
        ltv_after: whether re-default is judged by loan to value after the modification.
        intercept: of prepayment, shape (4,).
        smm: curves by variable (``SMM_TERMS``).
        multiple: what turns a loss at prepayment into a rate.
    """

    version: str
    default: Floats
    kinks_at: tuple[float, ...]
    kinks: Floats
    relief_knots: tuple[float, ...]
    relief: Floats
    ltv_bounds: tuple[float, float]
    ratio_bounds: tuple[float, float]
    imminent: int
    ltv_after: bool
    intercept: Floats
    smm: Mapping[str, Curve]
    multiple: float


@functools.cache
def coefficients(version: str) -> Coefficients:
    """Return the coefficients of a version."""
    p = parameters(version)

    def by_bucket(stem: str) -> Floats:
        return np.array([numbers(p, f"{stem}_{bucket}") for bucket in BUCKETS])

    def bounds(name: str) -> tuple[float, float]:
        low, high = numbers(p, name)
        return low, high

    curves = {
        term: Curve(*bounds(f"smm_{term}_bounds"), numbers(p, f"smm_{term}_knots"), by_bucket(f"smm_{term}"))
        for term in SMM_TERMS
    }
    relief = np.zeros((len(BUCKETS), 1))
    if "default_relief_knots" in p:
        early, late = numbers(p, "default_relief_early"), numbers(p, "default_relief_late")
        relief = np.array([late if bucket == BUCKETS[-1] else early for bucket in BUCKETS])
    has_kinks = "default_kinks_at" in p
    return Coefficients(
        version=version,
        default=by_bucket("default"),
        kinks_at=numbers(p, "default_kinks_at") if has_kinks else (),
        kinks=by_bucket("default_kinks") if has_kinks else np.zeros((len(BUCKETS), 0)),
        relief_knots=numbers(p, "default_relief_knots") if "default_relief_knots" in p else (),
        relief=relief,
        ltv_bounds=bounds("default_ltv_bounds"),
        ratio_bounds=bounds("default_ratio_bounds"),
        imminent=BUCKETS.index(p.word("default_imminent")),
        ltv_after=bool(p["default_ltv_after"]),
        intercept=np.array(numbers(p, "smm_intercept")),
        smm=curves,
        multiple=float(p["incentive_multiple"]),
    )


# --- program figures ------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Program:
    """What the program's own law says in one stretch of time: Tier 1, Tier 2, principal reduction, and incentives."""

    start: datetime.date
    end: datetime.date
    tier1: Parameters
    tier2: Parameters | None
    reduction: Parameters | None
    incentives: Parameters


@functools.cache
def _segments(name: str) -> tuple[Segment, ...]:
    shared = {"incentives": (), "tier1_pra": ("shared", "tier1")}.get(name, ("shared",))
    return tuple(segments(common.law(name, (), shared), common.NAME))


@functools.cache
def programs() -> tuple[Program, ...]:
    """Return every stretch of time in which the program's figures stayed the same, in order."""
    own = {name: _segments(name) for name in ("tier1", "tier2", "tier1_pra", "incentives")}
    day = datetime.timedelta(days=1)
    starts = sorted({item.start for found in own.values() for item in found})
    last = own["incentives"][-1].end
    result = []
    for start, following in zip(starts, [*starts[1:], last + day], strict=True):
        at = {name: next((s for s in found if s.start <= start <= s.end), None) for name, found in own.items()}
        tier1, incentives = at["tier1"], at["incentives"]
        if tier1 is None or incentives is None:
            continue
        tier2, reduction = at["tier2"], at["tier1_pra"]
        result.append(
            Program(
                start,
                following - day,
                tier1.parameters,
                tier2.parameters if tier2 else None,
                reduction.parameters if reduction else None,
                incentives.parameters,
            )
        )
    return tuple(result)


def program(day: datetime.date) -> Program:
    """Return the program's figures of a day.

    Raises:
        CoverageError: the program did not exist on that day.
    """
    found = programs()
    for item in found:
        if item.start <= day <= item.end:
            return item
    raise CoverageError(PROGRAM, day, found[0].start, found[-1].end, "The value test has no incentives on other days.")


@dataclasses.dataclass(frozen=True)
class Passage:
    """What a part of the test is, in words, and where the texts say so."""

    says: str
    source: str
    verification: Verification


def passage(version: str, name: str) -> Passage:
    """Return the words and source of a part of the test, for a version."""
    whole = law("model")
    item = whole.process[name]
    source = next(source for source in item.sources if VERSIONS[version] in source.authorities)
    key, _, where = source.cite.partition("#")
    document = whole.documents[key]
    place = f", {where}" if where else ""
    return Passage(item.says, f"{document.publisher}, {document.title}{place}", source.verification)


def mark_of(version: str, readings: Readings) -> Verification:
    """Return the least certain mark among the figures and readings of a run."""
    p = parameters(version)
    marks: list[Verification] = [p.source(name).verification for name in p]
    marks += [item.verification for item in readings.shown()]
    return weakest(marks)
