"""What the project covers, and how sure it is: derived from the registry and the law files, as plain data.

Counted are *versions* (rule sets), *rules*, *figures* (values of parameters) and *entries* (process, in words), each
once for a program however many of its options share it. A day is verified for an option when the version, the rules
and the figures in force on it are; for a program, when all its options in force are.
"""

from __future__ import annotations

import dataclasses
import datetime
import importlib
import importlib.resources
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from hopenow.facts import schema
from hopenow.law import FIRST_DAY, OptionLaw, Segment, Verification, cited, segments, shown_value
from hopenow.law.segments import marks
from hopenow.programs.base import Kind, Option, Program
from hopenow.programs.readings import Reading, readings_of
from hopenow.programs.registry import ENTRIES, Entry, entry, program

What = Literal["versions", "rules", "figures", "entries"]
WHATS: tuple[What, ...] = ("versions", "rules", "figures", "entries")
MARKS: tuple[Verification, ...] = ("verified", "secondary", "unverified")
_DAY = datetime.timedelta(days=1)
_LAST = datetime.date.max
_PACKAGE = "hopenow.programs"


@dataclasses.dataclass(frozen=True)
class Item:
    """One version, rule, figure or entry of an option's law for one program, with its mark and source.

    Attributes:
        what: versions, rules, figures or entries.
        name: id of the version, rule or entry, name of the parameter.
        says: content, words or meaning.
        value: of a figure, as published; empty otherwise.
        when: version or dates to which it is limited; empty for always.
        mark: how sure it is.
        source: publisher, title, place and edition.
        url: public address; empty where there is none.
        note: remark of the law file.
    """

    what: What
    name: str
    says: str
    value: str
    when: str
    mark: Verification
    source: str
    url: str
    note: str


@dataclasses.dataclass(frozen=True)
class Days:
    """Days from one to another, both inclusive; None is open."""

    start: datetime.date | None
    end: datetime.date | None


@dataclasses.dataclass(frozen=True)
class OptionCoverage:
    """One option of one program.

    Attributes:
        id: of the option.
        title: in words.
        kind: finding, reinstate, keep, leave or help.
        covered: days on which a version is in force.
        verified: days on which everything in force is verified.
        items: everything its law says for the program.
        readings: points on which another documented reading can be chosen.
    """

    id: str
    title: str
    kind: Kind
    covered: tuple[Days, ...]
    verified: tuple[Days, ...]
    items: tuple[Item, ...]
    readings: tuple[Reading, ...]

    def doubtful(self) -> tuple[Item, ...]:
        """Return what is not verified at all (marked ``unverified``)."""
        return tuple(item for item in self.items if item.mark == "unverified")


