"""Loan-months of whole loans, from the enterprises' files or from a file of one's own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from hopenow.errors import InputError
from hopenow.facts.findings import FindingCounts, FindingRule, join_findings
from hopenow.oversight.histories.fields import CELL, CODE, ColumnSpec, MonthMapping, expression, fields, own
from hopenow.oversight.histories.kernel import STYLES
from hopenow.tapes import history, loan_months
from hopenow.tapes.layouts import MONTHLY, MONTHLY_INDEX, STATIC, STATIC_INDEX, pack
from hopenow.tapes.loan_months import FileFindings, LoanMonths, is_parquet, recognize
from hopenow.tapes.scan import NULL

ROWS: Final = 1 << 18
"""Rows of an own file read at a time."""

SPLIT: Final = FindingRule(
    "HIST-LOAN-SPLIT",
    "logic",
    "error",
    "Rows of this loan stand apart from its others.",
    "They are passed over; bring a loan's rows together.",
)
NO_LOAN: Final = FindingRule("HIST-NO-LOAN", "shape", "error", "The row has no loan number.", "Fill it in.")
NO_MONTH: Final = FindingRule("HIST-NO-MONTH", "shape", "error", "The month cannot be read.", "Correct it.")
STATIC_DIFFERS: Final = FindingRule(
    "HIST-TWO-LOANS",
    "logic",
    "error",
    "Rows of one loan number tell of two loans: what was set at origination differs.",
    "The loan is left out of every figure; give each loan its own number.",
)


@dataclass(slots=True)
class Source:
    """Files read together.

    ``findings`` and ``counts`` fill up as the pieces are read; ``read`` counts rows, ``refused`` those of them that
    could not be used, ``outside`` those that the mapping's ``only`` leaves aside.
    """

    paths: tuple[Path, ...]
    style: int
    title: str
    method: str = "MBA"
    mapping: MonthMapping | None = None
    layouts: tuple[str, ...] = ()
    read: int = 0
    refused: int = 0
    outside: int = 0
    counts: FindingCounts = field(default_factory=FindingCounts)
    kept: list[pl.DataFrame] = field(default_factory=list)
    two_loans: set[str] = field(default_factory=set)
    scan_counts: list[pl.DataFrame] = field(default_factory=list)

    def note(self, findings: pl.DataFrame) -> None:
        """Count findings and keep those that the cap lets through."""
        if not findings.is_empty():
            self.kept.append(self.counts.keep(findings))


@dataclass(slots=True)
class Piece:
    """Whole loans, with the numbers carried along (one for each loan)."""

    months: LoanMonths
    carried: dict[str, pl.Series] = field(default_factory=dict)


def open_source(paths: Sequence[Path], mapping: MonthMapping | None) -> Source:
    """Recognize files.

    Raises:
        InputError: a file is missing, of no known shape, or the files do not belong together.
    """
    if not paths:
        raise InputError("No file was given.")
    missing = [f"{path} is not a file" for path in paths if not path.is_file()]
    if missing:
        raise InputError("Not every file is there.", missing)
    known = [None if mapping is not None else recognize(path) for path in paths]
    if all(layout is not None for layout in known):
        layouts = [layout for layout in known if layout is not None]
        investors = sorted({layout.investor for layout in layouts})
        if len(investors) > 1:
            raise InputError("Files of different enterprises were given; read them one enterprise at a time.")
        style = STYLES.index(investors[0])
        titles = "; ".join(dict.fromkeys(layout.title for layout in layouts))
        return Source(tuple(paths), style, titles, layouts=tuple(layout.id for layout in layouts))
    if any(layout is not None for layout in known):
        raise InputError("Files of an enterprise and other files cannot be read together.")
    if mapping is None:
        mapping = own(_header(paths[0]), paths[0].name)
    wanted = [*mapping.columns, *mapping.only]
    lacking = [
        f"{path.name}: column {column!r} is missing"
        for path in paths
        for column in dict.fromkeys(wanted)
        if column not in _header(path)
    ]
    if lacking:
        raise InputError(f"The files do not fit the mapping {mapping.title!r}.", lacking, shown=100)
    return Source(tuple(paths), STYLES.index("own"), mapping.title, mapping.method, mapping)


def pieces(source: Source) -> Iterator[Piece]:
    """Yield whole loans, piece by piece, and fill in the source's counts and findings."""
    if source.mapping is None:
        yield from _published(source)
    else:
        yield from _own(source, source.mapping)


