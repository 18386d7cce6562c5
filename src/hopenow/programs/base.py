"""What a program is made of: options, each with rules, terms and words.

Rules are small named functions from parameters to a Polars expression over a frame of facts. Polars' three-valued
logic gives true, false or (where a fact is missing) null.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Mapping
from typing import Any, Literal

import polars as pl

from hopenow.law import OptionLaw, Parameters, Verification

Kind = Literal["finding", "reinstate", "keep", "leave", "help"]
TermType = Literal["money", "rate", "ratio", "months", "days", "count", "date", "flag", "text"]
RuleFunction = Callable[[Parameters], pl.Expr]
TermsFunction = Callable[[pl.DataFrame, Parameters], pl.DataFrame]


@dataclasses.dataclass(frozen=True)
class Step:
    """One step of a calculation, for people: what was done, the figure it gave, and the law behind it.

    ``figure`` is an engine-unit value of type ``type``; ``parameters`` are the names of the parameters used.
    """

    title: str
    text: str
    figure: Any = None
    type: TermType = "text"
    parameters: tuple[str, ...] = ()


StepsFunction = Callable[[Mapping[str, Any], Parameters], list[Step]]


@dataclasses.dataclass(frozen=True)
class Option:
    """One workout option of one program.

    Attributes:
        id: for example ``flex_modification``; the prefix of its columns.
        kind: finding (a status others build on), reinstate, keep (the home), leave, or help (advice; changes nothing
            about the loan).
        law: its dated words and figures.
        rules: rule id to function; the ids are exactly those of the law file.
        terms: adds the option's term columns to a frame of facts; null where they cannot be known.
        columns: term column to its type.
        needs: facts without which there are no terms.
        needs_under: further such facts that depend on the figures in force.
        additive: facts that the terms add up; while unknown they are left out and the terms are an estimate.
        steps: renders one loan's terms as steps.
    """

    id: str
    kind: Kind
    law: OptionLaw
    rules: Mapping[str, RuleFunction]
    terms: TermsFunction | None = None
    columns: Mapping[str, TermType] = dataclasses.field(default_factory=dict)
    needs: tuple[str, ...] = ()
    needs_under: Callable[[Parameters], tuple[str, ...]] | None = None
    additive: tuple[str, ...] = ()
    steps: StepsFunction | None = None


@dataclasses.dataclass(frozen=True)
class Paper:
    """A document that the application needs: what it is for, what does as well, and how sure that is.

    ``needed`` is None while ``questions`` decide.
    """

    name: str
    why: str
    needed: bool | None
    alternatives: tuple[str, ...]
    freshness: str
    title: str
    verification: Verification
    questions: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Report:
    """Something that must be reported or sent for an option, and how sure that is."""

    says: str
    verification: Verification


@dataclasses.dataclass(frozen=True)
class Program:
    """One authority's options and the order in which they are offered.

    Attributes:
        id: the authority, for example ``fannie_mae``.
        title: its name in words.
        applies: which loans are its own (three-valued).
        options: in the order in which they are determined; later ones may use columns of earlier ones.
        orders: name of an order to option ids, best first.
        order: expression that gives the name of the order for a loan.
        order_sources: name of an order to the citation and mark behind it.
        papers: from a loan's facts to the documents its application needs; None where the program has no list.
        borrows: programs whose own facts this one reads too.
        known_by: fact to the column that, where it is known, makes asking for the fact needless.
        reports: from an option id and a day to what must be reported; None where the program has no list.
    """

    id: str
    title: str
    applies: pl.Expr
    options: tuple[Option, ...]
    orders: Mapping[str, tuple[str, ...]]
    order: pl.Expr
    order_sources: Mapping[str, Mapping[str, str]]
    papers: Callable[[Mapping[str, Any]], list[Paper]] | None = None
    reports: Callable[[str, datetime.date], list[Report]] | None = None
    borrows: tuple[str, ...] = ()
    known_by: Mapping[str, str] = dataclasses.field(default_factory=dict)


def loan_type_is(name: str) -> pl.Expr:
    """Test for a government loan type; unknown leaves it open, but not for a loan that an enterprise owns."""
    conventional = pl.col("loan_type").is_null() & pl.col("investor").is_in(["fannie_mae", "freddie_mac"])
    return pl.when(conventional.fill_null(False)).then(False).otherwise(pl.col("loan_type") == name)


def column(option: str, name: str) -> str:
    """Return the full name of an option's column, for example ``flex_modification__rate``."""
    return f"{option}__{name}"


class RuleTable(dict[str, RuleFunction]):
    """Rule id to function; used as a decorator: ``@rules("FM-3")``."""

    def __call__(self, rule_id: str) -> Callable[[RuleFunction], RuleFunction]:
        """Return the decorator that enters a function under ``rule_id``.

        Raises:
            ValueError: the id is taken.
        """

        def enter(function: RuleFunction) -> RuleFunction:
            if rule_id in self:
                raise ValueError(f"rule {rule_id} is written twice")
            self[rule_id] = function
            return function

        return enter
