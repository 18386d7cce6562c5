from __future__ import annotations

import pickle
from datetime import date

import pytest

from hopenow.errors import CoverageError, HopeNowError, InputError, LawError, ReferenceDataError


@pytest.mark.parametrize("kind", [CoverageError, InputError, LawError, ReferenceDataError])
def test_one_base(kind: type[HopeNowError]) -> None:
    assert issubclass(kind, HopeNowError)
    assert str(kind("what is wrong")) == "what is wrong"


def test_coverage_names_the_range() -> None:
    day = date(2024, 1, 1)
    both = CoverageError("the series", day, date(2025, 1, 1), date(2025, 12, 31), "Give a rate.")
    assert (
        str(both) == "the series does not cover 2024-01-01; covered: 2025-01-01 to 2025-12-31. Give a rate."
    )
    assert (
        str(CoverageError("x", day, covered_from=day))
        == "x does not cover 2024-01-01; covered: from 2024-01-01"
    )
    assert (
        str(CoverageError("x", day, covered_to=day))
        == "x does not cover 2024-01-01; covered: until 2024-01-01"
    )


def test_input_carries_every_finding_and_shows_some() -> None:
    error = InputError("bad file", (f"row {row}" for row in range(5)), shown=2)
    assert len(error.findings) == 5
    assert str(error) == "bad file\n- row 0\n- row 1\n- and 3 more"


def test_errors_survive_a_process_boundary() -> None:
    day = date(2024, 1, 1)
    for error in (CoverageError("x", day, day, day, "Hint."), InputError("x", ["y"], shown=1), LawError("x")):
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301  (our own bytes)
        assert str(copy) == str(error)
        assert type(copy) is type(error)
