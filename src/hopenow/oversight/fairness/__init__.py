"""Gatekeeping and fairness: who got how far on the way to help, and whom each rule left out.

``examine`` reads a file of applications through a mapping and returns every table; ``write`` puts them into files.
"""

from __future__ import annotations

from hopenow.oversight.fairness.mapping import Mapping, load_mapping, package_mappings
from hopenow.oversight.fairness.run import Choices, Fairness, examine, write

__all__ = ["Choices", "Fairness", "Mapping", "examine", "load_mapping", "package_mappings", "write"]
