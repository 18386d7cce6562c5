"""Profiles of assistance funds: where a fund works, when, for whom, and how much it pays, as data.

States, counties and cities run such funds. A profile restates one fund's terms, each with its citation and mark of
certainty; what a profile does not say is not known, and is asked for.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from hopenow.errors import InputError
from hopenow.law import Document, Verification, weakest
from hopenow.programs.profiles import ByName, Strict, as_cents, as_millionths, as_tuple, read_profiles, shipped

Fund = Literal["haf", "hhf", "local_fund"]
Use = Literal[
    "payments",
    "reinstatement",
    "principal_reduction",
    "rate_reduction",
    "utilities",
    "internet",
    "insurance",
    "dues",
    "unemployment",
    "second_lien",
    "transition",
    "other",
]
FUNDS: tuple[Fund, ...] = ("haf", "hhf", "local_fund")


Money = Annotated[int, BeforeValidator(as_cents), Field(gt=0)]
Percent = Annotated[int, BeforeValidator(as_millionths), Field(gt=0)]
Text = Annotated[str, Field(min_length=1)]
State = Annotated[str, Field(pattern="^[A-Z]{2}$")]


class Term(Strict):
    """One term of a fund: where it stands, and how sure it is."""

    cite: Text
    verification: Verification
    note: str | None = None


class Award(Term):
    """The largest award (cents). ``later_at_most``: a second cap that replaced the first on a day not known."""

    at_most: Money
    later_at_most: Money | None = None


class FuturePayments(Term):
    """How many future payments the fund makes at most."""

    most: Annotated[int, Field(ge=0, le=1_000)]


class Lien(Term):
    """What secures the award."""

    years: Annotated[int, Field(ge=0, le=100)]
    forgivable: bool


class IncomeShare(Term):
    """Income limit in percent of the area median (millionths)."""

    at_most: Percent


class IncomeLimits(Term):
    """Yearly income limits by household size (cents); sizes may be missing, but not fall as the household grows."""

    by_size: dict[int, Money]

    @model_validator(mode="after")
    def _rising(self) -> IncomeLimits:
        if not self.by_size or min(self.by_size) < 1:
            raise ValueError("give a limit for at least one household size of one or more")
        limits = [self.by_size[size] for size in sorted(self.by_size)]
        if limits != sorted(limits):
            raise ValueError("a larger household has the lower limit; check the table")
        return self

    def between(self, size: int) -> tuple[int, int | None]:
        """Return a limit that a household of this size surely has, and one that it surely does not exceed.

        The first is the limit of the next smaller size in the table (zero if none), the second that of the next
        larger one (None if none); both are the size's own limit where the table has it.
        """
        smaller = [limit for known, limit in self.by_size.items() if known <= size]
        larger = [limit for known, limit in self.by_size.items() if known >= size]
        return max(smaller, default=0), min(larger, default=None)


class Window(Term):
    """When the fund takes applications; days that are not known are left out."""

    opens: datetime.date | None = None
    closes: datetime.date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Window:
        if self.opens is None and self.closes is None:
            raise ValueError("give opens, closes or both; leave the window out where neither is known")
        if self.opens is not None and self.closes is not None and self.closes < self.opens:
            raise ValueError(f"opens {self.opens} is after closes {self.closes}")
        return self


class Profile(Term):
    """One fund; citation and mark are those of its place and uses. Terms that are left out are not known."""

    profile: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    fund: Fund
    title: Text
    states: Annotated[tuple[State, ...], BeforeValidator(as_tuple), Field(min_length=1)]
    county: Annotated[str, Field(pattern="^[a-z][a-z .'-]*$")] | None = None
    documents: dict[str, Document]
    window: Window | None = None
    award: Award | None = None
    future_payments: FuturePayments | None = None
    lien: Lien | None = None
    income_share: IncomeShare | None = None
    income_limits: IncomeLimits | None = None
    uses: Annotated[tuple[Use, ...], BeforeValidator(as_tuple), Field(min_length=1)]

    def terms(self) -> Iterator[tuple[str, Term]]:
        """Yield the terms that are given, with their names."""
        for name in ("window", "award", "future_payments", "lien", "income_share", "income_limits"):
            term = getattr(self, name)
            if term is not None:
                yield name, term

    @property
    def weakest(self) -> Verification:
        """The weakest mark among the profile's own and those of its terms."""
        return weakest([self.verification, *(term.verification for _, term in self.terms())])

    def words(self, term: Term) -> str:
        """Return where a term stands and how sure it is, for people."""
        key, _, section = term.cite.partition("#")
        place = f"{self.documents[key].title}, {section}" if section else self.documents[key].title
        note = f". {term.note}" if term.note else ""
        return f"{place}; {term.verification}{note}"

    def defects(self) -> Iterator[str]:
        """Yield what is wrong between parts that are each well formed."""
        for name, term in [("the profile", self), *self.terms()]:
            if term.cite.partition("#")[0] not in self.documents:
                yield f"{name} cites {term.cite!r}, which is not among the documents"
        if (self.county is None) == (self.fund == "local_fund"):
            yield "a local fund, and only a local fund, names its county"
        if len(set(self.states)) < len(self.states):
            yield "a state stands twice"
        if self.county is not None and len(self.states) > 1:
            yield "a county lies in one state"
        if self.fund != "local_fund" and self.income_limits is not None:
            yield "limits by household size are for local funds; give income_share"


class Profiles(ByName[Profile]):
    """Profiles by name."""

    def of(self, fund: Fund) -> list[Profile]:
        """Return the profiles of one kind of fund."""
        return [profile for profile in self.values() if profile.fund == fund]

    @property
    def states(self) -> tuple[str, ...]:
        """The states in which some fund works, sorted."""
        return tuple(sorted({state for profile in self.values() for state in profile.states}))


def load_profiles(paths: Iterable[str | Path | Traversable] = (), *, with_shipped: bool = True) -> Profiles:
    """Load profiles strictly.

    Args:
        paths: profile files, one profile each.
        with_shipped: whether the profiles of the package are there as well.

    Returns:
        The profiles by name.

    Raises:
        InputError: with every defect of every file: unreadable, duplicate or unknown keys, wrong types, a term
            without citation or mark, a citation of an unknown document, a name used twice, two funds of a kind in
            one place.
    """
    findings: list[str] = []
    found: list[Profile] = []
    places: dict[tuple[str, str, str | None], str] = {}
    files = [*(shipped("hopenow.programs.assistance_funds") if with_shipped else []), *paths]
    for file, profile in read_profiles(files, Profile.model_validate, findings):
        for state in profile.states:
            other = places.setdefault((profile.fund, state, profile.county), profile.profile)
            if other != profile.profile:
                findings.append(f"{file}: {other} is a fund of the same kind in {state} already")
        found.append(profile)
    if findings:
        raise InputError("profiles of assistance funds cannot be used; correct the files", findings)
    return Profiles(found)
