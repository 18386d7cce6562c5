"""Small words of pages: dates, counts, shares, and what the verification marks mean."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

MARKS: dict[str, tuple[str, str]] = {
    "verified": ("Verified", "Read in the publisher's own text."),
    "secondary": (
        "Secondary",
        "Read in a careful restatement, or in an edition close to the date; not compared word for word.",
    ),
    "unverified": (
        "Unverified",
        "Could not be confirmed at its source. It never rules an option out; it must be confirmed first.",
    ),
}
"""Verification mark to its title and meaning."""

DASH = "\u2013"
"""Stands where there is no figure."""


def day(value: object) -> str:
    """Write a date for people: ``September 9, 2026``; anything else as text."""
    return f"{value:%B} {value.day}, {value.year}" if isinstance(value, datetime.date) else str(value)


def words(name: str) -> str:
    """Turn an internal name into words: ``days_delinquent`` into ``days delinquent``."""
    return name.replace("__", ": ").replace("_", " ")


def number(value: int) -> str:
    """Write a whole number with separators."""
    return f"{value:,}"


def joined(items: Sequence[str]) -> str:
    """Join words as a sentence does: ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def share(part: int, whole: int) -> str:
    """Return a share in percent with one decimal, rounded half up; a dash where there is no whole."""
    if not whole:
        return DASH
    tenths = (2000 * part + whole) // (2 * whole)
    return f"{tenths // 10}.{tenths % 10}%"
