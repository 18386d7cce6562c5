"""The definitions: strict shapes of the registry's files, and the thresholds of ``definitions.yaml``."""

from __future__ import annotations

import datetime
import functools
import importlib.resources
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from hopenow.errors import LawError
from hopenow.law import OptionLaw, Parameters, Verification, package_documents, package_option, segments
from hopenow.law.loader import read_strict

__all__ = [
    "FAMILIES",
    "PACKAGE",
    "Break",
    "Compute",
    "Metric",
    "confidence",
    "definitions",
    "metrics",
    "numbers",
    "parameters",
]

PACKAGE: Final = "hopenow.oversight.metrics"
FAMILIES: Final = ("hope_now", "occ", "hamp", "own", "delinquency")
"""Files of the registry, in the order in which they are shown."""

Kind = Literal[
    "count", "people", "late_at", "ever_late", "late_or_ever", "payment_cut", "kept_current", "trials_failed", "stock"
]
Unit = Literal["person", "loan", "action"]
Treatment = Literal["good", "bad", "leave_out"]


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_tuple)]
Months = Annotated[tuple[int, ...], BeforeValidator(_tuple)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Break(_Strict):
    """A break in a series: from this day on it counts something else."""

    start: Annotated[datetime.date, Field(alias="from")]
    says: str
    cite: str
    verification: Verification


class Compute(_Strict):
    """How a metric is computed from histories.

    Attributes:
        kind: the rule (see `compute`).
        of: kinds of help it looks at.
        ends: ends of loans that it counts too.
        months: months after the help.
        late: months late that count (MBA, or the method named).
        ever: months late that count for ever.
        share: of those that late (``above``), or of those not (``below``).
        lost: how homes lost or given up count.
        paid_off: how loans paid off count.
        least: least cut of the payment, percent.
        first: only a homeowner's first help of these kinds.
        method: of counting lateness.
    """

    kind: Kind
    of: Words = ()
    ends: Words = ()
    months: Months = ()
    late: int = 2
    ever: int = 0
    share: Literal["above", "below"] = "above"
    lost: Treatment = "bad"
    paid_off: Treatment = "leave_out"
    least: int = 0
    first: bool = False
    method: Literal["MBA", "OTS"] = "MBA"


class Metric(_Strict):
    """One measure, defined once.

    Attributes:
        id: stable name.
        title: for tables.
        version: of the definition.
        unit: what is counted.
        says: the definition.
        denominator: out of what.
        compute: how.
        cite: source of the definition, a key of ``documents.yaml``.
        verification: how sure the reading of the source is.
        note: what the source leaves open.
        breaks: in the published series.
    """

    id: str
    title: str
    version: str
    unit: Unit
    says: str
    denominator: str
    compute: Compute
    cite: str
    verification: Verification
    note: str = ""
    breaks: Annotated[tuple[Break, ...], BeforeValidator(_tuple)] = ()

    @property
    def family(self) -> str:
        """Whose definition it is."""
        return self.id.split(".")[0]


@functools.cache
def metrics() -> dict[str, Metric]:
    """Return the registry by id.

    Raises:
        LawError: a file has unknown keys, a metric stands twice, or a citation is not in the table of documents.
    """
    found: list[Metric] = []
    for family in FAMILIES:
        found += load(read_strict(importlib.resources.files(PACKAGE).joinpath(f"{family}.yaml")), f"{family}.yaml")
    twice = sorted({metric.id for metric in found if sum(other.id == metric.id for other in found) > 1})
    if twice:
        raise LawError(f"metrics defined twice: {', '.join(twice)}")
    return {metric.id: metric for metric in found}


def load(content: Any, name: str) -> list[Metric]:
    """Check the content of one file of the registry.

    Raises:
        LawError: naming every defect.
    """
    try:
        found = TypeAdapter(list[Metric]).validate_python(content)
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
        raise LawError(f"{name}: " + "; ".join(lines)) from None
    documents = package_documents(PACKAGE)
    cites = [(metric.id, cite) for metric in found for cite in (metric.cite, *(item.cite for item in metric.breaks))]
    unknown = [f"{place} cites {cite!r}" for place, cite in cites if cite.split("#")[0] not in documents]
    if unknown:
        raise LawError(f"{name}: not in the table of documents: " + "; ".join(unknown))
    return found


@functools.cache
def definitions() -> OptionLaw:
    """Return the law file with the thresholds."""
    return package_option(PACKAGE, "definitions")


@functools.cache
def parameters() -> Parameters:
    """Return the thresholds in engine units (percent as millionths)."""
    return segments(definitions(), "hopenow")[-1].parameters


def numbers(name: str) -> tuple[int, ...]:
    """Return a threshold that is a list of whole numbers."""
    value = parameters().value(name)
    return tuple(int(item) for item in value) if isinstance(value, tuple) else ()


def confidence() -> float:
    """Return the level of every interval, as a fraction."""
    return parameters()["confidence"] / 1_000_000
