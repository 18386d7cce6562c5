"""Pictures of counts, as SVG that needs no script: each drawn twice, for a wide screen and for a phone.

A picture is drawn from the rows of the table shown with it and from nothing else, so the two cannot differ.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import vl_convert

INK, SOFT, LINE = "#1b1b1b", "#565c65", "#dfe1e2"
BLUE, LIGHT_BLUE, TEAL, AMBER, GRAY, PALE = "#005ea2", "#73b3e7", "#4fa387", "#e5a000", "#a9aeb1", "#dfe1e2"
FONT = "Public Sans, Source Sans Pro, system-ui, -apple-system, Segoe UI, Roboto, Arial, sans-serif"
WIDE, NARROW = 880, 330
_ROOM = 64
_LINE = 17

Row = Mapping[str, Any]

TILES: dict[str, tuple[int, int]] = {
    code: (column, row)
    for row, line in enumerate(
        (
            "AK .. .. .. .. .. .. .. .. .. ME",
            ".. .. .. .. .. WI .. .. .. VT NH",
            "WA ID MT ND MN IL MI .. NY MA RI",
            "OR NV WY SD IA IN OH PA NJ CT ..",
            "CA UT CO NE MO KY WV VA MD DE ..",
            ".. AZ NM KS AR TN NC SC DC .. ..",
            ".. .. .. OK LA MS AL GA .. .. ..",
            "HI GU .. TX .. .. .. .. FL PR VI",
        )
    )
    for column, code in enumerate(line.split())
    if code != ".."
}
"""State to its place (column, row) in a map where every state is one tile of the same size."""


class Picture:
    """A chart in both widths.

    Attributes:
        name: unique on its page; prefix of every id inside.
        title: for screen readers.
        description: for screen readers: how to read it, and where the numbers are.
        key: name and color of each part, to be shown above the picture; empty where there is one part only.
    """

    def __init__(
        self,
        name: str,
        title: str,
        description: str,
        drawings: Sequence[str],
        key: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Hold the two drawings, given as raw SVG."""
        self.name, self.title, self.description, self.key = name, title, description, tuple(key)
        wide, narrow = drawings
        self.wide = _accessible(wide, f"{name}-w", title, description)
        self.narrow = _accessible(narrow, f"{name}-n", title, description)


def bars(
    name: str, title: str, description: str, rows: Sequence[tuple[str, int]], colors: Sequence[str] = ()
) -> Picture:
    """Draw one bar for each row, its label above it and its number at its end.

    Args:
        name: unique on the page.
        title: for screen readers.
        description: for screen readers.
        rows: label and count, in the order shown.
        colors: one for each bar; all are blue without.
    """
    values = [
        {"place": place, "label": label, "value": value, "fill": colors[place] if colors else BLUE}
        for place, (label, value) in enumerate(rows)
    ]
    return Picture(name, title, description, [_svg(_bars(values, width)) for width in (WIDE, NARROW)])


def stacked(
    name: str,
    title: str,
    description: str,
    rows: Sequence[tuple[str, Sequence[int]]],
    series: Sequence[tuple[str, str]],
    whole: bool = False,
) -> Picture:
    """Draw one bar of stacked parts for each row, its label above it, numbers where they fit.

    Args:
        name: unique on the page.
        title: for screen readers.
        description: for screen readers.
        rows: label and one count for each of the series.
        series: name and color of each part.
        whole: stretch every bar to its own total, so that shares compare.
    """
    longest = max((sum(counts) for _, counts in rows), default=0)
    values: list[dict[str, Any]] = []
    for place, (label, counts) in enumerate(rows):
        total = sum(counts) if whole else longest
        start = 0
        for order, ((part, color), count) in enumerate(zip(series, counts, strict=True)):
            values.append(
                {
                    "place": place,
                    "label": label if order == 0 else "",
                    "part": part,
                    "value": count,
                    "order": order,
                    "from": start / total if total else 0,
                    "to": (start + count) / total if total else 0,
                    "ink": _ink_on(color),
                    "fill": color,
                }
            )
            start += count
    return Picture(name, title, description, [_svg(_stacked(values, width)) for width in (WIDE, NARROW)], key=series)


def columns(
    name: str,
    title: str,
    description: str,
    rows: Sequence[tuple[str, Sequence[int]]],
    series: Sequence[tuple[str, str]],
    axis: str,
) -> Picture:
    """Draw upright columns of stacked parts, for figures that have an order of their own (months, dollars).

    Args:
        name: unique on the page.
        title: for screen readers.
        description: for screen readers.
        rows: label and one count for each of the series.
        series: name and color of each part.
        axis: what the labels along the axis are.
    """
    values = [
        {"label": label, "part": part, "value": count, "order": order, "fill": color}
        for label, counts in rows
        for order, ((part, color), count) in enumerate(zip(series, counts, strict=True))
    ]
    labels = [label for label, _ in rows]
    drawings = [_svg(_columns(values, labels, axis, width)) for width in (WIDE, NARROW)]
    return Picture(name, title, description, drawings, key=series if len(series) > 1 else ())


