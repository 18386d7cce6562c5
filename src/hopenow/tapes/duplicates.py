"""Finds a loan that is twice on a tape, however long the tape is."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from hopenow.mortgage._jit import kernel, types

_Hashes = npt.NDArray[np.uint64]

_FIRST_SLOTS: Final = 1 << 17
_MOST_FULL: Final = 0.6
_ONE, _OTHER = np.uint64(np.iinfo(np.uint64).max // 1_000), np.uint64(np.iinfo(np.uint64).max // 7 | 1)
_UPPER_HALF = np.uint64(np.iinfo(np.uint32).bits)
_u64_in = types.Array(types.uint64, 1, "C", readonly=True)
_i32_in = types.Array(types.int32, 1, "C", readonly=True)
_u64_2d = types.Array(types.uint64, 2, "C")
_bool_out = types.Array(types.boolean, 1, "C")


class Duplicates:
    """Remembers which loans a tape has shown, for any number of batches, in about 32 bytes a loan.

    A loan on a date is kept as two independent 64-bit hashes, in a table that doubles when it fills up.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._table: _Hashes = np.zeros((_FIRST_SLOTS, 2), np.uint64)
        self._kept = 0

    def repeated(self, loans: pl.DataFrame) -> pl.Series:
        """Tell for each row whether its loan was seen before for its date; remember the new ones.

        Args:
            loans: ``loan_id`` and, where a loan may be there once for each, ``evaluation_date``.
        """
        if "evaluation_date" in loans.columns:
            dates = loans["evaluation_date"].to_physical().fill_null(0).to_numpy()
        else:
            dates = np.zeros(loans.height, np.int32)
        self._make_room(loans.height)
        repeated = np.zeros(loans.height, np.bool_)
        one, other = (_hashes(loans["loan_id"], seed) for seed in (7, 11))
        self._kept += remember(one, other, dates, self._table, repeated)
        return pl.Series("repeated", repeated)

    def _make_room(self, more: int) -> None:
        slots = len(self._table)
        while self._kept + more > _MOST_FULL * slots:
            slots *= 2
        if slots > len(self._table):
            table = np.zeros((slots, 2), np.uint64)
            move(self._table, table)
            self._table = table


def _hashes(loans: pl.Series, seed: int) -> Any:
    return loans.hash(seed).to_numpy()


@kernel(types.int64(_u64_in, _u64_in, _i32_in, _u64_2d, _bool_out))
def remember(
    one: _Hashes, other: _Hashes, dates: npt.NDArray[np.int32], table: _Hashes, repeated: npt.NDArray[np.bool_]
) -> int:
    """Look each loan up in the table and put it there.

    Args:
        one: a hash of each loan, shape (loans,).
        other: an independent hash of each loan, shape (loans,).
        dates: days since 1970, shape (loans,).
        table: pairs of hashes, shape (slots, 2), both zero where empty; the number of slots is a power of two.
        repeated: result, shape (loans,).

    Returns:
        Number of loans that were new.
    """
    count = 0
    last = np.uint64(table.shape[0] - 1)
    for row in range(one.size):
        day = np.uint64(dates[row])
        first = one[row] ^ (day * _ONE)
        second = (other[row] + day * _OTHER) | np.uint64(1)
        slot = ((first * _ONE) >> _UPPER_HALF) & last
        while table[slot, 1] != 0 and (table[slot, 0] != first or table[slot, 1] != second):
            slot = (slot + np.uint64(1)) & last
        if table[slot, 1] == 0:
            table[slot, 0], table[slot, 1] = first, second
            count += 1
        else:
            repeated[row] = True
    return count


@kernel(types.void(_u64_2d, _u64_2d))
def move(table: _Hashes, larger: _Hashes) -> None:
    """Put every pair of a table into a larger one."""
    last = np.uint64(larger.shape[0] - 1)
    for row in range(table.shape[0]):
        if table[row, 1] != 0:
            slot = ((table[row, 0] * _ONE) >> _UPPER_HALF) & last
            while larger[slot, 1] != 0:
                slot = (slot + np.uint64(1)) & last
            larger[slot, 0], larger[slot, 1] = table[row, 0], table[row, 1]
