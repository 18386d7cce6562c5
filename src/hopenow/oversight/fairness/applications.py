"""Reads a file of applications through a mapping: every value used is accounted for, and so is every one left out.

Text columns come out as words, numbers as Float64, money as Int64 cents, percents as Int64 millionths, yes-or-no as
Boolean, dates as dates. What cannot be used becomes null, and a finding says how many and why. A finding is about a
column, not about a row: ``APP-CODE`` an undeclared code, ``APP-FILLER`` a filler, ``APP-RANGE`` an implausible number.
"""

from __future__ import annotations

import dataclasses
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from hopenow.errors import InputError
from hopenow.money import cents_expr, ppm_expr
from hopenow.oversight.fairness.mapping import Column, Mapping
from hopenow.oversight.fairness.vocabulary import Vocabulary, facts
from hopenow.tapes.lines import decode_head, read_head, sniff_encoding

__all__ = ["FINDINGS", "Applications", "automatic_mapping", "from_frame", "read"]

FINDINGS = pl.Schema(
    {
        "rule": pl.String,
        "column": pl.String,
        "fact": pl.String,
        "value": pl.String,
        "rows": pl.Int64,
        "effect": pl.String,
        "message": pl.String,
    }
)
"""Columns of the findings; ``effect`` is ``unknown`` (the value), ``excluded`` (the row) or ``none``."""

MOST_VALUES = 20
"""How many different values of one finding are listed; the rest are one line."""

Expression = tuple[pl.Expr, list[tuple[str, pl.Expr, str]]]


@dataclasses.dataclass(frozen=True)
class Applications:
    """A file of applications, read.

    Attributes:
        frame: one row per application kept; columns are facts.
        findings: see `FINDINGS`.
        mapping: how it was read.
        read: rows in the file.
        name: of the file.
        unused: columns of the file that neither were mapped nor declared as not needed.
    """

    frame: pl.DataFrame
    findings: pl.DataFrame
    mapping: Mapping
    read: int
    name: str
    unused: tuple[str, ...] = ()

    @property
    def excluded(self) -> int:
        """Rows left out altogether."""
        return self.read - self.frame.height


def automatic_mapping(header: Iterable[str], title: str, vocabulary: Vocabulary = "applications") -> Mapping:
    """Return a mapping for a file whose columns are named as in the vocabulary; others are left aside."""
    known = facts(vocabulary)
    columns = {name: Column(fact=name) for name in header if name in known}
    return Mapping(title=title, vocabulary=vocabulary, columns=columns)


def read(path: str | Path, mapping: Mapping | None = None, vocabulary: Vocabulary = "applications") -> Applications:
    """Read a file: CSV (also gzip, or the only CSV in a zip archive) or Parquet.

    Args:
        path: the file.
        mapping: how to read it; None takes columns with names of the vocabulary.
        vocabulary: which words, without a mapping.

    Raises:
        InputError: the file cannot be read, or lacks columns that the mapping names; with every finding.
    """
    path = Path(path)
    raw = _raw(path, mapping)
    return from_frame(raw, mapping or automatic_mapping(raw.columns, path.name, vocabulary), path.name)


