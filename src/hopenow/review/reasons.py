"""From bit masks to words: statuses, failed rules, missing facts and the order of options.

A million loans share a few hundred distinct masks, so each distinct mask is put into words once and the result is a
dictionary column.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from hopenow.facts import Fact, schema
from hopenow.law import weakest
from hopenow.programs.base import Program, column
from hopenow.review import masks
from hopenow.review.engine import ASSUMED, CONDITIONAL, ELIGIBLE, ROW, STATUSES, Part
from hopenow.review.plan import PlannedOption

c = pl.col
SEPARATOR = ";"
NOT_IN_FORCE = {"not_yet": "NOT-YET-IN-FORCE", "ended": "ENDED", "not_covered": "NOT-COVERED"}
REASONS = ("status", "failed", "conditions", "unknown", "estimated_without", "verification", "rule_set")
_KNOWN_BY = {"published_modification_rate": "modification_interest_rate"}
_CHUNK = 63
_MOST_WORDS = int(np.iinfo(np.uint16).max)

Owner = TypeVar("Owner")
Made = TypeVar("Made")


@dataclasses.dataclass(frozen=True)
class Words:
    """A column of words: each row has a place in a table, which leads to a word of a list.

    Attributes:
        name: of the column.
        places: for each row its place in the table (UInt8 or UInt32); None where all rows have the first.
        table: for each place the place of its word in the list, -1 for no word.
        words: the list.
    """

    name: str
    places: npt.NDArray[Any] | None
    table: tuple[int, ...]
    words: tuple[str, ...]

    @classmethod
    def same(cls, name: str, word: str) -> Words:
        """Return a column in which every row has the same word."""
        return cls(name, None, (0,), (word,))

    @classmethod
    def of(cls, series: pl.Series) -> Words:
        """Return a column of text or of an Enum as words."""
        if not isinstance(series.dtype, pl.Enum):
            series = series.cast(pl.Enum(series.drop_nulls().unique(maintain_order=True).cast(pl.String)))
        words = tuple(series.dtype.categories) if isinstance(series.dtype, pl.Enum) else ()
        places = series.to_physical()
        if places.dtype != pl.UInt8 or places.null_count():
            places = places.cast(pl.UInt32).fill_null(len(words))
        return cls(series.name, places.rechunk().to_numpy(), (*range(len(words)), -1), words)

    def codes(self, height: int) -> pl.Series:
        """Return for each row the place of its word in the list, null for no word."""
        kind = _physical(len(self.words))
        if self.places is None:
            return pl.repeat(self.table[0], height, eager=True, dtype=kind).alias(self.name)
        table = pl.Series(self.name, [None if code < 0 else code for code in self.table], kind)
        return table.gather(pl.Series(self.places))


@dataclasses.dataclass(frozen=True)
class Coded:
    """A frame whose columns of words are still places in lists.

    Many columns become Enums at once much sooner than one by one.

    Attributes:
        frame: all columns.
        words: the lists, by name of the column.
    """

    frame: pl.DataFrame
    words: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, columns: Iterable[pl.Series | Words], height: int) -> Coded:
        """Put columns together."""
        columns = list(columns)
        frame = pl.DataFrame([item.codes(height) if isinstance(item, Words) else item for item in columns])
        return cls(frame, {item.name: item.words for item in columns if isinstance(item, Words)})

    def spelled(self) -> pl.DataFrame:
        """Return the frame with its words as Enum columns."""
        # Polars wants the smallest physical type that holds the categories.
        return self.frame.with_columns(
            c(name).cast(_physical(len(words))).cat.to(pl.Enum(words)) for name, words in self.words.items()
        )


def _physical(words: int) -> pl.DataType:
    if words <= np.iinfo(np.uint8).max:
        return pl.UInt8()
    return pl.UInt16() if words <= np.iinfo(np.uint16).max else pl.UInt32()


class Keys:
    """Distinct keys of a column, and for each row the place of its key among them."""

    def __init__(self, keys: pl.Series) -> None:
        """Find them, in the order in which they come."""
        values = keys.to_numpy()
        self.places, found = np.empty(values.size, np.uint32), np.empty(values.size, np.uint64)
        slots = np.full(1 << max(2 * values.size - 1, 1).bit_length(), -1, np.int32)
        self.distinct = found[: masks.distinct(values, slots, self.places, found)].copy()

    def words(self, name: str, put: Callable[[int], str]) -> Words:
        """Return the words for each row's key."""
        code: dict[str, int] = {}
        table = tuple([code.setdefault(put(key), len(code)) for key in self.distinct.tolist()])
        return Words(name, self.places, table, tuple(code))


