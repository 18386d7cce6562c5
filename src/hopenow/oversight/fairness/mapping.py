"""The mapping file: which column of an application file is what, which codes mean what, and what is filler.

A mapping is a YAML file; ``hopenow fairness`` ships some (see `package_mappings`) and takes any other::

    version: 1
    title: Applications for help, 2009
    source: {publisher: ..., title: ..., rights: ...}
    unit: application            # what a row is: person, loan or application
    columns:
      DECISION: {fact: denied, values: {"D": "yes", "A": "no"}}
      RACE: {fact: race, values: {"1": white, "2": black}, unknown: {"9": not provided}}
      DTI: {fact: payment_to_income, fillers: ["9.99"], high: 2}
      YEARS: {fact: years_in_home, kind: number, label: years in the home}      # a fact of the file's own
    constants: {applied: yes, decided: yes}
    only: {LIEN: ["1"]}          # rows to look at; the rest is counted
    references: {race: white}    # whom the others are compared with
    controls: [payment_to_income, loan_to_value]
    models:
      denial: {outcome: denied, method: linear_probability, terms: [payment_to_income, race], errors: HC1}
    measures: [note_rate]        # numbers to compare between groups
    ignore: [SELLER_NAME]

Every key is checked, and everything wrong is said at once.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping as MappingType
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hopenow.errors import InputError, LawError
from hopenow.law.loader import read_strict
from hopenow.oversight.fairness.vocabulary import PACKAGE, Kind, Vocabulary, facts

__all__ = ["Column", "Mapping", "ModelSpec", "load_mapping", "package_mappings"]

Method = Literal["linear_probability", "logistic"]
Errors = Literal["classic", "HC1"]


def _word(value: object) -> object:
    """YAML reads yes, no, 1 and 2.5 as something else than text; here they are codes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if value is None or isinstance(value, str | dict | list) else str(value)


def _words(value: object) -> object:
    return tuple(_word(item) for item in value) if isinstance(value, list) else value


def _codes(value: object) -> object:
    if isinstance(value, list):
        return {_word(item): "unknown" for item in value}
    return {_word(key): _word(item) for key, item in value.items()} if isinstance(value, dict) else value