def from_frame(raw: pl.DataFrame, mapping: Mapping, name: str) -> Applications:
    """Convert a frame as read (any types; text is best) through a mapping."""
    wanted = [*mapping.columns, *mapping.only]
    missing = [column for column in dict.fromkeys(wanted) if column not in raw.columns]
    if missing:
        there = f"it has {', '.join(repr(column) for column in raw.columns[:30])}"
        raise InputError(
            f"{name} does not fit the mapping {mapping.title!r}; {there}",
            [f"column {column!r} is missing" for column in missing],
            shown=100,
        )
    if not mapping.columns:
        raise InputError(
            f"no column of {name} has a name of the vocabulary; write a mapping (see docs/fairness.md)",
        )
    text = raw.select(pl.col(column).cast(pl.String).str.strip_chars() for column in dict.fromkeys(wanted))
    text = text.with_columns(
        pl.when(pl.all().is_in(["", *mapping.file.null_values])).then(None).otherwise(pl.all()).name.keep()
    )
    findings: list[pl.DataFrame] = []
    kept = _only(text, mapping, findings)
    made, checks = [], []
    for column, spec in mapping.columns.items():
        value, own = _reading(column, spec, mapping)
        made.append(value.alias(spec.fact))
        checks += [(column, spec, *check) for check in own]
    findings += [_counted(kept, *check) for check in checks]
    frame = kept.select(made)
    constants = [pl.lit(value == "yes").alias(fact) for fact, value in mapping.constants.items()]
    frame = frame.with_columns(constants)
    if "denied" in frame.columns and "offered" not in frame.columns:
        decided = pl.col("decided") if "decided" in frame.columns else pl.lit(True)
        frame = frame.with_columns(pl.when(decided).then(~pl.col("denied")).alias("offered"))
    frame = _once(frame, mapping, findings)
    unused = tuple(column for column in raw.columns if column not in {*mapping.columns, *mapping.only, *mapping.ignore})
    filled = [item for item in findings if not item.is_empty()]
    every = pl.concat(filled) if filled else pl.DataFrame(schema=FINDINGS)
    return Applications(frame, every, mapping, raw.height, name, unused)


# --- files ----------------------------------------------------------------------------------------


def _raw(path: Path, mapping: Mapping | None) -> pl.DataFrame:
    if not path.is_file():
        raise InputError(f"{path} is not there")
    if path.suffix.lower() in {".parquet", ".pq"}:
        return pl.read_parquet(path)
    delimiter = mapping.file.delimiter if mapping is not None else ","
    try:
        return pl.read_csv(_text(path), infer_schema=False, separator=delimiter, quote_char='"')
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{path} cannot be read as a table: {' '.join(str(error).split())[:200]}") from None


def _text(path: Path) -> io.BytesIO | Path:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            members = [
                name
                for name in archive.namelist()
                if name.lower().endswith((".csv", ".txt")) and "__MACOSX" not in name
            ]
            if len(members) != 1:
                raise InputError(f"{path} must hold one CSV file; it holds {', '.join(members) or 'none'}")
            data = archive.read(members[0])
        return io.BytesIO(_utf8(data, data[:65_536]))
    head = read_head(path)
    if sniff_encoding(head) in {"utf-8", "utf-8-sig", "ascii"}:
        return path
    return io.BytesIO(_utf8(path.read_bytes(), head))


def _utf8(data: bytes, head: bytes) -> bytes:
    encoding = sniff_encoding(head)
    decode_head(head, encoding)
    try:
        return data.decode(encoding).encode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace").encode()


# --- values ---------------------------------------------------------------------------------------


def _reading(column: str, spec: Column, mapping: Mapping) -> Expression:
    source = pl.col(column)
    kind = mapping.kind(spec)
    if kind in {"number", "money", "percent"}:
        return _number(source, spec, kind)
    if kind == "date":
        value = source.str.to_date(spec.date_format or "%Y-%m-%d", strict=False)
        bad = source.is_not_null() & value.is_null()
        known = facts(mapping.vocabulary).get(spec.fact)
        if known is not None and known.kind == "yes_no":
            # A stage given as a date: without one it was not reached; with one that cannot be read, nobody knows.
            value = pl.when(~bad).then(source.is_not_null())
        return value, [("APP-DATE", bad, "is not a date")]
    codes = dict(spec.values)
    if kind == "yes_no" and not codes:
        codes = {"yes": "yes", "no": "no", "Y": "yes", "N": "no", "1": "yes", "0": "no", "true": "yes", "false": "no"}
    declared = source.is_in(list(spec.unknown))
    checks = [("APP-NOT-GIVEN", declared, "means that it is not known")] if spec.unknown else []
    if not codes:
        return pl.when(~declared).then(source.replace(spec.renamed) if spec.renamed else source), checks
    checks.append(
        ("APP-CODE", source.is_not_null() & ~declared & ~source.is_in(list(codes)), "is not a code of the mapping")
    )
    value = source.replace_strict(codes, default=None, return_dtype=pl.String)
    return (
        (value.replace_strict({"yes": True, "no": False}, default=None, return_dtype=pl.Boolean), checks)
        if kind == "yes_no"
        else (value, checks)
    )


