"""A file of loans checked, or histories observed, and the files that come of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from hopenow.errors import InputError
from hopenow.law import weakest
from hopenow.money import dollars_expr, percent_expr
from hopenow.oversight.fairness.applications import Applications, read
from hopenow.oversight.fairness.mapping import Mapping
from hopenow.oversight.standards.checks import check
from hopenow.oversight.standards.observatory import Observatory
from hopenow.pages import write_whole

__all__ = ["Lending", "examine_loans", "published", "summarize", "write_lending", "write_observatory"]


@dataclasses.dataclass(frozen=True)
class Lending:
    """A file of loans, checked.

    Attributes:
        applications: the file as read.
        checked: see `hopenow.oversight.standards.checks.CHECKED`.
    """

    applications: Applications
    checked: pl.DataFrame

    @property
    def answers(self) -> dict[str, dict[str, int]]:
        """Return how many loans got each answer, by question."""
        found = {}
        for name in ("ability_to_repay", "qualified_mortgage", "protection"):
            counts = self.checked[name].value_counts(name="n").sort("n", name, descending=[True, False])
            found[name] = {str(answer): int(n) for answer, n in counts.iter_rows() if answer}
        return found

    @property
    def rules(self) -> pl.DataFrame:
        """Return, for every rule, how many loans do not meet it, and for how many it cannot be told."""
        parts = []
        for column, kind in (
            ("atr_not_met", "not_met"),
            ("qm_not_met", "not_met"),
            ("atr_unknown", "unknown"),
            ("qm_unknown", "unknown"),
        ):
            parts.append(
                self.checked.select(pl.col(column).str.split(";").alias("rule"))
                .explode("rule", empty_as_null=True)
                .filter(pl.col("rule").is_not_null() & (pl.col("rule") != ""))
                .with_columns(pl.lit(kind).alias("kind"))
            )
        counted = pl.concat(parts).group_by("rule", "kind").agg(pl.len().cast(pl.Int64).alias("n"))
        wide = counted.group_by("rule").agg(
            pl.col("n").filter(pl.col("kind") == "not_met").sum().alias("not_met"),
            pl.col("n").filter(pl.col("kind") == "unknown").sum().alias("unknown"),
        )
        return wide.sort("rule")

    @property
    def verification(self) -> str:
        """Return the least certain mark that the file's answers rest on."""
        marks = [mark for mark in self.checked["verification"].unique().to_list() if mark is not None]
        return weakest(marks)


def examine_loans(path: str | Path, mapping: Mapping | None = None) -> Lending:
    """Read a file of loans and check each.

    Args:
        path: CSV (also gzip or zip) or Parquet.
        mapping: which column is what (``vocabulary: lending``); None takes columns named as in ``facts.yaml``.

    Raises:
        InputError: the file cannot be read; with every finding.
    """
    if mapping is not None and mapping.vocabulary != "lending":
        raise InputError("the mapping is one for applications for help; write `vocabulary: lending` in one for loans")
    applications = read(path, mapping, "lending")
    return Lending(applications, check(applications.frame))


def published(checked: pl.DataFrame) -> pl.DataFrame:
    """Return results in dollars and percent."""
    money = [
        name
        for name in ("repayment_payment", "fee_cap", "highest_rate_payment", "recast_payment")
        if name in checked.columns
    ]
    return checked.with_columns(
        *(dollars_expr(name).cast(pl.Decimal(18, 2)).alias(name) for name in money),
        *(percent_expr(name).cast(pl.Decimal(18, 4)).alias(name) for name in ("spread_limit", "spread")),
    )


def summarize(result: Lending) -> dict[str, object]:
    """Return the counts that must add up, as plain data."""
    applications = result.applications
    return {
        "file": applications.name,
        "mapping": applications.mapping.title,
        "read": applications.read,
        "kept": applications.frame.height,
        "excluded": applications.excluded,
        "columns_not_used": list(applications.unused),
        "answers": result.answers,
        "rules": {
            row["rule"]: {"not_met": row["not_met"], "unknown": row["unknown"]}
            for row in result.rules.iter_rows(named=True)
        },
        "verification": result.verification,
    }


def _write_tables(tables: dict[str, pl.DataFrame], folder: Path, formats: Sequence[str]) -> dict[str, Path]:
    unknown = sorted(set(formats) - {"parquet", "csv"})
    if unknown:
        raise InputError(f"{', '.join(unknown)} is not a format: use parquet, csv, or both")
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for name, table in tables.items():
        for kind in formats:
            path = folder / f"{name}.{kind}"
            partial = path.with_name(f"{path.name}.partial")
            if kind == "parquet":
                table.write_parquet(partial)
            else:
                table.write_csv(partial)
            partial.replace(path)
            written[f"{name}.{kind}"] = path
    return written


def _write_summary(folder: Path, content: dict[str, object]) -> Path:
    path = folder / "summary.json"
    write_whole(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return path


def write_lending(
    result: Lending, folder: Path, formats: Sequence[str] = ("parquet", "csv"), *, report: bool = True
) -> dict[str, Path]:
    """Write the answers loan by loan, the rules, the findings, a summary and the page.

    Raises:
        InputError: an unknown format.
    """
    tables = {"loans": published(result.checked), "rules": result.rules, "findings": result.applications.findings}
    written = _write_tables(tables, folder, formats)
    written["summary.json"] = _write_summary(folder, summarize(result))
    if report:
        from hopenow.oversight.standards.page import lending_page

        written["report"] = folder / "standards.html"
        write_whole(written["report"], lending_page(result))
    return written


def write_observatory(
    result: Observatory, folder: Path, formats: Sequence[str] = ("parquet", "csv"), *, report: bool = True
) -> dict[str, Path]:
    """Write what was observed, the findings, a summary and the page.

    Raises:
        InputError: an unknown format.
    """
    written = _write_tables(
        {"observed": result.observed, "within": result.within, "findings": result.findings}, folder, formats
    )
    content: dict[str, object] = {
        "files": list(result.names),
        "loans": result.loans,
        "window_months": result.window,
        "late_installments": result.late,
        "cannot_be_told": {row["value"]: row["rows"] for row in result.findings.iter_rows(named=True)},
        "bands_joined": result.joined,
    }
    written["summary.json"] = _write_summary(folder, content)
    if report:
        from hopenow.oversight.standards.page import observatory_page

        written["report"] = folder / "observatory.html"
        write_whole(written["report"], observatory_page(result))
    return written