# --- the enterprises' files ------------------------------------------------------------------------


def _published(source: Source) -> Iterator[Piece]:
    layouts = {path: loan_months.need_layout(path) for path in source.paths}
    origins = [path for path in source.paths if layouts[path].role == "origination"]
    tapes = [path for path in source.paths if path not in origins]
    if not tapes:
        raise InputError("Only origination files were given; add the monthly performance files that belong to them.")
    if any(layouts[path].role == "monthly" for path in tapes) and not origins:
        raise InputError("The monthly performance file needs its origination (acquisition) file; add it.")
    table: pl.DataFrame | None = None
    if origins:
        table, first = history._origination(origins, source.counts.cap)
        for entry in first:
            source.note(entry)
    files = [(path, FileFindings(layouts[path], source.counts.cap)) for path in tapes]
    scattered = history._looks_scattered(tapes)
    seen = None if scattered else history._Seen()
    stream: Iterator[LoanMonths] = (
        loan_months.spill(files)
        if scattered
        else (part for path, found in files for part in loan_months.pieces(path, found))
    )
    for part in stream:
        source.read += part.read
        source.refused += part.refused
        source.note(part.findings)
        if seen is not None and part.loans:
            part, split, finding = seen.without_repeats(part, source.counts.cap)
            source.refused += split
            source.note(finding)
        if table is not None and part.loans:
            part, finding = history._join(part, table)
            source.note(finding)
        if part.loans:
            yield Piece(part)
    source.scan_counts += [found.take_counts() for _, found in files]


# --- files of one's own ----------------------------------------------------------------------------


def _header(path: Path) -> tuple[str, ...]:
    if is_parquet(path):
        return tuple(pq.read_schema(path).names)
    return tuple(pl.read_csv(path, n_rows=1, infer_schema=False, separator=_delimiter(path)).columns)


def _delimiter(path: Path) -> str:
    import gzip

    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rb") if packed else path.open("rb") as text:
        head = text.readline().decode("utf-8", "replace")
    return max(",|;\t", key=head.count)


def _own(source: Source, mapping: MonthMapping) -> Iterator[Piece]:
    key = next(column for column, spec in mapping.columns.items() if spec.field == "loan_id")
    columns = [*dict.fromkeys([*mapping.columns, *mapping.only])]
    with tempfile.TemporaryDirectory(prefix="hopenow-") as folder:
        files = []
        for number, path in enumerate(source.paths):
            if is_parquet(path):
                files.append(path)
                continue
            lines = pl.scan_csv(path, infer_schema=False, separator=_delimiter(path)).select(columns)
            target = Path(folder) / f"{number}.parquet"
            lines.sink_parquet(target, compression="lz4")
            files.append(target)
        if len(files) > 1 or not _together(files[0], key):
            sorted_file = Path(folder) / "sorted.parquet"
            rows = pl.concat(
                [pl.scan_parquet(file).select(columns).with_row_index(_LINE, offset=1) for file in files],
                how="vertical_relaxed",
            )
            # A loan's rows come together; within a loan they keep the order of the file.
            rows.sort(key, maintain_order=True).sink_parquet(sorted_file, compression="lz4")
            files = [sorted_file]
        yield from _Reader(source, mapping, files[0], columns, key).pieces()


def _together(path: Path, key: str) -> bool:
    """Whether each loan's rows stand together: a loan number begins once."""
    runs = loans = 0
    last: object = None
    begun: list[pl.Series] = []
    with pq.ParquetFile(path) as stream:
        for batch in loan_months.ahead(stream.iter_batches(batch_size=ROWS, columns=[key])):
            ids = pl.Series(pl.from_arrow(batch.column(0)))
            first = (ids != ids.shift(1)).fill_null(True)
            first[0] = ids[0] != last
            heads = ids.filter(first)
            if len(heads):
                begun.append(heads.hash(seed=3))
            runs += len(heads)
            last = ids[-1]
    if begun:
        loans = pl.concat(begun).n_unique()
    return runs == loans


