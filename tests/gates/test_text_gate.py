"""The text gate goes red on machine folders, package hosts and remarks on authorship."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools.gates.core import ROOT, apply_exceptions, load_exceptions
from tools.gates.text import check_text, tracked_files

# The dots are taken out before use, so that this file itself stays clean.
PLANTED = {
    name: line.replace("·", "")
    for name, line in {
        "work folder": "see /wo·rk/main/src",
        "root folder": "in '/ro·ot/.cache'",
        "temporary folder": "wrote /tm·p/out.csv",
        "home folder": "/ho·me/someone/data.csv",
        "mac folder": "file:/Us·ers/someone/data.csv",
        "Windows folder": "C:\\Us·ers\\someone",
        "index host": "https://py·pi.org/project/polars",
        "file host": "https://files.python·hosted.org/x.whl",
        "npm host": "https://registry.np·mjs.org/uswds",
        "index option": "pip install --extra-in·dex-url X",
        "wheel folder option": "--find-·links wheels",
        "trailer": "Co-auth·ored-by: someone",
        "authorship": "written by an A·I",
        "merge mark": "<<<<·<<< HEAD",
    }.items()
}
FINE = [
    "the session ends; an assistant counselor works at home/office",
    "see docs/work/notes.md, ../shared/data, $(ROOT)/tm·p/x and ~/work/x".replace("·", ""),
    "available AIR rates; the plan was approved by Aida",
    "https://singlefamily.fanniemae.com/media/work/document",
]


@pytest.mark.parametrize("line", PLANTED.values(), ids=PLANTED.keys())
def test_planted_text_is_red(tmp_path: Path, line: str) -> None:
    (tmp_path / "page.md").write_text(f"# Page\n{line}\n", encoding="utf-8")
    report = check_text(tmp_path)
    assert len(report.findings) == 1, line
    assert report.findings[0].line == 2


@pytest.mark.parametrize("line", FINE)
def test_ordinary_text_is_green(tmp_path: Path, line: str) -> None:
    (tmp_path / "page.md").write_text(line, encoding="utf-8")
    report = check_text(tmp_path)
    assert report.passed, str(report)


def test_nothing_to_check_is_red(tmp_path: Path) -> None:
    (tmp_path / "picture.bin").write_bytes(b"\0\1\2")
    assert not check_text(tmp_path).passed


def test_git_decides_what_is_looked_at(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    for name, text in {".gitignore": "ignored.md\n", "ignored.md": "x", "new.md": "x"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert [path.name for path in tracked_files(tmp_path)] == [".gitignore", "new.md"]


def test_real_tree_is_green() -> None:
    report = apply_exceptions(check_text(ROOT), load_exceptions())
    assert report.passed, str(report)
