"""Shapes of the law files: what may be written, and nothing else.

Unknown keys, missing citations and wrong types are errors; the loader turns all of them into one message.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from hopenow.errors import HopeNowError, LawError
from hopenow.money import cents, ppm

Verification = Literal["verified", "secondary", "unverified"]
Effect = Literal["deny", "approval", "condition"]
Unit = Literal[
    "months",
    "days",
    "count",
    "miles",
    "points",
    "dollars",
    "percent",
    "choice",
    "flag",
    "words",
    "day_of_month",
]

_STRENGTH: tuple[Verification, ...] = ("unverified", "secondary", "verified")


def weakest(marks: Iterable[Verification]) -> Verification:
    """Return the least certain of the marks; ``verified`` when there are none."""
    return min(marks, key=_STRENGTH.index, default="verified")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


def _text_as_tuple(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_text_as_tuple)]


class Document(_Strict):
    """A publication that a value or rule rests on."""

    publisher: str
    title: str
    as_of: datetime.date | None = None
    url: str | None = None


class Source(_Strict):
    """Where a rule comes from for the named authorities, and how sure that is."""

    authorities: Annotated[Words, Field(alias="for", min_length=1)]
    cite: Annotated[str, Field(min_length=1)]
    verification: Verification
    code: str | None = None
    effect: Effect | None = None
    note: str | None = None


class RuleSet(_Strict):
    """One version of an option's rules, in force from a date to a date (both inclusive).

    ``start`` None: no earlier version is known; before ``known_since`` the version is applied but marked unverified.
    ``optional_from``: a servicer may have adopted the version from this date on.
    """

    id: str
    authorities: Annotated[Words, Field(alias="for", min_length=1)]
    start: Annotated[datetime.date | None, Field(alias="from")] = None
    end: Annotated[datetime.date | None, Field(alias="to")] = None
    optional_from: datetime.date | None = None
    known_since: datetime.date | None = None
    content: str
    cite: Annotated[str, Field(min_length=1)]
    verification: Verification

    @model_validator(mode="after")
    def _ordered(self) -> RuleSet:
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError(f"rule set {self.id}: from {self.start} is after to {self.end}")
        if self.start is None and self.known_since is None:
            raise ValueError(
                f"rule set {self.id}: give 'from', or 'known_since' where the start is not established"
            )
        if self.optional_from is not None and (self.start is None or self.optional_from >= self.start):
            raise ValueError(f"rule set {self.id}: optional_from must come before from")
        return self


class Value(_Strict):
    """A parameter's value for some authorities, in some rule sets or between two dates (inclusive)."""

    authorities: Annotated[Words, Field(alias="for", min_length=1)]
    value: int | Decimal | bool | str | tuple[str, ...]
    cite: Annotated[str, Field(min_length=1)]
    verification: Verification
    start: Annotated[datetime.date | None, Field(alias="from")] = None
    end: Annotated[datetime.date | None, Field(alias="to")] = None
    rule_sets: Words = ()
    note: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _lists_are_tuples(cls, data: object) -> object:
        if isinstance(data, dict) and isinstance(data.get("value"), list):
            return {**data, "value": tuple(data["value"])}
        return data

    @model_validator(mode="after")
    def _ordered(self) -> Value:
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError(f"value {self.value}: from {self.start} is after to {self.end}")
        return self


def engine_value(value: object, unit: Unit) -> object:
    """Convert a published value to engine units: dollars to cents, percent to millionths, the rest unchanged."""
    if unit == "dollars":
        return cents(value)
    if unit == "percent":
        return ppm(value)
    if unit == "flag":
        if not isinstance(value, bool):
            raise LawError(f"a flag must be true or false, not {value!r}")
        return value
    if unit == "choice":
        if not isinstance(value, str):
            raise LawError(f"a choice must be one word, not {value!r}")
        return value
    if unit == "words":
        return (value,) if isinstance(value, str) else value
    if isinstance(value, bool) or not isinstance(value, int):
        raise LawError(f"{unit} must be a whole number, not {value!r}")
    return value


class ParameterLaw(_Strict):
    """A named number (or word) of the law, with every value it has had.

    ``alternatives``: other documented readings of the same text. A run may choose one by name; it then stands in for
    the values that it covers (see :meth:`covered`).
    """

    meaning: str
    unit: Unit
    choices: Words = ()
    values: Annotated[list[Value], Field(min_length=1)]
    alternatives: list[Value] = Field(default_factory=list)

    def covered(self, alternative: Value, authority: str) -> list[Value]:
        """Return the values of an authority for which an alternative may stand in.

        They are those of the alternative's rule sets and dates; where it names none, all.
        """
        return [
            value
            for value in self.values
            if authority in value.authorities
            and (not alternative.rule_sets or (value.rule_sets and set(value.rule_sets) <= set(alternative.rule_sets)))
            and (alternative.start is None or (value.start is not None and value.start >= alternative.start))
            and (alternative.end is None or (value.end is not None and value.end <= alternative.end))
        ]

    @model_validator(mode="after")
    def _values_fit(self) -> ParameterLaw:
        for value in [*self.values, *self.alternatives]:
            try:
                engine_value(value.value, self.unit)
            except HopeNowError as error:
                raise ValueError(str(error)) from None
            if self.unit == "choice" and value.value not in self.choices:
                raise ValueError(f"{value.value!r} is not one of the choices {', '.join(self.choices)}")
        return self


def shown_value(value: object, unit: str) -> str:
    """Return a parameter's published value for people."""
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if unit == "percent":
        return f"{value}%"
    return f"${value:,}" if unit == "dollars" else str(value)


class RuleLaw(_Strict):
    """A rule's words: what it demands, what would change a no, and where it comes from.

    ``effect``: deny = failing it rules the option out; approval = failing it needs somebody's prior approval;
    condition = something still to be done before the option starts.
    ``says`` and ``change`` may name parameters in braces.
    """

    says: str
    change: str
    effect: Effect = "deny"
    approver: str | None = None
    rule_sets: Words = ()
    sources: Annotated[list[Source], Field(min_length=1)]

    @model_validator(mode="after")
    def _approver_named(self) -> RuleLaw:
        if (self.effect == "approval") != (self.approver is not None):
            raise ValueError("a rule with effect approval names its approver, and only such a rule does")
        return self


class TermLaw(_Strict):
    """A term, process step, document or report of an option, in words; values in braces come from parameters."""

    says: str
    rule_sets: Words = ()
    sources: Annotated[list[Source], Field(min_length=1)]


class OptionLaw(_Strict):
    """Everything the law files say about one workout option."""

    option: str
    title: str
    homeowner: str
    introduced: datetime.date | None = None
    rule_sets: Annotated[list[RuleSet], Field(min_length=1)]
    parameters: dict[str, ParameterLaw] = Field(default_factory=dict)
    rules: dict[str, RuleLaw] = Field(default_factory=dict)
    process: dict[str, TermLaw] = Field(default_factory=dict)
    documents: dict[str, Document] = Field(default_factory=dict)


def cited(law: OptionLaw, cite: str) -> tuple[str, str]:
    """Return a citation in one line, and the document's public address (empty where there is none)."""
    key, _, where = cite.partition("#")
    document = law.documents[key]
    place = f", {where}" if where else ""
    edition = f" ({document.as_of})" if document.as_of else ""
    return f"{document.publisher}: {document.title}{place}{edition}", document.url or ""
