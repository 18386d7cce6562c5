"""Compiled passes over rule masks: what each loan fails, which facts it still lacks, how often each is lacking."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.mortgage._jit import kernel, types

Masks = npt.NDArray[np.uint64]

# Multiplied by a large odd number, masks that differ in one bit fall far apart; the upper bits are mixed best.
_ODD = np.uint64(np.iinfo(np.uint64).max // 1_000)
_UPPER_HALF = np.uint64(np.iinfo(np.uint32).bits)
_BIT = np.uint64(1)
_u64_in = types.Array(types.uint64, 1, "C", readonly=True)
_u64_out = types.Array(types.uint64, 1, "C")
_u32_out = types.Array(types.uint32, 1, "C")
_u64_2d = types.Array(types.uint64, 2, "C", readonly=True)
_u64_3d = types.Array(types.uint64, _u64_2d.ndim + 1, "C", readonly=True)
_u8_2d = types.Array(types.uint8, 2, "C", readonly=True)
_i64_2d_out = types.Array(types.int64, 2, "C")
_u64_2d_out = types.Array(types.uint64, 2, "C")
_i32_out = types.Array(types.int32, 1, "C")
_bool_in = types.Array(types.boolean, 1, "C", readonly=True)
_u8_out = types.Array(types.uint8, 1, "C")


BYTE = np.iinfo(np.uint8).bits


def whole_bytes(count: int) -> int:
    """Return how many bytes a number of bits takes."""
    return -(-count // BYTE)


def bits_of(flags: pl.Series) -> npt.NDArray[np.uint8]:
    """Return one bit for each flag, lowest first; whole bytes."""
    array = flags.to_arrow()
    return _aligned(array.buffers()[1], array.offset, len(array))


def known_bits(series: pl.Series) -> npt.NDArray[np.uint8] | None:
    """Return one bit for each row, set where its value is known; None where all are."""
    if not series.null_count():
        return None
    array = series.to_arrow()
    return _aligned(array.buffers()[0], array.offset, len(array))


def _aligned(buffer: Any, offset: int, count: int) -> npt.NDArray[np.uint8]:
    data = np.frombuffer(buffer, np.uint8)
    if offset % BYTE == 0:
        return data[offset // BYTE : offset // BYTE + whole_bytes(count)]
    return np.packbits(np.unpackbits(data, count=offset + count, bitorder="little")[offset:], bitorder="little")


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


@kernel(types.void(_u8_2d, _u8_2d, types.uint64, types.uint8, types.uint8, types.uint8, _u64_out, _u64_out, _u8_out))
def answer(
    holds: npt.NDArray[np.uint8],
    known: npt.NDArray[np.uint8],
    decisive: int,
    ruled_out: int,
    open_status: int,
    eligible: int,
    failed: Masks,
    unknown: Masks,
    status: npt.NDArray[np.uint8],
) -> None:
    """Pack the answers of an option's rules into masks, and derive the status of each loan.

    Args:
        holds: one bit for each loan, set where the rule holds, shape (rules, bytes).
        known: one bit for each loan, set where the rule can be decided, shape (rules, bytes).
        decisive: mask of the rules that rule the option out where they fail.
        ruled_out: status of a loan that fails one of these.
        open_status: status of a loan that otherwise fails a rule, or for which one cannot be decided.
        eligible: status of all others.
        failed: result: rule ``n`` is bit ``n``; shape (bytes * 8,), what lies beyond the last loan means nothing.
        unknown: result, the same.
        status: result, the same.
    """
    for byte in range(holds.shape[1]):
        first = byte * BYTE
        for place in range(BYTE):
            failed[first + place], unknown[first + place] = 0, 0
        for rule in range(holds.shape[0]):
            fails = np.uint64(known[rule, byte] & ~holds[rule, byte])
            open_ = np.uint64(np.uint8(~known[rule, byte]))
            for place in range(BYTE):
                failed[first + place] |= ((fails >> np.uint64(place)) & _BIT) << np.uint64(rule)
                unknown[first + place] |= ((open_ >> np.uint64(place)) & _BIT) << np.uint64(rule)
    for loan in range(failed.size):
        answer = eligible
        if failed[loan] | unknown[loan]:
            answer = open_status
        if failed[loan] & decisive:
            answer = ruled_out
        status[loan] = answer


@kernel(types.void(_u8_2d, _bool_in, _u64_in, types.uint64, _u64_out))
def gather_bits(
    bits: npt.NDArray[np.uint8], inverted: npt.NDArray[np.bool_], places: Masks, always: int, out: Masks
) -> None:
    """Gather bits of several columns into one mask for each loan.

    Args:
        bits: one bit for each loan, shape (columns, bytes).
        inverted: columns whose bits count where they are not set.
        places: for each column the place of its bit in the mask.
        always: bits that every loan has.
        out: result, shape (bytes * 8,); what lies beyond the last loan means nothing.
    """
    out[:] = always
    for byte in range(bits.shape[1]):
        for column in range(bits.shape[0]):
            found = np.uint64(np.uint8(~bits[column, byte]) if inverted[column] else bits[column, byte])
            for place in range(BYTE):
                out[byte * BYTE + place] |= ((found >> np.uint64(place)) & _BIT) << places[column]


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