_REMEMBERED: dict[int, tuple[object, Any]] = {}


def _remembered(owner: Owner, make: Callable[[Owner], Made]) -> Made:
    """Return what was made for an owner (a planned option, a program) before, or make it.

    The owner is kept beside it: a place in memory alone may be used again.
    """
    known = _REMEMBERED.get(id(owner))
    if known is None or known[0] is not owner:
        known = _REMEMBERED[id(owner)] = (owner, make(owner))
    return cast("Made", known[1])


def _once(put: Callable[[int], str]) -> Callable[[int], str]:
    """Remember the words for a key: pieces of a tape share most of their keys."""
    return functools.lru_cache(maxsize=_MOST_WORDS)(put)


def stacked(parts: Sequence[Coded]) -> Coded:
    """Put frames under one another; a column that one lacks is null there. Words share one list for each column."""
    lists: dict[str, dict[str, int]] = {}
    for part in parts:
        for name, words in part.words.items():
            known = lists.setdefault(name, {})
            for word in words:
                known.setdefault(word, len(known))
    frames = [
        part.frame.with_columns(
            [_recoded(part, name, known) for name, known in lists.items() if name in part.frame.columns]
        )
        for part in parts
    ]
    together = pl.concat(frames, how="diagonal_relaxed", rechunk=True)
    return Coded(together, {name: tuple(known) for name, known in lists.items()})


def _recoded(part: Coded, name: str, known: Mapping[str, int]) -> pl.Series:
    kind = _physical(len(known))
    codes, words = part.frame[name], part.words.get(name)
    if words is None:
        return pl.repeat(None, len(codes), dtype=kind, eager=True).alias(name)
    table = [known[word] for word in words]
    if table != list(range(len(table))):
        codes = pl.Series(name, table, kind).gather(codes)
    return codes.cast(kind)


def _bits(names: Iterable[str], mask: int) -> list[str]:
    return [name for place, name in enumerate(names) if mask >> place & 1 and name]


