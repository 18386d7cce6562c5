"""One typed door to Numba, so that every kernel is compiled under the same rules."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar, cast

_BLAS = "scipy.linalg.cython_blas"
# No kernel multiplies matrices. Numba would load SciPy's linear algebra to find out whether it could, a sixth of a
# second for every command; an entry of None says that the module is not there.
_blocked = sys.modules.setdefault(_BLAS, cast(Any, None)) is None
import numba  # noqa: E402
import numba.np.arraymath  # noqa: E402  (here it asks)
from numba import types  # noqa: E402

if _blocked:
    del sys.modules[_BLAS]

__all__ = ["f64", "f64_out", "i64", "i64_in", "i64_out", "kernel", "types"]

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
