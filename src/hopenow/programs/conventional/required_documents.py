"""Which documents a complete application needs, and how income counts.

The table is ``form_710.yaml``; ages and percentages come from ``process_dates.yaml``. A document is needed,
or its need hangs on a fact that is not known yet: then it says which question decides. What is surely not
needed is left out.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import importlib.resources
from collections.abc import Iterable, Mapping
from importlib.resources.abc import Traversable
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hopenow.errors import CoverageError, InputError, LawError
from hopenow.facts import schema
from hopenow.law import Document, Verification
from hopenow.law.loader import read_strict
from hopenow.law.model import Words
from hopenow.money import half_up_div
from hopenow.programs.conventional.common import PACKAGE, law
from hopenow.programs.conventional.process import PROCESS, Rulebook

_BANKRUPTCIES = ("chapter_7", "chapter_13")


# --- shape of the table ---------------------------------------------------------------------------


class StrictTable(BaseModel):
    """Base of the tables beside the law files: unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Cited(StrictTable):
    """Something with a citation and a mark."""

    cite: Annotated[str, Field(min_length=1)]
    verification: Verification
    note: str | None = None


class Edition(Cited):
    """The edition of the form, in use from a day on."""

    start: Annotated[datetime.date, Field(alias="from")]
    title: str


class Item(StrictTable):
    """One document; ``when`` names the facts (flags) that make it needed."""

    name: Annotated[str, Field(min_length=1)]
    why: Annotated[str, Field(min_length=1)]
    alternatives: Words = ()
    when: dict[str, bool] = Field(default_factory=dict)


class Kind(Cited):
    """A cause of hardship or a kind of income, and what shows it."""

    title: str
    documents: Annotated[tuple[Item, ...], Field(strict=False)] = ()
    nontaxable: bool = False


class Application(Cited):
    """The application form itself."""

    name: str
    why: str
    alternatives: Words = ()


class Condition(StrictTable):
    """A circumstance in which a document is needed; ``income``: only for households with that kind."""

    says: str
    ask: str
    income: str | None = None


class Transcript(Cited):
    """A document that is needed only in some circumstances."""

    name: str
    why: str
    conditions: Annotated[dict[str, Condition], Field(min_length=1)]


class Form(StrictTable):
    """The whole table."""

    edition: Edition
    application: Application
    transcript: Transcript
    hardships: dict[str, Kind]
    incomes: dict[str, Kind]


Table = TypeVar("Table", bound=StrictTable)


def load_table(path: Traversable, shape: type[Table]) -> Table:
    """Read a strict table.

    Args:
        path: the YAML file.
        shape: what may be written in it.

    Raises:
        LawError: naming every defect of keys and types.
    """
    content = read_strict(path)
    if not isinstance(content, dict):
        raise LawError(f"{path.name}: the file is empty or not a mapping")
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        defects = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise LawError(f"{path.name}: " + "; ".join(defects)) from None


def refuse(name: str, defects: Iterable[str]) -> None:
    """Raise one LawError with all defects of a file; nothing when there are none."""
    found = list(defects)
    if found:
        raise LawError(f"{name}: " + "; ".join(found))


def citation_defects(cited: Mapping[str, Cited], documents: Mapping[str, Document]) -> list[str]:
    """Name everything whose citation is not in the table of documents."""
    return [
        f"{place} cites {item.cite!r}, which is not in the table of documents"
        for place, item in cited.items()
        if item.cite.split("#")[0] not in documents
    ]


