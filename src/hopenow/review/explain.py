"""One loan in full: every option with every rule, every step and every source, ready to be read aloud."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Mapping
from typing import Any

import polars as pl

from hopenow.facts import NEVER, Fact, schema
from hopenow.facts.derived import DERIVED
from hopenow.law import OptionLaw, Source, Value
from hopenow.money import dollars, format_cents, format_ppm, percent
from hopenow.programs.base import Paper, Program, Report, Step, column
from hopenow.programs.readings import Chosen
from hopenow.reference import ForeclosureInState, foreclosure_in
from hopenow.review.engine import ASSUMED, STATUSES, Part, Settings, determine
from hopenow.review.plan import PlannedOption, PlannedRule
from hopenow.review.reasons import decode, known_by, worth_asking


@dataclasses.dataclass(frozen=True)
class Citation:
    """Where something is written, and how sure that is."""

    document: str
    where: str
    publisher: str
    title: str
    as_of: str
    url: str
    verification: str

    def short(self) -> str:
        """Return the citation in one line."""
        place = f", {self.where}" if self.where else ""
        edition = f" ({self.as_of})" if self.as_of else ""
        return f"{self.publisher}: {self.title}{place}{edition}"


@dataclasses.dataclass(frozen=True)
class Figure:
    """A named value as shown: a fact or a parameter, with what it means and (for parameters) where it comes from."""

    name: str
    meaning: str
    value: str
    raw: Any
    citation: Citation | None = None


@dataclasses.dataclass(frozen=True)
class RuleAnswer:
    """One rule's answer for one loan.

    ``answer`` is yes, no or unknown; ``consequence`` says what a no means: rules out, needs approval, still to do, or
    (for a rule that is not verified) must be confirmed.
    """

    id: str
    says: str
    answer: str
    consequence: str
    change: str
    facts: tuple[Figure, ...]
    figures: tuple[Figure, ...]
    citation: Citation
    code: str


@dataclasses.dataclass(frozen=True)
class Question:
    """A fact that is missing, and how to ask for it."""

    fact: str
    ask: str


@dataclasses.dataclass(frozen=True)
class StepShown:
    """One step of the calculation, as shown."""

    title: str
    text: str
    value: str
    raw: Any
    figures: tuple[Figure, ...]


@dataclasses.dataclass(frozen=True)
class ProcessRule:
    """A term, process step or reporting duty in words."""

    id: str
    says: str
    citation: Citation


@dataclasses.dataclass(frozen=True)
class OptionExplained:
    """One option for one loan."""

    id: str
    title: str
    kind: str
    homeowner: str
    status: str
    rank: int | None
    rule_set: str
    coverage: str
    verification: str
    rules: tuple[RuleAnswer, ...]
    steps: tuple[StepShown, ...]
    terms: Mapping[str, Any]
    questions: tuple[Question, ...]
    estimated_without: tuple[str, ...]
    process: tuple[ProcessRule, ...]
    reports: tuple[Report, ...]


@dataclasses.dataclass(frozen=True)
class Explanation:
    """One loan under one program.

    ``foreclosure`` is what is known of foreclosure in the loan's state, None where the state is not known. ``readings``
    are the documented readings that the run chose instead of the defaults.
    """

    loan_id: str
    evaluation_date: datetime.date
    program: str
    program_title: str
    investor_known: bool
    order: str
    order_citation: Citation | None
    assumed: tuple[str, ...]
    facts: tuple[Figure, ...]
    options: tuple[OptionExplained, ...]
    papers: tuple[Paper, ...]
    foreclosure: ForeclosureInState | None = None
    readings: tuple[Chosen, ...] = ()

    def ranked(self) -> list[OptionExplained]:
        """Return the options (findings left out), possible ones first, in the order of the hierarchy."""
        own = [option for option in self.options if option.kind != "finding"]
        return sorted(
            own, key=lambda option: (option.status not in ("eligible", "conditional"), option.rank or len(own))
        )

    def questions(self) -> list[Question]:
        """Return what is still to be asked, each question once, those of the best options first."""
        found: dict[str, Question] = {}
        for option in self.ranked():
            if option.status == "conditional":
                for question in option.questions:
                    found.setdefault(question.fact, question)
        return list(found.values())

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON: dates as ISO text, money and rates as decimal text."""
        return {name: _plain(value) for name, value in dataclasses.asdict(self).items()}


def explain(facts: pl.DataFrame, settings: Settings | None = None) -> list[Explanation]:
    """Explain every loan of a (small) canonical frame, once per program that applies or may apply.

    Args:
        facts: canonical frame.
        settings: assumptions, early adoptions, programs, reference files.
    """
    settings = settings or Settings()
    found = []
    for part in determine(facts, settings):
        decoded = decode(part, tuple(settings.assume))
        rows = zip(part.frame.iter_rows(named=True), decoded.iter_rows(named=True), strict=True)
        found += [_explained(part, row, words, settings) for row, words in rows]
    return found


