"""The report: complete, reconciled, honest about what it counts, and safe with hostile input."""

from __future__ import annotations

import datetime
import html
import itertools
import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopenow.facts import schema
from hopenow.pages import share
from hopenow.portfolio.pages import environment
from hopenow.portfolio.report import choose_loans, page_name, portfolio_report, report_html
from hopenow.portfolio.sections import OUTLOOK_WORDS, Sections, merged
from hopenow.portfolio.summary import (
    Assumed,
    Histogram,
    MissingFact,
    OptionCounts,
    Reference,
    RuleLegend,
    RuleSetLegend,
    SourceFile,
    Summary,
)
from hopenow.review.engine import Settings

HOSTILE = "<img src=x onerror=alert(1)>\"'&</style>"
VOID = {"meta", "br", "img", "input", "hr", "link", "path", "rect", "line"}


class Page(HTMLParser):
    """Reads a page strictly: every tag closed in order; notes headings, ids, links and what is loaded."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        assert len(names) == len(attrs), f"an attribute twice in <{tag}>"
        self.tags.append((tag, names))
        if names.get("id"):
            self.ids.append(names["id"] or "")
        if tag == "a":
            self.links.append(names.get("href") or "")
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> while {self.open[-3:]} are open"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.text.append(data)
        if self.open and re.fullmatch(r"h[1-6]", self.open[-1]):
            level, title = self.headings[-1]
            self.headings[-1] = (level, title + data)

    def words(self) -> str:
        """All text, white space collapsed."""
        return " ".join("".join(self.text).split())


def check_page(text: str) -> Page:
    """Check what every page must keep: structure, headings, ids, links, nothing loaded, tables described."""
    page = Page(text)
    tags = [tag for tag, _ in page.tags]
    assert not {"script", "link", "img", "iframe", "object", "embed", "form", "base"} & set(tags)
    assert text.startswith("<!doctype html>")
    assert ("html", {"lang": "en"}) in page.tags
    assert tags.count("main") == 1
    assert tags.count("h1") == 1
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), page.headings
    assert all(title.strip() for _, title in page.headings)
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        assert not re.match(r"[a-z]+:|//", link, re.I), link
        if link.startswith("#"):
            assert link[1:] in page.ids, link
    for tag, names in page.tags:
        assert not [name for name in names if name.startswith("on")], (tag, names)
        assert "src" not in names
        if tag == "th":
            assert names.get("scope") in {"row", "col"}
        for name in ("aria-labelledby", "aria-describedby"):
            assert all(part in page.ids for part in (names.get(name) or "").split()), names
    assert tags.count("table") == tags.count("caption")
    assert not re.search(r"url\((?!#)|@import", text)
    assert "Content-Security-Policy" in text
    return page


def option(
    program: str,
    name: str,
    title: str,
    kind: str,
    eligible: int,
    conditional: int,
    ineligible: int,
    **more: Any,
) -> OptionCounts:
    """An option's counts."""
    statuses = {"eligible": eligible, "conditional": conditional, "ineligible": ineligible}
    verification = {
        "eligible": {"verified": eligible},
        "conditional": {"secondary": conditional},
        "ineligible": {"secondary": ineligible},
    }
    return OptionCounts(program, name, title, kind, statuses=statuses, verification=verification, **more)


