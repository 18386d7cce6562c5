"""Research files: de-identified loan-month and outcome tables, with dictionary, provenance and disclosure report.

Nothing leaves whose owner forbids it (``rights.yaml``): `release` refuses rows of such data; `aggregate` makes
protected counts where those are allowed.
"""

from __future__ import annotations

from hopenow.oversight.research.anonymity import Disclosure, anonymize
from hopenow.oversight.research.release import ForbiddenError, Rights, aggregate, release, rights
from hopenow.oversight.research.tables import Tables, dictionary, from_performance

__all__ = [
    "Disclosure",
    "ForbiddenError",
    "Rights",
    "Tables",
    "aggregate",
    "anonymize",
    "dictionary",
    "from_performance",
    "release",
    "rights",
]
