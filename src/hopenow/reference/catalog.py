"""Every reference table's own description in one place, for ``hopenow law`` and the reference page."""

from __future__ import annotations

from pathlib import Path

from hopenow.reference.foreclosure_practice import foreclosure_practice
from hopenow.reference.house_prices import house_price_index
from hopenow.reference.modification_rates import modification_rates
from hopenow.reference.mortgage_rates import survey_series
from hopenow.reference.tables import TableInfo


def describe(directory: Path | str | None = None) -> tuple[TableInfo, ...]:
    """Return the description of every table in use: source, unit, edition, dates, verification, rows, origin.

    Args:
        directory: the user's folder of newer files (see :mod:`hopenow.reference.tables`).

    Raises:
        ReferenceDataError: the folder or a table is damaged.
        InputError: a user's file is not in the publisher's layout.
    """
    return (
        house_price_index("state", directory).info,
        house_price_index("metro", directory).info,
        survey_series(directory).info,
        modification_rates(directory).info,
        foreclosure_practice(directory).info,
    )
