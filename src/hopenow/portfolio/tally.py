"""Counts results piece by piece. Pieces can be counted on several threads and put together afterwards.

Works on the published Arrow columns: words are dictionaries there, so a piece of many thousand results has a
few hundred different words, and counting them is counting small integers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hopenow.facts import schema
from hopenow.portfolio.columns import CHUNK
from hopenow.portfolio.summary import (
    MOST_MONTHS_LISTED,
    NO_PROGRAM,
    OUTLOOKS,
    UNKNOWN,
    Counts,
    Histogram,
    MissingFact,
    OptionCounts,
    Summary,
)
from hopenow.programs.base import Program, column
from hopenow.review.engine import CONDITIONAL, ELIGIBLE, INELIGIBLE, STATUSES
from hopenow.review.reasons import SEPARATOR, Lacking

Integers = npt.NDArray[np.int64]

NO_STATUS = len(STATUSES)
"""Code of an option that the result's program does not have."""

_DOLLAR_BINS = {"unit": "dollars", "width": 50, "lowest": -1_000, "highest": 1_000}
_PERCENT_BINS = {"unit": "percent", "width": 5, "lowest": -50, "highest": 95}
_HISTOGRAMS = {"payment_change": (_DOLLAR_BINS, 100, 2), "payment_reduction": (_PERCENT_BINS, 10_000, 4)}
"""Term column to its bins, raw units in a published one, and decimal places."""


def _words(table: pa.Table, name: str) -> tuple[Integers, list[str]]:
    """Return codes and words of a dictionary column; the last code is for nulls, its word is empty."""
    values = table.column(name)
    array = values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)
    words = ["" if word is None else word for word in array.dictionary.to_pylist()]
    codes = array.indices.fill_null(len(words)) if array.null_count else array.indices
    return codes.to_numpy(zero_copy_only=False).astype(np.int64), [*words, ""]


def _integers(table: pa.Table, name: str) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """Return the stored integers of a decimal column, and which are known."""
    values = table.column(name)
    array = values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)
    raw = np.frombuffer(array.buffers()[1], np.int64)[array.offset : array.offset + len(array)]
    known = (
        np.ones(len(array), np.bool_)
        if not array.null_count
        else array.is_valid().to_numpy(zero_copy_only=False)
    )
    return raw, known


def _add(counts: Counts, more: Mapping[str, int]) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count


def _counted(codes: Integers, words: Sequence[str]) -> Counts:
    found: Counts = {}
    for code, count in enumerate(np.bincount(codes, minlength=len(words)).tolist()):
        if count:
            found[words[code]] = found.get(words[code], 0) + count
    return found


