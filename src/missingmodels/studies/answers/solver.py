"""The smallest size with a stated assurance, from a probit curve through the cells already run. Plain arrays.

The power of a z test is Phi(sqrt(n) * effect / sd - z), so the probit of power is close to a straight line in the
square root of the size (or its logarithm, set beside it as a check). Every cell counts with its binomial error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri
from scipy.stats import chi2

Array = np.ndarray
Scale = Literal["sqrt", "log"]
FURTHEST = 1e9  # a size beyond this is called infinite
_TRANSFORM: dict[Scale, tuple[Callable[[Array], Array], Callable[[float], float]]] = {
    "sqrt": (np.sqrt, lambda t: max(t, 0.0) ** 2),
    "log": (np.log, lambda t: math.exp(min(t, math.log(FURTHEST) + 1))),
}
DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True, kw_only=True)
class _Curve:
    """probit(assurance) = intercept + slope . f(size): maximum likelihood, its covariance, and how well it fits.

    Attributes
    ----------
    coefficients : (K,) intercept and slopes
    covariance : (K, K)
    misfit : probability of a deviance this large if the curve holds; NaN where no cell is left to tell
    """

    scale: Scale
    coefficients: Array
    covariance: Array
    misfit: float

    def assurance(self, *sizes: Array) -> Array:
        """(N,) fitted share at N sizes, one array a slope."""
        return ndtr(self._line(*sizes)[0])

    def band(self, mass: float, *sizes: Array) -> tuple[Array, Array]:
        """(N,) lower and (N,) upper ends of the interval for the fitted share."""
        line, error = self._line(*sizes)
        z = ndtri((1 + mass) / 2)
        return ndtr(line - z * error), ndtr(line + z * error)

    def _line(self, *sizes: Array) -> tuple[Array, Array]:
        change = _TRANSFORM[self.scale][0]
        x = np.stack([np.ones(np.shape(sizes[0])), *(change(np.asarray(s, dtype=float)) for s in sizes)], axis=-1)
        return x @ self.coefficients, np.sqrt(np.einsum("...i,ij,...j->...", x, self.covariance, x))


@dataclass(frozen=True, kw_only=True)
class Solution:
    """The size asked for.

    ``size`` is infinite where the cells do not show that power rises with it, and the interval's ends may be.
    ``at_most`` says that the smallest size that was run already reaches the assurance, and is given for it.
    ``beyond`` says that the answer lies above the sizes that were run, so that it rests on the curve alone.
    """

    size: float
    low: float
    high: float
    at_most: bool
    beyond: bool
    curve: _Curve


def fit_curve(sizes: Sequence[Array], hits: Array, counts: Array, *, scale: Scale = "sqrt") -> _Curve:
    """The curve through cells of given sizes, successes and replicates.

    Half a success and half a failure are added to each cell, so that a cell of all or none does not drive the slope
    to infinity. Raises ValueError with fewer different sizes than coefficients.
    """
    change = _TRANSFORM[scale][0]
    x = np.column_stack([np.ones(len(hits)), *(change(np.asarray(s, dtype=float)) for s in sizes)])
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise ValueError("the sizes do not tell the slopes apart")
    y, n = np.asarray(hits, dtype=float) + 0.5, np.asarray(counts, dtype=float) + 1.0
    beta, information = _probit(x, y, n)
    p = np.clip(ndtr(x @ beta), 1e-12, 1 - 1e-12)
    deviance = 2 * float((y * np.log(y / (n * p)) + (n - y) * np.log((n - y) / (n * (1 - p)))).sum())
    free = len(hits) - x.shape[1]
    misfit = float(chi2.sf(deviance, free)) if free > 0 else math.nan
    return _Curve(scale=scale, coefficients=beta, covariance=np.linalg.inv(information), misfit=misfit)


def _probit(x: Array, y: Array, n: Array) -> tuple[Array, Array]:
    """Maximum likelihood of a probit regression by Fisher scoring, and the expected information there."""
    beta, *_ = np.linalg.lstsq(x, ndtri(y / n), rcond=None)
    for _ in range(100):
        line = x @ beta
        density = np.exp(-0.5 * line**2) / math.sqrt(2 * math.pi)
        p, q = np.exp(log_ndtr(line)), np.exp(log_ndtr(-line))
        weight = n * density**2 / (p * q)
        information = x.T @ (weight[:, None] * x)
        step = np.linalg.solve(information, x.T @ ((y - n * p) * density / (p * q)))
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            return beta, information
    raise ValueError("the probit curve did not settle")


def solve(
    sizes: Array, hits: Array, counts: Array, *, assurance: float, mass: float, scale: Scale = "sqrt"
) -> Solution:
    """The smallest size at which the curve reaches ``assurance``, with the sizes at which its band holds that.

    The curve is not followed below the smallest size that was run. Where the slope cannot be told from none, cells on
    one side of the assurance say no more than that the answer lies below or above them.
    """
    curve = fit_curve([sizes], hits, counts, scale=scale)
    a, b = curve.coefficients
    change, back = _TRANSFORM[scale]
    z, width = float(ndtri(assurance)), float(ndtri((1 + mass) / 2))
    smallest, largest = float(np.min(sizes)), float(np.max(sizes))
    first = float(change(np.array(smallest)))
    reached = bool(a + b * first >= z)
    rises = bool(b > width * math.sqrt(curve.covariance[1, 1]))
    size = smallest if reached else _size(back((z - a) / b) if rises else math.inf)
    low, high = (_crossing(curve, z, sign * width, first) for sign in (1.0, -1.0))
    return Solution(
        size=size,
        low=0.0 if reached else min(_size(back(low)), size),
        high=max(_size(back(high)), size),
        at_most=reached,
        beyond=size > largest,
        curve=curve,
    )


def _size(value: float) -> float:
    return value if value <= FURTHEST else math.inf


def _crossing(curve: _Curve, z: float, width: float, first: float) -> float:
    """Where ``a + b t`` and ``width`` times its error first reach ``z`` from ``first`` on: an end of Fieller's region.

    Infinite where they never do, as the lower end of a slope that cannot be told from none.
    """
    (a, b), v = curve.coefficients, width**2 * curve.covariance

    def above(t: float) -> bool:
        error = math.sqrt(max(v[0, 0] + 2 * t * v[0, 1] + t * t * v[1, 1], 0.0))
        return bool(a + b * t + math.copysign(error, width) >= z)

    if above(first):
        return first
    square, cross, rest = b * b - v[1, 1], (a - z) * b - v[0, 1], (a - z) ** 2 - v[0, 0]
    inside = cross * cross - square * rest
    if inside < 0:
        return math.inf
    roots = [-rest / (2 * cross)] if square == 0 else [(-cross + s * math.sqrt(inside)) / square for s in (1, -1)]
    step = 1e-6 * max(abs(first), 1.0)
    return min((t for t in roots if t > first and above(t + step) and not above(t - step)), default=math.inf)


def cost_of(
    homes: float,
    days: float,
    *,
    fixed: float,
    per_home: float,
    per_home_month: float,
    per_child: float = 0.0,
    children: float = 0.0,
) -> float:
    """Cost of observing so many homes for so many days, and the children whom their record holds."""
    return fixed + homes * (per_home + per_home_month * days / DAYS_PER_MONTH) + per_child * children


def cheapest(
    homes: Array,
    days: Array,
    hits: Array,
    counts: Array,
    *,
    assurance: float,
    prices: dict[str, float],
    children: Callable[[float, float], float] = lambda homes, days: 0.0,
) -> dict[str, float] | None:
    """The cheapest homes and days that reach ``assurance``, on a curve in the logarithms of both.

    ``children`` says how many the record of so many homes and days holds. Only days between the shortest and longest
    run are looked at, in steps of 28 days, and no fewer homes than the fewest. None if the cells do not show that power
    rises with homes (two standard errors).
    """
    curve = fit_curve([homes, days], hits, counts, scale="log")
    a, b, c = curve.coefficients
    if b <= 2 * math.sqrt(curve.covariance[1, 1]):
        return None
    lengths = np.unique(np.append(np.arange(days.min(), days.max(), 28.0), days.max()))
    log_needed = (ndtri(assurance) - a - c * np.log(lengths)) / b
    needed = np.maximum(np.ceil(np.exp(np.minimum(log_needed, math.log(FURTHEST)))), homes.min())
    pairs = zip(needed, lengths, strict=True)
    costs = np.array([cost_of(h, d, children=children(h, d), **prices) for h, d in pairs])
    best = int(costs.argmin())
    return {
        "homes": float(needed[best]),
        "days": float(lengths[best]),
        "cost": float(costs[best]),
        "misfit": curve.misfit,
        "beyond": float(needed[best] > homes.max()),
    }
