"""What every reference table shares: where it lies, what it says about itself, how a file is read.

A table comes from the package, or from a newer file in a folder of the user's. The folder is given as
``directory=`` or, for a whole process, by the environment variable ``HOPENOW_REFERENCE_DIR``; an explicit
argument wins. A file there takes precedence over the package's table, and what is used is always shown
(:class:`TableInfo`). A file name that no table knows is an error, because a misspelled name would otherwise
leave the old table in force unnoticed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Hashable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, cast

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from hopenow.errors import InputError, ReferenceDataError

Verification = Literal["verified", "secondary", "unverified"]
"""How sure a figure is: the publisher's own text or data; a careful account of it; or uncertain."""

VERIFICATION_WORDS: Final[tuple[Verification, ...]] = ("verified", "secondary", "unverified")
VERIFICATION: Final = pl.Enum(VERIFICATION_WORDS)

DIRECTORY_VARIABLE: Final = "HOPENOW_REFERENCE_DIR"

PACKAGE_FILES: Final[dict[str, str]] = {
    "house_price_state": "house_price_state.parquet",
    "house_price_metro": "house_price_metro.parquet",
    "pmms_30yr": "pmms_30yr.parquet",
    "modification_rates": "modification_rates.yaml",
    "state_foreclosure": "state_foreclosure.yaml",
}
"""Each table's file inside the package."""

ACCEPTED_FILES: Final[dict[str, tuple[str, ...]]] = {
    "house_price_state": ("house_price_state.parquet", "hpi_at_state.csv", "hpi_at_state.csv.gz"),
    "house_price_metro": ("house_price_metro.parquet", "hpi_at_metro.csv", "hpi_at_metro.csv.gz"),
    "pmms_30yr": ("pmms_30yr.parquet", "pmms_history.csv", "mortgage30us.csv", "pmms_30yr.csv"),
    "modification_rates": ("modification_rates.csv",),
    "state_foreclosure": ("state_foreclosure.yaml",),
}
"""The file names looked for in the user's folder, in upper or lower case: the publishers' own and ours."""

_IGNORED_SUFFIXES: Final = (".md", ".txt")
_FINDINGS_PER_CHECK: Final = 100


@dataclass(frozen=True, slots=True)
class TableInfo:
    """What a reference table says about itself.

    Attributes:
        id: the table's name, as in :data:`PACKAGE_FILES`.
        title: what it holds, in words.
        unit: unit of the figures as stored.
        source: who published them, and where.
        edition: which issue of the publication.
        verification: every verification word that occurs in the table, strongest first.
        first: first day that the figures are about (first day of a quarter for a quarterly series); None if
            undated.
        last: last such day; None if undated.
        rows: number of figures or entries.
        origin: ``"package"``, or the path of the user's file.
        note: anything a reader has to know before using it.
    """

    id: str
    title: str
    unit: str
    source: str
    edition: str
    verification: tuple[Verification, ...]
    first: date | None
    last: date | None
    rows: int
    origin: str
    note: str = ""