@dataclasses.dataclass
class Tally:
    """The counts of some results; see `hopenow.portfolio.summary.Summary` for what each means."""

    programs: Sequence[Program]
    assumed_names: tuple[str, ...] = ()
    results: int = 0
    first_date: Any = None
    last_date: Any = None
    by_program: Counts = dataclasses.field(default_factory=dict)
    investor_unknown: int = 0
    outlook: Counts = dataclasses.field(default_factory=dict)
    by_state: dict[str, Counts] = dataclasses.field(default_factory=dict)
    by_months: dict[str, Counts] = dataclasses.field(default_factory=dict)
    orders: Counts = dataclasses.field(default_factory=dict)
    first_eligible: Counts = dataclasses.field(default_factory=dict)
    first_possible: Counts = dataclasses.field(default_factory=dict)
    missing_results: Counts = dataclasses.field(default_factory=dict)
    missing_alone: Counts = dataclasses.field(default_factory=dict)
    assumed: Counts = dataclasses.field(default_factory=dict)
    options: dict[tuple[str, str], OptionCounts] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare an entry for every option, so that one that nobody has is shown with zeros."""
        for program in self.programs:
            for option in program.options:
                self.options[program.id, option.id] = OptionCounts(
                    program.id, option.id, option.law.title, option.kind
                )

    def add(self, table: pa.Table) -> None:
        """Count a piece of the result file (see `hopenow.portfolio.columns.result_schema`)."""
        if not table.num_rows:
            return
        self.results += table.num_rows
        dates = table.column("evaluation_date").combine_chunks()
        low, high = (found.as_py() for found in pa.compute.min_max(dates).values())
        self.first_date = min(low, self.first_date or low)
        self.last_date = max(high, self.last_date or high)
        owner, names = _words(table, "program")
        known = table.column("investor_known").combine_chunks()
        self.investor_unknown += int(len(known) - known.null_count - known.true_count)
        _add(self.by_program, {name or NO_PROGRAM: count for name, count in _counted(owner, names).items()})
        for name in ("order", "first_eligible", "first_possible"):
            counts = _counted(*_words(table, name))
            counts = {word or NO_PROGRAM: count for word, count in counts.items()}
            _add(self.orders if name == "order" else getattr(self, name), counts)
        for word, count in _counted(*_words(table, "assumed")).items():
            _add(self.assumed, dict.fromkeys(filter(None, word.split(SEPARATOR)), count))
        self._add_options(table, owner, names)

    def _add_options(self, table: pa.Table, owner: Integers, names: Sequence[str]) -> None:
        kinds = {option.id: option.kind for program in self.programs for option in program.options}
        best = np.full(table.num_rows, OUTLOOKS.index("none"), np.int64)
        best[np.isin(owner, [code for code, name in enumerate(names) if not name])] = OUTLOOKS.index(
            "no_program"
        )
        for name, kind in kinds.items():
            status = _status(table, name)
            if (status == NO_STATUS).all():
                continue
            self._add_option(table, name, status, owner, names)
            for code, outlook in _outlooks(kind):
                best = np.where(status == code, np.minimum(best, outlook), best)
        _add(self.outlook, _counted(best, OUTLOOKS))
        _add_cross(self.by_state, *_words(table, "state"), best)
        _add_cross(self.by_months, *_months(table), best)

    def add_lacking(self, lacking: Lacking) -> None:
        """Count the facts that the results of a piece lack."""
        masks = lacking.per_loan
        empty = masks == 0
        single = (masks & (masks - np.uint64(1))) == 0
        for place, fact in enumerate(lacking.facts):
            lane = place // CHUNK
            marked = (masks[lane] & np.uint64(1 << place % CHUNK)) != 0
            count = int(marked.sum())
            if count:
                others = np.delete(empty, lane, axis=0).all(axis=0)
                _add(self.missing_results, {fact: count})
                _add(self.missing_alone, {fact: int((marked & single[lane] & others).sum())})

    def add_missing(self, program: str, per_option: Mapping[str, Mapping[str, int]]) -> None:
        """Count the facts that the conditional options of a program lack."""
        for option, counts in per_option.items():
            _add(self.options[program, option].missing, counts)

    def _add_option(
        self, table: pa.Table, option: str, status: Integers, owner: Integers, names: Sequence[str]
    ) -> None:
        cross = _Cross(table, option, status, owner, len(names))
        conditional = status == CONDITIONAL
        statuses = cross.of("status")
        reasons = {
            name: cross.of(name) for name in ("failed", "conditions", "unknown", "verification", "rule_set")
        }
        for code, program in enumerate(names):
            counts = self.options.get((program, option))
            if counts is None:
                continue
            for word, number in statuses.rows(code):
                _add(counts.statuses, {word: sum(number)} if word else {})
            for word, number in reasons["failed"].rows(code):
                _add_split(counts.failed, counts.only_failed, word, number[INELIGIBLE])
            for word, number in reasons["conditions"].rows(code):
                _add_split(counts.conditions, None, word, number[CONDITIONAL])
            for word, number in reasons["unknown"].rows(code):
                _add_split(counts.unknown, None, word, number[CONDITIONAL])
            for word, number in reasons["verification"].rows(code):
                for place, count in enumerate(number[: len(STATUSES)]):
                    if count:
                        _add(counts.verification.setdefault(STATUSES[place], {}), {word: count})
            for word, number in reasons["rule_set"].rows(code):
                _add(counts.rule_sets, {word: sum(number)} if word else {})
            self._add_terms(table, counts, (owner == code) & ((status == ELIGIBLE) | conditional))

    def _add_terms(self, table: pa.Table, counts: OptionCounts, possible: npt.NDArray[np.bool_]) -> None:
        law = next(
            item
            for program in self.programs
            if program.id == counts.program
            for item in program.options
            if item.id == counts.id
        )
        for name, kind in law.columns.items():
            if kind == "text":
                codes, words = _words(table, column(counts.id, name))
                found = {word: count for word, count in _counted(codes[possible], words).items() if word}
                if found:
                    _add(counts.words.setdefault(name, {}), found)
            elif name in _HISTOGRAMS:
                values, known = _integers(table, column(counts.id, name))
                _add_figures(counts, name, values[possible & known])

    def merge(self, other: Tally) -> None:
        """Add the counts of another tally of the same run."""
        self.results += other.results
        self.investor_unknown += other.investor_unknown
        if other.first_date is not None:
            self.first_date = min(other.first_date, self.first_date or other.first_date)
            self.last_date = max(other.last_date, self.last_date or other.last_date)
        for name in (
            "by_program",
            "outlook",
            "orders",
            "first_eligible",
            "first_possible",
            "missing_results",
            "missing_alone",
            "assumed",
        ):
            _add(getattr(self, name), getattr(other, name))
        for name in ("by_state", "by_months"):
            _add_nested(getattr(self, name), getattr(other, name))
        for key, counts in other.options.items():
            _merge_option(self.options[key], counts)

    def into(self, summary: Summary) -> None:
        """Write the counts into a summary, in an order that does not depend on how the tape was cut."""
        summary.results = self.results
        summary.first_date = None if self.first_date is None else self.first_date.isoformat()
        summary.last_date = None if self.last_date is None else self.last_date.isoformat()
        listed = [*(program.id for program in self.programs), NO_PROGRAM]
        summary.programs = {name: self.by_program.get(name, 0) for name in listed}
        summary.program_titles = {program.id: program.title for program in self.programs}
        summary.investor_unknown = self.investor_unknown
        summary.outlook = {name: self.outlook.get(name, 0) for name in OUTLOOKS}
        summary.by_state = {
            name: self.by_state[name]
            for name in sorted(self.by_state, key=lambda name: (name == UNKNOWN, name))
        }
        summary.by_months_delinquent = {
            name: self.by_months[name] for name in sorted(self.by_months, key=_month_order)
        }
        summary.orders, summary.first_eligible, summary.first_possible = (
            _by_count(counts) for counts in (self.orders, self.first_eligible, self.first_possible)
        )
        summary.options = [_sorted_option(counts) for counts in self.options.values()]
        summary.missing = self._missing()

    def _missing(self) -> dict[str, MissingFact]:
        found = {
            name: MissingFact(schema()[name].ask, count, 0, self.missing_alone.get(name, 0))
            for name, count in self.missing_results.items()
        }
        for counts in self.options.values():
            for name, count in counts.missing.items():
                found[name].determinations += count
        return dict(
            sorted(found.items(), key=lambda item: (-item[1].results, -item[1].determinations, item[0]))
        )


class _Cross:
    """Counts words of an option's columns by program and status."""

    def __init__(
        self, table: pa.Table, option: str, status: Integers, owner: Integers, programs: int
    ) -> None:
        self.table, self.option, self.programs = table, option, programs
        self.key = owner * (NO_STATUS + 1) + status

    def of(self, name: str) -> _CrossCounts:
        codes, words = _words(self.table, column(self.option, name))
        width = self.programs * (NO_STATUS + 1)
        counts = np.bincount(codes * width + self.key, minlength=len(words) * width)
        return _CrossCounts(words, counts.reshape(len(words), self.programs, NO_STATUS + 1))


