"""What is wrong with a row of input, said once, in one shape, for every reader.

A *finding* names the row, the field, the rule that was broken, the text as found, and what to do about it.
Findings travel as Polars frames with the columns of `FINDING_COLUMNS`:

``row``       1-based line or row number in the source (Int64; null for a finding about the whole file)
``loan_id``   the loan, where known (String)
``phase``     ``shape`` (can the cell be read?) or ``logic`` (does what it says hold together?)
``severity``  ``error`` (the row is skipped) or ``warning`` (the row is kept; the field is normalized or
              unknown)
``rule``      stable id of the rule, such as ``SHAPE-MONEY``
``field``     fact or source column
``value``     the text as found, cut at `VALUE_WIDTH` characters
``message``   what is wrong and what to do
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import polars as pl

Phase: TypeAlias = Literal["shape", "logic"]
Severity: TypeAlias = Literal["error", "warning"]

PHASE: Final = pl.Enum(["shape", "logic"])
SEVERITY: Final = pl.Enum(["error", "warning"])

FINDING_COLUMNS: Final[Mapping[str, pl.DataType]] = {
    "row": pl.Int64(),
    "loan_id": pl.String(),
    "phase": PHASE,
    "severity": SEVERITY,
    "rule": pl.String(),
    "field": pl.String(),
    "value": pl.String(),
    "message": pl.String(),
}
COUNT_COLUMNS: Final[Mapping[str, pl.DataType]] = {
    "phase": PHASE,
    "severity": SEVERITY,
    "rule": pl.String(),
    "field": pl.String(),
    "count": pl.Int64(),
}

VALUE_WIDTH: Final = 80
"""Longest piece of source text that a finding repeats, in characters."""

DEFAULT_CAP: Final = 1_000
"""How many findings of one rule on one field are kept per file; the rest are only counted."""


@dataclass(frozen=True, slots=True)
class FindingRule:
    """One way in which input can be wrong.

    ``words`` says in a short sentence what the rule asks for; ``remedy`` says what to do when it is broken.
    """

    id: str
    phase: Phase
    severity: Severity
    words: str
    remedy: str

    @property
    def message(self) -> str:
        """The rule and its remedy as one message, for rules whose words need no further detail."""
        return f"{self.words} {self.remedy}".strip()

    def find(
        self,
        frame: pl.DataFrame,
        where: pl.Expr | pl.Series,
        *,
        field: str,
        value: str | pl.Expr | None = None,
        message: str | pl.Expr | None = None,
    ) -> pl.DataFrame:
        """Return one finding for each row of ``frame`` in which ``where`` is true (null counts as false).

        ``frame`` has a column ``row`` and, where known, ``loan_id``. ``value`` is a column name or an
                  expression;
        left out, it is the column called ``field`` where there is one. ``message`` is a text or an
        expression; left out, it is the rule's own message.
        """
        cells = self.cells(frame, field=field, value=value, message=message)
        hits = self.hits(frame, where, cells)
        return no_findings() if hits.is_empty() else hits.select(cells)

    def cells(
        self,
        frame: pl.DataFrame,
        *,
        field: str,
        value: str | pl.Expr | None = None,
        message: str | pl.Expr | None = None,
    ) -> list[pl.Expr]:
        """Return the columns of findings about rows of ``frame``; the arguments are those of `find`."""
        if value is None and field in frame.columns:
            value = field
        found = (
            pl.lit(None, pl.String) if value is None else pl.col(value) if isinstance(value, str) else value
        )
        text = self.message if message is None else message
        loan = pl.col("loan_id").cast(pl.String) if "loan_id" in frame.columns else pl.lit(None, pl.String)
        return [
            pl.col("row").cast(pl.Int64),
            loan.alias("loan_id"),
            pl.lit(self.phase, PHASE).alias("phase"),
            pl.lit(self.severity, SEVERITY).alias("severity"),
            pl.lit(self.id).alias("rule"),
            pl.lit(field).alias("field"),
            found.cast(pl.String).str.slice(0, VALUE_WIDTH).alias("value"),
            (pl.lit(text) if isinstance(text, str) else text).alias("message"),
        ]

    @staticmethod
    def hits(frame: pl.DataFrame, where: pl.Expr | pl.Series, cells: Iterable[pl.Expr]) -> pl.DataFrame:
        """Return the rows of ``frame`` in which ``where`` is true, with those columns alone that ``cells`` read."""
        needed = list(dict.fromkeys(name for cell in cells for name in cell.meta.root_names()))
        if isinstance(where, pl.Series):
            return frame.select(needed).filter(where)
        return frame.lazy().filter(where).select(needed).collect()

    def one(
        self,
        *,
        row: int | None = None,
        loan_id: str | None = None,
        field: str | None = None,
        value: str | None = None,
        message: str | None = None,
    ) -> pl.DataFrame:
        """Return a frame with a single finding; ``row`` None means that it is about the whole file."""
        cells = {
            "row": [row],
            "loan_id": [loan_id],
            "phase": [self.phase],
            "severity": [self.severity],
            "rule": [self.id],
            "field": [field],
            "value": [None if value is None else value[:VALUE_WIDTH]],
            "message": [self.message if message is None else message],
        }
        return pl.DataFrame(cells, schema=dict(FINDING_COLUMNS))


_NONE: Final = pl.DataFrame(schema=dict(FINDING_COLUMNS))
_UNCOUNTED: Final = pl.DataFrame(schema=dict(COUNT_COLUMNS))


def no_findings() -> pl.DataFrame:
    """Return an empty findings frame."""
    return _NONE.clone()


def join_findings(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Put findings frames under one another, in the order of rows, errors before warnings within a row."""
    filled = [frame for frame in frames if not frame.is_empty()]
    if not filled:
        return no_findings()
    return pl.concat(filled).sort("row", "severity", maintain_order=True, nulls_last=False)


