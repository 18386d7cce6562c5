"""Making a research file coarse enough that nobody stands out (k-anonymity over the features of a loan).

Features are made coarser one step at a time, always the one that helps most, until no more than a small share of the
loans still stands in a class of fewer than k; those are dropped. Identifiers are drawn anew for every release, and rows
are put in their order. What this does not do: a long path of months may still be one of a kind; the report says how
many are, balances and rates are rounded, and calendar months are not in the file (only the loan's age).
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import secrets
from decimal import Decimal

import polars as pl

from hopenow.errors import InputError
from hopenow.law import Parameters, package_option, segments
from hopenow.law.loader import read_strict
from hopenow.money import dollars_expr, percent_expr
from hopenow.oversight.research.tables import PACKAGE, Field, Tables, dictionary

__all__ = ["ALL", "Disclosure", "anonymize", "coarse", "figures"]

ALL = "all"
_UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Disclosure:
    """What was done, and what is left of risk.

    Attributes:
        k: smallest class allowed.
        loans_in: loans before.
        loans_out: loans in the release.
        dropped: loans dropped because they stood out.
        steps: feature to the step at which it stands (a width, a word, or ``all``).
        smallest_class: loans of the smallest class in the release.
        classes: number of classes.
        one_group_classes: classes whose loans are all of one comparison group, so that being in the class tells it.
        unique_paths: loans whose path of lateness, month by month, nobody else in the release shares.
        terms_missing: modifications that lack a term.
    """

    k: int
    loans_in: int
    loans_out: int
    dropped: int
    steps: dict[str, str]
    smallest_class: int
    classes: int
    one_group_classes: int
    unique_paths: int
    terms_missing: int


def figures() -> Parameters:
    """Return how coarse a file must be."""
    return segments(package_option(PACKAGE, "measures"), "hopenow")[-1].parameters


@functools.cache
def _regions() -> dict[str, str]:
    content = read_strict(importlib.resources.files(PACKAGE).joinpath("regions.yaml"))
    return {state: region for region, states in content.items() for state in states}


def coarse(field: Field, step: object) -> pl.Expr:
    """Return a feature at one of its steps, as text."""
    value = pl.col(field.name)
    known = value.is_not_null()
    if step == ALL:
        return pl.lit(ALL).alias(field.name)
    made: pl.Expr
    if step == "year":
        made = value.str.head(4)
    elif step == "five_years":
        start = value.str.head(4).cast(pl.Int64) // 5 * 5
        made = pl.concat_str(start.cast(pl.String), pl.lit("-"), (start + 4).cast(pl.String))
    elif step == "region":
        made = value.replace_strict(_regions(), default=_UNKNOWN, return_dtype=pl.String)
    elif isinstance(step, str):
        made = value.cast(pl.String)
    else:
        made = _middle(value, _width(field, step), field)
    return pl.when(known).then(made).otherwise(pl.lit(_UNKNOWN)).alias(field.name)


def _published(value: pl.Expr, field: Field) -> pl.Expr:
    """Return cents as dollars, or millionths as percent, exactly."""
    if field.type == "money":
        return dollars_expr(value).cast(pl.Decimal(18, 2))
    return percent_expr(value).cast(pl.Decimal(18, 4))


def _width(field: Field, step: object) -> int:
    """Return a width in engine units."""
    scale = {"money": 100, "percent": 10_000}.get(field.type, 1)
    return int(Decimal(str(step)) * scale)


def _middle(value: pl.Expr, width: int, field: Field) -> pl.Expr:
    """Return the middle of the range in which a number lies, in published units."""
    middle = value.cast(pl.Int64) // width * width + width // 2
    if field.type in {"money", "percent"}:
        return _published(middle, field).cast(pl.String)
    return middle.cast(pl.String)


def anonymize(tables: Tables, k: int | None = None, most_lost: float | None = None) -> tuple[Tables, Disclosure]:
    """Make tables fit to be shared.

    Args:
        tables: as made from the source, in engine units.
        k: smallest class; None takes the file's choice.
        most_lost: largest share of loans that may be dropped (0 to 1); None takes the file's choice.

    Returns:
        The tables in published units with new identifiers, and the report.

    Raises:
        InputError: the tables do not follow the dictionary, or even at the coarsest too few loans are alike.
    """
    tables.check()
    least = figures()["k"] if k is None else k
    limit = figures()["most_lost"] / 1_000_000 if most_lost is None else most_lost
    quasi = [field for field in dictionary()["loans"] if field.role == "quasi"]
    places = dict.fromkeys((field.name for field in quasi), 0)
    lost = _lost(tables.loans, quasi, places, least)
    while lost > limit:
        options = [name for field in quasi if places[(name := field.name)] + 1 < len(field.steps)]
        if not options:
            break
        results = {name: _lost(tables.loans, quasi, {**places, name: places[name] + 1}, least) for name in options}
        best = min(options, key=lambda name: (results[name], places[name]))
        places[best] += 1
        lost = results[best]
    made = tables.loans.with_columns(coarse(field, field.steps[places[field.name]]) for field in quasi)
    names = [field.name for field in quasi]
    made = made.filter(pl.len().over(names) >= least)
    if made.is_empty():
        raise InputError(f"no {least} loans are alike, even at the coarsest: the file is too small to be shared")
    new = _new_names(made["loan"])
    loans = _renamed(made, new)
    months = _rounded(_renamed(tables.loan_months, new), "loan_months").sort("loan", "loan_age")
    outcomes = _rounded(_renamed(tables.outcomes, new), "outcomes").sort("loan", "loan_age", "number")
    out = Tables(loans.sort("loan"), months, outcomes, tables.layouts, tables.names)
    return out, _report(
        tables, out, least, {field.name: str(field.steps[places[field.name]]) for field in quasi}, names
    )


def _lost(loans: pl.DataFrame, quasi: list[Field], places: dict[str, int], least: int) -> float:
    """Return the share of loans that stand in too small a class at these steps."""
    made = loans.select(coarse(field, field.steps[places[field.name]]) for field in quasi)
    sizes = made.group_by(made.columns).len()
    return float(sizes.filter(pl.col("len") < least)["len"].sum()) / max(loans.height, 1)


def _new_names(loans: pl.Series) -> pl.DataFrame:
    own = loans.unique()
    return pl.DataFrame(
        {"loan": own, "_new": pl.Series([secrets.token_hex(8) for _ in range(own.len())], dtype=pl.String)}
    )


def _renamed(table: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    order = table.columns
    return table.join(new, on="loan", how="inner").drop("loan").rename({"_new": "loan"}).select(order)


def _rounded(table: pl.DataFrame, name: str) -> pl.DataFrame:
    """Round what the dictionary says, and put numbers into published units."""
    made = []
    for field in dictionary()[name]:
        if field.type not in {"money", "percent"}:
            continue
        width = _width(field, field.rounded) if field.rounded is not None else 1
        value = (pl.col(field.name).cast(pl.Int64) + width // 2) // width * width
        made.append(_published(value, field).alias(field.name))
    return table.with_columns(made)


def _report(before: Tables, after: Tables, k: int, steps: dict[str, str], names: list[str]) -> Disclosure:
    classes = after.loans.group_by(names).agg(pl.len().alias("n"), pl.col("group").n_unique().alias("groups"))
    late = pl.col("months_delinquent").cast(pl.String).fill_null("?")
    paths = (
        after.loan_months.sort("loan", "loan_age")
        .group_by("loan")
        .agg(pl.concat_str(pl.col("loan_age").cast(pl.String), pl.lit(":"), late).str.join(",").alias("path"))
    )
    unique = paths.group_by("path").len().filter(pl.col("len") == 1).height
    return Disclosure(
        k=k,
        loans_in=before.loans.height,
        loans_out=after.loans.height,
        dropped=before.loans.height - after.loans.height,
        steps=steps,
        smallest_class=int(classes["n"].to_numpy().min()),
        classes=classes.height,
        one_group_classes=classes.filter(pl.col("groups") == 1).height,
        unique_paths=unique,
        terms_missing=after.terms_missing(),
    )
