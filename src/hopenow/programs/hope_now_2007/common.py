"""What the alliance's programs of 2007 to 2009 share: law files, and small expressions."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.law import Document, OptionLaw, package_documents, package_option

c = pl.col

NAME = "hope_now_2007"
PACKAGE = "hopenow.programs.hope_now_2007"
WHOLE = 1_000_000
UNKNOWN = -1


def documents() -> dict[str, Document]:
    """Return the documents that these law files cite."""
    return package_documents(PACKAGE)


def law(name: str) -> OptionLaw:
    """Load the law file of one option."""
    return package_option(PACKAGE, name)


def day(text: str) -> pl.Expr:
    """Return a day of the law, written as a word, as a date."""
    return pl.lit(text).str.to_date("%Y-%m-%d")


def later(date: pl.Expr, days: int) -> pl.Expr:
    """Return the day that lies ``days`` calendar days after a date."""
    return date.dt.offset_by(f"{days}d")


def all_of(tests: Iterable[pl.Expr]) -> pl.Expr:
    """Return the three-valued "and": one no decides, else one unknown leaves it open."""
    return pl.all_horizontal(list(tests))


def integers(frame: pl.DataFrame, name: str) -> npt.NDArray[np.int64]:
    """Return a column for the kernels; unknown becomes -1."""
    return np.ascontiguousarray(frame[name].cast(pl.Int64).fill_null(UNKNOWN).to_numpy())


def known(values: npt.NDArray[np.int64]) -> pl.Series:
    """Return what a kernel gave as a column; what it could not work out (-1) is unknown."""
    series = pl.Series(values)
    return series.set(series < 0, None)
