"""Every clock: from what happened to duties, deadlines, protections and rights, with citation and counting.

>>> from hopenow.clocks import derive, read_case                                        # doctest: +SKIP
>>> case = read_case({"case": "A", "loan": {...}, "events": [...]})                      # doctest: +SKIP
>>> derive(case, date(2026, 3, 2)).next                                                 # doctest: +SKIP
"""

from __future__ import annotations

from hopenow.clocks.case import Case, read_case, read_cases
from hopenow.clocks.derive import Clockwork, derive
from hopenow.clocks.events import Event, EventFinding, EventKind, Loan, event_kinds, loan_fields
from hopenow.clocks.policies import DEFAULT, Policies, policy_table
from hopenow.clocks.result import Bar, Breach, Duty, Facts, Legal, Protection, Right, Status, Step
from hopenow.clocks.rulebook import Rule, Rulebook, law_files, rulebook
from hopenow.clocks.simulate import due_counts, shields, simulate
from hopenow.clocks.whatif import Change, WhatIf, what_if

__all__ = [
    "DEFAULT",
    "Bar",
    "Breach",
    "Case",
    "Change",
    "Clockwork",
    "Duty",
    "Event",
    "EventFinding",
    "EventKind",
    "Facts",
    "Legal",
    "Loan",
    "Policies",
    "Protection",
    "Right",
    "Rule",
    "Rulebook",
    "Status",
    "Step",
    "WhatIf",
    "derive",
    "due_counts",
    "event_kinds",
    "law_files",
    "loan_fields",
    "policy_table",
    "read_case",
    "read_cases",
    "rulebook",
    "shields",
    "simulate",
    "what_if",
]
