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
_TRANSFORM: dict[Scale, tuple[Callable[[Array], Array], Callable[[float], float]]] = {
    "sqrt": (np.sqrt, lambda t: t * t if t > 0 else 0.0),
    "log": (np.log, math.exp),
}
DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True, kw_only=True)
class Curve:
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
        """Fitted share at sizes, one array a slope."""
        return ndtr(self._line(*sizes)[0])

    def band(self, mass: float, *sizes: Array) -> tuple[Array, Array]:
        """Ends of the interval for the fitted share."""
        line, error = self._line(*sizes)
        z = ndtri((1 + mass) / 2)
        return ndtr(line - z * error), ndtr(line + z * error)

    def _line(self, *sizes: Array) -> tuple[Array, Array]:
        change = _TRANSFORM[self.scale][0]
        x = np.stack([np.ones(np.shape(sizes[0])), *(change(np.asarray(s, dtype=float)) for s in sizes)], axis=-1)
        return x @ self.coefficients, np.sqrt(np.einsum("...i,ij,...j->...", x, self.covariance, x))


@dataclass(frozen=True, kw_only=True)
class Solution:
    """The size asked for. ``size`` is infinite where power does not rise with it, and the interval's ends may be.

    ``beyond`` says that the answer lies outside the sizes that were run, so that it rests on the curve alone.
    """

    size: float
    low: float
    high: float
    beyond: bool
    curve: Curve


def fit_curve(sizes: Sequence[Array], hits: Array, counts: Array, *, scale: Scale = "sqrt") -> Curve:
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
    return Curve(scale=scale, coefficients=beta, covariance=np.linalg.inv(information), misfit=misfit)


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
    """The smallest size at which the curve reaches ``assurance``, with Fieller's interval.

    Fieller's: all sizes at which the stated assurance lies inside the curve's interval; it has no upper end where the
    data do not show that power rises.
    """
    curve = fit_curve([sizes], hits, counts, scale=scale)
    a, b = curve.coefficients
    back, z = _TRANSFORM[scale][1], float(ndtri(assurance))
    at = back((z - a) / b) if b > 0 else math.inf
    low, high = _fieller(curve, z, float(ndtri((1 + mass) / 2)))
    ends = back(low) if math.isfinite(low) else 0.0, back(high) if math.isfinite(high) else math.inf
    return Solution(
        size=at, low=ends[0], high=ends[1], beyond=not float(np.min(sizes)) <= at <= float(np.max(sizes)), curve=curve
    )


def _fieller(curve: Curve, z: float, width: float) -> tuple[float, float]:
    """Ends of {t: (a + b t - z)^2 <= width^2 var(a + b t)}, on the transformed scale."""
    (a, b), v = curve.coefficients, width**2 * curve.covariance
    square, cross, rest = b * b - v[1, 1], (a - z) * b - v[0, 1], (a - z) ** 2 - v[0, 0]
    inside = cross * cross - square * rest
    if square <= 0 or inside < 0:
        # the slope cannot be told from none: no size is excluded from above
        roots = [] if square == 0 or inside < 0 else sorted((-cross + s * math.sqrt(inside)) / square for s in (1, -1))
        return (roots[-1] if roots and b > 0 else -math.inf), math.inf
    root = math.sqrt(inside)
    return (-cross - root) / square, (-cross + root) / square


def cost_of(homes: float, days: float, *, fixed: float, per_home: float, per_home_month: float) -> float:
    """Cost of observing so many homes for so many days."""
    return fixed + homes * (per_home + per_home_month * days / DAYS_PER_MONTH)


def cheapest(
    homes: Array, days: Array, hits: Array, counts: Array, *, assurance: float, prices: dict[str, float]
) -> dict[str, float] | None:
    """The cheapest homes and days that reach ``assurance``, on a curve in the logarithms of both.

    Only days between the shortest and longest run are looked at, in steps of 28 days. None if power does not
    rise with homes.
    """
    curve = fit_curve([homes, days], hits, counts, scale="log")
    a, b, c = curve.coefficients
    if b <= 0:
        return None
    lengths = np.unique(np.append(np.arange(days.min(), days.max(), 28.0), days.max()))
    needed = np.ceil(np.exp((ndtri(assurance) - a - c * np.log(lengths)) / b))
    costs = np.array([cost_of(h, d, **prices) for h, d in zip(needed, lengths, strict=True)])
    best = int(costs.argmin())
    return {
        "homes": float(needed[best]),
        "days": float(lengths[best]),
        "cost": float(costs[best]),
        "misfit": curve.misfit,
        "beyond": float(not homes.min() <= needed[best] <= homes.max()),
    }
