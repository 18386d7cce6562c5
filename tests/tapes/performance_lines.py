"""Rows of loan-performance files, written by hand: a plain loan, and what a test changes in it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from hopenow.tapes.batch import Batch
from hopenow.tapes.layouts import LAYOUT_BY_ID

# 120,000.00 at 6 % for 360 months: an installment of 719.46.
FANNIE = {
    "loan_id": "700000000001",
    "servicer": "Elm Street Bank",
    "orig_rate": "6.000",
    "curr_rate": "6.000",
    "orig_upb": "120000.00",
    "orig_term": "360",
    "orig_date": "112021",
    "first_pay": "012022",
    "maturity": "122051",
    "oltv": "80",
    "fico_b": "700",
    "fico_co": "690",
    "units": "1",
    "occupancy": "P",
    "state": "OH",
    "msa": "17140",
    "zip3": "452",
    "amort_type": "FRM",
    "io": "N",
    "delinquency": "00",
    "mod_flag": "N",
    "borrower_assistance_plan": "7",
    "alternative_delinquency_resolution": "7",
}
INSTALLMENT = 719_46


def line(layout: str, base: dict[str, str], **fields: str) -> str:
    """One line of a layout."""
    names = LAYOUT_BY_ID[layout].fields
    values = {**base, **fields}
    unknown = set(values) - set(names)
    assert not unknown, unknown
    return "|".join(values.get(name, "") for name in names)


def fannie(month: str, balance: str, status: str = "00", **fields: str) -> str:
    """One line of the 108-field layout; ``month`` is MMYYYY."""
    values = {"reporting_period": month, "curr_actual_upb": balance, "delinquency": status, **fields}
    return line("fannie_mae_108", FANNIE, **values)


def write(folder: Path, lines: list[str], name: str = "tape.txt") -> Path:
    """Write lines to a file that ends with a newline."""
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def facts(batches: list[Batch]) -> pl.DataFrame:
    """All facts."""
    return pl.concat([batch.facts for batch in batches])


def findings(batches: list[Batch]) -> list[tuple[int | None, str]]:
    """Row and rule of every finding."""
    frame = pl.concat([batch.findings for batch in batches])
    return list(frame.select("row", "rule").iter_rows())


def one(frame: pl.DataFrame) -> dict[str, object]:
    """The only row of a frame."""
    assert frame.height == 1
    return frame.row(0, named=True)
