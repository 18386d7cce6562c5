r"""Gate: what must not stand in any file of the project.

- folders of one person's machine (they help nobody else and tell about the writer),
- addresses and options of package indexes (where packages come from is for the user's own settings to say),
- remarks on who or what typed a text (the project speaks with one voice),
- marks of an unfinished merge.

The patterns are written so that they do not match themselves (``py[p]i``).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.gates.core import Finding, Report

GATE = "text"

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "a folder of one machine; write it relative to the repository",
        re.compile(r"(?<![\w./~$})*-])/(work|root|tmp|opt|mnt|srv|workspace|home/\w+|Users/\w+)/(?=[\w.])"),
    ),
    (
        "a folder of one machine; write it relative to the repository",
        re.compile(r"\b[A-Z]:\\Users\\\w+"),
    ),
    (
        "the host of a package index; name the package, not the place",
        re.compile(
            r"\b(py[p]i\.\w+|pythonh[o]sted\.org|n[p]mjs\.(com|org)|crates\.i[o]|anac[o]nda\.org)", re.I
        ),
    ),
    (
        "an option that names a package index; that is for the user's own settings",
        re.compile(r"--(extra-i[n]dex-url|i[n]dex-url|default-i[n]dex\b|f[i]nd-links|trusted-h[o]st)"),
    ),
    (
        "a remark on who typed this; the project speaks with one voice",
        re.compile(
            r"co-auth[o]red-by|\b(with|by) (an? )?[A]I\b|\b[A]I[- ](assist|gener|written|model)"
            r"|lang[u]age model",
            re.I,
        ),
    ),
    ("the mark of an unfinished merge", re.compile(r"^(<{7}|>{7}|\|{7}) ")),
)


def tracked_files(root: Path) -> list[Path]:
    """Files that git tracks or would track, or every file where there is no git."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode == 0:
        names = sorted({name for name in done.stdout.decode().split("\0") if name})
        return [root / name for name in names if (root / name).is_file()]
    everything = (path for path in root.rglob("*") if path.is_file())
    return sorted(path for path in everything if not _is_hidden(path.relative_to(root)))


def _is_hidden(path: Path) -> bool:
    """Caches and environments; continuous integration's own folder is not one of them."""
    skipped = {"build", "dist", "__pycache__"}
    return any(part in skipped or (part[0] == "." and part != ".ci") for part in path.parts)


def _text_of(path: Path) -> str | None:
    """The file as text, or None for a binary file."""
    data = path.read_bytes()
    if b"\0" in data[:8192]:
        return None
    return data.decode("utf-8", errors="replace")


def _check(name: str, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), start=1):
        for message, pattern in _PATTERNS:
            match = pattern.search(line)
            if match:
                yield Finding(name, number, match.group(), f"{match.group()!r}: {message}")


def check_text(root: Path, files: Sequence[Path] | None = None) -> Report:
    """Check all text files below ``root`` (by default: those git tracks or would track)."""
    checked = 0
    findings: list[Finding] = []
    for path in tracked_files(root) if files is None else files:
        text = _text_of(path)
        if text is None:
            continue
        checked += 1
        findings += _check(path.relative_to(root).as_posix(), text)
    return Report(GATE, "text files", checked, tuple(sorted(set(findings))))
