"""A whole page from questions, answers, pictures and tables."""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from hopenow.pages import charts
from hopenow.pages.words import MARKS, day, joined, number, words

Cell = str | int
"""A cell of a table: whole numbers are set as numbers, anything else (also decimals) as the text given."""


@dataclasses.dataclass(frozen=True)
class Table:
    """A table as shown: the first cell of a row is its heading; whole numbers are set as numbers."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    total: bool = False


@dataclasses.dataclass(frozen=True)
class Section:
    """A question, its answer in a sentence, a picture, the table behind it and what was counted.

    Attributes:
        id: anchor.
        title: the question.
        says: the answer in a sentence.
        counts: what is counted, in which unit, out of how many.
        pictures: drawn from the tables.
        tables: the same numbers.
        note: how to read it.
    """

    id: str
    title: str
    says: str
    counts: str
    pictures: tuple[charts.Picture, ...]
    tables: tuple[Table, ...]
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Headline:
    """A headline number with what it is a share of."""

    value: str
    label: str
    share: str


def environment(package: str, filters: Mapping[str, Callable[..., Any]] | None = None) -> jinja2.Environment:
    """Return a template environment: everything is escaped, an unknown name is an error.

    Args:
        package: the room whose folder ``templates`` is looked in first; the shared templates (``base.css``,
            ``report.css``, ``parts.html``, ``document.html``) come after it.
        filters: more filters than ``day``, ``words``, ``number`` and ``joined``.
    """
    folders = [importlib.resources.files(name).joinpath("templates") for name in (package, "hopenow.pages")]

    def read(name: str) -> str | None:
        for folder in folders:
            found = folder.joinpath(name)
            if found.is_file():
                return found.read_text(encoding="utf-8")
        return None

    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(read),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"day": day, "words": words, "number": number, "joined": joined, **(filters or {})}
    made.globals |= {"marks": MARKS}
    return made


@functools.cache
def _own() -> jinja2.Environment:
    return environment("hopenow.pages")


def document(
    title: str,
    lead: str,
    sections: Sequence[Section],
    *,
    identity: Sequence[tuple[str, str]] = (),
    headline: Sequence[Headline] = (),
    notes: Sequence[str] = (),
    behind: Sequence[tuple[str, Table]] = (),
    definitions: Sequence[tuple[str, str]] = (),
    closing: str = "",
    tables_open: bool = False,
) -> str:
    """Return a page as HTML.

    Args:
        title: heading and window title.
        lead: what the page is, in a sentence.
        sections: questions and answers, in order; their ids must differ.
        identity: what the figures are of: name and value, such as file and period.
        headline: a few large figures.
        notes: warnings that belong to every figure.
        behind: tables that say what it rests on, each with its heading, folded away.
        definitions: term and meaning.
        closing: last words of the page.
        tables_open: show the tables at once instead of folded away.

    Raises:
        ValueError: when two sections share an id.
    """
    names = [section.id for section in sections]
    if len(set(names)) != len(names):
        raise ValueError(f"sections need different ids: {names}")
    return (
        _own()
        .get_template("document.html")
        .render(
            title=title,
            lead=lead,
            sections=list(sections),
            identity=list(identity),
            headline=list(headline),
            notes=list(notes),
            behind=list(behind),
            definitions=list(definitions),
            closing=closing,
            tables_open=tables_open,
        )
    )


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