def load_form(path: Traversable) -> Form:
    """Load the table of documents and check it against the facts and the documents cited.

    Raises:
        LawError: naming every defect found.
    """
    form = load_table(path, Form)
    kinds = {"hardships": ("hardship_kind", form.hardships), "incomes": ("income_kinds", form.incomes)}
    cited: dict[str, Cited] = {
        "edition": form.edition,
        "application": form.application,
        "transcript": form.transcript,
    }
    defects = []
    for place, (fact, table) in kinds.items():
        choices = schema()[fact].choices
        defects += [f"{place} lacks {name!r}, which {fact} may be" for name in choices if name not in table]
        defects += [f"{place} has {name!r}, which {fact} may not be" for name in table if name not in choices]
        for name, kind in table.items():
            cited[f"{place}.{name}"] = kind
            for item in kind.documents:
                defects += [
                    f"{place}.{name}: {item.name!r} depends on {key!r}, which is not a flag of the facts"
                    for key in item.when
                    if key not in schema() or schema()[key].type != "flag"
                ]
    defects += [
        f"transcript.{name} names the unknown kind of income {item.income!r}"
        for name, item in form.transcript.conditions.items()
        if item.income is not None and item.income not in form.incomes
    ]
    refuse(path.name, [*defects, *citation_defects(cited, law(PROCESS).documents)])
    return form


@functools.cache
def form() -> Form:
    """Return the table that ships with the package."""
    return load_form(importlib.resources.files(PACKAGE).joinpath("form_710.yaml"))


# --- documents ------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Question:
    """What must be known to decide; ``fact``: a name of the fact schema or of a circumstance of the form."""

    fact: str
    ask: str


@dataclasses.dataclass(frozen=True)
class Freshness:
    """How old a document may be, days, with the rule in words and its mark."""

    days: int
    says: str
    verification: Verification


@dataclasses.dataclass(frozen=True)
class Alternative:
    """What does as well as a document, and how sure that is."""

    says: str
    verification: Verification


@dataclasses.dataclass(frozen=True)
class RequiredDocument:
    """One document of a complete application.

    Attributes:
        name: the document.
        why: what it is for.
        needed: True, or None while a question decides.
        alternatives: what does as well; one of all is enough.
        citation: key of the document that asks for it.
        title: title of that document.
        verification: how sure that is.
        freshness: how old it may be; None where nothing is said.
        questions: what decides, where ``needed`` is None, or what would add an alternative.
    """

    name: str
    why: str
    needed: bool | None
    alternatives: tuple[Alternative, ...]
    citation: str
    title: str
    verification: Verification
    freshness: Freshness | None = None
    questions: tuple[Question, ...] = ()


def required_documents(
    hardship_kind: str | None,
    income_kinds: Iterable[str] | None,
    *,
    evaluation_date: datetime.date,
    authority: str = "fannie_mae",
    permanent_change_of_station: bool | None = None,
    bankruptcy: str | None = None,
    inconsistent_documents: bool | None = None,
    investor_request: bool | None = None,
    self_employed_without_documents: bool | None = None,
) -> list[RequiredDocument]:
    """List the documents of a complete application.

    Args:
        hardship_kind: fact ``hardship_kind``; None while unknown.
        income_kinds: fact ``income_kinds``, as words or as text separated by ``;``; empty for a household
            without income, None while unknown.
        evaluation_date: selects the edition and the ages.
        authority: ``fannie_mae`` or ``freddie_mac``.
        permanent_change_of_station: fact of that name.
        bankruptcy: fact of that name.
        inconsistent_documents: the documents contradict each other.
        investor_request: the investor asks for a tax transcript.
        self_employed_without_documents: a self-employed borrower has none of the usual documents.

    Returns:
        The application, then documents of the hardship, then of income, then the tax transcript.

    Raises:
        InputError: naming every word that is not one of the choices.
        CoverageError: the date lies before the edition known.
    """
    table = form()
    if evaluation_date < table.edition.start:
        raise CoverageError(table.edition.title, evaluation_date, table.edition.start)
    incomes = _incomes(income_kinds)
    _check(hardship_kind, incomes, bankruptcy)
    rules = Rulebook(authority, evaluation_date)
    facts = {"permanent_change_of_station": permanent_change_of_station}
    circumstances = {
        "inconsistent_documents": inconsistent_documents,
        "investor_request": investor_request,
        "self_employed_without_documents": self_employed_without_documents,
    }
    found = [_application(table, rules, bankruptcy)]
    if hardship_kind is None:
        found.append(_undecided("Documents of the hardship", "hardship_kind", table.application))
    else:
        found += _of_kind(table.hardships[hardship_kind], facts, None)
    if incomes is None:
        found.append(_undecided("Documents of income", "income_kinds", table.application))
    else:
        freshness = _freshness(rules, hardship_kind)
        found += [item for name in incomes for item in _of_kind(table.incomes[name], facts, freshness)]
    return [*found, *_transcript(table.transcript, incomes, circumstances)]


