"""The rules as data, compiled once per set of policies: ``law/*.yaml``.

A rule has an id from the reference (``EI-1``), words, a length with a kind of day, a direction, further figures, and
dated versions. Everything is checked on loading; a defect names its file and rule.

Kinds of day:

``CAL``          calendar days
``XHOL``         days without legal public holidays, Saturdays and Sundays (policy ``observed_holidays``)
``Z-BD``         business days of 12 CFR 1026.2(a)(6), taken as weekdays that are no federal holiday
``MONTHS``       whole months
``PROMPTLY``     no number in the law; a target from the policy ``promptly_days``
``OPPORTUNITY``  no number in the law; the policy ``reasonable_opportunity_days``

The trigger day is day 0 and is never counted (CR-1). Days are ordinals inside (``date.toordinal()``).
"""

from __future__ import annotations

import bisect
import datetime
import functools
import importlib.resources
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from hopenow.clocks.policies import DEFAULT, Policies, policy_table
from hopenow.dates import BusinessCalendar, BusinessDayTable, HolidayObservance, add_months
from hopenow.errors import CoverageError, LawError
from hopenow.law.loader import load_documents, read_strict
from hopenow.law.model import Document, Verification

DayKind = Literal["CAL", "XHOL", "Z-BD", "MONTHS", "PROMPTLY", "OPPORTUNITY"]
Direction = Literal["last_day", "first_day", "before"]
Basis = Literal["law", "safe_harbor", "target"]
RuleWho = Literal["servicer", "homeowner", "owner"]

YEARS = range(1990, 2090)
"""Years for which business days are tabulated."""