Word = Annotated[str, BeforeValidator(_word)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Codes = Annotated[dict[str, str], BeforeValidator(_codes)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Strict):
    """One source column.

    Attributes:
        fact: what it holds: a name of the vocabulary, or the file's own (then with ``kind`` and ``label``).
        kind: how to read it; None takes the vocabulary's.
        label: in words, for tables; None takes the fact's name.
        values: code to meaning; without it, text is taken as it stands.
        renamed: codes to replace by words in text that otherwise stands as it is.
        unknown: codes that say that it is not known, with the reason.
        fillers: numbers that stand for "not known".
        low: least plausible number (money: dollars); what is under it counts as unknown.
        high: largest plausible number.
        times: a number is multiplied by this after the limits were checked.
        date_format: of dates; ISO without.
    """

    fact: str
    kind: Kind | None = None
    label: str | None = None
    values: Codes = Field(default_factory=dict)
    renamed: Codes = Field(default_factory=dict)
    unknown: Codes = Field(default_factory=dict)
    fillers: Words = ()
    low: Word | None = None
    high: Word | None = None
    times: Word | None = None
    date_format: str | None = None


class ModelSpec(_Strict):
    """A regression to be run by name."""

    outcome: str
    method: Method = "logistic"
    terms: Words
    errors: Errors = "HC1"
    note: str = ""


class Provenance(_Strict):
    """Where the file comes from, and what may be done with it."""

    publisher: str
    title: str
    url: str | None = None
    rights: str = "not stated"


class Shape(_Strict):
    """How the file is written."""

    delimiter: str = ","
    null_values: Words = ()


class Mapping(_Strict):
    """A checked mapping."""

    version: Literal[1] = 1
    title: str
    source: Provenance | None = None
    vocabulary: Vocabulary = "applications"
    unit: Literal["person", "loan", "application"] = "application"
    file: Shape = Shape()
    columns: dict[str, Column]
    constants: Codes = Field(default_factory=dict)
    only: dict[str, Words] = Field(default_factory=dict)
    references: Codes = Field(default_factory=dict)
    controls: Words = ()
    models: dict[str, ModelSpec] = Field(default_factory=dict)
    measures: Words = ()
    ignore: Words = ()

    def kind(self, column: Column) -> Kind:
        """Return how a column is read."""
        return column.kind or facts(self.vocabulary)[column.fact].kind

    def label(self, name: str) -> str:
        """Return a fact in words."""
        for column in self.columns.values():
            if column.fact == name and column.label:
                return column.label
        return name.replace("_", " ")

    @property
    def facts(self) -> tuple[str, ...]:
        """Names of all facts that the file gives, columns first."""
        return (*dict.fromkeys(column.fact for column in self.columns.values()), *self.constants)


def package_mappings() -> dict[str, Traversable]:
    """Return the mappings that ship with the package, by name."""
    folder = importlib.resources.files(PACKAGE).joinpath("mappings")
    return {item.name.removesuffix(".yaml"): item for item in folder.iterdir() if item.name.endswith(".yaml")}


def load_mapping(source: str | Path) -> Mapping:
    """Load a mapping: the name of one that ships with the package, or a path.

    Raises:
        InputError: there is none, or it has defects; carries every one.
    """
    own = package_mappings()
    path: Traversable = own[str(source)] if str(source) in own else Path(source)
    if not path.is_file():
        raise InputError(f"no mapping {str(source)!r}: give a file, or one of {', '.join(sorted(own))}")
    try:
        content = read_strict(path)
    except LawError as error:
        raise InputError(str(error)) from None
    return parse_mapping(content, path.name)


def parse_mapping(content: Any, name: str = "mapping") -> Mapping:
    """Check the content of a mapping.

    Raises:
        InputError: with every defect.
    """
    if not isinstance(content, dict):
        raise InputError(f"{name} is not a mapping: it needs at least the keys title and columns")
    try:
        mapping = Mapping.model_validate(content)
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
        raise InputError(f"{name} cannot be used", lines, shown=100) from None
    findings = list(_defects(mapping))
    if findings:
        raise InputError(f"{name} cannot be used", findings, shown=100)
    return mapping


def _defects(mapping: Mapping) -> list[str]:
    known = facts(mapping.vocabulary)
    found: list[str] = []
    for name, column in mapping.columns.items():
        if column.fact not in known and (column.kind is None or column.label is None):
            found.append(f"columns.{name}: {column.fact!r} is a fact of the file's own; give its kind and label")
            continue
        kind = mapping.kind(column)
        if (
            column.fact in known
            and kind != known[column.fact].kind
            and not (known[column.fact].kind == "yes_no" and kind == "date")
        ):
            found.append(f"columns.{name}: {column.fact} is {known[column.fact].kind}, not {kind}")
        numeric = kind in {"number", "money", "percent"}
        if not numeric and (
            column.fillers or column.low is not None or column.high is not None or column.times is not None
        ):
            found.append(f"columns.{name}: fillers, low, high and times belong to numbers")
        if kind in {"money", "percent"} and column.times is not None:
            found.append(f"columns.{name}: times belongs to plain numbers; money and percents stay exact")
        if numeric and column.values:
            found.append(f"columns.{name}: values belong to text and yes-or-no columns")
        found += [
            f"columns.{name}: {word!r} is not a number"
            for word in (*column.fillers, column.low, column.high, column.times)
            if word is not None and not _is_number(word)
        ]
        if column.renamed and (kind != "text" or column.values):
            found.append(f"columns.{name}: renamed belongs to text without values")
        if kind == "yes_no":
            wrong = sorted(set(column.values.values()) - {"yes", "no"})
            found += [f"columns.{name}: {word!r} must be yes or no" for word in wrong]
        both = sorted(set(column.values) & set(column.unknown))
        found += [f"columns.{name}: code {code!r} is both a value and unknown" for code in both]
    found += _twice(mapping)
    names = set(mapping.facts) | {"offered"} | DIMENSIONS_FROM.keys()
    for place, wanted in (
        ("controls", mapping.controls),
        ("measures", mapping.measures),
        *((f"models.{key}", (model.outcome, *model.terms)) for key, model in mapping.models.items()),
    ):
        found += [f"{place}: {name!r} is not given by any column" for name in wanted if name not in names]
    found += [
        f"constants.{name}: only stages and other yes-or-no facts can be constant"
        for name in mapping.constants
        if name not in known or known[name].kind != "yes_no"
    ]
    return found


DIMENSIONS_FROM: MappingType[str, tuple[tuple[str, ...], ...]] = {
    "risk_decile": (("risk_score",), ("credit_score",)),
    "delinquency_stage": (("days_delinquent",),),
    "income_band": (("income_ratio",), ("income", "area_median_income")),
    "age_band": (("age",),),
    "elderly": (("age",),),
}
"""Groups that are worked out, and the facts (alternatives) that each needs."""


def _twice(mapping: Mapping) -> list[str]:
    names = [column.fact for column in mapping.columns.values()]
    twice = sorted({name for name in names if names.count(name) > 1})
    found = [f"columns: {name} is given by two columns" for name in twice]
    return found + [f"constants: {name} is also given by a column" for name in mapping.constants if name in names]


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
