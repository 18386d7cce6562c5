"""Fannie Mae's loan-performance files: 108 and 110 fields, and the two files of the years before 2020."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hopenow.errors import InputError
from hopenow.tapes.batch import Batch
from hopenow.tapes.history import At, read_performance
from hopenow.tapes.layouts import Layout
from hopenow.tapes.loan_months import recognize as _recognize

INVESTOR = "fannie_mae"


def recognize(path: Path) -> Layout | None:
    """Return the layout if the file is one of Fannie Mae's, else None."""
    layout = _recognize(path)
    return layout if layout is not None and layout.investor == INVESTOR else None


def read(paths: Path | str | Iterable[Path | str], *, at: At = "last", **options: Any) -> Iterator[Batch]:
    """Read Fannie Mae files; see `hopenow.tapes.history.read_performance`.

    Raises:
        InputError: a file is not one of Fannie Mae's.
    """
    return read_performance(_only(paths), at=at, **options)


def _only(paths: Path | str | Iterable[Path | str]) -> list[Path]:
    files = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    others = [path for path in files if not path.is_file() or recognize(path) is None]
    if others:
        raise InputError("Not Fannie Mae loan-performance files.", [str(path) for path in others])
    return files
