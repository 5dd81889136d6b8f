"""The exponential of doubles, vectorised by the compiler on every processor, to one unit in the last place.

exp(x) = 2^n exp(r), n the whole number nearest to x / ln 2, so |r| ≤ ln 2 / 2 (Cody and Waite 1980, "Software manual
for the elementary functions"), exp(r) by its Taylor polynomial of degree 13, whose remainder is below a fiftieth of a
unit. There is no branch and no table, so loops that call it run on whole vectors; without AVX-512 the exponentials of C
and numpy take one number at a time, three times as long and more. 2^n goes on in two halves, so that results below the
least normal number are rounded once, and ±inf, NaN, over- and underflow come out as numpy has them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numba
from numba.core import types
from numba.extending import intrinsic

from missingmodels.compiled import forget_stale
from missingmodels.parameters import Array

forget_stale(Path(__file__).parent)

LOG2_E = 1.4426950408889634
# ln 2 in two parts: the first ends in zeros, so that n times it is exact
LN2_HIGH, LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10
# adding it leaves the nearest whole number in the last bits
ROUND = 6755399441055744.0
# beyond these the result is 0 or infinite, and n would leave its range
LEAST, MOST = -746.0, 710.0
BIAS, MANTISSA_BITS = 1023, 52
# the rounding below must not be simplified away, so no sum may be reordered; callers may reorder theirs
exact = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})


@intrinsic
def _bits(_: Any, x: Any) -> Any:
    """The bits of a double as a whole number."""
    return types.int64(types.float64), lambda context, builder, signature, args: builder.bitcast(
        args[0], context.get_value_type(types.int64)
    )


@intrinsic
def _double(_: Any, bits: Any) -> Any:
    """The double that has these bits."""
    return types.float64(types.int64), lambda context, builder, signature, args: builder.bitcast(
        args[0], context.get_value_type(types.float64)
    )


@exact
def exp(x: float) -> float:
    """exp(x), for loops that numba compiles."""
    value = LEAST if x < LEAST else x  # NaN is neither, and passes through
    value = MOST if value > MOST else value
    n = (value * LOG2_E + ROUND) - ROUND
    r = (value - n * LN2_HIGH) - n * LN2_LOW
    p = 1.0 / 6227020800
    p = p * r + 1.0 / 479001600
    p = p * r + 1.0 / 39916800
    p = p * r + 1.0 / 3628800
    p = p * r + 1.0 / 362880
    p = p * r + 1.0 / 40320
    p = p * r + 1.0 / 5040
    p = p * r + 1.0 / 720
    p = p * r + 1.0 / 120
    p = p * r + 1.0 / 24
    p = p * r + 1.0 / 6
    p = p * r + 0.5
    p = r + r * r * p
    half = n * 0.5 + ROUND
    rest = (n - (half - ROUND)) + ROUND
    one: float = _double((_bits(half) + BIAS) << MANTISSA_BITS)  # type: ignore[call-arg]
    other: float = _double((_bits(rest) + BIAS) << MANTISSA_BITS)
    return (one + one * p) * other


@exact
def fill(x: Array, out: Array) -> None:
    """Write exp(x) (N,) over ``out`` (N,), which may be ``x``."""
    for i in range(x.size):
        out[i] = exp(x[i])