def _explained(part: Part, row: Mapping[str, Any], words: Mapping[str, Any], settings: Settings) -> Explanation:
    program = part.program
    order = words["order"]
    ranks = {name: place + 1 for place, name in enumerate(program.orders[order])}
    types = dict(part.frame.schema)  # looked up for every open rule, and dear to make
    return Explanation(
        loan_id=row["loan_id"],
        evaluation_date=row["evaluation_date"],
        program=program.id,
        program_title=program.title,
        investor_known=part.investor_known,
        order=order,
        order_citation=_order_citation(program, order),
        assumed=tuple(name for place, name in enumerate(settings.assume) if row[ASSUMED] >> place & 1),
        facts=tuple(_fact(name, row) for name in schema() if row.get(name) is not None),
        options=tuple(
            _option(planned, part, types, row, words, ranks.get(planned.option.id)) for planned in part.interval.options
        ),
        papers=tuple(program.papers(row)) if program.papers else (),
        foreclosure=foreclosure_in(row["state"], settings.reference_dir),
        readings=settings.readings_chosen(program.id),
    )


def _order_citation(program: Program, order: str) -> Citation | None:
    source = program.order_sources.get(order)
    if source is None:
        return None
    return _citation(program.options[0].law, source["cite"], source["verification"])


def _option(
    planned: PlannedOption,
    part: Part,
    types: Mapping[str, pl.DataType],
    row: Mapping[str, Any],
    words: Mapping[str, Any],
    rank: int | None,
) -> OptionExplained:
    option = planned.option

    def word(name: str) -> str:
        return words[column(option.id, name)] or ""

    in_force = planned.segment is not None
    figures = {name: _parameter(name, planned) for name in planned.parameters} if in_force else {}
    return OptionExplained(
        id=option.id,
        title=option.law.title,
        kind=option.kind,
        homeowner=option.law.homeowner,
        status=STATUSES[row[column(option.id, "status_code")]],
        rank=rank,
        rule_set=word("rule_set"),
        coverage=planned.covered,
        verification=word("verification"),
        rules=tuple(_answer(rule, planned, row, figures) for rule in planned.rules),
        steps=tuple(_shown(step, figures) for step in option.steps(row, planned.parameters))
        if in_force and option.steps
        else (),
        terms={name: _typed(row[column(option.id, name)], kind) for name, kind in option.columns.items()},
        questions=tuple(Question(name, schema()[name].ask) for name in _missing(planned, row, part, types)),
        estimated_without=tuple(name for name in word("estimated_without").split(";") if name),
        process=tuple(_process(planned, figures)) if in_force else (),
        reports=_reports(part, option.id, row["evaluation_date"]) if in_force else (),
    )


def _missing(
    planned: PlannedOption, row: Mapping[str, Any], part: Part, types: Mapping[str, pl.DataType]
) -> list[str]:
    """Return the unknown facts that would settle the rules that cannot be decided."""
    unknown = row[column(planned.option.id, "unknown")]
    open_rules = [rule for rule in planned.rules if unknown >> rule.bit & 1]
    return list(dict.fromkeys(fact for rule in open_rules for fact in _settling(rule, row, part, types)))


def _settling(
    rule: PlannedRule, row: Mapping[str, Any], part: Part, types: Mapping[str, pl.DataType]
) -> list[str]:
    """Return the facts worth asking for one rule: those that settle it alone, or else all that it lacks.

    Flags and choices are tried out with every value, numbers with their smallest and largest; a missing date or text
    always counts as worth asking.
    """
    known = known_by(part.program)
    lacking = [fact for fact in rule.facts if worth_asking(fact, row, known)]
    trials = [(fact, value) for fact in lacking if fact in rule.columns for value in _extremes(schema()[fact])]
    tried = {fact for fact, _ in trials}
    if not tried:
        return lacking
    values = {name: [row[name]] * len(trials) for name in rule.columns}
    for place, (fact, value) in enumerate(trials):
        values[fact] = [*values[fact][:place], value, *values[fact][place + 1 :]]
    frame = pl.DataFrame(values, schema={name: types[name] for name in rule.columns})
    answers = frame.select(rule.expression.cast(pl.Boolean).alias("answer"))["answer"]
    settling = {fact for (fact, _), answer in zip(trials, answers, strict=True) if answer is not None}
    return [fact for fact in lacking if fact in settling or fact not in tried] if settling else lacking


def _extremes(fact: Fact) -> tuple[Any, ...]:
    """Return the values to try a fact out with; none for dates and text."""
    if fact.type == "flag":
        return (True, False)
    if fact.type == "choice":
        return fact.choices
    return tuple(value for value in fact.canonical_range if value is not None)


