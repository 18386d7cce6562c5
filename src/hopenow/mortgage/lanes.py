"""Level payments and shortest terms of 64 loans at a time, side by side in the processor's wide registers.

One loan after another, much of the time of a payment goes into the library's ``exp`` and ``log1p``, which no compiler
can run for several loans at once. Here both are short polynomials without branches, so that eight loans (or four, or
two, as the processor has it) go through every operation together. Nothing is reordered or contracted: each lane's
figures are the same to the bit on every processor and in whatever company.

Lanes are quick and may decline. Each figure is known to within a few units in its last place, and a lane in which that
does not decide the cent or the month says so (``SURE`` is 0); the caller then asks :mod:`hopenow.mortgage.kernels`,
which always knows. A lane whose monthly rate is not-a-number always declines: this is how a loan without interest, or
outside the domain, is kept out.

A sheet holds the lanes: a float64 array of ``SIZE`` places, made of rows of ``LANES`` places. All lanes are worked, so
that one loan costs as much as 64 (half a microsecond); those of no loan hold not-a-number.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hopenow.mortgage._jit import f64, f64_out, kernel, types

__all__ = [
    "BALANCE",
    "FIRST",
    "LANES",
    "LAST",
    "LIMIT",
    "MONTHLY",
    "NEAR",
    "RELATIVE",
    "REPAID",
    "SIZE",
    "SURE",
    "TERM",
    "VALUE",
    "Sheet",
    "blank",
    "level",
    "log_of",
    "log_of_growth",
    "repaid",
    "shortest",
]

Sheet = npt.NDArray[np.float64]

LANES = 64

# Rows of a sheet. Given by the caller:
BALANCE = 0 * LANES  # cents (or any other unit of money)
MONTHLY = 1 * LANES  # monthly rate, above 0, at most 1/12; or not-a-number
FIRST = 2 * LANES  # term for level(), shortest term allowed for shortest(); months
LAST = 3 * LANES  # longest term allowed, at least FIRST
LIMIT = 4 * LANES  # for shortest(): the payment, not rounded, must not exceed it; above 0
# Worked out:
TERM = 5 * LANES  # by shortest(): shortest term within the limit; LAST where even that exceeds it (VALUE says so)
SURE = 6 * LANES  # by shortest(): 1 where the term is certain, else 0
REPAID = 7 * LANES  # 1 - (1 + i)**-n: over TERM months after shortest(), over FIRST months after level()
VALUE = 8 * LANES  # the level payment over as many months, not rounded
SIZE = 9 * LANES

NEAR = 1e-5
"""Distance from a boundary, in the unit of money, within which a case is settled exactly whatever the error."""
RELATIVE = 1e-14
"""Bound of the error of a value, relative to it: several times what it can be (see the tests)."""

# Beyond this exponent 1 - exp(-x) is 1 in double precision.
_LARGEST = 40.0


@kernel(f64_out())
def blank() -> Sheet:
    """Return a sheet without loans."""
    return np.full(SIZE, np.nan)


@kernel(f64(f64))
def log_of_growth(monthly: float) -> float:
    """Return log(1 + i) for a monthly rate from 0 to 1/12: twice the area tangent of i / (2 + i), as a series."""
    s = monthly / (2.0 + monthly)
    q = s * s
    tail = q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13 + q / 15))))
    return 2.0 * s * (1.0 + q * (1 / 3 + q * (1 / 5 + tail)))


@kernel(f64(f64))
def log_of(value: float) -> float:
    """Return the logarithm of a positive, normal number: exponent and mantissa apart, the mantissa near one."""
    bits = np.float64(value).view(np.int64)
    exponent = (bits - 0x3FE6A09E667F3BCD) >> 52  # the bits of sqrt(1/2): what is left lies within sqrt(1/2) of one
    mantissa = np.int64(bits - (exponent << 52)).view(np.float64)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    q = s * s
    tail = q * (1 / 9 + q * (1 / 11 + q * (1 / 13 + q * (1 / 15 + q / 17))))
    return 0.6931471805599453 * float(exponent) + 2.0 * s * (1.0 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + tail))))


@kernel(f64(f64))
def repaid(exponent: float) -> float:
    """Return 1 - exp(-x) for x from 0 on, without cancellation: as a series for x / 1024, doubled ten times."""
    z = min(exponent, _LARGEST) * (1 / 1024)
    tail = z * (1 / 120 - z * (1 / 720 - z * (1 / 5_040 - z * (1 / 40_320 - z / 362_880))))
    u = z * (1.0 - z * (1 / 2 - z * (1 / 6 - z * (1 / 24 - tail))))
    # 1 - exp(-2 x) = u (2 - u), and the relative error of u does not grow. Written out: a loop is not unrolled here.
    u *= 2.0 - u
    u *= 2.0 - u
    u *= 2.0 - u
    u *= 2.0 - u
    u *= 2.0 - u
    u *= 2.0 - u
    u *= 2.0 - u
    u *= 2.0 - u
    u *= 2.0 - u
    u *= 2.0 - u
    return u


@kernel(types.void(f64_out))
def level(sheet: Sheet) -> None:
    """Fill ``REPAID`` and ``VALUE``: the level payment over ``FIRST`` months."""
    for lane in range(LANES):
        monthly = sheet[MONTHLY + lane]
        share = repaid(log_of_growth(monthly) * sheet[FIRST + lane])
        sheet[REPAID + lane] = share
        sheet[VALUE + lane] = sheet[BALANCE + lane] * monthly / share


@kernel(types.void(f64_out))
def shortest(sheet: Sheet) -> None:
    """Fill ``TERM``, ``SURE``, ``REPAID`` and ``VALUE``: the smallest term whose payment does not exceed the limit.

    The closed form guesses; the payments over that many months and over one less decide. A payment that lies on the
    limit, as far as can be told, does not.
    """
    for lane in range(LANES):
        monthly = sheet[MONTHLY + lane]
        first = sheet[FIRST + lane]
        last = sheet[LAST + lane]
        limit = sheet[LIMIT + lane]
        growth = log_of_growth(monthly)
        asked = sheet[BALANCE + lane] * monthly  # the first month's interest
        left = max(1.0 - asked / limit, 1e-300)  # 0 or less where the limit does not even pay the interest
        term = min(max(np.ceil(-log_of(left) / growth), first), last)
        share = repaid(growth * term)
        share_before = share - (1.0 - share) * monthly  # over one month less
        # Payment against limit, as interest against limit times share: this needs no division.
        over = asked - limit * share
        over_before = asked - limit * share_before
        slack = NEAR * share + RELATIVE * asked
        found = (over < -slack) & ((term == first) | (over_before > slack))
        none = (over > slack) & (term == last)
        sheet[TERM + lane] = term
        sheet[SURE + lane] = 1.0 if (found | none) else 0.0
        sheet[REPAID + lane] = share
        sheet[VALUE + lane] = asked / share