class StrictModel(BaseModel):
    """A model that forbids unknown keys and cannot be changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_Model = TypeVar("_Model", bound=BaseModel)


class _UniqueKeyLoader(yaml.CSafeLoader):
    """Plain YAML in which a key given twice is an error; PyYAML alone would silently keep the later one."""


def _unique_mapping(loader: _UniqueKeyLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    seen: set[Hashable] = set()
    for key_node, _ in node.value:
        key = cast(Hashable, loader.construct_object(key_node, deep=True))
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} is given twice", key_node.start_mark
            )
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)


def package_file(name: str) -> Path:
    """Return the path of a file in this room's ``data`` folder.

    Raises:
        ReferenceDataError: the installation lacks the file.
    """
    path = Path(str(files("hopenow.reference"))) / "data" / name
    if not path.is_file():
        raise ReferenceDataError(
            f"The reference table {name} is missing from this installation. Reinstall hopenow."
        )
    return path


_FOLDER: ContextVar[Path | str | None] = ContextVar("reference folder", default=None)


@contextlib.contextmanager
def reference_folder(directory: Path | str | None) -> Iterator[None]:
    """Take the user's folder for every table that is asked for without one, in this thread and this block.

    A review runs in such a block, so that every program finds the newer files of its settings.

    Args:
        directory: the user's folder; None changes nothing.
    """
    token = _FOLDER.set(directory if directory is not None else _FOLDER.get())
    try:
        yield
    finally:
        _FOLDER.reset(token)


def locate(table_id: str, directory: Path | str | None = None) -> Path | None:
    """Return the user's file for a table, or None where the package's own table is to be used.

    Args:
        table_id: a key of :data:`ACCEPTED_FILES`.
        directory: the user's folder; None takes that of :func:`reference_folder`, or else the one that
            ``HOPENOW_REFERENCE_DIR`` names.

    Raises:
        ReferenceDataError: the folder does not exist, holds a file name that no table knows, or two files for
            one table.
    """
    directory = directory if directory is not None else _FOLDER.get()
    chosen = directory if directory is not None else os.environ.get(DIRECTORY_VARIABLE)
    if not chosen:
        return None
    folder = Path(chosen)
    if not folder.is_dir():
        where = "given as directory" if directory is not None else f"named by {DIRECTORY_VARIABLE}"
        raise ReferenceDataError(f"The reference folder {folder} ({where}) does not exist.")
    known = {name: table for table, names in ACCEPTED_FILES.items() for name in names}
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        name = path.name.lower()
        if not path.is_file() or name.startswith(".") or name.endswith(_IGNORED_SUFFIXES):
            continue
        if name not in known:
            raise ReferenceDataError(
                f"{path} is not a reference file that Hope Now knows. "
                f"Accepted names: {', '.join(sorted(known))}."
            )
        found.setdefault(known[name], []).append(path)
    for table, paths in found.items():
        if len(paths) > 1:
            names = " and ".join(path.name for path in paths)
            raise ReferenceDataError(f"{folder} holds {names} for the table {table}. Keep one.")
    return found[table_id][0] if table_id in found else None


def stamp(path: Path | None) -> tuple[int, int]:
    """Return a file's size and time of change, for cache keys, so that a replaced file is read again."""
    if path is None:
        return 0, 0
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def read_yaml(path: Path, model: type[_Model]) -> _Model:
    """Read a YAML file into a strict model.

    Raises:
        ReferenceDataError: it is not YAML, repeats a key, or is not what the model demands; lists every
            finding.
    """
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader
        return model.model_validate(raw)
    except yaml.YAMLError as error:
        raise ReferenceDataError(f"{path} cannot be read as YAML: {error}") from error
    except ValidationError as error:
        findings = "\n".join(
            f"- {'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()
        )
        raise ReferenceDataError(f"{path} is not a valid reference table:\n{findings}") from error


def read_text_csv(path: Path, *, has_header: bool) -> pl.DataFrame:
    """Read a comma-separated file with every cell as text; a column ``row`` holds the line's number, from 1.

    Text, because figures must reach their exact integer unit without passing through a binary float.

    Raises:
        InputError: the file is not readable as a table.
    """
    try:
        frame = pl.read_csv(path, has_header=has_header, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path} cannot be read as a comma-separated table: {error}") from error
    return frame.with_row_index("row", offset=2 if has_header else 1)


def row_findings(frame: pl.DataFrame, bad: pl.Expr, text: str, column: str) -> list[str]:
    """Return one finding for each row (the first hundred) where ``bad`` is true or unknown.

    Args:
        frame: rows with a ``row`` column.
        bad: Boolean expression.
        text: what is wrong.
        column: the column whose value is quoted.
    """
    hits = frame.filter(bad.fill_null(value=True)).select("row", column)
    found = [f"row {row}: {value!r} {text}" for row, value in hits.head(_FINDINGS_PER_CHECK).iter_rows()]
    if hits.height > _FINDINGS_PER_CHECK:
        found.append(f"and {hits.height - _FINDINGS_PER_CHECK} more rows: {text}")
    return found


def decimal_units(column: str, places: int) -> pl.Expr:
    """Return an expression that reads a non-negative decimal text as whole units of 10**-places, exactly.

    Null where the text is not such a number or has more decimals than that.
    """
    text = pl.col(column).str.strip_chars()
    pattern = rf"^\d{{1,9}}(\.\d{{0,{places}}}0*)?$"
    whole = text.str.extract(r"^(\d+)", 1).cast(pl.Int64, strict=False)
    part = text.str.extract(r"\.(\d*)$", 1).fill_null("").str.pad_end(places, "0").str.slice(0, places)
    return pl.when(text.str.contains(pattern)).then(whole * 10**places + part.cast(pl.Int64, strict=False))


def read_series(path: Path) -> tuple[pl.DataFrame, dict[str, str]]:
    """Read one of our Parquet tables together with the description stored in it.

    Raises:
        ReferenceDataError: the file is not readable or carries no description.
    """
    try:
        frame = pl.read_parquet(path)
        metadata = pl.read_parquet_metadata(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ReferenceDataError(f"{path} cannot be read as Parquet: {error}") from error
    lacking = {"title", "unit", "source", "edition", "verification"} - metadata.keys()
    if lacking:
        raise ReferenceDataError(
            f"{path} does not say its {', '.join(sorted(lacking))}. Make it with tools/build_reference.py."
        )
    return frame, metadata


def verification_word(text: str, where: str) -> Verification:
    """Return ``text`` as a verification word.

    Raises:
        ReferenceDataError: it is none.
    """
    for word in VERIFICATION_WORDS:
        if word == text:
            return word
    raise ReferenceDataError(
        f"{where}: {text!r} is not a verification word. Use {', '.join(VERIFICATION_WORDS)}."
    )
