"""One typed door to Numba, so that every kernel is compiled under the same rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba import types

__all__ = ["f64", "f64_out", "i64", "i64_in", "i64_out", "kernel"]

Function = TypeVar("Function", bound=Callable[..., Any])

f64 = types.float64
f64_out = types.Array(types.float64, 1, "C")
i64 = types.int64
i64_in = types.Array(types.int64, 1, "C", readonly=True)
i64_out = types.Array(types.int64, 1, "C")


def kernel(*signatures: object) -> Callable[[Function], Function]:
    """Compile a function for the given signatures, ahead of its first call, and cache it on disk.

    Floating point stays strict (no reordering, no contraction), so that results are the same to the bit on
    every processor. Division by zero follows IEEE instead of raising, which lets loops vectorize, and the
    interpreter lock is released. With ``NUMBA_DISABLE_JIT=1`` the function stays plain Python.

    Numba's disk cache watches only the file that defines a kernel: after a change here, or in kernels that
    others call from another file, remove ``__pycache__``.
    """
    return cast(
        "Callable[[Function], Function]",
        numba.njit(list(signatures), cache=True, error_model="numpy", nogil=True),
    )
