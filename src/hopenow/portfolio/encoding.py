"""Compiled passes that turn columns into the pages of a Parquet file.

Each writes one page into a scratch array and returns its length in bytes: first which values are known, then the
known values, in the encodings of the format (https://parquet.apache.org/docs/file-format/data-pages/encodings/).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hopenow.mortgage._jit import kernel, types

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Places = npt.NDArray[Any]

BLOCK = 128
"""Values in a block of differences, and ..."""
MINIBLOCK = 32
"""... in each of its parts, which share a width."""
SHORTEST_RUN = 16
"""Equal values that are worth a run of their own; fewer are packed."""

_BYTE = np.uint64(8)
_LOW = np.uint64(np.iinfo(np.uint8).max)

_u8_in = types.Array(types.uint8, 1, "C", readonly=True)
_u8_out = types.Array(types.uint8, 1, "C")
_u32_in = types.Array(types.uint32, 1, "C", readonly=True)
_i32_in = types.Array(types.int32, 1, "C", readonly=True)
_i32_out = types.Array(types.int32, 1, "C")
_i64_in = types.Array(types.int64, 1, "C", readonly=True)
_i64_out = types.Array(types.int64, 1, "C")
_u64_2d = types.Array(types.uint64, 2, "C", readonly=True)


# --- putting the loans of several parts into one order --------------------------------------------


@kernel(*[types.void(places, _i32_in, _u32_in, _i32_out) for places in (_u8_in, _u32_in)])
def put_codes(places: Places, table: Codes, rows: npt.NDArray[np.uint32], out: Codes) -> None:
    """Translate a part's places through a table and put them at its rows.

    Args:
        places: shape (loans of the part,).
        table: code of each place.
        rows: where each goes; empty where they go where they stand.
        out: shape (all loans,).
    """
    if rows.size:
        for row in range(places.size):
            out[rows[row]] = table[places[row]]
    else:
        for row in range(places.size):
            out[row] = table[places[row]]


@kernel(*[types.void(values, _u8_in, types.int64, _u32_in, _i64_out, _u8_out) for values in (_i32_in, _i64_in)])
def put_numbers(
    values: Places, bitmap: Bytes, start: int, rows: npt.NDArray[np.uint32], out: Integers, known: Bytes
) -> None:
    """Put a part's numbers at its rows.

    Args:
        values: shape (loans of the part,).
        bitmap: one bit for each value, set where it is known; empty where all are.
        start: first bit.
        rows: where each goes; empty where they go where they stand.
        out: shape (all loans,).
        known: 1 where the value is known, shape (all loans,).
    """
    for row in range(values.size):
        place = np.int64(rows[row]) if rows.size else row
        out[place] = values[row]
        known[place] = (bitmap[(start + row) >> 3] >> ((start + row) & 7)) & 1 if bitmap.size else 1


@kernel(types.void(_u8_in, types.int64, _u8_in, types.int64, types.int64, _u32_in, _i64_out, _u8_out))
def put_flags(
    bits: Bytes,
    first: int,
    bitmap: Bytes,
    start: int,
    count: int,
    rows: npt.NDArray[np.uint32],
    out: Integers,
    known: Bytes,
) -> None:
    """Put a part's flags, one bit each from bit ``first``, at its rows; see `put_numbers`."""
    for row in range(count):
        place = np.int64(rows[row]) if rows.size else row
        out[place] = (bits[(first + row) >> 3] >> ((first + row) & 7)) & 1
        known[place] = (bitmap[(start + row) >> 3] >> ((start + row) & 7)) & 1 if bitmap.size else 1


# --- bits and bytes -------------------------------------------------------------------------------


@kernel(types.int64(types.uint64, _u8_out, types.int64))
def _varint(value: Any, out: Bytes, at: int) -> int:
    """Write a number seven bits a byte, lowest first."""
    while value >= np.uint64(128):
        out[at] = (value & np.uint64(127)) | np.uint64(128)
        value >>= np.uint64(7)
        at += 1
    out[at] = value
    return at + 1


@kernel(types.int64(types.int64, _u8_out, types.int64))
def _zigzag(value: int, out: Bytes, at: int) -> int:
    return _varint(np.uint64(value << 1) ^ np.uint64(value >> 63), out, at)


@kernel(types.int64(_i64_in, types.int64, types.int64, types.int64, types.uint64, _u8_out, types.int64))
def _pack(values: Integers, first: int, last: int, base: int, width: Any, out: Bytes, at: int) -> int:
    """Write ``values[first:last] - base`` with ``width`` bits each, lowest first; whole bytes at the end."""
    word, fill = np.uint64(0), np.uint64(0)
    for row in range(first, last):
        value = np.uint64(values[row]) - np.uint64(base)
        word |= value << fill
        fill += width
        if fill >= np.uint64(64):
            for byte in range(8):
                out[at + byte] = (word >> np.uint64(8 * byte)) & _LOW
            at += 8
            fill -= np.uint64(64)
            word = value >> (width - fill) if fill else np.uint64(0)
    while fill > 0:
        out[at] = word & _LOW
        word >>= _BYTE
        at += 1
        fill = fill - _BYTE if fill > _BYTE else np.uint64(0)
    return at


