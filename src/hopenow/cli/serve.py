"""``hopenow serve``: the platform on this machine."""

from __future__ import annotations

import contextlib
import datetime
import os
import tempfile
from pathlib import Path

import click

from hopenow.cli.console import console


@click.command()
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--workers", default=2, show_default=True, help="Web server processes.")
@click.option("--threads", default=4, show_default=True, help="Threads in each of them.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Folder for database, files and keys.")
@click.option("--demo", is_flag=True, help="A made-up alliance; anybody may sign in as anybody, with one click.")
@click.option("--check", is_flag=True, help="Start, ask for the first page, and stop; in a folder of its own.")
def command(port: int, host: str, workers: int, threads: int, data: Path | None, demo: bool, check: bool) -> None:
    """Run the platform: database, web server and worker together. Ctrl-C stops them cleanly.

    Without DATABASE_URL, PostgreSQL runs from the data folder; nothing needs to be installed. What else can be set
    is in the configuration reference. A demonstration has a data folder of its own and is made at its first start,
    with days that count back from that day.
    """
    from hopenow.web import configuration, serve

    say = console(error=True)
    with contextlib.ExitStack() as stack:
        if check and data is None:
            # Not below the user's folder: it is gone again when the check is done.
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hopenow-")))
        if demo:
            os.environ["HOPENOW_MODE"] = configuration.DEMO
            data = data or configuration.folder(os.environ) / "demo"
        if data is not None:
            os.environ["HOPENOW_DATA"] = str(data)
        os.environ.setdefault("HOPENOW_ADDRESS", f"http://localhost:{port}")
        settings = configuration.read()
        serve.free(host, port)
        environment = stack.enter_context(serve.prepared(settings))
        if settings.mode == configuration.DEMO:
            say.print(_demonstration(), highlight=False)
        serve.collect_static(settings.data / "static")

        def started() -> None:
            say.print(f"Hope Now runs at {settings.address} (Ctrl-C stops it)", highlight=False)
            if check:
                status, page = serve.asked(host, port, "/")
                if status != 200 or "Hope Now" not in page:
                    raise serve.ServeError(f"the first page did not come: status {status}")
                say.print("It is ready, and the first page comes.")

        serve.run(
            serve.parts(environment, f"{host}:{port}", workers=workers, threads=threads),
            # In production other hosts than the public one are refused; an answer of any kind shows that it runs.
            ready=lambda: serve.asked(host, port, "/health/ready")[0] in ((200,) if check else range(200, 500)),
            started=started,
            once=check,
        )


def _demonstration() -> str:
    """Make the demonstration where it is not there yet; return what to say of it."""
    from hopenow.web.demo import make

    made = make.make(datetime.datetime.now(datetime.UTC).date())
    if made.again:
        return f"The demonstration is there: {made.people:,} made-up people, {made.cases:,} cases"
    return f"Made up {made.people:,} people and {made.cases:,} cases in every state of their life"
