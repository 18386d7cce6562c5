"""Small compiled functions that the valuation kernels share: growth and logistic curves, powers, bent lines.

Every function is plain arithmetic in one fixed order (no library call, no reordering, no contraction but by
:data:`fused`), so that a result is the same to the bit on every processor, and LLVM can run them over many loans at
once. They may be called from Python and from other kernels.

Kernels that value loans work on blocks of :data:`LANES` loans: months outside, loans inside, all state of a block in
one flat array whose rows are ``LANES`` apart (one array, because LLVM must know that rows do not overlap).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from numba import types
from numba.core import config
from numba.extending import intrinsic

from hopenow.mortgage._jit import i64, kernel

__all__ = [
    "LANES",
    "Floats",
    "annuity_factor",
    "exponential",
    "exponential_array",
    "exponential_near",
    "f64",
    "f64_in",
    "f64_out",
    "f64_table",
    "f64_table_in",
    "fused",
    "logistic",
    "logistic_array",
    "natural_log",
    "natural_log_array",
    "power",
    "rounded_cents",
]

Floats = npt.NDArray[np.float64]

LANES = 64
"""Loans worked at once inside a kernel."""

f64 = types.float64
f64_in = types.Array(types.float64, 1, "C", readonly=True)
f64_out = types.Array(types.float64, 1, "C")
f64_table_in = types.Array(types.float64, 2, "C", readonly=True)
f64_table = types.Array(types.float64, 2, "C")

_LOG2E = 1.4426950408889634
_LN2_HIGH = 0.693147180369123816490  # its last bits are zero, so that a multiple of it is exact
_LN2_LOW = 1.90821492927058770002e-10
# Adding 1.5 * 2**52 leaves the nearest whole number in the low bits; 1023 more is the bias of a float's exponent.
_SHIFT = 6755399441055744.0 + 1023.0
_LARGEST = 700.0  # beyond this the result leaves the normal numbers
_SQRT2 = 1.4142135623730951
_MANTISSA = 52
_BIAS = 1023


def _by_two_roundings(a: float, b: float, c: float) -> float:
    """Stand in for :data:`fused` where nothing is compiled; the last bit may differ."""
    return a * b + c


def _emit_fused(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.fma(*arguments)


@intrinsic
def _fused(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """Multiply and add with one rounding."""
    return types.float64(types.float64, types.float64, types.float64), _emit_fused


_compiled = not getattr(config, "DISABLE_JIT", 0)
fused = cast("Callable[[float, float, float], float]", _fused if _compiled else _by_two_roundings)
"""``a * b + c`` with one rounding: an exactly defined operation, so the same to the bit on every processor (one
instruction where the processor has it, a slow library call where it has not). To be called from kernels only."""


@kernel(f64(f64))
def exponential_near(x: float) -> float:
    """Return e to the power x, right to one unit in the last place, for x within 700 of zero (not checked)."""
    shifted = fused(x, _LOG2E, _SHIFT)
    whole = shifted - _SHIFT
    r = fused(whole, -_LN2_HIGH, x)
    r = fused(whole, -_LN2_LOW, r)
    # The polynomial of degree 11 that is nearest to the exponential between -ln(2)/2 and ln(2)/2.
    p = fused(2.5100424157005067e-08, r, 2.7620138719733994e-07)
    p = fused(p, r, 2.7557268378684192e-06)
    p = fused(p, r, 2.480152119021773e-05)
    p = fused(p, r, 0.00019841269863105968)
    p = fused(p, r, 0.0013888888917281794)
    p = fused(p, r, 0.008333333333330051)
    p = fused(p, r, 0.04166666666662399)
    p = fused(p, r, 0.16666666666666669)
    p = fused(p, r, 0.5)
    p = fused(p, r, 1.0)
    p = fused(p, r, 1.0)
    # The low bits of the shifted number are the exponent, its bias already added.
    scale = np.float64(shifted).view(np.int64) << _MANTISSA
    return p * np.int64(scale).view(np.float64)


@kernel(f64(f64))
def exponential(x: float) -> float:
    """Return e to the power x, right to one unit in the last place; x is held within 700 either way."""
    x = x if x < _LARGEST else _LARGEST
    x = x if x > -_LARGEST else -_LARGEST
    return exponential_near(x)


@kernel(f64(f64))
def logistic(x: float) -> float:
    """Return exp(x) / (1 + exp(x))."""
    grown = exponential(x)
    return grown / (1.0 + grown)


@kernel(f64(f64))
def natural_log(x: float) -> float:
    """Return the natural logarithm of a normal number above zero; not a number elsewhere."""
    if not x > 0.0:
        return np.nan
    bits = np.float64(x).view(np.int64)
    exponent = (bits >> _MANTISSA) - _BIAS
    fraction = (bits & ((1 << _MANTISSA) - 1)) | (_BIAS << _MANTISSA)
    m = np.int64(fraction).view(np.float64)
    if m > _SQRT2:
        m = m * 0.5
        exponent += 1
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    p = 1.0 / 23.0
    for odd in range(21, 1, -2):
        p = p * z + 1.0 / odd
    e = float(exponent)
    return e * _LN2_HIGH + (2.0 * s + (2.0 * s * z * p + e * _LN2_LOW))


@kernel(f64(f64, i64))
def power(base: float, exponent: int) -> float:
    """Return a base to a whole power of zero or more, by squaring."""
    found = 1.0
    while exponent > 0:
        if exponent & 1:
            found = found * base
        base = base * base
        exponent >>= 1
    return found


@kernel(f64(f64, i64))
def annuity_factor(monthly: float, months: int) -> float:
    """Return the level payment for each unit of balance, unrounded; 0 for no months."""
    if months <= 0:
        return 0.0
    if monthly == 0.0:
        return 1.0 / months
    grown = power(1.0 + monthly, months)
    return monthly * grown / (grown - 1.0)


@kernel(f64_out(f64_in))
def logistic_array(x: Floats) -> Floats:
    """Run :func:`logistic` over an array."""
    result = np.empty(x.size, np.float64)
    for i in range(x.size):
        result[i] = logistic(x[i])
    return result


@kernel(f64_out(f64_in))
def exponential_array(x: Floats) -> Floats:
    """Run :func:`exponential` over an array."""
    result = np.empty(x.size, np.float64)
    for i in range(x.size):
        result[i] = exponential(x[i])
    return result


@kernel(f64_out(f64_in))
def natural_log_array(x: Floats) -> Floats:
    """Run :func:`natural_log` over an array."""
    result = np.empty(x.size, np.float64)
    for i in range(x.size):
        result[i] = natural_log(x[i])
    return result


def rounded_cents(amount: Floats) -> npt.NDArray[np.int64]:
    """Round values in cents to whole cents, once: a half goes up (toward more), also below zero.

    Raises:
        ValueError: a value is not finite.
    """
    if not np.isfinite(amount).all():
        raise ValueError("a value is not finite")
    return np.floor(amount + 0.5).astype(np.int64)
