"""A picture of a case's clocks along time: what happened above, protections, duties and rights as bars below.

Drawn as plain SVG without script, once for a wide screen and once for a phone. The picture is drawn from the rows that
the table beside it shows (:func:`spans`, :func:`marks`), so the two cannot differ.
"""

from __future__ import annotations

import datetime
import html
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from hopenow.clocks.derive import Clockwork
from hopenow.clocks.result import FORECLOSURE, Status
from hopenow.clocks.shown import Reader, happened, open_duties, open_rights
from hopenow.dates import add_months
from hopenow.pages.charts import AMBER, BLUE, FONT, GRAY, INK, LINE, NARROW, SOFT, TEAL, WIDE, Picture

RED = "#b50909"
KEY = (
    ("protection", TEAL),
    ("duty, open", BLUE),
    ("duty, overdue", RED),
    ("duty, done", GRAY),
    ("right of the homeowner", AMBER),
)
"""Name and color of each kind of bar."""

_COLORS = dict(KEY)
_MARGIN = 10
_BAR, _ROW, _TEXT = 12, 40, 13
_LANES = 8
_DOT = 9
_ROUTINE = frozenset({"payment_received", "note_made", "periodic_statement_sent"})
_TURNS = ("application", "decision", "first_filing", "sale", "appeal", "servicing_transferred", "bankruptcy", "offer")
_DAYS_BACK = 400


