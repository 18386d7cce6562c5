"""The command as a process of its own: how fast it answers, and what Ctrl-C leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.portfolio.tapes import write_table

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "hopenow"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}


def hopenow(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, env=ENVIRONMENT, check=False
    )


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from hopenow.cli import app; app.run(['--help']); "
        "print(sorted({'polars', 'numba', 'numpy', 'pyarrow', 'rich', 'pydantic', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--version"], 0), (["nonsense"], 2), (["review", "none.csv"], 3), (["law", "show", "x"], 3)],
)
def test_exit_codes(arguments: list[str], code: int) -> None:
    done = hopenow(*arguments)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_nothing_but_results_goes_to_standard_output(tmp_path: Path) -> None:
    tape = write_table(tmp_path / "tape.parquet", 50)
    done = hopenow("review", tape, "--out", tmp_path / "out", "--no-report")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "Read 50" in done.stdout
    assert "\x1b[" not in done.stdout


def test_a_reader_that_goes_away_gets_no_traceback() -> None:
    with subprocess.Popen(
        [*COMMAND, "facts", "--markdown"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait(timeout=60)
    assert process.returncode in (0, 1)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_review_leaves_no_half_written_file(tmp_path: Path, sent: signal.Signals, code: int) -> None:
    tape = write_table(tmp_path / "tape.parquet", 4_000)
    out = tmp_path / "out"
    arguments = ["review", str(tape), "--out", str(out), "--batch-rows", "20", "--format", "parquet,csv", "--no-report"]
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        deadline = time.monotonic() + 60
        while not (list(out.glob("*.partial")) if out.exists() else []):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(sent)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == code
    assert "no half-written file is left" in said
    assert "Traceback" not in said
    assert list(out.iterdir()) == []