@kernel(types.int64(_i64_in, types.int64, types.uint64, _u8_out, types.int64))
def _hybrid(values: Integers, count: int, width: Any, out: Bytes, at: int) -> int:
    """Write small numbers as runs of equal ones and packed groups of eight."""
    row = 0
    while row < count:
        value = values[row]
        end = row + 1
        while end < count and values[end] == value:
            end += 1
        if end - row >= SHORTEST_RUN or (end == count and end - row >= 8):
            at = _varint(np.uint64(end - row) << np.uint64(1), out, at)
            for byte in range((width + np.uint64(7)) >> np.uint64(3)):
                out[at] = (np.uint64(value) >> np.uint64(8 * byte)) & _LOW
                at += 1
            row = end
            continue
        end = row + 8
        while end < count:
            run = end + 1
            stop = min(end + SHORTEST_RUN, count)
            while run < stop and values[run] == values[end]:
                run += 1
            if run - end == SHORTEST_RUN:
                break
            end += 8
        groups = (end - row) >> 3
        at = _varint((np.uint64(groups) << np.uint64(1)) | np.uint64(1), out, at)
        begin = at
        at = _pack(values, row, min(end, count), 0, width, out, at)
        while at < begin + groups * np.int64(width):
            out[at] = 0
            at += 1
        row = end
    return at


@kernel(types.int64(_u8_in, types.int64, types.boolean, _u8_out))
def _levels(known: Bytes, count: int, all_known: bool, out: Bytes) -> int:
    """Write which values are known: their length in bytes first, then one run, or one bit each."""
    at = 4
    if all_known:
        at = _varint(np.uint64(count) << np.uint64(1), out, at)
        out[at] = 1
        at += 1
    else:
        groups = (count + 7) >> 3
        at = _varint((np.uint64(groups) << np.uint64(1)) | np.uint64(1), out, at)
        for group in range(groups):
            bits = 0
            for place in range(min(8, count - group * 8)):
                bits |= known[group * 8 + place] << place
            out[at] = bits
            at += 1
    for byte in range(4):
        out[byte] = ((at - 4) >> (8 * byte)) & 255
    return at


@kernel(types.int64(_i64_in, _u8_in, types.boolean, _i64_out))
def _dense(values: Integers, known: Bytes, all_known: bool, dense: Integers) -> int:
    count = 0
    if all_known:
        dense[: values.size] = values
        return values.size
    for row in range(values.size):
        dense[count] = values[row]
        count += known[row]
    return count


# --- pages ----------------------------------------------------------------------------------------


