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
_FRACTION = re.compile(r"\d+(?:/\d+)?", re.ASCII)
_MONTH_DAY = re.compile(r"--(?P<month>\d{2})(?:-(?P<day>\d{2}))?", re.ASCII)
_LEAP_YEAR = 2000
_NUMBER_DECIMALS = 6
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


def _number(value: Any) -> Fraction:
    if not isinstance(value, str) or _RATIO.fullmatch(value) is None:
        raise InputError(f"{value!r} is not a number; write it as a string such as '-3.124917'")
    return Fraction(value)


def _fraction(value: Any) -> Fraction:
    if not isinstance(value, str) or _FRACTION.fullmatch(value) is None:
        raise InputError(f"{value!r} is not a fraction; write it as a string such as '10/12'")
    try:
        return Fraction(value)
    except ZeroDivisionError:
        raise InputError(f"{value!r} divides by zero") from None


def _year_rate(value: Any) -> tuple[str, int]:
    if not isinstance(value, list | tuple) or len(value) != 2 or not isinstance(value[0], str):
        raise InputError(f"{value!r} is not a list of years and rate, such as ['1-5', '2.0']")
    return value[0], ppm(value[1])


def _show_year_rate(value: tuple[str, int]) -> str:
    return f"{value[0]}: {_show_rate(value[1])}"


def _month_day(value: Any) -> tuple[int, int | None]:
    match = _MONTH_DAY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise InputError(f"{value!r} is not a day without a year; write it as '--09-01', or '--09' for the month")
    month, day = int(match["month"]), match["day"]
    try:
        # A leap year, so that every day of the calendar is one.
        datetime.date(_LEAP_YEAR, month, int(day or 1))
    except ValueError:
        raise InputError(f"{value!r} is not a day of the calendar") from None
    return month, None if day is None else int(day)


def _show_month_day(value: tuple[int, int | None]) -> str:
    month, day = value
    return f"--{month:02d}" if day is None else f"--{month:02d}-{day:02d}"


def _paid(value: Any) -> tuple[datetime.date, int, Fraction]:
    if not isinstance(value, dict) or set(value) != {"date", "amount", "fraction"}:
        raise InputError(f"a payment has exactly the keys date, amount and fraction, not {value!r}")
    return _date(value["date"]), _money(value["amount"]), _fraction(value["fraction"])


def _show_paid(value: tuple[datetime.date, int, Fraction]) -> str:
    day, amount, fraction = value
    return f"{day}: {_show_money(amount)} ({fraction})"


def _show_number(value: Fraction) -> str:
    return printed(Fraction(value) / 100, _NUMBER_DECIMALS, truncated=False)


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
        Kind("number", "a decimal string, compared at the decimals printed: '-3.124917'", _number, _show_number),
        Kind("fraction", "an exact fraction: '10/12'", _fraction, str),
        Kind("year_rate", "years and the percent in them: ['1-5', '2.0']", _year_rate, _show_year_rate),
        Kind("month_day", "a day (or month) of any year: '--09-01', '--09'", _month_day, _show_month_day),
        Kind("payment", "a mapping of date, amount and fraction", _paid, _show_paid),
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

    @property
    def _is_list(self) -> bool:
        return self.many == "list" or self.kind == "codes"

    def show(self, value: Any) -> str:
        """Write a value as text."""
        if value is None:
            return _NOT_DETERMINED
        show = KINDS[self.kind].show
        if isinstance(value, list) or (isinstance(value, tuple) and self._is_list):
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


def difference(
    field: Field, expected: Any, got: Any, *, official: bool, tolerance: Fraction | None = None
) -> tuple[str, str] | None:
    """Compare a printed figure with one that was worked out.

    Args:
        field: what it is.
        expected: the file's value; null asserts that the figure is not determined.
        got: the engine's value; None where it is not determined.
        official: whether the investor itself published the case (its ratios to value are truncated).
        tolerance: how far apart money (in dollars), a ratio (in percent), a rate or a number may be; None: exactly
            as printed.

    Returns:
        Expected and got as text where they differ; None where they agree.

    Raises:
        InputError: the expected value is not what the field demands.
    """
    if tolerance is not None and expected is not None and got is not None:
        return _far_apart(field, expected, got, tolerance)
    if field.kind == "number" and expected is not None and got is not None:
        return _number_difference(field, expected, got)
    if field.kind in {"ratio", "loan_to_value"}:
        return _ratio_difference(expected, got, truncated=official and field.kind == "loan_to_value")
    wanted = field.read(expected)
    if field.kind == "codes" and wanted is not None and got is not None:
        wanted, got = sorted(wanted), sorted(got)
    if isinstance(got, tuple) and field.many == "list":
        got = list(got)
    return None if wanted == got else (field.show(wanted), field.show(got))


PER_UNIT: Mapping[str, Fraction] = {
    "money": Fraction(1, 100),
    "rate": Fraction(1, 10_000),
    "ratio": Fraction(100),
    "loan_to_value": Fraction(100),
    "number": Fraction(1),
    "payment": Fraction(1, 100),
}
"""Kinds that a tolerance may be given for, and the published unit in one of the engine's."""


def _far_apart(field: Field, expected: Any, got: Any, tolerance: Fraction) -> tuple[str, str] | None:
    wanted = field.read(expected)
    shown = field.show(wanted), field.show(got)
    if field.many == "list":
        if len(wanted) != len(got):
            return shown
        apart = any(_distance(field.kind, one, other) > tolerance for one, other in zip(wanted, got, strict=True))
    else:
        apart = _distance(field.kind, wanted, got) > tolerance
    return shown if apart else None


def _distance(kind: str, one: Any, other: Any) -> Fraction:
    """Return how far two figures lie apart, in published units; what is not an amount must be the same."""
    if kind == "payment":
        (day, one, share), (other_day, other, other_share) = one, other
        if (day, share) != (other_day, other_share):
            return _EVERYTHING
    return abs(Fraction(one) - Fraction(other)) * PER_UNIT[kind]


_EVERYTHING = Fraction(10**18)


def _number_difference(field: Field, expected: Any, got: Any) -> tuple[str, str] | None:
    field.read(expected)
    shown = printed(Fraction(got) / 100, len(expected.partition(".")[2]), truncated=False)
    return None if shown == expected.removesuffix(".") else (expected, shown)


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
