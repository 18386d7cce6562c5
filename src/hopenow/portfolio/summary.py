"""What a review of a tape counted: plain data, the same for the terminal, the HTML report and JSON.

Units
    *row read*: a loan (or, with ``--at each``, a loan-month) of the tape, and rows that could not be read at
    all.
    *result*: a row of the result file: one loan, evaluation date and program. A loan whose investor is not
    known has a result for each program that may apply, so there can be more results than loans.
    *determination*: one option's answer in one result.

Always: ``read == reviewed + skipped``; ``skipped`` is the sum of ``skipped_by_reason``; ``results`` is the sum
of ``programs``, of ``outlook``, of each ``by_*`` table, and of ``first_possible``; and for each option, the
sum of its ``statuses`` is the number of its program's results.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

OUTLOOKS = ("keep_eligible", "keep_conditional", "reinstate_only", "leave_only", "help_only", "none", "no_program")
"""Best that is open to a result, best first: an option to keep the home is eligible; one is conditional; only
paying everything past due; only options to leave the home; only advice; every option is ruled out or not determined;
no program applies to the loan."""

NO_PROGRAM = "no_program"
UNKNOWN = "unknown"
NOT_ITEMIZED = "NOT-ITEMIZED"
"""Reason for skipped rows beyond the findings that are kept of each rule, when rows have several reasons."""

MOST_MONTHS_LISTED = 24
"""Months delinquent are counted one by one up to this many; the rest together."""

Counts = dict[str, int]


@dataclasses.dataclass
class Histogram:
    """Counts of a figure in bins of equal width, in published units (dollars or percent).

    Attributes:
        unit: ``dollars`` or ``percent``.
        width: width of a bin.
        counts: lower edge of a bin to number of results; the edge belongs to the bin, the next edge does not.
            The first and the last possible bin also hold everything beyond them.
        lowest: lower edge of the first possible bin.
        highest: lower edge of the last possible bin.
        count: number of figures.
        total: their exact sum.
        minimum: the smallest; None when there are none.
        maximum: the largest; None when there are none.
    """

    unit: str
    width: int
    lowest: int
    highest: int
    counts: dict[int, int] = dataclasses.field(default_factory=dict)
    count: int = 0
    total: Decimal = Decimal(0)
    minimum: Decimal | None = None
    maximum: Decimal | None = None

    @property
    def mean(self) -> Decimal | None:
        """Mean of the figures, exact; None when there are none."""
        return self.total / self.count if self.count else None


@dataclasses.dataclass
class OptionCounts:
    """One option of one program, over all results of that program.

    Attributes:
        program: program id.
        id: option id, the prefix of its columns.
        title: the option in words.
        kind: ``finding``, ``reinstate``, ``keep`` or ``leave``.
        statuses: status (eligible, conditional, ineligible, not_determined) to results.
        failed: rule id to results that it rules out, each of several reasons counted.
        only_failed: rule id to results that it alone rules out: without it they would be possible.
        conditions: rule id to possible results that still need an approval or an act because of it.
        unknown: rule id to conditional results in which it cannot be decided.
        missing: fact to conditional results that need it.
        verification: status to mark (verified, secondary, unverified) to results: the weakest mark behind the
            answer.
        rule_sets: rule-set id (or NOT-YET-IN-FORCE, ENDED, NOT-COVERED) to results.
        words: text term column to its words to possible results, for example which limit bound a forbearance.
        payment_change: dollars by which the monthly principal and interest falls (negative: it rises), over
            possible results with terms. None when the option has no such column.
        payment_reduction: percent by which it falls, likewise.
    """

    program: str
    id: str
    title: str
    kind: str
    statuses: Counts = dataclasses.field(default_factory=dict)
    failed: Counts = dataclasses.field(default_factory=dict)
    only_failed: Counts = dataclasses.field(default_factory=dict)
    conditions: Counts = dataclasses.field(default_factory=dict)
    unknown: Counts = dataclasses.field(default_factory=dict)
    missing: Counts = dataclasses.field(default_factory=dict)
    verification: dict[str, Counts] = dataclasses.field(default_factory=dict)
    rule_sets: Counts = dataclasses.field(default_factory=dict)
    words: dict[str, Counts] = dataclasses.field(default_factory=dict)
    payment_change: Histogram | None = None
    payment_reduction: Histogram | None = None

    @property
    def possible(self) -> int:
        """Results in which the option is eligible or conditional."""
        return self.statuses.get("eligible", 0) + self.statuses.get("conditional", 0)


@dataclasses.dataclass
class MissingFact:
    """A fact that keeps options open.

    Attributes:
        ask: how to ask for it.
        results: results with at least one conditional option that needs it.
        determinations: conditional options that need it, over all results.
        decides: results that need this fact and no other: one answer settles every open option.
    """

    ask: str
    results: int = 0
    determinations: int = 0
    decides: int = 0


@dataclasses.dataclass
class SourceFile:
    """A file of the tape: name, layout in words, size, SHA-256 (hexadecimal)."""

    name: str
    layout: str
    bytes: int
    sha256: str


@dataclasses.dataclass
class RuleLegend:
    """A rule in words, as it stood for evaluation dates of this tape.

    ``effect``: deny, approval or condition; ``rules_out``: whether failing it makes the option ineligible (a
    rule that is
    not verified never does). ``rule_sets``: the rule sets in which it reads like this.
    """

    program: str
    option: str
    rule: str
    says: str
    change: str
    effect: str
    rules_out: bool
    citation: str
    url: str
    verification: str
    rule_sets: list[str]


@dataclasses.dataclass
class RuleSetLegend:
    """A version of an option's rules that was used; ``start`` and ``end`` are ISO dates, None where open."""

    program: str
    option: str
    rule_set: str
    start: str | None
    end: str | None
    content: str
    citation: str
    verification: str
    results: int = 0


