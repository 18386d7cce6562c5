"""Events: what happened, read strictly from files and rows.

An :class:`Event` has a kind from ``events.yaml``, a day, and details in engine units (money in cents). The day is the
servicer's local date: of receipt for what comes in, of sending for what goes out. A moment with a time zone (``at``)
is converted with the servicer's zone, under the policy for late evenings (OP-4).

Everything wrong with the input is reported at once, as :class:`EventFinding` inside one ``InputError``.
"""

from __future__ import annotations

import datetime
import functools
import importlib.resources
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from hopenow.clocks.policies import DEFAULT, Policies
from hopenow.errors import HopeNowError, InputError, LawError
from hopenow.law.loader import read_strict
from hopenow.money import cents

FieldType = Literal["date", "money", "flag", "count", "text", "choice", "words", "event"]
Who = Literal["servicer", "homeowner", "owner", "court", "anyone"]

_RESERVED = frozenset({"kind", "day", "at", "id", "about", "case"})
_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FieldSpec(_Strict):
    """One detail of an event, or one fact of a loan.

    Attributes:
        type: date; money (dollars outside, cents inside); flag; count; text; choice; words (a list); event (an id).
        means: what it says.
        required: it must be given.
        choices: what may stand in a choice.
        default: value of a loan fact that is not given; without it the fact is unknown.
    """

    type: FieldType
    means: str
    required: bool = False
    choices: Annotated[tuple[str, ...], Field(strict=False)] = ()
    default: bool | int | str | None = None


class EventKind(_Strict):
    """One kind of event.

    Attributes:
        means: what happened, in one line.
        who: who does it.
        opens: kind of thread that it opens (an application, a notice of error); its id names the thread.
        of: kind of thread that it belongs to.
        fields: its details.
    """

    means: str
    who: Who
    opens: str | None = None
    of: str | None = None
    fields: dict[str, FieldSpec] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _sound(self) -> EventKind:
        if self.opens and self.of:
            raise ValueError("an event opens a thread or belongs to one, not both")
        if clash := _RESERVED & set(self.fields):
            raise ValueError(f"fields may not be named {', '.join(sorted(clash))}")
        for name, spec in self.fields.items():
            if (spec.type == "choice") != bool(spec.choices):
                raise ValueError(f"field {name}: a choice, and only a choice, lists its choices")
        return self


def _load(name: str, shape: Any) -> Any:
    try:
        path = importlib.resources.files("hopenow.clocks").joinpath(name)
        return TypeAdapter(shape).validate_python(read_strict(path))
    except ValidationError as error:
        raise LawError(f"{name}: {error}") from None


@functools.cache
def event_kinds() -> Mapping[str, EventKind]:
    """Return every kind of event by name."""
    kinds: dict[str, EventKind] = _load("events.yaml", dict[str, EventKind])
    opened = {kind.opens for kind in kinds.values() if kind.opens}
    for name, kind in kinds.items():
        if kind.of and kind.of not in opened:
            raise LawError(f"events.yaml: {name} belongs to {kind.of!r}, which no event opens")
    return kinds


@functools.cache
def loan_fields() -> Mapping[str, FieldSpec]:
    """Return every fact of a loan by name."""
    fields: dict[str, FieldSpec] = _load("loan.yaml", dict[str, FieldSpec])
    return fields


