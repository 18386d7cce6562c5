"""Looks at a tape that nobody has described, and proposes how to read it.

`inspect` tells what kind of file it is, whether it follows a published layout, what stands in each column,
and which fact each column most likely is. `Inspection.write_mapping` writes that down as a starter mapping,
with a comment on every guess, for a person to confirm.
"""

from __future__ import annotations

import datetime
import functools
import importlib.resources
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from hopenow.errors import InputError
from hopenow.facts.ingest import NULL_WORDS
from hopenow.facts.schema import Fact, schema
from hopenow.tapes.lines import (
    HEAD_BYTES,
    decode_head,
    file_format,
    read_head,
    sniff_delimiter,
    sniff_encoding,
    split_lines,
)

SAMPLE_ROWS: Final = 1_000
SURE: Final = 0.9
"""From this confidence on a proposal is written without the comment that asks for a check."""
LIKELY: Final = 0.62
"""Below this confidence nothing is proposed."""

Kind = Literal["blank", "flag", "date", "whole", "number", "text"]


class KnownLayout(Protocol):
    """A published layout, as far as `inspect` needs to know it."""

    @property
    def id(self) -> str:
        """Short name."""

    @property
    def title(self) -> str:
        """Name in plain words."""


def _loan_performance(path: Path) -> KnownLayout | None:
    # Imported when needed: these readers bring compiled kernels with them.
    from hopenow.tapes.loan_months import recognize

    return recognize(path)


LAYOUTS: Final[list[Callable[[Path], KnownLayout | None]]] = [_loan_performance]
"""Functions that recognize a published layout by field count and content; a new reader appends its own."""

DATE_FORMATS: Final = (
    "%Y-%m-%d", "%m/%d/%Y", "%Y%m%d", "%m/%d/%y", "%m-%d-%Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%Y/%m/%d",
    "%d/%m/%Y", "%m/%Y", "%m%Y", "%Y%m", "%Y-%m", "%b-%y", "%b-%Y",
)  # fmt: skip
"""Date formats that are recognized, in the order in which they are tried."""