@dataclasses.dataclass
class Assumed:
    """A what-if fact: the value taken where the fact was unknown, and in how many results that was so."""

    value: str
    meaning: str
    results: int = 0


@dataclasses.dataclass
class ReadingUsed:
    """A documented reading that the run chose instead of the default of a program."""

    reading: str
    program: str
    meaning: str
    value: str
    default: str
    citation: str
    url: str
    verification: str


@dataclasses.dataclass
class Reference:
    """Edition of a public series in use."""

    name: str
    source: str
    edition: str
    first: str
    last: str
    verification: str
    origin: str


@dataclasses.dataclass
class Summary:
    """Everything that a review counted.

    Attributes:
        hopenow: version of the program.
        sources: the files of the tape.
        at: which months of a history were reviewed: ``last``, ``each`` or ``YYYY-MM``.
        read: rows read.
        reviewed: rows reviewed.
        skipped: rows not reviewed.
        skipped_by_reason: id of the finding that ruled the row out (the first, where there are several) to
            rows.
        results: rows of the result file.
        first_date: earliest evaluation date, ISO; None when nothing was reviewed.
        last_date: latest evaluation date, ISO.
        programs: program id (or ``no_program``) to results.
        program_titles: program id to its name.
        investor_unknown: results of loans whose owner or guarantor is not known: possibilities.
        possibilities: the same by program.
        outlook: best that is open (``OUTLOOKS``) to results.
        by_state: state (or ``unknown``) to outlook to results.
        by_months_delinquent: months delinquent (``0`` to ``24``, ``25+``, ``unknown``) to outlook to results.
        orders: evaluation hierarchy used to results.
        first_eligible: option id (or ``none``, or ``no_program``) to results.
        first_possible: likewise, conditional options included.
        options: every option of every program looked at, in the programs' order.
        missing: fact to what it keeps open, the most often missing first.
        assumed: what-if facts of the run.
        adopted: rule set to the date of early adoption.
        readings: documented readings chosen instead of the defaults.
        everyone: with every program asked for: program open to anyone to loans of which it was looked at. These are not
            among ``results``: whoever owns the loan, the answer is one per loan and date.
        everyone_options: the options of those programs, over the loans above.
        findings: number of findings by severity.
        findings_by_rule: ``phase``, ``severity``, ``rule``, ``field``, ``count``; errors first, most frequent
            first.
        findings_kept: findings written to the findings file (each rule on each field is capped).
        rule_sets: rule sets used.
        rules: every rule used, in words.
        references: editions of the public series.
        files: kind (``parquet``, ``csv``, ``findings``, ``summary``, ``report``) to path.
        seconds: wall-clock seconds by stage; ``read``, ``review`` and ``write`` run side by side, so they can
            add up to more than ``total``.
    """

    hopenow: str = ""
    sources: list[SourceFile] = dataclasses.field(default_factory=list)
    at: str = "last"
    read: int = 0
    reviewed: int = 0
    skipped: int = 0
    skipped_by_reason: Counts = dataclasses.field(default_factory=dict)
    results: int = 0
    first_date: str | None = None
    last_date: str | None = None
    programs: Counts = dataclasses.field(default_factory=dict)
    program_titles: dict[str, str] = dataclasses.field(default_factory=dict)
    investor_unknown: int = 0
    possibilities: Counts = dataclasses.field(default_factory=dict)
    outlook: Counts = dataclasses.field(default_factory=dict)
    by_state: dict[str, Counts] = dataclasses.field(default_factory=dict)
    by_months_delinquent: dict[str, Counts] = dataclasses.field(default_factory=dict)
    orders: Counts = dataclasses.field(default_factory=dict)
    first_eligible: Counts = dataclasses.field(default_factory=dict)
    first_possible: Counts = dataclasses.field(default_factory=dict)
    options: list[OptionCounts] = dataclasses.field(default_factory=list)
    missing: dict[str, MissingFact] = dataclasses.field(default_factory=dict)
    assumed: dict[str, Assumed] = dataclasses.field(default_factory=dict)
    adopted: dict[str, str] = dataclasses.field(default_factory=dict)
    readings: list[ReadingUsed] = dataclasses.field(default_factory=list)
    everyone: Counts = dataclasses.field(default_factory=dict)
    everyone_options: list[OptionCounts] = dataclasses.field(default_factory=list)
    findings: Counts = dataclasses.field(default_factory=dict)
    findings_by_rule: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    findings_kept: int = 0
    rule_sets: list[RuleSetLegend] = dataclasses.field(default_factory=list)
    rules: list[RuleLegend] = dataclasses.field(default_factory=list)
    references: list[Reference] = dataclasses.field(default_factory=list)
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    seconds: dict[str, float] = dataclasses.field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; exact decimals as text."""
        return cast(dict[str, Any], _plain(dataclasses.asdict(self)))

    def to_json(self) -> str:
        """Return the summary as JSON text."""
        return json.dumps(self.as_dict(), indent=1) + "\n"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Summary:
        """Return the summary that `as_dict` gave."""
        return cast(Summary, _made(cls, data))

    @classmethod
    def load(cls, path: str | Path) -> Summary:
        """Return the summary stored in a JSON file."""
        return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Decimal) else value


def _made(kind: Any, data: Any) -> Any:
    """Turn plain data back into the annotated type."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return kind(**{name: _made(hints[name], item) for name, item in data.items()})  # type: ignore[operator]
    if origin is list:
        return [_made(inner[0], item) for item in data]
    if origin is dict:
        return {inner[0](key): _made(inner[1], item) for key, item in data.items()}
    if origin is types.UnionType:
        return None if data is None else _made(inner[0], data)
    return Decimal(data) if kind is Decimal else data