def count_findings(findings: pl.DataFrame) -> pl.DataFrame:
    """Count findings by phase, severity, rule and field (columns of `COUNT_COLUMNS`)."""
    if findings.is_empty():
        return _UNCOUNTED.clone()
    keys = ["phase", "severity", "rule", "field"]
    return findings.group_by(keys, maintain_order=True).agg(pl.len().cast(pl.Int64).alias("count"))


def add_counts(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Add up count frames, most frequent first."""
    filled = [frame for frame in frames if not frame.is_empty()]
    if not filled:
        return _UNCOUNTED.clone()
    keys = ["phase", "severity", "rule", "field"]
    total = pl.concat(filled).group_by(keys, maintain_order=True).agg(pl.col("count").sum())
    return total.sort(["severity", "count", "rule", "field"], descending=[False, True, False, False])


@dataclass(slots=True)
class FindingCounts:
    """Counts every finding of one file, and keeps the first ``cap`` of each rule on each field.

    So memory stays bounded however dirty the file. Feed findings to `keep` in order; it returns those to
    show. `table` has the full counts.
    """

    cap: int = DEFAULT_CAP
    _kept: dict[tuple[str, str | None], int] = field(default_factory=dict)
    _counts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(COUNT_COLUMNS)))

    def keep(self, findings: pl.DataFrame) -> pl.DataFrame:
        """Count ``findings`` and return the part that the cap lets through, in order of rows."""
        if findings.is_empty():
            return findings
        self._counts = add_counts([self._counts, count_findings(findings)])
        kept = []
        for part in findings.partition_by("rule", "field", maintain_order=True):
            key = (part["rule"][0], part["field"][0])
            already = self._kept.get(key, 0)
            part = part.head(max(self.cap - already, 0))
            self._kept[key] = already + part.height
            kept.append(part)
        return kept[0] if len(kept) == 1 else join_findings(kept)

    def count(self, rule: FindingRule, field: str, number: int) -> int:
        """Count findings of a rule on a field that stay unwritten; return how many of them the cap lets through.

        Writing only those spares a dirty tape most of the work.
        """
        more = [[rule.phase], [rule.severity], [rule.id], [field], [number]]
        self._counts = add_counts([self._counts, pl.DataFrame(more, schema=dict(COUNT_COLUMNS))])
        already = self._kept.get((rule.id, field), 0)
        room = min(max(self.cap - already, 0), number)
        self._kept[rule.id, field] = already + room
        return room

    @property
    def table(self) -> pl.DataFrame:
        """All counts by phase, severity, rule and field, errors and the most frequent first."""
        return self._counts

    @property
    def total(self) -> int:
        """Number of findings seen, kept or not."""
        return int(self.table["count"].sum())

    @property
    def kept(self) -> int:
        """Number of findings kept."""
        return sum(self._kept.values())

    @property
    def left_out(self) -> int:
        """Number of findings counted but not kept because their rule had reached the cap."""
        return self.total - self.kept

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """Iterate over (rule id, count), most frequent first."""
        rules = (
            self.table.group_by("rule")
            .agg(pl.col("count").sum())
            .sort("count", "rule", descending=[True, False])
        )
        yield from rules.iter_rows()