_PLAIN_FORMATS: Final = frozenset({"%Y-%m-%d", "%m/%d/%Y", "%Y%m%d"})
_FLAG_WORDS: Final = frozenset({"y", "n", "yes", "no", "true", "false", "t", "f"})


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a column may be: a fact, how sure that is (0 to 1), and how it is written."""

    fact: str
    confidence: float
    unit: str | None = None
    date_format: str | None = None
    values: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """What a sample of a column shows.

    ``blank`` is the share of sampled cells that are empty or say NULL; ``samples`` are up to three
              different values.
    """

    name: str
    kind: Kind
    blank: float
    distinct: int
    samples: tuple[str, ...]
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """What `inspect` found out about a file."""

    path: Path
    format: Literal["csv", "parquet"]
    compressed: bool
    encoding: str | None
    delimiter: str | None
    has_header: bool
    layout: KnownLayout | None
    columns: tuple[ColumnInfo, ...]
    rows_sampled: int
    rows: int | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """Required facts that no column seems to hold."""
        found = {column.proposal.fact for column in self.columns if column.proposal is not None}
        return tuple(name for name, fact in schema().items() if fact.required and name not in found)

    def mapping_text(self) -> str:
        """Return a starter mapping as YAML, with a comment on everything that is a guess."""
        return "\n".join(_mapping_lines(self)) + "\n"

    def write_mapping(self, path: str | Path) -> Path:
        """Write the starter mapping; an existing file is never overwritten.

        Raises:
            InputError: the file exists already, or cannot be written.
        """
        path = Path(path)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(self.mapping_text())
        except FileExistsError:
            raise InputError(f"{path} exists already: choose another name, or remove it first") from None
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror or error}") from None
        return path


def recognize_layout(path: str | Path) -> KnownLayout | None:
    """Return the published layout that the file follows, or None."""
    found = (recognize(Path(path)) for recognize in LAYOUTS)
    return next((layout for layout in found if layout is not None), None)


def inspect(path: str | Path) -> Inspection:
    """Look at the beginning of a file.

    Raises:
        InputError: there is no such file, it is empty, or it is neither text nor Parquet.
    """
    path = Path(path)
    kind = file_format(path)
    if kind == "parquet":
        found, values = _inspect_parquet(path)
    else:
        found, values = _inspect_text(path, compressed=kind == "gzip")
    columns = _propose(list(zip(found.columns, values, strict=True)))
    # The published text layouts have no header, so a file with one only happens to have as many fields.
    maybe = found.format == "parquet" or not found.has_header
    return replace(found, layout=recognize_layout(path) if maybe else None, columns=columns)


# --- looking --------------------------------------------------------------------------------------


Cells = tuple[str | None, ...]


def _inspect_text(path: Path, *, compressed: bool) -> tuple[Inspection, list[Cells]]:
    head = read_head(path)
    encoding = sniff_encoding(head)
    text = decode_head(head, encoding).removeprefix("\ufeff")
    lines = text.split("\n")
    if len(head) == HEAD_BYTES and len(lines) > 1:
        lines.pop()  # The sample may end in the middle of a line.
    lines = [line for line in lines[: SAMPLE_ROWS + 1] if line.strip()]
    if not lines:
        raise InputError(f"{path} holds no line of text")
    delimiter = sniff_delimiter(text)
    table = split_lines(lines, delimiter or ",")
    has_header = _looks_like_header(table)
    names = _names(table[0]) if has_header else [f"column_{place}" for place in range(1, len(table[0]) + 1)]
    rows = [row for row in (table[1:] if has_header else table) if len(row) == len(table[0])]
    rows = [row[: len(names)] for row in rows]
    columns: list[Cells] = [tuple(_cell(row[place]) for row in rows) for place in range(len(names))]
    infos = tuple(_column_info(name, values) for name, values in zip(names, columns, strict=True))
    split = delimiter or ","
    found = Inspection(path, "csv", compressed, encoding, split, has_header, None, infos, len(rows))
    return found, columns


def _inspect_parquet(path: Path) -> tuple[Inspection, list[Cells]]:
    try:
        with pq.ParquetFile(path) as file:
            total = file.metadata.num_rows
            records = next(file.iter_batches(batch_size=SAMPLE_ROWS), None)
            empty = file.schema_arrow.empty_table()
    except (pa.ArrowException, OSError) as error:
        message = str(error).strip().split("\n")[0]
        raise InputError(f"{path} is not a whole Parquet file: {message}; export it again") from None
    table = empty if records is None else pa.Table.from_batches([records])
    frame = pl.DataFrame(pl.from_arrow(table))
    columns: list[Cells] = []
    for column in frame:
        nested = column.dtype.is_nested() or column.dtype == pl.Binary
        texts = [None] * len(column) if nested else column.cast(pl.String).to_list()
        columns.append(tuple(None if text is None else _cell(text) for text in texts))
    infos = tuple(_column_info(name, values) for name, values in zip(frame.columns, columns, strict=True))
    found = Inspection(path, "parquet", False, None, None, True, None, infos, frame.height, total)
    return found, columns


def _names(header: Sequence[str]) -> list[str]:
    names = [name.strip() for name in header]
    return names[:-1] if len(names) > 1 and not names[-1] else names


def _cell(text: str) -> str | None:
    plain = text.strip()
    return None if plain.lower() in NULL_WORDS else plain


def _looks_like_header(table: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row names the columns: all different, no numbers, unlike what follows."""
    first = _names(table[0])
    if any(not name for name in first) or len(set(first)) < len(first):
        return False
    if any(_kind([name]) in {"whole", "number", "date"} for name in first):
        return False
    if any(_plain(name) in schema() or _plain(name) in _aliases() for name in first):
        return True
    return any(
        _kind([cell]) in {"whole", "number", "date"} for row in table[1:20] for cell in row if cell.strip()
    )


def _column_info(name: str, values: Sequence[str | None]) -> ColumnInfo:
    known = [value for value in values if value is not None]
    distinct = list(dict.fromkeys(known))
    blank = 1 - len(known) / len(values) if values else 1.0
    return ColumnInfo(name, _kind(known), blank, len(distinct), tuple(distinct[:3]))


_WHOLE = re.compile(r"-?\d{1,3}(,\d{3})+|-?\d+(\.0*)?")
_NUMBER = re.compile(r"\(?-?\$?\s*(\d{1,3}(,\d{3})+|\d*)(\.\d*)?\)?\s*%?")


def _kind(values: Sequence[str]) -> Kind:
    """Return what nearly all of the values are (up to one in twenty may be dirt)."""
    if not values:
        return "blank"
    allowed = len(values) // 20

    def nearly(test: Callable[[str], object]) -> bool:
        return sum(not test(value) for value in values) <= allowed

    if nearly(lambda value: value.lower() in _FLAG_WORDS):
        return "flag"
    if _date_format(values) is not None:
        return "date"
    if nearly(_WHOLE.fullmatch):
        return "whole"
    if nearly(lambda value: any(map(str.isdigit, value)) and _NUMBER.fullmatch(value)):
        return "number"
    return "text"


