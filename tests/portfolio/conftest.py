from __future__ import annotations

from pathlib import Path

import pytest

from hopenow.portfolio.pipeline import review_tape
from hopenow.portfolio.summary import Summary
from hopenow.review import Settings
from tests.portfolio.tapes import write_table

PROGRAMS = ("fannie_mae", "freddie_mac")


@pytest.fixture(scope="session")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_table(tmp_path_factory.mktemp("tape") / "tape.parquet")


@pytest.fixture(scope="session")
def reviewed(tape: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Summary, Path]:
    """A review in small pieces, as Parquet and CSV, with one what-if fact."""
    folder = tmp_path_factory.mktemp("reviewed")
    settings = Settings(assume={"hardship_resolved": True}, programs=PROGRAMS)
    return review_tape(tape, folder, settings, formats=("parquet", "csv"), batch_rows=70), folder
