"""How the figures of a worked case are written, read and compared.

Outside, money is a decimal string of dollars, a percentage a decimal string of percent, a date an ISO date.
Inside, money is whole cents, a rate whole millionths, a ratio an exact fraction. A ratio is compared at the
number of decimals that the case prints: nothing that a case does not print is asserted.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from hopenow.errors import InputError
from hopenow.facts import NEVER
from hopenow.money import cents, format_cents, format_ppm, half_up_div, ppm

__all__ = ["KINDS", "Field", "Kind", "difference"]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_RATIO = re.compile(r"-?\d+(?:\.(?P<part>\d*))?", re.ASCII)
_NOT_DETERMINED = "not determined"


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of figure.

    Attributes:
        name: as the documentation calls it.
        written: how it is written, with an example.
        read: from the file's value to the engine's; raises InputError.
        show: from the engine's value to text.
    """

    name: str
    written: str
    read: Callable[[Any], Any]
    show: Callable[[Any], str]


def _money(value: Any) -> int:
    return cents(value)


def _show_money(value: int) -> str:
    return format_cents(value, symbol="").replace(",", "")


def _show_rate(value: int) -> str:
    return format_ppm(value).removesuffix("%")


def _ratio(value: Any) -> Fraction:
    if not isinstance(value, str) or _RATIO.fullmatch(value) is None:
        raise InputError(f"{value!r} is not a percentage; write it as a string such as '20.01'")
    return Fraction(value) / 100


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{value!r} is not a whole number; write it without quotes, such as 480")
    return value


def _date(value: Any) -> datetime.date:
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    if not isinstance(value, str) or _DATE.fullmatch(value) is None:
        raise InputError(f"{value!r} is not a date; write it as '2026-09-30'")
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        raise InputError(f"{value!r} is not a day of the calendar") from None


def _event(value: Any) -> datetime.date:
    return NEVER if value == "never" else _date(value)


def _show_event(value: datetime.date) -> str:
    return "never" if value == NEVER else str(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"{value!r} is neither true nor false (without quotes)")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(f"{value!r} is not text")
    return value


def _as_is(value: Any) -> Any:
    return value


def _show_ratio(value: Fraction) -> str:
    return str(printed(value, 4, truncated=False))


def _show_flag(value: bool) -> str:
    return "true" if value else "false"


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("money", "dollars as a decimal string: '1494.66'", _money, _show_money),
        Kind("rate", "percent per year as a string: '3.625'", ppm, _show_rate),
        Kind("ratio", "percent as a string, compared at the decimals printed: '20.01'", _ratio, _show_ratio),
        Kind(
            "loan_to_value",
            "percent as a string, compared at the decimals printed; truncated in official cases: '70.85'",
            _ratio,
            _show_ratio,
        ),
        Kind("count", "a whole number: 480", _count, str),
        Kind("date", "an ISO date: '2026-09-30'", _date, str),
        Kind("event", "an ISO date, or never", _event, _show_event),
        Kind("flag", "true or false", _flag, _show_flag),
        Kind("text", "words", _text, str),
        Kind("codes", "a list of words, in any order", _text, str),
        Kind("structure", "see the text of the option", _as_is, str),
    )
}


@dataclasses.dataclass(frozen=True)
class Field:
    """An input or output that an option knows.

    Attributes:
        kind: key of ``KINDS``.
        meaning: what it is, in words.
        many: ``one`` value or a ``list`` of them. Where an input is one value, a case may give a list; it is
            then worked out for each of them, and the outputs are lists in the same order.
    """

    kind: str
    meaning: str
    many: str = "one"

    def read(self, value: Any) -> Any:
        """Read a value of the file; null stays None.

        Raises:
            InputError: it is not what the field demands.
        """
        if value is None:
            return None
        read = KINDS[self.kind].read
        if self.kind == "codes" or self.many == "list":
            if not isinstance(value, list):
                raise InputError(f"{value!r} is not a list")
            return [read(item) for item in value]
        return read(value)

    def show(self, value: Any) -> str:
        """Write a value as text."""
        if value is None:
            return _NOT_DETERMINED
        show = KINDS[self.kind].show
        if isinstance(value, list | tuple):
            return "[" + ", ".join(_NOT_DETERMINED if item is None else show(item) for item in value) + "]"
        return show(value)


def printed(value: Fraction, decimals: int, *, truncated: bool) -> str:
    """Write a fraction as a percentage with so many decimals, half-up or truncated toward zero."""
    scale: int = 10**decimals
    numerator, denominator = value.numerator * 100 * scale, value.denominator
    if truncated:
        units = abs(numerator) // denominator
        units = -units if numerator < 0 else units
    else:
        units = half_up_div(numerator, denominator)
    whole, part = divmod(abs(units), scale)
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{part:0{decimals}d}" if decimals else f"{sign}{whole}"


def difference(field: Field, expected: Any, got: Any, *, official: bool) -> tuple[str, str] | None:
    """Compare a printed figure with one that was worked out.

    Args:
        field: what it is.
        expected: the file's value; null asserts that the figure is not determined.
        got: the engine's value; None where it is not determined.
        official: whether the investor itself published the case (its ratios to value are truncated).

    Returns:
        Expected and got as text where they differ; None where they agree.

    Raises:
        InputError: the expected value is not what the field demands.
    """
    if field.kind in {"ratio", "loan_to_value"}:
        return _ratio_difference(expected, got, truncated=official and field.kind == "loan_to_value")
    wanted = field.read(expected)
    if field.kind == "codes" and wanted is not None and got is not None:
        wanted, got = sorted(wanted), sorted(got)
    if isinstance(got, tuple):
        got = list(got)
    return None if wanted == got else (field.show(wanted), field.show(got))


def _ratio_difference(expected: Any, got: Fraction | None, *, truncated: bool) -> tuple[str, str] | None:
    if expected is None or got is None:
        if expected is None and got is None:
            return None
        if expected is not None:
            _ratio(expected)
        return (
            _NOT_DETERMINED if expected is None else str(expected),
            _NOT_DETERMINED if got is None else _show_ratio(got),
        )
    _ratio(expected)
    decimals = len(expected.partition(".")[2])
    shown = printed(got, decimals, truncated=truncated)
    return None if shown == expected.removesuffix(".") else (expected, shown)


def nearest(name: str, known: Sequence[str]) -> str:
    """Name the known names nearest to an unknown one, as the end of a message."""
    import difflib

    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else ""
