"""From bit masks to words: statuses, failed rules, missing facts and the order of options.

A million loans share a few hundred distinct masks, so each distinct mask is put into words once and the result is a
dictionary column.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from hopenow.facts import schema
from hopenow.law import weakest
from hopenow.programs.base import Program, column
from hopenow.review import masks
from hopenow.review.engine import ASSUMED, CONDITIONAL, ELIGIBLE, ROW, STATUSES, Part
from hopenow.review.plan import PlannedOption

c = pl.col
SEPARATOR = ";"
NOT_IN_FORCE = {"not_yet": "NOT-YET-IN-FORCE", "ended": "ENDED", "not_covered": "NOT-COVERED"}
REASONS = ("status", "failed", "conditions", "unknown", "estimated_without", "verification", "rule_set")
KNOWN_BY = {"published_modification_rate": "modification_interest_rate"}
"""Facts that need not be asked for where another column holds the answer."""
_CHUNK = 63
_DENSE = 1_000_000


class _Keys:
    """Distinct keys of a column, and for each row the place of its key among them."""

    def __init__(self, keys: pl.Series) -> None:
        values = keys.to_numpy()
        top = int(values.max()) if values.size else 0
        if top < _DENSE:
            table = np.zeros(top + 1, np.uint32)
            table[values] = 1
            distinct = np.flatnonzero(table)
            table[distinct] = np.arange(distinct.size, dtype=np.uint32)
            self.distinct: list[int] = distinct.tolist()
            self.places = table[values]
        else:
            found = keys.unique()
            self.distinct = found.to_list()
            self.places = keys.replace_strict(
                found, np.arange(len(found), dtype=np.uint32), return_dtype=pl.UInt32
            ).to_numpy()

    def words(self, name: str, put: Callable[[int], str]) -> pl.Series:
        """Return the words for each row's key as an Enum column."""
        words = [put(key) for key in self.distinct]
        categories = list(dict.fromkeys(words))
        code = {word: place for place, word in enumerate(categories)}
        codes = np.array([code[word] for word in words], np.uint32)
        return _enum(pl.Series(name, codes[self.places] if codes.size else codes), categories)


def _enum(codes: pl.Series, categories: list[str]) -> pl.Series:
    """Read codes as an Enum column; Polars wants the smallest physical type that holds the categories."""
    small, medium = np.iinfo(np.uint8).max, np.iinfo(np.uint16).max
    physical = pl.UInt8 if len(categories) <= small else pl.UInt16 if len(categories) <= medium else pl.UInt32
    return codes.cast(physical).cat.to(pl.Enum(categories))


def _bits(names: Iterable[str], mask: int) -> list[str]:
    return [name for place, name in enumerate(names) if mask >> place & 1 and name]


def _joined(names: Iterable[str]) -> Callable[[int], str]:
    known = list(names)
    return lambda mask: SEPARATOR.join(_bits(known, mask))


def _same(name: str, word: str, height: int) -> pl.Series:
    return _enum(pl.repeat(0, height, eager=True, dtype=pl.UInt32), [word]).alias(name)


@dataclasses.dataclass(frozen=True)
class Lacking:
    """Facts that would settle open options.

    Attributes:
        facts: names, in the order of the bits.
        per_loan: masks, shape (chunks of 63 facts, loans): facts lacking for any open option.
        per_option: option id to fact to number of loans whose open option lacks it.
    """

    facts: tuple[str, ...]
    per_loan: npt.NDArray[np.uint64]
    per_option: dict[str, dict[str, int]]

    def lists(self) -> pa.Array:
        """Return, for each loan, the list of facts it lacks (``list<dictionary<string>>``)."""
        offsets = np.zeros(self.per_loan.shape[1] + 1, np.int32)
        masks.list_offsets(self.per_loan, offsets)
        values = np.zeros(offsets[-1], np.uint8)
        masks.list_values(self.per_loan, values)
        words = pa.DictionaryArray.from_arrays(pa.array(values), pa.array(self.facts, pa.string()))
        return pa.ListArray.from_arrays(pa.array(offsets), words)


