"""Counts results piece by piece. Pieces can be counted on several threads and put together afterwards.

Works on the masks and words of the parts of a piece (see `hopenow.review.reasons.Worded`): many thousand results have a
few hundred different masks, so that counting them is counting small integers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.facts import schema
from hopenow.portfolio import counting
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
from hopenow.review.engine import CONDITIONAL, ELIGIBLE, INELIGIBLE, ROW, STATUSES
from hopenow.review.plan import PlannedOption
from hopenow.review.reasons import SEPARATOR, Keys, Lacking, Worded, Words

Integers = npt.NDArray[np.int64]

_DOLLAR_BINS = {"unit": "dollars", "width": 50, "lowest": -1_000, "highest": 1_000}
_PERCENT_BINS = {"unit": "percent", "width": 5, "lowest": -50, "highest": 95}
_HISTOGRAMS = {"payment_change": (_DOLLAR_BINS, 100, 2), "payment_reduction": (_PERCENT_BINS, 10_000, 4)}
"""Term column to its bins, raw units in a published one, and decimal places."""


def _add(counts: Counts, more: Mapping[str, int]) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count


@dataclasses.dataclass
class Tally:
    """The counts of some results; see `hopenow.portfolio.summary.Summary` for what each means."""

    programs: Sequence[Program]
    assumed_names: tuple[str, ...] = ()
    results: int = 0
    first_date: Any = None
    last_date: Any = None
    by_program: Counts = dataclasses.field(default_factory=dict)
    possibilities: Counts = dataclasses.field(default_factory=dict)
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

    def add(self, worded: Sequence[Worded], about: pl.DataFrame, left: npt.NDArray[np.uint32]) -> None:
        """Count the results of a piece.

        Args:
            worded: what is said of each part.
            about: `hopenow.portfolio.columns.context` of all loans of the piece.
            left: places of the loans that are in no part.
        """
        if about.is_empty():
            return
        low, high = about.select(pl.col("evaluation_date").min().alias("low"), pl.col("evaluation_date").max()).row(0)
        self.first_date = min(low, self.first_date or low)
        self.last_date = max(high, self.last_date or high)
        groups = _Groups(about)
        for item in worded:
            self._add_part(item, groups)
        if len(left):
            self._add_left_over(left, groups)

    def _add_left_over(self, left: npt.NDArray[np.uint32], groups: _Groups) -> None:
        count = len(left)
        self.results += count
        for counts in (self.by_program, self.orders, self.first_eligible, self.first_possible):
            _add(counts, {NO_PROGRAM: count})
        self._add_outlook(np.full(count, OUTLOOKS.index("no_program"), np.uint8), left, groups)

    def _add_part(self, item: Worded, groups: _Groups) -> None:
        part = item.part
        program, height = part.program.id, part.frame.height
        self.results += height
        _add(self.by_program, {program: height})
        if not part.investor_known:
            self.investor_unknown += height
            _add(self.possibilities, {program: height})
        whole = np.zeros(height, np.uint8)
        for name, counts in (
            ("order", self.orders),
            ("first_eligible", self.first_eligible),
            ("first_possible", self.first_possible),
        ):
            _add(counts, {word: sum(row) for word, row in _by_word(item.words(name), whole, 1)})
        for word, row in _by_word(item.words("assumed"), whole, 1):
            _add(self.assumed, dict.fromkeys(filter(None, word.split(SEPARATOR)), sum(row)))
        status = np.stack(
            [part.frame[column(planned.option.id, "status_code")].to_numpy() for planned in part.interval.options]
        )
        opened = np.array([_opened(planned.option.kind) for planned in part.interval.options], np.uint8)
        outlook = np.full(height, OUTLOOKS.index("none"), np.uint8)
        counting.best(status, opened, outlook)
        self._add_outlook(outlook, part.frame[ROW].to_numpy(), groups)
        for planned, own in zip(part.interval.options, status, strict=True):
            self._add_option(item, planned, own)

    def _add_outlook(self, outlook: npt.NDArray[np.uint8], rows: npt.NDArray[np.uint32], groups: _Groups) -> None:
        counts = np.bincount(outlook, minlength=len(OUTLOOKS)).tolist()
        _add(self.outlook, {name: count for name, count in zip(OUTLOOKS, counts, strict=True) if count})
        for table, (places, words) in ((self.by_state, groups.state), (self.by_months, groups.months)):
            found = np.zeros((len(words), len(OUTLOOKS)), np.int64)
            counting.cross(places[rows], outlook, found)
            for place in np.flatnonzero(found.any(axis=1)).tolist():
                own = dict(zip(OUTLOOKS, found[place].tolist(), strict=True))
                _add(table.setdefault(words[place] or UNKNOWN, {}), own)

    def _add_option(self, item: Worded, planned: PlannedOption, status: npt.NDArray[np.uint8]) -> None:
        option = planned.option
        counts = self.options[item.part.program.id, option.id]
        totals = np.bincount(status, minlength=len(STATUSES)).tolist()
        _add(counts.statuses, {name: count for name, count in zip(STATUSES, totals, strict=True) if count})
        if planned.segment is None:
            word = item.words(column(option.id, "failed")).words[0]
            if totals[INELIGIBLE]:
                _add(counts.failed, {word: totals[INELIGIBLE]})
                _add(counts.only_failed, {word: totals[INELIGIBLE]})
        else:
            failed, unknown = item.failed[option.id], item.unknown[option.id]
            _add_failed(counts, planned, failed.distinct, _crossed(failed, status))
            _add_unknown(counts, planned, unknown.distinct, _crossed(unknown, status)[:, CONDITIONAL])
        for word, row in _by_word(item.words(column(option.id, "verification")), status, len(STATUSES)):
            for place, count in enumerate(row):
                if count:
                    _add(counts.verification.setdefault(STATUSES[place], {}), {word: count})
        _add(counts.rule_sets, {item.words(column(option.id, "rule_set")).words[0]: len(status)})
        self._add_terms(item, planned, counts, status)

    def _add_terms(
        self, item: Worded, planned: PlannedOption, counts: OptionCounts, status: npt.NDArray[np.uint8]
    ) -> None:
        wanted = [name for name, kind in planned.option.columns.items() if kind == "text" or name in _HISTOGRAMS]
        possible = (status == ELIGIBLE) | (status == CONDITIONAL) if wanted else status
        for name in wanted:
            where = column(planned.option.id, name)
            if name not in _HISTOGRAMS:
                # One column for impossible options, one for possible ones.
                words = _by_word(item.words(where), possible.view(np.uint8), 2)
                found = {word: row[1] for word, row in words if word and row[1]}
                if found:
                    _add(counts.words.setdefault(name, {}), found)
                continue
            values = item.part.frame[where]
            _add_figures(counts, name, values.filter(pl.Series(possible)).drop_nulls().cast(pl.Int64).to_numpy())

    def add_lacking(self, lacking: Lacking) -> None:
        """Count the facts that the results of a piece lack."""
        places = lacking.per_loan.shape[0] * CHUNK
        counts, alone = np.zeros(places, np.int64), np.zeros(places, np.int64)
        counting.bits(lacking.per_loan, CHUNK, counts, alone)
        for fact, count, single in zip(lacking.facts, counts.tolist(), alone.tolist(), strict=False):
            if count:
                _add(self.missing_results, {fact: count})
                _add(self.missing_alone, {fact: single})

    def add_missing(self, program: str, per_option: Mapping[str, Mapping[str, int]]) -> None:
        """Count the facts that the conditional options of a program lack."""
        for option, counts in per_option.items():
            _add(self.options[program, option].missing, counts)

    def merge(self, other: Tally) -> None:
        """Add the counts of another tally of the same run."""
        self.results += other.results
        self.investor_unknown += other.investor_unknown
        if other.first_date is not None:
            self.first_date = min(other.first_date, self.first_date or other.first_date)
            self.last_date = max(other.last_date, self.last_date or other.last_date)
        for name in (
            "by_program",
            "possibilities",
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
        summary.possibilities = {name: self.possibilities[name] for name in listed if name in self.possibilities}
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


class _Groups:
    """The groups that loans are counted in, each as places for the loans and the words behind the places."""

    def __init__(self, about: pl.DataFrame) -> None:
        self.state = _placed(Words.of(about["state"]))
        months = about["months_delinquent"].cast(pl.Int64)
        unknown, more = MOST_MONTHS_LISTED + 2, MOST_MONTHS_LISTED + 1
        places = months.clip(0, more).fill_null(unknown).cast(pl.UInt32).to_numpy()
        self.months = places, [*map(str, range(more)), f"{more}+", ""]


def _placed(words: Words) -> tuple[npt.NDArray[Any], list[str]]:
    return cast("npt.NDArray[Any]", words.places), ["" if code < 0 else words.words[code] for code in words.table]


def _opened(kind: str) -> list[int]:
    """Return the outlook that an option of this kind opens with each status."""
    outlooks = {
        "keep": {ELIGIBLE: "keep_eligible", CONDITIONAL: "keep_conditional"},
        "reinstate": dict.fromkeys((ELIGIBLE, CONDITIONAL), "reinstate_only"),
        "leave": dict.fromkeys((ELIGIBLE, CONDITIONAL), "leave_only"),
        "help": dict.fromkeys((ELIGIBLE, CONDITIONAL), "help_only"),
    }.get(kind, {})
    return [OUTLOOKS.index(outlooks.get(status, "none")) for status in range(len(STATUSES))]


def _by_word(words: Words, columns: npt.NDArray[np.uint8], width: int) -> list[tuple[str, list[int]]]:
    """Return each word that some row has, with the number of rows by column."""
    if words.places is None:
        return [(words.words[words.table[0]], np.bincount(columns, minlength=width).tolist())]
    by_place = np.zeros((len(words.table), width), np.int64)
    counting.cross(words.places, columns, by_place)
    found = np.zeros((len(words.words) + 1, width), np.int64)
    np.add.at(found, np.array(words.table), by_place)
    return [((*words.words, "")[code], found[code].tolist()) for code in np.flatnonzero(found.any(axis=1)).tolist()]


def _crossed(keys: Keys, status: npt.NDArray[np.uint8]) -> Integers:
    found = np.zeros((len(keys.distinct), len(STATUSES)), np.int64)
    counting.cross(keys.places, status, found)
    return found


def _by_rule(planned: PlannedOption, masks: npt.NDArray[np.uint64], counts: Integers) -> list[int]:
    """Return how many of the loans counted for each mask have each rule in it."""
    places = np.array([rule.bit for rule in planned.rules], np.uint64)
    has = (masks[:, np.newaxis] >> places) & np.uint64(1)
    found: list[int] = (counts @ has.astype(np.int64)).tolist()
    return found


def _add_failed(
    counts: OptionCounts, planned: PlannedOption, masks: npt.NDArray[np.uint64], by_status: Integers
) -> None:
    deciding = masks & np.uint64(planned.deny_mask)
    alone = np.where(deciding & (deciding - np.uint64(1)), np.uint64(0), deciding)
    ineligible = by_status[:, INELIGIBLE]
    failed, only = _by_rule(planned, masks, ineligible), _by_rule(planned, alone, ineligible)
    open_ = _by_rule(planned, masks, by_status[:, CONDITIONAL])
    _add_some(counts.failed, {rule.id: failed[at] for at, rule in enumerate(planned.rules) if rule.rules_out})
    _add_some(counts.only_failed, {rule.id: only[at] for at, rule in enumerate(planned.rules) if rule.rules_out})
    _add_some(counts.conditions, {rule.id: open_[at] for at, rule in enumerate(planned.rules) if not rule.rules_out})


def _add_unknown(
    counts: OptionCounts, planned: PlannedOption, masks: npt.NDArray[np.uint64], conditional: Integers
) -> None:
    found = _by_rule(planned, masks, conditional)
    _add_some(counts.unknown, {rule.id: count for rule, count in zip(planned.rules, found, strict=True)})


def _add_some(counts: Counts, more: Mapping[str, int]) -> None:
    _add(counts, {name: count for name, count in more.items() if count})


def _month_order(name: str) -> tuple[bool, int]:
    return (name == UNKNOWN, 0 if name == UNKNOWN else int(name.rstrip("+")))


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
