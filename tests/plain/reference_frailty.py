"""Reference densities for the other laws of frailty and the effects that a plan may add: the referee, never the engine.

Every formula follows docs/models.md by explicit loops over children, classes and rows. With ``eta`` the log intensity
per day without log u, a child's onsets Y and cumulative intensity L over its rows:

* log-normal: u = exp(-s^2 / 2 + s z) with z ~ Normal(0, 1), so that u has mean 1;
* low risk: u = g c / m with g ~ Gamma(k, k), c = rho with probability pi and else 1, and m = pi rho + 1 - pi, so that
  u has mean 1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer]
BoolArray = NDArray[np.bool_]


def added_effects(index: IntArray, effects: FloatArray, multiplier: ArrayLike | None = None) -> FloatArray:
    """Return what an effect adds to eta, shape (rows,).

    `index` (rows,) holds positions in `effects`, or -1 for a row that has none. `multiplier` (rows,) is the column
    whose slope the effect is; without it the effect is an intercept.
    """
    added = np.zeros(len(index))
    for row, at in enumerate(index):
        if at >= 0:
            added[row] = effects[at] * (1.0 if multiplier is None else np.asarray(multiplier, dtype=float)[row])
    return added


def beta_log_density(x: float, *, mean: float, sd: float) -> float:
    """Return the log density at `x` of the beta law with this `mean` and `sd`, minus infinity outside (0, 1)."""
    if not 0.0 < x < 1.0:
        return -math.inf
    size = mean * (1.0 - mean) / sd**2 - 1.0
    a, b = mean * size, (1.0 - mean) * size
    constant = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return constant + (a - 1.0) * math.log(x) + (b - 1.0) * math.log1p(-x)


def sampled_log_density_by_child(
    *,
    onsets: ArrayLike,
    days: ArrayLike,
    eta: FloatArray,
    child: IntArray,
    n_children: int,
    log_frailty: FloatArray,
) -> FloatArray:
    """Return each child's log density of its onsets given its own u, shape (n_children,).

    The row arguments have shape (rows,); `log_frailty` is log u, (n_children,). The constant sum(y log n - log y!) is
    left out.
    """
    onsets, days = np.asarray(onsets, dtype=float), np.asarray(days, dtype=float)
    log_density = np.zeros(n_children)
    for row in range(len(eta)):
        log_rate = eta[row] + log_frailty[child[row]]
        log_density[child[row]] += onsets[row] * log_rate - days[row] * math.exp(log_rate)
    return log_density


def log_normal_log_density_by_child(
    *, onsets: ArrayLike, days: ArrayLike, eta: FloatArray, child: IntArray, n_children: int, sd_log: float
) -> FloatArray:
    """Return log L_i with a log-normal u integrated out by quadrature, shape (n_children,), arguments as above."""
    onsets, days = np.asarray(onsets, dtype=float), np.asarray(days, dtype=float)
    out = np.zeros(n_children)
    for i in range(n_children):
        rows = [row for row in range(len(eta)) if child[row] == i]
        total, linear = sum(onsets[row] for row in rows), sum(onsets[row] * eta[row] for row in rows)
        expected = sum(days[row] * math.exp(eta[row]) for row in rows)

        def log_integrand(z: float, total: float = total, expected: float = expected) -> float:
            log_u = -(sd_log**2) / 2.0 + sd_log * z
            return total * log_u - expected * math.exp(log_u) - z**2 / 2.0 - math.log(2.0 * math.pi) / 2.0

        grid = np.linspace(-12.0, 12.0, 4801)
        peak_at = float(grid[np.argmax([log_integrand(float(z)) for z in grid])])
        peak = log_integrand(peak_at)
        value, _ = quad(
            lambda z, peak=peak, log_integrand=log_integrand: math.exp(log_integrand(z) - peak),
            peak_at - 12.0,
            peak_at + 12.0,
            points=[peak_at - 0.5, peak_at, peak_at + 0.5],
            epsabs=0.0,
            epsrel=1e-12,
            limit=500,
        )
        out[i] = linear + peak + math.log(value)
    return out


def low_risk_log_density_by_child(
    *,
    onsets: ArrayLike,
    days: ArrayLike,
    eta: FloatArray,
    child: IntArray,
    n_children: int,
    frailty_shape: float,
    low_risk_share: float,
    low_risk_ratio: float,
    before_window: BoolArray,
) -> FloatArray:
    """Return log L_i of the low-risk law for each child, shape (n_children,), class and gamma integrated out.

    Row arguments have shape (rows,). Rows with `before_window` are known: the density is that of all rows less that of
    those, as the chance of either class is what they leave it.
    """
    before = np.asarray(before_window, dtype=bool)
    out = np.zeros(n_children)
    for i in range(n_children):
        own = np.asarray(child) == i
        if not (own & ~before).any():
            continue
        both = [
            _log_sum(_class_log_densities(onsets, days, eta, chosen, frailty_shape, low_risk_share, low_risk_ratio))
            for chosen in (own, own & before)
        ]
        out[i] = both[0] - both[1]
    return out


def low_risk_posterior(
    *,
    onsets: ArrayLike,
    days: ArrayLike,
    eta: FloatArray,
    child: IntArray,
    n_children: int,
    frailty_shape: float,
    low_risk_share: float,
    low_risk_ratio: float,
) -> tuple[FloatArray, FloatArray]:
    """Return each child's chance of the low-risk class, and mean of u, given all its rows; each (n_children,)."""
    onsets, days = np.asarray(onsets, dtype=float), np.asarray(days, dtype=float)
    chance, mean = np.zeros(n_children), np.zeros(n_children)
    for i in range(n_children):
        own = np.asarray(child) == i
        logs = _class_log_densities(onsets, days, eta, own, frailty_shape, low_risk_share, low_risk_ratio)
        chance[i] = math.exp(logs[0] - _log_sum(logs))
        total, expected = float(onsets[own].sum()), float((days[own] * np.exp(eta[own])).sum())
        for multiplier, weight in zip(
            _multipliers(low_risk_share, low_risk_ratio), (chance[i], 1.0 - chance[i]), strict=True
        ):
            mean[i] += weight * multiplier * (frailty_shape + total) / (frailty_shape + multiplier * expected)
    return chance, mean


def _multipliers(share: float, ratio: float) -> tuple[float, float]:
    """Return the mean of u in the low-risk class and in the other."""
    middle = share * ratio + 1.0 - share
    return ratio / middle, 1.0 / middle


def _class_log_densities(
    onsets: ArrayLike, days: ArrayLike, eta: FloatArray, chosen: BoolArray, shape: float, share: float, ratio: float
) -> list[float]:
    """Return log(P(class) L) of the chosen rows for the low-risk class and for the other."""
    onsets, days = np.asarray(onsets, dtype=float), np.asarray(days, dtype=float)
    found = []
    for multiplier, chance in zip(_multipliers(share, ratio), (share, 1.0 - share), strict=True):
        value, total, expected = math.log(chance), 0.0, 0.0
        for row in np.flatnonzero(chosen):
            log_rate = eta[row] + math.log(multiplier)
            value += onsets[row] * log_rate
            total += onsets[row]
            expected += days[row] * math.exp(log_rate)
        value += math.lgamma(shape + total) - math.lgamma(shape)
        value += shape * math.log(shape) - (shape + total) * math.log(shape + expected)
        found.append(value)
    return found


def _log_sum(logs: list[float]) -> float:
    """Return log(sum(exp(logs)))."""
    top = max(logs)
    return top + math.log(sum(math.exp(value - top) for value in logs))
