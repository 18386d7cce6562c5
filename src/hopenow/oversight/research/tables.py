"""The tables of a research file before anything is made coarser: loans, loan-months, outcomes (``dictionary.yaml``)."""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from hopenow.errors import InputError, LawError
from hopenow.law.loader import read_strict
from hopenow.oversight.histories import Histories, read
from hopenow.tapes.layouts import Layout
from hopenow.tapes.loan_months import need_layout

__all__ = ["Field", "Tables", "dictionary", "from_performance"]

PACKAGE = "hopenow.oversight.research"
GRID = (3, 6, 9, 12, 24, 36, 60)


class Field(BaseModel):
    """A column of a research table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    type: Literal["text", "money", "percent", "months", "count", "yes_no"]
    role: Literal["id", "quasi", "sensitive", "plain"]
    means: str
    near: str = "none"
    unit: str = ""
    steps: tuple[str | int | Decimal, ...] = ()
    rounded: int | Decimal | None = None


@functools.cache
def dictionary() -> dict[str, tuple[Field, ...]]:
    """Return the columns of every table."""
    content = read_strict(importlib.resources.files(PACKAGE).joinpath("dictionary.yaml"))
    try:
        return TypeAdapter(dict[str, tuple[Field, ...]]).validate_python(content)
    except ValidationError as error:
        raise LawError(f"dictionary.yaml: {error}") from None


@dataclasses.dataclass(frozen=True)
class Tables:
    """Tables with the columns of the dictionary; ``loan`` still holds the source's own identifier.

    Attributes:
        loans: one row per loan.
        loan_months: one row per loan and month.
        outcomes: one row per help, and per serious delinquency.
        layouts: layouts of the files that they come from.
        names: of those files.
    """

    loans: pl.DataFrame
    loan_months: pl.DataFrame
    outcomes: pl.DataFrame
    layouts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse tables that do not follow the dictionary.

        Raises:
            InputError: with every column that is missing or unknown, and required ones with empty cells.
        """
        findings = []
        for name, fields in dictionary().items():
            table: pl.DataFrame = getattr(self, name)
            known = [field.name for field in fields]
            findings += [f"{name}: column {column!r} is missing" for column in known if column not in table.columns]
            findings += [
                f"{name}: column {column!r} is not in the dictionary" for column in table.columns if column not in known
            ]
            for required in ("loan", "method", "as_of"):
                if required in known and required in table.columns and table[required].null_count():
                    findings.append(
                        f"{name}: {required} is empty in {table[required].null_count()} rows; it is required"
                    )
        if findings:
            raise InputError("the tables are not those of the dictionary", findings, shown=100)

    def terms_missing(self) -> int:
        """Return how many modifications lack a term (payment, rate, term or balance, before or after)."""
        names = [f"{name}_{when}" for name in ("payment", "rate", "term", "balance") for when in ("before", "after")]
        modified = self.outcomes.filter(pl.col("kind") == "modification")
        return modified.filter(pl.any_horizontal(pl.col(name).is_null() for name in names)).height


def from_performance(paths: Path | str | Iterable[Path | str]) -> Tables:
    """Make the tables from loan-performance files of one enterprise's layout.

    Raises:
        InputError: a file cannot be read; see :func:`hopenow.oversight.histories.read`.
    """
    files = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    layouts = {path: need_layout(path) for path in files}
    histories = read(files, grid=GRID)
    months, static = _months(layouts, histories.method)
    outcomes = _outcomes(histories, static)
    as_of = histories.last_month
    shown = f"{as_of // 12}-{as_of % 12 + 1:02d}" if as_of is not None else None
    facts = outcomes.group_by("loan").agg(
        (pl.col("kind") != "delinquency").sum().cast(pl.Int64).alias("helps"),
        (pl.col("kind") == "delinquency").any().alias("_behind"),
    )
    fates = months.group_by("loan").agg(
        pl.col("_fate").drop_nulls().last().alias("fate"), pl.col("months_delinquent").last().alias("_last")
    )
    loans = static.join(facts, on="loan", how="left").join(fates, on="loan", how="left")
    group = (
        pl.when(pl.col("helps") > 0).then(pl.lit("helped"))
        .when(~pl.col("_behind").fill_null(False)).then(pl.lit("never_behind"))
        .when(pl.col("_last") == 0).then(pl.lit("self_cured"))
        .otherwise(pl.lit("unhelped"))
    )  # fmt: skip
    loans = loans.with_columns(
        pl.lit(histories.method).alias("method"), pl.lit(shown).alias("as_of"), pl.col("helps").fill_null(0),
        pl.col("fate").fill_null("running"), group.alias("group"),
    )  # fmt: skip
    own = loans["loan"].implode()
    return Tables(
        loans.select(field.name for field in dictionary()["loans"]),
        months.filter(pl.col("loan").is_in(own)).select(field.name for field in dictionary()["loan_months"]),
        outcomes.filter(pl.col("loan").is_in(own)).select(field.name for field in dictionary()["outcomes"]),
        tuple(dict.fromkeys(layout.id for layout in layouts.values())),
        tuple(path.name for path in files),
    )


