"""Gate: every command, fact and rule set of the project is documented.

The pages under ``docs/reference/`` are generated from the code; this gate notices when a name was added and
the pages were not made again. A name counts as documented when a page shows it as code: `` `note_rate` ``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.gates.core import Finding, Report

GATE = "documentation"
PAGES = "docs/reference"
_CODE = re.compile(r"`+([^`\n]+?)`+")


def documented_names(pages: Path) -> set[str]:
    """Everything that any page below ``pages`` shows as inline code."""
    names: set[str] = set()
    for page in sorted(pages.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        names.update(match.strip() for match in _CODE.findall(text))
    return names


def check_documented(names: Mapping[str, Iterable[str]], pages: Path) -> Report:
    """Check that each name appears in the pages.

    Args:
        names: what kind of thing, and its names: ``{"fact": ["note_rate"], "command": ["hopenow review"]}``.
        pages: the folder with the Markdown pages.

    Returns:
        A report that is red for a name without documentation, and for a kind without names.
    """
    shown = documented_names(pages)
    findings = []
    checked = 0
    for kind, members in names.items():
        listed = sorted(set(members))
        if not listed:
            findings.append(Finding(pages.name, 0, kind, f"found no {kind} to check; has the code moved?"))
        checked += len(listed)
        for name in listed:
            if name not in shown:
                message = f"{kind} `{name}` is not documented; make the reference pages again"
                findings.append(Finding(pages.name, 0, name, message))
    return Report(GATE, "names", checked, tuple(findings))
