"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from hopenow.review import Settings

_Function = TypeVar("_Function", bound=Callable[..., Any])

_SETTINGS = (
    click.option(
        "--assume", metavar="FACT=VALUE", multiple=True,
        help="What-if: take this value where the fact is unknown, and say so everywhere. Repeatable.",
    ),
    click.option(
        "--adopted", metavar="RULESET=DATE", multiple=True,
        help="Day on which the servicer adopted a version of the rules early. Repeatable.",
    ),
    click.option(
        "--program", "programs", metavar="NAME", multiple=True,
        help="Look at this program only (see `hopenow law programs`), or `all`: every program that may be the loan's "
        "own, and those open to anyone. Repeatable.",
    ),
    click.option(
        "--reading", "readings", metavar="NAME=VALUE", multiple=True,
        help="Take another documented reading where sources conflict (see `hopenow law readings`). Repeatable.",
    ),
    click.option(
        "--profile", "profiles", metavar="FILE", multiple=True, type=click.Path(path_type=Path),
        help="A private-label or portfolio profile: what the agreement allows. Repeatable.",
    ),
    click.option(
        "--pool-used", metavar="PROFILE=PERCENT", multiple=True,
        help="How much of a profile's pool has been changed so far. Repeatable.",
    ),
    click.option(
        "--reference", "reference_dir", metavar="DIR", type=click.Path(path_type=Path),
        help="Folder with newer files of the public series.",
    ),
)  # fmt: skip
AT_HELP = "For histories: each loan's last month, each month, or one month (YYYY-MM)."


def with_settings(function: _Function) -> _Function:
    """Add the options that make up the settings of a review."""
    for option in reversed(_SETTINGS):
        function = option(function)
    return function


def chosen(
    assume: tuple[str, ...],
    adopted: tuple[str, ...],
    programs: tuple[str, ...],
    profiles: tuple[Path, ...],
    pool_used: tuple[str, ...],
    reference_dir: Path | None,
    readings: tuple[str, ...] = (),
) -> Settings:
    """Return the settings that the options of `with_settings` ask for."""
    from hopenow.portfolio.choices import settings

    return settings(
        assume=assume,
        adopted=adopted,
        programs=programs,
        profiles=profiles,
        pool_used=pool_used,
        reference_dir=reference_dir,
        readings=readings,
    )
