"""What can be wrong with a history: never silent, always counted."""

from __future__ import annotations

from typing import Final

from hopenow.facts.findings import FindingRule

RULES: Final = (
    FindingRule(
        "HIST-TIME-BACKWARDS", "logic", "warning", "Time runs backwards in the loan's rows.", "They are put in order."
    ),
    FindingRule(
        "HIST-MONTH-TWICE", "logic", "warning", "The month stands twice, with the same figures.", "It counts once."
    ),
    FindingRule(
        "HIST-TWO-LOANS",
        "logic",
        "error",
        "One month has two sets of figures: two loans under one number.",
        "The loan is left out of every figure; give each loan its own number.",
    ),
    FindingRule(
        "HIST-MONTHS-MISSING", "logic", "warning", "Months are missing before this one.", "They count as unknown."
    ),
    FindingRule(
        "HIST-AFTER-END",
        "logic",
        "warning",
        "The loan has rows after it ended.",
        "They are passed over; check the end.",
    ),
    FindingRule(
        "HIST-BALANCE-ROSE",
        "logic",
        "warning",
        "The balance rose without a workout.",
        "Check for a workout that the file does not report; until then it counts as none.",
    ),
    FindingRule(
        "HIST-LATE-JUMPED",
        "logic",
        "warning",
        "The loan became later by more months than have passed.",
        "A payment may have been reversed; the figure is used as it stands.",
    ),
    FindingRule("HIST-LATE-UNKNOWN", "logic", "warning", "Lateness is not given.", "The month counts as unknown."),
    FindingRule(
        "HIST-UNMODIFIED",
        "logic",
        "warning",
        "A modified loan is reported as not modified.",
        "The earlier modification stays counted; check it.",
    ),
    FindingRule(
        "HIST-SPAN",
        "logic",
        "error",
        "The loan's months lie impossibly far apart.",
        "The loan is left out; check its dates.",
    ),
    FindingRule(
        "HIST-END-CODE",
        "logic",
        "warning",
        "The code for the loan's end is not known.",
        "What became of the home counts as unknown.",
    ),
)
"""In the kernel's order (``kernel.R_ORDER`` and following)."""
FIELDS: Final = (
    "month", "month", "month", "month", "month", "balance", "months_late", "months_late", "modified", "month", "ended",
)  # fmt: skip
