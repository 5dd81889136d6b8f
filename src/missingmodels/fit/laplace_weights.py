"""Exact log joint densities of many draws, and Pareto-smoothed importance weights (Vehtari et al. 2024)."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from missingmodels.fit.laplace_data import Array, LaplaceData

BLOCK_CELLS = 250_000  # 2 MB: a block of rows times draws stays in a core's cache
LARGEST_K = 50.0  # no tail is heavier than this; the estimate is not finite when all large weights are one


def log_joint(data: LaplaceData, b: Array, effects: Array, z: Array, frailty_shape: Array) -> Array:
    """(S,) log density of the data and unknowns: ``b`` (B, S), ``effects`` (H, T, S), ``z`` (H, D, S), k (S,).

    Normal constants of the unknowns are left out, as everywhere in the engine: they cancel against the Gaussian's.
    """
    draws = frailty_shape.size
    cells = effects.reshape(-1, draws)
    away = (b - data.prior_mean[:, None]) / data.prior_sd[:, None]
    total = data.linear @ b + data.cell_onsets.reshape(-1) @ cells + data.offset_linear
    total -= 0.5 * (np.einsum("bs,bs->s", away, away) + np.einsum("hds,hds->s", z, z))
    with np.errstate(over="ignore", invalid="ignore"):
        total += _child_terms(data, b, cells, frailty_shape)
    return np.where(np.isfinite(total), total, -np.inf) + _gamma_part(data, frailty_shape)


def _child_terms(data: LaplaceData, b: Array, cells: Array, frailty_shape: Array) -> Array:
    """(S,) what needs the rows; not finite where a rate overflows, which no posterior reaches."""
    draws = frailty_shape.size
    total = np.zeros(draws)
    for children, rows in data.child_blocks(max(BLOCK_CELLS // max(draws, 1), 1)):
        rate = data.columns[rows] @ b
        rate += cells[data.home_period[rows]]
        rate += data.log_days[rows, None]
        np.exp(rate, out=rate)
        starts = data.row_starts[children] - rows.start
        at = data.child_at[children]
        shape = frailty_shape + data.onsets_before[at, None]
        scale = np.broadcast_to(frailty_shape, shape.shape)
        if data.conditional:
            scale = scale + np.add.reduceat(rate * ~data.now[rows, None], starts, axis=0)
        expected = frailty_shape + np.add.reduceat(rate, starts, axis=0)
        after = shape + data.onsets_now[at, None]
        total += (shape * np.log(scale) - after * np.log(expected)).sum(axis=0)
    return total


def _gamma_part(data: LaplaceData, frailty_shape: Array) -> Array:
    """(S,) sum of lgamma(k + Y₀ + Y) - lgamma(k + Y₀): few children differ, so each pair of counts is taken once."""
    counts = np.column_stack([data.onsets_before, data.onsets_before + data.onsets_now])[data.child_at]
    pairs, times = np.unique(counts, axis=0, return_counts=True)
    low, high = pairs[:, :1], pairs[:, 1:]
    return np.asarray(times @ (gammaln(high + frailty_shape) - gammaln(low + frailty_shape)))


def smooth(log_weights: Array) -> tuple[Array, float]:
    """(S,) log weights with the largest replaced by quantiles of a fitted generalised Pareto, summing to 1; and k-hat.

    The tail holds min(S / 5, 3 sqrt(S)) weights. k-hat is infinite where fewer than 5 lie in it.
    """
    if not np.isfinite(log_weights.max()):
        raise FloatingPointError("no proposal has a finite density: the approximation is of no use here")
    shifted = log_weights - log_weights.max()
    tail = int(np.ceil(min(0.2 * shifted.size, 3 * np.sqrt(shifted.size))))
    k = np.inf
    if tail >= 5:
        order = np.argsort(shifted, kind="stable")
        chosen = order[-tail:]
        cutoff = shifted[order[-tail - 1]]
        excess = np.exp(shifted[chosen]) - np.exp(cutoff)
        if excess[-1] <= 1e-12:
            k = -np.inf  # all weights alike
        else:
            k, scale = fit_pareto(np.maximum(excess, 1e-300))
            shifted[chosen] = np.minimum(np.log(np.exp(cutoff) + _quantiles(k, scale, tail)), 0.0)
    return shifted - np.log(np.exp(shifted).sum()), float(k)


def _quantiles(k: float, scale: float, count: int) -> Array:
    below = -np.log1p(-(np.arange(count) + 0.5) / count)
    return np.asarray(scale * below if abs(k) < 1e-12 else scale * np.expm1(k * below) / k)


def fit_pareto(excess: Array) -> tuple[float, float]:
    """Shape and scale of a generalised Pareto for sorted excesses, by Zhang and Stephens (2009).

    The shape is drawn towards 0.5 by ten pseudo-observations, as PSIS does, to steady it in short tails.
    """
    n = excess.size
    points = 30 + int(np.sqrt(n))
    grid = 1 - np.sqrt(points / (np.arange(1, points + 1) - 0.5))
    grid = grid / (3 * excess[int(n / 4 + 0.5) - 1]) + 1 / excess[-1]
    shapes = np.log1p(-grid[:, None] * excess).mean(axis=1)
    likelihood = n * (np.log(-grid / shapes) - shapes - 1)
    weight = np.exp(likelihood - likelihood.max())
    theta = float(grid @ weight / weight.sum())
    shape = float(np.log1p(-theta * excess).mean())
    scale = -shape / theta
    return min((shape * n + 5) / (n + 10), LARGEST_K), scale


def resample(log_weights: Array, draws: int, rng: np.random.Generator) -> Array:
    """(draws,) positions by systematic resampling, shuffled: each kept as often as its weight says, within 1."""
    ladder = (np.arange(draws) + rng.uniform()) / draws
    cumulated = np.cumsum(np.exp(log_weights))
    chosen = np.searchsorted(cumulated / cumulated[-1], ladder, side="right")
    return rng.permutation(np.minimum(chosen, log_weights.size - 1))