def tiles(name: str, title: str, description: str, counts: Mapping[str, int], unit: str) -> Picture:
    """Draw a map in which every state is one tile, the darker the more.

    Args:
        name: unique on the page.
        title: for screen readers.
        description: for screen readers.
        counts: state to count; names that are no state (or territory on the map) are left out.
        unit: what is counted, for the legend.
    """
    most = max((counts.get(code, 0) for code in TILES), default=0)
    values = [
        {
            "code": code,
            "x": column,
            "y": row,
            "value": counts.get(code, 0),
            "number": f"{counts[code]:,}" if counts.get(code) else "",
            "ink": "#ffffff" if most and 2 * counts.get(code, 0) > most else INK,
        }
        for code, (column, row) in TILES.items()
    ]
    return Picture(
        name,
        title,
        description,
        [_svg(_tiles(values, max(most, 1), unit, width)) for width in (WIDE, NARROW)],
    )


def lines(
    name: str,
    title: str,
    description: str,
    rows: Sequence[tuple[str, str, Sequence[tuple[float, float, float, float]]]],
    axes: tuple[str, str],
    *,
    steps: bool = False,
    percent: bool = False,
) -> Picture:
    """Draw lines with the band of their interval, such as survival curves.

    Args:
        name: unique on the page.
        title: for screen readers.
        description: for screen readers.
        rows: for each line its name, its color, and its points: place along the axis, value, low and high
            end of the interval (both equal to the value where there is none).
        axes: what stands along and up.
        steps: keep each value until the next point, as survival curves do.
        percent: the values are fractions, shown in percent.
    """
    values = [
        {"part": part, "fill": color, "x": x, "value": y, "low": low, "high": high}
        for part, color, points in rows
        for x, y, low, high in points
    ]
    drawings = [_svg(_lines(values, axes, steps, percent, width)) for width in (WIDE, NARROW)]
    key = [(part, color) for part, color, _ in rows]
    return Picture(name, title, description, drawings, key=key if len(key) > 1 else ())


def intervals(
    name: str,
    title: str,
    description: str,
    rows: Sequence[tuple[str, float, float, float]],
    axis: str,
    *,
    reference: float | None = None,
    percent: bool = False,
    colors: Sequence[str] = (),
) -> Picture:
    """Draw one estimate with its interval for each row, its label above it.

    Args:
        name: unique on the page.
        title: for screen readers.
        description: for screen readers.
        rows: label, estimate, low and high end.
        axis: what stands along the axis.
        reference: a line to compare with, such as 0, 1 or the overall rate.
        percent: the values are fractions, shown in percent.
        colors: one for each row; all are blue without.
    """
    values = [
        {
            "place": place,
            "label": label,
            "value": value,
            "low": low,
            "high": high,
            "fill": colors[place] if colors else BLUE,
        }
        for place, (label, value, low, high) in enumerate(rows)
    ]
    drawings = [_svg(_intervals(values, axis, reference, percent, width)) for width in (WIDE, NARROW)]
    return Picture(name, title, description, drawings)


# --- drawing --------------------------------------------------------------------------------------


def _fitted(values: Sequence[Row], width: int) -> tuple[list[dict[str, Any]], int]:
    """Shorten each line of the labels to this width; return also how many lines the longest has."""
    most = width // 7
    fitted = []
    for row in values:
        lines = [line if len(line) <= most else f"{line[: most - 1].rstrip()}…" for line in row["label"].split("\n")]
        fitted.append({**row, "label": "\n".join(lines)})
    return fitted, max((row["label"].count("\n") + 1 for row in fitted), default=1)


def _base(values: Sequence[Row], width: int) -> Any:
    return alt.Chart(alt.InlineData(values=list(values)), width=width)


def _labels(base: Any, lines: int, height: int) -> Any:
    """Write the labels above the bars, from the left edge."""
    return base.mark_text(
        align="left",
        baseline="top",
        dy=-height // 2 + 3,
        fontSize=13,
        lineHeight=_LINE,
        lineBreak="\n",
        color=INK,
    ).encode(x=alt.value(0), text="label:N")


