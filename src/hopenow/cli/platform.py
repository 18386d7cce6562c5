"""``hopenow platform``: what the operator does beside running it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hopenow.cli.console import console

if TYPE_CHECKING:
    from hopenow.web.configuration import Configuration

_DATA = click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), help="Folder for database, files and keys."
)
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """Migrate, back up, restore, rotate keys: for whoever runs the platform."""


@command.command()
@_DATA
def migrate(data: Path | None) -> None:
    """Bring the database to this release, and check that it protects cases; needs HOPENOW_OWNER_DATABASE_URL."""
    from hopenow.web import serve

    with serve.prepared(_settings(data)):
        console(error=True).print("The database is that of this release, and protects every case.")


@command.command()
@click.argument("file", type=_FILE)
@click.option("--keys", type=_FILE, required=True, help="File of keys to make; keep it somewhere else.")
@click.option("--administrator", default="", help="URL of a role that passes row-level security (not embedded).")
@_DATA
def backup(file: Path, keys: Path, administrator: str, data: Path | None) -> None:
    """Write database and files into one encrypted FILE; also while the platform runs."""
    from hopenow.web import backup as backups

    backups.make(_settings(data), file, keys, administrator)
    say = console(error=True)
    say.print(f"Backed up to {file}", highlight=False, soft_wrap=True)
    say.print(f"It opens only with {keys}; keep that file somewhere else.", highlight=False, soft_wrap=True)


@command.command()
@click.argument("file", type=_FILE)
@click.option("--keys", type=_FILE, required=True, help="The backup's file of keys.")
@_DATA
def restore(file: Path, keys: Path, data: Path | None) -> None:
    """Bring a backup back into an empty data folder, and check its ledger."""
    from hopenow.web import backup as backups
    from hopenow.web import configuration, serve

    target = data or configuration.read().data
    backups.restore(file, keys, target)
    with serve.prepared(_settings(target)):
        from hopenow.web.acting import serving
        from hopenow.web.cases import ledger
        from hopenow.web.cases.models import Event

        with serving("operations"):
            faults, events = list(ledger.verify()), Event.objects.count()
    if faults:
        raise backups.BackupError(f"restored, but {len(faults)} things in the ledger do not agree; run hopenow verify")
    console(error=True).print(f"Restored to {target}: {events:,} events, every one agrees", highlight=False)


@command.command("rotate-keys")
@_DATA
def rotate_keys(data: Path | None) -> None:
    """Put every case's keys and every second factor under the first key of HOPENOW_FIELD_KEYS."""
    from hopenow.web import serve

    with serve.prepared(_settings(data)):
        from hopenow.web.rotation import rotate

        count = rotate()
    console(error=True).print(f"{count:,} keys and secrets were put under the current key", highlight=False)


def _settings(data: Path | None) -> Configuration:
    """Read the configuration, with another data folder if one is named."""
    from hopenow.web import configuration

    if data is not None:
        os.environ["HOPENOW_DATA"] = str(data)
    return configuration.read()
