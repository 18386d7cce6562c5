"""Rights, provenance, and the release itself: what may leave, and the files that go with it."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import importlib.resources
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

import hopenow
from hopenow.errors import HopeNowError, InputError, LawError
from hopenow.law.loader import read_strict
from hopenow.law.model import Verification
from hopenow.oversight.disclosure import protect
from hopenow.oversight.research.anonymity import Disclosure, anonymize, figures
from hopenow.oversight.research.tables import PACKAGE, Tables, dictionary
from hopenow.pages import write_whole

__all__ = ["ForbiddenError", "Rights", "aggregate", "release", "rights"]

Leave = Literal["allowed", "ask", "forbidden"]
_OWN_LOANS = ("own_servicing", "synthetic")
"""Data sets that may come in somebody else's layout."""


class ForbiddenError(HopeNowError):
    """The owner of a data set does not allow what was asked for."""


class Rights(BaseModel):
    """What the owner of a data set allows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    publisher: str
    title: str
    rows: Leave
    aggregates: Leave
    cite: str
    verification: Verification
    layouts: tuple[str, ...] = ()


@functools.cache
def rights() -> dict[str, Rights]:
    """Return the rights of every data set, by its id."""
    content = read_strict(importlib.resources.files(PACKAGE).joinpath("rights.yaml"))
    try:
        return TypeAdapter(dict[str, Rights]).validate_python(content)
    except ValidationError as error:
        raise LawError(f"rights.yaml: {error}") from None


def _allowed(dataset: str, kind: Literal["rows", "aggregates"], permission: str, layouts: Sequence[str]) -> Rights:
    known = rights()
    if dataset not in known:
        raise InputError(f"{dataset!r} is not in the table of rights; it has {', '.join(known)}")
    found = known[dataset]
    if dataset not in _OWN_LOANS:
        others = [name for name, item in known.items() if set(item.layouts) & set(layouts) and name != dataset]
        if others:
            raise ForbiddenError(
                f"the files are in the layout of {others[0]}: name that data set, or one of {', '.join(_OWN_LOANS)}"
            )
    leave: Leave = getattr(found, kind)
    if leave == "forbidden":
        raise ForbiddenError(
            f"{found.publisher} does not allow {kind} of {found.title!r} to be published ({found.cite})"
        )
    if leave == "ask" and not permission.strip():
        raise ForbiddenError(
            f"publishing {kind} of {found.title!r} needs the owner's permission ({found.cite}): "
            "say who gave it, and when"
        )
    return found


def release(
    tables: Tables,
    dataset: str,
    folder: Path,
    *,
    permission: str = "",
    k: int | None = None,
    formats: Sequence[str] = ("parquet", "csv"),
) -> Disclosure:
    """Write a research file: three tables, the dictionary, provenance, and the disclosure report.

    Args:
        tables: as made from the source.
        dataset: its id in the table of rights.
        folder: where the files go; made if it is not there.
        permission: who allowed it, and when; needed where the table of rights says ``ask``.
        k: smallest class of loans that are alike; None takes the file's choice.
        formats: ``parquet``, ``csv`` or both.

    Raises:
        ForbiddenError: the owner does not allow it; nothing is written.
        InputError: the data set or a format is unknown, or the tables cannot be made coarse enough.
    """
    own = _allowed(dataset, "rows", permission, tables.layouts)
    unknown = sorted(set(formats) - {"parquet", "csv"})
    if unknown:
        raise InputError(f"{', '.join(unknown)} is not a format: use parquet, csv, or both")
    made, report = anonymize(tables, k)
    folder.mkdir(parents=True, exist_ok=True)
    for name in dictionary():
        table: pl.DataFrame = getattr(made, name)
        for kind in formats:
            path = folder / f"{name}.{kind}"
            partial = path.with_name(f"{path.name}.partial")
            if kind == "parquet":
                table.write_parquet(partial)
            else:
                table.write_csv(partial)
            partial.replace(path)
    _describe(folder, dataset, own, permission, made, report)
    return report


def _describe(folder: Path, dataset: str, own: Rights, permission: str, made: Tables, report: Disclosure) -> None:
    rows = [
        (
            name,
            field.name,
            field.type,
            field.role,
            field.means,
            field.near,
            report.steps.get(field.name, str(field.rounded or "")),
        )
        for name, fields in dictionary().items()
        for field in fields
    ]
    columns = ["table", "column", "type", "role", "means", "near", "step_or_rounding"]
    pl.DataFrame(rows, schema=columns, orient="row").write_csv(folder / "dictionary.csv")
    provenance = {
        "dataset": dataset,
        "publisher": own.publisher,
        "title": own.title,
        "rights_of_rows": own.rows,
        "rights_of_aggregates": own.aggregates,
        "cite": own.cite,
        "verification": own.verification,
        "permission": permission or None,
        "files": list(made.names),
        "made_by": f"hopenow {hopenow.__version__}",
        "made_on": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "rows": {name: getattr(made, name).height for name in dictionary()},
    }
    write_whole(folder / "provenance.json", json.dumps(provenance, indent=1, ensure_ascii=False) + "\n")
    write_whole(folder / "disclosure.json", json.dumps(dataclasses.asdict(report), indent=1, ensure_ascii=False) + "\n")


def aggregate(
    frame: pl.DataFrame, dims: Sequence[str], dataset: str, *, permission: str = "", threshold: int | None = None
) -> pl.DataFrame:
    """Count rows by groups, with small counts protected, where the owner allows counts to be published.

    Args:
        frame: one row per loan (or event).
        dims: text columns to count by.
        dataset: its id in the table of rights.
        permission: who allowed it, where the table says ``ask``.
        threshold: smallest count shown; None takes the file's choice.

    Returns:
        Columns ``dims``, ``count`` (null where hidden), ``hidden``; every total too.

    Raises:
        ForbiddenError: the owner does not allow it.
        InputError: the data set is unknown.
    """
    _allowed(dataset, "aggregates", permission, ())
    counted = frame.group_by(list(dims)).agg(pl.len().cast(pl.Int64).alias("count"))
    return protect(counted, list(dims), threshold=figures()["k"] if threshold is None else threshold)