def _bars(values: Sequence[Row], width: int) -> Any:
    rows, lines = _fitted(values, width)
    most = max((row["value"] for row in rows), default=0)
    room = 24 + 10 * len(f"{most:,}")
    height = 34 + _LINE * lines
    down = height // 2 - 21
    base = _base(rows, width - room).encode(y=alt.Y("place:O", axis=None, scale=alt.Scale(paddingInner=0)))
    x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, max(most, 1)], nice=False))
    return alt.layer(
        base.mark_bar(size=14, yOffset=down, cornerRadiusEnd=2).encode(x=x, color=alt.Color("fill:N", scale=None)),
        _labels(base, lines, height),
        base.mark_text(align="left", dx=6, dy=down, fontSize=13, fontWeight=600, color=INK).encode(
            x=x, text=alt.Text("value:Q", format=",")
        ),
    ).properties(height=alt.Step(height))


def _stacked(values: Sequence[Row], width: int) -> Any:
    rows, lines = _fitted(values, width)
    for row in rows:
        number = f"{row['value']:,}"
        row["number"] = number if (row["to"] - row["from"]) * width > 8 * len(number) + 8 else ""
    height = 40 + _LINE * lines
    down = height // 2 - 25
    base = _base(rows, width).encode(y=alt.Y("place:O", axis=None, scale=alt.Scale(paddingInner=0)))
    x = alt.X("from:Q", axis=None, scale=alt.Scale(domain=[0, 1], nice=False))
    middle = base.transform_calculate(middle="(datum.from + datum.to) / 2")
    return alt.layer(
        base.transform_filter("datum.value > 0")
        .mark_bar(size=18, yOffset=down, stroke="#ffffff", strokeWidth=1)
        .encode(x=x, x2="to:Q", color=alt.Color("fill:N", scale=None)),
        _labels(base, lines, height),
        middle.mark_text(dy=down, fontSize=12, fontWeight=600).encode(
            x=alt.X("middle:Q", scale=alt.Scale(domain=[0, 1], nice=False)),
            text="number:N",
            color=alt.Color("ink:N", scale=None),
        ),
    ).properties(height=alt.Step(height))