def summary_of(state: str = "OH", source: str = "tape.parquet", title: str = "Flex Modification") -> Summary:
    """A summary of 12 rows, 10 of them reviewed, under two programs."""
    change = Histogram(
        "dollars",
        50,
        -500,
        2000,
        {100: 2, 200: 1},
        3,
        Decimal("425.50"),
        Decimal("101.25"),
        Decimal("210.00"),
    )
    outlook = {"keep_eligible": 3, "keep_conditional": 4, "none": 3}
    return Summary(
        hopenow="0.1",
        sources=[SourceFile(source, "facts", 10, "ab")],
        read=12,
        reviewed=10,
        skipped=2,
        skipped_by_reason={"SHAPE-TYPE": 2},
        results=10,
        first_date="2026-09-01",
        last_date="2026-09-30",
        programs={"fannie_mae": 6, "freddie_mac": 4},
        program_titles={"fannie_mae": "Fannie Mae", "freddie_mac": "Freddie Mac"},
        outlook=outlook,
        by_state={state: outlook},
        by_months_delinquent={
            "2": {"keep_eligible": 3},
            "10": {"keep_conditional": 4},
            "unknown": {"none": 3},
        },
        first_eligible={"flex_modification": 3, "none": 7},
        first_possible={"flex_modification": 7, "none": 3},
        options=[
            option("fannie_mae", "valuation", "Property value", "finding", 6, 0, 0),
            option(
                "fannie_mae",
                "flex_modification",
                title,
                "keep",
                2,
                3,
                1,
                failed={"FM-3": 1},
                only_failed={"FM-3": 1},
                words={"binding_limit": {"none": 2, "payment target": 3}},
                payment_change=change,
            ),
            option(
                "freddie_mac",
                "flex_modification",
                title,
                "keep",
                1,
                1,
                2,
                failed={"FM-3": 2, "ENDED": 1},
                payment_change=change,
            ),
            option(
                "fannie_mae",
                "short_sale",
                "Short sale",
                "leave",
                0,
                1,
                5,
                failed={"SS-1": 5},
                only_failed={"SS-1": 4},
            ),
        ],
        missing={
            "occupancy": MissingFact("Do you live in the home?", 4, 6, 1),
            "state": MissingFact("In which state is the home?", 2, 2, 0),
        },
        assumed={"hardship_resolved": Assumed("yes", "The cause is over.", 5)},
        findings={"error": 2},
        findings_by_rule=[
            {"phase": "shape", "severity": "error", "rule": "SHAPE-TYPE", "field": "note_rate", "count": 2}
        ],
        rule_sets=[
            RuleSetLegend(
                "fannie_mae",
                "flex_modification",
                "flex.2024-12",
                "2024-12-01",
                None,
                "Content",
                "Guide",
                "secondary",
                6,
            )
        ],
        rules=[
            RuleLegend(
                "fannie_mae",
                "flex_modification",
                "FM-3",
                "The loan is old enough.",
                "Ask again later.",
                "deny",
                True,
                "Guide",
                "",
                "verified",
                [],
            ),
            RuleLegend(
                "fannie_mae",
                "short_sale",
                "SS-1",
                "The home is for sale.",
                "List the home.",
                "deny",
                True,
                "Guide",
                "",
                "verified",
                [],
            ),
        ],
        references=[Reference("House prices", "FHFA", "2025Q4", "1975", "2025", "verified", "packaged")],
    )


def test_report_is_well_formed_and_stands_alone() -> None:
    """Structure, headings, ids, links, tables."""
    page = check_page(report_html(summary_of()))
    assert [level for level, _ in page.headings].count(2) >= 10


def test_counts_reconcile_at_the_top() -> None:
    """Read = reviewed + skipped, with every reason; a summary that does not add up says so."""
    page = check_page(report_html(summary_of()))
    assert "12 read = equals 10 reviewed + plus 2 skipped" in page.words()
    assert "SHAPE-TYPE" in page.words()
    assert "do not add up" not in page.words()
    broken = summary_of()
    broken.read = 13
    assert "do not add up" in check_page(report_html(broken)).words()


def test_reconcile_table_adds_up() -> None:
    """The last row is the sum of reviewed and skipped, and equals the first."""
    rows = dict(Sections(summary_of()).reconcile().rows)
    assert rows["Rows read"] == rows["Reviewed and skipped together"] == 12


def numbers_in(svg: str) -> set[str]:
    """Numbers written in a drawing, the scale of its legend left out."""
    root = ElementTree.fromstring(svg)  # noqa: S314  (our own drawing)
    for parent in list(root.iter()):
        for child in list(parent):
            if "role-legend" in child.get("class", ""):
                parent.remove(child)
    return {text for text in root.itertext() if re.fullmatch(r"\d[\d,]*", text)}


def test_every_number_in_a_picture_is_in_its_table() -> None:
    """Bars, parts and tiles show nothing that the table below does not."""
    for section in Sections(summary_of()).sections():
        cells = {f"{cell:,}" for table in section.tables for row in table.rows for cell in row if isinstance(cell, int)}
        for picture in section.pictures:
            if picture.name.startswith(("change", "stage")):
                continue  # along an axis the numbers are round marks, not counts
            for svg in (picture.wide, picture.narrow):
                assert numbers_in(svg) <= cells, section.id
            assert numbers_in(picture.wide), section.id


def test_columns_are_drawn_from_the_table() -> None:
    """Each column of the histogram has the table's bin and the table's count."""
    section = next(item for item in Sections(summary_of()).sections() if item.id == "change")
    assert dict(section.tables[0].rows) == {"$100 to $150": 4, "$150 to $200": 0, "$200 to $250": 2}
    assert "$425.50" not in section.says
    assert "$141.83" in section.says