def _joined(names: Iterable[str]) -> Callable[[int], str]:
    known = list(names)
    return lambda mask: SEPARATOR.join(_bits(known, mask))


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
    """Find the facts that keep the options of a part open; findings count through the options that use them."""
    planned = [option for option in part.interval.options if option.option.kind != "finding"]
    facts = list(dict.fromkeys(fact for option in planned for fact in option.facts))
    place = {fact: at for at, fact in enumerate(facts)}
    chunks = max(1, -(-len(facts) // _CHUNK))
    rules = max((len(option.rules) for option in planned), default=0) or 1
    rule_facts = np.zeros((len(planned), rules, chunks), np.uint64)
    for at, option in enumerate(planned):
        for rule in option.rules:
            for fact in rule.facts:
                rule_facts[at, rule.bit, place[fact] // _CHUNK] |= np.uint64(1 << place[fact] % _CHUNK)
    absent = null_masks(part.frame, facts, known_by(part.program))
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


def known_by(program: Program) -> dict[str, str]:
    """Return, for facts that need not be asked for where another column holds the answer, that column."""
    return {**_KNOWN_BY, **program.known_by}


def null_masks(frame: pl.DataFrame, facts: list[str], known: Mapping[str, str]) -> npt.NDArray[np.uint64]:
    """Return masks of unknown facts that are worth asking for, shape (chunks of 63 facts, loans)."""
    chunks = [facts[start : start + _CHUNK] for start in range(0, len(facts), _CHUNK)] or [[]]
    width = masks.whole_bytes(frame.height)
    result = np.zeros((len(chunks), width * masks.BYTE), np.uint64)
    for at, chunk in enumerate(chunks):
        always, places, asked = 0, [], []
        for place, fact in enumerate(chunk):
            name = known.get(fact, fact)
            nulls = frame[name].null_count()
            timely = _timely(schema()[fact])
            if nulls and timely is not None:
                asked.append((place, c(name).is_null() & timely))
            elif nulls == frame.height:
                always |= 1 << place
            elif nulls:
                places.append((place, name))
        bits = [masks.known_bits(frame[name]) for _, name in places]
        if asked:
            bits += [masks.bits_of(series) for series in frame.select(test.alias(str(at)) for at, test in asked)]
        masks.gather_bits(
            np.array(bits, np.uint8).reshape(len(bits), width),
            np.arange(len(bits)) < len(places),
            np.array([place for place, _ in (*places, *asked)], np.uint64),
            always,
            result[at],
        )
    return np.ascontiguousarray(result[:, : frame.height])


def _timely(fact: Fact) -> pl.Expr | None:
    """Return when a fact is worth asking for, or None where it always is."""
    if fact.only_if is not None:
        return c(fact.only_if).fill_null(False)
    return (~c(fact.unless)).fill_null(False) if fact.unless is not None else None


def worth_asking(name: str, row: Mapping[str, Any], known: Mapping[str, str]) -> bool:
    """Tell whether a fact is unknown and its question makes sense yet (the one-row twin of :func:`null_masks`)."""
    fact = schema()[name]
    timely = (fact.only_if is None or row[fact.only_if] is True) and (fact.unless is None or row[fact.unless] is False)
    return timely and row[known.get(name, name)] is None


def decode(part: Part, assumed: tuple[str, ...]) -> pl.DataFrame:
    """Return a part's result columns: identity, order, and for each option status, reasons and terms.

    Args:
        part: determined loans.
        assumed: names of the facts that were assumed, in the order of the mask.

    Returns:
        One row per loan of the part, engine units, with the row number of the input. Words are Enum columns.
    """
    return coded(part, assumed).spelled()


def coded(part: Part, assumed: tuple[str, ...]) -> Coded:
    """Return what :func:`decode` returns, with the words still to be spelled."""
    return Coded.of(worded(part, assumed).columns, part.frame.height)


@dataclasses.dataclass(frozen=True)
class Worded:
    """What is said of the loans of a part.

    Attributes:
        part: the part.
        columns: those of :func:`decode`, in the same order.
        failed: for each option in force, the distinct masks of failed rules.
        unknown: the same for rules that cannot be decided.
    """

    part: Part
    columns: list[pl.Series | Words]
    failed: dict[str, Keys]
    unknown: dict[str, Keys]

    @functools.cached_property
    def by_name(self) -> dict[str, pl.Series | Words]:
        """The columns by name."""
        return {item.name: item for item in self.columns}

    def words(self, name: str) -> Words:
        """Return a column of words."""
        found = self.by_name[name]
        return found if isinstance(found, Words) else Words.of(found)


def worded(part: Part, assumed: tuple[str, ...]) -> Worded:
    """Put the masks of a part into words; arguments as for :func:`decode`."""
    frame = part.frame
    columns: list[pl.Series | Words] = [
        frame[ROW],
        frame["loan_id"],
        frame["evaluation_date"],
        Words.same("program", part.program.id),
        pl.repeat(part.investor_known, frame.height, eager=True, dtype=pl.Boolean).alias("investor_known"),
        Keys(frame[ASSUMED]).words("assumed", _joined(assumed)) if assumed else Words.same("assumed", ""),
        *ranking(part.program, frame),
    ]
    found = Worded(part, columns, {}, {})
    for planned in part.interval.options:
        columns += _option_columns(frame, planned, found)
    return found


def _option_columns(frame: pl.DataFrame, planned: PlannedOption, found: Worded) -> list[pl.Series | Words]:
    option = planned.option
    names = {name: column(option.id, name) for name in REASONS}
    codes = frame[column(option.id, "status_code")].to_numpy()
    status = Words(names["status"], codes, tuple(range(len(STATUSES))), STATUSES)
    said: list[pl.Series | Words]
    if planned.segment is None:
        word = NOT_IN_FORCE[planned.state]
        said = [
            status,
            Words.same(names["failed"], word),
            *[Words.same(names[name], "") for name in ("conditions", "unknown", "estimated_without")],
            Words.same(names["verification"], "verified"),
            Words.same(names["rule_set"], word),
        ]
    else:
        say = _remembered(planned, _Sayings)
        failed = found.failed[option.id] = Keys(frame[column(option.id, "failed")])
        unknown = found.unknown[option.id] = Keys(frame[column(option.id, "unknown")])
        said = [
            status,
            failed.words(names["failed"], say.failed),
            failed.words(names["conditions"], say.conditions),
            unknown.words(names["unknown"], say.unknown),
            _estimated_without(frame, planned, names["estimated_without"], say),
            failed.words(names["verification"], say.verification),
            Words.same(names["rule_set"], planned.segment.rule_set.id),
        ]
    return said + [_term(frame[column(option.id, name)]) for name in option.columns]


def _estimated_without(frame: pl.DataFrame, planned: PlannedOption, name: str, say: _Sayings) -> Words:
    additive = [fact for fact in planned.option.additive if frame[fact].null_count()]
    if not additive:
        return Words.same(name, "")
    return Keys(pl.Series(null_masks(frame, list(planned.option.additive), {})[0])).words(name, say.estimated_without)


def _term(series: pl.Series) -> pl.Series | Words:
    return Words.of(series) if isinstance(series.dtype, pl.Enum) else series


class _Sayings:
    """Puts the masks of one planned option into words."""

    def __init__(self, planned: PlannedOption) -> None:
        rules = planned.rules
        self.failed = _once(_joined(rule.id if rule.rules_out else "" for rule in rules))
        self.conditions = _once(_joined("" if rule.rules_out else rule.id for rule in rules))
        self.unknown = _once(_joined(rule.id for rule in rules))
        self.estimated_without = _once(_joined(planned.option.additive))
        self.verification = _once(lambda mask: _verification(planned, mask))


def _verification(planned: PlannedOption, failed: int) -> str:
    """Say how sure the answer is: the weakest mark of the rules that rule it out, or else of all rules."""
    deciding = [rule for rule in planned.rules if failed >> rule.bit & 1 and rule.rules_out]
    return weakest([planned.verification, *[rule.verification for rule in deciding or planned.rules]])


def ranking(program: Program, frame: pl.DataFrame) -> list[Words]:
    """Return the order, the first eligible option, the first possible one, and all possible ones in order."""
    rank = _remembered(program, _Rankings)
    orders = list(program.orders)
    key = pl.sum_horizontal(
        [
            c(column(option.id, "status_code")).cast(pl.UInt64) * (len(STATUSES) ** place)
            for place, option in enumerate(program.options)
        ]
    )
    order = program.order.replace_strict(orders, list(range(len(orders))), return_dtype=pl.UInt64)
    keys = Keys(frame.select((key * len(orders) + order).alias("key"))["key"])
    return [
        keys.words("order", rank.order),
        keys.words("first_eligible", rank.first_eligible),
        keys.words("first_possible", rank.first_possible),
        keys.words("ranked", rank.ranked),
    ]


class _Rankings:
    """Puts a key of order and statuses of one program's options into words."""

    def __init__(self, program: Program) -> None:
        self.orders = [
            (name, [(option, len(STATUSES) ** self._place(program, option)) for option in options])
            for name, options in program.orders.items()
        ]
        self.order = _once(lambda key: self.orders[key % len(self.orders)][0])
        self.first_eligible = _once(lambda key: next(iter(self._with(key, (ELIGIBLE,))), "none"))
        self.first_possible = _once(lambda key: next(iter(self._with(key, (ELIGIBLE, CONDITIONAL))), "none"))
        self.ranked = _once(lambda key: SEPARATOR.join(self._with(key, (ELIGIBLE, CONDITIONAL))))

    @staticmethod
    def _place(program: Program, option: str) -> int:
        return next(place for place, item in enumerate(program.options) if item.id == option)

    def _with(self, key: int, wanted: tuple[int, ...]) -> list[str]:
        """Return the options with a wanted status, best first."""
        packed, order = divmod(key, len(self.orders))
        return [option for option, power in self.orders[order][1] if packed // power % len(STATUSES) in wanted]
