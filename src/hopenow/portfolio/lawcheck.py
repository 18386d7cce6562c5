"""Loads every law file strictly and gathers what is wrong, instead of stopping at the first defect."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.resources
from collections.abc import Iterable, Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from hopenow.errors import HopeNowError, InputError, LawError
from hopenow.law import Document, load_documents, load_option
from hopenow.law.loader import read_strict
from hopenow.programs.registry import PROGRAMS

PACKAGE = "hopenow.programs"
DOCUMENTS = "documents.yaml"


@dataclasses.dataclass(frozen=True)
class Checked:
    """How many files and programs were checked, and (file, defect) for each that has one."""

    files: int
    defects: tuple[tuple[str, str], ...]


def check(files: Iterable[Path] = ()) -> Checked:
    """Check the law files of the package and the given ones.

    Args:
        files: option files, tables of documents, or private-label profiles of the user's own.

    Raises:
        InputError: a given file is not there; names all of them.
    """
    given = list(files)
    missing = [f"{path}: there is no such file" for path in given if not path.is_file()]
    if missing:
        raise InputError("files to check are missing", missing)
    defects: list[tuple[str, str]] = []
    count = 0
    for name, path, known in [*_packaged(), *_given(given)]:
        count += 1
        try:
            _load(path, known)
        except HopeNowError as error:
            defects.append((name, str(error)))
    defects += [("registry.yaml", defect) for defect in _registry()] if not defects else []
    for name in PROGRAMS:
        # What one file alone cannot show: rules without words, words without rules.
        try:
            importlib.import_module(f"{PACKAGE}.{name}")
        except HopeNowError as error:
            if not any(str(error) == defect for _, defect in defects):
                defects.append((name, str(error)))
    return Checked(count, tuple(defects))


def _registry() -> list[str]:
    """Compare the registry of programs with what the law files support."""
    try:
        found: list[str] = importlib.import_module(f"{PACKAGE}.coverage").registry_defects()
        return found
    except HopeNowError as error:
        return [str(error)]


Entry = tuple[str, Traversable, dict[str, Document]]


def _packaged() -> Iterator[Entry]:
    root = importlib.resources.files(PACKAGE)
    for folder in sorted((item for item in root.iterdir() if item.is_dir()), key=lambda item: item.name):
        yield from _folder(folder, folder.name)


def _folder(folder: Traversable, name: str) -> Iterator[Entry]:
    known = _documents(folder)
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir() and not item.name.startswith("_"):
            yield from _folder(item, f"{name}/{item.name}")
        elif item.name.endswith(".yaml"):
            yield f"{name}/{item.name}", item, known


def _given(paths: Iterable[Path]) -> Iterator[Entry]:
    own: dict[str, Document] = {}
    for _, item, known in _packaged():
        if item.name == DOCUMENTS:
            own |= known
    for path in paths:
        yield str(path), path, own | _documents(path.parent)


def _documents(folder: Traversable) -> dict[str, Document]:
    table = folder.joinpath(DOCUMENTS)
    try:
        return load_documents(table) if table.is_file() else {}
    except LawError:
        return {}  # reported when the table itself is checked


def _load(path: Traversable, known: dict[str, Document]) -> None:
    content: Any = read_strict(path)
    if path.name == DOCUMENTS:
        load_documents(path)
    elif isinstance(content, dict) and "rule_sets" in content:
        load_option(path, known)
    elif isinstance(content, dict) and "profile" in content:
        module = "assistance_funds" if "fund" in content else "private_label"
        importlib.import_module(f"hopenow.programs.{module}.profile").load_profiles([path], with_shipped=False)
    elif not content:
        raise LawError(f"{path.name}: the file is empty")