_LINE: Final = "__row"


class _Reader:
    """Turns the rows of one Parquet file, in which a loan's rows stand together, into pieces of whole loans."""

    def __init__(self, source: Source, mapping: MonthMapping, path: Path, columns: list[str], key: str) -> None:
        self.source, self.mapping, self.path, self.key = source, mapping, path, key
        schema = pq.read_schema(path)
        self.numbered = _LINE in schema.names
        self.columns = [*columns, _LINE] if self.numbered else columns
        self.buffer: npt.NDArray[np.int64] = np.empty((len(MONTHLY), 0), np.int64)
        named = {spec.field: column for column, spec in mapping.columns.items() if spec.field is not None}
        self.monthly = {name: column for name, column in named.items() if fields()[name].to is not None}
        self.static = {name: column for name, column in named.items() if fields()[name].static is not None}
        self.servicer = named.get("servicer")

    def pieces(self) -> Iterator[Piece]:
        first = 1
        carry: pl.DataFrame | None = None
        with pq.ParquetFile(self.path) as stream:
            for batch in loan_months.ahead(stream.iter_batches(batch_size=ROWS, columns=self.columns)):
                frame = pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch])))
                if not self.numbered:
                    lines = pl.int_range(first, first + frame.height, dtype=pl.Int64, eager=True)
                    frame = frame.with_columns(lines.alias(_LINE))
                first += frame.height
                self.source.read += frame.height
                frame = pl.concat([carry, frame]) if carry is not None and carry.height else frame
                changes = (frame[self.key] != frame[self.key].shift(1)).fill_null(True).arg_true()
                cut = int(changes[-1]) if len(changes) else 0
                carry = frame.slice(cut)
                if cut:
                    yield from self.piece(frame.slice(0, cut))
        if carry is not None and carry.height:
            yield from self.piece(carry)

    def piece(self, frame: pl.DataFrame) -> Iterator[Piece]:
        frame = self.usable(frame)
        if frame.is_empty():
            return
        size = frame.height
        ids = frame[self.key]
        starts = (ids != ids.shift(1)).fill_null(True).arg_true()
        heads = frame[starts]
        if self.buffer.shape[1] < size:
            self.buffer = np.full((len(MONTHLY), size + size // 4), NULL, np.int64)
        for name, column in self.monthly.items():
            place = MONTHLY_INDEX[str(fields()[name].to)]
            self.buffer[place, :size] = _numbers(self.read(frame, column))
        static = np.full((len(STATIC), heads.height), NULL, np.int64)
        for name, column in self.static.items():
            static[STATIC_INDEX[str(fields()[name].static)]] = _numbers(self.read(heads, column))
        self.two_loans(frame, ids)
        none = pl.Series("servicer", [None], dtype=pl.String).new_from_index(0, size)
        months = LoanMonths(
            rows=size,
            loans=heads.height,
            loan_ids=self.read(heads, self.key).alias("loan_id"),
            starts=np.append(starts.to_numpy(), size).astype(np.int64),
            lines=frame[_LINE].to_numpy().astype(np.int64),
            monthly=self.buffer,
            static=static,
            history=np.empty((0, 0), np.int64),
            text=np.empty(0, np.uint8),
            names=none if self.servicer is None else frame[self.servicer],
            read=size,
        )
        carried = {
            str(spec.carry): self.read(heads, column).alias(str(spec.carry))
            for column, spec in self.mapping.columns.items()
            if spec.carry is not None
        }
        yield Piece(months, carried)

    def usable(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows that the mapping looks at and that have a loan and a month; note the others."""
        mapping, source = self.mapping, self.source
        if mapping.only:
            keep = pl.all_horizontal(
                pl.col(column).cast(pl.String).str.strip_chars().is_in(list(wanted))
                for column, wanted in mapping.only.items()
            ).fill_null(False)
            kept = frame.filter(keep)
            source.outside += frame.height - kept.height
            frame = kept
        ids = frame[self.key]
        blank = ids.is_null() | (ids == "") if ids.dtype == pl.String else ids.is_null()
        column = self.monthly["month"]
        no_month = (
            frame.select(expression(column, mapping.columns[column], frame.schema[column], mapping))
            .to_series()
            .is_null()
        )
        if blank.any() or no_month.any():
            noted = frame.select(pl.col(_LINE).alias("row"), pl.col(column).cast(pl.String).alias("value"))
            noted = noted.with_columns(loan_id=ids.cast(pl.String))
            source.note(NO_LOAN.find(noted, blank, field=self.key))
            source.note(NO_MONTH.find(noted, no_month & ~blank, field=column, value="value"))
            whole = frame.filter(~(blank | no_month))
            source.refused += frame.height - whole.height
            frame = whole
        return frame

    def read(self, frame: pl.DataFrame, column: str) -> pl.Series:
        """Return a column as numbers, and note every cell that held something and became nothing."""
        spec, source = self.mapping.columns[column], frame[column]
        if isinstance(source.dtype, pl.Categorical | pl.Enum):
            # A dictionary is read once, and its rows point into it.
            distinct = source.unique().drop_nulls()
            meanings = self._converted(distinct.cast(pl.String).alias(column).to_frame(), column, spec)
            codes = distinct.to_physical()
            places = np.zeros(int(codes.max() or 0) + 1, np.uint32)  # type: ignore[arg-type]
            places[codes.to_numpy()] = np.arange(len(codes), dtype=np.uint32)
            found = source.to_physical()
            where = pl.Series(places[found.fill_null(0).to_numpy()]) if len(codes) else found.fill_null(0)
            values = meanings.gather(where.set(found.is_null(), None))
        else:
            values = self._converted(frame, column, spec)
        if values.null_count() != source.null_count():
            self._unreadable(frame, column, spec, values)
        return values

    def _converted(self, frame: pl.DataFrame, column: str, spec: ColumnSpec) -> pl.Series:
        return frame.select(expression(column, spec, frame.schema[column], self.mapping)).to_series()

    def _unreadable(self, frame: pl.DataFrame, column: str, spec: ColumnSpec, values: pl.Series) -> None:
        kind = "whole" if spec.field is None else fields()[spec.field].kind
        if kind in ("id", "name", "code"):
            return
        blank = ["", "null", "na", "n/a", "nan", "unknown", *(word.lower() for word in spec.fillers)]
        blank += [word.lower() for word in self.mapping.null_values]
        text = frame.select(
            pl.col(_LINE).alias("row"),
            pl.col(self.key).cast(pl.String).alias("loan_id"),
            pl.col(column).cast(pl.String).str.strip_chars().alias("value"),
        )
        lost = values.is_null() & ~text["value"].str.to_lowercase().is_in(blank).fill_null(True)
        if lost.any():
            rule = CODE if kind in ("word", "yes_no") else CELL
            self.source.note(rule.find(text, lost, field=column, value="value"))

    def two_loans(self, frame: pl.DataFrame, ids: pl.Series) -> None:
        """Note loans whose rows differ in what was set at origination."""
        if not self.static:
            return
        differs = pl.Series([False]).new_from_index(0, frame.height)
        for column in self.static.values():
            differs |= (frame[column] != frame[column].shift(1)).fill_null(False)
        differs &= (ids == ids.shift(1)).fill_null(False)
        if differs.any():
            found = frame.filter(differs).select(
                pl.col(_LINE).alias("row"), pl.col(self.key).cast(pl.String).alias("loan_id")
            )
            found = found.unique("loan_id", keep="first", maintain_order=True)
            self.source.note(STATIC_DIFFERS.find(found, pl.lit(True), field="loan_id", value="loan_id"))
            self.source.two_loans.update(found["loan_id"].to_list())


def _numbers(values: pl.Series) -> Any:
    if values.dtype == pl.String:  # a code such as a state
        distinct = values.unique().drop_nulls().to_list()
        codes = {word: pack(word) for word in distinct if word.isascii() and len(word) <= 7}
        values = values.replace_strict(codes, default=None, return_dtype=pl.Int64)
    return values.fill_null(NULL).to_numpy()


def findings_of(source: Source) -> pl.DataFrame:
    """Return the findings kept so far, in the order of rows."""
    return join_findings(source.kept)