def _columns(values: Sequence[Row], labels: list[str], axis: str, width: int) -> Any:
    wanted = 8 * max(map(len, labels), default=1) + 10
    every = max(1, -(-len(labels) * wanted // (width - _ROOM)))
    shown = [label for place, label in enumerate(labels) if place % every == 0]
    return (
        _base(values, width - _ROOM)
        .transform_filter("datum.value > 0")
        .mark_bar(stroke="#ffffff", strokeWidth=0.6)
        .encode(
            x=alt.X(
                "label:N",
                title=axis,
                scale=alt.Scale(domain=labels),
                axis=alt.Axis(labelAngle=0, ticks=False, domainColor=SOFT, values=shown, labelOverlap=False),
            ),
            y=alt.Y(
                "value:Q",
                title=None,
                axis=alt.Axis(
                    format=",d",
                    tickCount=4,
                    tickMinStep=1,
                    grid=True,
                    gridColor=LINE,
                    domain=False,
                    ticks=False,
                ),
            ),
            color=alt.Color("fill:N", scale=None),
            order="order:Q",
        )
        .properties(height=240)
    )


def _tiles(values: Sequence[Row], most: int, unit: str, width: int) -> Any:
    side = min(width // 11, 62)
    narrow = width == NARROW
    base = _base(values, side * 11).encode(
        x=alt.X("x:O", axis=None, scale=alt.Scale(paddingInner=0.06)),
        y=alt.Y("y:O", axis=None, scale=alt.Scale(paddingInner=0.06)),
    )
    scale = alt.Scale(domain=[0, most], range=["#eef4f9", "#9ec9e8", "#2e78b5", "#162e51"], nice=False)
    legend = alt.Legend(
        title=unit,
        orient="top",
        format=",d",
        tickCount=3,
        gradientLength=min(220, width - 60),
        gradientThickness=10,
    )
    code = base.mark_text(fontSize=11 if narrow else 13, fontWeight=600, dy=0 if narrow else -8).encode(
        text="code:N", color=alt.Color("ink:N", scale=None)
    )
    layers = [
        base.mark_rect(cornerRadius=4).encode(color=alt.Color("value:Q", scale=scale, legend=legend)),
        code,
    ]
    if not narrow:
        layers.append(base.mark_text(fontSize=11, dy=9).encode(text="number:N", color=alt.Color("ink:N", scale=None)))
    return alt.layer(*layers).properties(height=side * 8).resolve_scale(color="independent")


def _number_axis(title: str | None, percent: bool, count: int, grid: bool = True) -> Any:
    return alt.Axis(
        title=title,
        format=".0%" if percent else ",.4~f",
        tickCount=count,
        grid=grid,
        gridColor=LINE,
        domain=False,
        ticks=False,
    )


def _lines(values: Sequence[Row], axes: tuple[str, str], steps: bool, percent: bool, width: int) -> Any:
    along, up = axes
    base = _base(values, width - _ROOM).encode(
        x=alt.X("x:Q", title=along, axis=_number_axis(along, False, 8 if width == WIDE else 5, grid=False)),
        color=alt.Color("fill:N", scale=None),
        detail="part:N",
    )
    shape = "step-after" if steps else "linear"
    ends = [row[end] for row in values for end in ("low", "high")]
    scale = (
        alt.Scale(domain=[0, 1], nice=False) if percent and ends and 0 <= min(ends) <= max(ends) <= 1 else alt.Scale()
    )
    y = alt.Y("value:Q", scale=scale, axis=_number_axis(None, percent, 5))
    return alt.layer(
        base.mark_area(opacity=0.18, interpolate=shape).encode(y=alt.Y("low:Q", scale=scale), y2="high:Q"),
        base.mark_line(strokeWidth=2.5, interpolate=shape).encode(y=y),
    ).properties(height=280, title=alt.TitleParams(up, anchor="start", fontSize=12, fontWeight=400, color=SOFT))


def _intervals(values: Sequence[Row], axis: str, reference: float | None, percent: bool, width: int) -> Any:
    rows, lines = _fitted(values, width)
    height = 30 + _LINE * lines
    down = height // 2 - 12
    base = _base(rows, width - 24).encode(y=alt.Y("place:O", axis=None, scale=alt.Scale(paddingInner=0)))
    color = alt.Color("fill:N", scale=None)
    along = _number_axis(axis, percent, 8 if width == WIDE else 4)
    x = alt.X("value:Q", scale=alt.Scale(zero=False), axis=along)
    layers = [
        base.mark_rule(strokeWidth=3, yOffset=down).encode(x=alt.X("low:Q", axis=along), x2="high:Q", color=color),
        base.mark_point(filled=True, size=90, yOffset=down, opacity=1).encode(x=x, color=color),
        _labels(base, lines, height),
    ]
    if reference is not None:
        line = alt.Chart(alt.InlineData(values=[{"at": reference}])).mark_rule(strokeDash=[5, 4], color=SOFT)
        layers.insert(0, line.encode(x=alt.X("at:Q")))
    return alt.layer(*layers).properties(height=alt.Step(height))


def _ink_on(color: str) -> str:
    """Return the text color that reads well on a fill."""
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return "#ffffff" if 299 * red + 587 * green + 114 * blue < 120_000 else INK


# --- SVG ------------------------------------------------------------------------------------------


@functools.cache
def _grammar() -> str | None:
    """Return the version of the chart grammar that both libraries know."""
    wanted = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    return wanted if wanted in vl_convert.get_vegalite_versions() else None


def _svg(chart: Any) -> str:
    finished = chart.configure(
        aria=False,
        background="transparent",
        font=FONT,
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            labelFontSize=12,
            titleFontSize=12,
            labelColor=SOFT,
            titleColor=SOFT,
            titleFontWeight="normal",
            titlePadding=8,
        ),
        legend=alt.LegendConfig(
            labelFontSize=13,
            labelColor=INK,
            titleFontSize=12,
            titleColor=SOFT,
            titleFontWeight="normal",
            offset=10,
            rowPadding=4,
        ),
    )
    drawn = vl_convert.vegalite_to_svg(finished.to_dict(), vl_version=_grammar())
    return str(drawn)


_TAG = re.compile(r"<[^>]*>")
_ID = re.compile(r'(\bid="|url\(#|href="#)')
_ARIA = re.compile(r'\s(?:aria-[a-z]+|role)="[^"]*"')


def _accessible(svg: str, prefix: str, title: str, description: str) -> str:
    """Make a drawing fit to be set inline: it scales, its ids are its own, it is titled and described."""
    view = svg.split('viewBox="', 1)[1].split('"', 1)[0]
    width = view.split()[2]
    body = svg[svg.index(">") + 1 :]
    body = _TAG.sub(lambda tag: _ID.sub(rf"\g<1>{prefix}-", _ARIA.sub("", tag.group())), body)
    style = f"width:100%;max-width:{width}px;height:auto;display:block;overflow:visible"
    attributes = f'viewBox="{view}" role="img" focusable="false" style="{style}"'
    named = f'aria-labelledby="{prefix}-title {prefix}-desc"'
    told = f'<title id="{prefix}-title">{html.escape(title)}</title>'
    told += f'<desc id="{prefix}-desc">{html.escape(description)}</desc>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {attributes} {named}>{told}{body}'
