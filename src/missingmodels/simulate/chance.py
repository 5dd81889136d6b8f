"""Chance by name and number: one key always meets one number, whatever else is drawn and in whatever order.

A uniform is a hash of (stream, a, b), as in counter-based generators (Salmon et al. 2011, "Parallel random numbers: as
easy as 1, 2, 3"), here two rounds of the SplitMix64 finaliser (Steele, Lea & Flood 2014). A child's chance on a day
thus does not depend on who else lives in the sector, so a world re-run under an intervention meets the same chance.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri

from missingmodels.compiled import forget_stale

try:
    from numba import njit as _numba_njit
except ImportError:  # the loops then run as plain Python: slow, and the same
    _numba_njit = None  # type: ignore[assignment]

_FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xD1B54A32D192ED03
_MIX_1, _MIX_2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_WORD = (1 << 64) - 1
_TO_UNIT = 2.0**-53


forget_stale(Path(__file__).parent)


COMPILED = _numba_njit is not None


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, compiled by numba where there is numba.

    The loops allocate nothing, so numba may leave reference counting out (``_nrt``): with tuples of a hundred arrays
    handed from function to function, counting took two thirds of the time.
    """
    options: dict[str, Any] = {"cache": True, "error_model": "numpy", "_nrt": False}
    return function if _numba_njit is None else _numba_njit(**options)(function)


def key_of(seed: int, *names: str | int) -> np.uint64:
    """The key of a named stream."""
    digest = hashlib.sha256("/".join(map(str, (seed, *names))).encode()).digest()
    return np.uint64(int.from_bytes(digest[:8], "little"))


def uniform(key: np.uint64, a: Any, b: Any = 0) -> np.ndarray:
    """Numbers in (0, 1) for whole numbers ``a`` and ``b`` ≥ 0 of any matching shapes."""
    with np.errstate(over="ignore"):
        word = _mixed(key + np.asarray(a).astype(np.uint64) * np.uint64(_FIRST))
        word = _mixed(word + np.asarray(b).astype(np.uint64) * np.uint64(_SECOND))
    return ((word >> np.uint64(11)).astype(np.float64) + 0.5) * _TO_UNIT


def normal(key: np.uint64, a: Any, b: Any = 0) -> np.ndarray:
    """Standard normal numbers, of the shape of ``a`` and ``b`` together, by inversion."""
    return ndtri(uniform(key, a, b))


def exponential(key: np.uint64, a: Any, b: Any = 0) -> np.ndarray:
    """Exponential numbers of mean 1, of the shape of ``a`` and ``b`` together, by inversion."""
    return -np.log(uniform(key, a, b))


def _mixed(word: np.ndarray) -> np.ndarray:
    word = (word ^ (word >> np.uint64(30))) * np.uint64(_MIX_1)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(_MIX_2)
    return word ^ (word >> np.uint64(31))


def _draw_in_python(key: Any, a: int, b: int) -> float:
    word = _mixed_one((int(key) + int(a) * _FIRST) & _WORD)
    word = _mixed_one((word + int(b) * _SECOND) & _WORD)
    return ((word >> 11) + 0.5) * _TO_UNIT


def _mixed_one(word: int) -> int:
    word = ((word ^ (word >> 30)) * _MIX_1) & _WORD
    word = ((word ^ (word >> 27)) * _MIX_2) & _WORD
    return word ^ (word >> 31)


def _draw_in_words(key: Any, a: Any, b: Any) -> float:
    word = np.uint64(key) + np.uint64(a) * np.uint64(_FIRST)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(_MIX_1)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(_MIX_2)
    word = word ^ (word >> np.uint64(31))
    word = word + np.uint64(b) * np.uint64(_SECOND)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(_MIX_1)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(_MIX_2)
    word = word ^ (word >> np.uint64(31))
    return (float(word >> np.uint64(11)) + 0.5) * _TO_UNIT


# one number of ``uniform``, for the loops
draw: Callable[..., float] = _draw_in_python if _numba_njit is None else compiled(_draw_in_words)


@compiled
def draw_normal(key: Any, a: int, b: int) -> float:
    """A normal number for loops (Box and Muller 1958)."""
    return float(np.sqrt(-2.0 * np.log(draw(key, a, 2 * b))) * np.cos(2.0 * np.pi * draw(key, a, 2 * b + 1)))