def test_programs_are_added_up_option_by_option() -> None:
    """The same option of two programs is one row; each program has its own below."""
    section = next(item for item in Sections(summary_of()).sections() if item.id == "options")
    assert section.tables[0].rows[0] == ("Flex Modification", 3, 4, 3, 0, 10)
    assert section.tables[1].rows[0] == ("Fannie Mae: Flex Modification", 2, 3, 1, 0, 6)
    both = merged(summary_of().options)
    flex = next(item for item in both if item.id == "flex_modification")
    assert flex.failed == {"FM-3": 3, "ENDED": 1}
    assert flex.payment_change is not None
    assert (flex.payment_change.count, flex.payment_change.total) == (6, Decimal("851.00"))


def test_findings_are_no_options_to_offer() -> None:
    """A finding such as the property value is not shown among the options."""
    for section in Sections(summary_of()).sections():
        assert not [row for table in section.tables for row in table.rows if "Property value" in str(row[0])]


def test_every_section_says_what_it_counts() -> None:
    """Each has unit and denominator in words."""
    for section in Sections(summary_of()).sections():
        assert section.counts.startswith("Counts ")
        assert section.says.endswith((".", "\u201d"))


def test_obstacles_leave_out_options_not_in_force() -> None:
    """ENDED is no rule that a borrower could change."""
    told = Sections(summary_of())
    section = next(item for item in told.sections() if item.id == "binding")
    assert section.tables[0].rows == (
        ("Flex Modification (FM-3): The loan is old enough.", 1, 2, 3),
        ("Short sale (SS-1): The home is for sale.", 4, 1, 5),
    )
    assert "had ended" in str(dict(told.binding_tables())["Flex Modification"].rows)


def test_every_reason_says_what_would_change_it() -> None:
    """The change of each rule stands in its table, with source and mark."""
    words = check_page(report_html(summary_of())).words()
    assert "Ask again later." in words
    assert "Guide [verified]" in words


def test_assumed_facts_are_shown_at_the_top() -> None:
    """With what was assumed and how often."""
    words = check_page(report_html(summary_of())).words()
    assert "Some facts were assumed." in words
    assert "assumed in 5 of 10 results" in words


def test_states_off_the_map_are_named() -> None:
    """Nothing is silently dropped from the map."""
    section = next(item for item in Sections(summary_of(state="unknown")).sections() if item.id == "places")
    assert "unknown 10 (together 10)" in section.note


@pytest.mark.parametrize("field", ["state", "source", "title"])
def test_hostile_words_are_escaped(field: str) -> None:
    """Whatever the tape says is text, never markup."""
    text = report_html(summary_of(**{field: HOSTILE}))
    page = check_page(text)
    assert "<img" not in text
    assert "onerror=alert(1)" in page.words()


def test_empty_review_still_gives_a_page() -> None:
    """Nothing reviewed: the page says so."""
    page = check_page(report_html(Summary(read=3, skipped=3, skipped_by_reason={"SHAPE-X": 3})))
    assert "3 read = equals 0 reviewed + plus 3 skipped" in page.words()
    assert "nothing to show" in page.words()


def test_share_rounds_half_up_and_needs_a_whole() -> None:
    """One decimal; no share of nothing."""
    assert share(1, 3) == "33.3%"
    assert share(1, 2000) == "0.1%"
    assert share(2000, 2000) == "100.0%"
    assert share(0, 0) == "\u2013"


