"""A PostgreSQL of its own for each test process, migrated once; each test gets a copy of the database.

Tests run as the application's role, so they see what a page would see.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

_TEMPLATE = "hopenow_migrated"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """Start the server, migrate the template database, and give the folder of the socket."""
    from hopenow.web import database

    # Not below pytest's own folder: that is cleared by other runs, and closed to the server's user.
    place = tempfile.TemporaryDirectory(prefix="hopenow-")
    folder = Path(place.name)
    os.environ["HOPENOW_DATA"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "hopenow.web.settings"
    with database.embedded(folder / "postgresql", _TEMPLATE) as socket:
        os.environ["PGHOST"] = str(socket)
        (folder / "static").mkdir()
        with psycopg.connect(f"host={socket} user=postgres dbname=postgres", autocommit=True) as administrator:
            # Nothing here needs to survive a crash of the machine.
            administrator.execute("ALTER SYSTEM SET fsync = off")
            administrator.execute("SELECT pg_reload_conf()")
        import django

        django.setup()
        from django.core.management import call_command

        _use(_TEMPLATE)
        call_command("migrate", database="owner", verbosity=0)
        _close()
        yield socket
        _close()
    place.cleanup()


@pytest.fixture
def platform(postgres: Path) -> Iterator[None]:
    """Give the test a database of its own, committed to for real and dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(f"host={postgres} user=postgres dbname=postgres", autocommit=True) as administrator:
        administrator.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} OWNER hopenow_owner")
        _use(name)
        try:
            yield
        finally:
            _close()
            administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _use(name: str) -> None:
    from django.db import connections

    for alias in ("default", "owner"):
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name


def _close() -> None:
    from django.db import connections

    connections.close_all()
