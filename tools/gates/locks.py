"""Gate: the lock files hold nothing but exact releases with hashes, and cover pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tools.gates.core import Finding, Report

GATE = "locks"
_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.-]*)==[0-9][\w.!+]*( ; [^\\]+)? \\$")
_HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")
_REQUIREMENT_NAME = re.compile(r"^[A-Za-z0-9._-]+")


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _line_findings(path: Path, lines: list[str]) -> Iterator[Finding]:
    previous_is_pin = False
    for number, line in enumerate(lines, start=1):
        is_pin, is_hash = bool(_PIN.match(line)), bool(_HASH.match(line))
        if not (is_pin or is_hash or line.startswith("#")):
            message = f"{line.strip()!r} is neither an exact release nor a hash; run `make lock`"
            yield Finding(path.name, number, line.strip(), message)
        if previous_is_pin and not is_hash:
            yield Finding(path.name, number, line.strip(), "the release above has no hash; run `make lock`")
        previous_is_pin = is_pin
    if previous_is_pin:
        yield Finding(path.name, len(lines), lines[-1], "the last release has no hash; run `make lock`")


def _wanted(root: Path, extras: tuple[str, ...]) -> set[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = list(project["dependencies"])
    for extra in extras:
        requirements += project["optional-dependencies"].get(extra, [])
    names = (_REQUIREMENT_NAME.match(requirement) for requirement in requirements)
    return {_canonical(name.group()) for name in names if name}


def check_locks(root: Path) -> Report:
    """Check ``requirements/run.txt`` and ``requirements/dev.txt`` below ``root``."""
    findings: list[Finding] = []
    checked = 0
    for file, extras in (("run.txt", ("web",)), ("dev.txt", ("dev", "web"))):
        path = root / "requirements" / file
        if not path.is_file():
            findings.append(Finding(file, 0, file, "the lock file is missing; run `make lock`"))
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        pins = {_canonical(match["name"]) for line in lines if (match := _PIN.match(line))}
        checked += len(pins)
        findings += _line_findings(path, lines)
        for name in sorted(_wanted(root, extras) - pins):
            message = f"{name} is in pyproject.toml but not locked; run `make lock`"
            findings.append(Finding(file, 0, name, message))
    return Report(GATE, "locked releases", checked, tuple(findings))