def test_outlook_shares_add_up() -> None:
    """Every outlook is named and the total is the number of results."""
    told = Sections(summary_of())
    section = next(item for item in told.sections() if item.id == "outlook")
    assert len(section.tables[0].rows) == len(told.outlooks) + 1
    assert set(OUTLOOK_WORDS) - set(told.outlooks) == {"help_only"}
    assert section.tables[0].rows[-1] == ("All", 10, "100.0%")


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colors (WCAG)."""

    def light(color: str) -> float:
        full = color if len(color) == 7 else "#" + "".join(2 * digit for digit in color[1:])
        parts = [int(full[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_colors_of_the_pages_read_well() -> None:
    """Text keeps at least 4.5 to 1 on everything it stands on."""
    css = environment().get_template("base.css").render()
    colors = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", css))
    for text, ground in (
        ("ink", "paper"),
        ("soft", "paper"),
        ("soft", "wash"),
        ("soft", "pale"),
        ("primary", "paper"),
        ("primary", "pale"),
        ("deep", "paper"),
        ("good", "good-pale"),
        ("good", "paper"),
        ("maybe", "paper"),
        ("no", "no-pale"),
    ):
        assert contrast(colors[text], colors[ground]) >= 4.5, (text, ground)
    for text, ground in (
        ("#d9e8f6", colors["deepest"]),
        ("#a9c7e6", colors["deepest"]),
        ("#5c3d12", "#fff1d2"),
        ("#8b0a03", "#fff"),
    ):
        assert contrast(text, ground) >= 4.5, (text, ground)


# --- loans that get a page ------------------------------------------------------------------------


@given(st.text(min_size=0, max_size=80))
def test_page_names_are_safe(loan_id: str) -> None:
    """No separators, no markup, no leading dot, one case, not too long."""
    name = page_name(loan_id)
    assert re.fullmatch(r"(?:[A-Z0-9][A-Z0-9_-]{0,63}|[a-z0-9-]{1,32}\.[0-9a-f]{12})\.html", name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a/b", "a\\b"),
        ("abc", "ABC"),
        ("../x", "x"),
        ("1 ", "1"),
        ("CON", "con"),
        ("", "loan"),
        ("\u00e9", "e"),
    ],
)
def test_different_loans_have_different_pages(one: str, other: str) -> None:
    """Also on file systems that do not tell cases apart."""
    assert page_name(one).lower() != page_name(other).lower()


def test_chosen_loans_differ_in_their_first_option(tmp_path: Path) -> None:
    """One of each kind first, in the order of the file, each loan once."""
    path = tmp_path / "result.parquet"
    pl.DataFrame(
        {"loan_id": ["A", "B", "C", "C", "D", "E"], "first_possible": ["x", "x", "y", "x", "none", "x"]},
        schema_overrides={"first_possible": pl.Categorical},
    ).write_parquet(path)
    assert choose_loans(path, 3) == ["A", "C", "D"]
    assert choose_loans(path, 4) == ["A", "B", "C", "D"]
    assert choose_loans(path, 100) == ["A", "B", "C", "D", "E"]
    assert choose_loans(path, 0) == []


def loans(*names: str) -> pl.DataFrame:
    """Canonical facts of a few loans, far from complete."""
    day = datetime.date(2026, 9, 9)
    rows = [
        {"loan_id": name, "evaluation_date": day, "investor": "fannie_mae", "loan_type": "conventional"}
        for name in names
    ]
    return pl.DataFrame(rows, schema={name: schema()[name].dtype for name in rows[0]})


def test_report_writes_loan_pages_beside_it(tmp_path: Path) -> None:
    """The index links to pages that are there; hostile identifiers stay in the folder."""
    names = ("L1", "../../evil", HOSTILE)
    out = portfolio_report(
        summary_of(),
        None,
        tmp_path / "deep" / "report.html",
        5,
        facts=loans(*names),
        settings=Settings(programs=("fannie_mae",)),
    )
    page = check_page(out.read_text(encoding="utf-8"))
    addresses = [html.unescape(link) for link in page.links if link.startswith("loans/")]
    assert len(addresses) == len(names)
    written = {path.name for path in (out.parent / "loans").iterdir()}
    assert written == {address.removeprefix("loans/") for address in addresses}
    for address, name in zip(addresses, names, strict=True):
        text = (out.parent / address).read_text(encoding="utf-8")
        loan = check_page_of_loan(text)
        assert " ".join(name.split()) in loan.words()
        assert "../report.html" in loan.links
    assert not list(tmp_path.rglob("*.partial"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep"]


def check_page_of_loan(text: str) -> Page:
    """A loan's page keeps the same rules."""
    return check_page(text)


def test_loan_pages_come_from_the_chosen_loans(tmp_path: Path) -> None:
    """A function gives the facts of exactly the loans chosen from the result file."""
    path = tmp_path / "result.parquet"
    pl.DataFrame({"loan_id": ["A", "B", "C"], "first_possible": ["x", "x", "y"]}).write_parquet(path)
    asked: list[list[str]] = []

    def facts(names: Any) -> pl.DataFrame:
        asked.append(list(names))
        return loans(*names)

    out = portfolio_report(
        summary_of(), path, tmp_path / "r.html", 2, facts=facts, settings=Settings(programs=("fannie_mae",))
    )
    assert asked == [["A", "C"]]
    assert sorted(item.name for item in (tmp_path / "loans").iterdir()) == ["A.html", "C.html"]
    assert out.is_file()


def test_no_loan_pages_without_facts(tmp_path: Path) -> None:
    """The report alone, and nothing beside it."""
    out = portfolio_report(summary_of(), None, tmp_path / "r.html", 5)
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
