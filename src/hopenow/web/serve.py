"""Runs the whole platform: database, migrations, web server and worker, and stops them in the right order."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from hopenow.errors import HopeNowError
from hopenow.web import configuration, database

_PATIENCE = 20.0
"""Seconds that a process gets to finish what it is doing."""


class ServeError(HopeNowError):
    """A part of the platform did not start, or ended by itself."""


@dataclasses.dataclass(frozen=True)
class Part:
    """One process.

    Attributes:
        name: for messages.
        command: its command line.
        environment: variables beside those of this process.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


@contextlib.contextmanager
def prepared(settings: configuration.Configuration) -> Iterator[dict[str, str]]:
    """Start the embedded database if there is to be one, migrate, and yield the environment for other processes."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.ExitStack() as stack:
        environment = {
            "DJANGO_SETTINGS_MODULE": "hopenow.web.settings",
            "HOPENOW_DATA": str(settings.data),
            "HOPENOW_MODE": settings.mode,
        }
        if settings.embedded:
            environment["PGHOST"] = str(stack.enter_context(database.embedded(settings.data / "postgresql")))
        os.environ.update(environment)
        migrate(owned=settings.embedded or bool(settings.owner_database))
        yield environment


def migrate(*, owned: bool) -> None:
    """Bring the database to this release; without the owner's connection only check that it is there already.

    Raises:
        ServeError: when it is not, and this process may not change it.
    """
    import django
    from django.core.management import call_command
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    from hopenow.web import checks

    django.setup()
    if owned:
        call_command("migrate", database="owner", verbosity=0)
    executor = MigrationExecutor(connections["default"])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise ServeError(
            "the database is older than this release; run `hopenow platform migrate` with HOPENOW_OWNER_DATABASE_URL"
        )
    checks.refuse()
    connections.close_all()


def parts(environment: Mapping[str, str], address: str, *, workers: int, threads: int) -> list[Part]:
    """Return the processes that make up the platform, beside the database."""
    # Where the processes keep their counts together; those of the last run are not this one's.
    counts = Path(environment["HOPENOW_DATA"]) / "metrics"
    shutil.rmtree(counts, ignore_errors=True)
    counts.mkdir(mode=0o700)
    environment = {**environment, "PROMETHEUS_MULTIPROC_DIR": str(counts)}
    web = [
        *(sys.executable, "-m", "gunicorn", "hopenow.web.wsgi:application", "--bind", address),
        *("--workers", str(workers), "--threads", str(threads), "--preload"),
        *("--graceful-timeout", str(int(_PATIENCE)), "--max-requests", "20000", "--max-requests-jitter", "2000"),
        *("--log-level", "warning"),
    ]
    worker = [
        sys.executable,
        "-m",
        "django",
        "procrastinate",
        "worker",
        "--shutdown-graceful-timeout",
        str(int(_PATIENCE)),
    ]
    return [Part("web server", web, environment), Part("worker", worker, environment)]


def run(
    wanted: Sequence[Part],
    *,
    ready: Callable[[], bool] = lambda: True,
    started: Callable[[], None] | None = None,
    once: bool = False,
    patience: float = 60.0,
) -> None:
    """Run processes until one is asked to stop, or one ends by itself; then stop them all.

    Args:
        wanted: the processes.
        ready: asked again and again until it is so.
        started: called then.
        once: stop after that.
        patience: seconds until then.

    Raises:
        ServeError: when one ended by itself, naming it; or when they do not get ready.
    """
    running: list[tuple[Part, subprocess.Popen[bytes]]] = []
    stopping = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        stopping = True

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        for part in wanted:
            # A session of its own: Ctrl-C reaches this process alone, which then stops the others in order.
            process = subprocess.Popen(  # noqa: S603  (commands are made here)
                part.command, env={**os.environ, **part.environment}, start_new_session=True
            )
            running.append((part, process))
        pending, end = True, time.monotonic() + patience
        while not stopping:
            for part, process in running:
                if (code := process.poll()) is not None:
                    raise ServeError(f"the {part.name} ended by itself with status {code}; see its last lines above")
            if pending and ready():
                pending = False
                if started:
                    started()
                stopping = stopping or once
            elif pending and time.monotonic() > end:
                raise ServeError(f"the platform did not answer within {patience:.0f} seconds")
            time.sleep(0.1)
    finally:
        _stop(running)
        for each, handler in before.items():
            signal.signal(each, handler)


def free(host: str, port: int) -> None:
    """Make sure that nobody else listens.

    Raises:
        ServeError: when somebody does, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            raise ServeError(f"cannot listen on {host}, port {port}: {error.strerror}; choose another --port") from None


def asked(host: str, port: int, path: str) -> tuple[int, str]:
    """Ask the running web server for a page; (0, "") when nobody answers yet.

    Returns:
        The status, and the page.
    """
    link = http.client.HTTPConnection("127.0.0.1" if host in ("", "0.0.0.0") else host, port, timeout=10)  # noqa: S104
    try:
        link.request("GET", path, headers={"Host": "localhost", "User-Agent": "hopenow serve"})
        answer = link.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        link.close()


def _stop(running: Sequence[tuple[Part, subprocess.Popen[bytes]]]) -> None:
    for _, process in running:
        if process.poll() is None:
            process.terminate()
    end = time.monotonic() + _PATIENCE + 5
    for _, process in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, end - time.monotonic()))
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def collect_static(target: Path) -> None:
    """Gather style sheets, scripts and fonts for the web server."""
    from django.core.management import call_command

    target.mkdir(parents=True, exist_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)