_LAW = "hopenow.clocks.law"
_TARGETS = {"PROMPTLY", "OPPORTUNITY"}
_POLICY_OF_DAY: Mapping[str, tuple[str, ...]] = {
    "PROMPTLY": ("promptly_days", "observed_holidays"),
    "OPPORTUNITY": ("reasonable_opportunity_days",),
    "XHOL": ("observed_holidays",),
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class VersionLaw(_Strict):
    """One dated version of a rule; what it leaves out is as in the version before, or as the rule says."""

    start: Annotated[datetime.date, Field(alias="from")]
    end: Annotated[datetime.date | None, Field(alias="to")] = None
    length: int | None = None
    day: DayKind | None = None
    figures: dict[str, int | datetime.date] = Field(default_factory=dict)
    cite: str | None = None
    document: str | None = None
    verification: Verification | None = None
    note: str | None = None


class RuleLawFile(_Strict):
    """One rule as written in a law file."""

    title: Annotated[str, Field(min_length=1)]
    who: RuleWho
    trigger: Annotated[str, Field(min_length=1)]
    must: Annotated[str, Field(min_length=1)]
    may: str | None = None
    length: int | None = None
    day: DayKind | None = None
    direction: Direction = "last_day"
    basis: Basis | None = None
    figures: dict[str, int | datetime.date] = Field(default_factory=dict)
    policies: Annotated[tuple[str, ...], Field(strict=False)] = ()
    cite: Annotated[str, Field(min_length=1)]
    document: str | None = None
    verification: Verification
    note: str | None = None
    versions: Annotated[list[VersionLaw], Field(min_length=1)]

    @field_validator("versions")
    @classmethod
    def _in_order(cls, versions: list[VersionLaw]) -> list[VersionLaw]:
        for earlier, later in pairwise(versions):
            last = earlier.end or later.start - datetime.timedelta(days=1)
            if not earlier.start <= last < later.start:
                raise ValueError(f"the version from {later.start} does not come after the one from {earlier.start}")
        if versions[-1].end is not None and versions[-1].end < versions[-1].start:
            raise ValueError(f"the version from {versions[-1].start} ends before it begins")
        return versions


class LawFile(_Strict):
    """One law file.

    Attributes:
        title: what it holds.
        document: key of the document that its rules cite unless they say otherwise.
        draft: policy that switches it on; without one it always applies.
        states: postal codes of the states it is law in; empty for federal law.
        programs: programs whose rules these are; empty for law that every loan is under.
        rules: the rules by id.
    """

    title: str
    document: str
    draft: str | None = None
    states: Annotated[tuple[str, ...], Field(strict=False)] = ()
    programs: Annotated[tuple[str, ...], Field(strict=False)] = ()
    documents: dict[str, Document] = Field(default_factory=dict)
    rules: dict[str, RuleLawFile]


class Rule:
    """One version of a rule, compiled.

    Attributes:
        id: id in the reference.
        order: place among all rules; the same for every version of a rule.
        title, who, trigger, must: words; may: what the homeowner may do, where the rule gives a right.
        length, day, direction, basis: how it counts.
        figures: its further numbers; dates as ordinals.
        cite, document, verification, note: where it comes from and how sure that is.
        policies: names of the policies that it rests on.
        start, end: ordinals between which the version is in force, inclusive.
        after: ordinal of the trigger day -> ordinal that the rule leads to.
        source: name of the law file.
    """

    __slots__ = (
        "after", "basis", "cite", "day", "direction", "document", "end", "figures", "id", "length", "may", "must",
        "note", "order", "policies", "source", "start", "title", "trigger", "verification", "who",
    )  # fmt: skip

    id: str
    order: int
    title: str
    who: RuleWho
    trigger: str
    must: str
    may: str
    length: int | None
    day: DayKind | None
    direction: Direction
    basis: Basis
    figures: dict[str, int]
    cite: str
    document: Document
    verification: Verification
    note: str | None
    policies: tuple[str, ...]
    start: int
    end: int
    after: Callable[[int], int]
    source: str

    def __repr__(self) -> str:
        return f"Rule({self.id} from {datetime.date.fromordinal(self.start)})"


class Law(dict[str, Rule]):
    """The rules in force on a stretch of days, by id; a rule that is not in force is missing.

    Attributes:
        start: first day, ordinal.
    """

    __slots__ = ("start",)

    start: int


class Rulebook:
    """Every version of every rule under one set of policies.

    Attributes:
        policies: under which it was compiled.
        ids: every rule id in order; a rule's ``order`` is its place here.
        versions: id -> its versions in order of time.
        xhol: table of the days that ``XHOL`` counts.
    """

    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        self.xhol = _table(policies.observed_holidays)
        self.zbd = _table(HolidayObservance.STATUTORY.value)
        self.ids: list[str] = []
        self.versions: dict[str, list[Rule]] = {}
        for name, file in law_files().items():
            if file.draft is not None and not getattr(policies, file.draft):
                continue
            for rule_id, rule in file.rules.items():
                self.versions[rule_id] = self._compile(name, file, rule_id, rule)
                self.ids.append(rule_id)
        self._starts, self._laws = self._stretches()

    def at(self, day: int) -> Law:
        """Return the rules in force on a day (ordinal)."""
        return self._laws[bisect.bisect_right(self._starts, day) - 1]

    def rule(self, rule_id: str, day: int) -> Rule:
        """Return one rule as in force on a day.

        Raises:
            LawError: there is no such rule.
            CoverageError: it is not in force on the day.
        """
        versions = self.versions.get(rule_id)
        if versions is None:
            raise LawError(f"there is no rule {rule_id!r}")
        found = self.at(day).get(rule_id)
        if found is None:
            last = None if versions[-1].end >= _END else datetime.date.fromordinal(versions[-1].end)
            first = datetime.date.fromordinal(versions[0].start)
            raise CoverageError(f"rule {rule_id}", datetime.date.fromordinal(day), first, last)
        return found

    def __iter__(self) -> Iterator[Rule]:
        """Iterate over every version of every rule."""
        return (rule for versions in self.versions.values() for rule in versions)

    def _compile(self, name: str, file: LawFile, rule_id: str, law: RuleLawFile) -> list[Rule]:
        compiled: list[Rule] = []
        length, day, cite, verification = law.length, law.day, law.cite, law.verification
        document, figures = law.document or file.document, dict(law.figures)
        for index, version in enumerate(law.versions):
            following = law.versions[index + 1].start if index + 1 < len(law.versions) else None
            rule = Rule()
            rule.id, rule.order, rule.source = rule_id, len(self.ids), name
            rule.title, rule.who, rule.trigger, rule.must = law.title, law.who, law.trigger, law.must
            rule.may = law.may or law.must
            rule.length = version.length if version.length is not None else length
            rule.day = version.day or day
            rule.direction = law.direction
            rolled = ("roll_back",) if self._rolled(rule) else ()
            rule.policies = tuple(dict.fromkeys([*_POLICY_OF_DAY.get(rule.day or "", ()), *rolled, *law.policies]))
            rule.basis = law.basis or ("target" if rule.day in _TARGETS else "law")
            figures = {**figures, **version.figures}
            rule.figures = {key: _ordinal(value) for key, value in figures.items()}
            rule.cite = version.cite or cite
            rule.document = _documents(file)[version.document or document]
            rule.verification = version.verification or verification
            rule.note = version.note or law.note
            rule.start = version.start.toordinal()
            last = version.end or (following - datetime.timedelta(days=1) if following else None)
            rule.end = last.toordinal() if last else _END
            rule.after = self._counter(rule)
            compiled.append(rule)
            length, day, cite = rule.length, rule.day, rule.cite
        return compiled

    def _counter(self, rule: Rule) -> Callable[[int], int]:
        """Return how the rule counts from its trigger day, bound to this book's tables."""
        number = rule.length or 0
        if rule.day == "PROMPTLY":
            return functools.partial(_add_business, self.xhol.add, self.policies.promptly_days)
        if rule.day == "OPPORTUNITY":
            return functools.partial(_add_calendar, self.policies.reasonable_opportunity_days)
        if rule.day in ("XHOL", "Z-BD"):
            table = self.xhol if rule.day == "XHOL" else self.zbd
            return functools.partial(_add_business, table.add, number)
        if rule.day == "MONTHS":
            return functools.partial(_add_months, number)
        if self._rolled(rule):
            return functools.partial(_add_rolled, self.xhol.on_or_before, number)
        return functools.partial(_add_calendar, -number if rule.direction == "before" else number)

    def _rolled(self, rule: Rule) -> bool:
        """Whether a rule's last day moves back from a holiday or weekend (CR-3)."""
        if self.policies.roll_back == "none" or rule.day != "CAL" or rule.id in _NEVER_ROLLED:
            return False
        return rule.who == "servicer" and rule.direction == "last_day"

    def _stretches(self) -> tuple[list[int], list[Law]]:
        cuts = {0}
        for rule in self:
            cuts.add(rule.start)
            if rule.end < _END:
                cuts.add(rule.end + 1)
        starts = sorted(cuts)
        laws = []
        for start in starts:
            law = Law((rule.id, rule) for rule in self if rule.start <= start <= rule.end)
            law.start = start
            laws.append(law)
        return starts, laws


_END = datetime.date.max.toordinal()
# These count how long a state lasts, not a deadline for an act.
_NEVER_ROLLED = frozenset({"FC-1", "NE-9", "TN-3", "PS-2"})


def _add_calendar(number: int, day: int) -> int:
    return day + number


def _add_rolled(on_or_before: Callable[[int], int], number: int, day: int) -> int:
    return max(on_or_before(day + number), day)


def _add_business(add: Callable[[int, int], int], number: int, day: int) -> int:
    return add(day, number) if number else day


def _add_months(number: int, day: int) -> int:
    return add_months(datetime.date.fromordinal(day), number).toordinal()


def _ordinal(value: int | datetime.date) -> int:
    return value.toordinal() if isinstance(value, datetime.date) else value


@functools.cache
def _table(observance: str) -> BusinessDayTable:
    kind = HolidayObservance(observance)
    return BusinessDayTable(BusinessCalendar(f"federal holidays ({observance})", kind), YEARS)


@functools.cache
def _shared_documents() -> Mapping[str, Document]:
    return load_documents(importlib.resources.files(_LAW).joinpath("documents.yaml"))


def _documents(file: LawFile) -> Mapping[str, Document]:
    return {**_shared_documents(), **file.documents}


def read_law(name: str, content: object) -> LawFile:
    """Check the content of one law file.

    Raises:
        LawError: naming every defect.
    """
    try:
        file = TypeAdapter(LawFile).validate_python(content)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise LawError(f"{name}: " + "; ".join(lines)) from None
    documents = _documents(file)
    defects = [] if file.document in documents else [f"the document {file.document!r} is not in the table"]
    if file.draft is not None and file.draft not in policy_table():
        defects.append(f"the draft {file.draft!r} is no policy")
    for rule_id, rule in file.rules.items():
        cited = {rule.document, *(version.document for version in rule.versions)} - {None}
        defects += [
            f"{rule_id} rests on {name!r}, which is no policy" for name in rule.policies if name not in policy_table()
        ]
        unknown = cited - set(documents)
        defects += [f"{rule_id} cites {key!r}, which is not in the table of documents" for key in unknown]
        counted = {rule.day, *(version.day for version in rule.versions)} - {None}
        numbered = rule.length is not None or any(version.length is not None for version in rule.versions)
        if numbered != bool(counted - _TARGETS):
            defects.append(f"{rule_id}: a length needs a kind of day, and a kind of day (but a target) a length")
    if defects:
        raise LawError(f"{name}: " + "; ".join(defects))
    return file


@functools.cache
def law_files() -> Mapping[str, LawFile]:
    """Return every law file by name, in the order of their names.

    Raises:
        LawError: naming every defect of the first file that has one, or an id that two files use.
    """
    files: dict[str, LawFile] = {}
    owner: dict[str, str] = {}
    folder = importlib.resources.files(_LAW)
    for path in sorted(folder.iterdir(), key=lambda item: item.name):
        if not path.name.endswith(".yaml") or path.name == "documents.yaml":
            continue
        name = path.name.removesuffix(".yaml")
        files[name] = read_law(path.name, read_strict(path))
        for rule_id in files[name].rules:
            if rule_id in owner:
                raise LawError(f"{path.name}: the rule {rule_id} stands in {owner[rule_id]}.yaml already")
            owner[rule_id] = name
    return files


def rulebook(policies: Policies = DEFAULT) -> Rulebook:
    """Return the rules compiled under a set of policies, once per process."""
    return _compiled(policies)


@functools.lru_cache(maxsize=16)
def _compiled(policies: Policies) -> Rulebook:
    return Rulebook(policies)