@dataclass(frozen=True, slots=True)
class EventFinding:
    """One thing that is wrong with a list of events.

    Attributes:
        code: stable name of the kind of defect, such as ``APPEAL-WITHOUT-DENIAL``.
        where: case, event id or row.
        message: what is wrong and what to do.
    """

    code: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message} [{self.code}]"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        kind: name in ``events.yaml``.
        day: servicer-local date of receipt or sending.
        id: unique in the case.
        at: the moment, where it is known.
        about: id of the event that opened the thread it belongs to, or None.
        details: the fields of its kind, in engine units (money in cents).
        hypothetical: it did not happen; it is asked "what if".
    """

    kind: str
    day: datetime.date
    id: str
    at: datetime.datetime | None = None
    about: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    hypothetical: bool = False


@dataclass(frozen=True, slots=True)
class Loan:
    """What must be known of a loan for its clocks; ``loan.yaml`` says what each fact means. Money in cents."""

    servicer: str | None = None
    time_zone: str = "America/New_York"
    state: str | None = None
    programs: tuple[str, ...] = ()
    first_due: datetime.date | None = None
    payment: int | None = None
    short_payment_tolerance: int | None = None
    last_due: datetime.date | None = None
    principal_residence: bool | None = None
    small_servicer: bool = False
    reverse_mortgage: bool = False
    farm_credit: bool = False
    open_end: bool = False
    debt_collector: bool = False
    options_available: bool = True
    coupon_book: bool = False
    statements_tracked: bool = False
    courtesy_days: int = 0
    limitations_end: datetime.date | None = None
    covid_safeguard: bool = False
    closed_on: datetime.date | None = None
    judicial: bool | None = None


# --- reading values -------------------------------------------------------------------------------


def _date(value: object) -> datetime.date:
    if isinstance(value, datetime.datetime):
        raise ValueError("has a time of day; give the date, or put the moment into 'at'")
    if isinstance(value, datetime.date):
        return value
    if isinstance(value, str):
        return datetime.date.fromisoformat(value.strip())
    raise ValueError("is not a date such as 2026-01-31")


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise ValueError("is neither true nor false")


def _count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    raise ValueError("is not a whole number")


def _money(value: object) -> int:
    amount = cents(value)
    if amount < 0:
        raise ValueError("is below zero")
    return amount


def _text(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise ValueError("is not text")


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(";") if part.strip())
    if isinstance(value, list | tuple):
        return tuple(_text(part) for part in value)
    raise ValueError("is not a list of words")


_READ: Mapping[str, Any] = {
    "date": _date,
    "flag": _flag,
    "count": _count,
    "money": _money,
    "text": _text,
    "choice": _text,
    "event": _text,
    "words": _words,
}


def read_value(spec: FieldSpec, value: object) -> Any:
    """Read one detail into engine units.

    Raises:
        ValueError: with words on what is wrong with it.
    """
    try:
        found = _READ[spec.type](value)
    except HopeNowError as error:
        raise ValueError(str(error)) from None
    if spec.choices and found not in spec.choices:
        raise ValueError(f"is not one of {', '.join(spec.choices)}")
    return found


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def read_fields(
    where: str, specs: Mapping[str, FieldSpec], given: Mapping[str, Any], found: list[EventFinding]
) -> dict[str, Any]:
    """Read the given fields; whatever is wrong is added to the findings. Empty cells count as not given."""
    values: dict[str, Any] = {}
    for name, value in given.items():
        if _absent(value):
            continue
        spec = specs.get(name)
        if spec is None:
            known = ", ".join(specs) or "none"
            found.append(EventFinding("UNKNOWN-FIELD", where, f"there is no field {name!r} here; known: {known}"))
            continue
        try:
            values[name] = read_value(spec, value)
        except ValueError as error:
            found.append(EventFinding("BAD-VALUE", where, f"{name}: {value!r} {error}"))
    for name, spec in specs.items():
        if spec.required and name not in values and _absent(given.get(name)):
            found.append(EventFinding("MISSING-FIELD", where, f"{name} is missing: {spec.means}"))
    return values


# --- reading events -------------------------------------------------------------------------------


@functools.cache
def _zone(name: str) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(name)


def _moment(value: object) -> datetime.datetime:
    if isinstance(value, datetime.datetime):
        return value
    if isinstance(value, str):
        return datetime.datetime.fromisoformat(value.strip())
    raise ValueError("is not a moment such as 2026-01-31T17:05:00-06:00")


def local_day(at: datetime.datetime, zone: str, policies: Policies, *, inbound: bool) -> datetime.date:
    """Return the servicer-local date of a moment (OP-4).

    Args:
        at: the moment; without a time zone it is the servicer's local time.
        zone: the servicer's time zone.
        policies: ``late_evening`` says what a late receipt counts as.
        inbound: something the servicer receives; only there the policy matters.
    """
    local = at.astimezone(_zone(zone)) if at.tzinfo is not None else at
    day = local.date()
    if inbound and policies.late_evening == "close_of_business" and local.hour >= policies.closing_hour:
        day += datetime.timedelta(days=1)
    return day


def _read_day(
    row: Mapping[str, Any], kind: EventKind, where: str, zone: str, policies: Policies, found: list[EventFinding]
) -> tuple[datetime.date | None, datetime.datetime | None]:
    given, moment = row.get("day"), row.get("at")
    day = at = None
    try:
        if not _absent(given):
            day = _date(given)
    except ValueError as error:
        found.append(EventFinding("BAD-VALUE", where, f"day: {given!r} {error}"))
        return None, None
    if _absent(moment):
        if day is None:
            found.append(EventFinding("MISSING-FIELD", where, "give the day, or the moment as 'at'"))
        return day, None
    try:
        at = _moment(moment)
    except ValueError as error:
        found.append(EventFinding("BAD-VALUE", where, f"at: {moment!r} {error}"))
        return day, None
    local = local_day(at, zone, policies, inbound=kind.who in ("homeowner", "anyone"))
    if day is not None and day != local:
        message = f"{day} is not the servicer's local date of {at.isoformat()}, which is {local}; give one of them"
        found.append(EventFinding("DAY-AND-MOMENT-DIFFER", where, message))
    return local, at


def read_events(
    rows: Iterable[Mapping[str, Any]], *, zone: str, policies: Policies = DEFAULT, case: str = ""
) -> tuple[list[Event], list[EventFinding]]:
    """Read rows (from JSON, YAML or a table) into events, in the order given.

    Args:
        rows: each with ``kind`` and ``day`` or ``at``; ``id``, ``about`` and ``hypothetical`` where wanted, and the
            fields of the kind beside them. An id that is missing becomes ``e1``, ``e2`` ... by position.
        zone: the servicer's time zone.
        policies: how late evenings count.
        case: name for messages.

    Returns:
        Events that could be read, and every finding.
    """
    kinds = event_kinds()
    events: list[Event] = []
    found: list[EventFinding] = []
    seen: dict[str, str] = {}
    for position, row in enumerate(rows, start=1):
        name = str(row["id"]).strip() if not _absent(row.get("id")) else f"e{position}"
        where = f"{case} {name}".strip()
        kind = kinds.get(str(row.get("kind")))
        if kind is None:
            found.append(EventFinding("UNKNOWN-KIND", where, f"there is no kind of event {row.get('kind')!r}"))
            continue
        if name in seen:
            found.append(EventFinding("ID-TWICE", where, f"the id {name!r} stands twice; every event needs its own"))
        seen[name] = name
        day, at = _read_day(row, kind, where, zone, policies, found)
        rest = {key: value for key, value in row.items() if key not in _RESERVED and key != "hypothetical"}
        details = read_fields(where, kind.fields, rest, found)
        about = None if _absent(row.get("about")) else str(row["about"]).strip()
        if day is not None:
            hypothetical = _flag(row.get("hypothetical") or False)
            events.append(Event(str(row["kind"]), day, name, at, about, details, hypothetical))
    return events, found


def read_loan(given: Mapping[str, Any], *, case: str = "") -> tuple[Loan, list[EventFinding]]:
    """Read the facts of a loan; returns it with every finding."""
    found: list[EventFinding] = []
    where = f"{case} loan".strip()
    values = read_fields(where, loan_fields(), given, found)
    zone = values.get("time_zone")
    if zone is not None and zone not in zoneinfo.available_timezones():
        found.append(EventFinding("BAD-VALUE", where, f"time_zone: {zone!r} is not a zone such as America/Chicago"))
        del values["time_zone"]
    return Loan(**values), found


def refuse(what: str, found: Iterable[EventFinding]) -> None:
    """Raise an ``InputError`` with every finding, if there is any."""
    findings = tuple(found)
    if findings:
        raise InputError(f"{what} cannot be used; {len(findings)} thing(s) to put right:", findings)
