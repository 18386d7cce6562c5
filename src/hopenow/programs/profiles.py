"""What programs made of profiles share: profile files, read strictly, and profiles by name.

A profile restates the words of one agreement or fund as data; which words there are is each program's own.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from hopenow.errors import HopeNowError
from hopenow.law.loader import read_strict
from hopenow.money import cents, ppm


class Strict(BaseModel):
    """A part of a profile: unknown keys and wrong types are refused, and nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Described(Protocol):
    """A profile: its name, and what is wrong between parts that are each well formed."""

    profile: str

    def defects(self) -> Iterable[str]:
        """Yield what is wrong."""
        ...


Some = TypeVar("Some", bound=Described)


def _for_pydantic(read: Callable[[object], int]) -> Callable[[object], object]:
    def convert(value: object) -> object:
        try:
            return read(value)
        except HopeNowError as error:
            raise ValueError(str(error)) from None

    return convert


as_cents = _for_pydantic(cents)
"""Turn published dollars into cents, as a validator."""
as_millionths = _for_pydantic(ppm)
"""Turn a published percent into millionths, as a validator."""


def as_tuple(value: object) -> object:
    """Turn a list into a tuple, as a validator."""
    return tuple(value) if isinstance(value, list) else value


class ByName(Mapping[str, Some]):
    """Profiles by name."""

    def __init__(self, profiles: Iterable[Some]) -> None:
        """Index profiles; their names are expected to differ."""
        self._profiles = {profile.profile: profile for profile in profiles}

    def __getitem__(self, name: str) -> Some:
        """Return a profile, or raise KeyError."""
        return self._profiles[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._profiles)

    def __len__(self) -> int:
        """Return the number of profiles."""
        return len(self._profiles)


def shipped(package: str) -> list[Traversable]:
    """Return the profile files that ship with a package, in the order of their names."""
    folder = importlib.resources.files(package).joinpath("profiles")
    return sorted((item for item in folder.iterdir() if item.name.endswith(".yaml")), key=lambda item: item.name)


def read_profiles(
    files: Iterable[str | Path | Traversable], model: Callable[[object], Some], findings: list[str]
) -> Iterator[tuple[str, Some]]:
    """Read profile files.

    Args:
        files: one profile each.
        model: makes a profile of a file's content, or raises ValidationError.
        findings: gets every defect of every file: unreadable, duplicate or unknown keys, wrong types, what the
            profile itself finds, a name used twice.

    Yields:
        File name and profile, of each file that holds a well-formed one.
    """
    origin: dict[str, str] = {}
    for given in files:
        file = Path(given) if isinstance(given, str) else given
        profile, defects = _read(file, model)
        findings += [f"{file.name}: {defect}" for defect in defects]
        if profile is None:
            continue
        if profile.profile in origin:
            other = origin[profile.profile]
            findings.append(f"{file.name}: the profile {profile.profile!r} already stands in {other}")
        origin[profile.profile] = file.name
        yield file.name, profile


def _read(file: Path | Traversable, model: Callable[[object], Some]) -> tuple[Some | None, list[str]]:
    try:
        content = read_strict(file)
    except HopeNowError as error:
        return None, [str(error).removeprefix(f"{file.name}: ")]
    except (OSError, UnicodeDecodeError) as error:
        return None, [f"cannot be read: {error}"]
    if not isinstance(content, dict):
        return None, ["the file is empty or not a mapping"]
    try:
        profile = model(content)
    except ValidationError as error:
        return None, [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
    return profile, list(profile.defects())
