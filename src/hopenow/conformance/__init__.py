"""The conformance kit: worked cases of the guides, run through the real engine and compared to the cent.

A case is facts in and figures out, in a format that anyone can write (see ``docs/conformance.md``). It
asserts only the outputs it lists. A caveat of a case is shown and never hides a difference; a difference that
is accepted stands in ``validation/differences.yaml`` with the reading behind it.
"""

from __future__ import annotations

from hopenow.conformance.files import own_cases
from hopenow.conformance.runner import CaseResult, Difference, run, run_case
from hopenow.conformance.text import count_line, reference, render

__all__ = ["CaseResult", "Difference", "count_line", "own_cases", "reference", "render", "run", "run_case"]
