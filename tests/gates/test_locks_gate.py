"""The lock gate goes red on anything but exact releases with hashes, and on a forgotten `make lock`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.gates.core import ROOT
from tools.gates.locks import check_locks

HASH = "    --hash=sha256:" + "0" * 64
PROJECT = '[project]\ndependencies = ["Polars>=2"]\n[project.optional-dependencies]\ndev = ["types-PyYAML"]\n'
RUN = ["# header", "polars==2.1.0 \\", HASH]
DEV = [*RUN, "types-pyyaml==6.0.12 ; python_version < '4' \\", HASH + " \\", HASH]
PLANTED = {
    "index": [*RUN, "--index·url https://example.org/simple".replace("·", "-")],
    "path": [*RUN, "hopenow @ file:///somewhere"],
    "range": ["polars>=2.1.0 \\", HASH],
    "no hash in the middle": ["polars==2.1.0 \\", "numpy==2.4.6 \\", HASH],
    "no hash at the end": [*RUN, "numpy==2.4.6 \\"],
    "not locked": ["numpy==2.4.6 \\", HASH],
}


def plant(root: Path, run: list[str], dev: list[str]) -> Path:
    """Write a project file and its two locks."""
    (root / "requirements").mkdir()
    (root / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (root / "requirements" / "run.txt").write_text("\n".join(run) + "\n", encoding="utf-8")
    (root / "requirements" / "dev.txt").write_text("\n".join(dev) + "\n", encoding="utf-8")
    return root


def test_good_locks_are_green(tmp_path: Path) -> None:
    report = check_locks(plant(tmp_path, RUN, DEV))
    assert report.passed, str(report)


@pytest.mark.parametrize("lines", PLANTED.values(), ids=PLANTED.keys())
def test_planted_lock_is_red(tmp_path: Path, lines: list[str]) -> None:
    report = check_locks(plant(tmp_path, lines, DEV))
    assert report.findings


def test_missing_and_empty_locks_are_red(tmp_path: Path) -> None:
    root = plant(tmp_path, [], [])
    assert not check_locks(root).passed
    (root / "requirements" / "run.txt").unlink()
    assert any("missing" in finding.message for finding in check_locks(root).findings)


def test_real_locks_are_green() -> None:
    report = check_locks(ROOT)
    assert report.passed, str(report)