def lacking(part: Part) -> Lacking:
    """Find the facts that keep the options of a part open."""
    planned = part.interval.options
    facts = list(dict.fromkeys(fact for option in planned for fact in option.facts))
    place = {fact: at for at, fact in enumerate(facts)}
    chunks = max(1, -(-len(facts) // _CHUNK))
    rules = max((len(option.rules) for option in planned), default=0) or 1
    rule_facts = np.zeros((len(planned), rules, chunks), np.uint64)
    for at, option in enumerate(planned):
        for rule in option.rules:
            for fact in rule.facts:
                rule_facts[at, rule.bit, place[fact] // _CHUNK] |= np.uint64(1 << place[fact] % _CHUNK)
    absent = null_masks(part.frame, facts)
    unknown = np.stack([part.frame[column(option.option.id, "unknown")].to_numpy() for option in planned])
    status = np.stack([part.frame[column(option.option.id, "status_code")].to_numpy() for option in planned])
    per_loan = np.zeros((chunks, part.frame.height), np.uint64)
    counts = np.zeros((len(planned), chunks * _CHUNK), np.int64)
    masks.lacking(unknown, status, absent, rule_facts, CONDITIONAL, per_loan, counts)
    per_option = {
        option.option.id: {fact: int(counts[at, place[fact]]) for fact in facts if counts[at, place[fact]]}
        for at, option in enumerate(planned)
    }
    return Lacking(tuple(facts), per_loan, per_option)


def null_masks(frame: pl.DataFrame, facts: list[str]) -> npt.NDArray[np.uint64]:
    """Return masks of unknown facts that are worth asking for, shape (chunks of 63 facts, loans)."""
    chunks = [facts[start : start + _CHUNK] for start in range(0, len(facts), _CHUNK)] or [[]]
    result = np.zeros((len(chunks), frame.height), np.uint64)
    for at, chunk in enumerate(chunks):
        always, mixed = 0, []
        for place, fact in enumerate(chunk):
            name, parent = KNOWN_BY.get(fact, fact), schema()[fact].only_if
            nulls = frame[name].null_count()
            if nulls and parent is not None:
                mixed.append((c(name).is_null() & c(parent).is_not_null()).cast(pl.UInt64) * (1 << place))
            elif nulls == frame.height:
                always |= 1 << place
            elif nulls:
                mixed.append(c(name).is_null().cast(pl.UInt64) * (1 << place))
        result[at] = np.uint64(always)
        if mixed:
            result[at] |= frame.select(pl.sum_horizontal(mixed)).to_series().to_numpy()
    return result


def worth_asking(fact: str, row: Mapping[str, Any]) -> bool:
    """Tell whether a fact is unknown and its question makes sense yet (the one-row twin of :func:`null_masks`)."""
    parent = schema()[fact].only_if
    return row[KNOWN_BY.get(fact, fact)] is None and (parent is None or row[parent] is not None)


def decode(part: Part, assumed: tuple[str, ...]) -> pl.DataFrame:
    """Return a part's result columns: identity, order, and for each option status, reasons and terms.

    Args:
        part: determined loans.
        assumed: names of the facts that were assumed, in the order of the mask.

    Returns:
        One row per loan of the part, engine units, with the row number of the input. Words are Enum columns.
    """
    frame = part.frame
    columns = [
        frame[ROW],
        frame["loan_id"],
        frame["evaluation_date"],
        _same("program", part.program.id, frame.height),
        pl.repeat(part.investor_known, frame.height, eager=True, dtype=pl.Boolean).alias("investor_known"),
        _Keys(frame[ASSUMED]).words("assumed", _joined(assumed)),
        *ranking(part.program, frame),
    ]
    for planned in part.interval.options:
        columns += _option_columns(frame, planned)
    return pl.DataFrame(columns)


def _option_columns(frame: pl.DataFrame, planned: PlannedOption) -> list[pl.Series]:
    option = planned.option
    names = {name: column(option.id, name) for name in REASONS}
    status = _enum(frame[column(option.id, "status_code")], list(STATUSES)).alias(names["status"])
    height = frame.height
    if planned.segment is None:
        word = NOT_IN_FORCE[planned.state]
        found = [
            status,
            _same(names["failed"], word, height),
            *[_same(names[name], "", height) for name in ("conditions", "unknown", "estimated_without")],
            _same(names["verification"], "verified", height),
            _same(names["rule_set"], word, height),
        ]
    else:
        failed = _Keys(frame[column(option.id, "failed")])
        unknown = _Keys(frame[column(option.id, "unknown")])
        found = [
            status,
            failed.words(
                names["failed"], _joined(rule.id if rule.rules_out else "" for rule in planned.rules)
            ),
            failed.words(
                names["conditions"], _joined("" if rule.rules_out else rule.id for rule in planned.rules)
            ),
            unknown.words(names["unknown"], _joined(rule.id for rule in planned.rules)),
            _estimates(frame, planned).alias(names["estimated_without"]),
            failed.words(names["verification"], lambda mask: _verification(planned, mask)),
            _same(names["rule_set"], planned.segment.rule_set.id, height),
        ]
    return found + [frame[column(option.id, name)] for name in option.columns]


def _estimates(frame: pl.DataFrame, planned: PlannedOption) -> pl.Series:
    """Name the unknown amounts that the terms leave out."""
    additive = list(planned.option.additive)
    return _Keys(pl.Series(null_masks(frame, additive)[0])).words("estimates", _joined(additive))


def _verification(planned: PlannedOption, failed: int) -> str:
    """Say how sure the answer is: the weakest mark of the rules that rule it out, or else of all rules."""
    deciding = [rule for rule in planned.rules if failed >> rule.bit & 1 and rule.rules_out]
    return weakest([planned.verification, *[rule.verification for rule in deciding or planned.rules]])


def ranking(program: Program, frame: pl.DataFrame) -> list[pl.Series]:
    """Return the order, the first eligible option, the first possible one, and all possible ones in order."""
    names = [option.id for option in program.options]
    orders = list(program.orders)
    key = pl.sum_horizontal(
        [c(column(name, "status_code")).cast(pl.UInt64) * (len(STATUSES) ** place) for place, name in enumerate(names)]
    )
    order = program.order.replace_strict(orders, list(range(len(orders))), return_dtype=pl.UInt64)
    keys = _Keys(frame.select((key * len(orders) + order).alias("key"))["key"])

    def statuses(value: int) -> tuple[str, dict[str, int]]:
        packed, order_place = divmod(value, len(orders))
        base = len(STATUSES)
        return orders[order_place], {name: packed // base**place % base for place, name in enumerate(names)}

    def possible(value: int, wanted: tuple[int, ...]) -> list[str]:
        order_name, codes = statuses(value)
        return [name for name in program.orders[order_name] if codes[name] in wanted]

    return [
        keys.words("order", lambda value: statuses(value)[0]),
        keys.words("first_eligible", lambda value: next(iter(possible(value, (ELIGIBLE,))), "none")),
        keys.words(
            "first_possible", lambda value: next(iter(possible(value, (ELIGIBLE, CONDITIONAL))), "none")
        ),
        keys.words("ranked", lambda value: SEPARATOR.join(possible(value, (ELIGIBLE, CONDITIONAL)))),
    ]
