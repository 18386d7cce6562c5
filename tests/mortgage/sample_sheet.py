"""A sheet of loans, worked; apart from the tests, so that little is compiled where it is made on another processor."""

from __future__ import annotations

import numpy as np

from hopenow.mortgage import lanes


def sample_sheet() -> bytes:
    """Return the bytes of a sheet worked twice."""
    rng = np.random.default_rng(5)
    sheet = lanes.blank()
    sheet[lanes.BALANCE :][: lanes.LANES] = rng.integers(10**5, 10**8, lanes.LANES)
    sheet[lanes.MONTHLY :][: lanes.LANES] = rng.integers(1, 100_000, lanes.LANES) / 12e6
    sheet[lanes.FIRST :][: lanes.LANES] = rng.integers(1, 480, lanes.LANES)
    sheet[lanes.LAST :][: lanes.LANES] = 480
    lanes.level(sheet)
    sheet[lanes.LIMIT :][: lanes.LANES] = sheet[lanes.VALUE :][: lanes.LANES] * 0.8
    first = sheet.tobytes()
    lanes.shortest(sheet)
    return first + sheet.tobytes()