def _date_format(values: Sequence[str]) -> str | None:
    """Return the format in which (nearly) all values are dates between 1950 and 2150."""
    some = values[:200]
    for date_format in DATE_FORMATS:
        if sum(not _is_date(value, date_format) for value in some) <= len(some) // 20:
            return date_format
    return None


def _is_date(value: str, date_format: str) -> bool:
    value = re.sub(r"[T ]00:00(:00(\.0+)?)?Z?$", "", value)
    digits = {"%m%Y": 6, "%Y%m": 6, "%Y%m%d": 8}.get(date_format)
    if digits is not None and (len(value) != digits or not value.isdecimal()):
        return False
    try:
        day = datetime.datetime.strptime(value, date_format)  # noqa: DTZ007  (only to see whether it parses)
    except ValueError:
        return False
    return 1950 <= day.year <= 2150


# --- proposing ------------------------------------------------------------------------------------


@functools.cache
def _synonyms() -> dict[str, Any]:
    text = importlib.resources.files("hopenow.tapes").joinpath("synonyms.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506  (text only)
    return document


@functools.cache
def _aliases() -> dict[str, str]:
    return {alias: fact for fact, aliases in _synonyms()["names"].items() for alias in aliases}


def _plain(name: str) -> str:
    """Write a column name as facts are written: LoanNumber, LOAN-NUMBER and `Loan Number` are loan_number."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def _spelled_out(plain: str) -> str:
    """Write out the abbreviations in a name: next_due_dt is next_due_date."""
    short = _synonyms()["abbreviations"]
    return "_".join(short.get(word, word) for word in plain.split("_"))


@functools.cache
def _spelled_aliases() -> dict[str, str]:
    return {_spelled_out(alias): fact for alias, fact in _aliases().items()}


def _propose(columns: Sequence[tuple[ColumnInfo, Sequence[str | None]]]) -> tuple[ColumnInfo, ...]:
    """Give each fact to the column that fits it best, the surest first."""
    candidates = sorted(
        (
            (-confidence, place, name)
            for place, (info, values) in enumerate(columns)
            for name, confidence in _candidates(info, values)
        ),
    )
    taken: dict[int, tuple[str, float]] = {}
    used: set[str] = set()
    for negative, place, name in candidates:
        if place not in taken and name not in used:
            taken[place] = (name, -negative)
            used.add(name)
    return tuple(
        replace(
            info,
            proposal=_proposal(schema()[taken[place][0]], taken[place][1], values)
            if place in taken
            else None,
        )
        for place, (info, values) in enumerate(columns)
    )


def _candidates(info: ColumnInfo, values: Sequence[str | None]) -> Iterator[tuple[str, float]]:
    plain = _plain(info.name)
    known = [value for value in values if value is not None]
    for name, fact in schema().items():
        confidence = _likeness(plain, name) * _fitness(info.kind, fact, known)
        if confidence >= LIKELY:
            yield name, round(confidence, 2)


def _likeness(plain: str, fact: str) -> float:
    if plain == fact:
        return 1.0
    if _aliases().get(plain) == fact:
        return 0.95
    plain = _spelled_out(plain)
    if plain == fact or _spelled_aliases().get(plain) == fact:
        return 0.92
    names = [fact, *_synonyms()["names"].get(fact, ())]
    return 0.88 * max(_similar(plain, name) for name in names)


def _similar(one: str, other: str) -> float:
    """Compare two names by their letters and by their words."""
    letters = SequenceMatcher(None, one, other).ratio()
    words, others = set(one.split("_")), set(other.split("_"))
    shared = len(words & others) / len(words | others)
    return 0.5 * letters + 0.5 * shared if shared else 0.8 * letters


def _fitness(kind: Kind, fact: Fact, values: Sequence[str]) -> float:
    """Return 1 where a column of this kind can hold the fact, less where it hardly can."""
    if kind == "blank":
        return 0.9
    fitting: Mapping[str, frozenset[str]] = {
        "money": frozenset({"whole", "number"}),
        "rate": frozenset({"whole", "number"}),
        "months": frozenset({"whole"}),
        "days": frozenset({"whole"}),
        "count": frozenset({"whole"}),
        "date": frozenset({"date"}),
        "flag": frozenset({"flag", "whole"}),
        "choice": frozenset({"text", "flag", "whole"}),
        "choices": frozenset({"text"}),
    }
    if fact.type == "text":
        if fact.pattern is None:
            return 1.0
        # A whole ZIP code also gives the first three digits.
        pattern = re.compile(
            rf"(?:{fact.pattern})" + (r"(?:\d\d)?(?:-?\d{4})?" if fact.name == "zip3" else "")
        )
        fits = sum(pattern.fullmatch(value.upper()) is not None for value in values)
        return 1.0 if fits >= 0.9 * len(values) else 0.6
    if fact.type == "flag" and kind == "whole":
        return 1.0 if set(values) <= {"0", "1"} else 0.5
    return 1.0 if kind in fitting[fact.type] else 0.7


def _proposal(fact: Fact, confidence: float, values: Sequence[str | None]) -> Proposal:
    known = [value for value in values if value is not None]
    unit = _rate_unit(known) if fact.type == "rate" else None
    date_format = _date_format(known) if fact.type == "date" and known else None
    if date_format in _PLAIN_FORMATS:
        date_format = None
    words = _translations(fact, known) if fact.type == "choice" else {}
    return Proposal(fact.name, confidence, unit, date_format, words)


def _rate_unit(values: Sequence[str]) -> str | None:
    numbers = []
    for value in values:
        try:
            numbers.append(float(value.rstrip("% ")))
        except ValueError:
            continue
    positive = [number for number in numbers if number > 0]
    if not positive:
        return None
    if max(positive) <= 0.3:
        return "fraction"
    return "basis_points" if min(positive) > 30 else None


def _translations(fact: Fact, values: Sequence[str]) -> dict[str, str | None]:
    """Translate codes to the fact's words; None where a person must say what the code means."""
    known = _synonyms()["values"].get(fact.name, {})
    result: dict[str, str | None] = {}
    for value in list(dict.fromkeys(values))[:30]:
        plain = _plain(value)
        if plain not in fact.choices:
            result[value] = known.get(plain)
    return result


# --- writing --------------------------------------------------------------------------------------


def _mapping_lines(found: Inspection) -> Iterator[str]:
    yield f"# Starter mapping for {found.path.name}."
    yield "# Check every line marked `guess`, and fill in what is missing; then review the tape with it."
    if found.layout is not None:
        yield f"# The file follows a published layout ({found.layout.title}) and needs no mapping."
    yield "version: 1"
    yield "file:"
    yield f"  format: {found.format}"
    if found.format == "csv":
        yield f"  delimiter: {_scalar(found.delimiter or ',')}"
        yield f"  encoding: {found.encoding}"
        yield f"  has_header: {'true' if found.has_header else 'false'}"
        if not found.has_header:
            yield f"  column_names: [{', '.join(_scalar(column.name) for column in found.columns)}]"
    yield "constants:  # facts that are the same on every row"
    for name in found.missing:
        example = "2026-01-31" if schema()[name].type == "date" else "..."
        yield f"  # {name}: {example}  # required, and no column seems to hold it: fill it in"
    if not found.missing:
        yield "  # investor: fannie_mae"
    yield "columns:"
    for column in found.columns:
        if column.proposal is not None:
            yield from _column_lines(column, column.proposal)
    aside = [column for column in found.columns if column.proposal is None]
    if aside:
        yield "ignore:  # to use one of these, move it up and name its fact"
    for column in aside:
        yield f"  - {_scalar(column.name)}  # not mapped{_example(column)}"


def _column_lines(column: ColumnInfo, proposal: Proposal) -> Iterator[str]:
    guess = "" if proposal.confidence >= SURE else f"guess ({proposal.confidence:.0%}): "
    comment = f"# {guess}{schema()[proposal.fact].meaning}{_example(column)}"
    if not (proposal.unit or proposal.date_format or proposal.values):
        yield f"  {_scalar(column.name)}: {proposal.fact}  {comment}"
        return
    yield f"  {_scalar(column.name)}:  {comment}"
    yield f"    fact: {proposal.fact}"
    if proposal.unit:
        yield f"    unit: {proposal.unit}  # guess, by the size of the numbers"
    if proposal.date_format:
        yield f"    format: {_scalar(proposal.date_format)}  # guess, by the values seen"
    if proposal.values:
        yield "    values:"
        for code, word in proposal.values.items():
            # An empty translation means "not known", which is safe until somebody says what the code means.
            yield (
                f"      {_scalar(code)}: {word}  # guess"
                if word
                else f'      {_scalar(code)}: ""  # not mapped'
            )


def _example(column: ColumnInfo) -> str:
    if not column.samples:
        return "; no values seen"
    shown = ", ".join(sample[:30] for sample in column.samples[:2]).replace("\n", " ")
    return f"; e.g. {shown}"


def _scalar(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text) else json.dumps(text, ensure_ascii=False)