def _incomes(kinds: Iterable[str] | None) -> tuple[str, ...] | None:
    if kinds is None:
        return None
    words = kinds.split(";") if isinstance(kinds, str) else kinds
    return tuple(dict.fromkeys(word.strip() for word in words if word.strip()))


def _check(hardship_kind: str | None, incomes: tuple[str, ...] | None, bankruptcy: str | None) -> None:
    given = [("hardship_kind", hardship_kind), ("bankruptcy", bankruptcy)]
    given += [("income_kinds", name) for name in incomes or ()]
    findings = [
        f"{fact}: {word!r} is not one of {', '.join(schema()[fact].choices)}"
        for fact, word in given
        if word is not None and word not in schema()[fact].choices
    ]
    if findings:
        raise InputError("the documents cannot be listed", findings)


def _ask(fact: str) -> Question:
    return Question(fact, schema()[fact].ask)


def _title(cite: str) -> str:
    return law(PROCESS).documents[cite.split("#")[0]].title


def _alternatives(names: Iterable[str], verification: Verification) -> tuple[Alternative, ...]:
    return tuple(Alternative(name, verification) for name in names)


def _application(table: Form, rules: Rulebook, bankruptcy: str | None) -> RequiredDocument:
    item = table.application
    alternatives = _alternatives(item.alternatives, item.verification)
    if bankruptcy in _BANKRUPTCIES or bankruptcy is None:
        schedules = rules.words("bankruptcy_schedules")
        alternatives += (Alternative(schedules.says, schedules.verification),)
    return RequiredDocument(
        item.name,
        item.why,
        True,
        alternatives,
        item.cite,
        _title(item.cite),
        item.verification,
        questions=(_ask("bankruptcy"),) if bankruptcy is None else (),
    )


def _undecided(name: str, fact: str, source: Cited) -> RequiredDocument:
    question = _ask(fact)
    return RequiredDocument(
        name,
        f"Which ones depends on the answer to: {question.ask}",
        None,
        (),
        source.cite,
        _title(source.cite),
        source.verification,
        questions=(question,),
    )


def _of_kind(
    kind: Kind, facts: Mapping[str, bool | None], freshness: Freshness | None
) -> list[RequiredDocument]:
    found = []
    for item in kind.documents:
        known = {name: facts.get(name) for name in item.when}
        if any(known[name] is not None and known[name] != wanted for name, wanted in item.when.items()):
            continue
        open_facts = [name for name, value in known.items() if value is None]
        found.append(
            RequiredDocument(
                item.name,
                f"{item.why} ({kind.title})",
                None if open_facts else True,
                _alternatives(item.alternatives, kind.verification),
                kind.cite,
                _title(kind.cite),
                kind.verification,
                freshness,
                tuple(_ask(name) for name in open_facts),
            )
        )
    return found


def _freshness(rules: Rulebook, hardship_kind: str | None) -> Freshness:
    """Age of income documents; while the cause is unknown the stricter of the two."""
    usual, disaster = rules.figure("income_document_days"), rules.figure("income_document_disaster_days")
    words = rules.words("fresh_income_documents")
    days = disaster if hardship_kind == "disaster" else usual
    return Freshness(min(usual, disaster) if hardship_kind is None else days, words.says, words.verification)


