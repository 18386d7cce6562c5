"""Law files and expressions that several VA options share."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.errors import LawError
from hopenow.facts import NEVER
from hopenow.law import (
    FIRST_DAY,
    Document,
    OptionLaw,
    Parameters,
    package_documents,
    package_option,
)

c = pl.col

NAME = "va"
PACKAGE = "hopenow.programs.va"
WHOLE = 1_000_000
UNKNOWN = -1


def documents() -> dict[str, Document]:
    """Return the documents that VA law files cite."""
    return package_documents(PACKAGE)


def _file(name: str) -> OptionLaw:
    return package_option(PACKAGE, name)


def law(name: str, **shared: Iterable[str]) -> OptionLaw:
    """Load one option's law file and add parts of shared files to it.

    Args:
        name: the option; its file has this name.
        shared: shared file (``regulation``, ``handbook_2026``) to the ids of the rules and process entries to add;
            all of its parameters come along.

    Raises:
        LawError: an id that the shared file does not have, or none of the option's versions is young enough for it.
    """
    own = _file(name)
    parameters, rules, process = dict(own.parameters), dict(own.rules), dict(own.process)
    for file, ids in shared.items():
        other = _file(file)
        parameters = {**other.parameters, **parameters}
        # What the shared file says binds only those of the option's versions that begin with it or later.
        begins = other.rule_sets[0].start or FIRST_DAY
        bound = tuple(item.id for item in own.rule_sets if (item.start or FIRST_DAY) >= begins)
        for key in ids:
            if not bound or (key not in other.rules and key not in other.process):
                raise LawError(f"{name}: {key} of {file} cannot be added; it is unknown or begins after every version")
            if key in other.rules:
                rules[key] = other.rules[key].model_copy(update={"rule_sets": bound})
            else:
                process[key] = other.process[key].model_copy(update={"rule_sets": bound})
    return own.model_copy(update={"parameters": parameters, "rules": rules, "process": process})


def day(p: Parameters, name: str) -> pl.Expr:
    """Return a date parameter as an expression."""
    return pl.lit(p.word(name)).str.to_date("%Y-%m-%d")


def happened_by(fact: str, until: pl.Expr) -> pl.Expr:
    """Test that the event of a date fact has happened by a day (unknown stays unknown, never is no)."""
    return (c(fact) != NEVER) & (c(fact) <= until)


def handbook_in_use(p: Parameters, begins: str) -> pl.Expr:
    """Test that the servicer has put the 2026 handbook to use, or must.

    Args:
        p: parameters with ``mandatory_from`` and ``begins``.
        begins: parameter with the first day on which it may be used.
    """
    today = c("evaluation_date")
    may = today >= day(p, begins)
    return (today >= day(p, "mandatory_from")) | (may & happened_by("va_servicer_implemented_on", today))


def in_default(p: Parameters) -> pl.Expr:
    """Test that a payment is past due."""
    return c("days_delinquent") > 0


def array(frame: pl.DataFrame, name: str) -> npt.NDArray[np.int64]:
    """Return a column for a kernel: integers, -1 where unknown."""
    return np.ascontiguousarray(frame[name].cast(pl.Int64).fill_null(UNKNOWN).to_numpy())


def from_kernel(name: str, values: npt.NDArray[np.int64]) -> pl.Series:
    """Return a kernel's result as a column; -1 becomes unknown."""
    series = pl.Series(name, values)
    return series.set(series < 0, None)
