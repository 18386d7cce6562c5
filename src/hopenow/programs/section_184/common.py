"""What several Section 184 options share: law files and arrays for kernels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.facts import NEVER
from hopenow.law import Document, OptionLaw, Parameters, package_documents, package_option

c = pl.col
NAME = "section_184"
PACKAGE = "hopenow.programs.section_184"
UNKNOWN = -1
WHOLE = 1_000_000


def documents() -> dict[str, Document]:
    """Return the documents that Section 184 law files cite."""
    return package_documents(PACKAGE)


def law(name: str) -> OptionLaw:
    """Load the law file of one option."""
    return package_option(PACKAGE, name)


def happened(name: str) -> pl.Expr:
    """Tell whether the event of a date fact has happened; null where that is not known."""
    return c(name) != NEVER


def days_after(name: str, days: int) -> pl.Expr:
    """Return the day that lies some days after the event of a date fact; null where it did not happen."""
    return pl.when(happened(name)).then(c(name).dt.offset_by(f"{days}d"))


def lives_there(p: Parameters) -> pl.Expr:
    """The borrower lives in the home."""
    return c("occupancy") == "principal_residence"


def arrears() -> pl.Expr:
    """Return what brings the loan current: unpaid payments and costs, less any contribution; no late charges."""
    unpaid = c("months_delinquent").cast(pl.Int64) * c("contractual_payment")
    return (unpaid + c("servicing_advances").fill_null(0) - c("borrower_contribution").fill_null(0)).clip(lower_bound=0)


def array(frame: pl.DataFrame, name: str) -> npt.NDArray[np.int64]:
    """Return a column for a kernel, with unknowns as -1."""
    return np.ascontiguousarray(frame[name].cast(pl.Int64).fill_null(UNKNOWN).to_numpy())


def series(name: str, values: npt.NDArray[np.int64]) -> pl.Series:
    """Return a kernel's result as a column, with -1 as unknown."""
    found = pl.Series(name, values)
    return found.set(found < 0, None)