_NAMES = {
    "loan": ("loan_id", "loan_sequence_number"),
    "period": ("reporting_period",),
    "status": ("delinquency", "delinquency_status"),
    "first": ("first_pay", "first_payment_date"),
    "balance": ("curr_actual_upb", "curr_upb"),
    "rate": ("curr_rate",),
    "modified": ("mod_flag", "modification_flag"),
    "plan": ("borrower_assistance_plan", "borrower_assistance_status"),
    "ended": ("zb_code",),
    "state": ("state",),
    "original_balance": ("orig_upb",),
    "original_rate": ("orig_rate",),
    "original_term": ("orig_term", "term"),
    "original_ltv": ("oltv", "ltv"),
    "original_score": ("fico_b", "fico", "credit_score"),
}
_STATIC = ("first", "state", "original_balance", "original_rate", "original_term", "original_ltv", "original_score")
_FATES = {"01": "paid_off", "02": "foreclosure_sale", "03": "short_sale", "09": "acquired"}
_PLANS = {"F": "forbearance", "T": "trial", "R": "repayment", "N": "none", "7": "none"}


def _months(layouts: dict[Path, Layout], method: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    frames = [_scan(path, layout) for path, layout in layouts.items() if layout.role != "origination"]
    origins = [_scan(path, layout) for path, layout in layouts.items() if layout.role == "origination"]
    months = pl.concat(frames, how="diagonal").collect()
    source = pl.concat([frame.collect() for frame in origins], how="diagonal") if origins else months
    there = [name for name in _STATIC if name in source.columns]
    static = source.group_by("loan", maintain_order=True).agg(pl.col(name).drop_nulls().first() for name in there)
    first = static.select("loan", pl.col("first").alias("_first"))
    if "first" in months.columns:
        months = months.drop("first")
    months = months.join(first, on="loan", how="left").sort("loan", "period")
    months = months.with_columns(
        (pl.col("period") - pl.col("_first")).alias("loan_age"),
        pl.col("status")
        .str.strip_chars_start("0")
        .replace("", "0")
        .cast(pl.Int64, strict=False)
        .alias("months_delinquent"),
        pl.lit(method).alias("method"),
        (pl.col("modified") == "Y").alias("modified"),
        pl.col("plan").replace_strict(_PLANS, default=None, return_dtype=pl.String).alias("plan"),
        pl.col("ended").str.zfill(2).replace_strict(_FATES, default="left", return_dtype=pl.String).alias("_fate"),
    ).with_columns(pl.when(pl.col("ended").is_not_null()).then(pl.col("_fate")).alias("_fate"))
    made = pl.col("first") - 2
    quarter = pl.concat_str((made // 12).cast(pl.String), pl.lit("Q"), (made % 12 // 3 + 1).cast(pl.String))
    return months, static.with_columns(quarter.alias("cohort"), pl.col("first").alias("_first")).drop("first")


def _scan(path: Path, layout: Layout) -> pl.LazyFrame:
    names = {ours: next((name for name in theirs if name in layout.fields), None) for ours, theirs in _NAMES.items()}
    found = {ours: theirs for ours, theirs in names.items() if theirs is not None}
    if path.suffix.lower() in {".parquet", ".pq"}:
        frame = pl.scan_parquet(path).select(
            pl.col(theirs).cast(pl.String).alias(ours) for ours, theirs in found.items()
        )
    else:
        raw = pl.scan_csv(
            path, separator="|", has_header=False, new_columns=list(layout.fields), infer_schema=False, quote_char=None,
            truncate_ragged_lines=True,
        )  # fmt: skip
        frame = raw.select(pl.col(theirs).alias(ours) for ours, theirs in found.items())
    frame = frame.with_columns(pl.all().str.strip_chars().replace({"": None, "NULL": None}))
    return frame.with_columns(
        _typed(name, layout) for name in found if name not in {"loan", "status", "modified", "plan", "ended", "state"}
    )


def _typed(name: str, layout: Layout) -> pl.Expr:
    value = pl.col(name)
    if name in {"period", "first"}:
        digits = value.str.replace_all("/", "")
        year = digits.str.head(4) if layout.year_first else digits.str.tail(4)
        month = digits.str.tail(2) if layout.year_first else digits.str.zfill(6).str.head(2)
        return (year.cast(pl.Int64, strict=False) * 12 + month.cast(pl.Int64, strict=False) - 1).alias(name)
    scale = {"balance": 2, "original_balance": 2, "rate": 4, "original_rate": 4}.get(name, 0)
    number = value.cast(pl.Decimal(18, 4), strict=False) * 10**scale
    whole = number.cast(pl.Int64, strict=False)
    filler = {"original_ltv": 999, "original_score": 9999}.get(name)
    return (pl.when(whole != filler).then(whole) if filler is not None else whole).alias(name)


def _outcomes(histories: Histories, static: pl.DataFrame) -> pl.DataFrame:
    entries = histories.entries.rename({"loan_id": "loan", "amount": "deferred"})
    entries = entries.with_columns(pl.col("kind").cast(pl.String), pl.col("fate").cast(pl.String))
    known = [
        pl.when(pl.col(f"late_{t}") >= 0).then(pl.col(f"late_{t}")).cast(pl.Int64).alias(f"late_{t}") for t in GRID
    ]
    late = pl.when(pl.col("late_before") >= 0).then(pl.col("late_before")).alias("late_before")
    age = (pl.col("month") - pl.col("_first")).cast(pl.Int64)
    return entries.join(static.select("loan", "_first"), on="loan", how="inner").with_columns(
        *known, late, age.alias("loan_age")
    )
