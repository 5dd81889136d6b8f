"""Pareto-smoothed importance weights (PSIS: Vehtari, Simpson, Gelman, Yao and Gabry 2024, J. Mach. Learn. Res. 25)."""

from __future__ import annotations

import numpy as np

from missingmodels.parameters import Array

LARGEST_K = 50.0  # no tail is heavier than this; the estimate is not finite when all large weights are one


def smooth(log_weights: Array, *, efficiency: float = 1.0) -> tuple[Array, float]:
    """(S,) log weights with the largest replaced by quantiles of a fitted generalised Pareto, summing to 1; and k-hat.

    The tail holds at most min(S / 5, 3 sqrt(S / efficiency)) weights, those above the largest outside it: draws that
    repeat may tie. ``efficiency`` is what a draw is worth of an independent one. k-hat is infinite where fewer than 5
    lie in the tail.
    """
    if not np.isfinite(log_weights.max()):
        raise FloatingPointError("no proposal has a finite density: the approximation is of no use here")
    shifted = log_weights - log_weights.max()
    tail = int(np.ceil(min(0.2 * shifted.size, 3 * np.sqrt(shifted.size / efficiency))))
    order = np.argsort(shifted, kind="stable")
    cutoff = shifted[order[-tail - 1]]
    chosen = order[-tail:][shifted[order[-tail:]] > cutoff]
    k = np.inf
    if shifted[order[0]] > -1e-12:
        k = -np.inf  # all weights alike
    elif chosen.size >= 5:
        excess = np.exp(shifted[chosen]) - np.exp(cutoff)
        k, scale = fit_pareto(np.maximum(excess, 1e-300))
        shifted[chosen] = np.minimum(np.log(np.exp(cutoff) + _quantiles(k, scale, chosen.size)), 0.0)
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