@dataclasses.dataclass
class _CrossCounts:
    words: list[str]
    counts: Integers

    def rows(self, program: int) -> list[tuple[str, list[int]]]:
        """Return each word that occurs in the program, with its counts by status."""
        own = self.counts[:, program, :]
        return [(self.words[code], own[code].tolist()) for code in np.flatnonzero(own.any(axis=1)).tolist()]


def _status(table: pa.Table, option: str) -> Integers:
    codes, words = _words(table, column(option, "status"))
    places = np.array([STATUSES.index(word) if word else NO_STATUS for word in words], np.int64)
    return places[codes]


def _outlooks(kind: str) -> list[tuple[int, int]]:
    """Return (status code, outlook) that an option of this kind opens."""
    opened = {
        "keep": [(ELIGIBLE, "keep_eligible"), (CONDITIONAL, "keep_conditional")],
        "reinstate": [(ELIGIBLE, "reinstate_only"), (CONDITIONAL, "reinstate_only")],
        "leave": [(ELIGIBLE, "leave_only"), (CONDITIONAL, "leave_only")],
    }.get(kind, [])
    return [(status, OUTLOOKS.index(outlook)) for status, outlook in opened]


def _months(table: pa.Table) -> tuple[Integers, list[str]]:
    months = (
        table.column("months_delinquent")
        .combine_chunks()
        .fill_null(-1)
        .to_numpy(zero_copy_only=False)
        .astype(np.int64)
    )
    unknown, more = MOST_MONTHS_LISTED + 2, MOST_MONTHS_LISTED + 1
    codes = np.where(months < 0, unknown, np.minimum(months, more))
    return codes, [*map(str, range(more)), f"{more}+", ""]