def _number(source: pl.Expr, spec: Column, kind: str) -> Expression:
    plain = source if kind == "number" else source.str.replace_all(r"[$,% ]", "")
    number = plain.cast(pl.Float64, strict=False)
    number = pl.when(number.is_finite()).then(number)
    filler = number.is_in([float(word) for word in spec.fillers]) if spec.fillers else pl.lit(False)
    low = number < float(spec.low) if spec.low is not None else pl.lit(False)
    high = number > float(spec.high) if spec.high is not None else pl.lit(False)
    outside = ~filler & (low | high)
    checks = [("APP-NUMBER", source.is_not_null() & number.is_null(), "is not a number")]
    if spec.fillers:
        checks.append(("APP-FILLER", filler, "stands for a value that is not known"))
    if spec.low is not None or spec.high is not None:
        checks.append(("APP-RANGE", outside, f"lies outside {spec.low or 'any'} to {spec.high or 'any'}"))
    if kind in {"money", "percent"}:
        exact = cents_expr(source, pl.String()) if kind == "money" else ppm_expr(source, pl.String())
        what = "an amount in dollars and cents" if kind == "money" else "a percentage of at most four decimals"
        rule = "APP-CENTS" if kind == "money" else "APP-PERCENT"
        checks.append((rule, number.is_not_null() & exact.is_null(), f"is not {what}"))
        return pl.when(~(filler | outside)).then(exact), checks
    factor = float(spec.times) if spec.times is not None else 1.0
    return pl.when(~(filler | outside)).then(number * factor), checks


def _counted(text: pl.DataFrame, column: str, spec: Column, rule: str, where: pl.Expr, says: str) -> pl.DataFrame:
    hits = text.filter(where.fill_null(False))[column]
    if hits.is_empty():
        return pl.DataFrame(schema=FINDINGS)
    counts = hits.value_counts(name="rows").sort("rows", column, descending=[True, False])
    lines = [(str(value), int(rows)) for value, rows in counts.head(MOST_VALUES).iter_rows()]
    rest = counts.slice(MOST_VALUES)
    if rest.height:
        numbers = rest[column].cast(pl.Float64, strict=False).drop_nulls()
        low, high = numbers.min(), numbers.max()
        span = f", {low:,.10g} to {high:,.10g}" if isinstance(low, float) and isinstance(high, float) else ""
        lines.append((f"{rest.height} other values{span}", int(rest["rows"].sum())))
    reason = spec.unknown if rule == "APP-NOT-GIVEN" else {}
    return pl.DataFrame(
        [
            (
                rule,
                column,
                spec.fact,
                value,
                rows,
                "unknown",
                f"{value} {says}" + (f": {reason[value]}" if value in reason else ""),
            )
            for value, rows in lines
        ],
        schema=FINDINGS,
        orient="row",
    )


def _only(text: pl.DataFrame, mapping: Mapping, findings: list[pl.DataFrame]) -> pl.DataFrame:
    for column, codes in mapping.only.items():
        inside = text.filter(pl.col(column).is_in(list(codes)))
        left = text.height - inside.height
        if left:
            row = ("APP-ONLY", column, None, None, left, "excluded", f"only {', '.join(codes)} is looked at")
            findings.append(pl.DataFrame([row], schema=FINDINGS, orient="row"))
        text = inside
    return text


def _once(frame: pl.DataFrame, mapping: Mapping, findings: list[pl.DataFrame]) -> pl.DataFrame:
    """Keep the first row of an application that is there twice; one without an id is kept, and counted."""
    if "application_id" not in frame.columns:
        return frame
    repeated = pl.col("application_id").is_not_null() & ~pl.col("application_id").is_first_distinct()
    kept = frame.filter(~repeated)
    rows = [
        ("APP-TWICE", frame.height - kept.height, "excluded", "the application is there twice; the first row is kept")
    ]
    rows.append(("APP-NO-ID", frame["application_id"].null_count(), "none", "the row names no application"))
    column = next((name for name, spec in mapping.columns.items() if spec.fact == "application_id"), None)
    for rule, count, effect, says in rows:
        if count:
            row = (rule, column, "application_id", None, count, effect, says)
            findings.append(pl.DataFrame([row], schema=FINDINGS, orient="row"))
    return kept
