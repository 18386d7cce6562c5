"""Pictures: well-formed, described, self-contained, and showing the numbers they were given."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from hopenow.pages import charts

SERIES = [("Open", charts.BLUE), ("May be open", charts.LIGHT_BLUE), ("Ruled out", charts.PALE)]
HOSTILE = '</text><script>alert("1")</script><b onload="x" id="y">&'
SVG = "{http://www.w3.org/2000/svg}"


def picture_of(kind: str, label: str = "Flex Modification") -> charts.Picture:
    """One small picture of each kind."""
    if kind == "bars":
        return charts.bars("bars", "Bars", "About bars", [(label, 1234567), ("Second", 0)])
    if kind == "stacked":
        return charts.stacked(
            "stacked", "Parts", "About parts", [(label, (500, 400, 100)), ("Second", (0, 0, 7))], SERIES
        )
    if kind == "columns":
        rows = [(str(month), (month, 2, 3)) for month in range(25)]
        return charts.columns("columns", label, "About columns", rows, SERIES, "Months")
    return charts.tiles("tiles", label, "About tiles", {"OH": 1200, "TX": 4321, label: 5}, "Loans")


def texts(svg: str) -> list[str]:
    """Every visible text of a drawing."""
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314  (our own drawing)


@pytest.mark.parametrize("kind", ["bars", "stacked", "columns", "tiles"])
@pytest.mark.parametrize("label", ["Flex Modification", HOSTILE])
def test_drawing_is_well_formed_described_and_stands_alone(kind: str, label: str) -> None:
    """Both widths parse as XML, carry title and description, and reach for nothing outside."""
    picture = picture_of(kind, label)
    for svg in (picture.wide, picture.narrow):
        root = ElementTree.fromstring(svg)  # noqa: S314  (our own drawing)
        assert root.get("role") == "img"
        named = root.get("aria-labelledby", "").split()
        by_id = {element.get("id"): element.text for element in root.iter() if element.get("id")}
        assert [by_id[name] for name in named] == [picture.title, picture.description]
        assert not [
            element for element in root.iter() if element.tag.removeprefix(SVG) in {"script", "image", "foreignObject"}
        ]
        assert not re.search(r'(?:href|src|style)="[^"]*(?:https?:|//)', svg)
        assert "NaN" not in svg
        # Nothing inside speaks for itself: the table does.
        assert "aria-label=" not in svg


def test_ids_differ_between_drawings_of_a_page() -> None:
    """No id is used twice, so gradients and clips of one picture never reach another."""
    drawings = [
        svg
        for kind in ("bars", "stacked", "columns", "tiles")
        for p in [picture_of(kind)]
        for svg in (p.wide, p.narrow)
    ]
    ids = [name for svg in drawings for name in re.findall(r'\bid="([^"]+)"', svg)]
    assert len(ids) == len(set(ids))
    for svg in drawings:
        own = set(re.findall(r'\bid="([^"]+)"', svg))
        assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= own


def test_bars_show_every_label_and_number() -> None:
    """The numbers at the ends are the numbers given."""
    picture = picture_of("bars")
    for svg in (picture.wide, picture.narrow):
        assert set(texts(svg)) == {"Flex Modification", "Second", "1,234,567", "0"}


def test_stacked_numbers_are_those_given_and_only_where_they_fit() -> None:
    """A part too narrow for its number has none; none is made up."""
    picture = picture_of("stacked")
    assert {text for text in texts(picture.wide) if text[:1].isdigit()} == {"500", "400", "100"}
    assert {text for text in texts(picture.narrow) if text[:1].isdigit()} <= {"500", "400", "100"}


def test_tiles_show_the_counts_of_states_only() -> None:
    """A name that is no state has no tile."""
    picture = picture_of("tiles", HOSTILE)
    assert {"1,200", "4,321"} <= set(texts(picture.wide))
    assert "alert" not in "".join(texts(picture.wide))


def test_every_state_has_one_tile_of_its_own() -> None:
    """Fifty states, the District and the territories, no two in one place."""
    assert len(charts.TILES) == 50 + 1 + 3
    assert len(set(charts.TILES.values())) == len(charts.TILES)


def test_nothing_to_draw_is_drawn_without_error() -> None:
    """Zeros and empty rows give an empty picture."""
    for picture in (
        charts.bars("a", "A", "d", [("x", 0)]),
        charts.stacked("b", "B", "d", [("x", (0, 0, 0))], SERIES),
        charts.columns("c", "C", "d", [("x", (0, 0, 0))], SERIES, "axis"),
        charts.tiles("t", "T", "d", {}, "Loans"),
    ):
        assert "NaN" not in picture.wide + picture.narrow
        ElementTree.fromstring(picture.wide)  # noqa: S314  (our own drawing)


def test_long_labels_are_cut_to_the_width() -> None:
    """A label never runs out of the picture."""
    picture = charts.bars("long", "L", "d", [("word " * 100, 3)])
    assert max(map(len, texts(picture.narrow))) <= charts.NARROW // 7


def test_text_on_every_color_reads_well() -> None:
    """Numbers inside parts keep a contrast of at least 4.5 to 1."""

    def light(color: str) -> float:
        parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    fills = {charts.BLUE, charts.LIGHT_BLUE, charts.TEAL, charts.AMBER, charts.GRAY, charts.PALE}
    for fill in fills:
        svg = charts.stacked("x", "X", "d", [("x", (100,))], [("part", fill)]).wide
        ink = re.search(r'fill="(#[0-9a-f]{6})"[^>]*>100<', svg)
        assert ink is not None
        bright, dark = sorted((light(fill), light(ink.group(1))), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, fill