def _month_order(name: str) -> tuple[bool, int]:
    return (name == UNKNOWN, 0 if name == UNKNOWN else int(name.rstrip("+")))


def _add_cross(table: dict[str, Counts], codes: Integers, words: Sequence[str], outlooks: Integers) -> None:
    width = len(OUTLOOKS)
    counts = np.bincount(codes * width + outlooks, minlength=len(words) * width).reshape(len(words), width)
    for code in np.flatnonzero(counts.any(axis=1)).tolist():
        own = dict(zip(OUTLOOKS, counts[code].tolist(), strict=True))
        _add(table.setdefault(words[code] or UNKNOWN, {}), own)


def _add_split(counts: Counts, alone: Counts | None, word: str, count: int) -> None:
    """Add a count to each part of a joined word; a word of one part counts as standing alone as well."""
    if not word or not count:
        return
    parts = word.split(SEPARATOR)
    _add(counts, dict.fromkeys(parts, count))
    if alone is not None and len(parts) == 1:
        _add(alone, {word: count})


def _add_figures(counts: OptionCounts, name: str, values: Integers) -> None:
    bins, raw, places = _HISTOGRAMS[name]
    histogram: Histogram | None = getattr(counts, name)
    if histogram is None:
        histogram = Histogram(**bins)  # type: ignore[arg-type]
        setattr(counts, name, histogram)
    if not len(values):
        return
    lowest, width = histogram.lowest, histogram.width
    edges = np.clip(values // (raw * width) * width, lowest, histogram.highest)
    for place, count in enumerate(np.bincount((edges - lowest) // width).tolist()):
        if count:
            edge = lowest + place * width
            histogram.counts[edge] = histogram.counts.get(edge, 0) + count
    exact = [Decimal(int(value)).scaleb(-places) for value in (values.sum(), values.min(), values.max())]
    _merge_histogram(histogram, Histogram("", 0, 0, 0, {}, len(values), *exact))


def _merge_histogram(one: Histogram, other: Histogram) -> None:
    for edge, count in other.counts.items():
        one.counts[edge] = one.counts.get(edge, 0) + count
    one.count += other.count
    one.total += other.total
    if other.minimum is not None and other.maximum is not None:
        one.minimum = other.minimum if one.minimum is None else min(one.minimum, other.minimum)
        one.maximum = other.maximum if one.maximum is None else max(one.maximum, other.maximum)


def _add_nested(table: dict[str, Counts], other: Mapping[str, Counts]) -> None:
    for name, counts in other.items():
        _add(table.setdefault(name, {}), counts)


_PLAIN_COUNTS = ("statuses", "failed", "only_failed", "conditions", "unknown", "missing", "rule_sets")


def _merge_option(one: OptionCounts, other: OptionCounts) -> None:
    for name in _PLAIN_COUNTS:
        _add(getattr(one, name), getattr(other, name))
    _add_nested(one.verification, other.verification)
    _add_nested(one.words, other.words)
    for name in _HISTOGRAMS:
        theirs: Histogram | None = getattr(other, name)
        ours: Histogram | None = getattr(one, name)
        if theirs is not None and ours is not None:
            _merge_histogram(ours, theirs)
        elif theirs is not None:
            setattr(one, name, theirs)


def _by_count(counts: Counts) -> Counts:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _sorted_option(counts: OptionCounts) -> OptionCounts:
    changes: dict[str, Any] = {
        name: _by_count(getattr(counts, name)) for name in _PLAIN_COUNTS if name != "statuses"
    }
    changes["statuses"] = {name: counts.statuses.get(name, 0) for name in STATUSES}
    changes["verification"] = {
        name: _by_count(counts.verification[name]) for name in STATUSES if name in counts.verification
    }
    changes["words"] = {name: _by_count(words) for name, words in sorted(counts.words.items())}
    for name in _HISTOGRAMS:
        histogram: Histogram | None = getattr(counts, name)
        if histogram is not None:
            changes[name] = dataclasses.replace(histogram, counts=dict(sorted(histogram.counts.items())))
    return dataclasses.replace(counts, **changes)


__all__ = ["Tally"]
