"""Accepted differences between published cases and the engine, each with the reading behind it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import yaml

from hopenow.errors import InputError

__all__ = ["Explained", "own_list", "read_explained"]

_KEYS = ("id", "figure", "expected", "got", "reading")


@dataclasses.dataclass(frozen=True)
class Explained:
    """One accepted difference: exactly this figure of this case, expected and got as printed, and why."""

    id: str
    figure: str
    expected: str
    got: str
    reading: str


def own_list() -> Path | None:
    """Return the project's list, ``validation/differences.yaml``, if the package runs from its source tree."""
    path = Path(__file__).parents[3] / "validation" / "differences.yaml"
    return path if path.is_file() else None


def read_explained(path: Path | None = None) -> list[Explained]:
    """Read a list of accepted differences.

    Args:
        path: YAML with the key ``differences``; None takes the project's own, if there is one.

    Raises:
        InputError: it is not such a list.
    """
    path = path or own_list()
    if path is None:
        return []
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    if (
        not isinstance(document, dict)
        or set(document) != {"differences"}
        or not isinstance(document["differences"], list)
    ):
        raise InputError(f"{path.name}: needs exactly one key, 'differences', with a list")
    found, findings = [], []
    for place, item in enumerate(document["differences"], start=1):
        if (
            not isinstance(item, dict)
            or set(item) != set(_KEYS)
            or not all(isinstance(item[key], str) and item[key] for key in _KEYS)
        ):
            findings.append(f"entry {place}: needs exactly the keys {', '.join(_KEYS)}, each with text")
        else:
            found.append(Explained(**item))
    if findings:
        raise InputError(f"{path.name}: not a list of accepted differences", findings)
    return found