def _transcript(
    item: Transcript, incomes: tuple[str, ...] | None, known: Mapping[str, bool | None]
) -> list[RequiredDocument]:
    answers: dict[str, bool | None] = {}
    for name, condition in item.conditions.items():
        if condition.income is None or incomes is None or condition.income in incomes:
            answers[name] = known[name]
    if all(value is False for value in answers.values()):
        return []
    met = [item.conditions[name].says for name, value in answers.items() if value]
    unknown = [name for name, value in answers.items() if value is None]
    if met:
        need = f"because {' and '.join(met)}"
    else:
        need = f"only if {', or '.join(item.conditions[name].says for name in unknown)}"
    return [
        RequiredDocument(
            item.name,
            f"{item.why} Needed {need}.",
            True if met else None,
            (),
            item.cite,
            _title(item.cite),
            item.verification,
            questions=() if met else tuple(Question(name, item.conditions[name].ask) for name in unknown),
        )
    ]


# --- income ---------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class AdjustedIncome:
    """Income as it counts in an evaluation.

    Attributes:
        amount: cents per month; None while a question decides.
        added: cents added for taxes that are not paid or already taken off; None with ``amount``.
        says: the rule in words, empty where nothing is added.
        citation: key of the document; None where nothing is added.
        verification: how sure the rule is.
        questions: what decides.
    """

    amount: int | None
    added: int | None
    says: str
    citation: str | None
    verification: Verification
    questions: tuple[Question, ...] = ()


def adjusted_income(
    kind: str,
    amount: int,
    *,
    evaluation_date: datetime.date,
    authority: str = "fannie_mae",
    shown_by_bank_statements: bool | None = None,
    tax_rate: int | None = None,
) -> AdjustedIncome:
    """Gross up income that is not taxed, or is shown after taxes by bank statements.

    Args:
        kind: one of the fact ``income_kinds``.
        amount: cents per month, as received.
        evaluation_date: selects the rule.
        authority: ``fannie_mae`` or ``freddie_mac``.
        shown_by_bank_statements: whether bank statements show it; not needed for non-taxable kinds.
        tax_rate: the household's actual tax rate, millionths, where it is known; the higher rate counts.

    Raises:
        InputError: an unknown kind, or a negative amount or rate.
    """
    findings = []
    if kind not in form().incomes:
        findings.append(f"income_kinds: {kind!r} is not one of {', '.join(form().incomes)}")
    if amount < 0:
        findings.append("the amount is negative; enter losses as expenses")
    if tax_rate is not None and tax_rate < 0:
        findings.append("the tax rate is negative")
    if findings:
        raise InputError("the income cannot be adjusted", findings)
    rules = Rulebook(authority, evaluation_date)
    words = rules.words("gross_up_income")
    citation = words.citations[0].cite
    if form().incomes[kind].nontaxable or shown_by_bank_statements:
        added = half_up_div(amount * max(rules.figure("income_gross_up"), tax_rate or 0), 1_000_000)
        return AdjustedIncome(amount + added, added, words.says, citation, words.verification)
    if shown_by_bank_statements is None:
        question = Question("shown_by_bank_statements", "Do bank statements show this income?")
        return AdjustedIncome(None, None, words.says, citation, words.verification, (question,))
    return AdjustedIncome(amount, 0, "", None, form().incomes[kind].verification)


def household_income_counts(
    *,
    volunteered: bool | None,
    documented: bool | None,
    lives_in_home: bool | None,
    contributes_routinely: bool | None,
) -> bool | None:
    """Say whether income of a household member who is not a borrower counts (rule ``household_income``).

    Args:
        volunteered: the borrower offers it for consideration.
        documented: documents show it.
        lives_in_home: that person lives in the home as a principal residence.
        contributes_routinely: that person contributes to the household again and again.

    Returns:
        True, False, or None while a fact that decides is unknown.
    """
    answers = (volunteered, documented, lives_in_home, contributes_routinely)
    if any(answer is False for answer in answers):
        return False
    return None if any(answer is None for answer in answers) else True
