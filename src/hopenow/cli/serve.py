"""``hopenow serve``: the platform on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import click

from hopenow.cli.console import console


@click.command()
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--workers", default=2, show_default=True, help="Web server processes.")
@click.option("--threads", default=4, show_default=True, help="Threads in each of them.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Folder for database, files and keys.")
def command(port: int, host: str, workers: int, threads: int, data: Path | None) -> None:
    """Run the platform: database, web server and worker together. Ctrl-C stops them cleanly.

    Without DATABASE_URL, PostgreSQL runs from the data folder; nothing needs to be installed. What else can be set
    is in the configuration reference.
    """
    from hopenow.web import configuration, serve

    if data is not None:
        os.environ["HOPENOW_DATA"] = str(data)
    os.environ.setdefault("HOPENOW_ADDRESS", f"http://localhost:{port}")
    settings = configuration.read()
    with serve.prepared(settings) as environment:
        serve.collect_static(settings.data / "static")
        wanted = serve.parts(environment, f"{host}:{port}", workers=workers, threads=threads)
        serve.run(
            wanted,
            started=lambda: console(error=True).print(
                f"Hope Now runs at {settings.address} (Ctrl-C stops it)", highlight=False
            ),
        )
