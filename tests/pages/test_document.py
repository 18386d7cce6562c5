"""The shared page: what it holds, what it escapes, and that it needs nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hopenow.pages import Headline, Section, Table, charts, document, share, write_whole

TABLE = Table(
    "Still home", ("Group", "Loans", "Share"), (("Modified", 1200, "80.0%"), ("All", 2400, "75.0%")), total=True
)


def section(name: str = "home", says: str = "Most are.") -> Section:
    curve = charts.lines(
        f"p-{name}",
        "Curve",
        "About the curve",
        [("A", charts.BLUE, [(0, 1, 1, 1), (12, 0.8, 0.7, 0.9)])],
        ("Months", "Share"),
    )
    return Section(name, "Still home?", says, "Loans helped.", (curve,), (TABLE,))


def page(**other: object) -> str:
    return document("Title", "Lead", [section()], **other)  # type: ignore[arg-type]


def test_page_holds_everything_given() -> None:
    html = page(
        identity=[("File", "a.csv")],
        headline=[Headline("80%", "still home", "of 1,200")],
        notes=["Read with care."],
        behind=[("Sources", TABLE)],
        definitions=[("Home", "Not sold.")],
        closing="The end.",
    )
    for text in (
        "Title",
        "Lead",
        "a.csv",
        "80%",
        "Read with care.",
        "Sources",
        "Not sold.",
        "The end.",
        "1,200",
        "Most are.",
    ):
        assert text in html


def test_page_needs_nothing_from_elsewhere() -> None:
    html = page()
    assert not re.findall(r"(?:src|href)=[\"'](?!#)", html)
    assert "<script" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html


def test_hostile_words_are_escaped() -> None:
    evil = "<img src=x onerror=alert(1)>"
    html = document(evil, evil, [section(says=evil)], notes=[evil], definitions=[(evil, evil)], identity=[(evil, evil)])
    assert "<img" not in html


def test_sections_need_different_ids() -> None:
    with pytest.raises(ValueError, match="different ids"):
        document("Title", "Lead", [section(), section()])


def test_numbers_are_set_as_numbers() -> None:
    html = page(tables_open=True)
    assert '<td class="num">1,200</td>' in html
    assert '<tr class="total">' in html


@pytest.mark.parametrize("kind", ["lines", "intervals"])
def test_pictures_name_themselves_for_screen_readers(kind: str) -> None:
    if kind == "lines":
        picture = charts.lines("x", "A title", "Words", [("A", charts.BLUE, [(0, 1, 1, 1)])], ("m", "s"), percent=True)
    else:
        picture = charts.intervals("x", "A title", "Words", [("A\nB", 0.1, 0.0, 0.2)], "d", reference=0, percent=True)
    for drawing in (picture.wide, picture.narrow):
        assert "A title" in drawing
        assert "Words" in drawing
        assert "<script" not in drawing


@pytest.mark.parametrize(
    ("part", "whole", "text"), [(1, 3, "33.3%"), (1, 2, "50.0%"), (0, 0, "\u2013"), (1, 2000, "0.1%")]
)
def test_share(part: int, whole: int, text: str) -> None:
    assert share(part, whole) == text


def test_write_whole_leaves_nothing_half_written(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    write_whole(target, "one")
    with pytest.raises(UnicodeEncodeError):
        write_whole(target, "\ud800")
    assert target.read_text() == "one"
    assert list(tmp_path.iterdir()) == [target]
