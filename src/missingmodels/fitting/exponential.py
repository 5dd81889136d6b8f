"""The exponential of arrays of doubles, by the compiled loop where there is numba."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from missingmodels.parameters import Array


def exponential(x: Array) -> Array:
    """exp(x), of the shape of ``x``, written over ``x``, which is returned; single precision is numpy's, whose loop is
    vectorised anyway.
    """
    if x.ndim == 0:
        return np.asarray(np.exp(x))  # what numpy makes of a scalar is no array to write on
    fill = _compiled() if x.dtype == np.float64 and x.flags.forc else None
    if fill is None:
        return np.asarray(np.exp(x, out=x))
    flat = x.ravel(order="K")  # as it lies, so no copy
    fill(flat, flat)
    return x


@functools.cache
def _compiled() -> Callable[[Array, Array], None] | None:
    """Looked for at the first call: numba takes a second to import."""
    try:
        from missingmodels.fitting.exponential_kernel import fill
    except ImportError:
        return None
    return fill
