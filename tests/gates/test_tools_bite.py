"""The linter, type checker, import contracts and test runner are configured so that planted violations fail.

Each test runs the real tool with the project's own configuration on a planted file, and a clean one passes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.gates.core import ROOT

CONFIG = str(ROOT / "pyproject.toml")
CLEAN = """\
'''A clean module.'''

from __future__ import annotations


def twice(number: int) -> int:
    '''Return the double.'''
    return 2 * number
""".replace("'''", '"' * 3)


def run(*command: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment as a module and catch what it says."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def write(folder: Path, name: str, text: str) -> Path:
    """Write one file and return its path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# --- linter ---------------------------------------------------------------------------------------

LINT = {
    "F403": "from math import *\n",
    "E722": "def f() -> int:\n    try:\n        return 1\n    except:\n        return 2\n",
    "BLE001": "def f() -> int:\n    try:\n        return 1\n    except Exception:\n        return 2\n",
    "F821": "x = undefined\n",
    "D103": "def public() -> int:\n    return 1\n",
    "B006": "def f(rows: list[int] = []) -> int:\n    return len(rows)\n",
    "B905": "pairs = list(zip([1], [2]))\n",
    "S102": "exec('1')\n",
    "T201": "print('hello')\n",
    "DTZ011": "import datetime\n\ntoday = datetime.date.today()\n",
    "PGH003": "x: int = 'a'  # type: ignore\n",
    "TID252": "from .money import cents\n",
    "RUF100": "x = 1  # noqa: E501\n",
    "E501": "x = '" + "x" * 120 + "'\n",
}


def lint(path: Path) -> subprocess.CompletedProcess[str]:
    return run("ruff", "check", "--config", CONFIG, "--no-cache", "--output-format", "concise", str(path))


def test_linter_passes_a_clean_module(tmp_path: Path) -> None:
    done = lint(write(tmp_path, "clean.py", CLEAN))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("code", LINT)
def test_linter_refuses(tmp_path: Path, code: str) -> None:
    done = lint(write(tmp_path, "planted.py", LINT[code]))
    assert done.returncode == 1
    assert f" {code} " in done.stdout, done.stdout


def test_there_is_one_linter_configuration() -> None:
    assert not list(ROOT.glob("*ruff.toml")) + list(ROOT.glob("setup.cfg")) + list(ROOT.glob(".flake8"))


# --- type checker ---------------------------------------------------------------------------------

TYPES = {
    "no-untyped-def": "def f(x):\n    return x\n",
    "type-arg": "def f(x: list) -> None: ...\n",
    "return-value": "def f() -> int:\n    return 'a'\n",
    "no-any-return": "import json\n\n\ndef f() -> int:\n    return json.loads('1')\n",
    "unused-ignore": "x: int = 1  # type: ignore[assignment]\n",
    "import-not-found": "import no_such_module\n",
}


def types(folder: Path, path: Path) -> subprocess.CompletedProcess[str]:
    return run("mypy", "--config-file", CONFIG, "--cache-dir", str(folder / "cache"), str(path))


def test_type_checker_bites(tmp_path: Path) -> None:
    clean = types(tmp_path, write(tmp_path, "clean.py", CLEAN))
    assert clean.returncode == 0, clean.stdout + clean.stderr
    for number, (code, text) in enumerate(TYPES.items()):
        done = types(tmp_path, write(tmp_path, f"planted_{number}.py", text))
        assert done.returncode == 1, f"{code}: {done.stdout}{done.stderr}"
        assert f"[{code}]" in done.stdout, done.stdout


# --- import contracts -----------------------------------------------------------------------------

