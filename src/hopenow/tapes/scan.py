"""Kernels that turn the text of loan-performance files into whole numbers, and say what was wrong with it.

Lines are split and parsed in one pass over the bytes, without making a string for any field. Every value is
an int64: money in cents, rates in millionths, calendar months as ``year * 12 + month - 1``, short words
packed into a number (`layouts.pack`), `NULL` for what is not known. A field that cannot be read is unknown
and gives a finding; a line with the wrong number of fields is not read at all and gives one.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hopenow.mortgage._jit import i64, kernel, types
from hopenow.tapes.layouts import (
    HISTORY,
    MONEY,
    MONTH,
    NAME,
    RATE,
    STATUS,
    STATUS_NEGATIVE,
    STATUS_REO,
    STATUS_UNKNOWN,
    WHOLE,
)

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

NULL: Final = -(2**63)
"""Unknown, in the arrays of these kernels."""

# What parsing a field can say. The first five are also the places of rules in RULES.
OK, BLANK, NULL_WORD, FLOATED, ZERO_LOST, UNREADABLE, INEXACT = range(7)

# Rules that the scanner can break, as numbers; `findings.py` of this room gives them words.
(
    R_FIELD_COUNT,
    R_LOAN_ID,
    R_PERIOD,
    R_NULL_WORD,
    R_FLOAT,
    R_ZERO_LOST,
    R_MONEY,
    R_RATE,
    R_WHOLE,
    R_MONTH,
    R_STATUS,
    R_WORD,
) = range(12)
SCAN_RULES: Final = 12

HISTORY_MONTHS: Final = 24
MAX_FIELDS: Final = 128

_bytes = types.Array(types.uint8, 1, "C", readonly=True)
_ints = types.Array(types.int64, 1, "C", readonly=True)
_ints_out = types.Array(types.int64, 1, "C")
_table = types.Array(types.int64, 2, "C")
_pair = types.UniTuple(types.int64, 2)  # type: ignore[no-untyped-call]


@kernel(types.boolean(_bytes, i64, i64))
def _is_null_word(text: Any, start: int, end: int) -> bool:
    """Tell whether a field holds a word for "nothing": NULL, NA, N/A, NaN, None, or a lone period."""
    size = end - start
    if size > 4 or size < 1:
        return False
    first = text[start] | 32
    if size == 1:
        return bool(text[start] == 46)
    second = text[start + 1] | 32
    if size == 2:
        return bool(first == 110 and second == 97)
    third = text[start + 2] | 32
    if size == 3:
        return bool(
            first == 110 and ((second == 97 and third == 110) or (text[start + 1] == 47 and third == 97))
        )
    fourth = text[start + 3] | 32
    null = second == 117 and third == 108 and fourth == 108
    none = second == 111 and third == 110 and fourth == 101
    return bool(first == 110 and (null or none))


@kernel(_pair(_bytes, i64, i64, i64))
def parse_decimal(text: Any, start: int, end: int, places: int) -> tuple[int, int]:
    """Read a plain decimal number as a whole number of its smallest unit; further digits must be zeros.

    Returns the value (`NULL` unless read) and what parsing says: OK, UNREADABLE or INEXACT.
    """
    negative = text[start] == 45
    place = start + 1 if negative else start
    value = 0
    digits = 0
    after = -1
    exact = True
    while place < end:
        character = int(text[place])
        if 48 <= character <= 57:
            if after < 0 or after < places:
                value = value * 10 + (character - 48)
            elif character != 48:
                exact = False
            digits += 1
            if after >= 0:
                after += 1
        elif character == 46 and after < 0:
            after = 0
        else:
            return NULL, UNREADABLE
        place += 1
    if digits == 0 or digits > 17:
        return NULL, UNREADABLE
    if not exact:
        return NULL, INEXACT
    scale = after if 0 < after < places else (0 if after <= 0 else places)
    for _ in range(places - scale):
        value *= 10
    return (-value if negative else value), OK


@kernel(_pair(_bytes, i64, i64))
def parse_whole(text: Any, start: int, end: int) -> tuple[int, int]:
    """Read a whole number; a float that is whole (``360.0``) is read and said to be FLOATED."""
    negative = text[start] == 45
    place = start + 1 if negative else start
    value = 0
    digits = 0
    while place < end and 48 <= text[place] <= 57:
        value = value * 10 + (int(text[place]) - 48)
        digits += 1
        place += 1
    if digits == 0 or digits > 15:
        return NULL, UNREADABLE
    code = OK
    if place < end:
        if text[place] != 46:
            return NULL, UNREADABLE
        for rest in range(place + 1, end):
            if text[rest] != 48:
                return NULL, UNREADABLE
        code = FLOATED
    return (-value if negative else value), code


@kernel(_pair(_bytes, i64, i64, i64))
def parse_month(text: Any, start: int, end: int, year_first: int) -> tuple[int, int]:
    """Read a month: MMYYYY or YYYYMM, MM/YYYY, MM/DD/YYYY, YYYY-MM-DD; five digits have lost a zero."""
    size = end - start
    code = OK
    if size > 2 and text[end - 2] == 46 and text[end - 1] == 48:
        size -= 2
        code = FLOATED
    last = start + size
    for place in range(start, last):
        if not (48 <= text[place] <= 57 or text[place] == 47 or text[place] == 45):
            return NULL, UNREADABLE
    if size == 10 and text[start + 4] == 45 and text[start + 7] == 45:
        year, bad_year = parse_whole(text, start, start + 4)
        month, bad_month = parse_whole(text, start + 5, start + 7)
    elif size >= 6 and (text[start + 1] == 47 or text[start + 2] == 47):
        slash = start + 1 if text[start + 1] == 47 else start + 2
        month, bad_month = parse_whole(text, start, slash)
        year, bad_year = parse_whole(text, last - 4, last)
    elif size == 6 or (size == 5 and year_first == 0):
        head = size - 4
        if year_first:
            year, bad_year = parse_whole(text, start, start + 4)
            month, bad_month = parse_whole(text, start + 4, last)
        else:
            month, bad_month = parse_whole(text, start, start + head)
            year, bad_year = parse_whole(text, start + head, last)
            if size == 5:
                code = ZERO_LOST
    else:
        return NULL, UNREADABLE
    if bad_year != OK or bad_month != OK or month < 1 or month > 12 or year < 1900 or year > 2200:
        return NULL, UNREADABLE
    return year * 12 + month - 1, code


@kernel(_pair(_bytes, i64, i64))
def parse_status(text: Any, start: int, end: int) -> tuple[int, int]:
    """Read a delinquency status: months, or XX, RA, -1, -2 as their STATUS codes."""
    first = text[start]
    if first == 88 or first == 120:
        return STATUS_UNKNOWN, OK
    if first == 82 or first == 114:
        return STATUS_REO, OK
    value, code = parse_whole(text, start, end)
    if code != UNREADABLE and value < 0:
        return STATUS_NEGATIVE, OK
    return value, code


@kernel(_pair(_bytes, i64, i64))
def parse_word(text: Any, start: int, end: int) -> tuple[int, int]:
    """Pack a word of at most seven printable ASCII characters into a number."""
    if end - start > 7:
        return NULL, UNREADABLE
    value = 0
    for place in range(start, end):
        if text[place] < 33 or text[place] > 126:
            return NULL, UNREADABLE
        value = value * 256 + int(text[place])
    return value, OK


@kernel(_pair(_bytes, i64, i64, i64, i64))
def parse_field(text: Any, start: int, end: int, kind: int, year_first: int) -> tuple[int, int]:
    """Read a field of a kind of `layouts`; spaces around it are ignored."""
    while start < end and text[start] == 32:
        start += 1
    while end > start and text[end - 1] == 32:
        end -= 1
    if start == end:
        return NULL, BLANK
    if (text[start] >= 65 or text[start] == 46) and _is_null_word(text, start, end):
        return NULL, NULL_WORD
    if kind in (MONEY, RATE):
        value, code = parse_decimal(text, start, end, 2 if kind == MONEY else 4)
        if code == OK and value < 0:
            return NULL, UNREADABLE
        return value, code
    if kind == WHOLE:
        value, code = parse_whole(text, start, end)
        if code != UNREADABLE and value < 0:
            return NULL, UNREADABLE
        return value, code
    if kind == MONTH:
        return parse_month(text, start, end, year_first)
    if kind == STATUS:
        return parse_status(text, start, end)
    return parse_word(text, start, end)


@kernel(i64(i64, i64))
def broken_rule(kind: int, code: int) -> int:
    """Rule that a parse code breaks for a kind of field, -1 for none."""
    if code in (OK, BLANK):
        return -1
    if code == NULL_WORD:
        return R_NULL_WORD
    if code == FLOATED:
        return R_FLOAT
    if code == ZERO_LOST:
        return R_ZERO_LOST
    if kind == MONEY:
        return R_MONEY
    if kind == RATE:
        return R_RATE
    if kind == WHOLE:
        return R_WHOLE
    if kind == MONTH:
        return R_MONTH
    if kind == STATUS:
        return R_STATUS
    return R_WORD


@kernel(types.void(_bytes, i64, i64, types.Array(types.int64, 1, "A")))
def parse_history(text: Any, start: int, end: int, months: Any) -> None:
    """Read a payment history, two characters a month, oldest first, into ``months``, newest first."""
    size = (end - start) // 2
    for back in range(HISTORY_MONTHS):
        months[back] = -1
        if back < size:
            place = start + 2 * (size - 1 - back)
            tens = int(text[place]) - 48
            ones = int(text[place + 1]) - 48
            if 0 <= tens <= 9 and 0 <= ones <= 9:
                months[back] = tens * 10 + ones


@kernel(types.boolean(_bytes, i64, i64, i64, i64))
def _same(text: Any, start: int, end: int, other_start: int, other_end: int) -> bool:
    if end - start != other_end - other_start:
        return False
    for step in range(end - start):  # noqa: SIM110  (a kernel has no generators)
        if text[start + step] != text[other_start + step]:
            return False
    return True


@kernel(i64(_ints_out, _table, _table, i64, i64, i64, i64, i64, i64, i64))
def note(
    kept: Any,
    counts: Any,
    events: Any,
    at: int,
    cap: int,
    rule: int,
    field: int,
    line: int,
    start: int,
    end: int,
) -> int:
    """Count a broken rule, and keep it while its rule has room; returns the number of events held."""
    counts[rule, field] += 1
    if kept[rule] < cap and at < events.shape[0]:
        kept[rule] += 1
        events[at, 0] = rule
        events[at, 1] = field
        events[at, 2] = line
        events[at, 3] = start
        events[at, 4] = end
        return at + 1
    return at


_cuts = types.Array(types.int32, 1, "C")


@kernel(i64(_bytes, i64, i64, _cuts))
def find_cuts(text: Any, stop: int, delimiter: int, cuts: Any) -> int:
    """Write down where every delimiter and newline of ``text[:stop]`` stands, and its end."""
    found = 0
    for place in range(stop):
        # No branch: whether a byte is a delimiter cannot be predicted.
        cuts[found] = place
        found += int(text[place] == delimiter) | int(text[place] == 10)
    if stop > 0 and text[stop - 1] != 10:
        cuts[found] = stop
        found += 1
    return found


@kernel(
    types.void(
        _bytes, i64, _cuts, i64, i64, i64, i64, i64, _ints, _ints, _ints, i64, _table, _table, _table,
        _ints_out, _table, _ints_out,
        _ints_out, _table, _table, _ints_out,
    )
)  # fmt: skip
def scan_lines(
    text: Any,
    stop: int,
    cuts: Any,
    cut_count: int,
    first_line: int,
    year_first: int,
    every_row: int,
    id_field: int,
    reads: Any,
    kinds: Any,
    targets: Any,
    cap: int,
    monthly: Any,
    static: Any,
    history: Any,
    lines: Any,
    ids: Any,
    starts: Any,
    kept: Any,
    counts: Any,
    events: Any,
    sums: Any,
) -> None:
    """Parse the lines of ``text[:stop]``, which `find_cuts` has split.

    Args:
        text: bytes of the file.
        stop: one past the last byte of the last line (its newline may be absent).
        cuts: where delimiters and newlines stand.
        cut_count: how many.
        first_line: 1-based number of the first line in the file.
        year_first: six-digit dates are YYYYMM.
        every_row: read the static fields in every row; otherwise only where the loan differs from the row
            above.
        id_field: place of the loan id.
        reads: places of the other fields to read, monthly ones first.
        kinds: kind of each field; its length is the number of fields that a line must have.
        targets: column of each field (`Layout.targets`).
        cap: events kept for each rule.
        monthly: out, [column, row]; columns that no field fills are left alone.
        static: out, [column, loan] ([column, row] with ``every_row``).
        history: out, [loan, month] ([row, month] with ``every_row``).
        lines: out, line number of each row.
        ids: out, [loan, 2]: where the loan's id stands in the text.
        starts: out, first row of each loan; has room for one more than the loans.
        kept: in and out, events kept so far for each rule.
        counts: in and out, [rule, field].
        events: out, [event, 5]: rule, field, line, start, end.
        sums: out: rows, loans, lines that are not blank, lines refused, events, lines.
    """
    width = len(kinds)
    row = 0
    loan = -1
    filled = 0
    refused = 0
    event = 0
    line = first_line
    first = 0  # cut that ends the line's first field
    line_start = 0
    id_start = -1
    id_end = -1
    field_rule = np.empty(MAX_FIELDS, np.int64)
    field_start = np.empty(MAX_FIELDS, np.int64)
    field_end = np.empty(MAX_FIELDS, np.int64)
    field_at = np.empty(MAX_FIELDS, np.int64)
    while first < cut_count:
        # Most lines have the right number of fields, so look there first.
        last = first + width - 1
        good = last < cut_count and (cuts[last] >= stop or text[cuts[last]] == 10)
        if good:
            for cut in range(first, last):
                if text[cuts[cut]] == 10:
                    good = False
                    break
        if not good:
            last = first
            while cuts[last] < stop and text[cuts[last]] != 10:
                last += 1
        line_end = cuts[last]
        if line_end > line_start and text[line_end - 1] == 13:
            line_end -= 1
        if last == first and line_end == line_start:
            line += 1
            line_start = cuts[last] + 1
            first = last + 1
            continue
        filled += 1
        if not good:
            refused += 1
            event = note(kept, counts, events, event, cap, R_FIELD_COUNT, 0, line, line_start, line_end)
            line += 1
            line_start = cuts[last] + 1
            first = last + 1
            continue
        new_start = line_start if id_field == 0 else cuts[first + id_field - 1] + 1
        new_end = min(cuts[first + id_field], line_end)
        while new_start < new_end and text[new_start] == 32:
            new_start += 1
        while new_end > new_start and text[new_end - 1] == 32:
            new_end -= 1
        known = new_end > new_start and not _is_null_word(text, new_start, new_end)
        opened = known and (loan < 0 or not _same(text, new_start, new_end, id_start, id_end))
        slot = row if every_row else loan + 1
        whole = opened or every_row != 0
        if whole:
            for column in range(static.shape[0]):
                static[column, slot] = NULL
            for back in range(HISTORY_MONTHS):
                history[slot, back] = -1
        troubles = 0
        period = True
        for read in range(len(reads)):
            field = reads[read]
            target = targets[field]
            if (target >= 100 or target < 0) and not whole:
                break
            kind = kinds[field]
            start = line_start if field == 0 else cuts[first + field - 1] + 1
            end = cuts[first + field]
            if field == width - 1:
                end = line_end
            if kind == NAME:
                monthly[target, row] = start * 1024 + min(end - start, 1023) if end > start else NULL
                continue
            if kind == HISTORY:
                parse_history(text, start, end, history[slot])
                continue
            if start == end:
                value = NULL
                code = BLANK
            else:
                value, code = parse_field(text, start, end, kind, year_first)
            if target < 100:
                monthly[target, row] = value
                if target == 0 and value == NULL:
                    period = False
            else:
                static[target - 100, slot] = value
            if code > BLANK:
                field_rule[troubles] = broken_rule(kind, code)
                field_at[troubles] = field
                field_start[troubles] = start
                field_end[troubles] = end
                troubles += 1
        if not known:
            refused += 1
            event = note(kept, counts, events, event, cap, R_LOAN_ID, id_field, line, new_start, new_end)
        elif not period:
            refused += 1
            event = note(kept, counts, events, event, cap, R_PERIOD, id_field + 1, line, new_start, line_end)
        else:
            for trouble in range(troubles):
                event = note(
                    kept, counts, events, event, cap, field_rule[trouble], field_at[trouble], line,
                    field_start[trouble], field_end[trouble],
                )  # fmt: skip
            if opened:
                loan += 1
                ids[loan, 0] = new_start
                ids[loan, 1] = new_end
                starts[loan] = row
                id_start = new_start
                id_end = new_end
            lines[row] = line
            row += 1
        line += 1
        line_start = cuts[last] + 1
        first = last + 1
    starts[loan + 1] = row
    sums[0] = row
    sums[1] = loan + 1
    sums[2] = filled
    sums[3] = refused
    sums[4] = event
    sums[5] = line - first_line


@kernel(types.void(_bytes, _ints, i64, i64, _ints_out, _ints_out))
def parse_column(text: Any, offsets: Any, kind: int, year_first: int, values: Any, codes: Any) -> None:
    """Parse a column of strings (Arrow layout: bytes and offsets) into values and parse codes."""
    for row in range(len(offsets) - 1):
        value, code = parse_field(text, offsets[row], offsets[row + 1], kind, year_first)
        values[row] = value
        codes[row] = code


@kernel(i64(_bytes, i64, i64, i64, i64))
def last_loan(text: Any, begin: int, stop: int, delimiter: int, id_field: int) -> int:
    """Where the rows of the last loan begin in ``text[begin:stop]``, which ends with a newline."""
    answer = stop
    id_start = -1
    id_end = -1
    place = stop
    while place > begin:
        line_end = place - 1
        line_start = line_end
        while line_start > begin and text[line_start - 1] != 10:
            line_start -= 1
        start = line_start
        for _ in range(id_field):
            while start < line_end and text[start] != delimiter:
                start += 1
            if start < line_end:
                start += 1
        end = start
        while end < line_end and text[end] != delimiter and text[end] != 13:
            end += 1
        if end > start:
            if id_start < 0:
                id_start = start
                id_end = end
            elif not _same(text, start, end, id_start, id_end):
                return answer
        answer = line_start
        place = line_start
    return answer


@kernel(types.void(_bytes, _ints, types.Array(types.uint8, 1, "C"), _ints_out))
def gather_names(text: Any, places: Any, out: Any, offsets: Any) -> None:
    """Copy the pieces of text that ``places`` (start * 1024 + length) points at, one after another."""
    at = 0
    offsets[0] = 0
    for row in range(len(places)):
        if places[row] != NULL:
            start = places[row] // 1024
            for step in range(places[row] % 1024):
                out[at] = text[start + step]
                at += 1
        offsets[row + 1] = at
