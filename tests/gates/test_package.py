"""What is built is what is meant to ship."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tools.gates.core import ROOT
from tools.gates.text import tracked_files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    """The wheel, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return zipfile.Path(next(folder.glob("*.whl")))


def test_everything_in_the_package_ships(wheel: zipfile.Path) -> None:
    shipped = {name for name in wheel.root.namelist() if not name.endswith("/")}
    wanted = {
        path.relative_to(ROOT / "src").as_posix()
        for path in tracked_files(ROOT)
        if path.is_relative_to(ROOT / "src" / "hopenow")
    }
    assert len(wanted) > 10
    assert wanted - shipped == set()
    assert {name for name in shipped if name.startswith("hopenow/")} - wanted == set()
    assert any(name.endswith("licenses/LICENSE") for name in shipped)


def test_command_is_installed(wheel: zipfile.Path) -> None:
    entry = next(name for name in wheel.root.namelist() if name.endswith("entry_points.txt"))
    assert "hopenow = hopenow.cli:main" in (wheel / entry).read_text()


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    text = (ROOT / "src" / "hopenow" / "__init__.py").read_text(encoding="utf-8")
    version = text.split('__version__ = "')[1].split('"')[0]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {version}" in changelog, f"CHANGELOG.md has no entry for {version}"


def test_package_weighs_little() -> None:
    size = sum(
        path.stat().st_size
        for path in Path(ROOT / "src").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    assert size < 10_000_000
