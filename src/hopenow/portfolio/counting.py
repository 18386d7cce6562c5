"""Compiled passes that count results."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hopenow.mortgage._jit import kernel, types

_u8_in = types.Array(types.uint8, 1, "C", readonly=True)
_u32_in = types.Array(types.uint32, 1, "C", readonly=True)
_u8_2d = types.Array(types.uint8, 2, "C", readonly=True)
_u8_out = types.Array(types.uint8, 1, "C")
_u64_2d = types.Array(types.uint64, 2, "C", readonly=True)
_i64_out = types.Array(types.int64, 1, "C")
_i64_2d_out = types.Array(types.int64, 2, "C")


@kernel(*[types.void(places, _u8_in, _i64_2d_out) for places in (_u8_in, _u32_in)])
def cross(places: npt.NDArray[Any], columns: npt.NDArray[np.uint8], counts: npt.NDArray[np.int64]) -> None:
    """Count the loans of each place and column.

    Args:
        places: row of the counts for each loan.
        columns: column of the counts for each loan.
        counts: result, added to.
    """
    for loan in range(places.size):
        counts[places[loan], columns[loan]] += 1


@kernel(types.void(_u8_2d, _u8_2d, _u8_out))
def best(status: npt.NDArray[np.uint8], opened: npt.NDArray[np.uint8], out: npt.NDArray[np.uint8]) -> None:
    """Find the best outlook that the options of each loan open.

    Args:
        status: status code, shape (options, loans).
        opened: outlook that an option with a status opens, shape (options, statuses); lower is better.
        out: result, shape (loans,); holds what a loan has if no option opens more.
    """
    for option in range(status.shape[0]):
        for loan in range(out.size):
            out[loan] = min(out[loan], opened[option, status[option, loan]])


@kernel(types.void(_u64_2d, types.int64, _i64_out, _i64_out))
def bits(
    masks: npt.NDArray[np.uint64], chunk: int, counts: npt.NDArray[np.int64], alone: npt.NDArray[np.int64]
) -> None:
    """Count the loans whose mask has each bit, and those whose mask has that bit alone.

    Args:
        masks: shape (chunks, loans).
        chunk: bits used of a chunk.
        counts: result, shape (chunks * chunk,).
        alone: result, the same.
    """
    for loan in range(masks.shape[1]):
        found, last = 0, 0
        for lane in range(masks.shape[0]):
            left = masks[lane, loan]
            place = lane * chunk
            while left:
                if left & np.uint64(1):
                    counts[place] += 1
                    found += 1
                    last = place
                left >>= np.uint64(1)
                place += 1
        if found == 1:
            alone[last] += 1
