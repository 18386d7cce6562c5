"""Compiled passes over rule masks: which facts each loan still lacks, and how often each fact is lacking."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import types

from hopenow.mortgage._jit import kernel

Masks = npt.NDArray[np.uint64]

# Multiplied by a large odd number, masks that differ in one bit fall far apart; the upper bits are mixed best.
_ODD = np.uint64(np.iinfo(np.uint64).max // 1_000)
_UPPER_HALF = np.uint64(np.iinfo(np.uint32).bits)
_u64_in = types.Array(types.uint64, 1, "C", readonly=True)
_u64_out = types.Array(types.uint64, 1, "C")
_u32_out = types.Array(types.uint32, 1, "C")
_u64_2d = types.Array(types.uint64, 2, "C", readonly=True)
_u64_3d = types.Array(types.uint64, _u64_2d.ndim + 1, "C", readonly=True)
_u8_2d = types.Array(types.uint8, 2, "C", readonly=True)
_i64_2d_out = types.Array(types.int64, 2, "C")
_u64_2d_out = types.Array(types.uint64, 2, "C")
_i32_out = types.Array(types.int32, 1, "C")
_u8_out = types.Array(types.uint8, 1, "C")


@kernel(types.void(_u64_2d, _u8_2d, _u64_2d, _u64_3d, types.uint8, _u64_2d_out, _i64_2d_out))
def lacking(
    unknown: Masks,
    status: npt.NDArray[np.uint8],
    absent: Masks,
    rule_facts: Masks,
    open_status: int,
    out: Masks,
    counts: npt.NDArray[np.int64],
) -> None:
    """Find the facts that keep each loan's options open.

    Args:
        unknown: rules that cannot be decided, shape (options, loans).
        status: status code, shape (options, loans); only options with ``open_status`` count.
        absent: facts that are unknown, shape (chunks of 63 facts, loans).
        rule_facts: facts behind each rule, shape (options, rules, chunks).
        open_status: code of an open (conditional) option.
        out: facts lacking for any open option, shape (chunks, loans).
        counts: loans that lack a fact for an option, shape (options, chunks * 63).
    """
    options, loans = unknown.shape
    chunks = absent.shape[0]
    for loan in range(loans):
        for option in range(options):
            rest = unknown[option, loan]
            if rest == 0 or status[option, loan] != open_status:
                continue
            for chunk in range(chunks):
                facts = np.uint64(0)
                left = rest
                rule = 0
                while left != 0:
                    if left & np.uint64(1):
                        facts |= rule_facts[option, rule, chunk]
                    left >>= np.uint64(1)
                    rule += 1
                facts &= absent[chunk, loan]
                out[chunk, loan] |= facts
                place = chunk * 63
                while facts != 0:
                    if facts & np.uint64(1):
                        counts[option, place] += 1
                    facts >>= np.uint64(1)
                    place += 1


@kernel(types.void(_u64_2d, _i32_out))
def list_offsets(masks: Masks, offsets: npt.NDArray[np.int32]) -> None:
    """Count the bits of each loan's masks, shape (chunks, loans), into running offsets, shape (loans + 1,)."""
    chunks, loans = masks.shape
    offsets[0] = 0
    for loan in range(loans):
        count = 0
        for chunk in range(chunks):
            left = masks[chunk, loan]
            while left != 0:
                left &= left - np.uint64(1)
                count += 1
        offsets[loan + 1] = offsets[loan] + count


@kernel(types.void(_u64_2d, _u8_out))
def list_values(masks: Masks, values: npt.NDArray[np.uint8]) -> None:
    """Write the places of each loan's bits one after another."""
    chunks, loans = masks.shape
    at = 0
    for loan in range(loans):
        for chunk in range(chunks):
            left = masks[chunk, loan]
            place = chunk * 63
            while left != 0:
                if left & np.uint64(1):
                    values[at] = place
                    at += 1
                left >>= np.uint64(1)
                place += 1


@kernel(types.int64(_u64_in, _i32_out, _u32_out, _u64_out))
def distinct(
    values: Masks, slots: npt.NDArray[np.int32], places: npt.NDArray[np.uint32], found: Masks
) -> int:
    """Find the distinct values, in the order in which they come, and for each row the place of its value among them.

    Args:
        values: shape (loans,).
        slots: table for the search, filled with -1; its length is a power of two above the number of loans.
        places: result, shape (loans,).
        found: result, shape (loans,).

    Returns:
        Number of distinct values; so many entries of ``found`` count.
    """
    count = 0
    last = np.uint64(slots.size - 1)
    for row in range(values.size):
        value = values[row]
        slot = ((value * _ODD) >> _UPPER_HALF) & last
        while slots[slot] >= 0 and found[slots[slot]] != value:
            slot = (slot + np.uint64(1)) & last
        if slots[slot] < 0:
            slots[slot] = count
            found[count] = value
            count += 1
        places[row] = slots[slot]
    return count