def _reports(part: Part, option: str, day: datetime.date) -> tuple[Report, ...]:
    return tuple(part.program.reports(option, day)) if part.program.reports else ()


def _answer(
    rule: PlannedRule, planned: PlannedOption, row: Mapping[str, Any], figures: Mapping[str, Figure]
) -> RuleAnswer:
    option = planned.option
    law = option.law.rules[rule.id]
    bit = 1 << rule.bit
    answer = (
        "no"
        if row[column(option.id, "failed")] & bit
        else "unknown"
        if row[column(option.id, "unknown")] & bit
        else "yes"
    )
    values = {name: figure.value for name, figure in figures.items()}
    if rule.effect == "approval":
        consequence = f"needs the prior approval of {law.approver}"
    elif rule.effect == "condition":
        consequence = "still to be done"
    elif rule.rules_out:
        consequence = "rules this option out"
    else:
        consequence = "must be confirmed with the investor: this rule is not verified"
    return RuleAnswer(
        id=rule.id,
        says=law.says.format(**values),
        answer=answer,
        consequence=consequence if answer == "no" else "",
        change=law.change.format(**values) if answer == "no" else "",
        facts=tuple(_fact(name, row) for name in rule.columns),
        figures=tuple(figures[name] for name in rule.parameters),
        citation=_citation(option.law, rule.source.cite, rule.source.verification),
        code=rule.source.code or "",
    )


def _parameter(name: str, planned: PlannedOption) -> Figure:
    law = planned.option.law
    parameter = law.parameters[name]
    value: Value = planned.parameters.source(name)
    shown = {
        "percent": f"{value.value}%",
        "dollars": f"${value.value:,}" if not isinstance(value.value, str | tuple) else str(value.value),
    }.get(parameter.unit, ", ".join(value.value) if isinstance(value.value, tuple) else str(value.value))
    return Figure(name, parameter.meaning, shown, value.value, _citation(law, value.cite, value.verification))


def _citation(law: OptionLaw, cite: str, verification: str) -> Citation:
    key, _, where = cite.partition("#")
    document = law.documents[key]
    return Citation(
        document=key,
        where=where,
        publisher=document.publisher,
        title=document.title,
        as_of=str(document.as_of or ""),
        url=document.url or "",
        verification=verification,
    )


def _process(planned: PlannedOption, figures: Mapping[str, Figure]) -> list[ProcessRule]:
    law, parameters = planned.option.law, planned.parameters
    rule_set = planned.rule_set
    values = {name: figure.value for name, figure in figures.items()}
    found = []
    for name, entry in law.process.items():
        if entry.rule_sets and rule_set.id not in entry.rule_sets:
            continue
        source: Source | None = next((item for item in entry.sources if parameters.authority in item.authorities), None)
        if source is not None:
            found.append(
                ProcessRule(name, entry.says.format(**values), _citation(law, source.cite, source.verification))
            )
    return found


def _shown(step: Step, figures: Mapping[str, Figure]) -> StepShown:
    used = tuple(figures[name] for name in step.parameters)
    return StepShown(step.title, step.text, show(step.figure, step.type), _typed(step.figure, step.type), used)


def _fact(name: str, row: Mapping[str, Any]) -> Figure:
    facts = schema()
    if name in facts:
        fact = facts[name]
        return Figure(name, fact.meaning, show(row[name], fact.type), _typed(row[name], fact.type))
    kind, meaning = _column_kind(name)
    return Figure(name, meaning, show(row[name], kind), _typed(row[name], kind))


@functools.cache
def _column_kind(name: str) -> tuple[str, str]:
    if name in DERIVED:
        kind = "money" if name in {"monthly_escrow", "contractual_payment", "housing_expense"} else "text"
        return kind, DERIVED[name].meaning
    if name in {"modification_interest_rate", "modification_interest_rate_bound"}:
        return "rate", "Modification interest rate posted for the evaluation date."
    return "text", name.replace("__", ": ").replace("_", " ")


def show(value: Any, kind: str) -> str:
    """Return a value in published units for people; an unknown value is shown as such."""
    if value is None:
        return "not known"
    if value == NEVER:
        return "never"
    if kind == "money":
        return format_cents(value)
    if kind == "rate":
        return format_ppm(value)
    if kind == "ratio":
        return format_ppm(value, places=2)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime.date):
        return value.isoformat()
    if kind == "months":
        return f"{value} month" if value == 1 else f"{value} months"
    return str(value).replace("_", " ") if kind == "choice" else str(value)


def _typed(value: Any, kind: str) -> Any:
    if value is None or value == NEVER:
        return None if value is None else "never"
    if kind == "money":
        return dollars(value)
    if kind in {"rate", "ratio"}:
        return percent(value)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)