@dataclass(frozen=True, slots=True)
class Span:
    """One bar.

    Attributes:
        kind: its name in :data:`KEY`.
        label: what it is.
        start: first day.
        end: last day; None while it is open.
        note: how it stands, in a word or two.
    """

    kind: str
    label: str
    start: datetime.date
    end: datetime.date | None
    note: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One day on which something happened.

    Attributes:
        number: number of its first event in the list beside the picture; ``last`` that of its last.
        day: the day.
        label: what happened.
        key: whether it is a turn of the case, whose label gets room first.
    """

    number: int
    last: int
    day: datetime.date
    label: str
    key: bool


def first_shown(clockwork: Clockwork) -> datetime.date:
    """First day that the picture shows; what was over before it stands in the tables only."""
    return clockwork.as_of - datetime.timedelta(days=_DAYS_BACK)


def marks(clockwork: Clockwork) -> list[Mark]:
    """Return the days on which something happened, in the days shown; events of one day are one mark.

    Payments and remarks have a number and no label.
    """
    found: list[Mark] = []
    events = [event for event in clockwork.case.events if event.day <= clockwork.as_of]
    for number, event in enumerate(events, start=1):
        if event.day < first_shown(clockwork):
            continue
        key = event.kind.startswith(_TURNS)
        words = "" if event.kind in _ROUTINE else happened(event)
        if found and found[-1].day == event.day:
            before = found.pop()
            label = before.label if words in before.label else ", ".join(filter(None, (before.label, words.lower())))
            label = label[:1].upper() + label[1:]
            found.append(Mark(before.number, number, event.day, label, key or before.key))
        else:
            found.append(Mark(number, number, event.day, words, key))
    return found


def spans(clockwork: Clockwork, reader: Reader = "all") -> list[Span]:
    """Return the bars: foreclosure protections, open duties and rights, then duties that were done, the latest 6."""
    shields = [item for item in clockwork.protections if item.bars in FORECLOSURE]
    others = [item for item in clockwork.protections if item.bars not in FORECLOSURE and item.in_force]
    found = [
        Span(
            "protection",
            f"Barred: {item.bars}",
            item.start,
            item.until or item.expected,
            "in force" if item.in_force else "over" if item.start <= clockwork.as_of else "to come",
        )
        for item in [*shields, *others]
        if (item.until or clockwork.as_of) >= first_shown(clockwork)
    ]
    found += [
        Span(
            "duty, overdue" if duty.status is Status.OVERDUE else "duty, open",
            duty.what,
            duty.since,
            duty.due,
            f"{duty.status}, {duty.legal.rule}",
        )
        for duty in open_duties(clockwork, reader)
    ]
    found += [
        Span("right of the homeowner", right.what, right.start, right.until, f"last day, {right.legal.rule}")
        for right in open_rights(clockwork, reader)
    ]
    done = [duty for duty in clockwork.duties if duty.done and duty.done >= first_shown(clockwork)]
    if reader in ("all", "counselor"):
        found += [
            Span("duty, done", duty.what, duty.since, duty.done, f"{duty.status}, {duty.legal.rule}")
            for duty in sorted(done, key=lambda item: item.done or item.since)[-6:]
        ]
    return found


def timeline(clockwork: Clockwork, reader: Reader = "all", name: str = "timeline") -> Picture:
    """Draw the picture of a case.

    Args:
        clockwork: the case as of a day.
        reader: whose duties and rights are drawn.
        name: unique on the page.
    """
    events, bars = marks(clockwork), spans(clockwork, reader)
    axis = _Axis.of(clockwork, events, bars)
    drawings = [_draw(axis, events, bars, clockwork.as_of, width) for width in (WIDE, NARROW)]
    kinds = {bar.kind for bar in bars}
    return Picture(
        name,
        f"The clocks of case {clockwork.case.id} along time",
        "Numbered dots are events, in the order of the list of events. Bars below run from the first to the last day "
        "of each protection, duty and right; a bar with a point at its end is open. The same stands in the tables.",
        drawings,
        key=[(kind, color) for kind, color in KEY if kind in kinds],
    )


# --- drawing --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Axis:
    start: datetime.date
    end: datetime.date

    @classmethod
    def of(cls, clockwork: Clockwork, events: Sequence[Mark], bars: Sequence[Span]) -> _Axis:
        today = clockwork.as_of
        days = [today, *(mark.day for mark in events), *(bar.start for bar in bars)]
        days += [bar.end for bar in bars if bar.end]
        first, last = max(min(days), first_shown(clockwork)), max(days)
        # A few bars of years (records to be kept) must not squeeze the rest into a corner.
        room = max((today - first).days, 60)
        last = min(last, today + datetime.timedelta(days=room))
        pad = datetime.timedelta(days=max((last - first).days // 30, 5))
        return cls(first - pad, last + pad)

    def x(self, day: datetime.date, width: int) -> float:
        share = (day - self.start).days / (self.end - self.start).days
        return round(_MARGIN + min(max(share, 0.0), 1.0) * (width - 2 * _MARGIN), 1)

    def months(self, width: int) -> list[datetime.date]:
        """First days of months, as many as have room for their names."""
        first = self.start.replace(day=1)
        count = (self.end.year - first.year) * 12 + self.end.month - first.month
        every = max(1, -(-count * 52 // (width - 2 * _MARGIN)))
        every = next((step for step in (1, 2, 3, 6, 12) if step >= every), -(-every // 12) * 12)
        found = [add_months(first, step) for step in range(1, count + 1)]
        return [day for day in found if (day.month - 1 + 12 * (day.year % max(every // 12, 1))) % every == 0]


def _draw(axis: _Axis, events: Sequence[Mark], bars: Sequence[Span], today: datetime.date, width: int) -> str:
    parts: list[str] = []
    lanes = _lanes(axis, events, width) if width == WIDE else []
    top = 18 * (max((lane for lane, _, _ in lanes), default=-1) + 1) + 6
    line_y = top + _DOT + 6
    for (lane, side, label), mark in zip(lanes, events, strict=False):
        if lane < 0:
            continue
        x, y = axis.x(mark.day, width), 14 + 18 * lane
        anchor, shift = ("start", 4) if side > 0 else ("end", -4)
        parts.append(_line(x, y - 10, x, line_y - _DOT, LINE))
        parts.append(_words(x + shift, y, label, anchor=anchor, color=SOFT, size=12))
    height = line_y + 46 + _ROW * len(bars) + 8
    months = axis.months(width)
    for day in months:
        x = axis.x(day, width)
        parts.insert(0, _line(x, line_y, x, height, LINE))
        label = f"{day:%b %Y}" if day.month == 1 or day == months[0] else f"{day:%b}"
        parts.append(_words(x, line_y + 28, label, anchor="middle", color=SOFT, size=12))
    now = axis.x(today, width)
    parts.append(_line(now, line_y - 2, now, height, INK, dash=True))
    parts.append(_line(_MARGIN, line_y, width - _MARGIN, line_y, SOFT))
    parts += _dots(axis, events, line_y, width)
    for place, bar in enumerate(bars):
        parts += _bar(axis, bar, line_y + 46 + _ROW * place, width, now)
    edge = "end" if now > width * 0.8 else "start"
    aside = -5 if edge == "end" else 5
    parts.append(_words(now + aside, line_y + 42, "day looked at", anchor=edge, color=INK, size=11))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}"><g font-family="{FONT}">{"".join(parts)}</g></svg>'
    )


def _lanes(axis: _Axis, events: Sequence[Mark], width: int) -> list[tuple[int, int, str]]:
    """Give each label the uppermost lane where it has room: (lane, side, label); lane -1 where there is none.

    A thin line leads from each label down to its dot, so a label must not lie on the line of another.
    """
    taken: list[list[tuple[float, float]]] = [[] for _ in range(_LANES)]
    leaders: list[tuple[float, int]] = []
    found: dict[Mark, tuple[int, int, str]] = {}
    for mark in sorted(events, key=lambda mark: (not mark.key, mark.day)):
        x, label = axis.x(mark.day, width), _fit(mark.label, 200)
        size = 6.4 * len(label) + 8
        lane, side = -1, 1
        for place, way in product(range(_LANES), (1, -1)) if mark.label else ():
            low, high = (x, x + size) if way > 0 else (x - size, x)
            apart = all(high < begin or end < low for begin, end in taken[place])
            below = any(begin <= x <= end for other in taken[place + 1 :] for begin, end in other)
            across = any(low < line < high and from_ < place for line, from_ in leaders)
            if low >= 0 and high <= width and apart and not below and not across:
                lane, side = place, way
                taken[place].append((low, high))
                leaders.append((x, place))
                break
        found[mark] = (lane, side, label)
    return [found[mark] for mark in events]


def _dots(axis: _Axis, events: Sequence[Mark], y: float, width: int) -> list[str]:
    """Draw numbered dots; where they would lie on each other, one stands for all of them."""
    groups: list[list[Mark]] = []
    for mark in events:
        groups.append([mark])
        while len(groups) > 1 and _pill(axis, groups[-2], width)[1] > _pill(axis, groups[-1], width)[0]:
            groups[-2:] = [groups[-2] + groups[-1]]
    drawn = []
    for group in groups:
        low, high, label = _pill(axis, group, width)
        drawn.append(
            f'<rect x="{low:.1f}" y="{y - _DOT}" width="{high - low:.1f}" height="{2 * _DOT}" rx="{_DOT}" '
            f'fill="#162e51" stroke="#ffffff" stroke-width="1.5"/>'
        )
        drawn.append(_words((low + high) / 2, y + 4, label, anchor="middle", color="#ffffff", size=11, weight=600))
    return drawn


def _pill(axis: _Axis, group: Sequence[Mark], width: int) -> tuple[float, float, str]:
    """Left edge, right edge and words of the dot of a group."""
    x = (axis.x(group[0].day, width) + axis.x(group[-1].day, width)) / 2
    first, last = group[0].number, group[-1].last
    label = str(first) if first == last else f"{first}\u2013{last}"
    half = max(_DOT, 3.4 * len(label) + 4)
    x = min(max(x, half), width - half)
    return x - half, x + half, label


def _bar(axis: _Axis, bar: Span, y: float, width: int, now: float) -> list[str]:
    low = axis.x(bar.start, width)
    beyond = bar.end is None or bar.end > axis.end
    high = width - _MARGIN if beyond or bar.end is None else axis.x(bar.end, width)
    high = max(high, low + 4)
    color, middle = _COLORS[bar.kind], y + _TEXT + 6
    ends = "" if bar.end is None else f", to {bar.end:%b} {bar.end.day}{'' if not beyond else f', {bar.end.year}'}"
    label = _fit(f"{bar.label}", width - 2 * _MARGIN - 7 * len(ends))
    drawn = [_words(_MARGIN, y + 10, label + ends, color=INK, size=_TEXT, halo=True)]
    if beyond:
        tip = high - 8
        drawn.append(
            f'<path d="M{low},{middle} H{max(tip, low)} L{high},{middle + _BAR / 2} L{max(tip, low)},{middle + _BAR} '
            f'H{low} Z" fill="{color}"/>'
        )
    else:
        drawn.append(f'<rect x="{low}" y="{middle}" width="{high - low:.1f}" height="{_BAR}" rx="2" fill="{color}"/>')
    if bar.kind == "duty, overdue" and now > high:
        drawn.append(_line(high, middle + _BAR / 2, now, middle + _BAR / 2, color, dash=True))
    return drawn


def _words(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    color: str,
    size: int,
    weight: int = 400,
    halo: bool = False,
) -> str:
    around = ' paint-order="stroke" stroke="#ffffff" stroke-width="3" stroke-linejoin="round"' if halo else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}" font-size="{size}" '
        f'font-weight="{weight}"{around}>{html.escape(words)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, color: str, *, dash: bool = False) -> str:
    dashed = ' stroke-dasharray="4 4"' if dash else ""
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{color}" stroke-width="1"{dashed}/>'


def _fit(words: str, room: float) -> str:
    most = int(room // 7)
    return words if len(words) <= most else f"{words[: most - 1].rstrip(' ,;:')}\u2026"
