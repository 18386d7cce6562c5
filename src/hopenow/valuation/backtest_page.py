"""The back-test as a page."""

from __future__ import annotations

from collections.abc import Sequence

from hopenow.pages import Section, Table, charts, document
from hopenow.valuation.backtest import Compared
from hopenow.valuation.sides_page import RESTS_ON

__all__ = ["page", "shown"]


def shown(unit: str, value: float | None, low: float | None, high: float | None) -> str:
    """Return a figure with its ends."""
    if value is None or low is None or high is None:
        return "unknown"
    if unit == "share":
        return f"{value:.1%} ({low:.1%} to {high:.1%})"
    return f"{value:.1f} {unit} ({low:.1f} to {high:.1f})"


def page(found: Sequence[Compared], title: str) -> str:
    """Return the page as HTML, in one file without anything from elsewhere."""
    sections = []
    for place, item in enumerate(found):
        table = Table(
            "Happened and modelled",
            ("", "Figure and range"),
            (
                (
                    f"Happened ({item.method or 'nothing to count'})",
                    shown(item.unit, item.actual, item.actual_low, item.actual_high),
                ),
                ("Model (usual, low to high)", shown(item.unit, item.base, item.low, item.high)),
            ),
            item.note,
        )
        pictures: tuple[charts.Picture, ...] = ()
        if item.actual is not None and item.base is not None:
            rows = [
                ("Happened", item.actual, item.actual_low or 0.0, item.actual_high or 0.0),
                ("Model", item.base, item.low or 0.0, item.high or 0.0),
            ]
            share = item.unit == "share"
            pictures = (
                charts.intervals(
                    f"m{place}", item.measure, "What happened, and what the model says.", rows, item.unit, percent=share
                ),
            )
        sections.append(
            Section(
                f"measure_{place}",
                f"{item.measure[0].upper()}{item.measure[1:]}",
                f"{item.verdict[0].upper()}{item.verdict[1:]}.",
                f"Rests on {item.count:,} entries; {item.left_out:,} left out: {item.why}.",
                pictures,
                (table,),
            )
        )
    return document(
        "The modern model beside what happened",
        "Modelled and actual cure, re-default, timeline and severity of past loans.",
        sections,
        identity=[("Files", title)],
        notes=[RESTS_ON, "A fit in the past is no promise: other times and other loans behave differently."],
        tables_open=True,
    )
