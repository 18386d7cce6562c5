"""The common shape in which every reader hands over a piece of a tape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import polars as pl

from hopenow.facts.findings import COUNT_COLUMNS, count_findings, no_findings


def _no_counts() -> pl.DataFrame:
    return pl.DataFrame(schema=dict(COUNT_COLUMNS))


@dataclass(frozen=True, slots=True)
class Batch:
    """A piece of a tape, read.

    ``facts``     canonical frame: the fact columns that the format knows, plus ``row`` (1-based line or row
                  number in the source, unsigned integer). Only rows that will be reviewed.
    ``findings``  findings frame (see `hopenow.facts.findings`), at most the cap of each rule per file.
    ``read``      rows read from the source for this piece.
    ``skipped``   rows of these that are not in ``facts``; each has at least one finding of severity error.
    ``counts``    number of findings by rule and field, whether kept in ``findings`` or not.
    ``reasons``   number of skipped rows by the first rule of severity error that each breaks, where the reader knows
                  it; None where it must be told from findings and counts.

    Always ``read == facts.height + skipped``. A reader that turns many source rows into one (a performance
    history) counts what it yields: loans or loan-months, as its own documentation says.
    """

    facts: pl.DataFrame
    findings: pl.DataFrame = field(default_factory=no_findings)
    read: int = 0
    skipped: int = 0
    counts: pl.DataFrame = field(default_factory=_no_counts)
    reasons: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        """Fill in the counts, and refuse a piece whose rows do not add up."""
        if self.counts.is_empty() and not self.findings.is_empty():
            object.__setattr__(self, "counts", count_findings(self.findings))
        if self.read != self.facts.height + self.skipped:
            kept = self.facts.height
            raise AssertionError(
                f"a reader lost rows: read {self.read}, kept {kept}, skipped {self.skipped}; "
                "please report this defect"
            )

    @property
    def kept(self) -> int:
        """Rows to be reviewed."""
        return self.facts.height


Reader: TypeAlias = Callable[[Path], Iterator[Batch]]
"""Reads a tape of a known layout, piece by piece."""

__all__ = ["Batch", "Reader"]
