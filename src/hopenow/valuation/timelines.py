"""How long foreclosure and the sale after it take, in months, from timelines in days."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hopenow.law import Verification
from hopenow.reference import foreclosure_practice

__all__ = ["StateTimeline", "months_of_days", "months_to_sale", "state_timelines"]

Integers = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class StateTimeline:
    """Days from the last paid installment to the foreclosure sale in a state, as a public source states them.

    Attributes:
        state: postal code.
        days: the time frame.
        source: where it comes from.
        verification: how sure it is.
    """

    state: str
    days: int
    source: str
    verification: Verification


def state_timelines(edition: str, directory: Path | None = None) -> dict[str, StateTimeline]:
    """Return the time frames by state; areas within a state are left out.

    Args:
        edition: ``edition_2015_16`` (one edition for every state, comparable) or ``newest``.
        directory: the user's folder of newer reference files.

    Raises:
        ValueError: an unknown edition.
    """
    if edition not in ("edition_2015_16", "newest"):
        raise ValueError(f"{edition!r} is no edition of the time frames; use edition_2015_16 or newest")
    found = {}
    for code, practice in foreclosure_practice(directory).states.items():
        frame = practice.comparable_time_frame if edition == "edition_2015_16" else practice.time_frame
        if len(code) == 2:
            found[code] = StateTimeline(code, frame.days, frame.source.citation, frame.source.verification)
    return found


def months_of_days(days: Integers, days_in_month: int) -> Integers:
    """Return whole months, rounded up."""
    return -(-days // days_in_month)


def months_to_sale(days: Integers, months_missed: Integers, days_in_month: int, reading: str) -> Integers:
    """Return the months left to the foreclosure sale of a loan that is behind already, at least one.

    Args:
        days: timeline from the last paid installment.
        months_missed: installments due and unpaid.
        days_in_month: days that make a month.
        reading: ``round_first`` rounds the timeline up to months and then takes off what has passed;
            ``subtract_first`` takes the days off first.

    Raises:
        ValueError: an unknown reading.
    """
    if reading == "round_first":
        left = months_of_days(days, days_in_month) - months_missed
    elif reading == "subtract_first":
        left = months_of_days(days - months_missed * days_in_month, days_in_month)
    else:
        raise ValueError(f"{reading!r} is not a way to round a timeline; use round_first or subtract_first")
    found: Integers = np.maximum(left, 1)
    return found
