"""Run every gate over the real tree: ``python -m tools.gates``.

Exit status: 0 when all are green, 1 when any is red.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import partial

from tools.gates.core import ROOT, Finding, Report, apply_exceptions, load_exceptions
from tools.gates.documentation import GATE, PAGES, check_documented
from tools.gates.law import check_law
from tools.gates.locks import check_locks
from tools.gates.money import check_money
from tools.gates.suite import check_collected, check_exit_status
from tools.gates.text import check_text


def project_names() -> dict[str, list[str]]:
    """What must be documented: every command, fact, program, option and rule set there is."""
    commands = importlib.import_module("hopenow.cli.reference")
    facts = importlib.import_module("hopenow.facts")
    registry = importlib.import_module("hopenow.programs.registry")
    programs = [registry.program(name) for name in registry.PROGRAMS]
    options = [option for program in programs for option in program.options]
    return {
        "command": [name for name, _ in commands.every_command()],
        "fact": list(facts.schema()),
        "program": [program.id for program in programs],
        "option": [option.id for option in options],
        "rule set": [rule_set.id for option in options for rule_set in option.law.rule_sets],
    }


def check_documentation() -> Report:
    """Check the project's own names against its own reference pages."""
    try:
        names = project_names()
    except ImportError as error:
        # The other reports are still worth printing.
        finding = Finding("src/hopenow", 0, "import", f"the project's names cannot be listed: {error}")
        return Report(GATE, "names", 1, (finding,))
    return check_documented(names, ROOT / PAGES)


GATES: tuple[Callable[[], Report], ...] = (
    partial(check_money, ROOT),
    partial(check_law, ROOT),
    partial(check_text, ROOT),
    partial(check_locks, ROOT),
    partial(check_collected, ROOT),
    partial(check_exit_status, ROOT),
    check_documentation,
)


def run_all() -> list[Report]:
    """Run all gates with the reviewed exceptions applied."""
    exceptions = load_exceptions()
    reports = [apply_exceptions(gate(), exceptions) for gate in GATES]
    unknown = {exception.gate for exception in exceptions} - {report.gate for report in reports}
    if unknown:
        raise SystemExit(f"the list of exceptions names unknown gates: {', '.join(sorted(unknown))}")
    return reports


def main() -> int:
    """Print all reports; returns the exit status."""
    reports = run_all()
    for report in reports:
        print(report)
    return 0 if all(report.passed for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
