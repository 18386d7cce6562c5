"""Freddie Mac's loan-level files: origination and monthly performance, 32 fields each, by quarter or year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hopenow.errors import InputError
from hopenow.tapes.batch import Batch
from hopenow.tapes.history import At, read_performance
from hopenow.tapes.layouts import Layout
from hopenow.tapes.loan_months import recognize as _recognize

INVESTOR = "freddie_mac"


def recognize(path: Path) -> Layout | None:
    """Return the layout if the file is one of Freddie Mac's, else None."""
    layout = _recognize(path)
    return layout if layout is not None and layout.investor == INVESTOR else None


def read(paths: Path | str | Iterable[Path | str], *, at: At = "last", **options: Any) -> Iterator[Batch]:
    """Read Freddie Mac files; see `hopenow.tapes.history.read_performance`.

    Raises:
        InputError: a file is not one of Freddie Mac's.
    """
    return read_performance(_only(paths), at=at, **options)


def _only(paths: Path | str | Iterable[Path | str]) -> list[Path]:
    files = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    others = [path for path in files if not path.is_file() or recognize(path) is None]
    if others:
        raise InputError("Not Freddie Mac loan-performance files.", [str(path) for path in others])
    return files