@kernel(types.int64(_i64_in, _u8_in, types.boolean, types.boolean, types.int64, _i64_out, _u8_out))
def number_page(
    values: Integers, known: Bytes, all_known: bool, narrow: bool, limit: int, dense: Integers, out: Bytes
) -> int:
    """Write whole numbers as differences from the one before (``DELTA_BINARY_PACKED``).

    Args:
        values: shape (loans,).
        known: 1 where the value is known, shape (loans,).
        all_known: every value is known.
        narrow: the column holds 32 bits, and differences wrap around at 32.
        limit: numbers must lie between its negative and it, both excluded; 0 for no limit.
        dense: scratch, at least shape (loans + 1,).
        out: the page; at least ten bytes a loan and a thousand more.

    Returns:
        Length of the page in bytes; -1 where a number is beyond the limit.
    """
    at = _levels(known, values.size, all_known, out)
    count = _dense(values, known, all_known, dense)
    if limit:
        for row in range(count):
            if dense[row] >= limit or dense[row] <= -limit:
                return -1
    at = _varint(np.uint64(BLOCK), out, at)
    at = _varint(np.uint64(BLOCK // MINIBLOCK), out, at)
    at = _varint(np.uint64(count), out, at)
    at = _zigzag(dense[0] if count else 0, out, at)
    before = dense[0]
    for row in range(1, count):
        value = dense[row]
        dense[row - 1] = np.int64(np.int32(value - before)) if narrow else value - before
        before = value
    count -= 1
    for start in range(0, count, BLOCK):
        stop = min(start + BLOCK, count)
        least = dense[start]
        for row in range(start, stop):
            least = min(least, dense[row])
        at = _zigzag(least, out, at)
        widths = at
        at += BLOCK // MINIBLOCK
        for part in range(BLOCK // MINIBLOCK):
            first, last = start + part * MINIBLOCK, min(start + (part + 1) * MINIBLOCK, stop)
            bits = np.uint64(0)
            for row in range(first, last):
                bits |= np.uint64(dense[row]) - np.uint64(least)
            width = np.uint64(0)
            while bits:
                bits >>= np.uint64(1)
                width += np.uint64(1)
            out[widths + part] = width
            if width:
                end = at + MINIBLOCK // 8 * np.int64(width)
                at = _pack(dense, first, last, least, width, out, at)
                while at < end:
                    out[at] = 0
                    at += 1
    return at


@kernel(types.int64(_i32_in, types.uint64, _i64_out, _u8_out, _u8_out))
def word_page(codes: Codes, width: Any, dense: Integers, known: Bytes, out: Bytes) -> int:
    """Write the places of words in their list (``RLE_DICTIONARY``).

    Args:
        codes: place of each loan's word, negative where there is none, shape (loans,).
        width: bits for the largest place, at least 1.
        dense: scratch, shape (loans,).
        known: scratch, shape (loans,).
        out: the page; at least ten bytes a loan and a thousand more.
    """
    count = 0
    for row in range(codes.size):
        known[row] = codes[row] >= 0
        dense[count] = codes[row]
        count += known[row]
    at = _levels(known, codes.size, count == codes.size, out)
    out[at] = width
    return _hybrid(dense, count, width, out, at + 1)


@kernel(types.int64(_i64_in, _u8_in, types.boolean, _i64_out, _u8_out))
def flag_page(values: Integers, known: Bytes, all_known: bool, dense: Integers, out: Bytes) -> int:
    """Write flags, one bit each (``PLAIN``); arguments as for `number_page`."""
    at = _levels(known, values.size, all_known, out)
    count = _dense(values, known, all_known, dense)
    return _pack(dense, 0, count, 0, np.uint64(1), out, at)


@kernel(types.int64(_i64_in, _u8_in, _u8_out))
def text_page(offsets: Integers, text: Bytes, out: Bytes) -> int:
    """Write texts, each after its length (``PLAIN``); all are known.

    Args:
        offsets: where each text begins, and the end of the last, shape (loans + 1,).
        text: UTF-8.
        out: the page; at least four bytes a loan and a hundred more beyond the text.
    """
    at = _levels(text, offsets.size - 1, True, out)
    for row in range(offsets.size - 1):
        length = offsets[row + 1] - offsets[row]
        for byte in range(4):
            out[at + byte] = (length >> (8 * byte)) & 255
        at += 4
        for place in range(offsets[row], offsets[row + 1]):
            out[at] = text[place]
            at += 1
    return at


@kernel(types.int64(_u64_2d))
def entries(masks: npt.NDArray[np.uint64]) -> int:
    """Count what the lists of `list_page` hold; an empty one counts once."""
    count = 0
    for loan in range(masks.shape[1]):
        own = 0
        for chunk in range(masks.shape[0]):
            left = masks[chunk, loan]
            while left:
                left &= left - np.uint64(1)
                own += 1
        count += max(own, 1)
    return count


@kernel(types.int64(_u64_2d, types.int64, types.uint64, _i64_out, _i64_out, _i64_out, _u8_out))
def list_page(
    masks: npt.NDArray[np.uint64],
    chunk_bits: int,
    width: Any,
    repeats: Integers,
    depths: Integers,
    dense: Integers,
    out: Bytes,
) -> int:
    """Write a list of words for each loan, given as masks over all words (``RLE_DICTIONARY``).

    Args:
        masks: shape (chunks, loans).
        chunk_bits: words in a chunk.
        width: bits for the largest place of a word, at least 1.
        repeats: scratch, as long as `entries` says; so are the next two.
        depths: scratch.
        dense: scratch.
        out: the page; at least ten bytes an entry and a thousand more.
    """
    entry, count = 0, 0
    for loan in range(masks.shape[1]):
        begin = entry
        for chunk in range(masks.shape[0]):
            left = masks[chunk, loan]
            place = chunk * chunk_bits
            while left:
                if left & np.uint64(1):
                    repeats[entry], depths[entry], dense[count] = entry > begin, 3, place
                    entry += 1
                    count += 1
                left >>= np.uint64(1)
                place += 1
        if entry == begin:
            # A list that is there and holds nothing.
            repeats[entry], depths[entry] = 0, 1
            entry += 1
    at = _hybrid(repeats, entry, np.uint64(1), out, 4)
    for byte in range(4):
        out[byte] = ((at - 4) >> (8 * byte)) & 255
    begin = at
    at = _hybrid(depths, entry, np.uint64(2), out, at + 4)
    for byte in range(4):
        out[begin + byte] = ((at - begin - 4) >> (8 * byte)) & 255
    out[at] = width
    return _hybrid(dense, count, width, out, at + 1)