@dataclasses.dataclass(frozen=True)
class ProgramCoverage:
    """One program: its entry, its options, and the days on which every option in force is verified."""

    entry: Entry
    title: str
    verified: tuple[Days, ...]
    options: tuple[OptionCoverage, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """Everything the law files say for the program, once however many options share it."""
        return tuple(dict.fromkeys(item for option in self.options for item in option.items))


def counts(items: Iterable[Item]) -> dict[What, dict[Verification, int]]:
    """Count items by what they are and by mark."""
    found: dict[What, dict[Verification, int]] = {what: dict.fromkeys(MARKS, 0) for what in WHATS}
    for item in items:
        found[item.what][item.mark] += 1
    return found


def coverage(programs: Mapping[str, Program] | None = None) -> tuple[ProgramCoverage, ...]:
    """Return what is covered, program by program.

    Args:
        programs: programs by id, for example with other readings; None means those of the registry.
    """
    if programs is None:
        programs = {item.id: program(item.id) for item in ENTRIES}
    return tuple(_program(entry(name), loaded) for name, loaded in programs.items())


def coverage_data(programs: Mapping[str, Program] | None = None) -> dict[str, Any]:
    """Return `coverage` as plain data for JSON and pages: dates as ISO text, None where open or not established."""
    covered = coverage(programs)
    everything = [item for found in covered for item in found.items]
    return {"programs": [_program_data(found) for found in covered], "counts": counts(everything)}


def _program_data(found: ProgramCoverage) -> dict[str, Any]:
    own = found.entry
    return {
        "id": own.id,
        "title": found.title,
        "name": own.name,
        "authority": own.authority,
        "status": own.status,
        "from": _iso(own.start),
        "to": _iso(own.end),
        "verified": [_days(span) for span in found.verified],
        "document": own.document.model_dump(),
        "open_to": own.open_to,
        "loan_types": None if own.loan_types is None else list(own.loan_types),
        "investors": None if own.investors is None else list(own.investors),
        "looked_at": own.looked_at,
        "everyone": own.everyone,
        "counts": counts(found.items),
        "options": [_option_data(option) for option in found.options],
    }


def _option_data(option: OptionCoverage) -> dict[str, Any]:
    return {
        "id": option.id,
        "title": option.title,
        "kind": option.kind,
        "covered": [_days(span) for span in option.covered],
        "verified": [_days(span) for span in option.verified],
        "counts": counts(option.items),
        "unverified": [dataclasses.asdict(item) for item in option.doubtful()],
        "readings": [reading.as_dict() for reading in option.readings],
    }


def _iso(day: datetime.date | None) -> str | None:
    return None if day is None else day.isoformat()


def _days(span: Days) -> dict[str, str | None]:
    return {"from": _iso(span.start), "to": _iso(span.end)}


# --- from law files -------------------------------------------------------------------------------


def _program(own: Entry, loaded: Program) -> ProgramCoverage:
    cut = {option.id: segments(option.law, loaded.id) for option in loaded.options}
    chosen = readings_of(loaded)
    options = tuple(
        OptionCoverage(
            id=option.id,
            title=option.law.title,
            kind=option.kind,
            covered=_merged((item.start, item.end) for item in cut[option.id]),
            verified=_merged((item.start, item.end) for item in cut[option.id] if marks(item) == "verified"),
            items=tuple(_items(option.law, loaded.id)),
            readings=tuple(reading for reading in chosen if option.id in reading.options),
        )
        for option in loaded.options
    )
    return ProgramCoverage(own, loaded.title, _verified(loaded, cut), options)


def _merged(spans: Iterable[tuple[datetime.date, datetime.date]]) -> tuple[Days, ...]:
    """Join days that follow one another; what begins on the first or ends on the last day there is, is open."""
    found: list[list[datetime.date]] = []
    for start, end in sorted(spans):
        if found and start - _DAY <= found[-1][1]:
            found[-1][1] = max(found[-1][1], end)
        else:
            found.append([start, end])
    return tuple(Days(None if start <= FIRST_DAY else start, None if end == _LAST else end) for start, end in found)


def _verified(loaded: Program, cut: Mapping[str, list[Segment]]) -> tuple[Days, ...]:
    """Return the days on which the program offers something and all that is in force is verified."""
    every = [item for found in cut.values() for item in found]
    starts = sorted({item.start for item in every} | {item.end + _DAY for item in every if item.end < _LAST})
    spans = []
    for place, start in enumerate(starts):
        end = starts[place + 1] - _DAY if place + 1 < len(starts) else _LAST
        now = {
            option.id: item
            for option in loaded.options
            for item in cut[option.id]
            if item.start <= start <= item.end
        }
        offered = any(option.kind != "finding" and option.id in now for option in loaded.options)
        if offered and all(marks(item) == "verified" for item in now.values()):
            spans.append((start, end))
    return _merged(spans)


def _items(law: OptionLaw, authority: str) -> Iterator[Item]:
    for rule_set in law.rule_sets:
        if authority in rule_set.authorities:
            since = f"not established, known since {rule_set.known_since}"
            when = f"{rule_set.start or since} to {rule_set.end or 'open'}"
            mark = rule_set.verification
            yield Item("versions", rule_set.id, rule_set.content, "", when, mark, *cited(law, rule_set.cite), "")
    for name, rule in law.rules.items():
        for source in rule.sources:
            if authority in source.authorities:
                when, note = ", ".join(rule.rule_sets), source.note or ""
                where = cited(law, source.cite)
                yield Item("rules", name, rule.says, "", when, source.verification, *where, note)
    for name, parameter in law.parameters.items():
        for value in parameter.values:
            if authority in value.authorities:
                limits = [", ".join(value.rule_sets)] if value.rule_sets else []
                if value.start or value.end:
                    limits.append(f"{value.start or ''} to {value.end or 'open'}".strip())
                shown = shown_value(value.value, parameter.unit)
                where, note = cited(law, value.cite), value.note or ""
                yield Item(
                    "figures", name, parameter.meaning, shown, ", ".join(limits), value.verification, *where, note
                )
    for name, entry_ in law.process.items():
        for source in entry_.sources:
            if authority in source.authorities:
                when, note = ", ".join(entry_.rule_sets), source.note or ""
                where = cited(law, source.cite)
                yield Item("entries", name, entry_.says, "", when, source.verification, *where, note)


# --- the registry against the law files -----------------------------------------------------------


def registry_defects(entries: Iterable[Entry] = ENTRIES, programs: Mapping[str, Program] | None = None) -> list[str]:
    """Compare the registry with the programs there are and with what their law files support.

    Args:
        entries: of the registry.
        programs: programs by id; None means every package that defines one.

    Returns:
        Every defect in words: a program without entry or an entry without program, dates that the law files do not
        give, a verified range that the marks do not support, a program in force of which nothing is, loan types and
        investors that are no facts.
    """
    programs = _packages() if programs is None else programs
    own = {item.id: item for item in entries}
    defects = [f"{name}: there is a program, but no entry in the registry" for name in programs if name not in own]
    for name, item in own.items():
        if name not in programs:
            defects.append(f"{name}: there is an entry, but no program")
            continue
        defects += [f"{name}: {defect}" for defect in _entry_defects(item, programs[name])]
    return defects


def _packages() -> dict[str, Program]:
    """Return every package below `hopenow.programs` that defines a program."""
    found = {}
    for module in pkgutil.iter_modules([str(importlib.resources.files(_PACKAGE))]):
        if module.ispkg:
            loaded = getattr(importlib.import_module(f"{_PACKAGE}.{module.name}"), "PROGRAM", None)
            if isinstance(loaded, Program):
                found[module.name] = loaded
    return found


def _entry_defects(item: Entry, loaded: Program) -> Iterator[str]:
    sets = [
        rule_set
        for option in _offered(loaded)
        for rule_set in option.law.rule_sets
        if loaded.id in rule_set.authorities
    ]
    if not sets:
        yield "no option has a version for this authority"
        return
    starts, ends = [rule_set.start for rule_set in sets], [rule_set.end for rule_set in sets]
    start = None if None in starts else min(day for day in starts if day is not None)
    end = None if None in ends else max(day for day in ends if day is not None)
    if item.start != start:
        yield f"from is {item.start}, but the law files begin {start or 'on a day that is not established'}"
    if item.status == "draft":
        return
    if item.end != end:
        yield f"to is {item.end}, but the law files end {end or 'open'}"
    if item.verified is not None:
        yield from _claim(item, _verified(loaded, {option.id: segments(option.law, loaded.id) for option in
                                                   loaded.options}))  # fmt: skip
    for fact, names in (("loan_type", item.loan_types), ("investor", item.investors)):
        strange = sorted(set(names or ()) - set(schema()[fact].choices))
        if strange:
            yield f"{fact} knows no {', '.join(strange)}"


def _claim(item: Entry, found: tuple[Days, ...]) -> Iterator[str]:
    claimed = item.verified
    if claimed is None:
        return
    first, last = claimed.start or FIRST_DAY, claimed.end or _LAST
    if not any((span.start or FIRST_DAY) <= first and last <= (span.end or _LAST) for span in found):
        supported = "; ".join(f"{span.start or '(open)'} to {span.end or '(open)'}" for span in found) or "no day"
        yield (
            f"verified is {claimed.start or '(open)'} to {claimed.end or '(open)'}, but the marks support {supported}"
        )


def _offered(loaded: Program) -> list[Option]:
    return [option for option in loaded.options if option.kind != "finding"]