CONTRACTS = {
    "a lower room imports a higher one": ("money.py", "import hopenow.programs\n", "Each room depends only"),
    "review reads tapes": ("review/planted.py", "import hopenow.tapes\n", "Each room depends only"),
    "tapes know the command line": ("tapes/planted.py", "import hopenow.cli\n", "Each room depends only"),
    "facts know the law": ("facts/planted.py", "import hopenow.law\n", "Each room depends only"),
    "errors import anything": ("errors.py", "import hopenow.money\n", "Each room depends only"),
    "a room without a place": ("attic/__init__.py", "", "Each room depends only"),
    "Django in the engine": ("review/planted.py", "import django.db\n", "Nothing below web/ knows Django"),
    "a terminal in the engine": ("mortgage/planted.py", "import click\n", "Only cli/ talks to a terminal"),
    "a connection in the engine": ("reference/planted.py", "import socket\n", "The engine never opens"),
    "pandas": ("tapes/planted.py", "import pandas\n", "Frames are Polars and Arrow"),
}
ROOMS = ("cli", "portfolio", "review", "tapes", "programs", "facts", "law", "reference", "mortgage")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package with every room present, and the project's contracts beside it."""
    shutil.copytree(
        ROOT / "src" / "hopenow", tmp_path / "hopenow", ignore=shutil.ignore_patterns("__pycache__")
    )
    for room in ROOMS:
        folder = tmp_path / "hopenow" / room
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
    shutil.copy(CONFIG, tmp_path / "pyproject.toml")
    return tmp_path


def contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache", "--no-logo", "pyproject.toml"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_contracts_hold(package: Path) -> None:
    done = contracts(package)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("case", CONTRACTS)
def test_contract_breaks_on(package: Path, case: str) -> None:
    name, text, contract = CONTRACTS[case]
    path = package / "hopenow" / name
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" + text)
    done = contracts(package)
    assert done.returncode != 0, done.stdout
    broken = [line for line in done.stdout.splitlines() if line.startswith(contract) and "BROKEN" in line]
    assert broken or "attic" in done.stdout + done.stderr, done.stdout + done.stderr


# --- test runner ----------------------------------------------------------------------------------

RUNNER = {
    "a warning": "import warnings\n\ndef test_it():\n    warnings.warn('old', DeprecationWarning)\n",
    "an unclosed file": "import gc\n\ndef test_it():\n    open(__file__)\n    gc.collect()\n",
    "an unknown marker": "import pytest\n\n@pytest.mark.no_such_marker\ndef test_it(): ...\n",
    "an expected failure that passes": "import pytest\n\n@pytest.mark.xfail\ndef test_it(): ...\n",
    "a plain failure": "def test_it():\n    assert False\n",
    "no test at all": "def helper(): ...\n",
}


def pytest_on(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    write(folder, "test_planted.py", text)
    return run(
        "pytest",
        "-c",
        CONFIG,
        "--rootdir",
        str(folder),
        "-p",
        "no:cacheprovider",
        *options,
        "test_planted.py",
        cwd=folder,
    )


def test_runner_passes_a_good_test_in_random_order(tmp_path: Path) -> None:
    done = pytest_on(tmp_path, "def test_it(): ...\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "--randomly-seed=" in done.stdout
    assert "1 passed" in done.stdout


@pytest.mark.parametrize("case", RUNNER)
def test_runner_refuses(tmp_path: Path, case: str) -> None:
    done = pytest_on(tmp_path, RUNNER[case])
    assert done.returncode != 0, done.stdout


def test_runner_leaves_long_tests_out_of_the_usual_run(tmp_path: Path) -> None:
    text = "import pytest\n\n@pytest.mark.long\ndef test_long(): ...\n\ndef test_short(): ...\n"
    assert "1 passed, 1 deselected" in pytest_on(tmp_path, text).stdout
    assert "1 passed, 1 deselected" in pytest_on(tmp_path, text, "-m", "long").stdout


def test_no_test_reaches_another_machine() -> None:
    import socket

    with socket.socket() as client, pytest.raises(RuntimeError, match="without a network"):
        client.connect(("192.0.2.1", 80))
